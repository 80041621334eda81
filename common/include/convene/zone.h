/* zone: between clocks on a wall in a time zone and instants.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A zone is the octets of its compiled file in the tz database (TZif, RFC 8536).
 */
#ifndef CONVENE_ZONE_H
#define CONVENE_ZONE_H

#include "convene/bytes.h"

/* An instant and what clocks there are ahead of UTC. */
typedef struct {
    int64_t utc_s, offset_s;
} cv_instant_t;
/* "2026-03-06T18:00[:00]" as seconds, as if it were UTC. false: no such day or time. */
bool cv_wall_parse(cv_str_t text, int64_t *ret_seconds);
/* "09:30" as minutes from 00:00, at most "24:00", the end of a day. false: no such time. */
bool cv_wall_time_parse(cv_str_t text, int64_t *ret_minutes);
/* "+05:30", ahead of UTC, as seconds; and back. false: not that. */
enum { CV_OFFSET_TEXT = 6 };
bool cv_offset_parse(cv_str_t text, int64_t *ret_offset_s);
void cv_offset_text(int64_t offset_s, char ret_text[CV_OFFSET_TEXT + 1]);
/* The instants at which a clock of the zone shows this, earliest first: 0, 1 or 2. CV_ECORRUPT: not a zone. */
int cv_zone_instants(cv_str_t file, int64_t wall_s, cv_instant_t ret_instants[2], size_t *ret_n) CV_USE_RESULT;
/* What clocks of the zone are ahead of UTC at an instant. CV_ECORRUPT: not a zone. */
int cv_zone_offset(cv_str_t file, int64_t utc_s, int64_t *ret_offset_s) CV_USE_RESULT;
/* Octets of the zone's file on this machine, in the arena. CV_ENOTFOUND: there is no such zone. */
int cv_zone_read(cv_arena_t *arena, cv_str_t zone, cv_str_t *ret_file) CV_USE_RESULT;

#endif
