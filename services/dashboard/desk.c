/* desk: the thread, and its questions. See desk.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/desk.h"

#include "convene/ids.h"
#include "convene/log.h"
#include "dashboard/json.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PAGES_MAX = 200, PAGE_LIMIT = 500, SAY_AGAIN_MS = 60000 };

void dash_desk_say_closed(dash_desk_t *desk, const char *why)
{
    int64_t mono_ms = cv_clock_mono_ms();
    if (desk->said_ms && mono_ms - desk->said_ms < SAY_AGAIN_MS)
        return;
    desk->said_ms = mono_ms;
    cv_log(CV_LOG_WARN, "desk_closed", cv_kv_text("reason", why));
}

void dash_desk_say_refused(dash_desk_t *desk, const char *peer, const char *why)
{
    int64_t mono_ms = cv_clock_mono_ms();
    if (desk->refused_ms && mono_ms - desk->refused_ms < SAY_AGAIN_MS)
        return;
    desk->refused_ms = mono_ms;
    cv_log(CV_LOG_WARN, "proxy_refused", cv_kv_text("peer", peer), cv_kv_text("reason", why));
}

int64_t dash_desk_now(const dash_desk_t *desk)
{
    return cv_clock_wall_ms() + desk->options.clock_offset_ms;
}

/* ---- questions --------------------------------------------------------------------------------------- */

/* The client, when its key is there. */
static int s_connect(dash_desk_t *desk, char *ret_why, size_t why_size)
{
    if (desk->client)
        return CV_OK;
    if (cv_client_open(&desk->options.client, &desk->client, ret_why, why_size) == CV_OK)
        return CV_OK;
    dash_desk_say_closed(desk, ret_why);
    return CV_EUNAVAIL;
}

static int s_take_page(dash_desk_t *desk, const cv_log_page_v1_t *page, json_t *list)
{
    for (size_t i = 0; i < page->records.n; i++) {
        cv_msg_t msg;
        int rc = cv_msg_read(desk->reader, cv_records_at(&page->records, i), &msg, NULL);
        if (!rc && json_array_append_new(list, dash_json_of(msg.data)))
            rc = CV_ENOMEM;
        if (rc)
            return rc;
    }
    return CV_OK;
}

int dash_desk_ask(dash_desk_t *desk, const char *service, const char *what, const char *key, const char *on_behalf_of,
                  json_t **ret_list, char *ret_why, size_t why_size)
{
    char after[CV_MAX_ATTRIBUTE + 1] = "";
    bool last = false;
    int rc = s_connect(desk, ret_why, why_size);
    json_t *list = json_array();
    if (!rc && !list)
        rc = CV_ENOMEM;
    for (int i = 0; !rc && !last && i < PAGES_MAX; i++) {
        cv_log_query_v1_t query = {.what = cv_str(what), .has_limit = true, .limit = PAGE_LIMIT};
        query.key = key ? cv_str(key) : CV_STR_NONE;
        query.after = after[0] ? cv_str(after) : CV_STR_NONE;
        query.on_behalf_of = on_behalf_of ? cv_str(on_behalf_of) : CV_STR_NONE;
        cv_reply_t *reply = NULL;
        rc = cv_client_ask(desk->client, service, CV_MSG_LOG_QUERY_V1, &query, DASH_DESK_WAIT_MS, &reply);
        if (rc)
            break;
        const cv_log_page_v1_t *page = reply->msg.info->number == CV_MSG_LOG_PAGE_V1 ? reply->data : NULL;
        rc = page ? s_take_page(desk, page, list) : CV_EMALFORMED;
        last = page && page->last;
        if (!rc && !last)
            rc = page->next.ptr ? cv_str_copy(page->next, after, sizeof(after)) : CV_EMALFORMED;
        cv_reply_destroy(&reply);
    }
    if (!rc && !last)
        rc = CV_ELIMIT; /* half a list is none */
    if (rc) {
        if (rc != CV_EUNAVAIL || desk->client)
            (void)snprintf(ret_why, why_size, "%s: %s", service, cv_error_text(rc));
        json_decref(list);
        return rc;
    }
    *ret_list = list;
    return CV_OK;
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void s_on_request(void *self, dash_exchange_t *exchange, const dash_request_t *request)
{
    dash_desk_answer(self, exchange, request);
}

static void s_on_stream_end(void *self, dash_stream_t *stream)
{
    (void)self;
    (void)stream; /* there is none here */
}

static void s_on_stop(evutil_socket_t fd, short what, void *arg)
{
    dash_desk_t *desk = arg;
    (void)fd;
    (void)what;
    event_base_loopbreak(desk->base);
}

static void *s_run(void *arg)
{
    dash_desk_t *desk = arg;
    (void)event_base_dispatch(desk->base);
    cv_client_close(&desk->client); /* in the thread that opened them */
    dash_sessions_close(&desk->sessions);
    return NULL;
}

static void s_free(dash_desk_t *desk)
{
    dash_http_destroy(&desk->http);
    if (desk->stop)
        event_free(desk->stop);
    if (desk->base)
        event_base_free(desk->base);
    cv_client_close(&desk->client);
    cv_reader_destroy(&desk->reader);
    cv_principals_destroy(&desk->principals);
    if (desk->stop_fd >= 0)
        close(desk->stop_fd);
    free(desk);
}

static int s_open(dash_desk_t *desk)
{
    const dash_http_options_t options = {.self = desk,
                                         .on_request = s_on_request,
                                         .on_stream_end = s_on_stream_end,
                                         .connections_max = DASH_DESK_CONNECTIONS};
    desk->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    desk->base = event_base_new();
    desk->reader = cv_reader_new();
    if (desk->stop_fd < 0 || !desk->base || !desk->reader)
        return CV_ENOMEM;
    desk->stop = event_new(desk->base, desk->stop_fd, EV_READ, s_on_stop, desk);
    if (!desk->stop || event_add(desk->stop, NULL))
        return CV_ENOMEM;
    return dash_http_listen(desk->base, desk->options.listen_fd, &options, &desk->http);
}

int dash_desk_start(const dash_desk_options_t *options, dash_desk_t **ret_desk)
{
    dash_desk_t *desk = calloc(1, sizeof(*desk));
    if (!desk) {
        close(options->listen_fd);
        return CV_ENOMEM;
    }
    desk->options = *options;
    desk->stop_fd = -1;
    int rc = s_open(desk);
    if (rc && !desk->http)
        close(options->listen_fd);
    if (!rc)
        dash_desk_remember(desk);
    pthread_t thread = 0;
    if (!rc && pthread_create(&thread, NULL, s_run, desk))
        rc = CV_ENOMEM;
    desk->thread = thread;
    if (rc) {
        s_free(desk);
        return rc;
    }
    *ret_desk = desk;
    return CV_OK;
}

void dash_desk_stop(dash_desk_t **desk)
{
    uint64_t one = 1;
    if (!*desk)
        return;
    (void)!write((*desk)->stop_fd, &one, sizeof(one));
    pthread_join((*desk)->thread, NULL);
    s_free(*desk);
    *desk = NULL;
}
