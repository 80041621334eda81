/* test_notifications_escalate_silence: the opening of a silence procedure and the reminder of its last day say one deadline: of
 * what nobody gets the next contact has one mail and the secretariat one notice, whichever of the two comes first.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"
#include "notifications/escalate.h"

#include "notifications_offer.h"

#define DESK "SECRETARIAT"
#define DECISION "2026-D-1"

static int64_t told(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 9");
}

static int64_t reminders(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 5 AND above < 0");
}

static void tell_procedure(drv_t *drv, int64_t expires_ms, const char *zone, cv_decision_state_t state,
                           cv_decision_step_t step)
{
    cv_scheduling_decision_v1_t decision = {.decision = CV_STR(DECISION),
                                            .version = 1,
                                            .opened_ms = drv->ms,
                                            .members = 1,
                                            .way = CV_DECISION_WAY_SILENCE,
                                            .state = state,
                                            .step = step,
                                            .zone = zone ? cv_str(zone) : CV_STR_NONE,
                                            .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT,
                                                           .title = CV_STR("Rules"),
                                                           .text = CV_STR("They are adopted.")},
                                            .has_expires_ms = true,
                                            .expires_ms = expires_ms};
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
}

/* KZ alone is a member, with two contacts; a procedure is opened that ends then, and nothing leaves from now on. */
static void opened(drv_t *drv, int64_t expires_ms, const char *zone)
{
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    recipient(drv, 1, "first@kz.example");
    recipient(drv, 2, "second@kz.example");
    tell_catalogue(drv);
    drv_run(drv, 1000, true);
    drv_sql(drv, "DELETE FROM ntf_party WHERE code <> 'KZ'");
    drv_restart(drv);
    tell_procedure(drv, expires_ms, zone, CV_DECISION_STATE_OPEN, CV_DECISION_STEP_OPENED);
    drv_run(drv, 1000, false);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 1);
}

/* Until then, with nothing that leaves; the clock in steps of so many minutes. */
static void until(drv_t *drv, int64_t ms, int64_t minutes)
{
    while (drv->ms < ms) {
        int64_t step_ms = minutes * 60000 < ms - drv->ms ? minutes * 60000 : ms - drv->ms;
        drv->ms += step_ms;
        drv_run(drv, 100, false);
    }
}

static void assert_one(drv_t *drv, int64_t expires_ms)
{
    until(drv, expires_ms - HOUR_MS, 5);
    assert_int_equal(reminders(drv), 1);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(told(drv), 1);
    assert_int_equal(unseen(drv), 1); /* and it counts once, as long as it is so */
    tell_procedure(drv, expires_ms, NULL, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED);
    until(drv, expires_ms + HOUR_MS, 5);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(told(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch WHERE state <> 3"), 0);
}

/* Both come due in one second. */
static void test_both_fail(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms = drv->ms + 10 * DAY_MS;
    opened(drv, expires_ms, NULL);
    until(drv, expires_ms - DAY_MS - 60000, 60);
    assert_int_equal(seconds(drv), 0);
    until(drv, expires_ms - DAY_MS + 3 * 60000, 1);
    assert_int_equal(seconds(drv), 1); /* as early as the setting says, and the chance that the reminder has had */
    assert_one(drv, expires_ms);
}

/* The day of 23 hours: the reminder is made an hour after the opening is looked at. */
static void test_both_fail_on_a_short_day(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms =
        1774778400000; /* 2026-03-29 10:00 UTC, 12:00 in Berlin, whose clocks go forward at 01:00 UTC */
    opened(drv, expires_ms, "Europe/Berlin");
    until(drv, expires_ms - 25 * HOUR_MS, 240);
    until(drv, expires_ms - 23 * HOUR_MS - 60000, 1);
    assert_int_equal(reminders(drv), 0);
    assert_int_equal(seconds(drv), 0);
    until(drv, expires_ms - 23 * HOUR_MS + 3 * 60000, 1);
    assert_int_equal(seconds(drv), 1);
    assert_one(drv, expires_ms);
}

/* The day of 25 hours: it is made an hour before. */
static void test_both_fail_on_a_long_day(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms = 1792926000000; /* 2026-10-25 11:00 UTC, 12:00 in Berlin, whose clocks went back at 01:00 UTC */
    drv->ms = expires_ms - 10 * DAY_MS;
    opened(drv, expires_ms, "Europe/Berlin");
    until(drv, expires_ms - 24 * HOUR_MS - 60000, 60);
    assert_int_equal(reminders(drv), 1);
    assert_int_equal(seconds(drv), 0);
    until(drv, expires_ms - 24 * HOUR_MS + 3 * 60000, 1);
    assert_int_equal(seconds(drv), 1);
    assert_one(drv, expires_ms);
}

/* The clock has jumped over both: they are due at one time, and over the look that follows. */
static void test_both_fail_after_a_jump(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms = drv->ms + 10 * DAY_MS;
    opened(drv, expires_ms, NULL);
    drv->ms = expires_ms - 10 * HOUR_MS;
    drv_run(drv, 100, false);
    assert_one(drv, expires_ms);
}

/* What the opening did not, the reminder does: it has its chance before anybody else is written to. */
static void test_the_reminder_arrives(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms = drv->ms + 10 * DAY_MS;
    opened(drv, expires_ms, NULL);
    until(drv, expires_ms - DAY_MS - 1000, 60);
    stuck(drv, "first@kz.example"); /* the opening */
    drv_run(drv, 2 * NTF_LOOK_START_MS, true);
    assert_int_equal(reminders(drv), 1);
    for (int i = 0; i < 23; i++)
        jump(drv, HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(told(drv), 0);
}

/* No reminder comes: the opening is on its own, and at its time. */
static void test_the_rule_is_off(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms = drv->ms + 10 * DAY_MS;
    cv_reminder_t off = {.rule = CV_STR("silence_1d"),
                         .anchor = CV_REMINDER_ANCHOR_SILENCE,
                         .before_hours = 24,
                         .has_off = true,
                         .off = true};
    assert_true(
        cv_str_is(drv_decide(drv, "0190163d-8694-739b-aea6-000000000001", CV_MSG_NOTIFICATIONS_REMINDER_PUT_V1, &off),
                  "reminder_set"));
    opened(drv, expires_ms, NULL);
    until(drv, expires_ms - DAY_MS - 60000, 60);
    until(drv, expires_ms - DAY_MS + 1000, 1);
    assert_int_equal(seconds(drv), 1);
    until(drv, expires_ms - HOUR_MS, 5);
    assert_int_equal(reminders(drv), 0);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(told(drv), 1);
}

/* Down from before both until it was adopted: nobody is written to, and the secretariat is told once. */
static void test_down_over_both(void **state)
{
    drv_t *drv = *state;
    int64_t expires_ms = drv->ms + 10 * DAY_MS;
    opened(drv, expires_ms, NULL);
    until(drv, expires_ms - 20 * HOUR_MS, 60);
    assert_int_equal(reminders(drv), 1);
    drv_sql(drv, "DELETE FROM ntf_delivery WHERE above >= 0; UPDATE ntf_watch SET state = 1, second = 0");
    drv->ms = expires_ms + DAY_MS;
    drv_restart(drv);
    tell_procedure(drv, expires_ms, NULL, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED);
    drv_run(drv, 2 * NTF_LOOK_START_MS, false);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(told(drv), 1);
}

/* An opening that was unseen long before: the secretariat knows. But where somebody has got it since, it does not know of the
 * reminder that fails again. */
static void unseen_before(drv_t *drv, bool mended)
{
    int64_t expires_ms = drv->ms + 10 * DAY_MS;
    opened(drv, expires_ms, NULL);
    drv_sql(drv, "UPDATE ntf_watch SET at_ms = at_ms - 172800000");
    drv_restart(drv);
    drv_run(drv, 100, false);
    until(drv, expires_ms - 30 * HOUR_MS, 60);
    assert_int_equal(told(drv), 1);
    if (mended)
        drv_run(drv, 1000, true);
    until(drv, expires_ms - HOUR_MS, 60);
    assert_int_equal(reminders(drv), 1);
    assert_int_equal(told(drv), mended ? 2 : 1);
}

static void test_unseen_before(void **state)
{
    unseen_before(*state, false);
}

static void test_mended_since(void **state)
{
    unseen_before(*state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_fail, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_both_fail_on_a_short_day, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_both_fail_on_a_long_day, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_both_fail_after_a_jump, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_reminder_arrives, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_rule_is_off, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_down_over_both, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_unseen_before, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_mended_since, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
