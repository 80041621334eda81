/* web: the thread that serves the pages, the data and the stream, from its own copy of the view.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   a batch comes      into the mirror (mirror.h)
 *   every 40 ms        while something changed: one delta to every stream
 *   every 5 s          a beat to every stream, so that a browser knows that silence is silence
 *
 * The thread shares nothing with the service but the link. Should it stall, the service goes on and keeps what it has
 * to tell; should the service stall, pages are served as of the last batch, and say of when that is.
 */
#ifndef DASHBOARD_WEB_H
#define DASHBOARD_WEB_H

#include "dashboard/http.h"
#include "dashboard/link.h"
#include "dashboard/mirror.h"

enum {
    DASH_BEAT_MS = 5000,
    DASH_STREAMS_MAX = 4096, /* count; fewer if the process may not open so many files */
    DASH_FILES_APART = 128,  /* file descriptors that are not connections */
    DASH_READY_MS = 10000,   /* a service that was not looked at for so long counts as unknown */
};

typedef struct dash_web dash_web_t;
typedef struct {
    int listen_fd; /* taken, also when starting fails */
    int64_t clock_offset_ms;
    dash_link_t *link;
} dash_web_options_t;

/* setting: its name. "127.0.0.1:24180" or "[::1]:24180", a numeric address. ret_error says what is wrong. */
int dash_web_check(const char *setting, const char *address, char *ret_error, size_t error_size) CV_USE_RESULT;
/* The same, and a socket that listens there. ret_error says what is wrong. */
int dash_web_bind(const char *setting, const char *address, int *ret_fd, char *ret_error,
                  size_t error_size) CV_USE_RESULT;
/* Where it listens, as a URL; for port 0 the one the system chose. */
void dash_web_url(int fd, char *ret_url, size_t size);
int dash_web_start(const dash_web_options_t *options, dash_web_t **ret_web) CV_USE_RESULT;
void dash_web_stop(dash_web_t **web);

/* ---- between the web files ---- */
struct dash_web {
    dash_web_options_t options;
    struct event_base *base;
    dash_http_t *http;
    dash_mirror_t *mirror;
    dash_stream_t *streams[DASH_STREAMS_MAX];
    size_t streams_n;
    struct event *incoming, *flush, *beat;
    int64_t flush_due_ms; /* mono; 0: none is */
    bool plan_is_known;   /* feeds.c */
    int64_t derived_ms;   /* mono */
    int64_t started_ms;   /* mono */
    unsigned long thread;
    int stop_fd;
    struct event *stop;
};
int64_t dash_web_now(const dash_web_t *web);
/* routes.c */
void dash_web_answer(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request);
/* metrics.c; new references */
dash_text_t *dash_metrics(const dash_web_t *web);
dash_text_t *dash_health(const dash_web_t *web, bool *ret_ready);

#endif
