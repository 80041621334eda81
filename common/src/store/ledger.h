/* ledger: the small tables around the streams: cursors, parked records, consumers, timers.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_STORE_LEDGER_H
#define CONVENE_SRC_STORE_LEDGER_H

#include "store/db.h"

typedef struct {
    cv_db_t *db;
    cv_stmt_t *cursor_get, *cursor_make, *cursor_move, *cursor_set, *park, *parked_n;
    cv_stmt_t *consumer_put, *consumer_floor;
    cv_stmt_t *timer_put, *timer_drop, *timer_next, *timer_due;
} cv_ledger_t;

int cv_ledger_init(cv_ledger_t *ledger, cv_db_t *db) CV_USE_RESULT;

/* CV_ENOTFOUND: never followed; *ret_position is then the start of a stream (all zero). */
int cv_cursor_get(cv_ledger_t *ledger, const char *stream, cv_position_t *ret_position) CV_USE_RESULT;
/* Compare-and-set: CV_ECONFLICT when the stored cursor is not `from`; a second writer or a bug cannot skip records. */
int cv_cursor_move(cv_ledger_t *ledger, const char *stream, const cv_position_t *from,
                   const cv_position_t *to) CV_USE_RESULT;
/* After a snapshot: wherever it was. */
int cv_cursor_set(cv_ledger_t *ledger, const char *stream, const cv_position_t *to) CV_USE_RESULT;
int cv_parked_put(cv_ledger_t *ledger, const char *stream, const cv_position_t *position, const char *error,
                  int64_t at_ms, cv_str_t record) CV_USE_RESULT;
int cv_parked_count(cv_ledger_t *ledger, const char *stream, uint64_t *ret_count) CV_USE_RESULT;

int cv_consumer_put(cv_ledger_t *ledger, const char *stream, const char *name, const uint8_t epoch[CV_EPOCH_LEN],
                    uint64_t seq, int64_t seen_ms) CV_USE_RESULT;
/* The smallest cursor of all consumers of this epoch that were seen since then; CV_ENOTFOUND: nobody follows. */
int cv_consumer_floor(cv_ledger_t *ledger, const char *stream, const uint8_t epoch[CV_EPOCH_LEN], int64_t seen_since_ms,
                      uint64_t *ret_seq) CV_USE_RESULT;

int cv_timer_put(cv_ledger_t *ledger, const char *kind, cv_str_t key, int64_t due_ms) CV_USE_RESULT;
int cv_timer_drop(cv_ledger_t *ledger, const char *kind, cv_str_t key) CV_USE_RESULT;
/* CV_ENOTFOUND: no timers. */
int cv_timer_next(cv_ledger_t *ledger, int64_t *ret_due_ms) CV_USE_RESULT;
/* Takes the first timer due at or before now out of the table; CV_ENOTFOUND: none. Strings are copied to the arena. */
int cv_timer_take(cv_ledger_t *ledger, int64_t now_ms, cv_arena_t *arena, cv_str_t *ret_kind,
                  cv_str_t *ret_key) CV_USE_RESULT;

#endif
