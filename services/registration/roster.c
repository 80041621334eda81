/* roster: who is in a delegation, as numbers and hashes of names. See book.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/book.h"
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t reg_hash_text(cv_str_t text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.ptr[i]) * 1099511628211u;
    return mix(hash);
}

void reg_roster_drop(reg_roster_t *roster)
{
    free(roster->id);
    free(roster->name);
    free(roster->number);
    free(roster->slots);
    *roster = (reg_roster_t){0};
}

uint64_t reg_name_hash(cv_str_t name)
{
    uint64_t hash = reg_hash_text(name);

    return hash ? hash : 1;
}

static void roster_slot(reg_roster_t *roster, uint32_t index)
{
    uint32_t mask = roster->room * 2 - 1, at = (uint32_t)roster->name[index] & mask;

    while (roster->slots[at])
        at = (at + 1) & mask;
    roster->slots[at] = index + 1;
}

static void roster_slot_all(reg_roster_t *roster)
{
    memset(roster->slots, 0, roster->room * 2 * sizeof *roster->slots);
    for (uint32_t i = 0; i < roster->n; i++)
        if (roster->name[i])
            roster_slot(roster, i);
}

static int roster_grow(reg_roster_t *roster)
{
    uint32_t room = roster->room ? roster->room * 2 : 8;
    int64_t *ids = realloc(roster->id, room * sizeof *ids);
    if (ids)
        roster->id = ids;
    uint64_t *names = realloc(roster->name, room * sizeof *names);
    if (names)
        roster->name = names;
    uint16_t *numbers = realloc(roster->number, room * sizeof *numbers);
    if (numbers)
        roster->number = numbers;
    uint32_t *slots = realloc(roster->slots, room * 2 * sizeof *slots);
    if (slots)
        roster->slots = slots;
    if (!ids || !names || !numbers || !slots)
        return CV_ENOMEM;
    roster->room = room;
    roster_slot_all(roster);
    return CV_OK;
}

int reg_roster_add(reg_book_t *book, reg_delegation_t *delegation, int64_t id, unsigned number, uint64_t name)
{
    reg_roster_t *roster = &delegation->roster;

    if (roster->n == roster->room) {
        int rc = roster_grow(roster);
        if (rc)
            return rc;
    }
    roster->id[roster->n] = id;
    roster->name[roster->n] = name;
    roster->number[roster->n] = (uint16_t)number;
    if (name)
        roster_slot(roster, roster->n);
    roster->n++;
    book->rostered++;
    return CV_OK;
}

uint32_t reg_roster_named(const reg_roster_t *roster, uint64_t name, uint32_t *at)
{
    uint32_t mask = roster->room * 2 - 1;

    while (roster->room) {
        uint32_t index = roster->slots[((uint32_t)name + (*at)++) & mask];
        if (!index)
            break;
        if (roster->name[index - 1] == name)
            return index - 1;
    }
    return roster->n;
}

void reg_roster_reverse(reg_roster_t *roster)
{
    for (uint32_t i = 0, j = roster->n; i + 1 < j; i++) {
        j--;
        int64_t id = roster->id[i];
        uint64_t name = roster->name[i];
        uint16_t number = roster->number[i];
        roster->id[i] = roster->id[j];
        roster->name[i] = roster->name[j];
        roster->number[i] = roster->number[j];
        roster->id[j] = id;
        roster->name[j] = name;
        roster->number[j] = number;
    }
    if (roster->n)
        roster_slot_all(roster);
}

void reg_roster_rename(reg_roster_t *roster, uint32_t index, uint64_t name)
{
    roster->name[index] = name;
    if (name)
        roster_slot_all(roster); /* what has no name any more may leave its slot behind; what has another may not */
}

void reg_roster_drop_all(reg_book_t *book)
{
    for (size_t i = 0; i < book->events_n; i++)
        for (reg_delegation_t *d = book->event_list[i]->delegations; d; d = d->next_of_event)
            reg_roster_drop(&d->roster);
    book->rostered = 0;
}

void reg_roster_forget(reg_book_t *book, reg_delegation_t *delegation)
{
    book->rostered -= delegation->roster.n;
    reg_roster_drop(&delegation->roster);
}

uint32_t reg_roster_find(const reg_roster_t *roster, int64_t number)
{
    uint32_t low = 0, high = roster->n;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (roster->number[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < roster->n && roster->number[low] == number ? low : roster->n;
}
