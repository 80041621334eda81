/* test_scheduling_replay: CICA's years 2024 to 2026 as they really went, in fast simulated time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Facts are those of the sample and its sources: the silence about the chairmanship in March 2024, the working group
 * before the committee in June, the ministerial that moved from Baku on 11 November to online on 17 December, the
 * conference on the environment that moved from August to October, the committee of December with the plan of 2025 and
 * the catalogue with volunteerism, the handover of the chair on the day of the ministerial, and the meetings of 2025
 * and 2026. What no source says is the test's own and kept to what the service must be told: hours of the day, ids,
 * texts, who was in the room.
 *
 * Time jumps from one thing that is due to the next, so a timer fires at its instant, as it does in a service that
 * runs.
 */
#include "scheduling/handlers.h"
#include "scheduling_sample.h"

typedef struct {
    const char *at, *type, *data, *code; /* code: of the outcome */
} step_t;

#define MEMBERS_19                                                                                               \
    "[\"AF\",\"AZ\",\"BH\",\"BD\",\"KH\",\"CN\",\"EG\",\"IN\",\"IR\",\"IQ\",\"IL\",\"JO\",\"KZ\",\"KW\",\"KG\"," \
    "\"MN\",\"PK\",\"PS\",\"TR\"]"

static const step_t STEPS[] = {
    /* March 2024: the committee agrees to ask in silence, five days; the zone had moved from +06 to +05 on 1 March. */
    {"2024-03-14T09:00:00Z", "decision.open",
     "{\"decision\":\"2024-CHAIR\",\"subject\":\"chairmanship\",\"about\":\"AZ\",\"title\":\"Chairmanship\",\"text\":"
     "\"Azerbaijan "
     "takes the chair.\",\"expires_wall\":\"2024-03-19T18:00\",\"zone\":\"Asia/Almaty\"}",
     "opened"},
    /* June: the working group online, the committee two days later. */
    {"2024-03-20T06:00:00Z", "event.propose",
     "{\"event\":\"2024-SWG-2\",\"title\":\"Special Working "
     "Group\",\"plan_year\":2024,\"line\":\"statutory\",\"body\":\"SWG\",\"format\":"
     "\"online\",\"date_start\":\"2024-06-25\",\"time_start\":\"14:00\",\"zone\":\"Asia/Almaty\"}",
     "proposed"},
    {"2024-03-20T06:00:01Z", "event.propose",
     "{\"event\":\"2024-SOC-2\",\"title\":\"Senior Officials "
     "Committee\",\"plan_year\":2024,\"line\":\"statutory\",\"body\":\"SOC\","
     "\"date_start\":\"2024-06-27\"}",
     "proposed"},
    {"2024-03-20T06:00:02Z", "event.propose",
     "{\"event\":\"2024-MC\",\"title\":\"Ministerial "
     "Council\",\"plan_year\":2024,\"line\":\"statutory\",\"body\":\"MC\",\"format\":\"in_person\","
     "\"city\":\"Baku\",\"country\":\"AZ\",\"date_start\":\"2024-11-11\"}",
     "proposed"},
    {"2024-03-20T06:00:03Z", "event.propose",
     "{\"event\":\"2024-ENV\",\"title\":\"Ministerial Conference on Environmental "
     "Issues\",\"plan_year\":2024,\"line\":\"cbm\",\"dimension\":"
     "\"ENV\",\"city\":\"Astana\",\"country\":\"KZ\",\"date_start\":\"2024-08-28\"}",
     "proposed"},
    {"2024-03-20T06:00:04Z", "event.propose",
     "{\"event\":\"2024-SOC-3\",\"title\":\"Senior Officials "
     "Committee\",\"plan_year\":2024,\"line\":\"statutory\",\"body\":\"SOC\",\"city\":"
     "\"Astana\",\"country\":\"KZ\",\"date_start\":\"2024-12-03\",\"date_end\":\"2024-12-04\"}",
     "proposed"},
    {"2024-06-25T11:00:00Z", "event.advance", "{\"event\":\"2024-SWG-2\",\"to\":\"held\"}", "advanced"},
    /* The committee hears that the ministerial and the conference move; two weeks of silence were seen as well. */
    {"2024-06-27T08:00:00Z", "decision.open",
     "{\"decision\":\"2024-DOC\",\"subject\":\"document\",\"title\":\"A text of the committee\",\"text\":\"It is "
     "adopted.\",\"expires_wall\":"
     "\"2024-07-11T18:00\",\"zone\":\"Asia/Almaty\"}",
     "opened"},
    {"2024-06-27T11:00:00Z", "event.advance", "{\"event\":\"2024-SOC-2\",\"to\":\"held\"}", "advanced"},
    {"2024-08-01T06:00:00Z", "event.advance", "{\"event\":\"2024-ENV\",\"to\":\"postponed\",\"reason\":\"to October\"}",
     "advanced"},
    {"2024-08-01T06:00:01Z", "event.change",
     "{\"event\":\"2024-ENV\",\"date_start\":\"2024-10\",\"reason\":\"to October\"}", "changed"},
    {"2024-11-01T06:00:00Z", "event.change",
     "{\"event\":\"2024-MC\",\"date_start\":\"2024-12-17\",\"format\":\"online\",\"reason\":\"online instead of "
     "Baku\"}",
     "changed"},
    /* December: the committee, with a quorum, adopts next year's plan. */
    {"2024-12-02T06:00:00Z", "plan.compile", "{\"year\":2025,\"line\":\"cbm\"}", "compiled"},
    {"2024-12-02T06:00:01Z", "plan.move", "{\"year\":2025,\"line\":\"cbm\",\"to\":\"circulated\"}", "advanced"},
    {"2024-12-04T06:00:00Z", "event.advance", "{\"event\":\"2024-SOC-3\",\"to\":\"held\"}", "advanced"},
    {"2024-12-04T07:00:00Z", "decision.take",
     "{\"decision\":\"2024-PLAN-FEW\",\"subject\":\"plan\",\"about\":\"2025-cbm\",\"title\":\"Plan of "
     "2025\",\"text\":\"It is adopted.\","
     "\"meeting\":\"2024-SOC-3\",\"present\":[\"KZ\",\"AZ\"]}",
     "no_quorum"},
    {"2024-12-04T07:00:01Z", "decision.take",
     "{\"decision\":\"2024-PLAN\",\"subject\":\"plan\",\"about\":\"2025-cbm\",\"title\":\"Plan of 2025\",\"text\":\"It "
     "is adopted.\","
     "\"meeting\":\"2024-SOC-3\",\"present\":" MEMBERS_19 "}",
     "adopted"},
    {"2024-12-04T07:30:00Z", "decision.take",
     "{\"decision\":\"2024-CATALOGUE\",\"subject\":\"catalogue\",\"about\":\"2024-12\",\"title\":\"Catalogue\","
     "\"text\":\"Volunteerism is "
     "added.\",\"meeting\":\"2024-SOC-3\",\"present\":" MEMBERS_19 "}",
     "adopted"},
    {"2024-12-04T08:00:00Z", "catalogue.put",
     "{\"code\":\"2024-12\",\"name\":\"Catalogue of December "
     "2024\",\"from\":\"2024-12\",\"decision\":\"2024-CATALOGUE\",\"dimensions\":["
     "{\"code\":\"HUM\",\"name\":\"Human "
     "dimension\"}],\"areas\":[{\"code\":\"HUM-VOL\",\"dimension\":\"HUM\",\"name\":\"Volunteerism\"}]}",
     "stored"},
    {"2024-12-17T11:00:00Z", "event.advance", "{\"event\":\"2024-MC\",\"to\":\"held\"}", "advanced"},
    /* 2025: the working group before the committee; in July both on one day; in December the plan of 2026. */
    {"2025-02-26T11:00:00Z", "event.advance", "{\"event\":\"2025-SWG-1\",\"to\":\"held\"}", "advanced"},
    {"2025-02-27T11:00:00Z", "event.advance", "{\"event\":\"2025-SOC-1\",\"to\":\"held\"}", "advanced"},
    {"2025-07-21T11:00:00Z", "event.advance", "{\"event\":\"2025-SOC-2\",\"to\":\"held\"}", "advanced"},
    {"2025-07-21T11:00:01Z", "event.advance", "{\"event\":\"2025-SWG-2\",\"to\":\"held\"}", "advanced"},
};

/* When the next timer is due; to_ms if none is before it. */
static int64_t next_due(driver_t *driver, int64_t to_ms)
{
    cv_stmt_t *stmt;
    assert_int_equal(
        cv_db_prepare(driver->db, "SELECT due_ms FROM timer WHERE due_ms > ?1 ORDER BY due_ms LIMIT 1", &stmt), CV_OK);
    cv_stmt_int(stmt, 1, driver->now_ms);
    int64_t due_ms = cv_stmt_step(stmt) == 1 ? cv_stmt_get_int(stmt, 0) : to_ms;
    cv_stmt_reset(stmt);
    return due_ms < to_ms ? due_ms : to_ms;
}

static void jump(driver_t *driver, int64_t to_ms)
{
    driver_turn(driver);
    while (driver->now_ms < to_ms)
        driver_wait_until(driver, next_due(driver, to_ms));
}

static uint16_t number_of(const char *type)
{
    char full[80];
    snprintf(full, sizeof full, "convene.scheduling.%s.v1", type);
    const cv_msg_info_t *info = cv_msg_info(cv_str(full));
    assert_non_null(info);
    return info->number;
}

static void take(driver_t *driver, const step_t *step)
{
    int64_t at_ms;
    json_error_t error;
    json_t *data = json_loads(step->data, 0, &error);
    assert_int_equal(cv_time_parse(cv_str(step->at), &at_ms), CV_OK);
    assert_true(at_ms >= driver->now_ms);
    if (!data)
        fail_msg("%s: %s", step->data, error.text);
    jump(driver, at_ms);
    const cv_outcome_v1_t *outcome = send_json(driver, number_of(step->type), data);
    if (!cv_str_is(outcome->code, step->code))
        fail_msg("%s %s: %.*s: %.*s", step->at, step->data, CV_STR_ARG(outcome->code), CV_STR_ARG(outcome->text));
    json_decref(data);
}

static void advance(driver_t *driver, const char *event, const char *const *to)
{
    for (; *to; ++to) {
        json_t *data = json_pack("{s:s, s:s, s:s}", "event", event, "to", *to, "decision", "2024-CHAIR");
        const cv_outcome_v1_t *outcome = send_json(driver, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, data);
        if (!cv_str_is(outcome->code, "advanced"))
            fail_msg("%s to %s: %.*s", event, *to, CV_STR_ARG(outcome->text));
        json_decref(data);
    }
}

static void expect_decision(driver_t *driver, const char *id, const char *settled)
{
    const sch_decision_t *decision =
        &driver_row(driver, "decision", id, CV_MSG_SCHEDULING_DECISION_V1)->scheduling_decision_v1;
    char text[CV_TIME_TEXT + 1];
    cv_time_text(decision->settled_ms, text);
    assert_int_equal(decision->state, CV_DECISION_STATE_ADOPTED);
    assert_string_equal(text, settled);
}

static void test_as_they_went(void **state)
{
    (void)state;
    driver_t *driver = driver_new("2024-03-14T06:00:00Z");
    static const char *const WAY[] = {"circulated", "adopted", "scheduled", NULL};
    json_t *plan = sample_load("cica-plan.json");
    send_all(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, json_object_get(plan, "parties"), "stored");
    send_all(driver, CV_MSG_SCHEDULING_BODY_PUT_V1, json_object_get(plan, "bodies"), "stored");
    send_all(driver, CV_MSG_SCHEDULING_HEADING_PUT_V1, json_object_get(plan, "headings"), "stored");
    send_all(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, json_object_get(plan, "events"), "proposed");

    const size_t n = sizeof STEPS / sizeof *STEPS;
    for (size_t i = 0; i < n; ++i) {
        take(driver, &STEPS[i]);
        if (strcmp(STEPS[i].type, "event.propose") == 0 && strcmp(STEPS[i + 1].type, "event.propose") != 0) {
            static const char *const OF_2024[] = {"2024-SWG-2", "2024-SOC-2", "2024-MC", "2024-ENV", "2024-SOC-3"};
            for (size_t k = 0; k < sizeof OF_2024 / sizeof *OF_2024; ++k)
                advance(driver, OF_2024[k], WAY);
        }
        if (strcmp(STEPS[i].type, "catalogue.put") == 0) {
            static const char *const OF_2025[] = {"2025-SWG-1", "2025-SOC-1", "2025-SOC-2", "2025-SWG-2"};
            for (size_t k = 0; k < sizeof OF_2025 / sizeof *OF_2025; ++k)
                advance(driver, OF_2025[k], WAY);
        }
        if (i % 5 == 4)
            driver_crash(driver); /* and the timers of before are there after it */
    }
    jump(driver, driver->now_ms + INT64_C(86400000));

    /* Silence ended at 18:00 of Astana, which was +05 by then: 13:00 UTC. Once each. */
    expect_decision(driver, "2024-CHAIR", "2024-03-19T13:00:00.000Z");
    expect_decision(driver, "2024-DOC", "2024-07-11T13:00:00.000Z");
    expect_decision(driver, "2024-PLAN", "2024-12-04T07:00:01.000Z");

    const cv_scheduling_event_v1_t *event = driver_state(driver, "2024-MC");
    assert_int_equal(event->status, CV_EVENT_STATUS_HELD);
    assert_int_equal(event->event_details.format, CV_EVENT_FORMAT_ONLINE);
    assert_true(cv_str_is(event->event_details.date_start, "2024-12-17"));
    event = driver_state(driver, "2024-ENV");
    assert_int_equal(event->status, CV_EVENT_STATUS_POSTPONED);
    assert_true(cv_str_is(event->event_details.date_start, "2024-10"));

    /* The chair changed hands on the day of the ministerial. */
    send_all(driver, CV_MSG_SCHEDULING_CHAIRMANSHIP_PUT_V1, json_object_get(plan, "chairmanships"), "stored");

    /* The events of 2025's plan came with it into force. */
    const sch_plan_t *in_force =
        &driver_row(driver, "plans", "plan=2025-cbm", CV_MSG_SCHEDULING_PLAN_V1)->scheduling_plan_v1;
    assert_int_equal(in_force->state, CV_PLAN_STATE_ADOPTED);
    assert_true(cv_str_is(in_force->decision, "2024-PLAN"));
    assert_true(in_force->items_n >= 10);
    char one[65];
    assert_int_equal(cv_str_copy(in_force->items[0].event, one, sizeof one), CV_OK);
    assert_int_equal(driver_state(driver, one)->status, CV_EVENT_STATUS_ADOPTED);
    json_decref(plan);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_they_went)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
