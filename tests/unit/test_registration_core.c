/* test_registration_core: every clause of the seat rule, and random histories against a model that counts from scratch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The model keeps a flat list of persons and knows no counters, no lanes and no ceilings: it adds up whenever it needs a
 * number and reads the whole list to find who is next. SEED=n repeats a run, STEPS=n makes it longer.
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
enum { MEMBER = 1, OBSERVER = 2, GUEST = 5 };

static int32_t no_limits[REG_ROLES] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

static reg_seats_t event_of(int32_t capacity, reg_waiting_t waiting)
{
    reg_seats_t seats = {.waiting_rule = waiting};
    reg_seats_rules(&seats, capacity, no_limits);
    return seats;
}

static reg_share_t party_of(reg_seats_t *seats, unsigned kind, int32_t guaranteed, int32_t maximum)
{
    reg_share_t share = {.kind = kind};
    reg_share_rules(seats, &share, guaranteed, maximum);
    return share;
}

/* ---- one clause at a time ------------------------------------------------------------------------------------ */

/* The shortest use: three persons, one guaranteed seat, one free one, and a waiting list. */
static void shortest_use(void **state)
{
    (void)state;
    reg_seats_t seats = event_of(2, REG_WAIT_STRICT);
    reg_share_t kz = party_of(&seats, MEMBER, 1, 8);
    reg_applicant_t who[3] = {{.role = HEAD}, {.role = DELEGATE}, {.role = DELEGATE}};
    reg_verdict_t verdicts[3];
    reg_ruling_t ruling;
    char text[REG_TEXT_MAX];

    assert_int_equal(reg_free(&seats), 1);
    reg_decide(&seats, &kz, REG_EACH, who, 3, verdicts, &ruling);
    assert_int_equal(verdicts[0].state, REG_CONFIRMED);
    assert_int_equal(verdicts[0].rule, REG_RULE_GUARANTEED);
    assert_int_equal(verdicts[1].state, REG_CONFIRMED);
    assert_int_equal(verdicts[1].rule, REG_RULE_POOL);
    assert_int_equal(verdicts[2].state, REG_WAITING);
    assert_int_equal(verdicts[2].rule, REG_RULE_FULL);
    assert_int_equal(verdicts[2].position, 1);
    reg_explain(&seats, &kz, &ruling, "KZ", "delegate", text);
    assert_string_equal(text, "KZ: 1 on guaranteed seats, 1 on free seats, 1 waiting from place 1: capacity 2 less 2 confirmed "
                              "or guaranteed leaves too few free seats. KZ has 2 of at most 8 seats (1 guaranteed); the "
                              "event 2 of 2, 0 free, 1 waiting.");
}

typedef struct {
    const char *name;
    int32_t capacity, others_held; /* seats another party has guaranteed */
    reg_waiting_t waiting;
    int32_t guaranteed, maximum, confirmed; /* of our party, before */
    int32_t media_limit;
    reg_group_t group;
    const char *persons; /* h head, d delegate, m media, o delegate online, = the same name again */
    const char *states;  /* C W O R per person */
    reg_rule_t rule;
} case_t;

#define NL REG_NO_LIMIT
static const case_t cases[] = {
    {"own guarantee", 10, 8, REG_WAIT_NONE, 2, 5, 0, NL, REG_EACH, "dd", "CC", REG_RULE_GUARANTEED},
    {"guarantee is kept from others", 10, 10, REG_WAIT_NONE, 0, 5, 0, NL, REG_EACH, "d", "R", REG_RULE_FULL},
    {"free seats end", 10, 8, REG_WAIT_NONE, 0, 5, 0, NL, REG_EACH, "ddd", "CCR", REG_RULE_FULL},
    {"free seats end, list", 10, 8, REG_WAIT_BEST_FILL, 0, 5, 0, NL, REG_EACH, "ddd", "CCW", REG_RULE_FULL},
    {"maximum, no list", 10, 0, REG_WAIT_NONE, 0, 2, 0, NL, REG_EACH, "ddd", "CCR", REG_RULE_MAXIMUM},
    {"maximum, list", 10, 0, REG_WAIT_STRICT, 0, 2, 0, NL, REG_EACH, "ddd", "CCW", REG_RULE_MAXIMUM},
    {"maximum caps a guarantee", 10, 0, REG_WAIT_NONE, 4, 2, 0, NL, REG_EACH, "ddd", "CCR", REG_RULE_MAXIMUM},
    {"limit of a capacity", 10, 0, REG_WAIT_NONE, 5, 5, 0, 1, REG_EACH, "mmd", "CRC", REG_RULE_CAPACITY_LIMIT},
    {"limit of a capacity, list", 10, 0, REG_WAIT_STRICT, 0, 5, 0, 1, REG_EACH, "mmd", "CWC", REG_RULE_CAPACITY_LIMIT},
    {"one head", 10, 0, REG_WAIT_STRICT, 5, 5, 0, NL, REG_EACH, "hhd", "CRC", REG_RULE_ONE_HEAD},
    {"same name", 10, 0, REG_WAIT_STRICT, 5, 5, 0, NL, REG_EACH, "d=d", "CRC", REG_RULE_DUPLICATE},
    {"online takes no seat", 0, 0, REG_WAIT_NONE, 0, 5, 0, NL, REG_EACH, "oo", "OO", REG_RULE_ONLINE},
    {"guarantees above capacity", 3, 0, REG_WAIT_NONE, 5, 5, 3, NL, REG_EACH, "d", "R", REG_RULE_FULL},
    {"together: seated", 10, 7, REG_WAIT_NONE, 1, 5, 0, NL, REG_ALL_OR_NONE, "hdd", "CCC", REG_RULE_POOL},
    {"together: refused", 10, 8, REG_WAIT_NONE, 0, 5, 0, NL, REG_ALL_OR_NONE, "hdd", "RRR", REG_RULE_FULL},
    {"together: waits", 10, 8, REG_WAIT_STRICT, 0, 5, 0, NL, REG_ALL_OR_NONE, "hdd", "WWW", REG_RULE_FULL},
    {"together: guarantee and free", 10, 7, REG_WAIT_STRICT, 2, 5, 0, NL, REG_ALL_OR_NONE, "hdd", "CCC", REG_RULE_POOL},
    {"together: over the maximum", 10, 0, REG_WAIT_STRICT, 0, 2, 0, NL, REG_ALL_OR_NONE, "hdd", "WWW", REG_RULE_MAXIMUM},
    {"together: larger than the event", 2, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "ddd", "WWW", REG_RULE_TOO_LARGE},
    {"together: a limit", 10, 0, REG_WAIT_NONE, 0, 9, 0, 1, REG_ALL_OR_NONE, "dmm", "RRR", REG_RULE_CAPACITY_LIMIT},
    {"together: a second head", 10, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "hdh", "RRR", REG_RULE_ONE_HEAD},
    {"together: the same name", 10, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "hd=", "RRR", REG_RULE_DUPLICATE},
    {"together: online persons do not wait", 1, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "ddo", "WWO", REG_RULE_TOO_LARGE},
    {"together: all online", 0, 0, REG_WAIT_NONE, 0, 9, 0, NL, REG_ALL_OR_NONE, "oo", "OO", REG_RULE_ONLINE},
};

static void clauses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const case_t *c = &cases[i];
        int32_t limits[REG_ROLES];
        reg_seats_t seats = event_of(c->capacity, c->waiting);
        reg_share_t other = party_of(&seats, MEMBER, c->others_held, 1000);
        reg_share_t share = party_of(&seats, MEMBER, c->guaranteed, c->maximum);
        reg_applicant_t who[8] = {0};
        reg_verdict_t verdicts[8];
        reg_ruling_t ruling;
        unsigned n = (unsigned)strlen(c->persons);

        memcpy(limits, no_limits, sizeof limits);
        limits[MEDIA] = c->media_limit;
        reg_seats_rules(&seats, c->capacity, limits);
        for (int k = 0; k < c->confirmed; k++) reg_take(&seats, &share, DELEGATE);
        for (unsigned k = 0; k < n; k++) {
            char p = c->persons[k];
            who[k] = (reg_applicant_t){.role = p == 'h' ? HEAD : p == 'm' ? MEDIA : DELEGATE, .online = p == 'o', .duplicate = p == '='};
        }
        reg_seats_t seats_before = seats;
        reg_share_t share_before = share;
        reg_decide(&seats, &share, c->group, who, n, verdicts, &ruling);
        for (unsigned k = 0; k < n; k++) {
            char got = "?CW?RO"[verdicts[k].state];
            if (got != c->states[k]) fail_msg("%s: person %u is %c, not %c", c->name, k + 1, got, c->states[k]);
        }
        if (ruling.rule != c->rule)
            fail_msg("%s: rule %s, not %s", c->name, reg_rule_word(ruling.rule), reg_rule_word(c->rule));
        if (!ruling.accepted) {
            assert_memory_equal(&seats, &seats_before, sizeof seats);
            assert_memory_equal(&share, &share_before, sizeof share);
        }
        char text[REG_TEXT_MAX];
        reg_explain(&seats, &share, &ruling, "KZ", "media", text);
        assert_true(strlen(text) > 20 && strlen(text) < REG_TEXT_MAX - 1);
        assert_int_equal(other.confirmed, 0);
    }
}

static void online_may_take_seats(void **state)
{
    (void)state;
    reg_seats_t seats = event_of(1, REG_WAIT_NONE);
    reg_share_t share = party_of(&seats, MEMBER, 0, 5);
    reg_applicant_t who[2] = {{.role = DELEGATE, .online = true}, {.role = DELEGATE, .online = true}};
    reg_verdict_t verdicts[2];
    reg_ruling_t ruling;

    seats.online_takes_seat = true;
    reg_decide(&seats, &share, REG_EACH, who, 2, verdicts, &ruling);
    assert_int_equal(verdicts[0].state, REG_CONFIRMED);
    assert_int_equal(verdicts[1].state, REG_REFUSED);
    assert_int_equal(seats.online, 0);
}

/* ---- when -------------------------------------------------------------------------------------------------------- */

static void windows(void **state)
{
    (void)state;
    static const struct {
        reg_stage_t stage;
        reg_act_t act;
        int64_t now;
        reg_rule_t rule;
    } rows[] = {
        {REG_OPEN, REG_ACT_REGISTER, 999, REG_RULE_NOT_OPEN},
        {REG_OPEN, REG_ACT_REGISTER, 1000, REG_RULE_NONE},
        {REG_OPEN, REG_ACT_REGISTER, 1999, REG_RULE_NONE},
        {REG_OPEN, REG_ACT_REGISTER, 2000, REG_RULE_CLOSED},
        {REG_OPEN, REG_ACT_WITHDRAW, 2999, REG_RULE_NONE},
        {REG_OPEN, REG_ACT_WITHDRAW, 3000, REG_RULE_CLOSED},
        {REG_CLOSED, REG_ACT_REGISTER, 1500, REG_RULE_CLOSED},
        {REG_CLOSED, REG_ACT_WITHDRAW, 2500, REG_RULE_NONE},
        {REG_CLOSED, REG_ACT_DECLINE, 2500, REG_RULE_NONE},
        {REG_SCHEDULED, REG_ACT_REGISTER, 1500, REG_RULE_NOT_OPEN},
        {REG_SCHEDULED, REG_ACT_DECLINE, 500, REG_RULE_NONE},
        {REG_SCHEDULED, REG_ACT_REGISTER, 2500, REG_RULE_CLOSED},
        {REG_DRAFT, REG_ACT_DECLINE, 500, REG_RULE_NOT_OPEN},
        {REG_HELD, REG_ACT_WITHDRAW, 1500, REG_RULE_CLOSED},
        {REG_REPORTED, REG_ACT_REGISTER, 1500, REG_RULE_CLOSED},
        {REG_CANCELLED, REG_ACT_WITHDRAW, 1500, REG_RULE_CANCELLED},
        {REG_REJECTED, REG_ACT_REGISTER, 1500, REG_RULE_CANCELLED},
        {REG_POSTPONED, REG_ACT_REGISTER, 1500, REG_RULE_POSTPONED},
    };
    reg_terms_t terms = {.has_rules = true, .audience = 1u << MEMBER, .opens_ms = 1000, .closes_ms = 2000, .changes_close_ms = 3000};
    char text[REG_TEXT_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        terms.stage = rows[i].stage;
        reg_rule_t rule = reg_admit(&terms, rows[i].act, MEMBER, rows[i].now, text);
        if (rule != rows[i].rule) fail_msg("row %zu: %s, not %s", i, reg_rule_word(rule), reg_rule_word(rows[i].rule));
    }
    terms.stage = REG_OPEN;
    assert_int_equal(reg_admit(&terms, REG_ACT_REGISTER, GUEST, 1500, text), REG_RULE_NOT_INVITED);
    assert_int_equal(reg_admit(&terms, REG_ACT_DECLINE, GUEST, 1500, text), REG_RULE_NOT_INVITED);
    assert_int_equal(reg_admit(&terms, REG_ACT_WITHDRAW, GUEST, 1500, text), REG_RULE_NONE);
    assert_int_equal(reg_admit(&terms, REG_ACT_REGISTER, MEMBER, 0, text), REG_RULE_NOT_OPEN);
    assert_non_null(strstr(text, "1970-01-01T00:00:01.000Z")); /* says when it opens */
    assert_int_equal(reg_admit(&terms, REG_ACT_REGISTER, MEMBER, 9000, text), REG_RULE_CLOSED);
    assert_string_equal(text, "Registration closed at 1970-01-01T00:00:02.000Z.");
    terms.has_rules = false;
    assert_int_equal(reg_admit(&terms, REG_ACT_REGISTER, MEMBER, 1500, text), REG_RULE_NOT_OPEN);
    assert_int_equal(reg_admit(&terms, REG_ACT_DECLINE, MEMBER, 1500, text), REG_RULE_NONE);
}

/* ---- order of the list --------------------------------------------------------------------------------------- */

static reg_lane_t lane_of(reg_seats_t *seats, reg_share_t *share, int64_t head, int32_t size, unsigned role)
{
    reg_lane_t lane = {.share = share, .head = head, .need = {.size = size}};
    lane.need.of_role[role] = (uint8_t)size;
    lane.key = reg_lane_key(&lane.need);
    reg_wait(seats, share, size);
    return lane;
}

static void order(void **state)
{
    (void)state;
    reg_seats_t seats = event_of(3, REG_WAIT_STRICT);
    reg_share_t guest = party_of(&seats, GUEST, 0, 9), member = party_of(&seats, MEMBER, 0, 9);
    reg_share_t taken = party_of(&seats, MEMBER, 0, 9);
    for (int i = 0; i < 3; i++) reg_take(&seats, &taken, DELEGATE);
    reg_lane_t early = lane_of(&seats, &guest, 1, 1, DELEGATE), late = lane_of(&seats, &member, 2, 2, DELEGATE);
    reg_lane_link(&seats, &early);
    reg_lane_link(&seats, &late);

    assert_null(reg_next(&seats)); /* full */
    reg_give_back(&seats, &taken, DELEGATE);
    assert_null(reg_next(&seats)); /* strict: the members' pair is first and does not fit */
    seats.waiting_rule = REG_WAIT_BEST_FILL;
    assert_ptr_equal(reg_next(&seats), &early);
    seats.waiting_rule = REG_WAIT_STRICT;
    member.maximum = 1; /* held by its own maximum: holds up nobody */
    assert_ptr_equal(reg_next(&seats), &early);
    member.maximum = 9;
    reg_give_back(&seats, &taken, DELEGATE);
    assert_ptr_equal(reg_next(&seats), &late); /* kind goes before arrival */
    reg_lane_unlink(&seats, &late);
    assert_ptr_equal(reg_next(&seats), &early);
    reg_lane_unlink(&seats, &early);
    assert_null(reg_next(&seats));
}

static void own_guarantee_moves_whoever_waits(void **state)
{
    (void)state;
    reg_seats_t seats = event_of(2, REG_WAIT_STRICT);
    reg_share_t member = party_of(&seats, MEMBER, 0, 9), guest = party_of(&seats, GUEST, 1, 9);
    reg_take(&seats, &member, DELEGATE);
    reg_lane_t pair = lane_of(&seats, &member, 1, 2, DELEGATE), own = lane_of(&seats, &guest, 2, 1, DELEGATE);
    reg_lane_link(&seats, &pair);
    reg_lane_link(&seats, &own);
    assert_int_equal(reg_free(&seats), 0);
    assert_ptr_equal(reg_next(&seats), &own);
}

static void never_unseats(void **state)
{
    (void)state;
    reg_seats_t seats = event_of(5, REG_WAIT_STRICT);
    reg_share_t share = party_of(&seats, MEMBER, 2, 5);
    int32_t limits[REG_ROLES];

    memcpy(limits, no_limits, sizeof limits);
    for (int i = 0; i < 5; i++) reg_take(&seats, &share, DELEGATE);
    limits[DELEGATE] = 1;
    reg_seats_rules(&seats, 3, limits);
    reg_share_rules(&seats, &share, 1, 2);
    assert_int_equal(seats.confirmed, 5);
    assert_int_equal(seats.ceiling, 5);
    assert_int_equal(share.ceiling, 5);
    assert_int_equal(seats.role_ceiling[DELEGATE], 5);
    assert_int_equal(reg_free(&seats), -2);
    for (int i = 0; i < 4; i++) reg_give_back(&seats, &share, DELEGATE);
    assert_int_equal(seats.ceiling, 3); /* down to the rule, and no further */
    assert_int_equal(share.ceiling, 2);
    assert_int_equal(seats.role_ceiling[DELEGATE], 1);
}

/* ---- random histories ---------------------------------------------------------------------------------------- */

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

    if (c + n > m->maximum[party] || (n > 1 && n > m->capacity)) return OWN_LIMIT;
    for (int role = 1; role < REG_ROLES; role++)
        if (roles[role] && m->limit[role] >= 0 && m_count(m, -1, role, REG_CONFIRMED) + roles[role] > m->limit[role])
            return OWN_LIMIT;
    if (all + n > m->capacity) return NO_SEATS;
    for (int32_t i = 0; i < n; i++) from_free += c + i >= g;
    if (!from_free) return COVERED;
    return from_free <= m_free(m) ? FITS : NO_SEATS;
}

static claim_t m_claim_unit(const model_t *m, int unit)
{
    int32_t n = 0, roles[REG_ROLES] = {0};
    int party = 0;

    for (int i = 0; i < m->n; i++) {
        if (m->persons[i].unit != unit || m->persons[i].state != REG_WAITING) continue;
        party = m->persons[i].party;
        roles[m->persons[i].role]++;
        n++;
    }
    return m_claim(m, party, n, roles);
}

static bool m_is_first_of_unit(const model_t *m, int i)
{
    if (m->persons[i].state != REG_WAITING) return false;
    for (int j = m->persons[i].unit; j < i; j++)
        if (m->persons[j].unit == m->persons[i].unit && m->persons[j].state == REG_WAITING) return false;
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
                if (m->persons[i].unit == unit && m_is_first_of_unit(m, i)) at = i;
            if (at < 0 || m->kind[m->persons[at].party] != kind) continue;
            claim_t claim = m_claim_unit(m, unit);
            if (claim == COVERED) return unit;
            if (claim == FITS && !blocked) return unit;
            if (claim == NO_SEATS && m->waiting == REG_WAIT_STRICT) blocked = true;
        }
    }
    return -1;
}

/* Whether a newcomer gets what it claims: its own, or free seats that nobody in front competes for. */
static bool m_gets(const model_t *m, int party, int32_t n, const int32_t roles[REG_ROLES])
{
    claim_t claim = m_claim(m, party, n, roles);
    if (claim == COVERED) return true;
    if (claim != FITS) return false;
    for (int i = 0; i < m->n; i++) {
        if (!m_is_first_of_unit(m, i) || m->kind[m->persons[i].party] > m->kind[party]) continue;
        claim_t other = m_claim_unit(m, m->persons[i].unit);
        if (other == FITS || (other == NO_SEATS && m->waiting == REG_WAIT_STRICT)) return false;
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
            if (who[i].duplicate || (who[i].role == HEAD && m_has_head(m, party))) state = REG_REFUSED;
            else if (who[i].online && !m->online_takes_seat) state = REG_ONLINE;
            else if (m_gets(m, party, 1, one)) state = REG_CONFIRMED;
            m_add(m, party, who[i].role, state, m->n);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        bad |= who[i].duplicate || (who[i].role == HEAD && head);
        head |= who[i].role == HEAD;
        if (who[i].online && !m->online_takes_seat) continue;
        size++;
        roles[who[i].role]++;
    }
    reg_state_t state = m->waiting == REG_WAIT_NONE ? REG_REFUSED : REG_WAITING;
    if (size && m_gets(m, party, size, roles)) state = REG_CONFIRMED;
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
            if (m->persons[i].unit == unit && m->persons[i].state == REG_WAITING) m->persons[i].state = REG_CONFIRMED;
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
            if (d->persons[i].unit != unit || d->persons[i].state != REG_WAITING) continue;
            need.size++;
            need.of_role[d->persons[i].role]++;
            party = d->persons[i].party;
        }
        if (!need.size) continue;
        int64_t key = reg_lane_key(&need);
        bool known = false;
        for (size_t i = 0; i < lanes_n && !known; i++) known = d->lanes[i].share == &d->shares[party] && d->lanes[i].key == key;
        if (known) continue; /* units come in order of arrival: the first is the head */
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
        d->persons[d->n] = (person_t){.party = party, .unit = group == REG_EACH ? d->n : first, .role = who[i].role, .state = verdicts[i].state};
    d_lanes(d);
}

static void d_promote(driven_t *d)
{
    for (reg_lane_t *lane; (lane = reg_next(&d->seats));) {
        int unit = (int)lane->head;
        for (int i = unit; i < d->n && i < unit + 8; i++) {
            if (d->persons[i].unit != unit || d->persons[i].state != REG_WAITING) continue;
            reg_stop_waiting(&d->seats, lane->share, 1);
            reg_take(&d->seats, lane->share, d->persons[i].role);
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
            fail_msg("SEED=%llu step %d: person %d of party %d is %d, the model says %d", seed, step, i, m->persons[i].party,
                     d->persons[i].state, m->persons[i].state);
    int32_t heads_max = 0;
    for (int p = 0; p < PARTIES; p++) {
        const reg_share_t *share = &d->shares[p];
        assert_int_equal(share->confirmed, m_count(m, p, -1, REG_CONFIRMED));
        assert_int_equal(share->waiting, m_count(m, p, -1, REG_WAITING));
        assert_int_equal(share->online, m_count(m, p, -1, REG_ONLINE));
        assert_int_equal(share->withdrawn, m_count(m, p, -1, REG_WITHDRAWN));
        assert_true(share->confirmed <= share->ceiling);
        if (share->heads > heads_max) heads_max = share->heads;
    }
    assert_true(heads_max <= 1);
    int32_t by_kind = 0;
    for (unsigned kind = 1; kind < REG_KINDS; kind++) by_kind += d->seats.waiting_of_kind[kind];
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
    case 0: m->capacity = (int32_t)roll(40); break;
    case 1: m->limit[MEDIA] = (int32_t)roll(6) - 1; break;
    case 2: m->waiting = (reg_waiting_t)(1 + roll(3)); break;
    case 3: m->online_takes_seat = roll(2); break;
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
    if (!m->n) return;
    int i = (int)roll((unsigned)m->n);
    reg_state_t state = m->persons[i].state;

    if (state == REG_WITHDRAWN || state == REG_REFUSED) return;
    m->persons[i].state = d->persons[i].state = REG_WITHDRAWN;
    reg_withdraw(&d->seats, &d->shares[d->persons[i].party], d->persons[i].role, state);
    d_lanes(d);
}

static void histories(void **state)
{
    (void)state;
    const char *wanted = getenv("SEED"), *longer = getenv("STEPS");
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
        for (unsigned role = 0; role < REG_ROLES; role++) m.limit[role] = REG_NO_LIMIT;
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
                    who[i] = (reg_applicant_t){.role = roles[roll(6)], .online = roll(8) == 0, .duplicate = roll(20) == 0};
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_use),
        cmocka_unit_test(clauses),
        cmocka_unit_test(online_may_take_seats),
        cmocka_unit_test(windows),
        cmocka_unit_test(order),
        cmocka_unit_test(own_guarantee_moves_whoever_waits),
        cmocka_unit_test(never_unseats),
        cmocka_unit_test(histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
