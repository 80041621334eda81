/* test_registration_phases: nominate and confirm with deadlines of their own, and exceptions from them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

/* Nomination closes after 1000 s, confirmation after 2000 s. */
static driver_t *begin(int64_t capacity, cv_waiting_rule_t waiting)
{
    driver_t *driver = driver_forum();
    cv_registration_rules_t *rules = driver_rules(driver, "E1", capacity, waiting);
    rules->has_confirm_closes_ms = true;
    rules->confirm_closes_ms = T0 + 2000000;
    driver_event(driver);
    return driver;
}

static const cv_outcome_v1_t *confirm(driver_t *driver, const char *party, const char *numbers, cv_group_rule_t group)
{
    cv_registration_confirm_v1_t request = {.event = CV_STR("E1"), .party = cv_str(party), .group = group};
    for (; *numbers; ++numbers)
        request.persons[request.persons_n++] = *numbers - '0';
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_CONFIRM_V1, &request);
}

static const cv_outcome_v1_t *grant(driver_t *driver, const char *party, cv_exception_kind_t what, int64_t until_ms)
{
    cv_registration_exception_grant_v1_t request = {.event = CV_STR("E1"),
                                                    .party = cv_str(party),
                                                    .what = what,
                                                    .until_ms = T0 + until_ms,
                                                    .reason = CV_STR("the note came late")};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_EXCEPTION_GRANT_V1, &request);
}

static void nominate_then_confirm(void **state)
{
    (void)state;
    driver_t *driver = begin(3, CV_WAITING_RULE_STRICT);
    const cv_outcome_v1_t *outcome = driver_register(driver, "E1", "KZ", "hdd", 0);
    EXPECT_OK(outcome, "nominated");
    assert_string_equal(driver_states(outcome), "NNN");
    assert_int_equal(outcome->decision.seats.confirmed, 0);
    EXPECT_NO(driver_register(driver, "E1", "KZ", "h", 0), "one_head"); /* a nominated head is a head */
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hdo", 0), "nominated");
    EXPECT_NO(driver_decline(driver, "E1", "AZ"), "already_registered");
    assert_int_equal(driver_delegation(driver, "E1/KZ").pending, 3);
    driver_crash(driver);
    assert_int_equal(driver_delegation(driver, "E1/KZ").pending, 3);

    driver_wait_until(driver, T0 + 1000000);
    outcome = driver_register(driver, "E1", "UNX", "d", 0);
    EXPECT_NO(outcome, "closed");
    assert_true(cv_str_is(outcome->text, "Nomination closed at 2026-01-01T00:16:40.000Z."));
    outcome = confirm(driver, "AZ", "", 0);
    EXPECT_OK(outcome, "registered");
    assert_string_equal(driver_states(outcome), "CCO");
    EXPECT_NO(confirm(driver, "AZ", "", 0), "not_nominated");
    outcome = confirm(driver, "KZ", "3", 0);
    assert_string_equal(driver_states(outcome), "C");
    outcome = confirm(driver, "KZ", "13", 0);
    EXPECT_NO(outcome, "not_nominated");
    assert_true(cv_str_is(outcome->field, "data.persons[1]"));
    outcome = confirm(driver, "KZ", "21", 0);
    EXPECT_OK(outcome, "waiting");
    assert_int_equal(outcome->decision.persons[0].number, 2);
    assert_int_equal(outcome->decision.persons[0].position, 1);
    assert_int_equal(outcome->decision.persons[1].position, 2);
    driver_crash(driver);
    EXPECT_OK(driver_withdraw(driver, "E1", "AZ", 0), "withdrawn");
    assert_int_equal(driver_delegation(driver, "E1/KZ").confirmed, 3);
    driver_crash(driver);

    driver_wait_until(driver, T0 + 2000000);
    outcome = confirm(driver, "KZ", "", 0);
    EXPECT_NO(outcome, "closed");
    assert_true(cv_str_is(outcome->text, "Confirmation closed at 2026-01-01T00:33:20.000Z."));
    driver_free(&driver);
}

/* Who was nominated first has no better place: the list is ordered by confirmation. */
static void arrival_is_confirmation(void **state)
{
    (void)state;
    driver_t *driver = begin(0, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "dd", 0), "nominated");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "dd", 0), "nominated");
    EXPECT_OK(confirm(driver, "AZ", "", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    EXPECT_OK(confirm(driver, "KZ", "2", 0), "waiting");
    driver_crash(driver);
    EXPECT_OK(confirm(driver, "KZ", "1", 0), "waiting");
    driver->event.registration.capacity = 3;
    driver_event(driver);
    assert_int_equal(driver_delegation(driver, "E1/AZ").confirmed, 2);
    const cv_registration_promoted_v1_t *promoted =
        &driver_record(driver, driver->records_n - 1, CV_MSG_REGISTRATION_PROMOTED_V1)->registration_promoted_v1;
    assert_int_equal(promoted->persons[0].number, 2);
    driver_free(&driver);
}

/* cal.com: two pending requests for one place can both be accepted. Here pending holds nothing and gets nothing. */
static void two_pending_for_one_seat_do_not_both_get_it(void **state)
{
    (void)state;
    driver_t *driver = begin(1, CV_WAITING_RULE_NONE);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "h", 0), "nominated");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hd", 0), "nominated");
    EXPECT_OK(confirm(driver, "AZ", "1", 0), "registered");
    const cv_outcome_v1_t *outcome = confirm(driver, "KZ", "", 0);
    EXPECT_NO(outcome, "full");
    assert_int_equal(driver_delegation(driver, "E1/KZ").pending, 1); /* stays what it was */
    assert_int_equal(outcome->decision.seats.confirmed, 1);
    driver->event.registration.capacity = 2;
    driver_event(driver);
    outcome = confirm(driver, "AZ", "", 0);
    EXPECT_OK(outcome, "registered");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    assert_int_equal(driver_delegation(driver, "E1/KZ").pending, 0);
    assert_int_equal(driver_delegation(driver, "E1/KZ").answer, CV_PARTY_ANSWER_WITHDRAWN);
    driver_crash(driver);
    driver_free(&driver);
}

static void exceptions(void **state)
{
    (void)state;
    driver_t *driver = begin(5, CV_WAITING_RULE_NONE);
    char next[257];
    driver_bytes_t rows[4];
    EXPECT_NO(grant(driver, "KZ", CV_EXCEPTION_KIND_REGISTER, 900000), "nothing_changed");
    const cv_outcome_v1_t *outcome = grant(driver, "KZ", CV_EXCEPTION_KIND_REGISTER, 1500000);
    EXPECT_OK(outcome, "granted");
    assert_true(cv_str_is(outcome->text, "KZ may register until 2026-01-01T00:25:00.000Z; the deadline for others is "
                                         "2026-01-01T00:16:40.000Z."));
    char id[64];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012u", driver->requests);
    outcome = driver_register(driver, "E1", "KZ", "h", 0);
    EXPECT_OK(outcome, "nominated");
    assert_false(outcome->decision.has_exception); /* not needed */
    driver->event.status = CV_EVENT_STATUS_CLOSED;
    driver_event(driver);
    driver_crash(driver);
    driver_wait_until(driver, T0 + 1499999);
    outcome = driver_register(driver, "E1", "KZ", "d", 0);
    EXPECT_OK(outcome, "nominated");
    assert_true(outcome->decision.has_exception && cv_str_is(outcome->decision.exception.grant, id));
    assert_int_equal(outcome->decision.exception.until_ms, T0 + 1500000);
    const cv_registration_decided_v1_t *decided =
        &driver_record(driver, driver->records_n - 1, CV_MSG_REGISTRATION_DECIDED_V1)->registration_decided_v1;
    assert_true(decided->has_exception && cv_str_is(decided->exception.grant, id));
    assert_null(memmem(driver->records[1].ptr, driver->records[1].len, "note came late", 14));
    EXPECT_NO(driver_register(driver, "E1", "AZ", "d", 0), "closed");
    driver_wait_until(driver, T0 + 1500000);
    EXPECT_NO(driver_register(driver, "E1", "KZ", "d", 0), "closed");
    driver_wait_until(driver, T0 + 2000000);
    EXPECT_NO(confirm(driver, "KZ", "1", 0), "closed");
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 0), "closed");
    EXPECT_NO(grant(driver, "KZ", CV_EXCEPTION_KIND_CONFIRM, 1999999), "past");
    EXPECT_OK(grant(driver, "KZ", CV_EXCEPTION_KIND_CONFIRM, 2100000), "granted");
    EXPECT_OK(confirm(driver, "KZ", "1", 0), "registered");
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 0), "closed"); /* an exception moves one deadline only */
    EXPECT_OK(grant(driver, "KZ", CV_EXCEPTION_KIND_CHANGE, 2200000), "granted");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    EXPECT_OK(grant(driver, "KZ", CV_EXCEPTION_KIND_CHANGE, 2050000), "granted"); /* the newest counts */
    driver_wait_until(driver, T0 + 2050000);
    EXPECT_NO(driver_withdraw(driver, "E1", "KZ", 2), "closed");
    driver->event.status = CV_EVENT_STATUS_CANCELLED;
    driver_event(driver);
    EXPECT_NO(confirm(driver, "KZ", "2", 0), "cancelled"); /* no exception from that */

    assert_int_equal(driver_query(driver, "exceptions", "E1/KZ", NULL, 3, rows, 4, next), 3);
    const cv_registration_exception_v1_t *row =
        &driver_read(driver, (cv_str_t){rows[0].ptr, rows[0].len}, CV_MSG_REGISTRATION_EXCEPTION_V1)
             ->registration_exception_v1;
    assert_true(cv_str_is(row->by, "secretary") && cv_str_is(row->reason, "the note came late"));
    assert_true(cv_str_is(row->request, id));
    for (int i = 0; i < 3; ++i)
        free(rows[i].ptr);
    assert_int_equal(driver_query(driver, "exceptions", "E1/KZ", next, 3, rows, 4, next), 1);
    assert_string_equal(next, "");
    free(rows[0].ptr);
    driver->principal = (cv_principal_t){.name = "focal-az", .role = CV_ROLE_FOCAL_POINT, .party = "AZ"};
    assert_int_equal(driver_query_refused(driver, "exceptions", "E1/KZ"), CV_REFUSED_CODE_DENIED);
    driver->principal = (cv_principal_t){.name = "focal-kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    expect(grant(driver, "KZ", CV_EXCEPTION_KIND_CHANGE, 9000000), CV_OUTCOME_CLASS_DENIED, "role");
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nominate_then_confirm),
        cmocka_unit_test(arrival_is_confirmation),
        cmocka_unit_test(two_pending_for_one_seat_do_not_both_get_it),
        cmocka_unit_test(exceptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
