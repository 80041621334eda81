/* core_seats: see core_seats.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_seats.h"

#include "dashboard/core_view.h"

#include <stdio.h>
#include <string.h>

static bool s_invited(const json_t *rules, const json_t *party)
{
    const json_t *audience = json_object_get(rules, "audience");
    size_t n = json_array_size(audience);
    for (size_t i = 0; i < n; i++)
        if (strcmp(json_string_value(json_array_get(audience, i)), dash_str(party, "kind")) == 0)
            return true;
    return n == 0;
}

static int64_t s_guaranteed(const json_t *rules, const json_t *party, const char *code, int64_t now_ms)
{
    int64_t release_ms = dash_int(rules, "release_ms"), guaranteed = dash_int(rules, "guaranteed"),
            maximum = dash_int(rules, "maximum");
    const json_t *quotas = json_object_get(rules, "quotas");
    if (!s_invited(rules, party) || (release_ms && release_ms <= now_ms))
        return 0;
    for (size_t i = 0; i < json_array_size(quotas); i++) {
        const json_t *quota = json_array_get(quotas, i);
        if (strcmp(dash_str(quota, "party"), code) == 0) {
            guaranteed = dash_int(quota, "guaranteed");
            maximum = dash_int(quota, "maximum");
            break;
        }
    }
    return guaranteed < maximum ? guaranteed : maximum;
}

typedef struct {
    int64_t confirmed, waiting, online, pending, offered, held, registered, declined, invited, silent;
} s_sums_t;

static void s_add_party(s_sums_t *sums, const json_t *rules, const json_t *party, const char *code,
                        const json_t *answer, int64_t now_ms)
{
    int64_t has = dash_int(answer, "confirmed") + dash_int(answer, "offered");
    int64_t kept = s_guaranteed(rules, party, code, now_ms);
    const char *said = dash_str(answer, "answer");
    bool registered = strcmp(said, "registered") == 0, declined = strcmp(said, "declined") == 0;
    sums->held += has > kept ? has : kept;
    sums->confirmed += dash_int(answer, "confirmed");
    sums->offered += dash_int(answer, "offered");
    sums->waiting += dash_int(answer, "waiting");
    sums->online += dash_int(answer, "online");
    sums->pending += dash_int(answer, "pending");
    sums->registered += registered;
    sums->declined += declined;
    if (!s_invited(rules, party))
        return;
    sums->invited++;
    sums->silent += !*said || strcmp(said, "none") == 0;
}

json_t *dash_seats_of(const json_t *event, json_t *parties, json_t *answers, int64_t now_ms)
{
    const json_t *rules = json_object_get(event, "registration");
    const char *id = dash_str(event, "event"), *code;
    json_t *party;
    s_sums_t sums = {0};
    if (!rules)
        return NULL;
    json_object_foreach(parties, code, party)
    {
        char key[DASH_KEY_MAX];
        (void)snprintf(key, sizeof(key), "%s/%s", id, code);
        s_add_party(&sums, rules, party, code, json_object_get(answers, key), now_ms);
    }
    int64_t capacity = dash_int(rules, "capacity"), free = capacity - sums.held;
    json_t *seats = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "event", id, "status",
        dash_str(event, "status"), "capacity", (json_int_t)capacity, "confirmed", (json_int_t)sums.confirmed, "waiting",
        (json_int_t)sums.waiting, "online", (json_int_t)sums.online, "pending", (json_int_t)sums.pending, "offered",
        (json_int_t)sums.offered, "free", (json_int_t)(free > 0 ? free : 0), "guaranteed_held",
        (json_int_t)(sums.held - sums.confirmed - sums.offered), "registered", (json_int_t)sums.registered, "declined",
        (json_int_t)sums.declined, "invited", (json_int_t)sums.invited, "silent", (json_int_t)sums.silent, "version",
        (json_int_t)dash_int(event, "version"));
    static const char *const instants[] = {"opens_ms", "closes_ms", "confirm_closes_ms", "release_ms"};
    for (size_t i = 0; seats && i < sizeof(instants) / sizeof(instants[0]); i++)
        if (json_object_get(rules, instants[i]))
            json_object_set(seats, instants[i], json_object_get(rules, instants[i]));
    return seats;
}
