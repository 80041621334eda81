/* calendar: see calendar.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/calendar.h"

#include "convene/calendar.h"
#include "convene/ids.h"
#include "dashboard/core_view.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALENDAR_MAX = 16 * 1024 * 1024 };

static bool s_belongs(const dash_mirror_t *mirror, dash_feed_t feed, const char *code, const json_t *event)
{
    char key[DASH_KEY_MAX];
    switch (feed) {
    case DASH_FEED_DIMENSION:
        return strcmp(dash_str(event, "dimension"), code) == 0;
    case DASH_FEED_BODY:
        return strcmp(dash_str(event, "body"), code) == 0;
    case DASH_FEED_PARTY:
        (void)snprintf(key, sizeof(key), "%s/%s", dash_str(event, "event"), code);
        return strcmp(dash_str(event, "proposer"), code) == 0 || strcmp(dash_str(event, "country"), code) == 0 ||
               strcmp(dash_str(dash_mirror_get(mirror, "answer", key), "answer"), "registered") == 0;
    case DASH_FEED_ALL:
    default:
        return true;
    }
}

/* "2026-05-14" to a date; false for anything less exact. */
static bool s_date(const char *text, struct icaltimetype *ret_date)
{
    int64_t ms;
    if (cv_date_parse(cv_str(text), &ms))
        return false;
    *ret_date = icaltime_from_timet_with_zone((time_t)(ms / 1000), 1, icaltimezone_get_utc_timezone());
    return true;
}

/* "09:30" */
static bool s_time_of_day(const char *text, int64_t *ret_hour, int64_t *ret_minute)
{
    return strlen(text) == 5 && text[2] == ':' && !cv_str_digits((cv_str_t){text, 2}, 2, ret_hour) &&
           !cv_str_digits((cv_str_t){text + 3, 2}, 2, ret_minute);
}

static icaltimezone *s_zone(const json_t *event)
{
    const char *name = dash_str(event, "zone");
    return *name ? icaltimezone_get_builtin_timezone(name) : NULL;
}

static icalproperty_status s_status(const json_t *event)
{
    const char *status = dash_str(event, "status");
    static const char *const tentative[] = {"draft", "proposed", "circulated", "postponed"};
    if (strcmp(status, "cancelled") == 0 || strcmp(status, "rejected") == 0)
        return ICAL_STATUS_CANCELLED;
    for (size_t i = 0; i < sizeof(tentative) / sizeof(tentative[0]); i++)
        if (strcmp(status, tentative[i]) == 0)
            return ICAL_STATUS_TENTATIVE;
    return ICAL_STATUS_CONFIRMED;
}

static void s_add_place(icalcomponent *entry, const json_t *event)
{
    char place[512];
    const char *city = dash_str(event, "city"), *country = dash_str(event, "country");
    if (strcmp(dash_str(event, "format"), "online") == 0)
        (void)snprintf(place, sizeof(place), "Online");
    else
        (void)snprintf(place, sizeof(place), "%s%s%s", city, *city && *country ? ", " : "", country);
    if (*place)
        icalcomponent_add_property(entry, icalproperty_new_location(place));
}

/* Where only the start's time is known there is no end: it is not made up. */
static void s_add_times(icalcomponent *entry, const json_t *event, struct icaltimetype start, bool has_end,
                        struct icaltimetype end)
{
    int64_t hour, minute;
    icaltimezone *zone = s_zone(event);
    if (zone && s_time_of_day(dash_str(event, "time_start"), &hour, &minute)) {
        icalproperty *property;
        start.is_date = 0;
        start.hour = (int)hour;
        start.minute = (int)minute;
        start.second = 0;
        property = icalproperty_new_dtstart(start);
        icalproperty_add_parameter(property, icalparameter_new_tzid(dash_str(event, "zone")));
        icalcomponent_add_property(entry, property);
        return;
    }
    icalcomponent_add_property(entry, icalproperty_new_dtstart(start));
    if (has_end) { /* the first day that is over */
        icaltime_adjust(&end, 1, 0, 0, 0);
        icalcomponent_add_property(entry, icalproperty_new_dtend(end));
    }
}

static icalcomponent *s_entry(const json_t *event)
{
    struct icaltimetype start, end;
    char uid[CV_CALENDAR_UID_MAX + 1];
    if (!s_date(dash_str(event, "date_start"), &start))
        return NULL;
    bool has_end = s_date(dash_str(event, "date_end"), &end);
    if (cv_calendar_uid(cv_str(dash_str(event, "event")), uid))
        return NULL;
    icalcomponent *entry = icalcomponent_new_vevent();
    struct icaltimetype at =
        icaltime_from_timet_with_zone((time_t)(dash_int(event, "at") / 1000), 0, icaltimezone_get_utc_timezone());
    icalcomponent_add_property(entry, icalproperty_new_uid(uid));
    icalcomponent_add_property(entry, icalproperty_new_dtstamp(at));
    icalcomponent_add_property(entry, icalproperty_new_sequence(cv_calendar_sequence(dash_int(event, "version"), 0)));
    icalcomponent_add_property(entry, icalproperty_new_summary(dash_str(event, "title")));
    icalcomponent_add_property(entry, icalproperty_new_status(s_status(event)));
    icalcomponent_add_property(entry, icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
    s_add_place(entry, event);
    s_add_times(entry, event, start, has_end, end);
    return entry;
}

/* The last time this observance of a zone begins; the far future if it goes on for ever. */
static struct icaltimetype s_last_onset(icalcomponent *observance)
{
    icalproperty *rule = icalcomponent_get_first_property(observance, ICAL_RRULE_PROPERTY);
    if (!rule)
        return icalcomponent_get_dtstart(observance);
    struct icalrecurrencetype recurrence = icalproperty_get_rrule(rule);
    return icaltime_is_null_time(recurrence.until) ? icaltime_from_string("99991231T000000") : recurrence.until;
}

/* Takes away what was over a year before: some readers choke on a century of rules, and all of them have to carry it.
 * The newest of the old ones stays, it is in force until the next begins. */
static void s_trim(icalcomponent *zone, struct icaltimetype from)
{
    icalcomponent *newest = NULL, *next = icalcomponent_get_first_component(zone, ICAL_ANY_COMPONENT);
    from.year--;
    for (icalcomponent *one; (one = next);) {
        next = icalcomponent_get_next_component(zone, ICAL_ANY_COMPONENT);
        if (icaltime_compare(s_last_onset(one), from) >= 0)
            continue;
        icalcomponent *older = one;
        if (!newest || icaltime_compare(s_last_onset(one), s_last_onset(newest)) > 0) {
            older = newest;
            newest = one;
        }
        if (older) {
            icalcomponent_remove_component(zone, older);
            icalcomponent_free(older);
        }
    }
    icalproperty *rule = newest ? icalcomponent_get_first_property(newest, ICAL_RRULE_PROPERTY) : NULL;
    if (!rule)
        return;
    icalproperty *start =
        icalcomponent_get_first_property(newest, ICAL_DTSTART_PROPERTY); /* of its last onset only, to within a day */
    struct icaltimetype until = icalproperty_get_rrule(rule).until;
    until.zone = NULL;
    icalproperty_set_dtstart(start, until);
    icalcomponent_remove_property(newest, rule);
    icalproperty_free(rule);
}

static void s_add_zone(icalcomponent *calendar, const json_t *event, struct icaltimetype from, json_t *zones)
{
    icaltimezone *zone = *dash_str(event, "time_start") ? s_zone(event) : NULL;
    const char *name = dash_str(event, "zone"); /* what libical calls it changes while it reads the zone */
    if (!zone || json_object_get(zones, name))
        return;
    icalcomponent *copy = icalcomponent_new_clone(icaltimezone_get_component(zone));
    icalproperty *id = icalcomponent_get_first_property(copy, ICAL_TZID_PROPERTY);
    if (id)
        icalproperty_set_tzid(id, name);
    s_trim(copy, from);
    icalcomponent_add_component(calendar, copy);
    json_object_set_new(zones, name, json_true());
}

static void s_add_extra(icalcomponent *calendar, const char *name, const char *value, const char *type)
{
    icalproperty *property = icalproperty_new_x(value);
    icalproperty_set_x_name(property, name);
    if (type)
        icalproperty_set_parameter_from_string(property, "VALUE", type);
    icalcomponent_add_property(calendar, property);
}

dash_text_t *dash_calendar(const dash_mirror_t *mirror, dash_feed_t feed, const char *code)
{
    char refresh[16], name[128];
    const char *key;
    json_t *event, *zones = json_object();
    icalcomponent *calendar = icalcomponent_new_vcalendar();
    (void)snprintf(refresh, sizeof(refresh), "PT%dM", DASH_REFRESH_MINUTES);
    (void)snprintf(name, sizeof(name), "Convene%s%s", code ? " " : "", code ? code : "");
    icalcomponent_add_property(calendar, icalproperty_new_version("2.0"));
    icalcomponent_add_property(calendar, icalproperty_new_prodid("-//Convene//Dashboard//EN"));
    icalcomponent_add_property(calendar, icalproperty_new_method(ICAL_METHOD_PUBLISH));
    s_add_extra(calendar, "REFRESH-INTERVAL", refresh, "DURATION");
    s_add_extra(calendar, "X-PUBLISHED-TTL", refresh, NULL);
    s_add_extra(calendar, "X-WR-CALNAME", name, NULL);
    struct icaltimetype from = icaltime_from_string("99981231T000000"), start;
    json_object_foreach((json_t *)dash_mirror_kind(mirror, "event"), key, event)
    {
        if (s_date(dash_str(event, "date_start"), &start) && icaltime_compare(start, from) < 0)
            from = start;
    }
    json_object_foreach((json_t *)dash_mirror_kind(mirror, "event"), key, event)
    {
        icalcomponent *entry = s_belongs(mirror, feed, code, event) ? s_entry(event) : NULL;
        if (!entry)
            continue;
        s_add_zone(calendar, event, from, zones);
        icalcomponent_add_component(calendar, entry);
    }
    json_decref(zones);
    char *text = icalcomponent_as_ical_string_r(calendar);
    dash_text_t *body = text ? dash_text_new(cv_str(text)) : NULL;
    icalmemory_free_buffer(text);
    icalcomponent_free(calendar);
    return body;
}
