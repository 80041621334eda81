/* test_scheduling_place: several events get new dates at once, all or none; calendars.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define NOW "2026-02-20T06:00:00Z"
#define SEND(type, ...) driver_send(driver, CV_MSG_SCHEDULING_##type##_V1, &__VA_ARGS__)

/* Events A, B, C: each some days of May in the one hall, one after the other. */
static driver_t *start(void)
{
    driver_t *driver = driver_new(NOW);
    static const char *const EVENTS[][3] = {
        {"A", "2026-05-11", "2026-05-12"}, {"B", "2026-05-13", "2026-05-14"}, {"C", "2026-05-18", "2026-05-18"}};
    const cv_venue_t hall = {
        .code = CV_STR("HALL"), .name = CV_STR("Hall"), .city = CV_STR("Baku"), .country = CV_STR("AZ")};
    EXPECT_OK(SEND(VENUE_PUT, hall), "stored");
    for (size_t i = 0; i < sizeof EVENTS / sizeof *EVENTS; ++i) {
        const cv_scheduling_event_propose_v1_t event = {.event = cv_str(EVENTS[i][0]),
                                                        .event_details = {.title = CV_STR("Meeting"),
                                                                          .plan_year = 2026,
                                                                          .line = CV_PLAN_LINE_CBM,
                                                                          .venue = CV_STR("HALL"),
                                                                          .city = CV_STR("Baku"),
                                                                          .country = CV_STR("AZ"),
                                                                          .date_start = cv_str(EVENTS[i][1]),
                                                                          .date_end = cv_str(EVENTS[i][2])}};
        EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    }
    return driver;
}

static cv_placed_t placed(const char *event, int64_t version, const char *from, const char *to)
{
    return (cv_placed_t){
        .event = cv_str(event), .expected_version = version, .date_start = cv_str(from), .date_end = cv_str(to)};
}

static int64_t days_held(driver_t *driver, const char *event)
{
    char sql[100];
    cv_stmt_t *stmt;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM venue_day WHERE event = '%s'", event);
    assert_int_equal(cv_db_prepare(driver->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t n = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return n;
}

/* A and B change places in the same hall, and C moves: one request, three versions, in this order. */
static void test_events_that_change_places(void **state)
{
    (void)state;
    driver_t *driver = start();
    size_t before = driver->records_n;
    const cv_scheduling_event_place_v1_t request = {.placed_n = 3,
                                                    .placed = {placed("A", 1, "2026-05-13", "2026-05-14"),
                                                               placed("B", 1, "2026-05-11", "2026-05-12"),
                                                               placed("C", 1, "2026-05-19", "2026-05-20")},
                                                    .reason = CV_STR("Seed 1")};
    EXPECT_OK(SEND(EVENT_PLACE, request), "placed");
    assert_int_equal(driver->records_n, before + 3);
    cv_scheduling_event_v1_t event = *driver_state(driver, "A");
    assert_true(cv_str_is(event.event_details.date_start, "2026-05-13"));
    assert_int_equal(event.version, 2);
    assert_true(cv_str_is(event.reason, "Seed 1"));
    event = *driver_state(driver, "B");
    assert_true(cv_str_is(event.event_details.date_end, "2026-05-12"));
    assert_int_equal(days_held(driver, "C"), 2);
    driver_free(&driver);
}

/* Whatever is wrong with one of them, none moves, and each still holds its days. */
/* One officer at two events that change their days: each is judged among those that are down, not against days of before. What
 * was so before is in no edit's way that leaves it alone. */
static void test_an_officer_goes_along(void **state)
{
    (void)state;
    driver_t *driver = start();
    const struct {
        const char *id, *city, *day;
    } OF_ONE[] = {{"X", "Baku", "2026-09-01"}, {"Y", "Astana", "2026-09-08"}};
    for (size_t i = 0; i < 2; ++i) {
        const cv_scheduling_event_propose_v1_t event = {.event = cv_str(OF_ONE[i].id),
                                                        .event_details = {.title = CV_STR("Meeting"),
                                                                          .plan_year = 2026,
                                                                          .line = CV_PLAN_LINE_CBM,
                                                                          .city = cv_str(OF_ONE[i].city),
                                                                          .officer = CV_STR("SEC-1"),
                                                                          .date_start = cv_str(OF_ONE[i].day),
                                                                          .date_end = cv_str(OF_ONE[i].day)}};
        EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    }
    const cv_scheduling_event_place_v1_t swap = {
        .placed_n = 2,
        .placed = {placed("X", 1, "2026-09-08", "2026-09-08"), placed("Y", 1, "2026-09-01", "2026-09-01")}};
    EXPECT_OK(SEND(EVENT_PLACE, swap), "placed");
    const cv_scheduling_event_place_v1_t together = {.placed_n = 1,
                                                     .placed = {placed("Y", 2, "2026-09-07", "2026-09-07")}};
    EXPECT_NO(SEND(EVENT_PLACE, together), "conflict");
    cv_scheduling_rule_put_v1_t rule = {.rule = CV_STR("A2"), .effect = CV_RULE_EFFECT_WARN};
    EXPECT_OK(SEND(RULE_PUT, rule), "stored");
    EXPECT_OK(SEND(EVENT_PLACE, together), "placed");
    rule.effect = CV_RULE_EFFECT_FORBID;
    EXPECT_OK(SEND(RULE_PUT, rule), "stored");
    cv_scheduling_event_change_v1_t change = {.event = CV_STR("Y"), .title = CV_STR("Another title")};
    const cv_outcome_v1_t *outcome = SEND(EVENT_CHANGE, change);
    EXPECT_OK(outcome, "changed");
    assert_true(outcome->conflicts_n > 0 && cv_str_is(outcome->conflicts[0].rule, "A2"));
    change = (cv_scheduling_event_change_v1_t){.event = CV_STR("Y"), .city = CV_STR("Tashkent")};
    EXPECT_NO(SEND(EVENT_CHANGE, change), "conflict");
    driver_free(&driver);
}

static void test_all_or_none(void **state)
{
    (void)state;
    driver_t *driver = start();
    static const struct {
        cv_placed_t placed[2];
        const char *code;
    } CASES[] = {
        {{{CV_STR("A"), 1, CV_STR("2026-06-01"), CV_STR("2026-06-02")},
          {CV_STR("B"), 7, CV_STR("2026-06-03"), CV_STR("2026-06-04")}},
         "version_conflict"},
        {{{CV_STR("A"), 1, CV_STR("2026-06-01"), CV_STR("2026-06-02")},
          {CV_STR("A"), 1, CV_STR("2026-06-03"), CV_STR("2026-06-04")}},
         "named_twice"},
        {{{CV_STR("A"), 1, CV_STR("2026-06-01"), CV_STR("2026-06-02")},
          {CV_STR("B"), 1, CV_STR("2026-06-02"), CV_STR("2026-06-03")}},
         "venue_taken"}, /* by the one before it in the request */
        {{{CV_STR("A"), 1, CV_STR("2026-06-01"), CV_STR("2026-06-02")},
          {CV_STR("B"), 1, CV_STR("2026-05-18"), CV_STR("2026-05-19")}},
         "venue_taken"}, /* by one that does not move */
        {{{CV_STR("A"), 1, CV_STR("2026-06-01"), CV_STR("2026-06-02")},
          {CV_STR("B"), 1, CV_STR("2026-06-04"), CV_STR("2026-06-03")}},
         "date_inconsistent"},
        {{{CV_STR("A"), 1, CV_STR("2026-06-01"), CV_STR("2026-06-02")},
          {CV_STR("B"), 1, CV_STR("2026-05-13"), CV_STR("2026-05-14")}},
         "nothing_changed"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        cv_scheduling_event_place_v1_t request = {.placed_n = 2, .placed = {CASES[i].placed[0], CASES[i].placed[1]}};
        size_t before = driver->records_n;
        EXPECT_NO(SEND(EVENT_PLACE, request), CASES[i].code);
        assert_int_equal(driver->records_n, before);
        assert_int_equal(driver_state(driver, "A")->version, 1);
        assert_int_equal(days_held(driver, "A") + days_held(driver, "B"), 4);
    }
    cv_scheduling_event_place_v1_t unknown = {.placed_n = 1, .placed = {CASES[0].placed[0]}};
    unknown.placed[0].event = CV_STR("NONE");
    EXPECT_UNKNOWN(SEND(EVENT_PLACE, unknown), "unknown_event");
    /* The hall is still taken when asked for by other means. */
    const cv_scheduling_event_change_v1_t change = {
        .event = CV_STR("C"), .date_start = CV_STR("2026-05-11"), .date_end = CV_STR("2026-05-11")};
    EXPECT_NO(SEND(EVENT_CHANGE, change), "venue_taken");
    driver_free(&driver);
}

static void test_calendars(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_calendar_t calendar = {.code = CV_STR("KZ-2026"),
                              .country = CV_STR("KZ"),
                              .year = 2026,
                              .weekend_n = 2,
                              .weekend = {CV_WEEKDAY_SAT, CV_WEEKDAY_SUN},
                              .days_n = 1,
                              .days = {{.date = CV_STR("2026-03-21"),
                                        .kind = CV_DAY_KIND_HOLIDAY,
                                        .name = CV_STR("Nauryz"),
                                        .certainty = CV_DAY_CERTAINTY_FIXED}}};
    EXPECT_OK(SEND(CALENDAR_PUT, calendar), "stored");
    EXPECT_OK(SEND(CALENDAR_PUT, calendar), "unchanged");
    calendar.days[0].date = CV_STR("2027-03-21");
    EXPECT_NO(SEND(CALENDAR_PUT, calendar), "date_inconsistent");
    calendar.days_n = calendar.weekend_n = 0;
    EXPECT_NO(SEND(CALENDAR_PUT, calendar), "calendar_empty");
    const cv_calendar_t kept =
        driver_row(driver, "calendars", NULL, CV_MSG_SCHEDULING_CALENDAR_V1)->scheduling_calendar_v1;
    assert_true(cv_str_is(kept.days[0].name, "Nauryz"));
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_that_change_places),
        cmocka_unit_test(test_an_officer_goes_along),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_calendars),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
