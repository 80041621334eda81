/* calendar_entry: see calendar_entry.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/calendar_entry.h"

#include "convene/ids.h"
#include "convene/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_OCTETS = 1024, ZONE_MAX = 64 * 1024 };

cv_calendar_status_t dash_entry_status(const json_t *event)
{
    return cv_calendar_status(cv_str(dash_str(event, "status")));
}

static struct icaltimetype s_instant(int64_t ms)
{
    return icaltime_from_timet_with_zone((time_t)(ms / 1000), 0, icaltimezone_get_utc_timezone());
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

/* ---- parts ------------------------------------------------------------------------------- */

static void s_add_summary(icalcomponent *entry, const char *before, const char *title)
{
    char line[LINE_MAX_OCTETS];
    (void)snprintf(line, sizeof(line), "%s%s", before, title);
    icalcomponent_add_property(entry, icalproperty_new_summary(line));
}

/* What is there of these, with commas between. */
static void s_add_location(icalcomponent *entry, const char *const parts[3])
{
    char place[LINE_MAX_OCTETS] = "";
    size_t len = 0;
    for (size_t i = 0; i < 3; i++) {
        int n = *parts[i] ? snprintf(place + len, sizeof(place) - len, "%s%s", len ? ", " : "", parts[i]) : 0;
        if (n > 0 && (size_t)n < sizeof(place) - len)
            len += (size_t)n;
    }
    if (*place)
        icalcomponent_add_property(entry, icalproperty_new_location(place));
}

/* Without commas: in CATEGORIES a comma ends one, and libical writes it as that. */
static void s_add_category(icalcomponent *entry, const char *text)
{
    char name[LINE_MAX_OCTETS];
    size_t len = 0;
    for (; *text && len + 1 < sizeof(name); text++)
        if (*text != ',')
            name[len++] = *text;
    name[len] = '\0';
    icalcomponent_add_property(entry, icalproperty_new_categories(name));
}

static icalcomponent *s_new(const char *uid, int64_t sequence, int64_t at_ms, icalproperty_status status)
{
    icalcomponent *entry = icalcomponent_new_vevent();
    icalproperty *organizer = icalproperty_new_organizer("mailto:nobody@" CV_CALENDAR_DOMAIN);
    icalproperty_add_parameter(organizer, icalparameter_new_cn("Convene"));
    icalcomponent_add_property(entry, icalproperty_new_uid(uid));
    icalcomponent_add_property(entry, icalproperty_new_dtstamp(s_instant(at_ms)));
    icalcomponent_add_property(entry, icalproperty_new_lastmodified(s_instant(at_ms)));
    icalcomponent_add_property(entry, icalproperty_new_sequence((int)sequence));
    icalcomponent_add_property(entry, organizer);
    icalcomponent_add_property(entry, icalproperty_new_status(status));
    icalcomponent_add_property(entry, icalproperty_new_transp(ICAL_TRANSP_TRANSPARENT));
    return entry;
}

static const char *s_venue_name(const dash_mirror_t *mirror, const json_t *object)
{
    const char *venue = dash_str(object, "venue");
    const char *name = *venue ? dash_str(dash_mirror_get(mirror, "venue", venue), "name") : "";
    return *name ? name : venue;
}

/* ---- events ------------------------------------------------------------------------------ */

static void s_add_place(icalcomponent *entry, const dash_mirror_t *mirror, const json_t *event)
{
    const char *const online[3] = {"Online", "", ""};
    const char *const there[3] = {s_venue_name(mirror, event), dash_str(event, "city"), dash_str(event, "country")};
    s_add_location(entry, strcmp(dash_str(event, "format"), "online") == 0 ? online : there);
}

/* "Starts 2026-05-14 09:30 +05:00 (Asia/Almaty)." */
static void s_add_clock(icalcomponent *entry, const json_t *event, int64_t start_ms)
{
    char wall[24], line[LINE_MAX_OCTETS], offset[16] = "";
    const char *zone = dash_str(event, "zone"), *time = dash_str(event, "time_start");
    int64_t wall_s;
    (void)snprintf(wall, sizeof(wall), "%.10sT%.5s", dash_str(event, "date_start"), time);
    if (!*time || !cv_wall_parse(cv_str(wall), &wall_s))
        return;
    wall[10] = ' ';
    int minutes = (int)((wall_s - start_ms / 1000) / 60), size = abs(minutes);
    if (start_ms)
        (void)snprintf(offset, sizeof(offset), " %c%02d:%02d", minutes < 0 ? '-' : '+', size / 60, size % 60);
    (void)snprintf(line, sizeof(line), "Starts %s%s%s%s%s.", wall, offset, *zone ? " (" : "", zone, *zone ? ")" : "");
    icalcomponent_add_property(entry, icalproperty_new_description(line));
}

/* Its days; those it had, of one that waits for new ones, or was cancelled while it waited. */
static const json_t *s_days(const json_t *event, struct icaltimetype *ret_first)
{
    const json_t *moved = json_object_get(event, "moved");
    if (s_date(dash_str(event, "date_start"), ret_first))
        return event;
    cv_calendar_status_t status = dash_entry_status(event);
    bool stays = status == CV_CALENDAR_POSTPONED || status == CV_CALENDAR_CANCELLED;
    return stays && s_date(dash_str(moved, "date_start"), ret_first) ? moved : NULL;
}

static void s_add_times(icalcomponent *entry, const json_t *event, const json_t *days, struct icaltimetype first)
{
    struct icaltimetype last;
    int64_t start_ms = dash_int(event, "start_ms");
    bool has_last = s_date(dash_str(days, "date_end"), &last) && icaltime_compare(last, first) >= 0;
    if (days == event && start_ms && (!has_last || icaltime_compare(last, first) == 0)) {
        icalcomponent_add_property(entry, icalproperty_new_dtstart(s_instant(start_ms)));
    } else {
        icalcomponent_add_property(entry, icalproperty_new_dtstart(first));
        if (has_last) { /* the first day that is over */
            icaltime_adjust(&last, 1, 0, 0, 0);
            icalcomponent_add_property(entry, icalproperty_new_dtend(last));
        }
    }
    if (days == event)
        s_add_clock(entry, event, start_ms);
}

icalcomponent *dash_entry_event(const dash_mirror_t *mirror, const json_t *event, int64_t at_ms)
{
    static const struct {
        icalproperty_status status;
        const char *before;
    } as[] = {
        [CV_CALENDAR_UNDECIDED] = {ICAL_STATUS_TENTATIVE, ""},
        [CV_CALENDAR_REJECTED] = {ICAL_STATUS_CANCELLED, "CANCELLED: "},
        [CV_CALENDAR_TENTATIVE] = {ICAL_STATUS_TENTATIVE, ""},
        [CV_CALENDAR_POSTPONED] = {ICAL_STATUS_TENTATIVE, "POSTPONED: "},
        [CV_CALENDAR_CONFIRMED] = {ICAL_STATUS_CONFIRMED, ""},
        [CV_CALENDAR_CANCELLED] = {ICAL_STATUS_CANCELLED, "CANCELLED: "},
    };
    struct icaltimetype first;
    char uid[CV_CALENDAR_UID_MAX + 1];
    const json_t *days = s_days(event, &first);
    if (!days || cv_calendar_uid(cv_str(dash_str(event, "event")), uid))
        return NULL;
    cv_calendar_status_t status = dash_entry_status(event);
    bool counted = json_is_integer(json_object_get(event, "calendar_sequence"));
    icalcomponent *entry =
        s_new(uid, counted ? dash_int(event, "calendar_sequence") : cv_calendar_sequence(dash_int(event, "version"), 0),
              at_ms, as[status].status);
    s_add_summary(entry, as[status].before, dash_str(event, "title"));
    const char *dimension = dash_str(event, "dimension");
    const char *name = *dimension ? dash_str(dash_mirror_get(mirror, "heading", dimension), "name") : "";
    if (*dimension)
        s_add_category(entry, *name ? name : dimension);
    s_add_place(entry, mirror, event);
    s_add_times(entry, event, days, first);
    return entry;
}

/* ---- sessions ---------------------------------------------------------------------------- */

/* When a session that is cancelled would have begun. An older program's record does not say it: then as clocks are now. */
static int64_t s_would_begin(const json_t *session)
{
    int64_t wall_s, begin_ms = 0;
    cv_instant_t found[2];
    size_t n = 0;
    cv_str_t file;
    const char *zone = dash_str(session, "zone");
    if (json_object_get(session, "was_ms"))
        return dash_int(session, "was_ms");
    if (!*zone || !cv_wall_parse(cv_str(dash_str(session, "start")), &wall_s))
        return 0;
    cv_arena_t *arena = cv_arena_new(2 * ZONE_MAX);
    if (arena && !cv_zone_read(arena, cv_str(zone), &file) && !cv_zone_instants(file, wall_s, found, &n) && n)
        begin_ms = found[0].utc_s * 1000;
    cv_arena_destroy(&arena);
    return begin_ms;
}

icalcomponent *dash_entry_session(const dash_mirror_t *mirror, const json_t *session, int64_t at_ms)
{
    char uid[DASH_KEY_MAX + CV_CALENDAR_DOMAIN_MAX + 2], related[CV_CALENDAR_UID_MAX + 1], key[DASH_KEY_MAX];
    const char *event = dash_str(session, "event"), *room = dash_str(session, "room");
    bool cancelled = json_is_true(json_object_get(session, "cancelled"));
    int64_t begin_ms = dash_int(session, "begin_ms"), minutes = dash_int(session, "minutes");
    if (!begin_ms && cancelled)
        begin_ms = s_would_begin(session);
    if (!begin_ms || cv_calendar_uid(cv_str(event), related))
        return NULL;
    (void)snprintf(uid, sizeof(uid), "%s/%s@%s", event, dash_str(session, "session"), cv_calendar_domain());
    (void)snprintf(key, sizeof(key), "%s/%s", dash_str(session, "venue"), room);
    bool tentative = json_is_true(json_object_get(session, "tentative"));
    icalcomponent *entry = s_new(uid, cv_calendar_sequence(dash_int(session, "version"), 0), at_ms,
                                 cancelled   ? ICAL_STATUS_CANCELLED
                                 : tentative ? ICAL_STATUS_TENTATIVE
                                             : ICAL_STATUS_CONFIRMED);
    s_add_summary(entry, cancelled ? "CANCELLED: " : "", dash_str(session, "title"));
    icalcomponent_add_property(entry, icalproperty_new_relatedto(related));
    const char *name = *room ? dash_str(dash_mirror_get(mirror, "room", key), "name") : "";
    s_add_location(entry, (const char *const[3]){*name ? name : room, s_venue_name(mirror, session), ""});
    icalcomponent_add_property(entry, icalproperty_new_dtstart(s_instant(begin_ms)));
    icalcomponent_add_property(entry, icalproperty_new_dtend(s_instant(begin_ms + minutes * 60000)));
    return entry;
}
