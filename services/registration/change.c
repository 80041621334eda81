/* change: amend and substitute: one person takes part in another way, or another person in its place.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was accepted stays as it is unless the whole change is accepted. Both requests are the same for the seats; they
 * differ in what they say about the person. Number, row and, for who waits, arrival stay, so a place is never lost.
 * Order of records: registration.private contact (the person as it is now), registration.events decided, then promoted
 * ...
 */
#include "registration/ask.h"
#include <stdio.h>

typedef struct {
    uint32_t at; /* in the roster */
    reg_person_t before, after;
    char text[REG_PERSON_TEXT]; /* of before */
    cv_person_change_t what;
} swap_t;

static reg_part_t part_of(const reg_person_t *person)
{
    return (reg_part_t){.role = (uint8_t)person->role, .online = person->online};
}

/* Place on the waiting list, 1 is next: who is of a kind before, and of the same kind who came before. */
static int position_of(reg_ask_t *ask, const reg_person_t *person, int32_t *ret_position)
{
    const reg_seats_t *seats = &ask->event->seats;
    unsigned kind = ask->delegation->share.kind;
    int32_t position = 1;

    for (unsigned k = 1; k < kind; k++)
        position += seats->waiting_of_kind[k];
    for (const reg_delegation_t *d = ask->event->delegations; d; d = d->next_of_event) {
        int32_t n;
        if (d->share.kind != kind || !d->share.waiting)
            continue;
        int rc = reg_store_in_front(ask->self->store, d->row, person->unit, person->id, &n);
        if (rc)
            return rc;
        position += n;
    }
    *ret_position = position;
    return CV_OK;
}

/* The row, and the list if the person waited. */
static int store(reg_ask_t *ask, swap_t *swap)
{
    reg_person_t *after = &swap->after;
    bool waited = swap->before.state == REG_WAITING;
    int rc = reg_store_note(ask->self->store, after->id, &ask->self->note, swap->what);

    if (after->state != REG_WAITING && after->state != REG_OFFERED)
        after->unit = after->lane = 0;
    if (!rc)
        rc = reg_store_person_set(ask->self->store, after);
    if (!rc && waited && (after->state != REG_WAITING || after->role != swap->before.role))
        rc = reg_rejoin_queue(ask->self, ask->delegation, &swap->before);
    if (!rc)
        reg_roster_rename(&ask->delegation->roster, swap->at, reg_name_hash(after->name));
    return rc;
}

static int settle(reg_ask_t *ask, swap_t *swap, reg_rule_t rule)
{
    cv_registration_contact_v1_t *told = &ask->self->contact;
    const reg_person_t *after = &swap->after;
    int32_t position = 0;
    int rc = store(ask, swap);

    if (!rc && after->state == REG_WAITING)
        rc = position_of(ask, after, &position);
    if (rc)
        return rc;
    ask->out->decision.persons_n = 1;
    ask->out->decision.persons[0] = (cv_person_decision_t){.number = after->number,
                                                           .state = (cv_person_state_t)after->state,
                                                           .rule = cv_str(reg_rule_word(rule)),
                                                           .has_position = position > 0,
                                                           .position = position};
    told->persons_n = 1;
    told->persons[0] = (cv_person_private_t){
        .number = after->number, .name = after->name, .capacity = (cv_capacity_t)after->role, .email = after->email};
    rc = reg_tell_contact(ask);
    const char *code = swap->what == CV_PERSON_CHANGE_AMENDED ? "amended" : "substituted";
    if (!rc)
        rc = reg_conclude(ask, CV_OUTCOME_CLASS_OK, rule, code);
    if (!rc)
        rc = reg_promote(ask->self, ask->tx, ask->event, CV_PROMOTION_CAUSE_CHANGE);
    return rc ? rc : cv_accept(ask->tx, ask->out, code, "%s", ask->text);
}

static bool is_same(const reg_person_t *a, const reg_person_t *b)
{
    return a->role == b->role && a->online == b->online && cv_str_equal(a->name, b->name) &&
           cv_str_equal(a->email, b->email);
}

/* What of the request a rule is about. */
static const char *field_of(reg_rule_t rule)
{
    if (rule == REG_RULE_ONE_HEAD || rule == REG_RULE_CAPACITY_LIMIT)
        return "data.capacity";
    return rule == REG_RULE_DUPLICATE ? "data.name" : "data.attendance";
}

static int decide(reg_ask_t *ask, swap_t *swap)
{
    reg_delegation_t *d = ask->delegation;
    const reg_person_t *before = &swap->before;
    reg_person_t *after = &swap->after;
    bool taken;

    if (is_same(before, after)) {
        snprintf(ask->text, sizeof ask->text, "%s: person %u is registered like this already; nothing was changed.",
                 ask->party->code, before->number);
        return reg_refuse(ask, REG_RULE_NOTHING_CHANGED, NULL);
    }
    int rc = reg_is_registered(ask, after->name, reg_name_hash(after->name), swap->at, &taken);
    if (rc)
        return rc;
    if (taken) {
        snprintf(ask->text, sizeof ask->text,
                 "%s has registered another person of this name already; person %u was not changed.", ask->party->code,
                 before->number);
        return reg_refuse(ask, REG_RULE_DUPLICATE, field_of(REG_RULE_DUPLICATE));
    }
    reg_rule_t rule =
        reg_change(&ask->event->seats, &d->share, before->state, part_of(before), part_of(after), &after->state);
    reg_explain_change(&ask->event->seats, &d->share, rule, before->number, ask->party->code, part_of(after),
                       cv_capacity_text((cv_capacity_t)after->role), ask->text);
    bool done =
        rule == REG_RULE_KEPT || rule == REG_RULE_GUARANTEED || rule == REG_RULE_POOL || rule == REG_RULE_ONLINE;
    return done ? settle(ask, swap, rule) : reg_refuse(ask, rule, field_of(rule));
}

/* Reads the person; swap->after is the same until the request says otherwise. *ret_rule: it cannot be changed. */
static int find(reg_ask_t *ask, int64_t number, swap_t *swap, reg_rule_t *ret_rule)
{
    reg_delegation_t *d = ask->delegation;

    int rc = reg_store_roster(ask->self->store, &ask->self->book, d);
    if (rc)
        return rc;
    *ret_rule = reg_pick(ask, number, "changed", &swap->at);
    if (*ret_rule != REG_RULE_NONE)
        return CV_OK;
    rc = reg_store_person_get(ask->self->store, d->roster.id[swap->at], swap->text, &swap->before);
    swap->after = swap->before;
    return rc;
}

static void apply(reg_person_t *person, cv_capacity_t capacity, cv_attendance_t attendance)
{
    if (capacity)
        person->role = (unsigned)capacity;
    if (attendance)
        person->online = attendance == CV_ATTENDANCE_ONLINE;
}

int reg_amend(reg_ask_t *ask, const cv_registration_amend_v1_t *request)
{
    swap_t swap = {.what = CV_PERSON_CHANGE_AMENDED};
    reg_rule_t rule;

    int rc = find(ask, request->number, &swap, &rule);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, "data.number");
    apply(&swap.after, request->capacity, request->attendance);
    if (request->name.ptr)
        swap.after.name = request->name;
    if (request->email.ptr)
        swap.after.email = request->email;
    return decide(ask, &swap);
}

int reg_substitute(reg_ask_t *ask, const cv_registration_substitute_v1_t *request)
{
    swap_t swap = {.what = CV_PERSON_CHANGE_SUBSTITUTED};
    reg_rule_t rule;

    int rc = find(ask, request->number, &swap, &rule);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, "data.number");
    apply(&swap.after, request->capacity, request->attendance);
    swap.after.name = request->name;
    swap.after.email = request->email;
    return decide(ask, &swap);
}
