/* scheduling_sample: the sample's files, and requests written as JSON, for tests of scheduling.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SCHEDULING_SAMPLE_H
#define TESTS_SCHEDULING_SAMPLE_H

#include "scheduling_driver.h"
#include <jansson.h>

static inline json_t *sample_load(const char *name)
{
    char path[512];
    json_error_t error;
    snprintf(path, sizeof path, "%s/services/cli/sample/%s", CONVENE_SOURCE_DIR, name);
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

/* What the README says: nulls and `reported` are not sent. */
static inline bool is_sent(const char *key, const json_t *value)
{
    return !json_is_null(value) && strcmp(key, "reported") != 0;
}

static inline void pack(msgpack_packer *packer, const json_t *json)
{
    const char *key;
    json_t *value;
    size_t n = 0, i;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        json_object_foreach((json_t *)(uintptr_t)json, key, value) n += is_sent(key, value);
        msgpack_pack_map(packer, n);
        json_object_foreach((json_t *)(uintptr_t)json, key, value)
        {
            if (!is_sent(key, value))
                continue;
            msgpack_pack_str_with_body(packer, key, strlen(key));
            pack(packer, value);
        }
        break;
    case JSON_ARRAY:
        msgpack_pack_array(packer, json_array_size(json));
        json_array_foreach(json, i, value) pack(packer, value);
        break;
    case JSON_STRING:
        msgpack_pack_str_with_body(packer, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        msgpack_pack_int64(packer, json_integer_value(json));
        break;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        break;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        break;
    case JSON_REAL:
    case JSON_NULL:
        fail_msg("a value that no request has");
    }
}

static inline const cv_outcome_v1_t *send_json(driver_t *driver, uint16_t type, const json_t *object)
{
    cv_buf_t buf;
    msgpack_packer packer;
    msgpack_unpacked unpacked;
    cv_fault_t fault = {0};
    cv_any_t *any = calloc(1, sizeof *any);
    assert_non_null(any);
    cv_buf_init(&buf, CV_MAX_REQUEST);
    msgpack_packer_init(&packer, &buf, cv_buf_pack);
    pack(&packer, object);
    assert_int_equal(buf.rc, CV_OK);
    msgpack_unpacked_init(&unpacked);
    assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)buf.ptr, buf.len, NULL), MSGPACK_UNPACK_SUCCESS);
    if (cv_msg_info_at(type)->decode(&unpacked.data, any, &fault)) {
        char *text = json_dumps(object, 0);
        fail_msg("%s %s in %s", fault.path, fault.text, text);
    }
    const cv_outcome_v1_t *outcome = driver_send(driver, type, any);
    msgpack_unpacked_destroy(&unpacked);
    cv_buf_done(&buf);
    free(any);
    return outcome;
}

static inline size_t send_all(driver_t *driver, uint16_t type, const json_t *list, const char *code)
{
    size_t i;
    json_t *object;
    assert_true(json_is_array(list));
    json_array_foreach(list, i, object)
    {
        const cv_outcome_v1_t *outcome = send_json(driver, type, object);
        if (!cv_str_is(outcome->code, code)) {
            char *text = json_dumps(object, 0);
            fail_msg("%.*s: %.*s for %s", CV_STR_ARG(outcome->code), CV_STR_ARG(outcome->text), text);
        }
    }
    return json_array_size(list);
}

#endif
