/* digest: several notices in one message: which are in it, and under which id; see prefer.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The id is made from the ids of what is in it: a digest of the same notices has the same id, of others another, also
 * after a restore that numbers anew.
 */
#include "convene/log.h"
#include "notifications/content/calendar.h"
#include "notifications/core.h"
#include "notifications/prefer.h"

#include <sodium.h>
#include <string.h>

enum { DIGESTS_MAX = 64, HASH_OCTETS = 16, HEX_OCTETS = 16 }; /* of the hash, half is kept */

/* The ids of these deliveries, as hexadecimal digits. */
static int s_hash(ntf_t *ntf, const int64_t *numbers, size_t n, char ret_hex[HEX_OCTETS + 1])
{
    uint8_t hash[HASH_OCTETS];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = 0; i < n; i++) {
        char notice[NTF_ID_MAX + 1];
        int rc = ntf_notice_at(ntf->prefers, numbers[i], notice);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_ECORRUPT : rc;
        crypto_generichash_update(&state, (const uint8_t *)notice, strlen(notice) + 1);
    }
    crypto_generichash_final(&state, hash, sizeof(hash));
    sodium_bin2hex(ret_hex, HEX_OCTETS + 1, hash, HEX_OCTETS / 2);
    return CV_OK;
}

/* One digest, of what was made first. */
static int s_make(ntf_t *ntf, const ntf_wait_t *lane, int64_t now_ms)
{
    int64_t numbers[NTF_DIGEST_MAX], digest = 0;
    size_t n = 0;
    char hex[HEX_OCTETS + 1];
    const char *period = lane->mode == NTF_MODE_WEEKLY ? "weekly" : "daily";
    int rc = ntf_digest_candidates(ntf->prefers, lane, numbers, &n);
    if (!rc)
        rc = s_hash(ntf, numbers, n, hex);
    if (rc)
        return rc;
    cv_str_t notice = cv_arena_printf(ntf->arena, "digest.%s.%.*s", hex, CV_STR_ARG(lane->party));
    cv_str_t cause = cv_arena_printf(ntf->arena, "digest/%s/%s", period, hex);
    if (!notice.ptr || !cause.ptr)
        return CV_ENOMEM;
    rc = ntf_store_delivery_add(ntf->store, &(ntf_delivery_t){.notice = notice,
                                                              .kind = NTF_EVENT_CHANGE, /* see store_remind.h */
                                                              .cause = cause,
                                                              .event = lane->about,
                                                              .party = lane->party,
                                                              .time_ms = now_ms,
                                                              .data = cv_str(period)});
    if (!rc)
        rc = ntf_delivery_mark(ntf->reminders, notice, NTF_DIGEST, NTF_CALENDAR_NONE, NTF_TO_NONE);
    if (!rc)
        rc = ntf_delivery_of(ntf->prefers, notice, &digest);
    for (size_t i = 0; !rc && i < n; i++)
        rc = ntf_digest_claim(ntf->prefers, digest, numbers[i]);
    if (!rc)
        cv_log(CV_LOG_INFO, "digest_made", cv_kv_str("notice", notice), cv_kv_str("party", lane->party),
               cv_kv_int("notices", (int64_t)n));
    return rc;
}

int ntf_digests(ntf_t *ntf, int64_t now_ms)
{
    int rc = CV_OK;
    for (int i = 0; !rc && i < DIGESTS_MAX; i++) { /* what is left then is due at the next lease */
        ntf_wait_t lane;
        rc = ntf_digest_lane(ntf->prefers, now_ms, ntf->arena, &lane);
        if (!rc)
            rc = s_make(ntf, &lane, now_ms);
    }
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}
