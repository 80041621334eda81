/* test_idempotency: the same request id gives the same bytes for the life of the event: after a million other
 * requests, kills and restarts in between, and an upgrade of the database.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 900
 *
 * Some of the first requests are kept with their outcomes (accepted, waiting, refused as decisions), a million others
 * are decided, the process is killed now and then; then the next version of the service, whose schema has one step
 * more, opens the database. Every kept request is asked again and must get its bytes; the same id with other content is
 * a conflict; and none of that may have changed the counts. Builds with sanitizers decide a tenth of them.
 */
#include "../unit/registration_driver.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { OTHERS = 100000 };
#else
enum { OTHERS = 1000000 };
#endif
enum { KEPT = 60, PARTIES = 50, BATCH = 256, KILLS = 4 };

static driver_bytes_t kept[KEPT]; /* outcomes */

/* Request number n: always the same. */
static cv_str_t write_request(driver_t *driver, cv_buf_t *buf, unsigned n, const char *event, const char *name)
{
    char id[CV_UUID_TEXT + 1], party[8], text[32];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012u", n);
    snprintf(party, sizeof party, "P%02u", n % PARTIES);
    snprintf(text, sizeof text, "%s %u", name, n);
    cv_registration_register_v1_t request = {.event = cv_str(event),
                                             .party = cv_str(party),
                                             .group = CV_GROUP_RULE_EACH,
                                             .persons_n = 1,
                                             .persons = {{.name = cv_str(text), .capacity = CV_CAPACITY_DELEGATE}}};
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("test-inbox"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1)};
    cv_buf_clear(buf);
    assert_int_equal(cv_msg_write(buf, &head, &request), CV_OK);
    return cv_buf_str(buf);
}

/* The outcome of one request, as bytes in driver->outcome. */
static void ask(driver_t *driver, unsigned n, const char *event, const char *name)
{
    driver->outcome.len = 0;
    assert_int_equal(
        cv_engine_request(driver->engine, &driver->principal, write_request(driver, &driver->buf, n, event, name)),
        CV_OK);
    driver_turn(driver);
    assert_true(driver->outcome.len > 0);
}

/* One with room for all, one with 20 seats and a list, one with 20 and none. */
static const char *event_of(unsigned n)
{
    static const char *const EVENTS[] = {"WIDE", "LIST", "FULL"};
    return EVENTS[n % 3];
}

static void decide_others(driver_t *driver, unsigned from, unsigned to)
{
    static cv_buf_t bufs[BATCH];
    for (unsigned i = 0; i < BATCH; ++i)
        cv_buf_init(&bufs[i], CV_MAX_REQUEST);
    for (unsigned n = from; n < to;) {
        for (unsigned i = 0; i < BATCH && n < to; ++i, ++n)
            assert_int_equal(cv_engine_request(driver->engine, &driver->principal,
                                               write_request(driver, &bufs[i], n, n % 8 ? "FULL" : "WIDE", "Other")),
                             CV_OK);
        driver_turn(driver);
    }
    for (unsigned i = 0; i < BATCH; ++i)
        cv_buf_done(&bufs[i]);
}

static int64_t confirmed(driver_t *driver, const char *event)
{
    return driver_row(driver, "seats", event, CV_MSG_REGISTRATION_SEATS_V1)->registration_seats_v1.confirmed;
}

/* The same service with one migration more, on the database of before. */
static void upgrade(driver_t *driver)
{
    static const char *steps[REG_MIGRATIONS + 1];
    static cv_service_def_t next;
    char error[512];
    next = reg_service;
    for (size_t i = 0; i < REG_MIGRATIONS; ++i)
        steps[i] = reg_service.migrations[i];
    steps[REG_MIGRATIONS] = "CREATE TABLE of_the_next_version(x INTEGER) STRICT;";
    next.migrations = steps;
    next.migrations_n = REG_MIGRATIONS + 1;
    driver_stop(driver);
    if (driver_try_open_as(driver, &next, error, sizeof error))
        fail_msg("%s", error);
}

static void the_life_of_an_event(void **state)
{
    (void)state;
    driver_t *driver = driver_forum();
    for (unsigned i = 0; i < PARTIES; ++i) {
        char party[8];
        snprintf(party, sizeof party, "P%02u", i);
        driver_party(driver, party, CV_PARTY_KIND_MEMBER);
    }
    for (unsigned i = 0; i < 3; ++i) {
        cv_registration_rules_t *rules =
            driver_rules(driver, event_of(i), i ? 20 : 1000000, i == 1 ? CV_WAITING_RULE_STRICT : CV_WAITING_RULE_NONE);
        rules->maximum = 100000;
        driver_event(driver);
    }
    for (unsigned n = 0; n < KEPT; ++n) {
        ask(driver, n, event_of(n), "Kept");
        driver_keep(&kept[n], (cv_str_t){driver->outcome.ptr, driver->outcome.len});
    }
    ask(driver, KEPT, "FULL", "Kept"); /* one that is refused */
    assert_non_null(memmem(driver->outcome.ptr, driver->outcome.len, "REJECTED", 8));

    for (unsigned i = 0; i < KILLS; ++i) {
        decide_others(driver, 1000 + OTHERS / KILLS * i, 1000 + OTHERS / KILLS * (i + 1));
        driver_crash(driver);
    }
    upgrade(driver);
    const int64_t before[] = {confirmed(driver, "WIDE"), confirmed(driver, "LIST"), confirmed(driver, "FULL")};
    assert_int_equal(before[0], OTHERS / 8 + KEPT / 3);
    assert_int_equal(before[1], 20);
    assert_int_equal(before[2], 20);

    for (unsigned n = 0; n < KEPT; ++n) {
        ask(driver, n, event_of(n), "Kept");
        assert_int_equal(driver->outcome.len, kept[n].len);
        assert_memory_equal(driver->outcome.ptr, kept[n].ptr, kept[n].len);
    }
    for (unsigned n = 0; n < 3; ++n) {
        ask(driver, n, event_of(n), "Somebody else");
        assert_non_null(memmem(driver->outcome.ptr, driver->outcome.len, "CONFLICT", 8));
        assert_int_equal(confirmed(driver, event_of(n)), before[n]);
    }
    print_message("%d other requests, %d kills, 1 upgrade\n", OTHERS, KILLS);
    for (unsigned n = 0; n < KEPT; ++n)
        free(kept[n].ptr);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_life_of_an_event)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
