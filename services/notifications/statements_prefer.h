/* statements_prefer: the SQL text of how far a notice has come, with those that wait as their recipient asked; see
 * store_prefer.h and store_arrival.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The expression stands in the index of what is to be told exactly as in the queries that use it.
 */
#ifndef NOTIFICATIONS_STATEMENTS_PREFER_H
#define NOTIFICATIONS_STATEMENTS_PREFER_H

#include "notifications/statements_arrival.h"

/* Of a row of ntf_delivery: NTF_ARRIVAL, and -1 (NTF_ARRIVAL_DEFERRED) for what is held for a digest or quiet hours. */
#define NTF_PROGRESS "CASE WHEN state = 1 AND dead = 0 AND hold IN (4, 5) THEN -1 ELSE " NTF_ARRIVAL " END"

#endif
