/* test_registration_properties: what must hold of the seat rule after any history, with the shortest history that
 * breaks it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A history is a list of steps. When a property fails, steps are taken out as long as it still fails, first many at a
 * time, then one; then numbers in what is left are made smaller. SEED=n repeats a run, ROUNDS=n makes it longer.
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

enum { PARTIES = 4, STEPS = 60, PEOPLE = STEPS * 6, SIZE_MAX_ = 5, MEDIA = 10, DELEGATE = 3, OPTIONS = 3 };
typedef enum { ENTER, LEAVE, GROW, RELEASE, LIMIT, PLACES, SWITCH } what_t;

typedef struct {
    what_t what;
    int party, size, media; /* ENTER: people, how many of them media. LEAVE, SWITCH: size is the index of a person */
    int options;            /* ENTER, SWITCH: a bit each. PLACES: which one, and size its places; -1: no limit */
    bool together;
} step_t;

typedef struct {
    int capacity, guaranteed[PARTIES], maximum[PARTIES], kind[PARTIES];
    reg_waiting_t waiting;
    int places[OPTIONS];
    int n;
    step_t steps[STEPS];
} history_t;

typedef struct {
    int party, unit;
    unsigned role;
    reg_state_t state;
    reg_options_t options;
} person_t;

typedef struct {
    reg_seats_t seats;
    reg_share_t shares[PARTIES];
    person_t people[PEOPLE];
    reg_lane_t lanes[PEOPLE];
    reg_option_t options[OPTIONS];
    int allowed[OPTIONS]; /* places, or as many as were taken when there were fewer, and since */
    int n;
    bool is_covered; /* the guarantees are not more than there are seats */
} world_t;

static uint64_t dice;
static int roll(int n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (int)((dice >> 20) % (uint64_t)n);
}

/* The lanes from the people: what the store does. */
static void make_lanes(world_t *w)
{
    int lanes_n = 0;

    w->seats.lanes = NULL;
    for (int unit = 0; unit < w->n; unit++) {
        reg_need_t need = {0};
        bool known = false;
        for (int i = unit; i < w->n && i < unit + SIZE_MAX_; i++) {
            if (w->people[i].unit != unit || w->people[i].state != REG_WAITING)
                continue;
            reg_need_add(&need, w->people[i].role, w->people[i].options);
        }
        reg_share_t *share = &w->shares[w->people[unit].party];
        int64_t key = reg_lane_key(&need);
        for (int i = 0; i < lanes_n; i++)
            known |= w->lanes[i].share == share && w->lanes[i].key == key;
        if (!need.size || known)
            continue;
        w->lanes[lanes_n] = (reg_lane_t){.share = share, .key = key, .head = unit, .need = need};
        reg_lane_link(&w->seats, &w->lanes[lanes_n++]);
    }
}

/* ---- properties: NULL, or the one that does not hold --------------------------------------------------------------
 */

static const char *arithmetic(const world_t *w)
{
    int64_t held = 0;
    int confirmed = 0, waiting = 0;

    for (int p = 0; p < PARTIES; p++) {
        int c = 0;
        for (int i = 0; i < w->n; i++)
            c += w->people[i].party == p && w->people[i].state == REG_CONFIRMED;
        held += c > w->shares[p].guaranteed ? c : w->shares[p].guaranteed;
        confirmed += c;
        if (c != w->shares[p].confirmed || c > w->shares[p].maximum)
            return "a party has more than its maximum, or is miscounted";
    }
    for (int i = 0; i < w->n; i++)
        waiting += w->people[i].state == REG_WAITING;
    if (held != w->seats.held || confirmed != w->seats.confirmed || waiting != w->seats.waiting)
        return "the pool is not capacity less what is confirmed or guaranteed";
    return confirmed > w->seats.capacity ? "more are confirmed than there are seats" : NULL;
}

/* Counted anew: never more than there are places, unless there were more before; and nobody came since. */
static const char *places(const world_t *w)
{
    for (int o = 0; o < OPTIONS; o++) {
        int taken = 0;
        for (int i = 0; i < w->n; i++)
            taken += w->people[i].state == REG_CONFIRMED && (w->people[i].options >> o & 1);
        if (taken != w->options[o].taken)
            return "places of an option are miscounted";
        if (w->options[o].limit != REG_NO_LIMIT && taken > w->allowed[o])
            return "an option is taken by more than it has places";
    }
    return NULL;
}

/* What is over the limit may only become less. */
static void follow(world_t *w)
{
    for (int o = 0; o < OPTIONS; o++) {
        int limit = w->options[o].limit, taken = w->options[o].taken;
        if (limit != REG_NO_LIMIT && w->allowed[o] > limit && taken < w->allowed[o])
            w->allowed[o] = taken > limit ? taken : limit;
    }
}

static const char *guarantees(const world_t *w)
{
    const reg_need_t one = {.size = 1, .of_role[DELEGATE] = 1};

    for (int p = 0; p < PARTIES && w->is_covered; p++)
        if (w->shares[p].confirmed < w->shares[p].guaranteed && w->seats.role_limit[DELEGATE] == REG_NO_LIMIT &&
            reg_fit(&w->seats, &w->shares[p], &one) != REG_RULE_GUARANTEED)
            return "a guarantee was eaten by others";
    return NULL;
}

/* Nobody waits who could have a seat; strict: nobody behind the first who competes. */
static const char *settled(const world_t *w)
{
    return reg_next(&w->seats) ? "somebody waits who could have a seat" : NULL;
}

typedef struct {
    bool competes; /* before the request, somebody in front competed for the free seats */
    bool strict;
} front_t;

static front_t look(const world_t *w, int party)
{
    front_t front = {.strict = w->seats.waiting_rule == REG_WAIT_STRICT};

    for (const reg_lane_t *lane = w->seats.lanes; lane; lane = lane->next) {
        reg_rule_t fit = reg_fit(&w->seats, lane->share, &lane->need);
        front.competes |= lane->share->kind <= w->shares[party].kind && (fit == REG_RULE_FULL || fit == REG_RULE_POOL);
    }
    return front;
}

static const char *fair(const step_t *step, front_t front, const reg_verdict_t *verdicts)
{
    for (int i = 0; i < step->size; i++) {
        if (step->together && verdicts[i].state != verdicts[0].state)
            return "a group was torn apart";
        /* Of several that are decided alone only the first: it can bring its own party's group to the maximum, which
         * then competes no more. */
        if (i > 0 && !step->together)
            break;
        if (front.strict && front.competes && verdicts[i].rule == REG_RULE_POOL)
            return "somebody overtook on a strict list";
    }
    return NULL;
}

/* For the test of the shrinking: true of every useful history. */
static const char *absurd(const world_t *w)
{
    return w->seats.waiting >= 3 ? "three wait" : NULL;
}

/* ---- running ------------------------------------------------------------------------------------------------------
 */

static const char *enter(world_t *w, const step_t *step)
{
    reg_applicant_t who[SIZE_MAX_] = {0};
    reg_verdict_t verdicts[SIZE_MAX_];
    reg_ruling_t ruling;
    front_t front = look(w, step->party);
    int first = w->n;

    for (int i = 0; i < step->size; i++)
        who[i] = (reg_applicant_t){.role = i < step->media ? MEDIA : DELEGATE,
                                   .options = i % 2 ? 0 : (reg_options_t)step->options};
    reg_decide(&w->seats, &w->shares[step->party], step->together ? REG_ALL_OR_NONE : REG_EACH, who,
               (unsigned)step->size, verdicts, &ruling);
    for (int i = 0; i < step->size; i++, w->n++)
        w->people[w->n] = (person_t){.party = step->party,
                                     .unit = step->together ? first : w->n,
                                     .role = who[i].role,
                                     .options = who[i].options,
                                     .state = verdicts[i].state};
    return fair(step, front, verdicts);
}

static void leave(world_t *w, int i)
{
    if (i >= w->n || (w->people[i].state != REG_CONFIRMED && w->people[i].state != REG_WAITING))
        return;
    reg_withdraw(&w->seats, &w->shares[w->people[i].party], w->people[i].role, w->people[i].options,
                 w->people[i].state);
    w->people[i].state = REG_WITHDRAWN;
}

/* A person chooses otherwise; who has a seat keeps it. */
static const char *switch_options(world_t *w, int i, reg_options_t options)
{
    reg_state_t after = 0;

    if (i >= w->n || (w->people[i].state != REG_CONFIRMED && w->people[i].state != REG_WAITING))
        return NULL;
    person_t *p = &w->people[i];
    const reg_part_t was = {(uint8_t)p->role, false, p->options}, now = {(uint8_t)p->role, false, options};
    reg_rule_t rule = reg_change(&w->seats, &w->shares[p->party], p->state, was, now, &after);
    if (rule == REG_RULE_KEPT && after == p->state)
        p->options = options;
    else if (rule != REG_RULE_OPTION_FULL || p->state != REG_CONFIRMED)
        return "a change of options cost a seat";
    return NULL;
}

static void set_places(world_t *w, int option, int limit)
{
    reg_option_rule(&w->seats, (unsigned)option, limit);
    w->allowed[option] = limit > w->options[option].taken ? limit : w->options[option].taken;
}

static void set_rules(world_t *w, int capacity, int media)
{
    int32_t limits[REG_ROLES];

    for (unsigned role = 0; role < REG_ROLES; role++)
        limits[role] = REG_NO_LIMIT;
    limits[MEDIA] = media;
    reg_seats_rules(&w->seats, capacity, limits);
}

static void move_up(world_t *w)
{
    for (reg_lane_t *lane; make_lanes(w), (lane = reg_next(&w->seats));) {
        int unit = (int)lane->head;
        for (int i = unit; i < w->n && i < unit + SIZE_MAX_; i++) {
            if (w->people[i].unit != unit || w->people[i].state != REG_WAITING)
                continue;
            reg_stop_waiting(&w->seats, lane->share, 1);
            reg_take(&w->seats, lane->share, w->people[i].role, w->people[i].options);
            w->people[i].state = REG_CONFIRMED;
        }
    }
}

static const char *run(const history_t *h, const char *(*more)(const world_t *))
{
    static world_t w;
    int promised = 0;

    memset(&w, 0, sizeof w);
    w.seats.waiting_rule = h->waiting;
    w.seats.options = w.options;
    w.seats.options_n = OPTIONS;
    for (int o = 0; o < OPTIONS; o++)
        set_places(&w, o, h->places[o]);
    set_rules(&w, h->capacity, REG_NO_LIMIT);
    for (int p = 0; p < PARTIES; p++) {
        w.shares[p].kind = (uint32_t)h->kind[p];
        reg_share_rules(&w.seats, &w.shares[p], h->guaranteed[p], h->maximum[p]);
        promised += w.shares[p].guaranteed;
    }
    w.is_covered = promised <= h->capacity;
    for (int s = 0; s < h->n; s++) {
        const step_t *step = &h->steps[s];
        const char *broken = NULL;
        if (step->what == ENTER)
            broken = enter(&w, step);
        else if (step->what == LEAVE)
            leave(&w, step->size);
        else if (step->what == GROW)
            set_rules(&w, w.seats.capacity + step->size, w.seats.role_limit[MEDIA]);
        else if (step->what == PLACES)
            set_places(&w, step->options % OPTIONS, step->size);
        else if (step->what == SWITCH)
            broken = switch_options(&w, step->size, (reg_options_t)step->options);
        else if (step->what == RELEASE)
            reg_share_rules(&w.seats, &w.shares[step->party], 0, w.shares[step->party].maximum);
        else
            set_rules(&w, w.seats.capacity, w.seats.role_confirmed[MEDIA] + step->size);
        follow(&w);
        make_lanes(&w);
        move_up(&w);
        const char *(*const properties[])(const world_t *) = {arithmetic, places, guarantees, settled, more};
        for (size_t i = 0; i < sizeof properties / sizeof *properties && !broken; i++)
            broken = properties[i] ? properties[i](&w) : NULL;
        if (broken)
            return broken;
    }
    return NULL;
}

static history_t random_history(void)
{
    history_t h = {.capacity = roll(16), .waiting = (reg_waiting_t)(1 + roll(3)), .n = STEPS};

    for (int o = 0; o < OPTIONS; o++)
        h.places[o] = roll(6) - 1;
    for (int p = 0; p < PARTIES; p++) {
        h.guaranteed[p] = roll(4);
        h.maximum[p] = 1 + roll(9);
        h.kind[p] = 1 + roll(3);
    }
    for (int s = 0; s < STEPS; s++) {
        int what = roll(23);
        h.steps[s] = (step_t){.what = what < 11   ? ENTER
                                      : what < 17 ? LEAVE
                                      : what < 18 ? GROW
                                      : what < 19 ? RELEASE
                                      : what < 20 ? LIMIT
                                      : what < 21 ? PLACES
                                                  : SWITCH,
                              .party = roll(PARTIES),
                              .size = 1 + roll(SIZE_MAX_),
                              .options = roll(2) ? roll(1 << OPTIONS) : 0,
                              .together = roll(2)};
        h.steps[s].media = roll(3) ? 0 : roll(h.steps[s].size + 1);
        if (h.steps[s].what == LEAVE || h.steps[s].what == SWITCH)
            h.steps[s].size = roll(PEOPLE / 3);
        if (h.steps[s].what == PLACES)
            h.steps[s].size = roll(7) - 1;
    }
    return h;
}

/* ---- shrinking ----------------------------------------------------------------------------------------------------
 */

static bool without(history_t *h, int first, int n, const char *(*more)(const world_t *))
{
    history_t less = *h;

    if (first + n > h->n)
        n = h->n - first;
    memmove(&less.steps[first], &less.steps[first + n], (size_t)(h->n - first - n) * sizeof less.steps[0]);
    less.n -= n;
    if (!run(&less, more))
        return false;
    *h = less;
    return true;
}

static bool smaller(history_t *h, int *number, int least, const char *(*more)(const world_t *))
{
    int kept = *number;

    if (kept <= least)
        return false;
    (*number)--;
    if (run(h, more))
        return true;
    *number = kept;
    return false;
}

static void shrink(history_t *h, const char *(*more)(const world_t *))
{
    bool again = true;

    while (again) {
        again = false;
        for (int n = h->n / 2 > 0 ? h->n / 2 : 1; n > 0; n /= 2)
            for (int s = 0; s < h->n;)
                if (without(h, s, n, more))
                    again = true;
                else
                    s += n;
        for (int s = 0; s < h->n; s++) {
            again |= smaller(h, &h->steps[s].media, 0, more);
            again |= smaller(h, &h->steps[s].options, 0, more);
            again |= h->steps[s].what == ENTER && h->steps[s].size > h->steps[s].media &&
                     smaller(h, &h->steps[s].size, 1, more);
        }
        again |= smaller(h, &h->capacity, 0, more);
        for (int p = 0; p < PARTIES; p++)
            again |= smaller(h, &h->guaranteed[p], 0, more);
    }
}

static void show(const history_t *h)
{
    static const char *const words[] = {"enter", "leave", "grow", "release", "limit", "places", "switch"};

    print_message("capacity %d, waiting rule %d\n", h->capacity, h->waiting);
    for (int p = 0; p < PARTIES; p++)
        print_message("party %d of kind %d: %d guaranteed, at most %d\n", p, h->kind[p], h->guaranteed[p],
                      h->maximum[p]);
    for (int s = 0; s < h->n; s++)
        print_message("  %s party %d, %d%s, %d media, options %d\n", words[h->steps[s].what], h->steps[s].party,
                      h->steps[s].size, h->steps[s].together ? " together" : "", h->steps[s].media,
                      h->steps[s].options);
}

static void properties(void **state)
{
    (void)state;
    const char *wanted = getenv("SEED"), *longer = getenv("ROUNDS");
    unsigned long long seed = wanted ? strtoull(wanted, NULL, 10) : (unsigned long long)time(NULL);
    int rounds = longer ? (int)strtol(longer, NULL, 10) : 2000;

    print_message("SEED=%llu\n", seed);
    dice = seed * 2654435761u + 88172645463325252u;
    for (int round = 0; round < rounds; round++) {
        history_t h = random_history();
        if (!run(&h, NULL))
            continue;
        shrink(&h, NULL);
        show(&h);
        fail_msg("SEED=%llu: %s", seed, run(&h, NULL));
    }
}

/* The shrinking finds the least there is: one request of three persons who wait, for no seats at all. */
static void shrinking(void **state)
{
    (void)state;
    int found = 0;

    dice = 88172645463325252u;
    for (int round = 0; round < 50; round++) {
        history_t h = random_history();
        if (!run(&h, absurd))
            continue;
        found++;
        shrink(&h, absurd);
        assert_string_equal(run(&h, absurd), "three wait");
        int people = 0;
        for (int s = 0; s < h.n; s++) {
            assert_int_equal(h.steps[s].what, ENTER);
            people += h.steps[s].size;
        }
        assert_int_equal(people, 3);
        assert_int_equal(h.capacity, 0);
    }
    assert_true(found > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shrinking), cmocka_unit_test(properties)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
