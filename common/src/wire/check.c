/* check: walks the bytes of a message before anybody believes them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * msgpack-c allocates what a header promises: five octets can ask for gigabytes. So this walk comes first. It
 * allocates nothing, its stack is fixed, and it takes time proportional to the input (the search for keys given twice
 * is quadratic, in at most CV_MAX_KEYS). What it lets pass is
 *
 *   one map, with nothing behind it               at most CV_MAX_FRAME octets
 *   nested at most CV_MAX_DEPTH deep              at most CV_MAX_NODES values, keys counted
 *   maps with text keys, none twice               at most CV_MAX_KEYS keys each
 *   nil, booleans, integers, floats, text, bin    no extension types, no 0xc1
 *   text that is UTF-8 (RFC 3629)
 *
 * and each container's count is at most what the octets behind it can hold. Integers need not be in their shortest
 * form: other languages' packers choose differently.
 */
#include "wire/check.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    bool is_map;
    bool want_value; /* map: a key was read, its value comes */
    uint32_t left;   /* elements or pairs to come */
    uint32_t done;   /* elements or keys read so far */
    cv_str_t keys[CV_MAX_KEYS];
} level_t;

typedef struct {
    const uint8_t *at, *end, *start;
    unsigned depth; /* containers open */
    uint32_t nodes;
    level_t *levels;
    cv_fault_t *fault;
} walk_t;

/* Where the walk is, as people write it: data.persons[3].name */
static int s_fail(const walk_t *walk, int rc, const char *text)
{
    if (!walk->fault)
        return rc;
    char path[sizeof walk->fault->path];
    size_t len = 0;
    path[0] = '\0';
    for (unsigned i = 0; i < walk->depth && len < sizeof path; i++) {
        const level_t *level = &walk->levels[i];
        int more = 0;
        if (!level->is_map)
            more = snprintf(path + len, sizeof path - len, "[%u]", level->done ? level->done - 1 : 0);
        else if (level->done && level->keys[level->done - 1].len <= 48)
            more = snprintf(path + len, sizeof path - len, "%s%.*s", i ? "." : "",
                            CV_STR_ARG(level->keys[level->done - 1]));
        len += more > 0 ? (size_t)more : 0;
    }
    return cv_fault(walk->fault, rc, path, "%s (octet %zu)", text, (size_t)(walk->at - walk->start));
}

bool cv_utf8(const uint8_t *s, size_t len)
{
    const uint8_t *end = s + len;
    while (s < end) {
        while (end - s >= 8) { /* most names and all keys are ASCII */
            uint64_t eight;
            memcpy(&eight, s, 8);
            if (eight & 0x8080808080808080ULL)
                break;
            s += 8;
        }
        if (s == end)
            break;
        if (*s < 0x80) {
            s++;
            continue;
        }
        size_t left = (size_t)(end - s), more;
        uint32_t code, least;
        if (*s >= 0xc2 && *s <= 0xdf)
            more = 1, code = *s & 0x1fU, least = 0x80;
        else if ((*s & 0xf0) == 0xe0)
            more = 2, code = *s & 0x0fU, least = 0x800;
        else if (*s >= 0xf0 && *s <= 0xf4)
            more = 3, code = *s & 0x07U, least = 0x10000;
        else
            return false;
        if (left <= more)
            return false;
        for (size_t i = 1; i <= more; i++) {
            if ((s[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (s[i] & 0x3fU);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        s += more + 1;
    }
    return true;
}

/* A big endian number of n octets behind the first; at moves over it. */
static bool s_number(walk_t *walk, unsigned n, uint32_t *ret_number)
{
    if (walk->end - walk->at < (ptrdiff_t)n)
        return false;
    uint32_t number = 0;
    for (unsigned i = 0; i < n; i++)
        number = number << 8 | *walk->at++;
    *ret_number = number;
    return true;
}

static int s_skip(walk_t *walk, uint32_t len)
{
    if ((size_t)(walk->end - walk->at) < len)
        return s_fail(walk, CV_EMALFORMED, "the message ends in the middle of a value");
    walk->at += len;
    return CV_OK;
}

static int s_text(walk_t *walk, uint32_t len, cv_str_t *ret_text)
{
    const uint8_t *text = walk->at;
    int rc = s_skip(walk, len);
    if (rc)
        return rc;
    if (!cv_utf8(text, len))
        return s_fail(walk, CV_EMALFORMED, "text that is not UTF-8");
    *ret_text = (cv_str_t){(const char *)text, len};
    return CV_OK;
}

static int s_open(walk_t *walk, bool is_map, uint32_t count)
{
    if (walk->depth == CV_MAX_DEPTH)
        return s_fail(walk, CV_ELIMIT, "nested too deep");
    if (count > (size_t)(walk->end - walk->at) / (is_map ? 2 : 1))
        return s_fail(walk, CV_EMALFORMED, "a map or array that promises more than the message holds");
    if (is_map && count > CV_MAX_KEYS)
        return s_fail(walk, CV_ELIMIT, "too many keys in one map");
    level_t *level = &walk->levels[walk->depth++];
    level->is_map = is_map;
    level->want_value = false;
    level->left = count;
    level->done = 0;
    return CV_OK;
}

static int s_key(walk_t *walk, level_t *level, cv_str_t key)
{
    for (uint32_t i = 0; i < level->done; i++) {
        if (level->keys[i].len == key.len && memcmp(level->keys[i].ptr, key.ptr, key.len) == 0) {
            level->keys[level->done++] = key;
            return s_fail(walk, CV_EMALFORMED, "a key that is given twice");
        }
    }
    level->keys[level->done++] = key;
    return CV_OK;
}

/* One value: its header, and its octets if it is no container. *ret_text: ptr set if it was text. */
static int s_value(walk_t *walk, cv_str_t *ret_text)
{
    *ret_text = CV_STR_NONE;
    if (walk->at == walk->end)
        return s_fail(walk, CV_EMALFORMED, "the message ends where a value should be");
    if (++walk->nodes > CV_MAX_NODES)
        return s_fail(walk, CV_ELIMIT, "too many values");
    uint8_t head = *walk->at++;
    uint32_t n = 0;
    if (head <= 0x7f || head >= 0xe0)
        return CV_OK;
    if (head <= 0x8f)
        return s_open(walk, true, head & 0x0fU);
    if (head <= 0x9f)
        return s_open(walk, false, head & 0x0fU);
    if (head <= 0xbf)
        return s_text(walk, head & 0x1fU, ret_text);
    bool whole = true;
    switch (head) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
        return CV_OK; /* nil, false, true */
    case 0xcc:
    case 0xd0:
        return s_skip(walk, 1); /* integers */
    case 0xcd:
    case 0xd1:
        return s_skip(walk, 2);
    case 0xce:
    case 0xd2:
    case 0xca:
        return s_skip(walk, 4); /* and float 32 */
    case 0xcf:
    case 0xd3:
    case 0xcb:
        return s_skip(walk, 8); /* and float 64 */
    case 0xc4:
        whole = s_number(walk, 1, &n);
        break; /* bin */
    case 0xc5:
        whole = s_number(walk, 2, &n);
        break;
    case 0xc6:
        whole = s_number(walk, 4, &n);
        break;
    case 0xd9:
        whole = s_number(walk, 1, &n);
        break; /* text */
    case 0xda:
        whole = s_number(walk, 2, &n);
        break;
    case 0xdb:
        whole = s_number(walk, 4, &n);
        break;
    case 0xdc:
    case 0xde:
        whole = s_number(walk, 2, &n);
        break; /* array, map */
    case 0xdd:
    case 0xdf:
        whole = s_number(walk, 4, &n);
        break;
    default:
        walk->at--;
        return s_fail(walk, CV_EMALFORMED, "an extension type, or no MessagePack at all");
    }
    if (!whole)
        return s_fail(walk, CV_EMALFORMED, "the message ends in the middle of a header");
    if (head <= 0xc6)
        return s_skip(walk, n);
    if (head <= 0xdb)
        return s_text(walk, n, ret_text);
    return s_open(walk, head >= 0xde, n);
}

int cv_wire_walk(cv_str_t bytes, cv_str_t *ret_data, cv_fault_t *fault)
{
    level_t levels[CV_MAX_DEPTH];
    walk_t walk = {
        .start = (const uint8_t *)bytes.ptr, .at = (const uint8_t *)bytes.ptr, .levels = levels, .fault = fault};
    cv_str_t data = CV_STR_NONE, text;
    if (bytes.len == 0)
        return cv_fault(fault, CV_EMALFORMED, "", "an empty message");
    if (bytes.len > CV_MAX_FRAME)
        return cv_fault(fault, CV_ELIMIT, "", "%zu octets; a message has at most %d", bytes.len, CV_MAX_FRAME);
    walk.end = walk.start + bytes.len;
    int rc = s_value(&walk, &text);
    if (rc)
        return rc;
    if (walk.depth != 1 || !levels[0].is_map)
        return cv_fault(fault, CV_EMALFORMED, "", "a message must be a map");

    const uint8_t *data_start = NULL; /* while the walk is inside of the value of "data" */
    while (walk.depth) {
        level_t *level = &levels[walk.depth - 1];
        if (!level->want_value && level->left == 0) {
            walk.depth--;
        } else if (level->is_map && !level->want_value) {
            const uint8_t *before = walk.at;
            unsigned depth = walk.depth;
            rc = s_value(&walk, &text);
            if (rc)
                return rc;
            if (!text.ptr) {
                walk.at = before;
                walk.depth = depth;
                return s_fail(&walk, CV_EMALFORMED, "a key that is not text");
            }
            rc = s_key(&walk, level, text);
            if (rc)
                return rc;
            level->want_value = true;
            if (walk.depth == 1 && cv_str_equal(text, CV_STR("data")))
                data_start = walk.at;
            continue;
        } else {
            level->want_value = false;
            level->left--;
            if (!level->is_map)
                level->done++;
            rc = s_value(&walk, &text);
            if (rc)
                return rc;
        }
        if (data_start && walk.depth == 1) {
            data = (cv_str_t){(const char *)data_start, (size_t)(walk.at - data_start)};
            data_start = NULL;
        }
    }
    if (walk.at != walk.end)
        return s_fail(&walk, CV_EMALFORMED, "octets behind the message");
    *ret_data = data;
    return CV_OK;
}

int cv_wire_check(cv_str_t bytes, cv_fault_t *fault)
{
    cv_str_t data;
    return cv_wire_walk(bytes, &data, fault);
}

/* ---- several messages in one frame ---------------------------------------------------------- */

/* By the first octet of a value: the octets of its header, with the number or the type of an extension; those that say
 * how much follows come right behind the first. */
static size_t s_header(uint8_t head)
{
    static const uint8_t sizes[32] = {1, 1, 1, 1, 2, 3, 5, 3,  4,  6, 5, 9, 2, 3, 5, 9,
                                      2, 3, 5, 9, 3, 4, 6, 10, 18, 2, 3, 5, 3, 5, 3, 5};
    return head >= 0xc0 && head <= 0xdf ? sizes[head - 0xc0] : 1;
}

static uint64_t s_big_endian(const uint8_t *at, size_t n)
{
    uint64_t number = 0;
    for (size_t i = 0; i < n; i++)
        number = number << 8 | at[i];
    return number;
}

/* What stands behind a value's header: octets of its own, and values it contains. */
static void s_content(const uint8_t *at, uint64_t *ret_octets, uint64_t *ret_values)
{
    uint8_t head = *at;
    *ret_octets = *ret_values = 0;
    if (head >= 0x80 && head <= 0x8f)
        *ret_values = 2 * (uint64_t)(head & 0x0f);
    else if (head >= 0x90 && head <= 0x9f)
        *ret_values = head & 0x0f;
    else if (head >= 0xa0 && head <= 0xbf)
        *ret_octets = head & 0x1f;
    else if (head >= 0xc4 && head <= 0xc6)
        *ret_octets = s_big_endian(at + 1, (size_t)1 << (head - 0xc4));
    else if (head >= 0xc7 && head <= 0xc9)
        *ret_octets = s_big_endian(at + 1, (size_t)1 << (head - 0xc7));
    else if (head >= 0xd9 && head <= 0xdb)
        *ret_octets = s_big_endian(at + 1, (size_t)1 << (head - 0xd9));
    else if (head == 0xdc || head == 0xdd)
        *ret_values = s_big_endian(at + 1, (size_t)2 << (head - 0xdc));
    else if (head == 0xde || head == 0xdf)
        *ret_values = 2 * s_big_endian(at + 1, (size_t)2 << (head - 0xde));
}

bool cv_wire_next(cv_str_t *rest, cv_str_t *ret_message)
{
    const uint8_t *start = (const uint8_t *)rest->ptr, *at = start, *end = start + rest->len;
    if (!rest->len)
        return false;
    for (uint64_t values = 1; values; values--) { /* ends: each value takes at least one octet */
        uint64_t octets, more;
        if (at == end || *at == 0xc1 || (size_t)(end - at) < s_header(*at))
            return false;
        s_content(at, &octets, &more);
        at += s_header(*at);
        if (octets > (uint64_t)(end - at) || more > (uint64_t)(end - at))
            return false;
        at += octets;
        values += more;
    }
    *ret_message = (cv_str_t){rest->ptr, (size_t)(at - start)};
    *rest = (cv_str_t){(const char *)at, (size_t)(end - at)};
    return true;
}
