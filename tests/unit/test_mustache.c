/* test_mustache: the engine against the cases of the public specification (mustache/README.md), its bounds, and
 * translated sections.
 * ctest-labels: notifications
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/content/mustache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OUT_MAX = 4096 };

static cv_str_t partial_of(void *self, cv_str_t name)
{
    char key[NTF_MUSTACHE_NAME_MAX + 1];
    assert_int_equal(cv_str_copy(name, key, sizeof(key)), CV_OK);
    return cv_str(json_string_value(json_object_get(self, key)));
}

static void run_case(const char *file, json_t *one)
{
    ntf_mustache_t options = {.self = json_object_get(one, "partials"), .partial = partial_of, .html = true};
    json_t *data = json_object_get(one, "data");
    const char *name = json_string_value(json_object_get(one, "name")), *why = "";
    const char *expected = json_string_value(json_object_get(one, "expected"));
    cv_buf_t out;
    cv_buf_init(&out, OUT_MAX);
    int rc = ntf_mustache(&options, cv_str(json_string_value(json_object_get(one, "template"))), data, &out, &why);
    if (rc)
        fail_msg("%s, %s: %s %s", file, name, cv_error_name(rc), why);
    if (!cv_str_equal(cv_buf_str(&out), cv_str(expected)) && !(out.len == 0 && expected[0] == '\0'))
        fail_msg("%s, %s:\n%.*s\nexpected:\n%s", file, name, CV_STR_ARG(cv_buf_str(&out)), expected);
    cv_buf_done(&out);
}

static void test_the_specification(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t n; /* none must get lost on the way */
    } files[] = {{"comments", 11}, {"delimiters", 14}, {"interpolation", 30}, {"inverted", 21}, {"partials", 10},
                 {"sections", 25}, {"own", 7}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[512];
        json_error_t error;
        (void)snprintf(path, sizeof(path), "%s/tests/unit/mustache/%s.json", CONVENE_SOURCE_DIR, files[i].name);
        json_t *cases = json_load_file(path, 0, &error);
        if (!cases)
            fail_msg("%s:%d: %s", path, error.line, error.text);
        assert_int_equal(json_array_size(cases), files[i].n);
        for (size_t k = 0; k < json_array_size(cases); k++)
            run_case(files[i].name, json_array_get(cases, k));
        json_decref(cases);
    }
}

/* ---- bounds ------------------------------------------------------------------------------- */

static int render(const ntf_mustache_t *options, const char *template, const char *json, size_t max, char ret[OUT_MAX],
                  const char **ret_why)
{
    json_t *data = json_loads(json, 0, NULL);
    assert_non_null(data);
    cv_buf_t out;
    cv_buf_init(&out, max);
    int rc = ntf_mustache(options, cv_str(template), data, &out, ret_why);
    assert_true(out.len <= max);
    if (rc == CV_OK)
        assert_int_equal(cv_str_copy(out.len ? cv_buf_str(&out) : CV_STR(""), ret, OUT_MAX), CV_OK);
    cv_buf_done(&out);
    json_decref(data);
    return rc;
}

static void test_what_is_no_template(void **state)
{
    (void)state;
    static const char *const bad[] = {"{{",
                                      "{{a",
                                      "{{{a}}",
                                      "{{#a}}",
                                      "{{#a}}{{/b}}",
                                      "{{/a}}",
                                      "{{#a}}{{^b}}{{/a}}{{/b}}",
                                      "{{}}",
                                      "{{#}}{{/}}",
                                      "{{a b}}",
                                      "{{=a=}}",
                                      "{{= a b c =}}",
                                      "{{= 123456789 b =}}",
                                      "{{#_:n}}no forms{{/_:n}}",
                                      "{{^a}}{{=<% %>=}}{{/a}}"};
    ntf_mustache_t options = {0};
    char out[OUT_MAX];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = NULL;
        if (render(&options, bad[i], "{}", OUT_MAX, out, &why) != CV_EMALFORMED || !why)
            fail_msg("%s: %s", bad[i], why);
    }
}

static cv_str_t partial_of_itself(void *self, cv_str_t name)
{
    (void)name;
    return cv_str(self);
}

static void test_bounds(void **state)
{
    (void)state;
    char out[OUT_MAX], deep[NTF_MUSTACHE_DEPTH * 12 + 1], many[OUT_MAX];
    /* Depth. */
    char *end = deep;
    for (int i = 0; i < NTF_MUSTACHE_DEPTH; i++)
        end = mempcpy(end, "{{#a}}", 6);
    for (int i = 0; i < NTF_MUSTACHE_DEPTH; i++)
        end = mempcpy(end, "{{/a}}", 6);
    *end = '\0';
    ntf_mustache_t options = {0};
    assert_int_equal(render(&options, deep, "{\"a\": {}}", OUT_MAX, out, NULL), CV_ELIMIT);
    assert_int_equal(render(&options, deep + 6, "{\"a\": {}}", OUT_MAX, out, NULL), CV_EMALFORMED); /* one less: read */
    assert_int_equal(render(&options, deep, "{}", OUT_MAX, out, NULL), CV_ELIMIT);
    static char itself[] = "x\n  {{>me}}\n";
    options = (ntf_mustache_t){.self = itself, .partial = partial_of_itself};
    assert_int_equal(render(&options, itself, "{}", 1 << 20, out, NULL), CV_ELIMIT);
    /* Work: a list in a list in a list ... that writes nothing. */
    (void)snprintf(many, sizeof(many), "{\"a\": [%s1]}", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,");
    options = (ntf_mustache_t){0};
    assert_int_equal(render(&options,
                            "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}",
                            many, OUT_MAX, out, NULL),
                     CV_ELIMIT);
    /* Output. */
    assert_int_equal(render(&options, "{{#a}}1234567890{{/a}}", many, 299, out, NULL), CV_ELIMIT);
    assert_int_equal(render(&options, "{{#a}}1234567890{{/a}}", many, 300, out, NULL), CV_OK);
    assert_int_equal(strlen(out), 300);
}

/* ---- translated sections ------------------------------------------------------------------ */

static cv_str_t translate(void *self, cv_str_t context, cv_str_t one, cv_str_t many, int64_t n)
{
    (void)self;
    if (cv_str_is(one, "Dear {{name}},"))
        return CV_STR("Cher & chère {{name}},");
    if (cv_str_is(context, "grounds") && cv_str_is(one, "Reason"))
        return CV_STR("Motif");
    if (many.ptr && cv_str_is(one, "{{n}} day") && cv_str_is(many, "{{n}} days"))
        return n > 1 ? CV_STR("{{n}} jours") : CV_STR("{{n}} jour");
    return CV_STR_NONE;
}

static void test_translated_sections(void **state)
{
    (void)state;
    char out[OUT_MAX];
    const char *text = "{{#_}}Dear {{name}},{{/_}} {{#_@grounds}}Reason{{/_@grounds}}/{{#_}}Reason{{/_}} {{#_:n}}{{n}} "
                       "day|{{n}} days{{/_:n}}";
    ntf_mustache_t options = {.translate = translate};
    assert_int_equal(render(&options, text, "{\"name\": \"A <b>\", \"n\": 2}", OUT_MAX, out, NULL), CV_OK);
    assert_string_equal(out, "Cher & chère A <b>, Motif/Reason 2 jours");
    options.html = true; /* a translation is no HTML, whatever stands in it */
    assert_int_equal(render(&options, text, "{\"name\": \"A <b>\", \"n\": 1}", OUT_MAX, out, NULL), CV_OK);
    assert_string_equal(out, "Cher &amp; chère A &lt;b&gt;, Motif/Reason 1 jour");
    options = (ntf_mustache_t){0}; /* without a translator as it stands */
    assert_int_equal(render(&options, text, "{\"name\": \"A\", \"n\": 1}", OUT_MAX, out, NULL), CV_OK);
    assert_string_equal(out, "Dear A, Reason/Reason 1 day");
    assert_int_equal(render(&options, "{{^n}}{{#_}}x{{/_}}{{/n}}!", "{\"n\": 1}", OUT_MAX, out, NULL), CV_OK);
    assert_string_equal(out, "!");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_specification),
        cmocka_unit_test(test_what_is_no_template),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_translated_sections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
