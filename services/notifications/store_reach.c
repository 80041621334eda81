/* store_reach: see store_reach.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/store_reach.h"

#include "notifications/statement_set.h"
#include "notifications/statements_reach.h"

_Static_assert(CV_DELIVERY_RESULT_WITHDRAWN == 15, "statements_reach.h says it as a number");
_Static_assert((int)NTF_CONTACT_RETURNED == (int)NTF_ADDRESS_RETURNED &&
                   (int)NTF_CONTACT_COMPLAINED == (int)NTF_ADDRESS_COMPLAINED,
               "the view gives the state of the address");

const char ntf_tables_reach[] = NTF_TABLES_REACH;
const char ntf_tables_reach_2[] = NTF_TABLES_REACH_2;

NTF_STATEMENT_SET(ntf_reaches, NTF_REACH_STATEMENTS)

cv_contact_state_t ntf_contact_word(int state)
{
    static const cv_contact_state_t words[NTF_CONTACT_STATES] = {
        [0] = CV_CONTACT_STATE_REACHABLE,
        [NTF_CONTACT_RETURNED] = CV_CONTACT_STATE_RETURNED,
        [NTF_CONTACT_COMPLAINED] = CV_CONTACT_STATE_COMPLAINED,
        [NTF_CONTACT_ASKED] = CV_CONTACT_STATE_ASKED,
        [NTF_CONTACT_CONFIRMED] = CV_CONTACT_STATE_CONFIRMED,
        [NTF_CONTACT_UNANSWERED] = CV_CONTACT_STATE_UNANSWERED,
    };
    return words[state];
}

/* ---- what came back ----------------------------------------------------------------------- */

int ntf_mail_of(ntf_reaches_t *store, cv_str_t notice, int64_t *ret_number)
{
    cv_stmt_text(store->mail_of, 1, notice);
    return ntf_statement_number(store->mail_of, ret_number);
}

int ntf_bounce_said(ntf_reaches_t *store, const ntf_bounce_t *bounce, int64_t since_ms, bool *ret_said)
{
    cv_stmt_int(store->said, 1, bounce->dispatch);
    cv_stmt_int(store->said, 2, bounce->back);
    cv_stmt_int(store->said, 3, bounce->at_ms);
    cv_stmt_int(store->said, 4, since_ms);
    return ntf_statement_whether(store->said, ret_said);
}

int ntf_bounce_put(ntf_reaches_t *store, const ntf_bounce_t *bounce, cv_str_t address, int64_t now_ms)
{
    cv_stmt_int(store->put, 1, bounce->dispatch);
    cv_stmt_int(store->put, 2, bounce->back);
    cv_stmt_int(store->put, 3, bounce->at_ms);
    cv_stmt_text(store->put, 4, bounce->status);
    cv_stmt_int(store->put, 5, now_ms);
    int rc = cv_stmt_run(store->put);
    if (!rc) {
        cv_stmt_int(store->trim, 1, bounce->dispatch);
        cv_stmt_int(store->trim, 2, NTF_BOUNCES_KEPT);
        rc = cv_stmt_run(store->trim);
    }
    if (rc || !address.ptr)
        return rc;
    cv_stmt_text(store->count, 1, address);
    cv_stmt_int(store->count, 2, bounce->back);
    return cv_stmt_run(store->count);
}

int ntf_bounce_kill(ntf_reaches_t *store, int64_t dispatch, int64_t now_ms)
{
    cv_stmt_int(store->kill, 1, dispatch);
    cv_stmt_int(store->kill, 2, CV_DELIVERY_RESULT_RETURNED);
    cv_stmt_int(store->kill, 3, now_ms);
    return cv_stmt_run(store->kill);
}

int ntf_bounce_list(ntf_reaches_t *store, int64_t dispatch, cv_arena_t *arena,
                    cv_bounce_t ret_bounces[NTF_BOUNCES_KEPT], size_t *ret_n)
{
    cv_stmt_t *stmt = store->bounces;
    size_t n = 0;
    int rc = 0;
    cv_stmt_int(stmt, 1, dispatch);
    while (n < NTF_BOUNCES_KEPT && (rc = cv_stmt_step(stmt)) > 0) {
        cv_str_t status = cv_stmt_get_text(stmt, 2);
        rc = CV_OK;
        ret_bounces[n] = (cv_bounce_t){
            .what = ntf_back_word((int)cv_stmt_get_int(stmt, 0)),
            .at_ms = cv_stmt_get_int(stmt, 1),
            .status = status.len ? ntf_statement_keep(status, arena, &rc) : CV_STR_NONE,
        };
        if (rc)
            break;
        n++;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

/* ---- addresses ---------------------------------------------------------------------------- */

int ntf_address_stop(ntf_reaches_t *store, cv_str_t address, int state, int64_t now_ms, cv_str_t status)
{
    cv_stmt_text(store->stop, 1, address);
    cv_stmt_int(store->stop, 2, state);
    cv_stmt_int(store->stop, 3, now_ms);
    cv_stmt_text(store->stop, 4, status);
    return cv_stmt_run(store->stop);
}

int ntf_address_stopped(ntf_reaches_t *store, cv_str_t address, bool *ret_stopped)
{
    cv_stmt_text(store->stopped, 1, address);
    return ntf_statement_whether(store->stopped, ret_stopped);
}

int ntf_address_is_of(ntf_reaches_t *store, cv_str_t event, cv_str_t party, int64_t person, cv_str_t address,
                      bool *ret_is)
{
    cv_stmt_t *stmt = person ? store->is_of_person : store->is_of;
    cv_stmt_text(stmt, 1, event);
    cv_stmt_text(stmt, 2, party);
    cv_stmt_text(stmt, 3, address);
    if (person)
        cv_stmt_int(stmt, 4, person);
    return ntf_statement_whether(stmt, ret_is);
}

int ntf_address_clear(ntf_reaches_t *store, cv_str_t party, int order, cv_db_t *db, int64_t *ret_n)
{
    cv_stmt_text(store->clear, 1, party);
    cv_stmt_int(store->clear, 2, order);
    int rc = cv_stmt_run(store->clear);
    if (!rc)
        *ret_n = cv_db_changes(db);
    return rc;
}

int ntf_address_forget(ntf_reaches_t *store)
{
    return cv_stmt_run(store->forget);
}

/* ---- contacts ----------------------------------------------------------------------------- */

static int s_contacts(cv_stmt_t *stmt, cv_arena_t *arena, size_t max, ntf_contact_t *ret_contacts, size_t *ret_n)
{
    size_t n = 0;
    int rc = 0;
    while (n < max && (rc = cv_stmt_step(stmt)) > 0) {
        rc = CV_OK;
        ret_contacts[n] = (ntf_contact_t){
            .party = ntf_statement_keep(cv_stmt_get_text(stmt, 0), arena, &rc),
            .order = (int)cv_stmt_get_int(stmt, 1),
            .event = ntf_statement_keep(cv_stmt_get_text(stmt, 2), arena, &rc),
            .state = (int)cv_stmt_get_int(stmt, 3),
            .since_ms = cv_stmt_get_int(stmt, 4),
            .status = ntf_statement_keep(cv_stmt_get_text(stmt, 5), arena, &rc),
        };
        if (rc)
            break;
        n++;
    }
    cv_stmt_reset(stmt);
    if (rc < 0)
        return rc;
    *ret_n = n;
    return CV_OK;
}

int ntf_contact_any(ntf_reaches_t *store, bool *ret_any)
{
    return ntf_statement_whether(store->any, ret_any);
}

int ntf_contact_untold(ntf_reaches_t *store, cv_arena_t *arena, size_t max, ntf_contact_t *ret_contacts, size_t *ret_n)
{
    cv_stmt_int(store->untold, 1, (int64_t)max);
    return s_contacts(store->untold, arena, max, ret_contacts, ret_n);
}

int ntf_contact_told(ntf_reaches_t *store, const ntf_contact_t *contact)
{
    cv_stmt_t *stmt = contact->state ? store->told : store->untell;
    cv_stmt_text(stmt, 1, contact->party);
    cv_stmt_int(stmt, 2, contact->order);
    cv_stmt_text(stmt, 3, contact->event);
    if (contact->state) {
        cv_stmt_int(stmt, 4, contact->state);
        cv_stmt_int(stmt, 5, contact->since_ms);
        cv_stmt_text(stmt, 6, contact->status);
    }
    return cv_stmt_run(stmt);
}

int ntf_contact_list(ntf_reaches_t *store, cv_str_t party, const ntf_contact_t *after, cv_arena_t *arena, size_t max,
                     ntf_contact_t *ret_contacts, size_t *ret_n)
{
    cv_stmt_text(store->contacts, 1, party);
    cv_stmt_text(store->contacts, 2, after->party);
    cv_stmt_int(store->contacts, 3, after->order);
    cv_stmt_text(store->contacts, 4, after->event);
    cv_stmt_int(store->contacts, 5, (int64_t)max);
    return s_contacts(store->contacts, arena, max, ret_contacts, ret_n);
}

int ntf_contact_stopped(ntf_reaches_t *store, cv_str_t party, bool *ret_stopped)
{
    cv_stmt_text(store->party_stopped, 1, party);
    return ntf_statement_whether(store->party_stopped, ret_stopped);
}

int ntf_contact_counts(ntf_reaches_t *store, int64_t ret_counts[NTF_CONTACT_STATES])
{
    int rc;
    for (int state = 0; state < NTF_CONTACT_STATES; state++)
        ret_counts[state] = 0;
    while ((rc = cv_stmt_step(store->counts)) > 0) {
        int64_t state = cv_stmt_get_int(store->counts, 0);
        if (state <= 0 || state >= NTF_CONTACT_STATES) {
            cv_stmt_reset(store->counts);
            return CV_ECORRUPT;
        }
        ret_counts[state] = cv_stmt_get_int(store->counts, 1);
    }
    return rc;
}
