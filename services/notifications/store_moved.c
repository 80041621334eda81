/* store_moved: see store_moved.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of kinds in the SQL: 3 a change of an event, 8 a question to a contact; they are made without data of their own.
 */
#include "notifications/store_moved.h"

#include "notifications/core.h"
#include "notifications/statement_set.h"

const char ntf_tables_moved[] =
    "CREATE INDEX ntf_delivery_mailing ON ntf_delivery(party, event, n) WHERE channel = 2 AND open > 0;";

#define KIND "CASE v.topic WHEN 0 THEN v.kind ELSE v.topic END"
#define MAILING                                                                                                  \
    "d.number, d.address, v.data IS NOT NULL OR " KIND " IN (3, 8), v.n, " KIND ", v.event, v.party, v.person, " \
    "v.place, v.above"

/* CROSS JOIN: in this order, whatever the planner knows of the tables. The row value makes SQLite begin at what waits, where
 * "state = 1" beside "state < 3" would make it walk the lane. */
#define STATEMENTS(XX)                                                                                           \
    XX(of_party, "SELECT " MAILING " FROM ntf_delivery AS v INDEXED BY ntf_delivery_mailing CROSS JOIN"          \
                 " ntf_dispatch AS d ON d.n = v.n AND d.channel = 2 WHERE d.state = 1 AND v.channel = 2"         \
                 " AND v.open > 0 AND v.party = ?1 AND (v.event, v.n) > (?2, ?3) ORDER BY v.event, v.n LIMIT 1") \
    XX(of_address, "SELECT " MAILING " FROM ntf_dispatch AS d INDEXED BY ntf_dispatch_lane CROSS JOIN"           \
                   " ntf_delivery AS v ON v.n = d.n WHERE d.state < 3 AND d.channel = 2 AND d.address = ?1"      \
                   " AND (d.state, d.number) > (1, ?2) AND d.state + 0 = 1 ORDER BY d.state, d.number LIMIT 1")  \
    XX(get, "SELECT " MAILING " FROM ntf_dispatch AS d JOIN ntf_delivery AS v ON v.n = d.n WHERE d.number = ?1"  \
            " AND d.channel = 2 AND d.state IN (1, 2)")                                                          \
    XX(sending, "SELECT number FROM ntf_dispatch WHERE state < 3 AND state = 2 AND channel = 2 LIMIT ?1")        \
    XX(move, "UPDATE ntf_dispatch SET address = ?2, body = NULL, failures = CASE address WHEN '' THEN failures"  \
             " ELSE 0 END, first_ms = CASE address WHEN '' THEN first_ms ELSE 0 END, next_ms = CASE address"     \
             " WHEN '' THEN next_ms ELSE 0 END WHERE number = ?1 AND state = 1")                                 \
    XX(contact_has, "SELECT EXISTS(SELECT 1 FROM ntf_contact WHERE event = ?1 AND party = ?2 AND email = ?3)")

NTF_STATEMENT_SET(ntf_movings, STATEMENTS)

_Static_assert((int)NTF_EVENT_CHANGE == 3 && (int)NTF_CONTACT_PING == 8, "the SQL says them as numbers");

static int s_mailing(cv_stmt_t *stmt, cv_arena_t *arena, ntf_mailing_t *ret_mailing)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = CV_OK;
    ntf_mailing_t mailing = {
        .number = cv_stmt_get_int(stmt, 0),
        .address = ntf_statement_keep(cv_stmt_get_text(stmt, 1), arena, &rc),
        .can_be_anew = cv_stmt_get_int(stmt, 2) != 0,
        .row =
            {
                .n = cv_stmt_get_int(stmt, 3),
                .kind = (int)cv_stmt_get_int(stmt, 4),
                .event = ntf_statement_keep(cv_stmt_get_text(stmt, 5), arena, &rc),
                .party = ntf_statement_keep(cv_stmt_get_text(stmt, 6), arena, &rc),
                .person = cv_stmt_get_int(stmt, 7),
                .place = (int)cv_stmt_get_int(stmt, 8),
                .above = (int)cv_stmt_get_int(stmt, 9),
            },
    };
    cv_stmt_reset(stmt);
    if (!rc)
        *ret_mailing = mailing;
    return rc;
}

int ntf_mailing_of_party(ntf_movings_t *store, cv_str_t party, cv_str_t after_event, int64_t after_n, cv_arena_t *arena,
                         ntf_mailing_t *ret_mailing)
{
    cv_stmt_text(store->of_party, 1, party);
    cv_stmt_text(store->of_party, 2, after_event);
    cv_stmt_int(store->of_party, 3, after_n);
    return s_mailing(store->of_party, arena, ret_mailing);
}

int ntf_mailing_of_address(ntf_movings_t *store, cv_str_t address, int64_t after, cv_arena_t *arena,
                           ntf_mailing_t *ret_mailing)
{
    cv_stmt_text(store->of_address, 1, address);
    cv_stmt_int(store->of_address, 2, after);
    return s_mailing(store->of_address, arena, ret_mailing);
}

int ntf_mailing_get(ntf_movings_t *store, int64_t number, cv_arena_t *arena, ntf_mailing_t *ret_mailing)
{
    cv_stmt_int(store->get, 1, number);
    return s_mailing(store->get, arena, ret_mailing);
}

int ntf_mailing_sending(ntf_movings_t *store, size_t max, int64_t *ret_numbers, size_t *ret_n)
{
    size_t n = 0;
    int rc = 0;
    cv_stmt_int(store->sending, 1, (int64_t)max);
    while (n < max && (rc = cv_stmt_step(store->sending)) > 0)
        ret_numbers[n++] = cv_stmt_get_int(store->sending, 0);
    cv_stmt_reset(store->sending);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_mailing_move(ntf_movings_t *store, int64_t number, cv_str_t address)
{
    cv_stmt_int(store->move, 1, number);
    cv_stmt_text(store->move, 2, address);
    return cv_stmt_run(store->move);
}

int ntf_contact_has(ntf_movings_t *store, cv_str_t event, cv_str_t party, cv_str_t address, bool *ret_has)
{
    cv_stmt_text(store->contact_has, 1, event);
    cv_stmt_text(store->contact_has, 2, party);
    cv_stmt_text(store->contact_has, 3, address);
    return ntf_statement_whether(store->contact_has, ret_has);
}
