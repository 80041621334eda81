/* test_bytes: views, the buffer with a maximum, and the arena.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_views(void **state)
{
    (void)state;
    assert_true(cv_str_is(CV_STR("plenary"), "plenary"));
    assert_false(cv_str_is(CV_STR("plenary"), "plenar"));
    assert_true(cv_str_equal(CV_STR_NONE, CV_STR("")));
    assert_null(cv_str(NULL).ptr);
    assert_true(cv_str_equal(CV_STR("a\0b"), (cv_str_t){"a\0b", 3}));
    assert_false(cv_str_equal(CV_STR("a\0b"), (cv_str_t){"a\0c", 3}));

    char text[5] = "keep";
    assert_int_equal(cv_str_copy(CV_STR("12345"), text, sizeof text), CV_ELIMIT);
    assert_string_equal(text, "keep");
    assert_int_equal(cv_str_copy(CV_STR("1234"), text, sizeof text), CV_OK);
    assert_string_equal(text, "1234");
    assert_int_equal(cv_str_copy(CV_STR_NONE, text, sizeof text), CV_OK);
    assert_string_equal(text, "");
    assert_int_equal(cv_str_copy(CV_STR_NONE, text, 0), CV_ELIMIT);
}

static void test_digits(void **state)
{
    (void)state;
    int64_t number = 7;
    assert_int_equal(cv_str_digits(CV_STR("0042"), 4, &number), CV_OK);
    assert_int_equal(number, 42);
    static const char *const WRONG[] = {"00042", "-1", "+1", "1 ", "1a", "4.2"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        assert_int_equal(cv_str_digits(cv_str(WRONG[i]), 4, &number), CV_EINVAL);
    assert_int_equal(number, 42); /* left alone */
    assert_int_equal(cv_str_digits(CV_STR_NONE, 4, &number), CV_OK);
    assert_int_equal(number, 0);
    assert_int_equal(cv_str_digits(CV_STR("999999999999999999"), 18, &number), CV_OK);
    assert_true(number == INT64_C(999999999999999999));
}

static void test_buffer(void **state)
{
    (void)state;
    cv_buf_t buf;
    cv_buf_init(&buf, 1000);
    assert_int_equal(cv_buf_str(&buf).len, 0);
    assert_int_equal(cv_buf_put(&buf, NULL, 0), CV_OK);
    assert_int_equal(cv_buf_put(&buf, "ab", 2), CV_OK);
    assert_int_equal(cv_buf_printf(&buf, "-%d-%s", 7, "x"), CV_OK);
    assert_int_equal(cv_buf_pack(&buf, "!", 1), 0);
    assert_true(cv_str_is(cv_buf_str(&buf), "ab-7-x!"));
    cv_buf_done(&buf);
    assert_null(buf.ptr);
}

/* Exactly the maximum fits, one octet more does not, and the error sticks until it is cleared. */
static void test_buffer_maximum(void **state)
{
    (void)state;
    for (size_t max = 0; max < 600; max += 37) {
        cv_buf_t buf;
        cv_buf_init(&buf, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(cv_buf_put(&buf, "x", 1), CV_OK);
        assert_int_equal(buf.len, max);
        assert_true(buf.room <= max);
        assert_int_equal(cv_buf_put(&buf, "y", 1), CV_ELIMIT);
        assert_int_equal(cv_buf_put(&buf, "", 0), CV_ELIMIT);
        assert_int_equal(cv_buf_printf(&buf, "z"), CV_ELIMIT);
        assert_int_equal(cv_buf_pack(&buf, "z", 1), -1);
        assert_int_equal(buf.len, max);
        cv_buf_clear(&buf);
        assert_int_equal(cv_buf_put(&buf, "", 0), CV_OK);
        cv_buf_done(&buf);
    }
}

static void test_buffer_long_text(void **state)
{
    (void)state;
    char text[701];
    memset(text, 'q', 700);
    text[700] = '\0';
    cv_buf_t buf;
    cv_buf_init(&buf, 700);
    assert_int_equal(cv_buf_printf(&buf, "%s", text), CV_OK);
    assert_true(cv_str_is(cv_buf_str(&buf), text));
    cv_buf_clear(&buf);
    assert_int_equal(cv_buf_printf(&buf, "%s.", text), CV_ELIMIT);
    assert_int_equal(buf.len, 0);
    cv_buf_clear(&buf);
    assert_int_equal(cv_buf_put(&buf, text, SIZE_MAX), CV_ELIMIT);
    cv_buf_done(&buf);
}

static void test_arena(void **state)
{
    (void)state;
    cv_arena_t *arena = cv_arena_new(1024 * 1024);
    assert_non_null(arena);
    for (int round = 0; round < 3; round++) {
        uint8_t *before = NULL;
        for (size_t len = 0; len < 1500; len += 13) {
            uint8_t *taken = cv_arena_take(arena, len);
            assert_non_null(taken);
            assert_int_equal((uintptr_t)taken % 16, 0);
            for (size_t i = 0; i < len; i++)
                assert_int_equal(taken[i], 0);
            memset(taken, 0xee, len);
            assert_ptr_not_equal(taken, before);
            before = taken;
        }
        cv_str_t copy = cv_arena_str(arena, CV_STR("copy"));
        assert_true(cv_str_is(copy, "copy"));
        assert_int_equal(copy.ptr[4], '\0');
        assert_null(cv_arena_str(arena, CV_STR_NONE).ptr);
        assert_true(cv_str_is(cv_arena_printf(arena, "%s/%d", "s", 12), "s/12"));
        cv_arena_reset(arena);
    }
    cv_arena_destroy(&arena);
    assert_null(arena);
    cv_arena_destroy(&arena);
}

/* What fits does not depend on what was taken before the reset. */
static void test_arena_maximum(void **state)
{
    (void)state;
    cv_arena_t *arena = cv_arena_new(200000);
    for (int round = 0; round < 4; round++) {
        assert_null(cv_arena_take(arena, 200001));
        assert_null(cv_arena_take(arena, SIZE_MAX));
        if (round % 2)
            assert_non_null(cv_arena_take(arena, 100000));
        size_t n = 0;
        while (cv_arena_take(arena, 1600))
            n++;
        assert_int_equal(n, round % 2 ? 62 : 125);
        cv_arena_reset(arena);
        assert_non_null(cv_arena_take(arena, 200000));
        assert_null(cv_arena_take(arena, 1));
        assert_null(cv_arena_str(arena, CV_STR("no")).ptr);
        assert_null(cv_arena_printf(arena, "no").ptr);
        cv_arena_reset(arena);
    }
    cv_arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),          cmocka_unit_test(test_digits),           cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_buffer_maximum), cmocka_unit_test(test_buffer_long_text), cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
