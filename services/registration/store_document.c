/* store_document: the SQL of identity documents. See store_document.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is sealed is the issuing state, the last day and the number, one behind the other: the first two have their
 * length. Who adds to it begins with another octet than LAYOUT.
 */
#include "registration/store_document.h"

#include "registration/statements.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FOR_DOCUMENT = 4 }; /* a purpose of its own, see statements.h: stored, must not change */
enum { STATE = 2, DAY = 10, HEAD = 1 + STATE + DAY };
static const char LAYOUT = '1';

const char reg_document_tables[] =
    "CREATE TABLE document(person INTEGER NOT NULL, kind INTEGER NOT NULL, secret INTEGER NOT NULL,"
    " sealed BLOB NOT NULL, at_ms INTEGER NOT NULL, by TEXT, PRIMARY KEY(person, kind)) STRICT, WITHOUT ROWID;";

#define DOCUMENT_STATEMENTS(XX)                                                             \
    XX(put, "INSERT OR REPLACE INTO document(person, kind, secret, sealed, at_ms, by)"      \
            " VALUES(?, ?, ?, ?, ?, ?)")                                                    \
    XX(next, "SELECT kind, sealed, at_ms, by FROM document WHERE person = ? AND secret = ?" \
             " AND kind > ? ORDER BY kind LIMIT 1")                                         \
    XX(has, "SELECT count(*) FROM document WHERE person = ?1 AND (?2 = 0 OR kind = ?2)")    \
    XX(drop, "DELETE FROM document WHERE person = ?1 AND (?2 = 0 OR kind = ?2)")

struct reg_documents {
#define XX(name, sql) cv_stmt_t *name;
    DOCUMENT_STATEMENTS(XX)
#undef XX
};

int reg_documents_open(cv_db_t *db, reg_documents_t **ret_documents)
{
    reg_documents_t *documents = calloc(1, sizeof *documents);
    if (!documents)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&documents->name, sql},
        DOCUMENT_STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof all / sizeof *all);
    if (rc) {
        free(documents);
        return rc;
    }
    *ret_documents = documents;
    return CV_OK;
}

void reg_documents_close(reg_documents_t **documents)
{
    free(*documents); /* the statements are the database's */
    *documents = NULL;
}

int reg_document_put(reg_documents_t *documents, reg_store_t *store, int64_t person, int64_t key,
                     const reg_document_t *document)
{
    char plain[REG_DOCUMENT_TEXT];
    cv_str_t sealed = CV_STR_NONE;

    if (document->state.len != STATE || document->expires.len != DAY || document->number.len > sizeof plain - HEAD)
        return CV_EINVAL;
    plain[0] = LAYOUT;
    memcpy(plain + 1, document->state.ptr, STATE);
    memcpy(plain + 1 + STATE, document->expires.ptr, DAY);
    memcpy(plain + HEAD, document->number.ptr, document->number.len);
    int rc = reg_vault_seal(store, key, FOR_DOCUMENT, (cv_str_t){plain, HEAD + document->number.len}, &sealed);
    sodium_memzero(plain, sizeof plain);
    if (rc)
        return rc;
    cv_stmt_t *put = documents->put;
    BIND(put, 1, person, document->kind, key);
    cv_stmt_blob(put, 4, sealed.ptr, sealed.len);
    cv_stmt_int(put, 5, document->at_ms);
    cv_stmt_text(put, 6, document->by);
    return cv_stmt_run(put);
}

/* The row that `row` stands on, whose texts go to text: HEAD, number, name of who stored it. */
static int read_row(reg_store_t *store, int64_t key, cv_stmt_t *row, char text[REG_DOCUMENT_TEXT],
                    reg_document_t *ret_document)
{
    cv_str_t plain, by = cv_stmt_get_text(row, 3);
    int rc = reg_vault_open(store, key, FOR_DOCUMENT, cv_stmt_get_blob(row, 1), text, REG_DOCUMENT_TEXT, &plain);

    if (rc)
        return rc;
    if (plain.len <= HEAD || text[0] != LAYOUT || by.len > REG_DOCUMENT_TEXT - plain.len)
        return CV_ECORRUPT;
    if (by.ptr) {
        memcpy(text + plain.len, by.ptr, by.len);
        by.ptr = text + plain.len;
    }
    *ret_document = (reg_document_t){.kind = (int)cv_stmt_get_int(row, 0),
                                     .number = {text + HEAD, plain.len - HEAD},
                                     .state = {text + 1, STATE},
                                     .expires = {text + 1 + STATE, DAY},
                                     .at_ms = cv_stmt_get_int(row, 2),
                                     .by = by};
    return CV_OK;
}

int reg_document_next(reg_documents_t *documents, reg_store_t *store, int64_t person, int64_t key, int *kind,
                      char text[REG_DOCUMENT_TEXT], reg_document_t *ret_document)
{
    cv_stmt_t *row = documents->next;

    BIND(row, 1, person, key, *kind);
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    rc = read_row(store, key, row, text, ret_document);
    cv_stmt_reset(row);
    if (!rc)
        *kind = ret_document->kind;
    return rc;
}

int reg_document_drop(reg_documents_t *documents, int64_t person, int kind, bool *ret_any)
{
    cv_stmt_t *has = documents->has, *drop = documents->drop;

    BIND(has, 1, person, kind);
    int rc = cv_stmt_step(has);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    bool any = cv_stmt_get_int(has, 0) > 0;
    cv_stmt_reset(has);
    if (any) {
        BIND(drop, 1, person, kind);
        rc = cv_stmt_run(drop);
    } else {
        rc = CV_OK;
    }
    if (!rc)
        *ret_any = any;
    return rc;
}
