/* test_notifications_plans: no statement of the service reads a table that grows for ever from end to end, but a few that are
 * named here with why.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The planner of SQLite is asked how it would run each prepared statement of an open service. A table that grows with every
 * notice is searched, or scanned by a partial index that holds what is open alone.
 */
#include "notifications/notifications.h"
#include "store/db.h"

#include "notifications_driver.h"

#include <sqlite3.h>

/* Grow with every notice, for ever. */
static const char *const s_growing[] = {"ntf_delivery", "ntf_dispatch", "ntf_attempt",
                                        "ntf_watch",    "ntf_due",      "ntf_change"};
/* Indexes that hold what is not done yet, or what is asked for. */
static const char *const s_partial[] = {
    "ntf_delivery_ready", "ntf_delivery_due",     "ntf_delivery_held",   "ntf_delivery_open",   "ntf_delivery_news",
    "ntf_delivery_scrub", "ntf_delivery_pending", "ntf_delivery_lane",   "ntf_delivery_digest", "ntf_dispatch_due",
    "ntf_dispatch_head",  "ntf_dispatch_dead",    "ntf_delivery_leaves", "ntf_dispatch_lane",   "ntf_watch_at",
    "ntf_watch_nobody",   "ntf_due_next",
};
/* Read whole, and why that may be: none is of a turn. */
static const char *const s_whole[] = {
    "SET text = NULL WHERE dispatch IN (SELECT number FROM ntf_dispatch WHERE channel = 2)", /* a snapshot of personal data: */
    "SET body = NULL, address = CASE state",                                                 /* all is gone through */
    "SET mail = NULL WHERE mail IS NOT NULL",
    "SET scrub = 1 WHERE state = 2",
    "DELETE FROM ntf_due WHERE rule = ?1",     /* somebody sets a rule */
    "WHERE state <> 3 AND webhook = ?4",       /* a webhook moves */
    "WHERE state IN (3, 4) AND ended_ms > ?1", /* a start, and a clock that went back */
    "WHERE state = 3 AND deadline_ms > ?1 AND ended_ms >= deadline_ms",
};

static bool is_in(const char *detail, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strstr(detail, names[i]))
            return true;
    }
    return false;
}

/* "SCAN d USING ..." names an alias: which table that is, is said by the statement. */
static bool is_growing(const char *sql, const char *detail)
{
    char name[64], alias[80];
    if (sscanf(detail, "SCAN %63s", name) != 1) // NOLINT(cert-err34-c): a word
        return false;
    for (size_t i = 0; i < sizeof(s_growing) / sizeof(s_growing[0]); i++) {
        (void)snprintf(alias, sizeof(alias), "%s AS %s", s_growing[i], name);
        const char *found = strstr(sql, alias);
        bool is_alias = found && !strchr("abcdefghijklmnopqrstuvwxyz_0123456789", found[strlen(alias)]);
        if (strcmp(name, s_growing[i]) == 0 || is_alias)
            return true;
    }
    return false;
}

static void test_no_scan(void **state)
{
    drv_t *drv = *state;
    sqlite3 *raw = cv_db_raw(drv->db);
    const char *statements[1024];
    size_t n = 0;
    int bad = 0;
    for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(raw, stmt));) {
        assert_true(n < sizeof(statements) / sizeof(statements[0]));
        statements[n++] = sqlite3_sql(stmt);
    }
    assert_true(n > 200);
    for (size_t i = 0; i < n; i++) {
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", statements[i]);
        sqlite3_stmt *plan;
        if (sqlite3_prepare_v2(raw, sql, -1, &plan, NULL) == SQLITE_OK) {
            while (sqlite3_step(plan) == SQLITE_ROW) {
                const char *detail = (const char *)sqlite3_column_text(plan, 3);
                if (is_growing(statements[i], detail) &&
                    !is_in(detail, s_partial, sizeof(s_partial) / sizeof(s_partial[0])) &&
                    !is_in(statements[i], s_whole, sizeof(s_whole) / sizeof(s_whole[0]))) {
                    print_error("%s\n    %s\n", detail, statements[i]);
                    bad++;
                }
            }
            sqlite3_finalize(plan);
        }
        sqlite3_free(sql);
    }
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_scan, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
