/* reg_rig: the registration service on its engine and on a disk in memory that can lose power; no sockets, no clock.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_REG_RIG_H
#define TESTS_REG_RIG_H

#include "convene/ids.h"
#include "crash_vfs.h"
#include "registration/registration.h"
#include "service/engine.h"
#include "store/db.h"

enum { RIG_RECORDS = 4096 };

typedef struct {
    char *ptr; /* owned */
    size_t len;
} rig_bytes_t;

typedef struct {
    crash_disk_t *disk;
    cv_db_t *db;
    cv_engine_t *engine;
    cv_reader_t *reader;
    cv_buf_t buf;
    cv_principal_t principal;
    int64_t now_ms, mono_ms;
    cv_position_t scheduling;
    rig_bytes_t outcome, answer, asked;
    rig_bytes_t records[RIG_RECORDS]; /* of registration.events since records_n was set to 0 */
    size_t records_n;
    cv_msg_t msg; /* the last message read */
    cv_any_t *data;
} rig_t;

/* All end the program with what is wrong when something is that no request can cause. */
rig_t *rig_new(uint64_t seed, int64_t now_ms);
void rig_free(rig_t **rig);
/* The power fails, now: what was not synced is lost or torn. Opens again, which runs the service's self-check. */
void rig_kill(rig_t *rig, crash_kind_t kind);
void rig_turn(rig_t *rig);
void rig_wait_until(rig_t *rig, int64_t ms);
/* One record of scheduling's stream. */
void rig_feed(rig_t *rig, uint16_t type, const void *data);
/* The octets of a request, in rig->buf. */
cv_str_t rig_request(rig_t *rig, uint64_t number, uint16_t type, const void *data);
/* Gives them to the engine; rig_turn decides. */
void rig_send(rig_t *rig, cv_str_t message);
const cv_any_t *rig_read(rig_t *rig, const rig_bytes_t *bytes, uint16_t type); /* type 0: any */
/* The only row of a question, or NULL; lives until the next. */
const cv_any_t *rig_row(rig_t *rig, const char *what, const char *key, uint16_t type);

#endif
