/* test_db: opening, transactions, statements, migrations, backup, and every way a database can say no.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "service/restore.h"
#include "store/db.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const STEPS[] = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, CHECK(id < 1000000)) STRICT",
    "CREATE TABLE child(id INTEGER PRIMARY KEY, t INTEGER REFERENCES t(id)) STRICT",
    "INSERT INTO t(id, text) VALUES(1, 'from the third step')",
};
enum { APPLICATION = 0x636f6e76 };

typedef struct {
    char directory[64], path[128];
    crash_disk_t *disk;
    char error[512];
} fixture_t;

static int start(void **state) {
    fixture_t *f = calloc(1, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "/tmp/test-db-XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/a.db", f->directory);
    f->disk = crash_disk_new(7);
    *state = f;
    return 0;
}

static int end(void **state) {
    fixture_t *f = *state;
    char command[128];
    crash_disk_destroy(&f->disk);
    snprintf(command, sizeof command, "%s", f->directory);
    pid_t child = fork();
    if (!child) {
        execlp("rm", "rm", "-rf", command, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    free(f);
    return 0;
}

static cv_db_options_t options_of(fixture_t *f, bool real, size_t steps_n) {
    return (cv_db_options_t){
        .path = real ? f->path : crash_disk_path(f->disk, "a.db"),
        .vfs = real ? NULL : CRASH_VFS,
        .application_id = APPLICATION,
        .migrations = STEPS,
        .migrations_n = steps_n,
        .cache_kib = 512,
    };
}

static int open_db(fixture_t *f, bool real, size_t steps_n, cv_db_t **ret_db) {
    cv_db_options_t options = options_of(f, real, steps_n);
    return cv_db_open(&options, ret_db, f->error, sizeof f->error);
}

static int64_t count(cv_db_t *db, const char *sql) {
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t n = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return n;
}

/* ---- correct use -------------------------------------------------------------------------- */

static void write_close_read(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    cv_stmt_t *insert, *select;
    for (int real = 0; real <= 1; real++) {
        assert_int_equal(open_db(f, real, 1, &db), CV_OK);
        assert_int_equal(cv_db_prepare(db, "INSERT INTO t VALUES(?, ?, ?)", &insert), CV_OK);
        assert_int_equal(cv_db_begin(db), CV_OK);
        cv_stmt_int(insert, 1, 7);
        cv_stmt_text(insert, 2, CV_STR("seven"));
        cv_stmt_blob(insert, 3, "\0\1\2", 3);
        assert_int_equal(cv_stmt_run(insert), CV_OK);
        assert_int_equal(cv_db_changes(db), 1);
        cv_stmt_int(insert, 1, 8);
        cv_stmt_text(insert, 2, CV_STR_NONE);
        cv_stmt_null(insert, 3);
        assert_int_equal(cv_stmt_run(insert), CV_OK);
        assert_int_equal(cv_db_commit(db), CV_OK);
        cv_db_close(&db);
        assert_null(db);

        assert_int_equal(open_db(f, real, 1, &db), CV_OK);
        assert_int_equal(cv_db_prepare(db, "SELECT id, text, bytes FROM t ORDER BY id", &select), CV_OK);
        assert_int_equal(cv_stmt_step(select), 1);
        assert_int_equal(cv_stmt_get_int(select, 0), 7);
        assert_true(cv_str_is(cv_stmt_get_text(select, 1), "seven"));
        assert_true(cv_str_equal(cv_stmt_get_blob(select, 2), (cv_str_t){"\0\1\2", 3}));
        assert_int_equal(cv_stmt_step(select), 1);
        assert_true(cv_stmt_get_null(select, 1) && cv_stmt_get_null(select, 2));
        assert_null(cv_stmt_get_text(select, 1).ptr);
        assert_int_equal(cv_stmt_get_blob(select, 2).len, 0);
        assert_int_equal(cv_stmt_step(select), 0);
        cv_db_close(&db);
    }
}

static void the_settings_hold(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, true, 3, &db), CV_OK);
    assert_int_equal(count(db, "PRAGMA synchronous"), 2);
    assert_int_equal(count(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(count(db, "PRAGMA page_size"), 8192);
    assert_int_equal(count(db, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(count(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(count(db, "PRAGMA cell_size_check"), 1);
    assert_int_equal(count(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(count(db, "SELECT count(*) FROM pragma_locking_mode WHERE locking_mode = 'exclusive'"), 1);
    assert_int_equal(count(db, "SELECT id FROM t"), 1); /* the third step */
    char shm[160];
    snprintf(shm, sizeof shm, "%s-shm", f->path);
    assert_int_not_equal(access(shm, F_OK), 0);
    cv_db_close(&db);
}

static void rolled_back(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_equal(cv_db_begin(db), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(id) VALUES(2)"), CV_OK);
    cv_db_rollback(db);
    cv_db_rollback(db); /* never fails */
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1);
    assert_int_equal(cv_db_begin(db), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(id) VALUES(3)"), CV_OK);
    assert_int_equal(cv_db_commit(db), CV_OK);
    assert_int_equal(count(db, "SELECT max(id) FROM t"), 3);
    cv_db_close(&db);
}

/* ---- power -------------------------------------------------------------------------------- */

static void committed_survives_power_failure(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    for (int64_t i = 0; i < 40; i++) {
        assert_int_equal(open_db(f, false, 3, &db), CV_OK);
        assert_int_equal(count(db, "SELECT count(*) FROM t"), 1 + i);
        assert_int_equal(cv_db_begin(db), CV_OK);
        assert_int_equal(cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('x', randomblob(20000))"), CV_OK);
        assert_int_equal(cv_db_commit(db), CV_OK);
        assert_int_equal(cv_db_begin(db), CV_OK);
        assert_int_equal(cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('never committed', randomblob(20000))"), CV_OK);
        crash_disk_off(f->disk);
        cv_db_abandon(&db);
        crash_disk_on(f->disk, (crash_kind_t)(i % 3));
    }
}

/* At every access of a close and of a tend: the file must open again and be whole. */
static void power_failure_while_checkpointing(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    cv_db_close(&db);
    crash_disk_t *before = crash_disk_copy(f->disk);
    for (uint64_t n = 1; n < 200; n++) {
        crash_disk_put_back(f->disk, before);
        assert_int_equal(open_db(f, false, 3, &db), CV_OK);
        assert_int_equal(cv_db_begin(db), CV_OK);
        assert_int_equal(cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('x', randomblob(50000))"), CV_OK);
        assert_int_equal(cv_db_commit(db), CV_OK);
        crash_disk_fail(f->disk, CRASH_ANY, n, CRASH_POWER, true);
        cv_db_close(&db);
        bool failed = crash_disk_has_failed(f->disk);
        crash_disk_on(f->disk, CRASH_TEAR);
        assert_int_equal(open_db(f, false, 3, &db), CV_OK);
        assert_int_equal(count(db, "SELECT count(*) FROM t"), 2);
        cv_db_close(&db);
        if (!failed) {
            crash_disk_destroy(&before);
            return;
        }
    }
    fail_msg("the close never ended");
}

/* The WAL is checkpointed and begun again many times; power fails anywhere in it. */
static void power_failure_around_a_tend(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    int64_t committed = 0;
    for (uint64_t life = 0; life < 12; life++) {
        assert_int_equal(open_db(f, false, 3, &db), CV_OK);
        int64_t found = count(db, "SELECT max(id) FROM t");
        if (life && found != committed && found != committed + 1) /* + 1: the one that was not acknowledged */
            fail_msg("%lld found after %lld", (long long)found, (long long)committed);
        committed = found;
        crash_disk_fail(f->disk, CRASH_ANY, 200 + life * 397, CRASH_POWER, true);
        for (int rc = CV_OK; !rc;) {
            char sql[120];
            snprintf(sql, sizeof sql, "INSERT INTO t(id, bytes) VALUES(%lld, randomblob(80000))", (long long)committed + 1);
            rc = cv_db_begin(db);
            if (!rc)
                rc = cv_db_exec(db, sql);
            if (!rc && committed > 3)
                rc = cv_db_exec(db, "DELETE FROM t WHERE id < (SELECT max(id) FROM t) - 2 AND id > 1");
            if (!rc)
                rc = cv_db_commit(db);
            if (rc)
                break;
            committed++;
            rc = cv_db_tend(db, true);
        }
        assert_true(crash_disk_has_failed(f->disk));
        crash_disk_off(f->disk);
        cv_db_abandon(&db);
        crash_disk_on(f->disk, (crash_kind_t)(life % 3));
    }
    assert_true(committed > 500);
}

/* ---- errors ------------------------------------------------------------------------------- */

static void another_process_has_it(void **state) {
    fixture_t *f = *state;
    int ready[2], go[2];
    char octet = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    pid_t child = fork();
    if (!child) {
        cv_db_t *db = NULL;
        octet = open_db(f, true, 3, &db) == CV_OK;
        if (write(ready[1], &octet, 1) != 1 || read(go[0], &octet, 1) != 1)
            _exit(1);
        _exit(0); /* as killed: no close */
    }
    assert_int_equal(read(ready[0], &octet, 1), 1);
    assert_int_equal(octet, 1);
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, true, 3, &db), CV_ELOCKED);
    assert_null(db);
    assert_non_null(strstr(f->error, "another process"));
    assert_int_equal(write(go[1], &octet, 1), 1);
    waitpid(child, NULL, 0);
    assert_int_equal(open_db(f, true, 3, &db), CV_OK); /* the lock died with its process */
    cv_db_close(&db);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

static void newer_schema(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    cv_db_close(&db);
    assert_int_equal(open_db(f, false, 2, &db), CV_EVERSION);
    assert_non_null(strstr(f->error, "version 3"));
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_equal(cv_db_migrate(db, "engine", STEPS, 0, f->error, sizeof f->error), CV_OK);
    cv_db_close(&db);
}

static void migrated_step_by_step(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    for (size_t steps = 1; steps <= 3; steps++) {
        assert_int_equal(open_db(f, false, steps, &db), CV_OK);
        assert_int_equal(count(db, "SELECT version FROM component WHERE name = 'service'"), steps);
        cv_db_close(&db);
    }
    static const char *const broken[] = {"CREATE TABLE more(id INTEGER) STRICT; INSERT INTO nowhere VALUES(1)"};
    static const char *const orphan[] = {"PRAGMA defer_foreign_keys = ON; INSERT INTO child VALUES(1, 77)"};
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_not_equal(cv_db_migrate(db, "extra", broken, 1, f->error, sizeof f->error), CV_OK);
    assert_non_null(strstr(f->error, "nowhere"));
    assert_int_equal(count(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);
    assert_int_not_equal(cv_db_migrate(db, "extra", orphan, 1, f->error, sizeof f->error), CV_OK);
    assert_int_equal(count(db, "SELECT count(*) FROM child"), 0);
    cv_db_close(&db);
}

static void killed_in_any_migration(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    for (uint64_t n = 1; n < 400; n++) {
        crash_disk_t *fresh = crash_disk_new(n);
        cv_db_options_t options = options_of(f, false, 3);
        options.path = crash_disk_path(fresh, "a.db");
        crash_disk_fail(fresh, CRASH_ANY, n, CRASH_POWER, true);
        int rc = cv_db_open(&options, &db, f->error, sizeof f->error);
        bool failed = crash_disk_has_failed(fresh);
        if (!rc)
            cv_db_abandon(&db);
        crash_disk_on(fresh, n % 2 ? CRASH_TEAR : CRASH_DROP);
        rc = cv_db_open(&options, &db, f->error, sizeof f->error);
        if (rc)
            fail_msg("power failed at access %u: %s: %s", (unsigned)n, cv_error_name(rc), f->error);
        assert_int_equal(count(db, "SELECT count(*) FROM t"), 1);
        cv_db_close(&db);
        crash_disk_destroy(&fresh);
        if (!failed)
            return;
    }
    fail_msg("the migration never ended");
}

static void file_of_something_else(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    cv_db_options_t options = options_of(f, false, 3);
    options.application_id = 0x99999999;
    assert_int_equal(cv_db_open(&options, &db, f->error, sizeof f->error), CV_OK);
    cv_db_close(&db);
    assert_int_equal(open_db(f, false, 3, &db), CV_EINVAL);
    assert_non_null(strstr(f->error, "99999999"));
    assert_int_equal(cv_db_open(&options, &db, f->error, sizeof f->error), CV_OK);
    cv_db_close(&db);
}

/* Whatever a person points us at by mistake is left as it was. */
static void foreign_database_is_not_touched(void **state) {
    fixture_t *f = *state;
    char command[512];
    snprintf(command, sizeof command,
             "import sqlite3; c = sqlite3.connect('%s'); c.execute('create table meta(mine)'); c.commit(); c.close()", f->path);
    pid_t child = fork();
    if (!child) {
        execl("/usr/bin/python3", "python3", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
    if (status)
        skip();
    static uint8_t before[65536], after[65536];
    FILE *file = fopen(f->path, "rb");
    size_t n = fread(before, 1, sizeof before, file);
    fclose(file);
    assert_true(n > 0);
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, true, 3, &db), CV_EINVAL);
    assert_non_null(strstr(f->error, "something else"));
    file = fopen(f->path, "rb");
    assert_int_equal(fread(after, 1, sizeof after, file), n);
    fclose(file);
    assert_memory_equal(before, after, n);
}

static void damaged(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    size_t len;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    cv_db_close(&db);
    uint8_t *bytes = crash_disk_bytes(f->disk, "a.db", &len);
    memset(bytes, 'x', 64); /* no SQLite file any more */
    assert_int_equal(open_db(f, false, 3, &db), CV_ECORRUPT);
    assert_true(f->error[0]);
}

static void damage_is_found_after_an_unclean_stop(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    size_t len;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    for (int i = 0; i < 50; i++)
        assert_int_equal(cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('x', randomblob(9000))"), CV_OK);
    cv_db_close(&db);
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    crash_disk_off(f->disk);
    cv_db_abandon(&db);
    crash_disk_on(f->disk, CRASH_KEEP);
    uint8_t *bytes = crash_disk_bytes(f->disk, "a.db", &len);
    assert_true(len > 30 * 8192);
    for (size_t page = 8; page < 30; page++)
        memset(bytes + page * 8192, 0xee, 64);
    assert_int_equal(open_db(f, false, 3, &db), CV_ECORRUPT);
    assert_non_null(strstr(f->error, "damaged"));
}

/* Trouble while checking is not damage. */
static void errors_at_opening_are_what_they_are(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    crash_disk_off(f->disk);
    cv_db_abandon(&db);
    crash_disk_on(f->disk, CRASH_KEEP);
    for (uint64_t n = 1; n < 100; n++) {
        crash_disk_fail(f->disk, CRASH_ANY, n, CRASH_POWER, true);
        int rc = open_db(f, false, 3, &db);
        bool failed = crash_disk_has_failed(f->disk);
        if (!rc)
            cv_db_abandon(&db);
        else if (rc != CV_EIO)
            fail_msg("access %u: %s: %s", (unsigned)n, cv_error_name(rc), f->error);
        crash_disk_on(f->disk, CRASH_KEEP);
        if (!failed)
            return;
    }
}

static void no_such_directory(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    snprintf(f->path, sizeof f->path, "%s/nowhere/a.db", f->directory);
    assert_int_equal(open_db(f, true, 3, &db), CV_EIO);
    assert_non_null(strstr(f->error, "nowhere"));
}

static void constraint(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(id) VALUES(1)"), CV_ECONFLICT);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(id) VALUES(1000000)"), CV_ECONFLICT);
    assert_int_equal(cv_db_exec(db, "INSERT INTO child VALUES(1, 99)"), CV_ECONFLICT);
    assert_int_equal(cv_db_exec(db, "INSERT INTO nowhere VALUES(1)"), CV_EINTERNAL);
    assert_non_null(strstr(cv_db_error(db), "nowhere"));
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(db, "SELECT nothing FROM t", &stmt), CV_EINTERNAL);
    cv_db_close(&db);
}

static void disk_full(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    crash_disk_limit(f->disk, crash_disk_used(f->disk) + 300000);
    int rc = CV_OK, n = 0;
    while (!rc && n < 100) {
        assert_int_equal(cv_db_begin(db), CV_OK);
        rc = cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('x', randomblob(20000))");
        if (!rc)
            rc = cv_db_commit(db);
        n += !rc;
    }
    assert_int_equal(rc, CV_EFULL);
    cv_db_rollback(db);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1 + n);
    crash_disk_off(f->disk); /* what was acknowledged before is still there */
    cv_db_abandon(&db);
    crash_disk_on(f->disk, CRASH_DROP);
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1 + n);
    crash_disk_limit(f->disk, 0);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(text) VALUES('room again')"), CV_OK);
    cv_db_close(&db);
}

static void commit_that_fails_is_gone(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_equal(cv_db_begin(db), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(text) VALUES('x')"), CV_OK);
    crash_disk_fail(f->disk, CRASH_WRITE, 1, CRASH_FULL, false);
    assert_int_equal(cv_db_commit(db), CV_EFULL);
    assert_int_equal(cv_db_begin(db), CV_OK); /* no transaction was left open */
    cv_db_rollback(db);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1);
    assert_int_equal(cv_db_begin(db), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(text) VALUES('x')"), CV_OK);
    crash_disk_fail(f->disk, CRASH_SYNC, 1, CRASH_IOERR, false);
    assert_int_equal(cv_db_commit(db), CV_EIO);
    cv_db_close(&db);
}

static void reserve(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    cv_db_options_t options = options_of(f, true, 3);
    assert_int_equal(cv_db_open(&options, &db, f->error, sizeof f->error), CV_OK);
    assert_true(cv_db_has_room(db));
    assert_true(cv_db_free_bytes(db) > 0);
    cv_db_close(&db);
    options.reserve_bytes = INT64_C(1) << 60;
    assert_int_equal(cv_db_open(&options, &db, f->error, sizeof f->error), CV_OK);
    assert_false(cv_db_has_room(db));
    cv_db_close(&db);
}

static void wrong_binding_fails_the_step(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    cv_stmt_t *insert, *select;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    assert_int_equal(cv_db_prepare(db, "INSERT INTO t(id, text) VALUES(?, ?)", &insert), CV_OK);
    cv_stmt_int(insert, 1, 50);
    cv_stmt_text(insert, 2, CV_STR("x"));
    cv_stmt_text(insert, 3, CV_STR("there is no third"));
    assert_int_equal(cv_stmt_run(insert), CV_EINTERNAL);
    assert_int_equal(count(db, "SELECT count(*) FROM t WHERE id = 50"), 0);
    cv_stmt_int(insert, 1, 50);
    assert_int_equal(cv_stmt_run(insert), CV_OK); /* said once */

    /* Bound while its rows are still being read: the old question would be answered. */
    assert_int_equal(cv_db_prepare(db, "SELECT id FROM t WHERE id >= ? ORDER BY id", &select), CV_OK);
    cv_stmt_int(select, 1, 1);
    assert_int_equal(cv_stmt_step(select), 1);
    cv_stmt_int(select, 1, 50);
    assert_int_equal(cv_stmt_step(select), CV_EINTERNAL);
    cv_stmt_int(select, 1, 50);
    assert_int_equal(cv_stmt_step(select), 1);
    assert_int_equal(cv_stmt_get_int(select, 0), 50);
    cv_stmt_reset(select);
    cv_db_close(&db);
}

/* ---- housekeeping, backup ----------------------------------------------------------------- */

static void the_wal_does_not_grow(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    size_t wal = 0, most = 0;
    assert_int_equal(open_db(f, false, 3, &db), CV_OK);
    for (int i = 0; i < 600; i++) {
        assert_int_equal(cv_db_begin(db), CV_OK);
        assert_int_equal(cv_db_exec(db, "INSERT OR REPLACE INTO t(id, bytes) VALUES(5, randomblob(80000))"), CV_OK);
        assert_int_equal(cv_db_commit(db), CV_OK);
        assert_int_equal(cv_db_tend(db, i % 2), CV_OK);
        crash_disk_bytes(f->disk, "a.db-wal", &wal);
        most = wal > most ? wal : most;
    }
    assert_true(most < (1000 + 50) * 8400);
    cv_db_close(&db);
}

static void backup_and_restore(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    char target[160];
    snprintf(target, sizeof target, "%s/copy.db", f->directory);
    assert_int_equal(open_db(f, true, 3, &db), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(id, text) VALUES(2, 'in the backup')"), CV_OK);
    assert_int_equal(cv_db_backup(db, target), CV_OK);
    assert_int_equal(cv_db_backup(db, target), CV_ECONFLICT);
    assert_int_equal(cv_db_exec(db, "INSERT INTO t(id, text) VALUES(3, 'after it')"), CV_OK);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 3); /* the service goes on */
    char sidecar[176];
    snprintf(sidecar, sizeof sidecar, "%s-wal", target);
    assert_int_not_equal(access(sidecar, F_OK), 0);
    snprintf(sidecar, sizeof sidecar, "%s.partial", target);
    assert_int_not_equal(access(sidecar, F_OK), 0);
    assert_int_equal(cv_restore_copy(target, f->path, f->error, sizeof f->error), CV_OK);
    assert_int_equal(cv_restore_swap(f->path, 5, f->error, sizeof f->error), CV_ELOCKED);
    cv_db_abandon(&db);
    assert_int_equal(cv_restore_copy("/nowhere/x", f->path, f->error, sizeof f->error), CV_ENOTFOUND);
    assert_int_equal(cv_restore_copy(target, f->path, f->error, sizeof f->error), CV_OK);
    assert_int_equal(cv_restore_swap(f->path, 5, f->error, sizeof f->error), CV_OK);
    assert_int_equal(open_db(f, true, 3, &db), CV_OK);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 2);
    cv_db_close(&db);
    /* What was there is still there, whole. */
    char before[176];
    snprintf(before, sizeof before, "%s.before-5", f->path);
    snprintf(f->path, sizeof f->path, "%.120s", before);
    assert_int_equal(open_db(f, true, 3, &db), CV_OK);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 3);
    cv_db_close(&db);
}

static void backup_into_nowhere(void **state) {
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, true, 3, &db), CV_OK);
    assert_int_equal(cv_db_backup(db, "/nowhere/copy.db"), CV_EIO);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1);
    cv_db_close(&db);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(write_close_read), T(the_settings_hold), T(rolled_back),
        T(committed_survives_power_failure), T(power_failure_while_checkpointing), T(power_failure_around_a_tend),
        T(another_process_has_it), T(newer_schema), T(migrated_step_by_step), T(killed_in_any_migration),
        T(file_of_something_else), T(foreign_database_is_not_touched), T(damaged), T(damage_is_found_after_an_unclean_stop),
        T(errors_at_opening_are_what_they_are), T(no_such_directory), T(constraint), T(disk_full), T(commit_that_fails_is_gone),
        T(reserve), T(wrong_binding_fails_the_step), T(the_wal_does_not_grow), T(backup_and_restore), T(backup_into_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
