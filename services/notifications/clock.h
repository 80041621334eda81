/* clock: the clock was ahead, and is right again: what it ended is taken up again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A clock that jumps over a deadline and comes back must cost nobody a reminder or the second contact: for an hour it was
 * after the deadline, and what was not done until then was given up. So whatever ends without having been told says when
 * (ended_ms), by the clock of then. What ended at an instant that is ahead has not ended.
 *
 *   the clock is seen to go back     dispatch.c, in the running process; a transaction is asked for, which sets the timer
 *                                    "remind" to at once
 *   the service was started          it may have gone back while there was no process; the same timer
 *   the timer "remind"               ntf_clock_mend, before anything is told:
 *     a reminder passed over or      it is pending again, and its anchor computed anew
 *     missed at an instant ahead
 *     a notice whose watch ended     it is watched again, at its old time
 *     because its deadline was over
 *     a time to look that lies       half of what is left; what nobody has is looked at again within NTF_LOOK_AGAIN_MS
 *     behind the deadline
 *     why a reviewer refused         store_reason.h
 *     durable timers                 all are set anew from what they are for
 *
 * What waits for dispatches, the outbox and digests is mended where it is kept: ntf_dispatches_set_back, store_prefer.c.
 *
 * Failure modes
 *   what the clock ahead has told      stays told: the ids of notices are unique, so nobody hears it again
 *   it was behind, and is right again  at a start with a clock of years ago all that ever ended is ahead, and is pending
 *                                      again, but nothing of it is due. When the clock is right, the instant at which it
 *                                      ended is over, and it ends again as it had, and nobody is told
 *   a reminder told by the clock ahead is not told again at its time: it said too little time left, and the right instant
 *   a contact that was asked by it     is asked again by so much later; one that it took for unanswered stays that, visibly,
 *                                      until it is confirmed or cleared. Not by itself: to a clock of
 *                                      years ago all would look like that
 *   killed in between                  the same at the next start
 *   the clock is ahead for good        then it is the time
 *
 * Invariant: that a row is taken up again tells nobody anything; what is told is told when it is due, by the clock of then.
 */
#ifndef NOTIFICATIONS_CLOCK_H
#define NOTIFICATIONS_CLOCK_H

#include "notifications/notifications.h"

/* After a start, or when the clock went back. All of it reads what grows with every notice once. */
int ntf_clock_mend(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;

#endif
