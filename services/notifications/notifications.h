/* notifications: the service's object, shared by its parts; and its definition for the runner.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How a notice comes about and leaves:
 *
 *   record() of a followed stream                      events.c, in the engine's transaction
 *       makes the delivery rows of all who are to hear of it (audience.h); their ids are UNIQUE, so the same record can never
 *       make a second one for the same party
 *   flush()                                            service.c, in the same transaction
 *       emits notifications.notice for every row whose arrival (store_arrival.h) is not yet in notifications.events, and
 *       sets the durable timer "outbox" as long as anything remains to be tried or told
 *   afterwards()                                       deliver.c, after the COMMIT, in transactions of its own
 *       lease: digests that are due are made, and up to NTF_BATCH deliveries are made messages, whose bytes are stored; what
 *       its recipient wants later, with others or not at all is put aside (prefer.h)      COMMIT
 *       each is written to the outbox folder; the folder is synced
 *       result: written, or when to try again                                            COMMIT
 *       with a mail server set (smtp/url) the message is stored for it instead of the file: dispatch.h; webhooks get
 *       theirs with the delivery row
 *   the timer "outbox"
 *       brings the engine's next transaction, in which flush() tells of the results
 *   owed_ms                                            service.c
 *       brings it too, NTF_SETTLE_MS after a dispatch was delivered or died. That it is to be told is on the disk with what
 *       came of the attempt: whoever is killed in between tells it at the next start
 *   the timer "remind"                                 remind.c
 *       makes the delivery rows of the reminders that are due
 *   the timer "escalate"                               escalate.c
 *       makes those for the next contact, of what nobody has got in time; what comes back of mails is in reach.h
 *                                                      unseen.h: what nobody gets is told to the secretariat
 *   the timer "ping"                                   ping.c
 *       asks recipients whether they are still the right ones
 *   a person with an address of its own
 *       is told what concerns it, by a row of its own that a lease makes           persons.h
 *
 * Failure modes
 *   crash before the lease's COMMIT     nothing happened; the row is still queued
 *   crash between lease and result      written again at the next start: the same bytes under the same name
 *   crash after the result              told of by flush() in the next transaction, which the timer brings
 *   outbox full, gone, read-only        the batch stops; tried again at growing intervals, for ever; not the notices'
 *                                       fault, so no notice is given up for it
 *   one file cannot be written          that delegation waits and tries again, others go on; after NTF_TRIES_MAX the
 *                                       notice is given up (failed), and gets another chance when the service starts
 *   nobody to write to                  the delegation's notices wait (no_recipient) until a contact or a recipient
 *                                       appears
 *   registration.private is behind      a decision that refers to contact data that has not come yet waits for it
 *                                       (awaiting_contact)
 *   scheduling.events is behind         a notice whose event or party has not been told of yet waits for it
 *                                       (awaiting_event)
 *
 * Invariants
 *   a notice is written only with the bytes that were committed before
 *   the notices of one delegation are written in the order in which they were made, but for those given up
 *   whenever a transaction ends with something left to try or to tell, the timer "outbox" is set, or owed_ms; with
 *   something to remind of, the timer "remind"
 *   what notifications.events says last of a notice is its arrival, or a transaction that says it is on its way
 */
#ifndef NOTIFICATIONS_NOTIFICATIONS_H
#define NOTIFICATIONS_NOTIFICATIONS_H

#include "convene/service.h"
#include "notifications/content/text.h"
#include "notifications/core_escalate.h"
#include "notifications/outbox.h"
#include "notifications/store.h"
#include "notifications/store_audience.h"
#include "notifications/store_escalate.h"
#include "notifications/store_moved.h"
#include "notifications/store_persons.h"
#include "notifications/store_ping.h"
#include "notifications/store_prefer.h"
#include "notifications/store_reach.h"
#include "notifications/store_reason.h"
#include "notifications/store_remind.h"

enum {
    NTF_BATCH = 64,         /* deliveries of one lease, count */
    NTF_ANNOUNCE_MAX = 512, /* notice records of one transaction, count */
    NTF_LIST_DEFAULT = 100, /* rows of a query's answer, count */
    NTF_LIST_MAX = 500,
    NTF_SETTLE_MS = 100,              /* after a transaction that made deliveries: when their results are told of */
    NTF_WAITING_MS = 5000,            /* how often deliveries that wait for another stream are looked at */
    NTF_ARENA_MAX = 64 * 1024 * 1024, /* memory of one lease */
    NTF_SCRATCH_MAX = 1024 * 1024,
};
#define NTF_DOMAIN "convene.invalid"

typedef struct ntf_post ntf_post_t;         /* dispatch.h */
typedef struct ntf_arrivals ntf_arrivals_t; /* store_arrival.h */

typedef struct {
    ntf_store_t *store;
    ntf_post_t *post;
    cv_db_t *db;
    ntf_reminders_t *reminders;
    ntf_audiences_t *audiences;
    ntf_prefers_t *prefers;
    ntf_arrivals_t *arrivals;
    ntf_reaches_t *reaches;
    ntf_movings_t *movings;
    ntf_watches_t *watches;
    ntf_pings_t *pings;
    ntf_persons_t *persons;
    ntf_reasons_t *reasons;
    cv_arena_t *arena;   /* of afterwards() */
    cv_arena_t *scratch; /* of what is ahead of one event */
    char outbox[NTF_OUTBOX_PATH_MAX];

    /* What may be missing from the database's picture; all true and 0 after open and rollback, which is always safe. */
    bool news;         /* there may be states that notifications.events does not have yet */
    bool work;         /* there may be deliveries to try */
    bool fresh;        /* this transaction brings some */
    bool scrub;        /* there may be notices to write anew without a name: scrub.c */
    int64_t timer_ms;  /* when the timer "outbox" is due; 0: not known */
    int64_t owed_ms;   /* when flush() is wanted though nothing comes; 0: not */
    bool ahead;        /* the timer "remind" may not be at what is due next */
    bool preferring;   /* somebody has preferences or hours; as of the last lease */
    bool watching;     /* the timer "escalate" may not be at what is to be looked at next */
    bool pinging;      /* the timer "ping" may not be at whose time comes next */
    bool more_persons; /* more notices have persons to be told than one lease took up: persons.h */
    bool anew;         /* what is ahead must be computed anew before anything of it is told: clock.h */
    /* Since when the service works: what was due before has had no chance yet. */
    ntf_began_t began;

    int64_t bounces[NTF_BACK_N];             /* what came back since the service was started */
    int64_t shown_webhook, shown_generation; /* whose secret the question at hand shows */

    int64_t outbox_not_before_ms; /* the folder took nothing: not tried again before */
    int64_t outbox_failures;      /* in a row */
} ntf_t;

/* A transaction brings something to try or to tell. */
void ntf_stir(ntf_t *ntf);
/* Where the outbox is; before ntf_service is opened. The runner does it by ntf_service.configure, tests directly.
 * CV_ELIMIT: the path is too long. */
int ntf_configure(const char *outbox_path) CV_USE_RESULT;
extern const cv_service_def_t ntf_service;

int ntf_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
int ntf_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data);
int ntf_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect);
int ntf_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect);
int ntf_afterwards(void *self, cv_db_t *db, int64_t now_ms, bool *ret_more);
/* compose.c. Makes the message of a delivery, into row->mail. CV_ENOTFOUND: nobody to write to. CV_EINVAL, CV_ELIMIT,
 * CV_EMALFORMED: it cannot be made a message. NTF_NOT_TOLD: not yet, its event or party has not been told of. */
enum { NTF_NOT_TOLD = 1 };
int ntf_compose(ntf_t *ntf, ntf_delivery_t *row) CV_USE_RESULT;
/* The same to that one, whoever it is to now: persons.h. */
int ntf_compose_to(ntf_t *ntf, ntf_delivery_t *row, const ntf_recipient_t *recipient) CV_USE_RESULT;
/* What a delivery, with its data, says first, in English; in the arena. CV_ENOTFOUND: what it was made from is not known, or
 * not kept. */
int ntf_headline_of(ntf_t *ntf, const ntf_delivery_t *row, cv_arena_t *arena, cv_str_t *ret_headline) CV_USE_RESULT;
/* Whom a delivery is for. CV_ENOTFOUND: nobody now. */
int ntf_whom(ntf_t *ntf, const ntf_delivery_t *row, ntf_recipient_t *ret_recipient) CV_USE_RESULT;
/* scrub.c. Persons are forgotten, in the transaction at hand; event absent: perhaps any. */
int ntf_forget(ntf_t *ntf, cv_tx_t *tx, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* What was written with their names, after the transaction. *ret_more: there is more. */
int ntf_scrub(ntf_t *ntf, cv_db_t *db, bool *ret_more) CV_USE_RESULT;

/* events.c. One delivery for one delegation, or another party: audience.h. data: absent for changes. calendar: NTF_CALENDAR_*
 * of its calendar part. */
typedef struct {
    int kind;
    cv_str_t notice; /* absent: made from the cause */
    cv_str_t cause, event, party;
    int64_t time_ms;
    uint64_t private_seq;
    cv_str_t data;
    int calendar;
    int64_t deadline_ms; /* until when something can be done; 0: there is no such instant */
    bool is_second;      /* made again, for the next contact: escalate.h */
    int audience;        /* NTF_TO_*: as what the party is told; NTF_TO_NONE: as its kind has it */
} ntf_telling_t;
int ntf_tell(ntf_t *ntf, cv_tx_t *tx, const ntf_telling_t *telling) CV_USE_RESULT;

/* remind.c. What is ahead of an event or a procedure as it stands now; nothing, once it is over or off. */
int ntf_remind_event(ntf_t *ntf, cv_tx_t *tx, const cv_scheduling_event_v1_t *event) CV_USE_RESULT;
int ntf_remind_procedure(ntf_t *ntf, cv_tx_t *tx, const cv_scheduling_decision_v1_t *procedure) CV_USE_RESULT;
/* A record of a decision: members are told of each step of a silence procedure. */
int ntf_procedure(ntf_t *ntf, cv_tx_t *tx, const cv_msg_t *msg,
                  const cv_scheduling_decision_v1_t *procedure) CV_USE_RESULT;
/* All of it anew: zones may have changed since. */
int ntf_remind_all(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* Sends what is due. */
int ntf_remind_due(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* Keeps the invariant that the timer "remind" is at what is due next. */
int ntf_remind_timer(ntf_t *ntf, cv_tx_t *tx) CV_USE_RESULT;
/* As many numbers, with a space between them. CV_EMALFORMED: they are not. */
int ntf_numbers_read(cv_str_t line, size_t n, int64_t *ret_numbers) CV_USE_RESULT;
/* The data of a reminder's delivery. */
int ntf_ahead_read(cv_str_t data, ntf_ahead_t *ret_ahead, cv_str_t *ret_procedure) CV_USE_RESULT;

/* Message data as it was stored, to a struct of that type (number: CV_MSG_*) in the arena. CV_ECORRUPT: it is not. */
int ntf_decode(uint16_t number, cv_str_t data, cv_arena_t *arena, const void **ret_struct) CV_USE_RESULT;
/* The record of a decision, a promotion or a lapse (kind) as it was stored, in the arena, and the persons that it names; those
 * of a request that was refused change nothing, and are none. CV_ECORRUPT. */
typedef struct {
    const cv_registration_decided_v1_t *decided; /* of the three the one of its kind */
    const cv_registration_promoted_v1_t *promoted;
    const cv_registration_lapsed_v1_t *lapsed;
    const cv_person_place_t *persons;
    size_t persons_n;
} ntf_said_record_t;
int ntf_record_read(int kind, cv_str_t data, cv_arena_t *arena, ntf_said_record_t *ret_record) CV_USE_RESULT;
cv_notice_kind_t ntf_notice_kind(int kind);      /* of NTF_DECISION, ... */
int ntf_notice_kind_read(cv_notice_kind_t word); /* the other way; 0: absent */
/* A delivery as the record that others see. subject: "EVENT/PARTY", in the arena. */
int ntf_notice_of(ntf_t *ntf, const ntf_delivery_t *delivery, cv_arena_t *arena,
                  cv_notifications_notice_v1_t *ret_notice, cv_str_t *ret_subject) CV_USE_RESULT;

#endif
