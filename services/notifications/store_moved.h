/* store_moved: the SQL of mail that has not left, whom it is for, and where it is moved to; see moved.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is long done is not walked: ntf_delivery_mailing has the deliveries of a party that have something on its way beside
 * or in a mail, and the lanes of store_dispatch.h the mails for an address. Both are read one row at a time, behind the last.
 */
#ifndef NOTIFICATIONS_STORE_MOVED_H
#define NOTIFICATIONS_STORE_MOVED_H

#include "notifications/store_dispatch.h"

extern const char ntf_tables_moved[]; /* the migration */

typedef struct ntf_movings ntf_movings_t;
int ntf_movings_open(cv_db_t *db, ntf_movings_t **ret_store) CV_USE_RESULT;
void ntf_movings_close(ntf_movings_t **store);

/* A mail that waits or is on its way. row: as much of its delivery as says whom it is for. */
typedef struct {
    int64_t number;
    cv_str_t address;   /* "": forgotten */
    bool can_be_anew;   /* what it is made from is kept */
    ntf_delivery_t row; /* n, kind, event, party, person, place, above */
} ntf_mailing_t;

/* The next that waits of the party, in the order of (event, n), behind `after`. CV_ENOTFOUND: no more. */
int ntf_mailing_of_party(ntf_movings_t *store, cv_str_t party, cv_str_t after_event, int64_t after_n, cv_arena_t *arena,
                         ntf_mailing_t *ret_mailing) CV_USE_RESULT;
/* The next that waits for this address, behind that number. CV_ENOTFOUND: no more. */
int ntf_mailing_of_address(ntf_movings_t *store, cv_str_t address, int64_t after, cv_arena_t *arena,
                           ntf_mailing_t *ret_mailing) CV_USE_RESULT;
/* CV_ENOTFOUND: it is no mail, or neither waits nor is on its way. */
int ntf_mailing_get(ntf_movings_t *store, int64_t number, cv_arena_t *arena, ntf_mailing_t *ret_mailing) CV_USE_RESULT;
/* Mails that are on their way, at most max. */
int ntf_mailing_sending(ntf_movings_t *store, size_t max, int64_t *ret_numbers, size_t *ret_n) CV_USE_RESULT;
/* One that waits goes to that address: without its bytes, at once, and with the whole ladder; one whose address was forgotten
 * keeps its pause, for it may go where it went before. Both lanes have to be settled after it. */
int ntf_mailing_move(ntf_movings_t *store, int64_t number, cv_str_t address) CV_USE_RESULT;
/* Whether the contact of the delegation has this address. */
int ntf_contact_has(ntf_movings_t *store, cv_str_t event, cv_str_t party, cv_str_t address,
                    bool *ret_has) CV_USE_RESULT;

#endif
