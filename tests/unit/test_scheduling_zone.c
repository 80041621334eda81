/* test_scheduling_zone: wall clocks in zones, against the C library's forward direction; and files that are no zones.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "scheduling/handlers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static cv_arena_t *arena;

static cv_str_t file_of(const char *zone)
{
    cv_str_t file = CV_STR_NONE;
    if (cv_zone_read(arena, cv_str(zone), &file) == CV_ENOTFOUND) {
        print_message("SKIPPED: no tz database here (package tzdata)\n");
        skip();
    }
    return file;
}

static void test_wall(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; /* -1: none */
    } CASES[] = {
        {"1970-01-01T00:00", 0},
        {"1970-01-02T00:00:01", 86401},
        {"2024-02-29T18:30", 1709231400},
        {"2023-02-29T18:30", -1},
        {"2024-13-01T00:00", -1},
        {"2024-01-01T24:00", -1},
        {"2024-01-01 00:00", -1},
        {"2024-01-01T00:60", -1},
        {"2024-01-01T00:00:0", -1},
        {"----------T-----", -1},
        {"2024-01-01T00:00:00", 1704067200},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        int64_t seconds = -1;
        assert_int_equal(cv_wall_parse(cv_str(CASES[i].text), &seconds), CASES[i].seconds >= 0);
        assert_int_equal(seconds, CASES[i].seconds);
    }
}

static void test_known(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *wall, *first, *second; /* instants; NULL: there is none */
    } CASES[] = {
        {"Asia/Almaty", "2024-02-29T18:00", "2024-02-29T12:00:00Z", NULL}, /* still +06 */
        {"Asia/Almaty", "2024-03-01T18:00", "2024-03-01T13:00:00Z", NULL}, /* +05 since that midnight */
        {"Asia/Almaty", "2024-02-29T23:30", "2024-02-29T17:30:00Z", "2024-02-29T18:30:00Z"},
        {"Asia/Kathmandu", "2030-01-01T00:00", "2029-12-31T18:15:00Z", NULL},
        {"Asia/Tehran", "2025-07-01T12:00", "2025-07-01T08:30:00Z", NULL},
        {"Africa/Cairo", "2026-04-24T00:30", NULL, NULL}, /* the clock skips this hour */
        {"Africa/Cairo", "2026-10-29T23:30", "2026-10-29T20:30:00Z", "2026-10-29T21:30:00Z"},
        {"Africa/Cairo", "2060-07-01T12:00", "2060-07-01T09:00:00Z", NULL}, /* by the rule in the footer */
        {"Asia/Jerusalem", "2060-01-01T12:00", "2060-01-01T10:00:00Z", NULL},
        {"Europe/Dublin", "2060-07-01T12:00", "2060-07-01T11:00:00Z", NULL},
        {"America/New_York", "2026-03-08T02:30", NULL, NULL},
        {"Etc/UTC", "2026-03-06T18:00", "2026-03-06T18:00:00Z", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        cv_instant_t found[2];
        size_t n, expected = CASES[i].second ? 2 : CASES[i].first != NULL;
        int64_t wall_s, ms;
        cv_str_t file = file_of(CASES[i].zone);
        assert_true(cv_wall_parse(cv_str(CASES[i].wall), &wall_s));
        assert_int_equal(cv_zone_instants(file, wall_s, found, &n), CV_OK);
        if (n != expected)
            fail_msg("%s %s: %zu", CASES[i].zone, CASES[i].wall, n);
        for (size_t j = 0; j < n; ++j) {
            assert_int_equal(cv_time_parse(cv_str(j ? CASES[i].second : CASES[i].first), &ms), CV_OK);
            assert_int_equal(found[j].utc_s * 1000, ms);
            assert_int_equal(found[j].utc_s + found[j].offset_s, wall_s);
        }
    }
}

static int64_t libc_offset(int64_t u)
{
    time_t when = (time_t)u;
    struct tm tm;
    assert_non_null(localtime_r(&when, &tm));
    return tm.tm_gmtoff;
}

/* Every instant is found again from its wall clock, and nothing is found that the C library would not show. */
static void test_inverse(void **state)
{
    (void)state;
    static const char *const ZONES[] = {"Asia/Almaty",   "Asia/Baku",          "Africa/Cairo",    "Asia/Jerusalem",
                                        "Asia/Gaza",     "Asia/Tehran",        "Asia/Pyongyang",  "Asia/Kolkata",
                                        "Asia/Kabul",    "Europe/Moscow",      "Europe/Istanbul", "America/New_York",
                                        "Europe/Dublin", "Australia/Lord_Howe"};
    uint64_t random = 88172645463325252u;
    for (size_t z = 0; z < sizeof ZONES / sizeof *ZONES; ++z) {
        cv_str_t file = file_of(ZONES[z]);
        assert_int_equal(setenv("TZ", ZONES[z], 1), 0);
        tzset();
        for (int i = 0; i < 20000; ++i) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            int64_t u = (int64_t)(random % 3786825600u); /* up to 2090 */
            cv_instant_t found[2];
            size_t n;
            bool again = false;
            assert_int_equal(cv_zone_instants(file, u + libc_offset(u), found, &n), CV_OK);
            for (size_t j = 0; j < n; ++j) {
                again = again || found[j].utc_s == u;
                assert_int_equal(found[j].offset_s, libc_offset(found[j].utc_s));
            }
            if (!again)
                fail_msg("%s: %lld", ZONES[z], (long long)u);
        }
    }
    unsetenv("TZ");
    tzset();
}

static void test_broken(void **state)
{
    (void)state;
    cv_str_t file = file_of("Africa/Cairo"), none = CV_STR_NONE;
    cv_instant_t found[2];
    size_t n;
    static const char *const NAMES[] = {"", "/etc/passwd", "../../../etc/passwd", "Asia", "Asia/Nowhere", "."};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; ++i) {
        int rc = cv_zone_read(arena, cv_str(NAMES[i]), &none);
        assert_true(rc == CV_ENOTFOUND);
    }
    char *copy = malloc(file.len);
    assert_non_null(copy);
    for (size_t len = 0; len < file.len; ++len) { /* exactly as long as it is: reading on is seen */
        char *cut = malloc(len ? len : 1);
        assert_non_null(cut);
        memcpy(cut, file.ptr, len);
        int rc = cv_zone_instants((cv_str_t){cut, len}, 1700000000, found, &n);
        assert_true(rc == CV_ECORRUPT || len > file.len - 40); /* cut within the rule it may still be one */
        free(cut);
    }
    for (size_t i = 0; i < file.len * 8; ++i) { /* never crashes, whatever it makes of it */
        memcpy(copy, file.ptr, file.len);
        copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
        int rc = cv_zone_instants((cv_str_t){copy, file.len}, 2000000000, found, &n);
        assert_true(rc == CV_ECORRUPT || n <= 2);
    }
    free(copy);
}

/* Clocks and offsets as text, there and back. */
static void test_clocks_and_offsets(void **state)
{
    static const char *const WRONG[] = {"",      "9:30",  "09:3",  "09-30", "09:60", "24:01",
                                        "25:00", "0a:00", "+9:30", "09: 0", "09:300"};
    int64_t number = -1;
    (void)state;
    assert_true(cv_wall_time_parse(CV_STR("00:00"), &number) && number == 0);
    assert_true(cv_wall_time_parse(CV_STR("09:30"), &number) && number == 570);
    assert_true(cv_wall_time_parse(CV_STR("24:00"), &number) && number == 1440);
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; ++i)
        assert_false(cv_wall_time_parse(cv_str(WRONG[i]), &number));
    assert_false(cv_wall_time_parse(CV_STR_NONE, &number));
    assert_false(cv_offset_parse(CV_STR_NONE, &number));
    assert_false(cv_offset_parse(CV_STR("05:30+"), &number));
    assert_false(cv_offset_parse(CV_STR("+0530"), &number));
    for (int64_t offset_s = INT64_C(-14) * 3600; offset_s <= INT64_C(14) * 3600; offset_s += 900) {
        char text[CV_OFFSET_TEXT + 1];
        cv_offset_text(offset_s, text);
        assert_true(cv_offset_parse(cv_str(text), &number));
        assert_int_equal(number, offset_s);
    }
    char text[CV_OFFSET_TEXT + 1];
    cv_offset_text(-19800, text);
    assert_string_equal(text, "-05:30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wall), cmocka_unit_test(test_known),
                                       cmocka_unit_test(test_inverse), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_clocks_and_offsets)};
    arena = cv_arena_new(8 * 1024 * 1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cv_arena_destroy(&arena);
    return failed;
}
