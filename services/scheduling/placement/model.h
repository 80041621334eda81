/* model: what is to be placed: items, the places they may take, and the rules that price a plan. Pure data.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A place is a time and a room: place = time * rooms + room. A time is a possible start (a day, a slot). Items of one
 * class last equally long: a class says for every time which ticks [first, last) are taken. Ticks are the grain in
 * which rooms and people are busy; an item that does not end before the axis does has the empty span {0, 0} there.
 *
 * A rule (A1 ... B16) has an id, a level, a weight, an effect at edit time and a phrase for people. What it prices is
 * said by instances, each of one of these shapes, and nothing else is known to the evaluator:
 *
 *   price      an item at a time, in a room, at a place          windows, holidays, moved against the promise, seats
 *   pair       two items, by a relation of their times           conflicts, order and lags, day relations, spread
 *   room       more items in a room's tick than it holds
 *   load       a group's demand in a bucket or tick above a cap   delegation size, teams, week's and month's load
 *   distinct   how many different keys a group uses               working days, room stability, one theme per hall
 *   lonely     keys of a group without a neighbour                isolated lectures
 *   gaps       a group's keys are not consecutive
 *   present    a group uses a key                                 a track in a session
 *   product    two groups use buckets at the same time            similar tracks in parallel
 *   field      all pairs of a group, by a relation                spread of a dimension
 *   rank       an item's position among a group                   order of talks
 *   any        an item needs one of several near it               adjacent meetings
 *   burden     squares of what a member has to bear over all      fairness
 *   unplaced   an item has no place
 *
 * A group counts items by key; the key of an item is map[place] * stride + offset, -1 where the map says none.
 *
 * Life: new, axes, then everything else in any order, freeze. After freeze nothing changes, and any number of states
 * (state.h) may read it. Functions return CV_EINVAL for an index that does not exist, CV_ELIMIT above a named maximum,
 * CV_ENOMEM; after an error the model is only good for being destroyed.
 */
#ifndef SCHEDULING_PLACEMENT_MODEL_H
#define SCHEDULING_PLACEMENT_MODEL_H

#include "convene/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCH_PLACE_ITEMS_MAX = 8192,
    SCH_PLACE_TIMES_MAX = 4096,
    SCH_PLACE_ROOMS_MAX = 1024,
    SCH_PLACE_TICKS_MAX = 32768,
    SCH_PLACE_RULES_MAX = 256,
    SCH_PLACE_NOWHERE = -1,     /* no place */
    SCH_PLACE_ALWAYS = 1 << 20, /* a lag that never ends */
};

typedef enum { SCH_HARD, SCH_MEDIUM, SCH_SOFT, SCH_LEVELS } sch_level_t;
typedef enum { SCH_FORBID, SCH_BLOCK_RELEASE, SCH_WARN, SCH_IGNORE } sch_effect_t;

/* Compared level by level: hard before medium before soft. Lower is better. */
typedef struct {
    int64_t v[SCH_LEVELS];
} sch_score_t;

typedef struct {
    const char *id; /* "A5"; static, or as long as the model */
    sch_level_t level;
    int weight;
    sch_effect_t effect;
    const char *text; /* "host state's own weekend or public holiday" */
} sch_rule_t;

typedef struct {
    int first, last; /* ticks [first, last) */
} sch_span_t;

/* When a pair's relation counts. Rooms are compared by label. */
typedef enum { SCH_ROOM_ANY, SCH_ROOM_SAME, SCH_ROOM_OTHER } sch_room_cond_t;

typedef struct sch_place_model sch_place_model_t;

sch_place_model_t *sch_place_model_new(void); /* NULL: out of memory */
void sch_place_model_destroy(sch_place_model_t **model);
int sch_place_axes(sch_place_model_t *model, int times, int rooms, int ticks) CV_USE_RESULT;
/* One span per time. The table is copied, as everywhere here. */
int sch_place_class(sch_place_model_t *model, const sch_span_t *spans, int *ret_class) CV_USE_RESULT;
int sch_place_rule(sch_place_model_t *model, const sch_rule_t *rule, int *ret_rule) CV_USE_RESULT;
/* How many items a room's tick holds (0: any number), how many ticks stay blocked after an item, and what it is close
 * to (a city). Unless said otherwise: 1, 0, the room's number. */
int sch_place_room(sch_place_model_t *model, int room, int holds, int turnaround, int label) CV_USE_RESULT;
/* The rule for a room that is held twice. Without one rooms are not checked. */
int sch_place_room_rule(sch_place_model_t *model, int rule) CV_USE_RESULT;

/* ---- items: a profile is a length class with prices; items of one profile are priced alike ---- */
int sch_place_profile(sch_place_model_t *model, int class_, int *ret_profile) CV_USE_RESULT;
/* Adds the rule's weight times factor. A place whose prices contain anything hard is not a candidate of the search. */
int sch_place_price_times(sch_place_model_t *model, int profile, int rule, const int *factors) CV_USE_RESULT;
int sch_place_price_rooms(sch_place_model_t *model, int profile, int rule, const int *factors) CV_USE_RESULT;
int sch_place_price_places(sch_place_model_t *model, int profile, int rule, const int *factors) CV_USE_RESULT;

typedef struct {
    const char *name; /* as long as the model */
    int profile;
    int unplaced_rule; /* -1: being nowhere costs nothing */
    int unplaced_factor;
    int promised; /* a place, or SCH_PLACE_NOWHERE: the plan that was last published */
    bool pinned;  /* the search leaves it at the promised place */
    int twin;     /* items that can be exchanged without any effect have the same number; -1: none */
} sch_place_item_t;
int sch_place_item(sch_place_model_t *model, const sch_place_item_t *item, int *ret_item) CV_USE_RESULT;

/* ---- pairs ---- */
/* value[a * times + b] for times a of the first and b of the second item. */
int sch_place_relation(sch_place_model_t *model, const int *values, int *ret_relation) CV_USE_RESULT;
/* value[b - a + times - 1] */
int sch_place_relation_lag(sch_place_model_t *model, const int *values, int *ret_relation) CV_USE_RESULT;
/* 1 where items of these classes are less than gap ticks apart (0: overlap). */
int sch_place_relation_overlap(sch_place_model_t *model, int class_a, int class_b, int gap,
                               int *ret_relation) CV_USE_RESULT;
int sch_place_pair(sch_place_model_t *model, int rule, int factor, int item_a, int item_b, int relation,
                   sch_room_cond_t cond) CV_USE_RESULT;
/* The rule's weight unless the relation is not 0 between the item and at least one of the others. */
int sch_place_any(sch_place_model_t *model, int rule, int item, const int *others, int others_n, int relation,
                  sch_room_cond_t cond) CV_USE_RESULT;

/* ---- groups ---- */
/* keys_of_places[place]: 0 ... keys - 1, or -1. */
int sch_place_map(sch_place_model_t *model, int keys, const int *keys_of_places, int *ret_map) CV_USE_RESULT;
/* map -1: the group counts in every tick of its items' spans (load only). outer[key] puts keys together for distinct
 * and product; NULL: all in one. */
int sch_place_group(sch_place_model_t *model, int map, int stride, const int *outer, int outers,
                    int *ret_group) CV_USE_RESULT;
int sch_place_member(sch_place_model_t *model, int group, int item, int offset, int demand) CV_USE_RESULT;
/* weight * factor * excess, or * excess squared. */
int sch_place_load(sch_place_model_t *model, int rule, int factor, int group, int cap, bool squared) CV_USE_RESULT;
/* weight * factor for each key below low or above high, per outer bucket. */
int sch_place_distinct(sch_place_model_t *model, int rule, int factor, int group, int low, int high) CV_USE_RESULT;
/* Keys k and k + 1 are neighbours within 64 keys from a multiple of 64; leave a key between what are not. */
int sch_place_lonely(sch_place_model_t *model, int rule, int factor, int group) CV_USE_RESULT;
/* Once if the used keys are not consecutive. At most 64 keys. */
int sch_place_gaps(sch_place_model_t *model, int rule, int factor, int group) CV_USE_RESULT;
int sch_place_present(sch_place_model_t *model, int rule, int group, const int *factors) CV_USE_RESULT;
/* weight * factor * (distinct keys of a) * (distinct keys of b), per outer bucket. */
int sch_place_product(sch_place_model_t *model, int rule, int factor, int group_a, int group_b) CV_USE_RESULT;

/* ---- the rest ---- */
/* All pairs of the items by a symmetric relation. */
int sch_place_field(sch_place_model_t *model, int rule, int factor, const int *items, int items_n,
                    int relation) CV_USE_RESULT;
/* ranks[k] is the wanted position (from 1) of items[k] among all of them by order_of_places; 0: any. */
int sch_place_rank(sch_place_model_t *model, int rule, int factor, const int *items, const int *ranks, int items_n,
                   int order_map) CV_USE_RESULT;
/* Member m bears loads[time * members + m] from each item of the profile; weight * sum / divisor of squares. */
int sch_place_burden(sch_place_model_t *model, int rule, int members, int divisor) CV_USE_RESULT;
int sch_place_burden_of(sch_place_model_t *model, int profile, const int *loads) CV_USE_RESULT;
/* Whole sets of places that may change contents: block[place] (-1: none) and slot[place] within it. */
int sch_place_blocks(sch_place_model_t *model, int blocks, const int *block, const int *slot) CV_USE_RESULT;

int sch_place_freeze(sch_place_model_t *model) CV_USE_RESULT;

/* ---- reading a frozen model ---- */
int sch_place_items_n(const sch_place_model_t *model);
int sch_place_places_n(const sch_place_model_t *model);
int sch_place_times_n(const sch_place_model_t *model);
int sch_place_rooms_n(const sch_place_model_t *model);
int sch_place_time_of(const sch_place_model_t *model, int place);
int sch_place_room_of(const sch_place_model_t *model, int place);
const sch_place_item_t *sch_place_item_at(const sch_place_model_t *model, int item);
const sch_rule_t *sch_place_rule_at(const sch_place_model_t *model, int rule);
/* The places without a hard price, ascending. */
const int *sch_place_candidates(const sch_place_model_t *model, int item, int *ret_n);

/* <0, 0, >0 as a is better than, equal to or worse than b. */
int sch_score_compare(const sch_score_t *a, const sch_score_t *b);

#endif
