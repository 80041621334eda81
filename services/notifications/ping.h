/* ping: recipients are asked now and then whether they are still the right ones.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes, where notifications/ping is not 0
 *   the timer "ping"          who has not confirmed within the interval is asked: the notice "contact_ping" and the state
 *                             are put down in the engine's transaction, so neither is without the other
 *   contact.confirm           confirmed, until the interval is over again; by the party's focal point or the secretariat
 *   nothing in time           unanswered: told like an address that mail comes back from, until somebody confirms it,
 *                             clears it, or sets another address. It is not asked again meanwhile, nor left out: that
 *                             nobody answers does not mean that nobody reads
 *
 * Only the party's recipients are asked. The contact of a delegation is not, on purpose: it was given for one event (with
 * consent to that, and a date at which it is destroyed), so nothing of it may be kept beyond, such as when it answered; the
 * decision on the registration goes to it at once, so that it is dead is known from that mail, before an interval of months
 * would ask; and it is named anew with each registration. Where it is dead, reach.h writes to the party's recipients.
 *
 * Failure modes
 *   down when the time comes      done at the next start, in the same order; unanswered since the instant it was due
 *   killed before the COMMIT      nothing happened; the timer is due at the next start
 *   mail to it is stopped         it is not asked: that it comes back says more
 *   it cannot be delivered        it waits or is dead like any notice; whom it cannot reach does not answer
 *   switched off                  nobody is asked, and what was asked stays as it is
 *
 * Invariant: a ping goes to the recipient that is asked, and never to the one behind it.
 */
#ifndef NOTIFICATIONS_PING_H
#define NOTIFICATIONS_PING_H

#include "notifications/notifications.h"
#include "notifications/store_ping.h"

#define NTF_PING_ANSWER_DEFAULT_MS (14 * INT64_C(86400000))

enum { NTF_PINGS_MAX = 64 }; /* of one transaction, count */

/* Settings, before the service is opened: 0, or a number with s, m, h or d. The name of what is wrong; NULL: nothing. */
const char *ntf_ping_configure(cv_str_t interval, cv_str_t answer);
int64_t ntf_ping_answer_ms(void);

int ntf_ping_due(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* Keeps the timer "ping" at whose time comes next. */
int ntf_ping_timer(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
int ntf_ping_confirm(ntf_t *ntf, cv_tx_t *tx, const cv_notifications_contact_confirm_v1_t *confirm,
                     cv_outcome_t *out) CV_USE_RESULT;

#endif
