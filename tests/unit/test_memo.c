/* test_memo: remembered outcomes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "store/memo.h"
#include "store/tables.h"
#include "toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    cv_journal_t journal;
    cv_memo_t memo;
    char error[256];
} fixture_t;

static int open_all(fixture_t *f)
{
    cv_db_options_t options = {
        .path = crash_disk_path(f->disk, "m.db"), .vfs = CRASH_VFS, .application_id = 1, .cache_kib = 512};
    int rc = cv_db_open(&options, &f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_tables_migrate(f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_journal_init(&f->journal, f->db);
    return rc ? rc : cv_memo_init(&f->memo, &f->journal);
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->disk = crash_disk_new(5);
    *state = f;
    return open_all(f);
}

static void save(fixture_t *f)
{
    assert_int_equal(cv_memo_flush(&f->memo), CV_OK);
    assert_int_equal(cv_db_commit(f->db), CV_OK);
    cv_journal_committed(&f->journal);
}

static void undo(fixture_t *f)
{
    cv_db_rollback(f->db);
    cv_memo_forget(&f->memo);
    cv_journal_forget(&f->journal);
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_memo_done(&f->memo);
    cv_db_close(&f->db);
    crash_disk_destroy(&f->disk);
    free(f);
    return 0;
}

static const uint8_t ID[CV_UUID_LEN] = {1, 2, 3}, OTHER[CV_UUID_LEN] = {1, 2, 4};
static const uint8_t HASH[CV_MEMO_HASH] = {9}, ANOTHER_HASH[CV_MEMO_HASH] = {8};

static void put_and_get(void **state)
{
    fixture_t *f = *state;
    cv_str_t outcome = CV_STR_NONE;
    assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_ENOTFOUND);
    assert_int_equal(cv_memo_put(&f->memo, ID, HASH, "secretariat", CV_STR("the very \0 bytes")), CV_OK);
    assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_OK);
    assert_true(cv_str_equal(outcome, CV_STR("the very \0 bytes")));
    cv_memo_release(&f->memo);
    assert_int_equal(cv_memo_get(&f->memo, ID, NULL, &outcome), CV_OK); /* whatever its content */
    cv_memo_release(&f->memo);
}

static void conflicts(void **state)
{
    fixture_t *f = *state;
    cv_str_t outcome = CV_STR_NONE;
    assert_int_equal(cv_memo_put(&f->memo, ID, HASH, "secretariat", CV_STR("yes")), CV_OK);
    assert_int_equal(cv_memo_get(&f->memo, ID, ANOTHER_HASH, &outcome), CV_ECONFLICT);
    assert_null(outcome.ptr);
    assert_int_equal(cv_memo_put(&f->memo, ID, HASH, "secretariat", CV_STR("no")), CV_ECONFLICT); /* never replaced */
    assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_OK);
    assert_true(cv_str_is(outcome, "yes"));
    cv_memo_release(&f->memo);
    assert_int_equal(cv_memo_get(&f->memo, OTHER, HASH, &outcome), CV_ENOTFOUND);
}

static void in_the_transaction(void **state)
{
    fixture_t *f = *state;
    cv_str_t outcome;
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_memo_put(&f->memo, ID, HASH, "s", CV_STR("yes")), CV_OK);
    undo(f);
    assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_ENOTFOUND);
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_memo_put(&f->memo, ID, HASH, "s", CV_STR("yes")), CV_OK);
    save(f);
    crash_disk_off(f->disk);
    cv_memo_done(&f->memo);
    cv_db_abandon(&f->db);
    crash_disk_on(f->disk, CRASH_DROP);
    assert_int_equal(open_all(f), CV_OK);
    assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_OK);
    assert_true(cv_str_is(outcome, "yes"));
    cv_memo_release(&f->memo);
}

/* Ids in any order, some rolled back: each is found again or not, as it should. */
static void ids_in_any_order(void **state)
{
    fixture_t *f = *state;
    bool there[64] = {false};
    cv_str_t outcome;
    for (unsigned i = 0; i < 640; i++) {
        uint8_t id[CV_UUID_LEN] = {0};
        unsigned n = i * 37 % 64, undone = i % 5 == 0;
        id[0] = (uint8_t)(n * 4); /* the first is all zero */
        assert_int_equal(cv_memo_get(&f->memo, id, HASH, &outcome), there[n] ? CV_OK : CV_ENOTFOUND);
        if (there[n]) {
            assert_int_equal(outcome.len, 1);
            assert_int_equal((uint8_t)outcome.ptr[0], n);
            cv_memo_release(&f->memo);
            continue;
        }
        uint8_t text = (uint8_t)n;
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        assert_int_equal(cv_memo_put(&f->memo, id, HASH, "s", (cv_str_t){(char *)&text, 1}), CV_OK);
        if (undone)
            undo(f);
        else
            save(f);
        there[n] = !undone;
        if (i % 100 == 99) {
            cv_memo_done(&f->memo);
            cv_db_close(&f->db);
            assert_int_equal(open_all(f), CV_OK);
        }
    }
}

/* Answers that fill several rows of the journal: each comes back, from memory, from its row and after a restart. */
static void many_and_long(void **state)
{
    fixture_t *f = *state;
    enum { N = 300 };
    static char text[N][1000];
    cv_str_t outcome;
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    for (unsigned i = 0; i < N; i++) {
        uint8_t id[CV_UUID_LEN] = {(uint8_t)(i >> 8), (uint8_t)i};
        memset(text[i], (int)('a' + i % 26), sizeof text[i]);
        assert_int_equal(cv_memo_put(&f->memo, id, HASH, "s", (cv_str_t){text[i], 1 + i * 3}), CV_OK);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < N; i++) {
            uint8_t id[CV_UUID_LEN] = {(uint8_t)(i >> 8), (uint8_t)i};
            assert_int_equal(cv_memo_get(&f->memo, id, HASH, &outcome), CV_OK);
            assert_true(cv_str_equal(outcome, ((cv_str_t){text[i], 1 + i * 3})));
            cv_memo_release(&f->memo);
        }
        if (round == 0)
            save(f);
        cv_memo_done(&f->memo);
        cv_db_close(&f->db);
        assert_int_equal(open_all(f), CV_OK);
    }
}

/* More than gather at once: some are in the table already, some still in memory, in one transaction; ids in any order.
 */
static void more_than_gather(void **state)
{
    fixture_t *f = *state;
    enum { N = 2 * CV_MEMO_FRESH + 500 };
    cv_str_t outcome = CV_STR_NONE;
    for (int undone = 1; undone >= 0; undone--) {
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        for (unsigned i = 0; i < N; i++) {
            unsigned n = i * 1021 % N; /* N and 1021 have no common divisor */
            uint8_t id[CV_UUID_LEN] = {(uint8_t)(n >> 8), (uint8_t)n, [15] = (uint8_t)(n % 3)}, text = (uint8_t)(n * 7);
            assert_int_equal(cv_memo_get(&f->memo, id, HASH, &outcome), CV_ENOTFOUND);
            assert_int_equal(cv_memo_put(&f->memo, id, HASH, "s", (cv_str_t){(char *)&text, 1}), CV_OK);
        }
        for (unsigned n = 0; n < N; n++) {
            uint8_t id[CV_UUID_LEN] = {(uint8_t)(n >> 8), (uint8_t)n, [15] = (uint8_t)(n % 3)};
            assert_int_equal(cv_memo_get(&f->memo, id, ANOTHER_HASH, &outcome), CV_ECONFLICT);
            assert_int_equal(cv_memo_get(&f->memo, id, HASH, &outcome), CV_OK);
            assert_int_equal((uint8_t)outcome.ptr[0], (uint8_t)(n * 7));
            cv_memo_release(&f->memo);
        }
        if (undone)
            undo(f);
        else
            save(f);
    }
    for (unsigned n = 0; n < N; n++) {
        uint8_t id[CV_UUID_LEN] = {(uint8_t)(n >> 8), (uint8_t)n, [15] = (uint8_t)(n % 3)};
        assert_int_equal(cv_memo_get(&f->memo, id, HASH, &outcome), CV_OK);
        assert_int_equal((uint8_t)outcome.ptr[0], (uint8_t)(n * 7));
        cv_memo_release(&f->memo);
    }
}

static void damaged_places(void **state)
{
    fixture_t *f = *state;
    static const char *const damages[] = {"at = -1",     "at = 4",    "at = 1", "len = 5",
                                          "len = -1",    "n = n + 1", "n = 0",  "at = 9223372036854775807",
                                          "hash = x'00'"};
    cv_str_t outcome = CV_STR_NONE;
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_int_equal(cv_memo_put(&f->memo, ID, HASH, "s", CV_STR("yes!")), CV_OK);
    save(f);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "UPDATE request SET %s", damages[i]);
        assert_int_equal(cv_db_begin(f->db), CV_OK);
        assert_int_equal(cv_db_exec(f->db, sql), CV_OK);
        assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_ECORRUPT);
        assert_null(outcome.ptr);
        cv_db_rollback(f->db);
    }
    assert_int_equal(cv_memo_get(&f->memo, ID, HASH, &outcome), CV_OK);
    assert_true(cv_str_is(outcome, "yes!"));
    cv_memo_release(&f->memo);
}

static void hash_of(const char *inbox, const char *command, const char *account, int64_t amount, int64_t expiry,
                    uint8_t *ret_hash)
{
    cv_buf_t bytes;
    cv_msg_t msg;
    cv_reader_t *reader = cv_reader_new();
    cv_buf_init(&bytes, 4096);
    assert_int_equal(toy_request(&bytes, toy_id(1), inbox, command, account, amount, expiry), CV_OK);
    assert_int_equal(cv_msg_read(reader, cv_buf_str(&bytes), &msg, NULL), CV_OK);
    cv_memo_hash(&msg, ret_hash);
    msg.subject = CV_STR("x"); /* the subject counts too */
    uint8_t with_subject[CV_MEMO_HASH];
    cv_memo_hash(&msg, with_subject);
    assert_memory_not_equal(ret_hash, with_subject, CV_MEMO_HASH);
    cv_buf_done(&bytes);
    cv_reader_destroy(&reader);
}

static void what_the_hash_is_over(void **state)
{
    (void)state;
    uint8_t a[CV_MEMO_HASH], b[CV_MEMO_HASH];
    hash_of("inbox-0001", "put", "A", 5, 0, a);
    hash_of("inbox-0002", "put", "A", 5, 99, b); /* another inbox and expiry: the same request */
    assert_memory_equal(a, b, CV_MEMO_HASH);
    hash_of("inbox-0001", "put", "A", 6, 0, b);
    assert_memory_not_equal(a, b, CV_MEMO_HASH);
    hash_of("inbox-0001", "put", "B", 5, 0, b);
    assert_memory_not_equal(a, b, CV_MEMO_HASH);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(put_and_get),   T(conflicts),        T(in_the_transaction), T(ids_in_any_order),
        T(many_and_long), T(more_than_gather), T(damaged_places),     T(what_the_hash_is_over)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
