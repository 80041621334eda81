/* test_error: the one list gives every code a name, a text, a wire class and an HTTP status.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_known_codes(void **state)
{
    (void)state;
    assert_string_equal(cv_error_name(CV_OK), "CV_OK");
    assert_string_equal(cv_error_name(CV_EINVAL), "CV_EINVAL");
    assert_string_equal(cv_error_text(CV_EFULL), "the disk is full");
    assert_string_equal(cv_error_wire(CV_OK), "OK");
    assert_string_equal(cv_error_wire(CV_EREJECTED), "REJECTED");
    assert_string_equal(cv_error_wire(CV_EFULL), "UNAVAILABLE");
    assert_int_equal(cv_error_http(CV_OK), 200);
    assert_int_equal(cv_error_http(CV_ENOTFOUND), 404);
}

/* A number that is not ours must never look like a decision. */
static void test_unknown_numbers(void **state)
{
    (void)state;
    const int strange[] = {1, -25, -1000, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        assert_string_equal(cv_error_name(strange[i]), "CV_E?");
        assert_string_equal(cv_error_wire(strange[i]), "INTERNAL");
        assert_int_equal(cv_error_http(strange[i]), 500);
        assert_true(strlen(cv_error_text(strange[i])) > 0);
    }
}

static void test_every_row(void **state)
{
    (void)state;
    static const char *const classes[] = {"REJECTED", "INVALID", "DENIED",      "NOTFOUND", "CONFLICT",
                                          "EXPIRED",  "BUSY",    "UNAVAILABLE", "INTERNAL"};
    unsigned seen[64] = {0};
#define XX(name, number, wire, http, text)                            \
    {                                                                 \
        assert_true(number<0 && number> - 64);                        \
        assert_int_equal(seen[-(number)]++, 0);                       \
        assert_string_equal(cv_error_name(number), #name);            \
        assert_string_equal(cv_error_wire(number), wire);             \
        assert_in_range(cv_error_http(number), 400, 599);             \
        int known = 0;                                                \
        for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) \
            known += strcmp(classes[i], wire) == 0;                   \
        assert_int_equal(known, 1);                                   \
    }
    CV_ERROR_MAP(XX)
#undef XX
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_codes),
        cmocka_unit_test(test_unknown_numbers),
        cmocka_unit_test(test_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
