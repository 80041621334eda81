/* store_access: the SQL of the list of readings. See store_access.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/store_access.h"

#include <stdlib.h>

/* AUTOINCREMENT: a number is never used again, so a gap shows that something is missing. */
const char reg_access_tables[] =
    "CREATE TABLE access(id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, by TEXT NOT NULL,"
    " what TEXT NOT NULL, event INTEGER NOT NULL, delegation INTEGER NOT NULL, number INTEGER NOT NULL,"
    " persons INTEGER NOT NULL) STRICT;"
    "CREATE INDEX access_event ON access(event);";

const char reg_access_on_behalf[] = "ALTER TABLE access ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '';";

#define ACCESS_STATEMENTS(XX)                                                                                      \
    XX(add, "INSERT INTO access(at_ms, event, delegation, number, persons, by, what, on_behalf_of)"                \
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?)")                                                                     \
    XX(trim, "DELETE FROM access WHERE id IN (SELECT id FROM access ORDER BY id LIMIT ?3)"                         \
             " AND (at_ms < ?1 OR id <= (SELECT max(id) FROM access) - ?2)")                                       \
    XX(oldest, "SELECT at_ms FROM access ORDER BY id LIMIT 1")                                                     \
    XX(next,                                                                                                       \
       "SELECT id, at_ms, event, delegation, number, persons, by, what, on_behalf_of FROM access WHERE event = ?1" \
       " AND (?2 = 0 OR delegation IN (0, ?2)) AND (?3 = 0 OR number IN (0, ?3)) AND at_ms >= ?4"                  \
       " AND id > ?5 ORDER BY id LIMIT 1")

struct reg_accesses {
#define XX(name, sql) cv_stmt_t *name;
    ACCESS_STATEMENTS(XX)
#undef XX
};

int reg_accesses_open(cv_db_t *db, reg_accesses_t **ret_accesses)
{
    reg_accesses_t *accesses = calloc(1, sizeof *accesses);
    if (!accesses)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&accesses->name, sql},
        ACCESS_STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof all / sizeof *all);
    if (rc) {
        free(accesses);
        return rc;
    }
    *ret_accesses = accesses;
    return CV_OK;
}

void reg_accesses_close(reg_accesses_t **accesses)
{
    free(*accesses); /* the statements are the database's */
    *accesses = NULL;
}

static void bind_all(cv_stmt_t *stmt, const int64_t *values, int n)
{
    for (int i = 0; i < n; i++)
        cv_stmt_int(stmt, 1 + i, values[i]);
}

int reg_access_add(reg_accesses_t *accesses, const reg_access_t *access)
{
    bind_all(accesses->add,
             (const int64_t[]){access->at_ms, access->event, access->delegation, access->number, access->persons}, 5);
    cv_stmt_text(accesses->add, 6, cv_str(access->by));
    cv_stmt_text(accesses->add, 7, cv_str(access->what));
    cv_stmt_text(accesses->add, 8, cv_str(access->on_behalf_of));
    return cv_stmt_run(accesses->add);
}

int reg_access_trim(reg_accesses_t *accesses, int64_t since_ms, int64_t max, int64_t n)
{
    bind_all(accesses->trim, (const int64_t[]){since_ms, max, n}, 3);
    return cv_stmt_run(accesses->trim);
}

int reg_access_oldest(reg_accesses_t *accesses, int64_t *ret_at_ms)
{
    int rc = cv_stmt_step(accesses->oldest);

    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_at_ms = cv_stmt_get_int(accesses->oldest, 0);
    cv_stmt_reset(accesses->oldest);
    return CV_OK;
}

int reg_access_next(reg_accesses_t *accesses, int64_t event, int64_t delegation, int64_t number, int64_t since_ms,
                    int64_t *after, reg_access_t *ret_access)
{
    cv_stmt_t *row = accesses->next;

    bind_all(row, (const int64_t[]){event, delegation, number, since_ms, *after}, 5);
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_access = (reg_access_t){.id = cv_stmt_get_int(row, 0),
                                 .at_ms = cv_stmt_get_int(row, 1),
                                 .event = cv_stmt_get_int(row, 2),
                                 .delegation = cv_stmt_get_int(row, 3),
                                 .number = cv_stmt_get_int(row, 4),
                                 .persons = cv_stmt_get_int(row, 5)};
    rc = cv_str_copy(cv_stmt_get_text(row, 6), ret_access->by, sizeof ret_access->by);
    if (!rc)
        rc = cv_str_copy(cv_stmt_get_text(row, 7), ret_access->what, sizeof ret_access->what);
    if (!rc)
        rc = cv_str_copy(cv_stmt_get_text(row, 8), ret_access->on_behalf_of, sizeof ret_access->on_behalf_of);
    cv_stmt_reset(row);
    if (!rc)
        *after = ret_access->id;
    return rc;
}
