/* document: identity documents of persons are put, dropped and shown. See document.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/document.h"

#include "registration/ask.h"

#include <sodium.h>
#include <string.h>

_Static_assert((int)REG_DOCUMENT_KINDS == (int)CV_DOCUMENT_KIND_OTHER, "numbers are stored");

bool reg_is_document_request(uint16_t type)
{
    return type == CV_MSG_REGISTRATION_DOCUMENT_PUT_V1 || type == CV_MSG_REGISTRATION_DOCUMENT_DROP_V1;
}

int reg_documents_end(reg_t *self, cv_tx_t *tx, int64_t person)
{
    bool any = false;
    int rc = reg_document_drop(self->documents, person, 0, &any);

    return rc || !any ? rc : cv_tx_scrub(tx, false);
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static int put(reg_ask_t *ask, const cv_registration_document_put_v1_t *request)
{
    const cv_principal_t *who = cv_tx_principal(ask->tx);
    reg_person_t person = {0};
    reg_document_t document = {.kind = (int)request->kind,
                               .number = request->document,
                               .state = request->state,
                               .expires = request->expires,
                               .at_ms = cv_tx_now_ms(ask->tx),
                               .by = who ? cv_str(who->name) : CV_STR_NONE};

    int rc = reg_find_person(ask, request->event, request->party, request->number, true, &person);
    if (!rc)
        rc = reg_document_put(ask->self->documents, ask->self->store, person.id, person.key, &document);
    if (!rc)
        rc = cv_tx_scrub(ask->tx, false); /* of the one in whose place it is */
    if (!rc)
        rc = reg_purge_late(ask);
    return rc ? rc
              : cv_accept(ask->tx, ask->out, "document_stored", "A document (%s) of person %lld of %s is stored.",
                          cv_document_kind_text(request->kind), (long long)request->number, ask->party->code);
}

static int drop(reg_ask_t *ask, const cv_registration_document_drop_v1_t *request)
{
    reg_person_t person = {0};
    bool any = false;

    int rc =
        reg_find_person(ask, request->event, request->party, request->number, false, &person); /* who has left too */
    if (!rc)
        rc = reg_document_drop(ask->self->documents, person.id, (int)request->kind, &any);
    if (rc)
        return rc;
    if (!any)
        return cv_refuse(ask->tx, ask->out, "no_document", "data.kind",
                         "No document of this kind (%s) is stored of person %lld of %s; nothing was done.",
                         cv_document_kind_text(request->kind), (long long)request->number, ask->party->code);
    rc = cv_tx_scrub(ask->tx, false);
    return rc ? rc
              : cv_accept(ask->tx, ask->out, "document_dropped", "The document (%s) of person %lld of %s is destroyed.",
                          cv_document_kind_text(request->kind), (long long)request->number, ask->party->code);
}

int reg_document_request(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    reg_ask_t ask = {.self = self, .tx = tx, .msg = msg, .out = out, .part = -1};
    int rc = reg_ready(self);

    reg_store_begin(self->store, tx);
    if (rc)
        return rc;
    return msg->info->number == CV_MSG_REGISTRATION_DOCUMENT_PUT_V1 ? put(&ask, data) : drop(&ask, data);
}

/* ---- the question -------------------------------------------------------------------------------------------- */

bool reg_may_see_papers(const cv_principal_t *who, cv_str_t key)
{
    if (!who)
        return false;
    cv_principal_t person = *who; /* one connection may have several roles */
    person.role &= ~(unsigned)CV_ROLE_SERVICE;
    return reg_may_see_persons(&person, reg_key_delegation(key));
}

static int put_documents(reg_t *self, const reg_key_of_t *of, const reg_person_t *person, int kind,
                         cv_collect_t *collect, int *ret_last)
{
    char text[REG_DOCUMENT_TEXT];
    reg_document_t document;
    int rc;

    while (!(rc = reg_document_next(self->documents, self->store, person->id, person->key, &kind, text, &document))) {
        const cv_registration_document_v1_t row = {.event = cv_str(of->event->code),
                                                   .party = cv_str(of->delegation->party->code),
                                                   .number = of->number,
                                                   .kind = (cv_document_kind_t)document.kind,
                                                   .document = document.number,
                                                   .state = document.state,
                                                   .expires = document.expires,
                                                   .at_ms = document.at_ms,
                                                   .by = document.by};
        rc = cv_collect_put(collect, CV_MSG_REGISTRATION_DOCUMENT_V1, cv_str(of->delegation->subject), 0, &row);
        if (rc)
            break;
        *ret_last = kind;
    }
    sodium_memzero(text, sizeof text);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

int reg_ask_documents(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect)
{
    reg_key_of_t of;
    reg_person_t person;
    int after = 0, last = 0;

    if (!reg_may_see_papers(cv_tx_principal(tx), query->key))
        return CV_EDENIED;
    int rc = reg_read_key(&self->book, query->key, &of);
    if (!rc && !of.number)
        rc = CV_EINVAL; /* one person at a time */
    if (!rc && query->after.len) {
        after = query->after.ptr[0] - '0';
        if (query->after.len != 1 || after < 0 || after > REG_DOCUMENT_KINDS)
            return CV_EINVAL;
    }
    if (!rc)
        rc = reg_store_roster(self->store, &self->book, of.delegation);
    if (rc)
        return rc;
    uint32_t at = reg_roster_find(&of.delegation->roster, of.number);
    if (at == of.delegation->roster.n)
        return CV_ENOTFOUND;
    rc = reg_store_person_get(self->store, of.delegation->roster.id[at], NULL, &person);
    if (!rc)
        rc = put_documents(self, &of, &person, after, collect, &last);
    if (rc != CV_ELIMIT || !last)
        return rc;
    return reg_go_on(cv_tx_arena(tx), collect, last);
}
