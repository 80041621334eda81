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
