/* test_db: opening, transactions, power failures, housekeeping, backup.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "db_fixture.h"

/* ---- correct use -------------------------------------------------------------------------- */

static void write_close_read(void **state)
{
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

static void the_settings_hold(void **state)
{
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

static void rolled_back(void **state)
{
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

static void committed_survives_power_failure(void **state)
{
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    for (int64_t i = 0; i < 40; i++) {
        assert_int_equal(open_db(f, false, 3, &db), CV_OK);
        assert_int_equal(count(db, "SELECT count(*) FROM t"), 1 + i);
        assert_int_equal(cv_db_begin(db), CV_OK);
        assert_int_equal(cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('x', randomblob(20000))"), CV_OK);
        assert_int_equal(cv_db_commit(db), CV_OK);
        assert_int_equal(cv_db_begin(db), CV_OK);
        assert_int_equal(cv_db_exec(db, "INSERT INTO t(text, bytes) VALUES('never committed', randomblob(20000))"),
                         CV_OK);
        crash_disk_off(f->disk);
        cv_db_abandon(&db);
        crash_disk_on(f->disk, (crash_kind_t)(i % 3));
    }
}

/* At every access of a close and of a tend: the file must open again and be whole. */
static void power_failure_while_checkpointing(void **state)
{
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
static void power_failure_around_a_tend(void **state)
{
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
            snprintf(sql, sizeof sql, "INSERT INTO t(id, bytes) VALUES(%lld, randomblob(80000))",
                     (long long)committed + 1);
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

/* ---- housekeeping, backup ----------------------------------------------------------------- */

static void the_wal_does_not_grow(void **state)
{
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

static void backup_and_restore(void **state)
{
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

static void backup_into_nowhere(void **state)
{
    fixture_t *f = *state;
    cv_db_t *db = NULL;
    assert_int_equal(open_db(f, true, 3, &db), CV_OK);
    assert_int_equal(cv_db_backup(db, "/nowhere/copy.db"), CV_EIO);
    assert_int_equal(count(db, "SELECT count(*) FROM t"), 1);
    cv_db_close(&db);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(write_close_read),
        T(the_settings_hold),
        T(rolled_back),
        T(committed_survives_power_failure),
        T(power_failure_while_checkpointing),
        T(power_failure_around_a_tend),
        T(the_wal_does_not_grow),
        T(backup_and_restore),
        T(backup_into_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
