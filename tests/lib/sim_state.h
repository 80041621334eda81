/* sim_state: what the parts of the simulator share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_TESTS_SIM_STATE_H
#define CONVENE_TESTS_SIM_STATE_H

#include "sim.h"

#include "service/parcels.h"
#include "store/db.h"

enum { PARCELS_MAX = 200000, REPEAT_MS = 400, HELD_MAX = CV_BATCH_MAX };
#define WALL_START INT64_C(1740000000000)

typedef enum { TO_INTAKE, TO_FOLLOW_FEED, TO_LOG, TO_FOLLOW_LOG, TO_CLIENT } to_t;

typedef struct {
    int64_t at_ms;
    uint64_t order;
    to_t to;
    size_t node, follow, from; /* from: node that asked, for TO_LOG */
    unsigned life;             /* of the node that asked */
    size_t request;            /* TO_INTAKE */
    bool has_position;
    uint8_t position[CV_POSITION_LEN];
    char *bytes; /* NULL: a head */
    size_t len;
} parcel_t;

typedef struct {
    size_t node;
    const cv_principal_t *principal;
    char id[40];
    char *message;
    size_t message_len;
    int64_t send_ms;
    bool answered;
    char *outcome; /* of a decision */
    size_t outcome_len;
    int64_t seen_ms, decided_ms; /* when it came first; when it was made */
} request_t;

typedef struct {
    const cv_service_def_t *def;
    cv_principal_t principal;
    uint64_t keep_records;
    crash_disk_t *disk, *copy;
    int64_t copy_ms;
    cv_db_t *db;
    cv_engine_t *engine;
    cv_parcels_t *parcels; /* what its turn publishes, as the runner has it */
    unsigned life;
    int64_t turn_ms, start_ms, full_until_ms;
    bool rewound;      /* without a new epoch since */
    bool must_restore; /* a restore was begun and power failed */
    char *held[HELD_MAX];
    size_t held_n;
    /* What was published of each stream in its present history: records[stream][seq]. */
    struct {
        char **bytes;
        size_t *lens;
        int64_t *seen_ms;
        size_t n;
        uint8_t epoch[CV_EPOCH_LEN];
    } log[8];
} node_t;

struct sim {
    uint64_t seed, random, order;
    int64_t now_ms;
    sim_weather_t weather;
    node_t nodes[SIM_NODES_MAX];
    size_t nodes_n;
    parcel_t *parcels; /* a heap */
    size_t parcels_n, parcels_room;
    request_t *requests;
    size_t requests_n, requests_room;
    cv_reader_t *reader;
    cv_any_t *data;
    sim_counts_t counts;
    uint8_t next_epoch;
    char error[512];
};

/* ---- sim.c: network, time, life ---- */
void *sim_must(void *memory); /* ends the test without memory */
char *sim_copy(const char *bytes, size_t len);
bool sim_happens(sim_t *sim, unsigned chance, unsigned of);
void sim_push(sim_t *sim, parcel_t parcel); /* into the heap, as it is */
/* Sends bytes (ptr NULL: a head) through the network as it is. */
void sim_post(sim_t *sim, parcel_t parcel, cv_str_t bytes);

/* ---- sim_nodes.c: services that start, work and die ---- */
void sim_drop_held(node_t *node); /* request bytes that the engine held on to */
void sim_start(sim_t *sim, size_t index, bool fair);
void sim_take_turn(sim_t *sim, node_t *node, bool fair);

#endif
