/* test_sim_toy: bank, mirror and audit under loss, power failures, full disks, rewound and restored files, by seeds.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 300
 *
 *   SEED=n      only this schedule, and says what happened in it
 *   ROUNDS=n    so many schedules instead of the default
 *
 * After each schedule, in fair weather:
 *   every request has one decision, whose bytes never changed
 *   the bank's balances are the sums of what was answered OK, and no balance was ever negative
 *   the mirror shows the bank, the audit shows bank and mirror, or they are halted because somebody put old files back
 *   no record was ever applied to a state that it does not follow from
 */
#include "sim.h"
#include "toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEFAULT_ROUNDS = 300, ACCOUNTS = 4, REQUESTS_MAX = 400 };

static const cv_principal_t SECRETARIAT = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};

typedef struct {
    char account;
    bool take;
    int64_t amount;
} order_t;

typedef struct {
    const char *name;
    sim_weather_t weather;
    uint64_t keep_records;
} kind_t;

static const kind_t KINDS[] = {
    {"bad network", {.loss = 30, .repeat = 10, .delay_ms = 80}, 0},
    {"power", {.loss = 10, .repeat = 5, .delay_ms = 30, .power = 80, .stop = 10}, 0},
    {"disks", {.loss = 5, .delay_ms = 10, .power = 30, .fault = 50, .full = 20, .stop = 5}, 0},
    {"everything", {.loss = 30, .repeat = 10, .delay_ms = 80, .power = 40, .fault = 20, .full = 10, .stop = 15}, 0},
    {"pruned", {.loss = 30, .repeat = 5, .delay_ms = 50, .power = 40, .stop = 30}, 5},
    {"restores", {.loss = 15, .repeat = 5, .delay_ms = 50, .power = 30, .stop = 25, .restore = 40}, 0},
    {"restores and pruned", {.loss = 15, .repeat = 5, .delay_ms = 50, .power = 30, .stop = 25, .restore = 40}, 5},
    {"rewinds", {.loss = 15, .repeat = 5, .delay_ms = 50, .power = 30, .stop = 25, .rewind = 20}, 0},
    {"rewinds and restores",
     {.loss = 15, .repeat = 5, .delay_ms = 50, .power = 30, .stop = 25, .rewind = 20, .restore = 20},
     5},
};
enum { KINDS_N = sizeof KINDS / sizeof *KINDS };

static void submit(sim_t *sim, size_t bank, size_t n, order_t *order)
{
    char account[2] = {(char)('A' + sim_draw(sim, ACCOUNTS)), '\0'};
    *order = (order_t){account[0], sim_draw(sim, 3) == 0, 1 + (int64_t)sim_draw(sim, 9)};
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    if (toy_request(&message, toy_id(n + 1), NULL, order->take ? "take" : "put", account, order->amount, 0))
        abort();
    sim_submit(sim, bank, &SECRETARIAT, toy_id(n + 1), cv_buf_str(&message));
    cv_buf_done(&message);
}

/* "A=5/2 B=1/1 " from what the clients were told. */
static void told(sim_t *sim, const order_t *orders, char *ret_text, size_t size)
{
    int64_t balance[ACCOUNTS] = {0};
    int count[ACCOUNTS] = {0};
    cv_reader_t *reader = cv_reader_new();
    cv_any_t *data = calloc(1, sizeof *data);
    for (size_t i = 0; i < sim_requests(sim); i++) {
        cv_msg_t msg;
        cv_str_t outcome = sim_outcome(sim, i);
        if (!outcome.ptr || cv_msg_read(reader, outcome, &msg, NULL) || msg.info->decode(msg.data, data, NULL)) {
            sim_fail(sim, "request %s has no outcome", sim_request_id(sim, i));
            continue;
        }
        if (data->outcome_v1.cls != CV_OUTCOME_CLASS_OK)
            continue;
        balance[orders[i].account - 'A'] += orders[i].take ? -orders[i].amount : orders[i].amount;
        count[orders[i].account - 'A']++;
    }
    size_t len = 0;
    ret_text[0] = '\0';
    for (int i = 0; i < ACCOUNTS; i++) {
        if (balance[i] < 0)
            sim_fail(sim, "account %c is below zero", 'A' + i);
        if (count[i])
            len +=
                (size_t)snprintf(ret_text + len, size - len, "%c=%lld/%d ", 'A' + i, (long long)balance[i], count[i]);
    }
    free(data);
    cv_reader_destroy(&reader);
}

static void compare(sim_t *sim, size_t node, size_t follow, const char *who, const char *stream, const char *expected)
{
    char seen[512];
    const char *error = cv_engine_follow_error(sim_engine(sim, node), follow);
    if (error[0]) {
        if (!sim_may_halt(sim, node, follow))
            sim_fail(sim, "%s is halted on %s: %s", who, stream, error);
        return;
    }
    toy_dump(sim_db(sim, node), stream, seen, sizeof seen);
    if (strcmp(seen, expected) != 0)
        sim_fail(sim, "%s sees %s on %s and should see %s", who, seen, stream, expected);
}

static void check(sim_t *sim, const order_t *orders, size_t bank, size_t mirror, size_t audit)
{
    char expected[512], found[512];
    told(sim, orders, expected, sizeof expected);
    toy_dump(sim_db(sim, bank), "", found, sizeof found);
    if (strcmp(found, expected) != 0)
        sim_fail(sim, "the bank has %s and said %s", found, expected);
    compare(sim, mirror, 0, "mirror", "scheduling.events", found);
    compare(sim, mirror, 1, "mirror", "scheduling.private", found);
    compare(sim, audit, 0, "audit", "scheduling.events", found);
    toy_dump(sim_db(sim, mirror), "scheduling.events", found, sizeof found);
    compare(sim, audit, 1, "audit", "registration.events", found);
    if (toy_violations)
        sim_fail(sim, "%s", toy_violation);
}

static bool play(uint64_t seed, bool loud)
{
    sim_t *sim = sim_new(seed);
    const kind_t *kind = &KINDS[seed % KINDS_N];
    order_t orders[REQUESTS_MAX];
    size_t n = 0, rounds = 3 + sim_draw(sim, 8);
    toy_violations = 0;
    toy_violation[0] = '\0';
    size_t bank = sim_add(sim, &TOY_BANK, kind->keep_records);
    size_t mirror = sim_add(sim, &TOY_MIRROR, kind->keep_records);
    size_t audit = sim_add(sim, &TOY_AUDIT, 0);
    sim_weather(sim, &kind->weather);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = sim_draw(sim, 25); i && n < REQUESTS_MAX; i--, n++)
            submit(sim, bank, n, &orders[n]);
        sim_run(sim, 100 + (int64_t)sim_draw(sim, 3000));
    }
    if (sim_settle(sim, 120000))
        check(sim, orders, bank, mirror, audit);
    bool good = !sim_error(sim)[0];
    if (!good || loud) {
        const sim_counts_t *c = sim_counts(sim);
        print_message("%s: %s; %zu requests, %llu turns, %llu messages (%llu lost), %llu starts, %llu power failures,"
                      " %llu faults, %llu full, %llu stops, %llu rewinds, %llu restores, %llu decided, %llu replays\n",
                      kind->name, good ? "good" : sim_error(sim), n, (unsigned long long)c->turns,
                      (unsigned long long)c->messages, (unsigned long long)c->lost, (unsigned long long)c->opens,
                      (unsigned long long)c->power_failures, (unsigned long long)c->faults,
                      (unsigned long long)c->fulls, (unsigned long long)c->stops, (unsigned long long)c->rewinds,
                      (unsigned long long)c->restores, (unsigned long long)c->decided, (unsigned long long)c->replays);
    }
    sim_destroy(&sim);
    return good;
}

static void schedules(void **state)
{
    (void)state;
    const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
    if (seed) {
        assert_true(play(strtoull(seed, NULL, 10), true));
        return;
    }
    uint64_t n = rounds ? strtoull(rounds, NULL, 10) : DEFAULT_ROUNDS, bad = 0;
    for (uint64_t i = 1; i <= n && bad < 5; i++)
        bad += !play(i, false);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
