/* test_registration_core: every clause of the seat rule, one at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/core.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    assert_string_equal(
        text, "KZ: 1 on guaranteed seats, 1 on free seats, 1 waiting from place 1: capacity 2 less 2 confirmed "
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
    {"together: over the maximum", 10, 0, REG_WAIT_STRICT, 0, 2, 0, NL, REG_ALL_OR_NONE, "hdd", "WWW",
     REG_RULE_MAXIMUM},
    {"together: larger than the event", 2, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "ddd", "WWW",
     REG_RULE_TOO_LARGE},
    {"together: a limit", 10, 0, REG_WAIT_NONE, 0, 9, 0, 1, REG_ALL_OR_NONE, "dmm", "RRR", REG_RULE_CAPACITY_LIMIT},
    {"together: a second head", 10, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "hdh", "RRR", REG_RULE_ONE_HEAD},
    {"together: the same name", 10, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "hd=", "RRR", REG_RULE_DUPLICATE},
    {"together: online persons do not wait", 1, 0, REG_WAIT_STRICT, 0, 9, 0, NL, REG_ALL_OR_NONE, "ddo", "WWO",
     REG_RULE_TOO_LARGE},
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
        for (int k = 0; k < c->confirmed; k++)
            reg_take(&seats, &share, DELEGATE, 0);
        for (unsigned k = 0; k < n; k++) {
            char p = c->persons[k];
            who[k] = (reg_applicant_t){.role = p == 'h'   ? HEAD
                                               : p == 'm' ? MEDIA
                                                          : DELEGATE,
                                       .online = p == 'o',
                                       .duplicate = p == '='};
        }
        reg_seats_t seats_before = seats;
        reg_share_t share_before = share;
        reg_decide(&seats, &share, c->group, who, n, verdicts, &ruling);
        for (unsigned k = 0; k < n; k++) {
            char got = "?CW?RO"[verdicts[k].state];
            if (got != c->states[k])
                fail_msg("%s: person %u is %c, not %c", c->name, k + 1, got, c->states[k]);
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
    reg_terms_t terms = {
        .has_rules = true, .audience = 1u << MEMBER, .opens_ms = 1000, .closes_ms = 2000, .changes_close_ms = 3000};
    char text[REG_TEXT_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        terms.stage = rows[i].stage;
        reg_rule_t rule = reg_admit(&terms, rows[i].act, MEMBER, rows[i].now, text);
        if (rule != rows[i].rule)
            fail_msg("row %zu: %s, not %s", i, reg_rule_word(rule), reg_rule_word(rows[i].rule));
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
    for (int i = 0; i < 3; i++)
        reg_take(&seats, &taken, DELEGATE, 0);
    reg_lane_t early = lane_of(&seats, &guest, 1, 1, DELEGATE), late = lane_of(&seats, &member, 2, 2, DELEGATE);
    reg_lane_link(&seats, &early);
    reg_lane_link(&seats, &late);

    assert_null(reg_next(&seats)); /* full */
    reg_give_back(&seats, &taken, DELEGATE, 0);
    assert_null(reg_next(&seats)); /* strict: the members' pair is first and does not fit */
    seats.waiting_rule = REG_WAIT_BEST_FILL;
    assert_ptr_equal(reg_next(&seats), &early);
    seats.waiting_rule = REG_WAIT_STRICT;
    member.maximum = 1; /* held by its own maximum: holds up nobody */
    assert_ptr_equal(reg_next(&seats), &early);
    member.maximum = 9;
    reg_give_back(&seats, &taken, DELEGATE, 0);
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
    reg_take(&seats, &member, DELEGATE, 0);
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
    for (int i = 0; i < 5; i++)
        reg_take(&seats, &share, DELEGATE, 0);
    limits[DELEGATE] = 1;
    reg_seats_rules(&seats, 3, limits);
    reg_share_rules(&seats, &share, 1, 2);
    assert_int_equal(seats.confirmed, 5);
    assert_int_equal(seats.ceiling, 5);
    assert_int_equal(share.ceiling, 5);
    assert_int_equal(seats.role_ceiling[DELEGATE], 5);
    assert_int_equal(reg_free(&seats), -2);
    for (int i = 0; i < 4; i++)
        reg_give_back(&seats, &share, DELEGATE, 0);
    assert_int_equal(seats.ceiling, 3); /* down to the rule, and no further */
    assert_int_equal(share.ceiling, 2);
    assert_int_equal(seats.role_ceiling[DELEGATE], 1);
}

/* ---- a change of one person ---------------------------------------------------------------------------------- */

/* Two seats, taken by a delegate and a head; one media place, taken by another party; one of ours attends online. */
static void changes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int32_t capacity;
        reg_state_t state;
        reg_part_t was, now;
        reg_rule_t rule;
        reg_state_t after;
    } rows[] = {
        {"name only", 3, REG_CONFIRMED, {DELEGATE, 0, 0}, {DELEGATE, 0, 0}, REG_RULE_KEPT, REG_CONFIRMED},
        {"another capacity, event full", 3, REG_CONFIRMED, {DELEGATE, 0, 0}, {2, 0, 0}, REG_RULE_KEPT, REG_CONFIRMED},
        {"a full capacity", 9, REG_CONFIRMED, {DELEGATE, 0, 0}, {MEDIA, 0, 0}, REG_RULE_CAPACITY_LIMIT, 0},
        {"a second head", 9, REG_CONFIRMED, {DELEGATE, 0, 0}, {HEAD, 0, 0}, REG_RULE_ONE_HEAD, 0},
        {"a head for a head", 3, REG_CONFIRMED, {HEAD, 0, 0}, {HEAD, 0, 0}, REG_RULE_KEPT, REG_CONFIRMED},
        {"the seat is given up", 3, REG_CONFIRMED, {DELEGATE, 0, 0}, {DELEGATE, 1, 0}, REG_RULE_ONLINE, REG_ONLINE},
        {"a seat at last", 4, REG_ONLINE, {DELEGATE, 1, 0}, {DELEGATE, 0, 0}, REG_RULE_POOL, REG_CONFIRMED},
        {"no seat for it", 3, REG_ONLINE, {DELEGATE, 1, 0}, {DELEGATE, 0, 0}, REG_RULE_FULL, 0},
        {"more seats taken than there are",
         1,
         REG_CONFIRMED,
         {DELEGATE, 0, 0},
         {2, 0, 0},
         REG_RULE_KEPT,
         REG_CONFIRMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t limits[REG_ROLES];
        reg_seats_t seats = event_of(3, REG_WAIT_NONE);
        reg_share_t share = party_of(&seats, MEMBER, 0, 9), other = party_of(&seats, MEMBER, 0, 9);
        reg_state_t after = 0;

        memcpy(limits, no_limits, sizeof limits);
        limits[MEDIA] = 1;
        reg_take(&seats, &share, DELEGATE, 0);
        reg_take(&seats, &share, HEAD, 0);
        share.heads = 1;
        reg_take(&seats, &other, MEDIA, 0);
        share.online = seats.online = 1;
        reg_seats_rules(&seats, rows[i].capacity, limits);
        reg_seats_t before = seats;
        reg_rule_t rule = reg_change(&seats, &share, rows[i].state, rows[i].was, rows[i].now, &after);
        if (rule != rows[i].rule || after != rows[i].after)
            fail_msg("%s: %s, state %d", rows[i].name, reg_rule_word(rule), after);
        if (!rows[i].after)
            assert_memory_equal(&seats, &before, sizeof seats);
        assert_int_equal(share.confirmed + share.online, 3);
        assert_int_equal(share.heads, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_use),  cmocka_unit_test(clauses), cmocka_unit_test(online_may_take_seats),
        cmocka_unit_test(windows),       cmocka_unit_test(order),   cmocka_unit_test(own_guarantee_moves_whoever_waits),
        cmocka_unit_test(never_unseats), cmocka_unit_test(changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
