/* follower_fixture: a follower and the log of its producer, answered and fed as the test says.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_FOLLOWER_FIXTURE_H
#define TESTS_FOLLOWER_FIXTURE_H

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
    cv_any_t *asked;    /* data of the last question */
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

static inline void on_ask(void *self, cv_str_t message)
{
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

static inline void write_record(fixture_t *f, const char *prefix)
{
    uint64_t n = f->head + 1;
    snprintf(f->log[n], SIZE, "%s%llu", prefix, (unsigned long long)n);
    f->at[n] = f->at[f->head];
    memset(f->at[n].epoch, f->epoch, CV_EPOCH_LEN);
    f->at[n].seq = n;
    cv_chain_next(f->at[f->head].chain, cv_str(f->log[n]), f->at[n].chain);
    f->head = n;
}

static inline void write_records(fixture_t *f, const char *prefix, int n)
{
    for (int i = 0; i < n; i++)
        write_record(f, prefix);
}

/* The producer's file is an older one: it has only n records. */
static inline void rewind_to(fixture_t *f, uint64_t n)
{
    f->head = n;
}

static inline void start_at(fixture_t *f, cv_position_t cursor)
{
    cv_follower_destroy(&f->follower);
    f->follower = cv_follower_new(STREAM, &cursor, on_ask, f);
    f->applied[0] = f->question[0] = '\0';
    f->questions = f->acks = 0;
}

static inline int start(void **state)
{
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

static inline int end(void **state)
{
    fixture_t *f = *state;
    cv_follower_destroy(&f->follower);
    cv_reader_destroy(&f->reader);
    free(f->asked);
    free(f);
    return 0;
}

static inline void tick(fixture_t *f, int64_t later)
{
    f->now += later;
    f->next = cv_follower_tick(f->follower, f->now);
}

/* Whether a question of this type was asked since the last look. */
static inline bool asked(fixture_t *f, uint16_t type)
{
    bool yes = f->question[0] && f->type == type && f->questions;
    f->questions = 0;
    return yes;
}

static inline void feed(fixture_t *f, uint64_t n)
{
    cv_follower_feed(f->follower, &f->at[n], cv_str(f->log[n]), f->now);
}

static inline void feed_head(fixture_t *f, uint64_t n)
{
    cv_position_t head = f->at[n];
    memset(head.epoch, f->epoch, CV_EPOCH_LEN);
    cv_follower_feed(f->follower, &head, CV_STR_NONE, f->now);
}

static inline void answer_with(fixture_t *f, uint16_t type, const void *data, const char *causation)
{
    cv_msg_t head = {.id = CV_STR("answer"),
                     .source = CV_STR("/producer"),
                     .causationid = cv_str(causation),
                     .info = cv_msg_info_at(type)};
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

static inline void answer_batch_from(fixture_t *f, uint64_t after, uint64_t max, const char *causation)
{
    static cv_str_t views[500];
    uint8_t epoch[CV_EPOCH_LEN];
    memset(epoch, f->epoch, sizeof epoch);
    size_t n = 0;
    for (uint64_t i = after + 1; i <= f->head && n < max && n < 500; i++)
        views[n++] = cv_str(f->log[i]);
    cv_log_batch_v1_t batch = {.stream = CV_STR(STREAM),
                               .epoch = {(char *)epoch, sizeof epoch},
                               .after = after,
                               .records = {.n = n, .list = views},
                               .head = f->head,
                               .oldest = 1};
    answer_with(f, CV_MSG_LOG_BATCH_V1, &batch, causation);
}

/* The honest answer to the fetch that is out. */
static inline void answer_fetch(fixture_t *f)
{
    answer_batch_from(f, f->asked->log_fetch_v1.after, 500, f->question);
}

static inline void refuse(fixture_t *f, cv_refused_code_t code)
{
    cv_log_refused_v1_t refused = {.code = code, .text = CV_STR("because")};
    answer_with(f, CV_MSG_LOG_REFUSED_V1, &refused, f->question);
}

static inline void answer_page(fixture_t *f, int64_t page, bool last, const char *record, const cv_position_t *position)
{
    uint8_t bytes[CV_POSITION_LEN];
    cv_str_t view = cv_str(record);
    cv_position_write(position, bytes);
    cv_log_page_v1_t answer = {.records = {.n = record ? 1 : 0, .list = &view},
                               .position = {(char *)bytes, sizeof bytes},
                               .has_page = true,
                               .page = page,
                               .last = last};
    answer_with(f, CV_MSG_LOG_PAGE_V1, &answer, f->question);
}

/* Applies and commits everything that is ready. */
static inline void apply(fixture_t *f)
{
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

static inline void expect(fixture_t *f, const char *applied, cv_follower_state_t state)
{
    assert_string_equal(f->applied, applied);
    assert_string_equal(cv_follower_state_text(cv_follower_state(f->follower)), cv_follower_state_text(state));
}

/* A follower that has applied everything there is. */
static inline void catch_up(fixture_t *f)
{
    tick(f, 0);
    assert_true(asked(f, CV_MSG_LOG_FETCH_V1));
    answer_fetch(f);
    apply(f);
    assert_int_equal(cv_follower_state(f->follower), CV_FOLLOWER_STATE_LIVE);
}

#endif
