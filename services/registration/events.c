/* events: what scheduling tells, as far as registration needs it, and the release of guaranteed seats.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records of scheduling.events become the projection: parties with their kind, events with stage and rules. A record
 * carries the whole state, so applying it again changes nothing. What a record changes for seats:
 *
 *   fewer seats, lower maximum or limit, fewer invited    nobody is unseated; the new number binds newcomers
 *   more seats, a release, a party that left a list       those who wait move up in the same transaction
 *   cancelled, rejected, postponed, held                  registrations stay as they are, requests are refused, the
 *                                                         list rests
 *
 * Release: a durable timer per event. It fires once and never early; what it does depends on the event's rules at
 * that time only, so a timer that is late, or one that an older rule left behind, does no harm.
 *
 * Snapshot: scheduling's state from the beginning. Until its record comes, a party has no guarantee and an event no
 * rules, so nothing may move in between: waiting lists are looked at once, at the end of the transaction (flush).
 */
#include "registration/consent.h"
#include "registration/document.h"
#include <stdlib.h>
#include <string.h>

static const char RELEASE[] = "release";

static void keep_text(cv_str_t text, char *dst, size_t size)
{
    if (!text.ptr || cv_str_copy(text, dst, size))
        dst[0] = '\0';
}

/* After a change that may have freed seats. */
static int move_up(reg_t *self, cv_tx_t *tx, reg_event_t *event, cv_promotion_cause_t cause)
{
    if (!cv_tx_in_snapshot(tx))
        return reg_promote(self, tx, event, cause);
    self->settle = true;
    return CV_OK;
}

/* ---- parties ------------------------------------------------------------------------------------------------- */

static int apply_party(reg_t *self, cv_tx_t *tx, const cv_scheduling_party_v1_t *record)
{
    reg_book_t *book = &self->book;
    reg_party_t *party = reg_book_party(book, record->code);
    int rc = CV_OK;

    if (!party) {
        rc = reg_book_add_party(book, book->next_party, record->code, &party);
        if (!rc)
            rc = reg_store_party_add(self->store, party);
        if (rc)
            return rc;
    }
    bool matters = !party->known || party->kind != (unsigned)record->kind;
    party->known = true;
    party->kind = (unsigned)record->kind;
    rc = reg_store_party_set(self->store, party, record->name);
    for (size_t i = 0; matters && !rc && i < book->events_n; i++) {
        reg_event_t *event = book->event_list[i];
        reg_delegation_t *delegation = reg_book_delegation(book, event, party);
        if (delegation)
            reg_share_kind(&event->seats, &delegation->share, party->kind);
        reg_book_reprice(book, event);
        rc = move_up(self, tx, event, CV_PROMOTION_CAUSE_CAPACITY);
    }
    return rc;
}

/* ---- events -------------------------------------------------------------------------------------------------- */

static int set_quotas(reg_event_t *event, const cv_registration_rules_t *rules)
{
    reg_quota_t *quotas = NULL;

    if (rules->quotas_n) {
        quotas = calloc(rules->quotas_n, sizeof *quotas);
        if (!quotas)
            return CV_ENOMEM;
    }
    for (size_t i = 0; i < rules->quotas_n; i++) {
        keep_text(rules->quotas[i].party, quotas[i].party, sizeof quotas[i].party);
        quotas[i].guaranteed = (int32_t)rules->quotas[i].guaranteed;
        quotas[i].maximum = (int32_t)rules->quotas[i].maximum;
    }
    free(event->quotas);
    event->quotas = quotas;
    event->quotas_n = rules->quotas_n;
    return CV_OK;
}

static unsigned audience_of(const cv_registration_rules_t *rules)
{
    unsigned audience = 0;

    for (size_t i = 0; i < rules->audience_n; i++)
        audience |= 1u << rules->audience[i];
    return audience ? audience : ~0u;
}

static int set_rules(cv_tx_t *tx, reg_event_t *event, const cv_registration_rules_t *rules)
{
    reg_terms_t *terms = &event->terms;
    int32_t limits[REG_ROLES];

    for (unsigned role = 0; role < REG_ROLES; role++)
        limits[role] = REG_NO_LIMIT;
    for (size_t i = 0; i < rules->limits_n; i++)
        limits[rules->limits[i].capacity] = (int32_t)rules->limits[i].maximum;
    terms->has_rules = true;
    terms->audience = audience_of(rules);
    terms->opens_ms = rules->opens_ms;
    terms->closes_ms = rules->closes_ms;
    terms->confirm_closes_ms = rules->has_confirm_closes_ms ? rules->confirm_closes_ms : 0;
    terms->changes_close_ms = rules->has_changes_close_ms    ? rules->changes_close_ms
                              : rules->has_confirm_closes_ms ? rules->confirm_closes_ms
                                                             : rules->closes_ms;
    event->group = (reg_group_t)rules->group;
    event->guaranteed = (int32_t)rules->guaranteed;
    event->maximum = (int32_t)rules->maximum;
    event->approval = rules->approval;
    event->approval_again = rules->has_approval_again && rules->approval_again;
    event->purge_days = rules->has_purge_days ? (int32_t)rules->purge_days : 0;
    event->offer_ms = rules->has_offer_ms ? rules->offer_ms : 0;
    event->release_ms = rules->has_release_ms ? rules->release_ms : 0;
    event->released = event->release_ms > 0 && event->release_ms <= cv_tx_now_ms(tx);
    event->seats.waiting_rule = (reg_waiting_t)rules->waiting;
    event->seats.online_takes_seat = rules->has_online_takes_seat && rules->online_takes_seat;
    reg_seats_rules(&event->seats, (int32_t)rules->capacity, limits);
    int rc = set_quotas(event, rules);
    if (rc)
        return rc;
    return event->release_ms > 0 && !event->released
               ? cv_tx_timer_set(tx, RELEASE, cv_str(event->code), event->release_ms)
               : cv_tx_timer_cancel(tx, RELEASE, cv_str(event->code));
}

/* A snapshot of a scheduling that was restored: the versions above are no more, and will be made once again. Who
 * answered under one of them did so before those to come. */
static void cap_answers(reg_book_t *book, reg_event_t *event, int64_t version)
{
    for (reg_delegation_t *d = event->delegations; d; d = d->next_of_event) {
        if (d->since <= version)
            continue;
        d->since = version;
        reg_book_touch(book, d);
    }
}

static int apply_event(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const cv_scheduling_event_v1_t *record)
{
    reg_book_t *book = &self->book;
    reg_event_t *event = reg_book_event(book, record->event);
    int rc = CV_OK;

    if (!event) {
        rc = reg_book_add_event(book, book->next_event, record->event, &event);
        if (!rc)
            rc = reg_store_event_add(self->store, event);
        if (rc)
            return rc;
    }
    event->known = true;
    if (record->version < event->version)
        cap_answers(book, event, record->version);
    event->version = record->version;
    event->terms.stage = (reg_stage_t)record->status;
    keep_text(record->event_details.title, event->title, sizeof event->title);
    keep_text(msg->id, event->source, sizeof event->source);
    if (record->has_registration)
        rc = set_rules(tx, event, &record->registration);
    if (rc)
        return rc;
    event->ends_ms = reg_day_after_ms(record->event_details.date_end.ptr ? record->event_details.date_end
                                                                         : record->event_details.date_start);
    reg_book_reprice(book, event);
    rc = reg_store_event_set(self->store, event);
    if (!rc)
        rc = reg_purge_timer(self, tx, event);
    if (!rc)
        rc = reg_offer_timer(self, tx, event); /* it may take place again, after some have expired */
    return rc ? rc : move_up(self, tx, event, CV_PROMOTION_CAUSE_CAPACITY);
}

/* ---- what the engine calls ----------------------------------------------------------------------------------- */

int reg_record(void *self_, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data)
{
    reg_t *self = self_;

    (void)stream; /* we follow one only */
    reg_store_begin(self->store, tx);
    int rc = reg_ready(self);
    if (rc)
        return rc;
    if (msg->info->number == CV_MSG_SCHEDULING_PARTY_V1)
        return apply_party(self, tx, data);
    if (msg->info->number == CV_MSG_SCHEDULING_FORM_V1) {
        reg_event_t *event;
        rc = reg_apply_form(self, data, &event);
        return rc ? rc : move_up(self, tx, event, CV_PROMOTION_CAUSE_CAPACITY);
    }
    if (msg->info->number == CV_MSG_SCHEDULING_EVENT_V1)
        return apply_event(self, tx, msg, data);
    return CV_OK;
}

int reg_snapshot_begin(void *self_, cv_tx_t *tx, const char *stream)
{
    reg_t *self = self_;

    (void)tx;
    (void)stream;
    int rc = reg_ready(self);
    if (!rc)
        rc = reg_store_unknown(self->store);
    if (rc)
        return rc;
    for (size_t i = 0; i < self->book.parties_n; i++)
        self->book.party_list[i]->known = false;
    for (size_t i = 0; !rc && i < self->book.events_n; i++) {
        self->book.event_list[i]->known = false;
        reg_book_reprice(&self->book, self->book.event_list[i]);
        rc = reg_drop_form(self, self->book.event_list[i]);
    }
    return rc;
}

int reg_timer(void *self_, cv_tx_t *tx, const char *kind, cv_str_t key)
{
    reg_t *self = self_;
    cv_promotion_cause_t cause = reg_promote_cause(kind);

    reg_store_begin(self->store, tx);
    int rc = reg_ready(self);
    if (rc)
        return rc;
    if (strcmp(kind, REG_TIMER_ACCESS) == 0)
        return reg_access_timer(self, tx);
    if (strcmp(kind, REG_TIMER_CONSENT_ENDED) == 0)
        return reg_consent_ended_timer(self, tx);
    reg_event_t *event = reg_book_event(&self->book, key);
    if (!event)
        return CV_OK;
    if (cause)
        return reg_promote(self, tx, event, cause);
    if (strcmp(kind, REG_TIMER_OFFER) == 0)
        return reg_expire_offers(self, tx, event);
    if (strcmp(kind, REG_TIMER_PURGE) == 0)
        return reg_purge(self, tx, event);
    if (strcmp(kind, REG_TIMER_CONSENT) == 0)
        return reg_consent_timer(self, tx, event);
    if (strcmp(kind, RELEASE) != 0 || event->released || !event->release_ms || event->release_ms > cv_tx_now_ms(tx))
        return CV_OK;
    event->released = true;
    reg_book_reprice(&self->book, event);
    rc = reg_store_event_set(self->store, event);
    return rc ? rc : reg_promote(self, tx, event, CV_PROMOTION_CAUSE_RELEASE);
}
