/* test_placement_check: each proof of the impossible, and silence about what is possible.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "placement_full.h"
#include "scheduling/placement/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 8 };

typedef struct {
    sch_place_model_t *m;
    int window, clash, room, team, class_;
} base_t;

/* Four times, two rooms, items of one tick. */
static base_t base(void)
{
    base_t b = {.m = sch_place_model_new()};
    b.window = full_rule(b.m, "A3", SCH_HARD, 100);
    b.clash = full_rule(b.m, "A2", SCH_HARD, 1000);
    b.room = full_rule(b.m, "A1", SCH_HARD, 1000);
    b.team = full_rule(b.m, "B4", SCH_HARD, 100);
    FULL_OK(sch_place_axes(b.m, 4, 2, 4));
    FULL_OK(sch_place_class(b.m, (sch_span_t[]){{0, 1}, {1, 2}, {2, 3}, {3, 4}}, &b.class_));
    FULL_OK(sch_place_room_rule(b.m, b.room));
    return b;
}

static int item(base_t *b, const char *name, const int *barred)
{
    int profile, made;
    FULL_OK(sch_place_profile(b->m, b->class_, &profile));
    FULL_OK(sch_place_price_times(b->m, profile, b->window, barred));
    FULL_OK(sch_place_item(b->m, &(sch_place_item_t){name, profile, -1, 0, -1, false, -1}, &made));
    return made;
}

static int checked(base_t *b, sch_certificate_t *ret_certificates)
{
    int n = -1;
    assert_int_equal(sch_place_freeze(b->m), CV_OK);
    assert_int_equal(sch_place_check(b->m, ret_certificates, MAX, &n), CV_OK);
    return n;
}

static void test_possible(void **state)
{
    (void)state;
    base_t b = base();
    sch_certificate_t certificates[MAX];
    int n;
    for (int k = 0; k < 8; ++k)
        item(&b, "any", (int[]){0, 0, 0, 0});
    assert_int_equal(sch_place_check(b.m, certificates, MAX, &n), CV_EINVAL); /* not frozen */
    assert_int_equal(checked(&b, certificates), 0);
    sch_place_model_destroy(&b.m);
}

static void test_anywhere(void **state)
{
    (void)state;
    base_t b = base();
    sch_certificate_t c[MAX];
    item(&b, "summit", (int[]){1, 1, 1, 1});
    assert_int_equal(checked(&b, c), 1);
    assert_int_equal(c[0].kind, SCH_CANNOT_ANYWHERE);
    assert_string_equal(c[0].text, "summit can be nowhere: A3 (A3) bars 8 of 8 places");
    sch_place_model_destroy(&b.m);
}

static void test_both(void **state)
{
    (void)state;
    base_t b = base();
    sch_certificate_t c[MAX];
    int relation, x = item(&b, "keynote", (int[]){0, 1, 1, 1}), y = item(&b, "panel", (int[]){0, 1, 1, 1});
    FULL_OK(sch_place_relation_overlap(b.m, b.class_, b.class_, 0, &relation));
    FULL_OK(sch_place_pair(b.m, b.clash, 1, x, y, relation, SCH_ROOM_ANY));
    assert_int_equal(checked(&b, c), 1);
    assert_int_equal(c[0].kind, SCH_CANNOT_BOTH);
    assert_string_equal(c[0].text, "keynote and panel break A2 (A2) whenever they are");
    sch_place_model_destroy(&b.m);
}

/* Five items for the four places of two times; the sixth has places of its own and is not accused. */
static void test_all(void **state)
{
    (void)state;
    base_t b = base();
    sch_certificate_t c[MAX];
    item(&b, "free", (int[]){1, 1, 0, 0});
    for (int k = 0; k < 5; ++k)
        item(&b, (const char *[]){"a", "b", "c", "d", "e"}[k], (int[]){0, 0, 1, 1});
    assert_int_equal(checked(&b, c), 1);
    assert_int_equal(c[0].kind, SCH_CANNOT_ALL);
    assert_int_equal(c[0].need, 5);
    assert_int_equal(c[0].have, 4);
    assert_int_equal(c[0].items_n, 5);
    for (int k = 0; k < 5; ++k)
        assert_int_not_equal(c[0].items[k], 0);
    assert_memory_equal(c[0].text, "5 items have 4 places between them: ", 36);
    sch_place_model_destroy(&b.m);
}

static void test_carry(void **state)
{
    (void)state;
    base_t b = base();
    sch_certificate_t c[MAX];
    int group;
    FULL_OK(sch_place_group(b.m, -1, 1, NULL, 0, &group));
    for (int k = 0; k < 3; ++k) {
        int one = item(&b, (const char *[]){"x", "y", "z"}[k], (int[]){0, 0, 1, 1});
        FULL_OK(sch_place_member(b.m, group, one, 0, 1));
    }
    FULL_OK(sch_place_load(b.m, b.team, 1, group, 1, false));
    assert_int_equal(checked(&b, c), 1);
    assert_int_equal(c[0].kind, SCH_CANNOT_CARRY);
    assert_string_equal(c[0].text, "B4 (B4): 3 are asked for where 2 fit, by x, y, z");
    sch_place_model_destroy(&b.m);
}

/* Many random crowds: Hall speaks exactly when no assignment exists, which trying all of them decides. */
static bool fits(const int (*barred)[4], int n, int i, int *taken)
{
    if (i == n)
        return true;
    for (int t = 0; t < 4; ++t) {
        if (barred[i][t] || taken[t] == 2)
            continue;
        ++taken[t];
        bool found = fits(barred, n, i + 1, taken);
        --taken[t];
        if (found)
            return true;
    }
    return false;
}

static void test_hall(void **state)
{
    (void)state;
    uint64_t seed = 11;
    int impossible = 0;
    for (int round = 0; round < 300; ++round) {
        base_t b = base();
        sch_certificate_t c[MAX];
        int barred[8][4], taken[4] = {0}, n = 6 + full_random(&seed, 3);
        for (int i = 0; i < n; ++i) {
            for (int t = 0; t < 4; ++t)
                barred[i][t] = full_random(&seed, 3) != 0;
            barred[i][full_random(&seed, 4)] = 0;
            item(&b, "i", barred[i]);
        }
        bool possible = fits((const int(*)[4])barred, n, 0, taken);
        assert_int_equal(checked(&b, c) == 0, possible);
        impossible += !possible;
        sch_place_model_destroy(&b.m);
    }
    assert_in_range(impossible, 20, 280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_possible), cmocka_unit_test(test_anywhere), cmocka_unit_test(test_both),
        cmocka_unit_test(test_all),      cmocka_unit_test(test_carry),    cmocka_unit_test(test_hall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
