/* statement_set: see statement_set.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/statement_set.h"

#include <stdlib.h>

int ntf_statements_open(cv_db_t *db, const char *const *sql, size_t n, cv_stmt_t ***ret_statements)
{
    cv_stmt_t **statements = calloc(n, sizeof(cv_stmt_t *));
    int rc = statements ? CV_OK : CV_ENOMEM;
    for (size_t i = 0; !rc && i < n; i++)
        rc = cv_db_prepare(db, sql[i], &statements[i]);
    if (rc)
        free(statements);
    else
        *ret_statements = statements;
    return rc;
}

void ntf_statements_close(void *statements)
{
    free(statements);
}

cv_str_t ntf_statement_keep(cv_str_t value, cv_arena_t *arena, int *rc)
{
    if (!value.ptr)
        return CV_STR_NONE;
    cv_str_t kept = cv_arena_str(arena, value);
    if (!kept.ptr)
        *rc = CV_ENOMEM;
    return kept;
}

int ntf_statement_number(cv_stmt_t *stmt, int64_t *ret_number)
{
    int rc = cv_stmt_step(stmt);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    bool none = cv_stmt_get_null(stmt, 0);
    int64_t number = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    if (none)
        return CV_ENOTFOUND;
    *ret_number = number;
    return CV_OK;
}

int ntf_statement_whether(cv_stmt_t *stmt, bool *ret_is)
{
    int64_t number = 0;
    int rc = ntf_statement_number(stmt, &number);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    *ret_is = !rc && number != 0;
    return CV_OK;
}
