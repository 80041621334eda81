/* test_notifications_escalate: a notice that nobody has got goes to the next contact before its deadline, once, and no
 * other notice does.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"
#include "notifications/escalate.h"
#include "notifications/store_arrival.h"

#include "notifications_offer.h"

static void test_when(void **state)
{
    (void)state;
    assert_int_equal(ntf_escalate_at(0, 48 * HOUR_MS, 12 * HOUR_MS), 36 * HOUR_MS);
    assert_int_equal(ntf_escalate_at(0, 6 * HOUR_MS, 12 * HOUR_MS), 3 * HOUR_MS); /* never before half of its time */
    assert_int_equal(ntf_escalate_at(5, 5, 12 * HOUR_MS), 5);
    assert_int_equal(ntf_escalate_at(9, 5, 12 * HOUR_MS), 5);
}

static void test_seen(void **state)
{
    (void)state;
    enum { OUTBOX = 1 };
    assert_int_equal(ntf_seen(NTF_ARRIVAL_DELIVERED, NTF_EMAIL, 0), NTF_SEEN_YES);
    assert_int_equal(ntf_seen(NTF_ARRIVAL_WRITTEN, OUTBOX, 0), NTF_SEEN_YES);
    assert_int_equal(ntf_seen(NTF_ARRIVAL_WRITTEN, NTF_EMAIL, 0), NTF_SEEN_NOT); /* on its way */
    assert_int_equal(ntf_seen(NTF_ARRIVAL_QUEUED, OUTBOX, 0), NTF_SEEN_NOT);
    assert_int_equal(ntf_seen(NTF_ARRIVAL_FAILED, OUTBOX, 0), NTF_SEEN_NOT);
    assert_int_equal(ntf_seen(NTF_ARRIVAL_DELIVERED + 7, NTF_EMAIL, 0), NTF_SEEN_NOT); /* dead */
    assert_int_equal(ntf_seen(NTF_ARRIVAL_DEFERRED, OUTBOX, 0), NTF_SEEN_LATER);
    assert_int_equal(ntf_seen(NTF_ARRIVAL_WRITTEN, OUTBOX, NTF_LEFT_OUT), NTF_SEEN_YES);
    assert_int_equal(ntf_seen(NTF_ARRIVAL_DELIVERED + 7, OUTBOX, NTF_LEFT_OUT), NTF_SEEN_NOT); /* its webhook died */
}

static void test_ready(void **state)
{
    (void)state;
    ntf_began_t began = {.at_ms = 1000, .caught_up_ms = 3000};
    assert_int_equal(ntf_escalate_ready(&began, DAY_MS, 4000), 3000 + NTF_LOOK_START_MS);
    assert_int_equal(ntf_escalate_ready(&began, 31000, 4000), 16000); /* not longer than half of what is left */
    /* Nothing hurries once it is over: what became of it must have come. */
    assert_int_equal(ntf_escalate_ready(&began, 31000, 31000), 3000 + NTF_LOOK_START_MS);
    assert_int_equal(ntf_escalate_ready(&began, 900, 4000), 3000 + NTF_LOOK_START_MS);
    /* It is not known, and not waited for it for ever. */
    began.caught_up_ms = 0;
    assert_int_equal(ntf_escalate_ready(&began, DAY_MS, 4000), 1000 + NTF_LOOK_WAITS_MAX_MS);
    assert_int_equal(ntf_escalate_ready(&began, 31000, 4000), 16000);
    assert_int_equal(ntf_escalate_ready(&began, 31000, 31000), 1000 + NTF_LOOK_OVER_MAX_MS);
    began.caught_up_ms = NTF_LOOK_WAITS_MAX_MS;
    assert_int_equal(ntf_escalate_ready(&began, DAY_MS, 4000), 1000 + NTF_LOOK_WAITS_MAX_MS);
    assert_int_equal(ntf_escalate_asks(&began, 1000), 1100);
    assert_int_equal(ntf_escalate_asks(&began, 81000), 91000);
}

static void test_ids(void **state)
{
    (void)state;
    char id[NTF_ID_MAX + 1], again[NTF_ID_MAX + 1], other[NTF_ID_MAX + 1], text[NTF_ID_MAX + 1];
    assert_int_equal(ntf_id_because("second", CV_STR("a.KZ"), CV_STR(KZ), id), CV_OK);
    assert_string_equal(id, "second.a.KZ");
    memset(text, 'a', NTF_ID_MAX);
    assert_int_equal(ntf_id_because("second", (cv_str_t){text, NTF_ID_MAX - 7}, CV_STR(KZ), id), CV_OK);
    assert_int_equal(strlen(id), NTF_ID_MAX); /* the longest that needs no hash */
    for (size_t len = NTF_ID_MAX - 6; len <= NTF_ID_MAX; len++) {
        assert_int_equal(ntf_id_because("second", (cv_str_t){text, len}, CV_STR(KZ), id), CV_OK);
        assert_int_equal(ntf_id_because("second", (cv_str_t){text, len}, CV_STR(KZ), again), CV_OK);
        assert_string_equal(id, again);
        assert_int_equal(strlen(id), strlen("second.") + 32 + strlen(".KZ"));
        text[0] = 'b';
        assert_int_equal(ntf_id_because("second", (cv_str_t){text, len}, CV_STR(KZ), other), CV_OK);
        assert_string_not_equal(id, other);
        text[0] = 'a';
    }
}

static void test_offers(void **state)
{
    (void)state;
    cv_registration_promoted_v1_t promoted = {.persons_n = 3,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_OFFERED},
                                                          {.number = 2, .state = CV_PERSON_STATE_CONFIRMED},
                                                          {.number = 4, .state = CV_PERSON_STATE_OFFERED}}};
    ntf_offered_t offered = ntf_offered(&promoted);
    assert_int_equal(offered.n, 2);
    cv_person_place_t said[] = {{.number = 2, .state = CV_PERSON_STATE_WITHDRAWN},
                                {.number = 4, .state = CV_PERSON_STATE_OFFERED},
                                {.number = 9, .state = CV_PERSON_STATE_CONFIRMED}};
    ntf_offered_after(&offered, said, 3);
    assert_int_equal(offered.n, 2);
    said[0].number = 1;
    ntf_offered_after(&offered, said, 3);
    assert_int_equal(offered.n, 1); /* one of two is no answer for both */
    assert_int_equal(offered.numbers[0], 4);
    said[1].state = CV_PERSON_STATE_CONFIRMED;
    ntf_offered_after(&offered, said, 3);
    assert_int_equal(offered.n, 0);
}

/* ---- the service -------------------------------------------------------------------------- */

static void test_not_taken(void **state)
{
    drv_t *drv = *state;
    drv_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', 1, 'https://desk.example/')");
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    recipient(drv, 2, "third@kz.example");
    stuck(drv, "focal@KZ.example");
    jump(drv, 35 * HOUR_MS);
    assert_int_equal(seconds(drv), 0); /* there is time */
    jump(drv, HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    assert_written(drv, "second." OFFER, "second@kz.example");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_dispatch AS d JOIN ntf_delivery AS v ON v.n = d.n"
                                     " WHERE d.channel = 3 AND v.above >= 0"),
                     0); /* the webhook had it from the first */
    /* Never again: not after restarts, not later, not by the next contact. */
    drv_restart(drv);
    jump(drv, 3 * HOUR_MS);
    drv_restart(drv);
    jump(drv, 20 * HOUR_MS);
    drv_run(drv, NTF_LOOK_START_MS, true);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
    assert_int_equal(unseen(drv), 0);
}

/* The text says why; in the language of whom it is for, which is Russian here. */
/* Who answers for a delegation is often the party's first recipient too: at that address it was tried already. */
static void test_the_same_address_twice(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "focal@KZ.example");
    recipient(drv, 2, "focal@KZ.example");
    recipient(drv, 3, "third@kz.example");
    stuck(drv, "focal@KZ.example");
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    assert_written(drv, "second." OFFER, "third@kz.example");
}

/* Nobody else has another address: it is unseen at once, and not after it has been tried at the same one again. */
static void test_nobody_has_another_address(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "focal@KZ.example");
    stuck(drv, "focal@KZ.example");
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 1);
}

static void test_says_why(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    jump(drv, 36 * HOUR_MS);
    char *mail = drv_file(drv, "second." OFFER), *first = drv_file(drv, OFFER);
    assert_non_null(mail);
    assert_non_null(first);
    assert_non_null(strstr(mail, "оно вовремя не дошло до предыдущего контактного лица"));
    assert_null(strstr(first, "did not reach the contact"));
    free(mail);
    free(first);
}

static void test_taken(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    jump(drv, 40 * HOUR_MS); /* a file is as far as is known */
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

static void test_nobody_and_mended(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    stuck(drv, "focal@KZ.example");
    jump(drv, 36 * HOUR_MS + 5000);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 1);
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(unseen(drv), 1);
    recipient(drv, 3, "second@kz.example");
    jump(drv, NTF_LOOK_AGAIN_MS);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(unseen(drv), 0);
    assert_written(drv, "second." OFFER, "second@kz.example");
}

/* What the next contact does not get either is unseen, until the deadline is over. */
static void test_second_fails_too(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    stuck(drv, "second@kz.example");
    assert_int_equal(unseen(drv), 0);
    jump(drv, 7 * HOUR_MS); /* half of what was left has passed */
    assert_int_equal(unseen(drv), 1);
    assert_int_equal(seconds(drv), 1);
    jump(drv, 6 * HOUR_MS);
    assert_int_equal(unseen(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

static void test_down_until_it_is_over(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    drv->ms += 3 * DAY_MS;
    drv_restart(drv);
    drv_run(drv, NTF_LOOK_START_MS + 2000, true);
    assert_int_equal(seconds(drv), 0); /* it would say what is no more */
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

/* An offer of an event that is cancelled meanwhile is nobody's business any more. */
static void test_an_event_that_is_off(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    cv_scheduling_event_v1_t event = forum(2);
    event.status = CV_EVENT_STATUS_CANCELLED;
    tell_event(drv, &event);
    drv_run(drv, 1000, true);
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 0);
}

/* The newest mail was taken, as far as is known. */
static void taken(drv_t *drv)
{
    char sql[300];
    snprintf(sql, sizeof(sql),
             "UPDATE ntf_dispatch SET state = 3, done_ms = %lld, first_ms = %lld"
             " WHERE number = (SELECT max(number) FROM ntf_dispatch WHERE channel = 2)",
             (long long)drv->ms, (long long)drv->ms);
    drv_sql(drv, sql);
    drv_restart(drv);
    drv_run(drv, 500, true);
}

static void comes_back(drv_t *drv, int number)
{
    char id[64];
    snprintf(id, sizeof(id), "0190163d-8694-739b-aea5-7777%08d", number);
    cv_notifications_bounce_report_v1_t data = {
        .has_dispatch = true, .dispatch = number, .what = CV_BOUNCE_KIND_HARD, .status = CV_STR("5.1.1")};
    assert_true(cv_str_is(drv_decide(drv, id, CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &data), "bounce_taken"));
    drv_run(drv, 1500, true);
}

/* A relay takes what the mailbox behind it refuses hours later. */
static void test_comes_back_after_the_look(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    taken(drv);
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
    comes_back(drv, 1);
    assert_int_equal(seconds(drv), 1);
    assert_written(drv, "second." OFFER, "second@kz.example");
    /* Nor does the second one get it, and there is no third. */
    stuck(drv, "second@kz.example");
    taken(drv);
    jump(drv, 6 * HOUR_MS);
    assert_int_equal(unseen(drv), 0);
    comes_back(drv, 2);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(unseen(drv), 1);
}

/* Who has the mail has the notice, whatever became of the programs beside it. */
static void test_a_dead_webhook_is_not_the_contact(void **state)
{
    drv_t *drv = *state;
    drv_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', 1, 'https://desk.example/')");
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 4, reason = 1 WHERE channel = 3");
    taken(drv);
    jump(drv, 40 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 0);
}

/* What was made while the service was down is known only now: its first contact has half of the time that is left. */
static void test_made_while_down(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    recipient(drv, 1, "second@kz.example");
    tell_offer(drv);
    drv->ms += 40 * HOUR_MS;
    drv_restart(drv);
    drv_run(drv, 2 * NTF_LOOK_START_MS, false); /* its mail cannot leave at once */
    assert_int_equal(seconds(drv), 0);
    drv_run(drv, 1000, true);
    jump(drv, 7 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
    assert_written(drv, OFFER, "focal@KZ.example");
}

/* What was due to be looked at while the service was down could not leave meanwhile. */
static void test_a_start_gives_time(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    drv->ms += 40 * HOUR_MS;
    drv_restart(drv);
    drv_run(drv, NTF_LOOK_START_MS - 2000, true);
    assert_int_equal(seconds(drv), 0);
    drv_run(drv, 4000, true);
    assert_int_equal(seconds(drv), 1);
}

/* Whoever answered has read it somewhere. */
static void test_answered(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_watch"), NTF_WATCH_ENDED);
}

static void test_withdrawn(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    drv_sql(drv, "UPDATE ntf_answer SET answer = 3"); /* as a snapshot says it, without a record */
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 0);
}

/* Registration's stream begins anew; of the delegation its state alone is known then. */
static void state_says(drv_t *drv, int64_t offered_n)
{
    drv_new_epoch(drv, DRV_EVENTS);
    drv_new_epoch(drv, DRV_PRIVATE);
    cv_registration_delegation_v1_t delegation = {.event = CV_STR("FORUM"),
                                                  .party = CV_STR(KZ),
                                                  .answer = CV_PARTY_ANSWER_REGISTERED,
                                                  .confirmed = offered_n ? 0 : 1,
                                                  .has_offered = offered_n > 0,
                                                  .offered = offered_n};
    cv_registration_contact_v1_t contact = {
        .event = CV_STR("FORUM"),
        .party = CV_STR(KZ),
        .has_contact = true,
        .contact = {.name = CV_STR("Focal Point"), .email = CV_STR("focal@KZ.example"), .language = CV_STR("en")}};
    drv_state(drv, DRV_EVENTS, CV_MSG_REGISTRATION_DELEGATION_V1, &delegation);
    drv_state(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_CONTACT_V1, &contact);
    drv_run(drv, 1000, true);
}

static void test_answered_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    state_says(drv, 0);
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 0);
    assert_int_equal(unseen(drv), 0);
}

/* What is offered in it is open still; and what is offered after it is another offer. */
static void test_open_in_a_snapshot(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    state_says(drv, 1);
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    assert_written(drv, "second." OFFER, "second@kz.example");
}

static void test_offered_after_a_snapshot(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    recipient(drv, 1, "second@kz.example");
    state_says(drv, 0);
    tell_offer(drv);
    drv_run(drv, 1000, true);
    stuck(drv, "focal@KZ.example");
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
}

static void test_an_answer_that_was_refused(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
}

static void test_the_longest_id(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    drv_sql(drv, "UPDATE ntf_delivery SET notice = 'reminder.' || substr(hex(zeroblob(60)), 1, 108) || '.KZ'"
                 " WHERE n = (SELECT max(n) FROM ntf_delivery)");
    jump(drv, 37 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE notice LIKE 'second.%.KZ'"
                                     " AND state = 2 AND length(notice) = 42"),
                     1);
}

/* The next contact is stopped before it can be written to: whoever comes before it gets what is for them. */
static void test_a_second_that_waits_holds_nobody(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, "second@kz.example");
    stuck(drv, "focal@KZ.example");
    drv->ms += 37 * HOUR_MS;
    drv_run(drv, 1000, false);
    assert_int_equal(seconds(drv), 1);
    drv_sql(drv, "INSERT INTO ntf_address VALUES('second@kz.example', 1, 1, '5.1.1', 1, 0, 0, 0)");
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, false);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery WHERE above >= 0"), NTF_HOLD_RECIPIENT);
    assert_written(drv, EVENTS_ID "3.KZ", "focal@KZ.example");
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    assert_written(drv, EVENTS_ID "4.KZ", "focal@KZ.example");
    assert_null(drv_file(drv, "second." OFFER));
    recipient(drv, 1, "other@kz.example");
    drv_run(drv, 1000, true);
    assert_written(drv, "second." OFFER, "other@kz.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_seen),
        cmocka_unit_test(test_ready),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_offers),
        cmocka_unit_test_setup_teardown(test_not_taken, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_same_address_twice, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_has_another_address, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_says_why, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_taken, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_and_mended, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_second_fails_too, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_down_until_it_is_over, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_event_that_is_off, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_comes_back_after_the_look, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_dead_webhook_is_not_the_contact, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_made_while_down, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_start_gives_time, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_answered, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_withdrawn, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_answered_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_open_in_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_offered_after_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_that_was_refused, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_the_longest_id, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_second_that_waits_holds_nobody, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
