/* mark: what a book says of one event, kept so that it can be put back. See mark.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registration/mark.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int reg_mark_take(const reg_book_t *book, reg_event_t *event, reg_mark_t *ret_mark)
{
    reg_mark_t mark = {.event = event,
                       .event_then = *event,
                       .book_delegations_n = book->delegations_n,
                       .principals_n = book->principals_n,
                       .next_person = book->next_person};
    size_t delegations_n = 0, lanes_n = 0;

    assert(!book->dirty_events && !book->dirty_delegations);
    for (const reg_delegation_t *d = event->delegations; d; d = d->next_of_event)
        delegations_n++;
    for (const reg_lane_t *lane = event->seats.lanes; lane; lane = lane->next)
        lanes_n++;
    mark.delegations = calloc(delegations_n + 1, sizeof *mark.delegations);
    mark.lanes = calloc(lanes_n + 1, sizeof *mark.lanes);
    mark.options = calloc(event->seats.options_n + 1, sizeof *mark.options);
    if (!mark.delegations || !mark.lanes || !mark.options) {
        reg_mark_done(&mark);
        return CV_ENOMEM;
    }
    for (const reg_delegation_t *d = event->delegations; d; d = d->next_of_event)
        mark.delegations[mark.delegations_n++] = *d;
    for (const reg_lane_t *lane = event->seats.lanes; lane; lane = lane->next)
        mark.lanes[mark.lanes_n++] = *lane;
    if (event->seats.options_n)
        memcpy(mark.options, event->seats.options, event->seats.options_n * sizeof *mark.options);
    *ret_mark = mark;
    return CV_OK;
}

/* Lanes are never freed while the book lives: there are at least as many as there were. */
static void return_lanes(reg_book_t *book, reg_event_t *event, const reg_mark_t *mark)
{
    for (reg_lane_t *lane = event->seats.lanes, *next; lane; lane = next) {
        next = lane->next;
        lane->next = book->spare_lanes;
        book->spare_lanes = lane;
    }
    event->seats.lanes = NULL;
    for (reg_delegation_t *d = event->delegations; d; d = d->next_of_event)
        d->lanes = NULL;
    for (size_t i = mark->lanes_n; i-- > 0;) {
        reg_lane_t *lane = book->spare_lanes;
        reg_delegation_t *owner = mark->lanes[i].owner;
        assert(lane);
        book->spare_lanes = lane->next;
        *lane = mark->lanes[i];
        lane->sibling = owner->lanes;
        owner->lanes = lane;
        reg_lane_link(&event->seats, lane);
    }
}

void reg_mark_return(reg_book_t *book, const reg_mark_t *mark)
{
    reg_event_t *event = mark->event;
    size_t i = 0;

    while (book->delegations_n > mark->book_delegations_n)
        reg_book_drop_newest(book, event);
    for (reg_delegation_t *d = event->delegations; d; d = d->next_of_event, i++) {
        const uint32_t roster_then = mark->delegations[i].roster.n;
        if (d->roster.n != roster_then)
            reg_roster_forget(book, d);
        const reg_roster_t roster = d->roster;
        *d = mark->delegations[i];
        d->roster = roster;
    }
    assert(i == mark->delegations_n);
    reg_lane_t *lanes = event->seats.lanes;
    *event = mark->event_then;
    event->seats.lanes = lanes;
    if (event->seats.options_n) /* no form came meanwhile: they are as many, and at the same place */
        memcpy(event->seats.options, mark->options, event->seats.options_n * sizeof *mark->options);
    return_lanes(book, event, mark);
    book->dirty_events = NULL;
    book->dirty_delegations = NULL;
    book->principals_n = mark->principals_n;
    book->next_person = mark->next_person;
}

void reg_mark_done(reg_mark_t *mark)
{
    free(mark->delegations);
    free(mark->lanes);
    free(mark->options);
    mark->delegations = NULL;
    mark->lanes = NULL;
    mark->options = NULL;
}
