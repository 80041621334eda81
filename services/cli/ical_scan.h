/* ical_scan: the lines of an iCalendar file (RFC 5545): where each entry and each zone stands.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libical reads a component but does not say on which line it stood, and gives up a whole calendar for one bad line. So
 * the file is first cut into its components here, by BEGIN and END alone, and each is read by itself: what is wrong with
 * one entry is said with its line, and the others are not lost. An entry whose END is missing ends where the next
 * component or the calendar does, and says so.
 */
#ifndef CLI_ICAL_SCAN_H
#define CLI_ICAL_SCAN_H

#include "convene/bytes.h"

typedef enum { ICAL_ENTRY, ICAL_ZONE, ICAL_OTHER } ical_kind_t;

typedef struct {
    ical_kind_t kind;
    const char *text; /* from BEGIN to END, with the ends of lines; into the file */
    size_t len;
    int64_t line; /* of BEGIN, from 1 */
    bool whole;   /* it has an END of its own */
} ical_part_t;

typedef struct {
    ical_part_t *parts;
    size_t n, room;
    bool calendar;   /* a BEGIN:VCALENDAR was seen */
    cv_str_t method; /* of the last calendar; CV_STR_NONE */
} ical_scan_t;

/* text must live as long. CV_ENOMEM. */
int ical_scan(const char *text, size_t len, ical_scan_t *ret_scan) CV_USE_RESULT;
void ical_scan_done(ical_scan_t *scan);

/* The first line of a part that is this property: its number, and its value unfolded as far as it fits. 0: it has none.
 * What stands in components within the part does not count. */
int64_t ical_line_of(const ical_part_t *part, const char *name, char *ret_value, size_t size);
/* A copy with a NUL, to be freed; NULL: out of memory. */
char *ical_text_of(const ical_part_t *part);
/* How many such lines there are. */
size_t ical_count_of(const ical_part_t *part, const char *name);

#endif
