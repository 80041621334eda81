/* store: one SQLite file, one connection, one writer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A service owns exactly one database and only its main thread touches it. Statements are prepared once, live as long
 * as the database, and bind views without copying. SQLite's codes become CV_E* here and nowhere else:
 * FULL -> CV_EFULL, IOERR and unknown commit results -> CV_EIO, CORRUPT and NOTADB -> CV_ECORRUPT, a broken
 * constraint -> CV_ECONFLICT, anything else -> CV_EINTERNAL.
 */
#ifndef CONVENE_STORE_H
#define CONVENE_STORE_H

#include "convene/wire.h"

typedef struct cv_db cv_db_t;
typedef struct cv_stmt cv_stmt_t;

enum { CV_WAL_BYTES = 16 * 1024 * 1024 }; /* of a service: what it writes between two checkpoints, and some */

typedef struct {
    const char *path;              /* the database; <path>.lock beside it is held while it is open */
    const char *vfs;               /* NULL: the real disk. Tests name a VFS that can crash */
    uint32_t application_id;       /* of the file: tells one service's file from another's */
    const char *const *migrations; /* [i] takes user_version i to i+1; forward only, one transaction each */
    size_t migrations_n;
    int64_t reserve_bytes; /* below this much free space writes are refused (CV_EFULL); 0: no check */
    int cache_kib;         /* page cache; 0: 64 MiB */
    int64_t wal_bytes; /* the WAL has this size from the start, if there is room: a sync of a file that does not grow
                        * takes half the time; 0: it grows */
} cv_db_options_t;

/* Opens or makes the file, checks it after an unclean stop, migrates it. CV_ELOCKED: another process has it.
 * CV_EVERSION: made by a newer program. CV_ECORRUPT: integrity check failed. ret_error says it for people. */
int cv_db_open(const cv_db_options_t *options, cv_db_t **ret_db, char *ret_error, size_t error_size) CV_USE_RESULT;
/* Orderly: finalizes statements, checkpoints, marks the stop as clean, lets the lock go. */
void cv_db_close(cv_db_t **db);

int cv_db_begin(cv_db_t *db) CV_USE_RESULT;  /* BEGIN IMMEDIATE */
int cv_db_commit(cv_db_t *db) CV_USE_RESULT; /* durable when it returns CV_OK; after an error the transaction is gone */
void cv_db_rollback(cv_db_t *db);            /* also when SQLite already did; never fails */
int cv_db_exec(cv_db_t *db, const char *sql) CV_USE_RESULT; /* fixed SQL only */
int cv_db_changes(cv_db_t *db);                             /* rows changed by the last statement */
const char *cv_db_error(cv_db_t *db);                       /* SQLite's words for the last failure */
int64_t cv_db_free_bytes(cv_db_t *db);                      /* of the file system; -1: unknown */
/* A bounded slice of housekeeping (checkpoint) between batches; idle: nothing else is waiting. */
int cv_db_tend(cv_db_t *db, bool idle) CV_USE_RESULT;
/* Inside a transaction that overwrites or deletes what must be in no file any more once it has ended: that is done
 * right after it, or when the file is opened next. whole: also where the rows have been moved about in their tables;
 * costs the time to write the file anew, and is not needed for rows that were appended and are overwritten by as many
 * octets. */
int cv_db_scrub_after(cv_db_t *db, bool whole) CV_USE_RESULT;
/* A consistent copy at target while the service goes on; target must not exist. */
int cv_db_backup(cv_db_t *db, const char *target) CV_USE_RESULT;

int cv_db_prepare(cv_db_t *db, const char *sql, cv_stmt_t **ret_stmt) CV_USE_RESULT;
/* A statement of a store: where it goes, and its text. */
typedef struct {
    cv_stmt_t **stmt;
    const char *sql;
} cv_sql_t;
/* All of them; the first that cannot be prepared ends it. */
int cv_db_prepare_all(cv_db_t *db, const cv_sql_t *list, size_t n) CV_USE_RESULT;
void cv_stmt_int(cv_stmt_t *stmt, int index, int64_t value);   /* index from 1 */
void cv_stmt_text(cv_stmt_t *stmt, int index, cv_str_t value); /* ptr NULL binds NULL; must live until the step */
void cv_stmt_blob(cv_stmt_t *stmt, int index, const void *bytes, size_t len);
void cv_stmt_null(cv_stmt_t *stmt, int index);
/* 1: a row is there; 0: no more (already reset); < 0: CV_E* (already reset). A loop left early must cv_stmt_reset. */
int cv_stmt_step(cv_stmt_t *stmt) CV_USE_RESULT;
/* A statement that gives no rows: steps once, resets. */
int cv_stmt_run(cv_stmt_t *stmt) CV_USE_RESULT;
void cv_stmt_reset(cv_stmt_t *stmt);
int64_t cv_stmt_get_int(cv_stmt_t *stmt, int column);   /* column from 0; NULL gives 0 */
cv_str_t cv_stmt_get_text(cv_stmt_t *stmt, int column); /* valid until the next step or reset */
cv_str_t cv_stmt_get_blob(cv_stmt_t *stmt, int column);
bool cv_stmt_get_null(cv_stmt_t *stmt, int column);

/* Rows that gather in memory and are written by one statement, which reads them as a table with this name, for instance
 * INSERT INTO person SELECT * FROM person_rows. A row costs a third of what an INSERT of its own does. Rows are
 * forgotten by cv_rows_clear only; to be destroyed after the last statement that names them has run. */
enum { CV_ROWS_MAX = 1 << 20 };
typedef struct cv_rows cv_rows_t;
int cv_rows_new(cv_db_t *db, const char *name, int columns_n, cv_rows_t **ret_rows) CV_USE_RESULT;
void cv_rows_destroy(cv_rows_t **rows);
int cv_rows_add(cv_rows_t *rows) CV_USE_RESULT; /* a row of NULLs. CV_ELIMIT over CV_ROWS_MAX */
/* Of the row that was added last; column from 0. What a text or blob points to must live until the statement has run.
 */
void cv_rows_int(cv_rows_t *rows, int column, int64_t value);
void cv_rows_text(cv_rows_t *rows, int column, cv_str_t value);
void cv_rows_blob(cv_rows_t *rows, int column, cv_str_t value);
size_t cv_rows_n(const cv_rows_t *rows);
void cv_rows_clear(cv_rows_t *rows);

#endif
