/* core_calendar: what calendars and clocks make of an event, decided from facts alone: no socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event says the day and the clock on the wall where it is; start_ms of its record is the instant that this means.
 * It is computed here and nowhere else, by the rules of RFC 5545 (3.3.5), so that every calendar, feed and reminder is
 * about the same instant:
 *
 *   zone            by the file of that zone. utc_offset beside it only says which of two is meant
 *   utc_offset      without a zone, or where this machine has no file of it
 *   skipped         no clock shows it (02:30 when 02:00 becomes 03:00): by the offset before the gap, so 03:30
 *   shown twice     the first of them, unless utc_offset is that of the second
 *   neither, or no day that is known, or no time: there is no instant; none is made up
 *
 * An event is taken in with such a time where a session would be refused (sch_wall_ms): a plan is made a year ahead, by
 * people who cannot know yet how clocks will be set.
 *
 * calendar_sequence counts what a reader of a calendar must take anew, and nothing else. What is stored without it (by
 * a program that did not count) counts as version less one, which is what its feed said. Invariants: it never falls
 * from one version to the next, and never is more than version less one.
 */
#ifndef SCHEDULING_CORE_CALENDAR_H
#define SCHEDULING_CORE_CALENDAR_H

#include "scheduling/core_sessions.h"

/* file: of its zone; CV_STR_NONE: there is none. false: there is no instant. */
bool sch_start(const cv_event_details_t *details, cv_str_t file, int64_t *ret_ms);
/* Sets both fields of the next version. before: the version before; NULL: this is the first. Where there is no file any
 * more and the clock on the wall is the same, the instant stays what it was. */
void sch_set_calendar(const cv_scheduling_event_v1_t *before, cv_str_t file, cv_scheduling_event_v1_t *event);

#endif
