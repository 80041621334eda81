/* bytes: views on bytes that somebody else owns, and a growing buffer with a maximum.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A cv_str_t is never NUL-terminated by promise and never owns memory; it is valid as long as what it points into.
 * A cv_buf_t owns memory, grows as needed and refuses (CV_ELIMIT) to grow over the maximum it was made with.
 */
#ifndef CONVENE_BYTES_H
#define CONVENE_BYTES_H

#include "convene/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *ptr; /* NULL: absent */
    size_t len;      /* octets */
} cv_str_t;

#define CV_STR(literal) ((cv_str_t){(literal), sizeof(literal) - 1})
#define CV_STR_NONE ((cv_str_t){NULL, 0})
/* For printf("%.*s", CV_STR_ARG(s)). */
#define CV_STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

cv_str_t cv_str(const char *c_string); /* NULL gives CV_STR_NONE */
bool cv_str_equal(cv_str_t a, cv_str_t b);
bool cv_str_is(cv_str_t a, const char *c_string);
/* Copies into dst (size octets, NUL-terminated). CV_ELIMIT and untouched if it does not fit. */
int cv_str_copy(cv_str_t s, char *ret_dst, size_t size) CV_USE_RESULT;
/* A whole number of at most digits_max (18 or fewer) decimal digits and nothing else; no text is 0. CV_EINVAL. */
int cv_str_digits(cv_str_t s, size_t digits_max, int64_t *ret_number) CV_USE_RESULT;
/* The tag of a language, as far as the contract takes it: "kk", "uz-Cyrl", "zh-Hans-CN": two or three small letters, then at
 * most two parts of 2 to 8 letters and digits. */
bool cv_str_is_language(cv_str_t s);

typedef struct {
    uint8_t *ptr;
    size_t len, room, max;
    int rc; /* first error; sticks, so a chain of puts is checked once at its end */
} cv_buf_t;

void cv_buf_init(cv_buf_t *buf, size_t max);
void cv_buf_done(cv_buf_t *buf);
void cv_buf_clear(cv_buf_t *buf); /* length 0, error forgotten, memory kept */
int cv_buf_put(cv_buf_t *buf, const void *bytes, size_t len);
int cv_buf_printf(cv_buf_t *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
cv_str_t cv_buf_str(const cv_buf_t *buf);
/* Makes room for `more` octets, which may then be written at ptr + len. */
int cv_buf_reserve(cv_buf_t *buf, size_t more) CV_USE_RESULT;
/* Has the shape msgpack_packer_init wants: 0, or -1 when the maximum is passed. */
int cv_buf_pack(void *buf, const char *bytes, size_t len);

/* Memory that lives as long as one batch: many small allocations, one reset. */
typedef struct cv_arena cv_arena_t;
cv_arena_t *cv_arena_new(size_t max); /* NULL: out of memory */
void cv_arena_destroy(cv_arena_t **arena);
void cv_arena_reset(cv_arena_t *arena);
void *cv_arena_take(cv_arena_t *arena, size_t len); /* aligned to 16, zeroed; NULL over the maximum */
cv_str_t cv_arena_str(cv_arena_t *arena, cv_str_t s);
cv_str_t cv_arena_printf(cv_arena_t *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
