/* test_journal: rows of several parts in one table: found, walked, dropped, however many of others stand between them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "store/journal.h"
#include "store/tables.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTS = 4, ROWS_MAX = 8000, CHEAP = 20000 /* steps of SQLite's machine: some hundred rows */ };

typedef struct {
    int64_t n;
    uint64_t first;
    size_t items_n;
} model_t;

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    cv_journal_t journal;
    uint64_t random, steps;
    model_t rows[PARTS][ROWS_MAX]; /* what the journal should hold, by part */
    size_t from[PARTS], n[PARTS], committed_from[PARTS], committed_n[PARTS];
    uint64_t next[PARTS], committed_next[PARTS];
    char error[256];
} fixture_t;

static int open_all(fixture_t *f)
{
    cv_db_options_t options = {
        .path = crash_disk_path(f->disk, "j.db"), .vfs = CRASH_VFS, .application_id = 1, .cache_kib = 512};
    int rc = cv_db_open(&options, &f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_tables_migrate(f->db, f->error, sizeof f->error);
    return rc ? rc : cv_journal_init(&f->journal, f->db);
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->disk = crash_disk_new(11);
    f->random = 88172645463325252U;
    for (int part = 0; part < PARTS; part++)
        f->next[part] = f->committed_next[part] = 1;
    *state = f;
    return open_all(f);
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_db_close(&f->db);
    crash_disk_destroy(&f->disk);
    free(f);
    return 0;
}

static uint64_t draw(fixture_t *f, uint64_t below)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random % below;
}

/* ---- what the journal does, and the model beside it ---------------------------------------- */

static void begin(fixture_t *f)
{
    assert_int_equal(cv_db_begin(f->db), CV_OK);
}

static void commit(fixture_t *f)
{
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_journal_committed(&f->journal);
    memcpy(f->committed_from, f->from, sizeof f->from);
    memcpy(f->committed_n, f->n, sizeof f->n);
    memcpy(f->committed_next, f->next, sizeof f->next);
}

static void forget(fixture_t *f)
{
    memcpy(f->from, f->committed_from, sizeof f->from);
    memcpy(f->n, f->committed_n, sizeof f->n);
    memcpy(f->next, f->committed_next, sizeof f->next);
}

static void rollback(fixture_t *f)
{
    cv_db_rollback(f->db);
    cv_journal_forget(&f->journal);
    forget(f);
}

static void crash(fixture_t *f, crash_kind_t kind)
{
    crash_disk_off(f->disk);
    cv_db_abandon(&f->db);
    crash_disk_on(f->disk, kind);
    forget(f);
    assert_int_equal(open_all(f), CV_OK);
}

/* A row with `items` items, each of which is its number as text. Answers (part 0) have no numbers. */
static void put(fixture_t *f, int part, size_t items)
{
    char bytes[256];
    uint8_t ends[CV_ROW_END * 16];
    size_t len = 0;
    for (size_t i = 0; i < items; i++) {
        len +=
            (size_t)snprintf(bytes + len, sizeof bytes - len, "%d/%llu", part, (unsigned long long)(f->next[part] + i));
        const uint8_t end[CV_ROW_END] = {0, 0, 0, (uint8_t)len};
        memcpy(ends + i * CV_ROW_END, end, CV_ROW_END);
    }
    int64_t n = cv_journal_next(&f->journal);
    bool answers = part == CV_PART_ANSWERS;
    assert_int_equal(cv_journal_put(&f->journal, n, part, answers ? 0 : f->next[part], CV_STR("chain"),
                                    answers ? CV_STR_NONE : (cv_str_t){(char *)ends, items * CV_ROW_END},
                                    (cv_str_t){bytes, len}),
                     CV_OK);
    if (answers)
        return;
    assert_true(f->n[part] < ROWS_MAX);
    f->rows[part][f->n[part]++] = (model_t){n, f->next[part], items};
    f->next[part] += items;
}

static void drop(fixture_t *f, int part, size_t rows)
{
    size_t keep = f->from[part] + rows;
    bool all = keep >= f->n[part];
    uint64_t first = all ? f->next[part] : f->rows[part][keep].first;
    assert_int_equal(cv_journal_drop(&f->journal, part, first, all ? 0 : f->rows[part][keep].n), CV_OK);
    f->from[part] = all ? f->n[part] : keep;
}

static void expect_row(fixture_t *f, int part, size_t i, const cv_row_t *row)
{
    const model_t *expected = &f->rows[part][i];
    assert_true(row->n == expected->n && row->first == expected->first && row->items_n == expected->items_n);
    for (size_t k = 0; k < row->items_n; k++) {
        char text[32];
        cv_str_t item;
        snprintf(text, sizeof text, "%d/%llu", part, (unsigned long long)(row->first + k));
        assert_int_equal(cv_row_item(row, k, &item), CV_OK);
        assert_true(cv_str_is(item, text));
    }
}

static void expect_part(fixture_t *f, int part)
{
    cv_row_t row;
    size_t from = f->from[part], n = f->n[part];
    int rc = cv_journal_seek(&f->journal, part, from < n ? f->rows[part][from].first : f->next[part], &row);
    for (size_t i = from; i < n; i++, rc = cv_journal_step(&f->journal, &row)) {
        assert_int_equal(rc, CV_OK);
        expect_row(f, part, i, &row);
    }
    assert_int_equal(rc, CV_ENOTFOUND);

    for (int tries = 0; tries < 20 && from < n; tries++) {
        size_t i = from + draw(f, n - from);
        uint64_t item = f->rows[part][i].first + draw(f, f->rows[part][i].items_n);
        assert_int_equal(cv_journal_seek(&f->journal, part, item, &row), CV_OK);
        expect_row(f, part, i, &row);
    }
    cv_journal_end(&f->journal);
    assert_int_equal(cv_journal_seek(&f->journal, part, f->next[part], &row), CV_ENOTFOUND); /* the next to come */
    if (from < n) { /* one that is gone: the oldest there is */
        assert_int_equal(cv_journal_seek(&f->journal, part, f->rows[part][from].first - 1, &row), CV_OK);
        expect_row(f, part, from, &row);
    }
    rc = cv_journal_tail(&f->journal, part, &row);
    size_t steps = 0;
    int64_t last = 0;
    for (; !rc; rc = cv_journal_step(&f->journal, &row), steps++)
        last = row.n;
    assert_int_equal(rc, CV_ENOTFOUND);
    assert_true(steps <= 200);
    assert_true(from == n ? !last : last == f->rows[part][n - 1].n);
}

static void expect_all(fixture_t *f)
{
    for (int part = 1; part < PARTS; part++)
        expect_part(f, part);
}

/* ---- tests -------------------------------------------------------------------------------- */

static void put_and_seek(void **state)
{
    fixture_t *f = *state;
    cv_row_t row;
    begin(f);
    put(f, 1, 2);
    put(f, 2, 1);
    put(f, 1, 1);
    commit(f);
    assert_int_equal(cv_journal_seek(&f->journal, 1, 2, &row), CV_OK); /* the second item of the first row */
    assert_int_equal(row.first, 1);
    assert_int_equal(row.items_n, 2);
    assert_true(cv_str_is(row.chain, "chain"));
    assert_true(cv_str_is(row.bytes, "1/11/2"));
    assert_int_equal(cv_journal_step(&f->journal, &row), CV_OK);
    assert_int_equal(row.first, 3);
    assert_int_equal(cv_journal_step(&f->journal, &row), CV_ENOTFOUND);
    expect_all(f);
}

/* Parts of very different rates; batches that are undone, processes that die, prefixes that are dropped. */
static void thousands_of_rows(void **state)
{
    fixture_t *f = *state;
    for (unsigned batch = 0; batch < 1500; batch++) {
        begin(f);
        put(f, 0, 1 + draw(f, 3));
        for (uint64_t k = draw(f, 4); k; k--)
            put(f, 1, 1 + draw(f, 9));
        if (!draw(f, 9))
            put(f, 2, 1 + draw(f, 3));
        if (!draw(f, 200))
            put(f, 3, 1);
        int part = 1 + (int)draw(f, PARTS - 1);
        if (!draw(f, 10) && f->from[part] < f->n[part])
            drop(f, part, 1 + draw(f, part == 1 ? 150 : 3));
        if (!draw(f, 12))
            rollback(f);
        else if (!draw(f, 60))
            crash(f, (crash_kind_t)draw(f, 3));
        else
            commit(f);
        if (!draw(f, 60))
            crash(f, (crash_kind_t)draw(f, 3));
        if (batch % 50 == 0)
            expect_all(f);
    }
    expect_all(f);
    assert_true(f->n[1] > 1000 && f->n[2] > 50 && f->n[3] > 2);
    begin(f);
    for (int part = 1; part < PARTS; part++)
        if (f->from[part] < f->n[part])
            drop(f, part, ROWS_MAX);
    expect_all(f); /* all gone, in the transaction that did it */
    rollback(f);
    expect_all(f);
}

static int count_step(void *self)
{
    ((fixture_t *)self)->steps++;
    return 0;
}

static void expect_cheap(fixture_t *f, const char *what)
{
    if (f->steps > CHEAP)
        fail_msg("%s took %llu steps", what, (unsigned long long)f->steps);
    f->steps = 0;
}

static void others(fixture_t *f, size_t rows)
{
    begin(f);
    for (size_t i = 0; i < rows; i++)
        put(f, i % 4 ? 0 : 2, 1);
    commit(f);
}

/* A part that is silent while others say much: no search pays for what it does not look for. */
static void silence_costs_nothing(void **state)
{
    fixture_t *f = *state;
    enum { MANY = 7000, SPOKEN = 6 };
    cv_row_t row;
    for (int i = 0; i < SPOKEN; i++) {
        begin(f);
        put(f, 1, 1);
        commit(f);
        others(f, i == SPOKEN - 1 ? MANY : MANY / 4);
    }
    for (int reopened = 0; reopened < 2; reopened++) {
        sqlite3_progress_handler(cv_db_raw(f->db), 1, count_step, f);
        f->steps = 0;
        for (uint64_t item = 1; item <= SPOKEN; item++) {
            assert_int_equal(cv_journal_seek(&f->journal, 1, item, &row), CV_OK);
            assert_int_equal(row.first, item);
            expect_cheap(f, "seek");
        }
        assert_int_equal(cv_journal_step(&f->journal, &row), CV_ENOTFOUND);
        expect_cheap(f, "the step over the end");
        assert_int_equal(cv_journal_seek(&f->journal, 1, 1, &row), CV_OK);
        for (uint64_t item = 2; item <= SPOKEN; item++) {
            assert_int_equal(cv_journal_step(&f->journal, &row), CV_OK);
            assert_int_equal(row.first, item);
        }
        expect_cheap(f, "a walk over all rows");
        assert_int_equal(cv_journal_tail(&f->journal, 1, &row), CV_OK);
        assert_int_equal(cv_journal_step(&f->journal, &row), CV_ENOTFOUND);
        expect_cheap(f, "tail");
        assert_int_equal(cv_journal_seek(&f->journal, 3, 1, &row), CV_ENOTFOUND);
        expect_cheap(f, "seek in a part that has nothing");
        begin(f);
        drop(f, 1, 3);
        expect_cheap(f, "drop");
        sqlite3_progress_handler(cv_db_raw(f->db), 0, NULL, NULL);
        rollback(f);
        crash(f, CRASH_DROP);
    }
    expect_all(f);
}

/* After all of a part has gone, what it says next is found without passing what others said. */
static void goes_on_after_all_was_dropped(void **state)
{
    fixture_t *f = *state;
    for (int round = 0; round < 3; round++) {
        begin(f);
        put(f, 1, 3);
        put(f, 2, 1);
        commit(f);
        begin(f);
        drop(f, 1, 1);
        if (round == 1)
            put(f, 1, 2); /* in the same transaction */
        commit(f);
        expect_all(f);
        crash(f, CRASH_TEAR);
        expect_all(f);
        if (round == 1) {
            begin(f);
            drop(f, 1, 1);
            commit(f);
        }
    }
    begin(f);
    assert_int_equal(cv_journal_drop(&f->journal, 1, 99, 0), CV_ECORRUPT); /* nothing is there */
    cv_db_rollback(f->db);
}

static void octets_of_answers(void **state)
{
    fixture_t *f = *state;
    cv_str_t bytes = CV_STR_NONE;
    begin(f);
    int64_t n = cv_journal_next(&f->journal);
    assert_int_equal(cv_journal_put(&f->journal, n, CV_PART_ANSWERS, 0, CV_STR_NONE, CV_STR_NONE, CV_STR("yes\0no")),
                     CV_OK);
    commit(f);
    assert_int_equal(cv_journal_bytes(&f->journal, n, 3, 2, &bytes), CV_OK);
    assert_true(cv_str_equal(bytes, (cv_str_t){"\0n", 2}));
    cv_journal_bytes_end(&f->journal);
    bytes = CV_STR_NONE;
    static const int64_t wrong[][2] = {{0, 7}, {5, 2}, {6, 1}, {0, -1}, {INT64_MAX, 1}, {1, INT64_MAX}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(cv_journal_bytes(&f->journal, n, wrong[i][0], wrong[i][1], &bytes), CV_ECORRUPT);
    assert_int_equal(cv_journal_bytes(&f->journal, n + 1, 0, 1, &bytes), CV_ECORRUPT);
    assert_null(bytes.ptr);
}

static void damaged_rows(void **state)
{
    fixture_t *f = *state;
    static const char *const ends[] = {
        "NULL", "x''", "x'000000'", "x'00000001'", "x'0000000100000009'", "x'00000001ffffffff'"};
    cv_row_t row;
    begin(f);
    put(f, 1, 2);
    commit(f);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char sql[96];
        snprintf(sql, sizeof sql, "UPDATE journal SET ends = %s", ends[i]);
        assert_int_equal(cv_db_exec(f->db, sql), CV_OK);
        assert_int_equal(cv_journal_seek(&f->journal, 1, 1, &row), CV_ECORRUPT);
        assert_int_equal(cv_journal_tail(&f->journal, 1, &row), CV_ECORRUPT);
    }
    cv_str_t item = CV_STR_NONE; /* the last end fits, one before it does not */
    assert_int_equal(cv_db_exec(f->db, "UPDATE journal SET ends = x'0000000700000006'"), CV_OK);
    assert_int_equal(cv_journal_seek(&f->journal, 1, 1, &row), CV_OK);
    assert_int_equal(cv_row_item(&row, 0, &item), CV_ECORRUPT);
    assert_int_equal(cv_row_item(&row, 1, &item), CV_ECORRUPT);
    assert_null(item.ptr);
    cv_journal_end(&f->journal);
}

static void damaged_marks(void **state)
{
    fixture_t *f = *state;
    static const char *const marks[] = {"n = 9223372036854775807", "n = 0", "n = -5"};
    cv_row_t row;
    begin(f);
    put(f, 1, 2);
    commit(f);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        char sql[96];
        snprintf(sql, sizeof sql, "UPDATE journal_mark SET %s", marks[i]);
        assert_int_equal(cv_db_exec(f->db, sql), CV_OK);
        assert_int_equal(cv_journal_seek(&f->journal, 1, 1, &row), CV_ECORRUPT);
        assert_int_equal(cv_journal_tail(&f->journal, 1, &row), CV_ECORRUPT);
        begin(f);
        assert_int_equal(cv_journal_drop(&f->journal, 1, 3, 0), CV_ECORRUPT);
        rollback(f);
    }
    assert_int_equal(cv_db_exec(f->db, "UPDATE journal_mark SET n = 100"), CV_OK); /* where there is no row */
    assert_int_equal(cv_journal_seek(&f->journal, 1, 1, &row), CV_ECORRUPT);
    assert_int_equal(cv_journal_tail(&f->journal, 1, &row), CV_ECORRUPT);
    begin(f);
    assert_int_equal(cv_journal_drop(&f->journal, 1, 3, 0), CV_ECORRUPT);
    rollback(f);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(put_and_seek),      T(thousands_of_rows), T(silence_costs_nothing), T(goes_on_after_all_was_dropped),
        T(octets_of_answers), T(damaged_rows),      T(damaged_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
