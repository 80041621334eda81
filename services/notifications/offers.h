/* offers: what became of an offer of seats, as far as registration has said it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   an offer is made                        registration.promoted names the persons; its notice is watched (escalate.h)
 *   a record about the delegation names     they have what it says: confirmed, withdrawn by request, or left because the offer
 *   some of them                            has expired (registration.lapsed)
 *   a snapshot comes                        it stands for all records before it, which nobody gets any more. Of each person it
 *                                           says one of three: the offer is open; it has expired; or neither, and then it was
 *                                           answered, or they left or were erased before it ended. What it says is kept
 *   records behind the snapshot             as above, of those whose offer was open in it
 *
 * An offer stands as long as it is open for one of its persons; once its deadline is over, also if it has expired for one of
 * them, because that is what the secretariat is told as unseen.
 *
 * Failure modes
 *   registration says no numbers            one that is older than the fields. With no open offer at all, all that were made
 *                                           before are taken for answered: that they have expired cannot be known, because who
 *                                           left by request and who let it end count alike as withdrawn. With some open, which
 *                                           ones is not known, and all are taken for open. The page and `convene registration`
 *                                           show the delegation as it is in both cases
 *   more than a record holds                of open ones: the same as without numbers; of expired ones: those that expired
 *                                           longest ago are taken for answered
 *   registration was restored               numbers are those of the state that it has now
 *   the snapshot comes before the deadline  what is open in it stays open until a record, or the next snapshot, says otherwise
 */
#ifndef NOTIFICATIONS_OFFERS_H
#define NOTIFICATIONS_OFFERS_H

#include "notifications/notifications.h"

/* A delegation in a snapshot of registration. */
int ntf_offers_state(ntf_t *ntf, const cv_registration_delegation_v1_t *delegation) CV_USE_RESULT;
/* Whether nobody has answered the offer of this delivery yet, for any of those it was made to; or, once it is over, whether it
 * ended so. */
int ntf_offer_stands(ntf_t *ntf, const ntf_delivery_t *row, bool is_over, bool *ret_stands) CV_USE_RESULT;

#endif
