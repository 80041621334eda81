/* json: between JSON, which people and scripts write, and the data of messages.
 * SPDX-License-Identifier: Apache-2.0
 *
 * There is one judge of what a request may contain: the schema, through the type's decoder. JSON becomes MessagePack,
 * the decoder reads it, and what it ignores (fields it does not know) is an error here, because a person who writes
 * "evnt" wants to hear of it.
 */
#include "cli.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_TEXT_MAX = 128, INDEX_MAX = 4096, TEXT_FIELDS_MAX = 64 };

const char *cli_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t cli_int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- from messages ------------------------------------------------------------------------- */

static json_t *hex_of(const char *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);
    if (!text)
        return NULL;
    sodium_bin2hex(text, 2 * len + 1, (const unsigned char *)bytes, len);
    json_t *json = json_string(text);
    free(text);
    return json;
}

json_t *cli_json_of(const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return json_integer((json_int_t)object->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer(object->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(object->via.f64);
    case MSGPACK_OBJECT_STR:
        return json_stringn(object->via.str.ptr, object->via.str.size);
    case MSGPACK_OBJECT_BIN:
        return hex_of(object->via.bin.ptr, object->via.bin.size);
    case MSGPACK_OBJECT_ARRAY: {
        json_t *array = json_array();
        for (uint32_t i = 0; i < object->via.array.size; i++)
            json_array_append_new(array, cli_json_of(&object->via.array.ptr[i]));
        return array;
    }
    case MSGPACK_OBJECT_MAP: {
        json_t *map = json_object();
        for (uint32_t i = 0; i < object->via.map.size; i++) {
            const msgpack_object_kv *pair = &object->via.map.ptr[i];
            char key[PATH_TEXT_MAX];
            if (pair->key.type == MSGPACK_OBJECT_STR &&
                cv_str_copy((cv_str_t){pair->key.via.str.ptr, pair->key.via.str.size}, key, sizeof key) == CV_OK)
                json_object_set_new(map, key, cli_json_of(&pair->val));
        }
        return map;
    }
    case MSGPACK_OBJECT_NIL:
    case MSGPACK_OBJECT_EXT:
    default:
        return json_null();
    }
}

static void put_text(json_t *object, const char *key, cv_str_t text)
{
    if (text.ptr)
        json_object_set_new(object, key, json_stringn(text.ptr, text.len));
}

json_t *cli_json_of_message(const cv_msg_t *msg)
{
    json_t *json = json_object();
    char time[CV_TIME_TEXT + 1];
    put_text(json, "id", msg->id);
    put_text(json, "type", msg->type);
    put_text(json, "source", msg->source);
    put_text(json, "subject", msg->subject);
    if (msg->time_ms) {
        cv_time_text(msg->time_ms, time);
        put_text(json, "time", cv_str(time));
    }
    put_text(json, "correlationid", msg->correlationid);
    put_text(json, "causationid", msg->causationid);
    if (msg->data)
        json_object_set_new(json, "data", cli_json_of(msg->data));
    return json;
}

/* ---- to data ------------------------------------------------------------------------------- */

/* Nulls stand for what is not there and are left out. */
static int pack(msgpack_packer *packer, const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        size_t n = 0;
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)json, key, value)
        {
            n += !json_is_null(value);
        }
        int rc = msgpack_pack_map(packer, n);
        json_object_foreach((json_t *)json, key, value)
        {
            if (json_is_null(value))
                continue;
            rc |= msgpack_pack_str(packer, strlen(key)) | msgpack_pack_str_body(packer, key, strlen(key));
            rc |= pack(packer, value);
        }
        return rc;
    }
    case JSON_ARRAY: {
        int rc = msgpack_pack_array(packer, json_array_size(json));
        for (size_t i = 0; i < json_array_size(json); i++)
            rc |= pack(packer, json_array_get(json, i));
        return rc;
    }
    case JSON_STRING:
        return msgpack_pack_str(packer, json_string_length(json)) |
               msgpack_pack_str_body(packer, json_string_value(json), json_string_length(json));
    case JSON_INTEGER:
        return msgpack_pack_int64(packer, json_integer_value(json));
    case JSON_REAL:
        return msgpack_pack_double(packer, json_real_value(json));
    case JSON_TRUE:
    case JSON_FALSE:
        return json_is_true(json) ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
    case JSON_NULL:
    default:
        return msgpack_pack_nil(packer);
    }
}

/* The first field of the input that did not survive into what the decoder understood. */
static bool unknown_field(const json_t *input, const json_t *known, char *path, size_t size)
{
    size_t at = strlen(path);
    if (json_is_object(input)) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)input, key, value)
        {
            if (json_is_null(value))
                continue;
            json_t *there = json_object_get(known, key);
            (void)snprintf(path + at, size - at, "%s%s", at ? "." : "", key);
            if (!there || unknown_field(value, there, path, size))
                return true;
            path[at] = '\0';
        }
    } else if (json_is_array(input)) {
        for (size_t i = 0; i < json_array_size(input); i++) {
            (void)snprintf(path + at, size - at, "[%zu]", i);
            if (unknown_field(json_array_get(input, i), json_array_get(known, i), path, size))
                return true;
            path[at] = '\0';
        }
    }
    return false;
}

static int read_object(cv_str_t bytes, msgpack_zone *zone, msgpack_object *ret_object)
{
    size_t used = 0;
    return msgpack_unpack(bytes.ptr, bytes.len, &used, zone, ret_object) == MSGPACK_UNPACK_SUCCESS ? CV_OK
                                                                                                   : CV_EMALFORMED;
}

static int check_known(const cv_msg_info_t *info, const json_t *json, cli_input_t *input, cv_fault_t *fault)
{
    cv_buf_t again;
    cv_buf_init(&again, CV_MAX_REQUEST);
    msgpack_object object;
    char path[PATH_TEXT_MAX] = "";
    int rc = info->encode(&again, input->data);
    if (rc == CV_OK)
        rc = read_object(cv_buf_str(&again), &input->zone, &object);
    if (rc == CV_OK) {
        json_t *known = cli_json_of(&object);
        if (unknown_field(json, known, path, sizeof path))
            rc = cv_fault(fault, CV_EINVAL, path, "is no field of %s", info->type);
        json_decref(known);
    }
    cv_buf_done(&again);
    return rc;
}

int cli_input_read(const cv_msg_info_t *info, const json_t *json, cli_input_t *ret_input, cv_fault_t *fault)
{
    cli_input_t input = {0};
    cv_buf_init(&input.bytes, CV_MAX_REQUEST);
    msgpack_packer packer;
    msgpack_packer_init(&packer, &input.bytes, cv_buf_pack);
    int rc = json_is_object(json) ? CV_OK : cv_fault(fault, CV_EINVAL, "data", "must be an object");
    if (rc == CV_OK && (pack(&packer, json) != 0 || input.bytes.rc != CV_OK))
        rc = cv_fault(fault, CV_ELIMIT, "data", "is larger than %d octets", CV_MAX_REQUEST);
    if (rc == CV_OK)
        rc = cv_wire_check(cv_buf_str(&input.bytes), fault);
    input.has_zone = rc == CV_OK && msgpack_zone_init(&input.zone, 8192);
    if (rc == CV_OK && !input.has_zone)
        rc = CV_ENOMEM;
    msgpack_object object;
    if (rc == CV_OK)
        rc = read_object(cv_buf_str(&input.bytes), &input.zone, &object);
    if (rc == CV_OK) {
        input.data = calloc(1, info->size);
        rc = input.data ? info->decode(&object, input.data, fault) : CV_ENOMEM;
    }
    if (rc == CV_OK)
        rc = check_known(info, json, &input, fault);
    if (rc != CV_OK) {
        cli_input_done(&input);
        return rc;
    }
    *ret_input = input;
    return CV_OK;
}

void cli_input_done(cli_input_t *input)
{
    if (input->has_zone)
        msgpack_zone_destroy(&input->zone);
    cv_buf_done(&input->bytes);
    free(input->data);
    *input = (cli_input_t){0};
}

/* ---- paths ------------------------------------------------------------------------------- */

/* One step of a path: a name, or an index in brackets. False: not well-formed. */
static bool step(const char **path, char name[PATH_TEXT_MAX], size_t *ret_index, bool *ret_is_index)
{
    const char *at = *path;
    *ret_is_index = *at == '[';
    if (*ret_is_index) {
        char *end;
        unsigned long index = strtoul(at + 1, &end, 10);
        if (end == at + 1 || *end != ']' || index >= INDEX_MAX)
            return false;
        *ret_index = index;
        at = end + 1;
    } else {
        size_t len = strcspn(at, ".[");
        if (len == 0 || len >= PATH_TEXT_MAX)
            return false;
        memcpy(name, at, len);
        name[len] = '\0';
        at += len;
    }
    if (*at == '.')
        at++;
    *path = at;
    return true;
}

json_t *cli_json_at(const json_t *object, const char *path)
{
    json_t *at = (json_t *)object;
    while (at && *path) {
        char name[PATH_TEXT_MAX];
        size_t index = 0;
        bool is_index;
        if (!step(&path, name, &index, &is_index))
            return NULL;
        at = is_index ? json_array_get(at, index) : json_object_get(at, name);
    }
    return at;
}

int cli_json_put(json_t *object, const char *path, json_t *value)
{
    json_t *at = object;
    while (value) {
        char name[PATH_TEXT_MAX];
        size_t index = 0;
        bool is_index;
        if (!step(&path, name, &index, &is_index) || (is_index ? !json_is_array(at) : !json_is_object(at)))
            break;
        while (is_index && json_array_size(at) <= index)
            json_array_append_new(at, json_null());
        if (!*path)
            return is_index ? json_array_set_new(at, index, value) : json_object_set_new(at, name, value);
        json_t *inner = is_index ? json_array_get(at, index) : json_object_get(at, name);
        if (!inner || json_is_null(inner)) {
            inner = *path == '[' ? json_array() : json_object();
            if ((is_index ? json_array_set_new(at, index, inner) : json_object_set_new(at, name, inner)) != 0)
                break;
        }
        at = inner;
    }
    json_decref(value);
    return -1;
}

/* A flag or a cell of CSV does not say whether 2025 is a number or a text. The schema does: what it refuses as a text
 * is read as JSON, once per field. */
int cli_input_read_texts(const cv_msg_info_t *info, json_t *json, cli_input_t *ret_input, cv_fault_t *fault)
{
    int rc = CV_EINVAL;
    for (int i = 0; i < TEXT_FIELDS_MAX; i++) {
        *fault = (cv_fault_t){0};
        rc = cli_input_read(info, json, ret_input, fault);
        if (rc == CV_OK)
            return rc;
        const char *path = strncmp(fault->path, "data.", 5) == 0 ? fault->path + 5 : fault->path;
        json_t *at = cli_json_at(json, path);
        json_t *other = json_is_string(at)
                            ? json_loads(json_string_value(at), JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL)
                            : NULL;
        if (!other || json_is_string(other) || json_is_null(other)) {
            json_decref(other);
            return rc;
        }
        if (cli_json_put(json, path, other) != 0)
            return rc;
    }
    return rc;
}
