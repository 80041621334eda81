/* change: amend and substitute: one person takes part in another way, or another person in its place.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was accepted stays as it is unless the whole change is accepted. Both requests are the same for the seats; they
 * differ in what they say about the person. Number, row and, for who waits, arrival stay, so a place is never lost.
 * Order of records: registration.private contact (the person as it is now), registration.events decided, then promoted
 * ...
 */
#include "registration/ask.h"
#include "registration/consent.h"
#include "registration/document.h"
#include <stdio.h>

typedef struct {
    uint32_t at; /* in the roster */
    reg_person_t before, after;
    char text[REG_PERSON_TEXT]; /* of before */
    cv_person_change_t what;
} swap_t;

static reg_part_t part_of(const reg_person_t *person)
{
    return (reg_part_t){.role = (uint8_t)person->role, .online = person->online, .options = person->options};
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

    bool queues = after->state == REG_WAITING && !waited;
    reg_need_t need = {0};

    reg_need_add(&need, after->role, after->options);
    if (queues) {
        after->unit = ask->self->book.next_person++;
        after->lane = reg_lane_key(&need);
    } else if (after->state != REG_WAITING && after->state != REG_OFFERED && after->state != REG_REVIEW) {
        after->unit = after->lane = 0;
    }
    if (!rc && swap->what == CV_PERSON_CHANGE_SUBSTITUTED) { /* somebody else: a secret of their own */
        after->key = ask->self->book.next_person++;
        rc = reg_store_key_add(ask->self->store, after->key);
        if (!rc)
            rc = reg_documents_end(ask->self, ask->tx, after->id);
        if (!rc)
            rc = reg_consents_over(ask->self, ask->tx, after->id, CV_CONSENT_END_SUBSTITUTED);
    }
    if (!rc)
        rc = reg_store_person_set(ask->self->store, after);
    if (!rc && queues)
        rc = reg_lane_open(&ask->self->book, ask->delegation, &need, after->unit);
    if (!rc && ask->event->approval)
        rc =
            reg_store_proposal_drop(ask->self->store, after->id); /* what was proposed before was about another state */
    if (!rc && waited &&
        (after->state != REG_WAITING || after->role != swap->before.role || after->options != swap->before.options))
        rc = reg_rejoin_queue(ask->self, ask->delegation, &swap->before);
    if (!rc && (swap->what == CV_PERSON_CHANGE_SUBSTITUTED || after->state != REG_CONFIRMED || after->online))
        rc = reg_badge_void(ask->self, ask->tx, ask->delegation, after->id,
                            swap->what == CV_PERSON_CHANGE_SUBSTITUTED ? CV_BADGE_CAUSE_SUBSTITUTED
                                                                       : CV_BADGE_CAUSE_CHANGED);
    if (!rc)
        reg_roster_rename(&ask->delegation->roster, swap->at, reg_name_hash(after->name));
    return rc;
}

static int settle(reg_ask_t *ask, swap_t *swap, reg_rule_t rule)
{
    cv_registration_personal_v1_t *told = &ask->self->personal;
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
    told->persons[0] = (cv_person_sealed_t){
        .number = after->number, .capacity = (cv_capacity_t)after->role, .key = after->key, .sealed = after->sealed};
    rc = reg_tell_contact(ask);
    const char *code = swap->what == CV_PERSON_CHANGE_AMENDED ? "amended" : "substituted";
    return rc ? rc : reg_accept(ask, rule, code, CV_PROMOTION_CAUSE_CHANGE);
}

static bool is_material(const swap_t *swap)
{
    return swap->what == CV_PERSON_CHANGE_SUBSTITUTED || swap->before.role != swap->after.role ||
           swap->before.online != swap->after.online;
}

/* The change is kept beside the registration until it is approved. */
static int propose(reg_ask_t *ask, swap_t *swap, unsigned step)
{
    const reg_person_t *before = &swap->before;
    const char *code = reg_rule_word(REG_RULE_REVIEW);
    int rc = reg_store_note(ask->self->store, before->id, &ask->self->note, CV_PERSON_CHANGE_PROPOSED);

    if (!rc)
        rc = reg_store_proposal_put(ask->self->store, &swap->after, step, swap->what);
    if (rc)
        return rc;
    ask->out->decision.persons_n = 1;
    ask->out->decision.persons[0] = (cv_person_decision_t){
        .number = before->number, .state = (cv_person_state_t)before->state, .rule = cv_str(code)};
    snprintf(ask->text, sizeof ask->text,
             "%s: the change of person %u waits for %s; until then the registration stays as it was.", ask->party->code,
             before->number, reg_step_text(step));
    return reg_accept(ask, REG_RULE_REVIEW, code, CV_PROMOTION_CAUSE_ABSENT);
}

/* A person who was returned, or is under review and becomes another: reviewed from the first step again; when nobody
 * has to approve, decided. NONE: ask->text has why it gets nothing, in *ret_rule, and nothing is counted. */
static bool review_again(reg_ask_t *ask, swap_t *swap, reg_rule_t *ret_rule)
{
    reg_person_t *after = &swap->after;
    reg_share_t *share = &ask->delegation->share;
    unsigned step = reg_first_step(ask);

    if (after->state != REG_RETURNED && (after->state != REG_REVIEW || !is_material(swap)))
        return true;
    if (step) {
        after->state = REG_REVIEW;
        after->lane = step;
        *ret_rule = REG_RULE_REVIEW;
        return true;
    }
    reg_applicant_t who = {
        .role = (uint8_t)after->role, .online = after->online, .enlisted = true, .options = after->options};
    reg_verdict_t verdict;
    reg_ruling_t ruling;
    reg_decide(&ask->event->seats, share, REG_EACH, &who, 1, &verdict, &ruling);
    *ret_rule = verdict.rule;
    reg_explain(&ask->event->seats, share, &ruling, ask->party->code, cv_capacity_text((cv_capacity_t)after->role),
                ask->text);
    if (ruling.accepted) {
        after->state = verdict.state;
        after->unit = after->lane = 0;
        return true;
    }
    share->heads -= (after->role == 1) - (swap->before.role == 1);
    return false;
}

static bool is_same(const reg_person_t *a, const reg_person_t *b)
{
    return a->role == b->role && a->online == b->online && cv_str_equal(a->name, b->name) &&
           cv_str_equal(a->email, b->email) && cv_str_equal(a->answers, b->answers);
}

/* What of the request a rule is about. */
static const char *field_of(const reg_ask_t *ask, reg_rule_t rule)
{
    if (ask->act == REG_ACT_REVIEW)
        return NULL; /* what is wrong was said in another request */
    if (rule == REG_RULE_ONE_HEAD || rule == REG_RULE_CAPACITY_LIMIT)
        return "data.capacity";
    if (rule == REG_RULE_OPTION_FULL || rule == REG_RULE_OPTION_SEATLESS)
        return "data.answers";
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
        return reg_refuse(ask, REG_RULE_DUPLICATE, field_of(ask, REG_RULE_DUPLICATE));
    }
    bool is_settled = before->state < REG_NOMINATED || before->state == REG_OFFERED;
    unsigned step = ask->event->approval_again && is_settled && is_material(swap) ? reg_first_step(ask) : REG_STEP_NONE;
    if (step && ask->act != REG_ACT_REVIEW)
        return propose(ask, swap, step);
    reg_rule_t rule =
        reg_change(&ask->event->seats, &d->share, before->state, part_of(before), part_of(after), &after->state);
    reg_explain_change(&ask->event->seats, &d->share, rule, before->number, ask->party->code, part_of(before),
                       part_of(after), cv_capacity_text((cv_capacity_t)after->role), ask->text);
    bool done =
        rule == REG_RULE_KEPT || rule == REG_RULE_GUARANTEED || rule == REG_RULE_POOL || rule == REG_RULE_ONLINE;
    if (done)
        done = review_again(ask, swap, &rule);
    return done ? settle(ask, swap, rule) : reg_refuse(ask, rule, field_of(ask, rule));
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

/* What a request says of the person. 0 and NULL: as before. */
typedef struct {
    cv_capacity_t capacity;
    cv_attendance_t attendance;
    const cv_str_t *name, *email;
    const cv_items_t *answers;
} news_t;

/* Answers that are new, or to other questions because the capacity is another, must fit; else they stay as they are. */
static int take_answers(reg_ask_t *ask, swap_t *swap, const news_t *news)
{
    reg_person_t *after = &swap->after;
    cv_items_t answers;
    int rc = CV_OK;

    if (!news->answers && after->role == swap->before.role)
        return CV_OK;
    if (news->answers)
        answers = *news->answers;
    else
        rc = reg_unpack_answers(after->answers, cv_tx_arena(ask->tx), &answers);
    if (!rc)
        rc = reg_check_answers(ask, after->role, &answers, "data", &after->options);
    if (!rc && news->answers)
        rc = reg_pack_answers(ask, news->answers, &after->answers);
    return rc;
}

static int change(reg_ask_t *ask, cv_person_change_t what, int64_t number, const news_t *news)
{
    swap_t swap = {.what = what};
    reg_rule_t rule;

    int rc = find(ask, number, &swap, &rule);
    if (rc)
        return rc;
    if (rule != REG_RULE_NONE)
        return reg_refuse(ask, rule, "data.number");
    if (news->capacity)
        swap.after.role = (unsigned)news->capacity;
    if (news->attendance)
        swap.after.online = news->attendance == CV_ATTENDANCE_ONLINE;
    if (news->name)
        swap.after.name = *news->name;
    if (news->email)
        swap.after.email = *news->email;
    rc = take_answers(ask, &swap, news);
    return rc ? rc : decide(ask, &swap);
}

int reg_amend(reg_ask_t *ask, const cv_registration_amend_v1_t *request)
{
    bool answers = request->answers.n || (request->has_no_answers && request->no_answers);

    return change(ask, CV_PERSON_CHANGE_AMENDED, request->number,
                  &(news_t){.capacity = request->capacity,
                            .attendance = request->attendance,
                            .name = request->name.ptr ? &request->name : NULL,
                            .email = request->email.ptr ? &request->email : NULL,
                            .answers = answers ? &request->answers : NULL});
}

int reg_substitute(reg_ask_t *ask, const cv_registration_substitute_v1_t *request)
{
    return change(ask, CV_PERSON_CHANGE_SUBSTITUTED, request->number,
                  &(news_t){.capacity = request->capacity,
                            .attendance = request->attendance,
                            .name = &request->name,
                            .email = &request->email,
                            .answers = &request->answers});
}

int reg_apply_proposal(reg_ask_t *ask, uint32_t at)
{
    swap_t swap = {.at = at};
    char text[REG_PERSON_TEXT];
    unsigned step;

    int rc = reg_store_person_get(ask->self->store, ask->delegation->roster.id[at], swap.text, &swap.before);
    swap.after = swap.before;
    if (!rc)
        rc = reg_store_proposal_get(ask->self->store, &swap.after, text, &step, &swap.what);
    return rc ? rc : decide(ask, &swap);
}
