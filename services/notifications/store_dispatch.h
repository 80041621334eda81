/* store_dispatch: SQL of webhooks, dispatches and the attempts at them.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_webhook    where a party wants notices to be posted. Its number is never given twice, and it has a salt: secrets are
 *                  made from both (webhook.h)
 *   ntf_dispatch   one row per notice, channel and address, for ever
 *   ntf_attempt    the last NTF_ATTEMPTS_KEPT attempts at each
 *
 * A dispatch's life:
 *
 *   queued -- lease --> sending --> delivered
 *     ^  ^                |    \
 *     |  +-- try again ---+     +--> dead     refused, gone, given up; webhook taken away
 *     +-------------- redrive ---------+     also a mail that was delivered and came back: reach.h
 *
 * The dispatches of one channel and address are a lane: they leave in the order of their numbers, one after the other.
 * The one that may go next is marked (head), so that what is due is found without looking at what waits behind it.
 *
 * Invariants
 *   of a lane at most one row is sending, and then none is head
 *   else its first queued row is head, and no other
 */
#ifndef NOTIFICATIONS_STORE_DISPATCH_H
#define NOTIFICATIONS_STORE_DISPATCH_H

#include "notifications/store.h"
#include "notifications/webhook.h"

extern const char ntf_tables_dispatch[], ntf_tables_salt[], ntf_tables_head[]; /* the migrations */

enum { NTF_EMAIL = 2, NTF_WEBHOOK = 3, NTF_CHANNELS }; /* ntf_dispatch.channel */
enum { NTF_WAITS = 1, NTF_SENDING = 2, NTF_DELIVERED = 3, NTF_DEAD = 4, NTF_STATES_OPEN = 3 }; /* .state; open: below */
enum { NTF_ATTEMPTS_KEPT = 16, NTF_WEBHOOK_ON = 1, NTF_WEBHOOK_OFF = 2 };

typedef struct ntf_dispatches ntf_dispatches_t;
int ntf_dispatches_open(cv_db_t *db, ntf_dispatches_t **ret_dispatches) CV_USE_RESULT;
/* What was on its way when the process before ended goes back to its queue. */
int ntf_dispatches_recover(ntf_dispatches_t *d) CV_USE_RESULT;
/* The clock is behind what is written here. What was given up behind now_ms after it was first tried before, and not for
 * good, waits again: it was the clock that was ahead of its last retry. (At a clock that is years behind all was first tried
 * behind it.) Pauses of what waits begin now. pause_ms: the longest there can be of a
 * dispatch; slack_ms: so far ahead is nothing to speak of. */
int ntf_dispatches_set_back(ntf_dispatches_t *d, int64_t now_ms, int64_t slack_ms, int64_t pause_ms) CV_USE_RESULT;
void ntf_dispatches_close(ntf_dispatches_t **dispatches);

/* ---- webhooks ---- */
typedef struct {
    ntf_webhook_origin_t origin;
    cv_str_t party, url;
    int64_t order, generation, shown, overlap_ms; /* shown: the generation whose secret was; overlap_ms 0: none */
    bool is_on;
} ntf_webhook_t;

/* Sets it on. The same address keeps its number and secret, another one gets new ones; what was not delivered goes there:
 * what waits, and what is dead when it is redriven. */
int ntf_webhook_set(ntf_dispatches_t *d, cv_str_t party, int64_t order, cv_str_t url) CV_USE_RESULT;
/* It and its queue are gone. CV_ENOTFOUND. */
int ntf_webhook_drop(ntf_dispatches_t *d, cv_str_t party, int64_t order, int64_t now_ms) CV_USE_RESULT;
/* CV_ENOTFOUND. */
int ntf_webhook_rotate(ntf_dispatches_t *d, cv_str_t party, int64_t order, int64_t overlap_ms) CV_USE_RESULT;
int ntf_webhook_show(ntf_dispatches_t *d, int64_t number, int64_t generation) CV_USE_RESULT; /* was shown */
/* CV_ENOTFOUND. Copied to the arena. */
int ntf_webhook_get(ntf_dispatches_t *d, cv_str_t party, int64_t order, cv_arena_t *arena,
                    ntf_webhook_t *ret_webhook) CV_USE_RESULT;
int ntf_webhook_of(ntf_dispatches_t *d, int64_t number, cv_arena_t *arena, ntf_webhook_t *ret_webhook) CV_USE_RESULT;
/* At most max behind (party, order). party absent: all. */
int ntf_webhook_list(ntf_dispatches_t *d, cv_str_t party, cv_str_t after_party, int64_t after_order, cv_arena_t *arena,
                     size_t max, ntf_webhook_t *ret_webhooks, size_t *ret_n) CV_USE_RESULT;
/* It answered that it is gone: off, and its queue is dead. */
int ntf_webhook_gone(ntf_dispatches_t *d, int64_t number, int64_t now_ms) CV_USE_RESULT;
/* Whether there is a webhook; proof: that of the key file they were made with, or all 0. */
int ntf_webhook_key(ntf_dispatches_t *d, bool *ret_any, uint8_t ret_proof[16]) CV_USE_RESULT;
int ntf_webhook_key_put(ntf_dispatches_t *d, const uint8_t proof[16]) CV_USE_RESULT;

/* ---- dispatches ---- */
typedef struct {
    int64_t number, n; /* n: of its delivery */
    int channel, state;
    int64_t webhook; /* 0: mail */
    cv_str_t address, body;
    int64_t attempts, failures, first_ms, next_ms, done_ms;
    cv_delivery_result_t reason;
    /* of its delivery */
    cv_str_t notice, cause, event, party;
    int kind;
    int64_t time_ms, person; /* person 0: the delegation's */
    int place;
} ntf_dispatch_t;

/* CV_ENOTFOUND. */
int ntf_dispatch_get(ntf_dispatches_t *d, int64_t number, cv_arena_t *arena,
                     ntf_dispatch_t *ret_dispatch) CV_USE_RESULT;
/* One for each webhook of the party that is on; the delivery has just been made. */
int ntf_dispatch_add_webhooks(ntf_dispatches_t *d, cv_str_t notice) CV_USE_RESULT;
/* The mail of a delivery, to that address. */
int ntf_dispatch_add_mail(ntf_dispatches_t *d, const ntf_delivery_t *delivery, cv_str_t address) CV_USE_RESULT;
/* Heads that are due, of one channel, behind (next_ms, number) in that order. */
int ntf_dispatch_due(ntf_dispatches_t *d, int channel, int64_t now_ms, int64_t after_ms, int64_t after_number,
                     cv_arena_t *arena, size_t max, ntf_dispatch_t *ret_dispatches, size_t *ret_n) CV_USE_RESULT;
/* Which one of a lane may go next is found anew, after what a dispatch of it was changed by elsewhere. */
int ntf_dispatch_settle(ntf_dispatches_t *d, int channel, cv_str_t address) CV_USE_RESULT;
/* An attempt begins. body: of a mail, as it is sent now and from now on. address: may be another than before, which moves
 * it. CV_ENOTFOUND: it is not, or not any more, the head of its lane. */
int ntf_dispatch_lease(ntf_dispatches_t *d, const ntf_dispatch_t *dispatch, int64_t now_ms) CV_USE_RESULT;
/* No attempt before that; nothing else changes. */
int ntf_dispatch_put_off(ntf_dispatches_t *d, int64_t number, int64_t until_ms) CV_USE_RESULT;

typedef struct {
    int64_t number;
    int state; /* NTF_WAITS, NTF_DELIVERED, NTF_DEAD */
    cv_delivery_result_t result;
    int64_t at_ms, next_ms;
    bool is_failure; /* counts on the ladder */
    int code;        /* 0: none */
    cv_str_t text;   /* absent: none */
} ntf_dispatch_end_t;
/* What came of an attempt, or of the try to begin one. CV_ENOTFOUND: it is neither sending nor queued any more. */
int ntf_dispatch_end(ntf_dispatches_t *d, const ntf_dispatch_end_t *end) CV_USE_RESULT;
/* CV_ENOTFOUND: nothing of this channel waits for a time after now_ms. */
int ntf_dispatch_next_due(ntf_dispatches_t *d, int channel, int64_t now_ms, int64_t *ret_due_ms) CV_USE_RESULT;

/* numbers NULL: all that are dead. *ret_n: how many there were. */
int ntf_dispatch_redrive(ntf_dispatches_t *d, const int64_t *numbers, size_t n, cv_db_t *db,
                         int64_t *ret_n) CV_USE_RESULT;
/* Persons are forgotten: mail of the delegation is made anew, and no address and no reply is kept. event absent: all. */
int ntf_dispatch_forget(ntf_dispatches_t *d, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* The same of what is to one person. */
int ntf_dispatch_forget_person(ntf_dispatches_t *d, cv_str_t event, cv_str_t party, int64_t person) CV_USE_RESULT;

/* All dispatches of a delivery. */
int ntf_dispatch_list(ntf_dispatches_t *d, int64_t n, cv_arena_t *arena, size_t max, ntf_dispatch_t *ret_dispatches,
                      size_t *ret_n) CV_USE_RESULT;
/* Dead ones behind that number. */
int ntf_dispatch_list_dead(ntf_dispatches_t *d, int64_t after, cv_arena_t *arena, size_t max,
                           ntf_dispatch_t *ret_dispatches, size_t *ret_n) CV_USE_RESULT;
/* The attempts that are kept, oldest first; at most NTF_ATTEMPTS_KEPT. */
int ntf_attempt_list(ntf_dispatches_t *d, int64_t number, cv_arena_t *arena,
                     cv_delivery_attempt_t ret_attempts[NTF_ATTEMPTS_KEPT], size_t *ret_n) CV_USE_RESULT;

#endif
