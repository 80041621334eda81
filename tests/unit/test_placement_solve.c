/* test_placement_solve: whole runs: the best plan of small models, the same plan for the same seed, promises, cancel,
 * guard.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "placement_full.h"
#include "scheduling/placement/place.h"
#include "scheduling/placement/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static sch_place_result_t solved(const sch_place_model_t *m, sch_place_options_t options)
{
    sch_place_result_t result;
    assert_int_equal(sch_place_solve(m, &options, &result), CV_OK);
    sch_score_t full = full_score(m, result.places);
    assert_int_equal(sch_score_compare(&full, &result.score), 0);
    return result;
}

/* n items of a tick each in one room; a conflict between neighbours unless two ticks lie between. */
static sch_place_model_t *row(int n, int ticks, const int *promised, int moving)
{
    static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    sch_place_model_t *m = sch_place_model_new();
    int room = full_rule(m, "room", SCH_HARD, 10), left = full_rule(m, "left out", SCH_MEDIUM, 1000),
        moved = full_rule(m, "moved", SCH_MEDIUM, 1);
    int near = full_rule(m, "near", SCH_SOFT, 1), late = full_rule(m, "late", SCH_SOFT, 2), class_, relation, profile,
        item, values[64];
    sch_span_t spans[32];
    FULL_OK(sch_place_axes(m, ticks, 1, ticks));
    for (int t = 0; t < ticks; ++t)
        spans[t] = (sch_span_t){t, t + 1};
    FULL_OK(sch_place_class(m, spans, &class_));
    FULL_OK(sch_place_room_rule(m, room));
    FULL_OK(sch_place_relation_overlap(m, class_, class_, 2, &relation));
    for (int i = 0; i < n; ++i) {
        FULL_OK(sch_place_profile(m, class_, &profile));
        for (int t = 0; t < ticks; ++t)
            values[t] = t * (i % 3);
        FULL_OK(sch_place_price_times(m, profile, late, values));
        for (int t = 0; t < ticks; ++t)
            values[t] = promised && t != promised[i] ? moving : 0;
        FULL_OK(sch_place_price_times(m, profile, moved, values));
        FULL_OK(sch_place_item(
            m, &(sch_place_item_t){NAMES[i], profile, left, 1 + i % 2, promised ? promised[i] : -1, false, -1}, &item));
        if (i)
            FULL_OK(sch_place_pair(m, near, 3, i - 1, i, relation, SCH_ROOM_ANY));
    }
    FULL_OK(sch_place_freeze(m));
    return m;
}

static void enumerate(const sch_place_model_t *m, int item, int *plan, sch_score_t *best)
{
    if (item == sch_place_items_n(m)) {
        sch_score_t score = full_score(m, plan);
        if (sch_score_compare(&score, best) < 0)
            *best = score;
        return;
    }
    for (plan[item] = -1; plan[item] < sch_place_places_n(m); ++plan[item])
        enumerate(m, item + 1, plan, best);
}

/* Every plan of a small model is counted in full; the search finds one that is as good as the best. */
static void test_optimum(void **state)
{
    (void)state;
    for (int n = 2; n <= 5; ++n) {
        sch_place_model_t *m = row(n, 6, NULL, 0);
        int plan[8];
        sch_score_t best = {{INT64_MAX, 0, 0}};
        enumerate(m, 0, plan, &best);
        sch_place_result_t result = solved(m, (sch_place_options_t){.seed = 3, .iterations = 100000});
        assert_int_equal(sch_score_compare(&result.score, &best), 0);
        sch_place_result_done(&result);
        sch_place_model_destroy(&m);
    }
}

/* Too many items: as many as fit, the dear ones first, and nobody in somebody's seat. */
static void test_overfull(void **state)
{
    (void)state;
    sch_place_model_t *m = row(8, 5, NULL, 0);
    sch_place_result_t result = solved(m, (sch_place_options_t){.seed = 1, .iterations = 200000});
    assert_int_equal(result.score.v[SCH_HARD], 0);
    assert_int_equal(result.score.v[SCH_MEDIUM], 3000); /* three of the cheap four */
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
}

static void test_repeatable(void **state)
{
    (void)state;
    for (uint64_t model = 1; model <= 6; ++model) {
        sch_place_model_t *m = full_random_model(model);
        sch_place_result_t a = solved(m, (sch_place_options_t){.seed = 9, .iterations = 30000});
        sch_place_result_t b = solved(m, (sch_place_options_t){.seed = 9, .iterations = 30000});
        assert_memory_equal(a.places, b.places, (size_t)sch_place_items_n(m) * sizeof(int));
        assert_int_equal(a.changes_n, b.changes_n);
        assert_true(a.repeatable && b.repeatable);
        sch_place_result_done(&a);
        sch_place_result_done(&b);
        sch_place_model_destroy(&m);
    }
}

/* A plan that is good stays; one item that has to go takes nobody with it. */
static void test_promised(void **state)
{
    (void)state;
    int promised[] = {0, 3, 6, 9, 12, 15};
    sch_place_model_t *m = row(6, 18, promised, 50);
    sch_place_result_t result = solved(m, (sch_place_options_t){.seed = 5, .iterations = 50000, .start = promised});
    assert_int_equal(result.changes_n, 0);
    sch_place_result_done(&result);

    int clash[] = {0, 3, 3, 9, 12, 15};
    result = solved(m, (sch_place_options_t){.seed = 5, .iterations = 50000, .start = clash});
    assert_int_equal(result.changes_n, 1);
    assert_int_equal(result.changes[0].item, 2);
    assert_int_equal(result.changes[0].from, 3);
    assert_int_equal(result.changes[0].to, 6);
    assert_true(sch_score_compare(&result.score, &result.before) < 0);
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
}

static void test_pinned(void **state)
{
    (void)state;
    sch_place_model_t *m = sch_place_model_new();
    int room = full_rule(m, "room", SCH_HARD, 10), late = full_rule(m, "late", SCH_SOFT, 1), class_, profile, item;
    FULL_OK(sch_place_axes(m, 3, 1, 3));
    FULL_OK(sch_place_room_rule(m, room));
    FULL_OK(sch_place_class(m, (sch_span_t[]){{0, 1}, {1, 2}, {2, 3}}, &class_));
    FULL_OK(sch_place_profile(m, class_, &profile));
    FULL_OK(sch_place_price_times(m, profile, late, (int[]){0, 1, 2}));
    FULL_OK(sch_place_item(m, &(sch_place_item_t){"pinned", profile, -1, 0, 0, true, -1}, &item));
    FULL_OK(sch_place_item(m, &(sch_place_item_t){"free", profile, room, 1, 0, false, -1}, &item));
    FULL_OK(sch_place_freeze(m));
    sch_place_result_t result = solved(m, (sch_place_options_t){.seed = 1, .iterations = 5000});
    assert_int_equal(result.places[0], 0);
    assert_int_equal(result.places[1], 1);
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
}

static bool stop_at(void *arg, const sch_progress_t *progress)
{
    int64_t *looks = arg;
    assert_true(progress->iterations <= progress->iterations_max);
    return ++*looks < 3;
}

static int64_t hurried(void *arg)
{
    int64_t *now = arg;
    return *now += 10;
}

static void test_cancel_and_guard(void **state)
{
    (void)state;
    sch_place_model_t *m = row(5, 12, NULL, 0);
    int64_t looks = 0, now = 0;
    sch_place_result_t result =
        solved(m, (sch_place_options_t){.seed = 1, .iterations = 10000000, .progress = stop_at, .arg = &looks});
    assert_true(result.cancelled);
    assert_int_equal(looks, 3);
    assert_true(result.iterations < 10000000);
    sch_place_result_done(&result);
    result = solved(m, (sch_place_options_t){
                           .seed = 1, .iterations = 10000000, .cpu_ms = hurried, .cpu_limit_ms = 100, .arg = &now});
    assert_false(result.repeatable);
    assert_false(result.cancelled);
    assert_true(result.iterations < 10000000);
    sch_place_result_done(&result);
    result = solved(m, (sch_place_options_t){.seed = 1, .iterations = 0});
    assert_int_equal(result.iterations, 0);
    sch_place_result_done(&result);

    sch_place_result_t untouched;
    assert_int_equal(sch_place_solve(m, &(sch_place_options_t){.iterations = -1}, &untouched), CV_EINVAL);
    assert_int_equal(sch_place_solve(m, &(sch_place_options_t){.start = (int[]){0, 1, 2, 3, 12}}, &untouched),
                     CV_EINVAL);
    sch_place_model_destroy(&m);
}

/* A room that others fill with a theme of their own: whole blocks change places, and the search finds it. */
static void test_blocks(void **state)
{
    (void)state;
    enum { SLOTS = 8, ITEMS = 16 };
    static const char *const NAMES[ITEMS] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                             "i", "j", "k", "l", "m", "n", "o", "p"};
    sch_place_model_t *m = sch_place_model_new();
    int room = full_rule(m, "room", SCH_HARD, 1), left = full_rule(m, "out", SCH_HARD, 5),
        mixed = full_rule(m, "mixed", SCH_HARD, 1);
    int wish = full_rule(m, "wish", SCH_SOFT, 1), class_, profile, item, group, map, cells[2 * SLOTS], slots[2 * SLOTS],
        values[SLOTS], outer[16];
    sch_span_t spans[SLOTS];
    FULL_OK(sch_place_axes(m, SLOTS, 2, SLOTS));
    for (int t = 0; t < SLOTS; ++t)
        spans[t] = (sch_span_t){t, t + 1};
    FULL_OK(sch_place_class(m, spans, &class_));
    FULL_OK(sch_place_room_rule(m, room));
    for (int p = 0; p < 2 * SLOTS; ++p) {
        cells[p] = p / 2 / 4 * 2 + p % 2;
        slots[p] = p / 2 % 4;
    }
    FULL_OK(sch_place_map(m, 4, cells, &map));
    FULL_OK(sch_place_blocks(m, 4, cells, slots));
    for (int k = 0; k < 16; ++k)
        outer[k] = k / 4;
    FULL_OK(sch_place_group(m, map, 4, outer, 4, &group));
    FULL_OK(sch_place_distinct(m, mixed, 1, group, 0, 1));
    for (int i = 0; i < ITEMS; ++i) { /* themes 0 and 1 want the second half, 2 and 3 the first */
        FULL_OK(sch_place_profile(m, class_, &profile));
        for (int t = 0; t < SLOTS; ++t)
            values[t] = (t < 4) == (i % 4 < 2);
        FULL_OK(sch_place_price_times(m, profile, wish, values));
        FULL_OK(sch_place_item(m, &(sch_place_item_t){NAMES[i], profile, left, 1, -1, false, -1}, &item));
        FULL_OK(sch_place_member(m, group, i, i % 4, 1));
    }
    FULL_OK(sch_place_freeze(m));
    int start[ITEMS]; /* exactly the wrong way round */
    for (int i = 0; i < ITEMS; ++i)
        start[i] = (i % 4 / 2 * 4 + i / 4) * 2 + i % 2;
    sch_place_result_t result = solved(m, (sch_place_options_t){.seed = 2, .iterations = 100000, .start = start});
    assert_int_equal(result.before.v[SCH_HARD], 0);
    assert_int_equal(result.before.v[SCH_SOFT], ITEMS);
    assert_int_equal(result.score.v[SCH_HARD], 0);
    assert_int_equal(result.score.v[SCH_SOFT], 0);
    sch_place_result_done(&result);
    sch_place_model_destroy(&m);
}

/* Two times, four rooms: a is to change sides with whoever is in its room there, e. When the search is so cold that it
 * would not break the soft pairs, those who could then not be at e's and a's new times go along: b, which cannot be with
 * e, and f, which is in b's room; c and g, which mind nobody, stay. When it is hot, nobody goes along. */
static void test_a_chain_follows_what_is_heavy_now(void **state)
{
    (void)state;
    enum { A, B, C, E, F, G, ITEMS };
    sch_place_model_t *m = sch_place_model_new();
    int room = full_rule(m, "room", SCH_HARD, 1), clash = full_rule(m, "clash", SCH_SOFT, 10), class_, relation,
        profile, item, queue[ITEMS];
    FULL_OK(sch_place_axes(m, 2, 4, 2));
    FULL_OK(sch_place_class(m, (sch_span_t[]){{0, 1}, {1, 2}}, &class_));
    FULL_OK(sch_place_room_rule(m, room));
    FULL_OK(sch_place_relation_overlap(m, class_, class_, 0, &relation));
    FULL_OK(sch_place_profile(m, class_, &profile));
    for (int i = 0; i < ITEMS; ++i)
        FULL_OK(sch_place_item(m, &(sch_place_item_t){"session", profile, -1, 0, -1, false, -1}, &item));
    FULL_OK(sch_place_pair(m, clash, 1, B, E, relation, SCH_ROOM_ANY));
    FULL_OK(sch_place_freeze(m));
    sch_search_t search = {
        .model = m, .state = sch_place_state_new(m), .queue = queue, .energy = {{[SCH_HARD] = 1000, [SCH_SOFT] = 1}}};
    assert_non_null(search.state);
    for (int i = 0; i < ITEMS; ++i)
        sch_place_put(search.state, i, i < E ? i : 4 + i - E);

    search.heavy = 10; /* cold: the pair is as dear as that */
    assert_true(sch_move_chain(&search, A, 1));
    const int together[ITEMS] = {4, 5, 2, 0, 1, 6};
    for (int i = 0; i < ITEMS; ++i)
        assert_int_equal(sch_place_of(search.state, i), together[i]);
    assert_int_equal(sch_place_score(search.state)->v[SCH_SOFT], 0);
    sch_place_rollback(search.state);

    search.heavy = 11; /* hot */
    assert_true(sch_move_chain(&search, A, 1));
    const int alone[ITEMS] = {4, 1, 2, 0, 5, 6};
    for (int i = 0; i < ITEMS; ++i)
        assert_int_equal(sch_place_of(search.state, i), alone[i]);
    assert_int_equal(sch_place_score(search.state)->v[SCH_SOFT], 10);
    sch_place_rollback(search.state);
    sch_place_state_destroy(&search.state);
    sch_place_model_destroy(&m);
}

/* Whatever the shapes, a run ends with a plan whose score a full count confirms, and no worse than it began. */
static void test_all_shapes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        sch_place_model_t *m = full_random_model(seed);
        int start[64];
        uint64_t random = seed;
        for (int i = 0; i < sch_place_items_n(m); ++i)
            start[i] = full_random(&random, sch_place_places_n(m) + 1) - 1;
        sch_place_result_t result = solved(m, (sch_place_options_t){.seed = seed, .iterations = 20000, .start = start});
        assert_true(sch_score_compare(&result.score, &result.before) <= 0);
        sch_place_result_done(&result);
        sch_place_model_destroy(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimum),
        cmocka_unit_test(test_overfull),
        cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_promised),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_cancel_and_guard),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_all_shapes),
        cmocka_unit_test(test_a_chain_follows_what_is_heavy_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
