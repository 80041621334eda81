/* core_conflicts: what is broken in the programmes that are shown, so that somebody mends it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No record says so: an edit that breaks a rule is refused or warned of, but a room is closed later, a delegation becomes
 * smaller, and what one event has released stands beside what another has moved since. So the sessions that are shown are
 * judged by scheduling's own evaluator (scheduling/core_conflicts.h), of which there is one. Named is what is forbidden, and
 * what blocks a release, by the rules as they are set.
 *
 *   conflict   EVENT   {event, n, broken: [...], days}: broken: the first DASH_BROKEN_MAX in the order of their beginnings; days:
 *                      of all sessions that are not on the event's days, which are one need, the one whose command reaches
 *                      most, and `ends`: when each is over; n: all; no conflict: no entity
 *
 * One of `broken` is {why, session, start, until, other, about, have, need, to, release, mended, all}:
 *
 *   why      room_taken, room_closed, room_lacks, person, away (not there yet, or gone), delegation, booths, teams (of
 *            interpreters), team_day (their hours), break, plenary, opening, closing, pause (of the venue), order, days, or
 *            rule: another one that was set to block (its id is `about`)
 *   other    the session on its other side, with its event if that is another one
 *   about    the feature, the party, the day of the week, the rule; never a person
 *   to       VENUE/ROOM: a room of that venue that would do, at the same time; of a programme that makes no releases
 *   release  "EVENT NAME": this release would bring the mended programme to the page
 *   mended   as its working version is, that release alone would do: in it nothing speaks so against the session. That much is
 *            said of what is edited, and only of what everybody sees to be broken
 *   all      it is for all, so that a search moves it only when asked to
 *
 * Two sides are one conflict, told of the first of them; too many at once are one for each instant from which they are. Of an event
 * that nobody sees nothing is said, and nothing stands in the way of others; of one whose newest version waits for a release of
 * its plan, days are not judged. Who chairs and speaks is known from a hidden kind (core_sittings.h) and stands in no text.
 *
 * Not asked is what needs the files of zones (B16: at what hour somebody far away takes part), or the release before (B8).
 *
 * Invariant: it follows from the sessions that are shown and are edited, and from rooms, venues, parties, rules and events; so it is part of
 * the truth (core_truth.h). Cost: sessions times those of one event, when something of a programme changed; a decision of
 * registration costs nothing.
 */
#ifndef DASHBOARD_CORE_CONFLICTS_H
#define DASHBOARD_CORE_CONFLICTS_H

#include "dashboard/core_view.h"

enum { DASH_BROKEN_MAX = 120 /* of one event, count */ };

/* Brings the entities up to date, if the programmes, or what they are judged by, are dirty. */
int dash_conflicts_settle(dash_view_t *view) CV_USE_RESULT;

#endif
