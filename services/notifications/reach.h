/* reach: what came back of mails, and whether people can be reached; followed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   a mail is delivered            the mail server has taken it. That is all it says
 *   something comes back of it     an operator's mail server gives it to `convene notice bounce`, which reads it and sends
 *                                  notifications.bounce.report with the Message-ID, which is the notice's id
 *   the request                    core_bounce.h says what it means; in the engine's transaction the dispatch dies and the
 *                                  address is stopped, as it must be. Triggers say it of the notice (store_arrival.h)
 *   flush()                        tells of the notice, and of each contact whose state is another than was told
 *                                  (store_reach.h), in the same transaction
 *   from then on                   whoever is next in the party's order is written to instead. What was composed for the
 *                                  stopped address and waits goes to the next one at once, composed anew (moved.h), and is
 *                                  dead ("stopped") when its turn comes if there is none; what is not composed yet waits
 *                                  for somebody to write to
 *   the address is changed,        mail goes there again; what waited leaves at once, and what is dead is redriven by
 *   or cleared by command          command
 *
 * A dead dispatch that came back is not sent to somebody else by itself: it is in the attention list, and its redrive goes
 * to whoever is told then.
 *
 * Failure modes
 *   the same bounce comes twice, or late      core_bounce.h
 *   a bounce that is forged                   whoever may send the request is trusted. That a mail is what it says it is,
 *                                             the reading command cannot know: the address that bounces go to is no
 *                                             address for others (smtp/sender)
 *   a bounce of a digest                      the digest is dead, and so is all that is in it
 *   a bounce of a message in the outbox       refused: to which address it went is not known here
 *   a person is erased                        the address is forgotten with it, once nobody has it any more
 */
#ifndef NOTIFICATIONS_REACH_H
#define NOTIFICATIONS_REACH_H

#include "notifications/notifications.h"
#include "notifications/store_reach.h"

enum { NTF_TELL_CONTACTS_MAX = 256 }; /* records of one transaction, count */

bool ntf_is_reach_request(uint16_t type);
int ntf_reach_request(ntf_t *ntf, cv_tx_t *tx, uint16_t type, const void *data, cv_outcome_t *out) CV_USE_RESULT;
/* Tells of contacts whose state is not told yet. *ret_more: there are more of them. */
int ntf_reach_tell(ntf_t *ntf, cv_tx_t *tx, bool *ret_more) CV_USE_RESULT;
/* "contacts"; CV_ENOTFOUND: it is another question. */
int ntf_query_reach(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, size_t limit,
                    cv_collect_t *collect) CV_USE_RESULT;
/* All that was told, for a snapshot of notifications.events. */
int ntf_reach_snapshot(ntf_t *ntf, cv_tx_t *tx, cv_collect_t *collect) CV_USE_RESULT;

#endif
