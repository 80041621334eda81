/* calendar: whose days off are when: reference data, of which a plan is placed with care and which forbids nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Holidays are a state's own announcement; computed values are proposals until it confirms them (certainty). A calendar
 * of nobody in particular holds the days that concern everybody: feasts, summits elsewhere.
 */
#include "scheduling/handlers.h"
#include <stdio.h>

enum { YEAR_LEN = 4 };

int sch_put_calendar(sch_service_t *service, cv_tx_t *tx, const cv_calendar_t *calendar, cv_outcome_t *out)
{
    char year[YEAR_LEN + 1];
    snprintf(year, sizeof year, "%04lld", (long long)calendar->year);
    if (!calendar->weekend_n && !calendar->days_n)
        return cv_refuse(tx, out, "calendar_empty", "data.days", "a calendar has a weekend or days, or both");
    for (size_t i = 0; i < calendar->days_n; ++i) { /* dates that exist: the schema sees to that */
        cv_str_t date = calendar->days[i].date;
        if (!cv_str_is((cv_str_t){date.ptr, YEAR_LEN}, year))
            return cv_refuse(tx, out, "date_inconsistent", "data.days", "%.*s is not in %s, the year of this calendar",
                             CV_STR_ARG(date), year);
    }
    return sch_put_ref(service, tx, SCH_CALENDAR, CV_MSG_SCHEDULING_CALENDAR_V1, calendar->code, calendar->country,
                       CV_STR_NONE, calendar, out);
}
