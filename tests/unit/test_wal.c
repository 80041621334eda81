/* test_wal: a WAL that has its size from the start: what was committed is found in it, and nothing else.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "store/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const STEPS[] = {"CREATE TABLE t(id INTEGER PRIMARY KEY, bytes BLOB) STRICT"};
enum { WAL = 256 * 1024 };

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    char error[512];
} fixture_t;

static int open_db(fixture_t *f, int64_t wal_bytes)
{
    cv_db_options_t options = {.path = crash_disk_path(f->disk, "w.db"),
                               .vfs = CRASH_VFS,
                               .application_id = 1,
                               .migrations = STEPS,
                               .migrations_n = 1,
                               .cache_kib = 512,
                               .wal_bytes = wal_bytes};
    return cv_db_open(&options, &f->db, f->error, sizeof f->error);
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->disk = crash_disk_new(17);
    *state = f;
    return 0;
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_db_close(&f->db);
    crash_disk_destroy(&f->disk);
    free(f);
    return 0;
}

static int put(fixture_t *f, int64_t id, int bytes)
{
    char sql[120];
    snprintf(sql, sizeof sql, "INSERT INTO t VALUES(%lld, randomblob(%d))", (long long)id, bytes);
    int rc = cv_db_begin(f->db);
    if (!rc)
        rc = cv_db_exec(f->db, sql);
    if (rc)
        cv_db_rollback(f->db);
    return rc ? rc : cv_db_commit(f->db);
}

/* All ids from 1 to the greatest are there. */
static int64_t found(fixture_t *f)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(f->db, "SELECT count(*), coalesce(max(id), 0) FROM t", &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t n = cv_stmt_get_int(stmt, 0);
    assert_int_equal(n, cv_stmt_get_int(stmt, 1));
    cv_stmt_reset(stmt);
    return n;
}

static void crash(fixture_t *f, crash_kind_t kind)
{
    crash_disk_off(f->disk);
    cv_db_abandon(&f->db);
    crash_disk_on(f->disk, kind);
}

static size_t wal_len(fixture_t *f)
{
    size_t len = 0;
    crash_disk_bytes(f->disk, "w.db-wal", &len);
    return len;
}

static void has_its_size(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(open_db(f, WAL), CV_OK);
    size_t len = wal_len(f);
    assert_true(len >= WAL && len <= WAL + 64 * 1024);
    for (int64_t id = 1; id <= 200; id++) {
        assert_int_equal(put(f, id, 5000), CV_OK);
        if (id % 5 == 0) {
            f->error[0] = '\0';
            assert_int_equal(cv_db_tend(f->db, true), CV_OK);
        }
    }
    assert_int_equal(found(f), 200);
    cv_db_close(&f->db);
    assert_int_equal(wal_len(f), 0); /* an orderly stop leaves none */
    assert_int_equal(open_db(f, 0), CV_OK);
    assert_int_equal(found(f), 200);
}

/* The power fails at every access of an open and of some commits behind it. */
static void power_fails_anywhere(void **state)
{
    fixture_t *f = *state;
    int64_t committed = 0;
    unsigned failed_in_open = 0, served = 0;
    for (uint64_t n = 1; n < 140; n++) {
        crash_kind_t kind = (crash_kind_t)(n % 3);
        crash_disk_fail(f->disk, CRASH_ANY, n, CRASH_POWER, true);
        int rc = open_db(f, WAL);
        failed_in_open += rc != 0;
        for (int i = 0; !rc && i < 20; i++) {
            rc = put(f, committed + 1, i * 1000);
            committed += !rc;
            served += !rc;
        }
        crash(f, kind);
        crash_disk_fail(f->disk, CRASH_ANY, 0, CRASH_POWER, false);
        assert_int_equal(open_db(f, n % 2 ? WAL : 0), CV_OK);
        int64_t now = found(f);
        if (now != committed && now != committed + 1) /* + 1: the one that was not acknowledged */
            fail_msg("%lld found after %lld", (long long)now, (long long)committed);
        committed = now;
        if (n % 4)
            cv_db_close(&f->db); /* the next open makes the WAL anew */
        else
            crash(f, CRASH_KEEP);
    }
    if (!failed_in_open || served < 100) /* a failure in what only saves time is none of the open */
        fail_msg("%u opens failed, %u were served", failed_in_open, served);
}

/* A WAL that grows beyond its first size, and one that was left long by a crash. */
static void longer_than_its_size(void **state)
{
    fixture_t *f = *state;
    int64_t id = 0;
    for (int life = 0; life < 6; life++) {
        assert_int_equal(open_db(f, WAL), CV_OK);
        assert_int_equal(found(f), id);
        for (int i = 0; i < 10; i++)
            assert_int_equal(put(f, ++id, 100000), CV_OK);
        assert_true(wal_len(f) > 2 * WAL);
        crash(f, (crash_kind_t)(life % 3));
    }
    assert_int_equal(open_db(f, WAL), CV_OK);
    assert_int_equal(found(f), id);
}

/* Not having the size costs time only. */
static void no_room_for_it(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(open_db(f, 0), CV_OK);
    cv_db_close(&f->db);
    for (uint64_t n = 1; n < 30; n++) {
        crash_disk_fail(f->disk, CRASH_WRITE, n, CRASH_FULL, false);
        int rc = open_db(f, WAL);
        bool failed = crash_disk_has_failed(f->disk);
        crash_disk_fail(f->disk, CRASH_WRITE, 0, CRASH_FULL, false);
        if (rc) /* it hit what is needed */
            continue;
        int64_t id = found(f) + 1;
        assert_int_equal(put(f, id, 20000), CV_OK);
        crash(f, CRASH_TEAR);
        assert_int_equal(open_db(f, 0), CV_OK);
        assert_int_equal(found(f), id);
        cv_db_close(&f->db);
        if (!failed)
            return;
    }
    fail_msg("no write was the last");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(has_its_size),
        T(power_fails_anywhere),
        T(longer_than_its_size),
        T(no_room_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
