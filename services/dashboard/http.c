/* http: see http.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/http.h"

#include "convene/ids.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

enum {
    LOOK_MS = 500,
    INPUT_MAX = 16 * 1024,
    ACCEPTED_AT_ONCE = 32, /* connections; then the requests that they brought are read first */
};

/* What every answer says, whatever it is. */
static const char *const s_always[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
     " worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

typedef struct connection connection_t;
struct connection {
    dash_http_t *http;
    struct bufferevent *bev;         /* young: we hold a reference */
    struct evhttp_connection *evcon; /* NULL while young */
    int64_t until_ms;                /* 0: no end */
    bool has_nul;                    /* evhttp takes a line for its part before one */
    bool is_adding;                  /* what goes out now is ours */
    dash_stream_t *stream;
    TAILQ_ENTRY(connection) link;
};
TAILQ_HEAD(connections, connection);

struct dash_stream {
    connection_t *connection;
    struct evhttp_request *request;
    size_t index;
    size_t largest; /* octets of the largest text sent */
};

struct dash_exchange {
    connection_t *connection;
    struct evhttp_request *request;
    bool head;
    dash_stream_t *stream;
};

struct dash_http {
    dash_http_options_t options;
    struct event_base *base;
    struct evhttp *evhttp;
    struct evconnlistener *listener;
    struct event *look, *rested;
    struct connections young, served; /* each in the order they came */
    size_t young_n, accepted_n;       /* accepted_n: since it rested */
    bool is_deaf, is_resting, is_closing;
    dash_http_counts_t counts;
};

/* ---- connections ------------------------------------------------------------------------------ */

static void s_admit(dash_http_t *http)
{
    bool deaf = http->is_resting || http->counts.connections >= http->options.connections_max;
    if (deaf == http->is_deaf || http->is_closing)
        return;
    http->is_deaf = deaf;
    if (deaf)
        evconnlistener_disable(http->listener);
    else
        evconnlistener_enable(http->listener);
}

/* A thousand browsers come back at once after a restart: were all accepted before the first is heard, the oldest would
 * be cut as silent though their requests are here. */
static void s_rest(dash_http_t *http)
{
    const struct timeval at_once = {0};
    if (++http->accepted_n < ACCEPTED_AT_ONCE)
        return;
    http->is_resting = event_add(http->rested, &at_once) == 0;
}

static void s_on_rested(evutil_socket_t fd, short what, void *arg)
{
    dash_http_t *http = arg;
    (void)fd;
    (void)what;
    http->accepted_n = 0;
    http->is_resting = false;
    s_admit(http);
}

/* What has come is looked at before evhttp reads it as lines that end at a NUL: "Host: a\0b" would be Host a to it. */
static void s_on_octets(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    connection_t *connection = arg;
    struct evbuffer_ptr from;
    if (!info->n_added || evbuffer_ptr_set(input, &from, info->orig_size - info->n_deleted, EVBUFFER_PTR_SET))
        return;
    connection->has_nul |= evbuffer_search(input, "", 1, &from).pos >= 0;
}

/* evhttp answers what it cannot read by itself (400, 413, 501), and asks nobody. A connection that is still young has got
 * nothing from us: what goes out is such an answer, and its first piece is the status line, alone. Behind that line stands
 * what every answer says, before evhttp adds its own headers. */
static void s_on_answer(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    static const char start[] = "HTTP/1.";
    connection_t *connection = arg;
    char line[128];
    struct evbuffer_ptr from;
    if (connection->is_adding || !info->n_added || info->n_added >= sizeof(line) ||
        evbuffer_ptr_set(output, &from, info->orig_size - info->n_deleted, EVBUFFER_PTR_SET) ||
        evbuffer_copyout_from(output, &from, line, info->n_added) != (ev_ssize_t)info->n_added)
        return;
    line[info->n_added] = '\0';
    if (strncmp(line, start, strlen(start)) != 0 || strstr(line, "\r\n") != line + info->n_added - 2)
        return; /* "100 Continue" has its empty line with it: no answer yet */
    connection->is_adding = true;
    for (size_t i = 0; i < sizeof(s_always) / sizeof(s_always[0]); i++)
        (void)evbuffer_add_printf(output, "%s: %s\r\n", s_always[i][0], s_always[i][1]);
    connection->is_adding = false;
    connection->http->counts.refused++;
}

static void s_stop_looking(connection_t *connection)
{
    (void)evbuffer_remove_cb(bufferevent_get_output(connection->bev), s_on_answer, connection);
    (void)evbuffer_remove_cb(bufferevent_get_input(connection->bev), s_on_octets, connection);
    bufferevent_decref(connection->bev);
    connection->bev = NULL;
}

static void s_forget(connection_t *connection)
{
    connection->http->counts.connections--;
    s_admit(connection->http);
    free(connection);
}

/* A young one that is not needed any more: whoever is at its other end, or evhttp, may have let it go already. */
static void s_cut_young(connection_t *connection)
{
    dash_http_t *http = connection->http;
    int fd = bufferevent_getfd(connection->bev);
    TAILQ_REMOVE(&http->young, connection, link);
    http->young_n--;
    http->counts.young_cut++;
    if (fd >= 0)
        shutdown(fd, SHUT_RDWR); /* evhttp sees the end and frees it */
    s_stop_looking(connection);
    s_forget(connection);
}

static struct bufferevent *s_on_connection(struct event_base *base, void *arg)
{
    dash_http_t *http = arg;
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    connection_t *connection = calloc(1, sizeof(*connection));
    if (!bev || !connection) {
        free(connection);
        return bev; /* answered all the same; only not counted */
    }
    bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
    bufferevent_incref(bev);
    *connection = (connection_t){.http = http, .bev = bev, .until_ms = cv_clock_mono_ms() + DASH_HTTP_FIRST_MS};
    if (!evbuffer_add_cb(bufferevent_get_input(bev), s_on_octets, connection))
        connection->has_nul = true; /* out of memory: not looked at, so not trusted */
    (void)evbuffer_add_cb(bufferevent_get_output(bev), s_on_answer, connection);
    TAILQ_INSERT_TAIL(&http->young, connection, link);
    http->young_n++;
    http->counts.connections++;
    if (http->young_n > DASH_HTTP_YOUNG_MAX)
        s_cut_young(TAILQ_FIRST(&http->young));
    s_rest(http);
    s_admit(http);
    return bev;
}

static void s_on_close(struct evhttp_connection *evcon, void *arg)
{
    connection_t *connection = arg;
    dash_http_t *http = connection->http;
    (void)evcon;
    if (connection->stream) {
        http->counts.streams--;
        if (!http->is_closing)
            http->options.on_stream_end(http->options.self, connection->stream);
        if (!evhttp_request_get_connection(connection->stream->request))
            evhttp_request_free(connection->stream->request); /* the client went: evhttp leaves it to us then */
        free(connection->stream);
    }
    TAILQ_REMOVE(&http->served, connection, link);
    s_forget(connection);
}

/* The connection of a request that is whole: from young to served. NULL: cut meanwhile. */
static connection_t *s_grown(dash_http_t *http, struct evhttp_connection *evcon)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evcon);
    connection_t *connection;
    TAILQ_FOREACH(connection, &http->young, link)
    {
        if (connection->bev == bev)
            break;
    }
    if (!connection)
        return NULL;
    TAILQ_REMOVE(&http->young, connection, link);
    http->young_n--;
    s_stop_looking(connection);
    connection->evcon = evcon;
    connection->until_ms = cv_clock_mono_ms() + DASH_HTTP_REPLY_MS;
    TAILQ_INSERT_TAIL(&http->served, connection, link);
    evhttp_connection_set_closecb(evcon, s_on_close, connection);
    return connection;
}

static void s_on_look(evutil_socket_t fd, short what, void *arg)
{
    dash_http_t *http = arg;
    int64_t now_ms = cv_clock_mono_ms();
    (void)fd;
    (void)what;
    for (connection_t *c, *next = TAILQ_FIRST(&http->young); (c = next);) {
        next = TAILQ_NEXT(c, link);
        if (c->until_ms <= now_ms)
            s_cut_young(c);
    }
    for (connection_t *c, *next = TAILQ_FIRST(&http->served); (c = next);) {
        next = TAILQ_NEXT(c, link);
        bool talks =
            c->stream && evbuffer_get_length(bufferevent_get_input(evhttp_connection_get_bufferevent(c->evcon)));
        http->counts.streams_cut += talks;
        if (talks || (c->until_ms && c->until_ms <= now_ms))
            evhttp_connection_free(c->evcon); /* calls s_on_close */
    }
}

/* ---- requests ---------------------------------------------------------------------------------- */

static const char *s_method(struct evhttp_request *request)
{
    switch (evhttp_request_get_command(request)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_POST:
    case EVHTTP_REQ_PUT:
    case EVHTTP_REQ_DELETE:
    case EVHTTP_REQ_OPTIONS:
    case EVHTTP_REQ_TRACE:
    case EVHTTP_REQ_CONNECT:
    case EVHTTP_REQ_PATCH:
    default:
        return "other";
    }
}

static size_t s_headers(struct evhttp_request *request, dash_header_t *headers, size_t max)
{
    size_t n = 0;
    const struct evkeyval *header;
    TAILQ_FOREACH(header, evhttp_request_get_input_headers(request), next)
    {
        if (n < max)
            headers[n] = (dash_header_t){header->key, header->value};
        n++;
    }
    return n;
}

static const char *s_header(const dash_header_t *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(headers[i].name, name) == 0)
            return headers[i].value;
    return "";
}

static void s_on_request(struct evhttp_request *request, void *arg)
{
    dash_http_t *http = arg;
    dash_header_t headers[DASH_HEADERS_MAX + 1];
    connection_t *connection = s_grown(http, evhttp_request_get_connection(request));
    if (!connection) {
        dash_http_reply(&(dash_exchange_t){.request = request}, HTTP_SERVUNAVAIL, "text/plain; charset=utf-8", NULL,
                        NULL);
        return;
    }
    size_t headers_n = s_headers(request, headers, DASH_HEADERS_MAX + 1);
    dash_target_t target;
    const char *why = "", *method = s_method(request);
    dash_exchange_t exchange = {.connection = connection, .request = request, .head = strcmp(method, "HEAD") == 0};
    int status = dash_target_check(method, evhttp_request_get_uri(request), headers, headers_n, &target, &why);
    http->counts.requests++;
    if (connection->has_nul) {
        status = HTTP_BADREQUEST;
        why = "a NUL is in the request";
    }
    if (status != HTTP_OK) {
        static const char *const allow[] = {"Allow", "GET, HEAD", NULL};
        cv_buf_t buf;
        cv_buf_init(&buf, 512);
        cv_buf_printf(&buf, "%s\n", why);
        dash_text_t *body = dash_text_of(&buf);
        http->counts.refused++;
        dash_http_reply(&exchange, status, "text/plain; charset=utf-8", allow, body);
        dash_text_drop(body);
        return;
    }
    if (headers_n > DASH_HEADERS_MAX)
        headers_n = DASH_HEADERS_MAX;
    char *peer = NULL;
    ev_uint16_t port = 0;
    evhttp_connection_get_peer(connection->evcon, &peer, &port);
    dash_request_t asked = {.target = &target,
                            .accept_language = s_header(headers, headers_n, "Accept-Language"),
                            .last_event_id = s_header(headers, headers_n, "Last-Event-ID"),
                            .if_none_match = s_header(headers, headers_n, "If-None-Match"),
                            .cookies = s_header(headers, headers_n, "Cookie"),
                            .forwarded_proto = s_header(headers, headers_n, "X-Forwarded-Proto"),
                            .is_head = exchange.head,
                            .peer = peer ? peer : "",
                            .headers = headers,
                            .headers_n = headers_n};
    http->options.on_request(http->options.self, &exchange, &asked);
}

static void s_add_header(struct evhttp_request *request, const char *name, const char *value)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

static void s_add_always(struct evhttp_request *request)
{
    for (size_t i = 0; i < sizeof(s_always) / sizeof(s_always[0]); i++)
        s_add_header(request, s_always[i][0], s_always[i][1]);
}

static void s_let_go(const void *bytes, size_t len, void *arg)
{
    (void)bytes;
    (void)len;
    dash_text_drop(arg);
}

/* The bytes hang in the buffer without being copied. */
static void s_add_text(struct evbuffer *buffer, dash_text_t *text)
{
    cv_str_t bytes = dash_text_bytes(text);
    if (bytes.len && evbuffer_add_reference(buffer, bytes.ptr, bytes.len, s_let_go, dash_text_hold(text)))
        dash_text_drop(text);
}

void dash_http_reply(dash_exchange_t *exchange, int status, const char *type, const char *const *headers,
                     dash_text_t *body)
{
    struct evhttp_request *request = exchange->request;
    struct evbuffer *buffer = evhttp_request_get_output_buffer(request);
    char length[24];
    s_add_always(request);
    s_add_header(request, "Connection", "close");
    if (status != HTTP_NOTMODIFIED)
        s_add_header(request, "Content-Type", type);
    for (size_t i = 0; headers && headers[i]; i += 2)
        s_add_header(request, headers[i], headers[i + 1]);
    (void)snprintf(length, sizeof(length), "%zu", body ? dash_text_bytes(body).len : 0);
    if (status != HTTP_NOTMODIFIED)
        s_add_header(request, "Content-Length", length);
    if (body && !exchange->head && status != HTTP_NOTMODIFIED)
        s_add_text(buffer, body);
    evhttp_send_reply(request, status, NULL, NULL);
}

/* ---- streams ----------------------------------------------------------------------------------- */

dash_stream_t *dash_http_stream_open(dash_exchange_t *exchange)
{
    static const char *const later[] = {"Retry-After", "5", NULL};
    connection_t *connection = exchange->connection;
    dash_http_t *http = connection->http;
    bool full = http->counts.streams >= http->options.streams_max;
    dash_stream_t *stream = full || exchange->head ? NULL : calloc(1, sizeof(*stream));
    if (!stream) {
        dash_http_reply(exchange, exchange->head ? HTTP_OK : HTTP_SERVUNAVAIL, "text/event-stream", later, NULL);
        return NULL;
    }
    struct bufferevent *bev = evhttp_connection_get_bufferevent(connection->evcon);
    const struct timeval write_timeout = {.tv_sec = DASH_HTTP_STREAM_WRITE_S};
    *stream = (dash_stream_t){.connection = connection, .request = exchange->request};
    connection->stream = stream;
    connection->until_ms = 0;
    http->counts.streams++;
    http->counts.streams_opened++;
    s_add_always(exchange->request);
    s_add_header(exchange->request, "Content-Type", "text/event-stream; charset=utf-8");
    s_add_header(exchange->request, "Cache-Control", "no-store");
    s_add_header(exchange->request, "X-Accel-Buffering", "no");
    evhttp_send_reply_start(exchange->request, HTTP_OK, NULL);
    bufferevent_enable(bev, EV_READ); /* else a client that goes is noticed at the next write only */
    bufferevent_set_timeouts(bev, NULL, &write_timeout);
    return stream;
}

bool dash_http_stream_send(dash_stream_t *stream, dash_text_t *text)
{
    connection_t *connection = stream->connection;
    struct bufferevent *bev = evhttp_connection_get_bufferevent(connection->evcon);
    size_t len = dash_text_bytes(text).len;
    if (len > stream->largest)
        stream->largest = len;
    struct evbuffer *chunk = evbuffer_new();
    if (!chunk || evbuffer_get_length(bufferevent_get_output(bev)) > DASH_HTTP_BEHIND + stream->largest) {
        if (chunk)
            evbuffer_free(chunk);
        connection->http->counts.streams_cut++;
        evhttp_connection_free(connection->evcon); /* calls s_on_close */
        return false;
    }
    s_add_text(chunk, text);
    evhttp_send_reply_chunk(stream->request, chunk);
    evbuffer_free(chunk);
    return true;
}

void dash_http_stream_tag(dash_stream_t *stream, size_t index)
{
    stream->index = index;
}

size_t dash_http_stream_index(const dash_stream_t *stream)
{
    return stream->index;
}

/* ---- the listener -------------------------------------------------------------------------------- */

int dash_http_listen(struct event_base *base, int fd, const dash_http_options_t *options, dash_http_t **ret_http)
{
    const struct timeval look = {.tv_usec = LOOK_MS * 1000};
    dash_http_t *http = calloc(1, sizeof(*http));
    if (!http)
        return CV_ENOMEM;
    http->options = *options;
    http->base = base;
    TAILQ_INIT(&http->young);
    TAILQ_INIT(&http->served);
    http->evhttp = evhttp_new(base);
    http->look = event_new(base, -1, EV_PERSIST, s_on_look, http);
    http->rested = event_new(base, -1, 0, s_on_rested, http);
    struct evhttp_bound_socket *bound = http->evhttp ? evhttp_accept_socket_with_handle(http->evhttp, fd) : NULL;
    if (!bound || !http->look || !http->rested || event_add(http->look, &look)) {
        dash_http_destroy(&http);
        return CV_ENOMEM;
    }
    http->listener = evhttp_bound_socket_get_listener(bound);
    evhttp_set_timeout(http->evhttp, DASH_HTTP_IDLE_S);
    evhttp_set_max_headers_size(http->evhttp, DASH_HTTP_HEADERS_MAX);
    evhttp_set_max_body_size(http->evhttp, 0);
    evhttp_set_allowed_methods(http->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                                 EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH); /* ours is the better refusal */
    evhttp_set_bevcb(http->evhttp, s_on_connection, http);
    evhttp_set_gencb(http->evhttp, s_on_request, http);
    *ret_http = http;
    return CV_OK;
}

void dash_http_destroy(dash_http_t **http)
{
    if (!*http)
        return;
    (*http)->is_closing = true;
    for (connection_t *young = TAILQ_FIRST(&(*http)->young), *next; young; young = next) {
        next = TAILQ_NEXT(young, link);
        s_cut_young(young);
    }
    if ((*http)->evhttp)
        evhttp_free((*http)->evhttp); /* calls s_on_close for each that is served */
    if ((*http)->look)
        event_free((*http)->look);
    if ((*http)->rested)
        event_free((*http)->rested);
    free(*http);
    *http = NULL;
}

dash_http_counts_t dash_http_counts(const dash_http_t *http)
{
    return http->counts;
}
