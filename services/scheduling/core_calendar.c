/* core_calendar: see core_calendar.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_calendar.h"

#include "convene/calendar.h"
#include "convene/ids.h"
#include <string.h>

enum { STEP_S = 15 * 60, STEPS_MAX = 24 * 4 }; /* clocks are set by quarters of an hour, by a day at most */

/* ---- the instant ------------------------------------------------------------------------- */

static bool wall_of(const cv_event_details_t *details, int64_t *ret_wall_s)
{
    char wall[] = "0000-00-00T00:00";
    if (details->date_start.len != 10 || details->time_start.len != 5)
        return false;
    memcpy(wall, details->date_start.ptr, 10);
    memcpy(wall + 11, details->time_start.ptr, 5);
    return cv_wall_parse(cv_str(wall), ret_wall_s);
}

/* What clocks of the zone are ahead of UTC when they show this, or just before they skip it. */
static bool offset_at(cv_str_t file, int64_t wall_s, cv_str_t said, int64_t *ret_offset_s)
{
    for (int i = 0; file.ptr && i <= STEPS_MAX; ++i) {
        cv_instant_t found[2];
        size_t n = 0;
        if (cv_zone_instants(file, wall_s - (int64_t)i * STEP_S, found, &n))
            return false;
        if (n == 0)
            continue;
        bool second = n == 2 && (i > 0 || (said.ptr && sch_offset_of(said) == found[1].offset_s));
        *ret_offset_s = found[second ? 1 : 0].offset_s;
        return true;
    }
    return false;
}

bool sch_start(const cv_event_details_t *details, cv_str_t file, int64_t *ret_ms)
{
    int64_t wall_s, offset_s;
    if (!wall_of(details, &wall_s))
        return false;
    if (!details->zone.ptr || !offset_at(file, wall_s, details->utc_offset, &offset_s)) {
        if (!details->utc_offset.ptr)
            return false;
        offset_s = sch_offset_of(details->utc_offset);
    }
    if (wall_s < offset_s) /* before 1970 */
        return false;
    *ret_ms = (wall_s - offset_s) * 1000;
    return true;
}

/* ---- SEQUENCE ---------------------------------------------------------------------------- */

static bool same_place(const cv_event_details_t *a, const cv_event_details_t *b)
{
    return cv_str_equal(a->venue, b->venue) && cv_str_equal(a->city, b->city) && cv_str_equal(a->country, b->country) &&
           a->format == b->format;
}

static bool same_wall(const cv_event_details_t *a, const cv_event_details_t *b)
{
    return cv_str_equal(a->date_start, b->date_start) && cv_str_equal(a->date_end, b->date_end) &&
           cv_str_equal(a->time_start, b->time_start) && cv_str_equal(a->zone, b->zone) &&
           cv_str_equal(a->utc_offset, b->utc_offset);
}

/* An instant that an older program did not say is no other instant. */
static bool same_instant(const cv_scheduling_event_v1_t *a, const cv_scheduling_event_v1_t *b)
{
    return !a->has_start_ms || (b->has_start_ms && a->start_ms == b->start_ms);
}

static cv_calendar_status_t status_of(const cv_scheduling_event_v1_t *event)
{
    return cv_calendar_status(cv_str(cv_event_status_text(event->status)));
}

void sch_set_calendar(const cv_scheduling_event_v1_t *before, cv_str_t file, cv_scheduling_event_v1_t *event)
{
    const cv_event_details_t *now = &event->event_details;
    event->has_start_ms = sch_start(now, file, &event->start_ms);
    event->has_calendar_sequence = true;
    event->calendar_sequence = 0;
    if (!before)
        return;
    bool same = same_wall(&before->event_details, now);
    if (same && !event->has_start_ms && before->has_start_ms) {
        event->has_start_ms = true;
        event->start_ms = before->start_ms;
    }
    same = same && same_instant(before, event) && status_of(before) == status_of(event) &&
           same_place(&before->event_details, now);
    event->calendar_sequence =
        (before->has_calendar_sequence ? before->calendar_sequence : before->version - 1) + (same ? 0 : 1);
}
