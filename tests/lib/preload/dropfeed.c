/* dropfeed: loaded before libzmq, loses a part of the messages that a feed (XPUB) sends.
 * SPDX-License-Identifier: Apache-2.0
 *
 * DROPFEED_PERCENT says how many of a hundred whole messages go, DROPFEED_SEED makes them others. The sender is told
 * that all went well, as it would be when the network lost them. XPUB sockets are used by one thread, so the state of
 * a message of several frames is kept per socket without a lock; other sockets pass through untouched.
 * Built by the tests themselves: cc -shared -fPIC dropfeed.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define SOCKETS_MAX 64

static struct {
    void *socket;
    int is_feed, inside, dropping;
} known[SOCKETS_MAX];
static __thread int forwarding; /* libzmq may call one of its own entry points from another */
static uint64_t state;
static unsigned percent;

static void setup(void)
{
    const char *text = getenv("DROPFEED_PERCENT"), *seed = getenv("DROPFEED_SEED");
    percent = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0;
    state = (seed != NULL ? strtoull(seed, NULL, 10) : 1) * 0x9e3779b97f4a7c15u + (uint64_t)getpid();
}

static unsigned hundred(void)
{
    state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((z ^ (z >> 31)) % 100);
}

/* Whether this frame is to be lost; keeps the whole of a message together. */
static int lose(void *socket, int more)
{
    size_t i = 0;
    if (state == 0)
        setup();
    while (i < SOCKETS_MAX && known[i].socket != NULL && known[i].socket != socket)
        i++;
    if (i == SOCKETS_MAX)
        return 0;
    if (known[i].socket == NULL) {
        int type = 0;
        size_t size = sizeof(type);
        if (zmq_getsockopt(socket, ZMQ_TYPE, &type, &size) != 0)
            return 0;
        known[i].socket = socket;
        known[i].is_feed = type == ZMQ_XPUB;
    }
    if (!known[i].is_feed)
        return 0;
    if (!known[i].inside)
        known[i].dropping = hundred() < percent;
    known[i].inside = more;
    return known[i].dropping;
}

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

int zmq_send(void *socket, const void *octets, size_t size, int flags)
{
    static int (*next)(void *, const void *, size_t, int);
    if (next == NULL)
        *(void **)&next = real("zmq_send");
    if (!forwarding && lose(socket, (flags & ZMQ_SNDMORE) != 0))
        return (int)size;
    forwarding++;
    int rc = next(socket, octets, size, flags);
    forwarding--;
    return rc;
}

int zmq_send_const(void *socket, const void *octets, size_t size, int flags)
{
    static int (*next)(void *, const void *, size_t, int);
    if (next == NULL)
        *(void **)&next = real("zmq_send_const");
    if (!forwarding && lose(socket, (flags & ZMQ_SNDMORE) != 0))
        return (int)size;
    forwarding++;
    int rc = next(socket, octets, size, flags);
    forwarding--;
    return rc;
}

static int send_message(int (*next)(zmq_msg_t *, void *, int), zmq_msg_t *message, void *socket, int flags)
{
    if (!forwarding && lose(socket, (flags & ZMQ_SNDMORE) != 0)) {
        int size = (int)zmq_msg_size(message);
        zmq_msg_close(message);
        zmq_msg_init(message);
        return size;
    }
    forwarding++;
    int rc = next(message, socket, flags);
    forwarding--;
    return rc;
}

int zmq_msg_send(zmq_msg_t *message, void *socket, int flags)
{
    static int (*next)(zmq_msg_t *, void *, int);
    if (next == NULL)
        *(void **)&next = real("zmq_msg_send");
    return send_message(next, message, socket, flags);
}

static int (*next_sendmsg)(void *, zmq_msg_t *, int);

static int turned(zmq_msg_t *message, void *socket, int flags)
{
    return next_sendmsg(socket, message, flags);
}

int zmq_sendmsg(void *socket, zmq_msg_t *message, int flags)
{
    if (next_sendmsg == NULL)
        *(void **)&next_sendmsg = real("zmq_sendmsg");
    return send_message(turned, message, socket, flags);
}
