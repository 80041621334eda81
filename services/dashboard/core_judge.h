/* core_judge: sessions that are shown before scheduling's evaluator, which is asked of one after the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Taken are the sessions that are shown of events that are shown, with a time; of programmes that make releases also the working
 * versions that are not shown, so that it can be asked what a release would make of it.
 *
 * Invariant: who is near one is found by an index of times, and may be more than needed: too many do no harm.
 */
#ifndef DASHBOARD_CORE_JUDGE_H
#define DASHBOARD_CORE_JUDGE_H

#include "dashboard/core_sittings.h"

/* A session, with what it is judged by. */
typedef struct {
    const json_t *json;
    const char *event;
    sch_sitting_t sitting;
    bool is_edited; /* shown, and its working version is another one */
} dash_sitting_t;

typedef struct {
    const dash_view_t *view;
    dash_sitting_t *sessions; /* shown and placed, in the order of events, beginnings and codes */
    size_t n;
    dash_sitting_t *edited; /* working versions, of programmes that make releases, that are not shown */
    size_t edited_n;
    const dash_sitting_t **by_time;
    const sch_sitting_t **near; /* of one */
    int64_t longest_ms, reach_ms;
    sch_rule_t rules[SCH_PROGRAMME_RULES_N];
    sch_conflict_t found[SCH_CONFLICTS_MAX];
} dash_programmes_t;

/* The sessions of one event. */
typedef struct {
    size_t first, end;
} dash_range_t;

int dash_programmes_take(const dash_view_t *view, dash_programmes_t **ret_all) CV_USE_RESULT;
void dash_programmes_free(dash_programmes_t **all);
/* The next event, from {0} on; false: that were all. */
bool dash_programmes_next(const dash_programmes_t *all, dash_range_t *range);

/* What speaks against a session of the event of range: so many of all->found. released: an event with its working versions in the
 * place of what is shown; NULL: none. */
size_t dash_judge(dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting,
                  const char *released);
/* Is it forbidden, or blocks a release? */
bool dash_judge_blocks(const dash_programmes_t *all, const sch_conflict_t *conflict);
bool dash_judge_is_of_room(const sch_conflict_t *conflict);
/* Both change all->found. The first room by code of that venue in which nothing would speak of its room, NULL: none; and
 * whether a release of this event alone would end what speaks so against the session. */
const char *dash_judge_other_room(dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting);
bool dash_judge_mends(dash_programmes_t *all, const dash_range_t *range, const dash_sitting_t *one, sch_why_t why,
                      const char *released);

#endif
