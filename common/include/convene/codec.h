/* codec: the tables proto/generate.py makes from the schemas, and the two functions that walk them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A shape describes one C struct: a row per field with its name on the wire, its place in the struct and its limits.
 * One decoder and one encoder serve all types, so there is one place to be careful in. Nothing is allocated: texts
 * and bins are views into the message, arrays have room for their maximum inside the struct.
 *
 *   absent text or bin   ptr NULL          absent enum    0
 *   absent array         <name>_n 0        other absent   has_<name> false
 *
 * Long arrays of whole messages (batch, page), and some of maps, are not copied at all: see cv_records_t, cv_items_t.
 * Only generated code and common/src/wire include this header's tables; everybody may use these two.
 */
#ifndef CONVENE_CODEC_H
#define CONVENE_CODEC_H

#include "convene/wire.h"

/* An array of messages. Decoded: items points to n objects of type BIN in the reader. To be written: list points to n
 * views of the caller's. cv_records_at reads either. */
typedef struct {
    size_t n;
    const msgpack_object *items;
    const cv_str_t *list;
} cv_records_t;
static inline cv_str_t cv_records_at(const cv_records_t *records, size_t i)
{
    if (!records->items)
        return records->list[i];
    return (cv_str_t){records->items[i].via.bin.ptr, records->items[i].via.bin.size};
}

/* An array of maps that stay where they are, for arrays that may be long but hardly ever are. Decoded: items points to
 * n maps in the reader, which were checked. To be written: list points to n structs of the caller's. The generated
 * cv_<name>_at reads either. */
typedef struct {
    size_t n;
    const msgpack_object *items;
    const void *list;
} cv_items_t;

typedef enum {
    CV_FIELD_TEXT,
    CV_FIELD_BIN,
    CV_FIELD_INT,
    CV_FIELD_UINT,
    CV_FIELD_BOOL,
    CV_FIELD_ENUM,
    CV_FIELD_OBJECT
} cv_field_kind_t;

enum { /* flags of a field */
       CV_FIELD_REQUIRED = 1,
       CV_FIELD_HAS = 2,    /* optional, and only a has_<name> can say that it is absent */
       CV_FIELD_ARRAY = 4,  /* count at `has`, elements from `offset`, `stride` apart */
       CV_FIELD_LAZY = 8,   /* an array as cv_records_t, or of maps as cv_items_t */
       CV_FIELD_UNIQUE = 16 /* no element twice (ints and enums) */
};

typedef enum {
    CV_TEXT_FREE,
    CV_TEXT_CLASSES,
    CV_TEXT_EMAIL,
    CV_TEXT_PARTIAL_DATE,
    CV_TEXT_WALL_TIME,
    CV_TEXT_UTC_OFFSET,
    CV_TEXT_LANGUAGE
} cv_text_rule_t;

typedef struct cv_shape cv_shape_t;
typedef struct {
    const char *name;
    uint8_t name_len;
    uint8_t kind;         /* cv_field_kind_t, of the elements if it is an array */
    uint8_t flags;        /* CV_FIELD_* */
    uint8_t rule;         /* cv_text_rule_t */
    uint16_t first, rest; /* CV_TEXT_CLASSES: bits of cv_char_classes that the first and the other octets must have */
    uint16_t words_n;
    uint32_t offset, has, stride;
    uint32_t items_min, items_max;
    uint32_t octets_max;   /* of a whole array as it is written; 0: no limit of its own */
    int64_t min, max;      /* ints: value; text and bin: octets */
    const cv_str_t *words; /* enums: words[0] stands for 1 */
    const cv_shape_t *shape;
    const char *expect; /* what the rule asks for, for people */
} cv_field_t;

struct cv_shape {
    const char *name;
    size_t size;
    const cv_field_t *fields; /* in the order they are written; at most 64 */
    uint16_t fields_n;
    uint64_t required; /* bit i: fields[i] */
};

extern const uint16_t cv_char_classes[256];

/* data must come from cv_msg_read, or be as well checked. On failure (CV_EINVAL) *ret_struct is zeroed. */
int cv_shape_decode(const cv_shape_t *shape, const msgpack_object *data, void *ret_struct,
                    cv_fault_t *fault) CV_USE_RESULT;
/* CV_EINVAL: the struct breaks a limit or a rule or lacks a required field, and nobody could read what it would
 * become. Nothing is written then. */
int cv_shape_encode(const cv_shape_t *shape, cv_buf_t *buf, const void *data) CV_USE_RESULT;

/* For the generated <name>_at, <name>_pack and <name>_unpack. */
void cv_items_read(const cv_shape_t *shape, const cv_items_t *items, size_t i, void *ret_struct);
int cv_items_pack(const cv_shape_t *shape, cv_buf_t *buf, const cv_items_t *items) CV_USE_RESULT;
int cv_items_unpack(const cv_shape_t *shape, cv_str_t bytes, cv_arena_t *arena, cv_items_t *ret_items) CV_USE_RESULT;

/* For the generated <enum>_text and <enum>_parse. */
const char *cv_words_text(const cv_str_t *words, size_t n, unsigned value); /* "" for 0 and unknown numbers */
unsigned cv_words_parse(const cv_str_t *words, size_t n, cv_str_t text);    /* 0: not one of them */

#endif
