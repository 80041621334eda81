/* test_notifications_persons_leave: who is replaced by another is told once, its entry in a calendar is cancelled, and nothing of
 * that ever comes to who is there now.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/system/test_persons.py sends the same through a mail server, and reads the calendar parts with another parser.
 */
#include "notifications/persons.h"

#include "notifications_leave.h"

static void test_told_once_and_before_the_newcomer(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_written(drv, LEAVES, "To: \"Omarova Diana\"\r\n <" DIANA ">\r\n");
    assert_written(drv, LEAVES, "Subject: Another person takes your place: Business Forum\r\n");
    assert_written(drv, LEAVES, "Dear Omarova Diana,");
    assert_written(drv, LEAVES, "Your delegation has registered another person in your place");
    assert_part(drv, LEAVES, "METHOD:CANCEL\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
    static const char *const never[] = {"Saule", "saule@", "Bekova", "Seitov", "Focal", "Your place:"};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_not_in(drv, LEAVES, never[i]);
    /* The same entry in another calendar: higher, so also where both are one. */
    assert_part(drv, NEWCOMERS, "METHOD:REQUEST\r\n", "SEQUENCE:2\r\n", "mailto:" SAULE "\r\n");
    assert_not_in(drv, NEWCOMERS, "Omarova");
    assert_int_equal(drv_number(drv, "SELECT (SELECT n FROM ntf_delivery WHERE notice = '" LEAVES
                                     "') < (SELECT n FROM ntf_delivery WHERE notice = '" NEWCOMERS "')"),
                     1);
    assert_nothing_of_diana(drv);
    /* What others see of it: a number. */
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_WRITTEN);
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t one = drv_notice(drv->notices[i]);
        if (!cv_str_is(one.notice, LEAVES))
            continue;
        assert_int_equal(one.kind, CV_NOTICE_KIND_DECISION);
        assert_int_equal(one.audience, CV_AUDIENCE_PERSON);
        assert_true(one.has_person && one.person == 2);
        assert_true(cv_str_is(one.cause, "registration.private/1111111111111111/2"));
    }
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "dispatches", "FORUM/" KZ, CV_STR_NONE, 200);
    assert_non_null(page);
    bool is_listed = false;
    cv_reader_t *reader = cv_reader_new();
    for (size_t i = 0; i < page->records.n; i++) {
        static cv_any_t data;
        cv_msg_t msg;
        assert_int_equal(cv_msg_read(reader, cv_records_at(&page->records, i), &msg, NULL), CV_OK);
        assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
        const cv_notifications_dispatch_v1_t *one = &data.notifications_dispatch_v1;
        if (!cv_str_is(one->notice, LEAVES))
            continue;
        is_listed = true;
        assert_true(cv_str_is(one->headline, "Another person takes your place"));
        assert_int_equal(one->state, CV_DISPATCH_STATE_DELIVERED);
    }
    cv_reader_destroy(&reader);
    assert_true(is_listed);
    /* Once: not at a restart, nor when the same is said again. */
    size_t files = drv_files(drv);
    drv_restart(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
    assert_int_equal(drv_files(drv), files + 2); /* of the decision: the delegation's and the newcomer's */
    move_event(drv, 2, "2026-05-20");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), SAULE);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
}

/* Who waited has no entry that could be cancelled; who was taken out, or told nothing yet, has nothing to hear. */
static void test_only_what_there_is_to_take_back(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_WAITING, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, true);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_WAITING); /* her file lies there, and is taken away */
    assert_nobody_told(drv);
    assert_no_file(drv, PERSON(2, FIRST));
    carry(drv, NEWCOMERS);
    substitute(drv, TIMUR_NAME, TIMUR, CV_PERSON_STATE_WAITING);
    drv_run(drv, 1000, true);
    assert_written(drv, "replaced.2." PRIVATE_ID "3.KZ", SAULE);
    assert_no_part(drv, "replaced.2." PRIVATE_ID "3.KZ");
    carry(drv, PERSON(2, EVENTS_ID "3.KZ"));
    cv_registration_decided_v1_t withdrawn = decision(drv, CV_DECISION_KIND_WITHDRAW, drv->streams[DRV_PRIVATE].head);
    withdrawn.persons_n = 1;
    withdrawn.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_WITHDRAWN};
    decide(drv, &withdrawn);
    drv_run(drv, 1000, true);
    carry(drv, PERSON(2, EVENTS_ID "4.KZ"));
    substitute(drv, DIANA_NAME, DIANA, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
}

/* A name that is spelt otherwise at the same address is a correction: that address goes on, with its entry. */
static void test_a_corrected_name(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    substitute(drv, "Omarowa Diana", DIANA, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 0);
    assert_part(drv, NEWCOMERS, "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
    carry(drv, NEWCOMERS);
    /* Another one at that desk, and without a seat: the desk's entry ends. */
    substitute(drv, SAULE_NAME, DIANA, CV_PERSON_STATE_WAITING);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 0);
    assert_part(drv, PERSON(2, EVENTS_ID "3.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:2\r\n", "mailto:" DIANA "\r\n");
    carry(drv, PERSON(2, EVENTS_ID "3.KZ"));
    /* And somebody elsewhere: what the desk was told of is taken back, and is nothing of the newcomer's. */
    substitute(drv, TIMUR_NAME, TIMUR, CV_PERSON_STATE_WAITING);
    drv_run(drv, 1000, true);
    assert_written(drv, "replaced.2." PRIVATE_ID "4.KZ", "Dear Nurlanova Saule,");
    assert_no_part(drv, "replaced.2." PRIVATE_ID "4.KZ"); /* it has ended before */
    assert_no_part(drv, PERSON(2, EVENTS_ID "4.KZ"));
}

/* At the same address, before the new name was told anything: that address was. */
static void test_a_corrected_name_that_was_told_nothing(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    substitute(drv, "Omarowa Diana", DIANA, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_WAITING);
    drv_run(drv, 1000, true);
    assert_part(drv, "replaced.2." PRIVATE_ID "3.KZ", "METHOD:CANCEL\r\n", "SEQUENCE:2\r\n", "mailto:" DIANA "\r\n");
    assert_no_part(drv, PERSON(2, EVENTS_ID "3.KZ")); /* the entry was never the newcomer's */
}

/* One desk for two of them, or for the contact and one: the entry there is the other's, too. */
static void test_an_address_of_others_too(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, DIANA));
    tell_one(drv, CV_DECISION_KIND_REGISTER, 3, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_part(drv, PERSON(2, FIRST), "METHOD:REQUEST\r\n", "SEQUENCE:0\r\n", "mailto:" DIANA "\r\n");
    carry(drv, PERSON(2, FIRST));
    substitute(drv, SAULE_NAME, "focal@kz.example", CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_written(drv, LEAVES, "Another person takes your place.");
    assert_no_part(drv, LEAVES);
    carry(drv, PERSON(2, EVENTS_ID "3.KZ"));
    substitute(drv, TIMUR_NAME, TIMUR, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_written(drv, "replaced.2." PRIVATE_ID "3.KZ", "Dear Nurlanova Saule,");
    assert_no_part(drv, "replaced.2." PRIVATE_ID "3.KZ");
    carry(drv, PERSON(2, EVENTS_ID "4.KZ"));
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_part(drv, "replaced.2." PRIVATE_ID "4.KZ", "METHOD:CANCEL\r\n", "SEQUENCE:3\r\n", "mailto:" TIMUR "\r\n");
}

static void test_the_address_takes_no_mail(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    assert_nobody_told(drv);
    assert_written(drv, NEWCOMERS, SAULE);
}

static void test_persons_are_told_of_no_decisions(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    cv_audience_rule_t rule = {.kind = CV_NOTICE_KIND_DECISION, .audience = CV_AUDIENCE_PERSON, .told = false};
    assert_true(
        cv_str_is(drv_decide(drv, "0190163d-8694-739b-aea6-000000000001", CV_MSG_NOTIFICATIONS_AUDIENCE_PUT_V1, &rule),
                  "audience_set"));
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    assert_nobody_told(drv);
}

static void test_the_event_is_over(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    drv->ms = INT64_C(1778716800000) - 10000; /* ten seconds before its last day is over: 2026-05-14 00:00 UTC */
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
    carry(drv, NEWCOMERS);
    drv->ms += 10000;
    substitute(drv, TIMUR_NAME, TIMUR, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
}

static void test_the_event_is_called_off(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    cv_scheduling_event_v1_t event = forum(2);
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    assert_nobody_told(drv);
}

/* Postponed, with days that are over: it is not. */
static void test_the_event_is_postponed(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    cv_scheduling_event_v1_t event = forum(2);
    event.status = CV_EVENT_STATUS_POSTPONED;
    event.event_details.date_start = event.event_details.date_end = CV_STR("2026-01-12");
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    carry(drv, PERSON(2, CHANGE_ID "7.KZ"));
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    /* Above the invitation (0) and its update (2), whatever the version. */
    assert_part(drv, LEAVES, "METHOD:CANCEL\r\n", "SEQUENCE:3\r\n", "mailto:" DIANA "\r\n");
}

/* It has not left yet: killed, a folder that takes nothing, another erased, and replaced a second time. */
static void test_it_stays_as_it_was_made(void **state)
{
    drv_t *drv = *state;
    begin_leaving(drv);
    assert_int_equal(stays(drv), 1);
    drv_restart(drv);
    drv_run(drv, 3000, true);
    tell_erased(drv, 3);
    drv_run(drv, 1000, true);
    assert_int_equal(stays(drv), 1);
    substitute(drv, TIMUR_NAME, NULL, CV_PERSON_STATE_CONFIRMED); /* nobody has told Saule anything */
    tell_contact(drv, KZ, "desk@kz.example");                     /* another language, another contact */
    tell_erased(drv, 1);
    drv_run(drv, 1000, true);
    assert_int_equal(stays(drv), 1);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
    drv_open_outbox(drv);
    drv_run(drv, 120000, true);
    assert_written(drv, LEAVES, "Dear Omarova Diana,");
    assert_part(drv, LEAVES, "METHOD:CANCEL\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
    assert_no_file(drv, NEWCOMERS);
    assert_int_equal(told(drv, NEWCOMERS), CV_NOTICE_STATE_SILENCED);
    assert_nothing_of_diana(drv);
    /* The file is hers, also when others are erased. */
    cv_registration_erased_v1_t contact = {.event = CV_STR("FORUM"),
                                           .party = CV_STR(KZ),
                                           .has_contact = true,
                                           .contact = true,
                                           .cause = CV_ERASURE_CAUSE_REQUEST};
    drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &contact);
    drv_run(drv, 6000, true);
    assert_written(drv, LEAVES, "Dear Omarova Diana,");
    /* Not when the number is. */
    tell_erased(drv, 2);
    drv_run(drv, 6000, true);
    assert_no_file(drv, LEAVES);
}

/* The newcomer cannot be written to, and waits; the one who left does not. */
static void test_the_newcomer_holds_nothing_back(void **state)
{
    drv_t *drv = *state;
    begin_leaving(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" SAULE "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    drv_run(drv, 3000, true);
    assert_int_equal(rows(drv, "notice = '" NEWCOMERS "' AND state = 1"), 1);
    assert_int_equal(stays(drv), 1);
    drv_open_outbox(drv);
    drv_run(drv, 120000, true);
    assert_written(drv, LEAVES, "Dear Omarova Diana,");
    assert_int_equal(rows(drv, "notice = '" NEWCOMERS "' AND state = 1 AND hold = 1"), 1);
}

static void test_erased_before_it_left(void **state)
{
    drv_t *drv = *state;
    begin_leaving(drv);
    assert_int_equal(stays(drv), 1);
    assert_true(stored_in(drv->path, "Omarova", 7) || stored_in(drv->path, "diana@", 6));
    tell_erased(drv, 2);
    drv_run(drv, 1000, false);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_SILENCED);
    assert_nothing_of_diana(drv);
    drv_open_outbox(drv);
    drv_restart(drv);
    drv_run(drv, 10000, true);
    assert_no_file(drv, LEAVES);
}

/* Whatever took its message away: nothing is made in its place, and the newcomer gets its own. */
static void test_its_message_is_lost(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, false);
    assert_int_equal(stays(drv), 1);
    drv_sql(drv, "UPDATE ntf_delivery SET mail = NULL");
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_no_file(drv, LEAVES);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_SILENCED);
    assert_written(drv, NEWCOMERS, "Dear Nurlanova Saule,");
}

/* A snapshot says who is there, not who was: nobody is told by it, and what is there already may be of one who was erased. */
static void test_a_snapshot(void **state)
{
    drv_t *drv = *state;
    begin_told(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    carry(drv, NEWCOMERS);
    assert_written(drv, LEAVES, DIANA);
    drv_new_epoch(drv, DRV_PRIVATE);
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .persons_n = 1,
        .persons = {
            {.number = 2, .name = cv_str(TIMUR_NAME), .capacity = CV_CAPACITY_DELEGATE, .email = CV_STR(TIMUR)}}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 6000, true);
    assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), 1);
    assert_no_file(drv, LEAVES);
}

static void test_a_snapshot_before_it_left(void **state)
{
    drv_t *drv = *state;
    begin_leaving(drv);
    drv_new_epoch(drv, DRV_PRIVATE);
    drv_run(drv, 3000, false);
    assert_nothing_of_diana(drv);
    drv_open_outbox(drv);
    drv_run(drv, 6000, true);
    assert_no_file(drv, LEAVES);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_SILENCED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_told_once_and_before_the_newcomer, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_only_what_there_is_to_take_back, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_corrected_name, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_corrected_name_that_was_told_nothing, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_address_of_others_too, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_address_takes_no_mail, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_persons_are_told_of_no_decisions, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_event_is_over, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_event_is_called_off, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_event_is_postponed, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_it_stays_as_it_was_made, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_newcomer_holds_nothing_back, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased_before_it_left, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_its_message_is_lost, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_snapshot_before_it_left, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
