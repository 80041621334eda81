/* badge: the token on a badge. See convene/badge.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/badge.h"

#include <sodium.h>
#include <string.h>

enum { VERSION = 1, SECONDS = 5, NUMBER = 6, EVENT = 8 }; /* octets of the fields but for the first */

static const char s_domain[16] = "convene badge 1";
static const char s_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static const struct {
    const char *word, *text;
} s_faults[] = {
#define XX(name, word, text) {word, text},
    CV_BADGE_FAULT_MAP(XX)
#undef XX
};

const char *cv_badge_fault_word(cv_badge_fault_t fault)
{
    return (size_t)fault < sizeof s_faults / sizeof *s_faults ? s_faults[fault].word : "unknown";
}

const char *cv_badge_fault_text(cv_badge_fault_t fault)
{
    return (size_t)fault < sizeof s_faults / sizeof *s_faults ? s_faults[fault].text : "Unknown.";
}

/* ---- numbers and text ---------------------------------------------------------------------------------------- */

static uint8_t *s_put(uint8_t *at, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    return at + len;
}

static const uint8_t *s_get(const uint8_t *at, size_t len, uint64_t *ret_value)
{
    *ret_value = 0;
    for (size_t i = 0; i < len; i++)
        *ret_value = *ret_value << 8 | at[i];
    return at + len;
}

static void s_write_text(const uint8_t octets[CV_BADGE_LEN], char ret_text[CV_BADGE_TEXT + 1])
{
    unsigned bits = 0, n = 0, at = 0;
    for (unsigned i = 0; i < CV_BADGE_LEN; i++) {
        bits = (bits << 8 | octets[i]) & 0xFFFF;
        for (n += 8; n >= 5; n -= 5)
            ret_text[at++] = s_alphabet[bits >> (n - 5) & 31];
    }
    ret_text[at++] = s_alphabet[bits << (5 - n) & 31];
    ret_text[at] = '\0';
}

static int s_value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

static int s_read_text(cv_str_t text, uint8_t ret_octets[CV_BADGE_LEN])
{
    unsigned bits = 0, n = 0, at = 0;
    if (!text.ptr || text.len != CV_BADGE_TEXT)
        return CV_EMALFORMED;
    for (size_t i = 0; i < CV_BADGE_TEXT; i++) {
        int value = s_value_of(text.ptr[i]);
        if (value < 0)
            return CV_EMALFORMED;
        bits = (bits << 5 | (unsigned)value) & 0xFFFF;
        n += 5;
        if (n < 8)
            continue;
        n -= 8;
        ret_octets[at++] = (uint8_t)(bits >> n);
    }
    return at == CV_BADGE_LEN && (bits & ((1U << n) - 1)) == 0 ? CV_OK : CV_EMALFORMED;
}

/* ---- hashes and keys ----------------------------------------------------------------------------------------- */

static void s_hash(const void *bytes, size_t len, uint8_t *ret_start, size_t start_len)
{
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, bytes, len, NULL, 0);
    memcpy(ret_start, hash, start_len);
}

uint32_t cv_badge_key_id(const uint8_t public_key[CV_BADGE_PUBLIC])
{
    uint8_t start[4];
    uint64_t id;
    s_hash(public_key, CV_BADGE_PUBLIC, start, sizeof start);
    s_get(start, sizeof start, &id);
    return (uint32_t)id;
}

void cv_badge_event(cv_str_t event, uint8_t ret_event[8])
{
    s_hash(event.ptr ? event.ptr : "", event.len, ret_event, EVENT);
}

void cv_badge_public(const uint8_t seed[CV_BADGE_SEED], uint8_t ret_public[CV_BADGE_PUBLIC])
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(ret_public, secret, seed);
    sodium_memzero(secret, sizeof secret);
}

/* What is signed: the domain, then the first octets of the token. */
static void s_signed(const uint8_t octets[CV_BADGE_LEN], uint8_t ret_message[sizeof s_domain + CV_BADGE_SIGNED])
{
    memcpy(ret_message, s_domain, sizeof s_domain);
    memcpy(ret_message + sizeof s_domain, octets, CV_BADGE_SIGNED);
}

int cv_badge_sign(const cv_badge_t *badge, const uint8_t seed[CV_BADGE_SEED], char ret_text[CV_BADGE_TEXT + 1])
{
    uint8_t octets[CV_BADGE_LEN], message[sizeof s_domain + CV_BADGE_SIGNED], public_key[CV_BADGE_PUBLIC],
        secret[crypto_sign_SECRETKEYBYTES];
    const int64_t seconds_max = (1LL << 8 * SECONDS) - 1;
    if (badge->badge < 1 || badge->badge > CV_BADGE_ID_MAX || badge->from_ms < 0 || badge->until_ms < 0 ||
        badge->from_ms / 1000 > seconds_max || badge->until_ms / 1000 > seconds_max)
        return CV_EINVAL;
    crypto_sign_seed_keypair(public_key, secret, seed);
    uint8_t *at = s_put(octets, VERSION, 1);
    at = s_put(at, cv_badge_key_id(public_key), 4);
    memcpy(at, badge->event, EVENT);
    at = s_put(at + EVENT, (uint64_t)badge->badge, NUMBER);
    at = s_put(at, (uint64_t)(badge->from_ms / 1000), SECONDS);
    at = s_put(at, (uint64_t)(badge->until_ms / 1000), SECONDS);
    s_signed(octets, message);
    crypto_sign_detached(at, NULL, message, sizeof message, secret);
    sodium_memzero(secret, sizeof secret);
    s_write_text(octets, ret_text);
    return CV_OK;
}

int cv_badge_parse(cv_str_t text, uint8_t ret_octets[CV_BADGE_LEN], cv_badge_t *ret_badge)
{
    uint8_t octets[CV_BADGE_LEN];
    uint64_t key, number, from, until;
    int rc = s_read_text(text, octets);
    if (rc || octets[0] != VERSION)
        return CV_EMALFORMED;
    const uint8_t *at = s_get(octets + 1, 4, &key), *event = at;
    at = s_get(at + EVENT, NUMBER, &number);
    at = s_get(at, SECONDS, &from);
    s_get(at, SECONDS, &until);
    if (number == 0)
        return CV_EMALFORMED;
    *ret_badge = (cv_badge_t){.key = (uint32_t)key,
                              .badge = (int64_t)number,
                              .from_ms = (int64_t)from * 1000,
                              .until_ms = (int64_t)until * 1000};
    memcpy(ret_badge->event, event, EVENT);
    memcpy(ret_octets, octets, sizeof octets);
    return CV_OK;
}

cv_badge_fault_t cv_badge_verify(cv_str_t text, const cv_badge_key_t *keys, size_t keys_n, const uint8_t event[8],
                                 int64_t now_ms, cv_badge_t *ret_badge)
{
    uint8_t octets[CV_BADGE_LEN], message[sizeof s_domain + CV_BADGE_SIGNED];
    const cv_badge_key_t *signer = NULL;
    bool is_known = false;
    if (cv_badge_parse(text, octets, ret_badge) != CV_OK)
        return CV_BADGE_MALFORMED;
    s_signed(octets, message);
    for (size_t i = 0; i < keys_n && !signer; i++) { /* two keys may have one id: both are tried */
        if (keys[i].id != ret_badge->key)
            continue;
        is_known = true;
        if (crypto_sign_verify_detached(octets + CV_BADGE_SIGNED, message, sizeof message, keys[i].public_key) == 0)
            signer = &keys[i];
    }
    if (!signer)
        return is_known ? CV_BADGE_FORGED : CV_BADGE_UNKNOWN_KEY;
    if (signer->is_revoked)
        return CV_BADGE_KEY_REVOKED;
    if (signer->until_ms && now_ms >= signer->until_ms)
        return CV_BADGE_KEY_EXPIRED;
    if (memcmp(event, ret_badge->event, EVENT) != 0)
        return CV_BADGE_OTHER_EVENT;
    if (now_ms < ret_badge->from_ms)
        return CV_BADGE_NOT_YET;
    return now_ms < ret_badge->until_ms ? CV_BADGE_GOOD : CV_BADGE_EXPIRED;
}
