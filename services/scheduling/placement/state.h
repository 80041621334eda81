/* state: one plan for a model, its score, and what a change would cost: the one evaluator for edits, search and
 * answers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * delta says what moving one item changes and changes nothing. A compound change (a swap, a chain) is made of steps:
 * after each the score is right and further deltas see it; commit keeps them all, rollback takes them all back. An item
 * may be stepped once between two commits.
 *
 * Counters are kept so that a delta needs none of the other items: what all neighbours of an item would cost at each
 * time is one table, written on commit only. A search rejects most of what it looks at, and rejecting writes little.
 *
 * Invariants: the score equals a full count over the rules after every step, commit and rollback (tests count); a
 * state without pending steps depends on its plan alone, not on how it came about.
 */
#ifndef SCHEDULING_PLACEMENT_STATE_H
#define SCHEDULING_PLACEMENT_STATE_H

#include "scheduling/placement/model.h"

enum { SCH_PLACE_STEPS_MAX = 4096 }; /* in one compound change */

typedef struct sch_place_state sch_place_state_t;

/* One reason: what a rule charges an item at a place. */
typedef struct {
    int rule;
    int other; /* the other item of a pair, or -1 */
    sch_level_t level;
    int64_t cost; /* negative: a reward */
} sch_reason_t;

sch_place_state_t *sch_place_state_new(const sch_place_model_t *model); /* everything nowhere; NULL: out of memory */
void sch_place_state_destroy(sch_place_state_t **state);
int sch_place_of(const sch_place_state_t *state, int item); /* or SCH_PLACE_NOWHERE */
const sch_score_t *sch_place_score(const sch_place_state_t *state);
void sch_place_delta(const sch_place_state_t *state, int item, int to, sch_score_t *ret_delta);
/* false: too many steps, or the item was stepped already; nothing was changed. */
bool sch_place_step(sch_place_state_t *state, int item, int to);
void sch_place_commit(sch_place_state_t *state);
void sch_place_rollback(sch_place_state_t *state);
/* A step and a commit, without pending steps. */
void sch_place_put(sch_place_state_t *state, int item, int to);
/* places[item]; without pending steps. */
void sch_place_put_all(sch_place_state_t *state, const int *places);

/* What the rules charge for the item being at a place (its own: SCH_PLACE_NOWHERE does not mean that here but being
 * nowhere), dearest level first. Returns how many there are; at most reasons_max are written. */
int sch_place_explain(sch_place_state_t *state, int item, int at, sch_reason_t *ret_reasons, int reasons_max);

/* A place and what the whole plan would change by if the item were there instead of where it is. */
typedef struct {
    int place;
    sch_score_t delta;
} sch_fit_t;
/* The best candidate places, best first, equals by place. Returns how many were written. */
int sch_place_best_fits(sch_place_state_t *state, int item, sch_fit_t *ret_fits, int fits_max);

#endif
