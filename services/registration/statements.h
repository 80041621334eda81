/* statements: the SQL of registration and its prepared statements; only store*.c include this.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_REGISTRATION_STATEMENTS_H
#define CONVENE_REGISTRATION_STATEMENTS_H

#include "registration/store.h"

#define EVENT_COLUMNS                                                                                             \
    "id, code, known, title, source, version, stage, has_rules, audience, opens_ms, closes_ms, changes_close_ms," \
    " release_ms, released, together, waiting_rule, online_takes_seat, guaranteed, maximum, capacity,"            \
    " confirm_closes_ms, offer_ms, approval, approval_again"
#define TALLY_COLUMNS                                                                                         \
    "id, ceiling, confirmed, waiting, online, pending, offered, withdrawn, refused, answer, heads, numbers, " \
    "last_person, requests, private_seq, since"

enum { TALLY_N = 16, PERSON_N = 15 }; /* columns */

/* name of the statement, SQL */
#define STATEMENTS(XX)                                                                                                \
    XX(parties, "SELECT id, code, kind, known FROM party ORDER BY id")                                                \
    XX(events, "SELECT " EVENT_COLUMNS " FROM event ORDER BY id")                                                     \
    XX(quotas, "SELECT party, guaranteed, maximum FROM quota WHERE event = ?")                                        \
    XX(limits, "SELECT role, maximum FROM role_limit WHERE event = ?")                                                \
    XX(options, "SELECT number, name, maximum FROM event_option WHERE event = ? ORDER BY number")                     \
    XX(option_put, "INSERT OR REPLACE INTO event_option VALUES(?, ?, ?, ?)")                                          \
    XX(form_get, "SELECT data FROM form WHERE event = ?")                                                             \
    XX(form_put, "INSERT OR REPLACE INTO form VALUES(?, ?)")                                                          \
    XX(form_drop, "DELETE FROM form WHERE event = ?")                                                                 \
    XX(tallies, "SELECT " TALLY_COLUMNS " FROM tally ORDER BY id")                                                    \
    XX(lanes, "SELECT delegation, lane, min(unit) FROM person WHERE state = 2 GROUP BY delegation, lane")             \
    XX(persons_n, "SELECT max((SELECT coalesce(max(id), 0) FROM person),"                                             \
                  " (SELECT coalesce(max(unit), 0) FROM person WHERE state = 2),"                                     \
                  " (SELECT coalesce(max(unit), 0) FROM offer))")                                                     \
    XX(count, "SELECT delegation, state, role, options FROM person")                                                  \
    XX(party_add, "INSERT INTO party(id, code, kind, known) VALUES(?, ?, ?, ?)")                                      \
    XX(party_set, "UPDATE party SET kind = ?2, name = ?3, known = ?4 WHERE id = ?1")                                  \
    XX(event_add, "INSERT INTO event(" EVENT_COLUMNS ")"                                                              \
                  " VALUES(?, ?, 0, NULL, NULL, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0)")            \
    XX(event_set, "UPDATE event SET known = ?2, title = ?3, source = ?4, version = ?5, stage = ?6, has_rules = ?7,"   \
                  " audience = ?8, opens_ms = ?9, closes_ms = ?10, changes_close_ms = ?11, release_ms = ?12,"         \
                  " released = ?13, together = ?14, waiting_rule = ?15, online_takes_seat = ?16, guaranteed = ?17,"   \
                  " maximum = ?18, capacity = ?19, confirm_closes_ms = ?20, offer_ms = ?21,"                          \
                  " approval = ?22, approval_again = ?23 WHERE id = ?1")                                              \
    XX(events_unknown, "UPDATE event SET known = 0")                                                                  \
    XX(parties_unknown, "UPDATE party SET known = 0")                                                                 \
    XX(quota_clear, "DELETE FROM quota WHERE event = ?")                                                              \
    XX(quota_add, "INSERT INTO quota VALUES(?, ?, ?, ?)")                                                             \
    XX(limit_clear, "DELETE FROM role_limit WHERE event = ?")                                                         \
    XX(limit_add, "INSERT INTO role_limit VALUES(?, ?, ?)")                                                           \
    XX(tally_put, "INSERT OR REPLACE INTO tally(" TALLY_COLUMNS ") SELECT * FROM tally_rows")                         \
    XX(contact_set, "INSERT INTO contact VALUES(?1, ?2, ?3, ?4) ON CONFLICT(delegation) DO UPDATE SET"                \
                    " name = ?2, email = ?3, language = ?4")                                                          \
    XX(contact_get, "SELECT name, email, language FROM contact WHERE delegation = ?")                                 \
    XX(persons_put, "INSERT OR FAIL INTO person SELECT * FROM person_rows") /* who fails, fails the transaction */    \
    XX(person_get, "SELECT delegation, number, previous, state, role, online, unit, lane, name, email, at_ms, by,"    \
                   " options, answers FROM person WHERE id = ?")                                                      \
    XX(person_move, "UPDATE person SET state = ?2, unit = ?3, lane = ?4 WHERE id = ?1")                               \
    XX(person_set,                                                                                                    \
       "UPDATE person SET state = ?2, unit = ?3, lane = ?4, role = ?5, online = ?6, name = ?7, email = ?8,"           \
       " options = ?9, answers = ?10 WHERE id = ?1")                                                                  \
    XX(person_now, "SELECT state, role, online, name, email, answers FROM person WHERE id = ?")                       \
    XX(in_front, "SELECT count(*) FROM person WHERE delegation = ?1 AND state = 2"                                    \
                 " AND (unit < ?2 OR (unit = ?2 AND id < ?3))")                                                       \
    XX(principals, "SELECT id, name FROM principal ORDER BY id")                                                      \
    XX(principal_add, "INSERT INTO principal VALUES(?, ?)")                                                           \
    XX(note, "INSERT INTO change SELECT id, (SELECT coalesce(max(n), 0) + 1 FROM change WHERE person = ?1), ?2, ?3,"  \
             " ?4, ?5, ?6, state, role, online, name, email, answers FROM person WHERE id = ?1")                      \
    XX(steps, "SELECT at_ms, by, what, request, reason, state, role, online, name, email, answers FROM change"        \
              " WHERE person = ? ORDER BY n")                                                                         \
    XX(exceptions, "SELECT delegation, act, until_ms, request FROM exception ORDER BY id")                            \
    XX(exceptions_of, "SELECT act, until_ms, request, reason, at_ms, by, id FROM exception"                           \
                      " WHERE delegation = ? AND id > ? ORDER BY id LIMIT ?")                                         \
    XX(exception_add, "INSERT INTO exception(delegation, act, until_ms, request, reason, at_ms, by)"                  \
                      " VALUES(?, ?, ?, ?, ?, ?, ?)")                                                                 \
    XX(offer_add, "INSERT INTO offer VALUES(?, ?, ?, ?)")                                                             \
    XX(offer_get, "SELECT expires_ms FROM offer WHERE unit = ?")                                                      \
    XX(offer_drop, "DELETE FROM offer WHERE unit = ?")                                                                \
    XX(offer_due, "SELECT unit, delegation, expires_ms FROM offer WHERE event = ? AND expires_ms <= ?"                \
                  " ORDER BY expires_ms, unit LIMIT 1")                                                               \
    XX(offer_first, "SELECT coalesce(min(expires_ms), 0) FROM offer WHERE event = ?")                                 \
    XX(offered, "SELECT id, number, role, options FROM person WHERE unit = ? AND state = 7 ORDER BY id")              \
    XX(proposal_put, "INSERT OR REPLACE INTO proposal VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)")                             \
    XX(proposal_get, "SELECT step, what, role, online, name, email, options, answers FROM proposal WHERE person = ?") \
    XX(proposal_drop, "DELETE FROM proposal WHERE person = ?")                                                        \
    XX(unit,                                                                                                          \
       "SELECT id, number, role, options FROM person WHERE delegation = ? AND lane = ? AND unit = ? AND state = 2"    \
       " ORDER BY id")                                                                                                \
    XX(lane_next, "SELECT unit FROM person WHERE delegation = ? AND lane = ? AND state = 2 ORDER BY unit LIMIT 1")    \
    XX(event_codes, "SELECT code FROM event WHERE code > ? ORDER BY code LIMIT ?")                                    \
    XX(party_codes, "SELECT p.code FROM tally t JOIN party p ON p.id = t.id - ?1 WHERE t.id > ?1 AND t.id < ?2"       \
                    " AND p.code > ?3 ORDER BY p.code LIMIT ?4")

/* Binds integers to the parameters from `first` on. */
static inline void reg_bind_all(cv_stmt_t *stmt, int first, const int64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        cv_stmt_int(stmt, first + i, values[i]);
}
#define BIND(stmt, first, ...) \
    reg_bind_all(stmt, first, (const int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

struct reg_store {
    cv_db_t *db;
    cv_rows_t *person_rows, *tally_rows; /* not written yet */
#define XX(name, sql) cv_stmt_t *name;
    STATEMENTS(XX)
#undef XX
};

/* Before anything of table person is read or changed: those who were added in this batch become rows. */
int reg_store_settle(reg_store_t *store) CV_USE_RESULT;

#endif
