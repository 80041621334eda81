/* core_purge: when personal data go. See core.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "registration/core.h"
#include <stdio.h>

static const int64_t HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS;

int64_t reg_day_after_ms(cv_str_t date)
{
    const bool has_month = date.len >= 7, has_day = date.len >= 10;
    char text[16];
    int64_t year, month = 1, ms;

    if (date.len < 4 || cv_str_copy(date, text, sizeof text) || cv_str_digits((cv_str_t){date.ptr, 4}, 4, &year) ||
        (has_month && cv_str_digits((cv_str_t){date.ptr + 5, 2}, 2, &month)))
        return 0;
    if (!has_day) { /* the first day that is certainly not of that month or year */
        if (has_month && ++month > 12)
            month = 1;
        year += !has_month || month == 1;
        snprintf(text, sizeof text, "%04d-%02d-01", (int)(year % 10000), (int)month);
    }
    if (cv_date_parse(cv_str(text), &ms))
        return 0;
    return ms + (has_day ? DAY_MS : 0) + 12 * HOUR_MS;
}

int64_t reg_purge_ms(int64_t ends_ms, int32_t event_days, int32_t service_days)
{
    int32_t days = event_days ? event_days : service_days;

    return ends_ms && days ? ends_ms + days * DAY_MS : 0;
}
