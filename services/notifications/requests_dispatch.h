/* requests_dispatch: webhooks are set and dead letters are sent again.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NOTIFICATIONS_REQUESTS_DISPATCH_H
#define NOTIFICATIONS_REQUESTS_DISPATCH_H

#include "notifications/notifications.h"

bool ntf_is_dispatch_request(uint16_t type);
int ntf_dispatch_request(ntf_t *ntf, cv_tx_t *tx, uint16_t type, const void *data, cv_outcome_t *out);

#endif
