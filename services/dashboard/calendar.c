/* calendar: see calendar.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/calendar.h"

#include "convene/ids.h"
#include "dashboard/calendar_entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is in which feed --------------------------------------------------------------- */

/* Was it ever decided? What the history does not say, because it begins later, it was. */
static bool s_was_decided(const json_t *event)
{
    const json_t *history = json_object_get(event, "history"), *step;
    size_t i;
    if (dash_int(json_array_get(history, 0), "version") != 1)
        return true;
    json_array_foreach(history, i, step)
    {
        cv_calendar_status_t status = dash_entry_status(step);
        if (status == CV_CALENDAR_TENTATIVE || status == CV_CALENDAR_POSTPONED || status == CV_CALENDAR_CONFIRMED)
            return true;
    }
    return false;
}

static bool s_is_public(const json_t *event)
{
    cv_calendar_status_t status = dash_entry_status(event);
    if (status == CV_CALENDAR_CANCELLED)
        return s_was_decided(event);
    return status != CV_CALENDAR_UNDECIDED && status != CV_CALENDAR_REJECTED;
}

/* "2026" or "2026-cbm". */
static bool s_is_of_plan(const json_t *event, const char *code)
{
    char year[24], plan[80];
    (void)snprintf(year, sizeof(year), "%lld", (long long)dash_int(event, "plan_year"));
    (void)snprintf(plan, sizeof(plan), "%s-%s", year, dash_str(event, "line"));
    return strcmp(year, code) == 0 || strcmp(plan, code) == 0;
}

static bool s_belongs(const dash_mirror_t *mirror, dash_feed_t feed, const char *code, const json_t *event)
{
    char key[DASH_KEY_MAX];
    if (feed == DASH_FEED_PARTY && strcmp(dash_str(event, "proposer"), code) == 0)
        return true;
    if (!s_is_public(event))
        return false;
    switch (feed) {
    case DASH_FEED_DIMENSION:
        return strcmp(dash_str(event, "dimension"), code) == 0;
    case DASH_FEED_BODY:
        return strcmp(dash_str(event, "body"), code) == 0;
    case DASH_FEED_PARTY:
        (void)snprintf(key, sizeof(key), "%s/%s", dash_str(event, "event"), code);
        return strcmp(dash_str(event, "country"), code) == 0 ||
               strcmp(dash_str(dash_mirror_get(mirror, "answer", key), "answer"), "registered") == 0;
    case DASH_FEED_PLAN:
        return s_is_of_plan(event, code);
    case DASH_FEED_EVENT:
        return strcmp(dash_str(event, "event"), code) == 0;
    case DASH_FEED_ALL:
    default:
        return true;
    }
}

bool dash_calendar_known(const dash_mirror_t *mirror, dash_feed_t feed, const char *code)
{
    static const char *const kinds[] = {
        [DASH_FEED_DIMENSION] = "heading", [DASH_FEED_BODY] = "body", [DASH_FEED_PARTY] = "party"};
    const char *key;
    json_t *event;
    switch (feed) {
    case DASH_FEED_ALL:
        return true;
    case DASH_FEED_EVENT:
        return s_belongs(mirror, feed, code, dash_mirror_get(mirror, "event", code));
    case DASH_FEED_PLAN:
        json_object_foreach((json_t *)dash_mirror_kind(mirror, "event"), key, event)
        {
            if (s_is_of_plan(event, code))
                return true;
        }
        return false;
    case DASH_FEED_DIMENSION:
    case DASH_FEED_BODY:
    case DASH_FEED_PARTY:
    default:
        return dash_mirror_get(mirror, kinds[feed], code) != NULL;
    }
}

/* ---- the calendar ------------------------------------------------------------------------ */

/* Entries until they are in order. */
typedef struct {
    icalcomponent **list;
    size_t n, room;
    int64_t at_ms;
    bool failed; /* out of memory */
} s_entries_t;

/* entry NULL: nothing to add. */
static void s_add(s_entries_t *entries, icalcomponent *entry, int64_t at_ms)
{
    if (!entry)
        return;
    if (entries->n == entries->room) {
        size_t room = entries->room ? 2 * entries->room : 64;
        icalcomponent **list = realloc(entries->list, room * sizeof(icalcomponent *));
        if (!list) {
            icalcomponent_free(entry);
            entries->failed = true;
            return;
        }
        entries->list = list;
        entries->room = room;
    }
    entries->list[entries->n++] = entry;
    if (at_ms > entries->at_ms)
        entries->at_ms = at_ms;
}

static int s_by_uid(const void *a, const void *b)
{
    return strcmp(icalcomponent_get_uid(*(icalcomponent *const *)a), icalcomponent_get_uid(*(icalcomponent *const *)b));
}

static void s_add_sessions(s_entries_t *entries, const dash_mirror_t *mirror, const char *event, int64_t event_at_ms)
{
    const char *key;
    json_t *session;
    json_object_foreach((json_t *)dash_mirror_kind(mirror, "session"), key, session)
    {
        if (strcmp(dash_str(session, "event"), event) != 0)
            continue;
        int64_t at_ms = dash_int(session, "at"); /* an older program did not keep it */
        at_ms = at_ms ? at_ms : event_at_ms;
        s_add(entries, dash_entry_session(mirror, session, at_ms), at_ms);
    }
}

static void s_add_extra(icalcomponent *calendar, const char *name, const char *value, const char *type)
{
    icalproperty *property = icalproperty_new_x(value);
    icalproperty_set_x_name(property, name);
    if (type)
        icalproperty_set_parameter_from_string(property, "VALUE", type);
    icalcomponent_add_property(calendar, property);
}

static icalcomponent *s_calendar(const char *code)
{
    char name[128];
    icalcomponent *calendar = icalcomponent_new_vcalendar();
    (void)snprintf(name, sizeof(name), "Convene%s%s", code ? " " : "", code ? code : "");
    icalcomponent_add_property(calendar, icalproperty_new_version("2.0"));
    icalcomponent_add_property(calendar, icalproperty_new_prodid("-//Convene//Dashboard//EN"));
    icalcomponent_add_property(calendar, icalproperty_new_method(ICAL_METHOD_PUBLISH));
    s_add_extra(calendar, "NAME", name, NULL);
    s_add_extra(calendar, "X-WR-CALNAME", name, NULL);
    s_add_extra(calendar, "REFRESH-INTERVAL", "PT1H", "DURATION");
    s_add_extra(calendar, "X-PUBLISHED-TTL", "PT1H", NULL);
    return calendar;
}

dash_text_t *dash_calendar(const dash_mirror_t *mirror, dash_feed_t feed, const char *code, int64_t *ret_at_ms)
{
    const char *key;
    json_t *event;
    s_entries_t entries = {0};
    json_object_foreach((json_t *)dash_mirror_kind(mirror, "event"), key, event)
    {
        int64_t at_ms = dash_int(event, "at");
        if (!s_belongs(mirror, feed, code, event))
            continue;
        s_add(&entries, dash_entry_event(mirror, event, at_ms), at_ms);
        if (feed == DASH_FEED_EVENT)
            s_add_sessions(&entries, mirror, code, at_ms);
    }
    if (entries.n)
        qsort(entries.list, entries.n, sizeof(icalcomponent *), s_by_uid);
    icalcomponent *calendar = s_calendar(code);
    for (size_t i = 0; i < entries.n; i++)
        icalcomponent_add_component(calendar, entries.list[i]);
    free(entries.list);
    char *text = entries.failed ? NULL : icalcomponent_as_ical_string_r(calendar);
    dash_text_t *body = text ? dash_text_new(cv_str(text)) : NULL;
    icalmemory_free_buffer(text);
    icalcomponent_free(calendar);
    if (body)
        *ret_at_ms = entries.at_ms;
    return body;
}
