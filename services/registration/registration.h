/* registration: what the parts of this service share.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   main.c      wiring                         service.c   the definition that the engine calls
 *   requests.c  register                       withdraw.c  withdraw, decline
 *   review.c    approvals                      events.c    what scheduling tells, and the release of guarantees
 *   phase.c     nominate, confirm              exception.c after a deadline all the same
 *   offer.c     offers of freed seats
 *   answers.c   forms, and answers to them    form.c  what an answer must be
 *   change.c    amend, substitute              history.c   who changed what of a person
 *   erase.c     erasure, and when it is due         vault.c     personal data are sealed
 *   queue.c     the waiting list moves         views.c     snapshots and questions
 *   import.c    many registrations at once     mark.c      a book as it was before something was tried
 *   badge*.c    badges, see badge.h            scan.c      what gates have seen
 *   document.c  identity documents             access.c    who has read whose data; both: document.h
 *   consent.c   what persons agreed to
 *   core*.c     the rule                       book.c, roster.c  memory       store*.c   SQL
 */
#ifndef CONVENE_REGISTRATION_H
#define CONVENE_REGISTRATION_H

#include "convene/service.h"
#include "registration/badge_keys.h"
#include "registration/book.h"
#include "registration/store.h"
#include "registration/store_access.h"
#include "registration/store_badge.h"
#include "registration/store_consent.h"
#include "registration/store_document.h"

enum { REG_STREAM_EVENTS, REG_STREAM_PRIVATE }; /* indexes of our streams */
enum { REG_PROMOTE_MAX = 8192 };                /* persons who move up in one batch; the rest in the next */

typedef struct {
    reg_store_t *store;
    reg_badges_t *badges;
    reg_documents_t *documents;
    reg_accesses_t *accesses;
    reg_consents_t *consents;
    reg_access_t reading;  /* of the question at hand, to be recorded before its answer leaves */
    int64_t shown;         /* persons and contacts in that answer */
    reg_signers_t signers; /* secret halves of the keys that sign badges */
    bool signers_used;     /* one of them came into use: looked after when the turn is over */
    reg_book_t book;
    bool is_loaded;    /* false after a rollback: the book is read again before its next use */
    bool settle;       /* a snapshot of scheduling came in this batch: all waiting lists are looked at before COMMIT */
    size_t promoted_n; /* persons who moved up in this batch */
    reg_note_t note;   /* of the request that is being decided; nobody's otherwise */
    /* One of each at a time, so that nothing this large is made per request. */
    cv_registration_decided_v1_t decided;
    cv_registration_personal_v1_t personal; /* what is told */
    cv_registration_erased_v1_t erased;
    cv_registration_contact_v1_t contact; /* what is shown */
    cv_registration_promoted_v1_t promoted;
    cv_registration_lapsed_v1_t lapsed;
    char texts[REG_PERSONS_MAX][REG_PERSON_TEXT], contact_text[REG_PERSON_TEXT]; /* of those in contact */
    cv_arena_t *scratch;               /* their answers, and those of one step of a history */
    cv_registration_register_v1_t one; /* registration of an import, */
    cv_outcome_v1_t part;              /* and what was decided about it */
    reg_scan_t scans[REG_SCANS_MAX];   /* of one badge */
} reg_t;

extern const cv_service_def_t reg_service;

/* The book as it is now; reads it again if it was forgotten. */
int reg_ready(reg_t *self) CV_USE_RESULT;
void reg_fill_seats(const reg_delegation_t *delegation, cv_seats_t *ret_seats);

/* requests.c */
int reg_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
/* events.c */
int reg_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data);
int reg_snapshot_begin(void *self, cv_tx_t *tx, const char *stream);
int reg_timer(void *self, cv_tx_t *tx, const char *kind, cv_str_t key);
/* answers.c */
int reg_apply_form(reg_t *self, const cv_scheduling_form_v1_t *record, reg_event_t **ret_event) CV_USE_RESULT;
int reg_drop_form(reg_t *self, reg_event_t *event) CV_USE_RESULT;
/* Views point into packed and into the arena. */
int reg_unpack_answers(cv_str_t packed, cv_arena_t *arena, cv_items_t *ret_answers) CV_USE_RESULT;
/* Octets that persons take in a record, and one besides name, address and answers. */
enum { REG_RECORD_OCTETS = 37000, REG_PERSON_OCTETS = 120 };
/* queue.c: moves up all who can, and says so; nothing to do is the usual case and costs nothing. */
int reg_promote(reg_t *self, cv_tx_t *tx, reg_event_t *event, cv_promotion_cause_t cause) CV_USE_RESULT;
/* The cause of a timer that goes on with promotions; absent: another timer. */
cv_promotion_cause_t reg_promote_cause(const char *timer_kind);
int reg_promote_all(reg_t *self, cv_tx_t *tx, cv_promotion_cause_t cause) CV_USE_RESULT;
/* A person who waits leaves the list: the row, the rest of its unit, the lane. Counters are the caller's. */
int reg_leave_queue(reg_t *self, reg_delegation_t *delegation, const reg_person_t *person) CV_USE_RESULT;
/* Counters are the caller's. The people of a unit who are now `of` in another way need something else: another lane. */
int reg_rejoin_queue(reg_t *self, reg_delegation_t *delegation, const reg_person_t *before) CV_USE_RESULT;
/* offer.c. reg_offer_timer: after offers were made or the event may move again. */
#define REG_TIMER_OFFER "offer"
int reg_offer_timer(reg_t *self, cv_tx_t *tx, reg_event_t *event) CV_USE_RESULT;
int reg_expire_offers(reg_t *self, cv_tx_t *tx, reg_event_t *event) CV_USE_RESULT;
/* badge.c: the person is not to come in any more. The note says who and why. */
int reg_badge_void(reg_t *self, cv_tx_t *tx, const reg_delegation_t *delegation, int64_t person,
                   cv_badge_cause_t cause) CV_USE_RESULT;
int reg_badge_afterwards(reg_t *self) CV_USE_RESULT; /* badge_sign.c */
/* erase.c. reg_purge_timer: after the rules or the date of an event came, for what it holds. */
#define REG_TIMER_PURGE "purge"
int reg_purge_timer(reg_t *self, cv_tx_t *tx, reg_event_t *event) CV_USE_RESULT;
int reg_purge(reg_t *self, cv_tx_t *tx, reg_event_t *event) CV_USE_RESULT;
/* exception.c */
int reg_ask_exceptions(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit,
                       cv_collect_t *collect) CV_USE_RESULT;
/* history.c */
int reg_ask_history(reg_t *self, cv_tx_t *tx, const cv_log_query_v1_t *query, int64_t limit,
                    cv_collect_t *collect) CV_USE_RESULT;
/* views.c */
bool reg_may_see_persons(const cv_principal_t *who, cv_str_t key);
/* "EVENT/PARTY". NULL: one of them is not known, or they have nothing to do with each other. */
reg_delegation_t *reg_find_delegation(const reg_book_t *book, cv_str_t key);
/* What of "EVENT", "EVENT/PARTY" or "EVENT/PARTY/NUMBER" is the delegation's: the key without a number. */
cv_str_t reg_key_delegation(cv_str_t key);
enum { REG_DIGITS_MAX = 15 }; /* of a number in a key, or behind which a list goes on */
/* Splits such a key. CV_EINVAL: the number is none. CV_ENOTFOUND: the event, the party or its delegation is not known.
 */
typedef struct {
    const reg_event_t *event;
    reg_delegation_t *delegation; /* NULL: all of the event */
    int64_t number;               /* 0: all of the delegation */
} reg_key_of_t;
int reg_read_key(const reg_book_t *book, cv_str_t key, reg_key_of_t *ret_of) CV_USE_RESULT;
/* The page is full: the list goes on behind this number. */
int reg_go_on(cv_arena_t *arena, cv_collect_t *collect, int64_t after) CV_USE_RESULT;
int reg_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect);
int reg_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect);

#endif
