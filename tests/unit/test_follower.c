/* test_follower: one follower against a scripted producer, in virtual time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/follower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define STREAM "toy.events"
enum { LOG_MAX = 16384, SIZE = 64 };

typedef struct {
    cv_follower_t *follower;
    cv_reader_t *reader;
    cv_any_t *asked;   /* data of the last question */
    char question[160]; /* its id; "": none since the last look */
    uint16_t type;
    unsigned questions, acks;
    uint64_t acked;
    int64_t now, next;
    char log[LOG_MAX][SIZE]; /* log[n]: record n of the producer */
    cv_position_t at[LOG_MAX];
    uint64_t head;
    uint8_t epoch;
    char applied[LOG_MAX * 8]; /* what was applied and committed, "a1 a2 " */
} fixture_t;

static void on_ask(void *self, cv_str_t message) {
    fixture_t *f = self;
    cv_msg_t msg;
    cv_any_t *data = calloc(1, sizeof *data);
    assert_int_equal(cv_msg_read(f->reader, message, &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, data, NULL), CV_OK);
    if (msg.info->number == CV_MSG_LOG_ACK_V1) {
        f->acks++;
        f->acked = data->log_ack_v1.cursor;
        assert_true(cv_str_is(data->log_ack_v1.stream, STREAM));
        free(data);
        return;
    }
    f->questions++;
    f->type = msg.info->number;
    assert_int_equal(cv_str_copy(msg.id, f->question, sizeof f->question), CV_OK);
    /* Only numbers are looked at later: views would point into a message that is gone. */
    *f->asked = *data;
    free(data);
}

static void write_record(fixture_t *f, const char *prefix) {
    uint64_t n = f->head + 1;
    snprintf(f->log[n], SIZE, "%s%llu", prefix, (unsigned long long)n);
    f->at[n] = f->at[f->head];
    memset(f->at[n].epoch, f->epoch, CV_EPOCH_LEN);
    f->at[n].seq = n;
    cv_chain_next(f->at[f->head].chain, cv_str(f->log[n]), f->at[n].chain);
    f->head = n;
}

/* The producer's file is an older one: it has only n records. */
static void rewind_to(fixture_t *f, uint64_t n) {
    f->head = n;
}

static void start_at(fixture_t *f, cv_position_t cursor) {
    cv_follower_destroy(&f->follower);
    f->follower = cv_follower_new(STREAM, &cursor, on_ask, f);
    f->applied[0] = f->question[0] = '\0';
    f->questions = f->acks = 0;
}

static int start(void **state) {
    fixture_t *f = calloc(1, sizeof *f);
    f->reader = cv_reader_new();
    f->asked = calloc(1, sizeof *f->asked);
    f->epoch = 0xe1;
    memset(f->at[0].epoch, 0xe1, CV_EPOCH_LEN);
    f->now = 10000;
    start_at(f, (cv_position_t){0});
    *state = f;
    return 0;
}

static int end(void **state) {
    fixture_t *f = *state;
    cv_follower_destroy(&f->follower);
    cv_reader_destroy(&f->reader);
    free(f->asked);
    free(f);
    return 0;
}

static void tick(fixture_t *f, int64_t later) {
    f->now += later;
    f->next = cv_follower_tick(f->follower, f->now);
}

/* Whether a question of this type was asked since the last look. */
static bool asked(fixture_t *f, uint16_t type) {
    bool yes = f->question[0] && f->type == type && f->questions;
    f->questions = 0;
    return yes;
}

static void feed(fixture_t *f, uint64_t n) {
    cv_follower_feed(f->follower, &f->at[n], cv_str(f->log[n]), f->now);
}

static void feed_head(fixture_t *f, uint64_t n) {
    cv_position_t head = f->at[n];
    memset(head.epoch, f->epoch, CV_EPOCH_LEN);
    cv_follower_feed(f->follower, &head, CV_STR_NONE, f->now);
}

static void answer_with(fixture_t *f, uint16_t type, const void *data, const char *causation) {
    cv_msg_t head = {.id = CV_STR("answer"), .source = CV_STR("/producer"), .causationid = cv_str(causation), .info = cv_msg_info_at(type)};
    cv_buf_t bytes;
    cv_msg_t msg;
    cv_any_t *decoded = calloc(1, sizeof *decoded);
    cv_buf_init(&bytes, 1 << 20);
    assert_int_equal(cv_msg_write(&bytes, &head, data), CV_OK);
    assert_int_equal(cv_msg_read(f->reader, cv_buf_str(&bytes), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, decoded, NULL), CV_OK);
    cv_follower_answer(f->follower, &msg, decoded, f->now);
    free(decoded);
    cv_buf_done(&bytes);
}

static void answer_batch_from(fixture_t *f, uint64_t after, uint64_t max, const char *causation) {
    static cv_str_t views[500];
    uint8_t epoch[CV_EPOCH_LEN];
    memset(epoch, f->epoch, sizeof epoch);
    size_t n = 0;
    for (uint64_t i = after + 1; i <= f->head && n < max && n < 500; i++)
        views[n++] = cv_str(f->log[i]);
    cv_log_batch_v1_t batch = {.stream = CV_STR(STREAM), .epoch = {(char *)epoch, sizeof epoch}, .after = after,
                               .records = {.n = n, .list = views}, .head = f->head, .oldest = 1};
    answer_with(f, CV_MSG_LOG_BATCH_V1, &batch, causation);
}

/* The honest answer to the fetch that is out. */
static void answer_fetch(fixture_t *f) {
    answer_batch_from(f, f->asked->log_fetch_v1.after, 500, f->question);
}

static void refuse(fixture_t *f, cv_refused_code_t code) {
    cv_log_refused_v1_t refused = {.code = code, .text = CV_STR("because")};
    answer_with(f, CV_MSG_LOG_REFUSED_V1, &refused, f->question);
}

static void answer_page(fixture_t *f, int64_t page, bool last, const char *record, const cv_position_t *position) {
    uint8_t bytes[CV_POSITION_LEN];
    cv_str_t view = cv_str(record);
    cv_position_write(position, bytes);
    cv_log_page_v1_t answer = {.records = {.n = record ? 1 : 0, .list = &view}, .position = {(char *)bytes, sizeof bytes},
                               .has_page = true, .page = page, .last = last};
    answer_with(f, CV_MSG_LOG_PAGE_V1, &answer, f->question);
}

/* Applies and commits everything that is ready. */
static void apply(fixture_t *f) {
    cv_str_t record;
    cv_position_t position;
    uint64_t before = cv_follower_position(f->follower)->seq;
    while (cv_follower_next(f->follower, &record, &position)) {
        size_t len = strlen(f->applied);
        assert_int_equal(position.seq, before + 1); /* never a hole, never twice */
        before = position.seq;
        snprintf(f->applied + len, sizeof f->applied - len, "%.*s ", CV_STR_ARG(record));
        cv_follower_applied(f->follower);
    }
    cv_follower_committed(f->follower);
}

static void expect(fixture_t *f, const char *applied, cv_follower_state_t state) {
    assert_string_equal(f->applied, applied);
    assert_string_equal(cv_follower_state_text(cv_follower_state(f->follower)), cv_follower_state_text(state));
}

/* A follower that has applied everything there is. */
static void catch_up(fixture_t *f) {
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    answer_fetch(f);
    apply(f);
    assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_LIVE);
}

/* ---- correct use -------------------------------------------------------------------------- */

static void fetch_then_live(void **state) {
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

static void rolled_back_comes_again(void **state) {
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

static void out_of_order(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 6; i++)
        write_record(f, "a");
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

static void hole_is_fetched_after_a_moment(void **state) {
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

static void head_alone_is_enough(void **state) {
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

static void silence_is_asked_about(void **state) {
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

static void lost_question_is_repeated(void **state) {
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

static void repeated_records_have_no_effect(void **state) {
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

static void batch_overlaps_live(void **state) {
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

static void far_ahead(void **state) {
    fixture_t *f = *state;
    write_record(f, "a");
    catch_up(f);
    for (int i = 0; i < 3000; i++)
        write_record(f, "a");
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
static void slow_to_apply(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 9000; i++)
        write_record(f, "a");
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

static void acknowledges(void **state) {
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

/* ---- other histories ---------------------------------------------------------------------- */

static void diverged_and_ahead_halt(void **state) {
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

static void live_record_that_does_not_fit(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 3; i++)
        write_record(f, "a");
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

static void head_of_the_same_number_and_another_chain(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 3; i++)
        write_record(f, "a");
    catch_up(f);
    rewind_to(f, 2);
    write_record(f, "b");
    feed_head(f, 3);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
}

static void head_that_stays_behind(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 3; i++)
        write_record(f, "a");
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
static void batch_of_a_rewound_producer(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 3; i++)
        write_record(f, "a");
    rewind_to(f, 1);
    catch_up(f);
    f->head = 3;
    feed_head(f, 2);
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    feed(f, 2);
    feed(f, 3);
    rewind_to(f, 1);
    for (int i = 0; i < 4; i++)
        write_record(f, "b");
    answer_batch_from(f, 1, 500, f->question);
    apply(f);
    assert_string_equal(f->applied, "a1 a2 a3 "); /* b4 does not follow a3 */
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    refuse(f, CV_REFUSED_CODE_DIVERGED);
    expect(f, "a1 a2 a3 ", CV_FOLLOWER_STATE_HALTED);
}

static void snapshot_after(fixture_t *f, cv_refused_code_t code) {
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

static void epoch_and_pruned_lead_to_a_snapshot(void **state) {
    fixture_t *f = *state;
    for (int i = 0; i < 5; i++)
        write_record(f, "a");
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

static void new_epoch_ends_a_halt(void **state) {
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
static void halted_snapshot_stays_halted(void **state) {
    fixture_t *f = *state;
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    for (int i = 0; i < 3; i++)
        write_record(f, "a");
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

static void snapshot_expires_between_pages(void **state) {
    fixture_t *f = *state;
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    for (int i = 0; i < 3; i++)
        write_record(f, "a");
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

static void other_refusals_are_visible_and_repeated(void **state) {
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
static void a_restored_history_goes_on(void **state) {
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
static void a_restored_history_is_asked_for_the_place_we_stand_at(void **state) {
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


int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(fetch_then_live), T(rolled_back_comes_again),
        T(out_of_order), T(hole_is_fetched_after_a_moment), T(head_alone_is_enough), T(silence_is_asked_about),
        T(lost_question_is_repeated), T(repeated_records_have_no_effect), T(batch_overlaps_live), T(far_ahead), T(slow_to_apply),
        T(acknowledges),
        T(diverged_and_ahead_halt), T(live_record_that_does_not_fit), T(head_of_the_same_number_and_another_chain),
        T(head_that_stays_behind), T(batch_of_a_rewound_producer), T(epoch_and_pruned_lead_to_a_snapshot),
        T(new_epoch_ends_a_halt), T(halted_snapshot_stays_halted), T(snapshot_expires_between_pages),
        T(other_refusals_are_visible_and_repeated), T(a_restored_history_goes_on),
        T(a_restored_history_is_asked_for_the_place_we_stand_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
