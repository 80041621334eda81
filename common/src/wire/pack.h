/* pack: MessagePack written straight into a buffer, in the shortest form of each value, as msgpack-c's packer would.
 * SPDX-License-Identifier: Apache-2.0
 *
 * msgpack-c calls back for every header and every word; for messages of a hundred short words that costs more than
 * everything else about writing them. Errors stick in buf->rc, so only the end has to look.
 */
#ifndef CONVENE_WIRE_PACK_H
#define CONVENE_WIRE_PACK_H

#include "convene/bytes.h"

#include <string.h>

/* Where the next n octets go; NULL: there is no room. */
static inline uint8_t *cv_pack_room(cv_buf_t *buf, size_t n)
{
    if (n > buf->room - buf->len && cv_buf_reserve(buf, n) != CV_OK)
        return NULL;
    uint8_t *at = buf->ptr + buf->len;
    buf->len += n;
    return at;
}

static inline void cv_pack_octet(cv_buf_t *buf, unsigned octet)
{
    uint8_t *at = cv_pack_room(buf, 1);
    if (at)
        *at = (uint8_t)octet;
}

/* A tag and n octets of the number, big endian. */
static inline void cv_pack_tagged(cv_buf_t *buf, unsigned tag, uint64_t number, unsigned n)
{
    uint8_t *at = cv_pack_room(buf, n + 1);
    if (!at)
        return;
    at[0] = (uint8_t)tag;
    for (unsigned i = n; i > 0; i--, number >>= 8)
        at[i] = (uint8_t)number;
}

/* tag8: of a length in one octet, 0 if there is none; those of two and four octets follow each other. */
static inline void cv_pack_count(cv_buf_t *buf, size_t n, unsigned fix, unsigned fix_max, unsigned tag8, unsigned tag16)
{
    if (n <= fix_max)
        cv_pack_octet(buf, fix | (unsigned)n);
    else if (tag8 && n <= UINT8_MAX)
        cv_pack_tagged(buf, tag8, n, 1);
    else if (n <= UINT16_MAX)
        cv_pack_tagged(buf, tag16, n, 2);
    else
        cv_pack_tagged(buf, tag16 + 1, n, 4);
}

static inline void cv_pack_map(cv_buf_t *buf, size_t n)
{
    cv_pack_count(buf, n, 0x80, 15, 0, 0xde);
}

static inline void cv_pack_array(cv_buf_t *buf, size_t n)
{
    cv_pack_count(buf, n, 0x90, 15, 0, 0xdc);
}

static inline void cv_pack_octets(cv_buf_t *buf, const char *octets, size_t len)
{
    uint8_t *at = cv_pack_room(buf, len);
    if (at && len)
        memcpy(at, octets, len);
}

static inline void cv_pack_text(cv_buf_t *buf, const char *text, size_t len)
{
    if (len > 31) {
        cv_pack_count(buf, len, 0, 0, 0xd9, 0xda);
        cv_pack_octets(buf, text, len);
        return;
    }
    uint8_t *at = cv_pack_room(buf, len + 1); /* names, words and most texts: header and octets at once */
    if (!at)
        return;
    at[0] = (uint8_t)(0xa0 | len);
    memcpy(at + 1, text, len);
}

static inline void cv_pack_bin(cv_buf_t *buf, cv_str_t bytes)
{
    if (bytes.len <= UINT8_MAX)
        cv_pack_tagged(buf, 0xc4, bytes.len, 1);
    else
        cv_pack_count(buf, bytes.len, 0, 0, 0, 0xc5);
    cv_pack_octets(buf, bytes.ptr, bytes.len);
}

static inline void cv_pack_bool(cv_buf_t *buf, bool value)
{
    cv_pack_octet(buf, value ? 0xc3 : 0xc2);
}

static inline void cv_pack_int(cv_buf_t *buf, int64_t number)
{
    if (number >= -32 && number <= 127)
        cv_pack_octet(buf, (uint8_t)number);
    else if (number >= 0 && number <= UINT8_MAX)
        cv_pack_tagged(buf, 0xcc, (uint64_t)number, 1);
    else if (number >= 0 && number <= UINT16_MAX)
        cv_pack_tagged(buf, 0xcd, (uint64_t)number, 2);
    else if (number >= 0 && number <= UINT32_MAX)
        cv_pack_tagged(buf, 0xce, (uint64_t)number, 4);
    else if (number >= 0)
        cv_pack_tagged(buf, 0xcf, (uint64_t)number, 8);
    else if (number >= INT8_MIN)
        cv_pack_tagged(buf, 0xd0, (uint64_t)number, 1);
    else if (number >= INT16_MIN)
        cv_pack_tagged(buf, 0xd1, (uint64_t)number, 2);
    else if (number >= INT32_MIN)
        cv_pack_tagged(buf, 0xd2, (uint64_t)number, 4);
    else
        cv_pack_tagged(buf, 0xd3, (uint64_t)number, 8);
}

#endif
