/* ledger: the small tables around the streams: cursors, parked records, consumers, timers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A cursor moves in the transaction that applies the records it passes, so effect and position cannot part. It is
 * moved by compare-and-set. A timer is taken out of its table in the transaction that runs it, so it fires once; one
 * that its own handler sets again is a new one.
 */
#include "store/ledger.h"

#include <string.h>

int cv_ledger_init(cv_ledger_t *ledger, cv_db_t *db)
{
    const cv_sql_t all[] = {
        {&ledger->cursor_get, "SELECT epoch, seq, chain FROM cursor WHERE stream = ?"},
        {&ledger->cursor_make, "INSERT INTO cursor VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING"},
        {&ledger->cursor_move,
         "UPDATE cursor SET epoch = ?, seq = ?, chain = ? WHERE stream = ? AND epoch = ? AND seq = ?"
         " AND chain = ?"},
        {&ledger->cursor_set, "INSERT OR REPLACE INTO cursor VALUES(?, ?, ?, ?)"},
        {&ledger->park, "INSERT INTO parked VALUES(?, ?, ?, ?, ?, ?)"},
        {&ledger->parked_n, "SELECT count(*) FROM parked WHERE stream = ?"},
        {&ledger->consumer_put, "INSERT OR REPLACE INTO consumer VALUES(?, ?, ?, ?, ?)"},
        {&ledger->consumer_floor, "SELECT min(seq) FROM consumer WHERE stream = ? AND epoch = ? AND seen_ms >= ?"},
        {&ledger->timer_put, "INSERT OR REPLACE INTO timer VALUES(?, ?, ?)"},
        {&ledger->timer_drop, "DELETE FROM timer WHERE kind = ? AND key = ?"},
        {&ledger->timer_next, "SELECT due_ms FROM timer ORDER BY due_ms LIMIT 1"},
        {&ledger->timer_due, "SELECT kind, key FROM timer WHERE due_ms <= ? ORDER BY due_ms, kind, key LIMIT 1"},
    };
    ledger->db = db;
    return cv_db_prepare_all(db, all, sizeof all / sizeof *all);
}

/* ---- cursors ------------------------------------------------------------------------------ */

int cv_cursor_get(cv_ledger_t *ledger, const char *stream, cv_position_t *ret_position)
{
    memset(ret_position, 0, sizeof *ret_position);
    cv_stmt_text(ledger->cursor_get, 1, cv_str(stream));
    int rc = cv_stmt_step(ledger->cursor_get);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t epoch = cv_stmt_get_blob(ledger->cursor_get, 0), chain = cv_stmt_get_blob(ledger->cursor_get, 2);
    int64_t seq = cv_stmt_get_int(ledger->cursor_get, 1);
    rc = epoch.len == CV_EPOCH_LEN && chain.len == CV_CHAIN_LEN && seq >= 0 ? CV_OK : CV_ECORRUPT;
    if (!rc) {
        memcpy(ret_position->epoch, epoch.ptr, CV_EPOCH_LEN);
        memcpy(ret_position->chain, chain.ptr, CV_CHAIN_LEN);
        ret_position->seq = (uint64_t)seq;
    }
    cv_stmt_reset(ledger->cursor_get);
    return rc;
}

static void bind_position(cv_stmt_t *stmt, int index, const cv_position_t *position)
{
    cv_stmt_blob(stmt, index, position->epoch, CV_EPOCH_LEN);
    cv_stmt_int(stmt, index + 1, (int64_t)position->seq);
    cv_stmt_blob(stmt, index + 2, position->chain, CV_CHAIN_LEN);
}

int cv_cursor_move(cv_ledger_t *ledger, const char *stream, const cv_position_t *from, const cv_position_t *to)
{
    static const cv_position_t start;
    if (!memcmp(from, &start, sizeof start)) { /* followed for the first time: there is no row yet */
        cv_stmt_text(ledger->cursor_make, 1, cv_str(stream));
        bind_position(ledger->cursor_make, 2, to);
        int rc = cv_stmt_run(ledger->cursor_make);
        if (rc || cv_db_changes(ledger->db) == 1)
            return rc;
    }
    bind_position(ledger->cursor_move, 1, to);
    cv_stmt_text(ledger->cursor_move, 4, cv_str(stream));
    bind_position(ledger->cursor_move, 5, from);
    int rc = cv_stmt_run(ledger->cursor_move);
    if (!rc && cv_db_changes(ledger->db) != 1)
        rc = CV_ECONFLICT;
    return rc;
}

int cv_cursor_set(cv_ledger_t *ledger, const char *stream, const cv_position_t *to)
{
    cv_stmt_text(ledger->cursor_set, 1, cv_str(stream));
    bind_position(ledger->cursor_set, 2, to);
    return cv_stmt_run(ledger->cursor_set);
}

int cv_parked_put(cv_ledger_t *ledger, const char *stream, const cv_position_t *position, const char *error,
                  int64_t at_ms, cv_str_t record)
{
    cv_stmt_text(ledger->park, 1, cv_str(stream));
    cv_stmt_blob(ledger->park, 2, position->epoch, CV_EPOCH_LEN);
    cv_stmt_int(ledger->park, 3, (int64_t)position->seq);
    cv_stmt_text(ledger->park, 4, cv_str(error));
    cv_stmt_int(ledger->park, 5, at_ms);
    cv_stmt_blob(ledger->park, 6, record.ptr, record.len);
    return cv_stmt_run(ledger->park);
}

int cv_parked_count(cv_ledger_t *ledger, const char *stream, uint64_t *ret_count)
{
    cv_stmt_text(ledger->parked_n, 1, cv_str(stream));
    int rc = cv_stmt_step(ledger->parked_n);
    if (rc != 1)
        return rc;
    *ret_count = (uint64_t)cv_stmt_get_int(ledger->parked_n, 0);
    cv_stmt_reset(ledger->parked_n);
    return CV_OK;
}

/* ---- consumers ---------------------------------------------------------------------------- */

int cv_consumer_put(cv_ledger_t *ledger, const char *stream, const char *name, const uint8_t epoch[CV_EPOCH_LEN],
                    uint64_t seq, int64_t seen_ms)
{
    cv_stmt_text(ledger->consumer_put, 1, cv_str(stream));
    cv_stmt_text(ledger->consumer_put, 2, cv_str(name));
    cv_stmt_blob(ledger->consumer_put, 3, epoch, CV_EPOCH_LEN);
    cv_stmt_int(ledger->consumer_put, 4, (int64_t)seq);
    cv_stmt_int(ledger->consumer_put, 5, seen_ms);
    return cv_stmt_run(ledger->consumer_put);
}

int cv_consumer_floor(cv_ledger_t *ledger, const char *stream, const uint8_t epoch[CV_EPOCH_LEN], int64_t seen_since_ms,
                      uint64_t *ret_seq)
{
    cv_stmt_text(ledger->consumer_floor, 1, cv_str(stream));
    cv_stmt_blob(ledger->consumer_floor, 2, epoch, CV_EPOCH_LEN);
    cv_stmt_int(ledger->consumer_floor, 3, seen_since_ms);
    int rc = cv_stmt_step(ledger->consumer_floor);
    if (rc != 1)
        return rc;
    rc = cv_stmt_get_null(ledger->consumer_floor, 0) ? CV_ENOTFOUND : CV_OK;
    if (!rc)
        *ret_seq = (uint64_t)cv_stmt_get_int(ledger->consumer_floor, 0);
    cv_stmt_reset(ledger->consumer_floor);
    return rc;
}

/* ---- timers ------------------------------------------------------------------------------- */

int cv_timer_put(cv_ledger_t *ledger, const char *kind, cv_str_t key, int64_t due_ms)
{
    cv_stmt_text(ledger->timer_put, 1, cv_str(kind));
    cv_stmt_text(ledger->timer_put, 2, key);
    cv_stmt_int(ledger->timer_put, 3, due_ms);
    return cv_stmt_run(ledger->timer_put);
}

int cv_timer_drop(cv_ledger_t *ledger, const char *kind, cv_str_t key)
{
    cv_stmt_text(ledger->timer_drop, 1, cv_str(kind));
    cv_stmt_text(ledger->timer_drop, 2, key);
    return cv_stmt_run(ledger->timer_drop);
}

int cv_timer_next(cv_ledger_t *ledger, int64_t *ret_due_ms)
{
    int rc = cv_stmt_step(ledger->timer_next);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    *ret_due_ms = cv_stmt_get_int(ledger->timer_next, 0);
    cv_stmt_reset(ledger->timer_next);
    return CV_OK;
}

int cv_timer_take(cv_ledger_t *ledger, int64_t now_ms, cv_arena_t *arena, cv_str_t *ret_kind, cv_str_t *ret_key)
{
    cv_stmt_int(ledger->timer_due, 1, now_ms);
    int rc = cv_stmt_step(ledger->timer_due);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t kind = cv_arena_printf(arena, "%.*s", CV_STR_ARG(cv_stmt_get_text(ledger->timer_due, 0)));
    cv_str_t key = cv_arena_str(arena, cv_stmt_get_text(ledger->timer_due, 1));
    cv_stmt_reset(ledger->timer_due);
    if (!kind.ptr || !key.ptr)
        return CV_ENOMEM;
    rc = cv_timer_drop(ledger, kind.ptr, key);
    if (rc)
        return rc;
    *ret_kind = kind;
    *ret_key = key;
    return CV_OK;
}
