/* test_follower: one follower against a scripted producer, in virtual time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "follower_fixture.h"

/* ---- correct use -------------------------------------------------------------------------- */

static void fetch_then_live(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    write_record(f, "a");
    assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_NEW);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    assert_int_equal(f->asked->log_fetch_v1.after, 0);
    answer_fetch(f);
    assert_true(cv_follower_has_work(f->follower));
    apply(f);
    assert_false(cv_follower_has_work(f->follower));
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
    assert_memory_equal(cv_follower_cursor(f->follower), &f->at[2], sizeof f->at[2]);
    write_record(f, "a");
    feed(f, 3);
    apply(f);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_LIVE);
    tick(f, 0);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1)); /* live costs no question */
}

/* Nothing was ever written: there is nothing to acknowledge, and nothing to be awake for. */
static void an_empty_stream_costs_nothing(void **state)
{
    fixture_t *f = *state;
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    answer_fetch(f);
    for (int i = 0; i < 50; ++i) {
        feed_head(f, 0);
        tick(f, 100);
        assert_true(f->next > f->now);
    }
}

static void rolled_back_comes_again(void **state)
{
    fixture_t *f = *state;
    cv_str_t record;
    cv_position_t position;
    write_record(f, "a");
    write_record(f, "a");
    tick(f, 0);
    answer_fetch(f);
    assert_true(cv_follower_next(f->follower, &record, &position));
    cv_follower_applied(f->follower);
    assert_true(cv_follower_next(f->follower, &record, &position));
    assert_true(cv_str_is(record, "a2"));
    cv_follower_applied(f->follower);
    assert_int_equal(cv_follower_position(f->follower)->seq, 2);
    assert_int_equal(cv_follower_cursor(f->follower)->seq, 0);
    cv_follower_rolled_back(f->follower);
    assert_int_equal(cv_follower_position(f->follower)->seq, 0);
    apply(f);
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
}

/* ---- the network -------------------------------------------------------------------------- */

static void out_of_order(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 6);
    rewind_to(f, 1);
    catch_up(f);
    f->head = 6;
    feed(f, 4);
    feed(f, 3);
    feed(f, 6);
    apply(f);
    expect(f, "a1 ", CV_FOLLOWER_STATE_CATCHUP);
    feed(f, 2);
    apply(f);
    expect(f, "a1 a2 a3 a4 ", CV_FOLLOWER_STATE_CATCHUP);
    feed(f, 5);
    apply(f);
    expect(f, "a1 a2 a3 a4 a5 a6 ", CV_FOLLOWER_STATE_LIVE);
    tick(f, 0);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
}

static void hole_is_fetched_after_a_moment(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_record(f, "a");
    write_record(f, "a");
    feed(f, 3);
    tick(f, 0);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
    assert_int_equal(f->next, f->now + CV_FOLLOW_HOLE_MS);
    tick(f, CV_FOLLOW_HOLE_MS);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    assert_int_equal(f->asked->log_fetch_v1.after, 1);
    answer_batch_from(f, 1, 1, f->question); /* only the hole comes, the rest waits in the window */
    apply(f);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_LIVE);
}

static void head_alone_is_enough(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_record(f, "a");
    feed_head(f, 2);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    answer_fetch(f);
    apply(f);
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
}

static void silence_is_asked_about(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_record(f, "a");
    tick(f, CV_FOLLOW_SILENCE_MS - 1);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
    tick(f, 1);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    answer_fetch(f);
    apply(f);
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
}

static void lost_question_is_repeated(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    tick(f, CV_FOLLOW_RETRY_MS - 1);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
    tick(f, 1);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    char first[160];
    snprintf(first, sizeof first, "%s", f->question);
    tick(f, CV_FOLLOW_RETRY_MS);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    answer_batch_from(f, 0, 500, first); /* the answer to an older question is not for us */
    apply(f);
    expect(f, "", CV_FOLLOWER_STATE_NEW);
    answer_fetch(f);
    answer_fetch(f); /* and twice is once */
    apply(f);
    expect(f, "a1 ", CV_FOLLOWER_STATE_LIVE);
}

static void repeated_records_have_no_effect(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    write_record(f, "a");
    catch_up(f);
    for (int i = 0; i < 3; i++) {
        feed(f, 1);
        feed(f, 2);
    }
    apply(f);
    expect(f, "a1 a2 ", CV_FOLLOWER_STATE_LIVE);
}

static void batch_overlaps_live(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_record(f, "a");
    feed_head(f, 2);
    tick(f, 0);
    write_record(f, "a");
    feed(f, 2);
    feed(f, 3);
    answer_fetch(f);
    apply(f);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_LIVE);
}

static void far_ahead(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    write_records(f, "a", 3000);
    feed(f, 3001);
    feed(f, 2000);
    feed(f, 976); /* the same slot as 2000 would have */
    for (int i = 0; i < 20 && cv_follower_state(f->follower) != CV_FOLLOWER_STATE_LIVE; i++) {
        tick(f, CV_FOLLOW_HOLE_MS);
        if (asked(f, CV_MSG_LOG_FETCH_V1))
            answer_fetch(f);
        apply(f);
    }
    assert_int_equal(cv_follower_cursor(f->follower)->seq, 3001);
    assert_memory_equal(cv_follower_cursor(f->follower), &f->at[3001], sizeof f->at[0]);
}

/* 8,192 records wait to be applied: what comes then is fetched later, and no question is asked meanwhile. */
static void slow_to_apply(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 9000);
    tick(f, 0);
    for (int i = 0; i < 30 && asked(f, CV_MSG_LOG_FETCH_V1); i++) {
        answer_fetch(f);
        tick(f, 0);
    }
    feed(f, 9000);
    tick(f, 0);
    assert_false(asked(f, CV_MSG_LOG_FETCH_V1));
    apply(f);
    assert_int_equal(cv_follower_cursor(f->follower)->seq, 8192);
    for (int i = 0; i < 5 && cv_follower_state(f->follower) != CV_FOLLOWER_STATE_LIVE; i++) {
        tick(f, CV_FOLLOW_HOLE_MS);
        if (asked(f, CV_MSG_LOG_FETCH_V1))
            answer_fetch(f);
        apply(f);
    }
    assert_memory_equal(cv_follower_cursor(f->follower), &f->at[9000], sizeof f->at[0]);
}

static void acknowledges(void **state)
{
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    tick(f, 0);
    assert_int_equal(f->acks, 1);
    assert_int_equal(f->acked, 1);
    write_record(f, "a");
    feed(f, 2);
    apply(f);
    tick(f, CV_FOLLOW_ACK_MS - 1);
    assert_int_equal(f->acks, 1);
    assert_true(f->next <= f->now + 1);
    tick(f, 1);
    assert_int_equal(f->acks, 2);
    assert_int_equal(f->acked, 2);
}

/* What the log had at the first answer, not what is written since. */
static void the_end_is_reached(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 3);
    tick(f, 0);
    feed_head(f, 3);
    assert_false(cv_follower_reached_end(f->follower)); /* a head on the feed is no answer of the log */
    answer_batch_from(f, 0, 2, f->question);
    apply(f);
    assert_false(cv_follower_reached_end(f->follower));
    write_records(f, "a", 5);
    tick(f, 0);
    answer_batch_from(f, 2, 1, f->question);
    cv_str_t record;
    cv_position_t position;
    assert_true(cv_follower_next(f->follower, &record, &position));
    cv_follower_applied(f->follower);
    assert_true(cv_follower_reached_end(f->follower)); /* in the open transaction */
    cv_follower_rolled_back(f->follower);
    assert_false(cv_follower_reached_end(f->follower));
    apply(f);
    assert_true(cv_follower_reached_end(f->follower));
}

static void an_empty_stream_has_its_end(void **state)
{
    fixture_t *f = *state;
    assert_false(cv_follower_reached_end(f->follower));
    tick(f, 0);
    assert_false(cv_follower_reached_end(f->follower));
    answer_fetch(f);
    assert_true(cv_follower_reached_end(f->follower));
}

static void a_snapshot_is_the_end(void **state)
{
    fixture_t *f = *state;
    write_records(f, "a", 4);
    tick(f, 0);
    refuse(f, CV_REFUSED_CODE_PRUNED);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_SNAPSHOT_V1));
    answer_page(f, 0, true, "state", &f->at[4]);
    assert_false(cv_follower_reached_end(f->follower));
    cv_follower_snapshot_applied(f->follower, f->now);
    assert_true(cv_follower_reached_end(f->follower));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(fetch_then_live),
        T(an_empty_stream_costs_nothing),
        T(rolled_back_comes_again),
        T(out_of_order),
        T(hole_is_fetched_after_a_moment),
        T(head_alone_is_enough),
        T(silence_is_asked_about),
        T(lost_question_is_repeated),
        T(repeated_records_have_no_effect),
        T(batch_overlaps_live),
        T(far_ahead),
        T(slow_to_apply),
        T(acknowledges),
        T(the_end_is_reached),
        T(an_empty_stream_has_its_end),
        T(a_snapshot_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
