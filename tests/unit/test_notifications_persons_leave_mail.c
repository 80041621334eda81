/* test_notifications_persons_leave_mail: what tells who is replaced by another, on its way through a mail server: the same octets for
 * ever, to that address and no other, and forgotten when it has left.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/dispatch.h"

#include "convene/config.h"
#include "notifications/persons.h"

#include "notifications_leave.h"

static void configure(const char *url)
{
    char error[CV_CONFIG_ERROR_MAX] = "", smtp[80];
    snprintf(smtp, sizeof(smtp), "smtp/url=%s", url);
    const char *const sets[] = {smtp, "smtp/sender=notices@convene.example", "smtp/starttls=none",
                                "notifications/webhook_key=none", "notifications/retry=1s"};
    cv_config_t *config = NULL;
    if (cv_config_load(NULL, NULL, sets, sizeof(sets) / sizeof(sets[0]), &config, error, sizeof(error)) ||
        ntf_post_configure(config, error, sizeof(error)))
        fail_msg("%s", error);
    cv_config_destroy(&config);
}

/* Nobody listens there: what leaves comes back at once, and waits. */
static int setup_mail(void **state)
{
    configure("smtp://127.0.0.1:1");
    return drv_setup(state);
}

static int teardown_mail(void **state)
{
    int failed = drv_teardown(state);
    configure("none");
    return failed;
}

#define IS_LEAVES "n = (SELECT n FROM ntf_delivery WHERE notice = '" LEAVES "')"

static int64_t mails(drv_t *drv, const char *where)
{
    char sql[300];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_dispatch WHERE " IS_LEAVES " AND %s", where);
    return drv_number(drv, sql);
}

/* Turns until the courier has given back what it was given. */
static void turn_until(drv_t *drv, const char *sql)
{
    for (int i = 0; i < 10000 && !drv_number(drv, sql); i++)
        drv_run(drv, 50, true);
    assert_int_equal(drv_number(drv, sql), 1);
}

/* All mails were delivered; then another has her place, and nothing is sent yet. */
static void begin_mailed(drv_t *drv)
{
    begin(drv);
    turn_until(drv, "SELECT max(state) <> 2 FROM ntf_dispatch");
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 3, head = 0, done_ms = 1, body = NULL, attempts = 1");
    drv_restart(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, false);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_WRITTEN); /* on its way */
    assert_int_equal(mails(drv, "address = '" DIANA "' AND head = 1 AND instr(body, 'METHOD:CANCEL') > 0"
                                " AND instr(body, 'SEQUENCE:1') > 0 AND instr(body, 'Omarova') > 0"),
                     1);
    assert_int_equal(mails(drv, "instr(body, 'From: \"Convene\" <notices@convene.example>') > 0"), 1);
    assert_int_equal(mails(drv, "instr(body, 'aule') > 0"), 0);
}

static void redrive(drv_t *drv)
{
    cv_notifications_redrive_v1_t all = {.dispatches_n = 0};
    static int number;
    char id[64];
    snprintf(id, sizeof(id), "0190163d-8694-739b-aec5-%012d", ++number);
    assert_true(cv_str_is(drv_decide(drv, id, CV_MSG_NOTIFICATIONS_REDRIVE_V1, &all), "redriven"));
}

/* Given up, redriven, with others erased, another in the newcomer's place and another contact: the same octets. */
static void test_a_mail_is_the_same_for_ever(void **state)
{
    drv_t *drv = *state;
    begin_mailed(drv);
    drv_sql(drv, "CREATE TABLE test_kept AS SELECT body FROM ntf_dispatch WHERE " IS_LEAVES);
    turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE " IS_LEAVES " AND state = 4");
    assert_int_equal(mails(drv, "reason = 6 AND attempts > 1"), 1); /* it was sent: unreachable */
    turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '" SAULE "' AND attempts > 0 AND state <> 2");
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_DEAD);
    tell_erased(drv, 3);
    substitute(drv, TIMUR_NAME, TIMUR, CV_PERSON_STATE_CONFIRMED);
    tell_contact(drv, KZ, "desk@kz.example");
    drv_run(drv, 1000, true);
    redrive(drv);
    turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE " IS_LEAVES " AND state = 4");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch AS d JOIN test_kept AS k ON k.body = d.body"
                                     " WHERE d.address = '" DIANA "'"),
                     1);
    /* The number is erased: it is nobody's attention any more. */
    tell_erased(drv, 2);
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_SILENCED);
    drv_sql(drv, "DROP TABLE test_kept");
    assert_int_equal(mails(drv, "address = '' AND body IS NULL AND state = 4 AND reason = 15"), 1);
}

static void test_a_mail_that_was_delivered_is_forgotten(void **state)
{
    drv_t *drv = *state;
    begin_mailed(drv);
    drv_sql(drv,
            "INSERT INTO ntf_attempt SELECT number, 1, 1, 1, 250, 'ok " DIANA "' FROM ntf_dispatch WHERE " IS_LEAVES
            ";UPDATE ntf_dispatch SET state = 3, head = 0, done_ms = 1, attempts = 1, body = NULL WHERE " IS_LEAVES);
    drv_restart(drv);
    drv_run(drv, 1000, false);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_DELIVERED);
    assert_int_equal(mails(drv, "address = '' AND state = 3"), 1);
    assert_nothing_of_diana(drv);
    /* It comes back: said of the notice, and of nobody's address; sent again it is to nobody. */
    cv_notifications_bounce_report_v1_t bounce = {
        .notice = CV_STR(LEAVES), .what = CV_BOUNCE_KIND_HARD, .status = CV_STR("5.1.1")};
    cv_str_t code =
        drv_decide(drv, "0190163d-8694-739b-aec6-000000000001", CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &bounce);
    if (!cv_str_is(code, "bounce_taken"))
        fail_msg("%.*s", CV_STR_ARG(code));
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_DEAD);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 0);
    redrive(drv);
    turn_until(drv, "SELECT count(*) FROM ntf_delivery WHERE notice = '" LEAVES "' AND digest = -1");
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(mails(drv, "state = 4 AND reason = 15 AND body IS NULL AND attempts = 1"), 1);
}

static void test_a_mail_whose_octets_are_lost(void **state)
{
    drv_t *drv = *state;
    begin_mailed(drv);
    drv_sql(drv, "UPDATE ntf_dispatch SET body = NULL WHERE " IS_LEAVES);
    drv_restart(drv);
    turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE " IS_LEAVES " AND state = 4 AND reason = 15");
    drv_run(drv, 1000, true);
    assert_int_equal(told(drv, LEAVES), CV_NOTICE_STATE_SILENCED);
    assert_int_equal(mails(drv, "attempts = 0"), 1);
    assert_nothing_of_diana(drv);
}

/* Her address takes no mail any more: a dead letter, and the newcomer's leaves. */
static void test_a_mail_to_an_address_that_is_stopped(void **state)
{
    drv_t *drv = *state;
    begin_mailed(drv);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('" DIANA "', 1, 1, '5.1.1', 1, 0, 0, 0)");
    turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE " IS_LEAVES " AND state = 4");
    assert_int_equal(mails(drv, "reason = 21 AND attempts = 0 AND instr(body, 'Omarova') > 0"), 1); /* stopped */
    turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '" SAULE "' AND attempts > 0 AND state <> 2");
}

/* Made for the outbox, where it waited; a mail server is set since. It cannot be made anew, and is a file all the same. */
static void test_a_file_stays_a_file(void **state)
{
    drv_t *drv = *state;
    configure("none");
    begin_told(drv);
    substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
    drv_run(drv, 1000, false);
    assert_int_equal(stays(drv), 1);
    configure("smtp://127.0.0.1:1");
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_written(drv, LEAVES, "To: \"Omarova Diana\"\r\n <" DIANA ">\r\n");
    assert_int_equal(mails(drv, "1"), 0);
    assert_no_file(drv, NEWCOMERS);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '" SAULE "'"), 1);
}

/* What was never sent by the server is nothing to take back, but what may have been is. */
static void test_mails_that_did_and_did_not_leave(void **state)
{
    static const struct {
        const char *set;
        int64_t leaves;
    } cases[] = {{"state = 1, reason = 6, attempts = 3", 0},  /* unreachable */
                 {"state = 4, reason = 3, attempts = 1", 0},  /* refused */
                 {"state = 1, reason = 11, attempts = 1", 1}, /* interrupted */
                 {"state = 1, reason = 9, attempts = 1", 1},  /* timeout */
                 {"state = 2, reason = 0, attempts = 1", 1}}; /* on its way */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        drv_t *drv = NULL;
        char sql[200];
        assert_int_equal(drv_setup((void **)&drv), 0);
        begin(drv);
        turn_until(drv, "SELECT count(*) FROM ntf_dispatch WHERE address = '" DIANA "' AND state <> 2");
        snprintf(sql, sizeof(sql), "UPDATE ntf_dispatch SET head = 0, %s WHERE address = '" DIANA "'", cases[i].set);
        drv_sql(drv, sql);
        substitute(drv, SAULE_NAME, SAULE, CV_PERSON_STATE_CONFIRMED);
        drv_run(drv, 500, false);
        assert_int_equal(rows(drv, "notice LIKE 'replaced.%'"), cases[i].leaves);
        drv_destroy(&drv);
    }
    (void)state;
}

static int setup_settings(void **state)
{
    (void)state;
    configure("smtp://127.0.0.1:1");
    return 0;
}

static int teardown_settings(void **state)
{
    (void)state;
    configure("none");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_mail_is_the_same_for_ever, setup_mail, teardown_mail),
        cmocka_unit_test_setup_teardown(test_a_mail_that_was_delivered_is_forgotten, setup_mail, teardown_mail),
        cmocka_unit_test_setup_teardown(test_a_mail_whose_octets_are_lost, setup_mail, teardown_mail),
        cmocka_unit_test_setup_teardown(test_a_mail_to_an_address_that_is_stopped, setup_mail, teardown_mail),
        cmocka_unit_test_setup_teardown(test_a_file_stays_a_file, setup_mail, teardown_mail),
        cmocka_unit_test_setup_teardown(test_mails_that_did_and_did_not_leave, setup_settings, teardown_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
