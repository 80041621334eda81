/* core_truth: what a view says that can be computed again, in one order, and a hash over it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who followed the same streams to the same positions has the same truth, in whatever order the streams came to be
 * mixed, however often it was started, and whatever was asked meanwhile; so a page can be checked against the logs
 * (`convene audit view`). It is the entities of dash_view_kinds but
 *
 *   feed, tally/feed    numbered by how the streams came to be mixed
 *   tally/settled       an instant; it is told beside the hash, because free seats follow from it
 *
 * and of a stream that was once taken from a snapshot, which holds what is and not how it came to be, also without
 *
 *   scheduling.events     of events: `at`, `history`, `moved`; of sessions: `at`; and those that are cancelled, of which
 *                         not all were told
 *   registration.events   of answers: `at`; and those that say nothing, as a refusal leaves them behind
 *   notifications.events  of notices: `since`; and the number of those that ended well
 *
 * The hash is BLAKE2b-256 over "convene.dashboard.truth.2\n" and, for each kind and key in the order of their octets,
 * KIND, NUL, KEY, NUL, VALUE, newline; VALUE is JSON without spaces, members in the order of their octets.
 */
#ifndef DASHBOARD_CORE_TRUTH_H
#define DASHBOARD_CORE_TRUTH_H

#include <jansson.h>

enum { DASH_TRUTH_HEX = 65 /* octets of the hash as text, with its NUL */ };

/* kinds: {kind: {key: value}}, as the view or a page has them; origins: {stream: {"snapshot": true}}, of streams once
 * taken from a snapshot; may be NULL. A new reference; NULL: out of memory. What it holds is shared with kinds. */
json_t *dash_truth_of(const json_t *kinds, const json_t *origins);
int dash_truth_hash(const json_t *truth, char ret_hex[DASH_TRUTH_HEX]);

#endif
