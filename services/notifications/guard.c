/* guard: which addresses a webhook may be connected to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint32_t first;
    int bits;
} s_range4_t;

static const s_range4_t s_closed4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* carriers' shared space */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local: also where clouds tell secrets */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

static bool s_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof(s_closed4) / sizeof(s_closed4[0]); i++) {
        if ((address ^ s_closed4[i].first) >> (32 - s_closed4[i].bits) == 0)
            return false;
    }
    return true;
}

static uint32_t s_word(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static bool s_starts(const uint8_t address[16], const char *prefix, size_t len)
{
    return memcmp(address, prefix, len) == 0;
}

static bool s_public6(const uint8_t a[16])
{
    static const char zeros[12];
    if (s_starts(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) /* mapped */
        return s_public4(s_word(a + 12));
    if (s_starts(a, zeros, 12)) /* unspecified, loopback, the old compatible ones */
        return false;
    if (s_starts(a, "\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12)) /* NAT64 */
        return s_public4(s_word(a + 12));
    if ((a[0] & 0xe0) !=
        0x20) /* what is not global unicast: fc00::/7, fe80::/10, fec0::/10, ff00::/8, 64:ff9b:1::/48 */
        return false;
    if (s_starts(a, "\x20\x02", 2)) /* 6to4 */
        return s_public4(s_word(a + 2));
    if (s_starts(a, "\x20\x01\x0d\xb8", 4)) /* documentation */
        return false;
    return !(a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02); /* protocol assignments, Teredo */
}

bool ntf_guard_public(const struct sockaddr *address, socklen_t len)
{
    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        return s_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof(in6));
        return s_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
