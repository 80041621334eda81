/* test_scheduling_sample: the sample's facts and exercise, sent to the service as they are.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The point of the facts is that nothing is added to them: what the service says about an event is compared with the
 * file field by field, and a null must be absent.
 */
#include "scheduling/handlers.h"
#include "scheduling_driver.h"
#include <jansson.h>

static json_t *load(const char *name)
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
static bool is_sent(const char *key, const json_t *value)
{
    return !json_is_null(value) && strcmp(key, "reported") != 0;
}

static void pack(msgpack_packer *packer, const json_t *json)
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

static const cv_outcome_v1_t *send_json(driver_t *driver, uint16_t type, const json_t *object)
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

static size_t send_all(driver_t *driver, uint16_t type, const json_t *list, const char *code)
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

static const struct {
    const char *list;
    uint16_t type;
    size_t n;
} FACTS[] = {
    {"parties", CV_MSG_SCHEDULING_PARTY_PUT_V1, 51},
    {"bodies", CV_MSG_SCHEDULING_BODY_PUT_V1, 15},
    {"headings", CV_MSG_SCHEDULING_HEADING_PUT_V1, 23},
    {"chairmanships", CV_MSG_SCHEDULING_CHAIRMANSHIP_PUT_V1, 6},
};

/* Each field of the file in the message, no field of the message that is not in the file. */
static void compare(const json_t *object, const msgpack_object *data, const char *event)
{
    const char *key;
    json_t *value, *item;
    size_t i;
    static const char *const ADDED[] = {"version", "status", "change"};
    size_t expected = sizeof ADDED / sizeof *ADDED;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const msgpack_object *found = NULL;
        for (uint32_t j = 0; j < data->via.map.size; ++j) {
            const msgpack_object_kv *kv = &data->via.map.ptr[j];
            if (kv->key.via.str.size == strlen(key) && !memcmp(kv->key.via.str.ptr, key, strlen(key)))
                found = &kv->val;
        }
        if (!is_sent(key, value)) {
            if (found)
                fail_msg("%s: %s was made up", event, key);
            continue;
        }
        ++expected;
        if (!found)
            fail_msg("%s: %s was lost", event, key);
        if (json_is_string(value)) {
            assert_int_equal(found->via.str.size, json_string_length(value));
            assert_memory_equal(found->via.str.ptr, json_string_value(value), found->via.str.size);
        } else if (json_is_integer(value)) {
            assert_int_equal(found->via.i64, json_integer_value(value));
        } else if (json_is_boolean(value)) {
            assert_int_equal(found->via.boolean, json_is_true(value));
        } else {
            assert_int_equal(found->via.array.size, json_array_size(value));
            json_array_foreach(value, i, item) assert_memory_equal(found->via.array.ptr[i].via.str.ptr,
                                                                   json_string_value(item), json_string_length(item));
        }
    }
    assert_int_equal(data->via.map.size, expected);
}

static void test_facts(void **state)
{
    (void)state;
    driver_t *driver = driver_new("2025-02-20T06:00:00Z");
    json_t *plan = load("cica-plan.json"), *event;
    size_t i;
    for (i = 0; i < sizeof FACTS / sizeof *FACTS; ++i)
        assert_int_equal(send_all(driver, FACTS[i].type, json_object_get(plan, FACTS[i].list), "stored"), FACTS[i].n);
    size_t first = driver->records_n;
    const json_t *events = json_object_get(plan, "events");
    assert_int_equal(send_all(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, events, "proposed"), 32);
    assert_int_equal(driver->records_n, first + 32);
    json_array_foreach(events, i, event)
    {
        driver_event(driver, first + i);
        compare(event, driver->msg.data, json_string_value(json_object_get(event, "event")));
    }
    /* All of it again: nothing new, nothing said. */
    for (i = 0; i < sizeof FACTS / sizeof *FACTS; ++i)
        send_all(driver, FACTS[i].type, json_object_get(plan, FACTS[i].list), "unchanged");
    send_all(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, events, "exists");
    assert_int_equal(driver->records_n, first + 32);

    /* A follower that starts from the snapshot has everything, in an order it can be rebuilt in. */
    const cv_log_snapshot_v1_t question = {.stream = CV_STR("scheduling.events")};
    driver_question(driver, CV_MSG_LOG_SNAPSHOT_V1, &question);
    const cv_log_page_v1_t *page =
        &driver_read(driver, (cv_str_t){driver->answer.ptr, driver->answer.len}, CV_MSG_LOG_PAGE_V1)->log_page_v1;
    assert_true(page->last);
    assert_int_equal(page->records.n, 51 + 15 + 23 + 6 + 32);
    json_decref(plan);
    driver_free(&driver);
}

static void test_exercise(void **state)
{
    (void)state;
    json_t *plan = load("cica-plan.json"), *exercise = load("exercise.json"), *object, *step;
    const json_t *clock = json_object_get(exercise, "clock");
    driver_t *driver = driver_new(json_string_value(json_object_get(clock, "text")));
    assert_int_equal(driver->now_ms, json_integer_value(json_object_get(clock, "ms")));
    size_t i, j;
    for (i = 0; i < sizeof FACTS / sizeof *FACTS; ++i)
        send_all(driver, FACTS[i].type, json_object_get(plan, FACTS[i].list), "stored");
    send_all(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, json_object_get(plan, "events"), "proposed");
    send_all(driver, CV_MSG_SCHEDULING_VENUE_PUT_V1, json_object_get(exercise, "venues"), "stored");
    send_all(driver, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, json_object_get(exercise, "events"), "proposed");
    json_array_foreach(json_object_get(exercise, "advances"), i, object)
    {
        json_array_foreach(json_object_get(object, "to"), j, step)
        {
            json_t *request = json_pack("{s:O, s:O, s:O}", "event", json_object_get(object, "event"), "to", step,
                                        "decision", json_object_get(object, "decision"));
            EXPECT_OK(send_json(driver, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, request), "advanced");
            json_decref(request);
        }
    }
    send_all(driver, CV_MSG_SCHEDULING_EVENT_REGISTRATION_V1, json_object_get(exercise, "registrations"), "configured");
    driver_turn(driver);
    json_array_foreach(json_object_get(exercise, "registrations"), i, object)
    {
        const char *event = json_string_value(json_object_get(object, "event"));
        bool over = !strcmp(event, "2025-SWG-1") || !strcmp(event, "2025-SOC-1");
        assert_int_equal(driver_state(driver, event)->status, over ? CV_EVENT_STATUS_CLOSED : CV_EVENT_STATUS_OPEN);
    }
    json_array_foreach(json_object_get(exercise, "later"), i, object)
    {
        const cv_msg_info_t *info = cv_msg_info(cv_str(json_string_value(json_object_get(object, "type"))));
        assert_non_null(info);
        assert_int_equal(send_json(driver, info->number, json_object_get(object, "data"))->cls, CV_OUTCOME_CLASS_OK);
    }
    assert_int_equal(driver_state(driver, "SAMPLE-MOVE")->event_details.format, CV_EVENT_FORMAT_ONLINE);
    assert_int_equal(driver_state(driver, "SAMPLE-CANCEL")->status, CV_EVENT_STATUS_CANCELLED);
    json_decref(plan);
    json_decref(exercise);
    driver_free(&driver);
}

/* Recipients and roster are other services' requests: here only that they say what the README promises. */
static void test_roster(void **state)
{
    (void)state;
    json_t *exercise = load("exercise.json"), *line;
    size_t i, registrations = 0, declined = 0, withdrawn = 0, late = 0, duplicates = 0;
    uint8_t id[CV_UUID_LEN];
    json_array_foreach(json_object_get(exercise, "roster"), i, line)
    {
        const char *what = json_string_value(json_object_get(line, "do")),
                   *note = json_string_value(json_object_get(line, "note"));
        int64_t persons = json_integer_value(json_object_get(line, "persons"));
        assert_int_equal(cv_uuid_parse(cv_str(json_string_value(json_object_get(line, "id"))), id), CV_OK);
        assert_true(json_is_string(json_object_get(line, "event")) && json_is_string(json_object_get(line, "party")));
        registrations += !strcmp(what, "register");
        declined += !strcmp(what, "decline");
        withdrawn += !strcmp(what, "withdraw");
        assert_int_equal(!strcmp(what, "register"), persons >= 1 && persons <= 64);
        assert_true(json_integer_value(json_object_get(line, "online")) < (persons ? persons : 1));
        late += note && !strncmp(note, "late", 4);
        duplicates += note && !strncmp(note, "duplicate", 9);
    }
    assert_true(registrations > 200 && declined > 15 && withdrawn >= 12 && late >= 10 && duplicates >= 5);
    json_array_foreach(json_object_get(exercise, "recipients"), i, line)
    {
        const char *email = json_string_value(json_object_get(line, "email"));
        assert_non_null(strstr(email, "@example.org"));
        assert_non_null(strstr(json_string_value(json_object_get(line, "name")), "sample)"));
    }
    assert_int_equal(i, 2 * 51);
    json_decref(exercise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_exercise),
        cmocka_unit_test(test_roster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
