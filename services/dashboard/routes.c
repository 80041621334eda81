/* routes: what is at which path.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   /                          the page            /event/ID                  the page of one event
 *   /stream                    Server-Sent Events  /app.js, /live.js ...      the files of the page (assets.h)
 *   /api/view                  everything: {"schema", "version", "now", "proof", "kinds"}, of one instant
 *   /api/proof                 the hash over the view, and the positions of the streams it is of (mirror.h)
 *   /api/KIND[/KEY]            one kind ({"schema", "as_of", KIND: {key: value}}), one entity
 *   /calendar.ics              and /calendar/{dimension,body,party,plan,event}/CODE.ics (feeds.h)
 *   /health                    200 when the view is whole and the dashboard's own service answers, else 503
 *   /metrics                   Prometheus text
 *
 * Pages, data and feeds have an ETag: what did not change is answered 304. The ETag of data is the version of the view,
 * that of a calendar its content.
 */
#include "dashboard/assets.h"
#include "dashboard/core_view.h"
#include "dashboard/feeds.h"
#include "dashboard/page.h"
#include "dashboard/reply.h"
#include "dashboard/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETAG_MAX = 96 };

static const char s_json[] = "application/json; charset=utf-8", s_html[] = "text/html; charset=utf-8";

/* Takes body. etag NULL: not to be kept at all. */
static void s_give(dash_exchange_t *exchange, const dash_request_t *request, int status, const char *type,
                   const char *etag, const char *language, dash_text_t *body)
{
    const char *headers[9] = {"Cache-Control", etag ? "no-cache" : "no-store"};
    size_t n = 2;
    if (!body) {
        dash_say(exchange, 503, NULL, "out of memory; try again\n");
        return;
    }
    if (etag) {
        headers[n++] = "ETag";
        headers[n++] = etag;
    }
    if (language) {
        headers[n++] = "Content-Language";
        headers[n++] = language;
        headers[n++] = "Vary";
        headers[n++] = "Accept-Language";
    }
    headers[n] = NULL;
    bool known = etag && status == 200 && dash_etag_matches(request->if_none_match, etag);
    dash_http_reply(exchange, known ? 304 : status, type, headers, known ? NULL : body);
    dash_text_drop(body);
}

static void s_etag_of_view(const dash_web_t *web, char ret_etag[ETAG_MAX])
{
    (void)snprintf(ret_etag, ETAG_MAX, "W/\"%s-%" PRIu64 "\"", dash_mirror_boot(web->mirror),
                   dash_mirror_version(web->mirror));
}

/* ---- data ------------------------------------------------------------------------------------------ */

static void s_give_json(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request, json_t *document)
{
    char etag[ETAG_MAX], *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    dash_text_t *body = text ? dash_text_new(cv_str(text)) : NULL;
    s_etag_of_view(web, etag);
    s_give(exchange, request, 200, s_json, etag, NULL, body);
    free(text);
    json_decref(document);
}

static void s_api(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request, const char *what)
{
    char kind[32] = "";
    const char *slash = strchr(what, '/');
    size_t len = slash ? (size_t)(slash - what) : strlen(what);
    if (strcmp(what, "view") == 0) {
        const json_t *proof;
        int rc = dash_mirror_prove(web->mirror, &proof);
        json_t *kinds = rc ? NULL : dash_mirror_public(web->mirror);
        s_give_json(web, exchange, request,
                    kinds ? json_pack("{s:s, s:I, s:I, s:O, s:o}", "schema", "convene.dashboard.view.v1", "version",
                                      (json_int_t)dash_mirror_version(web->mirror), "now",
                                      (json_int_t)dash_web_now(web), "proof", proof, "kinds", kinds)
                          : NULL);
        return;
    }
    if (strcmp(what, "proof") == 0) {
        const json_t *proof;
        int rc = dash_mirror_prove(web->mirror, &proof);
        s_give_json(web, exchange, request,
                    rc ? NULL : json_pack("{s:s, s:O}", "schema", "convene.dashboard.proof.v1", "proof", proof));
        return;
    }
    const json_t *all =
        cv_str_copy((cv_str_t){what, len}, kind, sizeof(kind)) ? NULL : dash_mirror_kind(web->mirror, kind);
    const json_t *found = slash ? json_object_get(all, slash + 1) : all;
    if (!found) {
        dash_say(exchange, 404, NULL,
                 slash ? "there is no such thing; /api/KIND lists them\n"
                       : "there is no such kind, or nothing of it; /api/view has all\n");
        return;
    }
    char schema[64];
    (void)snprintf(schema, sizeof(schema), "convene.dashboard.%s.v1", kind);
    s_give_json(web, exchange, request,
                json_pack("{s:s, s:I, s:O}", "schema", schema, "as_of", (json_int_t)dash_web_now(web), kind, found));
}

/* ---- pages ------------------------------------------------------------------------------------------- */

static void s_page(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request, const char *event)
{
    const dash_target_t *target = request->target;
    bool known = true;
    const json_t *proof = dash_mirror_get(web->mirror, "proof", "all");
    if (!proof && dash_mirror_is_whole(web->mirror) && dash_mirror_prove(web->mirror, &proof))
        proof = NULL; /* out of memory: the foot stays empty */
    const dash_page_t page = {.mirror = web->mirror,
                              .language =
                                  dash_language_of(dash_target_parameter(target, "lang"), request->accept_language),
                              .dimension = dash_target_parameter(target, "dimension"),
                              .party = dash_target_parameter(target, "party"),
                              .year = dash_target_parameter(target, "year"),
                              .now_ms = dash_web_now(web)};
    dash_text_t *body = event ? dash_page_event(&page, event, &known) : dash_page_main(&page);
    s_give(exchange, request, known ? 200 : 404, s_html, NULL, dash_language_code(page.language), body);
}

/* ---- the stream ----------------------------------------------------------------------------------------- */

static void s_send(void *arg, dash_text_t *delta)
{
    dash_stream_t **stream = arg;
    if (*stream && !dash_http_stream_send(*stream, delta))
        *stream = NULL;
}

static void s_stream(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request)
{
    dash_text_t *start = dash_text_new(CV_STR("retry: 2000\n\n")), *snapshot = NULL;
    dash_stream_t *stream = web->streams_n < DASH_STREAMS_MAX && start ? dash_http_stream_open(exchange) : NULL;
    if (!stream) {
        if (!start || web->streams_n >= DASH_STREAMS_MAX)
            dash_say(exchange, 503, NULL, "too many streams; try again later\n");
        dash_text_drop(start);
        return;
    }
    dash_http_stream_tag(stream, web->streams_n);
    web->streams[web->streams_n++] = stream;
    s_send(&stream, start);
    dash_text_drop(start);
    if (stream && !dash_mirror_since(web->mirror, cv_str(request->last_event_id), s_send, &stream) && stream &&
        dash_mirror_snapshot(web->mirror, dash_web_now(web), &snapshot) == CV_OK)
        s_send(&stream, snapshot);
    dash_text_t *beat = stream ? dash_mirror_beat(dash_web_now(web)) : NULL;
    if (beat)
        s_send(&stream, beat);
    dash_text_drop(beat);
}

/* ---- which ------------------------------------------------------------------------------------------------ */

static bool s_asset(dash_exchange_t *exchange, const dash_request_t *request, const char *path)
{
    for (const dash_asset_t *asset = dash_assets; asset->path; asset++) {
        if (strcmp(path, asset->path) != 0)
            continue;
        char etag[ETAG_MAX];
        const cv_str_t bytes = {(const char *)asset->bytes, asset->len};
        dash_etag_of(bytes, etag);
        s_give(exchange, request, 200, asset->type, etag, NULL, dash_text_new(bytes));
        return true;
    }
    return false;
}

void dash_web_answer(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request)
{
    const char *path = request->target->path;
    bool ready = false;
    if (strcmp(path, "/") == 0)
        s_page(web, exchange, request, NULL);
    else if (strncmp(path, "/event/", 7) == 0)
        s_page(web, exchange, request, path + 7);
    else if (strcmp(path, "/stream") == 0)
        s_stream(web, exchange, request);
    else if (strncmp(path, "/api/", 5) == 0)
        s_api(web, exchange, request, path + 5);
    else if (strncmp(path, "/calendar", 9) == 0)
        dash_feed_answer(web, exchange, request, path + 9);
    else if (strcmp(path, "/metrics") == 0)
        s_give(exchange, request, 200, "text/plain; version=0.0.4; charset=utf-8", NULL, NULL, dash_metrics(web));
    else if (strcmp(path, "/health") == 0) {
        dash_text_t *health = dash_health(web, &ready);
        s_give(exchange, request, ready ? 200 : 503, s_json, NULL, NULL, health);
    } else if (!s_asset(exchange, request, path))
        dash_say(exchange, 404, NULL, "there is nothing here; / is the page\n");
}
