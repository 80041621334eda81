/* offer: a seat that became free is offered to who waits for it: accepted, passed, expired.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An offer is one row: the unit that moved up, and until when. Its seats are taken as far as anybody else is concerned.
 * One durable timer per event stands at the first expiry; an offer that is not accepted by then lapses: its persons
 * have left the list, and the list moves in the same transaction. While the event is postponed or cancelled nothing
 * lapses and nothing is accepted; once it moves again, what has expired lapses at once.
 */
#include "registration/ask.h"
#include <stdio.h>
#include <string.h>

enum { LAPSED_MAX = 256 }; /* offers in one batch; the rest in the next */

int reg_offer_timer(reg_t *self, cv_tx_t *tx, reg_event_t *event)
{
    int64_t first_ms;

    if (!event->seats.offered)
        return CV_OK;
    int rc = reg_store_offer_first(self->store, event->row, &first_ms);
    return rc || !first_ms ? rc : cv_tx_timer_set(tx, REG_TIMER_OFFER, cv_str(event->code), first_ms);
}

/* A person whose offer is over without a seat. at: in the roster, if it is loaded; roster.n else. */
static int leave(reg_t *self, reg_delegation_t *d, int64_t id, unsigned number, unsigned role, reg_options_t options,
                 const reg_note_t *note, cv_person_change_t what)
{
    int rc = reg_store_note(self->store, id, note, what);

    if (!rc)
        rc = reg_store_person_move(self->store, id, REG_WITHDRAWN, 0, 0);
    if (rc)
        return rc;
    reg_withdraw(&d->event->seats, &d->share, role, options, REG_OFFERED);
    uint32_t at = d->roster.loaded ? reg_roster_find(&d->roster, number) : d->roster.n;
    if (at < d->roster.n)
        reg_roster_rename(&d->roster, at, 0);
    reg_book_touch(&self->book, d);
    return CV_OK;
}

/* ---- expiry ------------------------------------------------------------------------------------------------------ */

static int lapse(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, int64_t unit_number, int64_t expires_ms)
{
    const reg_note_t note = {.at_ms = cv_tx_now_ms(tx)};
    cv_registration_lapsed_v1_t *record = &self->lapsed;
    reg_unit_t unit;

    int rc = reg_store_offered(self->store, unit_number, &unit);
    if (!rc)
        rc = reg_store_offer_drop(self->store, unit_number);
    *record = (cv_registration_lapsed_v1_t){.event = cv_str(d->event->code),
                                            .party = cv_str(d->party->code),
                                            .expires_ms = expires_ms,
                                            .private_seq = cv_tx_head(tx, REG_STREAM_PRIVATE)};
    for (unsigned i = 0; !rc && i < unit.n; i++) {
        rc = leave(self, d, unit.id[i], unit.number[i], unit.role[i], unit.options[i], &note, CV_PERSON_CHANGE_EXPIRED);
        if (!rc)
            rc = reg_store_offer_expired(self->store, d->row, unit.number[i]);
        record->persons[record->persons_n++] =
            (cv_person_place_t){.number = unit.number[i], .state = CV_PERSON_STATE_WITHDRAWN};
    }
    if (rc || !unit.n) /* all had withdrawn before */
        return rc;
    if (reg_live(&d->share) == 0)
        reg_set_answer(d, REG_ANSWER_WITHDRAWN);
    reg_fill_seats(d, &record->seats);
    record->seats.has_party_online = record->seats.has_party_withdrawn = true;
    record->seats.party_online = d->share.online;
    record->seats.party_withdrawn = d->share.withdrawn;
    record->answer = (cv_party_answer_t)d->answer;
    return cv_tx_emit(tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, cv_str(d->subject), record, NULL);
}

int reg_expire_offers(reg_t *self, cv_tx_t *tx, reg_event_t *event)
{
    int64_t unit, row, expires_ms;
    int rc = CV_OK, n = 0;

    if (!reg_stage_moves(event->terms.stage))
        return CV_OK; /* set again when the event moves */
    while (n < LAPSED_MAX) {
        rc = reg_store_offer_due(self->store, event->row, cv_tx_now_ms(tx), &unit, &row, &expires_ms);
        if (rc)
            break;
        reg_delegation_t *d = reg_delegation_at(event, row);
        rc = d ? lapse(self, tx, d, unit, expires_ms) : CV_ECORRUPT;
        if (rc)
            return rc;
        n++;
    }
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    rc = reg_promote(self, tx, event, CV_PROMOTION_CAUSE_OFFER);
    return rc ? rc : reg_offer_timer(self, tx, event);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static bool is_named(const reg_person_t *persons, unsigned n, int64_t id)
{
    for (unsigned i = 0; i < n; i++)
        if (persons[i].id == id)
            return true;
    return false;
}

/* Whether each offer is answered as a whole and in time; else the rule, and in *ret_culprit for whom. */
static int check(reg_ask_t *ask, const reg_person_t *persons, unsigned n, reg_rule_t *ret_rule, unsigned *ret_culprit)
{
    char expired[CV_TIME_TEXT + 1];

    *ret_rule = REG_RULE_NONE;
    for (unsigned i = 0; i < n; i++) {
        reg_unit_t unit;
        int64_t expires_ms;
        int rc = reg_store_offered(ask->self->store, persons[i].unit, &unit);
        if (!rc)
            rc = reg_store_offer_get(ask->self->store, persons[i].unit, &expires_ms);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
        *ret_culprit = i;
        if (expires_ms <= cv_tx_now_ms(ask->tx)) {
            cv_time_text(expires_ms, expired);
            snprintf(ask->text, sizeof ask->text, "The offer to person %u of %s expired at %s; nothing was changed.",
                     persons[i].number, ask->party->code, expired);
            *ret_rule = REG_RULE_OFFER_EXPIRED;
            return CV_OK;
        }
        for (unsigned k = 0; k < unit.n; k++) {
            if (is_named(persons, n, unit.id[k]))
                continue;
            snprintf(
                ask->text, sizeof ask->text,
                "Person %u of %s was offered a seat together with person %u: answer for both; nothing was changed.",
                persons[i].number, ask->party->code, unit.number[k]);
            *ret_rule = REG_RULE_OFFER_TOGETHER;
            return CV_OK;
        }
    }
    return CV_OK;
}

static int take(reg_ask_t *ask, const reg_person_t *person)
{
    int rc = reg_store_note(ask->self->store, person->id, &ask->self->note, CV_PERSON_CHANGE_ACCEPTED);

    if (!rc)
        rc = reg_store_person_move(ask->self->store, person->id, REG_CONFIRMED, 0, 0);
    reg_offer(&ask->event->seats, &ask->delegation->share, -1);
    return rc;
}

static int answer(reg_ask_t *ask, const reg_person_t *persons, unsigned n, bool accept)
{
    reg_delegation_t *d = ask->delegation;
    cv_decision_t *decision = &ask->out->decision;
    reg_rule_t rule = accept ? REG_RULE_ACCEPTED : REG_RULE_PASSED;
    const char *code = reg_rule_word(rule);
    int rc = CV_OK;

    decision->persons_n = n;
    for (unsigned i = 0; !rc && i < n; i++) {
        decision->persons[i] =
            (cv_person_decision_t){.number = persons[i].number,
                                   .state = accept ? CV_PERSON_STATE_CONFIRMED : CV_PERSON_STATE_WITHDRAWN,
                                   .rule = cv_str(code)};
        rc = reg_store_offer_drop(ask->self->store, persons[i].unit); /* of a unit: once, then there is none */
        if (!rc)
            rc = accept ? take(ask, &persons[i])
                        : leave(ask->self, d, persons[i].id, persons[i].number, persons[i].role, persons[i].options,
                                &ask->self->note, CV_PERSON_CHANGE_PASSED);
    }
    if (rc)
        return rc;
    if (reg_live(&d->share) == 0)
        reg_set_answer(d, REG_ANSWER_WITHDRAWN);
    snprintf(ask->text, sizeof ask->text, "%s: %u %s; %d confirmed, %d offered, %d waiting remain.", ask->party->code,
             n, accept ? "accepted, and have their seats" : "passed, and have left the list",
             d->share.confirmed - d->share.offered, d->share.offered, d->share.waiting);
    return reg_accept(ask, rule, code, accept ? CV_PROMOTION_CAUSE_ABSENT : CV_PROMOTION_CAUSE_OFFER);
}

int reg_answer_offer(reg_ask_t *ask, const cv_registration_offer_answer_v1_t *request)
{
    reg_person_t persons[REG_PERSONS_MAX];
    unsigned n, culprit;
    reg_rule_t rule;

    int rc = reg_pick_all(ask, request->persons, request->persons_n, REG_OFFERED, REG_RULE_NOT_OFFERED, "changed",
                          persons, &n, &rule, &culprit);
    if (!rc && rule == REG_RULE_NONE)
        rc = check(ask, persons, n, &rule, &culprit);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, request->persons_n ? reg_field_at(ask, culprit) : NULL);
    return answer(ask, persons, n, request->accept);
}
