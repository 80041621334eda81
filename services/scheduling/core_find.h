/* core_find: what the parts of the evaluator of programmes share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_CORE_FIND_H
#define SCHEDULING_CORE_FIND_H

#include "scheduling/core_conflicts.h"

/* What is found so far: the first of all in their order, and how many there are. */
typedef struct {
    const sch_sitting_t *sitting;
    const sch_around_t *around;
    sch_conflict_t *list;
    size_t kept, n;
} sch_find_t;

void sch_find_add(sch_find_t *find, sch_conflict_t conflict);
int64_t sch_find_weight(const sch_find_t *find, int rule);
int sch_compare_str(cv_str_t a, cv_str_t b);
int sch_compare_sitting(const sch_sitting_t *a, const sch_sitting_t *b);
bool sch_overlaps(const sch_sitting_t *a, const sch_sitting_t *b);
bool sch_same_room(const cv_session_t *a, const cv_session_t *b);

/* How many of the event's sessions that count are at the worst instant of this one, itself with them; and the first of the
 * others there. */
typedef bool sch_counts_f(const sch_sitting_t *sitting, cv_str_t name);
int64_t sch_find_worst(const sch_find_t *find, sch_counts_f *counts, cv_str_t name, const sch_sitting_t **ret_other);

/* core_bounds.c: what comes from outside. */
void sch_find_order(sch_find_t *find, const sch_sitting_t *other); /* of one event */
void sch_find_bounds(sch_find_t *find);

/* core_wishes.c: what is better, where the rules above say what can be. */
void sch_find_wishes_beside(sch_find_t *find, const sch_sitting_t *other); /* of one event */
void sch_find_wishes_alone(sch_find_t *find);

#endif
