/* journal: see journal.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Failure modes:
 *   rolled back    cv_journal_forget puts the next n back
 *   killed         rows and marks are of the transaction that wrote them
 *   dropped rows   leave holes in n; the row that is kept first gets a mark, so that no search has to pass the holes
 *
 * Invariants: n and, within a part, `first` rise together. The oldest row of a part has a mark, and at most MARK_EVERY
 * rows of the part stand between two marks: a search reads no more than those and what other parts have between them.
 */
#include "store/journal.h"

#include <string.h>

enum { MARK_EVERY = 64, MARK_NEXT = MARK_EVERY - 1 };

int cv_journal_init(cv_journal_t *journal, cv_db_t *db) {
    *journal = (cv_journal_t){.db = db};
    memset(journal->unmarked, MARK_NEXT, sizeof journal->unmarked);
    const struct {
        cv_stmt_t **stmt;
        const char *sql;
    } statements[] = {
        {&journal->put, "INSERT INTO journal VALUES(?, ?, ?, ?, ?, ?)"},
        {&journal->put_mark, "INSERT OR REPLACE INTO journal_mark VALUES(?, ?, ?)"},
        {&journal->find_mark, "SELECT n FROM journal_mark WHERE part = ? AND first <= ? ORDER BY first DESC LIMIT 1"},
        {&journal->from, "SELECT n, first, chain, ends, bytes FROM journal WHERE n >= ? AND part = ? ORDER BY n"},
        {&journal->bytes, "SELECT substr(bytes, ? + 1, ?) FROM journal WHERE n = ?"},
        {&journal->drop, "DELETE FROM journal WHERE n BETWEEN ? AND ? AND part = ?"},
        {&journal->drop_marks, "DELETE FROM journal_mark WHERE part = ? AND first < ?"},
    };
    cv_stmt_t *last;
    int rc = cv_db_prepare(db, "SELECT coalesce(max(n), 0) + 1 FROM journal", &last);
    for (size_t i = 0; !rc && i < sizeof statements / sizeof *statements; i++)
        rc = cv_db_prepare(db, statements[i].sql, statements[i].stmt);
    if (rc)
        return rc;
    rc = cv_stmt_step(last);
    if (rc < 0)
        return rc;
    journal->next_n = journal->committed_n = cv_stmt_get_int(last, 0);
    cv_stmt_reset(last);
    return CV_OK;
}

static int put_mark(cv_journal_t *journal, int64_t part, uint64_t first, int64_t n) {
    cv_stmt_int(journal->put_mark, 1, part);
    cv_stmt_int(journal->put_mark, 2, (int64_t)first);
    cv_stmt_int(journal->put_mark, 3, n);
    return cv_stmt_run(journal->put_mark);
}

int64_t cv_journal_next(cv_journal_t *journal) {
    return journal->next_n++;
}

int cv_journal_put(cv_journal_t *journal, int64_t n, int64_t part, uint64_t first, cv_str_t chain, cv_str_t ends,
                   cv_str_t bytes) {
    int rc = CV_OK;
    if (part != CV_PART_ANSWERS && ++journal->unmarked[part] >= MARK_EVERY) {
        rc = put_mark(journal, part, first, n);
        journal->unmarked[part] = 0;
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

void cv_journal_committed(cv_journal_t *journal) {
    journal->committed_n = journal->next_n;
}

void cv_journal_forget(cv_journal_t *journal) {
    journal->next_n = journal->committed_n;
    memset(journal->unmarked, MARK_NEXT, sizeof journal->unmarked); /* marks may have gone: make new ones */
}

/* ---- reading ------------------------------------------------------------------------------ */

static size_t end_of(const cv_row_t *row, size_t i) {
    const uint8_t *at = (const uint8_t *)row->ends.ptr + i * CV_ROW_END;
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

int cv_row_item(const cv_row_t *row, size_t i, cv_str_t *ret_item) {
    size_t start = i ? end_of(row, i - 1) : 0, end = end_of(row, i);
    if (end < start || end > row->bytes.len)
        return CV_ECORRUPT;
    *ret_item = (cv_str_t){row->bytes.ptr + start, end - start};
    return CV_OK;
}

int cv_journal_step(cv_journal_t *journal, cv_row_t *ret_row) {
    int rc = cv_stmt_step(journal->from);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    *ret_row = (cv_row_t){.n = cv_stmt_get_int(journal->from, 0),
                          .first = (uint64_t)cv_stmt_get_int(journal->from, 1),
                          .chain = cv_stmt_get_blob(journal->from, 2),
                          .ends = cv_stmt_get_blob(journal->from, 3),
                          .bytes = cv_stmt_get_blob(journal->from, 4)};
    ret_row->items_n = ret_row->ends.len / CV_ROW_END;
    if (ret_row->items_n && end_of(ret_row, ret_row->items_n - 1) == ret_row->bytes.len)
        return CV_OK;
    cv_journal_end(journal);
    return CV_ECORRUPT;
}

void cv_journal_end(cv_journal_t *journal) {
    cv_stmt_reset(journal->from);
}

/* The n of the last mark at or before the item; 0: there is none. */
static int marked(cv_journal_t *journal, int64_t part, uint64_t item, int64_t *ret_n) {
    cv_stmt_int(journal->find_mark, 1, part);
    cv_stmt_int(journal->find_mark, 2, (int64_t)item);
    int rc = cv_stmt_step(journal->find_mark);
    if (rc < 0)
        return rc;
    *ret_n = rc ? cv_stmt_get_int(journal->find_mark, 0) : 0;
    cv_stmt_reset(journal->find_mark);
    return CV_OK;
}

/* The first row from the last mark at or before the item on. */
static int start(cv_journal_t *journal, int64_t part, uint64_t item, cv_row_t *ret_row) {
    int64_t n;
    int rc = marked(journal, part, item, &n);
    if (rc)
        return rc;
    cv_journal_end(journal);
    cv_stmt_int(journal->from, 1, n);
    cv_stmt_int(journal->from, 2, part);
    return cv_journal_step(journal, ret_row);
}

int cv_journal_seek(cv_journal_t *journal, int64_t part, uint64_t item, cv_row_t *ret_row) {
    int rc = start(journal, part, item, ret_row);
    while (!rc && ret_row->first + ret_row->items_n <= item)
        rc = cv_journal_step(journal, ret_row);
    return rc;
}

int cv_journal_tail(cv_journal_t *journal, int64_t part, cv_row_t *ret_row) {
    return start(journal, part, INT64_MAX, ret_row);
}

int cv_journal_bytes(cv_journal_t *journal, int64_t n, int64_t at, int64_t len, cv_str_t *ret_bytes) {
    cv_stmt_int(journal->bytes, 1, at);
    cv_stmt_int(journal->bytes, 2, len);
    cv_stmt_int(journal->bytes, 3, n);
    int rc = cv_stmt_step(journal->bytes);
    if (rc != 1)
        return rc ? rc : CV_ECORRUPT;
    *ret_bytes = cv_stmt_get_blob(journal->bytes, 0);
    if (len >= 0 && ret_bytes->len == (size_t)len)
        return CV_OK;
    cv_journal_bytes_end(journal);
    return CV_ECORRUPT;
}

void cv_journal_bytes_end(cv_journal_t *journal) {
    cv_stmt_reset(journal->bytes);
}

/* ---- dropping ----------------------------------------------------------------------------- */

int cv_journal_drop(cv_journal_t *journal, int64_t part, uint64_t oldest, uint64_t first, int64_t keep_n) {
    cv_row_t row;
    int rc = cv_journal_seek(journal, part, oldest, &row);
    cv_journal_end(journal);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
    cv_stmt_int(journal->drop, 1, row.n);
    cv_stmt_int(journal->drop, 2, (keep_n ? keep_n : journal->next_n) - 1);
    cv_stmt_int(journal->drop, 3, part);
    rc = cv_stmt_run(journal->drop);
    cv_stmt_int(journal->drop_marks, 1, part);
    cv_stmt_int(journal->drop_marks, 2, (int64_t)first);
    if (!rc)
        rc = cv_stmt_run(journal->drop_marks);
    if (!rc && keep_n)
        rc = put_mark(journal, part, first, keep_n);
    if (!keep_n)
        journal->unmarked[part] = MARK_NEXT;
    return rc;
}
