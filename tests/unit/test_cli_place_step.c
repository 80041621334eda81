/* test_cli_place_step: moves cut into requests: each can be had by itself, all of them come to an end, and nothing is where another is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli/place_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST = 100, N_MAX = 400, NOWHERE = -1000 };

typedef struct {
    size_t n;
    int now[N_MAX], goal[N_MAX]; /* a cell, and the next one: both are taken */
    int wide;                    /* 1: two cells, 0: one */
    bool waits[N_MAX * N_MAX], has_place[N_MAX], wants[N_MAX];
    cli_step_t steps[N_MAX];
    size_t off; /* ever taken off */
} world_t;

static bool meets(const world_t *w, int a, int b)
{
    return a != NOWHERE && b != NOWHERE && abs(a - b) <= w->wide;
}

/* One request; false: nothing moves any more. */
static bool step(world_t *w)
{
    size_t n = w->n, used = 0, wanted = 0;
    for (size_t i = 0; i < n; ++i) {
        w->has_place[i] = w->now[i] != NOWHERE;
        w->wants[i] = w->now[i] != w->goal[i];
        wanted += w->wants[i];
        for (size_t j = 0; j < n; ++j)
            w->waits[i * n + j] = i != j && w->wants[i] && meets(w, w->goal[i], w->now[j]);
    }
    assert_true(cli_place_step(n, w->waits, w->has_place, w->wants, MOST, w->steps));
    for (size_t i = 0; i < n; ++i) {
        if (!w->wants[i] || w->steps[i] == CLI_STEP_LATER)
            continue;
        ++used;
        w->off += w->steps[i] == CLI_STEP_OFF;
        if (w->steps[i] == CLI_STEP_OFF) {
            assert_true(w->has_place[i]);
            continue;
        }
        for (size_t j = 0; j < n; ++j)
            if (w->waits[i * n + j])
                assert_true(w->wants[j] && w->steps[j] != CLI_STEP_LATER);
    }
    assert_true(used <= MOST && (used > 0) == (wanted > 0));
    for (size_t i = 0; i < n; ++i)
        if (w->wants[i] && w->steps[i] != CLI_STEP_LATER)
            w->now[i] = w->steps[i] == CLI_STEP_OFF ? NOWHERE : w->goal[i];
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < i; ++j)
            assert_false(meets(w, w->now[i], w->now[j]));
    return used > 0;
}

static size_t run(world_t *w)
{
    size_t requests = 0;
    while (step(w))
        assert_true(++requests <= 20);
    for (size_t i = 0; i < w->n; ++i)
        assert_int_equal(w->now[i], w->goal[i]);
    return requests;
}

static world_t *world_new(size_t n)
{
    world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->n = n;
    for (size_t i = 0; i < n; ++i)
        w->now[i] = w->goal[i] = (int)i * 2;
    return w;
}

/* A hundred exchange places with a hundred others: fifty pairs in each request, and nobody is without a place in between. */
static void test_pairs(void **state)
{
    (void)state;
    world_t *w = world_new(200);
    for (size_t i = 0; i < 200; ++i)
        w->goal[i] = (int)((i + 100) % 200) * 2;
    assert_int_equal(run(w), 2);
    assert_int_equal(w->off, 0);
    free(w);
}

/* One behind the other: the first has a free place, and all fit one by one. */
static void test_row(void **state)
{
    (void)state;
    world_t *w = world_new(300);
    for (size_t i = 0; i < 300; ++i)
        w->goal[i] = (int)(i + 1) * 2;
    assert_int_equal(run(w), 3);
    assert_int_equal(w->off, 0);
    free(w);
}

/* In a ring that one request cannot hold one of them is taken off, and put down in the end. */
static void test_ring(void **state)
{
    (void)state;
    world_t *w = world_new(300);
    for (size_t i = 0; i < 300; ++i)
        w->goal[i] = (int)((i + 1) % 300) * 2;
    assert_int_equal(run(w), 4);
    assert_int_equal(w->off, 1);
    free(w);
    w = world_new(MOST);
    for (size_t i = 0; i < MOST; ++i)
        w->goal[i] = (int)((i + 1) % MOST) * 2;
    assert_int_equal(run(w), 1);
    assert_int_equal(w->off, 0);
    free(w);
}

/* What has no place yet goes first: nobody waits for it. */
static void test_new_ones_first(void **state)
{
    (void)state;
    world_t *w = world_new(150);
    for (size_t i = 0; i < 60; ++i)
        w->now[149 - i] = NOWHERE;
    for (size_t i = 0; i < 90; ++i)
        w->goal[i] = (int)(1000 + i) * 2;
    assert_true(step(w));
    for (size_t i = 0; i < 60; ++i)
        assert_int_equal(w->steps[149 - i], CLI_STEP_MOVES);
    (void)run(w);
    free(w);
}

/* Random plans into random plans; wide: each place is in the way of two others. */
static void test_random(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 12; ++round) {
        world_t *w = world_new(100 + (size_t)round * 20);
        w->wide = round % 2;
        for (size_t i = w->n; i-- > 1;) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            size_t other = (size_t)(seed >> 33) % (i + 1);
            int goal = w->goal[i];
            w->goal[i] = w->goal[other];
            w->goal[other] = goal;
        }
        for (size_t i = 0; i < w->n; ++i)
            w->goal[i] += w->wide;
        (void)run(w);
        free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),          cmocka_unit_test(test_row),    cmocka_unit_test(test_ring),
        cmocka_unit_test(test_new_ones_first), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
