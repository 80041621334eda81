/* mirror: the web thread's copy of the view, and what has changed in it since.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   batches -> dash_mirror_take -> entities, and a mark on those that changed
 *   every DASH_FLUSH_MS while there are marks -> dash_mirror_flush -> one delta with their newest values, version + 1
 *
 * So an entity that changes a thousand times between two flushes is told once, and a delta is never larger than the
 * view. Deltas are kept, newest last, up to DASH_RING_BYTES: a browser that comes back with `Last-Event-ID` gets those
 * it missed; one that was away too long, or saw another start of the service, gets a snapshot.
 *
 * Server-Sent Events, as they stand in a stream:
 *
 *   id: BOOT-VERSION  event: snapshot   data: {"now": ms, "kinds": {kind: {key: value}}}
 *   id: BOOT-VERSION  event: delta      data: {"now": ms, "set": [[kind, key, value or null], ...]}
 *                     event: beat       data: {"now": ms}
 *
 * The entity `proof` says what the view can be checked by: {"hash", "settled_ms", "positions": {stream: {"epoch", "seq",
 * "chain", "snapshot"}}}. It is computed when somebody asks, or before a beat, not with each delta: of the positions
 * that it names it is always true. core_truth.h says what is hashed.
 *
 * BOOT is random and new with each start: versions of two starts never mix.
 */
#ifndef DASHBOARD_MIRROR_H
#define DASHBOARD_MIRROR_H

#include "dashboard/link.h"
#include "dashboard/text.h"

enum {
    DASH_FLUSH_MS = 40,
    DASH_DERIVE_MS = 400,          /* what follows from the view is computed at most so often */
    DASH_RING_BYTES = 1024 * 1024, /* of deltas kept for browsers that come back */
    DASH_RING_MAX = 1024,          /* deltas kept, count */
    DASH_BODY_MAX = 64 * 1024 * 1024,
};

typedef struct dash_mirror dash_mirror_t;
int dash_mirror_new(dash_mirror_t **ret_mirror) CV_USE_RESULT;
void dash_mirror_destroy(dash_mirror_t **mirror);

int dash_mirror_take(dash_mirror_t *mirror, const dash_batch_t *batch) CV_USE_RESULT;
bool dash_mirror_changed(const dash_mirror_t *mirror);  /* there is something to flush */
bool dash_mirror_is_whole(const dash_mirror_t *mirror); /* the view has come */
/* Computes what follows from the view (core_derive.h). */
int dash_mirror_derive(dash_mirror_t *mirror, int64_t now_ms) CV_USE_RESULT;
/* Brings `proof` up to date, if something changed that it is about. *ret_proof: borrowed. */
int dash_mirror_prove(dash_mirror_t *mirror, const json_t **ret_proof) CV_USE_RESULT;
/* The delta, borrowed, valid until the next call; NULL with CV_OK: nothing changed. */
int dash_mirror_flush(dash_mirror_t *mirror, int64_t now_ms, dash_text_t **ret_delta) CV_USE_RESULT;
/* The snapshot as it is after the last flush; borrowed. */
int dash_mirror_snapshot(dash_mirror_t *mirror, int64_t now_ms, dash_text_t **ret_snapshot) CV_USE_RESULT;
/* Gives each(arg, delta) for the deltas behind that event id. False, and none given: it cannot be gone on from. */
bool dash_mirror_since(dash_mirror_t *mirror, cv_str_t event_id, void (*each)(void *arg, dash_text_t *delta),
                       void *arg);
dash_text_t *dash_mirror_beat(int64_t now_ms); /* a new reference; NULL: out of memory */

const json_t *dash_mirror_kinds(const dash_mirror_t *mirror);
json_t *
dash_mirror_public(const dash_mirror_t *mirror); /* all that is streamed; a new reference; NULL: out of memory */
const json_t *dash_mirror_kind(const dash_mirror_t *mirror, const char *kind); /* NULL: none of it */
const json_t *dash_mirror_get(const dash_mirror_t *mirror, const char *kind, const char *key);
uint64_t dash_mirror_version(const dash_mirror_t *mirror);
const char *dash_mirror_boot(const dash_mirror_t *mirror);

#endif
