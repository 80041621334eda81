/* socket: the only way to make a ZeroMQ socket here: by its use, with every option set before it binds or connects.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   use                   type    which end  of the service's endpoint
 *   CV_SOCKET_INTAKE      SUB     binds      P+0   .intake     a service's way in
 *   CV_SOCKET_FEED        XPUB    binds      P+1   .feed       its way out; a subscriber that is too slow loses records
 *   CV_SOCKET_LOG         ROUTER  binds      P+2   .log        its way back; send with ZMQ_DONTWAIT: EAGAIN,
 *                                                              EHOSTUNREACH
 *   CV_SOCKET_REQUESTS    XPUB    connects   P+0   .intake     a client's requests; EAGAIN instead of a silent loss
 *   CV_SOCKET_SUBSCRIBER  SUB     connects   P+1   .feed       a client's or follower's ear
 *   CV_SOCKET_QUESTIONS   DEALER  connects   P+2   .log        a client's or follower's questions
 *
 * A context made with cv_socket_context belongs to one service or client. A socket belongs to one thread.
 */
#ifndef CONVENE_NET_SOCKET_H
#define CONVENE_NET_SOCKET_H

#include "convene/wire.h"
#include "net/keys.h"
#include <zmq.h>

typedef enum {
    CV_SOCKET_INTAKE,
    CV_SOCKET_FEED,
    CV_SOCKET_LOG,
    CV_SOCKET_REQUESTS,
    CV_SOCKET_SUBSCRIBER,
    CV_SOCKET_QUESTIONS,
} cv_socket_use_t;

/* Who we are, and whom we expect at the other end. self NULL: no encryption, on ipc endpoints only. */
typedef struct {
    const cv_identity_t *self;
    const uint8_t *server_key; /* for the three that connect: CV_KEY_LEN octets, see cv_key_of */
} cv_security_t;

/* A context with our limits; end it with zmq_ctx_term after all its sockets are closed. NULL: out of resources. */
void *cv_socket_context(void);

/* Makes, sets up, and binds or connects. endpoint is the service's ("tcp://127.0.0.1:24100"). Bound sockets ask the
 * ZAP handler about every peer and let nobody in when there is none. Nothing is subscribed to yet.
 * CV_EINVAL: the endpoint or security=none on tcp; CV_ELOCKED: address in use; CV_EUNAVAIL: anything else. */
int cv_socket_open(void *context, cv_socket_use_t use, const char *endpoint, const cv_security_t *security,
                   void **ret_socket, char *ret_error, size_t error_size) CV_USE_RESULT;
/* linger_ms: how long what is queued may still leave (0 but at an orderly stop). The address of a bound socket is free
 * again only some time after it (a path is removed then: never bind the same one again before the context ended). */
void cv_socket_close(void **socket, int linger_ms);

/* The address of one of its sockets: "tcp://127.0.0.1:24101", "ipc:///run/registration.feed". CV_EINVAL with a reason:
 * neither tcp with a port nor ipc with a path, too long, or a port out of which the kernel serves outgoing connections
 * (ip_local_port_range): there a client that waits for its service can connect to itself, and wedge the port. */
#define CV_ADDRESS_MAX 200
int cv_socket_address(const char *endpoint, cv_socket_use_t use, char ret_address[CV_ADDRESS_MAX], char *ret_error,
                      size_t error_size) CV_USE_RESULT;

/* ---- receiving --------------------------------------------------------------------------- */

#define CV_FRAMES_ROOM (CV_MAX_FRAMES + 1) /* with the ROUTER's routing id */

typedef struct {
    zmq_msg_t frame[CV_FRAMES_ROOM];
    size_t n;
} cv_frames_t;

/* Takes one message that is already there. CV_EAGAIN: none. CV_ELIMIT: more than max_n frames, thrown away.
 * CV_EUNAVAIL: the context ends. After CV_OK call cv_frames_done before the next. */
int cv_frames_recv(cv_frames_t *frames, void *socket, size_t max_n) CV_USE_RESULT;
cv_str_t cv_frames_at(cv_frames_t *frames, size_t index);
/* The User-Id that the ZAP handler gave: the peer's key in text, or CV_ZAP_LOCAL; NULL if it gave none. Looks at the
 * last frame: on libzmq 4.3.4 the first frame of a ROUTER loses its metadata after a poll. Valid until cv_frames_done.
 */
const char *cv_frames_user(cv_frames_t *frames);
void cv_frames_done(cv_frames_t *frames);

#endif
