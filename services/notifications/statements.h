/* statements: the SQL text of store.c: its tables and its statements.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Conditions like "hold <> 0 AND hold = 2" say twice what SQLite must see to use an index on part of a table.
 */
#ifndef NOTIFICATIONS_STATEMENTS_H
#define NOTIFICATIONS_STATEMENTS_H

#include "notifications/statements_prefer.h"

#define NTF_TABLES_1                                                                                                 \
    "CREATE TABLE ntf_event(event TEXT PRIMARY KEY, version INTEGER NOT NULL, time_ms INTEGER NOT NULL,"             \
    " data BLOB NOT NULL) STRICT, WITHOUT ROWID;"                                                                    \
    "CREATE TABLE ntf_venue(code TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;"                       \
    "CREATE TABLE ntf_party(code TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;"                       \
    "CREATE TABLE ntf_answer(event TEXT NOT NULL, party TEXT NOT NULL, answer INTEGER NOT NULL,"                     \
    " since_ms INTEGER NOT NULL, PRIMARY KEY(event, party)) STRICT, WITHOUT ROWID;"                                  \
    "CREATE TABLE ntf_contact(event TEXT NOT NULL, party TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL,"    \
    " language INTEGER NOT NULL, PRIMARY KEY(event, party)) STRICT, WITHOUT ROWID;"                                  \
    "CREATE TABLE ntf_person(event TEXT NOT NULL, party TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL," \
    " PRIMARY KEY(event, party, number)) STRICT, WITHOUT ROWID;"                                                     \
    "CREATE TABLE ntf_recipient(party TEXT NOT NULL, ord INTEGER NOT NULL CHECK(ord BETWEEN 1 AND 9),"               \
    " name TEXT NOT NULL, email TEXT NOT NULL, language INTEGER NOT NULL, PRIMARY KEY(party, ord)) STRICT, WITHOUT " \
    "ROWID;"                                                                                                         \
    "CREATE TABLE ntf_change(cause TEXT PRIMARY KEY, event TEXT NOT NULL, time_ms INTEGER NOT NULL, was BLOB NOT "   \
    "NULL,"                                                                                                          \
    " now BLOB NOT NULL) STRICT, WITHOUT ROWID;"                                                                     \
    "CREATE INDEX ntf_change_event ON ntf_change(event, time_ms);"                                                   \
    "CREATE TABLE ntf_delivery(n INTEGER PRIMARY KEY AUTOINCREMENT, notice TEXT NOT NULL UNIQUE,"                    \
    " kind INTEGER NOT NULL CHECK(kind BETWEEN 1 AND 4), cause TEXT NOT NULL, event TEXT NOT NULL, party TEXT NOT "  \
    "NULL,"                                                                                                          \
    " time_ms INTEGER NOT NULL, private_seq INTEGER NOT NULL, private_epoch BLOB, data BLOB, mail BLOB,"             \
    " state INTEGER NOT NULL DEFAULT 1 CHECK(state BETWEEN 1 AND 3), hold INTEGER NOT NULL,"                         \
    " attempts INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0," \
    " lease_ms INTEGER NOT NULL DEFAULT 0, announced INTEGER NOT NULL DEFAULT 0, reason TEXT) STRICT;"               \
    "CREATE INDEX ntf_delivery_of ON ntf_delivery(event, party, n);"                                                 \
    "CREATE INDEX ntf_delivery_party ON ntf_delivery(party, n);"                                                     \
    "CREATE INDEX ntf_delivery_lane ON ntf_delivery(event, party, n) WHERE state = 1;"                               \
    "CREATE INDEX ntf_delivery_ready ON ntf_delivery(n, next_ms) WHERE state = 1 AND hold = 0;"                      \
    "CREATE INDEX ntf_delivery_due ON ntf_delivery(next_ms) WHERE state = 1 AND hold = 0;"                           \
    "CREATE INDEX ntf_delivery_held ON ntf_delivery(hold, party) WHERE state = 1 AND hold <> 0;"                     \
    "CREATE INDEX ntf_delivery_open ON ntf_delivery(n) WHERE state <> 2;"                                            \
    "CREATE INDEX ntf_delivery_news ON ntf_delivery(n) WHERE announced <> state;"

/* Versions of the event instead of instants: since which an answer stands, which a change made (0: none that counts).
 * What is there when this runs goes by the version that is known then. */
#define NTF_TABLES_2                                                                                                 \
    "ALTER TABLE ntf_answer RENAME COLUMN since_ms TO since;"                                                        \
    "UPDATE ntf_answer SET since = coalesce((SELECT version FROM ntf_event AS e WHERE e.event = ntf_answer.event), " \
    "0);"                                                                                                            \
    "ALTER TABLE ntf_change ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"                                          \
    "DROP INDEX ntf_change_event;"                                                                                   \
    "CREATE INDEX ntf_change_event ON ntf_change(event, version);"

/* Notices that were written with names that are to be forgotten: see scrub.c. */
#define NTF_TABLES_3                                                        \
    "ALTER TABLE ntf_delivery ADD COLUMN scrub INTEGER NOT NULL DEFAULT 0;" \
    "CREATE INDEX ntf_delivery_scrub ON ntf_delivery(n) WHERE scrub = 1;"

/* A language was a number of a list that had these two. */
#define TAG_OF_LANGUAGE(table)                                                        \
    "ALTER TABLE " table " ADD COLUMN tag TEXT;"                                      \
    "UPDATE " table " SET tag = CASE language WHEN 1 THEN 'en' WHEN 2 THEN 'ru' END;" \
    "ALTER TABLE " table " DROP COLUMN language; ALTER TABLE " table " RENAME COLUMN tag TO language;"
#define NTF_TABLES_LANGUAGE TAG_OF_LANGUAGE("ntf_contact") TAG_OF_LANGUAGE("ntf_recipient")

/* Of what waits: for whose contact data, as far as they have come; what is ended by an answer. A backlog is not walked. */
#define NTF_TABLES_WAITING                                                                                        \
    "DROP INDEX ntf_delivery_held;"                                                                               \
    "CREATE INDEX ntf_delivery_held ON ntf_delivery(hold, party, event) WHERE state = 1 AND hold <> 0;"           \
    "CREATE INDEX ntf_delivery_private ON ntf_delivery(private_epoch, private_seq) WHERE state = 1 AND hold = 2;" \
    "CREATE INDEX ntf_delivery_opening ON ntf_delivery(event) WHERE state = 1 AND topic = 10;"

#define PRIVATE_CURSOR "cursor WHERE stream = 'registration.private'"
/* What waits for contact data of this epoch; how many of them have come. */
#define WAITS_FOR_PRIVATE "SELECT n FROM ntf_delivery INDEXED BY ntf_delivery_private WHERE state = 1 AND hold = 2 AND "
#define PRIVATE_EPOCH "(SELECT epoch FROM " PRIVATE_CURSOR ")"
#define HAVE_COME " AND private_seq <= (SELECT seq FROM " PRIVATE_CURSOR ")"
/* Both streams are in the same epoch, so an older one's contact data never come. */
#define EPOCH_HAS_BEGUN \
    " AND " PRIVATE_EPOCH " = (SELECT e.epoch FROM cursor AS e WHERE e.stream = 'registration.events')"
/* It is to who had a person's number before, and that number was not erased: nothing of it can be made anew. */
#define NTF_IS_LEAVERS                                                                                              \
    "(place IN (-2, -4) AND EXISTS(SELECT 1 FROM ntf_person AS p WHERE p.event = ntf_delivery.event AND p.party = " \
    "ntf_delivery.party AND p.number = ntf_delivery.person))"
/* Until when a new row of a lane is not looked at: as long as the last one before it, for it leaves after that. */
#define NTF_LANE_PAUSE(event, party, person)                                                           \
    "coalesce((SELECT e.next_ms FROM ntf_delivery AS e WHERE e.event = " event " AND e.party = " party \
    " AND e.person = " person " AND e.state = 1 ORDER BY e.n DESC LIMIT 1), 0)"
/* In the order of s_delivery_read. */
#define DELIVERY                                                                                                     \
    "n, notice, CASE topic WHEN 0 THEN kind ELSE topic END, cause, event, party, time_ms, private_seq, state, hold," \
    " attempts, failures, next_ms, reason, channel, " NTF_PROGRESS ", digest, above, audience, person, place"

/* Of somebody to write to: store_reach.h. */
#define IS_OPEN_TO_MAIL " AND NOT EXISTS(SELECT 1 FROM ntf_address WHERE address = email AND state > 0)"

#define NTF_STATEMENTS(XX)                                                                                                  \
    XX(event_put, "INSERT INTO ntf_event VALUES(?1, ?2, ?3, ?4) ON CONFLICT(event) DO UPDATE SET version = ?2,"             \
                  " time_ms = ?3, data = ?4")                                                                               \
    XX(event_get, "SELECT data FROM ntf_event WHERE event = ?1")                                                            \
    XX(venue_put, "INSERT INTO ntf_venue VALUES(?1, ?2) ON CONFLICT(code) DO UPDATE SET name = ?2")                         \
    XX(party_put, "INSERT INTO ntf_party VALUES(?1, ?2, ?3) ON CONFLICT(code) DO UPDATE SET name = ?2, kind = ?3")          \
    XX(names_get, "SELECT (SELECT name FROM ntf_venue WHERE code = ?1), (SELECT name FROM ntf_party WHERE code = ?2)")      \
    XX(event_version, "SELECT version FROM ntf_event WHERE event = ?1")                                                     \
    XX(answer_get, "SELECT answer, since FROM ntf_answer WHERE event = ?1 AND party = ?2")                                  \
    XX(answer_put,                                                                                                          \
       "INSERT INTO ntf_answer VALUES(?1, ?2, ?3, ?4) ON CONFLICT(event, party) DO UPDATE SET answer = ?3,"                 \
       " since = ?4")                                                                                                       \
    XX(answers_cap, "UPDATE ntf_answer SET since = ?2 WHERE event = ?1 AND since > ?2")                                     \
    XX(answered_n, "SELECT count(*) FROM ntf_answer WHERE event = ?1 AND answer = ?2")                                      \
    XX(answered, "SELECT party, since FROM ntf_answer WHERE event = ?1 AND answer = ?2 ORDER BY party")                     \
    XX(contact_put, "INSERT INTO ntf_contact VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(event, party) DO UPDATE SET"            \
                    " name = ?3, email = ?4, language = ?5")                                                                \
    XX(person_put, "INSERT INTO ntf_person(event, party, number, name, email, state) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"        \
                   " ON CONFLICT(event, party, number) DO UPDATE SET name = ?4, email = ?5,"                                \
                   " state = CASE ?6 WHEN 0 THEN state ELSE ?6 END")                                                        \
    XX(person_get, "SELECT name FROM ntf_person WHERE event = ?1 AND party = ?2 AND number = ?3")                           \
    XX(recipient_put, "INSERT INTO ntf_recipient VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(party, ord) DO UPDATE SET"          \
                      " name = ?3, email = ?4, language = ?5")                                                              \
    XX(recipients, "SELECT party, ord, name, email, language FROM ntf_recipient WHERE (party, ord) > (?2, ?3)"              \
                   " AND (?1 IS NULL OR party = ?1) ORDER BY party, ord LIMIT ?4")                                          \
    XX(recipient_for,                                                                                                       \
       "SELECT 0 AS ord, name, email, language FROM ntf_contact WHERE event = ?1 AND party = ?2 AND ?3 < 0" IS_OPEN_TO_MAIL \
       " UNION ALL SELECT ord, name, email, language FROM ntf_recipient WHERE party = ?2 AND ord > ?3" IS_OPEN_TO_MAIL      \
       " ORDER BY ord")                                                                                                     \
    XX(change_put, "INSERT OR IGNORE INTO ntf_change(cause, event, time_ms, was, now, version)"                             \
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                                                       \
    XX(changes_void, "UPDATE ntf_change SET version = 0 WHERE event = ?1 AND version > ?2")                                 \
    XX(changes_n, "SELECT count(*) FROM ntf_change WHERE event = ?1 AND version > ?2")                                      \
    XX(changes, "SELECT cause, time_ms, version FROM ntf_change WHERE event = ?1 AND version > ?2 ORDER BY version")        \
    XX(change_get, "SELECT was, now FROM ntf_change WHERE cause = ?1")                                                      \
    XX(add,                                                                                                                 \
       "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, private_epoch, data,"             \
       " next_ms, hold) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?9, ?8, " NTF_LANE_PAUSE(                                        \
           "?4", "?5",                                                                                                      \
           "0") ", CASE WHEN ?7 > 0 AND NOT EXISTS(SELECT 1 FROM " PRIVATE_CURSOR                                           \
                " AND epoch = coalesce(?9, epoch) AND seq >= ?7) THEN 2"                                                    \
                " WHEN EXISTS(SELECT 1 FROM ntf_delivery INDEXED BY ntf_delivery_held WHERE event = ?4 AND party = ?5"      \
                " AND person = 0 AND state = 1 AND hold <> 0 AND hold = 1 AND above < 0) THEN 1 ELSE 0 END)"                \
                " ON CONFLICT(notice) DO NOTHING")                                                                          \
    XX(release_private,                                                                                                     \
       "UPDATE ntf_delivery SET hold = 0 WHERE n IN (" WAITS_FOR_PRIVATE "private_epoch = " PRIVATE_EPOCH HAVE_COME         \
       " UNION ALL " WAITS_FOR_PRIVATE "private_epoch IS NULL" HAVE_COME " UNION ALL " WAITS_FOR_PRIVATE                    \
       "private_epoch < " PRIVATE_EPOCH EPOCH_HAS_BEGUN " UNION ALL " WAITS_FOR_PRIVATE                                     \
       "private_epoch > " PRIVATE_EPOCH EPOCH_HAS_BEGUN ")")                                                                \
    XX(release_known, "UPDATE ntf_delivery SET hold = 0 WHERE state = 1 AND hold <> 0 AND hold = 3"                         \
                      " AND EXISTS(SELECT 1 FROM ntf_event AS e WHERE e.event = ntf_delivery.event)"                        \
                      " AND EXISTS(SELECT 1 FROM ntf_party AS p WHERE p.code = ntf_delivery.party)")                        \
    XX(release_party, "UPDATE ntf_delivery SET hold = 0 WHERE state = 1 AND hold <> 0 AND hold = 1 AND party = ?1")         \
    XX(release_lane, "UPDATE ntf_delivery SET hold = 0 WHERE state = 1 AND hold <> 0 AND hold = 1 AND party = ?1"           \
                     " AND event = ?2")                                                                                     \
    XX(release_person, "UPDATE ntf_delivery SET hold = 0 WHERE state = 1 AND hold <> 0 AND hold = 1 AND event = ?1"         \
                       " AND party = ?2 AND person = ?3")                                                                   \
    XX(release_persons, "UPDATE ntf_delivery SET hold = 0 WHERE state = 1 AND hold <> 0 AND hold = 1 AND person > 0")       \
    XX(hold_lane, "UPDATE ntf_delivery SET hold = 1 WHERE event = ?1 AND party = ?2 AND person = ?3 AND state = 1"          \
                  " AND hold = 0 AND place <> -2") /* who left does not wait for who came */                                \
    XX(hold_one, "UPDATE ntf_delivery SET hold = ?2 WHERE n = ?1")                                                          \
    XX(ready, "SELECT " DELIVERY                                                                                            \
              ", data, mail FROM ntf_delivery AS d INDEXED BY ntf_delivery_ready WHERE state = 1 AND hold = 0"              \
              " AND next_ms <= ?1 AND NOT EXISTS(SELECT 1 FROM ntf_delivery AS e WHERE e.event = d.event"                   \
              " AND e.party = d.party AND e.person = d.person AND e.state = 1 AND e.n < d.n AND e.hold NOT IN (4, 5)"       \
              " AND NOT (e.hold = 1 AND e.above >= 0) AND (e.hold <> 0 OR e.next_ms > ?1))"                                 \
              " ORDER BY n LIMIT ?2")                                                                                       \
    XX(lease, "UPDATE ntf_delivery SET lease_ms = ?2, mail = ?3 WHERE n = ?1")                                              \
    XX(written, "UPDATE ntf_delivery SET state = 2, attempts = attempts + 1, lease_ms = 0, mail = NULL,"                    \
                " reason = NULL WHERE n = ?1") /* data stays: it may have to be written anew, without a name */             \
    XX(handed, "UPDATE ntf_delivery SET state = 2, attempts = attempts + 1, lease_ms = 0, mail = NULL, reason = NULL,"      \
               " channel = 2 WHERE n = ?1")                                                                                 \
    XX(delivery_get, "SELECT " DELIVERY ", data, mail FROM ntf_delivery WHERE n = ?1")                                      \
    XX(person_drop, "DELETE FROM ntf_person WHERE event = ?1 AND party = ?2 AND number = ?3")                               \
    XX(contact_drop, "DELETE FROM ntf_contact WHERE event = ?1 AND party = ?2")                                             \
    XX(thaw_lane, "UPDATE ntf_delivery SET mail = NULL WHERE event = ?1 AND party = ?2 AND mail IS NOT NULL"                \
                  " AND NOT " NTF_IS_LEAVERS)                                                                               \
    XX(scrub_lane, "UPDATE ntf_delivery SET scrub = 1 WHERE event = ?1 AND party = ?2 AND state = 2"                        \
                   " AND NOT " NTF_IS_LEAVERS)                                                                              \
    XX(thaw_all, "UPDATE ntf_delivery SET mail = NULL WHERE mail IS NOT NULL")                                              \
    XX(scrub_all, "UPDATE ntf_delivery SET scrub = 1 WHERE state = 2")                                                      \
    XX(scrubs, "SELECT " DELIVERY ", data, NULL FROM ntf_delivery INDEXED BY ntf_delivery_scrub WHERE scrub = 1"            \
               " AND n > ?1 ORDER BY n LIMIT ?2")                                                                           \
    XX(scrubbed, "UPDATE ntf_delivery SET scrub = 0 WHERE n = ?1")                                                          \
    XX(failed, "UPDATE ntf_delivery SET state = 3, attempts = attempts + 1, lease_ms = 0, reason = ?2 WHERE n = ?1")        \
    XX(again, "UPDATE ntf_delivery SET attempts = attempts + 1, failures = failures + ?2, lease_ms = 0, next_ms = ?3,"      \
              " reason = ?4 WHERE n = ?1")                                                                                  \
    XX(lane_next, "UPDATE ntf_delivery SET next_ms = ?4 WHERE event = ?1 AND party = ?2 AND person = ?5 AND state = 1"      \
                  " AND n > ?3")                                                                                            \
    XX(redrive,                                                                                                             \
       "UPDATE ntf_delivery SET state = 1, hold = 0, failures = 0, next_ms = 0 WHERE state <> 2 AND state = 3")             \
    XX(unannounced, "SELECT " DELIVERY                                                                                      \
                    ", announced FROM ntf_delivery INDEXED BY ntf_delivery_news WHERE announced <> " NTF_PROGRESS           \
                    " ORDER BY n LIMIT ?1")                                                                                 \
    XX(announced, "UPDATE ntf_delivery SET announced = ?2 WHERE n = ?1")                                                    \
    XX(next_due, "SELECT min(next_ms) FROM ntf_delivery INDEXED BY ntf_delivery_due WHERE state = 1 AND hold = 0")          \
    XX(waiting, "SELECT 1 FROM ntf_delivery WHERE state = 1 AND hold IN (2, 3) AND hold <> 0 LIMIT 1")                      \
    XX(list_all, "SELECT " DELIVERY " FROM ntf_delivery WHERE n > ?4 ORDER BY n LIMIT ?5")                                  \
    XX(list_event, "SELECT " DELIVERY " FROM ntf_delivery WHERE event = ?1 AND n > ?4 ORDER BY n LIMIT ?5")                 \
    XX(list_lane,                                                                                                           \
       "SELECT " DELIVERY " FROM ntf_delivery WHERE event = ?1 AND party = ?2 AND n > ?4 ORDER BY n LIMIT ?5")              \
    XX(list_party, "SELECT " DELIVERY " FROM ntf_delivery WHERE party = ?2 AND n > ?4 ORDER BY n LIMIT ?5")                 \
    XX(list_unfinished,                                                                                                     \
       "SELECT " DELIVERY " FROM ntf_delivery INDEXED BY ntf_delivery_open WHERE state <> 2 AND n > ?4"                     \
       " ORDER BY n LIMIT ?5")                                                                                              \
    XX(list_pending,                                                                                                        \
       "SELECT " DELIVERY " FROM ntf_delivery INDEXED BY ntf_delivery_pending WHERE " NTF_PENDING " AND n > ?4"             \
       " ORDER BY n LIMIT ?5")                                                                                              \
    XX(list_held, "SELECT " DELIVERY " FROM ntf_delivery WHERE state = 1 AND hold <> 0 AND hold = ?3 AND n > ?4"            \
                  " ORDER BY n LIMIT ?5")                                                                                   \
    XX(list_failed,                                                                                                         \
       "SELECT " DELIVERY " FROM ntf_delivery INDEXED BY ntf_delivery_open WHERE state <> 2 AND state = 3"                  \
       " AND n > ?4 ORDER BY n LIMIT ?5")                                                                                   \
    XX(forget_event, "DELETE FROM ntf_event")                                                                               \
    XX(forget_venue, "DELETE FROM ntf_venue")                                                                               \
    XX(forget_party, "DELETE FROM ntf_party")                                                                               \
    XX(forget_answer, "DELETE FROM ntf_answer")                                                                             \
    XX(forget_contact, "DELETE FROM ntf_contact")                                                                           \
    XX(forget_person, "DELETE FROM ntf_person")

#endif
