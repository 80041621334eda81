/* socket: the only way to make a ZeroMQ socket here: by its use, with every option set before it binds or connects.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Why each option is what it is:
 *   TCP keepalive, MAXRT    a peer that vanished without a FIN is noticed within 4 s on both ends: TCP asks every second, and gives
 *                           up what was not answered for 3 s. Not libzmq's heartbeats: up to 4.3.5 at least they end the whole
 *                           process (assertions `!_io_error`, `_input_stopped`) if a connection breaks, or times out, while
 *                           its receiver is full and does not read: so who floods us and goes away would harm all others. A
 *                           peer that is frozen is found by what is missing: heads of a stream, answers.
 *   handshake, connect      somebody who connects and says nothing, or an address that swallows packets, costs 3 s
 *   MAXMSGSIZE              is per frame and unlimited by default
 *   high-water marks        times the largest frame, they bound the memory that one peer can take
 *   XPUB_NODROP             a client's full pipe gives EAGAIN; the feed's loses, so that one slow peer stops nobody
 *   ROUTER_MANDATORY        an answer that cannot be delivered is an error that is counted, not a silence
 *   IMMEDIATE               questions are not queued for a service that is not there
 *   ZAP domain, option 93   with the domain libzmq asks our handler; with 93 it lets nobody in when there is none.
 *                           Without both CURVE lets in every key (it only encrypts).
 *
 * If any option cannot be set there is no socket.
 */
#include "net/socket.h"

#include "net/zap.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

/* A draft name in zmq.h, not a draft in the library; older headers hide it. */
#define OPTION_ZAP_ENFORCE_DOMAIN 93

#define IO_THREADS 1
#define CONTEXT_SOCKETS_MAX 256
#define BULK_FRAME_MAX (1024 * 1024) /* answers to questions; the largest batch with what is around it */

typedef struct {
    int type;
    bool binds;
    int port;           /* added to the endpoint's */
    const char *suffix; /* added to the endpoint's path */
    int send_hwm, receive_hwm;
    int64_t frame_max;
    bool no_drop, mandatory, immediate;
} use_t;

static const use_t s_uses[] = {
    [CV_SOCKET_INTAKE] = {ZMQ_SUB, true, 0, ".intake", 1000, 1000, CV_MAX_FRAME, false, false, false},
    [CV_SOCKET_FEED] = {ZMQ_XPUB, true, 1, ".feed", 1000, 1000, CV_MAX_FRAME, false, false, false},
    [CV_SOCKET_LOG] = {ZMQ_ROUTER, true, 2, ".log", 256, 256, CV_MAX_FRAME, false, true, false},
    [CV_SOCKET_REQUESTS] = {ZMQ_XPUB, false, 0, ".intake", 1000, 1000, CV_MAX_FRAME, true, false, false},
    [CV_SOCKET_SUBSCRIBER] = {ZMQ_SUB, false, 1, ".feed", 1000, 1000, CV_MAX_FRAME, false, false, false},
    [CV_SOCKET_QUESTIONS] = {ZMQ_DEALER, false, 2, ".log", 256, 256, BULK_FRAME_MAX, false, false, true},
};

/* ---- addresses ---------------------------------------------------------------------------- */

/* The ports the kernel gives to outgoing connections. */
static void s_ephemeral_ports(long *ret_first, long *ret_last)
{
    *ret_first = 32768;
    *ret_last = 60999;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (!file)
        return;
    char line[64];
    if (fgets(line, sizeof line, file)) {
        char *end;
        long first = strtol(line, &end, 10), last = strtol(end, NULL, 10);
        if (first > 0 && last >= first) {
            *ret_first = first;
            *ret_last = last;
        }
    }
    fclose(file);
}

static int s_refuse(char *ret_error, size_t error_size, const char *endpoint, const char *why)
{
    snprintf(ret_error, error_size, "%.180s: %s", endpoint, why);
    return CV_EINVAL;
}

static int s_tcp_address(const char *endpoint, const use_t *use, char ret_address[CV_ADDRESS_MAX], char *ret_error,
                         size_t error_size)
{
    const char *host = endpoint + strlen("tcp://"), *colon = strrchr(host, ':');
    if (!colon || colon == host || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return s_refuse(ret_error, error_size, endpoint, "expected tcp://address:port");
    if (strpbrk(host, ";[] \t") || (host[0] == '*' && (host + 1 != colon || !use->binds)))
        return s_refuse(ret_error, error_size, endpoint, "not an IPv4 address or a host name");
    long port = strtol(colon + 1, NULL, 10), first, last;
    if (port < 1 || port > 65533)
        return s_refuse(ret_error, error_size, endpoint, "the port must be from 1 to 65533: two more follow it");
    s_ephemeral_ports(&first, &last);
    if (port + 2 >= first && port <= last) {
        snprintf(ret_error, error_size, "%.180s: port in the kernel's range for outgoing connections (%ld-%ld)",
                 endpoint, first, last);
        return CV_EINVAL;
    }
    int len = snprintf(ret_address, CV_ADDRESS_MAX, "%.*s:%ld", (int)(colon - endpoint), endpoint, port + use->port);
    if (len >= CV_ADDRESS_MAX)
        return s_refuse(ret_error, error_size, endpoint, "too long");
    return CV_OK;
}

int cv_socket_address(const char *endpoint, cv_socket_use_t use, char ret_address[CV_ADDRESS_MAX], char *ret_error,
                      size_t error_size)
{
    char address[CV_ADDRESS_MAX];
    if (strncmp(endpoint, "tcp://", 6) == 0) {
        int rc = s_tcp_address(endpoint, &s_uses[use], address, ret_error, error_size);
        if (rc)
            return rc;
    } else if (strncmp(endpoint, "ipc://", 6) == 0 && endpoint[6]) {
        if (endpoint[6] == '@' || endpoint[6] == '*')
            return s_refuse(ret_error, error_size, endpoint, "ipc needs a path, whose permissions protect it");
        /* The longest suffix decides, so that all three sockets fit or none does. */
        size_t longest = strlen(endpoint + 6) + strlen(".intake");
        if (longest >= sizeof((struct sockaddr_un *)NULL)->sun_path)
            return s_refuse(ret_error, error_size, endpoint, "the path is too long for a socket");
        snprintf(address, sizeof address, "%s%s", endpoint, s_uses[use].suffix);
    } else {
        return s_refuse(ret_error, error_size, endpoint, "expected tcp://address:port or ipc://path");
    }
    memcpy(ret_address, address, sizeof address);
    return CV_OK;
}

/* ---- options ------------------------------------------------------------------------------ */

void *cv_socket_context(void)
{
    void *context = zmq_ctx_new();
    if (context && (zmq_ctx_set(context, ZMQ_IO_THREADS, IO_THREADS) ||
                    zmq_ctx_set(context, ZMQ_MAX_SOCKETS, CONTEXT_SOCKETS_MAX) || zmq_ctx_set(context, ZMQ_IPV6, 0))) {
        zmq_ctx_term(context);
        context = NULL;
    }
    return context;
}

static int s_set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) ? CV_EUNAVAIL : CV_OK;
}

static int s_set_common(void *socket, const use_t *use)
{
    const struct {
        int option, value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_IPV6, 0},
        {ZMQ_SNDHWM, use->send_hwm},
        {ZMQ_RCVHWM, use->receive_hwm},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, 1},
        {ZMQ_TCP_KEEPALIVE_INTVL, 1},
        {ZMQ_TCP_KEEPALIVE_CNT, 3},
        {ZMQ_HANDSHAKE_IVL, 3000},
        {ZMQ_CONNECT_TIMEOUT, 3000},
        {ZMQ_TCP_MAXRT, 3000},
        {ZMQ_RECONNECT_IVL, 100},
        {ZMQ_RECONNECT_IVL_MAX, 5000},
        {ZMQ_BACKLOG, 256},
    };
    int rc = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &use->frame_max, sizeof use->frame_max) ? CV_EUNAVAIL : CV_OK;
    for (size_t i = 0; i < sizeof options / sizeof *options && !rc; i++)
        rc = s_set_int(socket, options[i].option, options[i].value);
    if (!rc && use->no_drop)
        rc = s_set_int(socket, ZMQ_XPUB_NODROP, 1);
    if (!rc && use->mandatory)
        rc = s_set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
    if (!rc && use->immediate)
        rc = s_set_int(socket, ZMQ_IMMEDIATE, 1);
    return rc;
}

static int s_set_key(void *socket, int option, const uint8_t key[CV_KEY_LEN])
{
    return zmq_setsockopt(socket, option, key, CV_KEY_LEN) ? CV_EUNAVAIL : CV_OK;
}

static int s_set_security(void *socket, const use_t *use, const cv_security_t *security)
{
    int rc = CV_OK;
    if (use->binds) {
        if (zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, CV_ZAP_DOMAIN, strlen(CV_ZAP_DOMAIN)))
            rc = CV_EUNAVAIL;
        if (!rc)
            rc = s_set_int(socket, OPTION_ZAP_ENFORCE_DOMAIN, 1);
    }
    if (!security->self || rc)
        return rc;
    if (use->binds) {
        rc = s_set_int(socket, ZMQ_CURVE_SERVER, 1);
        return rc ? rc : s_set_key(socket, ZMQ_CURVE_SECRETKEY, security->self->secret_key);
    }
    rc = s_set_key(socket, ZMQ_CURVE_SERVERKEY, security->server_key);
    if (!rc)
        rc = s_set_key(socket, ZMQ_CURVE_PUBLICKEY, security->self->public_key);
    return rc ? rc : s_set_key(socket, ZMQ_CURVE_SECRETKEY, security->self->secret_key);
}

/* ---- opening ------------------------------------------------------------------------------ */

static int s_attach(void *socket, const use_t *use, const char *address, bool encrypted)
{
    if (!use->binds)
        return zmq_connect(socket, address) ? CV_EUNAVAIL : CV_OK;
    if (zmq_bind(socket, address))
        return errno == EADDRINUSE ? CV_ELOCKED : CV_EUNAVAIL;
    /* Without keys the path's permissions are all that stands between us and other users of this machine. */
    if (!encrypted && chmod(address + strlen("ipc://"), S_IRUSR | S_IWUSR))
        return CV_EUNAVAIL;
    return CV_OK;
}

int cv_socket_open(void *context, cv_socket_use_t use, const char *endpoint, const cv_security_t *security,
                   void **ret_socket, char *ret_error, size_t error_size)
{
    const use_t *how = &s_uses[use];
    char address[CV_ADDRESS_MAX];
    int rc = cv_socket_address(endpoint, use, address, ret_error, error_size);
    if (rc)
        return rc;
    if (!security->self && strncmp(address, "ipc://", 6) != 0)
        return s_refuse(ret_error, error_size, endpoint, "security = none is allowed on ipc only");
    if (security->self && !how->binds && !security->server_key)
        return s_refuse(ret_error, error_size, endpoint, "the service's public key is not known");
    const char *step = "cannot make a socket";
    void *socket = zmq_socket(context, how->type);
    rc = socket ? CV_OK : CV_EUNAVAIL;
    if (!rc) {
        step = "cannot set an option";
        rc = s_set_common(socket, how);
    }
    if (!rc)
        rc = s_set_security(socket, how, security);
    if (!rc) {
        step = how->binds ? "cannot listen" : "cannot connect";
        rc = s_attach(socket, how, address, security->self != NULL);
    }
    if (rc) {
        snprintf(ret_error, error_size, "%.180s: %s: %s", address, step, zmq_strerror(errno));
        if (socket)
            zmq_close(socket);
        return rc;
    }
    *ret_socket = socket;
    return CV_OK;
}

void cv_socket_close(void **socket, int linger_ms)
{
    if (!*socket)
        return;
    zmq_setsockopt(*socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_close(*socket);
    *socket = NULL;
}

/* ---- receiving ---------------------------------------------------------------------------- */

int cv_frames_recv(cv_frames_t *frames, void *socket, size_t max_n)
{
    if (max_n > CV_FRAMES_ROOM)
        max_n = CV_FRAMES_ROOM;
    frames->n = 0;
    bool too_many = false;
    for (bool more = true; more;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        if (zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) < 0) {
            int error = errno;
            zmq_msg_close(&message);
            if (error == EINTR)
                continue;
            cv_frames_done(frames);
            return error == EAGAIN ? CV_EAGAIN : CV_EUNAVAIL;
        }
        more = zmq_msg_more(&message);
        if (frames->n < max_n) {
            zmq_msg_init(&frames->frame[frames->n]);
            zmq_msg_move(&frames->frame[frames->n++], &message);
        } else {
            too_many = true;
        }
        zmq_msg_close(&message);
    }
    if (too_many) {
        cv_frames_done(frames);
        return CV_ELIMIT;
    }
    return CV_OK;
}

cv_str_t cv_frames_at(cv_frames_t *frames, size_t index)
{
    if (index >= frames->n)
        return CV_STR_NONE;
    return (cv_str_t){zmq_msg_data(&frames->frame[index]), zmq_msg_size(&frames->frame[index])};
}

const char *cv_frames_user(cv_frames_t *frames)
{
    return frames->n ? zmq_msg_gets(&frames->frame[frames->n - 1], "User-Id") : NULL;
}

void cv_frames_done(cv_frames_t *frames)
{
    for (size_t i = 0; i < frames->n; i++)
        zmq_msg_close(&frames->frame[i]);
    frames->n = 0;
}
