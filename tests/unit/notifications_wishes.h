/* notifications_wishes: what a recipient asks for, how it is asked, and what has come of each notice then.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_NOTIFICATIONS_WISHES_H
#define TESTS_NOTIFICATIONS_WISHES_H

#include "convene/ids.h"

#include "notifications_forum.h"

#define FILE_DECIDED EVENTS_ID "1.KZ"

/* ---- asking ------------------------------------------------------------------------------- */

/* The outcome's code, until the next message is read. */
static inline cv_str_t ask(drv_t *drv, uint16_t type, const void *data)
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

static inline void assert_prefers(drv_t *drv, int order, cv_notice_kind_t kind, cv_notice_mode_t mode, const char *code)
{
    cv_preference_t put = {
        .party = CV_STR(KZ), .has_order = order != NTF_ORDER_ANY, .order = order, .kind = kind, .mode = mode};
    cv_str_t said = ask(drv, CV_MSG_NOTIFICATIONS_PREFERENCE_PUT_V1, &put);
    if (!cv_str_is(said, code))
        fail_msg("%.*s, not %s", CV_STR_ARG(said), code);
}

static inline void prefer(drv_t *drv, cv_notice_kind_t kind, cv_notice_mode_t mode)
{
    assert_prefers(drv, NTF_ORDER_ANY, kind, mode, mode ? "preference_set" : "preference_removed");
}

static inline void assert_hours(drv_t *drv, const char *zone, const char *from, const char *to, const char *code)
{
    cv_recipient_hours_t put = {
        .party = CV_STR(KZ), .zone = cv_str(zone), .quiet_from = cv_str(from), .quiet_to = cv_str(to)};
    cv_str_t said = ask(drv, CV_MSG_NOTIFICATIONS_HOURS_PUT_V1, &put);
    if (!cv_str_is(said, code))
        fail_msg("%.*s, not %s", CV_STR_ARG(said), code);
}

static inline void run_sql(drv_t *drv, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(drv->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_run(stmt), CV_OK);
}

/* ---- what happens ------------------------------------------------------------------------- */

static inline int64_t ms_of(const char *text)
{
    int64_t ms;
    assert_int_equal(cv_time_parse(cv_str(text), &ms), CV_OK);
    return ms;
}

static inline void run_at(drv_t *drv, const char *time)
{
    drv->ms = ms_of(time);
    drv_run(drv, 1000, true);
}

static inline void change(drv_t *drv, int64_t version, const char *city, cv_event_status_t status)
{
    cv_scheduling_event_v1_t event = forum(version);
    event.event_details.city = cv_str(city);
    event.status = status;
    tell_event(drv, &event);
    drv_run(drv, 500, true);
}

static inline int64_t count(drv_t *drv, const char *where)
{
    char sql[256];
    (void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_delivery WHERE %s", where);
    return drv_number(drv, sql);
}

/* Each notice has left by itself, or is in one digest that has left, or was asked not to be sent. */
static inline void assert_accounted(drv_t *drv, int64_t alone, int64_t inside, int64_t digests)
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
static inline const char *digest_id(drv_t *drv, int i)
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

static inline cv_notifications_dispatch_v1_t dispatch_of(drv_t *drv, const char *notice)
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
static inline void decide_and_move(drv_t *drv)
{
    tell_registered(drv, KZ);
    drv_run(drv, 500, true);
    change(drv, 2, "Astana", CV_EVENT_STATUS_OPEN);
}

#endif
