/* registration_driver: runs the registration service on the engine, with a clock, an outside and a scheduling stream
 * made of memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_REGISTRATION_DRIVER_H
#define TESTS_REGISTRATION_DRIVER_H

#include "convene/ids.h"
#include "registration/registration.h"
#include "service/engine.h"
#include "store/db.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DRIVER_KEPT_MAX = 8192 };

typedef struct {
    char *ptr; /* owned */
    size_t len;
} driver_bytes_t;

typedef struct {
    char directory[64], path[96];
    cv_db_t *db;
    cv_engine_t *engine;
    cv_reader_t *reader;
    cv_buf_t buf;
    cv_principal_t principal;
    int64_t now_ms, mono_ms;
    unsigned requests;        /* for ids */
    cv_position_t scheduling; /* of the stream that is fed in */
    int64_t version;
    driver_bytes_t outcome, answer, asked; /* the last of each */
    driver_bytes_t records[DRIVER_KEPT_MAX];
    size_t records_n;
    uint64_t private_head;
    cv_msg_t msg; /* the last message read */
    cv_any_t *data;
    cv_scheduling_event_v1_t event;
} driver_t;

static inline void driver_keep(driver_bytes_t *kept, cv_str_t bytes)
{
    free(kept->ptr);
    kept->ptr = malloc(bytes.len + 1);
    assert_non_null(kept->ptr);
    if (bytes.len)
        memcpy(kept->ptr, bytes.ptr, bytes.len);
    kept->len = bytes.len;
}

static inline void driver_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    driver_t *driver = self;
    if (position && cv_str_is(topic, "registration.private|")) {
        assert_null(message.ptr); /* personal data never rides on the feed */
        driver->private_head = position->seq;
        return;
    }
    if (!message.ptr)
        return;
    if (!position) {
        driver_keep(&driver->outcome, message);
        return;
    }
    assert_true(cv_str_is(topic, "registration.events|"));
    if (driver->records_n == DRIVER_KEPT_MAX)
        driver->records_n = 0;
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
    if (memmem(message.ptr, message.len, "log.ack.", 8))
        return; /* needs no answer */
    driver_keep(&((driver_t *)self)->asked, message);
}

static inline int driver_try_open_as(driver_t *driver, const cv_service_def_t *service, char *ret_error, size_t size)
{
    const cv_db_options_t options = {
        .path = driver->path,
        .application_id = service->application_id,
        .migrations = service->migrations,
        .migrations_n = service->migrations_n,
    };
    const cv_outside_t outside = {
        .self = driver, .publish = driver_publish, .answer = driver_answer, .ask = driver_ask};
    const cv_engine_options_t engine_options = {.new_epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .version = "test"};
    int rc = cv_db_open(&options, &driver->db, ret_error, size);
    return rc ? rc : cv_engine_new(service, driver->db, &outside, &engine_options, &driver->engine, ret_error, size);
}

static inline int driver_try_open(driver_t *driver, char *ret_error, size_t size)
{
    return driver_try_open_as(driver, &reg_service, ret_error, size);
}

static inline void driver_open(driver_t *driver)
{
    char error[512];
    if (driver_try_open(driver, error, sizeof error))
        fail_msg("%s", error);
}

static inline driver_t *driver_new(int64_t now_ms)
{
    driver_t *driver = calloc(1, sizeof *driver);
    assert_non_null(driver);
    snprintf(driver->directory, sizeof driver->directory, "/tmp/test-registration-XXXXXX");
    assert_non_null(mkdtemp(driver->directory));
    snprintf(driver->path, sizeof driver->path, "%s/registration.db", driver->directory);
    driver->reader = cv_reader_new();
    driver->data = calloc(1, sizeof *driver->data);
    assert_true(driver->reader && driver->data);
    cv_buf_init(&driver->buf, CV_MAX_FRAME);
    driver->principal = (cv_principal_t){.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    driver->now_ms = now_ms;
    driver->mono_ms = 1000;
    memset(driver->scheduling.epoch, 7, CV_EPOCH_LEN);
    driver_open(driver);
    return driver;
}

static inline void driver_stop(driver_t *driver) /* as kill -9 does */
{
    cv_engine_destroy(&driver->engine);
    cv_db_abandon(&driver->db);
}

static inline void driver_crash(driver_t *driver)
{
    driver_stop(driver);
    driver_open(driver); /* which also runs the service's self-check */
}

static inline void driver_free(driver_t **driver_p)
{
    driver_t *driver = *driver_p;
    static const char *const FILES[] = {"", "-wal", "-shm", ".lock"};
    cv_engine_destroy(&driver->engine);
    cv_db_close(&driver->db);
    cv_reader_destroy(&driver->reader);
    cv_buf_done(&driver->buf);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; ++i) {
        char path[128];
        snprintf(path, sizeof path, "%s%s", driver->path, FILES[i]);
        unlink(path);
    }
    rmdir(driver->directory);
    for (size_t i = 0; i < DRIVER_KEPT_MAX; ++i)
        free(driver->records[i].ptr);
    free(driver->outcome.ptr);
    free(driver->answer.ptr);
    free(driver->asked.ptr);
    free(driver->data);
    free(driver);
    *driver_p = NULL;
}

/* The one number that a statement gives. */
static inline int64_t driver_number(driver_t *driver, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(driver->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t value = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return value;
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

static inline const cv_any_t *driver_record(driver_t *driver, size_t i, uint16_t type)
{
    assert_true(i < driver->records_n);
    return driver_read(driver, (cv_str_t){driver->records[i].ptr, driver->records[i].len}, type);
}

/* ---- scheduling's stream ------------------------------------------------------------------------------------- */

/* The bytes of a record of scheduling, in driver->buf. */
static inline cv_str_t driver_scheduling_record(driver_t *driver, uint16_t type, const void *data)
{
    char id[64];
    snprintf(id, sizeof id, "scheduling.events/0707070707070707/%llu", (unsigned long long)driver->scheduling.seq + 1);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/convene/scheduling"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&driver->buf);
    assert_int_equal(cv_msg_write(&driver->buf, &head, data), CV_OK);
    return cv_buf_str(&driver->buf);
}

static inline void driver_feed(driver_t *driver, uint16_t type, const void *data)
{
    uint8_t bytes[CV_POSITION_LEN], chain[CV_CHAIN_LEN];
    cv_str_t record = driver_scheduling_record(driver, type, data);
    driver->scheduling.seq++;
    cv_chain_next(driver->scheduling.chain, record, chain);
    memcpy(driver->scheduling.chain, chain, sizeof chain);
    cv_position_write(&driver->scheduling, bytes);
    cv_engine_feed(driver->engine, 0, (cv_str_t){(const char *)bytes, sizeof bytes}, record, driver->mono_ms);
    driver_turn(driver);
}

static inline void driver_party(driver_t *driver, const char *code, cv_party_kind_t kind)
{
    cv_scheduling_party_v1_t party = {.code = cv_str(code), .kind = kind, .name = cv_str(code)};
    driver_feed(driver, CV_MSG_SCHEDULING_PARTY_V1, &party);
}

/* An open event of default rules in driver->event, to be changed and given to driver_event. */
static inline cv_registration_rules_t *driver_rules(driver_t *driver, const char *code, int64_t capacity,
                                                    cv_waiting_rule_t waiting)
{
    driver->event = (cv_scheduling_event_v1_t){
        .event = cv_str(code),
        .status = CV_EVENT_STATUS_OPEN,
        .change = CV_EVENT_CHANGE_REGISTRATION,
        .has_registration = true,
        .registration = {.capacity = capacity,
                         .maximum = 1000,
                         .waiting = waiting,
                         .group = CV_GROUP_RULE_EACH,
                         .opens_ms = driver->now_ms,
                         .closes_ms = driver->now_ms + 1000000},
        .event_details = {.title = CV_STR("Meeting"), .plan_year = 2026, .line = CV_PLAN_LINE_CBM},
    };
    return &driver->event.registration;
}

static inline void driver_event(driver_t *driver)
{
    driver->event.version = ++driver->version;
    driver_feed(driver, CV_MSG_SCHEDULING_EVENT_V1, &driver->event);
}

/* Answers the follower's last question of this type with data. */
static inline void driver_reply(driver_t *driver, const char *question, uint16_t type, const void *data)
{
    char id[CV_MAX_TOPIC + 32];
    cv_fault_t fault = {0};
    assert_non_null(driver->asked.ptr);
    assert_int_equal(
        cv_msg_read(driver->reader, (cv_str_t){driver->asked.ptr, driver->asked.len}, &driver->msg, &fault), CV_OK);
    assert_string_equal(driver->msg.info->type, question);
    assert_int_equal(cv_str_copy(driver->msg.id, id, sizeof id), CV_OK);
    cv_msg_t head = {.id = CV_STR("answer"),
                     .source = CV_STR("/convene/scheduling"),
                     .causationid = cv_str(id),
                     .info = cv_msg_info_at(type)};
    cv_buf_t answer;
    cv_buf_init(&answer, CV_MAX_BATCH);
    assert_int_equal(cv_msg_write(&answer, &head, data), CV_OK);
    free(driver->asked.ptr);
    driver->asked = (driver_bytes_t){0};
    cv_engine_answered(driver->engine, 0, cv_buf_str(&answer), driver->mono_ms);
    cv_buf_done(&answer);
    driver_turn(driver);
}

/* First contact: the follower asks, the stream is still empty. */
static inline void driver_meet(driver_t *driver)
{
    const cv_log_batch_v1_t empty = {.stream = CV_STR("scheduling.events"),
                                     .epoch = {(const char *)driver->scheduling.epoch, CV_EPOCH_LEN}};
    uint8_t bytes[CV_POSITION_LEN];
    cv_position_write(&driver->scheduling, bytes);
    cv_engine_feed(driver->engine, 0, (cv_str_t){(const char *)bytes, sizeof bytes}, CV_STR_NONE, driver->mono_ms);
    driver_turn(driver);
    driver_reply(driver, "convene.log.fetch.v1", CV_MSG_LOG_BATCH_V1, &empty);
}

/* Two members, KZ and AZ, and a guest, UNX, at T0, with no event yet. */
static const int64_t T0 = 1767225600000; /* 2026-01-01T00:00:00Z */

static inline driver_t *driver_forum(void)
{
    driver_t *driver = driver_new(T0);
    driver_meet(driver);
    driver_party(driver, "KZ", CV_PARTY_KIND_MEMBER);
    driver_party(driver, "AZ", CV_PARTY_KIND_MEMBER);
    driver_party(driver, "UNX", CV_PARTY_KIND_GUEST);
    return driver;
}

/* The forum, and E1, an open event of default rules and `capacity` seats. */
static inline driver_t *driver_forum_with(int64_t capacity, cv_waiting_rule_t waiting)
{
    driver_t *driver = driver_forum();
    driver_rules(driver, "E1", capacity, waiting);
    driver_event(driver);
    return driver;
}

/* ---- requests and questions ---------------------------------------------------------------------------------- */

static inline const cv_outcome_v1_t *driver_send_as(driver_t *driver, unsigned number, uint16_t type, const void *data)
{
    char id[CV_UUID_TEXT + 1];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012u", number);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("test-inbox"),
                     .time_ms = driver->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&driver->buf);
    assert_int_equal(cv_msg_write(&driver->buf, &head, data), CV_OK);
    driver->outcome.len = 0;
    assert_int_equal(cv_engine_request(driver->engine, &driver->principal, cv_buf_str(&driver->buf)), CV_OK);
    driver_turn(driver);
    assert_true(driver->outcome.len > 0);
    const cv_any_t *any = driver_read(driver, (cv_str_t){driver->outcome.ptr, driver->outcome.len}, CV_MSG_OUTCOME_V1);
    assert_true(cv_str_is(driver->msg.causationid, id));
    return &any->outcome_v1;
}

/* persons: h head, d delegate, m media, o delegate online. Names are new each time. */
static inline const cv_outcome_v1_t *driver_register(driver_t *driver, const char *event, const char *party,
                                                     const char *persons, cv_group_rule_t group)
{
    static cv_registration_register_v1_t request;
    static char names[64][32];
    static unsigned serial;
    request = (cv_registration_register_v1_t){.event = cv_str(event), .party = cv_str(party), .group = group};
    for (size_t i = 0; persons[i]; ++i) {
        char p = persons[i];
        snprintf(names[i], sizeof names[i], "Person %u", ++serial);
        request.persons[request.persons_n++] = (cv_person_t){
            .name = cv_str(names[i]),
            .capacity = p == 'h'   ? CV_CAPACITY_HEAD
                        : p == 'm' ? CV_CAPACITY_MEDIA
                                   : CV_CAPACITY_DELEGATE,
            .attendance = p == 'o' ? CV_ATTENDANCE_ONLINE : CV_ATTENDANCE_ABSENT,
        };
    }
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_REGISTER_V1, &request);
}

/* number 0: the whole delegation. */
static inline const cv_outcome_v1_t *driver_withdraw(driver_t *driver, const char *event, const char *party,
                                                     int64_t number)
{
    cv_registration_withdraw_v1_t request = {
        .event = cv_str(event), .party = cv_str(party), .persons_n = number > 0, .persons = {number}};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_WITHDRAW_V1, &request);
}

static inline const cv_outcome_v1_t *driver_decline(driver_t *driver, const char *event, const char *party)
{
    cv_registration_decline_v1_t request = {.event = cv_str(event), .party = cv_str(party)};
    return driver_send_as(driver, ++driver->requests, CV_MSG_REGISTRATION_DECLINE_V1, &request);
}

static inline void expect(const cv_outcome_v1_t *outcome, cv_outcome_class_t cls, const char *code)
{
    if (outcome->cls != cls || !cv_str_is(outcome->code, code))
        fail_msg("%s %.*s: %.*s", cv_outcome_class_text(outcome->cls), CV_STR_ARG(outcome->code),
                 CV_STR_ARG(outcome->text));
}
#define EXPECT_OK(outcome, code) expect(outcome, CV_OUTCOME_CLASS_OK, code)
#define EXPECT_NO(outcome, code) expect(outcome, CV_OUTCOME_CLASS_REJECTED, code)

static inline void driver_question(driver_t *driver, uint16_t type, const void *data)
{
    cv_msg_t head = {.id = CV_STR("question"), .source = CV_STR("/test"), .info = cv_msg_info_at(type)};
    cv_buf_clear(&driver->buf);
    assert_int_equal(cv_msg_write(&driver->buf, &head, data), CV_OK);
    driver->answer.len = 0;
    cv_engine_question(driver->engine, &driver->principal, NULL, cv_buf_str(&driver->buf), driver->now_ms,
                       driver->mono_ms);
    assert_true(driver->answer.len > 0);
}

/* Rows of a query, as copies; the caller frees each. */
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
    driver_bytes_t row = {0};
    char next[257];
    assert_int_equal(driver_query(driver, what, key, NULL, 0, &row, 1, next), 1);
    free(driver->answer.ptr);
    driver->answer = row;
    return driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, type);
}

static inline cv_registration_delegation_v1_t driver_delegation(driver_t *driver, const char *key)
{
    return driver_row(driver, "delegation", key, CV_MSG_REGISTRATION_DELEGATION_V1)->registration_delegation_v1;
}

static inline const cv_registration_promoted_v1_t *driver_last_promotion(driver_t *driver)
{
    return &driver_record(driver, driver->records_n - 1, CV_MSG_REGISTRATION_PROMOTED_V1)->registration_promoted_v1;
}

/* States of the persons of an outcome, as letters. */
static inline const char *driver_states(const cv_outcome_v1_t *outcome)
{
    static char text[65];
    size_t i = 0;
    for (; i < outcome->decision.persons_n; ++i)
        text[i] = "?CWXRONFUB"[outcome->decision.persons[i].state];
    text[i] = '\0';
    return text;
}

#endif
