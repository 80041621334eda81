/* test_notifications_persons_replaced: who is in another one's place is told nothing that was that one's, and of that one nothing
 * stays.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/persons.h"

#include "notifications_persons.h"

#define SAULE "saule@person.example"

static uint64_t tell_second(drv_t *drv, const char *name, const char *email)
{
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .persons_n = 1,
        .persons = {{.number = 2, .name = cv_str(name), .capacity = CV_CAPACITY_DELEGATE, .email = cv_str(email)}}};
    return drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
}

static void substitute(drv_t *drv, const char *name, cv_person_state_t state)
{
    cv_registration_decided_v1_t decided = decision(drv, CV_DECISION_KIND_SUBSTITUTE, tell_second(drv, name, SAULE));
    decided.persons_n = 1;
    decided.persons[0] = (cv_person_place_t){.number = 2, .state = state};
    decide(drv, &decided);
}

static void assert_nothing_of_diana(drv_t *drv)
{
    assert_false(stored_in(drv->path, "diana@", 6));
    assert_false(stored_in(drv->path, "Omarova", 7));
}

/* Her address was stopped: what waited for her ends, what was written is taken away, and nobody else reads it. */
static void test_what_waited_is_not_the_newcomers(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    assert_int_equal(rows(drv, "person = 2 AND state = 1 AND hold = 1"), 1);
    assert_true(stored_in(drv->path, "diana@", 6));
    substitute(drv, "Nurlanova Saule", CV_PERSON_STATE_WAITING);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, FIRST));
    assert_no_file(drv, PERSON(2, CHANGE_ID "7.KZ"));
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 0);
    assert_nothing_of_diana(drv);
    /* The newcomer is told what is its own, without the end of an entry that it never had; others notice nothing. */
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "Dear Nurlanova Saule,");
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "You are on the waiting list.");
    assert_no_part(drv, PERSON(2, EVENTS_ID "2.KZ"));
    assert_written(drv, PERSON(3, CHANGE_ID "7.KZ"), ERLAN);
    move_event(drv, 3, "2026-05-21");
    assert_written(drv, PERSON(2, CHANGE_ID "8.KZ"), SAULE);
}

/* Another person is erased: files are written anew, and none of the one before to the one who is there now. */
static void test_files_are_not_written_anew_to_the_newcomer(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    substitute(drv, "Nurlanova Saule", CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, false); /* killed before files are taken away */
    tell_erased(drv, 3);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, FIRST));
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), SAULE);
    assert_nothing_of_diana(drv);
}

static void mail(drv_t *drv, const char *where, const char *set)
{
    char sql[600];
    snprintf(sql, sizeof(sql),
             "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts) SELECT n, 2, 0, '" DIANA
             "', CAST('To: " DIANA "' AS BLOB), 0, 1 FROM ntf_delivery WHERE person = 2 AND %s;"
             "UPDATE ntf_dispatch SET %s WHERE number = (SELECT max(number) FROM ntf_dispatch)",
             where, set);
    drv_sql(drv, sql);
}

/* Of a mail that waits for its server, a dead one, and one that was delivered and comes back later. */
static void test_mails_of_the_one_before_end(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    move_event(drv, 2, "2026-05-20");
    move_event(drv, 3, "2026-05-21");
    drv_sql(drv, "UPDATE ntf_delivery SET channel = 2 WHERE person = 2");
    mail(drv, "kind = 1", "head = 1");
    mail(drv, "cause LIKE '%/7'", "state = 4, reason = 3");
    mail(drv, "cause LIKE '%/8'", "state = 3, done_ms = 1, body = NULL");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch"), 3);
    substitute(drv, "Nurlanova Saule", CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, PERSON(2, FIRST)), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(told(drv, PERSON(2, CHANGE_ID "7.KZ")), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '' AND body IS NULL"), 3);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE head = 1 OR state < 3"), 0);
    assert_int_equal(drv_number(drv, "SELECT n FROM ntf_dead WHERE channel = 2"), 0);
    assert_nothing_of_diana(drv);
    /* What comes back later can be sent again to nobody: there is nobody whom it is to. */
    ntf_persons_t *persons = NULL;
    ntf_recipient_t whom;
    cv_arena_t *arena = cv_arena_new(4096);
    assert_int_equal(ntf_persons_open(drv->db, &persons), CV_OK);
    ntf_delivery_t row = {.event = CV_STR("FORUM"), .party = CV_STR(KZ), .person = 2};
    row.place = (int)drv_number(drv, "SELECT place FROM ntf_delivery WHERE notice = '" PERSON(2, CHANGE_ID "8.KZ") "'");
    assert_int_equal(ntf_person_recipient(persons, &row, arena, &whom), CV_ENOTFOUND);
    row.place = (int)drv_number(drv, "SELECT place FROM ntf_delivery WHERE notice = '" PERSON(2, EVENTS_ID "2.KZ") "'");
    assert_int_equal(ntf_person_recipient(persons, &row, arena, &whom), CV_OK);
    cv_arena_destroy(&arena);
    ntf_persons_close(&persons);
}

/* Both records were there before this service looked: what was decided of the one before is not told to the newcomer, and what
 * is decided of the newcomer is. The address of both is the same desk's. */
static void test_replaced_while_nobody_looked(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_three(drv, CV_PERSON_STATE_WAITING, tell_persons(drv, SAULE, NULL));
    substitute(drv, "Nurlanova Saule", CV_PERSON_STATE_CONFIRMED);
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_WITHDRAWAL,
                                              .persons_n = 1,
                                              .persons = {{.number = 2, .state = CV_PERSON_STATE_ONLINE}},
                                              .private_seq = 2};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 1000, true);
    assert_no_file(drv, PERSON(2, FIRST));
    assert_int_equal(rows(drv, "person = 2 AND cause LIKE '%/1'"), 0);
    assert_written(drv, PERSON(2, EVENTS_ID "2.KZ"), "Dear Nurlanova Saule,");
    assert_written(drv, PERSON(2, EVENTS_ID "3.KZ"), "Your place: online");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_owed"), 0);
    move_event(drv, 2, "2026-05-20");
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "Dear Nurlanova Saule,");
}

/* Another address of the same person is no other person: what waits goes there. */
static void test_the_same_person_keeps_its_notices(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    move_event(drv, 2, "2026-05-20");
    tell_second(drv, DIANA_NAME, "omarova@person.example");
    drv_run(drv, 1000, true);
    assert_written(drv, PERSON(2, CHANGE_ID "7.KZ"), "omarova@person.example");
    assert_written(drv, PERSON(2, FIRST), DIANA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_waited_is_not_the_newcomers, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_files_are_not_written_anew_to_the_newcomer, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_mails_of_the_one_before_end, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_replaced_while_nobody_looked, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_person_keeps_its_notices, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
