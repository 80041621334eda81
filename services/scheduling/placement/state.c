/* state: a plan's counters: made, moved, taken back. What a move costs is evaluate.c's.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/placement/state.h"
#include "scheduling/placement/evaluate.h"
#include "scheduling/placement/groups.h"

#include <assert.h>
#include <string.h>

/* What costs something while everything is nowhere. */
static void count_nothing(sch_place_state_t *s)
{
    const sch_place_model_t *m = s->model;
    for (int i = 0; i < m->items.n; ++i) {
        const sch_place_item_t *item = &m->items.at[i];
        if (item->unplaced_rule < 0)
            continue;
        const sch_rule_t *rule = &m->rules.at[item->unplaced_rule];
        s->score.v[rule->level] += (int64_t)rule->weight * item->unplaced_factor;
    }
    for (int k = 0; k < m->group_rules.n; ++k) {
        const sch_group_rule_t *r = &m->group_rules.at[k];
        if (r->shape != SCH_DISTINCT)
            continue;
        int64_t cost = r->weight * r->low * m->groups.at[r->group].outers;
        s->score.v[r->level] += cost;
        s->dear.v[r->level] += cost;
    }
}

static void *zeros(int n, size_t size)
{
    return calloc((size_t)(n ? n : 1), size);
}

sch_place_state_t *sch_place_state_new(const sch_place_model_t *m)
{
    if (!m->frozen)
        return NULL;
    sch_place_state_t *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->model = m;
    s->place = malloc((size_t)(m->items.n + 1) * sizeof(int));
    s->pair = calloc((size_t)(m->items.n + 1) * (size_t)m->times, sizeof *s->pair);
    s->taken = zeros(m->rooms * m->ticks, sizeof(int));
    s->who = zeros(m->rooms * m->ticks, sizeof(int));
    s->count = zeros(m->counts_n, sizeof(int));
    s->distinct = zeros(m->distincts_n, sizeof(int));
    s->mask = zeros(m->masks_n, sizeof(uint64_t));
    s->field = zeros(m->fields_n, sizeof(int));
    s->burden = zeros(m->burden_members, sizeof(int64_t));
    s->moved = zeros(SCH_PLACE_STEPS_MAX, sizeof *s->moved);
    s->is_moved = zeros(m->items.n, sizeof(bool));
    if (!s->place || !s->pair || !s->taken || !s->who || !s->count || !s->distinct || !s->mask || !s->field ||
        !s->burden || !s->moved || !s->is_moved) {
        sch_place_state_destroy(&s);
        return NULL;
    }
    for (int i = 0; i < m->items.n; ++i)
        s->place[i] = SCH_PLACE_NOWHERE;
    count_nothing(s);
    return s;
}

void sch_place_state_destroy(sch_place_state_t **state)
{
    sch_place_state_t *s = *state;
    if (!s)
        return;
    void *all[] = {s->place, s->pair,  s->taken,  s->who,   s->count,   s->distinct,
                   s->mask,  s->field, s->burden, s->moved, s->is_moved};
    for (size_t i = 0; i < sizeof all / sizeof *all; ++i)
        free(all[i]);
    free(s);
    *state = NULL;
}

int sch_place_of(const sch_place_state_t *s, int item)
{
    return s->place[item];
}

const sch_score_t *sch_place_score(const sch_place_state_t *s)
{
    return &s->score;
}

/* ---- counters ---- */

static void occupy(sch_place_state_t *s, int item, int place, int sign)
{
    const sch_place_model_t *m = s->model;
    int room = m->room_of[place];
    sch_span_t span = sch_span_of(m, item, m->time_of[place]);
    span.last += m->room_turn[room];
    if (span.last > m->ticks)
        span.last = m->ticks;
    for (int k = span.first; k < span.last; ++k) {
        s->taken[room * m->ticks + k] += sign;
        s->who[room * m->ticks + k] += sign * (item + 1);
    }
}

static void use_key(sch_place_state_t *s, const sch_group_t *g, int key, int demand)
{
    int *count = &s->count[g->count_at + key],
        *distinct = &s->distinct[g->distinct_at + (g->outer ? g->outer[key] : 0)];
    uint64_t *mask = &s->mask[g->mask_at + (key >> 6)], bit = UINT64_C(1) << (key & 63);
    bool before = *count > 0;
    *count += demand;
    bool after = *count > 0;
    if (before == after)
        return;
    *distinct += after ? 1 : -1;
    *mask ^= bit;
}

static void occupy_ticks(sch_place_state_t *s, const sch_member_t *member, int place, int sign)
{
    if (place < 0)
        return;
    sch_span_t span = sch_span_of(s->model, member->item, s->model->time_of[place]);
    for (int tick = span.first; tick < span.last; ++tick)
        s->count[member->count_at + tick] += sign * member->demand;
}

static void change_groups(sch_place_state_t *s, int item, int from, int to)
{
    const sch_place_model_t *m = s->model;
    sch_keys_t keys = {0};
    for (int k = m->members_at[item]; k < m->members_at[item + 1]; ++k) {
        const sch_member_t *member = &m->members.at[k];
        if (!member->key) {
            occupy_ticks(s, member, from, -1);
            occupy_ticks(s, member, to, 1);
            continue;
        }
        sch_keys_find(&keys, member, from, to);
        if (keys.x == keys.y)
            continue;
        const sch_group_t *g = &m->groups.at[member->group];
        if (keys.x >= 0)
            use_key(s, g, keys.x, -member->demand);
        if (keys.y >= 0)
            use_key(s, g, keys.y, member->demand);
    }
}

static void radiate(sch_place_state_t *s, int item, int place, int sign)
{
    const sch_place_model_t *m = s->model;
    int time = m->time_of[place];
    for (int k = m->parts_at[item]; k < m->parts_at[item + 1] && m->parts.at[k].kind == SCH_IN_FIELD; ++k) {
        const sch_field_t *field = &m->fields.at[m->parts.at[k].index];
        const sch_relation_t *r = &m->relations.at[field->relation];
        int *sums = s->field + field->field_at;
        for (int x = r->lo[time]; x < r->hi[time]; ++x)
            sums[x] += sign * sch_relation_value(r, time, x);
    }
}

static void bear(sch_place_state_t *s, int item, int place, int sign)
{
    const sch_place_model_t *m = s->model;
    const int *loads = m->profiles.at[m->items.at[item].profile].loads;
    if (!loads)
        return;
    loads += m->time_of[place] * m->burden_members;
    for (int k = 0; k < m->burden_members; ++k)
        s->burden[k] += sign * loads[k];
}

/* Everything but the table of pairs. */
static void change_counters(sch_place_state_t *s, int item, int from, int to)
{
    for (int k = 0; k < 2; ++k) {
        int place = k ? to : from, sign = k ? 1 : -1;
        if (place < 0)
            continue;
        occupy(s, item, place, sign);
        radiate(s, item, place, sign);
        bear(s, item, place, sign);
    }
    change_groups(s, item, from, to);
    s->place[item] = to;
}

static void tell_neighbours(sch_place_state_t *s, int item, int time, int sign)
{
    const sch_place_model_t *m = s->model;
    for (int k = m->edges_at[item]; k < m->edges_any_end[item]; ++k) {
        const sch_edge_t *e = &m->edges[k];
        const sch_relation_t *r = &m->relations.at[e->relation];
        const int16_t *row = r->table + r->off + time * r->stride;
        sch_cost_t *sums = s->pair + (size_t)e->other * (size_t)m->times;
        int weight = sign * e->weight;
        for (int x = r->lo[time]; x < r->hi[time]; ++x)
            sums[x].v[e->level] += weight * row[x];
    }
}

/* ---- changes ---- */

bool sch_place_step(sch_place_state_t *s, int item, int to)
{
    if (s->moved_n == SCH_PLACE_STEPS_MAX || s->is_moved[item])
        return false;
    sch_score_t cheap, dear;
    int from = s->place[item];
    sch_place_delta_cheap(s, item, to, &cheap);
    sch_place_delta_dear(s, item, to, &dear);
    if (!s->moved_n) {
        s->before = s->score;
        s->dear_before = s->dear;
    }
    for (int level = 0; level < SCH_LEVELS; ++level) {
        s->score.v[level] += cheap.v[level] + dear.v[level];
        s->dear.v[level] += dear.v[level];
    }
    change_counters(s, item, from, to);
    s->moved[s->moved_n++] = (sch_moved_t){item, from};
    s->is_moved[item] = true;
    return true;
}

void sch_place_commit(sch_place_state_t *s)
{
    const sch_place_model_t *m = s->model;
    for (int k = 0; k < s->moved_n; ++k) {
        int item = s->moved[k].item, from = s->moved[k].from, to = s->place[item];
        int a = from < 0 ? -1 : m->time_of[from], b = to < 0 ? -1 : m->time_of[to];
        s->is_moved[item] = false;
        if (a == b)
            continue;
        if (a >= 0)
            tell_neighbours(s, item, a, -1);
        if (b >= 0)
            tell_neighbours(s, item, b, 1);
    }
    s->moved_n = 0;
}

void sch_place_rollback(sch_place_state_t *s)
{
    if (!s->moved_n)
        return;
    while (s->moved_n) {
        const sch_moved_t *moved = &s->moved[--s->moved_n];
        change_counters(s, moved->item, s->place[moved->item], moved->from);
        s->is_moved[moved->item] = false;
    }
    s->score = s->before;
    s->dear = s->dear_before;
}

void sch_place_put(sch_place_state_t *s, int item, int to)
{
    assert(!s->moved_n);
    if (s->place[item] == to)
        return;
    bool stepped = sch_place_step(s, item, to);
    assert(stepped);
    (void)stepped;
    sch_place_commit(s);
}

void sch_place_put_all(sch_place_state_t *s, const int *places)
{
    for (int i = 0; i < s->model->items.n; ++i)
        sch_place_put(s, i, places[i]);
}

/* ---- answers ---- */

typedef struct {
    sch_reason_t *reasons;
    int n, max;
} reasons_t;

static bool dearer(const sch_reason_t *a, const sch_reason_t *b)
{
    if (a->level != b->level)
        return a->level < b->level;
    return a->cost > b->cost;
}

static void note_reason(void *arg, int rule, int other, sch_level_t level, int64_t cost)
{
    reasons_t *r = arg;
    sch_reason_t reason = {rule, other, level, cost};
    int kept = r->n < r->max ? r->n : r->max, cheapest = 0;
    for (int k = 0; k < kept; ++k) {
        if (r->reasons[k].rule == rule && r->reasons[k].other == other) {
            r->reasons[k].cost += cost;
            return;
        }
        if (dearer(&r->reasons[cheapest], &r->reasons[k]))
            cheapest = k;
    }
    ++r->n;
    if (kept < r->max)
        r->reasons[kept] = reason;
    else if (kept && dearer(&reason, &r->reasons[cheapest]))
        r->reasons[cheapest] = reason;
}

/* Without what came to nothing, dearest first. Few, and equals stay in the order they were found. */
static int sorted(reasons_t *r)
{
    int kept = r->n < r->max ? r->n : r->max, n = 0;
    for (int k = 0; k < kept; ++k) {
        sch_reason_t reason = r->reasons[k];
        int at = n;
        if (!reason.cost)
            continue;
        while (at > 0 && dearer(&reason, &r->reasons[at - 1])) {
            r->reasons[at] = r->reasons[at - 1];
            --at;
        }
        r->reasons[at] = reason;
        ++n;
    }
    return n + r->n - kept;
}

int sch_place_explain(sch_place_state_t *s, int item, int at, sch_reason_t *ret_reasons, int reasons_max)
{
    reasons_t r = {ret_reasons, 0, reasons_max};
    const sch_place_item_t *it = &s->model->items.at[item];
    if (s->moved_n)
        return 0;
    if (it->unplaced_rule >= 0) { /* which the way from nowhere to the place takes off again */
        const sch_rule_t *rule = &s->model->rules.at[it->unplaced_rule];
        note_reason(&r, it->unplaced_rule, -1, rule->level, (int64_t)rule->weight * it->unplaced_factor);
    }
    if (at >= 0) {
        sch_place_step(s, item, SCH_PLACE_NOWHERE);
        sch_place_note_delta(s, item, SCH_PLACE_NOWHERE, at, note_reason, &r);
        sch_place_rollback(s);
    }
    return sorted(&r);
}

int sch_place_best_fits(sch_place_state_t *s, int item, sch_fit_t *ret_fits, int fits_max)
{
    int candidates_n, n = 0;
    const int *candidates = sch_place_candidates(s->model, item, &candidates_n);
    for (int k = 0; k < candidates_n; ++k) {
        sch_fit_t fit = {.place = candidates[k]};
        sch_place_delta(s, item, candidates[k], &fit.delta);
        if (n == fits_max && (n == 0 || sch_score_compare(&fit.delta, &ret_fits[n - 1].delta) >= 0))
            continue;
        int at = n < fits_max ? n++ : n - 1;
        while (at > 0 && sch_score_compare(&fit.delta, &ret_fits[at - 1].delta) < 0) {
            ret_fits[at] = ret_fits[at - 1];
            --at;
        }
        ret_fits[at] = fit;
    }
    return n;
}
