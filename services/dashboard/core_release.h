/* core_release: which version of a session the public sees: that of the newest release of its event.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event that was never released is shown as it stands. From its first release on, the public programme is that of the
 * newest release, and does not move while the working version is edited: pages, feeds, data and the stream read the kind
 * `session`, and this file alone decides what is in it. Kept, and shown to nobody:
 *
 *   frozen   event           the newest release: {number, at, items: {session: version}}, and of all releases
 *                            past: {number: {at, names: {session: true}}}
 *   draft    EVENT/SESSION   the working version, of an event that has a release
 *
 * Public is a session that the release holds, in the version that it holds; and one that was cancelled by then and that the
 * public knew, since a reader of a calendar has to be told: everything before the first release, and what the release held
 * that was the newest when it was cancelled. What is neither was taken off the programme, is not in it yet, or came and
 * went in between.
 *
 * An event that is cancelled or postponed takes all of its sessions off, and the releases until then are over: nothing is public
 * until another one. A postponement that is told late (core_plan.h) ends none that came after it.
 *
 * The sessions of an event whose newest version waits for a release of its plan (core_plan.h) wait with it: they say what it
 * is called, and when it is. From a snapshot there are none of it until then, since older versions of these are nowhere told.
 *
 * Happy path: a release comes in the transaction that made it, and names the versions that are there.
 *
 * Failure modes
 *   a snapshot         has releases first, oldest or newest, then sessions as they are in the newest, then as they are. Each is
 *                      put where it belongs; the highest version of a session is the working one
 *
 * Invariant: what is public follows from the releases and the versions of sessions alone, in whatever order they
 * came; so a view from a snapshot is the one that followed.
 */
#ifndef DASHBOARD_CORE_RELEASE_H
#define DASHBOARD_CORE_RELEASE_H

#include "dashboard/core_view.h"

/* Takes value: the session as it would be shown. */
int dash_release_session(dash_view_t *view, const char *key, json_t *value) CV_USE_RESULT;
/* One of a plan has no effect. */
int dash_release_apply(dash_view_t *view, const json_t *release) CV_USE_RESULT;

/* Its event was cancelled or postponed at this instant; what was released after that is not over. */
int dash_release_over(dash_view_t *view, const char *event, int64_t at_ms) CV_USE_RESULT;
/* The event's newest version is public now, or the public sees none: its sessions go along, if their programme makes no
 * releases of its own. */
int dash_release_follow(dash_view_t *view, const char *event, bool is_public) CV_USE_RESULT;

#endif
