/* store: all SQL of the notifications service.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Projections, rebuilt from the followed streams:
 *   ntf_event, ntf_venue, ntf_party    scheduling.events: what a notice says about an event
 *   ntf_answer                         registration.events: who is registered, and since which version of the event
 *   ntf_contact, ntf_person            registration.private: whom to write to, names of the own delegation, addresses of
 *                                      persons (store_persons.h)
 * Owned here:
 *   ntf_recipient   whom to write to when a delegation named nobody
 *   ntf_change      each material change of an event, with the version before and the new one
 *   ntf_delivery    one row per notice, for ever: its UNIQUE id is what makes a second one impossible
 *
 * Event states and decisions are kept as the data they came with (MessagePack) and decoded when a notice is written.
 *
 * A delivery's life:
 *
 *                  +--- hold 1 no_recipient ---+   a contact or recipient appears
 *                  v                           |
 *   (record) -> queued, hold 0 ---- lease ---- written
 *                  ^       |          |
 *   hold 2 --------+       |          +-- try failed: queued again, next_ms later; too often: failed
 *   awaiting_contact       +-- cannot be made a message: failed
 *   hold 3                 +-- its event or its party has not been told of yet: hold 3
 *   awaiting_event
 *
 * Hold 4 and 5 are of what waits as its recipient asked, for a digest or for the end of quiet hours: store_prefer.h. They
 * alone do not keep back those behind them in their lane.
 *
 * Two streams come at their own pace: a decision about an event can be here before the event is. Its notice would have
 * no title and no date, so it waits (hold 3) until scheduling.events has told of the event and of the party.
 *
 * What a notice waits for (hold 2) is a place in registration.private: the number that the decision names, in the epoch
 * of the decision's own record, for the streams of a service begin an epoch together. Numbers of two epochs say nothing
 * about each other, so the notice goes when
 *
 *   the cursor of registration.private is in that epoch and not below that number, or
 *   it is in another epoch and the cursor of registration.events is there too: both have arrived in a history after the
 *   one of the decision, and what it waited for is in the contact data by now or was lost with that history
 *
 * While only one of the two has come to a new epoch, the notice waits: the other follows within an answer's time.
 *
 * A lane is the queued deliveries of one delegation (event, party), or of one of its persons (event, party, person): they
 * leave in the order of n, and no lane waits for another.
 */
#ifndef NOTIFICATIONS_STORE_H
#define NOTIFICATIONS_STORE_H

#include "convene/messages.h"
#include "convene/store.h"
#include "notifications/core_audience.h"

extern const char ntf_tables_1[], ntf_tables_2[], ntf_tables_3[], ntf_tables_language[],
    ntf_tables_waiting[]; /* the migrations */

enum { NTF_QUEUED = 1, NTF_WRITTEN = 2, NTF_FAILED = 3 };                          /* ntf_delivery.state */
enum { NTF_DECISION = 1, NTF_PROMOTION = 2, NTF_EVENT_CHANGE = 3, NTF_LAPSE = 4 }; /* ntf_delivery.kind */
enum {
    NTF_REMINDER = 5,
    NTF_SILENCE = 6,
    NTF_DIGEST = 7,
    NTF_CONTACT_PING = 8,
    NTF_UNSEEN = 9,
    NTF_OPENING = 10,
    NTF_KINDS_END
}; /* ntf_delivery.topic: kinds that came later, see store_remind.h */
enum { NTF_HOLD_NONE = 0, NTF_HOLD_RECIPIENT = 1, NTF_HOLD_PRIVATE = 2, NTF_HOLD_EVENT = 3 };   /* ntf_delivery.hold */
enum { NTF_ANSWER_NONE = 0, NTF_ANSWER_REGISTERED, NTF_ANSWER_DECLINED, NTF_ANSWER_WITHDRAWN }; /* ntf_answer.answer */

enum {
    NTF_PLACE_ANOTHERS = -1,
    NTF_PLACE_LEAVES = -2,
    NTF_PLACE_SAME_ADDRESS = -3,
    NTF_PLACE_HAS_LEFT = -4
}; /* ntf_delivery.place: store_persons.h */

typedef struct ntf_store ntf_store_t;
int ntf_store_open(cv_db_t *db, ntf_store_t **ret_store) CV_USE_RESULT;
void ntf_store_close(ntf_store_t **store);

/* ---- projections ---- */
int ntf_store_event_put(ntf_store_t *store, cv_str_t event, int64_t version, int64_t time_ms,
                        cv_str_t data) CV_USE_RESULT;
/* CV_ENOTFOUND. data is copied to the arena. */
int ntf_store_event_get(ntf_store_t *store, cv_str_t event, cv_arena_t *arena, cv_str_t *ret_data) CV_USE_RESULT;
int ntf_store_venue_put(ntf_store_t *store, cv_str_t code, cv_str_t name) CV_USE_RESULT;
int ntf_store_party_put(ntf_store_t *store, const cv_party_t *party) CV_USE_RESULT;
/* Names; absent when not known. */
int ntf_store_names_get(ntf_store_t *store, cv_str_t venue, cv_str_t party, cv_arena_t *arena, cv_str_t *ret_venue,
                        cv_str_t *ret_party) CV_USE_RESULT;
/* CV_PARTY_ANSWER_ABSENT and 0 when there is none. */
int ntf_store_answer_get(ntf_store_t *store, cv_str_t event, cv_str_t party, cv_party_answer_t *ret_answer,
                         int64_t *ret_since) CV_USE_RESULT;
int ntf_store_answer_put(ntf_store_t *store, cv_str_t event, cv_str_t party, cv_party_answer_t answer,
                         int64_t since) CV_USE_RESULT;
/* The version of the event that is known here; 0: none. */
int ntf_store_event_version(ntf_store_t *store, cv_str_t event, int64_t *ret_version) CV_USE_RESULT;
/* The event is at this version, and what was above it is void: see core.h. */
int ntf_store_versions_end(ntf_store_t *store, cv_str_t event, int64_t version) CV_USE_RESULT;
/* Parties with this answer for the event, and the version under which they gave it. */
typedef struct {
    cv_str_t party;
    int64_t since;
} ntf_answered_t;
int ntf_store_answered(ntf_store_t *store, cv_str_t event, cv_party_answer_t answer, cv_arena_t *arena,
                       ntf_answered_t **ret_answered, size_t *ret_n) CV_USE_RESULT;
int ntf_store_contact_put(ntf_store_t *store, cv_str_t event, cv_str_t party,
                          const cv_contact_t *contact) CV_USE_RESULT;
int ntf_store_person_put(ntf_store_t *store, cv_str_t event, cv_str_t party,
                         const cv_person_private_t *person) CV_USE_RESULT;
/* Nothing of these persons is kept, and what was composed for the delegation is composed anew: see scrub.c. */
int ntf_store_person_drop(ntf_store_t *store, cv_str_t event, cv_str_t party, int64_t number) CV_USE_RESULT;
int ntf_store_contact_drop(ntf_store_t *store, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* event absent: of all delegations. */
int ntf_store_scrub(ntf_store_t *store, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* Empties what was built from this stream. */
int ntf_store_forget(ntf_store_t *store, const char *stream) CV_USE_RESULT;

/* ---- recipients ---- */
int ntf_store_recipient_put(ntf_store_t *store, const cv_recipient_t *recipient) CV_USE_RESULT;
/* At most max rows behind (party, order) in that order. party absent: all parties. */
int ntf_store_recipients(ntf_store_t *store, cv_str_t party, cv_str_t after_party, int64_t after_order,
                         cv_arena_t *arena, size_t max, cv_recipient_t *ret_recipients, size_t *ret_n) CV_USE_RESULT;

/* ---- changes ---- */
int ntf_store_change_put(ntf_store_t *store, cv_str_t cause, cv_str_t event, int64_t version, int64_t time_ms,
                         cv_str_t was, cv_str_t now) CV_USE_RESULT;
/* Changes that made versions of the event above `since`, in the order of these. */
typedef struct {
    cv_str_t cause;
    int64_t version, time_ms;
} ntf_change_t;
int ntf_store_changes(ntf_store_t *store, cv_str_t event, int64_t since, cv_arena_t *arena, ntf_change_t **ret_changes,
                      size_t *ret_n) CV_USE_RESULT;
int ntf_store_change_get(ntf_store_t *store, cv_str_t cause, cv_arena_t *arena, cv_str_t *ret_was,
                         cv_str_t *ret_now) CV_USE_RESULT;

/* ---- deliveries ---- */
typedef struct {
    int64_t n;       /* order of creation, from 1 */
    cv_str_t notice; /* the stable id */
    int kind;        /* NTF_DECISION, ... */
    cv_str_t cause, event, party;
    int64_t time_ms;              /* of the record */
    uint64_t private_seq;         /* registration.private must have been applied up to here; 0: does not matter */
    const uint8_t *private_epoch; /* in this epoch; only for _add. NULL: in whichever there is */
    cv_str_t data; /* the record's data; absent for changes (they are in ntf_change). Only ntf_store_ready */
    cv_str_t mail; /* and _add give it. mail: as it was frozen before the first try; else absent */
    int state, hold;
    int64_t attempts, failures, next_ms;
    cv_str_t reason;   /* why the last try failed; else absent */
    int channel;       /* 1: the outbox; NTF_EMAIL: it was handed to the mail server's queue */
    int64_t digest;    /* how it leaves: see store_prefer.h */
    cv_str_t to;       /* whom its message is to; only after ntf_compose */
    int above;         /* for those behind this order alone: escalate.h, audience.h; -1: for all */
    int audience;      /* NTF_TO_*: as what the party is told; NTF_TO_NONE: as its kind has it */
    int64_t announced; /* what was told of it last, as arrival; 0: nothing. Only after ntf_store_unannounced */
    int64_t arrival;   /* how far it has come with its dispatches: store_arrival.h */
    int64_t person;    /* the number of whom it is to: persons.h; 0: the delegation */
    int place;         /* of the person, when it was made, or NTF_PLACE_*: store_persons.h */
} ntf_delivery_t;

/* Does it tell who had a person's number before that another has it? */
static inline bool ntf_is_to_leaver(int place)
{
    return place == NTF_PLACE_LEAVES || place == NTF_PLACE_HAS_LEFT;
}

/* Is it for whoever comes next in the party's order? Others that are for one contact alone say so in `above` too. */
static inline bool ntf_is_second(const ntf_delivery_t *row)
{
    bool is_other = row->kind == NTF_CONTACT_PING || row->kind == NTF_UNSEEN || ntf_audience_is_office(row->audience);
    return row->above >= 0 && !is_other;
}

/* Makes the row, unless a delivery of this notice is there already. */
int ntf_store_delivery_add(ntf_store_t *store, const ntf_delivery_t *delivery) CV_USE_RESULT;
/* Lets go what waits for contact data, an event or a party that has come by now. */
int ntf_store_release(ntf_store_t *store) CV_USE_RESULT;
/* One delivery waits, for hold. For somebody to write to, one that is for the next contacts alone (above) keeps back
 * nothing behind it: those before them can be written to. */
int ntf_store_hold(ntf_store_t *store, int64_t n, int hold) CV_USE_RESULT;
/* Lets go what waits for somebody to write to. event absent: at all events of the party. */
int ntf_store_release_recipient(ntf_store_t *store, cv_str_t event, cv_str_t party) CV_USE_RESULT;
/* All queued deliveries of the row's lane wait for somebody to write to; *ret_n: how many. */
int ntf_store_hold_lane(ntf_store_t *store, const ntf_delivery_t *row, cv_db_t *db, int *ret_n) CV_USE_RESULT;

/* The next deliveries to try, in order of n: everything that is due and has nothing undue before it in its lane.
 * Copied to the arena. */
int ntf_store_ready(ntf_store_t *store, int64_t now_ms, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                    size_t *ret_n) CV_USE_RESULT;
enum {
    NTF_ORDER_CONTACT = 0
}; /* of whom a delegation names for one event; those behind it are the party's recipients */
typedef struct {
    int order;            /* NTF_ORDER_CONTACT: the delegation's contact */
    cv_str_t name, email; /* name absent: cannot stand in a message */
    cv_str_t language;    /* as it was asked for; absent: none was */
} ntf_recipient_t;
/* Whom to write to: the delegation's contact, else the party's recipient with the lowest order. Those whose address
 * cannot be used are passed over, and those up to the order `above` (-1: none are). CV_ENOTFOUND: nobody. */
int ntf_store_recipient_for(ntf_store_t *store, cv_str_t event, cv_str_t party, int above, cv_arena_t *arena,
                            ntf_recipient_t *ret_recipient) CV_USE_RESULT;
/* Name of one person of the delegation; absent when not known. */
int ntf_store_person_get(ntf_store_t *store, cv_str_t event, cv_str_t party, int64_t number, cv_arena_t *arena,
                         cv_str_t *ret_name) CV_USE_RESULT;
/* The lease: freezes the message before the first try. */
int ntf_store_lease(ntf_store_t *store, int64_t n, int64_t now_ms, cv_str_t mail) CV_USE_RESULT;
int ntf_store_written(ntf_store_t *store, int64_t n) CV_USE_RESULT;
int ntf_store_handed(ntf_store_t *store, int64_t n) CV_USE_RESULT; /* to the mail server's queue: store_dispatch.h */
/* With data and mail. CV_ENOTFOUND. */
int ntf_store_delivery_get(ntf_store_t *store, int64_t n, cv_arena_t *arena,
                           ntf_delivery_t *ret_delivery) CV_USE_RESULT;
int ntf_store_failed(ntf_store_t *store, const ntf_delivery_t *row, const char *reason) CV_USE_RESULT;
/* Tried in vain: again at next_ms, and those behind it not before. at_fault: the failure is this notice's own and
 * counts. */
int ntf_store_again(ntf_store_t *store, const ntf_delivery_t *row, bool at_fault, int64_t next_ms,
                    const char *reason) CV_USE_RESULT;

/* The next notices that were written and must be looked at, behind `after`; with data. */
int ntf_store_scrubs(ntf_store_t *store, int64_t after, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                     size_t *ret_n) CV_USE_RESULT;
int ntf_store_scrubbed(ntf_store_t *store, int64_t n) CV_USE_RESULT;
/* Deliveries whose arrival is not yet in notifications.events, in order of n. */
int ntf_store_unannounced(ntf_store_t *store, cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries,
                          size_t *ret_n) CV_USE_RESULT;
int ntf_store_announced(ntf_store_t *store, int64_t n, int64_t arrival) CV_USE_RESULT;

/* When work is due next: *ret_due_ms of the earliest delivery that may be tried (0: at once); CV_ENOTFOUND: none.
 * *ret_waiting: some wait for what another stream has to tell. */
int ntf_store_next_due(ntf_store_t *store, int64_t *ret_due_ms, bool *ret_waiting) CV_USE_RESULT;

typedef enum {
    NTF_LIST_ALL,
    NTF_LIST_EVENT,
    NTF_LIST_LANE, /* event and party */
    NTF_LIST_PARTY,
    NTF_LIST_UNFINISHED, /* queued and failed */
    NTF_LIST_PENDING,    /* these, dead, and on their way: all that have not ended well */
    NTF_LIST_HELD,       /* queued, with this hold */
    NTF_LIST_FAILED,
} ntf_list_t;
/* At most max rows behind n = after, in order of n. */
int ntf_store_list(ntf_store_t *store, ntf_list_t list, cv_str_t event, cv_str_t party, int hold, int64_t after,
                   cv_arena_t *arena, size_t max, ntf_delivery_t *ret_deliveries, size_t *ret_n) CV_USE_RESULT;

#endif
