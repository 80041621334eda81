/* test_db_errors: files that are locked, foreign, newer, damaged; disks that are full; statements that are wrong.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "db_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static void another_process_has_it(void **state)
{
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

static void newer_schema(void **state)
{
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

static void migrated_step_by_step(void **state)
{
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

static void killed_in_any_migration(void **state)
{
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

static void file_of_something_else(void **state)
{
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
static void foreign_database_is_not_touched(void **state)
{
    fixture_t *f = *state;
    char command[512];
    snprintf(command, sizeof command,
             "import sqlite3; c = sqlite3.connect('%s'); c.execute('create table meta(mine)'); c.commit(); c.close()",
             f->path);
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

static void damaged(void **state)
{
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

static void damage_is_found_after_an_unclean_stop(void **state)
{
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
static void errors_at_opening_are_what_they_are(void **state)
{
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

static void no_such_directory(void **state)
{
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    snprintf(f->path, sizeof f->path, "%s/nowhere/a.db", f->directory);
    assert_int_equal(open_db(f, true, 3, &db), CV_EIO);
    assert_non_null(strstr(f->error, "nowhere"));
}

static void constraint(void **state)
{
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

static void disk_full(void **state)
{
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

static void commit_that_fails_is_gone(void **state)
{
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

static void reserve(void **state)
{
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

static void wrong_binding_fails_the_step(void **state)
{
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

/* A copy that stops in the middle says why, also where the write before it had put a part. */
static void copy_without_room(void **state)
{
    enum { SIZE = 400000, ROOM = 300000 };
    fixture_t *f = *state;
    char backup[128], target[128];
    snprintf(backup, sizeof backup, "%s/backup.db", f->directory);
    snprintf(target, sizeof target, "%s/target.db", f->directory);
    FILE *file = fopen(backup, "we");
    assert_non_null(file);
    assert_int_equal(fseek(file, SIZE, SEEK_SET), 0);
    assert_int_equal(fputc(0, file), 0);
    assert_int_equal(fclose(file), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char error[256] = "";
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit limit = {ROOM, ROOM};
        bool good = setrlimit(RLIMIT_FSIZE, &limit) == 0;
        errno = 0;
        good = good && cv_restore_copy(backup, target, error, sizeof error) == CV_EIO && strstr(error, strerror(EFBIG));
        _exit(good ? 0 : 1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(another_process_has_it),
        T(newer_schema),
        T(migrated_step_by_step),
        T(killed_in_any_migration),
        T(file_of_something_else),
        T(foreign_database_is_not_touched),
        T(damaged),
        T(damage_is_found_after_an_unclean_stop),
        T(errors_at_opening_are_what_they_are),
        T(no_such_directory),
        T(constraint),
        T(disk_full),
        T(commit_that_fails_is_gone),
        T(reserve),
        T(wrong_binding_fails_the_step),
        T(copy_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
