/* db: one SQLite file with one connection, opened so that what COMMIT promised is on the disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Happy path: lock file, open, whose is it, pragmas, check if the last stop was not clean, migrate, mark as unclean,
 * serve; at an orderly close checkpoint and mark as clean.
 *
 * Why these settings (SQLite 3.40.1 of Debian 12 is what they have to survive):
 *   one connection, exclusive     two connections that write or checkpoint can meet the WAL-reset bug (3.7.0 to
 *                                 3.51.2); exclusive locking before WAL also keeps the wal-index in memory, not in a
 *                                 shared file
 *   journal WAL, synchronous FULL COMMIT returns after the WAL is synced; NORMAL would lose acknowledged commits
 *   wal_autocheckpoint 0          a checkpoint inside COMMIT would land on a batch; cv_db_tend does it between batches
 *   page size 8 KiB               fewer, larger WAL frames; measured faster for append-heavy tables
 *   trusted_schema off, defensive, cell_size_check: a damaged or hostile file is an error, not a crash
 *
 * Failure modes:
 *   disk full          the statement fails, SQLite may or may not have rolled back; cv_db_rollback settles it: CV_EFULL
 *   I/O error          what is on the disk is unknown: CV_EIO; the caller must not answer and must leave the process
 *   another process    flock on <path>.lock fails: CV_ELOCKED. The lock dies with the process, never stale
 *   killed anywhere    next open finds clean_stop = 0 and runs quick_check after SQLite's own WAL recovery
 *   newer schema       CV_EVERSION, nothing touched
 *   file of others     CV_EINVAL, nothing touched, not even its journal mode
 *
 * Invariants: statements are reset before control leaves the step that ended them, so no read pins the WAL; all
 * statements die with the database.
 */
#include "store/db.h"
#include "convene/files.h"

#include "store/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    DEFAULT_CACHE_KIB = 64 * 1024,
    /* Checkpoint sizes in WAL pages of 8 KiB. Larger ones under load save little work and stall a batch for longer. */
    CHECKPOINT_IDLE_PAGES = 200,
    CHECKPOINT_BUSY_LEAST = 250,
    CHECKPOINT_BUSY_COMMITS = 4,
    CHECKPOINT_BUSY_PAGES = 1000,
    WAL_KEEP_BYTES = 64 * 1024 * 1024,
};

struct cv_stmt {
    sqlite3_stmt *raw;
    cv_db_t *db;
    int bind_rc;     /* SQLite's, of the first bind that failed since the last step */
    cv_stmt_t *next; /* all statements of a database, for its close */
};

struct cv_db {
    sqlite3 *raw;
    char *path;
    int lock_fd;                 /* -1: a test's VFS has no lock file */
    int wal_pages, commit_pages; /* in the WAL; of the last commit */
    int64_t reserve_bytes, wal_bytes;
    int scrub;        /* SCRUB_*: what is due after the transaction; also in meta, so that no stop can come between */
    bool mark_is_due; /* see mark_unclean */
    cv_stmt_t *statements;
    cv_stmt_t *begin, *commit, *rollback;
};

static const char *const META_MIGRATIONS[] = {
    "CREATE TABLE component(name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('clean_stop', 1);",
};

/* SQLite's codes become ours here and nowhere else. */
static int translate(int sqlite_rc)
{
    switch (sqlite_rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return CV_OK;
    case SQLITE_FULL:
        return CV_EFULL;
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
        return CV_EIO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return CV_ECORRUPT;
    case SQLITE_NOMEM:
        return CV_ENOMEM;
    case SQLITE_CONSTRAINT:
        return CV_ECONFLICT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return CV_ELOCKED;
    case SQLITE_TOOBIG:
        return CV_ELIMIT;
    default:
        return CV_EINTERNAL;
    }
}

static int on_wal_commit(void *self, sqlite3 *raw, const char *name, int pages)
{
    (void)raw;
    (void)name;
    cv_db_t *db = self;
    db->commit_pages = pages > db->wal_pages ? pages - db->wal_pages : pages;
    db->wal_pages = pages;
    return SQLITE_OK;
}

int cv_db_exec(cv_db_t *db, const char *sql)
{
    return translate(sqlite3_exec(db->raw, sql, NULL, NULL, NULL));
}

int cv_db_changes(cv_db_t *db)
{
    return sqlite3_changes(db->raw);
}

struct sqlite3 *cv_db_raw(cv_db_t *db)
{
    return db->raw;
}

const char *cv_db_error(cv_db_t *db)
{
    return sqlite3_errmsg(db->raw);
}

/* First column of the first row as an integer. */
static int scalar(cv_db_t *db, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *raw = NULL;
    int rc = translate(sqlite3_prepare_v2(db->raw, sql, -1, &raw, NULL));
    if (rc)
        return rc;
    int step = sqlite3_step(raw);
    if (step == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(raw, 0);
    rc = step == SQLITE_ROW ? CV_OK : step == SQLITE_DONE ? CV_ENOTFOUND : translate(step);
    sqlite3_finalize(raw);
    return rc;
}

/* ---- opening ------------------------------------------------------------------------------ */

static int take_lock(cv_db_t *db, char *ret_error, size_t error_size)
{
    char lock_path[4096];
    if (snprintf(lock_path, sizeof lock_path, "%s.lock", db->path) >= (int)sizeof lock_path) {
        snprintf(ret_error, error_size, "%s: path is longer than %zu octets", db->path, sizeof lock_path);
        return CV_EINVAL;
    }
    db->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (db->lock_fd < 0) {
        snprintf(ret_error, error_size, "%s: cannot open the lock file: %s", lock_path, strerror(errno));
        return CV_EIO;
    }
    if (flock(db->lock_fd, LOCK_EX | LOCK_NB)) {
        snprintf(ret_error, error_size, "%s: another process has this database open", db->path);
        return CV_ELOCKED;
    }
    return CV_OK;
}

static int exec_all(cv_db_t *db, const char *const *pragmas, size_t n)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < n; i++)
        rc = cv_db_exec(db, pragmas[i]);
    return rc;
}

/* What says how we read; writes nothing. */
static int set_up_reading(cv_db_t *db, int cache_kib)
{
    char pragma[96];
    int on = 1;
    sqlite3_db_config(db->raw, SQLITE_DBCONFIG_DEFENSIVE, 1, &on);
    sqlite3_extended_result_codes(db->raw, 1);
    snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%d", cache_kib ? cache_kib : DEFAULT_CACHE_KIB);
    const char *const pragmas[] = {
        "PRAGMA page_size = 8192",
        "PRAGMA locking_mode = EXCLUSIVE", /* before WAL: no shared memory file */
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON", /* what is deleted is overwritten */
        "PRAGMA trusted_schema = OFF",
        "PRAGMA cell_size_check = ON",
        "PRAGMA mmap_size = 0",
        "PRAGMA temp_store = MEMORY",
        pragma,
    };
    return exec_all(db, pragmas, sizeof pragmas / sizeof *pragmas);
}

static int set_up_writing(cv_db_t *db, uint32_t application_id)
{
    char limit[96], identity[96];
    snprintf(limit, sizeof limit, "PRAGMA journal_size_limit = %d", WAL_KEEP_BYTES);
    snprintf(identity, sizeof identity, "PRAGMA application_id = %d", (int)application_id);
    const char *const pragmas[] = {
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA wal_autocheckpoint = 0",
        limit,
    };
    int64_t found = 0;
    int rc = exec_all(db, pragmas, sizeof pragmas / sizeof *pragmas);
    if (!rc)
        rc = scalar(db, "PRAGMA application_id", &found);
    if (!rc && (uint32_t)found != application_id)
        rc = cv_db_exec(db, identity);
    sqlite3_wal_hook(db->raw, on_wal_commit, db);
    return rc;
}

/* Ours, or empty. */
static int check_identity(cv_db_t *db, uint32_t application_id, char *ret_error, size_t error_size)
{
    int64_t found = 0, tables = 0;
    int rc = scalar(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (!rc)
        rc = scalar(db, "PRAGMA application_id", &found);
    if (rc)
        return rc;
    if ((uint32_t)found != application_id && (tables || found)) {
        snprintf(ret_error, error_size, "%s: is the database of something else (application id %08x, wanted %08x)",
                 db->path, (unsigned)found, application_id);
        return CV_EINVAL;
    }
    return CV_OK;
}

static int check_after_unclean_stop(cv_db_t *db, char *ret_error, size_t error_size)
{
    int64_t known = 0, clean = 0;
    int rc = scalar(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", &known);
    if (rc || !known)
        return rc;
    rc = scalar(db, "SELECT value FROM meta WHERE key = 'clean_stop'", &clean);
    if (rc || clean)
        return rc;
    sqlite3_stmt *raw = NULL;
    rc = translate(sqlite3_prepare_v2(db->raw, "PRAGMA quick_check(1)", -1, &raw, NULL));
    if (rc)
        return rc;
    int step = sqlite3_step(raw);
    const char *verdict = step == SQLITE_ROW ? (const char *)sqlite3_column_text(raw, 0) : NULL;
    if (step != SQLITE_ROW) {
        rc = step == SQLITE_DONE ? CV_EINTERNAL : translate(step); /* could not be checked: not the same as damaged */
    } else if (!verdict) {
        rc = CV_ENOMEM;
    } else if (strcmp(verdict, "ok") != 0) {
        snprintf(ret_error, error_size, "%s: damaged: %s; restore a backup", db->path, verdict);
        rc = CV_ECORRUPT;
    }
    sqlite3_finalize(raw);
    return rc;
}

int cv_db_migrate(cv_db_t *db, const char *component, const char *const *steps, size_t steps_n, char *ret_error,
                  size_t error_size)
{
    int64_t version = 0;
    char sql[160];
    bool is_meta = strcmp(component, "meta") == 0;
    if (is_meta) {
        int rc = scalar(db, "PRAGMA user_version", &version);
        if (rc)
            return rc;
    } else {
        snprintf(sql, sizeof sql, "SELECT version FROM component WHERE name = '%s'", component);
        int rc = scalar(db, sql, &version);
        if (rc && rc != CV_ENOTFOUND)
            return rc;
    }
    if ((size_t)version > steps_n) {
        snprintf(ret_error, error_size, "%s: the tables of \"%s\" have version %lld, this program knows up to %zu",
                 db->path, component, (long long)version, steps_n);
        return CV_EVERSION;
    }
    for (size_t i = (size_t)version; i < steps_n; i++) {
        int rc = cv_db_exec(db, "BEGIN IMMEDIATE");
        if (!rc)
            rc = cv_db_exec(db, steps[i]);
        if (!rc) {
            if (is_meta)
                snprintf(sql, sizeof sql, "PRAGMA user_version = %zu", i + 1);
            else
                snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO component VALUES('%s', %zu)", component, i + 1);
            rc = cv_db_exec(db, sql);
        }
        int64_t broken = 0;
        if (!rc && scalar(db, "PRAGMA foreign_key_check", &broken) != CV_ENOTFOUND)
            rc = CV_ECORRUPT;
        if (!rc)
            rc = cv_db_exec(db, "COMMIT");
        if (rc) {
            snprintf(ret_error, error_size, "%s: migration %zu of \"%s\" failed: %s", db->path, i + 1, component,
                     sqlite3_errmsg(db->raw));
            if (!sqlite3_get_autocommit(db->raw))
                sqlite3_exec(db->raw, "ROLLBACK", NULL, NULL, NULL);
            return rc;
        }
    }
    return CV_OK;
}

/* From now on a stop is unclean until cv_db_close says otherwise. On a full disk there is nothing to protect yet: the
 * file is served as it is, and the first transaction that can be written brings the mark along. */
static int mark_unclean(cv_db_t *db)
{
    int rc = cv_db_exec(db, "UPDATE meta SET value = 0 WHERE key = 'clean_stop' AND value <> 0");
    db->mark_is_due = rc == CV_EFULL;
    return rc == CV_EFULL ? CV_OK : rc;
}

/* How large the WAL is made beforehand: as wanted, if there is room for that. */
static int64_t wal_bytes_now(cv_db_t *db)
{
    int64_t free_bytes = cv_db_free_bytes(db); /* below 0: unknown */
    return free_bytes >= 0 && free_bytes - db->reserve_bytes < 4 * db->wal_bytes ? 0 : db->wal_bytes;
}

/* A scrub that a stop came before. */
static int find_scrub(cv_db_t *db)
{
    int64_t due = 0;
    int rc = scalar(db, "SELECT value FROM meta WHERE key = 'scrub'", &due);
    db->scrub = (int)due;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int cv_db_open(const cv_db_options_t *options, cv_db_t **ret_db, char *ret_error, size_t error_size)
{
    ret_error[0] = '\0';
    cv_db_t *db = calloc(1, sizeof *db);
    if (!db) {
        snprintf(ret_error, error_size, "%s: %s", options->path, cv_error_text(CV_ENOMEM));
        return CV_ENOMEM;
    }
    db->lock_fd = -1;
    db->reserve_bytes = options->reserve_bytes;
    db->wal_bytes = options->wal_bytes;
    db->path = strdup(options->path);
    int rc = db->path ? CV_OK : CV_ENOMEM;
    if (!rc && !options->vfs)
        rc = take_lock(db, ret_error, error_size);
    /* Counting SQLite's memory costs a mutex per allocation and nobody asks for it. Refused once SQLite is in use. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (!rc)
        rc = translate(sqlite3_open_v2(options->path, &db->raw,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, options->vfs));
    if (!rc)
        rc = set_up_reading(db, options->cache_kib);
    if (!rc)
        rc = check_identity(db, options->application_id, ret_error, error_size);
    if (!rc)
        rc = set_up_writing(db, options->application_id);
    if (!rc)
        rc = check_after_unclean_stop(db, ret_error, error_size);
    if (!rc)
        rc = cv_db_migrate(db, "meta", META_MIGRATIONS, sizeof META_MIGRATIONS / sizeof *META_MIGRATIONS, ret_error,
                           error_size);
    if (!rc)
        rc = cv_db_migrate(db, "service", options->migrations, options->migrations_n, ret_error, error_size);
    if (!rc)
        rc = mark_unclean(db);
    if (!rc)
        rc = cv_db_prepare(db, "BEGIN IMMEDIATE", &db->begin);
    if (!rc)
        rc = cv_db_prepare(db, "COMMIT", &db->commit);
    if (!rc)
        rc = cv_db_prepare(db, "ROLLBACK", &db->rollback);
    if (!rc)
        cv_wal_fill(db->raw, wal_bytes_now(db));
    if (!rc)
        rc = find_scrub(db);
    if (!rc && (rc = cv_db_scrub(db)) == CV_EFULL)
        rc = CV_OK; /* later, then */
    if (rc) {
        if (!ret_error[0])
            snprintf(ret_error, error_size, "%s: %s%s%s", options->path, cv_error_text(rc), db->raw ? ": " : "",
                     db->raw ? sqlite3_errmsg(db->raw) : "");
        cv_db_abandon(&db);
        return rc;
    }
    *ret_db = db;
    return CV_OK;
}

void cv_db_abandon(cv_db_t **db_p)
{
    cv_db_t *db = *db_p;
    if (!db)
        return;
    for (cv_stmt_t *stmt = db->statements, *next; stmt; stmt = next) {
        next = stmt->next;
        sqlite3_finalize(stmt->raw);
        free(stmt);
    }
    sqlite3_close(db->raw);
    if (db->lock_fd >= 0)
        close(db->lock_fd); /* lets the lock go; the file stays: removing it would race with the next owner */
    free(db->path);
    free(db);
    *db_p = NULL;
}

void cv_db_close(cv_db_t **db_p)
{
    if (!*db_p)
        return;
    /* Failing to mark the stop as clean only costs a check at the next start. */
    (void)!cv_db_exec(*db_p, "UPDATE meta SET value = 1 WHERE key = 'clean_stop'");
    sqlite3_wal_checkpoint_v2((*db_p)->raw, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    cv_db_abandon(db_p);
}

/* ---- transactions ------------------------------------------------------------------------- */

int cv_db_begin(cv_db_t *db)
{
    return cv_stmt_run(db->begin);
}

int cv_db_commit(cv_db_t *db)
{
    int rc = db->mark_is_due && sqlite3_txn_state(db->raw, NULL) == SQLITE_TXN_WRITE ? mark_unclean(db) : CV_OK;
    if (!rc)
        rc = cv_stmt_run(db->commit);
    if (rc)
        cv_db_rollback(db);
    return rc;
}

void cv_db_rollback(cv_db_t *db)
{
    /* After FULL or IOERR SQLite may have rolled back by itself. */
    if (!sqlite3_get_autocommit(db->raw))
        (void)!cv_stmt_run(db->rollback);
}

/* ---- housekeeping ------------------------------------------------------------------------- */

int64_t cv_db_free_bytes(cv_db_t *db)
{
    struct statvfs fs;
    if (statvfs(db->path, &fs))
        return -1;
    return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

bool cv_db_has_room(cv_db_t *db)
{
    if (!db->reserve_bytes)
        return true;
    int64_t free_bytes = cv_db_free_bytes(db);
    /* What is in the WAL still has to go into the database file. */
    return free_bytes < 0 || free_bytes - (int64_t)db->wal_pages * 8192 >= db->reserve_bytes;
}

/* A checkpoint stalls whoever waits: one as long as the WAL is, and for a sync in any case. So small ones while commits
 * are small, and when they are large so many pages that the sync counts little. */
static int checkpoint_pages(const cv_db_t *db, bool idle)
{
    int pages = CHECKPOINT_BUSY_COMMITS * db->commit_pages;
    if (idle || pages > CHECKPOINT_BUSY_PAGES)
        return idle ? CHECKPOINT_IDLE_PAGES : CHECKPOINT_BUSY_PAGES;
    return pages > CHECKPOINT_BUSY_LEAST ? pages : CHECKPOINT_BUSY_LEAST;
}

int cv_db_tend(cv_db_t *db, bool idle)
{
    if (db->wal_pages < checkpoint_pages(db, idle))
        return CV_OK;
    /* With a single connection nothing can hold a passive checkpoint back: it completes, and the next commit starts
     * the WAL from its beginning. */
    int rc = translate(sqlite3_wal_checkpoint_v2(db->raw, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    db->wal_pages = 0;
    return rc == CV_EFULL ? CV_OK : rc; /* a full disk: the WAL stays, nothing is lost; tried again later */
}

enum { SCRUB_WAL = 1, SCRUB_WHOLE = 2 };

int cv_db_scrub_after(cv_db_t *db, bool whole)
{
    int wanted = whole ? SCRUB_WHOLE : SCRUB_WAL;
    if (db->scrub < wanted)
        db->scrub = wanted;
    return cv_db_exec(db, db->scrub == SCRUB_WHOLE ? "INSERT OR REPLACE INTO meta VALUES('scrub', 2)"
                                                   : "INSERT OR REPLACE INTO meta VALUES('scrub', 1)");
}

int cv_db_scrub(cv_db_t *db)
{
    if (!db->scrub)
        return CV_OK;
    int rc = translate(cv_wal_scrub(db->raw, db->scrub == SCRUB_WHOLE, wal_bytes_now(db)));
    if (!rc) {
        db->wal_pages = 0;
        rc = cv_db_exec(db, "DELETE FROM meta WHERE key = 'scrub'");
    }
    if (!rc)
        db->scrub = 0;
    return rc;
}

static int sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return CV_EIO;
    int rc = fsync(fd) ? CV_EIO : CV_OK;
    close(fd);
    return rc;
}

int cv_db_backup(cv_db_t *db, const char *target)
{
    char partial[4096];
    if (snprintf(partial, sizeof partial, "%s.partial", target) >= (int)sizeof partial)
        return CV_EINVAL;
    if (access(target, F_OK) == 0)
        return CV_ECONFLICT;
    unlink(partial);
    sqlite3 *copy = NULL;
    int rc = translate(sqlite3_open_v2(partial, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
    if (!rc) {
        sqlite3_backup *backup = sqlite3_backup_init(copy, "main", db->raw, "main");
        rc = backup ? CV_OK : translate(sqlite3_errcode(copy));
        if (backup) {
            int step = sqlite3_backup_step(backup, -1);
            int finish = sqlite3_backup_finish(backup);
            rc = step == SQLITE_DONE ? translate(finish) : translate(step);
        }
        if (!rc) /* the copy is one file, without a WAL beside it */
            rc = translate(sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL));
    }
    sqlite3_close(copy);
    if (!rc)
        rc = sync_path(partial);
    if (!rc && rename(partial, target))
        rc = CV_EIO;
    if (!rc)
        rc = cv_sync_directory_of(target);
    if (rc)
        unlink(partial);
    return rc;
}

/* ---- statements --------------------------------------------------------------------------- */

int cv_db_prepare(cv_db_t *db, const char *sql, cv_stmt_t **ret_stmt)
{
    cv_stmt_t *stmt = calloc(1, sizeof *stmt);
    if (!stmt)
        return CV_ENOMEM;
    int rc = translate(sqlite3_prepare_v3(db->raw, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->raw, NULL));
    if (rc) {
        free(stmt);
        return rc;
    }
    stmt->db = db;
    stmt->next = db->statements;
    db->statements = stmt;
    *ret_stmt = stmt;
    return CV_OK;
}

int cv_db_prepare_all(cv_db_t *db, const cv_sql_t *list, size_t n)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < n; i++)
        rc = cv_db_prepare(db, list[i].sql, list[i].stmt);
    return rc;
}

/* A bind fails for an index out of range, for memory, or because the statement was not reset; SQLite would then run it
 * with what was bound before. So the failure is kept for the step, which is checked. */
static void bound(cv_stmt_t *stmt, int sqlite_rc)
{
    if (sqlite_rc && !stmt->bind_rc)
        stmt->bind_rc = sqlite_rc;
}

void cv_stmt_int(cv_stmt_t *stmt, int index, int64_t value)
{
    bound(stmt, sqlite3_bind_int64(stmt->raw, index, value));
}

void cv_stmt_text(cv_stmt_t *stmt, int index, cv_str_t value)
{
    bound(stmt, value.ptr ? sqlite3_bind_text(stmt->raw, index, value.ptr, (int)value.len, SQLITE_STATIC)
                          : sqlite3_bind_null(stmt->raw, index));
}

void cv_stmt_blob(cv_stmt_t *stmt, int index, const void *bytes, size_t len)
{
    bound(stmt, bytes ? sqlite3_bind_blob(stmt->raw, index, bytes, (int)len, SQLITE_STATIC)
                      : sqlite3_bind_null(stmt->raw, index));
}

void cv_stmt_null(cv_stmt_t *stmt, int index)
{
    bound(stmt, sqlite3_bind_null(stmt->raw, index));
}

int cv_stmt_step(cv_stmt_t *stmt)
{
    if (stmt->bind_rc) {
        int rc = translate(stmt->bind_rc);
        cv_stmt_reset(stmt);
        return rc;
    }
    int step = sqlite3_step(stmt->raw);
    if (step == SQLITE_ROW)
        return 1;
    int reset = sqlite3_reset(stmt->raw);
    return step == SQLITE_DONE ? 0 : translate(reset ? reset : step);
}

int cv_stmt_run(cv_stmt_t *stmt)
{
    int rc = cv_stmt_step(stmt);
    if (rc == 1) {
        cv_stmt_reset(stmt);
        rc = CV_OK;
    }
    return rc;
}

void cv_stmt_reset(cv_stmt_t *stmt)
{
    sqlite3_reset(stmt->raw);
    stmt->bind_rc = SQLITE_OK;
}

int64_t cv_stmt_get_int(cv_stmt_t *stmt, int column)
{
    return sqlite3_column_int64(stmt->raw, column);
}

cv_str_t cv_stmt_get_text(cv_stmt_t *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt->raw, column);
    return (cv_str_t){text, text ? (size_t)sqlite3_column_bytes(stmt->raw, column) : 0};
}

cv_str_t cv_stmt_get_blob(cv_stmt_t *stmt, int column)
{
    const char *blob = sqlite3_column_blob(stmt->raw, column);
    return (cv_str_t){blob, blob ? (size_t)sqlite3_column_bytes(stmt->raw, column) : 0};
}

bool cv_stmt_get_null(cv_stmt_t *stmt, int column)
{
    return sqlite3_column_type(stmt->raw, column) == SQLITE_NULL;
}
