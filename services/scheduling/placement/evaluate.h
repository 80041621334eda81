/* evaluate: the inside of a state, for the evaluator and the search.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_PLACEMENT_EVALUATE_H
#define SCHEDULING_PLACEMENT_EVALUATE_H

#include "scheduling/placement/inner.h"
#include "scheduling/placement/state.h"

typedef struct {
    int item, from;
} sch_moved_t;

struct sch_place_state {
    const sch_place_model_t *model;
    int *place;       /* item -> place */
    sch_cost_t *pair; /* [item * times + time]: what its neighbours of cond ANY cost there; pending steps not in it */
    int *taken;       /* [room * ticks + tick]: items in it */
    int *who;         /* the same: sum of item + 1, so with one item its number */
    int *count;       /* by group and key: demand */
    int *distinct;    /* by group and outer bucket: used keys */
    uint64_t *mask;   /* by group: used keys as bits */
    int *field;       /* by field and time */
    int64_t *burden;  /* by member */
    sch_score_t score, before;     /* before: without the pending steps */
    sch_score_t dear, dear_before; /* the part of the score that delta_below looks at last */
    sch_moved_t *moved;
    int moved_n;
    bool *is_moved;
};

/* Sums what a move changes; with note, says each part. */
typedef void sch_note_f(void *arg, int rule, int other, sch_level_t level, int64_t cost);
void sch_place_note_delta(const sch_place_state_t *state, int item, int from, int to, sch_note_f *note, void *arg);

/* Energy: one number for a search that weighs levels against each other. */
typedef struct {
    int64_t weight[SCH_LEVELS];
} sch_energy_t;
static inline int64_t sch_energy_of(const sch_energy_t *energy, const sch_score_t *score)
{
    return energy->weight[SCH_HARD] * score->v[SCH_HARD] + energy->weight[SCH_MEDIUM] * score->v[SCH_MEDIUM] +
           energy->weight[SCH_SOFT] * score->v[SCH_SOFT];
}
/* Like delta, but gives up (false) as soon as what is cheap to know is above early; then ret_delta is unspecified. */
bool sch_place_delta_below(const sch_place_state_t *state, int item, int to, const sch_energy_t *energy, int64_t early,
                           sch_score_t *ret_delta);
/* The two parts of a delta: what delta_below looks at first, and last. */
void sch_place_delta_cheap(const sch_place_state_t *state, int item, int to, sch_score_t *ret_delta);
void sch_place_delta_dear(const sch_place_state_t *state, int item, int to, sch_score_t *ret_delta);
/* What an exchange of two items' places changes. DEAR: more than early as far as prices and pairs tell; UNKNOWN: the
 * two are joined in a way that only steps can tell. */
typedef enum { SCH_SWAP_DEAR, SCH_SWAP_UNKNOWN, SCH_SWAP_KNOWN } sch_swap_t;
sch_swap_t sch_place_swap_delta(const sch_place_state_t *state, int a, int b, const sch_energy_t *energy, int64_t early,
                                sch_score_t *ret_delta);
/* The one item that is in a room when the place begins; -1: none, or more than one. */
static inline int sch_place_occupant(const sch_place_state_t *s, int place, int item)
{
    const sch_place_model_t *m = s->model;
    int room = m->room_of[place];
    if (!m->room_holds[room])
        return -1;
    size_t cell = (size_t)room * (size_t)m->ticks + (size_t)sch_span_of(m, item, m->time_of[place]).first;
    return s->taken[cell] == 1 ? s->who[cell] - 1 : -1;
}

static inline bool sch_is_candidate(const sch_place_model_t *m, int item, int place)
{
    const sch_profile_t *p = &m->profiles.at[m->items.at[item].profile];
    int time = m->time_of[place], room = m->room_of[place];
    const sch_span_t *span = &m->classes.at[p->class_][time];
    return span->first != span->last &&
           p->times[time].v[SCH_HARD] + p->rooms[room].v[SCH_HARD] + (p->places ? p->places[place].v[SCH_HARD] : 0) <=
               0;
}

#endif
