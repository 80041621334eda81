/* mark: what a book says of one event, kept so that it can be put back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A request that is decided and then taken back (import.c) leaves the database by a savepoint; the book has to follow,
 * and to load a large one again would take seconds. All that a registration changes is of its event: counters,
 * delegations, lanes, rosters; and of the book only the numbers given and the principals at the end of their list. So
 * the mark is a copy of the event, its options, its delegations and their lanes: some hundred octets per delegation.
 *
 *   reg_store_flush   reg_mark_take   ... decide ...   reg_mark_return   reg_store_forget     or reg_mark_done alone
 *
 * Invariants: at the mark nothing is dirty (the flush before it saw to that), so after the return nothing is either;
 * memory that was made meanwhile is only given back, so the return needs none and cannot fail. Rosters are not copied:
 * who has grown is read again. Only registering may happen between: nothing that gives an event other rules or a person
 * another name.
 */
#ifndef CONVENE_REGISTRATION_MARK_H
#define CONVENE_REGISTRATION_MARK_H

#include "registration/book.h"

typedef struct {
    reg_event_t *event;
    reg_event_t event_then;
    reg_delegation_t *delegations; /* in the order of the event's list */
    reg_lane_t *lanes;
    reg_option_t *options; /* what is taken of each */
    size_t delegations_n, lanes_n;
    size_t book_delegations_n, principals_n;
    int64_t next_person;
} reg_mark_t;

int reg_mark_take(const reg_book_t *book, reg_event_t *event, reg_mark_t *ret_mark) CV_USE_RESULT;
void reg_mark_return(reg_book_t *book, const reg_mark_t *mark);
void reg_mark_done(reg_mark_t *mark);

#endif
