/* core_prefer: how and when a message may leave, by what its recipient asked for; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A preference says how messages about one kind of notice leave, or about all kinds; for one recipient of the party, or
 * for all whom it has none for. The nearest counts: this recipient's before everybody's, and among these this kind's
 * before that of all kinds.
 *
 * Not everything may wait or be left out. The table in core_prefer.c says it, by kind:
 *
 *   kind                          urgent   may wait for a digest   may be left out
 *   decision                      no       yes                     no: it is about the recipient's own registration
 *   promotion                     no       yes                     no: the same
 *   lapse                         no       yes                     no: the same
 *   event_change, opening         no       yes                     yes
 *     cancelled or postponed      yes      no                      no
 *   reminder                      no       yes                     yes
 *   silence, and its reminder     yes      no                      no: whoever says nothing consents
 *   digest                        no       no                      no
 *   contact_ping                  no       no                      no: whoever does not answer is taken for gone
 *   unseen                        yes      no                      no: it is the last that can be done in time
 *
 * "Urgent" goes through quiet hours. A preference for all kinds is followed as far as this table lets; one that names a
 * kind it may not be for is refused when it is set. What has a deadline is not kept until it has passed: if the digest or
 * the end of the quiet hours would not come before it, it leaves at once.
 *
 * Times are those of a clock on a wall in the recipient's zone. It is quiet when that clock shows a time from quiet_from
 * on and before quiet_to, and the quiet ends at the first instant at which it does not: an hour that is skipped ends it
 * earlier, one that comes twice may be quiet twice. A digest is due once a day (or once a week): at the first instant at
 * which the clock shows its time, or where that time is skipped, the first that it shows afterwards.
 */
#ifndef NOTIFICATIONS_CORE_PREFER_H
#define NOTIFICATIONS_CORE_PREFER_H

#include "convene/messages.h"

/* Stored: never renumbered. */
enum { NTF_MODE_AT_ONCE = 1, NTF_MODE_DAILY, NTF_MODE_WEEKLY, NTF_MODE_WEBHOOK, NTF_MODE_NONE };
enum { NTF_ORDER_ANY = -1, NTF_KIND_ANY = 0 };
enum { NTF_DIGEST_MINUTE = 8 * 60, NTF_DIGEST_DAY = 0, NTF_EVERY_DAY = -1 };

typedef struct {
    bool is_urgent, may_wait, may_be_left_out;
} ntf_kind_rules_t;
/* kind: NTF_DECISION ... changes: of an event change, else 0. is_procedure: of a reminder, whether it is of silence. */
ntf_kind_rules_t ntf_kind_rules(int kind, unsigned changes, bool is_procedure);

typedef struct {
    int order, kind, mode; /* NTF_ORDER_ANY, NTF_KIND_ANY */
} ntf_preference_t;
/* What counts for this recipient and kind; NTF_MODE_AT_ONCE where nothing does. */
int ntf_mode(const ntf_preference_t *preferences, size_t n, int order, int kind);
/* The contract's word for a mode. */
cv_notice_mode_t ntf_notice_mode(int mode);
/* What is left of it by the rules. */
int ntf_mode_within(int mode, ntf_kind_rules_t rules);

typedef struct {
    int order;
    cv_str_t zone;
    int quiet_from, quiet_to; /* minutes of the day; the same: never quiet */
    int digest_minute, digest_day;
} ntf_hours_t;
/* Those that count for this recipient; NULL: none. */
const ntf_hours_t *ntf_hours_of(const ntf_hours_t *hours, size_t n, int order);

/* Whether it is quiet at now_ms in the zone (octets of its file; absent: UTC), and when that ends. */
bool ntf_quiet(cv_str_t file, int from, int to, int64_t now_ms, int64_t *ret_end_ms);
/* The first instant after after_ms at which a digest is due. day: 0 (Monday) to 6, or NTF_EVERY_DAY. */
int64_t ntf_digest_due(cv_str_t file, int minute, int day, int64_t after_ms);

#endif
