/* evaluate: what a move changes, rule by rule, and the counters that make it quick to know.
 * SPDX-License-Identifier: Apache-2.0
 *
 * delta is written once and compiled twice: for the search, which wants three sums, and with a note of each part, for
 * explanations. The second goes through an item's pairs one by one where the first reads the sum of all of them.
 *
 * Pending steps are in every counter but the table of pairs, which is dear to write. So a delta between two steps adds,
 * for each pending item, what its pair with the moving one costs now instead of before.
 */
#include "scheduling/placement/evaluate.h"
#include "scheduling/placement/groups.h"

#include <string.h>

#define INLINED static inline __attribute__((always_inline))

typedef struct {
    sch_score_t sum;
    sch_note_f *note;
    void *arg;
} tally_t;

INLINED void add(tally_t *t, const bool noting, int level, int64_t cost, int rule, int other)
{
    t->sum.v[level] += cost;
    if (noting && cost)
        t->note(t->arg, rule, other, (sch_level_t)level, cost);
}

/* ---- prices ---- */

static void note_prices(const sch_place_model_t *m, const sch_profile_t *p, int place, int sign, tally_t *t)
{
    for (int k = 0; k < p->prices.n; ++k) {
        const sch_price_t *price = &p->prices.at[k];
        int x = price->axis == SCH_AXIS_TIME   ? m->time_of[place]
                : price->axis == SCH_AXIS_ROOM ? m->room_of[place]
                                               : place;
        const sch_rule_t *rule = &m->rules.at[price->rule];
        add(t, true, rule->level, (int64_t)sign * rule->weight * price->factors[x], price->rule, -1);
    }
}

INLINED void place_prices(const sch_place_model_t *m, int item, int place, int sign, tally_t *t)
{
    const sch_profile_t *p = &m->profiles.at[m->items.at[item].profile];
    if (place < 0)
        return;
    const sch_cost_t *time = &p->times[m->time_of[place]], *room = &p->rooms[m->room_of[place]];
    for (int level = 0; level < SCH_LEVELS; ++level) {
        t->sum.v[level] += (int64_t)sign * (time->v[level] + room->v[level]);
        if (p->places)
            t->sum.v[level] += (int64_t)sign * p->places[place].v[level];
    }
}

INLINED void unplaced_price(const sch_place_model_t *m, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_place_item_t *it = &m->items.at[item];
    if (it->unplaced_rule < 0 || (from < 0) == (to < 0))
        return;
    const sch_rule_t *rule = &m->rules.at[it->unplaced_rule];
    int64_t cost = (int64_t)rule->weight * it->unplaced_factor;
    add(t, noting, rule->level, to < 0 ? cost : -cost, it->unplaced_rule, -1);
}

INLINED void prices(const sch_place_model_t *m, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_profile_t *p = &m->profiles.at[m->items.at[item].profile];
    if (noting) {
        if (from >= 0)
            note_prices(m, p, from, -1, t);
        if (to >= 0)
            note_prices(m, p, to, 1, t);
    } else {
        place_prices(m, item, from, -1, t);
        place_prices(m, item, to, 1, t);
    }
    unplaced_price(m, item, from, to, t, noting);
}

/* ---- pairs ---- */

/* The first edge of cond ANY to another item, or the end of the list. */
static const sch_edge_t *edge_to(const sch_place_model_t *m, int item, int other, const sch_edge_t **ret_end)
{
    const sch_edge_t *low = m->edges + m->edges_at[item], *high = m->edges + m->edges_any_end[item];
    *ret_end = high;
    while (low < high) {
        const sch_edge_t *mid = low + (high - low) / 2;
        if (mid->other < other)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool linked(const sch_place_model_t *m, int item, int other)
{
    size_t bit = (size_t)item * (size_t)m->items.n + (size_t)other;
    return m->linked[bit / 64] >> (bit % 64) & 1;
}

static int at(const sch_relation_t *r, int a, int b)
{
    return a < 0 || b < 0 ? 0 : sch_relation_value(r, a, b);
}

/* The table of pairs has the pending item where it was; count it where it is. */
static void correct_pairs(const sch_place_state_t *s, int item, int a, int b, tally_t *t)
{
    const sch_place_model_t *m = s->model;
    for (int k = 0; k < s->moved_n; ++k) {
        int other = s->moved[k].item;
        if (!linked(m, item, other))
            continue;
        const sch_edge_t *end, *e = edge_to(m, item, other, &end);
        if (e == end || e->other != other)
            continue;
        int was = s->moved[k].from < 0 ? -1 : m->time_of[s->moved[k].from];
        int is = s->place[other] < 0 ? -1 : m->time_of[s->place[other]];
        for (; e < end && e->other == other; ++e) {
            const sch_relation_t *r = &m->relations.at[e->relation];
            t->sum.v[e->level] += (int64_t)e->weight * (at(r, b, is) - at(r, b, was) - at(r, a, is) + at(r, a, was));
        }
    }
}

static void note_pairs(const sch_place_state_t *s, int item, int from, int to, tally_t *t)
{
    const sch_place_model_t *m = s->model;
    for (int k = m->pairs_at[item]; k < m->pairs_at[item + 1]; ++k) {
        const sch_pair_t *pair = &m->pairs.at[m->pairs_of[k]];
        bool first = pair->a == item;
        int other = first ? pair->b : pair->a, there = s->place[other];
        if (pair->cond != SCH_ROOM_ANY || there < 0)
            continue;
        const sch_relation_t *r = &m->relations.at[first ? pair->relation : pair->relation ^ 1];
        const sch_rule_t *rule = &m->rules.at[pair->rule];
        int value = at(r, to < 0 ? -1 : m->time_of[to], m->time_of[there]) -
                    at(r, from < 0 ? -1 : m->time_of[from], m->time_of[there]);
        add(t, true, rule->level, (int64_t)rule->weight * pair->factor * value, pair->rule, other);
    }
}

INLINED void pairs(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    if (noting) {
        note_pairs(s, item, from, to, t);
        return;
    }
    const sch_place_model_t *m = s->model;
    int a = from < 0 ? -1 : m->time_of[from], b = to < 0 ? -1 : m->time_of[to];
    if (a == b)
        return;
    const sch_cost_t *row = s->pair + (size_t)item * (size_t)m->times;
    for (int level = 0; level < SCH_LEVELS; ++level)
        t->sum.v[level] += (b < 0 ? 0 : row[b].v[level]) - (a < 0 ? 0 : row[a].v[level]);
    if (s->moved_n)
        correct_pairs(s, item, a, b, t);
}

/* Pairs that ask for the rooms as well: few, one by one. */
INLINED void room_pairs(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_place_model_t *m = s->model;
    for (int k = m->edges_any_end[item]; k < m->edges_at[item + 1]; ++k) {
        const sch_edge_t *e = &m->edges[k];
        int there = s->place[e->other];
        if (there < 0)
            continue;
        const sch_relation_t *r = &m->relations.at[e->relation];
        int value = 0;
        if (to >= 0 && sch_cond_holds(m, e->cond, m->room_of[to], m->room_of[there]))
            value += sch_relation_value(r, m->time_of[to], m->time_of[there]);
        if (from >= 0 && sch_cond_holds(m, e->cond, m->room_of[from], m->room_of[there]))
            value -= sch_relation_value(r, m->time_of[from], m->time_of[there]);
        if (value)
            add(t, noting, e->level, (int64_t)e->weight * value, e->rule, e->other);
    }
}

/* ---- rooms ---- */

static sch_span_t room_span(const sch_place_model_t *m, int item, int place)
{
    sch_span_t span = sch_span_of(m, item, m->time_of[place]);
    span.last += m->room_turn[m->room_of[place]];
    if (span.last > m->ticks)
        span.last = m->ticks;
    return span;
}

INLINED void rooms(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_place_model_t *m = s->model;
    if (m->room_rule < 0)
        return;
    const sch_rule_t *rule = &m->rules.at[m->room_rule];
    int a = from < 0 ? -1 : m->room_of[from], b = to < 0 ? -1 : m->room_of[to];
    sch_span_t x = {0, 0}, y = {0, 0};
    int change = 0;
    if (a >= 0 && m->room_holds[a])
        x = room_span(m, item, from);
    if (b >= 0 && m->room_holds[b])
        y = room_span(m, item, to);
    for (int k = x.first; k < x.last; ++k) {
        if (a == b && k >= y.first && k < y.last)
            continue;
        change -= s->taken[a * m->ticks + k] > m->room_holds[a];
    }
    for (int k = y.first; k < y.last; ++k) {
        if (a == b && k >= x.first && k < x.last)
            continue;
        int taken = s->taken[b * m->ticks + k];
        if (taken < m->room_holds[b])
            continue;
        ++change;
        if (noting)
            add(t, true, rule->level, rule->weight, m->room_rule, taken == 1 ? s->who[b * m->ticks + k] - 1 : -1);
    }
    if (!noting)
        t->sum.v[rule->level] += (int64_t)rule->weight * change;
}

/* ---- groups ---- */

INLINED void span_load(const sch_place_state_t *s, const sch_group_t *g, const sch_member_t *member, int from, int to,
                       tally_t *t, const bool noting)
{
    const sch_place_model_t *m = s->model;
    const int *count = s->count + g->count_at;
    sch_span_t x = {0, 0}, y = {0, 0};
    if (from >= 0)
        x = sch_span_of(m, member->item, m->time_of[from]);
    if (to >= 0)
        y = sch_span_of(m, member->item, m->time_of[to]);
    for (int q = g->rules_at; q < g->rules_at + g->rules_n; ++q) {
        const sch_group_rule_t *r = &m->group_rules.at[q];
        int64_t change = 0;
        for (int k = x.first; k < x.last; ++k)
            if (k < y.first || k >= y.last)
                change += sch_load_cost(r, count[k] - member->demand) - sch_load_cost(r, count[k]);
        for (int k = y.first; k < y.last; ++k)
            if (k < x.first || k >= x.last)
                change += sch_load_cost(r, count[k] + member->demand) - sch_load_cost(r, count[k]);
        add(t, noting, r->level, r->weight * change, r->rule, -1);
    }
}

/* a and b: the member's keys before and after. */
INLINED void key_moves(const sch_place_state_t *s, const sch_member_t *member, int a, int b, tally_t *t,
                       const bool noting)
{
    if (a == b)
        return;
    const int *count = s->count + member->count_at;
    int gone = a >= 0 && count[a] == member->demand ? a : -1, come = b >= 0 && count[b] == 0 ? b : -1;
    const sch_place_model_t *m = s->model;
    const sch_group_t *g = &m->groups.at[member->group];
    if (gone < 0 && come < 0 && !g->loads)
        return;
    for (const sch_group_rule_t *r = m->group_rules.at + g->rules_at, *end = r + g->rules_n; r < end; ++r) {
        int64_t change = 0;
        if (r->shape == SCH_LOAD) {
            if (a >= 0)
                change += sch_load_cost(r, count[a] - member->demand) - sch_load_cost(r, count[a]);
            if (b >= 0)
                change += sch_load_cost(r, count[b] + member->demand) - sch_load_cost(r, count[b]);
        } else if (gone >= 0 || come >= 0) {
            change = sch_presence_change(s, g, r, gone, come);
        }
        add(t, noting, r->level, r->weight * change, r->rule, -1);
    }
}

INLINED void groups(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_place_model_t *m = s->model;
    const sch_member_t *all = m->members.at, *end = all + m->members_at[item + 1];
    const sch_member_t *times_end = all + m->members_time_end[item], *rooms_end = all + m->members_room_end[item];
    bool both = from >= 0 && to >= 0, same_time = both && m->time_of[from] == m->time_of[to],
         same_room = both && m->room_of[from] == m->room_of[to];
    sch_keys_t keys = {0};
    for (const sch_member_t *member = same_time ? times_end : all + m->members_at[item];; ++member) {
        if (member == times_end && same_room)
            member = rooms_end;
        if (member >= end)
            break;
        if (!member->key) {
            span_load(s, &m->groups.at[member->group], member, from, to, t, noting);
            continue;
        }
        sch_keys_find(&keys, member, from, to);
        key_moves(s, member, keys.x, keys.y, t, noting);
    }
}

/* ---- fields, ranks, any, burden ---- */

/* Ranked items that are not where they should be, if the item were at a place. */
static int misplaced(const sch_place_state_t *s, const sch_rank_t *rank, int item, int place)
{
    const int *order = s->model->maps.at[rank->map].key;
    int wrong = 0;
    for (int k = 0; k < rank->items_n; ++k) {
        if (!rank->ranks[k])
            continue;
        int mine = rank->items[k] == item ? place : s->place[rank->items[k]], position = 1;
        if (mine < 0)
            continue;
        for (int q = 0; q < rank->items_n; ++q) {
            int other = rank->items[q] == item ? place : s->place[rank->items[q]];
            position += other >= 0 && order[other] < order[mine];
        }
        wrong += position != rank->ranks[k];
    }
    return wrong;
}

static int missed(const sch_place_state_t *s, const sch_any_t *any, int item, int place)
{
    const sch_place_model_t *m = s->model;
    const sch_relation_t *r = &m->relations.at[any->relation];
    int mine = any->item == item ? place : s->place[any->item];
    if (mine < 0)
        return 0;
    for (int k = 0; k < any->others_n; ++k) {
        int other = any->others[k] == item ? place : s->place[any->others[k]];
        if (other >= 0 && sch_cond_holds(m, any->cond, m->room_of[mine], m->room_of[other]) &&
            sch_relation_value(r, m->time_of[mine], m->time_of[other]))
            return 0;
    }
    return 1;
}

static void note_field(const sch_place_state_t *s, const sch_field_t *field, int item, int a, int b, tally_t *t)
{
    const sch_rule_t *rule = &s->model->rules.at[field->rule];
    const sch_relation_t *r = &s->model->relations.at[field->relation];
    for (int k = 0; k < field->items_n; ++k) {
        int other = field->items[k], there = s->place[other];
        if (other == item || there < 0)
            continue;
        int time = s->model->time_of[there];
        add(t, true, rule->level, (int64_t)rule->weight * field->factor * (at(r, b, time) - at(r, a, time)),
            field->rule, other);
    }
}

INLINED void parts(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_place_model_t *m = s->model;
    int a = from < 0 ? -1 : m->time_of[from], b = to < 0 ? -1 : m->time_of[to];
    for (int k = m->parts_at[item]; k < m->parts_at[item + 1]; ++k) {
        const sch_part_t *part = &m->parts.at[k];
        int64_t change;
        int rule, factor = 1;
        if (part->kind == SCH_IN_FIELD) {
            const sch_field_t *field = &m->fields.at[part->index];
            if (noting) {
                note_field(s, field, item, a, b, t);
                continue;
            }
            const int *sums = s->field + field->field_at;
            const sch_relation_t *r = &m->relations.at[field->relation];
            change = (b < 0 ? 0 : sums[b] - at(r, b, a)) - (a < 0 ? 0 : sums[a] - at(r, a, a));
            rule = field->rule;
            factor = field->factor;
        } else if (part->kind == SCH_IN_RANK) {
            const sch_rank_t *rank = &m->ranks.at[part->index];
            change = misplaced(s, rank, item, to) - misplaced(s, rank, item, from);
            rule = rank->rule;
            factor = rank->factor;
        } else {
            const sch_any_t *any = &m->anys.at[part->index];
            change = missed(s, any, item, to) - missed(s, any, item, from);
            rule = any->rule;
        }
        add(t, noting, m->rules.at[rule].level, (int64_t)m->rules.at[rule].weight * factor * change, rule, -1);
    }
}

INLINED void burden(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    const sch_place_model_t *m = s->model;
    if (m->burden_rule < 0)
        return;
    const int *loads = m->profiles.at[m->items.at[item].profile].loads;
    if (!loads)
        return;
    const sch_rule_t *rule = &m->rules.at[m->burden_rule];
    int64_t change = 0, divisor = m->burden_divisor;
    for (int k = 0; k < m->burden_members; ++k) {
        int64_t more = (to < 0 ? 0 : loads[m->time_of[to] * m->burden_members + k]) -
                       (from < 0 ? 0 : loads[m->time_of[from] * m->burden_members + k]);
        if (more)
            change += (s->burden[k] + more) * (s->burden[k] + more) / divisor - s->burden[k] * s->burden[k] / divisor;
    }
    add(t, noting, rule->level, rule->weight * change, m->burden_rule, -1);
}

/* ---- together: what a few table look-ups say, and what needs more ---- */

INLINED void cheap(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    pairs(s, item, from, to, t, noting);
    prices(s->model, item, from, to, t, noting);
    rooms(s, item, from, to, t, noting);
}

/* Whether leaving would end a clash over a room. */
INLINED bool crowded(const sch_place_state_t *s, int item, int place)
{
    const sch_place_model_t *m = s->model;
    if (place < 0 || m->room_rule < 0)
        return false;
    int room = m->room_of[place], holds = m->room_holds[room];
    sch_span_t span = holds ? room_span(m, item, place) : (sch_span_t){0, 0};
    for (int k = span.first; k < span.last; ++k)
        if (s->taken[room * m->ticks + k] > holds)
            return true;
    return false;
}

/* Settles most of what a search looks at: what pairs and leaving say, before it is asked what the new place costs. That
 * can only add to it, but where something is rewarded; then only hard pairs are looked at. */
INLINED bool hopeless(const sch_place_model_t *m, const tally_t *t, const sch_energy_t *energy, int64_t early)
{
    return (m->rewards ? energy->weight[SCH_HARD] * t->sum.v[SCH_HARD] : sch_energy_of(energy, &t->sum)) > early;
}

INLINED void dear(const sch_place_state_t *s, int item, int from, int to, tally_t *t, const bool noting)
{
    room_pairs(s, item, from, to, t, noting);
    groups(s, item, from, to, t, noting);
    parts(s, item, from, to, t, noting);
    burden(s, item, from, to, t, noting);
}

void sch_place_delta(const sch_place_state_t *s, int item, int to, sch_score_t *ret_delta)
{
    tally_t t = {.note = NULL};
    int from = s->place[item];
    if (from != to) {
        cheap(s, item, from, to, &t, false);
        dear(s, item, from, to, &t, false);
    }
    *ret_delta = t.sum;
}

void sch_place_delta_cheap(const sch_place_state_t *s, int item, int to, sch_score_t *ret_delta)
{
    tally_t t = {.note = NULL};
    if (s->place[item] != to)
        cheap(s, item, s->place[item], to, &t, false);
    *ret_delta = t.sum;
}

bool sch_place_delta_below(const sch_place_state_t *s, int item, int to, const sch_energy_t *energy, int64_t early,
                           sch_score_t *ret_delta)
{
    tally_t t = {.note = NULL};
    int from = s->place[item];
    place_prices(s->model, item, from, -1, &t);
    unplaced_price(s->model, item, from, to, &t, false);
    pairs(s, item, from, to, &t, false);
    if (hopeless(s->model, &t, energy, early) && !crowded(s, item, from))
        return false;
    place_prices(s->model, item, to, 1, &t);
    rooms(s, item, from, to, &t, false);
    if (sch_energy_of(energy, &t.sum) > early)
        return false;
    dear(s, item, from, to, &t, false);
    *ret_delta = t.sum;
    return true;
}

void sch_place_delta_dear(const sch_place_state_t *s, int item, int to, sch_score_t *ret_delta)
{
    tally_t t = {.note = NULL};
    if (s->place[item] != to)
        dear(s, item, s->place[item], to, &t, false);
    *ret_delta = t.sum;
}

void sch_place_note_delta(const sch_place_state_t *s, int item, int from, int to, sch_note_f *note, void *arg)
{
    tally_t t = {.note = note, .arg = arg};
    cheap(s, item, from, to, &t, true);
    dear(s, item, from, to, &t, true);
}

/* ---- exchanges ---- */

/* Pairs, when two items exchange their times. */
INLINED void swap_pairs(const sch_place_state_t *s, int i, int j, tally_t *t)
{
    const sch_place_model_t *m = s->model;
    int a = m->time_of[s->place[i]], b = m->time_of[s->place[j]];
    if (a == b)
        return;
    const sch_cost_t *mine = s->pair + (size_t)i * (size_t)m->times, *its = s->pair + (size_t)j * (size_t)m->times;
    for (int level = 0; level < SCH_LEVELS; ++level)
        t->sum.v[level] += mine[b].v[level] - mine[a].v[level] + its[a].v[level] - its[b].v[level];
    if (!linked(m, i, j))
        return;
    const sch_edge_t *end, *e = edge_to(m, i, j, &end);
    for (; e < end && e->other == j; ++e) {
        const sch_relation_t *r = &m->relations.at[e->relation];
        t->sum.v[e->level] += (int64_t)e->weight * (at(r, b, a) + at(r, a, b) - at(r, b, b) - at(r, a, a));
    }
}

/* Groups of both, in which they are alike, do not notice. false: they are in one and not alike. */
static bool swap_groups(const sch_place_state_t *s, int i, int j, tally_t *t)
{
    const sch_place_model_t *m = s->model;
    int x = s->place[i], y = s->place[j];
    bool same_time = m->time_of[x] == m->time_of[y];
    const sch_member_t *a = m->members.at + (same_time ? m->members_time_end : m->members_at)[i],
                       *b = m->members.at + (same_time ? m->members_time_end : m->members_at)[j],
                       *a_end = m->members.at + m->members_at[i + 1], *b_end = m->members.at + m->members_at[j + 1];
    sch_keys_t keys = {0};
    while (a < a_end || b < b_end) {
        const sch_member_t *member;
        bool of_i = b == b_end || (a < a_end && a->order <= b->order);
        if (of_i && b < b_end && a->order == b->order) {
            if (a->offset != b->offset || a->demand != b->demand)
                return false;
            ++a;
            ++b;
            continue;
        }
        member = of_i ? a++ : b++;
        if (!member->key) {
            span_load(s, &m->groups.at[member->group], member, of_i ? x : y, of_i ? y : x, t, false);
            continue;
        }
        sch_keys_find(&keys, member, x, y);
        key_moves(s, member, of_i ? keys.x : keys.y, of_i ? keys.y : keys.x, t, false);
    }
    return true;
}

sch_swap_t sch_place_swap_delta(const sch_place_state_t *s, int i, int j, const sch_energy_t *energy, int64_t early,
                                sch_score_t *ret_delta)
{
    const sch_place_model_t *m = s->model;
    tally_t t = {.note = NULL};
    place_prices(m, i, s->place[i], -1, &t);
    place_prices(m, j, s->place[j], -1, &t);
    swap_pairs(s, i, j, &t);
    if (hopeless(m, &t, energy, early))
        return SCH_SWAP_DEAR;
    place_prices(m, i, s->place[j], 1, &t);
    place_prices(m, j, s->place[i], 1, &t);
    if (sch_energy_of(energy, &t.sum) > early)
        return SCH_SWAP_DEAR;
    /* Only where neither sees the other go: equally long, and nothing that joins them but pairs and groups. */
    if (m->profiles.at[m->items.at[i].profile].class_ != m->profiles.at[m->items.at[j].profile].class_ ||
        m->burden_rule >= 0 || m->parts_at[i + 1] > m->parts_at[i] || m->parts_at[j + 1] > m->parts_at[j] ||
        m->edges_any_end[i] < m->edges_at[i + 1] || m->edges_any_end[j] < m->edges_at[j + 1] ||
        !swap_groups(s, i, j, &t))
        return SCH_SWAP_UNKNOWN;
    *ret_delta = t.sum;
    return SCH_SWAP_KNOWN;
}
