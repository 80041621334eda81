/* core_escalate: see core_escalate.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_escalate.h"

#include "notifications/store_arrival.h"
#include "notifications/store_prefer.h"

#include <sodium.h>
#include <stdio.h>

int64_t ntf_escalate_at(int64_t time_ms, int64_t deadline_ms, int64_t before_ms)
{
    int64_t half_ms = deadline_ms > time_ms ? (deadline_ms - time_ms) / 2 : 0;
    return deadline_ms - (before_ms < half_ms ? before_ms : half_ms);
}

int64_t ntf_escalate_ready(const ntf_began_t *began, int64_t deadline_ms, int64_t now_ms)
{
    int64_t half_ms = (deadline_ms - began->at_ms) / 2;
    int64_t most_ms = deadline_ms <= now_ms             ? NTF_LOOK_OVER_MAX_MS
                      : half_ms < NTF_LOOK_WAITS_MAX_MS ? half_ms
                                                        : NTF_LOOK_WAITS_MAX_MS;
    int64_t ready_ms = began->at_ms + most_ms, chance_ms = began->caught_up_ms + NTF_LOOK_START_MS;
    return began->caught_up_ms && chance_ms < ready_ms ? chance_ms : ready_ms;
}

int64_t ntf_escalate_asks(const ntf_began_t *began, int64_t now_ms)
{
    enum { SHARE = 8, LEAST_MS = 100 };
    int64_t since_ms = (now_ms - began->at_ms) / SHARE;
    return now_ms + (since_ms > LEAST_MS ? since_ms : LEAST_MS);
}

int64_t ntf_escalate_instead(int64_t made_ms, int64_t deadline_ms, int64_t now_ms)
{
    int64_t at_ms = made_ms + NTF_LOOK_CHANCE_MS, half_ms = (deadline_ms - now_ms) / 2;
    if (at_ms > now_ms + half_ms)
        at_ms = now_ms + half_ms;
    return at_ms > now_ms ? at_ms : now_ms;
}

bool ntf_escalate_waits(int64_t due_ms, int64_t deadline_ms, int64_t now_ms)
{
    int64_t most_ms = (deadline_ms - now_ms) / 8;
    return now_ms < deadline_ms && due_ms - now_ms <= (most_ms < NTF_LOOK_REMINDER_MS ? most_ms : NTF_LOOK_REMINDER_MS);
}

int ntf_id_because(const char *what, cv_str_t notice, cv_str_t party, char ret_id[NTF_ID_MAX + 1])
{
    enum { HASH_OCTETS = 16, HEX_OCTETS = 2 * HASH_OCTETS };
    char id[NTF_ID_MAX + 1], hex[HEX_OCTETS + 1];
    uint8_t hash[HASH_OCTETS];
    int len = snprintf(id, sizeof(id), "%s.%.*s", what, CV_STR_ARG(notice));
    if (len > NTF_ID_MAX) {
        crypto_generichash(hash, sizeof(hash), (const uint8_t *)notice.ptr, notice.len, NULL, 0);
        sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
        len = snprintf(id, sizeof(id), "%s.%s.%.*s", what, hex, CV_STR_ARG(party));
    }
    return len < 0 || len > NTF_ID_MAX ? CV_EINVAL : cv_str_copy(cv_str(id), ret_id, NTF_ID_MAX + 1);
}

ntf_offered_t ntf_offered(const cv_registration_promoted_v1_t *promoted)
{
    ntf_offered_t offered = {.n = 0};
    for (size_t i = 0; i < promoted->persons_n; i++) {
        if (promoted->persons[i].state == CV_PERSON_STATE_OFFERED &&
            offered.n < sizeof(offered.numbers) / sizeof(offered.numbers[0]))
            offered.numbers[offered.n++] = promoted->persons[i].number;
    }
    return offered;
}

void ntf_offered_after(ntf_offered_t *offered, const cv_person_place_t *persons, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < offered->n; k++) {
            if (offered->numbers[k] == persons[i].number && persons[i].state != CV_PERSON_STATE_OFFERED)
                offered->numbers[k--] = offered->numbers[--offered->n];
        }
    }
}

ntf_seen_t ntf_seen(int64_t arrival, int channel, int64_t digest)
{
    enum { OUTBOX = 1 };
    if (arrival == NTF_ARRIVAL_DEFERRED)
        return NTF_SEEN_LATER;
    bool is_dead = arrival > NTF_ARRIVAL_DELIVERED;
    bool is_left = arrival == NTF_ARRIVAL_DELIVERED || (arrival == NTF_ARRIVAL_WRITTEN && channel == OUTBOX);
    return is_left || (!is_dead && digest == NTF_LEFT_OUT) ? NTF_SEEN_YES : NTF_SEEN_NOT;
}

int ntf_why(int64_t arrival, int hold)
{
    if (arrival == NTF_ARRIVAL_FAILED || arrival > NTF_ARRIVAL_DELIVERED)
        return NTF_WHY_DEAD;
    if (arrival == NTF_ARRIVAL_WRITTEN)
        return NTF_WHY_NOT_TAKEN;
    return hold == NTF_HOLD_RECIPIENT ? NTF_WHY_NOBODY : NTF_WHY_WAITS;
}
