/* annual_plan: a generated year's plan that is known to fit: every item has a hidden place, and all rules are made
 * around it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * 28 members with a weekend of their own kind and a dozen holidays each, feasts, a month of Ramadan, two weeks of
 * summits; a capital per member and online. Items are put one after the other at random days where nothing hard is
 * broken; then windows are drawn around these days, and orders between items that happen to be in that order. So a plan
 * without a hard violation exists, and finding one means undoing what was hidden.
 */
#ifndef TESTS_BENCH_PLACEMENT_ANNUAL_PLAN_H
#define TESTS_BENCH_PLACEMENT_ANNUAL_PLAN_H

#include "scheduling/placement/annual.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    YEAR_DAYS = 365,
    YEAR_MEMBERS = 28,
    YEAR_VENUES = YEAR_MEMBERS + 1,
    YEAR_NAME = 24,
    YEAR_WINDOW = 30,
    YEAR_TRAVEL = 1
};

typedef struct {
    sch_annual_t plan;
    sch_annual_item_t *items;
    sch_annual_order_t *orders;
    char (*names)[YEAR_NAME];
    int *hidden; /* day * venues + venue of each item */
    sch_venue_t venues[YEAR_VENUES];
    char venue_names[YEAR_VENUES][YEAR_NAME];
    uint8_t off[YEAR_MEMBERS * YEAR_DAYS], flags[YEAR_DAYS];
    int months[YEAR_DAYS], zones[YEAR_MEMBERS];
} year_t;

static inline int year_random(uint64_t *seed, int below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((*seed >> 33) % (uint64_t)below);
}

static inline void year_calendar(year_t *y, uint64_t *seed)
{
    static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 0, day = 0; month < 12; ++month)
        for (int k = 0; k < LENGTHS[month]; ++k)
            y->months[day++] = month;
    for (int day = 0; day < YEAR_DAYS; ++day) {
        if (day >= 48 && day < 78)
            y->flags[day] |= SCH_DAY_RAMADAN;
        if (day >= 68 && day < 78)
            y->flags[day] |= SCH_DAY_RAMADAN_END;
        if ((day >= 78 && day < 81) || (day >= 145 && day < 148))
            y->flags[day] |= SCH_DAY_FEAST;
        if (day >= 263 && day < 275)
            y->flags[day] |= SCH_DAY_SUMMIT;
    }
    for (int m = 0; m < YEAR_MEMBERS; ++m) {
        bool friday = m % 5 < 2;
        y->zones[m] = 60 * (2 + m % 8);
        for (int day = 0; day < YEAR_DAYS; ++day) {
            int weekday = day % 7;
            y->off[m * YEAR_DAYS + day] = weekday == 5 || weekday == (friday ? 4 : 6);
        }
        for (int k = 0; k < 12; ++k)
            y->off[m * YEAR_DAYS + year_random(seed, YEAR_DAYS)] = 1;
    }
}

/* Whether an item could be at a day and venue beside those that are hidden already. */
static inline bool year_fits(const year_t *y, int items, const sch_annual_item_t *item, int day, int venue)
{
    int last = day + item->length, host = y->venues[venue].host;
    if (last > YEAR_DAYS)
        return false;
    for (int d = day; d < last; ++d)
        if ((y->flags[d] & SCH_DAY_FEAST) || (host >= 0 && y->off[host * YEAR_DAYS + d]))
            return false;
    for (int k = 0; k < items; ++k) {
        const sch_annual_item_t *other = &y->items[k];
        int first = y->hidden[k] / YEAR_VENUES, there = y->hidden[k] % YEAR_VENUES, gap = 0;
        bool shared = false;
        for (int a = 0; a < item->exclusive_n; ++a)
            for (int b = 0; b < other->exclusive_n; ++b)
                shared = shared || item->exclusive[a] == other->exclusive[b];
        if (shared && there != venue && !item->online && !other->online)
            gap = YEAR_TRAVEL;
        bool close = day < first + other->length + gap && first < last + gap;
        if (close && (shared || (there == venue && y->venues[venue].holds)))
            return false;
    }
    return true;
}

static inline void year_item(year_t *y, int i, int officers, uint64_t *seed)
{
    sch_annual_item_t *item = &y->items[i];
    for (int tries = 0;; ++tries) {
        *item = (sch_annual_item_t){.name = y->names[i],
                                    .length = 1 + year_random(seed, 3),
                                    .dimension = year_random(seed, 5),
                                    .online = year_random(seed, 6) == 0,
                                    .ministers = year_random(seed, 15) == 0,
                                    .circle = i % 40,
                                    .coordinator = year_random(seed, YEAR_MEMBERS),
                                    .members = (UINT64_C(1) << YEAR_MEMBERS) - 1,
                                    .preferred = -1,
                                    .utc_hour = 7,
                                    .hours = 2,
                                    .promised_day = -1,
                                    .promised_venue = -1,
                                    .priority = 1};
        item->exclusive[item->exclusive_n++] = item->officer = year_random(seed, officers);
        if (year_random(seed, 4) == 0)
            item->exclusive[item->exclusive_n++] = officers + year_random(seed, officers / 2 + 1);
        item->confirmed = item->members & ((uint64_t)year_random(seed, 1 << 28) | UINT64_C(1));
        int venue = item->online ? YEAR_MEMBERS : year_random(seed, YEAR_MEMBERS), day = year_random(seed, YEAR_DAYS);
        if (!year_fits(y, i, item, day, venue)) {
            if (tries > 100000)
                abort();
            continue;
        }
        y->hidden[i] = day * YEAR_VENUES + venue;
        item->venues[item->venues_n++] = venue;
        for (int k = 0; k < 2 && !item->online; ++k)
            item->venues[item->venues_n++] = year_random(seed, YEAR_MEMBERS);
        item->window_first = day - year_random(seed, YEAR_WINDOW) > 0 ? day - year_random(seed, YEAR_WINDOW) : 0;
        if (item->window_first > day)
            item->window_first = day;
        item->window_last = day + item->length - 1 + year_random(seed, 2 * YEAR_WINDOW);
        if (item->window_last >= YEAR_DAYS)
            item->window_last = YEAR_DAYS - 1;
        if (year_random(seed, 3) == 0)
            item->preferred = (day + year_random(seed, 41) + YEAR_DAYS - 20) % YEAR_DAYS;
        return;
    }
}

/* Free with year_destroy. Leaves the program when there is no memory. */
static inline year_t *year_new(int items, uint64_t seed)
{
    year_t *y = calloc(1, sizeof *y);
    if (!y)
        abort();
    int officers = items / 14 + 2;
    y->items = calloc((size_t)items, sizeof *y->items);
    y->orders = calloc((size_t)items, sizeof *y->orders);
    y->names = calloc((size_t)items, sizeof *y->names);
    y->hidden = calloc((size_t)items, sizeof *y->hidden);
    if (!y->items || !y->orders || !y->names || !y->hidden)
        abort();
    year_calendar(y, &seed);
    for (int v = 0; v < YEAR_VENUES; ++v) {
        snprintf(y->venue_names[v], YEAR_NAME, "venue %d", v);
        y->venues[v] = (sch_venue_t){
            .name = y->venue_names[v], .host = v < YEAR_MEMBERS ? v : -1, .holds = v < YEAR_MEMBERS, .city = v};
    }
    y->plan = (sch_annual_t){.days = YEAR_DAYS,
                             .month_of_day = y->months,
                             .flags = y->flags,
                             .members = YEAR_MEMBERS,
                             .off = y->off,
                             .utc_minutes = y->zones,
                             .venues = y->venues,
                             .venues_n = YEAR_VENUES,
                             .items = y->items,
                             .items_n = items,
                             .orders = y->orders,
                             .exclusives = officers + officers / 2 + 1,
                             .summit_city = -1,
                             .travel_days = YEAR_TRAVEL,
                             .per_week = 1 + items / 50,
                             .per_month = 1 + items / 12};
    for (int i = 0; i < items; ++i) {
        snprintf(y->names[i], YEAR_NAME, "event %d", i + 1);
        year_item(y, i, officers, &seed);
    }
    for (int k = 0; k < items / 5; ++k) {
        int a = year_random(&seed, items), b = year_random(&seed, items);
        int gap = y->hidden[b] / YEAR_VENUES - y->hidden[a] / YEAR_VENUES - y->items[a].length;
        if (a == b || gap < 0 || gap > 60)
            continue;
        y->orders[y->plan.orders_n++] = (sch_annual_order_t){a, b, 0, gap + year_random(&seed, 14)};
    }
    return y;
}

static inline void year_destroy(year_t *y)
{
    free(y->items);
    free(y->orders);
    free(y->names);
    free(y->hidden);
    free(y);
}

#endif
