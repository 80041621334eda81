/* service: scheduling as the runner sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/handlers.h"
#include <stdio.h>
#include <stdlib.h>

static int open_service(cv_db_t *db, void **ret_self)
{
    sch_service_t *service = calloc(1, sizeof *service);
    if (!service)
        return CV_ENOMEM;
    int rc = sch_store_open(db, &service->store);
    if (rc)
        free(service);
    else
        *ret_self = service;
    return rc;
}

static void close_service(void **self)
{
    sch_service_t *service = *self;
    if (!service)
        return;
    sch_store_close(&service->store);
    free(service);
    *self = NULL;
}

/* Days that a database of an older version does not have; and clocks may have been set otherwise while it was down. */
static int start(void *self, cv_tx_t *tx, char *ret_error, size_t error_size)
{
    int rc = sch_days_fill(((sch_service_t *)self)->store, cv_tx_arena(tx));
    if (rc)
        (void)snprintf(ret_error, error_size, "cannot fill in the days of events: %s", cv_error_name(rc));
    return rc ? rc : sch_clocks_start(tx);
}

static int flush(void *self, cv_tx_t *tx)
{
    (void)self, (void)tx;
    return CV_OK;
}

static void forget(void *self)
{
    (void)self; /* nothing is kept in memory between inputs */
}

static const cv_stream_def_t STREAMS[] = {
    [SCH_STREAM_EVENTS] = {.name = "scheduling.events", .is_private = false},
};

static const cv_follow_def_t FOLLOWS[] = {
    {.service = "registration", .stream = SCH_FOLLOWED, .park_poison = false},
};

const cv_service_def_t sch_definition = {
    .name = "scheduling",
    .application_id = 0x43765363, /* "CvSc" */
    .migrations = sch_migrations,
    .migrations_n = SCH_MIGRATIONS_N,
    .streams = STREAMS,
    .streams_n = sizeof STREAMS / sizeof *STREAMS,
    .follows = FOLLOWS,
    .follows_n = sizeof FOLLOWS / sizeof *FOLLOWS,
    .open = open_service,
    .close = close_service,
    .start = start,
    .request = sch_request,
    .record = sch_record,
    .snapshot_begin = sch_snapshot_begin,
    .timer = sch_timer,
    .flush = flush,
    .forget = forget,
    .snapshot = sch_snapshot,
    .query = sch_query,
};
