/* book: what registration keeps in memory. See book.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/book.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* core.h has numbers of its own, because it must not know the wire; they are the wire's. */
#define SAME(ours, wire) _Static_assert((int)(ours) == (int)(wire), "core.h and proto/schemas/defs.json differ")
SAME(REG_EACH, CV_GROUP_RULE_EACH);
SAME(REG_ALL_OR_NONE, CV_GROUP_RULE_ALL_OR_NONE);
SAME(REG_WAIT_NONE, CV_WAITING_RULE_NONE);
SAME(REG_WAIT_STRICT, CV_WAITING_RULE_STRICT);
SAME(REG_WAIT_BEST_FILL, CV_WAITING_RULE_BEST_FILL);
SAME(REG_CONFIRMED, CV_PERSON_STATE_CONFIRMED);
SAME(REG_WAITING, CV_PERSON_STATE_WAITING);
SAME(REG_WITHDRAWN, CV_PERSON_STATE_WITHDRAWN);
SAME(REG_REFUSED, CV_PERSON_STATE_REFUSED);
SAME(REG_ONLINE, CV_PERSON_STATE_ONLINE);
SAME(REG_ANSWER_REGISTERED, CV_PARTY_ANSWER_REGISTERED);
SAME(REG_ANSWER_DECLINED, CV_PARTY_ANSWER_DECLINED);
SAME(REG_ANSWER_WITHDRAWN, CV_PARTY_ANSWER_WITHDRAWN);
SAME(REG_ANSWER_NONE, CV_PARTY_ANSWER_NONE);
SAME(REG_DRAFT, CV_EVENT_STATUS_DRAFT);
SAME(REG_PROPOSED, CV_EVENT_STATUS_PROPOSED);
SAME(REG_CIRCULATED, CV_EVENT_STATUS_CIRCULATED);
SAME(REG_ADOPTED, CV_EVENT_STATUS_ADOPTED);
SAME(REG_SCHEDULED, CV_EVENT_STATUS_SCHEDULED);
SAME(REG_OPEN, CV_EVENT_STATUS_OPEN);
SAME(REG_CLOSED, CV_EVENT_STATUS_CLOSED);
SAME(REG_HELD, CV_EVENT_STATUS_HELD);
SAME(REG_REPORTED, CV_EVENT_STATUS_REPORTED);
SAME(REG_POSTPONED, CV_EVENT_STATUS_POSTPONED);
SAME(REG_CANCELLED, CV_EVENT_STATUS_CANCELLED);
SAME(REG_REJECTED, CV_EVENT_STATUS_REJECTED);
SAME(REG_ACT_REGISTER, CV_DECISION_KIND_REGISTER);
SAME(REG_ACT_WITHDRAW, CV_DECISION_KIND_WITHDRAW);
SAME(REG_ACT_DECLINE, CV_DECISION_KIND_DECLINE);
SAME(REG_ACT_AMEND, CV_DECISION_KIND_AMEND);
SAME(REG_ACT_SUBSTITUTE, CV_DECISION_KIND_SUBSTITUTE);
SAME(REG_ACT_CONFIRM, CV_DECISION_KIND_CONFIRM);
SAME(REG_ACT_EXCEPTION, CV_DECISION_KIND_EXCEPTION);
SAME(REG_NOMINATED, CV_PERSON_STATE_NOMINATED);
SAME(REG_OFFERED, CV_PERSON_STATE_OFFERED);
SAME(REG_REVIEW, CV_PERSON_STATE_UNDER_REVIEW);
SAME(REG_RETURNED, CV_PERSON_STATE_RETURNED);
SAME(REG_ACT_REVIEW, CV_DECISION_KIND_REVIEW);
SAME(REG_ACT_OFFER, CV_DECISION_KIND_OFFER);
SAME(REG_ACT_ERASE, CV_DECISION_KIND_ERASE);
SAME(REG_STATES - 1, CV_PERSON_STATE_MAX); /* none is missing */
SAME(1, CV_CAPACITY_HEAD);
SAME(REG_ROLES - 1, CV_CAPACITY_MAX);
SAME(1, CV_PARTY_KIND_MEMBER);
SAME(2, CV_PARTY_KIND_OBSERVER_STATE);
SAME(3, CV_PARTY_KIND_OBSERVER_ORG);
SAME(4, CV_PARTY_KIND_PARTNER);
SAME(REG_KINDS - 1, CV_PARTY_KIND_GUEST);
SAME(REG_PERSONS_MAX, CV_REGISTRATION_REGISTER_V1_PERSONS_MAX);

/* ---- indexes ------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t hash_pair(int64_t event, int64_t party)
{
    return mix((uint64_t)event * 0x9e3779b97f4a7c15u ^ (uint64_t)party);
}

static int index_grow(reg_index_t *index)
{
    reg_index_t larger = {.room = index->room ? index->room * 2 : 64, .n = index->n};

    larger.slots = calloc(larger.room, sizeof *larger.slots);
    larger.hashes = calloc(larger.room, sizeof *larger.hashes);
    if (!larger.slots || !larger.hashes) {
        free(larger.slots);
        free(larger.hashes);
        return CV_ENOMEM;
    }
    for (size_t i = 0; i < index->room; i++) {
        if (!index->slots[i])
            continue;
        size_t at = index->hashes[i] & (larger.room - 1);
        while (larger.slots[at])
            at = (at + 1) & (larger.room - 1);
        larger.slots[at] = index->slots[i];
        larger.hashes[at] = index->hashes[i];
    }
    free(index->slots);
    free(index->hashes);
    *index = larger;
    return CV_OK;
}

static int index_put(reg_index_t *index, uint64_t hash, void *item)
{
    if (index->n * 2 >= index->room) {
        int rc = index_grow(index);
        if (rc)
            return rc;
    }
    size_t at = hash & (index->room - 1);
    while (index->slots[at])
        at = (at + 1) & (index->room - 1);
    index->slots[at] = item;
    index->hashes[at] = hash;
    index->n++;
    return CV_OK;
}

/* Those behind it that could not stand where they belong move up, or they would not be found any more. */
static void index_take(reg_index_t *index, uint64_t hash, const void *item)
{
    size_t mask = index->room - 1, hole = hash & mask;

    while (index->slots[hole] != item)
        hole = (hole + 1) & mask;
    for (size_t at = (hole + 1) & mask; index->slots[at]; at = (at + 1) & mask) {
        size_t wanted = index->hashes[at] & mask;
        if (((at - wanted) & mask) < ((at - hole) & mask))
            continue;
        index->slots[hole] = index->slots[at];
        index->hashes[hole] = index->hashes[at];
        hole = at;
    }
    index->slots[hole] = NULL;
    index->n--;
}

static void index_clear(reg_index_t *index)
{
    free(index->slots);
    free(index->hashes);
    *index = (reg_index_t){0};
}

/* The next item with this hash; *at is 0 at first. NULL: no more. */
static void *index_next(const reg_index_t *index, uint64_t hash, size_t *at)
{
    while (index->room) {
        size_t slot = (hash + (*at)++) & (index->room - 1);
        if (!index->slots[slot])
            break;
        if (index->hashes[slot] == hash)
            return index->slots[slot];
    }
    return NULL;
}

reg_event_t *reg_book_event(const reg_book_t *book, cv_str_t code)
{
    uint64_t hash = reg_hash_text(code);
    size_t at = 0;
    reg_event_t *event;

    do
        event = index_next(&book->events, hash, &at);
    while (event && !cv_str_is(code, event->code));
    return event;
}

reg_party_t *reg_book_party(const reg_book_t *book, cv_str_t code)
{
    uint64_t hash = reg_hash_text(code);
    size_t at = 0;
    reg_party_t *party;

    do
        party = index_next(&book->parties, hash, &at);
    while (party && !cv_str_is(code, party->code));
    return party;
}

reg_delegation_t *reg_delegation_at(const reg_event_t *event, int64_t row)
{
    reg_delegation_t *d = event->delegations;

    while (d && d->row != row)
        d = d->next_of_event;
    return d;
}

reg_delegation_t *reg_book_delegation(const reg_book_t *book, const reg_event_t *event, const reg_party_t *party)
{
    uint64_t hash = hash_pair(event->row, party->row);
    size_t at = 0;
    reg_delegation_t *delegation;

    do
        delegation = index_next(&book->delegations, hash, &at);
    while (delegation && (delegation->event != event || delegation->party != party));
    return delegation;
}

/* ---- adding -------------------------------------------------------------------------------------------------- */

int reg_book_add_event(reg_book_t *book, int64_t row, cv_str_t code, reg_event_t **ret_event)
{
    if (book->events_n == REG_EVENTS_MAX)
        return CV_ELIMIT;
    reg_event_t **list = realloc(book->event_list, (book->events_n + 1) * sizeof *list);
    if (!list)
        return CV_ENOMEM;
    book->event_list = list;
    reg_event_t *event = calloc(1, sizeof *event);
    if (!event)
        return CV_ENOMEM;
    event->row = row;
    event->hash = reg_hash_text(code);
    event->terms.stage = REG_DRAFT;
    event->group = REG_EACH;
    event->seats.waiting_rule = REG_WAIT_NONE;
    for (unsigned role = 0; role < REG_ROLES; role++)
        event->seats.role_limit[role] = event->seats.role_ceiling[role] = REG_NO_LIMIT;
    int rc = cv_str_copy(code, event->code, sizeof event->code);
    if (!rc)
        rc = index_put(&book->events, event->hash, event);
    if (rc) {
        free(event);
        return rc;
    }
    book->event_list[book->events_n++] = event;
    if (row >= book->next_event)
        book->next_event = row + 1;
    *ret_event = event;
    return CV_OK;
}

int reg_book_add_party(reg_book_t *book, int64_t row, cv_str_t code, reg_party_t **ret_party)
{
    if (book->parties_n == REG_PARTIES_MAX)
        return CV_ELIMIT;
    reg_party_t **list = realloc(book->party_list, (book->parties_n + 1) * sizeof *list);
    if (!list)
        return CV_ENOMEM;
    book->party_list = list;
    reg_party_t *party = calloc(1, sizeof *party);
    if (!party)
        return CV_ENOMEM;
    party->row = row;
    party->hash = reg_hash_text(code);
    party->kind = REG_KINDS - 1;
    int rc = cv_str_copy(code, party->code, sizeof party->code);
    if (!rc)
        rc = index_put(&book->parties, party->hash, party);
    if (rc) {
        free(party);
        return rc;
    }
    book->party_list[book->parties_n++] = party;
    if (row >= book->next_party)
        book->next_party = row + 1;
    *ret_party = party;
    return CV_OK;
}

int reg_book_add_delegation(reg_book_t *book, reg_event_t *event, reg_party_t *party, reg_delegation_t **ret_delegation)
{
    if (book->delegations_n == REG_DELEGATIONS_MAX)
        return CV_ELIMIT;
    reg_delegation_t *delegation = calloc(1, sizeof *delegation);
    if (!delegation)
        return CV_ENOMEM;
    delegation->row = reg_tally_id(event->row, party->row);
    delegation->index = book->delegations_n;
    delegation->event = event;
    delegation->party = party;
    delegation->answer = REG_ANSWER_NONE;
    delegation->share.kind = party->kind;
    snprintf(delegation->subject, sizeof delegation->subject, "%s/%s", event->code, party->code);
    delegation->hash = hash_pair(event->row, party->row);
    int rc = index_put(&book->delegations, delegation->hash, delegation);
    if (rc) {
        free(delegation);
        return rc;
    }
    /* What was held for the party so far without a delegation is held for it now. */
    reg_book_entitlement(event, party, &delegation->share.guaranteed, &delegation->share.maximum);
    delegation->share.ceiling = delegation->share.maximum;
    delegation->next_of_event = event->delegations;
    event->delegations = delegation;
    book->delegations_n++;
    *ret_delegation = delegation;
    return CV_OK;
}

void reg_book_drop_newest(reg_book_t *book, reg_event_t *event)
{
    reg_delegation_t *d = event->delegations;

    index_take(&book->delegations, d->hash, d);
    event->delegations = d->next_of_event;
    book->delegations_n--;
    reg_roster_forget(book, d);
    free(d);
}

void reg_book_clear(reg_book_t *book)
{
    for (size_t i = 0; i < book->events_n; i++) {
        reg_event_t *event = book->event_list[i];
        for (reg_delegation_t *d = event->delegations, *next; d; d = next) {
            next = d->next_of_event;
            for (reg_lane_t *lane = d->lanes, *sibling; lane; lane = sibling) {
                sibling = lane->sibling;
                free(lane);
            }
            for (reg_exception_t *e = d->exceptions, *other; e; e = other) {
                other = e->next;
                free(e);
            }
            reg_roster_drop(&d->roster);
            free(d);
        }
        free(event->quotas);
        free(event->form);
        free(event->seats.options);
        free(event);
    }
    for (size_t i = 0; i < book->parties_n; i++)
        free(book->party_list[i]);
    for (reg_lane_t *lane = book->spare_lanes, *next; lane; lane = next) {
        next = lane->next;
        free(lane);
    }
    free(book->event_list);
    free(book->party_list);
    free(book->principals);
    index_clear(&book->events);
    index_clear(&book->parties);
    index_clear(&book->delegations);
    *book = (reg_book_t){.next_event = 1, .next_party = 1, .next_person = 1};
}

void reg_book_touch_event(reg_book_t *book, reg_event_t *event)
{
    if (event->is_dirty)
        return;
    event->is_dirty = true;
    event->next_dirty = book->dirty_events;
    book->dirty_events = event;
}

void reg_book_touch(reg_book_t *book, reg_delegation_t *delegation)
{
    reg_book_touch_event(book, delegation->event);
    if (delegation->is_dirty)
        return;
    delegation->is_dirty = true;
    delegation->next_dirty = book->dirty_delegations;
    book->dirty_delegations = delegation;
}

const reg_exception_t *reg_book_exception(const reg_delegation_t *delegation, cv_exception_kind_t what)
{
    const reg_exception_t *exception = delegation->exceptions;

    while (exception && exception->what != what)
        exception = exception->next;
    return exception;
}

int reg_book_except(reg_delegation_t *delegation, const reg_exception_t *exception)
{
    reg_exception_t *kept = (reg_exception_t *)reg_book_exception(delegation, exception->what);

    if (!kept) {
        kept = calloc(1, sizeof *kept);
        if (!kept)
            return CV_ENOMEM;
        kept->next = delegation->exceptions;
        delegation->exceptions = kept;
    }
    kept->what = exception->what;
    kept->until_ms = exception->until_ms;
    memcpy(kept->request, exception->request, sizeof kept->request);
    return CV_OK;
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* Its number; REG_NO_OPTION: none has this name. */
static unsigned find_option(const reg_seats_t *seats, cv_str_t name)
{
    for (unsigned i = 0; i < seats->options_n; i++)
        if (cv_str_is(name, seats->options[i].name))
            return i;
    return REG_NO_OPTION;
}

int reg_book_option(reg_event_t *event, cv_str_t name, unsigned *ret_option, bool *ret_is_new)
{
    reg_seats_t *seats = &event->seats;
    unsigned found = find_option(seats, name);

    *ret_is_new = found == REG_NO_OPTION;
    if (found != REG_NO_OPTION) {
        *ret_option = found;
        return CV_OK;
    }
    if (seats->options_n == REG_OPTIONS)
        return CV_ELIMIT;
    reg_option_t *options = realloc(seats->options, (seats->options_n + 1) * sizeof *options);
    if (!options)
        return CV_ENOMEM;
    seats->options = options;
    reg_option_t *option = &options[seats->options_n];
    *option = (reg_option_t){.limit = REG_NO_LIMIT, .ceiling = REG_NO_LIMIT};
    int rc = cv_str_copy(name, option->name, sizeof option->name);
    if (rc)
        return rc;
    event->stored_options[seats->options_n] = 0;
    *ret_option = seats->options_n++;
    return CV_OK;
}

int reg_book_form(reg_event_t *event, const cv_scheduling_form_v1_t *record)
{
    reg_form_t *form = reg_form_new(record);
    int rc = form ? CV_OK : CV_ENOMEM;

    for (size_t i = 0; !rc && i < form->questions_n; i++) {
        const reg_question_t *question = &form->questions[i];
        for (size_t k = 0; !rc && k < question->choices_n; k++) {
            reg_choice_t *choice = &question->choices[k];
            char name[REG_OPTION_NAME + 1];
            bool is_new;
            snprintf(name, sizeof name, "%.*s/%.*s", CV_STR_ARG(question->id), CV_STR_ARG(choice->id));
            choice->option = find_option(&event->seats, cv_str(name)); /* had a limit, and may have one again */
            if (choice->limit != REG_NO_LIMIT && choice->option == REG_NO_OPTION)
                rc = reg_book_option(event, cv_str(name), &choice->option, &is_new);
        }
    }
    if (rc) {
        free(form);
        return rc;
    }
    free(event->form);
    event->form = form;
    return CV_OK;
}

/* ---- principals ------------------------------------------------------------------------------------------------ */

int64_t reg_book_principal(reg_book_t *book, const char *name)
{
    if (book->principals_last < book->principals_n && strcmp(book->principals[book->principals_last], name) == 0)
        return (int64_t)book->principals_last + 1;
    for (size_t i = 0; i < book->principals_n; i++) {
        if (strcmp(book->principals[i], name) != 0)
            continue;
        book->principals_last = i;
        return (int64_t)i + 1;
    }
    return 0;
}

int reg_book_add_principal(reg_book_t *book, const char *name)
{
    if (book->principals_n == REG_PRINCIPALS_MAX)
        return CV_ELIMIT;
    if (book->principals_n == book->principals_room) {
        size_t room = book->principals_room ? book->principals_room * 2 : 16;
        char(*list)[CV_NAME_MAX + 1] = realloc(book->principals, room * sizeof *list);
        if (!list)
            return CV_ENOMEM;
        book->principals = list;
        book->principals_room = room;
    }
    snprintf(book->principals[book->principals_n++], CV_NAME_MAX + 1, "%s", name);
    return CV_OK;
}

/* ---- shares -------------------------------------------------------------------------------------------------- */

void reg_book_entitlement(const reg_event_t *event, const reg_party_t *party, int32_t *ret_guaranteed,
                          int32_t *ret_maximum)
{
    *ret_guaranteed = *ret_maximum = 0;
    if (!event->known || !event->terms.has_rules)
        return;
    if (!party->known || !(event->terms.audience & (1u << party->kind)))
        return;
    int32_t guaranteed = event->guaranteed, maximum = event->maximum;
    for (size_t i = 0; i < event->quotas_n; i++) {
        if (strcmp(event->quotas[i].party, party->code) != 0)
            continue;
        guaranteed = event->quotas[i].guaranteed;
        maximum = event->quotas[i].maximum;
        break;
    }
    *ret_maximum = maximum;
    if (!event->released)
        *ret_guaranteed = guaranteed < maximum ? guaranteed : maximum;
}

void reg_book_reprice(reg_book_t *book, reg_event_t *event)
{
    for (size_t i = 0; i < book->parties_n; i++) {
        reg_delegation_t *delegation = reg_book_delegation(book, event, book->party_list[i]);
        int32_t guaranteed, maximum;

        if (!delegation)
            continue;
        reg_book_entitlement(event, book->party_list[i], &guaranteed, &maximum);
        if (delegation->share.guaranteed == guaranteed && delegation->share.maximum == maximum)
            continue;
        reg_share_rules(&event->seats, &delegation->share, guaranteed, maximum);
        reg_book_touch(book, delegation);
    }
    event->seats.held = 0;
    for (size_t i = 0; i < book->parties_n; i++) {
        const reg_delegation_t *delegation = reg_book_delegation(book, event, book->party_list[i]);
        int32_t guaranteed, maximum;

        reg_book_entitlement(event, book->party_list[i], &guaranteed, &maximum);
        if (delegation && delegation->share.confirmed > guaranteed)
            guaranteed = delegation->share.confirmed;
        event->seats.held += guaranteed;
    }
}

/* ---- lanes --------------------------------------------------------------------------------------------------- */

reg_lane_t *reg_lane_find(const reg_delegation_t *delegation, int64_t key)
{
    reg_lane_t *lane = delegation->lanes;

    while (lane && lane->key != key)
        lane = lane->sibling;
    return lane;
}

int reg_lane_open(reg_book_t *book, reg_delegation_t *delegation, const reg_need_t *need, int64_t head)
{
    int64_t key = reg_lane_key(need);
    reg_lane_t *lane = reg_lane_find(delegation, key);

    if (lane) {
        if (head < lane->head) {
            lane->head = head;
            lane->need = *need;
        }
        return CV_OK;
    }
    lane = book->spare_lanes;
    if (lane)
        book->spare_lanes = lane->next;
    else
        lane = malloc(sizeof *lane);
    if (!lane)
        return CV_ENOMEM;
    *lane = (reg_lane_t){.share = &delegation->share, .owner = delegation, .key = key, .head = head, .need = *need};
    lane->sibling = delegation->lanes;
    delegation->lanes = lane;
    reg_lane_link(&delegation->event->seats, lane);
    return CV_OK;
}

void reg_lane_close(reg_book_t *book, reg_lane_t *lane)
{
    reg_delegation_t *delegation = lane->owner;
    reg_lane_t **at = &delegation->lanes;

    while (*at != lane)
        at = &(*at)->sibling;
    *at = lane->sibling;
    reg_lane_unlink(&delegation->event->seats, lane);
    lane->next = book->spare_lanes;
    book->spare_lanes = lane;
}
