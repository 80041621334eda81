/* ical_when: times of an iCalendar entry as times on a wall, with the zone that the wall is in.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_ICAL_WHEN_H
#define CLI_ICAL_WHEN_H

#include "ical_scan.h"
#include <libical/ical.h>

enum { ICAL_ZONE_MAX = 64, ICAL_WHY_MAX = 300, ICAL_ZONES_MAX = 64 };

/* The VTIMEZONEs of a file. */
typedef struct {
    struct {
        char id[ICAL_ZONE_MAX * 2 + 1], location[ICAL_ZONE_MAX + 1];
        icaltimezone *zone;
    } list[ICAL_ZONES_MAX];
    size_t n;
    const char *otherwise; /* zone of times that have none; NULL */
    cv_arena_t *arena;     /* for files of zones */
} ical_zones_t;

int ical_zones_read(const ical_scan_t *scan, ical_zones_t *zones) CV_USE_RESULT; /* CV_ENOMEM */
void ical_zones_done(ical_zones_t *zones);

/* A day, or a time in a zone. */
typedef struct {
    int64_t wall_s; /* as if it were UTC */
    bool day;
    char zone[ICAL_ZONE_MAX + 1]; /* IANA; "": offset_s counts */
    int64_t offset_s;             /* what that clock is ahead of UTC then */
} ical_when_t;

/* NULL, or why not, in words (lives in why). property: DTSTART, DTEND, EXDATE or RECURRENCE-ID. */
const char *ical_when_of(const ical_zones_t *zones, icalproperty *property, struct icaltimetype time,
                         ical_when_t *ret_when, char why[ICAL_WHY_MAX]);
/* The same zone at another time of the wall: fills in the offset, or says why there is no such time. tzid: what the
 * property said, or NULL. */
const char *ical_when_at(const ical_zones_t *zones, const char *tzid, int64_t wall_s, ical_when_t *when,
                         char why[ICAL_WHY_MAX]);
/* What clocks of that zone are ahead of UTC at an instant. false: there is no such zone. */
bool ical_offset_at(const ical_zones_t *zones, const char *tzid, const ical_when_t *when, int64_t utc_s,
                    int64_t *ret_offset_s);
/* Seconds of the wall as an icaltimetype; and back. */
struct icaltimetype ical_time_of(int64_t wall_s, bool day);
int64_t ical_wall_of(struct icaltimetype time);

#endif
