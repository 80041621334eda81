/* engine: what every service does with its inputs, without sockets and without clocks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The runner (or a test, or the simulator) gives it frames and the time; the engine gives frames back through the
 * outside. One turn is one transaction.
 */
#ifndef CONVENE_SRC_SERVICE_ENGINE_H
#define CONVENE_SRC_SERVICE_ENGINE_H

#include "convene/service.h"

typedef struct cv_engine cv_engine_t;

enum {
    CV_BATCH_MAX = 1024,                   /* requests of one turn, count */
    CV_BATCH_RECORDS = 512,                /* records applied in one turn, per followed stream, count */
    CV_HEAD_BUSY_MS = 200,                 /* heads while there is traffic */
    CV_HEAD_IDLE_MS = 1000,                /* heads otherwise */
    CV_SNAPSHOTS_MAX = 4,                  /* snapshots kept for followers at once, count */
    CV_SNAPSHOT_KEEP_MS = 60000,           /* after its last page was asked for */
    CV_SNAPSHOT_BYTES = 256 * 1024 * 1024, /* of one snapshot */
    CV_SEED_LEN = 32,
    CV_OUTCOMES_BYTES = 16 * 1024 * 1024, /* of one turn */
    CV_ROLE_BITS = 6,                     /* roles there are */
    CV_QUESTION_BYTES = 16 * 1024,        /* each so many octets of an answer count as one question more */
};

/* How the engine reaches the outside. Bytes are valid during the call only. */
typedef struct {
    void *self;
    /* On the feed: an outcome (position NULL), a record, or a head (message.ptr NULL). Topics end with '|'. */
    void (*publish)(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message);
    /* What was published and held back to go together leaves now. At the end of a turn, before anything slow, and
     * between inputs that are tried one by one. NULL: nothing is held back. */
    void (*flush)(void *self);
    /* On the log: the answer to the question that came with this peer token. */
    void (*answer)(void *self, void *peer, cv_str_t message);
    /* To the log of the producer of follows[index]. */
    void (*ask)(void *self, size_t follow, cv_str_t message);
} cv_outside_t;

/* How many requests and questions each principal may have a second, by the number of its role's bit; 0: no limit. */
typedef struct {
    int64_t requests[CV_ROLE_BITS], questions[CV_ROLE_BITS];
} cv_limits_t;

typedef struct {
    uint8_t new_epoch[CV_EPOCH_LEN]; /* for streams that are made now: random, from the caller */
    uint8_t seed[CV_SEED_LEN];       /* of cv_tx_random: random, from the caller, anew at each start */
    const char *version;             /* of the program, for status */
    uint64_t keep_records;           /* of each stream, at least, even if all followers have them; 0: keep all */
    cv_limits_t limits;
} cv_engine_options_t;

/* On an open database; takes care of the engine's tables and opens the service. The database stays the caller's. */
int cv_engine_new(const cv_service_def_t *definition, cv_db_t *db, const cv_outside_t *outside,
                  const cv_engine_options_t *options, cv_engine_t **ret_engine, char *ret_error,
                  size_t error_size) CV_USE_RESULT;
void cv_engine_destroy(cv_engine_t **engine);

/* The time at which that arrives which is given next, for limits. Without it they go by the time of the last turn. */
void cv_engine_clock(cv_engine_t *engine, int64_t mono_ms);
/* Queues one request for the next turn. The bytes and the principal must stay until that turn ends. CV_EBUSY: the
 * queue is full (the caller stops reading). CV_ELIMIT: the principal floods; thrown away, and counted: what else came
 * with it would be, too. */
int cv_engine_request(cv_engine_t *engine, const cv_principal_t *principal, cv_str_t message) CV_USE_RESULT;
/* A message that was none (wrong number of frames): counted as dropped. */
void cv_engine_dropped(cv_engine_t *engine);
/* A message of a connection whose key is not, or no longer, that of a principal: counted. */
void cv_engine_stranger(cv_engine_t *engine);
size_t cv_engine_queued(const cv_engine_t *engine);
/* Frames of the feed of follows[follow]: one record or several back to back, the first at this position; ptr NULL: a
 * head. Copied as needed. */
void cv_engine_feed(cv_engine_t *engine, size_t follow, cv_str_t position, cv_str_t records, int64_t mono_ms);
/* An answer of its log. */
void cv_engine_answered(cv_engine_t *engine, size_t follow, cv_str_t message, int64_t mono_ms);
/* A question of somebody to our log: answered at once, from committed state. */
void cv_engine_question(cv_engine_t *engine, const cv_principal_t *principal, void *peer, cv_str_t message,
                        int64_t wall_ms, int64_t mono_ms);

/* One turn: everything that is queued, one transaction, then everything that is to be published. CV_OK, or a fatal
 * CV_EIO, CV_ECORRUPT, CV_ENOMEM, CV_EINTERNAL: nothing was answered that is not committed; the caller leaves the
 * process. *ret_next_ms (mono) says when the next turn is due if nothing arrives. */
int cv_engine_turn(cv_engine_t *engine, int64_t wall_ms, int64_t mono_ms, int64_t *ret_next_ms) CV_USE_RESULT;

/* A new history begins: after a restore, before the first turn. */
int cv_engine_new_epoch(cv_engine_t *engine, const uint8_t epoch[CV_EPOCH_LEN]) CV_USE_RESULT;
/* Effects that leave the system (def->afterwards). CV_OK, or a fatal CV_EIO or CV_ECORRUPT. */
int cv_engine_afterwards(cv_engine_t *engine, int64_t wall_ms, bool *ret_more) CV_USE_RESULT;
/* The descriptor that the service wants to be woken by; -1: none, or it could do nothing now. */
int cv_engine_wake_fd(const cv_engine_t *engine);

/* For the log: who was last over its limit, and what everybody was over it so far: refused and thrown away. */
typedef struct {
    char principal[CV_NAME_MAX + 1];
    uint64_t refused, ignored, strangers;
} cv_engine_guard_t;
const cv_engine_guard_t *cv_engine_guard(cv_engine_t *engine);
/* For the log: how many transactions were undone so far, and the reason of the last one. */
uint64_t cv_engine_undone(const cv_engine_t *engine);
const char *cv_engine_error(const cv_engine_t *engine);
bool cv_engine_writable(const cv_engine_t *engine);
/* Why follows[follow] is halted or refused; "": it is not. */
const char *cv_engine_follow_error(const cv_engine_t *engine, size_t follow);

#endif
