/* metrics: what Prometheus and whoever supervises this process ask.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_view.h"
#include "dashboard/web.h"

#include "convene/ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { METRICS_MAX = 4 * 1024 * 1024 };

static void s_head(cv_buf_t *buf, const char *name, const char *type, const char *help)
{
    cv_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void s_services(cv_buf_t *buf, const dash_web_t *web)
{
    const char *name;
    json_t *service, *one;
    size_t i;
    const json_t *services = dash_mirror_kind(web->mirror, "service");
    s_head(buf, "convene_up", "gauge", "Whether the service answered when it was asked last.");
    json_object_foreach((json_t *)services, name, service)
    {
        cv_buf_printf(buf, "convene_up{service=\"%s\"} %d\n", name, json_is_true(json_object_get(service, "up")));
    }
    s_head(buf, "convene_lag_records", "gauge", "Records of a stream that the service has not applied yet.");
    json_object_foreach((json_t *)services, name, service)
    {
        json_array_foreach(json_object_get(service, "follows"), i, one)
            cv_buf_printf(buf, "convene_lag_records{service=\"%s\",stream=\"%s\"} %" PRId64 "\n", name,
                          dash_str(one, "stream"), dash_int(one, "lag"));
    }
    s_head(buf, "convene_head", "gauge", "Sequence of the newest record of a stream.");
    json_object_foreach((json_t *)services, name, service)
    {
        json_array_foreach(json_object_get(service, "streams"), i, one) cv_buf_printf(
            buf, "convene_head{stream=\"%s\"} %" PRId64 "\n", dash_str(one, "name"), dash_int(one, "head"));
    }
    s_head(buf, "convene_service_total", "counter", "What a service has counted since it was started.");
    json_object_foreach((json_t *)dash_mirror_kind(web->mirror, "counters"), name, service)
    {
        json_array_foreach(json_object_get(service, "counters"), i, one)
            cv_buf_printf(buf, "convene_service_total{service=\"%s\",what=\"%s\"} %" PRId64 "\n", name,
                          dash_str(one, "name"), dash_int(one, "value"));
    }
}

static void s_seats(cv_buf_t *buf, const dash_web_t *web)
{
    static const char *const columns[] = {"capacity", "confirmed", "offered", "guaranteed_held",
                                          "free",     "waiting",   "online"};
    const char *event;
    json_t *seats;
    s_head(buf, "convene_seats", "gauge", "Seats of an event, by what they are.");
    json_object_foreach((json_t *)dash_mirror_kind(web->mirror, "seats"), event, seats)
    {
        for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
            cv_buf_printf(buf, "convene_seats{event=\"%s\",state=\"%s\"} %" PRId64 "\n", event, columns[i],
                          dash_int(seats, columns[i]));
    }
}

static void s_delivery(cv_buf_t *buf, const dash_web_t *web)
{
    const json_t *delivery = dash_mirror_get(web->mirror, "delivery", "all");
    const json_t *channels = json_object_get(delivery, "channels");
    int64_t now_ms = dash_web_now(web);
    json_t *one;
    size_t i;
    s_head(buf, "convene_dispatches_open", "gauge", "Mail and webhook posts that wait or are being sent.");
    json_array_foreach(channels, i, one) cv_buf_printf(buf, "convene_dispatches_open{channel=\"%s\"} %" PRId64 "\n",
                                                       dash_str(one, "channel"), dash_int(one, "open"));
    s_head(buf, "convene_dispatches_oldest_seconds", "gauge", "How old the notice of the first of them is; 0: none.");
    json_array_foreach(channels, i, one)
    {
        int64_t oldest_ms = dash_int(one, "oldest_ms"), age_ms = oldest_ms ? now_ms - oldest_ms : 0;
        cv_buf_printf(buf, "convene_dispatches_oldest_seconds{channel=\"%s\"} %" PRId64 "\n", dash_str(one, "channel"),
                      age_ms > 0 ? age_ms / 1000 : 0);
    }
    s_head(buf, "convene_dispatches_dead", "gauge", "Dead letters: those that were given up.");
    json_array_foreach(channels, i, one) cv_buf_printf(buf, "convene_dispatches_dead{channel=\"%s\"} %" PRId64 "\n",
                                                       dash_str(one, "channel"), dash_int(one, "dead"));
    s_head(buf, "convene_attempts_total", "counter",
           "Attempts at them since the service was started, by what came of it.");
    json_array_foreach(json_object_get(delivery, "attempts"), i, one)
        cv_buf_printf(buf, "convene_attempts_total{channel=\"%s\",result=\"%s\"} %" PRId64 "\n",
                      dash_str(one, "channel"), dash_str(one, "result"), dash_int(one, "n"));
    s_head(buf, "convene_notices_unseen", "gauge", "Notices with a deadline ahead that nobody of their party has got.");
    if (delivery)
        cv_buf_printf(buf, "convene_notices_unseen %" PRId64 "\n", dash_int(delivery, "unseen"));
    s_head(buf, "convene_contacts", "gauge", "Contacts of which there is something to say, by state.");
    json_array_foreach(json_object_get(delivery, "contacts"), i, one)
        cv_buf_printf(buf, "convene_contacts{state=\"%s\"} %" PRId64 "\n", dash_str(one, "state"), dash_int(one, "n"));
    s_head(buf, "convene_bounces_total", "counter",
           "What came back of mails since the service was started, by what it was.");
    json_array_foreach(json_object_get(delivery, "bounces"), i, one) cv_buf_printf(
        buf, "convene_bounces_total{what=\"%s\"} %" PRId64 "\n", dash_str(one, "what"), dash_int(one, "n"));
    s_head(buf, "convene_destinations_left_alone", "gauge", "Destinations that failed several times in a row.");
    if (delivery)
        cv_buf_printf(buf, "convene_destinations_left_alone %" PRId64 "\n", dash_int(delivery, "left_alone"));
}

static void s_one(cv_buf_t *buf, const char *name, const char *type, const char *help, int64_t value)
{
    s_head(buf, name, type, help);
    cv_buf_printf(buf, "%s %" PRId64 "\n", name, value);
}

dash_text_t *dash_metrics(const dash_web_t *web)
{
    cv_buf_t buf;
    const json_t *now = dash_mirror_get(web->mirror, "now", "all");
    dash_http_counts_t counts = dash_http_counts(web->http);
    int64_t oldest_ms = dash_int(now, "oldest_unsent_ms"), now_ms = dash_web_now(web);
    cv_buf_init(&buf, METRICS_MAX);
    s_services(&buf, web);
    s_seats(&buf, web);
    s_delivery(&buf, web);
    s_one(&buf, "convene_notices_unsent", "gauge", "Notices that wait to leave.", dash_int(now, "unsent"));
    s_one(&buf, "convene_notices_failed", "gauge", "Notices that were given up.", dash_int(now, "failed"));
    s_one(&buf, "convene_notices_dead", "gauge", "Notices that a mail server or a webhook did not take.",
          dash_int(now, "dead"));
    s_one(&buf, "convene_notices_oldest_unsent_seconds", "gauge", "How long the oldest of them waits; 0: none does.",
          oldest_ms ? (now_ms - oldest_ms) / 1000 : 0);
    s_one(&buf, "convene_attention", "gauge", "Things that need somebody.",
          (int64_t)json_array_size(dash_mirror_get(web->mirror, "attention", "all")));
    s_one(&buf, "convene_dashboard_version", "gauge", "Changes of the view since the start.",
          (int64_t)dash_mirror_version(web->mirror));
    s_one(&buf, "convene_dashboard_requests_total", "counter", "HTTP requests.", (int64_t)counts.requests);
    s_one(&buf, "convene_dashboard_refused_total", "counter",
          "HTTP requests that were refused before a route was looked for.", (int64_t)counts.refused);
    s_one(&buf, "convene_dashboard_streams", "gauge", "Streams open now.", (int64_t)counts.streams);
    s_one(&buf, "convene_dashboard_streams_opened_total", "counter", "Streams opened.", (int64_t)counts.streams_opened);
    s_one(&buf, "convene_dashboard_streams_cut_total", "counter",
          "Streams cut, because their client fell behind or said something.", (int64_t)counts.streams_cut);
    s_one(&buf, "convene_dashboard_connections", "gauge", "Connections open now.", (int64_t)counts.connections);
    s_one(&buf, "convene_dashboard_connections_cut_total", "counter",
          "Connections cut, because no whole request came in time.", (int64_t)counts.young_cut);
    return dash_text_of(&buf);
}

dash_text_t *dash_health(const dash_web_t *web, bool *ret_ready)
{
    const json_t *own = dash_mirror_get(web->mirror, "service", "dashboard"),
                 *now = dash_mirror_get(web->mirror, "now", "all");
    int64_t age_ms = dash_web_now(web) - dash_int(own, "checked_ms");
    bool ready =
        dash_mirror_is_whole(web->mirror) && json_is_true(json_object_get(own, "up")) && age_ms < DASH_READY_MS;
    json_t *health =
        json_pack("{s:s, s:b, s:b, s:I, s:I, s:I, s:I}", "schema", "convene.dashboard.health.v1", "ready", ready,
                  "whole", dash_mirror_is_whole(web->mirror), "services", (json_int_t)dash_int(now, "services"),
                  "services_up", (json_int_t)dash_int(now, "services_up"), "lag", (json_int_t)dash_int(now, "lag"),
                  "uptime_ms", (json_int_t)(cv_clock_mono_ms() - web->started_ms));
    char *text = health ? json_dumps(health, JSON_COMPACT) : NULL;
    dash_text_t *body = text ? dash_text_new(cv_str(text)) : NULL;
    free(text);
    json_decref(health);
    *ret_ready = ready;
    return body;
}
