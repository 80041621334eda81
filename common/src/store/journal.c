/* journal: see journal.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A part may say little while others say much: between two rows of it millions of theirs can stand, and no search may
 * read those. So a row gets a mark when it is REACH rows or more behind the last mark of its part:
 *
 *   n      1   2   3   4   5   6  ...  64  65  66  ...       9000  9001
 *   part   A*  .   A   A   .   .       A   A*  .   only .    A*    A        * marked, with a REACH of 64
 *
 * A search reads the reach of one mark; where that ends, the walk goes on at the next mark.
 *
 * Failure modes:
 *   rolled back    cv_journal_forget puts the next n back; which marks are left is not known then, so each part gets
 *                  one anew
 *   killed         rows and marks are of the transaction that wrote them
 *   dropped rows   leave holes in n; the row that is kept first gets a mark
 *
 * Invariants: n and, within a part, `first` rise together. A row of a stream is less than REACH behind the last mark at
 * or before it. So the oldest one has a mark, and a stream without a mark has no rows.
 */
#include "store/journal.h"

#include <string.h>

enum { REACH = 192 /* rows of any part. A transaction has about three: a mark in some sixty transactions */ };

typedef struct {
    int64_t n;
    uint64_t first;
} mark_t;

int cv_journal_init(cv_journal_t *journal, cv_db_t *db)
{
    *journal = (cv_journal_t){.db = db};
    const cv_sql_t statements[] = {
        {&journal->put, "INSERT INTO journal VALUES(?, ?, ?, ?, ?, ?)"},
        {&journal->put_mark, "INSERT OR REPLACE INTO journal_mark VALUES(?, ?, ?)"},
        {&journal->mark_at,
         "SELECT n, first FROM journal_mark WHERE part = ? AND first <= ? ORDER BY first DESC LIMIT 1"},
        {&journal->mark_after, "SELECT n, first FROM journal_mark WHERE part = ? AND first > ? ORDER BY first LIMIT 1"},
        {&journal->find,
         "SELECT n FROM journal WHERE n >= ? AND n < ? AND part = ? AND first <= ? ORDER BY n DESC LIMIT 1"},
        {&journal->from,
         "SELECT n, first, chain, ends, bytes FROM journal WHERE n >= ? AND n < ? AND part = ? ORDER BY n"},
        {&journal->bytes, "SELECT substr(bytes, ? + 1, ?) FROM journal WHERE n = ?"},
        {&journal->drop, "DELETE FROM journal WHERE n >= ? AND n < ? AND part = ?"},
        {&journal->drop_mark, "DELETE FROM journal_mark WHERE part = ? AND first = ?"},
    };
    cv_stmt_t *last;
    int rc = cv_db_prepare(db, "SELECT coalesce(max(n), 0) + 1 FROM journal", &last);
    if (!rc)
        rc = cv_db_prepare_all(db, statements, sizeof statements / sizeof *statements);
    if (rc)
        return rc;
    rc = cv_stmt_step(last);
    if (rc < 0)
        return rc;
    journal->next_n = journal->committed_n = cv_stmt_get_int(last, 0);
    cv_stmt_reset(last);
    return CV_OK;
}

static int put_mark(cv_journal_t *journal, int64_t part, uint64_t first, int64_t n)
{
    cv_stmt_int(journal->put_mark, 1, part);
    cv_stmt_int(journal->put_mark, 2, (int64_t)first);
    cv_stmt_int(journal->put_mark, 3, n);
    return cv_stmt_run(journal->put_mark);
}

int64_t cv_journal_next(cv_journal_t *journal)
{
    return journal->next_n++;
}

int cv_journal_put(cv_journal_t *journal, int64_t n, int64_t part, uint64_t first, cv_str_t chain, cv_str_t ends,
                   cv_str_t bytes)
{
    int rc = CV_OK;
    if (part != CV_PART_ANSWERS && (!journal->marked_n[part] || n - journal->marked_n[part] >= REACH)) {
        rc = put_mark(journal, part, first, n);
        journal->marked_n[part] = n;
    }
    if (rc)
        return rc;
    cv_stmt_int(journal->put, 1, n);
    cv_stmt_int(journal->put, 2, part);
    cv_stmt_int(journal->put, 3, (int64_t)first);
    cv_stmt_blob(journal->put, 4, chain.ptr, chain.len);
    cv_stmt_blob(journal->put, 5, ends.ptr, ends.len);
    cv_stmt_blob(journal->put, 6, bytes.len ? bytes.ptr : "", bytes.len);
    return cv_stmt_run(journal->put);
}

void cv_journal_committed(cv_journal_t *journal)
{
    journal->committed_n = journal->next_n;
}

void cv_journal_forget(cv_journal_t *journal)
{
    journal->next_n = journal->committed_n;
    memset(journal->marked_n, 0, sizeof journal->marked_n);
}

void cv_journal_hold(const cv_journal_t *journal, cv_journal_hold_t *ret_hold)
{
    ret_hold->next_n = journal->next_n;
    memcpy(ret_hold->marked_n, journal->marked_n, sizeof ret_hold->marked_n);
}

void cv_journal_return(cv_journal_t *journal, const cv_journal_hold_t *hold)
{
    journal->next_n = hold->next_n;
    memcpy(journal->marked_n, hold->marked_n, sizeof journal->marked_n);
}

/* ---- reading ------------------------------------------------------------------------------ */

static size_t end_of(const cv_row_t *row, size_t i)
{
    const uint8_t *at = (const uint8_t *)row->ends.ptr + i * CV_ROW_END;
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

int cv_row_item(const cv_row_t *row, size_t i, cv_str_t *ret_item)
{
    size_t start = i ? end_of(row, i - 1) : 0, end = end_of(row, i);
    if (end < start || end > row->bytes.len)
        return CV_ECORRUPT;
    *ret_item = (cv_str_t){row->bytes.ptr + start, end - start};
    return CV_OK;
}

/* ---- marks -------------------------------------------------------------------------------- */

/* CV_ENOTFOUND. CV_ECORRUPT: of a row that there cannot be. */
static int get_mark(cv_stmt_t *stmt, int64_t part, uint64_t item, mark_t *ret_mark)
{
    cv_stmt_int(stmt, 1, part);
    cv_stmt_int(stmt, 2, (int64_t)item);
    int rc = cv_stmt_step(stmt);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    mark_t mark = {.n = cv_stmt_get_int(stmt, 0), .first = (uint64_t)cv_stmt_get_int(stmt, 1)};
    cv_stmt_reset(stmt);
    if (mark.n < 1 || mark.n > INT64_MAX - REACH)
        return CV_ECORRUPT;
    *ret_mark = mark;
    return CV_OK;
}

/* The last mark at or before the item; if there is none, the first one of the part. */
static int mark_for(cv_journal_t *journal, int64_t part, uint64_t item, mark_t *ret_mark)
{
    int rc = get_mark(journal->mark_at, part, item, ret_mark);
    return rc == CV_ENOTFOUND ? get_mark(journal->mark_after, part, 0, ret_mark) : rc;
}

/* Before which n the rows end that belong to this mark. */
static int reach_of(cv_journal_t *journal, int64_t part, const mark_t *mark, int64_t *ret_end)
{
    mark_t next;
    int rc = get_mark(journal->mark_after, part, mark->first, &next);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    *ret_end = !rc && next.n < mark->n + REACH ? next.n : mark->n + REACH;
    return CV_OK;
}

/* ---- walking ------------------------------------------------------------------------------ */

/* The rows of one mark, from row n on. */
static int walk_from(cv_journal_t *journal, int64_t part, const mark_t *mark, int64_t n)
{
    int64_t end = 0;
    int rc = reach_of(journal, part, mark, &end);
    if (rc)
        return rc;
    cv_journal_end(journal);
    journal->walk_part = part;
    journal->walk_mark = mark->first;
    cv_stmt_int(journal->from, 1, n);
    cv_stmt_int(journal->from, 2, end);
    cv_stmt_int(journal->from, 3, part);
    return CV_OK;
}

/* Brings the next row: of this mark, or of the ones after it. */
static int next_row(cv_journal_t *journal)
{
    int rc;
    while (!(rc = cv_stmt_step(journal->from))) {
        mark_t next;
        rc = get_mark(journal->mark_after, journal->walk_part, journal->walk_mark, &next);
        if (!rc)
            rc = walk_from(journal, journal->walk_part, &next, next.n);
        if (rc)
            return rc;
    }
    return rc == 1 ? CV_OK : rc;
}

int cv_journal_step(cv_journal_t *journal, cv_row_t *ret_row)
{
    int rc = next_row(journal);
    if (rc)
        return rc;
    cv_row_t row = {.n = cv_stmt_get_int(journal->from, 0),
                    .first = (uint64_t)cv_stmt_get_int(journal->from, 1),
                    .chain = cv_stmt_get_blob(journal->from, 2),
                    .ends = cv_stmt_get_blob(journal->from, 3),
                    .bytes = cv_stmt_get_blob(journal->from, 4)};
    row.items_n = row.ends.len / CV_ROW_END;
    if (row.items_n && end_of(&row, row.items_n - 1) == row.bytes.len) {
        *ret_row = row;
        return CV_OK;
    }
    cv_journal_end(journal);
    return CV_ECORRUPT;
}

void cv_journal_end(cv_journal_t *journal)
{
    cv_stmt_reset(journal->from);
}

/* The last row of this mark that begins at or before the item. The mark's own if there is none: then the item is older.
 */
static int find(cv_journal_t *journal, int64_t part, const mark_t *mark, uint64_t item, int64_t *ret_n)
{
    int64_t end = 0;
    int rc = reach_of(journal, part, mark, &end);
    if (rc)
        return rc;
    cv_stmt_int(journal->find, 1, mark->n);
    cv_stmt_int(journal->find, 2, end);
    cv_stmt_int(journal->find, 3, part);
    cv_stmt_int(journal->find, 4, (int64_t)item);
    rc = cv_stmt_step(journal->find);
    if (rc < 0)
        return rc;
    *ret_n = rc ? cv_stmt_get_int(journal->find, 0) : mark->n;
    cv_stmt_reset(journal->find);
    return CV_OK;
}

/* The first row of a walk. Where a mark is there is one. */
static int first_row(cv_journal_t *journal, cv_row_t *ret_row)
{
    int rc = cv_journal_step(journal, ret_row);
    return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
}

int cv_journal_seek(cv_journal_t *journal, int64_t part, uint64_t item, cv_row_t *ret_row)
{
    mark_t mark;
    int64_t n = 0;
    int rc = mark_for(journal, part, item, &mark);
    if (!rc)
        rc = find(journal, part, &mark, item, &n);
    if (!rc)
        rc = walk_from(journal, part, &mark, n);
    if (!rc)
        rc = first_row(journal, ret_row);
    while (!rc && ret_row->first + ret_row->items_n <= item)
        rc = cv_journal_step(journal, ret_row);
    return rc;
}

int cv_journal_tail(cv_journal_t *journal, int64_t part, cv_row_t *ret_row)
{
    mark_t mark;
    int rc = mark_for(journal, part, INT64_MAX, &mark);
    if (!rc)
        rc = walk_from(journal, part, &mark, mark.n);
    return rc ? rc : first_row(journal, ret_row);
}

int cv_journal_bytes(cv_journal_t *journal, int64_t n, int64_t at, int64_t len, cv_str_t *ret_bytes)
{
    if (at < 0 || len < 0 || at >= INT32_MAX ||
        len > INT32_MAX)    /* SQLite's substr takes 32 bits of each, and what is */
        return CV_ECORRUPT; /* negative from the end */
    cv_stmt_int(journal->bytes, 1, at);
    cv_stmt_int(journal->bytes, 2, len);
    cv_stmt_int(journal->bytes, 3, n);
    int rc = cv_stmt_step(journal->bytes);
    if (rc != 1)
        return rc ? rc : CV_ECORRUPT;
    cv_str_t bytes = cv_stmt_get_blob(journal->bytes, 0);
    if (bytes.len == (size_t)len) {
        *ret_bytes = bytes;
        return CV_OK;
    }
    cv_journal_bytes_end(journal);
    return CV_ECORRUPT;
}

void cv_journal_bytes_end(cv_journal_t *journal)
{
    cv_stmt_reset(journal->bytes);
}

/* ---- dropping ----------------------------------------------------------------------------- */

/* Mark by mark, so that of other parts no more is read than stands within the reach of one. */
int cv_journal_drop(cv_journal_t *journal, int64_t part, uint64_t first, int64_t keep_n)
{
    mark_t mark;
    int64_t keep = keep_n ? keep_n : journal->next_n, end = 0, dropped = 0;
    int rc;
    while (!(rc = get_mark(journal->mark_after, part, 0, &mark)) && mark.first < first) {
        rc = reach_of(journal, part, &mark, &end);
        if (rc)
            return rc;
        cv_stmt_int(journal->drop, 1, mark.n);
        cv_stmt_int(journal->drop, 2, end < keep ? end : keep);
        cv_stmt_int(journal->drop, 3, part);
        rc = cv_stmt_run(journal->drop);
        dropped += cv_db_changes(journal->db);
        cv_stmt_int(journal->drop_mark, 1, part);
        cv_stmt_int(journal->drop_mark, 2, (int64_t)mark.first);
        if (!rc)
            rc = cv_stmt_run(journal->drop_mark);
        if (rc)
            return rc;
    }
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    if (!keep_n)
        journal->marked_n[part] = 0;
    rc = keep_n ? put_mark(journal, part, first, keep_n) : CV_OK;
    return rc || dropped ? rc : CV_ECORRUPT;
}
