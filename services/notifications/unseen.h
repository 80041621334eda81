/* unseen: the secretariat is told of a notice with a deadline that nobody of its party has got.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   escalate.h finds that nobody    there is no next contact, or that one has not got it either, and the deadline is ahead;
 *   has it                          or the deadline is over, and nobody had it before
 *   the notice "unseen"             is made in the same transaction, for the first recipient, in its order, of the party
 *                                   that the setting notifications/secretariat names, and not for whom that party named as
 *                                   contact of a delegation of its own: which party, what it was about, until when, and why. No
 *                                   names: who can be told otherwise, the secretariat knows
 *   from then on                    it leaves like every notice, at once, also in quiet hours
 *
 * Failure modes
 *   killed at any moment            the look and the notice are of one transaction
 *   looked at again and again       the id is made from the notice's, and is unique: told once per notice; and once for all
 *                                   of a party's notices of one deadline, unless somebody had the other one since (escalate.c)
 *   the secretariat has no          none is made, and it stays with what the page, doctor and metrics say. As soon as there
 *   recipient                       is one, whatever is unseen then is told, at the next look
 *   it does not arrive either       it has no deadline, so nobody looks at it: there is no notice about it
 *   the party is the secretariat    nor about a notice to the secretariat itself: it would go to those who do not get it
 *   what it is about is gone        told without: the event is not known here any more, say
 */
#ifndef NOTIFICATIONS_UNSEEN_H
#define NOTIFICATIONS_UNSEEN_H

#include "notifications/notifications.h"

/* last: the one that was tried last, row or what was made of it for the next contact. */
int ntf_unseen_tell(ntf_t *ntf, cv_tx_t *tx, const ntf_delivery_t *row, const ntf_delivery_t *last,
                    int64_t deadline_ms) CV_USE_RESULT;

typedef struct {
    int64_t n; /* of the delivery that nobody has */
    int64_t deadline_ms;
    int why; /* NTF_WHY_* */
} ntf_unseen_t;
/* From the data of the notice. CV_EMALFORMED. */
int ntf_unseen_read(cv_str_t data, ntf_unseen_t *ret_unseen) CV_USE_RESULT;

#endif
