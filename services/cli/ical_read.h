/* ical_read: what an iCalendar file (RFC 5545) says, as events of a plan.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each VEVENT gives one row; one that recurs a row for each occurrence in the plan's year, but for those that EXDATE
 * takes out or an entry with RECURRENCE-ID replaces. A row is either data, the fields of scheduling.event.propose but its
 * id, or a sentence that says what is wrong, with the line. No entry is lost: each has at
 * least one row, or other entries stand in for all of its days, or it takes them all out itself. Which series were read as
 * a whole is listed too: a day of one of these that has no row is none of the series.
 *
 *   times    as on the clock on the wall, with an IANA zone: TZID if it is one (a vendor's prefix is passed over), else
 *            the X-LIC-LOCATION of its VTIMEZONE, else the offset that the VTIMEZONE gives for that time. Z is UTC. A
 *            time without a zone needs one to be said (options); an hour that a clock leaves out is refused
 *   days     DTEND does not belong to the entry: 12 to 14 May ends on the 13th. DURATION counts like it
 *   RRULE    daily or slower, ICAL_OCCURRENCES_MAX in the year at most; more are refused, and RDATE, by hour, and
 *            RANGE=THISANDFUTURE are
 *   place    "Online"; "City, AZ" or "AZ" as city and country; any other text begins the note
 *   title    SUMMARY; in an entry of Convene's own (by its UID) without the "POSTPONED: " or "CANCELLED: " that a feed puts
 *            before it
 *   people   ATTENDEE and ORGANIZER are not read: persons register
 *
 * Two entries for the same thing: the one with the higher SEQUENCE counts, the other is refused.
 */
#ifndef CLI_ICAL_READ_H
#define CLI_ICAL_READ_H

#include "convene/bytes.h"

#include <jansson.h>

enum { ICAL_UID_MAX = 300, ICAL_WRONG_MAX = 400, ICAL_OCCURRENCES_MAX = 64, ICAL_ROWS_MAX = 20000 };

typedef struct {
    int64_t line;                   /* of the entry, or of what is wrong in it */
    char uid[ICAL_UID_MAX + 1];     /* "" where it has none; with the day behind a blank where it recurs */
    json_t *data;                   /* NULL: see wrong */
    int64_t sequence;               /* 0 when not said */
    bool cancelled;                 /* STATUS or METHOD */
    int64_t start_ms;               /* of one that has a time */
    bool ends;                      /* the file says when it ends */
    bool postponed;                 /* of Convene's own feeds: its days are those that it had */
    char category[48];              /* first of CATEGORIES that could be a code, or "" */
    bool emptied;                   /* a series without a day in the year, of which days were imported */
    bool noted;                     /* nothing differs but SEQUENCE */
    char wrong[ICAL_WRONG_MAX + 1]; /* "" */
} ical_row_t;

/* An entry with RRULE, all of whose days in the year have a row. One that has none there has a row that says so: it is
 * refused, unless days of it were imported, which are none of it any more. */
typedef struct {
    int64_t line, sequence;
    size_t empty; /* number of that row from 1; 0: it has days */
    char uid[ICAL_UID_MAX + 1];
} ical_series_t;

typedef struct {
    ical_row_t *rows;
    size_t n, room;
    ical_series_t *series;
    size_t series_n, series_room;
    size_t entries, passed_over;    /* VEVENTs; to-dos, journals and the like */
    char wrong[ICAL_WRONG_MAX + 1]; /* with the file as a whole: then there are no rows */
} ical_file_t;

typedef struct {
    int64_t plan_year;
    const char *line; /* of planning */
    const char *zone; /* of times without one; NULL */
} ical_options_t;

/* CV_ENOMEM. */
int ical_read(const char *text, size_t len, const ical_options_t *options, ical_file_t *ret_file) CV_USE_RESULT;
void ical_read_done(ical_file_t *file);

/* One more row, all zero; NULL: out of memory, or ICAL_ROWS_MAX. Rows that were there may move. */
ical_row_t *ical_add_row(ical_file_t *file);
/* Does this UID stand at Convene's own domain? *ret_len: of what is before that. */
bool ical_is_own(const char *uid, size_t *ret_len);

#endif
