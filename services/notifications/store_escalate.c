/* store_escalate: see store_escalate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_escalate.h"

#include "notifications/statement_set.h"

const char ntf_tables_escalate[] =
    "ALTER TABLE ntf_delivery ADD COLUMN above INTEGER NOT NULL DEFAULT -1;"
    "CREATE TABLE ntf_watch(n INTEGER PRIMARY KEY, deadline_ms INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " second INTEGER NOT NULL, state INTEGER NOT NULL CHECK(state BETWEEN 1 AND 4)) STRICT;"
    "CREATE INDEX ntf_watch_at ON ntf_watch(at_ms) WHERE state <> 3;"
    "CREATE INDEX ntf_watch_nobody ON ntf_watch(deadline_ms) WHERE state = 4;";

const char ntf_tables_offers[] =
    "CREATE TABLE ntf_offer(event TEXT NOT NULL, party TEXT NOT NULL, number INTEGER NOT NULL,"
    " state INTEGER NOT NULL CHECK(state BETWEEN 1 AND 2), PRIMARY KEY(event, party, number)) STRICT, WITHOUT ROWID;";

const char ntf_tables_watch_2[] = "CREATE INDEX ntf_watch_second ON ntf_watch(second) WHERE second > 0;";

/* Whose mail it is: its own, or the digest's that it went out in. */
#define CARRIER "CASE WHEN v.digest > 0 THEN v.digest ELSE v.n END"

/* Others (o) of what a notice (v) is about; and whether they say the same of it: reminders of one anchor, and whatever says
 * when a silence procedure ends, which nothing else is about. */
#define OTHER                                                                                   \
    " FROM ntf_delivery AS v JOIN ntf_delivery AS o ON o.event = v.event AND o.party = v.party" \
    " JOIN ntf_watch AS w ON w.n = o.n"
#define SAME "v.topic IN (5, 6) AND (v.topic = 6 OR o.topic = 6 OR substr(v.data, 1, 2) = substr(o.data, 1, 2))"

#define STATEMENTS(XX)                                                                                                   \
    XX(put,                                                                                                              \
       "INSERT INTO ntf_watch SELECT n, ?2, ?3, 0, 1, 0 FROM ntf_delivery WHERE notice = ?1 ON CONFLICT DO NOTHING")     \
    XX(due,                                                                                                              \
       "SELECT n, deadline_ms, at_ms, second, state, ended_ms FROM ntf_watch INDEXED BY ntf_watch_at WHERE state <> 3"   \
       " AND at_ms <= ?1 ORDER BY at_ms LIMIT 1")                                                                        \
    XX(set, "UPDATE ntf_watch SET at_ms = ?2, second = ?3, state = ?4, ended_ms = ?5 WHERE n = ?1")                      \
    XX(next, "SELECT min(at_ms) FROM ntf_watch INDEXED BY ntf_watch_at WHERE state <> 3")                                \
    XX(order, "SELECT coalesce((SELECT 0 FROM ntf_contact AS c WHERE c.event = v.event AND c.party = v.party"            \
              " AND c.email = d.address), (SELECT min(r.ord) FROM ntf_recipient AS r WHERE r.party = v.party"            \
              " AND r.email = d.address), -1) FROM ntf_delivery AS v JOIN ntf_dispatch AS d ON d.n = " CARRIER           \
              " WHERE v.n = ?1 AND d.channel = 2 AND d.address <> ''")                                                   \
    XX(second, "SELECT v.above FROM ntf_watch AS w JOIN ntf_delivery AS v ON v.n = w.second WHERE w.n = ?1")             \
    XX(said, "SELECT n, kind, data FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND n > ?3 AND person = 0"          \
             " AND topic = 0"                                                                                            \
             " AND kind IN (1, 2, 4) ORDER BY n LIMIT 1")                                                                \
    XX(later,                                                                                                            \
       "SELECT w.n, w.deadline_ms, w.at_ms, w.second, w.state, w.ended_ms, o.time_ms" OTHER                              \
       " AND o.n > v.n AND o.topic = 5 WHERE v.n = ?1 AND w.deadline_ms = ?2 AND " SAME " ORDER BY o.n DESC LIMIT 1")    \
    XX(told, "SELECT w.n, w.deadline_ms, w.at_ms, w.second, w.state, w.ended_ms" OTHER                                   \
             " AND o.n <> v.n AND o.topic IN (5, 6) WHERE v.n = ?1 AND w.deadline_ms = ?2 AND " SAME                     \
             " AND EXISTS(SELECT 1 FROM ntf_delivery AS u WHERE u.event = v.event AND u.topic = 9"                       \
             " AND u.cause = 'unseen/' || o.notice) ORDER BY o.n DESC LIMIT 1")                                          \
    XX(settle, "INSERT INTO ntf_settled SELECT ?1, ?2, coalesce(max(n), 0) FROM ntf_delivery WHERE event = ?1"           \
               " AND party = ?2 ON CONFLICT DO UPDATE SET n = excluded.n")                                               \
    XX(offer_drop, "DELETE FROM ntf_offer WHERE event = ?1 AND party = ?2")                                              \
    XX(offer_put, "INSERT INTO ntf_offer VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET state = excluded.state")       \
    XX(offer_get, "SELECT state FROM ntf_offer WHERE event = ?1 AND party = ?2 AND number = ?3")                         \
    XX(settled, "SELECT EXISTS(SELECT 1 FROM ntf_settled WHERE event = ?1 AND party = ?2 AND n >= ?3)")                  \
    XX(step, "SELECT data FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND topic = 6 ORDER BY n DESC LIMIT 1")      \
    XX(taken, "SELECT EXISTS(SELECT 1 FROM ntf_delivery AS v JOIN ntf_dispatch AS d ON d.n = " CARRIER                   \
              " WHERE v.n = ?1 AND d.state = 3)")                                                                        \
    XX(reopen,                                                                                                           \
       "UPDATE ntf_watch SET state = CASE WHEN second > 0 THEN 2 ELSE 1 END, at_ms = ?2, ended_ms = 0"                   \
       " WHERE state = 3 AND deadline_ms > ?2 AND n IN (SELECT ?1"                                                       \
       " UNION ALL SELECT n FROM ntf_delivery WHERE digest = ?1 AND digest > 0"                                          \
       " UNION ALL SELECT n FROM ntf_watch WHERE second = ?1 AND second > 0"                                             \
       " UNION ALL SELECT w.n FROM ntf_delivery AS v CROSS JOIN ntf_watch AS w ON w.second = v.n AND w.second > 0"       \
       " WHERE v.digest = ?1 AND v.digest > 0)")                                                                         \
    XX(again, "UPDATE ntf_watch SET state = 1 + (second > 0) WHERE state = 3 AND deadline_ms > ?1"                       \
              " AND ended_ms >= deadline_ms")                                                                            \
    XX(nearer,                                                                                                           \
       "UPDATE ntf_watch INDEXED BY ntf_watch_at SET at_ms = CASE state WHEN 4 THEN min(at_ms, ?1 + ?2)"                 \
       " ELSE (?1 + deadline_ms) / 2 END WHERE state <> 3 AND deadline_ms > ?1 AND (at_ms >= deadline_ms OR state = 4)") \
    XX(above, "UPDATE ntf_delivery SET above = ?2 WHERE notice = ?1")                                                    \
    XX(unseen, "SELECT count(*) FROM ntf_watch INDEXED BY ntf_watch_nobody WHERE state = 4 AND deadline_ms > ?1")

NTF_STATEMENT_SET(ntf_watches, STATEMENTS)

int ntf_watch_put(ntf_watches_t *store, cv_str_t notice, int64_t deadline_ms, int64_t at_ms)
{
    cv_stmt_text(store->put, 1, notice);
    cv_stmt_int(store->put, 2, deadline_ms);
    cv_stmt_int(store->put, 3, at_ms);
    return cv_stmt_run(store->put);
}

/* A statement's row, whose first columns are a watch's; CV_ENOTFOUND. */
static int s_watch(cv_stmt_t *stmt, ntf_watch_t *ret_watch)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_watch = (ntf_watch_t){.n = cv_stmt_get_int(stmt, 0),
                               .deadline_ms = cv_stmt_get_int(stmt, 1),
                               .at_ms = cv_stmt_get_int(stmt, 2),
                               .second = cv_stmt_get_int(stmt, 3),
                               .state = (int)cv_stmt_get_int(stmt, 4),
                               .ended_ms = cv_stmt_get_int(stmt, 5)};
    return CV_OK;
}

int ntf_watch_due(ntf_watches_t *store, int64_t now_ms, ntf_watch_t *ret_watch)
{
    cv_stmt_int(store->due, 1, now_ms);
    int rc = s_watch(store->due, ret_watch);
    cv_stmt_reset(store->due);
    return rc;
}

int ntf_watch_set(ntf_watches_t *store, const ntf_watch_t *watch)
{
    cv_stmt_int(store->set, 1, watch->n);
    cv_stmt_int(store->set, 2, watch->at_ms);
    cv_stmt_int(store->set, 3, watch->second);
    cv_stmt_int(store->set, 4, watch->state);
    cv_stmt_int(store->set, 5, watch->ended_ms);
    return cv_stmt_run(store->set);
}

int ntf_watch_next(ntf_watches_t *store, int64_t *ret_ms)
{
    int rc = cv_stmt_step(store->next);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    bool none = cv_stmt_get_null(store->next, 0);
    int64_t at_ms = cv_stmt_get_int(store->next, 0);
    cv_stmt_reset(store->next);
    if (none)
        return CV_ENOTFOUND;
    *ret_ms = at_ms;
    return CV_OK;
}

int ntf_watch_order(ntf_watches_t *store, int64_t n, int *ret_order, bool *ret_mailed)
{
    cv_stmt_int(store->order, 1, n);
    int rc = cv_stmt_step(store->order);
    if (rc < 0)
        return rc;
    *ret_mailed = rc > 0;
    *ret_order = rc > 0 ? (int)cv_stmt_get_int(store->order, 0) : -1;
    if (rc > 0)
        cv_stmt_reset(store->order);
    return CV_OK;
}

int ntf_watch_second(ntf_watches_t *store, int64_t n, int *ret_above)
{
    int64_t above;
    cv_stmt_int(store->second, 1, n);
    int rc = ntf_statement_number(store->second, &above);
    if (!rc)
        *ret_above = (int)above;
    return rc;
}

int ntf_watch_said(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t n, cv_arena_t *arena,
                   ntf_said_t *ret_said)
{
    cv_stmt_text(store->said, 1, event);
    cv_stmt_text(store->said, 2, party);
    cv_stmt_int(store->said, 3, n);
    int rc = cv_stmt_step(store->said);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t data = cv_stmt_get_blob(store->said, 2);
    *ret_said = (ntf_said_t){.n = cv_stmt_get_int(store->said, 0),
                             .kind = (int)cv_stmt_get_int(store->said, 1),
                             .data = data.ptr ? cv_arena_str(arena, data) : CV_STR_NONE};
    cv_stmt_reset(store->said);
    return data.ptr && !ret_said->data.ptr ? CV_ENOMEM : CV_OK;
}

int ntf_watch_later(ntf_watches_t *store, int64_t n, int64_t deadline_ms, ntf_watch_t *ret_watch, int64_t *ret_made_ms)
{
    cv_stmt_int(store->later, 1, n);
    cv_stmt_int(store->later, 2, deadline_ms);
    int rc = s_watch(store->later, ret_watch);
    if (!rc)
        *ret_made_ms = cv_stmt_get_int(store->later, 6);
    cv_stmt_reset(store->later);
    return rc;
}

int ntf_watch_told(ntf_watches_t *store, int64_t n, int64_t deadline_ms, ntf_watch_t *ret_watch)
{
    cv_stmt_int(store->told, 1, n);
    cv_stmt_int(store->told, 2, deadline_ms);
    int rc = s_watch(store->told, ret_watch);
    cv_stmt_reset(store->told);
    return rc;
}

int ntf_watch_settle(ntf_watches_t *store, cv_str_t event, cv_str_t party)
{
    cv_stmt_text(store->settle, 1, event);
    cv_stmt_text(store->settle, 2, party);
    int rc = cv_stmt_run(store->settle);
    if (rc)
        return rc;
    cv_stmt_text(store->offer_drop, 1, event);
    cv_stmt_text(store->offer_drop, 2, party);
    return cv_stmt_run(store->offer_drop);
}

int ntf_offer_put(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t number, int state)
{
    cv_stmt_text(store->offer_put, 1, event);
    cv_stmt_text(store->offer_put, 2, party);
    cv_stmt_int(store->offer_put, 3, number);
    cv_stmt_int(store->offer_put, 4, state);
    return cv_stmt_run(store->offer_put);
}

int ntf_offer_get(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t number, int *ret_state)
{
    int64_t state = 0;
    cv_stmt_text(store->offer_get, 1, event);
    cv_stmt_text(store->offer_get, 2, party);
    cv_stmt_int(store->offer_get, 3, number);
    int rc = ntf_statement_number(store->offer_get, &state);
    *ret_state = (int)state;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int ntf_watch_settled(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t n, bool *ret_settled)
{
    cv_stmt_text(store->settled, 1, event);
    cv_stmt_text(store->settled, 2, party);
    cv_stmt_int(store->settled, 3, n);
    return ntf_statement_whether(store->settled, ret_settled);
}

int ntf_watch_step(ntf_watches_t *store, cv_str_t decision, cv_str_t party, cv_arena_t *arena, cv_str_t *ret_data)
{
    cv_stmt_text(store->step, 1, decision);
    cv_stmt_text(store->step, 2, party);
    int rc = cv_stmt_step(store->step);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t data = cv_stmt_get_blob(store->step, 0);
    *ret_data = data.ptr ? cv_arena_str(arena, data) : CV_STR_NONE;
    cv_stmt_reset(store->step);
    return data.ptr && !ret_data->ptr ? CV_ENOMEM : CV_OK;
}

int ntf_watch_taken(ntf_watches_t *store, int64_t n, bool *ret_taken)
{
    cv_stmt_int(store->taken, 1, n);
    return ntf_statement_whether(store->taken, ret_taken);
}

int ntf_watch_reopen(ntf_watches_t *store, int64_t carrier, int64_t now_ms)
{
    cv_stmt_int(store->reopen, 1, carrier);
    cv_stmt_int(store->reopen, 2, now_ms);
    return cv_stmt_run(store->reopen);
}

int ntf_watch_again(ntf_watches_t *store, int64_t now_ms, int64_t again_ms)
{
    cv_stmt_int(store->again, 1, now_ms);
    cv_stmt_int(store->nearer, 1, now_ms);
    cv_stmt_int(store->nearer, 2, again_ms);
    int rc = cv_stmt_run(store->again);
    return rc ? rc : cv_stmt_run(store->nearer);
}

int ntf_watch_above(ntf_watches_t *store, cv_str_t notice, int above)
{
    cv_stmt_text(store->above, 1, notice);
    cv_stmt_int(store->above, 2, above);
    return cv_stmt_run(store->above);
}

int ntf_watch_unseen(ntf_watches_t *store, int64_t now_ms, int64_t *ret_n)
{
    cv_stmt_int(store->unseen, 1, now_ms);
    int rc = cv_stmt_step(store->unseen);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    *ret_n = cv_stmt_get_int(store->unseen, 0);
    cv_stmt_reset(store->unseen);
    return CV_OK;
}
