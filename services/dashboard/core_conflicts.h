/* core_conflicts: what is broken in the programmes that are shown, so that somebody mends it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No record says so: an edit that breaks a rule is refused or warned of, but a room is closed later, a delegation becomes
 * smaller, and what one event has released stands beside what another has moved since. So the sessions that are shown are
 * judged by scheduling's own evaluator (scheduling/core_conflicts.h), of which there is one. Named is what is forbidden, and
 * what blocks a release, by the rules as they are set.
 *
 *   conflict   EVENT   {event, n, behind, broken: [...]}: the first DASH_BROKEN_MAX, in the order of sessions; behind: how
 *                      many of all n are `days`; no conflict: no entity
 *
 * One of `broken` is {why, session, start, until, other, about, have, need, to, release, all}:
 *
 *   why      room_taken, room_closed, room_lacks, person, delegation, booths, break, plenary, opening, closing, days, or
 *            rule: another one that was set to block (its id is `about`)
 *   other    the session on its other side, with its event if that is another one
 *   about    the feature, the party, the rule; never a person
 *   to       VENUE/ROOM: a room of that venue that would do, at the same time
 *   release  "EVENT NAME": this release would bring the mended programme to the page
 *   moved    the working version of a side has another time or room already: the release alone mends it
 *   all      it is for all, so that a search moves it only when asked to
 *
 * Two sides are one conflict, told of the first of them. Who chairs and speaks is known from the hidden kind `people` and
 * stands in no text.
 *
 * Invariant: it follows from the sessions that are shown, and from rooms, parties, rules and days of events; so it is part of
 * the truth (core_truth.h). Cost: sessions times those of one event, when something of a programme changed; a decision of
 * registration costs nothing.
 */
#ifndef DASHBOARD_CORE_CONFLICTS_H
#define DASHBOARD_CORE_CONFLICTS_H

#include "dashboard/core_view.h"

enum { DASH_BROKEN_MAX = 24 /* of one event, count */ };

/* Brings the entities up to date, if the programmes, or what they are judged by, are dirty. */
int dash_conflicts_settle(dash_view_t *view) CV_USE_RESULT;
/* Keeps who is in a version of a session that is, or may come to be, shown. record: scheduling.session, as it came. */
int dash_conflicts_people(dash_view_t *view, const char *key, const json_t *record) CV_USE_RESULT;

#endif
