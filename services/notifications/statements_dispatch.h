/* statements_dispatch: the SQL text of store_dispatch.c: its tables and its statements.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Conditions like "state < 3 AND state = 1" say twice what SQLite must see to use an index on part of a table.
 */
#ifndef NOTIFICATIONS_STATEMENTS_DISPATCH_H
#define NOTIFICATIONS_STATEMENTS_DISPATCH_H

#include "notifications/statements.h"

#define NTF_TABLES_DISPATCH                                                                                           \
    "ALTER TABLE ntf_delivery ADD COLUMN channel INTEGER NOT NULL DEFAULT 1;"                                         \
    "CREATE TABLE ntf_webhook(number INTEGER PRIMARY KEY AUTOINCREMENT, party TEXT NOT NULL, ord INTEGER NOT NULL,"   \
    " url TEXT NOT NULL, generation INTEGER NOT NULL DEFAULT 1, shown INTEGER NOT NULL DEFAULT 0,"                    \
    " overlap_ms INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 1, UNIQUE(party, ord)) STRICT;"           \
    "CREATE TABLE ntf_webhook_key(one INTEGER PRIMARY KEY CHECK(one = 1), proof BLOB NOT NULL) STRICT;"               \
    "CREATE TABLE ntf_dispatch(number INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER NOT NULL,"                         \
    " channel INTEGER NOT NULL CHECK(channel IN (2, 3)), webhook INTEGER NOT NULL, address TEXT NOT NULL, body BLOB," \
    " state INTEGER NOT NULL DEFAULT 1 CHECK(state BETWEEN 1 AND 4), head INTEGER NOT NULL,"                          \
    " attempts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, first_ms INTEGER NOT NULL DEFAULT 0," \
    " lease_ms INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0, done_ms INTEGER NOT NULL DEFAULT 0,"   \
    " reason INTEGER NOT NULL DEFAULT 0, UNIQUE(n, channel, webhook)) STRICT;"                                        \
    "CREATE INDEX ntf_dispatch_lane ON ntf_dispatch(channel, address, state, number) WHERE state < 3;"                \
    "CREATE INDEX ntf_dispatch_due ON ntf_dispatch(channel, next_ms, number) WHERE state = 1 AND head = 1;"           \
    "CREATE INDEX ntf_dispatch_of ON ntf_dispatch(webhook) WHERE state = 1;"                                          \
    "CREATE INDEX ntf_dispatch_dead ON ntf_dispatch(number) WHERE state = 4;"                                         \
    "CREATE TABLE ntf_attempt(dispatch INTEGER NOT NULL, k INTEGER NOT NULL, at_ms INTEGER NOT NULL,"                 \
    " result INTEGER NOT NULL, code INTEGER NOT NULL, text TEXT, PRIMARY KEY(dispatch, k)) STRICT, WITHOUT ROWID;"

/* The one of a lane that may go next. */
#define NTF_TABLES_HEAD "CREATE INDEX ntf_dispatch_head ON ntf_dispatch(channel, address) WHERE state = 1 AND head = 1;"

#define DISPATCH                                                                                                                                           \
    "d.number, d.n, d.channel, d.state, d.webhook, d.address, d.body, d.attempts, d.failures, d.first_ms,"                                                 \
    " d.next_ms, d.done_ms, d.reason, v.notice, v.cause, v.event, v.party, CASE v.topic WHEN 0 THEN v.kind ELSE v.topic END, v.time_ms, v.person, v.place" \
    " FROM ntf_dispatch AS d"
#define OF_DELIVERY " JOIN ntf_delivery AS v ON v.n = d.n"
#define WEBHOOK "number, party, ord, url, generation, shown, overlap_ms, state, salt FROM ntf_webhook"
/* Whether nothing of the lane is before a new row of it. */
#define LANE_IS_EMPTY(channel, address)                                                     \
    "NOT EXISTS(SELECT 1 FROM ntf_dispatch AS e WHERE e.state < 3 AND e.channel = " channel \
    " AND e.address = " address ")"
/* The open rows of a lane by their index. Its last column but one is what "state = 1" would ask for; SQLite uses "state < 3"
 * instead, and walks the lane: so nothing more is said of the state, but in which order it is wanted. */
#define OF_ADDRESS(row) \
    " INDEXED BY ntf_dispatch_lane WHERE " row ".state < 3 AND " row ".channel = ?1 AND " row ".address = ?2"
/* Deliveries of a delegation, or of a person; not what leaves to who had that number before. */
#define OF_LANE "n IN (SELECT n FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND NOT " NTF_IS_LEAVERS ")"
#define OF_PERSON "n IN (SELECT n FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND person = ?3 AND place <> -2)"
#define IS_MAIL "channel = 2"

/* What was composed goes, where it is not delivered, and so do address and replies. */
#define FORGET(which) \
    "UPDATE ntf_dispatch SET body = NULL, address = CASE state WHEN 2 THEN address ELSE '' END WHERE " which
#define FORGET_TEXT(which) \
    "UPDATE ntf_attempt SET text = NULL WHERE dispatch IN (SELECT number FROM ntf_dispatch WHERE " which ")"

/* Where a webhook is now; what is on its way ends where it went. */
#define MOVED_TO "coalesce((SELECT w.url FROM ntf_webhook AS w WHERE w.number = ntf_dispatch.webhook), address)"

#define NTF_DISPATCH_STATEMENTS(XX)                                                                                                    \
    XX(recover_log,                                                                                                                    \
       "INSERT OR IGNORE INTO ntf_attempt SELECT number, attempts, lease_ms, ?1, 0, NULL FROM ntf_dispatch"                            \
       " WHERE state < 3 AND state = 2")                                                                                               \
    XX(recover, "UPDATE ntf_dispatch SET state = 1, next_ms = 0, reason = ?1, address = " MOVED_TO                                     \
                " WHERE state < 3 AND state = 2")                                                                                      \
    XX(revive, "UPDATE ntf_dispatch INDEXED BY ntf_dispatch_dead SET state = 1, done_ms = 0 WHERE state = 4"                           \
               " AND reason IN (2, 5, 6, 7, 8, 9) AND first_ms BETWEEN 1 AND ?1 + ?2 AND done_ms > ?1 + ?2")                           \
    XX(set_back,                                                                                                                       \
       "UPDATE ntf_dispatch SET next_ms = ?1 + max(0, min(next_ms - lease_ms, ?3)), first_ms = min(first_ms, ?1),"                     \
       " lease_ms = ?1 WHERE state < 3 AND state = 1 AND lease_ms > ?1 + ?2")                                                          \
    XX(set_back_far, "UPDATE ntf_dispatch SET next_ms = ?1 WHERE state < 3 AND state = 1 AND next_ms > ?1 + ?3")                       \
    XX(set_back_outbox, "UPDATE ntf_delivery SET next_ms = ?1 WHERE state = 1 AND next_ms > ?1 + ?3")                                  \
    XX(settle_none, "UPDATE ntf_dispatch SET head = 0 WHERE state < 3 AND state = 1 AND head = 1")                                     \
    XX(settle_all, "UPDATE ntf_dispatch SET head = 1 WHERE number IN (SELECT min(d.number) FROM ntf_dispatch AS d"                     \
                   " WHERE d.state < 3 GROUP BY d.channel, d.address HAVING max(d.state) = 1)")                                        \
    XX(settle_clear,                                                                                                                   \
       "UPDATE ntf_dispatch INDEXED BY ntf_dispatch_head SET head = 0 WHERE channel = ?1 AND address = ?2 AND state = 1 AND head = 1") \
    XX(settle_lane,                                                                                                                    \
       "UPDATE ntf_dispatch SET head = 1 WHERE number = (SELECT d.number FROM ntf_dispatch AS d" OF_ADDRESS(                           \
           "d") " ORDER BY d.state, d.number LIMIT 1) AND (SELECT max(e.state) FROM ntf_dispatch AS e" OF_ADDRESS("e") ") = 1")        \
    XX(webhook_get, "SELECT " WEBHOOK " WHERE party = ?1 AND ord = ?2")                                                                \
    XX(webhook_of, "SELECT " WEBHOOK " WHERE number = ?1")                                                                             \
    XX(webhook_on, "UPDATE ntf_webhook SET state = 1 WHERE number = ?1")                                                               \
    XX(webhook_off, "UPDATE ntf_webhook SET state = 2 WHERE number = ?1")                                                              \
    XX(webhook_add, "INSERT INTO ntf_webhook(party, ord, url, salt) VALUES(?1, ?2, ?3, randomblob(16))")                               \
    XX(webhook_drop, "DELETE FROM ntf_webhook WHERE number = ?1")                                                                      \
    XX(webhook_move, "UPDATE ntf_dispatch SET address = CASE state WHEN 2 THEN address ELSE ?3 END,"                                   \
                     " webhook = (SELECT number FROM ntf_webhook WHERE party = ?1"                                                     \
                     " AND ord = ?2), failures = CASE WHEN state < 3 THEN 0 ELSE failures END,"                                        \
                     " first_ms = CASE WHEN state < 3 THEN 0 ELSE first_ms END,"                                                       \
                     " next_ms = CASE state WHEN 1 THEN 0 ELSE next_ms END WHERE state <> 3 AND webhook = ?4")                         \
    XX(webhook_end, "UPDATE ntf_dispatch SET state = 4, head = 0, done_ms = ?2, reason = ?3 WHERE state = 1"                           \
                    " AND webhook = ?1")                                                                                               \
    XX(webhook_dead, "UPDATE ntf_dispatch SET reason = 15 WHERE state = 4 AND webhook = ?1")                                           \
    XX(webhook_rotate, "UPDATE ntf_webhook SET generation = generation + 1, overlap_ms = ?2 WHERE number = ?1")                        \
    XX(webhook_show, "UPDATE ntf_webhook SET shown = ?2 WHERE number = ?1")                                                            \
    XX(webhook_list, "SELECT " WEBHOOK " WHERE (party, ord) > (?2, ?3) AND (?1 IS NULL OR party = ?1)"                                 \
                     " ORDER BY party, ord LIMIT ?4")                                                                                  \
    XX(webhook_any, "SELECT EXISTS(SELECT 1 FROM ntf_webhook)")                                                                        \
    XX(key_get, "SELECT proof FROM ntf_webhook_key")                                                                                   \
    XX(key_put, "INSERT INTO ntf_webhook_key VALUES(1, ?1) ON CONFLICT(one) DO UPDATE SET proof = ?1")                                 \
    XX(add_webhooks,                                                                                                                   \
       "INSERT INTO ntf_dispatch(n, channel, webhook, address, head) SELECT v.n, 3, w.number, w.url, " LANE_IS_EMPTY(                  \
           "3", "w.url") " FROM ntf_delivery AS v JOIN ntf_webhook AS w ON w.party = v.party"                                          \
                         " AND w.state = 1 WHERE v.notice = ?1 ORDER BY w.ord ON CONFLICT DO NOTHING")                                 \
    XX(add_mail,                                                                                                                       \
       "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head) VALUES(?1, 2, 0, ?2, ?3, " LANE_IS_EMPTY(                   \
           "2", "?2") ") ON CONFLICT DO NOTHING")                                                                                      \
    XX(due, "SELECT " DISPATCH " INDEXED BY ntf_dispatch_due" OF_DELIVERY " WHERE d.state = 1 AND d.head = 1"                          \
            " AND d.channel = ?1 AND d.next_ms <= ?2 AND (d.next_ms, d.number) > (?3, ?4)"                                             \
            " ORDER BY d.next_ms, d.number LIMIT ?5")                                                                                  \
    XX(lease, "UPDATE ntf_dispatch SET state = 2, head = 0, attempts = attempts + 1, lease_ms = ?2,"                                   \
              " first_ms = CASE first_ms WHEN 0 THEN ?2 ELSE first_ms END, body = ?3 WHERE number = ?1"                                \
              " AND state = 1")                                                                                                        \
    XX(move, "UPDATE ntf_dispatch SET address = ?2, body = ?3 WHERE number = ?1")                                                      \
    XX(put_off, "UPDATE ntf_dispatch SET next_ms = ?2 WHERE number = ?1 AND state = 1")                                                \
    XX(place,                                                                                                                          \
       "SELECT channel, address, attempts, body IS NULL, head FROM ntf_dispatch WHERE number = ?1 AND state IN (1, 2)")                \
    XX(end, "UPDATE ntf_dispatch SET state = ?2, head = 0, reason = ?3, next_ms = ?4, failures = failures + ?5,"                       \
            " done_ms = ?6, body = CASE ?2 WHEN 3 THEN NULL ELSE body END, address = CASE WHEN ?7 THEN ''"                             \
            " WHEN ?2 = 1 THEN " MOVED_TO " ELSE address END WHERE number = ?1")                                                       \
    XX(attempt, "INSERT OR REPLACE INTO ntf_attempt VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                                   \
    XX(attempt_trim, "DELETE FROM ntf_attempt WHERE dispatch = ?1 AND k <= ?2")                                                        \
    XX(attempts, "SELECT at_ms, result, code, text FROM ntf_attempt WHERE dispatch = ?1 ORDER BY k")                                   \
    XX(next_due, "SELECT min(next_ms) FROM ntf_dispatch INDEXED BY ntf_dispatch_due WHERE state = 1 AND head = 1"                      \
                 " AND channel = ?1 AND next_ms > ?2")                                                                                 \
    XX(redrive_one, "UPDATE ntf_dispatch SET state = 1, failures = 0, first_ms = 0, next_ms = 0, done_ms = 0,"                         \
                    " reason = 0 WHERE number = ?1 AND state = 4 AND reason <> 15")                                                    \
    XX(redrive_all, "UPDATE ntf_dispatch SET state = 1, failures = 0, first_ms = 0, next_ms = 0, done_ms = 0,"                         \
                    " reason = 0 WHERE state = 4 AND reason <> 15")                                                                    \
    XX(forget_lane, FORGET(IS_MAIL " AND " OF_LANE))                                                                                   \
    XX(forget_lane_text, FORGET_TEXT(IS_MAIL " AND " OF_LANE))                                                                         \
    XX(forget_person, FORGET(IS_MAIL " AND " OF_PERSON))                                                                               \
    XX(forget_person_text, FORGET_TEXT(IS_MAIL " AND " OF_PERSON))                                                                     \
    XX(forget_all, FORGET(IS_MAIL))                                                                                                    \
    XX(forget_all_text, FORGET_TEXT(IS_MAIL))                                                                                          \
    XX(get, "SELECT " DISPATCH OF_DELIVERY " WHERE d.number = ?1")                                                                     \
    XX(list, "SELECT " DISPATCH OF_DELIVERY " WHERE d.n = ?1 ORDER BY d.number LIMIT ?2")                                              \
    XX(list_dead,                                                                                                                      \
       "SELECT " DISPATCH " INDEXED BY ntf_dispatch_dead" OF_DELIVERY " WHERE d.state = 4 AND d.number > ?1"                           \
       " ORDER BY d.number LIMIT ?2")

#endif
