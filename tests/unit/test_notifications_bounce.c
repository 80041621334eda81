/* test_notifications_bounce: what came back changes what it must, once, and is told; nothing else changes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/reach.h"

#include "notifications_forum.h"

#define FOCAL "focal@KZ.example"

/* ---- the core ----------------------------------------------------------------------------- */

static void test_effects(void **state)
{
    (void)state;
    static const struct {
        int back, state;
        int64_t attempts, done_ms, at_ms;
        bool is_said;
        ntf_bounce_effect_t effect;
    } cases[] = {
        {NTF_BACK_HARD, NTF_DELIVERED, 1, 9, 9, false, {NTF_BOUNCE_TAKEN, true, NTF_ADDRESS_RETURNED}},
        {NTF_BACK_FAILED, NTF_DELIVERED, 1, 9, 9, false, {NTF_BOUNCE_TAKEN, true, NTF_ADDRESS_FINE}},
        {NTF_BACK_SOFT, NTF_DELIVERED, 1, 9, 9, false, {NTF_BOUNCE_TAKEN, false, NTF_ADDRESS_FINE}},
        {NTF_BACK_COMPLAINT, NTF_DELIVERED, 1, 9, 9, false, {NTF_BOUNCE_TAKEN, false, NTF_ADDRESS_COMPLAINED}},
        {NTF_BACK_HARD, NTF_DEAD, 1, 9, 9, false, {NTF_BOUNCE_TAKEN, false, NTF_ADDRESS_RETURNED}},
        {NTF_BACK_HARD, NTF_WAITS, 1, 0, 9, false, {NTF_BOUNCE_TAKEN, false, NTF_ADDRESS_RETURNED}},
        {NTF_BACK_HARD, NTF_WAITS, 0, 0, 9, false, {NTF_BOUNCE_NOT_SENT, false, NTF_ADDRESS_FINE}},
        {NTF_BACK_HARD, NTF_SENDING, 1, 0, 9, false, {NTF_BOUNCE_ON_ITS_WAY, false, NTF_ADDRESS_FINE}},
        {NTF_BACK_HARD, NTF_DELIVERED, 1, 9, 9, true, {NTF_BOUNCE_KNOWN, false, NTF_ADDRESS_FINE}},
        /* of an attempt before this one, to another address perhaps; clocks differ by some minutes */
        {NTF_BACK_HARD,
         NTF_DELIVERED,
         2,
         10 + NTF_BOUNCE_SLACK_MS,
         9,
         false,
         {NTF_BOUNCE_KNOWN, false, NTF_ADDRESS_FINE}},
        {NTF_BACK_HARD,
         NTF_DELIVERED,
         2,
         9 + NTF_BOUNCE_SLACK_MS,
         9,
         false,
         {NTF_BOUNCE_TAKEN, true, NTF_ADDRESS_RETURNED}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ntf_returned_t dispatch = {cases[i].state, cases[i].attempts, cases[i].done_ms, cases[i].is_said};
        ntf_bounce_effect_t effect = ntf_bounce_effect(cases[i].back, cases[i].at_ms, &dispatch);
        if (effect.end != cases[i].effect.end || effect.kills != cases[i].effect.kills ||
            effect.stops != cases[i].effect.stops)
            fail_msg("case %zu: %d %d %d", i, effect.end, effect.kills, effect.stops);
    }
    for (int back = NTF_BACK_HARD; back < NTF_BACK_N; back++)
        assert_int_equal(ntf_back_of(ntf_back_word(back)), back);
    assert_int_equal(ntf_back_of(CV_BOUNCE_KIND_ABSENT), 0);
}

static void test_status(void **state)
{
    (void)state;
    static const char *const good[] = {"5.1.1", "4.2.2", "2.0.0", "5.100.999"};
    static const char *const bad[] = {"",      "5",      "5.1",      "5.1.",   "5.1.1.", "5.1.1.1",
                                      "3.1.1", "55.1.1", "5.1000.1", "5.01.1", "5.1.x",  ".5.1.1"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(ntf_mail_status_usable(cv_str(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(ntf_mail_status_usable(cv_str(bad[i])));
}

/* ---- the service -------------------------------------------------------------------------- */

/* Sends a request; the outcome's code, until the next one. */
static const char *ask(drv_t *drv, uint16_t type, const void *data)
{
    static int number;
    static char code[64];
    char id[64];
    snprintf(id, sizeof(id), "0190163d-8694-739b-aea5-%012d", ++number);
    assert_int_equal(cv_str_copy(drv_decide(drv, id, type, data), code, sizeof(code)), CV_OK);
    drv_run(drv, 200, true);
    return code;
}

static const char *report(drv_t *drv, int64_t dispatch, cv_bounce_kind_t what, const char *status, int64_t at_ms)
{
    cv_notifications_bounce_report_v1_t data = {.has_dispatch = true,
                                                .dispatch = dispatch,
                                                .what = what,
                                                .status = status ? cv_str(status) : CV_STR_NONE,
                                                .has_at_ms = at_ms > 0,
                                                .at_ms = at_ms};
    return ask(drv, CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &data);
}

static const char *clear(drv_t *drv, int64_t order)
{
    cv_notifications_contact_clear_v1_t data = {.party = CV_STR(KZ), .order = order};
    return ask(drv, CV_MSG_NOTIFICATIONS_CONTACT_CLEAR_V1, &data);
}

/* A delegation of KZ is registered, and its notice was mailed to its contact and delivered: dispatch 1. */
static void mailed(drv_t *drv)
{
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    drv_run(drv, 1000, true);
    drv_sql(drv, "UPDATE ntf_delivery SET channel = 2 WHERE n = 1;"
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts) VALUES(1, 2, 0, '" FOCAL
                 "', NULL, 0, 1);"
                 "UPDATE ntf_dispatch SET state = 3 WHERE number = 1");
    char sql[120];
    snprintf(sql, sizeof(sql), "UPDATE ntf_dispatch SET done_ms = %lld, first_ms = %lld", (long long)drv->ms,
             (long long)drv->ms);
    drv_sql(drv, sql);
    drv_restart(drv);
    drv_run(drv, 1500, true);
}

/* The last that the stream says of a contact; state absent: nothing. */
static cv_notifications_contact_v1_t contact(drv_t *drv, size_t *ret_n)
{
    static cv_any_t data;
    cv_notifications_contact_v1_t last = {.state = CV_CONTACT_STATE_ABSENT};
    size_t n = 0;
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_msg_t msg;
        assert_int_equal(cv_msg_read(drv->reader, drv->notices[i], &msg, NULL), CV_OK);
        if (msg.info->number != CV_MSG_NOTIFICATIONS_CONTACT_V1)
            continue;
        assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
        last = data.notifications_contact_v1;
        n++;
    }
    *ret_n = n;
    return last;
}

static cv_notifications_notice_v1_t last_notice(drv_t *drv)
{
    for (size_t i = drv->notices_n; i > 0; i--) {
        cv_msg_t msg;
        assert_int_equal(cv_msg_read(drv->reader, drv->notices[i - 1], &msg, NULL), CV_OK);
        if (msg.info->number == CV_MSG_NOTIFICATIONS_NOTICE_V1)
            return drv_notice(drv->notices[i - 1]);
    }
    fail_msg("no notice");
    return (cv_notifications_notice_v1_t){.attempts = 0};
}

static size_t contacts_listed(drv_t *drv, cv_str_t after, int64_t limit)
{
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "contacts", "", after, limit);
    assert_non_null(page);
    return page->records.n;
}

static void test_hard_bounce(void **state)
{
    drv_t *drv = *state;
    size_t n;
    mailed(drv);
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DELIVERED);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", 0), "bounce_taken");
    cv_notifications_notice_v1_t notice = last_notice(drv);
    assert_int_equal(notice.state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(notice.reason, CV_DELIVERY_RESULT_RETURNED);
    assert_int_equal(notice.dispatch, 1);
    cv_notifications_contact_v1_t told = contact(drv, &n);
    assert_int_equal(n, 1);
    assert_int_equal(told.state, CV_CONTACT_STATE_RETURNED);
    assert_true(told.order == 0 && cv_str_is(told.event, "FORUM") && cv_str_is(told.status, "5.1.1"));
    /* Again, from another server: nothing changes, nothing is told. */
    size_t records = drv->notices_n;
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", 0), "bounce_known");
    assert_int_equal(drv->notices_n, records);
    assert_int_equal(drv_number(drv, "SELECT hard FROM ntf_address"), 1);
    /* The next notice has nobody to go to, and says so. */
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT hold FROM ntf_delivery ORDER BY n DESC LIMIT 1"), NTF_HOLD_RECIPIENT);
    assert_int_equal(drv_files(drv), 1);
    /* A second contact gets it. */
    assert_true(cv_str_is(drv_recipient(drv, "0190163d-8694-739b-aea5-000000009999", KZ, 2, "second@kz.example"),
                          "recipient_set"));
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2);
    assert_written(drv, EVENTS_ID "2.KZ", "second@kz.example");
    assert_int_equal(contacts_listed(drv, CV_STR_NONE, 10), 1);
}

/* It came back, was sent again at once, and comes back again: the second is not the first, said twice. */
static void test_comes_back_after_a_quick_redrive(void **state)
{
    drv_t *drv = *state;
    char sql[160];
    mailed(drv);
    int64_t first_ms = drv->ms;
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", first_ms), "bounce_taken");
    assert_string_equal(clear(drv, 0), "contact_cleared");
    drv->ms += 60000;
    snprintf(sql, sizeof(sql), "UPDATE ntf_dispatch SET state = 3, attempts = 2, done_ms = %lld, first_ms = %lld",
             (long long)drv->ms, (long long)drv->ms);
    drv_sql(drv, sql);
    drv_restart(drv);
    drv_run(drv, 1500, true);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", first_ms), "bounce_known"); /* late */
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DELIVERED);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", drv->ms), "bounce_taken");
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DEAD);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", drv->ms), "bounce_known");
}

static void test_restart_and_snapshot(void **state)
{
    drv_t *drv = *state;
    size_t n;
    mailed(drv);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, NULL, 0), "bounce_taken");
    size_t records = drv->notices_n;
    drv_restart(drv);
    drv_run(drv, 1500, true);
    assert_int_equal(drv->notices_n, records); /* told once */
    /* Mended at its source: the delegation names another contact. */
    tell_contact(drv, KZ, "other@kz.example");
    drv_run(drv, 1500, true);
    cv_notifications_contact_v1_t told = contact(drv, &n);
    assert_int_equal(n, 2);
    assert_int_equal(told.state, CV_CONTACT_STATE_REACHABLE);
    assert_int_equal(contacts_listed(drv, CV_STR_NONE, 10), 0);
    drv_restart(drv); /* nobody has the address any more: nothing of it is kept */
    drv_run(drv, 100, false);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 0);
}

static void test_cleared(void **state)
{
    drv_t *drv = *state;
    size_t n;
    mailed(drv);
    assert_string_equal(clear(drv, 0), "contact_not_stopped");
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "5.1.1", 0), "bounce_taken");
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_string_equal(clear(drv, 1), "contact_not_stopped"); /* it is not this one */
    assert_string_equal(clear(drv, 0), "contact_cleared");
    drv_run(drv, 1000, true);
    assert_int_equal(drv_files(drv), 2); /* what waited leaves */
    assert_int_equal(contact(drv, &n).state, CV_CONTACT_STATE_REACHABLE);
}

static void test_soft_failed_complaint(void **state)
{
    drv_t *drv = *state;
    size_t n;
    mailed(drv);
    int64_t late_ms = drv->ms;
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_SOFT, "4.2.2", late_ms), "bounce_taken");
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_SOFT, "4.2.2", late_ms), "bounce_known");
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DELIVERED);
    (void)contact(drv, &n);
    assert_int_equal(n, 0);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_COMPLAINT, NULL, 0), "bounce_taken");
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DELIVERED); /* it had arrived */
    assert_int_equal(contact(drv, &n).state, CV_CONTACT_STATE_COMPLAINED);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_FAILED, "5.2.2", 0), "bounce_taken");
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(contact(drv, &n).state, CV_CONTACT_STATE_COMPLAINED);
    assert_int_equal(drv_number(drv, "SELECT soft * 1000 + hard * 100 + failed * 10 + complaint FROM ntf_address"),
                     1011);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "dispatches", KZ, CV_STR_NONE, 10);
    assert_non_null(page);
    assert_int_equal(page->records.n, 1);
    static cv_any_t data;
    cv_msg_t msg;
    assert_int_equal(cv_msg_read(drv->reader, cv_records_at(&page->records, 0), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
    assert_int_equal(data.notifications_dispatch_v1.bounces_n, 3);
    assert_int_equal(data.notifications_dispatch_v1.bounces[0].what, CV_BOUNCE_KIND_SOFT);
    assert_true(cv_str_is(data.notifications_dispatch_v1.bounces[2].status, "5.2.2"));
}

static void test_refused(void **state)
{
    drv_t *drv = *state;
    mailed(drv);
    assert_string_equal(report(drv, 7, CV_BOUNCE_KIND_HARD, NULL, 0), "no_such_mail");
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, "9.9.9", 0), "status_unusable");
    cv_notifications_bounce_report_v1_t data = {.what = CV_BOUNCE_KIND_HARD};
    assert_string_equal(ask(drv, CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &data), "bounce_of_nothing");
    data.notice = CV_STR("somebody.else");
    assert_string_equal(ask(drv, CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &data), "no_such_mail");
    data.has_dispatch = true;
    data.dispatch = 1;
    assert_string_equal(ask(drv, CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &data), "no_such_mail"); /* they disagree */
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 2");
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, NULL, 0), "dispatch_on_its_way");
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 1, attempts = 0, next_ms = 9000000000000");
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, NULL, 0), "dispatch_not_sent");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_bounce"), 0);
}

/* Of a person that is erased nothing is kept, and what comes back afterwards is taken without an address. */
static void test_erased(void **state)
{
    drv_t *drv = *state;
    mailed(drv);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_SOFT, NULL, 0), "bounce_taken");
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 1);
    cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .has_contact = true,
                                          .contact = true,
                                          .cause = CV_ERASURE_CAUSE_REQUEST};
    drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
    drv_run(drv, 1000, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 0);
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, NULL, 0), "bounce_taken");
    assert_int_equal(last_notice(drv).state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_address"), 0);
}

/* Many contacts at once: all are told, in as many transactions as it takes; and pages of the question hold them all. */
static void test_many(void **state)
{
    drv_t *drv = *state;
    mailed(drv);
    drv_sql(drv, "WITH RECURSIVE k(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM k WHERE i < 600)"
                 " INSERT INTO ntf_contact SELECT 'E' || i, 'KZ', 'Focal Point', '" FOCAL "', 1 FROM k");
    assert_string_equal(report(drv, 1, CV_BOUNCE_KIND_HARD, NULL, 0), "bounce_taken");
    drv_run(drv, 1000, true);
    size_t n;
    (void)contact(drv, &n);
    assert_int_equal(n, 601);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_contact_told"), 601);
    size_t listed = 0;
    char after[128] = "";
    for (int page_n = 0; page_n < 20; page_n++) {
        const cv_log_page_v1_t *page =
            drv_query(drv, CV_ROLE_OBSERVER, "", "contacts", KZ, after[0] ? cv_str(after) : CV_STR_NONE, 100);
        assert_non_null(page);
        listed += page->records.n;
        if (!page->next.ptr)
            break;
        assert_int_equal(cv_str_copy(page->next, after, sizeof(after)), CV_OK);
    }
    assert_int_equal(listed, 601);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_effects),
        cmocka_unit_test(test_status),
        cmocka_unit_test_setup_teardown(test_hard_bounce, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_comes_back_after_a_quick_redrive, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_restart_and_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_cleared, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_soft_failed_complaint, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refused, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_many, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
