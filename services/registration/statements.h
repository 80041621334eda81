/* statements: the SQL of registration and its prepared statements; only store*.c include this.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_REGISTRATION_STATEMENTS_H
#define CONVENE_REGISTRATION_STATEMENTS_H

#include "convene/seal.h"
#include "registration/store.h"

#define EVENT_COLUMNS                                                                                             \
    "id, code, known, title, source, version, stage, has_rules, audience, opens_ms, closes_ms, changes_close_ms," \
    " release_ms, released, together, waiting_rule, online_takes_seat, guaranteed, maximum, capacity,"            \
    " confirm_closes_ms, offer_ms, approval, approval_again, ends_ms, purge_days"
#define TALLY_COLUMNS                                                                                         \
    "id, ceiling, confirmed, waiting, online, pending, offered, withdrawn, refused, answer, heads, numbers, " \
    "last_person, requests, private_seq, since"

enum { REG_PLAIN_MAX = REG_PERSON_TEXT /* octets of what is sealed at once, but for reasons */, REG_KEYS_KEPT = 64 };
enum { TALLY_N = 16, PERSON_N = 14, SECRET_N = 2 }; /* columns */

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
                  " (SELECT coalesce(max(unit), 0) FROM offer),"                                                      \
                  " (SELECT coalesce(max(id), 0) FROM secret))")                                                      \
    XX(count, "SELECT delegation, state, role, options FROM person")                                                  \
    XX(party_add, "INSERT INTO party(id, code, kind, known) VALUES(?, ?, ?, ?)")                                      \
    XX(party_set, "UPDATE party SET kind = ?2, name = ?3, known = ?4 WHERE id = ?1")                                  \
    XX(event_add, "INSERT INTO event(" EVENT_COLUMNS ")"                                                              \
                  " VALUES(?, ?, 0, NULL, NULL, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)")      \
    XX(event_set, "UPDATE event SET known = ?2, title = ?3, source = ?4, version = ?5, stage = ?6, has_rules = ?7,"   \
                  " audience = ?8, opens_ms = ?9, closes_ms = ?10, changes_close_ms = ?11, release_ms = ?12,"         \
                  " released = ?13, together = ?14, waiting_rule = ?15, online_takes_seat = ?16, guaranteed = ?17,"   \
                  " maximum = ?18, capacity = ?19, confirm_closes_ms = ?20, offer_ms = ?21,"                          \
                  " approval = ?22, approval_again = ?23, ends_ms = ?24, purge_days = ?25 WHERE id = ?1")             \
    XX(events_unknown, "UPDATE event SET known = 0")                                                                  \
    XX(parties_unknown, "UPDATE party SET known = 0")                                                                 \
    XX(quota_clear, "DELETE FROM quota WHERE event = ?")                                                              \
    XX(quota_add, "INSERT INTO quota VALUES(?, ?, ?, ?)")                                                             \
    XX(limit_clear, "DELETE FROM role_limit WHERE event = ?")                                                         \
    XX(limit_add, "INSERT INTO role_limit VALUES(?, ?, ?)")                                                           \
    XX(tally_put, "INSERT OR REPLACE INTO tally(" TALLY_COLUMNS ") SELECT * FROM tally_rows")                         \
    XX(contact_set, "INSERT INTO contact(delegation, language, secret, sealed) VALUES(?1, ?2, ?3, ?4)"                \
                    " ON CONFLICT(delegation) DO UPDATE SET language = ?2, secret = ?3, sealed = ?4")                 \
    XX(contact_get, "SELECT secret, sealed, language FROM contact WHERE delegation = ?")                              \
    XX(contact_drop, "DELETE FROM contact WHERE delegation = ?")                                                      \
    XX(contacts, "SELECT delegation, secret FROM contact")                                                            \
    XX(secrets_put, "INSERT OR FAIL INTO secret(id, bits) SELECT * FROM secret_rows")                                 \
    XX(secret_get, "SELECT bits FROM secret WHERE id = ?")                                                            \
    XX(secret_end, "UPDATE secret SET bits = zeroblob(32) WHERE id = ?")                                              \
    XX(secrets_end, "UPDATE secret SET bits = zeroblob(32) WHERE id IN (SELECT secret FROM person WHERE id = ?1"      \
                    " UNION SELECT secret FROM change WHERE person = ?1)")                                            \
    XX(person_blank, "UPDATE person SET sealed = NULL, options = iif(state IN (3, 4), 0, options) WHERE id = ?")      \
    XX(changes_blank, "UPDATE change SET sealed = NULL, sealed_reason = NULL WHERE person = ?")                       \
    XX(proof_get, "SELECT proof FROM vault")                                                                          \
    XX(proof_set, "INSERT INTO vault(proof) VALUES(?)")                                                               \
    XX(persons_put,                                                                                                   \
       "INSERT OR FAIL INTO person(id, delegation, number, previous, state, role, online, unit, lane,"                \
       " at_ms, by, secret, sealed, options) SELECT * FROM person_rows") /* who fails, fails the transaction */       \
    XX(person_get, "SELECT delegation, number, previous, state, role, online, unit, lane, secret, sealed, at_ms, by," \
                   " options FROM person WHERE id = ?")                                                               \
    XX(person_move, "UPDATE person SET state = ?2, unit = ?3, lane = ?4 WHERE id = ?1")                               \
    XX(person_set, "UPDATE person SET state = ?2, unit = ?3, lane = ?4, role = ?5, online = ?6, secret = ?7,"         \
                   " sealed = ?8, options = ?9 WHERE id = ?1")                                                        \
    XX(person_now, "SELECT state, role, online, secret, sealed FROM person WHERE id = ?")                             \
    XX(in_front, "SELECT count(*) FROM person WHERE delegation = ?1 AND state = 2"                                    \
                 " AND (unit < ?2 OR (unit = ?2 AND id < ?3))")                                                       \
    XX(principals, "SELECT id, name FROM principal ORDER BY id")                                                      \
    XX(principal_add, "INSERT INTO principal VALUES(?, ?)")                                                           \
    XX(note, "INSERT INTO change(person, n, at_ms, by, what, request, sealed_reason, state, role, online, secret,"    \
             " sealed) SELECT id, (SELECT coalesce(max(n), 0) + 1 FROM change WHERE person = ?1), ?2, ?3,"            \
             " ?4, ?5, ?6, state, role, online, secret, sealed FROM person WHERE id = ?1")                            \
    XX(person_key, "SELECT secret FROM person WHERE id = ?")                                                          \
    XX(steps, "SELECT at_ms, by, what, request, sealed_reason, state, role, online, secret, sealed FROM change"       \
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
    XX(offer_numbers, "SELECT p.number FROM offer AS o JOIN person AS p ON p.unit = o.unit AND p.state = 7"           \
                      " WHERE o.event = ? AND o.delegation = ? ORDER BY p.number LIMIT ?")                            \
    XX(expired_add, "INSERT INTO expired(delegation, number) VALUES(?, ?)")                                           \
    XX(expired_numbers, "SELECT number FROM expired WHERE delegation = ? ORDER BY id DESC LIMIT ?")                   \
    XX(proposal_put, "INSERT OR REPLACE INTO proposal(person, step, what, role, online, secret, sealed, options)"     \
                     " VALUES(?, ?, ?, ?, ?, ?, ?, ?)")                                                               \
    XX(proposal_get, "SELECT step, what, role, online, secret, sealed, options FROM proposal WHERE person = ?")       \
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
    cv_tx_t *tx; /* whose random octets are used; see reg_store_begin */
    cv_seal_key_t master;
    cv_rows_t *person_rows, *tally_rows, *secret_rows; /* not written yet */
    struct {
        int64_t key; /* 0: free */
        cv_seal_key_t derived;
    } keys[REG_KEYS_KEPT];     /* by key: those that were used lately */
    char plain[REG_PLAIN_MAX]; /* what was opened last, or is being sealed */
    char reason[REG_REASON_TEXT + 1];
#define XX(name, sql) cv_stmt_t *name;
    STATEMENTS(XX)
#undef XX
};

/* store_vault.c. Seals and opens with the key of a secret; *ret_sealed is in the batch's arena. CV_ENOTFOUND: the
 * secret was destroyed, or never was. */
enum { REG_FOR_PERSON = 1, REG_FOR_REASON = 2, REG_FOR_CONTACT = 3 }; /* purposes: stored, must not change */
int reg_vault_seal(reg_store_t *store, int64_t key, uint8_t purpose, cv_str_t text, cv_str_t *ret_sealed) CV_USE_RESULT;
int reg_vault_open(reg_store_t *store, int64_t key, uint8_t purpose, cv_str_t sealed, char *ret_text, size_t size,
                   cv_str_t *ret_view) CV_USE_RESULT;
/* A name, an address and answers (the last two can be absent), and sealed as one. */
int reg_vault_pack_names(cv_buf_t *buf, cv_str_t name, cv_str_t email, cv_str_t answers) CV_USE_RESULT;
int reg_vault_seal_names(reg_store_t *store, int64_t key, uint8_t purpose, cv_str_t name, cv_str_t email,
                         cv_str_t answers, cv_str_t *ret_sealed) CV_USE_RESULT;

/* Before anything of table person is read or changed: those who were added in this batch become rows. */
int reg_store_settle(reg_store_t *store) CV_USE_RESULT;

#endif
