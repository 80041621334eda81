/* place: makes a plan for a model: what cannot be is said first, then built, then improved by simulated annealing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Happy path: sch_place_check lists what can never fit, in words. sch_place_solve puts every item that has a place, the
 * least flexible first, then looks at options.iterations changes and keeps the best plan it saw, compared hard, medium,
 * soft. The result is a plan and its difference to the promised one; applying it is somebody else's decision.
 *
 * Repeatable: the same model, options and seed give the same plan on every machine, since nothing but the seed is
 * random and the budget counts iterations. With cpu_ms and cpu_limit_ms a run that would take longer is shortened by
 * the clock and says so: repeatable is false then.
 *
 * Warm: with options.start the search begins there and cool, changes first what breaks a rule and what is near to it,
 * and so leaves the rest. Moving what is promised costs what the model's prices say (A8, B8).
 *
 * Failure modes: CV_ENOMEM; CV_EINVAL for a start that is not a plan of the model. Cancelled by progress: CV_OK, with
 * the best plan so far. An item without candidates stays nowhere, at the price of its unplaced rule.
 */
#ifndef SCHEDULING_PLACEMENT_PLACE_H
#define SCHEDULING_PLACEMENT_PLACE_H

#include "scheduling/placement/state.h"

enum { SCH_PLACE_TEXT_MAX = 480, SCH_PLACE_NAMED = 8 };

/* ---- what cannot be ---- */

typedef enum {
    SCH_CANNOT_ANYWHERE, /* an item has no candidate at all */
    SCH_CANNOT_BOTH,     /* two items overlap wherever they are */
    SCH_CANNOT_ALL,      /* some items have fewer places than they are (Hall) */
    SCH_CANNOT_CARRY,    /* a group asks for more than there is */
} sch_cannot_t;

typedef struct {
    sch_cannot_t kind;
    int rule;                   /* the rule that would be broken, or -1 */
    int items[SCH_PLACE_NAMED]; /* the first of them */
    int items_n;                /* how many they are, may be more than are named */
    int64_t have, need;         /* CANNOT_ALL, CANNOT_CARRY */
    char text[SCH_PLACE_TEXT_MAX];
} sch_certificate_t;

/* Each is a proof: no plan places all of its items without breaking something hard. Writes at most max of them, returns
 * in ret_n how many were written. */
int sch_place_check(const sch_place_model_t *model, sch_certificate_t *ret_certificates, int max,
                    int *ret_n) CV_USE_RESULT;

/* ---- the search ---- */

typedef struct {
    int64_t iterations, iterations_max;
    sch_score_t score, best;
} sch_progress_t;

typedef struct {
    uint64_t seed;
    int64_t iterations;                                          /* changes to look at; 0: build only */
    const int *start;                                            /* a plan to begin with (warm), or NULL */
    bool (*progress)(void *arg, const sch_progress_t *progress); /* now and then; false cancels. May be NULL */
    int64_t (*cpu_ms)(void *arg);                                /* NULL: no guard */
    int64_t cpu_limit_ms;
    void *arg;
} sch_place_options_t;

typedef struct {
    int item, from, to;
} sch_change_t;

typedef struct {
    int *places;           /* of each item */
    sch_change_t *changes; /* against start, else against promised */
    int changes_n;
    sch_score_t before, score; /* of start or promised; of the result */
    int64_t iterations;
    bool repeatable, cancelled;
} sch_place_result_t;

int sch_place_solve(const sch_place_model_t *model, const sch_place_options_t *options,
                    sch_place_result_t *ret_result) CV_USE_RESULT;
void sch_place_result_done(sch_place_result_t *result);

#endif
