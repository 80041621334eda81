/* inner: the model as arrays, shared by the files of this folder and nobody else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was added stays as it was added (pairs, prices by rule): explanations and tests read that. freeze() makes the
 * summed and merged copies that the evaluator reads: prices per profile, neighbours per item, candidates.
 */
#ifndef SCHEDULING_PLACEMENT_INNER_H
#define SCHEDULING_PLACEMENT_INNER_H

#include "scheduling/placement/model.h"

#include <stdlib.h>

/* A growing array. */
#define SCH_VEC(type) \
    struct {          \
        type *at;     \
        int n, room;  \
    }

static inline void *sch_vec_more(void *at, int n, int *room, size_t size)
{
    if (n < *room)
        return at;
    int more = *room ? 2 * *room : 16;
    void *grown = realloc(at, (size_t)more * size);
    if (grown)
        *room = more;
    return grown;
}

/* Makes room for one more; then vec.at[vec.n++] = ... */
#define SCH_VEC_MORE(vec, ret_rc)                                                      \
    do {                                                                               \
        void *grown_ = sch_vec_more((vec).at, (vec).n, &(vec).room, sizeof *(vec).at); \
        if (grown_)                                                                    \
            (vec).at = grown_;                                                         \
        else                                                                           \
            (ret_rc) = CV_ENOMEM;                                                      \
    } while (0)

/* Costs at the three levels, small enough for big tables. */
typedef struct {
    int v[SCH_LEVELS];
} sch_cost_t;

typedef enum { SCH_AXIS_TIME, SCH_AXIS_ROOM, SCH_AXIS_PLACE } sch_axis_t;

/* Tables are kept once, however many profiles use them. */
typedef struct {
    int *values, n;
    uint64_t hash;
} sch_table_t;

typedef struct {
    sch_axis_t axis;
    int rule;
    const int *factors;
} sch_price_t;

typedef struct {
    int class_;
    SCH_VEC(sch_price_t) prices;
    sch_cost_t *times, *rooms, *places; /* summed; places NULL when no price has that axis, else one of place_sums */
    int *candidates, candidates_n;
    const int *loads; /* burden, times * members; NULL: none */
} sch_profile_t;

/* Row a of a relation is at + off + a * stride, and is 0 outside [lo, hi) of that row. */
typedef struct {
    int16_t *table;
    int off, stride;
    int *lo, *hi; /* per row */
} sch_relation_t;

typedef struct {
    int rule, factor, a, b, relation; /* relation as given: first argument is a */
    sch_room_cond_t cond;
} sch_pair_t;

typedef struct {
    int other, relation; /* relation: first argument is the owner of the list */
    int weight;
    uint8_t level, cond;
    int rule; /* of one of the merged pairs */
} sch_edge_t;

typedef struct {
    int keys;
    int *key;
    sch_axis_t axis; /* made by freeze: what the key depends on */
} sch_map_t;

typedef enum { SCH_LOAD, SCH_DISTINCT, SCH_LONELY, SCH_GAPS, SCH_PRESENT, SCH_PRODUCT } sch_shape_t;

typedef struct {
    sch_shape_t shape;
    int group, rule, factor;
    int level;
    int64_t weight; /* rule's weight * factor */
    int low, high;  /* LOAD: high is the cap */
    bool squared;
    int other;    /* PRODUCT: the other group */
    int *factors; /* PRESENT */
} sch_group_rule_t;

typedef struct {
    int map, stride, keys;
    int *outer, outers;
    int count_at, distinct_at, mask_at; /* where its counters are in a state */
    int rules_at, rules_n;              /* in the model's group_rules, sorted by group */
    bool loads;                         /* some rule looks at how much, not only whether */
    int order;                          /* among the groups: by axis and map */
} sch_group_t;

typedef struct {
    int group, item, offset, demand;
    /* made by freeze, so that a delta need not ask the group and its map */
    const int *key; /* NULL: a group without map */
    int stride, count_at, order;
} sch_member_t;

typedef struct {
    int rule, factor, relation;
    int *items, items_n;
    int field_at; /* times values per field in a state */
} sch_field_t;

typedef struct {
    int rule, factor, map;
    int *items, *ranks, items_n;
} sch_rank_t;

typedef struct {
    int rule, item, relation;
    int *others, others_n;
    sch_room_cond_t cond;
} sch_any_t;

/* What an item takes part in besides pairs and groups. */
typedef enum { SCH_IN_FIELD, SCH_IN_RANK, SCH_IN_ANY } sch_in_t;
typedef struct {
    sch_in_t kind;
    int index, item;
} sch_part_t;

struct sch_place_model {
    int times, rooms, ticks, places;
    bool frozen;
    SCH_VEC(sch_rule_t) rules;
    SCH_VEC(sch_span_t *) classes;
    SCH_VEC(sch_table_t) tables;
    SCH_VEC(sch_profile_t) profiles;
    SCH_VEC(sch_cost_t *) place_sums;
    SCH_VEC(sch_place_item_t) items;
    SCH_VEC(sch_relation_t) relations; /* 2k as given, 2k + 1 the other way round */
    SCH_VEC(sch_pair_t) pairs;
    SCH_VEC(sch_map_t) maps;
    SCH_VEC(sch_group_t) groups;
    SCH_VEC(sch_member_t) members; /* frozen: sorted by item, then by group's order */
    SCH_VEC(sch_group_rule_t) group_rules;
    SCH_VEC(sch_field_t) fields;
    SCH_VEC(sch_rank_t) ranks;
    SCH_VEC(sch_any_t) anys;
    SCH_VEC(sch_part_t) parts; /* frozen: sorted by item */
    int *room_holds, *room_turn, *room_label;
    int room_rule;
    int burden_rule, burden_members, burden_divisor;
    int blocks, *block, *slot;

    /* made by freeze */
    int *time_of, *room_of;        /* of a place */
    sch_edge_t *edges;             /* by item, cond ANY first */
    int *edges_at, *edges_any_end; /* items + 1; end of the ANY ones */
    uint64_t *linked;              /* bit item * items + other: they have a pair of cond ANY */
    int *pairs_of, *pairs_at;      /* raw pairs by item, for explanations */
    int *members_at, *parts_at;    /* items + 1 */
    int *members_time_end;         /* by item: end of the members whose key the time alone decides; they come first */
    int *members_room_end;         /* and of those after them whose key the room alone decides */
    int *group_items, *group_at;   /* items by group; groups + 1 */
    int *block_places, *block_at;  /* places by block, in order of slot */
    int counts_n, distincts_n, masks_n, fields_n;
    sch_score_t *gains;       /* of an item: what room pairs and the rest can fall by at most when it moves */
    sch_score_t *group_gains; /* like group_items: what that group can fall by at most when that member moves */
    int64_t soft_step;        /* the smallest soft cost that is not 0 */
    bool rewards;             /* some weight is negative, so nothing is not the best score */
};

static inline sch_span_t sch_span_of(const struct sch_place_model *m, int item, int time)
{
    return m->classes.at[m->profiles.at[m->items.at[item].profile].class_][time];
}

static inline const int *sch_candidates(const struct sch_place_model *m, int item, int *ret_n)
{
    const sch_profile_t *profile = &m->profiles.at[m->items.at[item].profile];
    *ret_n = profile->candidates_n;
    return profile->candidates;
}

static inline int sch_relation_value(const sch_relation_t *r, int a, int b)
{
    return r->table[r->off + a * r->stride + b];
}

static inline bool sch_cond_holds(const struct sch_place_model *m, int cond, int room_a, int room_b)
{
    if (cond == SCH_ROOM_ANY)
        return true;
    return (m->room_label[room_a] == m->room_label[room_b]) == (cond == SCH_ROOM_SAME);
}

enum { SCH_GAIN_MAX = 1 << 30 }; /* no bound */

int sch_place_model_compile(struct sch_place_model *model) CV_USE_RESULT; /* compile.c */

#endif
