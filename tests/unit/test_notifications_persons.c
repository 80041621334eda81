/* test_notifications_persons: a person who gave an address is told what concerns it, and nothing of anybody else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/system/test_persons.py sends the same through a mail server, and reads the calendar parts with another parser.
 */
#include "notifications/persons.h"

#include "notifications_persons.h"

static void test_each_has_a_notice_of_its_own(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    assert_int_equal(drv_files(drv), 3); /* the delegation's, and two persons' */
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
    assert_written(drv, FIRST, "focal@kz.example");
    assert_written(drv, PERSON(2, FIRST), "To: \"Omarova Diana\"\r\n <" DIANA ">\r\n");
    assert_written(drv, PERSON(2, FIRST), "Message-ID: <" PERSON(2, FIRST) "@convene.invalid>\r\n");
    assert_written(drv, PERSON(2, FIRST), "Dear Omarova Diana,");
    assert_written(drv, PERSON(2, FIRST), "You are registered.");
    assert_written(drv, PERSON(2, FIRST), "because Kazakhstan (KZ) gave this address");
    assert_written(drv, PERSON(3, FIRST), "You are on the waiting list.");
    assert_written(drv, PERSON(3, FIRST), "on the waiting list, place 7");
    assert_no_part(drv, PERSON(3, FIRST));
    size_t persons = 0;
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t notice = drv_notice(drv->notices[i]);
        bool is_own = notice.notice.len > 7 && memcmp(notice.notice.ptr, "person.", 7) == 0;
        assert_int_equal(notice.has_person, is_own);
        assert_true(!is_own || notice.person == 2 || notice.person == 3);
        assert_true(cv_str_is(notice.cause, "registration.events/1111111111111111/1"));
        persons += is_own && notice.state == CV_NOTICE_STATE_WRITTEN;
    }
    assert_int_equal(persons, 2);
}

/* On the bytes: no other person's name or state, no contact, nothing of the delegation's seats, request or codes. */
static void test_nothing_of_others(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    move_event(drv, 2, "2026-05-20");
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_WITHDRAWAL,
                                              .persons_n = 2,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED},
                                                          {.number = 3, .state = CV_PERSON_STATE_CONFIRMED}},
                                              .seats = {.capacity = 10, .party_maximum = 5, .party_confirmed = 3}};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    static const char *const own[] = {PERSON(2, FIRST), PERSON(2, CHANGE_ID "7.KZ")};
    static const char *const third[] = {PERSON(3, FIRST), PERSON(3, CHANGE_ID "7.KZ"), PERSON(3, EVENTS_ID "2.KZ")};
    static const char *const never[] = {"Bekova",  "Focal",   "focal@",     "No. ",        "Seats",     "0190163d",
                                        "partly_", "Persons", "withdrawal", "another reg", "Decided at"};
    for (size_t i = 0; i < 5; i++) {
        const char *notice = i < 2 ? own[i] : third[i - 2];
        char *file = drv_file(drv, notice);
        if (!file)
            fail_msg("no file %s", notice);
        for (size_t k = 0; k < sizeof(never) / sizeof(never[0]); k++) {
            if (strstr(file, never[k]))
                fail_msg("\"%s\" in %s:\n%s", never[k], notice, file);
        }
        const char *others[] = {i < 2 ? "Seitov" : "Omarova", i < 2 ? "erlan@" : "diana@", i < 2 ? "waiting" : "?none"};
        for (size_t k = 0; k < 3; k++) {
            if (strstr(file, others[k]))
                fail_msg("\"%s\" in %s:\n%s", others[k], notice, file);
        }
        free(file);
    }
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "You are registered.");
}

static void test_refused_requests_are_not_theirs(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_decided_v1_t refused = decision(drv, CV_DECISION_KIND_REGISTER, 0);
    refused.cls = CV_OUTCOME_CLASS_REJECTED;
    refused.persons_n = 1;
    refused.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_REFUSED};
    decide(drv, &refused);
    cv_registration_decided_v1_t proposed = decision(drv, CV_DECISION_KIND_AMEND, 0);
    proposed.code = CV_STR("under_review"); /* the change waits for approval; the person is as it was */
    proposed.persons_n = 1;
    proposed.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_CONFIRMED};
    decide(drv, &proposed);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_person WHERE number = 2"), 1);
}

static void test_an_offer_is_answered_by_the_delegation(void **state)
{
    drv_t *drv = *state;
    drv_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', 1, 'https://kz.example/hook')");
    begin(drv);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                              .persons_n = 1,
                                              .persons = {{.number = 3, .state = CV_PERSON_STATE_OFFERED}},
                                              .has_expires_ms = true,
                                              .expires_ms = drv->ms + DAY_MS};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "You are offered a seat.");
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "Your delegation answers the offer, not this message");
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "To be accepted before");
    assert_no_part(drv, PERSON(3, EVENTS_ID "2.KZ"));
    cv_registration_lapsed_v1_t lapsed = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .expires_ms = drv->ms,
                                          .persons_n = 1,
                                          .persons = {{.number = 3, .state = CV_PERSON_STATE_WITHDRAWN}},
                                          .answer = CV_PARTY_ANSWER_REGISTERED};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, &lapsed);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(3, EVENTS_ID "3.KZ"), "The seat offered to you was not taken.");
    /* No webhook, and no second contact. */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch AS d JOIN ntf_delivery AS v ON v.n = d.n"
                                     " WHERE d.channel = 3 AND v.person > 0"),
                     0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE channel = 3"), 3);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch AS w JOIN ntf_delivery AS v ON v.n = w.n"
                                     " WHERE v.person > 0"),
                     0);
}

/* Who waits is told of changes, and not that it begins. */
static void test_reminders_are_for_who_has_a_seat(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv->ms += INT64_C(68) * DAY_MS; /* seven days before the first day, in UTC */
    drv_run(drv, 2000, true);
    assert_int_equal(rows(drv, "topic = 5 AND person = 0"), 1);
    assert_int_equal(rows(drv, "topic = 5 AND person = 2"), 1);
    assert_int_equal(rows(drv, "topic = 5 AND person = 3"), 0);
    char notice[160];
    snprintf(notice, sizeof(notice), "person.2.reminder.start_7d.FORUM.%lld.KZ", (long long)INT64_C(1778544000));
    assert_written(drv, notice, "The event begins soon.");
    assert_written(drv, notice, "Begins at: 2026-05-12");
    assert_written(drv, notice, "Your place: confirmed");
    assert_no_part(drv, notice);
}

static void test_the_whole_delegation_is_withdrawn(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_decided_v1_t all = decision(drv, CV_DECISION_KIND_WITHDRAW, 0);
    all.answer = CV_PARTY_ANSWER_WITHDRAWN; /* too many to be listed: nobody is, and all are meant */
    decide(drv, &all);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "You are not registered any more.");
    assert_part(drv, PERSON(2, EVENTS_ID "2.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
    assert_written(drv, PERSON(3, EVENTS_ID "2.KZ"), "You are not registered any more.");
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "kind = 3"), 0);
}

/* Who has no place yet was told where it stands, and who is out already hears nothing more. */
static void test_who_has_no_place_leaves_with_the_others(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    tell_one(drv, CV_DECISION_KIND_REVIEW, 2, CV_PERSON_STATE_NOMINATED);
    tell_one(drv, CV_DECISION_KIND_REVIEW, 3, CV_PERSON_STATE_REFUSED);
    drv_run(drv, 1000, true);
    cv_registration_decided_v1_t all = decision(drv, CV_DECISION_KIND_WITHDRAW, 0);
    all.answer = CV_PARTY_ANSWER_WITHDRAWN;
    decide(drv, &all);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, EVENTS_ID "4.KZ"), "You are not registered any more.");
    assert_no_file(drv, PERSON(3, EVENTS_ID "4.KZ"));
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_person WHERE number = 1"), 3); /* it has no address */
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_person WHERE number = 2"), 3);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_person WHERE number = 3"), 4);
}

static void test_a_newcomer_in_another_ones_place(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 1,
                                            .persons = {{.number = 2,
                                                         .name = CV_STR("Nurlanova Saule"),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR("saule@person.example")}}};
    uint64_t private_seq = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    cv_registration_decided_v1_t decided = decision(drv, CV_DECISION_KIND_SUBSTITUTE, private_seq);
    decided.persons_n = 1;
    decided.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_CONFIRMED};
    decide(drv, &decided);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "Dear Nurlanova Saule,");
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "saule@person.example");
    move_event(drv, 2, "2026-05-20");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "saule@person.example");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_person WHERE email = '" DIANA "'"), 0);
}

/* Each has a request of its own, whose SEQUENCE rises for it; one that leaves ends only its own. */
static void test_calendar_of_each(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    assert_part(drv, FIRST, "METHOD:REQUEST\r\n", "SEQUENCE:0\r\n", "mailto:focal@kz.example\r\n");
    assert_part(drv, PERSON(2, FIRST), "METHOD:REQUEST\r\n", "SEQUENCE:0\r\n", "mailto:" DIANA "\r\n");
    move_event(drv, 2, "2026-05-20");
    assert_part(drv, PERSON(2, CHANGE_ID "7.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:2\r\n", "mailto:" DIANA "\r\n");
    assert_no_part(drv, PERSON(3, CHANGE_ID "7.KZ"));
    tell_one(drv, CV_DECISION_KIND_WITHDRAW, 2, CV_PERSON_STATE_WITHDRAWN);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_WITHDRAWAL,
                                              .persons_n = 1,
                                              .persons = {{.number = 3, .state = CV_PERSON_STATE_CONFIRMED}}};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    assert_part(drv, PERSON(2, EVENTS_ID "2.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:3\r\n", "mailto:" DIANA "\r\n");
    assert_part(drv, PERSON(3, EVENTS_ID "3.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "mailto:" ERLAN "\r\n");
    cv_scheduling_event_v1_t event = forum(3);
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, CHANGE_ID "8.KZ"));
    assert_written(drv, PERSON(3, CHANGE_ID "8.KZ"), "Event cancelled.");
    assert_part(drv, PERSON(3, CHANGE_ID "8.KZ"), "METHOD:CANCEL\r\n", "SEQUENCE:3\r\n", "mailto:" ERLAN "\r\n");
}

static void say(drv_t *drv, cv_notice_kind_t kind, bool is_told)
{
    static int number;
    char id[64];
    snprintf(id, sizeof(id), "0190163d-8694-739b-aea6-%012d", ++number);
    cv_audience_rule_t rule = {.kind = kind, .audience = CV_AUDIENCE_PERSON, .told = is_told};
    assert_true(cv_str_is(drv_decide(drv, id, CV_MSG_NOTIFICATIONS_AUDIENCE_PUT_V1, &rule), "audience_set"));
    drv_run(drv, 200, true);
}

/* Where persons are not told of decisions, their states are known all the same: they are told of what they are told of. */
static void test_the_rule_says_whether(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    drv_run(drv, 200, true);
    say(drv, CV_NOTICE_KIND_DECISION, false);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person > 0"), 0);
    assert_int_equal(drv_files(drv), 1);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_part(drv, PERSON(2, CHANGE_ID "7.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
    say(drv, CV_NOTICE_KIND_EVENT_CHANGE, false);
    move_event(drv, 3, "2026-05-21");
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_has_a_notice_of_its_own, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_rule_says_whether, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_of_others, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refused_requests_are_not_theirs, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_offer_is_answered_by_the_delegation, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_reminders_are_for_who_has_a_seat, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_whole_delegation_is_withdrawn, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_who_has_no_place_leaves_with_the_others, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_newcomer_in_another_ones_place, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_calendar_of_each, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
