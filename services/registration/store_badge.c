/* store_badge: the SQL of badges, the keys that sign them, and scans. See store_badge.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/store_badge.h"

#include <stdlib.h>
#include <string.h>

/* revoked_ms and cause 0: valid. Of a person at most one badge is: the index says so, not only the program. */
const char reg_badge_tables[] =
    "CREATE TABLE badge_key(n INTEGER PRIMARY KEY, public BLOB NOT NULL UNIQUE CHECK(length(public) = 32),"
    " from_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE badge_period(event INTEGER PRIMARY KEY, from_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL CHECK(until_ms > from_ms), self_service INTEGER NOT NULL) STRICT;"
    "CREATE TABLE badge(id INTEGER PRIMARY KEY, event INTEGER NOT NULL, delegation INTEGER NOT NULL,"
    " person INTEGER NOT NULL, number INTEGER NOT NULL, issued_ms INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, revoked_ms INTEGER NOT NULL, cause INTEGER NOT NULL, by INTEGER, request TEXT,"
    " CHECK((revoked_ms = 0) = (cause = 0))) STRICT;"
    "CREATE UNIQUE INDEX badge_valid ON badge(person) WHERE cause = 0;"
    "CREATE INDEX badge_event ON badge(event);"
    "CREATE TABLE scan(id INTEGER PRIMARY KEY, gate TEXT NOT NULL, run INTEGER NOT NULL, sequence INTEGER NOT NULL,"
    " badge INTEGER NOT NULL, event INTEGER NOT NULL, delegation INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " gate_ms INTEGER NOT NULL, offset_ms INTEGER NOT NULL, direction INTEGER NOT NULL CHECK(direction IN (1, 2)),"
    " verdict INTEGER NOT NULL CHECK(verdict IN (1, 2, 3)), finding INTEGER NOT NULL, other TEXT,"
    " UNIQUE(gate, run, sequence)) STRICT;"
    "CREATE INDEX scan_badge ON scan(badge);"
    "CREATE INDEX scan_event ON scan(event);"
    "CREATE INDEX scan_delegation ON scan(delegation);";

#define BADGE "id, event, delegation, person, number, issued_ms, from_ms, until_ms, revoked_ms, cause"
#define SCAN                                                                                            \
    "id, gate, run, sequence, badge, event, delegation, at_ms, gate_ms, offset_ms, direction, verdict," \
    " finding, other"
#define STATEMENTS(XX)                                                                                        \
    XX(keys, "SELECT n, public, from_ms, until_ms, revoked_ms FROM badge_key ORDER BY n DESC LIMIT ?")        \
    XX(key_add, "INSERT INTO badge_key VALUES(?, ?, ?, ?, ?)")                                                \
    XX(key_set, "UPDATE badge_key SET n = ?1, until_ms = ?3, revoked_ms = ?4 WHERE public = ?2")              \
    XX(period_get, "SELECT from_ms, until_ms, self_service FROM badge_period WHERE event = ?")                \
    XX(period_set, "INSERT OR REPLACE INTO badge_period VALUES(?, ?, ?, ?)")                                  \
    XX(badge_get, "SELECT " BADGE " FROM badge WHERE id = ?")                                                 \
    XX(badge_of, "SELECT " BADGE " FROM badge WHERE person = ? AND cause = 0")                                \
    XX(badge_add, "INSERT INTO badge(" BADGE ") VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, 0)")                        \
    XX(badge_revoke, "UPDATE badge SET revoked_ms = ?2, cause = ?3, by = ?4, request = ?5 WHERE id = ?1")     \
    XX(badge_list, "SELECT " BADGE " FROM badge WHERE event = ?1 AND (?2 = 0 OR delegation = ?2) AND id > ?3" \
                   " ORDER BY id LIMIT ?4")                                                                   \
    XX(scan_get, "SELECT " SCAN " FROM scan WHERE gate = ? AND run = ? AND sequence = ?")                     \
    XX(scan_add, "INSERT INTO scan(gate, run, sequence, badge, event, delegation, at_ms, gate_ms, offset_ms," \
                 " direction, verdict, finding) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                  \
    XX(scans_of, "SELECT " SCAN " FROM scan WHERE badge = ? AND delegation <> 0 LIMIT ?")                     \
    XX(scan_count, "SELECT count(*) FROM scan WHERE badge = ?")                                               \
    XX(scan_set, "UPDATE scan SET finding = ?2, other = ?3 WHERE id = ?1")                                    \
    XX(scan_list, "SELECT " SCAN " FROM scan WHERE event = ?1 AND (?2 = 0 OR delegation = ?2) AND id > ?3"    \
                  " ORDER BY id LIMIT ?4")                                                                    \
    XX(findings, "SELECT finding, count(*) FROM scan WHERE delegation = ? GROUP BY finding")                  \
    XX(came, "SELECT count(DISTINCT b.person) FROM scan s JOIN badge b ON b.id = s.badge"                     \
             " WHERE s.delegation = ? AND s.finding = 1")

struct reg_badges {
#define XX(name, sql) cv_stmt_t *name;
    STATEMENTS(XX)
#undef XX
};

int reg_badges_open(cv_db_t *db, reg_badges_t **ret_badges)
{
    reg_badges_t *badges = calloc(1, sizeof *badges);
    if (!badges)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&badges->name, sql},
        STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof all / sizeof *all);
    if (rc) {
        free(badges);
        return rc;
    }
    *ret_badges = badges;
    return CV_OK;
}

void reg_badges_close(reg_badges_t **badges)
{
    free(*badges); /* the statements are the database's */
    *badges = NULL;
}

/* Binds integers to the parameters from `first` on. */
static void bind_all(cv_stmt_t *stmt, int first, const int64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        cv_stmt_int(stmt, first + i, values[i]);
}
#define BIND(stmt, first, ...) \
    bind_all(stmt, first, (const int64_t[]){__VA_ARGS__}, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

/* A SELECT that gives one row or none: CV_OK with the row standing, which the caller resets. */
static int one(cv_stmt_t *row)
{
    int rc = cv_stmt_step(row);

    return rc > 0 ? CV_OK : rc ? rc : CV_ENOTFOUND;
}

/* ---- keys ---------------------------------------------------------------------------------------------------- */

int reg_keys_load(reg_badges_t *badges, reg_key_t ret_keys[REG_KEYS_MAX], size_t *ret_n)
{
    cv_stmt_t *row = badges->keys;
    size_t n = 0;
    int rc;

    cv_stmt_int(row, 1, REG_KEYS_MAX);
    while ((rc = cv_stmt_step(row)) > 0) {
        cv_str_t public_key = cv_stmt_get_blob(row, 1);
        if (n == REG_KEYS_MAX || public_key.len != CV_BADGE_PUBLIC) {
            cv_stmt_reset(row);
            return CV_ECORRUPT;
        }
        reg_key_t *key = &ret_keys[n++];
        *key = (reg_key_t){.n = cv_stmt_get_int(row, 0),
                           .from_ms = cv_stmt_get_int(row, 2),
                           .revoked_ms = cv_stmt_get_int(row, 4),
                           .key.until_ms = cv_stmt_get_int(row, 3)};
        key->key.is_revoked = key->revoked_ms != 0;
        memcpy(key->key.public_key, public_key.ptr, CV_BADGE_PUBLIC);
        key->key.id = cv_badge_key_id(key->key.public_key);
    }
    if (!rc)
        *ret_n = n;
    return rc;
}

int reg_key_add(reg_badges_t *badges, const reg_key_t *key)
{
    cv_stmt_t *add = badges->key_add;

    cv_stmt_int(add, 1, key->n);
    cv_stmt_blob(add, 2, key->key.public_key, CV_BADGE_PUBLIC);
    BIND(add, 3, key->from_ms, key->key.until_ms, key->revoked_ms);
    return cv_stmt_run(add);
}

int reg_key_set(reg_badges_t *badges, const reg_key_t *key)
{
    cv_stmt_t *set = badges->key_set;

    cv_stmt_int(set, 1, key->n);
    cv_stmt_blob(set, 2, key->key.public_key, CV_BADGE_PUBLIC);
    BIND(set, 3, key->key.until_ms, key->revoked_ms);
    return cv_stmt_run(set);
}

/* ---- periods and badges -------------------------------------------------------------------------------------- */

int reg_period_get(reg_badges_t *badges, int64_t event, reg_period_t *ret_period)
{
    cv_stmt_t *row = badges->period_get;

    cv_stmt_int(row, 1, event);
    int rc = one(row);
    if (rc)
        return rc;
    *ret_period = (reg_period_t){.event = event,
                                 .from_ms = cv_stmt_get_int(row, 0),
                                 .until_ms = cv_stmt_get_int(row, 1),
                                 .self_service = cv_stmt_get_int(row, 2)};
    cv_stmt_reset(row);
    return CV_OK;
}

int reg_period_set(reg_badges_t *badges, const reg_period_t *period)
{
    BIND(badges->period_set, 1, period->event, period->from_ms, period->until_ms, period->self_service);
    return cv_stmt_run(badges->period_set);
}

static void read_badge(cv_stmt_t *row, reg_badge_t *ret_badge)
{
    *ret_badge = (reg_badge_t){.id = cv_stmt_get_int(row, 0),
                               .event = cv_stmt_get_int(row, 1),
                               .delegation = cv_stmt_get_int(row, 2),
                               .person = cv_stmt_get_int(row, 3),
                               .number = (unsigned)cv_stmt_get_int(row, 4),
                               .issued_ms = cv_stmt_get_int(row, 5),
                               .from_ms = cv_stmt_get_int(row, 6),
                               .until_ms = cv_stmt_get_int(row, 7),
                               .revoked_ms = cv_stmt_get_int(row, 8),
                               .cause = (int)cv_stmt_get_int(row, 9)};
}

static int one_badge(cv_stmt_t *row, int64_t key, reg_badge_t *ret_badge)
{
    cv_stmt_int(row, 1, key);
    int rc = one(row);
    if (rc)
        return rc;
    read_badge(row, ret_badge);
    cv_stmt_reset(row);
    return CV_OK;
}

int reg_badge_get(reg_badges_t *badges, int64_t id, reg_badge_t *ret_badge)
{
    return one_badge(badges->badge_get, id, ret_badge);
}

int reg_badge_of(reg_badges_t *badges, int64_t person, reg_badge_t *ret_badge)
{
    return one_badge(badges->badge_of, person, ret_badge);
}

int reg_badge_add(reg_badges_t *badges, const reg_badge_t *b)
{
    BIND(badges->badge_add, 1, b->id, b->event, b->delegation, b->person, b->number, b->issued_ms, b->from_ms,
         b->until_ms);
    return cv_stmt_run(badges->badge_add);
}

int reg_badge_revoke(reg_badges_t *badges, const reg_badge_t *badge, int64_t by, cv_str_t request)
{
    cv_stmt_t *set = badges->badge_revoke;

    BIND(set, 1, badge->id, badge->revoked_ms, badge->cause, by);
    cv_stmt_text(set, 5, request);
    return cv_stmt_run(set);
}

int reg_badge_list(reg_badges_t *badges, int64_t event, int64_t delegation, int64_t after, reg_badge_t *ret_badges,
                   size_t n, size_t *ret_n)
{
    cv_stmt_t *row = badges->badge_list;
    size_t found = 0;
    int rc;

    BIND(row, 1, event, delegation, after, (int64_t)n);
    while ((rc = cv_stmt_step(row)) > 0)
        read_badge(row, &ret_badges[found++]);
    if (!rc)
        *ret_n = found;
    return rc;
}

/* ---- scans --------------------------------------------------------------------------------------------------- */

static int read_seen(cv_stmt_t *row, reg_seen_t *ret_seen)
{
    cv_str_t other = cv_stmt_get_text(row, 13);

    *ret_seen = (reg_seen_t){.badge = cv_stmt_get_int(row, 4),
                             .event = cv_stmt_get_int(row, 5),
                             .delegation = cv_stmt_get_int(row, 6),
                             .offset_ms = cv_stmt_get_int(row, 9),
                             .scan = {.row = cv_stmt_get_int(row, 0),
                                      .run = cv_stmt_get_int(row, 2),
                                      .sequence = cv_stmt_get_int(row, 3),
                                      .at_ms = cv_stmt_get_int(row, 7),
                                      .gate_ms = cv_stmt_get_int(row, 8),
                                      .direction = (reg_direction_t)cv_stmt_get_int(row, 10),
                                      .verdict = (reg_gate_verdict_t)cv_stmt_get_int(row, 11),
                                      .finding = (reg_finding_t)cv_stmt_get_int(row, 12)}};
    int rc = cv_str_copy(cv_stmt_get_text(row, 1), ret_seen->scan.gate, sizeof ret_seen->scan.gate);
    if (!rc && other.ptr)
        rc = cv_str_copy(other, ret_seen->other, sizeof ret_seen->other);
    return rc ? CV_ECORRUPT : CV_OK;
}

int reg_scan_get(reg_badges_t *badges, const char *gate, int64_t run, int64_t sequence, reg_seen_t *ret_seen)
{
    cv_stmt_t *row = badges->scan_get;

    cv_stmt_text(row, 1, cv_str(gate));
    BIND(row, 2, run, sequence);
    int rc = one(row);
    if (rc)
        return rc;
    rc = read_seen(row, ret_seen);
    cv_stmt_reset(row);
    return rc;
}

int reg_scan_add(reg_badges_t *badges, const reg_seen_t *seen)
{
    const reg_scan_t *scan = &seen->scan;
    cv_stmt_t *add = badges->scan_add;

    cv_stmt_text(add, 1, cv_str(scan->gate));
    BIND(add, 2, scan->run, scan->sequence, seen->badge, seen->event, seen->delegation, scan->at_ms, scan->gate_ms,
         seen->offset_ms, scan->direction, scan->verdict, scan->finding);
    return cv_stmt_run(add);
}

int reg_scans_of(reg_badges_t *badges, int64_t badge, reg_scan_t ret_scans[REG_SCANS_MAX], size_t *ret_n)
{
    cv_stmt_t *row = badges->scans_of;
    size_t n = 0;
    int rc;

    BIND(row, 1, badge, REG_SCANS_MAX + 1);
    while ((rc = cv_stmt_step(row)) > 0) {
        reg_seen_t seen;
        int error = n == REG_SCANS_MAX ? CV_ELIMIT : read_seen(row, &seen);
        if (error) {
            cv_stmt_reset(row);
            return error;
        }
        ret_scans[n++] = seen.scan;
    }
    if (!rc)
        *ret_n = n;
    return rc;
}

int reg_scan_count(reg_badges_t *badges, int64_t badge, int64_t *ret_n)
{
    cv_stmt_int(badges->scan_count, 1, badge);
    int rc = one(badges->scan_count);
    if (rc)
        return rc;
    *ret_n = cv_stmt_get_int(badges->scan_count, 0);
    cv_stmt_reset(badges->scan_count);
    return CV_OK;
}

int reg_scan_take_for(reg_badges_t *badges, int64_t row, reg_finding_t finding, const char *other)
{
    BIND(badges->scan_set, 1, row, finding);
    cv_stmt_text(badges->scan_set, 3, cv_str(other));
    return cv_stmt_run(badges->scan_set);
}

int reg_scan_list(reg_badges_t *badges, int64_t event, int64_t delegation, int64_t after, reg_seen_t *ret_seen,
                  size_t n, size_t *ret_n)
{
    cv_stmt_t *row = badges->scan_list;
    size_t found = 0;
    int rc;

    BIND(row, 1, event, delegation, after, (int64_t)n);
    while ((rc = cv_stmt_step(row)) > 0) {
        int error = read_seen(row, &ret_seen[found++]);
        if (error) {
            cv_stmt_reset(row);
            return error;
        }
    }
    if (!rc)
        *ret_n = found;
    return rc;
}

int reg_attendance(reg_badges_t *badges, int64_t delegation, reg_attendance_t *ret_attendance)
{
    reg_attendance_t found = {0};
    int rc;

    cv_stmt_int(badges->findings, 1, delegation);
    while ((rc = cv_stmt_step(badges->findings)) > 0) {
        int64_t finding = cv_stmt_get_int(badges->findings, 0);
        if (finding > 0 && finding < REG_SCAN_FINDINGS)
            found.of[finding] = cv_stmt_get_int(badges->findings, 1);
    }
    if (rc)
        return rc;
    cv_stmt_int(badges->came, 1, delegation);
    rc = one(badges->came);
    if (rc)
        return rc;
    found.came = cv_stmt_get_int(badges->came, 0);
    cv_stmt_reset(badges->came);
    *ret_attendance = found;
    return CV_OK;
}
