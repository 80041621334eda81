/* scheduling_driver: runs the scheduling service on the engine, with a clock and an outside made of memory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One driver is one service process: open, send, wait, crash, open again. What it publishes is kept as bytes.
 */
#ifndef TESTS_SCHEDULING_DRIVER_H
#define TESTS_SCHEDULING_DRIVER_H

#include "convene/ids.h"
#include "scheduling/handlers.h"
#include "service/engine.h"
#include "store/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DRIVER_KEPT_MAX = 4096 };

typedef struct {
    char *ptr; /* owned */
    size_t len;
} driver_bytes_t;

typedef struct {
    char directory[64], path[96];
    cv_db_t *db;
    cv_engine_t *engine;
    cv_reader_t *reader;
    cv_buf_t request;
    cv_principal_t principal;
    int64_t now_ms, mono_ms;
    unsigned requests;                     /* for ids */
    driver_bytes_t outcome, answer, asked; /* the last of each */
    driver_bytes_t records[DRIVER_KEPT_MAX];
    size_t records_n;
    cv_msg_t msg;   /* the last message decoded */
    cv_any_t *data; /* its data */
} driver_t;

static inline void driver_keep(driver_bytes_t *kept, cv_str_t bytes)
{
    free(kept->ptr);
    kept->ptr = malloc(bytes.len + 1);
    assert_non_null(kept->ptr);
    memcpy(kept->ptr, bytes.ptr, bytes.len);
    kept->len = bytes.len;
}

static inline void driver_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    driver_t *driver = self;
    if (!message.ptr)
        return; /* a head */
    if (!position) {
        driver_keep(&driver->outcome, message);
        return;
    }
    assert_true(cv_str_is(topic, "scheduling.events|"));
    assert_true(driver->records_n < DRIVER_KEPT_MAX);
    driver_keep(&driver->records[driver->records_n++], message);
}

static inline void driver_answer(void *self, void *peer, cv_str_t message)
{
    (void)peer;
    driver_keep(&((driver_t *)self)->answer, message);
}

static inline void driver_ask(void *self, size_t follow, cv_str_t message)
{
    assert_int_equal(follow, 0);
    if (memmem(message.ptr, message.len, "/ack/", 5))
        return; /* needs no answer */
    driver_keep(&((driver_t *)self)->asked, message);
}

static inline void driver_open(driver_t *driver)
{
    char error[512];
    const cv_db_options_t options = {
        .path = driver->path,
        .application_id = sch_definition.application_id,
        .migrations = sch_definition.migrations,
        .migrations_n = sch_definition.migrations_n,
    };
    const cv_outside_t outside = {
        .self = driver, .publish = driver_publish, .answer = driver_answer, .ask = driver_ask};
    const cv_engine_options_t engine_options = {.new_epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .version = "test"};
    if (cv_db_open(&options, &driver->db, error, sizeof error))
        fail_msg("%s", error);
    if (cv_engine_new(&sch_definition, driver->db, &outside, &engine_options, &driver->engine, error, sizeof error))
        fail_msg("%s", error);
}

static inline driver_t *driver_new(const char *now)
{
    driver_t *driver = calloc(1, sizeof *driver);
    assert_non_null(driver);
    snprintf(driver->directory, sizeof driver->directory, "/tmp/test-scheduling-XXXXXX");
    assert_non_null(mkdtemp(driver->directory));
    snprintf(driver->path, sizeof driver->path, "%s/scheduling.db", driver->directory);
    driver->reader = cv_reader_new();
    driver->data = calloc(1, sizeof *driver->data);
    assert_true(driver->reader && driver->data);
    cv_buf_init(&driver->request, CV_MAX_FRAME);
    driver->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    assert_int_equal(cv_time_parse(cv_str(now), &driver->now_ms), CV_OK);
    driver->mono_ms = 1000;
    driver_open(driver);
    return driver;
}

/* As after kill -9: nothing is closed in order. */
static inline void driver_crash(driver_t *driver)
{
    cv_engine_destroy(&driver->engine);
    cv_db_abandon(&driver->db);
    driver_open(driver);
}

static inline void driver_free(driver_t **driver_p)
{
    driver_t *driver = *driver_p;
    static const char *const FILES[] = {"", "-wal", "-shm", ".lock"};
    cv_engine_destroy(&driver->engine);
    cv_db_close(&driver->db);
    cv_reader_destroy(&driver->reader);
    cv_buf_done(&driver->request);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; ++i) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", driver->path, FILES[i]);
        unlink(path);
    }
    rmdir(driver->directory);
    for (size_t i = 0; i < driver->records_n; ++i)
        free(driver->records[i].ptr);
    free(driver->outcome.ptr);
    free(driver->answer.ptr);
    free(driver->asked.ptr);
    free(driver->data);
    free(driver);
    *driver_p = NULL;
}

/* Turns until nothing is due, at most a few: what is due at once runs in the turn after. */
static inline void driver_turn(driver_t *driver)
{
    int64_t next_ms;
    for (int i = 0; i < 5; ++i) {
        int rc = cv_engine_turn(driver->engine, driver->now_ms, driver->mono_ms, &next_ms);
        if (rc)
            fail_msg("turn: %s %s", cv_error_name(rc), cv_engine_error(driver->engine));
        if (next_ms > driver->mono_ms)
            break;
    }
}

static inline void driver_wait_until(driver_t *driver, int64_t ms)
{
    driver->mono_ms += ms - driver->now_ms;
    driver->now_ms = ms;
    driver_turn(driver);
}

/* Reads bytes into driver->msg and driver->data. */
static inline const cv_any_t *driver_read(driver_t *driver, cv_str_t bytes, uint16_t type)
{
    cv_fault_t fault = {0};
    if (cv_msg_read(driver->reader, bytes, &driver->msg, &fault))
        fail_msg("%s %s", fault.path, fault.text);
    if (driver->msg.info->number != type)
        fail_msg("type %s", driver->msg.info->type);
    if (driver->msg.info->decode(driver->msg.data, driver->data, &fault))
        fail_msg("%s %s", fault.path, fault.text);
    return driver->data;
}

/* Sends one request under an id made of its number and gives the outcome. */
static inline const cv_outcome_v1_t *driver_send_as(driver_t *driver, unsigned number, uint16_t type, const void *data)
{
    char id[CV_UUID_TEXT + 1];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012u", number);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("test-inbox"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&driver->request);
    assert_int_equal(cv_msg_write(&driver->request, &head, data), CV_OK);
    driver->outcome.len = 0;
    assert_int_equal(cv_engine_request(driver->engine, &driver->principal, cv_buf_str(&driver->request)), CV_OK);
    driver_turn(driver);
    assert_true(driver->outcome.len > 0);
    const cv_any_t *any = driver_read(driver, (cv_str_t){driver->outcome.ptr, driver->outcome.len}, CV_MSG_OUTCOME_V1);
    assert_true(cv_str_is(driver->msg.causationid, id));
    return &any->outcome_v1;
}

static inline const cv_outcome_v1_t *driver_send(driver_t *driver, uint16_t type, const void *data)
{
    return driver_send_as(driver, ++driver->requests, type, data);
}

static inline void expect(const cv_outcome_v1_t *outcome, cv_outcome_class_t cls, const char *code)
{
    if (outcome->cls != cls || !cv_str_is(outcome->code, code))
        fail_msg("%s %.*s: %.*s", cv_outcome_class_text(outcome->cls), CV_STR_ARG(outcome->code),
                 CV_STR_ARG(outcome->text));
}
#define EXPECT_OK(outcome, code) expect(outcome, CV_OUTCOME_CLASS_OK, code)
#define EXPECT_NO(outcome, code) expect(outcome, CV_OUTCOME_CLASS_REJECTED, code)
#define EXPECT_UNKNOWN(outcome, code) expect(outcome, CV_OUTCOME_CLASS_NOTFOUND, code)

/* The i-th record published, as an event. */
static inline const cv_scheduling_event_v1_t *driver_event(driver_t *driver, size_t i)
{
    assert_true(i < driver->records_n);
    return &driver_read(driver, (cv_str_t){driver->records[i].ptr, driver->records[i].len}, CV_MSG_SCHEDULING_EVENT_V1)
                ->scheduling_event_v1;
}

static inline void driver_question(driver_t *driver, uint16_t type, const void *data)
{
    cv_msg_t head = {.id = CV_STR("question"), .source = CV_STR("/test"), .info = cv_msg_info_at(type)};
    cv_buf_clear(&driver->request);
    assert_int_equal(cv_msg_write(&driver->request, &head, data), CV_OK);
    driver->answer.len = 0;
    cv_engine_question(driver->engine, &driver->principal, NULL, cv_buf_str(&driver->request), driver->now_ms,
                       driver->mono_ms);
    assert_true(driver->answer.len > 0);
}

/* Rows of a query, as copies of their bytes; the caller frees each. *ret_next: where to go on; "" at the end. */
static inline size_t driver_query(driver_t *driver, const char *what, const char *key, const char *after, int64_t limit,
                                  driver_bytes_t *ret_rows, size_t max, char ret_next[257])
{
    const cv_log_query_v1_t query = {
        .what = cv_str(what), .key = cv_str(key), .after = cv_str(after), .has_limit = limit > 0, .limit = limit};
    driver_question(driver, CV_MSG_LOG_QUERY_V1, &query);
    const cv_log_page_v1_t *page =
        &driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_LOG_PAGE_V1)->log_page_v1;
    assert_true(page->records.n <= max);
    for (size_t i = 0; i < page->records.n; ++i) {
        ret_rows[i] = (driver_bytes_t){0};
        driver_keep(&ret_rows[i], cv_records_at(&page->records, i));
    }
    snprintf(ret_next, 257, "%.*s", CV_STR_ARG(page->next));
    assert_int_equal(page->last, ret_next[0] == '\0');
    return page->records.n;
}

static inline cv_refused_code_t driver_query_refused(driver_t *driver, const char *what, const char *key)
{
    const cv_log_query_v1_t query = {.what = cv_str(what), .key = cv_str(key)};
    driver_question(driver, CV_MSG_LOG_QUERY_V1, &query);
    return driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_LOG_REFUSED_V1)
        ->log_refused_v1.code;
}

/* The only row of a query; lives until the next question. */
static inline const cv_any_t *driver_row(driver_t *driver, const char *what, const char *key, uint16_t type)
{
    driver_bytes_t row;
    char next[257];
    assert_int_equal(driver_query(driver, what, key, NULL, 0, &row, 1, next), 1);
    driver_keep(&driver->answer, (cv_str_t){row.ptr, row.len});
    free(row.ptr);
    return driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, type);
}

/* The state of one event, by query. */
static inline const cv_scheduling_event_v1_t *driver_state(driver_t *driver, const char *event)
{
    return &driver_row(driver, "event", event, CV_MSG_SCHEDULING_EVENT_V1)->scheduling_event_v1;
}

#endif
