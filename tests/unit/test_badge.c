/* test_badge: tokens: signed, spelled one way, and nothing but the whole of it verifies.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/badge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const int64_t FROM = 1767225600000, UNTIL = 1767312000000;
static const uint8_t SEED[CV_BADGE_SEED] = {1, 2, 3}, OTHER[CV_BADGE_SEED] = {4, 5, 6};

static cv_badge_key_t key_of(const uint8_t *seed)
{
    cv_badge_key_t key = {0};
    cv_badge_public(seed, key.public_key);
    key.id = cv_badge_key_id(key.public_key);
    return key;
}

static cv_badge_t badge_of(const char *event)
{
    cv_badge_t badge = {.badge = 0x123456789ABC, .from_ms = FROM, .until_ms = UNTIL};
    cv_badge_event(cv_str(event), badge.event);
    return badge;
}

static cv_badge_fault_t verify(const char *text, const cv_badge_key_t *keys, size_t n, const char *event, int64_t now)
{
    uint8_t hash[8];
    cv_badge_t badge;
    cv_badge_event(cv_str(event), hash);
    return cv_badge_verify(cv_str(text), keys, n, hash, now, &badge);
}

static void test_round(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 1], again[CV_BADGE_TEXT + 1];
    cv_badge_t badge = badge_of("E1"), back;
    const cv_badge_key_t key = key_of(SEED);
    uint8_t event[8];

    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    assert_int_equal(cv_badge_sign(&badge, SEED, again), CV_OK);
    assert_string_equal(text, again); /* nothing is drawn */
    assert_int_equal(strlen(text), CV_BADGE_TEXT);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), CV_BADGE_TEXT);
    cv_badge_event(CV_STR("E1"), event);
    assert_int_equal(cv_badge_verify(cv_str(text), &key, 1, event, FROM, &back), CV_BADGE_GOOD);
    assert_int_equal(back.badge, badge.badge);
    assert_int_equal(back.from_ms, FROM);
    assert_int_equal(back.until_ms, UNTIL);
    assert_int_equal(back.key, key.id);
    for (size_t i = 0; i < CV_BADGE_TEXT; i++)
        if (text[i] >= 'A')
            again[i] = (char)(text[i] + 32); /* small letters are the same token */
    assert_int_equal(verify(again, &key, 1, "E1", FROM), CV_BADGE_GOOD);
}

/* The octets as convene/badge.h draws them: what other verifiers are written from. */
static void test_layout(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 1];
    cv_badge_t badge = badge_of("E1"), back;
    uint8_t octets[CV_BADGE_LEN];
    const cv_badge_key_t key = key_of(SEED);
    const uint8_t numbers[] = {0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0, 0x69, 0x55, 0xB9, 0, 0, 0x69, 0x57, 0x0A, 0x80};

    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    assert_int_equal(cv_badge_parse(cv_str(text), octets, &back), CV_OK);
    assert_int_equal(octets[0], 1);
    assert_int_equal((uint32_t)octets[1] << 24 | (uint32_t)octets[2] << 16 | (uint32_t)octets[3] << 8 | octets[4],
                     key.id);
    assert_memory_equal(octets + 5, badge.event, 8);
    assert_memory_equal(octets + 13, numbers, sizeof numbers);
}

static void set_bit(char *text, size_t bit)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char *at = &text[bit / 5];
    *at = alphabet[(size_t)(strchr(alphabet, *at) - alphabet) ^ (16U >> bit % 5)];
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 1];
    const cv_badge_t badge = badge_of("E1");
    const cv_badge_key_t key = key_of(SEED);
    size_t malformed = 0, unknown = 0, forged = 0;

    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    for (size_t bit = 0; bit < CV_BADGE_TEXT * 5; bit++) {
        set_bit(text, bit);
        switch ((int)verify(text, &key, 1, "E1", FROM)) {
        case CV_BADGE_MALFORMED:
            malformed++;
            break;
        case CV_BADGE_UNKNOWN_KEY:
            unknown++;
            break;
        case CV_BADGE_FORGED:
            forged++;
            break;
        default:
            fail_msg("bit %zu changed, and: %s", bit, cv_badge_fault_word(verify(text, &key, 1, "E1", FROM)));
        }
        set_bit(text, bit);
    }
    assert_int_equal(malformed, 8 + 1); /* the version, and the bit that must be 0 */
    assert_int_equal(unknown, 32);
    assert_int_equal(forged, CV_BADGE_LEN * 8 - 8 - 32);
    assert_int_equal(verify(text, &key, 1, "E1", FROM), CV_BADGE_GOOD);
}

static void test_not_a_token(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 2];
    const cv_badge_t badge = badge_of("E1");
    const cv_badge_key_t key = key_of(SEED);
    cv_badge_t back;

    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    assert_int_equal(verify("", &key, 1, "E1", FROM), CV_BADGE_MALFORMED);
    assert_int_equal(verify("https://example.org/", &key, 1, "E1", FROM), CV_BADGE_MALFORMED);
    assert_int_equal(cv_badge_verify(CV_STR_NONE, &key, 1, badge.event, FROM, &back), CV_BADGE_MALFORMED);
    text[CV_BADGE_TEXT - 1] = '\0';
    assert_int_equal(verify(text, &key, 1, "E1", FROM), CV_BADGE_MALFORMED);
    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    text[70] = '1'; /* no letter of the alphabet */
    assert_int_equal(verify(text, &key, 1, "E1", FROM), CV_BADGE_MALFORMED);
    text[CV_BADGE_TEXT] = 'A';
    text[CV_BADGE_TEXT + 1] = '\0';
    assert_int_equal(verify(text, &key, 1, "E1", FROM), CV_BADGE_MALFORMED);
}

static void test_times_and_event(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 1];
    const cv_badge_t badge = badge_of("E1");
    const cv_badge_key_t key = key_of(SEED);

    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    assert_int_equal(verify(text, &key, 1, "E1", FROM - 1), CV_BADGE_NOT_YET);
    assert_int_equal(verify(text, &key, 1, "E1", FROM), CV_BADGE_GOOD);
    assert_int_equal(verify(text, &key, 1, "E1", UNTIL - 1), CV_BADGE_GOOD);
    assert_int_equal(verify(text, &key, 1, "E1", UNTIL), CV_BADGE_EXPIRED);
    assert_int_equal(verify(text, &key, 1, "E2", FROM), CV_BADGE_OTHER_EVENT);
    assert_int_equal(verify(text, &key, 1, "E2", UNTIL), CV_BADGE_OTHER_EVENT);
}

static void test_keys(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 1];
    const cv_badge_t badge = badge_of("E1");
    cv_badge_key_t keys[2] = {key_of(OTHER), key_of(SEED)};

    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    assert_int_equal(verify(text, keys, 0, "E1", FROM), CV_BADGE_UNKNOWN_KEY);
    assert_int_equal(verify(text, keys, 1, "E1", FROM), CV_BADGE_UNKNOWN_KEY);
    assert_int_equal(verify(text, keys, 2, "E1", FROM), CV_BADGE_GOOD);
    keys[1].until_ms = FROM + 10; /* rotated: good until its end */
    assert_int_equal(verify(text, keys, 2, "E1", FROM + 9), CV_BADGE_GOOD);
    assert_int_equal(verify(text, keys, 2, "E1", FROM + 10), CV_BADGE_KEY_EXPIRED);
    keys[1].is_revoked = true;
    assert_int_equal(verify(text, keys, 2, "E1", FROM), CV_BADGE_KEY_REVOKED);
    keys[0].id = keys[1].id; /* another key under the id: tried, and it is not the one */
    assert_int_equal(verify(text, keys, 1, "E1", FROM), CV_BADGE_FORGED);
    assert_int_equal(verify(text, keys, 2, "E1", FROM), CV_BADGE_KEY_REVOKED);
}

static void test_limits(void **state)
{
    (void)state;
    char text[CV_BADGE_TEXT + 1] = "untouched";
    cv_badge_t badge = badge_of("E1");

    badge.badge = 0;
    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_EINVAL);
    badge.badge = CV_BADGE_ID_MAX + 1;
    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_EINVAL);
    badge.badge = CV_BADGE_ID_MAX;
    badge.from_ms = -1;
    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_EINVAL);
    assert_string_equal(text, "untouched");
    badge.from_ms = 0;
    badge.until_ms = 253402300799999; /* the last instant of the wire */
    assert_int_equal(cv_badge_sign(&badge, SEED, text), CV_OK);
    for (int fault = CV_BADGE_GOOD; fault <= CV_BADGE_EXPIRED; fault++)
        assert_true(strlen(cv_badge_fault_text((cv_badge_fault_t)fault)) > 10);
    assert_string_equal(cv_badge_fault_word((cv_badge_fault_t)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_not_a_token),
        cmocka_unit_test(test_times_and_event),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
