/* store_document: the SQL of identity documents, which are stored sealed.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   document   one row per person and kind: which secret opens it, what is sealed, who stored it and when
 *
 * All of it is read and written at once: nothing of it is kept in memory, so a rollback needs no care.
 */
#ifndef CONVENE_REGISTRATION_STORE_DOCUMENT_H
#define CONVENE_REGISTRATION_STORE_DOCUMENT_H

#include "registration/store.h"

extern const char reg_document_tables[]; /* a migration */

typedef struct reg_documents reg_documents_t; /* the prepared statements */
int reg_documents_open(cv_db_t *db, reg_documents_t **ret_documents) CV_USE_RESULT;
void reg_documents_close(reg_documents_t **documents);

enum { REG_DOCUMENT_KINDS = 6, REG_DOCUMENT_TEXT = 256 };
typedef struct {
    int kind; /* cv_document_kind_t */
    cv_str_t number, state, expires;
    int64_t at_ms;
    cv_str_t by;
} reg_document_t;
/* In the place of the one of the same kind. key: the person's secret, which seals it. */
int reg_document_put(reg_documents_t *documents, reg_store_t *store, int64_t person, int64_t key,
                     const reg_document_t *document) CV_USE_RESULT;
/* The next kind after *kind that can be opened with this secret; moves *kind on. The texts point into text.
 * CV_ENOTFOUND: no more. */
int reg_document_next(reg_documents_t *documents, reg_store_t *store, int64_t person, int64_t key, int *kind,
                      char text[REG_DOCUMENT_TEXT], reg_document_t *ret_document) CV_USE_RESULT;
/* kind 0: all of the person. *ret_any: there was one. */
int reg_document_drop(reg_documents_t *documents, int64_t person, int kind, bool *ret_any) CV_USE_RESULT;

#endif
