/* store_arrival: how far a notice has come, by all its dispatches.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A notice goes over one or more channels: a file or a mail, and each of the party's webhooks. What is said of it is the
 * worst of them, in this order:
 *
 *   failed      no message could be made, or no file be written
 *   dead        a dispatch was given up, or came back: a person has to mend something and redrive it
 *   queued      the message waits to be made
 *   written     it is a file in the outbox, which is as far as is known; or mail or a webhook is on its way
 *   delivered   mail server and webhooks have taken all of it
 *
 * A dead dispatch that is redriven takes the state back, to what the others say. One whose webhook was taken away says
 * nothing any more. A notice whose mail is a file is never `delivered`: its webhooks can only make it dead.
 *
 * How it is kept: ntf_delivery has two columns, how many of its dispatches are open and which is the first dead one.
 * Triggers of ntf_dispatch move them, whatever statement it is that changes a dispatch, in its transaction. From these,
 * state and channel follows the number below, and where that is not what was announced, flush() of the service tells it.
 *
 * Invariants (test_notifications_dispatch computes them anew after each of many random steps)
 *   open = how many dispatches are queued or sending
 *   dead = the lowest number of those that are dead and not withdrawn; 0: none
 */
#ifndef NOTIFICATIONS_STORE_ARRIVAL_H
#define NOTIFICATIONS_STORE_ARRIVAL_H

#include "notifications/store_dispatch.h"

extern const char ntf_tables_arrival[]; /* the migration */

enum { /* ntf_delivery_t.arrival; above: dead, by so much as the number of the first that is */
       NTF_ARRIVAL_DEFERRED = -1, /* queued, and it waits as its recipient asked: statements_prefer.h */
       NTF_ARRIVAL_QUEUED = 1,
       NTF_ARRIVAL_WRITTEN = 2,
       NTF_ARRIVAL_FAILED = 3,
       NTF_ARRIVAL_DELIVERED = 4,
};

typedef struct ntf_arrivals ntf_arrivals_t;
int ntf_arrivals_open(cv_db_t *db, ntf_arrivals_t **ret_arrivals) CV_USE_RESULT;
void ntf_arrivals_close(ntf_arrivals_t **arrivals);

typedef struct {
    int64_t number; /* of the first that is dead, and its channel */
    int channel;
    cv_delivery_result_t reason;
    int64_t done_ms, attempts;
} ntf_arrival_t;

/* Of a delivery that is dead (the first of its dispatches that is) or delivered (the last of them). CV_ENOTFOUND: it has
 * no such dispatch. */
int ntf_arrival_of(ntf_arrivals_t *arrivals, int64_t n, bool is_dead, ntf_arrival_t *ret_arrival) CV_USE_RESULT;

/* How dispatches of a channel fare. Those of webhooks that were taken away are not among the dead. */
typedef struct {
    int64_t open, dead;
    int64_t oldest_ms; /* when the notice of the first open one was made; 0: none is open */
} ntf_fare_t;
int ntf_fares(ntf_arrivals_t *arrivals, ntf_fare_t ret_fares[NTF_CHANNELS]) CV_USE_RESULT; /* index: channel */

#endif
