/* test_follower_histories: producers that were restored, rewound, pruned: snapshot, halt, or going on.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "follower_fixture.h"

static void diverged_and_ahead_halt(void **state)
{
    fixture_t *f = *state;
    const cv_refused_code_t codes[] = {CV_REFUSED_CODE_DIVERGED, CV_REFUSED_CODE_AHEAD};
    for (size_t i = 0; i < 2; i++) {
        start_at(f, f->at[f->head]);
        write_record(f, "a");
        tick(f, 0);
        refuse(f, codes[i]);
        assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_HALTED);
        assert_non_null(strstr(cv_follower_error(f->follower), "because"));
        f->questions = 0;
        feed(f, f->head);
        feed_head(f, f->head);
        tick(f, 100000);
        assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
        assert_false(cv_follower_has_work(f->follower));
        apply(f);
        assert_string_equal(f->applied, "");
    }
}

static void live_record_that_does_not_fit(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 3);
    catch_up(f);
    rewind_to(f, 2);
    write_record(f, "b"); /* another third record */
    write_record(f, "b");
    feed(f, 4);
    apply(f);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_CATCHUP);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1)); /* the producer must say DIVERGED */
    refuse(f, CV_REFUSED_CODE_DIVERGED);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_HALTED);
}

static void head_of_the_same_number_and_another_chain(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 3);
    catch_up(f);
    rewind_to(f, 2);
    write_record(f, "b");
    feed_head(f, 3);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
}

static void head_that_stays_behind(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 3);
    catch_up(f);
    feed_head(f, 2); /* overtaken: not worth a question */
    tick(f, 0);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
    f->now += CV_FOLLOW_RETRY_MS + 1;
    feed_head(f, 2);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    refuse(f, CV_REFUSED_CODE_AHEAD);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_HALTED);
}

/* Asked from 1; then 2 and 3 came live; then the producer's file was put back and it answers from another history. */
static void batch_of_a_rewound_producer(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 3);
    rewind_to(f, 1);
    catch_up(f);
    f->head = 3;
    feed_head(f, 2);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    feed(f, 2);
    feed(f, 3);
    rewind_to(f, 1);
    write_records(f, "b", 4);
    answer_batch_from(f, 1, 500, f->question);
    apply(f);
    assert_string_equal(f->applied, "a1 a2 a3 "); /* b4 does not follow a3 */
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    refuse(f, CV_REFUSED_CODE_DIVERGED);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_HALTED);
}

static void snapshot_after(fixture_t *f, cv_refused_code_t code)
{
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    refuse(f, code);
    assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_SNAPSHOT);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_SNAPSHOT_V1));
    assert_int_equal(f->asked->log_snapshot_v1.page, 0);
    answer_page(f, 0, false, "state 1", &f->at[f->head]);
    assert_false(cv_follower_snapshot(f->follower, &records, &n, &position));
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_SNAPSHOT_V1));
    assert_int_equal(f->asked->log_snapshot_v1.page, 1);
    answer_page(f, 1, true, "state 2", &f->at[f->head]);
    tick(f, 0);
    assert_false(asked(f, CV_MSG_LOG_SNAPSHOT_V1));
    assert_true(cv_follower_has_work(f->follower));
    assert_true(cv_follower_snapshot(f->follower, &records, &n, &position));
    assert_int_equal(n, 2);
    assert_true(cv_str_is(records[0], "state 1") && cv_str_is(records[1], "state 2"));
    assert_memory_equal(&position, &f->at[f->head], sizeof position);
    cv_follower_snapshot_applied(f->follower, f->now);
    assert_false(cv_follower_snapshot(f->follower, &records, &n, &position));
    assert_memory_equal(cv_follower_cursor(f->follower), &f->at[f->head], sizeof position);
    write_record(f, "a");
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1)); /* what happened since */
    answer_fetch(f);
    apply(f);
    assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_LIVE);
    assert_memory_equal(cv_follower_cursor(f->follower), &f->at[f->head], sizeof position);
}

static void epoch_and_pruned_lead_to_a_snapshot(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 5);
    tick(f, 0);
    snapshot_after(f, CV_REFUSED_CODE_PRUNED);
    f->epoch = 0xe2; /* restored */
    rewind_to(f, 3);
    f->at[3].epoch[0] = 0xe2;
    memset(f->at[3].epoch, 0xe2, CV_EPOCH_LEN);
    feed_head(f, 3);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    snapshot_after(f, CV_REFUSED_CODE_EPOCH);
}

static void new_epoch_ends_a_halt(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    write_record(f, "a");
    catch_up(f);
    cv_follower_halt(f->follower, "poison");
    f->epoch = 0xe2;
    rewind_to(f, 1);
    memset(f->at[1].epoch, 0xe2, CV_EPOCH_LEN);
    feed_head(f, 1);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    snapshot_after(f, CV_REFUSED_CODE_EPOCH);
    assert_string_equal(cv_follower_error(f->follower), "");
}

/* A snapshot that cannot be applied: halted, and further heads of the same history change nothing. */
static void halted_snapshot_stays_halted(void **state)
{
    fixture_t *f = *state;
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    write_records(f, "a", 3);
    catch_up(f);
    f->epoch = 0xe2;
    for (int i = 1; i <= 3; i++)
        memset(f->at[i].epoch, 0xe2, CV_EPOCH_LEN);
    feed_head(f, 3);
    tick(f, 0);
    refuse(f, CV_REFUSED_CODE_EPOCH);
    tick(f, 0);
    answer_page(f, 0, true, "cannot be applied", &f->at[3]);
    assert_true(cv_follower_snapshot(f->follower, &records, &n, &position));
    cv_follower_halt(f->follower, "the snapshot cannot be applied");
    for (int i = 0; i < 5; i++) {
        f->now += 1000;
        feed_head(f, 3);
        tick(f, 0);
        assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_HALTED);
        assert_false(cv_follower_has_work(f->follower));
    }
    /* Yet another restore does: with a new snapshot, not the old one. */
    f->epoch = 0xe3;
    for (int i = 1; i <= 3; i++)
        memset(f->at[i].epoch, 0xe3, CV_EPOCH_LEN);
    feed_head(f, 3);
    assert_false(cv_follower_has_work(f->follower));
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1) || f->type == CV_MSG_LOG_SNAPSHOT_V1);
    snapshot_after(f, CV_REFUSED_CODE_EPOCH);
}

static void snapshot_expires_between_pages(void **state)
{
    fixture_t *f = *state;
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    write_records(f, "a", 3);
    tick(f, 0);
    refuse(f, CV_REFUSED_CODE_PRUNED);
    tick(f, 0);
    answer_page(f, 0, false, "old", &f->at[2]);
    tick(f, 0);
    assert_int_equal(f->asked->log_snapshot_v1.page, 1);
    refuse(f, CV_REFUSED_CODE_NOTFOUND);
    tick(f, 0);
    f->questions = 0;
    tick(f, CV_FOLLOW_RETRY_MS);
    assert_true(asked(f, CV_MSG_LOG_SNAPSHOT_V1));
    assert_int_equal(f->asked->log_snapshot_v1.page, 0);
    answer_page(f, 0, false, "new 0", &f->at[3]);
    tick(f, 0);
    answer_page(f, 1, true, "new 1 of another", &f->at[2]); /* another snapshot's page: begin again */
    assert_false(cv_follower_has_work(f->follower));
    tick(f, 0);
    assert_int_equal(f->asked->log_snapshot_v1.page, 0);
    answer_page(f, 0, true, "new", &f->at[3]);
    assert_true(cv_follower_snapshot(f->follower, &records, &n, &position));
    assert_int_equal(n, 1);
    assert_true(cv_str_is(records[0], "new"));
    assert_int_equal(position.seq, 3);
}

static void other_refusals_are_visible_and_repeated(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    const cv_refused_code_t codes[] = {CV_REFUSED_CODE_UNAVAILABLE, CV_REFUSED_CODE_DENIED, CV_REFUSED_CODE_NOTFOUND,
                                       CV_REFUSED_CODE_BUSY, CV_REFUSED_CODE_INTERNAL};
    tick(f, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
        refuse(f, codes[i]);
        assert_non_null(strstr(cv_follower_error(f->follower), cv_refused_code_text(codes[i])));
        assert_int_not_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_HALTED);
        tick(f, CV_FOLLOW_RETRY_MS - 1);
        assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
        tick(f, 1);
    }
    answer_fetch(f);
    assert_string_equal(cv_follower_error(f->follower), "");
    apply(f);
    expect(f, "a1 ", CV_FOLLOWER_STATE_LIVE);
}

/* A batch of another epoch for the very place that was asked from: a restore that holds all we have seen. */
static void a_restored_history_goes_on(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_record(f, "a");
    feed_head(f, 2);
    tick(f, 0);
    f->epoch = 0x99;
    answer_batch_from(f, 1, 500, f->question);
    apply(f);
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
    assert_int_equal(cv_follower_cursor(f->follower)->epoch[0], 0x99);
}

/* The same, but something of the old history came in between: the answer says nothing about that. */
static void a_restored_history_is_asked_for_the_place_we_stand_at(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_record(f, "a");
    feed_head(f, 2);
    tick(f, 0);
    feed(f, 2);
    f->epoch = 0x99;
    answer_batch_from(f, 1, 500, f->question);
    f->epoch = 0xe1;
    apply(f);
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
    assert_int_equal(cv_follower_cursor(f->follower)->epoch[0], 0xe1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(diverged_and_ahead_halt),
        T(live_record_that_does_not_fit),
        T(head_of_the_same_number_and_another_chain),
        T(head_that_stays_behind),
        T(batch_of_a_rewound_producer),
        T(epoch_and_pruned_lead_to_a_snapshot),
        T(new_epoch_ends_a_halt),
        T(halted_snapshot_stays_halted),
        T(snapshot_expires_between_pages),
        T(other_refusals_are_visible_and_repeated),
        T(a_restored_history_goes_on),
        T(a_restored_history_is_asked_for_the_place_we_stand_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
