/* core_year_cost: rules of the annual plan that say what an event costs where it can be: its window and notice, promises,
 * members, the Secretariat's load, wishes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_year_find.h"

#include "convene/zone.h"

#include <stdlib.h>
#include <string.h>

enum {
    WEEK = 7,
    THURSDAY = 3, /* of a week that begins on Monday: 1970-01-01 */
    A_WEEK = 2,   /* events that the Secretariat can carry */
    A_MONTH = 6,
    OF_AN_OFFICER = 1,
    CITY_DAYS = 3,
    RAMADAN_LAST = 10, /* its last days count twice */
    NEAR_DAYS = 14,
    MINUTES = 1440,
    WORK_BEGINS = 9,
    WORK_ENDS = 18,
    MONTH_LEN = 7,
};

int64_t sch_moving_cost(cv_event_status_t status, bool near)
{
    if (status == CV_EVENT_STATUS_CIRCULATED)
        return 1;
    if (status == CV_EVENT_STATUS_ADOPTED)
        return 5;
    if (status == CV_EVENT_STATUS_SCHEDULED)
        return near ? 200 : 20;
    if (status == CV_EVENT_STATUS_OPEN || status == CV_EVENT_STATUS_CLOSED)
        return near ? 200 : 50;
    return 0;
}

int64_t sch_hours_outside(int64_t utc_minute, int64_t minutes, int64_t utc_minutes)
{
    int64_t n = 0;
    for (int64_t at = utc_minute; at < utc_minute + minutes; at += 60) {
        int64_t hour = (at + utc_minutes + 2 * (int64_t)MINUTES) % MINUTES / 60;
        n += hour < WORK_BEGINS || hour >= WORK_ENDS;
    }
    return n;
}

/* ---- two events -------------------------------------------------------------------------- */

/* To which the same people come. */
static bool same_circle(const cv_event_details_t *a, const cv_event_details_t *b)
{
    return a->body.ptr || b->body.ptr ? sch_same(a->body, b->body) : sch_same(a->area, b->area);
}

static int64_t both_come(const sch_year_t *year, const sch_near_event_t *near, cv_str_t *ret_first)
{
    int64_t n = 0;
    for (size_t i = 0; i < year->confirmed_n; ++i)
        for (size_t k = 0; k < near->confirmed_n; ++k)
            if (cv_str_equal(year->confirmed[i], near->confirmed[k]) && !n++)
                *ret_first = year->confirmed[i];
    return n;
}

void sch_year_beside(sch_year_find_t *find, const sch_near_event_t *near, int64_t apart)
{
    const cv_event_details_t *mine = &find->event->event_details, *theirs = &near->event->event_details;
    bool circle = same_circle(mine, theirs);
    int64_t first, last;
    if (!sch_holds_days(near->event, &first, &last))
        return;
    sch_clash_t clash = {.rule = SCH_A10, .other = near->event, .day = first};
    if (apart <= 0 && circle) {
        clash.why = SCH_CLASH_CIRCLE;
        clash.days = (int64_t)find->year->members_n;
        if (clash.days)
            sch_year_add(find, 2 * clash.days, clash);
    } else if (apart <= 0) {
        clash.why = SCH_CLASH_DELEGATIONS;
        clash.days = both_come(find->year, near, &clash.name);
        if (clash.days)
            sch_year_add(find, clash.days, clash);
    }
    clash.rule = SCH_A15;
    clash.why = SCH_CLASH_CITY;
    clash.days = apart;
    if (circle && apart - 1 <= CITY_DAYS && sch_same(mine->city, theirs->city) && !sch_is_online(mine) &&
        !sch_is_online(theirs))
        sch_year_add(find, 1, clash);
}

/* ---- the Secretariat's load -------------------------------------------------------------- */

static int64_t week_of(int64_t day)
{
    return (day + THURSDAY) / WEEK;
}

/* Groups are one occasion: the first of each that is met counts. */
static bool is_counted(const sch_year_find_t *find, size_t at)
{
    const sch_year_t *year = find->year;
    const cv_scheduling_event_v1_t *event = year->near[at].event;
    cv_str_t group = event->event_details.group;
    if (event->status == CV_EVENT_STATUS_DRAFT || cv_str_equal(event->event, find->event->event) ||
        sch_same(group, find->event->event_details.group))
        return false;
    for (size_t i = 0; i < at; ++i)
        if (sch_same(group, year->near[i].event->event_details.group))
            return false;
    return true;
}

/* What this event adds to the square of what is too much. */
static void check_load(sch_year_find_t *find, sch_clash_why_t why, int64_t n, int64_t cap)
{
    int64_t over = n - cap;
    if (over > 0)
        sch_year_add(find, 2 * over - 1,
                     (sch_clash_t){.rule = SCH_A13, .why = why, .days = n, .name = find->event->event_details.officer});
}

static void check_loads(sch_year_find_t *find)
{
    const cv_event_details_t *mine = &find->event->event_details;
    int64_t week = 1, month = 1, officer = 1, first, last;
    for (size_t i = 0; i < find->year->near_n; ++i) {
        const cv_event_details_t *theirs = &find->year->near[i].event->event_details;
        if (!is_counted(find, i) || !sch_holds_days(find->year->near[i].event, &first, &last))
            continue;
        bool same_week = week_of(first) == week_of(find->first);
        week += same_week;
        month += memcmp(theirs->date_start.ptr, mine->date_start.ptr, MONTH_LEN) == 0;
        officer += same_week && sch_same(theirs->officer, mine->officer);
    }
    check_load(find, SCH_CLASH_WEEK, week, A_WEEK);
    check_load(find, SCH_CLASH_MONTH, month, A_MONTH);
    check_load(find, SCH_CLASH_OFFICER, officer, OF_AN_OFFICER);
}

/* ---- days of everybody ------------------------------------------------------------------- */

static bool is_of_kind(const cv_calendar_t *calendar, cv_day_kind_t kind, int64_t day)
{
    int64_t at;
    for (size_t i = 0; i < calendar->days_n; ++i)
        if (calendar->days[i].kind == kind && sch_day_of(calendar->days[i].date, &at) && at == day)
            return true;
    return false;
}

/* The last day of Ramadan in a year; 0: none is known. */
static int64_t last_of_ramadan(const sch_year_t *year, int64_t of_year)
{
    int64_t last = 0, at;
    for (size_t i = 0; i < year->calendars_n; ++i)
        for (size_t k = 0; k < year->calendars[i]->days_n && !year->calendars[i]->country.ptr; ++k)
            if (year->calendars[i]->days[k].kind == CV_DAY_KIND_RAMADAN &&
                sch_day_of(year->calendars[i]->days[k].date, &at) && sch_calendar_year(at) == of_year && at > last)
                last = at;
    return last;
}

static void check_common(sch_year_find_t *find, int rule, sch_clash_why_t why, cv_day_kind_t kind)
{
    const sch_year_t *year = find->year;
    sch_clash_t clash = {.rule = rule, .why = why};
    int64_t times = 0;
    for (int64_t day = find->first; day <= find->last; ++day) {
        bool found = false;
        for (size_t i = 0; i < year->calendars_n && !found; ++i)
            found = !year->calendars[i]->country.ptr && is_of_kind(year->calendars[i], kind, day);
        if (!found)
            continue;
        if (!clash.days++)
            clash.day = day;
        times +=
            1 + (kind == CV_DAY_KIND_RAMADAN && day > last_of_ramadan(year, sch_calendar_year(day)) - RAMADAN_LAST);
    }
    if (times)
        sch_year_add(find, times, clash);
}

/* ---- one event --------------------------------------------------------------------------- */

static void check_window(sch_year_find_t *find)
{
    const cv_event_details_t *details = &find->event->event_details;
    const sch_year_t *year = find->year;
    int64_t earliest, latest, ahead = find->first - year->today;
    bool early = sch_day_of(details->earliest, &earliest) && find->first < earliest;
    bool late = sch_day_of(details->latest, &latest) && find->last > latest;
    bool soon = year->has_today && year->moves && ahead >= 0 && ahead < SCH_NOTICE_DAYS;
    if (early || late || soon)
        sch_year_add(find, 1,
                     (sch_clash_t){.rule = SCH_A3,
                                   .why = early || late ? SCH_CLASH_WINDOW : SCH_CLASH_NOTICE,
                                   .day = find->first,
                                   .days = ahead});
}

static void check_promise(sch_year_find_t *find)
{
    const sch_year_t *year = find->year;
    const cv_scheduling_event_v1_t *was = year->was;
    int64_t first, last;
    if (!was || !sch_holds_days(was, &first, &last))
        return;
    bool near = year->has_today && first > year->today && first <= year->today + NEAR_DAYS;
    int64_t cost = sch_moving_cost(was->status, near), times = first != find->first ? cost : 0;
    const cv_event_details_t *a = &was->event_details, *b = &find->event->event_details;
    if (!cv_str_equal(a->venue, b->venue) || !cv_str_equal(a->city, b->city) || !cv_str_equal(a->country, b->country))
        times += (cost + 1) / 2;
    if (times)
        sch_year_add(find, times, (sch_clash_t){.rule = SCH_A8, .why = SCH_CLASH_MOVED, .day = first});
}

static void check_members(sch_year_find_t *find)
{
    const sch_year_t *year = find->year;
    const cv_event_details_t *details = &find->event->event_details;
    sch_clash_t off = {.rule = SCH_A9, .why = SCH_CLASH_MEMBERS}, hours = {.rule = SCH_A17, .why = SCH_CLASH_HOURS};
    int64_t off_times = 0, hours_times = 0, minutes = 0;
    bool timed = sch_is_online(details) && year->has_clock && details->has_minutes &&
                 cv_wall_time_parse(details->time_start, &minutes);
    int64_t utc_minute = minutes - year->utc_minutes;
    for (size_t i = 0; i < year->members_n; ++i) {
        const sch_member_t *member = &year->members[i];
        int64_t outside =
            timed && member->has_zone ? sch_hours_outside(utc_minute, details->minutes, member->utc_minutes) : 0;
        if (member->days_off && !off.days++)
            off.name = member->code;
        if (outside && !hours.days++)
            hours.name = member->code;
        off_times += member->weight * member->days_off;
        hours_times += outside * outside;
    }
    if (off_times)
        sch_year_add(find, off_times, off);
    if (hours_times)
        sch_year_add(find, hours_times, hours);
}

void sch_year_alone(sch_year_find_t *find)
{
    const cv_event_details_t *details = &find->event->event_details;
    int64_t preferred;
    check_window(find);
    check_promise(find);
    check_members(find);
    check_loads(find);
    if (find->year->kind == CV_BODY_KIND_GOVERNING && !cv_str_is(details->city, "New York"))
        check_common(find, SCH_A11, SCH_CLASH_SUMMIT, CV_DAY_KIND_SUMMIT);
    if (!sch_is_online(details))
        check_common(find, SCH_A14, SCH_CLASH_RAMADAN, CV_DAY_KIND_RAMADAN);
    if (!sch_day_of(details->preferred, &preferred))
        return;
    int64_t away = llabs(find->first - preferred);
    if (away / WEEK)
        sch_year_add(find, away / WEEK,
                     (sch_clash_t){.rule = SCH_A16, .why = SCH_CLASH_PREFERRED, .days = away, .day = preferred});
}

/* What takes place some time and has no day. */
void sch_year_nowhere(sch_year_find_t *find)
{
    int64_t first, last;
    cv_event_status_t status = find->event->status;
    if (sch_days(&find->event->event_details, &first, &last) || !sch_planned(status) ||
        status == CV_EVENT_STATUS_DRAFT || status == CV_EVENT_STATUS_POSTPONED)
        return;
    sch_year_add(find, 1, (sch_clash_t){.rule = SCH_A7, .why = SCH_CLASH_NOWHERE});
}
