/* store_prefer: the SQL of preferences, quiet hours, and of notices that wait for a time or leave in a digest.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   ntf_preference   (party, order, kind) -> mode; order -1 and kind 0: all
 *   ntf_hours        (party, order) -> zone, quiet hours, when digests are made
 *   ntf_wait         what waits for a time: one row per notice, and the lane (party, about) its digest is for. about is
 *                    the event whose contact it is for, and NTF_DIGEST_ALL where it is for a recipient of the party
 *
 * A delivery that waits here is held (hold 4: for a digest, hold 5: for the end of quiet hours), and does not keep back
 * those behind it. ntf_delivery.digest says how it leaves:
 *
 *    0   by itself
 *   >0   in the digest of that number: claimed. The row stays held until the digest was written, and is written with it
 *   -1   not at all: its recipient asked for none, and no webhook has it
 *   -2   by itself whatever is preferred: its digest could not be made
 *   -3   by webhook alone
 *
 *               +------------- hold 5, ntf_wait ----- until_ms ------+
 *               |                                                    v
 *   (lease) ----+--------------------------------------------------> leaves
 *               |                                                    ^
 *               +- hold 4, ntf_wait -- claimed: digest = n, no row --+ with the digest n, or by itself when n is dissolved
 *
 * What becomes of a digest's mail is said of what is in it too (a trigger; store_arrival.h): it is delivered, or dead, with it.
 *
 * Invariants: a row of ntf_wait is of a delivery that is queued, held with 4 or 5 and not claimed; a delivery that is
 * held with 4 has such a row or a digest, never both: so it is in one digest, and in no second one.
 */
#ifndef NOTIFICATIONS_STORE_PREFER_H
#define NOTIFICATIONS_STORE_PREFER_H

#include "convene/messages.h"
#include "convene/store.h"
#include "notifications/core.h"
#include "notifications/core_prefer.h"
#include "notifications/store.h"

#define NTF_DIGEST_ALL "digest"

extern const char ntf_tables_prefer[]; /* the migration */

typedef struct ntf_prefers ntf_prefers_t;
int ntf_prefers_open(cv_db_t *db, ntf_prefers_t **ret_store) CV_USE_RESULT;
void ntf_prefers_close(ntf_prefers_t **store);

/* ---- preferences and hours ---- */
enum { NTF_PREFERENCES_MAX = 11 * NTF_KINDS_END /* with that of every kind */, NTF_HOURS_MAX = 11 }; /* of one party */
/* Whether anybody has any. */
int ntf_preferring(ntf_prefers_t *store, bool *ret_any) CV_USE_RESULT;
/* mode 0: taken away; CV_ENOTFOUND: there was none. */
int ntf_preference_put(ntf_prefers_t *store, cv_str_t party, int order, int kind, int mode) CV_USE_RESULT;
int ntf_preferences_of(ntf_prefers_t *store, cv_str_t party, ntf_preference_t ret_preferences[NTF_PREFERENCES_MAX],
                       size_t *ret_n) CV_USE_RESULT;
/* zone absent: taken away; CV_ENOTFOUND: there were none. */
int ntf_hours_put(ntf_prefers_t *store, cv_str_t party, const ntf_hours_t *hours) CV_USE_RESULT;
/* Zones are copied to the arena. */
int ntf_hours_for(ntf_prefers_t *store, cv_str_t party, cv_arena_t *arena, ntf_hours_t ret_hours[NTF_HOURS_MAX],
                  size_t *ret_n) CV_USE_RESULT;
/* Parties that have any of them, behind `after`; one at a time. CV_ENOTFOUND: no more. */
int ntf_preferring_after(ntf_prefers_t *store, cv_str_t after, cv_arena_t *arena, cv_str_t *ret_party) CV_USE_RESULT;

/* ---- waiting ---- */
enum { NTF_HOLD_DIGEST = 4, NTF_HOLD_QUIET = 5 };                       /* ntf_delivery.hold */
enum { NTF_LEFT_OUT = -1, NTF_LEAVES_ALONE = -2, NTF_BY_WEBHOOK = -3 }; /* ntf_delivery.digest */
typedef struct {
    int64_t n;
    cv_str_t party, about;
    int mode; /* NTF_MODE_DAILY, NTF_MODE_WEEKLY; NTF_MODE_AT_ONCE: for the end of quiet hours */
    int64_t until_ms;
} ntf_wait_t;
int ntf_wait(ntf_prefers_t *store, const ntf_wait_t *wait) CV_USE_RESULT;
/* It ends here, with that for ntf_delivery.digest, and no message. */
int ntf_end_silently(ntf_prefers_t *store, int64_t n, int how) CV_USE_RESULT;
/* Whether a webhook has it, or may yet. */
int ntf_has_webhook(ntf_prefers_t *store, int64_t n, bool *ret_has) CV_USE_RESULT;
/* Lets go what waited for the end of quiet hours. What waits for longer than there is to wait for was put there by a
 * clock that has stepped back since: it goes too. */
int ntf_wait_end(ntf_prefers_t *store, int64_t now_ms) CV_USE_RESULT;
/* What of the party is not claimed yet is looked at anew, by what it prefers now. */
int ntf_wait_anew(ntf_prefers_t *store, cv_str_t party) CV_USE_RESULT;
/* The earliest end; CV_ENOTFOUND: nothing waits. */
int ntf_wait_next(ntf_prefers_t *store, int64_t now_ms, int64_t *ret_ms) CV_USE_RESULT;
/* Until when this delivery waits. CV_ENOTFOUND: it does not wait for a time. */
int ntf_wait_of(ntf_prefers_t *store, int64_t n, int64_t *ret_ms) CV_USE_RESULT;
/* A webhook of the party was taken away, or is gone: what went by it alone and has not arrived leaves otherwise. */
int ntf_webhook_lost(ntf_prefers_t *store, cv_str_t party) CV_USE_RESULT;
/* The same of this delivery. */
int ntf_webhook_lost_one(ntf_prefers_t *store, int64_t n) CV_USE_RESULT;

/* ---- digests ---- */
enum { NTF_DIGEST_MAX = 20 }; /* notices in one */
/* A lane of which a digest is due, one at a time. CV_ENOTFOUND: none. */
int ntf_digest_lane(ntf_prefers_t *store, int64_t now_ms, cv_arena_t *arena, ntf_wait_t *ret_lane) CV_USE_RESULT;
/* Numbers of what waits in it, oldest first. */
int ntf_digest_candidates(ntf_prefers_t *store, const ntf_wait_t *lane, int64_t ret_numbers[NTF_DIGEST_MAX],
                          size_t *ret_n) CV_USE_RESULT;
/* Between the number of a delivery and its id. CV_ENOTFOUND. */
int ntf_notice_at(ntf_prefers_t *store, int64_t n, char ret_notice[NTF_ID_MAX + 1]) CV_USE_RESULT;
int ntf_delivery_of(ntf_prefers_t *store, cv_str_t notice, int64_t *ret_n) CV_USE_RESULT;
/* n is in the digest, and waits for it alone. */
int ntf_digest_claim(ntf_prefers_t *store, int64_t digest, int64_t n) CV_USE_RESULT;
/* Numbers of what is in it, oldest first. */
int ntf_digest_members(ntf_prefers_t *store, int64_t digest, int64_t ret_numbers[NTF_DIGEST_MAX],
                       size_t *ret_n) CV_USE_RESULT;
/* It was written or handed over, and so was what is in it. */
int ntf_digest_written(ntf_prefers_t *store, int64_t digest) CV_USE_RESULT;
/* It cannot be made: what is in it leaves by itself, and it not at all. */
int ntf_digest_dissolve(ntf_prefers_t *store, int64_t digest) CV_USE_RESULT;
/* Digests with notices of this delegation are made anew, on whichever way they are: see scrub.c. */
int ntf_digest_forget(ntf_prefers_t *store, cv_str_t event, cv_str_t party) CV_USE_RESULT;

#endif
