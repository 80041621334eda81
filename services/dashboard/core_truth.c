/* core_truth: see core_truth.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_truth.h"

#include "dashboard/core_view.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* What depends on the way that the view came here. */
static const struct {
    const char *kind, *stream;
    const char *fields[4];
} s_of_the_way[] = {
    {"event", "scheduling.events", {"at", "history", "moved"}},
    {"session", "scheduling.events", {"at"}},
    {"answer", "registration.events", {"at"}},
    {"notice", "notifications.events", {"since", "was"}},
};
enum { WAYS_N = sizeof(s_of_the_way) / sizeof(s_of_the_way[0]) };

static bool s_from_snapshot(const json_t *origins, const char *stream)
{
    return json_is_true(json_object_get(json_object_get(origins, stream), "snapshot"));
}

static bool s_says_nothing(const json_t *answer)
{
    static const char *const counts[] = {"confirmed", "waiting", "online", "pending", "offered", "withdrawn"};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        if (dash_int(answer, counts[i]))
            return false;
    return !*dash_str(answer, "answer") || strcmp(dash_str(answer, "answer"), "none") == 0;
}

/* A copy without what depends on the way. */
static json_t *s_without_way(const char *kind, const json_t *all, size_t way)
{
    json_t *copy = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)all, key, value)
    {
        bool is_over = strcmp(kind, "session") == 0 && json_is_true(json_object_get(value, "cancelled"));
        if (is_over || (strcmp(kind, "answer") == 0 && s_says_nothing(value)))
            continue;
        json_t *bare = json_copy(value);
        for (size_t i = 0; bare && s_of_the_way[way].fields[i]; i++)
            json_object_del(bare, s_of_the_way[way].fields[i]);
        if (!bare || json_object_set_new(copy, key, bare)) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

static json_t *s_tally(const json_t *all, const json_t *origins)
{
    json_t *copy = json_object(), *written = json_object_get(all, "notices");
    if (copy && written && !s_from_snapshot(origins, "notifications.events") &&
        json_object_set(copy, "notices", written)) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static json_t *s_kind(const char *kind, json_t *all, const json_t *origins)
{
    if (strcmp(kind, "tally") == 0)
        return s_tally(all, origins);
    for (size_t i = 0; i < WAYS_N; i++)
        if (strcmp(kind, s_of_the_way[i].kind) == 0 && s_from_snapshot(origins, s_of_the_way[i].stream))
            return s_without_way(kind, all, i);
    return json_incref(all);
}

json_t *dash_truth_of(const json_t *kinds, const json_t *origins)
{
    json_t *truth = json_object();
    for (size_t i = 0; truth && dash_view_kinds[i]; i++) {
        json_t *all = json_object_get(kinds, dash_view_kinds[i]);
        if (!all || strcmp(dash_view_kinds[i], "feed") == 0)
            continue;
        json_t *one = s_kind(dash_view_kinds[i], all, origins);
        if (!one || json_object_set_new(truth, dash_view_kinds[i], one)) {
            json_decref(truth);
            return NULL;
        }
    }
    return truth;
}

/* ---- the hash ---------------------------------------------------------------------------------------- */

static int s_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int s_hash_kind(crypto_generichash_state *state, const char *kind, json_t *all)
{
    size_t n = 0, size = json_object_size(all);
    const char **keys = calloc(size + 1, sizeof(*keys)), *key;
    json_t *value;
    if (!keys)
        return CV_ENOMEM;
    json_object_foreach(all, key, value)
    {
        keys[n++] = key;
    }
    qsort((void *)keys, n, sizeof(*keys), s_compare);
    int rc = CV_OK;
    for (size_t i = 0; !rc && i < n; i++) {
        char *text = json_dumps(json_object_get(all, keys[i]), JSON_COMPACT | JSON_SORT_KEYS);
        rc = text ? CV_OK : CV_ENOMEM;
        crypto_generichash_update(state, (const unsigned char *)kind, strlen(kind) + 1);
        crypto_generichash_update(state, (const unsigned char *)keys[i], strlen(keys[i]) + 1);
        if (text)
            crypto_generichash_update(state, (const unsigned char *)text, strlen(text));
        crypto_generichash_update(state, (const unsigned char *)"\n", 1);
        free(text);
    }
    free((void *)keys);
    return rc;
}

int dash_truth_hash(const json_t *truth, char ret_hex[DASH_TRUTH_HEX])
{
    static const char head[] = "convene.dashboard.truth.2\n";
    crypto_generichash_state state;
    uint8_t hash[(DASH_TRUTH_HEX - 1) / 2];
    int rc = CV_OK;
    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, (const unsigned char *)head, strlen(head));
    for (size_t i = 0; !rc && dash_view_kinds[i]; i++) /* in the order of their octets */
        rc = s_hash_kind(&state, dash_view_kinds[i], json_object_get(truth, dash_view_kinds[i]));
    crypto_generichash_final(&state, hash, sizeof(hash));
    if (!rc)
        sodium_bin2hex(ret_hex, DASH_TRUTH_HEX, hash, sizeof(hash));
    return rc;
}
