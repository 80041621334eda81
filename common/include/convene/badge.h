/* badge: the token on a badge: signed, without personal data, verified offline.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A token is 93 octets, all numbers big endian:
 *
 *    0        1                 5                         13               19           24           29              93
 *   +--------+-----------------+-------------------------+----------------+------------+------------+---------------+
 *   | 1      | key id          | event                   | badge          | from       | until      | signature     |
 *   +--------+-----------------+-------------------------+----------------+------------+------------+---------------+
 *     version  first 4 octets    first 8 octets of         number of the    seconds since 1970-01-01  Ed25519
 *              of BLAKE2b-256    BLAKE2b-256 over the      badge, 48 bits,  00:00 UTC; lets in from
 *              over the public   event's id                not 0            `from`, not any more at
 *              key                                                          `until`
 *
 * The signature is over the 16 octets "convene badge 1\0" and the 29 octets before it, so it can be mistaken for the
 * signature of nothing else. Who the holder is stands nowhere in it: the number leads to a delegation for who holds the
 * list of badges, and to a name for nobody but registration.
 *
 * As text it is Base32 (RFC 4648) without padding, 149 characters. All of them are in the alphanumeric set of QR codes,
 * 5.5 bits each: the code is smaller than with Base64, and hardly larger than with Base45, whose signs a scanner that
 * is a keyboard loses where the keyboard has another layout. Capitals or not does not matter; the last character has
 * one bit that is 0, so a token has one spelling.
 *
 * Verifying looks at everything in a fixed order and says the first thing that is wrong. It needs no clock, no file and
 * no network of its own. Whether a badge was revoked is not in its token: that is for who has the list.
 */
#ifndef CONVENE_BADGE_H
#define CONVENE_BADGE_H

#include "convene/bytes.h"

enum {
    CV_BADGE_LEN = 93,
    CV_BADGE_SIGNED = 29, /* octets before the signature */
    CV_BADGE_TEXT = 149,  /* characters, without the NUL */
    CV_BADGE_PUBLIC = 32,
    CV_BADGE_SEED = 32, /* the secret half of a key */
};
#define CV_BADGE_ID_MAX ((1LL << 48) - 1)

typedef struct {
    uint32_t key;
    uint8_t event[8];
    int64_t badge;
    int64_t from_ms, until_ms; /* whole seconds; what is between them is cut off */
} cv_badge_t;

typedef struct {
    uint32_t id;
    uint8_t public_key[CV_BADGE_PUBLIC];
    int64_t until_ms; /* 0: no end */
    bool is_revoked;
} cv_badge_key_t;

/* What can be wrong, in the order in which it is looked at: name, word, sentence. */
#define CV_BADGE_FAULT_MAP(XX)                                                                                      \
    XX(CV_BADGE_GOOD, "good", "The badge is good.")                                                                 \
    XX(CV_BADGE_MALFORMED, "malformed", "This is not a badge of Convene.")                                          \
    XX(CV_BADGE_UNKNOWN_KEY, "unknown_key", "Signed with a key that is not known here; bring the keys up to date.") \
    XX(CV_BADGE_FORGED, "forged", "The signature is not that of its contents: forged, or read wrongly.")            \
    XX(CV_BADGE_KEY_REVOKED, "key_revoked", "Signed with a key that was revoked; it must be printed anew.")         \
    XX(CV_BADGE_KEY_EXPIRED, "key_expired", "Signed with a key that is too old; it must be printed anew.")          \
    XX(CV_BADGE_OTHER_EVENT, "other_event", "The badge is for another event.")                                      \
    XX(CV_BADGE_NOT_YET, "not_yet", "The badge is not good yet.")                                                   \
    XX(CV_BADGE_EXPIRED, "expired", "The badge is not good any more.")
typedef enum {
#define XX(name, word, text) name,
    CV_BADGE_FAULT_MAP(XX)
#undef XX
} cv_badge_fault_t;
const char *cv_badge_fault_word(cv_badge_fault_t fault); /* static, never NULL */
const char *cv_badge_fault_text(cv_badge_fault_t fault);

uint32_t cv_badge_key_id(const uint8_t public_key[CV_BADGE_PUBLIC]);
void cv_badge_event(cv_str_t event, uint8_t ret_event[8]);
void cv_badge_public(const uint8_t seed[CV_BADGE_SEED], uint8_t ret_public[CV_BADGE_PUBLIC]);
/* The same badge and seed always give the same text. badge->key is set by the seed. CV_EINVAL: a number out of range.
 */
int cv_badge_sign(const cv_badge_t *badge, const uint8_t seed[CV_BADGE_SEED],
                  char ret_text[CV_BADGE_TEXT + 1]) CV_USE_RESULT;
/* From text or octets; nothing is verified. CV_EMALFORMED: this is no token. */
int cv_badge_parse(cv_str_t text, uint8_t ret_octets[CV_BADGE_LEN], cv_badge_t *ret_badge) CV_USE_RESULT;
/* ret_badge is filled in unless MALFORMED; but for GOOD and what comes after FORGED its contents are anybody's claim.
 */
cv_badge_fault_t cv_badge_verify(cv_str_t text, const cv_badge_key_t *keys, size_t keys_n, const uint8_t event[8],
                                 int64_t now_ms, cv_badge_t *ret_badge);

#endif
