/* test_placement_state: the evaluator against the slow full count, after every random move, step, commit and rollback.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "placement_full.h"
#include "scheduling/placement/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void same(const sch_score_t *a, const sch_score_t *b)
{
    for (int level = 0; level < SCH_LEVELS; ++level)
        assert_int_equal(a->v[level], b->v[level]);
}

static void agrees(const sch_place_model_t *m, const sch_place_state_t *s)
{
    int plan[64];
    for (int i = 0; i < sch_place_items_n(m); ++i)
        plan[i] = sch_place_of(s, i);
    sch_score_t full = full_score(m, plan);
    same(&full, sch_place_score(s));
}

/* The shortest correct use: two items, one room, who goes where and what it costs. */
static void test_use(void **state)
{
    (void)state;
    sch_place_model_t *m = sch_place_model_new();
    int clash, day, late, profile, soc, swg;
    assert_int_equal(sch_place_axes(m, 3, 1, 3), CV_OK);
    assert_int_equal(sch_place_rule(m, &(sch_rule_t){"A1", SCH_HARD, 1000, SCH_FORBID, "the room is taken"}, &clash),
                     CV_OK);
    assert_int_equal(
        sch_place_rule(m, &(sch_rule_t){"A16", SCH_SOFT, 4, SCH_WARN, "far from the preferred day"}, &late), CV_OK);
    assert_int_equal(sch_place_room_rule(m, clash), CV_OK);
    assert_int_equal(sch_place_class(m, (sch_span_t[]){{0, 1}, {1, 2}, {2, 3}}, &day), CV_OK);
    assert_int_equal(sch_place_profile(m, day, &profile), CV_OK);
    assert_int_equal(sch_place_price_times(m, profile, late, (int[]){0, 1, 2}), CV_OK);
    assert_int_equal(sch_place_item(m, &(sch_place_item_t){"SOC", profile, -1, 0, -1, false, -1}, &soc), CV_OK);
    assert_int_equal(sch_place_item(m, &(sch_place_item_t){"SWG", profile, -1, 0, -1, false, -1}, &swg), CV_OK);
    assert_int_equal(sch_place_freeze(m), CV_OK);

    sch_place_state_t *s = sch_place_state_new(m);
    sch_score_t delta;
    sch_fit_t fits[2];
    sch_reason_t reasons[4];
    sch_place_put(s, soc, 0);
    sch_place_delta(s, swg, 0, &delta);
    assert_int_equal(delta.v[SCH_HARD], 1000);
    assert_int_equal(sch_place_explain(s, swg, 0, reasons, 4), 1);
    assert_string_equal(sch_place_rule_at(m, reasons[0].rule)->id, "A1");
    assert_int_equal(reasons[0].other, soc);
    assert_int_equal(sch_place_best_fits(s, swg, fits, 2), 2);
    assert_int_equal(fits[0].place, 1);
    assert_int_equal(fits[0].delta.v[SCH_SOFT], 4);
    sch_place_put(s, swg, fits[0].place);
    assert_int_equal(sch_place_score(s)->v[SCH_HARD], 0);
    assert_int_equal(sch_place_score(s)->v[SCH_SOFT], 4);
    sch_place_state_destroy(&s);
    sch_place_model_destroy(&m);
}

static void test_agrees(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        sch_place_model_t *m = full_random_model(seed);
        sch_place_state_t *s = sch_place_state_new(m);
        uint64_t random = seed * 77;
        int items = sch_place_items_n(m), places = sch_place_places_n(m);
        agrees(m, s);
        for (int round = 0; round < 150; ++round) {
            int steps = 1 + full_random(&random, 4);
            sch_score_t before = *sch_place_score(s);
            for (int k = 0; k < steps; ++k) {
                int item = full_random(&random, items), to = full_random(&random, places + 2) - 2;
                if (to < 0)
                    to = SCH_PLACE_NOWHERE;
                sch_score_t delta, sum = *sch_place_score(s);
                sch_place_delta(s, item, to, &delta);
                if (!sch_place_step(s, item, to))
                    continue;
                for (int level = 0; level < SCH_LEVELS; ++level)
                    sum.v[level] += delta.v[level];
                same(&sum, sch_place_score(s));
                agrees(m, s);
            }
            if (round % 3) {
                sch_place_commit(s);
            } else {
                sch_place_rollback(s);
                same(&before, sch_place_score(s));
            }
            agrees(m, s);
        }
        sch_place_state_destroy(&s);
        sch_place_model_destroy(&m);
    }
}

/* What explain charges an item is what taking it away would save. */
static void test_reasons(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        enum { MAX = 64 };
        sch_place_model_t *m = full_random_model(seed);
        sch_place_state_t *s = sch_place_state_new(m);
        uint64_t random = seed;
        for (int i = 0; i < sch_place_items_n(m); ++i)
            sch_place_put(s, i, full_random(&random, sch_place_places_n(m)));
        for (int i = 0; i < sch_place_items_n(m); ++i) {
            const sch_place_item_t *item = sch_place_item_at(m, i);
            sch_reason_t reasons[MAX];
            int n = sch_place_explain(s, i, sch_place_of(s, i), reasons, MAX);
            assert_in_range(n, 0, MAX);
            sch_score_t sum = full_none(), delta;
            for (int k = 0; k < n; ++k) {
                sum.v[reasons[k].level] += reasons[k].cost;
                assert_int_equal(sch_place_rule_at(m, reasons[k].rule)->level, reasons[k].level);
                if (k)
                    assert_true(reasons[k - 1].level <= reasons[k].level);
            }
            sch_place_delta(s, i, SCH_PLACE_NOWHERE, &delta);
            if (item->unplaced_rule >= 0)
                delta.v[sch_place_rule_at(m, item->unplaced_rule)->level] -=
                    (int64_t)sch_place_rule_at(m, item->unplaced_rule)->weight * item->unplaced_factor;
            for (int level = 0; level < SCH_LEVELS; ++level)
                assert_int_equal(sum.v[level], -delta.v[level]);
            agrees(m, s);
        }
        sch_place_state_destroy(&s);
        sch_place_model_destroy(&m);
    }
}

static void test_best_fits(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
        sch_place_model_t *m = full_random_model(seed);
        sch_place_state_t *s = sch_place_state_new(m);
        for (int i = 0; i < sch_place_items_n(m); ++i) {
            sch_fit_t fits[5];
            int n = sch_place_best_fits(s, i, fits, 5), all;
            const int *candidates = sch_place_candidates(m, i, &all);
            assert_int_equal(n, all < 5 ? all : 5);
            for (int k = 1; k < n; ++k)
                assert_true(sch_score_compare(&fits[k - 1].delta, &fits[k].delta) <= 0);
            int better = 0; /* no candidate that was left out is better than the last one kept */
            for (int k = 0; k < all && n; ++k) {
                sch_score_t delta;
                sch_place_delta(s, i, candidates[k], &delta);
                better += sch_score_compare(&delta, &fits[n - 1].delta) < 0;
            }
            assert_true(better < 5);
            if (n)
                sch_place_put(s, i, fits[0].place);
        }
        sch_place_state_destroy(&s);
        sch_place_model_destroy(&m);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    sch_place_model_t *m = sch_place_model_new();
    int x, values[9] = {0};
    assert_null(sch_place_state_new(m));
    assert_int_equal(sch_place_freeze(m), CV_EINVAL);
    assert_int_equal(sch_place_class(m, (sch_span_t[]){{0, 1}}, &x), CV_EINVAL);
    assert_int_equal(sch_place_axes(m, 0, 1, 1), CV_EINVAL);
    assert_int_equal(sch_place_axes(m, SCH_PLACE_TIMES_MAX + 1, 1, 1), CV_ELIMIT);
    assert_int_equal(sch_place_axes(m, 3, 1, 3), CV_OK);
    assert_int_equal(sch_place_axes(m, 3, 1, 3), CV_EINVAL);
    assert_int_equal(sch_place_class(m, (sch_span_t[]){{0, 1}, {1, 4}, {2, 3}}, &x), CV_EINVAL);
    assert_int_equal(sch_place_profile(m, 0, &x), CV_EINVAL);
    assert_int_equal(sch_place_room(m, 1, 1, 0, 0), CV_EINVAL);
    assert_int_equal(sch_place_room_rule(m, 0), CV_EINVAL);
    assert_int_equal(sch_place_item(m, &(sch_place_item_t){.name = "a", .promised = -1, .unplaced_rule = -1}, &x),
                     CV_EINVAL);
    assert_int_equal(sch_place_rule(m, &(sch_rule_t){"A1", (sch_level_t)3, 1, SCH_WARN, ""}, &x), CV_EINVAL);
    assert_int_equal(sch_place_map(m, 1, (int[]){0, 1, 0}, &x), CV_EINVAL);
    values[4] = INT16_MAX + 1;
    assert_int_equal(sch_place_relation(m, values, &x), CV_ELIMIT);
    assert_int_equal(sch_place_freeze(m), CV_OK);
    assert_int_equal(sch_place_freeze(m), CV_EINVAL);
    sch_place_model_destroy(&m);
    assert_null(m);
    sch_place_model_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_use),       cmocka_unit_test(test_agrees),   cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_best_fits), cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
