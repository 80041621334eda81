/* withdraw: persons do not come, or a party answers that it does not take part.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/ask.h"
#include <stdio.h>

/* ---- withdraw ------------------------------------------------------------------------------------------------ */

int reg_withdraw_one(reg_ask_t *ask, uint32_t index)
{
    reg_delegation_t *d = ask->delegation;
    reg_person_t person;

    int rc = reg_store_person_get(ask->self->store, d->roster.id[index], NULL, &person);
    if (rc)
        return rc;
    rc = reg_store_note(ask->self->store, person.id, &ask->self->note, CV_PERSON_CHANGE_WITHDRAWN);
    if (!rc)
        rc = person.state == REG_WAITING ? reg_leave_queue(ask->self, d, &person)
                                         : reg_store_person_move(ask->self->store, person.id, REG_WITHDRAWN, 0, 0);
    if (rc)
        return rc;
    reg_withdraw(&ask->event->seats, &d->share, person.role, person.options, person.state);
    reg_roster_rename(&d->roster, index, 0);
    return reg_badge_void(ask->self, ask->tx, d, person.id, CV_BADGE_CAUSE_WITHDRAWN);
}

/* Where the numbers of the request are in the roster. REG_RULE_NONE: all are there and can be withdrawn. */
static reg_rule_t pick(reg_ask_t *ask, const cv_registration_withdraw_v1_t *request, uint32_t *ret_picked,
                       unsigned *ret_culprit)
{
    reg_rule_t rule = REG_RULE_NONE;

    for (unsigned i = 0; i < request->persons_n && rule == REG_RULE_NONE; i++) {
        *ret_culprit = i;
        rule = reg_pick(ask, request->persons[i], "withdrawn", &ret_picked[i]);
    }
    return rule;
}

static void list_withdrawn(reg_ask_t *ask, unsigned number)
{
    cv_decision_t *decision = &ask->out->decision;

    decision->persons[decision->persons_n++] = (cv_person_decision_t){
        .number = number, .state = CV_PERSON_STATE_WITHDRAWN, .rule = cv_str(reg_rule_word(REG_RULE_WITHDRAWN))};
}

int reg_withdraw_persons(reg_ask_t *ask, const cv_registration_withdraw_v1_t *request)
{
    reg_delegation_t *d = ask->delegation;
    reg_share_t *share = &d->share;
    const reg_share_t before = *share;
    uint32_t picked[REG_PERSONS_MAX];
    unsigned culprit = 0;
    int32_t live = reg_live(share);

    if (live == 0) {
        reg_rule_t rule = share->withdrawn ? REG_RULE_ALREADY_WITHDRAWN : REG_RULE_NOT_REGISTERED;
        snprintf(ask->text, sizeof ask->text,
                 share->withdrawn ? "All %d persons of %s were withdrawn before."
                                  : "%d persons of %s are registered; there is nobody to withdraw.",
                 share->withdrawn, ask->party->code);
        return reg_refuse(ask, rule, NULL);
    }
    int rc = reg_store_roster(ask->self->store, &ask->self->book, d);
    if (rc)
        return rc;
    reg_rule_t rule = pick(ask, request, picked, &culprit);
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, reg_field_at(ask, culprit));
    for (unsigned i = 0; !rc && i < request->persons_n; i++) {
        list_withdrawn(ask, d->roster.number[picked[i]]);
        rc = reg_withdraw_one(ask, picked[i]);
    }
    for (uint32_t i = 0; !rc && !request->persons_n && i < d->roster.n; i++) {
        if (d->roster.name[i] == 0)
            continue;
        if (live <= REG_PERSONS_MAX)
            list_withdrawn(ask, d->roster.number[i]); /* a list is never a part of one */
        rc = reg_withdraw_one(ask, i);
    }
    if (rc)
        return rc;
    if (reg_live(share) == 0)
        reg_set_answer(d, REG_ANSWER_WITHDRAWN);
    snprintf(ask->text, sizeof ask->text,
             "%s: %d withdrawn, %d seats given back; %d confirmed, %d waiting, %d online remain.", ask->party->code,
             share->withdrawn - before.withdrawn, before.confirmed - share->confirmed, share->confirmed, share->waiting,
             share->online);
    return reg_accept(ask, REG_RULE_WITHDRAWN, "withdrawn", CV_PROMOTION_CAUSE_WITHDRAWAL);
}

/* ---- decline ------------------------------------------------------------------------------------------------- */

/* An answer, not a withdrawal: who has registered must say first that these persons do not come. */
int reg_decline(reg_ask_t *ask)
{
    reg_delegation_t *d = ask->delegation;
    int32_t live = reg_live(&d->share);

    if (live > 0) {
        snprintf(ask->text, sizeof ask->text, "%s has registered %d persons; withdraw them first.", ask->party->code,
                 live);
        return reg_refuse(ask, REG_RULE_ALREADY_REGISTERED, NULL);
    }
    if (d->answer == REG_ANSWER_DECLINED) {
        snprintf(ask->text, sizeof ask->text, "%s has declined already.", ask->party->code);
        return reg_refuse(ask, REG_RULE_ALREADY_DECLINED, NULL);
    }
    reg_set_answer(d, REG_ANSWER_DECLINED);
    snprintf(
        ask->text, sizeof ask->text,
        "%s declines; seats kept for it stay kept until they are released, and registering opens the answer again.",
        ask->party->code);
    return reg_accept(ask, REG_RULE_DECLINED, "declined", CV_PROMOTION_CAUSE_ABSENT);
}
