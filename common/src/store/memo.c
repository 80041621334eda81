/* memo: what was decided for a request, so that asking again gives the same bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The row is written in the transaction of the decision, so either both are there after a crash or neither. It is
 * never pruned while a request could come again: the promise is for the life of the event. The table is keyed by the
 * id: ids that rise with time (UUIDv7) append to it, random ones cost a page each. So its rows are small, and the
 * outcomes themselves stand back to back in the journal, in one row per transaction or per 64 KiB.
 *
 *   request   id -> hash, by whom, and where its outcome is: row of the journal, first octet, length
 */
#include "store/memo.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Ids rise with time (UUIDv7), so most new ones are above all that are stored: then there is nothing to look for. After
 * a rollback `highest` may be too high, which only means looking. */
static int load_highest(cv_memo_t *memo, cv_db_t *db)
{
    cv_stmt_t *stmt;
    int rc = cv_db_prepare(db, "SELECT max(id) FROM request", &stmt);
    if (rc)
        return rc;
    rc = cv_stmt_step(stmt);
    if (rc < 0)
        return rc;
    cv_str_t id = cv_stmt_get_blob(stmt, 0);
    memset(memo->highest, 0, sizeof memo->highest);
    if (id.len == sizeof memo->highest)
        memcpy(memo->highest, id.ptr, id.len);
    cv_stmt_reset(stmt);
    return CV_OK;
}

int cv_memo_init(cv_memo_t *memo, cv_journal_t *journal)
{
    *memo = (cv_memo_t){.journal = journal};
    cv_buf_init(&memo->answers, CV_MAX_FRAME);
    memo->fresh = calloc(CV_MEMO_FRESH, sizeof *memo->fresh);
    int rc = memo->fresh ? cv_rows_new(journal->db, "request_rows", 6, &memo->rows) : CV_ENOMEM;
    if (!rc)
        rc = cv_db_prepare(journal->db, "SELECT hash, n, at, len FROM request WHERE id = ?", &memo->get);
    if (!rc)
        rc = cv_db_prepare(journal->db, "SELECT id, n, at, len FROM request WHERE id > ? ORDER BY id LIMIT 1",
                           &memo->next);
    if (!rc)
        rc = cv_db_prepare(journal->db, "INSERT OR FAIL INTO request SELECT * FROM request_rows", &memo->put);
    return rc ? rc : load_highest(memo, journal->db);
}

void cv_memo_done(cv_memo_t *memo)
{
    cv_buf_done(&memo->answers);
    cv_rows_destroy(&memo->rows);
    free(memo->fresh);
    memo->fresh = NULL;
}

/* ---- what is in no row yet ---------------------------------------------------------------- */

/* The slot that holds the id, or the free one where it belongs. The last octets of a UUID are its random ones. */
static uint16_t *slot_of(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN])
{
    uint64_t tail;
    memcpy(&tail, id + CV_UUID_LEN - sizeof tail, sizeof tail);
    size_t at = tail * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (;; at++) {
        uint16_t *slot = &memo->slots[at % CV_MEMO_SLOTS];
        if (!*slot || !memcmp(memo->fresh[*slot - 1].id, id, CV_UUID_LEN))
            return slot;
    }
}

static void forget_fresh(cv_memo_t *memo)
{
    if (memo->fresh_n)
        memset(memo->slots, 0, sizeof memo->slots);
    memo->fresh_n = 0;
    cv_rows_clear(memo->rows);
}

static int put_fresh(cv_memo_t *memo)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < memo->fresh_n; i++) {
        const cv_memo_entry_t *entry = &memo->fresh[i];
        rc = cv_rows_add(memo->rows);
        if (rc)
            break;
        cv_rows_blob(memo->rows, 0, (cv_str_t){(const char *)entry->id, CV_UUID_LEN});
        cv_rows_blob(memo->rows, 1, (cv_str_t){(const char *)entry->hash, CV_MEMO_HASH});
        cv_rows_text(memo->rows, 2, cv_str(entry->principal));
        cv_rows_int(memo->rows, 3, entry->row);
        cv_rows_int(memo->rows, 4, entry->at);
        cv_rows_int(memo->rows, 5, entry->len);
    }
    if (!rc && memo->fresh_n)
        rc = cv_stmt_run(memo->put);
    forget_fresh(memo);
    return rc;
}

static int put_answers(cv_memo_t *memo)
{
    if (!memo->row)
        return CV_OK;
    int rc = cv_journal_put(memo->journal, memo->row, CV_PART_ANSWERS, 0, CV_STR_NONE, CV_STR_NONE,
                            cv_buf_str(&memo->answers));
    cv_buf_clear(&memo->answers);
    memo->row = 0;
    return rc;
}

int cv_memo_flush(cv_memo_t *memo)
{
    int rc = put_fresh(memo);
    return rc ? rc : put_answers(memo);
}

void cv_memo_forget(cv_memo_t *memo)
{
    cv_buf_clear(&memo->answers);
    memo->row = 0;
    forget_fresh(memo);
}

/* ------------------------------------------------------------------------------------------- */

void cv_memo_hash(const cv_msg_t *request, uint8_t ret_hash[CV_MEMO_HASH])
{
    crypto_generichash_state state;
    static const uint8_t separator = 0; /* neither type nor subject can hold it */
    crypto_generichash_init(&state, NULL, 0, CV_MEMO_HASH);
    crypto_generichash_update(&state, (const uint8_t *)request->type.ptr, request->type.len);
    crypto_generichash_update(&state, &separator, 1);
    if (request->subject.ptr)
        crypto_generichash_update(&state, (const uint8_t *)request->subject.ptr, request->subject.len);
    crypto_generichash_update(&state, &separator, 1);
    crypto_generichash_update(&state, (const uint8_t *)request->data_bytes.ptr, request->data_bytes.len);
    crypto_generichash_final(&state, ret_hash, CV_MEMO_HASH);
}

/* The outcome that stands there: gathering still, or in its row. */
static int get_answer(cv_memo_t *memo, int64_t row, int64_t at, int64_t len, cv_str_t *ret_outcome)
{
    if (row != memo->row)
        return cv_journal_bytes(memo->journal, row, at, len, ret_outcome);
    if (at < 0 || len < 0 || (size_t)at + (size_t)len > memo->answers.len)
        return CV_ECORRUPT;
    *ret_outcome = (cv_str_t){(const char *)memo->answers.ptr + at, (size_t)len};
    return CV_OK;
}

/* Among the fresh ones, then in the table. CV_ENOTFOUND. */
static int find(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], cv_memo_entry_t *ret_entry)
{
    uint16_t slot = memo->fresh_n ? *slot_of(memo, id) : 0;
    if (slot) {
        *ret_entry = memo->fresh[slot - 1];
        return CV_OK;
    }
    cv_stmt_blob(memo->get, 1, id, CV_UUID_LEN);
    int rc = cv_stmt_step(memo->get);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t hash = cv_stmt_get_blob(memo->get, 0);
    *ret_entry = (cv_memo_entry_t){.row = cv_stmt_get_int(memo->get, 1),
                                   .at = cv_stmt_get_int(memo->get, 2),
                                   .len = cv_stmt_get_int(memo->get, 3)};
    rc = hash.len == CV_MEMO_HASH ? CV_OK : CV_ECORRUPT;
    if (!rc)
        memcpy(ret_entry->hash, hash.ptr, CV_MEMO_HASH);
    cv_stmt_reset(memo->get);
    return rc;
}

int cv_memo_get(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], const uint8_t *hash, cv_str_t *ret_outcome)
{
    cv_memo_entry_t entry;
    if (memcmp(id, memo->highest, CV_UUID_LEN) > 0)
        return CV_ENOTFOUND;
    int rc = find(memo, id, &entry);
    if (rc)
        return rc;
    if (hash && memcmp(entry.hash, hash, CV_MEMO_HASH) != 0)
        return CV_ECONFLICT;
    return get_answer(memo, entry.row, entry.at, entry.len, ret_outcome);
}

int cv_memo_next(cv_memo_t *memo, const uint8_t after[CV_UUID_LEN], uint8_t ret_id[CV_UUID_LEN], cv_str_t *ret_outcome)
{
    cv_stmt_blob(memo->next, 1, after, CV_UUID_LEN);
    int rc = cv_stmt_step(memo->next);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t id = cv_stmt_get_blob(memo->next, 0);
    int64_t row = cv_stmt_get_int(memo->next, 1), at = cv_stmt_get_int(memo->next, 2),
            len = cv_stmt_get_int(memo->next, 3);
    rc = id.len == CV_UUID_LEN ? CV_OK : CV_ECORRUPT;
    if (!rc)
        memcpy(ret_id, id.ptr, CV_UUID_LEN);
    cv_stmt_reset(memo->next);
    return rc ? rc : cv_journal_bytes(memo->journal, row, at, len, ret_outcome);
}

void cv_memo_release(cv_memo_t *memo)
{
    cv_journal_bytes_end(memo->journal);
}

int cv_memo_put(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], const uint8_t hash[CV_MEMO_HASH], const char *principal,
                cv_str_t outcome)
{
    int rc = CV_OK;
    if (memo->row && memo->answers.len + outcome.len > CV_ROW_BYTES)
        rc = put_answers(memo);
    if (!rc && memo->fresh_n == CV_MEMO_FRESH)
        rc = put_fresh(memo);
    uint16_t *slot = rc ? NULL : slot_of(memo, id);
    if (!rc && *slot)
        rc = CV_ECONFLICT; /* never replaced */
    int64_t at = (int64_t)memo->answers.len;
    if (!rc)
        rc = cv_buf_put(&memo->answers, outcome.ptr, outcome.len);
    if (rc)
        return rc;
    if (!memo->row)
        memo->row = cv_journal_next(memo->journal);
    cv_memo_entry_t *entry = &memo->fresh[memo->fresh_n++];
    *slot = (uint16_t)memo->fresh_n;
    *entry = (cv_memo_entry_t){.principal = principal, .row = memo->row, .at = at, .len = (int64_t)outcome.len};
    memcpy(entry->id, id, CV_UUID_LEN);
    memcpy(entry->hash, hash, CV_MEMO_HASH);
    if (memcmp(id, memo->highest, CV_UUID_LEN) > 0)
        memcpy(memo->highest, id, CV_UUID_LEN);
    return CV_OK;
}
