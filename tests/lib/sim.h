/* sim: several engines, clients, a bad network, bad disks and virtual time, all from one seed.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   sim_t *sim = sim_new(seed);
 *   size_t bank = sim_add(sim, &TOY_BANK, 0);
 *   sim_submit(sim, bank, &principal, id, message);      asked again until it is answered
 *   sim_run(sim, 20000);                                 with the weather that was set
 *   sim_settle(sim, 120000);                             fair weather until everything has arrived
 *   sim_error(sim)                                       "" or what was wrong, always with the seed
 *
 * The simulator is also the oracle: it keeps the bytes of every decision that a client has seen, and of every record
 * that was published, and no later one may differ.
 */
#ifndef CONVENE_TESTS_SIM_H
#define CONVENE_TESTS_SIM_H

#include "crash_vfs.h"
#include "service/engine.h"

enum { SIM_NODES_MAX = 8 };

typedef struct {
    unsigned loss, repeat; /* of 100 messages */
    int64_t delay_ms;      /* at most; two messages may overtake each other */
    unsigned power;        /* of 1,000 turns: power fails at a random access to the disk */
    unsigned fault;        /* of 1,000 turns: one write or sync fails */
    unsigned full;         /* of 1,000 turns: the disk is full for a while */
    unsigned stop;         /* of 1,000 turns: an orderly stop or a kill between turns, by halves */
    unsigned rewind;       /* of 100 starts: an old copy of the files is put back without a word */
    unsigned restore;      /* of 100 starts: an old copy is put back and a new epoch begun */
} sim_weather_t;

typedef struct sim sim_t;

sim_t *sim_new(uint64_t seed);
void sim_destroy(sim_t **sim);
void sim_weather(sim_t *sim, const sim_weather_t *weather);
uint64_t sim_draw(sim_t *sim, uint64_t below); /* the test's own random numbers, from the same seed */
int64_t sim_wall_ms(const sim_t *sim);

/* A service; its producers are found by their names, in whatever order they are added. */
size_t sim_add(sim_t *sim, const cv_service_def_t *def, uint64_t keep_records);
void sim_submit(sim_t *sim, size_t node, const cv_principal_t *principal, const char *id, cv_str_t message);
void sim_run(sim_t *sim, int64_t ms);
/* Fair weather, all nodes up, every request asked again once; false (and an error) if it does not come to rest in time.
 */
bool sim_settle(sim_t *sim, int64_t ms);
void sim_fail(sim_t *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *sim_error(const sim_t *sim);

/* After sim_settle. The database is open; NULL: the node is down. */
cv_db_t *sim_db(sim_t *sim, size_t node);
cv_engine_t *sim_engine(sim_t *sim, size_t node);
/* Whether the producer of this node's follow was ever rewound, which may halt it. */
bool sim_may_halt(const sim_t *sim, size_t node, size_t follow);
size_t sim_requests(const sim_t *sim);
/* Outcome of the n-th request that was submitted; ptr NULL: none. */
cv_str_t sim_outcome(const sim_t *sim, size_t n);
const char *sim_request_id(const sim_t *sim, size_t n);

typedef struct {
    uint64_t turns, messages, lost, opens, power_failures, faults, fulls, stops, rewinds, restores, decided, replays;
} sim_counts_t;
const sim_counts_t *sim_counts(const sim_t *sim);

#endif
