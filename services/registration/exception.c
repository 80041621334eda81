/* exception: one party may act at one event after a deadline, because the secretariat has said so.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An exception moves one deadline of one delegation and nothing else: seats, limits and the state of the event hold as
 * for everybody. A decision that was possible through one names it, and so does the record of that decision.
 */
#include "registration/ask.h"
#include <stdio.h>

static cv_exception_kind_t kind_of(reg_act_t act)
{
    if (act == REG_ACT_REGISTER)
        return CV_EXCEPTION_KIND_REGISTER;
    return act == REG_ACT_CONFIRM ? CV_EXCEPTION_KIND_CONFIRM : CV_EXCEPTION_KIND_CHANGE;
}

bool reg_is_excused(reg_ask_t *ask)
{
    const reg_exception_t *exception = reg_book_exception(ask->delegation, kind_of(ask->act));

    if (!exception ||
        !reg_excused(&ask->event->terms, ask->act, ask->party->kind, cv_tx_now_ms(ask->tx), exception->until_ms))
        return false;
    ask->exception = exception;
    return true;
}

/* The deadline that an exception moves; 0: the event knows no such deadline. */
static int64_t deadline_of(const reg_terms_t *terms, cv_exception_kind_t what)
{
    if (!terms->has_rules)
        return 0;
    if (what == CV_EXCEPTION_KIND_REGISTER)
        return terms->closes_ms;
    return what == CV_EXCEPTION_KIND_CONFIRM ? terms->confirm_closes_ms : terms->changes_close_ms;
}

int reg_grant(reg_ask_t *ask, const cv_registration_exception_grant_v1_t *request)
{
    int64_t deadline_ms = deadline_of(&ask->event->terms, request->what), now_ms = cv_tx_now_ms(ask->tx);
    const char *what = cv_exception_kind_text(request->what);
    reg_exception_t exception = {.what = request->what, .until_ms = request->until_ms};
    char until[CV_TIME_TEXT + 1], deadline[CV_TIME_TEXT + 1];

    cv_time_text(request->until_ms, until);
    cv_time_text(deadline_ms, deadline);
    if (!deadline_ms) {
        snprintf(ask->text, sizeof ask->text, "The event has no deadline of this kind (%s) yet.", what);
        return reg_refuse(ask, REG_RULE_NOT_ASKED, "data.what");
    }
    if (request->until_ms <= now_ms) {
        snprintf(ask->text, sizeof ask->text, "An exception until %s would be over already.", until);
        return reg_refuse(ask, REG_RULE_PAST, "data.until_ms");
    }
    if (request->until_ms <= deadline_ms && ask->event->terms.stage != REG_CLOSED) {
        snprintf(ask->text, sizeof ask->text, "Until %s nobody needs an exception: the deadline is %s.", until,
                 deadline);
        return reg_refuse(ask, REG_RULE_NOTHING_CHANGED, "data.until_ms");
    }
    int rc = cv_str_copy(ask->msg->id, exception.request, sizeof exception.request);
    if (!rc)
        rc = reg_store_exception_add(ask->self->store, ask->delegation->row, &exception, &ask->self->note);
    if (!rc)
        rc = reg_book_except(ask->delegation, &exception);
    if (rc)
        return rc;
    ask->exception = reg_book_exception(ask->delegation, request->what);
    snprintf(ask->text, sizeof ask->text, "%s may %s until %s; the deadline for others is %s.", ask->party->code,
             request->what == CV_EXCEPTION_KIND_CHANGE ? "change its registration" : what, until, deadline);
    return reg_accept(ask, REG_RULE_GRANTED, "granted", CV_PROMOTION_CAUSE_ABSENT);
}

static int put_exception(reg_t *self, const reg_delegation_t *d, const reg_exception_t *exception,
                         const reg_note_t *note, cv_collect_t *collect)
{
    const reg_book_t *book = &self->book;
    const cv_registration_exception_v1_t row = {
        .event = cv_str(d->event->code),
        .party = cv_str(d->party->code),
        .what = exception->what,
        .until_ms = exception->until_ms,
        .reason = note->reason,
        .at_ms = note->at_ms,
        .by = note->by > 0 && (size_t)note->by <= book->principals_n ? cv_str(book->principals[note->by - 1])
                                                                     : CV_STR_NONE,
        .request = note->request,
    };
    return cv_collect_put(collect, CV_MSG_REGISTRATION_EXCEPTION_V1, cv_str(d->subject), 0, &row);
}

int reg_ask_exceptions(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit, cv_collect_t *collect)
{
    int64_t after = 0, last = 0;
    int rc = CV_OK;

    if (!reg_may_see_persons(cv_tx_principal(tx), query->key))
        return CV_EDENIED;
    const reg_delegation_t *d = reg_find_delegation(&self->book, query->key);
    if (!d)
        return CV_ENOTFOUND;
    for (size_t i = 0; i < query->after.len; i++) {
        char digit = query->after.ptr[i];
        if (digit < '0' || digit > '9' || i > 15)
            return CV_EINVAL;
        after = after * 10 + (digit - '0');
    }
    for (int64_t i = 0; i < limit; i++) {
        char reason[REG_REASON_TEXT];
        reg_exception_t exception;
        reg_note_t note;
        last = after;
        rc = reg_store_exception_next(self->store, d->row, &after, reason, &exception, &note);
        if (rc == CV_ENOTFOUND)
            return CV_OK;
        if (!rc)
            rc = put_exception(self, d, &exception, &note, collect);
        if (rc == CV_ELIMIT && i > 0)
            break;
        if (rc)
            return rc;
        last = after;
    }
    return reg_go_on(cv_tx_arena(tx), collect, last);
}
