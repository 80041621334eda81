/* reg_model: see reg_model.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reg_model.h"
#include <stdlib.h>
#include <string.h>

static bool is(const m_person_t *person, unsigned states)
{
    return IN(person->state) & states;
}

int m_count(const m_event_t *e, int party, unsigned states)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        n += is(&e->persons[i], states) && (party < 0 || e->persons[i].party == party);
    return n;
}

int m_seated_as(const m_event_t *e, int role)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        n += is(&e->persons[i], SEATED) && e->persons[i].part.role == role;
    return n;
}

int m_seated_with(const m_event_t *e, int option)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        n += is(&e->persons[i], SEATED) && (e->persons[i].part.options >> option & 1);
    return n;
}

bool m_seatless(const m_event_t *e, const m_part_t *part)
{
    return part->options && part->online && !e->rules.online_takes_seat;
}

int m_maximum(const m_event_t *e, int party)
{
    return e->rules.invited[party] ? e->rules.maximum[party] : 0;
}

int m_guarantee(const m_event_t *e, int party, int64_t now)
{
    int g = e->rules.guaranteed[party], most = m_maximum(e, party);
    if (!e->rules.invited[party] || (e->rules.release && now >= e->rules.release))
        return 0;
    return g < most ? g : most;
}

int m_free(const m_event_t *e, int64_t now)
{
    int held = 0;
    for (int p = 0; p < M_PARTIES; p++) {
        int c = m_count(e, p, SEATED), g = m_guarantee(e, p, now);
        held += c > g ? c : g;
    }
    return e->rules.capacity - held;
}

/* ---- the seat rule ------------------------------------------------------------------------------------------------
 */

/* What persons of a party in these roles can have together: guaranteed_seat, free_seat, or why not. */
static const char *fit(const m_event_t *e, int party, const m_part_t *parts, int n, int64_t now)
{
    int c = m_count(e, party, SEATED), own = 0;
    if (c + n > m_maximum(e, party))
        return "maximum";
    for (int i = 0; i < n; i++) {
        int same = 0;
        for (int k = 0; k < n; k++)
            same += parts[k].role == parts[i].role;
        if (e->rules.limit[parts[i].role] >= 0 && m_seated_as(e, parts[i].role) + same > e->rules.limit[parts[i].role])
            return "capacity_limit";
    }
    for (int o = 0; o < M_OPTIONS; o++) {
        int wanted = 0;
        for (int k = 0; k < n; k++)
            wanted += (int)(parts[k].options >> o & 1);
        if (wanted && e->rules.places[o] >= 0 && m_seated_with(e, o) + wanted > e->rules.places[o])
            return "option_full";
    }
    if (n > 1 && n > e->rules.capacity)
        return "too_large";
    if (m_count(e, -1, SEATED) + n > e->rules.capacity)
        return "full";
    while (own < n && c + own < m_guarantee(e, party, now))
        own++;
    if (own == n)
        return "guaranteed_seat";
    return n - own <= m_free(e, now) ? "free_seat" : "full";
}

bool m_gives(const char *rule)
{
    return strcmp(rule, "guaranteed_seat") == 0 || strcmp(rule, "free_seat") == 0;
}

/* Those who wait with this arrival. */
static int unit_of(const m_event_t *e, int64_t arrival, m_part_t *ret_parts)
{
    int n = 0;
    for (int i = 0; i < e->n; i++)
        if (e->persons[i].state == WAITING && e->persons[i].arrival == arrival)
            ret_parts[n++] = e->persons[i].part;
    return n;
}

/* Whether persons[i] is the one by whom its unit is found when the list is read. */
static bool leads(const m_event_t *e, int i)
{
    if (e->persons[i].state != WAITING)
        return false;
    for (int k = 0; k < i; k++)
        if (e->persons[k].state == WAITING && e->persons[k].arrival == e->persons[i].arrival)
            return false;
    return true;
}

static const char *fit_of_unit(const m_event_t *e, int i, int64_t now)
{
    m_part_t parts[M_MANY];
    int n = unit_of(e, e->persons[i].arrival, parts);
    return fit(e, e->persons[i].party, parts, n, now);
}

/* A newcomer: as if it had entered the list at its place and the list had then moved. */
const char *m_newcomer(const m_event_t *e, int party, const m_part_t *parts, int n, int64_t now)
{
    const char *rule = fit(e, party, parts, n, now);
    if (strcmp(rule, "free_seat") != 0)
        return rule;
    for (int i = 0; i < e->n; i++) {
        if (!leads(e, i) || e->kind[e->persons[i].party] > e->kind[party])
            continue;
        const char *theirs = fit_of_unit(e, i, now);
        if (strcmp(theirs, "free_seat") == 0 || (strcmp(theirs, "full") == 0 && e->rules.waiting == STRICT))
            return "behind";
    }
    return rule;
}

static bool before(const m_event_t *e, const m_person_t *a, const m_person_t *b)
{
    if (e->kind[a->party] != e->kind[b->party])
        return e->kind[a->party] < e->kind[b->party];
    return a->arrival != b->arrival ? a->arrival < b->arrival : a < b;
}

int m_position(const m_event_t *e, const m_person_t *person)
{
    int position = 1;
    for (int i = 0; i < e->n; i++)
        position += e->persons[i].state == WAITING && before(e, &e->persons[i], person);
    return position;
}

/* Who moves up: by reading the list in its order. -1: nobody. */
static int next_up(const m_event_t *e, int64_t now)
{
    static int order[M_PERSONS];
    int n = 0;
    bool blocked = false;
    for (int i = 0; i < e->n; i++) {
        if (!leads(e, i))
            continue;
        int at = n++;
        for (; at > 0 && before(e, &e->persons[i], &e->persons[order[at - 1]]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int k = 0; k < n; k++) {
        const char *rule = fit_of_unit(e, order[k], now);
        if (strcmp(rule, "guaranteed_seat") == 0 || (strcmp(rule, "free_seat") == 0 && !blocked))
            return order[k];
        if (strcmp(rule, "full") == 0 && e->rules.waiting == STRICT)
            blocked = true;
    }
    return -1;
}

static m_record_t *record(m_event_t *e, bool lapsed, int party, const char *cause)
{
    m_record_t *r = &e->records[e->records_n++];
    if (e->records_n == M_RECORDS)
        abort();
    *r = (m_record_t){.lapsed = lapsed, .party = party, .cause = cause};
    return r;
}

void m_move_up(m_event_t *e, const char *cause, int64_t now)
{
    m_record_t *r = NULL;
    int first;
    if (e->rules.stage == POSTPONED)
        return;
    while ((first = next_up(e, now)) >= 0) {
        int64_t arrival = e->persons[first].arrival;
        m_part_t parts[M_MANY];
        int party = e->persons[first].party, n = unit_of(e, arrival, parts);
        if (!r || r->party != party || r->n + n > M_MANY)
            r = record(e, false, party, cause);
        r->state = e->rules.offer ? OFFERED : CONFIRMED;
        r->expires = e->rules.offer ? now + e->rules.offer : 0;
        for (int i = 0; i < e->n; i++) {
            m_person_t *p = &e->persons[i];
            if (p->state != WAITING || p->arrival != arrival)
                continue;
            p->state = r->state;
            p->expires = r->expires;
            r->numbers[r->n++] = p->number;
        }
    }
}

/* ---- what happens by itself ---------------------------------------------------------------------------------------
 */

static void lapse(m_event_t *e, int64_t now)
{
    if (e->rules.stage == POSTPONED)
        return;
    for (;;) {
        m_person_t *first = NULL;
        for (int i = 0; i < e->n; i++) {
            m_person_t *p = &e->persons[i];
            if (p->state == OFFERED && p->expires <= now &&
                (!first || p->expires < first->expires ||
                 (p->expires == first->expires && p->arrival < first->arrival)))
                first = p;
        }
        if (!first)
            break;
        m_record_t *r = record(e, true, first->party, NULL);
        int64_t arrival = first->arrival;
        r->expires = first->expires;
        r->state = WITHDRAWN;
        for (int i = 0; i < e->n; i++) {
            m_person_t *p = &e->persons[i];
            if (p->state != OFFERED || p->arrival != arrival)
                continue;
            p->state = WITHDRAWN;
            r->numbers[r->n++] = p->number;
        }
        if (!m_count(e, r->party, LIVE))
            e->answer[r->party] = "withdrawn";
    }
    m_move_up(e, "offer", now);
}

int64_t m_next_instant(const m_event_t *e, int64_t after)
{
    int64_t next = 0;
    for (int i = 0; i < e->n; i++)
        if (e->persons[i].state == OFFERED && e->persons[i].expires > after && (!next || e->persons[i].expires < next))
            next = e->persons[i].expires;
    if (e->rules.release > after && (!next || e->rules.release < next))
        next = e->rules.release;
    return next;
}

void m_instant(m_event_t *e, int64_t now)
{
    if (e->rules.release == now)
        m_move_up(e, "release", now);
    lapse(e, now);
}

void m_begin(m_event_t *e, const int kind[M_PARTIES])
{
    memset(e, 0, sizeof *e);
    memcpy(e->kind, kind, sizeof e->kind);
    for (int p = 0; p < M_PARTIES; p++)
        e->answer[p] = "none";
}

void m_rules(m_event_t *e, const m_rules_t *rules, int64_t now)
{
    e->rules = *rules;
    m_move_up(e, "capacity", now);
    lapse(e, now); /* what expired while the event was postponed */
}

void m_party(m_event_t *e, int party, int kind, int64_t now)
{
    e->kind[party] = kind;
    m_move_up(e, "capacity", now);
}
