/* webhook: a notice as one signed HTTP request (Standard Webhooks 1.0).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/webhook.h"

#include "convene/ids.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- secrets ------------------------------------------------------------------------------ */

static void s_derive(const cv_seal_key_t *master, const char *purpose, const ntf_webhook_origin_t *of,
                     int64_t generation, uint8_t ret_secret[NTF_WEBHOOK_SECRET])
{
    uint8_t numbers[2 * sizeof(int64_t)];
    for (size_t i = 0; i < sizeof(int64_t); i++) {
        numbers[i] = (uint8_t)((uint64_t)of->number >> (56 - 8 * i));
        numbers[sizeof(int64_t) + i] = (uint8_t)((uint64_t)generation >> (56 - 8 * i));
    }
    crypto_generichash_state state;
    crypto_generichash_init(&state, master->bytes, sizeof(master->bytes), NTF_WEBHOOK_SECRET);
    crypto_generichash_update(&state, (const uint8_t *)purpose, strlen(purpose) + 1);
    crypto_generichash_update(&state, numbers, sizeof(numbers));
    if (of->is_salted)
        crypto_generichash_update(&state, of->salt, sizeof(of->salt));
    crypto_generichash_final(&state, ret_secret, NTF_WEBHOOK_SECRET);
    sodium_memzero(&state, sizeof(state));
}

void ntf_webhook_derive(const cv_seal_key_t *master, const ntf_webhook_origin_t *of, int64_t generation,
                        ntf_webhook_secret_t *ret_secret)
{
    s_derive(master, "convene.webhook.v1", of, generation, ret_secret->hmac);
    s_derive(master, "convene.webhook.v1a", of, generation, ret_secret->seed);
}

static void s_base64(const uint8_t *octets, size_t len, char *ret_text, size_t size)
{
    sodium_bin2base64(ret_text, size, octets, len, sodium_base64_VARIANT_ORIGINAL);
}

void ntf_webhook_secret_text(const ntf_webhook_secret_t *secret, char ret_text[NTF_WEBHOOK_KEY_TEXT + 1])
{
    char base64[NTF_WEBHOOK_KEY_TEXT];
    s_base64(secret->hmac, sizeof(secret->hmac), base64, sizeof(base64));
    snprintf(ret_text, NTF_WEBHOOK_KEY_TEXT + 1, "whsec_%s", base64);
    sodium_memzero(base64, sizeof(base64));
}

static void s_keys(const ntf_webhook_secret_t *secret, uint8_t ret_public[crypto_sign_PUBLICKEYBYTES],
                   uint8_t ret_private[crypto_sign_SECRETKEYBYTES])
{
    crypto_sign_seed_keypair(ret_public, ret_private, secret->seed);
}

void ntf_webhook_public_text(const ntf_webhook_secret_t *secret, char ret_text[NTF_WEBHOOK_KEY_TEXT + 1])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], private_key[crypto_sign_SECRETKEYBYTES];
    char base64[NTF_WEBHOOK_KEY_TEXT];
    s_keys(secret, public_key, private_key);
    s_base64(public_key, sizeof(public_key), base64, sizeof(base64));
    snprintf(ret_text, NTF_WEBHOOK_KEY_TEXT + 1, "whpk_%s", base64);
    sodium_memzero(private_key, sizeof(private_key));
}

/* ---- signing ------------------------------------------------------------------------------ */

static void s_put_signatures(const ntf_webhook_secret_t *secret, const cv_buf_t *content, cv_buf_t *buf)
{
    enum { TEXT = 100 };
    uint8_t mac[crypto_auth_hmacsha256_BYTES], signature[crypto_sign_BYTES];
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], private_key[crypto_sign_SECRETKEYBYTES];
    char text[TEXT];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->hmac, sizeof(secret->hmac));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)content->ptr, content->len);
    crypto_auth_hmacsha256_final(&state, mac);
    s_base64(mac, sizeof(mac), text, sizeof(text));
    cv_buf_printf(buf, "%sv1,%s", buf->len ? " " : "", text);
    s_keys(secret, public_key, private_key);
    crypto_sign_detached(signature, NULL, (const uint8_t *)content->ptr, content->len, private_key);
    s_base64(signature, sizeof(signature), text, sizeof(text));
    cv_buf_printf(buf, " v1a,%s", text);
    sodium_memzero(private_key, sizeof(private_key));
    sodium_memzero(&state, sizeof(state));
}

int ntf_webhook_sign(const ntf_webhook_secret_t *secrets, size_t n, cv_str_t id, int64_t timestamp_s, cv_str_t body,
                     cv_buf_t *buf)
{
    cv_buf_t content;
    cv_buf_init(&content, NTF_WEBHOOK_BODY_MAX + 256);
    cv_buf_printf(&content, "%.*s.%lld.", CV_STR_ARG(id), (long long)timestamp_s);
    int rc = cv_buf_put(&content, body.ptr, body.len);
    cv_buf_clear(buf);
    for (size_t i = 0; !rc && i < n; i++)
        s_put_signatures(&secrets[i], &content, buf);
    cv_buf_done(&content);
    return rc ? rc : buf->rc;
}

/* ---- body --------------------------------------------------------------------------------- */

/* All texts are of narrow sets of characters (ids, codes); what is not is escaped nevertheless. */
static void s_put_text(cv_buf_t *buf, const char *name, cv_str_t value, const char *after)
{
    cv_buf_printf(buf, "\"%s\":\"", name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c == '"' || c == '\\')
            cv_buf_printf(buf, "\\u%04x", c);
        else
            cv_buf_put(buf, value.ptr + i, 1);
    }
    cv_buf_printf(buf, "\"%s", after);
}

int ntf_webhook_body(cv_str_t kind, cv_str_t notice, cv_str_t cause, cv_str_t event, cv_str_t party, int64_t time_ms,
                     cv_buf_t *buf)
{
    char time[CV_TIME_TEXT + 1];
    cv_time_text(time_ms, time);
    cv_buf_printf(buf, "{\"type\":\"convene.notice.%.*s\",", CV_STR_ARG(kind));
    s_put_text(buf, "timestamp", cv_str(time), ",\"data\":{");
    s_put_text(buf, "notice", notice, ",");
    s_put_text(buf, "kind", kind, ",");
    s_put_text(buf, "event", event, ",");
    s_put_text(buf, "party", party, ",");
    s_put_text(buf, "cause", cause, "}}");
    return buf->rc;
}

/* ---- addresses ---------------------------------------------------------------------------- */

static bool s_starts(cv_str_t text, const char *with)
{
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

/* Where the host begins; 0: no such scheme. */
static size_t s_host_at(cv_str_t url)
{
    return s_starts(url, "https://") ? 8 : s_starts(url, "http://") ? 7 : 0;
}

static size_t s_host_end(cv_str_t url, size_t at)
{
    while (at < url.len && url.ptr[at] != '/' && url.ptr[at] != '?')
        at++;
    return at;
}

static bool s_is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

const char *ntf_webhook_url_fault(cv_str_t url, bool plain)
{
    static const char host_set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    static const char path_set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%";
    size_t at = s_host_at(url), end = s_host_end(url, at);
    if (url.len > NTF_URL_MAX)
        return "it is longer than 1000 octets";
    if (at == 0 || (at == 7 && !plain))
        return "it must begin with https://";
    if (end == at || end - at > NTF_HOST_MAX - 8 || url.ptr[at] == ':' || url.ptr[at] == '-' || url.ptr[at] == '.')
        return "it must name a host after https://";
    for (size_t i = at; i < end; i++) {
        if (!s_is_in(url.ptr[i], host_set))
            return "its host may have letters, digits, '.', '-' and a port; no user, no spaces, no other characters";
    }
    for (size_t i = end; i < url.len; i++) {
        if (!s_is_in(url.ptr[i], path_set))
            return "its path may have the characters of a URL only: others as %XX, and no fragment";
    }
    return NULL;
}

void ntf_webhook_host(cv_str_t url, char ret_host[NTF_HOST_MAX + 1])
{
    size_t end = s_host_end(url, s_host_at(url)), n = 0;
    for (size_t i = 0; i < end && n < NTF_HOST_MAX; i++) {
        char c = url.ptr[i];
        ret_host[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    ret_host[n] = '\0';
}
