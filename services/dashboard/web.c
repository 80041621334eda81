/* web: see web.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/web.h"

#include "dashboard/feeds.h"

#include "convene/ids.h"
#include "convene/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 512, BATCHES_AT_ONCE = 64 };

/* ---- the address ------------------------------------------------------------------------------- */

static int s_find(const char *setting, const char *address, struct addrinfo **ret_found, char *ret_error,
                  size_t error_size)
{
    char host[128] = "";
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : 0;
    bool bracket = len > 2 && address[0] == '[' && address[len - 1] == ']';
    /* getaddrinfo takes 99999 for 34463. */
    bool port = colon && colon[1] && strlen(colon + 1) == strspn(colon + 1, "0123456789") && strlen(colon + 1) < 6 &&
                strtol(colon + 1, NULL, 10) <= 65535;
    if (!port || cv_str_copy((cv_str_t){address + bracket, len - 2 * bracket}, host, sizeof(host)) || !*host ||
        getaddrinfo(host, colon + 1, &hints, ret_found)) {
        (void)snprintf(ret_error, error_size,
                       "%s = %s: not a numeric address with a port, for instance 127.0.0.1:24180; or none", setting,
                       address);
        return CV_EINVAL;
    }
    return CV_OK;
}

int dash_web_check(const char *setting, const char *address, char *ret_error, size_t error_size)
{
    struct addrinfo *found = NULL;
    int rc = s_find(setting, address, &found, ret_error, error_size);
    if (!rc)
        freeaddrinfo(found);
    return rc;
}

int dash_web_bind(const char *setting, const char *address, int *ret_fd, char *ret_error, size_t error_size)
{
    struct addrinfo *found = NULL;
    int rc = s_find(setting, address, &found, ret_error, error_size);
    if (rc)
        return rc;
    int one = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, BACKLOG)) {
        int why = errno;
        (void)snprintf(ret_error, error_size, "%s = %s: cannot listen there: %s", setting, address, strerror(why));
        if (fd >= 0)
            close(fd);
        freeaddrinfo(found);
        return why == EADDRINUSE ? CV_ELOCKED : CV_EINVAL;
    }
    freeaddrinfo(found);
    *ret_fd = fd;
    return CV_OK;
}

void dash_web_url(int fd, char *ret_url, size_t size)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    ret_url[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &len) ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return;
    bool six = strchr(host, ':') != NULL;
    (void)snprintf(ret_url, size, "http://%s%s%s:%s/", six ? "[" : "", host, six ? "]" : "", port);
}

/* ---- streams ------------------------------------------------------------------------------------ */

int64_t dash_web_now(const dash_web_t *web)
{
    return cv_clock_wall_ms() + web->options.clock_offset_ms;
}

static void s_on_stream_end(void *self, dash_stream_t *stream)
{
    dash_web_t *web = self;
    size_t index = dash_http_stream_index(stream);
    if (index >= web->streams_n || web->streams[index] != stream)
        return; /* cut with the first that was sent */
    web->streams[index] = web->streams[--web->streams_n];
    dash_http_stream_tag(web->streams[index], index);
}

static void s_tell_all(dash_web_t *web, dash_text_t *text)
{
    for (size_t i = web->streams_n; i-- > 0;) /* from the end: one that is cut is replaced by one that was told */
        (void)dash_http_stream_send(web->streams[i], text);
}

/* ---- what comes ------------------------------------------------------------------------------------ */

static void s_failed(const char *what, int rc)
{
    cv_log(CV_LOG_ERROR, "web_failed", cv_kv_text("what", what), cv_kv_rc(rc));
}

/* In wait_ms at the latest: one that is due before stays as it is, however much comes meanwhile. */
static void s_set_flush(dash_web_t *web, int64_t wait_ms)
{
    const struct timeval wait = {.tv_usec = (suseconds_t)(wait_ms * 1000)};
    int64_t due_ms = cv_clock_mono_ms() + wait_ms;
    if (web->flush_due_ms && web->flush_due_ms <= due_ms)
        return;
    web->flush_due_ms = due_ms;
    (void)event_add(web->flush, &wait); /* in place of a later one */
}

static void s_on_flush(evutil_socket_t fd, short what, void *arg)
{
    dash_web_t *web = arg;
    dash_text_t *delta = NULL;
    (void)fd;
    (void)what;
    web->flush_due_ms = 0;
    int64_t mono_ms = cv_clock_mono_ms(), now_ms = dash_web_now(web);
    int rc = CV_OK;
    bool due = mono_ms - web->derived_ms >= DASH_DERIVE_MS;
    if (due) {
        rc = dash_mirror_derive(web->mirror, now_ms);
        web->derived_ms = mono_ms;
    }
    if (!rc)
        rc = dash_mirror_flush(web->mirror, now_ms, &delta);
    if (rc)
        s_failed("delta", rc);
    if (delta)
        s_tell_all(web, delta);
    if (delta && !due)
        s_set_flush(web, DASH_DERIVE_MS); /* what follows from it is told a little later */
}

static void s_on_incoming(evutil_socket_t fd, short what, void *arg)
{
    dash_web_t *web = arg;
    dash_batch_t *batch;
    (void)fd;
    (void)what;
    for (int n = 0; n < BATCHES_AT_ONCE && (batch = dash_link_take(web->options.link)); n++) {
        int rc = dash_mirror_take(web->mirror, batch);
        dash_batch_destroy(&batch);
        if (rc)
            s_failed("batch", rc);
    }
    dash_feed_note(web);
    if (dash_mirror_changed(web->mirror))
        s_set_flush(web, DASH_FLUSH_MS);
}

static void s_on_beat(evutil_socket_t fd, short what, void *arg)
{
    dash_web_t *web = arg;
    dash_text_t *beat = dash_mirror_beat(dash_web_now(web));
    (void)fd;
    (void)what;
    if (beat)
        s_tell_all(web, beat);
    dash_text_drop(beat);
    const json_t *proof;
    if (dash_mirror_is_whole(web->mirror) && dash_mirror_prove(web->mirror, &proof))
        s_failed("proof", CV_ENOMEM);
    if (dash_mirror_derive(web->mirror, dash_web_now(web)) == CV_OK && dash_mirror_changed(web->mirror))
        s_set_flush(web, DASH_FLUSH_MS); /* time alone changed what needs attention */
}

static void s_on_request(void *self, dash_exchange_t *exchange, const dash_request_t *request)
{
    dash_web_answer(self, exchange, request);
}

static void s_on_stop(evutil_socket_t fd, short what, void *arg)
{
    dash_web_t *web = arg;
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(web->base);
}

/* ---- life --------------------------------------------------------------------------------------- */

static void *s_run(void *arg)
{
    dash_web_t *web = arg;
    (void)event_base_dispatch(web->base);
    return NULL;
}

/* As many streams as this process may have files. */
static size_t s_connections_max(void)
{
    struct rlimit limit;
    const rlim_t wanted = DASH_STREAMS_MAX + DASH_HTTP_YOUNG_MAX + DASH_FILES_APART;
    if (getrlimit(RLIMIT_NOFILE, &limit))
        return DASH_FILES_APART;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    rlim_t files = limit.rlim_cur < wanted ? limit.rlim_cur : wanted;
    return files > 2 * DASH_FILES_APART ? (size_t)files - DASH_FILES_APART : DASH_FILES_APART;
}

static void s_free(dash_web_t *web)
{
    struct event *events[] = {web->incoming, web->flush, web->beat, web->stop};
    dash_http_destroy(&web->http);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i])
            event_free(events[i]);
    if (web->base)
        event_base_free(web->base);
    dash_mirror_destroy(&web->mirror);
    if (web->stop_fd >= 0)
        close(web->stop_fd);
    free(web);
}

static int s_open(dash_web_t *web)
{
    const struct timeval beat = {.tv_sec = DASH_BEAT_MS / 1000};
    size_t connections_max = s_connections_max();
    size_t streams_max =
        connections_max > 2 * DASH_HTTP_YOUNG_MAX ? connections_max - DASH_HTTP_YOUNG_MAX : connections_max / 2;
    const dash_http_options_t options = {.self = web,
                                         .on_request = s_on_request,
                                         .on_stream_end = s_on_stream_end,
                                         .connections_max = connections_max,
                                         .streams_max =
                                             streams_max < DASH_STREAMS_MAX ? streams_max : DASH_STREAMS_MAX};
    int rc = dash_mirror_new(&web->mirror);
    web->base = event_base_new();
    web->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (rc || !web->base || web->stop_fd < 0)
        return CV_ENOMEM;
    web->incoming = event_new(web->base, dash_link_fd(web->options.link), EV_READ | EV_PERSIST, s_on_incoming, web);
    web->flush = event_new(web->base, -1, 0, s_on_flush, web);
    web->beat = event_new(web->base, -1, EV_PERSIST, s_on_beat, web);
    web->stop = event_new(web->base, web->stop_fd, EV_READ, s_on_stop, web);
    if (!web->incoming || !web->flush || !web->beat || !web->stop || event_add(web->incoming, NULL) ||
        event_add(web->beat, &beat) || event_add(web->stop, NULL))
        return CV_ENOMEM;
    return dash_http_listen(web->base, web->options.listen_fd, &options, &web->http);
}

int dash_web_start(const dash_web_options_t *options, dash_web_t **ret_web)
{
    dash_web_t *web = calloc(1, sizeof(*web));
    pthread_t thread;
    if (!web) {
        close(options->listen_fd);
        return CV_ENOMEM;
    }
    web->options = *options;
    web->started_ms = cv_clock_mono_ms();
    int rc = s_open(web);
    if (rc && !web->http)
        close(options->listen_fd);
    if (!rc && pthread_create(&thread, NULL, s_run, web))
        rc = CV_ENOMEM;
    if (rc) {
        s_free(web);
        return rc;
    }
    web->thread = thread;
    *ret_web = web;
    return CV_OK;
}

void dash_web_stop(dash_web_t **web)
{
    uint64_t one = 1;
    if (!*web)
        return;
    (void)!write((*web)->stop_fd, &one, sizeof(one));
    pthread_join((*web)->thread, NULL);
    s_free(*web);
    *web = NULL;
}
