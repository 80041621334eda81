/* core_pass: what lets a person in to the desk: a name and a last instant, signed.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   octets   1      4                   6                8          1     n      32
 *          +------+-------------------+----------------+----------+-----+------+----------------------------------------+
 *          | kind | until, seconds,   | made, ms,      | random   | n   | name | HMAC-SHA-512-256 over all before, with |
 *          |      | big endian        | big endian     |          |     |      | the key of the dashboard               |
 *          +------+-------------------+----------------+----------+-----+------+----------------------------------------+
 *
 * as text in base64url. A link's pass says who somebody is and nothing of what they may do: that is looked up each time,
 * in the certificates, so a principal who is revoked or moved to another party is so at the desk too. It is good once:
 * store_sessions.h remembers which were used, and `made` says whether it is of a time that is remembered. The other
 * kinds are orders of who holds the key (`convene dashboard sessions`, `revoke`): a name to do it to, for a minute, and
 * doing it twice changes nothing.
 *
 * Pure: no clock, no file. Invariants: no pass is good for longer than DASH_PASS_HOURS_MAX, an order not for longer than
 * DASH_ORDER_MS, whoever signed it; a pass of one kind is none of another; a check takes as long for a signature that is
 * nearly right as for one that is not at all.
 */
#ifndef DASHBOARD_CORE_PASS_H
#define DASHBOARD_CORE_PASS_H

#include "convene/principal.h"
#include "convene/seal.h"

enum {
    DASH_PASS_NONCE = 8,
    DASH_PASS_TEXT = 136, /* octets of a pass as text, at most, with its NUL */
    DASH_PASS_HOURS_MAX = 7 * 24,
    DASH_ORDER_MS = 60000, /* what is accepted; made for half of it, so that clocks may differ by the rest */
};

typedef enum {
    DASH_PASS_LINK = 2, /* signs in, once. 1 was a pass that could be used until it ended */
    DASH_PASS_LIST = 3, /* says who is signed in; its name is "*" */
    DASH_PASS_END = 4,  /* ends the sessions and links of the name */
} dash_pass_kind_t;

typedef struct {
    char name[CV_NAME_MAX + 1];
    int64_t made_ms, until_ms; /* until: the first instant at which it is good no more */
    uint8_t whose[32];         /* of a session: the key that the name had when it began; not part of a pass */
} dash_pass_t;

/* CV_EINVAL: no name, one that is too long, or too late an instant. */
int dash_pass_make(const cv_seal_key_t *key, dash_pass_kind_t kind, const char *name, int64_t now_ms, int64_t until_ms,
                   const uint8_t nonce[DASH_PASS_NONCE], char ret_text[DASH_PASS_TEXT]) CV_USE_RESULT;
/* CV_EDENIED: not signed by this key, or no pass of this kind at all; CV_EEXPIRED: it was one. */
int dash_pass_check(const cv_seal_key_t *key, dash_pass_kind_t kind, const char *text, int64_t now_ms,
                    dash_pass_t *ret_pass) CV_USE_RESULT;

#endif
