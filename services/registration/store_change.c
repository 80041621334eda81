/* store_change: history: exceptions, and who did what to a person's registration. See store.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A row of change holds what was true before it, so a person who was never changed has none and a registration costs
 * nothing for it: what came first is in the oldest row, or in the person's own.
 */
#include "registration/statements.h"
#include <string.h>

int reg_store_note(reg_store_t *store, int64_t person, const reg_note_t *note, cv_person_change_t what)
{
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    BIND(store->note, 1, person, note->at_ms, note->by, what);
    cv_stmt_text(store->note, 5, note->request);
    cv_stmt_text(store->note, 6, note->reason);
    return cv_stmt_run(store->note);
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

/* The columns from `first` on that a change and a person have in common. */
static void read_state(cv_stmt_t *row, int first, reg_step_t *ret_step)
{
    ret_step->state = (reg_state_t)cv_stmt_get_int(row, first);
    ret_step->role = (unsigned)cv_stmt_get_int(row, first + 1);
    ret_step->online = cv_stmt_get_int(row, first + 2);
    ret_step->name = cv_stmt_get_text(row, first + 3);
    ret_step->email = cv_stmt_get_text(row, first + 4);
    ret_step->answers = cv_stmt_get_null(row, first + 5) ? CV_STR_NONE : cv_stmt_get_blob(row, first + 5);
}

int reg_store_steps(reg_store_t *store, int64_t person, reg_step_fn *fn, void *arg)
{
    cv_stmt_t *row = store->steps, *now = store->person_now;
    reg_step_t step = {0};
    int rc = reg_store_settle(store);

    if (rc)
        return rc;
    cv_stmt_int(row, 1, person);
    while ((rc = cv_stmt_step(row)) > 0) {
        step.at_ms = cv_stmt_get_int(row, 0);
        step.by = cv_stmt_get_int(row, 1);
        step.what = (cv_person_change_t)cv_stmt_get_int(row, 2);
        step.request = cv_stmt_get_text(row, 3);
        step.reason = cv_stmt_get_text(row, 4);
        read_state(row, 5, &step);
        int stop = fn(arg, &step);
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
    read_state(now, 0, &step);
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
    BIND(store->proposal_put, 1, after->id, step, what, after->role, after->online);
    cv_stmt_text(store->proposal_put, 6, after->name);
    cv_stmt_text(store->proposal_put, 7, after->email);
    cv_stmt_int(store->proposal_put, 8, (int64_t)after->options);
    if (after->answers.ptr)
        cv_stmt_blob(store->proposal_put, 9, after->answers.ptr, after->answers.len);
    else
        cv_stmt_text(store->proposal_put, 9, CV_STR_NONE);
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
    person->name = copy(cv_stmt_get_text(row, 4), text, 201);
    person->email = copy(cv_stmt_get_text(row, 5), text + 201, 512 - 201);
    person->options = (reg_options_t)cv_stmt_get_int(row, 6);
    person->answers = CV_STR_NONE;
    if (!cv_stmt_get_null(row, 7)) {
        cv_str_t answers = cv_stmt_get_blob(row, 7);
        if (answers.len > REG_PERSON_TEXT - 512) {
            cv_stmt_reset(row);
            return CV_ECORRUPT;
        }
        person->answers = (cv_str_t){memcpy(text + 512, answers.ptr, answers.len), answers.len};
    }
    cv_stmt_reset(row);
    return CV_OK;
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
