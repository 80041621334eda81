/* service: what a service is to the runner: tables, streams, and functions from (input, now, database) to (writes,
 * records, outcome).
 * SPDX-License-Identifier: Apache-2.0
 *
 * A service is deterministic: its functions open no socket, read no clock, and the only random numbers they see are
 * those of cv_tx_random. The engine (common/src/service/engine.c) gives them all inputs of one batch, one after the
 * other, in one transaction:
 *
 *   BEGIN   record() for each record of the streams it follows   timer() for each timer that is due
 *           request() for each request                           flush()   COMMIT
 *   then outcomes and records are published.
 *
 * If anything unexpected fails the transaction is rolled back, forget() is called, and the inputs of the batch are
 * tried again one transaction each. So a function must not keep state in memory that forget() cannot drop, and
 * must do all its checks before its first write.
 */
#ifndef CONVENE_SERVICE_H
#define CONVENE_SERVICE_H

#include "convene/messages.h" /* generated from proto/ */
#include "convene/principal.h"
#include "convene/store.h"

struct cv_config;             /* convene/config.h */
typedef struct cv_tx cv_tx_t; /* the batch's transaction, as a service's function sees it */

int64_t cv_tx_now_ms(const cv_tx_t *tx); /* one instant for the whole batch */
cv_db_t *cv_tx_db(cv_tx_t *tx);
cv_arena_t *cv_tx_arena(cv_tx_t *tx);                     /* memory until the end of the batch */
const cv_principal_t *cv_tx_principal(const cv_tx_t *tx); /* who asks; NULL in record() and timer() */
bool cv_tx_in_snapshot(const cv_tx_t *tx);                /* record() is fed from a snapshot: state, not news */

/* All streams that it follows have been applied, this transaction's records included, up to where they ended when their logs
 * answered first since the process was started. Says whether what happened while it was down is known by now. It is false as
 * long as a producer is down or has halted us, so whoever waits for it needs a limit; and it is no state: what is written
 * because of it must be right without it as well, only perhaps earlier than it had to be. */
bool cv_tx_caught_up(const cv_tx_t *tx);

/* Appends one record to a stream of this service (index into streams). Type is one of CV_MSG_*; data the struct that
 * belongs to it. The record's id, time and causation are filled in. *ret_seq (may be NULL) is its sequence. */
int cv_tx_emit(cv_tx_t *tx, unsigned stream, uint16_t type, cv_str_t subject, const void *data,
               uint64_t *ret_seq) CV_USE_RESULT;
uint64_t cv_tx_head(const cv_tx_t *tx, unsigned stream); /* sequence of its newest record; 0: none */
/* Forgets all records of a stream so far, this transaction's excepted: followers that have not seen them take a
 * snapshot. */
int cv_tx_forget(cv_tx_t *tx, unsigned stream) CV_USE_RESULT;
/* Random octets. They come from the runner; in tests and the simulator the same ones each time. What was given cannot
 * be computed again from what is left in memory. */
void cv_tx_random(cv_tx_t *tx, void *ret_octets, size_t n);
/* What this transaction overwrites or deletes is in no file of the database when it is answered: see cv_db_scrub_after.
 */
int cv_tx_scrub(cv_tx_t *tx, bool whole) CV_USE_RESULT;

/* One request may try something and take it back: everything that was written, emitted and timed since cv_tx_try is
 * undone by cv_tx_undo, in the database and in what will be published, and the batch goes on. What the service itself
 * keeps in memory is its own to put back. At most one try at a time; it ends with cv_tx_keep or cv_tx_undo, or with an
 * error that is returned to the engine. */
int cv_tx_try(cv_tx_t *tx) CV_USE_RESULT;
int cv_tx_keep(cv_tx_t *tx) CV_USE_RESULT;
int cv_tx_undo(cv_tx_t *tx) CV_USE_RESULT;
/* The answer to this question leaves only after trace() has written that it was given. */
void cv_tx_trace(cv_tx_t *tx);
/* The answer to this request is no decision, whatever its class: it is not remembered. */
void cv_tx_unremembered(cv_tx_t *tx);

/* Durable timers: one per (kind, key); setting again moves it. They fire once, in order of due, never early. */
int cv_tx_timer_set(cv_tx_t *tx, const char *kind, cv_str_t key, int64_t due_ms) CV_USE_RESULT;
int cv_tx_timer_cancel(cv_tx_t *tx, const char *kind, cv_str_t key) CV_USE_RESULT;

/* The answer to one request. The engine presets cls by the return code; a service fills in the rest. Texts must live
 * in the arena or be constants. The data is proto's convene.outcome.v1. */
typedef cv_outcome_v1_t cv_outcome_t;
/* rc for `return cv_refuse(...)`: CV_EREJECTED (a decision, remembered) with code, path of the field (or NULL) and a
 * sentence. cv_refuse_as does the same with another CV_E* (EINVAL, EDENIED, ENOTFOUND: not remembered). */
int cv_refuse(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
int cv_refuse_as(cv_tx_t *tx, cv_outcome_t *out, int rc, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* CV_OK with code and sentence. */
int cv_accept(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Collects messages for a snapshot or the answer to a query. */
typedef struct cv_collect cv_collect_t;
/* CV_ELIMIT: the page is full; a query must then say where to go on with cv_collect_next (the key of its last row, so
 * that rows that come and go meanwhile make none appear twice), or its answer is refused as INTERNAL. */
int cv_collect_put(cv_collect_t *collect, uint16_t type, cv_str_t subject, int64_t time_ms,
                   const void *data) CV_USE_RESULT;
/* The same for message bytes that are stored already. */
int cv_collect_raw(cv_collect_t *collect, cv_str_t message) CV_USE_RESULT;
void cv_collect_next(cv_collect_t *collect, cv_str_t after);
size_t cv_collect_n(const cv_collect_t *collect); /* messages so far */

typedef struct {
    const char *name; /* "registration.events" */
    bool is_private;  /* personal data: rings the bell on the feed, records only by FETCH and only for services */
} cv_stream_def_t;

typedef struct {
    const char *service; /* "scheduling" */
    const char *stream;  /* "scheduling.events" */
    bool park_poison;    /* a record that cannot be applied: true: set aside, visibly; false: halt, visibly */
} cv_follow_def_t;

typedef struct {
    const char *name;              /* "registration" */
    uint32_t application_id;       /* of its database */
    const char *const *migrations; /* its own tables; the engine's come first */
    size_t migrations_n;
    const cv_stream_def_t *streams;
    size_t streams_n;
    const cv_follow_def_t *follows;
    size_t follows_n;

    /* Takes the settings of its own before open(); CV_EINVAL with the reason. May be NULL. */
    int (*configure)(const struct cv_config *config, char *ret_error, size_t error_size);
    /* What configure() would refuse, without taking or opening anything: beside the service that runs. NULL:
     * configure() itself does no more than that. */
    int (*check)(const struct cv_config *config, char *ret_error, size_t error_size);
    /* Makes the service's object on an open, migrated database: prepares statements, checks invariants. Before the cursors
     * are read: who cannot go on from what it made of the records forgets them here, and follows anew. */
    int (*open)(cv_db_t *db, void **ret_self);
    void (*close)(void **self);
    /* After open(), in a transaction of its own, before the first input: what a migration needs code for. CV_OK, or a
     * refusal to start with the reason for people. May be NULL. */
    int (*start)(void *self, cv_tx_t *tx, char *ret_error, size_t error_size);

    /* data: the decoded struct of msg->info->type. Returns CV_OK or what cv_refuse gave. */
    int (*request)(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
    /* A record of a followed stream. CV_OK also for types that do not matter here. */
    int (*record)(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data);
    /* Before the records of a snapshot: empties what was built from this stream. */
    int (*snapshot_begin)(void *self, cv_tx_t *tx, const char *stream);
    int (*timer)(void *self, cv_tx_t *tx, const char *kind, cv_str_t key);
    int (*flush)(void *self,
                 cv_tx_t *tx);  /* before COMMIT: writes what was kept in memory during the batch; see owes_ms */
    void (*forget)(void *self); /* after ROLLBACK: drops what is kept in memory */

    /* A record of a private stream of ours, as it stands in the log, that is sealed: what it says as long as it can be
     * opened, as the struct of another type. CV_ENOTFOUND: it is not sealed, or cannot be opened any more. May be NULL.
     */
    int (*reveal)(void *self, const cv_msg_t *msg, const void *data, uint16_t *ret_type, const void **ret_data);
    /* State of one stream as records that rebuild it, for a follower that cannot go on from its cursor. */
    int (*snapshot)(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect);
    /* Read-only question: what ("events", "delegation", ...), key, after which key to go on, at most limit rows. The
     * caller's rights are the service's to check (cv_tx_principal). CV_ENOTFOUND, CV_EDENIED, CV_EINVAL. */
    int (*query)(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect);
    /* Where query() has called cv_tx_trace(): in a transaction of its own, which is on the disk before the answer
     * leaves. It writes to the database and nothing else: there is no forget() after it. If it fails the question is
     * refused, as it is while the disk is nearly full: nobody reads without a trace. */
    int (*trace)(void *self, cv_tx_t *tx);
    /* After a turn, outside of any transaction: effects that leave the system (files, mail), in transactions of its
     * own. May be NULL. *ret_more: there is more to do at once. CV_EIO and CV_ECORRUPT end the process; other failures
     * are its own to try again. */
    int (*afterwards)(void *self, cv_db_t *db, int64_t now_ms, bool *ret_more);
    /* A descriptor that is readable when afterwards() has something to do that no turn would bring, for instance because a
     * thread of the service's own has come to an end with it; the same one from open() to close(). May be NULL. */
    int (*wake_fd)(void *self);
    /* When flush() has something to write that no input brings, for instance of what afterwards() has committed; 0: never.
     * Once that is past there is a transaction, with an input or without. After flush() and after forget() it must be 0 or
     * later than now, or the turns never pause. May be NULL. */
    int64_t (*owes_ms)(void *self);
} cv_service_def_t;

/* main() of a service: configuration, keys, sockets, batch loop, signals, orderly stop. Returns the exit status. */
int cv_service_main(const cv_service_def_t *definition, int argc, char **argv);

#endif
