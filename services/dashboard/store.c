/* store: see store.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/store.h"

#include "convene/principal.h"
#include "convene/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

const char dash_tables_1[] = "CREATE TABLE dash_row(kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
                             " PRIMARY KEY(kind, key)) WITHOUT ROWID, STRICT";
const char dash_tables_2[] = "DELETE FROM dash_row";

struct dash_store {
    cv_stmt_t *all, *put, *drop, *positions;
};

/* Forgets what another program made of the records. */
static int s_renew(cv_db_t *db)
{
    cv_stmt_t *format, *set;
    int rc = cv_db_prepare(db, "SELECT 1 FROM dash_row WHERE kind = 'file' AND key = 'format' AND value = ?1", &format);
    if (!rc)
        rc = cv_db_prepare(db, "INSERT INTO dash_row VALUES('file', 'format', ?1)", &set);
    if (rc)
        return rc;
    char text[32];
    (void)snprintf(text, sizeof(text), "{\"n\":%d}", DASH_FORMAT);
    cv_stmt_text(format, 1, cv_str(text));
    int row = cv_stmt_step(format);
    if (row > 0)
        cv_stmt_reset(format);
    if (row)
        return row > 0 ? CV_OK : row;
    rc = cv_db_begin(db);
    if (rc)
        return rc;
    rc = cv_db_exec(db, "DELETE FROM dash_row; DELETE FROM cursor; DELETE FROM parked");
    if (!rc) {
        cv_stmt_text(set, 1, cv_str(text));
        rc = cv_stmt_run(set);
    }
    if (!rc)
        return cv_db_commit(db);
    cv_db_rollback(db);
    return rc;
}

int dash_store_open(cv_db_t *db, dash_store_t **ret_store)
{
    dash_store_t *store = calloc(1, sizeof(*store));
    if (!store)
        return CV_ENOMEM;
    int rc = s_renew(db);
    if (!rc)
        rc = cv_db_prepare(db, "SELECT kind, key, value FROM dash_row", &store->all);
    if (!rc)
        rc = cv_db_prepare(
            db, "INSERT INTO dash_row VALUES(?1, ?2, ?3) ON CONFLICT(kind, key) DO UPDATE SET value = ?3", &store->put);
    if (!rc)
        rc = cv_db_prepare(db, "DELETE FROM dash_row WHERE kind = ?1 AND key = ?2", &store->drop);
    if (!rc)
        rc = cv_db_prepare(db, "SELECT stream, epoch, seq, chain FROM cursor", &store->positions);
    if (rc)
        dash_store_close(&store);
    else
        *ret_store = store;
    return rc;
}

/* The statements live as long as the database. */
void dash_store_close(dash_store_t **store)
{
    free(*store);
    *store = NULL;
}

int dash_store_load(dash_store_t *store, dash_view_t *view)
{
    int row;
    while ((row = cv_stmt_step(store->all)) > 0) {
        char kind[32], key[DASH_KEY_MAX];
        int rc = cv_str_copy(cv_stmt_get_text(store->all, 0), kind, sizeof(kind));
        if (!rc)
            rc = cv_str_copy(cv_stmt_get_text(store->all, 1), key, sizeof(key));
        if (!rc)
            rc = dash_view_load(view, kind, key, cv_stmt_get_text(store->all, 2));
        if (rc) {
            cv_stmt_reset(store->all);
            return rc == CV_ENOMEM ? rc : CV_ECORRUPT;
        }
    }
    return row;
}

static json_t *s_hex(cv_str_t octets)
{
    char text[2 * CV_CHAIN_LEN + 1] = "";
    if (octets.len <= CV_CHAIN_LEN)
        sodium_bin2hex(text, sizeof(text), (const unsigned char *)octets.ptr, octets.len);
    return json_string(text);
}

int dash_store_positions(dash_store_t *store, json_t **ret_positions)
{
    json_t *all = json_object();
    int row;
    while (all && (row = cv_stmt_step(store->positions)) > 0) {
        cv_stmt_t *stmt = store->positions;
        char stream[CV_NAME_MAX + 1] = "";
        int rc = cv_str_copy(cv_stmt_get_text(stmt, 0), stream, sizeof(stream));
        json_t *one = rc ? NULL
                         : json_pack("{s:o, s:I, s:o}", "epoch", s_hex(cv_stmt_get_blob(stmt, 1)), "seq",
                                     (json_int_t)cv_stmt_get_int(stmt, 2), "chain", s_hex(cv_stmt_get_blob(stmt, 3)));
        if (!rc && (!one || json_object_set_new(all, stream, one)))
            rc = CV_ENOMEM;
        if (rc) {
            cv_stmt_reset(stmt);
            json_decref(all);
            return rc;
        }
    }
    if (!all || row < 0) {
        json_decref(all);
        return all ? row : CV_ENOMEM;
    }
    *ret_positions = all;
    return CV_OK;
}

static int s_save_one(dash_store_t *store, const char *kind, const char *key, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    cv_stmt_t *stmt = value ? store->put : store->drop;
    if (value && !text)
        return CV_ENOMEM;
    cv_stmt_text(stmt, 1, cv_str(kind));
    cv_stmt_text(stmt, 2, cv_str(key));
    if (value)
        cv_stmt_text(stmt, 3, cv_str(text));
    int rc = cv_stmt_run(stmt);
    free(text);
    return rc;
}

int dash_store_save(dash_store_t *store, const dash_view_t *view)
{
    const char *kind, *key;
    json_t *keys, *mark;
    int rc = CV_OK;
    json_object_foreach(dash_view_dirty(view), kind, keys)
    {
        json_object_foreach(keys, key, mark)
        {
            if (!rc)
                rc = s_save_one(store, kind, key, dash_view_get(view, kind, key));
        }
    }
    return rc;
}
