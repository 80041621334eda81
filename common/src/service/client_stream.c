/* client_stream: the following side of the client library: sockets and a loop around the follower.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The follower (follower.h) knows what to take, hold back and ask for; here are only its two sockets, and the rule that
 * one event is handed over, and counted as handed over, before the next. The position in memory is never ahead of what
 * the callback accepted, so a caller that stores it with its effects can stop anywhere.
 */
#include "net/client.h"
#include "service/follower.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAIN_MAX = 256,
    SLEEP_MAX_MS = 1000,
    WAIT_MAX_MS = 86400000, /* longest wait of one call: a day */
    CONNECT_LOOK_MS = 5,    /* while a question waits for its connection */
    ANSWERS_DUE_MS = 5000,  /* questions and no answer for so long: a new connection */
};

struct cv_stream {
    cv_client_t *client;
    char service[CV_NAME_MAX + 1];
    char name[CV_MAX_TOPIC];
    void *feed, *log;
    cv_buf_t question; /* could not leave yet */
    int64_t asked_ms;  /* first question since the last answer; 0: none open */
    cv_follower_t *follower;
    cv_reader_t *reader;
    cv_any_t *data; /* decoded record or answer */
    uint64_t records;
    int refused;   /* CV_EDENIED and the like: for good */
    bool answered; /* the log has said where its head is: a head on the feed alone may be of another history */
};

/* A question leaves as soon as there is a connection; a newer one takes its place. */
static void ask(cv_stream_t *self)
{
    if (!self->question.len || !self->log ||
        zmq_send(self->log, self->question.ptr, self->question.len, ZMQ_DONTWAIT) < 0)
        return;
    cv_buf_clear(&self->question);
    if (!self->asked_ms)
        self->asked_ms = cv_clock_mono_ms();
}

static void on_ask(void *arg, cv_str_t message)
{
    cv_stream_t *self = arg;
    cv_buf_clear(&self->question);
    if (cv_buf_put(&self->question, message.ptr, message.len) != CV_OK)
        cv_buf_clear(&self->question); /* out of memory: the follower asks again */
    ask(self);
}

int cv_client_follow(cv_client_t *client, const char *service, const char *stream, const cv_position_t *after,
                     cv_stream_t **ret_stream)
{
    static const cv_position_t start;
    cv_stream_t *self = calloc(1, sizeof *self);
    if (!self)
        return CV_ENOMEM;
    self->client = client;
    cv_buf_init(&self->question, CV_MAX_REQUEST);
    char topic[CV_MAX_TOPIC];
    int n = snprintf(topic, sizeof topic, "%s|", stream);
    int rc = n < 0 || n >= (int)sizeof topic ? CV_EINVAL : cv_str_copy(cv_str(stream), self->name, sizeof self->name);
    if (rc == CV_OK)
        rc = cv_str_copy(cv_str(service), self->service, sizeof self->service);
    if (rc == CV_OK)
        rc = cv_client_connect(client, service, CV_SOCKET_SUBSCRIBER, &self->feed);
    if (rc == CV_OK && zmq_setsockopt(self->feed, ZMQ_SUBSCRIBE, topic, (size_t)n) < 0)
        rc = CV_EINTERNAL;
    if (rc == CV_OK)
        rc = cv_client_connect(client, service, CV_SOCKET_QUESTIONS, &self->log);
    if (rc == CV_OK) {
        self->follower = cv_follower_new(self->name, after ? after : &start, on_ask, self);
        self->reader = cv_reader_new();
        self->data = calloc(1, sizeof *self->data);
        if (!self->follower || !self->reader || !self->data)
            rc = CV_ENOMEM;
    }
    if (rc != CV_OK) {
        cv_stream_destroy(&self);
        return rc;
    }
    *ret_stream = self;
    return CV_OK;
}

void cv_stream_destroy(cv_stream_t **stream)
{
    cv_stream_t *self = *stream;
    if (!self)
        return;
    cv_socket_close(&self->feed, 0);
    cv_socket_close(&self->log, 0);
    cv_buf_done(&self->question);
    cv_follower_destroy(&self->follower);
    cv_reader_destroy(&self->reader);
    free(self->data);
    free(self);
    *stream = NULL;
}

/* ---- input ------------------------------------------------------------------------------- */

static void drain_feed(cv_stream_t *self, int64_t mono_ms)
{
    cv_frames_t frames;
    for (int i = 0, rc;
         i < DRAIN_MAX && (rc = cv_frames_recv(&frames, self->feed, 3)) != CV_EAGAIN && rc != CV_EUNAVAIL; i++) {
        if (rc != CV_OK)
            continue;
        cv_position_t position;
        if (frames.n >= 2 && cv_position_read(cv_frames_at(&frames, 1), &position) == CV_OK)
            cv_follower_feed_frame(self->follower, &position, frames.n == 3 ? cv_frames_at(&frames, 2) : CV_STR_NONE,
                                   mono_ms);
        cv_frames_done(&frames);
    }
}

static void reconnect(cv_stream_t *self)
{
    cv_socket_close(&self->log, 0);
    self->asked_ms = 0;
    /* It could be opened before; should that fail now, the next turn tries again. */
    int rc = cv_client_connect(self->client, self->service, CV_SOCKET_QUESTIONS, &self->log);
    (void)rc;
}

/* What asking again does not change; the follower itself would try for ever. */
static int hopeless(const cv_any_t *answer)
{
    switch (answer->log_refused_v1.code) {
    case CV_REFUSED_CODE_DENIED:
        return CV_EDENIED;
    case CV_REFUSED_CODE_INVALID:
        return CV_EINVAL;
    case CV_REFUSED_CODE_NOTFOUND: /* a snapshot that expired, or no such stream */
        return cv_str_is(answer->log_refused_v1.field, "data.stream") ? CV_ENOTFOUND : CV_OK;
    case CV_REFUSED_CODE_ABSENT:
    case CV_REFUSED_CODE_EPOCH:
    case CV_REFUSED_CODE_PRUNED:
    case CV_REFUSED_CODE_DIVERGED:
    case CV_REFUSED_CODE_AHEAD:
    case CV_REFUSED_CODE_UNAVAILABLE:
    case CV_REFUSED_CODE_BUSY:
    case CV_REFUSED_CODE_INTERNAL:
    default:
        return CV_OK;
    }
}

static void drain_log(cv_stream_t *self, int64_t mono_ms)
{
    cv_frames_t frames;
    for (int i = 0, rc; i < DRAIN_MAX && (rc = cv_frames_recv(&frames, self->log, 1)) != CV_EAGAIN && rc != CV_EUNAVAIL;
         i++) {
        if (rc != CV_OK)
            continue;
        self->asked_ms = 0;
        cv_msg_t msg;
        if (cv_msg_read(self->reader, cv_frames_at(&frames, 0), &msg, NULL) == CV_OK && msg.info &&
            msg.info->kind == CV_KIND_LOG && msg.info->decode(msg.data, self->data, NULL) == CV_OK) {
            cv_follower_answer(self->follower, &msg, self->data, mono_ms);
            self->answered |= msg.info->number == CV_MSG_LOG_BATCH_V1;
            if (msg.info->number == CV_MSG_LOG_REFUSED_V1)
                self->refused = hopeless(self->data);
        }
        cv_frames_done(&frames);
    }
    if (self->asked_ms && mono_ms - self->asked_ms >= ANSWERS_DUE_MS)
        reconnect(self);
}

/* ---- output ------------------------------------------------------------------------------ */

/* opened: what a sealed record says, if that came with it; msg and data are of it, raw stays the record. */
static int hand_over(cv_stream_t *self, cv_stream_event_t *event, cv_str_t opened,
                     int (*each)(void *arg, const cv_stream_event_t *event), void *arg)
{
    event->service = self->service;
    event->stream = self->name;
    cv_str_t message = opened.ptr ? opened : event->raw;
    if (message.ptr && cv_msg_read(self->reader, message, &event->msg, NULL) == CV_OK && event->msg.info &&
        event->msg.info->decode(event->msg.data, self->data, NULL) == CV_OK)
        event->data = self->data;
    return each(arg, event);
}

static int hand_over_snapshot(cv_stream_t *self, const cv_str_t *records, size_t n, const cv_position_t *position,
                              int (*each)(void *arg, const cv_stream_event_t *event), void *arg)
{
    cv_stream_event_t event = {.what = CV_STREAM_SNAPSHOT_BEGIN};
    int rc = hand_over(self, &event, CV_STR_NONE, each, arg);
    for (size_t i = 0; rc >= 0 && i < n; i++) {
        event = (cv_stream_event_t){.what = CV_STREAM_SNAPSHOT_RECORD, .raw = records[i]};
        rc = hand_over(self, &event, CV_STR_NONE, each, arg);
    }
    if (rc >= 0) {
        event = (cv_stream_event_t){.what = CV_STREAM_SNAPSHOT_END, .position = *position};
        rc = hand_over(self, &event, CV_STR_NONE, each, arg);
    }
    return rc;
}

static int hand_over_all(cv_stream_t *self, int (*each)(void *arg, const cv_stream_event_t *event), void *arg)
{
    int handed = 0;
    const cv_str_t *records;
    size_t n;
    cv_position_t position;
    if (cv_follower_snapshot(self->follower, &records, &n, &position)) {
        int rc = hand_over_snapshot(self, records, n, &position, each, arg);
        if (rc < 0)
            return rc;
        cv_follower_snapshot_applied(self->follower, cv_clock_mono_ms());
        handed += (int)n + 2;
    }
    cv_stream_event_t event = {.what = CV_STREAM_RECORD};
    while (handed < DRAIN_MAX && cv_follower_next(self->follower, &event.raw, &event.position)) {
        int rc = hand_over(self, &event, cv_follower_opened(self->follower), each, arg);
        if (rc < 0)
            return rc;
        cv_follower_applied(self->follower);
        cv_follower_committed(self->follower);
        self->records++;
        handed++;
        event = (cv_stream_event_t){.what = CV_STREAM_RECORD};
    }
    return handed;
}

int cv_stream_poll(cv_stream_t *self, int64_t timeout_ms, int (*each)(void *arg, const cv_stream_event_t *event),
                   void *arg)
{
    int64_t end_ms = cv_clock_mono_ms() + (timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS);
    for (;;) {
        if (!self->log)
            reconnect(self);
        int64_t now_ms = cv_clock_mono_ms();
        drain_feed(self, now_ms);
        if (self->log)
            drain_log(self, now_ms);
        int64_t next_ms = cv_follower_tick(self->follower, now_ms);
        ask(self);
        int handed = hand_over_all(self, each, arg);
        if (handed)
            return handed;
        if (cv_follower_state(self->follower) == CV_FOLLOWER_STATE_HALTED)
            return CV_EDIVERGED;
        if (self->refused != CV_OK)
            return self->refused;
        now_ms = cv_clock_mono_ms();
        if (now_ms >= end_ms)
            return 0;
        int64_t sleep_ms = (next_ms < end_ms ? next_ms : end_ms) - now_ms;
        if (self->question.len && sleep_ms > CONNECT_LOOK_MS)
            sleep_ms = CONNECT_LOOK_MS;
        if (sleep_ms < 0)
            sleep_ms = 0;
        zmq_pollitem_t items[2] = {{.socket = self->feed, .events = ZMQ_POLLIN},
                                   {.socket = self->log, .events = ZMQ_POLLIN}};
        if (zmq_poll(items, self->log ? 2 : 1, sleep_ms > SLEEP_MAX_MS ? SLEEP_MAX_MS : (long)sleep_ms) < 0 &&
            errno == EINTR)
            return 0;
    }
}

cv_stream_status_t cv_stream_status(const cv_stream_t *self)
{
    cv_follower_state_t state = cv_follower_state(self->follower);
    return (cv_stream_status_t){.state = cv_follower_state_text(state),
                                .live = state == CV_FOLLOWER_STATE_LIVE && self->answered,
                                .halted = state == CV_FOLLOWER_STATE_HALTED,
                                .cursor = cv_follower_cursor(self->follower)->seq,
                                .head = cv_follower_head(self->follower),
                                .records = self->records,
                                .error = cv_follower_error(self->follower)};
}
