/* test_wal_room: a WAL that has its size from the start, through power failures, full disks and its own wrap-around.
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

enum { WAL_BYTES = 192 * 1024, TEXT_LEN = 3000, ROUNDS = 40 };

static const char *const STEPS[] = {"CREATE TABLE t(n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"};

static int open_db(crash_disk_t *disk, cv_db_t **ret_db)
{
    static char error[256];
    cv_db_options_t options = {.path = crash_disk_path(disk, "w.db"),
                               .vfs = CRASH_VFS,
                               .application_id = 1,
                               .migrations = STEPS,
                               .migrations_n = 1,
                               .cache_kib = 512,
                               .wal_bytes = WAL_BYTES};
    return cv_db_open(&options, ret_db, error, sizeof error);
}

static void text_of(int64_t n, char ret_text[TEXT_LEN + 1])
{
    memset(ret_text, 'a' + (int)(n % 26), TEXT_LEN);
    ret_text[TEXT_LEN] = '\0';
    ret_text[snprintf(ret_text, TEXT_LEN, "%lld", (long long)n)] = '.';
}

/* The next row in a transaction of its own. */
static int insert(cv_db_t *db, cv_stmt_t *stmt, int64_t n)
{
    char text[TEXT_LEN + 1];
    text_of(n, text);
    int rc = cv_db_begin(db);
    if (rc)
        return rc;
    cv_stmt_int(stmt, 1, n);
    cv_stmt_text(stmt, 2, cv_str(text));
    rc = cv_stmt_run(stmt);
    if (rc) {
        cv_db_rollback(db);
        return rc;
    }
    return cv_db_commit(db);
}

/* Rows 1 to at least n and at most one more (whose COMMIT may have arrived), each as it was written. */
static int64_t check(cv_db_t *db, int64_t n)
{
    cv_stmt_t *all;
    char text[TEXT_LEN + 1];
    int64_t found = 0;
    assert_int_equal(cv_db_prepare(db, "SELECT n, text FROM t ORDER BY n", &all), CV_OK);
    while (cv_stmt_step(all) == 1) {
        assert_int_equal(cv_stmt_get_int(all, 0), ++found);
        text_of(found, text);
        assert_true(cv_str_is(cv_stmt_get_text(all, 1), text));
    }
    assert_in_range(found, n, n + 1);
    return found;
}

static int work(cv_db_t *db, int64_t *n)
{
    cv_stmt_t *stmt;
    int rc = cv_db_prepare(db, "INSERT INTO t VALUES(?, ?)", &stmt);
    for (int i = 0; !rc && i < ROUNDS; i++) {
        rc = insert(db, stmt, *n + 1);
        if (!rc) {
            ++*n;
            rc = cv_db_tend(db, i % 16 == 15);
        }
    }
    return rc;
}

static void has_its_size(void **state)
{
    (void)state;
    crash_disk_t *disk = crash_disk_new(1);
    cv_db_t *db;
    size_t len = 0;
    int64_t n = 0;
    assert_int_equal(open_db(disk, &db), CV_OK);
    assert_non_null(crash_disk_bytes(disk, "w.db-wal", &len));
    assert_in_range(len, WAL_BYTES, WAL_BYTES + 64 * 1024);
    assert_int_equal(work(db, &n), CV_OK);
    check(db, n);
    cv_db_close(&db);
    assert_int_equal(open_db(disk, &db), CV_OK);
    check(db, n);
    cv_db_close(&db);
    crash_disk_destroy(&disk);
}

/* Power fails at the n-th access of a life, for every n, also while the WAL is being filled; what was committed is
 * there. */
static void power_fails_anywhere(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at += at < 200 ? 1 : 7) {
        crash_disk_t *disk = crash_disk_new(at);
        cv_db_t *db = NULL;
        int64_t n = 0;
        crash_disk_fail(disk, CRASH_ANY, at, CRASH_POWER, true);
        bool opened = !open_db(disk, &db);
        if (opened) {
            int rc = work(db, &n);
            assert_true(rc == CV_OK || crash_disk_has_failed(disk));
            cv_db_abandon(&db);
        }
        bool failed = crash_disk_has_failed(disk);
        crash_disk_on(disk, (crash_kind_t)(at % 3));
        assert_int_equal(open_db(disk, &db), CV_OK);
        n = check(db, n);
        assert_int_equal(work(db, &n), CV_OK); /* and it goes on */
        check(db, n);
        cv_db_close(&db);
        crash_disk_destroy(&disk);
        if (!failed)
            return;
    }
}

/* No room for all of it: the database opens all the same, and its WAL grows as far as it can. */
static void little_room(void **state)
{
    (void)state;
    crash_disk_t *disk = crash_disk_new(1);
    cv_db_t *db;
    int64_t n = 0;
    crash_disk_limit(disk, 160 * 1024);
    assert_int_equal(open_db(disk, &db), CV_OK);
    assert_int_equal(work(db, &n), CV_EFULL);
    check(db, n);
    crash_disk_limit(disk, 0);
    assert_int_equal(work(db, &n), CV_OK);
    check(db, n);
    cv_db_close(&db);
    crash_disk_destroy(&disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(has_its_size), cmocka_unit_test(power_fails_anywhere),
                                       cmocka_unit_test(little_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
