/* search: what the parts of the search share: its own random numbers, the changes it may look at.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_PLACEMENT_SEARCH_H
#define SCHEDULING_PLACEMENT_SEARCH_H

#include "scheduling/placement/evaluate.h"
#include "scheduling/placement/place.h"

/* splitmix64: every seed gives a different, full-length sequence. */
typedef struct {
    uint64_t at;
} sch_random_t;

static inline uint64_t sch_random_next(sch_random_t *random)
{
    uint64_t z = random->at += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline int sch_random_below(sch_random_t *random, int n)
{
    return (int)(((sch_random_next(random) >> 32) * (uint64_t)(unsigned)n) >> 32);
}

typedef struct {
    sch_place_state_t *state;
    const sch_place_model_t *model;
    sch_random_t random;
    int *movable, movable_n; /* items with candidates that are not pinned */
    int *focus, focus_n;     /* those of them that are looked at more often (focus.c) */
    bool warm;               /* and that is where a warm start begins, as long as its first cycle lasts */
    sch_energy_t energy;
    int64_t slack;    /* how much energy what is looked at last can fall by at most, whoever moves */
    int64_t *gains;   /* and when this item moves (charges.c) */
    int64_t *charges; /* of a group: energy it costs, or more */
    int64_t heavy;    /* energy from which on a pair chains its items together */
    int *queue;       /* items of a chain */
    bool *marks;      /* of items, for focus.c */
} sch_search_t;

/* A change that may be accepted: of one item, or of two that exchange places, with its delta and nothing done yet; or
 * with steps pending on the state, whose score tells. The functions that give bool give COMPOUND or NOTHING. */
typedef enum { SCH_NOTHING, SCH_SINGLE, SCH_SWAP, SCH_COMPOUND } sch_proposal_t;

static inline int64_t sch_search_slack(const sch_search_t *search, int item)
{
    return search->gains[item] < search->slack ? search->gains[item] : search->slack;
}

/* early: what the quick part of the energy may rise by at most, so that hopeless ones are dropped. */
sch_proposal_t sch_move_swap(sch_search_t *search, int a, int b, int64_t early, sch_score_t *ret_delta);
bool sch_move_eject(sch_search_t *search, int item, int place);
bool sch_move_chain(sch_search_t *search, int item, int time);
/* All that would like to share a room with the item get the room of one of them, each at its time. */
bool sch_move_gather(sch_search_t *search, int item);
bool sch_move_block(sch_search_t *search, int block_a, int block_b);

int sch_place_construct(sch_search_t *search) CV_USE_RESULT; /* construct.c */
/* focus.c: what a warm start looks at first: what breaks something hard or is nowhere, and its neighbours. */
void sch_focus_warm(sch_search_t *search);
/* Who could do something about what the plan costs: in a pair or a group that is charged, or nowhere. */
void sch_focus_trouble(sch_search_t *search);
/* charges.c: gains from the state as it is, and after steps that are about to be committed. */
void sch_charges_begin(sch_search_t *search);
void sch_charges_follow(sch_search_t *search);
/* anneal.c: improves from where the state is and leaves the best plan in best. */
void sch_place_anneal(sch_search_t *search, const sch_place_options_t *options, int *best, sch_place_result_t *result);

#endif
