/* reply: see reply.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/reply.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

void dash_say(dash_exchange_t *exchange, int status, const char *const *headers, const char *text)
{
    dash_text_t *body = dash_text_new(cv_str(text));
    dash_http_reply(exchange, status, "text/plain; charset=utf-8", headers, body);
    dash_text_drop(body);
}

void dash_etag_of(cv_str_t bytes, char ret_etag[DASH_ETAG_MAX])
{
    uint8_t hash[DASH_ETAG_HASH];
    char hex[2 * DASH_ETAG_HASH + 1];
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)bytes.ptr, bytes.len, NULL, 0);
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    (void)snprintf(ret_etag, DASH_ETAG_MAX, "\"%s\"", hex);
}

bool dash_etag_matches(const char *list, const char *etag)
{
    const char *bare = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
    size_t len = strlen(bare);
    if (strcmp(list, "*") == 0)
        return true;
    for (const char *at = strstr(list, bare); at; at = strstr(at + len, bare))
        if (at[len] == '\0' || at[len] == ',' || at[len] == ' ')
            return true;
    return false;
}
