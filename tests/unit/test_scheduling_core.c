/* test_scheduling_core: the life of an event, its dates, its changes and its registration rules, as pure functions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "scheduling/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S(status) CV_EVENT_STATUS_##status
#define HOUR_MS INT64_C(3600000)

static int64_t at(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

/* The essay's table, written down a second time. */
static void test_life(void **state)
{
    (void)state;
    static const char *const TABLE[CV_EVENT_STATUS_MAX] = {
        /* to: dr pr ci ad sc op cl he re po ca rj */
        ".x........x.", /* draft */
        "x.xx......xx", /* proposed */
        ".x.x......xx", /* circulated */
        "....x....xx.", /* adopted */
        ".....x.x.xx.", /* scheduled */
        "......x..xx.", /* open */
        ".....x.x.xx.", /* closed */
        "........x...", /* held */
        "............", /* reported */
        "...xx.....x.", /* postponed */
        "............", /* cancelled */
        "............", /* rejected */
    };
    for (unsigned from = 1; from <= CV_EVENT_STATUS_MAX; ++from) {
        const char *row = TABLE[from - 1];
        for (unsigned to = 1; to <= CV_EVENT_STATUS_MAX; ++to)
            assert_int_equal(sch_allowed((cv_event_status_t)from, (cv_event_status_t)to), row[to - 1] == 'x');
        assert_int_equal(sch_final((cv_event_status_t)from), strchr(row, 'x') == NULL);
    }
    assert_false(sch_allowed(S(PROPOSED), S(ABSENT)));
    assert_false(sch_allowed(S(ABSENT), S(PROPOSED)));
    char text[160];
    sch_allowed_text(S(CLOSED), text, sizeof text);
    assert_string_equal(text, "open, held, postponed, cancelled");
    sch_allowed_text(S(REPORTED), text, sizeof text);
    assert_string_equal(text, "nothing: it is final");
    sch_allowed_text(S(CLOSED), text, 8); /* cut, never past its end */
    assert_true(strlen(text) < 8);
}

static cv_scheduling_event_v1_t event_of(cv_event_status_t status, const char *date)
{
    return (cv_scheduling_event_v1_t){
        .event = CV_STR("E-1"),
        .version = 3,
        .status = status,
        .event_details = {.title = CV_STR("T"),
                          .plan_year = 2025,
                          .line = CV_PLAN_LINE_CBM,
                          .date_start = cv_str(date)},
    };
}

static void refused(int rc, const sch_no_t *no, const char *code, const char *text)
{
    assert_int_equal(rc, CV_EREJECTED);
    assert_int_equal(no->rc, rc);
    assert_string_equal(no->code, code);
    assert_string_equal(no->text, text);
}

static void test_advance(void **state)
{
    (void)state;
    sch_no_t no;
    int64_t now = at("2025-02-20T06:00:00Z");
    cv_scheduling_event_v1_t event = event_of(S(PROPOSED), NULL);
    assert_int_equal(sch_check_advance(&event, S(CIRCULATED), false, now, &no), CV_OK);
    refused(sch_check_advance(&event, S(OPEN), false, now, &no), &no, "transition_not_allowed",
            "from proposed to open is not allowed; allowed is draft, circulated, adopted, cancelled, rejected");
    refused(sch_check_advance(&event, S(PROPOSED), false, now, &no), &no, "nothing_changed", "is proposed already");
    refused(sch_check_advance(&event, S(ADOPTED), false, now, &no), &no, "decision_required",
            "from proposed to adopted without circulation must name the decision it rests on");
    assert_int_equal(sch_check_advance(&event, S(ADOPTED), true, now, &no), CV_OK);

    event = event_of(S(ADOPTED), NULL);
    refused(sch_check_advance(&event, S(SCHEDULED), false, now, &no), &no, "no_date",
            "cannot be scheduled with no date: a first day (YYYY-MM-DD) is needed");
    event = event_of(S(ADOPTED), "2025-11");
    refused(sch_check_advance(&event, S(SCHEDULED), false, now, &no), &no, "no_date",
            "cannot be scheduled with the date 2025-11: a first day (YYYY-MM-DD) is needed");
    event = event_of(S(ADOPTED), "2025-11-27");
    assert_int_equal(sch_check_advance(&event, S(SCHEDULED), false, now, &no), CV_OK);

    event = event_of(S(SCHEDULED), "2025-11-27");
    refused(sch_check_advance(&event, S(OPEN), false, now, &no), &no, "not_configured",
            "cannot open without registration rules");
    refused(sch_check_advance(&event, S(HELD), false, now, &no), &no, "too_early",
            "cannot be held before its first day, 2025-11-27");
    /* In Kiritimati the day has begun. */
    assert_int_equal(sch_check_advance(&event, S(HELD), false, at("2025-11-26T10:00:00Z"), &no), CV_OK);

    event.has_registration = true;
    event.registration.opens_ms = now + HOUR_MS;
    event.registration.closes_ms = now + 2 * HOUR_MS;
    refused(sch_check_advance(&event, S(OPEN), false, now, &no), &no, "too_early",
            "opens by itself at 2025-02-20T07:00:00.000Z; to open now, change opens_ms first");
    assert_int_equal(sch_check_advance(&event, S(OPEN), false, now + HOUR_MS, &no), CV_OK);
    refused(sch_check_advance(&event, S(OPEN), false, now + 2 * HOUR_MS, &no), &no, "past",
            "registration closed at 2025-02-20T08:00:00.000Z; to open again, change closes_ms first");

    assert_int_equal(sch_check_version(&event, false, 0, &no), CV_OK);
    assert_int_equal(sch_check_version(&event, true, 3, &no), CV_OK);
    refused(sch_check_version(&event, true, 2, &no), &no, "version_conflict",
            "expected version 2, but the event has version 3 (scheduled)");
}

static void test_dates(void **state)
{
    (void)state;
    static const struct {
        const char *start, *end, *time;
        cv_date_precision_t precision;
        const char *text; /* NULL: fine */
    } CASES[] = {
        {NULL, NULL, NULL, 0, NULL},
        {"2025", NULL, NULL, 0, NULL},
        {"2025", NULL, NULL, CV_DATE_PRECISION_YEAR, NULL},
        {"2025-11", NULL, NULL, CV_DATE_PRECISION_MONTH, NULL},
        {"2025-11-27", NULL, NULL, CV_DATE_PRECISION_DAY, NULL},
        {"2025-11-27", NULL, "10:00", CV_DATE_PRECISION_MINUTE, NULL},
        {"2025-11-27", "2025-11-27", NULL, 0, NULL},
        {"2025-11-27", "2026-01-03", NULL, 0, NULL},
        {"2025-11", "2025-12", NULL, 0, NULL},
        {"2024-02-29", NULL, NULL, 0, NULL},
        {"2025-02-29", NULL, NULL, 0, "2025-02-29 is not a date"},
        {"2025-13", NULL, NULL, 0, "2025-13 is not a date"},
        {"2025-1", NULL, NULL, 0, "2025-1 is not a date"},
        {NULL, "2025-11-27", NULL, 0, "date_end, time_start or precision without date_start"},
        {NULL, NULL, NULL, CV_DATE_PRECISION_DAY, "date_end, time_start or precision without date_start"},
        {"2025-11", NULL, NULL, CV_DATE_PRECISION_DAY, "precision day, but 2025-11 is known to the month"},
        {"2025-11-27", NULL, NULL, CV_DATE_PRECISION_YEAR, "precision year, but 2025-11-27 is known to the day"},
        {"2025-11-27", NULL, NULL, CV_DATE_PRECISION_MINUTE, "precision minute without time_start"},
        {"2025-11", NULL, "10:00", 0, "the time 10:00, but 2025-11 is known to the month"},
        {"2025-11-27", "2025-11", NULL, 0, "the end 2025-11 is known to the month, the start 2025-11-27 to the day"},
        {"2025-11-27", "2025-11-26", NULL, 0, "the end 2025-11-26 is before the start 2025-11-27"},
        {"2025-11-27", "2025-11-31", NULL, 0, "2025-11-31 is not a date"},
        {"2025-01-01", "2026-01-01", NULL, 0, NULL},
        {"2025-01-01", "2026-01-02", NULL, 0, "from 2025-01-01 to 2026-01-02 is 367 days, more than 366"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        cv_event_details_t details = {.date_start = cv_str(CASES[i].start),
                                      .date_end = cv_str(CASES[i].end),
                                      .time_start = cv_str(CASES[i].time),
                                      .precision = CASES[i].precision};
        sch_no_t no;
        int rc = sch_check_dates(&details, &no);
        if (CASES[i].text)
            refused(rc, &no, "date_inconsistent", CASES[i].text);
        else
            assert_int_equal(rc, CV_OK);
    }
    int64_t first, last;
    cv_event_details_t details = {.date_start = CV_STR("2025-09-09"), .date_end = CV_STR("2025-09-10")};
    assert_true(sch_days(&details, &first, &last));
    assert_int_equal(first, 20340); /* days since 1970 */
    assert_int_equal(last, 20341);
    details = (cv_event_details_t){.date_start = CV_STR("2025-09")};
    assert_false(sch_days(&details, &first, &last));
}

static void test_changes(void **state)
{
    (void)state;
    cv_event_details_t before = {.title = CV_STR("Seminar"),
                                 .city = CV_STR("Baku"),
                                 .format = CV_EVENT_FORMAT_IN_PERSON,
                                 .date_start = CV_STR("2024-11-11"),
                                 .precision = CV_DATE_PRECISION_DAY};
    cv_event_details_t after = before;
    cv_str_t names[CV_SCHEDULING_EVENT_V1_CHANGED_MAX];
    cv_scheduling_event_change_v1_t change = {.event = CV_STR("E-1")};
    sch_apply(&change, &after);
    assert_int_equal(sch_diff_details(&before, &after, names), 0);

    change.date_start = CV_STR("2024-12-17");
    change.format = CV_EVENT_FORMAT_ONLINE;
    change.city = CV_STR("Baku"); /* the same: no change */
    sch_apply(&change, &after);
    assert_int_equal(sch_diff_details(&before, &after, names), 2);
    assert_true(cv_str_is(names[0], "format"));
    assert_true(cv_str_is(names[1], "date_start"));
    assert_true(sch_material(names, 2));
    assert_int_equal(after.precision, CV_DATE_PRECISION_DAY);

    /* The precision that was stored said something about the old date only. */
    change = (cv_scheduling_event_change_v1_t){.date_start = CV_STR("2024-12")};
    sch_apply(&change, &after);
    assert_int_equal(after.precision, CV_DATE_PRECISION_MONTH);
    after.precision = CV_DATE_PRECISION_ABSENT;
    change.date_start = CV_STR("2024-12-17");
    sch_apply(&change, &after);
    assert_int_equal(after.precision, CV_DATE_PRECISION_ABSENT); /* nobody said one: none is made up */
    after.precision = CV_DATE_PRECISION_MINUTE;
    change.date_start = CV_STR("2024-12-18");
    sch_apply(&change, &after);
    assert_int_equal(after.precision, CV_DATE_PRECISION_MINUTE);

    after = before;
    change = (cv_scheduling_event_change_v1_t){.note = CV_STR("by car"), .host_org = CV_STR("AIR Center")};
    sch_apply(&change, &after);
    assert_int_equal(sch_diff_details(&before, &after, names), 2);
    assert_false(sch_material(names, 2));

    cv_registration_rules_t a = {.capacity = 10, .maximum = 2}, b = a;
    assert_int_equal(sch_diff_rules(&a, &b, names), 0);
    b.has_online_takes_seat = true; /* false said is not false left out */
    b.quotas_n = 1;
    b.quotas[0] = (cv_quota_t){CV_STR("AZ"), 2, 2};
    assert_int_equal(sch_diff_rules(&a, &b, names), 2);
    assert_true(cv_str_is(names[0], "online_takes_seat"));
    assert_true(cv_str_is(names[1], "quotas"));
    a = b;
    b.quotas[0].maximum = 3;
    b.limits_n = 1;
    b.audience_n = 1;
    b.assumption = CV_STR("all of it");
    assert_int_equal(sch_diff_rules(&a, &b, names), 4);
}

static const sch_party_t PARTIES[] = {
    {{"AZ", 2}, CV_PARTY_KIND_MEMBER},
    {{"KZ", 2}, CV_PARTY_KIND_MEMBER},
    {{"TR", 2}, CV_PARTY_KIND_MEMBER},
    {{"JP", 2}, CV_PARTY_KIND_OBSERVER_STATE},
};

static void test_rules(void **state)
{
    (void)state;
    sch_no_t no;
    cv_registration_rules_t good = {
        .capacity = 10,
        .guaranteed = 2,
        .maximum = 4,
        .opens_ms = 1000,
        .closes_ms = 5000,
        .has_release_ms = true,
        .release_ms = 4000,
        .has_changes_close_ms = true,
        .changes_close_ms = 5000,
        .audience_n = 1,
        .audience = {CV_PARTY_KIND_MEMBER},
        .quotas_n = 1,
        .quotas = {{{"AZ", 2}, 6, 10}},
    };
    assert_int_equal(sch_check_rules(&good, PARTIES, 4, &no), CV_OK); /* 2 x 2 + 6 = 10 */

    cv_registration_rules_t bad = good;
    bad.capacity = 9;
    bad.quotas[0].maximum = 9;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "3 invited parties: 2 x 2 + 6 (AZ) = 10 guaranteed seats, more than the capacity of 9");
    assert_string_equal(no.field, "data.guaranteed");
    bad = good;
    bad.audience_n = 0; /* everybody, Japan too */
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "4 invited parties: 3 x 2 + 6 (AZ) = 12 guaranteed seats, more than the capacity of 10");
    bad = good;
    bad.closes_ms = 1000;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "closes_ms 1970-01-01T00:00:01.000Z is not after opens_ms 1970-01-01T00:00:01.000Z");
    bad = good;
    bad.release_ms = 5000;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "release_ms 1970-01-01T00:00:05.000Z is not before closes_ms 1970-01-01T00:00:05.000Z");
    bad = good;
    bad.changes_close_ms = 4999;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "changes_close_ms 1970-01-01T00:00:04.999Z is before closes_ms 1970-01-01T00:00:05.000Z");
    bad = good;
    bad.guaranteed = 5;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "guaranteed 5 is more than maximum 4");
    bad = good;
    bad.maximum = 11;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "maximum 11 is more than capacity 10");
    bad = good;
    bad.quotas[0].maximum = 5;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "for AZ guaranteed 6 is more than maximum 5");
    bad = good;
    bad.quotas[0].maximum = 11;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "for AZ maximum 11 is more than capacity 10");
    bad = good;
    bad.quotas[0].party = CV_STR("JP");
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent",
            "a quota for JP, but no observer_state is in the audience");
    bad = good;
    bad.quotas_n = 2;
    bad.quotas[1] = bad.quotas[0];
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent", "two quotas for AZ");
    bad = good;
    bad.limits_n = 2;
    bad.limits[0] = bad.limits[1] = (cv_limit_t){CV_CAPACITY_MEDIA, 3};
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent", "two limits for media");
    bad = good;
    bad.audience_n = 2;
    bad.audience[1] = CV_PARTY_KIND_MEMBER;
    refused(sch_check_rules(&bad, PARTIES, 4, &no), &no, "settings_inconsistent", "member twice");
    bad = good;
    bad.quotas[0].party = CV_STR("XX");
    assert_int_equal(sch_check_rules(&bad, PARTIES, 4, &no), CV_ENOTFOUND); /* it may still arrive */
    assert_string_equal(no.code, "unknown_party");

    /* An event without seats: everybody is online. */
    cv_registration_rules_t online = {.capacity = 0, .guaranteed = 0, .maximum = 5, .opens_ms = 0, .closes_ms = 1};
    assert_int_equal(sch_check_rules(&online, PARTIES, 4, &no), CV_OK);
    online.guaranteed = 1;
    refused(sch_check_rules(&online, PARTIES, 4, &no), &no, "settings_inconsistent",
            "4 invited parties: 4 x 1 = 4 guaranteed seats, more than the capacity of 0");
}

/* More exceptions than a sentence has room for are summed up. */
static void test_many_quotas(void **state)
{
    (void)state;
    enum { N = 64 };
    static char codes[N][8];
    static sch_party_t parties[N];
    static cv_registration_rules_t rules = {
        .capacity = 100, .guaranteed = 1, .maximum = 9, .closes_ms = 1, .quotas_n = N};
    for (int i = 0; i < N; ++i) {
        snprintf(codes[i], sizeof codes[i], "P%02d", i);
        parties[i] = (sch_party_t){cv_str(codes[i]), CV_PARTY_KIND_MEMBER};
        rules.quotas[i] = (cv_quota_t){cv_str(codes[i]), 2, 9};
    }
    sch_no_t no;
    refused(sch_check_rules(&rules, parties, N, &no), &no, "settings_inconsistent",
            "64 invited parties: 0 x 1 + 2 (P00) + 2 (P01) + 2 (P02) + 2 (P03) + 2 (P04) + 2 (P05) + 116 (others) = "
            "128 guaranteed "
            "seats, more than the capacity of 100");
}

static void test_what_follows(void **state)
{
    (void)state;
    int64_t first, last, open, close;
    cv_scheduling_event_v1_t event = event_of(S(SCHEDULED), "2025-05-20");
    assert_false(sch_holds_venue(&event, &first, &last));
    event.event_details.venue = CV_STR("HALL");
    assert_true(sch_holds_venue(&event, &first, &last));
    assert_int_equal(first, last);
    event.event_details.format = CV_EVENT_FORMAT_ONLINE;
    assert_false(sch_holds_venue(&event, &first, &last));
    event.event_details.format = CV_EVENT_FORMAT_HYBRID;
    event.status = S(POSTPONED);
    assert_false(sch_holds_venue(&event, &first, &last));

    event.status = S(SCHEDULED);
    sch_due(&event, &open, &close);
    assert_true(open == SCH_NEVER && close == SCH_NEVER);
    event.has_registration = true;
    event.registration.closes_ms = 7;
    sch_due(&event, &open, &close);
    assert_true(open == 0 && close == 7); /* 1970 is an instant, not "never" */
    event.status = S(OPEN);
    sch_due(&event, &open, &close);
    assert_true(open == SCH_NEVER && close == 7);
    event.status = S(CLOSED);
    sch_due(&event, &open, &close);
    assert_true(open == SCH_NEVER && close == SCH_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),         cmocka_unit_test(test_advance), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_changes),      cmocka_unit_test(test_rules),   cmocka_unit_test(test_many_quotas),
        cmocka_unit_test(test_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
