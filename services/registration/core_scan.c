/* core_scan: what the scans of one badge mean. See core_scan.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/core_scan.h"

#include <stdlib.h>
#include <string.h>

int64_t reg_scan_time(int64_t gate_ms, int64_t offset_ms)
{
    int64_t at_ms = gate_ms - offset_ms;

    return at_ms < 0 ? 0 : at_ms;
}

static int sign_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare(const void *a_, const void *b_)
{
    const reg_scan_t *a = a_, *b = b_;
    int order = sign_of(a->at_ms, b->at_ms);

    if (!order)
        order = strcmp(a->gate, b->gate);
    if (!order)
        order = sign_of(a->run, b->run);
    return order ? order : sign_of(a->sequence, b->sequence);
}

void reg_read_scans(reg_scan_t *scans, size_t n, int64_t revoked_ms)
{
    const reg_scan_t *entry = NULL; /* by which the holder is inside */

    if (n > 1)
        qsort(scans, n, sizeof *scans, compare);
    for (size_t i = 0; i < n; i++) {
        reg_scan_t *scan = &scans[i];
        scan->other = 0;
        scan->was = scan->finding;
        if (scan->verdict == REG_GATE_REFUSED) {
            scan->finding = REG_SCAN_REFUSED;
        } else if (scan->direction == REG_OUT) {
            scan->finding = entry ? REG_SCAN_EXIT : REG_SCAN_UNMATCHED;
            entry = NULL;
        } else if (revoked_ms && scan->at_ms >= revoked_ms) {
            scan->finding = REG_SCAN_AFTER_REVOCATION;
        } else if (!entry) {
            scan->finding = REG_SCAN_ENTRY;
            entry = scan;
        } else if (strcmp(entry->gate, scan->gate) == 0) {
            scan->finding = REG_SCAN_REPEATED;
        } else {
            scan->finding = REG_SCAN_DUPLICATE;
            scan->other = (uint32_t)(entry - scans);
        }
    }
}
