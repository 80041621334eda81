/* store_audience: SQL of who is told of what.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Owned here:
 *   ntf_audience      what was set: a kind of news, an audience, whether it is told. What was never set is as
 *                     core_audience.h says
 *   ntf_opening       registration that has opened, and of which nobody was told yet
 * Projections of scheduling.events, emptied when it begins anew:
 *   ntf_coordinator   terms of coordinators and co-coordinators of areas
 *   ntf_area          names of areas
 * ntf_delivery.audience says as what a party was told, where that does not follow from the kind.
 *
 * A database of before this step knows no coordinators: scheduling told of them long ago. They are known as soon as
 * scheduling tells of them again, or when its stream begins anew (CHANGELOG.md).
 */
#ifndef NOTIFICATIONS_STORE_AUDIENCE_H
#define NOTIFICATIONS_STORE_AUDIENCE_H

#include "convene/store.h"
#include "notifications/core_audience.h"

extern const char ntf_tables_audience[]; /* the migration */

typedef struct ntf_audiences ntf_audiences_t;
int ntf_audiences_open(cv_db_t *db, ntf_audiences_t **ret_store) CV_USE_RESULT;
void ntf_audiences_close(ntf_audiences_t **store);

int ntf_audience_put(ntf_audiences_t *store, int kind, int audience, bool told) CV_USE_RESULT;
/* Whether an audience is told of a kind of news, as it was set or else by itself. */
int ntf_audience_told(ntf_audiences_t *store, int kind, int audience, bool *ret_told) CV_USE_RESULT;

int ntf_coordinator_put(ntf_audiences_t *store, const cv_coordinator_t *coordinator) CV_USE_RESULT;
int ntf_area_put(ntf_audiences_t *store, cv_str_t code, cv_str_t name) CV_USE_RESULT;
/* Copied to the arena; absent when not known. */
int ntf_area_name(ntf_audiences_t *store, cv_str_t code, cv_arena_t *arena, cv_str_t *ret_name) CV_USE_RESULT;
enum { NTF_COORDINATORS_MAX = 64 }; /* of one area on one day */
/* The parties that coordinate an area on that day, each once, copied to the arena. */
int ntf_coordinators(ntf_audiences_t *store, cv_str_t area, cv_str_t day, cv_arena_t *arena, cv_str_t **ret_parties,
                     size_t *ret_n) CV_USE_RESULT;
/* Registration that has opened, and of which nobody was told yet: opening.h. One per event, the last. */
typedef struct {
    cv_str_t event, cause;
    int64_t time_ms;
} ntf_opening_t;
int ntf_opening_put(ntf_audiences_t *store, const ntf_opening_t *opening) CV_USE_RESULT;
/* Any, copied to the arena. CV_ENOTFOUND: none. */
int ntf_opening_next(ntf_audiences_t *store, cv_arena_t *arena, ntf_opening_t *ret_opening) CV_USE_RESULT;
int ntf_opening_drop(ntf_audiences_t *store, cv_str_t event) CV_USE_RESULT;
/* Openings of the event that have not left say what is no more: they end, for all parties or for this one. */
int ntf_openings_end(ntf_audiences_t *store, cv_str_t event, cv_str_t party) CV_USE_RESULT;
int ntf_coordinators_forget(ntf_audiences_t *store) CV_USE_RESULT;

#endif
