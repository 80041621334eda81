/* core_plan: which version of an event the public sees, where its plan makes releases; and what changed from one to the next.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plan that never made a release is shown as it stands. From its first release on, what is only intended waits for the next:
 *
 *   draft, proposed, circulated, adopted, rejected   as the newest release has it; not at all, where it holds another version
 *                                                    or none. An adopted event is a promise to hold it, not a date: while
 *                                                    it is put here and there in the working version, nobody is told
 *   scheduled, open, closed, held, reported          as it stands. Its host has confirmed; people register and travel, and
 *                                                    are told of each change at once. To show the old date because no
 *                                                    release was made yet would be wrong
 *   postponed, cancelled                             as it stands, if the public knew it, from any release or because it was
 *                                                    confirmed: what was announced and does not take place is told at once.
 *                                                    What it never knew just ends
 *
 * So the working version of an adopted plan is: its next version (draft, circulated, returned), which has not been adopted;
 * events outside of any release; and what has been changed of adopted events since. Adoption and release are two things: the one
 * is a decision of the committee, the other says when it is told.
 *
 * Kinds that are kept and shown to nobody; this file alone decides what is in `event` of such a plan:
 *
 *   plan_release   PLAN    the newest two: {releases: {number: {release, at, items: {event: version}, fields: {event: {...}}}},
 *                          ever: {event: true}}; fields: what is told of the version that it holds; ever: all that any held
 *   working        EVENT   the newest version of each event of such a plan
 *
 * And public:
 *
 *   changes        PLAN    {plan, from, from_at, to, at, rows: [{event, title, what, field, before, after}]}, between the newest
 *                          two; what: added, removed, changed
 *   plan                   of a plan that makes releases only what was adopted
 *
 * Happy path: a release comes in the transaction that made it, and names the versions that are there.
 *
 * Failure modes
 *   a snapshot         has releases first, then the older versions that they hold and those that were told at once (event.told),
 *                      oldest first, then each event as it is
 *
 * Invariant: which events are public follows from the releases and the versions of events, so a view from a snapshot has
 * those of one that followed. Of one that was put off and adopted anew before the first release, and is not in it, a
 * snapshot knows more.
 */
#ifndef DASHBOARD_CORE_PLAN_H
#define DASHBOARD_CORE_PLAN_H

#include "dashboard/core_view.h"

enum { DASH_PLAN_MAX = 80 /* octets of a plan's name, with its NUL */ };

/* The plan that an event is of: "2026-cbm". */
const char *dash_plan_of(const json_t *event, char ret_plan[DASH_PLAN_MAX]);
/* Keeps the version. *ret_held: it is not for the public. */
int dash_plan_event(dash_view_t *view, const dash_record_t *record, bool *ret_held) CV_USE_RESULT;
/* Is the newest version of the event not what the public sees? */
bool dash_plan_waits(const dash_view_t *view, const char *event);
/* One of an event has no effect. */
int dash_plan_release(dash_view_t *view, const json_t *release) CV_USE_RESULT;
/* Has its host confirmed, so that each change of it is told at once? */
bool dash_plan_is_confirmed(const char *status);
/* Of a plan's version: is it not for the public? */
bool dash_plan_is_held(const dash_view_t *view, const json_t *plan);

#endif
