/* test_ids: UUIDv7 in order, RFC 3339 both ways.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void test_uuid_shape(void **state)
{
    (void)state;
    uint8_t id[CV_UUID_LEN], back[CV_UUID_LEN];
    char text[CV_UUID_TEXT + 1];
    cv_uuid7(1740560400123, id);
    cv_uuid_text(id, text);
    assert_int_equal(strlen(text), CV_UUID_TEXT);
    assert_memory_equal(text, "0195417b-fefb-7", 15); /* 1740560400123 = 0x0195417bfefb */
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(cv_uuid_parse(cv_str(text), back), CV_OK);
    assert_memory_equal(id, back, sizeof id);
}

/* Also beyond 4,096 ids in one millisecond, and when the clock goes back. */
static void test_uuid_order(void **state)
{
    (void)state;
    uint8_t last[CV_UUID_LEN], id[CV_UUID_LEN];
    cv_uuid7(1740560400124, last);
    for (int i = 0; i < 20000; i++) {
        cv_uuid7(i % 3 ? 1740560400124 : 1740560300000, id);
        assert_true(memcmp(last, id, sizeof id) < 0);
        assert_int_equal(id[6] >> 4, 7);
        assert_int_equal(id[8] >> 6, 2);
        memcpy(last, id, sizeof id);
    }
    cv_uuid7(-5, id);
    assert_true(memcmp(last, id, sizeof id) < 0);
}

static void test_uuid_parse(void **state)
{
    (void)state;
    uint8_t id[CV_UUID_LEN] = "untouched......";
    static const char *const wrong[] = {"",
                                        "0195415b-a8bb-7000-8000-00000000000",
                                        "0195415b-a8bb-7000-8000-0000000000000",
                                        "0195415ba-8bb-7000-8000-000000000000",
                                        "0195415b-a8bb-7000-8000-00000000000g",
                                        "{195415b-a8bb-7000-8000-000000000000",
                                        "0195415b a8bb-7000-8000-000000000000"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cv_uuid_parse(cv_str(wrong[i]), id), CV_EINVAL);
    assert_int_equal(cv_uuid_parse(CV_STR_NONE, id), CV_EINVAL);
    assert_memory_equal(id, "untouched......", 16);
    assert_int_equal(cv_uuid_parse(CV_STR("0195415B-A8BB-7000-8000-00000000FFfe"), id), CV_OK);
    assert_memory_equal(id, "\x01\x95\x41\x5b\xa8\xbb\x70\x00\x80\x00\x00\x00\x00\x00\xff\xfe", 16);
}

static int64_t s_time(const char *text)
{
    int64_t ms = -1;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

static void test_time_parse(void **state)
{
    (void)state;
    assert_int_equal(s_time("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(s_time("2025-02-26T09:00:00.000Z"), 1740560400000);
    assert_int_equal(s_time("2025-02-26t12:00:00+03:00"), 1740560400000);
    assert_int_equal(s_time("2025-02-26T03:30:00.25-05:30"), 1740560400250);
    assert_int_equal(s_time("1969-12-31T23:59:59.999Z"), -1);
    assert_int_equal(s_time("2024-02-29T00:00:00.1239999z"), 1709164800123);
    assert_int_equal(s_time("2016-12-31T23:59:60Z"), 1483228800000);
    assert_int_equal(s_time("2017-01-01T02:59:60+03:00"), 1483228800000);
    static const char *const wrong[] = {"",
                                        "2025-02-26",
                                        "2025-02-26T09:00:00",
                                        "2025-02-26 09:00:00Z",
                                        "2025-02-30T09:00:00Z",
                                        "2023-02-29T09:00:00Z",
                                        "1900-02-29T00:00:00Z",
                                        "2025-13-01T09:00:00Z",
                                        "2025-00-01T09:00:00Z",
                                        "2025-01-00T09:00:00Z",
                                        "2025-02-26T24:00:00Z",
                                        "2025-02-26T23:60:00Z",
                                        "2025-02-26T23:59:61Z",
                                        "2025-02-26T22:59:60Z",
                                        "2025-02-26T09:00:00.Z",
                                        "2025-02-26T09:00:00+24:00",
                                        "2025-02-26T09:00:00+0300",
                                        "2025-02-26T09:00:00ZZ",
                                        "25-02-26T09:00:00Z",
                                        "-025-02-26T09:00:00Z",
                                        "2025-02-26T09:00:00+"};
    int64_t ms = 42;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cv_time_parse(cv_str(wrong[i]), &ms), CV_EINVAL);
    assert_int_equal(cv_time_parse(CV_STR_NONE, &ms), CV_EINVAL);
    assert_int_equal(ms, 42);
}

static void test_time_text(void **state)
{
    (void)state;
    char text[CV_TIME_TEXT + 1];
    cv_time_text(1740560400007, text);
    assert_string_equal(text, "2025-02-26T09:00:00.007Z");
    cv_time_text(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    cv_time_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    cv_time_text(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

/* Against the C library, over every leap-year rule. */
static void test_time_round_trip(void **state)
{
    (void)state;
    for (int64_t ms = -62167219200000; ms <= 253402300799999; ms += 86400000LL * 97 + 12345678) {
        char text[CV_TIME_TEXT + 1], theirs[40];
        cv_time_text(ms, text);
        assert_int_equal(s_time(text), ms);
        time_t seconds = (time_t)((ms - (((ms % 1000) + 1000) % 1000)) / 1000);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                 tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_memory_equal(text, theirs, 19);
        int64_t midnight;
        assert_int_equal(cv_date_parse((cv_str_t){text, 10}, &midnight), CV_OK);
        assert_true(midnight <= ms && ms - midnight < 86400000);
    }
    int64_t ms = 3;
    assert_int_equal(cv_date_parse(CV_STR("2025-02-29"), &ms), CV_EINVAL);
    assert_int_equal(cv_date_parse(CV_STR("2025-02-2"), &ms), CV_EINVAL);
    assert_int_equal(cv_date_parse(CV_STR("2025-02-28Z"), &ms), CV_EINVAL);
    assert_int_equal(cv_date_parse(CV_STR_NONE, &ms), CV_EINVAL);
    assert_int_equal(ms, 3);
}

static void test_clocks(void **state)
{
    (void)state;
    assert_true(cv_clock_wall_ms() > 1700000000000);
    int64_t ms = cv_clock_mono_ms(), us = cv_clock_mono_us();
    assert_true(us / 1000 >= ms && us / 1000 - ms < 60000);
    assert_true(cv_clock_mono_us() >= us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid_shape), cmocka_unit_test(test_uuid_order), cmocka_unit_test(test_uuid_parse),
        cmocka_unit_test(test_time_parse), cmocka_unit_test(test_time_text),  cmocka_unit_test(test_time_round_trip),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
