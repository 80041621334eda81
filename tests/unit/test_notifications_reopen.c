/* test_notifications_reopen: what is watched again when a mail comes back, and that it is found without looking at what else
 * was ever watched.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_escalate.h"
#include "store/db.h"

#include "notifications_driver.h"

#include <sqlite3.h>

enum { NOW_MS = 1000 };

static int64_t state_of(drv_t *drv, int n)
{
    char sql[96];
    snprintf(sql, sizeof(sql), "SELECT state * 10000 + at_ms FROM ntf_watch WHERE n = %d", n);
    return drv_number(drv, sql);
}

static void deliveries(drv_t *drv, int n)
{
    for (int i = 1; i <= n; i++) {
        char sql[240];
        snprintf(
            sql, sizeof(sql),
            "INSERT INTO ntf_delivery(n, notice, kind, cause, event, party, time_ms, private_seq, hold) VALUES(%d, 'n%d',"
            " 1, 'c', 'E', 'KZ', 5, 0, 0)",
            i, i);
        drv_sql(drv, sql);
    }
}

/* Of a carrier: itself, whom it was the second notice of, and of a digest those in it. */
static void test_what_is_watched_again(void **state)
{
    drv_t *drv = *state;
    ntf_watches_t *store;
    deliveries(drv, 9);
    drv_sql(drv,
            "UPDATE ntf_delivery SET digest = 9 WHERE n IN (3, 5);"
            "INSERT INTO ntf_watch(n, deadline_ms, at_ms, second, state) VALUES(1, 2000, 7, 0, 3), (2, 2000, 7, 1, 3),"
            " (3, 2000, 7, 0, 3), (4, 2000, 7, 5, 3), (6, 2000, 7, 0, 3), (7, 1000, 7, 1, 3), (8, 2000, 7, 1, 4)");
    assert_int_equal(ntf_watches_open(drv->db, &store), CV_OK);
    assert_int_equal(cv_db_begin(drv->db), CV_OK);
    assert_int_equal(ntf_watch_reopen(store, 1, NOW_MS), CV_OK);
    assert_int_equal(state_of(drv, 1), NTF_WATCHED * 10000 + NOW_MS);
    assert_int_equal(state_of(drv, 2), NTF_ESCALATED * 10000 + NOW_MS);
    static const int others[] = {3, 4, 6, 7}; /* 7: its deadline is over */
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_int_equal(state_of(drv, others[i]), NTF_WATCH_ENDED * 10000 + 7);
    assert_int_equal(state_of(drv, 8), NTF_NOBODY * 10000 + 7);
    assert_int_equal(ntf_watch_reopen(store, 9, NOW_MS), CV_OK);
    assert_int_equal(state_of(drv, 3), NTF_WATCHED * 10000 + NOW_MS);
    assert_int_equal(state_of(drv, 4), NTF_ESCALATED * 10000 + NOW_MS);
    assert_int_equal(state_of(drv, 6), NTF_WATCH_ENDED * 10000 + 7);
    assert_int_equal(cv_db_commit(drv->db), CV_OK);
    ntf_watches_close(&store);
}

/* The table never shrinks, and mails come back at any time. */
static void test_nothing_else_is_looked_at(void **state)
{
    drv_t *drv = *state;
    ntf_watches_t *store;
    assert_int_equal(ntf_watches_open(drv->db, &store), CV_OK);
    sqlite3 *raw = cv_db_raw(drv->db);
    int found = 0;
    for (sqlite3_stmt *stmt = sqlite3_next_stmt(raw, NULL); stmt; stmt = sqlite3_next_stmt(raw, stmt)) {
        const char *sql = sqlite3_sql(stmt);
        if (strncmp(sql, "UPDATE ntf_watch SET state = CASE", 33) != 0)
            continue;
        char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
        sqlite3_stmt *plan;
        assert_int_equal(sqlite3_prepare_v2(raw, explain, -1, &plan, NULL), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(plan, 3);
            if (strncmp(detail, "SCAN ntf_", 9) == 0 || strncmp(detail, "SCAN w", 6) == 0 ||
                strncmp(detail, "SCAN v", 6) == 0)
                fail_msg("%s", detail);
            found += strstr(detail, "ntf_watch_second") != NULL;
        }
        sqlite3_finalize(plan);
        sqlite3_free(explain);
    }
    assert_true(found > 0);
    ntf_watches_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_watched_again, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_else_is_looked_at, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
