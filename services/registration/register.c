/* register: new persons of a delegation: from the request to the core, and from its verdicts to rows, records and
 * answer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Persons are numbered in the order of their requests. In a request that is accepted in part, those refused have a
 * number too, so that the answer can name them; nobody else ever gets it. A request refused as a whole numbers nobody.
 */
#include "registration/ask.h"
#include <stdio.h>

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

/* Whether all answers fit the form, and which options they choose. */
static int check_answers(reg_ask_t *ask, const cv_registration_register_v1_t *request, reg_applicant_t *who)
{
    int rc = CV_OK;

    for (unsigned i = 0; !rc && i < request->persons_n; i++) {
        const cv_person_t *person = &request->persons[i];
        char at[32];
        snprintf(at, sizeof at, "data.persons[%u]", i);
        rc = reg_check_answers(ask, person->capacity, &person->answers, at, &who[i].options);
    }
    return rc;
}

/* Writes the persons who were accepted, for the record too, and opens the lanes they wait in. */
static int enter(reg_ask_t *ask, const cv_registration_register_v1_t *request, const reg_applicant_t *who,
                 const uint64_t *names, const reg_verdict_t *verdicts, const reg_ruling_t *ruling, unsigned step)
{
    reg_book_t *book = &ask->self->book;
    reg_delegation_t *d = ask->delegation;
    cv_registration_personal_v1_t *told = &ask->self->personal;
    reg_need_t together = {0};
    int64_t unit = 0;

    told->persons_n = 0;

    for (unsigned i = 0; i < request->persons_n && ruling->unit; i++) {
        if (verdicts[i].state == REG_WAITING)
            reg_need_add(&together, who[i].role, who[i].options);
    }
    for (unsigned i = 0; i < request->persons_n; i++) {
        bool waits = verdicts[i].state == REG_WAITING;
        reg_need_t alone = {0};
        const reg_need_t *need = ruling->unit ? &together : &alone;
        unsigned number = (unsigned)++d->numbers;

        if (verdicts[i].state == REG_REFUSED)
            continue;
        reg_need_add(&alone, who[i].role, who[i].options);
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
                               .email = request->persons[i].email,
                               .options = who[i].options};
        if (person.state == REG_REVIEW)
            person.lane = step;
        if (waits) {
            if (!unit || !ruling->unit)
                unit = person.id;
            person.unit = unit;
            person.lane = reg_lane_key(need);
        }
        int rc = reg_pack_answers(ask, &request->persons[i].answers, &person.answers);
        if (!rc)
            rc = reg_store_person_add(ask->self->store, &person);
        if (!rc && waits)
            rc = reg_lane_open(book, d, need, unit);
        if (!rc)
            rc = reg_roster_add(book, d, person.id, number, names[i]);
        if (rc)
            return rc;
        d->last_person = person.id;
        told->persons[told->persons_n++] = (cv_person_sealed_t){
            .number = number, .capacity = request->persons[i].capacity, .key = person.key, .sealed = person.sealed};
    }
    return CV_OK;
}

int reg_register(reg_ask_t *ask, const cv_registration_register_v1_t *request)
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
    if (!rc)
        rc = check_answers(ask, request, who);
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
        rc = reg_tell_contact(ask);
    if (rc)
        return rc;
    reg_set_answer(d, REG_ANSWER_REGISTERED);
    return reg_accept_ruling(ask, &ruling, n, confirmed_before);
}
