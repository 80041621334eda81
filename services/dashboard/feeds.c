/* feeds: see feeds.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   200   the calendar, with ETag (of its octets), Last-Modified (of its newest entry) and leave to keep it a while
 *   304   it is what the reader has, by If-None-Match
 *   404   there is no such calendar. Not an empty one: a program that subscribes would delete all it has
 *   503   since its start the dashboard was not seen to have heard all that scheduling said, or it takes a snapshot of
 *         that, or there is no memory: for the same reason. Later it may fall behind, as the page does; what it has then
 *         is old, and not a part
 */
#include "dashboard/feeds.h"

#include "dashboard/calendar.h"
#include "dashboard/core_view.h"
#include "dashboard/reply.h"

#include <event2/util.h>
#include <string.h>
#include <time.h>

enum { DATE_MAX = 40 };

static const char s_none[] =
    "there is no such calendar: /calendar.ics, and /calendar/KIND/CODE.ics with dimension, body, "
    "party, plan (2026 or 2026-cbm) or event for KIND\n";

/* "/party/KZ.ics" */
static bool s_read(const char *rest, dash_feed_t *ret_feed, char *ret_code, size_t size)
{
    static const struct {
        const char *prefix;
        dash_feed_t feed;
    } feeds[] = {{"/dimension/", DASH_FEED_DIMENSION},
                 {"/body/", DASH_FEED_BODY},
                 {"/party/", DASH_FEED_PARTY},
                 {"/plan/", DASH_FEED_PLAN},
                 {"/event/", DASH_FEED_EVENT}};
    size_t len = strlen(rest);
    *ret_feed = DASH_FEED_ALL;
    if (strcmp(rest, ".ics") == 0)
        return true;
    for (size_t i = 0; i < sizeof(feeds) / sizeof(feeds[0]); i++) {
        size_t before = strlen(feeds[i].prefix);
        if (strncmp(rest, feeds[i].prefix, before) != 0 || len <= before + 4 || strcmp(rest + len - 4, ".ics") != 0)
            continue;
        *ret_feed = feeds[i].feed;
        return cv_str_copy((cv_str_t){rest + before, len - before - 4}, ret_code, size) == CV_OK;
    }
    return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static void s_http_date(int64_t ms, char ret_text[DATE_MAX])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm = {0};
    (void)gmtime_r(&seconds, &tm);
    (void)evutil_date_rfc1123(ret_text, DATE_MAX, &tm);
}

static const char *s_follow_state(const dash_web_t *web)
{
    const json_t *follow;
    size_t i;
    json_array_foreach(json_object_get(dash_mirror_get(web->mirror, "service", "dashboard"), "follows"), i, follow)
    {
        if (strcmp(dash_str(follow, "stream"), "scheduling.events") == 0)
            return dash_str(follow, "state");
    }
    return "";
}

void dash_feed_note(dash_web_t *web)
{
    if (!web->plan_is_known)
        web->plan_is_known = dash_mirror_is_whole(web->mirror) && strcmp(s_follow_state(web), "live") == 0;
}

void dash_feed_answer(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request, const char *rest)
{
    static const char *const later[] = {"Retry-After", "5", "Cache-Control", "no-store", NULL};
    dash_feed_t feed;
    char code[DASH_KEY_MAX] = "", etag[DASH_ETAG_MAX], date[DATE_MAX];
    int64_t at_ms = 0;
    if (!s_read(rest, &feed, code, sizeof(code))) {
        dash_say(exchange, 404, NULL, s_none);
        return;
    }
    if (!web->plan_is_known || strcmp(s_follow_state(web), "snapshot") == 0) {
        dash_say(exchange, 503, later, "this dashboard does not know the plan yet; try again\n");
        return;
    }
    if (!dash_calendar_known(web->mirror, feed, code)) {
        dash_say(exchange, 404, NULL, s_none);
        return;
    }
    dash_text_t *body = dash_calendar(web->mirror, feed, *code ? code : NULL, &at_ms);
    if (!body) {
        dash_say(exchange, 503, later, "out of memory; try again\n");
        return;
    }
    dash_etag_of(dash_text_bytes(body), etag);
    s_http_date(at_ms, date);
    const char *const headers[] = {
        "ETag", etag, "Cache-Control", "private, max-age=900", at_ms ? "Last-Modified" : NULL, date, NULL};
    bool same = dash_etag_matches(request->if_none_match, etag);
    dash_http_reply(exchange, same ? 304 : 200, "text/calendar; charset=utf-8", headers, same ? NULL : body);
    dash_text_drop(body);
}
