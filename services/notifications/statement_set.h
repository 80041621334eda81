/* statement_set: a store that is nothing but its statements: its struct, and how it is opened and closed, made from the list.
 * SPDX-License-Identifier: Apache-2.0
 *
 * LIST(XX) is XX(name, sql) for each statement; of NTF_STATEMENT_SET(ntf_pings, LIST) come struct ntf_pings with a cv_stmt_t
 * of each name, ntf_pings_open and ntf_pings_close. The statements are the database's, and end with it.
 */
#ifndef NOTIFICATIONS_STATEMENT_SET_H
#define NOTIFICATIONS_STATEMENT_SET_H

#include "convene/store.h"

/* n statements, prepared, in memory that is freed as one. */
int ntf_statements_open(cv_db_t *db, const char *const *sql, size_t n, cv_stmt_t ***ret_statements) CV_USE_RESULT;
void ntf_statements_close(void *statements);

/* A value of the row at hand, for longer than the row: copied to the arena. Absent stays absent; CV_ENOMEM sticks in *rc. */
cv_str_t ntf_statement_keep(cv_str_t value, cv_arena_t *arena, int *rc);
/* The one number that a statement gives. CV_ENOTFOUND: no row, or NULL. */
int ntf_statement_number(cv_stmt_t *stmt, int64_t *ret_number) CV_USE_RESULT;
/* Whether there is one, and it is not 0. */
int ntf_statement_whether(cv_stmt_t *stmt, bool *ret_is) CV_USE_RESULT;

#define NTF_SET_MEMBER(name, sql) cv_stmt_t *name;
#define NTF_SET_SQL(name, sql) sql,
/* A struct of nothing but pointers to statements is laid out like an array of them. */
#define NTF_STATEMENT_SET(store, LIST)                                                             \
    struct store {                                                                                 \
        LIST(NTF_SET_MEMBER)                                                                       \
    };                                                                                             \
    int store##_open(cv_db_t *db, store##_t **ret_store)                                           \
    {                                                                                              \
        static const char *const sql[] = {LIST(NTF_SET_SQL)};                                      \
        _Static_assert(sizeof(struct store) == sizeof(sql) / sizeof(sql[0]) * sizeof(cv_stmt_t *), \
                       "a store is its statements");                                               \
        cv_stmt_t **statements;                                                                    \
        int rc = ntf_statements_open(db, sql, sizeof(sql) / sizeof(sql[0]), &statements);          \
        if (!rc)                                                                                   \
            *ret_store = (store##_t *)(void *)statements;                                          \
        return rc;                                                                                 \
    }                                                                                              \
    void store##_close(store##_t **ref)                                                            \
    {                                                                                              \
        ntf_statements_close(*ref);                                                                \
        *ref = NULL;                                                                               \
    }

#endif
