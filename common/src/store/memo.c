/* memo: what was decided for a request, so that asking again gives the same bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The row is written in the transaction of the decision, so either both are there after a crash or neither. It is
 * never pruned while a request could come again: the promise is for the life of the event. The table is keyed by the
 * id: ids that rise with time (UUIDv7) append to it, random ones cost a page each.
 */
#include "store/memo.h"

#include <sodium.h>
#include <string.h>

/* Ids rise with time (UUIDv7), so most new ones are above all that are stored: then there is nothing to look for. After a
 * rollback `highest` may be too high, which only means looking. */
static int load_highest(cv_memo_t *memo, cv_db_t *db) {
    cv_stmt_t *stmt;
    int rc = cv_db_prepare(db, "SELECT max(id) FROM request", &stmt);
    if (rc)
        return rc;
    rc = cv_stmt_step(stmt);
    if (rc < 0)
        return rc;
    cv_str_t id = cv_stmt_get_blob(stmt, 0);
    memset(memo->highest, 0, sizeof memo->highest);
    if (id.len == sizeof memo->highest)
        memcpy(memo->highest, id.ptr, id.len);
    cv_stmt_reset(stmt);
    return CV_OK;
}

int cv_memo_init(cv_memo_t *memo, cv_db_t *db) {
    int rc = cv_db_prepare(db, "SELECT hash, outcome FROM request WHERE id = ?", &memo->get);
    if (!rc)
        rc = cv_db_prepare(db, "INSERT INTO request VALUES(NULL, ?, ?, ?, ?, ?)", &memo->put);
    return rc ? rc : load_highest(memo, db);
}

void cv_memo_hash(const cv_msg_t *request, uint8_t ret_hash[CV_MEMO_HASH]) {
    crypto_generichash_state state;
    static const uint8_t separator = 0; /* neither type nor subject can hold it */
    crypto_generichash_init(&state, NULL, 0, CV_MEMO_HASH);
    crypto_generichash_update(&state, (const uint8_t *)request->type.ptr, request->type.len);
    crypto_generichash_update(&state, &separator, 1);
    if (request->subject.ptr)
        crypto_generichash_update(&state, (const uint8_t *)request->subject.ptr, request->subject.len);
    crypto_generichash_update(&state, &separator, 1);
    crypto_generichash_update(&state, (const uint8_t *)request->data_bytes.ptr, request->data_bytes.len);
    crypto_generichash_final(&state, ret_hash, CV_MEMO_HASH);
}

int cv_memo_get(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], const uint8_t *hash, cv_str_t *ret_outcome) {
    if (memcmp(id, memo->highest, CV_UUID_LEN) > 0)
        return CV_ENOTFOUND;
    cv_stmt_blob(memo->get, 1, id, CV_UUID_LEN);
    int rc = cv_stmt_step(memo->get);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t stored = cv_stmt_get_blob(memo->get, 0);
    if (hash && (stored.len != CV_MEMO_HASH || memcmp(stored.ptr, hash, CV_MEMO_HASH) != 0)) {
        cv_stmt_reset(memo->get);
        return CV_ECONFLICT;
    }
    *ret_outcome = cv_stmt_get_blob(memo->get, 1);
    return CV_OK;
}

void cv_memo_release(cv_memo_t *memo) {
    cv_stmt_reset(memo->get);
}

int cv_memo_put(cv_memo_t *memo, const uint8_t id[CV_UUID_LEN], const uint8_t hash[CV_MEMO_HASH], int64_t at_ms,
                const char *principal, cv_str_t outcome) {
    if (memcmp(id, memo->highest, CV_UUID_LEN) > 0)
        memcpy(memo->highest, id, CV_UUID_LEN);
    cv_stmt_blob(memo->put, 1, id, CV_UUID_LEN);
    cv_stmt_blob(memo->put, 2, hash, CV_MEMO_HASH);
    cv_stmt_int(memo->put, 3, at_ms);
    cv_stmt_text(memo->put, 4, cv_str(principal));
    cv_stmt_blob(memo->put, 5, outcome.ptr, outcome.len);
    return cv_stmt_run(memo->put);
}
