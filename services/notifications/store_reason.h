/* store_reason: SQL of why a reviewer returned or refused persons, as long as the notice of it may have to be made anew.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_reason   one row per person and reviewer's request, of registration.private, which may be read ahead of the
 *                decisions: several requests about one person may wait for their notices
 *
 * How long. A notice is made from it more than once: written over its file when somebody else of the delegation is erased
 * (scrub.c), sent again when it came back or was dead (redrive), to the next contact. None of these has an end that is told
 * here, so a reason has a time, NTF_REASON_KEEP_MS from when it was read: longer than a mail is tried, waits for a digest,
 * and takes to come back. The timer "reasons" is at the first that ends. Before that it goes, because it may name persons,
 *   with whoever is erased              of those who were named together, whomever it is about
 *   with a snapshot of the stream       all: it does not say who was erased since
 * A notice that is made afterwards has the code alone.
 */
#ifndef NOTIFICATIONS_STORE_REASON_H
#define NOTIFICATIONS_STORE_REASON_H

#include "notifications/store.h"

extern const char ntf_tables_reason[]; /* the migration */

typedef struct ntf_reasons ntf_reasons_t;
int ntf_reasons_open(cv_db_t *db, ntf_reasons_t **ret_store) CV_USE_RESULT;
void ntf_reasons_close(ntf_reasons_t **store);

enum { NTF_REASON_DAYS = 30 };
#define NTF_REASON_KEEP_MS (NTF_REASON_DAYS * INT64_C(86400000))

/* What a record of registration.private says of why; nothing where it does not. It ends once ntf_reason_age has seen it. */
int ntf_reason_put(ntf_reasons_t *store, const cv_registration_contact_v1_t *contact) CV_USE_RESULT;
/* Of one of these persons, by a reviewer's request; in the arena. CV_ENOTFOUND: it was not said, or is forgotten. */
int ntf_reason_get(ntf_reasons_t *store, const cv_registration_decided_v1_t *decided, cv_arena_t *arena,
                   cv_str_t *ret_reason) CV_USE_RESULT;
/* Of this person, and of those who were named together: it may be this person that the reason is about. */
int ntf_reason_drop(ntf_reasons_t *store, cv_str_t event, cv_str_t party, int64_t number) CV_USE_RESULT;
/* Whether there are some that ntf_reason_age has not seen. */
int ntf_reason_is_new(ntf_reasons_t *store, bool *ret_is_new) CV_USE_RESULT;
/* Deletes those that have ended. *ret_next_ms: when the next one ends; 0: there is none. */
int ntf_reason_age(ntf_reasons_t *store, int64_t now_ms, bool *ret_any, int64_t *ret_next_ms) CV_USE_RESULT;
int ntf_reason_drop_all(ntf_reasons_t *store) CV_USE_RESULT;

#endif
