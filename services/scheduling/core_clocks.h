/* core_clocks: what another tz database makes of what was planned, decided from facts alone: no socket, no database, no
 * clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * People keep to the clock on the wall. So when a state sets its clocks otherwise, the day and the time of an event or
 * session stay, and the instant moves. An offset that was said beside the zone was how clocks were set before: it is
 * said anew. Nothing else of it changes.
 */
#ifndef SCHEDULING_CORE_CLOCKS_H
#define SCHEDULING_CORE_CLOCKS_H

#include "scheduling/core_calendar.h"

typedef enum {
    SCH_CLOCK_SAME,  /* or it cannot be known: there is no file of the zone any more. What was said stays */
    SCH_CLOCK_MOVED, /* it is another instant now */
    SCH_CLOCK_SAID,  /* an older program did not say the instant: said from now on, and no news */
    SCH_CLOCK_GONE,  /* a session: clocks skip the time at which it was to begin */
} sch_clock_t;

/* What a next version is made with; the version's views point into it. */
typedef struct {
    char reason[SCH_TEXT_MAX], offset[CV_OFFSET_TEXT + 1];
} sch_clock_text_t;

/* Still to take place, on a day and at a time? */
bool sch_clock_concerns(const cv_scheduling_event_v1_t *event);
/* The event by this file of its zone (CV_STR_NONE: there is none). But for SAME: *ret_next is its next version, whose
 * start_ms and calendar_sequence are set when it is written. *ret_ms: the instant; of what has none, 0. */
sch_clock_t sch_clock_event(const cv_scheduling_event_v1_t *event, cv_str_t file, sch_clock_text_t *ret_text,
                            cv_scheduling_event_v1_t *ret_next, int64_t *ret_ms);
/* The same for a session that is placed; GONE: the next version is off the programme. */
sch_clock_t sch_clock_session(const sch_sitting_t *sitting, cv_str_t file, sch_clock_text_t *ret_text,
                              sch_sitting_t *ret_next);

#endif
