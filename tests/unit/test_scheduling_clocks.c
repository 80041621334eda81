/* test_scheduling_clocks: a new tz database moves what is ahead, once, and never two into one room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Kazakhstan's change of 2024 is replayed: on 19 January it was announced that clocks go from +06 to +05 on 1 March; a
 * plan made before that has instants that are an hour early.
 */
#include "programme_world.h"
#include "scheduling/core_clocks.h"
#include "scheduling/handlers.h"
#include "zone_folder.h"

enum { MANY = 150 }; /* more than fit in a transaction, twice */
#define ANNOUNCED "2024-01-19T06:00:00Z"
#define CHANGE_S INT64_C(1709229600) /* 2024-02-29T18:00:00Z, midnight of 1 March by the old clock */
static const char *const ZONES[] = {"Asia/Almaty", "Asia/Tashkent"};

static int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

static void old_clocks(void)
{
    zone_write("Asia/Almaty", 6, 0, 6);
    zone_write("Asia/Tashkent", 5, 0, 5);
}

static void new_clocks(void)
{
    zone_write("Asia/Almaty", 6, CHANGE_S, 5);
}

static driver_t *world(void)
{
    old_clocks();
    driver_t *driver = driver_new("2024-01-10T06:00:00Z");
    const cv_venue_t hall = {.code = CV_STR("HALL"),
                             .name = CV_STR("Hall"),
                             .city = CV_STR("Almaty"),
                             .country = CV_STR("KZ"),
                             .zone = CV_STR("Asia/Almaty")};
    EXPECT_OK(SEND(VENUE_PUT, hall), "stored");
    const cv_room_t rooms[] = {world_room("A", 100), world_room("B", 20)};
    for (size_t i = 0; i < 2; ++i)
        EXPECT_OK(SEND(ROOM_PUT, rooms[i]), "stored");
    return driver;
}

static void event_in(driver_t *driver, const char *event, const char *date, const char *time, const char *zone,
                     const char *offset)
{
    const cv_scheduling_event_propose_v1_t request = {.event = cv_str(event),
                                                      .event_details = {.title = CV_STR("Conference"),
                                                                        .plan_year = 2024,
                                                                        .line = CV_PLAN_LINE_CBM,
                                                                        .date_start = cv_str(date),
                                                                        .time_start = cv_str(time),
                                                                        .zone = cv_str(zone),
                                                                        .utc_offset = cv_str(offset)}};
    EXPECT_OK(SEND(EVENT_PROPOSE, request), "proposed");
}

static void session_in(driver_t *driver, const char *code, const char *start, const char *zone, const char *room,
                       const char *speaker)
{
    cv_scheduling_session_put_v1_t request = world_session(code, start, 60, room);
    request.session.zone = cv_str(zone);
    request.session.speakers_n = speaker ? 1 : 0;
    request.session.speakers[0] = (cv_session_person_t){.person = cv_str(speaker)};
    EXPECT_OK(SEND(SESSION_PUT, request), "stored");
}

/* A restart, as after a crash or in order: what is due at the start runs in the first turns. */
static void restart(driver_t *driver, const char *now)
{
    driver_crash(driver);
    driver_wait_until(driver, ms_of(now));
}

static void test_kazakhstan_2024(void **state)
{
    (void)state;
    driver_t *driver = world();
    event_in(driver, "AFTER", "2024-05-14", "09:30", "Asia/Almaty", NULL);
    event_in(driver, "SAID", "2024-05-15", "09:30", "Asia/Almaty", "+06:00");
    event_in(driver, "BEFORE", "2024-02-20", "09:30", "Asia/Almaty", NULL);
    event_in(driver, "OTHER", "2024-05-16", "09:30", "Asia/Tashkent", NULL);
    event_in(driver, "DAY", "2024-05-17", NULL, NULL, NULL);
    event_in(driver, "OFFSET", "2024-05-18", "09:30", NULL, "+06:00");
    event_in(driver, "GONE", "2024-05-19", "09:30", "Asia/Almaty", NULL);
    const cv_scheduling_event_advance_v1_t off = {
        .event = CV_STR("GONE"), .to = CV_EVENT_STATUS_CANCELLED, .reason = CV_STR("No host.")};
    EXPECT_OK(SEND(EVENT_ADVANCE, off), "advanced");
    assert_int_equal(driver_state(driver, "AFTER")->start_ms, ms_of("2024-05-14T03:30:00Z"));
    size_t before = driver->records_n;
    restart(driver, "2024-01-18T06:00:00Z"); /* the same clocks: nothing to say */
    assert_int_equal(driver->records_n, before);

    new_clocks();
    restart(driver, ANNOUNCED);
    assert_int_equal(driver->records_n, before + 2);
    const cv_scheduling_event_v1_t *moved = driver_state(driver, "AFTER");
    assert_int_equal(moved->start_ms, ms_of("2024-05-14T04:30:00Z"));
    assert_int_equal(moved->version, 2);
    assert_int_equal(moved->calendar_sequence, 1);
    assert_int_equal(moved->change, CV_EVENT_CHANGE_CHANGED);
    assert_int_equal(moved->changed_n, 1);
    assert_true(cv_str_is(moved->changed[0], "start_ms"));
    if (!cv_str_is(moved->reason, "Clocks in Asia/Almaty are at +05:00 then, not at +06:00 (a newer tz database): "
                                  "2024-05-14 09:30 there is 2024-05-14T04:30 UTC, not 2024-05-14T03:30."))
        fail_msg("%.*s", CV_STR_ARG(moved->reason));
    moved = driver_state(driver, "SAID"); /* an offset that was said is said anew */
    assert_int_equal(moved->start_ms, ms_of("2024-05-15T04:30:00Z"));
    assert_true(cv_str_is(moved->event_details.utc_offset, "+05:00"));
    assert_int_equal(moved->changed_n, 2);
    for (size_t i = 0; i < 5; ++i) {
        static const char *const STAY[] = {"BEFORE", "OTHER", "DAY", "OFFSET", "GONE"};
        assert_int_equal(driver_state(driver, STAY[i])->version, i == 4 ? 2 : 1);
    }
    /* Nothing twice, whenever it looks again. */
    restart(driver, "2024-01-20T06:00:00Z");
    driver_wait_until(driver, ms_of("2024-02-01T06:00:00Z"));
    assert_int_equal(driver->records_n, before + 2);
    driver_free(&driver);
}

/* A service that runs looks every day, and does not only wait for a restart. */
static void test_every_day_while_it_runs(void **state)
{
    (void)state;
    driver_t *driver = world();
    event_in(driver, "E1", "2024-05-14", "09:30", "Asia/Almaty", NULL);
    new_clocks();
    driver_wait_until(driver, ms_of("2024-01-11T02:59:59Z"));
    assert_int_equal(driver_state(driver, "E1")->version, 1);
    driver_wait_until(driver, ms_of("2024-01-11T03:00:00Z"));
    assert_int_equal(driver_state(driver, "E1")->version, 2);
    old_clocks(); /* it is taken back: told as well */
    driver_wait_until(driver, ms_of("2024-01-12T03:00:00Z"));
    const cv_scheduling_event_v1_t *again = driver_state(driver, "E1");
    assert_int_equal(again->version, 3);
    assert_int_equal(again->start_ms, ms_of("2024-05-14T03:30:00Z"));
    driver_free(&driver);
}

/* Time jumps from what is due to what is due: it comes to an end when nothing is ahead any more. */
static void test_timers_come_to_an_end(void **state)
{
    (void)state;
    driver_t *driver = world();
    event_in(driver, "E1", "2024-03-01", "09:30", "Asia/Almaty", NULL);
    int looks = 0;
    for (; looks < 200 && world_count(driver, "SELECT count(*) FROM timer"); ++looks)
        driver_wait_until(driver, world_count(driver, "SELECT min(due_ms) FROM timer"));
    assert_in_range(looks, 40, 60); /* 51 days */
    assert_true(driver->now_ms >= ms_of("2024-03-01T03:30:00Z"));
    driver_free(&driver);
}

/* A file that is not there, or is no zone, moves nothing. */
static void test_no_file_moves_nothing(void **state)
{
    (void)state;
    driver_t *driver = world();
    event_in(driver, "E1", "2024-05-14", "09:30", "Asia/Almaty", NULL);
    world_event(driver, "E", "2024-05-14", "2024-05-16", NULL, NULL);
    session_in(driver, "S1", "2024-05-14T10:00", NULL, "A", NULL);
    size_t before = driver->records_n;
    zone_drop("Asia/Almaty");
    restart(driver, ANNOUNCED);
    char path[160];
    snprintf(path, sizeof path, "%s/Asia/Almaty", zone_folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs("TZif2, or what a full disk has left of it", file);
    fclose(file);
    restart(driver, "2024-01-20T06:00:00Z");
    assert_int_equal(driver->records_n, before);
    new_clocks(); /* and when it is there again it is looked at */
    restart(driver, "2024-01-21T06:00:00Z");
    assert_int_equal(driver->records_n, before + 2);
    driver_free(&driver);
}

/* More than one transaction holds; killed after each of them. */
static void test_many_and_killed_in_between(void **state)
{
    (void)state;
    driver_t *driver = world();
    char code[16];
    for (int i = 0; i < MANY; ++i) {
        snprintf(code, sizeof code, "E%03d", i);
        event_in(driver, code, "2024-05-14", "09:30", "Asia/Almaty", NULL);
    }
    size_t before = driver->records_n, done = 0;
    new_clocks();
    int64_t next_ms;
    for (int kills = 0; kills < 10 && done < MANY; ++kills) {
        driver_crash(driver);
        driver->now_ms += 1000;
        driver->mono_ms += 1000;
        assert_int_equal(cv_engine_turn(driver->engine, driver->now_ms, driver->mono_ms, &next_ms), CV_OK);
        assert_in_range(driver->records_n - before - done, 1, 64);
        done = driver->records_n - before;
    }
    assert_int_equal(done, MANY);
    for (int i = 0; i < MANY; ++i) {
        snprintf(code, sizeof code, "E%03d", i);
        assert_int_equal(driver_state(driver, code)->version, 2);
    }
    old_clocks(); /* the same without being killed */
    driver_crash(driver);
    for (int i = 0; i < 10; ++i)
        driver_wait_until(driver, driver->now_ms + 1000);
    assert_int_equal(driver->records_n, before + 2 * MANY);
    driver_free(&driver);
}

/* What an old database let be: events whose host's team is elsewhere that day. */
static void put_stuck(driver_t *driver, int n)
{
    sch_store_t *store;
    cv_stmt_t *put;
    char code[16];
    cv_str_t data;
    assert_int_equal(sch_store_open(driver->db, &store), CV_OK);
    assert_int_equal(cv_db_prepare(driver->db, "UPDATE event SET data = ?2 WHERE id = ?1", &put), CV_OK);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    for (int i = 0; i < n; ++i) {
        snprintf(code, sizeof code, "E%03d", i);
        cv_scheduling_event_v1_t event = *driver_state(driver, code);
        event.event_details.host_org = CV_STR("TEAM");
        assert_int_equal(sch_store_pack(store, CV_MSG_SCHEDULING_EVENT_V1, &event, &data), CV_OK);
        cv_stmt_text(put, 1, cv_str(code));
        cv_stmt_blob(put, 2, data.ptr, data.len);
        assert_int_equal(cv_stmt_run(put), CV_OK);
    }
    assert_int_equal(cv_db_commit(driver->db), CV_OK);
    sch_store_close(&store);
}

/* More of these than a transaction holds come before one that moves. */
static void test_days_held_twice_hold_up_nobody(void **state)
{
    (void)state;
    driver_t *driver = world();
    char code[16];
    const cv_scheduling_event_propose_v1_t holder = {.event = CV_STR("A"),
                                                     .event_details = {.title = CV_STR("Conference"),
                                                                       .plan_year = 2024,
                                                                       .line = CV_PLAN_LINE_CBM,
                                                                       .date_start = CV_STR("2024-05-14"),
                                                                       .host_org = CV_STR("TEAM")}};
    EXPECT_OK(SEND(EVENT_PROPOSE, holder), "proposed");
    for (int i = 0; i < MANY; ++i) {
        snprintf(code, sizeof code, "E%03d", i);
        event_in(driver, code, "2024-05-14", "09:30", "Asia/Almaty", NULL);
    }
    event_in(driver, "Z", "2024-05-14", "09:30", "Asia/Almaty", NULL);
    put_stuck(driver, MANY);
    size_t before = driver->records_n;
    int64_t next_ms;
    new_clocks();
    driver_crash(driver);
    for (int i = 0; i < 5; ++i) {
        driver->now_ms += 1000;
        driver->mono_ms += 1000;
        assert_int_equal(cv_engine_turn(driver->engine, driver->now_ms, driver->mono_ms, &next_ms), CV_OK);
    }
    assert_int_equal(driver->records_n, before + 1);
    assert_int_equal(driver_state(driver, "Z")->start_ms, ms_of("2024-05-14T04:30:00Z"));
    assert_true(world_count(driver, "SELECT min(due_ms) FROM timer") >
                driver->now_ms + HOUR_MS); /* and does not look on and on */
    driver_free(&driver);
}

/* Sessions follow one another in two rooms: each moves into the hour, and the next one's place, at once. */
static void test_sessions_move_together(void **state)
{
    (void)state;
    driver_t *driver = world();
    world_event(driver, "E", "2024-05-14", "2024-05-16", NULL, NULL);
    for (int i = 0; i < 8; ++i) {
        char code[8], start[20];
        snprintf(code, sizeof code, "S%d", i);
        snprintf(start, sizeof start, "2024-05-14T%02d:00", 9 + i / 2);
        session_in(driver, code, start, NULL, i % 2 ? "B" : "A", NULL);
    }
    size_t before = driver->records_n;
    int64_t begin_ms = world_sitting(driver, "S0").begin_ms;
    new_clocks();
    restart(driver, ANNOUNCED);
    assert_int_equal(driver->records_n, before + 8);
    for (int i = 0; i < 8; ++i) {
        char code[8];
        snprintf(code, sizeof code, "S%d", i);
        cv_scheduling_session_v1_t sitting = world_sitting(driver, code);
        assert_true(sitting.has_begin_ms);
        assert_int_equal(sitting.begin_ms, begin_ms + HOUR_MS * (1 + i / 2));
        assert_int_equal(sitting.until_ms, sitting.begin_ms + HOUR_MS);
        assert_int_equal(sitting.version, 2);
        assert_int_equal(sitting.change, CV_SESSION_CHANGE_PLACED);
    }
    assert_int_equal(world_count(driver, WORLD_DOUBLED), 0);
    restart(driver, "2024-01-20T06:00:00Z");
    assert_int_equal(driver->records_n, before + 8);
    driver_free(&driver);
}

/* A speaker is in Almaty at nine and in Tashkent at ten, which were an hour apart each way, and now are at one time. */
static void test_who_is_in_the_way_is_named(void **state)
{
    (void)state;
    driver_t *driver = world();
    world_event(driver, "E", "2024-05-14", "2024-05-16", NULL, NULL);
    session_in(driver, "HERE", "2024-05-14T10:00", NULL, "A", "P1");
    session_in(driver, "THERE", "2024-05-14T10:00", "Asia/Tashkent", NULL, "P1");
    session_in(driver, "NEXT", "2024-05-14T11:00", NULL, "A", "P2");
    session_in(driver, "FIXED", "2024-05-14T11:30", "Asia/Tashkent", NULL, "P3");
    size_t before = driver->records_n;
    new_clocks();
    restart(driver, ANNOUNCED);
    assert_int_equal(driver->records_n, before + 2);
    cv_scheduling_session_v1_t sitting = world_sitting(driver, "HERE");
    assert_false(sitting.has_begin_ms);
    assert_false(sitting.cancelled);
    assert_true(cv_str_is(sitting.session.room, "A")); /* as a wish */
    if (!memmem(sitting.reason.ptr, sitting.reason.len, "P1 is in E/THERE", 16))
        fail_msg("%.*s", CV_STR_ARG(sitting.reason));
    assert_int_equal(world_sitting(driver, "THERE").version, 1); /* who did not move stays */
    assert_true(world_sitting(driver, "NEXT").has_begin_ms);
    assert_int_equal(world_count(driver, WORLD_DOUBLED), 0);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM hold WHERE session = 'HERE'"), 0);
    driver_free(&driver);
}

/* What an older program wrote says no instant. It is said once, and no change is announced. */
static void test_older_program(void **state)
{
    (void)state;
    driver_t *driver = world();
    event_in(driver, "E1", "2024-05-14", "09:30", "Asia/Almaty", NULL);
    cv_scheduling_event_v1_t old = *driver_state(driver, "E1");
    old.has_start_ms = old.has_calendar_sequence = false;
    old.version = 5;
    sch_store_t *store;
    assert_int_equal(sch_store_open(driver->db, &store), CV_OK);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(sch_event_put(store, &old, driver->now_ms), CV_OK);
    assert_int_equal(cv_db_commit(driver->db), CV_OK);
    sch_store_close(&store);
    restart(driver, "2024-01-11T06:00:00Z");
    const cv_scheduling_event_v1_t *said = driver_state(driver, "E1");
    assert_int_equal(said->version, 6);
    assert_int_equal(said->calendar_sequence, 4);
    assert_int_equal(said->start_ms, ms_of("2024-05-14T03:30:00Z"));
    assert_int_equal(said->changed_n, 0);
    restart(driver, "2024-01-12T06:00:00Z");
    assert_int_equal(driver_state(driver, "E1")->version, 6);
    driver_free(&driver);
}

/* An end of a silence that was announced is an instant, whatever becomes of the clocks. */
static void test_announced_instants_stay(void **state)
{
    (void)state;
    driver_t *driver = world();
    const cv_party_t party = {.code = CV_STR("KZ"), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("Kazakhstan")};
    EXPECT_OK(SEND(PARTY_PUT, party), "stored");
    const cv_scheduling_decision_open_v1_t request = {
        .decision = CV_STR("D1"),
        .expires_wall = CV_STR("2024-03-14T18:00"),
        .zone = CV_STR("Asia/Almaty"),
        .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT, .title = CV_STR("T"), .text = CV_STR("Text.")}};
    EXPECT_OK(SEND(DECISION_OPEN, request), "opened");
    size_t before = driver->records_n;
    new_clocks();
    restart(driver, ANNOUNCED);
    assert_int_equal(driver->records_n, before);
    driver_wait_until(driver, ms_of("2024-03-14T11:59:59Z"));
    assert_int_equal(driver->records_n, before);
    driver_wait_until(driver, ms_of("2024-03-14T12:00:00Z"));
    assert_int_equal(driver->records_n, before + 1);
    driver_free(&driver);
}

static int teardown(void **state)
{
    (void)state;
    if (zone_folder[0])
        zone_folder_drop(ZONES, sizeof ZONES / sizeof *ZONES);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_kazakhstan_2024, teardown),
        cmocka_unit_test_teardown(test_every_day_while_it_runs, teardown),
        cmocka_unit_test_teardown(test_timers_come_to_an_end, teardown),
        cmocka_unit_test_teardown(test_no_file_moves_nothing, teardown),
        cmocka_unit_test_teardown(test_many_and_killed_in_between, teardown),
        cmocka_unit_test_teardown(test_days_held_twice_hold_up_nobody, teardown),
        cmocka_unit_test_teardown(test_sessions_move_together, teardown),
        cmocka_unit_test_teardown(test_who_is_in_the_way_is_named, teardown),
        cmocka_unit_test_teardown(test_older_program, teardown),
        cmocka_unit_test_teardown(test_announced_instants_stay, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
