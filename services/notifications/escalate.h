/* escalate: a notice with a deadline that nobody of the party has got goes to its next contact, in time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   a notice with a deadline is made   a reminder, an offer of a seat, the opening of a silence procedure: ntf_tell puts down
 *                                      when it is to be looked at (core_escalate.h), in the same transaction
 *   the timer "escalate"               what is due is looked at, in the engine's transaction:
 *     it has arrived                   that is all, unless it comes back: then it is looked at again at once
 *     its deadline has moved or gone   that is all: what replaces it has a notice of its own. So has an offer that was
 *                                      answered, by whoever read of it elsewhere
 *     a later reminder of its deadline was made: that one is looked at, and in place of a procedure's opening at once, or
 *                                      as soon as it is made: core_escalate.h
 *     it waits as its recipient asked  it is looked at again, half way to the deadline
 *     nobody has it                    the same is made for whoever comes next in the party's order after the one it was
 *                                      mailed to, and has another address, saying so in the text, once; it leaves at once,
 *                                      and to no webhook
 *     there is nobody who comes next,  it is unseen: counted in notifications.delivery, and said by doctor, metrics and the
 *     or that does not arrive either   page, and told to the secretariat (unseen.h); looked at again every NTF_LOOK_AGAIN_MS, so
 *                                      that it ends when somebody mends it
 *     the deadline has passed          it ends; what nobody had is told to the secretariat, if it ended unanswered: the offer
 *                                      lapsed, registration closed without this party, the procedure was adopted
 *
 * Failure modes
 *   killed at any moment               the row and the other notice are of one transaction; the timer is durable
 *   down while it was due              looked at after the next start, when the followed streams were read to their ends, so
 *                                      that answers which came meanwhile are known, and delivery had NTF_LOOK_START_MS
 *                                      since then to do what it could not do meanwhile; if the deadline has passed
 *                                      meanwhile, it ends: no other contact is told what is no more
 *   another service is down as well,   so its answers do not come: it is waited for NTF_LOOK_WAITS_MAX_MS after our start and
 *   or its stream is long              at most half of what is left; once the deadline is over NTF_LOOK_OVER_MAX_MS. Then
 *                                      it goes on with what is known: somebody may be written to who need not have been
 *   it was made while we were down     it is known only now, so the time it has is counted from now; where it was over
 *                                      before, it is looked at once, as above
 *   an answer is in a snapshot alone   offers.h: it says which offers are open and which have expired
 *   the clock steps                    what is due is due by the clock; that it was done is not undone by it. What was not,
 *                                      because a clock that was ahead said that the deadline is over, is watched again
 *                                      (clock.h)
 *   an outbox folder                   what is a file is taken for arrived: what becomes of files is not known here
 *   the first contact gets it later    both have it then; what is dead or waits for an address that is stopped never goes to
 *                                      those that the other one is for (dispatch.c)
 */
#ifndef NOTIFICATIONS_ESCALATE_H
#define NOTIFICATIONS_ESCALATE_H

#include "notifications/notifications.h"

enum { NTF_LOOK_AGAIN_MS = 600000, NTF_LOOK_SOON_MS = 1000, NTF_LOOKS_MAX = 256 /* in one transaction */ };

/* A notice with this deadline was made. */
int ntf_escalate_watch(ntf_t *ntf, cv_tx_t *tx, cv_str_t notice, const ntf_telling_t *telling) CV_USE_RESULT;
/* The mail of this delivery, or digest, was taken and came back: it is looked at again now. */
int ntf_escalate_again(ntf_t *ntf, int64_t carrier, int64_t now_ms) CV_USE_RESULT;
/* Before a delivery is composed anew. CV_ENOTFOUND: whoever would be told now has got the same already, made for the next
 * contact. */
int ntf_escalate_spares(ntf_t *ntf, const ntf_delivery_t *row) CV_USE_RESULT;
/* What is to be looked at. */
int ntf_escalate_due(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* Whether what happened while we were down has been read; to be seen in every transaction. */
void ntf_escalate_caught_up(ntf_t *ntf, cv_tx_t *tx);
/* Keeps the timer "escalate" at what is to be looked at next. */
int ntf_escalate_timer(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;

#endif
