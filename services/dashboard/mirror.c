/* mirror: see mirror.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/mirror.h"

#include "dashboard/core_derive.h"
#include "dashboard/core_truth.h"
#include "dashboard/core_view.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOOT_LEN = 8 };

struct dash_mirror {
    json_t *kinds;            /* {kind: {key: value}} */
    json_t *marked;           /* {kind: {key: true}} */
    bool is_whole, is_proven; /* is_proven: `proof` is of what is here now */
    uint64_t version;
    char boot[2 * BOOT_LEN + 1];
    dash_text_t *snapshot;            /* of this version; NULL: not made */
    dash_text_t *ring[DASH_RING_MAX]; /* of version v at v % DASH_RING_MAX */
    uint64_t ring_first;              /* version of the oldest kept */
    size_t ring_bytes;
};

/* Kinds that /metrics, the pages and the proof use, and no stream carries. */
static const char *const s_unstreamed[] = {"counters", "delivery", "origin", "position"};
enum { UNSTREAMED_N = sizeof(s_unstreamed) / sizeof(s_unstreamed[0]) };

static bool s_is_streamed(const char *kind)
{
    for (size_t i = 0; i < UNSTREAMED_N; i++)
        if (strcmp(kind, s_unstreamed[i]) == 0)
            return false;
    return true;
}

/* Kinds that follow from others or come from other threads than the service's: no proof is about them. */
static const char *const s_of_others[] = {"service",   "counters", "delivery", "held",
                                          "attention", "progress", "now",      "proof"};

static bool s_is_of_others(const char *kind)
{
    for (size_t i = 0; i < sizeof(s_of_others) / sizeof(s_of_others[0]); i++)
        if (strcmp(kind, s_of_others[i]) == 0)
            return true;
    return false;
}

int dash_mirror_new(dash_mirror_t **ret_mirror)
{
    uint8_t boot[BOOT_LEN];
    dash_mirror_t *mirror = calloc(1, sizeof(*mirror));
    if (mirror) {
        mirror->kinds = json_object();
        mirror->marked = json_object();
    }
    if (!mirror || !mirror->kinds || !mirror->marked) {
        dash_mirror_destroy(&mirror);
        return CV_ENOMEM;
    }
    randombytes_buf(boot, sizeof(boot));
    sodium_bin2hex(mirror->boot, sizeof(mirror->boot), boot, sizeof(boot));
    mirror->ring_first = 1;
    *ret_mirror = mirror;
    return CV_OK;
}

void dash_mirror_destroy(dash_mirror_t **mirror)
{
    if (!*mirror)
        return;
    json_decref((*mirror)->kinds);
    json_decref((*mirror)->marked);
    dash_text_drop((*mirror)->snapshot);
    for (size_t i = 0; i < DASH_RING_MAX; i++)
        dash_text_drop((*mirror)->ring[i]);
    free(*mirror);
    *mirror = NULL;
}

static json_t *s_inner(json_t *outer, const char *name)
{
    json_t *inner = json_object_get(outer, name);
    if (!inner && json_object_set_new(outer, name, json_object()) == 0)
        inner = json_object_get(outer, name);
    return inner;
}

static int s_set(dash_mirror_t *mirror, const char *kind, const char *key, json_t *value)
{
    json_t *keys = s_inner(mirror->kinds, kind), *marks = s_inner(mirror->marked, kind);
    if (!keys || !marks) {
        json_decref(value);
        return CV_ENOMEM;
    }
    if (!value && !json_object_get(keys, key))
        return CV_OK; /* what was not there need not be told of */
    mirror->is_proven &= s_is_of_others(kind);
    /* First the mark: key may be that of the entity which goes. */
    if (s_is_streamed(kind) && json_object_set_new(marks, key, json_true())) {
        json_decref(value);
        return CV_ENOMEM;
    }
    if (value)
        return json_object_set_new(keys, key, value) ? CV_ENOMEM : CV_OK;
    json_object_del(keys, key);
    return CV_OK;
}

/* Before a whole view: marks everything that the service thread ever told. */
static int s_empty(dash_mirror_t *mirror)
{
    const char *kind, *key;
    json_t *keys, *value;
    void *next;
    int rc = CV_OK;
    json_object_foreach(mirror->kinds, kind, keys)
    {
        bool others = s_is_of_others(kind);
        json_object_foreach_safe(keys, next, key, value)
        {
            if (!others && !rc)
                rc = s_set(mirror, kind, key, NULL);
        }
    }
    return rc;
}

int dash_mirror_take(dash_mirror_t *mirror, const dash_batch_t *batch)
{
    int rc = dash_batch_is_whole(batch) ? s_empty(mirror) : CV_OK;
    mirror->is_whole |= dash_batch_is_whole(batch);
    for (size_t i = 0; !rc && i < dash_batch_n(batch); i++) {
        const char *kind, *key, *text;
        dash_batch_at(batch, i, &kind, &key, &text);
        json_t *value = text ? json_loads(text, 0, NULL) : NULL;
        rc = text && !value ? CV_ENOMEM : s_set(mirror, kind, key, value);
    }
    return rc;
}

bool dash_mirror_changed(const dash_mirror_t *mirror)
{
    const char *kind;
    json_t *keys;
    json_object_foreach(mirror->marked, kind, keys)
    {
        if (json_object_size(keys))
            return true;
    }
    return false;
}

bool dash_mirror_is_whole(const dash_mirror_t *mirror)
{
    return mirror->is_whole;
}

int dash_mirror_derive(dash_mirror_t *mirror, int64_t now_ms)
{
    json_t *derived = dash_derive(mirror->kinds, now_ms), *value;
    const char *name;
    int rc = derived ? CV_OK : CV_ENOMEM;
    json_object_foreach(derived, name, value)
    {
        if (!rc && !json_equal(value, json_object_get(json_object_get(mirror->kinds, name), "all")))
            rc = s_set(mirror, name, "all", json_incref(value));
    }
    json_decref(derived);
    return rc;
}

/* ---- the proof ---------------------------------------------------------------------------------- */

static json_t *s_positions(const dash_mirror_t *mirror)
{
    const json_t *origins = json_object_get(mirror->kinds, "origin");
    json_t *all = json_object(), *position;
    const char *stream;
    json_object_foreach(json_object_get(mirror->kinds, "position"), stream, position)
    {
        json_t *one = json_copy(position);
        bool snapshot = json_is_true(json_object_get(json_object_get(origins, stream), "snapshot"));
        if (!one || json_object_set_new(one, "snapshot", json_boolean(snapshot)) ||
            json_object_set_new(all, stream, one)) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

int dash_mirror_prove(dash_mirror_t *mirror, const json_t **ret_proof)
{
    char hex[DASH_TRUTH_HEX];
    *ret_proof = dash_mirror_get(mirror, "proof", "all");
    if (mirror->is_proven && *ret_proof)
        return CV_OK;
    json_t *truth = dash_truth_of(mirror->kinds, json_object_get(mirror->kinds, "origin"));
    int rc = truth ? dash_truth_hash(truth, hex) : CV_ENOMEM;
    json_decref(truth);
    json_t *positions = rc ? NULL : s_positions(mirror);
    json_t *proof = positions ? json_pack("{s:s, s:I, s:o}", "hash", hex, "settled_ms",
                                          (json_int_t)dash_int(dash_mirror_get(mirror, "tally", "settled"), "at"),
                                          "positions", positions)
                              : NULL;
    if (!rc)
        rc = proof ? s_set(mirror, "proof", "all", proof) : CV_ENOMEM;
    if (rc)
        return rc;
    mirror->is_proven = true;
    *ret_proof = dash_mirror_get(mirror, "proof", "all");
    return CV_OK;
}

/* ---- texts ------------------------------------------------------------------------------------ */

static dash_text_t *s_event(const dash_mirror_t *mirror, const char *event, json_t *data)
{
    cv_buf_t buf;
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    cv_buf_init(&buf, DASH_BODY_MAX);
    if (mirror)
        cv_buf_printf(&buf, "id: %s-%" PRIu64 "\n", mirror->boot, mirror->version);
    cv_buf_printf(&buf, "event: %s\ndata: ", event);
    if (text)
        cv_buf_put(&buf, text, strlen(text));
    cv_buf_put(&buf, "\n\n", 2);
    if (!text)
        buf.rc = CV_ENOMEM;
    free(text);
    json_decref(data);
    return dash_text_of(&buf);
}

dash_text_t *dash_mirror_beat(int64_t now_ms)
{
    return s_event(NULL, "beat", json_pack("{s:I}", "now", (json_int_t)now_ms));
}

static void s_forget_oldest(dash_mirror_t *mirror)
{
    dash_text_t **slot = &mirror->ring[mirror->ring_first % DASH_RING_MAX];
    mirror->ring_bytes -= *slot ? dash_text_bytes(*slot).len : 0;
    dash_text_drop(*slot);
    *slot = NULL;
    mirror->ring_first++;
}

static void s_keep(dash_mirror_t *mirror, dash_text_t *delta)
{
    while (mirror->version - mirror->ring_first >= DASH_RING_MAX)
        s_forget_oldest(mirror);
    mirror->ring[mirror->version % DASH_RING_MAX] = delta;
    mirror->ring_bytes += dash_text_bytes(delta).len;
    while (mirror->ring_bytes > DASH_RING_BYTES && mirror->ring_first < mirror->version)
        s_forget_oldest(mirror);
}

int dash_mirror_flush(dash_mirror_t *mirror, int64_t now_ms, dash_text_t **ret_delta)
{
    json_t *set = json_array(), *keys, *mark;
    const char *kind, *key;
    json_object_foreach(mirror->marked, kind, keys)
    {
        json_object_foreach(keys, key, mark)
        {
            json_t *value = json_object_get(json_object_get(mirror->kinds, kind), key);
            json_array_append_new(set, json_pack("[s, s, O]", kind, key, value ? value : json_null()));
        }
    }
    if (!json_array_size(set)) {
        json_decref(set);
        *ret_delta = NULL;
        return CV_OK;
    }
    mirror->version++;
    dash_text_t *delta = s_event(mirror, "delta", json_pack("{s:I, s:o}", "now", (json_int_t)now_ms, "set", set));
    if (!delta) {
        mirror->version--;
        return CV_ENOMEM;
    }
    json_object_clear(mirror->marked);
    dash_text_drop(mirror->snapshot);
    mirror->snapshot = NULL;
    s_keep(mirror, delta);
    *ret_delta = delta;
    return CV_OK;
}

int dash_mirror_snapshot(dash_mirror_t *mirror, int64_t now_ms, dash_text_t **ret_snapshot)
{
    if (!mirror->snapshot) {
        json_t *kinds = dash_mirror_public(mirror);
        mirror->snapshot = s_event(mirror, "snapshot",
                                   kinds ? json_pack("{s:I, s:o}", "now", (json_int_t)now_ms, "kinds", kinds) : NULL);
    }
    if (!mirror->snapshot)
        return CV_ENOMEM;
    *ret_snapshot = mirror->snapshot;
    return CV_OK;
}

bool dash_mirror_since(dash_mirror_t *mirror, cv_str_t event_id, void (*each)(void *arg, dash_text_t *delta), void *arg)
{
    size_t boot_len = strlen(mirror->boot);
    uint64_t version = 0;
    if (event_id.len <= boot_len + 1 || event_id.len > boot_len + 1 + 18 ||
        memcmp(event_id.ptr, mirror->boot, boot_len) != 0 || event_id.ptr[boot_len] != '-')
        return false;
    for (size_t i = boot_len + 1; i < event_id.len; i++) {
        if (event_id.ptr[i] < '0' || event_id.ptr[i] > '9')
            return false;
        version = version * 10 + (uint64_t)(event_id.ptr[i] - '0');
    }
    if (version > mirror->version || version + 1 < mirror->ring_first)
        return false;
    for (uint64_t v = version + 1; v <= mirror->version; v++)
        each(arg, mirror->ring[v % DASH_RING_MAX]);
    return true;
}

/* ---- looking ------------------------------------------------------------------------------------ */

const json_t *dash_mirror_kinds(const dash_mirror_t *mirror)
{
    return mirror->kinds;
}

json_t *dash_mirror_public(const dash_mirror_t *mirror)
{
    json_t *kinds = json_copy(mirror->kinds);
    for (size_t i = 0; kinds && i < UNSTREAMED_N; i++)
        json_object_del(kinds, s_unstreamed[i]);
    return kinds;
}

const json_t *dash_mirror_kind(const dash_mirror_t *mirror, const char *kind)
{
    return json_object_get(mirror->kinds, kind);
}

const json_t *dash_mirror_get(const dash_mirror_t *mirror, const char *kind, const char *key)
{
    return json_object_get(dash_mirror_kind(mirror, kind), key);
}

uint64_t dash_mirror_version(const dash_mirror_t *mirror)
{
    return mirror->version;
}

const char *dash_mirror_boot(const dash_mirror_t *mirror)
{
    return mirror->boot;
}
