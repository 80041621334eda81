/* core_proxy: see core_proxy.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_proxy.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static bool s_address(const char *text, uint8_t ret_address[16])
{
    uint8_t four[4];
    if (inet_pton(AF_INET6, text, ret_address) == 1)
        return true;
    if (inet_pton(AF_INET, text, four) != 1)
        return false;
    memset(ret_address, 0, 10);
    memset(ret_address + 10, 0xff, 2);
    memcpy(ret_address + 12, four, 4);
    return true;
}

static void s_hash(const char *secret, uint8_t ret_hash[32])
{
    crypto_generichash(ret_hash, 32, (const uint8_t *)secret, strlen(secret), NULL, 0);
}

/* A header of its own: not one that a browser, a proxy or HTTP uses for something else. */
static bool s_is_own(const char *header)
{
    return strncasecmp(header, "X-", 2) == 0 && header[2] && strspn(header, LETTERS "-") == strlen(header) &&
           strncasecmp(header, "X-Forwarded-", 12) != 0 && strcasecmp(header, DASH_PROXY_SECRET_HEADER) != 0;
}

static int s_addresses(const char *from, dash_proxy_t *proxy, char *ret_why, size_t why_size)
{
    for (const char *at = from + strspn(from, " ,"); *at; at += strspn(at, " ,")) {
        char text[64];
        size_t len = strcspn(at, " ,");
        if (cv_str_copy((cv_str_t){at, len}, text, sizeof(text)) || proxy->addresses_n == DASH_PROXY_ADDRESSES_MAX ||
            !s_address(text, proxy->addresses[proxy->addresses_n])) {
            (void)snprintf(ret_why, why_size,
                           "dashboard/proxy_from = %s: not 1 to %d numeric addresses, for instance 127.0.0.1 ::1", from,
                           DASH_PROXY_ADDRESSES_MAX);
            return CV_EINVAL;
        }
        proxy->addresses_n++;
        at += len;
    }
    return CV_OK;
}

int dash_proxy_read(const char *header, const char *from, const char *secret, dash_proxy_t *ret_proxy, char *ret_why,
                    size_t why_size)
{
    dash_proxy_t proxy = {.addresses_n = 0};
    bool off = strcmp(header, "none") == 0;
    const char *is_set = strcmp(from, "none") != 0 ? "proxy_from" : secret ? "proxy_secret_file" : NULL;
    if (off && !is_set) {
        *ret_proxy = proxy;
        return CV_OK;
    }
    if (off || strcmp(from, "none") == 0 || !secret) {
        (void)snprintf(
            ret_why, why_size,
            "dashboard/%s is set and dashboard/%s is not: a proxy is believed with all three of proxy_header, "
            "proxy_from and proxy_secret_file",
            off ? is_set : "proxy_header",
            off                         ? "proxy_header"
            : strcmp(from, "none") == 0 ? "proxy_from"
                                        : "proxy_secret_file");
        return CV_EINVAL;
    }
    if (!s_is_own(header) || cv_str_copy(cv_str(header), proxy.header, sizeof(proxy.header))) {
        (void)snprintf(ret_why, why_size,
                       "dashboard/proxy_header = %s: not the name of a header of its own, X- and letters, digits and "
                       "'-', at most %d octets, for instance X-Convene-Principal",
                       header, DASH_PROXY_HEADER_MAX - 1);
        return CV_EINVAL;
    }
    size_t len = strlen(secret);
    if (len < DASH_PROXY_SECRET_MIN || len > DASH_PROXY_SECRET_MAX || strspn(secret, LETTERS "+/=_-.") != len) {
        (void)snprintf(ret_why, why_size,
                       "dashboard/proxy_secret_file: its first line must be %d to %d letters, digits and +/=_-., for "
                       "instance from `openssl rand -base64 32`",
                       DASH_PROXY_SECRET_MIN, DASH_PROXY_SECRET_MAX);
        return CV_EINVAL;
    }
    s_hash(secret, proxy.secret);
    int rc = s_addresses(from, &proxy, ret_why, why_size);
    if (!rc && !proxy.addresses_n) {
        (void)snprintf(ret_why, why_size, "dashboard/proxy_from: no address in it");
        rc = CV_EINVAL;
    }
    if (!rc)
        *ret_proxy = proxy;
    return rc;
}

static bool s_is_from(const dash_proxy_t *proxy, const char *peer)
{
    uint8_t address[16];
    if (!s_address(peer, address))
        return false;
    for (size_t i = 0; i < proxy->addresses_n; i++)
        if (memcmp(proxy->addresses[i], address, sizeof(address)) == 0)
            return true;
    return false;
}

static int s_refuse(const char *why, const char **ret_why)
{
    *ret_why = why;
    return CV_EDENIED;
}

int dash_proxy_name(const dash_proxy_t *proxy, const char *peer, const dash_header_t *headers, size_t headers_n,
                    char ret_name[CV_NAME_MAX + 1], const char **ret_why)
{
    size_t names = 0, secrets = 0;
    const char *name = "", *secret = "";
    uint8_t hash[32];
    if (!proxy->header[0])
        return CV_ENOTFOUND;
    for (size_t i = 0; i < headers_n; i++) {
        if (strcasecmp(headers[i].name, proxy->header) == 0) {
            names++;
            name = headers[i].value;
        } else if (strcasecmp(headers[i].name, DASH_PROXY_SECRET_HEADER) == 0) {
            secrets++;
            secret = headers[i].value;
        }
    }
    if (!names && !secrets)
        return CV_ENOTFOUND;
    if (!s_is_from(proxy, peer))
        return s_refuse("a proxy's header from an address that is not in dashboard/proxy_from", ret_why);
    s_hash(secret, hash);
    if (secrets != 1 || sodium_memcmp(hash, proxy->secret, sizeof(hash)) != 0)
        return s_refuse("not exactly one " DASH_PROXY_SECRET_HEADER ", with what is in dashboard/proxy_secret_file",
                        ret_why);
    if (!names)
        return CV_ENOTFOUND;
    if (names != 1)
        return s_refuse("dashboard/proxy_header stands there twice", ret_why);
    size_t len = strlen(name);
    if (!len || len > CV_NAME_MAX || strspn(name, LETTERS "-_.") != len)
        return s_refuse("what dashboard/proxy_header says is no name of a principal", ret_why);
    memcpy(ret_name, name, len + 1);
    return CV_OK;
}
