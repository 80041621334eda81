/* test_notifications_arrival: what becomes of a notice by all its dispatches is told of, each state once, whatever happens.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_arrival.h"

#include "notifications_forum.h"

static void begin(drv_t *drv)
{
    assert_int_equal(cv_db_begin(drv->db), CV_OK);
}

static void commit(drv_t *drv)
{
    assert_int_equal(cv_db_commit(drv->db), CV_OK);
}

static void run_sql(drv_t *drv, const char *sql)
{
    begin(drv);
    assert_int_equal(cv_db_exec(drv->db, sql), CV_OK);
    commit(drv);
}

static void webhooks(drv_t *drv, int n)
{
    for (int i = 1; i <= n; i++) {
        char sql[160];
        snprintf(sql, sizeof(sql),
                 "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', %d, 'https://desk%d.example/')", i, i);
        run_sql(drv, sql);
    }
}

/* As the service commits what came of an attempt: in a transaction of its own, of which the engine knows nothing. */
static void end(drv_t *drv, int64_t number, int state, cv_delivery_result_t result)
{
    ntf_dispatches_t *store;
    ntf_dispatch_end_t what = {
        .number = number, .state = state, .result = result, .at_ms = drv->ms, .next_ms = 1, .is_failure = true};
    assert_int_equal(ntf_dispatches_open(drv->db, &store), CV_OK);
    begin(drv);
    assert_int_equal(ntf_dispatch_end(store, &what), CV_OK);
    commit(drv);
    ntf_dispatches_close(&store);
}

static void redrive(drv_t *drv, int64_t number)
{
    ntf_dispatches_t *store;
    int64_t n;
    assert_int_equal(ntf_dispatches_open(drv->db, &store), CV_OK);
    begin(drv);
    assert_int_equal(ntf_dispatch_redrive(store, &number, 1, drv->db, &n), CV_OK);
    commit(drv);
    assert_int_equal(n, 1);
    ntf_dispatches_close(&store);
}

/* The service starts and tells of what is on the disk; what it says last. */
static cv_notifications_notice_v1_t told(drv_t *drv, size_t count)
{
    drv_restart(drv);
    drv_run(drv, 1500, true);
    if (drv->notices_n != count)
        fail_msg("%zu records, not %zu", drv->notices_n, count);
    return drv_notice(drv->notices[count - 1]);
}

static void test_dead_and_redriven(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    webhooks(drv, 1);
    tell_registered(drv, KZ);
    drv_run(drv, 2000, true);
    assert_int_equal(drv->notices_n, 2); /* queued, written: the webhook waits */
    end(drv, 1, NTF_DEAD, CV_DELIVERY_RESULT_TIMEOUT);
    int64_t died_ms = drv->ms;
    cv_notifications_notice_v1_t notice = told(drv, 3);
    assert_int_equal(notice.state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(notice.channel, CV_NOTICE_CHANNEL_WEBHOOK);
    assert_int_equal(notice.reason, CV_DELIVERY_RESULT_TIMEOUT);
    assert_true(notice.has_dispatch && notice.dispatch == 1 && notice.has_done_ms && notice.done_ms == died_ms);
    redrive(drv, 1);
    notice = told(drv, 4);
    assert_int_equal(notice.state, CV_NOTICE_STATE_WRITTEN);
    assert_int_equal(notice.channel, CV_NOTICE_CHANNEL_OUTBOX);
    assert_false(notice.has_dispatch || notice.has_done_ms || notice.reason);
    end(drv, 1, NTF_DELIVERED, CV_DELIVERY_RESULT_DELIVERED);
    told(drv, 4); /* its mail is a file: that is as far as is known */
}

/* The mail of the only notice, as deliver.c hands it over. */
static void hand(drv_t *drv)
{
    run_sql(drv, "UPDATE ntf_delivery SET state = 2, channel = 2;"
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head)"
                 " VALUES(1, 2, 0, 'desk@kz.example', x'41', 1)");
}

/* The worst of several: which it is changes only when it does. */
static void test_worst_of_several(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    webhooks(drv, 2);
    drv_run(drv, 500, false);
    tell_registered(drv, KZ);
    drv_run(drv, 500, false); /* no message is made */
    assert_int_equal(drv->notices_n, 1);
    end(drv, 2, NTF_DELIVERED, CV_DELIVERY_RESULT_DELIVERED);
    hand(drv);
    assert_int_equal(told(drv, 2).state, CV_NOTICE_STATE_WRITTEN);
    end(drv, 3, NTF_DEAD, CV_DELIVERY_RESULT_REFUSED);
    cv_notifications_notice_v1_t notice = told(drv, 3);
    assert_int_equal(notice.state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(notice.channel, CV_NOTICE_CHANNEL_EMAIL);
    assert_int_equal(notice.dispatch, 3);
    end(drv, 1, NTF_DEAD, CV_DELIVERY_RESULT_GONE);
    notice = told(drv, 4);
    assert_int_equal(notice.channel, CV_NOTICE_CHANNEL_WEBHOOK);
    assert_int_equal(notice.dispatch, 1);
    redrive(drv, 1);
    notice = told(drv, 5);
    assert_int_equal(notice.state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(notice.dispatch, 3);
    redrive(drv, 3);
    assert_int_equal(told(drv, 6).state, CV_NOTICE_STATE_WRITTEN);
    end(drv, 1, NTF_WAITS, CV_DELIVERY_RESULT_LATER);
    end(drv, 3, NTF_DELIVERED, CV_DELIVERY_RESULT_DELIVERED);
    told(drv, 6);
    end(drv, 1, NTF_DELIVERED, CV_DELIVERY_RESULT_DELIVERED);
    int64_t done_ms = drv->ms;
    notice = told(drv, 7);
    assert_int_equal(notice.state, CV_NOTICE_STATE_DELIVERED);
    assert_int_equal(notice.channel, CV_NOTICE_CHANNEL_EMAIL);
    assert_true(notice.has_done_ms && notice.done_ms == done_ms && !notice.has_dispatch);
    told(drv, 7);
}

/* A webhook that was taken away is nobody's trouble. */
static void test_webhook_taken_away(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    webhooks(drv, 1);
    tell_registered(drv, KZ);
    drv_run(drv, 2000, true);
    end(drv, 1, NTF_DEAD, CV_DELIVERY_RESULT_WITHDRAWN);
    assert_int_equal(told(drv, 2).state, CV_NOTICE_STATE_WRITTEN);
    assert_int_equal(drv_number(drv, "SELECT open + dead FROM ntf_delivery"), 0);
}

/* While it is dead its message waits to be made: the dead one is what needs somebody. */
static void test_dead_while_queued(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    webhooks(drv, 1);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0); /* nobody to write to */
    drv_run(drv, 2000, true);
    assert_int_equal(drv->notices_n, 1);
    end(drv, 1, NTF_DEAD, CV_DELIVERY_RESULT_FORBIDDEN);
    assert_int_equal(told(drv, 2).state, CV_NOTICE_STATE_DEAD);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OPERATOR, "", "held", "no_recipient", CV_STR_NONE, 0);
    assert_int_equal(page->records.n, 1);
    redrive(drv, 1);
    assert_int_equal(told(drv, 3).state, CV_NOTICE_STATE_QUEUED);
}

/* Killed after the end is committed and before it is told: told once, at the next start. */
static void test_killed_before_it_is_told(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    webhooks(drv, 1);
    tell_registered(drv, KZ);
    drv_run(drv, 2000, true);
    end(drv, 1, NTF_DEAD, CV_DELIVERY_RESULT_TIMEOUT);
    assert_int_equal(drv_number(drv, "SELECT announced FROM ntf_delivery"), NTF_ARRIVAL_WRITTEN);
    assert_int_equal(told(drv, 3).state, CV_NOTICE_STATE_DEAD);
    assert_int_equal(drv_number(drv, "SELECT announced FROM ntf_delivery"), NTF_ARRIVAL_DELIVERED + 1);
    told(drv, 3);
}

/* From the version before: what dispatches had come to is told after all, and what was told is not told again. */
static void test_migration(void **state)
{
    drv_t *drv = *state;
    char error[512] = "";
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[160];
        snprintf(path, sizeof(path), "%s%s", drv->path, ends[i]);
        drv_remove(path);
    }
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = 5,
                               .cache_kib = 1024};
    if (cv_db_open(&options, &drv->db, error, sizeof(error)))
        fail_msg("%s", error);
    for (int n = 1; n <= 5; n++) {
        char sql[500];
        snprintf(
            sql, sizeof(sql),
            "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, hold, state, announced,"
            " channel) VALUES('n%d', 1, 'registration.events/11/%d', 'E', 'KZ', 5, 0, 0, 2, 2, %d)",
            n, n, n == 5 ? 1 : 2);
        run_sql(drv, sql);
        snprintf(sql, sizeof(sql),
                 "INSERT INTO ntf_dispatch(n, channel, webhook, address, state, head, attempts, done_ms, reason)"
                 " VALUES(%d, 2, 0, 'a@x.example', %d, 0, 2, 7, %d)",
                 n,
                 n == 1   ? NTF_DELIVERED
                 : n == 2 ? NTF_WAITS
                          : NTF_DEAD,
                 n == 3   ? CV_DELIVERY_RESULT_REFUSED
                 : n == 4 ? CV_DELIVERY_RESULT_WITHDRAWN
                          : 0);
        if (n < 5)
            run_sql(drv, sql);
    }
    cv_db_close(&drv->db);
    drv_start(drv);
    drv_run(drv, 500, false);
    assert_int_equal(drv->notices_n, 4); /* what is a file is as it was told; what is on its way is told once more */
    for (size_t i = 0; i < 4; i++) {
        cv_notifications_notice_v1_t notice = drv_notice(drv->notices[i]);
        static const char *const names[] = {"n1", "n2", "n3", "n4"};
        assert_true(cv_str_is(notice.notice, names[i]));
        static const cv_notice_state_t states[] = {CV_NOTICE_STATE_DELIVERED, CV_NOTICE_STATE_WRITTEN,
                                                   CV_NOTICE_STATE_DEAD, CV_NOTICE_STATE_DELIVERED};
        assert_int_equal(notice.state, states[i]);
    }
}

/* Numbers for everybody, without whom they are about. */
static void test_numbers(void **state)
{
    drv_t *drv = *state;
    static cv_any_t data;
    cv_msg_t msg;
    tell_catalogue(drv);
    webhooks(drv, 3);
    tell_registered(drv, KZ);
    drv_run(drv, 2000, true);
    end(drv, 1, NTF_DEAD, CV_DELIVERY_RESULT_TIMEOUT);
    end(drv, 2, NTF_DEAD, CV_DELIVERY_RESULT_WITHDRAWN);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "delivery", "", CV_STR_NONE, 0);
    assert_non_null(page);
    assert_int_equal(page->records.n, 1);
    assert_int_equal(cv_msg_read(drv->reader, cv_records_at(&page->records, 0), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
    const cv_notifications_delivery_v1_t *fare = &data.notifications_delivery_v1;
    assert_int_equal(fare->channels_n, 2);
    assert_int_equal(fare->channels[0].channel, CV_NOTICE_CHANNEL_EMAIL);
    assert_int_equal(fare->channels[0].open + fare->channels[0].dead, 0);
    assert_int_equal(fare->channels[1].open, 1);
    assert_int_equal(fare->channels[1].dead, 1);
    assert_true(fare->channels[1].has_oldest_ms && fare->channels[1].oldest_ms == 1772096400000);
    assert_int_equal(fare->left_alone, 0);
    assert_int_equal(fare->attempts_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_dead_and_redriven, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_worst_of_several, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_webhook_taken_away, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_dead_while_queued, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_killed_before_it_is_told, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_numbers, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
