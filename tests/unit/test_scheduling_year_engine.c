/* test_scheduling_year_engine: what an edit of an event is told is what the search charges for it, rule by rule, after every one of
 * many random moves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "scheduling/core_year.h"
#include "scheduling/placement/annual.h"
#include "scheduling/placement/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { YEAR_DAYS = 90, YEAR_EVENTS = 16, YEAR_VENUES = 4, YEAR_BODIES = 4, YEAR_MEMBERS = 4, YEAR_MOVES = 300 };
#define YEAR_ORIGIN INT64_C(20454) /* 2026-01-01, a Thursday */

static uint64_t g_seed = 1;
static int64_t g_seen[SCH_ANNUAL_RULES_N]; /* how often each rule was charged */
static int pick(int n)
{
    g_seed = g_seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((g_seed >> 33) % (uint64_t)n);
}

static const char *const NAMES[] = {"N0", "N1", "N2", "N3"};

/* The same year twice: as the service knows it, and as the engine does. */
typedef struct {
    cv_scheduling_event_v1_t events[YEAR_EVENTS];
    sch_near_event_t near[YEAR_EVENTS];
    char ids[YEAR_EVENTS][8], dates[YEAR_EVENTS][5][32], times[YEAR_EVENTS][8];
    cv_str_t confirmed[YEAR_EVENTS][YEAR_MEMBERS];
    cv_calendar_t calendars[YEAR_MEMBERS], common;
    const cv_calendar_t *all_calendars[YEAR_MEMBERS + 1];
    char holidays[YEAR_DAYS + YEAR_MEMBERS][32];
    sch_annual_item_t items[YEAR_EVENTS];
    sch_venue_t venues[YEAR_VENUES];
    int months[YEAR_DAYS], minutes[YEAR_MEMBERS];
    uint8_t flags[YEAR_DAYS], off[YEAR_MEMBERS * YEAR_DAYS];
    sch_annual_t annual;
} year_world_t;

static cv_str_t date_at(char *text, int day)
{
    cv_time_text((YEAR_ORIGIN + day) * 86400000, text);
    return (cv_str_t){text, 10};
}

static void set_dates(year_world_t *w, int i, int first)
{
    w->events[i].event_details.date_start = date_at(w->dates[i][0], first);
    w->events[i].event_details.date_end = date_at(w->dates[i][1], first + w->items[i].length - 1);
}

static void make_calendars(year_world_t *w)
{
    for (int m = 0; m < YEAR_MEMBERS; ++m) {
        cv_calendar_t *calendar = &w->calendars[m];
        *calendar = (cv_calendar_t){.country = cv_str(NAMES[m]), .year = 2026, .weekend_n = 2, .days_n = 1};
        calendar->weekend[0] = m % 2 ? CV_WEEKDAY_FRI : CV_WEEKDAY_SUN;
        calendar->weekend[1] = CV_WEEKDAY_SAT;
        int holiday = pick(YEAR_DAYS);
        calendar->days[0] =
            (cv_calendar_day_t){.date = date_at(w->holidays[YEAR_DAYS + m], holiday), .kind = CV_DAY_KIND_HOLIDAY};
        for (int day = 0; day < YEAR_DAYS; ++day) { /* 2026-01-01 is day 3 of its week */
            int weekday = (day + 3) % 7;
            w->off[m * YEAR_DAYS + day] = weekday == 5 || weekday == (m % 2 ? 4 : 6) || day == holiday;
        }
        w->all_calendars[m] = calendar;
        w->minutes[m] = 90 * m;
    }
    w->common = (cv_calendar_t){.year = 2026};
    for (int day = 40; day < 70; ++day) { /* Ramadan, and a summit of five days within */
        bool summit = day >= 50 && day < 55;
        w->flags[day] = (uint8_t)(summit ? SCH_DAY_SUMMIT : SCH_DAY_RAMADAN);
        w->flags[day] |= (uint8_t)(!summit && day >= 60 ? SCH_DAY_RAMADAN_END : 0);
        w->common.days[w->common.days_n++] = (cv_calendar_day_t){
            .date = date_at(w->holidays[day], day), .kind = summit ? CV_DAY_KIND_SUMMIT : CV_DAY_KIND_RAMADAN};
    }
    w->all_calendars[YEAR_MEMBERS] = &w->common;
    for (int day = 0; day < YEAR_DAYS; ++day) {
        char text[32];
        date_at(text, day);
        w->months[day] = text[6] - '1';
    }
}

static void make_event(year_world_t *w, int i)
{
    int venue = pick(YEAR_VENUES - 1), body = pick(YEAR_BODIES + 2), dimension = pick(3), area = pick(3);
    bool online = pick(4) == 0, bodied = body < YEAR_BODIES;
    cv_scheduling_event_v1_t *event = &w->events[i];
    sch_annual_item_t *item = &w->items[i];
    snprintf(w->ids[i], sizeof w->ids[i], "E%d", i);
    *event = (cv_scheduling_event_v1_t){.event = cv_str(w->ids[i]), .status = CV_EVENT_STATUS_PROPOSED};
    cv_event_details_t *details = &event->event_details;
    details->venue = online ? CV_STR_NONE : cv_str(NAMES[venue]);
    details->city = cv_str(venue ? "Astana" : "Baku"); /* two venues are in one city */
    details->body = bodied ? cv_str(NAMES[body]) : CV_STR_NONE;
    details->area = cv_str(NAMES[area]);
    details->dimension = cv_str(NAMES[dimension]);
    details->format = online ? CV_EVENT_FORMAT_ONLINE : CV_EVENT_FORMAT_IN_PERSON;
    *item = (sch_annual_item_t){.name = w->ids[i],
                                .length = 1 + pick(4),
                                .window_last = YEAR_DAYS - 1,
                                .venues = {online ? YEAR_VENUES - 1 : venue},
                                .venues_n = 1,
                                .dimension = dimension,
                                .online = online,
                                .ministers = body == 0,
                                .members = (1 << YEAR_MEMBERS) - 1,
                                .coordinator = pick(YEAR_MEMBERS + 1) - 1,
                                .exclusive = {body},
                                .exclusive_n = bodied,
                                .officer = pick(3) - 1,
                                .circle = bodied ? body : 100 + area,
                                .preferred = pick(3) ? pick(YEAR_DAYS) : -1,
                                .promised_day = -1,
                                .promised_venue = -1,
                                .priority = 1};
    w->near[i] = (sch_near_event_t){.event = event,
                                    .kind = item->ministers ? CV_BODY_KIND_GOVERNING : CV_BODY_KIND_WORKING,
                                    .confirmed = w->confirmed[i]};
    if (item->officer >= 0 && !online) /* officers are numbered after the bodies */
        item->exclusive[item->exclusive_n++] = YEAR_BODIES + item->officer;
    details->officer = item->officer < 0 ? CV_STR_NONE : cv_str(NAMES[item->officer]);
    details->preferred = item->preferred < 0 ? CV_STR_NONE : date_at(w->dates[i][2], item->preferred);
    if (pick(2)) {
        item->window_first = pick(30);
        details->earliest = date_at(w->dates[i][3], item->window_first);
    }
    if (pick(2)) {
        item->window_last = YEAR_DAYS - 1 - pick(30);
        details->latest = date_at(w->dates[i][4], item->window_last);
    }
    for (int m = 0; m < YEAR_MEMBERS; ++m) {
        if (pick(2))
            continue;
        item->confirmed |= UINT64_C(1) << m;
        w->confirmed[i][w->near[i].confirmed_n++] = cv_str(NAMES[m]);
    }
    if (online && pick(2)) {
        item->utc_hour = pick(24);
        item->utc_minute = 30;
        item->hours = 1 + pick(4);
        snprintf(w->times[i], sizeof w->times[i], "%02d:30", item->utc_hour);
        details->time_start = cv_str(w->times[i]);
        details->has_minutes = true;
        details->minutes = item->hours * 60;
    }
}

static void make_year(year_world_t *w)
{
    make_calendars(w);
    for (int v = 0; v < YEAR_VENUES; ++v) /* the last is online: it holds any number */
        w->venues[v] = (sch_venue_t){.name = NAMES[v], .host = -1, .holds = v < YEAR_VENUES - 1, .city = v ? 1 : 0};
    w->venues[YEAR_VENUES - 1].city = 7;
    for (int i = 0; i < YEAR_EVENTS; ++i)
        make_event(w, i);
    w->annual = (sch_annual_t){.days = YEAR_DAYS,
                               .first_weekday = 3,
                               .month_of_day = w->months,
                               .flags = w->flags,
                               .members = YEAR_MEMBERS,
                               .off = w->off,
                               .utc_minutes = w->minutes,
                               .venues = w->venues,
                               .venues_n = YEAR_VENUES,
                               .items = w->items,
                               .items_n = YEAR_EVENTS,
                               .exclusives = YEAR_BODIES + 2,
                               .travel_days = 1,
                               .summit_city = -1};
}

/* What an edit is told of an event where it is: its price by rule. */
static void told(year_world_t *w, int i, int64_t ret_cost[SCH_ANNUAL_RULES_N])
{
    static sch_clash_t mine[SCH_YEAR_CLASHES_MAX];
    sch_member_t members[YEAR_MEMBERS];
    int64_t first, last;
    assert_true(sch_holds_days(&w->events[i], &first, &last));
    for (int m = 0; m < YEAR_MEMBERS; ++m) {
        bool comes = w->items[i].confirmed >> m & 1;
        members[m] = (sch_member_t){.code = cv_str(NAMES[m]),
                                    .weight = w->items[i].coordinator == m ? 8
                                              : comes                      ? 3
                                                                           : 1,
                                    .days_off = sch_days_off(&w->calendars[m], first, last),
                                    .has_zone = true,
                                    .utc_minutes = w->minutes[m]};
    }
    const sch_year_t year = {.near = w->near,
                             .near_n = YEAR_EVENTS,
                             .kind = w->near[i].kind,
                             .calendars = w->all_calendars,
                             .calendars_n = YEAR_MEMBERS + 1,
                             .confirmed = w->confirmed[i],
                             .confirmed_n = w->near[i].confirmed_n,
                             .members = members,
                             .members_n = YEAR_MEMBERS,
                             .has_clock = true,
                             .rules = SCH_ANNUAL_RULES_DEFAULT};
    size_t n = sch_clashes_of(&w->events[i], &year, mine);
    memset(ret_cost, 0, SCH_ANNUAL_RULES_N * sizeof *ret_cost);
    assert_true(n <= SCH_YEAR_CLASHES_MAX);
    for (size_t k = 0; k < n; ++k)
        ret_cost[mine[k].rule] += mine[k].cost;
}

/* What an edit is told of an event is what the search charges for it, rule by rule. */
static void expect_same(sch_place_state_t *state, year_world_t *w, int i)
{
    static const int RULES[] = {SCH_A2,  SCH_A3,  SCH_A9,  SCH_A10, SCH_A11, SCH_A12,
                                SCH_A13, SCH_A14, SCH_A15, SCH_A16, SCH_A17};
    int64_t mine[SCH_ANNUAL_RULES_N], theirs[SCH_ANNUAL_RULES_N] = {0};
    sch_reason_t reasons[128];
    told(w, i, mine);
    int m = sch_place_explain(state, i, sch_place_of(state, i), reasons, 128);
    assert_true(m <= 128);
    for (int k = 0; k < m; ++k)
        theirs[reasons[k].rule] += reasons[k].cost;
    g_seen[SCH_A1] += mine[SCH_A1] > 0;
    assert_int_equal(mine[SCH_A1] > 0, theirs[SCH_A1] > 0); /* charged by the day there */
    for (size_t k = 0; k < sizeof RULES / sizeof *RULES; ++k) {
        g_seen[RULES[k]] += mine[RULES[k]] != 0;
        if (mine[RULES[k]] != theirs[RULES[k]])
            fail_msg("%s: %s costs %lld at an edit and %lld in the search", w->ids[i],
                     SCH_ANNUAL_RULES_DEFAULT[RULES[k]].id, (long long)mine[RULES[k]], (long long)theirs[RULES[k]]);
    }
}

/* The same rules, written down twice, agree after every move. */
static void test_agrees_with_the_engine(void **state_of_test)
{
    (void)state_of_test;
    year_world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    for (int round = 0; round < 4; ++round) {
        sch_place_model_t *model = NULL;
        memset(w, 0, sizeof *w);
        make_year(w);
        assert_int_equal(sch_annual_model(&w->annual, &model), CV_OK);
        sch_place_state_t *state = sch_place_state_new(model);
        assert_non_null(state);
        for (int move = 0; move < YEAR_MOVES + YEAR_EVENTS; ++move) {
            int i = move < YEAR_EVENTS ? move : pick(YEAR_EVENTS), first = pick(YEAR_DAYS - w->items[i].length);
            set_dates(w, i, first);
            sch_place_put(state, i, first * YEAR_VENUES + w->items[i].venues[0]);
            for (int k = 0; move >= YEAR_EVENTS - 1 && k < YEAR_EVENTS; ++k)
                expect_same(state, w, k);
        }
        sch_place_state_destroy(&state);
        sch_place_model_destroy(&model);
    }
    free(w);
    for (int rule = SCH_A1; rule <= SCH_A17; ++rule)
        if (g_seen[rule] < 50 && rule != SCH_A4 && rule != SCH_A5 && rule != SCH_A6 && rule != SCH_A7 && rule != SCH_A8)
            fail_msg("%s was charged %lld times: the test does not see it", SCH_ANNUAL_RULES_DEFAULT[rule].id,
                     (long long)g_seen[rule]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_agrees_with_the_engine)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
