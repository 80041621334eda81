/* test_placement_charges: no change frees more than it is said it can, so none is dropped that would have been taken.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "placement_full.h"
#include "scheduling/placement/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MODELS = 300, CHANGES = 200, LIMIT_MAX = 400 };

/* What the bounds are for: prices, hard pairs, rooms, and groups whose cost can be counted; no rule that has none. */
static sch_place_model_t *courses(uint64_t seed)
{
    enum { TIMES = 12, ROOMS = 4, DAYS = 4, ITEMS = 16, GROUPS = 6 };
    sch_place_model_t *m = sch_place_model_new();
    int hard = full_rule(m, "hard", SCH_HARD, 1 + full_random(&seed, 3)), of[3], class_, profile, overlap, day, time,
        id;
    int days[TIMES * ROOMS], times[TIMES * ROOMS], factors[TIMES * ROOMS];
    for (int k = 0; k < 3; ++k)
        of[k] = full_rule(m, "rule", k ? SCH_SOFT : SCH_MEDIUM, 1 + full_random(&seed, 9));
    FULL_OK(sch_place_axes(m, TIMES, ROOMS, TIMES + 1));
    sch_span_t spans[TIMES];
    for (int t = 0; t < TIMES; ++t)
        spans[t] = (sch_span_t){t, t + 1 + (int)(seed % 2)};
    for (int p = 0; p < TIMES * ROOMS; ++p) {
        days[p] = p / ROOMS / (TIMES / DAYS);
        times[p] = p / ROOMS;
    }
    FULL_OK(sch_place_class(m, spans, &class_));
    for (int r = 0; r < ROOMS; ++r)
        FULL_OK(sch_place_room(m, r, r == 3 ? 0 : 1, 0, r));
    FULL_OK(sch_place_room_rule(m, hard));
    FULL_OK(sch_place_relation_overlap(m, class_, class_, 1, &overlap));
    FULL_OK(sch_place_map(m, DAYS, days, &day));
    FULL_OK(sch_place_map(m, TIMES, times, &time));
    for (int i = 0; i < ITEMS; ++i) {
        FULL_OK(sch_place_profile(m, class_, &profile));
        for (int k = 0; k < ROOMS; ++k)
            factors[k] = full_random(&seed, 30);
        FULL_OK(sch_place_price_rooms(m, profile, of[full_random(&seed, 3)], factors));
        FULL_OK(sch_place_item(m, &(sch_place_item_t){"lecture", profile, i % 3 ? hard : -1, 5, -1, false, -1}, &id));
    }
    for (int k = 0; k < 2 * ITEMS; ++k) {
        int a = full_random(&seed, ITEMS), b = full_random(&seed, ITEMS);
        if (a != b)
            FULL_OK(sch_place_pair(m, k % 4 ? hard : of[2], 1, a, b, overlap, SCH_ROOM_ANY));
    }
    for (int g = 0; g < GROUPS; ++g) {
        int group, rule = of[full_random(&seed, 3)];
        FULL_OK(sch_place_group(m, g % 2 ? day : time, 1, NULL, 1, &group));
        for (int i = full_random(&seed, 3); i < ITEMS; i += 1 + full_random(&seed, 5))
            FULL_OK(sch_place_member(m, group, i, 0, 1 + i % 2));
        FULL_OK(g % 3 == 0   ? sch_place_lonely(m, rule, 1, group)
                : g % 3 == 1 ? sch_place_distinct(m, rule, 2, group, 2, 3)
                             : sch_place_load(m, rule, 1, group, 2, seed % 3 == 0));
        if (g % 2)
            FULL_OK(sch_place_gaps(m, rule, 3, group));
    }
    FULL_OK(sch_place_freeze(m));
    return m;
}

static sch_search_t search_of(const sch_place_model_t *m)
{
    sch_search_t search = {.model = m,
                           .state = sch_place_state_new(m),
                           .gains = calloc((size_t)m->items.n + 1, sizeof(int64_t)),
                           .charges = calloc((size_t)m->groups.n + 1, sizeof(int64_t)),
                           .energy.weight = {[SCH_HARD] = 300, [SCH_MEDIUM] = 20, [SCH_SOFT] = 1}};
    assert_non_null(search.state);
    assert_non_null(search.gains);
    assert_non_null(search.charges);
    return search;
}

static void done(sch_search_t *search)
{
    sch_place_state_destroy(&search->state);
    free(search->gains);
    free(search->charges);
}

/* What is dropped would not have been within the limit, and what is not dropped has its true price. */
static bool look(const sch_search_t *search, int item, int to, int64_t limit)
{
    sch_score_t truth, delta;
    sch_place_delta_dear(search->state, item, to, &delta);
    assert_true(-sch_energy_of(&search->energy, &delta) <= search->gains[item]);
    sch_place_delta(search->state, item, to, &truth);
    bool kept = sch_place_delta_below(search->state, item, to, &search->energy, limit + search->gains[item], &delta);
    if (kept)
        assert_int_equal(sch_score_compare(&truth, &delta), 0);
    else
        assert_true(sch_energy_of(&search->energy, &truth) > limit);
    return kept;
}

/* The same of an exchange. */
static bool look_at_swap(const sch_search_t *search, int a, int b, int64_t limit)
{
    sch_place_state_t *s = search->state;
    int x = s->place[a], y = s->place[b];
    sch_score_t before = s->score, truth, delta;
    int64_t early = limit + search->gains[a] + search->gains[b];
    sch_swap_t said = sch_place_swap_delta(s, a, b, &search->energy, early, &delta);
    assert_true(sch_place_step(s, a, y) && sch_place_step(s, b, x));
    for (int level = 0; level < SCH_LEVELS; ++level)
        truth.v[level] = s->score.v[level] - before.v[level];
    sch_place_rollback(s);
    if (said == SCH_SWAP_KNOWN)
        assert_int_equal(sch_score_compare(&truth, &delta), 0);
    if (said == SCH_SWAP_DEAR)
        assert_true(sch_energy_of(&search->energy, &truth) > limit);
    return said != SCH_SWAP_DEAR;
}

static void test_bounds_hold(void **state)
{
    (void)state;
    int dropped = 0, kept = 0, swaps_dropped = 0, swaps_kept = 0;
    for (uint64_t seed = 1; seed <= MODELS; ++seed) {
        sch_place_model_t *m = seed % 4 ? courses(seed) : full_random_model(seed);
        sch_search_t search = search_of(m), fresh = search_of(m);
        uint64_t random = seed;
        sch_charges_begin(&search);
        for (int change = 0; change < CHANGES; ++change) {
            int item = full_random(&random, m->items.n), other = full_random(&random, m->items.n);
            int to = full_random(&random, m->places + 1) - 1;
            int64_t limit = full_random(&random, LIMIT_MAX) - LIMIT_MAX / 4;
            ++*(look(&search, item, to, limit) ? &kept : &dropped);
            if (item != other && search.state->place[item] >= 0 && search.state->place[other] >= 0)
                ++*(look_at_swap(&search, item, other, limit) ? &swaps_kept : &swaps_dropped);
            assert_true(sch_place_step(search.state, item, to));
            if (item != other && change % 3 == 0)
                assert_true(sch_place_step(search.state, other, full_random(&random, m->places + 1) - 1));
            sch_charges_follow(&search);
            sch_place_commit(search.state);
        }
        sch_place_put_all(fresh.state, search.state->place);
        sch_charges_begin(&fresh);
        assert_memory_equal(fresh.charges, search.charges, (size_t)m->groups.n * sizeof *fresh.charges);
        assert_memory_equal(fresh.gains, search.gains, (size_t)m->items.n * sizeof *fresh.gains);
        done(&search);
        done(&fresh);
        sch_place_model_destroy(&m);
    }
    assert_in_range(dropped, 1000, MODELS * CHANGES); /* else the bounds would be of no use, and nothing tried */
    assert_in_range(kept, 1000, MODELS * CHANGES);
    assert_in_range(swaps_dropped, 100, MODELS * CHANGES);
    assert_in_range(swaps_kept, 100, MODELS * CHANGES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounds_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
