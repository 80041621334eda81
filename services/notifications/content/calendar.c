/* calendar: see content/calendar.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/calendar.h"

#include "convene/calendar.h"
#include "convene/ids.h"
#include "convene/zone.h"
#include "notifications/core_remind.h"
#include "notifications/mail.h"

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 8 * 1024 };

cv_str_t ntf_calendar_method(int method)
{
    return method == NTF_CALENDAR_CANCEL ? CV_STR("CANCEL") : CV_STR("REQUEST");
}

/* On one line, NUL-terminated. Quotes end a parameter, and cannot be escaped in one. */
static const char *s_clean(cv_buf_t *buf, cv_str_t text, bool parameter)
{
    cv_buf_clear(buf);
    for (size_t at = 0; at < text.len;) {
        size_t from = at;
        int32_t point = ntf_utf8_next(text, &at);
        if (point < 0)
            at++;
        if (point < 0 || (ntf_utf8_steering(point) && (point != '\n' || parameter)))
            cv_buf_put(buf, " ", 1);
        else if (parameter && (point == '"' || point == '^'))
            cv_buf_put(buf, "'", 1);
        else
            cv_buf_put(buf, text.ptr + from, at - from);
    }
    cv_buf_put(buf, "", 1);
    return buf->rc ? "" : (const char *)buf->ptr;
}

static struct icaltimetype s_instant(int64_t ms)
{
    return icaltime_from_timet_with_zone((time_t)(ms / 1000), 0, icaltimezone_get_utc_timezone());
}

/* "2026-05-14"; false for anything less exact. */
static bool s_day(cv_str_t text, struct icaltimetype *ret_day)
{
    int64_t ms;
    if (text.len != 10 || cv_date_parse(text, &ms))
        return false;
    *ret_day = icaltime_from_timet_with_zone((time_t)(ms / 1000), 1, NULL);
    ret_day->is_date = 1;
    return true;
}

/* The instant as scheduling says it; of a record that does not say it, by the zone. */
static bool s_start(const cv_scheduling_event_v1_t *event, cv_str_t zone_file, int64_t *ret_ms)
{
    const cv_event_details_t *details = &event->event_details;
    if (event->has_start_ms) {
        *ret_ms = event->start_ms;
        return true;
    }
    return details->time_start.ptr && (zone_file.ptr || details->utc_offset.ptr) &&
           ntf_start(details, zone_file, ret_ms);
}

/* The instant of a wall clock at the place, on a day; false: it cannot be said. time: "09:30", or absent: when it begins. */
static bool s_on_day(const cv_scheduling_event_v1_t *event, cv_str_t zone_file, struct icaltimetype day, cv_str_t time,
                     int64_t *ret_ms)
{
    cv_event_details_t details = event->event_details;
    char date[32], wall[] = "0000-00-00T00:00";
    int64_t wall_s;
    (void)snprintf(date, sizeof(date), "%04d-%02d-%02d", day.year, day.month, day.day);
    if (!zone_file.ptr && !details.utc_offset.ptr) { /* clocks as they are when it starts */
        if (!event->has_start_ms || details.date_start.len != 10 || details.time_start.len != 5)
            return false;
        memcpy(wall, details.date_start.ptr, 10);
        memcpy(wall + 11, details.time_start.ptr, 5);
        if (!cv_wall_parse(cv_str(wall), &wall_s))
            return false;
        details.date_start = cv_str(date);
        details.time_start = time;
        if (!ntf_start(&details, CV_STR_NONE, ret_ms)) /* as if it were UTC */
            return false;
        *ret_ms -= wall_s * 1000 - event->start_ms;
        return true;
    }
    details.date_start = cv_str(date);
    details.time_start = time;
    return ntf_start(&details, zone_file, ret_ms);
}

/* When it is over: so many minutes after it begins on its last day, or with its last day, where that is another than its
 * first. false: it is not known. */
static bool s_end(const cv_scheduling_event_v1_t *event, cv_str_t zone_file, struct icaltimetype first,
                  int64_t start_ms, int64_t *ret_ms)
{
    const cv_event_details_t *details = &event->event_details;
    struct icaltimetype last;
    bool is_long = s_day(details->date_end, &last) && icaltime_compare(last, first) > 0;
    if (!is_long && details->has_minutes) {
        *ret_ms = start_ms + details->minutes * 60000;
        return true;
    }
    if (!is_long)
        return false;
    if (!details->has_minutes)
        icaltime_adjust(&last, 1, 0, 0, 0);
    bool known = s_on_day(event, zone_file, last, details->has_minutes ? details->time_start : CV_STR_NONE, ret_ms);
    if (known && details->has_minutes)
        *ret_ms += details->minutes * 60000;
    return known && *ret_ms > start_ms;
}

static void s_add_times(icalcomponent *entry, const cv_scheduling_event_v1_t *at, cv_str_t zone_file,
                        struct icaltimetype first)
{
    const cv_event_details_t *details = &at->event_details;
    struct icaltimetype last;
    int64_t start_ms, end_ms;
    if (s_start(at, zone_file, &start_ms)) {
        icalcomponent_add_property(entry, icalproperty_new_dtstart(s_instant(start_ms)));
        if (s_end(at, zone_file, first, start_ms, &end_ms))
            icalcomponent_add_property(entry, icalproperty_new_dtend(s_instant(end_ms)));
        return;
    }
    icalcomponent_add_property(entry, icalproperty_new_dtstart(first));
    if (!s_day(details->date_end, &last) || icaltime_compare(last, first) < 0)
        last = first;
    icaltime_adjust(&last, 1, 0, 0, 0); /* the first day that is over */
    icalcomponent_add_property(entry, icalproperty_new_dtend(last));
}

static void s_add_place(icalcomponent *entry, const ntf_calendar_t *calendar, cv_buf_t *buf)
{
    const cv_event_details_t *details = &calendar->event->event_details;
    const cv_str_t parts[] = {calendar->venue_name, details->city, details->country};
    cv_buf_t place;
    cv_buf_init(&place, TEXT_MAX);
    if (details->format == CV_EVENT_FORMAT_ONLINE)
        cv_buf_printf(&place, "Online");
    for (size_t i = 0; details->format != CV_EVENT_FORMAT_ONLINE && i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i].ptr)
            cv_buf_printf(&place, "%s%.*s", place.len ? ", " : "", CV_STR_ARG(parts[i]));
    }
    if (place.len)
        icalcomponent_add_property(entry, icalproperty_new_location(s_clean(buf, cv_buf_str(&place), true)));
    cv_buf_done(&place);
}

static void s_add_people(icalcomponent *entry, const ntf_calendar_t *calendar, cv_buf_t *buf)
{
    char address[NTF_ADDRESS_MAX + 16];
    (void)snprintf(address, sizeof(address), "mailto:%.*s", CV_STR_ARG(calendar->organizer));
    icalproperty *organizer = icalproperty_new_organizer(address);
    icalproperty_add_parameter(organizer, icalparameter_new_cn("Convene"));
    icalcomponent_add_property(entry, organizer);
    (void)snprintf(address, sizeof(address), "mailto:%.*s", CV_STR_ARG(calendar->to_address));
    icalproperty *attendee = icalproperty_new_attendee(address);
    if (calendar->to_name.ptr)
        icalproperty_add_parameter(attendee, icalparameter_new_cn(s_clean(buf, calendar->to_name, true)));
    icalproperty_add_parameter(attendee, icalparameter_new_partstat(ICAL_PARTSTAT_ACCEPTED));
    icalproperty_add_parameter(attendee, icalparameter_new_rsvp(ICAL_RSVP_FALSE));
    icalcomponent_add_property(entry, attendee);
}

/* first NULL: no day is known; an entry that ends needs none. */
static icalcomponent *s_entry(const ntf_calendar_t *calendar, const cv_scheduling_event_v1_t *at,
                              const struct icaltimetype *first, const char *uid, cv_buf_t *buf)
{
    const cv_scheduling_event_v1_t *event = calendar->event;
    bool cancel = calendar->method == NTF_CALENDAR_CANCEL, off = event->status == CV_EVENT_STATUS_POSTPONED;
    bool moved = at != event; /* to no day that is known */
    icalcomponent *entry = icalcomponent_new_vevent();
    icalcomponent_add_property(entry, icalproperty_new_uid(uid));
    icalcomponent_add_property(entry, icalproperty_new_dtstamp(s_instant(calendar->time_ms)));
    icalcomponent_add_property(entry, icalproperty_new_sequence(cv_calendar_sequence(event->version, calendar->sent)));
    icalcomponent_add_property(entry, icalproperty_new_summary(s_clean(buf, event->event_details.title, true)));
    icalcomponent_add_property(entry, icalproperty_new_status(cancel         ? ICAL_STATUS_CANCELLED
                                                              : off || moved ? ICAL_STATUS_TENTATIVE
                                                                             : ICAL_STATUS_CONFIRMED));
    icalcomponent_add_property(
        entry, icalproperty_new_transp(cancel || off || moved ? ICAL_TRANSP_TRANSPARENT : ICAL_TRANSP_OPAQUE));
    if (calendar->description.ptr)
        icalcomponent_add_property(entry, icalproperty_new_description(s_clean(buf, calendar->description, false)));
    s_add_place(entry, calendar, buf);
    s_add_people(entry, calendar, buf);
    if (first)
        s_add_times(entry, at, calendar->zone_file, *first);
    return entry;
}

int ntf_calendar(const ntf_calendar_t *calendar, cv_buf_t *out)
{
    const cv_scheduling_event_v1_t *at = calendar->event;
    struct icaltimetype first;
    char uid[CV_CALENDAR_UID_MAX + 1];
    bool has_day = s_day(at->event_details.date_start, &first);
    if (!has_day && calendar->was && s_day(calendar->was->event_details.date_start, &first)) {
        at = calendar->was;
        has_day = true;
    }
    if (!has_day && calendar->method != NTF_CALENDAR_CANCEL)
        return CV_ENOTFOUND;
    int rc = cv_calendar_uid(calendar->event->event, uid);
    if (rc)
        return rc;
    cv_buf_t buf;
    cv_buf_init(&buf, TEXT_MAX);
    icalcomponent *all = icalcomponent_new_vcalendar();
    icalcomponent_add_property(all, icalproperty_new_version("2.0"));
    icalcomponent_add_property(all, icalproperty_new_prodid("-//Convene//Notices//EN"));
    icalcomponent_add_property(
        all,
        icalproperty_new_method(calendar->method == NTF_CALENDAR_CANCEL ? ICAL_METHOD_CANCEL : ICAL_METHOD_REQUEST));
    icalcomponent_add_component(all, s_entry(calendar, at, has_day ? &first : NULL, uid, &buf));
    char *text = icalcomponent_as_ical_string_r(all);
    rc = text ? cv_buf_put(out, text, strlen(text)) : CV_ENOMEM;
    icalmemory_free_buffer(text);
    icalcomponent_free(all);
    cv_buf_done(&buf);
    return rc;
}
