/* core_pass: what lets a person in to the desk: a name and a last instant, signed.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   octets   1         4                   8          1     n      32
 *          +---------+-------------------+----------+-----+------+----------------------------------------+
 *          | 1       | until, seconds,   | random   | n   | name | HMAC-SHA-512-256 over all before, with |
 *          | version | big endian        |          |     |      | the key of the dashboard               |
 *          +---------+-------------------+----------+-----+------+----------------------------------------+
 *
 * as text in base64url. It says who somebody is and nothing of what they may do: that is looked up each time, in the
 * certificates, so a principal who is revoked or moved to another party is so at the desk too. It cannot be taken back
 * alone: it ends by time, with the principal's certificate, or with the key (`convene dashboard rotate`).
 *
 * Pure: no clock, no file. Invariants: no pass is good for longer than DASH_PASS_HOURS_MAX, whoever signed it; a check
 * takes as long for a signature that is nearly right as for one that is not at all.
 */
#ifndef DASHBOARD_CORE_PASS_H
#define DASHBOARD_CORE_PASS_H

#include "convene/principal.h"
#include "convene/seal.h"

enum {
    DASH_PASS_NONCE = 8,
    DASH_PASS_TEXT = 128, /* octets of a pass as text, at most, with its NUL */
    DASH_PASS_HOURS_MAX = 7 * 24,
};

typedef struct {
    char name[CV_NAME_MAX + 1];
    int64_t until_ms; /* the first instant at which it is good no more */
} dash_pass_t;

/* CV_EINVAL: no name, one that is too long, or too late an instant. */
int dash_pass_make(const cv_seal_key_t *key, const char *name, int64_t now_ms, int64_t until_ms,
                   const uint8_t nonce[DASH_PASS_NONCE], char ret_text[DASH_PASS_TEXT]) CV_USE_RESULT;
/* CV_EDENIED: not signed by this key, or no pass at all; CV_EEXPIRED: it was one. */
int dash_pass_check(const cv_seal_key_t *key, const char *text, int64_t now_ms, dash_pass_t *ret_pass) CV_USE_RESULT;

#endif
