/* test_notifications_prefer: which preference counts, what may wait, and when quiet hours end and digests are due: in the
 * zone of every member's capital, against the C library's clocks, minute by minute.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Longer: CONVENE_PREFER_ROUNDS=100000.
 */
#include "convene/ids.h"
#include "convene/zone.h"
#include "notifications/core.h"
#include "notifications/core_prefer.h"
#include "notifications/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)

/* Capitals of the members, and clocks that change in odd ways: by half an hour, over midnight, by a whole day, twice a year
 * for a month. */
static const char *const ZONES[] = {
    "Asia/Kabul",       "Asia/Baku",        "Asia/Bahrain",     "Asia/Dhaka",          "Asia/Phnom_Penh",
    "Asia/Shanghai",    "Africa/Cairo",     "Asia/Kolkata",     "Asia/Tehran",         "Asia/Baghdad",
    "Asia/Jerusalem",   "Asia/Amman",       "Asia/Almaty",      "Asia/Kuwait",         "Asia/Bishkek",
    "Asia/Ulaanbaatar", "Asia/Karachi",     "Asia/Hebron",      "Asia/Qatar",          "Asia/Seoul",
    "Europe/Moscow",    "Asia/Colombo",     "Asia/Dushanbe",    "Asia/Bangkok",        "Europe/Istanbul",
    "Asia/Dubai",       "Asia/Tashkent",    "Asia/Ho_Chi_Minh", "Australia/Lord_Howe", "Africa/Casablanca",
    "Pacific/Apia",     "America/St_Johns", "America/Havana",   "Europe/Berlin",
};
enum { ZONES_N = sizeof(ZONES) / sizeof(ZONES[0]) };

static cv_arena_t *arena;

static cv_str_t file_of(const char *zone)
{
    cv_str_t file = CV_STR_NONE;
    cv_arena_reset(arena);
    if (cv_zone_read(arena, cv_str(zone), &file)) {
        print_message("SKIPPED: no tz database here (package tzdata)\n");
        skip();
    }
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    return file;
}

static int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

static uint64_t seed = 0x2545f4914f6cdd1dU;

static int64_t below(int64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int64_t)(seed >> 11) % n;
}

/* ---- the slow way ------------------------------------------------------------------------- */

static struct tm shown(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    assert_non_null(localtime_r(&seconds, &tm));
    return tm;
}

static bool slowly_quiet(int64_t ms, int from, int to)
{
    struct tm tm = shown(ms);
    int minute = tm.tm_hour * 60 + tm.tm_min;
    if (from == to)
        return false;
    return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}

static int64_t slow_end(int64_t ms, int from, int to)
{
    for (ms -= ms % MINUTE_MS; slowly_quiet(ms, from, to); ms += MINUTE_MS)
        ;
    return ms;
}

/* What a clock shows, in minutes, as if it were UTC. */
static int64_t reading(int64_t ms)
{
    struct tm tm = shown(ms);
    return (int64_t)timegm(&tm) / 60;
}

/* The first minute after after_ms at which a clock has come to that time of a day, or past it, for the first time. */
static int64_t slow_digest(int64_t after_ms, int minute, int day)
{
    int64_t ms = after_ms - after_ms % MINUTE_MS - 50 * HOUR_MS, highest = INT64_MAX;
    for (;; ms += MINUTE_MS) {
        int64_t now = reading(ms);
        for (int64_t date = now / 1440 - 1; date <= now / 1440; date++) {
            int64_t time = date * 1440 + minute;
            bool comes = highest < time && now >= time, fits = day == NTF_EVERY_DAY || (date + 3) % 7 == day;
            if (comes && fits && ms > after_ms)
                return ms;
        }
        highest = highest == INT64_MAX || now > highest ? now : highest;
    }
}

/* ---- tests -------------------------------------------------------------------------------- */

static void test_the_nearest_preference_counts(void **state)
{
    (void)state;
    static const ntf_preference_t list[] = {
        {NTF_ORDER_ANY, NTF_KIND_ANY, NTF_MODE_DAILY},
        {NTF_ORDER_ANY, NTF_REMINDER, NTF_MODE_NONE},
        {1, NTF_KIND_ANY, NTF_MODE_WEEKLY},
        {1, NTF_EVENT_CHANGE, NTF_MODE_AT_ONCE},
    };
    static const struct {
        int order, kind, mode;
    } CASES[] = {
        {2, NTF_DECISION, NTF_MODE_DAILY},       {2, NTF_REMINDER, NTF_MODE_NONE},
        {0, NTF_REMINDER, NTF_MODE_NONE},        {1, NTF_REMINDER, NTF_MODE_WEEKLY},
        {1, NTF_EVENT_CHANGE, NTF_MODE_AT_ONCE}, {2, NTF_EVENT_CHANGE, NTF_MODE_DAILY},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        assert_int_equal(ntf_mode(list, 4, CASES[i].order, CASES[i].kind), CASES[i].mode);
        ntf_preference_t turned[4] = {list[3], list[2], list[1], list[0]};
        assert_int_equal(ntf_mode(turned, 4, CASES[i].order, CASES[i].kind), CASES[i].mode);
    }
    assert_int_equal(ntf_mode(NULL, 0, 1, NTF_DECISION), NTF_MODE_AT_ONCE);
}

static void test_what_may_not_wait_or_be_left_out(void **state)
{
    (void)state;
    static const struct {
        int kind;
        unsigned changes;
        bool is_procedure, urgent, waits, left_out;
    } CASES[] = {
        {NTF_DECISION, 0, false, false, true, false},
        {NTF_PROMOTION, 0, false, false, true, false},
        {NTF_LAPSE, 0, false, false, true, false},
        {NTF_EVENT_CHANGE, NTF_CHANGED_DATES, false, false, true, true},
        {NTF_EVENT_CHANGE, NTF_CHANGED_DATES | NTF_CANCELLED, false, true, false, false},
        {NTF_EVENT_CHANGE, NTF_POSTPONED, false, true, false, false},
        {NTF_REMINDER, 0, false, false, true, true},
        {NTF_REMINDER, 0, true, true, false, false},
        {NTF_SILENCE, 0, false, true, false, false},
        {NTF_DIGEST, 0, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        ntf_kind_rules_t rules = ntf_kind_rules(CASES[i].kind, CASES[i].changes, CASES[i].is_procedure);
        assert_int_equal(rules.is_urgent, CASES[i].urgent);
        assert_int_equal(ntf_mode_within(NTF_MODE_DAILY, rules), CASES[i].waits ? NTF_MODE_DAILY : NTF_MODE_AT_ONCE);
        assert_int_equal(ntf_mode_within(NTF_MODE_WEEKLY, rules), CASES[i].waits ? NTF_MODE_WEEKLY : NTF_MODE_AT_ONCE);
        assert_int_equal(ntf_mode_within(NTF_MODE_NONE, rules), CASES[i].left_out ? NTF_MODE_NONE : NTF_MODE_AT_ONCE);
        assert_int_equal(ntf_mode_within(NTF_MODE_WEBHOOK, rules), NTF_MODE_WEBHOOK);
    }
}

static void test_hours_of_one_before_those_of_all(void **state)
{
    (void)state;
    ntf_hours_t list[] = {{.order = NTF_ORDER_ANY}, {.order = 2}};
    assert_ptr_equal(ntf_hours_of(list, 2, 2), &list[1]);
    assert_ptr_equal(ntf_hours_of(list, 2, 1), &list[0]);
    assert_null(ntf_hours_of(list + 1, 1, 1));
}

/* By hand, so that the slow way is not the only witness. */
static void test_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *now, *end;
        int from, to;
    } QUIET[] = {
        {"Asia/Almaty", "2026-03-01T16:30:00Z", "2026-03-02T02:00:00Z", 20 * 60, 7 * 60},  /* 21:30 at +05:00 */
        {"Asia/Almaty", "2026-03-02T01:59:59Z", "2026-03-02T02:00:00Z", 20 * 60, 7 * 60},  /* 06:59:59 */
        {"Asia/Almaty", "2026-03-02T02:00:00Z", NULL, 20 * 60, 7 * 60},                    /* 07:00 */
        {"Asia/Almaty", "2026-03-02T14:59:59Z", NULL, 20 * 60, 7 * 60},                    /* 19:59:59 */
        {"Asia/Almaty", "2026-03-02T07:30:00Z", "2026-03-02T08:00:00Z", 12 * 60, 13 * 60}, /* over noon */
        {"Asia/Almaty", "2026-03-02T07:30:00Z", NULL, 12 * 60, 12 * 60},                   /* never */
        {"Africa/Cairo", "2026-04-23T21:30:00Z", "2026-04-24T04:00:00Z", 22 * 60,
         7 * 60},                                                                      /* 23:30, clocks go forward */
        {"Africa/Cairo", "2026-04-23T21:30:00Z", "2026-04-23T22:00:00Z", 22 * 60, 30}, /* 00:30 is skipped */
        {"Africa/Cairo", "2026-10-29T18:30:00Z", "2026-10-30T05:00:00Z", 21 * 60, 7 * 60}, /* 21:30, clocks go back */
        {"Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", 60, 150}, /* 02:00, to the first 02:30 */
        {"Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z", 60, 150}, /* the second 02:10 */
    };
    for (size_t i = 0; i < sizeof(QUIET) / sizeof(QUIET[0]); i++) {
        int64_t end_ms = 0;
        bool is_quiet = ntf_quiet(file_of(QUIET[i].zone), QUIET[i].from, QUIET[i].to, ms_of(QUIET[i].now), &end_ms);
        if (is_quiet != (QUIET[i].end != NULL) || (is_quiet && end_ms != ms_of(QUIET[i].end)))
            fail_msg("quiet %zu: %d, %lld", i, is_quiet, (long long)end_ms);
    }
    static const struct {
        const char *zone, *after, *due;
        int minute, day;
    } DIGESTS[] = {
        {"Asia/Baku", "2026-03-02T03:59:59Z", "2026-03-02T04:00:00Z", 8 * 60, NTF_EVERY_DAY},
        {"Asia/Baku", "2026-03-02T04:00:00Z", "2026-03-03T04:00:00Z", 8 * 60, NTF_EVERY_DAY},
        {"Asia/Baku", "2026-03-02T04:00:00Z", "2026-03-09T04:00:00Z", 8 * 60, 0},            /* Mondays */
        {"Asia/Baku", "2026-03-02T04:00:00Z", "2026-03-08T04:00:00Z", 8 * 60, 6},            /* Sunday */
        {"Africa/Cairo", "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z", 30, NTF_EVERY_DAY}, /* 00:30 is skipped */
        {"Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24T21:30:00Z", 30, NTF_EVERY_DAY},
        {"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", 150, NTF_EVERY_DAY}, /* not 02:30 again */
    };
    for (size_t i = 0; i < sizeof(DIGESTS) / sizeof(DIGESTS[0]); i++) {
        int64_t due_ms =
            ntf_digest_due(file_of(DIGESTS[i].zone), DIGESTS[i].minute, DIGESTS[i].day, ms_of(DIGESTS[i].after));
        if (due_ms != ms_of(DIGESTS[i].due))
            fail_msg("digest %zu: %lld", i, (long long)due_ms);
    }
    assert_int_equal(ntf_digest_due(CV_STR_NONE, 480, NTF_EVERY_DAY, ms_of("2026-03-02T08:30:00Z")),
                     ms_of("2026-03-03T08:00:00Z")); /* no zone: UTC */
}

/* Where clocks change, in the two years that events are planned for: the hours around are what goes wrong. */
static int64_t near_a_change(cv_str_t file, int64_t from_ms)
{
    int64_t before, after;
    for (int64_t ms = from_ms; ms < from_ms + 800 * 24 * HOUR_MS; ms += 24 * HOUR_MS) {
        if (cv_zone_offset(file, ms / 1000, &before) || cv_zone_offset(file, ms / 1000 + 86400, &after))
            return from_ms;
        if (before != after)
            return ms + below(36 * 60) * MINUTE_MS - 6 * HOUR_MS;
    }
    return from_ms;
}

static void one_round(const char *zone, bool weekly)
{
    cv_str_t file = file_of(zone);
    int64_t now_ms = ms_of("2026-01-01T00:00:00Z") + below(INT64_C(730) * 24 * 3600) * 1000 + below(1000), end_ms = 0;
    if (strcmp(zone, "Pacific/Apia") == 0)
        now_ms -= 15 * 365 * 24 * HOUR_MS; /* the day that was not */
    if (below(2))
        now_ms = near_a_change(file, now_ms) + below(60000);
    int from = (int)below(1440), to = below(8) ? (int)below(1440) : from;
    int day = weekly ? (int)below(7) : NTF_EVERY_DAY;
    bool is_quiet = ntf_quiet(file, from, to, now_ms, &end_ms);
    if (is_quiet != slowly_quiet(now_ms, from, to) || (is_quiet && end_ms != slow_end(now_ms, from, to)))
        fail_msg("%s: quiet %d to %d at %lld: %d, %lld", zone, from, to, (long long)now_ms, is_quiet,
                 (long long)end_ms);
    int64_t due_ms = ntf_digest_due(file, from, day, now_ms), slow_ms = slow_digest(now_ms, from, day);
    if (due_ms != slow_ms)
        fail_msg("%s: digest at %d on %d after %lld: %lld, not %lld", zone, from, day, (long long)now_ms,
                 (long long)due_ms, (long long)slow_ms);
}

static void test_every_capital_minute_by_minute(void **state)
{
    (void)state;
    const char *setting = getenv("CONVENE_PREFER_ROUNDS");
    int64_t rounds = 1500;
    if (setting)
        assert_int_equal(cv_str_digits(cv_str(setting), 9, &rounds), CV_OK);
    for (int64_t i = 0; i < rounds; i++)
        one_round(ZONES[i % ZONES_N], i % 16 == 0);
}

static int begin(void **state)
{
    (void)state;
    arena = cv_arena_new(1024 * 1024);
    return arena ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    cv_arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nearest_preference_counts),
        cmocka_unit_test(test_what_may_not_wait_or_be_left_out),
        cmocka_unit_test(test_hours_of_one_before_those_of_all),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_every_capital_minute_by_minute),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
