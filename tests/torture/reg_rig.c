/* reg_rig: see reg_rig.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reg_rig.h"
#include "crash_vfs.h"
#include "registration/registration.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static void keep(rig_bytes_t *kept, cv_str_t bytes)
{
    kept->ptr = realloc(kept->ptr, bytes.len + 1);
    if (!kept->ptr)
        die("out of memory");
    memcpy(kept->ptr, bytes.ptr, bytes.len);
    kept->len = bytes.len;
}

/* The engine gives one message at a time. */
static void publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    rig_t *rig = self;
    if (!message.ptr)
        return;
    if (!position) {
        keep(&rig->outcome, message);
        return;
    }
    if (!cv_str_is(topic, "registration.events|"))
        die("a record of %.*s is on the feed", CV_STR_ARG(topic));
    if (rig->records_n == RIG_RECORDS)
        die("too many records");
    keep(&rig->records[rig->records_n++], message);
}

static void answer(void *self, void *peer, cv_str_t message)
{
    (void)peer;
    keep(&((rig_t *)self)->answer, message);
}

static void ask(void *self, size_t follow, cv_str_t message)
{
    (void)follow;
    if (!memmem(message.ptr, message.len, "log.ack.", 8))
        keep(&((rig_t *)self)->asked, message);
}

static void start(rig_t *rig)
{
    char error[512] = "";
    const cv_db_options_t options = {
        .path = crash_disk_path(rig->disk, "registration.db"),
        .vfs = CRASH_VFS,
        .application_id = reg_service.application_id,
        .migrations = reg_service.migrations,
        .migrations_n = reg_service.migrations_n,
    };
    const cv_outside_t outside = {.self = rig, .publish = publish, .answer = answer, .ask = ask};
    const cv_engine_options_t engine_options = {.new_epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .version = "test"};
    int rc = cv_db_open(&options, &rig->db, error, sizeof error);
    if (!rc)
        rc = cv_engine_new(&reg_service, rig->db, &outside, &engine_options, &rig->engine, error, sizeof error);
    if (rc)
        die("cannot open: %s %s", cv_error_name(rc), error);
}

void rig_turn(rig_t *rig)
{
    int64_t next_ms;
    for (int i = 0; i < 8; i++) {
        int rc = cv_engine_turn(rig->engine, rig->now_ms, rig->mono_ms, &next_ms);
        if (rc)
            die("turn: %s %s", cv_error_name(rc), cv_engine_error(rig->engine));
        if (next_ms > rig->mono_ms)
            break;
    }
}

void rig_wait_until(rig_t *rig, int64_t ms)
{
    rig->mono_ms += ms - rig->now_ms;
    rig->now_ms = ms;
    rig_turn(rig);
}

const cv_any_t *rig_read(rig_t *rig, const rig_bytes_t *bytes, uint16_t type)
{
    cv_fault_t fault = {0};
    if (cv_msg_read(rig->reader, (cv_str_t){bytes->ptr, bytes->len}, &rig->msg, &fault))
        die("cannot read: %s %s", fault.path, fault.text);
    if (type && rig->msg.info->number != type)
        die("a message of type %s", rig->msg.info->type);
    if (rig->msg.info->decode(rig->msg.data, rig->data, &fault))
        die("cannot decode %s: %s %s", rig->msg.info->type, fault.path, fault.text);
    return rig->data;
}

/* First contact with scheduling: it is asked, and its stream is empty. */
static void meet(rig_t *rig)
{
    char id[CV_MAX_TOPIC + 32];
    uint8_t bytes[CV_POSITION_LEN];
    const cv_log_batch_v1_t empty = {.stream = CV_STR("scheduling.events"),
                                     .epoch = {(const char *)rig->scheduling.epoch, CV_EPOCH_LEN}};
    cv_position_write(&rig->scheduling, bytes);
    cv_engine_feed(rig->engine, 0, (cv_str_t){(const char *)bytes, sizeof bytes}, CV_STR_NONE, rig->mono_ms);
    rig_turn(rig);
    rig_read(rig, &rig->asked, CV_MSG_LOG_FETCH_V1);
    if (cv_str_copy(rig->msg.id, id, sizeof id))
        die("a question with a long id");
    cv_msg_t head = {.id = CV_STR("answer"),
                     .source = CV_STR("/convene/scheduling"),
                     .causationid = cv_str(id),
                     .info = cv_msg_info_at(CV_MSG_LOG_BATCH_V1)};
    cv_buf_clear(&rig->buf);
    if (cv_msg_write(&rig->buf, &head, &empty))
        die("cannot write an answer");
    cv_engine_answered(rig->engine, 0, cv_buf_str(&rig->buf), rig->mono_ms);
    rig_turn(rig);
}

rig_t *rig_new(uint64_t seed, int64_t now_ms)
{
    rig_t *rig = calloc(1, sizeof *rig);
    if (!rig || !(rig->data = calloc(1, sizeof *rig->data)) || !(rig->reader = cv_reader_new()) ||
        !(rig->disk = crash_disk_new(seed)))
        die("out of memory");
    cv_buf_init(&rig->buf, CV_MAX_FRAME);
    rig->now_ms = now_ms;
    rig->mono_ms = 1000;
    memset(rig->scheduling.epoch, 7, CV_EPOCH_LEN);
    start(rig);
    meet(rig);
    return rig;
}

void rig_free(rig_t **rig_p)
{
    rig_t *rig = *rig_p;
    cv_engine_destroy(&rig->engine);
    cv_db_close(&rig->db);
    cv_reader_destroy(&rig->reader);
    cv_buf_done(&rig->buf);
    crash_disk_destroy(&rig->disk);
    for (size_t i = 0; i < RIG_RECORDS; i++)
        free(rig->records[i].ptr);
    free(rig->outcome.ptr);
    free(rig->answer.ptr);
    free(rig->asked.ptr);
    free(rig->data);
    free(rig);
    *rig_p = NULL;
}

void rig_kill(rig_t *rig, crash_kind_t kind)
{
    crash_disk_off(rig->disk);
    cv_engine_destroy(&rig->engine);
    cv_db_abandon(&rig->db);
    crash_disk_on(rig->disk, kind);
    start(rig);
}

void rig_feed(rig_t *rig, uint16_t type, const void *data)
{
    uint8_t bytes[CV_POSITION_LEN], chain[CV_CHAIN_LEN];
    char id[64];
    snprintf(id, sizeof id, "scheduling.events/0707070707070707/%llu", (unsigned long long)rig->scheduling.seq + 1);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/convene/scheduling"),
                     .time_ms = rig->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&rig->buf);
    if (cv_msg_write(&rig->buf, &head, data))
        die("cannot write a record of scheduling");
    rig->scheduling.seq++;
    cv_chain_next(rig->scheduling.chain, cv_buf_str(&rig->buf), chain);
    memcpy(rig->scheduling.chain, chain, sizeof chain);
    cv_position_write(&rig->scheduling, bytes);
    cv_engine_feed(rig->engine, 0, (cv_str_t){(const char *)bytes, sizeof bytes}, cv_buf_str(&rig->buf), rig->mono_ms);
    rig_turn(rig);
}

cv_str_t rig_request(rig_t *rig, uint64_t number, uint16_t type, const void *data)
{
    char id[CV_UUID_TEXT + 1];
    snprintf(id, sizeof id, "00000000-0000-7000-8000-%012llu", (unsigned long long)number % 1000000000000u);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("test-inbox"),
                     .time_ms = rig->now_ms,
                     .info = cv_msg_info_at(type)};
    cv_buf_clear(&rig->buf);
    int rc = cv_msg_write(&rig->buf, &head, data);
    if (rc)
        die("cannot write a request: %s", cv_error_name(rc));
    return cv_buf_str(&rig->buf);
}

void rig_send(rig_t *rig, cv_str_t message)
{
    rig->outcome.len = 0;
    int rc = cv_engine_request(rig->engine, &rig->principal, message);
    if (rc)
        die("the engine takes no request: %s", cv_error_name(rc));
}

const cv_any_t *rig_row(rig_t *rig, const char *what, const char *key, uint16_t type)
{
    const cv_log_query_v1_t query = {.what = cv_str(what), .key = cv_str(key), .has_limit = true, .limit = 500};
    const cv_principal_t secretary = {.name = "secretary", .role = CV_ROLE_SECRETARIAT};
    cv_msg_t head = {.id = CV_STR("question"), .source = CV_STR("/test"), .info = cv_msg_info_at(CV_MSG_LOG_QUERY_V1)};
    cv_buf_clear(&rig->buf);
    if (cv_msg_write(&rig->buf, &head, &query))
        die("cannot write a question");
    cv_engine_question(rig->engine, &secretary, NULL, cv_buf_str(&rig->buf), rig->now_ms, rig->mono_ms);
    const cv_any_t *any = rig_read(rig, &rig->answer, 0);
    if (rig->msg.info->number != CV_MSG_LOG_PAGE_V1 || any->log_page_v1.records.n == 0)
        return NULL;
    cv_str_t first = cv_records_at(&any->log_page_v1.records, 0);
    rig_bytes_t row = {NULL, 0};
    keep(&row, first);
    free(rig->answer.ptr);
    rig->answer = row;
    return rig_read(rig, &rig->answer, type);
}
