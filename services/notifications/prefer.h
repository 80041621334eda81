/* prefer: what recipients asked for, followed: messages that wait, leave together, or are not made.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes: a delivery that could leave now is looked at once, in the transaction of its lease, when it is known that a
 * message can be made of it and whom it is for (deliver.c). It leaves; or it waits for the end of quiet hours, or for a
 * digest; or it ends there without a message. At the beginning of each lease
 *
 *   what waited for the end of quiet hours, and has it, is let go, all at once: so it leaves in the order it was made in
 *   a digest is made of each lane whose time has come: a delivery of its own, which claims by their numbers what waits in
 *   that lane, whatever came meanwhile too, at most NTF_DIGEST_MAX in one; more makes more digests
 *
 * and both are committed with the lease. The digest then leaves like every notice; what it claimed is written with it, in
 * the same transaction. It carries each notice whole: text, HTML, and its calendar part as an attachment.
 *
 * Failure modes
 *   killed between any two steps      a digest is there with all it claimed, or is not there; nothing is claimed twice,
 *                                     for a claim takes away the row it is made from
 *   one that is to find itself        it cannot: it is no kind that may wait for a digest, and never has such a row
 *   nothing waits                     no digest is made
 *   it cannot be made a message       it is dissolved, with an error in the log: what was in it leaves by itself
 *   its event is not told of (yet)    tried again after NTF_WAITING_MS
 *   nobody to write to any more       it waits (no_recipient) like every notice, and so does what is in it
 *   down when it was due              made at the next start
 *   the clock steps forward           digests come early, quiet hours end early
 *   the clock steps back              what then would wait for too long (store_prefer.c) goes at the next lease
 *   preferences or hours change       what waits is looked at anew
 *   who wants a webhook alone loses   what that has not taken is looked at anew, and mailed if no other webhook has it
 *   it, or it answers 410
 *   a name must be forgotten          the digests that hold it are made anew: scrub.c
 *
 * Webhooks are for programs: they get every notice at once. What was handed to the mail server's queue before quiet hours
 * began is tried again when its turn comes.
 */
#ifndef NOTIFICATIONS_PREFER_H
#define NOTIFICATIONS_PREFER_H

#include "notifications/notifications.h"
#include "notifications/store_prefer.h"

/* The first part of a lease: what has its time now. */
int ntf_prefer_begin(ntf_t *ntf, int64_t now_ms) CV_USE_RESULT;
/* Whether a delivery leaves now; else it is put aside, or ended. */
int ntf_prefer(ntf_t *ntf, const ntf_delivery_t *row, int64_t now_ms, bool *ret_leaves) CV_USE_RESULT;
/* ntf_store_next_due, with what waits for a time. */
int ntf_next_due(ntf_t *ntf, int64_t now_ms, int64_t *ret_due_ms, bool *ret_waiting) CV_USE_RESULT;
/* digest.c. Makes the digests that are due. */
int ntf_digests(ntf_t *ntf, int64_t now_ms) CV_USE_RESULT;

/* requests_prefer.c, query_prefer.c */
bool ntf_is_prefer_request(uint16_t type);
int ntf_prefer_request(ntf_t *ntf, cv_tx_t *tx, uint16_t type, const void *data, cv_outcome_t *out) CV_USE_RESULT;
/* CV_ENOTFOUND: it is another question. */
int ntf_query_prefer(ntf_t *ntf, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect) CV_USE_RESULT;

#endif
