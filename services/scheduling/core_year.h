/* core_year: which rules of the annual plan speak against an event on its days, from what is near it. No socket, no
 * database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The placement engine prices whole plans by the same rules; this says at an edit what a person has to know of one
 * event.
 *
 *   A1   its venue, or its host's team, is at another event
 *   A2   its body meets elsewhere, or its officer is at another event, or was or will be in another city the day before or
 *        after: people have to travel. Where nobody has to go, online, an officer can be at two
 *   A3   outside of the days that it may take up (earliest, latest), or set to begin within 30 days from now
 *   A4   a working body meets within a week after the governing body whose meeting it should have prepared
 *   A5   on a day off of its host
 *   A6   on a feast that meetings between states keep free
 *   A7   has no day
 *   A8   is moved, in time or place, from what its status promised
 *   A9   members have a day off on its days; coordinators of its area and those who come weigh more
 *   A10  at the same time as an event of the same circle, or to which the same delegations come
 *   A11  a governing body on days of a summit elsewhere
 *   A12  begins less than 14 days from another event of the dimension
 *   A13  more than 2 events begin in its week, 6 in its month, 1 of its officer's in its week
 *   A14  in person in Ramadan; its last ten days count twice
 *   A15  near an event of its circle in the same city: a reward, below 0
 *   A16  begins weeks from the day that would be best (preferred)
 *   A17  online at hours at which members do not work, where it says its time and length, and they their zone
 *
 * A circle are events to which the same people come: of one body, or, without bodies, of one area. A18, whether one member
 * bears more than others over the year, is a sum over all events, and no event's own: only the engine counts it (`place
 * plan`, `why`), an edit is not told.
 *
 * Events of one group are one occasion: nothing of this holds between them.
 */
#ifndef SCHEDULING_CORE_YEAR_H
#define SCHEDULING_CORE_YEAR_H

#include "scheduling/core.h"
#include "scheduling/placement/rules.h"

enum {
    SCH_YEAR_REACH_DAYS = 31, /* how far near events can be */
    SCH_SPREAD_DAYS = 14,     /* between two of a dimension */
    SCH_NOTICE_DAYS = 30,
    SCH_YEAR_CLASHES_MAX = 64,
    SCH_CLASH_TEXT_MAX = 240,
    SCH_YEAR_MEMBERS_MAX = 256,
};

typedef enum {
    SCH_CLASH_VENUE,
    SCH_CLASH_TEAM,
    SCH_CLASH_BODY,
    SCH_CLASH_ORDER,
    SCH_CLASH_OFF,
    SCH_CLASH_FEAST,
    SCH_CLASH_SPREAD,
    SCH_CLASH_WINDOW,
    SCH_CLASH_NOTICE,
    SCH_CLASH_NOWHERE,
    SCH_CLASH_MOVED,
    SCH_CLASH_MEMBERS,
    SCH_CLASH_CIRCLE,
    SCH_CLASH_DELEGATIONS,
    SCH_CLASH_SUMMIT,
    SCH_CLASH_WEEK,
    SCH_CLASH_MONTH,
    SCH_CLASH_OFFICER,
    SCH_CLASH_RAMADAN,
    SCH_CLASH_CITY,
    SCH_CLASH_PREFERRED,
    SCH_CLASH_HOURS,
    SCH_CLASH_PERSON,
    SCH_CLASH_TRAVEL,
} sch_clash_why_t;

typedef struct {
    int rule; /* SCH_A1 ... */
    sch_clash_why_t why;
    const cv_scheduling_event_v1_t *other; /* NULL: none */
    int64_t day, days;                     /* the first day of it; how many, or how many apart */
    cv_str_t name;                         /* a party, an officer */
    int64_t cost;
} sch_clash_t;

/* One event near by, what its body is, and who comes. */
typedef struct {
    const cv_scheduling_event_v1_t *event;
    cv_body_kind_t kind; /* CV_BODY_KIND_ABSENT: no body */
    const cv_str_t *confirmed;
    size_t confirmed_n;
} sch_near_event_t;

/* A member, as it stands to the event. */
typedef struct {
    cv_str_t code;
    int weight;       /* what a day off of it weighs: 8 coordinator, 5 co-coordinator, 3 comes, 1 else */
    int64_t days_off; /* of the event's days */
    bool has_zone;
    int64_t utc_minutes; /* that clocks there are ahead of UTC on its first day */
} sch_member_t;

typedef struct {
    sch_near_event_t *near;
    size_t near_n;
    cv_body_kind_t kind;                   /* of the event's own body */
    const cv_calendar_t *const *calendars; /* any; those of the host's country and of everybody count */
    size_t calendars_n;
    const sch_rule_t *rules;   /* SCH_ANNUAL_RULES_N */
    const cv_str_t *confirmed; /* delegations that come to the event */
    size_t confirmed_n;
    const sch_member_t *members;
    size_t members_n;
    bool has_today, moves; /* moves: its days are set just now */
    int64_t today;
    const cv_scheduling_event_v1_t *was; /* before this edit; NULL: it is new, or nothing is edited */
    bool has_clock;
    int64_t utc_minutes; /* that its own clock is ahead */
} sch_year_t;

/* How many of these days a calendar says are off; others than of its year are not counted. */
int64_t sch_days_off(const cv_calendar_t *calendar, int64_t first, int64_t last);
/* The same where there is no calendar of the year: Saturdays and Sundays. */
int64_t sch_weekend_days(int64_t first, int64_t last);
int64_t sch_calendar_year(int64_t day);
/* Hours of a meeting that somebody would be in outside of 9 to 18 o'clock. utc_minute: of its beginning. */
int64_t sch_hours_outside(int64_t utc_minute, int64_t minutes, int64_t utc_minutes);
/* What moving costs, by what the status has promised; near: within 14 days. */
int64_t sch_moving_cost(cv_event_status_t status, bool near);

/* Returns how many there are, dearest level first; writes SCH_YEAR_CLASHES_MAX at most. */
size_t sch_clashes_of(const cv_scheduling_event_v1_t *event, const sch_year_t *year,
                      sch_clash_t ret_clashes[SCH_YEAR_CLASHES_MAX]);
const char *sch_clash_text(const cv_scheduling_event_v1_t *event, const sch_clash_t *clash,
                           char ret_text[SCH_CLASH_TEXT_MAX + 1]);

#endif
