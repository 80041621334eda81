/* escalate: see escalate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/escalate.h"

#include "convene/log.h"
#include "convene/zone.h"
#include "notifications/core_escalate.h"
#include "notifications/dispatch.h"
#include "notifications/offers.h"
#include "notifications/store_arrival.h"
#include "notifications/unseen.h"

/* Whether a reminder looks after the deadline instead of this notice. */
typedef enum { NTF_FOLLOWED_NOT, NTF_FOLLOWED, NTF_FOLLOWED_SOON /* it is about to be made */ } ntf_follow_t;

int ntf_escalate_watch(ntf_t *ntf, cv_tx_t *tx, cv_str_t notice, const ntf_telling_t *telling)
{
    int kind = telling->kind;
    int64_t before_ms = ntf_post_settings()->escalate_ms[kind == NTF_PROMOTION ? NTF_ESCALATE_PROMOTION
                                                         : kind == NTF_SILENCE ? NTF_ESCALATE_SILENCE
                                                                               : NTF_ESCALATE_REMINDER];
    /* What was made while this service was down can leave only now. */
    int64_t from_ms = telling->time_ms > cv_tx_now_ms(tx) ? telling->time_ms : cv_tx_now_ms(tx);
    bool is_over = telling->deadline_ms <= from_ms;
    if (before_ms == 0)
        return CV_OK;
    ntf->watching = true;
    return ntf_watch_put(ntf->watches, notice, telling->deadline_ms,
                         is_over ? from_ms + NTF_LOOK_START_MS
                                 : ntf_escalate_at(from_ms, telling->deadline_ms, before_ms));
}

int ntf_escalate_again(ntf_t *ntf, int64_t carrier, int64_t now_ms)
{
    ntf->watching = true;
    return ntf_watch_reopen(ntf->watches, carrier, now_ms);
}

void ntf_escalate_caught_up(ntf_t *ntf, cv_tx_t *tx)
{
    if (ntf->began.caught_up_ms && ntf->began.caught_up_ms <= cv_tx_now_ms(tx))
        return;
    ntf->began.caught_up_ms = cv_tx_caught_up(tx) ? cv_tx_now_ms(tx) : 0;
    if (ntf->began.caught_up_ms)
        ntf->watching = ntf->ahead = true; /* what waits for it need not any more */
}

int ntf_escalate_timer(ntf_t *ntf, cv_tx_t *tx)
{
    int64_t at_ms = 0, asks_ms = ntf_escalate_asks(&ntf->began, cv_tx_now_ms(tx));
    int rc = ntf_watch_next(ntf->watches, &at_ms);
    if (!ntf->began.caught_up_ms && at_ms > asks_ms) /* a stream that has nothing new brings no transaction */
        at_ms = asks_ms;
    if (rc == CV_ENOTFOUND)
        rc = cv_tx_timer_cancel(tx, "escalate", CV_STR(""));
    else if (!rc)
        rc = cv_tx_timer_set(tx, "escalate", CV_STR(""), at_ms);
    if (!rc)
        ntf->watching = false;
    return rc;
}

/* Whether a reminder is still for this party: who was reminded to answer may have answered, and who was registered be gone. */
static int s_concerns(ntf_t *ntf, const ntf_delivery_t *row, int anchor, bool *ret_concerns)
{
    cv_party_answer_t answer;
    int64_t since;
    int rc = ntf_store_answer_get(ntf->store, row->event, row->party, &answer, &since);
    bool is_asked = anchor == NTF_ANCHOR_REGISTRATION || anchor == NTF_ANCHOR_NOMINATION;
    bool is_registered = anchor == NTF_ANCHOR_START || anchor == NTF_ANCHOR_CONFIRMATION;
    if (!rc)
        *ret_concerns = is_asked        ? answer == CV_PARTY_ANSWER_ABSENT || answer == CV_PARTY_ANSWER_NONE
                        : is_registered ? answer == CV_PARTY_ANSWER_REGISTERED
                                        : true;
    return rc;
}

/* Whether the last step of a silence procedure that runs no more is that it was adopted: nobody answered until it ended. */
static int s_was_silent(ntf_t *ntf, cv_arena_t *arena, const ntf_delivery_t *row, int64_t deadline_ms, bool *ret_silent)
{
    cv_str_t record;
    const void *data;
    int rc = ntf_watch_step(ntf->watches, row->event, row->party, arena, &record);
    if (!rc && record.ptr)
        rc = ntf_decode(CV_MSG_SCHEDULING_DECISION_V1, record, arena, &data);
    if (rc || !record.ptr) {
        *ret_silent = false;
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    }
    const cv_scheduling_decision_v1_t *last = data;
    *ret_silent = last->state == CV_DECISION_STATE_ADOPTED && last->has_expires_ms && last->expires_ms == deadline_ms;
    return CV_OK;
}

/* Whether its deadline is still this one; or, once it is over, whether it was until then: registration has closed since, the
 * event begun. That of an offer never moves; but it may have been answered, and an event that is off has no seats. */
static int s_stands(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, const ntf_watch_t *watch, bool *ret_stands)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    ntf_ahead_t ahead = {.anchor = NTF_ANCHOR_SILENCE};
    cv_str_t record, zone, file;
    const void *data;
    int64_t deadline_ms = 0;
    int rc = row->kind == NTF_REMINDER ? ntf_ahead_read(row->data, &ahead, &record) : CV_OK;
    bool is_offer = row->kind == NTF_PROMOTION, is_open = true, is_over = watch->deadline_ms <= cv_tx_now_ms(tx);
    if (!rc && is_offer)
        rc = ntf_offer_stands(ntf, row, is_over, &is_open);
    if (rc || !is_open) {
        *ret_stands = false;
        return rc;
    }
    bool is_silence = !is_offer && ahead.anchor == NTF_ANCHOR_SILENCE;
    rc = is_silence ? ntf_procedure_get(ntf->reminders, row->event, arena, &record)
                    : ntf_store_event_get(ntf->store, row->event, arena, &record);
    if (rc == CV_ENOTFOUND && is_silence && is_over)
        return s_was_silent(ntf, arena, row, watch->deadline_ms, ret_stands);
    if (rc == CV_ENOTFOUND) { /* it is over, or an event that is not known here */
        *ret_stands = is_offer;
        return CV_OK;
    }
    if (rc)
        return rc;
    rc = ntf_decode(is_silence ? CV_MSG_SCHEDULING_DECISION_V1 : CV_MSG_SCHEDULING_EVENT_V1, record, arena, &data);
    if (rc)
        return rc;
    if (is_silence) {
        const cv_scheduling_decision_v1_t *procedure = data;
        *ret_stands = procedure->has_expires_ms && procedure->expires_ms == watch->deadline_ms;
        return CV_OK;
    }
    const cv_scheduling_event_v1_t *event = data;
    if (!is_offer) {
        rc = s_concerns(ntf, row, ahead.anchor, ret_stands);
        if (rc || !*ret_stands)
            return rc;
    }
    *ret_stands = event->status != CV_EVENT_STATUS_CANCELLED && event->status != CV_EVENT_STATUS_REJECTED &&
                  event->status != CV_EVENT_STATUS_POSTPONED;
    if (is_offer || !*ret_stands)
        return CV_OK;
    zone = event->event_details.zone;
    bool has_file = zone.ptr && !cv_zone_read(arena, zone, &file);
    file = has_file ? file : CV_STR_NONE;
    bool has = is_over && ahead.anchor != NTF_ANCHOR_REPORT /* which is late until it is there */
                   ? ntf_anchor_at(ahead.anchor, event, file, 0, &deadline_ms)
                   : ntf_anchor(ahead.anchor, event, file, ntf_post_settings()->report_days, &deadline_ms);
    *ret_stands = has && deadline_ms == watch->deadline_ms;
    return CV_OK;
}

/* Behind which order the next contact is: the next one that has another address than it was tried at. CV_ENOTFOUND: none. */
static int s_next_contact(ntf_t *ntf, cv_arena_t *arena, const ntf_delivery_t *row, int *ret_above)
{
    ntf_recipient_t tried, next;
    bool is_mailed = false, is_same = true;
    int above = -1;
    int rc = ntf_watch_order(ntf->watches, row->n, &above, &is_mailed);
    if (!rc)
        rc = ntf_store_recipient_for(ntf->store, row->event, row->party, is_mailed ? above - 1 : row->above, arena,
                                     &tried);
    if (rc)
        return rc;
    if (!is_mailed) /* whoever it is for has not got it */
        above = tried.order;
    bool is_known = tried.order == above; /* else nobody has that address now, or it is stopped */
    while (is_same) {
        rc = ntf_store_recipient_for(ntf->store, row->event, row->party, above, arena, &next);
        is_same = !rc && is_known && cv_str_equal(next.email, tried.email);
        above = is_same ? next.order : above;
    }
    if (!rc)
        *ret_above = above;
    return rc;
}

static int s_escalate(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, ntf_watch_t *watch)
{
    char notice[NTF_ID_MAX + 1];
    int above = -1;
    int rc = s_next_contact(ntf, cv_tx_arena(tx), row, &above);
    if (rc)
        return rc;
    rc = ntf_id_because("second", row->notice, row->party, notice);
    if (rc)
        return rc;
    rc = ntf_tell(ntf, tx,
                  &(ntf_telling_t){.kind = row->kind,
                                   .notice = cv_str(notice),
                                   .cause = row->cause,
                                   .event = row->event,
                                   .party = row->party,
                                   .time_ms = cv_tx_now_ms(tx),
                                   .private_seq = row->private_seq,
                                   .data = row->data,
                                   .is_second = true});
    if (!rc)
        rc = ntf_watch_above(ntf->watches, cv_str(notice), above);
    if (!rc)
        rc = ntf_delivery_of(ntf->prefers, cv_str(notice), &watch->second);
    if (!rc)
        cv_log(CV_LOG_WARN, "notice_escalated", cv_kv_str("notice", row->notice), cv_kv_str("party", row->party));
    return rc;
}

static int s_seen(ntf_t *ntf, cv_arena_t *arena, int64_t n, ntf_delivery_t *ret_row, ntf_seen_t *ret_seen)
{
    int rc = ntf_store_delivery_get(ntf->store, n, arena, ret_row);
    bool is_taken = false;
    if (!rc)
        rc = ntf_watch_taken(ntf->watches, n, &is_taken); /* though its webhook, or its mail, may have failed */
    if (!rc)
        *ret_seen = is_taken ? NTF_SEEN_YES : ntf_seen(ret_row->arrival, ret_row->channel, ret_row->digest);
    return rc;
}

/* Whether nobody has got it, nor what was made of it for the next contact. */
static int s_is_unseen(ntf_t *ntf, cv_arena_t *arena, const ntf_watch_t *watch, bool *ret_unseen)
{
    ntf_delivery_t row;
    ntf_seen_t seen = NTF_SEEN_NOT, seen_second = NTF_SEEN_NOT;
    int rc = s_seen(ntf, arena, watch->n, &row, &seen);
    if (!rc && watch->second)
        rc = s_seen(ntf, arena, watch->second, &row, &seen_second);
    *ret_unseen = !rc && seen != NTF_SEEN_YES && seen_second != NTF_SEEN_YES;
    return rc;
}

/* A later reminder of the same deadline says all that this notice does, and is looked at itself. That of an opening is made
 * when it is time to look at the opening, or about then: it has its chance, and is looked at instead, without its own time. */
static int s_follow(ntf_t *ntf, cv_arena_t *arena, const ntf_delivery_t *row, ntf_watch_t *watch, int64_t now_ms,
                    ntf_follow_t *ret_follow)
{
    ntf_watch_t later;
    bool is_unseen = false, is_opening = row->kind == NTF_SILENCE, is_watched = watch->state == NTF_WATCHED;
    int64_t made_ms = 0, due_ms = 0;
    *ret_follow = NTF_FOLLOWED_NOT;
    int rc = ntf_watch_later(ntf->watches, row->n, watch->deadline_ms, &later, &made_ms);
    if (!rc && is_opening && later.state == NTF_WATCH_ENDED) /* it could not be looked at, say */
        rc = s_is_unseen(ntf, arena, &later, &is_unseen);
    if (!rc && !is_unseen) {
        *ret_follow = NTF_FOLLOWED;
        if (!is_opening || later.state != NTF_WATCHED || watch->state == NTF_ESCALATED)
            return CV_OK;
        int64_t at_ms = ntf_escalate_instead(made_ms, watch->deadline_ms, now_ms);
        later.at_ms = at_ms < later.at_ms ? at_ms : later.at_ms;
        return ntf_watch_set(ntf->watches, &later);
    }
    if (rc == CV_ENOTFOUND && is_opening && is_watched)
        rc = ntf_due_of(ntf->reminders, row->event, NTF_ANCHOR_SILENCE, watch->deadline_ms, &due_ms);
    if (!rc && due_ms && ntf_escalate_waits(due_ms, watch->deadline_ms, now_ms)) {
        watch->at_ms = (due_ms > now_ms ? due_ms : now_ms) + NTF_LOOK_SOON_MS;
        *ret_follow = NTF_FOLLOWED_SOON;
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* The secretariat is told once of a deadline that nobody knows of: of another notice of it nobody has got since. */
static int s_tell_unseen(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, const ntf_delivery_t *last,
                         int64_t deadline_ms)
{
    ntf_watch_t other;
    bool is_told = false;
    int rc = ntf_watch_told(ntf->watches, row->n, deadline_ms, &other);
    if (!rc)
        rc = s_is_unseen(ntf, cv_tx_arena(tx), &other, &is_told);
    if ((rc && rc != CV_ENOTFOUND) || is_told)
        return rc;
    return ntf_unseen_tell(ntf, tx, row, last, deadline_ms);
}

static int s_look(ntf_t *ntf, cv_tx_t *tx, ntf_watch_t *watch)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    int64_t now_ms = cv_tx_now_ms(tx), half_ms = (watch->deadline_ms - now_ms) / 2;
    int64_t ready_ms = ntf_escalate_ready(&ntf->began, watch->deadline_ms, now_ms);
    ntf_delivery_t row, second;
    ntf_seen_t seen = NTF_SEEN_NOT, seen_second = NTF_SEEN_NOT;
    ntf_follow_t follow = NTF_FOLLOWED_NOT;
    bool stands = false;
    int state = watch->state;
    if (watch->ended_ms && watch->ended_ms <= now_ms) { /* by a clock that was right */
        watch->state = NTF_WATCH_ENDED;
        return CV_OK;
    }
    if (now_ms < ready_ms) {
        int64_t asks_ms = ntf->began.caught_up_ms ? ready_ms : ntf_escalate_asks(&ntf->began, now_ms);
        watch->at_ms = asks_ms < ready_ms ? asks_ms : ready_ms;
        return CV_OK;
    }
    int rc = s_seen(ntf, arena, watch->n, &row, &seen);
    if (!rc && watch->second)
        rc = s_seen(ntf, arena, watch->second, &second, &seen_second);
    if (!rc)
        rc = s_stands(ntf, tx, &row, watch, &stands);
    bool wanted = !rc && stands && seen != NTF_SEEN_YES && seen_second != NTF_SEEN_YES;
    if (wanted)
        rc = s_follow(ntf, arena, &row, watch, now_ms, &follow);
    if (!rc && follow == NTF_FOLLOWED_SOON)
        return CV_OK;
    watch->state = NTF_WATCH_ENDED;
    if (rc || !wanted || follow == NTF_FOLLOWED)
        return rc;
    const ntf_delivery_t *last = watch->second ? &second : &row;
    if (watch->deadline_ms <= now_ms)
        return s_tell_unseen(ntf, tx, &row, last, watch->deadline_ms);
    watch->at_ms = now_ms + (half_ms > NTF_LOOK_SOON_MS ? half_ms : NTF_LOOK_SOON_MS);
    watch->state = state;
    if (seen == NTF_SEEN_LATER)
        return CV_OK;
    rc = watch->second ? CV_ENOTFOUND : s_escalate(ntf, tx, &row, watch);
    watch->state = rc ? NTF_NOBODY : NTF_ESCALATED;
    if (rc != CV_ENOTFOUND)
        return rc;
    if (state != NTF_NOBODY)
        cv_log(CV_LOG_WARN, "notice_unseen", cv_kv_str("notice", row.notice), cv_kv_str("party", row.party));
    watch->at_ms = now_ms + NTF_LOOK_AGAIN_MS;
    return s_tell_unseen(ntf, tx, &row, last, watch->deadline_ms);
}

int ntf_escalate_spares(ntf_t *ntf, const ntf_delivery_t *row)
{
    ntf_recipient_t recipient;
    int above = -1;
    int rc = ntf_watch_second(ntf->watches, row->n, &above);
    if (rc) /* there is no other */
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    rc = ntf_whom(ntf, row, &recipient);
    return !rc && recipient.order > above ? CV_ENOTFOUND : rc;
}

int ntf_escalate_due(ntf_t *ntf, cv_tx_t *tx)
{
    int rc = CV_OK;
    for (int i = 0; !rc && i < NTF_LOOKS_MAX; i++) {
        ntf_watch_t watch;
        rc = ntf_watch_due(ntf->watches, cv_tx_now_ms(tx), &watch);
        if (rc)
            break;
        rc = s_look(ntf, tx, &watch);
        if (rc == CV_EMALFORMED || rc == CV_EINVAL || rc == CV_ELIMIT || rc == CV_ENOTFOUND) {
            /* one that is damaged must not keep the others */
            cv_log(CV_LOG_ERROR, "escalation_failed", cv_kv_int("delivery", watch.n), cv_kv_rc(rc));
            watch.state = NTF_WATCH_ENDED;
            rc = CV_OK;
        }
        if (watch.state != NTF_WATCH_ENDED)
            watch.ended_ms = 0;
        else if (watch.ended_ms == 0 || watch.ended_ms > cv_tx_now_ms(tx))
            watch.ended_ms = cv_tx_now_ms(tx);
        if (!rc)
            rc = ntf_watch_set(ntf->watches, &watch);
    }
    ntf->watching = true;
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}
