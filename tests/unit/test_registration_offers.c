/* test_registration_offers: a freed seat is offered, held, accepted, passed, or expires and goes on.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/registration.h"
#include "registration_driver.h"

enum { HOUR = 3600000 };

static driver_t *begin(int64_t capacity, cv_waiting_rule_t waiting)
{
    driver_t *driver = driver_forum();
    cv_registration_rules_t *rules = driver_rules(driver, "E1", capacity, waiting);
    rules->closes_ms = T0 + 100 * HOUR;
    rules->has_offer_ms = true;
    rules->offer_ms = HOUR;
    driver_event(driver);
    return driver;
}

static const cv_outcome_v1_t *answer(driver_t *driver, const char *party, const char *numbers, bool accept)
{
    cv_registration_offer_answer_v1_t request = {.event = CV_STR("E1"), .party = cv_str(party), .accept = accept};
    for (; *numbers; ++numbers)
        request.persons[request.persons_n++] = *numbers - '0';
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_OFFER_ANSWER_V1, &request);
}

static void an_offer_holds_its_seat(void **state)
{
    (void)state;
    driver_t *driver = begin(2, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hd", 0), "registered"); /* a free seat needs no offer */
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hd", 0), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 2), "withdrawn");
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_int_equal(promoted->persons_n, 1);
    assert_int_equal(promoted->persons[0].state, CV_PERSON_STATE_OFFERED);
    assert_true(promoted->has_expires_ms);
    assert_int_equal(promoted->expires_ms, T0 + HOUR);
    assert_int_equal(promoted->seats.confirmed, 1);
    assert_int_equal(promoted->seats.offered, 1);
    assert_int_equal(promoted->seats.free, 0);
    const cv_outcome_v1_t *outcome = driver_register(driver, "E1", "KZ", "d", 0);
    EXPECT_OK(outcome, "waiting"); /* held: nobody else gets it */
    assert_int_equal(outcome->decision.persons[0].position, 2);
    driver_crash(driver);
    const cv_registration_contact_v1_t *contact =
        &driver_row(driver, "persons", "E1/AZ", CV_MSG_REGISTRATION_CONTACT_V1)->registration_contact_v1;
    assert_int_equal(contact->persons[0].state, CV_PERSON_STATE_OFFERED);
    assert_int_equal(contact->persons[0].expires_ms, T0 + HOUR);
    assert_int_equal(contact->persons[1].state, CV_PERSON_STATE_WAITING);
    EXPECT_NO(answer(driver, "AZ", "2", true), "not_offered");
    EXPECT_NO(answer(driver, "KZ", "", true), "not_offered");
    outcome = answer(driver, "AZ", "1", true);
    EXPECT_OK(outcome, "accepted");
    assert_int_equal(outcome->decision.persons[0].state, CV_PERSON_STATE_CONFIRMED);
    assert_int_equal(outcome->decision.seats.confirmed, 2);
    assert_false(outcome->decision.seats.has_offered);
    driver_wait_until(driver, T0 + 2 * HOUR); /* the timer that was set finds nothing */
    assert_int_equal(driver_delegation(driver, "E1/AZ").confirmed, 1);
    driver_crash(driver);
    driver_free(&driver);
}

static void expiry_moves_the_list(void **state)
{
    (void)state;
    driver_t *driver = begin(1, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "h", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", 0), "waiting");
    EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
    driver_wait_until(driver, T0 + HOUR);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    driver_crash(driver); /* the timer is durable */
    driver_wait_until(driver, T0 + 2 * HOUR - 1);
    assert_int_equal(driver_delegation(driver, "E1/AZ").offered, 1);
    size_t before = driver->records_n;
    driver_wait_until(driver, T0 + 2 * HOUR);
    assert_int_equal(driver->records_n, before + 2); /* lapsed, promoted: one transaction */
    const cv_registration_lapsed_v1_t *lapsed =
        &driver_record(driver, before, CV_MSG_REGISTRATION_LAPSED_V1)->registration_lapsed_v1;
    assert_true(cv_str_is(lapsed->party, "AZ"));
    assert_int_equal(lapsed->persons[0].number, 1);
    assert_int_equal(lapsed->answer, CV_PARTY_ANSWER_WITHDRAWN);
    assert_int_equal(lapsed->seats.party_withdrawn, 1);
    const cv_registration_promoted_v1_t *promoted = driver_last_promotion(driver);
    assert_true(cv_str_is(promoted->party, "UNX"));
    assert_int_equal(promoted->cause, CV_PROMOTION_CAUSE_OFFER);
    assert_int_equal(promoted->expires_ms, T0 + 3 * HOUR);
    EXPECT_NO(answer(driver, "AZ", "1", true), "already_withdrawn");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "d", 0), "waiting"); /* may ask again, at the end */
    const cv_outcome_v1_t *outcome = answer(driver, "UNX", "", false);
    EXPECT_OK(outcome, "passed");
    assert_int_equal(outcome->decision.persons[0].state, CV_PERSON_STATE_WITHDRAWN);
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "AZ"));
    /* While the event is postponed nothing lapses; after it what has expired lapses at once. */
    driver->event.status = CV_EVENT_STATUS_POSTPONED;
    driver_event(driver);
    EXPECT_NO(answer(driver, "AZ", "", true), "postponed");
    driver_wait_until(driver, T0 + 9 * HOUR);
    assert_int_equal(driver_delegation(driver, "E1/AZ").offered, 1);
    driver->event.status = CV_EVENT_STATUS_OPEN;
    driver_event(driver);
    assert_int_equal(driver_delegation(driver, "E1/AZ").offered, 0);
    assert_int_equal(driver_delegation(driver, "E1/AZ").withdrawn, 2);
    driver_crash(driver);
    driver_free(&driver);
}

static void groups_are_offered_together(void **state)
{
    (void)state;
    driver_t *driver = begin(3, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hdd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hdd", CV_GROUP_RULE_ALL_OR_NONE), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 0), "withdrawn");
    assert_int_equal(driver_last_promotion(driver)->persons_n, 3);
    const cv_outcome_v1_t *outcome = answer(driver, "AZ", "12", true);
    EXPECT_NO(outcome, "offered_together");
    assert_true(cv_str_is(outcome->text, "Person 1 of AZ was offered a seat together with person 3: answer for both; "
                                         "nothing was changed."));
    /* One attends online: the seat goes on, the offer to the others stands. */
    EXPECT_OK(driver_register(driver, "E1", "UNX", "d", 0), "waiting");
    cv_registration_amend_v1_t amend = {
        .event = CV_STR("E1"), .party = CV_STR("AZ"), .number = 2, .attendance = CV_ATTENDANCE_ONLINE};
    EXPECT_OK(driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_AMEND_V1, &amend), "amended");
    assert_true(cv_str_is(driver_last_promotion(driver)->party, "UNX"));
    driver_crash(driver);
    EXPECT_OK(answer(driver, "AZ", "31", true), "accepted");
    assert_int_equal(driver_delegation(driver, "E1/AZ").confirmed, 2);
    assert_int_equal(driver_delegation(driver, "E1/AZ").online, 1);
    EXPECT_OK(driver_withdraw(driver, "E1", "UNX", 0), "withdrawn"); /* an offered seat can be given back too */
    driver_wait_until(driver, T0 + 2 * HOUR);
    driver_crash(driver);
    driver_free(&driver);
}

/* pretix #1238: seats that a deleted voucher had blocked went to the waiting list of a full event. Here what becomes
 * free while the event has fewer seats than are taken is no seat for anybody. */
static void a_freed_seat_of_a_full_event_is_no_seat(void **state)
{
    (void)state;
    driver_t *driver = begin(4, CV_WAITING_RULE_BEST_FILL);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hddd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hd", 0), "waiting");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 4), "withdrawn");
    assert_int_equal(driver_delegation(driver, "E1/AZ").offered, 1);
    driver->event.registration.capacity = 2;
    driver_event(driver);
    size_t before = driver->records_n;
    driver_wait_until(driver, T0 + HOUR); /* the offer lapses: 3 of 2 seats are still taken */
    assert_int_equal(driver->records_n, before + 1);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 3), "withdrawn");
    assert_int_equal(driver_delegation(driver, "E1/AZ").offered, 0);
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 2), "withdrawn");
    assert_int_equal(driver_delegation(driver, "E1/AZ").offered, 1);
    driver_crash(driver);
    driver_free(&driver);
}

/* Who comes back after long gets the state alone, in which it must say what became of offers whose records are gone. */
static cv_registration_delegation_v1_t snapshot_of(driver_t *driver, const char *party)
{
    const cv_log_snapshot_v1_t question = {.stream = CV_STR("registration.events")};
    cv_registration_delegation_v1_t found = {.event = CV_STR_NONE};
    driver->principal = (cv_principal_t){.name = "notifications", .role = CV_ROLE_SERVICE};
    driver_question(driver, CV_MSG_LOG_SNAPSHOT_V1, &question);
    driver_bytes_t answer = driver->answer;
    driver->answer = (driver_bytes_t){0};
    const cv_log_page_v1_t page =
        driver_read(driver, (cv_str_t){answer.ptr, answer.len}, CV_MSG_LOG_PAGE_V1)->log_page_v1;
    for (size_t i = 0; i < page.records.n; i++) {
        static cv_any_t data;
        cv_msg_t msg;
        cv_reader_t *reader = cv_reader_new();
        assert_int_equal(cv_msg_read(reader, cv_records_at(&page.records, i), &msg, NULL), CV_OK);
        bool is_delegation = msg.info->number == CV_MSG_REGISTRATION_DELEGATION_V1;
        if (is_delegation)
            assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
        if (is_delegation && cv_str_is(data.registration_delegation_v1.party, party))
            found = data.registration_delegation_v1;
        cv_reader_destroy(&reader);
    }
    free(answer.ptr);
    return found;
}

static void a_snapshot_says_what_became_of_offers(void **state)
{
    (void)state;
    driver_t *driver = begin(3, CV_WAITING_RULE_STRICT);
    EXPECT_OK(driver_register(driver, "E1", "KZ", "hdd", 0), "registered");
    EXPECT_OK(driver_register(driver, "E1", "AZ", "hddd", CV_GROUP_RULE_EACH), "waiting");
    const cv_principal_t as = driver->principal;
    cv_registration_delegation_v1_t az = snapshot_of(driver, "AZ");
    assert_int_equal(az.waiting, 4);
    assert_int_equal(az.offered_persons_n + az.expired_persons_n, 0);
    driver->principal = as;
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 2), "withdrawn");
    EXPECT_OK(driver_withdraw(driver, "E1", "KZ", 3), "withdrawn");
    EXPECT_OK(answer(driver, "AZ", "1", true), "accepted");
    driver_crash(driver);
    az = snapshot_of(driver, "AZ");
    assert_int_equal(az.offered_persons_n, 1);
    assert_int_equal(az.offered_persons[0], 2);
    assert_int_equal(az.expired_persons_n, 0); /* who accepted is no more among them, and has not let it end */
    driver_wait_until(driver, T0 + HOUR);
    driver_wait_until(driver, T0 + 2 * HOUR);
    driver_crash(driver);
    az = snapshot_of(driver, "AZ");
    assert_int_equal(az.offered_persons_n, 1);
    assert_int_equal(az.offered_persons[0], 4);
    assert_int_equal(az.expired_persons_n, 2);
    assert_int_equal(az.expired_persons[0], 3);
    assert_int_equal(az.expired_persons[1], 2);
    driver->principal = as;
    EXPECT_OK(answer(driver, "AZ", "4", false), "passed"); /* which is an answer */
    az = snapshot_of(driver, "AZ");
    assert_int_equal(az.offered_persons_n, 0);
    assert_int_equal(az.expired_persons_n, 2);
    assert_int_equal(snapshot_of(driver, "KZ").expired_persons_n, 0); /* who left by request */

    /* A database of before has it in its history. */
    assert_int_equal(cv_db_begin(driver->db), CV_OK);
    assert_int_equal(cv_db_exec(driver->db, "CREATE TABLE was AS SELECT delegation, number FROM expired ORDER BY id;"
                                            "DROP TABLE expired;"),
                     CV_OK);
    assert_int_equal(cv_db_exec(driver->db, reg_offer_tables), CV_OK);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM expired AS e JOIN was ON was.rowid = e.id"
                                           " AND was.delegation = e.delegation AND was.number = e.number"),
                     2);
    assert_int_equal(driver_number(driver, "SELECT count(*) FROM expired"), 2);
    cv_db_rollback(driver->db);
    driver_free(&driver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_holds_its_seat),
        cmocka_unit_test(expiry_moves_the_list),
        cmocka_unit_test(groups_are_offered_together),
        cmocka_unit_test(a_freed_seat_of_a_full_event_is_no_seat),
        cmocka_unit_test(a_snapshot_says_what_became_of_offers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
