/* programme: an event's programme as a placement model: sessions in slots and rooms, people and delegations, rules B1
 * to B16.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A time is a slot, a tick the largest number of minutes that divides all beginnings, ends and pauses. A session takes
 * its own length from the beginning of a slot that is at least as long. Breaks are simply not slots: they block every
 * room. Minutes count from midnight of the first day where the event is; zones were resolved before.
 *
 * A person can be in one session at a time; a delegation in as many as it has people (B3), which is what makes a
 * programme of 28 delegations of one or two persons hard.
 */
#ifndef SCHEDULING_PLACEMENT_PROGRAMME_H
#define SCHEDULING_PLACEMENT_PROGRAMME_H

#include "scheduling/placement/rules.h"

enum { SCH_PROGRAMME_PEOPLE_OF_MAX = 32, SCH_PROGRAMME_DELEGATIONS_MAX = 64, SCH_HERE = 1 << 20 };

typedef struct {
    int begin, minutes, day;
    uint64_t tags; /* what wishes refer to: morning, first day */
} sch_slot_t;

typedef struct {
    const char *name;
    int seats;
    uint64_t features;
    int turnaround; /* minutes */
} sch_hall_t;

typedef struct {
    const char *name;
    int minutes, expected;                                 /* length; people */
    bool must_seat;                                        /* B6 applies: everybody has to have a seat */
    int required[SCH_PROGRAMME_PEOPLE_OF_MAX], required_n; /* speakers, chairs */
    int wanted[SCH_PROGRAMME_PEOPLE_OF_MAX], wanted_n;     /* who would like to attend */
    uint64_t delegations, wanted_delegations;              /* bits */
    bool interpreted;
    uint64_t features;         /* that the room must have */
    uint64_t content, themes;  /* tags */
    int track;                 /* keeps to a room, or -1 */
    int language;              /* or -1 */
    uint64_t liked, disliked;  /* tags of slots */
    uint64_t liked_features;   /* of rooms */
    int wish_from, wish_until; /* minutes that were asked for; until 0: none were */
    int wish_room;             /* its number from 1; 0: any */
    const int *beside;         /* [rule * slots + slot]: how often it breaks a rule there whatever else moves, or NULL:
                                  with what is not of the model, or at that hour. Of B2, B4, B5, B9, B10, B14, B15, B16 */
    int remote;                /* minutes that the speaker's clock is ahead of the event's; SCH_HERE: not remote */
    int priority;              /* of being placed, from 1 */
    int published_slot, published_room; /* -1: not published */
    bool pinned;
} sch_session_t;

typedef struct {
    int before, after; /* sessions */
} sch_session_order_t;

typedef struct {
    const sch_slot_t *slots;
    int slots_n;
    const sch_hall_t *rooms;
    int rooms_n;
    const uint8_t *closed; /* [room * slots + slot], or NULL */
    const sch_session_t *sessions;
    int sessions_n;
    int people;
    const uint8_t *away; /* [person * slots + slot], or NULL */
    const int *delegation_size;
    int delegations;
    int teams; /* of interpreters; 0: no limit */
    const sch_session_order_t *orders;
    int orders_n;
    const sch_session_order_t *firsts; /* B5: the second begins when the first is over, by their own lengths */
    int firsts_n;
    const sch_session_order_t *aparts; /* B5: not at the same time */
    int aparts_n;
    const sch_rule_t *rules; /* NULL: the default table */
} sch_programme_t;

/* The frozen model; its rules are numbered SCH_B1 ... and its places slot * rooms_n + room. CV_EINVAL for an index out
 * of range. */
int sch_programme_model(const sch_programme_t *programme, sch_place_model_t **ret_model) CV_USE_RESULT;

#endif
