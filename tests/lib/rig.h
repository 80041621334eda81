/* rig: one engine on a disk in memory, with everything it sends kept for the test to look at.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_TESTS_RIG_H
#define CONVENE_TESTS_RIG_H

#include "crash_vfs.h"
#include "service/engine.h"
#include "toy.h"

typedef enum { RIG_OUTCOME, RIG_RECORD, RIG_HEAD, RIG_ANSWER, RIG_ASK } rig_kind_t;

typedef struct {
    rig_kind_t kind;
    char topic[160];
    size_t follow;          /* asks */
    cv_position_t position; /* records, heads */
    cv_str_t bytes;         /* owned by the rig until rig_clear */
} rig_sent_t;

typedef struct {
    const cv_service_def_t *def;
    crash_disk_t *disk;
    cv_db_t *db;
    cv_engine_t *engine;
    int64_t wall_ms, mono_ms, next_ms;
    uint8_t epoch; /* of new streams */
    uint64_t keep_records;
    cv_limits_t limits; /* taken by rig_open */
    rig_sent_t *sent;
    size_t sent_n, sent_room;
    unsigned flushes; /* how often what was published left */
    cv_buf_t *held;   /* request bytes until the turn has ended */
    size_t held_n;
    cv_reader_t *reader;
    cv_any_t *data; /* of the message read last */
    char error[512];
} rig_t;

extern const cv_principal_t RIG_SECRETARIAT, RIG_FOCAL_KZ, RIG_SERVICE, RIG_OBSERVER, RIG_OPERATOR;

/* New disk, new database, engine running at wall 1,000,000 and mono 1,000. */
void rig_start(rig_t *rig, const cv_service_def_t *def);
/* What cv_db_open or cv_engine_new gave. */
int rig_open(rig_t *rig);
void rig_close(rig_t *rig);                    /* an orderly stop */
void rig_crash(rig_t *rig, crash_kind_t kind); /* power off and on; the database is closed then */
void rig_end(rig_t *rig);

/* Queues bytes of its own copy. */
int rig_send(rig_t *rig, const cv_principal_t *principal, cv_str_t message);
/* One command of the toy bank by the secretariat, inbox "inbox-0001". */
void rig_put(rig_t *rig, uint64_t id, const char *command, const char *account, int64_t amount);
int rig_turn(rig_t *rig);                      /* at the present time */
int rig_turn_at(rig_t *rig, int64_t later_ms); /* both clocks move on first */
void rig_clear(rig_t *rig);                    /* forgets what was sent */

size_t rig_count(const rig_t *rig, rig_kind_t kind);
const rig_sent_t *rig_find(const rig_t *rig, rig_kind_t kind, size_t n); /* the n-th of this kind from 0; NULL */
/* Reads a message; its data is then in rig->data. Fails the test if it cannot be read. */
cv_msg_t rig_read(rig_t *rig, cv_str_t bytes);
/* The outcome of this request among what was sent (the last one); fails the test if there is none. */
const cv_outcome_v1_t *rig_outcome(rig_t *rig, uint64_t id);
cv_str_t rig_outcome_bytes(rig_t *rig, uint64_t id); /* ptr NULL: none */

/* Asks the engine's log and gives the answer, read; data in rig->data. */
cv_msg_t rig_ask(rig_t *rig, const cv_principal_t *principal, uint16_t type, const void *data);
/* With this id: a question that is repeated has the one it had. */
cv_msg_t rig_ask_as(rig_t *rig, const cv_principal_t *principal, const char *id, uint16_t type, const void *data);

#endif
