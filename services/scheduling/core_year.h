/* core_year: which rules of the annual plan speak against an event on its days, from what is near it. No socket, no
 * database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The placement engine prices whole plans by the same rules; this says at an edit what a person has to know of one
 * event.
 *
 *   A1   its venue, or its host's team, is at another event
 *   A2   its body meets elsewhere
 *   A4   a working body meets within a week after the governing body whose meeting it should have prepared
 *   A5   on a day off of its host
 *   A6   on a feast that meetings between states keep free
 *   A12  less than 14 days from another event of the dimension
 *
 * Events of one group are one occasion: nothing of this holds between them.
 */
#ifndef SCHEDULING_CORE_YEAR_H
#define SCHEDULING_CORE_YEAR_H

#include "scheduling/core.h"
#include "scheduling/placement/rules.h"

enum { SCH_YEAR_REACH_DAYS = 14, SCH_YEAR_CLASHES_MAX = 64, SCH_CLASH_TEXT_MAX = 240 };

typedef enum {
    SCH_CLASH_VENUE,
    SCH_CLASH_TEAM,
    SCH_CLASH_BODY,
    SCH_CLASH_ORDER,
    SCH_CLASH_OFF,
    SCH_CLASH_FEAST,
    SCH_CLASH_SPREAD
} sch_clash_why_t;

typedef struct {
    int rule; /* SCH_A1 ... */
    sch_clash_why_t why;
    const cv_scheduling_event_v1_t *other; /* NULL: none */
    int64_t day, days;                     /* the first day of it; how many, or how many apart */
    int64_t cost;
} sch_clash_t;

/* One event near by, and what its body is. */
typedef struct {
    const cv_scheduling_event_v1_t *event;
    cv_body_kind_t kind; /* CV_BODY_KIND_ABSENT: no body */
} sch_near_event_t;

typedef struct {
    const sch_near_event_t *near;
    size_t near_n;
    cv_body_kind_t kind;                   /* of the event's own body */
    const cv_calendar_t *const *calendars; /* any; those of the host's country and of everybody count */
    size_t calendars_n;
    const sch_rule_t *rules; /* SCH_ANNUAL_RULES_N */
} sch_year_t;

/* Returns how many there are, dearest level first; writes SCH_YEAR_CLASHES_MAX at most. */
size_t sch_clashes_of(const cv_scheduling_event_v1_t *event, const sch_year_t *year,
                      sch_clash_t ret_clashes[SCH_YEAR_CLASHES_MAX]);
const char *sch_clash_text(const cv_scheduling_event_v1_t *event, const sch_clash_t *clash,
                           char ret_text[SCH_CLASH_TEXT_MAX + 1]);

#endif
