/* core: how a seat is given.
 * SPDX-License-Identifier: Apache-2.0
 *
 * This is the whole rule, as arithmetic on a few counters: no sockets, no SQL, no clock. Everything else in this
 * folder brings the numbers here and carries the verdicts away. Instants come in as parameters.
 *
 * The numbers
 *
 *   capacity     seats of the event
 *   c_p          confirmed persons of party p                             share.confirmed
 *   G_p          seats kept for p: its guarantee, at most its maximum;    share.guaranteed
 *                0 once the guarantees are released, 0 for a party that is not invited
 *   held         sum over all invited parties of max(G_p, c_p)            seats.held, kept up to date by each step
 *   free         capacity - held: seats that any party can still take     reg_free(), so O(1)
 *
 * A person is given a seat
 *
 *   from the party's own guarantee   if c_p < G_p
 *   from the free seats              if free > 0 and c_p < maximum of p
 *
 * and in both cases only if the limit of the person's capacity (head, media, ...) over all parties is not reached, and
 * fewer persons than capacity are confirmed: when the guarantees add up to more than there are seats (a capacity that
 * was lowered, a party that was added), a guarantee is honoured only as long as there is a seat. Else the person waits
 * if the event has a waiting list, and is refused if not. Who attends online takes no seat and is never held up, unless
 * the event says otherwise.
 *
 * Several persons in one request: `each` decides one after the other, in the order given; `all_or_none` seats all
 * that need a seat together, or lets all of them wait together (a unit), or refuses the request. The sum is the same:
 * of n persons min(n, G_p - c_p) come from the guarantee, the rest must be free, and c_p + n may not pass the maximum.
 *
 * Options. A choice of the event's form can have places of its own (a workshop, a booth). Such an option is one more
 * limit, like that of a capacity: a place of it is taken with the person's seat and given back with it, who waits holds
 * none, and who lacks one has no seat either. Who attends online without a seat can hold no place.
 *
 * The waiting list is ordered by kind of party (member, observer_state, observer_org, partner, guest), then by arrival.
 * Whenever a seat may have become free, reg_next() says who moves up, until nobody can:
 *
 *   a unit that its party's own guarantee covers moves up, whoever else waits: the seat was never anybody else's;
 *   a unit held by a limit of its own (maximum of its party, limit of a capacity, larger than the event) is passed over
 *   and holds up nobody: the seat it waits for is not the one that others wait for;
 *   of the others, strict: the first in order or nobody;  best_fill: the first in order that fits.
 *
 * A newcomer is treated as if it had entered the list at its place and the list had then moved: in strict mode it gets
 * a free seat only if nobody in front of it competes for one (reg_decide), so it can never overtake.
 *
 * Lanes. Units of one delegation that need the same (the same number of persons in the same capacities) are
 * interchangeable but for their arrival, so only the first of them is ever a candidate. The list is therefore kept as
 * lanes, one per delegation and need, each with its first unit; reg_next() looks at lanes, and its cost does not
 * grow with the number of persons who wait.
 *
 * Offers. Where the event asks who waits to accept, moving up is an offer: it holds its seats as if they were taken
 * (they count in c_p and in the limits), until it is accepted, or passed, or has expired; then those it was made to
 * leave the list, and the list moves in the same transaction. A unit is offered its seats together.
 *
 * Nobody is ever unseated. When a capacity, maximum or limit falls below what is confirmed, it binds again once enough
 * persons have withdrawn. Until then the ceiling remembers how many there may be:
 *
 *   ceiling = max(rule, confirmed) when the rule is set; it follows withdrawals down to the rule and never goes up
 *
 * Invariants, after each function: confirmed <= ceiling for the event, each party and each capacity;
 * held >= confirmed; the counters of the event are the sums of those of the parties. The store repeats them as CHECKs.
 */
#ifndef CONVENE_REGISTRATION_CORE_H
#define CONVENE_REGISTRATION_CORE_H

#include "convene/bytes.h"

enum {
    REG_ROLES = 15,          /* capacities of persons are 1..14 */
    REG_KINDS = 6,           /* kinds of parties are 1..5, in the order of the waiting list */
    REG_PERSONS_MAX = 64,    /* in one request */
    REG_NUMBERS_MAX = 10000, /* persons of one delegation, ever */
    REG_NO_LIMIT = -1,
    REG_TEXT_MAX = 480,   /* octets of an explanation, with its NUL */
    REG_OPTIONS = 60,     /* choices with places of their own that one event can have, ever */
    REG_OPTION_NAME = 97, /* QUESTION/CHOICE */
};

/* Options of a person: bit i is option i of the event. */
typedef uint64_t reg_options_t;

/* Numbers are stored and must not change. Those that the wire has too are the same there (checked in book.c). */
typedef enum { REG_EACH = 1, REG_ALL_OR_NONE } reg_group_t;
typedef enum { REG_WAIT_NONE = 1, REG_WAIT_STRICT, REG_WAIT_BEST_FILL } reg_waiting_t;
typedef enum {
    REG_CONFIRMED = 1,
    REG_WAITING,
    REG_WITHDRAWN,
    REG_REFUSED,
    REG_ONLINE,
    REG_NOMINATED,
    REG_OFFERED,
    REG_REVIEW,
    REG_RETURNED,
    REG_STATES
} reg_state_t;
typedef enum { REG_ANSWER_REGISTERED = 1, REG_ANSWER_DECLINED, REG_ANSWER_WITHDRAWN, REG_ANSWER_NONE } reg_answer_t;
typedef enum {
    REG_DRAFT = 1,
    REG_PROPOSED,
    REG_CIRCULATED,
    REG_ADOPTED,
    REG_SCHEDULED,
    REG_OPEN,
    REG_CLOSED,
    REG_HELD,
    REG_REPORTED,
    REG_POSTPONED,
    REG_CANCELLED,
    REG_REJECTED,
} reg_stage_t;
typedef enum {
    REG_ACT_REGISTER = 1,
    REG_ACT_WITHDRAW,
    REG_ACT_DECLINE,
    REG_ACT_AMEND,
    REG_ACT_SUBSTITUTE,
    REG_ACT_CONFIRM,
    REG_ACT_EXCEPTION,
    REG_ACT_OFFER,
    REG_ACT_REVIEW,
    REG_ACT_ERASE,
} reg_act_t;

/* Every rule that can decide: name, the word on the wire. */
#define REG_RULE_MAP(XX)                                                                       \
    XX(REG_RULE_NONE, "")                                                                      \
    XX(REG_RULE_GUARANTEED, "guaranteed_seat") /* a seat */                                    \
    XX(REG_RULE_POOL, "free_seat")                                                             \
    XX(REG_RULE_ONLINE, "online_no_seat")                                                      \
    XX(REG_RULE_FULL, "full") /* no seat: waits, or is refused without a list */               \
    XX(REG_RULE_MAXIMUM, "maximum")                                                            \
    XX(REG_RULE_CAPACITY_LIMIT, "capacity_limit")                                              \
    XX(REG_RULE_OPTION_FULL, "option_full")                                                    \
    XX(REG_RULE_TOO_LARGE, "too_large")                                                        \
    XX(REG_RULE_BEHIND, "behind")                                                              \
    XX(REG_RULE_ONE_HEAD, "one_head") /* refused in any case */                                \
    XX(REG_RULE_DUPLICATE, "duplicate_person")                                                 \
    XX(REG_RULE_TOO_MANY, "too_many_persons")                                                  \
    XX(REG_RULE_OPTION_SEATLESS, "option_needs_seat")                                          \
    XX(REG_RULE_NOT_OPEN, "not_open") /* the request is not admitted at all */                 \
    XX(REG_RULE_CLOSED, "closed")                                                              \
    XX(REG_RULE_CANCELLED, "cancelled")                                                        \
    XX(REG_RULE_POSTPONED, "postponed")                                                        \
    XX(REG_RULE_NOT_INVITED, "party_not_invited")                                              \
    XX(REG_RULE_ALREADY_REGISTERED, "already_registered") /* wrong for this answer */          \
    XX(REG_RULE_ALREADY_DECLINED, "already_declined")                                          \
    XX(REG_RULE_NOT_REGISTERED, "not_registered")                                              \
    XX(REG_RULE_ALREADY_WITHDRAWN, "already_withdrawn")                                        \
    XX(REG_RULE_WITHDRAWN, "withdrawn") /* done as asked */                                    \
    XX(REG_RULE_DECLINED, "declined")                                                          \
    XX(REG_RULE_KEPT, "kept")                       /* changed, and keeps its seat or place */ \
    XX(REG_RULE_NOTHING_CHANGED, "nothing_changed") /* the change changes nothing */           \
    XX(REG_RULE_NOMINATED, "nominated")             /* no seat asked for yet */                \
    XX(REG_RULE_NOT_NOMINATED, "not_nominated")                                                \
    XX(REG_RULE_NOT_ASKED, "not_asked_for") /* the event knows no such step */                 \
    XX(REG_RULE_PAST, "past")                                                                  \
    XX(REG_RULE_GRANTED, "granted")                                                            \
    XX(REG_RULE_REVIEW, "under_review") /* waits for approval */                               \
    XX(REG_RULE_RETURNED, "returned")                                                          \
    XX(REG_RULE_REVIEW_REFUSED, "refused")                                                     \
    XX(REG_RULE_NOT_UNDER_REVIEW, "not_under_review")                                          \
    XX(REG_RULE_REVIEW_ALONE, "reviewed_alone")                                                \
    XX(REG_RULE_OFFERED, "offered") /* a seat is kept until it is accepted */                  \
    XX(REG_RULE_ACCEPTED, "accepted")                                                          \
    XX(REG_RULE_PASSED, "passed")                                                              \
    XX(REG_RULE_NOT_OFFERED, "not_offered")                                                    \
    XX(REG_RULE_OFFER_TOGETHER, "offered_together")                                            \
    XX(REG_RULE_OFFER_EXPIRED, "offer_expired")                                                \
    XX(REG_RULE_ERASED, "erased")                                                              \
    XX(REG_RULE_ALREADY_ERASED, "already_erased")
typedef enum {
#define XX(name, word) name,
    REG_RULE_MAP(XX)
#undef XX
} reg_rule_t;
const char *reg_rule_word(reg_rule_t rule);

/* ---- may this be asked now? ---------------------------------------------------------------------------------- */

typedef struct {
    reg_stage_t stage;
    bool has_rules;    /* scheduling has said how the event takes registrations */
    unsigned audience; /* bit k: parties of kind k are invited */
    int64_t opens_ms, closes_ms, changes_close_ms;
    int64_t confirm_closes_ms; /* 0: nobody is nominated first */
} reg_terms_t;

/* core_purge.c. The first instant that is after this day, month or year everywhere on Earth; 0: no date. */
int64_t reg_day_after_ms(cv_str_t date);
/* When personal data of an event that ends then go: the event's days to keep them, else the service's; 0: never. */
int64_t reg_purge_ms(int64_t ends_ms, int32_t event_days, int32_t service_days);

/* core_admit.c. t: now. A party that is not invited may still withdraw. REG_RULE_NONE: yes. Else ret_text says why not.
 *
 *   status                       register               withdraw, decline, amend, substitute
 *   draft, proposed, circulated  not_open               not_open
 *   adopted, scheduled           not_open               t < changes_close
 *   open                         opens <= t < closes    t < changes_close
 *   closed                       closed                 t < changes_close
 *   held, reported               closed                 closed
 *   postponed                    postponed              postponed
 *   cancelled, rejected          cancelled              cancelled
 *
 * Two phases: where terms has confirm_closes, register nominates, without a seat; confirm asks for the seats:
 * t < confirm_closes (changes_close, where the event asks for no confirmation any more), in the same stages as
 * withdraw. An exception is granted an
 * offer is answered and persons are reviewed in these stages too, at any time.
 */
reg_rule_t reg_admit(const reg_terms_t *terms, reg_act_t act, unsigned kind, int64_t now_ms,
                     char ret_text[REG_TEXT_MAX]);
/* Whether an exception until until_ms helps against REG_RULE_CLOSED: a deadline has passed, and nothing else is wrong.
 */
bool reg_excused(const reg_terms_t *terms, reg_act_t act, unsigned kind, int64_t now_ms, int64_t until_ms);
/* Whether its waiting list moves: not once it is held, postponed or cancelled, when registrations stay as they are. */
bool reg_stage_moves(reg_stage_t stage);

/* ---- seats --------------------------------------------------------------------------------------------------- */

typedef struct reg_lane reg_lane_t;

typedef struct {            /* a choice with places of its own */
    int32_t limit, ceiling; /* REG_NO_LIMIT: none, or none any more */
    int32_t taken;          /* by persons with a seat */
    char name[REG_OPTION_NAME + 1];
} reg_option_t;

typedef struct { /* of an event */
    int32_t capacity, ceiling;
    int32_t role_limit[REG_ROLES], role_ceiling[REG_ROLES]; /* REG_NO_LIMIT: none */
    int32_t role_confirmed[REG_ROLES];
    reg_waiting_t waiting_rule;
    bool online_takes_seat;
    int32_t confirmed, waiting, online;
    int32_t pending; /* nominated, under review, returned: they have no seat and compete for none */
    int32_t offered; /* of confirmed: seats that are kept until somebody accepts */
    int32_t waiting_of_kind[REG_KINDS];
    int64_t held;
    reg_option_t *options; /* the owner's */
    unsigned options_n;
    reg_lane_t *lanes; /* of all delegations, in no order */
} reg_seats_t;

typedef struct { /* of one party in them */
    uint32_t kind;
    int32_t guaranteed, maximum, ceiling;
    int32_t confirmed, waiting, online, pending, offered, withdrawn, refused; /* refused: in review */
    int32_t heads;                                                            /* not withdrawn: 0 or 1 */
} reg_share_t;

typedef struct { /* what a unit needs */
    int32_t size;
    uint8_t of_role[REG_ROLES];
    reg_options_t options; /* those that of_option has more than 0 of */
    uint8_t of_option[REG_OPTIONS];
} reg_need_t;

struct reg_lane {
    reg_lane_t *next, *previous; /* of the event */
    reg_lane_t *sibling;         /* of the delegation */
    reg_share_t *share;
    void *owner;  /* the delegation */
    int64_t key;  /* reg_lane_key() of what its units need */
    int64_t head; /* arrival of its first unit; arrivals rise */
    reg_need_t need;
};

static inline int64_t reg_free(const reg_seats_t *seats)
{
    return seats->capacity - seats->held;
}

/* Persons of a party who are neither withdrawn nor refused. */
static inline int32_t reg_live(const reg_share_t *share)
{
    return share->confirmed + share->waiting + share->online + share->pending;
}

/* One person more in what a unit needs. */
void reg_need_add(reg_need_t *need, unsigned role, reg_options_t options);

/* The rules of the event, and what they mean for a party. Never unseats. */
void reg_seats_rules(reg_seats_t *seats, int32_t capacity, const int32_t role_limit[REG_ROLES]);
void reg_option_rule(reg_seats_t *seats, unsigned option, int32_t limit);
void reg_share_rules(reg_seats_t *seats, reg_share_t *share, int32_t guaranteed, int32_t maximum);
void reg_share_kind(reg_seats_t *seats, reg_share_t *share, unsigned kind);

/* Single steps. The caller has the verdict; these only count. */
void reg_take(reg_seats_t *seats, reg_share_t *share, unsigned role, reg_options_t options);
void reg_give_back(reg_seats_t *seats, reg_share_t *share, unsigned role, reg_options_t options);
void reg_wait(reg_seats_t *seats, reg_share_t *share, int32_t n);
void reg_stop_waiting(reg_seats_t *seats, reg_share_t *share, int32_t n);
/* A seat changes its capacity and options. CAPACITY_LIMIT, OPTION_FULL: a new one is not to be had, and nothing is
 * changed. */
typedef struct reg_part reg_part_t;
reg_rule_t reg_take_otherwise(reg_seats_t *seats, const reg_part_t *was, const reg_part_t *now);
/* A seat is offered; the offer is over: accepted, or with reg_withdraw not. */
void reg_offer(reg_seats_t *seats, reg_share_t *share, int32_t n);
/* A person who is pending is refused in review. */
void reg_turn_down(reg_seats_t *seats, reg_share_t *share, unsigned role);
/* All that a withdrawal changes in the numbers of one person. */
void reg_withdraw(reg_seats_t *seats, reg_share_t *share, unsigned role, reg_options_t options, reg_state_t state);

/* GUARANTEED or POOL: there are seats for it. FULL: it competes for free seats and there are too few. MAXIMUM,
 * CAPACITY_LIMIT, OPTION_FULL, TOO_LARGE: a limit of its own holds it. */
reg_rule_t reg_fit(const reg_seats_t *seats, const reg_share_t *share, const reg_need_t *need);

/* reg_fit for somebody who is not on the list: BEHIND when those in front have a better claim to the free seats. */
reg_rule_t reg_claim(const reg_seats_t *seats, const reg_share_t *share, const reg_need_t *need);

/* ---- a request ----------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t role;
    bool online;
    bool duplicate; /* the name is in the delegation already, or earlier in this request */
    bool enlisted;  /* is in the delegation already (reg_enlist), and asks for its seat now */
    reg_options_t options;
} reg_applicant_t;

typedef struct {
    reg_state_t state;
    reg_rule_t rule;
    int32_t position; /* waiting: place on the list, 1 is next; else 0 */
} reg_verdict_t;

typedef struct {
    bool accepted;    /* at least one person is not refused */
    bool unit;        /* those who wait do so together */
    reg_rule_t rule;  /* of the first person who got least: refused, then waiting, then from the free seats */
    unsigned culprit; /* index of that person */
    unsigned role;    /* and in what capacity */
    unsigned option;  /* OPTION_FULL: the one that has no place left */
    int guaranteed, pool, online, waiting, refused, enlisted; /* persons by verdict */
    int32_t position;                                         /* of the first who waits */
} reg_ruling_t;

/* Decides 1..64 persons of one party and counts them in seats and share; changes nothing if nobody is accepted. Who is
 * enlisted and refused stays what it is. */
void reg_decide(reg_seats_t *seats, reg_share_t *share, reg_group_t group, const reg_applicant_t *who, unsigned n,
                reg_verdict_t *ret_verdicts, reg_ruling_t *ret_ruling);
/* core_change.c. The same for persons who ask for no seat yet: in state (NOMINATED, REVIEW), by rule, if they can be a
 * delegation. */
void reg_enlist(reg_seats_t *seats, reg_share_t *share, reg_state_t state, reg_rule_t rule, reg_group_t group,
                const reg_applicant_t *who, unsigned n, reg_verdict_t *ret_verdicts, reg_ruling_t *ret_ruling);
/* core_explain.c. A ruling in a sentence with the numbers it rests on. role: of the culprit. */
void reg_explain(const reg_seats_t *seats, const reg_share_t *share, const reg_ruling_t *ruling, const char *party,
                 const char *role, char ret_text[REG_TEXT_MAX]);

/* ---- a change of one person ---------------------------------------------------------------------------------- */

/* core_change.c. A person takes part in another way (amend), or another person in its place (substitute). Who has a
 * seat keeps it, who waits keeps the place: only what the change needs beyond that is asked for.
 *
 *   from                  to                        needs
 *   any                   head                      no other head
 *   a seat                another capacity          the limit of that capacity not reached; no seat, so nobody in front
 *   a seat                other options             a free place in each new one; the others are given back
 *   a seat, or waiting    online without a seat     nothing; the seat or the place on the list is free for others
 *   waiting               another capacity, options nothing: it goes on waiting, for what it now needs, at its place
 *   online without seat   options                   never: they are held with a seat
 *   online without seat   in person                 a seat, as a newcomer; it is never put on the list for it
 *
 * What cannot be had is refused, and then nothing is changed. */
struct reg_part {
    uint8_t role;
    bool online;
    reg_options_t options;
};

/* KEPT, GUARANTEED, POOL, ONLINE: done and counted, *ret_state is the new state. Else why not. state: now. */
reg_rule_t reg_change(reg_seats_t *seats, reg_share_t *share, reg_state_t state, reg_part_t was, reg_part_t now,
                      reg_state_t *ret_state);
/* The same in a sentence. number: of the person; role: of the new capacity. After reg_change. */
void reg_explain_change(const reg_seats_t *seats, const reg_share_t *share, reg_rule_t rule, unsigned number,
                        const char *party, reg_part_t was, reg_part_t now, const char *role,
                        char ret_text[REG_TEXT_MAX]);

/* ---- the waiting list ---------------------------------------------------------------------------------------- */

int64_t reg_lane_key(const reg_need_t *need);
void reg_lane_link(reg_seats_t *seats, reg_lane_t *lane);
void reg_lane_unlink(reg_seats_t *seats, reg_lane_t *lane);
/* The lane whose first unit moves up now; NULL: nobody. The caller seats the unit, moves the lane on, asks again. */
reg_lane_t *reg_next(const reg_seats_t *seats);

#endif
