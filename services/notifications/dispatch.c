/* dispatch: notices leave for addresses of others, by e-mail and webhook, however these fare.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/dispatch.h"

#include "convene/config.h"
#include "convene/log.h"
#include "notifications/escalate.h"
#include "notifications/moved.h"
#include "notifications/persons.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { ARENA_MAX = 64 * 1024 * 1024 };

struct ntf_post {
    cv_db_t *db;
    ntf_dispatches_t *store;
    ntf_courier_t *courier; /* from the first attempt on */
    cv_arena_t *arena;
    int epoll_fd, timer_fd;
    cv_seal_key_t key;
    bool has_key;

    bool is_recovered; /* what the process before had on its way is back in its queue */
    bool went_back;    /* the clock did, and what waits does not know yet */
    bool stir;         /* there may be something due that nobody has looked at */
    int64_t next_ms;   /* when something is due next; 0: nothing */
    int64_t
        paced_ms; /* in the transaction at hand: when a destination has room or a turn again; 0: none waits for that */
    int64_t retry_ms; /* no transaction before: the last one failed */
    int64_t now_ms;   /* of the last turn */
    ntf_destinations_t *destinations;
    bool is_news; /* something was delivered or died in the transaction at hand */
    int64_t attempts[NTF_CHANNELS][CV_DELIVERY_RESULT_MAX + 1];
    ntf_job_t *ended[NTF_JOBS_MAX], *leased[NTF_JOBS_MAX]; /* whose end is not committed; that are to be given */
    size_t ended_n, leased_n;
};

int ntf_post_open(cv_db_t *db, ntf_post_t **ret_post)
{
    ntf_post_t *post = calloc(1, sizeof(*post));
    if (!post)
        return CV_ENOMEM;
    *post = (ntf_post_t){.db = db, .epoll_fd = -1, .timer_fd = -1, .stir = true};
    post->arena = cv_arena_new(ARENA_MAX);
    post->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    post->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    const ntf_post_settings_t *settings = ntf_post_settings();
    int rc = post->arena ? ntf_destinations_new(&settings->ladder, settings->rate[NTF_EMAIL],
                                                settings->rate[NTF_WEBHOOK], &post->destinations)
                         : CV_ENOMEM;
    if (!rc &&
        (post->epoll_fd < 0 || post->timer_fd < 0 || epoll_ctl(post->epoll_fd, EPOLL_CTL_ADD, post->timer_fd, &event)))
        rc = CV_EUNAVAIL;
    if (!rc)
        rc = ntf_dispatches_open(db, &post->store);
    if (rc)
        ntf_post_close(&post);
    else
        *ret_post = post;
    return rc;
}

void ntf_post_stir(ntf_post_t *post)
{
    post->stir = true;
}

int ntf_post_fd(const ntf_post_t *post)
{
    return post->epoll_fd;
}

ntf_dispatches_t *ntf_post_store(ntf_post_t *post)
{
    return post->store;
}

const cv_seal_key_t *ntf_post_key(const ntf_post_t *post)
{
    return post->has_key ? &post->key : NULL;
}

int ntf_post_start(ntf_post_t *post, char *ret_error, size_t error_size)
{
    const char *path = ntf_post_settings()->key_path;
    char reason[CV_CONFIG_ERROR_MAX];
    bool any;
    uint8_t known[CV_SEAL_PROOF], proof[CV_SEAL_PROOF];
    if (!path[0])
        return CV_OK;
    int rc = ntf_webhook_key(post->store, &any, known);
    if (rc)
        return rc;
    rc = cv_seal_read(path, &post->key, reason, sizeof(reason));
    if (rc == CV_ENOTFOUND && any) {
        snprintf(
            ret_error, error_size,
            "notifications/webhook_key: %s is missing, and the secrets of the webhooks are made from it: put it back "
            "from where it is kept",
            path);
        return CV_EINVAL;
    }
    if (rc == CV_ENOTFOUND)
        rc = cv_seal_make(path, &post->key, reason, sizeof(reason));
    if (rc) {
        snprintf(ret_error, error_size, "notifications/webhook_key: %s", reason);
        return CV_EINVAL;
    }
    post->has_key = true;
    cv_seal_proof(&post->key, proof);
    if (any && memcmp(proof, known, sizeof(proof)) != 0) {
        snprintf(ret_error, error_size,
                 "notifications/webhook_key: %s is not the key that the webhooks' secrets were made from; put that one "
                 "there",
                 path);
        return CV_EINVAL;
    }
    return memcmp(proof, known, sizeof(proof)) == 0 ? CV_OK : ntf_webhook_key_put(post->store, proof);
}

/* ---- destinations ------------------------------------------------------------------------- */

static ntf_target_t s_target(const ntf_job_t *job)
{
    return (ntf_target_t){.dispatch = job->dispatch,
                          .is_mail = job->is_mail,
                          .has_failed = job->failures > 0,
                          .host = job->host,
                          .address = cv_str(job->address)};
}

/* Paths may be secret: the log has the host, and of an address a dispatch that says more to whoever may see it. */
static void s_log_breakers(const ntf_job_t *job, ntf_breakers_t changed)
{
    const char *reason = cv_delivery_result_text(job->end.result);
    if (changed.host_opened || changed.host_closed)
        cv_log(changed.host_opened ? CV_LOG_WARN : CV_LOG_INFO,
               changed.host_opened ? "destination_left_alone" : "destination_goes_on",
               cv_kv_text("destination", job->host), cv_kv_text("reason", reason));
    if (changed.address_opened || changed.address_closed)
        cv_log(changed.address_opened ? CV_LOG_WARN : CV_LOG_INFO,
               changed.address_opened ? "destination_left_alone" : "destination_goes_on",
               cv_kv_text("destination", job->host), cv_kv_int("address_of_dispatch", job->dispatch),
               cv_kv_text("reason", reason));
}

/* ---- ends --------------------------------------------------------------------------------- */

/* Takes back what has ended. */
static void s_take(ntf_post_t *post, int64_t now_ms)
{
    ntf_job_t *job;
    while (post->courier && post->ended_n < NTF_JOBS_MAX && (job = ntf_courier_take(post->courier))) {
        ntf_target_t target = s_target(job);
        s_log_breakers(job, ntf_destination_end(post->destinations, &target, &job->end, now_ms));
        post->attempts[job->is_mail ? NTF_EMAIL : NTF_WEBHOOK][job->end.result]++;
        post->ended[post->ended_n++] = job;
    }
}

ntf_post_counts_t ntf_post_counts(const ntf_post_t *post)
{
    ntf_post_counts_t counts = {.left_alone = ntf_destinations_left_alone(post->destinations)};
    memcpy(counts.attempts, post->attempts, sizeof(counts.attempts));
    return counts;
}

int64_t ntf_post_now_ms(const ntf_post_t *post)
{
    return post->now_ms;
}

static void s_log_dead(const ntf_job_t *job, cv_delivery_result_t result)
{
    cv_log(CV_LOG_WARN, "dispatch_dead", cv_kv_int("dispatch", job->dispatch),
           cv_kv_text("channel", job->is_mail ? "email" : "webhook"),
           cv_kv_text("reason", cv_delivery_result_text(result)), cv_kv_int("code", job->code));
}

/* Whether a failure counts: not if the webhook has another address by now, or was taken away meanwhile, of which the next
 * lease makes what it must, at once; nor if the mail is for another address. A webhook that answered 410 is off. */
static int s_counts(ntf_t *ntf, const ntf_job_t *job, int64_t now_ms, bool *ret_counts)
{
    ntf_post_t *post = ntf->post;
    ntf_dispatch_t dispatch;
    ntf_webhook_t webhook;
    bool is_moved = false;
    if (job->is_mail) {
        int moved_rc = ntf_moved_meanwhile(ntf, job->dispatch, &is_moved);
        *ret_counts = !is_moved;
        return moved_rc;
    }
    int rc = ntf_dispatch_get(post->store, job->dispatch, post->arena, &dispatch);
    if (!rc)
        rc = ntf_webhook_of(post->store, dispatch.webhook, post->arena, &webhook);
    *ret_counts = !rc && cv_str_is(webhook.url, job->address);
    if (rc == CV_ENOTFOUND)
        return CV_OK;
    bool is_gone = !rc && *ret_counts && job->end.result == CV_DELIVERY_RESULT_GONE;
    return is_gone ? ntf_webhook_gone(post->store, webhook.origin.number, now_ms) : rc;
}

/* Its webhook is off, and its queue is dead: what went by it alone is mailed. */
static int s_gone(ntf_t *ntf, const ntf_job_t *job)
{
    ntf_dispatch_t dispatch;
    int rc = ntf_dispatch_get(ntf->post->store, job->dispatch, ntf->post->arena, &dispatch);
    ntf->work = true;
    return rc ? rc : ntf_webhook_lost(ntf->prefers, dispatch.party);
}

static int s_end_one(ntf_t *ntf, const ntf_job_t *job, int64_t now_ms)
{
    ntf_post_t *post = ntf->post;
    ntf_dispatch_end_t end = {.number = job->dispatch,
                              .result = job->end.result,
                              .at_ms = now_ms,
                              .code = job->code,
                              .text = job->reply[0] ? cv_str(job->reply) : CV_STR_NONE};
    bool counts = true;
    int rc = CV_OK;
    end.state = job->end.result == CV_DELIVERY_RESULT_DELIVERED ? NTF_DELIVERED
                : job->end.is_final                             ? NTF_DEAD
                                                                : NTF_WAITS;
    end.is_failure = end.state != NTF_DELIVERED;
    if (end.state == NTF_WAITS) {
        end.next_ms = ntf_retry_at(&ntf_post_settings()->ladder, job->dispatch, job->failures + 1, job->first_ms,
                                   now_ms, job->end.later_ms);
        if (end.next_ms == 0)
            end.state = NTF_DEAD;
    }
    if (end.is_failure)
        rc = s_counts(ntf, job, now_ms, &counts);
    if (!counts) {
        end.state = NTF_WAITS;
        end.next_ms = now_ms;
        end.is_failure = false;
    }
    if (!rc)
        rc = ntf_dispatch_end(post->store, &end);
    if (!rc && !counts && job->is_mail)
        rc = ntf_moved_back(ntf, job->dispatch);
    if (!rc && counts && !job->is_mail && end.result == CV_DELIVERY_RESULT_GONE)
        rc = s_gone(ntf, job);
    post->is_news = post->is_news || end.state != NTF_WAITS;
    if (!rc && end.state == NTF_DEAD)
        s_log_dead(job, end.result);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* ---- leases ------------------------------------------------------------------------------- */

/* It cannot be attempted now: by the ladder again, or dead. */
static int s_not_now(ntf_post_t *post, const ntf_dispatch_t *dispatch, cv_delivery_result_t reason, bool is_final,
                     int64_t now_ms)
{
    int64_t first_ms = dispatch->first_ms ? dispatch->first_ms : now_ms;
    int64_t next_ms = is_final ? 0
                               : ntf_retry_at(&ntf_post_settings()->ladder, dispatch->number, dispatch->failures + 1,
                                              first_ms, now_ms, 0);
    ntf_dispatch_end_t end = {.number = dispatch->number,
                              .state = next_ms ? NTF_WAITS : NTF_DEAD,
                              .result = reason,
                              .at_ms = now_ms,
                              .next_ms = next_ms,
                              .is_failure = true};
    int rc = ntf_dispatch_end(post->store, &end);
    post->is_news = post->is_news || next_ms == 0;
    if (!rc && next_ms == 0)
        s_log_dead(&(ntf_job_t){.dispatch = dispatch->number, .is_mail = dispatch->channel == NTF_EMAIL}, reason);
    return rc;
}

/* What is to who had a person's number before: as it was composed, or not at all. CV_ENOTFOUND: it is not leased. */
static int s_leave_mail(ntf_t *ntf, ntf_post_t *post, const ntf_dispatch_t *dispatch, bool is_stopped, int64_t now_ms)
{
    bool is_gone = false;
    if (dispatch->body.ptr && !is_stopped)
        return CV_OK;
    int rc = dispatch->body.ptr ? CV_OK : ntf_persons_gone(ntf, dispatch, &is_gone);
    if (!rc)
        rc = s_not_now(post, dispatch, is_gone ? CV_DELIVERY_RESULT_WITHDRAWN : CV_DELIVERY_RESULT_STOPPED, true,
                       now_ms);
    return rc ? rc : CV_ENOTFOUND;
}

/* CV_ENOTFOUND: it was not leased. */
static int s_lease_mail(ntf_t *ntf, ntf_post_t *post, ntf_dispatch_t *dispatch, ntf_job_t *job, int64_t now_ms)
{
    bool is_stopped = false, is_theirs = false;
    int whose_rc = ntf_address_stopped(ntf->reaches, dispatch->address, &is_stopped);
    if (!whose_rc)
        whose_rc = ntf_address_is_of(ntf->reaches, dispatch->event, dispatch->party, dispatch->person,
                                     dispatch->address, &is_theirs);
    bool is_last = ntf_is_to_leaver(dispatch->place);
    if (!whose_rc && is_last)
        whose_rc = s_leave_mail(ntf, post, dispatch, is_stopped, now_ms);
    if (whose_rc)
        return whose_rc;
    /* What was composed had to be forgotten, or is for somebody else or another address now. */
    if (!is_last && (!dispatch->body.ptr || is_stopped || !is_theirs)) {
        ntf_delivery_t row;
        int rc = ntf_store_delivery_get(ntf->store, dispatch->n, ntf->arena, &row);
        bool has_data = !rc && (row.data.ptr || row.kind == NTF_EVENT_CHANGE || row.kind == NTF_CONTACT_PING);
        if (!rc)
            rc = has_data ? ntf_escalate_spares(ntf, &row) : CV_EINVAL;
        if (!rc)
            rc = ntf_compose(ntf, &row);
        if (rc == CV_ENOMEM || rc == CV_EIO || rc == CV_ECORRUPT)
            return rc;
        bool is_gone = false;
        int gone_rc = rc == CV_ENOTFOUND ? ntf_persons_gone(ntf, dispatch, &is_gone) : CV_OK;
        if (gone_rc)
            return gone_rc;
        if (is_gone) {
            rc = s_not_now(post, dispatch, CV_DELIVERY_RESULT_WITHDRAWN, true, now_ms);
            return rc ? rc : CV_ENOTFOUND;
        }
        if (rc) {
            rc = s_not_now(post, dispatch,
                           rc > 0 ? CV_DELIVERY_RESULT_WAITING
                           : rc == CV_ENOTFOUND
                               ? is_stopped ? CV_DELIVERY_RESULT_STOPPED : CV_DELIVERY_RESULT_NO_RECIPIENT
                               : CV_DELIVERY_RESULT_UNUSABLE,
                           rc < 0 && (rc != CV_ENOTFOUND || is_stopped), now_ms);
            return rc ? rc : CV_ENOTFOUND;
        }
        dispatch->body = row.mail;
        dispatch->address = row.to;
    }
    return cv_str_copy(dispatch->address, job->address, sizeof(job->address)) ||
                   cv_buf_put(&job->body, dispatch->body.ptr, dispatch->body.len)
               ? CV_ENOMEM
               : CV_OK;
}

static int s_lease_webhook(ntf_t *ntf, ntf_post_t *post, const ntf_dispatch_t *dispatch, ntf_job_t *job, int64_t now_ms)
{
    ntf_webhook_t webhook;
    int rc = ntf_webhook_of(post->store, dispatch->webhook, post->arena, &webhook);
    bool is_away = rc == CV_ENOTFOUND;
    if (is_away || (!rc && !webhook.is_on)) {
        rc = s_not_now(post, dispatch, is_away ? CV_DELIVERY_RESULT_WITHDRAWN : CV_DELIVERY_RESULT_GONE, true, now_ms);
        if (!rc) /* it was on its way elsewhere when that was taken away, or went off: nobody has it */
            rc = ntf_webhook_lost_one(ntf->prefers, dispatch->n);
        ntf->work = true;
        return rc ? rc : CV_ENOTFOUND;
    }
    if (rc || !post->has_key)
        return rc ? rc : CV_EUNAVAIL;
    ntf_webhook_derive(&post->key, &webhook.origin, webhook.generation, &job->secrets[job->secrets_n++]);
    if (webhook.generation > 1 && webhook.overlap_ms > now_ms)
        ntf_webhook_derive(&post->key, &webhook.origin, webhook.generation - 1, &job->secrets[job->secrets_n++]);
    rc = cv_str_copy(dispatch->address, job->address, sizeof(job->address));
    if (!rc)
        rc = cv_str_copy(dispatch->notice, job->id, sizeof(job->id));
    for (char *at = job->id; *at; at++) {
        if (*at == '.')
            *at = ':';
    }
    cv_str_t kind = cv_str(cv_notice_kind_text(ntf_notice_kind(dispatch->kind)));
    if (!rc)
        rc = ntf_webhook_body(kind, dispatch->notice, dispatch->cause, dispatch->event, dispatch->party,
                              dispatch->time_ms, &job->body);
    return rc ? CV_ENOMEM : CV_OK;
}

static int s_lease_one(ntf_t *ntf, ntf_post_t *post, ntf_dispatch_t *dispatch, const char *host, int64_t now_ms)
{
    bool is_mail = dispatch->channel == NTF_EMAIL;
    ntf_job_t *job = ntf_job_new(is_mail ? NTF_MAIL_MAX : NTF_WEBHOOK_BODY_MAX);
    if (!job)
        return CV_ENOMEM;
    job->dispatch = dispatch->number;
    job->is_mail = is_mail;
    job->failures = dispatch->failures;
    job->first_ms = dispatch->first_ms ? dispatch->first_ms : now_ms;
    snprintf(job->host, sizeof(job->host), "%s", host);
    int rc =
        is_mail ? s_lease_mail(ntf, post, dispatch, job, now_ms) : s_lease_webhook(ntf, post, dispatch, job, now_ms);
    if (!rc)
        rc = ntf_dispatch_lease(post->store, dispatch, now_ms);
    if (rc) {
        ntf_job_free(&job);
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    }
    ntf_target_t target = s_target(job);
    ntf_destination_begin(post->destinations, &target, now_ms);
    post->leased[post->leased_n++] = job;
    return CV_OK;
}

static int s_look_at(ntf_t *ntf, ntf_post_t *post, ntf_dispatch_t *dispatch, int64_t now_ms)
{
    bool is_mail = dispatch->channel == NTF_EMAIL;
    char name[NTF_HOST_MAX + 1] = "smtp";
    if (!is_mail)
        ntf_webhook_host(dispatch->address, name);
    if (post->leased_n + post->ended_n + NTF_ROOM_MAIL + NTF_ROOM_ALL >= NTF_JOBS_MAX)
        return CV_OK;
    ntf_target_t target = {.dispatch = dispatch->number,
                           .is_mail = is_mail,
                           .has_failed = dispatch->failures > 0,
                           .host = name,
                           .address = dispatch->address};
    int64_t at_ms;
    ntf_leave_t leave = ntf_destination_ask(post->destinations, &target, now_ms, &at_ms);
    if (leave == NTF_LEFT)
        return ntf_dispatch_put_off(post->store, dispatch->number, at_ms);
    if (leave == NTF_WAIT) {
        if (at_ms && (post->paced_ms == 0 || at_ms < post->paced_ms))
            post->paced_ms = at_ms;
        return CV_OK;
    }
    size_t leased_n = post->leased_n;
    int rc = s_lease_one(ntf, post, dispatch, name, now_ms);
    if (post->leased_n == leased_n)
        post->paced_ms = now_ms; /* what does not leave takes nobody's turn, and who is behind it need not wait */
    return rc;
}

static int s_lease_channel(ntf_t *ntf, ntf_post_t *post, int channel, int64_t now_ms)
{
    int64_t after_ms = -1, after_number = 0;
    ntf_dispatch_t *rows = cv_arena_take(post->arena, NTF_DUE_PAGE * sizeof(*rows));
    size_t n = NTF_DUE_PAGE;
    int rc = rows ? CV_OK : CV_ENOMEM;
    for (int page = 0; !rc && page < NTF_DUE_PAGES && n == NTF_DUE_PAGE; page++) {
        rc =
            ntf_dispatch_due(post->store, channel, now_ms, after_ms, after_number, post->arena, NTF_DUE_PAGE, rows, &n);
        for (size_t i = 0; !rc && i < n; i++) {
            after_ms = rows[i].next_ms;
            after_number = rows[i].number;
            rc = s_look_at(ntf, post, &rows[i], now_ms);
        }
        /* The mail server is one destination: once it has all it takes, the rest need not be looked at. */
        if (channel == NTF_EMAIL && !ntf_destinations_mail_has_room(post->destinations, now_ms))
            break;
    }
    return rc;
}

/* ---- turns -------------------------------------------------------------------------------- */

static int s_transaction(ntf_t *ntf, ntf_post_t *post, int64_t now_ms, int64_t *ret_next_ms)
{
    static const int channels[] = {NTF_EMAIL, NTF_WEBHOOK};
    int64_t next_ms = 0, due_ms;
    post->paced_ms = 0;
    int rc = post->is_recovered ? CV_OK : ntf_moved_recover(ntf);
    if (!rc && (!post->is_recovered || post->went_back)) /* it may have been while there was no process */
        rc = ntf_dispatches_set_back(post->store, now_ms, NTF_STEP_MS,
                                     ntf_retry_longest_ms(&ntf_post_settings()->ladder));
    for (size_t i = 0; !rc && i < post->ended_n; i++)
        rc = s_end_one(ntf, post->ended[i], now_ms);
    for (size_t i = 0; !rc && i < sizeof(channels) / sizeof(channels[0]); i++) {
        bool can = channels[i] == NTF_EMAIL ? ntf_post_has_mail() : post->has_key;
        if (!can)
            continue;
        rc = s_lease_channel(ntf, post, channels[i], now_ms);
        if (!rc)
            rc = ntf_dispatch_next_due(post->store, channels[i], now_ms, &due_ms);
        if (!rc && (next_ms == 0 || due_ms < next_ms))
            next_ms = due_ms;
        if (rc == CV_ENOTFOUND)
            rc = CV_OK;
    }
    if (post->paced_ms && (next_ms == 0 || post->paced_ms < next_ms))
        next_ms = post->paced_ms;
    if (!rc)
        *ret_next_ms = next_ms;
    return rc;
}

static int s_commit(ntf_t *ntf, ntf_post_t *post, cv_db_t *db, int64_t now_ms)
{
    cv_arena_reset(post->arena);
    cv_arena_reset(ntf->arena);
    int64_t next_ms = 0;
    post->is_news = false;
    int rc = cv_db_begin(db);
    if (rc)
        return rc;
    rc = s_transaction(ntf, post, now_ms, &next_ms);
    if (!rc)
        rc = cv_db_commit(db);
    else
        cv_db_rollback(db);
    if (rc) {
        for (; post->leased_n > 0; post->leased_n--) {
            ntf_target_t target = s_target(post->leased[post->leased_n - 1]);
            ntf_destination_abandon(post->destinations, &target);
            ntf_job_free(&post->leased[post->leased_n - 1]);
        }
        return rc;
    }
    for (; post->ended_n > 0; post->ended_n--)
        ntf_job_free(&post->ended[post->ended_n - 1]);
    post->next_ms = next_ms;
    post->is_recovered = true;
    post->went_back = false;
    if (post->is_news) {
        ntf->news = true;
        ntf->owed_ms = ntf->owed_ms ? ntf->owed_ms : now_ms + NTF_SETTLE_MS;
    }
    return CV_OK;
}

static int s_courier_start(ntf_post_t *post)
{
    struct epoll_event event = {.events = EPOLLIN};
    int rc = ntf_courier_start(&ntf_post_settings()->courier, &post->courier);
    if (!rc && epoll_ctl(post->epoll_fd, EPOLL_CTL_ADD, ntf_courier_fd(post->courier), &event)) {
        ntf_courier_destroy(&post->courier);
        rc = CV_EUNAVAIL;
    }
    return rc;
}

/* What the courier does not take ends here, and is tried again like any other. */
static void s_give(ntf_post_t *post)
{
    int rc = post->leased_n == 0 || post->courier ? CV_OK : s_courier_start(post);
    for (size_t i = 0; i < post->leased_n; i++) {
        ntf_job_t *job = post->leased[i];
        if (!rc && !ntf_courier_give(post->courier, job))
            continue;
        ntf_target_t target = s_target(job);
        job->end = (ntf_end_t){.result = CV_DELIVERY_RESULT_FAILED, .fault = NTF_FAULT_MESSAGE};
        ntf_destination_abandon(post->destinations, &target);
        post->ended[post->ended_n++] = job;
    }
    if (rc)
        cv_log(CV_LOG_ERROR, "no_courier", cv_kv_rc(rc));
    post->leased_n = 0;
}

/* Readable at the next due time. */
static void s_set_timer(const ntf_post_t *post, int64_t now_ms)
{
    int64_t at_ms = post->retry_ms ? post->retry_ms : post->next_ms;
    if (post->ended_n > 0 && !post->retry_ms)
        at_ms = now_ms + 1;
    int64_t wait_ms = at_ms == 0 ? 0 : at_ms > now_ms ? at_ms - now_ms : 1;
    struct itimerspec in = {
        .it_value = {.tv_sec = (time_t)(wait_ms / 1000), .tv_nsec = (long)(wait_ms % 1000) * 1000000}};
    (void)timerfd_settime(post->timer_fd, 0, &in, NULL);
}

/* Nothing waits for an instant that the clock named before. */
static void s_set_back(ntf_t *ntf, ntf_post_t *post, int64_t now_ms)
{
    cv_log(CV_LOG_WARN, "clock_went_back", cv_kv_int("ms", post->now_ms - now_ms));
    ntf_destinations_set_back(post->destinations, post->now_ms - now_ms);
    post->went_back = post->stir = true;
    post->retry_ms = 0;
    ntf->outbox_not_before_ms = 0;
    ntf->work = ntf->news = true;
    ntf->timer_ms = 0;
    ntf->ahead = ntf->anew = true; /* clock.h */
    ntf->owed_ms = now_ms + NTF_SETTLE_MS;
}

int ntf_post_turn(ntf_t *ntf, cv_db_t *db, int64_t now_ms)
{
    ntf_post_t *post = ntf->post;
    uint64_t expired;
    bool rang = read(post->timer_fd, &expired, sizeof(expired)) == (ssize_t)sizeof(expired);
    if (now_ms + NTF_STEP_MS < post->now_ms)
        s_set_back(ntf, post, now_ms);
    post->now_ms = now_ms;
    s_take(post, now_ms);
    bool is_due = post->next_ms != 0 && now_ms >= post->next_ms;
    if ((!post->stir && post->ended_n == 0 && !is_due) || now_ms < post->retry_ms) {
        if (rang) /* the wall clock is not where it was expected */
            s_set_timer(post, now_ms);
        return CV_OK;
    }
    int rc = s_commit(ntf, post, db, now_ms);
    if (rc)
        cv_log(CV_LOG_ERROR, "dispatches_interrupted", cv_kv_rc(rc), cv_kv_text("database", cv_db_error(db)));
    post->stir = rc != CV_OK;
    post->retry_ms = rc ? now_ms + NTF_PAUSE_STORE_MS : 0;
    s_give(post);
    s_set_timer(post, now_ms);
    return rc;
}

/* Ends that come while stopping are committed like others; nothing new is begun. */
void ntf_post_drain(ntf_t *ntf)
{
    ntf_post_t *post = ntf->post;
    int64_t now_ms = post->now_ms;
    if (!post->courier)
        return;
    ntf_courier_stop(post->courier);
    s_take(post, now_ms);
    cv_arena_reset(post->arena);
    cv_arena_reset(ntf->arena);
    int rc = post->ended_n > 0 ? cv_db_begin(post->db) : CV_OK;
    if (rc || post->ended_n == 0)
        return;
    for (size_t i = 0; !rc && i < post->ended_n; i++)
        rc = s_end_one(ntf, post->ended[i], now_ms);
    if (!rc)
        rc = cv_db_commit(post->db);
    else
        cv_db_rollback(post->db);
    if (rc)
        cv_log(CV_LOG_ERROR, "dispatches_interrupted", cv_kv_rc(rc));
}

void ntf_post_close(ntf_post_t **ref)
{
    ntf_post_t *post = *ref;
    if (!post)
        return;
    ntf_courier_destroy(&post->courier);
    for (; post->ended_n > 0; post->ended_n--)
        ntf_job_free(&post->ended[post->ended_n - 1]);
    if (post->store)
        ntf_dispatches_close(&post->store);
    if (post->arena)
        cv_arena_destroy(&post->arena);
    if (post->epoll_fd >= 0)
        close(post->epoll_fd);
    if (post->timer_fd >= 0)
        close(post->timer_fd);
    sodium_memzero(&post->key, sizeof(post->key));
    ntf_destinations_free(&post->destinations);
    free(post);
    *ref = NULL;
}
