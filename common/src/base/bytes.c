/* bytes: views, a growing buffer with a maximum, and an arena that is emptied as a whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- views -------------------------------------------------------------------------------- */

cv_str_t cv_str(const char *c_string)
{
    return c_string ? (cv_str_t){c_string, strlen(c_string)} : CV_STR_NONE;
}

bool cv_str_equal(cv_str_t a, cv_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool cv_str_is(cv_str_t a, const char *c_string)
{
    return cv_str_equal(a, cv_str(c_string));
}

int cv_str_copy(cv_str_t s, char *ret_dst, size_t size)
{
    if (s.len >= size)
        return CV_ELIMIT;
    if (s.len)
        memcpy(ret_dst, s.ptr, s.len);
    ret_dst[s.len] = '\0';
    return CV_OK;
}

int cv_str_digits(cv_str_t s, size_t digits_max, int64_t *ret_number)
{
    int64_t number = 0;
    if (s.len > digits_max)
        return CV_EINVAL;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return CV_EINVAL;
        number = number * 10 + (s.ptr[i] - '0');
    }
    *ret_number = number;
    return CV_OK;
}

bool cv_str_is_language(cv_str_t s)
{
    size_t parts = 0, len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool small = c >= 'a' && c <= 'z', other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (c == '-') {
            if (len < 2 || parts == 2)
                return false;
            parts++;
            len = 0;
        } else if ((!small && (!other || parts == 0)) || ++len > (parts ? 8 : 3)) {
            return false;
        }
    }
    return len >= 2;
}

/* ---- buffer ------------------------------------------------------------------------------- */

#define BUF_FIRST 256

void cv_buf_init(cv_buf_t *buf, size_t max)
{
    *buf = (cv_buf_t){.max = max};
}

void cv_buf_done(cv_buf_t *buf)
{
    free(buf->ptr);
    *buf = (cv_buf_t){.max = buf->max};
}

void cv_buf_clear(cv_buf_t *buf)
{
    buf->len = 0;
    buf->rc = CV_OK;
}

/* Doubles, so that n puts cost O(n). */
int cv_buf_reserve(cv_buf_t *buf, size_t more)
{
    if (buf->rc)
        return buf->rc;
    if (more > buf->max - buf->len)
        return buf->rc = CV_ELIMIT;
    size_t need = buf->len + more;
    if (need <= buf->room)
        return CV_OK;
    size_t room = buf->room ? buf->room : BUF_FIRST;
    while (room < need)
        room = room > buf->max / 2 ? buf->max : room * 2;
    if (room > buf->max)
        room = buf->max;
    uint8_t *grown = realloc(buf->ptr, room);
    if (!grown)
        return buf->rc = CV_ENOMEM;
    buf->ptr = grown;
    buf->room = room;
    return CV_OK;
}

int cv_buf_put(cv_buf_t *buf, const void *bytes, size_t len)
{
    if (buf->rc || len > buf->room - buf->len) { /* else it fits: the common case, some hundred times per message */
        int rc = cv_buf_reserve(buf, len);
        if (rc)
            return rc;
    }
    if (len)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    return CV_OK;
}

int cv_buf_printf(cv_buf_t *buf, const char *format, ...)
{
    if (buf->rc)
        return buf->rc;
    va_list args;
    va_start(args, format);
    char text[BUF_FIRST];
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0)
        return buf->rc = CV_EINVAL;
    if ((size_t)len < sizeof text)
        return cv_buf_put(buf, text, (size_t)len);
    /* Longer than the scratch. Not printed in place: the NUL that vsnprintf adds may be one octet over the maximum. */
    char *copy = malloc((size_t)len + 1);
    if (!copy)
        return buf->rc = CV_ENOMEM;
    va_start(args, format);
    vsnprintf(copy, (size_t)len + 1, format, args);
    va_end(args);
    int rc = cv_buf_put(buf, copy, (size_t)len);
    free(copy);
    return rc;
}

cv_str_t cv_buf_str(const cv_buf_t *buf)
{
    return (cv_str_t){buf->ptr ? (const char *)buf->ptr : "", buf->len};
}

int cv_buf_pack(void *buf, const char *bytes, size_t len)
{
    return cv_buf_put(buf, bytes, len) ? -1 : 0;
}

/* ---- arena --------------------------------------------------------------------------------
 * Chunks in a list, newest first; the first one made is kept over resets, so a quiet service allocates nothing. The
 * maximum counts what was taken since the reset (rounded up to 16), not the chunks: whether a take succeeds never
 * depends on what was before. */

#define ARENA_ALIGN ((size_t)16)
#define ARENA_CHUNK ((size_t)64 * 1024)

typedef struct chunk {
    struct chunk *older;
    size_t room, used;
    _Alignas(16) uint8_t bytes[];
} chunk_t;

struct cv_arena {
    chunk_t *newest;
    size_t max, taken;
};

cv_arena_t *cv_arena_new(size_t max)
{
    cv_arena_t *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->max = max;
    return arena;
}

void cv_arena_destroy(cv_arena_t **arena)
{
    if (!*arena)
        return;
    for (chunk_t *chunk = (*arena)->newest; chunk;) {
        chunk_t *older = chunk->older;
        free(chunk);
        chunk = older;
    }
    free(*arena);
    *arena = NULL;
}

void cv_arena_reset(cv_arena_t *arena)
{
    while (arena->newest && arena->newest->older) {
        chunk_t *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
    if (arena->newest)
        arena->newest->used = 0;
    arena->taken = 0;
}

void *cv_arena_take(cv_arena_t *arena, size_t len)
{
    if (len > arena->max || arena->taken > arena->max - len)
        return NULL;
    size_t size = len ? (len + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1) : ARENA_ALIGN;
    if (size < len)
        return NULL; /* wrapped around: the maximum was no maximum */
    chunk_t *chunk = arena->newest;
    if (!chunk || chunk->room - chunk->used < size) {
        size_t room = size > ARENA_CHUNK ? size : ARENA_CHUNK;
        chunk = malloc(sizeof *chunk + room);
        if (!chunk)
            return NULL;
        *chunk = (chunk_t){.older = arena->newest, .room = room};
        arena->newest = chunk;
    }
    void *taken = chunk->bytes + chunk->used;
    chunk->used += size;
    arena->taken += size;
    return memset(taken, 0, size);
}

cv_str_t cv_arena_str(cv_arena_t *arena, cv_str_t s)
{
    if (!s.ptr || s.len == SIZE_MAX)
        return CV_STR_NONE;
    char *copy = cv_arena_take(arena, s.len + 1); /* with a NUL, for debuggers and C interfaces */
    if (!copy)
        return CV_STR_NONE;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (cv_str_t){copy, s.len};
}

cv_str_t cv_arena_printf(cv_arena_t *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return CV_STR_NONE;
    char *text = cv_arena_take(arena, (size_t)len + 1);
    if (!text)
        return CV_STR_NONE;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (cv_str_t){text, (size_t)len};
}
