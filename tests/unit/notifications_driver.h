/* notifications_driver: the notifications service in an engine without sockets, fed by producers that live in memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_NOTIFICATIONS_DRIVER_H
#define TESTS_NOTIFICATIONS_DRIVER_H

#include "convene/log.h"
#include "notifications/notifications.h"
#include "service/engine.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { DRV_SCHEDULING, DRV_EVENTS, DRV_PRIVATE, DRV_FOLLOWS, DRV_RECORDS_MAX = 4096, DRV_OUT_MAX = 16384 };

/* One followed stream, as its producer would keep it. */
typedef struct {
    const char *stream;
    cv_position_t at[DRV_RECORDS_MAX + 1];
    cv_str_t record[DRV_RECORDS_MAX + 1]; /* from 1; owned */
    uint64_t head, oldest, told;
    cv_str_t state[64]; /* what a snapshot gives; owned */
    size_t state_n;
    bool closed;    /* tells nobody anything for now */
    cv_buf_t asked; /* the question that waits for its answer; empty: none */
} drv_stream_t;

typedef struct {
    char root[64], outbox[96], path[96];
    cv_db_t *db;
    cv_engine_t *engine;
    drv_stream_t streams[DRV_FOLLOWS];
    int64_t ms;      /* both clocks */
    int64_t version; /* of the event FORUM, as registration knows it */
    cv_reader_t *reader;
    cv_str_t notices[DRV_OUT_MAX]; /* records of notifications.events, owned */
    size_t notices_n;
    cv_buf_t answer, outcome; /* the last ones */
} drv_t;

static inline cv_str_t drv_copy(cv_str_t bytes)
{
    char *copy = malloc(bytes.len + 1);
    assert_non_null(copy);
    memcpy(copy, bytes.ptr, bytes.len);
    copy[bytes.len] = '\0';
    return (cv_str_t){copy, bytes.len};
}

/* ---- what the engine says ----------------------------------------------------------------- */

static inline void drv_on_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    drv_t *drv = self;
    if (!position) {
        cv_buf_clear(&drv->outcome);
        assert_int_equal(cv_buf_put(&drv->outcome, message.ptr, message.len), CV_OK);
    } else if (message.ptr && cv_str_is(topic, "notifications.events|")) {
        assert_true(drv->notices_n < DRV_OUT_MAX);
        drv->notices[drv->notices_n++] = drv_copy(message);
    }
}

static inline void drv_on_answer(void *self, void *peer, cv_str_t message)
{
    (void)peer;
    drv_t *drv = self;
    cv_buf_clear(&drv->answer);
    assert_int_equal(cv_buf_put(&drv->answer, message.ptr, message.len), CV_OK);
}

static inline void drv_on_ask(void *self, size_t follow, cv_str_t message)
{
    drv_t *drv = self;
    cv_msg_t msg;
    cv_reader_t *reader = cv_reader_new();
    assert_int_equal(cv_msg_read(reader, message, &msg, NULL), CV_OK);
    if (msg.info->number != CV_MSG_LOG_ACK_V1) {
        cv_buf_clear(&drv->streams[follow].asked);
        assert_int_equal(cv_buf_put(&drv->streams[follow].asked, message.ptr, message.len), CV_OK);
    }
    cv_reader_destroy(&reader);
}

/* ---- the producers ------------------------------------------------------------------------ */

static inline void drv_reply(drv_t *drv, int stream, cv_str_t question, uint16_t type, const void *data)
{
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_BATCH);
    cv_msg_t head = {.id = CV_STR("answer"),
                     .source = CV_STR("/convene/test"),
                     .causationid = question,
                     .time_ms = drv->ms,
                     .info = cv_msg_info_at(type)};
    assert_int_equal(cv_msg_write(&buf, &head, data), CV_OK);
    cv_engine_answered(drv->engine, (size_t)stream, cv_buf_str(&buf), drv->ms);
    cv_buf_done(&buf);
}

/* Answers the question that waits, if there is one. */
static inline bool drv_serve(drv_t *drv, int stream)
{
    drv_stream_t *from = &drv->streams[stream];
    if (from->closed || from->asked.len == 0)
        return false;
    cv_str_t question = drv_copy(cv_buf_str(&from->asked));
    cv_buf_clear(&from->asked);
    static cv_any_t data;
    cv_msg_t msg;
    assert_int_equal(cv_msg_read(drv->reader, question, &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
    cv_str_t epoch = {(const char *)from->at[from->head].epoch, CV_EPOCH_LEN};
    static const uint8_t none[CV_EPOCH_LEN];
    if (msg.info->number == CV_MSG_LOG_SNAPSHOT_V1) {
        uint8_t position[CV_POSITION_LEN];
        cv_position_write(&from->at[from->head], position);
        cv_log_page_v1_t page = {.records = {.n = from->state_n, .list = from->state},
                                 .position = {(const char *)position, sizeof(position)},
                                 .has_page = true,
                                 .last = true};
        drv_reply(drv, stream, msg.id, CV_MSG_LOG_PAGE_V1, &page);
    } else {
        const cv_log_fetch_v1_t *fetch = &data.log_fetch_v1;
        bool stranger =
            memcmp(fetch->epoch.ptr, epoch.ptr, CV_EPOCH_LEN) && memcmp(fetch->epoch.ptr, none, CV_EPOCH_LEN);
        if (stranger || fetch->after + 1 < from->oldest) {
            cv_log_refused_v1_t refused = {.code = stranger ? CV_REFUSED_CODE_EPOCH : CV_REFUSED_CODE_PRUNED,
                                           .text = CV_STR("not from there"),
                                           .epoch = epoch};
            drv_reply(drv, stream, msg.id, CV_MSG_LOG_REFUSED_V1, &refused);
        } else {
            uint64_t n = from->head - fetch->after;
            cv_log_batch_v1_t batch = {.stream = cv_str(from->stream),
                                       .epoch = epoch,
                                       .after = fetch->after,
                                       .records = {.n = n < 100 ? n : 100, .list = from->record + fetch->after + 1},
                                       .head = from->head,
                                       .oldest = from->oldest};
            drv_reply(drv, stream, msg.id, CV_MSG_LOG_BATCH_V1, &batch);
        }
    }
    free((void *)(uintptr_t)question.ptr);
    return true;
}

/* Rings the bell. */
static inline bool drv_tell(drv_t *drv, int stream)
{
    drv_stream_t *from = &drv->streams[stream];
    if (from->closed || from->told == from->head)
        return false;
    uint8_t position[CV_POSITION_LEN];
    cv_position_write(&from->at[from->head], position);
    from->told = from->head;
    cv_engine_feed(drv->engine, (size_t)stream, (cv_str_t){(const char *)position, sizeof(position)}, CV_STR_NONE,
                   drv->ms);
    return true;
}

static inline cv_str_t drv_message(drv_t *drv, int stream, uint64_t seq, uint16_t type, const void *data)
{
    drv_stream_t *to = &drv->streams[stream];
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_RECORD);
    char id[128], epoch[2 * CV_EPOCH_LEN + 1];
    for (size_t i = 0; i < CV_EPOCH_LEN; i++)
        snprintf(epoch + 2 * i, 3, "%02x", to->at[0].epoch[i]);
    snprintf(id, sizeof(id), "%s/%s/%llu", to->stream, epoch, (unsigned long long)seq);
    cv_msg_t head = {
        .id = cv_str(id), .source = CV_STR("/convene/test"), .time_ms = drv->ms, .info = cv_msg_info_at(type)};
    assert_int_equal(cv_msg_write(&buf, &head, data), CV_OK);
    cv_str_t message = drv_copy(cv_buf_str(&buf));
    cv_buf_done(&buf);
    return message;
}

/* A record of a followed stream; the producer's clock is drv->ms. Returns its sequence. */
static inline uint64_t drv_record(drv_t *drv, int stream, uint16_t type, const void *data)
{
    drv_stream_t *to = &drv->streams[stream];
    assert_true(to->head < DRV_RECORDS_MAX);
    uint64_t seq = to->head + 1;
    to->record[seq] = drv_message(drv, stream, seq, type, data);
    to->at[seq] = to->at[seq - 1];
    to->at[seq].seq = seq;
    cv_chain_next(to->at[seq - 1].chain, to->record[seq], to->at[seq].chain);
    return to->head = seq;
}

/* The stream begins a new epoch at the sequence it has; what a snapshot holds is said by drv_state. */
static inline void drv_new_epoch(drv_t *drv, int stream)
{
    drv_stream_t *of = &drv->streams[stream];
    for (uint64_t i = 0; i <= of->head; i++)
        of->at[i].epoch[0]++;
    of->oldest = of->head + 1;
    of->told = UINT64_MAX;
}

static inline void drv_state(drv_t *drv, int stream, uint16_t type, const void *data)
{
    drv_stream_t *of = &drv->streams[stream];
    of->state[of->state_n++] = drv_message(drv, stream, of->head, type, data);
}

/* ---- life --------------------------------------------------------------------------------- */

static inline void drv_start(drv_t *drv)
{
    char error[512] = "";
    cv_db_options_t options = {.path = drv->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = ntf_service.migrations_n,
                               .cache_kib = 1024};
    int rc = cv_db_open(&options, &drv->db, error, sizeof(error));
    if (rc)
        fail_msg("%s", error);
    cv_outside_t outside = {.self = drv, .publish = drv_on_publish, .answer = drv_on_answer, .ask = drv_on_ask};
    cv_engine_options_t engine = {.new_epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .version = "test"};
    rc = cv_engine_new(&ntf_service, drv->db, &outside, &engine, &drv->engine, error, sizeof(error));
    if (rc)
        fail_msg("%s", error);
    for (int i = 0; i < DRV_FOLLOWS; i++) {
        drv->streams[i].told = UINT64_MAX;
        cv_buf_clear(&drv->streams[i].asked);
    }
}

static inline void drv_swallow(void *arg, const char *line, size_t len)
{
    (void)arg, (void)line, (void)len;
}

static inline drv_t *drv_new(void)
{
    static const char *const names[DRV_FOLLOWS] = {"scheduling.events", "registration.events", "registration.private"};
    drv_t *drv = calloc(1, sizeof(*drv));
    assert_non_null(drv);
    cv_log_redirect(drv_swallow, NULL);
    snprintf(drv->root, sizeof(drv->root), "/tmp/convene-ntf-XXXXXX");
    assert_non_null(mkdtemp(drv->root));
    snprintf(drv->outbox, sizeof(drv->outbox), "%s/outbox", drv->root);
    snprintf(drv->path, sizeof(drv->path), "%s/notifications.db", drv->root);
    drv->ms = 1772096400000; /* 2026-02-26 09:00:00 UTC */
    drv->reader = cv_reader_new();
    cv_buf_init(&drv->answer, CV_MAX_BATCH * 2);
    cv_buf_init(&drv->outcome, CV_MAX_REQUEST);
    for (int i = 0; i < DRV_FOLLOWS; i++) {
        drv->streams[i].stream = names[i];
        memset(drv->streams[i].at[0].epoch, i == DRV_SCHEDULING ? 0x10 : 0x11,
               CV_EPOCH_LEN); /* a service's are the same */
        drv->streams[i].oldest = 1;
        cv_buf_init(&drv->streams[i].asked, CV_MAX_REQUEST);
    }
    assert_int_equal(ntf_configure(drv->outbox), CV_OK);
    drv_start(drv);
    return drv;
}

static inline void drv_remove(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory) {
        unlink(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        char child[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        drv_remove(child);
    }
    closedir(directory);
    rmdir(path);
}

/* The process ends and starts again. */
static inline void drv_restart(drv_t *drv)
{
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    drv_start(drv);
}

static inline void drv_destroy(drv_t **ref)
{
    drv_t *drv = *ref;
    cv_engine_destroy(&drv->engine);
    cv_db_close(&drv->db);
    for (int i = 0; i < DRV_FOLLOWS; i++) {
        for (uint64_t k = 1; k <= drv->streams[i].head; k++)
            free((void *)(uintptr_t)drv->streams[i].record[k].ptr);
        for (size_t k = 0; k < drv->streams[i].state_n; k++)
            free((void *)(uintptr_t)drv->streams[i].state[k].ptr);
        cv_buf_done(&drv->streams[i].asked);
    }
    for (size_t i = 0; i < drv->notices_n; i++)
        free((void *)(uintptr_t)drv->notices[i].ptr);
    cv_buf_done(&drv->answer);
    cv_buf_done(&drv->outcome);
    cv_reader_destroy(&drv->reader);
    drv_remove(drv->root);
    cv_log_redirect(NULL, NULL);
    free(drv);
    *ref = NULL;
}

/* Turns for so long, 50 ms apart. deliver: with afterwards(). */
static inline void drv_run(drv_t *drv, int64_t for_ms, bool deliver)
{
    for (int64_t end_ms = drv->ms + for_ms; drv->ms < end_ms; drv->ms += 50) {
        for (int i = 0; i < DRV_FOLLOWS; i++) {
            drv_tell(drv, i);
            drv_serve(drv, i);
        }
        int64_t next_ms;
        int rc = cv_engine_turn(drv->engine, drv->ms, drv->ms, &next_ms);
        if (rc)
            fail_msg("turn: %s %s", cv_error_name(rc), cv_engine_error(drv->engine));
        bool more = deliver;
        while (more)
            assert_int_equal(cv_engine_afterwards(drv->engine, drv->ms, &more), CV_OK);
    }
}

/* ---- questions ---------------------------------------------------------------------------- */

static inline void drv_sql(drv_t *drv, const char *sql)
{
    assert_int_equal(cv_db_begin(drv->db), CV_OK);
    assert_int_equal(cv_db_exec(drv->db, sql), CV_OK);
    assert_int_equal(cv_db_commit(drv->db), CV_OK);
}

/* Sends a request; the outcome's code, until the next message is read. */
static inline cv_str_t drv_decide_as(drv_t *drv, const cv_principal_t *who, const char *id, uint16_t type,
                                     const void *data)
{
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("inbox-of-test"),
                     .time_ms = drv->ms,
                     .info = cv_msg_info_at(type)};
    assert_int_equal(cv_msg_write(&buf, &head, data), CV_OK);
    assert_int_equal(cv_engine_request(drv->engine, who, cv_buf_str(&buf)), CV_OK);
    cv_buf_clear(&drv->outcome);
    drv_run(drv, 50, false);
    cv_buf_done(&buf);
    static cv_any_t outcome;
    cv_msg_t msg;
    assert_int_equal(cv_msg_read(drv->reader, cv_buf_str(&drv->outcome), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &outcome, NULL), CV_OK);
    return outcome.outcome_v1.code;
}

static inline cv_str_t drv_decide(drv_t *drv, const char *id, uint16_t type, const void *data)
{
    static const cv_principal_t secretariat = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
    return drv_decide_as(drv, &secretariat, id, type, data);
}

static inline cv_str_t drv_recipient(drv_t *drv, const char *id, const char *party, int64_t order, const char *email)
{
    cv_recipient_t recipient = {.party = cv_str(party),
                                .order = order,
                                .name = CV_STR("Mission"),
                                .email = cv_str(email),
                                .language = CV_STR("ru")};
    return drv_decide(drv, id, CV_MSG_NOTIFICATIONS_RECIPIENT_PUT_V1, &recipient);
}

/* Asks; the answer is valid until the next question. NULL: refused. */
static inline const cv_log_page_v1_t *drv_query(drv_t *drv, unsigned role, const char *party, const char *what,
                                                const char *key, cv_str_t after, int64_t limit)
{
    cv_principal_t who = {.name = "asker", .role = role};
    assert_int_equal(cv_str_copy(cv_str(party), who.party, sizeof(who.party)), CV_OK);
    cv_log_query_v1_t query = {.what = cv_str(what),
                               .key = key[0] ? cv_str(key) : CV_STR_NONE,
                               .after = after,
                               .has_limit = limit > 0,
                               .limit = limit};
    cv_buf_t buf;
    cv_buf_init(&buf, CV_MAX_REQUEST);
    cv_msg_t head = {.id = CV_STR("0190163d-8694-739b-aea5-966c26f8ad91"),
                     .source = CV_STR("/test"),
                     .time_ms = drv->ms,
                     .info = cv_msg_info_at(CV_MSG_LOG_QUERY_V1)};
    assert_int_equal(cv_msg_write(&buf, &head, &query), CV_OK);
    cv_engine_question(drv->engine, &who, NULL, cv_buf_str(&buf), drv->ms, drv->ms);
    cv_buf_done(&buf);
    static cv_any_t data;
    cv_msg_t msg;
    assert_int_equal(cv_msg_read(drv->reader, cv_buf_str(&drv->answer), &msg, NULL), CV_OK);
    assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
    return msg.info->number == CV_MSG_LOG_PAGE_V1 ? &data.log_page_v1 : NULL;
}

/* A message of notice type. */
static inline cv_notifications_notice_v1_t drv_notice(cv_str_t message)
{
    static cv_any_t data;
    cv_msg_t msg;
    cv_reader_t *reader = cv_reader_new();
    assert_int_equal(cv_msg_read(reader, message, &msg, NULL), CV_OK);
    assert_int_equal(msg.info->number, CV_MSG_NOTIFICATIONS_NOTICE_V1);
    assert_int_equal(msg.info->decode(msg.data, &data, NULL), CV_OK);
    cv_reader_destroy(&reader);
    return data.notifications_notice_v1;
}

/* ---- the outbox --------------------------------------------------------------------------- */

/* Files, temporary ones included. */
static inline size_t drv_files(drv_t *drv)
{
    size_t n = 0;
    DIR *directory = opendir(drv->outbox);
    if (!directory)
        return 0;
    for (struct dirent *entry; (entry = readdir(directory));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return n;
}

/* Contents of NAME.eml, NUL-terminated, to be freed; NULL: not there. */
static inline char *drv_file(drv_t *drv, const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.eml", drv->outbox, name);
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    char *text = calloc(1, NTF_OUTBOX_PATH_MAX * 16);
    assert_non_null(text);
    assert_true(fread(text, 1, NTF_OUTBOX_PATH_MAX * 16 - 1, file) > 0);
    fclose(file);
    return text;
}

/* The folder takes nothing until it is there again. */
static inline void drv_close_outbox(drv_t *drv)
{
    char away[200];
    snprintf(away, sizeof(away), "%s-away", drv->outbox);
    assert_int_equal(rename(drv->outbox, away), 0);
    FILE *file = fopen(drv->outbox, "wbe");
    assert_non_null(file);
    fclose(file);
}

static inline void drv_open_outbox(drv_t *drv)
{
    char away[200];
    snprintf(away, sizeof(away), "%s-away", drv->outbox);
    assert_int_equal(unlink(drv->outbox), 0);
    assert_int_equal(rename(away, drv->outbox), 0);
}

/* One number that the SQL gives. */
static inline int64_t drv_number(drv_t *drv, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(drv->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t number = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return number;
}

/* For cmocka: a driver for each test, at 09:00 UTC on a Thursday. */
static inline int drv_setup(void **state)
{
    *state = drv_new();
    return 0;
}

static inline int drv_teardown(void **state)
{
    drv_t *drv = *state;
    drv_destroy(&drv);
    return 0;
}

#endif
