/* answers: the form of an event as scheduling tells it, and what requests answer to it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request is judged by the form that registration has heard of last; one that does not fit is no decision (INVALID,
 * not remembered), so it can be mended and sent anew. Answers are kept with the person as they came, as one map of
 * MessagePack, and travel with name and address only: registration.private, questions of who may see persons. What a
 * new version of the form asks is asked of those who come, or change their answers, from then on.
 *
 * A new limit of an option works like one of a capacity: nobody loses a place, and who waits moves up in the same
 * transaction where there is more.
 */
#include "registration/ask.h"
#include <stdlib.h>

/* ---- the form ---------------------------------------------------------------------------------------------------- */

/* The limits as the form has them now. */
static int set_limits(reg_t *self, reg_event_t *event)
{
    int32_t limits[REG_OPTIONS];
    int rc = CV_OK;

    for (unsigned i = 0; i < REG_OPTIONS; i++)
        limits[i] = REG_NO_LIMIT;
    for (size_t i = 0; event->form && i < event->form->questions_n; i++) {
        const reg_question_t *question = &event->form->questions[i];
        for (size_t k = 0; k < question->choices_n; k++)
            if (question->choices[k].option < REG_NO_OPTION)
                limits[question->choices[k].option] = question->choices[k].limit;
    }
    for (unsigned i = 0; !rc && i < event->seats.options_n; i++) {
        reg_option_rule(&event->seats, i, limits[i]);
        event->stored_options[i] = -1;
        rc = reg_store_option_set(self->store, event, i);
    }
    reg_book_touch_event(&self->book, event);
    return rc;
}

int reg_apply_form(reg_t *self, const cv_scheduling_form_v1_t *record, reg_event_t **ret_event)
{
    reg_book_t *book = &self->book;
    reg_event_t *event = reg_book_event(book, record->form.event);
    int rc = CV_OK;

    if (!event) { /* in a snapshot forms come before events */
        rc = reg_book_add_event(book, book->next_event, record->form.event, &event);
        if (!rc)
            rc = reg_store_event_add(self->store, event);
    }
    if (!rc)
        rc = reg_book_form(event, record);
    if (!rc)
        rc = reg_store_form_set(self->store, event, record);
    if (!rc)
        rc = set_limits(self, event);
    if (!rc)
        *ret_event = event;
    return rc;
}

int reg_drop_form(reg_t *self, reg_event_t *event)
{
    if (!event->form)
        return CV_OK;
    free(event->form);
    event->form = NULL;
    int rc = reg_store_form_drop(self->store, event);
    return rc ? rc : set_limits(self, event);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static bool is_party(void *book, cv_str_t code)
{
    const reg_party_t *party = reg_book_party(book, code);

    return party && party->known;
}

int reg_check_answers(reg_ask_t *ask, unsigned role, const cv_items_t *answers, const char *at,
                      reg_options_t *ret_options)
{
    reg_wrong_t wrong;

    if (!ask->event->form && !answers->n) {
        *ret_options = 0;
        return CV_OK;
    }
    if (reg_form_fits(ask->event->form, role, answers, at, is_party, &ask->self->book, ret_options, &wrong))
        return CV_OK;
    cv_str_t path = cv_arena_str(cv_tx_arena(ask->tx), cv_str(wrong.path));
    return path.ptr ? cv_refuse_as(ask->tx, ask->out, CV_EINVAL, "bad_answer", path.ptr, "%s", wrong.text) : CV_ENOMEM;
}

int reg_pack_answers(reg_ask_t *ask, const cv_items_t *answers, cv_str_t *ret_packed)
{
    cv_buf_t buf;

    *ret_packed = CV_STR_NONE;
    if (!answers->n)
        return CV_OK;
    cv_buf_init(&buf, CV_MAX_RECORD);
    int rc = cv_form_answer_pack(&buf, answers);
    if (!rc) {
        *ret_packed = cv_arena_str(cv_tx_arena(ask->tx), cv_buf_str(&buf));
        rc = ret_packed->ptr ? CV_OK : CV_ENOMEM;
    }
    cv_buf_done(&buf);
    return rc;
}

int reg_unpack_answers(cv_str_t packed, cv_arena_t *arena, cv_items_t *ret_answers)
{
    *ret_answers = (cv_items_t){0};
    return packed.ptr ? cv_form_answer_unpack(packed, arena, ret_answers) : CV_OK;
}
