/* test_registration_traps: how other systems have sold a seat twice or lost one, each tried on this one. Those that are
 * about one kind of request only are with its tests: a_substitution_on_a_full_event_keeps_the_seat (change),
 * two_pending_for_one_seat_do_not_both_get_it (phases), a_freed_seat_of_a_full_event_is_no_seat (offers),
 * a_change_is_approved_again (approval).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

static cv_registration_seats_v1_t seats(driver_t *driver)
{
    return driver_row(driver, "seats", "E1", CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1;
}

/* Free seats that are counted from a cache: what is answered is what the rows say, after whatever was done. */
static void free_seats_counted_from_a_cache(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(6, CV_WAITING_RULE_BEST_FILL);
    for (int i = 0; i < 40; ++i) {
        const char *party = i % 3 == 0 ? "KZ" : i % 3 == 1 ? "AZ" : "UNX";
        if (i % 4 == 3)
            driver_withdraw(driver, "E1", party, 1 + i % 7);
        else
            driver_register(driver, "E1", party, i % 2 ? "dd" : "d", (cv_group_rule_t)(1 + i % 2));
        if (i % 11 == 10) {
            driver->event.registration.capacity = 4 + i % 5;
            driver_event(driver);
        }
        if (i % 13 == 12)
            driver_crash(driver);
        cv_registration_seats_v1_t now = seats(driver);
        assert_int_equal(now.confirmed, driver_number(driver, "SELECT count(*) FROM person WHERE state = 1"));
        assert_int_equal(now.waiting, driver_number(driver, "SELECT count(*) FROM person WHERE state = 2"));
        int64_t left = now.capacity - now.confirmed;
        assert_int_equal(now.free, left > 0 ? left : 0);
    }
    driver_free(&driver);
}

/* Two who ask for the last seat at the same time, in one batch: the count that one of them saw is not the other's. */
static void two_at_once_for_the_last_seat(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(1, CV_WAITING_RULE_NONE);
    cv_buf_t messages[2];
    for (unsigned i = 0; i < 2; ++i) {
        char id[CV_UUID_TEXT + 1];
        cv_registration_register_v1_t request = {
            .event = CV_STR("E1"),
            .party = i ? CV_STR("AZ") : CV_STR("KZ"),
            .persons_n = 1,
            .persons = {{.name = CV_STR("Somebody"), .capacity = CV_CAPACITY_HEAD}}};
        snprintf(id, sizeof id, "00000000-0000-7000-9000-%012u", i);
        cv_msg_t head = {.id = cv_str(id),
                         .source = CV_STR("/test"),
                         .inbox = CV_STR("test-inbox"),
                         .time_ms = driver->now_ms,
                         .info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1)};
        cv_buf_init(&messages[i], CV_MAX_FRAME);
        assert_int_equal(cv_msg_write(&messages[i], &head, &request), CV_OK);
        assert_int_equal(cv_engine_request(driver->engine, &driver->principal, cv_buf_str(&messages[i])), CV_OK);
    }
    driver_turn(driver);
    cv_buf_done(&messages[0]);
    cv_buf_done(&messages[1]);
    assert_int_equal(driver->records_n, 2);
    assert_int_equal(driver_record(driver, 0, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1.cls,
                     CV_OUTCOME_CLASS_OK);
    assert_int_equal(driver_record(driver, 1, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1.cls,
                     CV_OUTCOME_CLASS_REJECTED);
    assert_int_equal(seats(driver).confirmed, 1);
    driver_free(&driver);
}

/* A request that is repeated because its answer is late, long after: no second seat, and the answer of then. */
static void a_retry_after_a_long_time(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(3, CV_WAITING_RULE_NONE);
    cv_registration_register_v1_t request = {.event = CV_STR("E1"),
                                             .party = CV_STR("KZ"),
                                             .persons_n = 1,
                                             .persons = {{.name = CV_STR("Somebody"), .capacity = CV_CAPACITY_HEAD}}};
    EXPECT_OK(driver_send_as(driver, 900000, CV_MSG_REGISTRATION_REGISTER_V1, &request), "registered");
    size_t len = driver->outcome.len;
    char *first = malloc(len);
    assert_non_null(first);
    memcpy(first, driver->outcome.ptr, len);
    for (int i = 0; i < 300; ++i)
        driver_register(driver, "E1", i % 2 ? "AZ" : "UNX", "d", 0);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    driver->event.status = CV_EVENT_STATUS_CANCELLED;
    driver_event(driver);
    driver_crash(driver);
    driver_wait_until(driver, T0 + 400LL * 86400000);
    size_t records_n = driver->records_n;
    driver_send_as(driver, 900000, CV_MSG_REGISTRATION_REGISTER_V1, &request);
    assert_int_equal(driver->outcome.len, len);
    assert_memory_equal(driver->outcome.ptr, first, len);
    assert_int_equal(driver->records_n, records_n);
    free(first);
    driver_free(&driver);
}

/* Seats of who is cancelled that do not come back. */
static void a_cancelled_seat_comes_back(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(2, CV_WAITING_RULE_NONE);
    for (int i = 0; i < 20; ++i) {
        EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", CV_GROUP_RULE_ALL_OR_NONE), "registered");
        EXPECT_NO(driver_register(driver, "E1", "AZ", "h", 0), "full");
        EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
        assert_int_equal(seats(driver).free, 2);
    }
    driver_crash(driver);
    assert_int_equal(seats(driver).free, 2);
    driver_free(&driver);
}

/* A limit that is looked at when the form is shown only: the rule that holds is the one at the decision. */
static void a_limit_that_fell_in_between(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(5, CV_WAITING_RULE_NONE);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "registered");
    driver->event.registration.capacity = 2;
    driver_event(driver);
    EXPECT_NO(driver_register(driver, "E1", "AZ", "h", 0), "full");
    driver->event.registration.capacity = 1;
    driver_event(driver);
    assert_int_equal(seats(driver).confirmed, 2); /* nobody is unseated */
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 2), "withdrawn");
    EXPECT_NO(driver_register(driver, "E1", "AZ", "h", 0), "full");
    driver_free(&driver);
}

/* A waiting list on which a smaller request that came later gets what a larger one waits for, although it is said to be
 * strict; and one that holds seats back, although it is said to fill them. */
static void one_policy_on_every_path(void **state)
{
    (void)state;
    for (int fills = 0; fills < 2; ++fills) {
        driver_t *driver = driver_forum_with(3, fills ? CV_WAITING_RULE_BEST_FILL : CV_WAITING_RULE_STRICT);
        const char *expected = fills ? "registered" : "waiting";
        EXPECT_OK(driver_register(driver, "E1", "KZ", "hdd", 0), "registered");
        EXPECT_OK(driver_register(driver, "E1", "AZ", "hd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
        EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
        EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 3), "withdrawn"); /* by withdrawal */
        assert_int_equal(seats(driver).confirmed, 2 + fills);
        driver->event.registration.capacity = 3 + fills; /* by growth */
        driver_event(driver);
        assert_int_equal(seats(driver).confirmed, 2 + fills);
        EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), expected); /* by asking */
        driver_free(&driver);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_seats_counted_from_a_cache), cmocka_unit_test(two_at_once_for_the_last_seat),
        cmocka_unit_test(a_retry_after_a_long_time),       cmocka_unit_test(a_cancelled_seat_comes_back),
        cmocka_unit_test(a_limit_that_fell_in_between),    cmocka_unit_test(one_policy_on_every_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
