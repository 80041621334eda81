/* core_work: items of work, their dependencies and their due days, from facts alone: no socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_CORE_WORK_H
#define SCHEDULING_CORE_WORK_H

#include "scheduling/core_terms.h"

enum { SCH_WORK_ITEMS_MAX = 256 /* of one plan of work */ };

/* One row per item of a plan, as far as others depend on it. */
typedef struct {
    cv_str_t item;
    cv_work_state_t state;
    size_t depends_n;
    const cv_str_t *depends;
} sch_work_t;

bool sch_work_open(cv_work_state_t state); /* neither done nor dropped */
/* May the item be as it is asked for, among those there are (its old self included)? CV_ENOTFOUND for a dependency
 * that is not known. */
int sch_check_work(const cv_workitem_t *item, const sch_work_t *others, size_t others_n,
                   sch_no_t *ret_no) CV_USE_RESULT;
/* The first instant at which it is overdue; SCH_NEVER: it cannot be. */
int64_t sch_work_due(const cv_workitem_t *item);

#endif
