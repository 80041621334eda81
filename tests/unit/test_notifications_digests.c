/* test_notifications_digests: preferences, quiet hours and digests in the whole service: each notice leaves once, or is in
 * one digest, whenever the service ends, whatever clocks do.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "notifications/core.h"
#include "notifications/statements_prefer.h"

#include "notifications_forum.h"
#include "stored.h"

#define FILE_DECIDED EVENTS_ID "1.KZ"

/* ---- asking ------------------------------------------------------------------------------- */

/* The outcome's code, until the next message is read. */
static cv_str_t ask(drv_t *drv, uint16_t type, const void *data)
{
    static cv_principal_t secretariat = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
    static unsigned number;
    static cv_any_t outcome;
    char id[40];
    cv_buf_t buf;
    cv_msg_t msg, head = {.source = CV_STR("/test"), .inbox = CV_STR("inbox-of-test"), .time_ms = drv->ms};
    (void)snprintf(id, sizeof(id), "00000000-0000-4000-8000-%012u", ++number);
    head.id = cv_str(id);
    head.info = cv_msg_info_at(type);
    cv_buf_init(&buf, CV_MAX_REQUEST);
    assert_int_equal(cv_msg_write(&buf, &head, data), CV_OK);
    assert_int_equal(cv_engine_request(drv->engine, &secretariat, cv_buf_str(&buf)), CV_OK);
    cv_buf_clear(&drv->outcome);
    drv_run(drv, 50, false);
    cv_buf_done(&buf);
    assert_int_equal(cv_msg_read(drv->reader, cv_buf_str(&drv->outcome), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &outcome, NULL), CV_OK);
    return outcome.outcome_v1.code;
}

static void assert_prefers(drv_t *drv, int order, cv_notice_kind_t kind, cv_notice_mode_t mode, const char *code)
{
    cv_preference_t put = {
        .party = CV_STR(KZ), .has_order = order != NTF_ORDER_ANY, .order = order, .kind = kind, .mode = mode};
    cv_str_t said = ask(drv, CV_MSG_NOTIFICATIONS_PREFERENCE_PUT_V1, &put);
    if (!cv_str_is(said, code))
        fail_msg("%.*s, not %s", CV_STR_ARG(said), code);
}

static void prefer(drv_t *drv, cv_notice_kind_t kind, cv_notice_mode_t mode)
{
    assert_prefers(drv, NTF_ORDER_ANY, kind, mode, mode ? "preference_set" : "preference_removed");
}

static void assert_hours(drv_t *drv, const char *zone, const char *from, const char *to, const char *code)
{
    cv_recipient_hours_t put = {
        .party = CV_STR(KZ), .zone = cv_str(zone), .quiet_from = cv_str(from), .quiet_to = cv_str(to)};
    cv_str_t said = ask(drv, CV_MSG_NOTIFICATIONS_HOURS_PUT_V1, &put);
    if (!cv_str_is(said, code))
        fail_msg("%.*s, not %s", CV_STR_ARG(said), code);
}

static void run_sql(drv_t *drv, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(drv->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
}

/* ---- what happens ------------------------------------------------------------------------- */

static int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

static void run_at(drv_t *drv, const char *time)
{
    drv->ms = ms_of(time);
    drv_run(drv, 1000, true);
}

static void change(drv_t *drv, int64_t version, const char *city, cv_event_status_t status)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.city = cv_str(city);
    event.status = status;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
}

static int64_t count(drv_t *drv, const char *where)
{
    char sql[256];
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE %s", where);
    return drv_number(drv, sql);
}

/* Each notice has left by itself, or is in one digest that has left, or was asked not to be sent. */
static void assert_accounted(drv_t *drv, int64_t alone, int64_t inside, int64_t digests)
{
    assert_int_equal(count(drv, "topic <> 7 AND state = 2 AND digest IN (0, -2)"), alone);
    assert_int_equal(count(drv, "topic <> 7 AND state = 2 AND digest > 0"), inside);
    assert_int_equal(count(drv, "topic = 7 AND state = 2 AND digest = 0"), digests);
    assert_int_equal(count(drv, "topic = 7 AND digest > 0"), 0); /* none is in a digest */
    assert_int_equal(
        count(drv, "digest > 0 AND (SELECT d.topic FROM ntf_delivery AS d WHERE d.n = ntf_delivery.digest) <> 7"), 0);
    assert_int_equal(count(drv, "state = 1"), 0);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_wait"), 0);
    assert_int_equal(drv_files(drv), alone + digests);
}

/* The id of the only digest, or of the i-th. */
static const char *digest_id(drv_t *drv, int i)
{
    static char id[NTF_ID_MAX + 1];
    cv_stmt_t *stmt;
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "SELECT notice FROM ntf_delivery WHERE topic = 7 ORDER BY n LIMIT 1 OFFSET %d", i);
    assert_int_equal(cv_db_prepare(drv->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    assert_int_equal(cv_str_copy(cv_stmt_get_text(stmt, 0), id, sizeof(id)), CV_OK);
    cv_stmt_reset(stmt);
    return id;
}

static cv_notifications_dispatch_v1_t dispatch_of(drv_t *drv, const char *notice)
{
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_SECRETARIAT, "", "dispatches", KZ, CV_STR_NONE, 0);
    assert_non_null(page);
    for (size_t i = 0; i < page->records.n; i++) {
        static cv_any_t data;
        cv_msg_t msg;
        cv_reader_t *reader = cv_reader_new();
        assert_int_equal(cv_msg_read(reader, cv_records_at(&page->records, i), &msg, NULL), CV_OK);
        assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
        cv_reader_destroy(&reader);
        if (cv_str_is(data.notifications_dispatch_v1.notice, notice))
            return data.notifications_dispatch_v1;
    }
    fail_msg("no dispatch of %s", notice);
    return (cv_notifications_dispatch_v1_t){.attempts = 0};
}

/* A registration that is confirmed, and a place that moves: both with calendar parts. */
static void decide_and_move(drv_t *drv)
{
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    change(drv, 2, "Astana", CV_EVENT_STATUS_OPEN);
}

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
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_REJECTED, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 500, true);
    run_at(drv, "2026-02-28T01:00:00Z");
    assert_int_equal(count(drv, "topic = 7 AND hold = 5"), 1);
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
        cmocka_unit_test_setup_teardown(test_urgent_passes, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_not_after_its_deadline, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_quiet_hours, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_preference, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_by_webhook_alone, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_refused, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_who_sees_them, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_migration, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
