/* test_scheduling_decisions: consensus in session and in silence: who may say what until when, and what follows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define NOW "2026-02-20T06:00:00Z"
#define SECOND INT64_C(1000)
#define DAY_MS (86400 * SECOND)

static const cv_principal_t SECRETARY = {.name = "secretary", .role = CV_ROLE_SECRETARIAT};

static void parties(driver_t *driver, int members)
{
    char code[8];
    for (int i = 0; i < members + 2; ++i) {
        snprintf(code, sizeof code, "%c%c", 'A' + i / 26, 'A' + i % 26);
        const cv_party_t party = {.code = i < members    ? cv_str(code)
                                          : i == members ? CV_STR("OBS")
                                                         : CV_STR("ORG"),
                                  .name = CV_STR("Party"),
                                  .kind = i < members    ? CV_PARTY_KIND_MEMBER
                                          : i == members ? CV_PARTY_KIND_OBSERVER_STATE
                                                         : CV_PARTY_KIND_PARTNER};
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "stored");
    }
}

static cv_scheduling_decision_open_v1_t text(const char *id, int64_t expires_ms)
{
    return (cv_scheduling_decision_open_v1_t){
        .decision = cv_str(id),
        .has_expires_ms = expires_ms > 0,
        .expires_ms = expires_ms,
        .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT,
                       .title = CV_STR("Rules"),
                       .text = CV_STR("The rules are adopted.")},
    };
}

static const cv_outcome_v1_t *bring(driver_t *driver, const cv_scheduling_decision_open_v1_t *request)
{
    return driver_send(driver, CV_MSG_SCHEDULING_DECISION_OPEN_V1, request);
}

static const cv_outcome_v1_t *states(driver_t *driver, const char *id, const char *party, cv_statement_kind_t kind)
{
    const cv_scheduling_decision_state_v1_t request = {
        .decision = cv_str(id), .party = cv_str(party), .kind = kind, .text = CV_STR("In our view ...")};
    return driver_send(driver, CV_MSG_SCHEDULING_DECISION_STATE_V1, &request);
}

#define OBJECTS(driver, id, party) states(driver, id, party, CV_STATEMENT_KIND_OBJECTION)

/* The last record, as a decision; before it may stand a statement. */
static const sch_decision_t *told(driver_t *driver)
{
    const driver_bytes_t *last = &driver->records[driver->records_n - 1];
    return &driver_read(driver, (cv_str_t){last->ptr, last->len}, CV_MSG_SCHEDULING_DECISION_V1)
                ->scheduling_decision_v1;
}

static const sch_decision_t *asked(driver_t *driver, const char *id)
{
    driver_bytes_t row;
    char next[257];
    assert_int_equal(driver_query(driver, "decision", id, NULL, 0, &row, 1, next), 1);
    driver_keep(&driver->answer, (cv_str_t){row.ptr, row.len});
    free(row.ptr);
    return &driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_SCHEDULING_DECISION_V1)
                ->scheduling_decision_v1;
}

/* ---- silence ----------------------------------------------------------------------------- */

static void test_adopted(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    int64_t end = driver->now_ms + 14 * DAY_MS;
    cv_scheduling_decision_open_v1_t request = text("D-1", end);
    EXPECT_NO(bring(driver, &request), "no_members");
    parties(driver, 28);
    EXPECT_OK(bring(driver, &request), "opened");
    const sch_decision_t *decision = told(driver);
    assert_true(decision->state == CV_DECISION_STATE_OPEN && decision->way == CV_DECISION_WAY_SILENCE &&
                decision->version == 1);
    assert_true(!decision->has_number && !decision->has_year && !decision->has_settled_ms && decision->members == 28);
    assert_true(decision->expires_ms == end && cv_str_is(decision->resolution.text, "The rules are adopted."));
    EXPECT_NO(bring(driver, &request), "exists");
    EXPECT_NO(states(driver, "D-1", "AA", CV_STATEMENT_KIND_RESERVATION), "not_adopted");

    size_t n = driver->records_n;
    driver_wait_until(driver, end - 1);
    assert_int_equal(driver->records_n, n);
    driver_crash(driver);
    driver_turn(driver);
    assert_int_equal(driver->records_n, n);
    driver_wait_until(driver, end);
    assert_int_equal(driver->records_n, n + 1);
    decision = told(driver);
    assert_true(decision->state == CV_DECISION_STATE_ADOPTED && decision->step == CV_DECISION_STEP_ADOPTED);
    assert_true(decision->year == 2026 && decision->number == 1 && decision->settled_ms == end &&
                decision->version == 2);
    driver_wait_until(driver, end + DAY_MS);
    driver_crash(driver);
    driver_wait_until(driver, end + 2 * DAY_MS);
    assert_int_equal(driver->records_n, n + 1);

    /* Afterwards: an objection is too late, explanations and reservations are attached. */
    const cv_outcome_v1_t *outcome = OBJECTS(driver, "D-1", "AB");
    EXPECT_NO(outcome, "already_settled");
    assert_true(cv_str_is(outcome->text, "was adopted at 2026-03-06T06:00:00.000Z; a new try needs a new decision"));
    EXPECT_NO(states(driver, "D-1", "OBS", CV_STATEMENT_KIND_EXPLANATION), "not_member");
    EXPECT_OK(states(driver, "D-1", "AB", CV_STATEMENT_KIND_EXPLANATION), "attached");
    EXPECT_OK(states(driver, "D-1", "AC", CV_STATEMENT_KIND_RESERVATION), "attached");
    decision = asked(driver, "D-1");
    assert_true(decision->statements == 2 && decision->version == 4 && decision->state == CV_DECISION_STATE_ADOPTED);
    assert_true(decision->number == 1 && decision->settled_ms == end && decision->step == CV_DECISION_STEP_ATTACHED);
    driver_bytes_t rows[4];
    char next[257];
    assert_int_equal(driver_query(driver, "statements", "D-1", NULL, 0, rows, 4, next), 2);
    const cv_scheduling_statement_v1_t *statement =
        &driver_read(driver, (cv_str_t){rows[1].ptr, rows[1].len}, CV_MSG_SCHEDULING_STATEMENT_V1)
             ->scheduling_statement_v1;
    assert_true(statement->number == 2 && statement->kind == CV_STATEMENT_KIND_RESERVATION &&
                cv_str_is(statement->party, "AC"));
    free(rows[0].ptr);
    free(rows[1].ptr);
    driver_free(&driver);
}

static void test_broken(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    parties(driver, 28);
    int64_t end = driver->now_ms + 5 * DAY_MS;
    cv_scheduling_decision_open_v1_t request = text("D-1", end);
    EXPECT_UNKNOWN(OBJECTS(driver, "D-1", "AA"), "unknown_decision");
    EXPECT_OK(bring(driver, &request), "opened");
    const cv_outcome_v1_t *outcome = OBJECTS(driver, "D-1", "OBS");
    EXPECT_NO(outcome, "not_member");
    assert_true(cv_str_is(outcome->field, "data.party"));
    EXPECT_NO(states(driver, "D-1", "ORG", CV_STATEMENT_KIND_AMENDMENT), "not_member");
    EXPECT_UNKNOWN(OBJECTS(driver, "D-1", "ZZ"), "unknown_party");
    driver_wait_until(driver, end - 1);
    size_t n = driver->records_n;
    EXPECT_OK(OBJECTS(driver, "D-1", "AC"), "broken"); /* in the last millisecond */
    assert_int_equal(driver->records_n, n + 2);
    const sch_decision_t *decision = told(driver);
    assert_true(decision->state == CV_DECISION_STATE_BROKEN && cv_str_is(decision->by, "AC") &&
                decision->statement == 1);
    assert_true(!decision->has_number && decision->settled_ms == end - 1);
    EXPECT_NO(OBJECTS(driver, "D-1", "AD"), "already_settled");
    EXPECT_NO(states(driver, "D-1", "AC", CV_STATEMENT_KIND_EXPLANATION), "not_adopted");
    driver_wait_until(driver, end + DAY_MS);
    assert_int_equal(asked(driver, "D-1")->state, CV_DECISION_STATE_BROKEN);

    /* An amendment breaks as well; what was taken back is not adopted. */
    request = text("D-2", end + 2 * DAY_MS);
    EXPECT_OK(bring(driver, &request), "opened");
    EXPECT_OK(states(driver, "D-2", "AA", CV_STATEMENT_KIND_AMENDMENT), "broken");
    request = text("D-3", end + 2 * DAY_MS);
    EXPECT_OK(bring(driver, &request), "opened");
    const cv_scheduling_decision_retract_v1_t withdraw = {.decision = CV_STR("D-3"),
                                                          .reason = CV_STR("A wrong figure.")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_DECISION_RETRACT_V1, &withdraw), "withdrawn");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_DECISION_RETRACT_V1, &withdraw), "already_settled");
    n = driver->records_n;
    driver_wait_until(driver, end + 9 * DAY_MS);
    assert_int_equal(driver->records_n, n);

    /* At the instant itself it is too late, also when the adoption has not been written down yet. */
    request = text("D-4", driver->now_ms + DAY_MS);
    EXPECT_OK(bring(driver, &request), "opened");
    driver->now_ms += DAY_MS; /* the request is there before the turn that runs the timer */
    driver->mono_ms += DAY_MS;
    EXPECT_NO(OBJECTS(driver, "D-4", "AA"), "already_settled");
    assert_int_equal(asked(driver, "D-4")->state, CV_DECISION_STATE_ADOPTED);
    driver_free(&driver);
}

static void test_expiry(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    parties(driver, 3);
    cv_scheduling_decision_open_v1_t request = text("D-1", driver->now_ms);
    const struct {
        int64_t expires_ms;
        const char *wall, *zone, *offset, *code, *field;
    } CASES[] = {
        {driver->now_ms, NULL, NULL, NULL, "past", "data.expires_ms"},
        {0, NULL, NULL, NULL, "expiry_inconsistent", "data.expires_ms"},
        {driver->now_ms + 367 * DAY_MS, NULL, NULL, NULL, "expiry_inconsistent", "data.expires_ms"},
        {0, "2026-03-06T18:00", NULL, NULL, "expiry_inconsistent", "data.zone"},
        {driver->now_ms + DAY_MS, NULL, "Asia/Almaty", NULL, "expiry_inconsistent", "data.expires_wall"},
        {0, "2026-02-30T18:00", "Asia/Almaty", NULL, "expiry_inconsistent", "data.expires_wall"},
        {0, "2026-03-06T18:00", "Asia/Nowhere", NULL, "zone_unknown", "data.zone"},
        {0, "2026-02-01T18:00", "Asia/Almaty", NULL, "past", "data.expires_wall"},
        {0, "2026-04-24T00:30", "Africa/Cairo", NULL, "expiry_inconsistent", "data.expires_wall"},
        {0, "2026-10-29T23:30", "Africa/Cairo", NULL, "expiry_inconsistent", "data.utc_offset"},
        {0, "2026-10-29T23:30", "Africa/Cairo", "+05:00", "expiry_inconsistent", "data.utc_offset"},
        {1000 + driver->now_ms, "2026-03-06T18:00", "Asia/Almaty", NULL, "expiry_inconsistent", "data.expires_ms"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        request.has_expires_ms = CASES[i].expires_ms > 0;
        request.expires_ms = CASES[i].expires_ms;
        request.expires_wall = cv_str(CASES[i].wall);
        request.zone = cv_str(CASES[i].zone);
        request.utc_offset = cv_str(CASES[i].offset);
        const cv_outcome_v1_t *outcome = bring(driver, &request);
        EXPECT_NO(outcome, CASES[i].code);
        if (!cv_str_is(outcome->field, CASES[i].field))
            fail_msg("%zu: %.*s", i, CV_STR_ARG(outcome->field));
    }
    request = text("D-1", 0);
    request.expires_wall = CV_STR("2026-10-29T23:30");
    request.zone = CV_STR("Africa/Cairo");
    request.utc_offset = CV_STR("+02:00"); /* the second time */
    EXPECT_OK(bring(driver, &request), "opened");
    int64_t ms;
    assert_int_equal(cv_time_parse(CV_STR("2026-10-29T21:30:00Z"), &ms), CV_OK);
    const sch_decision_t *decision = told(driver);
    assert_true(decision->expires_ms == ms && cv_str_is(decision->expires_wall, "2026-10-29T23:30"));
    assert_true(cv_str_is(decision->zone, "Africa/Cairo"));
    request = text("D-2", 0);
    request.expires_wall = CV_STR("2026-03-06T18:00:30");
    request.zone = CV_STR("Asia/Almaty");
    EXPECT_OK(bring(driver, &request), "opened");
    assert_int_equal(cv_time_parse(CV_STR("2026-03-06T13:00:30Z"), &ms), CV_OK);
    assert_int_equal(told(driver)->expires_ms, ms);
    driver_wait_until(driver, ms - 1);
    assert_int_equal(asked(driver, "D-2")->state, CV_DECISION_STATE_OPEN);
    driver_wait_until(driver, ms);
    assert_int_equal(asked(driver, "D-2")->state, CV_DECISION_STATE_ADOPTED);
    driver_free(&driver);
}

/* Clocks that are wrong for a while, and a service that is not there. */
static void test_clocks(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    parties(driver, 3);
    int64_t start = driver->now_ms, end = start + DAY_MS;
    cv_scheduling_decision_open_v1_t request = text("D-1", end);
    EXPECT_OK(bring(driver, &request), "opened");
    driver->now_ms = start - 3 * DAY_MS; /* set back: it waits for the clock */
    driver_turn(driver);
    driver->mono_ms += 2 * DAY_MS;
    driver->now_ms = end - SECOND;
    driver_turn(driver);
    assert_int_equal(asked(driver, "D-1")->state, CV_DECISION_STATE_OPEN);
    driver->now_ms = end + 3600 * SECOND; /* a jump over the instant: at the first chance */
    driver_turn(driver);
    const sch_decision_t *decision = asked(driver, "D-1");
    assert_true(decision->state == CV_DECISION_STATE_ADOPTED && decision->settled_ms == end + 3600 * SECOND);
    assert_int_equal(decision->expires_ms, end);
    driver->now_ms = end - 3600 * SECOND; /* and back: adopted stays adopted */
    driver_turn(driver);
    EXPECT_NO(OBJECTS(driver, "D-1", "AA"), "already_settled");
    assert_int_equal(asked(driver, "D-1")->state, CV_DECISION_STATE_ADOPTED);

    /* Down over the instant and over the new year: the number is of the year in which silence ended. */
    assert_int_equal(cv_time_parse(CV_STR("2026-12-31T22:00:00Z"), &driver->now_ms), CV_OK);
    request = text("D-2", driver->now_ms + 3600 * SECOND);
    EXPECT_OK(bring(driver, &request), "opened");
    driver->now_ms += 2 * DAY_MS;
    driver->mono_ms += 2 * DAY_MS;
    driver_crash(driver);
    EXPECT_NO(OBJECTS(driver, "D-2", "AA"), "already_settled"); /* the timer is first */
    decision = asked(driver, "D-2");
    assert_true(decision->year == 2026 && decision->number == 2);
    driver_free(&driver);
}

/* Measured by the instant: while hundreds of timers wait their turn nobody slips in. */
static void test_instant(void **state)
{
    (void)state;
    sch_decision_t decision = {.state = CV_DECISION_STATE_OPEN, .has_expires_ms = true, .expires_ms = 1000};
    cv_scheduling_decision_state_v1_t request = {.kind = CV_STATEMENT_KIND_AMENDMENT, .party = CV_STR("AA")};
    sch_no_t no;
    assert_int_equal(sch_check_statement(&decision, &request, CV_PARTY_KIND_MEMBER, 999, &no), CV_OK);
    assert_int_equal(sch_check_retract(&decision, 999, &no), CV_OK);
    assert_int_equal(sch_check_statement(&decision, &request, CV_PARTY_KIND_MEMBER, 1000, &no), CV_EREJECTED);
    assert_string_equal(no.code, "silence_over");
    assert_string_equal(no.text, "silence ended at 1970-01-01T00:00:01.000Z: the text is adopted");
    assert_int_equal(sch_check_retract(&decision, 1000, &no), CV_EREJECTED);
    decision.state = CV_DECISION_STATE_ADOPTED;
    decision.statements = SCH_STATEMENTS_MAX;
    request.kind = CV_STATEMENT_KIND_EXPLANATION;
    assert_int_equal(sch_check_statement(&decision, &request, CV_PARTY_KIND_MEMBER, 2000, &no), CV_EREJECTED);
    assert_string_equal(no.code, "too_many");
}

/* ---- session ----------------------------------------------------------------------------- */

static void test_session(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    parties(driver, 28);
    const cv_scheduling_event_propose_v1_t soc = {.event = CV_STR("2026-SOC-1"),
                                                  .event_details = {.title = CV_STR("SOC"),
                                                                    .plan_year = 2026,
                                                                    .line = CV_PLAN_LINE_STATUTORY,
                                                                    .date_start = CV_STR("2026-02-20")}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &soc), "proposed");
    cv_scheduling_decision_take_v1_t request = {.decision = CV_STR("D-1"),
                                                .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT,
                                                               .title = CV_STR("Rules"),
                                                               .text = CV_STR("The rules are adopted.")}};
    char codes[28][3];
    for (int i = 0; i < 28; ++i) {
        snprintf(codes[i], sizeof codes[i], "%c%c", 'A' + i / 26, 'A' + i % 26);
        request.present[i] = cv_str(codes[i]);
    }
    request.present_n = 18;
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "meeting_required");
    request.resolution.meeting = CV_STR("2026-SOC-9");
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "unknown_event");
    request.resolution.meeting = CV_STR("2026-SOC-1");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "meeting_not_held");
    const cv_event_status_t LIFE[] = {CV_EVENT_STATUS_ADOPTED, CV_EVENT_STATUS_SCHEDULED};
    for (size_t i = 0; i < 2; ++i) {
        const cv_scheduling_event_advance_v1_t advance = {
            .event = CV_STR("2026-SOC-1"), .to = LIFE[i], .decision = CV_STR("D-0")};
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, &advance), "advanced");
    }
    const cv_outcome_v1_t *outcome = driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request);
    EXPECT_NO(outcome, "no_quorum");
    assert_true(cv_str_is(outcome->text, "18 of 28 members were present; a decision needs two thirds, which is 19"));
    request.present[18] = CV_STR("OBS");
    request.present_n = 19;
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "not_member");
    request.present[18] = CV_STR("ZZ");
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "unknown_party");
    request.present[18] = cv_str(codes[18]);
    request.date = CV_STR("2026-02-22");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "too_early");
    request.date = CV_STR("2026-02-20");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &request), "adopted");
    const sch_decision_t *decision = told(driver);
    assert_true(decision->state == CV_DECISION_STATE_ADOPTED && decision->way == CV_DECISION_WAY_SESSION &&
                decision->version == 1);
    assert_true(decision->quorum == 19 && decision->present_n == 19 && decision->members == 28 &&
                !decision->has_expires_ms);
    assert_true(decision->year == 2026 && decision->number == 1);
    EXPECT_OK(states(driver, "D-1", "AZ", CV_STATEMENT_KIND_RESERVATION), "attached");
    for (int64_t members = 1; members < 200; ++members) {
        int64_t quorum = sch_quorum(members);
        assert_true(3 * quorum >= 2 * members && 3 * (quorum - 1) < 2 * members);
    }

    /* The tables refuse what no code may do: another state for what is settled, a number twice. */
    driver_turn(driver);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(cv_db_exec(driver->db, "UPDATE decision SET state = 'broken', number = NULL, year = NULL"),
                     CV_ECONFLICT);
    cv_db_rollback(driver->db);
    driver_free(&driver);
}

/* ---- who, and one at a time ---------------------------------------------------------------- */

static void test_roles(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    parties(driver, 3);
    int64_t end = driver->now_ms + DAY_MS;
    cv_scheduling_decision_open_v1_t request = text("D-1", end);
    static const unsigned OTHERS[] = {CV_ROLE_FOCAL_POINT, CV_ROLE_PUBLISHER, CV_ROLE_OPERATOR, CV_ROLE_OBSERVER};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; ++i) {
        driver->principal = (cv_principal_t){.name = "x", .role = OTHERS[i], .party = "AA"};
        expect(bring(driver, &request), CV_OUTCOME_CLASS_DENIED, "role");
    }
    driver->principal = SECRETARY;
    EXPECT_OK(bring(driver, &request), "opened");
    driver->principal = (cv_principal_t){.name = "ab", .role = CV_ROLE_FOCAL_POINT, .party = "AB"};
    expect(OBJECTS(driver, "D-1", "AA"), CV_OUTCOME_CLASS_DENIED, "party");
    driver->principal = (cv_principal_t){.name = "obs", .role = CV_ROLE_FOCAL_POINT, .party = "OBS"};
    EXPECT_NO(OBJECTS(driver, "D-1", "OBS"), "not_member");
    driver->principal = (cv_principal_t){.name = "watcher", .role = CV_ROLE_OBSERVER};
    expect(OBJECTS(driver, "D-1", "AA"), CV_OUTCOME_CLASS_DENIED, "role");
    assert_int_equal(asked(driver, "D-1")->state, CV_DECISION_STATE_OPEN); /* everybody may look */
    driver->principal = (cv_principal_t){.name = "ab", .role = CV_ROLE_FOCAL_POINT, .party = "AB"};
    EXPECT_OK(OBJECTS(driver, "D-1", "AB"), "broken");
    driver_free(&driver);
}

static void test_subjects(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    parties(driver, 3);
    int64_t end = driver->now_ms + DAY_MS;
    cv_scheduling_decision_open_v1_t request = text("D-1", end);
    request.resolution.subject = CV_SUBJECT_KIND_CHAIRMANSHIP;
    EXPECT_NO(bring(driver, &request), "about_required");
    request.resolution.about = CV_STR("XX");
    EXPECT_UNKNOWN(bring(driver, &request), "unknown_party");
    request.resolution.about = CV_STR("AB");
    request.resolution.proposer = CV_STR("XY");
    EXPECT_UNKNOWN(bring(driver, &request), "unknown_party");
    request.resolution.proposer = CV_STR("AA");
    EXPECT_OK(bring(driver, &request), "opened");
    request.decision = CV_STR("D-2");
    const cv_outcome_v1_t *outcome = bring(driver, &request);
    EXPECT_NO(outcome, "under_silence");
    assert_true(cv_str_is(outcome->text, "decision D-1 about chairmanship AB runs in silence already"));
    EXPECT_OK(OBJECTS(driver, "D-1", "AA"), "broken");
    EXPECT_OK(bring(driver, &request), "opened");

    static const struct {
        const char *key;
        size_t n;
    } CASES[] = {
        {NULL, 2}, {"state=open", 1}, {"state=broken&subject=chairmanship", 1}, {"about=AB", 2}, {"year=2026", 0}};
    driver_bytes_t rows[4];
    char next[257];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        size_t n = driver_query(driver, "decisions", CASES[i].key, NULL, 0, rows, 4, next);
        assert_int_equal(n, CASES[i].n);
        for (size_t j = 0; j < n; ++j)
            free(rows[j].ptr);
    }
    assert_int_equal(driver_query_refused(driver, "decisions", "state=asleep"), CV_REFUSED_CODE_INVALID);
    assert_int_equal(driver_query_refused(driver, "decision", "D-9"), CV_REFUSED_CODE_NOTFOUND);
    assert_int_equal(driver_query_refused(driver, "statements", "D-9"), CV_REFUSED_CODE_NOTFOUND);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_adopted), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_expiry),  cmocka_unit_test(test_clocks),
                                       cmocka_unit_test(test_instant), cmocka_unit_test(test_session),
                                       cmocka_unit_test(test_roles),   cmocka_unit_test(test_subjects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
