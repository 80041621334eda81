/* core_clocks: see core_clocks.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_clocks.h"

#include "convene/ids.h"
#include <stdio.h>

enum { MINUTE_MS = 60000 };

/* Who moved: the zone, its offset then as it was and as it is, and the instant. Offsets are told from the instants, so
 * that they are those that were in force when the instant was said. */
static void explain(cv_str_t zone, cv_str_t day, cv_str_t time, int64_t wall_s, int64_t was_ms, int64_t is_ms,
                    sch_clock_text_t *ret_text)
{
    char was[CV_OFFSET_TEXT + 1], was_at[CV_TIME_TEXT + 1], is_at[CV_TIME_TEXT + 1];
    cv_offset_text(wall_s - was_ms / 1000, was);
    cv_offset_text(wall_s - is_ms / 1000, ret_text->offset);
    cv_time_text(was_ms, was_at);
    cv_time_text(is_ms, is_at);
    (void)snprintf(ret_text->reason, sizeof ret_text->reason,
                   "Clocks in %.*s are at %s then, not at %s (a newer tz database): %.*s %.5s there is %.16s UTC, "
                   "not %.16s.",
                   CV_STR_ARG(zone), ret_text->offset, was, CV_STR_ARG(day), time.ptr, is_at, was_at);
}

bool sch_clock_concerns(const cv_scheduling_event_v1_t *event)
{
    const cv_event_details_t *details = &event->event_details;
    return sch_planned(event->status) && event->status != CV_EVENT_STATUS_POSTPONED && details->time_start.ptr &&
           (details->zone.ptr || details->utc_offset.ptr);
}

sch_clock_t sch_clock_event(const cv_scheduling_event_v1_t *event, cv_str_t file, sch_clock_text_t *ret_text,
                            cv_scheduling_event_v1_t *ret_next, int64_t *ret_ms)
{
    const cv_event_details_t *details = &event->event_details;
    int64_t ms;
    *ret_ms = event->has_start_ms ? event->start_ms : 0;
    if (details->zone.ptr && !file.ptr)
        return SCH_CLOCK_SAME;
    if (!sch_start(details, file, &ms) || (event->has_start_ms && event->start_ms == ms))
        return SCH_CLOCK_SAME;
    *ret_ms = ms;
    *ret_next = *event;
    ++ret_next->version;
    ret_next->change = CV_EVENT_CHANGE_CHANGED;
    ret_next->decision = CV_STR_NONE;
    ret_next->changed_n = 0;
    if (!event->has_start_ms) {
        ret_next->reason = CV_STR("The instant of the start is said from this version on; nothing has changed.");
        return SCH_CLOCK_SAID;
    }
    int64_t midnight_ms = 0, minutes = 0;
    if (cv_date_parse(details->date_start, &midnight_ms) || !cv_wall_time_parse(details->time_start, &minutes))
        return SCH_CLOCK_SAME; /* sch_start has read them */
    int64_t wall_s = midnight_ms / 1000 + minutes * 60;
    explain(details->zone, details->date_start, details->time_start, wall_s, event->start_ms, ms, ret_text);
    ret_next->reason = cv_str(ret_text->reason);
    if (details->utc_offset.ptr && !cv_str_is(details->utc_offset, ret_text->offset)) {
        ret_next->event_details.utc_offset = cv_str(ret_text->offset);
        ret_next->changed[ret_next->changed_n++] = CV_STR("utc_offset");
    }
    ret_next->changed[ret_next->changed_n++] = CV_STR("start_ms");
    return SCH_CLOCK_MOVED;
}

sch_clock_t sch_clock_session(const sch_sitting_t *sitting, cv_str_t file, sch_clock_text_t *ret_text,
                              sch_sitting_t *ret_next)
{
    const cv_session_t *session = &sitting->session;
    cv_instant_t found[2];
    size_t n = 0;
    int64_t wall_s;
    if (!file.ptr || !cv_wall_parse(session->start, &wall_s) || cv_zone_instants(file, wall_s, found, &n))
        return SCH_CLOCK_SAME;
    for (size_t i = 0; i < n; ++i)
        if (found[i].utc_s * 1000 == sitting->begin_ms)
            return SCH_CLOCK_SAME;
    *ret_next = *sitting;
    ++ret_next->version;
    ret_next->change = CV_SESSION_CHANGE_PLACED;
    if (n == 0) {
        (void)snprintf(ret_text->reason, sizeof ret_text->reason,
                       "No clock in %.*s shows %.10s %.5s any more (a newer tz database): it needs another time.",
                       CV_STR_ARG(session->zone), session->start.ptr, session->start.ptr + 11);
        sch_take_off(ret_next);
        ret_next->reason = cv_str(ret_text->reason);
        return SCH_CLOCK_GONE;
    }
    bool second = n == 2 && session->utc_offset.ptr && found[1].offset_s == sch_offset_of(session->utc_offset);
    ret_next->begin_ms = found[second ? 1 : 0].utc_s * 1000;
    ret_next->until_ms = ret_next->begin_ms + session->minutes * MINUTE_MS;
    explain(session->zone, (cv_str_t){session->start.ptr, 10}, (cv_str_t){session->start.ptr + 11, 5}, wall_s,
            sitting->begin_ms, ret_next->begin_ms, ret_text);
    if (session->utc_offset.ptr)
        ret_next->session.utc_offset = cv_str(ret_text->offset);
    ret_next->reason = cv_str(ret_text->reason);
    return SCH_CLOCK_MOVED;
}
