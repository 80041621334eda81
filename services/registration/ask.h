/* ask: one request on its way, and what every kind of request does with it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   requests.c   may it be asked, and who decides it
 *   ask.c        the way of every request
 *   register.c   register                  withdraw.c     withdraw, decline       change.c   amend, substitute
 *   phase.c      nominate, confirm         exception.c    exceptions              review.c   approvals
 *   offer.c      offers of freed seats     erase.c        erasure               import.c  many registrations at once
 *   answers.c    forms, and answers to them   consent.c     consents
 */
#ifndef CONVENE_REGISTRATION_ASK_H
#define CONVENE_REGISTRATION_ASK_H

#include "registration/registration.h"

typedef struct {
    reg_t *self;
    cv_tx_t *tx;
    const cv_msg_t *msg;
    cv_outcome_t *out;
    reg_act_t act;
    int part; /* which registration of an import, from 0; -1: the request asks for one thing */
    reg_event_t *event;
    reg_party_t *party;
    reg_delegation_t *delegation;
    const cv_contact_t *contact;      /* whom to tell, if the request says; NULL: as before */
    const reg_exception_t *exception; /* without which it would have been too late, or that is granted; NULL: none */
    char text[REG_TEXT_MAX];
} reg_ask_t;

/* A rule says yes, in ask->text: the decision is recorded and put into the answer, whose persons are filled in already,
 * then the list moves if it may have freed something (ABSENT: it has not). */
int reg_accept(reg_ask_t *ask, reg_rule_t rule, const char *code, cv_promotion_cause_t freed);
/* The same for a ruling over n persons. Where their party has more seats than before, the list moves: they can bring a
 * unit of their own party to its maximum, which then no longer holds up others. */
int reg_accept_ruling(reg_ask_t *ask, const reg_ruling_t *ruling, unsigned n, int32_t confirmed_before);
/* A rule says no, in ask->text. Who asked is told even if nothing else is known of the delegation yet. */
int reg_refuse(reg_ask_t *ask, reg_rule_t rule, const char *field);
/* Contact data goes to the private stream, before the decision that refers to it. The persons in self->personal are
 * filled in already. */
int reg_tell_contact(reg_ask_t *ask) CV_USE_RESULT;
/* The path of one person in the request; NULL (no field) when memory is short. */
const char *reg_field_at(reg_ask_t *ask, unsigned index);
void reg_set_answer(reg_delegation_t *delegation, reg_answer_t answer);
/* Whether a person of this name is in the delegation, but for the one at index `but` of the roster (which must be
 * loaded; roster.n: nobody is left out). Hashes are compared first; who has the same hash is looked up. */
int reg_is_registered(reg_ask_t *ask, cv_str_t name, uint64_t hash, uint32_t but, bool *ret_found) CV_USE_RESULT;
/* Where a live person of this number is in the roster, which is loaded. REG_RULE_NONE: there. Else ask->text says why
 * not, ending in `nothing`. */
reg_rule_t reg_pick(reg_ask_t *ask, int64_t number, const char *nothing, uint32_t *ret_at);

/* answers.c. Whether answers of a person in this capacity fit the form; else the request is answered, and this gives
 * what it must return. at: path of the person. */
int reg_check_answers(reg_ask_t *ask, unsigned role, const cv_items_t *answers, const char *at,
                      reg_options_t *ret_options) CV_USE_RESULT;
/* As they are kept, in the arena of the batch; no answers: CV_STR_NONE. */
int reg_pack_answers(reg_ask_t *ask, const cv_items_t *answers, cv_str_t *ret_packed) CV_USE_RESULT;

/* requests.c. What is asked, of this event and party: found, admitted, decided. */
int reg_decide_ask(reg_ask_t *ask, cv_str_t event, cv_str_t party, cv_str_t reason, const void *data);
/* The person a request is about, who was not erased and (live) takes part; fills in event, party and delegation of ask.
 * CV_OK, a refusal, or a failure. */
int reg_find_person(reg_ask_t *ask, cv_str_t event, cv_str_t party, int64_t number, bool live,
                    reg_person_t *ret_person);
/* import.c */
int reg_import(reg_t *self, cv_tx_t *tx, const cv_msg_t *msg, const cv_registration_import_v1_t *request,
               cv_outcome_t *out);
/* register.c */
int reg_register(reg_ask_t *ask, const cv_registration_register_v1_t *request);
/* phase.c. Those whom a request names by number, or without numbers all in `state`: their rows, without names. All must
 * be in `state`. REG_RULE_NONE: they are. Else ask->text says why not, and *ret_culprit which of numbers. */
int reg_pick_all(reg_ask_t *ask, const int64_t *numbers, size_t numbers_n, reg_state_t state, reg_rule_t otherwise,
                 const char *nothing, reg_person_t ret_persons[REG_PERSONS_MAX], unsigned *ret_n, reg_rule_t *ret_rule,
                 unsigned *ret_culprit) CV_USE_RESULT;
/* Persons who are in the delegation already ask for seats: decided like a registration of this moment. Who is refused
 * stays as it is. named: by the request, which a refusal then points into. */
int reg_seat(reg_ask_t *ask, const reg_person_t *persons, unsigned n, cv_group_rule_t group, bool named,
             cv_person_change_t what);
/* step 0: nominated; else under review in this step. */
void reg_nominate(reg_ask_t *ask, unsigned step, reg_group_t group, const reg_applicant_t *who, unsigned n,
                  reg_verdict_t *ret_verdicts, reg_ruling_t *ret_ruling);
int reg_confirm(reg_ask_t *ask, const cv_registration_confirm_v1_t *request);
/* offer.c */
int reg_answer_offer(reg_ask_t *ask, const cv_registration_offer_answer_v1_t *request);
/* exception.c */
int reg_grant(reg_ask_t *ask, const cv_registration_exception_grant_v1_t *request);
/* Whether an exception of the delegation opens for this act what has closed; then it is in ask->exception. */
bool reg_is_excused(reg_ask_t *ask);
/* withdraw.c */
int reg_withdraw_persons(reg_ask_t *ask, const cv_registration_withdraw_v1_t *request);
int reg_decline(reg_ask_t *ask);
/* One person leaves: the seat, the list. Counters and roster are brought along. */
int reg_withdraw_one(reg_ask_t *ask, uint32_t at) CV_USE_RESULT;
/* erase.c */
int reg_erase(reg_ask_t *ask, const cv_registration_erase_v1_t *request);
/* The consent of one person to keep the data has run out at ended_ms. Who takes part in an event that is not over
 * leaves; the list is moved by the caller. */
int reg_erase_lapsed(reg_t *self, cv_tx_t *tx, reg_delegation_t *d, int64_t number, int64_t ended_ms) CV_USE_RESULT;
/* After new personal data: if those of the event are erased by now, these are on the next day. */
int reg_purge_late(reg_ask_t *ask) CV_USE_RESULT;
/* review.c. The step that comes first for what this request asks: NATIONAL, SECRETARIAT; 0: nobody has to approve. */
enum { REG_STEP_NONE, REG_STEP_NATIONAL, REG_STEP_SECRETARIAT };
unsigned reg_first_step(const reg_ask_t *ask);
/* "national approval" and the like. */
const char *reg_step_text(unsigned step);
int reg_review(reg_ask_t *ask, const cv_registration_review_v1_t *request);
/* change.c */
/* A change that was proposed for this person is approved. */
int reg_apply_proposal(reg_ask_t *ask, uint32_t at);
int reg_amend(reg_ask_t *ask, const cv_registration_amend_v1_t *request);
int reg_substitute(reg_ask_t *ask, const cv_registration_substitute_v1_t *request);

#endif
