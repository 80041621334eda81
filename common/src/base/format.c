/* format: see convene/format.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char *text;
    size_t size, len; /* len: of the whole, also of what did not fit */
} out_t;

static void put(out_t *out, const char *bytes, size_t len)
{
    if (out->len < out->size) {
        size_t fits = out->size - out->len < len ? out->size - out->len : len;
        memcpy(out->text + out->len, bytes, fits);
    }
    out->len += len;
}

static void put_number(out_t *out, uint64_t number, bool negative)
{
    char digits[21]; /* 2^64 has 20, and a sign */
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    if (negative)
        digits[--at] = '-';
    put(out, digits + at, sizeof digits - at);
}

static void put_signed(out_t *out, int64_t number)
{
    put_number(out, number < 0 ? -(uint64_t)number : (uint64_t)number, number < 0);
}

/* Which conversion begins here: 's', 'd', 'u', '%', 'l' for %lld, '*' for %.*s; 0: none of ours. */
static char conversion(const char *at, size_t *ret_len)
{
    *ret_len = 1;
    if (*at == 's' || *at == 'd' || *at == 'u' || *at == '%')
        return *at;
    *ret_len = 3;
    if (!strncmp(at, "lld", 3))
        return 'l';
    return strncmp(at, ".*s", 3) ? '\0' : '*';
}

static void put_text(out_t *out, const char *text, int max)
{
    put(out, text ? text : "(null)", !text ? 6 : max < 0 ? strlen(text) : strnlen(text, (size_t)max));
}

int cv_vformat(char *ret_text, size_t size, const char *format, va_list args)
{
    out_t out = {.text = ret_text, .size = size};
    va_list again;
    va_copy(again, args);
    bool ours = true;
    for (const char *at = format; *at && ours;) {
        size_t len = 0;
        while (at[len] && at[len] != '%')
            len++;
        put(&out, at, len);
        at += len;
        if (!*at)
            break;
        switch (conversion(at + 1, &len)) {
        case 's':
            put_text(&out, va_arg(args, const char *), -1);
            break;
        case 'd':
            put_signed(&out, va_arg(args, int));
            break;
        case 'u':
            put_number(&out, va_arg(args, unsigned), false);
            break;
        case 'l':
            put_signed(&out, va_arg(args, long long));
            break;
        case '*': {
            int max = va_arg(args, int);
            put_text(&out, va_arg(args, const char *), max);
            break;
        }
        case '%':
            put(&out, "%", 1);
            break;
        default:
            ours = false;
            break;
        }
        at += 1 + len;
    }
    if (size)
        ret_text[out.len < size ? out.len : size - 1] = '\0';
    int whole = ours ? (int)out.len : vsnprintf(ret_text, size, format, again);
    va_end(again);
    return whole;
}

int cv_format(char *ret_text, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = cv_vformat(ret_text, size, format, args);
    va_end(args);
    return len;
}
