/* follower: keeps one stream of another service flowing in, in order, without holes, whatever the network does.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records pass three stations:
 *
 *   feed or batch --> window (out of order, up to 1,024) --> ready (in order, chain checked) --> applied, committed
 *
 * `tail` is the position of the last ready record, `position` of the last applied one, `cursor` of the last committed
 * one; cursor <= position <= tail. Only the cursor survives a crash, and it lives in the follower's own database.
 *
 * Happy path: FETCH from the cursor at the start; then live records extend the tail; heads confirm it.
 *
 * Failure modes:
 *   live record lost       the next one waits in the window; a hole older than 20 ms is fetched
 *   all live records lost  a head ahead of the tail is fetched at once (this is also how private streams are read)
 *   heads lost too         3 s of silence are answered with a FETCH
 *   question or answer lost  asked again after 1 s; answers to older questions are ignored by their id
 *   repeated record        at or below the tail: dropped before any effect
 *   producer restored      another epoch: FETCH goes on if the restored history holds our cursor; else it is refused
 *                          with EPOCH and the state is taken as a snapshot
 *   records pruned         PRUNED: the same
 *   producer's file rewound  a chain that does not fit leads to a FETCH, which the producer refuses with DIVERGED or
 *                          AHEAD: halt. So does a head that stays below the tail. Only a new epoch (a declared
 *                          restore) or a person ends a halt
 *   we are slow            ready is full: live records are dropped here and fetched later
 *
 * Invariant: a record becomes ready only if its sequence is tail + 1 and, when it came with a position, its chain is
 * BLAKE2b(chain of tail, record). A batch, which has no positions, was asked for from a position that the producer has
 * checked, and must lead through the tail.
 */
#include "service/follower.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t *bytes; /* owned: the record, and behind it what it says if it is sealed */
    size_t len, opened_len;
    cv_position_t position;
} held_t;

typedef enum { ASK_NONE, ASK_FETCH, ASK_SNAPSHOT } ask_t;

struct cv_follower {
    char stream[CV_MAX_TOPIC];
    void (*ask)(void *self, cv_str_t message);
    void *ask_self;
    cv_buf_t question;

    cv_position_t cursor, position, tail;
    uint64_t head; /* highest sequence heard of in the tail's epoch */
    bool heard;    /* any answer or feed of the producer yet */
    bool has_end;  /* the log has said where it ends, in this epoch */
    uint64_t end;  /* there, when it said so first */
    bool halted;
    bool must_ask; /* something does not fit: let the producer's log decide */
    char error[256];
    uint8_t halted_in[CV_EPOCH_LEN]; /* the history that halted us: only another one can end it */
    int64_t last_heard_ms, hole_since_ms, tail_moved_ms;

    held_t *ready; /* [0, applied_n) applied and not committed, [applied_n, ready_n) waiting */
    size_t ready_n, ready_room, applied_n, ready_bytes;
    held_t window[CV_FOLLOW_WINDOW]; /* slot seq % CV_FOLLOW_WINDOW */
    size_t window_n;

    ask_t asked; /* the question that is out, at most one */
    uint64_t ask_number;
    cv_position_t asked_from; /* of a FETCH */
    int64_t asked_ms, not_before_ms;

    bool snapshotting, snapshot_complete;
    int64_t snapshot_page;
    cv_position_t snapshot_position;
    cv_str_t *snapshot; /* views into memory we own */
    size_t snapshot_n, snapshot_room, snapshot_bytes;

    uint64_t acked_seq;
    int64_t acked_ms;
};

cv_follower_t *cv_follower_new(const char *stream, const cv_position_t *cursor,
                               void (*ask)(void *self, cv_str_t message), void *self)
{
    cv_follower_t *follower = calloc(1, sizeof *follower);
    if (!follower)
        return NULL;
    snprintf(follower->stream, sizeof follower->stream, "%s", stream);
    follower->ask = ask;
    follower->ask_self = self;
    follower->cursor = follower->position = follower->tail = *cursor;
    follower->head = cursor->seq;
    follower->must_ask = true; /* the first act: ask from the cursor, before any live message matters */
    cv_buf_init(&follower->question, 4096);
    return follower;
}

/* ---- the three stations ------------------------------------------------------------------- */

static void drop_window(cv_follower_t *follower)
{
    for (size_t i = 0; i < CV_FOLLOW_WINDOW; i++) {
        free(follower->window[i].bytes);
        follower->window[i].bytes = NULL;
    }
    follower->window_n = 0;
    follower->hole_since_ms = 0;
}

static void drop_ready(cv_follower_t *follower, size_t n)
{
    if (!n)
        return;
    for (size_t i = 0; i < n; i++) {
        follower->ready_bytes -= follower->ready[i].len + follower->ready[i].opened_len;
        if (follower->ready[i].opened_len)
            sodium_memzero(follower->ready[i].bytes, follower->ready[i].len + follower->ready[i].opened_len);
        free(follower->ready[i].bytes);
    }
    memmove(follower->ready, follower->ready + n, (follower->ready_n - n) * sizeof *follower->ready);
    follower->ready_n -= n;
}

/* Forgets what was not committed. Only between transactions. */
static void back_to_cursor(cv_follower_t *follower)
{
    drop_ready(follower, follower->ready_n);
    follower->applied_n = 0;
    drop_window(follower);
    follower->position = follower->tail = follower->cursor;
}

static void drop_snapshot(cv_follower_t *follower)
{
    for (size_t i = 0; i < follower->snapshot_n; i++)
        free((void *)(uintptr_t)follower->snapshot[i].ptr);
    follower->snapshot_n = follower->snapshot_bytes = 0;
    follower->snapshot_page = 0;
    follower->snapshot_complete = false;
}

void cv_follower_destroy(cv_follower_t **follower_p)
{
    cv_follower_t *follower = *follower_p;
    if (!follower)
        return;
    drop_ready(follower, follower->ready_n);
    drop_window(follower);
    drop_snapshot(follower);
    free(follower->ready);
    free(follower->snapshot);
    cv_buf_done(&follower->question);
    free(follower);
    *follower_p = NULL;
}

static bool ready_is_full(const cv_follower_t *follower)
{
    return follower->ready_n >= CV_FOLLOW_READY_MAX || follower->ready_bytes >= CV_FOLLOW_READY_BYTES;
}

static uint8_t *copy_both(cv_str_t record, cv_str_t opened)
{
    uint8_t *bytes = malloc(record.len + opened.len + 1);
    if (bytes && record.len)
        memcpy(bytes, record.ptr, record.len);
    if (bytes && opened.len)
        memcpy(bytes + record.len, opened.ptr, opened.len);
    return bytes;
}

static uint8_t *copy_of(cv_str_t record)
{
    return copy_both(record, CV_STR_NONE);
}

/* Takes the bytes over on success. False: no room or no memory, to be fetched later. */
static bool push_ready(cv_follower_t *follower, uint8_t *bytes, size_t len, size_t opened_len,
                       const cv_position_t *position)
{
    if (!bytes || ready_is_full(follower))
        return false;
    if (follower->ready_n == follower->ready_room) {
        size_t room = follower->ready_room ? follower->ready_room * 2 : 256;
        held_t *grown = realloc(follower->ready, room * sizeof *grown);
        if (!grown)
            return false;
        follower->ready = grown;
        follower->ready_room = room;
    }
    follower->ready[follower->ready_n++] = (held_t){bytes, len, opened_len, *position};
    follower->ready_bytes += len + opened_len;
    follower->tail = *position;
    if (position->seq > follower->head)
        follower->head = position->seq;
    return true;
}

/* The record that follows the tail, from wherever. stated: the position it came with, or NULL (a batch has none).
 * opened: what it says if it is sealed. */
static bool extend_tail(cv_follower_t *follower, cv_str_t record, cv_str_t opened, const cv_position_t *stated)
{
    cv_position_t next = follower->tail;
    next.seq++;
    cv_chain_next(follower->tail.chain, record, next.chain);
    if (stated && memcmp(next.chain, stated->chain, CV_CHAIN_LEN) != 0) {
        follower->must_ask = true;
        return false;
    }
    uint8_t *bytes = copy_both(record, opened);
    if (!push_ready(follower, bytes, record.len, opened.len, &next)) {
        free(bytes);
        return false;
    }
    return true;
}

static void drain_window(cv_follower_t *follower, int64_t mono_ms)
{
    while (follower->window_n) {
        held_t *slot = &follower->window[(follower->tail.seq + 1) % CV_FOLLOW_WINDOW];
        if (!slot->bytes || slot->position.seq != follower->tail.seq + 1)
            break;
        bool fits =
            extend_tail(follower, (cv_str_t){(const char *)slot->bytes, slot->len}, CV_STR_NONE, &slot->position);
        free(slot->bytes);
        slot->bytes = NULL;
        follower->window_n--;
        if (!fits)
            break;
    }
    follower->hole_since_ms = follower->window_n ? mono_ms : 0;
}

static void put_window(cv_follower_t *follower, const cv_position_t *position, cv_str_t record, int64_t mono_ms)
{
    if (position->seq > follower->tail.seq + CV_FOLLOW_WINDOW)
        return; /* too far ahead: it will be fetched */
    held_t *slot = &follower->window[position->seq % CV_FOLLOW_WINDOW];
    if (slot->bytes) {
        if (slot->position.seq == position->seq)
            return;
        free(slot->bytes); /* left behind by a fetch that overtook it */
        follower->window_n--;
    }
    *slot = (held_t){copy_of(record), record.len, 0, *position};
    if (!slot->bytes)
        return;
    follower->window_n++;
    if (!follower->hole_since_ms)
        follower->hole_since_ms = mono_ms;
}

/* ---- what arrives ------------------------------------------------------------------------- */

static bool same_epoch(const cv_position_t *a, const cv_position_t *b)
{
    return !memcmp(a->epoch, b->epoch, CV_EPOCH_LEN);
}

void cv_follower_feed(cv_follower_t *follower, const cv_position_t *position, cv_str_t record, int64_t mono_ms)
{
    follower->heard = true;
    follower->last_heard_ms = mono_ms;
    if (!same_epoch(position, &follower->tail)) {
        if (follower->halted && memcmp(position->epoch, follower->halted_in, CV_EPOCH_LEN) != 0) {
            follower->halted = false;
            back_to_cursor(follower); /* what halted us is of the history that ended */
            drop_snapshot(follower);
        }
        follower->must_ask = true; /* a new history, or our first contact: the log knows */
        return;
    }
    if (follower->halted || follower->snapshotting)
        return;
    if (position->seq > follower->head)
        follower->head = position->seq;
    if (position->seq == follower->tail.seq && memcmp(position->chain, follower->tail.chain, CV_CHAIN_LEN) != 0)
        follower->must_ask = true;
    if (position->seq < follower->tail.seq && mono_ms > follower->tail_moved_ms + CV_FOLLOW_RETRY_MS)
        follower->must_ask = true; /* too late to be merely overtaken by an answer of the log: was it rewound? */
    if (!record.ptr || position->seq <= follower->tail.seq)
        return;
    if (position->seq > follower->tail.seq + 1) {
        put_window(follower, position, record, mono_ms);
        return;
    }
    if (extend_tail(follower, record, CV_STR_NONE, position)) {
        follower->tail_moved_ms = mono_ms;
        drain_window(follower, mono_ms);
    }
}

/* False: there is no more, or it is none, or longer than a record may be. What is behind it cannot be told apart, or
 * its position is not known: to be fetched. */
static bool next_record(cv_str_t *frame, cv_str_t *ret_record)
{
    return cv_wire_next(frame, ret_record) && ret_record->len <= CV_MAX_RECORD;
}

/* Behind the first record of a frame the others have no positions of their own: each follows from the one before. Where
 * that one has just become our tail, extending the tail computes the same chain anyway. */
void cv_follower_feed_frame(cv_follower_t *follower, const cv_position_t *position, cv_str_t frame, int64_t mono_ms)
{
    cv_position_t at = *position;
    cv_str_t record;
    if (!frame.ptr || !next_record(&frame, &record)) {
        cv_follower_feed(follower, position, CV_STR_NONE, mono_ms); /* a head, or what cannot be read: fetched */
        return;
    }
    cv_follower_feed(follower, &at, record, mono_ms);
    while (next_record(&frame, &record)) {
        bool is_next = at.seq == follower->tail.seq && !memcmp(&at.chain, follower->tail.chain, CV_CHAIN_LEN) &&
                       same_epoch(&at, &follower->tail) && !follower->halted && !follower->snapshotting;
        at.seq++;
        if (is_next && extend_tail(follower, record, CV_STR_NONE, NULL)) {
            at = follower->tail;
            follower->tail_moved_ms = mono_ms;
            drain_window(follower, mono_ms);
            continue;
        }
        cv_chain_next(at.chain, record, at.chain);
        cv_follower_feed(follower, &at, record, mono_ms);
    }
}

static void on_batch(cv_follower_t *follower, const cv_log_batch_v1_t *batch, int64_t mono_ms)
{
    if (batch->epoch.len != CV_EPOCH_LEN || batch->after != follower->asked_from.seq)
        return;
    if (memcmp(batch->epoch.ptr, follower->tail.epoch, CV_EPOCH_LEN) != 0) {
        /* First contact, or a restore that holds all we have seen: the producer has checked the chain of asked_from. */
        if (follower->tail.seq != follower->asked_from.seq) {
            follower->must_ask = true; /* something of the old history came in between */
            return;
        }
        memcpy(follower->tail.epoch, batch->epoch.ptr, CV_EPOCH_LEN);
        if (follower->position.seq == follower->tail.seq)
            follower->position = follower->tail; /* written with the next transaction */
        follower->head = batch->head;
        follower->has_end = false;
        follower->acked_seq = UINT64_MAX; /* of another epoch */
    }
    if (!follower->has_end)
        follower->end = batch->head;
    follower->has_end = true;
    follower->head = batch->head; /* the log knows; a head on the feed may have been a lie */
    follower->tail_moved_ms = mono_ms;
    uint8_t chain[CV_CHAIN_LEN];
    memcpy(chain, follower->asked_from.chain, CV_CHAIN_LEN);
    for (size_t i = 0; i < batch->records.n; i++) {
        uint64_t seq = batch->after + 1 + i;
        cv_str_t record = cv_records_at(&batch->records, i);
        if (seq > follower->tail.seq) {
            cv_str_t opened = i < batch->opened.n ? cv_records_at(&batch->opened, i) : CV_STR_NONE;
            if (opened.len == 1) /* nil */
                opened = CV_STR_NONE;
            if (seq != follower->tail.seq + 1 || !extend_tail(follower, record, opened, NULL))
                break;
            continue;
        }
        /* Came live in the meantime. It must be the same: the file of the producer may have been put back since. */
        cv_chain_next(chain, record, chain);
        if (seq == follower->tail.seq && memcmp(chain, follower->tail.chain, CV_CHAIN_LEN) != 0) {
            follower->must_ask = true;
            return;
        }
    }
    if (follower->head < follower->tail.seq)
        follower->head = follower->tail.seq;
    drain_window(follower, mono_ms);
}

static void start_snapshot(cv_follower_t *follower)
{
    back_to_cursor(follower);
    drop_snapshot(follower);
    follower->snapshotting = true;
}

static bool keep_page(cv_follower_t *follower, const cv_records_t *records)
{
    for (size_t i = 0; i < records->n; i++) {
        cv_str_t record = cv_records_at(records, i);
        if (follower->snapshot_bytes + record.len > CV_FOLLOW_SNAPSHOT_BYTES) {
            cv_follower_halt(follower, "the snapshot is larger than its maximum");
            return false;
        }
        if (follower->snapshot_n == follower->snapshot_room) {
            size_t room = follower->snapshot_room ? follower->snapshot_room * 2 : 256;
            cv_str_t *grown = realloc(follower->snapshot, room * sizeof *grown);
            if (!grown)
                return false;
            follower->snapshot = grown;
            follower->snapshot_room = room;
        }
        uint8_t *bytes = copy_of(record);
        if (!bytes)
            return false;
        follower->snapshot[follower->snapshot_n++] = (cv_str_t){(const char *)bytes, record.len};
        follower->snapshot_bytes += record.len;
    }
    return true;
}

static void on_page(cv_follower_t *follower, const cv_log_page_v1_t *page)
{
    cv_position_t position;
    if (!page->has_page || page->page != follower->snapshot_page || cv_position_read(page->position, &position))
        return;
    if (page->page && memcmp(&position, &follower->snapshot_position, sizeof position) != 0) {
        drop_snapshot(follower); /* the producer began another one: so do we */
        return;
    }
    follower->snapshot_position = position;
    if (!keep_page(follower, &page->records)) {
        drop_snapshot(follower);
        return;
    }
    follower->snapshot_page++;
    follower->snapshot_complete = page->last;
}

static void on_refused(cv_follower_t *follower, const cv_log_refused_v1_t *refused, int64_t mono_ms)
{
    cv_refused_code_t code = refused->code;
    if (code == CV_REFUSED_CODE_EPOCH && follower->asked_from.seq != follower->cursor.seq) {
        back_to_cursor(follower); /* what waits here may be no more; what we have applied may well be */
        follower->must_ask = true;
    } else if (code == CV_REFUSED_CODE_EPOCH || code == CV_REFUSED_CODE_PRUNED) {
        start_snapshot(follower);
    } else if (code == CV_REFUSED_CODE_DIVERGED || code == CV_REFUSED_CODE_AHEAD) {
        char text[200];
        snprintf(text, sizeof text, "%s: %.*s", cv_refused_code_text(code), CV_STR_ARG(refused->text));
        cv_follower_halt(follower, text);
    } else if (code == CV_REFUSED_CODE_NOTFOUND && follower->snapshotting) {
        drop_snapshot(follower); /* it expired while we were away: from its first page again */
        follower->not_before_ms = mono_ms + CV_FOLLOW_RETRY_MS;
    } else { /* not now, or not for us: visible, and asked again */
        snprintf(follower->error, sizeof follower->error, "%s: %.*s", cv_refused_code_text(code),
                 CV_STR_ARG(refused->text));
        follower->must_ask = true;
        follower->not_before_ms = mono_ms + CV_FOLLOW_RETRY_MS;
    }
}

static void question_id(const cv_follower_t *follower, char ret_id[CV_MAX_TOPIC + 32])
{
    snprintf(ret_id, CV_MAX_TOPIC + 32, "%s/%llu", follower->stream, (unsigned long long)follower->ask_number);
}

void cv_follower_answer(cv_follower_t *follower, const cv_msg_t *answer, const void *data, int64_t mono_ms)
{
    char id[CV_MAX_TOPIC + 32];
    question_id(follower, id);
    if (follower->asked == ASK_NONE || !answer->info || !cv_str_is(answer->causationid, id))
        return;
    follower->heard = true;
    follower->last_heard_ms = mono_ms;
    ask_t asked = follower->asked;
    follower->asked = ASK_NONE;
    if (!follower->halted)
        follower->error[0] = '\0';
    if (answer->info->number == CV_MSG_LOG_REFUSED_V1)
        on_refused(follower, data, mono_ms);
    else if (answer->info->number == CV_MSG_LOG_BATCH_V1 && asked == ASK_FETCH)
        on_batch(follower, data, mono_ms);
    else if (answer->info->number == CV_MSG_LOG_PAGE_V1 && asked == ASK_SNAPSHOT)
        on_page(follower, data);
}

/* ---- what is asked ------------------------------------------------------------------------ */

static void send_question(cv_follower_t *follower, uint16_t type, const void *data)
{
    char id[CV_MAX_TOPIC + 32];
    question_id(follower, id);
    cv_msg_t head = {.id = cv_str(id), .source = CV_STR("/convene/follower"), .info = cv_msg_info_at(type)};
    cv_buf_clear(&follower->question);
    if (!cv_msg_write(&follower->question, &head, data))
        follower->ask(follower->ask_self, cv_buf_str(&follower->question));
}

static void ask_fetch(cv_follower_t *follower)
{
    follower->asked_from = follower->tail;
    cv_log_fetch_v1_t fetch = {
        .stream = cv_str(follower->stream),
        .epoch = {(const char *)follower->tail.epoch, CV_EPOCH_LEN},
        .after = follower->tail.seq,
        .chain = {(const char *)follower->tail.chain, CV_CHAIN_LEN},
        .has_max = true,
        .max = CV_FOLLOW_FETCH_RECORDS,
    };
    send_question(follower, CV_MSG_LOG_FETCH_V1, &fetch);
}

static void ask_snapshot(cv_follower_t *follower)
{
    uint8_t position[CV_POSITION_LEN];
    cv_log_snapshot_v1_t snapshot = {
        .stream = cv_str(follower->stream), .has_page = true, .page = follower->snapshot_page};
    if (follower->snapshot_page) {
        cv_position_write(&follower->snapshot_position, position);
        snapshot.position = (cv_str_t){(const char *)position, sizeof position};
    }
    send_question(follower, CV_MSG_LOG_SNAPSHOT_V1, &snapshot);
}

static void send_ack(cv_follower_t *follower, int64_t mono_ms)
{
    cv_log_ack_v1_t ack = {
        .stream = cv_str(follower->stream),
        .consumer = CV_STR("follower"), /* the producer knows us by our key */
        .epoch = {(const char *)follower->cursor.epoch, CV_EPOCH_LEN},
        .cursor = follower->cursor.seq,
    };
    char id[CV_MAX_TOPIC + 32];
    snprintf(id, sizeof id, "%s/ack/%llu", follower->stream, (unsigned long long)follower->cursor.seq);
    cv_msg_t head = {
        .id = cv_str(id), .source = CV_STR("/convene/follower"), .info = cv_msg_info_at(CV_MSG_LOG_ACK_V1)};
    cv_buf_clear(&follower->question);
    if (!cv_msg_write(&follower->question, &head, &ack))
        follower->ask(follower->ask_self, cv_buf_str(&follower->question));
    follower->acked_seq = follower->cursor.seq;
    follower->acked_ms = mono_ms;
}

/* When a question wants to be asked, or INT64_MAX. */
static int64_t wants_to_ask_at(const cv_follower_t *follower, int64_t mono_ms)
{
    if (follower->halted || follower->snapshot_complete)
        return INT64_MAX;
    int64_t at = INT64_MAX;
    if (follower->snapshotting || follower->must_ask)
        at = mono_ms;
    else if (ready_is_full(follower))
        at = INT64_MAX;
    else if (follower->head > follower->tail.seq)
        at = follower->window_n ? follower->hole_since_ms + CV_FOLLOW_HOLE_MS : mono_ms;
    else
        at = follower->last_heard_ms + CV_FOLLOW_SILENCE_MS;
    if (at < follower->not_before_ms)
        at = follower->not_before_ms;
    if (follower->asked != ASK_NONE && at < follower->asked_ms + CV_FOLLOW_RETRY_MS)
        at = follower->asked_ms + CV_FOLLOW_RETRY_MS;
    return at;
}

int64_t cv_follower_tick(cv_follower_t *follower, int64_t mono_ms)
{
    int64_t at = wants_to_ask_at(follower, mono_ms);
    if (at <= mono_ms) {
        follower->asked = follower->snapshotting ? ASK_SNAPSHOT : ASK_FETCH;
        follower->asked_ms = mono_ms;
        follower->ask_number++;
        follower->must_ask = false;
        if (follower->snapshotting)
            ask_snapshot(follower);
        else
            ask_fetch(follower);
        at = mono_ms + CV_FOLLOW_RETRY_MS;
    }
    bool is_new = follower->cursor.seq && follower->acked_seq != follower->cursor.seq; /* 0: nothing to acknowledge */
    int64_t ack_at = follower->acked_ms + (is_new ? CV_FOLLOW_ACK_MS : CV_FOLLOW_ACK_IDLE_MS);
    if (follower->cursor.seq && mono_ms >= ack_at)
        send_ack(follower, mono_ms);
    else if (is_new && at > ack_at)
        at = ack_at;
    return at;
}

/* ---- what is applied ---------------------------------------------------------------------- */

bool cv_follower_next(cv_follower_t *follower, cv_str_t *ret_record, cv_position_t *ret_position)
{
    if (follower->halted || follower->applied_n == follower->ready_n)
        return false;
    const held_t *held = &follower->ready[follower->applied_n];
    *ret_record = (cv_str_t){(const char *)held->bytes, held->len};
    *ret_position = held->position;
    return true;
}

cv_str_t cv_follower_opened(const cv_follower_t *follower)
{
    const held_t *held = &follower->ready[follower->applied_n];
    return held->opened_len ? (cv_str_t){(const char *)held->bytes + held->len, held->opened_len} : CV_STR_NONE;
}

void cv_follower_applied(cv_follower_t *follower)
{
    follower->position = follower->ready[follower->applied_n++].position;
}

const cv_position_t *cv_follower_position(const cv_follower_t *follower)
{
    return &follower->position;
}

const cv_position_t *cv_follower_cursor(const cv_follower_t *follower)
{
    return &follower->cursor;
}

void cv_follower_committed(cv_follower_t *follower)
{
    follower->cursor = follower->position;
    drop_ready(follower, follower->applied_n);
    follower->applied_n = 0;
}

void cv_follower_rolled_back(cv_follower_t *follower)
{
    follower->position = follower->cursor;
    follower->applied_n = 0;
}

bool cv_follower_snapshot(cv_follower_t *follower, const cv_str_t **ret_records, size_t *ret_n,
                          cv_position_t *ret_position)
{
    if (!follower->snapshot_complete || follower->halted)
        return false;
    *ret_records = follower->snapshot;
    *ret_n = follower->snapshot_n;
    *ret_position = follower->snapshot_position;
    return true;
}

void cv_follower_snapshot_applied(cv_follower_t *follower, int64_t mono_ms)
{
    follower->cursor = follower->position = follower->tail = follower->snapshot_position;
    follower->head = follower->end = follower->cursor.seq;
    follower->has_end = true; /* it was there when the snapshot was made */
    follower->snapshotting = false;
    follower->acked_seq = UINT64_MAX; /* of another epoch */
    follower->must_ask = true;        /* what happened since */
    follower->last_heard_ms = mono_ms;
    drop_snapshot(follower);
}

void cv_follower_halt(cv_follower_t *follower, const char *error)
{
    follower->halted = true;
    follower->asked = ASK_NONE;
    memcpy(follower->halted_in, follower->snapshotting ? follower->snapshot_position.epoch : follower->tail.epoch,
           CV_EPOCH_LEN);
    snprintf(follower->error, sizeof follower->error, "%s", error);
}

cv_follower_state_t cv_follower_state(const cv_follower_t *follower)
{
    if (follower->halted)
        return CV_FOLLOWER_STATE_HALTED;
    if (follower->snapshotting)
        return CV_FOLLOWER_STATE_SNAPSHOT;
    if (!follower->heard)
        return CV_FOLLOWER_STATE_NEW;
    return follower->head > follower->cursor.seq ? CV_FOLLOWER_STATE_CATCHUP : CV_FOLLOWER_STATE_LIVE;
}

bool cv_follower_reached_end(const cv_follower_t *follower)
{
    return follower->has_end && !follower->snapshotting && follower->position.seq >= follower->end;
}

uint64_t cv_follower_head(const cv_follower_t *follower)
{
    return follower->head;
}

const char *cv_follower_error(const cv_follower_t *follower)
{
    return follower->error;
}

bool cv_follower_has_work(const cv_follower_t *follower)
{
    return !follower->halted && (follower->snapshot_complete || follower->applied_n < follower->ready_n);
}
