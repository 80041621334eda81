/* store_reason: see store_reason.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_reason.h"

#include "notifications/statement_set.h"

const char ntf_tables_reason[] =
    "CREATE TABLE ntf_reason(event TEXT NOT NULL, party TEXT NOT NULL, number INTEGER NOT NULL,"
    " request TEXT NOT NULL, reason TEXT NOT NULL, until_ms INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(event, party, number, request)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX ntf_reason_until ON ntf_reason(until_ms);";

#define OF_PERSON "event = ?1 AND party = ?2 AND number = ?3"

#define STATEMENTS(XX)                                                                   \
    XX(put, "INSERT OR REPLACE INTO ntf_reason VALUES(?1, ?2, ?3, ?4, ?5, 0)")           \
    XX(get, "SELECT reason FROM ntf_reason WHERE " OF_PERSON " AND request = ?4")        \
    XX(drop, "DELETE FROM ntf_reason WHERE event = ?1 AND party = ?2"                    \
             " AND request IN (SELECT request FROM ntf_reason WHERE " OF_PERSON ")")     \
    XX(is_new, "SELECT EXISTS(SELECT 1 FROM ntf_reason WHERE until_ms = 0)")             \
    XX(stamp, "UPDATE ntf_reason SET until_ms = ?1 WHERE until_ms = 0 OR until_ms > ?1") \
    XX(end, "DELETE FROM ntf_reason WHERE until_ms <= ?1")                               \
    XX(next, "SELECT min(until_ms) FROM ntf_reason")                                     \
    XX(drop_all, "DELETE FROM ntf_reason")

NTF_STATEMENT_SET(ntf_reasons, STATEMENTS)

static void s_whom(cv_stmt_t *stmt, cv_str_t event, cv_str_t party, int64_t number)
{
    cv_stmt_text(stmt, 1, event);
    cv_stmt_text(stmt, 2, party);
    cv_stmt_int(stmt, 3, number);
}

int ntf_reason_put(ntf_reasons_t *store, const cv_registration_contact_v1_t *contact)
{
    int rc = CV_OK;
    for (size_t i = 0; !rc && contact->review.ptr && i < contact->persons_n; i++) {
        const cv_person_private_t *person = &contact->persons[i];
        if (!person->reason.ptr)
            continue;
        s_whom(store->put, contact->event, contact->party, person->number);
        cv_stmt_text(store->put, 4, contact->review);
        cv_stmt_text(store->put, 5, person->reason);
        rc = cv_stmt_run(store->put);
    }
    return rc;
}

int ntf_reason_get(ntf_reasons_t *store, const cv_registration_decided_v1_t *decided, cv_arena_t *arena,
                   cv_str_t *ret_reason)
{
    for (size_t i = 0; i < decided->persons_n; i++) {
        s_whom(store->get, decided->event, decided->party, decided->persons[i].number);
        cv_stmt_text(store->get, 4, decided->request);
        int rc = cv_stmt_step(store->get);
        if (rc < 0)
            return rc;
        if (rc == 0)
            continue;
        cv_str_t reason = cv_arena_str(arena, cv_stmt_get_text(store->get, 0));
        cv_stmt_reset(store->get);
        if (!reason.ptr)
            return CV_ENOMEM;
        *ret_reason = reason;
        return CV_OK;
    }
    return CV_ENOTFOUND;
}

int ntf_reason_drop(ntf_reasons_t *store, cv_str_t event, cv_str_t party, int64_t number)
{
    s_whom(store->drop, event, party, number);
    return cv_stmt_run(store->drop);
}

int ntf_reason_is_new(ntf_reasons_t *store, bool *ret_is_new)
{
    return ntf_statement_whether(store->is_new, ret_is_new);
}

static int s_next(ntf_reasons_t *store, int64_t *ret_next_ms)
{
    *ret_next_ms = 0;
    int rc = ntf_statement_number(store->next, ret_next_ms);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* What a clock that was ahead has named is corrected as well. */
int ntf_reason_age(ntf_reasons_t *store, int64_t now_ms, bool *ret_any, int64_t *ret_next_ms)
{
    *ret_any = false;
    cv_stmt_int(store->stamp, 1, now_ms + NTF_REASON_KEEP_MS);
    int rc = cv_stmt_run(store->stamp);
    if (!rc)
        rc = s_next(store, ret_next_ms);
    if (rc || *ret_next_ms == 0 || *ret_next_ms > now_ms)
        return rc;
    *ret_any = true;
    cv_stmt_int(store->end, 1, now_ms);
    rc = cv_stmt_run(store->end);
    return rc ? rc : s_next(store, ret_next_ms);
}

int ntf_reason_drop_all(ntf_reasons_t *store)
{
    return cv_stmt_run(store->drop_all);
}
