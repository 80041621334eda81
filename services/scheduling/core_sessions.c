/* core_sessions: rooms and sessions, decided from facts alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The life of a session: put (version 1, placed or not), placed and taken off any number of times, cancelled for good.
 * tentative says nothing about what it holds: what waits for a confirmation and does not hold its room is how two
 * confirmed sessions come to have one room.
 *
 * A start in a room is by the clock of the room's venue. Another zone would be right as an instant, and wrong on every
 * door sign; so it is refused rather than converted.
 */
#include "scheduling/core_sessions.h"

#include "convene/ids.h"
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000, DAY_S = 86400 };

bool sch_is_placed(const sch_sitting_t *sitting)
{
    return sitting->has_begin_ms && !sitting->cancelled;
}

bool sch_is_sitting(const sch_sitting_t *sitting, cv_str_t event, cv_str_t session)
{
    return cv_str_equal(sitting->session.session, session) && cv_str_equal(sitting->session.event, event);
}

static int64_t day_at(int64_t wall_s)
{
    return wall_s / DAY_S - (wall_s % DAY_S < 0);
}

bool sch_sitting_days(const sch_sitting_t *sitting, int64_t *ret_first, int64_t *ret_last)
{
    int64_t wall_s;
    if (!sch_is_placed(sitting) || !cv_wall_parse(sitting->session.start, &wall_s))
        return false;
    *ret_first = day_at(wall_s);
    *ret_last = day_at(wall_s + sitting->session.minutes * 60 - 1);
    return true;
}

const char *sch_sitting_when(const sch_sitting_t *sitting, char ret_text[SCH_WHEN_MAX])
{
    int64_t wall_s;
    char end[CV_TIME_TEXT + 1];
    if (!sch_is_placed(sitting) || !cv_wall_parse(sitting->session.start, &wall_s)) {
        (void)snprintf(ret_text, SCH_WHEN_MAX, "not placed");
        return ret_text;
    }
    cv_time_text((wall_s + sitting->session.minutes * 60) * 1000, end);
    (void)snprintf(ret_text, SCH_WHEN_MAX, "%.10s %.5s to %.5s", sitting->session.start.ptr,
                   sitting->session.start.ptr + 11, end + 11);
    return ret_text;
}

/* ---- checks ------------------------------------------------------------------------------ */

int sch_check_programme_open(const cv_scheduling_event_v1_t *event, sch_no_t *ret_no)
{
    if (sch_planned(event->status) && event->status != CV_EVENT_STATUS_POSTPONED)
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "not_changeable", "data.event", "%.*s is %s: its programme does not change",
                  CV_STR_ARG(event->event), cv_event_status_text(event->status));
}

int sch_check_room(const cv_room_t *room, bool has_zone, sch_no_t *ret_no)
{
    int64_t before = INT64_MIN;
    if (room->available_n && !has_zone)
        return sch_no(ret_no, CV_EREJECTED, "zone_unknown", "data.available",
                      "times of a room are by the clock of its venue, and %.*s says no zone: set it there first",
                      CV_STR_ARG(room->venue));
    for (size_t i = 0; i < room->available_n; ++i) {
        const cv_room_span_t *span = &room->available[i];
        int64_t from, until;
        if (!cv_wall_parse(span->from, &from) || !cv_wall_parse(span->until, &until))
            return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.available",
                          "%.*s to %.*s are not days and times like 2026-05-11T08:00", CV_STR_ARG(span->from),
                          CV_STR_ARG(span->until));
        if (until <= from || from < before)
            return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.available",
                          "%.*s to %.*s %s: times follow one another, each with its end after its beginning",
                          CV_STR_ARG(span->from), CV_STR_ARG(span->until),
                          until <= from ? "ends before it begins" : "begins before the one before it has ended");
        before = until;
    }
    return CV_OK;
}

int sch_check_venue(const cv_venue_t *venue, sch_no_t *ret_no)
{
    for (size_t i = 0; i < venue->pauses_n; ++i) {
        const cv_pause_t *pause = &venue->pauses[i];
        int64_t from, until;
        if (!cv_wall_time_parse(pause->from, &from) || !cv_wall_time_parse(pause->until, &until) || until <= from)
            return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.pauses",
                          "%.*s to %.*s ends before it begins: a pause over midnight is two of them",
                          CV_STR_ARG(pause->from), CV_STR_ARG(pause->until));
    }
    return CV_OK;
}

/* When somebody is there, if it is said. */
static int check_person(const cv_session_person_t *person, const char *field, sch_no_t *ret_no)
{
    int64_t from, until;
    if ((person->from.ptr && !cv_wall_parse(person->from, &from)) ||
        (person->until.ptr && !cv_wall_parse(person->until, &until)))
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", field,
                      "%.*s is there from or until what is no day and time like 2026-05-11T08:00",
                      CV_STR_ARG(person->person));
    if (person->from.ptr && person->until.ptr && until <= from)
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", field, "%.*s has left, %.*s, before %.*s",
                      CV_STR_ARG(person->person), CV_STR_ARG(person->until), CV_STR_ARG(person->from));
    return CV_OK;
}

static int check_order(const cv_session_t *session, sch_no_t *ret_no)
{
    for (size_t i = 0; i < session->after_n; ++i)
        if (cv_str_equal(session->after[i], session->session))
            return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.after", "%.*s has to wait for itself",
                          CV_STR_ARG(session->session));
    return CV_OK;
}

int sch_check_session(const cv_session_t *session, sch_no_t *ret_no)
{
    if (session->room.ptr && !session->venue.ptr)
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.venue", "room %.*s of which venue?",
                      CV_STR_ARG(session->room));
    if (!session->start.ptr && (session->zone.ptr || session->utc_offset.ptr))
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.start", "a zone or an offset without a start");
    int64_t from, until;
    const struct {
        cv_str_t clock;
        const char *field;
        int64_t *at;
    } WISHES[] = {{session->wish_from, "data.wish_from", &from}, {session->wish_until, "data.wish_until", &until}};
    for (size_t i = 0; i < 2; ++i)
        if (WISHES[i].clock.ptr && !cv_wall_parse(WISHES[i].clock, WISHES[i].at))
            return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", WISHES[i].field,
                          "%.*s is no day and time like 2026-05-11T08:00", CV_STR_ARG(WISHES[i].clock));
    if (session->wish_from.ptr && session->wish_until.ptr && until < from + session->minutes * 60)
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.wish_until",
                      "%lld minutes do not fit between %.*s and %.*s", (long long)session->minutes,
                      CV_STR_ARG(session->wish_from), CV_STR_ARG(session->wish_until));
    int rc = session->has_chair ? check_person(&session->chair, "data.chair", ret_no) : CV_OK;
    for (size_t i = 0; !rc && i < session->speakers_n; ++i)
        rc = check_person(&session->speakers[i], "data.speakers", ret_no);
    if (!rc)
        rc = check_order(session, ret_no);
    if (rc)
        return rc;
    for (size_t i = 0; i < session->speakers_n; ++i)
        for (size_t j = 0; j < i; ++j)
            if (cv_str_equal(session->speakers[i].person, session->speakers[j].person))
                return sch_no(ret_no, CV_EREJECTED, "named_twice", "data.speakers", "%.*s speaks twice in it",
                              CV_STR_ARG(session->speakers[i].person));
    return CV_OK;
}

int sch_check_sitting_version(const sch_sitting_t *sitting, bool has_expected, int64_t expected, sch_no_t *ret_no)
{
    if (!has_expected || expected == sitting->version)
        return CV_OK;
    return sch_no(ret_no, CV_EREJECTED, "version_conflict", "data.expected_version",
                  "expected version %lld, but %.*s has version %lld", (long long)expected,
                  CV_STR_ARG(sitting->session.session), (long long)sitting->version);
}

/* ---- instants ---------------------------------------------------------------------------- */

cv_str_t sch_session_zone(const cv_session_t *session, cv_str_t venue_zone)
{
    return session->zone.ptr ? session->zone : venue_zone;
}

int sch_set_instants(sch_sitting_t *sitting, cv_str_t venue_zone, cv_str_t file, sch_no_t *ret_no)
{
    const cv_session_t *session = &sitting->session;
    if (!session->start.ptr) {
        sch_take_off(sitting);
        return CV_OK;
    }
    cv_str_t zone = sch_session_zone(session, venue_zone);
    if (!zone.ptr)
        return sch_no(ret_no, CV_EREJECTED, "zone_unknown", "data.zone",
                      "%.*s by which clock? Name its zone, like Asia/Almaty", CV_STR_ARG(session->start));
    if (session->room.ptr && venue_zone.ptr && !cv_str_equal(zone, venue_zone))
        return sch_no(ret_no, CV_EREJECTED, "zone_unknown", "data.zone",
                      "the clocks of %.*s are those of %.*s: a session there begins by them, not by those of %.*s",
                      CV_STR_ARG(session->venue), CV_STR_ARG(venue_zone), CV_STR_ARG(zone));
    const sch_wall_t wall = {.clock = session->start,
                             .zone = zone,
                             .utc_offset = session->utc_offset,
                             .code = "date_inconsistent",
                             .clock_field = "data.start",
                             .zone_field = "data.zone",
                             .offset_field = "data.utc_offset",
                             .otherwise = ""};
    int64_t begin_ms;
    int rc = sch_wall_ms(&wall, file, &begin_ms, ret_no);
    if (rc)
        return rc;
    if (begin_ms < 0)
        return sch_no(ret_no, CV_EREJECTED, "date_inconsistent", "data.start", "%.*s is before 1970",
                      CV_STR_ARG(session->start));
    sitting->session.zone = zone; /* the record says it, whatever becomes of the venue */
    sitting->has_begin_ms = sitting->has_until_ms = true;
    sitting->begin_ms = begin_ms;
    sitting->until_ms = begin_ms + session->minutes * MINUTE_MS;
    return CV_OK;
}

void sch_take_off(sch_sitting_t *sitting)
{
    sitting->has_begin_ms = sitting->has_until_ms = false;
    sitting->begin_ms = sitting->until_ms = 0;
    sitting->session.start = sitting->session.zone = sitting->session.utc_offset = CV_STR_NONE;
}
