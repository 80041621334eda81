/* test_notifications_wishes: preferences and quiet hours in the whole service: what is urgent does not wait, what waits leaves in
 * time, and who may ask for what and see it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core.h"
#include "notifications/statements_prefer.h"

#include "notifications_wishes.h"

/* ---- what does not wait ------------------------------------------------------------------- */

static void test_urgent_passes(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_NONE);
    prefer(drv, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_WEEKLY);
    decide_and_move(drv); /* the change is left out */
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(count(drv, "state = 2 AND digest = -1"), 1);
    assert_int_equal(drv_notice(drv->notices[drv->notices_n - 1]).state, CV_NOTICE_STATE_SILENCED);
    assert_int_equal(dispatch_of(drv, CHANGE_ID "7.KZ").reason, CV_DELIVERY_RESULT_SILENCED);
    change(drv, 3, "Astana", CV_EVENT_STATUS_CANCELLED);
    assert_int_equal(drv_files(drv), 1); /* though a decision waits before it */
    assert_written(drv, CHANGE_ID "8.KZ", "Subject: Event cancelled: Business Forum\r\n");
    cv_scheduling_decision_v1_t silence = {
        .decision = CV_STR("2026-D-1"),
        .version = 1,
        .state = CV_DECISION_STATE_OPEN,
        .way = CV_DECISION_WAY_SILENCE,
        .step = CV_DECISION_STEP_OPENED,
        .has_expires_ms = true,
        .expires_ms = drv->ms + 5 * DAY_MS,
        .resolution = {.subject = CV_SUBJECT_KIND_PLAN, .title = CV_STR("Plan"), .text = CV_STR("Text.\n")}};
    assert_true(cv_str_is(drv_recipient(drv, "00000000-0000-4000-8000-100000000001", KZ, 1, "mission@kz.example"),
                          "recipient_set"));
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &silence);
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "topic = 6 AND state = 2 AND digest = 0 AND party = 'KZ'"), 1);
    run_at(drv, "2026-03-02T08:00:00Z");
    assert_int_equal(count(drv, "state = 2 AND digest > 0"), 1);
}

/* A reminder of Saturday would be in Monday's digest. */
static void test_not_after_its_deadline(void **state)
{
    drv_t *drv = *state;
    cv_scheduling_event_v1_t event = forum(2);
    tell_catalogue(drv);
    event.event_details.date_start = CV_STR("2026-03-07");
    event.event_details.date_end = CV_STR("2026-03-07");
    tell_event(drv, &event);
    prefer(drv, CV_NOTICE_KIND_REMINDER, CV_NOTICE_MODE_WEEKLY);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    assert_int_equal(drv_files(drv), 1);
    run_at(drv, "2026-02-28T00:00:00Z"); /* seven days before: Monday's digest is in time */
    assert_int_equal(count(drv, "topic = 5 AND hold = 4"), 1);
    run_at(drv, "2026-03-02T08:00:00Z");
    assert_int_equal(count(drv, "topic = 5 AND digest > 0 AND state = 2"), 1);
    run_at(drv, "2026-03-06T00:00:00Z"); /* one day before: the next would be two days after */
    assert_int_equal(count(drv, "topic = 5 AND digest = 0 AND state = 2"), 1);
    assert_accounted(drv, 2, 1, 1);
}

/* ---- quiet hours -------------------------------------------------------------------------- */

static void test_quiet_hours(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    assert_hours(drv, "Asia/Almaty", "20:00", "07:00", "hours_set");
    drv->ms = ms_of("2026-02-26T16:00:00Z"); /* 21:00 there */
    decide_and_move(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "hold = 5"), 3);
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(dispatch_of(drv, FILE_DECIDED).reason, CV_DELIVERY_RESULT_QUIET_HOURS);
    assert_int_equal(dispatch_of(drv, FILE_DECIDED).next_ms, ms_of("2026-02-27T02:00:00Z"));
    change(drv, 3, "Astana", CV_EVENT_STATUS_POSTPONED); /* goes through */
    assert_int_equal(drv_files(drv), 1);
    assert_written(drv, CHANGE_ID "8.KZ", "Subject: Event postponed: Business Forum\r\n");
    drv_restart(drv);
    run_at(drv, "2026-02-27T01:59:58.500Z");
    assert_int_equal(drv_files(drv), 1);
    size_t before = drv->notices_n;
    drv_run(drv, 2000, true); /* 07:00 there */
    assert_accounted(drv, 4, 0, 0);
    assert_int_equal(drv->notices_n - before, 3);
    assert_true(cv_str_is(drv_notice(drv->notices[before]).notice, FILE_DECIDED)); /* in the order they were made in */
    assert_true(cv_str_is(drv_notice(drv->notices[before + 1]).notice, CHANGE_ID "7.KZ"));
    /* A digest is not urgent: at 06:00 there it waits too, and so does what is in it. */
    cv_recipient_hours_t hours = {.party = CV_STR(KZ),
                                  .zone = CV_STR("Asia/Almaty"),
                                  .quiet_from = CV_STR("20:00"),
                                  .quiet_to = CV_STR("07:00"),
                                  .digest_at = CV_STR("06:00")};
    assert_true(cv_str_is(ask(drv, CV_MSG_NOTIFICATIONS_HOURS_PUT_V1, &hours), "hours_set"));
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    char in_digest[64];
    (void)snprintf(in_digest, sizeof(in_digest), EVENTS_ID "%llu.KZ",
                   (unsigned long long)tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0));
    drv_run(drv, 500, true);
    assert_int_equal(dispatch_of(drv, in_digest).next_ms, ms_of("2026-02-28T01:00:00Z"));
    run_at(drv, "2026-02-28T01:00:00Z");
    assert_int_equal(count(drv, "topic = 7 AND hold = 5"), 1);
    assert_int_equal(dispatch_of(drv, in_digest).next_ms, ms_of("2026-02-28T02:00:00Z"));
    assert_int_equal(drv_files(drv), 4);
    run_at(drv, "2026-02-28T02:00:00Z");
    assert_accounted(drv, 4, 1, 1);
    /* An offer ends at 06:30 there: the digest of 06:00 would leave at 07:00, so it does not wait. */
    cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                              .persons_n = 1,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_OFFERED}},
                                              .has_expires_ms = true,
                                              .expires_ms = ms_of("2026-03-01T01:30:00Z"),
                                              .private_seq = 1};
    drv->ms = ms_of("2026-02-28T10:00:00Z");
    drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
    drv_run(drv, 500, true);
    assert_accounted(drv, 5, 1, 1);
}

/* What waits is looked at anew when its party prefers something else. */
static void test_another_preference(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_WEEKLY);
    decide_and_move(drv);
    assert_int_equal(count(drv, "hold = 4"), 2);
    prefer(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_NOTICE_MODE_AT_ONCE);
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "hold = 4"), 1);
    assert_int_equal(drv_files(drv), 1);
    /* For the contacts that delegations name, another than for recipients of the party. */
    assert_prefers(drv, 1, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_AT_ONCE, "preference_set");
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "hold = 4"), 1);
    assert_prefers(drv, 0, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_AT_ONCE, "preference_set");
    drv_run(drv, 500, true);
    assert_accounted(drv, 2, 0, 0);
    assert_prefers(drv, 0, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_ABSENT, "preference_removed");
    assert_prefers(drv, 0, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_ABSENT, "no_preference");
}

/* Where a webhook has it, no message; where there is none, at once. */
static void test_by_webhook_alone(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_WEBHOOK);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    assert_int_equal(drv_files(drv), 1);
    run_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', 1, 'https://kz.example/')");
    change(drv, 2, "Astana", CV_EVENT_STATUS_CANCELLED);
    assert_int_equal(drv_files(drv), 1);
    assert_int_equal(count(drv, "state = 2 AND digest = -3"), 1);
    cv_notifications_notice_v1_t told = drv_notice(drv->notices[drv->notices_n - 1]);
    assert_int_equal(told.state, CV_NOTICE_STATE_WRITTEN);
    assert_int_equal(told.channel, CV_NOTICE_CHANNEL_WEBHOOK);
    assert_int_equal(dispatch_of(drv, CHANGE_ID "7.KZ").channel, CV_NOTICE_CHANNEL_WEBHOOK);
    /* The webhook is taken away before it took the notice: it leaves as if there had never been one. */
    const cv_notifications_webhook_put_v1_t away = {.party = CV_STR(KZ), .order = 1};
    assert_true(cv_str_is(ask(drv, CV_MSG_NOTIFICATIONS_WEBHOOK_PUT_V1, &away), "webhook_removed"));
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
    assert_int_equal(count(drv, "digest = -3"), 0);
    assert_written(drv, CHANGE_ID "7.KZ", "Subject: Event cancelled: Business Forum\r\n");
}

/* ---- requests and questions --------------------------------------------------------------- */

static void test_refused(void **state)
{
    drv_t *drv = *state;
    static const struct {
        cv_notice_kind_t kind;
        cv_notice_mode_t mode;
        const char *code;
    } CASES[] = {
        {CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_NONE, "must_be_told"},
        {CV_NOTICE_KIND_PROMOTION, CV_NOTICE_MODE_NONE, "must_be_told"},
        {CV_NOTICE_KIND_LAPSE, CV_NOTICE_MODE_NONE, "must_be_told"},
        {CV_NOTICE_KIND_SILENCE, CV_NOTICE_MODE_NONE, "must_be_told"},
        {CV_NOTICE_KIND_SILENCE, CV_NOTICE_MODE_DAILY, "must_not_wait"},
        {CV_NOTICE_KIND_DIGEST, CV_NOTICE_MODE_WEEKLY, "must_not_wait"},
        {CV_NOTICE_KIND_SILENCE, CV_NOTICE_MODE_AT_ONCE, "preference_set"},
        {CV_NOTICE_KIND_REMINDER, CV_NOTICE_MODE_NONE, "preference_set"},
        {CV_NOTICE_KIND_LAPSE, CV_NOTICE_MODE_ABSENT, "no_preference"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
        assert_prefers(drv, NTF_ORDER_ANY, CASES[i].kind, CASES[i].mode, CASES[i].code);
    assert_hours(drv, NULL, NULL, NULL, "no_hours");
    assert_hours(drv, "Asia/Nowhere", NULL, NULL, "zone_unknown");
    assert_hours(drv, "Asia/Almaty", "20:00", NULL, "hours_inconsistent");
    assert_hours(drv, "Asia/Almaty", "20:00", "20:00", "hours_inconsistent");
    assert_hours(drv, NULL, "20:00", "07:00", "hours_inconsistent");
    assert_hours(drv, "Asia/Almaty", NULL, NULL, "hours_set");
    assert_hours(drv, NULL, NULL, NULL, "hours_removed");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_hours"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_preference"), 2);
}

static size_t shown(drv_t *drv, unsigned role, const char *party, const char *what, const char *key)
{
    const cv_log_page_v1_t *page = drv_query(drv, role, party, what, key, CV_STR_NONE, 0);
    return page ? page->records.n : SIZE_MAX;
}

static void test_who_sees_them(void **state)
{
    drv_t *drv = *state;
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    prefer(drv, CV_NOTICE_KIND_REMINDER, CV_NOTICE_MODE_NONE);
    assert_hours(drv, "Asia/Almaty", "20:00", "07:00", "hours_set");
    for (int i = 0; i < 20; i++) { /* more parties than are on one page */
        char party[8];
        (void)snprintf(party, sizeof(party), "P%02d", i);
        cv_preference_t put = {.party = cv_str(party), .mode = CV_NOTICE_MODE_DAILY};
        assert_true(cv_str_is(ask(drv, CV_MSG_NOTIFICATIONS_PREFERENCE_PUT_V1, &put), "preference_set"));
    }
    assert_int_equal(shown(drv, CV_ROLE_SECRETARIAT, "", "preferences", KZ), 2);
    assert_int_equal(shown(drv, CV_ROLE_FOCAL_POINT, KZ, "preferences", ""), 2);
    assert_int_equal(shown(drv, CV_ROLE_FOCAL_POINT, KZ, "hours", KZ), 1);
    assert_int_equal(shown(drv, CV_ROLE_FOCAL_POINT, "UZ", "preferences", KZ), SIZE_MAX);
    assert_int_equal(shown(drv, CV_ROLE_FOCAL_POINT, "UZ", "preferences", ""), 0);
    assert_int_equal(shown(drv, CV_ROLE_PUBLISHER, "", "preferences", KZ), SIZE_MAX);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "preferences", "", CV_STR_NONE, 0);
    assert_non_null(page);
    size_t n = page->records.n;
    char next[32];
    assert_int_equal(cv_str_copy(page->next, next, sizeof(next)), CV_OK);
    page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "preferences", "", cv_str(next), 0);
    assert_non_null(page);
    assert_int_equal(n + page->records.n, 22);
    assert_null(page->next.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_urgent_passes, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_not_after_its_deadline, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_quiet_hours, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_preference, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_by_webhook_alone, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refused, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_who_sees_them, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
