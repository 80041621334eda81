/* test_format: the same text as the C library writes, for every conversion and every room.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/format.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

__attribute__((format(printf, 1, 2))) static void same(const char *format, ...)
{
    for (size_t size = 0; size <= 80; size++) {
        char ours[81], theirs[81];
        memset(ours, '#', sizeof ours);
        memset(theirs, '#', sizeof theirs);
        va_list args, again;
        va_start(args, format);
        va_copy(again, args);
        int len = cv_vformat(ours, size, format, args);
        assert_int_equal(len, vsnprintf(theirs, size, format, again));
        va_end(args);
        va_end(again);
        assert_string_equal(size ? ours : "", size ? theirs : "");
        assert_int_equal((unsigned char)ours[size], '#'); /* nothing is written beyond */
    }
}

static void conversions(void **state)
{
    (void)state;
    same("%s has %d of at most %d seats", "KZ", 3, 5);
    same("%d %d %d %u %u", 0, INT_MAX, INT_MIN, 0U, UINT_MAX);
    same("%lld %lld %lld", LLONG_MAX, LLONG_MIN, -7LL);
    same("[%.*s] [%.*s] [%.*s]", 2, "abc", 0, "abc", 9, "abc");
    same("%s%s%s", "", "\xd0\x9a", "");
    same("%d%% of %s", 50, "them");
    same("nothing");
    same("%s", "");
}

/* What is not ours goes to the C library, as a whole. */
static void others(void **state)
{
    (void)state;
    same("%5d|%-4s|%x|%c|%zu", 42, "ab", 255U, 'z', (size_t)7);
    same("%s at %02d:%02d", "noon", 12, 0);
    same("%ld %hd", 3L, (short)4);
}

static void with_arguments(void **state)
{
    (void)state;
    char text[16];
    assert_int_equal(cv_format(text, sizeof text, "%s-%d", "x", 12), 4);
    assert_string_equal(text, "x-12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(conversions), cmocka_unit_test(others),
                                       cmocka_unit_test(with_arguments)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
