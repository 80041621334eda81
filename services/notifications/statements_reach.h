/* statements_reach: the SQL text of store_reach.c: its tables and its statements.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NOTIFICATIONS_STATEMENTS_REACH_H
#define NOTIFICATIONS_STATEMENTS_REACH_H

/* How many dispatches of a channel are dead is counted as they die, because the dead stay for ever. */
#define NTF_TABLES_REACH                                                                                               \
    "CREATE TABLE ntf_address(address TEXT PRIMARY KEY, state INTEGER NOT NULL CHECK(state BETWEEN 0 AND 2),"          \
    " since_ms INTEGER NOT NULL, status TEXT NOT NULL, hard INTEGER NOT NULL, failed INTEGER NOT NULL,"                \
    " soft INTEGER NOT NULL, complaint INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                                       \
    "CREATE INDEX ntf_address_stopped ON ntf_address(address) WHERE state > 0;"                                        \
    "CREATE INDEX ntf_recipient_email ON ntf_recipient(email);"                                                        \
    "CREATE INDEX ntf_contact_email ON ntf_contact(email);"                                                            \
    "CREATE TABLE ntf_bounce(dispatch INTEGER NOT NULL, k INTEGER NOT NULL, back INTEGER NOT NULL,"                    \
    " at_ms INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY(dispatch, k)) STRICT, WITHOUT ROWID;"                  \
    "CREATE TABLE ntf_contact_told(party TEXT NOT NULL, ord INTEGER NOT NULL, event TEXT NOT NULL,"                    \
    " state INTEGER NOT NULL, since_ms INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY(party, ord, event))"        \
    " STRICT, WITHOUT ROWID;"                                                                                          \
    "CREATE VIEW ntf_reach AS SELECT r.party, r.ord, '' AS event, a.state, a.since_ms, a.status FROM ntf_address AS a" \
    " JOIN ntf_recipient AS r ON r.email = a.address WHERE a.state > 0 UNION ALL"                                      \
    " SELECT c.party, 0, c.event, a.state, a.since_ms, a.status FROM ntf_address AS a"                                 \
    " JOIN ntf_contact AS c ON c.email = a.address WHERE a.state > 0;"                                                 \
    "CREATE TABLE ntf_dead(channel INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;"                                   \
    "INSERT INTO ntf_dead VALUES(2, 0), (3, 0);"                                                                       \
    "UPDATE ntf_dead SET n = (SELECT count(*) FROM ntf_dispatch AS d WHERE d.channel = ntf_dead.channel"               \
    " AND d.state = 4 AND d.reason <> 15);"                                                                            \
    "CREATE TRIGGER ntf_dispatch_dies AFTER UPDATE OF state, reason ON ntf_dispatch"                                   \
    " WHEN (OLD.state = 4 AND OLD.reason <> 15) <> (NEW.state = 4 AND NEW.reason <> 15) BEGIN"                         \
    " UPDATE ntf_dead SET n = n + (NEW.state = 4 AND NEW.reason <> 15) - (OLD.state = 4 AND OLD.reason <> 15)"         \
    " WHERE channel = NEW.channel; END;"

/* When it was reported, by our clock: what others say of an instant (at_ms) does not say which attempt it is about. */
#define NTF_TABLES_REACH_2                                                   \
    "ALTER TABLE ntf_bounce ADD COLUMN taken_ms INTEGER NOT NULL DEFAULT 0;" \
    "UPDATE ntf_bounce SET taken_ms = at_ms;"

#define CONTACT "party, ord, event, state, since_ms, status"

#define NTF_REACH_STATEMENTS(XX)                                                                                       \
    XX(mail_of, "SELECT d.number FROM ntf_dispatch AS d JOIN ntf_delivery AS v ON v.n = d.n WHERE v.notice = ?1"       \
                " AND d.channel = 2")                                                                                  \
    XX(said, "SELECT 1 FROM ntf_bounce WHERE dispatch = ?1 AND back = ?2 AND (at_ms = ?3 OR (?2 <> 3"                  \
             " AND taken_ms >= ?4)) LIMIT 1")                                                                          \
    XX(put, "INSERT INTO ntf_bounce SELECT ?1, coalesce(max(k), 0) + 1, ?2, ?3, ?4, ?5 FROM ntf_bounce"                \
            " WHERE dispatch = ?1")                                                                                    \
    XX(trim, "DELETE FROM ntf_bounce WHERE dispatch = ?1 AND k <= (SELECT max(k) FROM ntf_bounce WHERE dispatch = ?1)" \
             " - ?2")                                                                                                  \
    XX(count, "INSERT INTO ntf_address VALUES(?1, 0, 0, '', ?2 = 1, ?2 = 2, ?2 = 3, ?2 = 4) ON CONFLICT(address)"      \
              " DO UPDATE SET hard = hard + (?2 = 1), failed = failed + (?2 = 2), soft = soft + (?2 = 3),"             \
              " complaint = complaint + (?2 = 4)")                                                                     \
    XX(kill, "UPDATE ntf_dispatch SET state = 4, reason = ?2, done_ms = ?3 WHERE number = ?1 AND state = 3")           \
    XX(bounces, "SELECT back, at_ms, status FROM ntf_bounce WHERE dispatch = ?1 ORDER BY k")                           \
    XX(stop, "UPDATE ntf_address SET since_ms = CASE state WHEN 0 THEN ?3 ELSE since_ms END, status = ?4,"             \
             " state = max(state, ?2) WHERE address = ?1")                                                             \
    XX(stopped, "SELECT 1 FROM ntf_address WHERE address = ?1 AND state > 0")                                          \
    XX(is_of, "SELECT EXISTS(SELECT 1 FROM ntf_contact WHERE event = ?1 AND party = ?2 AND email = ?3)"                \
              " OR EXISTS(SELECT 1 FROM ntf_recipient WHERE party = ?2 AND email = ?3)")                               \
    XX(is_of_person, "SELECT EXISTS(SELECT 1 FROM ntf_person WHERE event = ?1 AND party = ?2 AND number = ?4"          \
                     " AND email = ?3)")                                                                               \
    XX(clear, "UPDATE ntf_address SET state = 0, since_ms = 0, status = '' WHERE state > 0 AND address IN"             \
              " (SELECT email FROM ntf_recipient WHERE party = ?1 AND ord = ?2 UNION ALL"                              \
              " SELECT email FROM ntf_contact WHERE party = ?1 AND ?2 = 0 UNION ALL"                                   \
              " SELECT email FROM ntf_person WHERE party = ?1 AND ?2 = 0 AND email IS NOT NULL)")                      \
    XX(forget, "DELETE FROM ntf_address WHERE NOT EXISTS(SELECT 1 FROM ntf_recipient WHERE email = address)"           \
               " AND NOT EXISTS(SELECT 1 FROM ntf_contact WHERE email = address)"                                      \
               " AND NOT EXISTS(SELECT 1 FROM ntf_person WHERE email = address)")                                      \
    XX(any, "SELECT EXISTS(SELECT 1 FROM ntf_address WHERE state > 0) OR EXISTS(SELECT 1 FROM ntf_contact_told)"       \
            " OR EXISTS(SELECT 1 FROM ntf_ping WHERE state > 0)")                                                      \
    XX(untold, "SELECT " CONTACT " FROM ntf_reach AS r WHERE NOT EXISTS(SELECT 1 FROM ntf_contact_told AS t"           \
               " WHERE t.party = r.party AND t.ord = r.ord AND t.event = r.event AND t.state = r.state"                \
               " AND t.since_ms = r.since_ms AND t.status = r.status) UNION ALL"                                       \
               " SELECT party, ord, event, 0, since_ms, '' FROM ntf_contact_told AS t WHERE NOT EXISTS(SELECT 1"       \
               " FROM ntf_reach AS r WHERE r.party = t.party AND r.ord = t.ord AND r.event = t.event)"                 \
               " ORDER BY 1, 2, 3 LIMIT ?1")                                                                           \
    XX(told, "INSERT INTO ntf_contact_told VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET state = ?4,"       \
             " since_ms = ?5, status = ?6")                                                                            \
    XX(untell, "DELETE FROM ntf_contact_told WHERE party = ?1 AND ord = ?2 AND event = ?3")                            \
    XX(contacts, "SELECT " CONTACT " FROM ntf_contact_told WHERE (?1 IS NULL OR party = ?1)"                           \
                 " AND (party, ord, event) > (?2, ?3, ?4) ORDER BY party, ord, event LIMIT ?5")                        \
    XX(party_stopped, "SELECT EXISTS(SELECT 1 FROM ntf_contact_told WHERE party = ?1 AND state IN (1, 2))")            \
    XX(counts, "SELECT state, count(*) FROM ntf_contact_told GROUP BY state")

#endif
