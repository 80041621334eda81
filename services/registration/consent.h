/* consent: what persons agreed to: for which purpose, until when, and what follows when it ends.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   consent.c   put, withdraw, what runs out, the question      store_consent.[ch]   SQL
 *
 * Nobody needs a consent to be registered: a state that sends somebody has another basis to say who it is. But where the
 * consent to take part (participation) was recorded, it is what the data rest on, and they go with it: withdrawn, in the
 * same decision; run out, at that instant. Any other purpose ends by itself, and nothing follows here: who prints the
 * list of participants asks which consents are in force.
 *
 * Happy path
 *   put        person found -> an earlier one for the purpose ends (replaced) -> row -> timer
 *   withdraw   consent ends (withdrawn) -> participation: erased as by registration.erase (erase.c), the rest ends with it
 *   runs out   timer of the event -> consent ends (lapsed) -> participation: who takes part in an event that is not over
 *              leaves (registration.lapsed, the list moves), then is erased
 *
 * The data's own end is not here: who put no last day has agreed for as long as they are kept (purge_days of the event,
 * erase.c). Somebody else in the place of a person has not agreed to anything: consents end when a person is substituted.
 *
 * Failure modes
 *   the service was down at the instant   the timer is durable: at the first chance; ended_ms says when that was
 *   thousands at one instant              LAPSED_MAX in a batch; the timer stays for the rest
 *   the event moves behind the last day   the data go all the same, and with them the seat: what was agreed to counts
 *   rolled back                           rows and timers only: nothing in memory knows of them
 *
 * Invariants
 *   at most one consent of a person and purpose is in force (a UNIQUE index)
 *   none is in force of a person who was erased
 *   while one with a last day is in force the event's timer stands at it or before
 *
 * A row has no name, only the number of the person, so it outlives an erasure: that somebody had agreed is what one must
 * be able to show afterwards. It goes when it ended longer ago than readings are kept (registration/access_days).
 */
#ifndef CONVENE_REGISTRATION_CONSENT_H
#define CONVENE_REGISTRATION_CONSENT_H

#include "registration/registration.h"

#define REG_TIMER_CONSENT "consent"             /* key: the event */
#define REG_TIMER_CONSENT_ENDED "consent_ended" /* key: "oldest" */

bool reg_is_consent_request(uint16_t type);
int reg_consent_request(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
/* The person is erased, or somebody else takes the place. */
int reg_consents_over(reg_t *self, cv_tx_t *tx, int64_t person, cv_consent_end_t end) CV_USE_RESULT;
int reg_consent_timer(reg_t *self, cv_tx_t *tx, reg_event_t *event) CV_USE_RESULT;
int reg_consent_ended_timer(reg_t *self, cv_tx_t *tx) CV_USE_RESULT;
int reg_ask_consents(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit,
                     cv_collect_t *collect) CV_USE_RESULT;

#endif
