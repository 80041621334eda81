/* audience: the parties that are told of a piece of news, and as what.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   news comes                       events.c and remind.c ask who is to hear of it: the audiences of its kind that are told
 *                                    (store_audience.h), each as it is in this transaction
 *   a delegation, or one that has    in ntf_answer, with the version of the event under which it answered: core.h says why only
 *   declined                         those that answered under a lower one are told of a change
 *   an office                        the proposer, the coordinators of the event's area on that day, the secretariat. Made for
 *                                    recipients of the party (order 1 and up) alone
 *   whoever answers later            is told of changes made after its answer's version, though they were seen before
 *                                    (events.c). Offices are not: they rest on scheduling's own stream, in its order
 *
 * Failure modes
 *   killed at any moment             all of it is of the transaction that applies the record
 *   an office has no recipient       it is not told, and the log says so: nobody asked it anything, and a notice that waits for
 *                                    ever is none. Of a delegation it waits, visibly
 *   two offices of one party         told once, in the order of core_audience.h; a coordinator that has a delegation there too
 *                                    is told as coordinator only if another person gets the delegation's
 *   the rule changes                 counts from the next piece of news on; what was made goes out
 *   an event without an area         has no coordinators
 */
#ifndef NOTIFICATIONS_AUDIENCE_H
#define NOTIFICATIONS_AUDIENCE_H

#include "notifications/core.h"
#include "notifications/notifications.h"

typedef struct {
    int audience; /* NTF_TO_* */
    cv_str_t party;
} ntf_listener_t;

/* All that are told of this kind of news about this event (NULL: about a silence procedure), in order, in the
 * transaction's arena. version: that a change made; else 0. */
int ntf_listeners(ntf_t *ntf, cv_tx_t *tx, int kind, cv_str_t about, const cv_scheduling_event_v1_t *event,
                  int64_t version, ntf_listener_t **ret_listeners, size_t *ret_n) CV_USE_RESULT;
/* Those of one audience. */
int ntf_listeners_of(ntf_t *ntf, cv_tx_t *tx, int audience, cv_str_t about, const cv_scheduling_event_v1_t *event,
                     ntf_listener_t **ret_listeners, size_t *ret_n) CV_USE_RESULT;
/* Whether an office is to be told, to which the same was told as delegation (is_participant) or in another office. */
int ntf_office_is_told(ntf_t *ntf, cv_tx_t *tx, cv_str_t about, cv_str_t party, bool is_participant, bool is_office,
                       bool *ret_told) CV_USE_RESULT;

/* The id of what is told to an office, from that which a delegation's would have: "coordinators." and that. Of others the id
 * stays. CV_EINVAL: it cannot be one. */
int ntf_office_id(int audience, cv_str_t party, char id[NTF_ID_MAX + 1]) CV_USE_RESULT;

/* requests_audience.c */
int ntf_audience_request(ntf_t *ntf, cv_tx_t *tx, const cv_audience_rule_t *rule, cv_outcome_t *out) CV_USE_RESULT;
int ntf_query_audiences(ntf_t *ntf, cv_tx_t *tx, cv_collect_t *collect) CV_USE_RESULT;

#endif
