/* reg_model_register: seats for persons who ask for them, and registering, in the model. See reg_model.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reg_model_ask.h"
#include <string.h>

bool m_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

void m_list(ask_t *ask, const m_person_t *person, m_state_t state, const char *rule, int position)
{
    m_answer_t *a = ask->answer;
    if (a->n == M_MANY)
        return;
    a->persons[a->n].number = person->number;
    a->persons[a->n].state = state;
    a->persons[a->n].rule = rule;
    a->persons[a->n++].position = position;
}

/* The decision is made: the numbers as they are before the list moves. */
void m_conclude(ask_t *ask, bool ok, const char *rule, const char *code)
{
    m_answer_t *a = ask->answer;
    const m_event_t *e = ask->e;
    int p = ask->request->party, free = m_free(e, ask->now);
    a->ok = ok;
    a->rule = rule;
    a->code = code;
    a->capacity = e->rules.capacity;
    a->confirmed = m_count(e, -1, IN(CONFIRMED));
    a->offered = m_count(e, -1, IN(OFFERED));
    a->waiting = m_count(e, -1, IN(WAITING));
    a->free = free > 0 ? free : 0;
    a->party_guaranteed = m_guarantee(e, p, ask->now);
    a->party_maximum = m_maximum(e, p);
    a->party_confirmed = m_count(e, p, IN(CONFIRMED));
    a->party_offered = m_count(e, p, IN(OFFERED));
    a->party_waiting = m_count(e, p, IN(WAITING));
    a->answer = e->answer[p];
}

void m_refuse(ask_t *ask, const char *rule)
{
    ask->answer->n = 0;
    m_conclude(ask, false, rule, rule);
}

m_person_t *m_find(m_event_t *e, int party, int number)
{
    for (int i = 0; i < e->n; i++)
        if (e->persons[i].party == party && e->persons[i].number == number)
            return &e->persons[i];
    return NULL;
}

bool m_lives(const m_person_t *person)
{
    return IN(person->state) & LIVE;
}

bool m_is_named(const m_event_t *e, int party, int name, const m_person_t *but)
{
    for (int i = 0; i < e->n; i++)
        if (&e->persons[i] != but && e->persons[i].party == party && e->persons[i].part.name == name &&
            m_lives(&e->persons[i]))
            return true;
    return false;
}

bool m_has_head(const m_event_t *e, int party)
{
    for (int i = 0; i < e->n; i++)
        if (e->persons[i].party == party && e->persons[i].part.role == 1 && m_lives(&e->persons[i]))
            return true;
    return false;
}

static bool needs_no_seat(const m_event_t *e, const m_part_t *part)
{
    return part->online && !e->rules.online_takes_seat;
}

/* Place of somebody who comes now: behind all of the kinds up to its own. */
static int last_place(const m_event_t *e, int party)
{
    int n = 1;
    for (int i = 0; i < e->n; i++)
        n += e->persons[i].state == WAITING && e->kind[e->persons[i].party] <= e->kind[party];
    return n;
}

/* ---- seats for several persons ------------------------------------------------------------------------------------
 */

static const char *seat_rule(const ask_t *ask)
{
    int p = ask->request->party;
    return m_count(ask->e, p, SEATED) < m_guarantee(ask->e, p, ask->now) ? "guaranteed_seat" : "free_seat";
}

static void settle(ask_t *ask, m_person_t *person, int i, const char *rule, int64_t arrival, verdicts_t *v)
{
    if (m_gives(rule)) {
        v->rule[i] = seat_rule(ask);
        person->state = CONFIRMED;
    } else {
        v->rule[i] = rule;
        v->position[i] = last_place(ask->e, person->party);
        person->state = WAITING;
        person->arrival = arrival;
    }
    v->state[i] = person->state;
}

/* persons[i] is NULL: refused before. Those who get nothing keep their state, and are REFUSED in v. */
bool m_give_each(ask_t *ask, m_person_t **persons, int n, verdicts_t *v)
{
    bool some = false;
    for (int i = 0; i < n; i++) {
        m_person_t *p = persons[i];
        if (!p)
            continue;
        const char *rule = "online_no_seat";
        v->state[i] = ONLINE;
        v->rule[i] = rule;
        if (m_seatless(ask->e, &p->part)) {
            v->state[i] = REFUSED;
            v->rule[i] = "option_needs_seat";
            continue;
        }
        if (needs_no_seat(ask->e, &p->part)) {
            p->state = ONLINE;
        } else {
            rule = m_newcomer(ask->e, p->party, &p->part, 1, ask->now);
            if (m_gives(rule) || ask->e->rules.waiting != NO_LIST) {
                settle(ask, p, i, rule, ++ask->e->arrivals, v);
            } else {
                v->state[i] = REFUSED;
                v->rule[i] = rule;
                continue;
            }
        }
        some = true;
    }
    return some;
}

/* False: nobody gets anything, for *ret_rule. */
static bool give_together(ask_t *ask, m_person_t **persons, int n, verdicts_t *v, const char **ret_rule)
{
    m_part_t parts[M_MANY];
    int size = 0;
    const char *rule = "guaranteed_seat";
    for (int i = 0; i < n; i++) {
        *ret_rule = "option_needs_seat";
        if (m_seatless(ask->e, &persons[i]->part))
            return false;
    }
    for (int i = 0; i < n; i++)
        if (!needs_no_seat(ask->e, &persons[i]->part))
            parts[size++] = persons[i]->part;
    if (size)
        rule = m_newcomer(ask->e, ask->request->party, parts, size, ask->now);
    *ret_rule = rule;
    if (size && !m_gives(rule) && ask->e->rules.waiting == NO_LIST)
        return false;
    int64_t arrival = ++ask->e->arrivals;
    for (int i = 0; i < n; i++) {
        if (needs_no_seat(ask->e, &persons[i]->part)) {
            persons[i]->state = v->state[i] = ONLINE;
            v->rule[i] = "online_no_seat";
        } else {
            settle(ask, persons[i], i, rule, arrival, v);
        }
    }
    return true;
}

/* The rule of who got least: refused, waiting, from the free seats, from the guarantee, online; the first of these. */
static const char *rule_of_least(const verdicts_t *v, int n)
{
    int worst = -1, at = 0;
    for (int i = 0; i < n; i++) {
        int bad = v->state[i] == REFUSED                  ? 4
                  : v->state[i] == WAITING                ? 3
                  : m_same(v->rule[i], "free_seat")       ? 2
                  : m_same(v->rule[i], "guaranteed_seat") ? 1
                                                          : 0;
        if (bad > worst) {
            worst = bad;
            at = i;
        }
    }
    return v->rule[at];
}

static const char *code_of(const verdicts_t *v, int n)
{
    int waiting = 0, refused = 0;
    for (int i = 0; i < n; i++) {
        waiting += v->state[i] == WAITING;
        refused += v->state[i] == REFUSED;
    }
    return waiting + refused == 0 ? "registered" : waiting == n ? "waiting" : "partly_registered";
}

static bool together(const ask_t *ask)
{
    return ask->request->group ? ask->request->group == 2 : ask->e->rules.together;
}

/* Persons of the delegation ask for their seats: confirmed, or approved. */
void m_give(ask_t *ask, m_person_t **persons, int n)
{
    verdicts_t v = {0};
    const char *rule = NULL;
    bool some = together(ask) ? give_together(ask, persons, n, &v, &rule) : m_give_each(ask, persons, n, &v);
    if (!some) {
        m_refuse(ask, rule ? rule : v.rule[0]);
        return;
    }
    for (int i = 0; i < n; i++)
        m_list(ask, persons[i], v.state[i] == REFUSED ? persons[i]->state : v.state[i], v.rule[i], v.position[i]);
    m_conclude(ask, true, rule_of_least(&v, n), code_of(&v, n));
    m_move_up(ask->e, "capacity", ask->now);
}

/* ---- register -----------------------------------------------------------------------------------------------------
 */

int m_first_step(const ask_t *ask)
{
    m_approval_t approval = ask->e->rules.approval;
    if (!approval)
        return 0;
    if (approval != BY_SECRETARIAT && ask->request->asker != FOCAL_POINT)
        return 1;
    return approval == BY_STATE ? 0 : 2;
}

void m_do_register(ask_t *ask)
{
    m_event_t *e = ask->e;
    const m_request_t *r = ask->request;
    int numbers = e->numbers[r->party], n = e->n, step = e->rules.confirm_closes ? 0 : m_first_step(ask);
    bool enlists = e->rules.confirm_closes || step, any = false;
    m_person_t *persons[M_MANY] = {0};
    verdicts_t v = {0};
    const char *rule = NULL;

    /* Who cannot be in this delegation at all, one after the other. With all_or_none one such person spoils it. */
    for (int i = 0; i < r->n; i++) {
        m_person_t *p = &e->persons[e->n++];
        *p = (m_person_t){.party = r->party, .number = ++e->numbers[r->party], .part = r->who[i], .state = REFUSED};
        bool twice = m_is_named(e, r->party, p->part.name, p);
        for (int k = 0; k < i; k++) /* earlier in this request, refused ones too */
            twice |= r->who[k].name == p->part.name;
        const char *wrong = twice                                          ? "duplicate_person"
                            : p->part.role == 1 && m_has_head(e, r->party) ? "one_head"
                            : m_seatless(e, &p->part)                      ? "option_needs_seat"
                                                                           : NULL;
        v.state[i] = REFUSED;
        v.rule[i] = wrong;
        if (wrong && together(ask)) {
            e->n = n;
            e->numbers[r->party] = numbers;
            m_refuse(ask, wrong);
            return;
        }
        if (wrong)
            continue;
        persons[i] = p;
        p->state = enlists ? (step ? UNDER_REVIEW : NOMINATED) : RETURNED; /* alive, so that the next one sees it */
        p->step = step;
        if (!together(ask) && !enlists) {
            m_person_t *one[1] = {p};
            verdicts_t mine = {0};
            if (!m_give_each(ask, one, 1, &mine))
                p->state = REFUSED;
            v.state[i] = mine.state[0];
            v.rule[i] = mine.rule[0];
            v.position[i] = mine.position[0];
        } else if (enlists) {
            v.state[i] = p->state;
            v.rule[i] = step ? "under_review" : "nominated";
        }
        any |= p->state != REFUSED;
    }
    if (together(ask) && !enlists)
        any = give_together(ask, persons, r->n, &v, &rule);
    if (!any) {
        const char *why = rule ? rule : v.rule[0];
        e->n = n;
        e->numbers[r->party] = numbers;
        m_refuse(ask, why);
        return;
    }
    bool whole = true;
    for (int i = 0; i < r->n; i++) {
        m_list(ask, &e->persons[n + i], v.state[i], v.rule[i], v.position[i]);
        whole &= v.state[i] != REFUSED;
    }
    e->answer[r->party] = "registered";
    rule = rule_of_least(&v, r->n);
    /* A number of somebody who was refused here is nobody's: it is taken out of the list. */
    m_person_t *at = &e->persons[n];
    for (int i = 0; i < r->n; i++)
        if (v.state[i] != REFUSED)
            *at++ = e->persons[n + i];
    e->n = (int)(at - e->persons);
    m_conclude(ask, true, rule, enlists && whole ? rule : code_of(&v, r->n));
    m_move_up(e, "capacity", ask->now);
}
