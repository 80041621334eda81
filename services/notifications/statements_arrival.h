/* statements_arrival: the SQL text of how far a notice has come with its dispatches; see store_arrival.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Expressions of indexes on part of a table stand in queries exactly as they stand here, or SQLite does not use them.
 * Numbers of results are those of the contract's list, which only grows: store_arrival.c asserts the one that is used.
 */
#ifndef NOTIFICATIONS_STATEMENTS_ARRIVAL_H
#define NOTIFICATIONS_STATEMENTS_ARRIVAL_H

/* Of a row of ntf_delivery: store_arrival.h. */
#define NTF_ARRIVAL                                                                                             \
    "CASE WHEN state = 3 THEN 3 WHEN dead > 0 THEN 4 + dead WHEN state = 1 THEN 1 WHEN channel = 1 OR open > 0" \
    " THEN 2 ELSE 4 END"
#define NTF_PENDING "(state <> 2 OR dead > 0 OR (channel = 2 AND open > 0))"

/* Of a row of ntf_dispatch. A webhook's that was taken away counts no more: somebody wanted it so. */
#define IS_OPEN(row) "(" row "state < 3)"
#define IS_DEAD(row) "(" row "state = 4 AND " row "reason <> 15)"

#define FIRST_DEAD(delivery) \
    "coalesce((SELECT min(d.number) FROM ntf_dispatch AS d WHERE d.n = " delivery " AND " IS_DEAD("d.") "), 0)"

#define NTF_TABLES_ARRIVAL                                                                                                                     \
    "ALTER TABLE ntf_delivery ADD COLUMN open INTEGER NOT NULL DEFAULT 0;"                                                                     \
    "ALTER TABLE ntf_delivery ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;"                                                                     \
    "UPDATE ntf_delivery AS v SET"                                                                                                             \
    " open = (SELECT count(*) FROM ntf_dispatch AS d WHERE d.n = v.n AND " IS_OPEN(                                                            \
        "d.") "),"                                                                                                                             \
              " dead = " FIRST_DEAD(                                                                                                           \
                  "v.n") " WHERE v.n IN (SELECT n FROM ntf_dispatch WHERE state <> 3);"                                                        \
                         "UPDATE ntf_delivery SET announced = 0 WHERE channel = 2 AND open > 0 AND state = 2;" /* told again, as on its way */ \
                         "DROP INDEX ntf_delivery_news;"                                                                                       \
                         "CREATE INDEX ntf_delivery_news ON ntf_delivery(n) WHERE announced <> " NTF_ARRIVAL ";"                               \
                         "CREATE INDEX ntf_delivery_pending ON ntf_delivery(n) WHERE " NTF_PENDING ";"                                         \
                         "CREATE TRIGGER ntf_dispatch_begins AFTER INSERT ON ntf_dispatch BEGIN"                                               \
                         " UPDATE ntf_delivery SET open = open + 1 WHERE n = NEW.n; END;"                                                      \
                         "CREATE TRIGGER ntf_dispatch_turns AFTER UPDATE OF state, reason ON ntf_dispatch"                                     \
                         " WHEN " IS_OPEN("OLD.") " <> " IS_OPEN("NEW.") " OR " IS_DEAD("OLD.") " <> " IS_DEAD(                                \
                             "NEW.") " BEGIN"                                                                                                  \
                                     " UPDATE ntf_delivery SET open = open + " IS_OPEN("NEW.") " - " IS_OPEN(                                  \
                                         "OLD.") ","                                                                                           \
                                                 " dead = " FIRST_DEAD("NEW.n") " WHERE n = NEW.n; END;"

#define NTF_ARRIVAL_STATEMENTS(XX)                                                                                  \
    XX(dead_of, "SELECT number, channel, reason, done_ms, attempts FROM ntf_dispatch WHERE number ="                \
                " (SELECT dead FROM ntf_delivery WHERE n = ?1)")                                                    \
    XX(delivered_of, "SELECT coalesce(max(number), 0), 0, 0, coalesce(max(done_ms), 0), coalesce(max(attempts), 0)" \
                     " FROM ntf_dispatch WHERE n = ?1 AND state = 3")                                               \
    XX(fare_open, "SELECT f.channel, f.n, v.time_ms FROM (SELECT channel, count(*) AS n, min(number) AS first"      \
                  " FROM ntf_dispatch INDEXED BY ntf_dispatch_lane WHERE state < 3 GROUP BY channel) AS f"          \
                  " JOIN ntf_dispatch AS d ON d.number = f.first JOIN ntf_delivery AS v ON v.n = d.n")              \
    XX(fare_dead, "SELECT channel, n FROM ntf_dead")

#endif
