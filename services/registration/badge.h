/* badge: who gets into the room: badges, the keys that sign them, and what the gates have seen.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   badge.c         open, issue, revoke; a holder who leaves     badge_sign.c   keys: in use, rotated, revoked
 *   scan.c          scans of gates are taken and read            badge_views.c  snapshots and questions
 *   core_scan.c     the rule by which scans are read             badge_keys.c   secret halves of keys, on disk
 *
 * A badge is a row: an event, a person, from when until when. Its token is only the proof of that row: it is made when
 * somebody who may see the person asks for it, by the key in use then, and is kept nowhere. So nothing in the database
 * lets anybody in; and after a rotation, or when a key has leaked, printing again is all that is needed.
 *
 * A badge's number is a hash of the request that issued it, the person and the instant. Numbers so are never used
 * twice, not even by a service that was restored from a backup and has forgotten some; and nobody can tell from one how
 * many there are.
 *
 * Who leaves (withdrawn, substituted, moved out of the room) loses the badge in the transaction in which it happens. A
 * person whose name or capacity changes keeps it: the token says neither; it is printed again.
 *
 * Gates know badges by registration.badge records, of which none says who somebody is, and verify with the public keys
 * in registration.badge.key. They need neither to let in a badge that was issued after they were last connected: its
 * signature is the proof. What they need the list for is what was revoked; how old their list is, they say.
 *
 * Failure: each request is one transaction like all others. Without a key to sign with (the file cannot be written)
 * badges are issued, and the question for tokens is refused as UNAVAILABLE until there is one.
 */
#ifndef CONVENE_REGISTRATION_BADGE_H
#define CONVENE_REGISTRATION_BADGE_H

#include "registration/registration.h"

/* Whether requests of this type are decided here. */
bool reg_is_badge_request(uint16_t type);
int reg_badge_request(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
/* Finds the event of a request, or refuses it. */
int reg_badge_event(reg_t *self, cv_tx_t *tx, cv_str_t code, cv_outcome_t *out, reg_event_t **ret_event) CV_USE_RESULT;
int reg_badge_tell(reg_t *self, cv_tx_t *tx, const reg_delegation_t *d, const reg_badge_t *badge) CV_USE_RESULT;
void reg_badge_fill(const reg_delegation_t *d, const reg_badge_t *badge, cv_registration_badge_v1_t *ret_row);

/* badge_sign.c */
int reg_rotate_key(reg_t *self, cv_tx_t *tx, const cv_registration_badge_key_rotate_v1_t *request, cv_outcome_t *out);
int reg_revoke_key(reg_t *self, cv_tx_t *tx, const cv_registration_badge_key_revoke_v1_t *request, cv_outcome_t *out);
/* A key is in use whose secret half is here, if one can be had. */
int reg_need_key(reg_t *self, cv_tx_t *tx) CV_USE_RESULT;
/* The seed that signs now, and the id of its key; CV_EUNAVAIL: none. */
int reg_signing_seed(reg_t *self, const uint8_t **ret_seed, uint32_t *ret_key) CV_USE_RESULT;
void reg_key_fill(const reg_key_t *key, bool is_current, cv_registration_badge_key_v1_t *ret_row);

/* scan.c */
int reg_merge_scans(reg_t *self, cv_tx_t *tx, const cv_registration_scan_merge_v1_t *request, cv_outcome_t *out);
/* All scans of a badge are read anew; *ret_changed: some are taken for something else than before. */
int reg_reread_scans(reg_t *self, cv_tx_t *tx, const reg_badge_t *badge, bool *ret_changed) CV_USE_RESULT;
int reg_attendance_tell(reg_t *self, cv_tx_t *tx, const reg_delegation_t *d) CV_USE_RESULT;
int reg_attendance_fill(reg_t *self, const reg_delegation_t *d, cv_registration_attendance_v1_t *ret_row) CV_USE_RESULT;

/* badge_views.c */
bool reg_is_badge_question(cv_str_t what);
int reg_badge_ask(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit,
                  cv_collect_t *collect) CV_USE_RESULT;
/* State of the keys (event NULL), or of the badges of an event, as records of registration.events. */
int reg_badge_snapshot(reg_t *self, const reg_event_t *event, cv_collect_t *collect) CV_USE_RESULT;

#endif
