/* phase: persons who are in the delegation before they ask for seats: nominate, confirm.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where an event has a deadline for confirmation, registering nominates: a person has a number and may be changed, but
 * has no seat and competes for none. Confirming asks for the seats, and is decided like a registration of that moment:
 * who has to wait comes to the list now, behind those who were confirmed before. Who gets nothing stays nominated.
 */
#include "registration/ask.h"
#include <stdio.h>

void reg_nominate(reg_ask_t *ask, unsigned step, reg_group_t group, const reg_applicant_t *who, unsigned n,
                  reg_verdict_t *ret_verdicts, reg_ruling_t *ret_ruling)
{
    reg_delegation_t *d = ask->delegation;
    const char *code = ask->party->code;
    char until[CV_TIME_TEXT + 1];

    reg_enlist(&ask->event->seats, &d->share, step ? REG_REVIEW : REG_NOMINATED,
               step ? REG_RULE_REVIEW : REG_RULE_NOMINATED, group, who, n, ret_verdicts, ret_ruling);
    if (!ret_ruling->accepted) {
        reg_explain(&ask->event->seats, &d->share, ret_ruling, code, cv_capacity_text((cv_capacity_t)ret_ruling->role),
                    ask->text);
        return;
    }
    if (step) {
        snprintf(ask->text, sizeof ask->text,
                 "%s: %d under review (%s), %d refused; seats are decided when they are approved. %s has %d of at most "
                 "%d seats.",
                 code, ret_ruling->enlisted, reg_step_text(step), ret_ruling->refused, code, d->share.confirmed,
                 d->share.maximum);
        return;
    }
    cv_time_text(ask->event->terms.confirm_closes_ms, until);
    snprintf(
        ask->text, sizeof ask->text,
        "%s: %d nominated, %d refused; they have seats once they are confirmed, before %s. %s has %d of at most %d "
        "seats and %d persons nominated.",
        code, ret_ruling->enlisted, ret_ruling->refused, until, code, d->share.confirmed, d->share.maximum,
        d->share.pending);
}

static const char *name_of(reg_state_t state)
{
    return cv_person_state_text((cv_person_state_t)state);
}

static int pick_named(reg_ask_t *ask, const int64_t *numbers, size_t numbers_n, reg_state_t state, reg_rule_t otherwise,
                      const char *nothing, reg_person_t *ret_persons, reg_rule_t *ret_rule, unsigned *ret_culprit)
{
    for (unsigned i = 0; i < numbers_n; i++) {
        uint32_t at;
        *ret_culprit = i;
        *ret_rule = reg_pick(ask, numbers[i], nothing, &at);
        if (*ret_rule != REG_RULE_NONE)
            return CV_OK;
        int rc = reg_store_person_get(ask->self->store, ask->delegation->roster.id[at], NULL, &ret_persons[i]);
        if (rc)
            return rc;
        if (ret_persons[i].state == state)
            continue;
        snprintf(ask->text, sizeof ask->text, "Person %u of %s is %s, not %s; nothing was %s.", ret_persons[i].number,
                 ask->party->code, name_of(ret_persons[i].state), name_of(state), nothing);
        *ret_rule = otherwise;
        return CV_OK;
    }
    return CV_OK;
}

int reg_pick_all(reg_ask_t *ask, const int64_t *numbers, size_t numbers_n, reg_state_t state, reg_rule_t otherwise,
                 const char *nothing, reg_person_t ret_persons[REG_PERSONS_MAX], unsigned *ret_n, reg_rule_t *ret_rule,
                 unsigned *ret_culprit)
{
    reg_delegation_t *d = ask->delegation;
    unsigned n = 0;

    *ret_rule = REG_RULE_NONE;
    *ret_culprit = 0;
    int rc = reg_store_roster(ask->self->store, &ask->self->book, d);
    if (rc)
        return rc;
    *ret_n = (unsigned)numbers_n;
    if (numbers_n)
        return pick_named(ask, numbers, numbers_n, state, otherwise, nothing, ret_persons, ret_rule, ret_culprit);
    for (uint32_t i = 0; i < d->roster.n; i++) {
        reg_person_t person;
        if (d->roster.name[i] == 0)
            continue;
        rc = reg_store_person_get(ask->self->store, d->roster.id[i], NULL, &person);
        if (rc)
            return rc;
        if (person.state != state)
            continue;
        if (n == REG_PERSONS_MAX) {
            snprintf(ask->text, sizeof ask->text,
                     "More than %d persons of %s are %s: name those who are meant, at most %d at once.",
                     REG_PERSONS_MAX, ask->party->code, name_of(state), REG_PERSONS_MAX);
            *ret_rule = REG_RULE_TOO_MANY;
            return CV_OK;
        }
        ret_persons[n++] = person;
    }
    *ret_n = n;
    if (n)
        return CV_OK;
    snprintf(ask->text, sizeof ask->text, "Nobody of %s is %s; nothing was %s.", ask->party->code, name_of(state),
             nothing);
    *ret_rule = otherwise;
    return CV_OK;
}

/* Who waits comes to the list now: arrivals rise, and rows are numbered from the same counter. */
static int seat_persons(reg_ask_t *ask, const reg_person_t *persons, const reg_verdict_t *verdicts, unsigned n,
                        const reg_ruling_t *ruling, cv_person_change_t what)
{
    reg_book_t *book = &ask->self->book;
    reg_need_t together = {0};
    int64_t unit = 0;

    for (unsigned i = 0; i < n; i++) {
        if (verdicts[i].state == REG_WAITING)
            reg_need_add(&together, persons[i].role, persons[i].options);
    }
    for (unsigned i = 0; i < n; i++) {
        reg_need_t alone = {0};
        const reg_need_t *need = ruling->unit ? &together : &alone;
        int64_t lane = 0, arrival = 0;

        if (verdicts[i].state == REG_REFUSED)
            continue;
        reg_need_add(&alone, persons[i].role, persons[i].options);
        if (verdicts[i].state == REG_WAITING) {
            if (!unit || !ruling->unit)
                unit = book->next_person++;
            arrival = unit;
            lane = reg_lane_key(need);
        }
        int rc = reg_store_note(ask->self->store, persons[i].id, &ask->self->note, what);
        if (!rc)
            rc = reg_store_person_move(ask->self->store, persons[i].id, verdicts[i].state, arrival, lane);
        if (!rc && lane)
            rc = reg_lane_open(book, ask->delegation, need, arrival);
        if (rc)
            return rc;
    }
    return CV_OK;
}

int reg_seat(reg_ask_t *ask, const reg_person_t *persons, unsigned n, cv_group_rule_t group, bool named,
             cv_person_change_t what)
{
    reg_applicant_t who[REG_PERSONS_MAX];
    reg_verdict_t verdicts[REG_PERSONS_MAX];
    reg_ruling_t ruling;
    reg_delegation_t *d = ask->delegation;
    cv_decision_t *decision = &ask->out->decision;
    const int32_t confirmed_before = d->share.confirmed;

    for (unsigned i = 0; i < n; i++)
        who[i] = (reg_applicant_t){.role = (uint8_t)persons[i].role,
                                   .online = persons[i].online,
                                   .enlisted = true,
                                   .options = persons[i].options};
    reg_decide(&ask->event->seats, &d->share, group ? (reg_group_t)group : ask->event->group, who, n, verdicts,
               &ruling);
    reg_explain(&ask->event->seats, &d->share, &ruling, ask->party->code, cv_capacity_text((cv_capacity_t)ruling.role),
                ask->text);
    if (!ruling.accepted)
        return reg_refuse(ask, ruling.rule, named ? reg_field_at(ask, ruling.culprit) : NULL);
    decision->persons_n = n;
    for (unsigned i = 0; i < n; i++) {
        reg_state_t state = verdicts[i].state == REG_REFUSED ? persons[i].state : verdicts[i].state;
        decision->persons[i] = (cv_person_decision_t){.number = persons[i].number,
                                                      .state = (cv_person_state_t)state,
                                                      .rule = cv_str(reg_rule_word(verdicts[i].rule)),
                                                      .has_position = verdicts[i].position > 0,
                                                      .position = verdicts[i].position};
    }
    int rc = seat_persons(ask, persons, verdicts, n, &ruling, what);
    return rc ? rc : reg_accept_ruling(ask, &ruling, n, confirmed_before);
}

/* Confirmed, but somebody has to approve first. */
static int submit(reg_ask_t *ask, const reg_person_t *persons, unsigned n, unsigned step)
{
    cv_decision_t *decision = &ask->out->decision;
    const char *code = reg_rule_word(REG_RULE_REVIEW);
    int rc = CV_OK;

    decision->persons_n = n;
    for (unsigned i = 0; !rc && i < n; i++) {
        decision->persons[i] = (cv_person_decision_t){
            .number = persons[i].number, .state = CV_PERSON_STATE_UNDER_REVIEW, .rule = cv_str(code)};
        rc = reg_store_note(ask->self->store, persons[i].id, &ask->self->note, CV_PERSON_CHANGE_CONFIRMED);
        if (!rc)
            rc = reg_store_person_move(ask->self->store, persons[i].id, REG_REVIEW, 0, step);
    }
    if (rc)
        return rc;
    snprintf(ask->text, sizeof ask->text, "%s: %u under review (%s); seats are decided when they are approved.",
             ask->party->code, n, reg_step_text(step));
    return reg_accept(ask, REG_RULE_REVIEW, code, CV_PROMOTION_CAUSE_ABSENT);
}

int reg_confirm(reg_ask_t *ask, const cv_registration_confirm_v1_t *request)
{
    reg_person_t persons[REG_PERSONS_MAX];
    const unsigned step = reg_first_step(ask);
    unsigned n, culprit;
    reg_rule_t rule;

    int rc = reg_pick_all(ask, request->persons, request->persons_n, REG_NOMINATED, REG_RULE_NOT_NOMINATED, "confirmed",
                          persons, &n, &rule, &culprit);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, request->persons_n ? reg_field_at(ask, culprit) : NULL);
    if (step)
        return submit(ask, persons, n, step);
    return reg_seat(ask, persons, n, request->group, request->persons_n > 0, CV_PERSON_CHANGE_CONFIRMED);
}
