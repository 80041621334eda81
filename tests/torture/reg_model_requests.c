/* reg_model_requests: what the model answers to the other kinds of request. See reg_model.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reg_model_ask.h"
#include <string.h>

/* ---- picking ------------------------------------------------------------------------------------------------------
 */

/* NULL: this number is a live person of the party. */
static const char *why_not(m_event_t *e, int party, int number, m_person_t **ret_person)
{
    m_person_t *p = m_find(e, party, number);
    if (!p)
        return "not_registered";
    *ret_person = p;
    return m_lives(p) ? NULL : "already_withdrawn";
}

/* Those who are named, or all in this state. Not all in it: refused with `otherwise`. */
static int pick(ask_t *ask, m_state_t state, const char *otherwise, m_person_t **persons)
{
    m_event_t *e = ask->e;
    const m_request_t *r = ask->request;
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        const char *wrong = why_not(e, r->party, r->numbers[i], &persons[i]);
        if (!wrong && persons[i]->state != state)
            wrong = otherwise;
        if (wrong) {
            m_refuse(ask, wrong);
            return 0;
        }
    }
    if (r->n)
        return r->n;
    for (int i = 0; i < e->n; i++) {
        if (e->persons[i].party != r->party || e->persons[i].state != state)
            continue;
        if (n == M_MANY) {
            m_refuse(ask, "too_many_persons");
            return 0;
        }
        persons[n++] = &e->persons[i];
    }
    if (!n)
        m_refuse(ask, otherwise);
    return n;
}

/* ---- withdraw, decline --------------------------------------------------------------------------------------------
 */

static void do_withdraw(ask_t *ask)
{
    m_event_t *e = ask->e;
    const m_request_t *r = ask->request;
    int live = m_count(e, r->party, LIVE);
    m_person_t *p;
    if (!live) {
        m_refuse(ask, m_count(e, r->party, IN(WITHDRAWN)) ? "already_withdrawn" : "not_registered");
        return;
    }
    for (int i = 0; i < r->n; i++) {
        const char *wrong = why_not(e, r->party, r->numbers[i], &p);
        if (!wrong)
            continue;
        m_refuse(ask, wrong);
        return;
    }
    for (int i = 0; i < r->n; i++) {
        p = m_find(e, r->party, r->numbers[i]);
        p->state = WITHDRAWN;
        m_list(ask, p, WITHDRAWN, "withdrawn", 0);
    }
    for (int i = 0; i < e->n && !r->n; i++) {
        if (e->persons[i].party != r->party || !m_lives(&e->persons[i]))
            continue;
        e->persons[i].state = WITHDRAWN;
        if (live <= M_MANY)
            m_list(ask, &e->persons[i], WITHDRAWN, "withdrawn", 0);
    }
    if (!m_count(e, r->party, LIVE))
        e->answer[r->party] = "withdrawn";
    m_conclude(ask, true, "withdrawn", "withdrawn");
    m_move_up(e, "withdrawal", ask->now);
}

static void do_decline(ask_t *ask)
{
    int party = ask->request->party;
    if (m_count(ask->e, party, LIVE)) {
        m_refuse(ask, "already_registered");
    } else if (m_same(ask->e->answer[party], "declined")) {
        m_refuse(ask, "already_declined");
    } else {
        ask->e->answer[party] = "declined";
        m_conclude(ask, true, "declined", "declined");
    }
}

/* ---- amend, substitute --------------------------------------------------------------------------------------------
 */

/* Whether one of the options that are new has no place left. */
static bool lacks_place(const m_event_t *e, unsigned was, unsigned now)
{
    for (int o = 0; o < M_OPTIONS; o++)
        if ((now & ~was) >> o & 1 && e->rules.places[o] >= 0 && m_seated_with(e, o) >= e->rules.places[o])
            return true;
    return false;
}

/* The change of one person is made, or refused with a rule and nothing is changed. */
static void change(ask_t *ask, m_person_t *p, m_part_t now, bool substitution)
{
    m_event_t *e = ask->e;
    m_part_t was = p->part;
    bool material = substitution || now.role != was.role || now.online != was.online;
    bool settled = IN(p->state) & (SEATED | IN(WAITING) | IN(ONLINE));
    const char *rule = "kept", *code = substitution ? "substituted" : "amended";
    int position = 0;

    if (now.role == was.role && now.name == was.name && now.online == was.online && now.options == was.options) {
        m_refuse(ask, "nothing_changed");
        return;
    }
    if (m_is_named(e, p->party, now.name, p)) {
        m_refuse(ask, "duplicate_person");
        return;
    }
    if (e->rules.approval_again && settled && material && m_first_step(ask) && ask->request->kind != REVIEW) {
        p->change_step = m_first_step(ask);
        p->change = now;
        p->change_is_substitution = substitution;
        m_list(ask, p, p->state, "under_review", 0);
        m_conclude(ask, true, "under_review", "under_review");
        return;
    }
    if (now.role == 1 && was.role != 1 && m_has_head(e, p->party)) {
        m_refuse(ask, "one_head");
        return;
    }
    bool sits = IN(p->state) & SEATED, leaves = now.online && !was.online && !e->rules.online_takes_seat;
    bool no_seat = p->state == ONLINE || leaves || (!sits && p->state != WAITING && !e->rules.online_takes_seat);
    if (now.options && now.online && no_seat) {
        m_refuse(ask, "option_needs_seat");
        return;
    }
    if (p->state == ONLINE && !now.online) {
        rule = m_newcomer(e, p->party, &now, 1, ask->now);
        if (!m_gives(rule)) {
            m_refuse(ask, rule);
            return;
        }
        p->state = CONFIRMED;
    } else if (leaves && (sits || p->state == WAITING)) {
        p->state = ONLINE;
        rule = "online_no_seat";
    } else if (sits && now.role != was.role && e->rules.limit[now.role] >= 0 &&
               m_seated_as(e, now.role) >= e->rules.limit[now.role]) {
        m_refuse(ask, "capacity_limit");
        return;
    } else if (sits && lacks_place(e, was.options, now.options)) {
        m_refuse(ask, "option_full");
        return;
    }
    p->part = now;
    if (p->state == RETURNED || (p->state == UNDER_REVIEW && material)) {
        int step = m_first_step(ask);
        if (step) {
            p->step = step;
            p->state = UNDER_REVIEW;
            rule = "under_review";
        } else {
            m_person_t *one[1] = {p};
            verdicts_t v = {0};
            if (!m_give_each(ask, one, 1, &v)) {
                p->part = was;
                m_refuse(ask, v.rule[0]);
                return;
            }
            rule = v.rule[0];
        }
    }
    if (e->rules.approval)
        p->change_step = 0;
    if (p->state == WAITING)
        position = m_position(e, p);
    m_list(ask, p, p->state, rule, position);
    m_conclude(ask, true, rule, code);
    m_move_up(e, "change", ask->now);
}

static void do_change(ask_t *ask)
{
    const m_request_t *r = ask->request;
    m_person_t *p;
    const char *wrong = why_not(ask->e, r->party, r->numbers[0], &p);
    if (wrong) {
        m_refuse(ask, wrong);
        return;
    }
    m_part_t now = p->part;
    if (r->who[0].role)
        now.role = r->who[0].role;
    if (r->who[0].name)
        now.name = r->who[0].name;
    if (r->attendance)
        now.online = r->attendance == 2;
    if (r->answers || r->kind == SUBSTITUTE)
        now.options = r->who[0].options;
    change(ask, p, now, r->kind == SUBSTITUTE);
}

/* ---- confirm, answer, review --------------------------------------------------------------------------------------
 */

static void do_confirm(ask_t *ask)
{
    m_person_t *persons[M_MANY];
    int n = pick(ask, NOMINATED, "not_nominated", persons), step = m_first_step(ask);
    if (!n)
        return;
    if (!step) {
        m_give(ask, persons, n);
        return;
    }
    for (int i = 0; i < n; i++) {
        persons[i]->state = UNDER_REVIEW;
        persons[i]->step = step;
        m_list(ask, persons[i], UNDER_REVIEW, "under_review", 0);
    }
    m_conclude(ask, true, "under_review", "under_review");
}

static void do_answer(ask_t *ask)
{
    m_event_t *e = ask->e;
    bool accept = ask->request->accept;
    m_person_t *persons[M_MANY];
    int n = pick(ask, OFFERED, "not_offered", persons);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < e->n; k++) {
            bool named = false;
            for (int j = 0; j < n; j++)
                named |= persons[j] == &e->persons[k];
            if (named || e->persons[k].state != OFFERED || e->persons[k].arrival != persons[i]->arrival)
                continue;
            m_refuse(ask, "offered_together");
            return;
        }
    }
    if (!n)
        return;
    for (int i = 0; i < n; i++) {
        persons[i]->state = accept ? CONFIRMED : WITHDRAWN;
        m_list(ask, persons[i], persons[i]->state, accept ? "accepted" : "passed", 0);
    }
    if (!m_count(e, ask->request->party, LIVE))
        e->answer[ask->request->party] = "withdrawn";
    m_conclude(ask, true, accept ? "accepted" : "passed", accept ? "accepted" : "passed");
    if (!accept)
        m_move_up(e, "offer", ask->now);
}

static bool is_mine(const ask_t *ask, int step)
{
    return step == (ask->request->asker == FOCAL_POINT ? 1 : 2);
}

static void review_change(ask_t *ask, m_person_t *p)
{
    if (ask->request->verdict != APPROVE) {
        const char *word = ask->request->verdict == RETURN ? "returned" : "refused";
        p->change_step = 0;
        m_list(ask, p, p->state, word, 0);
        m_conclude(ask, true, word, word);
    } else if (p->change_step == 1 && ask->e->rules.approval == BY_BOTH) {
        p->change_step = 2;
        m_list(ask, p, p->state, "under_review", 0);
        m_conclude(ask, true, "under_review", "under_review");
    } else {
        change(ask, p, p->change, p->change_is_substitution);
    }
}

static void do_review(ask_t *ask)
{
    m_event_t *e = ask->e;
    const m_request_t *r = ask->request;
    m_person_t *persons[M_MANY];
    int n = 0;
    for (int i = 0; i < r->n; i++) {
        m_person_t *p = NULL;
        const char *wrong = why_not(e, r->party, r->numbers[i], &p);
        bool change_only = !wrong && p->state != UNDER_REVIEW;
        if (change_only)
            wrong = !p->change_step ? "not_under_review" : r->n > 1 ? "reviewed_alone" : NULL;
        if (!wrong && !is_mine(ask, change_only ? p->change_step : p->step))
            wrong = "not_under_review";
        if (wrong) {
            m_refuse(ask, wrong);
            return;
        }
        if (change_only) {
            review_change(ask, p);
            return;
        }
        persons[n++] = p;
    }
    for (int i = 0; i < e->n && !r->n; i++) {
        if (e->persons[i].party != r->party || e->persons[i].state != UNDER_REVIEW || !is_mine(ask, e->persons[i].step))
            continue;
        if (n == M_MANY) {
            m_refuse(ask, "too_many_persons");
            return;
        }
        persons[n++] = &e->persons[i];
    }
    if (!n) {
        m_refuse(ask, "not_under_review");
        return;
    }
    bool passes_on = r->verdict == APPROVE && r->asker == FOCAL_POINT && e->rules.approval == BY_BOTH;
    if (r->verdict == APPROVE && !passes_on) {
        m_give(ask, persons, n);
        return;
    }
    m_state_t state = passes_on ? UNDER_REVIEW : r->verdict == RETURN ? RETURNED : REFUSED;
    const char *word = passes_on ? "under_review" : r->verdict == RETURN ? "returned" : "refused";
    for (int i = 0; i < n; i++) {
        persons[i]->state = state;
        persons[i]->step = 2;
        m_list(ask, persons[i], state, word, 0);
    }
    if (!m_count(e, r->party, LIVE))
        e->answer[r->party] = "none";
    m_conclude(ask, true, word, word);
}

/* ---- when ---------------------------------------------------------------------------------------------------------
 */

static int64_t deadline_of(const m_rules_t *rules, int what)
{
    return what == 1 ? rules->closes : what == 2 ? rules->confirm_closes : rules->changes_close;
}

static void do_grant(ask_t *ask)
{
    const m_request_t *r = ask->request;
    int64_t deadline = deadline_of(&ask->e->rules, r->what);
    if (!deadline) {
        m_refuse(ask, "not_asked_for");
    } else if (r->until <= ask->now) {
        m_refuse(ask, "past");
    } else if (r->until <= deadline && ask->e->rules.stage != CLOSED) {
        m_refuse(ask, "nothing_changed");
    } else {
        ask->e->exception[r->party][r->what] = ask->answer->exception = r->until;
        m_conclude(ask, true, "granted", "granted");
    }
}

/* NULL: this may be asked now. */
static const char *not_now(ask_t *ask)
{
    const m_rules_t *rules = &ask->e->rules;
    const m_request_t *r = ask->request;
    int what = r->kind == REGISTER ? 1 : r->kind == CONFIRM ? 2 : 3;
    bool any_time = r->kind == GRANT || r->kind == ANSWER || r->kind == REVIEW;
    int64_t deadline = deadline_of(rules, what);
    if (rules->stage == POSTPONED)
        return "postponed";
    if (any_time)
        return NULL;
    if (!deadline)
        deadline = rules->changes_close; /* confirm, where nobody is asked to any more */
    bool late = ask->now >= deadline || (what == 1 && rules->stage == CLOSED);
    bool foreign = r->kind != WITHDRAW && !rules->invited[r->party];
    if (!late && what == 1 && ask->now < rules->opens)
        return "not_open";
    if (late && ask->e->exception[r->party][what] <= ask->now)
        return "closed";
    if (late && foreign)
        return "closed";
    if (foreign)
        return "party_not_invited";
    if (late)
        ask->answer->exception = ask->e->exception[r->party][what];
    return NULL;
}

void m_decide(m_event_t *event, const m_request_t *request, int64_t now, m_answer_t *ret_answer)
{
    ask_t ask = {event, request, now, ret_answer};
    *ret_answer = (m_answer_t){0};
    event->records_n = 0;
    const char *wrong = not_now(&ask);
    if (wrong) {
        m_refuse(&ask, wrong);
        return;
    }
    switch (request->kind) {
    case REGISTER:
        m_do_register(&ask);
        break;
    case WITHDRAW:
        do_withdraw(&ask);
        break;
    case DECLINE:
        do_decline(&ask);
        break;
    case AMEND:
    case SUBSTITUTE:
        do_change(&ask);
        break;
    case CONFIRM:
        do_confirm(&ask);
        break;
    case GRANT:
        do_grant(&ask);
        break;
    case ANSWER:
        do_answer(&ask);
        break;
    case REVIEW:
        do_review(&ask);
        break;
    }
}
