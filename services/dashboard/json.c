/* json: see json.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/json.h"

#include <stdio.h>

enum { KEY_MAX = 128, HEX_MAX = 256 };

static json_t *s_hex(const char *bytes, size_t len)
{
    char text[2 * HEX_MAX + 1] = "";
    for (size_t i = 0; i < len && i < HEX_MAX; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", (unsigned)(unsigned char)bytes[i]);
    return json_string(text);
}

static json_t *s_map(const msgpack_object_map *map)
{
    json_t *object = json_object();
    for (uint32_t i = 0; object && i < map->size; i++) {
        const msgpack_object_kv *pair = &map->ptr[i];
        char key[KEY_MAX];
        if (pair->key.type == MSGPACK_OBJECT_STR &&
            cv_str_copy((cv_str_t){pair->key.via.str.ptr, pair->key.via.str.size}, key, sizeof(key)) == CV_OK)
            json_object_set_new(object, key, dash_json_of(&pair->val));
    }
    return object;
}

json_t *dash_json_of(const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return json_integer((json_int_t)object->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer(object->via.i64);
    case MSGPACK_OBJECT_STR:
        return json_stringn(object->via.str.ptr, object->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return s_hex(object->via.bin.ptr, object->via.bin.size);
    case MSGPACK_OBJECT_ARRAY: {
        json_t *array = json_array();
        for (uint32_t i = 0; array && i < object->via.array.size; i++)
            json_array_append_new(array, dash_json_of(&object->via.array.ptr[i]));
        return array;
    }
    case MSGPACK_OBJECT_MAP:
        return s_map(&object->via.map);
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_EXT:
    case MSGPACK_OBJECT_FLOAT32: /* the wire has none of them */
    case MSGPACK_OBJECT_FLOAT64:
    default:
        return json_null();
    }
}
