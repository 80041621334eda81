/* moved: mail that waits goes to whom its recipient is now, as soon as that is known; see dispatch.h for what it waits for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   whom a notice is for changes     a recipient is put, a delegation names another contact or a person another address,
 *                                    something comes back of an address or it is cleared, somebody is erased: in the
 *                                    transaction of the request or record that says so
 *   what waits of it                 each mail of that party (of that delegation, if it is its contact; for that address, if it
 *                                    is stopped) is asked whom it is for now, as its lease would (ntf_whom). Is that another
 *                                    address, it is put there: due at once, with the whole ladder, for pauses and failures were
 *                                    the old address's; without its bytes, which its lease makes anew, for whoever reads them now
 *   what is on its way               ends where it went. Is it taken there, that is all; else that failure does not count, and
 *                                    it goes to the new address at once, as with a webhook that moves
 *
 * So what was made before the change is in the same lane as what is made after it, and before it there: a recipient gets
 * notices in the order they were made in. An update of an invitation that comes behind its end would bring the entry back.
 *
 * What stays
 *   an escalation's second notice    is for the next contact on purpose: `above` says so, and ntf_whom goes by it. The first
 *                                    does not move to who has the second (ntf_escalate_spares)
 *   nobody to write to now           it stays in its lane; its lease says why it does not leave (dispatch.c)
 *   its data were not kept           it cannot be made anew, and leaves with the bytes it has
 *   what is dead                     is moved by its redrive, whose lease asks whom it is for
 *
 * Failure modes
 *   killed                           the change and the move are one transaction. What was on its way then goes back to its
 *                                    queue at the next start, and is asked as well
 *   the attempt at the old address   what was made after it does not wait for it at the new one, so one notice may come behind
 *   takes long, and fails            its successors there: with an address of its own it is a lane of its own. A calendar goes
 *                                    by SEQUENCE
 *   an address is forgotten          with what must be erased it loses its lane, so it is given the one it has now; its pause
 *                                    stays, for it may be the same
 *   many wait                        each costs the same few statements, whatever else waits or is done: store_moved.h
 */
#ifndef NOTIFICATIONS_MOVED_H
#define NOTIFICATIONS_MOVED_H

#include "notifications/notifications.h"

/* Whom notices are for has changed: of a delegation, or of all that is told the party. event absent: all. */
int ntf_moved(ntf_t *ntf, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* No mail goes to this address any more. */
int ntf_moved_from(ntf_t *ntf, cv_str_t address) CV_USE_RESULT;
/* Whether a mail that is on its way is for another address now; no mail is not. */
int ntf_moved_meanwhile(ntf_t *ntf, int64_t dispatch, bool *ret_moved) CV_USE_RESULT;
/* It is back in its queue, and goes where it is for now. */
int ntf_moved_back(ntf_t *ntf, int64_t dispatch) CV_USE_RESULT;
/* What was on its way when the process before ended goes back to its queue, wherever that is now. */
int ntf_moved_recover(ntf_t *ntf) CV_USE_RESULT;

#endif
