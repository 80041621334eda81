/* test_dashboard_proxy: nobody is who a header says but by the proxy's address and its secret together.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/core_proxy.h"

#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define NAME "X-Convene-Principal"

static const dash_header_t s_host = {"Host", "desk"}, s_name = {NAME, "focal-kz"},
                           s_secret = {DASH_PROXY_SECRET_HEADER, SECRET};

static int s_read(const char *header, const char *from, const char *secret, dash_proxy_t *ret_proxy)
{
    char why[256] = "";
    int rc = dash_proxy_read(header, from, secret, ret_proxy, why, sizeof(why));
    assert_int_equal(rc != CV_OK, why[0] != '\0');
    assert_null(secret && *secret ? strstr(why, secret) : NULL); /* no message holds it */
    return rc;
}

static dash_proxy_t s_on(const char *from)
{
    dash_proxy_t proxy;
    assert_int_equal(s_read(NAME, from, SECRET, &proxy), CV_OK);
    return proxy;
}

static int s_ask(const dash_proxy_t *proxy, const char *peer, const dash_header_t *headers, size_t n, char *ret_name)
{
    const char *why = "";
    int rc = dash_proxy_name(proxy, peer, headers, n, ret_name, &why);
    assert_int_equal(rc == CV_EDENIED, why[0] != '\0');
    return rc;
}

static void test_the_proxy_is_believed(void **state)
{
    const dash_header_t headers[] = {s_host, s_name, s_secret};
    char name[CV_NAME_MAX + 1];
    (void)state;
    dash_proxy_t proxy = s_on("127.0.0.1, ::1 2001:db8::7");
    static const char *const peers[] = {"127.0.0.1", "::1", "2001:db8::7", "2001:0db8:0::7", "::ffff:127.0.0.1"};
    for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
        name[0] = '\0';
        assert_int_equal(s_ask(&proxy, peers[i], headers, 3, name), CV_OK);
        assert_string_equal(name, "focal-kz");
    }
    /* A proxy that does not know who it is says nothing. */
    const dash_header_t unnamed[] = {s_host, s_secret};
    assert_int_equal(s_ask(&proxy, "127.0.0.1", unnamed, 2, name), CV_ENOTFOUND);
}

static void test_nobody_else_is(void **state)
{
    const dash_header_t wrong = {DASH_PROXY_SECRET_HEADER, "0123456789abcdef0123456789abcdeF"},
                        cut = {DASH_PROXY_SECRET_HEADER, "0123456789abcdef0123456789abcde"},
                        empty = {DASH_PROXY_SECRET_HEADER, ""}, other = {NAME, "office"},
                        odd = {"x-CONVENE-principal", "office"}, odd_secret = {"x-convene-PROXY-secret", SECRET};
    char name[CV_NAME_MAX + 1] = "untouched";
    (void)state;
    dash_proxy_t proxy = s_on("127.0.0.1");
    const struct {
        const char *peer;
        dash_header_t headers[4];
        size_t n;
    } all[] = {
        {"127.0.0.2", {s_name, s_secret}, 2}, /* from elsewhere, with all that is right */
        {"::1", {s_name, s_secret}, 2},
        {"", {s_name, s_secret}, 2},
        {"127.0.0.1x", {s_name, s_secret}, 2},
        {"fe80::1%eth0", {s_name, s_secret}, 2},
        {"127.0.0.2", {odd, odd_secret}, 2},
        {"127.0.0.2", {s_secret}, 1},
        {"127.0.0.2", {s_name}, 1},
        {"127.0.0.1", {s_name}, 1}, /* from the address, without the secret or with something like it */
        {"127.0.0.1", {odd}, 1},
        {"127.0.0.1", {s_name, wrong}, 2},
        {"127.0.0.1", {s_name, cut}, 2},
        {"127.0.0.1", {s_name, empty}, 2},
        {"127.0.0.1", {wrong}, 1},
        {"127.0.0.1", {s_name, s_secret, wrong}, 3}, /* twice, in either order and any case */
        {"127.0.0.1", {s_name, wrong, s_secret}, 3},
        {"127.0.0.1", {s_name, s_secret, odd_secret}, 3},
        {"127.0.0.1", {s_name, other, s_secret}, 3},
        {"127.0.0.1", {odd, s_name, s_secret}, 3},
        {"127.0.0.1", {s_name, s_name, s_secret}, 3},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (s_ask(&proxy, all[i].peer, all[i].headers, all[i].n, name) != CV_EDENIED)
            fail_msg("%zu", i);
    assert_string_equal(name, "untouched");
    /* Written with '_' it is another header: no name, and the secret alone names nobody. */
    const dash_header_t under[] = {{"X_Convene_Principal", "office"}, s_secret};
    assert_int_equal(s_ask(&proxy, "127.0.0.1", under, 2, name), CV_ENOTFOUND);
    assert_int_equal(s_ask(&proxy, "127.0.0.2", under, 1, name), CV_ENOTFOUND);
}

static void test_what_is_no_name(void **state)
{
    char longest[CV_NAME_MAX + 2];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    const char *const names[] = {"",         " ",        "office, kz", "office kz", "../office", "*", "office\r\nX: y",
                                 "off\tice", "\xc3\xa4", longest};
    char name[CV_NAME_MAX + 1];
    (void)state;
    dash_proxy_t proxy = s_on("127.0.0.1");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const dash_header_t headers[] = {{NAME, names[i]}, s_secret};
        assert_int_equal(s_ask(&proxy, "127.0.0.1", headers, 2, name), CV_EDENIED);
    }
    const dash_header_t headers[] = {{NAME, longest + 1}, s_secret};
    assert_int_equal(s_ask(&proxy, "127.0.0.1", headers, 2, name), CV_OK);
}

static void test_off_looks_at_nothing(void **state)
{
    const dash_header_t headers[] = {s_name, s_secret};
    char name[CV_NAME_MAX + 1];
    dash_proxy_t proxy;
    (void)state;
    assert_int_equal(s_read("none", "none", NULL, &proxy), CV_OK);
    assert_int_equal(s_ask(&proxy, "127.0.0.1", headers, 2, name), CV_ENOTFOUND);
}

static void test_settings(void **state)
{
    static const struct {
        const char *header, *from, *secret;
    } wrong[] = {
        {NAME, "none", NULL},
        {NAME, "127.0.0.1", NULL},
        {NAME, "none", SECRET},
        {"none", "127.0.0.1", NULL},
        {"none", "none", SECRET},
        {"Cookie", "127.0.0.1", SECRET},
        {"Host", "127.0.0.1", SECRET},
        {"X-", "127.0.0.1", SECRET},
        {"X-A_B", "127.0.0.1", SECRET},
        {"X-A B", "127.0.0.1", SECRET},
        {"X-Forwarded-Proto", "127.0.0.1", SECRET},
        {DASH_PROXY_SECRET_HEADER, "127.0.0.1", SECRET},
        {NAME, "localhost", SECRET},
        {NAME, "127.0.0.0/8", SECRET},
        {NAME, "127.0.0.1:80", SECRET},
        {NAME, "0.0.0.0.0", SECRET},
        {NAME, " , ", SECRET},
        {NAME, "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9", SECRET},
        {NAME, "127.0.0.1", ""},
        {NAME, "127.0.0.1", "short"},
        {NAME, "127.0.0.1", SECRET " " SECRET},
    };
    dash_proxy_t proxy;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (s_read(wrong[i].header, wrong[i].from, wrong[i].secret, &proxy) != CV_EINVAL)
            fail_msg("%zu", i);
    assert_int_equal(s_read("X-A", "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8", SECRET, &proxy), CV_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_proxy_is_believed),
        cmocka_unit_test(test_nobody_else_is),
        cmocka_unit_test(test_what_is_no_name),
        cmocka_unit_test(test_off_looks_at_nothing),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
