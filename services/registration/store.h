/* store: all the SQL of registration.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   party, event, quota, role_limit,  what scheduling has told (the projection); event_option: choices with places of
 *   event_option, form               their own, numbered for good
 *   tally                            counters: one row per event, per party that has asked for something at it (a
 *                                    delegation), per capacity of persons and per option; those of one event stand side
 *                                    by side, so a decision changes one page of them (the id: reg_tally_id)
 *   contact                          who answers for a delegation; sealed
 *   person                           one row per person ever accepted; withdrawn persons stay; name and address sealed
 *   change                           one row per change of a person after it was registered, with what was before;
 *                                    sealed
 *   secret                           what opens the sealed ones, together with the master key; see vault.h
 *   vault                            how the master key that belongs to this database is known
 *   exception                        what was granted to a party at an event, the newest last
 *   proposal                         a change of a person that has to be approved first
 *   offer                            seats that are kept for a unit until it accepts, and until when
 *   principal                        names of those who asked, which the others refer to by number
 *
 * One registration adds one row to person, whose rows only ever go to the end of the table. The rows of a batch gather
 * in memory and are written at its end, counters and persons with one statement each. There is no index by delegation:
 * each row names the delegation's person before it, so the persons of one delegation are a chain that begins at its
 * last_person. The only index is partial and holds those who wait, by delegation and lane, in order of arrival.
 */
#ifndef CONVENE_REGISTRATION_STORE_H
#define CONVENE_REGISTRATION_STORE_H

#include "convene/seal.h"
#include "convene/service.h"
#include "registration/book.h"

typedef struct reg_store reg_store_t;

enum { REG_MIGRATIONS = 10 };
extern const char *const reg_migrations[REG_MIGRATIONS];

int reg_store_open(cv_db_t *db, reg_store_t **ret_store) CV_USE_RESULT;
void reg_store_close(reg_store_t **store);

void reg_store_forget(reg_store_t *store); /* after a rollback: what was not written yet */
/* Before anything is written: where random octets and memory of this batch come from. */
void reg_store_begin(reg_store_t *store, cv_tx_t *tx);

/* Everything into an empty book. */
int reg_store_load(reg_store_t *store, reg_book_t *book) CV_USE_RESULT;
/* Counts the persons and compares with the counters in the book: CV_ECORRUPT when they differ. */
int reg_store_check(reg_store_t *store, const reg_book_t *book) CV_USE_RESULT;
/* Writes the counters of all that was touched. */
int reg_store_flush(reg_store_t *store, reg_book_t *book) CV_USE_RESULT;

int reg_store_party_add(reg_store_t *store, const reg_party_t *party) CV_USE_RESULT;
int reg_store_party_set(reg_store_t *store, const reg_party_t *party, cv_str_t name) CV_USE_RESULT;
int reg_store_event_add(reg_store_t *store, const reg_event_t *event) CV_USE_RESULT;
int reg_store_event_set(reg_store_t *store, reg_event_t *event) CV_USE_RESULT; /* rules, quotas, limits and counters */
int reg_store_option_set(reg_store_t *store, const reg_event_t *event, unsigned option) CV_USE_RESULT;
/* The form of an event as scheduling told it. */
int reg_store_form_set(reg_store_t *store, const reg_event_t *event, const cv_scheduling_form_v1_t *form) CV_USE_RESULT;
int reg_store_form_drop(reg_store_t *store, const reg_event_t *event) CV_USE_RESULT;
int reg_store_unknown(reg_store_t *store) CV_USE_RESULT; /* no event and no party is known */
/* key: a secret's number. *ret_sealed: in the batch's arena. */
int reg_store_contact_set(reg_store_t *store, int64_t delegation, int64_t key, const cv_contact_t *contact,
                          cv_str_t *ret_sealed) CV_USE_RESULT;

enum { REG_REASON_TEXT = 2001 };
enum { REG_PERSON_TEXT = 4640 }; /* octets of a name (200), an address (254) and answers (4096) together, and some */
/* CV_ENOTFOUND: none, or erased. The views point into text. */
int reg_store_contact_get(reg_store_t *store, int64_t delegation, char text[REG_PERSON_TEXT],
                          cv_contact_t *ret_contact) CV_USE_RESULT;

typedef struct {
    int64_t id, delegation, previous; /* previous: 0: the first */
    int64_t unit, lane;               /* of those who wait; offered: unit; under review: lane, the step; else 0 */
    int64_t at_ms, by;                /* when it was registered, and by whom: row of a principal */
    unsigned number, role;
    reg_state_t state;
    bool online;
    cv_str_t name, email; /* absent: erased */
    cv_str_t answers;     /* as cv_form_answer_pack makes them */
    reg_options_t options;
    bool is_erased;
    int64_t key;     /* number of the secret that opens them */
    cv_str_t sealed; /* name, email and answers as they are stored; in the batch's arena */
} reg_person_t;
/* A row at the end of the batch, or before the table is next read. Makes the person's secret, whose number is the
 * person's row, and fills in key and sealed. */
int reg_store_person_add(reg_store_t *store, reg_person_t *person) CV_USE_RESULT;
/* name, email and answers point into text; text NULL: left out, and sealed too. CV_ECORRUPT: no such row. */
int reg_store_person_get(reg_store_t *store, int64_t id, char text[REG_PERSON_TEXT],
                         reg_person_t *ret_person) CV_USE_RESULT;
int reg_store_person_move(reg_store_t *store, int64_t id, reg_state_t state, int64_t unit, int64_t lane) CV_USE_RESULT;
/* Everything of a person that can change: state, unit, lane, role, online, name, email, answers, options, key. Fills in
 * sealed. */
int reg_store_person_set(reg_store_t *store, reg_person_t *person) CV_USE_RESULT;

/* store_vault.c: the secrets. See vault.h. */
/* A new one. Numbers rise: they are book->next_person's. */
int reg_store_key_add(reg_store_t *store, int64_t key) CV_USE_RESULT;
/* What was sealed as a name, an address and answers. CV_ENOTFOUND: nobody can open it any more. The views point into
 * text. */
int reg_store_unseal(reg_store_t *store, int64_t key, bool contact, cv_str_t sealed, char text[REG_PERSON_TEXT],
                     cv_str_t *ret_name, cv_str_t *ret_email, cv_str_t *ret_answers) CV_USE_RESULT;
/* Destroys everything that was ever sealed for this person, and for whoever had its number before. */
int reg_store_person_erase(reg_store_t *store, int64_t person) CV_USE_RESULT;
int reg_store_contact_erase(reg_store_t *store, int64_t delegation, int64_t key) CV_USE_RESULT;
/* Whether this is the master key of this database; the first one becomes it. CV_EDENIED: it is another's. */
int reg_store_master(reg_store_t *store, const cv_seal_key_t *master) CV_USE_RESULT;
int reg_store_has_master(reg_store_t *store, bool *ret_has) CV_USE_RESULT; /* one has become it before */
/* Tables that are not sealed yet become so. *ret_any: there was something in them. */
int reg_store_seal_old(reg_store_t *store, reg_book_t *book, bool *ret_any) CV_USE_RESULT;
int reg_store_roster(reg_store_t *store, reg_book_t *book, reg_delegation_t *delegation) CV_USE_RESULT;

/* store_change.c: history. Who does something, when, in which request and why. */
typedef struct {
    int64_t at_ms, by; /* by: row of a principal; 0: the service itself */
    cv_str_t request, reason;
} reg_note_t;
/* Keeps what is true of a person now, before it is changed. */
int reg_store_note(reg_store_t *store, int64_t person, const reg_note_t *note, cv_person_change_t what) CV_USE_RESULT;
/* A person as stored, in the batch's arena. CV_ENOTFOUND: erased. */
int reg_store_person_sealed(reg_store_t *store, int64_t id, cv_str_t *ret_sealed) CV_USE_RESULT;
/* A reason, sealed with a person's key, in the batch's arena; and what it said. CV_ENOTFOUND: nobody can open it. */
int reg_store_reason_seal(reg_store_t *store, int64_t key, cv_str_t reason, cv_str_t *ret_sealed) CV_USE_RESULT;
int reg_store_reason_open(reg_store_t *store, int64_t key, cv_str_t sealed, char ret_text[REG_REASON_TEXT],
                          cv_str_t *ret_reason) CV_USE_RESULT;
/* The row of a principal, which is made when it is the first time. */
int reg_store_principal(reg_store_t *store, reg_book_t *book, const char *name, int64_t *ret_row) CV_USE_RESULT;
int reg_store_load_principals(reg_store_t *store, reg_book_t *book) CV_USE_RESULT;
typedef struct { /* of one person; steps come in order */
    int64_t at_ms, by;
    cv_person_change_t what;
    cv_str_t request, reason; /* into the row: valid until the next step */
    reg_state_t state;        /* before it, as all that follows */
    unsigned role;
    bool online;
    cv_str_t name, email, answers;
} reg_step_t;
typedef int reg_step_fn(void *arg, const reg_step_t *step);
/* Each change of a person in order; then the person as it is now, as a step without `what`. Gives what fn gives, if not
 * 0. */
int reg_store_steps(reg_store_t *store, int64_t person, reg_step_fn *fn, void *arg) CV_USE_RESULT;
/* Exceptions. */
int reg_store_exception_add(reg_store_t *store, int64_t delegation, const reg_exception_t *exception,
                            const reg_note_t *note) CV_USE_RESULT;
/* The first of one delegation with an id above *after, which is moved on. CV_ENOTFOUND: no more. The note points into
 * reason and *ret_exception. */
int reg_store_exception_next(reg_store_t *store, int64_t delegation, int64_t *after, char reason[REG_REASON_TEXT],
                             reg_exception_t *ret_exception, reg_note_t *ret_note) CV_USE_RESULT;
/* How many of a delegation wait in front of this person: of earlier units, and earlier in its own. */
int reg_store_in_front(reg_store_t *store, int64_t delegation, int64_t unit, int64_t person,
                       int32_t *ret_n) CV_USE_RESULT;

/* A unit: those who wait together. */
typedef struct {
    unsigned n;
    int64_t id[REG_PERSONS_MAX];
    uint16_t number[REG_PERSONS_MAX];
    uint8_t role[REG_PERSONS_MAX];
    reg_options_t options[REG_PERSONS_MAX];
} reg_unit_t;
int reg_store_unit(reg_store_t *store, int64_t delegation, int64_t lane, int64_t unit,
                   reg_unit_t *ret_unit) CV_USE_RESULT;
void reg_unit_need(const reg_unit_t *unit, reg_need_t *ret_need);
/* A change that waits for approval: what the person would become. */
int reg_store_proposal_put(reg_store_t *store, const reg_person_t *after, unsigned step,
                           cv_person_change_t what) CV_USE_RESULT;
/* Fills in role, online, name, email, options, answers of *person; views point into text. CV_ENOTFOUND: there is none.
 */
int reg_store_proposal_get(reg_store_t *store, reg_person_t *person, char text[REG_PERSON_TEXT], unsigned *ret_step,
                           cv_person_change_t *ret_what) CV_USE_RESULT;
int reg_store_proposal_drop(reg_store_t *store, int64_t person) CV_USE_RESULT;

/* Offers: of one unit each, by the unit's number. Its persons are those in state OFFERED with that unit. */
int reg_store_offer_add(reg_store_t *store, int64_t unit, const reg_delegation_t *delegation,
                        int64_t expires_ms) CV_USE_RESULT;
int reg_store_offer_get(reg_store_t *store, int64_t unit, int64_t *ret_expires_ms) CV_USE_RESULT;
int reg_store_offer_drop(reg_store_t *store, int64_t unit) CV_USE_RESULT;
/* The first of an event that has expired by now_ms; CV_ENOTFOUND. *ret_delegation: its row. */
int reg_store_offer_due(reg_store_t *store, int64_t event, int64_t now_ms, int64_t *ret_unit, int64_t *ret_delegation,
                        int64_t *ret_expires_ms) CV_USE_RESULT;
int reg_store_offer_first(reg_store_t *store, int64_t event, int64_t *ret_expires_ms) CV_USE_RESULT; /* 0: none */
int reg_store_offered(reg_store_t *store, int64_t unit, reg_unit_t *ret_unit) CV_USE_RESULT;
/* store_offer.c: of a delegation, the numbers of those with an open offer, and of those whose offer expired, the last ones
 * first; at most max. What expired is never forgotten: it is said in snapshots alone, to who has missed the records. */
extern const char reg_offer_tables[]; /* a migration */
int reg_store_offer_expired(reg_store_t *store, int64_t delegation, unsigned number) CV_USE_RESULT;
int reg_store_offer_open_numbers(reg_store_t *store, const reg_delegation_t *delegation, size_t max,
                                 int64_t *ret_numbers, size_t *ret_n) CV_USE_RESULT;
int reg_store_offer_expired_numbers(reg_store_t *store, const reg_delegation_t *delegation, size_t max,
                                    int64_t *ret_numbers, size_t *ret_n) CV_USE_RESULT;
/* Moves a lane to the first unit after `after`, or closes it when there is none. */
int reg_store_lane_next(reg_store_t *store, reg_book_t *book, reg_lane_t *lane) CV_USE_RESULT;

/* Codes in their order after `after`, at most limit: events, or parties with a delegation at one event. */
int reg_store_event_codes(reg_store_t *store, cv_str_t after, int64_t limit, cv_arena_t *arena, cv_str_t *ret_codes,
                          size_t *ret_n) CV_USE_RESULT;
int reg_store_party_codes(reg_store_t *store, int64_t event, cv_str_t after, int64_t limit, cv_arena_t *arena,
                          cv_str_t *ret_codes, size_t *ret_n) CV_USE_RESULT;

#endif
