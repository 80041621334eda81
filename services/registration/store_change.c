/* store_change: history: exceptions, and who did what to a person's registration. See store.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row of change holds what was true before it, so a person who was never changed has none and a registration costs
 * nothing for it: what came first is in the oldest row, or in the person's own.
 */
#include "registration/statements.h"
#include <string.h>

static int key_of(reg_store_t *store, int64_t person, int64_t *ret_key)
{
    cv_stmt_int(store->person_key, 1, person);
    int rc = cv_stmt_step(store->person_key);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    *ret_key = cv_stmt_get_int(store->person_key, 0);
    cv_stmt_reset(store->person_key);
    return CV_OK;
}

int reg_store_note(reg_store_t *store, int64_t person, const reg_note_t *note, cv_person_change_t what)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    cv_str_t sealed = CV_STR_NONE;
    if (note->reason.ptr && note->reason.len) {
        int64_t key = 0;
        rc = key_of(store, person, &key);
        if (!rc)
            rc = reg_vault_seal(store, key, REG_FOR_REASON, note->reason, &sealed);
        if (rc && rc != CV_ENOTFOUND) /* of who was erased nothing more is kept */
            return rc;
    }
    BIND(store->note, 1, person, note->at_ms, note->by, what);
    cv_stmt_text(store->note, 5, note->request);
    cv_stmt_blob(store->note, 6, sealed.ptr, sealed.len);
    return cv_stmt_run(store->note);
}

int reg_store_person_sealed(reg_store_t *store, int64_t id, cv_str_t *ret_sealed)
{
    cv_stmt_t *row = store->person_get;
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    cv_stmt_int(row, 1, id);
    rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    const bool erased = cv_stmt_get_null(row, 9);
    cv_str_t sealed = erased ? CV_STR_NONE : cv_arena_str(cv_tx_arena(store->tx), cv_stmt_get_blob(row, 9));
    cv_stmt_reset(row);
    if (erased)
        return CV_ENOTFOUND;
    if (!sealed.ptr)
        return CV_ENOMEM;
    *ret_sealed = sealed;
    return CV_OK;
}

int reg_store_reason_seal(reg_store_t *store, int64_t key, cv_str_t reason, cv_str_t *ret_sealed)
{
    return reg_vault_seal(store, key, REG_FOR_REASON, reason, ret_sealed);
}

int reg_store_reason_open(reg_store_t *store, int64_t key, cv_str_t sealed, char ret_text[REG_REASON_TEXT],
                          cv_str_t *ret_reason)
{
    return reg_vault_open(store, key, REG_FOR_REASON, sealed, ret_text, REG_REASON_TEXT, ret_reason);
}

int reg_store_principal(reg_store_t *store, reg_book_t *book, const char *name, int64_t *ret_row)
{
    int64_t row = reg_book_principal(book, name);

    if (!row) {
        int rc = reg_book_add_principal(book, name);
        if (rc)
            return rc;
        row = (int64_t)book->principals_n;
        cv_stmt_int(store->principal_add, 1, row);
        cv_stmt_text(store->principal_add, 2, cv_str(name));
        rc = cv_stmt_run(store->principal_add);
        if (rc)
            return rc;
    }
    *ret_row = row;
    return CV_OK;
}

int reg_store_load_principals(reg_store_t *store, reg_book_t *book)
{
    int rc;

    while ((rc = cv_stmt_step(store->principals)) > 0) {
        char name[CV_NAME_MAX + 1];
        int error = cv_str_copy(cv_stmt_get_text(store->principals, 1), name, sizeof name);
        if (!error)
            error = reg_book_add_principal(book, name);
        if (!error && cv_stmt_get_int(store->principals, 0) != (int64_t)book->principals_n)
            error = CV_ECORRUPT;
        if (error) {
            cv_stmt_reset(store->principals);
            return error;
        }
    }
    return rc;
}

/* The columns from `first` on that a change and a person have in common. text: of the name and the address. */
static int read_state(reg_store_t *store, cv_stmt_t *row, int first, char text[REG_PERSON_TEXT], reg_step_t *ret_step)
{
    ret_step->state = (reg_state_t)cv_stmt_get_int(row, first);
    ret_step->role = (unsigned)cv_stmt_get_int(row, first + 1);
    ret_step->online = cv_stmt_get_int(row, first + 2);
    ret_step->name = ret_step->email = ret_step->answers = CV_STR_NONE;
    int rc = reg_store_unseal(store, cv_stmt_get_int(row, first + 3), false, cv_stmt_get_blob(row, first + 4), text,
                              &ret_step->name, &ret_step->email, &ret_step->answers);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* Why, as the request said; absent when it did not, or when the person was erased. */
static int read_reason(reg_store_t *store, cv_stmt_t *row, reg_step_t *ret_step)
{
    cv_str_t sealed = cv_stmt_get_blob(row, 4);

    ret_step->reason = CV_STR_NONE;
    if (!sealed.ptr)
        return CV_OK;
    int rc = reg_vault_open(store, cv_stmt_get_int(row, 8), REG_FOR_REASON, sealed, store->reason, sizeof store->reason,
                            &ret_step->reason);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int reg_store_steps(reg_store_t *store, int64_t person, reg_step_fn *fn, void *arg)
{
    cv_stmt_t *row = store->steps, *now = store->person_now;
    reg_step_t step = {0};
    char text[REG_PERSON_TEXT];
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    cv_stmt_int(row, 1, person);
    while ((rc = cv_stmt_step(row)) > 0) {
        step.at_ms = cv_stmt_get_int(row, 0);
        step.by = cv_stmt_get_int(row, 1);
        step.what = (cv_person_change_t)cv_stmt_get_int(row, 2);
        step.request = cv_stmt_get_text(row, 3);
        int stop = read_reason(store, row, &step);
        if (!stop)
            stop = read_state(store, row, 5, text, &step);
        if (!stop)
            stop = fn(arg, &step);
        if (!stop)
            continue;
        cv_stmt_reset(row);
        return stop;
    }
    if (rc)
        return rc;
    cv_stmt_int(now, 1, person);
    rc = cv_stmt_step(now);
    if (rc <= 0)
        return rc ? rc : CV_ECORRUPT;
    step = (reg_step_t){0};
    rc = read_state(store, now, 0, text, &step);
    if (!rc)
        rc = fn(arg, &step);
    cv_stmt_reset(now);
    return rc;
}

int reg_store_exception_add(reg_store_t *store, int64_t delegation, const reg_exception_t *exception,
                            const reg_note_t *note)
{
    cv_stmt_t *add = store->exception_add;

    BIND(add, 1, delegation, exception->what, exception->until_ms);
    cv_stmt_text(add, 4, note->request);
    cv_stmt_text(add, 5, note->reason);
    BIND(add, 6, note->at_ms, note->by);
    return cv_stmt_run(add);
}

static cv_str_t copy(cv_str_t text, char *room, size_t size)
{
    return text.ptr && cv_str_copy(text, room, size) == CV_OK ? cv_str(room) : CV_STR_NONE;
}

int reg_store_exception_next(reg_store_t *store, int64_t delegation, int64_t *after, char reason[REG_REASON_TEXT],
                             reg_exception_t *ret_exception, reg_note_t *ret_note)
{
    cv_stmt_t *row = store->exceptions_of;

    BIND(row, 1, delegation, *after, 1);
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_exception =
        (reg_exception_t){.what = (cv_exception_kind_t)cv_stmt_get_int(row, 0), .until_ms = cv_stmt_get_int(row, 1)};
    *ret_note =
        (reg_note_t){.request = copy(cv_stmt_get_text(row, 2), ret_exception->request, sizeof ret_exception->request),
                     .reason = copy(cv_stmt_get_text(row, 3), reason, REG_REASON_TEXT),
                     .at_ms = cv_stmt_get_int(row, 4),
                     .by = cv_stmt_get_int(row, 5)};
    *after = cv_stmt_get_int(row, 6);
    cv_stmt_reset(row);
    return CV_OK;
}

int reg_store_proposal_put(reg_store_t *store, const reg_person_t *after, unsigned step, cv_person_change_t what)
{
    cv_str_t sealed;
    int rc =
        reg_vault_seal_names(store, after->key, REG_FOR_PERSON, after->name, after->email, after->answers, &sealed);

    if (rc)
        return rc;
    BIND(store->proposal_put, 1, after->id, step, what, after->role, after->online, after->key);
    cv_stmt_blob(store->proposal_put, 7, sealed.ptr, sealed.len);
    cv_stmt_int(store->proposal_put, 8, (int64_t)after->options);
    return cv_stmt_run(store->proposal_put);
}

int reg_store_proposal_get(reg_store_t *store, reg_person_t *person, char text[REG_PERSON_TEXT], unsigned *ret_step,
                           cv_person_change_t *ret_what)
{
    cv_stmt_t *row = store->proposal_get;

    cv_stmt_int(row, 1, person->id);
    int rc = cv_stmt_step(row);
    if (rc <= 0)
        return rc ? rc : CV_ENOTFOUND;
    *ret_step = (unsigned)cv_stmt_get_int(row, 0);
    *ret_what = (cv_person_change_t)cv_stmt_get_int(row, 1);
    person->role = (unsigned)cv_stmt_get_int(row, 2);
    person->online = cv_stmt_get_int(row, 3);
    rc = reg_store_unseal(store, cv_stmt_get_int(row, 4), false, cv_stmt_get_blob(row, 5), text, &person->name,
                          &person->email, &person->answers);
    person->options = (reg_options_t)cv_stmt_get_int(row, 6);
    cv_stmt_reset(row);
    return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc; /* who is erased has no proposals */
}

int reg_store_proposal_drop(reg_store_t *store, int64_t person)
{
    cv_stmt_int(store->proposal_drop, 1, person);
    return cv_stmt_run(store->proposal_drop);
}

int reg_store_in_front(reg_store_t *store, int64_t delegation, int64_t unit, int64_t person, int32_t *ret_n)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    BIND(store->in_front, 1, delegation, unit, person);
    rc = cv_stmt_step(store->in_front);
    if (rc <= 0)
        return rc ? rc : CV_EINTERNAL;
    *ret_n = (int32_t)cv_stmt_get_int(store->in_front, 0);
    cv_stmt_reset(store->in_front);
    return CV_OK;
}
