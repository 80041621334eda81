/* check: proofs that no plan can place everything without breaking something hard, in words, before any search.
 * SPDX-License-Identifier: Apache-2.0
 *
 * anywhere  An item has no candidate. The sentence says how many places each rule takes from it.
 * both      A hard pair holds for every two times the two items could have.
 * all       Hall: a set of items needs different places and has fewer. Found by matching items to the (room, first
 *           tick) they would begin in: an item that cannot be matched, with all that is reached from it by alternating
 *           paths, is such a set, and the smallest that contains it.
 * carry     A group, or the rooms, ask for more ticks than there are in which its items could be, times what fits.
 *
 * All four are exact one way: what is reported cannot be. What is not reported may still be impossible.
 */
#include "scheduling/placement/inner.h"
#include "scheduling/placement/place.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const sch_place_model_t *model;
    sch_certificate_t *list;
    int n, max;
} findings_t;

static void say(sch_certificate_t *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(sch_certificate_t *c, const char *format, ...)
{
    size_t len = strlen(c->text);
    va_list args;
    va_start(args, format);
    vsnprintf(c->text + len, sizeof c->text - len, format, args);
    va_end(args);
}

static void name_items(const sch_place_model_t *m, sch_certificate_t *c)
{
    int named = c->items_n < SCH_PLACE_NAMED ? c->items_n : SCH_PLACE_NAMED;
    for (int k = 0; k < named; ++k)
        say(c, "%s%s", k ? ", " : "", m->items.at[c->items[k]].name);
    if (named < c->items_n)
        say(c, " and %d more", c->items_n - named);
}

static void add_item(sch_certificate_t *c, int item)
{
    if (c->items_n < SCH_PLACE_NAMED)
        c->items[c->items_n] = item;
    ++c->items_n;
}

static sch_certificate_t *found(findings_t *f, sch_cannot_t kind, int rule)
{
    if (f->n == f->max)
        return NULL;
    sch_certificate_t *c = &f->list[f->n++];
    *c = (sch_certificate_t){.kind = kind, .rule = rule};
    return c;
}

static int candidates_of(const sch_place_model_t *m, int item)
{
    return m->profiles.at[m->items.at[item].profile].candidates_n;
}

/* ---- anywhere ---- */

static void check_anywhere(findings_t *f)
{
    const sch_place_model_t *m = f->model;
    for (int i = 0; i < m->items.n; ++i) {
        const sch_profile_t *p = &m->profiles.at[m->items.at[i].profile];
        if (p->candidates_n)
            continue;
        sch_certificate_t *c = found(f, SCH_CANNOT_ANYWHERE, -1);
        if (!c)
            return;
        add_item(c, i);
        int ends = 0, said = 0;
        for (int t = 0; t < m->times; ++t)
            ends += m->classes.at[p->class_][t].first == m->classes.at[p->class_][t].last;
        say(c, "%s can be nowhere:", m->items.at[i].name);
        for (int k = 0; k < p->prices.n; ++k) {
            const sch_price_t *price = &p->prices.at[k];
            const sch_rule_t *rule = &m->rules.at[price->rule];
            int barred = 0;
            if (rule->level != SCH_HARD)
                continue;
            for (int place = 0; place < m->places; ++place)
                barred += price->factors[price->axis == SCH_AXIS_TIME   ? m->time_of[place]
                                         : price->axis == SCH_AXIS_ROOM ? m->room_of[place]
                                                                        : place] > 0;
            if (!barred)
                continue;
            if (c->rule < 0)
                c->rule = price->rule;
            say(c, "%s %s (%s) bars %d of %d places", said++ ? "," : "", rule->id, rule->text, barred, m->places);
        }
        if (ends)
            say(c, "%s it would not end in time from %d of %d starts", said ? "," : "", ends, m->times);
    }
}

/* ---- both ---- */

/* Times that an item has a candidate at, as a table of bool. */
static void times_of(const sch_place_model_t *m, int item, bool *ret_times)
{
    const sch_profile_t *p = &m->profiles.at[m->items.at[item].profile];
    memset(ret_times, 0, (size_t)m->times * sizeof *ret_times);
    for (int k = 0; k < p->candidates_n; ++k)
        ret_times[m->time_of[p->candidates[k]]] = true;
}

static bool always(const sch_place_model_t *m, const sch_relation_t *r, const bool *a, const bool *b)
{
    for (int x = 0; x < m->times; ++x) {
        if (!a[x])
            continue;
        for (int y = 0; y < m->times; ++y)
            if (b[y] && sch_relation_value(r, x, y) <= 0)
                return false;
    }
    return true;
}

static void check_both(findings_t *f, bool *a, bool *b)
{
    const sch_place_model_t *m = f->model;
    for (int i = 0; i < m->items.n && f->n < f->max; ++i) {
        if (m->edges_at[i] == m->edges_at[i + 1] || !candidates_of(m, i))
            continue;
        times_of(m, i, a);
        for (int k = m->edges_at[i]; k < m->edges_any_end[i]; ++k) {
            const sch_edge_t *e = &m->edges[k];
            if (e->other < i || e->level != SCH_HARD || e->weight <= 0 || !candidates_of(m, e->other))
                continue;
            times_of(m, e->other, b);
            if (!always(m, &m->relations.at[e->relation], a, b))
                continue;
            sch_certificate_t *c = found(f, SCH_CANNOT_BOTH, e->rule);
            if (!c)
                return;
            add_item(c, i);
            add_item(c, e->other);
            say(c, "%s and %s break %s (%s) whenever they are", m->items.at[i].name, m->items.at[e->other].name,
                m->rules.at[e->rule].id, m->rules.at[e->rule].text);
        }
    }
}

/* ---- all ---- */

typedef struct {
    const sch_place_model_t *model;
    int *seats_at; /* first seat of a cell (room * ticks + tick): a room that holds two has two */
    int *held;     /* seat -> item, or -1 */
    int *match;    /* item -> seat */
    int *seen;     /* cell -> round in which it was seen */
    int *queue;    /* items reached in this round */
    int *parent;   /* seat -> the item that reached it */
    int round;
} matching_t;

/* Where an item begins to be at a place; -1: in a room that holds any number. */
static int cell_of(const sch_place_model_t *m, int item, int place)
{
    int room = m->room_of[place];
    return m->room_holds[room] ? room * m->ticks + sch_span_of(m, item, m->time_of[place]).first : -1;
}

/* Breadth first from an item over cells to the items in them. True: everybody moved up and the item has a seat. False:
 * queue[0 ... ret_n) are the items that share too few cells. */
static bool augment(matching_t *t, int item, int *ret_n)
{
    const sch_place_model_t *m = t->model;
    int n = 0;
    t->queue[n++] = item;
    ++t->round;
    for (int at = 0; at < n; ++at) {
        int one = t->queue[at], places_n;
        const int *places = sch_place_candidates(m, one, &places_n);
        for (int k = 0; k < places_n; ++k) {
            int cell = cell_of(m, one, places[k]);
            if (cell < 0 || t->seen[cell] == t->round) {
                if (cell < 0)
                    return true;
                continue;
            }
            t->seen[cell] = t->round;
            int holds = m->room_holds[cell / m->ticks];
            for (int seat = t->seats_at[cell]; seat < t->seats_at[cell] + holds; ++seat) {
                int other = t->held[seat];
                t->parent[seat] = one;
                if (other >= 0) {
                    t->queue[n++] = other;
                    continue;
                }
                while (true) { /* walk back, each into the seat that was found for it */
                    int mover = t->parent[seat], before = t->match[mover];
                    t->held[seat] = mover;
                    t->match[mover] = seat;
                    if (mover == item)
                        return true;
                    seat = before;
                }
            }
        }
    }
    *ret_n = n;
    return false;
}

static bool needs_seat(const sch_place_model_t *m, int item)
{
    int n;
    const int *places = sch_place_candidates(m, item, &n);
    for (int k = 0; k < n; ++k)
        if (!m->room_holds[m->room_of[places[k]]])
            return false;
    return n > 0;
}

static int seats_of(const matching_t *t)
{
    const sch_place_model_t *m = t->model;
    int seats = 0;
    for (int cell = 0; cell < m->rooms * m->ticks; ++cell) {
        t->seats_at[cell] = seats;
        seats += m->room_holds[cell / m->ticks];
    }
    return seats;
}

static int check_all(findings_t *f)
{
    const sch_place_model_t *m = f->model;
    size_t items = (size_t)m->items.n + 1, cells = (size_t)m->rooms * (size_t)m->ticks;
    if (m->room_rule < 0 || m->rules.at[m->room_rule].level != SCH_HARD)
        return CV_OK;
    matching_t t = {.model = m,
                    .seats_at = malloc(cells * sizeof(int)),
                    .seen = calloc(cells, sizeof(int)),
                    .match = calloc(items, sizeof(int)),
                    .queue = malloc(items * sizeof(int))};
    int rc = CV_OK;
    if (t.seats_at && t.seen && t.match && t.queue) {
        size_t seats = (size_t)seats_of(&t) + 1;
        t.held = malloc(seats * sizeof(int));
        t.parent = malloc(seats * sizeof(int));
        for (size_t k = 0; t.held && k < seats; ++k)
            t.held[k] = -1;
    }
    if (!t.held || !t.parent)
        rc = CV_ENOMEM;
    for (int i = 0; i < m->items.n && !rc && f->n < f->max; ++i) {
        int n, places = 0;
        if (!needs_seat(m, i) || augment(&t, i, &n))
            continue;
        for (size_t cell = 0; cell < cells; ++cell)
            places += t.seen[cell] == t.round ? m->room_holds[(int)cell / m->ticks] : 0;
        sch_certificate_t *c = found(f, SCH_CANNOT_ALL, m->room_rule);
        for (int k = 0; k < n; ++k)
            add_item(c, t.queue[k]);
        c->need = n;
        c->have = places;
        say(c, "%d items have %d places between them: ", n, places);
        name_items(m, c);
    }
    free(t.seats_at);
    free(t.seen);
    free(t.match);
    free(t.queue);
    free(t.held);
    free(t.parent);
    return rc;
}

/* ---- carry ---- */

static int shortest(const sch_place_model_t *m, int item)
{
    int n, least = -1;
    const int *places = sch_place_candidates(m, item, &n);
    for (int k = 0; k < n; ++k) {
        sch_span_t span = sch_span_of(m, item, m->time_of[places[k]]);
        if (least < 0 || span.last - span.first < least)
            least = span.last - span.first;
    }
    return least < 0 ? 0 : least;
}

/* A group whose demand is counted tick by tick, or once in the key of the place. */
static void check_group(findings_t *f, const sch_group_rule_t *r, bool *usable)
{
    const sch_place_model_t *m = f->model;
    const sch_group_t *g = &m->groups.at[r->group];
    sch_certificate_t draft = {.kind = SCH_CANNOT_CARRY, .rule = r->rule};
    memset(usable, 0, (size_t)g->keys * sizeof *usable);
    for (int k = 0; k < m->members.n; ++k) {
        const sch_member_t *member = &m->members.at[k];
        if (member->group != r->group)
            continue;
        int n;
        const int *places = sch_place_candidates(m, member->item, &n);
        bool always_counts = n > 0;
        for (int q = 0; q < n; ++q) {
            if (g->map < 0) {
                sch_span_t span = sch_span_of(m, member->item, m->time_of[places[q]]);
                for (int tick = span.first; tick < span.last; ++tick)
                    usable[tick] = true;
            } else {
                int key = m->maps.at[g->map].key[places[q]];
                if (key >= 0)
                    usable[key * g->stride + member->offset] = true;
                always_counts = always_counts && key >= 0;
            }
        }
        if (!always_counts)
            continue;
        draft.need += (int64_t)member->demand * (g->map < 0 ? shortest(m, member->item) : 1);
        add_item(&draft, member->item);
    }
    for (int key = 0; key < g->keys; ++key)
        draft.have += usable[key] ? r->high : 0;
    if (draft.need <= draft.have)
        return;
    sch_certificate_t *c = found(f, SCH_CANNOT_CARRY, r->rule);
    if (!c)
        return;
    *c = draft;
    say(c, "%s (%s): %lld are asked for where %lld fit, by ", m->rules.at[r->rule].id, m->rules.at[r->rule].text,
        (long long)c->need, (long long)c->have);
    name_items(m, c);
}

static int check_carry(findings_t *f)
{
    const sch_place_model_t *m = f->model;
    int keys = 1;
    for (int g = 0; g < m->groups.n; ++g)
        if (m->groups.at[g].keys > keys)
            keys = m->groups.at[g].keys;
    bool *usable = calloc((size_t)keys, sizeof *usable);
    if (!usable)
        return CV_ENOMEM;
    for (int k = 0; k < m->group_rules.n && f->n < f->max; ++k) {
        const sch_group_rule_t *r = &m->group_rules.at[k];
        if (r->shape == SCH_LOAD && r->level == SCH_HARD && r->weight > 0)
            check_group(f, r, usable);
    }
    free(usable);
    return CV_OK;
}

int sch_place_check(const sch_place_model_t *m, sch_certificate_t *ret_certificates, int max, int *ret_n)
{
    findings_t f = {m, ret_certificates, 0, max};
    if (!m->frozen || max < 1)
        return CV_EINVAL;
    bool *a = calloc((size_t)m->times, sizeof *a), *b = calloc((size_t)m->times, sizeof *b);
    int rc = a && b ? CV_OK : CV_ENOMEM;
    if (!rc) {
        check_anywhere(&f);
        check_both(&f, a, b);
        rc = check_all(&f);
    }
    if (!rc)
        rc = check_carry(&f);
    free(a);
    free(b);
    if (!rc)
        *ret_n = f.n;
    return rc;
}
