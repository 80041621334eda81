/* annual: a year's plan as a placement model: items on days with hosts, rules A1 to A18.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A time is the first day of an event, a tick a day, a room a venue (or a city, a host team's capacity; online is a
 * venue that holds any number). Days are counted from the first of the plan, 0 to days - 1; calendars, feasts and
 * summits come as flags per day, made elsewhere from the register of holidays: this file knows no calendar of its own.
 *
 * What a search cannot break is taken out first: days outside the window (A3), the host's days off (A5) and feasts (A6)
 * are no candidates. They stay in the model, so that a person's edit there is priced and explained all the same.
 */
#ifndef SCHEDULING_PLACEMENT_ANNUAL_H
#define SCHEDULING_PLACEMENT_ANNUAL_H

#include "scheduling/placement/rules.h"

enum {
    SCH_ANNUAL_MEMBERS_MAX = 64,
    SCH_ANNUAL_VENUES_OF_MAX = 16,
    SCH_ANNUAL_PEOPLE_MAX = 8, /* bodies, people and teams that an item needs alone */
};

/* Flags of a day, for everybody. */
enum { SCH_DAY_FEAST = 1, SCH_DAY_SUMMIT = 2, SCH_DAY_RAMADAN = 4, SCH_DAY_RAMADAN_END = 8 };

typedef enum {
    SCH_STATE_PROPOSED,
    SCH_STATE_CIRCULATED,
    SCH_STATE_ADOPTED,
    SCH_STATE_SCHEDULED,
    SCH_STATE_INVITED,
    SCH_STATE_NEAR
} sch_promise_t;

typedef struct {
    const char *name;
    int host;       /* member whose days off count, or -1 (online) */
    int holds;      /* events at once; 0: any number */
    int turnaround; /* days */
    int city;
} sch_venue_t;

typedef struct {
    const char *name;
    int length;                    /* days */
    int window_first, window_last; /* first and last day it may take up */
    int venues[SCH_ANNUAL_VENUES_OF_MAX], venues_n;
    int dimension; /* or -1 */
    bool online, ministers, host_waives;
    int coordinator;                              /* member, or -1 */
    uint64_t co_coordinators, confirmed, members; /* bits; members: all who are invited */
    int exclusive[SCH_ANNUAL_PEOPLE_MAX],
        exclusive_n;     /* bodies, chairs, officers, host teams (numbers of the plan) it needs */
    int officer;         /* which of them is the responsible officer, or -1 */
    int circle;          /* events of one circle send the same people, or -1 */
    int preferred;       /* day, or -1 */
    int utc_hour, hours; /* online */
    int utc_minute;      /* past that hour */
    sch_promise_t promise;
    int promised_day, promised_venue; /* -1: not promised */
    bool pinned;
    int priority; /* of being placed at all, from 1 */
} sch_annual_item_t;

typedef struct {
    int before, after; /* items */
    int least, most; /* whole days between the last day of the first and the first day of the second; may be negative */
} sch_annual_order_t;

typedef struct {
    int days, first_weekday; /* 0: the plan's first day is a Monday */
    const int *month_of_day; /* 0 ... */
    const uint8_t *flags;    /* of each day */
    int members;
    const uint8_t *off;     /* [member * days + day]: holiday or weekend */
    const int *utc_minutes; /* of each member */
    uint64_t clockless;     /* members, bits, of whom it is not known */
    const sch_venue_t *venues;
    int venues_n;
    const sch_annual_item_t *items;
    int items_n;
    const sch_annual_order_t *orders;
    int orders_n;
    int exclusives;  /* bodies, people, teams: how many numbers are used */
    int summit_city; /* where a summit is no reason to stay away, or -1 */
    int travel_days;
    int per_week, per_month; /* what the Secretariat can carry; 0: 2 and 6 */
    const sch_rule_t *rules; /* NULL: the default table */
} sch_annual_t;

/* The frozen model; its rules are numbered SCH_A1 ... and its places day * venues_n + venue. CV_EINVAL for an index or
 * a day out of range. */
int sch_annual_model(const sch_annual_t *annual, sch_place_model_t **ret_model) CV_USE_RESULT;

#endif
