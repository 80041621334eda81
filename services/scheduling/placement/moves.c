/* moves: changes of more than one item: exchange, eject, Kempe chain, one room for all, whole blocks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each is a row of steps on the state; who proposed it looks at the score and commits or rolls back. All keep items
 * within their candidates, so what is hard about single items never comes back.
 */
#include "scheduling/placement/search.h"

#include <string.h>

static bool are_twins(const sch_search_t *search, int a, int b)
{
    const sch_place_item_t *items = search->model->items.at;
    return items[a].twin >= 0 && items[a].twin == items[b].twin;
}

sch_proposal_t sch_move_swap(sch_search_t *search, int a, int b, int64_t early, sch_score_t *ret_delta)
{
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    int x = s->place[a], y = s->place[b];
    if (x < 0 || y < 0 || m->items.at[b].pinned)
        return SCH_NOTHING;
    if (are_twins(search, a, b))
        return SCH_NOTHING;
    if (!sch_is_candidate(m, b, x) || !sch_is_candidate(m, a, y))
        return SCH_NOTHING;
    sch_swap_t known = sch_place_swap_delta(s, a, b, &search->energy, early, ret_delta);
    if (known == SCH_SWAP_DEAR)
        return SCH_NOTHING;
    if (known == SCH_SWAP_KNOWN)
        return SCH_SWAP;
    sch_place_step(s, a, y);
    sch_place_step(s, b, x);
    return SCH_COMPOUND;
}

bool sch_move_eject(sch_search_t *search, int item, int place)
{
    enum { EJECTED_MAX = 8 };
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    int time = m->time_of[place], occupant = sch_place_occupant(s, place, item), n = 0;
    if (occupant >= 0 && occupant != item) {
        if (m->items.at[occupant].pinned)
            return false;
        sch_place_step(s, occupant, SCH_PLACE_NOWHERE);
        ++n;
    }
    for (int k = m->edges_at[item]; k < m->edges_any_end[item]; ++k) {
        const sch_edge_t *e = &m->edges[k];
        int there = s->place[e->other];
        if (e->level != SCH_HARD || there < 0 || e->weight <= 0 || m->items.at[e->other].pinned)
            continue;
        if (sch_relation_value(&m->relations.at[e->relation], time, m->time_of[there]) <= 0)
            continue;
        if (++n > EJECTED_MAX || !sch_place_step(s, e->other, SCH_PLACE_NOWHERE)) {
            sch_place_rollback(s);
            return false;
        }
    }
    if (sch_place_step(s, item, place))
        return true;
    sch_place_rollback(s);
    return false;
}

/* Everything that heavy pairs or a room chain to the item between its time and another one changes sides. Rooms stay.
 *
 * Heavy is what the search would hardly accept to break as hot as it is now: always what is hard, and what is soft but
 * dear as soon as it has cooled below it. Without the latter a plan whose conflicts are all soft freezes with one of
 * them left, and no exchange of two can mend it. */
bool sch_move_chain(sch_search_t *search, int item, int time)
{
    enum { CHAIN_MAX = 48 };
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    if (s->place[item] < 0)
        return false;
    int home = m->time_of[s->place[item]], n = 0;
    if (home == time)
        return false;
    search->queue[n++] = item;
    for (int k = 0; k < n; ++k) {
        int one = search->queue[k], room = m->room_of[s->place[one]];
        int side = m->time_of[s->place[one]] == home ? time : home, place = side * m->rooms + room;
        int found[2] = {sch_place_occupant(s, place, one), -1};
        if (m->items.at[one].pinned || !sch_is_candidate(m, one, place))
            return false;
        for (int e = m->edges_at[one]; e <= m->edges_any_end[one]; ++e) {
            int other = found[0]; /* the occupant comes last */
            if (e < m->edges_any_end[one]) {
                other = m->edges[e].other;
                if (search->energy.weight[m->edges[e].level] * m->edges[e].weight < search->heavy ||
                    s->place[other] < 0 || m->time_of[s->place[other]] != side ||
                    sch_relation_value(&m->relations.at[m->edges[e].relation], side, side) <= 0)
                    continue;
            }
            if (other < 0 || m->time_of[s->place[other]] != side)
                continue;
            int known = 0;
            while (known < n && search->queue[known] != other)
                ++known;
            if (known < n)
                continue;
            if (n == CHAIN_MAX)
                return false;
            search->queue[n++] = other;
        }
    }
    if (n == 2 && are_twins(search, item, search->queue[1]) &&
        m->room_of[s->place[item]] == m->room_of[s->place[search->queue[1]]])
        return false;
    for (int k = 0; k < n; ++k) {
        int one = search->queue[k], from = s->place[one];
        sch_place_step(s, one, (m->time_of[from] == home ? time : home) * m->rooms + m->room_of[from]);
    }
    return true;
}

/* A group of the item's that wants few different rooms; -1: none. */
static int room_group(sch_search_t *search, int item)
{
    const sch_place_model_t *m = search->model;
    int first = m->members_time_end[item], n = m->members_room_end[item] - first;
    if (n == 0)
        return -1;
    int g = m->members.at[first + sch_random_below(&search->random, n)].group;
    for (int q = m->groups.at[g].rules_at; q < m->groups.at[g].rules_at + m->groups.at[g].rules_n; ++q)
        if (m->group_rules.at[q].shape == SCH_DISTINCT)
            return g;
    return -1;
}

/* One to a room at its time; who is there takes the room that becomes free. */
static bool change_rooms(sch_search_t *search, int item, int room)
{
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    int from = s->place[item], to = m->time_of[from] * m->rooms + room, other = sch_place_occupant(s, to, item);
    if (m->items.at[item].pinned || !sch_is_candidate(m, item, to) || !sch_place_step(s, item, to))
        return false;
    if (other < 0 || other == item)
        return true;
    return m->time_of[s->place[other]] == m->time_of[from] && !m->items.at[other].pinned &&
           sch_is_candidate(m, other, from) && sch_place_step(s, other, from);
}

bool sch_move_gather(sch_search_t *search, int item)
{
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    int g = room_group(search, item);
    if (g < 0)
        return false;
    const int *items = m->group_items + m->group_at[g];
    int n = m->group_at[g + 1] - m->group_at[g], like = s->place[items[sch_random_below(&search->random, n)]];
    if (like < 0)
        return false;
    for (int k = 0; k < n; ++k) {
        int at = s->place[items[k]];
        if (at >= 0 && m->room_of[at] != m->room_of[like] && !change_rooms(search, items[k], m->room_of[like])) {
            sch_place_rollback(s);
            return false;
        }
    }
    return s->moved_n > 0;
}

/* The items that begin in a block, in order of slot. -1: a room is held twice, or something there is pinned. */
static int contents(const sch_search_t *search, int block, int *ret_items, int max)
{
    const sch_place_model_t *m = search->model;
    const sch_place_state_t *s = search->state;
    int n = 0;
    for (int k = m->block_at[block]; k < m->block_at[block + 1]; ++k) {
        int place = m->block_places[k], tick = m->classes.at[0][m->time_of[place]].first, room = m->room_of[place];
        int taken = s->taken[room * m->ticks + tick];
        if (!taken)
            continue;
        int item = s->who[room * m->ticks + tick] - 1;
        if (taken > 1 || n == max || m->items.at[item].pinned)
            return -1;
        if (s->place[item] == place)
            ret_items[n++] = item;
    }
    return n;
}

/* Puts items one after the other into a block, each at its slot if it can, else at the first that is free. */
static bool fill(sch_search_t *search, int block, const int *items, const int *slots, int n)
{
    const sch_place_model_t *m = search->model;
    int at = m->block_at[block], free_from = -1;
    for (int k = 0; k < n; ++k) {
        int found = -1;
        for (int pass = 0; pass < 2 && found < 0; ++pass) {
            for (int q = at; q < m->block_at[block + 1] && found < 0; ++q) {
                int place = m->block_places[q];
                if (pass == 0 && m->slot[place] != slots[k])
                    continue;
                if (sch_span_of(m, items[k], m->time_of[place]).first < free_from ||
                    !sch_is_candidate(m, items[k], place))
                    continue;
                found = q;
            }
        }
        if (found < 0)
            return false;
        int place = m->block_places[found];
        free_from = sch_span_of(m, items[k], m->time_of[place]).last;
        at = found + 1;
        if (!sch_place_step(search->state, items[k], place))
            return false;
    }
    return true;
}

bool sch_move_block(sch_search_t *search, int block_a, int block_b)
{
    enum { BLOCK_MAX = 64 };
    const sch_place_model_t *m = search->model;
    int a[BLOCK_MAX], b[BLOCK_MAX], a_slots[BLOCK_MAX], b_slots[BLOCK_MAX];
    if (block_a == block_b)
        return false;
    int a_n = contents(search, block_a, a, BLOCK_MAX), b_n = contents(search, block_b, b, BLOCK_MAX);
    if (a_n < 0 || b_n < 0 || a_n + b_n == 0)
        return false;
    for (int k = 0; k < a_n; ++k)
        a_slots[k] = m->slot[search->state->place[a[k]]];
    for (int k = 0; k < b_n; ++k)
        b_slots[k] = m->slot[search->state->place[b[k]]];
    if (fill(search, block_b, a, a_slots, a_n) && fill(search, block_a, b, b_slots, b_n))
        return true;
    sch_place_rollback(search->state);
    return false;
}
