/* test_rows: rows that gather in memory and become rows of a table by one statement.
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

static const char *const STEPS[] = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, number INTEGER, CHECK(number IS NULL OR number < "
    "1000)) STRICT",
};

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    cv_rows_t *rows;
    cv_stmt_t *put, *count;
    char error[256];
} fixture_t;

static int open_all(fixture_t *f)
{
    cv_db_options_t options = {.path = crash_disk_path(f->disk, "r.db"),
                               .vfs = CRASH_VFS,
                               .application_id = 1,
                               .migrations = STEPS,
                               .migrations_n = 1,
                               .cache_kib = 512};
    int rc = cv_db_open(&options, &f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_rows_new(f->db, "t_rows", 4, &f->rows);
    if (!rc)
        rc = cv_db_prepare(f->db, "INSERT OR FAIL INTO t SELECT * FROM t_rows", &f->put);
    return rc ? rc : cv_db_prepare(f->db, "SELECT count(*), coalesce(sum(id), 0) FROM t", &f->count);
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->disk = crash_disk_new(13);
    *state = f;
    return open_all(f);
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_rows_destroy(&f->rows); /* before the database, as the engine does it */
    cv_rows_destroy(&f->rows);
    cv_db_close(&f->db);
    crash_disk_destroy(&f->disk);
    free(f);
    return 0;
}

static void add(fixture_t *f, int64_t id)
{
    assert_int_equal(cv_rows_add(f->rows), CV_OK);
    cv_rows_int(f->rows, 0, id);
}

static void expect(fixture_t *f, int64_t n, int64_t sum)
{
    assert_int_equal(cv_stmt_step(f->count), 1);
    assert_int_equal(cv_stmt_get_int(f->count, 0), n);
    assert_int_equal(cv_stmt_get_int(f->count, 1), sum);
    cv_stmt_reset(f->count);
}

static void every_kind_of_value(void **state)
{
    fixture_t *f = *state;
    cv_stmt_t *select;
    add(f, INT64_MIN);
    add(f, 7);
    cv_rows_text(f->rows, 1, CV_STR("seven\xc3\xa9"));
    cv_rows_blob(f->rows, 2, (cv_str_t){"\0\1\2", 3});
    cv_rows_int(f->rows, 3, -9);
    add(f, INT64_MAX);
    cv_rows_text(f->rows, 1, CV_STR_NONE); /* NULL */
    cv_rows_blob(f->rows, 2, CV_STR_NONE);
    add(f, 8);
    cv_rows_text(f->rows, 1, CV_STR("")); /* empty is not NULL */
    cv_rows_blob(f->rows, 2, CV_STR(""));
    assert_int_equal(cv_rows_n(f->rows), 4);
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    assert_int_equal(cv_rows_n(f->rows), 4); /* until they are cleared */
    cv_rows_clear(f->rows);
    assert_int_equal(cv_rows_n(f->rows), 0);

    assert_int_equal(cv_db_prepare(f->db, "SELECT * FROM t ORDER BY id", &select), CV_OK);
    assert_int_equal(cv_stmt_step(select), 1);
    assert_true(cv_stmt_get_int(select, 0) == INT64_MIN);
    assert_true(cv_stmt_get_null(select, 1) && cv_stmt_get_null(select, 2) && cv_stmt_get_null(select, 3));
    assert_int_equal(cv_stmt_step(select), 1);
    assert_int_equal(cv_stmt_get_int(select, 0), 7);
    assert_true(cv_str_is(cv_stmt_get_text(select, 1), "seven\xc3\xa9"));
    assert_true(cv_str_equal(cv_stmt_get_blob(select, 2), (cv_str_t){"\0\1\2", 3}));
    assert_int_equal(cv_stmt_get_int(select, 3), -9);
    assert_int_equal(cv_stmt_step(select), 1);
    assert_false(cv_stmt_get_null(select, 1) || cv_stmt_get_null(select, 2));
    assert_int_equal(cv_stmt_step(select), 1);
    assert_true(cv_stmt_get_null(select, 1) && cv_stmt_get_null(select, 2));
    assert_int_equal(cv_stmt_step(select), 0);
}

static void nothing_gathered(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    expect(f, 0, 0);
    add(f, 1);
    cv_rows_clear(f->rows);
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    expect(f, 0, 0);
}

/* A row that is made where another was holds nothing of it. */
static void rows_are_made_anew(void **state)
{
    fixture_t *f = *state;
    cv_stmt_t *select;
    add(f, 1);
    cv_rows_text(f->rows, 1, CV_STR("old"));
    cv_rows_clear(f->rows);
    add(f, 2);
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    assert_int_equal(cv_db_prepare(f->db, "SELECT id, text FROM t", &select), CV_OK);
    assert_int_equal(cv_stmt_step(select), 1);
    assert_int_equal(cv_stmt_get_int(select, 0), 2);
    assert_true(cv_stmt_get_null(select, 1));
    cv_stmt_reset(select);
}

static void some_thousands(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    for (int64_t id = 5000; id >= 1; id--)
        add(f, id);
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_rows_clear(f->rows);
    expect(f, 5000, 5000 * 5001 / 2);
}

/* Who fails, fails the transaction: rows before the wrong one are there until it goes. */
static void broken_rule(void **state)
{
    fixture_t *f = *state;
    static const struct {
        int64_t id, number;
    } wrong[] = {{1, 5}, {3, 1000}}; /* the same id again; over the CHECK */
    assert_int_equal(cv_db_exec(f->db, "INSERT INTO t(id) VALUES(1)"), CV_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        add(f, 2);
        add(f, wrong[i].id);
        cv_rows_int(f->rows, 3, wrong[i].number);
        assert_int_equal(cv_stmt_run(f->put), CV_ECONFLICT);
        cv_rows_clear(f->rows);
        expect(f, 2, 3);
        cv_db_rollback(f->db);
        expect(f, 1, 1);
    }
    add(f, 4); /* and the next one works */
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    expect(f, 2, 5);
}

static void wrong_type(void **state)
{
    fixture_t *f = *state;
    add(f, 1);
    cv_rows_text(f->rows, 3, CV_STR("no number"));
    assert_int_equal(cv_stmt_run(f->put), CV_ECONFLICT);
    cv_rows_clear(f->rows);
}

static void in_the_transaction(void **state)
{
    fixture_t *f = *state;
    for (int kind = CRASH_KEEP; kind <= CRASH_TEAR; kind++) {
        int64_t before = kind;
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        add(f, 100);
        assert_int_equal(cv_stmt_run(f->put), CV_OK);
        cv_db_rollback(f->db);
        cv_rows_clear(f->rows);
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        add(f, 1 + kind);
        assert_int_equal(cv_stmt_run(f->put), CV_OK);
        assert_int_equal(cv_db_commit(f->db), CV_OK);
        cv_rows_clear(f->rows);
        add(f, 200); /* gathered, and never written */
        crash_disk_off(f->disk);
        cv_rows_destroy(&f->rows);
        cv_db_abandon(&f->db);
        crash_disk_on(f->disk, (crash_kind_t)kind);
        assert_int_equal(open_all(f), CV_OK);
        expect(f, before + 1, (before + 1) * (before + 2) / 2);
    }
}

static void disk_full(void **state)
{
    fixture_t *f = *state;
    static char bytes[100000];
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    for (int64_t id = 1; id <= 100; id++) { /* more than the cache holds, so it is written before COMMIT */
        add(f, id);
        cv_rows_blob(f->rows, 2, (cv_str_t){bytes, sizeof bytes});
    }
    crash_disk_fail(f->disk, CRASH_WRITE, 20, CRASH_FULL, false);
    assert_int_equal(cv_stmt_run(f->put), CV_EFULL);
    cv_db_rollback(f->db);
    expect(f, 0, 0);
    assert_int_equal(cv_db_begin(f->db), CV_OK); /* the same rows again */
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_rows_clear(f->rows);
    expect(f, 100, 5050);
}

/* The statement is prepared again when the tables change under it. */
static void tables_change(void **state)
{
    fixture_t *f = *state;
    add(f, 1);
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    cv_rows_clear(f->rows);
    assert_int_equal(cv_db_exec(f->db, "CREATE INDEX by_number ON t(number)"), CV_OK);
    add(f, 2);
    assert_int_equal(cv_stmt_run(f->put), CV_OK);
    cv_rows_clear(f->rows);
    expect(f, 2, 3);
}

static void limits(void **state)
{
    fixture_t *f = *state;
    cv_rows_t *none = NULL;
    assert_int_equal(cv_rows_new(f->db, "none_rows", 0, &none), CV_EINVAL);
    assert_int_equal(cv_rows_new(f->db, "none_rows", 17, &none), CV_EINVAL);
    assert_null(none);
    cv_rows_t *narrow = NULL, *wide = NULL;
    assert_int_equal(cv_rows_new(f->db, "narrow_rows", 1, &narrow), CV_OK);
    for (size_t i = 0; i < CV_ROWS_MAX; i++)
        assert_int_equal(cv_rows_add(narrow), CV_OK);
    assert_int_equal(cv_rows_add(narrow), CV_ELIMIT);
    assert_int_equal(cv_rows_n(narrow), CV_ROWS_MAX);
    assert_int_equal(cv_rows_new(f->db, "wide_rows", 16, &wide), CV_OK);
    assert_int_equal(cv_rows_add(wide), CV_OK);
    cv_rows_int(wide, 15, 5);
    assert_int_equal(cv_db_exec(f->db, "INSERT INTO t(id) SELECT c15 FROM wide_rows"), CV_OK);
    expect(f, 1, 5);
    cv_rows_destroy(&narrow);
    cv_rows_destroy(&wide);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(every_kind_of_value), T(nothing_gathered),   T(rows_are_made_anew), T(some_thousands), T(broken_rule),
        T(wrong_type),          T(in_the_transaction), T(disk_full),          T(tables_change),  T(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
