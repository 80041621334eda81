/* order: see order.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "order.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum { END, SPACE };

/* U+00C0 to U+017F without what they wear; '-' stands for what is no letter. Two letters count as their first. */
static const char bare[] = "aaaaaaaceeeeiiiidnooooo-ouuuuytsaaaaaaaceeeeiiiidnooooo-ouuuuyty"
                           "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
                           "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof bare - 1 == 0x180 - 0xC0, "one for each");

/* The next code point; what is not UTF-8 counts octet by octet. */
static uint32_t next(const uint8_t **at)
{
    const uint8_t *c = *at;
    int n = *c >= 0xF0 ? 3 : *c >= 0xE0 ? 2 : *c >= 0xC0 ? 1 : 0;
    uint32_t code = n == 3 ? *c & 0x07u : n == 2 ? *c & 0x0Fu : n == 1 ? *c & 0x1Fu : *c;
    int i = 1;
    for (; i <= n && (c[i] & 0xC0) == 0x80; i++)
        code = code << 6 | (c[i] & 0x3Fu);
    if (i <= n) { /* broken off */
        *at = c + 1;
        return *c;
    }
    *at = c + n + 1;
    return code;
}

/* What the name has next: END, SPACE between words, or a letter. */
static uint32_t weight(const uint8_t **at)
{
    bool space = false;
    while (**at) {
        const uint8_t *before = *at;
        uint32_t code = next(at);
        if (code == ' ' || code == '-' || code == '/' || code == 0xA0) {
            space = true;
            continue;
        }
        if (code < 0x80 && !isalnum((int)code))
            continue;
        if (code >= 0x80 && code < 0xC0)
            continue;
        if (code >= 0x300 && code < 0x370) /* marks that stand behind their letter */
            continue;
        if (code == 0x2019 || code == 0x2BC) /* apostrophes */
            continue;
        if (space) {
            *at = before;
            return SPACE;
        }
        if (code < 0x80)
            return (uint32_t)tolower((int)code);
        if (code < 0x180)
            return (uint32_t)(unsigned char)bare[code - 0xC0];
        if (code == 0x1A0 || code == 0x1A1 || code == 0x1AF || code == 0x1B0) /* with a horn */
            return code < 0x1AF ? 'o' : 'u';
        if (code >= 0x1EA0 && code < 0x1EFA) /* Vietnamese: capital and small of one letter are neighbours */
            return code < 0x1EB8   ? 'a'
                   : code < 0x1EC8 ? 'e'
                   : code < 0x1ECC ? 'i'
                   : code < 0x1EE4 ? 'o'
                   : code < 0x1EF2 ? 'u'
                                   : 'y';
        return code;
    }
    return END;
}

static const uint8_t *beginning(const char *name)
{
    name += strspn(name, " ");
    return (const uint8_t *)(strncasecmp(name, "the ", 4) == 0 ? name + 4 : name);
}

int order_english(const char *a, const char *b)
{
    const uint8_t *at_a = beginning(a), *at_b = beginning(b);
    for (;;) {
        uint32_t of_a = weight(&at_a), of_b = weight(&at_b);
        if (of_a != of_b)
            return of_a < of_b ? -1 : 1;
        if (of_a == END)
            return strcmp(a, b);
    }
}
