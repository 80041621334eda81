/* test_scheduling_year: what an edit of an event is told; bodies and hosts that cannot be in two places; and a database of
 * before there were programmes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "programme_world.h"
#include "scheduling/handlers.h"

static cv_scheduling_event_propose_v1_t proposal(const char *event, const char *body, const char *first,
                                                 const char *last)
{
    return (cv_scheduling_event_propose_v1_t){.event = cv_str(event),
                                              .event_details = {.title = CV_STR("Meeting"),
                                                                .plan_year = 2026,
                                                                .line = CV_PLAN_LINE_STATUTORY,
                                                                .body = cv_str(body),
                                                                .date_start = cv_str(first),
                                                                .date_end = cv_str(last)}};
}

static bool says(const cv_outcome_v1_t *outcome, const char *text)
{
    char all[1024];
    snprintf(all, sizeof all, "%.*s", CV_STR_ARG(outcome->text));
    return strstr(all, text) != NULL;
}

static driver_t *start(void)
{
    driver_t *driver = world_in("Asia/Baku");
    static const struct {
        const char *code;
        cv_body_kind_t kind;
    } BODIES[] = {{"SOC", CV_BODY_KIND_GOVERNING}, {"SWG", CV_BODY_KIND_WORKING}};
    for (size_t i = 0; i < 2; ++i) {
        const cv_body_t body = {.code = cv_str(BODIES[i].code), .name = CV_STR("Body"), .kind = BODIES[i].kind};
        EXPECT_OK(SEND(BODY_PUT, body), "stored");
    }
    return driver;
}

/* A body meets once at a time, whole days; in a group it may, and what is proposed holds its days already. */
static void test_a_body_is_in_one_place(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_scheduling_event_propose_v1_t one = proposal("SOC-1", "SOC", "2026-06-01", "2026-06-03");
    EXPECT_OK(SEND(EVENT_PROPOSE, one), "proposed");
    cv_scheduling_event_propose_v1_t two = proposal("SOC-2", "SOC", "2026-06-03", "2026-06-04");
    const cv_outcome_v1_t *outcome = SEND(EVENT_PROPOSE, two);
    EXPECT_NO(outcome, "body_taken");
    assert_true(cv_str_is(outcome->conflicts[0].rule, "A2"));
    assert_true(cv_str_is(outcome->conflicts[0].other, "SOC-1"));
    two.event_details.date_start = CV_STR("2026-06-04");
    EXPECT_OK(SEND(EVENT_PROPOSE, two), "proposed");
    const cv_scheduling_event_change_v1_t change = {.event = CV_STR("SOC-2"), .date_start = CV_STR("2026-06-02")};
    EXPECT_NO(SEND(EVENT_CHANGE, change), "body_taken"); /* by every way */
    const cv_scheduling_event_place_v1_t place = {.placed_n = 1,
                                                  .placed = {{.event = CV_STR("SOC-2"),
                                                              .expected_version = 1,
                                                              .date_start = CV_STR("2026-06-01"),
                                                              .date_end = CV_STR("2026-06-01")}}};
    EXPECT_NO(SEND(EVENT_PLACE, place), "body_taken");
    one.event = CV_STR("SOC-3");
    one.event_details.group = CV_STR("PAIR");
    one.event_details.date_start = CV_STR("2026-07-01");
    one.event_details.date_end = CV_STR("2026-07-02");
    EXPECT_OK(SEND(EVENT_PROPOSE, one), "proposed");
    one.event = CV_STR("SOC-4");
    EXPECT_OK(SEND(EVENT_PROPOSE, one), "proposed");
    /* Cancelled: the days are free. */
    const cv_scheduling_event_advance_v1_t cancel = {
        .event = CV_STR("SOC-1"), .to = CV_EVENT_STATUS_CANCELLED, .reason = CV_STR("No quorum")};
    EXPECT_OK(SEND(EVENT_ADVANCE, cancel), "advanced");
    EXPECT_OK(SEND(EVENT_CHANGE, change), "changed");
    driver_free(&driver);
}

static void test_a_hosts_team_carries_one_event(void **state)
{
    (void)state;
    driver_t *driver = start();
    cv_scheduling_event_propose_v1_t event = proposal("E1", NULL, "2026-06-01", "2026-06-03");
    event.event_details.host_org = CV_STR("Institute of Diplomacy");
    EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    event.event = CV_STR("E2");
    EXPECT_NO(SEND(EVENT_PROPOSE, event), "team_taken");
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-06-04");
    EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    driver_free(&driver);
}

/* Each rule that is only said, and what makes it a refusal. */
static void test_what_is_said(void **state)
{
    (void)state;
    driver_t *driver = start();
    const cv_calendar_t calendar = {.code = CV_STR("AZ-2026"),
                                    .country = CV_STR("AZ"),
                                    .year = 2026,
                                    .weekend_n = 2,
                                    .weekend = {CV_WEEKDAY_SAT, CV_WEEKDAY_SUN},
                                    .days_n = 1,
                                    .days = {{.date = CV_STR("2026-05-28"), .kind = CV_DAY_KIND_HOLIDAY}}};
    const cv_calendar_t feasts = {
        .code = CV_STR("ALL-2026"),
        .year = 2026,
        .days_n = 1,
        .days = {{.date = CV_STR("2026-05-27"), .kind = CV_DAY_KIND_HOLIDAY, .certainty = CV_DAY_CERTAINTY_ESTIMATED}}};
    EXPECT_OK(SEND(CALENDAR_PUT, calendar), "stored");
    EXPECT_OK(SEND(CALENDAR_PUT, feasts), "stored");
    const cv_heading_t dimension = {
        .code = CV_STR("ECO"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Economic")};
    EXPECT_OK(SEND(HEADING_PUT, dimension), "stored");

    cv_scheduling_event_propose_v1_t event = proposal("HOST", NULL, "2026-05-28", "2026-05-31"); /* Thu to Sun */
    event.event_details.country = CV_STR("AZ");
    const cv_outcome_v1_t *outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    const cv_conflict_t *off = world_conflict(outcome, "A5"), *feast = world_conflict(outcome, "A6");
    assert_non_null(off);
    assert_int_equal(off->cost, 300); /* a holiday, Saturday, Sunday */
    assert_non_null(feast);           /* the day after an estimated one */
    event.event = CV_STR("ONLINE");
    event.event_details.format = CV_EVENT_FORMAT_ONLINE;
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-05-31");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_null(world_conflict(outcome, "A5"));               /* a Sunday, but nobody travels */
    assert_int_equal(world_conflict(outcome, "A9")->cost, 2); /* AZ by its calendar, KZ without one */

    /* The working group after the committee that it prepares; before it there is nothing to say. */
    event = proposal("SOC", "SOC", "2026-09-10", "2026-09-11");
    EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    event = proposal("SWG", "SWG", "2026-09-14", "2026-09-14");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_true(cv_str_is(world_conflict(outcome, "A4")->other, "SOC"));
    const cv_scheduling_event_change_v1_t earlier = {
        .event = CV_STR("SWG"), .date_start = CV_STR("2026-09-08"), .date_end = CV_STR("2026-09-08")};
    outcome = SEND(EVENT_CHANGE, earlier);
    EXPECT_OK(outcome, "changed");
    assert_null(world_conflict(outcome, "A4"));

    /* Two of a dimension within a fortnight. */
    event = proposal("ECO-1", NULL, "2026-10-01", "2026-10-02");
    event.event_details.dimension = CV_STR("ECO");
    EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    event.event = CV_STR("ECO-2");
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-10-12");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_int_equal(world_conflict(outcome, "A12")->cost, 3 * (14 - 11));
    const cv_scheduling_rule_put_v1_t rule = {.rule = CV_STR("A12"), .effect = CV_RULE_EFFECT_FORBID};
    EXPECT_OK(SEND(RULE_PUT, rule), "stored");
    event.event = CV_STR("ECO-3");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_NO(outcome, "conflict");
    assert_true(outcome->conflicts_n >= 2);
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-10-26");
    EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    driver_free(&driver);
}

static int64_t cost_of(const cv_outcome_v1_t *outcome, const char *rule)
{
    const cv_conflict_t *found = world_conflict(outcome, rule);
    return found ? found->cost : 0;
}

/* Windows, notice, promises, wishes, hours: through the service, with what it reads of others; and what an effect does. */
static void test_what_is_counted(void **state)
{
    (void)state;
    driver_t *driver = start(); /* on 2026-02-20 */
    const cv_calendar_t common = {.code = CV_STR("ALL-2026"),
                                  .year = 2026,
                                  .days_n = 3,
                                  .days = {{.date = CV_STR("2026-03-18"), .kind = CV_DAY_KIND_RAMADAN},
                                           {.date = CV_STR("2026-03-02"), .kind = CV_DAY_KIND_RAMADAN},
                                           {.date = CV_STR("2026-09-22"), .kind = CV_DAY_KIND_SUMMIT}}};
    EXPECT_OK(SEND(CALENDAR_PUT, common), "stored");
    cv_party_t party = {
        .code = CV_STR("KZ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("State"), .zone = CV_STR("Asia/Almaty")};
    EXPECT_OK(SEND(PARTY_PUT, party), "stored");

    cv_scheduling_event_propose_v1_t event = proposal("OPEN", NULL, "2026-06", NULL);
    const cv_outcome_v1_t *outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_int_equal(cost_of(outcome, "A7"), 1000);

    event = proposal("SOON", "SWG", "2026-03-18", "2026-03-18");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_int_equal(cost_of(outcome, "A3"), 100); /* 26 days from now */
    assert_int_equal(cost_of(outcome, "A14"), 4);  /* among the last ten days */
    cv_scheduling_event_change_v1_t change = {.event = CV_STR("SOON"), .note = CV_STR("The days stay")};
    outcome = SEND(EVENT_CHANGE, change);
    EXPECT_OK(outcome, "corrected");
    assert_int_equal(cost_of(outcome, "A3"), 0); /* nobody is told of other days now */

    event = proposal("WISH", NULL, "2026-07-21", "2026-07-22");
    event.event_details.earliest = CV_STR("2026-07-22");
    event.event_details.latest = CV_STR("2026-07-30");
    event.event_details.preferred = CV_STR("2026-07-06");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_int_equal(cost_of(outcome, "A3"), 100);
    assert_int_equal(cost_of(outcome, "A16"), 2 * 4);
    change = (cv_scheduling_event_change_v1_t){
        .event = CV_STR("WISH"), .date_start = CV_STR("2026-07-22"), .date_end = CV_STR("2026-07-23")};
    outcome = SEND(EVENT_CHANGE, change);
    EXPECT_OK(outcome, "changed");
    assert_int_equal(cost_of(outcome, "A3") + cost_of(outcome, "A8"), 0); /* what is proposed has promised nothing */
    change = (cv_scheduling_event_change_v1_t){.event = CV_STR("WISH"), .earliest = CV_STR("2026-08-01")};
    EXPECT_NO(SEND(EVENT_CHANGE, change), "date_inconsistent");
    change.earliest = CV_STR("2026-08");
    EXPECT_NO(SEND(EVENT_CHANGE, change), "date_inconsistent");

    /* Adopted and scheduled, moving costs. */
    const cv_scheduling_event_advance_v1_t steps[] = {
        {.event = CV_STR("WISH"), .to = CV_EVENT_STATUS_ADOPTED, .decision = CV_STR("By the committee")},
        {.event = CV_STR("WISH"), .to = CV_EVENT_STATUS_SCHEDULED}};
    for (size_t i = 0; i < 2; ++i)
        EXPECT_OK(SEND(EVENT_ADVANCE, steps[i]), "advanced");
    change = (cv_scheduling_event_change_v1_t){
        .event = CV_STR("WISH"), .date_start = CV_STR("2026-07-23"), .city = CV_STR("Baku")};
    outcome = SEND(EVENT_CHANGE, change);
    EXPECT_OK(outcome, "changed");
    assert_int_equal(cost_of(outcome, "A8"), 20 + 10);

    event = proposal("TOP", "SOC", "2026-09-22", "2026-09-22");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_int_equal(cost_of(outcome, "A11"), 30);

    /* Half past four in the afternoon in Baku, two hours: half past five in Almaty, and a half there is outside. */
    event = proposal("ONLINE", NULL, "2026-08-18", "2026-08-18");
    event.event_details.format = CV_EVENT_FORMAT_ONLINE;
    event.event_details.time_start = CV_STR("16:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    event.event_details.has_minutes = true;
    event.event_details.minutes = 120;
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_int_equal(cost_of(outcome, "A17"), 1);

    /* The third of a week, the second of an officer; a group is one occasion. */
    const char *const ids[] = {"W1", "W2", "W3"};
    const char *const days[] = {"2026-11-03", "2026-11-04", "2026-11-05"};
    const int64_t expected[] = {0, 10, 10 + 3 * 10};
    for (size_t i = 0; i < 3; ++i) {
        event = proposal(ids[i], NULL, days[i], days[i]);
        event.event_details.officer = CV_STR("OFFICER-1");
        event.event_details.city = CV_STR("Baku");
        outcome = SEND(EVENT_PROPOSE, event);
        EXPECT_OK(outcome, "proposed");
        int64_t cost = 0;
        for (size_t k = 0; k < outcome->conflicts_n; ++k)
            cost += cv_str_is(outcome->conflicts[k].rule, "A13") ? outcome->conflicts[k].cost : 0;
        assert_int_equal(cost, expected[i]);
    }
    /* An officer is in one place at a time, and needs a day to get to another; online is nowhere. */
    event = proposal("W4", NULL, "2026-11-05", "2026-11-06");
    event.event_details.officer = CV_STR("OFFICER-1");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_NO(outcome, "conflict");
    assert_true(says(outcome, "OFFICER-1 is at W3 from 2026-11-05"));
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-11-06");
    event.event_details.city = CV_STR("Elsewhere");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_NO(outcome, "conflict");
    assert_true(says(outcome, "OFFICER-1 has no day between to travel from or to W3 in Baku"));
    event.event_details.format = CV_EVENT_FORMAT_ONLINE;
    event.event_details.date_start = CV_STR("2026-11-05");
    event.event = CV_STR("W5");
    EXPECT_OK(SEND(EVENT_PROPOSE, event), "proposed");
    const cv_scheduling_rule_put_v1_t rule = {.rule = CV_STR("A13"), .effect = CV_RULE_EFFECT_FORBID};
    EXPECT_OK(SEND(RULE_PUT, rule), "stored");
    event = proposal("W4", NULL, "2026-11-05", "2026-11-05");
    EXPECT_NO(SEND(EVENT_PROPOSE, event), "conflict");
    const cv_scheduling_rule_put_v1_t ignored = {.rule = CV_STR("A13"), .effect = CV_RULE_EFFECT_IGNORE};
    EXPECT_OK(SEND(RULE_PUT, ignored), "stored");
    outcome = SEND(EVENT_PROPOSE, event);
    EXPECT_OK(outcome, "proposed");
    assert_null(world_conflict(outcome, "A13"));
    driver_free(&driver);
}

/* ---- a database from before ----------------------------------------------------------------- */

static void insert_event(cv_db_t *db, const char *id, const char *first, const char *last)
{
    const cv_scheduling_event_v1_t event = {
        .event = cv_str(id),
        .version = 1,
        .status = CV_EVENT_STATUS_PROPOSED,
        .change = CV_EVENT_CHANGE_PROPOSED,
        .event_details = proposal(id, "SOC", first, last).event_details,
    };
    cv_buf_t data;
    cv_stmt_t *stmt;
    cv_buf_init(&data, CV_MAX_RECORD);
    assert_int_equal(cv_msg_info_at(CV_MSG_SCHEDULING_EVENT_V1)->encode(&data, &event), CV_OK);
    assert_int_equal(
        cv_db_prepare(db,
                      "INSERT INTO event(id, version, status, plan_year, line, body, configured, at_ms, data)"
                      " VALUES(?1, 1, 'proposed', 2026, 'statutory', 'SOC', 0, 1, ?2)",
                      &stmt),
        CV_OK);
    cv_stmt_text(stmt, 1, cv_str(id));
    cv_stmt_blob(stmt, 2, data.ptr, data.len);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
    cv_buf_done(&data);
}

/* The days of events of an older database are held from the first start on. Where two had the same body on one day, both
 * stay as they are, and the next edit is told. */
static void test_a_database_from_before(void **state)
{
    (void)state;
    driver_t *driver = driver_new("2026-02-20T06:00:00Z");
    cv_db_t *db;
    char error[512];
    cv_engine_destroy(&driver->engine);
    cv_db_close(&driver->db);
    assert_int_equal(unlink(driver->path), 0);
    const cv_db_options_t options = {.path = driver->path,
                                     .application_id = sch_definition.application_id,
                                     .migrations = sch_definition.migrations,
                                     .migrations_n = 7};
    if (cv_db_open(&options, &db, error, sizeof error))
        fail_msg("%s", error);
    const cv_body_t body = {.code = CV_STR("SOC"), .name = CV_STR("Body"), .kind = CV_BODY_KIND_GOVERNING};
    cv_buf_t data;
    cv_stmt_t *stmt;
    cv_buf_init(&data, CV_MAX_RECORD);
    assert_int_equal(cv_msg_info_at(CV_MSG_SCHEDULING_BODY_V1)->encode(&data, &body), CV_OK);
    assert_int_equal(cv_db_prepare(db, "INSERT INTO body VALUES('SOC', 'governing', 1, ?1)", &stmt), CV_OK);
    cv_stmt_blob(stmt, 1, data.ptr, data.len);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
    cv_buf_done(&data);
    insert_event(db, "OLD-1", "2026-06-01", "2026-06-03");
    insert_event(db, "OLD-2", "2026-06-03", "2026-06-04");
    cv_db_close(&db);
    driver_open(driver);
    driver_turn(driver);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM event_span"), 2);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM event_day WHERE event = 'OLD-1'"), 3);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM event_day WHERE event = 'OLD-2'"), 1);
    cv_scheduling_event_propose_v1_t event = proposal("NEW", "SOC", "2026-06-01", "2026-06-01");
    EXPECT_NO(SEND(EVENT_PROPOSE, event), "body_taken");
    cv_scheduling_event_change_v1_t change = {.event = CV_STR("OLD-2"), .title = CV_STR("Another title")};
    EXPECT_NO(SEND(EVENT_CHANGE, change), "body_taken");
    change.date_start = CV_STR("2026-06-04");
    EXPECT_OK(SEND(EVENT_CHANGE, change), "changed");
    driver_crash(driver); /* filled in once only */
    assert_int_equal(world_count(driver, "SELECT count(*) FROM event_day WHERE event = 'OLD-2'"), 1);
    world_event(driver, "E", "2026-05-11", "2026-05-13", NULL, NULL);
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T09:30", 90, NULL);
    put.session.zone = CV_STR("Asia/Baku");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_body_is_in_one_place), cmocka_unit_test(test_a_hosts_team_carries_one_event),
        cmocka_unit_test(test_what_is_said),           cmocka_unit_test(test_what_is_counted),
        cmocka_unit_test(test_a_database_from_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
