/* test_registration_approval: nobody has a seat before the last approval; capacity is decided there; a change that
 * needs approval leaves the registration in force.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

static const cv_principal_t PORTAL = {.name = "portal", .role = CV_ROLE_PUBLISHER};
static const cv_principal_t FOCAL_KZ = {.name = "focal-kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
static const cv_principal_t FOCAL_AZ = {.name = "focal-az", .role = CV_ROLE_FOCAL_POINT, .party = "AZ"};
static const cv_principal_t SECRETARY = {.name = "secretary", .role = CV_ROLE_SECRETARIAT};

static driver_t *begin(int64_t capacity, cv_waiting_rule_t waiting, cv_approval_rule_t approval)
{
    driver_t *driver = driver_new(T0);
    driver_meet(driver);
    driver_party(driver, "KZ", CV_PARTY_KIND_MEMBER);
    driver_party(driver, "AZ", CV_PARTY_KIND_MEMBER);
    cv_registration_rules_t *rules = driver_rules(driver, "E1", capacity, waiting);
    rules->approval = approval;
    rules->has_approval_again = rules->approval_again = true;
    driver_event(driver);
    return driver;
}

static const cv_outcome_v1_t *review(driver_t *driver, cv_principal_t who, const char *party, const char *numbers,
                                     cv_review_verdict_t verdict)
{
    cv_registration_review_v1_t request = {.event = CV_STR("E1"), .party = cv_str(party), .verdict = verdict};
    for (; *numbers; ++numbers)
        request.persons[request.persons_n++] = *numbers - '0';
    if (verdict != CV_REVIEW_VERDICT_APPROVE)
        request.reason = CV_STR("the passport has expired");
    driver->principal = who;
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REVIEW_V1, &request);
}

static const cv_outcome_v1_t *amend(driver_t *driver, cv_principal_t who, const char *party, int64_t number,
                                    cv_capacity_t capacity, cv_attendance_t attendance, const char *name)
{
    cv_registration_amend_v1_t request = {.event = CV_STR("E1"),
                                          .party = cv_str(party),
                                          .number = number,
                                          .capacity = capacity,
                                          .attendance = attendance,
                                          .name = cv_str(name)};
    driver->principal = who;
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &request);
}

static const cv_outcome_v1_t *enter(driver_t *driver, cv_principal_t who, const char *party, const char *persons)
{
    driver->principal = who;
    return driver_register(driver, "E1", party, persons, 0);
}

static void the_whole_chain(void **state)
{
    (void)state;
    driver_t *driver = begin(2, CV_WAITING_RULE_STRICT, CV_APPROVAL_RULE_NATIONAL_SECRETARIAT);
    const cv_outcome_v1_t *outcome = enter(driver, PORTAL, "KZ", "hd");
    EXPECT_OK(outcome, "under_review");
    assert_string_equal(driver_states(outcome), "UU");
    assert_int_equal(outcome->decision.seats.confirmed, 0);
    EXPECT_NO(review(driver, SECRETARY, "KZ", "1", CV_REVIEW_VERDICT_APPROVE), "not_under_review"); /* not yet */
    expect(review(driver, FOCAL_AZ, "KZ", "1", CV_REVIEW_VERDICT_APPROVE), CV_OUTCOME_CLASS_DENIED, "party");
    expect(review(driver, PORTAL, "KZ", "1", CV_REVIEW_VERDICT_APPROVE), CV_OUTCOME_CLASS_DENIED, "role");
    outcome = review(driver, FOCAL_KZ, "KZ", "", CV_REVIEW_VERDICT_APPROVE);
    EXPECT_OK(outcome, "under_review");
    assert_string_equal(driver_states(outcome), "UU");
    EXPECT_NO(review(driver, FOCAL_KZ, "KZ", "", CV_REVIEW_VERDICT_APPROVE), "not_under_review");
    driver_crash(driver);
    assert_int_equal(driver_delegation(driver, "E1/KZ").pending, 2);
    outcome = review(driver, SECRETARY, "KZ", "1", CV_REVIEW_VERDICT_APPROVE);
    EXPECT_OK(outcome, "registered");
    assert_string_equal(driver_states(outcome), "C");
    /* What a focal point asks itself has the national approval by itself. */
    outcome = enter(driver, FOCAL_AZ, "AZ", "hd");
    EXPECT_OK(outcome, "under_review");
    outcome = review(driver, SECRETARY, "AZ", "", CV_REVIEW_VERDICT_APPROVE);
    EXPECT_OK(outcome, "partly_registered"); /* capacity is decided at approval */
    assert_string_equal(driver_states(outcome), "CW");
    assert_int_equal(outcome->decision.persons[1].position, 1);
    outcome = review(driver, SECRETARY, "KZ", "", CV_REVIEW_VERDICT_APPROVE);
    EXPECT_OK(outcome, "waiting"); /* approved later: behind */
    assert_int_equal(outcome->decision.persons[0].position, 2);
    driver_crash(driver);
    driver->event.registration.capacity = 3;
    driver_event(driver);
    assert_int_equal(driver_delegation(driver, "E1/AZ").confirmed, 2);
    driver_free(&driver);
}

static void returned_and_refused(void **state)
{
    (void)state;
    driver_t *driver = begin(1, CV_WAITING_RULE_NONE, CV_APPROVAL_RULE_SECRETARIAT);
    EXPECT_OK(enter(driver, FOCAL_KZ, "KZ", "hdd"), "under_review");
    cv_registration_review_v1_t silent = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .verdict = CV_REVIEW_VERDICT_REFUSE};
    driver->principal = SECRETARY;
    const cv_outcome_v1_t *outcome = driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REVIEW_V1, &silent);
    expect(outcome, CV_OUTCOME_CLASS_INVALID, "bad_field");
    assert_true(cv_str_is(outcome->field, "data.reason"));
    outcome = review(driver, SECRETARY, "KZ", "12", CV_REVIEW_VERDICT_RETURN);
    EXPECT_OK(outcome, "returned");
    assert_string_equal(driver_states(outcome), "BB");
    assert_null(memmem(driver->outcome.ptr, driver->outcome.len, "passport", 8));
    EXPECT_NO(review(driver, SECRETARY, "KZ", "1", CV_REVIEW_VERDICT_APPROVE), "not_under_review");
    outcome = amend(driver, FOCAL_KZ, "KZ", 1, 0, 0, "Correct Name"); /* corrected: reviewed again */
    EXPECT_OK(outcome, "amended");
    assert_string_equal(driver_states(outcome), "U");
    driver_crash(driver);
    outcome = review(driver, SECRETARY, "KZ", "3", CV_REVIEW_VERDICT_REFUSE);
    EXPECT_OK(outcome, "refused");
    assert_string_equal(driver_states(outcome), "R");
    assert_int_equal(driver_delegation(driver, "E1/KZ").refused, 1);
    driver_crash(driver);
    EXPECT_OK(review(driver, SECRETARY, "KZ", "1", CV_REVIEW_VERDICT_APPROVE), "registered");
    EXPECT_OK(amend(driver, FOCAL_KZ, "KZ", 2, 0, 0, "Another Name"), "amended");
    EXPECT_NO(review(driver, SECRETARY, "KZ", "2", CV_REVIEW_VERDICT_APPROVE), "full"); /* stays under review */
    assert_int_equal(driver_delegation(driver, "E1/KZ").pending, 1);
    EXPECT_NO(review(driver, SECRETARY, "KZ", "3", CV_REVIEW_VERDICT_APPROVE), "already_withdrawn");
    EXPECT_OK(review(driver, SECRETARY, "KZ", "2", CV_REVIEW_VERDICT_REFUSE), "refused");
    driver->principal = SECRETARY;
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    EXPECT_OK(enter(driver, FOCAL_KZ, "KZ", "h"), "under_review");
    EXPECT_OK(review(driver, SECRETARY, "KZ", "", CV_REVIEW_VERDICT_REFUSE), "refused");
    assert_int_equal(driver_delegation(driver, "E1/KZ").answer, CV_PARTY_ANSWER_NONE); /* nobody is left */
    driver_crash(driver);
    driver_free(&driver);
}

/* A reason of any length, about as many persons as there can be, is told on the private stream, and not on the other. */
static void the_reason_is_private(void **state)
{
    (void)state;
    enum { PERSONS = 64, LENGTH = 2000 };
    static char persons[PERSONS + 1], reason[LENGTH + 1];
    driver_t *driver = begin(PERSONS, CV_WAITING_RULE_NONE, CV_APPROVAL_RULE_SECRETARIAT);
    memset(persons, 'd', PERSONS);
    memset(reason, 'w', LENGTH);
    driver->event.registration.maximum = PERSONS;
    driver_event(driver);
    EXPECT_OK(enter(driver, FOCAL_KZ, "KZ", persons), "under_review");
    const uint64_t head = driver->private_head;
    cv_registration_review_v1_t request = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .verdict = CV_REVIEW_VERDICT_RETURN, .reason = cv_str(reason)};
    driver->principal = SECRETARY;
    driver->records_n = 0;
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REVIEW_V1, &request), "returned");
    assert_in_range(driver->private_head, head + PERSONS * LENGTH / 38000, head + PERSONS);
    assert_true(driver->records_n > 0);
    for (size_t i = 0; i < driver->records_n; i++)
        assert_null(memmem(driver->records[i].ptr, driver->records[i].len, "wwww", 4));
    const uint64_t told = driver->private_head;
    EXPECT_OK(amend(driver, FOCAL_KZ, "KZ", 1, 0, 0, "Correct Name"), "amended");
    assert_int_equal(driver->private_head, told + 1);
    driver_crash(driver);
    driver_free(&driver);
}

/* Nextcloud: an edit goes past the check that a new entry has to pass. Here a change asks again, and meanwhile what was
 * accepted stays. */
static void a_change_is_approved_again(void **state)
{
    (void)state;
    driver_t *driver = begin(3, CV_WAITING_RULE_STRICT, CV_APPROVAL_RULE_SECRETARIAT);
    driver->event.registration.limits_n = 1;
    driver->event.registration.limits[0] = (cv_limit_t){CV_CAPACITY_MEDIA, 1};
    driver_event(driver);
    EXPECT_OK(enter(driver, FOCAL_KZ, "KZ", "hdd"), "under_review");
    EXPECT_OK(review(driver, SECRETARY, "KZ", "", CV_REVIEW_VERDICT_APPROVE), "registered");
    EXPECT_OK(amend(driver, FOCAL_KZ, "KZ", 2, 0, 0, "Spelled Better"), "amended"); /* not material */
    const cv_outcome_v1_t *outcome = amend(driver, FOCAL_KZ, "KZ", 2, CV_CAPACITY_MEDIA, 0, NULL);
    EXPECT_OK(outcome, "under_review");
    assert_string_equal(driver_states(outcome), "C"); /* keeps the seat meanwhile */
    EXPECT_OK(amend(driver, FOCAL_KZ, "KZ", 3, CV_CAPACITY_MEDIA, 0, NULL), "under_review");
    driver_crash(driver);
    EXPECT_NO(review(driver, SECRETARY, "KZ", "23", CV_REVIEW_VERDICT_APPROVE), "reviewed_alone");
    EXPECT_OK(review(driver, SECRETARY, "KZ", "2", CV_REVIEW_VERDICT_APPROVE), "amended");
    EXPECT_NO(review(driver, SECRETARY, "KZ", "3", CV_REVIEW_VERDICT_APPROVE), "capacity_limit");
    assert_int_equal(driver_delegation(driver, "E1/KZ").confirmed, 3);
    outcome = review(driver, SECRETARY, "KZ", "3", CV_REVIEW_VERDICT_RETURN);
    EXPECT_OK(outcome, "returned");
    assert_string_equal(driver_states(outcome), "C");
    EXPECT_NO(review(driver, SECRETARY, "KZ", "3", CV_REVIEW_VERDICT_APPROVE), "not_under_review");
    const cv_registration_contact_v1_t *contact =
        &driver_row(driver, "persons", "E1/KZ", CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
    assert_int_equal(contact->persons[1].capacity, CV_CAPACITY_MEDIA);
    assert_int_equal(contact->persons[2].capacity, CV_CAPACITY_DELEGATE);
    driver_crash(driver);
    driver_free(&driver);
}

/* The steps of approval come after confirmation, where an event asks for both. */
static void phases_and_approval(void **state)
{
    (void)state;
    driver_t *driver = begin(5, CV_WAITING_RULE_NONE, CV_APPROVAL_RULE_NATIONAL);
    driver->event.registration.has_confirm_closes_ms = true;
    driver->event.registration.confirm_closes_ms = T0 + 2000000;
    driver_event(driver);
    const cv_outcome_v1_t *outcome = enter(driver, PORTAL, "KZ", "hd");
    EXPECT_OK(outcome, "nominated");
    cv_registration_confirm_v1_t confirm = {
        .event = CV_STR("E1"), .party = CV_STR("KZ"), .persons_n = 1, .persons = {1}};
    outcome = driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_CONFIRM_V1, &confirm);
    EXPECT_OK(outcome, "under_review");
    EXPECT_OK(review(driver, FOCAL_KZ, "KZ", "", CV_REVIEW_VERDICT_APPROVE), "registered");
    confirm.persons[0] = 2;
    outcome = driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_CONFIRM_V1, &confirm);
    EXPECT_OK(outcome, "registered"); /* the focal point's own request */
    driver_crash(driver);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_chain),       cmocka_unit_test(returned_and_refused),
        cmocka_unit_test(the_reason_is_private), cmocka_unit_test(a_change_is_approved_again),
        cmocka_unit_test(phases_and_approval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
