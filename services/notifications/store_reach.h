/* store_reach: SQL of what came back, of addresses that no mail goes to, and of what others were told of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_address        an address that something came back of: whether mail goes to it, since when, how often what
 *                      came back. Forgotten with the last contact, recipient or person that has it
 *   ntf_bounce         the last NTF_BOUNCES_KEPT things that came back of each dispatch
 *   ntf_contact_told   what notifications.events says last of each contact that there is something to say of
 *   ntf_reach          a view: what there is to say now
 *
 * A contact is a recipient of a party (order 1 to 9) or whom its delegation for an event names (order 0). What is said of
 * it is of its address: whatever changes it (a request, a registration, an erasure, a clearing) changes the view, and
 * flush() of the service tells what is not told yet. So it cannot be forgotten at one of the places that change it.
 *
 * Invariants
 *   mail goes to no address that is stopped: whom to write to is looked up without them (recipient_for of statements.h),
 *   and what was composed before is moved (moved.h), or composed anew when its turn comes (dispatch.c)
 *   whenever flush() has ended, ntf_contact_told is ntf_reach
 */
#ifndef NOTIFICATIONS_STORE_REACH_H
#define NOTIFICATIONS_STORE_REACH_H

#include "notifications/core_bounce.h"
#include "notifications/store_dispatch.h"

extern const char ntf_tables_reach[], ntf_tables_reach_2[]; /* the migrations */

enum { NTF_BOUNCES_KEPT = 8, NTF_STATUS_MAX = 9 };

/* .state of a contact; stored: never renumbered. The first two are those of addresses. */
enum {
    NTF_CONTACT_RETURNED = 1,
    NTF_CONTACT_COMPLAINED = 2,
    NTF_CONTACT_ASKED = 3, /* from here on: ping.h */
    NTF_CONTACT_CONFIRMED = 4,
    NTF_CONTACT_UNANSWERED = 5,
    NTF_CONTACT_STATES
};
cv_contact_state_t ntf_contact_word(int state);

typedef struct ntf_reaches ntf_reaches_t;
int ntf_reaches_open(cv_db_t *db, ntf_reaches_t **ret_store) CV_USE_RESULT;
void ntf_reaches_close(ntf_reaches_t **store);

/* ---- what came back ---- */
/* The mail of a notice. CV_ENOTFOUND: there is none. */
int ntf_mail_of(ntf_reaches_t *store, cv_str_t notice, int64_t *ret_number) CV_USE_RESULT;
typedef struct {
    int64_t dispatch;
    int back; /* NTF_BACK_* */
    int64_t at_ms;
    cv_str_t status; /* "": none */
} ntf_bounce_t;
/* Whether the same came back of it before: what is said of the same instant is the same; dead twice is, if it was said
 * since since_ms, by our clock: when the attempts began that it may be about. */
int ntf_bounce_said(ntf_reaches_t *store, const ntf_bounce_t *bounce, int64_t since_ms, bool *ret_said) CV_USE_RESULT;
/* Put down; an address (absent: forgotten) has one more of them. */
int ntf_bounce_put(ntf_reaches_t *store, const ntf_bounce_t *bounce, cv_str_t address, int64_t now_ms) CV_USE_RESULT;
/* A dispatch that was delivered is dead. */
int ntf_bounce_kill(ntf_reaches_t *store, int64_t dispatch, int64_t now_ms) CV_USE_RESULT;
/* At most NTF_BOUNCES_KEPT, oldest first; texts are copied to the arena. */
int ntf_bounce_list(ntf_reaches_t *store, int64_t dispatch, cv_arena_t *arena,
                    cv_bounce_t ret_bounces[NTF_BOUNCES_KEPT], size_t *ret_n) CV_USE_RESULT;

/* ---- addresses ---- */
int ntf_address_stop(ntf_reaches_t *store, cv_str_t address, int state, int64_t now_ms, cv_str_t status) CV_USE_RESULT;
int ntf_address_stopped(ntf_reaches_t *store, cv_str_t address, bool *ret_stopped) CV_USE_RESULT;
/* Whether the delegation's contact, or a recipient of the party, has this address; with a person: whether that one has. */
int ntf_address_is_of(ntf_reaches_t *store, cv_str_t event, cv_str_t party, int64_t person, cv_str_t address,
                      bool *ret_is) CV_USE_RESULT;
/* Addresses of the party's recipient, or with order 0 of its contacts and persons, are fine again. *ret_n: how many were not. */
int ntf_address_clear(ntf_reaches_t *store, cv_str_t party, int order, cv_db_t *db, int64_t *ret_n) CV_USE_RESULT;
/* Those that nobody has any more. */
int ntf_address_forget(ntf_reaches_t *store) CV_USE_RESULT;

/* ---- contacts ---- */
typedef struct {
    cv_str_t party, event; /* event "": a recipient */
    int order, state;      /* state 0: there is nothing to say any more */
    int64_t since_ms;
    cv_str_t status;
} ntf_contact_t;
/* Whether there is something to say of any contact, or was. */
int ntf_contact_any(ntf_reaches_t *store, bool *ret_any) CV_USE_RESULT;
/* What is not told yet; and that it is. */
int ntf_contact_untold(ntf_reaches_t *store, cv_arena_t *arena, size_t max, ntf_contact_t *ret_contacts,
                       size_t *ret_n) CV_USE_RESULT;
int ntf_contact_told(ntf_reaches_t *store, const ntf_contact_t *contact) CV_USE_RESULT;
/* What is told, behind `after` in the order of party, order, event. party absent: of all. */
int ntf_contact_list(ntf_reaches_t *store, cv_str_t party, const ntf_contact_t *after, cv_arena_t *arena, size_t max,
                     ntf_contact_t *ret_contacts, size_t *ret_n) CV_USE_RESULT;
/* Whether a contact of the party gets no mail. */
int ntf_contact_stopped(ntf_reaches_t *store, cv_str_t party, bool *ret_stopped) CV_USE_RESULT;
int ntf_contact_counts(ntf_reaches_t *store, int64_t ret_counts[NTF_CONTACT_STATES]) CV_USE_RESULT;

#endif
