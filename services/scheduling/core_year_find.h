/* core_year_find: what the two parts of core_year share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_CORE_YEAR_FIND_H
#define SCHEDULING_CORE_YEAR_FIND_H

#include "scheduling/core_year.h"

typedef struct {
    const cv_scheduling_event_v1_t *event;
    const sch_year_t *year;
    int64_t first, last;
    sch_clash_t *list;
    size_t kept, n;
} sch_year_find_t;

/* times: what the rule's weight is taken by. */
void sch_year_add(sch_year_find_t *find, int64_t times, sch_clash_t clash);
bool sch_same(cv_str_t a, cv_str_t b); /* both said */
bool sch_is_online(const cv_event_details_t *details);
bool sch_day_of(cv_str_t date, int64_t *ret_day); /* one known to the day */

/* core_year_cost.c */
void sch_year_beside(sch_year_find_t *find, const sch_near_event_t *near, int64_t apart);
void sch_year_alone(sch_year_find_t *find);
void sch_year_nowhere(sch_year_find_t *find);

#endif
