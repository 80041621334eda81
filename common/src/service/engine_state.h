/* engine_state: what the parts of the engine share; nobody else includes this.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_SERVICE_ENGINE_STATE_H
#define CONVENE_SRC_SERVICE_ENGINE_STATE_H

#include "service/collect.h"
#include "service/engine.h"
#include "service/follower.h"
#include "service/meter.h"
#include "store/ledger.h"
#include "store/memo.h"
#include "store/outbox.h"
#include "store/tables.h"

enum {
    CV_FOLLOWS_MAX = 8, /* streams one service follows, count */
    CV_ACKS_MAX = 64,   /* acknowledgements not yet written, count */
    CV_ARENA_MAX = 32 * 1024 * 1024,
    CV_ACK_WRITE_MS = 5000,   /* acknowledgements alone are worth a transaction only so often */
    CV_TIMERS_PER_TURN = 256, /* durable timers run in one turn, count */
    CV_ROOM_CHECK_MS = 1000,
    CV_TIMER_RETRY_MS = 60000,                    /* a timer whose handler fails is tried again after that */
    CV_CONSUMER_FORGET_MS = 7 * 24 * 3600 * 1000, /* a follower not heard of for so long holds no record back */
    CV_RANDOM_POOL = 1024,                        /* random octets made at once */
    CV_PRUNE_SLICE = 200,                         /* records forgotten in one turn, per stream */
};

/* Counters of one engine, in the order they are shown. */
#define CV_COUNTER_MAP(XX) \
    XX(requests)           \
    XX(decided)            \
    XX(replayed)           \
    XX(invalid)            \
    XX(denied)             \
    XX(notfound)           \
    XX(conflict)           \
    XX(expired)            \
    XX(unavailable)        \
    XX(internal)           \
    XX(dropped)            \
    XX(batches)            \
    XX(rollbacks)          \
    XX(records_emitted)    \
    XX(records_applied)    \
    XX(records_parked)     \
    XX(timers)             \
    XX(fetches)            \
    XX(snapshots_given)    \
    XX(snapshots_taken)    \
    XX(queries)            \
    XX(questions_refused)  \
    XX(tried)              \
    XX(limited)            \
    XX(ignored)            \
    XX(strangers)

typedef struct {
#define XX(name) uint64_t name;
    CV_COUNTER_MAP(XX)
#undef XX
} cv_counters_t;

typedef struct {
    const cv_principal_t *principal;
    cv_str_t message;
    int64_t again_ms; /* over the limit of its principal: only told to come again after so long; 0: to be decided */
} cv_queued_t;

/* One thing to publish after COMMIT. Offsets, because the buffer moves while it grows. */
typedef struct {
    int stream;                 /* -1: an outcome */
    size_t topic_at, topic_len; /* outcomes */
    size_t message_at, message_len;
    cv_position_t position; /* records */
} cv_outgoing_t;

typedef struct {
    size_t stream;
    char consumer[CV_NAME_MAX + 1];
    uint8_t epoch[CV_EPOCH_LEN];
    uint64_t seq;
    int64_t seen_ms;
} cv_ack_t;

typedef struct {
    cv_engine_t *engine;
    size_t index;
    cv_follower_t *follower;
} cv_follow_t;

typedef struct {
    size_t stream;
    cv_position_t position;
    cv_collect_t *collect; /* NULL: the slot is free */
    size_t *page_starts;   /* index of the first record of each page; pages_n + 1 entries */
    size_t pages_n;
    int64_t asked_ms;
} cv_given_snapshot_t;

/* Where a request that tries something can go back to: attempt.c. */
typedef struct {
    bool is_open;
    cv_journal_hold_t journal;
    cv_counters_t counters;
    size_t outgoing_n, out_len;
    int emitted_stream;
    uint64_t emitted_seq;
} cv_attempt_t;

struct cv_tx {
    cv_engine_t *engine;
    int64_t now_ms;
    const cv_principal_t *principal;
    bool in_snapshot;
    int refused_rc; /* what cv_refuse gave, so that a refusal is told from a failure */
    cv_str_t causation, correlation, trace;
    int emitted_stream; /* of the last record of this input; -1: none */
    uint64_t emitted_seq;
    bool is_traced;       /* this answer waits for trace() */
    bool is_unremembered; /* the answer of this request gets no memo */
    cv_attempt_t attempt;
};

struct cv_engine {
    const cv_service_def_t *def;
    void *service;
    cv_db_t *db;
    cv_outside_t outside;
    char source[64]; /* "/convene/registration" */
    const char *version;

    cv_journal_t journal;
    cv_outbox_t *outbox;
    cv_memo_t memo;
    cv_ledger_t ledger;
    cv_reader_t *reader; /* for requests, records, answers */
    cv_arena_t *arena;
    cv_any_t *decoded; /* data of the message in hand */
    cv_buf_t scratch;  /* one record or outcome being written */
    struct cv_tx tx;

    cv_limits_t limits;
    cv_meter_t *requests_of, *questions_of; /* what principals have asked for */
    int64_t arrival_ms;                     /* mono, of what is given now */
    cv_engine_guard_t guard;
    uint8_t seed[CV_SEED_LEN], pool[CV_RANDOM_POOL]; /* random.c */
    size_t pool_left;
    cv_any_t *sealed; /* data of a record that is opened for somebody */

    cv_queued_t *queue;
    size_t queue_n;
    cv_buf_t out;
    cv_outgoing_t *outgoing;
    size_t outgoing_n, outgoing_room;

    cv_follow_t follows[CV_FOLLOWS_MAX];
    char topics[CV_STREAMS_MAX][CV_MAX_TOPIC]; /* "registration.events|" */
    uint64_t head_told[CV_STREAMS_MAX];        /* sequence of the last head or record published */
    int64_t heads_ms;                          /* when heads were last published (mono) */
    cv_ack_t acks[CV_ACKS_MAX];
    size_t acks_n;
    int64_t acks_written_ms;
    cv_given_snapshot_t snapshots[CV_SNAPSHOTS_MAX];
    char copied_for[CV_MAX_ATTRIBUTE + 1]; /* id of the question that the last backup was made for; "": none */

    bool writable;
    int64_t room_checked_ms, started_ms;
    int64_t timer_failed_ms;                 /* wall; when a timer was last put off */
    uint64_t keep_records;                   /* prune what all followers have, but keep so many; 0: keep all */
    cv_counters_t counters, counters_before; /* as they were at BEGIN */
    char note[512];                          /* what went wrong in the transaction at hand */
    char error[512];                         /* what went wrong in the last one that was undone */
};

/* engine.c. The note says what went wrong, before the error is returned. */
void cv_engine_note(cv_engine_t *engine, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What has to be known of who asked the question at hand, on the disk. CV_EFULL: it cannot be written now. */
int cv_engine_trace(cv_engine_t *engine) CV_USE_RESULT;
void cv_tx_start(cv_engine_t *engine, const cv_principal_t *principal, cv_str_t causation);
/* How many of these a principal may have; 0: no limit. */
int64_t cv_limit_of(const int64_t limits[CV_ROLE_BITS], const cv_principal_t *principal);
void cv_engine_over(cv_engine_t *engine, const cv_principal_t *principal, cv_meter_verdict_t verdict); /* counts it */
/* publish.c: stream -1: an outcome, for this topic; else a record with its position. */
int cv_engine_put_out(cv_engine_t *engine, int stream, const cv_position_t *position, cv_str_t topic,
                      cv_str_t message) CV_USE_RESULT;
void cv_out_cut(cv_engine_t *engine, size_t outgoing_n, size_t len); /* back to what it was */
void cv_out_publish(cv_engine_t *engine);                            /* all of it, after COMMIT */
void cv_out_heads(cv_engine_t *engine, bool traffic, int64_t mono_ms);
void cv_out_flush(cv_engine_t *engine); /* whoever gathers frames sends them now */
/* intake.c: one request to its answer. CV_OK: an answer (of whatever class) was put out or the message dropped; else
 * the transaction has to go. */
int cv_intake_handle(cv_engine_t *engine, const cv_queued_t *queued) CV_USE_RESULT;
/* Answers INTERNAL without remembering it. */
int cv_intake_give_up(cv_engine_t *engine, const cv_queued_t *queued) CV_USE_RESULT;
/* apply.c: the next record, timer or snapshot. CV_ENOTFOUND: none. */
int cv_apply_record(cv_engine_t *engine, cv_follow_t *follow) CV_USE_RESULT;
int cv_apply_snapshot(cv_engine_t *engine, cv_follow_t *follow) CV_USE_RESULT;
int cv_apply_timer(cv_engine_t *engine) CV_USE_RESULT;
int cv_apply_timer_later(cv_engine_t *engine)
    CV_USE_RESULT; /* puts the first one that is due off by CV_TIMER_RETRY_MS */
int cv_apply_cursors(cv_engine_t *engine) CV_USE_RESULT;
/* After the next record failed alone and was undone: parks it, or halts. */
int cv_apply_poison(cv_engine_t *engine, cv_follow_t *follow) CV_USE_RESULT;

/* reveal.c: a sealed record of our log as who may read it sees it; nil: it is not sealed, or for ever. */
int cv_engine_reveal(cv_engine_t *engine, cv_str_t record, cv_buf_t *revealed) CV_USE_RESULT;
/* logserver.c: lets go of snapshots that nobody has asked for in a while. */
void cv_snapshots_expire(cv_engine_t *engine, int64_t mono_ms);

#endif
