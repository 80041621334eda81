/* test_scheduling_service: the service on the engine: requests, hours, restarts, turnout, queries; no sockets.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define S(status) CV_EVENT_STATUS_##status
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define NOW "2025-02-20T06:00:00Z"

/* ---- small words for requests ----------------------------------------------------------- */

static const cv_outcome_v1_t *put_party(driver_t *driver, const char *code, cv_party_kind_t kind)
{
    const cv_party_t party = {.code = cv_str(code), .kind = kind, .name = cv_str(code)};
    return driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party);
}

static cv_scheduling_event_propose_v1_t proposal(const char *event, const char *date)
{
    return (cv_scheduling_event_propose_v1_t){
        .event = cv_str(event),
        .event_details = {.title = CV_STR("Seminar"),
                          .plan_year = 2025,
                          .line = CV_PLAN_LINE_CBM,
                          .date_start = cv_str(date)},
    };
}

static const cv_outcome_v1_t *propose(driver_t *driver, const cv_scheduling_event_propose_v1_t *request)
{
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, request);
}

static const cv_outcome_v1_t *advance(driver_t *driver, const char *event, cv_event_status_t to)
{
    const cv_scheduling_event_advance_v1_t request = {.event = cv_str(event), .to = to, .decision = CV_STR("SOC")};
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, &request);
}

static void scheduled(driver_t *driver, const char *event, const char *date)
{
    cv_scheduling_event_propose_v1_t request = proposal(event, date);
    EXPECT_OK(propose(driver, &request), "proposed");
    EXPECT_OK(advance(driver, event, S(ADOPTED)), "advanced");
    EXPECT_OK(advance(driver, event, S(SCHEDULED)), "advanced");
}

static cv_scheduling_event_registration_v1_t rules(const char *event, int64_t opens_ms, int64_t closes_ms)
{
    return (cv_scheduling_event_registration_v1_t){
        .event = cv_str(event),
        .registration_rules = {.capacity = 10,
                               .guaranteed = 2,
                               .maximum = 4,
                               .waiting = CV_WAITING_RULE_STRICT,
                               .group = CV_GROUP_RULE_EACH,
                               .opens_ms = opens_ms,
                               .closes_ms = closes_ms},
    };
}

static const cv_outcome_v1_t *configure(driver_t *driver, const cv_scheduling_event_registration_v1_t *request)
{
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_REGISTRATION_V1, request);
}

static const cv_outcome_v1_t *change(driver_t *driver, const cv_scheduling_event_change_v1_t *request)
{
    return driver_send(driver, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, request);
}

/* ---- tests ------------------------------------------------------------------------------ */

static void test_reference(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    EXPECT_OK(put_party(driver, "KZ", CV_PARTY_KIND_MEMBER), "stored");
    EXPECT_OK(put_party(driver, "KZ", CV_PARTY_KIND_MEMBER), "unchanged");
    assert_int_equal(driver->records_n, 1); /* said once */
    const cv_party_t *party =
        &driver_read(driver, (cv_str_t){driver->records[0].ptr, driver->records[0].len}, CV_MSG_SCHEDULING_PARTY_V1)
             ->scheduling_party_v1;
    assert_true(cv_str_is(party->code, "KZ") && party->kind == CV_PARTY_KIND_MEMBER && !party->sources_n);
    assert_true(cv_str_is(driver->msg.subject, "KZ"));
    EXPECT_OK(put_party(driver, "KZ", CV_PARTY_KIND_GUEST), "stored");
    assert_int_equal(driver->records_n, 2);

    const cv_body_t body = {
        .code = CV_STR("SOC"), .name = CV_STR("Senior Officials Committee"), .kind = CV_BODY_KIND_GOVERNING};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_BODY_PUT_V1, &body), "stored");
    const cv_venue_t venue = {
        .code = CV_STR("HALL"), .name = CV_STR("Hall"), .city = CV_STR("Baku"), .country = CV_STR("AZ")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_VENUE_PUT_V1, &venue), "stored");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_VENUE_PUT_V1, &venue), "unchanged");

    /* An area whose dimension is late: not remembered, so the same request succeeds when it is there. */
    cv_heading_t area = {.code = CV_STR("ECO-TRA"),
                         .level = CV_HEADING_LEVEL_AREA,
                         .dimension = CV_STR("ECO"),
                         .name = CV_STR("Transport")};
    EXPECT_UNKNOWN(driver_send_as(driver, 9001, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "unknown_heading");
    cv_heading_t dimension = {.code = CV_STR("ECO"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Economic")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &dimension), "stored");
    EXPECT_OK(driver_send_as(driver, 9001, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "stored");
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "unchanged");
    area.dimension = CV_STR_NONE;
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "heading_inconsistent");
    dimension.dimension = CV_STR("ECO");
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &dimension), "heading_inconsistent");
    area = (cv_heading_t){
        .code = CV_STR("X"), .level = CV_HEADING_LEVEL_AREA, .dimension = CV_STR("ECO-TRA"), .name = CV_STR("x")};
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "heading_inconsistent");
    area = (cv_heading_t){.code = CV_STR("ECO-TRA"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("x")};
    EXPECT_NO(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "heading_inconsistent");
    area = (cv_heading_t){
        .code = CV_STR("AAA"), .level = CV_HEADING_LEVEL_AREA, .dimension = CV_STR("ECO"), .name = CV_STR("a")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &area), "stored");

    /* Dimensions come before areas, also page by page. */
    driver_bytes_t rows[4];
    char next[257], after[257] = "";
    static const char *const ORDER[] = {"ECO", "AAA", "ECO-TRA"};
    for (size_t i = 0; i < 3; ++i) {
        assert_int_equal(driver_query(driver, "headings", NULL, after[0] ? after : NULL, 1, rows, 4, next), 1);
        const cv_heading_t *heading =
            &driver_read(driver, (cv_str_t){rows[0].ptr, rows[0].len}, CV_MSG_SCHEDULING_HEADING_V1)
                 ->scheduling_heading_v1;
        assert_true(cv_str_is(heading->code, ORDER[i]));
        free(rows[0].ptr);
        snprintf(after, sizeof after, "%s", ORDER[i]);
        if (i < 2)
            assert_string_equal(next, ORDER[i]);
    }
    driver_free(&driver);
}

static void test_propose(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    cv_scheduling_event_propose_v1_t request = proposal("E-1", "2025-11");
    request.event_details.precision = CV_DATE_PRECISION_MONTH;
    request.event_details.proposer = CV_STR("AZ");
    EXPECT_UNKNOWN(driver_send_as(driver, 9001, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &request), "unknown_party");
    EXPECT_OK(put_party(driver, "AZ", CV_PARTY_KIND_MEMBER), "stored");
    const cv_outcome_v1_t *outcome = driver_send_as(driver, 9001, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &request);
    EXPECT_OK(outcome, "proposed");
    assert_true(outcome->has_decision && cv_str_is(outcome->decision.event, "E-1") && outcome->decision.version == 1);
    assert_true(cv_str_is(outcome->stream, "scheduling.events") && outcome->sequence == 2);

    /* The whole state, with nothing made up. */
    const cv_scheduling_event_v1_t *event = driver_event(driver, 1);
    const cv_event_details_t *details = &event->event_details;
    assert_true(event->version == 1 && event->status == S(PROPOSED) && event->change == CV_EVENT_CHANGE_PROPOSED);
    assert_true(cv_str_is(details->title, "Seminar") && cv_str_is(details->date_start, "2025-11") &&
                cv_str_is(details->proposer, "AZ"));
    assert_true(details->precision == CV_DATE_PRECISION_MONTH && details->plan_year == 2025 &&
                details->line == CV_PLAN_LINE_CBM);
    assert_true(!details->city.ptr && !details->country.ptr && !details->format && !details->date_end.ptr &&
                !details->has_verified && !details->zone.ptr && !details->note.ptr && !details->sources_n &&
                !event->has_registration && !event->changed_n && !event->reason.ptr && !event->decision.ptr);
    assert_true(cv_str_is(driver->msg.subject, "E-1"));

    /* A decision is remembered to the byte; a second proposal is another request. */
    driver_bytes_t first = {0};
    driver_send_as(driver, 9001, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &request);
    driver_keep(&first, (cv_str_t){driver->outcome.ptr, driver->outcome.len});
    driver_crash(driver);
    driver_send_as(driver, 9001, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &request);
    assert_int_equal(first.len, driver->outcome.len);
    assert_memory_equal(first.ptr, driver->outcome.ptr, first.len);
    free(first.ptr);
    outcome = propose(driver, &request);
    EXPECT_NO(outcome, "exists");
    assert_true(cv_str_is(outcome->field, "data.event") && outcome->decision.version == 1);
    assert_int_equal(driver->records_n, 2);

    request = proposal("E-2", "2025-02");
    request.event_details.precision = CV_DATE_PRECISION_DAY;
    EXPECT_NO(propose(driver, &request), "date_inconsistent");
    request = proposal("E-2", NULL);
    request.event_details.body = CV_STR("SOC");
    EXPECT_UNKNOWN(propose(driver, &request), "unknown_body");
    request = proposal("E-2", NULL);
    request.event_details.venue = CV_STR("HALL");
    EXPECT_UNKNOWN(propose(driver, &request), "unknown_venue");
    request = proposal("E-2", NULL);
    request.event_details.area = CV_STR("ECO-TRA");
    EXPECT_UNKNOWN(propose(driver, &request), "unknown_heading");

    const cv_heading_t headings[] = {
        {.code = CV_STR("ECO"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Economic")},
        {.code = CV_STR("ENV"), .level = CV_HEADING_LEVEL_DIMENSION, .name = CV_STR("Environmental")},
        {.code = CV_STR("ECO-TRA"),
         .level = CV_HEADING_LEVEL_AREA,
         .dimension = CV_STR("ECO"),
         .name = CV_STR("Transport")},
    };
    for (size_t i = 0; i < 3; ++i)
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, &headings[i]), "stored");
    request.event_details.dimension = CV_STR("ENV");
    outcome = propose(driver, &request);
    EXPECT_NO(outcome, "heading_inconsistent");
    assert_true(cv_str_is(outcome->text, "ECO-TRA belongs to ECO, not to ENV"));
    request.event_details.dimension = CV_STR("ECO-TRA");
    EXPECT_NO(propose(driver, &request), "heading_inconsistent");
    request.event_details.dimension = CV_STR_NONE;
    EXPECT_OK(propose(driver, &request), "proposed"); /* an area alone: its dimension is not written in */
    assert_false(driver_state(driver, "E-2")->event_details.dimension.ptr);

    /* A focal point proposes for its own party only. */
    driver->principal = (cv_principal_t){.name = "kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    request = proposal("E-3", NULL);
    request.event_details.proposer = CV_STR("AZ");
    expect(propose(driver, &request), CV_OUTCOME_CLASS_DENIED, "party");
    expect(advance(driver, "E-1", S(CIRCULATED)), CV_OUTCOME_CLASS_DENIED, "role");
    driver_free(&driver);
}

static void test_life(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    int64_t now = driver->now_ms;
    EXPECT_UNKNOWN(advance(driver, "E-1", S(CIRCULATED)), "unknown_event");
    cv_scheduling_event_propose_v1_t request = proposal("E-1", "2025-11");
    EXPECT_OK(propose(driver, &request), "proposed");
    EXPECT_OK(advance(driver, "E-1", S(CIRCULATED)), "advanced");
    const cv_outcome_v1_t *outcome = advance(driver, "E-1", S(OPEN));
    EXPECT_NO(outcome, "transition_not_allowed");
    assert_true(cv_str_is(outcome->text,
                          "from circulated to open is not allowed; allowed is proposed, adopted, cancelled, rejected"));
    assert_int_equal(outcome->decision.version, 2);
    EXPECT_OK(advance(driver, "E-1", S(ADOPTED)), "advanced");
    EXPECT_NO(advance(driver, "E-1", S(SCHEDULED)), "no_date");

    cv_scheduling_event_change_v1_t dated = {.event = CV_STR("E-1"),
                                             .date_start = CV_STR("2025-03-10"),
                                             .reason = CV_STR("the day is set"),
                                             .has_expected_version = true,
                                             .expected_version = 2};
    outcome = change(driver, &dated);
    EXPECT_NO(outcome, "version_conflict");
    assert_int_equal(outcome->decision.version, 3);
    dated.expected_version = 3;
    EXPECT_OK(change(driver, &dated), "changed");
    const cv_scheduling_event_v1_t *event = driver_event(driver, driver->records_n - 1);
    assert_true(event->version == 4 && event->change == CV_EVENT_CHANGE_CHANGED && event->status == S(ADOPTED));
    assert_true(event->changed_n == 1 && cv_str_is(event->changed[0], "date_start") &&
                cv_str_is(event->reason, "the day is set"));
    dated.has_expected_version = false;
    EXPECT_NO(change(driver, &dated), "nothing_changed");
    EXPECT_OK(advance(driver, "E-1", S(SCHEDULED)), "advanced");
    EXPECT_NO(advance(driver, "E-1", S(OPEN)), "not_configured");

    /* The hours: set, moved, survived, never early. */
    cv_scheduling_event_registration_v1_t window = rules("E-1", now + HOUR_MS, now + 10 * HOUR_MS);
    EXPECT_OK(configure(driver, &window), "configured");
    EXPECT_NO(configure(driver, &window), "nothing_changed");
    EXPECT_NO(advance(driver, "E-1", S(OPEN)), "too_early");
    window.registration_rules.opens_ms = now + 3 * HOUR_MS;
    EXPECT_OK(configure(driver, &window), "configured");
    event = driver_event(driver, driver->records_n - 1);
    assert_true(event->change == CV_EVENT_CHANGE_REGISTRATION && event->changed_n == 1 &&
                cv_str_is(event->changed[0], "opens_ms"));
    assert_true(event->has_registration && event->registration.capacity == 10 &&
                event->registration.opens_ms == now + 3 * HOUR_MS);
    size_t records = driver->records_n;
    driver_wait_until(driver, now + 3 * HOUR_MS - 1);
    assert_int_equal(driver->records_n, records);
    driver_crash(driver);
    driver_wait_until(driver, now + 3 * HOUR_MS);
    assert_int_equal(driver->records_n, records + 1);
    event = driver_event(driver, records);
    assert_true(event->status == S(OPEN) && event->change == CV_EVENT_CHANGE_ADVANCED && event->version == 8);
    assert_true(cv_str_is(event->reason, "registration opens at its set time") &&
                cv_str_is(driver->msg.causationid, "timer:event_open:E-1"));
    window.registration_rules.opens_ms = now + 4 * HOUR_MS;
    EXPECT_NO(configure(driver, &window), "settings_inconsistent");
    driver_wait_until(driver, now + 9 * HOUR_MS);
    assert_int_equal(driver_state(driver, "E-1")->status, S(OPEN));

    /* A change to the past fires at once. */
    window.registration_rules.opens_ms = now + 3 * HOUR_MS;
    window.registration_rules.closes_ms = now + 8 * HOUR_MS;
    EXPECT_OK(configure(driver, &window), "configured");
    driver_turn(driver);
    assert_int_equal(driver_state(driver, "E-1")->status, S(CLOSED));
    EXPECT_NO(advance(driver, "E-1", S(OPEN)), "past");
    window.registration_rules.closes_ms = now + 20 * HOUR_MS;
    EXPECT_OK(configure(driver, &window), "configured");
    EXPECT_OK(advance(driver, "E-1", S(OPEN)), "advanced");
    driver_wait_until(driver, now + 20 * HOUR_MS);
    assert_int_equal(driver_state(driver, "E-1")->status, S(CLOSED));

    /* A date that others count on stays a day. */
    dated.date_start = CV_STR("2025-04");
    EXPECT_NO(change(driver, &dated), "no_date");
    EXPECT_NO(advance(driver, "E-1", S(HELD)), "too_early");
    driver_wait_until(driver, now + 20 * DAY_MS);
    EXPECT_OK(advance(driver, "E-1", S(HELD)), "advanced");
    EXPECT_NO(configure(driver, &window), "not_changeable");
    EXPECT_OK(advance(driver, "E-1", S(REPORTED)), "advanced");
    cv_scheduling_event_change_v1_t late = {.event = CV_STR("E-1"), .note = CV_STR("too late")};
    EXPECT_NO(change(driver, &late), "not_changeable");
    EXPECT_NO(advance(driver, "E-1", S(CANCELLED)), "transition_not_allowed");
    driver_free(&driver);
}

/* Rules set after their window ended: it opens and closes, in this order; a postponed event keeps its hours to itself.
 */
static void test_hours(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    int64_t now = driver->now_ms;
    scheduled(driver, "E-1", "2025-02-26");
    cv_scheduling_event_registration_v1_t window = rules("E-1", now - 5 * DAY_MS, now - DAY_MS);
    EXPECT_OK(configure(driver, &window), "configured");
    driver_turn(driver);
    size_t n = driver->records_n;
    assert_int_equal(driver_event(driver, n - 2)->status, S(OPEN));
    assert_int_equal(driver_event(driver, n - 1)->status, S(CLOSED));
    assert_int_equal(driver_event(driver, n - 1)->version, 6);

    scheduled(driver, "E-2", "2025-06-01");
    window = rules("E-2", now + HOUR_MS, now + 2 * HOUR_MS);
    EXPECT_OK(configure(driver, &window), "configured");
    EXPECT_OK(advance(driver, "E-2", S(POSTPONED)), "advanced");
    n = driver->records_n;
    driver_wait_until(driver, now + 3 * HOUR_MS);
    assert_int_equal(driver->records_n, n);
    EXPECT_OK(advance(driver, "E-2", S(SCHEDULED)), "advanced");
    driver_turn(driver);
    assert_int_equal(driver_state(driver, "E-2")->status, S(CLOSED));

    /* Cancelled: the history stays, nothing follows. */
    EXPECT_OK(advance(driver, "E-2", S(CANCELLED)), "advanced");
    driver_bytes_t rows[16];
    char next[257];
    size_t versions = driver_query(driver, "history", "E-2", NULL, 0, rows, 16, next);
    assert_int_equal(versions, 9);
    static const cv_event_status_t LIFE[] = {S(PROPOSED),  S(ADOPTED), S(SCHEDULED), S(SCHEDULED), S(POSTPONED),
                                             S(SCHEDULED), S(OPEN),    S(CLOSED),    S(CANCELLED)};
    for (size_t i = 0; i < versions; ++i) {
        const cv_scheduling_event_v1_t *event =
            &driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_SCHEDULING_EVENT_V1)->scheduling_event_v1;
        assert_true(event->version == (int64_t)i + 1 && event->status == LIFE[i]);
        free(rows[i].ptr);
    }
    driver_free(&driver);
}

static void test_settings(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    int64_t now = driver->now_ms;
    EXPECT_OK(put_party(driver, "AZ", CV_PARTY_KIND_MEMBER), "stored");
    EXPECT_OK(put_party(driver, "KZ", CV_PARTY_KIND_MEMBER), "stored");
    scheduled(driver, "E-1", "2025-06-01");
    cv_scheduling_event_registration_v1_t request = rules("E-1", now + HOUR_MS, now + DAY_MS);
    request.registration_rules.capacity = 5;
    request.registration_rules.audience_n = 1;
    request.registration_rules.audience[0] = CV_PARTY_KIND_MEMBER;
    request.registration_rules.quotas_n = 1;
    request.registration_rules.quotas[0] = (cv_quota_t){CV_STR("TR"), 3, 4};
    EXPECT_UNKNOWN(configure(driver, &request), "unknown_party");
    request.registration_rules.quotas[0].party = CV_STR("AZ");
    EXPECT_OK(configure(driver, &request), "configured"); /* 2 + 3 = 5 */
    request.registration_rules.quotas[0].guaranteed = 4;
    const cv_outcome_v1_t *outcome = configure(driver, &request);
    EXPECT_NO(outcome, "settings_inconsistent");
    assert_true(cv_str_is(outcome->text,
                          "2 invited parties: 1 x 2 + 4 (AZ) = 6 guaranteed seats, more than the capacity of 5"));
    assert_true(cv_str_is(outcome->field, "data.guaranteed"));

    /* A party that joins later must not break a guarantee already given; one that is not invited does no harm. */
    outcome = put_party(driver, "TR", CV_PARTY_KIND_MEMBER);
    EXPECT_NO(outcome, "settings_inconsistent");
    assert_true(cv_str_is(outcome->text,
                          "E-1: 3 invited parties: 2 x 2 + 3 (AZ) = 7 guaranteed seats, more than the capacity of 5"));
    EXPECT_OK(put_party(driver, "TR", CV_PARTY_KIND_GUEST), "stored");
    EXPECT_NO(put_party(driver, "TR", CV_PARTY_KIND_MEMBER), "settings_inconsistent");
    EXPECT_OK(put_party(driver, "KZ", CV_PARTY_KIND_MEMBER), "unchanged");
    EXPECT_OK(advance(driver, "E-1", S(CANCELLED)), "advanced");
    EXPECT_OK(put_party(driver, "TR", CV_PARTY_KIND_MEMBER), "stored");
    driver_free(&driver);
}

static void test_venues(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    const cv_venue_t hall = {
        .code = CV_STR("HALL"), .name = CV_STR("Hall"), .city = CV_STR("Baku"), .country = CV_STR("AZ")};
    EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_VENUE_PUT_V1, &hall), "stored");
    cv_scheduling_event_propose_v1_t request = proposal("E-1", "2025-05-20");
    request.event_details.date_end = CV_STR("2025-05-22");
    request.event_details.venue = CV_STR("HALL");
    request.event_details.group = CV_STR("BC-2025");
    EXPECT_OK(propose(driver, &request), "proposed");

    cv_scheduling_event_propose_v1_t other = proposal("E-2", "2025-05-22");
    other.event_details.venue = CV_STR("HALL");
    const cv_outcome_v1_t *outcome = propose(driver, &other);
    EXPECT_NO(outcome, "venue_taken");
    assert_true(cv_str_is(outcome->text, "HALL is taken by E-1 between 2025-05-22 and 2025-05-22"));
    other.event_details.date_start = CV_STR("2025-05-23");
    EXPECT_OK(propose(driver, &other), "proposed");
    cv_scheduling_event_change_v1_t move = {.event = CV_STR("E-2"), .date_start = CV_STR("2025-05-21")};
    EXPECT_NO(change(driver, &move), "venue_taken");

    /* Events of one group are held together; a month is no day and takes nothing. */
    other = proposal("E-3", "2025-05-20");
    other.event_details.venue = CV_STR("HALL");
    other.event_details.group = CV_STR("BC-2025");
    EXPECT_OK(propose(driver, &other), "proposed");
    other = proposal("E-4", "2025-05");
    other.event_details.venue = CV_STR("HALL");
    EXPECT_OK(propose(driver, &other), "proposed");

    /* Online it needs no hall; back in person it does. */
    move = (cv_scheduling_event_change_v1_t){
        .event = CV_STR("E-2"), .date_start = CV_STR("2025-05-21"), .format = CV_EVENT_FORMAT_ONLINE};
    EXPECT_OK(change(driver, &move), "changed");
    move = (cv_scheduling_event_change_v1_t){.event = CV_STR("E-2"), .format = CV_EVENT_FORMAT_IN_PERSON};
    EXPECT_NO(change(driver, &move), "venue_taken");

    /* A postponed event lets the hall go, and finds it taken when it comes back. */
    EXPECT_OK(advance(driver, "E-1", S(ADOPTED)), "advanced");
    EXPECT_OK(advance(driver, "E-1", S(POSTPONED)), "advanced");
    EXPECT_OK(advance(driver, "E-3", S(REJECTED)), "advanced");
    EXPECT_OK(change(driver, &move), "changed");
    outcome = advance(driver, "E-1", S(SCHEDULED));
    EXPECT_NO(outcome, "venue_taken");
    assert_true(cv_str_is(outcome->text, "HALL is taken by E-2 between 2025-05-20 and 2025-05-22"));
    move = (cv_scheduling_event_change_v1_t){.event = CV_STR("E-1"), .venue = CV_STR("NOWHERE")};
    EXPECT_UNKNOWN(change(driver, &move), "unknown_venue");

    /* The table itself refuses what the code would have missed. */
    driver_turn(driver);
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(
        cv_db_exec(driver->db,
                   "INSERT INTO venue_day(venue, day, event, holder) SELECT venue, day, 'E-4', 'E-4' FROM venue_day"),
        CV_ECONFLICT);
    cv_db_rollback(driver->db);
    driver_free(&driver);
}

/* ---- turnout ---------------------------------------------------------------------------- */

typedef struct {
    cv_position_t position;
    cv_buf_t buf;
    unsigned n;
} producer_t;

/* One record of registration.events, fed live. */
static void feed(driver_t *driver, producer_t *producer, uint16_t type, const void *data)
{
    char id[64];
    uint8_t position[CV_POSITION_LEN];
    snprintf(id, sizeof id, "registration.events/0909/%u", ++producer->n);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/convene/registration"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&producer->buf);
    assert_int_equal(cv_msg_write(&producer->buf, &head, data), CV_OK);
    cv_chain_next(producer->position.chain, cv_buf_str(&producer->buf), producer->position.chain);
    ++producer->position.seq;
    cv_position_write(&producer->position, position);
    cv_engine_feed(driver->engine, 0, (cv_str_t){(const char *)position, sizeof position}, cv_buf_str(&producer->buf),
                   driver->mono_ms);
    driver_turn(driver);
}

/* Answers the question that is out. */
static void answer_at(int line, driver_t *driver, uint16_t type, const void *data)
{
    driver_turn(driver);
    if (!driver->asked.len)
        fail_msg("nothing asked, line %d", line);
    assert_int_equal(cv_msg_read(driver->reader, (cv_str_t){driver->asked.ptr, driver->asked.len}, &driver->msg, NULL),
                     CV_OK);
    cv_msg_t head = {.id = driver->msg.id,
                     .source = CV_STR("/convene/registration"),
                     .causationid = driver->msg.id,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&driver->request);
    assert_int_equal(cv_msg_write(&driver->request, &head, data), CV_OK);
    driver->asked.len = 0;
    cv_engine_answered(driver->engine, 0, cv_buf_str(&driver->request), driver->mono_ms);
    driver_turn(driver);
}

#define answer(...) answer_at(__LINE__, __VA_ARGS__)

static cv_registration_delegation_v1_t turnout_of(driver_t *driver, const char *key)
{
    driver_bytes_t row;
    char next[257];
    assert_int_equal(driver_query(driver, "turnout", key, NULL, 0, &row, 1, next), 1);
    cv_registration_delegation_v1_t turnout =
        driver_read(driver, (cv_str_t){row.ptr, row.len}, CV_MSG_REGISTRATION_DELEGATION_V1)
            ->registration_delegation_v1;
    free(row.ptr);
    turnout.event = turnout.party = CV_STR_NONE; /* they pointed into the row */
    return turnout;
}

static void expect_turnout(driver_t *driver, cv_party_answer_t said, int64_t confirmed, int64_t waiting, int64_t online,
                           int64_t withdrawn, int64_t requests)
{
    cv_registration_delegation_v1_t turnout = turnout_of(driver, "E-1/KZ");
    assert_int_equal(turnout.answer, said);
    assert_int_equal(turnout.confirmed, confirmed);
    assert_int_equal(turnout.waiting, waiting);
    assert_int_equal(turnout.online, online);
    assert_int_equal(turnout.withdrawn, withdrawn);
    assert_int_equal(turnout.requests, requests);
}

static void test_turnout(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    producer_t producer = {.position = {.epoch = {9, 9, 9, 9, 9, 9, 9, 9}}};
    cv_buf_init(&producer.buf, CV_MAX_RECORD);
    EXPECT_OK(put_party(driver, "KZ", CV_PARTY_KIND_MEMBER), "stored");
    scheduled(driver, "E-1", "2025-06-01");
    assert_int_equal(driver_query_refused(driver, "turnout", "E-9"), CV_REFUSED_CODE_NOTFOUND);
    assert_int_equal(driver_query_refused(driver, "turnout", "E-1/XX"), CV_REFUSED_CODE_NOTFOUND);
    expect_turnout(driver, CV_PARTY_ANSWER_NONE, 0, 0, 0, 0, 0);

    const cv_log_batch_v1_t empty = {.stream = CV_STR("registration.events"),
                                     .epoch = {(const char *)producer.position.epoch, CV_EPOCH_LEN}};
    answer(driver, CV_MSG_LOG_BATCH_V1, &empty);

    cv_registration_decided_v1_t decided = {
        .request = CV_STR("00000000-0000-7000-8000-000000000001"),
        .kind = CV_DECISION_KIND_REGISTER,
        .event = CV_STR("E-1"),
        .party = CV_STR("KZ"),
        .cls = CV_OUTCOME_CLASS_OK,
        .code = CV_STR("registered"),
        .answer = CV_PARTY_ANSWER_REGISTERED,
        .persons_n = 5,
        .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED},
                    {.number = 2, .state = CV_PERSON_STATE_CONFIRMED},
                    {.number = 3, .state = CV_PERSON_STATE_WAITING, .has_position = true, .position = 1},
                    {.number = 4, .state = CV_PERSON_STATE_ONLINE},
                    {.number = 5, .state = CV_PERSON_STATE_REFUSED}},
        .has_seats = true,
        .seats = {.capacity = 10, .confirmed = 2, .waiting = 1, .party_confirmed = 2, .party_waiting = 1},
        .private_seq = 1,
    };
    feed(driver, &producer, CV_MSG_REGISTRATION_DECIDED_V1, &decided);
    expect_turnout(driver, CV_PARTY_ANSWER_REGISTERED, 2, 1, 1, 0, 1);

    /* A refusal counts as a request and changes nothing else. */
    cv_registration_decided_v1_t refused = decided;
    refused.cls = CV_OUTCOME_CLASS_REJECTED;
    refused.code = CV_STR("closed");
    feed(driver, &producer, CV_MSG_REGISTRATION_DECIDED_V1, &refused);
    expect_turnout(driver, CV_PARTY_ANSWER_REGISTERED, 2, 1, 1, 0, 2);

    /* Two of them go, one of them online; the one that waited moves up. */
    cv_registration_decided_v1_t withdrawn = decided;
    withdrawn.kind = CV_DECISION_KIND_WITHDRAW;
    withdrawn.persons_n = 2;
    withdrawn.persons[0] = (cv_person_place_t){.number = 1, .state = CV_PERSON_STATE_WITHDRAWN};
    withdrawn.persons[1] = (cv_person_place_t){.number = 4, .state = CV_PERSON_STATE_WITHDRAWN};
    withdrawn.seats.party_confirmed = 1;
    feed(driver, &producer, CV_MSG_REGISTRATION_DECIDED_V1, &withdrawn);
    expect_turnout(driver, CV_PARTY_ANSWER_REGISTERED, 1, 1, 0, 2, 3);
    const cv_registration_promoted_v1_t promoted = {
        .event = CV_STR("E-1"),
        .party = CV_STR("KZ"),
        .cause = CV_PROMOTION_CAUSE_WITHDRAWAL,
        .persons_n = 1,
        .persons = {{.number = 3, .state = CV_PERSON_STATE_CONFIRMED}},
        .seats = {.capacity = 10, .party_confirmed = 2, .party_waiting = 0},
        .private_seq = 2,
    };
    feed(driver, &producer, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    expect_turnout(driver, CV_PARTY_ANSWER_REGISTERED, 2, 0, 0, 2, 3);

    driver_crash(driver);
    answer(driver, CV_MSG_LOG_BATCH_V1,
           &(cv_log_batch_v1_t){.stream = CV_STR("registration.events"),
                                .after = producer.position.seq,
                                .head = producer.position.seq,
                                .epoch = empty.epoch});
    expect_turnout(driver, CV_PARTY_ANSWER_REGISTERED, 2, 0, 0, 2, 3);

    /* The whole delegation. */
    withdrawn.persons_n = 2;
    withdrawn.persons[0].number = 2;
    withdrawn.persons[1].number = 3;
    withdrawn.answer = CV_PARTY_ANSWER_WITHDRAWN;
    withdrawn.seats.party_confirmed = withdrawn.seats.party_waiting = 0;
    feed(driver, &producer, CV_MSG_REGISTRATION_DECIDED_V1, &withdrawn);
    expect_turnout(driver, CV_PARTY_ANSWER_WITHDRAWN, 0, 0, 0, 4, 4);

    /* Registration was restored: its snapshot replaces everything heard before. */
    const uint8_t other_epoch[CV_POSITION_LEN] = {7};
    cv_engine_feed(driver->engine, 0, (cv_str_t){(const char *)other_epoch, sizeof other_epoch}, CV_STR_NONE,
                   driver->mono_ms);
    answer(driver, CV_MSG_LOG_REFUSED_V1,
           &(cv_log_refused_v1_t){.code = CV_REFUSED_CODE_EPOCH, .text = CV_STR("another history")});
    const cv_registration_delegation_v1_t row = {
        .event = CV_STR("E-1"), .party = CV_STR("AZ"), .answer = CV_PARTY_ANSWER_DECLINED, .requests = 1};
    cv_msg_t head = {.id = CV_STR("AZ"),
                     .source = CV_STR("/convene/registration"),
                     .info = cv_msg_info_at(CV_MSG_REGISTRATION_DELEGATION_V1)};
    cv_buf_clear(&producer.buf);
    assert_int_equal(cv_msg_write(&producer.buf, &head, &row), CV_OK);
    cv_str_t list = cv_buf_str(&producer.buf);
    const cv_log_page_v1_t page = {.records = {.n = 1, .list = &list},
                                   .has_page = true,
                                   .last = true,
                                   .position = {(const char *)other_epoch, sizeof other_epoch}};
    answer(driver, CV_MSG_LOG_PAGE_V1, &page);
    assert_int_equal(turnout_of(driver, "E-1").answer, CV_PARTY_ANSWER_DECLINED);
    expect_turnout(driver, CV_PARTY_ANSWER_NONE, 0, 0, 0, 0, 0);
    cv_buf_done(&producer.buf);
    driver_free(&driver);
}

/* ---- queries ---------------------------------------------------------------------------- */

static void test_queries(void **state)
{
    (void)state;
    driver_t *driver = driver_new(NOW);
    scheduled(driver, "A", "2025-06-01");
    scheduled(driver, "B", "2026-06-01");
    cv_scheduling_event_propose_v1_t request = proposal("C", NULL);
    request.event_details.plan_year = 2026;
    request.event_details.country = CV_STR("AZ");
    EXPECT_OK(propose(driver, &request), "proposed");

    static const struct {
        const char *key, *found; /* one letter per event */
    } CASES[] = {
        {NULL, "ABC"},         {"year=2026", "C"}, {"status=scheduled", "AB"}, {"status=scheduled&year=2025", "AB"},
        {"country=AZ", "C"},   {"country=KZ", ""}, {"line=cbm", "ABC"},        {"line=cbm&status=open", ""},
        {"format=online", ""}, {"body=SOC", ""},
    };
    driver_bytes_t rows[8];
    char next[257];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        char found[8] = "";
        size_t n = driver_query(driver, "events", CASES[i].key, NULL, 0, rows, 8, next);
        for (size_t j = 0; j < n; ++j) {
            const cv_any_t *any = driver_read(driver, (cv_str_t){rows[j].ptr, rows[j].len}, CV_MSG_SCHEDULING_EVENT_V1);
            found[j] = any->scheduling_event_v1.event.ptr[0];
            free(rows[j].ptr);
        }
        assert_string_equal(found, CASES[i].found);
        assert_string_equal(next, "");
    }
    assert_int_equal(driver_query(driver, "events", NULL, NULL, 2, rows, 8, next), 2);
    assert_string_equal(next, "B");
    free(rows[0].ptr);
    free(rows[1].ptr);
    assert_int_equal(driver_query(driver, "events", NULL, next, 2, rows, 8, next), 1);
    free(rows[0].ptr);
    assert_int_equal(driver_query(driver, "history", "A", NULL, 2, rows, 8, next), 2);
    assert_string_equal(next, "2");
    free(rows[0].ptr);
    free(rows[1].ptr);
    assert_int_equal(driver_query(driver, "history", "A", next, 2, rows, 8, next), 1);
    free(rows[0].ptr);
    static const struct {
        const char *what, *key;
        cv_refused_code_t code;
    } WRONG[] = {
        {"events", "year=x", CV_REFUSED_CODE_INVALID},     {"events", "year=2025&year=2025", CV_REFUSED_CODE_INVALID},
        {"events", "colour=red", CV_REFUSED_CODE_INVALID}, {"events", "status=asleep", CV_REFUSED_CODE_INVALID},
        {"events", "status", CV_REFUSED_CODE_INVALID},     {"events", "city=", CV_REFUSED_CODE_INVALID},
        {"event", "Z", CV_REFUSED_CODE_NOTFOUND},          {"event", NULL, CV_REFUSED_CODE_INVALID},
        {"history", "Z", CV_REFUSED_CODE_NOTFOUND},        {"history", NULL, CV_REFUSED_CODE_INVALID},
        {"turnout", NULL, CV_REFUSED_CODE_INVALID},        {"weather", "Z", CV_REFUSED_CODE_INVALID},
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; ++i)
        assert_int_equal(driver_query_refused(driver, WRONG[i].what, WRONG[i].key), WRONG[i].code);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference), cmocka_unit_test(test_propose),  cmocka_unit_test(test_life),
        cmocka_unit_test(test_hours),     cmocka_unit_test(test_settings), cmocka_unit_test(test_venues),
        cmocka_unit_test(test_turnout),   cmocka_unit_test(test_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
