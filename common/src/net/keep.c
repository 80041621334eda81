/* keep: see keep.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/keep.h"

#include <stdlib.h>

static const char *const migrations[] = {
    "CREATE TABLE own(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    "CREATE TABLE request(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, service TEXT NOT NULL,"
    " deadline_ms INTEGER NOT NULL, message BLOB NOT NULL) STRICT;",
};

enum { APPLICATION_ID = 0x43564b50 /* "CVKP" */, CACHE_KIB = 2048 };

struct cv_keep {
    cv_db_t *db;
    cv_stmt_t *own_get, *own_put, *put, *drop, *all;
    bool in_batch; /* a transaction with drops is open */
};

int cv_keep_open(const char *path, cv_keep_t **ret_keep, char *ret_error, size_t error_size)
{
    cv_keep_t *self = calloc(1, sizeof *self);
    if (!self)
        return CV_ENOMEM;
    cv_db_options_t options = {.path = path,
                               .application_id = APPLICATION_ID,
                               .migrations = migrations,
                               .migrations_n = 1,
                               .cache_kib = CACHE_KIB};
    int rc = cv_db_open(&options, &self->db, ret_error, error_size);
    if (rc == CV_OK)
        rc = cv_db_prepare(self->db, "SELECT value FROM own WHERE name = ?1", &self->own_get);
    if (rc == CV_OK)
        rc = cv_db_prepare(self->db, "INSERT INTO own(name, value) VALUES (?1, ?2)", &self->own_put);
    if (rc == CV_OK)
        rc = cv_db_prepare(self->db, "INSERT INTO request(id, service, deadline_ms, message) VALUES (?1, ?2, ?3, ?4)",
                           &self->put);
    if (rc == CV_OK)
        rc = cv_db_prepare(self->db, "DELETE FROM request WHERE id = ?1", &self->drop);
    if (rc == CV_OK)
        rc = cv_db_prepare(self->db, "SELECT id, service, deadline_ms, message FROM request ORDER BY n", &self->all);
    if (rc != CV_OK) {
        cv_keep_close(&self);
        return rc;
    }
    *ret_keep = self;
    return CV_OK;
}

void cv_keep_close(cv_keep_t **keep)
{
    if (!*keep)
        return;
    if ((*keep)->db) {
        (void)cv_keep_flush(*keep);
        cv_db_close(&(*keep)->db);
    }
    free(*keep);
    *keep = NULL;
}

static int batch(cv_keep_t *self)
{
    if (self->in_batch)
        return CV_OK;
    int rc = cv_db_begin(self->db);
    self->in_batch = rc == CV_OK;
    return rc;
}

int cv_keep_flush(cv_keep_t *self)
{
    if (!self->in_batch)
        return CV_OK;
    self->in_batch = false;
    return cv_db_commit(self->db);
}

/* A failed write takes the open drops with it: those requests come back after a crash, and are answered again. */
static int end(cv_keep_t *self, int rc)
{
    if (rc == CV_OK)
        return cv_keep_flush(self);
    cv_db_rollback(self->db);
    self->in_batch = false;
    return rc;
}

int cv_keep_inbox(cv_keep_t *self, const char *fresh, char ret_inbox[CV_INBOX_LEN + 1])
{
    cv_stmt_text(self->own_get, 1, CV_STR("inbox"));
    int rc = cv_stmt_step(self->own_get);
    if (rc < 0)
        return rc;
    if (rc == 1) {
        rc = cv_str_copy(cv_stmt_get_text(self->own_get, 0), ret_inbox, CV_INBOX_LEN + 1);
        cv_stmt_reset(self->own_get);
        return rc;
    }
    rc = batch(self);
    if (rc != CV_OK)
        return rc;
    cv_stmt_text(self->own_put, 1, CV_STR("inbox"));
    cv_stmt_text(self->own_put, 2, cv_str(fresh));
    rc = end(self, cv_stmt_run(self->own_put));
    return rc == CV_OK ? cv_str_copy(cv_str(fresh), ret_inbox, CV_INBOX_LEN + 1) : rc;
}

int cv_keep_put(cv_keep_t *self, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message)
{
    int rc = batch(self);
    if (rc != CV_OK)
        return rc;
    cv_stmt_text(self->put, 1, id);
    cv_stmt_text(self->put, 2, service);
    cv_stmt_int(self->put, 3, deadline_ms);
    cv_stmt_blob(self->put, 4, message.ptr, message.len);
    return end(self, cv_stmt_run(self->put));
}

int cv_keep_drop(cv_keep_t *self, cv_str_t id)
{
    int rc = batch(self);
    if (rc != CV_OK)
        return rc;
    cv_stmt_text(self->drop, 1, id);
    rc = cv_stmt_run(self->drop);
    return rc == CV_OK ? CV_OK : end(self, rc);
}

int cv_keep_each(cv_keep_t *self,
                 int (*each)(void *arg, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message),
                 void *arg)
{
    int rc;
    while ((rc = cv_stmt_step(self->all)) == 1) {
        rc = each(arg, cv_stmt_get_text(self->all, 0), cv_stmt_get_text(self->all, 1), cv_stmt_get_int(self->all, 2),
                  cv_stmt_get_blob(self->all, 3));
        if (rc != CV_OK) {
            cv_stmt_reset(self->all);
            return rc;
        }
    }
    return rc;
}
