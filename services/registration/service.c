/* service: registration as the engine sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/vault.h"
#include <stdlib.h>

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
    .configure = reg_configure,
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
};
