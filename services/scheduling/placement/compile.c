/* compile: makes the arrays that the evaluator reads from what was added to a model.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Prices of a profile are summed per time, room and place; its candidates are the places where nothing hard remains
 * and the span is not empty. Pairs become lists of neighbours per item, in which pairs of the same two items, relation
 * and level are one. Group members, rules and blocks are sorted so that each owner's are together.
 */
#include "scheduling/placement/inner.h"

#include <limits.h>
#include <string.h>

/* ---- relations ---- */

static int add_relation(sch_place_model_t *m, const int16_t *table, size_t table_n, int off, int stride)
{
    int rc = CV_OK;
    SCH_VEC_MORE(m->relations, rc);
    if (rc)
        return rc;
    sch_relation_t r = {.off = off, .stride = stride};
    r.table = malloc(table_n * sizeof *r.table);
    r.lo = malloc((size_t)m->times * sizeof(int));
    r.hi = malloc((size_t)m->times * sizeof(int));
    if (!r.table || !r.lo || !r.hi) {
        free(r.table);
        free(r.lo);
        free(r.hi);
        return CV_ENOMEM;
    }
    memcpy(r.table, table, table_n * sizeof *r.table);
    for (int a = 0; a < m->times; ++a) {
        const int16_t *row = r.table + off + a * stride;
        int lo = 0, hi = m->times;
        while (lo < hi && !row[lo])
            ++lo;
        while (hi > lo && !row[hi - 1])
            --hi;
        r.lo[a] = lo;
        r.hi[a] = hi;
    }
    m->relations.at[m->relations.n++] = r;
    return CV_OK;
}

/* Adds a table and its transpose. value(b, a) of the transpose is value(a, b). */
static int add_both(sch_place_model_t *m, const int *values, int n, bool lag, int *ret_relation)
{
    int times = m->times, index = m->relations.n;
    size_t table_n = (size_t)n;
    int16_t *table = malloc(2 * table_n * sizeof *table), *turned = table ? table + n : NULL;
    if (!table)
        return CV_ENOMEM;
    int rc = CV_OK;
    for (int k = 0; k < n && !rc; ++k) {
        if (values[k] > INT16_MAX || values[k] < INT16_MIN)
            rc = CV_ELIMIT;
        table[k] = (int16_t)values[k];
        turned[lag ? n - 1 - k : (k % times) * times + k / times] = (int16_t)values[k];
    }
    if (!rc)
        rc = add_relation(m, table, table_n, lag ? times - 1 : 0, lag ? -1 : times);
    if (!rc)
        rc = add_relation(m, turned, table_n, lag ? times - 1 : 0, lag ? -1 : times);
    free(table);
    if (!rc)
        *ret_relation = index;
    return rc;
}

int sch_place_relation(sch_place_model_t *m, const int *values, int *ret_relation)
{
    if (m->frozen || !m->times)
        return CV_EINVAL;
    return add_both(m, values, m->times * m->times, false, ret_relation);
}

int sch_place_relation_lag(sch_place_model_t *m, const int *values, int *ret_relation)
{
    if (m->frozen || !m->times)
        return CV_EINVAL;
    return add_both(m, values, 2 * m->times - 1, true, ret_relation);
}

int sch_place_relation_overlap(sch_place_model_t *m, int class_a, int class_b, int gap, int *ret_relation)
{
    if (m->frozen || class_a < 0 || class_a >= m->classes.n || class_b < 0 || class_b >= m->classes.n)
        return CV_EINVAL;
    const sch_span_t *x = m->classes.at[class_a], *y = m->classes.at[class_b];
    int *values = calloc((size_t)m->times * (size_t)m->times, sizeof *values);
    if (!values)
        return CV_ENOMEM;
    for (int a = 0; a < m->times; ++a)
        for (int b = 0; b < m->times; ++b)
            values[a * m->times + b] = x[a].last > x[a].first && y[b].last > y[b].first &&
                                       x[a].first < y[b].last + gap && y[b].first < x[a].last + gap;
    int rc = sch_place_relation(m, values, ret_relation);
    free(values);
    return rc;
}

/* ---- prices ---- */

static bool add_to(int *sum, int64_t more)
{
    int64_t total = *sum + more;
    if (total > INT_MAX / 4 || total < INT_MIN / 4)
        return false;
    *sum = (int)total;
    return true;
}

static int add_price(const sch_place_model_t *m, const sch_price_t *price, sch_cost_t *table, int n)
{
    const sch_rule_t *rule = &m->rules.at[price->rule];
    for (int x = 0; x < n; ++x)
        if (!add_to(&table[x].v[rule->level], (int64_t)rule->weight * price->factors[x]))
            return CV_ELIMIT;
    return CV_OK;
}

/* Whether two profiles have the same prices per place, so that their sum is one table. */
static bool same_places(const sch_profile_t *a, const sch_profile_t *b)
{
    int x = 0, y = 0;
    while (true) {
        while (x < a->prices.n && a->prices.at[x].axis != SCH_AXIS_PLACE)
            ++x;
        while (y < b->prices.n && b->prices.at[y].axis != SCH_AXIS_PLACE)
            ++y;
        if (x == a->prices.n || y == b->prices.n)
            return x == a->prices.n && y == b->prices.n;
        if (a->prices.at[x].rule != b->prices.at[y].rule || a->prices.at[x].factors != b->prices.at[y].factors)
            return false;
        ++x;
        ++y;
    }
}

static int sum_places(sch_place_model_t *m, int profile)
{
    sch_profile_t *p = &m->profiles.at[profile];
    int rc = CV_OK;
    for (int k = profile - 1; k >= 0 && !p->places; --k)
        if (m->profiles.at[k].places && same_places(p, &m->profiles.at[k]))
            p->places = m->profiles.at[k].places;
    if (p->places)
        return CV_OK;
    SCH_VEC_MORE(m->place_sums, rc);
    if (rc)
        return rc;
    p->places = calloc((size_t)m->places, sizeof *p->places);
    if (!p->places)
        return CV_ENOMEM;
    m->place_sums.at[m->place_sums.n++] = p->places;
    for (int k = 0; k < p->prices.n && !rc; ++k)
        if (p->prices.at[k].axis == SCH_AXIS_PLACE)
            rc = add_price(m, &p->prices.at[k], p->places, m->places);
    return rc;
}

static int sum_prices(sch_place_model_t *m, int profile)
{
    sch_profile_t *p = &m->profiles.at[profile];
    int rc = CV_OK;
    bool by_place = false;
    p->times = calloc((size_t)m->times, sizeof *p->times);
    p->rooms = calloc((size_t)m->rooms, sizeof *p->rooms);
    if (!p->times || !p->rooms)
        return CV_ENOMEM;
    for (int k = 0; k < p->prices.n && !rc; ++k) {
        const sch_price_t *price = &p->prices.at[k];
        if (price->axis == SCH_AXIS_PLACE)
            by_place = true;
        else if (price->axis == SCH_AXIS_TIME)
            rc = add_price(m, price, p->times, m->times);
        else
            rc = add_price(m, price, p->rooms, m->rooms);
    }
    return rc || !by_place ? rc : sum_places(m, profile);
}

static int list_candidates(sch_place_model_t *m, sch_profile_t *p)
{
    const sch_span_t *spans = m->classes.at[p->class_];
    for (int fill = 0; fill < 2; ++fill) {
        int n = 0;
        for (int place = 0; place < m->places; ++place) {
            int time = m->time_of[place], room = m->room_of[place];
            if (spans[time].first == spans[time].last)
                continue;
            if (p->times[time].v[SCH_HARD] + p->rooms[room].v[SCH_HARD] +
                    (p->places ? p->places[place].v[SCH_HARD] : 0) >
                0)
                continue;
            if (fill)
                p->candidates[n] = place;
            ++n;
        }
        if (fill)
            break;
        p->candidates = malloc((size_t)(n ? n : 1) * sizeof(int));
        if (!p->candidates)
            return CV_ENOMEM;
        p->candidates_n = n;
    }
    return CV_OK;
}

/* ---- neighbours ---- */

static int by_merge(const void *a, const void *b)
{
    const sch_edge_t *x = a, *y = b;
    if ((x->cond == SCH_ROOM_ANY) != (y->cond == SCH_ROOM_ANY))
        return x->cond == SCH_ROOM_ANY ? -1 : 1;
    if (x->other != y->other)
        return x->other < y->other ? -1 : 1;
    if (x->relation != y->relation)
        return x->relation < y->relation ? -1 : 1;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (x->cond != y->cond)
        return x->cond < y->cond ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

static bool mergeable(const sch_edge_t *x, const sch_edge_t *y)
{
    return x->cond == y->cond && x->other == y->other && x->relation == y->relation && x->level == y->level;
}

static int list_neighbours(sch_place_model_t *m)
{
    int items = m->items.n;
    m->edges_at = calloc((size_t)items + 1, sizeof(int));
    m->edges_any_end = calloc((size_t)items + 1, sizeof(int));
    m->pairs_at = calloc((size_t)items + 2, sizeof(int));
    m->pairs_of = malloc((size_t)(2 * m->pairs.n + 1) * sizeof(int));
    m->edges = malloc((size_t)(2 * m->pairs.n + 1) * sizeof *m->edges);
    m->linked = calloc((size_t)items * (size_t)items / 64 + 1, sizeof *m->linked);
    if (!m->linked || !m->edges_at || !m->edges_any_end || !m->pairs_at || !m->pairs_of || !m->edges)
        return CV_ENOMEM;
    for (int k = 0; k < m->pairs.n; ++k) {
        ++m->pairs_at[m->pairs.at[k].a + 2];
        ++m->pairs_at[m->pairs.at[k].b + 2];
    }
    for (int i = 2; i < items + 2; ++i)
        m->pairs_at[i] += m->pairs_at[i - 1];
    for (int k = 0; k < m->pairs.n; ++k) {
        m->pairs_of[m->pairs_at[m->pairs.at[k].a + 1]++] = k;
        m->pairs_of[m->pairs_at[m->pairs.at[k].b + 1]++] = k;
    }
    int n = 0;
    for (int i = 0; i < items; ++i) {
        int begin = n;
        for (int k = m->pairs_at[i]; k < m->pairs_at[i + 1]; ++k) {
            const sch_pair_t *pair = &m->pairs.at[m->pairs_of[k]];
            const sch_rule_t *rule = &m->rules.at[pair->rule];
            int64_t weight = (int64_t)rule->weight * pair->factor;
            if (weight > INT_MAX / 64 || weight < INT_MIN / 64)
                return CV_ELIMIT;
            if (weight < 0)
                m->rewards = true;
            m->edges[n++] = (sch_edge_t){.other = pair->a == i ? pair->b : pair->a,
                                         .relation = pair->a == i ? pair->relation : pair->relation ^ 1,
                                         .weight = (int)weight,
                                         .level = (uint8_t)rule->level,
                                         .cond = (uint8_t)pair->cond,
                                         .rule = pair->rule};
        }
        qsort(m->edges + begin, (size_t)(n - begin), sizeof *m->edges, by_merge);
        int kept = begin;
        for (int k = begin; k < n; ++k) {
            if (kept > begin && mergeable(&m->edges[kept - 1], &m->edges[k]))
                m->edges[kept - 1].weight += m->edges[k].weight;
            else
                m->edges[kept++] = m->edges[k];
        }
        n = kept;
        int any = begin;
        while (any < n && m->edges[any].cond == SCH_ROOM_ANY)
            ++any;
        m->edges_at[i] = begin;
        m->edges_at[i + 1] = n;
        m->edges_any_end[i] = any;
        for (int k = begin; k < any; ++k) {
            size_t bit = (size_t)i * (size_t)items + (size_t)m->edges[k].other;
            m->linked[bit / 64] |= UINT64_C(1) << (bit % 64);
        }
    }
    return CV_OK;
}

/* ---- groups and the rest ---- */

static int by_item(const void *a, const void *b)
{
    const sch_member_t *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static int by_group(const void *a, const void *b)
{
    const sch_group_rule_t *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->shape > y->shape) - (x->shape < y->shape);
}

static int parts_by_item(const void *a, const void *b)
{
    const sch_part_t *x = a, *y = b;
    if (x->item != y->item)
        return x->item < y->item ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* A product's two groups have no item in common: one that moved would change both factors at once. */
static bool products_apart(const sch_place_model_t *m)
{
    int *last = calloc((size_t)m->items.n + 1, sizeof *last);
    bool apart = last != NULL;
    for (int k = 0; k < m->group_rules.n && apart; ++k) {
        const sch_group_rule_t *r = &m->group_rules.at[k];
        if (r->shape != SCH_PRODUCT)
            continue;
        for (int q = 0; q < 2 * m->members.n && apart; ++q) {
            const sch_member_t *member = &m->members.at[q % m->members.n];
            if (q < m->members.n && member->group == r->group)
                last[member->item] = k + 1;
            if (q >= m->members.n && member->group == r->other && last[member->item] == k + 1)
                apart = false;
        }
    }
    free(last);
    return apart;
}

static int arrange_groups(sch_place_model_t *m)
{
    /* A product is looked at from both of its groups. */
    for (int k = 0, n = m->group_rules.n; k < n; ++k) {
        sch_group_rule_t rule = m->group_rules.at[k];
        int rc = CV_OK;
        if (rule.shape != SCH_PRODUCT)
            continue;
        SCH_VEC_MORE(m->group_rules, rc);
        if (rc)
            return rc;
        int group = rule.group;
        rule.group = rule.other;
        rule.other = group;
        m->group_rules.at[m->group_rules.n++] = rule;
    }
    if (!products_apart(m))
        return CV_EINVAL;
    if (m->group_rules.n)
        qsort(m->group_rules.at, (size_t)m->group_rules.n, sizeof *m->group_rules.at, by_group);
    for (int k = 0; k < m->group_rules.n; ++k) {
        sch_group_rule_t *rule = &m->group_rules.at[k];
        sch_group_t *group = &m->groups.at[rule->group];
        if (!group->rules_n++)
            group->rules_at = k;
        rule->level = (int)m->rules.at[rule->rule].level;
        rule->weight = (int64_t)m->rules.at[rule->rule].weight * rule->factor;
        if (rule->shape == SCH_LOAD)
            group->loads = true;
    }
    for (int g = 0; g < m->groups.n; ++g) {
        sch_group_t *group = &m->groups.at[g];
        group->count_at = m->counts_n;
        group->distinct_at = m->distincts_n;
        group->mask_at = m->masks_n;
        m->counts_n += group->keys;
        m->distincts_n += group->outers;
        m->masks_n += (group->keys + 63) / 64;
    }
    return CV_OK;
}

static sch_axis_t axis_of_map(const sch_place_model_t *m, const int *key)
{
    bool by_time = true, by_room = true;
    for (int p = 0; p < m->places; ++p) {
        by_time = by_time && key[p] == key[p - p % m->rooms];
        by_room = by_room && key[p] == key[p % m->rooms];
    }
    return by_time ? SCH_AXIS_TIME : by_room ? SCH_AXIS_ROOM : SCH_AXIS_PLACE;
}

static sch_axis_t axis_of_group(const sch_place_model_t *m, int group)
{
    int map = m->groups.at[group].map;
    return map < 0 ? SCH_AXIS_TIME : m->maps.at[map].axis;
}

/* Members whose keys change together stand together: a move that keeps the time need not look at those of times, and
 * neighbours of one map ask for the same keys. */
static void order_groups(sch_place_model_t *m)
{
    int order = 0;
    for (int k = 0; k < m->maps.n; ++k)
        m->maps.at[k].axis = axis_of_map(m, m->maps.at[k].key);
    for (int axis = SCH_AXIS_TIME; axis <= SCH_AXIS_PLACE; ++axis)
        for (int map = -1; map < m->maps.n; ++map)
            for (int g = 0; g < m->groups.n; ++g)
                if (m->groups.at[g].map == map && axis_of_group(m, g) == (sch_axis_t)axis)
                    m->groups.at[g].order = order++;
    for (int k = 0; k < m->members.n; ++k) {
        sch_member_t *member = &m->members.at[k];
        const sch_group_t *g = &m->groups.at[member->group];
        member->key = g->map < 0 ? NULL : m->maps.at[g->map].key;
        member->stride = g->stride;
        member->count_at = g->count_at;
        member->order = g->order;
    }
}

static int list_by_group(sch_place_model_t *m)
{
    m->group_at = calloc((size_t)m->groups.n + 2, sizeof(int));
    m->group_items = malloc((size_t)(m->members.n + 1) * sizeof(int));
    if (!m->group_at || !m->group_items)
        return CV_ENOMEM;
    for (int k = 0; k < m->members.n; ++k)
        ++m->group_at[m->members.at[k].group + 2];
    for (int g = 2; g < m->groups.n + 2; ++g)
        m->group_at[g] += m->group_at[g - 1];
    for (int k = 0; k < m->members.n; ++k)
        m->group_items[m->group_at[m->members.at[k].group + 1]++] = m->members.at[k].item;
    return CV_OK;
}

static int arrange_members(sch_place_model_t *m)
{
    int items = m->items.n;
    m->members_at = calloc((size_t)items + 1, sizeof(int));
    m->members_time_end = calloc((size_t)items + 1, sizeof(int));
    m->members_room_end = calloc((size_t)items + 1, sizeof(int));
    m->parts_at = calloc((size_t)items + 1, sizeof(int));
    if (!m->members_at || !m->members_time_end || !m->members_room_end || !m->parts_at)
        return CV_ENOMEM;
    order_groups(m);
    if (m->members.n)
        qsort(m->members.at, (size_t)m->members.n, sizeof *m->members.at, by_item);
    for (int k = 0; k < m->members.n; ++k)
        ++m->members_at[m->members.at[k].item + 1];
    if (m->parts.n)
        qsort(m->parts.at, (size_t)m->parts.n, sizeof *m->parts.at, parts_by_item);
    for (int k = 0; k < m->parts.n; ++k)
        ++m->parts_at[m->parts.at[k].item + 1];
    for (int i = 0; i < items; ++i) {
        m->members_at[i + 1] += m->members_at[i];
        m->parts_at[i + 1] += m->parts_at[i];
        int k = m->members_at[i], end = m->members_at[i + 1];
        while (k < end && axis_of_group(m, m->members.at[k].group) == SCH_AXIS_TIME)
            ++k;
        m->members_time_end[i] = k;
        while (k < end && axis_of_group(m, m->members.at[k].group) == SCH_AXIS_ROOM)
            ++k;
        m->members_room_end[i] = k;
    }
    return list_by_group(m);
}

static int add_part(sch_place_model_t *m, sch_in_t kind, int index, int item)
{
    int rc = CV_OK;
    SCH_VEC_MORE(m->parts, rc);
    if (!rc)
        m->parts.at[m->parts.n++] = (sch_part_t){kind, index, item};
    return rc;
}

static int list_parts(sch_place_model_t *m)
{
    int rc = CV_OK;
    for (int f = 0; f < m->fields.n && !rc; ++f) {
        m->fields.at[f].field_at = m->fields_n;
        m->fields_n += m->times;
        for (int k = 0; k < m->fields.at[f].items_n && !rc; ++k)
            rc = add_part(m, SCH_IN_FIELD, f, m->fields.at[f].items[k]);
    }
    for (int f = 0; f < m->ranks.n && !rc; ++f)
        for (int k = 0; k < m->ranks.at[f].items_n && !rc; ++k)
            rc = add_part(m, SCH_IN_RANK, f, m->ranks.at[f].items[k]);
    for (int f = 0; f < m->anys.n && !rc; ++f) {
        rc = add_part(m, SCH_IN_ANY, f, m->anys.at[f].item);
        for (int k = 0; k < m->anys.at[f].others_n && !rc; ++k)
            rc = add_part(m, SCH_IN_ANY, f, m->anys.at[f].others[k]);
    }
    return rc;
}

static int arrange_blocks(sch_place_model_t *m)
{
    if (!m->block)
        return CV_OK;
    m->block_at = calloc((size_t)m->blocks + 2, sizeof(int));
    m->block_places = malloc((size_t)m->places * sizeof(int));
    if (!m->block_at || !m->block_places)
        return CV_ENOMEM;
    for (int p = 0; p < m->places; ++p)
        if (m->block[p] >= 0)
            ++m->block_at[m->block[p] + 2];
    for (int b = 2; b < m->blocks + 2; ++b)
        m->block_at[b] += m->block_at[b - 1];
    for (int p = 0; p < m->places; ++p)
        if (m->block[p] >= 0)
            m->block_places[m->block_at[m->block[p] + 1]++] = p;
    return CV_OK;
}

/* How much one rule of a group can fall by at most when one of its members moves. */
static int64_t gain_of(const sch_place_model_t *m, const sch_member_t *member, const sch_group_rule_t *r)
{
    int64_t weight = llabs(r->weight), most = 0;
    const sch_group_t *g = &m->groups.at[r->group];
    switch (r->shape) {
    case SCH_LOAD:
        return r->squared || g->map < 0 ? SCH_GAIN_MAX : weight * member->demand;
    case SCH_DISTINCT:
        return (g->outer ? 2 : 1) * weight;
    case SCH_LONELY: /* the key that goes and two beside the one that comes */
        return 3 * weight;
    case SCH_GAPS:
        return weight;
    case SCH_PRESENT:
        for (int key = 0; key < g->keys; ++key)
            if (abs(r->factors[key]) > most)
                most = abs(r->factors[key]);
        return 2 * most * weight;
    case SCH_PRODUCT:
    default:
        return SCH_GAIN_MAX;
    }
}

static void limit_gain(int64_t *gain)
{
    for (int level = 0; level < SCH_LEVELS; ++level)
        if (gain[level] > SCH_GAIN_MAX)
            gain[level] = SCH_GAIN_MAX;
}

static int bound_gains(sch_place_model_t *m)
{
    m->gains = calloc((size_t)m->items.n + 1, sizeof *m->gains);
    m->group_gains = calloc((size_t)m->members.n + 1, sizeof *m->group_gains);
    int *next = malloc((size_t)(m->groups.n + 1) * sizeof *next);
    if (!m->gains || !m->group_gains || !next) {
        free(next);
        return CV_ENOMEM;
    }
    memcpy(next, m->group_at, (size_t)m->groups.n * sizeof *next);
    for (int k = 0; k < m->members.n; ++k) { /* as list_by_group() went through them */
        const sch_member_t *member = &m->members.at[k];
        const sch_group_t *g = &m->groups.at[member->group];
        int64_t *gain = m->group_gains[next[member->group]++].v;
        for (int q = g->rules_at; q < g->rules_at + g->rules_n; ++q)
            gain[m->group_rules.at[q].level] += gain_of(m, member, &m->group_rules.at[q]);
        limit_gain(gain);
    }
    free(next);
    for (int i = 0; i < m->items.n; ++i) {
        int64_t *gain = m->gains[i].v;
        for (int k = m->edges_any_end[i]; k < m->edges_at[i + 1]; ++k)
            gain[m->edges[k].level] += (int64_t)abs(m->edges[k].weight) * INT16_MAX;
        if (m->parts_at[i + 1] > m->parts_at[i] || m->burden_rule >= 0)
            gain[SCH_SOFT] = SCH_GAIN_MAX;
        limit_gain(gain);
    }
    for (int k = 0; k < m->rules.n; ++k)
        m->rewards = m->rewards || m->rules.at[k].weight < 0;
    return CV_OK;
}

static void step_of(sch_place_model_t *m, int rule, int64_t factor)
{
    int64_t cost = llabs((int64_t)m->rules.at[rule].weight * factor);
    if (m->rules.at[rule].level == SCH_SOFT && cost && (!m->soft_step || cost < m->soft_step))
        m->soft_step = cost;
}

static void find_step(sch_place_model_t *m)
{
    for (int k = 0; k < m->pairs.n; ++k)
        step_of(m, m->pairs.at[k].rule, m->pairs.at[k].factor);
    for (int k = 0; k < m->fields.n; ++k)
        step_of(m, m->fields.at[k].rule, m->fields.at[k].factor);
    for (int k = 0; k < m->ranks.n; ++k)
        step_of(m, m->ranks.at[k].rule, m->ranks.at[k].factor);
    for (int k = 0; k < m->anys.n; ++k)
        step_of(m, m->anys.at[k].rule, 1);
    for (int k = 0; k < m->group_rules.n; ++k) {
        const sch_group_rule_t *r = &m->group_rules.at[k];
        if (r->shape != SCH_PRESENT)
            step_of(m, r->rule, r->factor);
        for (int key = 0; r->shape == SCH_PRESENT && key < m->groups.at[r->group].keys; ++key)
            step_of(m, r->rule, r->factors[key]);
    }
    for (int k = 0; k < m->profiles.n; ++k) {
        for (int q = 0; q < m->profiles.at[k].prices.n; ++q) {
            const sch_price_t *price = &m->profiles.at[k].prices.at[q];
            int n = price->axis == SCH_AXIS_TIME ? m->times : price->axis == SCH_AXIS_ROOM ? m->rooms : m->places;
            for (int x = 0; x < n; ++x)
                step_of(m, price->rule, price->factors[x]);
        }
    }
    if (m->burden_rule >= 0)
        step_of(m, m->burden_rule, 1);
    if (!m->soft_step)
        m->soft_step = 1;
}

int sch_place_model_compile(sch_place_model_t *m)
{
    m->time_of = malloc((size_t)m->places * sizeof(int));
    m->room_of = malloc((size_t)m->places * sizeof(int));
    if (!m->time_of || !m->room_of)
        return CV_ENOMEM;
    for (int p = 0; p < m->places; ++p) {
        m->time_of[p] = p / m->rooms;
        m->room_of[p] = p % m->rooms;
    }
    for (int k = 0; k < m->profiles.n; ++k) {
        int rc = sum_prices(m, k);
        if (!rc)
            rc = list_candidates(m, &m->profiles.at[k]);
        if (rc)
            return rc;
    }
    find_step(m);
    int rc = list_neighbours(m);
    if (!rc)
        rc = arrange_groups(m);
    if (!rc)
        rc = list_parts(m);
    if (!rc)
        rc = arrange_members(m);
    if (!rc)
        rc = arrange_blocks(m);
    if (!rc)
        rc = bound_gains(m);
    return rc;
}
