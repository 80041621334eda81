/* store_ping: SQL of whether recipients have said that they are still the right ones.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_ping   one row per recipient of a party (order 1 to 9), of the address that it has:
 *
 *       (address set) -> known -- interval --> asked -- no answer in time --> unanswered
 *                          ^                    | ^                              |
 *                          | clear              | interval                       | confirm
 *                          +--------------------+ +------- confirmed <-----------+
 *
 *     An address that is changed begins anew as known. Who was a recipient before there were pings is known since 0,
 *     so it is asked as soon as that is switched on. What is asked, confirmed or unanswered is in the view ntf_reach
 *     (store_reach.h), unless mail to the address is stopped, which is worse.
 */
#ifndef NOTIFICATIONS_STORE_PING_H
#define NOTIFICATIONS_STORE_PING_H

#include "notifications/store.h"

extern const char ntf_tables_ping[]; /* the migration */

typedef struct ntf_pings ntf_pings_t;
int ntf_pings_open(cv_db_t *db, ntf_pings_t **ret_store) CV_USE_RESULT;
void ntf_pings_close(ntf_pings_t **store);

typedef struct {
    cv_str_t party;
    int order, state; /* 0: known; NTF_CONTACT_ASKED, _CONFIRMED, _UNANSWERED */
    int64_t since_ms, due_ms;
} ntf_ping_t;
/* The recipient has this address. Nothing changes if it had it before. */
int ntf_ping_known(ntf_pings_t *store, cv_str_t party, int order, cv_str_t email, int64_t now_ms) CV_USE_RESULT;
/* Whose time has come, one at a time, copied to the arena. CV_ENOTFOUND: nobody's. */
int ntf_ping_next(ntf_pings_t *store, int64_t interval_ms, int64_t answer_ms, cv_arena_t *arena,
                  ntf_ping_t *ret_ping) CV_USE_RESULT;
int ntf_ping_set(ntf_pings_t *store, const ntf_ping_t *ping) CV_USE_RESULT;
/* Whether there is such a recipient, and whether mail to it is stopped. */
int ntf_ping_whom(ntf_pings_t *store, cv_str_t party, int order, bool *ret_any, bool *ret_stopped) CV_USE_RESULT;
/* A question that waits for an answer, or got none, is forgotten. *ret_n: how many there were. */
int ntf_ping_clear(ntf_pings_t *store, cv_str_t party, int order, int64_t now_ms, cv_db_t *db,
                   int64_t *ret_n) CV_USE_RESULT;

#endif
