/* test_scheduling_snapshot: a follower that cannot go on finds everything in a snapshot, in an order it can apply.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

#define NOW "2026-02-20T06:00:00Z"
#define SEND(type, ...) driver_send(driver, CV_MSG_SCHEDULING_##type##_V1, &(__VA_ARGS__))

static void fill(driver_t *driver)
{
    static const char *const MEMBERS[] = {"AZ", "KZ"};
    for (size_t i = 0; i < 2; ++i)
        EXPECT_OK(SEND(PARTY_PUT,
                       (cv_party_t){.code = cv_str(MEMBERS[i]), .name = CV_STR("P"), .kind = CV_PARTY_KIND_MEMBER}),
                  "stored");
    EXPECT_OK(SEND(BODY_PUT, (cv_body_t){.code = CV_STR("SOC"), .name = CV_STR("S"), .kind = CV_BODY_KIND_GOVERNING}),
              "stored");
    EXPECT_OK(SEND(HEADING_PUT,
                   (cv_heading_t){.code = CV_STR("ECO"), .name = CV_STR("E"), .level = CV_HEADING_LEVEL_DIMENSION}),
              "stored");
    EXPECT_OK(SEND(VENUE_PUT,
                   (cv_venue_t){
                       .code = CV_STR("HALL"), .name = CV_STR("H"), .city = CV_STR("Baku"), .country = CV_STR("AZ")}),
              "stored");
    EXPECT_OK(SEND(CATALOGUE_PUT, (cv_catalogue_t){.code = CV_STR("2021"),
                                                   .name = CV_STR("C"),
                                                   .dimensions_n = 1,
                                                   .dimensions = {{CV_STR("ECO"), CV_STR("E")}}}),
              "stored");
    EXPECT_OK(SEND(COORDINATOR_PUT, (cv_coordinator_t){.code = CV_STR("C-1"),
                                                       .area = CV_STR("ECO"),
                                                       .party = CV_STR("KZ"),
                                                       .role = CV_COORDINATOR_ROLE_COORDINATOR}),
              "stored");
    EXPECT_OK(SEND(CHAIRMANSHIP_PUT,
                   (cv_chairmanship_t){.code = CV_STR("CH-6"), .party = CV_STR("AZ"), .from = CV_STR("2024-12-17")}),
              "stored");
    EXPECT_OK(
        SEND(EVENT_PROPOSE, (cv_scheduling_event_propose_v1_t){.event = CV_STR("A"),
                                                               .event_details = {.title = CV_STR("T"),
                                                                                 .plan_year = 2026,
                                                                                 .line = CV_PLAN_LINE_CBM,
                                                                                 .catalogue = CV_STR("2021"),
                                                                                 .dimension = CV_STR("ECO"),
                                                                                 .date_start = CV_STR("2026-02-20")}}),
        "proposed");
    EXPECT_OK(
        SEND(ROOM_PUT, (cv_room_t){.venue = CV_STR("HALL"), .room = CV_STR("A"), .name = CV_STR("R"), .seats = 9}),
        "stored");
    EXPECT_OK(SEND(SESSION_PUT, (cv_scheduling_session_put_v1_t){.session = {.event = CV_STR("A"),
                                                                             .session = CV_STR("S1"),
                                                                             .title = CV_STR("T"),
                                                                             .kind = CV_SESSION_KIND_PLENARY,
                                                                             .minutes = 30,
                                                                             .start = CV_STR("2026-02-20T09:00"),
                                                                             .zone = CV_STR("UTC"),
                                                                             .venue = CV_STR("HALL"),
                                                                             .room = CV_STR("A")}}),
              "stored");
    EXPECT_OK(SEND(RELEASE_PUT, (cv_scheduling_release_put_v1_t){.release = CV_STR("V1"), .event = CV_STR("A")}),
              "released");
    EXPECT_OK(SEND(RULE_PUT, (cv_scheduling_rule_put_v1_t){.rule = CV_STR("B15"), .effect = CV_RULE_EFFECT_IGNORE}),
              "stored");
    EXPECT_OK(SEND(PLAN_COMPILE, (cv_scheduling_plan_compile_v1_t){.year = 2026, .line = CV_PLAN_LINE_CBM}),
              "compiled");
    EXPECT_OK(
        SEND(PLAN_MOVE,
             (cv_scheduling_plan_move_v1_t){.year = 2026, .line = CV_PLAN_LINE_CBM, .to = CV_PLAN_STATE_CIRCULATED}),
        "advanced");
    EXPECT_OK(SEND(DECISION_OPEN, (cv_scheduling_decision_open_v1_t){.decision = CV_STR("D-1"),
                                                                     .has_expires_ms = true,
                                                                     .expires_ms = driver->now_ms + 1000,
                                                                     .resolution = {.subject = CV_SUBJECT_KIND_PLAN,
                                                                                    .about = CV_STR("2026-cbm"),
                                                                                    .title = CV_STR("T"),
                                                                                    .text = CV_STR("T.")}}),
              "opened");
    driver_wait_until(driver, driver->now_ms + 1000);
    EXPECT_OK(SEND(DECISION_STATE, (cv_scheduling_decision_state_v1_t){.decision = CV_STR("D-1"),
                                                                       .party = CV_STR("KZ"),
                                                                       .text = CV_STR("R."),
                                                                       .kind = CV_STATEMENT_KIND_RESERVATION}),
              "attached");
    static const cv_event_status_t LIFE[] = {CV_EVENT_STATUS_SCHEDULED, CV_EVENT_STATUS_HELD};
    for (size_t i = 0; i < 2; ++i)
        EXPECT_OK(SEND(EVENT_ADVANCE, (cv_scheduling_event_advance_v1_t){.event = CV_STR("A"), .to = LIFE[i]}),
                  "advanced");
    EXPECT_OK(SEND(REPORT_PUT, (cv_report_t){.event = CV_STR("A")}), "stored");
    EXPECT_OK(SEND(REVIEW_PUT, (cv_review_t){.year = 2026, .dimension = CV_STR("ECO")}), "stored");
    EXPECT_OK(SEND(WORKPLAN_PUT, (cv_workplan_t){.code = CV_STR("ROADMAP"), .name = CV_STR("R")}), "stored");
    EXPECT_OK(SEND(WORKITEM_PUT, (cv_workitem_t){.plan = CV_STR("ROADMAP"),
                                                 .item = CV_STR("A"),
                                                 .title = CV_STR("T"),
                                                 .state = CV_WORK_STATE_PLANNED}),
              "stored");
}

/* The newest record of each thing, by type and subject, is in the snapshot octet for octet in its data; nothing else
 * is. */
static void test_everything(void **state)
{
    (void)state;
    enum { MAX = 64 };
    static struct {
        char type[64], subject[64];
        driver_bytes_t data;
        bool found;
    } last[MAX];
    size_t n = 0;
    driver_t *driver = driver_new(NOW);
    fill(driver);
    for (size_t i = 0; i < driver->records_n; ++i) {
        cv_str_t bytes = {driver->records[i].ptr, driver->records[i].len};
        cv_buf_t data;
        assert_int_equal(cv_msg_read(driver->reader, bytes, &driver->msg, NULL), CV_OK);
        assert_int_equal(driver->msg.info->decode(driver->msg.data, driver->data, NULL), CV_OK);
        size_t at = 0;
        while (at < n && (strcmp(last[at].type, driver->msg.info->type) != 0 ||
                          !cv_str_is(driver->msg.subject, last[at].subject)))
            ++at;
        assert_true(at < MAX);
        n += at == n;
        snprintf(last[at].type, sizeof last[at].type, "%s", driver->msg.info->type);
        snprintf(last[at].subject, sizeof last[at].subject, "%.*s", CV_STR_ARG(driver->msg.subject));
        cv_buf_init(&data, CV_MAX_RECORD);
        assert_int_equal(driver->msg.info->encode(&data, driver->data), CV_OK);
        driver_keep(&last[at].data, cv_buf_str(&data));
        cv_buf_done(&data);
    }
    assert_int_equal(n, 20); /* two parties, and one of everything else */

    const cv_log_snapshot_v1_t ask = {.stream = CV_STR("scheduling.events")};
    driver_question(driver, CV_MSG_LOG_SNAPSHOT_V1, &ask);
    static cv_any_t answer;
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    assert_int_equal(cv_msg_read(reader, (cv_str_t){driver->answer.ptr, driver->answer.len}, &msg, NULL), CV_OK);
    assert_int_equal(msg.info->number, CV_MSG_LOG_PAGE_V1);
    assert_int_equal(msg.info->decode(msg.data, &answer, NULL), CV_OK);
    assert_true(answer.log_page_v1.last);
    assert_int_equal(answer.log_page_v1.records.n, n);
    for (size_t i = 0; i < n; ++i) {
        cv_buf_t data;
        assert_int_equal(cv_msg_read(driver->reader, cv_records_at(&answer.log_page_v1.records, i), &driver->msg, NULL),
                         CV_OK);
        assert_int_equal(driver->msg.info->decode(driver->msg.data, driver->data, NULL), CV_OK);
        size_t at = 0;
        while (at < n && (strcmp(last[at].type, driver->msg.info->type) != 0 ||
                          !cv_str_is(driver->msg.subject, last[at].subject)))
            ++at;
        if (at == n)
            fail_msg("%s %.*s was never told", driver->msg.info->type, CV_STR_ARG(driver->msg.subject));
        assert_false(last[at].found);
        last[at].found = true;
        cv_buf_init(&data, CV_MAX_RECORD);
        assert_int_equal(driver->msg.info->encode(&data, driver->data), CV_OK);
        assert_int_equal(data.len, last[at].data.len);
        assert_memory_equal(data.ptr, last[at].data.ptr, data.len);
        cv_buf_done(&data);
        free(last[at].data.ptr);
    }
    cv_reader_destroy(&reader);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_everything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
