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
