/* ports: the sockets of a service, and frames between them and the engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   others ---publish--> intake SUB                        feed XPUB ---> outcomes, records, heads
 *   others ---ask------> log ROUTER ---> answer            log DEALER ---> the services we follow
 *                                                          their feed ---> ear SUB
 *
 * Order of taking: answers and questions first (a replay must not wait for requests), then the feeds we follow, then
 * requests, as many as one turn may have. What is left stays in the sockets; when they are full TCP slows the sender
 * down. Nothing is dropped here but messages that are no messages: wrong number of frames, or a peer that is no
 * longer a principal (guard.c).
 */
#include "service/runner.h"

#include "convene/ids.h"

#include <stdio.h>
#include <string.h>

/* ---- opening ------------------------------------------------------------------------------ */

static int check_endpoint(const cv_runner_t *runner, const char *service, const char *key, char *ret_error,
                          size_t error_size)
{
    char address[CV_ADDRESS_MAX];
    const char *endpoint = cv_config_of(runner->config, service, key);
    int rc = cv_socket_address(endpoint, CV_SOCKET_LOG, address, ret_error, error_size);
    if (!rc && !runner->encrypted && strncmp(endpoint, "ipc://", 6) != 0) {
        snprintf(ret_error, error_size, "%s/%s = %s: security = none is allowed on ipc only", service, key, endpoint);
        rc = CV_EINVAL;
    }
    return rc;
}

int cv_ports_check(cv_runner_t *runner, char *ret_error, size_t error_size)
{
    cv_identity_t identity;
    cv_principals_t *principals = NULL;
    uint8_t key[CV_KEY_LEN];
    int rc = check_endpoint(runner, runner->def->name, "bind", ret_error, error_size);
    for (size_t i = 0; !rc && i < runner->def->follows_n; i++)
        rc = check_endpoint(runner, runner->def->follows[i].service, "endpoint", ret_error, error_size);
    if (rc || !runner->encrypted)
        return rc;
    rc = cv_identity_load(runner->keys_dir, runner->def->name, &identity, ret_error, error_size);
    if (!rc)
        cv_identity_wipe(&identity);
    if (!rc)
        rc = cv_guard_load(runner, &principals, ret_error, error_size);
    cv_principals_destroy(&principals);
    for (size_t i = 0; !rc && i < runner->def->follows_n; i++)
        rc = cv_key_of(runner->keys_dir, runner->def->follows[i].service, key, ret_error, error_size);
    return rc;
}

static int start_zap(cv_runner_t *runner, char *ret_error, size_t error_size)
{
    cv_principals_t *theirs = NULL;
    int rc = CV_OK;
    if (runner->encrypted) {
        rc = cv_identity_load(runner->keys_dir, runner->def->name, &runner->identity, ret_error, error_size);
        if (!rc)
            rc = cv_guard_load(runner, &runner->principals, ret_error, error_size);
        if (!rc)
            rc = cv_guard_load(runner, &theirs, ret_error, error_size);
    }
    if (rc)
        return rc;
    rc = cv_zap_start(runner->context, &theirs, !runner->encrypted, &runner->zap);
    if (rc)
        snprintf(ret_error, error_size, "cannot start the ZAP handler: %s", cv_error_text(rc));
    return rc;
}

static cv_peer_t *peer_of(cv_runner_t *runner, const char *service)
{
    for (size_t i = 0; i < runner->peers_n; i++)
        if (!strcmp(runner->peers[i].service, service))
            return &runner->peers[i];
    return NULL;
}

static int open_peer(cv_runner_t *runner, const char *service, char *ret_error, size_t error_size)
{
    uint8_t key[CV_KEY_LEN];
    cv_security_t security = {0};
    if (runner->peers_n == CV_PEERS_MAX) {
        snprintf(ret_error, error_size, "%s follows more than %d services", runner->def->name, CV_PEERS_MAX);
        return CV_ELIMIT;
    }
    if (runner->encrypted) {
        int rc = cv_key_of(runner->keys_dir, service, key, ret_error, error_size);
        if (rc)
            return rc;
        security = (cv_security_t){&runner->identity, key};
    }
    cv_peer_t *peer = &runner->peers[runner->peers_n];
    const char *endpoint = cv_config_of(runner->config, service, "endpoint");
    peer->service = service;
    int rc =
        cv_socket_open(runner->context, CV_SOCKET_SUBSCRIBER, endpoint, &security, &peer->feed, ret_error, error_size);
    if (!rc)
        rc = cv_socket_open(runner->context, CV_SOCKET_QUESTIONS, endpoint, &security, &peer->log, ret_error,
                            error_size);
    if (!rc)
        runner->peers_n++;
    else
        cv_socket_close(&peer->feed, 0);
    return rc;
}

static int subscribe(void *socket, const char *topic)
{
    return zmq_setsockopt(socket, ZMQ_SUBSCRIBE, topic, strlen(topic)) ? CV_EUNAVAIL : CV_OK;
}

static int open_follows(cv_runner_t *runner, char *ret_error, size_t error_size)
{
    char topic[CV_MAX_TOPIC];
    for (size_t i = 0; i < runner->def->follows_n; i++) {
        const cv_follow_def_t *follow = &runner->def->follows[i];
        if (!peer_of(runner, follow->service)) {
            int rc = open_peer(runner, follow->service, ret_error, error_size);
            if (rc)
                return rc;
        }
        snprintf(topic, sizeof topic, "%s|", follow->stream);
        int rc = subscribe(peer_of(runner, follow->service)->feed, topic);
        if (rc)
            return rc;
    }
    return CV_OK;
}

/* ---- the feed ----------------------------------------------------------------------------- */

/* ZMQ_DONTWAIT everywhere: what does not fit is lost here and asked for again there. */
static bool send_frame(void *socket, const void *bytes, size_t len, int flags)
{
    return zmq_send(socket, bytes, len, flags | ZMQ_DONTWAIT) >= 0;
}

static void send_on_feed(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    cv_runner_t *runner = self;
    if (!send_frame(runner->feed, topic.ptr, topic.len, ZMQ_SNDMORE))
        return;
    if (position) {
        uint8_t bytes[CV_POSITION_LEN];
        cv_position_write(position, bytes);
        if (!send_frame(runner->feed, bytes, sizeof bytes, message.ptr ? ZMQ_SNDMORE : 0))
            return;
    }
    if (message.ptr)
        (void)send_frame(runner->feed, message.ptr, message.len, 0);
}

int cv_ports_open(cv_runner_t *runner, char *ret_error, size_t error_size)
{
    char topic[CV_MAX_TOPIC];
    runner->context = cv_socket_context();
    runner->parcels = cv_parcels_new(send_on_feed, runner);
    if (!runner->context || !runner->parcels)
        return CV_ENOMEM;
    int rc = start_zap(runner, ret_error, error_size);
    cv_security_t security = {.self = runner->encrypted ? &runner->identity : NULL};
    const char *endpoint = cv_config_of(runner->config, runner->def->name, "bind");
    /* The way back and the way out before the way in: who is let in can be answered. */
    if (!rc)
        rc = cv_socket_open(runner->context, CV_SOCKET_LOG, endpoint, &security, &runner->log, ret_error, error_size);
    if (!rc)
        rc = cv_socket_open(runner->context, CV_SOCKET_FEED, endpoint, &security, &runner->feed, ret_error, error_size);
    if (!rc)
        rc = open_follows(runner, ret_error, error_size);
    if (!rc)
        rc = cv_socket_open(runner->context, CV_SOCKET_INTAKE, endpoint, &security, &runner->intake, ret_error,
                            error_size);
    snprintf(topic, sizeof topic, "request.%s|", runner->def->name);
    if (!rc)
        rc = subscribe(runner->intake, topic);
    return rc;
}

void cv_ports_close(cv_runner_t *runner, int linger_ms)
{
    cv_ports_release(runner);
    cv_socket_close(&runner->intake, 0);
    for (size_t i = 0; i < runner->peers_n; i++) {
        cv_socket_close(&runner->peers[i].feed, 0);
        cv_socket_close(&runner->peers[i].log, linger_ms);
    }
    cv_socket_close(&runner->feed, linger_ms);
    cv_socket_close(&runner->log, linger_ms);
    cv_parcels_destroy(&runner->parcels);
    cv_zap_stop(&runner->zap);
    if (runner->context)
        zmq_ctx_term(runner->context);
    runner->context = NULL;
    cv_principals_destroy(&runner->principals);
    cv_identity_wipe(&runner->identity);
}

/* ---- out ---------------------------------------------------------------------------------- */

/* A head says that what it names was published, so nothing of its stream may still be in a parcel. */
static void publish(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t message)
{
    cv_runner_t *runner = self;
    if (!runner->feed)
        return;
    if (message.ptr) {
        cv_parcels_put(runner->parcels, topic, position, message);
        return;
    }
    cv_parcels_flush(runner->parcels);
    send_on_feed(runner, topic, position, message);
}

static void flush(void *self)
{
    cv_parcels_flush(((cv_runner_t *)self)->parcels);
}

static void answer(void *self, void *peer, cv_str_t message)
{
    cv_runner_t *runner = self;
    const cv_str_t *routing_id = peer;
    if (send_frame(runner->log, routing_id->ptr, routing_id->len, ZMQ_SNDMORE))
        (void)send_frame(runner->log, message.ptr, message.len, 0);
}

static void ask(void *self, size_t follow, cv_str_t message)
{
    cv_runner_t *runner = self;
    cv_peer_t *peer = peer_of(runner, runner->def->follows[follow].service);
    (void)send_frame(peer->log, message.ptr, message.len, 0);
}

cv_outside_t cv_ports_outside(cv_runner_t *runner)
{
    return (cv_outside_t){.self = runner, .publish = publish, .flush = flush, .answer = answer, .ask = ask};
}

/* ---- in ----------------------------------------------------------------------------------- */

int cv_ports_wait(cv_runner_t *runner, int wake_fd, int64_t timeout_ms, bool *ret_woken)
{
    zmq_pollitem_t items[5 + 2 * CV_PEERS_MAX] = {
        {.fd = wake_fd, .events = ZMQ_POLLIN},
        {.socket = runner->log, .events = ZMQ_POLLIN},
        {.socket = runner->feed, .events = ZMQ_POLLIN},
        {.socket = runner->intake, .events = ZMQ_POLLIN},
    };
    int n = 4;
    for (size_t i = 0; i < runner->peers_n; i++) {
        items[n++] = (zmq_pollitem_t){.socket = runner->peers[i].feed, .events = ZMQ_POLLIN};
        items[n++] = (zmq_pollitem_t){.socket = runner->peers[i].log, .events = ZMQ_POLLIN};
    }
    int service_fd = cv_engine_wake_fd(runner->engine);
    if (service_fd >= 0) /* that it is readable is all there is to know: a turn follows every wait */
        items[n++] = (zmq_pollitem_t){.fd = service_fd, .events = ZMQ_POLLIN};
    if (zmq_poll(items, n, (long)timeout_ms) < 0 && zmq_errno() != EINTR)
        return CV_EUNAVAIL;
    *ret_woken = items[0].revents & ZMQ_POLLIN;
    runner->log_ready = items[1].revents & ZMQ_POLLIN;
    runner->feed_ready = items[2].revents & ZMQ_POLLIN;
    runner->intake_ready = items[3].revents & ZMQ_POLLIN;
    for (size_t i = 0; i < runner->peers_n; i++) {
        runner->peers[i].feed_ready = items[4 + 2 * i].revents & ZMQ_POLLIN;
        runner->peers[i].log_ready = items[5 + 2 * i].revents & ZMQ_POLLIN;
    }
    return CV_OK;
}

/* Who sent this; NULL: nobody we (still) know. The same peer mostly sends many in a row. */
static const cv_principal_t *principal_of(cv_runner_t *runner, const char *user)
{
    if (!user)
        return NULL;
    if (!runner->encrypted)
        return strcmp(user, CV_ZAP_LOCAL) ? NULL : &cv_principal_local;
    return cv_principals_by_user(runner->principals, user, cv_clock_wall_ms());
}

/* The next message of a socket; false: there is none. One with too many frames comes without any. */
static bool take(void *socket, size_t max_n, cv_frames_t *ret_frames)
{
    int rc = cv_frames_recv(ret_frames, socket, max_n);
    if (rc == CV_ELIMIT)
        ret_frames->n = 0;
    return !rc || rc == CV_ELIMIT;
}

static bool take_questions(cv_runner_t *runner, int64_t wall_ms, int64_t mono_ms)
{
    cv_frames_t frames;
    for (int n = 0; n < CV_DRAIN_MAX; n++) {
        if (!take(runner->log, 2, &frames))
            return false;
        const cv_principal_t *principal = frames.n == 2 ? principal_of(runner, cv_frames_user(&frames)) : NULL;
        if (principal) {
            cv_str_t routing_id = cv_frames_at(&frames, 0);
            cv_engine_question(runner->engine, principal, &routing_id, cv_frames_at(&frames, 1), wall_ms, mono_ms);
        } else if (frames.n == 2) {
            cv_engine_stranger(runner->engine);
        } else {
            cv_engine_dropped(runner->engine);
        }
        cv_frames_done(&frames);
    }
    return true;
}

static bool take_answers(cv_runner_t *runner, const cv_peer_t *peer, int64_t mono_ms)
{
    cv_frames_t frames;
    for (int n = 0; n < CV_DRAIN_MAX; n++) {
        if (!take(peer->log, 1, &frames))
            return false;
        for (size_t i = 0; frames.n == 1 && i < runner->def->follows_n; i++) /* the one who asked knows it by its id */
            if (!strcmp(runner->def->follows[i].service, peer->service))
                cv_engine_answered(runner->engine, i, cv_frames_at(&frames, 0), mono_ms);
        cv_frames_done(&frames);
    }
    return true;
}

static bool take_feed(cv_runner_t *runner, const cv_peer_t *peer, int64_t mono_ms)
{
    cv_frames_t frames;
    for (int n = 0; n < CV_DRAIN_MAX; n++) {
        if (!take(peer->feed, 3, &frames))
            return false;
        cv_str_t topic = frames.n >= 2 ? cv_frames_at(&frames, 0) : CV_STR_NONE;
        for (size_t i = 0; topic.len && i < runner->def->follows_n; i++)
            if (cv_str_is((cv_str_t){topic.ptr, topic.len - 1}, runner->def->follows[i].stream))
                cv_engine_feed(runner->engine, i, cv_frames_at(&frames, 1),
                               frames.n == 3 ? cv_frames_at(&frames, 2) : CV_STR_NONE, mono_ms);
        cv_frames_done(&frames);
    }
    return true;
}

/* The requests of one frame, back to back. What follows the last that can be told apart is one that cannot be read. Of
 * who floods the rest is not looked at. */
static void queue_requests(cv_runner_t *runner, const cv_principal_t *principal, cv_str_t frame)
{
    cv_str_t rest = frame, message;
    for (int n = 0; n < CV_PARCEL_REQUESTS && cv_wire_next(&rest, &message); n++) {
        int rc = cv_engine_request(runner->engine, principal, message);
        if (rc == CV_ELIMIT)
            return;
        if (rc)
            cv_engine_dropped(runner->engine);
    }
    if (rest.len || !frame.len)
        cv_engine_dropped(runner->engine);
}

/* Requests stay in their frames until the turn has ended: nothing is copied. A frame is taken while there is room for
 * as many requests as it may have. One of which nothing was queued (its sender floods) takes no room; so many are taken
 * that others, whose frames the socket puts between, find theirs in the same turn. */
static bool take_requests(cv_runner_t *runner)
{
    cv_frames_t frames;
    for (int n = 0; n < CV_FRAMES_PER_TURN; n++) {
        size_t so_far = cv_engine_queued(runner->engine);
        if (so_far > CV_BATCH_MAX - CV_PARCEL_REQUESTS || so_far >= runner->batch_max || runner->held_n == CV_BATCH_MAX)
            break;
        if (!take(runner->intake, 2, &frames))
            return false;
        size_t queued_n = cv_engine_queued(runner->engine);
        const cv_principal_t *principal = frames.n == 2 ? principal_of(runner, cv_frames_user(&frames)) : NULL;
        zmq_msg_t *held = &runner->held[runner->held_n];
        zmq_msg_init(held);
        if (principal && !zmq_msg_move(held, &frames.frame[1])) {
            queue_requests(runner, principal, (cv_str_t){zmq_msg_data(held), zmq_msg_size(held)});
            if (cv_engine_queued(runner->engine) > queued_n)
                runner->held_n++;
            else
                zmq_msg_close(held);
        } else if (frames.n == 2) {
            cv_engine_stranger(runner->engine);
        } else {
            cv_engine_dropped(runner->engine);
        }
        cv_frames_done(&frames);
    }
    return true;
}

/* Subscriptions of others are none of our business, but they queue up until they are read. */
static void take_subscriptions(cv_runner_t *runner)
{
    cv_frames_t frames;
    for (int n = 0; n < CV_DRAIN_MAX && take(runner->feed, CV_MAX_FRAMES, &frames); n++)
        cv_frames_done(&frames);
}

bool cv_ports_take(cv_runner_t *runner, int64_t wall_ms, int64_t mono_ms)
{
    cv_engine_clock(runner->engine, mono_ms);
    bool more = runner->log_ready && take_questions(runner, wall_ms, mono_ms);
    if (runner->feed_ready)
        take_subscriptions(runner);
    for (size_t i = 0; i < runner->peers_n; i++) {
        const cv_peer_t *peer = &runner->peers[i];
        more |= peer->log_ready && take_answers(runner, peer, mono_ms);
        more |= peer->feed_ready && take_feed(runner, peer, mono_ms);
    }
    return (runner->intake_ready && take_requests(runner)) || more;
}

void cv_ports_release(cv_runner_t *runner)
{
    for (size_t i = 0; i < runner->held_n; i++)
        zmq_msg_close(&runner->held[i]);
    runner->held_n = 0;
}
