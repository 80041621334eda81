/* test_scheduling_plans: a year's plan from proposals to adoption, its amendment, and what its events do meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define P(state) CV_PLAN_STATE_##state
#define E(status) CV_EVENT_STATUS_##status
#define NOW "2025-11-01T06:00:00Z"
#define DAY_MS INT64_C(86400000)

/* ---- small words ------------------------------------------------------------------------- */

static const cv_outcome_v1_t *propose(driver_t *driver, const char *event, int64_t year)
{
    const cv_scheduling_event_propose_v1_t request = {.event = cv_str(event),
                                                      .event_details = {.title = CV_STR("Seminar"),
                                                                        .plan_year = year,
                                                                        .line = CV_PLAN_LINE_CBM,
                                                                        .date_start = CV_STR("2026-05-20")}};
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &request);
}

static const cv_outcome_v1_t *advance(driver_t *driver, const char *event, cv_event_status_t to)
{
    const cv_scheduling_event_advance_v1_t request = {.event = cv_str(event), .to = to};
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, &request);
}

static const cv_outcome_v1_t *compile(driver_t *driver, const char *reason, const char *first, const char *second)
{
    cv_scheduling_plan_compile_v1_t request = {.year = 2026, .line = CV_PLAN_LINE_CBM, .reason = cv_str(reason)};
    if (first)
        request.events[request.events_n++] = cv_str(first);
    if (second)
        request.events[request.events_n++] = cv_str(second);
    return driver_send(driver, CV_MSG_SCHEDULING_PLAN_COMPILE_V1, &request);
}

static const cv_outcome_v1_t *move(driver_t *driver, cv_plan_state_t to, const char *reason)
{
    const cv_scheduling_plan_move_v1_t request = {
        .year = 2026, .line = CV_PLAN_LINE_CBM, .to = to, .reason = cv_str(reason)};
    return driver_send(driver, CV_MSG_SCHEDULING_PLAN_MOVE_V1, &request);
}

static const cv_outcome_v1_t *bring(driver_t *driver, const char *id, cv_subject_kind_t subject, const char *about,
                                    int days)
{
    const cv_scheduling_decision_open_v1_t request = {
        .decision = cv_str(id),
        .has_expires_ms = true,
        .expires_ms = driver->now_ms + days * DAY_MS,
        .resolution = {
            .subject = subject, .about = cv_str(about), .title = CV_STR("Plan"), .text = CV_STR("It is adopted.")}};
    return driver_send(driver, CV_MSG_SCHEDULING_DECISION_OPEN_V1, &request);
}

static const cv_outcome_v1_t *object(driver_t *driver, const char *id)
{
    const cv_scheduling_decision_state_v1_t request = {
        .decision = cv_str(id), .party = CV_STR("AZ"), .kind = CV_STATEMENT_KIND_OBJECTION, .text = CV_STR("No.")};
    return driver_send(driver, CV_MSG_SCHEDULING_DECISION_STATE_V1, &request);
}

static driver_t *start(void)
{
    driver_t *driver = driver_new(NOW);
    static const char *const CODES[] = {"AZ", "KZ", "TR"};
    for (size_t i = 0; i < 3; ++i) {
        const cv_party_t party = {.code = cv_str(CODES[i]), .name = CV_STR("Party"), .kind = CV_PARTY_KIND_MEMBER};
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "stored");
    }
    return driver;
}

/* "v1 adopted A B(D-2)" for each version that the key gives. */
static void expect_plans(driver_t *driver, const char *key, const char *expected)
{
    driver_bytes_t rows[8];
    char next[257], text[512] = "";
    size_t n = driver_query(driver, "plans", key, NULL, 0, rows, 8, next), len = 0;
    for (size_t i = 0; i < n; ++i) {
        const sch_plan_t *plan =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_SCHEDULING_PLAN_V1)->scheduling_plan_v1;
        len += (size_t)snprintf(text + len, sizeof text - len, "%sv%lld %s", i ? "; " : "", (long long)plan->version,
                                cv_plan_state_text(plan->state));
        for (size_t j = 0; j < plan->items_n; ++j)
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    plan->items[j].decision.ptr ? " %.*s(%.*s)" : " %.*s%.*s",
                                    CV_STR_ARG(plan->items[j].event), CV_STR_ARG(plan->items[j].decision));
        free(rows[i].ptr);
    }
    assert_string_equal(text, expected);
}

static void expect_event(driver_t *driver, const char *event, cv_event_status_t status, int64_t plan_version)
{
    const cv_scheduling_event_v1_t *found = driver_state(driver, event);
    if (found->status != status || found->plan_version != plan_version || found->has_plan_version != (plan_version > 0))
        fail_msg("%s is %s in version %lld", event, cv_event_status_text(found->status),
                 (long long)found->plan_version);
}

/* ---- tests ------------------------------------------------------------------------------- */

/* The essay's table, written down a second time. */
static void test_table(void **state)
{
    (void)state;
    static const char *const TABLE[CV_PLAN_STATE_MAX] = {"xx...x", "..xx.x", "xx...x", "...xx.", "......", "......"};
    for (unsigned from = 1; from <= CV_PLAN_STATE_MAX; ++from)
        for (unsigned to = 1; to <= CV_PLAN_STATE_MAX; ++to)
            assert_int_equal(sch_plan_allowed((cv_plan_state_t)from, (cv_plan_state_t)to),
                             TABLE[from - 1][to - 1] == 'x');
    char id[SCH_PLAN_ID_MAX + 1];
    int64_t year;
    cv_plan_line_t line;
    sch_plan_id(2026, CV_PLAN_LINE_THINK_TANK, id);
    assert_string_equal(id, "2026-think_tank");
    assert_true(sch_plan_parse(cv_str(id), &year, &line) && year == 2026 && line == CV_PLAN_LINE_THINK_TANK);
    static const char *const WRONG[] = {"", "2026", "2026-", "2026_cbm", "x026-cbm", "2026-cbms", "20266-cbm"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; ++i)
        assert_false(sch_plan_parse(cv_str(WRONG[i]), &year, &line));
}

static void test_year(void **state)
{
    (void)state;
    driver_t *driver = start();
    EXPECT_UNKNOWN(move(driver, P(CIRCULATED), NULL), "unknown_plan");
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    EXPECT_NO(move(driver, P(CIRCULATED), NULL), "plan_empty");
    EXPECT_OK(propose(driver, "A", 2026), "proposed");
    EXPECT_OK(propose(driver, "B", 2026), "proposed");
    EXPECT_OK(propose(driver, "C", 2026), "proposed");
    EXPECT_OK(propose(driver, "Z", 2025), "proposed");
    EXPECT_UNKNOWN(compile(driver, NULL, "A", "X"), "unknown_event");
    EXPECT_NO(compile(driver, NULL, "A", "Z"), "event_unsuitable");
    EXPECT_OK(compile(driver, NULL, "A", "B"), "compiled");
    expect_plans(driver, NULL, "v1 draft A B");
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    expect_plans(driver, "year=2026", "v1 draft A B C");
    EXPECT_NO(bring(driver, "D-0", CV_SUBJECT_KIND_PLAN, "2026-cbm", 5), "plan_not_circulated");
    EXPECT_UNKNOWN(bring(driver, "D-0", CV_SUBJECT_KIND_PLAN, "2027-cbm", 5), "unknown_plan");
    EXPECT_NO(move(driver, P(ADOPTED), NULL), "decision_required");
    EXPECT_NO(move(driver, P(RETURNED), "x"), "transition_not_allowed");

    /* Reviewed, returned with reasons, compiled again. */
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    expect_event(driver, "A", E(CIRCULATED), 1);
    EXPECT_NO(compile(driver, NULL, NULL, NULL), "plan_circulated");
    EXPECT_NO(advance(driver, "A", E(ADOPTED)), "in_plan");
    EXPECT_NO(advance(driver, "A", E(PROPOSED)), "in_plan");
    EXPECT_NO(move(driver, P(RETURNED), NULL), "reason_required");
    EXPECT_OK(move(driver, P(RETURNED), "C has no host"), "advanced");
    expect_event(driver, "A", E(PROPOSED), 0);
    EXPECT_OK(compile(driver, NULL, "A", "B"), "compiled");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");

    /* Under silence it stands still; broken, it can be returned. */
    EXPECT_OK(bring(driver, "D-1", CV_SUBJECT_KIND_PLAN, "2026-cbm", 5), "opened");
    EXPECT_NO(move(driver, P(RETURNED), "x"), "under_silence");
    EXPECT_NO(move(driver, P(ABANDONED), NULL), "under_silence");
    const cv_scheduling_event_change_v1_t change = {.event = CV_STR("A"), .title = CV_STR("Another")};
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, &change), "under_silence");
    EXPECT_OK(object(driver, "D-1"), "broken");
    expect_event(driver, "A", E(CIRCULATED), 1);
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, &change), "changed");

    /* Adopted at the instant, all of it in one transaction, over a restart. */
    EXPECT_OK(bring(driver, "D-2", CV_SUBJECT_KIND_PLAN, "2026-cbm", 14), "opened");
    int64_t end = driver->now_ms + 14 * DAY_MS;
    driver_wait_until(driver, end - 1);
    expect_plans(driver, "state=circulated", "v1 circulated A B");
    driver_crash(driver);
    size_t n = driver->records_n;
    driver_wait_until(driver, end);
    assert_int_equal(driver->records_n, n + 4); /* decision, plan, two events */
    expect_plans(driver, "plan=2026-cbm&version=1", "v1 adopted A B");
    expect_event(driver, "A", E(ADOPTED), 1);
    expect_event(driver, "C", E(PROPOSED), 0);
    assert_true(cv_str_is(driver_state(driver, "B")->decision, "D-2"));
    EXPECT_OK(advance(driver, "A", E(SCHEDULED)), "advanced");
    assert_int_equal(driver_state(driver, "A")->plan_version, 1);
    driver_free(&driver);
}

static void adopt(driver_t *driver, const char *decision)
{
    EXPECT_OK(bring(driver, decision, CV_SUBJECT_KIND_PLAN, "2026-cbm", 5), "opened");
    driver_wait_until(driver, driver->now_ms + 5 * DAY_MS);
}

static void test_amendment(void **state)
{
    (void)state;
    driver_t *driver = start();
    EXPECT_OK(propose(driver, "A", 2026), "proposed");
    EXPECT_OK(propose(driver, "B", 2026), "proposed");
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    adopt(driver, "D-1");
    expect_plans(driver, NULL, "v1 adopted A B");

    /* Outside the yearly round: by a decision about this event, and no other. */
    EXPECT_OK(propose(driver, "C", 2026), "proposed");
    cv_scheduling_plan_add_v1_t add = {.event = CV_STR("C"), .decision = CV_STR("D-2")};
    EXPECT_UNKNOWN(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), "unknown_decision");
    EXPECT_UNKNOWN(bring(driver, "D-2", CV_SUBJECT_KIND_EVENT, "X", 5), "unknown_event");
    EXPECT_OK(bring(driver, "D-2", CV_SUBJECT_KIND_EVENT, "C", 5), "opened");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), "not_adopted");
    driver_wait_until(driver, driver->now_ms + 5 * DAY_MS);
    add.decision = CV_STR("D-1");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), "decision_about_other");
    add.decision = CV_STR("D-2");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), "added");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), "event_unsuitable");
    expect_plans(driver, NULL, "v1 adopted A B C(D-2)");
    expect_event(driver, "C", E(ADOPTED), 1);

    /* The next version: one event goes, one comes; until it is adopted the first stays in force. */
    EXPECT_OK(propose(driver, "E", 2026), "proposed");
    EXPECT_NO(compile(driver, NULL, NULL, NULL), "reason_required");
    EXPECT_OK(compile(driver, "The host of B cannot", NULL, NULL), "compiled");
    expect_plans(driver, NULL, "v1 adopted A B C(D-2); v2 draft A B C(D-2) E");
    const cv_scheduling_plan_compile_v1_t three = {.year = 2026,
                                                   .line = CV_PLAN_LINE_CBM,
                                                   .reason = CV_STR("The host of B cannot"),
                                                   .events_n = 3,
                                                   .events = {CV_STR("A"), CV_STR("C"), CV_STR("E")}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PLAN_COMPILE_V1, &three), "compiled");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    expect_event(driver, "A", E(ADOPTED), 1);
    expect_event(driver, "E", E(CIRCULATED), 2);
    EXPECT_OK(advance(driver, "A", E(SCHEDULED)), "advanced"); /* what is in force goes on */
    EXPECT_OK(bring(driver, "D-3", CV_SUBJECT_KIND_PLAN, "2026-cbm", 5), "opened");
    expect_event(driver, "B", E(ADOPTED), 1);
    driver_wait_until(driver, driver->now_ms + 5 * DAY_MS);
    expect_plans(driver, NULL, "v1 superseded A B C(D-2); v2 adopted A C(D-2) E");
    expect_event(driver, "A", E(SCHEDULED), 1);
    expect_event(driver, "B", E(CANCELLED), 1);
    assert_true(cv_str_is(driver_state(driver, "B")->decision, "D-3"));
    expect_event(driver, "E", E(ADOPTED), 2);

    /* An amendment that is given up leaves everything as it was; the one after has a number of its own. */
    EXPECT_OK(propose(driver, "F", 2026), "proposed");
    EXPECT_OK(compile(driver, "More", NULL, NULL), "compiled");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    EXPECT_OK(move(driver, P(ABANDONED), NULL), "advanced");
    expect_event(driver, "F", E(PROPOSED), 0);
    EXPECT_OK(compile(driver, "Once more", NULL, NULL), "compiled");
    expect_plans(driver, NULL,
                 "v1 superseded A B C(D-2); v2 adopted A C(D-2) E; v3 abandoned A C(D-2) E F; v4 draft A C(D-2) E F");
    char next[257];
    driver_bytes_t rows[2];
    assert_int_equal(driver_query(driver, "plans", NULL, "2026-cbm/2", 2, rows, 2, next), 2);
    free(rows[0].ptr);
    free(rows[1].ptr);
    assert_int_equal(driver_query_refused(driver, "plans", "line=x"), CV_REFUSED_CODE_INVALID);
    driver_free(&driver);
}

/* A host takes its event back while the plan is before the members. */
static void test_cancelled_meanwhile(void **state)
{
    (void)state;
    driver_t *driver = start();
    EXPECT_OK(propose(driver, "A", 2026), "proposed");
    EXPECT_OK(propose(driver, "B", 2026), "proposed");
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    EXPECT_OK(bring(driver, "D-1", CV_SUBJECT_KIND_PLAN, "2026-cbm", 5), "opened");
    EXPECT_OK(advance(driver, "B", E(CANCELLED)), "advanced");
    driver_wait_until(driver, driver->now_ms + 5 * DAY_MS);
    expect_plans(driver, NULL, "v1 adopted A B");
    expect_event(driver, "A", E(ADOPTED), 1);
    expect_event(driver, "B", E(CANCELLED), 1);
    driver_free(&driver);
}

/* By a meeting's decision, with a quorum; and the largest plan there can be. */
static void test_meeting(void **state)
{
    (void)state;
    driver_t *driver = start();
    char id[16];
    for (int i = 0; i < SCH_PLAN_EVENTS_MAX; ++i) {
        snprintf(id, sizeof id, "E-%03d", i);
        EXPECT_OK(propose(driver, id, 2026), "proposed");
    }
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    EXPECT_OK(propose(driver, "F", 2026), "proposed");
    EXPECT_NO(compile(driver, NULL, NULL, NULL), "too_many");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    const cv_scheduling_event_propose_v1_t soc = {.event = CV_STR("SOC"),
                                                  .event_details = {.title = CV_STR("SOC"),
                                                                    .plan_year = 2025,
                                                                    .line = CV_PLAN_LINE_STATUTORY,
                                                                    .date_start = CV_STR("2025-11-01")}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &soc), "proposed");
    EXPECT_OK(advance(driver, "SOC", E(CIRCULATED)), "advanced"); /* in no plan: by itself, as ever */
    EXPECT_OK(advance(driver, "SOC", E(ADOPTED)), "advanced");
    EXPECT_OK(advance(driver, "SOC", E(SCHEDULED)), "advanced");
    const cv_scheduling_decision_take_v1_t take = {.decision = CV_STR("D-1"),
                                                   .present_n = 2,
                                                   .present = {CV_STR("AZ"), CV_STR("TR")},
                                                   .resolution = {.subject = CV_SUBJECT_KIND_PLAN,
                                                                  .about = CV_STR("2026-cbm"),
                                                                  .title = CV_STR("Plan"),
                                                                  .text = CV_STR("Adopted."),
                                                                  .meeting = CV_STR("SOC")}};
    size_t n = driver->records_n;
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_DECISION_TAKE_V1, &take), "adopted");
    assert_int_equal(driver->records_n, n + 2 + SCH_PLAN_EVENTS_MAX);
    expect_event(driver, "E-199", E(ADOPTED), 1);
    cv_scheduling_plan_add_v1_t add = {.event = CV_STR("F"), .decision = CV_STR("D-2")};
    EXPECT_OK(bring(driver, "D-2", CV_SUBJECT_KIND_EVENT, "F", 1), "opened");
    driver_wait_until(driver, driver->now_ms + DAY_MS);
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), "too_many");

    /* The tables refuse two in force. */
    driver_turn(driver);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(
        cv_db_exec(driver->db, "INSERT INTO plan SELECT id, 9, 1, state, year, line, decision, at_ms, data FROM plan"),
        CV_ECONFLICT);
    cv_db_rollback(driver->db);
    driver_free(&driver);
}

static void test_roles(void **state)
{
    (void)state;
    driver_t *driver = start();
    EXPECT_OK(propose(driver, "A", 2026), "proposed");
    const cv_scheduling_plan_add_v1_t add = {.event = CV_STR("A"), .decision = CV_STR("D-1")};
    static const unsigned OTHERS[] = {CV_ROLE_FOCAL_POINT, CV_ROLE_PUBLISHER, CV_ROLE_OPERATOR, CV_ROLE_OBSERVER};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; ++i) {
        driver->principal = (cv_principal_t){.name = "x", .role = OTHERS[i], .party = "AZ"};
        expect(compile(driver, NULL, NULL, NULL), CV_OUTCOME_CLASS_DENIED, "role");
        expect(move(driver, P(CIRCULATED), NULL), CV_OUTCOME_CLASS_DENIED, "role");
        expect(driver_send(driver, CV_MSG_SCHEDULING_PLAN_ADD_V1, &add), CV_OUTCOME_CLASS_DENIED, "role");
    }
    driver_free(&driver);
}

static const cv_outcome_v1_t *release(driver_t *driver, const char *name)
{
    const cv_scheduling_release_put_v1_t request = {.release = cv_str(name), .plan = CV_STR("2026-cbm")};
    return driver_send(driver, CV_MSG_SCHEDULING_RELEASE_PUT_V1, &request);
}

/* A plan in force is released under a name: the versions of its events, unless a rule blocks it. */
static void test_releases(void **state)
{
    (void)state;
    driver_t *driver = start();
    EXPECT_OK(propose(driver, "A", 2026), "proposed");
    EXPECT_OK(propose(driver, "B", 2026), "proposed");
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    EXPECT_NO(release(driver, "V1"), "plan_not_in_force");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    adopt(driver, "D-1");
    EXPECT_OK(release(driver, "V1"), "released");
    EXPECT_NO(release(driver, "V1"), "exists");
    /* The host of B has that day off: told at the edit, and in the way of a release until it is moved. */
    const cv_calendar_t off = {.code = CV_STR("AZ-2026"),
                               .country = CV_STR("AZ"),
                               .year = 2026,
                               .days_n = 1,
                               .days = {{.date = CV_STR("2026-05-28"), .kind = CV_DAY_KIND_HOLIDAY}}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_CALENDAR_PUT_V1, &off), "stored");
    cv_scheduling_event_change_v1_t change = {
        .event = CV_STR("B"), .country = CV_STR("AZ"), .date_start = CV_STR("2026-05-28")};
    const cv_outcome_v1_t *outcome = driver_send(driver, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, &change);
    EXPECT_OK(outcome, "changed");
    assert_true(cv_str_is(outcome->conflicts[0].rule, "A5"));
    outcome = release(driver, "V2");
    EXPECT_NO(outcome, "release_blocked");
    assert_true(cv_str_is(outcome->conflicts[0].rule, "A5"));
    assert_true(cv_str_is(outcome->conflicts[0].about, "B"));
    change.date_start = CV_STR("2026-05-29");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, &change), "changed");
    EXPECT_OK(release(driver, "V2"), "released");
    driver_crash(driver);
    driver_bytes_t rows[4];
    char next[257];
    assert_int_equal(driver_query(driver, "releases", NULL, NULL, 0, rows, 4, next), 2);
    const int64_t version = driver_state(driver, "B")->version;
    const cv_scheduling_release_v1_t *second =
        &driver_read(driver, (cv_str_t){rows[1].ptr, rows[1].len}, CV_MSG_SCHEDULING_RELEASE_V1)->scheduling_release_v1;
    assert_int_equal(second->number, 2);
    assert_int_equal(second->items_n, 2);
    assert_true(cv_str_is(second->items[1].item, "B"));
    assert_int_equal(second->items[1].version, version);
    free(rows[0].ptr);
    free(rows[1].ptr);
    driver_free(&driver);
}

/* ---- snapshots --------------------------------------------------------------------------- */

static int64_t changed(driver_t *driver, const char *event, const char *title)
{
    const cv_scheduling_event_change_v1_t change = {.event = cv_str(event), .title = cv_str(title)};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, &change), "changed");
    return driver_state(driver, event)->version;
}

typedef struct {
    size_t releases, told_n;
    int64_t told[8]; /* versions of event A, in order */
} snapshot_t;

/* Takes a whole snapshot, page by page. */
static void take_snapshot(driver_t *driver, snapshot_t *ret_snapshot)
{
    char position[CV_POSITION_LEN];
    bool last = false;
    *ret_snapshot = (snapshot_t){0};
    for (int64_t page = 0; !last; ++page) {
        const cv_log_snapshot_v1_t ask = {.stream = CV_STR("scheduling.events"),
                                          .has_page = true,
                                          .page = page,
                                          .position = page ? (cv_str_t){position, sizeof position} : CV_STR_NONE};
        driver_question(driver, CV_MSG_LOG_SNAPSHOT_V1, &ask);
        const cv_log_page_v1_t answer =
            driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_LOG_PAGE_V1)->log_page_v1;
        last = answer.last;
        assert_int_equal(answer.position.len, sizeof position);
        memcpy(position, answer.position.ptr, sizeof position);
        cv_reader_t *reader = cv_reader_new(); /* the page lives in the driver's */
        assert_non_null(reader);
        for (size_t i = 0; i < answer.records.n; ++i) {
            cv_msg_t msg;
            assert_int_equal(cv_msg_read(reader, cv_records_at(&answer.records, i), &msg, NULL), CV_OK);
            ret_snapshot->releases += msg.info->number == CV_MSG_SCHEDULING_RELEASE_V1;
            if (msg.info->number != CV_MSG_SCHEDULING_EVENT_TOLD_V1)
                continue;
            assert_true(ret_snapshot->told_n < 8);
            assert_int_equal(msg.info->decode(msg.data, driver->data, NULL), CV_OK);
            ret_snapshot->told[ret_snapshot->told_n++] = driver->data->scheduling_event_told_v1.version;
        }
        cv_reader_destroy(&reader);
    }
}

/* Releases are for ever: a snapshot does not take more memory with each, and tells what a plan's last two hold whatever
 * order their names are in. */
static void test_snapshot_of_many_releases(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"C", "A", "D", "B"}; /* B is the newest, and D before it */
    driver_t *driver = start();
    EXPECT_OK(propose(driver, "A", 2026), "proposed");
    const cv_scheduling_session_put_v1_t put = {.session = {.event = CV_STR("A"),
                                                            .session = CV_STR("S1"),
                                                            .title = CV_STR("Talks"),
                                                            .kind = CV_SESSION_KIND_PLENARY,
                                                            .minutes = 30,
                                                            .start = CV_STR("2026-05-20T09:00"),
                                                            .zone = CV_STR("UTC")}};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_SESSION_PUT_V1, &put), "stored");
    const cv_scheduling_release_put_v1_t programme = {.release = CV_STR("V1"), .event = CV_STR("A")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_RELEASE_PUT_V1, &programme), "released");
    EXPECT_OK(compile(driver, NULL, NULL, NULL), "compiled");
    EXPECT_OK(move(driver, P(CIRCULATED), NULL), "advanced");
    adopt(driver, "D-1");
    int64_t versions[4];
    for (size_t i = 0; i < 4; ++i) {
        versions[i] = changed(driver, "A", NAMES[i]);
        EXPECT_OK(release(driver, NAMES[i]), "released");
    }
    changed(driver, "A", "Newer than all of them");
    snapshot_t snapshot;
    take_snapshot(driver, &snapshot);
    assert_int_equal(snapshot.releases, 5);
    assert_int_equal(snapshot.told_n, 2);
    assert_int_equal(snapshot.told[0], versions[2]);
    assert_int_equal(snapshot.told[1], versions[3]);

    /* Copies of the programme's and of the plan's first, which the walk meets before the others. */
    assert_int_equal(cv_db_exec(driver->db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                                            " WHERE i < 4000) INSERT INTO release(code, detail, at_ms, data)"
                                            " SELECT printf(r.detail || '/0%04d', i), r.detail, r.at_ms, r.data"
                                            " FROM n, release r WHERE r.code IN ('A/V1', '2026-cbm/C')"),
                     CV_OK);
    /* Something is told, so that it is a new snapshot. */
    changed(driver, "A", "Newer still");
    take_snapshot(driver, &snapshot);
    assert_int_equal(snapshot.releases, 8005);
    assert_int_equal(snapshot.told_n, 2);
    assert_int_equal(snapshot.told[0], versions[2]);
    assert_int_equal(snapshot.told[1], versions[3]);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),     cmocka_unit_test(test_year),
        cmocka_unit_test(test_amendment), cmocka_unit_test(test_cancelled_meanwhile),
        cmocka_unit_test(test_meeting),   cmocka_unit_test(test_releases),
        cmocka_unit_test(test_roles),     cmocka_unit_test(test_snapshot_of_many_releases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
