/* requests: what is asked, about whom, and may it be asked now; then whoever decides requests of this kind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event or party that is not known is no decision (NOTFOUND, not remembered): scheduling's record of it may arrive a
 * moment later. Everything else is one.
 */
#include "registration/ask.h"
#include "registration/badge.h"
#include "registration/consent.h"
#include "registration/document.h"

/* Finds what the request is about. */
static int find(reg_ask_t *ask, cv_str_t event, cv_str_t party)
{
    reg_book_t *book = &ask->self->book;

    ask->event = reg_book_event(book, event);
    if (!ask->event || !ask->event->known) {
        (void)cv_refuse_as(ask->tx, ask->out, CV_ENOTFOUND, "event_unknown", "data.event",
                           "Registration does not know an event %.*s (yet).", CV_STR_ARG(event));
        return CV_ENOTFOUND;
    }
    ask->party = reg_book_party(book, party);
    if (!ask->party || !ask->party->known) {
        (void)cv_refuse_as(ask->tx, ask->out, CV_ENOTFOUND, "party_unknown", "data.party",
                           "Registration does not know a party %.*s (yet).", CV_STR_ARG(party));
        return CV_ENOTFOUND;
    }
    ask->delegation = reg_book_delegation(book, ask->event, ask->party);
    if (ask->delegation)
        return CV_OK;
    return reg_book_add_delegation(book, ask->event, ask->party, &ask->delegation);
}

/* Who does what this request does, and why: for the history of the persons it touches. */
static int take_note(reg_ask_t *ask, cv_str_t reason)
{
    const cv_principal_t *who = cv_tx_principal(ask->tx);

    ask->self->note = (reg_note_t){.at_ms = cv_tx_now_ms(ask->tx), .request = ask->msg->id, .reason = reason};
    return who ? reg_store_principal(ask->self->store, &ask->self->book, who->name, &ask->self->note.by) : CV_OK;
}

int reg_decide_ask(reg_ask_t *ask, cv_str_t event, cv_str_t party, cv_str_t reason, const void *data)
{
    int rc = reg_ready(ask->self);

    reg_store_begin(ask->self->store, ask->tx);
    if (!rc)
        rc = find(ask, event, party);
    if (!rc)
        rc = take_note(ask, reason);
    if (rc)
        return rc;
    if (ask->act == REG_ACT_ERASE) /* no deadline and no stage of the event takes that right away */
        return reg_erase(ask, data);
    reg_rule_t rule = reg_admit(&ask->event->terms, ask->act, ask->party->kind, cv_tx_now_ms(ask->tx), ask->text);
    if (rule != REG_RULE_NONE && (rule != REG_RULE_CLOSED || !reg_is_excused(ask)))
        return reg_refuse(ask, rule, NULL);
    switch (ask->act) {
    case REG_ACT_REGISTER:
        return reg_register(ask, data);
    case REG_ACT_WITHDRAW:
        return reg_withdraw_persons(ask, data);
    case REG_ACT_DECLINE:
        return reg_decline(ask);
    case REG_ACT_AMEND:
        return reg_amend(ask, data);
    case REG_ACT_SUBSTITUTE:
        return reg_substitute(ask, data);
    case REG_ACT_CONFIRM:
        return reg_confirm(ask, data);
    case REG_ACT_EXCEPTION:
        return reg_grant(ask, data);
    case REG_ACT_OFFER:
        return reg_answer_offer(ask, data);
    case REG_ACT_REVIEW:
        return reg_review(ask, data);
    case REG_ACT_ERASE:
        break;
    }
    return CV_EINTERNAL;
}

int reg_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    reg_ask_t ask = {.self = self, .tx = tx, .msg = msg, .out = out, .part = -1};
    cv_str_t event, party, reason = CV_STR_NONE;

    if (reg_is_badge_request(msg->info->number))
        return reg_badge_request(self, tx, msg, data, out);
    if (reg_is_document_request(msg->info->number))
        return reg_document_request(self, tx, msg, data, out);
    if (reg_is_consent_request(msg->info->number))
        return reg_consent_request(self, tx, msg, data, out);
    switch (msg->info->number) {
    case CV_MSG_REGISTRATION_REGISTER_V1: {
        const cv_registration_register_v1_t *request = data;
        ask.act = REG_ACT_REGISTER;
        event = request->event;
        party = request->party;
        ask.contact = request->has_contact ? &request->contact : NULL;
        break;
    }
    case CV_MSG_REGISTRATION_WITHDRAW_V1:
        ask.act = REG_ACT_WITHDRAW;
        event = ((const cv_registration_withdraw_v1_t *)data)->event;
        party = ((const cv_registration_withdraw_v1_t *)data)->party;
        reason = ((const cv_registration_withdraw_v1_t *)data)->reason;
        break;
    case CV_MSG_REGISTRATION_DECLINE_V1:
        ask.act = REG_ACT_DECLINE;
        event = ((const cv_registration_decline_v1_t *)data)->event;
        party = ((const cv_registration_decline_v1_t *)data)->party;
        break;
    case CV_MSG_REGISTRATION_AMEND_V1:
        ask.act = REG_ACT_AMEND;
        event = ((const cv_registration_amend_v1_t *)data)->event;
        party = ((const cv_registration_amend_v1_t *)data)->party;
        reason = ((const cv_registration_amend_v1_t *)data)->reason;
        break;
    case CV_MSG_REGISTRATION_SUBSTITUTE_V1:
        ask.act = REG_ACT_SUBSTITUTE;
        event = ((const cv_registration_substitute_v1_t *)data)->event;
        party = ((const cv_registration_substitute_v1_t *)data)->party;
        reason = ((const cv_registration_substitute_v1_t *)data)->reason;
        break;
    case CV_MSG_REGISTRATION_CONFIRM_V1:
        ask.act = REG_ACT_CONFIRM;
        event = ((const cv_registration_confirm_v1_t *)data)->event;
        party = ((const cv_registration_confirm_v1_t *)data)->party;
        break;
    case CV_MSG_REGISTRATION_EXCEPTION_GRANT_V1:
        ask.act = REG_ACT_EXCEPTION;
        event = ((const cv_registration_exception_grant_v1_t *)data)->event;
        party = ((const cv_registration_exception_grant_v1_t *)data)->party;
        reason = ((const cv_registration_exception_grant_v1_t *)data)->reason;
        break;
    case CV_MSG_REGISTRATION_OFFER_ANSWER_V1:
        ask.act = REG_ACT_OFFER;
        event = ((const cv_registration_offer_answer_v1_t *)data)->event;
        party = ((const cv_registration_offer_answer_v1_t *)data)->party;
        reason = ((const cv_registration_offer_answer_v1_t *)data)->reason;
        break;
    case CV_MSG_REGISTRATION_REVIEW_V1:
        ask.act = REG_ACT_REVIEW;
        event = ((const cv_registration_review_v1_t *)data)->event;
        party = ((const cv_registration_review_v1_t *)data)->party;
        reason = ((const cv_registration_review_v1_t *)data)->reason;
        if (!reason.ptr && ((const cv_registration_review_v1_t *)data)->verdict != CV_REVIEW_VERDICT_APPROVE)
            return cv_refuse_as(tx, out, CV_EINVAL, "bad_field", "data.reason",
                                "Who returns or refuses persons must say why.");
        break;
    case CV_MSG_REGISTRATION_ERASE_V1:
        ask.act = REG_ACT_ERASE;
        event = ((const cv_registration_erase_v1_t *)data)->event;
        party = ((const cv_registration_erase_v1_t *)data)->party;
        break;
    case CV_MSG_REGISTRATION_IMPORT_V1:
        return reg_import(self, tx, msg, data, out);
    default:
        return cv_refuse_as(tx, out, CV_EINVAL, "unknown_type", "type",
                            "Registration does not decide requests of this type.");
    }
    int rc = reg_decide_ask(&ask, event, party, reason, data);
    ask.self->note = (reg_note_t){0}; /* what it points to is gone soon */
    return rc;
}

int reg_find_person(reg_ask_t *ask, cv_str_t event, cv_str_t party, int64_t number, bool live, reg_person_t *ret_person)
{
    reg_book_t *book = &ask->self->book;

    ask->event = reg_book_event(book, event);
    if (!ask->event || !ask->event->known)
        return cv_refuse_as(ask->tx, ask->out, CV_ENOTFOUND, "event_unknown", "data.event",
                            "Registration does not know an event %.*s (yet).", CV_STR_ARG(event));
    ask->party = reg_book_party(book, party);
    if (!ask->party || !ask->party->known)
        return cv_refuse_as(ask->tx, ask->out, CV_ENOTFOUND, "party_unknown", "data.party",
                            "Registration does not know a party %.*s (yet).", CV_STR_ARG(party));
    ask->delegation = reg_book_delegation(book, ask->event, ask->party);
    int rc = ask->delegation ? reg_store_roster(ask->self->store, book, ask->delegation) : CV_OK;
    if (rc)
        return rc;
    const reg_roster_t *roster = ask->delegation ? &ask->delegation->roster : NULL;
    uint32_t at = roster ? reg_roster_find(roster, number) : 0;
    if (!roster || at == roster->n)
        return cv_refuse(ask->tx, ask->out, "not_registered", "data.number",
                         "Person %lld of %s is not registered; nothing was done.", (long long)number, ask->party->code);
    rc = reg_store_person_get(ask->self->store, roster->id[at], NULL, ret_person);
    if (rc)
        return rc;
    if (ret_person->is_erased)
        return cv_refuse(ask->tx, ask->out, "already_erased", "data.number",
                         "Person %lld of %s was erased before; nothing was done.", (long long)number, ask->party->code);
    if (live && (ret_person->state == REG_WITHDRAWN || ret_person->state == REG_REFUSED))
        return cv_refuse(ask->tx, ask->out, "already_withdrawn", "data.number",
                         "Person %lld of %s was withdrawn or refused before; nothing was done.", (long long)number,
                         ask->party->code);
    return CV_OK;
}
