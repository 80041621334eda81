/* query_dispatch: what can be asked of dispatches and webhooks.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   what            key                     gives                               who
 *   dispatches      "" | PARTY | EVENT/PARTY   notifications.dispatch.v1: each notice over each channel, with its log;
 *                                           addresses and replies only for these  operator, secretariat, service; the
 *                                                                                 party's focal point. Others: without.
 *                                           CV_ENOTFOUND: no such party, or event. What waits is over the channel by which
 *                                           it is to leave
 *   dead            ""                      the same, what was given up         the same
 *   delivery        ""                      notifications.delivery.v1: numbers  anybody
 *   webhooks        "" | PARTY              notifications.webhook.v1            operator, secretariat, service; the
 *                                                                                 party's focal point
 *   webhook_secret  PARTY/ORDER             notifications.webhook.secret.v1     secretariat, once for each secret
 *
 * A secret is shown once: that it was is on the disk before the answer leaves, so a second asker, whoever it is, sees
 * that somebody was first. Who has lost it rotates it.
 */
#ifndef NOTIFICATIONS_QUERY_DISPATCH_H
#define NOTIFICATIONS_QUERY_DISPATCH_H

#include "notifications/notifications.h"

/* CV_ENOTFOUND also: it is none of these questions. */
int ntf_query_dispatch(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit,
                       cv_collect_t *collect) CV_USE_RESULT;
/* Writes that a secret was shown. */
int ntf_query_trace(void *self, cv_tx_t *tx) CV_USE_RESULT;

#endif
