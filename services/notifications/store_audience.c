/* store_audience: see store_audience.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_audience.h"

#include "notifications/statement_set.h"

/* What a column may hold is checked by the table itself: another table of rules, with the same rows. */
const char ntf_tables_audience[] =
    "ALTER TABLE ntf_delivery ADD COLUMN audience INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE ntf_audience(kind INTEGER NOT NULL, audience INTEGER NOT NULL, told INTEGER NOT NULL,"
    " PRIMARY KEY(kind, audience)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ntf_coordinator(code TEXT PRIMARY KEY, area TEXT NOT NULL, party TEXT NOT NULL, first TEXT, last TEXT)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX ntf_coordinator_of ON ntf_coordinator(area, party);"
    "CREATE TABLE ntf_area(code TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ntf_opening(event TEXT PRIMARY KEY, cause TEXT NOT NULL, time_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ntf_rule_new(rule TEXT PRIMARY KEY, anchor INTEGER NOT NULL CHECK(anchor BETWEEN 0 AND 5),"
    " before_ms INTEGER NOT NULL CHECK(before_ms > 0), audience INTEGER NOT NULL CHECK(audience BETWEEN 1 AND 7),"
    " off INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
    "INSERT INTO ntf_rule_new SELECT rule, anchor, before_ms, audience, off FROM ntf_rule;"
    "DROP TABLE ntf_rule;"
    "ALTER TABLE ntf_rule_new RENAME TO ntf_rule;";

/* Of an event, that have not left; of one party those that say that it has not answered. */
#define OPENINGS "event = ?1 AND topic = 10 AND state = 1 AND (?2 IS NULL OR party = ?2 AND audience = 2)"

#define STATEMENTS(XX)                                                                                                \
    XX(put, "INSERT INTO ntf_audience VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET told = ?3")                        \
    XX(told, "SELECT told FROM ntf_audience WHERE kind = ?1 AND audience = ?2")                                       \
    XX(coordinator_put, "INSERT INTO ntf_coordinator VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET area = ?2," \
                        " party = ?3, first = ?4, last = ?5")                                                         \
    XX(coordinators, "SELECT party, first, last FROM ntf_coordinator INDEXED BY ntf_coordinator_of WHERE area = ?1"   \
                     " ORDER BY party, code")                                                                         \
    XX(coordinators_forget, "DELETE FROM ntf_coordinator")                                                            \
    XX(opening_put, "INSERT INTO ntf_opening VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET cause = ?2, time_ms = ?3")  \
    XX(opening_next, "SELECT event, cause, time_ms FROM ntf_opening ORDER BY event LIMIT 1")                          \
    XX(opening_drop, "DELETE FROM ntf_opening WHERE event = ?1")                                                      \
    XX(openings_unwait, "DELETE FROM ntf_wait WHERE n IN (SELECT n FROM ntf_delivery WHERE " OPENINGS ")")            \
    XX(openings_end,                                                                                                  \
       "UPDATE ntf_delivery SET state = 2, hold = 0, digest = -1, mail = NULL, reason = NULL WHERE " OPENINGS)        \
    XX(area_put, "INSERT INTO ntf_area VALUES(?1, ?2) ON CONFLICT DO UPDATE SET name = ?2")                           \
    XX(area_name, "SELECT name FROM ntf_area WHERE code = ?1")                                                        \
    XX(areas_forget, "DELETE FROM ntf_area")

NTF_STATEMENT_SET(ntf_audiences, STATEMENTS)

int ntf_audience_put(ntf_audiences_t *store, int kind, int audience, bool told)
{
    cv_stmt_int(store->put, 1, kind);
    cv_stmt_int(store->put, 2, audience);
    cv_stmt_int(store->put, 3, told);
    return cv_stmt_run(store->put);
}

int ntf_audience_told(ntf_audiences_t *store, int kind, int audience, bool *ret_told)
{
    ntf_telling_of_t otherwise = ntf_audience_default(kind, audience);
    int64_t told = otherwise == NTF_ON || otherwise == NTF_ALWAYS;
    int rc = CV_ENOTFOUND;
    if (otherwise == NTF_ON || otherwise == NTF_OFF) {
        cv_stmt_int(store->told, 1, kind);
        cv_stmt_int(store->told, 2, audience);
        rc = ntf_statement_number(store->told, &told);
    }
    *ret_told = told != 0;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_coordinator_put(ntf_audiences_t *store, const cv_coordinator_t *coordinator)
{
    cv_stmt_text(store->coordinator_put, 1, coordinator->code);
    cv_stmt_text(store->coordinator_put, 2, coordinator->area);
    cv_stmt_text(store->coordinator_put, 3, coordinator->party);
    cv_stmt_text(store->coordinator_put, 4, coordinator->from);
    cv_stmt_text(store->coordinator_put, 5, coordinator->to);
    return cv_stmt_run(store->coordinator_put);
}

int ntf_area_put(ntf_audiences_t *store, cv_str_t code, cv_str_t name)
{
    cv_stmt_text(store->area_put, 1, code);
    cv_stmt_text(store->area_put, 2, name);
    return cv_stmt_run(store->area_put);
}

int ntf_area_name(ntf_audiences_t *store, cv_str_t code, cv_arena_t *arena, cv_str_t *ret_name)
{
    *ret_name = CV_STR_NONE;
    cv_stmt_text(store->area_name, 1, code);
    int rc = cv_stmt_step(store->area_name);
    if (rc <= 0)
        return rc;
    *ret_name = cv_arena_str(arena, cv_stmt_get_text(store->area_name, 0));
    cv_stmt_reset(store->area_name);
    return ret_name->ptr ? CV_OK : CV_ENOMEM;
}

int ntf_coordinators(ntf_audiences_t *store, cv_str_t area, cv_str_t day, cv_arena_t *arena, cv_str_t **ret_parties,
                     size_t *ret_n)
{
    cv_stmt_t *stmt = store->coordinators;
    cv_str_t *parties = cv_arena_take(arena, NTF_COORDINATORS_MAX * sizeof(*parties));
    size_t n = 0;
    int rc = parties ? 0 : CV_ENOMEM;
    cv_stmt_text(stmt, 1, area);
    while (!rc && n < NTF_COORDINATORS_MAX && (rc = cv_stmt_step(stmt)) > 0) {
        cv_str_t party = cv_stmt_get_text(stmt, 0);
        bool is_known = n > 0 && cv_str_equal(parties[n - 1], party);
        rc = CV_OK;
        if (is_known || !ntf_term_holds(cv_stmt_get_text(stmt, 1), cv_stmt_get_text(stmt, 2), day))
            continue;
        parties[n++] = cv_arena_str(arena, party);
        rc = parties[n - 1].ptr ? CV_OK : CV_ENOMEM;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_parties = parties;
    *ret_n = n;
    return CV_OK;
}

int ntf_opening_put(ntf_audiences_t *store, const ntf_opening_t *opening)
{
    cv_stmt_text(store->opening_put, 1, opening->event);
    cv_stmt_text(store->opening_put, 2, opening->cause);
    cv_stmt_int(store->opening_put, 3, opening->time_ms);
    return cv_stmt_run(store->opening_put);
}

int ntf_opening_next(ntf_audiences_t *store, cv_arena_t *arena, ntf_opening_t *ret_opening)
{
    int rc = cv_stmt_step(store->opening_next);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_opening = (ntf_opening_t){.event = cv_arena_str(arena, cv_stmt_get_text(store->opening_next, 0)),
                                   .cause = cv_arena_str(arena, cv_stmt_get_text(store->opening_next, 1)),
                                   .time_ms = cv_stmt_get_int(store->opening_next, 2)};
    cv_stmt_reset(store->opening_next);
    return ret_opening->event.ptr && ret_opening->cause.ptr ? CV_OK : CV_ENOMEM;
}

int ntf_opening_drop(ntf_audiences_t *store, cv_str_t event)
{
    cv_stmt_text(store->opening_drop, 1, event);
    return cv_stmt_run(store->opening_drop);
}

int ntf_openings_end(ntf_audiences_t *store, cv_str_t event, cv_str_t party)
{
    cv_stmt_t *const steps[] = {store->openings_unwait, store->openings_end};
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(steps[0]); i++) {
        cv_stmt_text(steps[i], 1, event);
        cv_stmt_text(steps[i], 2, party);
        rc = cv_stmt_run(steps[i]);
    }
    return rc;
}

int ntf_coordinators_forget(ntf_audiences_t *store)
{
    int rc = cv_stmt_run(store->coordinators_forget);
    return rc ? rc : cv_stmt_run(store->areas_forget);
}
