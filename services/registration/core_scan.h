/* core_scan: what the scans of one badge mean, put together from gates that did not know of each other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each gate writes down what it sees, alone, and tells it when it has a connection: hours late, in pieces, twice, and
 * in any order among the gates. What the scans mean must not depend on that. So nothing is ever decided from what came
 * before in time of arrival: whenever something is learned of a badge, all its scans are put in order and read anew.
 *
 * Order: time, then gate (octets of its name), then run, then number of the scan at its gate. No two scans are the same
 * in all four, so there is one order. Time is the gate's clock, less how far that clock was ahead of the service's when
 * the gate was last connected; the gate tells that with each scan, and tells it the same each time. A clock that was
 * off by a constant is put right by it. One that was set or drifted between the scan and the telling is not; the scan
 * is taken all the same, and what it says is as good as that clock.
 *
 * Reading, from outside:
 *
 *   scan                          holder is outside                   holder is inside
 *   refused by its gate           refused                             refused
 *   in, not before revocation     after_revocation                    after_revocation
 *   in, by the gate of the entry  entry: inside                       repeated
 *   in, by another gate           entry: inside                       duplicate, of the gate of the entry
 *   out                           unmatched                           exit: outside
 *
 * The first entry counts. A duplicate moves nobody: two people may hold one badge, and the list says at which gates and
 * when. An exit after a revocation counts: whoever was inside may leave. Entry and exit so alternate, and who is
 * inside is the difference of their numbers.
 */
#ifndef CONVENE_REGISTRATION_CORE_SCAN_H
#define CONVENE_REGISTRATION_CORE_SCAN_H

#include "convene/bytes.h"

enum { REG_GATE_MAX = 48, REG_SCANS_MAX = 1000 /* of one badge */ };

/* Numbers are stored and must not change; the wire has the same (checked in scan.c). */
typedef enum { REG_IN = 1, REG_OUT } reg_direction_t;
typedef enum { REG_GATE_ADMITTED = 1, REG_GATE_WARNED, REG_GATE_REFUSED } reg_gate_verdict_t;
typedef enum {
    REG_SCAN_ENTRY = 1,
    REG_SCAN_EXIT,
    REG_SCAN_REPEATED,
    REG_SCAN_DUPLICATE,
    REG_SCAN_UNMATCHED,
    REG_SCAN_AFTER_REVOCATION,
    REG_SCAN_REFUSED,
    REG_SCAN_UNKNOWN, /* the service knows no such badge (it was restored from a backup without it) */
    REG_SCAN_FINDINGS
} reg_finding_t;

typedef struct {
    char gate[REG_GATE_MAX + 1];
    int64_t run, sequence;
    int64_t at_ms;   /* put right */
    int64_t gate_ms; /* by the gate's clock */
    reg_direction_t direction;
    reg_gate_verdict_t verdict;
    reg_finding_t finding; /* what it is taken for */
    reg_finding_t was;     /* and was before it was read anew */
    int64_t row;           /* the caller's */
    uint32_t other;        /* of a duplicate: index of the entry, after reg_read_scans */
} reg_scan_t;

/* at_ms by the service's clock; never below 0. */
int64_t reg_scan_time(int64_t gate_ms, int64_t offset_ms);
/* Sorts, and fills in finding, was and other. revoked_ms: 0: it was not. */
void reg_read_scans(reg_scan_t *scans, size_t n, int64_t revoked_ms);

#endif
