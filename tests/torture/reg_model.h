/* reg_model: registration once more, from the text of the rule alone: a list of persons that is counted anew for every
 * question. No counters, no lanes, no ceilings, nothing of the service's own code.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It says for each request what has to be answered, person by person, and which records have to follow. Words are those
 * of the wire. It is slow, and meant to be read beside services/registration/core.h.
 */
#ifndef TESTS_REG_MODEL_H
#define TESTS_REG_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { M_PARTIES = 6, M_PERSONS = 4000, M_MANY = 64, M_ROLES = 15, M_RECORDS = 4096, M_KINDS = 3, M_OPTIONS = 5 };

typedef enum {
    CONFIRMED = 1,
    WAITING,
    WITHDRAWN,
    REFUSED,
    ONLINE,
    NOMINATED,
    OFFERED,
    UNDER_REVIEW,
    RETURNED
} m_state_t;
typedef enum { NO_LIST = 1, STRICT, BEST_FILL } m_waiting_t;
typedef enum { BY_SECRETARIAT = 1, BY_STATE, BY_BOTH } m_approval_t;
typedef enum { OPEN, CLOSED, POSTPONED } m_stage_t;
typedef enum { PUBLISHER, FOCAL_POINT, SECRETARIAT } m_asker_t;
typedef enum { REGISTER = 1, WITHDRAW, DECLINE, AMEND, SUBSTITUTE, CONFIRM, GRANT, ANSWER, REVIEW } m_kind_t;
typedef enum { APPROVE = 1, RETURN, REFUSE } m_verdict_t;

typedef struct {
    m_stage_t stage;
    int capacity, guaranteed[M_PARTIES], maximum[M_PARTIES], limit[M_ROLES]; /* limit -1: none */
    m_waiting_t waiting;
    bool together, online_takes_seat, approval_again;
    m_approval_t approval; /* 0: none */
    bool invited[M_PARTIES];
    bool asks;             /* there is a form: option 0 to 2 are choices of which one can be taken, the others any */
    int places[M_OPTIONS]; /* -1: as many as are wanted */
    int64_t opens, closes, changes_close, confirm_closes, release, offer; /* 0: none; changes_close is what holds */
} m_rules_t;

typedef struct {
    int role, name; /* name: a number, another for everybody */
    bool online;
    unsigned options; /* bit i: option i */
} m_part_t;

typedef struct {
    m_kind_t kind;
    m_asker_t asker;
    int party, n;
    int numbers[M_MANY];  /* withdraw, confirm, answer, review: n of them, none: all; amend, substitute: the first */
    m_part_t who[M_MANY]; /* register: n; amend, substitute: the first; role 0, name 0: as before */
    int attendance;       /* amend, substitute: 0 as before, 1 in person, 2 online */
    bool answers;         /* amend: the options of the first are new, else as before */
    int group;            /* 0: the event's; 1: each; 2: all or none */
    m_verdict_t verdict;
    bool accept;
    int what; /* grant: 1 register, 2 confirm, 3 change */
    int64_t until;
} m_request_t;

typedef struct {
    bool ok;
    const char *code, *rule;
    int n;
    struct {
        int number;
        m_state_t state;
        const char *rule;
        int position; /* 0: none */
    } persons[M_MANY];
    int capacity, confirmed, waiting, free, offered;
    int party_guaranteed, party_maximum, party_confirmed, party_waiting, party_offered;
    const char *answer; /* of the party, after it */
    int64_t exception;  /* until when the exception holds that was used or granted; 0: none */
} m_answer_t;

typedef struct {
    bool lapsed; /* else somebody moved up */
    int party, n;
    const char *cause;
    int numbers[M_MANY];
    m_state_t state;
    int64_t expires;
} m_record_t;

typedef struct {
    int party, number;
    m_part_t part;
    m_state_t state;
    int64_t arrival; /* on the waiting list; persons with the same are a unit */
    int64_t expires; /* of an offer */
    int step;        /* under review: 1 the state, 2 the secretariat */
    int change_step; /* a change of it is under review in this step; 0: none */
    m_part_t change;
    bool change_is_substitution;
} m_person_t;

typedef struct {
    m_rules_t rules;
    int kind[M_PARTIES];
    m_person_t persons[M_PERSONS];
    int n;
    int numbers[M_PARTIES]; /* the last number given */
    const char *answer[M_PARTIES];
    int64_t exception[M_PARTIES][4];
    int64_t arrivals;
    m_record_t records[M_RECORDS];
    int records_n;
} m_event_t;

void m_begin(m_event_t *event, const int kind[M_PARTIES]);
void m_decide(m_event_t *event, const m_request_t *request, int64_t now, m_answer_t *ret_answer);
void m_rules(m_event_t *event, const m_rules_t *rules, int64_t now);
void m_party(m_event_t *event, int party, int kind, int64_t now);
/* The next instant at which something happens by itself, after `after`; 0: none. */
int64_t m_next_instant(const m_event_t *event, int64_t after);
void m_instant(m_event_t *event, int64_t now);
/* reg_model.c for reg_model_requests.c */
#define IN(state) (1u << (state))
#define SEATED (IN(CONFIRMED) | IN(OFFERED))
#define LIVE (SEATED | IN(WAITING) | IN(ONLINE) | IN(NOMINATED) | IN(UNDER_REVIEW) | IN(RETURNED))
int m_seated_as(const m_event_t *event, int role);
int m_maximum(const m_event_t *event, int party);
int m_guarantee(const m_event_t *event, int party, int64_t now);
int m_free(const m_event_t *event, int64_t now);
bool m_gives(const char *rule); /* a seat */
const char *m_newcomer(const m_event_t *event, int party, const m_part_t *parts, int n, int64_t now);
/* What must not happen: places go with a seat, and it attends online without one. */
bool m_seatless(const m_event_t *event, const m_part_t *part);
int m_seated_with(const m_event_t *event, int option);
int m_position(const m_event_t *event, const m_person_t *person);
void m_move_up(m_event_t *event, const char *cause, int64_t now);
/* How many persons of a party (-1: all) are in one of these states, a bit each. */
int m_count(const m_event_t *event, int party, unsigned states);

#endif
