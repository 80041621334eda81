/* store_sessions: see store_sessions.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/store_sessions.h"

#include "convene/ids.h"
#include "convene/store.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    APPLICATION_ID = 0x43764453, /* "CvDS" */
    CACHE_KIB = 1024,
    HASH = crypto_generichash_BYTES,
    COOKIE = 32,
};
_Static_assert(sodium_base64_ENCODED_LEN(COOKIE, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == DASH_COOKIE_TEXT,
               "a cookie fits");
#define WEEK_MS ((int64_t)DASH_PASS_HOURS_MAX * 3600 * 1000)

/* cookie NULL: over. barred: links of this name that were made until then are refused; "*": of all. */
static const char *const s_migrations[] = {
    "CREATE TABLE session(link BLOB PRIMARY KEY, cookie BLOB UNIQUE, key BLOB NOT NULL, name TEXT NOT NULL,"
    " begun_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, whose BLOB NOT NULL) STRICT;"
    "CREATE INDEX session_name ON session(name);"
    "CREATE TABLE barred(name TEXT PRIMARY KEY, made_ms INTEGER NOT NULL) STRICT;",
};

struct dash_sessions {
    cv_db_t *db;
    cv_stmt_t *used, *begin, *find, *end, *end_of, *list, *forget, *bar, *unbar, *barred, *born, *be_born;
};

static int s_prepare(dash_sessions_t *self)
{
    const cv_sql_t all[] = {
        {&self->used, "SELECT 1 FROM session WHERE link = ?1"},
        {&self->begin, "INSERT INTO session VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
        {&self->find, "SELECT name, begun_ms, until_ms, whose FROM session WHERE cookie = ?1 AND key = ?2"},
        {&self->end, "UPDATE session SET cookie = NULL WHERE cookie = ?1"},
        {&self->end_of, "UPDATE session SET cookie = NULL WHERE cookie IS NOT NULL AND until_ms > ?2 AND"
                        " (name = ?1 OR ?1 = '*')"},
        {&self->list, "SELECT name, begun_ms, until_ms FROM session WHERE cookie IS NOT NULL AND key = ?1 AND"
                      " until_ms > ?2 ORDER BY name, begun_ms"},
        {&self->forget, "DELETE FROM session WHERE until_ms < ?1"},
        {&self->bar, "INSERT INTO barred VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET made_ms = max(made_ms, ?2)"},
        {&self->unbar, "DELETE FROM barred WHERE made_ms < ?1 AND name != ''"},
        {&self->barred, "SELECT 1 FROM barred WHERE name IN ('', '*', ?1) AND made_ms >= ?2"},
        {&self->born, "SELECT 1 FROM barred WHERE name = ''"},
        {&self->be_born, "INSERT INTO barred VALUES('', ?1)"},
    };
    return cv_db_prepare_all(self->db, all, sizeof(all) / sizeof(all[0]));
}

static bool s_has_row(cv_stmt_t *stmt, int *rc)
{
    int row = cv_stmt_step(stmt);
    if (row > 0)
        cv_stmt_reset(stmt);
    else if (row < 0)
        *rc = row;
    return row > 0;
}

/* Commits, or undoes what was begun. Nobody else tends the file's log. */
static int s_settle(dash_sessions_t *self, int rc)
{
    if (!rc) {
        rc = cv_db_commit(self->db);
        if (!rc)
            (void)!cv_db_tend(self->db, true); /* what fails here is done with the next one */
        return rc;
    }
    cv_db_rollback(self->db);
    return rc;
}

/* A file that is new does not know what was used before it was: links of that time are barred, under no name. */
static int s_be_born(dash_sessions_t *self, int64_t now_ms)
{
    int rc = CV_OK;
    if (s_has_row(self->born, &rc) || rc)
        return rc;
    rc = cv_db_begin(self->db);
    if (rc)
        return rc;
    cv_stmt_int(self->be_born, 1, now_ms);
    return s_settle(self, cv_stmt_run(self->be_born));
}

int dash_sessions_open(const char *path, int64_t now_ms, dash_sessions_t **ret_sessions, char *ret_error,
                       size_t error_size)
{
    const cv_db_options_t options = {.path = path,
                                     .application_id = APPLICATION_ID,
                                     .migrations = s_migrations,
                                     .migrations_n = 1,
                                     .cache_kib = CACHE_KIB};
    dash_sessions_t *self = calloc(1, sizeof(*self));
    if (!self)
        return CV_ENOMEM;
    int rc = cv_db_open(&options, &self->db, ret_error, error_size);
    if (!rc) {
        rc = s_prepare(self);
        if (!rc)
            rc = s_be_born(self, now_ms);
        if (rc)
            (void)snprintf(ret_error, error_size, "%s: %s", path, cv_db_error(self->db));
    }
    if (rc)
        dash_sessions_close(&self);
    else
        *ret_sessions = self;
    return rc;
}

void dash_sessions_close(dash_sessions_t **sessions)
{
    if (!*sessions)
        return;
    if ((*sessions)->db)
        cv_db_close(&(*sessions)->db);
    free(*sessions);
    *sessions = NULL;
}

static void s_hash(const char *text, uint8_t ret_hash[HASH])
{
    crypto_generichash(ret_hash, HASH, (const uint8_t *)text, strlen(text), NULL, 0);
}

int dash_sessions_look(dash_sessions_t *self, const char *link, const dash_pass_t *pass)
{
    uint8_t hash[HASH];
    int rc = CV_OK;
    s_hash(link, hash);
    cv_stmt_blob(self->used, 1, hash, HASH);
    if (s_has_row(self->used, &rc))
        return CV_ECONFLICT;
    cv_stmt_text(self->barred, 1, cv_str(pass->name));
    cv_stmt_int(self->barred, 2, pass->made_ms);
    return !rc && s_has_row(self->barred, &rc) ? CV_EEXPIRED : rc;
}

static int s_begin(dash_sessions_t *self, const cv_seal_key_t *key, const char *link, const dash_pass_t *pass,
                   int64_t now_ms, const char *cookie)
{
    uint8_t link_hash[HASH], cookie_hash[HASH], proof[CV_SEAL_PROOF];
    int rc = dash_sessions_look(self, link, pass);
    if (rc)
        return rc;
    s_hash(link, link_hash);
    s_hash(cookie, cookie_hash);
    cv_seal_proof(key, proof);
    cv_stmt_int(self->forget, 1, now_ms - WEEK_MS);
    cv_stmt_int(self->unbar, 1, now_ms - 2 * WEEK_MS);
    cv_stmt_blob(self->begin, 1, link_hash, HASH);
    cv_stmt_blob(self->begin, 2, cookie_hash, HASH);
    cv_stmt_blob(self->begin, 3, proof, sizeof(proof));
    cv_stmt_text(self->begin, 4, cv_str(pass->name));
    cv_stmt_int(self->begin, 5, now_ms);
    cv_stmt_int(self->begin, 6, pass->until_ms);
    cv_stmt_blob(self->begin, 7, pass->whose, sizeof(pass->whose));
    rc = cv_stmt_run(self->forget);
    if (!rc)
        rc = cv_stmt_run(self->unbar);
    return rc ? rc : cv_stmt_run(self->begin);
}

int dash_sessions_begin(dash_sessions_t *self, const cv_seal_key_t *key, const char *link, const dash_pass_t *pass,
                        int64_t now_ms, char ret_cookie[DASH_COOKIE_TEXT])
{
    uint8_t octets[COOKIE];
    char cookie[DASH_COOKIE_TEXT];
    randombytes_buf(octets, sizeof(octets));
    sodium_bin2base64(cookie, sizeof(cookie), octets, sizeof(octets), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    int rc = cv_db_begin(self->db);
    if (!rc)
        rc = s_settle(self, s_begin(self, key, link, pass, now_ms, cookie));
    if (!rc)
        memcpy(ret_cookie, cookie, sizeof(cookie));
    return rc;
}

int dash_sessions_find(dash_sessions_t *self, const cv_seal_key_t *key, const char *cookie, int64_t now_ms,
                       dash_pass_t *ret_session)
{
    uint8_t hash[HASH], proof[CV_SEAL_PROOF];
    dash_pass_t found = {.made_ms = 0};
    if (strlen(cookie) != DASH_COOKIE_TEXT - 1)
        return CV_EDENIED;
    s_hash(cookie, hash);
    cv_seal_proof(key, proof);
    cv_stmt_blob(self->find, 1, hash, HASH);
    cv_stmt_blob(self->find, 2, proof, sizeof(proof));
    int row = cv_stmt_step(self->find);
    if (row <= 0)
        return row ? row : CV_EDENIED;
    int rc = cv_str_copy(cv_stmt_get_text(self->find, 0), found.name, sizeof(found.name));
    found.made_ms = cv_stmt_get_int(self->find, 1);
    found.until_ms = cv_stmt_get_int(self->find, 2);
    cv_str_t whose = cv_stmt_get_blob(self->find, 3);
    if (whose.len == sizeof(found.whose))
        memcpy(found.whose, whose.ptr, whose.len);
    else
        rc = CV_ECORRUPT;
    cv_stmt_reset(self->find);
    if (rc)
        return CV_ECORRUPT;
    *ret_session = found;
    return now_ms < found.until_ms ? CV_OK : CV_EEXPIRED;
}

int dash_sessions_end(dash_sessions_t *self, const char *cookie)
{
    uint8_t hash[HASH];
    s_hash(cookie, hash);
    int rc = cv_db_begin(self->db);
    if (rc)
        return rc;
    cv_stmt_blob(self->end, 1, hash, HASH);
    return s_settle(self, cv_stmt_run(self->end));
}

int dash_sessions_end_of(dash_sessions_t *self, const char *name, int64_t until_made_ms, int64_t now_ms, int *ret_ended)
{
    int ended = 0, rc = cv_db_begin(self->db);
    if (rc)
        return rc;
    cv_stmt_text(self->end_of, 1, cv_str(name));
    cv_stmt_int(self->end_of, 2, now_ms);
    rc = cv_stmt_run(self->end_of);
    ended = cv_db_changes(self->db);
    cv_stmt_text(self->bar, 1, cv_str(name));
    cv_stmt_int(self->bar, 2, until_made_ms > now_ms ? until_made_ms : now_ms);
    if (!rc)
        rc = cv_stmt_run(self->bar);
    rc = s_settle(self, rc);
    if (!rc)
        *ret_ended = ended;
    return rc;
}

int dash_sessions_list(dash_sessions_t *self, const cv_seal_key_t *key, int64_t now_ms, json_t **ret_list)
{
    uint8_t proof[CV_SEAL_PROOF];
    int row = 0, rc = CV_OK;
    json_t *list = json_array();
    cv_seal_proof(key, proof);
    cv_stmt_blob(self->list, 1, proof, sizeof(proof));
    cv_stmt_int(self->list, 2, now_ms);
    while (list && !rc && (row = cv_stmt_step(self->list)) > 0) {
        char begun[CV_TIME_TEXT + 1], until[CV_TIME_TEXT + 1];
        cv_str_t name = cv_stmt_get_text(self->list, 0);
        cv_time_text(cv_stmt_get_int(self->list, 1), begun);
        cv_time_text(cv_stmt_get_int(self->list, 2), until);
        if (json_array_append_new(
                list, json_pack("{s:s%, s:s, s:s}", "name", name.ptr, name.len, "begun", begun, "until", until)))
            rc = CV_ENOMEM;
    }
    if (rc)
        cv_stmt_reset(self->list);
    else
        rc = list ? row : CV_ENOMEM;
    if (rc) {
        json_decref(list);
        return rc;
    }
    *ret_list = list;
    return CV_OK;
}
