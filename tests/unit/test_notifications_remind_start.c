/* test_notifications_remind_start: what became due while the service was down is told by what happened meanwhile, and not by what
 * was true before: the followed streams are read first, for as long as there is time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"

#include "notifications_forum.h"

static const int64_t START_MS = 1778563800000; /* of the forum: 2026-05-12 05:30 UTC */

static int64_t reminders(drv_t *drv, const char *party)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE topic = 5 AND party = '%s'", party);
    return drv_number(drv, sql);
}

static void close_streams(drv_t *drv, bool closed)
{
    for (int i = 0; i < DRV_FOLLOWS; i++)
        drv->streams[i].closed = closed;
}

static cv_scheduling_event_v1_t begins(int64_t version)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.time_start = CV_STR("09:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    return event;
}

/* Down from before a reminder was due until so long before the start; what happened meanwhile is in the streams, which are not
 * read for a while. */
static void down_until(drv_t *drv, int64_t before_ms)
{
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = begins(2);
    tell_event(drv, &event);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    close_streams(drv, true);
    drv->ms = START_MS - before_ms;
    drv_restart(drv);
    drv_run(drv, 2000, true);
}

static void test_moved_while_down(void **state)
{
    drv_t *drv = *state;
    down_until(drv, 20 * HOUR_MS);
    cv_scheduling_event_v1_t event = begins(3);
    event.event_details.date_start = CV_STR("2026-06-12");
    event.event_details.date_end = CV_STR("2026-06-13");
    tell_event(drv, &event);
    close_streams(drv, false);
    drv_run(drv, 5000, true);
    assert_int_equal(reminders(drv, KZ), 0);
}

static void test_cancelled_while_down(void **state)
{
    drv_t *drv = *state;
    down_until(drv, 20 * HOUR_MS);
    cv_scheduling_event_v1_t event = begins(3);
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    close_streams(drv, false);
    drv_run(drv, 5000, true);
    assert_int_equal(reminders(drv, KZ), 0);
}

static void test_withdrawn_while_down(void **state)
{
    drv_t *drv = *state;
    down_until(drv, 20 * HOUR_MS);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_WITHDRAWN, 0);
    close_streams(drv, false);
    drv_run(drv, 5000, true);
    assert_int_equal(reminders(drv, KZ), 0);
}

/* Whoever has registered meanwhile is not asked to, though others are. */
static void test_registered_while_down(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, "UZ", 1, "first@uz.example");
    recipient_of(drv, "KG", 1, "first@kg.example");
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = forum(2);
    open_registration(drv, &event);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    close_streams(drv, true);
    drv->ms += 9 * DAY_MS + HOUR_MS;
    drv_restart(drv);
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 5000, true);
    close_streams(drv, false);
    drv_run(drv, 2000, true);
    assert_int_equal(reminders(drv, "UZ"), 0);
    assert_int_equal(reminders(drv, "KG"), 1);
}

/* Nothing happened: an idle stream is seen to be read within a second or so. */
static void test_nothing_happened(void **state)
{
    drv_t *drv = *state;
    down_until(drv, 20 * HOUR_MS);
    assert_int_equal(reminders(drv, KZ), 0);
    close_streams(drv, false);
    drv_run(drv, 3000, true);
    assert_int_equal(reminders(drv, KZ), 1);
}

/* The others do not come back: it is told by what is known, in time. */
static void test_the_others_stay_down(void **state)
{
    drv_t *drv = *state;
    down_until(drv, 20 * HOUR_MS);
    drv_run(drv, NTF_LOOK_WAITS_MAX_MS - 5000, true);
    assert_int_equal(reminders(drv, KZ), 0);
    drv_run(drv, 90000, true); /* they are asked for ever more rarely */
    assert_int_equal(reminders(drv, KZ), 1);
}

static void test_little_is_left(void **state)
{
    drv_t *drv = *state;
    down_until(drv, 4 * 60000);
    drv_run(drv, 100000, true);
    assert_int_equal(reminders(drv, KZ), 0);
    drv_run(drv, 40000, true);
    assert_int_equal(reminders(drv, KZ), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_due WHERE state = 4"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_moved_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_withdrawn_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_registered_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_happened, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_others_stay_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_little_is_left, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
