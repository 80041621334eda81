/* test_remind: when to remind: starts in every member's capital against the C library, changes of clocks, deadlines, ids.
 * ctest-labels: notifications
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "convene/zone.h"
#include "notifications/core_remind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* Kabul to Hanoi: the zone of each member's capital. */
static const char *const s_capitals[] = {
    "Asia/Kabul",      "Asia/Baku",    "Asia/Bahrain",  "Asia/Dhaka",       "Asia/Phnom_Penh", "Asia/Shanghai",
    "Africa/Cairo",    "Asia/Kolkata", "Asia/Tehran",   "Asia/Baghdad",     "Asia/Jerusalem",  "Asia/Amman",
    "Asia/Almaty",     "Asia/Kuwait",  "Asia/Bishkek",  "Asia/Ulaanbaatar", "Asia/Karachi",    "Asia/Gaza",
    "Asia/Qatar",      "Asia/Seoul",   "Europe/Moscow", "Asia/Colombo",     "Asia/Dushanbe",   "Asia/Bangkok",
    "Europe/Istanbul", "Asia/Dubai",   "Asia/Tashkent", "Asia/Ho_Chi_Minh"};
enum { CAPITALS_N = sizeof(s_capitals) / sizeof(s_capitals[0]) };
_Static_assert(CAPITALS_N == 28, "all members");

static cv_arena_t *s_arena;

static cv_str_t zone_file(const char *zone)
{
    cv_str_t file = CV_STR_NONE;
    if (cv_zone_read(s_arena, cv_str(zone), &file))
        fail_msg("%s: no such zone on this machine (package tzdata)", zone);
    return file;
}

static int setup(void **state)
{
    (void)state;
    s_arena = cv_arena_new(16 * 1024 * 1024);
    return s_arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cv_arena_destroy(&s_arena);
    unsetenv("TZ");
    tzset();
    return 0;
}

static cv_event_details_t at(const char *day, const char *clock, const char *zone)
{
    return (cv_event_details_t){.date_start = cv_str(day), .time_start = cv_str(clock), .zone = cv_str(zone)};
}

static int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

/* The C library's way from an instant to the wall, the other way round than ours. */
static void assert_wall(const char *zone, int64_t ms, const char *expected)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char wall[32];
    assert_non_null(localtime_r(&seconds, &tm));
    assert_true(strftime(wall, sizeof(wall), "%Y-%m-%d %H:%M", &tm) > 0);
    if (strcmp(wall, expected) != 0)
        fail_msg("%s: %s, not %s", zone, wall, expected);
}

/* In every capital, on every third day of two years, at two hours that no clock skips there: the start is when the clock
 * on the wall shows it, and so is the reminder seven days and one day before. */
static void test_every_capital_through_two_years(void **state)
{
    (void)state;
    static const char *const clocks[] = {"09:30", "18:00"};
    for (size_t i = 0; i < CAPITALS_N; i++) {
        cv_str_t file = zone_file(s_capitals[i]);
        setenv("TZ", s_capitals[i], 1);
        tzset();
        for (int64_t day_ms = ms_of("2026-01-08T00:00:00Z"); day_ms < ms_of("2028-01-01T00:00:00Z");
             day_ms += 3 * DAY_MS) {
            char days[3][CV_TIME_TEXT + 1], expected[40];
            for (int64_t back = 0; back < 3; back++)
                cv_time_text(day_ms - (back == 2 ? 7 : back) * DAY_MS, days[back]);
            for (int k = 0; k < 2; k++) {
                int64_t start_ms;
                char day[11];
                (void)snprintf(day, sizeof(day), "%.10s", days[0]);
                cv_event_details_t details = at(day, clocks[k], s_capitals[i]);
                assert_true(ntf_start(&details, file, &start_ms));
                int64_t instants[3] = {start_ms, ntf_before(start_ms, DAY_MS, file),
                                       ntf_before(start_ms, 7 * DAY_MS, file)};
                for (int back = 0; back < 3; back++) {
                    (void)snprintf(expected, sizeof(expected), "%.10s %s", days[back], clocks[k]);
                    assert_wall(s_capitals[i], instants[back], expected);
                }
                assert_int_equal(ntf_before(start_ms, 2 * HOUR_MS, file), start_ms - 2 * HOUR_MS);
            }
        }
    }
}

/* Clocks in Cairo go from 00:00 to 01:00 on 2026-04-24, in Jerusalem from 02:00 to 03:00 on 2026-03-27 and from 02:00 back to
 * 01:00 on 2026-10-25. */
static void test_where_clocks_are_set(void **state)
{
    (void)state;
    cv_str_t cairo = zone_file("Africa/Cairo"), jerusalem = zone_file("Asia/Jerusalem");
    int64_t ms;
    cv_event_details_t details = at("2026-04-24", "00:30", "Africa/Cairo");
    assert_true(ntf_start(&details, cairo, &ms)); /* there is no such time: the first that there is */
    assert_int_equal(ms, ms_of("2026-04-23T22:00:00Z"));
    details = at("2026-10-25", "01:30", "Asia/Jerusalem");
    assert_true(ntf_start(&details, jerusalem, &ms)); /* twice: the first */
    assert_int_equal(ms, ms_of("2026-10-24T22:30:00Z"));
    details.utc_offset = CV_STR("+02:00"); /* unless it is said */
    assert_true(ntf_start(&details, jerusalem, &ms));
    assert_int_equal(ms, ms_of("2026-10-24T23:30:00Z"));
    /* A day before is the same clock on the wall, 23 or 25 hours away. */
    details = at("2026-03-27", "09:00", "Asia/Jerusalem");
    assert_true(ntf_start(&details, jerusalem, &ms));
    assert_int_equal(ms - ntf_before(ms, DAY_MS, jerusalem), 23 * HOUR_MS);
    details = at("2026-10-25", "09:00", "Asia/Jerusalem");
    assert_true(ntf_start(&details, jerusalem, &ms));
    assert_int_equal(ms - ntf_before(ms, DAY_MS, jerusalem), 25 * HOUR_MS);
    assert_int_equal(ms - ntf_before(ms, 2 * HOUR_MS, jerusalem), 2 * HOUR_MS);
    assert_int_equal(ntf_before(ms, DAY_MS, CV_STR_NONE), ms - DAY_MS);
    /* A reminder that would fall into the hour that clocks skip comes at the first time after it, never in another day. */
    details = at("2026-03-28", "02:30", "Asia/Jerusalem");
    assert_true(ntf_start(&details, jerusalem, &ms));
    assert_int_equal(ntf_before(ms, DAY_MS, jerusalem), ms_of("2026-03-27T00:00:00Z"));
}

static void test_what_is_known_of_a_start(void **state)
{
    (void)state;
    int64_t ms;
    cv_event_details_t details = {.date_start = CV_STR("2026-05")};
    assert_false(ntf_start(&details, CV_STR_NONE, &ms));
    details.date_start = CV_STR_NONE;
    assert_false(ntf_start(&details, CV_STR_NONE, &ms));
    details.date_start = CV_STR("2026-02-30");
    assert_false(ntf_start(&details, CV_STR_NONE, &ms));
    details.date_start = CV_STR("2026-05-12");
    assert_true(ntf_start(&details, CV_STR_NONE, &ms));
    assert_int_equal(ms, ms_of("2026-05-12T00:00:00Z"));
    assert_true(ntf_start(&details, zone_file("Asia/Almaty"), &ms));
    assert_int_equal(ms, ms_of("2026-05-11T19:00:00Z"));
    details.time_start = CV_STR("09:30");
    details.utc_offset = CV_STR("+05:30");
    assert_true(ntf_start(&details, CV_STR_NONE, &ms));
    assert_int_equal(ms, ms_of("2026-05-12T04:00:00Z"));
    assert_true(ntf_start(&details, CV_STR("no zone"), &ms)); /* a damaged file: the offset is what there is */
    assert_int_equal(ms, ms_of("2026-05-12T04:00:00Z"));
}

static void test_anchors(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t event = {.event = CV_STR("E"),
                                      .status = CV_EVENT_STATUS_OPEN,
                                      .event_details = at("2026-05-12", "09:30", "Asia/Baku"),
                                      .has_registration = true,
                                      .registration = {.closes_ms = 1000}};
    cv_str_t file = zone_file("Asia/Baku");
    int64_t ms;
    assert_true(ntf_anchor(NTF_ANCHOR_REGISTRATION, &event, file, 31, &ms));
    assert_int_equal(ms, 1000);
    assert_false(ntf_anchor(NTF_ANCHOR_NOMINATION, &event, file, 31, &ms));
    assert_false(ntf_anchor(NTF_ANCHOR_CONFIRMATION, &event, file, 31, &ms));
    event.registration.has_confirm_closes_ms = true;
    event.registration.confirm_closes_ms = 2000;
    assert_false(ntf_anchor(NTF_ANCHOR_REGISTRATION, &event, file, 31, &ms));
    assert_true(ntf_anchor(NTF_ANCHOR_NOMINATION, &event, file, 31, &ms));
    assert_int_equal(ms, 1000);
    assert_true(ntf_anchor(NTF_ANCHOR_CONFIRMATION, &event, file, 31, &ms));
    assert_int_equal(ms, 2000);
    for (int status = CV_EVENT_STATUS_ABSENT; status <= CV_EVENT_STATUS_MAX; status++) {
        event.status = (cv_event_status_t)status;
        bool ahead = status == CV_EVENT_STATUS_ADOPTED || status == CV_EVENT_STATUS_SCHEDULED ||
                     status == CV_EVENT_STATUS_OPEN || status == CV_EVENT_STATUS_CLOSED;
        assert_int_equal(ntf_anchor(NTF_ANCHOR_START, &event, file, 31, &ms), ahead);
        assert_int_equal(ntf_anchor(NTF_ANCHOR_NOMINATION, &event, file, 31, &ms), status == CV_EVENT_STATUS_OPEN);
        assert_int_equal(ntf_anchor(NTF_ANCHOR_REPORT, &event, file, 31, &ms), status == CV_EVENT_STATUS_HELD);
    }
    /* 31 whole days after the last one, at the place; where that is not known in UTC. */
    event.status = CV_EVENT_STATUS_HELD;
    event.event_details.date_end = CV_STR("2026-05-13");
    assert_true(ntf_anchor(NTF_ANCHOR_REPORT, &event, file, 31, &ms));
    assert_int_equal(ms, ms_of("2026-06-13T20:00:00Z"));
    assert_false(ntf_anchor(NTF_ANCHOR_REPORT, &event, file, 0, &ms)); /* nobody says by when */
    assert_true(ntf_anchor(NTF_ANCHOR_REPORT, &event, CV_STR_NONE, 31, &ms));
    assert_int_equal(ms, ms_of("2026-06-14T00:00:00Z"));
    event.event_details.utc_offset = CV_STR("+05:00");
    assert_true(ntf_anchor(NTF_ANCHOR_REPORT, &event, CV_STR_NONE, 31, &ms));
    assert_int_equal(ms, ms_of("2026-06-13T19:00:00Z"));
    event.event_details.date_end = event.event_details.date_start = CV_STR("2026-05");
    assert_false(ntf_anchor(NTF_ANCHOR_REPORT, &event, file, 31, &ms));
    assert_true(ntf_invited(&event, CV_PARTY_KIND_GUEST));
    event.registration.audience_n = 1;
    event.registration.audience[0] = CV_PARTY_KIND_MEMBER;
    assert_false(ntf_invited(&event, CV_PARTY_KIND_GUEST));
    assert_true(ntf_invited(&event, CV_PARTY_KIND_MEMBER));
    assert_true(ntf_invited(&event, CV_PARTY_KIND_ABSENT));
    event.has_registration = false;
    assert_false(ntf_invited(&event, CV_PARTY_KIND_MEMBER));
}

static void test_ids(void **state)
{
    (void)state;
    char id[NTF_ID_MAX + 1], other[NTF_ID_MAX + 1], name[65], party[17];
    assert_int_equal(ntf_reminder_id(CV_STR("start_7d"), CV_STR("2025-SOC-2"), 1764201600000, CV_STR("KZ"), id), CV_OK);
    assert_string_equal(id, "reminder.start_7d.2025-SOC-2.1764201600.KZ");
    /* Ids of events that are no part of an address: still one id each, the same each time. */
    assert_int_equal(ntf_reminder_id(CV_STR("start_7d"), CV_STR("A..B"), 1000, CV_STR("KZ"), id), CV_OK);
    assert_null(strstr(id, ".."));
    assert_int_equal(ntf_reminder_id(CV_STR("start_7d"), CV_STR("A..C"), 1000, CV_STR("KZ"), other), CV_OK);
    assert_string_not_equal(id, other);
    assert_int_equal(ntf_reminder_id(CV_STR("start_7d"), CV_STR("A..B"), 1000, CV_STR("KZ"), other), CV_OK);
    assert_string_equal(id, other);
    /* The longest of everything fits. */
    memset(name, 'x', 64), name[64] = '\0';
    memset(party, 'P', 16), party[16] = '\0';
    assert_int_equal(ntf_reminder_id(CV_STR("sixteen_letters_"), cv_str(name), 99999999999000, cv_str(party), id),
                     CV_OK);
    assert_int_equal(ntf_reminder_id(CV_STR("seventeen_letters"), cv_str(name), 1000, cv_str(party), id), CV_EINVAL);
    assert_int_equal(ntf_reminder_id(CV_STR("r"), CV_STR("E"), 1000, CV_STR("K/Z"), id), CV_EINVAL);
    assert_int_equal(ntf_reminder_id(CV_STR("r"), CV_STR(""), 1000, CV_STR("KZ"), id), CV_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_capital_through_two_years, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_clocks_are_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_known_of_a_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_anchors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
