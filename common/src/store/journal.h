/* journal: one append-only table for everything a service says: the records of its streams and the answers it gave.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   journal       n | part | first | chain | ends | bytes       n rises by one from row to row, whatever the part
 *   journal_mark  part, first -> n                              of some rows of a part, to find the others by
 *
 * A part is a stream (its id) or CV_PART_ANSWERS. A row holds what one transaction said in one part, at most 64 KiB of
 * it: items back to back, and in `ends` where each ends (4 octets, big endian). `first` is the number of the first
 * item, `chain` the stream's chain before it. The rows of a transaction stand next to each other, so one that says
 * little changes one page of the file, where a table per stream would change a page of each.
 */
#ifndef CONVENE_SRC_STORE_JOURNAL_H
#define CONVENE_SRC_STORE_JOURNAL_H

#include "store/db.h"

enum {
    CV_PART_ANSWERS = 0,
    CV_PARTS_MAX = 64,        /* streams ever seen in one database, count */
    CV_ROW_BYTES = 64 * 1024, /* of one row; one longer item has a row of its own */
    CV_ROW_ITEMS = 1024,      /* and count */
    CV_ROW_END = 4,           /* octets of an end */
};

typedef struct {
    cv_db_t *db;
    cv_stmt_t *put, *put_mark, *mark_at, *mark_after, *find, *from, *bytes, *drop, *drop_mark;
    int64_t next_n, committed_n;
    int64_t marked_n[CV_PARTS_MAX]; /* the last mark's row; 0: not known */
    int64_t walk_part;              /* of the walk that is going on */
    uint64_t walk_mark;             /* and the item of the mark it has come to */
} cv_journal_t;

/* A row as it was read; views that are valid until the next step of the journal. */
typedef struct {
    int64_t n;
    uint64_t first;
    cv_str_t chain, ends, bytes;
    size_t items_n;
} cv_row_t;

int cv_journal_init(cv_journal_t *journal, cv_db_t *db) CV_USE_RESULT;
/* Inside a transaction: the n of a row that will be put before COMMIT. */
int64_t cv_journal_next(cv_journal_t *journal);
/* Inside a transaction. `first` must rise within a part, but for CV_PART_ANSWERS, whose rows are found by n only. */
int cv_journal_put(cv_journal_t *journal, int64_t n, int64_t part, uint64_t first, cv_str_t chain, cv_str_t ends,
                   cv_str_t bytes) CV_USE_RESULT;
void cv_journal_committed(cv_journal_t *journal); /* after COMMIT */
void cv_journal_forget(cv_journal_t *journal);    /* after ROLLBACK */

/* What ROLLBACK TO a savepoint has to put back here. */
typedef struct {
    int64_t next_n, marked_n[CV_PARTS_MAX];
} cv_journal_hold_t;
void cv_journal_hold(const cv_journal_t *journal, cv_journal_hold_t *ret_hold);
void cv_journal_return(cv_journal_t *journal, const cv_journal_hold_t *hold);

/* Starts a walk at the row that holds the item, or if there is none at the next one; then one row per step in order.
 * CV_ENOTFOUND: no more. CV_ECORRUPT: a row that no put can have written. A walk that is not at its end is ended. */
int cv_journal_seek(cv_journal_t *journal, int64_t part, uint64_t item, cv_row_t *ret_row) CV_USE_RESULT;
/* The same from the last mark of a part on: its last rows, a bounded number. */
int cv_journal_tail(cv_journal_t *journal, int64_t part, cv_row_t *ret_row) CV_USE_RESULT;
int cv_journal_step(cv_journal_t *journal, cv_row_t *ret_row) CV_USE_RESULT;
void cv_journal_end(cv_journal_t *journal);
/* Item i of a row. CV_ECORRUPT: the ends do not fit the bytes. */
int cv_row_item(const cv_row_t *row, size_t i, cv_str_t *ret_item) CV_USE_RESULT;
/* Octets of row n; valid until cv_journal_bytes_end. CV_ECORRUPT: they are not there. */
int cv_journal_bytes(cv_journal_t *journal, int64_t n, int64_t at, int64_t len, cv_str_t *ret_bytes) CV_USE_RESULT;
void cv_journal_bytes_end(cv_journal_t *journal);
/* Inside a transaction: drops the rows of a part before the one that begins with `first`, which is row keep_n; 0: there
 * is none, all go. CV_ECORRUPT: nothing was there to drop. */
int cv_journal_drop(cv_journal_t *journal, int64_t part, uint64_t first, int64_t keep_n) CV_USE_RESULT;

#endif
