/* test_placement_moves: one room for all of a group, and who is looked at when something is charged.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "placement_full.h"
#include "scheduling/placement/search.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { A, B, C, X, ITEMS, TIMES = 3, ROOMS = 2 };

/* Three lectures of a course at three times, which want one room; x is in the other room at b's time. */
static sch_place_model_t *course(int closed_to_x)
{
    sch_place_model_t *m = sch_place_model_new();
    int room = full_rule(m, "room", SCH_HARD, 1), closed = full_rule(m, "closed", SCH_HARD, 1);
    int stable = full_rule(m, "stable", SCH_SOFT, 3), class_, profile, of_x, map, group, item;
    int keys[TIMES * ROOMS];
    for (int p = 0; p < TIMES * ROOMS; ++p)
        keys[p] = p % ROOMS;
    FULL_OK(sch_place_axes(m, TIMES, ROOMS, TIMES));
    FULL_OK(sch_place_class(m, (sch_span_t[]){{0, 1}, {1, 2}, {2, 3}}, &class_));
    FULL_OK(sch_place_room_rule(m, room));
    FULL_OK(sch_place_profile(m, class_, &profile));
    FULL_OK(sch_place_profile(m, class_, &of_x));
    if (closed_to_x >= 0)
        FULL_OK(sch_place_price_rooms(m, of_x, closed, (int[]){closed_to_x == 0, closed_to_x == 1}));
    FULL_OK(sch_place_map(m, ROOMS, keys, &map));
    FULL_OK(sch_place_group(m, map, 1, NULL, 1, &group));
    FULL_OK(sch_place_distinct(m, stable, 1, group, 0, 1));
    for (int i = 0; i < ITEMS; ++i) {
        FULL_OK(
            sch_place_item(m, &(sch_place_item_t){"lecture", i == X ? of_x : profile, -1, 0, -1, false, -1}, &item));
        if (i != X)
            FULL_OK(sch_place_member(m, group, item, 0, 1));
    }
    FULL_OK(sch_place_freeze(m));
    return m;
}

static sch_search_t search_of(sch_place_model_t *m, const int *places)
{
    static int focus[ITEMS], movable[ITEMS] = {A, B, C, X};
    static bool marks[ITEMS];
    sch_search_t search = {.model = m,
                           .state = sch_place_state_new(m),
                           .focus = focus,
                           .marks = marks,
                           .movable = movable,
                           .movable_n = ITEMS};
    assert_non_null(search.state);
    sch_place_put_all(search.state, places);
    return search;
}

/* a and c in room 0, b in room 1, x in room 0 at b's time: all go where one of them is, and x takes b's room or stays. */
static void test_gathers(void **state)
{
    (void)state;
    const int before[ITEMS] = {0, 3, 4, 2};
    sch_place_model_t *m = course(-1);
    sch_search_t search = search_of(m, before);
    int seen[ROOMS] = {0};
    assert_int_equal(sch_place_score(search.state)->v[SCH_SOFT], 3);
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        search.random.at = seed;
        assert_true(sch_move_gather(&search, A));
        int room = sch_place_of(search.state, A) % ROOMS;
        for (int i = A; i <= C; ++i)
            assert_int_equal(sch_place_of(search.state, i), i * ROOMS + room);
        assert_int_equal(sch_place_of(search.state, X), room == 0 ? 3 : 2);
        assert_int_equal(sch_place_score(search.state)->v[SCH_SOFT], 0);
        assert_int_equal(sch_place_score(search.state)->v[SCH_HARD], 0);
        ++seen[room];
        sch_place_rollback(search.state);
        for (int i = 0; i < ITEMS; ++i)
            assert_int_equal(sch_place_of(search.state, i), before[i]);
    }
    assert_true(seen[0] && seen[1]);
    assert_false(sch_move_gather(&search, X)); /* who wants no room shared */
    sch_place_state_destroy(&search.state);
    sch_place_model_destroy(&m);
}

/* Who is in the way and may not go anywhere else stops it, and nothing has moved. */
static void test_gathers_nobody_where_one_cannot(void **state)
{
    (void)state;
    const int before[ITEMS] = {0, 3, 4, 2};
    sch_place_model_t *m = course(1);
    sch_search_t search = search_of(m, before);
    bool moved = false, stopped = false;
    for (uint64_t seed = 1; seed <= 50; ++seed) {
        search.random.at = seed;
        if (sch_move_gather(&search, A)) { /* to room 1, where x is not asked */
            moved = true;
            assert_int_equal(sch_place_of(search.state, A), 1);
            sch_place_rollback(search.state);
        } else {
            stopped = true;
        }
        for (int i = 0; i < ITEMS; ++i)
            assert_int_equal(sch_place_of(search.state, i), before[i]);
    }
    assert_true(moved && stopped);
    sch_place_state_destroy(&search.state);
    sch_place_model_destroy(&m);
}

/* In focus is who is nowhere, who is charged for a pair, and all of a group that is charged. */
static void test_focus(void **state)
{
    (void)state;
    sch_place_model_t *m = course(-1);
    sch_search_t search = search_of(m, (int[]){0, 3, 4, 2});
    sch_focus_trouble(&search);
    assert_int_equal(search.focus_n, 3);
    for (int k = 0; k < 3; ++k)
        assert_int_equal(search.focus[k], k);
    sch_place_put(search.state, B, 2 + 0);
    sch_place_put(search.state, X, 3);
    sch_focus_trouble(&search);
    assert_int_equal(search.focus_n, 0);
    sch_place_put(search.state, X, SCH_PLACE_NOWHERE);
    sch_focus_trouble(&search);
    assert_int_equal(search.focus_n, 1);
    assert_int_equal(search.focus[0], X);
    sch_place_state_destroy(&search.state);
    sch_place_model_destroy(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gathers),
        cmocka_unit_test(test_gathers_nobody_where_one_cannot),
        cmocka_unit_test(test_focus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
