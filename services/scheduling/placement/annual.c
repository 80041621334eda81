/* annual: makes the model of a year's plan, rule by rule.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/placement/annual.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPREAD_DAYS = 14,
    CITY_DAYS = 3,
    LENGTH_MAX = 31,
    COORDINATOR = 8, /* what a member's day off weighs */
    CO_COORDINATOR = 5,
    CONFIRMED = 3,
    INVITED = 1,
    WORK_BEGINS = 9,
    WORK_ENDS = 18,
    FAIRNESS_DIVISOR = 64,
};

/* What moving a promised item costs. */
static const int MOVING[] = {0, 1, 5, 20, 50, 200};

typedef struct {
    const sch_annual_t *plan;
    sch_place_model_t *model;
    int class_of[LENGTH_MAX + 1];
    int *ints; /* as large as the largest table */
    int rc;
} build_t;

/* A step is skipped once one has failed. */
#define TRY(b, call) ((b)->rc ? (b)->rc : ((b)->rc = (call)))

static bool is_valid(const sch_annual_t *a)
{
    if (a->days < 1 || a->members < 0 || a->members > SCH_ANNUAL_MEMBERS_MAX || a->venues_n < 1)
        return false;
    for (int v = 0; v < a->venues_n; ++v)
        if (a->venues[v].host < -1 || a->venues[v].host >= a->members)
            return false;
    for (int i = 0; i < a->items_n; ++i) {
        const sch_annual_item_t *item = &a->items[i];
        if (item->length < 1 || item->length > LENGTH_MAX || item->venues_n < 1 ||
            item->venues_n > SCH_ANNUAL_VENUES_OF_MAX)
            return false;
        if (item->exclusive_n < 0 || item->exclusive_n > SCH_ANNUAL_PEOPLE_MAX || item->officer >= a->exclusives)
            return false;
        if (item->coordinator < -1 || item->coordinator >= a->members || (unsigned)item->promise > SCH_STATE_NEAR)
            return false;
        if ((item->promised_day < 0) != (item->promised_venue < 0) || item->promised_day >= a->days ||
            item->promised_venue >= a->venues_n)
            return false;
        for (int k = 0; k < item->venues_n; ++k)
            if (item->venues[k] < 0 || item->venues[k] >= a->venues_n)
                return false;
        for (int k = 0; k < item->exclusive_n; ++k)
            if (item->exclusive[k] < 0 || item->exclusive[k] >= a->exclusives)
                return false;
    }
    return true;
}

/* ---- axes and classes ---- */

static void lay_axes(build_t *b)
{
    const sch_annual_t *a = b->plan;
    int made;
    TRY(b, sch_place_axes(b->model, a->days, a->venues_n, a->days));
    for (int k = 0; k < SCH_ANNUAL_RULES_N; ++k)
        TRY(b, sch_place_rule(b->model, &(a->rules ? a->rules : SCH_ANNUAL_RULES_DEFAULT)[k], &made));
    for (int v = 0; v < a->venues_n; ++v)
        TRY(b, sch_place_room(b->model, v, a->venues[v].holds, a->venues[v].turnaround, a->venues[v].city));
    TRY(b, sch_place_room_rule(b->model, SCH_A1));
    if (a->members)
        TRY(b, sch_place_burden(b->model, SCH_A18, a->members, FAIRNESS_DIVISOR));
}

static int class_of(build_t *b, int length)
{
    const sch_annual_t *a = b->plan;
    sch_span_t *spans = b->class_of[length] >= 0 || b->rc ? NULL : calloc((size_t)a->days, sizeof *spans);
    if (!spans)
        return b->class_of[length];
    for (int day = 0; day + length <= a->days; ++day)
        spans[day] = (sch_span_t){day, day + length};
    TRY(b, sch_place_class(b->model, spans, &b->class_of[length]));
    free(spans);
    return b->class_of[length];
}

/* ---- prices of one item ---- */

static int last_of(const sch_annual_t *a, int day, int length)
{
    return day + length < a->days ? day + length : a->days;
}

static void price_window(build_t *b, const sch_annual_item_t *item, int profile)
{
    const sch_annual_t *a = b->plan;
    for (int day = 0; day < a->days; ++day)
        b->ints[day] = day < item->window_first || day + item->length - 1 > item->window_last;
    TRY(b, sch_place_price_times(b->model, profile, SCH_A3, b->ints));
    for (int v = 0; v < a->venues_n; ++v)
        b->ints[v] = 1;
    for (int k = 0; k < item->venues_n; ++k)
        b->ints[item->venues[k]] = 0;
    TRY(b, sch_place_price_rooms(b->model, profile, SCH_A3, b->ints));
}

static void price_host(build_t *b, const sch_annual_item_t *item, int profile)
{
    const sch_annual_t *a = b->plan;
    if (item->host_waives)
        return;
    for (int day = 0; day < a->days; ++day) {
        for (int v = 0; v < a->venues_n; ++v) {
            int host = a->venues[v].host, off = 0;
            for (int d = day; d < last_of(a, day, item->length) && host >= 0; ++d)
                off += a->off[host * a->days + d];
            b->ints[day * a->venues_n + v] = off;
        }
    }
    TRY(b, sch_place_price_places(b->model, profile, SCH_A5, b->ints));
}

/* One price per flag of the days that the item takes up. */
static void price_days(build_t *b, const sch_annual_item_t *item, int profile)
{
    const sch_annual_t *a = b->plan;
    bool at_summit = a->summit_city >= 0 && a->venues[item->venues[0]].city == a->summit_city;
    const struct {
        int rule;
        bool counts;
        int flag, flag_twice;
    } FLAGS[] = {
        {SCH_A6, true, SCH_DAY_FEAST, 0},
        {SCH_A11, item->ministers && !at_summit, SCH_DAY_SUMMIT, 0},
        {SCH_A14, !item->online, SCH_DAY_RAMADAN, SCH_DAY_RAMADAN_END},
    };
    for (size_t k = 0; k < sizeof FLAGS / sizeof *FLAGS; ++k) {
        if (!FLAGS[k].counts)
            continue;
        for (int day = 0; day < a->days; ++day) {
            b->ints[day] = 0;
            for (int d = day; d < last_of(a, day, item->length); ++d)
                b->ints[day] += ((a->flags[d] & FLAGS[k].flag) != 0) + ((a->flags[d] & FLAGS[k].flag_twice) != 0);
        }
        TRY(b, sch_place_price_times(b->model, profile, FLAGS[k].rule, b->ints));
    }
}

static void price_moving(build_t *b, const sch_annual_item_t *item, int profile)
{
    const sch_annual_t *a = b->plan;
    int cost = MOVING[item->promise];
    if (item->promised_day < 0 || !cost)
        return;
    for (int day = 0; day < a->days; ++day)
        b->ints[day] = day == item->promised_day ? 0 : cost;
    TRY(b, sch_place_price_times(b->model, profile, SCH_A8, b->ints));
    for (int v = 0; v < a->venues_n; ++v)
        b->ints[v] = v == item->promised_venue ? 0 : (cost + 1) / 2;
    TRY(b, sch_place_price_rooms(b->model, profile, SCH_A8, b->ints));
}

static int weight_of(const sch_annual_item_t *item, int member)
{
    uint64_t bit = UINT64_C(1) << member;
    if (member == item->coordinator)
        return COORDINATOR;
    if (item->co_coordinators & bit)
        return CO_COORDINATOR;
    if (item->confirmed & bit)
        return CONFIRMED;
    return item->members & bit ? INVITED : 0;
}

static void price_members(build_t *b, const sch_annual_item_t *item, int profile)
{
    const sch_annual_t *a = b->plan;
    memset(b->ints, 0, (size_t)a->days * sizeof *b->ints);
    for (int m = 0; m < a->members; ++m) {
        int weight = weight_of(item, m);
        for (int day = 0; day < a->days && weight; ++day)
            for (int d = day; d < last_of(a, day, item->length); ++d)
                b->ints[day] += weight * a->off[m * a->days + d];
    }
    TRY(b, sch_place_price_times(b->model, profile, SCH_A9, b->ints));
    for (int day = 0; day < a->days; ++day) {
        for (int m = 0; m < a->members; ++m) {
            int *load = &b->ints[day * a->members + m];
            *load = 0;
            for (int d = day; d < last_of(a, day, item->length) && weight_of(item, m); ++d)
                *load += a->off[m * a->days + d];
        }
    }
    if (a->members)
        TRY(b, sch_place_burden_of(b->model, profile, b->ints));
}

static void price_wishes(build_t *b, const sch_annual_item_t *item, int profile)
{
    const sch_annual_t *a = b->plan;
    if (item->preferred >= 0) {
        for (int day = 0; day < a->days; ++day)
            b->ints[day] = abs(day - item->preferred) / 7;
        TRY(b, sch_place_price_times(b->model, profile, SCH_A16, b->ints));
    }
    if (!item->online || item->hours < 1)
        return;
    int outside = 0; /* the hour is not ours to choose here, so this is the same on every day */
    for (int m = 0; m < a->members; ++m) {
        int hours = 0;
        bool counts = weight_of(item, m) && !(a->clockless >> m & 1);
        for (int h = item->utc_hour; h < item->utc_hour + item->hours && counts; ++h) {
            int local = (h * 60 + item->utc_minute + a->utc_minutes[m] + 2 * 1440) % 1440 / 60;
            hours += local < WORK_BEGINS || local >= WORK_ENDS;
        }
        outside += hours * hours;
    }
    for (int day = 0; day < a->days; ++day)
        b->ints[day] = outside;
    TRY(b, sch_place_price_times(b->model, profile, SCH_A17, b->ints));
}

static void add_item(build_t *b, const sch_annual_item_t *item)
{
    int profile = -1, made,
        promised = item->promised_day < 0 ? -1 : item->promised_day * b->plan->venues_n + item->promised_venue;
    int class_ = class_of(b, item->length);
    TRY(b, sch_place_profile(b->model, class_, &profile));
    price_window(b, item, profile);
    price_host(b, item, profile);
    price_days(b, item, profile);
    price_moving(b, item, profile);
    price_members(b, item, profile);
    price_wishes(b, item, profile);
    TRY(b, sch_place_item(b->model,
                          &(sch_place_item_t){.name = item->name,
                                              .profile = profile,
                                              .unplaced_rule = SCH_A7,
                                              .unplaced_factor = item->priority > 0 ? item->priority : 1,
                                              .promised = promised,
                                              .pinned = item->pinned,
                                              .twin = -1},
                          &made));
}

/* ---- between items ---- */

/* The relation of two lengths and a rule's two numbers, made once: asked for in turn, so that the last one mostly fits.
 */
typedef struct {
    int kind, x, y, least, most, relation;
} known_t;

typedef struct {
    known_t *list;
    int n, room;
} knowns_t;

static int lag_value(const known_t *k, int lag)
{
    int after = lag - k->x; /* whole days between the end of the first and the second */
    switch (k->kind) {
    case SCH_A4:
        return after < k->least || after > k->most;
    case SCH_A12:
        return abs(lag) < SPREAD_DAYS ? SPREAD_DAYS - abs(lag) : 0;
    case SCH_A15:
        return after <= CITY_DAYS && -lag - k->y <= CITY_DAYS;
    default:
        return lag < k->x + k->least && -lag < k->y + k->least; /* overlap, with days between */
    }
}

static int relation_of(build_t *b, knowns_t *known, known_t wanted)
{
    for (int k = known->n - 1; k >= 0; --k) {
        const known_t *one = &known->list[k];
        if (one->kind == wanted.kind && one->x == wanted.x && one->y == wanted.y && one->least == wanted.least &&
            one->most == wanted.most)
            return one->relation;
    }
    if (known->n == known->room) {
        int room = known->room ? 2 * known->room : 64;
        known_t *list = realloc(known->list, (size_t)room * sizeof *list);
        if (!list) {
            b->rc = b->rc ? b->rc : CV_ENOMEM;
            return -1;
        }
        known->list = list;
        known->room = room;
    }
    int days = b->plan->days;
    for (int k = 0; k < 2 * days - 1; ++k)
        b->ints[k] = lag_value(&wanted, k - days + 1);
    TRY(b, sch_place_relation_lag(b->model, b->ints, &wanted.relation));
    known->list[known->n++] = wanted;
    return wanted.relation;
}

static bool share_someone(const sch_annual_item_t *x, const sch_annual_item_t *y)
{
    for (int k = 0; k < x->exclusive_n; ++k)
        for (int q = 0; q < y->exclusive_n; ++q)
            if (x->exclusive[k] == y->exclusive[q])
                return true;
    return false;
}

static void add_pairs(build_t *b, knowns_t *known)
{
    const sch_annual_t *a = b->plan;
    for (int i = 0; i < a->items_n && !b->rc; ++i) {
        const sch_annual_item_t *x = &a->items[i];
        for (int j = 0; j < i && !b->rc; ++j) {
            const sch_annual_item_t *y = &a->items[j];
            bool someone = share_someone(x, y), circle = x->circle >= 0 && x->circle == y->circle;
            uint64_t both = x->members & y->members;
            if (someone) {
                int at_once = relation_of(b, known, (known_t){SCH_A2, x->length, y->length, 0, 0, -1});
                TRY(b, sch_place_pair(b->model, SCH_A2, 1, i, j, at_once, SCH_ROOM_ANY));
            }
            if (someone && a->travel_days && !x->online && !y->online) {
                int near = relation_of(b, known, (known_t){SCH_A2, x->length, y->length, a->travel_days, 0, -1});
                TRY(b, sch_place_pair(b->model, SCH_A2, 1, i, j, near, SCH_ROOM_OTHER));
            }
            uint64_t come = x->confirmed & y->confirmed;
            if (!circle && come) {
                int at_once = relation_of(b, known, (known_t){SCH_A2, x->length, y->length, 0, 0, -1});
                TRY(b, sch_place_pair(b->model, SCH_A10, __builtin_popcountll(come), i, j, at_once, SCH_ROOM_ANY));
            }
            if (!circle)
                continue;
            if (both) {
                int at_once = relation_of(b, known, (known_t){SCH_A2, x->length, y->length, 0, 0, -1});
                TRY(b, sch_place_pair(b->model, SCH_A10, 2 * __builtin_popcountll(both), i, j, at_once, SCH_ROOM_ANY));
            }
            if (!x->online && !y->online) {
                int near = relation_of(b, known, (known_t){SCH_A15, x->length, y->length, 0, 0, -1});
                TRY(b, sch_place_pair(b->model, SCH_A15, 1, i, j, near, SCH_ROOM_SAME));
            }
        }
    }
    for (int k = 0; k < a->orders_n && !b->rc; ++k) {
        const sch_annual_order_t *o = &a->orders[k];
        if (o->before < 0 || o->before >= a->items_n || o->after < 0 || o->after >= a->items_n)
            b->rc = CV_EINVAL;
        if (b->rc)
            return;
        int order = relation_of(b, known, (known_t){SCH_A4, a->items[o->before].length, 0, o->least, o->most, -1});
        TRY(b, sch_place_pair(b->model, SCH_A4, 1, o->before, o->after, order, SCH_ROOM_ANY));
    }
}

/* ---- over the year ---- */

static void add_spread(build_t *b, knowns_t *known)
{
    const sch_annual_t *a = b->plan;
    int *items = malloc((size_t)(a->items_n + 1) * sizeof *items), highest = -1;
    if (!items)
        b->rc = CV_ENOMEM;
    for (int i = 0; i < a->items_n; ++i)
        if (a->items[i].dimension > highest)
            highest = a->items[i].dimension;
    for (int dimension = 0; dimension <= highest && !b->rc; ++dimension) {
        int n = 0, apart = relation_of(b, known, (known_t){SCH_A12, 0, 0, 0, 0, -1});
        for (int i = 0; i < a->items_n; ++i)
            if (a->items[i].dimension == dimension)
                items[n++] = i;
        if (n > 1)
            TRY(b, sch_place_field(b->model, SCH_A12, 1, items, n, apart));
    }
    free(items);
}

/* key_of: what a day belongs to. officer -1: everybody's items. */
static void add_load(build_t *b, int map, int officer, int cap)
{
    const sch_annual_t *a = b->plan;
    int group = -1, members = 0;
    TRY(b, sch_place_group(b->model, map, 1, NULL, 0, &group));
    for (int i = 0; i < a->items_n; ++i) {
        if (officer >= 0 && a->items[i].officer != officer)
            continue;
        TRY(b, sch_place_member(b->model, group, i, 0, 1));
        ++members;
    }
    if (members > cap)
        TRY(b, sch_place_load(b->model, SCH_A13, 1, group, cap, true));
}

static void add_loads(build_t *b)
{
    const sch_annual_t *a = b->plan;
    int weeks = (a->days + 6 + a->first_weekday) / 7 + 1, months = 0, week_map = -1, month_map = -1;
    for (int p = 0; p < a->days * a->venues_n; ++p)
        b->ints[p] = (p / a->venues_n + a->first_weekday) / 7;
    TRY(b, sch_place_map(b->model, weeks, b->ints, &week_map));
    for (int p = 0; p < a->days * a->venues_n; ++p) {
        b->ints[p] = a->month_of_day[p / a->venues_n];
        if (b->ints[p] >= months)
            months = b->ints[p] + 1;
    }
    TRY(b, sch_place_map(b->model, months, b->ints, &month_map));
    add_load(b, week_map, -1, a->per_week ? a->per_week : 2);
    add_load(b, month_map, -1, a->per_month ? a->per_month : 6);
    for (int officer = 0; officer < a->exclusives; ++officer) {
        bool is_officer = false;
        for (int i = 0; i < a->items_n; ++i)
            is_officer = is_officer || a->items[i].officer == officer;
        if (is_officer)
            add_load(b, week_map, officer, 1);
    }
}

int sch_annual_model(const sch_annual_t *a, sch_place_model_t **ret_model)
{
    build_t b = {.plan = a};
    knowns_t known = {0};
    if (!is_valid(a))
        return CV_EINVAL;
    memset(b.class_of, -1, sizeof b.class_of);
    size_t largest =
        (size_t)a->days * (size_t)(a->venues_n > a->members ? a->venues_n : a->members) + 2 * (size_t)a->days;
    b.model = sch_place_model_new();
    b.ints = calloc(largest, sizeof *b.ints);
    if (!b.model || !b.ints)
        b.rc = CV_ENOMEM;
    if (!b.rc)
        lay_axes(&b);
    for (int i = 0; i < a->items_n && !b.rc; ++i)
        add_item(&b, &a->items[i]);
    if (!b.rc)
        add_pairs(&b, &known);
    if (!b.rc)
        add_spread(&b, &known);
    if (!b.rc)
        add_loads(&b);
    TRY(&b, sch_place_freeze(b.model));
    free(known.list);
    free(b.ints);
    if (b.rc)
        sch_place_model_destroy(&b.model);
    else
        *ret_model = b.model;
    return b.rc;
}
