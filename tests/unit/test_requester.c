/* test_requester: sending, repeating, windows and deadlines.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "requester_world.h"

static void test_shortest_use(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 1);
    entry_t *entry = submit(w, 0);
    run_until(w, 2000);
    assert_int_equal(0, w->sends); /* not before the service is there */
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 2010);
    assert_int_equal(1, w->sends);
    assert_string_equal("request.registration|", w->last_topic);
    assert_int_equal(1, entry->done);
    assert_int_equal(CV_OUTCOME_CLASS_OK, entry->done_class);
    assert_int_equal(0, cv_requester_pending(w->requester));
    assert_true(cv_requester_tick(w->requester, w->now_ms) == INT64_MAX);
    world_destroy(w);
}

static void test_arguments(void **state)
{
    (void)state;
    world_t *w = world_new(1, 2, 1);
    entry_t *entry = submit(w, 0);
    cv_str_t bytes = CV_STR("x");
    assert_int_equal(CV_ECONFLICT, cv_requester_submit(w->requester, 0, cv_str(entry->id), bytes, 0));
    assert_int_equal(CV_EINVAL, cv_requester_submit(w->requester, 0, CV_STR("not-a-uuid"), bytes, 0));
    submit(w, 0);
    uint8_t id[CV_UUID_LEN];
    char text[CV_UUID_TEXT + 1];
    cv_uuid7(1, id);
    cv_uuid_text(id, text);
    assert_int_equal(CV_EBUSY, cv_requester_submit(w->requester, 0, cv_str(text), bytes, 0));
    char *large = calloc(1, CV_MAX_REQUEST + 1);
    assert_int_equal(CV_ELIMIT,
                     cv_requester_submit(w->requester, 0, cv_str(text), (cv_str_t){large, CV_MAX_REQUEST + 1}, 0));
    free(large);
    assert_true(cv_requester_outcome(w->requester, 0, CV_STR("\xc1")) < 0);
    char outcome[MESSAGE_MAX];
    size_t len = write_outcome(text, CV_OUTCOME_CLASS_OK, 0, outcome);
    assert_int_equal(CV_ENOTFOUND, cv_requester_outcome(w->requester, 0, (cv_str_t){outcome, len}));
    assert_int_equal(1, cv_requester_stats(w->requester)->strays);
    /* A request is no outcome. */
    cv_registration_decline_v1_t data = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    len = write_message(cv_str(entry->id), CV_MSG_REGISTRATION_DECLINE_V1, &data, CV_STR_NONE, outcome);
    assert_int_equal(CV_EINVAL, cv_requester_outcome(w->requester, 0, (cv_str_t){outcome, len}));
    assert_int_equal(2, cv_requester_pending(w->requester));
    /* Taken back: it is as if it had not been there. */
    cv_requester_cancel(w->requester, cv_str(entry->id));
    cv_requester_cancel(w->requester, cv_str(entry->id));
    assert_int_equal(1, cv_requester_pending(w->requester));
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 100);
    assert_int_equal(0, entry->done);
    assert_int_equal(0, entry->seen);
    assert_int_equal(1, w->done_n);
    world_destroy(w);
}

/* Nobody answers: 250 ms doubling to 5 s, each within its jitter, the deadline ends it. */
static void test_retransmission_and_deadline(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 7);
    w->loss_percent = 100;
    entry_t *entry = submit(w, 20000);
    cv_requester_ready(w->requester, w->now_ms, true);
    int64_t previous = 0, expected = 250;
    size_t sends = 0;
    for (int64_t t = w->now_ms + 1; t <= 21000; t++) {
        run_until(w, t);
        if (w->sends == sends)
            continue;
        assert_int_equal(sends + 1, w->sends);
        if (sends++) {
            int64_t gap = w->now_ms - previous;
            assert_in_range(gap, expected * 8 / 10, expected * 12 / 10 + 1);
            expected = expected * 2 > 5000 ? 5000 : expected * 2;
        }
        previous = w->now_ms;
    }
    assert_true(sends >= 7);
    assert_int_equal(1, entry->done);
    assert_int_equal(CV_ETIMEOUT, entry->done_rc);
    assert_int_equal(0, entry->done_class);
    assert_in_range(entry->done_ms, 21000, 21001);
    /* The late outcome is a stray. */
    w->loss_percent = 0;
    char outcome[MESSAGE_MAX];
    size_t len = write_outcome(entry->id, CV_OUTCOME_CLASS_OK, 0, outcome);
    assert_int_equal(CV_ENOTFOUND, cv_requester_outcome(w->requester, w->now_ms, (cv_str_t){outcome, len}));
    world_destroy(w);
}

/* The deadline also counts while the service is away and for requests outside of the window. */
static void test_deadline_unsent(void **state)
{
    (void)state;
    world_t *w = world_new(1, 0, 7);
    entry_t *first = submit(w, 500), *second = submit(w, 300), *third = submit(w, 0);
    run_until(w, 2000);
    assert_int_equal(0, w->sends);
    assert_int_equal(CV_ETIMEOUT, first->done_rc);
    assert_in_range(first->done_ms, 1500, 1501);
    assert_in_range(second->done_ms, 1300, 1301);
    assert_int_equal(0, third->done);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 2100);
    assert_int_equal(1, third->done);
    assert_int_equal(CV_OK, third->done_rc);
    world_destroy(w);
}

static void test_window(void **state)
{
    (void)state;
    world_t *w = world_new(8, 0, 3);
    for (int i = 0; i < 50; i++)
        submit(w, 0);
    w->loss_percent = 100;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 100);
    assert_int_equal(8, w->sends); /* the first eight, once */
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(i<8, w->entries[i].message_len> 0);
    w->loss_percent = 0;
    run_until(w, w->now_ms + 3000);
    assert_int_equal(50, w->done_n);
    world_destroy(w);
}

/* A window of one: each is answered before the next goes out, whatever is lost. */
static void test_window_of_one_keeps_order(void **state)
{
    (void)state;
    world_t *w = world_new(1, 0, 11);
    w->loss_percent = 30;
    w->delay_max_ms = 40;
    for (int i = 0; i < 40; i++)
        submit(w, 0);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 200000);
    assert_int_equal(40, w->done_n);
    for (size_t i = 1; i < 40; i++)
        assert_true(w->entries[i].sent_first_ms >= w->entries[i - 1].done_ms);
    world_destroy(w);
}

static void test_full_pipe(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    w->pipe_full = true;
    entry_t *entry = submit(w, 0);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 1500);
    assert_int_equal(0, w->sends);
    assert_int_equal(0, entry->done);
    assert_true(cv_requester_stats(w->requester)->send_errors >= 50);
    w->pipe_full = false;
    run_until(w, 1520);
    assert_int_equal(1, entry->done);
    world_destroy(w);
}

/* The service dies with requests on the way: they go out again as soon as it is back, not after their delay. */
static void test_service_restarts(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    w->peer_away = true;
    for (int i = 0; i < 10; i++)
        submit(w, 0);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 6000);
    cv_requester_ready(w->requester, w->now_ms, false);
    size_t sends = w->sends;
    run_until(w, 20000);
    assert_int_equal(sends, w->sends);
    w->peer_away = false;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 20005);
    assert_int_equal(10, w->done_n);
    assert_int_equal(sends + 10, w->sends);
    world_destroy(w);
}

static int submit_more(void *arg, const cv_answer_t *answer)
{
    (void)answer;
    world_t *w = arg;
    if (w->entries_n < 30)
        submit(w, w->entries_n % 2 ? 100 : 0);
    return CV_OK;
}

static void test_submit_inside_done(void **state)
{
    (void)state;
    world_t *w = world_new(4, 0, 5);
    w->in_done = submit_more;
    submit(w, 50); /* times out, unsent */
    run_until(w, 1200);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 20000);
    assert_int_equal(30, w->entries_n);
    assert_int_equal(30, w->done_n);
    world_destroy(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortest_use),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_retransmission_and_deadline),
        cmocka_unit_test(test_deadline_unsent),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_window_of_one_keeps_order),
        cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_service_restarts),
        cmocka_unit_test(test_submit_inside_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
