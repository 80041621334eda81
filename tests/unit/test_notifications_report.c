/* test_notifications_report: a report that is due is reminded of like other deadlines: to whoever owes it, watched until it is there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/config.h"
#include "convene/ids.h"
#include "notifications/escalate.h"
#include "notifications/store_remind.h"

#include "notifications_offer.h"

#define DESK "SECRETARIAT"
#define DUE "FORUM.1781380800" /* 2026-06-13 20:00 UTC, when 13 June is over in Baku */

static void run_at(drv_t *drv, const char *time)
{
    assert_int_equal(cv_time_parse(cv_str(time), &drv->ms), CV_OK);
    drv_run(drv, 1500, true);
}

static int64_t reminders(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 5 AND notice NOT LIKE 'second.%'");
}

/* FORUM was held on 12 and 13 May in Baku. proposer NULL: nobody proposed it. */
static void tell_held(drv_t *drv, int64_t version, cv_event_status_t status, const char *proposer)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.status = status;
    event.event_details.zone = CV_STR("Asia/Baku");
    event.event_details.proposer = proposer ? cv_str(proposer) : CV_STR_NONE;
    tell_event(drv, &event);
}

static void held(drv_t *drv, const char *proposer)
{
    tell_catalogue(drv);
    run_at(drv, "2026-05-14T06:00:00Z");
    tell_held(drv, 2, CV_EVENT_STATUS_HELD, proposer);
    drv_run(drv, 1000, true);
}

static void test_until_it_is_there(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, "UZ", 1, "first@uz.example");
    held(drv, "UZ");
    run_at(drv, "2026-06-06T19:59:50Z");
    assert_int_equal(reminders(drv), 0);
    drv_run(drv, 12000, true);
    assert_int_equal(reminders(drv), 1);
    assert_written(drv, "reminder.report_7d." DUE ".UZ", "first@uz.example");
    assert_written(drv, "reminder.report_7d." DUE ".UZ",
                   ": 2026-06-13 23:59:59 +04:00 (Asia/Baku)\r\n"); /* not 0:00 of the next */
    assert_int_equal(drv_number(drv, "SELECT deadline_ms FROM ntf_watch"), 1781380800000);
    drv_restart(drv);
    run_at(drv, "2026-06-10T00:00:00Z");
    tell_held(drv, 3, CV_EVENT_STATUS_REPORTED, "UZ");
    drv_run(drv, 1000, true);
    run_at(drv, "2026-06-13T00:00:00Z");
    assert_int_equal(reminders(drv), 1);
}

static void test_escalates(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "UZ", 2, "second@uz.example");
    held(drv, "UZ");
    run_at(drv, "2026-06-12T21:00:00Z"); /* of both that are due the nearer one */
    assert_int_equal(reminders(drv), 1);
    stuck(drv, "first@uz.example");
    run_at(drv, "2026-06-13T07:59:00Z");
    assert_int_equal(seconds(drv), 0);
    run_at(drv, "2026-06-13T08:30:30Z");
    assert_int_equal(seconds(drv), 1);
    assert_written(drv, "second.reminder.report_1d." DUE ".UZ", "second@uz.example");
    assert_written(drv, "second.reminder.report_1d." DUE ".UZ", "Осталось: 11 часов"); /* not the rule's day */
    stuck(drv, "second@uz.example");
    run_at(drv, "2026-06-13T19:00:00Z");
    assert_written(drv, "unseen.reminder.report_1d." DUE ".UZ", "desk@secretariat.example");
}

static void test_reported_in_time(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "UZ", 2, "second@uz.example");
    held(drv, "UZ");
    run_at(drv, "2026-06-12T21:00:00Z");
    stuck(drv, "first@uz.example");
    tell_held(drv, 3, CV_EVENT_STATUS_REPORTED, "UZ"); /* whoever wrote it knew */
    drv_run(drv, 500, true);
    run_at(drv, "2026-06-15T00:00:00Z");
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 9"), 0);
}

/* It is the office's, and not of whom the proposer named as its delegation's contact for that event. */
static void test_not_to_its_delegation(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "UZ", 2, "second@uz.example");
    (void)tell_contact(drv, "UZ", "travel@uz.example");
    held(drv, "UZ");
    run_at(drv, "2026-06-12T21:00:00Z");
    assert_written(drv, "reminder.report_1d." DUE ".UZ", "first@uz.example");
    assert_written(drv, "reminder.report_1d." DUE ".UZ", "Отчёта об этом мероприятии ещё нет");
    stuck(drv, "first@uz.example");
    run_at(drv, "2026-06-13T08:30:30Z");
    assert_written(drv, "second.reminder.report_1d." DUE ".UZ", "second@uz.example");
}

/* What nobody proposed is the secretariat's. */
static void test_without_a_proposer(void **state)
{
    drv_t *drv = *state;
    held(drv, NULL);
    run_at(drv, "2026-06-07T00:00:00Z");
    assert_int_equal(reminders(drv), 0); /* which nobody is named for yet */
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    run_at(drv, "2026-06-13T00:00:00Z");
    assert_int_equal(reminders(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 5 AND party = '" DESK "'"), 1);
    /* It is no party of scheduling, so its name never comes, and is not waited for. */
    assert_written(drv, "reminder.report_1d." DUE "." DESK, "desk@secretariat.example");
    assert_written(drv, "reminder.report_1d." DUE "." DESK, "Отчёта об этом мероприятии ещё нет");
}

/* Which no rule of the domain says, so that nobody is reminded after an upgrade who has not set it. */
static void test_off_by_default(void **state)
{
    (void)state;
    size_t n, found = 0;
    const cv_config_key_t *keys = cv_config_keys(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].key, "notifications/report_days") == 0 && ++found)
            assert_string_equal(keys[i].value, "0");
    }
    assert_int_equal(found, 1);
}

/* Rules of an older database stay as they were set, also one that is named like a new one. */
static void test_migration(void **state)
{
    drv_t *drv = *state;
    char error[256], file[128];
    cv_db_t *db;
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        (void)snprintf(file, sizeof(file), "%s%s", drv->path, *end);
        unlink(file);
    }
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = 11};
    assert_int_equal(cv_db_open(&options, &db, error, sizeof(error)), CV_OK);
    assert_int_equal(cv_db_exec(db, "INSERT INTO ntf_rule VALUES('report_7d', 0, 7200000, 1, 0);"
                                    "UPDATE ntf_rule SET off = 1 WHERE rule = 'start_1d'"),
                     CV_OK);
    cv_db_close(&db);
    drv_start(drv);
    drv_run(drv, 500, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_rule"), 10);
    assert_int_equal(drv_number(drv, "SELECT before_ms FROM ntf_rule WHERE rule = 'report_7d'"), 7200000);
    assert_int_equal(drv_number(drv, "SELECT off FROM ntf_rule WHERE rule = 'start_1d'"), 1);
    assert_int_equal(drv_number(drv, "SELECT anchor FROM ntf_rule WHERE rule = 'report_1d'"), NTF_ANCHOR_REPORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_until_it_is_there, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_escalates, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_reported_in_time, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_not_to_its_delegation, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_without_a_proposer, drv_setup, drv_teardown),
        cmocka_unit_test(test_off_by_default),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
