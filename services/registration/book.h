/* book: what registration keeps in memory: events, parties, delegations and their counters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A decision needs one event, one party and one delegation; all are found by hash and changed in memory. What changed
 * is written once per batch (store.c), so a thousand registrations for one event cost one UPDATE of its counters.
 * Persons are not kept here but for their numbers and a hash of their names (the roster), which is read from the
 * database when a delegation is first asked for and can be dropped at any time.
 *
 * The database is the truth: after a rollback the book is emptied and loaded again.
 */
#ifndef CONVENE_REGISTRATION_BOOK_H
#define CONVENE_REGISTRATION_BOOK_H

#include "convene/ids.h"
#include "convene/messages.h"
#include "convene/principal.h"
#include "registration/core.h"
#include "registration/form.h"

enum {
    REG_EVENTS_MAX = 65536,
    REG_PARTIES_MAX = 4096,
    REG_DELEGATIONS_MAX = 4 * 1024 * 1024,
    REG_ROSTERS_MAX = 8 * 1024 * 1024, /* persons in all rosters; beyond it all are dropped and read again as needed */
    REG_EVENT_ID_MAX = 64,
    REG_TITLE_MAX = 200,
    REG_SOURCE_MAX = 128,
    REG_PRINCIPALS_MAX = 65536,
    REG_QUOTAS_MAX = CV_REGISTRATION_RULES_QUOTAS_MAX,
};

/* Counters of an event, of the parties at it and of capacities at it stand side by side in the store: row number of the
 * event, then 0, the row number of the party, REG_TALLY_ROLE + capacity, or REG_TALLY_OPTION + option. */
enum { REG_TALLY_BITS = 13, REG_TALLY_ROLE = REG_PARTIES_MAX + 1, REG_TALLY_OPTION = REG_TALLY_ROLE + REG_ROLES };
_Static_assert(REG_TALLY_OPTION + REG_OPTIONS <= 1 << REG_TALLY_BITS,
               "parties, capacities, options fit beside each other");
static inline int64_t reg_tally_id(int64_t event_row, int64_t of)
{
    return event_row << REG_TALLY_BITS | of;
}

typedef struct {
    int64_t row;
    uint64_t hash;
    bool known; /* scheduling has told us of it, and no snapshot has begun since without it */
    char code[CV_PARTY_MAX + 1];
    unsigned kind;
} reg_party_t;

typedef struct {
    char party[CV_PARTY_MAX + 1];
    int32_t guaranteed, maximum;
} reg_quota_t;

typedef struct reg_delegation reg_delegation_t;

typedef struct reg_event {
    int64_t row;
    uint64_t hash;
    bool known;
    char code[REG_EVENT_ID_MAX + 1];
    char title[REG_TITLE_MAX + 1];
    char source[REG_SOURCE_MAX + 1]; /* id of the scheduling record this rests on */
    int64_t version;
    /* rules */
    reg_terms_t terms;
    reg_group_t group;
    int32_t guaranteed, maximum; /* of parties without a quota of their own */
    int64_t release_ms;          /* 0: never */
    bool released;
    cv_approval_rule_t approval; /* absent: nobody has to approve */
    bool approval_again;
    int64_t offer_ms; /* how long an offer holds; 0: who moves up has the seat at once */
    reg_quota_t *quotas;
    size_t quotas_n;
    reg_form_t *form; /* NULL: nothing is asked */
    /* what was given */
    reg_seats_t seats;
    int32_t registered, declined; /* parties by answer */
    reg_delegation_t *delegations;
    /* to be written */
    struct reg_event *next_dirty;
    bool is_dirty;
    int64_t ends_ms;    /* the first instant after its last day, everywhere on Earth; 0: not known to the day */
    int32_t purge_days; /* 0: the service's own */
    int32_t stored_roles[REG_ROLES];     /* role_confirmed as it was last written; -1: write in any case */
    int32_t stored_options[REG_OPTIONS]; /* the same of what is taken of each option */
} reg_event_t;

typedef struct {
    bool loaded;
    uint32_t n, room;
    int64_t *id;    /* rows, in order of number */
    uint64_t *name; /* hash of the name; 0: withdrawn */
    uint16_t *number;
    uint32_t *slots; /* 2 * room, by name: index + 1; withdrawn persons stay and match nothing */
} reg_roster_t;

typedef struct reg_exception {
    struct reg_exception *next;
    cv_exception_kind_t what;
    int64_t until_ms;
    char request[CV_UUID_TEXT + 1]; /* that granted it */
} reg_exception_t;

struct reg_delegation {
    int64_t row;  /* reg_tally_id() of event and party */
    size_t index; /* delegations of the book are numbered from 0 */
    uint64_t hash;
    char subject[REG_EVENT_ID_MAX + CV_PARTY_MAX + 2]; /* "EVENT/PARTY" */
    reg_event_t *event;
    reg_party_t *party;
    reg_delegation_t *next_of_event;
    reg_share_t share;
    reg_answer_t answer;
    int64_t since;       /* version of the event when the answer became what it is; 0: not known */
    int32_t numbers;     /* the last number given to a person */
    int64_t last_person; /* row of the last person; each names the one before, so a delegation needs no index */
    int64_t requests;
    uint64_t private_seq;
    int64_t contact_key; /* of the secret of who answers for it; 0: none */
    reg_lane_t *lanes;
    reg_exception_t *exceptions; /* at most one of a kind, the newest */
    reg_roster_t roster;
    reg_delegation_t *next_dirty;
    bool is_dirty;
};

/* Open addressing, linear probing; the rest of a run closes up when one is taken out. */
typedef struct {
    void **slots;
    uint64_t *hashes;
    size_t n, room; /* room: a power of two, or 0 */
} reg_index_t;

typedef struct {
    reg_index_t events, parties, delegations;
    reg_event_t **event_list;
    reg_party_t **party_list;
    size_t events_n, parties_n, delegations_n;
    int64_t next_event, next_party, next_person;           /* rows */
    size_t rostered;                                       /* persons in all rosters */
    char (*principals)[CV_NAME_MAX + 1];                   /* of those who asked; row i + 1 */
    size_t principals_n, principals_room, principals_last; /* last: index of who was looked for last */
    reg_lane_t *spare_lanes;
    reg_event_t *dirty_events;
    reg_delegation_t *dirty_delegations;
} reg_book_t;

void reg_book_clear(reg_book_t *book);

reg_event_t *reg_book_event(const reg_book_t *book, cv_str_t code);
reg_party_t *reg_book_party(const reg_book_t *book, cv_str_t code);
reg_delegation_t *reg_delegation_at(const reg_event_t *event, int64_t row); /* NULL: none of the event has it */
reg_delegation_t *reg_book_delegation(const reg_book_t *book, const reg_event_t *event, const reg_party_t *party);
/* CV_ELIMIT over the named maximum, CV_ENOMEM. The row is the caller's: next_* or what was loaded. */
int reg_book_add_event(reg_book_t *book, int64_t row, cv_str_t code, reg_event_t **ret_event) CV_USE_RESULT;
int reg_book_add_party(reg_book_t *book, int64_t row, cv_str_t code, reg_party_t **ret_party) CV_USE_RESULT;
int reg_book_add_delegation(reg_book_t *book, reg_event_t *event, reg_party_t *party,
                            reg_delegation_t **ret_delegation) CV_USE_RESULT;

/* Takes the newest delegation of all out again; it is the first in its event's list. */
void reg_book_drop_newest(reg_book_t *book, reg_event_t *event);

/* NULL: none. */
const reg_exception_t *reg_book_exception(const reg_delegation_t *delegation, cv_exception_kind_t what);
int reg_book_except(reg_delegation_t *delegation, const reg_exception_t *exception) CV_USE_RESULT;

void reg_book_touch_event(reg_book_t *book, reg_event_t *event);
void reg_book_touch(reg_book_t *book, reg_delegation_t *delegation); /* and its event */

/* Guarantee and maximum of a party at an event as the rules are now; 0 and 0 if it is not invited. */
void reg_book_entitlement(const reg_event_t *event, const reg_party_t *party, int32_t *ret_guaranteed,
                          int32_t *ret_maximum);
/* After the rules of an event, the release or who is known have changed: shares of all parties, and the sum held. */
void reg_book_reprice(reg_book_t *book, reg_event_t *event);

/* The option of this name, made when it is the first time: then *ret_is_new, and nothing limits it yet. CV_ELIMIT. */
int reg_book_option(reg_event_t *event, cv_str_t name, unsigned *ret_option, bool *ret_is_new) CV_USE_RESULT;

/* The form of an event, instead of the one before. Options that it is the first to name are made, without a limit yet.
 */
int reg_book_form(reg_event_t *event, const cv_scheduling_form_v1_t *record) CV_USE_RESULT;

/* The row of a principal; 0: not there. */
int64_t reg_book_principal(reg_book_t *book, const char *name);
int reg_book_add_principal(reg_book_t *book, const char *name) CV_USE_RESULT;

/* Rosters: roster.c. */
uint64_t reg_hash_text(cv_str_t text);
void reg_roster_drop(reg_roster_t *roster);
uint64_t reg_name_hash(cv_str_t name); /* never 0 */
int reg_roster_add(reg_book_t *book, reg_delegation_t *delegation, int64_t id, unsigned number,
                   uint64_t name) CV_USE_RESULT;
/* The person at this index is called otherwise, or is withdrawn (0). */
void reg_roster_rename(reg_roster_t *roster, uint32_t index, uint64_t name);
void reg_roster_drop_all(reg_book_t *book);
void reg_roster_forget(reg_book_t *book, reg_delegation_t *delegation); /* read again when it is next asked for */
/* Index of a number; roster.n: not there. */
uint32_t reg_roster_find(const reg_roster_t *roster, int64_t number);
/* The next index with this hash of a name; *at is 0 at first. roster.n: no more. */
uint32_t reg_roster_named(const reg_roster_t *roster, uint64_t name, uint32_t *at);
void reg_roster_reverse(reg_roster_t *roster);

/* Lanes: see core.h. */
reg_lane_t *reg_lane_find(const reg_delegation_t *delegation, int64_t key);
int reg_lane_open(reg_book_t *book, reg_delegation_t *delegation, const reg_need_t *need, int64_t head) CV_USE_RESULT;
void reg_lane_close(reg_book_t *book, reg_lane_t *lane);

#endif
