/* test_dashboard_target: which requests are answered at all, and what they ask for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/target.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

static const dash_header_t s_host = {"Host", "127.0.0.1:24180"};

static int check(const char *target, dash_target_t *ret_target)
{
    const char *why;
    int status = dash_target_check("GET", target, &s_host, 1, ret_target, &why);
    assert_true((status == 200) == (*why == '\0'));
    return status;
}

static void test_plain_targets(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path;
    } good[] = {{"/", "/"},
                {"/?", "/"},
                {"/event/2025-SOC-2", "/event/2025-SOC-2"},
                {"/event/a%20b", "/event/a b"},
                {"/a%2Fb", "/a/b"},
                {"/%E2%9C%93", "/\xe2\x9c\x93"},
                {"/a%2520", "/a%20"},
                {"/a...b/..c", "/a...b/..c"}};
    dash_target_t target;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(check(good[i].target, &target), 200);
        assert_string_equal(target.path, good[i].path);
    }
}

static void test_targets_that_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",     "x",       "*",       "http://host/", "/%00",        "/a%00.html", "/%",   "/%4",    "/%zz",
        "/..",  "/../x",   "/a/../b", "/a/..",        "/%2e%2e/x",   "/a/%2E%2E",  "/.",   "/a/./b", "//",
        "//x",  "/a//b",   "/a/",     "/a\\b",        "/a%5cb",      "/a%0d%0ab",  "/a b", "/\x7f",  "/\xc3\xa9",
        "/a#b", "/?a=%00", "/?%",     "/?a=%0a",      "/a%2f..%2fb", "/%2f"};
    dash_target_t target;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (check(bad[i], &target) != 400)
            fail_msg("\"%s\" is taken", bad[i]);
    char longer[DASH_TARGET_MAX + 2];
    memset(longer, 'a', sizeof(longer));
    longer[0] = '/';
    longer[DASH_TARGET_MAX] = '\0';
    assert_int_equal(check(longer, &target), 200);
    longer[DASH_TARGET_MAX] = 'a';
    longer[DASH_TARGET_MAX + 1] = '\0';
    assert_int_equal(check(longer, &target), 414);
    const char *why;
    assert_int_equal(dash_target_check("POST", "/", &s_host, 1, &target, &why), 405);
    assert_int_equal(dash_target_check("GET", NULL, &s_host, 1, &target, &why), 400);
}

static void test_parameters(void **state)
{
    (void)state;
    dash_target_t target;
    assert_int_equal(check("/?lang=ru&year=2026&q=a+b%26c&empty&=x", &target), 200);
    assert_string_equal(dash_target_parameter(&target, "lang"), "ru");
    assert_string_equal(dash_target_parameter(&target, "year"), "2026");
    assert_string_equal(dash_target_parameter(&target, "q"), "a b&c");
    assert_string_equal(dash_target_parameter(&target, "empty"), "");
    assert_string_equal(dash_target_parameter(&target, "other"), "");
    assert_int_equal(check("/?a&a&a&a&a&a&a&a&a&a&a&a", &target), 200);
    assert_int_equal(target.parameters_n, DASH_PARAMETERS_MAX);
    char all[DASH_TARGET_MAX + 1] = "/"; /* nothing but the shortest parameters */
    memset(all + 1, '&', DASH_TARGET_MAX - 1);
    all[1] = '?';
    assert_int_equal(check(all, &target), 200);
}

static int check_headers(const dash_header_t *headers, size_t n)
{
    dash_target_t target;
    const char *why;
    return dash_target_check("GET", "/", headers, n, &target, &why);
}

static void test_headers(void **state)
{
    (void)state;
    static const char *const hosts[] = {"localhost", "localhost:24180", "[::1]", "[::1]:80", "a.b-c_d.example:1"};
    static const char *const no_hosts[] = {"",   "a b",      "a/b", "a:",  "a:b",    ":80", "[::1",
                                           "[]", "a:123456", "a@b", "a,b", "[::1]x", "::1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_int_equal(check_headers(&(dash_header_t){"hOST", hosts[i]}, 1), 200);
    for (size_t i = 0; i < sizeof(no_hosts) / sizeof(no_hosts[0]); i++)
        if (check_headers(&(dash_header_t){"Host", no_hosts[i]}, 1) != (strcmp(no_hosts[i], "a:") == 0 ? 200 : 400))
            fail_msg("Host \"%s\"", no_hosts[i]);
    assert_int_equal(check_headers(NULL, 0), 400);
    assert_int_equal(check_headers((dash_header_t[]){s_host, s_host}, 2), 400);
    assert_int_equal(check_headers((dash_header_t[]){s_host, {"Content-Length", "0"}}, 2), 200);
    assert_int_equal(check_headers((dash_header_t[]){s_host, {"Content-Length", "0"}, {"content-length", "0"}}, 3),
                     400);
    assert_int_equal(check_headers((dash_header_t[]){s_host, {"Content-Length", "1"}}, 2), 400);
    assert_int_equal(check_headers((dash_header_t[]){s_host, {"Content-Length", "+0"}}, 2), 400);
    assert_int_equal(check_headers((dash_header_t[]){s_host, {"Transfer-Encoding", "chunked"}}, 2), 400);
    dash_header_t many[DASH_HEADERS_MAX + 1];
    for (size_t i = 0; i < DASH_HEADERS_MAX + 1; i++)
        many[i] = (dash_header_t){"X", "y"};
    many[0] = s_host;
    assert_int_equal(check_headers(many, DASH_HEADERS_MAX), 200);
    assert_int_equal(check_headers(many, DASH_HEADERS_MAX + 1), 400);
}

static void test_languages(void **state)
{
    (void)state;
    assert_int_equal(dash_language_of("", ""), DASH_EN);
    assert_int_equal(dash_language_of("ru", "en"), DASH_RU);
    assert_int_equal(dash_language_of("de", "ru"), DASH_RU);
    assert_int_equal(dash_language_of("", "ru-RU,ru;q=0.9,en;q=0.8"), DASH_RU);
    assert_int_equal(dash_language_of("", "de, en;q=0.5, ru;q=0.7"), DASH_RU);
    assert_int_equal(dash_language_of("", "ru;q=0"), DASH_EN);
    assert_int_equal(dash_language_of("", ",,;q=,q="), DASH_EN);
    for (int word = 0; word < DASH_WORDS; word++) { /* the same holes in every language */
        const char *en = dash_word(DASH_EN, (dash_word_t)word), *ru = dash_word(DASH_RU, (dash_word_t)word);
        assert_true(*en && *ru);
        for (const char *hole = strchr(en, '{'); hole; hole = strchr(hole + 1, '{')) {
            char name[32];
            (void)snprintf(name, sizeof(name), "%.*s", (int)(strchr(hole, '}') - hole + 1), hole);
            if (!strstr(ru, name))
                fail_msg("\"%s\" has no %s", ru, name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_targets), cmocka_unit_test(test_targets_that_are_refused),
        cmocka_unit_test(test_parameters),    cmocka_unit_test(test_headers),
        cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
