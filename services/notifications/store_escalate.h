/* store_escalate: SQL of notices with a deadline, and of what was done when nobody had got them in time.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_watch   one row per notice with a deadline: watched -- looked at --> escalated --> ended
 *                                                              |    |  ^------------+
 *                                                              |    +-> nobody -----+  looked at again now and then
 *                                                              +-> ended, at ended_ms by the clock of then
 *   ntf_settled  the newest delivery of a delegation when a snapshot of registration said what became of its offers, by
 *               records that nobody gets any more
 *   ntf_offer   what it said of whom: still open, or expired. Who is not there has answered, or left before
 *
 * Invariant: of a notice at most one other is made for the next contact: its number is in the row (second), and its id is
 * made from the notice's.
 */
#ifndef NOTIFICATIONS_STORE_ESCALATE_H
#define NOTIFICATIONS_STORE_ESCALATE_H

#include "notifications/store.h"

extern const char ntf_tables_escalate[], ntf_tables_offers[], ntf_tables_watch_2[]; /* the migrations */

enum { NTF_WATCHED = 1, NTF_ESCALATED = 2, NTF_WATCH_ENDED = 3, NTF_NOBODY = 4 }; /* ntf_watch.state */

typedef struct ntf_watches ntf_watches_t;
int ntf_watches_open(cv_db_t *db, ntf_watches_t **ret_store) CV_USE_RESULT;
void ntf_watches_close(ntf_watches_t **store);

typedef struct {
    int64_t n, deadline_ms, at_ms, second; /* second: 0: none was made */
    int state;
    int64_t ended_ms; /* when it ended, also if it is watched again since; 0: it did not */
} ntf_watch_t;
/* Of the delivery of this notice, if it is not watched yet. */
int ntf_watch_put(ntf_watches_t *store, cv_str_t notice, int64_t deadline_ms, int64_t at_ms) CV_USE_RESULT;
/* That is to be looked at, one at a time. CV_ENOTFOUND: none. */
int ntf_watch_due(ntf_watches_t *store, int64_t now_ms, ntf_watch_t *ret_watch) CV_USE_RESULT;
int ntf_watch_set(ntf_watches_t *store, const ntf_watch_t *watch) CV_USE_RESULT;
/* CV_ENOTFOUND: nothing is watched. */
int ntf_watch_next(ntf_watches_t *store, int64_t *ret_ms) CV_USE_RESULT;
/* To which order its mail went last; -1: to nobody who is a contact or recipient now. *ret_mailed: it was mailed, and
 * to whom is not forgotten (scrub.c). */
int ntf_watch_order(ntf_watches_t *store, int64_t n, int *ret_order, bool *ret_mailed) CV_USE_RESULT;
/* Behind which order the one is that was made for the next contact. CV_ENOTFOUND: none was. */
int ntf_watch_second(ntf_watches_t *store, int64_t n, int *ret_above) CV_USE_RESULT;
/* The next that registration said of the delegation behind delivery n: a decision, a promotion, a lapse; data is copied
 * to the arena. CV_ENOTFOUND: no more. */
typedef struct {
    int64_t n;
    int kind;
    cv_str_t data;
} ntf_said_t;
int ntf_watch_said(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t n, cv_arena_t *arena,
                   ntf_said_t *ret_said) CV_USE_RESULT;
/* The last reminder of the same deadline that was made after this one, which is a reminder of it or the opening of the
 * silence procedure; and when. CV_ENOTFOUND: none. */
int ntf_watch_later(ntf_watches_t *store, int64_t n, int64_t deadline_ms, ntf_watch_t *ret_watch,
                    int64_t *ret_made_ms) CV_USE_RESULT;
/* The last of the other notices of the same deadline of which the secretariat was told. CV_ENOTFOUND: none. */
int ntf_watch_told(ntf_watches_t *store, int64_t n, int64_t deadline_ms, ntf_watch_t *ret_watch) CV_USE_RESULT;
/* A snapshot of registration says now what became of the delegation's offers; and whether it did after delivery n was made. */
int ntf_watch_settle(ntf_watches_t *store, cv_str_t event, cv_str_t party) CV_USE_RESULT;
int ntf_watch_settled(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t n, bool *ret_settled) CV_USE_RESULT;
/* What it says of one person; settling forgets it. 0: nothing. */
enum { NTF_OFFER_OPEN = 1, NTF_OFFER_EXPIRED = 2 }; /* stored */
int ntf_offer_put(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t number, int state) CV_USE_RESULT;
int ntf_offer_get(ntf_watches_t *store, cv_str_t event, cv_str_t party, int64_t number, int *ret_state) CV_USE_RESULT;
/* The last step of a silence procedure that this party was told of; absent where it is not kept. CV_ENOTFOUND: none. */
int ntf_watch_step(ntf_watches_t *store, cv_str_t decision, cv_str_t party, cv_arena_t *arena,
                   cv_str_t *ret_data) CV_USE_RESULT;
/* Whether a server or a webhook has taken it, whatever became of its other dispatches. */
int ntf_watch_taken(ntf_watches_t *store, int64_t n, bool *ret_taken) CV_USE_RESULT;
/* What was taken came back: whoever's mail this delivery is, is looked at again now, if its deadline is ahead. */
int ntf_watch_reopen(ntf_watches_t *store, int64_t carrier, int64_t now_ms) CV_USE_RESULT;
/* The clock was ahead, and is not: what ended because a deadline was over that is ahead is watched again; and nothing waits
 * for an instant behind its own deadline, nor what nobody has for longer than again_ms. */
int ntf_watch_again(ntf_watches_t *store, int64_t now_ms, int64_t again_ms) CV_USE_RESULT;
/* A delivery is for those behind this order alone. */
int ntf_watch_above(ntf_watches_t *store, cv_str_t notice, int above) CV_USE_RESULT;
/* Notices whose deadline is ahead, and whom nobody has got though it was time. */
int ntf_watch_unseen(ntf_watches_t *store, int64_t now_ms, int64_t *ret_n) CV_USE_RESULT;

#endif
