/* codec: reads and writes the data of any message by the tables that proto/generate.py made.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Decoding looks a key up by length and content, first where the last one was found: who writes in our order is found
 * at the first try. Nothing is allocated and nothing copied but numbers and views. Paths for faults are kept as a chain
 * of stack frames and written out only when something is wrong.
 *
 * Encoding checks each value as it writes it, and takes everything back when one is wrong: what cannot be read again is
 * never written in part. What decode lets pass, encode writes; decoding that again gives the same struct.
 */
#include "convene/codec.h"

#include "wire/check.h"
#include "wire/pack.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    SHOWN_MAX = 40, /* octets of somebody's value in a fault */
    LAZY_MAX = 512  /* octets of the struct of a map that stays where it is */
};

typedef struct path {
    const struct path *up;
    const char *name;
    size_t index; /* 1 + element; 0: no array */
} path_t;

/* ---- faults ------------------------------------------------------------------------------- */

static size_t s_path_text(const path_t *path, char *ret_text, size_t size)
{
    size_t len = path->up ? s_path_text(path->up, ret_text, size) : 0;
    if (len >= size)
        return size;
    int more = path->index
                   ? snprintf(ret_text + len, size - len, "%s%s[%zu]", path->up ? "." : "", path->name, path->index - 1)
                   : snprintf(ret_text + len, size - len, "%s%s", path->up ? "." : "", path->name);
    return more > 0 ? len + (size_t)more : len;
}

__attribute__((format(printf, 3, 4))) static int s_fail(cv_fault_t *fault, const path_t *path, const char *format, ...)
{
    if (!fault)
        return CV_EINVAL;
    char where[sizeof fault->path], what[sizeof fault->text];
    where[0] = '\0';
    (void)s_path_text(path, where, sizeof where);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return cv_fault(fault, CV_EINVAL, where, "%s", what);
}

/* A text as it can be shown: on one line, cut between characters. */
typedef struct {
    char text[SHOWN_MAX + 8];
} shown_t;
static shown_t s_shown(cv_str_t value)
{
    shown_t shown;
    size_t len = value.len < SHOWN_MAX ? value.len : SHOWN_MAX;
    while (len && len < value.len && ((uint8_t)value.ptr[len] & 0xc0) == 0x80)
        len--;
    size_t at = 0;
    shown.text[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)value.ptr[i];
        shown.text[at++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    if (len < value.len) {
        memcpy(shown.text + at, "...", 3);
        at += 3;
    }
    shown.text[at++] = '"';
    shown.text[at] = '\0';
    return shown;
}

static const char *s_type_name(const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return "nil";
    case MSGPACK_OBJECT_BOOLEAN:
        return "a boolean";
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return "an integer";
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return "a float";
    case MSGPACK_OBJECT_STR:
        return "text";
    case MSGPACK_OBJECT_BIN:
        return "a bin";
    case MSGPACK_OBJECT_ARRAY:
        return "an array";
    case MSGPACK_OBJECT_MAP:
        return "a map";
    case MSGPACK_OBJECT_EXT:
        return "an extension type";
    default:
        return "something else";
    }
}

static int s_wrong_type(cv_fault_t *fault, const path_t *path, const msgpack_object *object, const char *wanted)
{
    return s_fail(fault, path, "is %s; must be %s%s", s_type_name(object), wanted,
                  object->type == MSGPACK_OBJECT_NIL ? ", or not be there at all if it is optional" : "");
}

/* ---- rules of texts ------------------------------------------------------------------------ */

static bool s_digits(const char *s, size_t n, unsigned *ret_number)
{
    unsigned number = 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        number = number * 10 + (unsigned)(s[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* YYYY, YYYY-MM or YYYY-MM-DD, and such a day exists. */
static bool s_partial_date(cv_str_t s)
{
    static const uint8_t days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned year, month, day;
    if (s.len != 4 && s.len != 7 && s.len != 10)
        return false;
    if (!s_digits(s.ptr, 4, &year))
        return false;
    if (s.len == 4)
        return true;
    if (s.ptr[4] != '-' || !s_digits(s.ptr + 5, 2, &month) || month < 1 || month > 12)
        return false;
    if (s.len == 7)
        return true;
    if (s.ptr[7] != '-' || !s_digits(s.ptr + 8, 2, &day) || day < 1 || day > days[month - 1])
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month != 2 || day < 29 || leap;
}

static bool s_hours_minutes(const char *s, unsigned last_hour)
{
    unsigned hour, minute;
    return s_digits(s, 2, &hour) && hour <= last_hour && s[2] == ':' && s_digits(s + 3, 2, &minute) && minute <= 59;
}

static bool s_email(cv_str_t s)
{
    size_t ats = 0;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        if (c <= 0x20 || c == 0x7f)
            return false;
        ats += c == '@';
    }
    return ats == 1 && s.ptr[0] != '@' && s.ptr[s.len - 1] != '@';
}

/* The first octet of one class, the others of another: a bit each. What all octets have in common is asked once, at the
 * end, because some eight hundred octets are looked at per decision. */
static bool s_all_of(cv_str_t s, unsigned first, unsigned rest)
{
    const uint8_t *at = (const uint8_t *)s.ptr + 1, *end = (const uint8_t *)s.ptr + s.len;
    unsigned common = ~0u;
    if (!(cv_char_classes[at[-1]] & first))
        return false;
    for (; end - at >= 4; at += 4)
        common &= cv_char_classes[at[0]] & cv_char_classes[at[1]] & cv_char_classes[at[2]] & cv_char_classes[at[3]];
    for (; at < end; at++)
        common &= cv_char_classes[*at];
    return common & rest;
}

/* Whether the rule lets only ASCII pass. */
static bool s_ascii_only(const cv_field_t *field)
{
    return field->rule == CV_TEXT_CLASSES && !((field->first | field->rest) & cv_char_classes[0x80]);
}

static bool s_rule_holds(const cv_field_t *field, cv_str_t s)
{
    switch ((cv_text_rule_t)field->rule) {
    case CV_TEXT_FREE:
        return true;
    case CV_TEXT_CLASSES:
        return s_all_of(s, field->first, field->rest);
    case CV_TEXT_EMAIL:
        return s_email(s);
    case CV_TEXT_PARTIAL_DATE:
        return s_partial_date(s);
    case CV_TEXT_WALL_TIME:
        return s.len == 5 && s_hours_minutes(s.ptr, 23);
    case CV_TEXT_UTC_OFFSET:
        return s.len == 6 && (s.ptr[0] == '+' || s.ptr[0] == '-') && s_hours_minutes(s.ptr + 1, 14);
    case CV_TEXT_LANGUAGE:
        return cv_str_is_language(s);
    }
    return false;
}

/* ---- decode -------------------------------------------------------------------------------- */

static int s_decode_map(const cv_shape_t *shape, const msgpack_object *data, void *ret_struct, cv_fault_t *fault,
                        const path_t *path);

static int s_decode_bytes(const cv_field_t *field, const msgpack_object *object, cv_str_t *ret_view, cv_fault_t *fault,
                          const path_t *path)
{
    bool text = field->kind == CV_FIELD_TEXT;
    if (object->type != (text ? MSGPACK_OBJECT_STR : MSGPACK_OBJECT_BIN))
        return s_wrong_type(fault, path, object, text ? "text" : "a bin");
    cv_str_t view = text ? (cv_str_t){object->via.str.ptr, object->via.str.size}
                         : (cv_str_t){object->via.bin.ptr, object->via.bin.size};
    if (view.len < (uint64_t)field->min || view.len > (uint64_t)field->max) {
        if (field->min == field->max)
            return s_fail(fault, path, "has %zu octets; must have %" PRId64, view.len, field->min);
        return s_fail(fault, path, "has %zu octets; must have %" PRId64 " to %" PRId64, view.len, field->min,
                      field->max);
    }
    if (text && !s_rule_holds(field, view))
        return s_fail(fault, path, "is %s; must be %s", s_shown(view).text, field->expect);
    *ret_view = view;
    return CV_OK;
}

static int s_decode_int(const cv_field_t *field, const msgpack_object *object, int64_t *ret_number, cv_fault_t *fault,
                        const path_t *path)
{
    bool positive = object->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
    if (!positive && object->type != MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return s_wrong_type(fault, path, object, "an integer");
    if (positive && object->via.u64 > INT64_MAX)
        return s_fail(fault, path, "is %" PRIu64 "; must be from %" PRId64 " to %" PRId64, object->via.u64, field->min,
                      field->max);
    int64_t number = positive ? (int64_t)object->via.u64 : object->via.i64;
    if (number < field->min || number > field->max)
        return s_fail(fault, path, "is %" PRId64 "; must be from %" PRId64 " to %" PRId64, number, field->min,
                      field->max);
    *ret_number = number;
    return CV_OK;
}

static int s_decode_enum(const cv_field_t *field, const msgpack_object *object, unsigned *ret_value, cv_fault_t *fault,
                         const path_t *path)
{
    if (object->type != MSGPACK_OBJECT_STR)
        return s_wrong_type(fault, path, object, "text");
    cv_str_t text = {object->via.str.ptr, object->via.str.size};
    unsigned value = cv_words_parse(field->words, field->words_n, text);
    if (!value) {
        char list[sizeof(fault->text) - SHOWN_MAX - 40] = "";
        size_t len = 0;
        for (unsigned i = 0; i < field->words_n && len < sizeof list; i++) {
            int more = snprintf(list + len, sizeof list - len, "%s%.*s", i ? ", " : "", CV_STR_ARG(field->words[i]));
            len += more > 0 ? (size_t)more : 0;
        }
        return s_fail(fault, path, "is %s; must be one of %s", s_shown(text).text, list);
    }
    *ret_value = value;
    return CV_OK;
}

/* One value into its place. Enums are unsigned int for every compiler that we know. */
_Static_assert(sizeof(cv_field_kind_t) == sizeof(unsigned), "enums are as wide as unsigned int");
static int s_decode_value(const cv_field_t *field, const msgpack_object *object, char *ret_place, cv_fault_t *fault,
                          const path_t *path)
{
    int64_t number = 0;
    unsigned value = 0;
    cv_str_t view = CV_STR_NONE;
    int rc;
    switch ((cv_field_kind_t)field->kind) {
    case CV_FIELD_TEXT:
    case CV_FIELD_BIN:
        rc = s_decode_bytes(field, object, &view, fault, path);
        if (!rc)
            memcpy(ret_place, &view, sizeof view);
        return rc;
    case CV_FIELD_INT:
    case CV_FIELD_UINT: /* its minimum is not negative, so both look the same in memory */
        rc = s_decode_int(field, object, &number, fault, path);
        if (!rc)
            memcpy(ret_place, &number, sizeof number);
        return rc;
    case CV_FIELD_BOOL:
        if (object->type != MSGPACK_OBJECT_BOOLEAN)
            return s_wrong_type(fault, path, object, "a boolean");
        memcpy(ret_place, &(bool){object->via.boolean}, sizeof(bool));
        return CV_OK;
    case CV_FIELD_ENUM:
        rc = s_decode_enum(field, object, &value, fault, path);
        if (!rc)
            memcpy(ret_place, &value, sizeof value);
        return rc;
    case CV_FIELD_OBJECT:
        return s_decode_map(field->shape, object, ret_place, fault, path);
    }
    return CV_EINTERNAL;
}

/* Octets of an object as we write it. */
static size_t s_octets(const msgpack_object *object)
{
    size_t len = 0, n;
    switch (object->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return object->via.u64 < 0x80          ? 1
               : object->via.u64 <= UINT8_MAX  ? 2
               : object->via.u64 <= UINT16_MAX ? 3
               : object->via.u64 <= UINT32_MAX ? 5
                                               : 9;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return object->via.i64 >= -32         ? 1
               : object->via.i64 >= INT8_MIN  ? 2
               : object->via.i64 >= INT16_MIN ? 3
               : object->via.i64 >= INT32_MIN ? 5
                                              : 9;
    case MSGPACK_OBJECT_STR:
        n = object->via.str.size;
        return n + (n < 32 ? 1 : n <= UINT8_MAX ? 2 : n <= UINT16_MAX ? 3 : 5);
    case MSGPACK_OBJECT_BIN:
        n = object->via.bin.size;
        return n + (n <= UINT8_MAX ? 2 : n <= UINT16_MAX ? 3 : 5);
    case MSGPACK_OBJECT_ARRAY:
        n = object->via.array.size;
        for (size_t i = 0; i < n; i++)
            len += s_octets(&object->via.array.ptr[i]);
        return len + (n < 16 ? 1 : n <= UINT16_MAX ? 3 : 5);
    case MSGPACK_OBJECT_MAP:
        n = object->via.map.size;
        for (size_t i = 0; i < n; i++)
            len += s_octets(&object->via.map.ptr[i].key) + s_octets(&object->via.map.ptr[i].val);
        return len + (n < 16 ? 1 : n <= UINT16_MAX ? 3 : 5);
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_BOOLEAN:
        return 1;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
    case MSGPACK_OBJECT_EXT: /* refused before */
    default:
        return 9;
    }
}

static int s_decode_array(const cv_field_t *field, const msgpack_object *object, char *ret_base, cv_fault_t *fault,
                          path_t *path)
{
    if (object->type != MSGPACK_OBJECT_ARRAY)
        return s_wrong_type(fault, path, object, "an array");
    size_t n = object->via.array.size;
    if (n < field->items_min || n > field->items_max)
        return s_fail(fault, path, "has %zu elements; must have %u to %u", n, field->items_min, field->items_max);
    if (field->octets_max && s_octets(object) > field->octets_max)
        return s_fail(fault, path, "has %zu octets; must have at most %u", s_octets(object), field->octets_max);
    char *place = ret_base + field->offset;
    for (size_t i = 0; i < n; i++) {
        path->index = i + 1;
        const msgpack_object *element = &object->via.array.ptr[i];
        if (field->flags & CV_FIELD_LAZY && field->kind == CV_FIELD_OBJECT) {
            _Alignas(16) char room[LAZY_MAX] = {0};
            int rc = field->shape->size <= sizeof room ? s_decode_map(field->shape, element, room, fault, path)
                                                       : CV_EINTERNAL;
            if (rc)
                return rc;
            continue;
        }
        if (field->flags & CV_FIELD_LAZY) {
            cv_str_t view;
            int rc = s_decode_bytes(field, element, &view, fault, path);
            if (rc)
                return rc;
            continue;
        }
        char *there = place + i * field->stride;
        int rc = s_decode_value(field, element, there, fault, path);
        if (rc)
            return rc;
        if (field->flags & CV_FIELD_UNIQUE) {
            for (size_t k = 0; k < i; k++)
                if (memcmp(place + k * field->stride, there, field->stride) == 0)
                    return s_fail(fault, path, "is the same as element %zu; each may be given once", k);
        }
    }
    path->index = 0;
    if (field->flags & CV_FIELD_LAZY && field->kind == CV_FIELD_OBJECT) {
        cv_items_t items = {.n = n, .items = object->via.array.ptr};
        memcpy(place, &items, sizeof items);
    } else if (field->flags & CV_FIELD_LAZY) {
        cv_records_t records = {.n = n, .items = object->via.array.ptr};
        memcpy(place, &records, sizeof records);
    } else {
        memcpy(ret_base + field->has, &n, sizeof n);
    }
    return CV_OK;
}

static const cv_field_t *s_field(const cv_shape_t *shape, unsigned expected, const msgpack_object *key)
{
    const char *name = key->via.str.ptr;
    size_t len = key->via.str.size;
    for (unsigned i = 0, at = expected; i < shape->fields_n; i++, at++) {
        if (at >= shape->fields_n)
            at = 0;
        const cv_field_t *field = &shape->fields[at];
        if (field->name_len == len && memcmp(field->name, name, len) == 0)
            return field;
    }
    return NULL;
}

static int s_decode_map(const cv_shape_t *shape, const msgpack_object *data, void *ret_struct, cv_fault_t *fault,
                        const path_t *path)
{
    if (data->type != MSGPACK_OBJECT_MAP)
        return s_wrong_type(fault, path, data, "a map");
    uint64_t seen = 0;
    unsigned expected = 0;
    for (uint32_t i = 0; i < data->via.map.size; i++) {
        const msgpack_object_kv *pair = &data->via.map.ptr[i];
        if (pair->key.type != MSGPACK_OBJECT_STR)
            return s_fail(fault, path, "has a key that is not text");
        const cv_field_t *field = s_field(shape, expected, &pair->key);
        if (!field)
            continue; /* a newer writer's */
        unsigned number = (unsigned)(field - shape->fields);
        expected = number + 1;
        path_t here = {path, field->name, 0};
        if (seen >> number & 1)
            return s_fail(fault, &here, "is given twice");
        seen |= UINT64_C(1) << number;
        int rc = field->flags & CV_FIELD_ARRAY
                     ? s_decode_array(field, &pair->val, ret_struct, fault, &here)
                     : s_decode_value(field, &pair->val, (char *)ret_struct + field->offset, fault, &here);
        if (rc)
            return rc;
        if (field->flags & CV_FIELD_HAS)
            memcpy((char *)ret_struct + field->has, &(bool){true}, sizeof(bool));
    }
    uint64_t missing = shape->required & ~seen;
    if (missing) {
        path_t here = {path, shape->fields[__builtin_ctzll(missing)].name, 0};
        return s_fail(fault, &here, "is missing; it is required");
    }
    return CV_OK;
}

int cv_shape_decode(const cv_shape_t *shape, const msgpack_object *data, void *ret_struct, cv_fault_t *fault)
{
    memset(ret_struct, 0, shape->size);
    path_t root = {NULL, "data", 0};
    int rc = s_decode_map(shape, data, ret_struct, fault, &root);
    if (rc)
        memset(ret_struct, 0, shape->size);
    return rc;
}

void cv_items_read(const cv_shape_t *shape, const cv_items_t *items, size_t i, void *ret_struct)
{
    if (items->items)
        (void)!cv_shape_decode(shape, &items->items[i], ret_struct, NULL); /* was checked; else it is all zeros */
    else
        memcpy(ret_struct, (const char *)items->list + i * shape->size, shape->size);
}

/* ---- encode -------------------------------------------------------------------------------- */

/* Places are read with memcpy: the table knows where a value is, not its C type. */
#define READ(type, place) (*(type *)memcpy(&(type){0}, (place), sizeof(type)))

static bool s_present(const cv_field_t *field, const char *base)
{
    if (field->flags & CV_FIELD_REQUIRED)
        return true;
    if (field->flags & CV_FIELD_HAS)
        return READ(bool, base + field->has);
    if (field->flags & CV_FIELD_LAZY)
        return READ(cv_records_t, base + field->offset).n > 0;
    if (field->flags & CV_FIELD_ARRAY)
        return READ(size_t, base + field->has) > 0;
    if (field->kind == CV_FIELD_ENUM)
        return READ(unsigned, base + field->offset) != 0;
    return READ(cv_str_t, base + field->offset).ptr != NULL;
}

static size_t s_items(const cv_field_t *field, const char *base, cv_records_t *ret_records)
{
    if (!(field->flags & CV_FIELD_LAZY))
        return READ(size_t, base + field->has);
    *ret_records = READ(cv_records_t, base + field->offset);
    return ret_records->n;
}

/* These give false for what a reader would refuse. */
static bool s_put_map(cv_buf_t *buf, const cv_shape_t *shape, const char *base);

static bool s_put_bytes(cv_buf_t *buf, const cv_field_t *field, cv_str_t view)
{
    if (!view.ptr || view.len < (uint64_t)field->min || view.len > (uint64_t)field->max)
        return false;
    if (field->kind == CV_FIELD_BIN) {
        cv_pack_bin(buf, view);
        return true;
    }
    if (!s_rule_holds(field, view))
        return false;
    if (!s_ascii_only(field) && !cv_utf8((const uint8_t *)view.ptr, view.len))
        return false;
    cv_pack_text(buf, view.ptr, view.len);
    return true;
}

static bool s_put_value(cv_buf_t *buf, const cv_field_t *field, const char *place)
{
    switch ((cv_field_kind_t)field->kind) {
    case CV_FIELD_TEXT:
    case CV_FIELD_BIN:
        return s_put_bytes(buf, field, READ(cv_str_t, place));
    case CV_FIELD_UINT:
    case CV_FIELD_INT: {
        int64_t number = READ(int64_t, place);
        cv_pack_int(buf, number);
        return number >= field->min && number <= field->max;
    }
    case CV_FIELD_BOOL:
        cv_pack_bool(buf, READ(bool, place));
        return true;
    case CV_FIELD_ENUM: {
        unsigned value = READ(unsigned, place);
        if (value < 1 || value > field->words_n)
            return false;
        cv_pack_text(buf, field->words[value - 1].ptr, field->words[value - 1].len);
        return true;
    }
    case CV_FIELD_OBJECT:
        return s_put_map(buf, field->shape, place);
    }
    return false;
}

static bool s_put_items(cv_buf_t *buf, const cv_field_t *field, const cv_items_t *items)
{
    _Alignas(16) char room[LAZY_MAX];
    if (items->n < field->items_min || items->n > field->items_max || field->shape->size > sizeof room)
        return false;
    cv_pack_array(buf, items->n);
    for (size_t i = 0; i < items->n; i++) {
        cv_items_read(field->shape, items, i, room);
        if (!s_put_map(buf, field->shape, room))
            return false;
    }
    return true;
}

static bool s_put_elements(cv_buf_t *buf, const cv_field_t *field, const char *base)
{
    cv_records_t records = {.n = 0};
    if (field->flags & CV_FIELD_LAZY && field->kind == CV_FIELD_OBJECT) {
        cv_items_t items = READ(cv_items_t, base + field->offset);
        return s_put_items(buf, field, &items);
    }
    size_t n = s_items(field, base, &records);
    if (n < field->items_min || n > field->items_max)
        return false;
    cv_pack_array(buf, n);
    for (size_t i = 0; i < n; i++)
        if (field->flags & CV_FIELD_LAZY ? !s_put_bytes(buf, field, cv_records_at(&records, i))
                                         : !s_put_value(buf, field, base + field->offset + i * field->stride))
            return false;
    return true;
}

static bool s_put_array(cv_buf_t *buf, const cv_field_t *field, const char *base)
{
    size_t start = buf->len;
    return s_put_elements(buf, field, base) && (!field->octets_max || buf->len - start <= field->octets_max);
}

static bool s_put_map(cv_buf_t *buf, const cv_shape_t *shape, const char *base)
{
    uint64_t present = 0;
    for (unsigned i = 0; i < shape->fields_n; i++)
        if (s_present(&shape->fields[i], base))
            present |= UINT64_C(1) << i;
    cv_pack_map(buf, (size_t)__builtin_popcountll(present));
    for (uint64_t rest = present; rest; rest &= rest - 1) {
        const cv_field_t *field = &shape->fields[__builtin_ctzll(rest)];
        cv_pack_text(buf, field->name, field->name_len);
        if (field->flags & CV_FIELD_ARRAY ? !s_put_array(buf, field, base)
                                          : !s_put_value(buf, field, base + field->offset))
            return false;
    }
    return true;
}

int cv_shape_encode(const cv_shape_t *shape, cv_buf_t *buf, const void *data)
{
    if (buf->rc)
        return buf->rc;
    size_t start = buf->len;
    int rc = s_put_map(buf, shape, data) ? buf->rc : CV_EINVAL;
    if (rc) { /* as if nothing had been asked; the buffer's own error would outlive it */
        buf->len = start;
        buf->rc = CV_OK;
    }
    return rc;
}

/* ---- arrays that are kept elsewhere: {"items": [...]}, so that the usual walk can check them ---- */

int cv_items_pack(const cv_shape_t *shape, cv_buf_t *buf, const cv_items_t *items)
{
    const cv_field_t field = {.shape = shape, .items_max = UINT32_MAX};
    if (buf->rc)
        return buf->rc;
    size_t start = buf->len;
    cv_pack_map(buf, 1);
    cv_pack_text(buf, "items", 5);
    int rc = s_put_items(buf, &field, items) ? buf->rc : CV_EINVAL;
    if (rc) {
        buf->len = start;
        buf->rc = CV_OK;
    }
    return rc;
}

int cv_items_unpack(const cv_shape_t *shape, cv_str_t bytes, cv_arena_t *arena, cv_items_t *ret_items)
{
    if (cv_wire_check(bytes, NULL))
        return CV_ECORRUPT;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    int rc = msgpack_unpack_next(&unpacked, bytes.ptr, bytes.len, NULL) == MSGPACK_UNPACK_SUCCESS ? CV_OK : CV_ECORRUPT;
    if (!rc && (unpacked.data.via.map.size != 1 || unpacked.data.via.map.ptr[0].val.type != MSGPACK_OBJECT_ARRAY))
        rc = CV_ECORRUPT;
    const msgpack_object *array = rc ? NULL : &unpacked.data.via.map.ptr[0].val;
    size_t n = array ? array->via.array.size : 0;
    char *list = n ? cv_arena_take(arena, n * shape->size) : NULL;
    if (n && !list)
        rc = CV_ENOMEM;
    for (size_t i = 0; !rc && i < n; i++)
        if (cv_shape_decode(shape, &array->via.array.ptr[i], list + i * shape->size, NULL))
            rc = CV_ECORRUPT;
    msgpack_unpacked_destroy(&unpacked); /* the structs' views point into bytes, not into the zone */
    if (!rc)
        *ret_items = (cv_items_t){.n = n, .list = list};
    return rc;
}

/* ---- words --------------------------------------------------------------------------------- */

const char *cv_words_text(const cv_str_t *words, size_t n, unsigned value)
{
    return value >= 1 && value <= n ? words[value - 1].ptr : "";
}

unsigned cv_words_parse(const cv_str_t *words, size_t n, cv_str_t text)
{
    for (unsigned i = 0; i < n; i++)
        if (words[i].len == text.len && memcmp(words[i].ptr, text.ptr, text.len) == 0)
            return i + 1;
    return 0;
}
