/* store_reason: SQL of why a reviewer returned or refused persons, until the notice of it is made.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_reason   one row per person and reviewer's request, of registration.private. It may name persons: whoever is erased
 *                takes it along, and a snapshot of the stream, which does not say who was erased since, takes all. A notice
 *                that is made afterwards has the code alone.
 */
#ifndef NOTIFICATIONS_STORE_REASON_H
#define NOTIFICATIONS_STORE_REASON_H

#include "notifications/store.h"

extern const char ntf_tables_reason[]; /* the migration */

typedef struct ntf_reasons ntf_reasons_t;
int ntf_reasons_open(cv_db_t *db, ntf_reasons_t **ret_store) CV_USE_RESULT;
void ntf_reasons_close(ntf_reasons_t **store);

/* What a record of registration.private says of why; nothing where it does not. An earlier reason about the same persons
 * is forgotten. */
int ntf_reason_put(ntf_reasons_t *store, const cv_registration_contact_v1_t *contact) CV_USE_RESULT;
/* Of one of these persons, by a reviewer's request; in the arena. CV_ENOTFOUND: it was not said, or is forgotten. */
int ntf_reason_get(ntf_reasons_t *store, const cv_registration_decided_v1_t *decided, cv_arena_t *arena,
                   cv_str_t *ret_reason) CV_USE_RESULT;
/* Of this person, and of those who were named together: it may be this person that the reason is about. */
int ntf_reason_drop(ntf_reasons_t *store, cv_str_t event, cv_str_t party, int64_t number) CV_USE_RESULT;
int ntf_reason_drop_all(ntf_reasons_t *store) CV_USE_RESULT;

#endif
