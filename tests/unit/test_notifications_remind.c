/* test_notifications_remind: reminders and silence procedures in the whole service: never early, never twice, moved with
 * the event, across restarts and clocks that jump.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/ids.h"
#include "notifications/core.h"

#include "notifications_forum.h"

static int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

/* The clock is there now. */
static void run_at(drv_t *drv, const char *time)
{
    drv->ms = ms_of(time);
    drv_run(drv, 500, true);
}

/* FORUM begins on 12 May at 09:30 in Baku, 05:30 UTC. */
static cv_scheduling_event_v1_t timed(int64_t version)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.time_start = CV_STR("09:30");
    event.event_details.zone = CV_STR("Asia/Baku");
    return event;
}

static void begin(drv_t *drv)
{
    tell_catalogue(drv);
    cv_scheduling_event_v1_t event = timed(2);
    tell_event(drv, &event);
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
}

static size_t reminders(drv_t *drv)
{
    return (size_t)drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 5");
}

static void assert_id(drv_t *drv, const char *rule, const char *anchor, const char *party, const char *part)
{
    char notice[NTF_ID_MAX + 1];
    (void)snprintf(notice, sizeof(notice), "reminder.%s.%s.%s", rule, anchor, party);
    assert_written(drv, notice, part);
}

static const char *seconds_of(const char *about, const char *time)
{
    static char text[100];
    (void)snprintf(text, sizeof(text), "%s.%lld", about, (long long)(ms_of(time) / 1000));
    return text;
}

/* ---- never early, never twice -------------------------------------------------------------- */

static void test_at_its_time_and_once(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    size_t before = drv_files(drv);
    run_at(drv, "2026-05-05T05:29:59.000Z");
    assert_int_equal(reminders(drv), 0);
    assert_int_equal(drv_files(drv), before);
    drv_run(drv, 1000, true); /* 05:30:00 comes in here */
    assert_int_equal(reminders(drv), 1);
    assert_true(drv_number(drv, "SELECT min(time_ms) FROM ntf_delivery WHERE topic = 5") >=
                ms_of("2026-05-05T05:30:00Z"));
    assert_id(drv, "start_7d", seconds_of("FORUM", "2026-05-12T05:30:00Z"), KZ,
              "Subject: The event begins soon: Business Forum\r\n");
    assert_id(drv, "start_7d", seconds_of("FORUM", "2026-05-12T05:30:00Z"), KZ,
              "Begins at: 2026-05-12 09:30:00 +04:00 (Asia/Baku)\r\nTime left: 7 days\r\n");
    cv_notifications_notice_v1_t notice = drv_notice(drv->notices[drv->notices_n - 1]);
    assert_int_equal(notice.kind, CV_NOTICE_KIND_REMINDER);
    assert_int_equal(notice.state, CV_NOTICE_STATE_WRITTEN);
    assert_true(cv_str_is(notice.event, "FORUM") && cv_str_is(notice.cause, "reminder/start_7d/FORUM/1778563800"));
    drv_restart(drv);
    drv_run(drv, 1000, true);
    run_at(drv, "2026-05-05T05:20:00Z"); /* the clock steps back, over it */
    run_at(drv, "2026-05-05T05:31:00Z");
    drv_restart(drv);
    drv_run(drv, 1000, true);
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-11T05:29:59.000Z");
    assert_int_equal(reminders(drv), 1);
    drv_run(drv, 1500, true);
    assert_int_equal(reminders(drv), 2);
    assert_id(drv, "start_1d", seconds_of("FORUM", "2026-05-12T05:30:00Z"), KZ, "Time left: 1 day\r\n");
    run_at(drv, "2026-06-12T05:30:00Z");
    assert_int_equal(reminders(drv), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM timer WHERE kind = 'remind'"), 0);
}

/* Moved an hour before a reminder is due: it comes seven days before the new start, and not at the old time. */
static void test_moves_with_the_event(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    run_at(drv, "2026-05-05T04:30:00Z");
    cv_scheduling_event_v1_t event = timed(3);
    event.event_details.date_start = CV_STR("2026-05-14");
    event.event_details.date_end = CV_STR("2026-05-15");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    run_at(drv, "2026-05-05T05:30:00Z");
    run_at(drv, "2026-05-07T05:29:58.000Z");
    assert_int_equal(reminders(drv), 0);
    drv_run(drv, 3000, true);
    assert_int_equal(reminders(drv), 1);
    assert_id(drv, "start_7d", seconds_of("FORUM", "2026-05-14T05:30:00Z"), KZ,
              "Begins at: 2026-05-14 09:30:00 +04:00");
    /* Another hour is another start; another title is not. */
    event.version = 4;
    event.event_details.title = CV_STR("Another title");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    assert_int_equal(reminders(drv), 1);
    /* Away to where it is due at once in the past, and back: nothing of it is told twice. */
    event.version = 5;
    event.event_details.date_start = CV_STR("2026-05-10");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    event.version = 6;
    event.event_details.date_start = CV_STR("2026-05-14");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-13T05:30:00Z");
    assert_int_equal(reminders(drv), 2);
}

static void test_off_and_on_again(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_scheduling_event_v1_t event = timed(3);
    event.status = CV_EVENT_STATUS_POSTPONED;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_due WHERE state = 1"), 0);
    run_at(drv, "2026-05-05T06:00:00Z");
    assert_int_equal(reminders(drv), 0);
    event.version = 4;
    event.status = CV_EVENT_STATUS_SCHEDULED;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    assert_int_equal(reminders(drv), 0); /* the time of the first has passed: who is told of it now needs no reminder */
    run_at(drv, "2026-05-11T06:00:00Z");
    assert_int_equal(reminders(drv), 1);
    /* Whoever has withdrawn is not reminded. */
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_WITHDRAWN, 1);
    event.version = 5;
    event.event_details.date_start = CV_STR("2026-05-20");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    run_at(drv, "2026-05-19T06:00:00Z");
    assert_int_equal(reminders(drv), 1);
}

/* ---- down, and clocks that jump ------------------------------------------------------------ */

static void test_down_while_it_was_due(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    drv->ms = ms_of("2026-05-08T12:00:00Z");
    drv_restart(drv);
    drv_run(drv, 500, true);
    assert_int_equal(reminders(drv), 1); /* late, but it is still ahead */
    cv_scheduling_event_v1_t event = timed(3);
    event.event_details.date_start = CV_STR("2026-06-20");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    drv->ms = ms_of("2026-06-19T12:00:00Z"); /* both are due: one is enough */
    drv_restart(drv);
    drv_run(drv, 500, true);
    assert_int_equal(reminders(drv), 2);
    assert_id(drv, "start_1d", seconds_of("FORUM", "2026-06-20T05:30:00Z"), KZ,
              "Time left: 17 hours\r\n"); /* not the rule's day */
    event.version = 4;
    event.event_details.date_start = CV_STR("2026-08-20");
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    run_at(drv, "2026-08-20T05:30:00Z"); /* the clock jumps to the very start */
    assert_int_equal(reminders(drv), 2);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_due WHERE state = 4"), 2);
}

/* Clocks of a zone are set otherwise than was thought: what is due is computed anew at each start, before it is told. */
static void test_another_tz_database(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    assert_int_equal(drv_number(drv, "SELECT due_ms FROM ntf_due WHERE rule = 'start_7d'"),
                     ms_of("2026-05-05T05:30:00Z"));
    assert_int_equal(cv_db_exec(drv->db, "UPDATE ntf_due SET due_ms = due_ms - 3600000"), CV_OK);
    drv->ms = ms_of("2026-05-05T05:00:00Z");
    drv_restart(drv);
    drv_run(drv, 500, true);
    assert_int_equal(reminders(drv), 0);
    assert_int_equal(drv_number(drv, "SELECT due_ms FROM ntf_due WHERE rule = 'start_7d'"),
                     ms_of("2026-05-05T05:30:00Z"));
    run_at(drv, "2026-05-05T05:30:00Z");
    assert_int_equal(reminders(drv), 1);
}

/* What is stored of one event is damaged: its reminder is given up, and keeps no other back. */
static void test_a_damaged_event(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    cv_scheduling_event_v1_t other = timed(1);
    other.event = CV_STR("OTHER");
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &other);
    drv_run(drv, 500, true);
    assert_int_equal(cv_db_exec(drv->db, "UPDATE ntf_event SET data = x'c0' WHERE event = 'OTHER'"), CV_OK);
    drv_restart(drv);
    run_at(drv, "2026-05-05T05:30:00Z");
    assert_int_equal(reminders(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT state FROM ntf_due WHERE about = 'OTHER' AND rule = 'start_7d'"), 4);
}

/* A snapshot of scheduling rebuilds events; what was told stays told, and what is ahead stays ahead. */
static void test_across_a_snapshot(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    run_at(drv, "2026-05-05T05:30:00Z");
    assert_int_equal(reminders(drv), 1);
    cv_scheduling_event_v1_t event = timed(2);
    cv_party_t party = {.code = CV_STR(KZ), .kind = CV_PARTY_KIND_MEMBER, .name = CV_STR("Kazakhstan")};
    drv_new_epoch(drv, DRV_SCHEDULING);
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &party);
    drv_state(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_EVENT_V1, &event);
    drv_run(drv, 1000, true);
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-11T05:30:00Z");
    assert_int_equal(reminders(drv), 2);
}

/* ---- deadlines ----------------------------------------------------------------------------- */

static void test_who_has_not_answered(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv);
    cv_party_t guest = {.code = CV_STR("GG"), .kind = CV_PARTY_KIND_GUEST, .name = CV_STR("Guest")};
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &guest);
    static const char *const parties[] = {"KZ", "UZ", "KG", "GG"}; /* TJ has nobody to write to */
    for (size_t i = 0; i < sizeof(parties) / sizeof(parties[0]); i++) {
        char id[64];
        (void)snprintf(id, sizeof(id), "0190163d-8694-739b-aea5-966c26f8ad9%zu", i);
        assert_true(cv_str_is(drv_recipient(drv, id, parties[i], 1, "first@party.example"), "recipient_set"));
    }
    tell_registered(drv, KZ);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_WITHDRAWN, 1); /* an answer, too */
    tell_decided(drv, "UZ", CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_DECLINED, tell_contact(drv, "UZ", "a@uz.example"));
    cv_scheduling_event_v1_t event = timed(2);
    event.has_registration = true;
    event.registration = (cv_registration_rules_t){.capacity = 10,
                                                   .maximum = 5,
                                                   .waiting = CV_WAITING_RULE_STRICT,
                                                   .group = CV_GROUP_RULE_EACH,
                                                   .opens_ms = ms_of("2026-03-01T00:00:00Z"),
                                                   .closes_ms = ms_of("2026-04-10T14:00:00Z"),
                                                   .audience_n = 1,
                                                   .audience = {CV_PARTY_KIND_MEMBER}};
    tell_event(drv, &event);
    drv_run(drv, 500, true);
    run_at(drv, "2026-04-03T13:59:00Z");
    assert_int_equal(reminders(drv), 0);
    run_at(drv, "2026-04-03T14:00:00Z");
    assert_int_equal(reminders(drv), 1);
    assert_id(drv, "registration_7d", seconds_of("FORUM", "2026-04-10T14:00:00Z"), "KG",
              "Срок: 2026-04-10 18:00:00 +04:00 (Asia/Baku)\r\nОсталось: 7 дней\r\n");
    /* The deadline is put off: the last reminder goes with it. Who has answered meanwhile is left alone. */
    event.version = 3;
    event.registration.closes_ms = ms_of("2026-04-20T14:00:00Z");
    tell_event(drv, &event);
    tell_registered(drv, "KG");
    drv_run(drv, 500, true);
    run_at(drv, "2026-04-19T14:00:00Z");
    assert_int_equal(reminders(drv), 1);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_due WHERE rule = 'registration_1d' AND state = 2"), 1);
}

/* ---- rules are data ------------------------------------------------------------------------ */

static void put_rule(drv_t *drv, const char *id, cv_reminder_anchor_t anchor, const char *rule, int64_t hours, bool off)
{
    static cv_principal_t secretariat = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
    cv_reminder_t reminder = {
        .rule = cv_str(rule), .anchor = anchor, .before_hours = hours, .has_off = true, .off = off};
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("inbox-of-test"),
                     .time_ms = drv->ms,
                     .info = cv_msg_info_at(CV_MSG_NOTIFICATIONS_REMINDER_PUT_V1)};
    assert_int_equal(cv_msg_write(&buf, &head, &reminder), CV_OK);
    assert_int_equal(cv_engine_request(drv->engine, &secretariat, cv_buf_str(&buf)), CV_OK);
    drv_run(drv, 500, true);
    cv_buf_done(&buf);
}

static void test_rules_are_data(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    const cv_log_page_v1_t *page = drv_query(drv, CV_ROLE_OBSERVER, "", "reminders", "", CV_STR_NONE, 0);
    assert_non_null(page);
    assert_int_equal(page->records.n, 10);
    put_rule(drv, "0190163d-8694-739b-aea5-966c26f8ad91", CV_REMINDER_ANCHOR_START, "start_7d", 168, true);
    put_rule(drv, "0190163d-8694-739b-aea5-966c26f8ad92", CV_REMINDER_ANCHOR_START, "start_2h", 2, false);
    /* This one's time has passed when it is set: it reminds nobody of this event. */
    put_rule(drv, "0190163d-8694-739b-aea5-966c26f8ad93", CV_REMINDER_ANCHOR_START, "start_1y", 8760, false);
    run_at(drv, "2026-05-05T05:31:00Z");
    assert_int_equal(reminders(drv), 0);
    run_at(drv, "2026-05-11T05:31:00Z");
    assert_int_equal(reminders(drv), 1);
    run_at(drv, "2026-05-12T03:29:58.000Z");
    assert_int_equal(reminders(drv), 1);
    drv_run(drv, 3000, true);
    assert_int_equal(reminders(drv), 2);
    assert_id(drv, "start_2h", seconds_of("FORUM", "2026-05-12T05:30:00Z"), KZ, "Time left: 2 hours\r\n");
    /* Set again: what was told is not told again. */
    put_rule(drv, "0190163d-8694-739b-aea5-966c26f8ad94", CV_REMINDER_ANCHOR_START, "start_2h", 1, false);
    run_at(drv, "2026-05-12T04:30:01.000Z");
    assert_int_equal(reminders(drv), 2);
}

/* ---- silence procedures -------------------------------------------------------------------- */

static cv_scheduling_decision_v1_t silence(const char *id, int64_t version, cv_decision_state_t state,
                                           cv_decision_step_t step)
{
    return (cv_scheduling_decision_v1_t){.decision = cv_str(id),
                                         .version = version,
                                         .state = state,
                                         .way = CV_DECISION_WAY_SILENCE,
                                         .step = step,
                                         .opened_ms = ms_of("2026-02-26T09:00:00Z"),
                                         .has_expires_ms = true,
                                         .expires_ms = ms_of("2026-03-06T13:00:00Z"),
                                         .zone = CV_STR("Asia/Almaty"),
                                         .members = 4,
                                         .resolution = {.subject = CV_SUBJECT_KIND_DOCUMENT,
                                                        .title = CV_STR("Guidelines"),
                                                        .text = CV_STR("They are adopted.")}};
}

static size_t silences(drv_t *drv)
{
    return (size_t)drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE topic = 6");
}

static void test_silence(void **state)
{
    drv_t *drv = *state;
    tell_catalogue(drv); /* four members, and none who is not */
    cv_party_t guest = {.code = CV_STR("GG"), .kind = CV_PARTY_KIND_GUEST, .name = CV_STR("Guest")};
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_PARTY_V1, &guest);
    drv_recipient(drv, "0190163d-8694-739b-aea5-966c26f8ad91", KZ, 1, "first@kz.example");
    cv_scheduling_decision_v1_t decision = silence("2026-D-1", 1, CV_DECISION_STATE_OPEN, CV_DECISION_STEP_OPENED);
    uint64_t opened = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    decision = silence("2026-D-2", 1, CV_DECISION_STATE_OPEN, CV_DECISION_STEP_OPENED);
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    decision = silence("2026-D-3", 1, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED);
    decision.way = CV_DECISION_WAY_SESSION; /* everybody was there */
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 1000, true);
    assert_int_equal(silences(drv), 8);
    char notice[NTF_ID_MAX + 1];
    (void)snprintf(notice, sizeof(notice), CHANGE_ID "%d.KZ", (int)opened);
    assert_written(drv, notice, "Срок молчания истекает: 2026-03-06 18:00:00 +05:00 (Asia/Almaty)\r\n");
    assert_int_equal(drv_files(drv), 2); /* the others wait for somebody to write to, visibly */
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_delivery WHERE hold = 1"), 6);

    /* One is broken before its last day: all are told at once, and nobody is reminded of it. */
    decision = silence("2026-D-2", 2, CV_DECISION_STATE_BROKEN, CV_DECISION_STEP_BROKEN);
    decision.by = CV_STR("UZ");
    decision.resolution.proposer = CV_STR("TJ");
    uint64_t broken = drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 500, true);
    assert_int_equal(silences(drv), 12);
    (void)snprintf(notice, sizeof(notice), CHANGE_ID "%d.KZ", (int)broken);
    assert_written(drv, notice, "Молчание нарушено стороной: Узбекистан (UZ)\r\n");
    assert_written(drv, notice, "Внесено: Таджикистан (TJ)\r\n");
    run_at(drv, "2026-03-05T12:59:59.000Z");
    assert_int_equal(reminders(drv), 0);
    drv_restart(drv);
    drv_run(drv, 2000, true);
    assert_int_equal(reminders(drv), 4);
    assert_id(drv, "silence_1d", seconds_of("2026-D-1", "2026-03-06T13:00:00Z"), KZ, "Осталось: 1 день\r\n");
    drv->ms = ms_of("2026-03-06T13:00:00Z");
    decision = silence("2026-D-1", 2, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED);
    decision.has_number = true;
    decision.number = 7;
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 500, true);
    decision.version = 3;
    decision.step = CV_DECISION_STEP_ATTACHED; /* a reservation afterwards: no step of the procedure */
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 500, true);
    assert_int_equal(silences(drv), 16);
    assert_int_equal(reminders(drv), 4);
    assert_int_equal(drv_number(drv, "SELECT count(*) FROM ntf_procedure"), 0);
    for (size_t i = 0; i < drv->notices_n; i++) {
        cv_notifications_notice_v1_t told = drv_notice(drv->notices[i]);
        assert_true(told.kind == CV_NOTICE_KIND_SILENCE || told.kind == CV_NOTICE_KIND_REMINDER);
        assert_false(cv_str_is(told.party, "GG"));
    }
}

/* ---- a database of before there were any --------------------------------------------------- */

static void insert(cv_db_t *db, const char *sql, cv_str_t blob)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(db, sql, &stmt), CV_OK);
    if (blob.ptr)
        cv_stmt_blob(stmt, 1, blob.ptr, blob.len);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
}

/* What was known before is reminded of after, and what was written before still leaves. */
static void test_an_older_database(void **state)
{
    drv_t *drv = *state;
    cv_scheduling_event_v1_t event = timed(2);
    cv_registration_decided_v1_t decided = {.request = CV_STR("0190163d-8694-739b-aea5-966c26f8ad91"),
                                            .kind = CV_DECISION_KIND_REGISTER,
                                            .event = CV_STR("FORUM"),
                                            .party = CV_STR(KZ),
                                            .cls = CV_OUTCOME_CLASS_OK,
                                            .code = CV_STR("registered"),
                                            .answer = CV_PARTY_ANSWER_REGISTERED};
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    drv_remove(drv->path);
    char error[256], file[128];
    for (const char *const *end = (const char *const[]){"-wal", "-shm", NULL}; *end; end++) {
        (void)snprintf(file, sizeof(file), "%s%s", drv->path, *end);
        unlink(file);
    }
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = 3};
    cv_db_t *db;
    assert_int_equal(cv_db_open(&options, &db, error, sizeof(error)), CV_OK);
    cv_msg_t msg;
    cv_str_t message = drv_message(drv, DRV_SCHEDULING, 1, CV_MSG_SCHEDULING_EVENT_V1, &event);
    assert_int_equal(cv_msg_read(drv->reader, message, &msg, NULL), CV_OK);
    insert(db, "INSERT INTO ntf_event VALUES('FORUM', 2, 1, ?1)", msg.data_bytes);
    free((void *)(uintptr_t)message.ptr);
    message = drv_message(drv, DRV_EVENTS, 1, CV_MSG_REGISTRATION_DECIDED_V1, &decided);
    assert_int_equal(cv_msg_read(drv->reader, message, &msg, NULL), CV_OK);
    insert(db,
           "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, data, hold)"
           " VALUES('old.notice', 1, 'registration.events/1111111111111111/9', 'FORUM', 'KZ', 1, 0, ?1, 0)",
           msg.data_bytes);
    free((void *)(uintptr_t)message.ptr);
    insert(db, "INSERT INTO ntf_party VALUES('KZ', 'Kazakhstan')", CV_STR_NONE);
    insert(db, "INSERT INTO ntf_answer VALUES('FORUM', 'KZ', 1, 2)", CV_STR_NONE);
    insert(db, "INSERT INTO ntf_recipient VALUES('KZ', 1, 'Mission', 'first@kz.example', 1)", CV_STR_NONE);
    cv_db_close(&db);

    drv_start(drv);
    drv_run(drv, 500, true);
    assert_written(drv, "old.notice", "Subject: Registration accepted: Business Forum\r\n");
    run_at(drv, "2026-05-05T05:30:00Z");
    assert_int_equal(reminders(drv), 1);
    /* Of what kind KZ is was not kept: it is told of a silence procedure rather than left out. */
    cv_scheduling_decision_v1_t decision = silence("2026-D-1", 1, CV_DECISION_STATE_OPEN, CV_DECISION_STEP_OPENED);
    drv_record(drv, DRV_SCHEDULING, CV_MSG_SCHEDULING_DECISION_V1, &decision);
    drv_run(drv, 500, true);
    assert_int_equal(silences(drv), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_at_its_time_and_once, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_moves_with_the_event, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_off_and_on_again, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_down_while_it_was_due, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_another_tz_database, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_a_damaged_event, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_across_a_snapshot, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_who_has_not_answered, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_rules_are_data, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_silence, drv_setup, drv_teardown),
        cmocka_unit_test_setup_teardown(test_an_older_database, drv_setup, drv_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
