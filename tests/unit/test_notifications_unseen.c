/* test_notifications_unseen: what nobody of a party got before its deadline is told to the secretariat: once, saying what, whom,
 * until when and why, and never about itself.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"
#include "notifications/escalate.h"
#include "notifications/store_arrival.h"
#include "notifications/unseen.h"

#include "notifications_offer.h"

#define DESK "SECRETARIAT"

static void test_why(void **state)
{
    (void)state;
    assert_int_equal(ntf_why(NTF_ARRIVAL_QUEUED, NTF_HOLD_NONE), NTF_WHY_WAITS);
    assert_int_equal(ntf_why(NTF_ARRIVAL_DEFERRED, 4), NTF_WHY_WAITS);
    assert_int_equal(ntf_why(NTF_ARRIVAL_QUEUED, NTF_HOLD_RECIPIENT), NTF_WHY_NOBODY);
    assert_int_equal(ntf_why(NTF_ARRIVAL_WRITTEN, NTF_HOLD_NONE), NTF_WHY_NOT_TAKEN);
    assert_int_equal(ntf_why(NTF_ARRIVAL_FAILED, NTF_HOLD_NONE), NTF_WHY_DEAD);
    assert_int_equal(ntf_why(NTF_ARRIVAL_DELIVERED + 9, NTF_HOLD_NONE), NTF_WHY_DEAD);
}

static void test_data(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1", "1 2", "1 2 0", "1 2 9", "1 2 x", "1 2 3 4", " 1 2 3", "1  2 3"};
    ntf_unseen_t unseen;
    assert_int_equal(ntf_unseen_read(CV_STR("7 1778563800000 2"), &unseen), CV_OK);
    assert_true(unseen.n == 7 && unseen.deadline_ms == 1778563800000 && unseen.why == NTF_WHY_NOBODY);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ntf_unseen_read(cv_str(bad[i]), &unseen), CV_EMALFORMED);
}

/* ---- the service -------------------------------------------------------------------------- */

static int64_t told(drv_t *drv)
{
    return drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 9");
}

/* KZ has nobody but the contact whose server does not take it. */
static void nobody_gets_it(drv_t *drv)
{
    offered(drv);
    stuck(drv, "focal@KZ.example");
}

static void test_told_once(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    jump(drv, 35 * HOUR_MS);
    assert_int_equal(told(drv), 0); /* there is time */
    jump(drv, HOUR_MS);
    assert_int_equal(told(drv), 1);
    char *mail = drv_file(drv, "unseen." OFFER);
    assert_non_null(mail);
    static const char *const parts[] = {"desk@secretariat.example", "Казахстан (KZ)",
                                        "2026-02-28 09:00:0",       "Business Forum",
                                        "convene notice log KZ",    "Предложено место; его нужно принять в срок"};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!strstr(mail, parts[i]))
            fail_msg("no \"%s\" in:\n%s", parts[i], mail);
    }
    assert_non_null(strstr(mail, ": " OFFER)); /* the id that the log has */
    assert_null(strstr(mail, "Bekova"));       /* whom it is about is the delegation's business */
    assert_null(strstr(mail, "focal@KZ"));
    free(mail);
    cv_notifications_notice_v1_t notice = drv_notice(drv->notices[drv->notices_n - 1]);
    assert_int_equal(notice.kind, CV_NOTICE_KIND_UNSEEN);
    assert_true(cv_str_is(notice.party, DESK) && cv_str_is(notice.event, "FORUM") &&
                cv_str_is(notice.cause, "unseen/" OFFER));
    /* Once: after looks, restarts, and when the deadline is over. */
    for (int i = 0; i < 20; i++) {
        drv_restart(drv);
        drv_run(drv, 500, true);
        jump(drv, HOUR_MS);
    }
    assert_int_equal(told(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

/* It is the secretariat's business, and not that of whom it named as its delegation's contact for that event. */
static void test_not_to_its_delegation(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    (void)tell_contact(drv, DESK, "delegate@secretariat.example");
    nobody_gets_it(drv);
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(told(drv), 1);
    assert_written(drv, "unseen." OFFER, "desk@secretariat.example");
    char *mail = drv_file(drv, "unseen." OFFER);
    assert_null(strstr(mail, "до контактного лица")); /* nor is it one that was made for a next contact */
    free(mail);
}

/* A desk that reads its webhook and no mail gets none. */
static void test_the_way_it_wants(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    drv_sql(drv, "INSERT INTO ntf_preference VALUES('" DESK "', -1, 0, 4)");
    drv_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('" DESK "', 1, 'https://desk.example/')");
    nobody_gets_it(drv);
    size_t files = drv_files(drv);
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(told(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE channel = 3"), 1);
    assert_int_equal(drv_files(drv), files);
}

/* What the next contact does not get either. */
static void test_second_fails_too(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    recipient(drv, 1, "second@kz.example");
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    stuck(drv, "second@kz.example");
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 4, reason = 4 WHERE address = 'second@kz.example'");
    assert_int_equal(told(drv), 0);
    jump(drv, 7 * HOUR_MS);
    assert_int_equal(told(drv), 1);
    assert_written(drv, "unseen." OFFER, "отправить его не удалось, или оно вернулось");
}

/* Down until the deadline was over: that nobody had it is told all the same, and nothing else. */
static void test_down_until_it_is_over(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    recipient(drv, 1, "second@kz.example");
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, NTF_LOOK_START_MS + 2000, true);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(told(drv), 1);
}

/* Down over the deadline of an offer that nobody had; what comes first at the next start is what became of it. */
static void down_over_it(drv_t *drv)
{
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    recipient(drv, 1, "second@kz.example");
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, 20000, true); /* the timers come before the records */
}

/* As registration says it: of the one person that there was nobody is left. */
static void tell_lapsed(drv_t *drv, cv_lapse_cause_t cause)
{
    cv_registration_lapsed_v1_t lapsed = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .cause = cause,
                                          .persons_n = 1,
                                          .persons = {{.number = 1, .state = CV_PERSON_STATE_WITHDRAWN}},
                                          .expires_ms = drv->ms - DAY_MS,
                                          .answer = CV_PARTY_ANSWER_WITHDRAWN,
                                          .private_seq = 1};
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, &lapsed);
}

static void test_lapsed_while_down(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    tell_lapsed(drv, CV_LAPSE_CAUSE_ABSENT);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 1);
    assert_int_equal(seconds(drv), 0);
}

static void test_accepted_while_down(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

/* Who takes back the consent has not let the offer lapse. */
static void test_consent_ended_while_down(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    tell_lapsed(drv, CV_LAPSE_CAUSE_CONSENT);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 0);
}

/* Down for longer than registration's log reaches back: of the delegation its state alone is known then. numbers: of those who
 * let an offer end, as registration says it since it does. */
static void state_says(drv_t *drv, cv_party_answer_t answer, int64_t offered, int64_t expired)
{
    drv_new_epoch(drv, DRV_EVENTS);
    drv_new_epoch(drv, DRV_PRIVATE);
    cv_registration_delegation_v1_t delegation = {.event = CV_STR("FORUM"),
                                                  .party = CV_STR(KZ),
                                                  .answer = answer,
                                                  .has_offered = offered > 0,
                                                  .offered = offered > 0,
                                                  .offered_persons_n = offered > 0,
                                                  .offered_persons = {offered},
                                                  .expired_persons_n = expired > 0,
                                                  .expired_persons = {expired}};
    drv_state(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DELEGATION_V1, &delegation);
    drv_run(drv, NTF_LOOK_START_MS, true);
}

/* A person of a delegation that stays; and the last one of a delegation that is out by it. */
static void test_lapsed_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 0, 1);
    assert_int_equal(told(drv), 1);
    assert_int_equal(seconds(drv), 0);
}

static void test_the_last_lapsed_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    state_says(drv, CV_PARTY_ANSWER_WITHDRAWN, 0, 1);
    assert_int_equal(told(drv), 1);
}

static void test_another_lapsed_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 0, 2);
    assert_int_equal(told(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

/* Whoever is offered a seat in it is another: who was offered this one has answered. */
static void test_another_is_offered_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 2, 0);
    assert_int_equal(told(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

/* Registration holds what it offers while an event is off, and says so. */
static void test_still_offered_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    down_over_it(drv);
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 1, 0);
    assert_int_equal(told(drv), 1);
}

/* A snapshot before its deadline says that it is open; what it lapses by is a record. */
static void test_open_in_a_snapshot_and_lapsed_after_it(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 1, 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCHED);
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, 1000, true);
    tell_lapsed(drv, CV_LAPSE_CAUSE_ABSENT);
    drv_run(drv, 2 * NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 1);
}

/* What a later snapshot says takes the place of what the one before said. */
static void test_two_snapshots(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 1, 0);
    free((void *)(uintptr_t)drv->streams[DRV_EVENTS].state[0].ptr);
    drv->streams[DRV_EVENTS].state_n = 0;
    state_says(drv, CV_PARTY_ANSWER_REGISTERED, 0, 0);
    jump(drv, 3 * DAY_MS);
    assert_int_equal(told(drv), 0);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

/* Made and over while the service was down: it could reach nobody in time, and does not now. */
static void test_made_and_over_while_down(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    tell_catalogue(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0); /* whose contact is nobody's */
    drv_run(drv, 1000, true);
    tell_offer(drv);
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, 1000, true);
    tell_lapsed(drv, CV_LAPSE_CAUSE_ABSENT);
    drv_run(drv, NTF_LOOK_START_MS + 2000, true);
    assert_int_equal(told(drv), 1);
    drv_restart(drv);
    drv_run(drv, 2 * NTF_LOOK_START_MS, true);
    assert_int_equal(told(drv), 1);
}

/* UZ has not answered and its reminder reached nobody; registration is closed since the downtime. moved_ms: the deadline is
 * later since. */
static void closed_while_down(drv_t *drv, int64_t moved_ms)
{
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    recipient_of(drv, "UZ", 1, "first@uz.example");
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = forum(2);
    open_registration(drv, &event);
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    jump(drv, 9 * DAY_MS + HOUR_MS);
    stuck(drv, "first@uz.example");
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, 20000, true);
    event.version = 3;
    event.registration.closes_ms += moved_ms;
    event.status = moved_ms ? CV_EVENT_STATUS_OPEN : CV_EVENT_STATUS_CLOSED;
    tell_event(drv, &event);
    drv_run(drv, NTF_LOOK_START_MS, true);
}

/* A silence procedure whose opening reached nobody, and that has this end while the service is down. */
static void silence_while_down(drv_t *drv, cv_decision_state_t end, cv_decision_step_t step)
{
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    tell_catalogue(drv);
    drv_run(drv, 1000, true);
    drv_sql(drv, "DELETE FROM ntf_party WHERE code <> 'KZ'");
    drv_restart(drv);
    cv_scheduling_decision_v1_t decision = {.decision = CV_STR("2026-D-1"),
                                            .version = 1,
                                            .opened_ms = drv->ms,
                                            .members = 1,
                                            .way = CV_DECISION_WAY_SILENCE,
                                            .state = CV_DECISION_STATE_OPEN,
                                            .step = CV_DECISION_STEP_OPENED,
                                            .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT,
                                                           .title = CV_STR("Rules"),
                                                           .text = CV_STR("They are adopted.")},
                                            .has_expires_ms = true,
                                            .expires_ms = drv->ms + 5 * DAY_MS};
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 1);
    drv->ms += 6 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, 20000, true);
    decision.state = end;
    decision.step = step;
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, NTF_LOOK_START_MS, true);
}

static void test_adopted_while_down(void **state)
{
    silence_while_down(*state, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED);
    assert_int_equal(told(*state), 1);
}

static void test_broken_while_down(void **state)
{
    silence_while_down(*state, CV_DECISION_STATE_BROKEN, CV_DECISION_STEP_BROKEN);
    assert_int_equal(told(*state), 0);
}

static void test_closed_while_down(void **state)
{
    closed_while_down(*state, 0);
    assert_int_equal(told(*state), 1);
}

static void test_moved_while_down(void **state)
{
    closed_while_down(*state, 20 * DAY_MS);
    assert_int_equal(told(*state), 0);
}

/* Without a recipient none is made, and with the first one what is unseen then is told. */
static void test_a_desk_that_comes_later(void **state)
{
    drv_t *drv = *state;
    nobody_gets_it(drv);
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(unseen(drv), 1);
    assert_int_equal(told(drv), 0);
    recipient_of(drv, DESK, 2, "desk@secretariat.example");
    jump(drv, NTF_LOOK_AGAIN_MS);
    assert_int_equal(told(drv), 1);
}

static void test_what_is_seen_is_not_told(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    offered(drv);
    jump(drv, 3 * DAY_MS);
    assert_int_equal(told(drv), 0);
}

/* The digest that finds itself, as a notice: what does not reach the secretariat makes no notice about that. */
static void test_it_does_not_find_itself(void **state)
{
    drv_t *drv = *state;
    recipient_of(drv, DESK, 1, "desk@secretariat.example");
    nobody_gets_it(drv);
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(told(drv), 1);
    stuck(drv, "desk@secretariat.example");
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 4, reason = 4 WHERE address = 'desk@secretariat.example'");
    for (int i = 0; i < 30; i++)
        jump(drv, HOUR_MS);
    assert_int_equal(told(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_watch"), 1);
    /* Nor does what the secretariat itself does not get, as a party among others. */
    drv_sql(drv, "UPDATE ntf_delivery SET party = '" DESK "' WHERE notice = '" OFFER "';"
                 "DELETE FROM ntf_delivery WHERE topic = 9");
    drv_sql(
        drv,
        "UPDATE ntf_watch SET state = 1, ended_ms = 0, second = n, deadline_ms = deadline_ms + 864000000, at_ms = 1");
    drv_restart(drv);
    drv_run(drv, 500, true);
    jump(drv, HOUR_MS);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_NOBODY);
    assert_int_equal(told(drv), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_data),
        cmocka_unit_test_setup_teardown(test_told_once, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_not_to_its_delegation, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_way_it_wants, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_second_fails_too, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_down_until_it_is_over, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_lapsed_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_accepted_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_consent_ended_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_lapsed_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_last_lapsed_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_lapsed_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_is_offered_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_still_offered_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_open_in_a_snapshot_and_lapsed_after_it, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_two_snapshots, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_made_and_over_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_adopted_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_broken_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_closed_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_moved_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_desk_that_comes_later, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_seen_is_not_told, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_it_does_not_find_itself, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
