/* test_notifications_clock: a clock that jumps over what is due and comes back costs nobody a reminder, the second contact or
 * the opening of registration, in the running service and across a start; and tells nobody anything twice.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "notifications/core.h"
#include "notifications/escalate.h"

#include "notifications_offer.h"

static int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

/* The clock is there now; is_start: there was no process meanwhile. */
static void clock_at(drv_t *drv, int64_t ms, bool is_start)
{
    drv->ms = ms;
    if (is_start)
        drv_restart(drv);
    drv_run(drv, 1500, true);
}

static void run_at(drv_t *drv, const char *time)
{
    clock_at(drv, ms_of(time), false);
}

/* FORUM begins on that day of May at 09:30 in Baku, 05:30 UTC. */
static void tell_timed(drv_t *drv, int64_t version, const char *day)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.time_start = CV_STR("09:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    event.event_details.date_start = event.event_details.date_end = cv_str(day);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
}

/* It is 26 February. */
static void begin(drv_t *drv)
{
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_timed(drv, 2, "2026-05-12");
}

static int64_t reminders(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 5");
}

/* Of the start on 12 May; the catalogue's FORUM has no time of day, and another one. */
static int64_t due(drv_t *drv, int state)
{
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM ntf_due WHERE state = %d AND anchor_ms = 1778563800000", state);
    return drv_number(drv, sql);
}

/* Both come at their time, and nothing else. */
static void assert_both(drv_t *drv)
{
    run_at(drv, "2026-05-05T05:29:55Z");
    assert_int_equal(reminders(drv), 0);
    drv_run(drv, 5000, true);
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-11T05:29:55Z");
    assert_int_equal(reminders(drv), 1);
    drv_run(drv, 5000, true);
    assert_int_equal(reminders(drv), 2);
    run_at(drv, "2026-05-13T00:00:00Z");
    drv_restart(drv);
    drv_run(drv, 1500, true);
    assert_int_equal(reminders(drv), 2);
}

/* ---- reminders ---------------------------------------------------------------------------- */

static void over_the_event(drv_t *drv, bool is_start)
{
    int64_t right_ms = drv->ms;
    begin(drv);
    run_at(drv, "2026-05-20T00:00:00Z");
    assert_int_equal(due(drv, NTF_DUE_MISSED), 2);
    clock_at(drv, right_ms, is_start);
    assert_int_equal(due(drv, NTF_DUE_MISSED), 0);
    assert_both(drv);
}

static void test_missed_by_a_clock_ahead(void **state)
{
    over_the_event(*state, false);
}

static void test_missed_and_a_start(void **state)
{
    over_the_event(*state, true);
}

/* Put down while the clock was ahead: the time of the first had passed. */
static void test_passed_over_by_a_clock_ahead(void **state)
{
    drv_t *drv = *state;
    int64_t right_ms = drv->ms;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    run_at(drv, "2026-05-08T00:00:00Z");
    tell_timed(drv, 2, "2026-05-12");
    assert_int_equal(due(drv, NTF_DUE_PASSED), 1);
    clock_at(drv, right_ms, false);
    assert_both(drv);
}

/* What was told stays told, also when the clock comes over it again. */
static void test_told_stays_told(void **state)
{
    drv_t *drv = *state;
    int64_t right_ms = drv->ms;
    begin(drv);
    run_at(drv, "2026-05-05T06:00:00Z");
    run_at(drv, "2026-05-11T06:00:00Z");
    assert_int_equal(reminders(drv), 2);
    run_at(drv, "2026-05-20T06:00:00Z");
    clock_at(drv, right_ms, false);
    clock_at(drv, right_ms, true);
    run_at(drv, "2026-05-05T06:00:00Z");
    run_at(drv, "2026-05-11T06:00:00Z");
    assert_int_equal(reminders(drv), 2);
}

/* The event moved while the clock was ahead: what was missed of its old start is no more. */
static void test_moved_meanwhile(void **state)
{
    drv_t *drv = *state;
    int64_t right_ms = drv->ms;
    begin(drv);
    run_at(drv, "2026-05-20T00:00:00Z");
    tell_timed(drv, 3, "2026-05-14");
    clock_at(drv, right_ms, false);
    run_at(drv, "2026-05-05T05:31:00Z");
    assert_int_equal(reminders(drv), 0);
    run_at(drv, "2026-05-07T05:31:00Z");
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-11T05:31:00Z");
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-13T05:31:00Z");
    assert_int_equal(reminders(drv), 2);
}

/* A rule that was switched off meanwhile reminds nobody. */
static void test_off_meanwhile(void **state)
{
    drv_t *drv = *state;
    int64_t right_ms = drv->ms;
    begin(drv);
    run_at(drv, "2026-05-20T00:00:00Z");
    cv_reminder_t rule = {.rule = CV_STR("start_7d"),
                          .anchor = CV_REMINDER_ANCHOR_START,
                          .before_hours = 168,
                          .has_off = true,
                          .off = true};
    assert_true(
        cv_str_is(drv_decide(drv, "0190163d-8694-739b-aea5-966c26f8ad91", CV_MSG_NOTIFICATIONS_REMINDER_PUT_V1, &rule),
                  "reminder_set"));
    clock_at(drv, right_ms, false);
    run_at(drv, "2026-05-05T05:31:00Z");
    assert_int_equal(reminders(drv), 0);
    run_at(drv, "2026-05-11T05:31:00Z");
    assert_int_equal(reminders(drv), 1);
}

/* A machine that starts with a clock of years ago has all that ever ended ahead of it: when its clock is right, that ends as
 * it had. The event was told of five days before, so its first reminder was passed over. */
static void test_behind_and_right_again(void **state)
{
    drv_t *drv = *state;
    run_at(drv, "2026-05-07T00:00:00Z");
    begin(drv);
    int64_t passed = due(drv, NTF_DUE_PASSED);
    assert_int_equal(passed, 1);
    clock_at(drv, ms_of("2001-01-01T00:00:00Z"), true);
    assert_int_equal(due(drv, NTF_DUE_PASSED), 0);
    clock_at(drv, ms_of("2026-05-08T00:00:00Z"), false);
    assert_int_equal(reminders(drv), 0);
    assert_int_equal(due(drv, NTF_DUE_PASSED), passed);
    run_at(drv, "2026-05-20T00:00:00Z");
    assert_int_equal(due(drv, NTF_DUE_MISSED), 1);
    clock_at(drv, ms_of("2001-01-01T00:00:00Z"), true);
    clock_at(drv, ms_of("2026-05-20T01:00:00Z"), true);
    assert_int_equal(due(drv, NTF_DUE_MISSED), 1);
    assert_int_equal(due(drv, NTF_DUE_PASSED), passed);
    assert_int_equal(reminders(drv), 0);
}

/* ---- the second contact -------------------------------------------------------------------- */

/* An offer that ends in two days, whose mail nobody takes; a clock that is over its end for a while. */
static void over_the_offer(drv_t *drv, bool is_start)
{
    offered(drv);
    int64_t right_ms = drv->ms;
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    jump(drv, 100 * HOUR_MS);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
    assert_int_equal(seconds(drv), 0);
    clock_at(drv, right_ms + HOUR_MS, is_start);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCHED);
    clock_at(drv, right_ms + 35 * HOUR_MS, false);
    assert_int_equal(seconds(drv), 0); /* as early as if nothing had been, and no earlier */
    clock_at(drv, right_ms + 36 * HOUR_MS, false);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(seconds(drv), 1);
    assert_written(drv, "second." OFFER, "second@kz.example");
    jump(drv, 2 * DAY_MS); /* over its end again, by a clock that is right; and back */
    jump(drv, -2 * DAY_MS);
    jump(drv, 2 * DAY_MS);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

static void test_over_the_deadline(void **state)
{
    over_the_offer(*state, false);
}

static void test_over_the_deadline_and_a_start(void **state)
{
    over_the_offer(*state, true);
}

/* It is made while the clock is ahead of its end: when to look at it lies behind the end. */
static void test_made_by_a_clock_ahead(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    recipient(drv, 1, "second@kz.example");
    int64_t right_ms = drv->ms;
    tell_offer(drv); /* by scheduling's clock, which is right */
    jump(drv, 100 * HOUR_MS);
    stuck(drv, "focal@KZ.example");
    assert_int_equal(drv_number(drv, "SELECT at_ms > deadline_ms FROM ntf_watch"), 1);
    clock_at(drv, right_ms + HOUR_MS, false);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT at_ms < deadline_ms - 43200000 FROM ntf_watch"), 1);
    clock_at(drv, right_ms + 36 * HOUR_MS, false);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(seconds(drv), 1);
}

/* What nobody has is looked at now and then, so that it ends when somebody mends it: also if that was last done by a clock
 * that was ahead. */
static void test_nobody_by_a_clock_ahead(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    int64_t right_ms = drv->ms;
    stuck(drv, "focal@KZ.example");
    jump(drv, 47 * HOUR_MS);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(unseen(drv), 1);
    clock_at(drv, right_ms + HOUR_MS, false);
    assert_int_equal(unseen(drv), 1);
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 3");
    jump(drv, NTF_LOOK_AGAIN_MS);
    assert_int_equal(unseen(drv), 0);
}

/* One that ended by a clock that was right, and a start with a clock of years ago: it ends as it had, with no other look. */
static void test_over_behind_and_right_again(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    int64_t right_ms = drv->ms + 100 * HOUR_MS;
    stuck(drv, "focal@KZ.example");
    clock_at(drv, right_ms, false);
    int64_t ended_ms = drv_number(drv, "SELECT ended_ms FROM ntf_watch WHERE state = 3");
    clock_at(drv, ms_of("2001-01-01T00:00:00Z"), true);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCHED);
    clock_at(drv, right_ms + HOUR_MS, true); /* nor a look after the start */
    assert_int_equal(drv_number(drv, "SELECT ended_ms FROM ntf_watch WHERE state = 3"), ended_ms);
    recipient(drv, 1, "second@kz.example");
    clock_at(drv, right_ms - 70 * HOUR_MS, false); /* and if it was that one that was wrong, it is watched */
    jump(drv, 10 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
}

/* ---- openings and timers ------------------------------------------------------------------- */

/* It waits for a stream that cannot be read yet, by a timer; and the clock goes back. */
static void over_the_opening(drv_t *drv, bool is_start)
{
    int64_t right_ms = drv->ms;
    tell_catalogue(drv);
    recipient(drv, 1, "ministry@kz.example");
    cv_scheduling_event_v1_t event = forum(2);
    event.status = CV_EVENT_STATUS_SCHEDULED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    drv->streams[DRV_EVENTS].closed = true;
    clock_at(drv, right_ms + 10 * DAY_MS, true);
    event = forum(3);
    event.has_registration = true;
    event.registration = (cv_registration_rules_t){.capacity = 10,
                                                   .maximum = 5,
                                                   .waiting = CV_WAITING_RULE_STRICT,
                                                   .group = CV_GROUP_RULE_EACH,
                                                   .opens_ms = right_ms,
                                                   .closes_ms = right_ms + 30 * DAY_MS};
    tell_event(drv, &event);
    drv_run(drv, 1500, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_opening"), 1);
    clock_at(drv, right_ms + HOUR_MS, is_start);
    drv->streams[DRV_EVENTS].closed = false;
    drv->streams[DRV_EVENTS].told = UINT64_MAX;
    drv_run(drv, 5000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_opening"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 10 AND party = 'KZ'"), 1);
}

static void test_an_opening_that_waits(void **state)
{
    over_the_opening(*state, false);
}

static void test_an_opening_that_waits_and_a_start(void **state)
{
    over_the_opening(*state, true);
}

/* No timer that is wanted stays at an instant that the clock ahead named. */
static void no_timer_stays(drv_t *drv, bool is_start)
{
    begin(drv);
    int64_t right_ms = drv->ms;
    clock_at(drv, right_ms + 1000 * DAY_MS, false);
    recipient(drv, 1, "ministry@kz.example");
    char sql[200];
    snprintf(sql, sizeof sql,
             "INSERT OR REPLACE INTO timer VALUES('escalate', '', %lld), ('remind', '', %lld),"
             " ('ping', '', %lld)",
             (long long)drv->ms + 1000, (long long)drv->ms + 1000, (long long)drv->ms + 1000);
    drv_sql(drv, sql);
    clock_at(drv, right_ms, is_start);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM timer WHERE due_ms > %lld",
             (long long)ms_of("2026-05-12T05:30:00Z"));
    assert_int_equal(drv_number(drv, sql), 0);
    assert_int_equal(drv_number(drv, "SELECT due_ms FROM timer WHERE kind = 'remind'"), ms_of("2026-05-05T05:30:00Z"));
}

static void test_no_timer_stays_ahead(void **state)
{
    no_timer_stays(*state, false);
}

static void test_no_timer_stays_ahead_and_a_start(void **state)
{
    no_timer_stays(*state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_missed_by_a_clock_ahead, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_missed_and_a_start, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_passed_over_by_a_clock_ahead, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_told_stays_told, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_moved_meanwhile, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_off_meanwhile, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_behind_and_right_again, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_over_the_deadline, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_over_the_deadline_and_a_start, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_made_by_a_clock_ahead, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_by_a_clock_ahead, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_over_behind_and_right_again, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_opening_that_waits, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_opening_that_waits_and_a_start, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_no_timer_stays_ahead, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_no_timer_stays_ahead_and_a_start, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
