/* store_consent: the SQL of consents. See store_consent.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/store_consent.h"

#include "registration/statements.h"

#include <stdlib.h>

/* AUTOINCREMENT: a number is never used again, so a gap shows that something is missing. */
const char reg_consent_tables[] =
    "CREATE TABLE consent(id INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL, event INTEGER NOT NULL,"
    " purpose INTEGER NOT NULL, text TEXT NOT NULL, given TEXT NOT NULL, until TEXT NOT NULL, until_ms INTEGER NOT "
    "NULL,"
    " at_ms INTEGER NOT NULL, by TEXT NOT NULL, end INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"
    " CHECK((end = 0) = (ended_ms = 0))) STRICT;"
    "CREATE UNIQUE INDEX consent_in_force ON consent(person, purpose) WHERE end = 0;"
    "CREATE INDEX consent_until ON consent(event, until_ms) WHERE end = 0 AND until_ms > 0;"
    "CREATE INDEX consent_ended ON consent(ended_ms) WHERE end > 0;"
    "CREATE INDEX consent_event ON consent(event);";

#define ROW                                                                              \
    "SELECT c.id, c.person, c.event, c.purpose, c.end, c.at_ms, c.until_ms, c.ended_ms," \
    " p.delegation, p.number, c.text, c.given, c.until, c.by FROM consent c JOIN person p ON p.id = c.person"

#define CONSENT_STATEMENTS(XX)                                                                                       \
    XX(add, "INSERT INTO consent(person, event, purpose, at_ms, until_ms, text, given, until, by, end, ended_ms)"    \
            " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)")                                                              \
    XX(count, "SELECT count(*) FROM consent WHERE person = ?1 AND (?2 = 0 OR purpose = ?2) AND end = 0")             \
    XX(end, "UPDATE consent SET end = ?3, ended_ms = ?4 WHERE person = ?1 AND (?2 = 0 OR purpose = ?2) AND end = 0") \
    XX(first, ROW " WHERE c.event = ? AND c.end = 0 AND c.until_ms > 0 ORDER BY c.until_ms, c.id LIMIT 1")           \
    XX(next, ROW " WHERE c.event = ?1 AND (?2 = 0 OR p.delegation = ?2) AND (?3 = 0 OR p.number = ?3)"               \
                 " AND c.id > ?4 ORDER BY c.id LIMIT 1")                                                             \
    XX(oldest, "SELECT ended_ms FROM consent WHERE end > 0 ORDER BY ended_ms LIMIT 1")                               \
    XX(trim, "DELETE FROM consent WHERE id IN (SELECT id FROM consent WHERE end > 0 AND ended_ms < ?1"               \
             " ORDER BY ended_ms LIMIT ?2)")

struct reg_consents {
#define XX(name, sql) cv_stmt_t *name;
    CONSENT_STATEMENTS(XX)
#undef XX
};

int reg_consents_open(cv_db_t *db, reg_consents_t **ret_consents)
{
    reg_consents_t *consents = calloc(1, sizeof *consents);
    if (!consents)
        return CV_ENOMEM;
    const cv_sql_t all[] = {
#define XX(name, sql) {&consents->name, sql},
        CONSENT_STATEMENTS(XX)
#undef XX
    };
    int rc = cv_db_prepare_all(db, all, sizeof all / sizeof *all);
    if (rc) {
        free(consents);
        return rc;
    }
    *ret_consents = consents;
    return CV_OK;
}

void reg_consents_close(reg_consents_t **consents)
{
    free(*consents); /* the statements are the database's */
    *consents = NULL;
}

int reg_consent_add(reg_consents_t *consents, const reg_consent_t *consent)
{
    cv_stmt_t *add = consents->add;

    BIND(add, 1, consent->person, consent->event, consent->purpose, consent->at_ms, consent->until_ms);
    cv_stmt_text(add, 6, cv_str(consent->text));
    cv_stmt_text(add, 7, cv_str(consent->given));
    cv_stmt_text(add, 8, cv_str(consent->until));
    cv_stmt_text(add, 9, cv_str(consent->by));
    return cv_stmt_run(add);
}

int reg_consent_end(reg_consents_t *consents, int64_t person, int purpose, int end, int64_t ended_ms, int64_t *ret_n)
{
    cv_stmt_t *count = consents->count, *finish = consents->end;

    BIND(count, 1, person, purpose);
    int rc = cv_stmt_step(count);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    *ret_n = cv_stmt_get_int(count, 0);
    cv_stmt_reset(count);
    if (!*ret_n)
        return CV_OK;
    BIND(finish, 1, person, purpose, end, ended_ms);
    return cv_stmt_run(finish);
}

/* The row that `row` stands on; the statement is free afterwards. */
static int take(cv_stmt_t *row, reg_consent_t *ret_consent)
{
    int rc = cv_stmt_step(row);

    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_consent = (reg_consent_t){.id = cv_stmt_get_int(row, 0),
                                   .person = cv_stmt_get_int(row, 1),
                                   .event = cv_stmt_get_int(row, 2),
                                   .purpose = (int)cv_stmt_get_int(row, 3),
                                   .end = (int)cv_stmt_get_int(row, 4),
                                   .at_ms = cv_stmt_get_int(row, 5),
                                   .until_ms = cv_stmt_get_int(row, 6),
                                   .ended_ms = cv_stmt_get_int(row, 7),
                                   .delegation = cv_stmt_get_int(row, 8),
                                   .number = cv_stmt_get_int(row, 9)};
    rc = cv_str_copy(cv_stmt_get_text(row, 10), ret_consent->text, sizeof ret_consent->text);
    if (!rc)
        rc = cv_str_copy(cv_stmt_get_text(row, 11), ret_consent->given, sizeof ret_consent->given);
    if (!rc)
        rc = cv_str_copy(cv_stmt_get_text(row, 12), ret_consent->until, sizeof ret_consent->until);
    if (!rc)
        rc = cv_str_copy(cv_stmt_get_text(row, 13), ret_consent->by, sizeof ret_consent->by);
    cv_stmt_reset(row);
    return rc ? CV_ECORRUPT : CV_OK;
}

int reg_consent_first(reg_consents_t *consents, int64_t event, reg_consent_t *ret_consent)
{
    BIND(consents->first, 1, event);
    return take(consents->first, ret_consent);
}

int reg_consent_next(reg_consents_t *consents, int64_t event, int64_t delegation, int64_t number, int64_t *after,
                     reg_consent_t *ret_consent)
{
    BIND(consents->next, 1, event, delegation, number, *after);
    int rc = take(consents->next, ret_consent);
    if (!rc)
        *after = ret_consent->id;
    return rc;
}

int reg_consent_oldest(reg_consents_t *consents, int64_t *ret_ended_ms)
{
    int rc = cv_stmt_step(consents->oldest);

    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_ended_ms = cv_stmt_get_int(consents->oldest, 0);
    cv_stmt_reset(consents->oldest);
    return CV_OK;
}

int reg_consent_trim(reg_consents_t *consents, int64_t since_ms, int64_t n)
{
    BIND(consents->trim, 1, since_ms, n);
    return cv_stmt_run(consents->trim);
}
