/* model: takes what is added, checks it, and keeps it as it was given. compile.c makes the fast copies.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/placement/inner.h"

#include <string.h>

static int *copied(const int *from, int n)
{
    int *to = malloc((size_t)(n ? n : 1) * sizeof *to);
    if (to && n)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}

/* The model's own copy of a table; the same one for the same values. NULL: out of memory. */
static const int *kept(sch_place_model_t *m, const int *values, int n)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    int rc = CV_OK;
    for (int k = 0; k < n; ++k)
        hash = (hash ^ (uint32_t)values[k]) * UINT64_C(1099511628211);
    for (int k = m->tables.n - 1; k >= 0; --k) {
        const sch_table_t *table = &m->tables.at[k];
        if (table->hash == hash && table->n == n && !memcmp(table->values, values, (size_t)n * sizeof *values))
            return table->values;
    }
    SCH_VEC_MORE(m->tables, rc);
    int *copy = rc ? NULL : copied(values, n);
    if (copy)
        m->tables.at[m->tables.n++] = (sch_table_t){copy, n, hash};
    return copy;
}

static bool within(int index, int n)
{
    return index >= 0 && index < n;
}

sch_place_model_t *sch_place_model_new(void)
{
    sch_place_model_t *m = calloc(1, sizeof *m);
    if (m)
        m->room_rule = m->burden_rule = -1;
    return m;
}

void sch_place_model_destroy(sch_place_model_t **model)
{
    sch_place_model_t *m = *model;
    if (!m)
        return;
    for (int i = 0; i < m->classes.n; ++i)
        free(m->classes.at[i]);
    for (int i = 0; i < m->profiles.n; ++i) {
        sch_profile_t *p = &m->profiles.at[i];
        free(p->prices.at);
        free(p->times);
        free(p->rooms);
        free(p->candidates);
    }
    for (int i = 0; i < m->tables.n; ++i)
        free(m->tables.at[i].values);
    for (int i = 0; i < m->place_sums.n; ++i)
        free(m->place_sums.at[i]);
    for (int i = 0; i < m->relations.n; ++i) {
        free(m->relations.at[i].table);
        free(m->relations.at[i].lo);
        free(m->relations.at[i].hi);
    }
    for (int i = 0; i < m->maps.n; ++i)
        free(m->maps.at[i].key);
    for (int i = 0; i < m->groups.n; ++i)
        free(m->groups.at[i].outer);
    for (int i = 0; i < m->group_rules.n; ++i)
        free(m->group_rules.at[i].factors);
    for (int i = 0; i < m->fields.n; ++i)
        free(m->fields.at[i].items);
    for (int i = 0; i < m->ranks.n; ++i) {
        free(m->ranks.at[i].items);
        free(m->ranks.at[i].ranks);
    }
    for (int i = 0; i < m->anys.n; ++i)
        free(m->anys.at[i].others);
    void *rest[] = {m->classes.at,       m->profiles.at, m->items.at,     m->relations.at,
                    m->pairs.at,         m->maps.at,     m->groups.at,    m->members.at,
                    m->group_rules.at,   m->fields.at,   m->ranks.at,     m->anys.at,
                    m->parts.at,         m->rules.at,    m->room_holds,   m->room_turn,
                    m->room_label,       m->block,       m->slot,         m->time_of,
                    m->room_of,          m->edges,       m->edges_at,     m->edges_any_end,
                    m->pairs_of,         m->pairs_at,    m->members_at,   m->members_time_end,
                    m->members_room_end, m->group_items, m->group_at,     m->parts_at,
                    m->block_places,     m->block_at,    m->linked,       m->gains,
                    m->group_gains,      m->tables.at,   m->place_sums.at};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; ++i)
        free(rest[i]);
    free(m);
    *model = NULL;
}

int sch_place_axes(sch_place_model_t *m, int times, int rooms, int ticks)
{
    if (m->times || times < 1 || rooms < 1 || ticks < 1)
        return CV_EINVAL;
    if (times > SCH_PLACE_TIMES_MAX || rooms > SCH_PLACE_ROOMS_MAX || ticks > SCH_PLACE_TICKS_MAX)
        return CV_ELIMIT;
    m->room_holds = malloc((size_t)rooms * sizeof(int));
    m->room_turn = calloc((size_t)rooms, sizeof(int));
    m->room_label = malloc((size_t)rooms * sizeof(int));
    if (!m->room_holds || !m->room_turn || !m->room_label)
        return CV_ENOMEM;
    for (int r = 0; r < rooms; ++r) {
        m->room_holds[r] = 1;
        m->room_label[r] = r;
    }
    m->times = times;
    m->rooms = rooms;
    m->ticks = ticks;
    m->places = times * rooms;
    return CV_OK;
}

int sch_place_class(sch_place_model_t *m, const sch_span_t *spans, int *ret_class)
{
    int rc = CV_OK;
    if (!m->times || m->frozen)
        return CV_EINVAL;
    for (int t = 0; t < m->times; ++t)
        if (spans[t].first < 0 || spans[t].last < spans[t].first || spans[t].last > m->ticks)
            return CV_EINVAL;
    SCH_VEC_MORE(m->classes, rc);
    if (rc)
        return rc;
    sch_span_t *copy = malloc((size_t)m->times * sizeof *copy);
    if (!copy)
        return CV_ENOMEM;
    memcpy(copy, spans, (size_t)m->times * sizeof *copy);
    *ret_class = m->classes.n;
    m->classes.at[m->classes.n++] = copy;
    return CV_OK;
}

int sch_place_rule(sch_place_model_t *m, const sch_rule_t *rule, int *ret_rule)
{
    int rc = CV_OK;
    if (m->frozen || (unsigned)rule->level >= SCH_LEVELS || !rule->id)
        return CV_EINVAL;
    if (m->rules.n == SCH_PLACE_RULES_MAX)
        return CV_ELIMIT;
    SCH_VEC_MORE(m->rules, rc);
    if (rc)
        return rc;
    *ret_rule = m->rules.n;
    m->rules.at[m->rules.n++] = *rule;
    return CV_OK;
}

int sch_place_room(sch_place_model_t *m, int room, int holds, int turnaround, int label)
{
    if (m->frozen || !within(room, m->rooms) || holds < 0 || turnaround < 0)
        return CV_EINVAL;
    m->room_holds[room] = holds;
    m->room_turn[room] = turnaround;
    m->room_label[room] = label;
    return CV_OK;
}

int sch_place_room_rule(sch_place_model_t *m, int rule)
{
    if (m->frozen || !within(rule, m->rules.n))
        return CV_EINVAL;
    m->room_rule = rule;
    return CV_OK;
}

int sch_place_profile(sch_place_model_t *m, int class_, int *ret_profile)
{
    int rc = CV_OK;
    if (m->frozen || !within(class_, m->classes.n))
        return CV_EINVAL;
    SCH_VEC_MORE(m->profiles, rc);
    if (rc)
        return rc;
    *ret_profile = m->profiles.n;
    m->profiles.at[m->profiles.n++] = (sch_profile_t){.class_ = class_};
    return CV_OK;
}

static int price(sch_place_model_t *m, int profile, int rule, const int *factors, sch_axis_t axis, int n)
{
    int rc = CV_OK;
    if (m->frozen || !within(profile, m->profiles.n) || !within(rule, m->rules.n))
        return CV_EINVAL;
    sch_profile_t *p = &m->profiles.at[profile];
    SCH_VEC_MORE(p->prices, rc);
    if (rc)
        return rc;
    const int *copy = kept(m, factors, n);
    if (!copy)
        return CV_ENOMEM;
    p->prices.at[p->prices.n++] = (sch_price_t){axis, rule, copy};
    return CV_OK;
}

int sch_place_price_times(sch_place_model_t *m, int profile, int rule, const int *factors)
{
    return price(m, profile, rule, factors, SCH_AXIS_TIME, m->times);
}

int sch_place_price_rooms(sch_place_model_t *m, int profile, int rule, const int *factors)
{
    return price(m, profile, rule, factors, SCH_AXIS_ROOM, m->rooms);
}

int sch_place_price_places(sch_place_model_t *m, int profile, int rule, const int *factors)
{
    return price(m, profile, rule, factors, SCH_AXIS_PLACE, m->places);
}

int sch_place_item(sch_place_model_t *m, const sch_place_item_t *item, int *ret_item)
{
    int rc = CV_OK;
    if (m->frozen || !within(item->profile, m->profiles.n) || item->promised < -1 || item->promised >= m->places ||
        item->unplaced_rule < -1 || item->unplaced_rule >= m->rules.n || !item->name)
        return CV_EINVAL;
    if (m->items.n == SCH_PLACE_ITEMS_MAX)
        return CV_ELIMIT;
    SCH_VEC_MORE(m->items, rc);
    if (rc)
        return rc;
    *ret_item = m->items.n;
    m->items.at[m->items.n++] = *item;
    return CV_OK;
}

int sch_place_pair(sch_place_model_t *m, int rule, int factor, int a, int b, int relation, sch_room_cond_t cond)
{
    int rc = CV_OK;
    if (m->frozen || !within(rule, m->rules.n) || !within(a, m->items.n) || !within(b, m->items.n) || a == b ||
        !within(relation, m->relations.n))
        return CV_EINVAL;
    SCH_VEC_MORE(m->pairs, rc);
    if (rc)
        return rc;
    m->pairs.at[m->pairs.n++] = (sch_pair_t){rule, factor, a, b, relation, cond};
    return CV_OK;
}

int sch_place_any(sch_place_model_t *m, int rule, int item, const int *others, int others_n, int relation,
                  sch_room_cond_t cond)
{
    int rc = CV_OK;
    if (m->frozen || !within(rule, m->rules.n) || !within(item, m->items.n) || others_n < 1 ||
        !within(relation, m->relations.n))
        return CV_EINVAL;
    for (int k = 0; k < others_n; ++k)
        if (!within(others[k], m->items.n) || others[k] == item)
            return CV_EINVAL;
    SCH_VEC_MORE(m->anys, rc);
    if (rc)
        return rc;
    int *copy = copied(others, others_n);
    if (!copy)
        return CV_ENOMEM;
    m->anys.at[m->anys.n++] = (sch_any_t){rule, item, relation, copy, others_n, cond};
    return CV_OK;
}

int sch_place_map(sch_place_model_t *m, int keys, const int *keys_of_places, int *ret_map)
{
    int rc = CV_OK;
    if (m->frozen || !m->times || keys < 1)
        return CV_EINVAL;
    for (int p = 0; p < m->places; ++p)
        if (keys_of_places[p] < -1 || keys_of_places[p] >= keys)
            return CV_EINVAL;
    SCH_VEC_MORE(m->maps, rc);
    if (rc)
        return rc;
    int *copy = copied(keys_of_places, m->places);
    if (!copy)
        return CV_ENOMEM;
    *ret_map = m->maps.n;
    m->maps.at[m->maps.n++] = (sch_map_t){.keys = keys, .key = copy};
    return CV_OK;
}

int sch_place_group(sch_place_model_t *m, int map, int stride, const int *outer, int outers, int *ret_group)
{
    int rc = CV_OK;
    if (m->frozen || map < -1 || map >= m->maps.n || stride < 1 || (outer && (map < 0 || outers < 1)))
        return CV_EINVAL;
    int keys = map < 0 ? m->ticks : m->maps.at[map].keys * stride;
    for (int k = 0; outer && k < keys; ++k)
        if (!within(outer[k], outers))
            return CV_EINVAL;
    SCH_VEC_MORE(m->groups, rc);
    if (rc)
        return rc;
    int *copy = NULL;
    if (outer && !(copy = copied(outer, keys)))
        return CV_ENOMEM;
    *ret_group = m->groups.n;
    m->groups.at[m->groups.n++] =
        (sch_group_t){.map = map, .stride = stride, .keys = keys, .outer = copy, .outers = outer ? outers : 1};
    return CV_OK;
}

int sch_place_member(sch_place_model_t *m, int group, int item, int offset, int demand)
{
    int rc = CV_OK;
    if (m->frozen || !within(group, m->groups.n) || !within(item, m->items.n) || demand < 1 ||
        !within(offset, m->groups.at[group].stride))
        return CV_EINVAL;
    SCH_VEC_MORE(m->members, rc);
    if (rc)
        return rc;
    m->members.at[m->members.n++] = (sch_member_t){.group = group, .item = item, .offset = offset, .demand = demand};
    return CV_OK;
}

static int group_rule(sch_place_model_t *m, sch_group_rule_t rule)
{
    int rc = CV_OK;
    if (m->frozen || !within(rule.rule, m->rules.n) || !within(rule.group, m->groups.n) ||
        !within(rule.other, m->groups.n))
        return CV_EINVAL;
    if (m->groups.at[rule.group].map < 0 && rule.shape != SCH_LOAD)
        return CV_EINVAL;
    SCH_VEC_MORE(m->group_rules, rc);
    if (rc)
        return rc;
    m->group_rules.at[m->group_rules.n++] = rule;
    return CV_OK;
}

int sch_place_load(sch_place_model_t *m, int rule, int factor, int group, int cap, bool squared)
{
    if (cap < 0)
        return CV_EINVAL;
    return group_rule(
        m, (sch_group_rule_t){
               .shape = SCH_LOAD, .group = group, .rule = rule, .factor = factor, .high = cap, .squared = squared});
}

int sch_place_distinct(sch_place_model_t *m, int rule, int factor, int group, int low, int high)
{
    if (low < 0 || high < low)
        return CV_EINVAL;
    return group_rule(
        m, (sch_group_rule_t){
               .shape = SCH_DISTINCT, .group = group, .rule = rule, .factor = factor, .low = low, .high = high});
}

int sch_place_lonely(sch_place_model_t *m, int rule, int factor, int group)
{
    return group_rule(m, (sch_group_rule_t){.shape = SCH_LONELY, .group = group, .rule = rule, .factor = factor});
}

int sch_place_gaps(sch_place_model_t *m, int rule, int factor, int group)
{
    if (!within(group, m->groups.n))
        return CV_EINVAL;
    if (m->groups.at[group].keys > 64)
        return CV_ELIMIT;
    return group_rule(m, (sch_group_rule_t){.shape = SCH_GAPS, .group = group, .rule = rule, .factor = factor});
}

int sch_place_present(sch_place_model_t *m, int rule, int group, const int *factors)
{
    if (!within(group, m->groups.n))
        return CV_EINVAL;
    int *copy = copied(factors, m->groups.at[group].keys);
    if (!copy)
        return CV_ENOMEM;
    int rc = group_rule(
        m, (sch_group_rule_t){.shape = SCH_PRESENT, .group = group, .rule = rule, .factor = 1, .factors = copy});
    if (rc)
        free(copy);
    return rc;
}

int sch_place_product(sch_place_model_t *m, int rule, int factor, int group_a, int group_b)
{
    if (group_a == group_b || !within(group_a, m->groups.n) || !within(group_b, m->groups.n) ||
        m->groups.at[group_a].outers != m->groups.at[group_b].outers)
        return CV_EINVAL;
    return group_rule(m, (sch_group_rule_t){
                             .shape = SCH_PRODUCT, .group = group_a, .rule = rule, .factor = factor, .other = group_b});
}

int sch_place_field(sch_place_model_t *m, int rule, int factor, const int *items, int items_n, int relation)
{
    int rc = CV_OK;
    if (m->frozen || !within(rule, m->rules.n) || !within(relation, m->relations.n) || items_n < 2)
        return CV_EINVAL;
    for (int k = 0; k < items_n; ++k)
        if (!within(items[k], m->items.n))
            return CV_EINVAL;
    SCH_VEC_MORE(m->fields, rc);
    if (rc)
        return rc;
    int *copy = copied(items, items_n);
    if (!copy)
        return CV_ENOMEM;
    m->fields.at[m->fields.n++] = (sch_field_t){rule, factor, relation, copy, items_n, 0};
    return CV_OK;
}

int sch_place_rank(sch_place_model_t *m, int rule, int factor, const int *items, const int *ranks, int items_n,
                   int order_map)
{
    int rc = CV_OK;
    if (m->frozen || !within(rule, m->rules.n) || !within(order_map, m->maps.n) || items_n < 1)
        return CV_EINVAL;
    for (int k = 0; k < items_n; ++k)
        if (!within(items[k], m->items.n))
            return CV_EINVAL;
    SCH_VEC_MORE(m->ranks, rc);
    if (rc)
        return rc;
    int *copy = copied(items, items_n), *wanted = copied(ranks, items_n);
    if (!copy || !wanted) {
        free(copy);
        free(wanted);
        return CV_ENOMEM;
    }
    m->ranks.at[m->ranks.n++] = (sch_rank_t){rule, factor, order_map, copy, wanted, items_n};
    return CV_OK;
}

int sch_place_burden(sch_place_model_t *m, int rule, int members, int divisor)
{
    if (m->frozen || !within(rule, m->rules.n) || members < 1 || divisor < 1 || m->burden_rule >= 0)
        return CV_EINVAL;
    m->burden_rule = rule;
    m->burden_members = members;
    m->burden_divisor = divisor;
    return CV_OK;
}

int sch_place_burden_of(sch_place_model_t *m, int profile, const int *loads)
{
    if (m->frozen || !within(profile, m->profiles.n) || m->burden_rule < 0)
        return CV_EINVAL;
    const int *copy = kept(m, loads, m->times * m->burden_members);
    if (!copy)
        return CV_ENOMEM;
    m->profiles.at[profile].loads = copy;
    return CV_OK;
}

int sch_place_blocks(sch_place_model_t *m, int blocks, const int *block, const int *slot)
{
    if (m->frozen || !m->times || blocks < 1 || m->block)
        return CV_EINVAL;
    for (int p = 0; p < m->places; ++p)
        if (block[p] < -1 || block[p] >= blocks || slot[p] < 0)
            return CV_EINVAL;
    m->block = copied(block, m->places);
    m->slot = copied(slot, m->places);
    if (!m->block || !m->slot)
        return CV_ENOMEM;
    m->blocks = blocks;
    return CV_OK;
}

int sch_place_freeze(sch_place_model_t *m)
{
    if (m->frozen || !m->times)
        return CV_EINVAL;
    int rc = sch_place_model_compile(m);
    if (!rc)
        m->frozen = true;
    return rc;
}

int sch_place_items_n(const sch_place_model_t *m)
{
    return m->items.n;
}

int sch_place_places_n(const sch_place_model_t *m)
{
    return m->places;
}

int sch_place_times_n(const sch_place_model_t *m)
{
    return m->times;
}

int sch_place_rooms_n(const sch_place_model_t *m)
{
    return m->rooms;
}

int sch_place_time_of(const sch_place_model_t *m, int place)
{
    return place / m->rooms;
}

int sch_place_room_of(const sch_place_model_t *m, int place)
{
    return place % m->rooms;
}

const sch_place_item_t *sch_place_item_at(const sch_place_model_t *m, int item)
{
    return &m->items.at[item];
}

const sch_rule_t *sch_place_rule_at(const sch_place_model_t *m, int rule)
{
    return &m->rules.at[rule];
}

const int *sch_place_candidates(const sch_place_model_t *m, int item, int *ret_n)
{
    return sch_candidates(m, item, ret_n);
}

int sch_score_compare(const sch_score_t *a, const sch_score_t *b)
{
    for (int level = 0; level < SCH_LEVELS; ++level)
        if (a->v[level] != b->v[level])
            return a->v[level] < b->v[level] ? -1 : 1;
    return 0;
}
