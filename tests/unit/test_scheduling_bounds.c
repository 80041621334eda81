/* test_scheduling_bounds: what an edit is told of what comes from outside of a programme: arrivals, interpreters, a venue's
 * pauses, and sessions that wait for others, however far away these are.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "programme_world.h"
#include "scheduling/handlers.h"

static bool says(const cv_outcome_v1_t *outcome, const char *rule, const char *text)
{
    char all[512];
    for (size_t i = 0; i < outcome->conflicts_n; ++i) {
        snprintf(all, sizeof all, "%.*s", CV_STR_ARG(outcome->conflicts[i].text));
        if (cv_str_is(outcome->conflicts[i].rule, rule) && strstr(all, text))
            return true;
    }
    return false;
}

static void test_people_arrive_and_leave(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T09:30", 90, "A");
    put.session.speakers_n = 1;
    put.session.speakers[0] = (cv_session_person_t){
        .person = CV_STR("AZ-1"), .from = CV_STR("2026-05-11T10:00"), .until = CV_STR("2026-05-11T12:00")};
    const cv_outcome_v1_t *outcome = SEND(SESSION_PUT, put);
    EXPECT_NO(outcome, "conflict");
    assert_true(says(outcome, "B2", "AZ-1 is not there before 2026-05-11T10:00"));
    put.session.start = CV_STR("2026-05-11T10:31"); /* a minute too long */
    outcome = SEND(SESSION_PUT, put);
    EXPECT_NO(outcome, "conflict");
    assert_true(says(outcome, "B2", "AZ-1 has left by 2026-05-11T12:00"));
    put.session.start = CV_STR("2026-05-11T10:30");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    const cv_scheduling_session_place_v1_t place = {
        .event = CV_STR("E"), .placed_n = 1, .placed = {world_placed("S1", 1, "2026-05-12T10:30", NULL)}};
    EXPECT_NO(SEND(SESSION_PLACE, place), "conflict");
    put.session.speakers[0].until = CV_STR("2026-05-11T10:00");
    EXPECT_NO(SEND(SESSION_PUT, put), "date_inconsistent"); /* left as it came */
    put.session.speakers[0].until = CV_STR("2026-05-32T10:00");
    EXPECT_NO(SEND(SESSION_PUT, put), "date_inconsistent");
    driver_free(&driver);
}

static void test_interpreters(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    const char *const rooms[] = {"A", "B", "C"};
    for (size_t i = 0; i < 3; ++i) {
        cv_room_t room = world_room(rooms[i], 100);
        room.has_booths = true;
        room.booths = 2;
        EXPECT_OK(SEND(ROOM_PUT, room), "stored");
    }
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T09:00", 180, "A");
    put.session.languages_n = 2;
    put.session.languages[0] = CV_STR("en");
    put.session.languages[1] = CV_STR("ru");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    put.session.session = CV_STR("S2");
    put.session.room = CV_STR("B");
    const cv_outcome_v1_t *outcome = SEND(SESSION_PUT, put);
    EXPECT_OK(outcome, "stored");
    assert_null(world_conflict(outcome, "B4")); /* nobody said how many teams there are */
    const cv_scheduling_event_change_v1_t change = {.event = CV_STR("E"), .has_teams = true, .teams = 1};
    EXPECT_OK(SEND(EVENT_CHANGE, change), "corrected");
    put.session.title = CV_STR("Talks again");
    outcome = SEND(SESSION_PUT, put);
    EXPECT_OK(outcome, "stored");
    assert_true(says(outcome, "B4", "2 sessions are interpreted at once, and there are 1 teams; one of them is E/S1"));
    assert_false(says(outcome, "B4", "minutes are interpreted that day"));
    const cv_scheduling_release_put_v1_t release = {.release = CV_STR("R1"), .event = CV_STR("E")};
    EXPECT_NO(SEND(RELEASE_PUT, release), "release_blocked");
    put.session.start = CV_STR("2026-05-11T14:00");
    put.session.minutes = 181; /* far from the other, of the same day */
    outcome = SEND(SESSION_PUT, put);
    EXPECT_OK(outcome, "stored");
    assert_true(says(outcome, "B4", "361 minutes are interpreted that day, and the teams work 360"));
    put.session.minutes = 180;
    outcome = SEND(SESSION_PUT, put);
    EXPECT_OK(outcome, "stored");
    assert_null(world_conflict(outcome, "B4"));
    EXPECT_OK(SEND(RELEASE_PUT, release), "released");
    driver_free(&driver);
}

static void test_a_venue_pauses(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    cv_venue_t hall = {.code = CV_STR("HALL"),
                       .name = CV_STR("Hall"),
                       .city = CV_STR("Baku"),
                       .country = CV_STR("AZ"),
                       .zone = CV_STR("Asia/Baku"),
                       .pauses_n = 1,
                       .pauses = {{CV_WEEKDAY_TUE, CV_STR("12:30"), CV_STR("12:30")}}};
    EXPECT_NO(SEND(VENUE_PUT, hall), "date_inconsistent");
    hall.pauses[0].until = CV_STR("14:00");
    EXPECT_OK(SEND(VENUE_PUT, hall), "stored");
    const cv_outcome_v1_t *outcome = world_put(driver, "S1", "2026-05-12T12:00", 31, "A"); /* a Tuesday */
    EXPECT_OK(outcome, "stored");
    assert_true(says(outcome, "B5", "HALL pauses on tue from 12:30 to 14:00"));
    outcome = world_put(driver, "S1", "2026-05-12T12:00", 30, "A");
    EXPECT_OK(outcome, "stored");
    assert_null(world_conflict(outcome, "B5"));
    outcome = world_put(driver, "S1", "2026-05-11T12:00", 31, "A");
    EXPECT_OK(outcome, "stored");
    assert_null(world_conflict(outcome, "B5"));
    driver_free(&driver);
}

/* Two days apart: found from either side, and gone with what said it. */
static void test_a_session_waits_for_another(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    cv_scheduling_session_put_v1_t adoption = world_session("ADOPT", "2026-05-11T09:30", 90, "A");
    adoption.session.after_n = 1;
    adoption.session.after[0] = CV_STR("ADOPT");
    EXPECT_NO(SEND(SESSION_PUT, adoption), "date_inconsistent");
    adoption.session.after[0] = CV_STR("DRAFT");
    EXPECT_UNKNOWN(SEND(SESSION_PUT, adoption), "unknown_session");
    EXPECT_OK(world_put(driver, "DRAFT", "2026-05-13T09:30", 60, "B"), "stored");
    EXPECT_OK(SEND(SESSION_PUT, adoption), "stored");
    cv_scheduling_session_put_v1_t circle = world_session("DRAFT", "2026-05-13T09:30", 60, "B");
    circle.session.after_n = 1;
    circle.session.after[0] = CV_STR("ADOPT");
    EXPECT_NO(SEND(SESSION_PUT, circle), "date_inconsistent");
    const cv_outcome_v1_t *outcome = world_put(driver, "DRAFT", "2026-05-13T09:30", 90, "B");
    EXPECT_OK(outcome, "stored");
    assert_true(says(outcome, "B5", "it is not over when E/ADOPT begins, which has to wait for it"));
    adoption.session.title = CV_STR("Adoption");
    outcome = SEND(SESSION_PUT, adoption);
    EXPECT_OK(outcome, "stored");
    assert_true(says(outcome, "B5", "it begins before E/DRAFT is over, for which it has to wait"));
    const cv_scheduling_release_put_v1_t release = {.release = CV_STR("R1"), .event = CV_STR("E")};
    EXPECT_NO(SEND(RELEASE_PUT, release), "release_blocked");
    const cv_scheduling_session_place_v1_t both = {.event = CV_STR("E"),
                                                   .placed_n = 2,
                                                   .placed = {world_placed("ADOPT", 2, "2026-05-13T09:30", NULL),
                                                              world_placed("DRAFT", 2, "2026-05-11T09:30", NULL)}};
    outcome = SEND(SESSION_PLACE, both);
    EXPECT_OK(outcome, "placed");
    assert_null(world_conflict(outcome, "B5"));
    EXPECT_OK(SEND(RELEASE_PUT, release), "released");
    adoption.session.start = CV_STR("2026-05-11T09:00"); /* it does not wait any more */
    adoption.session.after_n = 0;
    outcome = SEND(SESSION_PUT, adoption);
    EXPECT_OK(outcome, "stored");
    assert_null(world_conflict(outcome, "B5"));
    outcome = world_put(driver, "DRAFT", "2026-05-12T09:30", 90, "B");
    EXPECT_OK(outcome, "stored");
    assert_null(world_conflict(outcome, "B5"));
    driver_free(&driver);
}

/* An older program left what was released of an event that was put off: its times are no promise any more. */
static void test_what_an_older_program_left_released(void **state)
{
    (void)state;
    driver_t *driver = driver_new("2026-02-20T06:00:00Z");
    cv_db_t *db;
    cv_buf_t data;
    cv_stmt_t *stmt;
    char error[512];
    cv_engine_destroy(&driver->engine);
    cv_db_close(&driver->db);
    assert_int_equal(unlink(driver->path), 0);
    const cv_db_options_t options = {.path = driver->path,
                                     .application_id = sch_definition.application_id,
                                     .migrations = sch_definition.migrations,
                                     .migrations_n = 8};
    if (cv_db_open(&options, &db, error, sizeof error))
        fail_msg("%s", error);
    for (int i = 0; i < 2; ++i) {
        const cv_scheduling_event_v1_t event = {
            .event = i ? CV_STR("ON") : CV_STR("OFF"),
            .version = 1,
            .status = i ? CV_EVENT_STATUS_SCHEDULED : CV_EVENT_STATUS_POSTPONED,
            .change = CV_EVENT_CHANGE_ADVANCED,
            .event_details = {.title = CV_STR("Conference"), .plan_year = 2026, .line = CV_PLAN_LINE_CBM}};
        cv_buf_init(&data, CV_MAX_RECORD);
        assert_int_equal(cv_msg_info_at(CV_MSG_SCHEDULING_EVENT_V1)->encode(&data, &event), CV_OK);
        assert_int_equal(
            cv_db_prepare(db,
                          "INSERT INTO event(id, version, status, plan_year, line, configured, at_ms, data)"
                          " VALUES(?1, 1, ?2, 2026, 'cbm', 0, 1, ?3)",
                          &stmt),
            CV_OK);
        cv_stmt_text(stmt, 1, event.event);
        cv_stmt_text(stmt, 2, cv_str(cv_event_status_text(event.status)));
        cv_stmt_blob(stmt, 3, data.ptr, data.len);
        assert_int_equal(cv_stmt_run(stmt), CV_OK);
        cv_buf_done(&data);
        static const char *const RELEASED[] = {"INSERT INTO session_version VALUES(?1, 'S1', 1, 1, x'00')",
                                               "INSERT INTO released VALUES(?1, 'S1', 1)"};
        for (size_t k = 0; k < 2; ++k) {
            assert_int_equal(cv_db_prepare(db, RELEASED[k], &stmt), CV_OK);
            cv_stmt_text(stmt, 1, event.event);
            assert_int_equal(cv_stmt_run(stmt), CV_OK);
        }
    }
    cv_db_close(&db);
    driver_open(driver);
    driver_turn(driver);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM released WHERE event = 'OFF'"), 0);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM released WHERE event = 'ON'"), 1);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people_arrive_and_leave),
        cmocka_unit_test(test_interpreters),
        cmocka_unit_test(test_a_venue_pauses),
        cmocka_unit_test(test_a_session_waits_for_another),
        cmocka_unit_test(test_what_an_older_program_left_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
