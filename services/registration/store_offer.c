/* store_offer: the SQL of who was offered a seat, and who let that end. See store.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/statements.h"

/* Of before: what the history says (10: CV_PERSON_CHANGE_EXPIRED). */
const char reg_offer_tables[] =
    "CREATE TABLE expired(id INTEGER PRIMARY KEY, delegation INTEGER NOT NULL, number INTEGER NOT NULL) STRICT;"
    "CREATE INDEX expired_delegation ON expired(delegation, id);"
    "INSERT INTO expired(delegation, number) SELECT p.delegation, p.number FROM change AS c JOIN person AS p"
    " ON p.id = c.person WHERE c.what = 10 ORDER BY c.at_ms, p.id;";
_Static_assert(CV_PERSON_CHANGE_EXPIRED == 10, "as it is stored");

static int numbers(cv_stmt_t *row, int64_t *ret_numbers, size_t *ret_n)
{
    int rc;

    *ret_n = 0;
    while ((rc = cv_stmt_step(row)) > 0)
        ret_numbers[(*ret_n)++] = cv_stmt_get_int(row, 0);
    return rc;
}

int reg_store_offer_expired(reg_store_t *store, int64_t delegation, unsigned number)
{
    BIND(store->expired_add, 1, delegation, number);
    return cv_stmt_run(store->expired_add);
}

int reg_store_offer_open_numbers(reg_store_t *store, const reg_delegation_t *delegation, size_t max,
                                 int64_t *ret_numbers, size_t *ret_n)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    BIND(store->offer_numbers, 1, delegation->event->row, delegation->row, (int64_t)max);
    return numbers(store->offer_numbers, ret_numbers, ret_n);
}

int reg_store_offer_expired_numbers(reg_store_t *store, const reg_delegation_t *delegation, size_t max,
                                    int64_t *ret_numbers, size_t *ret_n)
{
    BIND(store->expired_numbers, 1, delegation->row, (int64_t)max);
    return numbers(store->expired_numbers, ret_numbers, ret_n);
}
