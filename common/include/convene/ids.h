/* ids: request ids (UUIDv7), and time as the wire and people write it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Times are int64_t milliseconds since 1970-01-01T00:00:00Z, without leap seconds (RFC 9562, RFC 3339).
 */
#ifndef CONVENE_IDS_H
#define CONVENE_IDS_H

#include "convene/bytes.h"

#define CV_UUID_LEN 16
#define CV_UUID_TEXT 36 /* octets without the NUL */

/* A time-ordered UUIDv7 (RFC 9562): 48 bits of wall_ms, then a counter that keeps ids made by one process within one
 * millisecond in order, then random bits. Not for services' cores: those draw no random numbers. */
void cv_uuid7(int64_t wall_ms, uint8_t ret_id[CV_UUID_LEN]);
void cv_uuid_text(const uint8_t id[CV_UUID_LEN], char ret_text[CV_UUID_TEXT + 1]);
/* Any RFC 9562 UUID in its 36-character form, upper or lower case. CV_EINVAL otherwise. */
int cv_uuid_parse(cv_str_t text, uint8_t ret_id[CV_UUID_LEN]) CV_USE_RESULT;

#define CV_TIME_TEXT 24 /* "2025-02-26T09:00:00.000Z" */
void cv_time_text(int64_t ms, char ret_text[CV_TIME_TEXT + 1]);
/* RFC 3339 with Z or a numeric offset, fraction optional. CV_EINVAL otherwise. */
int cv_time_parse(cv_str_t text, int64_t *ret_ms) CV_USE_RESULT;
/* Like cv_time_parse for "YYYY-MM-DD": midnight UTC of that day. */
int cv_date_parse(cv_str_t text, int64_t *ret_ms) CV_USE_RESULT;

/* The real clocks; only the runner and the command line read them. */
int64_t cv_clock_wall_ms(void);
int64_t cv_clock_mono_ms(void);
int64_t cv_clock_mono_us(void);

#endif
