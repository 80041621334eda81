/* dashboard: the service that shows: follows every public stream, and serves what it sees as pages, data and a stream.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   scheduling.events  \                                            +-- pages, tables, /api, /metrics, calendars
 *   registration.events > service thread --link--> web thread ------+
 *   notifications.events/  view (core_view.h)      mirror (mirror.h)+-- Server-Sent Events
 *                          rows (store.h)   ^
 *                                           |
 *                          pulse thread ----+   asks each service how it is (pulse.h)
 *
 *                          desk thread          a listener and a key of its own, for names (desk.h); off by itself
 *
 * Happy path: a record comes, the view changes, its entities are written as rows in the transaction that moves the
 * cursor; after COMMIT what changed goes over the link to the web thread, which tells every browser within
 * DASH_FLUSH_MS.
 *
 * The service thread is a service like the others: deterministic, no clock, no socket of its own. It has no stream and
 * takes no requests; it knows nothing of HTTP. The other threads are the gateway: they may read the clock and own
 * their sockets, and never touch the database. Between threads go whole batches of text, so nothing is shared and
 * nothing is locked.
 *
 * Failure modes
 *   kill -9, restart              rows and cursors are of one transaction: the view is loaded, the rest is followed;
 *                                 browsers see that the stream ended, say so, come back and get a snapshot
 *   the file is gone, or another  everything is followed from the beginning
 *   program made other things of it
 *   a followed service is down    its part stays as it was, and the page says that the service does not answer
 *   a followed service restored   a snapshot of its stream replaces what was made from it
 *   a transaction is undone       the view is loaded anew from what is committed
 *   a record cannot be applied    set aside, visibly; the others go on
 *   the web thread stalls         the link fills, what is to be told gathers by entity, nothing is lost, nothing waits
 *   the HTTP port is taken        the process does not start, and says so
 *
 * Invariants
 *   the web thread is told of nothing that is not committed
 *   the view holds nothing that the public streams do not say: its key may be that of an observer
 */
#ifndef DASHBOARD_DASHBOARD_H
#define DASHBOARD_DASHBOARD_H

#include "convene/service.h"
#include "dashboard/core_view.h"
#include "dashboard/store.h"

extern const cv_service_def_t dash_service;

/* For tests: the view of an open service, borrowed. */
const dash_view_t *dash_service_view(const void *self);

#endif
