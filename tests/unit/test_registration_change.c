/* test_registration_change: amend and substitute: a seat is never lost by a change, what cannot be seated changes
 * nothing, and the history says who, when and what.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

static const cv_outcome_v1_t *amend(driver_t *driver, const char *party, int64_t number, cv_capacity_t capacity,
                                    cv_attendance_t attendance)
{
    cv_registration_amend_v1_t request = {.event = CV_STR("E1"),
                                          .party = cv_str(party),
                                          .number = number,
                                          .capacity = capacity,
                                          .attendance = attendance,
                                          .reason = CV_STR("asked by telephone")};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &request);
}

static const cv_outcome_v1_t *spell(driver_t *driver, const char *party, int64_t number, const char *name,
                                    const char *email)
{
    cv_registration_amend_v1_t request = {
        .event = CV_STR("E1"), .party = cv_str(party), .number = number, .name = cv_str(name), .email = cv_str(email)};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &request);
}

static const cv_outcome_v1_t *substitute(driver_t *driver, const char *party, int64_t number, const char *name,
                                         cv_capacity_t capacity)
{
    cv_registration_substitute_v1_t request = {
        .event = CV_STR("E1"), .party = cv_str(party), .number = number, .name = cv_str(name), .capacity = capacity};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_SUBSTITUTE_V1, &request);
}

static void expect_person(const cv_outcome_v1_t *outcome, int64_t number, cv_person_state_t state, const char *rule,
                          int64_t position)
{
    const cv_person_decision_t *person = &outcome->decision.persons[0];
    assert_int_equal(outcome->decision.persons_n, 1);
    assert_int_equal(person->number, number);
    if (person->state != state || !cv_str_is(person->rule, rule))
        fail_msg("%s %.*s: %.*s", cv_person_state_text(person->state), CV_STR_ARG(person->rule),
                 CV_STR_ARG(outcome->text));
    assert_int_equal(person->position, position);
}

/* Hi.Events #823: on a full event the swap itself wants a seat. Here it keeps the one there is. */
static void a_substitution_on_a_full_event_keeps_the_seat(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(2, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "h", 0), "waiting");
    size_t before = driver->records_n;
    const cv_outcome_v1_t *outcome = substitute(driver, "KZ", 2, "Newcomer", 0);
    EXPECT_OK(outcome, "substituted");
    expect_person(outcome, 2, CV_PERSON_STATE_CONFIRMED, "kept", 0);
    assert_int_equal(outcome->decision.seats.confirmed, 2);
    assert_int_equal(outcome->decision.seats.waiting, 1);
    assert_int_equal(driver->records_n, before + 1); /* nobody moved up: no seat was free at any time */
    assert_null(memmem(driver->outcome.ptr, driver->outcome.len, "Newcomer", 8));
    assert_null(memmem(driver->records[before].ptr, driver->records[before].len, "Newcomer", 8));
    driver_crash(driver);
    const cv_registration_contact_v1_t *contact =
        &driver_row(driver, "persons", "E1/KZ", CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
    assert_true(cv_str_is(contact->persons[1].name, "Newcomer"));
    EXPECT_NO(substitute(driver, "KZ", 1, "Newcomer", 0), "duplicate_person");
    EXPECT_NO(substitute(driver, "KZ", 3, "Else", 0), "not_registered");
    /* Who was replaced may come again, as somebody new. */
    outcome = driver_register(driver, "E1", "KZ", "d", 0);
    EXPECT_OK(outcome, "waiting");
    assert_int_equal(outcome->decision.persons[0].number, 3);
    driver_free(&driver);
}

static void rules_hold_for_who_comes(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(6, CV_WAITING_RULE_STRICT);
    driver->event.registration.limits_n = 1;
    driver->event.registration.limits[0] = (cv_limit_t){CV_CAPACITY_MEDIA, 1};
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hdm", 0), "registered");
    const cv_outcome_v1_t *outcome = substitute(driver, "KZ", 2, "A", CV_CAPACITY_HEAD);
    EXPECT_NO(outcome, "one_head");
    assert_true(cv_str_is(outcome->field, "data.capacity"));
    outcome = amend(driver, "KZ", 2, CV_CAPACITY_MEDIA, 0);
    EXPECT_NO(outcome, "capacity_limit");
    assert_true(cv_str_is(outcome->text,
                          "KZ: person 2 cannot become media: 1 of at most 1 persons in this capacity are "
                          "confirmed. Nothing was changed."));
    /* The place of the media person is free once it is a delegate, and who waited for it moves up at once. */
    outcome = driver_register(driver, "E1", "AZ", "m", 0);
    EXPECT_OK(outcome, "waiting");
    outcome = amend(driver, "KZ", 3, CV_CAPACITY_DELEGATE, 0);
    EXPECT_OK(outcome, "amended");
    expect_person(outcome, 3, CV_PERSON_STATE_CONFIRMED, "kept", 0);
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    assert_int_equal(driver_last_promotion(driver)->cause, CV_PROMOTION_CAUSE_CHANGE);
    EXPECT_NO(amend(driver, "KZ", 3, CV_CAPACITY_DELEGATE, CV_ATTENDANCE_IN_PERSON), "nothing_changed");
    EXPECT_OK(substitute(driver, "KZ", 1, "Chief", 0), "substituted"); /* a head for a head */
    EXPECT_OK(amend(driver, "KZ", 1, CV_CAPACITY_DEPUTY, 0), "amended");
    EXPECT_OK(amend(driver, "KZ", 2, CV_CAPACITY_HEAD, 0), "amended");
    EXPECT_OK(spell(driver, "KZ", 2, "Person Two", "two@example.org"), "amended");
    EXPECT_NO(spell(driver, "KZ", 3, "Person Two", NULL), "duplicate_person");
    driver_crash(driver);
    EXPECT_NO(amend(driver, "KZ", 1, CV_CAPACITY_HEAD, 0), "one_head");
    driver_free(&driver);
}

static void attendance(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(2, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hdo", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", 0), "waiting");
    const cv_outcome_v1_t *outcome = amend(driver, "KZ", 3, 0, CV_ATTENDANCE_IN_PERSON);
    EXPECT_NO(outcome, "full");
    assert_true(cv_str_is(outcome->field, "data.attendance"));
    assert_int_equal(outcome->decision.seats.party_online, 1); /* nothing was changed */
    assert_int_equal(outcome->decision.seats.party_waiting, 0);
    /* A seat becomes free when its holder goes online, and the list moves in the same decision. */
    outcome = amend(driver, "KZ", 2, 0, CV_ATTENDANCE_ONLINE);
    EXPECT_OK(outcome, "amended");
    expect_person(outcome, 2, CV_PERSON_STATE_ONLINE, "online_no_seat", 0);
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "AZ", 0), "withdrawn");
    EXPECT_OK(driver_withdraw(driver, "E1", "UNX", 0), "withdrawn");
    outcome = amend(driver, "KZ", 2, 0, CV_ATTENDANCE_IN_PERSON);
    EXPECT_OK(outcome, "amended");
    expect_person(outcome, 2, CV_PERSON_STATE_CONFIRMED, "free_seat", 0);
    driver_crash(driver);
    driver_free(&driver);
}

/* Who waits keeps the place, alone or in a group, whatever it becomes. */
static void places_are_kept(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(1, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "h", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", 0), "waiting");
    EXPECT_OK(driver_register(driver, "E1", "KZ", "dd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", 0), "waiting");
    const cv_outcome_v1_t *outcome = substitute(driver, "AZ", 1, "Other", CV_CAPACITY_MEDIA);
    EXPECT_OK(outcome, "substituted");
    expect_person(outcome, 1, CV_PERSON_STATE_WAITING, "kept", 1);
    outcome = amend(driver, "KZ", 3, CV_CAPACITY_ADVISER, 0);
    expect_person(outcome, 3, CV_PERSON_STATE_WAITING, "kept", 3);
    outcome = amend(driver, "AZ", 2, CV_CAPACITY_MEDIA, 0);
    expect_person(outcome, 2, CV_PERSON_STATE_WAITING, "kept", 4);
    driver_crash(driver);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    assert_int_equal(driver_last_promotion(driver)->persons[0].number, 1); /* AZ's first, now media */
    driver->event.registration.capacity = 3;
    driver_event(driver);
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "KZ")); /* the pair, still together and before AZ's second */
    assert_int_equal(promoted->persons_n, 2);
    /* One of a pair goes online: the other waits on alone. */
    EXPECT_OK(driver_register(driver, "E1", "KZ", "dd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    EXPECT_OK(amend(driver, "KZ", 4, 0, CV_ATTENDANCE_ONLINE), "amended");
    driver_crash(driver);
    driver->event.registration.capacity = 5;
    driver_event(driver);
    assert_int_equal(driver_row(driver, "delegation", "E1/KZ", CV_MSG_REGISTRATION_DELEGATION_V1)
                         ->registration_delegation_v1.confirmed,
                     3);
    driver_free(&driver);
}

static const cv_registration_change_v1_t *step_of(driver_t *driver, const driver_bytes_t *row)
{
    return &driver_read(driver, (cv_str_t){row->ptr, row->len}, CV_MSG_REGISTRATION_CHANGE_V1)->registration_change_v1;
}

static void history(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(1, CV_WAITING_RULE_STRICT);
    driver_bytes_t rows[16];
    char next[257];
    driver->principal = (cv_principal_t){.name = "focal-kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "partly_registered");
    driver->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    driver_wait_until(driver, T0 + 1000);
    EXPECT_OK(spell(driver, "KZ", 2, "Second", "second@example.org"), "amended");
    EXPECT_OK(amend(driver, "KZ", 2, CV_CAPACITY_MEDIA, 0), "amended");
    driver_crash(driver);
    driver_wait_until(driver, T0 + 2000);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 1), "withdrawn");
    EXPECT_OK(substitute(driver, "KZ", 2, "Third", 0), "substituted");

    size_t n = driver_query(driver, "history", "E1/KZ/2", NULL, 0, rows, 16, next);
    assert_int_equal(n, 5);
    assert_string_equal(next, "");
    static const struct {
        cv_person_change_t change;
        int64_t at_ms;
        const char *by, *name, *email;
        cv_capacity_t capacity;
        cv_person_state_t state;
    } steps[] = {
        {CV_PERSON_CHANGE_REGISTERED, 0, "focal-kz", NULL, NULL, CV_CAPACITY_DELEGATE, CV_PERSON_STATE_WAITING},
        {CV_PERSON_CHANGE_AMENDED, 1000, "secretary", "Second", "second@example.org", CV_CAPACITY_DELEGATE,
         CV_PERSON_STATE_WAITING},
        {CV_PERSON_CHANGE_AMENDED, 1000, "secretary", "Second", "second@example.org", CV_CAPACITY_MEDIA,
         CV_PERSON_STATE_WAITING},
        {CV_PERSON_CHANGE_PROMOTED, 2000, NULL, "Second", "second@example.org", CV_CAPACITY_MEDIA,
         CV_PERSON_STATE_CONFIRMED},
        {CV_PERSON_CHANGE_SUBSTITUTED, 2000, "secretary", "Third", NULL, CV_CAPACITY_MEDIA, CV_PERSON_STATE_CONFIRMED},
    };
    for (size_t i = 0; i < n; ++i) {
        const cv_registration_change_v1_t *step = step_of(driver, &rows[i]);
        assert_int_equal(step->number, 2);
        assert_int_equal(step->step, i + 1);
        assert_int_equal(step->change, steps[i].change);
        assert_int_equal(step->at_ms, T0 + steps[i].at_ms);
        assert_true(steps[i].by ? cv_str_is(step->by, steps[i].by) : !step->by.ptr);
        assert_true(!steps[i].name || cv_str_is(step->name, steps[i].name));
        assert_true(steps[i].email ? cv_str_is(step->email, steps[i].email) : !step->email.ptr);
        assert_int_equal(step->capacity, steps[i].capacity);
        assert_int_equal(step->state, steps[i].state);
        assert_true(i == 0 || step->request.ptr);
        assert_true(i == 2 ? cv_str_is(step->reason, "asked by telephone") : !step->reason.ptr);
        free(rows[i].ptr);
    }
    /* All persons, two at a time, withdrawn ones included. */
    n = driver_query(driver, "history", "E1/KZ", NULL, 2, rows, 16, next);
    assert_int_equal(n, 2);
    assert_string_equal(next, "1.2");
    assert_int_equal(step_of(driver, &rows[1])->change, CV_PERSON_CHANGE_WITHDRAWN);
    free(rows[0].ptr);
    free(rows[1].ptr);
    n = driver_query(driver, "history", "E1/KZ", next, 4, rows, 16, next);
    assert_int_equal(n, 4);
    assert_string_equal(next, "2.4");
    for (size_t i = 0; i < n; ++i)
        free(rows[i].ptr);
    n = driver_query(driver, "history", "E1/KZ", next, 4, rows, 16, next);
    assert_int_equal(n, 1);
    assert_int_equal(step_of(driver, &rows[0])->step, 5);
    free(rows[0].ptr);

    assert_int_equal(driver_query_refused(driver, "history", "E1/KZ/9"), CV_REFUSED_CODE_NOTFOUND);
    assert_int_equal(driver_query_refused(driver, "history", "E1/KZ/x"), CV_REFUSED_CODE_NOTFOUND);
    driver->principal = (cv_principal_t){.name = "focal-az", .role = CV_ROLE_FOCAL_POINT, .party = "AZ"};
    assert_int_equal(driver_query_refused(driver, "history", "E1/KZ/2"), CV_REFUSED_CODE_DENIED);
    assert_int_equal(driver_query_refused(driver, "history", "E1/KZ"), CV_REFUSED_CODE_DENIED);
    driver->principal = (cv_principal_t){.name = "wall", .role = CV_ROLE_OBSERVER};
    assert_int_equal(driver_query_refused(driver, "history", "E1/KZ/2"), CV_REFUSED_CODE_DENIED);
    driver_free(&driver);
}

static void deadlines(void **state)
{
    (void)state;
    driver_t *driver = driver_forum_with(5, CV_WAITING_RULE_NONE);
    driver->event.registration.has_changes_close_ms = true;
    driver->event.registration.changes_close_ms = T0 + 2000000;
    driver_event(driver);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "registered");
    driver_wait_until(driver, T0 + 1999999);
    EXPECT_OK(substitute(driver, "KZ", 2, "In time", 0), "substituted");
    driver_wait_until(driver, T0 + 2000000);
    const cv_outcome_v1_t *outcome = substitute(driver, "KZ", 2, "Late", 0);
    EXPECT_NO(outcome, "closed");
    assert_true(cv_str_is(outcome->text, "Changes closed at 2026-01-01T00:33:20.000Z."));
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_substitution_on_a_full_event_keeps_the_seat),
        cmocka_unit_test(rules_hold_for_who_comes),
        cmocka_unit_test(attendance),
        cmocka_unit_test(places_are_kept),
        cmocka_unit_test(history),
        cmocka_unit_test(deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
