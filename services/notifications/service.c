/* service: the definition of the notifications service, and what it tells others of its notices.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/config.h"
#include "notifications/clock.h"
#include "notifications/core.h"
#include "notifications/dispatch.h"
#include "notifications/escalate.h"
#include "notifications/opening.h"
#include "notifications/persons.h"
#include "notifications/ping.h"
#include "notifications/prefer.h"
#include "notifications/query_dispatch.h"
#include "notifications/reach.h"
#include "notifications/store_arrival.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char s_timer[] = "outbox", s_remind[] = "remind", s_escalate[] = "escalate", s_reasons[] = "reasons";

/* Set once, before the service is opened: service.h gives open() nothing but the database. */
static char s_outbox[NTF_OUTBOX_PATH_MAX] = "outbox";

int ntf_configure(const char *outbox_path)
{
    return cv_str_copy(cv_str(outbox_path), s_outbox, sizeof(s_outbox));
}

int ntf_decode(uint16_t number, cv_str_t data, cv_arena_t *arena, const void **ret_struct)
{
    const cv_msg_info_t *info = cv_msg_info_at(number);
    void *decoded = cv_arena_take(arena, info->size);
    if (!decoded)
        return CV_ENOMEM;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t at = 0;
    /* Texts are views into data, not into what msgpack allocates: the struct outlives it. */
    int rc = CV_EMALFORMED;
    if (data.ptr && msgpack_unpack_next(&unpacked, data.ptr, data.len, &at) == MSGPACK_UNPACK_SUCCESS && at == data.len)
        rc = info->decode(&unpacked.data, decoded, NULL) ? CV_EMALFORMED : CV_OK;
    msgpack_unpacked_destroy(&unpacked);
    if (!rc)
        *ret_struct = decoded;
    return rc;
}

int ntf_record_read(int kind, cv_str_t data, cv_arena_t *arena, ntf_said_record_t *ret_record)
{
    const void *read;
    uint16_t type = kind == NTF_DECISION    ? CV_MSG_REGISTRATION_DECIDED_V1
                    : kind == NTF_PROMOTION ? CV_MSG_REGISTRATION_PROMOTED_V1
                                            : CV_MSG_REGISTRATION_LAPSED_V1;
    int rc = ntf_decode(type, data, arena, &read);
    if (rc)
        return rc;
    ntf_said_record_t record = {.persons = NULL};
    if (kind == NTF_DECISION) {
        record.decided = read;
        record.persons = record.decided->persons;
        record.persons_n = record.decided->cls == CV_OUTCOME_CLASS_OK ? record.decided->persons_n : 0;
    } else if (kind == NTF_PROMOTION) {
        record.promoted = read;
        record.persons = record.promoted->persons;
        record.persons_n = record.promoted->persons_n;
    } else {
        record.lapsed = read;
        record.persons = record.lapsed->persons;
        record.persons_n = record.lapsed->persons_n;
    }
    *ret_record = record;
    return CV_OK;
}

static int s_configure(const struct cv_config *config, char *ret_error, size_t error_size)
{
    if (!ntf_configure(cv_config_of(config, "notifications", "outbox")))
        return ntf_post_configure(config, ret_error, error_size);
    snprintf(ret_error, error_size, "notifications/outbox: the path is longer than %d octets", NTF_OUTBOX_PATH_MAX - 1);
    return CV_EINVAL;
}

void ntf_stir(ntf_t *ntf)
{
    ntf->news = ntf->work = ntf->fresh = true;
    if (ntf->post)
        ntf_post_stir(ntf->post);
}

static void s_forget(void *self)
{
    ntf_t *ntf = self;
    ntf_stir(ntf);
    ntf->scrub = true;
    ntf->timer_ms = 0;
    ntf->owed_ms = (ntf->post ? ntf_post_now_ms(ntf->post) : 0) + NTF_PAUSE_FIRST_MS;
    ntf->ahead = ntf->anew = ntf->watching = ntf->pinging = true;
}

static void s_close(void **self)
{
    ntf_t *ntf = *self;
    if (!ntf)
        return;
    if (ntf->post)
        ntf_post_drain(ntf); /* first: it waits for what is on its way */
    ntf_post_close(&ntf->post);
    if (ntf->store)
        ntf_store_close(&ntf->store);
    if (ntf->reminders)
        ntf_reminders_close(&ntf->reminders);
    if (ntf->audiences)
        ntf_audiences_close(&ntf->audiences);
    if (ntf->prefers)
        ntf_prefers_close(&ntf->prefers);
    if (ntf->arrivals)
        ntf_arrivals_close(&ntf->arrivals);
    if (ntf->reaches)
        ntf_reaches_close(&ntf->reaches);
    if (ntf->movings)
        ntf_movings_close(&ntf->movings);
    if (ntf->watches)
        ntf_watches_close(&ntf->watches);
    if (ntf->pings)
        ntf_pings_close(&ntf->pings);
    if (ntf->persons)
        ntf_persons_close(&ntf->persons);
    if (ntf->reasons)
        ntf_reasons_close(&ntf->reasons);
    if (ntf->arena)
        cv_arena_destroy(&ntf->arena);
    if (ntf->scratch)
        cv_arena_destroy(&ntf->scratch);
    free(ntf);
    *self = NULL;
}

static int s_open(cv_db_t *db, void **ret_self)
{
    ntf_t *ntf = calloc(1, sizeof(*ntf));
    if (!ntf)
        return CV_ENOMEM;
    ntf->arena = cv_arena_new(NTF_ARENA_MAX);
    ntf->scratch = cv_arena_new(NTF_SCRATCH_MAX);
    int rc = ntf->arena && ntf->scratch ? ntf_store_open(db, &ntf->store) : CV_ENOMEM;
    if (!rc)
        rc = ntf_reminders_open(db, &ntf->reminders);
    if (!rc)
        rc = ntf_audiences_open(db, &ntf->audiences);
    if (!rc)
        rc = ntf_prefers_open(db, &ntf->prefers);
    if (!rc)
        rc = ntf_arrivals_open(db, &ntf->arrivals);
    if (!rc)
        rc = ntf_reaches_open(db, &ntf->reaches);
    if (!rc)
        rc = ntf_movings_open(db, &ntf->movings);
    if (!rc)
        rc = ntf_watches_open(db, &ntf->watches);
    if (!rc)
        rc = ntf_pings_open(db, &ntf->pings);
    if (!rc)
        rc = ntf_persons_open(db, &ntf->persons);
    if (!rc)
        rc = ntf_reasons_open(db, &ntf->reasons);
    if (!rc)
        rc = cv_str_copy(cv_str(s_outbox), ntf->outbox, sizeof(ntf->outbox));
    if (!rc)
        rc = ntf_post_open(db, &ntf->post);
    ntf->db = db;
    s_forget(ntf);
    void *self = ntf;
    if (rc)
        s_close(&self);
    else
        *ret_self = ntf;
    return rc;
}

static int s_wake_fd(void *self)
{
    const ntf_t *ntf = self;
    return ntf_post_fd(ntf->post);
}

static int64_t s_owes_ms(void *self)
{
    return ((const ntf_t *)self)->owed_ms;
}

static int s_snapshot_begin(void *self, cv_tx_t *tx, const char *stream)
{
    ntf_t *ntf = self;
    ntf_stir(ntf);
    int rc = ntf_store_forget(ntf->store, stream);
    if (!rc && strcmp(stream, "scheduling.events") == 0)
        rc = ntf_procedures_forget(ntf->reminders);
    if (!rc && strcmp(stream, "scheduling.events") == 0)
        rc = ntf_coordinators_forget(ntf->audiences);
    if (!rc && strcmp(stream, "registration.private") == 0) /* whom it does not have any more may have been erased */
        rc = ntf_reason_drop_all(ntf->reasons);
    if (!rc && strcmp(stream, "registration.private") == 0)
        rc = ntf_forget(ntf, tx, CV_STR_NONE, CV_STR_NONE);
    return rc;
}

/* The clock is not known yet: what is ahead is computed anew when the timer comes, at once. */
static int s_start(void *self, cv_tx_t *tx, char *ret_error, size_t error_size)
{
    ntf_t *ntf = self;
    int rc = ntf_post_start(ntf->post, ret_error, error_size);
    if (!rc)
        rc = ntf_address_forget(ntf->reaches);
    return rc ? rc : cv_tx_timer_set(tx, s_remind, CV_STR(""), 1);
}

/* Those that have ended go, and the timer is at the next. */
static int s_age_reasons(ntf_t *ntf, cv_tx_t *tx)
{
    bool any;
    int64_t next_ms;
    int rc = ntf_reason_age(ntf->reasons, cv_tx_now_ms(tx), &any, &next_ms);
    if (!rc && any)
        rc = cv_tx_scrub(tx, false);
    return rc || next_ms == 0 ? rc : cv_tx_timer_set(tx, s_reasons, CV_STR(""), next_ms);
}

static int s_timer_due(void *self, cv_tx_t *tx, const char *kind, cv_str_t key)
{
    (void)key;
    ntf_t *ntf = self;
    if (ntf->began.at_ms == 0 || ntf->began.at_ms > cv_tx_now_ms(tx))
        ntf->began.at_ms = cv_tx_now_ms(tx); /* "remind" comes at once: s_start */
    if (strcmp(kind, s_remind) == 0) {
        int rc = ntf->anew ? ntf_clock_mend(ntf, tx) : CV_OK;
        if (!rc && ntf->anew)
            rc = ntf_remind_all(ntf, tx);
        if (!rc && ntf->anew) /* a clock that was ahead named too late an end */
            rc = s_age_reasons(ntf, tx);
        if (!rc)
            rc = ntf_remind_due(ntf, tx);
        if (!rc)
            ntf->anew = false;
        return rc;
    }
    if (strcmp(kind, s_escalate) == 0)
        return ntf_escalate_due(ntf, tx);
    if (strcmp(kind, "ping") == 0)
        return ntf_ping_due(ntf, tx);
    if (strcmp(kind, "opening") == 0)
        return ntf_opening_due(ntf, tx);
    if (strcmp(kind, s_reasons) == 0)
        return s_age_reasons(ntf, tx);
    ntf->news = ntf->work = true;
    ntf->timer_ms = 0;
    return CV_OK;
}

/* Tells of arrivals that are not in the stream yet, at most NTF_ANNOUNCE_MAX. */
static int s_announce(ntf_t *ntf, cv_tx_t *tx, bool *ret_more)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_delivery_t *rows = cv_arena_take(arena, NTF_ANNOUNCE_MAX * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    size_t n = 0;
    int rc = ntf_store_unannounced(ntf->store, arena, NTF_ANNOUNCE_MAX, rows, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        cv_notifications_notice_v1_t notice;
        cv_str_t subject;
        rc = ntf_notice_of(ntf, &rows[i], arena, &notice, &subject);
        if (!rc)
            rc = cv_tx_emit(tx, 0, CV_MSG_NOTIFICATIONS_NOTICE_V1, subject, &notice, NULL);
        if (!rc)
            rc = ntf_store_announced(ntf->store, rows[i].n, rows[i].arrival);
    }
    *ret_more = n == NTF_ANNOUNCE_MAX;
    return rc;
}

/* Keeps the invariant that the timer is set while something remains to be tried or told. */
static int s_set_timer(ntf_t *ntf, cv_tx_t *tx, bool more)
{
    int64_t now_ms = cv_tx_now_ms(tx), due_ms = 0;
    bool waiting = false;
    int rc = ntf_next_due(ntf, now_ms, &due_ms, &waiting);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    waiting = waiting || ntf->scrub;
    bool wanted = rc == CV_OK;
    if (wanted && due_ms < now_ms + NTF_SETTLE_MS)
        due_ms = now_ms + NTF_SETTLE_MS;
    if (wanted && due_ms < ntf->outbox_not_before_ms)
        due_ms = ntf->outbox_not_before_ms;
    /* What the contact data of this very transaction lets go goes right after it; what waits on is looked at now and
     * then. */
    int64_t look_ms = now_ms + (ntf->fresh ? NTF_SETTLE_MS : NTF_WAITING_MS);
    if (waiting && (!wanted || due_ms > look_ms))
        due_ms = look_ms;
    if (more)
        due_ms = now_ms;
    if (!(wanted || waiting || more) || (ntf->timer_ms && ntf->timer_ms <= due_ms))
        return CV_OK;
    rc = cv_tx_timer_set(tx, s_timer, CV_STR(""), due_ms);
    if (!rc)
        ntf->timer_ms = due_ms;
    return rc;
}

static int s_flush(void *self, cv_tx_t *tx)
{
    ntf_t *ntf = self;
    ntf_escalate_caught_up(ntf, tx);
    int rc = ntf->ahead ? ntf_remind_timer(ntf, tx) : CV_OK;
    if (!rc && ntf->watching)
        rc = ntf_escalate_timer(ntf, tx);
    if (!rc && ntf->pinging)
        rc = ntf_ping_timer(ntf, tx);
    bool is_new = false;
    if (!rc && ntf->fresh)
        rc = ntf_reason_is_new(ntf->reasons, &is_new);
    if (!rc && is_new)
        rc = s_age_reasons(ntf, tx);
    if (rc || !ntf->news)
        return rc;
    bool more = false, more_contacts = false;
    rc = s_announce(ntf, tx, &more);
    if (!rc)
        rc = ntf_persons_left(ntf, tx);
    if (!rc)
        rc = ntf_reach_tell(ntf, tx, &more_contacts);
    more = more || more_contacts;
    if (!rc)
        rc = s_set_timer(ntf, tx, more);
    if (rc)
        return rc;
    ntf->news = more;
    ntf->owed_ms = 0; /* more: the timer brings it */
    ntf->fresh = false;
    return CV_OK;
}

static const cv_stream_def_t s_streams[] = {{.name = "notifications.events"}};

/* A record that cannot be told of must not keep others from being told: it is set aside, visibly. */
static const cv_follow_def_t s_follows[] = {
    {.service = "scheduling", .stream = "scheduling.events", .park_poison = true},
    {.service = "registration", .stream = "registration.events", .park_poison = true},
    {.service = "registration", .stream = "registration.private", .park_poison = true},
};

static const char *const s_migrations[] = {
    ntf_tables_1,       ntf_tables_2,        ntf_tables_3,        ntf_tables_content,  ntf_tables_dispatch,
    ntf_tables_arrival, ntf_tables_prefer,   ntf_tables_reach,    ntf_tables_escalate, ntf_tables_ping,
    ntf_tables_reach_2, ntf_tables_report,   ntf_tables_audience, ntf_tables_persons,  ntf_tables_offers,
    ntf_tables_reason,  ntf_tables_language, ntf_tables_watch_2,  ntf_tables_named,    ntf_tables_salt,
    ntf_tables_waiting, ntf_tables_head,     ntf_tables_leaves,   ntf_tables_moved,    ntf_tables_ended};

const cv_service_def_t ntf_service = {
    .name = "notifications",
    .application_id = 0x43764e74, /* "CvNt" */
    .migrations = s_migrations,
    .migrations_n = sizeof(s_migrations) / sizeof(s_migrations[0]),
    .streams = s_streams,
    .streams_n = sizeof(s_streams) / sizeof(s_streams[0]),
    .follows = s_follows,
    .follows_n = sizeof(s_follows) / sizeof(s_follows[0]),
    .configure = s_configure,
    .open = s_open,
    .close = s_close,
    .start = s_start,
    .request = ntf_request,
    .record = ntf_record,
    .snapshot_begin = s_snapshot_begin,
    .timer = s_timer_due,
    .flush = s_flush,
    .forget = s_forget,
    .snapshot = ntf_snapshot,
    .query = ntf_query,
    .trace = ntf_query_trace,
    .afterwards = ntf_afterwards,
    .wake_fd = s_wake_fd,
    .owes_ms = s_owes_ms,
};
