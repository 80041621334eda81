/* fuzz_badge: whatever a scanner reads, the verifier ends, and only what was signed is good.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The input is a text as it comes from a scanner. Its contents, if it is a token, are signed again with a key that the
 * verifier knows: that must be good, and must be the same text if and only if the input was.
 */
#include "convene/badge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void s_must(int condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t seed[CV_BADGE_SEED] = {1};
    const cv_str_t text = {(const char *)bytes, size};
    uint8_t octets[CV_BADGE_LEN];
    char again[CV_BADGE_TEXT + 1];
    cv_badge_t badge, back;
    cv_badge_key_t key = {0};

    cv_badge_public(seed, key.public_key);
    key.id = cv_badge_key_id(key.public_key);
    if (cv_badge_parse(text, octets, &badge) != CV_OK) {
        s_must(cv_badge_verify(text, &key, 1, octets, 0, &back) == CV_BADGE_MALFORMED);
        return 0;
    }
    s_must(size == CV_BADGE_TEXT);
    cv_badge_fault_t fault = cv_badge_verify(text, &key, 1, badge.event, badge.from_ms, &back);
    s_must(cv_badge_sign(&badge, seed, again) == CV_OK);
    cv_badge_fault_t resigned = cv_badge_verify(cv_str(again), &key, 1, badge.event, badge.from_ms, &back);
    s_must(resigned == (badge.from_ms < badge.until_ms ? CV_BADGE_GOOD : CV_BADGE_EXPIRED));
    s_must(back.badge == badge.badge && back.until_ms == badge.until_ms);
    s_must((fault == resigned) == (strncasecmp(again, text.ptr, CV_BADGE_TEXT) == 0));
    return 0;
}
