/* test_notifications_escalate_start: after a start nobody is written to, and nothing is said to be unseen, before what happened
 * meanwhile has been read; but a service that is down is not waited for without end.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"
#include "notifications/escalate.h"

#include "notifications_offer.h"

#define DESK "SECRETARIAT"

static int64_t told(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 9");
}

static void close_streams(drv_t *drv, bool closed)
{
    for (int i = 0; i < DRV_FOLLOWS; i++)
        drv->streams[i].closed = closed;
}

/* An offer that nobody of KZ got, and so long later, with a service that was not there meanwhile and hears of nobody now. */
static void back_after(drv_t *drv, int64_t down_ms)
{
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    offered(drv);
    stuck(drv, "focal@KZ.example");
    recipient(drv, 1, "second@kz.example");
    close_streams(drv, true);
    drv->ms += down_ms;
    drv_restart(drv);
}

/* The answer stands at the end of a stream that takes longer to be read than delivery's chance. */
static void test_answered_at_the_end_of_a_long_stream(void **state)
{
    drv_t *drv = *state;
    back_after(drv, 40 * HOUR_MS);
    for (int i = 0; i < 150; i++) /* more than one answer of the log holds */
        tell_decided(drv, "UZ", CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_NONE, 0);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    close_streams(drv, false);
    drv_run(drv, 100, true); /* the first hundred */
    close_streams(drv, true);
    drv_run(drv, 3 * NTF_LOOK_START_MS, true);
    assert_int_equal(seconds(drv), 0);
    close_streams(drv, false);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE party = 'KZ'"), 3);
    jump(drv, 3 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(told(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

static void test_over_and_answered_at_the_end_of_a_long_stream(void **state)
{
    drv_t *drv = *state;
    back_after(drv, 3 * DAY_MS);
    drv_run(drv, 3 * NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 0);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    close_streams(drv, false);
    jump(drv, HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(told(drv), 0);
}

/* The offer and its answer are both in what is read now, with a while between them. */
static void test_made_answered_and_over_while_down(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    tell_catalogue(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0); /* whose contact is nobody's */
    drv_run(drv, 1000, true);
    close_streams(drv, true);
    tell_offer(drv);
    for (int i = 0; i < 120; i++)
        tell_decided(drv, "UZ", CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_NONE, 0);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    close_streams(drv, false);
    drv_run(drv, 100, true);
    close_streams(drv, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 1);
    drv_run(drv, 3 * NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 0);
    close_streams(drv, false);
    jump(drv, 2 * HOUR_MS);
    assert_int_equal(told(drv), 0);
}

/* Read to the end, and there is no answer: delivery's chance counts from then. */
static void test_a_chance_after_the_end(void **state)
{
    drv_t *drv = *state;
    back_after(drv, 40 * HOUR_MS);
    drv_run(drv, 2 * NTF_LOOK_START_MS, true);
    close_streams(drv, false);
    drv_run(drv, NTF_LOOK_START_MS - 2000, true);
    assert_int_equal(seconds(drv), 0);
    drv_run(drv, NTF_LOOK_START_MS / 2, true); /* with what it takes to see that an idle stream is read */
    assert_int_equal(seconds(drv), 1);
}

/* Registration does not come back: the next contact is written to while there is time. */
static void test_a_service_that_stays_down(void **state)
{
    drv_t *drv = *state;
    back_after(drv, 40 * HOUR_MS);
    drv_run(drv, NTF_LOOK_WAITS_MAX_MS - 2000, true);
    assert_int_equal(seconds(drv), 0);
    drv_run(drv, 4000, true);
    assert_int_equal(seconds(drv), 1);
}

/* Little is left: half of it, and not more. */
static void test_little_is_left(void **state)
{
    drv_t *drv = *state;
    back_after(drv, 48 * HOUR_MS - 8 * 60000);
    drv_run(drv, 225000, true); /* of eight minutes and what the way here took */
    assert_int_equal(seconds(drv), 0);
    drv_run(drv, 20000, true);
    assert_int_equal(seconds(drv), 1);
}

static void test_over_and_a_service_that_stays_down(void **state)
{
    drv_t *drv = *state;
    back_after(drv, 3 * DAY_MS);
    drv_run(drv, 1000, true);
    jump(drv, NTF_LOOK_OVER_MAX_MS - 10000);
    assert_int_equal(told(drv), 0);
    jump(drv, 10000);
    assert_int_equal(told(drv), 1);
    assert_int_equal(seconds(drv), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answered_at_the_end_of_a_long_stream, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_over_and_answered_at_the_end_of_a_long_stream, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_made_answered_and_over_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_chance_after_the_end, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_service_that_stays_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_little_is_left, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_over_and_a_service_that_stays_down, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
