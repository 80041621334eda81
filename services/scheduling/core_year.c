/* core_year: which rules of the annual plan speak against an event on its days.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_year_find.h"

#include "convene/ids.h"
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
enum {
    TRAVEL_DAYS = 1,
    WEEK = 7,
    DATE_LEN = 10,
    SATURDAY = 5,
    THURSDAY = 3 /* of a week that begins on Monday: 1970-01-01 */
};

static bool is_before(const sch_rule_t *rules, const sch_clash_t *a, const sch_clash_t *b)
{
    const sch_rule_t *x = &rules[a->rule], *y = &rules[b->rule];
    if (x->effect != y->effect)
        return x->effect < y->effect;
    if (x->level != y->level)
        return x->level < y->level;
    return a->cost > b->cost;
}

void sch_year_add(sch_year_find_t *find, int64_t times, sch_clash_t clash)
{
    const sch_rule_t *rules = find->year->rules;
    clash.cost = rules[clash.rule].weight * times;
    if (rules[clash.rule].effect == SCH_IGNORE)
        return;
    ++find->n;
    size_t at = find->kept;
    while (at && is_before(rules, &clash, &find->list[at - 1]))
        --at;
    if (at == SCH_YEAR_CLASHES_MAX)
        return;
    if (find->kept < SCH_YEAR_CLASHES_MAX)
        ++find->kept;
    memmove(&find->list[at + 1], &find->list[at], (find->kept - 1 - at) * sizeof *find->list);
    find->list[at] = clash;
}

/* Days between two events: 1: they follow each other, 0 or less: they share days. */
static int64_t days_apart(const sch_year_find_t *find, int64_t first, int64_t last)
{
    return first > find->first ? first - find->last : find->first - last;
}

bool sch_same(cv_str_t a, cv_str_t b)
{
    return a.ptr && b.ptr && cv_str_equal(a, b);
}

bool sch_is_online(const cv_event_details_t *details)
{
    return details->format == CV_EVENT_FORMAT_ONLINE;
}

/* Who has to be at both: the body, or the officer where both are held in a place. In another city it takes a day to get
 * there, which two that overlap have not either. */
static void check_people(sch_year_find_t *find, const sch_near_event_t *near, int64_t apart, sch_clash_t clash)
{
    const cv_event_details_t *mine = &find->event->event_details, *theirs = &near->event->event_details;
    bool online = sch_is_online(mine) || sch_is_online(theirs), body = sch_same(mine->body, theirs->body);
    bool officer = !online && sch_same(mine->officer, theirs->officer);
    bool elsewhere = !online && mine->city.ptr && theirs->city.ptr && !cv_str_equal(mine->city, theirs->city);
    clash.rule = SCH_A2;
    clash.name = body ? mine->body : mine->officer;
    clash.why = apart > 0 ? SCH_CLASH_TRAVEL : body ? SCH_CLASH_BODY : SCH_CLASH_PERSON;
    if ((body || officer) && (apart <= 0 || (apart <= TRAVEL_DAYS && elsewhere)))
        sch_year_add(find, 1 + (apart <= 0 && elsewhere), clash);
}

static void check_other(sch_year_find_t *find, const sch_near_event_t *near)
{
    const cv_event_details_t *mine = &find->event->event_details, *theirs = &near->event->event_details;
    int64_t first, last;
    if (cv_str_equal(near->event->event, find->event->event) || sch_same(mine->group, theirs->group) ||
        !sch_holds_days(near->event, &first, &last))
        return;
    int64_t apart = days_apart(find, first, last), day = first > find->first ? first : find->first;
    sch_clash_t clash = {.other = near->event, .day = day, .days = 1 - apart};
    check_people(find, near, apart, clash);
    if (apart <= 0) {
        const struct {
            bool broken;
            int rule;
            sch_clash_why_t why;
        } ALONE[] = {
            {sch_same(mine->venue, theirs->venue) && !sch_is_online(mine) && !sch_is_online(theirs), SCH_A1,
             SCH_CLASH_VENUE},
            {sch_same(mine->host_org, theirs->host_org), SCH_A1, SCH_CLASH_TEAM},
        };
        for (size_t i = 0; i < sizeof ALONE / sizeof *ALONE; ++i) {
            clash.rule = ALONE[i].rule;
            clash.why = ALONE[i].why;
            if (ALONE[i].broken)
                sch_year_add(find, 1, clash);
        }
    }
    clash.days = apart;
    bool works = find->year->kind == CV_BODY_KIND_WORKING && near->kind == CV_BODY_KIND_GOVERNING;
    bool governs = find->year->kind == CV_BODY_KIND_GOVERNING && near->kind == CV_BODY_KIND_WORKING;
    if (apart > 0 && apart <= WEEK && ((works && find->first > last) || (governs && first > find->last))) {
        clash.rule = SCH_A4;
        clash.why = SCH_CLASH_ORDER;
        sch_year_add(find, 1, clash);
    }
    int64_t begins = first > find->first ? first - find->first : find->first - first;
    if (sch_same(mine->dimension, theirs->dimension) && begins < SCH_SPREAD_DAYS) {
        clash.rule = SCH_A12;
        clash.why = SCH_CLASH_SPREAD;
        clash.days = begins;
        sch_year_add(find, SCH_SPREAD_DAYS - begins, clash);
    }
    sch_year_beside(find, near, apart);
}

/* ---- days off ---------------------------------------------------------------------------- */

bool sch_day_of(cv_str_t date, int64_t *ret_day)
{
    int64_t ms;
    if (date.len != DATE_LEN || cv_date_parse(date, &ms) != CV_OK)
        return false;
    *ret_day = ms / DAY_MS;
    return true;
}

static bool is_weekend(const cv_calendar_t *calendar, int64_t day)
{
    int64_t weekday = (day + THURSDAY) % WEEK;
    for (size_t i = 0; i < calendar->weekend_n; ++i)
        if ((int64_t)calendar->weekend[i] - CV_WEEKDAY_MON == weekday)
            return true;
    return false;
}

/* An estimated feast of everybody may be a day earlier or later. */
static bool is_off(const cv_calendar_t *calendar, int64_t day, bool feasts)
{
    for (size_t i = 0; i < calendar->days_n; ++i) {
        const cv_calendar_day_t *row = &calendar->days[i];
        int64_t at, around = feasts && row->certainty == CV_DAY_CERTAINTY_ESTIMATED;
        if (feasts && (row->kind == CV_DAY_KIND_SUMMIT || row->kind == CV_DAY_KIND_RAMADAN))
            continue;
        if (sch_day_of(row->date, &at) && day >= at - around && day <= at + around)
            return true;
    }
    return false;
}

int64_t sch_calendar_year(int64_t day)
{
    char text[CV_TIME_TEXT + 1];
    int64_t year = 0;
    cv_time_text(day * DAY_MS, text);
    return cv_str_digits((cv_str_t){text, 4}, 4, &year) == CV_OK ? year : 0;
}

/* Calendars are of one year each: a weekend counts in its own year only. */
static bool is_year_of(const cv_calendar_t *calendar, int64_t day)
{
    return sch_calendar_year(day) == calendar->year;
}

int64_t sch_days_off(const cv_calendar_t *calendar, int64_t first, int64_t last)
{
    int64_t n = 0;
    for (int64_t day = first; day <= last; ++day)
        n += is_year_of(calendar, day) && (is_off(calendar, day, false) || is_weekend(calendar, day));
    return n;
}

int64_t sch_weekend_days(int64_t first, int64_t last)
{
    int64_t n = 0;
    for (int64_t day = first; day <= last; ++day)
        n += (day + THURSDAY) % WEEK >= SATURDAY;
    return n;
}

static void check_days(sch_year_find_t *find, bool feasts)
{
    sch_clash_t clash = {.rule = feasts ? SCH_A6 : SCH_A5, .why = feasts ? SCH_CLASH_FEAST : SCH_CLASH_OFF};
    for (int64_t day = find->first; day <= find->last; ++day) {
        bool off = false;
        for (size_t i = 0; i < find->year->calendars_n && !off; ++i) {
            const cv_calendar_t *calendar = find->year->calendars[i];
            if (feasts ? calendar->country.ptr != NULL
                       : !sch_same(calendar->country, find->event->event_details.country))
                continue;
            off = is_off(calendar, day, feasts) || (!feasts && is_year_of(calendar, day) && is_weekend(calendar, day));
        }
        if (off && !clash.days++)
            clash.day = day;
    }
    if (clash.days)
        sch_year_add(find, clash.days, clash);
}

size_t sch_clashes_of(const cv_scheduling_event_v1_t *event, const sch_year_t *year,
                      sch_clash_t ret_clashes[SCH_YEAR_CLASHES_MAX])
{
    sch_year_find_t find = {.event = event, .year = year, .list = ret_clashes};
    if (!sch_holds_days(event, &find.first, &find.last)) {
        sch_year_nowhere(&find);
        return find.n;
    }
    for (size_t i = 0; i < year->near_n; ++i)
        check_other(&find, &year->near[i]);
    if (!sch_is_online(&event->event_details))
        check_days(&find, false);
    check_days(&find, true);
    sch_year_alone(&find);
    return find.n;
}

static cv_str_t or_any(cv_str_t date)
{
    return date.ptr ? date : CV_STR("any");
}

const char *sch_clash_text(const cv_scheduling_event_v1_t *event, const sch_clash_t *clash,
                           char ret_text[SCH_CLASH_TEXT_MAX + 1])
{
    const cv_event_details_t *details = &event->event_details;
    cv_str_t other = clash->other ? clash->other->event : CV_STR_NONE;
    cv_str_t city = clash->other ? clash->other->event_details.city : CV_STR_NONE;
    char date[CV_TIME_TEXT + 1];
    long long days = (long long)clash->days;
    cv_time_text(clash->day * DAY_MS, date);
#define SAY(...) (void)snprintf(ret_text, SCH_CLASH_TEXT_MAX + 1, __VA_ARGS__)
    switch (clash->why) {
    case SCH_CLASH_VENUE:
        SAY("%.*s is taken by %.*s from %.10s", CV_STR_ARG(details->venue), CV_STR_ARG(other), date);
        break;
    case SCH_CLASH_TEAM:
        SAY("its host also has %.*s from %.10s", CV_STR_ARG(other), date);
        break;
    case SCH_CLASH_BODY:
        SAY("%.*s meets as %.*s from %.10s", CV_STR_ARG(details->body), CV_STR_ARG(other), date);
        break;
    case SCH_CLASH_PERSON:
        SAY("%.*s is at %.*s from %.10s", CV_STR_ARG(clash->name), CV_STR_ARG(other), date);
        break;
    case SCH_CLASH_TRAVEL:
        SAY("%.*s has no day between to travel from or to %.*s in %.*s", CV_STR_ARG(clash->name), CV_STR_ARG(other),
            CV_STR_ARG(city));
        break;
    case SCH_CLASH_ORDER:
        SAY("%.*s and it, %lld days apart: what prepares comes before what decides", CV_STR_ARG(other), days);
        break;
    case SCH_CLASH_OFF:
        SAY("%lld of its days are days off in %.*s, the first %.10s", days, CV_STR_ARG(details->country), date);
        break;
    case SCH_CLASH_FEAST:
        SAY("%lld of its days are a feast that meetings between states keep free, the first %.10s", days, date);
        break;
    case SCH_CLASH_SPREAD:
        SAY("begins %lld days from %.*s, which is of the same dimension", days, CV_STR_ARG(other));
        break;
    case SCH_CLASH_WINDOW:
        SAY("may take up days from %.*s to %.*s only", CV_STR_ARG(or_any(details->earliest)),
            CV_STR_ARG(or_any(details->latest)));
        break;
    case SCH_CLASH_NOTICE:
        SAY("begins %lld days from now; %d are the least notice", days, SCH_NOTICE_DAYS);
        break;
    case SCH_CLASH_NOWHERE:
        SAY("it has no day yet");
        break;
    case SCH_CLASH_MOVED:
        SAY("it is moved from %.10s and what it had promised", date);
        break;
    case SCH_CLASH_MEMBERS:
        SAY("%lld members have a day off then, one of them %.*s", days, CV_STR_ARG(clash->name));
        break;
    case SCH_CLASH_CIRCLE:
        SAY("the same people are wanted at %.*s from %.10s", CV_STR_ARG(other), date);
        break;
    case SCH_CLASH_DELEGATIONS:
        SAY("%lld delegations come to %.*s from %.10s, too; one of them is %.*s", days, CV_STR_ARG(other), date,
            CV_STR_ARG(clash->name));
        break;
    case SCH_CLASH_SUMMIT:
        SAY("%lld of its days are days of a summit elsewhere, the first %.10s", days, date);
        break;
    case SCH_CLASH_WEEK:
        SAY("%lld events begin in its week", days);
        break;
    case SCH_CLASH_MONTH:
        SAY("%lld events begin in its month", days);
        break;
    case SCH_CLASH_OFFICER:
        SAY("%.*s is responsible for %lld events in its week", CV_STR_ARG(clash->name), days);
        break;
    case SCH_CLASH_RAMADAN:
        SAY("%lld of its days are in Ramadan, the first %.10s", days, date);
        break;
    case SCH_CLASH_CITY:
        SAY("%.*s, to which the same people come, is near in the same city: that saves a journey", CV_STR_ARG(other));
        break;
    case SCH_CLASH_PREFERRED:
        SAY("begins %lld days from %.*s, which would be best", days, CV_STR_ARG(details->preferred));
        break;
    case SCH_CLASH_HOURS:
        SAY("for %lld members it is outside of working hours, one of them %.*s", days, CV_STR_ARG(clash->name));
        break;
    }
#undef SAY
    return ret_text;
}
