/* ask: what every kind of request does on its way: how it is told, refused and answered. See ask.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A decision is counted in the delegation, told in registration.decided, and answered with the rule and the seats.
 * Order of records in the two streams:
 *
 *   registration.private   contact (persons and contact that were accepted; why persons were returned or refused)
 *   registration.events    decided (its private_seq covers the contact)    promoted ... (what the decision set free)
 */
#include "registration/ask.h"
#include <stdio.h>
#include <string.h>

void reg_fill_seats(const reg_delegation_t *delegation, cv_seats_t *ret_seats)
{
    const reg_seats_t *seats = &delegation->event->seats;
    const reg_share_t *share = &delegation->share;
    int64_t free = reg_free(seats);

    *ret_seats = (cv_seats_t){.capacity = seats->capacity,
                              .confirmed = seats->confirmed - seats->offered,
                              .has_offered = seats->offered > 0,
                              .offered = seats->offered,
                              .has_party_offered = share->offered > 0,
                              .party_offered = share->offered,
                              .waiting = seats->waiting,
                              .free = free > 0 ? free : 0,
                              .party_guaranteed = share->guaranteed,
                              .party_maximum = share->maximum,
                              .party_confirmed = share->confirmed - share->offered,
                              .party_waiting = share->waiting};
}

/* Records the decision and puts it into the answer, whose persons are filled in already. */
static int conclude(reg_ask_t *ask, cv_outcome_class_t cls, reg_rule_t rule, const char *code)
{
    reg_delegation_t *d = ask->delegation;
    cv_registration_decided_v1_t *decided = &ask->self->decided;
    cv_decision_t *decision = &ask->out->decision;
    uint64_t seq;

    d->requests++;
    reg_book_touch(&ask->self->book, d);
    ask->out->has_decision = true;
    decision->event = cv_str(ask->event->code);
    decision->party = cv_str(ask->party->code);
    decision->has_version = ask->event->version > 0;
    decision->version = ask->event->version;
    decision->rule = cv_str(reg_rule_word(rule));
    decision->has_seats = true;
    reg_fill_seats(d, &decision->seats);
    if (ask->act > REG_ACT_DECLINE) { /* these change more than what registering and withdrawing do */
        decision->seats.has_party_online = decision->seats.has_party_withdrawn = true;
        decision->seats.party_online = d->share.online;
        decision->seats.party_withdrawn = d->share.withdrawn;
    }

    if (ask->exception) {
        decision->has_exception = true;
        decision->exception =
            (cv_exception_used_t){.grant = cv_str(ask->exception->request), .until_ms = ask->exception->until_ms};
    }

    decided->request = ask->msg->id;
    decided->has_exception = decision->has_exception;
    decided->exception = decision->exception;
    decided->has_part = ask->part >= 0;
    decided->part = ask->part;
    decided->kind = (cv_decision_kind_t)ask->act;
    decided->event = decision->event;
    decided->party = decision->party;
    decided->cls = cls;
    decided->code = cv_str(code);
    decided->persons_n = decision->persons_n;
    for (size_t i = 0; i < decision->persons_n; i++) {
        const cv_person_decision_t *person = &decision->persons[i];
        decided->persons[i] = (cv_person_place_t){.number = person->number,
                                                  .state = person->state,
                                                  .has_position = person->has_position,
                                                  .position = person->position};
    }
    decided->has_seats = true;
    decided->seats = decision->seats;
    decided->answer = (cv_party_answer_t)d->answer;
    decided->has_version = decision->has_version;
    decided->version = decision->version;
    decided->private_seq = cv_tx_head(ask->tx, REG_STREAM_PRIVATE);
    int rc = cv_tx_emit(ask->tx, REG_STREAM_EVENTS, CV_MSG_REGISTRATION_DECIDED_V1, cv_str(d->subject), decided, &seq);
    if (rc)
        return rc;
    ask->out->stream = CV_STR("registration.events");
    ask->out->has_sequence = true;
    ask->out->sequence = seq;
    return CV_OK;
}

/* How many of these persons have room in one record. */
static size_t fitting(const cv_person_sealed_t *persons, size_t n)
{
    size_t octets = 0, i = 0;

    for (; i < n; i++) {
        octets += REG_PERSON_OCTETS + persons[i].sealed.len + persons[i].reason.len;
        if (i > 0 && octets > REG_RECORD_OCTETS)
            break;
    }
    return i;
}

int reg_tell_contact(reg_ask_t *ask)
{
    cv_registration_personal_v1_t *told = &ask->self->personal;
    reg_delegation_t *d = ask->delegation;
    const size_t n = told->persons_n;
    size_t done = 0;

    told->event = cv_str(ask->event->code);
    told->party = cv_str(ask->party->code);
    told->has_contact = ask->contact != NULL;
    told->review = n > 0 && told->persons[0].reason.ptr ? ask->msg->id : CV_STR_NONE;
    if (ask->contact) {
        int rc = CV_OK;
        if (!d->contact_key) {
            d->contact_key = ask->self->book.next_person++;
            rc = reg_store_key_add(ask->self->store, d->contact_key);
        }
        told->contact = (cv_contact_sealed_t){.language = ask->contact->language, .key = d->contact_key};
        if (!rc)
            rc = reg_store_contact_set(ask->self->store, d->row, d->contact_key, ask->contact, &told->contact.sealed);
        if (rc)
            return rc;
    }
    int rc = reg_purge_late(ask);
    if (rc)
        return rc;
    do { /* answers can be too much for one record */
        told->persons_n = fitting(told->persons + done, n - done);
        memmove(told->persons, told->persons + done, told->persons_n * sizeof *told->persons);
        done += told->persons_n;
        rc = cv_tx_emit(ask->tx, REG_STREAM_PRIVATE, CV_MSG_REGISTRATION_PERSONAL_V1, cv_str(d->subject), told,
                        &d->private_seq);
        told->has_contact = false;
    } while (!rc && done < n);
    return rc;
}

int reg_accept(reg_ask_t *ask, reg_rule_t rule, const char *code, cv_promotion_cause_t freed)
{
    int rc = conclude(ask, CV_OUTCOME_CLASS_OK, rule, code);

    if (!rc && freed != CV_PROMOTION_CAUSE_ABSENT)
        rc = reg_promote(ask->self, ask->tx, ask->event, freed);
    return rc ? rc : cv_accept(ask->tx, ask->out, code, "%s", ask->text);
}

int reg_refuse(reg_ask_t *ask, reg_rule_t rule, const char *field)
{
    int rc = CV_OK;

    if (ask->contact) {
        ask->self->personal.persons_n = 0;
        rc = reg_tell_contact(ask);
    }
    if (!rc)
        rc = conclude(ask, CV_OUTCOME_CLASS_REJECTED, rule, reg_rule_word(rule));
    return rc ? rc : cv_refuse(ask->tx, ask->out, reg_rule_word(rule), field, "%s", ask->text);
}

const char *reg_field_at(reg_ask_t *ask, unsigned index)
{
    enum { ROOM = 32 };
    char *path = cv_arena_take(cv_tx_arena(ask->tx), ROOM);

    if (path)
        snprintf(path, ROOM, "data.persons[%u]", index);
    return path;
}

void reg_set_answer(reg_delegation_t *delegation, reg_answer_t answer)
{
    reg_event_t *event = delegation->event;

    event->registered += (answer == REG_ANSWER_REGISTERED) - (delegation->answer == REG_ANSWER_REGISTERED);
    event->declined += (answer == REG_ANSWER_DECLINED) - (delegation->answer == REG_ANSWER_DECLINED);
    if (delegation->answer != answer)
        delegation->since = event->version;
    delegation->answer = answer;
}

/* ---- persons of the delegation -------------------------------------------------------------------------------- */

int reg_is_registered(reg_ask_t *ask, cv_str_t name, uint64_t hash, uint32_t but, bool *ret_found)
{
    const reg_roster_t *roster = &ask->delegation->roster;
    uint32_t at = 0, i;

    *ret_found = false;
    while ((i = reg_roster_named(roster, hash, &at)) < roster->n) {
        char text[REG_PERSON_TEXT];
        reg_person_t person;
        if (i == but)
            continue;
        int rc = reg_store_person_get(ask->self->store, roster->id[i], text, &person);
        if (rc)
            return rc;
        if (!cv_str_equal(person.name, name))
            continue;
        *ret_found = true;
        return CV_OK;
    }
    return CV_OK;
}

reg_rule_t reg_pick(reg_ask_t *ask, int64_t number, const char *nothing, uint32_t *ret_at)
{
    const reg_roster_t *roster = &ask->delegation->roster;
    uint32_t at = reg_roster_find(roster, number);
    bool gone = at < roster->n;

    if (gone && roster->name[at] != 0) {
        *ret_at = at;
        return REG_RULE_NONE;
    }
    snprintf(ask->text, sizeof ask->text, "Person %lld of %s %s; nothing was %s.", (long long)number, ask->party->code,
             gone ? "was withdrawn or refused before" : "is not registered", nothing);
    return gone ? REG_RULE_ALREADY_WITHDRAWN : REG_RULE_NOT_REGISTERED;
}

/* The word for a ruling that accepts. */
static const char *code_of(const reg_ruling_t *ruling, unsigned n)
{
    if (ruling->enlisted == (int)n)
        return reg_rule_word(ruling->rule); /* nominated, under_review */
    if (ruling->waiting + ruling->refused == 0)
        return "registered";
    return ruling->waiting == (int)n ? "waiting" : "partly_registered";
}

int reg_accept_ruling(reg_ask_t *ask, const reg_ruling_t *ruling, unsigned n, int32_t confirmed_before)
{
    bool rose = ask->delegation->share.confirmed > confirmed_before;

    return reg_accept(ask, ruling->rule, code_of(ruling, n),
                      rose ? CV_PROMOTION_CAUSE_CAPACITY : CV_PROMOTION_CAUSE_ABSENT);
}
