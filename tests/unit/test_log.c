/* test_log: one event is one line of JSON, whatever a peer put into its values.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

typedef struct {
    char line[CV_LOG_LINE_MAX + 1];
    unsigned lines;
} sink_t;

static void s_sink(void *arg, const char *line, size_t len)
{
    sink_t *sink = arg;
    assert_true(len < CV_LOG_LINE_MAX);
    memcpy(sink->line, line, len);
    sink->line[len] = '\0';
    sink->lines++;
}

static sink_t s_got;

static int s_setup(void **state)
{
    (void)state;
    s_got = (sink_t){.lines = 0};
    cv_log_start("registration", CV_LOG_INFO);
    cv_log_redirect(s_sink, &s_got);
    return 0;
}

static int s_teardown(void **state)
{
    (void)state;
    cv_log_redirect(NULL, NULL);
    return 0;
}

/* The last line as a JSON object; fails the test if it is none. */
static json_t *s_json(void)
{
    assert_null(strchr(s_got.line, '\n'));
    json_error_t error;
    json_t *object = json_loads(s_got.line, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        fail_msg("%s in %s", error.text, s_got.line);
    return object;
}

static const char *s_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void test_one_event(void **state)
{
    (void)state;
    cv_log(CV_LOG_INFO, "batch", cv_kv_int("records", -5), cv_kv_text("stream", "registration.events"),
           cv_kv_bool("idle", true), cv_kv_rc(CV_EIO), cv_kv_str("none", CV_STR_NONE));
    assert_int_equal(s_got.lines, 1);
    json_t *object = s_json();
    assert_int_equal(strlen(s_text(object, "ts")), 24);
    assert_string_equal(s_text(object, "level"), "info");
    assert_string_equal(s_text(object, "svc"), "registration");
    assert_string_equal(s_text(object, "event"), "batch");
    assert_int_equal(json_integer_value(json_object_get(object, "records")), -5);
    assert_string_equal(s_text(object, "stream"), "registration.events");
    assert_true(json_is_true(json_object_get(object, "idle")));
    assert_string_equal(s_text(object, "error"), "CV_EIO");
    assert_true(json_is_null(json_object_get(object, "none")));
    assert_memory_equal(s_got.line, "{\"ts\":\"", 7);
    json_decref(object);
    cv_log(CV_LOG_ERROR, "alone");
    assert_int_equal(s_got.lines, 2);
    json_decref(s_json());
}

static void test_levels(void **state)
{
    (void)state;
    cv_log(CV_LOG_DEBUG, "hidden");
    assert_int_equal(s_got.lines, 0);
    cv_log_level_set(CV_LOG_DEBUG);
    cv_log(CV_LOG_DEBUG, "shown");
    assert_int_equal(s_got.lines, 1);
    cv_log_level_set(CV_LOG_NONE);
    cv_log(CV_LOG_ERROR, "hidden");
    cv_log_write(CV_LOG_NONE, "hidden", NULL, 0);
    assert_int_equal(s_got.lines, 1);
    cv_log_level_t level = CV_LOG_WARN;
    assert_int_equal(cv_log_level_parse(CV_STR("error"), &level), CV_OK);
    assert_int_equal(level, CV_LOG_ERROR);
    assert_int_equal(cv_log_level_parse(CV_STR("loud"), &level), CV_EINVAL);
    assert_int_equal(level, CV_LOG_ERROR);
}

/* Every single octet, then every pair of a lead and a trail octet: the line stays one valid JSON object. */
static void test_hostile_values(void **state)
{
    (void)state;
    cv_log(CV_LOG_INFO, "x", cv_kv_text("v", "a\"b\\c\n{\"level\":\"error\"}\x01\x7f\xff"));
    json_t *object = s_json();
    assert_string_equal(s_text(object, "v"), "a\"b\\c\n{\"level\":\"error\"}\x01\x7f\xef\xbf\xbd");
    assert_string_equal(s_text(object, "level"), "info");
    json_decref(object);
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b += a < 0xc0 ? 255 : 1) {
            char value[3] = {(char)a, (char)b, 'z'};
            cv_log(CV_LOG_INFO, "x", cv_kv_str("v", (cv_str_t){value, 3}));
            json_error_t error;
            object = json_loads(s_got.line, JSON_ALLOW_NUL, &error);
            assert_non_null(object);
            json_decref(object);
        }
    }
    static const char *const strange[] = {"\xed\xa0\x80",     "\xf4\x90\x80\x80", "\xe0\x80\x80",
                                          "\xf0\x80\x80\x80", "\xc0\x80",         "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
        cv_log(CV_LOG_INFO, "x", cv_kv_text("v", strange[i]));
        json_decref(s_json());
    }
}

static void test_bounded(void **state)
{
    (void)state;
    char *value = malloc(100001);
    assert_non_null(value);
    for (size_t i = 0; i + 2 <= 100000; i += 2)
        memcpy(value + i, "\xc3\xa9", 2);
    value[100000] = '\0';
    cv_log(CV_LOG_INFO, "x", cv_kv_text("v", value));
    json_t *object = s_json();
    assert_int_equal(strlen(s_text(object, "v")), CV_LOG_VALUE_MAX + 3);
    json_decref(object);
    cv_log(CV_LOG_INFO, "x", cv_kv_text("v", value + 1)); /* cut inside a sequence */
    json_decref(s_json());

    memset(value, '\x02', 100000);
    cv_kv_t pairs[40];
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 8; i++)
        pairs[i] = cv_kv_text(keys[i], value);
    cv_log_write(CV_LOG_INFO, "x", pairs, 8);
    object = s_json();
    assert_true(json_is_true(json_object_get(object, "cut")));
    assert_non_null(json_object_get(object, "a"));
    assert_null(json_object_get(object, "h"));
    json_decref(object);
    free(value);
}

static void test_personal_data_is_withheld(void **state)
{
    (void)state;
    cv_log(CV_LOG_INFO, "x", cv_kv_text("email", "x"), cv_kv_text("to", "ivan@example.org"), cv_kv_int("phone", 5));
    json_t *object = s_json();
    assert_string_equal(s_text(object, "email"), "(withheld)");
    assert_string_equal(s_text(object, "to"), "(withheld)");
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_event, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_levels, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_hostile_values, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_bounded, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_personal_data_is_withheld, s_setup, s_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
