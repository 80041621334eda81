/* review: persons are approved, returned for correction or refused before they get seats; so are changes, where the
 * event asks for approval again.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   registered -> under review (national) -> under review (secretariat) -> decided like a registration of that moment
 *
 *   at either step   returned: an amendment or a substitution is reviewed from the first step again
 *                    refused: for good; the name is free
 *
 * The national step is the focal point's of the party and passes by itself for what it asks itself; the other is the
 * secretariat's. Nobody is seated before the last approval, and nothing is promised by one: who then gets nothing stays
 * under review. A change that needs approval again is kept beside the registration, which stays as it is until then.
 */
#include "registration/ask.h"
#include <stdio.h>

unsigned reg_first_step(const reg_ask_t *ask)
{
    const cv_principal_t *who = cv_tx_principal(ask->tx);
    cv_approval_rule_t rule = ask->event->approval;
    bool own = who && who->role & CV_ROLE_FOCAL_POINT;

    if (!rule)
        return REG_STEP_NONE;
    if (rule != CV_APPROVAL_RULE_SECRETARIAT && !own)
        return REG_STEP_NATIONAL;
    return rule == CV_APPROVAL_RULE_NATIONAL ? REG_STEP_NONE : REG_STEP_SECRETARIAT;
}

const char *reg_step_text(unsigned step)
{
    return step == REG_STEP_NATIONAL ? "national approval" : "approval by the secretariat";
}

/* Whether who asks gives the approval of this step. */
static bool is_mine(const reg_ask_t *ask, int64_t step)
{
    const cv_principal_t *who = cv_tx_principal(ask->tx);
    unsigned role = step == REG_STEP_NATIONAL ? CV_ROLE_FOCAL_POINT : CV_ROLE_SECRETARIAT;

    return who && who->role & role;
}

typedef struct {
    reg_person_t persons[REG_PERSONS_MAX];
    unsigned n, culprit;
    bool is_change; /* one person, whose change is under review */
    uint32_t at;    /* of that one in the roster */
    unsigned step;
} reviewed_t;

static reg_rule_t not_mine(reg_ask_t *ask, const reg_person_t *person, unsigned step)
{
    snprintf(ask->text, sizeof ask->text, "Person %u of %s waits for %s, which is not yours to give.", person->number,
             ask->party->code, reg_step_text(step));
    return REG_RULE_NOT_UNDER_REVIEW;
}

/* A person who is not under review: perhaps a change of it is. */
static int pick_change(reg_ask_t *ask, reviewed_t *reviewed, const reg_person_t *person, size_t named,
                       reg_rule_t *ret_rule)
{
    char text[REG_PERSON_TEXT];
    reg_person_t after = *person;
    cv_person_change_t what;

    int rc = reg_store_proposal_get(ask->self->store, &after, text, &reviewed->step, &what);
    if (rc == CV_ENOTFOUND) {
        snprintf(ask->text, sizeof ask->text, "Person %u of %s is %s, not under review; nothing was changed.",
                 person->number, ask->party->code, cv_person_state_text((cv_person_state_t)person->state));
        *ret_rule = REG_RULE_NOT_UNDER_REVIEW;
        return CV_OK;
    }
    if (rc)
        return rc;
    reviewed->is_change = true;
    if (named > 1) {
        snprintf(ask->text, sizeof ask->text, "A change of person %u of %s is under review: name that person alone.",
                 person->number, ask->party->code);
        *ret_rule = REG_RULE_REVIEW_ALONE;
    } else if (!is_mine(ask, reviewed->step)) {
        *ret_rule = not_mine(ask, person, reviewed->step);
    }
    return CV_OK;
}

static int pick_named(reg_ask_t *ask, const cv_registration_review_v1_t *request, reviewed_t *reviewed,
                      reg_rule_t *ret_rule)
{
    for (unsigned i = 0; i < request->persons_n && *ret_rule == REG_RULE_NONE; i++) {
        reg_person_t *person = &reviewed->persons[i];
        reviewed->culprit = i;
        *ret_rule = reg_pick(ask, request->persons[i], "changed", &reviewed->at);
        if (*ret_rule != REG_RULE_NONE)
            return CV_OK;
        int rc = reg_store_person_get(ask->self->store, ask->delegation->roster.id[reviewed->at], NULL, person);
        if (!rc && person->state != REG_REVIEW)
            rc = pick_change(ask, reviewed, person, request->persons_n, ret_rule);
        else if (!rc && !is_mine(ask, person->lane))
            *ret_rule = not_mine(ask, person, (unsigned)person->lane);
        if (rc)
            return rc;
    }
    reviewed->n = (unsigned)request->persons_n;
    return CV_OK;
}

/* All who wait for an approval that who asks can give. */
static int pick_all(reg_ask_t *ask, reviewed_t *reviewed, reg_rule_t *ret_rule)
{
    const reg_roster_t *roster = &ask->delegation->roster;

    for (uint32_t i = 0; i < roster->n; i++) {
        reg_person_t person;
        if (roster->name[i] == 0)
            continue;
        int rc = reg_store_person_get(ask->self->store, roster->id[i], NULL, &person);
        if (rc)
            return rc;
        if (person.state != REG_REVIEW || !is_mine(ask, person.lane))
            continue;
        if (reviewed->n == REG_PERSONS_MAX) {
            snprintf(ask->text, sizeof ask->text,
                     "More than %d persons of %s are under review: name those who are meant.", REG_PERSONS_MAX,
                     ask->party->code);
            *ret_rule = REG_RULE_TOO_MANY;
            return CV_OK;
        }
        reviewed->persons[reviewed->n++] = person;
    }
    if (reviewed->n)
        return CV_OK;
    snprintf(ask->text, sizeof ask->text, "Nobody of %s waits for an approval that is yours to give.",
             ask->party->code);
    *ret_rule = REG_RULE_NOT_UNDER_REVIEW;
    return CV_OK;
}

static void list(reg_ask_t *ask, const reviewed_t *reviewed, reg_state_t state, reg_rule_t rule)
{
    cv_decision_t *decision = &ask->out->decision;

    decision->persons_n = reviewed->n;
    for (unsigned i = 0; i < reviewed->n; i++)
        decision->persons[i] = (cv_person_decision_t){
            .number = reviewed->persons[i].number,
            .state = (cv_person_state_t)(reviewed->is_change ? reviewed->persons[i].state : state),
            .rule = cv_str(reg_rule_word(rule))};
}

/* ---- what a reviewer can say ------------------------------------------------------------------------------------- */

static int pass_on(reg_ask_t *ask, reviewed_t *reviewed)
{
    int rc = CV_OK;

    for (unsigned i = 0; !rc && i < reviewed->n; i++) {
        rc = reg_store_note(ask->self->store, reviewed->persons[i].id, &ask->self->note, CV_PERSON_CHANGE_APPROVED);
        if (!rc)
            rc = reg_store_person_move(ask->self->store, reviewed->persons[i].id, REG_REVIEW, 0, REG_STEP_SECRETARIAT);
    }
    if (rc)
        return rc;
    list(ask, reviewed, REG_REVIEW, REG_RULE_REVIEW);
    snprintf(ask->text, sizeof ask->text, "%s: %u have the national approval and wait for that of the secretariat.",
             ask->party->code, reviewed->n);
    return reg_accept(ask, REG_RULE_REVIEW, reg_rule_word(REG_RULE_REVIEW), CV_PROMOTION_CAUSE_ABSENT);
}

static int pass_change_on(reg_ask_t *ask, reviewed_t *reviewed)
{
    char text[REG_PERSON_TEXT];
    reg_person_t after = reviewed->persons[0];
    cv_person_change_t what;
    unsigned step;

    int rc = reg_store_proposal_get(ask->self->store, &after, text, &step, &what);
    if (!rc)
        rc = reg_store_proposal_put(ask->self->store, &after, REG_STEP_SECRETARIAT, what);
    if (rc)
        return rc;
    list(ask, reviewed, REG_REVIEW, REG_RULE_REVIEW);
    snprintf(ask->text, sizeof ask->text,
             "%s: the change of person %u has the national approval and waits for that of the secretariat.",
             ask->party->code, after.number);
    return reg_accept(ask, REG_RULE_REVIEW, reg_rule_word(REG_RULE_REVIEW), CV_PROMOTION_CAUSE_ABSENT);
}

/* The reviewer's reason may name persons: it goes to who writes to the delegation, with each person and sealed with the
 * person's key, so that it ends with the person; what all may read has the code alone. */
static int tell_reason(reg_ask_t *ask, const reviewed_t *reviewed)
{
    cv_registration_personal_v1_t *told = &ask->self->personal;
    const cv_str_t reason = ask->self->note.reason;
    int rc = CV_OK;

    told->persons_n = 0;
    for (unsigned i = 0; !rc && reason.len && i < reviewed->n; i++) {
        const reg_person_t *person = &reviewed->persons[i];
        cv_person_sealed_t *row = &told->persons[told->persons_n++];
        *row =
            (cv_person_sealed_t){.number = person->number, .capacity = (cv_capacity_t)person->role, .key = person->key};
        rc = reg_store_person_sealed(ask->self->store, person->id, &row->sealed);
        if (!rc)
            rc = reg_store_reason_seal(ask->self->store, person->key, reason, &row->reason);
    }
    return rc || !told->persons_n ? rc : reg_tell_contact(ask);
}

static int turn_back(reg_ask_t *ask, reviewed_t *reviewed, bool for_good)
{
    reg_delegation_t *d = ask->delegation;
    reg_rule_t rule = for_good ? REG_RULE_REVIEW_REFUSED : REG_RULE_RETURNED;
    reg_state_t state = for_good ? REG_REFUSED : REG_RETURNED;
    cv_person_change_t what = for_good ? CV_PERSON_CHANGE_REFUSED : CV_PERSON_CHANGE_RETURNED;
    int rc = CV_OK;

    for (unsigned i = 0; !rc && i < reviewed->n; i++) {
        const reg_person_t *person = &reviewed->persons[i];
        rc = reg_store_note(ask->self->store, person->id, &ask->self->note, what);
        if (!rc && reviewed->is_change)
            rc = reg_store_proposal_drop(ask->self->store, person->id);
        else if (!rc)
            rc = reg_store_person_move(ask->self->store, person->id, state, 0, 0);
        if (reviewed->is_change || !for_good)
            continue;
        reg_turn_down(&ask->event->seats, &d->share, person->role);
        uint32_t at = reg_roster_find(&d->roster, person->number);
        if (at < d->roster.n)
            reg_roster_rename(&d->roster, at, 0);
    }
    if (rc)
        return rc;
    if (reg_live(&d->share) == 0)
        reg_set_answer(d, REG_ANSWER_NONE);
    rc = tell_reason(ask, reviewed);
    if (rc)
        return rc;
    list(ask, reviewed, state, rule);
    snprintf(ask->text, sizeof ask->text,
             reviewed->is_change ? "%s: the change of %u person was %s; the registration stays as it was."
                                 : "%s: %u persons were %s; the reason is in their history.",
             ask->party->code, reviewed->n, for_good ? "refused" : "returned for correction");
    return reg_accept(ask, rule, reg_rule_word(rule), CV_PROMOTION_CAUSE_ABSENT);
}

int reg_review(reg_ask_t *ask, const cv_registration_review_v1_t *request)
{
    reviewed_t reviewed = {0};
    reg_rule_t rule = REG_RULE_NONE;

    int rc = reg_store_roster(ask->self->store, &ask->self->book, ask->delegation);
    if (!rc)
        rc = request->persons_n ? pick_named(ask, request, &reviewed, &rule) : pick_all(ask, &reviewed, &rule);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, request->persons_n ? reg_field_at(ask, reviewed.culprit) : NULL);
    if (request->verdict != CV_REVIEW_VERDICT_APPROVE)
        return turn_back(ask, &reviewed, request->verdict == CV_REVIEW_VERDICT_REFUSE);
    bool more = ask->event->approval == CV_APPROVAL_RULE_NATIONAL_SECRETARIAT;
    if (reviewed.is_change && more && reviewed.step == REG_STEP_NATIONAL)
        return pass_change_on(ask, &reviewed);
    if (reviewed.is_change)
        return reg_apply_proposal(ask, reviewed.at);
    /* Persons of both steps at once only for a local user who is everybody: then all go one step. */
    for (unsigned i = 0; more && i < reviewed.n; i++)
        if (reviewed.persons[i].lane == REG_STEP_NATIONAL)
            return pass_on(ask, &reviewed);
    return reg_seat(ask, reviewed.persons, reviewed.n, request->group, request->persons_n > 0,
                    CV_PERSON_CHANGE_APPROVED);
}
