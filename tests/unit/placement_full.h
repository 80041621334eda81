/* placement_full: the slow, obviously right count of a plan's score, from the rules as they were given; and random
 * models.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It knows none of the evaluator's counters and none of the copies that freezing makes: prices, pairs, groups and the
 * rest are gone through one by one, for the whole plan.
 */
#ifndef TESTS_UNIT_PLACEMENT_FULL_H
#define TESTS_UNIT_PLACEMENT_FULL_H

#include "scheduling/placement/inner.h"

#include <stdlib.h>

static inline sch_score_t full_none(void)
{
    return (sch_score_t){{0, 0, 0}};
}

static inline void full_charge(const sch_place_model_t *m, sch_score_t *score, int rule, int64_t times)
{
    score->v[m->rules.at[rule].level] += (int64_t)m->rules.at[rule].weight * times;
}

static inline void full_prices(const sch_place_model_t *m, const int *plan, sch_score_t *score)
{
    for (int i = 0; i < m->items.n; ++i) {
        const sch_place_item_t *item = &m->items.at[i];
        if (plan[i] < 0) {
            if (item->unplaced_rule >= 0)
                full_charge(m, score, item->unplaced_rule, item->unplaced_factor);
            continue;
        }
        const sch_profile_t *p = &m->profiles.at[item->profile];
        for (int k = 0; k < p->prices.n; ++k) {
            const sch_price_t *price = &p->prices.at[k];
            int x = price->axis == SCH_AXIS_TIME   ? plan[i] / m->rooms
                    : price->axis == SCH_AXIS_ROOM ? plan[i] % m->rooms
                                                   : plan[i];
            full_charge(m, score, price->rule, price->factors[x]);
        }
    }
}

static inline int full_value(const sch_place_model_t *m, int relation, sch_room_cond_t cond, const int *plan, int a,
                             int b)
{
    if (plan[a] < 0 || plan[b] < 0)
        return 0;
    int same = m->room_label[plan[a] % m->rooms] == m->room_label[plan[b] % m->rooms];
    if ((cond == SCH_ROOM_SAME && !same) || (cond == SCH_ROOM_OTHER && same))
        return 0;
    const sch_relation_t *r = &m->relations.at[relation];
    return r->table[r->off + plan[a] / m->rooms * r->stride + plan[b] / m->rooms];
}

static inline void full_pairs(const sch_place_model_t *m, const int *plan, sch_score_t *score)
{
    for (int k = 0; k < m->pairs.n; ++k) {
        const sch_pair_t *pair = &m->pairs.at[k];
        full_charge(m, score, pair->rule,
                    (int64_t)pair->factor * full_value(m, pair->relation, pair->cond, plan, pair->a, pair->b));
    }
    for (int f = 0; f < m->fields.n; ++f) {
        const sch_field_t *field = &m->fields.at[f];
        for (int a = 0; a < field->items_n; ++a)
            for (int b = 0; b < a; ++b)
                full_charge(m, score, field->rule,
                            (int64_t)field->factor *
                                full_value(m, field->relation, SCH_ROOM_ANY, plan, field->items[a], field->items[b]));
    }
    for (int k = 0; k < m->anys.n; ++k) {
        const sch_any_t *any = &m->anys.at[k];
        int found = plan[any->item] < 0;
        for (int q = 0; q < any->others_n; ++q)
            found = found || full_value(m, any->relation, any->cond, plan, any->item, any->others[q]);
        full_charge(m, score, any->rule, !found);
    }
}

static inline sch_span_t full_span(const sch_place_model_t *m, const int *plan, int item)
{
    return m->classes.at[m->profiles.at[m->items.at[item].profile].class_][plan[item] / m->rooms];
}

static inline void full_rooms(const sch_place_model_t *m, const int *plan, sch_score_t *score)
{
    if (m->room_rule < 0)
        return;
    for (int room = 0; room < m->rooms; ++room) {
        for (int tick = 0; tick < m->ticks && m->room_holds[room]; ++tick) {
            int n = 0;
            for (int i = 0; i < m->items.n; ++i) {
                if (plan[i] < 0 || plan[i] % m->rooms != room)
                    continue;
                sch_span_t span = full_span(m, plan, i);
                n += tick >= span.first && tick < span.last + m->room_turn[room];
            }
            if (n > m->room_holds[room])
                full_charge(m, score, m->room_rule, n - m->room_holds[room]);
        }
    }
}

/* What a group's items ask for in each key. */
static inline int *full_counts(const sch_place_model_t *m, const int *plan, int group)
{
    const sch_group_t *g = &m->groups.at[group];
    int *counts = calloc((size_t)g->keys, sizeof *counts);
    for (int k = 0; counts && k < m->members.n; ++k) {
        const sch_member_t *member = &m->members.at[k];
        if (member->group != group || plan[member->item] < 0)
            continue;
        if (g->map >= 0) {
            int key = m->maps.at[g->map].key[plan[member->item]];
            if (key >= 0)
                counts[key * g->stride + member->offset] += member->demand;
        } else {
            sch_span_t span = full_span(m, plan, member->item);
            for (int tick = span.first; tick < span.last; ++tick)
                counts[tick] += member->demand;
        }
    }
    return counts;
}

static inline int full_distinct(const sch_group_t *g, const int *counts, int outer)
{
    int n = 0;
    for (int key = 0; key < g->keys; ++key)
        n += counts[key] > 0 && (g->outer ? g->outer[key] : 0) == outer;
    return n;
}

static inline void full_group_rule(const sch_place_model_t *m, const int *plan, const sch_group_rule_t *r,
                                   sch_score_t *score)
{
    const sch_group_t *g = &m->groups.at[r->group];
    int *counts = full_counts(m, plan, r->group), *others = NULL;
    int64_t times = 0;
    if (!counts)
        abort();
    switch (r->shape) {
    case SCH_LOAD:
        for (int key = 0; key < g->keys; ++key) {
            int64_t excess = counts[key] > r->high ? counts[key] - r->high : 0;
            times += r->squared ? excess * excess : excess;
        }
        break;
    case SCH_DISTINCT:
        for (int outer = 0; outer < g->outers; ++outer) {
            int n = full_distinct(g, counts, outer);
            times += n < r->low ? r->low - n : n > r->high ? n - r->high : 0;
        }
        break;
    case SCH_LONELY:
        for (int key = 0; key < g->keys; ++key)
            times += counts[key] && !(key % 64 && counts[key - 1]) &&
                     !(key % 64 < 63 && key + 1 < g->keys && counts[key + 1]);
        break;
    case SCH_GAPS: {
        int first = -1, last = -1, used = 0;
        for (int key = 0; key < g->keys; ++key) {
            if (!counts[key])
                continue;
            if (first < 0)
                first = key;
            last = key;
            ++used;
        }
        times = used && last - first + 1 != used;
        break;
    }
    case SCH_PRESENT:
        for (int key = 0; key < g->keys; ++key)
            times += counts[key] ? r->factors[key] : 0;
        break;
    case SCH_PRODUCT:
        others = full_counts(m, plan, r->other);
        if (!others)
            abort();
        for (int outer = 0; outer < g->outers && r->group < r->other; ++outer) /* it is listed for both groups */
            times += (int64_t)full_distinct(g, counts, outer) * full_distinct(&m->groups.at[r->other], others, outer);
        break;
    }
    full_charge(m, score, r->rule, r->factor * times);
    free(counts);
    free(others);
}

static inline void full_rest(const sch_place_model_t *m, const int *plan, sch_score_t *score)
{
    for (int k = 0; k < m->ranks.n; ++k) {
        const sch_rank_t *rank = &m->ranks.at[k];
        const int *order = m->maps.at[rank->map].key;
        for (int a = 0; a < rank->items_n; ++a) {
            int position = 1;
            if (!rank->ranks[a] || plan[rank->items[a]] < 0)
                continue;
            for (int b = 0; b < rank->items_n; ++b)
                position += plan[rank->items[b]] >= 0 && order[plan[rank->items[b]]] < order[plan[rank->items[a]]];
            full_charge(m, score, rank->rule, rank->factor * (position != rank->ranks[a]));
        }
    }
    for (int member = 0; member < m->burden_members; ++member) {
        int64_t sum = 0;
        for (int i = 0; i < m->items.n; ++i) {
            const int *loads = m->profiles.at[m->items.at[i].profile].loads;
            if (plan[i] >= 0 && loads)
                sum += loads[plan[i] / m->rooms * m->burden_members + member];
        }
        full_charge(m, score, m->burden_rule, sum * sum / m->burden_divisor);
    }
}

static inline sch_score_t full_score(const sch_place_model_t *m, const int *plan)
{
    sch_score_t score = full_none();
    full_prices(m, plan, &score);
    full_pairs(m, plan, &score);
    full_rooms(m, plan, &score);
    for (int k = 0; k < m->group_rules.n; ++k)
        full_group_rule(m, plan, &m->group_rules.at[k], &score);
    full_rest(m, plan, &score);
    return score;
}

/* ---- random models that use every shape ---- */

static inline int full_random(uint64_t *seed, int below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((*seed >> 33) % (uint64_t)below);
}

static inline int full_rule(sch_place_model_t *m, const char *id, sch_level_t level, int weight)
{
    int rule = -1;
    if (sch_place_rule(m, &(sch_rule_t){id, level, weight, SCH_WARN, id}, &rule))
        abort();
    return rule;
}

#define FULL_OK(call) \
    do {              \
        if (call)     \
            abort();  \
    } while (0)

static inline sch_place_model_t *full_random_model(uint64_t seed)
{
    enum { TIMES = 12, ROOMS = 4, TICKS = 15, ITEMS = 14, MEMBERS = 3 };
    static const char *const NAMES[ITEMS] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"};
    sch_place_model_t *m = sch_place_model_new();
    int rules[9], classes[2], profiles[3], overlap, apart, any_map, day_map, group, other,
        ints[TIMES * TIMES + TIMES * ROOMS];
    FULL_OK(sch_place_axes(m, TIMES, ROOMS, TICKS));
    for (int k = 0; k < 9; ++k)
        rules[k] = full_rule(m, NAMES[k], (sch_level_t)(k % 3), 1 + full_random(&seed, 20));
    for (int c = 0; c < 2; ++c) {
        sch_span_t spans[TIMES];
        for (int t = 0; t < TIMES; ++t)
            spans[t] = (sch_span_t){t, t + 1 + 2 * c};
        FULL_OK(sch_place_class(m, spans, &classes[c]));
    }
    for (int r = 0; r < ROOMS; ++r)
        FULL_OK(sch_place_room(m, r, r == 3 ? 0 : 1 + r % 2, r == 1, r / 2));
    FULL_OK(sch_place_room_rule(m, rules[0]));
    FULL_OK(sch_place_burden(m, rules[5], MEMBERS, 3));
    for (int p = 0; p < 3; ++p) {
        FULL_OK(sch_place_profile(m, classes[p % 2], &profiles[p]));
        for (int axis = 0; axis < 3; ++axis) {
            for (int k = 0; k < TIMES * ROOMS; ++k)
                ints[k] = full_random(&seed, 4) ? 0 : full_random(&seed, 5);
            int rule = rules[full_random(&seed, 9)];
            FULL_OK((axis == 0   ? sch_place_price_times
                     : axis == 1 ? sch_place_price_rooms
                                 : sch_place_price_places)(m, profiles[p], rule, ints));
        }
        for (int k = 0; k < TIMES * MEMBERS; ++k)
            ints[k] = full_random(&seed, 3);
        if (p)
            FULL_OK(sch_place_burden_of(m, profiles[p], ints));
    }
    for (int i = 0; i < ITEMS; ++i) {
        int item;
        FULL_OK(sch_place_item(m,
                               &(sch_place_item_t){.name = NAMES[i],
                                                   .profile = profiles[i % 3],
                                                   .unplaced_rule = i % 4 ? rules[1] : -1,
                                                   .unplaced_factor = 1 + i,
                                                   .promised = -1,
                                                   .twin = -1},
                               &item));
    }
    FULL_OK(sch_place_relation_overlap(m, classes[0], classes[1], 1, &overlap));
    for (int k = 0; k < 2 * TIMES - 1; ++k)
        ints[k] = abs(k - TIMES + 1) < 4 ? 4 - abs(k - TIMES + 1) : 0;
    FULL_OK(sch_place_relation_lag(m, ints, &apart));
    for (int k = 0; k < 30; ++k) {
        int a = full_random(&seed, ITEMS), b = full_random(&seed, ITEMS);
        if (a == b)
            continue;
        FULL_OK(sch_place_pair(m, rules[full_random(&seed, 9)], 1 + full_random(&seed, 3), a, b,
                               k % 3 ? overlap : apart,
                               k % 4 == 0   ? SCH_ROOM_SAME
                               : k % 4 == 1 ? SCH_ROOM_OTHER
                                            : SCH_ROOM_ANY));
    }
    for (int k = 0; k < TIMES * ROOMS; ++k)
        ints[k] = k % 7 ? k / ROOMS / 3 : -1;
    FULL_OK(sch_place_map(m, 4, ints, &day_map));
    for (int k = 0; k < TIMES * ROOMS; ++k)
        ints[k] = k;
    FULL_OK(sch_place_map(m, TIMES * ROOMS, ints, &any_map));
    int outer[TIMES * ROOMS * 2];
    for (int k = 0; k < TIMES * ROOMS * 2; ++k)
        outer[k] = k / 2 / ROOMS;
    for (int q = 0; q < 8; ++q) {
        bool by_day = q % 3 == 0, wide = q % 3 == 1;
        FULL_OK(sch_place_group(m, by_day ? day_map : any_map, wide ? 2 : 1, wide ? outer : NULL, TIMES, &group));
        for (int i = q % 3; i < ITEMS; i += 2)
            FULL_OK(sch_place_member(m, group, i, wide ? i % 2 : 0, 1 + i % 3));
        FULL_OK(sch_place_load(m, rules[full_random(&seed, 9)], 1, group, full_random(&seed, 4), q % 2));
        FULL_OK(sch_place_distinct(m, rules[full_random(&seed, 9)], 2, group, q % 2, 1 + q % 3));
        if (by_day || !wide)
            FULL_OK(sch_place_lonely(m, rules[full_random(&seed, 9)], 1, group));
        if (by_day)
            FULL_OK(sch_place_gaps(m, rules[full_random(&seed, 9)], 3, group));
        for (int k = 0; k < TIMES * ROOMS * 2; ++k)
            ints[k] = full_random(&seed, 6);
        if (by_day || q % 3 == 2)
            FULL_OK(sch_place_present(m, rules[full_random(&seed, 9)], group, ints));
    }
    FULL_OK(sch_place_group(m, -1, 1, NULL, 0, &group));
    for (int i = 0; i < ITEMS; i += 2)
        FULL_OK(sch_place_member(m, group, i, 0, 1 + i % 2));
    FULL_OK(sch_place_load(m, rules[2], 1, group, 2, true));
    FULL_OK(sch_place_group(m, any_map, 2, outer, TIMES, &group));
    FULL_OK(sch_place_group(m, any_map, 2, outer, TIMES, &other));
    for (int i = 0; i < ITEMS; ++i)
        FULL_OK(sch_place_member(m, i % 2 ? group : other, i, i % 2, 1));
    FULL_OK(sch_place_product(m, rules[4], 2, group, other));
    FULL_OK(sch_place_field(m, rules[6], 2, (int[]){1, 3, 5, 7, 9}, 5, apart));
    FULL_OK(sch_place_rank(m, rules[7], 2, (int[]){2, 4, 6, 8}, (int[]){0, 3, 1, 2}, 4, any_map));
    FULL_OK(sch_place_any(m, rules[8], 3, (int[]){4, 5}, 2, apart, SCH_ROOM_SAME));
    FULL_OK(sch_place_freeze(m));
    return m;
}

#endif
