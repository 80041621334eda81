/* queries: what can be asked, and the state from which a follower can start.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what        key                     gives                                            goes on after
 *   event       event                   its state now                                    -
 *   events      "" or filters           states in the order of ids                       event
 *   history     event                   every state it ever had, oldest first            version
 *   parties, bodies, headings, venues   in the order of codes (headings: dimensions first)   code
 *   turnout     event or event/party    what the parties answered, without names         party
 *
 * Filters of events are joined by '&', each at most once: year=2025&status=open. Names: year, status, line, format,
 * dimension, area, body, proposer, country, venue, group. Everything here is public: plans are no secret and no answer
 * carries a person.
 */
#include "scheduling/handlers.h"
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 256 }; /* octets of a key, as the schema has it */

/* A walk that fills a page, and where to go on when it is full. */
typedef struct {
    cv_collect_t *collect;
    uint16_t type;
    cv_str_t subject; /* ptr NULL: the row's key */
    char last[KEY_MAX + 1];
    cv_any_t *room; /* one decoded record; too large for the stack of a deep call */
} page_t;

static int collect_row(void *self, const sch_row_t *row)
{
    page_t *page = self;
    int rc = sch_store_unpack(page->type, row->data, page->room);
    if (!rc) rc = cv_collect_put(page->collect, page->type, page->subject.ptr ? page->subject : row->key, row->at_ms, page->room);
    return rc ? rc : cv_str_copy(row->key, page->last, sizeof page->last);
}

static int collect_turnout(void *self, const sch_turnout_t *turnout)
{
    page_t *page = self;
    int rc = cv_collect_put(page->collect, CV_MSG_REGISTRATION_DELEGATION_V1, turnout->event, 0, turnout);
    return rc ? rc : cv_str_copy(turnout->party, page->last, sizeof page->last);
}

/* A full page is no failure: the caller is told where to go on. */
static int finish(page_t *page, int rc)
{
    if (rc != CV_ELIMIT || !page->last[0]) return rc;
    cv_collect_next(page->collect, cv_str(page->last));
    return CV_OK;
}

/* ---- filters ---------------------------------------------------------------------------- */

static int parse_year(cv_str_t text, int64_t *ret_year)
{
    char digits[5];
    if (text.len != 4 || cv_str_copy(text, digits, sizeof digits)) return CV_EINVAL;
    char *end;
    long year = strtol(digits, &end, 10);
    if (*end || year <= 0) return CV_EINVAL;
    *ret_year = year;
    return CV_OK;
}

static int parse_filter(cv_str_t name, cv_str_t value, sch_filter_t *filter)
{
    const struct {
        const char *name;
        cv_str_t *text;
    } texts[] = {
        {"dimension", &filter->dimension}, {"area", &filter->area},   {"body", &filter->body},   {"proposer", &filter->proposer},
        {"country", &filter->country},     {"venue", &filter->venue}, {"group", &filter->group},
    };
    if (!value.len) return CV_EINVAL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        if (!cv_str_is(name, texts[i].name)) continue;
        if (texts[i].text->ptr) return CV_EINVAL;
        *texts[i].text = value;
        return CV_OK;
    }
    if (cv_str_is(name, "year")) return filter->plan_year ? CV_EINVAL : parse_year(value, &filter->plan_year);
    if (cv_str_is(name, "status") && !filter->status) return (filter->status = cv_event_status_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "line") && !filter->line) return (filter->line = cv_plan_line_parse(value)) ? CV_OK : CV_EINVAL;
    if (cv_str_is(name, "format") && !filter->format) return (filter->format = cv_event_format_parse(value)) ? CV_OK : CV_EINVAL;
    return CV_EINVAL;
}

/* "year=2025&status=open" */
static int parse_filters(cv_str_t key, sch_filter_t *ret_filter)
{
    sch_filter_t filter = {0};
    const char *at = key.ptr, *end = key.ptr ? key.ptr + key.len : NULL;
    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        const char *eq = memchr(at, '=', (size_t)(stop - at));
        if (!eq) return CV_EINVAL;
        int rc = parse_filter((cv_str_t){at, (size_t)(eq - at)}, (cv_str_t){eq + 1, (size_t)(stop - eq - 1)}, &filter);
        if (rc) return rc;
        at = amp ? amp + 1 : end;
    }
    *ret_filter = filter;
    return CV_OK;
}

/* ---- queries ---------------------------------------------------------------------------- */

static int query_event(sch_service_t *service, cv_tx_t *tx, cv_str_t key, page_t *page)
{
    cv_scheduling_event_v1_t *event = &page->room->scheduling_event_v1;
    if (!key.ptr) return CV_EINVAL;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), key, event);
    return rc ? rc : cv_collect_put(page->collect, CV_MSG_SCHEDULING_EVENT_V1, event->event, 0, event);
}

static int query_events(sch_service_t *service, const cv_log_query_v1_t *query, page_t *page)
{
    sch_filter_t filter;
    int rc = parse_filters(query->key, &filter);
    page->type = CV_MSG_SCHEDULING_EVENT_V1;
    return rc ? rc : finish(page, sch_event_walk(service->store, &filter, query->after, collect_row, page));
}

static int query_history(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, page_t *page)
{
    int64_t after = 0;
    for (size_t i = 0; i < query->after.len; ++i) {
        char c = query->after.ptr[i];
        if (c < '0' || c > '9' || i >= 16) return CV_EINVAL;
        after = after * 10 + (c - '0');
    }
    if (!query->key.ptr) return CV_EINVAL;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), query->key, &page->room->scheduling_event_v1);
    if (rc) return rc;
    page->type = CV_MSG_SCHEDULING_EVENT_V1;
    page->subject = query->key;
    return finish(page, sch_history_walk(service->store, query->key, after, collect_row, page));
}

static int query_turnout(sch_service_t *service, cv_tx_t *tx, const cv_log_query_v1_t *query, page_t *page)
{
    cv_str_t event = query->key, party = CV_STR_NONE;
    if (!event.ptr) return CV_EINVAL;
    const char *slash = memchr(event.ptr, '/', event.len);
    if (slash) {
        party = (cv_str_t){slash + 1, event.len - (size_t)(slash - event.ptr) - 1};
        event.len = (size_t)(slash - event.ptr);
    }
    int rc = sch_event_get(service->store, cv_tx_arena(tx), event, &page->room->scheduling_event_v1);
    if (rc) return rc;
    if (!party.ptr) return finish(page, sch_turnout_walk(service->store, event, query->after, collect_turnout, page));
    rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, party, NULL);
    if (rc) return rc;
    sch_turnout_t turnout; /* of a party that said nothing: answer none */
    rc = sch_turnout_get(service->store, event, party, &turnout);
    if (rc && rc != CV_ENOTFOUND) return rc;
    return collect_turnout(page, &turnout);
}

static const struct {
    const char *what;
    sch_ref_t ref;
    uint16_t type;
} REFS[] = {
    {"parties", SCH_PARTY, CV_MSG_SCHEDULING_PARTY_V1},
    {"bodies", SCH_BODY, CV_MSG_SCHEDULING_BODY_V1},
    {"headings", SCH_HEADING, CV_MSG_SCHEDULING_HEADING_V1},
    {"venues", SCH_VENUE, CV_MSG_SCHEDULING_VENUE_V1},
};
#define REFS_N (sizeof REFS / sizeof *REFS)

int sch_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    sch_service_t *service = self;
    page_t page = {.collect = collect, .room = cv_arena_take(cv_tx_arena(tx), sizeof(cv_any_t))};
    if (!page.room) return CV_ENOMEM;
    if (cv_str_is(query->what, "event")) return query_event(service, tx, query->key, &page);
    if (cv_str_is(query->what, "events")) return query_events(service, query, &page);
    if (cv_str_is(query->what, "history")) return query_history(service, tx, query, &page);
    if (cv_str_is(query->what, "turnout")) return query_turnout(service, tx, query, &page);
    for (size_t i = 0; i < REFS_N; ++i) {
        if (!cv_str_is(query->what, REFS[i].what)) continue;
        page.type = REFS[i].type;
        return finish(&page, sch_ref_walk(service->store, REFS[i].ref, query->after, collect_row, &page));
    }
    return CV_EINVAL;
}

int sch_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect)
{
    sch_service_t *service = self;
    const sch_filter_t all = {0};
    page_t page = {.collect = collect, .room = cv_arena_take(cv_tx_arena(tx), sizeof(cv_any_t))};
    if (!page.room) return CV_ENOMEM;
    if (stream != SCH_STREAM_EVENTS) return CV_EINVAL;
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < REFS_N; ++i) {
        page.type = REFS[i].type;
        rc = sch_ref_walk(service->store, REFS[i].ref, CV_STR_NONE, collect_row, &page);
    }
    page.type = CV_MSG_SCHEDULING_EVENT_V1;
    return rc ? rc : sch_event_walk(service->store, &all, CV_STR_NONE, collect_row, &page);
}
