/* people: a file of persons as registrations at one event.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   CSV          a header line, then one person per row: party, name, capacity, and where wanted attendance, email and
 *                answers to the event's form (answer_sheet.h). The rows of a party are one registration, in the order of
 *                the file; each: every row is one of its own
 *   JSON lines   one registration per line: what registration.register takes; its event may be left out
 *
 * All is read before anything is sent, so that a file that is wrong is found out before half of it is registered. A row
 * that does not fit is told with its line and column, and its whole registration is set aside: part of a delegation is
 * not what the file says. At most 64 persons are one registration; a party's 65th begins the next.
 *
 * Columns number and state, which an export has, are passed over. A ' that an export put in front of a cell (sheet.h)
 * is taken away.
 */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "cli.h"

enum { PEOPLE_TEXT = 256 };

/* What is wrong with a row. party and name: as far as they are known, or "". field: "" or a column. */
typedef void people_fault_fn(void *arg, int64_t line, const char *party, const char *name, const char *field,
                             const char *text);

typedef struct {
    const char *event;
    bool each;
    people_fault_fn *fault;
    void *arg;
    /* Array of {"data": {...}, "lines": [2, 3], "wrong": line or absent}; lines: of each person, or one for all. */
    json_t *registrations;
    int64_t rows, wrong;     /* rows read, and those told as faults */
    char error[PEOPLE_TEXT]; /* why the file as a whole cannot be used */
} people_t;

/* CV_OK: read to the end. CV_EINVAL: see error. */
int people_read_csv(people_t *people, FILE *file) CV_USE_RESULT;
int people_read_lines(people_t *people, FILE *file) CV_USE_RESULT;

#endif
