/* test_scheduling_sample: the sample's facts and exercise, sent to the service as they are.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The point of the facts is that nothing is added to them: what the service says about an event is compared with the
 * file field by field, and a null must be absent.
 */
#include "scheduling/handlers.h"
#include "scheduling_sample.h"

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

/* Each field of the file in the message, no field of the message that is neither in the file nor follows from it. */
static void compare(const json_t *object, const msgpack_object *data, const char *event)
{
    const char *key;
    json_t *value, *item;
    size_t i;
    static const char *const ADDED[] = {"version", "status", "change", "calendar_sequence"};
    bool has_start =
        json_is_string(json_object_get(object, "time_start")) &&
        (json_is_string(json_object_get(object, "zone")) || json_is_string(json_object_get(object, "utc_offset")));
    size_t expected = sizeof ADDED / sizeof *ADDED + has_start; /* start_ms */
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
    json_t *plan = sample_load("cica-plan.json"), *event;
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
    json_t *plan = sample_load("cica-plan.json"), *exercise = sample_load("exercise.json"), *object, *step;
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
    json_t *exercise = sample_load("exercise.json"), *line;
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
