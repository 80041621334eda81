/* store_ping: see store_ping.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_ping.h"

#include "notifications/statement_set.h"

#define STOPPED                                                                            \
    "EXISTS(SELECT 1 FROM ntf_recipient AS s JOIN ntf_address AS a ON a.address = s.email" \
    " WHERE s.party = p.party AND s.ord = p.ord AND a.state > 0)"

const char ntf_tables_ping[] =
    "CREATE TABLE ntf_ping(party TEXT NOT NULL, ord INTEGER NOT NULL, email TEXT NOT NULL,"
    " state INTEGER NOT NULL CHECK(state IN (0, 3, 4, 5)), since_ms INTEGER NOT NULL, PRIMARY KEY(party, ord))"
    " STRICT, WITHOUT ROWID;"
    "INSERT INTO ntf_ping SELECT party, ord, email, 0, 0 FROM ntf_recipient;"
    "DROP VIEW ntf_reach;"
    "CREATE VIEW ntf_reach AS SELECT r.party, r.ord, '' AS event, a.state, a.since_ms, a.status FROM ntf_address AS a"
    " JOIN ntf_recipient AS r ON r.email = a.address WHERE a.state > 0 UNION ALL"
    " SELECT c.party, 0, c.event, a.state, a.since_ms, a.status FROM ntf_address AS a"
    " JOIN ntf_contact AS c ON c.email = a.address WHERE a.state > 0 UNION ALL"
    " SELECT p.party, p.ord, '', p.state, p.since_ms, '' FROM ntf_ping AS p WHERE p.state > 0 AND NOT " STOPPED ";";

#define STATEMENTS(XX)                                                                                               \
    XX(known, "INSERT INTO ntf_ping VALUES(?1, ?2, ?3, 0, ?4) ON CONFLICT DO UPDATE SET email = ?3, state = 0,"      \
              " since_ms = ?4 WHERE email <> ?3")                                                                    \
    XX(next, "SELECT p.party, p.ord, p.state, p.since_ms, p.since_ms + CASE p.state WHEN 3 THEN ?2 ELSE ?1 END"      \
             " FROM ntf_ping AS p WHERE p.state <> 5 AND (p.state = 3 OR NOT " STOPPED ") ORDER BY 5, 1, 2 LIMIT 1") \
    XX(set, "UPDATE ntf_ping SET state = ?3, since_ms = ?4 WHERE party = ?1 AND ord = ?2")                           \
    XX(whom, "SELECT " STOPPED " FROM ntf_ping AS p WHERE p.party = ?1 AND p.ord = ?2")                              \
    XX(clear, "UPDATE ntf_ping SET state = 0, since_ms = ?3 WHERE party = ?1 AND ord = ?2 AND state IN (3, 5)")

NTF_STATEMENT_SET(ntf_pings, STATEMENTS)

static void s_whom(cv_stmt_t *stmt, cv_str_t party, int order)
{
    cv_stmt_text(stmt, 1, party);
    cv_stmt_int(stmt, 2, order);
}

int ntf_ping_known(ntf_pings_t *store, cv_str_t party, int order, cv_str_t email, int64_t now_ms)
{
    s_whom(store->known, party, order);
    cv_stmt_text(store->known, 3, email);
    cv_stmt_int(store->known, 4, now_ms);
    return cv_stmt_run(store->known);
}

int ntf_ping_next(ntf_pings_t *store, int64_t interval_ms, int64_t answer_ms, cv_arena_t *arena, ntf_ping_t *ret_ping)
{
    cv_stmt_int(store->next, 1, interval_ms);
    cv_stmt_int(store->next, 2, answer_ms);
    int rc = cv_stmt_step(store->next);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_ping = (ntf_ping_t){.party = cv_arena_str(arena, cv_stmt_get_text(store->next, 0)),
                             .order = (int)cv_stmt_get_int(store->next, 1),
                             .state = (int)cv_stmt_get_int(store->next, 2),
                             .since_ms = cv_stmt_get_int(store->next, 3),
                             .due_ms = cv_stmt_get_int(store->next, 4)};
    cv_stmt_reset(store->next);
    return ret_ping->party.ptr ? CV_OK : CV_ENOMEM;
}

int ntf_ping_set(ntf_pings_t *store, const ntf_ping_t *ping)
{
    s_whom(store->set, ping->party, ping->order);
    cv_stmt_int(store->set, 3, ping->state);
    cv_stmt_int(store->set, 4, ping->since_ms);
    return cv_stmt_run(store->set);
}

int ntf_ping_whom(ntf_pings_t *store, cv_str_t party, int order, bool *ret_any, bool *ret_stopped)
{
    s_whom(store->whom, party, order);
    int rc = cv_stmt_step(store->whom);
    if (rc < 0)
        return rc;
    *ret_any = rc > 0;
    *ret_stopped = rc > 0 && cv_stmt_get_int(store->whom, 0) != 0;
    if (rc > 0)
        cv_stmt_reset(store->whom);
    return CV_OK;
}

int ntf_ping_clear(ntf_pings_t *store, cv_str_t party, int order, int64_t now_ms, cv_db_t *db, int64_t *ret_n)
{
    s_whom(store->clear, party, order);
    cv_stmt_int(store->clear, 3, now_ms);
    int rc = cv_stmt_run(store->clear);
    if (!rc)
        *ret_n = cv_db_changes(db);
    return rc;
}
