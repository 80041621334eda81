/* test_scheduling_silence: thousands of silence procedures in simulated time, with restarts, late wake-ups and wrong
 * clocks: none adopted early, none late, none twice, none after an objection, no number twice.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 300
 *
 *   SEED=n      another schedule
 *
 * The oracle is a table of what was asked and answered; nothing of the service is used to fill it.
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"

enum { PROCEDURES = 4000, MEMBERS = 5, CLASH = 600 /* of them end at one instant */ };
#define SECOND INT64_C(1000)
#define HOUR (3600 * SECOND)

typedef struct {
    int64_t end_ms;
    bool opened, broken;
    int64_t objection_ms; /* when one is to be sent; 0: never */
    int64_t due_up_ms;    /* first instant at or after end_ms at which the service was there; 0: not yet */
    int adoptions, breaks;
    int64_t settled_ms, number;
} procedure_t;

static procedure_t procedures[PROCEDURES];
static uint64_t random_state;

static uint64_t any(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static void take_records(driver_t *driver)
{
    for (size_t i = 0; i < driver->records_n; ++i) {
        cv_str_t bytes = {driver->records[i].ptr, driver->records[i].len};
        cv_fault_t fault = {0};
        assert_int_equal(cv_msg_read(driver->reader, bytes, &driver->msg, &fault), CV_OK);
        if (driver->msg.info->number == CV_MSG_SCHEDULING_DECISION_V1) {
            const sch_decision_t *decision =
                &driver_read(driver, bytes, CV_MSG_SCHEDULING_DECISION_V1)->scheduling_decision_v1;
            char number[8];
            assert_int_equal(
                cv_str_copy((cv_str_t){decision->decision.ptr + 2, decision->decision.len - 2}, number, sizeof number),
                CV_OK);
            procedure_t *procedure = &procedures[strtol(number, NULL, 10)];
            procedure->adoptions += decision->step == CV_DECISION_STEP_ADOPTED;
            procedure->breaks += decision->step == CV_DECISION_STEP_BROKEN;
            assert_int_equal(decision->expires_ms, procedure->end_ms);
            assert_int_equal(decision->has_number, decision->state == CV_DECISION_STATE_ADOPTED);
            if (decision->has_settled_ms)
                procedure->settled_ms = decision->settled_ms;
            procedure->number = decision->number;
        }
        free(driver->records[i].ptr);
        driver->records[i] = (driver_bytes_t){0};
    }
    driver->records_n = 0;
}

static const cv_outcome_v1_t *bring(driver_t *driver, int i)
{
    char id[16];
    snprintf(id, sizeof id, "D-%d", i);
    const cv_scheduling_decision_open_v1_t request = {
        .decision = cv_str(id),
        .has_expires_ms = true,
        .expires_ms = procedures[i].end_ms,
        .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT, .title = CV_STR("T"), .text = CV_STR("Text.")}};
    return driver_send(driver, CV_MSG_SCHEDULING_DECISION_OPEN_V1, &request);
}

static void object(driver_t *driver, int i)
{
    char id[16];
    snprintf(id, sizeof id, "D-%d", i);
    const cv_scheduling_decision_state_v1_t request = {.decision = cv_str(id),
                                                       .party = any(2) ? CV_STR("AA") : CV_STR("AB"),
                                                       .text = CV_STR("No."),
                                                       .kind = any(2) ? CV_STATEMENT_KIND_OBJECTION
                                                                      : CV_STATEMENT_KIND_AMENDMENT};
    const cv_outcome_v1_t *outcome = driver_send(driver, CV_MSG_SCHEDULING_DECISION_STATE_V1, &request);
    bool in_time = driver->now_ms < procedures[i].end_ms && !procedures[i].adoptions;
    if (in_time) {
        EXPECT_OK(outcome, "broken");
        procedures[i].broken = true;
    } else {
        assert_int_equal(outcome->cls, CV_OUTCOME_CLASS_REJECTED);
        assert_true(cv_str_is(outcome->code, "already_settled") || cv_str_is(outcome->code, "silence_over"));
    }
    procedures[i].objection_ms = 0;
}

static void plan_all(int64_t start)
{
    for (int i = 0; i < PROCEDURES; ++i) {
        procedure_t *procedure = &procedures[i];
        procedure->end_ms = i < CLASH ? start + 8 * HOUR : start + HOUR + (int64_t)any(20 * HOUR);
        if (any(4) == 0) /* objections gather around the end */
            procedure->objection_ms = procedure->end_ms - 2 * SECOND + (int64_t)any(3 * SECOND);
    }
}

/* As the runner does it: the next turn comes when the engine asked for it, a little later than that now and then. */
static void live(driver_t *driver, int64_t until)
{
    while (driver->now_ms < until) {
        int64_t next_ms, event_ms = until;
        assert_int_equal(cv_engine_turn(driver->engine, driver->now_ms, driver->mono_ms, &next_ms), CV_OK);
        for (int i = 0; i < PROCEDURES; ++i) {
            procedure_t *procedure = &procedures[i];
            if (!procedure->due_up_ms && driver->now_ms >= procedure->end_ms)
                procedure->due_up_ms = driver->now_ms;
            if (procedure->objection_ms && procedure->objection_ms < event_ms)
                event_ms = procedure->objection_ms > driver->now_ms ? procedure->objection_ms : driver->now_ms;
        }
        take_records(driver);
        if (event_ms <= driver->now_ms)
            for (int i = 0; i < PROCEDURES; ++i)
                if (procedures[i].objection_ms && procedures[i].objection_ms <= driver->now_ms)
                    object(driver, i);
        take_records(driver);
        int64_t step = next_ms - driver->mono_ms;
        if (step > event_ms - driver->now_ms)
            step = event_ms - driver->now_ms;
        if (step < 1 || step > SECOND) /* the idle beat is a second */
            step = step < 1 ? (next_ms <= driver->mono_ms ? 0 : 1) : SECOND;
        step += any(10) == 0 ? (int64_t)any(20) : 0;
        driver->now_ms += step;
        driver->mono_ms += step;
    }
}

static void test_thousands(void **state)
{
    (void)state;
    const char *seed = getenv("SEED");
    random_state = 0x9E3779B97F4A7C15u ^ (seed ? strtoull(seed, NULL, 10) * 0x100000001B3u : 0);
    driver_t *driver = driver_new("2026-06-01T00:00:00Z");
    int64_t start = driver->now_ms;
    for (int i = 0; i < MEMBERS; ++i) {
        const char code[3] = {'A', (char)('A' + i), 0};
        const cv_party_t party = {.code = cv_str(code), .name = CV_STR("P"), .kind = CV_PARTY_KIND_MEMBER};
        EXPECT_OK(driver_send(driver, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party), "stored");
    }
    plan_all(start);
    take_records(driver);
    for (int i = 0; i < PROCEDURES; ++i) {
        EXPECT_OK(bring(driver, i), "opened");
        if (driver->records_n > 1000)
            take_records(driver);
    }
    int restarts = 0;
    for (int64_t at = start; at < start + 22 * HOUR; ++restarts) {
        at += HOUR / 30 + (int64_t)any(HOUR / 5);
        live(driver, at);
        int64_t down = any(3) ? (int64_t)any(90 * SECOND) : 0;
        if (at < start + 8 * HOUR && at + HOUR / 4 > start + 8 * HOUR)
            down = start + 8 * HOUR - driver->now_ms + 2 * SECOND; /* not there when hundreds end at once */
        driver->now_ms += down;
        driver->mono_ms += down;
        if (any(5) == 0)
            driver->now_ms -= (int64_t)any(30 * SECOND); /* and the clock was set back meanwhile */
        driver_crash(driver);
    }
    live(driver, start + 23 * HOUR);

    int adopted = 0, broken = 0;
    static bool numbers[PROCEDURES + 1];
    for (int i = 0; i < PROCEDURES; ++i) {
        const procedure_t *procedure = &procedures[i];
        if (procedure->adoptions + procedure->breaks != 1)
            fail_msg("D-%d: adopted %d times, broken %d times", i, procedure->adoptions, procedure->breaks);
        assert_int_equal(procedure->breaks, procedure->broken);
        if (procedure->broken) {
            ++broken;
            assert_true(procedure->settled_ms < procedure->end_ms);
            continue;
        }
        ++adopted;
        if (procedure->settled_ms < procedure->end_ms)
            fail_msg("D-%d: adopted %lld ms early", i, (long long)(procedure->end_ms - procedure->settled_ms));
        if (procedure->settled_ms > procedure->due_up_ms + SECOND)
            fail_msg("D-%d: adopted %lld ms late", i, (long long)(procedure->settled_ms - procedure->due_up_ms));
        assert_true(procedure->number >= 1 && procedure->number <= PROCEDURES && !numbers[procedure->number]);
        numbers[procedure->number] = true;
    }
    for (int i = 1; i <= adopted; ++i)
        assert_true(numbers[i]); /* and no number is missing */
    assert_true(adopted > PROCEDURES / 2 && broken > PROCEDURES / 10 && restarts > 50);
    print_message("%d adopted, %d broken, %d restarts\n", adopted, broken, restarts);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_thousands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
