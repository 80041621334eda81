/* test_registration_histories: random histories of one event against a model that counts from scratch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model keeps a flat list of persons and knows no counters, no lanes and no ceilings: it adds up whenever it needs
 * a number and reads the whole list to find who is next. SEED=n repeats a run, ROUNDS=n makes it longer.
 */
#include "registration/core.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { HEAD = 1, DELEGATE = 3, MEDIA = 10 };

enum { PARTIES = 6, MODEL_PERSONS = 6000 };

typedef struct {
    int party, unit;
    unsigned role;
    reg_state_t state;
} person_t;

typedef struct { /* the model: rules and a list of persons, nothing else */
    int32_t capacity, guaranteed[PARTIES], maximum[PARTIES], limit[REG_ROLES];
    unsigned kind[PARTIES];
    reg_waiting_t waiting;
    bool online_takes_seat;
    person_t persons[MODEL_PERSONS];
    int n;
} model_t;

typedef struct { /* the core, driven the way the service drives it */
    reg_seats_t seats;
    reg_share_t shares[PARTIES];
    person_t persons[MODEL_PERSONS];
    int n;
    reg_lane_t lanes[MODEL_PERSONS];
} driven_t;

static uint64_t random_state;
static unsigned roll(unsigned n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 11) % n;
}

static int32_t m_count(const model_t *m, int party, int role, reg_state_t state)
{
    int32_t n = 0;
    for (int i = 0; i < m->n; i++)
        n += m->persons[i].state == state && (party < 0 || m->persons[i].party == party) &&
             (role < 0 || (int)m->persons[i].role == role);
    return n;
}

static int32_t m_guarantee(const model_t *m, int party)
{
    return m->guaranteed[party] < m->maximum[party] ? m->guaranteed[party] : m->maximum[party];
}

static int32_t m_free(const model_t *m)
{
    int32_t held = 0;
    for (int p = 0; p < PARTIES; p++) {
        int32_t c = m_count(m, p, -1, REG_CONFIRMED), g = m_guarantee(m, p);
        held += c > g ? c : g;
    }
    return m->capacity - held;
}

typedef enum { OWN_LIMIT, NO_SEATS, COVERED, FITS } claim_t;

/* What n persons of a party, `roles` of them, can have. */
static claim_t m_claim(const model_t *m, int party, int32_t n, const int32_t roles[REG_ROLES])
{
    int32_t c = m_count(m, party, -1, REG_CONFIRMED), all = m_count(m, -1, -1, REG_CONFIRMED);
    int32_t g = m_guarantee(m, party), from_free = 0;

    if (c + n > m->maximum[party] || (n > 1 && n > m->capacity))
        return OWN_LIMIT;
    for (int role = 1; role < REG_ROLES; role++)
        if (roles[role] && m->limit[role] >= 0 && m_count(m, -1, role, REG_CONFIRMED) + roles[role] > m->limit[role])
            return OWN_LIMIT;
    if (all + n > m->capacity)
        return NO_SEATS;
    for (int32_t i = 0; i < n; i++)
        from_free += c + i >= g;
    if (!from_free)
        return COVERED;
    return from_free <= m_free(m) ? FITS : NO_SEATS;
}

static claim_t m_claim_unit(const model_t *m, int unit)
{
    int32_t n = 0, roles[REG_ROLES] = {0};
    int party = 0;

    for (int i = 0; i < m->n; i++) {
        if (m->persons[i].unit != unit || m->persons[i].state != REG_WAITING)
            continue;
        party = m->persons[i].party;
        roles[m->persons[i].role]++;
        n++;
    }
    return m_claim(m, party, n, roles);
}

static bool m_is_first_of_unit(const model_t *m, int i)
{
    if (m->persons[i].state != REG_WAITING)
        return false;
    for (int j = m->persons[i].unit; j < i; j++)
        if (m->persons[j].unit == m->persons[i].unit && m->persons[j].state == REG_WAITING)
            return false;
    return true;
}

/* The unit that moves up, reading the list in its order; -1: none. */
static int m_next(const model_t *m)
{
    bool blocked = false;
    for (unsigned kind = 1; kind < REG_KINDS; kind++) {
        for (int unit = 0; unit < m->n; unit++) {
            int at = -1;
            for (int i = unit; i < m->n && i < unit + 8 && at < 0; i++)
                if (m->persons[i].unit == unit && m_is_first_of_unit(m, i))
                    at = i;
            if (at < 0 || m->kind[m->persons[at].party] != kind)
                continue;
            claim_t claim = m_claim_unit(m, unit);
            if (claim == COVERED)
                return unit;
            if (claim == FITS && !blocked)
                return unit;
            if (claim == NO_SEATS && m->waiting == REG_WAIT_STRICT)
                blocked = true;
        }
    }
    return -1;
}

/* Whether a newcomer gets what it claims: its own, or free seats that nobody in front competes for. */
static bool m_gets(const model_t *m, int party, int32_t n, const int32_t roles[REG_ROLES])
{
    claim_t claim = m_claim(m, party, n, roles);
    if (claim == COVERED)
        return true;
    if (claim != FITS)
        return false;
    for (int i = 0; i < m->n; i++) {
        if (!m_is_first_of_unit(m, i) || m->kind[m->persons[i].party] > m->kind[party])
            continue;
        claim_t other = m_claim_unit(m, m->persons[i].unit);
        if (other == FITS || (other == NO_SEATS && m->waiting == REG_WAIT_STRICT))
            return false;
    }
    return true;
}

static void m_add(model_t *m, int party, unsigned role, reg_state_t state, int unit)
{
    m->persons[m->n++] = (person_t){.party = party, .unit = unit, .role = role, .state = state};
}

static bool m_has_head(const model_t *m, int party)
{
    for (int i = 0; i < m->n; i++)
        if (m->persons[i].party == party && m->persons[i].role == HEAD && m->persons[i].state != REG_WITHDRAWN &&
            m->persons[i].state != REG_REFUSED)
            return true;
    return false;
}

/* Refused persons are entered too, so that both sides have the same list to compare. */
static void m_register(model_t *m, int party, reg_group_t group, const reg_applicant_t *who, int n)
{
    int first = m->n;
    int32_t size = 0, roles[REG_ROLES] = {0};
    bool bad = false, head = m_has_head(m, party);

    if (group == REG_EACH) {
        for (int i = 0; i < n; i++) {
            int32_t one[REG_ROLES] = {0};
            one[who[i].role] = 1;
            reg_state_t state = m->waiting == REG_WAIT_NONE ? REG_REFUSED : REG_WAITING;
            if (who[i].duplicate || (who[i].role == HEAD && m_has_head(m, party)))
                state = REG_REFUSED;
            else if (who[i].online && !m->online_takes_seat)
                state = REG_ONLINE;
            else if (m_gets(m, party, 1, one))
                state = REG_CONFIRMED;
            m_add(m, party, who[i].role, state, m->n);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        bad |= who[i].duplicate || (who[i].role == HEAD && head);
        head |= who[i].role == HEAD;
        if (who[i].online && !m->online_takes_seat)
            continue;
        size++;
        roles[who[i].role]++;
    }
    reg_state_t state = m->waiting == REG_WAIT_NONE ? REG_REFUSED : REG_WAITING;
    if (size && m_gets(m, party, size, roles))
        state = REG_CONFIRMED;
    for (int i = 0; i < n; i++) {
        bool online = who[i].online && !m->online_takes_seat;
        reg_state_t mine = bad || (size && state == REG_REFUSED) ? REG_REFUSED : online ? REG_ONLINE : state;
        m_add(m, party, who[i].role, mine, first);
    }
}

static void m_promote(model_t *m)
{
    for (int unit; (unit = m_next(m)) >= 0;)
        for (int i = unit; i < m->n && i < unit + 8; i++)
            if (m->persons[i].unit == unit && m->persons[i].state == REG_WAITING)
                m->persons[i].state = REG_CONFIRMED;
}

/* Lanes from the persons, anew each time: where they come from is the store's business and tested there. */
static void d_lanes(driven_t *d)
{
    size_t lanes_n = 0;

    d->seats.lanes = NULL;
    for (int unit = 0; unit < d->n; unit++) {
        reg_need_t need = {0};
        int party = 0;
        for (int i = unit; i < d->n && i < unit + 8; i++) {
            if (d->persons[i].unit != unit || d->persons[i].state != REG_WAITING)
                continue;
            need.size++;
            need.of_role[d->persons[i].role]++;
            party = d->persons[i].party;
        }
        if (!need.size)
            continue;
        int64_t key = reg_lane_key(&need);
        bool known = false;
        for (size_t i = 0; i < lanes_n && !known; i++)
            known = d->lanes[i].share == &d->shares[party] && d->lanes[i].key == key;
        if (known)
            continue; /* units come in order of arrival: the first is the head */
        d->lanes[lanes_n] = (reg_lane_t){.share = &d->shares[party], .key = key, .head = unit, .need = need};
        reg_lane_link(&d->seats, &d->lanes[lanes_n++]);
    }
}

static void d_register(driven_t *d, int party, reg_group_t group, const reg_applicant_t *who, int n)
{
    reg_verdict_t verdicts[REG_PERSONS_MAX];
    reg_ruling_t ruling;
    int first = d->n;

    reg_decide(&d->seats, &d->shares[party], group, who, (unsigned)n, verdicts, &ruling);
    for (int i = 0; i < n; i++, d->n++)
        d->persons[d->n] = (person_t){
            .party = party, .unit = group == REG_EACH ? d->n : first, .role = who[i].role, .state = verdicts[i].state};
    d_lanes(d);
}

static void d_promote(driven_t *d)
{
    for (reg_lane_t *lane; (lane = reg_next(&d->seats));) {
        int unit = (int)lane->head;
        for (int i = unit; i < d->n && i < unit + 8; i++) {
            if (d->persons[i].unit != unit || d->persons[i].state != REG_WAITING)
                continue;
            reg_stop_waiting(&d->seats, lane->share, 1);
            reg_take(&d->seats, lane->share, d->persons[i].role, 0);
            d->persons[i].state = REG_CONFIRMED;
        }
        d_lanes(d);
    }
}

static void compare(const model_t *m, const driven_t *d, unsigned long long seed, int step)
{
    assert_int_equal(m->n, d->n);
    for (int i = 0; i < m->n; i++)
        if (m->persons[i].state != d->persons[i].state)
            fail_msg("SEED=%llu step %d: person %d of party %d is %d, the model says %d", seed, step, i,
                     m->persons[i].party, d->persons[i].state, m->persons[i].state);
    int32_t heads_max = 0;
    for (int p = 0; p < PARTIES; p++) {
        const reg_share_t *share = &d->shares[p];
        assert_int_equal(share->confirmed, m_count(m, p, -1, REG_CONFIRMED));
        assert_int_equal(share->waiting, m_count(m, p, -1, REG_WAITING));
        assert_int_equal(share->online, m_count(m, p, -1, REG_ONLINE));
        assert_int_equal(share->withdrawn, m_count(m, p, -1, REG_WITHDRAWN));
        assert_true(share->confirmed <= share->ceiling);
        if (share->heads > heads_max)
            heads_max = share->heads;
    }
    assert_true(heads_max <= 1);
    int32_t by_kind = 0;
    for (unsigned kind = 1; kind < REG_KINDS; kind++)
        by_kind += d->seats.waiting_of_kind[kind];
    assert_int_equal(by_kind, d->seats.waiting);
    assert_int_equal(d->seats.waiting, m_count(m, -1, -1, REG_WAITING));
    assert_int_equal(d->seats.confirmed, m_count(m, -1, -1, REG_CONFIRMED));
    assert_int_equal(d->seats.online, m_count(m, -1, -1, REG_ONLINE));
    assert_int_equal(reg_free(&d->seats), m_free(m));
    assert_true(d->seats.confirmed <= d->seats.ceiling);
    for (unsigned role = 1; role < REG_ROLES; role++)
        assert_int_equal(d->seats.role_confirmed[role], m_count(m, -1, (int)role, REG_CONFIRMED));
}

static void change_rules(model_t *m, driven_t *d)
{
    int p = (int)roll(PARTIES);

    switch (roll(6)) {
    case 0:
        m->capacity = (int32_t)roll(40);
        break;
    case 1:
        m->limit[MEDIA] = (int32_t)roll(6) - 1;
        break;
    case 2:
        m->waiting = (reg_waiting_t)(1 + roll(3));
        break;
    case 3:
        m->online_takes_seat = roll(2);
        break;
    case 4:
        m->kind[p] = 1 + roll(5);
        reg_share_kind(&d->seats, &d->shares[p], m->kind[p]);
        break;
    default:
        m->guaranteed[p] = roll(3) ? (int32_t)roll(6) : 0; /* 0: released */
        m->maximum[p] = (int32_t)roll(12);
        reg_share_rules(&d->seats, &d->shares[p], m->guaranteed[p], m->maximum[p]);
    }
    d->seats.waiting_rule = m->waiting;
    d->seats.online_takes_seat = m->online_takes_seat;
    reg_seats_rules(&d->seats, m->capacity, m->limit);
}

static void withdraw_somebody(model_t *m, driven_t *d)
{
    if (!m->n)
        return;
    int i = (int)roll((unsigned)m->n);
    reg_state_t state = m->persons[i].state;

    if (state == REG_WITHDRAWN || state == REG_REFUSED)
        return;
    m->persons[i].state = d->persons[i].state = REG_WITHDRAWN;
    reg_withdraw(&d->seats, &d->shares[d->persons[i].party], d->persons[i].role, 0, state);
    d_lanes(d);
}

static void histories(void **state)
{
    (void)state;
    const char *wanted = getenv("SEED"), *longer = getenv("ROUNDS");
    unsigned long long seed = wanted ? strtoull(wanted, NULL, 10) : (unsigned long long)time(NULL);
    int rounds = longer ? (int)strtol(longer, NULL, 10) : 300;
    static model_t m;
    static driven_t d;

    print_message("SEED=%llu\n", seed);
    random_state = seed * 2654435761u + 88172645463325252u;
    for (int round = 0; round < rounds; round++) {
        memset(&m, 0, sizeof m);
        memset(&d, 0, sizeof d);
        m.capacity = (int32_t)roll(30);
        m.waiting = (reg_waiting_t)(1 + roll(3));
        for (unsigned role = 0; role < REG_ROLES; role++)
            m.limit[role] = REG_NO_LIMIT;
        d.seats.waiting_rule = m.waiting;
        reg_seats_rules(&d.seats, m.capacity, m.limit);
        for (int p = 0; p < PARTIES; p++) {
            m.kind[p] = d.shares[p].kind = 1 + roll(5);
            m.guaranteed[p] = (int32_t)roll(4);
            m.maximum[p] = (int32_t)roll(12);
            reg_share_rules(&d.seats, &d.shares[p], m.guaranteed[p], m.maximum[p]);
        }
        for (int step = 0; step < 120; step++) {
            unsigned what = roll(10);
            if (what < 6) {
                static const uint8_t roles[] = {HEAD, DELEGATE, DELEGATE, DELEGATE, MEDIA, MEDIA};
                reg_applicant_t who[7];
                int n = 1 + (int)roll(roll(3) ? 2 : 7), party = (int)roll(PARTIES);
                reg_group_t group = roll(2) ? REG_EACH : REG_ALL_OR_NONE;
                for (int i = 0; i < n; i++)
                    who[i] =
                        (reg_applicant_t){.role = roles[roll(6)], .online = roll(8) == 0, .duplicate = roll(20) == 0};
                m_register(&m, party, group, who, n);
                d_register(&d, party, group, who, n);
                compare(&m, &d, seed, step); /* before the list moves: what the newcomers themselves got */
            } else if (what < 9) {
                withdraw_somebody(&m, &d);
            } else {
                change_rules(&m, &d);
            }
            m_promote(&m);
            d_promote(&d);
            compare(&m, &d, seed, step);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
