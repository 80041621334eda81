/* test_dashboard_mirror: snapshots and deltas give the same view, whenever a browser comes and goes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    dash_mirror_t *mirror;
    assert_int_equal(dash_mirror_new(&mirror), CV_OK);
    *state = mirror;
    return 0;
}

static int teardown(void **state)
{
    dash_mirror_t *mirror = *state;
    dash_mirror_destroy(&mirror);
    return 0;
}

/* value < 0: gone. */
static void put(dash_mirror_t *mirror, bool whole, const char *kind, const char *key, int value)
{
    dash_batch_t *batch = dash_batch_new(whole);
    json_t *entity = value < 0 ? NULL : json_pack("{s:i}", "v", value);
    if (kind)
        assert_int_equal(dash_batch_add(batch, kind, key, entity), CV_OK);
    assert_int_equal(dash_mirror_take(mirror, batch), CV_OK);
    json_decref(entity);
    dash_batch_destroy(&batch);
}

static cv_str_t flush(dash_mirror_t *mirror)
{
    dash_text_t *delta;
    assert_int_equal(dash_mirror_flush(mirror, 1, &delta), CV_OK);
    return delta ? dash_text_bytes(delta) : CV_STR_NONE;
}

/* A browser: its entities, and the id of the last event. */
typedef struct {
    json_t *kinds;
    char last[64];
    int deltas, snapshots;
} browser_t;

static void hear(void *arg, dash_text_t *text)
{
    browser_t *browser = arg;
    cv_str_t bytes = dash_text_bytes(text);
    const char *data = strstr(bytes.ptr, "data: ") + 6, *end = strstr(data, "\n\n"), *key;
    bool snapshot = strstr(bytes.ptr, "event: snapshot") != NULL;
    assert_ptr_equal(end + 2, bytes.ptr + bytes.len); /* one event, its data on one line */
    assert_int_equal(sscanf(bytes.ptr, "id: %63s", browser->last), 1);
    json_t *json = json_loadb(data, (size_t)(end - data), 0, NULL), *one;
    assert_non_null(json);
    size_t i;
    browser->snapshots += snapshot;
    browser->deltas += !snapshot;
    if (snapshot) {
        json_decref(browser->kinds);
        browser->kinds = json_incref(json_object_get(json, "kinds"));
    }
    json_array_foreach(json_object_get(json, "set"), i, one)
    {
        const char *kind = json_string_value(json_array_get(one, 0));
        key = json_string_value(json_array_get(one, 1));
        if (!json_object_get(browser->kinds, kind))
            json_object_set_new(browser->kinds, kind, json_object());
        if (json_is_null(json_array_get(one, 2)))
            json_object_del(json_object_get(browser->kinds, kind), key);
        else
            json_object_set(json_object_get(browser->kinds, kind), key, json_array_get(one, 2));
    }
    json_decref(json);
}

/* As routes.c does when a stream is opened. */
static void come(browser_t *browser, dash_mirror_t *mirror)
{
    dash_text_t *snapshot;
    if (dash_mirror_since(mirror, cv_str(browser->last), hear, browser))
        return;
    assert_int_equal(dash_mirror_snapshot(mirror, 1, &snapshot), CV_OK);
    hear(browser, snapshot);
}

static void test_nothing_changed(void **state)
{
    dash_mirror_t *mirror = *state;
    assert_false(dash_mirror_is_whole(mirror));
    assert_null(flush(mirror).ptr);
    put(mirror, true, NULL, NULL, 0);
    assert_true(dash_mirror_is_whole(mirror));
    put(mirror, false, "event", "E", -1); /* gone before it was there */
    assert_false(dash_mirror_changed(mirror));
    assert_null(flush(mirror).ptr);
    put(mirror, false, "counters", "c", 1); /* never in a stream */
    assert_null(flush(mirror).ptr);
}

static void test_many_changes_are_one(void **state)
{
    dash_mirror_t *mirror = *state;
    for (int i = 0; i < 1000; i++)
        put(mirror, false, "seats", "E", i);
    cv_str_t delta = flush(mirror);
    assert_non_null(strstr(delta.ptr, "[\"seats\",\"E\",{\"v\":999}]"));
    assert_true(delta.len < 200);
    assert_int_equal(dash_mirror_version(mirror), 1);
}

static void test_browsers_that_come_and_go_see_the_same(void **state)
{
    dash_mirror_t *mirror = *state;
    browser_t browsers[4] = {{0}};
    unsigned seed = 1;
    put(mirror, true, "event", "E", 1);
    assert_non_null(flush(mirror).ptr);
    for (int step = 0; step < 4000; step++) {
        char key[16];
        seed = seed * 1103515245u + 12345u;
        (void)snprintf(key, sizeof(key), "k%u", (seed >> 16) % 40);
        put(mirror, false, (seed >> 8) % 2 ? "seats" : "answer", key, (seed >> 20) % 5 ? (int)(seed >> 16) : -1);
        if (step % 3 == 0)
            (void)flush(mirror);
        if (dash_mirror_changed(mirror))
            continue;
        for (size_t i = 0; i < 4; i++)
            if ((size_t)step % (7 * (i + 1) * (i + 1) * (i + 1)) == 0)
                come(&browsers[i], mirror);
    }
    (void)flush(mirror);
    for (size_t i = 0; i < 4; i++) {
        come(&browsers[i], mirror);
        const char *kind;
        json_t *keys;
        json_object_foreach((json_t *)dash_mirror_kinds(mirror), kind, keys)
        {
            assert_true(json_equal(keys, json_object_get(browsers[i].kinds, kind)));
        }
        assert_int_equal(browsers[i].snapshots, 1); /* nobody was away for longer than the ring */
        json_decref(browsers[i].kinds);
    }
}

static void test_who_was_away_too_long_gets_a_snapshot(void **state)
{
    dash_mirror_t *mirror = *state;
    browser_t browser = {0};
    put(mirror, true, "event", "E", 1);
    (void)flush(mirror);
    come(&browser, mirror);
    for (int i = 0; i < DASH_RING_MAX + 5; i++) {
        put(mirror, false, "seats", "E", i);
        (void)flush(mirror);
    }
    come(&browser, mirror);
    assert_int_equal(browser.snapshots, 2);
    put(mirror, false, "seats", "E", 1);
    (void)flush(mirror);
    come(&browser, mirror);
    assert_int_equal(browser.snapshots, 2);
    assert_int_equal(browser.deltas, 1);
    json_decref(browser.kinds);
}

static void refuse(void *arg, dash_text_t *delta)
{
    (void)arg;
    (void)delta;
    fail();
}

static void test_ids_that_are_none_of_ours(void **state)
{
    dash_mirror_t *mirror = *state;
    char id[128];
    put(mirror, true, "event", "E", 1);
    (void)flush(mirror);
    static const char *const ends[] = {"", "-", "-x", "-2", "-99999999999999999999", "-1x", "--1", "-+1", "- 1"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        (void)snprintf(id, sizeof(id), "%s%s", dash_mirror_boot(mirror), ends[i]);
        assert_false(dash_mirror_since(mirror, cv_str(id), refuse, NULL));
    }
    assert_false(dash_mirror_since(mirror, CV_STR("0000000000000000-1"), refuse, NULL));
    assert_false(dash_mirror_since(mirror, CV_STR(""), refuse, NULL));
    (void)snprintf(id, sizeof(id), "%s-1", dash_mirror_boot(mirror));
    assert_true(dash_mirror_since(mirror, cv_str(id), refuse, NULL)); /* up to date */
}

static void test_a_whole_view_takes_away_what_it_does_not_have(void **state)
{
    dash_mirror_t *mirror = *state;
    put(mirror, true, "event", "OLD", 1);
    put(mirror, false, "service", "registration", 1);
    (void)flush(mirror);
    put(mirror, true, "event", "NEW", 2);
    cv_str_t delta = flush(mirror);
    assert_non_null(strstr(delta.ptr, "[\"event\",\"OLD\",null]"));
    assert_null(dash_mirror_get(mirror, "event", "OLD"));
    assert_non_null(dash_mirror_get(mirror, "service", "registration")); /* not the view's */
}

static void test_a_full_link_takes_nothing(void **state)
{
    (void)state;
    dash_link_t *link;
    dash_batch_t *batch = NULL;
    assert_int_equal(dash_link_new(&link), CV_OK);
    assert_null(dash_link_take(link));
    int posted = 0, rc = CV_OK;
    for (; !rc && posted < 1000000; posted++) {
        batch = dash_batch_new(false);
        rc = dash_link_post(link, &batch);
    }
    assert_int_equal(rc, CV_EAGAIN);
    assert_non_null(batch); /* stays ours */
    dash_batch_t *taken = dash_link_take(link);
    assert_non_null(taken);
    dash_batch_destroy(&taken);
    dash_batch_destroy(&batch);
    dash_link_destroy(&link); /* with all that nobody took: the sanitizer says if not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_nothing_changed),
        TEST(test_many_changes_are_one),
        TEST(test_browsers_that_come_and_go_see_the_same),
        TEST(test_who_was_away_too_long_gets_a_snapshot),
        TEST(test_ids_that_are_none_of_ours),
        TEST(test_a_whole_view_takes_away_what_it_does_not_have),
        TEST(test_a_full_link_takes_nothing),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
