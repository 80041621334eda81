/* ical_when: see ical_when.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ical_when.h"

#include "convene/ids.h"
#include "convene/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, ARENA_MAX = 8 * 1024 * 1024, OFFSET_MAX_S = 14 * 3600 + 59 * 60 };

struct icaltimetype ical_time_of(int64_t wall_s, bool day)
{
    return icaltime_from_timet_with_zone((time_t)wall_s, day, icaltimezone_get_utc_timezone());
}

int64_t ical_wall_of(struct icaltimetype time)
{
    time.zone = NULL;
    if (time.is_date)
        time.hour = time.minute = time.second = 0;
    time.is_date = 0;
    return (int64_t)icaltime_as_timet(time);
}

/* ---- zones of the file ------------------------------------------------------------------- */

/* libical divides by it. */
static bool has_intervals(icalcomponent *component)
{
    for (icalcomponent *one = icalcomponent_get_first_component(component, ICAL_ANY_COMPONENT); one;
         one = icalcomponent_get_next_component(component, ICAL_ANY_COMPONENT))
        for (icalproperty *rule = icalcomponent_get_first_property(one, ICAL_RRULE_PROPERTY); rule;
             rule = icalcomponent_get_next_property(one, ICAL_RRULE_PROPERTY))
            if (icalproperty_get_rrule(rule).interval < 1)
                return false;
    return true;
}

int ical_zones_read(const ical_scan_t *scan, ical_zones_t *zones)
{
    zones->n = 0;
    zones->arena = cv_arena_new(ARENA_MAX);
    for (size_t i = 0; zones->arena && i < scan->n && zones->n < ICAL_ZONES_MAX; ++i) {
        const ical_part_t *part = &scan->parts[i];
        if (part->kind != ICAL_ZONE || !part->whole)
            continue;
        char id[sizeof zones->list[0].id], location[sizeof zones->list[0].location], *text = ical_text_of(part);
        if (!text)
            return CV_ENOMEM;
        (void)ical_line_of(part, "TZID", id, sizeof id);
        (void)ical_line_of(part, "X-LIC-LOCATION", location, sizeof location);
        icalcomponent *component = icalparser_parse_string(text);
        free(text);
        icaltimezone *zone = component && has_intervals(component) ? icaltimezone_new() : NULL;
        if (!zone || !icaltimezone_set_component(zone, component)) { /* it then is as if it were not there */
            if (component)
                icalcomponent_free(component);
            if (zone)
                icaltimezone_free(zone, 1);
            continue;
        }
        zones->list[zones->n].zone = zone;
        memcpy(zones->list[zones->n].id, id, sizeof id);
        memcpy(zones->list[zones->n++].location, location, sizeof location);
    }
    return zones->arena ? CV_OK : CV_ENOMEM;
}

void ical_zones_done(ical_zones_t *zones)
{
    for (size_t i = 0; i < zones->n; ++i)
        icaltimezone_free(zones->list[i].zone, 1);
    zones->n = 0;
    cv_arena_destroy(&zones->arena);
}

static bool file_of(const ical_zones_t *zones, const char *name, cv_str_t *ret_file)
{
    cv_arena_reset(zones->arena);
    return *name && strlen(name) <= ICAL_ZONE_MAX && cv_zone_read(zones->arena, cv_str(name), ret_file) == CV_OK;
}

/* The IANA zone that is meant, or NULL: "Asia/Baku", "/example.org/2024/Asia/Baku". */
static const char *iana_of(const ical_zones_t *zones, const char *tzid)
{
    cv_str_t file;
    for (const char *at = tzid; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (file_of(zones, at, &file) && (at == tzid || strchr(at, '/')))
            return at;
    }
    for (size_t i = 0; i < zones->n; ++i)
        if (strcmp(zones->list[i].id, tzid) == 0 && file_of(zones, zones->list[i].location, &file))
            return zones->list[i].location;
    return NULL;
}

/* ---- one time ---------------------------------------------------------------------------- */

static const char *at_zone(const ical_zones_t *zones, const char *name, int64_t wall_s, ical_when_t *when,
                           char why[ICAL_WHY_MAX])
{
    cv_str_t file;
    cv_instant_t instants[2];
    size_t n = 0;
    if (!file_of(zones, name, &file) || cv_zone_instants(file, wall_s, instants, &n) != CV_OK) {
        snprintf(why, ICAL_WHY_MAX, "%s is no zone that this machine knows", name);
        return why;
    }
    if (n == 0) {
        snprintf(why, ICAL_WHY_MAX, "clocks in %s are put forward over that time: it does not exist", name);
        return why;
    }
    if (name != when->zone)
        snprintf(when->zone, sizeof when->zone, "%s", name);
    when->offset_s = instants[0].offset_s;
    return NULL;
}

static const char *at_component(const ical_zones_t *zones, const char *tzid, int64_t wall_s, ical_when_t *when,
                                char why[ICAL_WHY_MAX])
{
    for (size_t i = 0; i < zones->n; ++i) {
        if (strcmp(zones->list[i].id, tzid) != 0)
            continue;
        struct icaltimetype time = ical_time_of(wall_s, false);
        time.zone = NULL;
        when->zone[0] = '\0';
        when->offset_s = icaltimezone_get_utc_offset(zones->list[i].zone, &time, NULL);
        if (when->offset_s % 60 == 0 && llabs(when->offset_s) <= OFFSET_MAX_S)
            return NULL;
        snprintf(why, ICAL_WHY_MAX, "the VTIMEZONE %s is %lld seconds ahead of UTC then, which no clock is", tzid,
                 (long long)when->offset_s);
        return why;
    }
    snprintf(why, ICAL_WHY_MAX, "TZID %s is no IANA zone, and the file has no VTIMEZONE of that name", tzid);
    return why;
}

const char *ical_when_at(const ical_zones_t *zones, const char *tzid, int64_t wall_s, ical_when_t *when,
                         char why[ICAL_WHY_MAX])
{
    when->wall_s = wall_s;
    if (when->day)
        return NULL;
    if (!tzid) /* as it is: UTC, or what was said to be meant */
        return at_zone(zones, when->zone, wall_s, when, why);
    char name[ICAL_ZONE_MAX + 1];
    const char *iana = iana_of(zones, tzid);
    if (!iana)
        return at_component(zones, tzid, wall_s, when, why);
    snprintf(name, sizeof name, "%s", iana);
    return at_zone(zones, name, wall_s, when, why);
}

bool ical_offset_at(const ical_zones_t *zones, const char *tzid, const ical_when_t *when, int64_t utc_s,
                    int64_t *ret_offset_s)
{
    cv_str_t file;
    const char *iana = tzid ? iana_of(zones, tzid) : when->zone;
    if (iana)
        return file_of(zones, iana, &file) && cv_zone_offset(file, utc_s, ret_offset_s) == CV_OK;
    for (size_t i = 0; tzid && i < zones->n; ++i) {
        if (strcmp(zones->list[i].id, tzid) != 0)
            continue;
        struct icaltimetype time = ical_time_of(utc_s, false);
        *ret_offset_s = icaltimezone_get_utc_offset_of_utc_time(zones->list[i].zone, &time, NULL);
        return true;
    }
    return false;
}

const char *ical_when_of(const ical_zones_t *zones, icalproperty *property, struct icaltimetype time,
                         ical_when_t *ret_when, char why[ICAL_WHY_MAX])
{
    char text[64];
    int64_t ms;
    icalparameter *parameter = icalproperty_get_first_parameter(property, ICAL_TZID_PARAMETER);
    const char *tzid = parameter && !icaltime_is_utc(time) ? icalparameter_get_tzid(parameter) : NULL;
    *ret_when = (ical_when_t){.day = time.is_date != 0};
    snprintf(text, sizeof text, "%04d-%02d-%02d", time.year, time.month, time.day);
    if (cv_date_parse((cv_str_t){text, 10}, &ms) != CV_OK ||
        (!time.is_date && (time.hour > 23 || time.minute > 59 || time.second > 60))) {
        snprintf(why, ICAL_WHY_MAX, "%s is no day that exists, or its time is none", text);
        return why;
    }
    if (!time.is_date && !tzid) {
        const char *zone = icaltime_is_utc(time) ? "UTC" : zones->otherwise;
        if (!zone)
            return "its time is in no zone: give it a TZID or a Z, or say which with --zone";
        snprintf(ret_when->zone, sizeof ret_when->zone, "%s", zone);
    }
    return ical_when_at(zones, tzid, ical_wall_of(time), ret_when, why);
}
