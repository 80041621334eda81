/* core_pass: see core_pass.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_pass.h"

#include <sodium.h>
#include <string.h>

enum {
    UNTIL_LEN = 4,
    MADE_LEN = 6,
    NONCE_AT = 1 + UNTIL_LEN + MADE_LEN,
    HEAD_LEN = NONCE_AT + DASH_PASS_NONCE + 1,
    MAC_LEN = crypto_auth_BYTES,
    PASS_MAX = HEAD_LEN + CV_NAME_MAX + MAC_LEN,
    TEXT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};
_Static_assert(sizeof(((cv_seal_key_t *)0)->bytes) == crypto_auth_KEYBYTES,
               "the file of a seal's key holds one of ours");
_Static_assert(sodium_base64_ENCODED_LEN(PASS_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING) <= DASH_PASS_TEXT,
               "a pass with the longest name fits");

static bool s_lives_too_long(dash_pass_kind_t kind, int64_t from_ms, int64_t until_ms)
{
    return until_ms - from_ms > (kind == DASH_PASS_LINK ? (int64_t)DASH_PASS_HOURS_MAX * 3600 * 1000 : DASH_ORDER_MS);
}

static void s_put(uint8_t *at, int len, int64_t number)
{
    for (int i = 0; i < len; i++)
        at[i] = (uint8_t)(number >> 8 * (len - 1 - i));
}

static int64_t s_get(const uint8_t *at, int len)
{
    int64_t number = 0;
    for (int i = 0; i < len; i++)
        number = number << 8 | at[i];
    return number;
}

int dash_pass_make(const cv_seal_key_t *key, dash_pass_kind_t kind, const char *name, int64_t now_ms, int64_t until_ms,
                   const uint8_t nonce[DASH_PASS_NONCE], char ret_text[DASH_PASS_TEXT])
{
    uint8_t pass[PASS_MAX];
    size_t n = strlen(name);
    int64_t until_s = until_ms / 1000;
    if (!n || n > CV_NAME_MAX || until_s <= 0 || until_s > UINT32_MAX || now_ms < 0 || now_ms >> 8 * MADE_LEN ||
        s_lives_too_long(kind, now_ms, until_ms))
        return CV_EINVAL;
    pass[0] = (uint8_t)kind;
    s_put(pass + 1, UNTIL_LEN, until_s);
    s_put(pass + 1 + UNTIL_LEN, MADE_LEN, now_ms);
    memcpy(pass + NONCE_AT, nonce, DASH_PASS_NONCE);
    pass[HEAD_LEN - 1] = (uint8_t)n;
    memcpy(pass + HEAD_LEN, name, n);
    crypto_auth(pass + HEAD_LEN + n, pass, HEAD_LEN + n, key->bytes);
    sodium_bin2base64(ret_text, DASH_PASS_TEXT, pass, HEAD_LEN + n + MAC_LEN, TEXT);
    return CV_OK;
}

int dash_pass_check(const cv_seal_key_t *key, dash_pass_kind_t kind, const char *text, int64_t now_ms,
                    dash_pass_t *ret_pass)
{
    uint8_t pass[PASS_MAX];
    size_t len = 0;
    const char *end = NULL;
    if (sodium_base642bin(pass, sizeof(pass), text, strlen(text), NULL, &len, &end, TEXT) || *end ||
        len <= HEAD_LEN + MAC_LEN || len != (size_t)HEAD_LEN + pass[HEAD_LEN - 1] + MAC_LEN || pass[0] != kind ||
        crypto_auth_verify(pass + len - MAC_LEN, pass, len - MAC_LEN, key->bytes))
        return CV_EDENIED;
    dash_pass_t found = {.until_ms = s_get(pass + 1, UNTIL_LEN) * 1000,
                         .made_ms = s_get(pass + 1 + UNTIL_LEN, MADE_LEN)};
    memcpy(found.name, pass + HEAD_LEN, pass[HEAD_LEN - 1]);
    if (strlen(found.name) != pass[HEAD_LEN - 1] || s_lives_too_long(kind, now_ms, found.until_ms) ||
        s_lives_too_long(kind, found.made_ms, found.until_ms))
        return CV_EDENIED;
    *ret_pass = found;
    return now_ms < found.until_ms ? CV_OK : CV_EEXPIRED;
}
