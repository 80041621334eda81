/* test_dashboard_plan: what the public sees of a plan that makes releases: nothing of a draft, everything that was confirmed,
 * and the same from a snapshot.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_plan.h"
#include "dashboard/core_view.h"

#include "dashboard_world.h"

#include <stdlib.h>

static void tell_as(world_t *world, uint16_t number, const char *event, int version, const char *status,
                    const char *date)
{
    assert_int_equal(tell(world, number,
                          "{'event': '%s', 'version': %d, 'status': '%s', 'change': 'changed', 'title': 'Of %s',"
                          " 'plan_year': 2026, 'line': 'cbm', 'date_start': '%s'}",
                          event, version, status, event, date),
                     CV_OK);
}

static void tell_one(world_t *world, const char *event, int version, const char *status, const char *date)
{
    tell_as(world, CV_MSG_SCHEDULING_EVENT_V1, event, version, status, date);
}

/* An older version, as a snapshot has it. */
static void tell_told(world_t *world, const char *event, int version, const char *status, const char *date)
{
    tell_as(world, CV_MSG_SCHEDULING_EVENT_TOLD_V1, event, version, status, date);
}

static void tell_session(world_t *world, const char *event, int version)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_SESSION_V1,
                          "{'event': '%s', 'session': 'S1', 'title': 'Talk %d', 'kind': 'parallel', 'minutes': 60,"
                          " 'version': %d, 'change': 'put', 'cancelled': false}",
                          event, version, version),
                     CV_OK);
}

static int64_t session_of(const world_t *world, const char *event)
{
    char key[16];
    snprintf(key, sizeof(key), "%s/S1", event);
    return dash_int(dash_view_get(world->view, "session", key), "version");
}

static void tell_release(world_t *world, int number, const char *items)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
                          "{'release': 'R%d', 'plan': '2026-cbm', 'number': %d, 'at_ms': %d, 'items': %s}", number,
                          number, number, items),
                     CV_OK);
}

/* 0: it is not public. */
static int64_t shown(const world_t *world, const char *event)
{
    return dash_int(dash_view_get(world->view, "event", event), "version");
}

static void expect_row(const world_t *world, size_t at, const char *event, const char *what, const char *field,
                       const char *before, const char *after)
{
    const json_t *row = json_array_get(json_object_get(dash_view_get(world->view, "changes", "2026-cbm"), "rows"), at);
    assert_non_null(row);
    assert_string_equal(dash_str(row, "event"), event);
    assert_string_equal(dash_str(row, "what"), what);
    assert_string_equal(dash_str(row, "field"), field);
    assert_string_equal(dash_str(row, "before"), before);
    assert_string_equal(dash_str(row, "after"), after);
}

static size_t rows_n(const world_t *world)
{
    return json_array_size(json_object_get(dash_view_get(world->view, "changes", "2026-cbm"), "rows"));
}

static const char s_first[] = "[{'item': 'A', 'version': 2}, {'item': 'B', 'version': 2}, {'item': 'C', 'version': 2}]";
static const char s_second[] =
    "[{'item': 'A', 'version': 3}, {'item': 'C', 'version': 4}, {'item': 'D', 'version': 1}]";

static void test_a_draft_is_nobodys(void **state)
{
    world_t *world = *state;
    tell_one(world, "A", 1, "proposed", "2026-05-01");
    tell_one(world, "X", 1, "proposed", "2026-09-01");
    assert_int_equal(shown(world, "A"), 1); /* no release yet: as it stands */
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_PLAN_V1,
                          "{'plan': '2026-cbm', 'version': 2, 'revision': 1, 'state': 'draft', 'step': 'compiled'}"),
                     CV_OK);
    assert_non_null(dash_view_get(world->view, "plan", "2026-cbm/2"));
    tell_one(world, "A", 2, "adopted", "2026-05-01");
    tell_one(world, "B", 2, "adopted", "2026-06-01");
    tell_one(world, "C", 2, "scheduled", "2026-07-01");
    tell_release(world, 1, s_first);
    assert_int_equal(shown(world, "A"), 2);
    assert_int_equal(shown(world, "X"), 0); /* only proposed: it was public, and is not in the release */
    assert_null(dash_view_get(world->view, "plan", "2026-cbm/2"));
    assert_null(dash_view_get(world->view, "changes", "2026-cbm"));
    size_t told = json_object_size(dash_view_kind(world->view, "feed"));
    dash_view_clean(world->view);
    /* A draft is edited, events come: nothing of it is told. */
    tell_one(world, "A", 3, "adopted", "2026-05-08");
    tell_one(world, "D", 1, "adopted", "2026-08-01");
    tell_one(world, "E", 1, "proposed", "2026-08-02");
    tell_one(world, "E", 2, "cancelled", "2026-08-02");
    const int64_t first[] = {2, 2, 2, 0, 0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(shown(world, (const char *[]){"A", "B", "C", "D", "E"}[i]), first[i]);
    assert_int_equal(json_object_size(dash_view_kind(world->view, "feed")), told);
    const char *kind;
    json_t *keys;
    json_object_foreach(dash_view_dirty(world->view), kind, keys)
    {
        assert_false(dash_view_is_public(kind) && json_object_size(keys));
    }
    /* What was confirmed moves at once, and what was announced and is off is off at once. */
    tell_one(world, "C", 3, "scheduled", "2026-07-08");
    tell_one(world, "C", 4, "open", "2026-07-08");
    tell_one(world, "B", 3, "cancelled", "2026-06-01");
    assert_int_equal(shown(world, "C"), 4);
    assert_int_equal(shown(world, "B"), 3);
    tell_release(world, 2, s_second);
    assert_int_equal(shown(world, "A"), 3);
    assert_string_equal(dash_str(dash_view_get(world->view, "event", "A"), "date_start"), "2026-05-08");
    assert_string_equal(dash_str(json_object_get(dash_view_get(world->view, "event", "A"), "moved"), "date_start"),
                        "2026-05-01"); /* where it was, as far as it was told */
    assert_int_equal(json_array_size(json_object_get(dash_view_get(world->view, "event", "A"), "history")), 3);
    assert_int_equal(shown(world, "D"), 1);
    assert_int_equal(shown(world, "B"), 3); /* a reader of a calendar has to be told */
    assert_int_equal(rows_n(world), 5);
    expect_row(world, 0, "A", "changed", "date_start", "2026-05-01", "2026-05-08");
    expect_row(world, 1, "C", "changed", "status", "scheduled", "open");
    expect_row(world, 2, "C", "changed", "date_start", "2026-07-01", "2026-07-08");
    expect_row(world, 3, "D", "added", "", "", "");
    expect_row(world, 4, "B", "removed", "", "", "");
    assert_false(dash_view_is_public("working"));
    assert_false(dash_view_is_public("plan_release"));
    assert_true(dash_view_is_public("changes"));
    assert_false(dash_view_is_public("another")); /* what nobody named is shown to nobody */
}

/* Sessions say what an event is called and when it is: those of a version that waits wait with it. */
static void test_sessions_wait_with_their_event(void **state)
{
    world_t *world = *state;
    tell_one(world, "A", 2, "adopted", "2026-05-01");
    tell_one(world, "X", 1, "proposed", "2026-09-01");
    tell_session(world, "A", 1);
    tell_session(world, "X", 1);
    assert_int_equal(session_of(world, "X"), 1);
    tell_release(world, 1, "[{'item': 'A', 'version': 2}]");
    assert_int_equal(session_of(world, "A"), 1);
    assert_int_equal(session_of(world, "X"), 0);
    tell_session(world, "A", 2); /* of the version that is public */
    assert_int_equal(session_of(world, "A"), 2);
    tell_one(world, "A", 3, "adopted", "2026-06-20");
    tell_session(world, "A", 3);
    tell_one(world, "D", 1, "adopted", "2026-08-01");
    tell_session(world, "D", 1);
    assert_int_equal(session_of(world, "A"), 2);
    assert_int_equal(session_of(world, "D"), 0);
    tell_one(world, "X", 2, "scheduled", "2026-09-01"); /* confirmed, so told at once with what belongs to it */
    assert_int_equal(session_of(world, "X"), 1);
    tell_release(world, 2, "[{'item': 'A', 'version': 3}, {'item': 'D', 'version': 1}]");
    assert_int_equal(session_of(world, "A"), 3);
    assert_int_equal(session_of(world, "D"), 1);
}

/* The same from a snapshot: releases, then older versions, then everything as it is. */
static void test_a_snapshot_says_the_same(void **state)
{
    world_t *world = *state;
    test_a_draft_is_nobodys(state);
    tell_one(world, "A", 4, "adopted", "2026-05-15"); /* after the second release */
    tell_one(world, "C", 5, "postponed", "2026-07-08");
    tell_one(world, "C", 6, "adopted", "2026-10-01"); /* convened anew; the day waits for a release */
    assert_int_equal(shown(world, "C"), 5);
    char *before = json_dumps(json_object_get(dash_view_get(world->view, "changes", "2026-cbm"), "rows"), JSON_COMPACT);
    assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
    assert_int_equal(shown(world, "A"), 0);
    world->in_snapshot = true;
    tell_release(world, 2, s_second);
    tell_release(world, 1, s_first);
    tell_told(world, "A", 2, "adopted", "2026-05-01");
    tell_told(world, "A", 3, "adopted", "2026-05-08");
    tell_told(world, "B", 2, "adopted", "2026-06-01");
    tell_told(world, "C", 2, "scheduled", "2026-07-01");
    tell_told(world, "C", 4, "open", "2026-07-08");
    tell_told(world, "C", 5, "postponed", "2026-07-08");
    tell_one(world, "A", 4, "adopted", "2026-05-15");
    tell_one(world, "C", 6, "adopted", "2026-10-01");
    tell_one(world, "D", 1, "adopted", "2026-08-01");
    tell_one(world, "E", 2, "cancelled", "2026-08-02");
    tell_one(world, "X", 1, "proposed", "2026-09-01");
    tell_one(world, "B", 3, "cancelled", "2026-06-01");
    const int64_t now[] = {3, 3, 5, 1, 0, 0};
    for (int i = 0; i < 6; i++)
        assert_int_equal(shown(world, (const char *[]){"A", "B", "C", "D", "E", "X"}[i]), now[i]);
    char *after = json_dumps(json_object_get(dash_view_get(world->view, "changes", "2026-cbm"), "rows"), JSON_COMPACT);
    assert_string_equal(after, before);
    free(before);
    free(after);
    tell_release(world, 3, "[{'item': 'A', 'version': 4}, {'item': 'C', 'version': 6}, {'item': 'D', 'version': 1}]");
    assert_int_equal(shown(world, "A"), 4);
    assert_int_equal(shown(world, "C"), 6);
    assert_int_equal(rows_n(world), 3);
    expect_row(world, 0, "A", "changed", "date_start", "2026-05-08", "2026-05-15");
    expect_row(world, 1, "C", "changed", "status", "open", "adopted");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_draft_is_nobodys),
        TEST(test_a_snapshot_says_the_same),
        TEST(test_sessions_wait_with_their_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
