/* core_seats: the seats of an event, computed from its rules and from what parties have.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic is registration's, as the domain defines it:
 *
 *   c_p   seats that party p has: confirmed and offered
 *   G_p   seats kept for p: its guarantee, at most its maximum; 0 when it is not invited, and from release_ms on
 *   held  sum over all parties of max(G_p, c_p);   free = capacity - held, at least 0
 *   guaranteed_held = held - sum of c_p
 *
 * Registration's records carry `free` too, but only when somebody is decided about: a capacity that was changed, a
 * party that came, a guarantee that ended would not show until then. tests/system/test_dashboard.py compares with
 * registration.
 */
#ifndef DASHBOARD_CORE_SEATS_H
#define DASHBOARD_CORE_SEATS_H

#include <jansson.h>
#include <stdint.h>

/* event: NULL, or without rules: gives NULL. parties: {code: party}; answers: {"EVENT/PARTY": answer}. A new reference.
 */
json_t *dash_seats_of(const json_t *event, json_t *parties, json_t *answers, int64_t now_ms);

#endif
