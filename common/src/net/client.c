/* client: the sockets, keys and outbox around the requester. client.h in include/ says what it promises.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Per service there are
 *
 *   XPUB -> intake   requests out; the service's subscription "request.<service>|" comes in, which is readiness: only
 *                    then would a frame reach anybody. XPUB_NODROP makes a full pipe an error instead of a loss.
 *   SUB  <- feed     subscribed to "outcome.<our name>.<inbox>|" before the first request is sent. Should that
 *                    subscription be slower than the first outcome, the repetition brings the outcome again.
 *   DEALER <-> log   questions, made at the first one.
 *
 * A service that restarts takes its subscription away and brings a new one; the requester then sends again what was
 * unanswered. A peer that vanishes without a word is found by TCP's keepalive, which does the same.
 */
#include "net/client.h"

#include "net/keep.h"
#include "net/requester.h"
#include "net/zap.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ERROR_MAX = 512,
    ASK_AGAIN_MS = 1000,    /* a question without an answer is asked again */
    ASK_RECONNECT = 3,      /* after this many, on a new connection: a stale one may hold stale answers */
    ASK_BUSY_MS = 20,       /* not connected yet */
    ASK_LIMITED_MS = 200,   /* the service says that we ask too much */
    POLL_MAX_MS = 1000,     /* longest sleep: a signal handler without EINTR is noticed */
    WAIT_MAX_MS = 86400000, /* longest wait of one call: a day */
    DRAIN_MAX = 256,        /* messages taken from one socket before others get their turn */
};

#define TIMEOUT_MAX_MS INT64_C(3155760000000) /* a longer timeout is this one: 100 years */

typedef struct {
    cv_client_t *client;
    char name[CV_NAME_MAX + 1];
    char endpoint[CV_ENDPOINT_MAX];
    uint8_t server_key[CV_KEY_LEN];
    void *intake, *feed, *log;
    cv_requester_t *requester;
    char subscription[CV_MAX_TOPIC]; /* "request.<service>|" */
    cv_buf_t parcel;                 /* requests that leave together, in one frame */
    size_t parcel_n;
} peer_t;

struct cv_client {
    void *context;
    cv_identity_t identity;
    bool insecure;
    char principal[CV_NAME_MAX + 1];
    char source[CV_MAX_ATTRIBUTE];
    char inbox[CV_INBOX_LEN + 1];
    peer_t peers[CV_CLIENT_SERVICES_MAX];
    size_t peers_n;
    cv_keep_t *keep;
    cv_buf_t buf;
    char error[ERROR_MAX];
    /* during cv_client_poll */
    void (*each)(void *arg, const cv_answer_t *answer);
    void *arg;
    int answered;
    int keep_rc;
    bool giving_up; /* what is not known stays in the outbox */
};

static int say(cv_client_t *self, int rc, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int say(cv_client_t *self, int rc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(self->error, sizeof self->error, format, args);
    va_end(args);
    return rc;
}

const char *cv_client_error(const cv_client_t *self)
{
    return self->error;
}

static peer_t *peer_of(const cv_client_t *self, const char *service)
{
    for (size_t i = 0; i < self->peers_n; i++)
        if (strcmp(self->peers[i].name, service) == 0)
            return (peer_t *)&self->peers[i];
    return NULL;
}

/* ---- sockets ------------------------------------------------------------------------------- */

static int connect_peer(cv_client_t *self, const peer_t *peer, cv_socket_use_t use, void **ret_socket)
{
    cv_security_t security = {.self = self->insecure ? NULL : &self->identity, .server_key = peer->server_key};
    return cv_socket_open(self->context, use, peer->endpoint, &security, ret_socket, self->error, sizeof self->error);
}

int cv_client_connect(cv_client_t *self, const char *service, cv_socket_use_t use, void **ret_socket)
{
    peer_t *peer = peer_of(self, service);
    if (!peer)
        return say(self, CV_EINVAL, "no service %s is configured", service);
    return connect_peer(self, peer, use, ret_socket);
}

/* ---- requester's output --------------------------------------------------------------------- */

static int send_off(peer_t *peer)
{
    if (!peer->parcel_n)
        return CV_OK;
    if (zmq_send(peer->intake, peer->subscription, strlen(peer->subscription), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return CV_EAGAIN; /* full: the parcel stays and goes at a later tick */
    /* libzmq takes or refuses a message at its first frame; this one is taken. */
    (void)!zmq_send(peer->intake, peer->parcel.ptr, peer->parcel.len, ZMQ_DONTWAIT);
    cv_buf_clear(&peer->parcel);
    peer->parcel_n = 0;
    return CV_OK;
}

/* What a tick sends leaves in as few frames as it fits into: encryption and libzmq's work are per frame. */
static int on_send(void *arg, cv_str_t topic, cv_str_t message)
{
    peer_t *peer = arg;
    (void)topic; /* the peer's own */
    if (peer->parcel_n == CV_PARCEL_REQUESTS || peer->parcel.len + message.len > CV_PARCEL_BYTES) {
        int rc = send_off(peer);
        if (rc != CV_OK)
            return rc;
    }
    int rc = cv_buf_put(&peer->parcel, message.ptr, message.len);
    if (rc != CV_OK)
        cv_buf_clear(&peer->parcel); /* out of memory: what was in it is sent again in time */
    peer->parcel_n = rc == CV_OK ? peer->parcel_n + 1 : 0;
    return rc == CV_OK ? CV_OK : CV_EAGAIN;
}

static void on_done(void *arg, const cv_answer_t *answer)
{
    peer_t *peer = arg;
    cv_client_t *self = peer->client;
    self->answered++;
    if (self->each)
        self->each(self->arg, answer);
    if (self->keep && !(self->giving_up && answer->rc == CV_ETIMEOUT)) {
        int rc = cv_keep_drop(self->keep, cv_str(answer->id));
        if (rc != CV_OK)
            self->keep_rc = rc;
    }
}

/* ---- life -------------------------------------------------------------------------------- */

static void fresh_inbox(char ret_inbox[CV_INBOX_LEN + 1])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    for (size_t i = 0; i < CV_INBOX_LEN; i++)
        ret_inbox[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
    ret_inbox[CV_INBOX_LEN] = '\0';
}

static int put_again(void *arg, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message)
{
    cv_client_t *self = arg;
    char name[CV_NAME_MAX + 1];
    if (cv_str_copy(service, name, sizeof name) != CV_OK || !peer_of(self, name))
        return say(self, CV_EINVAL, "the outbox holds requests to %.*s, which is not among the services",
                   CV_STR_ARG(service));
    int64_t now_ms = cv_clock_mono_ms();
    int64_t deadline = deadline_ms ? now_ms + deadline_ms - cv_clock_wall_ms() : 0;
    if (deadline_ms && deadline <= 0)
        deadline = 1; /* over: the first tick says so */
    return cv_requester_resume(peer_of(self, name)->requester, now_ms, id, message, deadline);
}

static int open_peer(cv_client_t *self, const cv_client_options_t *options, const cv_client_service_t *service,
                     peer_t *peer)
{
    peer->client = self;
    if (cv_str_copy(cv_str(service->name), peer->name, sizeof peer->name) != CV_OK ||
        cv_str_copy(cv_str(service->endpoint), peer->endpoint, sizeof peer->endpoint) != CV_OK)
        return say(self, CV_EINVAL, "the name or endpoint of service %s is too long", service->name);
    if (self->insecure && strncmp(peer->endpoint, "ipc://", 6) != 0)
        return say(self, CV_EINVAL, "%s: without encryption only ipc endpoints are allowed", peer->endpoint);
    if (!self->insecure) {
        int rc = cv_key_of(options->keys, peer->name, peer->server_key, self->error, sizeof self->error);
        if (rc != CV_OK)
            return rc;
    }
    (void)snprintf(peer->subscription, sizeof peer->subscription, "request.%s|", peer->name);
    cv_buf_init(&peer->parcel, CV_MAX_FRAME);
    uint64_t seed;
    randombytes_buf(&seed, sizeof seed);
    peer->requester = cv_requester_new(&(cv_requester_options_t){.service = peer->name,
                                                                 .window = options->window,
                                                                 .queue = options->queue,
                                                                 .seed = seed,
                                                                 .send = on_send,
                                                                 .done = on_done,
                                                                 .arg = peer});
    return peer->requester ? CV_OK : say(self, CV_ENOMEM, "out of memory");
}

static int open_sockets(cv_client_t *self, peer_t *peer)
{
    char topic[CV_MAX_TOPIC];
    int rc = connect_peer(self, peer, CV_SOCKET_SUBSCRIBER, &peer->feed);
    if (rc != CV_OK)
        return rc;
    /* What the service calls us: the name of our key; without keys everybody is "local". */
    const char *name = self->insecure ? CV_ZAP_LOCAL : self->identity.principal.name;
    int n = snprintf(topic, sizeof topic, "outcome.%s.%s|", name, self->inbox);
    if (zmq_setsockopt(peer->feed, ZMQ_SUBSCRIBE, topic, (size_t)n) < 0)
        return say(self, CV_EINTERNAL, "cannot subscribe: %s", zmq_strerror(errno));
    return connect_peer(self, peer, CV_SOCKET_REQUESTS, &peer->intake);
}

static int open_all(cv_client_t *self, const cv_client_options_t *options)
{
    if (options->services_n == 0 || options->services_n > CV_CLIENT_SERVICES_MAX)
        return say(self, CV_EINVAL, "1 to %d services, not %zu", CV_CLIENT_SERVICES_MAX, options->services_n);
    self->insecure = options->insecure;
    cv_str_t principal = cv_str(options->principal ? options->principal : "local");
    if (cv_str_copy(principal, self->principal, sizeof self->principal) != CV_OK)
        return say(self, CV_EINVAL, "the principal's name is longer than %d octets", CV_NAME_MAX);
    (void)snprintf(self->source, sizeof self->source, "/convene/client/%s", self->principal);
    if (!self->insecure) {
        if (!options->keys)
            return say(self, CV_EINVAL, "no directory of keys is given");
        int rc = cv_identity_load(options->keys, self->principal, &self->identity, self->error, sizeof self->error);
        if (rc != CV_OK)
            return rc;
    }
    self->context = cv_socket_context();
    if (!self->context)
        return say(self, CV_EINTERNAL, "cannot make a ZeroMQ context: %s", zmq_strerror(errno));
    for (size_t i = 0; i < options->services_n; i++) {
        self->peers_n = i + 1;
        int rc = open_peer(self, options, &options->services[i], &self->peers[i]);
        if (rc != CV_OK)
            return rc;
    }
    fresh_inbox(self->inbox);
    if (options->outbox) {
        char fresh[CV_INBOX_LEN + 1];
        memcpy(fresh, self->inbox, sizeof fresh);
        int rc = cv_keep_open(options->outbox, &self->keep, self->error, sizeof self->error);
        if (rc != CV_OK)
            return rc;
        rc = cv_keep_inbox(self->keep, fresh, self->inbox);
        if (rc == CV_OK)
            rc = cv_keep_each(self->keep, put_again, self);
        if (rc != CV_OK)
            return self->error[0] ? rc
                                  : say(self, rc, "cannot read the outbox %s: %s", options->outbox, cv_error_text(rc));
    }
    for (size_t i = 0; i < self->peers_n; i++) {
        int rc = open_sockets(self, &self->peers[i]);
        if (rc != CV_OK)
            return rc;
    }
    return CV_OK;
}

int cv_client_open(const cv_client_options_t *options, cv_client_t **ret_client, char *ret_error, size_t error_size)
{
    cv_client_t *self = calloc(1, sizeof *self);
    if (!self || sodium_init() < 0) {
        free(self);
        (void)snprintf(ret_error, error_size, "%s", self ? "libsodium does not start" : "out of memory");
        return self ? CV_EINTERNAL : CV_ENOMEM;
    }
    cv_buf_init(&self->buf, CV_MAX_REQUEST);
    int rc = open_all(self, options);
    if (rc != CV_OK) {
        (void)snprintf(ret_error, error_size, "%s", self->error[0] ? self->error : cv_error_text(rc));
        cv_client_close(&self);
        return rc;
    }
    *ret_client = self;
    return CV_OK;
}

void cv_client_close(cv_client_t **client)
{
    cv_client_t *self = *client;
    if (!self)
        return;
    for (size_t i = 0; i < self->peers_n; i++) {
        peer_t *peer = &self->peers[i];
        cv_socket_close(&peer->intake, 0);
        cv_socket_close(&peer->feed, 0);
        cv_socket_close(&peer->log, 0);
        cv_requester_destroy(&peer->requester);
        cv_buf_done(&peer->parcel);
    }
    cv_keep_close(&self->keep);
    cv_buf_done(&self->buf);
    cv_identity_wipe(&self->identity);
    if (self->context)
        zmq_ctx_term(self->context);
    free(self);
    *client = NULL;
}

/* ---- requests ----------------------------------------------------------------------------- */

void cv_client_id_of(const cv_client_t *self, const char *type, cv_str_t content, char ret_id[CV_UUID_TEXT + 1])
{
    static const char what[] = "convene request id"; /* no other use of the key hashes what begins so */
    const uint8_t *key = self->insecure ? NULL : self->identity.secret_key;
    uint8_t id[CV_UUID_LEN];
    crypto_generichash_state state;
    crypto_generichash_init(&state, key, key ? sizeof self->identity.secret_key : 0, sizeof id);
    crypto_generichash_update(&state, (const unsigned char *)what, sizeof what);
    crypto_generichash_update(&state, (const unsigned char *)type, strlen(type) + 1);
    crypto_generichash_update(&state, (const unsigned char *)content.ptr, content.len);
    crypto_generichash_final(&state, id, sizeof id);
    sodium_memzero(&state, sizeof state);
    id[6] = (uint8_t)((id[6] & 0x0F) | 0x80);
    id[8] = (uint8_t)((id[8] & 0x3F) | 0x80);
    cv_uuid_text(id, ret_id);
}

int cv_client_submit(cv_client_t *self, uint16_t type, cv_str_t subject, const void *data, const cv_submit_t *how,
                     char ret_id[CV_UUID_TEXT + 1])
{
    static const cv_submit_t nothing_special;
    if (!how)
        how = &nothing_special;
    if (how->timeout_ms < 0)
        return say(self, CV_EINVAL, "a timeout of %lld ms is none", (long long)how->timeout_ms);
    /* No deadline: 0, to the requester and on disk. */
    bool forever = how->timeout_ms == CV_CLIENT_FOREVER;
    int64_t timeout_ms = how->timeout_ms ? how->timeout_ms : CV_CLIENT_TIMEOUT_MS;
    if (timeout_ms > TIMEOUT_MAX_MS)
        timeout_ms = TIMEOUT_MAX_MS;
    const cv_msg_info_t *info = cv_msg_info_at(type);
    if (!info || info->kind != CV_KIND_REQUEST)
        return say(self, CV_EINVAL, "type number %u is no request", type);
    peer_t *peer = peer_of(self, info->service);
    if (!peer)
        return say(self, CV_EINVAL, "%s goes to service %s, which is not configured", info->type, info->service);
    int64_t wall_ms = cv_clock_wall_ms();
    uint8_t raw_id[CV_UUID_LEN];
    char id[CV_UUID_TEXT + 1];
    if (!how->id) {
        cv_uuid7(wall_ms, raw_id);
    } else if (cv_uuid_parse(cv_str(how->id), raw_id) != CV_OK) {
        return say(self, CV_EINVAL, "%.80s is no UUID", how->id);
    }
    cv_uuid_text(raw_id, id);
    cv_msg_t head = {.id = cv_str(id),
                     .source = cv_str(self->source),
                     .subject = subject,
                     .time_ms = wall_ms,
                     .inbox = cv_str(self->inbox),
                     .expiry_ms = how->expiry_ms,
                     .correlationid = how->correlationid,
                     .causationid = how->causationid,
                     .traceparent = how->traceparent,
                     .info = info};
    cv_buf_clear(&self->buf);
    int rc = cv_msg_write(&self->buf, &head, data);
    if (rc != CV_OK)
        return say(self, rc, "%s: the data does not fit its description", info->type);
    cv_str_t message = cv_buf_str(&self->buf);
    int64_t now_ms = cv_clock_mono_ms();
    rc = cv_requester_submit(peer->requester, now_ms, cv_str(id), message, forever ? 0 : now_ms + timeout_ms);
    if (rc != CV_OK)
        return say(self, rc, "request %s: %s", id,
                   rc == CV_ECONFLICT ? "its answer is still awaited"
                   : rc == CV_EBUSY   ? "too many are unanswered"
                                      : cv_error_text(rc));
    if (self->keep) {
        rc = cv_keep_put(self->keep, cv_str(id), cv_str(peer->name), forever ? 0 : wall_ms + timeout_ms, message);
        if (rc != CV_OK) {
            cv_requester_cancel(peer->requester, cv_str(id));
            return say(self, rc, "the outbox does not take it: %s", cv_error_text(rc));
        }
    }
    memcpy(ret_id, id, sizeof id);
    return CV_OK;
}

/* Subscriptions of the intake: 1 and the topic when it comes, 0 and the topic when it goes. */
static void drain_intake(peer_t *peer, int64_t now_ms)
{
    cv_frames_t frames;
    for (int i = 0, rc;
         i < DRAIN_MAX && (rc = cv_frames_recv(&frames, peer->intake, 1)) != CV_EAGAIN && rc != CV_EUNAVAIL; i++) {
        if (rc != CV_OK)
            continue;
        cv_str_t frame = cv_frames_at(&frames, 0);
        if (frame.len > 0 && cv_str_is((cv_str_t){frame.ptr + 1, frame.len - 1}, peer->subscription))
            cv_requester_ready(peer->requester, now_ms, frame.ptr[0] == 1);
        cv_frames_done(&frames);
    }
}

/* What is no outcome, or of no request of ours, is dropped: the request will be repeated. */
static void drain_feed(peer_t *peer, int64_t now_ms)
{
    cv_frames_t frames;
    for (int i = 0, rc;
         i < DRAIN_MAX && (rc = cv_frames_recv(&frames, peer->feed, 2)) != CV_EAGAIN && rc != CV_EUNAVAIL; i++) {
        if (rc != CV_OK)
            continue;
        cv_str_t rest = frames.n == 2 ? cv_frames_at(&frames, 1) : CV_STR_NONE, outcome;
        while (cv_wire_next(&rest, &outcome))
            (void)cv_requester_outcome(peer->requester, now_ms, outcome);
        cv_frames_done(&frames);
    }
}

static int64_t turn(cv_client_t *self)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < self->peers_n; i++) {
        peer_t *peer = &self->peers[i];
        drain_intake(peer, cv_clock_mono_ms());
        drain_feed(peer, cv_clock_mono_ms());
        int64_t due_ms = cv_requester_tick(peer->requester, cv_clock_mono_ms());
        if (send_off(peer) != CV_OK && due_ms > cv_clock_mono_ms() + CV_REQUESTER_FULL_MS)
            due_ms = cv_clock_mono_ms() + CV_REQUESTER_FULL_MS;
        if (due_ms < next_ms)
            next_ms = due_ms;
    }
    return next_ms;
}

static void begin_answers(cv_client_t *self, void (*each)(void *arg, const cv_answer_t *answer), void *arg)
{
    self->each = each;
    self->arg = arg;
    self->answered = 0;
    self->keep_rc = CV_OK;
}

/* How many were handed over. */
static int end_answers(cv_client_t *self)
{
    self->each = NULL;
    if (self->keep) {
        int rc = cv_keep_flush(self->keep);
        if (rc == CV_OK)
            rc = self->keep_rc;
        if (rc != CV_OK)
            return say(self, rc, "the outbox cannot be written: %s", cv_error_text(rc));
    }
    return self->answered;
}

int cv_client_poll(cv_client_t *self, int64_t timeout_ms, void (*each)(void *arg, const cv_answer_t *answer), void *arg)
{
    int64_t end_ms = cv_clock_mono_ms() + (timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS);
    begin_answers(self, each, arg);
    for (;;) {
        int64_t next_ms = turn(self);
        int64_t now_ms = cv_clock_mono_ms();
        if (self->answered || now_ms >= end_ms)
            break;
        if (next_ms > end_ms)
            next_ms = end_ms;
        int64_t sleep_ms = next_ms - now_ms;
        if (sleep_ms < 0)
            sleep_ms = 0;
        zmq_pollitem_t items[2 * CV_CLIENT_SERVICES_MAX];
        for (size_t i = 0; i < self->peers_n; i++) {
            items[2 * i] = (zmq_pollitem_t){.socket = self->peers[i].intake, .events = ZMQ_POLLIN};
            items[2 * i + 1] = (zmq_pollitem_t){.socket = self->peers[i].feed, .events = ZMQ_POLLIN};
        }
        if (zmq_poll(items, (int)(2 * self->peers_n), sleep_ms > POLL_MAX_MS ? POLL_MAX_MS : (long)sleep_ms) < 0 &&
            errno == EINTR)
            break;
    }
    return end_answers(self);
}

int cv_client_give_up(cv_client_t *self, void (*each)(void *arg, const cv_answer_t *answer), void *arg)
{
    begin_answers(self, each, arg);
    self->giving_up = true;
    for (size_t i = 0; i < self->peers_n; i++)
        cv_requester_give_up(self->peers[i].requester, cv_clock_mono_ms());
    self->giving_up = false;
    return end_answers(self);
}

size_t cv_client_pending(const cv_client_t *self)
{
    size_t n = 0;
    for (size_t i = 0; i < self->peers_n; i++)
        n += cv_requester_pending(self->peers[i].requester);
    return n;
}

bool cv_client_ready(const cv_client_t *self, const char *service)
{
    const peer_t *peer = peer_of(self, service);
    return peer && cv_requester_is_ready(peer->requester);
}

/* ---- questions ------------------------------------------------------------------------------ */

typedef struct {
    cv_reply_t reply; /* first: what the caller holds */
    cv_reader_t *reader;
    cv_frames_t frames;
    bool has_frames;
    void *data;
} held_t;

void cv_reply_destroy(cv_reply_t **reply)
{
    held_t *held = (held_t *)*reply;
    if (!held)
        return;
    cv_reader_destroy(&held->reader);
    if (held->has_frames)
        cv_frames_done(&held->frames);
    free(held->data);
    free(held);
    *reply = NULL;
}

static int refusal(cv_client_t *self, const cv_log_refused_v1_t *refused)
{
    static const struct {
        cv_refused_code_t code;
        int rc;
    } map[] = {
        {CV_REFUSED_CODE_INVALID, CV_EINVAL},     {CV_REFUSED_CODE_DENIED, CV_EDENIED},
        {CV_REFUSED_CODE_NOTFOUND, CV_ENOTFOUND}, {CV_REFUSED_CODE_EPOCH, CV_EEPOCH},
        {CV_REFUSED_CODE_PRUNED, CV_EPRUNED},     {CV_REFUSED_CODE_DIVERGED, CV_EDIVERGED},
        {CV_REFUSED_CODE_AHEAD, CV_EAHEAD},       {CV_REFUSED_CODE_UNAVAILABLE, CV_EUNAVAIL},
        {CV_REFUSED_CODE_BUSY, CV_EBUSY},         {CV_REFUSED_CODE_INTERNAL, CV_EINTERNAL},
    };
    int rc = CV_EINTERNAL;
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].code == refused->code)
            rc = map[i].rc;
    return say(self, rc, "%.*s", CV_STR_ARG(refused->text));
}

/* Room for another answer to the same question. */
static void forget_reply(held_t *held)
{
    if (held->has_frames)
        cv_frames_done(&held->frames);
    held->has_frames = false;
    free(held->data);
    held->data = NULL;
    held->reply = (cv_reply_t){0};
}

/* One message of the log socket into held. CV_EAGAIN: none, or not the answer to this question. */
static int take_reply(peer_t *peer, const char *id, held_t *held)
{
    int rc = cv_frames_recv(&held->frames, peer->log, 1);
    if (rc != CV_OK)
        return CV_EAGAIN; /* what is too long for an answer is none */
    held->has_frames = true;
    cv_reply_t *reply = &held->reply;
    reply->bytes = cv_frames_at(&held->frames, 0);
    cv_fault_t fault = {0};
    rc = cv_msg_read(held->reader, reply->bytes, &reply->msg, &fault);
    bool ours = rc == CV_OK && cv_str_is(reply->msg.causationid, id);
    if (ours && (!reply->msg.info || reply->msg.info->kind != CV_KIND_LOG))
        rc = CV_EMALFORMED;
    if (ours && rc == CV_OK) {
        held->data = calloc(1, reply->msg.info->size);
        reply->data = held->data;
        rc = held->data ? reply->msg.info->decode(reply->msg.data, held->data, &fault) : CV_ENOMEM;
    }
    if (ours && rc != CV_OK)
        return say(peer->client, rc == CV_ENOMEM ? rc : CV_EMALFORMED, "the answer of %s cannot be read: %s %s",
                   peer->name, fault.path, fault.text);
    if (!ours) {
        cv_frames_done(&held->frames);
        held->has_frames = false;
        return CV_EAGAIN;
    }
    return CV_OK;
}

static int ask_until(cv_client_t *self, peer_t *peer, const char *id, cv_str_t question, int64_t end_ms, held_t *held)
{
    int64_t asked_ms = INT64_MIN;
    int unanswered = 0;
    for (;;) {
        if (!peer->log) {
            int rc = connect_peer(self, peer, CV_SOCKET_QUESTIONS, &peer->log);
            if (rc != CV_OK)
                return rc;
        }
        int64_t now_ms = cv_clock_mono_ms();
        if (now_ms >= end_ms)
            return say(self, CV_ETIMEOUT, "%s does not answer at %s", peer->name, peer->endpoint);
        bool due = asked_ms == INT64_MIN || now_ms - asked_ms >= ASK_AGAIN_MS;
        if (due) {
            if (unanswered == ASK_RECONNECT) {
                cv_socket_close(&peer->log, 0);
                unanswered = 0;
                asked_ms = INT64_MIN;
                continue;
            }
            if (zmq_send(peer->log, question.ptr, question.len, ZMQ_DONTWAIT) >= 0) {
                asked_ms = now_ms;
                unanswered++;
                due = false;
            }
        }
        /* Nobody there to take it: a short look again. Never below 0, which would be for ever. */
        int64_t sleep_ms = due ? ASK_BUSY_MS : asked_ms + ASK_AGAIN_MS - now_ms;
        if (sleep_ms > end_ms - now_ms)
            sleep_ms = end_ms - now_ms;
        zmq_pollitem_t item = {.socket = peer->log, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, (long)sleep_ms) < 0 && errno == EINTR)
            return say(self, CV_EAGAIN, "interrupted");
        for (int i = 0; i < DRAIN_MAX; i++) {
            int rc = take_reply(peer, id, held);
            if (rc == CV_OK)
                return rc;
            if (rc != CV_EAGAIN)
                return rc;
            if (!(zmq_poll(&item, 1, 0) > 0))
                break;
        }
    }
}

/* Over our limit: the same question again, a little later. */
static int ask_patiently(cv_client_t *self, peer_t *peer, const char *id, cv_str_t question, int64_t end_ms,
                         held_t *held)
{
    for (;;) {
        int rc = ask_until(self, peer, id, question, end_ms, held);
        const cv_msg_info_t *answer = rc == CV_OK ? held->reply.msg.info : NULL;
        if (answer && answer->number == CV_MSG_LOG_REFUSED_V1)
            rc = refusal(self, held->reply.data);
        if (rc != CV_EBUSY || cv_clock_mono_ms() + ASK_LIMITED_MS >= end_ms)
            return rc;
        forget_reply(held);
        (void)zmq_poll(NULL, 0, ASK_LIMITED_MS);
    }
}

int cv_client_ask(cv_client_t *self, const char *service, uint16_t type, const void *data, int64_t timeout_ms,
                  cv_reply_t **ret_reply)
{
    const cv_msg_info_t *info = cv_msg_info_at(type);
    peer_t *peer = peer_of(self, service);
    if (!info || info->kind != CV_KIND_LOG)
        return say(self, CV_EINVAL, "type number %u is no question", type);
    if (!peer)
        return say(self, CV_EINVAL, "no service %s is configured", service);
    int64_t wall_ms = cv_clock_wall_ms();
    uint8_t raw_id[CV_UUID_LEN];
    char id[CV_UUID_TEXT + 1];
    cv_uuid7(wall_ms, raw_id);
    cv_uuid_text(raw_id, id);
    cv_msg_t head = {.id = cv_str(id), .source = cv_str(self->source), .time_ms = wall_ms, .info = info};
    cv_buf_clear(&self->buf);
    int rc = cv_msg_write(&self->buf, &head, data);
    if (rc != CV_OK)
        return say(self, rc, "%s: the data does not fit its description", info->type);
    held_t *held = calloc(1, sizeof *held);
    cv_reply_t *reply = (cv_reply_t *)held;
    if (held)
        held->reader = cv_reader_new();
    if (!held || !held->reader) {
        cv_reply_destroy(&reply);
        return say(self, CV_ENOMEM, "out of memory");
    }
    rc = ask_patiently(self, peer, id, cv_buf_str(&self->buf),
                       cv_clock_mono_ms() + (timeout_ms < WAIT_MAX_MS ? timeout_ms : WAIT_MAX_MS), held);
    if (rc != CV_OK) {
        cv_reply_destroy(&reply);
        return rc;
    }
    *ret_reply = reply;
    return CV_OK;
}
