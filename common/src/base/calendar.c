/* calendar: see convene/calendar.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/calendar.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>

static char s_domain[CV_CALENDAR_DOMAIN_MAX + 1] = CV_CALENDAR_DOMAIN;

int cv_calendar_set_domain(cv_str_t domain)
{
    char before = '.';
    if (!domain.len || domain.len > CV_CALENDAR_DOMAIN_MAX)
        return CV_EINVAL;
    for (size_t i = 0; i < domain.len; i++) {
        char c = domain.ptr[i];
        bool edge = i + 1 == domain.len || domain.ptr[i + 1] == '.';
        bool letter = isascii((unsigned char)c) && isalnum((unsigned char)c);
        if (!letter && !(c == '.' && before != '.' && i + 1 < domain.len) && !(c == '-' && before != '.' && !edge))
            return CV_EINVAL;
        before = c;
    }
    return cv_str_copy(domain, s_domain, sizeof(s_domain));
}

const char *cv_calendar_domain(void)
{
    return s_domain;
}

int cv_calendar_uid(cv_str_t event, char ret_uid[CV_CALENDAR_UID_MAX + 1])
{
    if (event.len > CV_CALENDAR_UID_MAX)
        return CV_ELIMIT;
    int len = snprintf(ret_uid, CV_CALENDAR_UID_MAX + 1, "%.*s@%s", CV_STR_ARG(event), s_domain);
    return len > CV_CALENDAR_UID_MAX ? CV_ELIMIT : CV_OK;
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
