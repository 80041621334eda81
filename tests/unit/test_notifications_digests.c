/* test_notifications_digests: digests in the whole service: each notice leaves once, or is in one digest, whenever the service
 * ends, whatever clocks do.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core.h"
#include "notifications/statements_prefer.h"

#include "notifications_wishes.h"
#include "stored.h"

/* ---- digests ------------------------------------------------------------------------------ */

static void test_whole_and_once(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    decide_and_move(drv);
    assert_int_equal(drv_files(drv), 0);
    assert_int_equal(count(drv, "state = 1 AND hold = 4"), 2);
    const cv_log_page_v1_t *held = drv_query(drv, CV_ROLE_SECRETARIAT, "", "held", "awaiting_digest", CV_STR_NONE, 0);
    assert_non_null(held);
    assert_int_equal(held->records.n, 2);
    assert_int_equal(dispatch_of(drv, FILE_DECIDED).reason, CV_DELIVERY_RESULT_AWAITING_DIGEST);
    assert_int_equal(dispatch_of(drv, FILE_DECIDED).next_ms, ms_of("2026-02-27T08:00:00Z"));
    assert_int_equal(drv_notice(drv->notices[drv->notices_n - 1]).state, CV_NOTICE_STATE_DEFERRED);
    run_at(drv, "2026-02-27T07:59:58Z");
    assert_int_equal(drv_files(drv), 0);
    drv_run(drv, 3000, true);
    assert_accounted(drv, 0, 2, 1);
    const char *id = digest_id(drv, 0);
    assert_written(drv, id, "Subject: Digest of the day: Kazakhstan\r\n");
    assert_written(drv, id, "Dear Focal Point,\r\n");
    assert_written(
        drv, id,
        "2 notices, in full below:\r\n1. Registration accepted: Business Forum\r\n2. Event changed: Business Forum\r\n");
    assert_written(drv, id, "Bekova Aigerim");
    assert_written(drv, id, "Baku, AZ");
    assert_written(drv, id, "Notice: " FILE_DECIDED "\r\n");
    assert_written(drv, id, "filename=\"event-1.ics\"");
    assert_written(drv, id, "filename=\"event-2.ics\"");
    cv_notifications_dispatch_v1_t dispatch = dispatch_of(drv, FILE_DECIDED);
    assert_int_equal(dispatch.state, CV_DISPATCH_STATE_DELIVERED);
    assert_int_equal(dispatch.kind, CV_NOTICE_KIND_DECISION);
    assert_true(cv_str_is(dispatch.digest, id));
    assert_false(dispatch.has_next_ms);
    /* What was told of last: the digest is queued and written, and what is in it is written with it. */
    size_t written = 0;
    for (size_t i = 0; i < drv->notices_n; i++)
        written += drv_notice(drv->notices[i]).state == CV_NOTICE_STATE_WRITTEN;
    assert_int_equal(written, 3);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'outbox'"), 0);
}

/* Everything is wanted in a digest, and a digest is a notice too: it is in none, and there is none about nothing. */
static void test_digest_that_finds_itself(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    decide_and_move(drv);
    for (int days = 0; days < 15; days++) {
        drv->ms += DAY_MS;
        drv_restart(drv);
        drv_run(drv, 300, true);
        assert_accounted(drv, 0, 2, 1);
    }
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 7 AND digest <> 0"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_wait"), 0);
}

/* What becomes of a digest's mail is said of what is in it. */
static void test_comes_as_far_as_its_digest(void **state)
{
    drv_t *drv = *state;
    static const struct {
        const char *sql;
        int open, dead, delivered;
    } STEPS[] = {
        {"UPDATE ntf_delivery SET channel = 2 WHERE topic = 7 OR digest > 0", 0, 0, 3},
        {"INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head) SELECT n, 2, 0, 'a@x.example', X'00', 1"
         " FROM ntf_delivery WHERE topic = 7",
         3, 0, 0},
        {"UPDATE ntf_dispatch SET state = 2", 3, 0, 0},
        {"UPDATE ntf_dispatch SET state = 4, reason = 3", 0, 3, 0},
        {"UPDATE ntf_dispatch SET state = 1, reason = 0", 3, 0, 0}, /* redriven */
        {"INSERT INTO ntf_dispatch(n, channel, webhook, address, head) SELECT n, 3, 9, 'https://x.example/', 1"
         " FROM ntf_delivery WHERE kind = 1",
         3, 0, 0},
        {"UPDATE ntf_dispatch SET state = 3 WHERE channel = 2", 1, 0, 2},
        {"UPDATE ntf_dispatch SET state = 4, reason = 3 WHERE channel = 3", 0, 1, 2},
        {"UPDATE ntf_dispatch SET state = 3, reason = 0 WHERE channel = 3", 0, 0, 3},
        /* The digest's mail is dead: a webhook of a notice in it that goes on and arrives does not hide that. */
        {"UPDATE ntf_dispatch SET state = 4, reason = 3 WHERE channel = 2", 0, 3, 0},
        {"UPDATE ntf_dispatch SET state = 1 WHERE channel = 3", 1, 3, 0},
        {"UPDATE ntf_dispatch SET state = 3 WHERE channel = 3", 0, 3, 0},
        {"UPDATE ntf_dispatch SET state = 3, reason = 0 WHERE channel = 2", 0, 0, 3},
    };
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    decide_and_move(drv);
    run_at(drv, "2026-02-27T08:00:00Z");
    assert_accounted(drv, 0, 2, 1);
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        run_sql(drv, STEPS[i].sql);
        if (count(drv, "open > 0") != STEPS[i].open || count(drv, "dead > 0") != STEPS[i].dead)
            fail_msg("step %zu: %d open, %d dead", i, (int)count(drv, "open > 0"), (int)count(drv, "dead > 0"));
        assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE (" NTF_PROGRESS ") = 4"),
                         STEPS[i].delivered);
    }
    assert_int_equal(count(drv, "open <> 0 OR dead <> 0"), 0);
}

/* Daily and weekly ones of the same party, each with its own; and more than go into one. */
static void test_by_period_and_many(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_DAILY);
    prefer(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_NOTICE_MODE_WEEKLY);
    decide_and_move(drv);
    for (int i = 0; i < 44; i++)
        tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    run_at(drv, "2026-02-27T08:00:00Z");
    drv_run(drv, 1000, true);
    assert_int_equal(count(drv, "topic = 7 AND state = 2"), 3); /* 20, 20, 5 */
    assert_int_equal(count(drv, "state = 2 AND digest > 0 AND kind = 1"), 45);
    assert_int_equal(count(drv, "state = 1 AND hold = 4"), 1);
    assert_int_equal(count(drv, "digest > 0 AND n > digest"), 0);
    assert_written(drv, digest_id(drv, 2), "5 notices, in full below");
    run_at(drv, "2026-03-01T08:00:00Z");
    assert_int_equal(drv_files(drv), 3);
    run_at(drv, "2026-03-02T08:00:00Z"); /* Monday */
    assert_accounted(drv, 0, 46, 4);
    assert_written(drv, digest_id(drv, 3), "Subject: Digest of the week: Kazakhstan\r\n");
    assert_written(drv, digest_id(drv, 3), "1 notice, in full below:\r\n1. Event changed: Business Forum\r\n");
}

/* The service ends at every moment of the way, as kill -9 leaves it: what is in the database and in the folder. */
static void test_ends_at_every_moment(void **state)
{
    (void)state;
    enum { MOMENTS = 34 };
    for (int moment = 0; moment < MOMENTS; moment++) {
        drv_t *drv = drv_new();
        tell_catalogue(drv);
        prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
        int at = 0;
        for (int part = 0; part < 2; part++) {
            if (part == 0) {
                cv_scheduling_event_v1_t event = forum(2);
                tell_registered(drv, KZ);
                drv_run(drv, 100, true);
                event.event_details.city = CV_STR("Astana");
                tell_event(drv, &event);
            } else {
                drv->ms = ms_of("2026-02-27T07:59:59.900Z");
            }
            for (int i = 0; i < MOMENTS / 2; i++, at++) {
                /* Every second one ends before what is done after the transaction. */
                drv_run(drv, 50, at != moment || moment % 2 == 0);
                if (at == moment)
                    drv_restart(drv);
            }
        }
        drv_run(drv, 1000, true);
        assert_accounted(drv, 0, 2, 1);
        assert_written(drv, digest_id(drv, 0), "2 notices, in full below");
        drv_destroy(&drv);
    }
}

/* The folder takes nothing when the digest is made: its bytes are kept, and what comes meanwhile is in the next one. */
static void test_no_room_for_it(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    decide_and_move(drv);
    FILE *file = fopen(drv->outbox, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    run_at(drv, "2026-02-27T08:00:00Z");
    assert_int_equal(count(drv, "topic = 7 AND state = 1 AND mail IS NOT NULL"), 1);
    assert_int_equal(count(drv, "digest > 0 AND state = 1"), 2);
    drv_restart(drv);
    change(drv, 3, "Almaty", CV_EVENT_STATUS_OPEN);
    assert_int_equal(count(drv, "topic = 7"), 1);
    assert_int_equal(unlink(drv->outbox), 0);
    drv_run(drv, 120000, true);
    assert_int_equal(drv_files(drv), 1);
    assert_int_equal(count(drv, "digest > 0 AND state = 2"), 2);
    run_at(drv, "2026-02-28T08:00:00Z");
    assert_accounted(drv, 0, 3, 2);
}

/* A notice that cannot be made keeps nobody else's: the digest is dissolved, and all leave by themselves. */
static void test_dissolved(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    decide_and_move(drv);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "hold = 4"), 3);
    run_sql(drv, "UPDATE ntf_delivery SET data = X'00' WHERE n = (SELECT max(n) FROM ntf_delivery)");
    run_at(drv, "2026-02-27T08:00:00Z");
    drv_run(drv, 1000, true);
    assert_int_equal(count(drv, "state = 2 AND digest = -2"), 2);
    assert_int_equal(count(drv, "state = 3 AND digest = -2"), 1);
    assert_int_equal(count(drv, "topic = 7 AND state = 2 AND digest = -1"), 1);
    assert_int_equal(drv_files(drv), 2);
    assert_written(drv, FILE_DECIDED, "Subject: Registration accepted: Business Forum\r\n");
    assert_int_equal(dispatch_of(drv, digest_id(drv, 0)).state, CV_DISPATCH_STATE_SILENCED);
    assert_int_equal(dispatch_of(drv, digest_id(drv, 0)).reason, CV_DELIVERY_RESULT_UNUSABLE);
    drv_restart(drv); /* what was given up is tried again, and given up again */
    drv_run(drv, 1000, true);
    run_at(drv, "2026-02-28T08:00:00Z");
    assert_int_equal(drv_files(drv), 2);
    assert_int_equal(count(drv, "topic = 7"), 1);
}

static void test_clock_steps_back(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_EVENT_CHANGE, CV_NOTICE_MODE_DAILY);
    assert_hours(drv, "Asia/Almaty", "20:00", "07:00", "hours_set");
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    assert_int_equal(drv_files(drv), 1);
    drv->ms = ms_of("2027-02-26T18:00:00Z"); /* the clock is wrong by a year */
    change(drv, 2, "Astana", CV_EVENT_STATUS_OPEN);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "hold = 4"), 1);
    assert_int_equal(count(drv, "hold = 5"), 1);
    drv->ms = ms_of("2026-02-26T10:00:00Z");
    drv_run(drv, 1000, true); /* by itself: nothing else is due */
    assert_accounted(drv, 2, 1, 1);
}

/* Whose name is forgotten is in no digest any more: in the folder, on its way, in the database. */
static void test_erased(void **state)
{
    drv_t *drv = *state;
    cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                          .party = CV_STR(KZ),
                                          .persons_n = 1,
                                          .persons = {1},
                                          .cause = CV_ERASURE_CAUSE_REQUEST};
    tell_catalogue(drv);
    prefer(drv, CV_NOTICE_KIND_ABSENT, CV_NOTICE_MODE_DAILY);
    decide_and_move(drv);
    run_at(drv, "2026-02-27T08:00:00Z");
    assert_written(drv, digest_id(drv, 0), "Bekova");
    drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
    drv_run(drv, 1000, true);
    char *file = drv_file(drv, digest_id(drv, 0));
    assert_non_null(file);
    assert_null(strstr(file, "Bekova"));
    assert_non_null(strstr(file, "2 notices, in full below"));
    free(file);
    assert_false(stored_in(drv->path, "Bekova", 6));
    assert_accounted(drv, 0, 2, 1);
}

/* From the version before: what is queued leaves, as it would have. */
static void test_migration(void **state)
{
    drv_t *drv = *state;
    char error[256], file[128];
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    for (const char *const *end = (const char *const[]){"", "-wal", "-shm", NULL}; *end; end++) {
        (void)snprintf(file, sizeof(file), "%s%s", drv->path, *end);
        unlink(file);
    }
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = 5};
    cv_db_t *db;
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_open(&options, &db, error, sizeof(error)), CV_OK);
    assert_int_equal(
        cv_db_prepare(
            db,
            "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, data, hold, topic)"
            " VALUES('old.notice', 3, 'old', 'FORUM', 'KZ', 1, 0, CAST('0 2000000000000 86400000' || char(10) AS BLOB), 0, 5)",
            &stmt),
        CV_OK);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
    cv_db_close(&db);
    drv_start(drv);
    tell_catalogue(drv);
    tell_contact(drv, KZ, "focal@kz.example");
    drv_run(drv, 1000, true);
    assert_accounted(drv, 1, 0, 0);
    assert_written(drv, "old.notice", "Subject: The event begins soon: Business Forum\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_and_once, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_digest_that_finds_itself, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_comes_as_far_as_its_digest, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_by_period_and_many, drv_setup, drv_teardown),
        cmocka_unit_test(test_ends_at_every_moment),
        cmocka_unit_test_setup_teardown(test_no_room_for_it, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_dissolved, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_clock_steps_back, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_erased, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
