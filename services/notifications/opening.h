/* opening: those who may register, and have not answered, are told that registration for an event is open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   a record by which it opens       is put down (ntf_opening), and told in the same transaction to all whom the rules name
 *                                    (audience.h); under ids of their own, for the same record may bring a change as well
 *   after a start                    it is told when the followed streams are read to their ends, by the timer "opening": who
 *                                    registered while this service was down has answered, and is not told that it has not. A
 *                                    stream that does not come is waited for NTF_LOOK_WAITS_MAX_MS
 *   the party answers, registration  what has not left yet, because it waits for a digest, say, ends: it would say what is no
 *   closes, the event is off         more
 *
 * Failure modes
 *   killed at any moment             told in the transaction of the record, or the row and the durable timer are there
 *   it has closed meanwhile          nobody is told
 *   it opens again                   is another record: whoever has not answered then is told again
 *   a snapshot                       tells nobody: it is state, not news
 */
#ifndef NOTIFICATIONS_OPENING_H
#define NOTIFICATIONS_OPENING_H

#include "notifications/notifications.h"

/* This record opens registration for the event. */
int ntf_opened(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg, const cv_scheduling_event_v1_t *event) CV_USE_RESULT;
/* Registration is not open any more; or, with a party, that one has answered. */
int ntf_opening_over(ntf_t *ntf, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* The timer "opening" comes soon if anything was put down, whatever it was set to. */
int ntf_opening_timer(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* What was put down, if it is time. */
int ntf_opening_due(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;

#endif
