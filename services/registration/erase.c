/* erase: the personal data of a person are destroyed, on request or because their time is over.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What goes: the secrets of the person and of whoever had its number before, what they sealed in the tables, a change
 * that waited for approval. What stays: the number, its states and capacities, and by whom it was registered and
 * changed: the counts of the event do not change because somebody is forgotten. Sealed octets stay in the stream, for
 * ever unreadable.
 *
 * Who takes part in an event that is not over is withdrawn in the same decision: a seat for nobody would be kept from
 * who waits, and to refuse until somebody has withdrawn the person would make a right depend on two requests. Once the
 * event was held who took part took part, and the state stays.
 *
 * No deadline and no stage of the event forbids it. Order of records: registration.private erased, registration.events
 * decided, then promoted ...
 *
 * The consent to keep the data may end before (consent.h): the same, and who takes part is told of as lapsed.
 *
 * When it is due: a durable timer per event at its last day plus the days to keep (purge_days of its rules, else the
 * service's). The timer moves with the event. A late one, or one that an older date left behind, does no harm. Who is
 * registered after that all the same has a day.
 */
#include "registration/ask.h"
#include "registration/consent.h"
#include "registration/document.h"
#include "registration/vault.h"
#include <stdio.h>

enum { PURGED_MAX = 1024 }; /* persons in one batch; the rest in the next */
static const int64_t DAY_MS = 24 * 3600 * 1000;

/* What is sealed of one person goes. Who it was is not in the roster any more. */
static int forget(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, uint32_t at, const reg_note_t *note)
{
    int rc = reg_store_note(self->store, d->roster.id[at], note, CV_PERSON_CHANGE_ERASED);

    if (!rc)
        rc = reg_store_person_erase(self->store, d->roster.id[at]);
    if (!rc)
        rc = reg_documents_end(self, tx, d->roster.id[at]);
    if (!rc)
        rc = reg_consents_over(self, tx, d->roster.id[at], CV_CONSENT_END_ERASED);
    if (!rc)
        reg_roster_rename(&d->roster, at, 0);
    return rc;
}

static int forget_contact(reg_t *self, reg_delegation_t *d)
{
    int rc = reg_store_contact_erase(self->store, d->row, d->contact_key);

    d->contact_key = 0;
    return rc;
}

/* Those whose numbers are in self->erased are gone: told to whoever may keep their names. */
static int tell(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, cv_erasure_cause_t cause)
{
    self->erased.event = cv_str(d->event->code);
    self->erased.party = cv_str(d->party->code);
    self->erased.has_contact = self->erased.contact;
    self->erased.cause = cause;
    reg_book_touch(&self->book, d);
    return cv_tx_emit(tx, REG_STREAM_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, cv_str(d->subject), &self->erased,
                      &d->private_seq);
}

static bool is_over(const reg_event_t *event)
{
    return event->terms.stage == REG_HELD || event->terms.stage == REG_REPORTED;
}

/* ---- on request ------------------------------------------------------------------------------------------------ */

/* Where the numbers are in the roster, each with something to erase. REG_RULE_NONE: so it is. */
static int pick(reg_ask_t *ask, const cv_registration_erase_v1_t *request, uint32_t *ret_at, reg_rule_t *ret_rule,
                unsigned *ret_culprit)
{
    const reg_roster_t *roster = &ask->delegation->roster;

    *ret_rule = REG_RULE_NONE;
    for (unsigned i = 0; i < request->persons_n; i++) {
        reg_person_t person = {0};
        ret_at[i] = reg_roster_find(roster, request->persons[i]);
        *ret_culprit = i;
        bool known = ret_at[i] < roster->n;
        int rc = known ? reg_store_person_get(ask->self->store, roster->id[ret_at[i]], NULL, &person) : CV_OK;
        if (rc)
            return rc;
        if (known && !person.is_erased)
            continue;
        *ret_rule = known ? REG_RULE_ALREADY_ERASED : REG_RULE_NOT_REGISTERED;
        snprintf(ask->text, sizeof ask->text, "Person %lld of %s %s; nothing was erased.",
                 (long long)request->persons[i], ask->party->code, known ? "was erased before" : "is not registered");
        return CV_OK;
    }
    return CV_OK;
}

static int erase_one(reg_ask_t *ask, uint32_t at, unsigned *withdrawn)
{
    reg_delegation_t *d = ask->delegation;
    cv_decision_t *decision = &ask->out->decision;
    reg_person_t person;

    int rc = reg_store_person_get(ask->self->store, d->roster.id[at], NULL, &person);
    if (rc)
        return rc;
    bool leaves = person.state != REG_WITHDRAWN && person.state != REG_REFUSED && !is_over(ask->event);
    if (leaves) {
        rc = reg_withdraw_one(ask, at);
        person.state = REG_WITHDRAWN;
        (*withdrawn)++;
    }
    decision->persons[decision->persons_n++] = (cv_person_decision_t){.number = person.number,
                                                                      .state = (cv_person_state_t)person.state,
                                                                      .rule = cv_str(reg_rule_word(REG_RULE_ERASED))};
    ask->self->erased.persons[ask->self->erased.persons_n++] = person.number;
    return rc ? rc : forget(ask->self, ask->tx, d, at, &ask->self->note);
}

int reg_erase(reg_ask_t *ask, const cv_registration_erase_v1_t *request)
{
    reg_delegation_t *d = ask->delegation;
    const bool contact = request->has_contact && request->contact;
    uint32_t at[REG_PERSONS_MAX];
    unsigned culprit = 0, withdrawn = 0;
    reg_rule_t rule;

    if (!request->persons_n && !contact)
        return cv_refuse_as(ask->tx, ask->out, CV_EINVAL, "bad_field", "data.persons",
                            "Who erases must name persons by their numbers, or say that it is about the contact.");
    int rc = reg_store_roster(ask->self->store, &ask->self->book, d);
    if (!rc)
        rc = pick(ask, request, at, &rule, &culprit);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, reg_field_at(ask, culprit));
    if (contact && !d->contact_key) {
        snprintf(ask->text, sizeof ask->text, "Nobody answers for %s, or was erased before; nothing was erased.",
                 ask->party->code);
        return reg_refuse(ask, REG_RULE_ALREADY_ERASED, "data.contact");
    }
    ask->self->erased.persons_n = 0;
    ask->self->erased.contact = contact;
    for (unsigned i = 0; !rc && i < request->persons_n; i++)
        rc = erase_one(ask, at[i], &withdrawn);
    if (!rc && contact)
        rc = forget_contact(ask->self, d);
    if (!rc)
        rc = tell(ask->self, ask->tx, d, CV_ERASURE_CAUSE_REQUEST);
    if (rc)
        return rc;
    if (withdrawn && reg_live(&d->share) == 0)
        reg_set_answer(d, REG_ANSWER_WITHDRAWN);
    snprintf(ask->text, sizeof ask->text,
             "%s: the personal data of %zu persons%s were destroyed; %u of them were withdrawn.", ask->party->code,
             request->persons_n, contact ? " and of the contact" : "", withdrawn);
    return reg_accept(ask, REG_RULE_ERASED, "erased",
                      withdrawn ? CV_PROMOTION_CAUSE_WITHDRAWAL : CV_PROMOTION_CAUSE_ABSENT);
}

/* ---- the consent ran out ---------------------------------------------------------------------------------------- */

/* One person has left without asking: told to everybody. */
static int tell_left(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, int64_t number, int64_t ended_ms)
{
    cv_registration_lapsed_v1_t *record = &self->lapsed;

    if (reg_live(&d->share) == 0)
        reg_set_answer(d, REG_ANSWER_WITHDRAWN);
    *record = (cv_registration_lapsed_v1_t){.event = cv_str(d->event->code),
                                            .party = cv_str(d->party->code),
                                            .expires_ms = ended_ms,
                                            .cause = CV_LAPSE_CAUSE_CONSENT,
                                            .persons_n = 1,
                                            .persons = {{.number = number, .state = CV_PERSON_STATE_WITHDRAWN}},
                                            .answer = (cv_party_answer_t)d->answer,
                                            .private_seq = cv_tx_head(tx, REG_STREAM_PRIVATE)};
    reg_fill_seats(d, &record->seats);
    record->seats.has_party_online = record->seats.has_party_withdrawn = true;
    record->seats.party_online = d->share.online;
    record->seats.party_withdrawn = d->share.withdrawn;
    return cv_tx_emit(tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, cv_str(d->subject), record, NULL);
}

int reg_erase_lapsed(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, int64_t number, int64_t ended_ms)
{
    reg_ask_t ask = {.self = self, .tx = tx, .part = -1, .event = d->event, .party = d->party, .delegation = d};
    reg_person_t person;
    int rc = reg_store_roster(self->store, &self->book, d);

    if (rc)
        return rc;
    uint32_t at = reg_roster_find(&d->roster, number);
    if (at == d->roster.n)
        return CV_ECORRUPT;
    rc = reg_store_person_get(self->store, d->roster.id[at], NULL, &person);
    if (rc)
        return rc;
    self->note = (reg_note_t){.at_ms = cv_tx_now_ms(tx)};
    bool leaves = person.state != REG_WITHDRAWN && person.state != REG_REFUSED && !is_over(d->event);
    if (leaves)
        rc = reg_withdraw_one(&ask, at);
    if (!rc)
        rc = forget(self, tx, d, at, &self->note);
    self->note = (reg_note_t){0};
    self->erased.persons_n = 1;
    self->erased.persons[0] = number;
    self->erased.contact = false;
    if (!rc)
        rc = tell(self, tx, d, CV_ERASURE_CAUSE_CONSENT);
    return rc || !leaves ? rc : tell_left(self, tx, d, number, ended_ms);
}

/* ---- when it is due -------------------------------------------------------------------------------------------- */

static int64_t due_of(const reg_event_t *event)
{
    return reg_purge_ms(event->ends_ms, event->purge_days, reg_purge_days());
}

int reg_purge_timer(reg_t *self, cv_tx_t *tx, reg_event_t *event)
{
    int64_t due_ms = due_of(event);

    (void)self;
    return due_ms ? cv_tx_timer_set(tx, REG_TIMER_PURGE, cv_str(event->code), due_ms)
                  : cv_tx_timer_cancel(tx, REG_TIMER_PURGE, cv_str(event->code));
}

int reg_purge_late(reg_ask_t *ask)
{
    int64_t due_ms = due_of(ask->event), now_ms = cv_tx_now_ms(ask->tx);

    if (!due_ms || due_ms > now_ms)
        return CV_OK;
    return cv_tx_timer_set(ask->tx, REG_TIMER_PURGE, cv_str(ask->event->code), now_ms + DAY_MS);
}

static int purge_delegation(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, int *left)
{
    const reg_note_t note = {.at_ms = cv_tx_now_ms(tx)};
    int rc = reg_store_roster(self->store, &self->book, d);

    self->erased.persons_n = 0;
    self->erased.contact = false;
    for (uint32_t i = 0; !rc && i<d->roster.n && * left> 0; i++) {
        reg_person_t person;
        rc = reg_store_person_get(self->store, d->roster.id[i], NULL, &person);
        if (rc || person.is_erased)
            continue;
        rc = forget(self, tx, d, i, &note);
        (*left)--;
        self->erased.persons[self->erased.persons_n++] = person.number;
        if (!rc && self->erased.persons_n == REG_PERSONS_MAX) {
            rc = tell(self, tx, d, CV_ERASURE_CAUSE_PURGE);
            self->erased.persons_n = 0;
        }
    }
    if (!rc && *left > 0 && d->contact_key) { /* last: notices may still go to who answers for them */
        self->erased.contact = true;
        rc = forget_contact(self, d);
    }
    if (!rc && (self->erased.persons_n || self->erased.contact))
        rc = tell(self, tx, d, CV_ERASURE_CAUSE_PURGE);
    return rc;
}

int reg_purge(reg_t *self, cv_tx_t *tx, reg_event_t *event)
{
    int64_t due_ms = due_of(event), now_ms = cv_tx_now_ms(tx);
    int left = PURGED_MAX, rc = CV_OK;

    if (!due_ms || due_ms > now_ms)
        return CV_OK; /* the event has moved since */
    for (reg_delegation_t *d = event->delegations; d && !rc && left > 0; d = d->next_of_event)
        rc = purge_delegation(self, tx, d, &left);
    if (rc || left > 0)
        return rc;
    return cv_tx_timer_set(tx, REG_TIMER_PURGE, cv_str(event->code), now_ms);
}
