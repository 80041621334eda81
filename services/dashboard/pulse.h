/* pulse: a thread that asks the services how they are, so that the page can say when one of them is not.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream says what happened; that nothing happens, because its service is gone, it cannot say. So each service is
 * asked its public status question every DASH_PULSE_MS, the dashboard's own too: how far it follows the others. And
 * notifications is asked which notices have nobody to go to, and how mail and webhooks fare. The answers are entities:
 *
 *   service/NAME    {name, up, ready, writable, version, checked_ms, since_ms, problems, follows, streams}
 *   counters/NAME   what it has counted; for /metrics only
 *   delivery/all    how dispatches fare; for /metrics only
 *   held/PARTY      {party, n}: notices that wait for a recipient
 *
 * A service that does not answer within DASH_PULSE_WAIT_MS is down (`up` false) since the first time it did not; what
 * was last known of its version stays. The thread never touches the database and owns its sockets.
 */
#ifndef DASHBOARD_PULSE_H
#define DASHBOARD_PULSE_H

#include "convene/client.h"
#include "dashboard/link.h"

enum {
    DASH_PULSE_MS = 2000,
    DASH_PULSE_WAIT_MS = 1000, /* of one answer */
};

typedef struct dash_pulse dash_pulse_t;
typedef struct {
    cv_client_options_t client; /* its texts must live as long as the pulse */
    int64_t clock_offset_ms;
    dash_link_t *link;
} dash_pulse_options_t;

int dash_pulse_start(const dash_pulse_options_t *options, dash_pulse_t **ret_pulse, char *ret_error,
                     size_t error_size) CV_USE_RESULT;
void dash_pulse_stop(dash_pulse_t **pulse);

#endif
