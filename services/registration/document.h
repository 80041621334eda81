/* document: identity documents of persons, and the list of who has read personal data.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   document.c   put, drop, the question for them      store_document.[ch]   SQL
 *   access.c     readings are recorded and shown       store_access.[ch]     SQL
 *
 * An identity document is more than a name, so it is not with the names: it has a table of its own, sealed with the
 * person's secret and the master key for a purpose of its own, is on no stream (no follower has a use for it), in no
 * outcome and in no log. It is one per person and kind; a newer one takes its place. It ends with the person: erasure
 * and purge destroy the secret and the row, and who takes the person's place (substitute) does not inherit it.
 *
 * Happy path
 *   put    person found -> sealed with the person's secret -> row            (nothing is told)
 *   read   rights by the key -> rows opened -> reading noted -> COMMIT -> answer
 *
 * Failure modes
 *   killed before that COMMIT        nobody has seen the answer
 *   killed between it and the answer the list says more than was seen, never less
 *   the list cannot be written       the question is refused, UNAVAILABLE or INTERNAL: no reading without a trace
 *   rolled back                      rows only: nothing in memory knows of them
 *
 * Invariants
 *   what of a document is stored can be opened with the secret of the person as it is now, or not at all
 *   every answer with data of persons has a row in the list, written before it left
 *
 * The list has no names, only the number of the person, so it outlives an erasure: who has read what was there is what
 * somebody may want to know afterwards. It ends by time (registration/access_days) and by count
 * (registration/access_rows). What services get by following registration.private is not a reading by somebody, and not
 * in it.
 */
#ifndef CONVENE_REGISTRATION_DOCUMENT_H
#define CONVENE_REGISTRATION_DOCUMENT_H

#include "registration/registration.h"

/* Documents and consents: by the key alone, like reg_may_see_persons; services have no use for them. */
bool reg_may_see_papers(const cv_principal_t *who, cv_str_t key);
bool reg_is_document_request(uint16_t type);
int reg_document_request(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
int reg_ask_documents(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect) CV_USE_RESULT;
/* The person is erased, or somebody else takes the place. */
int reg_documents_end(reg_t *self, cv_tx_t *tx, int64_t person) CV_USE_RESULT;

void reg_access_days(int days);     /* how long the list goes back; from the settings */
void reg_access_rows(int64_t rows); /* how many are kept at most */
int64_t reg_access_kept_ms(void);
/* After a question was answered: if it showed data of persons, the answer waits until that is written. */
void reg_access_note(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, const cv_collect_t *collect);
int reg_access_trace(void *self, cv_tx_t *tx);
int reg_ask_accesses(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit,
                     cv_collect_t *collect) CV_USE_RESULT;
#define REG_TIMER_ACCESS "access"
int reg_access_timer(reg_t *self, cv_tx_t *tx) CV_USE_RESULT;

#endif
