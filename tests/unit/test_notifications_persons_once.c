/* test_notifications_persons_once: persons' notices whatever comes late, dies, is erased or is of an older version: each once,
 * and nobody waits for another.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/persons.h"

#include "notifications_persons.h"

/* The decision and a change are here before the addresses: then each person is told both, in that order, once. */
static void test_contact_data_come_later(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    drv->streams[DRV_PRIVATE].closed = true;
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, 1);
    drv_run(drv, 1000, true);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person > 0"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 2);
    drv_restart(drv);
    tell_persons(drv, DIANA, NULL);
    drv->streams[DRV_PRIVATE].closed = false;
    drv_run(drv, 8000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
    assert_int_equal(rows(drv, "person = 2"), 2);
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_written(drv, PERSON(2, FIRST), "You are registered.");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Event changed.");
    assert_int_equal(drv_number(drv, "SELECT (SELECT n FROM ntf_delivery WHERE person = 2 AND kind = 1) <"
                                     " (SELECT n FROM ntf_delivery WHERE person = 2 AND kind = 3)"),
                     1);
}

/* Killed after the record and before the lease, and after the lease: made once. */
static void test_killed_in_between(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, false); /* nothing after the transactions */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 1);
    assert_int_equal(rows(drv, "person > 0"), 0);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person > 0"), 2);
    assert_int_equal(drv_files(drv), 3);
    drv_sql(drv, "INSERT INTO ntf_owed SELECT n FROM ntf_delivery WHERE notice = '" FIRST
                 "'"); /* as if it were owed again */
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "1"), 3);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
}

/* A delegation that has nobody to write to keeps its persons from nothing. */
static void test_without_a_contact(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .persons_n = 1,
        .persons = {
            {.number = 2, .name = cv_str(DIANA_NAME), .capacity = CV_CAPACITY_DELEGATE, .email = CV_STR(DIANA)}}};
    uint64_t seq = drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    tell_three(drv, CV_PERSON_STATE_ONLINE, seq);
    drv_run(drv, 1000, true);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person = 0 AND hold = 1"), 2);
    assert_written(drv, PERSON(2, FIRST), "You are registered to take part online.");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Event changed.");
    recipient(drv, 1, "mission@kz.example");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 4);
    move_event(drv, 3, "2026-05-21"); /* in the language of whom its party has now */
    assert_written(drv, PERSON(2, CHANGE_ID "8.KZ"), "Content-Language: ru\r\n");
}

/* A change that was seen before the registration that went by the version before it. */
static void test_a_change_seen_before_the_registration(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.city = CV_STR("Ganja");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    drv->version = 1;
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, NULL));
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Place: Baku, AZ -> Ganja, AZ");
    /* The delegation is known now; a person who comes later under the old version is told too, and only that one. */
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 1,
                                            .persons = {{.number = 4,
                                                         .name = CV_STR("Nurlanova Saule"),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR("saule@person.example")}}};
    (void)drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 500, true);
    tell_one(drv, CV_DECISION_KIND_REGISTER, 4, CV_PERSON_STATE_CONFIRMED);
    drv->version = 2;
    tell_one(drv, CV_DECISION_KIND_AMEND, 2, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(4, CHANGE_ID "7.KZ"), "Place: Baku, AZ -> Ganja, AZ");
    assert_int_equal(rows(drv, "kind = 3"), 3);
}

static void test_a_dead_person_keeps_nobody_from_being_told(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_CONFIRMED, tell_persons(drv, DIANA, ERLAN));
    drv_run(drv, 1000, true);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    move_event(drv, 3, "2026-05-21");
    assert_written(drv, CHANGE_ID "7.KZ", "Event changed.");
    assert_written(drv, CHANGE_ID "8.KZ", "Event changed.");
    assert_written(drv, PERSON(3, CHANGE_ID "7.KZ"), "Event changed.");
    assert_written(drv, PERSON(3, CHANGE_ID "8.KZ"), "Event changed.");
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    assert_int_equal(rows(drv, "person = 2 AND state = 1 AND hold = 1"), 2);
    assert_int_equal(rows(drv, "person <> 2 AND state = 1"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"),
                     0); /* nobody looks for nothing */
    drv_restart(drv);    /* the address is still somebody's, so it is not forgotten */
    drv_run(drv, 500, true);
    cv_notifications_contact_clear_v1_t clear = {.party = CV_STR(KZ), .order = 0};
    assert_true(cv_str_is(
        drv_decide(drv, "00000000-0000-4000-8000-000000000001", CV_MSG_NOTIFICATIONS_CONTACT_CLEAR_V1, &clear),
        "contact_cleared"));
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "2026-05-20");
    assert_written(drv, PERSON(2, CHANGE_ID "8.KZ"), "2026-05-21");
}

static void test_another_address_lets_go_what_waits(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    tell_persons(drv, "omarova@person.example", ERLAN);
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "omarova@person.example");
    tell_persons(drv, NULL, ERLAN); /* no address any more: nothing more is made */
    drv_run(drv, 500, true);
    move_event(drv, 3, "2026-05-21");
    assert_int_equal(rows(drv, "person = 2"), 2);
    assert_int_equal(rows(drv, "person = 3"), 3);
}

/* What lies in the outbox is taken away, what has not left ends, and the address is nowhere; others keep theirs. */
static void test_erased(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person = 2 AND state = 1"), 1);
    assert_true(stored_in(drv->path, "diana@", 6));
    tell_erased(drv, 2);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, FIRST));
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    assert_int_equal(rows(drv, "person = 2 AND state = 1"), 0);
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_false(stored_in(drv->path, "diana@", 6));
    assert_false(stored_in(drv->path, "Omarova", 7));
    assert_written(drv, PERSON(3, FIRST), ERLAN);
    assert_written(drv, PERSON(3, CHANGE_ID "7.KZ"), ERLAN);
    assert_int_equal(drv_files(drv), 4);
    tell_one(drv, CV_DECISION_KIND_ERASE, 2, CV_PERSON_STATE_WITHDRAWN);
    drv_run(drv, 1000, true);
    assert_int_equal(rows(drv, "person = 2"), 2);
}

/* Of a mail that waits for its server, and of a dead one: the number stays, address and bytes do not, and both end. */
static void test_erased_while_it_is_mailed(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "UPDATE ntf_delivery SET channel = 2 WHERE person = 2;"
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts) SELECT n, 2, 0, '" DIANA
                 "', CAST('To: " DIANA "' AS BLOB), 1, 1 FROM ntf_delivery WHERE person = 2");
    move_event(drv, 2, "2026-05-20");
    drv_sql(drv, "UPDATE ntf_delivery SET channel = 2 WHERE person = 2;"
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts) SELECT n, 2, 0, '" DIANA
                 "', CAST('To: " DIANA "' AS BLOB), 0, 1 FROM ntf_delivery WHERE person = 2 AND kind = 3;"
                 "UPDATE ntf_dispatch SET state = 4, reason = 3 WHERE number = 2");
    assert_int_equal(drv_number(drv, "SELECT n FROM ntf_dead WHERE channel = 2"), 1);
    tell_erased(drv, 2);
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, PERSON(2, FIRST)), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '' AND body IS NULL"), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE head = 1 OR state < 3"), 0);
    assert_int_equal(drv_number(drv, "SELECT n FROM ntf_dead WHERE channel = 2"), 0);
    assert_false(stored_in(drv->path, "diana@", 6));
}

/* A snapshot of contact data says who is where; nobody is told of it, and who has a place is told of what comes. */
static void test_a_snapshot(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 2,
                                            .persons = {{.number = 2,
                                                         .name = cv_str(DIANA_NAME),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR(DIANA),
                                                         .state = CV_PERSON_STATE_WITHDRAWN},
                                                        {.number = 5,
                                                         .name = CV_STR("Nurlanova Saule"),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR("saule@person.example"),
                                                         .state = CV_PERSON_STATE_ONLINE}}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_new_epoch(drv, DRV_PRIVATE);
    drv_run(drv, 2000, true);
    assert_int_equal(rows(drv, "person > 0"), 2);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "kind = 3 AND person > 0"), 1);
    assert_part(drv, PERSON(5, CHANGE_ID "7.KZ"), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n",
                "mailto:saule@person.example\r\n");
}

/* Who is not in the snapshot any more was erased meanwhile: what waited for an address ends, and the file goes. */
static void test_gone_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person = 2 AND hold = 1"), 1);
    cv_registration_contact_v1_t contact = {.event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .persons_n = 1,
                                            .persons = {{.number = 3,
                                                         .name = cv_str(ERLAN_NAME),
                                                         .capacity = CV_CAPACITY_DELEGATE,
                                                         .email = CV_STR(ERLAN),
                                                         .state = CV_PERSON_STATE_WAITING}}};
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_new_epoch(drv, DRV_PRIVATE);
    drv_run(drv, 2000, true);
    assert_int_equal(rows(drv, "person = 2 AND state = 1"), 0);
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_no_file(drv, PERSON(2, FIRST));
    assert_written(drv, PERSON(3, FIRST), ERLAN);
}

/* From the version before persons were told: its rows are the delegation's, and nobody has an address until it is told. */
static void test_migration(void **state)
{
    drv_t *drv = *state;
    char error[512] = "";
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[160];
        snprintf(path, sizeof(path), "%s%s", drv->path, ends[i]);
        drv_remove(path);
    }
    size_t before = 0;
    while (ntf_service.migrations[before] != ntf_tables_persons)
        before++;
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = before,
                               .cache_kib = 1024};
    if (cv_db_open(&options, &drv->db, error, sizeof(error)))
        fail_msg("%s", error);
    drv_sql(drv, "INSERT INTO ntf_person VALUES('FORUM', 'KZ', 2, 'Omarova Diana');"
                 "INSERT INTO ntf_contact VALUES('FORUM', 'KZ', 'Focal Point', 'focal@kz.example', 1);"
                 "INSERT INTO ntf_answer VALUES('FORUM', 'KZ', 1, 1);"
                 "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, hold, state,"
                 " announced, calendar) VALUES('n1', 1, 'registration.events/11/1', 'FORUM', 'KZ', 5, 0, 0, 2, 2, 1)");
    cv_db_close(&drv->db);
    drv_start(drv);
    tell_catalogue(drv);
    drv_run(drv, 1000, true);
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person > 0"), 0);
    assert_part(drv, CHANGE_ID "7.KZ", "METHOD:REQUEST\r\n", "SEQUENCE:2\r\n", "mailto:focal@kz.example\r\n");
    uint64_t private_seq = tell_persons(drv, DIANA, NULL);
    cv_registration_decided_v1_t amended = decision(drv, CV_DECISION_KIND_AMEND, private_seq);
    amended.persons_n = 1;
    amended.persons[0] = (cv_person_place_t){.number = 2, .state = CV_PERSON_STATE_CONFIRMED};
    decide(drv, &amended);
    drv_run(drv, 1000, true);
    assert_part(drv, PERSON(2, FIRST), "METHOD:REQUEST\r\n", "SEQUENCE:1\r\n", "mailto:" DIANA "\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_contact_data_come_later, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_killed_in_between, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_without_a_contact, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_change_seen_before_the_registration, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_dead_person_keeps_nobody_from_being_told, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_address_lets_go_what_waits, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased_while_it_is_mailed, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_gone_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
