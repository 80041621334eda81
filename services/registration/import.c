/* import: many registrations at one event in one request: all of them or none, or each by itself, or none in truth.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each registration is decided by the same code as a request of its own, in the order given, so what an import answers
 * is what would have come of asking one after the other.
 *
 *   mark, try --> registration 0, 1, ... n-1 --> keep                                  accepted, or each for itself
 *                                            --> undo, and the book as it was          a dry run; one refused, all or
 *                                                                                  none; a party not known (yet)
 *
 * All or none is meant of persons: a registration that is accepted without some of its persons is refused here. Who
 * waits is accepted. All registrations are decided, also behind one that is refused: who imports wants to know all that
 * is wrong at once. What was taken back leaves no record, no person, no number and no notice; the parts of the answer
 * then say what each would have been, which for those behind a refused one is what it would have been without that one.
 *
 *                     remembered   records
 *   OK                yes          one decision per registration, part = its place
 *   REJECTED          yes          of all or none: none. Of each: the refusals
 *   NOTFOUND          no           none: a party's record may come a moment later
 *   INVALID           no           none, in both modes: an answer does not fit the event's form, and can be mended
 *   a dry run         no           none; the same id may be used for the import in earnest
 *
 * Failure modes: an error in the middle goes to the engine, which rolls back all and forgets the book; killed: there is
 * one COMMIT, behind all of them.
 */
#include "registration/ask.h"
#include "registration/mark.h"
#include <stdio.h>
#include <string.h>

typedef struct {
    unsigned n, refused, unknown, invalid;
    unsigned first;         /* of those refused or unknown */
    unsigned first_invalid; /* of those that are no decision, because of what they say */
} tally_t;

/* "data.persons[1]" of a registration is "data.registrations[i].persons[1]" of the import. */
static cv_str_t field_in(cv_tx_t *tx, unsigned i, cv_str_t field)
{
    const size_t data = sizeof "data" - 1;

    if (!field.ptr || field.len < data)
        return CV_STR_NONE;
    return cv_arena_printf(cv_tx_arena(tx), "data.registrations[%u]%.*s", i, (int)(field.len - data), field.ptr + data);
}

/* Decides one, and says so in its part of the answer. */
static int decide_one(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_import_v1_t *request,
                      unsigned i, cv_part_outcome_t *ret_part)
{
    const cv_import_entry_t *entry = &request->registrations[i];
    cv_registration_register_v1_t *one = &self->one;
    cv_outcome_v1_t *out = &self->part;
    reg_ask_t ask = {.self = self, .tx = tx, .msg = msg, .out = out, .act = REG_ACT_REGISTER, .part = (int)i};

    one->event = request->event;
    one->party = entry->party;
    one->group = entry->group;
    one->has_contact = entry->has_contact;
    one->contact = entry->contact;
    one->persons_n = entry->persons_n;
    memcpy(one->persons, entry->persons, entry->persons_n * sizeof *one->persons);
    ask.contact = one->has_contact ? &one->contact : NULL;
    *out = (cv_outcome_v1_t){.cls = CV_OUTCOME_CLASS_OK};
    int rc = reg_decide_ask(&ask, one->event, one->party, CV_STR_NONE, one);
    bool announced = rc == CV_OK || (rc == CV_EREJECTED && out->cls == CV_OUTCOME_CLASS_REJECTED) ||
                     (rc == CV_ENOTFOUND && out->cls == CV_OUTCOME_CLASS_NOTFOUND) ||
                     (rc == CV_EINVAL && out->cls == CV_OUTCOME_CLASS_INVALID);
    if (!announced)
        return rc;
    *ret_part = (cv_part_outcome_t){.party = entry->party,
                                    .cls = out->cls,
                                    .code = out->code,
                                    .text = out->text,
                                    .field = field_in(tx, i, out->field),
                                    .has_sequence = out->has_sequence,
                                    .sequence = out->sequence};
    return CV_OK;
}

/* The first person of the registration decided last who was refused, though others were not; persons_n: none was. */
static size_t left_out(const cv_decision_t *decision)
{
    size_t i = 0;

    while (i < decision->persons_n && decision->persons[i].state != CV_PERSON_STATE_REFUSED)
        i++;
    return i;
}

/* All or none: not OK, or not with all its persons. */
static bool is_refused(reg_t *self, cv_tx_t *tx, const cv_registration_import_v1_t *request, unsigned i,
                       cv_part_outcome_t *part)
{
    const cv_decision_t *decision = &self->part.decision;
    size_t person;

    if (part->cls != CV_OUTCOME_CLASS_OK)
        return true;
    if (request->mode == CV_IMPORT_MODE_EACH || (person = left_out(decision)) == decision->persons_n)
        return false;
    part->field = cv_arena_printf(cv_tx_arena(tx), "data.registrations[%u].persons[%zu]", i, person);
    return true;
}

static int decide_all(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_import_v1_t *request,
                      cv_outcome_t *out, tally_t *tally)
{
    int rc = CV_OK;

    tally->n = (unsigned)request->registrations_n;
    for (unsigned i = 0; i < tally->n && !rc; i++) {
        rc = decide_one(self, tx, msg, request, i, &out->parts[i]);
        if (rc || !is_refused(self, tx, request, i, &out->parts[i]))
            continue;
        if (out->parts[i].cls == CV_OUTCOME_CLASS_INVALID) {
            if (tally->invalid++ == 0)
                tally->first_invalid = i;
            continue;
        }
        if (!tally->refused && !tally->unknown)
            tally->first = i;
        *(out->parts[i].cls == CV_OUTCOME_CLASS_NOTFOUND ? &tally->unknown : &tally->refused) += 1;
    }
    out->parts_n = tally->n;
    return rc;
}

/* As it was before: the database by its savepoint, then what was gathered for it, then the book. */
static int take_back(reg_t *self, cv_tx_t *tx, const reg_mark_t *mark, size_t promoted_n, cv_outcome_t *out)
{
    int rc = cv_tx_undo(tx);

    if (rc)
        return rc;
    reg_store_forget(self->store);
    reg_mark_return(&self->book, mark);
    self->promoted_n = promoted_n;
    for (size_t i = 0; i < out->parts_n; i++)
        out->parts[i].has_sequence = false;
    return CV_OK;
}

static int answer(cv_tx_t *tx, const cv_registration_import_v1_t *request, const tally_t *tally, cv_outcome_t *out)
{
    const bool dry = request->has_dry_run && request->dry_run;
    const cv_part_outcome_t *first = &out->parts[tally->invalid ? tally->first_invalid : tally->first];
    const char *trial = dry ? "Dry run, nothing was changed: " : "";
    const char *field = NULL;

    if (first->field.ptr)
        field = first->field.ptr; /* of the arena, with its NUL */
    if (dry) {
        out->has_dry_run = out->dry_run = true;
        cv_tx_unremembered(tx);
    }
    if (tally->invalid)
        return cv_refuse_as(tx, out, CV_EINVAL, "bad_answer", field,
                            "%s%u of %u registrations cannot be decided as they are, so nothing was. Number %u: %.*s",
                            trial, tally->invalid, tally->n, tally->first_invalid + 1, CV_STR_ARG(first->text));
    if (tally->unknown)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "party_unknown", field,
                            "%s%u of %u registrations are of parties that registration does not know (yet), so "
                            "nothing was decided. Number %u: %.*s",
                            trial, tally->unknown, tally->n, tally->first + 1, CV_STR_ARG(first->text));
    if (tally->refused && (request->mode == CV_IMPORT_MODE_ALL_OR_NONE || tally->refused == tally->n))
        return cv_refuse(tx, out, "import_refused", field, "%s%u of %u registrations %s refused%s. Number %u: %.*s",
                         trial, tally->refused, tally->n, dry ? "would be" : "were",
                         request->mode == CV_IMPORT_MODE_ALL_OR_NONE ? ", so none is made" : "", tally->first + 1,
                         CV_STR_ARG(first->text));
    if (tally->refused)
        return cv_accept(tx, out, "partly_imported",
                         "%s%u of %u registrations %s accepted, %u refused. Number %u: %.*s", trial,
                         tally->n - tally->refused, tally->n, dry ? "would be" : "were", tally->refused,
                         tally->first + 1, CV_STR_ARG(first->text));
    return cv_accept(tx, out, "imported", "%s%u registration%s %s accepted.", trial, tally->n, tally->n == 1 ? "" : "s",
                     dry             ? "would be"
                     : tally->n == 1 ? "was"
                                     : "were");
}

static int wrong_party(cv_tx_t *tx, const cv_registration_import_v1_t *request, unsigned i, cv_outcome_t *out)
{
    cv_str_t field = cv_arena_printf(cv_tx_arena(tx), "data.registrations[%u].party", i);

    return cv_refuse_as(tx, out, CV_EINVAL, "bad_field", field.ptr, "must be %.*s, the party of the import, not %.*s",
                        CV_STR_ARG(request->party), CV_STR_ARG(request->registrations[i].party));
}

int reg_import(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_import_v1_t *request,
               cv_outcome_t *out)
{
    const size_t promoted_n = self->promoted_n;
    reg_mark_t mark;
    tally_t tally = {0};

    for (unsigned i = 0; request->party.ptr && i < request->registrations_n; i++)
        if (!cv_str_equal(request->registrations[i].party, request->party))
            return wrong_party(tx, request, i, out);
    int rc = reg_ready(self);
    if (rc)
        return rc;
    reg_event_t *event = reg_book_event(&self->book, request->event);
    if (!event || !event->known)
        return cv_refuse_as(tx, out, CV_ENOTFOUND, "event_unknown", "data.event",
                            "Registration does not know an event %.*s (yet).", CV_STR_ARG(request->event));
    rc = reg_store_flush(self->store, &self->book);
    if (!rc)
        rc = reg_mark_take(&self->book, event, &mark);
    if (rc)
        return rc;
    rc = cv_tx_try(tx);
    if (!rc)
        rc = decide_all(self, tx, msg, request, out, &tally);
    self->note = (reg_note_t){0}; /* what it points to is gone soon */
    bool keep = !(request->has_dry_run && request->dry_run) && !tally.unknown && !tally.invalid &&
                (!tally.refused || request->mode == CV_IMPORT_MODE_EACH);
    if (!rc)
        rc = keep ? cv_tx_keep(tx) : take_back(self, tx, &mark, promoted_n, out);
    reg_mark_done(&mark);
    return rc ? rc : answer(tx, request, &tally, out);
}
