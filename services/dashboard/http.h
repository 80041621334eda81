/* http: requests and streams, with evhttp behind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nobody else in this service knows the HTTP library: another one would be put behind these functions.
 *
 *   a connection comes       young: it has DASH_HTTP_FIRST_MS for one whole request, however slowly it sends
 *   the request is there     checked (target.h); on_request answers it with a reply or makes it a stream
 *   a reply                  the connection closes behind it, at the latest after DASH_HTTP_REPLY_MS
 *   a stream                 lives until the client goes, falls behind, or says anything more
 *
 *   no request that evhttp can read   its own 400, 413 or 501, with the headers that every answer has
 *
 * One request a connection: nothing can be smuggled behind it, and a slow second request holds nothing.
 *
 * Failure modes, each bounded, others served meanwhile:
 *   connections that send nothing    the oldest young one goes when there are more than DASH_HTTP_YOUNG_MAX
 *   many that come at once           are accepted a few at a time; what those ask is read before others are accepted
 *   more than connections_max        are not accepted until others have gone; they wait in the kernel's queue
 *   more than streams_max            503 with Retry-After
 *   a stream's client does not read  when more than DASH_HTTP_BEHIND and the largest single message wait it is cut; the
 *                                    bytes are shared between all who wait for them (text.h), so it costs a few hundred
 *                                    octets a message
 *   a stream's client sends          cut
 */
#ifndef DASHBOARD_HTTP_H
#define DASHBOARD_HTTP_H

#include "dashboard/target.h"
#include "dashboard/text.h"

enum {
    DASH_HTTP_FIRST_MS = 10000,
    DASH_HTTP_REPLY_MS = 30000,
    DASH_HTTP_IDLE_S = 10,         /* nothing was read or could be written for so long */
    DASH_HTTP_STREAM_WRITE_S = 20, /* of a stream: could not be written to for so long */
    DASH_HTTP_HEADERS_MAX = 8192,  /* octets of all headers */
    DASH_HTTP_YOUNG_MAX = 256,
    DASH_HTTP_BEHIND = 256 * 1024, /* octets */
};

struct event_base;
typedef struct dash_http dash_http_t;
typedef struct dash_exchange dash_exchange_t; /* one request, until it is answered */
typedef struct dash_stream dash_stream_t;

typedef struct {
    const dash_target_t *target;
    const char *accept_language, *last_event_id, *if_none_match, *cookies, *forwarded_proto; /* "" */
    bool is_head;
    const char *peer; /* the numeric address at the other end; "": not known */
    const dash_header_t *headers;
    size_t headers_n;
} dash_request_t;

typedef struct {
    void *self;
    void (*on_request)(void *self, dash_exchange_t *exchange, const dash_request_t *request);
    void (*on_stream_end)(void *self, dash_stream_t *stream); /* it is gone after this call */
    size_t connections_max, streams_max;
} dash_http_options_t;

typedef struct {
    uint64_t requests, refused, streams_opened, streams_cut, young_cut; /* since the start */
    size_t connections, streams;                                        /* now */
} dash_http_counts_t;

/* fd: a listening socket, taken. */
int dash_http_listen(struct event_base *base, int fd, const dash_http_options_t *options,
                     dash_http_t **ret_http) CV_USE_RESULT;
void dash_http_destroy(dash_http_t **http); /* streams end */
dash_http_counts_t dash_http_counts(const dash_http_t *http);

/* Answers. headers: name, value, name, value, NULL; may be NULL. body: may be NULL. */
void dash_http_reply(dash_exchange_t *exchange, int status, const char *type, const char *const *headers,
                     dash_text_t *body);
/* NULL: there are too many (the client was told 503). */
dash_stream_t *dash_http_stream_open(dash_exchange_t *exchange);
/* False: the stream was cut, on_stream_end was called. */
bool dash_http_stream_send(dash_stream_t *stream, dash_text_t *text);
void dash_http_stream_tag(dash_stream_t *stream, size_t index); /* a number of the caller's */
size_t dash_http_stream_index(const dash_stream_t *stream);

#endif
