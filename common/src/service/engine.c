/* engine: what every service does with its inputs, without sockets and without clocks.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Happy path of a turn:
 *
 *   BEGIN  snapshots, records, timers, requests  cursors  flush  stream heads  COMMIT      (one sync of the disk)
 *   publish outcomes and records in the order they were made, ring the bell of private streams
 *   heads when due, a slice of housekeeping
 *
 * There is no timer that waits for a batch to fill: while one COMMIT syncs, the next batch gathers in the sockets.
 *
 * Failure modes:
 *   a handler fails unexpectedly   ROLLBACK, forget(), then every input alone in a transaction of its own; the request
 *                                  that fails alone is answered INTERNAL (not remembered), the record is poison (parked
 *                                  or halt), the timer is put off by a minute. Nothing had been answered, so trying
 *                                  again is invisible
 *   out of memory                  the same for requests; for a record fatal, it is not the record that is poison
 *   disk full                      ROLLBACK; the same inputs again while not writable: memos are still answered, new
 *                                  requests get UNAVAILABLE, records and timers wait. Checked again every second
 *   I/O error, damaged file        fatal: nothing is answered, the process leaves, the truth is read again from disk
 *   killed anywhere                before COMMIT nothing happened; after it the memo, the outbox and the cursor tell
 *                                  everybody who asks
 *
 * Invariants: nothing is published before the COMMIT it belongs to; an input is answered in the turn that took it or
 * not at all; after a turn no input is left in the queue.
 */
#include "service/engine_state.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- life --------------------------------------------------------------------------------- */

void cv_engine_note(cv_engine_t *engine, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(engine->note, sizeof engine->note, format, args);
    va_end(args);
}

const char *cv_engine_error(const cv_engine_t *engine)
{
    return engine->error;
}

uint64_t cv_engine_undone(const cv_engine_t *engine)
{
    return engine->counters.rollbacks;
}

bool cv_engine_writable(const cv_engine_t *engine)
{
    return engine->writable;
}

const char *cv_engine_follow_error(const cv_engine_t *engine, size_t follow)
{
    return cv_follower_error(engine->follows[follow].follower);
}

int cv_engine_afterwards(cv_engine_t *engine, int64_t wall_ms, bool *ret_more)
{
    *ret_more = false;
    if (!engine->writable || !engine->def->afterwards)
        return CV_OK;
    int rc = engine->def->afterwards(engine->service, engine->db, wall_ms, ret_more);
    return rc == CV_EIO || rc == CV_ECORRUPT ? rc : CV_OK;
}

int cv_engine_wake_fd(const cv_engine_t *engine)
{
    return engine->writable && engine->def->wake_fd ? engine->def->wake_fd(engine->service) : -1;
}

static void ask_producer(void *self, cv_str_t message)
{
    cv_follow_t *follow = self;
    follow->engine->outside.ask(follow->engine->outside.self, follow->index, message);
}

static int open_streams(cv_engine_t *engine, const uint8_t new_epoch[CV_EPOCH_LEN])
{
    const char *names[CV_STREAMS_MAX];
    if (engine->def->streams_n > CV_STREAMS_MAX || engine->def->follows_n > CV_FOLLOWS_MAX)
        return CV_ELIMIT;
    for (size_t i = 0; i < engine->def->streams_n; i++) {
        names[i] = engine->def->streams[i].name;
        snprintf(engine->topics[i], sizeof engine->topics[i], "%s|", names[i]);
    }
    int rc = cv_outbox_open(&engine->journal, names, engine->def->streams_n, new_epoch, &engine->outbox);
    for (size_t i = 0; !rc && i < engine->def->streams_n; i++)
        engine->head_told[i] = cv_outbox_head(engine->outbox, i)->seq;
    return rc;
}

static int open_follows(cv_engine_t *engine)
{
    for (size_t i = 0; i < engine->def->follows_n; i++) {
        cv_position_t cursor;
        int rc = cv_cursor_get(&engine->ledger, engine->def->follows[i].stream, &cursor);
        if (rc && rc != CV_ENOTFOUND)
            return rc;
        engine->follows[i] = (cv_follow_t){.engine = engine, .index = i};
        engine->follows[i].follower =
            cv_follower_new(engine->def->follows[i].stream, &cursor, ask_producer, &engine->follows[i]);
        if (!engine->follows[i].follower)
            return CV_ENOMEM;
    }
    return CV_OK;
}

static int commit(cv_engine_t *engine);

/* What the service has to do before its first input. */
static int start_service(cv_engine_t *engine, char *ret_error, size_t error_size)
{
    if (!engine->def->start)
        return CV_OK;
    int rc = cv_db_begin(engine->db);
    if (rc)
        return rc;
    cv_tx_start(engine, NULL, CV_STR("start"));
    rc = engine->def->start(engine->service, &engine->tx, ret_error, error_size);
    if (!rc)
        rc = commit(engine);
    else
        cv_db_rollback(engine->db);
    return rc;
}

int cv_engine_new(const cv_service_def_t *definition, cv_db_t *db, const cv_outside_t *outside,
                  const cv_engine_options_t *options, cv_engine_t **ret_engine, char *ret_error, size_t error_size)
{
    ret_error[0] = '\0';
    cv_engine_t *engine = calloc(1, sizeof *engine);
    if (!engine) {
        snprintf(ret_error, error_size, "%s: %s", definition->name, cv_error_text(CV_ENOMEM));
        return CV_ENOMEM;
    }
    engine->def = definition;
    engine->db = db;
    engine->outside = *outside;
    engine->version = options->version;
    engine->keep_records = options->keep_records;
    engine->limits = options->limits;
    engine->requests_of = cv_meter_new();
    engine->questions_of = cv_meter_new();
    engine->writable = true;
    engine->heads_ms = engine->room_checked_ms = INT64_MIN / 2;
    engine->acks_written_ms = INT64_MIN / 2;
    snprintf(engine->source, sizeof engine->source, "/convene/%s", definition->name);
    engine->reader = cv_reader_new();
    engine->arena = cv_arena_new(CV_ARENA_MAX);
    engine->decoded = calloc(1, sizeof *engine->decoded);
    engine->sealed = calloc(1, sizeof *engine->sealed);
    memcpy(engine->seed, options->seed, sizeof engine->seed);
    engine->queue = calloc(CV_BATCH_MAX, sizeof *engine->queue);
    cv_buf_init(&engine->scratch, CV_MAX_REQUEST);
    cv_buf_init(&engine->out, CV_OUTCOMES_BYTES);
    int rc = engine->reader && engine->arena && engine->decoded && engine->sealed && engine->queue &&
                     engine->requests_of && engine->questions_of
                 ? CV_OK
                 : CV_ENOMEM;
    if (!rc)
        rc = cv_tables_migrate(db, ret_error, error_size);
    if (!rc)
        rc = cv_journal_init(&engine->journal, db);
    if (!rc)
        rc = open_streams(engine, options->new_epoch);
    if (!rc)
        rc = cv_memo_init(&engine->memo, &engine->journal);
    if (!rc)
        rc = cv_ledger_init(&engine->ledger, db);
    if (!rc) /* before the cursors are read: who has to follow anew forgets them as it opens */
        rc = definition->open(db, &engine->service);
    if (!rc)
        rc = open_follows(engine);
    if (!rc)
        rc = start_service(engine, ret_error, error_size);
    if (rc) {
        if (!ret_error[0])
            snprintf(ret_error, error_size, "%s: cannot open: %s: %s", definition->name, cv_error_text(rc),
                     cv_db_error(db));
        cv_engine_destroy(&engine);
        return rc;
    }
    *ret_engine = engine;
    return CV_OK;
}

void cv_engine_destroy(cv_engine_t **engine_p)
{
    cv_engine_t *engine = *engine_p;
    if (!engine)
        return;
    if (engine->service)
        engine->def->close(&engine->service);
    for (size_t i = 0; i < CV_FOLLOWS_MAX; i++)
        cv_follower_destroy(&engine->follows[i].follower);
    for (size_t i = 0; i < CV_SNAPSHOTS_MAX; i++) {
        cv_collect_destroy(&engine->snapshots[i].collect);
        free(engine->snapshots[i].page_starts);
    }
    cv_outbox_close(&engine->outbox);
    cv_memo_done(&engine->memo);
    cv_reader_destroy(&engine->reader);
    cv_arena_destroy(&engine->arena);
    cv_buf_done(&engine->scratch);
    cv_buf_done(&engine->out);
    cv_meter_destroy(&engine->requests_of);
    cv_meter_destroy(&engine->questions_of);
    free(engine->decoded);
    free(engine->sealed);
    sodium_memzero(engine->seed, sizeof engine->seed);
    sodium_memzero(engine->pool, sizeof engine->pool);
    free(engine->queue);
    free(engine->outgoing);
    free(engine);
    *engine_p = NULL;
}

/* ---- what arrives ------------------------------------------------------------------------- */

size_t cv_engine_queued(const cv_engine_t *engine)
{
    return engine->queue_n;
}

void cv_engine_feed(cv_engine_t *engine, size_t follow, cv_str_t position_bytes, cv_str_t records, int64_t mono_ms)
{
    cv_position_t position;
    if (follow >= engine->def->follows_n || cv_position_read(position_bytes, &position) ||
        position.seq > CV_SEQUENCE_MAX || records.len > CV_MAX_FRAME) {
        engine->counters.dropped++;
        return;
    }
    cv_follower_feed_frame(engine->follows[follow].follower, &position, records, mono_ms);
}

void cv_engine_answered(cv_engine_t *engine, size_t follow, cv_str_t message, int64_t mono_ms)
{
    cv_msg_t answer = {0};
    if (follow >= engine->def->follows_n || cv_msg_read(engine->reader, message, &answer, NULL) || !answer.info ||
        answer.info->kind != CV_KIND_LOG || answer.info->decode(answer.data, engine->decoded, NULL)) {
        engine->counters.dropped++;
        return;
    }
    cv_follower_answer(engine->follows[follow].follower, &answer, engine->decoded, mono_ms);
}

/* ---- one transaction ---------------------------------------------------------------------- */

static int begin(cv_engine_t *engine)
{
    engine->note[0] = '\0';
    engine->counters_before = engine->counters;
    return cv_db_begin(engine->db);
}

/* Keeps the reason: the note of who failed, or what rc and SQLite say. */
static void keep_reason(cv_engine_t *engine, int rc)
{
    const char *words = cv_db_error(engine->db);
    if (!engine->note[0])
        cv_engine_note(engine, "%s%s%s", cv_error_text(rc), strcmp(words, "not an error") ? ": " : "",
                       strcmp(words, "not an error") ? words : "");
    memcpy(engine->error, engine->note, sizeof engine->error);
}

static void undo(cv_engine_t *engine, int rc)
{
    keep_reason(engine, rc);
    cv_db_rollback(engine->db);
    engine->counters = engine->counters_before; /* what is undone was not done */
    engine->counters.rollbacks++;
    cv_outbox_forget(engine->outbox);
    cv_memo_forget(&engine->memo);
    cv_journal_forget(&engine->journal);
    engine->def->forget(engine->service);
    for (size_t i = 0; i < engine->def->follows_n; i++)
        cv_follower_rolled_back(engine->follows[i].follower);
}

static int write_acks(cv_engine_t *engine, int64_t mono_ms)
{
    for (size_t i = 0; i < engine->acks_n; i++) {
        const cv_ack_t *ack = &engine->acks[i];
        int rc = cv_consumer_put(&engine->ledger, engine->def->streams[ack->stream].name, ack->consumer, ack->epoch,
                                 ack->seq, ack->seen_ms);
        if (rc)
            return rc;
    }
    engine->acks_written_ms = mono_ms;
    return CV_OK;
}

static bool is_fatal(int rc)
{
    return rc == CV_EIO || rc == CV_ECORRUPT;
}

static int commit(cv_engine_t *engine)
{
    cv_tx_start(engine, NULL, CV_STR_NONE);
    int rc = engine->def->flush ? engine->def->flush(engine->service, &engine->tx) : CV_OK;
    if (rc == CV_ENOTFOUND)
        rc = CV_EINTERNAL; /* to our callers it means that there was no input */
    if (!rc)
        rc = cv_apply_cursors(engine);
    if (!rc)
        rc = cv_outbox_flush(engine->outbox);
    if (!rc)
        rc = cv_memo_flush(&engine->memo);
    if (!rc)
        rc = cv_db_commit(engine->db);
    if (rc)
        return rc;
    cv_outbox_committed(engine->outbox);
    cv_journal_committed(&engine->journal);
    for (size_t i = 0; i < engine->def->follows_n; i++)
        cv_follower_committed(engine->follows[i].follower);
    engine->counters.batches++;
    rc = cv_db_scrub(engine->db);     /* before anybody is told that something is gone */
    return is_fatal(rc) ? rc : CV_OK; /* else tried again: it is due until it is done */
}

int cv_engine_trace(cv_engine_t *engine)
{
    if (!engine->writable)
        return CV_EFULL;
    int rc = begin(engine);
    if (!rc)
        rc = engine->def->trace(engine->service, &engine->tx);
    if (!rc)
        rc = cv_db_commit(engine->db);
    if (rc) {
        keep_reason(engine, rc);
        cv_db_rollback(engine->db);
    }
    return rc;
}

/* Forgets old records that all followers have, a slice at a time. Who has not been heard of for long does not count;
 * while nobody follows nothing is forgotten. */
static int prune(cv_engine_t *engine)
{
    for (size_t i = 0; engine->keep_records && i < engine->def->streams_n; i++) {
        const cv_position_t *head = cv_outbox_head(engine->outbox, i);
        uint64_t floor_seq;
        if (head->seq <= engine->keep_records)
            continue;
        int rc = cv_consumer_floor(&engine->ledger, engine->def->streams[i].name, head->epoch,
                                   engine->tx.now_ms - CV_CONSUMER_FORGET_MS, &floor_seq);
        if (rc == CV_ENOTFOUND)
            continue;
        if (rc)
            return rc;
        uint64_t upto = head->seq - engine->keep_records;
        rc = cv_outbox_prune(engine->outbox, i, upto < floor_seq ? upto : floor_seq, CV_PRUNE_SLICE);
        if (rc)
            return rc;
    }
    return CV_OK;
}

static int apply_records(cv_engine_t *engine, cv_follow_t *follow)
{
    int rc = CV_OK;
    for (int n = 0; !rc && n < CV_BATCH_RECORDS; n++)
        rc = cv_apply_record(engine, follow);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

static int run_timers(cv_engine_t *engine)
{
    int rc = CV_OK;
    for (int n = 0; !rc && n < CV_TIMERS_PER_TURN; n++)
        rc = cv_apply_timer(engine);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* The happy path: everything in one transaction. */
static int run_batch(cv_engine_t *engine, int64_t mono_ms)
{
    int rc = begin(engine);
    for (size_t i = 0; !rc && engine->writable && i < engine->def->follows_n; i++)
        rc = apply_records(engine, &engine->follows[i]);
    if (!rc && engine->writable)
        rc = run_timers(engine);
    for (size_t i = 0; !rc && i < engine->queue_n; i++)
        rc = cv_intake_handle(engine, &engine->queue[i]);
    if (!rc && engine->writable && engine->acks_n)
        rc = write_acks(engine, mono_ms);
    if (!rc && !engine->writable) { /* memos were read; flush() may want to write, and could not */
        cv_db_rollback(engine->db);
        return CV_OK;
    }
    if (!rc)
        rc = prune(engine);
    if (!rc)
        rc = commit(engine);
    if (!rc)
        engine->acks_n = 0;
    return rc;
}

/* One input in a transaction of its own. CV_ENOTFOUND: there was none. */
static int alone(cv_engine_t *engine, int (*step)(cv_engine_t *engine, void *input), void *input)
{
    size_t outgoing_n = engine->outgoing_n, out_len = engine->out.len;
    cv_arena_reset(engine->arena); /* one that needs too much must not take it from the next */
    int rc = begin(engine);
    if (!rc)
        rc = step(engine, input);
    if (!rc)
        rc = commit(engine);
    if (rc == CV_ENOTFOUND) {
        cv_db_rollback(engine->db); /* nothing there, nothing done */
    } else if (rc) {
        undo(engine, rc);
        cv_out_cut(engine, outgoing_n, out_len);
    }
    return rc;
}

static int step_record(cv_engine_t *engine, void *input)
{
    return cv_apply_record(engine, input);
}

static int step_request(cv_engine_t *engine, void *input)
{
    return cv_intake_handle(engine, input);
}

static int step_timer(cv_engine_t *engine, void *input)
{
    (void)input;
    return cv_apply_timer(engine);
}

static int step_postpone(cv_engine_t *engine, void *input)
{
    (void)input;
    return cv_apply_timer_later(engine);
}

/* What is committed is published at once: a batch can fail because its output is too large for one turn, and each input
 * has waited for a sync of its own: no answer waits for those of the others as well. */
static void publish_now(cv_engine_t *engine)
{
    cv_out_publish(engine);
    cv_out_flush(engine);
}

static int run_one_by_one(cv_engine_t *engine)
{
    int rc;
    for (size_t i = 0; i < engine->def->follows_n; i++) {
        for (int n = 0; n < CV_BATCH_RECORDS; n++) {
            rc = alone(engine, step_record, &engine->follows[i]);
            if (rc == CV_ENOTFOUND)
                break;
            if (is_fatal(rc) || rc == CV_EFULL || rc == CV_ENOMEM)
                return rc; /* none of them is the record's fault: it must not be set aside for it */
            if (rc && (rc = cv_apply_poison(engine, &engine->follows[i])))
                return rc;
            publish_now(engine);
        }
    }
    for (int n = 0; n < CV_TIMERS_PER_TURN; n++) {
        rc = alone(engine, step_timer, NULL);
        if (rc == CV_ENOTFOUND)
            break;
        if (rc && !is_fatal(rc) && rc != CV_EFULL) { /* late, visibly, but not lost, and no other waits for it */
            engine->timer_failed_ms = engine->tx.now_ms;
            rc = alone(engine, step_postpone, NULL);
        }
        if (rc)
            return rc;
        publish_now(engine);
    }
    for (size_t i = 0; i < engine->queue_n; i++) {
        rc = alone(engine, step_request, &engine->queue[i]);
        if (rc == CV_EFULL) { /* those before it have their answer */
            engine->queue_n -= i;
            memmove(engine->queue, engine->queue + i, engine->queue_n * sizeof *engine->queue);
        }
        if (is_fatal(rc) || rc == CV_EFULL)
            return rc;
        if (rc && (rc = cv_intake_give_up(engine, &engine->queue[i])))
            return rc;
        publish_now(engine);
    }
    return CV_OK;
}

/* A snapshot is large and rare: a transaction of its own, before anything that builds on it. */
static int take_snapshots(cv_engine_t *engine, int64_t mono_ms)
{
    for (size_t i = 0; i < engine->def->follows_n; i++) {
        cv_follow_t *follow = &engine->follows[i];
        const cv_str_t *records;
        size_t n;
        cv_position_t position;
        if (!cv_follower_snapshot(follow->follower, &records, &n, &position))
            continue;
        int rc = begin(engine);
        if (!rc)
            rc = cv_apply_snapshot(engine, follow);
        if (!rc)
            rc = commit(engine);
        if (rc) {
            undo(engine, rc);
            cv_out_cut(engine, 0, 0);
            if (is_fatal(rc) || rc == CV_EFULL || rc == CV_ENOMEM)
                return rc;
            char text[600];
            snprintf(text, sizeof text, "the snapshot cannot be applied: %s", engine->error);
            cv_follower_halt(follow->follower, text);
            continue;
        }
        cv_follower_snapshot_applied(follow->follower, mono_ms);
        engine->counters.snapshots_taken++;
    }
    return CV_OK;
}

/* ---- the turn ----------------------------------------------------------------------------- */

static void check_room(cv_engine_t *engine, int64_t mono_ms)
{
    if (mono_ms - engine->room_checked_ms < CV_ROOM_CHECK_MS)
        return;
    engine->room_checked_ms = mono_ms;
    engine->writable = cv_db_has_room(engine->db);
}

/* When the service wants a transaction without an input; 0: not. */
static int64_t owed_ms(const cv_engine_t *engine)
{
    return engine->writable && engine->def->owes_ms ? engine->def->owes_ms(engine->service) : 0;
}

static bool has_work(cv_engine_t *engine, int64_t mono_ms)
{
    if (engine->queue_n)
        return true;
    if (!engine->writable)
        return false;
    for (size_t i = 0; i < engine->def->follows_n; i++)
        if (cv_follower_has_work(engine->follows[i].follower))
            return true;
    int64_t due_ms;
    if (!cv_timer_next(&engine->ledger, &due_ms) && due_ms <= engine->tx.now_ms)
        return true;
    if (owed_ms(engine) && owed_ms(engine) <= engine->tx.now_ms)
        return true;
    return engine->acks_n && mono_ms - engine->acks_written_ms >= CV_ACK_WRITE_MS;
}

static int run_work(cv_engine_t *engine, int64_t mono_ms)
{
    int rc = engine->writable ? take_snapshots(engine, mono_ms) : CV_OK;
    if (rc && rc != CV_EFULL)
        return rc;
    if (!rc)
        rc = run_batch(engine, mono_ms);
    if (rc && !is_fatal(rc)) {
        undo(engine, rc);
        cv_out_cut(engine, 0, 0);
        if (rc != CV_EFULL)
            rc = run_one_by_one(engine);
    }
    if (rc == CV_EFULL) { /* answers what it can without writing; what one_by_one committed has its memo by now */
        engine->writable = false;
        engine->room_checked_ms = mono_ms;
        cv_out_cut(engine, 0, 0);
        rc = run_batch(engine, mono_ms);
    }
    return rc;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t next_turn_ms(cv_engine_t *engine, bool traffic, int64_t mono_ms)
{
    if (has_work(engine, mono_ms))
        return mono_ms;
    int64_t next = engine->heads_ms + (traffic ? CV_HEAD_BUSY_MS : CV_HEAD_IDLE_MS);
    for (size_t i = 0; i < engine->def->follows_n; i++)
        next = earlier(next, cv_follower_tick(engine->follows[i].follower, mono_ms));
    int64_t due_ms;
    if (!cv_timer_next(&engine->ledger, &due_ms))
        next = earlier(next, mono_ms + (due_ms > engine->tx.now_ms ? due_ms - engine->tx.now_ms : CV_ROOM_CHECK_MS));
    if (owed_ms(engine))
        next = earlier(next, mono_ms + owed_ms(engine) - engine->tx.now_ms); /* later than now, or there were work */
    return next > mono_ms ? next : mono_ms;
}

int cv_engine_turn(cv_engine_t *engine, int64_t wall_ms, int64_t mono_ms, int64_t *ret_next_ms)
{
    engine->tx.now_ms = wall_ms;
    engine->arrival_ms = mono_ms;
    if (!engine->started_ms)
        engine->started_ms = wall_ms;
    cv_arena_reset(engine->arena);
    cv_snapshots_expire(engine, mono_ms);
    check_room(engine, mono_ms);
    for (size_t i = 0; i < engine->def->follows_n; i++)
        cv_follower_tick(engine->follows[i].follower, mono_ms); /* ask for more before applying what is here */
    bool traffic = has_work(engine, mono_ms);
    if (traffic) {
        int rc = run_work(engine, mono_ms);
        engine->queue_n = 0;
        if (rc) {
            keep_reason(engine, rc);
            return rc;
        }
        cv_out_publish(engine);
    }
    cv_out_heads(engine, traffic, mono_ms);
    cv_out_flush(engine);
    int rc = cv_db_tend(engine->db, !traffic);
    if (rc)
        return rc;
    *ret_next_ms = next_turn_ms(engine, traffic, mono_ms);
    return CV_OK;
}

int cv_engine_new_epoch(cv_engine_t *engine, const uint8_t epoch[CV_EPOCH_LEN])
{
    int rc = cv_db_begin(engine->db);
    if (rc)
        return rc;
    rc = cv_outbox_new_epoch(engine->outbox, epoch);
    if (!rc)
        rc = cv_db_commit(engine->db);
    else
        cv_db_rollback(engine->db);
    if (!rc) {
        cv_outbox_committed(engine->outbox);
        cv_journal_committed(&engine->journal);
    } else {
        cv_outbox_forget(engine->outbox);
        cv_journal_forget(&engine->journal);
    }
    return rc;
}
