/* gate_file: the file of one gate. See gate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "gate.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { APPLICATION = 0x43764774 /* "CvGt" */, CACHE_KIB = 4096 };

/* told: 0 not yet, 1 answered with OK, 2 never to be. */
static const char *const migrations[] = {
    "CREATE TABLE gate(one INTEGER PRIMARY KEY CHECK(one = 1), event TEXT NOT NULL, name TEXT NOT NULL,"
    " run INTEGER NOT NULL, synced_ms INTEGER NOT NULL, service_ms INTEGER NOT NULL, offset_ms INTEGER NOT NULL) "
    "STRICT;"
    "CREATE TABLE key(public BLOB PRIMARY KEY, until_ms INTEGER NOT NULL, revoked INTEGER NOT NULL) STRICT;"
    "CREATE TABLE badge(id INTEGER PRIMARY KEY, revoked INTEGER NOT NULL) STRICT;"
    "CREATE TABLE scan(sequence INTEGER PRIMARY KEY AUTOINCREMENT, badge INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
    " direction INTEGER NOT NULL, verdict INTEGER NOT NULL, code TEXT NOT NULL, offset_ms INTEGER,"
    " told INTEGER NOT NULL) STRICT;"
    "CREATE INDEX scan_badge ON scan(badge, sequence) WHERE verdict <> 3;"
    "CREATE INDEX scan_untold ON scan(sequence) WHERE told = 0;",
};

#define STATEMENTS(XX)                                                                                                 \
    XX(gate_add, "INSERT INTO gate VALUES(1, ?, ?, ?, 0, 0, 0)")                                                       \
    XX(gate_get, "SELECT event, name, run, synced_ms, service_ms, offset_ms FROM gate")                                \
    XX(gate_set, "UPDATE gate SET synced_ms = ?, service_ms = ?, offset_ms = ?")                                       \
    XX(keys, "SELECT public, until_ms, revoked FROM key")                                                              \
    XX(keys_clear, "DELETE FROM key")                                                                                  \
    XX(key_add, "INSERT INTO key VALUES(?, ?, ?)")                                                                     \
    XX(badges_clear, "DELETE FROM badge")                                                                              \
    XX(badge_add, "INSERT INTO badge VALUES(?, ?)")                                                                    \
    XX(badge_get, "SELECT revoked FROM badge WHERE id = ?")                                                            \
    XX(last_seen, "SELECT at_ms, direction FROM scan WHERE badge = ? AND verdict <> 3 ORDER BY sequence DESC LIMIT 1") \
    XX(scan_add, "INSERT INTO scan(badge, at_ms, direction, verdict, code, told) VALUES(?, ?, ?, ?, ?, ?)")            \
    XX(scan_last, "SELECT max(sequence) FROM scan")                                                                    \
    XX(offsets, "UPDATE scan SET offset_ms = ? WHERE told = 0 AND offset_ms IS NULL")                                  \
    XX(untold, "SELECT sequence, badge, at_ms, direction, verdict, offset_ms FROM scan WHERE told = 0"                 \
               " ORDER BY sequence LIMIT ?")                                                                           \
    XX(told, "UPDATE scan SET told = 1 WHERE told = 0 AND sequence BETWEEN ? AND ?")                                   \
    XX(count, "SELECT count(*), coalesce(sum(told = 0), 0), coalesce(sum(verdict = 1), 0),"                            \
              " coalesce(sum(verdict = 2), 0), coalesce(sum(verdict = 3), 0), (SELECT count(*) FROM badge),"           \
              " (SELECT count(*) FROM badge WHERE revoked) FROM scan")

struct gate_statements {
#define XX(name, sql) cv_stmt_t *name;
    STATEMENTS(XX)
#undef XX
};

static int prepare(gate_t *gate)
{
    gate->sql = calloc(1, sizeof *gate->sql);
    if (!gate->sql)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, statement) {&gate->sql->name, statement},
        STATEMENTS(XX)
#undef XX
    };
    return cv_db_prepare_all(gate->db, all, sizeof all / sizeof *all);
}

static int load_keys(gate_t *gate)
{
    cv_stmt_t *row = gate->sql->keys;
    size_t n = 0;
    int rc;
    while ((rc = cv_stmt_step(row)) > 0) {
        cv_str_t public_key = cv_stmt_get_blob(row, 0);
        if (n == GATE_KEYS_MAX || public_key.len != CV_BADGE_PUBLIC) {
            cv_stmt_reset(row);
            return CV_ECORRUPT;
        }
        cv_badge_key_t *key = &gate->keys[n++];
        memcpy(key->public_key, public_key.ptr, CV_BADGE_PUBLIC);
        key->id = cv_badge_key_id(key->public_key);
        key->until_ms = cv_stmt_get_int(row, 1);
        key->is_revoked = cv_stmt_get_int(row, 2) != 0;
    }
    if (rc == CV_OK)
        gate->keys_n = n;
    return rc;
}

static int load(gate_t *gate)
{
    if (!gate->sql)
        return CV_EINTERNAL;
    cv_stmt_t *row = gate->sql->gate_get;
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = cv_str_copy(cv_stmt_get_text(row, 0), gate->event, sizeof gate->event);
    if (rc == CV_OK)
        rc = cv_str_copy(cv_stmt_get_text(row, 1), gate->name, sizeof gate->name);
    gate->run = cv_stmt_get_int(row, 2);
    gate->synced_ms = cv_stmt_get_int(row, 3);
    gate->service_ms = cv_stmt_get_int(row, 4);
    gate->offset_ms = cv_stmt_get_int(row, 5);
    cv_stmt_reset(row);
    return rc == CV_OK ? load_keys(gate) : CV_ECORRUPT;
}

static int open_file(cli_t *cli, const char *path, gate_t *ret_gate)
{
    char error[CV_CONFIG_ERROR_MAX];
    const cv_db_options_t options = {.path = path,
                                     .application_id = APPLICATION,
                                     .migrations = migrations,
                                     .migrations_n = sizeof migrations / sizeof *migrations,
                                     .cache_kib = CACHE_KIB};
    *ret_gate = (gate_t){0};
    int rc = cv_db_open(&options, &ret_gate->db, error, sizeof error);
    if (rc == CV_OK)
        rc = prepare(ret_gate);
    else
        return cli_fail(cli, rc == CV_ELOCKED ? CLI_REFUSED : CLI_FAILED, "%s: %s", path, error);
    if (rc == CV_OK)
        return CLI_OK;
    gate_close(ret_gate);
    return cli_fail(cli, CLI_FAILED, "%s: %s", path, cv_error_text(rc));
}

void gate_close(gate_t *gate)
{
    free(gate->sql);
    gate->sql = NULL;
    if (gate->db)
        cv_db_close(&gate->db);
}

int gate_open(cli_t *cli, const char *path, gate_t *ret_gate)
{
    if (access(path, F_OK) != 0)
        return cli_fail(cli, CLI_NOTFOUND, "%s: %s; `convene gate init` makes a gate", path, strerror(errno));
    int status = open_file(cli, path, ret_gate);
    if (status != CLI_OK)
        return status;
    int rc = load(ret_gate);
    if (rc == CV_OK)
        return CLI_OK;
    gate_close(ret_gate);
    return cli_fail(cli, CLI_FAILED, "%s: %s", path, rc == CV_ENOTFOUND ? "this is no gate yet" : cv_error_text(rc));
}

/* The run: drawn, so that a gate that is made anew never gives a scan a number that was told before. */
int gate_make(cli_t *cli, const char *path, const char *event, const char *name, gate_t *ret_gate)
{
    uint8_t octets[6];
    int64_t run = 0;
    if (access(path, F_OK) == 0) {
        int status = gate_open(cli, path, ret_gate);
        if (status != CLI_OK)
            return status;
        if (strcmp(ret_gate->event, event) == 0 && strcmp(ret_gate->name, name) == 0)
            return CLI_OK; /* made before, and perhaps interrupted */
        status = cli_fail(cli, CLI_REFUSED, "%s is gate %s of %s already", path, ret_gate->name, ret_gate->event);
        gate_close(ret_gate);
        return status;
    }
    int status = open_file(cli, path, ret_gate);
    if (status != CLI_OK)
        return status;
    randombytes_buf(octets, sizeof octets);
    for (size_t i = 0; i < sizeof octets; i++)
        run = run << 8 | octets[i];
    cv_stmt_t *add = ret_gate->sql->gate_add;
    int rc = cv_db_begin(ret_gate->db);
    if (rc == CV_OK) {
        cv_stmt_text(add, 1, cv_str(event));
        cv_stmt_text(add, 2, cv_str(name));
        cv_stmt_int(add, 3, run ? run : 1);
        rc = cv_stmt_run(add);
        rc = rc == CV_OK ? cv_db_commit(ret_gate->db) : rc;
    }
    if (rc == CV_OK)
        rc = load(ret_gate);
    if (rc == CV_OK)
        return CLI_OK;
    cv_db_rollback(ret_gate->db);
    gate_close(ret_gate);
    return cli_fail(cli, CLI_FAILED, "%s: %s", path, cv_error_text(rc));
}

/* ---- badges and scans ---------------------------------------------------------------------------------------- */

int gate_is_revoked(gate_t *gate, int64_t badge, bool *ret_revoked)
{
    cv_stmt_t *row = gate->sql->badge_get;
    cv_stmt_int(row, 1, badge);
    int rc = cv_stmt_step(row);
    if (rc < 0)
        return rc;
    *ret_revoked = rc > 0 && cv_stmt_get_int(row, 0) != 0;
    if (rc > 0)
        cv_stmt_reset(row);
    return CV_OK;
}

int gate_last_seen(gate_t *gate, int64_t badge, int64_t *ret_at_ms, gate_direction_t *ret_direction)
{
    cv_stmt_t *row = gate->sql->last_seen;
    cv_stmt_int(row, 1, badge);
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_at_ms = cv_stmt_get_int(row, 0);
    *ret_direction = (gate_direction_t)cv_stmt_get_int(row, 1);
    cv_stmt_reset(row);
    return CV_OK;
}

static int finish(gate_t *gate, int rc)
{
    if (rc == CV_OK)
        rc = cv_db_commit(gate->db);
    if (rc != CV_OK)
        cv_db_rollback(gate->db);
    return rc == CV_OK ? cv_db_tend(gate->db, true) : rc;
}

int gate_keep(gate_t *gate, const gate_scan_t *scan, int64_t *ret_sequence)
{
    cv_stmt_t *add = gate->sql->scan_add, *last = gate->sql->scan_last;
    int64_t sequence = 0;
    int rc = cv_db_begin(gate->db);
    if (rc != CV_OK)
        return rc;
    cv_stmt_int(add, 1, scan->badge);
    cv_stmt_int(add, 2, scan->at_ms);
    cv_stmt_int(add, 3, scan->direction);
    cv_stmt_int(add, 4, scan->verdict);
    cv_stmt_text(add, 5, cv_str(scan->code));
    cv_stmt_int(add, 6, scan->is_ours ? 0 : 2);
    rc = cv_stmt_run(add);
    if (rc == CV_OK && (rc = cv_stmt_step(last)) > 0) {
        sequence = cv_stmt_get_int(last, 0);
        cv_stmt_reset(last);
        rc = CV_OK;
    }
    rc = finish(gate, rc);
    if (rc == CV_OK)
        *ret_sequence = sequence;
    return rc;
}

int gate_fix_offsets(gate_t *gate, int64_t offset_ms)
{
    int rc = cv_db_begin(gate->db);
    if (rc != CV_OK)
        return rc;
    cv_stmt_int(gate->sql->offsets, 1, offset_ms);
    rc = cv_stmt_run(gate->sql->offsets);
    return finish(gate, rc);
}

int gate_untold(gate_t *gate, gate_scan_t *ret_scans, size_t max, size_t *ret_n)
{
    cv_stmt_t *row = gate->sql->untold;
    size_t n = 0;
    int rc;
    cv_stmt_int(row, 1, (int64_t)max);
    while ((rc = cv_stmt_step(row)) > 0)
        ret_scans[n++] = (gate_scan_t){.sequence = cv_stmt_get_int(row, 0),
                                       .badge = cv_stmt_get_int(row, 1),
                                       .at_ms = cv_stmt_get_int(row, 2),
                                       .direction = (gate_direction_t)cv_stmt_get_int(row, 3),
                                       .verdict = (gate_verdict_t)cv_stmt_get_int(row, 4),
                                       .offset_ms = cv_stmt_get_int(row, 5),
                                       .is_ours = true};
    if (rc == CV_OK)
        *ret_n = n;
    return rc;
}

int gate_told(gate_t *gate, int64_t first, int64_t last)
{
    int rc = cv_db_begin(gate->db);
    if (rc != CV_OK)
        return rc;
    cv_stmt_int(gate->sql->told, 1, first);
    cv_stmt_int(gate->sql->told, 2, last);
    rc = cv_stmt_run(gate->sql->told);
    return finish(gate, rc);
}

int gate_count(gate_t *gate, gate_counts_t *ret_counts)
{
    cv_stmt_t *row = gate->sql->count;
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    *ret_counts = (gate_counts_t){cv_stmt_get_int(row, 0), cv_stmt_get_int(row, 1), cv_stmt_get_int(row, 2),
                                  cv_stmt_get_int(row, 3), cv_stmt_get_int(row, 4), cv_stmt_get_int(row, 5),
                                  cv_stmt_get_int(row, 6)};
    cv_stmt_reset(row);
    return CV_OK;
}

/* ---- bringing up to date ------------------------------------------------------------------------------------- */

static int put_key(gate_t *gate, const json_t *key)
{
    cv_stmt_t *add = gate->sql->key_add;
    uint8_t public_key[CV_BADGE_PUBLIC];
    size_t len = 0;
    const char *text = cli_text_of(key, "public");
    if (sodium_hex2bin(public_key, sizeof public_key, text, strlen(text), NULL, &len, NULL) != 0 ||
        len != sizeof public_key)
        return CV_EMALFORMED;
    cv_stmt_blob(add, 1, public_key, sizeof public_key);
    cv_stmt_int(add, 2, cli_int_of(key, "until_ms"));
    cv_stmt_int(add, 3, json_object_get(key, "revoked_ms") != NULL);
    return cv_stmt_run(add);
}

static int put_all(gate_t *gate, const json_t *keys, const json_t *badges)
{
    int rc = cv_stmt_run(gate->sql->keys_clear);
    if (rc == CV_OK)
        rc = cv_stmt_run(gate->sql->badges_clear);
    for (size_t i = 0; rc == CV_OK && i < json_array_size(keys); i++)
        rc = put_key(gate, json_object_get(json_array_get(keys, i), "data"));
    for (size_t i = 0; rc == CV_OK && i < json_array_size(badges); i++) {
        const json_t *badge = json_object_get(json_array_get(badges, i), "data");
        cv_stmt_int(gate->sql->badge_add, 1, cli_int_of(badge, "badge"));
        cv_stmt_int(gate->sql->badge_add, 2, strcmp(cli_text_of(badge, "state"), "valid") != 0);
        rc = cv_stmt_run(gate->sql->badge_add);
    }
    return rc;
}

int gate_refresh(gate_t *gate, const json_t *keys, const json_t *badges, int64_t now_ms, int64_t service_ms)
{
    cv_stmt_t *set = gate->sql->gate_set;
    int rc = cv_db_begin(gate->db);
    if (rc != CV_OK)
        return rc;
    rc = put_all(gate, keys, badges);
    if (rc == CV_OK) {
        cv_stmt_int(set, 1, now_ms);
        cv_stmt_int(set, 2, service_ms);
        cv_stmt_int(set, 3, now_ms - service_ms);
        rc = cv_stmt_run(set);
    }
    rc = finish(gate, rc);
    return rc == CV_OK ? load(gate) : rc;
}
