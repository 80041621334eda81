/* query: what can be asked of the notifications service, and the state that rebuilds its stream.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what         key                            gives                          who
 *   notices      "" | EVENT | EVENT/PARTY       notifications.notice.v1        anybody; a focal point its own party's
 *   held         "" | no_recipient |            the notices that have not      the same
 *                awaiting_contact |              left, and why
 *                awaiting_event | failed |
 *                awaiting_digest | quiet_hours
 *   recipients   "" | PARTY                     notifications.recipient.v1     operator, secretariat, service
 *   reminders    ""                             notifications.reminder.v1      anybody
 *   audiences    ""                             notifications.audience.v1      anybody
 *   contacts     "" | PARTY                     notifications.contact.v1       anybody
 *
 * Notices come in the order in which they were made; after is the number that an answer gave as next.
 */
#include "notifications/audience.h"
#include "notifications/dispatch.h"
#include "notifications/prefer.h"
#include "notifications/query_dispatch.h"
#include "notifications/reach.h"
#include "notifications/store_arrival.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS_MAX = 18 }; /* of a number behind which a list goes on */

cv_notice_kind_t ntf_notice_kind(int kind)
{
    static const cv_notice_kind_t kinds[] = {
        [NTF_DECISION] = CV_NOTICE_KIND_DECISION,
        [NTF_PROMOTION] = CV_NOTICE_KIND_PROMOTION,
        [NTF_EVENT_CHANGE] = CV_NOTICE_KIND_EVENT_CHANGE,
        [NTF_LAPSE] = CV_NOTICE_KIND_LAPSE,
        [NTF_REMINDER] = CV_NOTICE_KIND_REMINDER,
        [NTF_SILENCE] = CV_NOTICE_KIND_SILENCE,
        [NTF_DIGEST] = CV_NOTICE_KIND_DIGEST,
        [NTF_CONTACT_PING] = CV_NOTICE_KIND_CONTACT_PING,
        [NTF_UNSEEN] = CV_NOTICE_KIND_UNSEEN,
        [NTF_OPENING] = CV_NOTICE_KIND_OPENING,
    };
    return kinds[kind];
}

int ntf_notice_kind_read(cv_notice_kind_t word)
{
    int kind = NTF_KINDS_END - 1;
    while (kind > 0 && ntf_notice_kind(kind) != word)
        kind--;
    return kind;
}

static cv_notice_state_t s_notice_state(const ntf_delivery_t *delivery, int64_t arrival)
{
    static const cv_notice_state_t states[] = {
        [NTF_ARRIVAL_QUEUED] = CV_NOTICE_STATE_QUEUED,
        [NTF_ARRIVAL_WRITTEN] = CV_NOTICE_STATE_WRITTEN,
        [NTF_ARRIVAL_FAILED] = CV_NOTICE_STATE_FAILED,
        [NTF_ARRIVAL_DELIVERED] = CV_NOTICE_STATE_DELIVERED,
    };
    if (arrival == NTF_ARRIVAL_DEFERRED)
        return CV_NOTICE_STATE_DEFERRED;
    if (arrival > NTF_ARRIVAL_DELIVERED)
        return CV_NOTICE_STATE_DEAD;
    return delivery->digest == NTF_LEFT_OUT ? CV_NOTICE_STATE_SILENCED : states[arrival];
}

/* What its dispatches say of a notice that is delivered or dead. */
static int s_put_end(ntf_t *ntf, const ntf_delivery_t *delivery, cv_notifications_notice_v1_t *notice)
{
    ntf_arrival_t arrival;
    bool is_dead = notice->state == CV_NOTICE_STATE_DEAD;
    int64_t whose = !is_dead && delivery->digest > 0 ? delivery->digest : delivery->n; /* what was delivered */
    int rc = ntf_arrival_of(ntf->arrivals, whose, is_dead, &arrival);
    if (rc) /* nothing to say of it beyond its state */
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    notice->attempts = arrival.attempts;
    notice->has_done_ms = true;
    notice->done_ms = arrival.done_ms;
    if (is_dead) {
        notice->channel = arrival.channel == NTF_EMAIL ? CV_NOTICE_CHANNEL_EMAIL : CV_NOTICE_CHANNEL_WEBHOOK;
        notice->reason = arrival.reason;
        notice->has_dispatch = true;
        notice->dispatch = arrival.number;
    }
    return CV_OK;
}

int ntf_notice_of(ntf_t *ntf, const ntf_delivery_t *delivery, cv_arena_t *arena,
                  cv_notifications_notice_v1_t *ret_notice, cv_str_t *ret_subject)
{
    enum { ATTEMPTS_SHOWN = 1000 }; /* the contract's maximum */
    cv_str_t subject = cv_arena_printf(arena, "%.*s/%.*s", CV_STR_ARG(delivery->event), CV_STR_ARG(delivery->party));
    if (!subject.ptr)
        return CV_ENOMEM;
    cv_notifications_notice_v1_t notice = {
        .notice = delivery->notice,
        .kind = ntf_notice_kind(delivery->kind),
        .cause = delivery->cause,
        .event = delivery->event,
        .party = delivery->party,
        .audience = ntf_audience_word(delivery->audience),
        .has_person = delivery->person > 0,
        .person = delivery->person,
        .channel = delivery->digest == NTF_BY_WEBHOOK ? CV_NOTICE_CHANNEL_WEBHOOK
                   : delivery->channel == NTF_EMAIL   ? CV_NOTICE_CHANNEL_EMAIL
                                                      : CV_NOTICE_CHANNEL_OUTBOX,
        .state = s_notice_state(delivery, delivery->arrival),
        .was = delivery->announced ? s_notice_state(delivery, delivery->announced) : CV_NOTICE_STATE_ABSENT,
        .attempts = delivery->attempts,
    };
    int rc = delivery->arrival >= NTF_ARRIVAL_DELIVERED ? s_put_end(ntf, delivery, &notice) : CV_OK;
    if (rc)
        return rc;
    if (notice.attempts > ATTEMPTS_SHOWN)
        notice.attempts = ATTEMPTS_SHOWN;
    *ret_notice = notice;
    *ret_subject = subject;
    return CV_OK;
}

static int s_collect(ntf_t *ntf, const ntf_delivery_t *row, cv_arena_t *arena, cv_collect_t *collect)
{
    cv_notifications_notice_v1_t notice;
    cv_str_t subject;
    int rc = ntf_notice_of(ntf, row, arena, &notice, &subject);
    return rc ? rc : cv_collect_put(collect, CV_MSG_NOTIFICATIONS_NOTICE_V1, subject, row->time_ms, &notice);
}

static bool s_split(cv_str_t key, cv_str_t *ret_first, cv_str_t *ret_second)
{
    const char *slash = key.len ? memchr(key.ptr, '/', key.len) : NULL;
    *ret_first = slash ? (cv_str_t){key.ptr, (size_t)(slash - key.ptr)} : key;
    *ret_second = slash ? (cv_str_t){slash + 1, key.len - ret_first->len - 1} : CV_STR_NONE;
    return slash != NULL;
}

/* What of the deliveries is asked for. own: the focal point's party, else absent. */
typedef struct {
    ntf_list_t list;
    cv_str_t event, party;
    int hold;
    cv_str_t own;
} s_choice_t;

static int s_choose_notices(cv_str_t key, s_choice_t *choice)
{
    if (key.len == 0) {
        choice->list = choice->own.ptr ? NTF_LIST_PARTY : NTF_LIST_ALL;
        choice->party = choice->own;
        return CV_OK;
    }
    bool lane = s_split(key, &choice->event, &choice->party);
    if (lane && choice->own.ptr && !cv_str_equal(choice->party, choice->own))
        return CV_EDENIED;
    if (!lane)
        choice->party = choice->own;
    choice->list = choice->party.ptr ? NTF_LIST_LANE : NTF_LIST_EVENT;
    return CV_OK;
}

static int s_choose_held(cv_str_t key, s_choice_t *choice)
{
    if (key.len == 0)
        choice->list = NTF_LIST_UNFINISHED;
    else if (cv_str_is(key, "failed"))
        choice->list = NTF_LIST_FAILED;
    else
        choice->list = NTF_LIST_HELD;
    choice->hold = cv_str_is(key, "no_recipient")       ? NTF_HOLD_RECIPIENT
                   : cv_str_is(key, "awaiting_contact") ? NTF_HOLD_PRIVATE
                   : cv_str_is(key, "awaiting_event")   ? NTF_HOLD_EVENT
                   : cv_str_is(key, "awaiting_digest")  ? NTF_HOLD_DIGEST
                   : cv_str_is(key, "quiet_hours")      ? NTF_HOLD_QUIET
                                                        : NTF_HOLD_NONE;
    return choice->list != NTF_LIST_HELD || choice->hold != NTF_HOLD_NONE ? CV_OK : CV_EINVAL;
}

static int s_notices(ntf_t *ntf, cv_tx_t *tx, const s_choice_t *choice, cv_str_t after, size_t limit,
                     cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    int64_t last;
    int rc = cv_str_digits(after, DIGITS_MAX, &last);
    ntf_delivery_t *rows = cv_arena_take(arena, (limit + 1) * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    size_t n = 0;
    if (!rc)
        rc = ntf_store_list(ntf->store, choice->list, choice->event, choice->party, choice->hold, last, arena,
                            limit + 1, rows, &n);
    if (rc)
        return rc;
    for (size_t i = 0; i < n; i++) {
        bool more = i == limit;
        if (!more && choice->own.ptr && !cv_str_equal(rows[i].party, choice->own))
            rc = CV_OK;
        else if (!more)
            rc = s_collect(ntf, &rows[i], arena, collect);
        if (more || rc == CV_ELIMIT) {
            cv_str_t next = cv_arena_printf(arena, "%lld", (long long)last);
            if (!next.ptr)
                return CV_ENOMEM;
            cv_collect_next(collect, next);
            return CV_OK;
        }
        if (rc)
            return rc;
        last = rows[i].n;
    }
    return CV_OK;
}

static int s_recipients(ntf_t *ntf, cv_tx_t *tx, cv_str_t party, cv_str_t after, size_t limit, cv_collect_t *collect)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    cv_str_t after_party, after_text;
    int64_t after_order;
    s_split(after, &after_party, &after_text);
    if (cv_str_digits(after_text, DIGITS_MAX, &after_order))
        return CV_EINVAL;
    cv_recipient_t *rows = cv_arena_take(arena, (limit + 1) * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    size_t n = 0;
    int rc = ntf_store_recipients(ntf->store, party.len ? party : CV_STR_NONE, after_party, after_order, arena,
                                  limit + 1, rows, &n);
    cv_str_t next = after;
    for (size_t i = 0; !rc && i < n; i++) {
        if (i < limit)
            rc = cv_collect_put(collect, CV_MSG_NOTIFICATIONS_RECIPIENT_V1, rows[i].party, cv_tx_now_ms(tx), &rows[i]);
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

/* There are few: no page is full of them. */
static int s_reminders(ntf_t *ntf, cv_tx_t *tx, cv_collect_t *collect)
{
    cv_reminder_t *rules;
    size_t n;
    int rc = ntf_rules_as_put(ntf->reminders, cv_tx_arena(tx), &rules, &n);
    for (size_t i = 0; !rc && i < n; i++)
        rc = cv_collect_put(collect, CV_MSG_NOTIFICATIONS_REMINDER_V1, rules[i].rule, cv_tx_now_ms(tx), &rules[i]);
    return rc;
}

int ntf_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    const cv_principal_t *who = cv_tx_principal(tx);
    size_t limit = query->has_limit ? (size_t)query->limit : NTF_LIST_DEFAULT;
    if (limit > NTF_LIST_MAX)
        limit = NTF_LIST_MAX;
    if (!who)
        return CV_EDENIED;
    if (cv_str_is(query->what, "recipients")) {
        if (!(who->role & (CV_ROLE_SECRETARIAT | CV_ROLE_SERVICE | CV_ROLE_OPERATOR)))
            return CV_EDENIED;
        return s_recipients(self, tx, query->key, query->after, limit, collect);
    }
    if (cv_str_is(query->what, "reminders"))
        return s_reminders(self, tx, collect);
    if (cv_str_is(query->what, "audiences"))
        return ntf_query_audiences(self, tx, collect);
    int asked = ntf_query_prefer(self, tx, query, collect);
    if (asked == CV_ENOTFOUND)
        asked = ntf_query_reach(self, tx, query, limit, collect);
    if (asked != CV_ENOTFOUND)
        return asked;
    s_choice_t choice = {.own = who->role & CV_ROLE_FOCAL_POINT ? cv_str(who->party) : CV_STR_NONE};
    int rc = cv_str_is(query->what, "notices") ? s_choose_notices(query->key, &choice)
             : cv_str_is(query->what, "held")  ? s_choose_held(query->key, &choice)
                                               : CV_ENOTFOUND;
    if (rc == CV_ENOTFOUND)
        return ntf_query_dispatch(self, tx, query, limit, collect);
    return rc ? rc : s_notices(self, tx, &choice, query->after, limit, collect);
}

int ntf_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect)
{
    (void)stream; /* there is one */
    ntf_t *ntf = self;
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_delivery_t *rows = cv_arena_take(arena, NTF_LIST_MAX * sizeof(*rows));
    if (!rows)
        return CV_ENOMEM;
    size_t n = NTF_LIST_MAX;
    for (int64_t last = 0; n == NTF_LIST_MAX; last = n ? rows[n - 1].n : last) {
        int rc = ntf_store_list(ntf->store, NTF_LIST_PENDING, CV_STR_NONE, CV_STR_NONE, 0, last, arena, NTF_LIST_MAX,
                                rows, &n);
        for (size_t i = 0; !rc && i < n; i++)
            rc = s_collect(ntf, &rows[i], arena, collect);
        if (rc)
            return rc;
    }
    return ntf_reach_snapshot(ntf, tx, collect);
}
