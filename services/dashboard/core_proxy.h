/* core_proxy: whom a reverse proxy before the desk says somebody is, and when it is believed.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   browser --its own sign-in--> proxy --"<proxy_header>: focal-kz"------------------> desk
 *                                        "X-Convene-Proxy-Secret: <proxy_secret_file>"
 *
 * Two things must hold for each request: the connection comes from an address of dashboard/proxy_from, and the secret is
 * right. An address alone is not enough: on 127.0.0.1 every user of the machine has it. The secret alone would do, but
 * then a proxy's configuration that gets about opens the desk from anywhere.
 *
 *   setting off                                    nothing is looked at; the header is one like any other
 *   neither header                                 not named: by link and cookie, as ever
 *   any of the two from another address            refused
 *   secret missing, wrong, twice                   refused
 *   name twice, none at all, not a name's letters  refused, also with the right secret
 *   right secret and no name                       not named: the proxy does not know who it is
 *
 * Refused is said (403), not dropped silently: a proxy that is set up wrongly is noticed, and who tries gets nothing
 * from trying. Names of headers are compared without regard to case, as HTTP has it, and otherwise to the letter: what
 * is written with '_' is another header and means nothing. Role and party of the name are looked up in the certificates
 * at each request, as always.
 *
 * Pure: no socket, no file, no clock. Invariant: no octet of a header decides anything before address and secret do.
 */
#ifndef DASHBOARD_CORE_PROXY_H
#define DASHBOARD_CORE_PROXY_H

#include "convene/principal.h"
#include "dashboard/target.h"

#define DASH_PROXY_SECRET_HEADER "X-Convene-Proxy-Secret"

enum {
    DASH_PROXY_ADDRESSES_MAX = 8,
    DASH_PROXY_HEADER_MAX = 64, /* octets of the header's name, with its NUL */
    DASH_PROXY_SECRET_MIN = 24, /* octets */
    DASH_PROXY_SECRET_MAX = 256,
};

typedef struct {
    char header[DASH_PROXY_HEADER_MAX];              /* "": off */
    uint8_t addresses[DASH_PROXY_ADDRESSES_MAX][16]; /* IPv6; IPv4 as ::ffff:a.b.c.d */
    size_t addresses_n;
    uint8_t secret[32]; /* its hash */
} dash_proxy_t;

/* The settings as they are written: addresses apart by spaces or commas. ret_why says what is wrong with which. */
int dash_proxy_read(const char *header, const char *from, const char *secret, dash_proxy_t *ret_proxy, char *ret_why,
                    size_t why_size) CV_USE_RESULT;
/* peer: the numeric address the connection comes from. CV_ENOTFOUND: not named; CV_EDENIED: refused, *ret_why says to
 * the log why. */
int dash_proxy_name(const dash_proxy_t *proxy, const char *peer, const dash_header_t *headers, size_t headers_n,
                    char ret_name[CV_NAME_MAX + 1], const char **ret_why) CV_USE_RESULT;

#endif
