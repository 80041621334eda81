/* test_scheduling_calendar: the instant at which an event starts, and what counts as a change for a calendar.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_calendar.h"
#include "scheduling_driver.h"

#define SEND(type, ...) driver_send(driver, CV_MSG_SCHEDULING_##type##_V1, &__VA_ARGS__)

static cv_arena_t *arena;

static cv_str_t file_of(const char *zone)
{
    cv_str_t file = CV_STR_NONE;
    if (zone && cv_zone_read(arena, cv_str(zone), &file)) {
        print_message("SKIPPED: no tz database here (package tzdata)\n");
        skip();
    }
    return file;
}

static void test_instant(void **state)
{
    (void)state;
    static const struct {
        const char *date, *time, *zone, *offset, *instant; /* instant NULL: none */
    } CASES[] = {
        {"2024-02-29", "18:00", "Asia/Almaty", NULL, "2024-02-29T12:00:00Z"},
        {"2024-03-01", "18:00", "Asia/Almaty", NULL, "2024-03-01T13:00:00Z"},
        {"2024-03-01", "18:00", "Asia/Almaty", "+06:00", "2024-03-01T13:00:00Z"}, /* the zone knows better */
        {"2026-05-14", "09:30", NULL, "-04:30", "2026-05-14T14:00:00Z"},
        {"2026-05-14", "09:30", NULL, NULL, NULL},          /* by which clock? */
        {"2026-05-14", NULL, "Asia/Almaty", NULL, NULL},    /* when? */
        {"2026-05", "09:30", "Asia/Almaty", NULL, NULL},    /* on which day? */
        {"2026-02-30", "09:30", "Asia/Almaty", NULL, NULL}, /* there is none */
        {"1969-12-31", "09:30", "Asia/Almaty", NULL, NULL},
        /* 2025-03-30 from 02:00 to 03:00 in Berlin is skipped: by +01:00, which was in force. */
        {"2025-03-30", "01:59", "Europe/Berlin", NULL, "2025-03-30T00:59:00Z"},
        {"2025-03-30", "02:00", "Europe/Berlin", NULL, "2025-03-30T01:00:00Z"},
        {"2025-03-30", "02:30", "Europe/Berlin", NULL, "2025-03-30T01:30:00Z"},
        {"2025-03-30", "02:30", "Europe/Berlin", "+02:00", "2025-03-30T01:30:00Z"},
        {"2025-03-30", "03:00", "Europe/Berlin", NULL, "2025-03-30T01:00:00Z"},
        /* 2025-10-26 from 02:00 to 03:00 comes twice. */
        {"2025-10-26", "02:30", "Europe/Berlin", NULL, "2025-10-26T00:30:00Z"},
        {"2025-10-26", "02:30", "Europe/Berlin", "+02:00", "2025-10-26T00:30:00Z"},
        {"2025-10-26", "02:30", "Europe/Berlin", "+01:00", "2025-10-26T01:30:00Z"},
        {"2025-10-26", "02:30", "Europe/Berlin", "+07:00", "2025-10-26T00:30:00Z"},
        /* A whole day was skipped: 2011-12-30 in Apia. */
        {"2011-12-30", "12:00", "Pacific/Apia", NULL, "2011-12-30T22:00:00Z"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        const cv_event_details_t details = {.date_start = cv_str(CASES[i].date),
                                            .time_start = cv_str(CASES[i].time),
                                            .zone = cv_str(CASES[i].zone),
                                            .utc_offset = cv_str(CASES[i].offset)};
        int64_t ms = -1, expected = -1;
        bool has = sch_start(&details, file_of(CASES[i].zone), &ms);
        if (CASES[i].instant)
            assert_int_equal(cv_time_parse(cv_str(CASES[i].instant), &expected), CV_OK);
        if (has != (CASES[i].instant != NULL) || ms != expected)
            fail_msg("case %zu: %d %lld, not %lld", i, has, (long long)ms, (long long)expected);
    }
    /* A zone that this machine does not have: the offset is what there is. */
    int64_t ms;
    cv_event_details_t details = {
        .date_start = CV_STR("2026-05-14"), .time_start = CV_STR("09:30"), .zone = CV_STR("Asia/Atlantis")};
    assert_false(sch_start(&details, CV_STR_NONE, &ms));
    details.utc_offset = CV_STR("+05:00");
    assert_true(sch_start(&details, CV_STR_NONE, &ms));
}

static cv_scheduling_event_v1_t event(void)
{
    return (cv_scheduling_event_v1_t){.event = CV_STR("E"),
                                      .version = 7,
                                      .status = CV_EVENT_STATUS_ADOPTED,
                                      .has_calendar_sequence = true,
                                      .calendar_sequence = 3,
                                      .has_start_ms = true,
                                      .start_ms = INT64_C(1778733000000),
                                      .event_details = {.title = CV_STR("Title"),
                                                        .city = CV_STR("Almaty"),
                                                        .country = CV_STR("KZ"),
                                                        .venue = CV_STR("HALL"),
                                                        .format = CV_EVENT_FORMAT_HYBRID,
                                                        .date_start = CV_STR("2026-05-14"),
                                                        .date_end = CV_STR("2026-05-15"),
                                                        .time_start = CV_STR("09:30"),
                                                        .zone = CV_STR("Asia/Almaty")}};
}

static int64_t next(const cv_scheduling_event_v1_t *before, const cv_scheduling_event_v1_t *after)
{
    cv_scheduling_event_v1_t made = *after;
    made.version = before->version + 1;
    sch_set_calendar(before, file_of("Asia/Almaty"), &made);
    assert_true(made.has_calendar_sequence);
    return made.calendar_sequence - (before->has_calendar_sequence ? before->calendar_sequence : before->version - 1);
}

static void test_sequence(void **state)
{
    (void)state;
    cv_scheduling_event_v1_t first = event(), before = event(), after = event();
    sch_set_calendar(NULL, CV_STR_NONE, &first);
    assert_int_equal(first.calendar_sequence, 0);
    assert_int_equal(next(&before, &after), 0);
#define EXPECT(grows, what)                             \
    do {                                                \
        after = event();                                \
        what;                                           \
        assert_int_equal(next(&before, &after), grows); \
    } while (0)
    EXPECT(0, after.event_details.title = CV_STR("A title"));
    EXPECT(0, after.event_details.note = CV_STR("A note."));
    EXPECT(0, after.has_registration = true);
    EXPECT(1, after.event_details.date_start = CV_STR("2026-05-13"));
    EXPECT(1, after.event_details.date_end = CV_STR("2026-05-16"));
    EXPECT(1, after.event_details.date_end = CV_STR_NONE);
    EXPECT(1, after.event_details.time_start = CV_STR("10:00"));
    EXPECT(1, after.event_details.time_start = CV_STR_NONE);
    EXPECT(1, after.event_details.zone = CV_STR("Asia/Tashkent")); /* the same instant, and another clock to read */
    EXPECT(1, after.event_details.venue = CV_STR("HALL-2"));
    EXPECT(1, after.event_details.city = CV_STR("Astana"));
    EXPECT(1, after.event_details.country = CV_STR("UZ"));
    EXPECT(1, after.event_details.format = CV_EVENT_FORMAT_ONLINE);
    EXPECT(1, after.status = CV_EVENT_STATUS_SCHEDULED); /* TENTATIVE to CONFIRMED */
    EXPECT(1, after.status = CV_EVENT_STATUS_CANCELLED);
    EXPECT(1, after.status = CV_EVENT_STATUS_POSTPONED); /* both TENTATIVE, and yet news */
    before.status = CV_EVENT_STATUS_SCHEDULED;
    EXPECT(0, after.status = CV_EVENT_STATUS_OPEN);
    EXPECT(0, after.status = CV_EVENT_STATUS_HELD);
    before = event();
    before.start_ms += 3600000; /* clocks were set otherwise since */
    EXPECT(1, (void)0);
    /* Stored by a program that did not count: its feed said version less one. What it did not know is no change. */
    before = event();
    before.has_calendar_sequence = before.has_start_ms = false;
    EXPECT(0, (void)0);
    EXPECT(1, after.event_details.city = CV_STR("Astana"));
    /* The tz database is gone: what was known stays. */
    before = after = event();
    after.has_start_ms = false;
    sch_set_calendar(&before, CV_STR_NONE, &after);
    assert_true(after.has_start_ms);
    assert_int_equal(after.start_ms, before.start_ms);
    assert_int_equal(after.calendar_sequence, before.calendar_sequence);
#undef EXPECT
}

/* The service says both with every version, whichever way it is made. */
static void test_records(void **state)
{
    (void)state;
    driver_t *driver = driver_new("2026-02-20T06:00:00Z");
    cv_scheduling_event_propose_v1_t propose = {.event = CV_STR("E"),
                                                .event_details = {.title = CV_STR("Title"),
                                                                  .plan_year = 2026,
                                                                  .line = CV_PLAN_LINE_CBM,
                                                                  .date_start = CV_STR("2026-05-14"),
                                                                  .time_start = CV_STR("09:30"),
                                                                  .zone = CV_STR("Asia/Almaty")}};
    (void)file_of("Asia/Almaty");
    EXPECT_OK(SEND(EVENT_PROPOSE, propose), "proposed");
    int64_t start_ms;
    assert_int_equal(cv_time_parse(CV_STR("2026-05-14T04:30:00Z"), &start_ms), CV_OK);
    const cv_scheduling_event_v1_t *made = driver_event(driver, 0);
    assert_int_equal(made->start_ms, start_ms);
    assert_true(made->has_calendar_sequence);
    assert_int_equal(made->calendar_sequence, 0);
    const cv_scheduling_event_change_v1_t typo = {
        .event = CV_STR("E"), .title = CV_STR("The title"), .reason = CV_STR("A letter was missing.")};
    EXPECT_OK(SEND(EVENT_CHANGE, typo), "changed");
    assert_int_equal(driver_event(driver, 1)->calendar_sequence, 0);
    const cv_scheduling_event_change_v1_t moved = {
        .event = CV_STR("E"), .time_start = CV_STR("10:30"), .reason = CV_STR("The hall opens later.")};
    EXPECT_OK(SEND(EVENT_CHANGE, moved), "changed");
    made = driver_event(driver, 2);
    assert_int_equal(made->start_ms, start_ms + 3600000);
    assert_int_equal(made->calendar_sequence, 1);
    assert_int_equal(made->version, 3);
    const cv_scheduling_event_advance_v1_t off = {
        .event = CV_STR("E"), .to = CV_EVENT_STATUS_CANCELLED, .reason = CV_STR("No host.")};
    EXPECT_OK(SEND(EVENT_ADVANCE, off), "advanced");
    assert_int_equal(driver_event(driver, 3)->calendar_sequence, 2);
    assert_int_equal(driver_state(driver, "E")->calendar_sequence, 2);
    driver_free(&driver);
}

/* The database of an older program: its newest row says neither. */
static void test_older(void **state)
{
    (void)state;
    driver_t *driver = driver_new("2026-02-20T06:00:00Z");
    sch_store_t *store;
    (void)file_of("Asia/Almaty");
    cv_scheduling_event_v1_t old = event();
    old.has_start_ms = old.has_calendar_sequence = false;
    old.change = CV_EVENT_CHANGE_CHANGED;
    old.event_details.venue = CV_STR_NONE;
    old.event_details.plan_year = 2026;
    old.event_details.line = CV_PLAN_LINE_CBM;
    assert_int_equal(sch_store_open(driver->db, &store), CV_OK);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(sch_event_put(store, &old, driver->now_ms), CV_OK);
    assert_int_equal(cv_db_commit(driver->db), CV_OK);
    sch_store_close(&store);
    const cv_scheduling_event_change_v1_t typo = {
        .event = CV_STR("E"), .title = CV_STR("The title"), .reason = CV_STR("A letter was missing.")};
    EXPECT_OK(SEND(EVENT_CHANGE, typo), "changed");
    const cv_scheduling_event_v1_t *made = driver_state(driver, "E");
    assert_int_equal(made->version, 9); /* 8 said the instant (clocks.c) */
    assert_int_equal(made->calendar_sequence, 6);
    driver_free(&driver);
}

static int setup(void **state)
{
    (void)state;
    arena = cv_arena_new(1024 * 1024);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    cv_arena_destroy(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_instant),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_older),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
