/* test_notifications_escalate_reminders: which reminders go to the next contact: of a deadline that stands, for whoever has not
 * answered, and one of several.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"
#include "notifications/escalate.h"

#include "notifications_offer.h"

/* A reminder of a start that moved is not escalated; that of the new start is, by the new one. */
static void test_moves_with_the_event(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.time_start = CV_STR("09:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    tell_event(drv, &event);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    recipient(drv, 1, "second@kz.example");
    int64_t start_ms = 1778563800000; /* 2026-05-12 05:30 UTC */
    jump(drv, start_ms - 7 * DAY_MS - drv->ms);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch WHERE state = 1"), 1);
    stuck(drv, "focal@KZ.example");
    event.version = 3;
    event.event_details.date_start = CV_STR("2026-05-14");
    event.event_details.date_end = CV_STR("2026-05-15");
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    jump(drv, start_ms - 11 * HOUR_MS - drv->ms);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch WHERE state = 3 AND deadline_ms = 1778563800000"),
                     1);
    jump(drv, start_ms + DAY_MS - drv->ms); /* a day before the new start */
    stuck(drv, "focal@KZ.example");
    jump(drv, start_ms + 2 * DAY_MS - 12 * HOUR_MS - drv->ms);
    assert_int_equal(seconds(drv), 1);
}

/* A reminder to answer goes to nobody else once there is an answer, and one of a start to nobody whose delegation is out. */
static void test_reminders_that_are_done(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "UZ", 2, "second@uz.example");
    recipient(drv, 2, "second@kz.example");
    cv_scheduling_event_v1_t event = forum(2);
    event.event_details.time_start = CV_STR("09:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    open_registration(drv, &event);
    tell_event(drv, &event);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    jump(drv, 9 * DAY_MS + HOUR_MS);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch AS w JOIN ntf_delivery AS v ON v.n = w.n"
                                     " WHERE w.state = 1 AND v.party = 'UZ'"),
                     1);
    stuck(drv, "first@uz.example");
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, 0);
    drv_run(drv, 500, true);
    jump(drv, 20 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    jump(drv, 1778563800000 - DAY_MS + HOUR_MS - drv->ms); /* a day before the start, 2026-05-12 05:30 UTC */
    stuck(drv, "focal@KZ.example");
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_WITHDRAWN, 0);
    drv_run(drv, 500, true);
    jump(drv, 20 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch WHERE state <> 3"), 0);
}

/* UZ is reminded a week and a day before registration closes; the first one is not taken. */
static void reminded_twice(drv_t *drv)
{
    tell_catalogue(drv);
    recipient_of(drv, "SECRETARIAT", 1, "desk@secretariat.example");
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "UZ", 2, "second@uz.example");
    cv_scheduling_event_v1_t event = forum(2);
    open_registration(drv, &event);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    jump(drv, 3 * DAY_MS + HOUR_MS);
    stuck(drv, "first@uz.example");
    jump(drv, 6 * DAY_MS);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch WHERE state = 1"), 2);
}

/* Of two reminders of one deadline the later one says all that the other did. */
static void test_a_later_reminder_arrives(void **state)
{
    drv_t *drv = *state;
    reminded_twice(drv);
    jump(drv, 12 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    jump(drv, 12 * HOUR_MS);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 9"), 0);
}

static void test_both_reminders_fail(void **state)
{
    drv_t *drv = *state;
    reminded_twice(drv);
    stuck(drv, "first@uz.example");
    jump(drv, 12 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(
        drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE notice LIKE 'second.reminder.registration_1d.%'"), 1);
    stuck(drv, "second@uz.example");
    jump(drv, 12 * HOUR_MS);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 9"), 1);
}

/* Whoever asked too early was refused, and has given no answer. */
static void test_refused_is_no_answer(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "UZ", 2, "second@uz.example");
    cv_scheduling_event_v1_t event = forum(2);
    open_registration(drv, &event);
    event.registration.opens_ms = drv->ms + DAY_MS;
    tell_event(drv, &event);
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_NONE, 0);
    drv_run(drv, 1000, true);
    jump(drv, 9 * DAY_MS + HOUR_MS);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 1);
    stuck(drv, "first@uz.example");
    jump(drv, 12 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_moves_with_the_event, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_reminders_that_are_done, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_later_reminder_arrives, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_both_reminders_fail, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refused_is_no_answer, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
