/* test_dashboard_pass: nobody gets in to the desk by a pass that was not made for them, or is over.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/core_pass.h"

#include <sodium.h>
#include <string.h>

#define NOW INT64_C(1772100000000)
#define HOUR INT64_C(3600000)

static const cv_seal_key_t s_key = {{1, 2, 3}}, s_other = {{1, 2, 4}};
static const uint8_t s_nonce[DASH_PASS_NONCE] = {9, 8, 7};

static int s_check(const char *text, int64_t now_ms, dash_pass_t *ret_pass)
{
    return dash_pass_check(&s_key, DASH_PASS_LINK, text, now_ms, ret_pass);
}

static void test_it_says_who_and_until_when(void **state)
{
    char text[DASH_PASS_TEXT];
    dash_pass_t pass;
    (void)state;
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "focal-kz", NOW, NOW + 8 * HOUR, s_nonce, text), CV_OK);
    assert_int_equal(s_check(text, NOW, &pass), CV_OK);
    assert_string_equal(pass.name, "focal-kz");
    assert_int_equal(pass.until_ms, NOW + 8 * HOUR);
    assert_int_equal(pass.made_ms, NOW);
    /* To the instant. */
    assert_int_equal(s_check(text, NOW + 8 * HOUR - 1, &pass), CV_OK);
    assert_int_equal(s_check(text, NOW + 8 * HOUR, &pass), CV_EEXPIRED);
    /* In a URL it needs no escapes. */
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(text));
}

static void test_each_bit_is_signed(void **state)
{
    char text[DASH_PASS_TEXT], forged[DASH_PASS_TEXT + 4];
    uint8_t octets[DASH_PASS_TEXT];
    size_t len;
    dash_pass_t pass;
    (void)state;
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "focal-kz", NOW, NOW + HOUR, s_nonce, text), CV_OK);
    assert_int_equal(sodium_base642bin(octets, sizeof(octets), text, strlen(text), NULL, &len, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        sodium_bin2base64(forged, sizeof(forged), octets, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        assert_int_equal(s_check(forged, NOW, &pass), CV_EDENIED);
        octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t cut = 0; cut < strlen(text); cut++) {
        memcpy(forged, text, cut);
        forged[cut] = '\0';
        assert_int_equal(s_check(forged, NOW, &pass), CV_EDENIED);
    }
    (void)snprintf(forged, sizeof(forged), "%s=", text);
    assert_int_equal(s_check(forged, NOW, &pass), CV_EDENIED);
    (void)snprintf(forged, sizeof(forged), "%sAA", text);
    assert_int_equal(s_check(forged, NOW, &pass), CV_EDENIED);
}

static void test_what_is_no_pass(void **state)
{
    static const char *const texts[] = {"", "x", "focal-kz", "AQAAAAA", "////", "%%%", "A A", "\xff\xff"};
    char longest[1025];
    dash_pass_t pass;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(s_check(texts[i], NOW, &pass), CV_EDENIED);
    memset(longest, 'A', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(s_check(longest, NOW, &pass), CV_EDENIED);
}

/* Another party's name under the same octets: what was signed is the name. */
static void test_another_name_is_another_pass(void **state)
{
    char kz[DASH_PASS_TEXT], az[DASH_PASS_TEXT], mixed[DASH_PASS_TEXT];
    uint8_t one[DASH_PASS_TEXT], other[DASH_PASS_TEXT];
    size_t len;
    dash_pass_t pass;
    (void)state;
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "focal-kz", NOW, NOW + HOUR, s_nonce, kz), CV_OK);
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "focal-az", NOW, NOW + HOUR, s_nonce, az), CV_OK);
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    assert_int_equal(sodium_base642bin(one, sizeof(one), kz, strlen(kz), NULL, &len, NULL, variant), 0);
    assert_int_equal(sodium_base642bin(other, sizeof(other), az, strlen(az), NULL, &len, NULL, variant), 0);
    memcpy(one + len - 32, other + len - 32, 32); /* the signature of the other */
    sodium_bin2base64(mixed, sizeof(mixed), one, len, variant);
    assert_int_equal(s_check(mixed, NOW, &pass), CV_EDENIED);
}

static void test_after_a_rotation_it_is_nothing(void **state)
{
    char text[DASH_PASS_TEXT];
    dash_pass_t pass;
    (void)state;
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "office", NOW, NOW + HOUR, s_nonce, text), CV_OK);
    assert_int_equal(dash_pass_check(&s_other, DASH_PASS_LINK, text, NOW, &pass), CV_EDENIED);
}

/* A life is bounded where it is checked, too: by a clock that was put back, or by whoever signs more than he should. */
static void test_no_life_is_longer_than_the_longest(void **state)
{
    char text[DASH_PASS_TEXT];
    dash_pass_t pass;
    int64_t most_ms = DASH_PASS_HOURS_MAX * HOUR;
    (void)state;
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "office", NOW, NOW + most_ms + 1000, s_nonce, text),
                     CV_EINVAL);
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, "office", NOW, NOW + most_ms, s_nonce, text), CV_OK);
    assert_int_equal(s_check(text, NOW, &pass), CV_OK);
    assert_int_equal(s_check(text, NOW - 1000, &pass), CV_EDENIED);
}

/* Who may look into the list of sessions is not signed in by that, and no link is an order. */
static void test_each_kind_is_for_one_thing(void **state)
{
    static const dash_pass_kind_t kinds[] = {DASH_PASS_LINK, DASH_PASS_LIST, DASH_PASS_END};
    char text[DASH_PASS_TEXT];
    dash_pass_t pass;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(dash_pass_make(&s_key, kinds[i], "office", NOW, NOW + 60000, s_nonce, text), CV_OK);
        for (size_t k = 0; k < 3; k++)
            assert_int_equal(dash_pass_check(&s_key, kinds[k], text, NOW, &pass), i == k ? CV_OK : CV_EDENIED);
    }
    /* An order is of now. */
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_END, "office", NOW, NOW + 61000, s_nonce, text), CV_EINVAL);
    assert_int_equal(dash_pass_make(&s_key, DASH_PASS_END, "office", NOW, NOW + 60000, s_nonce, text), CV_OK);
    assert_int_equal(dash_pass_check(&s_key, DASH_PASS_END, text, NOW + 60000, &pass), CV_EEXPIRED);
    /* The first kind there was: a pass that could be used more than once. */
    assert_int_equal(dash_pass_make(&s_key, (dash_pass_kind_t)1, "office", NOW, NOW + 60000, s_nonce, text), CV_OK);
    assert_int_equal(s_check(text, NOW, &pass), CV_EDENIED);
}

static void test_names_of_any_length(void **state)
{
    char name[CV_NAME_MAX + 2], text[DASH_PASS_TEXT];
    dash_pass_t pass;
    (void)state;
    for (size_t n = 0; n <= CV_NAME_MAX + 1; n++) {
        memset(name, 'a', n);
        name[n] = '\0';
        bool fits = n && n <= CV_NAME_MAX;
        assert_int_equal(dash_pass_make(&s_key, DASH_PASS_LINK, name, NOW, NOW + HOUR, s_nonce, text),
                         fits ? CV_OK : CV_EINVAL);
        if (!fits)
            continue;
        assert_int_equal(s_check(text, NOW, &pass), CV_OK);
        assert_string_equal(pass.name, name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_says_who_and_until_when),
        cmocka_unit_test(test_each_bit_is_signed),
        cmocka_unit_test(test_what_is_no_pass),
        cmocka_unit_test(test_another_name_is_another_pass),
        cmocka_unit_test(test_after_a_rotation_it_is_nothing),
        cmocka_unit_test(test_no_life_is_longer_than_the_longest),
        cmocka_unit_test(test_each_kind_is_for_one_thing),
        cmocka_unit_test(test_names_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
