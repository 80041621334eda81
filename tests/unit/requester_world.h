/* requester_world: the requester against a scripted service, in virtual time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The peer remembers its first answer to each id and repeats its bytes, as a service does. Between the two lies a
 * network that loses, repeats and reorders by a seeded generator; time moves only when the test says so.
 */
#ifndef TESTS_REQUESTER_WORLD_H
#define TESTS_REQUESTER_WORLD_H

#include "net/requester.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IDS_MAX = 2048, WIRE_MAX = 8192, MESSAGE_MAX = 512 };

typedef struct {
    char id[CV_UUID_TEXT + 1];
    uint32_t seen;             /* requests with this id that arrived */
    uint32_t busy;             /* answer BUSY to this many first */
    uint32_t decided;          /* times the peer decided; must stay at most 1 */
    char message[MESSAGE_MAX]; /* bytes of the first request */
    size_t message_len;
    char raw[MESSAGE_MAX]; /* bytes of the outcome */
    size_t raw_len;
    uint32_t done; /* times the requester said it was done */
    int done_rc;
    int done_class;
    int64_t done_ms, sent_first_ms, sent_last_ms;
} entry_t;

typedef struct {
    int64_t at_ms;
    uint64_t order;
    bool to_peer, gone;
    char bytes[MESSAGE_MAX];
    size_t len;
} parcel_t;

typedef struct {
    cv_requester_t *requester;
    int64_t now_ms;
    entry_t *entries;
    size_t entries_n;
    parcel_t *wire;
    size_t wire_n;
    uint64_t order, random;
    unsigned loss_percent, repeat_percent;
    int64_t delay_max_ms;
    bool pipe_full;
    bool peer_away;
    int64_t retry_after_ms;
    size_t sends, flying_max;
    size_t done_n;
    char last_topic[64];
    int (*in_done)(void *world, const cv_answer_t *answer);
} world_t;

static inline uint64_t draw(world_t *w, uint64_t below)
{
    w->random = w->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below ? (w->random >> 33) % below : 0;
}

static inline entry_t *entry_of(world_t *w, const char *id, size_t len)
{
    for (size_t i = 0; i < w->entries_n; i++)
        if (len == CV_UUID_TEXT && memcmp(w->entries[i].id, id, len) == 0)
            return &w->entries[i];
    fail_msg("unknown id %.*s", (int)len, id);
    return NULL;
}

static inline void post(world_t *w, bool to_peer, const char *bytes, size_t len)
{
    assert_true(len <= MESSAGE_MAX);
    unsigned copies = draw(w, 100) < w->repeat_percent ? 2 : 1;
    if (draw(w, 100) < w->loss_percent)
        copies = 0;
    for (unsigned i = 0; i < copies; i++) {
        assert_true(w->wire_n < WIRE_MAX);
        parcel_t *parcel = &w->wire[w->wire_n++];
        *parcel = (parcel_t){.at_ms = w->now_ms + 1 + (int64_t)draw(w, (uint64_t)w->delay_max_ms),
                             .order = w->order++,
                             .to_peer = to_peer,
                             .len = len};
        memcpy(parcel->bytes, bytes, len);
    }
}

static inline size_t write_message(cv_str_t id, uint16_t type, const void *data, cv_str_t cause,
                                   char ret_bytes[MESSAGE_MAX])
{
    cv_msg_t head = {.id = id,
                     .source = CV_STR("/test"),
                     .subject = CV_STR("E1"),
                     .time_ms = 1764000000000,
                     .causationid = cause,
                     .info = cv_msg_info_at(type)};
    if (head.info->kind == CV_KIND_REQUEST)
        head.inbox = CV_STR("inbox-of-the-test");
    cv_buf_t buf;
    cv_buf_init(&buf, MESSAGE_MAX);
    assert_int_equal(CV_OK, cv_msg_write(&buf, &head, data));
    memcpy(ret_bytes, buf.ptr, buf.len);
    size_t len = buf.len;
    cv_buf_done(&buf);
    return len;
}

static inline size_t write_outcome(const char *id, cv_outcome_class_t cls, int64_t retry_after_ms,
                                   char ret_bytes[MESSAGE_MAX])
{
    cv_outcome_v1_t outcome = {.cls = cls, .code = CV_STR("code"), .text = CV_STR("a sentence")};
    if (retry_after_ms) {
        outcome.has_retry_after_ms = true;
        outcome.retry_after_ms = retry_after_ms;
    }
    return write_message(cv_str(id), CV_MSG_OUTCOME_V1, &outcome, cv_str(id), ret_bytes);
}

/* ---- the requester's side ----------------------------------------------------------------- */

static inline int on_send(void *arg, cv_str_t topic, cv_str_t message)
{
    world_t *w = arg;
    if (w->pipe_full)
        return CV_EAGAIN;
    assert_int_equal(CV_OK, cv_str_copy(topic, w->last_topic, sizeof w->last_topic));
    w->sends++;
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    assert_int_equal(CV_OK, cv_msg_read(reader, message, &msg, NULL));
    entry_t *entry = entry_of(w, msg.id.ptr, msg.id.len);
    assert_true(entry->done == 0); /* nothing is asked again after its answer */
    if (!entry->message_len) {
        memcpy(entry->message, message.ptr, message.len);
        entry->message_len = message.len;
        entry->sent_first_ms = w->now_ms;
    }
    entry->sent_last_ms = w->now_ms;
    assert_int_equal(entry->message_len, message.len); /* the same bytes at each repetition */
    assert_memory_equal(entry->message, message.ptr, message.len);
    cv_reader_destroy(&reader);
    post(w, true, message.ptr, message.len);
    return CV_OK;
}

static inline void on_done(void *arg, const cv_answer_t *answer)
{
    world_t *w = arg;
    entry_t *entry = entry_of(w, answer->id, strlen(answer->id));
    entry->done++;
    entry->done_rc = answer->rc;
    entry->done_ms = w->now_ms;
    w->done_n++;
    assert_string_equal("registration", answer->service);
    if (answer->rc == CV_OK) {
        entry->done_class = (int)answer->outcome->cls;
        assert_int_equal(entry->raw_len, answer->raw.len);
        assert_memory_equal(entry->raw, answer->raw.ptr, answer->raw.len);
        assert_true(cv_str_is(answer->outcome->code, "code"));
    } else {
        entry->done_class = answer->outcome ? (int)answer->outcome->cls : 0;
    }
    if (w->in_done)
        assert_int_equal(CV_OK, w->in_done(w, answer));
}

/* ---- the service's side -------------------------------------------------------------------- */

static inline void peer_takes(world_t *w, const char *bytes, size_t len)
{
    if (w->peer_away)
        return;
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    assert_int_equal(CV_OK, cv_msg_read(reader, (cv_str_t){bytes, len}, &msg, NULL));
    entry_t *entry = entry_of(w, msg.id.ptr, msg.id.len);
    cv_reader_destroy(&reader);
    entry->seen++;
    if (entry->seen <= entry->busy) {
        char busy[MESSAGE_MAX];
        size_t busy_len = write_outcome(
            entry->id, entry->seen % 2 ? CV_OUTCOME_CLASS_BUSY : CV_OUTCOME_CLASS_UNAVAILABLE, w->retry_after_ms, busy);
        post(w, false, busy, busy_len);
        return;
    }
    if (!entry->raw_len) {
        entry->decided++;
        entry->raw_len =
            write_outcome(entry->id, entry->seen % 3 ? CV_OUTCOME_CLASS_OK : CV_OUTCOME_CLASS_REJECTED, 0, entry->raw);
    }
    post(w, false, entry->raw, entry->raw_len);
}

/* Moves time, millisecond by millisecond, delivering what is due in a drawn order. */
static inline void run_until(world_t *w, int64_t end_ms)
{
    while (w->now_ms < end_ms) {
        w->now_ms++;
        size_t kept = 0;
        size_t n = w->wire_n;
        for (size_t i = 0; i < n; i++) {
            if (w->wire[i].at_ms > w->now_ms)
                continue;
            parcel_t parcel = w->wire[i];
            w->wire[i].gone = true;
            if (parcel.to_peer)
                peer_takes(w, parcel.bytes, parcel.len);
            else
                (void)cv_requester_outcome(w->requester, w->now_ms, (cv_str_t){parcel.bytes, parcel.len});
        }
        for (size_t i = 0; i < w->wire_n; i++)
            if (!w->wire[i].gone)
                w->wire[kept++] = w->wire[i];
        w->wire_n = kept;
        cv_requester_tick(w->requester, w->now_ms);
    }
}

static inline entry_t *submit(world_t *w, int64_t timeout_ms)
{
    assert_true(w->entries_n < IDS_MAX);
    entry_t *entry = &w->entries[w->entries_n++];
    uint8_t id[CV_UUID_LEN];
    cv_uuid7(1764000000000, id);
    cv_uuid_text(id, entry->id);
    cv_registration_decline_v1_t data = {.event = CV_STR("E1"), .party = CV_STR("KZ")};
    char bytes[MESSAGE_MAX];
    size_t len = write_message(cv_str(entry->id), CV_MSG_REGISTRATION_DECLINE_V1, &data, CV_STR_NONE, bytes);
    assert_int_equal(CV_OK, cv_requester_submit(w->requester, w->now_ms, cv_str(entry->id), (cv_str_t){bytes, len},
                                                timeout_ms ? w->now_ms + timeout_ms : 0));
    return entry;
}

static inline world_t *world_new(size_t window, size_t queue, uint64_t seed)
{
    world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->entries = calloc(IDS_MAX, sizeof *w->entries);
    w->wire = calloc(WIRE_MAX, sizeof *w->wire);
    w->random = seed;
    w->now_ms = 1000;
    w->requester = cv_requester_new(&(cv_requester_options_t){.service = "registration",
                                                              .window = window,
                                                              .queue = queue,
                                                              .seed = seed,
                                                              .send = on_send,
                                                              .done = on_done,
                                                              .arg = w});
    assert_non_null(w->requester);
    return w;
}

static inline void world_destroy(world_t *w)
{
    cv_requester_destroy(&w->requester);
    assert_null(w->requester);
    free(w->entries);
    free(w->wire);
    free(w);
}

/* An outcome out of the blue for an entry, which is what its answer would have to be. */
static inline void hear(world_t *w, entry_t *entry, cv_outcome_class_t cls)
{
    entry->raw_len = write_outcome(entry->id, cls, 0, entry->raw);
    assert_int_equal(CV_OK, cv_requester_outcome(w->requester, w->now_ms, (cv_str_t){entry->raw, entry->raw_len}));
}

static inline world_t *world_sent(int64_t timeout_ms, size_t sends, entry_t **ret_entry)
{
    world_t *w = world_new(0, 0, 5);
    w->loss_percent = 100; /* the test itself is the service */
    *ret_entry = submit(w, timeout_ms);
    cv_requester_ready(w->requester, w->now_ms, true);
    while (w->sends < sends)
        run_until(w, w->now_ms + 1);
    return w;
}

#endif
