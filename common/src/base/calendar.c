/* calendar: see convene/calendar.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/calendar.h"

#include <limits.h>
#include <stdio.h>

int cv_calendar_uid(cv_str_t event, char ret_uid[CV_CALENDAR_UID_MAX + 1])
{
    if (event.len + sizeof("@" CV_CALENDAR_DOMAIN) > CV_CALENDAR_UID_MAX + 1)
        return CV_ELIMIT;
    (void)snprintf(ret_uid, CV_CALENDAR_UID_MAX + 1, "%.*s@" CV_CALENDAR_DOMAIN, CV_STR_ARG(event));
    return CV_OK;
}

int cv_calendar_sequence(int64_t version, int64_t sent)
{
    int64_t sequence = (version > 0 ? version - 1 : 0) + sent;
    return sequence < INT_MAX ? (int)sequence : INT_MAX;
}

cv_calendar_status_t cv_calendar_status(cv_str_t status)
{
    static const struct {
        const char *word;
        cv_calendar_status_t status;
    } words[] = {
        {"draft", CV_CALENDAR_UNDECIDED},      {"proposed", CV_CALENDAR_UNDECIDED},
        {"circulated", CV_CALENDAR_UNDECIDED}, {"rejected", CV_CALENDAR_REJECTED},
        {"adopted", CV_CALENDAR_TENTATIVE},    {"postponed", CV_CALENDAR_POSTPONED},
        {"cancelled", CV_CALENDAR_CANCELLED},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (cv_str_is(status, words[i].word))
            return words[i].status;
    return CV_CALENDAR_CONFIRMED;
}
