/* runner: what the parts of the runner share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_SERVICE_RUNNER_H
#define CONVENE_SRC_SERVICE_RUNNER_H

#include "convene/config.h"
#include "net/socket.h"
#include "net/zap.h"
#include "service/engine.h"
#include "service/notify.h"
#include "service/parcels.h"

#include <sys/stat.h>

enum {
    CV_PEERS_MAX = 4,          /* services one service follows, count */
    CV_DRAIN_MAX = 256,        /* questions, answers or feed messages taken from one socket before the next turn */
    CV_FRAMES_PER_TURN = 8192, /* frames of requests taken in one turn, those of who floods included */
    CV_BATCH_LEAST = 64,       /* requests of one turn, however long the last one took */
    CV_TICK_ALARM_MS = 1000,   /* a turn this long is worth a line in the log */
};

/* A service we follow: one ear and one question socket, for all its streams. */
typedef struct {
    const char *service;
    void *feed, *log;
    bool feed_ready, log_ready; /* as the last wait found them */
} cv_peer_t;

typedef struct {
    const cv_service_def_t *def;
    cv_config_t *config;
    char keys_dir[CV_CONFIG_VALUE_MAX];
    bool encrypted;
    cv_identity_t identity;
    cv_principals_t *principals; /* our own copy; the ZAP handler has another */
    struct {
        struct stat seen;                /* the directory of certificates when it was last read */
        bool was_fresh;                  /* it had just changed then */
        int64_t looked_ms;               /* mono */
        int64_t end_ms;                  /* wall; when the next former key ends */
        char error[CV_CONFIG_ERROR_MAX]; /* why it could not be read; "": it could */
    } guard;

    void *context;
    cv_zap_t *zap;
    void *intake, *feed, *log;
    bool intake_ready, feed_ready, log_ready; /* as the last wait found them */
    cv_peer_t peers[CV_PEERS_MAX];
    size_t peers_n;

    cv_db_t *db;
    cv_engine_t *engine;
    zmq_msg_t held[CV_BATCH_MAX]; /* frames with the requests of this turn: the engine looks into them */
    size_t held_n;
    size_t batch_max;      /* requests that the next turn takes; fewer after one that took too long */
    cv_parcels_t *parcels; /* what this turn publishes */
    int64_t clock_offset_ms;
    cv_notify_t notify; /* the supervisor */
} cv_runner_t;

/* ports.c: sockets, and frames between them and the engine. */
/* Whether settings and keys are such that cv_ports_open can work; touches nothing. */
int cv_ports_check(cv_runner_t *runner, char *ret_error, size_t error_size) CV_USE_RESULT;
int cv_ports_open(cv_runner_t *runner, char *ret_error, size_t error_size) CV_USE_RESULT;
void cv_ports_close(cv_runner_t *runner, int linger_ms);
cv_outside_t cv_ports_outside(cv_runner_t *runner);
/* Waits until something arrives, wake_fd is readable or timeout_ms is over. */
int cv_ports_wait(cv_runner_t *runner, int wake_fd, int64_t timeout_ms, bool *ret_woken) CV_USE_RESULT;
/* Takes what the last wait found. True: sockets were left with more. */
bool cv_ports_take(cv_runner_t *runner, int64_t wall_ms, int64_t mono_ms);
/* After a turn: lets the requests go. */
void cv_ports_release(cv_runner_t *runner);

/* guard.c: who may come in, as the key directory says now. */
int cv_guard_load(cv_runner_t *runner, cv_principals_t **ret_principals, char *ret_error,
                  size_t error_size) CV_USE_RESULT;
void cv_guard_start(cv_runner_t *runner); /* once the ports are open */
/* Looks every second, and when asked to. A failure is fatal. */
int cv_guard_tend(cv_runner_t *runner, bool asked, int64_t mono_ms) CV_USE_RESULT;

#endif
