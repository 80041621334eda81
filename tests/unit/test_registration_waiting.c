/* test_registration_waiting: ten thousand people wait for one event and one seat is freed: the right one gets it, the
 * feed says so in the same commit, and it costs what it costs with a hundred of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cost is counted in steps of SQLite's virtual machine, which are the same on every machine and in every run.
 */
#include "registration/registration.h"
#include "registration_driver.h"
#include <sqlite3.h>

enum { PARTIES = 100, LIST = 10000 };

static unsigned steps, commits;

static int count_step(void *arg)
{
    (void)arg;
    steps++;
    return 0;
}

static int count_commit(void *arg)
{
    (void)arg;
    commits++;
    return 0;
}

static const char *party_code(unsigned n)
{
    static char code[8];
    snprintf(code, sizeof code, "P%02u", n);
    return code;
}

/* KZ holds both seats, and gives up one in the tests; behind it wait n people of a hundred parties, each for itself, in
 * this order: round after round one of each party. blocked: a pair that only gets in together is in front of them all.
 */
static driver_t *event_with_a_list(unsigned n, cv_waiting_rule_t waiting, bool blocked)
{
    driver_t *driver = driver_forum();
    for (unsigned i = 0; i < PARTIES; ++i)
        driver_party(driver, party_code(i), CV_PARTY_KIND_OBSERVER_STATE);
    driver_rules(driver, "E1", 2, waiting);
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "dd", CV_GROUP_RULE_EACH), "registered");
    if (blocked)
        EXPECT_OK(driver_register(driver, "E1", "AZ", "dd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    for (unsigned i = 0; i < n; ++i)
        EXPECT_OK(driver_register(driver, "E1", party_code(i % PARTIES), "d", CV_GROUP_RULE_EACH), "waiting");
    return driver;
}

/* Withdraws one of KZ's two in one turn of the engine. *ret_steps: what it cost. */
static void free_the_seat(driver_t *driver, unsigned *ret_steps)
{
    cv_registration_withdraw_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .persons_n = 1, .persons = {1}};
    cv_msg_t head = {.id = CV_STR("00000000-0000-7000-8000-999999999999"),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("test-inbox"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(CV_MSG_REGISTRATION_WITHDRAW_V1)};
    driver_turn(driver); /* nothing is left over from before */
    cv_buf_clear(&driver->buf);
    assert_int_equal(cv_msg_write(&driver->buf, &head, &request), CV_OK);
    assert_int_equal(cv_engine_request(driver->engine, &driver->principal, cv_buf_str(&driver->buf)), CV_OK);
    steps = commits = 0;
    sqlite3_progress_handler(cv_db_raw(driver->db), 1, count_step, NULL);
    sqlite3_commit_hook(cv_db_raw(driver->db), count_commit, NULL);
    int64_t next_ms;
    assert_int_equal(cv_engine_turn(driver->engine, driver->now_ms, driver->mono_ms, &next_ms), CV_OK);
    sqlite3_progress_handler(cv_db_raw(driver->db), 0, NULL, NULL);
    sqlite3_commit_hook(cv_db_raw(driver->db), NULL, NULL);
    *ret_steps = steps;
}

static unsigned cost_of_a_promotion(unsigned n, cv_waiting_rule_t waiting, bool blocked)
{
    driver_t *driver = event_with_a_list(n, waiting, blocked);
    unsigned cost;
    size_t before = driver->records_n;
    free_the_seat(driver, &cost);

    /* One commit; what it published: the withdrawal, then who moves up. */
    assert_int_equal(commits, 1);
    assert_int_equal(driver->records_n, before + 2);
    const cv_registration_decided_v1_t *decided =
        &driver_record(driver, before, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
    assert_true(cv_str_is(decided->party, "KZ"));
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, party_code(0))); /* the first who came, of a hundred parties of one kind */
    assert_int_equal(promoted->persons_n, 1);
    assert_int_equal(promoted->persons[0].number, 1);

    const cv_registration_seats_v1_t seats =
        driver_row(driver, "seats", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1;
    assert_int_equal(seats.confirmed, 2);
    assert_int_equal(seats.waiting, n - 1 + (blocked ? 2 : 0));
    driver_crash(driver); /* and the rows say the same */
    driver_free(&driver);
    return cost;
}

static void the_cost_of_one_freed_seat(void **state)
{
    (void)state;
    static const struct {
        cv_waiting_rule_t waiting;
        bool blocked;
    } CASES[] = {{CV_WAITING_RULE_STRICT, false}, {CV_WAITING_RULE_BEST_FILL, true}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; ++i) {
        unsigned of_few = cost_of_a_promotion(100, CASES[i].waiting, CASES[i].blocked);
        unsigned of_many = cost_of_a_promotion(LIST, CASES[i].waiting, CASES[i].blocked);
        print_message("steps with 100 waiting: %u, with %d: %u\n", of_few, LIST, of_many);
        assert_in_range(of_many, 1, of_few + of_few / 10);
    }
}

/* Strictly: nobody overtakes a pair that does not fit. */
static void nobody_overtakes_under_strict(void **state)
{
    (void)state;
    driver_t *driver = event_with_a_list(300, CV_WAITING_RULE_STRICT, true);
    size_t before = driver->records_n;
    unsigned cost;
    free_the_seat(driver, &cost);
    assert_int_equal(driver->records_n, before + 1);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cost_of_one_freed_seat),
        cmocka_unit_test(nobody_overtakes_under_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
