/* link: the sockets of the load generator and of the bare path, as any other program would make them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Endpoint "tcp://127.0.0.1:P": intake P, feed P+1; "ipc://PATH": PATH.intake, PATH.feed. With a key directory
 * everything is CURVE, without one nothing is.
 */
#ifndef CONVENE_BENCH_LINK_H
#define CONVENE_BENCH_LINK_H

#include "bench.h"
#include "net/keys.h"
#include <zmq.h>

typedef struct {
    const char *endpoint, *keys, *self, *server; /* names in the key directory; keys NULL: no encryption */
} link_t;

static inline void link_set(void *socket, int option_name, int value)
{
    if (zmq_setsockopt(socket, option_name, &value, sizeof value))
        DIE("setsockopt %d: %s", option_name, zmq_strerror(errno));
}

static inline void link_secure(void *socket, const link_t *link, bool server)
{
    char error[256];
    cv_identity_t self;
    uint8_t key[CV_KEY_LEN];
    if (!link->keys)
        return;
    if (cv_identity_load(link->keys, link->self, &self, error, sizeof error))
        DIE("%s", error);
    int rc = 0;
    if (server) {
        link_set(socket, ZMQ_CURVE_SERVER, 1);
    } else {
        if (cv_key_of(link->keys, link->server, key, error, sizeof error))
            DIE("%s", error);
        rc = zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, key, sizeof key) |
             zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, self.public_key, CV_KEY_LEN);
    }
    rc |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, self.secret_key, CV_KEY_LEN);
    cv_identity_wipe(&self);
    if (rc)
        DIE("setsockopt of keys: %s", zmq_strerror(errno));
}

static inline void link_attach(void *socket, const link_t *link, int part, bool bind)
{
    char address[256];
    static const char *const suffixes[] = {".intake", ".feed", ".log"};
    if (!strncmp(link->endpoint, "tcp://", 6)) {
        const char *colon = strrchr(link->endpoint, ':');
        snprintf(address, sizeof address, "%.*s:%ld", (int)(colon - link->endpoint), link->endpoint,
                 strtol(colon + 1, NULL, 10) + part);
    } else {
        snprintf(address, sizeof address, "%s%s", link->endpoint, suffixes[part]);
    }
    if (bind ? zmq_bind(socket, address) : zmq_connect(socket, address))
        DIE("%s: %s", address, zmq_strerror(errno));
}

enum { LINK_INTAKE, LINK_FEED };

/* type: ZMQ_SUB, ZMQ_XPUB. Queues are deep enough for a whole window, and nothing is dropped. */
static inline void *link_open(void *context, const link_t *link, int type, int part, bool bind)
{
    void *socket = zmq_socket(context, type);
    if (!socket)
        DIE("%s", zmq_strerror(errno));
    link_set(socket, ZMQ_LINGER, 0);
    link_set(socket, ZMQ_SNDHWM, 100000);
    link_set(socket, ZMQ_RCVHWM, 100000);
    if (type == ZMQ_XPUB)
        link_set(socket, ZMQ_XPUB_NODROP, 1);
    link_secure(socket, link, bind);
    link_attach(socket, link, part, bind);
    return socket;
}

#endif
