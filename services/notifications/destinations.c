/* destinations: whom an attempt may go to now, so that nothing that is dead or hangs takes the room of what lives; pure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/destinations.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY = 16, SETS = 1024, WAYS = 8, ROOM_UNPROVEN = NTF_ROOM_ALL / 4 * 3 };

typedef struct {
    int64_t dispatch, since_ms;
    ntf_standing_t standing;
} s_attempt_t;

/* With something on its way, or one that has failed lately, or that is paced. */
typedef struct {
    char name[NTF_HOST_MAX + 1];
    s_attempt_t on_way[NTF_ROOM_HOST];
    int on_way_n;
    ntf_breaker_t breaker;
    int64_t paced_ms, failing_paced_ms; /* not before, by its rate */
} s_host_t;

/* What is known of an address; by a hash of it, so that its secrets are not kept. */
typedef struct {
    uint8_t key[KEY];
    bool is_used, is_good;
    ntf_breaker_t breaker;
} s_address_t;

struct ntf_destinations {
    const ntf_ladder_t *ladder;
    int64_t mail_rate, webhook_rate;
    s_host_t hosts[NTF_HOSTS_MAX];
    size_t hosts_n;
    s_address_t addresses[SETS][WAYS];
    int webhooks_n, unproven_n; /* on their way; of these not of good standing */
};

int ntf_destinations_new(const ntf_ladder_t *ladder, int64_t mail_rate, int64_t webhook_rate,
                         ntf_destinations_t **ret_destinations)
{
    ntf_destinations_t *destinations = calloc(1, sizeof(*destinations));
    if (!destinations)
        return CV_ENOMEM;
    destinations->ladder = ladder;
    destinations->mail_rate = mail_rate;
    destinations->webhook_rate = webhook_rate;
    *ret_destinations = destinations;
    return CV_OK;
}

void ntf_destinations_free(ntf_destinations_t **destinations)
{
    free(*destinations);
    *destinations = NULL;
}

/* ---- what is known ------------------------------------------------------------------------ */

/* NULL: there are too many. */
static s_host_t *s_host(ntf_destinations_t *destinations, const char *name, int64_t now_ms)
{
    size_t free_at = NTF_HOSTS_MAX;
    for (size_t i = 0; i < destinations->hosts_n; i++) {
        s_host_t *host = &destinations->hosts[i];
        if (strcmp(host->name, name) == 0)
            return host;
        if (host->on_way_n == 0 && host->breaker.failures == 0 && host->paced_ms <= now_ms)
            free_at = i;
    }
    if (free_at == NTF_HOSTS_MAX && destinations->hosts_n < NTF_HOSTS_MAX)
        free_at = destinations->hosts_n++;
    if (free_at == NTF_HOSTS_MAX)
        return NULL;
    destinations->hosts[free_at] = (s_host_t){.on_way_n = 0};
    snprintf(destinations->hosts[free_at].name, sizeof(destinations->hosts[free_at].name), "%s", name);
    return &destinations->hosts[free_at];
}

static bool s_is_better_to_forget(const s_address_t *a, const s_address_t *b)
{
    if (a->is_used != b->is_used)
        return !a->is_used;
    return a->breaker.failures < b->breaker.failures;
}

/* With make: never NULL, for another one is forgotten where there is no room. */
static s_address_t *s_address(ntf_destinations_t *destinations, cv_str_t address, bool make)
{
    uint8_t key[KEY];
    crypto_generichash(key, sizeof(key), (const uint8_t *)address.ptr, address.len, NULL, 0);
    s_address_t *set = destinations->addresses[(key[0] | key[1] << 8) % SETS], *worst = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].is_used && memcmp(set[i].key, key, sizeof(key)) == 0)
            return &set[i];
        if (s_is_better_to_forget(&set[i], worst))
            worst = &set[i];
    }
    if (!make)
        return NULL;
    *worst = (s_address_t){.is_used = true};
    memcpy(worst->key, key, sizeof(key));
    return worst;
}

static ntf_standing_t s_standing(ntf_destinations_t *destinations, const ntf_target_t *target)
{
    const s_address_t *address = target->is_mail ? NULL : s_address(destinations, target->address, false);
    if (target->is_mail || (address && address->breaker.failures == 0 && address->is_good))
        return NTF_GOOD;
    return target->has_failed || (address && address->breaker.failures > 0) ? NTF_FAILING : NTF_UNKNOWN;
}

/* ---- asking ------------------------------------------------------------------------------- */

static void s_at_earliest(int64_t at_ms, int64_t *at)
{
    if (*at == 0 || at_ms < *at)
        *at = at_ms;
}

/* *ret_at_ms is 0, or when one that is prompt now will not be. */
static bool s_has_room(const ntf_destinations_t *destinations, const s_host_t *host, const ntf_target_t *target,
                       ntf_standing_t standing, int64_t now_ms, int64_t *ret_at_ms)
{
    int prompt = 0, prompt_unproven = 0, failing = 0;
    int64_t slow_ms = 0, unproven_slow_ms = 0;
    *ret_at_ms = 0;
    if (target->is_mail)
        return host->on_way_n < ntf_breaker_room(&host->breaker, NTF_ROOM_MAIL, now_ms);
    if (host->on_way_n >= ntf_breaker_room(&host->breaker, NTF_ROOM_HOST, now_ms) ||
        destinations->webhooks_n >= NTF_ROOM_ALL)
        return false;
    for (int i = 0; i < host->on_way_n; i++) {
        const s_attempt_t *attempt = &host->on_way[i];
        int64_t ends_ms = attempt->since_ms + NTF_PROMPT_MS;
        bool is_prompt = now_ms < ends_ms, is_unproven = attempt->standing != NTF_GOOD;
        failing += attempt->standing == NTF_FAILING;
        prompt += is_prompt;
        prompt_unproven += is_prompt && is_unproven;
        if (is_prompt)
            s_at_earliest(ends_ms, &slow_ms);
        if (is_prompt && is_unproven)
            s_at_earliest(ends_ms, &unproven_slow_ms);
    }
    if (standing != NTF_GOOD && (host->on_way_n >= NTF_ROOM_HOST - 1 || destinations->unproven_n >= ROOM_UNPROVEN))
        return false;
    if (standing == NTF_FAILING && failing >= NTF_ROOM_FAILING)
        return false;
    if (prompt >= NTF_ROOM_WEBHOOK)
        *ret_at_ms = slow_ms;
    else if (standing != NTF_GOOD && prompt_unproven >= NTF_ROOM_WEBHOOK - 1)
        *ret_at_ms = unproven_slow_ms;
    return *ret_at_ms == 0;
}

/* Takes no turn. One that is too far ahead, because the clock went back, is kept as it is corrected, or it would be so
 * each time that is asked. */
static bool s_may_pace(int64_t rate, int64_t now_ms, int64_t *paced_ms, int64_t *ret_at_ms)
{
    int64_t next_ms = *paced_ms;
    if (ntf_pace(rate, now_ms, &next_ms))
        return true;
    *ret_at_ms = *paced_ms = next_ms;
    return false;
}

/* Whether its rate lets one leave now. */
static bool s_in_pace(const ntf_destinations_t *destinations, s_host_t *host, const ntf_target_t *target,
                      ntf_standing_t standing, int64_t now_ms, int64_t *ret_at_ms)
{
    int64_t rate = target->is_mail ? destinations->mail_rate : destinations->webhook_rate;
    *ret_at_ms = 0;
    return s_may_pace(rate, now_ms, &host->paced_ms, ret_at_ms) &&
           (standing != NTF_FAILING || s_may_pace((rate + 1) / 2, now_ms, &host->failing_paced_ms, ret_at_ms));
}

ntf_leave_t ntf_destination_ask(ntf_destinations_t *destinations, const ntf_target_t *target, int64_t now_ms,
                                int64_t *ret_at_ms)
{
    s_host_t *host = s_host(destinations, target->host, now_ms);
    const s_address_t *address = target->is_mail ? NULL : s_address(destinations, target->address, false);
    *ret_at_ms = 0;
    if (!host)
        return NTF_WAIT;
    if (ntf_breaker_room(&host->breaker, 1, now_ms) == 0) {
        *ret_at_ms = host->breaker.until_ms;
        return NTF_LEFT;
    }
    if (address && ntf_breaker_room(&address->breaker, 1, now_ms) == 0) {
        *ret_at_ms = address->breaker.until_ms;
        return NTF_LEFT;
    }
    ntf_standing_t standing = s_standing(destinations, target);
    return s_has_room(destinations, host, target, standing, now_ms, ret_at_ms) &&
                   s_in_pace(destinations, host, target, standing, now_ms, ret_at_ms)
               ? NTF_GO
               : NTF_WAIT;
}

/* ---- on the way --------------------------------------------------------------------------- */

void ntf_destination_begin(ntf_destinations_t *destinations, const ntf_target_t *target, int64_t now_ms)
{
    s_host_t *host = s_host(destinations, target->host, now_ms);
    s_attempt_t attempt = {target->dispatch, now_ms, s_standing(destinations, target)};
    if (!host || host->on_way_n >= NTF_ROOM_HOST)
        return;
    int64_t rate = target->is_mail ? destinations->mail_rate : destinations->webhook_rate;
    (void)ntf_pace(rate, now_ms, &host->paced_ms);
    if (attempt.standing == NTF_FAILING)
        (void)ntf_pace((rate + 1) / 2, now_ms, &host->failing_paced_ms);
    host->on_way[host->on_way_n++] = attempt;
    destinations->webhooks_n += !target->is_mail;
    destinations->unproven_n += attempt.standing != NTF_GOOD;
}

static void s_remove(ntf_destinations_t *destinations, s_host_t *host, const ntf_target_t *target)
{
    for (int i = 0; host && i < host->on_way_n; i++) {
        if (host->on_way[i].dispatch != target->dispatch)
            continue;
        destinations->webhooks_n -= !target->is_mail;
        destinations->unproven_n -= host->on_way[i].standing != NTF_GOOD;
        host->on_way[i] = host->on_way[--host->on_way_n];
        return;
    }
}

void ntf_destination_abandon(ntf_destinations_t *destinations, const ntf_target_t *target)
{
    s_remove(destinations, s_host(destinations, target->host, 0), target);
}

static bool s_is_open(const ntf_breaker_t *breaker)
{
    return breaker->failures >= NTF_BREAK_AFTER;
}

ntf_breakers_t ntf_destination_end(ntf_destinations_t *destinations, const ntf_target_t *target, const ntf_end_t *end,
                                   int64_t now_ms)
{
    s_host_t *host = s_host(destinations, target->host, now_ms);
    ntf_breakers_t changed = {.host_opened = false};
    s_remove(destinations, host, target);
    if (host) {
        bool was_open = s_is_open(&host->breaker);
        ntf_breaker_note(&host->breaker, end, NTF_FAULT_HOST, destinations->ladder, now_ms);
        changed.host_opened = !was_open && s_is_open(&host->breaker);
        changed.host_closed = was_open && !s_is_open(&host->breaker);
    }
    if (target->is_mail || end->fault == NTF_FAULT_HOST)
        return changed;
    s_address_t *address = s_address(destinations, target->address, true);
    bool was_open = s_is_open(&address->breaker);
    ntf_breaker_note(&address->breaker, end, NTF_FAULT_ADDRESS, destinations->ladder, now_ms);
    address->is_good = end->fault == NTF_FAULT_NONE;
    changed.address_opened = !was_open && s_is_open(&address->breaker);
    changed.address_closed = was_open && !s_is_open(&address->breaker);
    return changed;
}

/* ---- all of them -------------------------------------------------------------------------- */

bool ntf_destinations_mail_has_room(ntf_destinations_t *destinations, int64_t now_ms)
{
    const s_host_t *smtp = s_host(destinations, "smtp", now_ms);
    return !smtp || (smtp->on_way_n < NTF_ROOM_MAIL && smtp->paced_ms <= now_ms);
}

int64_t ntf_destinations_left_alone(const ntf_destinations_t *destinations)
{
    int64_t n = 0;
    for (size_t i = 0; i < destinations->hosts_n; i++)
        n += s_is_open(&destinations->hosts[i].breaker);
    for (size_t i = 0; i < SETS; i++) {
        for (size_t k = 0; k < WAYS; k++)
            n += s_is_open(&destinations->addresses[i][k].breaker);
    }
    return n;
}

static void s_set_back(int64_t *at_ms, int64_t by_ms)
{
    if (*at_ms > 0)
        *at_ms -= by_ms;
}

void ntf_destinations_set_back(ntf_destinations_t *destinations, int64_t by_ms)
{
    for (size_t i = 0; i < destinations->hosts_n; i++) {
        s_host_t *host = &destinations->hosts[i];
        ntf_breaker_set_back(&host->breaker, by_ms);
        s_set_back(&host->paced_ms, by_ms);
        s_set_back(&host->failing_paced_ms, by_ms);
        for (int k = 0; k < host->on_way_n; k++)
            host->on_way[k].since_ms -= by_ms;
    }
    for (size_t i = 0; i < SETS; i++) {
        for (size_t k = 0; k < WAYS; k++)
            ntf_breaker_set_back(&destinations->addresses[i][k].breaker, by_ms);
    }
}
