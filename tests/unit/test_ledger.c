/* test_ledger: cursors, parked records, consumers and timers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crash_vfs.h"
#include "store/ledger.h"
#include "store/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    cv_ledger_t ledger;
    cv_arena_t *arena;
    char error[256];
} fixture_t;

static int open_all(fixture_t *f)
{
    cv_db_options_t options = {
        .path = crash_disk_path(f->disk, "l.db"), .vfs = CRASH_VFS, .application_id = 1, .cache_kib = 512};
    int rc = cv_db_open(&options, &f->db, f->error, sizeof f->error);
    if (!rc)
        rc = cv_tables_migrate(f->db, f->error, sizeof f->error);
    return rc ? rc : cv_ledger_init(&f->ledger, f->db);
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->disk = crash_disk_new(5);
    f->arena = cv_arena_new(1 << 20);
    *state = f;
    return open_all(f);
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_db_close(&f->db);
    cv_arena_destroy(&f->arena);
    crash_disk_destroy(&f->disk);
    free(f);
    return 0;
}

static cv_position_t at(uint8_t epoch, uint64_t seq, uint8_t chain)
{
    cv_position_t position = {.seq = seq};
    memset(position.epoch, epoch, CV_EPOCH_LEN);
    memset(position.chain, chain, CV_CHAIN_LEN);
    return position;
}

static void expect_cursor(fixture_t *f, const char *stream, cv_position_t expected)
{
    cv_position_t found;
    assert_int_equal(cv_cursor_get(&f->ledger, stream, &found), CV_OK);
    assert_memory_equal(&found, &expected, sizeof found);
}

static void cursor_moves(void **state)
{
    fixture_t *f = *state;
    cv_position_t start_at = {0}, found = at(1, 1, 1), one = at(7, 3, 1), two = at(7, 9, 2);
    assert_int_equal(cv_cursor_get(&f->ledger, "a.events", &found), CV_ENOTFOUND);
    assert_memory_equal(&found, &start_at, sizeof found);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &start_at, &one), CV_OK);
    expect_cursor(f, "a.events", one);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &one, &two), CV_OK);
    expect_cursor(f, "a.events", two);
    assert_int_equal(cv_cursor_get(&f->ledger, "b.events", &found), CV_ENOTFOUND);
}

static void cursor_is_compared(void **state)
{
    fixture_t *f = *state;
    cv_position_t start_at = {0}, one = at(7, 3, 1), two = at(7, 9, 2), three = at(8, 3, 1);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &one, &two), CV_ECONFLICT); /* never followed */
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &start_at, &one), CV_OK);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &start_at, &two), CV_ECONFLICT);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &two, &two), CV_ECONFLICT);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &three, &two), CV_ECONFLICT); /* another epoch */
    cv_position_t other_chain = at(7, 3, 9);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &other_chain, &two), CV_ECONFLICT);
    expect_cursor(f, "a.events", one);
}

static void cursor_set_from_snapshots(void **state)
{
    fixture_t *f = *state;
    cv_position_t one = at(7, 3, 1), empty = at(9, 0, 0), two = at(9, 1, 5);
    assert_int_equal(cv_cursor_set(&f->ledger, "a.events", &one), CV_OK);
    assert_int_equal(cv_cursor_set(&f->ledger, "a.events", &empty), CV_OK);
    expect_cursor(f, "a.events", empty);
    assert_int_equal(cv_cursor_move(&f->ledger, "a.events", &empty, &two), CV_OK);
    expect_cursor(f, "a.events", two);
}

static void cursor_of_wrong_length_is_damage(void **state)
{
    fixture_t *f = *state;
    cv_position_t one = at(7, 3, 1), found;
    assert_int_equal(cv_cursor_set(&f->ledger, "a.events", &one), CV_OK);
    assert_int_equal(cv_db_exec(f->db, "PRAGMA ignore_check_constraints = ON; UPDATE cursor SET chain = x'01'"), CV_OK);
    assert_int_equal(cv_cursor_get(&f->ledger, "a.events", &found), CV_ECORRUPT);
}

static void parked(void **state)
{
    fixture_t *f = *state;
    uint64_t n = 9;
    cv_position_t one = at(7, 3, 1), two = at(7, 4, 1);
    assert_int_equal(cv_parked_count(&f->ledger, "a.events", &n), CV_OK);
    assert_int_equal(n, 0);
    assert_int_equal(cv_parked_put(&f->ledger, "a.events", &one, "why", 5, CV_STR("bytes")), CV_OK);
    assert_int_equal(cv_parked_put(&f->ledger, "a.events", &two, "why", 5, CV_STR("bytes")), CV_OK);
    assert_int_equal(cv_parked_put(&f->ledger, "a.events", &two, "why", 5, CV_STR("bytes")), CV_ECONFLICT);
    assert_int_equal(cv_parked_put(&f->ledger, "b.events", &two, "why", 5, CV_STR("bytes")), CV_OK);
    assert_int_equal(cv_parked_count(&f->ledger, "a.events", &n), CV_OK);
    assert_int_equal(n, 2);
    cv_stmt_t *select;
    assert_int_equal(
        cv_db_prepare(f->db, "SELECT seq, error, at_ms, record FROM parked WHERE stream = 'a.events'", &select), CV_OK);
    assert_int_equal(cv_stmt_step(select), 1);
    assert_int_equal(cv_stmt_get_int(select, 0), 3);
    assert_true(cv_str_is(cv_stmt_get_text(select, 1), "why"));
    assert_int_equal(cv_stmt_get_int(select, 2), 5);
    assert_true(cv_str_is(cv_stmt_get_blob(select, 3), "bytes"));
    cv_stmt_reset(select);
}

static void consumers(void **state)
{
    fixture_t *f = *state;
    uint8_t e[CV_EPOCH_LEN] = {1}, old[CV_EPOCH_LEN] = {2};
    uint64_t seq = 99;
    assert_int_equal(cv_consumer_floor(&f->ledger, "a.events", e, 0, &seq), CV_ENOTFOUND);
    assert_int_equal(seq, 99);
    assert_int_equal(cv_consumer_put(&f->ledger, "a.events", "x", e, 5, 1000), CV_OK);
    assert_int_equal(cv_consumer_put(&f->ledger, "a.events", "y", e, 8, 2000), CV_OK);
    assert_int_equal(cv_consumer_put(&f->ledger, "a.events", "z", old, 1, 2000), CV_OK); /* of another history */
    assert_int_equal(cv_consumer_put(&f->ledger, "b.events", "x", e, 2, 2000), CV_OK);
    assert_int_equal(cv_consumer_floor(&f->ledger, "a.events", e, 0, &seq), CV_OK);
    assert_int_equal(seq, 5);
    assert_int_equal(cv_consumer_floor(&f->ledger, "a.events", e, 1500, &seq), CV_OK);
    assert_int_equal(seq, 8);
    assert_int_equal(cv_consumer_put(&f->ledger, "a.events", "x", e, 9, 3000), CV_OK);
    assert_int_equal(cv_consumer_floor(&f->ledger, "a.events", e, 0, &seq), CV_OK);
    assert_int_equal(seq, 8);
}

static const char *take(fixture_t *f, int64_t now_ms)
{
    static char text[128];
    cv_str_t kind, key;
    int rc = cv_timer_take(&f->ledger, now_ms, f->arena, &kind, &key);
    if (rc)
        return rc == CV_ENOTFOUND ? "none" : cv_error_name(rc);
    snprintf(text, sizeof text, "%.*s:%.*s", CV_STR_ARG(kind), CV_STR_ARG(key));
    assert_int_equal(kind.ptr[kind.len], '\0');
    return text;
}

static void timers(void **state)
{
    fixture_t *f = *state;
    int64_t due = -1;
    assert_int_equal(cv_timer_next(&f->ledger, &due), CV_ENOTFOUND);
    assert_string_equal(take(f, INT64_MAX), "none");
    assert_int_equal(cv_timer_put(&f->ledger, "open", CV_STR("E1"), 100), CV_OK);
    assert_int_equal(cv_timer_put(&f->ledger, "close", CV_STR("E1"), 100), CV_OK);
    assert_int_equal(cv_timer_put(&f->ledger, "open", CV_STR("E0"), 300), CV_OK);
    assert_int_equal(cv_timer_put(&f->ledger, "open", CV_STR(""), 200), CV_OK);
    assert_int_equal(cv_timer_put(&f->ledger, "open", CV_STR("E1"), 250), CV_OK); /* moved */
    assert_int_equal(cv_timer_next(&f->ledger, &due), CV_OK);
    assert_int_equal(due, 100);
    assert_string_equal(take(f, 99), "none");
    assert_string_equal(take(f, 100), "close:E1");
    assert_string_equal(take(f, 100), "none");
    assert_int_equal(cv_timer_put(&f->ledger, "gone", CV_STR("E1"), 100), CV_OK);
    assert_int_equal(cv_timer_drop(&f->ledger, "gone", CV_STR("E1")), CV_OK);
    assert_int_equal(cv_timer_drop(&f->ledger, "never", CV_STR("was")), CV_OK);
    assert_string_equal(take(f, 1000), "open:");
    assert_string_equal(take(f, 1000), "open:E1");
    assert_string_equal(take(f, 1000), "open:E0");
    assert_string_equal(take(f, 1000), "none");
}

static void timer_taken_and_rolled_back(void **state)
{
    fixture_t *f = *state;
    assert_int_equal(cv_timer_put(&f->ledger, "open", CV_STR("E1"), 100), CV_OK);
    assert_int_equal(cv_db_begin(f->db), CV_OK);
    assert_string_equal(take(f, 100), "open:E1");
    cv_db_rollback(f->db);
    assert_string_equal(take(f, 100), "open:E1");
    cv_arena_t *small = cv_arena_new(4);
    cv_str_t kind, key;
    assert_int_equal(cv_timer_put(&f->ledger, "open", CV_STR("E1"), 100), CV_OK);
    assert_int_equal(cv_timer_take(&f->ledger, 100, small, &kind, &key), CV_ENOMEM);
    cv_arena_destroy(&small);
    assert_string_equal(take(f, 100), "open:E1");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(cursor_moves),
        T(cursor_is_compared),
        T(cursor_set_from_snapshots),
        T(cursor_of_wrong_length_is_damage),
        T(parked),
        T(consumers),
        T(timers),
        T(timer_taken_and_rolled_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
