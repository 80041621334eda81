/* test_scheduling_sessions: sessions put, placed and cancelled; what an edit is told; and known ways to book a room
 * twice, each by name.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "programme_world.h"
#include "scheduling/handlers.h"

/* The shortest use: a session without a place, with one, moved, cancelled; each a version and a record. */
static void test_life(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    size_t before = driver->records_n;
    EXPECT_OK(world_put(driver, "S1", NULL, 90, NULL), "stored");
    EXPECT_OK(world_put(driver, "S1", NULL, 90, NULL), "unchanged");
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T09:30", 90, "A");
    put.has_expected_version = true;
    put.expected_version = 7;
    EXPECT_NO(SEND(SESSION_PUT, put), "version_conflict");
    put.expected_version = 1;
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    cv_scheduling_session_v1_t sitting = world_sitting(driver, "S1");
    int64_t begin_ms;
    assert_int_equal(cv_time_parse(CV_STR("2026-05-11T05:30:00Z"), &begin_ms), CV_OK);
    assert_int_equal(sitting.begin_ms, begin_ms);
    assert_int_equal(sitting.until_ms, begin_ms + HOUR_MS * 3 / 2);
    assert_true(cv_str_is(sitting.session.zone, "Asia/Baku")); /* the venue's, said by the record */
    cv_scheduling_session_place_v1_t place = {.event = CV_STR("E"),
                                              .placed_n = 1,
                                              .placed = {world_placed("S1", 2, "2026-05-12T09:30", NULL)},
                                              .reason = CV_STR("The hall is cold.")};
    EXPECT_OK(SEND(SESSION_PLACE, place), "placed");
    sitting = world_sitting(driver, "S1");
    assert_true(cv_str_is(sitting.session.room, "A")); /* the room stays when none is said */
    assert_int_equal(sitting.begin_ms, begin_ms + 24 * HOUR_MS);
    assert_true(cv_str_is(sitting.reason, "The hall is cold."));
    place.placed[0] = world_placed("S1", 3, NULL, NULL);
    EXPECT_OK(SEND(SESSION_PLACE, place), "placed");
    assert_false(world_sitting(driver, "S1").has_begin_ms);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM hold"), 0);
    const cv_scheduling_session_cancel_v1_t cancel = {
        .event = CV_STR("E"), .session = CV_STR("S1"), .reason = CV_STR("No need.")};
    EXPECT_OK(SEND(SESSION_CANCEL, cancel), "stored");
    assert_true(world_sitting(driver, "S1").cancelled);
    EXPECT_NO(world_put(driver, "S1", "2026-05-11T09:30", 90, "A"), "session_cancelled");
    assert_int_equal(driver->records_n, before + 5);
    driver_bytes_t rows[8];
    char next[257];
    assert_int_equal(driver_query(driver, "session", "E/S1", NULL, 0, rows, 8, next), 5);
    for (size_t i = 0; i < 5; ++i)
        free(rows[i].ptr);
    driver_free(&driver);
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T09:30", 90, "Z");
    EXPECT_UNKNOWN(SEND(SESSION_PUT, put), "unknown_room");
    put = world_session("S1", "2026-05-11T09:30", 90, "A");
    put.session.event = CV_STR("F");
    EXPECT_UNKNOWN(SEND(SESSION_PUT, put), "unknown_event");
    put = world_session("S1", "2026-05-11T09:30", 90, "A");
    put.session.parties_n = 1;
    put.session.parties[0] = CV_STR("XX");
    EXPECT_UNKNOWN(SEND(SESSION_PUT, put), "unknown_party");
    put = world_session("S1", "2026-05-11T09:30", 90, NULL);
    EXPECT_NO(SEND(SESSION_PUT, put), "zone_unknown"); /* by which clock? */
    put.session.zone = CV_STR("Asia/Atlantis");
    EXPECT_NO(SEND(SESSION_PUT, put), "zone_unknown");
    put = world_session("S1", "2026-05-11T09:30", 90, "A");
    put.session.zone = CV_STR("Asia/Almaty"); /* not the clock on the wall of HALL */
    EXPECT_NO(SEND(SESSION_PUT, put), "zone_unknown");
    put = world_session("S1", "2026-02-30T09:30", 90, "A");
    EXPECT_NO(SEND(SESSION_PUT, put), "date_inconsistent");
    put = world_session("S1", "2026-05-11T09:30", 90, "A");
    put.session.venue = CV_STR_NONE;
    EXPECT_NO(SEND(SESSION_PUT, put), "date_inconsistent");
    const cv_scheduling_session_cancel_v1_t cancel = {
        .event = CV_STR("E"), .session = CV_STR("S9"), .reason = CV_STR("No need.")};
    EXPECT_UNKNOWN(SEND(SESSION_CANCEL, cancel), "unknown_session");
    cv_room_t room = world_room("D", 10);
    room.venue = CV_STR("NOWHERE");
    EXPECT_UNKNOWN(SEND(ROOM_PUT, room), "unknown_venue");
    room = world_room("D", 10);
    room.available_n = 2;
    room.available[0] = (cv_room_span_t){CV_STR("2026-05-11T08:00"), CV_STR("2026-05-11T12:00")};
    room.available[1] = (cv_room_span_t){CV_STR("2026-05-11T11:00"), CV_STR("2026-05-11T18:00")};
    EXPECT_NO(SEND(ROOM_PUT, room), "date_inconsistent");
    driver_free(&driver);
}

/* ---- traps ------------------------------------------------------------------------------- */

/* Not only equal beginnings: any common instant; and none is common where one ends as the other begins. */
static void test_trap_only_equal_starts_are_compared(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    static const struct {
        const char *start;
        int64_t minutes;
        bool free;
    } CASES[] = {
        {"2026-05-11T10:00", 60, false},  {"2026-05-11T10:30", 10, false}, {"2026-05-11T09:30", 31, false},
        {"2026-05-11T09:30", 120, false}, {"2026-05-11T10:59", 60, false}, {"2026-05-11T09:00", 60, true},
        {"2026-05-11T11:00", 60, true},
    };
    EXPECT_OK(world_put(driver, "S0", "2026-05-11T10:00", 60, "A"), "stored");
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        const cv_outcome_v1_t *outcome = world_put(driver, "S1", CASES[i].start, CASES[i].minutes, "A");
        if (CASES[i].free) {
            EXPECT_OK(outcome, "stored");
            continue;
        }
        EXPECT_NO(outcome, "room_taken");
        assert_true(cv_str_is(outcome->conflicts[0].rule, "B1"));
        assert_true(cv_str_is(outcome->conflicts[0].other, "E/S0"));
    }
    driver_free(&driver);
}

/* Every way to change a session goes through the same check: longer, moved, another room, placed with others. */
static void test_trap_an_edit_that_skips_the_check(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(world_put(driver, "S0", "2026-05-11T10:00", 60, "A"), "stored");
    EXPECT_OK(world_put(driver, "S1", "2026-05-11T09:00", 60, "A"), "stored");
    EXPECT_OK(world_put(driver, "S2", "2026-05-11T10:00", 60, "B"), "stored");
    EXPECT_NO(world_put(driver, "S1", "2026-05-11T09:00", 61, "A"), "room_taken"); /* only longer */
    EXPECT_NO(world_put(driver, "S2", "2026-05-11T10:00", 60, "A"), "room_taken"); /* only the room */
    cv_scheduling_session_place_v1_t place = {
        .event = CV_STR("E"), .placed_n = 1, .placed = {world_placed("S1", 1, "2026-05-11T09:01", NULL)}};
    EXPECT_NO(SEND(SESSION_PLACE, place), "room_taken");
    cv_room_t room = world_room("A", 100);
    room.has_turnaround = true;
    room.turnaround = 10;
    EXPECT_OK(SEND(ROOM_PUT, room), "stored");                                     /* nobody is thrown out */
    EXPECT_NO(world_put(driver, "S1", "2026-05-11T09:00", 59, "A"), "room_taken"); /* but an edit keeps to it */
    EXPECT_OK(world_put(driver, "S1", "2026-05-11T09:00", 50, "A"), "stored");
    assert_int_equal(world_count(driver, WORLD_DOUBLED), 0);
    driver_free(&driver);
}

/* What waits for a confirmation holds its room; and an event that is only proposed its venue. */
static void test_trap_what_is_pending_does_not_hold(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    cv_scheduling_session_put_v1_t put = world_session("S0", "2026-05-11T10:00", 60, "A");
    put.session.has_tentative = put.session.tentative = true;
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    EXPECT_NO(world_put(driver, "S1", "2026-05-11T10:30", 60, "A"), "room_taken");
    driver_free(&driver);
}

/* Two requests for one slot, with a crash between them; and past all code the table itself refuses. */
static void test_trap_two_accepted_for_one_slot(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(world_put(driver, "S0", "2026-05-11T10:00", 60, "A"), "stored");
    driver_crash(driver);
    EXPECT_NO(world_put(driver, "S1", "2026-05-11T10:00", 60, "A"), "room_taken");
    cv_stmt_t *stmt;
    assert_int_equal(
        cv_db_prepare(driver->db,
                      "INSERT INTO hold SELECT resource, begin_ms + 60000, until_ms + 60000, event, session"
                      " FROM hold",
                      &stmt),
        CV_OK);
    assert_int_equal(cv_stmt_run(stmt), CV_ECONFLICT);
    assert_int_equal(cv_db_prepare(driver->db, "UPDATE hold SET begin_ms = begin_ms - 1", &stmt), CV_OK);
    assert_int_equal(cv_stmt_run(stmt), CV_ECONFLICT);
    driver_free(&driver);
}

/* Ten o'clock each day stays ten o'clock when the clocks change in between; the instants move by an hour. What a clock
 * skips does not exist, what it shows twice must be told apart. */
static void test_trap_recurrence_across_a_change_of_clocks(void **state)
{
    (void)state;
    driver_t *driver = world_in("Africa/Cairo"); /* forward on Friday, 24 April 2026 at 00:00; back on 30 October */
    world_event(driver, "F", "2026-04-22", "2026-04-26", NULL, NULL);
    static const char *const STARTS[] = {"2026-04-22T10:00", "2026-04-23T10:00", "2026-04-24T10:00",
                                         "2026-04-25T10:00"};
    cv_scheduling_session_v1_t day[4];
    for (size_t i = 0; i < 4; ++i) {
        char code[8];
        snprintf(code, sizeof code, "D%zu", i);
        cv_scheduling_session_put_v1_t put = world_session(code, STARTS[i], 60, "A");
        put.session.event = CV_STR("F");
        EXPECT_OK(SEND(SESSION_PUT, put), "stored");
        day[i] = driver_read(
                     driver,
                     (cv_str_t){driver->records[driver->records_n - 1].ptr, driver->records[driver->records_n - 1].len},
                     CV_MSG_SCHEDULING_SESSION_V1)
                     ->scheduling_session_v1;
    }
    assert_int_equal(day[1].begin_ms - day[0].begin_ms, 24 * HOUR_MS);
    assert_int_equal(day[2].begin_ms - day[1].begin_ms, 23 * HOUR_MS);
    assert_int_equal(day[3].begin_ms - day[2].begin_ms, 24 * HOUR_MS);
    cv_scheduling_session_put_v1_t put = world_session("N", "2026-04-24T00:30", 60, "A");
    put.session.event = CV_STR("F");
    EXPECT_NO(SEND(SESSION_PUT, put), "date_inconsistent"); /* skipped */
    /* 23:00 for two hours: the clock shows 02:00 when it ends, and it lasts two hours all the same. */
    put = world_session("N", "2026-04-23T23:00", 120, "A");
    put.session.event = CV_STR("F");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    put = world_session("M", "2026-04-24T02:00", 30, "A"); /* 23:00 UTC of the 23rd: as N ends */
    put.session.event = CV_STR("F");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    put = world_session("L", "2026-04-24T01:59", 1, "A");
    put.session.event = CV_STR("F");
    EXPECT_NO(SEND(SESSION_PUT, put), "room_taken");
    world_event(driver, "G", "2026-10-28", "2026-10-31", NULL, NULL);
    put = world_session("N", "2026-10-29T23:30", 30, "B");
    put.session.event = CV_STR("G");
    EXPECT_NO(SEND(SESSION_PUT, put), "date_inconsistent"); /* shown twice */
    put.session.utc_offset = CV_STR("+03:00");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    put.session.session = CV_STR("M");
    put.session.utc_offset = CV_STR("+02:00");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored"); /* an hour later on the same clock */
    driver_free(&driver);
}

/* A night session belongs to two days: it meets what begins after midnight, and both days of its venue. */
static void test_trap_midnight(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(world_put(driver, "NIGHT", "2026-05-11T22:00", 240, "A"), "stored");
    EXPECT_NO(world_put(driver, "S1", "2026-05-12T01:59", 60, "A"), "room_taken");
    EXPECT_OK(world_put(driver, "S1", "2026-05-12T02:00", 60, "A"), "stored");
    EXPECT_OK(world_put(driver, "EVE", "2026-05-12T22:00", 120, "A"), "stored"); /* to midnight: not the next day */
    assert_int_equal(world_count(driver, "SELECT count(*) FROM session_day WHERE session = 'NIGHT'"), 2);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM session_day WHERE session = 'EVE'"), 1);
    driver_free(&driver);
}

/* A venue's day is its own day: who holds the hall keeps everybody's sessions out, and the other way round. */
static void test_trap_the_venues_day(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Vladivostok"); /* ten hours ahead: its 12 May begins on 11 May in UTC */
    EXPECT_OK(world_put(driver, "S1", "2026-05-12T00:30", 60, "A"), "stored");
    cv_scheduling_event_propose_v1_t other = {.event = CV_STR("F"),
                                              .event_details = {.title = CV_STR("Fair"),
                                                                .plan_year = 2026,
                                                                .line = CV_PLAN_LINE_CBM,
                                                                .venue = CV_STR("HALL"),
                                                                .date_start = CV_STR("2026-05-12"),
                                                                .date_end = CV_STR("2026-05-12")}};
    EXPECT_NO(SEND(EVENT_PROPOSE, other), "venue_taken"); /* by a session */
    other.event_details.date_start = other.event_details.date_end = CV_STR("2026-05-11");
    EXPECT_OK(SEND(EVENT_PROPOSE, other), "proposed");
    EXPECT_NO(world_put(driver, "S2", "2026-05-11T10:00", 60, "B"), "venue_taken"); /* by an event */
    EXPECT_NO(world_put(driver, "S2", "2026-05-11T23:30", 60, "B"), "venue_taken");
    EXPECT_OK(world_put(driver, "S2", "2026-05-12T10:00", 60, "B"), "stored");
    /* Events held together share. */
    world_event(driver, "G", "2026-06-01", "2026-06-02", "HALL", "TOGETHER");
    world_event(driver, "H", "2026-06-01", "2026-06-02", NULL, "TOGETHER");
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-06-01T10:00", 60, "A");
    put.session.event = CV_STR("H");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    driver_free(&driver);
}

/* Days of an event are whole days, the last one to its end: midnight after it is still its own, a minute more is not.
 */
static void test_trap_the_end_of_the_last_day(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    const cv_outcome_v1_t *outcome = world_put(driver, "S1", "2026-05-13T23:00", 60, "A");
    EXPECT_OK(outcome, "stored");
    assert_int_equal(outcome->conflicts_n, 0);
    outcome = world_put(driver, "S1", "2026-05-13T23:00", 61, "A");
    EXPECT_OK(outcome, "stored");
    const cv_conflict_t *days = world_conflict(outcome, "B5");
    assert_non_null(days);
    assert_int_equal(days->effect, CV_RULE_EFFECT_BLOCK_RELEASE);
    outcome = world_put(driver, "S2", "2026-05-10T23:59", 1, "A");
    EXPECT_OK(outcome, "stored");
    assert_non_null(world_conflict(outcome, "B5"));
    driver_free(&driver);
}

/* ---- people, moves, endings -------------------------------------------------------------- */

static void test_a_person_is_in_one_place(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T10:00", 60, "A");
    put.session.has_chair = true;
    put.session.chair = (cv_session_person_t){.person = CV_STR("AZ-1"), .party = CV_STR("AZ")};
    put.session.speakers_n = 1;
    put.session.speakers[0] = put.session.chair; /* who chairs may speak */
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    cv_scheduling_session_put_v1_t second = world_session("S2", "2026-05-11T10:59", 60, "B");
    second.session.speakers_n = 1;
    second.session.speakers[0] = put.session.chair;
    const cv_outcome_v1_t *outcome = SEND(SESSION_PUT, second);
    EXPECT_NO(outcome, "person_taken");
    assert_true(cv_str_is(outcome->conflicts[0].rule, "B2"));
    /* also at another event, and in no room at all */
    world_event(driver, "F", "2026-05-11", "2026-05-12", NULL, NULL);
    second.session.event = CV_STR("F");
    second.session.venue = second.session.room = CV_STR_NONE;
    second.session.zone = CV_STR("Asia/Almaty");
    second.session.start = CV_STR("2026-05-11T11:30"); /* 10:30 in Baku */
    EXPECT_NO(SEND(SESSION_PUT, second), "person_taken");
    second.session.start = CV_STR("2026-05-11T12:00");
    EXPECT_OK(SEND(SESSION_PUT, second), "stored");
    driver_free(&driver);
}

/* Two sessions change rooms: one request, both or none. */
static void test_sessions_that_change_places(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(world_put(driver, "S1", "2026-05-11T10:00", 60, "A"), "stored");
    EXPECT_OK(world_put(driver, "S2", "2026-05-11T10:00", 60, "B"), "stored");
    EXPECT_OK(world_put(driver, "S3", "2026-05-11T10:00", 60, "C"), "stored");
    cv_scheduling_session_place_v1_t place = {
        .event = CV_STR("E"),
        .placed_n = 2,
        .placed = {world_placed("S1", 1, "2026-05-11T10:00", "B"), world_placed("S2", 1, "2026-05-11T10:00", "A")}};
    EXPECT_OK(SEND(SESSION_PLACE, place), "placed");
    assert_true(cv_str_is(world_sitting(driver, "S1").session.room, "B"));
    place.placed[0] = world_placed("S1", 2, "2026-05-11T10:00", "A");
    place.placed[1] = world_placed("S2", 2, "2026-05-11T10:00", "C"); /* taken by S3, which does not move */
    size_t before = driver->records_n;
    EXPECT_NO(SEND(SESSION_PLACE, place), "room_taken");
    assert_int_equal(driver->records_n, before);
    assert_int_equal(world_sitting(driver, "S1").version, 2);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM hold"), 3);
    place.placed[1] = world_placed("S2", 1, "2026-05-11T12:00", "C");
    EXPECT_NO(SEND(SESSION_PLACE, place), "version_conflict");
    place.placed[1] = place.placed[0];
    EXPECT_NO(SEND(SESSION_PLACE, place), "named_twice");
    cv_scheduling_session_put_v1_t pin = world_session("S3", "2026-05-11T10:00", 60, "C");
    pin.session.has_pinned = pin.session.pinned = true;
    EXPECT_OK(SEND(SESSION_PUT, pin), "stored");
    place.placed_n = 1;
    place.placed[0] = world_placed("S3", 2, "2026-05-11T12:00", "C");
    EXPECT_NO(SEND(SESSION_PLACE, place), "pinned");
    driver_free(&driver);
}

/* An event that is postponed gives up its rooms; what comes back has to be placed anew. */
static void test_an_event_that_does_not_take_place(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(world_put(driver, "S1", "2026-05-11T10:00", 60, "A"), "stored");
    const cv_scheduling_event_advance_v1_t cancel = {
        .event = CV_STR("E"), .to = CV_EVENT_STATUS_CANCELLED, .reason = CV_STR("No host.")};
    EXPECT_OK(SEND(EVENT_ADVANCE, cancel), "advanced");
    assert_int_equal(world_count(driver, "SELECT count(*) FROM hold"), 0);
    assert_false(world_sitting(driver, "S1").has_begin_ms);
    EXPECT_NO(world_put(driver, "S1", "2026-05-11T12:00", 60, "A"), "not_changeable");
    world_event(driver, "F", "2026-05-11", "2026-05-12", NULL, NULL);
    cv_scheduling_session_put_v1_t put = world_session("S1", "2026-05-11T10:00", 60, "A");
    put.session.event = CV_STR("F");
    EXPECT_OK(SEND(SESSION_PUT, put), "stored");
    driver_free(&driver);
}

/* As many as one request takes, beside as many that stay on that day: what is known around each is not kept for all. */
static void test_a_hundred_on_a_full_day(void **state)
{
    enum { PLACED = CV_SCHEDULING_SESSION_PLACE_V1_PLACED_MAX, STAY = 60 };
    (void)state;
    static char codes[PLACED + STAY][8];
    driver_t *driver = world_in("Asia/Baku");
    cv_scheduling_session_place_v1_t place = {.event = CV_STR("E"), .placed_n = PLACED};
    for (int i = 0; i < PLACED + STAY; ++i) {
        snprintf(codes[i], sizeof codes[i], "S%03d", i);
        cv_scheduling_session_put_v1_t put = world_session(codes[i], i < PLACED ? NULL : "2026-05-11T09:00", 30, NULL);
        put.session.track = CV_STR("TRACK");
        if (i >= PLACED)
            put.session.zone = CV_STR("Asia/Baku");
        EXPECT_OK(SEND(SESSION_PUT, put), "stored");
        if (i < PLACED) {
            place.placed[i] = world_placed(codes[i], 1, "2026-05-11T16:00", NULL);
            place.placed[i].zone = CV_STR("Asia/Baku");
        }
    }
    size_t before = driver->records_n;
    EXPECT_OK(SEND(SESSION_PLACE, place), "placed");
    assert_int_equal(driver->records_n, before + PLACED);
    assert_int_equal(world_count(driver, "SELECT count(*) FROM session WHERE begin_ms IS NOT NULL"), PLACED + STAY);
    driver_free(&driver);
}

/* ---- what waits for what ----------------------------------------------------------------- */

/* Puts a session of ten minutes, not placed, that waits for the ones named by letters: "BC". */
static const cv_outcome_v1_t *put_after(driver_t *driver, const char *session, const char *title, const char *after)
{
    cv_scheduling_session_put_v1_t put = world_session(session, NULL, 10, NULL);
    put.session.title = cv_str(title);
    for (; *after; ++after)
        put.session.after[put.session.after_n++] = (cv_str_t){after, 1};
    return SEND(SESSION_PUT, put);
}

static void cancel_session(driver_t *driver, const char *session)
{
    const cv_scheduling_session_cancel_v1_t cancel = {
        .event = CV_STR("E"), .session = cv_str(session), .reason = CV_STR("No need.")};
    EXPECT_OK(SEND(SESSION_CANCEL, cancel), "stored");
}

/* Who waited for a session before it was cancelled can be edited still; from then on nobody begins to wait for it. */
static void test_waiting_for_what_is_cancelled(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(put_after(driver, "B", "T", ""), "stored");
    EXPECT_OK(put_after(driver, "C", "T", ""), "stored");
    EXPECT_OK(put_after(driver, "A", "T", "B"), "stored");
    EXPECT_UNKNOWN(put_after(driver, "A", "T", "BX"), "unknown_session");
    cancel_session(driver, "B");
    EXPECT_OK(put_after(driver, "A", "Only the title", "B"), "stored");
    EXPECT_OK(put_after(driver, "A", "Only the title", "CB"), "stored");
    EXPECT_UNKNOWN(put_after(driver, "D", "T", "B"), "unknown_session");
    EXPECT_UNKNOWN(put_after(driver, "C", "T", "B"), "unknown_session");
    EXPECT_OK(put_after(driver, "A", "Only the title", "C"), "stored");
    EXPECT_UNKNOWN(put_after(driver, "A", "Only the title", "CB"), "unknown_session"); /* it had let go of it */
    driver_free(&driver);
}

/* No ring, however long; what two wait for is none, and nobody waits through a session that is cancelled. */
static void test_sessions_that_wait_in_a_ring(void **state)
{
    (void)state;
    driver_t *driver = world_in("Asia/Baku");
    EXPECT_OK(put_after(driver, "A", "T", ""), "stored");
    EXPECT_NO(put_after(driver, "A", "T", "A"), "date_inconsistent");
    EXPECT_OK(put_after(driver, "B", "T", "A"), "stored");
    EXPECT_NO(put_after(driver, "A", "T", "B"), "date_inconsistent");
    EXPECT_OK(put_after(driver, "C", "T", "AB"), "stored"); /* both before it */
    const cv_outcome_v1_t *outcome = put_after(driver, "A", "T", "C");
    EXPECT_NO(outcome, "date_inconsistent");
    assert_true(cv_str_is(outcome->text, "C has to wait for A already"));
    EXPECT_OK(put_after(driver, "D", "T", "C"), "stored");
    EXPECT_OK(put_after(driver, "F", "T", ""), "stored");
    outcome = put_after(driver, "A", "T", "FD");
    EXPECT_NO(outcome, "date_inconsistent");
    assert_true(cv_str_is(outcome->text, "D has to wait for A already"));
    EXPECT_NO(put_after(driver, "B", "T", "AD"), "date_inconsistent");
    assert_int_equal(world_sitting(driver, "A").session.after_n, 0);
    EXPECT_OK(put_after(driver, "D", "Only the title", "C"), "stored");
    EXPECT_OK(put_after(driver, "C", "T", "B"), "stored");
    cancel_session(driver, "B");
    EXPECT_OK(put_after(driver, "A", "T", "D"), "stored"); /* D, C, and B that is no more */
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_trap_only_equal_starts_are_compared),
        cmocka_unit_test(test_trap_an_edit_that_skips_the_check),
        cmocka_unit_test(test_trap_what_is_pending_does_not_hold),
        cmocka_unit_test(test_trap_two_accepted_for_one_slot),
        cmocka_unit_test(test_trap_recurrence_across_a_change_of_clocks),
        cmocka_unit_test(test_trap_midnight),
        cmocka_unit_test(test_trap_the_venues_day),
        cmocka_unit_test(test_trap_the_end_of_the_last_day),
        cmocka_unit_test(test_a_person_is_in_one_place),
        cmocka_unit_test(test_sessions_that_change_places),
        cmocka_unit_test(test_an_event_that_does_not_take_place),
        cmocka_unit_test(test_a_hundred_on_a_full_day),
        cmocka_unit_test(test_waiting_for_what_is_cancelled),
        cmocka_unit_test(test_sessions_that_wait_in_a_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
