/* store_persons: the SQL of persons who are told themselves: their addresses, what is owed to them, their rows.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_person          .email: where the person is written to; NULL: it gave none. .state: of its registration, as the last
 *                       notice said that was taken up (persons.h), or a snapshot of registration.private; 0: not known.
 *                       .since: the version of the event under which the person got its place; 0: not known. .named: the
 *                       record of registration.private that put it in another one's place; 0: none did
 *   ntf_owed            a delegation's notice whose persons are still to be told: one row, until they are
 *   ntf_delivery        .person: whom it is to; 0: the delegation. .place: the person's state when it was made, or below 0 (NTF_PLACE_*),
 *                       where the number is another's now:
 *                         -1 ANOTHERS      it was to who had that number before, and nobody is written to by it any more
 *                         -3 SAME_ADDRESS  the same, but the address is still that number's, and so is its entry of a calendar
 *                         -2 LEAVES        it tells who had that number before; the row has no data, and its message (.mail, or
 *                                          the dispatch's body) is all there is: a row without it ends as `silenced`
 *                         -4 HAS_LEFT      the same, when it is done: message, address and replies are forgotten
 *                       What is -2 has a message of its own lane's order, but is none of that number's: what ends, holds or
 *                       forgets those passes it over, until the number itself is erased
 *
 * Persons that were here before these columns have no address until registration.private tells of them again: a change of
 * them, or a snapshot. Nobody has to be told anew of what was told then, so the stream is not read again for it.
 *
 * Invariants
 *   a row of ntf_owed is of a delivery with person 0
 *   what is owed to the persons of a delegation is taken up in the order of its notices, and none while contact data that an
 *   earlier one waits for has not come: .state is always what the notices before have said
 */
#ifndef NOTIFICATIONS_STORE_PERSONS_H
#define NOTIFICATIONS_STORE_PERSONS_H

#include "convene/messages.h"
#include "convene/store.h"
#include "notifications/store.h"

extern const char ntf_tables_persons[], ntf_tables_named[], ntf_tables_leaves[]; /* the migrations */

typedef struct ntf_persons ntf_persons_t;
int ntf_persons_open(cv_db_t *db, ntf_persons_t **ret_store) CV_USE_RESULT;
void ntf_persons_close(ntf_persons_t **store);

/* A state as it is stored, and back. Never renumbered; 0: absent. */
int ntf_person_state_stored(cv_person_state_t state);
cv_person_state_t ntf_person_state_read(int64_t stored);

/* ---- what is owed ---- */
int ntf_owe(ntf_persons_t *store, cv_str_t notice) CV_USE_RESULT;
/* The next delivery whose persons can be told, behind `after`. CV_ENOTFOUND: none. */
int ntf_owed_next(ntf_persons_t *store, int64_t after, int64_t *ret_n) CV_USE_RESULT;
int ntf_owed_any(ntf_persons_t *store, bool *ret_any) CV_USE_RESULT;
int ntf_owed_end(ntf_persons_t *store, int64_t n) CV_USE_RESULT;

/* ---- persons ---- */
typedef struct {
    int64_t number;
    bool has_email;
    cv_person_state_t state;
    int64_t since,
        named; /* named: what went by an earlier record of registration.private is another's; 0: nothing is */
} ntf_told_t;
/* CV_ENOTFOUND: nothing is known of that person. */
int ntf_told_get(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number,
                 ntf_told_t *ret_told) CV_USE_RESULT;
int ntf_told_put(ntf_persons_t *store, cv_str_t event, cv_str_t party, const ntf_told_t *told) CV_USE_RESULT;
/* Those with an address and any of the four states of a place, behind a number; one at a time. CV_ENOTFOUND: no more. */
int ntf_told_after(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t after,
                   ntf_told_t *ret_told) CV_USE_RESULT;

/* The same of those who can leave: whatever their state is, with an address or not, but withdrawn, refused or not known. */
int ntf_told_after_leaving(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t after,
                           ntf_told_t *ret_told) CV_USE_RESULT;

enum { NTF_PERSON_GONE, NTF_PERSON_STOPPED, NTF_PERSON_REACHED };
/* Whether the person can be written to: it has no address that can be used; no mail goes to it; it can. */
int ntf_person_reach(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number,
                     int *ret_reach) CV_USE_RESULT;
/* Whom a person's row is to, in its delegation's language: the contact's, else that of the party's first recipient.
 * CV_ENOTFOUND: it cannot be written to now. */
int ntf_person_recipient(ntf_persons_t *store, const ntf_delivery_t *row, cv_arena_t *arena,
                         ntf_recipient_t *ret_recipient) CV_USE_RESULT;

/* ---- their rows ---- */
/* A row for this person, like that of its delegation, unless there is one. calendar: NTF_CALENDAR_*. */
int ntf_person_delivery_add(ntf_persons_t *store, int64_t n, cv_str_t notice, const ntf_told_t *told,
                            int calendar) CV_USE_RESULT;
/* The last calendar part made for the person; NTF_CALENDAR_NONE: none yet. */
int ntf_person_calendar_last(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number,
                             int *ret_calendar) CV_USE_RESULT;
/* What has not arrived ends, of those of the delegation who have no address any more: rows, and mails that wait or are dead.
 * Lanes of mails have to be settled after it. */
int ntf_person_end_all(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t now_ms) CV_USE_RESULT;
/* Whether that number was another's until now: of another name. */
int ntf_person_is_another(ntf_persons_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person,
                          bool *ret_is) CV_USE_RESULT;
/* What was made for who had that number is nobody's any more: what has not arrived ends, and files that were written are to be
 * taken away. Mails' bytes and addresses: ntf_dispatch_forget_person, which has to follow. person: who has it now, which is put
 * after it. seq: of the record that says so. */
int ntf_person_replace(ntf_persons_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person,
                       int64_t seq, int64_t now_ms) CV_USE_RESULT;
int ntf_person_is_replaced(ntf_persons_t *store, int64_t n, bool *ret_is) CV_USE_RESULT; /* of a row */

/* ---- who had a number before: persons.h ---- */
/* Whether that number is written to at this person's address. */
int ntf_person_is_at(ntf_persons_t *store, cv_str_t event, cv_str_t party, const cv_person_private_t *person,
                     bool *ret_is) CV_USE_RESULT;
/* Whether the delegation's contact, or another person of it with a seat, is written to at that address, too. */
int ntf_person_shares(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, cv_str_t address,
                      bool *ret_shares) CV_USE_RESULT;
typedef struct {
    bool any;                /* something has, or may have, come to the person */
    cv_person_state_t state; /* as the last of it said; absent: not known */
    int calendar;            /* the last calendar part of it; NTF_CALENDAR_NONE: none */
} ntf_last_told_t;
/* What came to the person. has_left: whether the file of that notice is not in the outbox any more. */
typedef bool ntf_has_left_t(void *self, cv_str_t notice);
int ntf_person_told(ntf_persons_t *store, cv_str_t event, cv_str_t party, int64_t number, ntf_has_left_t *has_left,
                    void *self, ntf_last_told_t *ret_told) CV_USE_RESULT;
/* A row that tells it (notice, cause, event, party, person, time_ms), unless there is one. calendar: NTF_CALENDAR_*. */
int ntf_leave_add(ntf_persons_t *store, const ntf_delivery_t *row, int calendar) CV_USE_RESULT;
/* Of those that are done, message, address and replies. *ret_any: there were such. */
int ntf_leave_forget(ntf_persons_t *store, bool *ret_any) CV_USE_RESULT;

/* The version that a change made; 0: void, or no change. */
int ntf_change_version(ntf_persons_t *store, cv_str_t cause, int64_t *ret_version) CV_USE_RESULT;

#endif
