/* query_dispatch: what can be asked of dispatches and webhooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/query_dispatch.h"

#include "notifications/dispatch.h"
#include "notifications/prefer.h"
#include "notifications/reach.h"
#include "notifications/store_arrival.h"

#include <sodium.h>
#include <string.h>

enum { DIGITS_MAX = 18, PER_NOTICE = 16 };
#define SEES_ALL (CV_ROLE_OPERATOR | CV_ROLE_SECRETARIAT | CV_ROLE_SERVICE)

static bool s_split(cv_str_t key, cv_str_t *ret_first, cv_str_t *ret_second)
{
    const char *slash = key.len ? memchr(key.ptr, '/', key.len) : NULL;
    *ret_first = slash ? (cv_str_t){key.ptr, (size_t)(slash - key.ptr)} : key;
    *ret_second = slash ? (cv_str_t){slash + 1, key.len - ret_first->len - 1} : CV_STR_NONE;
    return slash != NULL;
}

static int s_go_on(cv_arena_t *arena, cv_collect_t *collect, int64_t last)
{
    cv_str_t next = cv_arena_printf(arena, "%lld", (long long)last);
    if (!next.ptr)
        return CV_ENOMEM;
    cv_collect_next(collect, next);
    return CV_OK;
}

/* ---- dispatches --------------------------------------------------------------------------- */

/* Whether who asks may see addresses and replies of a party. */
static bool s_sees(const cv_principal_t *who, cv_str_t party)
{
    return (who->role & SEES_ALL) || ((who->role & CV_ROLE_FOCAL_POINT) && cv_str_is(party, who->party));
}

static cv_dispatch_state_t s_state(int state)
{
    static const cv_dispatch_state_t states[] = {
        [NTF_WAITS] = CV_DISPATCH_STATE_QUEUED,
        [NTF_SENDING] = CV_DISPATCH_STATE_SENDING,
        [NTF_DELIVERED] = CV_DISPATCH_STATE_DELIVERED,
        [NTF_DEAD] = CV_DISPATCH_STATE_DEAD,
    };
    return states[state];
}

/* The id of the digest that a notice is in; absent: none. */
static int s_digest(ntf_t *ntf, const ntf_delivery_t *row, cv_arena_t *arena, cv_str_t *ret_digest)
{
    char notice[NTF_ID_MAX + 1];
    *ret_digest = CV_STR_NONE;
    if (row->digest <= 0)
        return CV_OK;
    int rc = ntf_notice_at(ntf->prefers, row->digest, notice);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
    *ret_digest = cv_arena_str(arena, cv_str(notice));
    return ret_digest->ptr ? CV_OK : CV_ENOMEM;
}

/* What both kinds of rows say of their notice: of delivery n, with what it was made from, which lists leave out. */
static int s_say(ntf_t *ntf, cv_tx_t *tx, int64_t n, cv_notifications_dispatch_v1_t *data)
{
    ntf_delivery_t row;
    cv_arena_reset(ntf->arena); /* its message may be long */
    int rc = ntf_store_delivery_get(ntf->store, n, ntf->arena, &row);
    if (rc)
        return rc;
    data->has_made_ms = true;
    data->made_ms = row.time_ms;
    rc = ntf_headline_of(ntf, &row, cv_tx_arena(tx), &data->headline);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* of: the notice that it is asked for, where the row is the digest's that it is in; NULL: that of the row. */
static int s_put(ntf_t *ntf, cv_tx_t *tx, const ntf_dispatch_t *row, const ntf_delivery_t *of, cv_collect_t *collect)
{

    cv_arena_t *arena = cv_tx_arena(tx);
    bool sees = s_sees(cv_tx_principal(tx), row->party);
    cv_notifications_dispatch_v1_t *data = cv_arena_take(arena, sizeof(*data));
    cv_str_t event = of ? of->event : row->event;
    cv_str_t subject = cv_arena_printf(arena, "%.*s/%.*s", CV_STR_ARG(event), CV_STR_ARG(row->party));
    if (!data || !subject.ptr)
        return CV_ENOMEM;
    *data = (cv_notifications_dispatch_v1_t){
        .has_dispatch = true,
        .dispatch = row->number,
        .notice = of ? of->notice : row->notice,
        .digest = of ? row->notice : CV_STR_NONE,
        .kind = ntf_notice_kind(of ? of->kind : row->kind),
        .event = event,
        .party = row->party,
        .channel = row->channel == NTF_EMAIL ? CV_NOTICE_CHANNEL_EMAIL : CV_NOTICE_CHANNEL_WEBHOOK,
        .state = s_state(row->state),
        .address = sees && row->address.len ? row->address : CV_STR_NONE,
        .attempts = row->attempts,
        .has_next_ms = row->state == NTF_WAITS && row->next_ms > 0,
        .next_ms = row->next_ms,
        .has_done_ms = row->done_ms > 0,
        .done_ms = row->done_ms,
        .reason = row->reason,
    };
    int rc = s_say(ntf, tx, of ? of->n : row->n, data);
    if (!rc)
        rc = ntf_attempt_list(ntf_post_store(ntf->post), row->number, arena, data->log, &data->log_n);
    if (!rc)
        rc = ntf_bounce_list(ntf->reaches, row->number, arena, data->bounces, &data->bounces_n);
    for (size_t i = 0; !sees && i < data->log_n; i++)
        data->log[i].text = CV_STR_NONE;
    return rc ? rc
              : cv_collect_put(collect, CV_MSG_NOTIFICATIONS_DISPATCH_V1, subject, of ? of->time_ms : row->time_ms,
                               data);
}

/* When what waits for a digest or for the end of quiet hours leaves; a digest may wait for that end itself. */
static int s_until(ntf_t *ntf, const ntf_delivery_t *row, bool *ret_has, int64_t *ret_ms)
{
    int rc = ntf_wait_of(ntf->prefers, row->digest > 0 ? row->digest : row->n, ret_ms);
    *ret_has = rc == CV_OK;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* A notice in the outbox, or on its way to any channel, as if it were a dispatch: it has no number and no log of its own. */
static int s_put_outbox(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    cv_str_t subject = cv_arena_printf(arena, "%.*s/%.*s", CV_STR_ARG(row->event), CV_STR_ARG(row->party));
    cv_notifications_dispatch_v1_t *data = cv_arena_take(arena, sizeof(*data));
    if (!data || !subject.ptr)
        return CV_ENOMEM;
    cv_str_t digest;
    bool is_stopped = false, has_until = false;
    int64_t until_ms = 0;
    int rc = s_digest(ntf, row, arena, &digest);
    if (!rc && row->state == NTF_QUEUED)
        rc = s_until(ntf, row, &has_until, &until_ms);
    if (!rc && row->hold == NTF_HOLD_RECIPIENT && row->person)
        is_stopped = true; /* one who cannot be written to for another reason is not kept waiting: persons.h */
    else if (!rc && row->hold == NTF_HOLD_RECIPIENT)
        rc = ntf_contact_stopped(ntf->reaches, row->party, &is_stopped);
    if (rc)
        return rc;
    /* What waits leaves by the mail server, where there is one; what was written before there was stays a file. */
    bool is_mail =
        ntf_post_has_mail() && row->state != NTF_WRITTEN && row->state != NTF_FAILED && !ntf_is_to_leaver(row->place);
    *data = (cv_notifications_dispatch_v1_t){
        .notice = row->notice,
        .digest = digest,
        .kind = ntf_notice_kind(row->kind),
        .event = row->event,
        .party = row->party,
        .channel = is_mail ? CV_NOTICE_CHANNEL_EMAIL : CV_NOTICE_CHANNEL_OUTBOX,
        .state = row->digest == NTF_LEFT_OUT ? CV_DISPATCH_STATE_SILENCED
                 : row->state == NTF_WRITTEN ? CV_DISPATCH_STATE_DELIVERED
                 : row->state == NTF_FAILED  ? CV_DISPATCH_STATE_DEAD
                                             : CV_DISPATCH_STATE_QUEUED,
        .attempts = row->attempts,
        .has_next_ms = has_until,
        .next_ms = until_ms,
        .reason = row->digest == NTF_LEFT_OUT
                      ? row->kind == NTF_DIGEST ? CV_DELIVERY_RESULT_UNUSABLE : CV_DELIVERY_RESULT_SILENCED
                  : row->state == NTF_WRITTEN          ? CV_DELIVERY_RESULT_ABSENT
                  : row->hold == NTF_HOLD_DIGEST       ? CV_DELIVERY_RESULT_AWAITING_DIGEST
                  : row->hold == NTF_HOLD_QUIET        ? CV_DELIVERY_RESULT_QUIET_HOURS
                  : is_stopped                         ? CV_DELIVERY_RESULT_STOPPED
                  : row->hold == NTF_HOLD_RECIPIENT    ? CV_DELIVERY_RESULT_NO_RECIPIENT
                  : row->hold != NTF_HOLD_NONE         ? CV_DELIVERY_RESULT_WAITING
                  : !row->reason.ptr                   ? CV_DELIVERY_RESULT_ABSENT
                  : cv_str_is(row->reason, "unusable") ? CV_DELIVERY_RESULT_UNUSABLE
                                                       : CV_DELIVERY_RESULT_OUTBOX,
    };
    rc = s_say(ntf, tx, row->n, data);
    return rc ? rc : cv_collect_put(collect, CV_MSG_NOTIFICATIONS_DISPATCH_V1, subject, row->time_ms, data);
}

/* All channels of one notice, or CV_ELIMIT with some of them: they are given again on the next page. */
static int s_put_notice(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_dispatch_t *rows = cv_arena_take(arena, PER_NOTICE * sizeof(*rows));
    size_t n = 0;
    int rc = rows ? ntf_dispatch_list(ntf_post_store(ntf->post), row->n, arena, PER_NOTICE, rows, &n) : CV_ENOMEM;
    if (!rc && row->channel != NTF_EMAIL && row->digest != NTF_BY_WEBHOOK)
        rc = s_put_outbox(ntf, tx, row, collect);
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_put(ntf, tx, &rows[i], NULL, collect);
    if (rc || row->digest <= 0 || row->channel != NTF_EMAIL)
        return rc;
    rc = ntf_dispatch_list(ntf_post_store(ntf->post), row->digest, arena, PER_NOTICE, rows, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = s_put(ntf, tx, &rows[i], row, collect);
    return rc;
}

/* Whether there is such a party, and such an event where one is named. */
static bool s_is_known(ntf_t *ntf, cv_str_t event, cv_str_t party, cv_arena_t *arena, int *ret_rc)
{
    cv_str_t venue, name, data;
    bool is_secretariat = cv_str_is(party, ntf_post_settings()->secretariat);
    *ret_rc = ntf_store_names_get(ntf->store, CV_STR_NONE, party, arena, &venue, &name);
    if (*ret_rc || (!name.ptr && !is_secretariat))
        return false;
    if (!event.len)
        return true;
    *ret_rc = ntf_store_event_get(ntf->store, event, arena, &data);
    if (*ret_rc != CV_ENOTFOUND)
        return *ret_rc == CV_OK;
    *ret_rc = CV_OK;
    return false;
}

/* The page is full inside a notice's channels: it begins the next page. What of them is on this one is there again, so
 * a page must have room for at least one whole notice; it has (PER_NOTICE is below the least limit that is used). */
static int s_dispatches(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit, cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    cv_arena_t *arena = cv_tx_arena(tx);
    cv_str_t first, second;
    int64_t last;
    bool lane = s_split(query->key, &first, &second);
    cv_str_t event = lane ? first : CV_STR_NONE, party = lane ? second : first;
    if ((who->role & CV_ROLE_FOCAL_POINT) && party.len && !cv_str_is(party, who->party))
        return CV_EDENIED;
    if ((who->role & CV_ROLE_FOCAL_POINT) && !party.len)
        party = cv_str(who->party);
    int rc = cv_str_digits(query->after, DIGITS_MAX, &last);
    size_t notices = limit / (PER_NOTICE / 4) + 1;
    ntf_delivery_t *rows = cv_arena_take(arena, (notices + 1) * sizeof(*rows));
    size_t n = 0;
    if (!rows)
        return CV_ENOMEM;
    if (!rc)
        rc = ntf_store_list(ntf->store,
                            lane        ? NTF_LIST_LANE
                            : party.len ? NTF_LIST_PARTY
                                        : NTF_LIST_ALL,
                            event, party, 0, last, arena, notices + 1, rows, &n);
    if (!rc && n == 0 && last == 0 && party.len && !s_is_known(ntf, event, party, arena, &rc))
        return rc ? rc : CV_ENOTFOUND; /* else a code that was mistyped looks like a party that was told nothing */
    for (size_t i = 0; !rc && i < n; i++) {
        if (i < notices)
            rc = s_put_notice(ntf, tx, &rows[i], collect);
        if (i == notices || (rc == CV_ELIMIT && i > 0))
            return s_go_on(arena, collect, rows[i - 1].n);
    }
    return rc;
}

static int s_dead(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit, cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    cv_arena_t *arena = cv_tx_arena(tx);
    int64_t last;
    int rc = cv_str_digits(query->after, DIGITS_MAX, &last);
    ntf_dispatch_t *rows = cv_arena_take(arena, (limit + 1) * sizeof(*rows));
    size_t n = 0;
    if (!rows)
        return CV_ENOMEM;
    if (!rc)
        rc = ntf_dispatch_list_dead(ntf_post_store(ntf->post), last, arena, limit + 1, rows, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        bool is_others = (who->role & CV_ROLE_FOCAL_POINT) && !cv_str_is(rows[i].party, who->party);
        if (i < limit && !is_others)
            rc = s_put(ntf, tx, &rows[i], NULL, collect);
        if (i == limit || rc == CV_ELIMIT)
            return s_go_on(arena, collect, last);
        last = rows[i].number;
    }
    return rc;
}

/* Numbers, and nothing of whom they are about. */
static int s_delivery(ntf_t *ntf, cv_tx_t *tx, cv_collect_t *collect)
{
    static const cv_notice_channel_t channels[NTF_CHANNELS] = {
        [NTF_EMAIL] = CV_NOTICE_CHANNEL_EMAIL, [NTF_WEBHOOK] = CV_NOTICE_CHANNEL_WEBHOOK};
    ntf_fare_t fares[NTF_CHANNELS];
    ntf_post_counts_t counts = ntf_post_counts(ntf->post);
    cv_notifications_delivery_v1_t *data = cv_arena_take(cv_tx_arena(tx), sizeof(*data));
    int64_t contacts[NTF_CONTACT_STATES];
    int rc = data ? ntf_fares(ntf->arrivals, fares) : CV_ENOMEM;
    if (!rc)
        rc = ntf_contact_counts(ntf->reaches, contacts);
    int64_t unseen = 0;
    if (!rc)
        rc = ntf_watch_unseen(ntf->watches, cv_tx_now_ms(tx), &unseen);
    if (rc)
        return rc;
    *data = (cv_notifications_delivery_v1_t){.left_alone = counts.left_alone, .has_unseen = true, .unseen = unseen};
    for (int channel = 0; channel < NTF_CHANNELS; channel++) {
        if (!channels[channel])
            continue;
        data->channels[data->channels_n++] = (cv_channel_fare_t){.channel = channels[channel],
                                                                 .open = fares[channel].open,
                                                                 .dead = fares[channel].dead,
                                                                 .has_oldest_ms = fares[channel].oldest_ms > 0,
                                                                 .oldest_ms = fares[channel].oldest_ms};
        for (int result = CV_DELIVERY_RESULT_ABSENT + 1; result <= CV_DELIVERY_RESULT_MAX; result++) {
            if (counts.attempts[channel][result])
                data->attempts[data->attempts_n++] = (cv_attempt_count_t){
                    channels[channel], (cv_delivery_result_t)result, counts.attempts[channel][result]};
        }
    }
    for (int state = 1; state < NTF_CONTACT_STATES; state++) {
        if (contacts[state])
            data->contacts[data->contacts_n++] = (cv_contact_count_t){ntf_contact_word(state), contacts[state]};
    }
    for (int back = NTF_BACK_HARD; back < NTF_BACK_N; back++) {
        if (ntf->bounces[back])
            data->bounces[data->bounces_n++] = (cv_bounce_count_t){ntf_back_word(back), ntf->bounces[back]};
    }
    return cv_collect_put(collect, CV_MSG_NOTIFICATIONS_DELIVERY_V1, CV_STR_NONE, cv_tx_now_ms(tx), data);
}

/* ---- webhooks ----------------------------------------------------------------------------- */

static int s_put_webhook(cv_tx_t *tx, const ntf_webhook_t *row, cv_collect_t *collect)
{
    cv_notifications_webhook_v1_t data = {
        .party = row->party,
        .order = row->order,
        .url = row->url,
        .generation = row->generation,
        .is_on = row->is_on,
        .is_shown = row->shown == row->generation,
        .has_overlap_ms = row->overlap_ms > cv_tx_now_ms(tx),
        .overlap_ms = row->overlap_ms,
    };
    return cv_collect_put(collect, CV_MSG_NOTIFICATIONS_WEBHOOK_V1, row->party, cv_tx_now_ms(tx), &data);
}

static int s_webhooks(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit, cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    cv_arena_t *arena = cv_tx_arena(tx);
    cv_str_t party = query->key.len ? query->key : CV_STR_NONE, after_party, after_text, next = query->after;
    if (who->role & CV_ROLE_FOCAL_POINT) {
        if (party.ptr && !cv_str_is(party, who->party))
            return CV_EDENIED;
        party = cv_str(who->party);
    } else if (!(who->role & SEES_ALL)) {
        return CV_EDENIED;
    }
    int64_t after_order;
    s_split(query->after, &after_party, &after_text);
    int rc = cv_str_digits(after_text, DIGITS_MAX, &after_order);
    ntf_webhook_t *rows = cv_arena_take(arena, (limit + 1) * sizeof(*rows));
    size_t n = 0;
    if (!rows)
        return CV_ENOMEM;
    if (!rc)
        rc = ntf_webhook_list(ntf_post_store(ntf->post), party, after_party, after_order, arena, limit + 1, rows, &n);
    for (size_t i = 0; !rc && i < n; i++) {
        if (i < limit)
            rc = s_put_webhook(tx, &rows[i], collect);
        if (i == limit || rc == CV_ELIMIT) {
            cv_collect_next(collect, next);
            return CV_OK;
        }
        next = cv_arena_printf(arena, "%.*s/%d", CV_STR_ARG(rows[i].party), (int)rows[i].order);
        if (!next.ptr)
            return CV_ENOMEM;
    }
    return rc;
}

static int s_secret(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    const cv_seal_key_t *key = ntf_post_key(ntf->post);
    cv_str_t party, text;
    int64_t order;
    ntf_webhook_t webhook;
    if (!(cv_tx_principal(tx)->role & CV_ROLE_SECRETARIAT))
        return CV_EDENIED;
    if (!s_split(query->key, &party, &text) || cv_str_digits(text, DIGITS_MAX, &order))
        return CV_EINVAL;
    int rc = ntf_webhook_get(ntf_post_store(ntf->post), party, order, cv_tx_arena(tx), &webhook);
    if (rc)
        return rc;
    if (!key)
        return CV_EUNAVAIL;
    if (webhook.shown == webhook.generation)
        return CV_ECONFLICT;
    ntf_webhook_secret_t secret;
    char secret_text[NTF_WEBHOOK_KEY_TEXT + 1], public_text[NTF_WEBHOOK_KEY_TEXT + 1];
    ntf_webhook_derive(key, &webhook.origin, webhook.generation, &secret);
    ntf_webhook_secret_text(&secret, secret_text);
    ntf_webhook_public_text(&secret, public_text);
    cv_notifications_webhook_secret_v1_t data = {.party = webhook.party,
                                                 .order = webhook.order,
                                                 .generation = webhook.generation,
                                                 .secret = cv_str(secret_text),
                                                 .public_key = cv_str(public_text)};
    rc = cv_collect_put(collect, CV_MSG_NOTIFICATIONS_WEBHOOK_SECRET_V1, webhook.party, cv_tx_now_ms(tx), &data);
    sodium_memzero(&secret, sizeof(secret));
    sodium_memzero(secret_text, sizeof(secret_text));
    if (!rc) {
        ntf->shown_webhook = webhook.origin.number;
        ntf->shown_generation = webhook.generation;
        cv_tx_trace(tx);
    }
    return rc;
}

int ntf_query_trace(void *self, cv_tx_t *tx)
{
    (void)tx;
    ntf_t *ntf = self;
    return ntf_webhook_show(ntf_post_store(ntf->post), ntf->shown_webhook, ntf->shown_generation);
}

int ntf_query_dispatch(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit, cv_collect_t *collect)
{
    if (cv_str_is(query->what, "dispatches"))
        return s_dispatches(ntf, tx, query, limit, collect);
    if (cv_str_is(query->what, "dead"))
        return s_dead(ntf, tx, query, limit, collect);
    if (cv_str_is(query->what, "delivery"))
        return s_delivery(ntf, tx, collect);
    if (cv_str_is(query->what, "webhooks"))
        return s_webhooks(ntf, tx, query, limit, collect);
    if (cv_str_is(query->what, "webhook_secret"))
        return s_secret(ntf, tx, query, collect);
    return CV_ENOTFOUND;
}
