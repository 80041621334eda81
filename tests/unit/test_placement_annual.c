/* test_placement_annual: each rule of the annual plan provoked and named, and a generated year placed without a hard
 * violation.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 300
 */
#include "../bench/placement/annual_plan.h"
#include "placement_put.h"
#include "scheduling/placement/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { DAYS = 60, MEMBERS = 3, VENUES = 4 };

/* Sixty days from a Monday; members 0 and 1 rest on Saturday and Sunday, member 2 on Friday and Saturday; a venue each,
 * the first two in one city, and online as number 3. */
typedef struct {
    sch_annual_t plan;
    sch_annual_item_t items[4];
    sch_annual_order_t orders[1];
    sch_venue_t venues[VENUES];
    uint8_t off[MEMBERS * DAYS], flags[DAYS];
    int months[DAYS], zones[MEMBERS];
    sch_place_model_t *model;
    sch_place_state_t *state;
} small_t;

static void small_init(small_t *s)
{
    static const char *const NAMES[] = {"SOC", "SWG", "forum", "training"};
    *s = (small_t){
        .venues = {{"hall", 0, 1, 0, 7}, {"palace", 1, 1, 2, 7}, {"centre", 2, 1, 0, 8}, {"online", -1, 0, 0, 9}}};
    for (int day = 0; day < DAYS; ++day) {
        s->months[day] = day / 30;
        for (int m = 0; m < MEMBERS; ++m)
            s->off[m * DAYS + day] = day % 7 == 5 || day % 7 == (m == 2 ? 4 : 6);
    }
    for (int i = 0; i < 4; ++i)
        s->items[i] = (sch_annual_item_t){.name = NAMES[i],
                                          .length = 2,
                                          .window_last = DAYS - 1,
                                          .venues = {0, 1, 2, 3},
                                          .venues_n = 4,
                                          .dimension = -1,
                                          .coordinator = -1,
                                          .officer = -1,
                                          .circle = -1,
                                          .preferred = -1,
                                          .promised_day = -1,
                                          .promised_venue = -1,
                                          .priority = 1 + i};
    s->plan = (sch_annual_t){.days = DAYS,
                             .month_of_day = s->months,
                             .flags = s->flags,
                             .members = MEMBERS,
                             .off = s->off,
                             .utc_minutes = s->zones,
                             .venues = s->venues,
                             .venues_n = VENUES,
                             .items = s->items,
                             .items_n = 4,
                             .orders = s->orders,
                             .exclusives = 4,
                             .summit_city = 8,
                             .travel_days = 1};
}

static void small_make(small_t *s)
{
    assert_int_equal(sch_annual_model(&s->plan, &s->model), CV_OK);
    s->state = sch_place_state_new(s->model);
    assert_non_null(s->state);
}

static void small_done(small_t *s)
{
    sch_place_state_destroy(&s->state);
    sch_place_model_destroy(&s->model);
}

static int place_of(int day, int venue)
{
    return day < 0 ? SCH_PLACE_NOWHERE : day * VENUES + venue;
}

static void put(small_t *s, int item, int day, int venue)
{
    full_put(s->model, s->state, item, place_of(day, venue));
}

static int64_t charge_at(small_t *s, int item, int day, int venue, int rule)
{
    return full_charged(s->state, item, place_of(day, venue), rule);
}

static void test_hard(void **state)
{
    (void)state;
    small_t s;
    small_init(&s);
    s.items[0].exclusive[s.items[0].exclusive_n++] = 2;
    s.items[1].exclusive[s.items[1].exclusive_n++] = 2;
    s.items[2].window_first = 10;
    s.items[2].window_last = 20;
    s.items[2].venues_n = 1;
    s.flags[22] = SCH_DAY_FEAST;
    s.orders[0] = (sch_annual_order_t){1, 0, 0, 14};
    s.plan.orders_n = 1;
    small_make(&s);

    put(&s, 3, 8, 1); /* days 8 and 9, and two days to clear the palace */
    assert_int_equal(charge_at(&s, 0, 9, 1, SCH_A1), 3000);
    assert_int_equal(charge_at(&s, 0, 10, 1, SCH_A1), 2000);
    assert_int_equal(charge_at(&s, 0, 12, 1, SCH_A1), 0);
    assert_int_equal(charge_at(&s, 0, 9, 0, SCH_A1), 0);
    put(&s, 0, 9, 3);
    assert_int_equal(charge_at(&s, 3, 9, 3, SCH_A1), 0); /* online holds any number */

    put(&s, 0, 9, 0);
    assert_int_equal(charge_at(&s, 1, 10, 0, SCH_A2), 1000);
    assert_int_equal(charge_at(&s, 1, 11, 0, SCH_A2), 0);
    assert_int_equal(charge_at(&s, 1, 11, 1, SCH_A2), 0);    /* the same city */
    assert_int_equal(charge_at(&s, 1, 11, 2, SCH_A2), 1000); /* a day to travel */
    assert_int_equal(charge_at(&s, 1, 12, 2, SCH_A2), 0);

    assert_int_equal(charge_at(&s, 2, 9, 0, SCH_A3), 100);
    assert_int_equal(charge_at(&s, 2, 20, 0, SCH_A3), 100); /* its second day */
    assert_int_equal(charge_at(&s, 2, 10, 0, SCH_A3), 0);
    assert_int_equal(charge_at(&s, 2, 10, 1, SCH_A3), 100); /* not its venue */

    put(&s, 0, 28, 0);
    assert_int_equal(charge_at(&s, 1, 26, 3, SCH_A4), 0);
    assert_int_equal(charge_at(&s, 1, 27, 3, SCH_A4), 100); /* overlaps */
    assert_int_equal(charge_at(&s, 1, 12, 3, SCH_A4), 0);
    assert_int_equal(charge_at(&s, 1, 11, 3, SCH_A4), 100); /* 15 days before */
    assert_int_equal(charge_at(&s, 1, 35, 3, SCH_A4), 100); /* after */

    assert_int_equal(charge_at(&s, 3, 3, 0, SCH_A5), 0); /* Thursday and Friday */
    assert_int_equal(charge_at(&s, 3, 3, 2, SCH_A5), 100);
    assert_int_equal(charge_at(&s, 3, 5, 0, SCH_A5), 200);
    assert_int_equal(charge_at(&s, 3, 5, 3, SCH_A5), 0); /* online has no host */
    assert_int_equal(charge_at(&s, 3, 21, 0, SCH_A6), 50);
    assert_int_equal(charge_at(&s, 3, 23, 0, SCH_A6), 0);
    small_done(&s);

    small_init(&s);
    s.items[3].host_waives = true;
    small_make(&s);
    assert_int_equal(charge_at(&s, 3, 5, 0, SCH_A5), 0);
    small_done(&s);
}

static void test_medium(void **state)
{
    (void)state;
    small_t s;
    small_init(&s);
    s.items[0].promised_day = 8;
    s.items[0].promised_venue = 0;
    s.items[0].promise = SCH_STATE_SCHEDULED;
    s.items[1].coordinator = 2;
    s.items[1].co_coordinators = 1;
    s.items[1].members = 7;
    s.items[2].members = s.items[3].members = 6;
    s.items[2].circle = s.items[3].circle = 1;
    s.items[3].ministers = true;
    s.items[3].venues_n = 1;
    s.flags[15] = SCH_DAY_SUMMIT;
    small_make(&s);

    assert_int_equal(charge_at(&s, 2, -1, 0, SCH_A7), 3000); /* its priority is 3 */
    put(&s, 2, 8, 0);
    assert_int_equal(charge_at(&s, 2, 8, 0, SCH_A7), 0);

    assert_int_equal(charge_at(&s, 0, 8, 0, SCH_A8), 0);
    assert_int_equal(charge_at(&s, 0, 9, 0, SCH_A8), 20);
    assert_int_equal(charge_at(&s, 0, 8, 1, SCH_A8), 10);

    assert_int_equal(charge_at(&s, 1, 1, 0, SCH_A9), 0);
    assert_int_equal(charge_at(&s, 1, 3, 0, SCH_A9), 8); /* the coordinator's Friday */
    assert_int_equal(charge_at(&s, 1, 5, 0, SCH_A9), 8 + 5 + 1 + 5 + 1);

    assert_int_equal(charge_at(&s, 3, 9, 0, SCH_A10), 40); /* two delegations in both, the same people */
    assert_int_equal(charge_at(&s, 3, 10, 0, SCH_A10), 0);
    assert_int_equal(charge_at(&s, 3, 14, 0, SCH_A11), 30);
    assert_int_equal(charge_at(&s, 3, 16, 0, SCH_A11), 0);
    small_done(&s);

    small_init(&s); /* where the summit is, it is no reason to stay away */
    s.items[3].ministers = true;
    s.items[3].venues[0] = 2;
    s.flags[15] = SCH_DAY_SUMMIT;
    small_make(&s);
    assert_int_equal(charge_at(&s, 3, 15, 2, SCH_A11), 0);
    small_done(&s);
}

static void test_soft(void **state)
{
    (void)state;
    small_t s;
    small_init(&s);
    for (int i = 0; i < 3; ++i)
        s.items[i].dimension = 1;
    s.items[0].circle = s.items[1].circle = 4;
    s.items[0].officer = s.items[1].officer = 3;
    s.items[1].preferred = 8;
    s.items[2].members = 7;
    s.items[3].online = true;
    s.items[3].members = 3;
    s.items[3].utc_hour = 8;
    s.items[3].hours = 2;
    s.zones[1] = -120;
    s.flags[30] = s.flags[31] = SCH_DAY_RAMADAN;
    s.flags[31] |= SCH_DAY_RAMADAN_END;
    small_make(&s);

    put(&s, 0, 8, 0);
    assert_int_equal(charge_at(&s, 1, 18, 0, SCH_A12), 12); /* ten days apart */
    assert_int_equal(charge_at(&s, 1, 22, 0, SCH_A12), 0);
    assert_int_equal(charge_at(&s, 3, 8, 3, SCH_A12), 0); /* another dimension */
    put(&s, 1, 10, 3);
    assert_int_equal(charge_at(&s, 1, 10, 3, SCH_A13), 10); /* the officer's second in a week */
    put(&s, 2, 9, 3);
    assert_int_equal(charge_at(&s, 3, 11, 3, SCH_A13),
                     20 + 10); /* the week's fourth: 2 squared, and what it does to others */
    put(&s, 1, -1, 0);
    put(&s, 2, -1, 0);

    assert_int_equal(charge_at(&s, 1, 29, 0, SCH_A14), 2);
    assert_int_equal(charge_at(&s, 1, 30, 0, SCH_A14), 6);
    assert_int_equal(charge_at(&s, 3, 30, 3, SCH_A14), 0);  /* online */
    assert_int_equal(charge_at(&s, 1, 13, 1, SCH_A15), -5); /* the palace is in the hall's city, three days later */
    assert_int_equal(charge_at(&s, 1, 14, 1, SCH_A15), 0);
    assert_int_equal(charge_at(&s, 1, 13, 2, SCH_A15), 0);
    assert_int_equal(charge_at(&s, 1, 8, 3, SCH_A16), 0);
    assert_int_equal(charge_at(&s, 1, 22, 3, SCH_A16), 8);
    assert_int_equal(charge_at(&s, 3, 8, 3, SCH_A17), 1 + 4); /* 8 and 9 where it is 8, 6 and 7 two hours west */
    assert_int_equal(charge_at(&s, 2, 5, 3, SCH_A18), 0);     /* small burdens are nobody's: 4 / 64 */
    small_done(&s);
}

static void test_fair(void **state)
{
    (void)state;
    small_t s;
    small_init(&s);
    for (int i = 0; i < 4; ++i) {
        s.items[i].members = 7;
        s.items[i].length = 14;
    }
    small_make(&s);
    for (int i = 0; i < 3; ++i)
        put(&s, i, 0, 3);
    assert_int_equal(charge_at(&s, 3, 0, 3, SCH_A18), 3 * (256 / 64 - 144 / 64)); /* each has 4 days off in each */
    small_done(&s);
}

static void test_refused(void **state)
{
    (void)state;
    small_t s;
    sch_place_model_t *model = NULL;
    small_init(&s);
    s.items[1].venues[0] = VENUES;
    assert_int_equal(sch_annual_model(&s.plan, &model), CV_EINVAL);
    small_init(&s);
    s.items[1].length = 0;
    assert_int_equal(sch_annual_model(&s.plan, &model), CV_EINVAL);
    small_init(&s);
    s.orders[0] = (sch_annual_order_t){0, 4, 0, 1};
    s.plan.orders_n = 1;
    assert_int_equal(sch_annual_model(&s.plan, &model), CV_EINVAL);
    small_init(&s);
    s.items[0].promised_day = 3;
    assert_int_equal(sch_annual_model(&s.plan, &model), CV_EINVAL);
    assert_null(model);
}

/* Seventy events in a year of 28 calendars, as a year is known to hold: all placed, nothing hard broken, and for any of
 * them a day that is refused comes with its rule. */
static void test_year(void **state)
{
    (void)state;
    year_t *y = year_new(70, 7);
    sch_place_model_t *m = NULL;
    sch_certificate_t certificates[4];
    sch_place_result_t result;
    int n;
    assert_int_equal(sch_annual_model(&y->plan, &m), CV_OK);
    sch_score_t hidden = full_score(m, y->hidden);
    assert_int_equal(hidden.v[SCH_HARD], 0);
    assert_int_equal(sch_place_check(m, certificates, 4, &n), CV_OK);
    assert_int_equal(n, 0);
    assert_int_equal(sch_place_solve(m, &(sch_place_options_t){.seed = 4, .iterations = 30000}, &result), CV_OK);
    sch_score_t full = full_score(m, result.places);
    assert_int_equal(sch_score_compare(&full, &result.score), 0);
    assert_int_equal(result.score.v[SCH_HARD], 0);
    assert_true(sch_score_compare(&result.score, &hidden) < 0);
    sch_place_state_t *s = sch_place_state_new(m);
    sch_place_put_all(s, result.places);
    for (int i = 0; i < 70; ++i) {
        assert_true(result.places[i] >= 0);
        for (int day = 0; day < YEAR_DAYS; day += 9) {
            int place = day * YEAR_VENUES + y->items[i].venues[0];
            sch_score_t delta;
            sch_reason_t reason;
            sch_place_delta(s, i, place, &delta);
            if (delta.v[SCH_HARD] <= 0)
                continue;
            assert_true(sch_place_explain(s, i, place, &reason, 1) > 0);
            assert_int_equal(reason.level, SCH_HARD);
        }
    }
    sch_place_state_destroy(&s);
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
    year_destroy(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard), cmocka_unit_test(test_medium),  cmocka_unit_test(test_soft),
        cmocka_unit_test(test_fair), cmocka_unit_test(test_refused), cmocka_unit_test(test_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
