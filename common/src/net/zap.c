/* zap: decides who may connect, by CURVE key; one thread beside the service's, with nothing shared.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libzmq asks the handler at inproc://zeromq.zap.01 of its context about every peer of a bound socket (RFC 27):
 *
 *   asks     [id of the asker] "" "1.0" request-id domain address routing-id mechanism credential...
 *   we say   [id of the asker] "" "1.0" request-id status text user-id metadata
 *
 * Happy path: mechanism CURVE, one credential of 32 octets that is a principal's key: 200 with that key, in text, as
 * user-id, which libzmq then attaches to every message of that connection. Whose it is the service looks up for each
 * message: it may change while the connection lives.
 *
 * Failure modes: wrong domain, any other mechanism: 400. An unknown key: 300, "not now": on a 400 libzmq's client
 * never connects again, on a 300 it tries every few seconds, so who is allowed later (a reload) gets in without
 * having to know. A request that has not this shape gets no answer, or a 500 if it can be told to whom; libzmq then
 * gives the peer up after its handshake timeout. No answer at
 * all (this thread is gone) lets nobody in, since sockets are made with ZMQ_ZAP_ENFORCE_DOMAIN. Nothing that arrives
 * is asserted on, and no frame is used before its size is checked.
 *
 * Invariants: the set of principals belongs to the thread; a reload leaves a new one in the hand-over place, rings
 * through the pipe, and finds the old one there when the thread rings back. Counters are atomic. The thread blocks all
 * signals.
 */
#include "net/zap.h"

#include "convene/ids.h"
#include "convene/wire.h"
#include "net/keys.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ZAP_ADDRESS "inproc://zeromq.zap.01"
#define ZAP_FRAMES_MAX 12     /* of a request, with the asker's id */
#define ZAP_FRAME_MAX 255     /* octets of one; RFC 27 has nothing longer */
#define ZAP_BATCH 64          /* requests between two looks at the pipe */
#define PIPE_TIMEOUT_MS 10000 /* a thread that does not answer by then is stuck */

/* Who can reach an ipc socket without keys is the user who runs everything: all roles but the one that is bound to a
 * party. */
const cv_principal_t cv_principal_local = {
    .name = CV_ZAP_LOCAL,
    .role =
        CV_ROLE_OPERATOR | CV_ROLE_SECRETARIAT | CV_ROLE_PUBLISHER | CV_ROLE_SERVICE | CV_ROLE_OBSERVER | CV_ROLE_GATE,
};

struct cv_zap {
    pthread_t thread;
    void *pipe;                             /* ours */
    void *inner;                            /* the thread's end */
    void *handler;                          /* the thread's */
    cv_principals_t *principals;            /* the thread's */
    _Atomic(cv_principals_t *) handed_over; /* by us before an order, by the thread after it */
    bool allow_null;
    _Atomic uint64_t accepted, refused;
};

/* What goes through the pipe, in both directions: one octet. */
enum { ORDER_SWAP = 'S', ORDER_STOP = 'T' };

typedef struct {
    size_t n;
    struct {
        uint8_t bytes[ZAP_FRAME_MAX];
        size_t len;
    } frame[ZAP_FRAMES_MAX];
    bool malformed; /* a frame too long, or too many */
} request_t;

enum { ASKER, DELIMITER, VERSION, REQUEST_ID, DOMAIN, ADDRESS, ROUTING_ID, MECHANISM, CREDENTIAL };

static bool s_frame_is(const request_t *request, size_t index, const char *text)
{
    return index < request->n && request->frame[index].len == strlen(text) &&
           memcmp(request->frame[index].bytes, text, strlen(text)) == 0;
}

/* 1: one request is there; 0: none; -1: the context ends. */
static int s_receive(void *handler, request_t *ret_request)
{
    ret_request->n = 0;
    ret_request->malformed = false;
    for (bool more = true; more;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, handler, ZMQ_DONTWAIT) < 0) {
            int error = errno;
            zmq_msg_close(&message);
            if (error == EINTR)
                continue;
            return error == EAGAIN ? 0 : -1;
        }
        size_t len = zmq_msg_size(&message);
        if (ret_request->n == ZAP_FRAMES_MAX || len > ZAP_FRAME_MAX) {
            ret_request->malformed = true;
        } else {
            if (len)
                memcpy(ret_request->frame[ret_request->n].bytes, zmq_msg_data(&message), len);
            ret_request->frame[ret_request->n++].len = len;
        }
        more = zmq_msg_more(&message);
        zmq_msg_close(&message);
    }
    return 1;
}

static void s_answer(void *handler, const request_t *request, const char *status, const char *text, const char *user)
{
    const struct {
        const void *bytes;
        size_t len;
    } frames[] = {{request->frame[ASKER].bytes, request->frame[ASKER].len},
                  {"", 0},
                  {"1.0", 3},
                  {request->frame[REQUEST_ID].bytes, request->frame[REQUEST_ID].len},
                  {status, strlen(status)},
                  {text, strlen(text)},
                  {user, strlen(user)},
                  {"", 0}};
    const size_t n = sizeof frames / sizeof *frames;
    /* A lost answer is a refused peer, so what fails here needs no more care. */
    for (size_t i = 0; i < n; i++)
        if (zmq_send(handler, frames[i].bytes, frames[i].len, ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0)) < 0)
            return;
}

/* The principal that this request is from; NULL: to be refused, with this status. */
static const cv_principal_t *s_judge(const cv_zap_t *zap, const request_t *request, const char **ret_status,
                                     char ret_user[CV_KEY_TEXT + 1])
{
    snprintf(ret_user, CV_KEY_TEXT + 1, "%s", CV_ZAP_LOCAL);
    *ret_status = "400";
    if (!s_frame_is(request, DOMAIN, CV_ZAP_DOMAIN))
        return NULL;
    if (s_frame_is(request, MECHANISM, "CURVE") && request->n == CREDENTIAL + 1 &&
        request->frame[CREDENTIAL].len == CV_KEY_LEN) {
        *ret_status = "300";
        zmq_z85_encode(ret_user, request->frame[CREDENTIAL].bytes, CV_KEY_LEN);
        return zap->principals
                   ? cv_principals_by_key(zap->principals, request->frame[CREDENTIAL].bytes, cv_clock_wall_ms())
                   : NULL;
    }
    if (s_frame_is(request, MECHANISM, "NULL") && request->n == MECHANISM + 1 && zap->allow_null)
        return &cv_principal_local;
    return NULL;
}

static void s_handle(cv_zap_t *zap, const request_t *request)
{
    bool addressed = request->n > REQUEST_ID && request->frame[DELIMITER].len == 0;
    if (request->malformed || !addressed || request->n <= MECHANISM || !s_frame_is(request, VERSION, "1.0")) {
        atomic_fetch_add_explicit(&zap->refused, 1, memory_order_relaxed);
        if (addressed)
            s_answer(zap->handler, request, "500", "malformed request", "");
        return;
    }
    const char *status;
    char user[CV_KEY_TEXT + 1];
    const cv_principal_t *principal = s_judge(zap, request, &status, user);
    atomic_fetch_add_explicit(principal ? &zap->accepted : &zap->refused, 1, memory_order_relaxed);
    if (principal)
        s_answer(zap->handler, request, "200", "OK", user);
    else
        s_answer(zap->handler, request, status, "not allowed", "");
}

static void *s_thread(void *arg)
{
    cv_zap_t *zap = arg;
    for (bool stop = false; !stop;) {
        zmq_pollitem_t items[] = {{zap->inner, 0, ZMQ_POLLIN, 0}, {zap->handler, 0, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            break; /* the context ends */
        }
        char order;
        if (zmq_recv(zap->inner, &order, 1, ZMQ_DONTWAIT) == 1) {
            stop = order == ORDER_STOP;
            if (order == ORDER_SWAP)
                zap->principals = atomic_exchange(&zap->handed_over, zap->principals);
            zmq_send(zap->inner, &order, 1, ZMQ_DONTWAIT);
        }
        for (int i = 0; i < ZAP_BATCH && !stop; i++) {
            request_t request;
            int got = s_receive(zap->handler, &request);
            if (got < 0)
                stop = true;
            if (got <= 0)
                break;
            s_handle(zap, &request);
        }
    }
    /* Closing frees the address only some time later, and a next handler would not start. */
    zmq_unbind(zap->handler, ZAP_ADDRESS);
    zmq_close(zap->handler);
    zmq_close(zap->inner);
    return NULL;
}

/* A pair of connected sockets whose name cannot be another pair's. */
static int s_make_pipe(void *context, cv_zap_t *zap)
{
    static _Atomic unsigned pipes;
    char address[64];
    snprintf(address, sizeof address, "inproc://convene.zap.pipe.%u", atomic_fetch_add(&pipes, 1));
    zap->pipe = zmq_socket(context, ZMQ_PAIR);
    zap->inner = zmq_socket(context, ZMQ_PAIR);
    int linger = 0, timeout = PIPE_TIMEOUT_MS;
    if (!zap->pipe || !zap->inner || zmq_setsockopt(zap->pipe, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(zap->inner, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_setsockopt(zap->pipe, ZMQ_RCVTIMEO, &timeout, sizeof timeout) ||
        zmq_setsockopt(zap->pipe, ZMQ_SNDTIMEO, &timeout, sizeof timeout) || zmq_bind(zap->pipe, address) ||
        zmq_connect(zap->inner, address))
        return CV_EUNAVAIL;
    return CV_OK;
}

static int s_make_handler(void *context, cv_zap_t *zap)
{
    int linger = 0;
    zap->handler = zmq_socket(context, ZMQ_ROUTER);
    if (!zap->handler || zmq_setsockopt(zap->handler, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_bind(zap->handler, ZAP_ADDRESS))
        return CV_EUNAVAIL;
    return CV_OK;
}

int cv_zap_start(void *context, cv_principals_t **principals, bool allow_null, cv_zap_t **ret_zap)
{
    cv_zap_t *zap = calloc(1, sizeof *zap);
    if (!zap) {
        if (principals)
            cv_principals_destroy(principals);
        return CV_ENOMEM;
    }
    zap->allow_null = allow_null;
    if (principals) {
        zap->principals = *principals;
        *principals = NULL;
    }
    int rc = s_make_pipe(context, zap);
    if (!rc)
        rc = s_make_handler(context, zap);
    if (!rc) {
        /* Signals are for the service's thread. */
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (pthread_create(&zap->thread, NULL, s_thread, zap))
            rc = CV_EUNAVAIL;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (rc) {
        if (zap->handler)
            zmq_close(zap->handler);
        if (zap->inner)
            zmq_close(zap->inner);
        if (zap->pipe)
            zmq_close(zap->pipe);
        cv_principals_destroy(&zap->principals);
        free(zap);
        return rc;
    }
    *ret_zap = zap;
    return CV_OK;
}

/* Sends an order to the thread and waits until it is done. */
static int s_order(cv_zap_t *zap, char order)
{
    int rc;
    while ((rc = zmq_send(zap->pipe, &order, 1, 0)) < 0 && errno == EINTR)
        ;
    if (rc < 0)
        return CV_EUNAVAIL;
    while ((rc = zmq_recv(zap->pipe, &order, 1, 0)) < 0 && errno == EINTR)
        ;
    return rc == 1 ? CV_OK : CV_EUNAVAIL;
}

int cv_zap_reload(cv_zap_t *zap, cv_principals_t **principals)
{
    atomic_store(&zap->handed_over, *principals);
    *principals = NULL;
    int rc = s_order(zap, ORDER_SWAP);
    if (rc)
        return rc; /* nobody knows who has the set: better lost than freed twice */
    cv_principals_t *old = atomic_exchange(&zap->handed_over, NULL);
    cv_principals_destroy(&old);
    return CV_OK;
}

void cv_zap_counts(cv_zap_t *zap, uint64_t *ret_accepted, uint64_t *ret_refused)
{
    *ret_accepted = atomic_load_explicit(&zap->accepted, memory_order_relaxed);
    *ret_refused = atomic_load_explicit(&zap->refused, memory_order_relaxed);
}

void cv_zap_stop(cv_zap_t **zap)
{
    cv_zap_t *self = *zap;
    if (!self)
        return;
    (void)s_order(self, ORDER_STOP); /* fails when the context ends: so does the thread */
    pthread_join(self->thread, NULL);
    zmq_close(self->pipe);
    cv_principals_destroy(&self->principals);
    free(self);
    *zap = NULL;
}
