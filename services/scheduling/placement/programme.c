/* programme: makes the model of an event's programme, rule by rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/placement/programme.h"

#include <stdlib.h>
#include <string.h>

enum {
    MINUTES_A_DAY = 1440,
    WALK = 15,          /* minutes between two rooms */
    WAIT = 180,         /* a person's free minutes within a day that are too many */
    TEAM_MINUTES = 360, /* what a team of interpreters works a day: two blocks of three hours */
    CONTENT = 10,       /* a shared content tag against a shared theme */
    MISSING_MAX = 1000, /* seats that count */
    SMALL_HOUR = 10,    /* against a merely unsuitable one */
};

typedef struct {
    const sch_programme_t *p;
    sch_place_model_t *model;
    int grain, origin, ticks;
    int *class_of; /* session -> class; equal lengths share one */
    int *ints;
    int rc;
} build_t;

#define TRY(b, call) ((b)->rc ? (b)->rc : ((b)->rc = (call)))

static bool are_pairs(const sch_programme_t *p, const sch_session_order_t *orders, int n)
{
    for (int k = 0; k < n; ++k)
        if (orders[k].before < 0 || orders[k].before >= p->sessions_n || orders[k].after < 0 ||
            orders[k].after >= p->sessions_n || orders[k].before == orders[k].after)
            return false;
    return true;
}

static bool is_valid(const sch_programme_t *p)
{
    if (p->slots_n < 1 || p->rooms_n < 1 || p->delegations > SCH_PROGRAMME_DELEGATIONS_MAX)
        return false;
    for (int t = 0; t < p->slots_n; ++t)
        if (p->slots[t].minutes < 1 || p->slots[t].begin < 0 || p->slots[t].day < 0)
            return false;
    for (int i = 0; i < p->sessions_n; ++i) {
        const sch_session_t *s = &p->sessions[i];
        if (s->minutes < 1 || s->required_n < 0 || s->required_n > SCH_PROGRAMME_PEOPLE_OF_MAX || s->wanted_n < 0 ||
            s->wanted_n > SCH_PROGRAMME_PEOPLE_OF_MAX || (s->published_slot < 0) != (s->published_room < 0) ||
            s->published_slot >= p->slots_n || s->published_room >= p->rooms_n)
            return false;
        for (int k = 0; k < s->required_n; ++k)
            if (s->required[k] < 0 || s->required[k] >= p->people)
                return false;
    }
    return are_pairs(p, p->orders, p->orders_n) && are_pairs(p, p->firsts, p->firsts_n) &&
           are_pairs(p, p->aparts, p->aparts_n);
}

/* ---- axes and classes ---- */

static int common(int a, int b)
{
    while (b) {
        int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void lay_axes(build_t *b)
{
    const sch_programme_t *p = b->p;
    int end = 0, made;
    b->origin = p->slots[0].begin;
    for (int t = 0; t < p->slots_n; ++t) {
        if (p->slots[t].begin < b->origin)
            b->origin = p->slots[t].begin;
        if (p->slots[t].begin + p->slots[t].minutes > end)
            end = p->slots[t].begin + p->slots[t].minutes;
    }
    for (int t = 0; t < p->slots_n; ++t)
        b->grain = common(common(b->grain, p->slots[t].begin - b->origin), p->slots[t].minutes);
    for (int i = 0; i < p->sessions_n; ++i)
        b->grain = common(b->grain, p->sessions[i].minutes);
    for (int r = 0; r < p->rooms_n; ++r)
        b->grain = common(b->grain, p->rooms[r].turnaround);
    b->ticks = (end - b->origin) / b->grain;
    TRY(b, sch_place_axes(b->model, p->slots_n, p->rooms_n, b->ticks));
    for (int k = 0; k < SCH_PROGRAMME_RULES_N; ++k)
        TRY(b, sch_place_rule(b->model, &(p->rules ? p->rules : SCH_PROGRAMME_RULES_DEFAULT)[k], &made));
    for (int r = 0; r < p->rooms_n; ++r)
        TRY(b, sch_place_room(b->model, r, 1, p->rooms[r].turnaround / b->grain, r));
    TRY(b, sch_place_room_rule(b->model, SCH_B1));
}

static void find_class(build_t *b, int session)
{
    const sch_programme_t *p = b->p;
    int minutes = p->sessions[session].minutes;
    for (int k = 0; k < session; ++k)
        if (p->sessions[k].minutes == minutes) {
            b->class_of[session] = b->class_of[k];
            return;
        }
    sch_span_t *spans = calloc((size_t)p->slots_n, sizeof *spans);
    if (!spans)
        b->rc = CV_ENOMEM;
    for (int t = 0; t < p->slots_n && spans; ++t) {
        int first = (p->slots[t].begin - b->origin) / b->grain;
        if (minutes <= p->slots[t].minutes)
            spans[t] = (sch_span_t){first, first + minutes / b->grain};
    }
    if (spans)
        TRY(b, sch_place_class(b->model, spans, &b->class_of[session]));
    free(spans);
}

/* ---- prices of one session ---- */

static void price_hard(build_t *b, const sch_session_t *s, int profile)
{
    const sch_programme_t *p = b->p;
    for (int r = 0; r < p->rooms_n; ++r)
        b->ints[r] = (s->features & ~p->rooms[r].features) != 0;
    TRY(b, sch_place_price_rooms(b->model, profile, SCH_B1, b->ints));
    if (p->closed) {
        for (int t = 0; t < p->slots_n; ++t)
            for (int r = 0; r < p->rooms_n; ++r)
                b->ints[t * p->rooms_n + r] = p->closed[r * p->slots_n + t] != 0;
        TRY(b, sch_place_price_places(b->model, profile, SCH_B1, b->ints));
    }
    for (int t = 0; t < p->slots_n && p->away; ++t) {
        b->ints[t] = 0;
        for (int k = 0; k < s->required_n; ++k)
            b->ints[t] += p->away[s->required[k] * p->slots_n + t] != 0;
    }
    if (p->away)
        TRY(b, sch_place_price_times(b->model, profile, SCH_B2, b->ints));
    for (int r = 0; r < p->rooms_n; ++r)
        b->ints[r] = s->must_seat && 10 * s->expected > 11 * p->rooms[r].seats;
    TRY(b, sch_place_price_rooms(b->model, profile, SCH_B6, b->ints));
}

/* 0, or how bad the hour is where a remote speaker is. */
static int bad_hour(const sch_slot_t *slot, const sch_session_t *s)
{
    int begin = (slot->begin + s->remote + 2 * MINUTES_A_DAY) % MINUTES_A_DAY, end = begin + s->minutes;
    if (begin < 7 * 60 || end > 23 * 60)
        return SMALL_HOUR;
    return begin < 9 * 60 + 30 || end > 21 * 60 + 30;
}

static void price_soft(build_t *b, const sch_session_t *s, int profile)
{
    const sch_programme_t *p = b->p;
    if (s->published_slot >= 0) {
        for (int t = 0; t < p->slots_n; ++t)
            b->ints[t] = t == s->published_slot ? 0 : 2;
        TRY(b, sch_place_price_times(b->model, profile, SCH_B8, b->ints));
        for (int r = 0; r < p->rooms_n; ++r)
            b->ints[r] = r != s->published_room;
        TRY(b, sch_place_price_rooms(b->model, profile, SCH_B8, b->ints));
    }
    for (int t = 0; t < p->slots_n; ++t)
        b->ints[t] =
            (s->disliked & p->slots[t].tags) != 0 || (s->liked && !(s->liked & p->slots[t].tags)) ||
            (s->wish_until && (p->slots[t].begin < s->wish_from || p->slots[t].begin + s->minutes > s->wish_until));
    TRY(b, sch_place_price_times(b->model, profile, SCH_B12, b->ints));
    for (int r = 0; r < p->rooms_n; ++r)
        b->ints[r] = (s->liked_features & ~p->rooms[r].features) != 0 || (s->wish_room && s->wish_room != r + 1);
    TRY(b, sch_place_price_rooms(b->model, profile, SCH_B12, b->ints));
    for (int r = 0; r < p->rooms_n; ++r) {
        int missing = s->expected - p->rooms[r].seats;
        b->ints[r] = missing > MISSING_MAX ? MISSING_MAX
                     : missing > 0         ? missing
                                           : s->expected && p->rooms[r].seats > 2 * s->expected;
    }
    TRY(b, sch_place_price_rooms(b->model, profile, SCH_B13, b->ints));
    static const int BESIDE[] = {SCH_B2, SCH_B4, SCH_B5, SCH_B9, SCH_B10, SCH_B14, SCH_B15, SCH_B16};
    for (size_t k = 0; s->beside && k < sizeof BESIDE / sizeof *BESIDE; ++k)
        TRY(b, sch_place_price_times(b->model, profile, BESIDE[k], &s->beside[BESIDE[k] * p->slots_n]));
    if (s->remote == SCH_HERE)
        return;
    for (int t = 0; t < p->slots_n; ++t)
        b->ints[t] = bad_hour(&p->slots[t], s);
    TRY(b, sch_place_price_times(b->model, profile, SCH_B16, b->ints));
}

static void add_session(build_t *b, int session)
{
    const sch_session_t *s = &b->p->sessions[session];
    int profile = -1, made,
        published = s->published_slot < 0 ? -1 : s->published_slot * b->p->rooms_n + s->published_room;
    find_class(b, session);
    TRY(b, sch_place_profile(b->model, b->class_of[session], &profile));
    price_hard(b, s, profile);
    price_soft(b, s, profile);
    TRY(b, sch_place_item(b->model,
                          &(sch_place_item_t){.name = s->name,
                                              .profile = profile,
                                              .unplaced_rule = SCH_B7,
                                              .unplaced_factor = s->priority > 0 ? s->priority : 1,
                                              .promised = published,
                                              .pinned = s->pinned,
                                              .twin = -1},
                          &made));
}

/* ---- between sessions ---- */

static int shared(const int *a, int a_n, const int *b, int b_n)
{
    int n = 0;
    for (int x = 0; x < a_n; ++x)
        for (int y = 0; y < b_n; ++y)
            n += a[x] == b[y];
    return n;
}

/* Who would like to be in one of them and is, or would like to be, in the other. */
static int torn(const sch_session_t *a, const sch_session_t *b)
{
    return shared(a->wanted, a->wanted_n, b->wanted, b->wanted_n) +
           shared(a->wanted, a->wanted_n, b->required, b->required_n) +
           shared(a->required, a->required_n, b->wanted, b->wanted_n) +
           __builtin_popcountll((a->wanted_delegations & (b->wanted_delegations | b->delegations)) |
                                (a->delegations & b->wanted_delegations));
}

typedef struct {
    int order;                  /* relation of slots */
    int *overlap, *walk, *wait; /* of two classes: asked for once */
    int classes;
} relations_t;

static int overlap_of(build_t *b, relations_t *r, int x, int y)
{
    int *known = &r->overlap[b->class_of[x] * r->classes + b->class_of[y]];
    if (*known < 0)
        TRY(b, sch_place_relation_overlap(b->model, b->class_of[x], b->class_of[y], 0, known));
    return *known;
}

/* Between the end of the one that is first, by its own length, and the beginning of the other: too little, or too much. */
static int gap_of(build_t *b, relations_t *r, int *known, int x, int y)
{
    const sch_programme_t *p = b->p;
    int n = p->slots_n, *relation = &known[b->class_of[x] * r->classes + b->class_of[y]];
    if (*relation >= 0)
        return *relation;
    for (int s = 0; s < n; ++s) {
        for (int t = 0; t < n; ++t) {
            const sch_slot_t *first = &p->slots[s], *second = &p->slots[t];
            int forward = second->begin - first->begin - p->sessions[x].minutes,
                backward = first->begin - second->begin - p->sessions[y].minutes;
            int gap = forward > backward ? forward : backward;
            b->ints[s * n + t] = known == r->walk ? gap >= 0 && gap < WALK : first->day == second->day && gap > WAIT;
        }
    }
    TRY(b, sch_place_relation(b->model, b->ints, relation));
    return *relation;
}

static void relate_slots(build_t *b, relations_t *r)
{
    const sch_programme_t *p = b->p;
    int n = p->slots_n;
    for (int x = 0; x < n; ++x)
        for (int y = 0; y < n; ++y)
            b->ints[x * n + y] = p->slots[y].begin < p->slots[x].begin + p->slots[x].minutes;
    TRY(b, sch_place_relation(b->model, b->ints, &r->order));
}

static void add_pairs(build_t *b, relations_t *r)
{
    const sch_programme_t *p = b->p;
    for (int i = 0; i < p->sessions_n && !b->rc; ++i) {
        const sch_session_t *x = &p->sessions[i];
        for (int j = 0; j < i && !b->rc; ++j) {
            const sch_session_t *y = &p->sessions[j];
            int people = shared(x->required, x->required_n, y->required, y->required_n), both = torn(x, y);
            int themes =
                CONTENT * __builtin_popcountll(x->content & y->content) + __builtin_popcountll(x->themes & y->themes);
            int at_once = people || both || themes ? overlap_of(b, r, i, j) : -1;
            if (people) {
                TRY(b, sch_place_pair(b->model, SCH_B2, people, i, j, at_once, SCH_ROOM_ANY));
                TRY(b, sch_place_pair(b->model, SCH_B15, people, i, j, gap_of(b, r, r->walk, i, j), SCH_ROOM_OTHER));
                TRY(b, sch_place_pair(b->model, SCH_B15, people, i, j, gap_of(b, r, r->wait, i, j), SCH_ROOM_ANY));
            }
            if (both)
                TRY(b, sch_place_pair(b->model, SCH_B9, both, i, j, at_once, SCH_ROOM_ANY));
            if (themes)
                TRY(b, sch_place_pair(b->model, SCH_B10, themes, i, j, at_once, SCH_ROOM_ANY));
            if (x->language >= 0 && x->language == y->language)
                TRY(b, sch_place_pair(b->model, SCH_B14, 1, i, j, overlap_of(b, r, i, j), SCH_ROOM_ANY));
        }
    }
    for (int k = 0; k < p->orders_n; ++k)
        TRY(b, sch_place_pair(b->model, SCH_B5, 1, p->orders[k].before, p->orders[k].after, r->order, SCH_ROOM_ANY));
}

/* What begins before the other is over: a relation for each length of what comes first. */
static void add_firsts(build_t *b, relations_t *r)
{
    const sch_programme_t *p = b->p;
    int n = p->slots_n, *known = malloc((size_t)p->sessions_n * sizeof *known);
    if (!known)
        b->rc = CV_ENOMEM;
    for (int i = 0; i < p->sessions_n && known; ++i)
        known[i] = -1;
    for (int k = 0; k < p->firsts_n && !b->rc; ++k) {
        int before = p->firsts[k].before, *relation = &known[b->class_of[before] % p->sessions_n];
        if (*relation < 0) {
            for (int x = 0; x < n; ++x)
                for (int y = 0; y < n; ++y)
                    b->ints[x * n + y] = p->slots[y].begin < p->slots[x].begin + p->sessions[before].minutes;
            TRY(b, sch_place_relation(b->model, b->ints, relation));
        }
        TRY(b, sch_place_pair(b->model, SCH_B5, 1, before, p->firsts[k].after, *relation, SCH_ROOM_ANY));
    }
    free(known);
    for (int k = 0; k < p->aparts_n; ++k)
        TRY(b, sch_place_pair(b->model, SCH_B5, 1, p->aparts[k].before, p->aparts[k].after,
                              overlap_of(b, r, p->aparts[k].before, p->aparts[k].after), SCH_ROOM_ANY));
}

/* ---- delegations, interpreters, tracks ---- */

static void add_delegations(build_t *b)
{
    const sch_programme_t *p = b->p;
    for (int d = 0; d < p->delegations; ++d) {
        int group = -1;
        TRY(b, sch_place_group(b->model, -1, 1, NULL, 0, &group));
        for (int i = 0; i < p->sessions_n; ++i)
            if (p->sessions[i].delegations >> d & 1)
                TRY(b, sch_place_member(b->model, group, i, 0, 1));
        TRY(b, sch_place_load(b->model, SCH_B3, 1, group, p->delegation_size[d], false));
    }
}

static void add_interpreters(build_t *b)
{
    const sch_programme_t *p = b->p;
    int at_once = -1, a_day = -1, map = -1, days = 1;
    if (!p->teams)
        return;
    for (int k = 0; k < p->slots_n * p->rooms_n; ++k) {
        b->ints[k] = p->slots[k / p->rooms_n].day;
        if (b->ints[k] >= days)
            days = b->ints[k] + 1;
    }
    TRY(b, sch_place_map(b->model, days, b->ints, &map));
    TRY(b, sch_place_group(b->model, -1, 1, NULL, 0, &at_once));
    TRY(b, sch_place_group(b->model, map, 1, NULL, 0, &a_day));
    for (int i = 0; i < p->sessions_n; ++i) {
        if (!p->sessions[i].interpreted)
            continue;
        TRY(b, sch_place_member(b->model, at_once, i, 0, 1));
        TRY(b, sch_place_member(b->model, a_day, i, 0, p->sessions[i].minutes));
    }
    TRY(b, sch_place_load(b->model, SCH_B4, 1, at_once, p->teams, false));
    TRY(b, sch_place_load(b->model, SCH_B4, 1, a_day, p->teams * TEAM_MINUTES, false));
}

/* A track's rooms of one day, beyond the first. */
static void add_tracks(build_t *b)
{
    const sch_programme_t *p = b->p;
    int map = -1, days = 1, tracks = 0;
    for (int t = 0; t < p->slots_n; ++t)
        if (p->slots[t].day >= days)
            days = p->slots[t].day + 1;
    for (int k = 0; k < p->slots_n * p->rooms_n; ++k)
        b->ints[k] = p->slots[k / p->rooms_n].day * p->rooms_n + k % p->rooms_n;
    TRY(b, sch_place_map(b->model, days * p->rooms_n, b->ints, &map));
    int *day_of = malloc((size_t)(days * p->rooms_n) * sizeof *day_of);
    if (!day_of)
        b->rc = CV_ENOMEM;
    for (int k = 0; k < days * p->rooms_n && day_of; ++k)
        day_of[k] = k / p->rooms_n;
    for (int i = 0; i < p->sessions_n; ++i)
        if (p->sessions[i].track >= tracks)
            tracks = p->sessions[i].track + 1;
    for (int track = 0; track < tracks && !b->rc; ++track) {
        int group = -1;
        TRY(b, sch_place_group(b->model, map, 1, day_of, days, &group));
        for (int i = 0; i < p->sessions_n; ++i)
            if (p->sessions[i].track == track)
                TRY(b, sch_place_member(b->model, group, i, 0, 1));
        TRY(b, sch_place_distinct(b->model, SCH_B11, 1, group, 0, 1));
    }
    free(day_of);
}

int sch_programme_model(const sch_programme_t *p, sch_place_model_t **ret_model)
{
    build_t b = {.p = p};
    relations_t r = {-1, NULL, NULL, NULL, p->sessions_n};
    if (!is_valid(p))
        return CV_EINVAL;
    size_t wide = (size_t)(p->rooms_n > p->slots_n ? p->rooms_n : p->slots_n);
    b.model = sch_place_model_new();
    b.class_of = calloc((size_t)p->sessions_n + 1, sizeof *b.class_of);
    b.ints = calloc((size_t)p->slots_n * wide, sizeof *b.ints);
    size_t pairs = (size_t)p->sessions_n * (size_t)p->sessions_n;
    r.overlap = malloc((3 * pairs + 1) * sizeof *r.overlap);
    r.walk = r.overlap ? r.overlap + pairs : NULL;
    r.wait = r.overlap ? r.walk + pairs : NULL;
    if (!b.model || !b.class_of || !b.ints || !r.overlap)
        b.rc = CV_ENOMEM;
    for (size_t k = 0; k < 3 * pairs && !b.rc; ++k)
        r.overlap[k] = -1;
    if (!b.rc)
        lay_axes(&b);
    for (int i = 0; i < p->sessions_n && !b.rc; ++i)
        add_session(&b, i);
    if (!b.rc)
        relate_slots(&b, &r);
    if (!b.rc)
        add_pairs(&b, &r);
    if (!b.rc)
        add_firsts(&b, &r);
    if (!b.rc)
        add_delegations(&b);
    if (!b.rc)
        add_interpreters(&b);
    if (!b.rc)
        add_tracks(&b);
    TRY(&b, sch_place_freeze(b.model));
    free(b.class_of);
    free(b.ints);
    free(r.overlap);
    if (b.rc)
        sch_place_model_destroy(&b.model);
    else
        *ret_model = b.model;
    return b.rc;
}
