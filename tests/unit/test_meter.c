/* test_meter: what one name may take, when it may come again, and that names do not touch one another.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int start(void **state)
{
    *state = cv_meter_new();
    return *state ? 0 : -1;
}

static int end(void **state)
{
    cv_meter_t *meter = *state;
    cv_meter_destroy(&meter);
    return 0;
}

/* How many of n in a row are granted; the others by verdict. */
static int granted_of(cv_meter_t *meter, const char *name, int64_t rate, int64_t now_ms, int n, int *ret_refused,
                      int *ret_ignored)
{
    int granted = 0, refused = 0, ignored = 0;
    for (int i = 0; i < n; i++) {
        int64_t again_ms = -1;
        switch (cv_meter_take(meter, name, rate, now_ms, &again_ms)) {
        case CV_METER_GRANTED:
            granted++;
            break;
        case CV_METER_REFUSED:
            refused++;
            assert_in_range(again_ms, CV_METER_AGAIN_LEAST_MS, CV_METER_AGAIN_MOST_MS);
            break;
        case CV_METER_IGNORED:
            ignored++;
            break;
        }
    }
    if (ret_refused)
        *ret_refused = refused;
    if (ret_ignored)
        *ret_ignored = ignored;
    return granted;
}

static void a_burst_then_the_rate(void **state)
{
    assert_int_equal(granted_of(*state, "a", 100, 1000, 150, NULL, NULL), 150);
    assert_int_equal(granted_of(*state, "a", 100, 1000, 100, NULL, NULL), 50);
    assert_int_equal(granted_of(*state, "a", 100, 1009, 10, NULL, NULL), 0);
    assert_int_equal(granted_of(*state, "a", 100, 1010, 10, NULL, NULL), 1);
    assert_int_equal(granted_of(*state, "a", 100, 2010, 500, NULL, NULL), 100);
    assert_int_equal(granted_of(*state, "a", 100, 900000000, 500, NULL, NULL), 100 * CV_METER_BURST_S);
}

static void slow_rates_are_exact(void **state)
{
    assert_int_equal(granted_of(*state, "a", 1, 0, 100, NULL, NULL), CV_METER_BURST_LEAST);
    int granted = 0;
    for (int64_t ms = 1; ms <= 60000; ms += 7)
        granted += granted_of(*state, "a", 1, ms, 1, NULL, NULL);
    assert_in_range(granted, 59, 60);
}

static void no_limit(void **state)
{
    assert_int_equal(granted_of(*state, "a", 0, 0, 100000, NULL, NULL), 100000);
    assert_int_equal(granted_of(*state, "a", CV_METER_RATE_MAX, INT64_MAX / 2000000, 10, NULL, NULL), 10);
}

static void a_flood_is_ignored_after_so_many_refusals(void **state)
{
    int refused, ignored;
    assert_int_equal(granted_of(*state, "a", 100, 0, 100000, &refused, &ignored), 200);
    assert_int_equal(refused, CV_METER_ANSWERS * CV_METER_BURST_S);
    assert_int_equal(ignored, 100000 - 200 - refused);
    assert_int_equal(granted_of(*state, "a", 100, 1000, 100000, &refused, &ignored), 100);
    assert_int_equal(refused, CV_METER_ANSWERS);
}

static void names_do_not_touch_one_another(void **state)
{
    granted_of(*state, "flooder", 100, 0, 100000, NULL, NULL);
    assert_int_equal(granted_of(*state, "other", 100, 0, 200, NULL, NULL), 200);
    assert_int_equal(granted_of(*state, "flooder", 100, 0, 1, NULL, NULL), 0);
}

/* Those refused are told different times, as far apart as the rate; who comes when told is granted. */
static void who_comes_when_told_is_granted(void **state)
{
    int64_t due[100];
    assert_int_equal(granted_of(*state, "a", 100, 0, 200, NULL, NULL), 200);
    for (int i = 0; i < 100; i++)
        assert_int_equal(cv_meter_take(*state, "a", 100, 0, &due[i]), CV_METER_REFUSED);
    for (int i = 1; i < 100; i++)
        assert_true(due[i] >= due[i - 1]);
    assert_in_range(due[99], 990, 1010);
    for (int i = 0; i < 100; i++) {
        int64_t again_ms;
        assert_int_equal(cv_meter_take(*state, "a", 100, due[i], &again_ms), CV_METER_GRANTED);
    }
}

static void what_is_charged_is_owed(void **state)
{
    int64_t again_ms = 0;
    assert_int_equal(granted_of(*state, "a", 100, 0, 1, NULL, NULL), 1);
    cv_meter_charge(*state, "a", 499); /* 300 below zero */
    assert_int_equal(cv_meter_take(*state, "a", 100, 0, &again_ms), CV_METER_REFUSED);
    assert_in_range(again_ms, 3000, 3020);
    assert_int_equal(granted_of(*state, "a", 100, 3000, 1, NULL, NULL), 0);
    assert_int_equal(granted_of(*state, "a", 100, 3010, 5, NULL, NULL), 1);
    cv_meter_charge(*state, "never seen", 1000);
    assert_int_equal(granted_of(*state, "never seen", 100, 3010, 5, NULL, NULL), 5);
}

/* More names than there can be certificates: nobody is refused for it, and memory stays what it is. */
static void more_names_than_room(void **state)
{
    char name[32];
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        assert_int_equal(granted_of(*state, name, 100, i, 3, NULL, NULL), 3);
    }
    assert_int_equal(granted_of(*state, "name-19999", 100, 19999, 1000, NULL, NULL), 197);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_then_the_rate, start, end),
        cmocka_unit_test_setup_teardown(slow_rates_are_exact, start, end),
        cmocka_unit_test_setup_teardown(no_limit, start, end),
        cmocka_unit_test_setup_teardown(a_flood_is_ignored_after_so_many_refusals, start, end),
        cmocka_unit_test_setup_teardown(names_do_not_touch_one_another, start, end),
        cmocka_unit_test_setup_teardown(who_comes_when_told_is_granted, start, end),
        cmocka_unit_test_setup_teardown(what_is_charged_is_owed, start, end),
        cmocka_unit_test_setup_teardown(more_names_than_room, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
