/* rig: one engine on a disk in memory, with everything it sends kept for the test to look at.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rig.h"

#include "store/db.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HELD_MAX = 2048 };

const cv_principal_t RIG_SECRETARIAT = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
const cv_principal_t RIG_FOCAL_KZ = {.name = "focal-kz", .role = CV_ROLE_FOCAL_POINT, .party = "KZ"};
const cv_principal_t RIG_SERVICE = {.name = "registration", .role = CV_ROLE_SERVICE};
const cv_principal_t RIG_OBSERVER = {.name = "dashboard", .role = CV_ROLE_OBSERVER};
const cv_principal_t RIG_OPERATOR = {.name = "operator", .role = CV_ROLE_OPERATOR};

static rig_sent_t *keep(rig_t *rig, rig_kind_t kind, cv_str_t bytes)
{
    if (rig->sent_n == rig->sent_room) {
        rig->sent_room = rig->sent_room ? rig->sent_room * 2 : 64;
        rig->sent = realloc(rig->sent, rig->sent_room * sizeof *rig->sent);
        if (!rig->sent)
            abort();
    }
    rig_sent_t *sent = &rig->sent[rig->sent_n++];
    *sent = (rig_sent_t){.kind = kind};
    if (bytes.ptr) {
        char *copy = malloc(bytes.len + 1);
        if (!copy)
            abort();
        memcpy(copy, bytes.ptr, bytes.len);
        sent->bytes = (cv_str_t){copy, bytes.len};
    }
    return sent;
}

static void on_publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    rig_sent_t *sent = keep(self, !position ? RIG_OUTCOME : message.ptr ? RIG_RECORD : RIG_HEAD, message);
    snprintf(sent->topic, sizeof sent->topic, "%.*s", CV_STR_ARG(topic));
    if (position)
        sent->position = *position;
}

static void on_flush(void *self)
{
    ((rig_t *)self)->flushes++;
}

static void on_answer(void *self, void *peer, cv_str_t message)
{
    (void)peer;
    keep(self, RIG_ANSWER, message);
}

static void on_ask(void *self, size_t follow, cv_str_t message)
{
    keep(self, RIG_ASK, message)->follow = follow;
}

int rig_open(rig_t *rig)
{
    cv_db_options_t options = {
        .path = crash_disk_path(rig->disk, "toy.db"),
        .vfs = CRASH_VFS,
        .application_id = rig->def->application_id,
        .migrations = rig->def->migrations,
        .migrations_n = rig->def->migrations_n,
        .cache_kib = 1024,
        .wal_bytes = 64 * 1024,
    };
    int rc = cv_db_open(&options, &rig->db, rig->error, sizeof rig->error);
    if (rc)
        return rc;
    cv_outside_t outside = {.self = rig, .publish = on_publish, .flush = on_flush, .answer = on_answer, .ask = on_ask};
    cv_engine_options_t engine_options = {.version = "test", .keep_records = rig->keep_records, .limits = rig->limits};
    memset(engine_options.new_epoch, rig->epoch, CV_EPOCH_LEN);
    rc = cv_engine_new(rig->def, rig->db, &outside, &engine_options, &rig->engine, rig->error, sizeof rig->error);
    if (rc)
        cv_db_abandon(&rig->db);
    return rc;
}

void rig_start(rig_t *rig, const cv_service_def_t *def)
{
    *rig = (rig_t){.def = def, .wall_ms = 1000000, .mono_ms = 1000, .epoch = 0xe1};
    rig->disk = crash_disk_new(1);
    rig->reader = cv_reader_new();
    rig->data = calloc(1, sizeof *rig->data);
    rig->held = calloc(HELD_MAX, sizeof *rig->held);
    if (!rig->reader || !rig->data || !rig->held)
        abort();
    if (rig_open(rig))
        fail_msg("cannot open: %s", rig->error);
}

static void drop_held(rig_t *rig)
{
    for (size_t i = 0; i < rig->held_n; i++)
        cv_buf_done(&rig->held[i]);
    rig->held_n = 0;
}

void rig_close(rig_t *rig)
{
    cv_engine_destroy(&rig->engine);
    cv_db_close(&rig->db);
    drop_held(rig);
}

void rig_crash(rig_t *rig, crash_kind_t kind)
{
    crash_disk_off(rig->disk);
    cv_engine_destroy(&rig->engine);
    cv_db_abandon(&rig->db);
    drop_held(rig);
    crash_disk_on(rig->disk, kind);
}

void rig_end(rig_t *rig)
{
    rig_close(rig);
    rig_clear(rig);
    free(rig->sent);
    free(rig->held);
    free(rig->data);
    cv_reader_destroy(&rig->reader);
    crash_disk_destroy(&rig->disk);
}

int rig_send(rig_t *rig, const cv_principal_t *principal, cv_str_t message)
{
    assert_true(rig->held_n < HELD_MAX);
    cv_buf_t *held = &rig->held[rig->held_n++];
    cv_buf_init(held, 1 << 20);
    if (cv_buf_put(held, message.ptr, message.len))
        abort();
    return cv_engine_request(rig->engine, principal, cv_buf_str(held));
}

void rig_put(rig_t *rig, uint64_t id, const char *command, const char *account, int64_t amount)
{
    cv_buf_t message;
    cv_buf_init(&message, 4096);
    assert_int_equal(toy_request(&message, toy_id(id), NULL, command, account, amount, 0), CV_OK);
    assert_int_equal(rig_send(rig, &RIG_SECRETARIAT, cv_buf_str(&message)), CV_OK);
    cv_buf_done(&message);
}

int rig_turn(rig_t *rig)
{
    int rc = cv_engine_turn(rig->engine, rig->wall_ms, rig->mono_ms, &rig->next_ms);
    drop_held(rig);
    return rc;
}

int rig_turn_at(rig_t *rig, int64_t later_ms)
{
    rig->wall_ms += later_ms;
    rig->mono_ms += later_ms;
    return rig_turn(rig);
}

void rig_clear(rig_t *rig)
{
    for (size_t i = 0; i < rig->sent_n; i++)
        free((void *)(uintptr_t)rig->sent[i].bytes.ptr);
    rig->sent_n = 0;
}

size_t rig_count(const rig_t *rig, rig_kind_t kind)
{
    size_t n = 0;
    for (size_t i = 0; i < rig->sent_n; i++)
        n += rig->sent[i].kind == kind;
    return n;
}

const rig_sent_t *rig_find(const rig_t *rig, rig_kind_t kind, size_t n)
{
    for (size_t i = 0; i < rig->sent_n; i++)
        if (rig->sent[i].kind == kind && !n--)
            return &rig->sent[i];
    return NULL;
}

cv_msg_t rig_read(rig_t *rig, cv_str_t bytes)
{
    cv_msg_t msg = {0};
    cv_fault_t fault = {0};
    if (cv_msg_read(rig->reader, bytes, &msg, &fault) || !msg.info || msg.info->decode(msg.data, rig->data, &fault))
        fail_msg("a message that nobody can read: %s %s", fault.path, fault.text);
    return msg;
}

cv_str_t rig_outcome_bytes(rig_t *rig, uint64_t id)
{
    for (size_t i = rig->sent_n; i-- > 0;)
        if (rig->sent[i].kind == RIG_OUTCOME && cv_str_is(rig_read(rig, rig->sent[i].bytes).id, toy_id(id)))
            return rig->sent[i].bytes;
    return CV_STR_NONE;
}

const cv_outcome_v1_t *rig_outcome(rig_t *rig, uint64_t id)
{
    cv_str_t bytes = rig_outcome_bytes(rig, id);
    if (!bytes.ptr)
        fail_msg("no outcome of request %llu", (unsigned long long)id);
    cv_msg_t msg = rig_read(rig, bytes);
    assert_true(cv_str_equal(msg.causationid, msg.id));
    return &rig->data->outcome_v1;
}

cv_msg_t rig_ask(rig_t *rig, const cv_principal_t *principal, uint16_t type, const void *data)
{
    static unsigned number;
    char id[32];
    snprintf(id, sizeof id, "question-%u", ++number);
    return rig_ask_as(rig, principal, id, type, data);
}

cv_msg_t rig_ask_as(rig_t *rig, const cv_principal_t *principal, const char *id, uint16_t type, const void *data)
{
    cv_msg_t head = {.id = cv_str(id), .source = CV_STR("/test"), .info = cv_msg_info_at(type)};
    cv_buf_t message;
    cv_buf_init(&message, CV_MAX_BATCH);
    assert_int_equal(cv_msg_write(&message, &head, data), CV_OK);
    size_t before = rig_count(rig, RIG_ANSWER);
    cv_engine_question(rig->engine, principal, NULL, cv_buf_str(&message), rig->wall_ms, rig->mono_ms);
    cv_buf_done(&message);
    assert_int_equal(rig_count(rig, RIG_ANSWER), before + 1);
    cv_msg_t answer = rig_read(rig, rig_find(rig, RIG_ANSWER, before)->bytes);
    assert_true(cv_str_is(answer.causationid, id));
    return answer;
}
