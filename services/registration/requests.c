/* requests: register and the way of every request: from a message to the core and from its verdict to rows, records and
 * answer. SPDX-License-Identifier: Apache-2.0
 *
 * An event or party that is not known is no decision (NOTFOUND, not remembered): scheduling's record of it may arrive a
 * moment later. Everything else is one: it is counted in the delegation, told in registration.decided, and answered
 * with the rule and the seats. Order of records in the two streams:
 *
 *   registration.private   contact (persons and contact that were accepted)
 *   registration.events    decided (its private_seq covers the contact)    promoted ... (what the decision set free)
 *
 * Persons are numbered in the order of their requests. In a request that is accepted in part, those refused have a
 * number too, so that the answer can name them; nobody else ever gets it. A request refused as a whole numbers nobody.
 */
#include "registration/ask.h"
#include <stdio.h>

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

/* ---- the way of every request -------------------------------------------------------------------------------- */

/* Records the decision and puts it into the answer, whose persons are filled in already. */
int reg_conclude(reg_ask_t *ask, cv_outcome_class_t cls, reg_rule_t rule, const char *code)
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

/* Contact data goes to the private stream, before the decision that refers to it. The persons are filled in already. */
int reg_tell_contact(reg_ask_t *ask)
{
    cv_registration_contact_v1_t *told = &ask->self->contact;
    reg_delegation_t *d = ask->delegation;

    told->event = cv_str(ask->event->code);
    told->party = cv_str(ask->party->code);
    told->has_contact = ask->contact != NULL;
    if (ask->contact) {
        told->contact = *ask->contact;
        int rc = reg_store_contact_set(ask->self->store, d->row, ask->contact);
        if (rc)
            return rc;
    }
    return cv_tx_emit(ask->tx, REG_STREAM_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, cv_str(d->subject), told,
                      &d->private_seq);
}

/* A rule says no, in ask->text. Who asked is told even if nothing else is known of the delegation yet. */
int reg_refuse(reg_ask_t *ask, reg_rule_t rule, const char *field)
{
    int rc = CV_OK;

    if (ask->contact) {
        ask->self->contact.persons_n = 0;
        rc = reg_tell_contact(ask);
    }
    if (!rc)
        rc = reg_conclude(ask, CV_OUTCOME_CLASS_REJECTED, rule, reg_rule_word(rule));
    return rc ? rc : cv_refuse(ask->tx, ask->out, reg_rule_word(rule), field, "%s", ask->text);
}

/* The path of one person in the request; NULL (no field) when memory is short. */
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

/* ---- register ------------------------------------------------------------------------------------------------ */

/* Whether a person of this name is in the delegation. Hashes are compared first; who has the same hash is looked up. */
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

static int describe(reg_ask_t *ask, const cv_registration_register_v1_t *request, reg_applicant_t *who, uint64_t *names)
{
    for (unsigned i = 0; i < request->persons_n; i++) {
        const cv_person_t *person = &request->persons[i];

        who[i] =
            (reg_applicant_t){.role = (uint8_t)person->capacity, .online = person->attendance == CV_ATTENDANCE_ONLINE};
        names[i] = reg_name_hash(person->name);
        int rc = reg_is_registered(ask, person->name, names[i], UINT32_MAX, &who[i].duplicate);
        if (rc)
            return rc;
        for (unsigned j = 0; j < i && !who[i].duplicate; j++)
            who[i].duplicate = names[j] == names[i] && cv_str_equal(request->persons[j].name, person->name);
    }
    return CV_OK;
}

const char *reg_code_of(const reg_ruling_t *ruling, unsigned n)
{
    if (ruling->enlisted == (int)n)
        return reg_rule_word(ruling->rule); /* nominated, under_review */
    if (ruling->waiting + ruling->refused == 0)
        return "registered";
    return ruling->waiting == (int)n ? "waiting" : "partly_registered";
}

/* Writes the persons who were accepted, and opens the lanes they wait in. */
static int enter(reg_ask_t *ask, const cv_registration_register_v1_t *request, const reg_applicant_t *who,
                 const uint64_t *names, const reg_verdict_t *verdicts, const reg_ruling_t *ruling, unsigned step)
{
    reg_book_t *book = &ask->self->book;
    reg_delegation_t *d = ask->delegation;
    reg_need_t together = {0};
    int64_t unit = 0;

    for (unsigned i = 0; i < request->persons_n && ruling->unit; i++) {
        if (verdicts[i].state != REG_WAITING)
            continue;
        together.size++;
        together.of_role[who[i].role]++;
    }
    for (unsigned i = 0; i < request->persons_n; i++) {
        bool waits = verdicts[i].state == REG_WAITING;
        reg_need_t alone = {.size = 1};
        const reg_need_t *need = ruling->unit ? &together : &alone;
        unsigned number = (unsigned)++d->numbers;

        if (verdicts[i].state == REG_REFUSED)
            continue;
        alone.of_role[who[i].role] = 1;
        reg_person_t person = {.id = book->next_person++,
                               .delegation = d->row,
                               .previous = d->last_person,
                               .number = number,
                               .role = who[i].role,
                               .state = verdicts[i].state,
                               .online = who[i].online,
                               .at_ms = ask->self->note.at_ms,
                               .by = ask->self->note.by,
                               .name = request->persons[i].name,
                               .email = request->persons[i].email};
        if (person.state == REG_REVIEW)
            person.lane = step;
        if (waits) {
            if (!unit || !ruling->unit)
                unit = person.id;
            person.unit = unit;
            person.lane = reg_lane_key(need);
        }
        int rc = reg_store_person_add(ask->self->store, &person);
        if (!rc && waits)
            rc = reg_lane_open(book, d, need, unit);
        if (!rc)
            rc = reg_roster_add(book, d, person.id, number, names[i]);
        if (rc)
            return rc;
        d->last_person = person.id;
    }
    return CV_OK;
}

static int tell_persons(reg_ask_t *ask, const cv_registration_register_v1_t *request)
{
    cv_registration_contact_v1_t *told = &ask->self->contact;
    const cv_decision_t *decision = &ask->out->decision;

    told->persons_n = 0;
    for (unsigned i = 0; i < request->persons_n; i++) {
        const cv_person_t *person = &request->persons[i];
        if (decision->persons[i].state == CV_PERSON_STATE_REFUSED)
            continue;
        told->persons[told->persons_n++] = (cv_person_private_t){.number = decision->persons[i].number,
                                                                 .name = person->name,
                                                                 .capacity = person->capacity,
                                                                 .email = person->email};
    }
    return reg_tell_contact(ask);
}

static int register_persons(reg_ask_t *ask, const cv_registration_register_v1_t *request)
{
    reg_applicant_t who[REG_PERSONS_MAX];
    uint64_t names[REG_PERSONS_MAX];
    reg_verdict_t verdicts[REG_PERSONS_MAX];
    reg_ruling_t ruling;
    reg_delegation_t *d = ask->delegation;
    cv_decision_t *decision = &ask->out->decision;
    reg_group_t group = request->group ? (reg_group_t)request->group : ask->event->group;
    unsigned n = (unsigned)request->persons_n;
    const int32_t confirmed_before = d->share.confirmed;
    const unsigned step = reg_first_step(ask);

    if (d->numbers + (int32_t)n > REG_NUMBERS_MAX) {
        snprintf(ask->text, sizeof ask->text,
                 "%s has registered %d persons; one delegation can have %d, withdrawn ones included.", ask->party->code,
                 d->numbers, REG_NUMBERS_MAX);
        return reg_refuse(ask, REG_RULE_TOO_MANY, "data.persons");
    }
    if (ask->self->book.rostered > REG_ROSTERS_MAX)
        reg_roster_drop_all(&ask->self->book);
    int rc = reg_store_roster(ask->self->store, &ask->self->book, d);
    if (!rc)
        rc = describe(ask, request, who, names);
    if (rc)
        return rc;

    if (ask->event->terms.confirm_closes_ms || step) {
        reg_nominate(ask, ask->event->terms.confirm_closes_ms ? 0 : step, group, who, n, verdicts, &ruling);
    } else {
        reg_decide(&ask->event->seats, &d->share, group, who, n, verdicts, &ruling);
        reg_explain(&ask->event->seats, &d->share, &ruling, ask->party->code,
                    cv_capacity_text((cv_capacity_t)ruling.role), ask->text);
    }
    if (!ruling.accepted)
        return reg_refuse(ask, ruling.rule, reg_field_at(ask, ruling.culprit));
    decision->persons_n = n;
    for (unsigned i = 0; i < n; i++)
        decision->persons[i] = (cv_person_decision_t){.number = d->numbers + (int32_t)i + 1,
                                                      .state = (cv_person_state_t)verdicts[i].state,
                                                      .rule = cv_str(reg_rule_word(verdicts[i].rule)),
                                                      .has_position = verdicts[i].position > 0,
                                                      .position = verdicts[i].position};
    rc = enter(ask, request, who, names, verdicts, &ruling, step);
    if (!rc)
        rc = tell_persons(ask, request);
    if (rc)
        return rc;
    reg_set_answer(d, REG_ANSWER_REGISTERED);
    const char *code = reg_code_of(&ruling, n);
    rc = reg_conclude(ask, CV_OUTCOME_CLASS_OK, ruling.rule, code);
    /* New persons can bring a unit of their own party to its maximum, which then no longer holds up others. */
    if (!rc && d->share.confirmed > confirmed_before)
        rc = reg_promote(ask->self, ask->tx, ask->event, CV_PROMOTION_CAUSE_CAPACITY);
    return rc ? rc : cv_accept(ask->tx, ask->out, code, "%s", ask->text);
}

/* ---- dispatch -------------------------------------------------------------------------------------------------- */

/* Who does what this request does, and why: for the history of the persons it touches. */
static int take_note(reg_ask_t *ask, cv_str_t reason)
{
    const cv_principal_t *who = cv_tx_principal(ask->tx);

    ask->self->note = (reg_note_t){.at_ms = cv_tx_now_ms(ask->tx), .request = ask->msg->id, .reason = reason};
    return who ? reg_store_principal(ask->self->store, &ask->self->book, who->name, &ask->self->note.by) : CV_OK;
}

static int decide(reg_ask_t *ask, cv_str_t event, cv_str_t party, cv_str_t reason, const void *data)
{
    int rc = reg_ready(ask->self);

    if (!rc)
        rc = find(ask, event, party);
    if (!rc)
        rc = take_note(ask, reason);
    if (rc)
        return rc;
    reg_rule_t rule = reg_admit(&ask->event->terms, ask->act, ask->party->kind, cv_tx_now_ms(ask->tx), ask->text);
    if (rule != REG_RULE_NONE && (rule != REG_RULE_CLOSED || !reg_is_excused(ask)))
        return reg_refuse(ask, rule, NULL);
    switch (ask->act) {
    case REG_ACT_REGISTER:
        return register_persons(ask, data);
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
    }
    return CV_EINTERNAL;
}

int reg_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    reg_ask_t ask = {.self = self, .tx = tx, .msg = msg, .out = out};
    cv_str_t event, party, reason = CV_STR_NONE;

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
    default:
        return cv_refuse_as(tx, out, CV_EINVAL, "unknown_type", "type",
                            "Registration does not decide requests of this type.");
    }
    int rc = decide(&ask, event, party, reason, data);
    ask.self->note = (reg_note_t){0}; /* what it points to is gone soon */
    return rc;
}
