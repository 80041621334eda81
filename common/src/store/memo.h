/* memo: what was decided for a request, so that asking again gives the same bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_STORE_MEMO_H
#define CONVENE_SRC_STORE_MEMO_H

#include "convene/ids.h"
#include "store/journal.h"

#define CV_MEMO_HASH 16

typedef struct {
    uint8_t id[CV_UUID_LEN], hash[CV_MEMO_HASH];
    const char *principal;
    int64_t row, at, len; /* of the outcome in the journal */
} cv_memo_entry_t;

enum { CV_MEMO_FRESH = 1024, CV_MEMO_SLOTS = 4 * CV_MEMO_FRESH };

typedef struct {
    cv_journal_t *journal;
    cv_stmt_t *get, *next, *put;
    uint8_t highest[CV_UUID_LEN]; /* no stored id is above it, so one that is cannot be there */
    /* of this transaction, in no row yet */
    cv_memo_entry_t *fresh;
    size_t fresh_n;
    uint16_t slots[CV_MEMO_SLOTS]; /* by id, linear probing: index in fresh + 1 */
    cv_rows_t *rows;
    int64_t row; /* of the journal, where the answers that gather will stand; 0: none gather */
    cv_buf_t answers;
} cv_memo_t;

int cv_memo_init(cv_memo_t *memo, cv_journal_t *journal) CV_USE_RESULT;
void cv_memo_done(cv_memo_t *memo);
int cv_memo_flush(cv_memo_t *memo) CV_USE_RESULT; /* before COMMIT: writes the answers that gathered */
void cv_memo_forget(cv_memo_t *memo);             /* after ROLLBACK */
/* BLAKE2b-128 over what the request asks for: type, subject and data. Not over time, inbox or trace, which a repeated
 * request may have anew. */
void cv_memo_hash(const cv_msg_t *request, uint8_t ret_hash[CV_MEMO_HASH]);
/* CV_OK: decided before, *ret_outcome valid until cv_memo_release or the next put. CV_ENOTFOUND: new. CV_ECONFLICT:
 * other content. hash NULL: whatever its content. */
int cv_memo_get(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], const uint8_t *hash,
                cv_str_t *ret_outcome) CV_USE_RESULT;
/* The one with the next id above `after`, of those that are in rows; *ret_outcome as with cv_memo_get. CV_ENOTFOUND: there
 * is none. */
int cv_memo_next(cv_memo_t *memo, const uint8_t after[CV_UUID_LEN], uint8_t ret_id[CV_UUID_LEN],
                 cv_str_t *ret_outcome) CV_USE_RESULT;
void cv_memo_release(cv_memo_t *memo);
int cv_memo_put(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], const uint8_t hash[CV_MEMO_HASH], const char *principal,
                cv_str_t outcome) CV_USE_RESULT; /* principal must live until the flush */

#endif
