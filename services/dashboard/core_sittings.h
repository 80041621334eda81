/* core_sittings: what the view knows of programmes, in the terms of scheduling's evaluator (scheduling/core_conflicts.h).
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is made here borrows its texts from the view. Of who chairs and speaks nothing stands in `session`; who must be there
 * in which version, and from when until when, is kept in a kind of its own that is shown to nobody:
 *
 *   people   EVENT/SESSION   {version: [{person, from, until}]}, of the versions in `session` and in `draft`
 */
#ifndef DASHBOARD_CORE_SITTINGS_H
#define DASHBOARD_CORE_SITTINGS_H

#include "dashboard/core_view.h"

#include "scheduling/core_conflicts.h"

sch_sitting_t dash_sitting_of(const dash_view_t *view, const char *key, const json_t *session);
cv_room_t dash_room_of(const json_t *room); /* NULL: nothing is known of it */
size_t dash_pauses_of(const json_t *venue, cv_pause_t ret_pauses[CV_VENUE_PAUSES_MAX]);
/* The rules of a programme with the effects that were set. */
void dash_rules_of(const dash_view_t *view, sch_rule_t ret_rules[SCH_PROGRAMME_RULES_N]);
/* Keeps who is in a version of a session that is, or may come to be, shown. record: scheduling.session, as it came. */
int dash_sitting_keep_people(dash_view_t *view, const char *key, const json_t *record) CV_USE_RESULT;

#endif
