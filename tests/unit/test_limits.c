/* test_limits: an engine with limits: what is over them is BUSY and not decided, and others do not notice.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rig.h"
#include "service/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 10, BURST = 20, SECRETARIAT_BIT = 1, OBSERVER_BIT = 5 };

static const cv_principal_t OTHER = {.name = "other", .role = CV_ROLE_SECRETARIAT};

static int start(void **state)
{
    rig_t *rig = calloc(1, sizeof *rig);
    rig_start(rig, &TOY_BANK);
    rig_close(rig);
    rig->limits.requests[SECRETARIAT_BIT] = RATE;
    rig->limits.questions[OBSERVER_BIT] = RATE;
    assert_int_equal(rig_open(rig), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    *state = rig;
    return 0;
}

static int end(void **state)
{
    rig_end(*state);
    free(*state);
    return 0;
}

static int put_as(rig_t *rig, const cv_principal_t *who, uint64_t id)
{
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    assert_int_equal(toy_request(&message, toy_id(id), NULL, "put", "A", 1, 0), CV_OK);
    int rc = rig_send(rig, who, cv_buf_str(&message));
    cv_buf_done(&message);
    return rc;
}

static void expect(rig_t *rig, uint64_t id, cv_outcome_class_t cls, const char *code)
{
    const cv_outcome_v1_t *outcome = rig_outcome(rig, id);
    assert_string_equal(cv_outcome_class_text(outcome->cls), cv_outcome_class_text(cls));
    assert_true(cv_str_is(outcome->code, code));
}

static int64_t counter(rig_t *rig, const char *name)
{
    cv_log_query_v1_t query = {.what = CV_STR("status")};
    cv_msg_t answer = rig_ask(rig, &RIG_OPERATOR, CV_MSG_LOG_QUERY_V1, &query);
    assert_int_equal(answer.info->number, CV_MSG_LOG_PAGE_V1);
    char bytes[8192]; /* reading it must not pull what it is read from from under itself */
    cv_str_t record = cv_records_at(&rig->data->log_page_v1.records, 0);
    assert_true(record.len <= sizeof bytes);
    memcpy(bytes, record.ptr, record.len);
    cv_msg_t status = rig_read(rig, (cv_str_t){bytes, record.len});
    assert_int_equal(status.info->number, CV_MSG_SERVICE_STATUS_V1);
    for (size_t i = 0; i < rig->data->service_status_v1.counters_n; i++)
        if (cv_str_is(rig->data->service_status_v1.counters[i].name, name))
            return rig->data->service_status_v1.counters[i].value;
    fail_msg("no counter %s", name);
    return -1;
}

static void over_the_limit_is_busy_and_not_decided(void **state)
{
    rig_t *rig = *state;
    char accounts[256];
    for (uint64_t id = 1; id <= BURST + 1; id++)
        assert_int_equal(put_as(rig, &RIG_SECRETARIAT, id), CV_OK);
    assert_int_equal(put_as(rig, &OTHER, 100), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect(rig, BURST, CV_OUTCOME_CLASS_OK, "done");
    expect(rig, BURST + 1, CV_OUTCOME_CLASS_BUSY, "rate_limited");
    const cv_outcome_v1_t *busy = rig_outcome(rig, BURST + 1);
    assert_true(busy->has_retry_after_ms);
    assert_in_range(busy->retry_after_ms, 100, 110);
    expect(rig, 100, CV_OUTCOME_CLASS_OK, "done");
    toy_dump(rig->db, "", accounts, sizeof accounts);
    assert_string_equal(accounts, "A=21/21 "); /* 20 and the other's */
    assert_int_equal(counter(rig, "limited"), 1);
    /* Nothing of it is remembered, and when told it is decided. */
    int64_t again_ms = 110;
    rig_clear(rig);
    rig->mono_ms += again_ms;
    rig->wall_ms += again_ms;
    cv_engine_clock(rig->engine, rig->mono_ms);
    assert_int_equal(put_as(rig, &RIG_SECRETARIAT, BURST + 1), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect(rig, BURST + 1, CV_OUTCOME_CLASS_OK, "done");
}

static void a_repeat_within_the_limit_is_answered_by_the_memo(void **state)
{
    rig_t *rig = *state;
    assert_int_equal(put_as(rig, &RIG_SECRETARIAT, 1), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    cv_str_t first = rig_outcome_bytes(rig, 1);
    char kept[4096];
    assert_true(first.len <= sizeof kept);
    memcpy(kept, first.ptr, first.len);
    size_t kept_len = first.len;
    rig_clear(rig);
    for (int i = 0; i < BURST; i++)
        assert_int_equal(put_as(rig, &RIG_SECRETARIAT, 1), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    assert_int_equal(counter(rig, "replayed"), BURST - 1);
    assert_int_equal(counter(rig, "limited"), 1);
    rig_clear(rig);
    rig->mono_ms += 1000;
    cv_engine_clock(rig->engine, rig->mono_ms);
    assert_int_equal(put_as(rig, &RIG_SECRETARIAT, 1), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    cv_str_t again = rig_outcome_bytes(rig, 1);
    assert_int_equal(again.len, kept_len);
    assert_memory_equal(again.ptr, kept, kept_len);
}

/* Beyond the refusals it is thrown away unread, without a place in the turn: others find room. */
static void a_flood_takes_no_room(void **state)
{
    rig_t *rig = *state;
    int taken = 0, thrown = 0;
    for (uint64_t id = 1; id <= 1000; id++)
        *(put_as(rig, &RIG_SECRETARIAT, id) == CV_OK ? &taken : &thrown) += 1;
    assert_int_equal(taken, BURST + CV_METER_ANSWERS * CV_METER_BURST_S);
    assert_int_equal(cv_engine_queued(rig->engine), taken);
    assert_int_equal(put_as(rig, &OTHER, 5000), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect(rig, 5000, CV_OUTCOME_CLASS_OK, "done");
    assert_int_equal(rig_count(rig, RIG_OUTCOME), taken + 1);
    assert_int_equal(counter(rig, "ignored"), thrown);
    const cv_engine_guard_t *guard = cv_engine_guard(rig->engine);
    assert_string_equal(guard->principal, RIG_SECRETARIAT.name);
    assert_int_equal(guard->ignored, thrown);
}

/* Rubbish counts like a request. */
static void rubbish_counts(void **state)
{
    rig_t *rig = *state;
    for (int i = 0; i < BURST; i++)
        assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, CV_STR("\xc1")), CV_OK);
    assert_int_equal(put_as(rig, &RIG_SECRETARIAT, 1), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect(rig, 1, CV_OUTCOME_CLASS_BUSY, "rate_limited");
    assert_int_equal(counter(rig, "dropped"), BURST);
}

/* A turn that fails and is tried one by one does not count anybody's requests twice. */
static void trying_again_costs_nothing(void **state)
{
    rig_t *rig = *state;
    rig_put(rig, 1, "fail", "A", 1);
    for (uint64_t id = 2; id <= BURST; id++)
        assert_int_equal(put_as(rig, &RIG_SECRETARIAT, id), CV_OK);
    assert_int_equal(rig_turn(rig), CV_OK);
    expect(rig, 1, CV_OUTCOME_CLASS_INTERNAL, "internal");
    expect(rig, BURST, CV_OUTCOME_CLASS_OK, "done");
    assert_int_equal(counter(rig, "limited"), 0);
}

static void questions_are_limited_by_their_answers(void **state)
{
    rig_t *rig = *state;
    cv_log_query_v1_t query = {.what = CV_STR("status")};
    int answered = 0, busy = 0;
    for (int i = 0; i < BURST + 5; i++) {
        cv_msg_t answer = rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_QUERY_V1, &query);
        if (answer.info->number == CV_MSG_LOG_PAGE_V1) {
            answered++;
        } else {
            assert_int_equal(rig->data->log_refused_v1.code, CV_REFUSED_CODE_BUSY);
            assert_non_null(memmem(rig->data->log_refused_v1.text.ptr, rig->data->log_refused_v1.text.len, " ms", 3));
            busy++;
        }
    }
    assert_int_equal(answered, BURST);
    assert_int_equal(busy, 5);
    /* Services have no limit here, and a large answer costs the others more than one. */
    rig_put(rig, 1, "many", "A", 200); /* 200 records of 2.7 KB */
    assert_int_equal(rig_turn(rig), CV_OK);
    rig->mono_ms += 60000; /* its bucket is full again */
    cv_log_fetch_v1_t fetch = {.stream = CV_STR("scheduling.events"),
                               .epoch = {"\xe1\xe1\xe1\xe1\xe1\xe1\xe1\xe1", 8},
                               .chain = {(const char[CV_CHAIN_LEN]){0}, CV_CHAIN_LEN}};
    answered = 0;
    for (int i = 0; i < BURST; i++)
        answered += rig_ask(rig, &RIG_OBSERVER, CV_MSG_LOG_FETCH_V1, &fetch).info->number == CV_MSG_LOG_BATCH_V1;
    assert_int_equal(answered, 2); /* 1 + 12 units each: 20 - 26 */
    for (int i = 0; i < BURST; i++)
        assert_int_equal(rig_ask(rig, &RIG_SERVICE, CV_MSG_LOG_FETCH_V1, &fetch).info->number, CV_MSG_LOG_BATCH_V1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(over_the_limit_is_busy_and_not_decided, start, end),
        cmocka_unit_test_setup_teardown(a_repeat_within_the_limit_is_answered_by_the_memo, start, end),
        cmocka_unit_test_setup_teardown(a_flood_takes_no_room, start, end),
        cmocka_unit_test_setup_teardown(rubbish_counts, start, end),
        cmocka_unit_test_setup_teardown(trying_again_costs_nothing, start, end),
        cmocka_unit_test_setup_teardown(questions_are_limited_by_their_answers, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
