/* service: registration as the engine sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/config.h"
#include "registration/document.h"
#include "registration/vault.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCRATCH_MAX = 1024 * 1024 };

int reg_ready(reg_t *self)
{
    if (self->is_loaded)
        return CV_OK;
    int rc = reg_store_load(self->store, &self->book);
    if (rc)
        return rc;
    self->is_loaded = true;
    return CV_OK;
}

static void reg_close(void **self_)
{
    reg_t *self = *self_;

    if (!self)
        return;
    reg_book_clear(&self->book);
    if (self->store)
        reg_store_close(&self->store);
    cv_arena_destroy(&self->scratch);
    if (self->badges)
        reg_badges_close(&self->badges);
    if (self->documents)
        reg_documents_close(&self->documents);
    if (self->accesses)
        reg_accesses_close(&self->accesses);
    if (self->consents)
        reg_consents_close(&self->consents);
    reg_signers_wipe(&self->signers);
    free(self);
    *self_ = NULL;
}

static int reg_open(cv_db_t *db, void **ret_self)
{
    reg_t *self = calloc(1, sizeof *self);

    if (!self)
        return CV_ENOMEM;
    self->scratch = cv_arena_new(SCRATCH_MAX);
    int rc = self->scratch ? reg_store_open(db, &self->store) : CV_ENOMEM;
    if (!rc)
        rc = reg_badges_open(db, &self->badges);
    if (!rc)
        rc = reg_documents_open(db, &self->documents);
    if (!rc)
        rc = reg_accesses_open(db, &self->accesses);
    if (!rc)
        rc = reg_consents_open(db, &self->consents);
    if (!rc)
        rc = reg_signers_load(&self->signers);
    self->signers_used = true; /* perhaps by a process that died before it could look after it */
    if (!rc)
        rc = reg_ready(self);
    if (!rc)
        rc = reg_store_check(self->store, &self->book);
    if (rc) {
        void *gone = self;
        reg_close(&gone);
        return rc;
    }
    *ret_self = self;
    return CV_OK;
}

/* The file with the keys that sign badges is made when the database is opened; one that is there is looked at now,
 * while there is a place to say what is wrong with it. */
static int configure(const struct cv_config *config, char *ret_error, size_t error_size)
{
    char path[REG_KEY_PATH_MAX];
    reg_signers_t signers = {0};
    int rc = reg_configure(config, ret_error, error_size);

    if (rc)
        return rc;
    reg_access_days((int)cv_config_int(config, "registration/access_days"));
    reg_access_rows(cv_config_int(config, "registration/access_rows"));
    int n = snprintf(path, sizeof path, "%s/registration.badge-keys", cv_config_text(config, "data"));
    if (n >= (int)sizeof path || reg_signers_configure(path)) {
        snprintf(ret_error, error_size, "data: the path is longer than %d octets", REG_KEY_PATH_MAX - 32);
        return CV_EINVAL;
    }
    rc = access(path, F_OK) == 0 ? reg_signers_load(&signers) : CV_OK;
    reg_signers_wipe(&signers);
    if (rc)
        snprintf(ret_error, error_size,
                 "%s: cannot be read, or is not the file of keys that sign badges, or others than its owner can read "
                 "it (mode 0600 is right)",
                 path);
    return rc;
}

static int reg_afterwards(void *self, cv_db_t *db, int64_t now_ms, bool *ret_more)
{
    (void)db;
    (void)now_ms;
    *ret_more = false;
    return reg_badge_afterwards(self);
}

static int reg_flush(void *self_, cv_tx_t *tx)
{
    reg_t *self = self_;
    int rc = CV_OK;

    reg_store_begin(self->store, tx);
    if (self->settle)
        rc = reg_promote_all(self, tx, CV_PROMOTION_CAUSE_CAPACITY);
    if (rc)
        return rc;
    self->settle = false;
    self->promoted_n = 0;
    return reg_store_flush(self->store, &self->book);
}

static void reg_forget(void *self_)
{
    reg_t *self = self_;

    reg_book_clear(&self->book);
    reg_store_forget(self->store);
    self->is_loaded = false;
    self->settle = false;
    self->promoted_n = 0;
}

static const cv_stream_def_t streams[] = {
    [REG_STREAM_EVENTS] = {.name = "registration.events"},
    [REG_STREAM_PRIVATE] = {.name = "registration.private", .is_private = true},
};

/* A record of scheduling that cannot be applied halts: going on without it could give away seats that are not there. */
static const cv_follow_def_t follows[] = {
    {.service = "scheduling", .stream = "scheduling.events", .park_poison = false}};

const cv_service_def_t reg_service = {
    .name = "registration",
    .application_id = 0x43765267, /* "CvRg" */
    .migrations = reg_migrations,
    .migrations_n = REG_MIGRATIONS,
    .streams = streams,
    .streams_n = sizeof streams / sizeof *streams,
    .follows = follows,
    .follows_n = sizeof follows / sizeof *follows,
    .configure = configure,
    .open = reg_open,
    .start = reg_start,
    .reveal = reg_reveal,
    .close = reg_close,
    .request = reg_request,
    .record = reg_record,
    .snapshot_begin = reg_snapshot_begin,
    .timer = reg_timer,
    .flush = reg_flush,
    .forget = reg_forget,
    .snapshot = reg_snapshot,
    .query = reg_query,
    .trace = reg_access_trace,
    .afterwards = reg_afterwards,
};
