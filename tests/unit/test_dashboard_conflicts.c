/* test_dashboard_conflicts: what is broken in programmes is found, told once, without a name, and with what mends it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_conflicts.h"
#include "dashboard/core_derive.h"

#include "dashboard_world.h"

#include <stdlib.h>

#define DAY0 1778457600000 /* 2026-05-11T00:00:00Z */
#define MINUTE_MS 60000LL

/* at, minutes: of that day. more: further fields as JSON. */
static void s_session(world_t *world, const char *event, const char *session, int version, const char *kind, int at,
                      int minutes, const char *room, const char *more)
{
    char place[64] = "";
    if (room)
        snprintf(place, sizeof(place), ", 'venue': 'HALL', 'room': '%s'", room);
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_SESSION_V1,
             "{'event': '%s', 'session': '%s', 'version': %d, 'change': 'put', 'cancelled': false, 'title': 'T',"
             " 'kind': '%s', 'minutes': %d, 'start': '2026-05-11T%02d:%02d', 'begin_ms': %lld, 'until_ms': %lld%s%s}",
             event, session, version, kind, minutes, at / 60, at % 60, DAY0 + at * MINUTE_MS,
             DAY0 + (at + minutes) * MINUTE_MS, place, more),
        CV_OK);
}

static void s_room(world_t *world, const char *room, const char *more)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_ROOM_V1,
                          "{'venue': 'HALL', 'room': '%s', 'name': 'Room %s', 'seats': 100%s}", room, room, more),
                     CV_OK);
}

static void s_event(world_t *world, const char *event, int version, const char *start)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1,
                          "{'event': '%s', 'version': %d, 'status': 'scheduled', 'change': 'changed', 'title': 'T',"
                          " 'plan_year': 2026, 'line': 'cbm', 'date_start': '%s', 'date_end': '2026-05-12'}",
                          event, version, start),
                     CV_OK);
}

static void s_release(world_t *world, const char *event, int number, const char *items)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
                          "{'release': 'V%d', 'event': '%s', 'number': %d, 'at_ms': %lld, 'items': %s}", number, event,
                          number, (long long)world->now_ms, items),
                     CV_OK);
}

/* Settles; what is told of the event: "why session other|..." in the order told. */
static const char *s_told(world_t *world, const char *event)
{
    static char text[4096];
    const json_t *row;
    size_t i, len = 0;
    settle(world);
    dash_view_clean(world->view);
    text[0] = '\0';
    json_array_foreach(json_object_get(dash_view_get(world->view, "conflict", event), "broken"), i, row)
    {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s %s%s%s", len ? "|" : "", dash_str(row, "why"),
                                dash_str(row, "session"), *dash_str(row, "other") ? " " : "", dash_str(row, "other"));
        assert_true(len < sizeof(text));
    }
    return text;
}

/* The command that attention has for the n-th conflict; "" if there are not so many. */
static const char *s_command(world_t *world, size_t n, int64_t now_ms)
{
    static char text[1300];
    json_t *derived = dash_derive(dash_view_all(world->view), now_ms);
    const json_t *need;
    size_t i;
    text[0] = '\0';
    json_array_foreach(json_object_get(derived, "attention"), i, need)
    {
        if (strncmp(dash_str(need, "what"), "programme_", 10) == 0 && n-- == 0)
            snprintf(text, sizeof(text), "%s", dash_str(need, "command"));
    }
    json_decref(derived);
    return text;
}

static void test_what_came_to_be_wrong(void **state)
{
    world_t *world = *state;
    s_event(world, "E1", 1, "2026-05-11");
    s_room(world, "A", ", 'features': ['hybrid'], 'booths': 2");
    s_room(world, "B", "");
    s_room(world, "C", ", 'features': ['hybrid'], 'booths': 2, 'closed': true");
    s_room(world, "D", ", 'features': ['hybrid'], 'booths': 2");
    tell_party(world, "AZ", "member");
    s_session(world, "E1", "S1", 1, "parallel", 600, 60, "A",
              ", 'features': ['hybrid'], 'languages': ['en', 'ru'], 'parties': ['AZ']");
    s_session(world, "E1", "S2", 1, "parallel", 600, 60, "B", ", 'parties': ['AZ']");
    assert_string_equal(s_told(world, "E1"), "");
    assert_null(dash_view_get(world->view, "conflict", "E1"));
    /* The room loses what it had: the first that would do is named, not the one that is closed. */
    s_room(world, "A", "");
    assert_string_equal(s_told(world, "E1"), "room_lacks S1|booths S1");
    assert_string_equal(s_command(world, 0, DAY0), "convene session place E1/S1 2026-05-11T10:00 --room HALL/D");
    s_room(world, "D", ", 'closed': true");
    assert_string_equal(s_told(world, "E1"), "room_lacks S1|booths S1");
    assert_string_equal(s_command(world, 0, DAY0),
                        "convene place programme E1 --output placed.json && convene place accept placed.json");
    s_room(
        world, "A",
        ", 'features': ['hybrid'], 'booths': 2, 'available': [{'from': '2026-05-11T10:30', 'until': '2026-05-11T18:00'}]");
    assert_string_equal(s_told(world, "E1"), "room_closed S1");
    s_room(world, "A", ", 'features': ['hybrid'], 'booths': 2");
    assert_string_equal(s_told(world, "E1"), "");
    assert_null(dash_view_get(world->view, "conflict", "E1"));
    /* The delegation becomes smaller: one conflict, not one of each side. */
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_PARTY_V1, "{'code': 'AZ', 'kind': 'member', 'name': 'A', 'delegation_size': 1}"),
        CV_OK);
    assert_string_equal(s_told(world, "E1"), "delegation S1 S2");
    /* A rule that is not to block is not told; one that is, is. */
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RULE_V1,
                          "{'rule': 'B3', 'level': 'hard', 'effect': 'warn', 'weight': 1, 'text': 'T'}"),
                     CV_OK);
    assert_string_equal(s_told(world, "E1"), "");
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RULE_V1,
                          "{'rule': 'B6', 'level': 'hard', 'effect': 'forbid', 'weight': 1, 'text': 'T'}"),
                     CV_OK);
    s_session(world, "E1", "S2", 2, "parallel", 600, 60, "B", ", 'expected': 150");
    assert_string_equal(s_told(world, "E1"), "rule S2");
    s_session(world, "E1", "S2", 3, "parallel", 600, 60, "B", "");
    /* The event moves and its programme does not; what is over, or off, needs nobody. */
    s_event(world, "E1", 2, "2026-05-12");
    assert_string_equal(s_told(world, "E1"), "days S1|days S2");
    assert_string_not_equal(s_command(world, 0, DAY0), "");
    assert_string_equal(s_command(world, 1, DAY0), ""); /* the two are one need */
    assert_string_equal(s_command(world, 0, DAY0 + 1440 * MINUTE_MS), "");
}

static void test_more_than_are_listed(void **state)
{
    world_t *world = *state;
    s_event(world, "E1", 1, "2026-05-12");
    for (int i = 0; i < 40; i++) {
        char session[8];
        snprintf(session, sizeof(session), "S%02d", i);
        s_session(world, "E1", session, 1, "parallel", 500 + i, 1, NULL, "");
    }
    settle(world);
    const json_t *conflict = dash_view_get(world->view, "conflict", "E1");
    assert_int_equal(json_array_size(json_object_get(conflict, "broken")), DASH_BROKEN_MAX);
    assert_int_equal(dash_int(conflict, "n"), 40);
    json_t *derived = dash_derive(dash_view_all(world->view), DAY0), *list = json_object_get(derived, "attention");
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(dash_int(json_array_get(list, 0), "n"), 40);
    json_decref(derived);
}

static void test_two_sides_are_one(void **state)
{
    world_t *world = *state;
    s_room(world, "A", ", 'turnaround': 15");
    s_session(world, "E1", "S1", 1, "opening", 540, 60, "A", "");
    s_session(world, "E1", "S2", 1, "parallel", 610, 60, "A", ", 'chair': {'person': 'P-1'}");
    s_session(world, "E1", "S3", 1, "parallel", 520, 20, NULL, ", 'speakers': [{'person': 'P-9'}, {'person': 'P-1'}]");
    s_session(world, "E2", "T1", 1, "break", 600, 30, NULL, ", 'speakers': [{'person': 'P-1'}]");
    assert_string_equal(s_told(world, "E1"), "room_taken S1 S2|person S2 E2/T1|opening S3 S1");
    assert_string_equal(s_told(world, "E2"), "");
    assert_string_equal(s_command(world, 2, DAY0),
                        "convene place programme E1 --output placed.json && convene place accept placed.json");
    /* Nobody is named, whatever is asked for; who is in it is hidden. */
    char *text = json_dumps(dash_view_kind(world->view, "conflict"), 0);
    assert_null(strstr(text, "P-"));
    free(text);
    assert_false(dash_view_is_public("people"));
    assert_null(json_object_get(dash_view_get(world->view, "session", "E1/S2"), "chair"));
    assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
    assert_string_equal(s_told(world, "E1"), "");
    assert_int_equal(json_object_size(dash_view_kind(world->view, "people")), 0);
    assert_int_equal(json_object_size(dash_view_kind(world->view, "conflict")), 0);
}

/* What one event has released stands beside what another has now. */
static void test_of_a_release(void **state)
{
    world_t *world = *state;
    s_room(world, "A", "");
    s_session(world, "E1", "S1", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    s_release(world, "E1", 1, "[{'item': 'S1', 'version': 1}]");
    assert_string_equal(s_told(world, "E1"), "");
    s_session(world, "E1", "S1", 2, "parallel", 700, 60, "A", "");
    s_session(world, "E2", "T1", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    assert_string_equal(s_told(world, "E1"), "room_taken S1 E2/T1|person S1 E2/T1");
    /* It has moved already: the next release alone shows so. */
    assert_string_equal(s_command(world, 0, DAY0), "convene release make E1 V2");
    s_release(world, "E1", 2, "[{'item': 'S1', 'version': 2}]");
    assert_string_equal(s_told(world, "E1"), "");
    /* Where it has not, it is moved and released. */
    s_session(world, "E2", "T1", 2, "parallel", 700, 60, "A", "");
    s_room(world, "B", "");
    assert_string_equal(s_told(world, "E1"), "room_taken S1 E2/T1");
    assert_string_equal(s_command(world, 0, DAY0),
                        "convene session place E1/S1 2026-05-11T11:40 --room HALL/B && convene release make E1 V3");
    /* A draft that breaks a rule is nobody's news before it is released. */
    s_session(world, "E2", "T1", 3, "parallel", 900, 60, "A", "");
    s_session(world, "E1", "S1", 3, "parallel", 900, 60, "A", "");
    assert_string_equal(s_told(world, "E1"), "");
}

/* ---- against counting minute by minute -------------------------------------------------------------- */

enum { SESSIONS = 12, MINUTES = 1440, TURNAROUND = 15 };
typedef struct {
    int event, room, kind, at, minutes, people; /* room: -1: none; people: bits */
} s_random_t;

static const char *const s_kinds[] = {"parallel", "parallel", "parallel", "plenary", "break", "side_event"};

static int s_next(unsigned *seed)
{
    *seed = *seed * 1103515245U + 12345U;
    return (int)(*seed >> 16 & 0x7fff);
}

static bool s_takes(const s_random_t *one, int minute, int after)
{
    return minute >= one->at && minute < one->at + one->minutes + after;
}

static int s_slow(const s_random_t *one, const s_random_t *other)
{
    bool at_once = false, room = false;
    for (int minute = 0; minute < MINUTES; minute++) {
        at_once = at_once || (s_takes(one, minute, 0) && s_takes(other, minute, 0));
        room = room || (s_takes(one, minute, TURNAROUND) && s_takes(other, minute, 0)) ||
               (s_takes(one, minute, 0) && s_takes(other, minute, TURNAROUND));
    }
    int n = room && one->room >= 0 && one->room == other->room;
    for (int person = 0; person < 4; person++)
        n += at_once && (one->people & other->people & 1 << person);
    bool aside = one->kind == 5 || other->kind == 5, breaks = (one->kind == 4) + (other->kind == 4) == 1,
         all = one->kind != 4 && other->kind != 4 && (one->kind == 3 || other->kind == 3);
    return n + (at_once && one->event == other->event && !aside && (breaks || all));
}

static void test_as_many_as_are_counted_minute_by_minute(void **state)
{
    world_t *world = *state;
    unsigned seed = 7;
    size_t some = 0;
    for (int round = 0; round < 60; round++) {
        s_random_t all[SESSIONS];
        assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
        s_room(world, "R0", ", 'turnaround': 15");
        s_room(world, "R1", ", 'turnaround': 15");
        for (int i = 0; i < SESSIONS; i++) {
            char event[8], session[8], room[8], people[160] = "";
            s_random_t *one = &all[i];
            *one = (s_random_t){s_next(&seed) % 3,          s_next(&seed) % 3 - 1,
                                s_next(&seed) % 6,          480 + s_next(&seed) % 48 * 5,
                                5 + s_next(&seed) % 12 * 5, s_next(&seed) % 4 ? 0 : s_next(&seed) % 16};
            for (int person = 0; person < 4; person++)
                if (one->people & 1 << person)
                    snprintf(people + strlen(people), sizeof(people) - strlen(people), "%s{'person': 'P-%d'}",
                             *people ? ", " : ", 'speakers': [", person);
            if (*people)
                strncat(people, "]", 2);
            snprintf(event, sizeof(event), "E%d", one->event);
            snprintf(session, sizeof(session), "S%02d", i);
            snprintf(room, sizeof(room), "R%d", one->room);
            s_session(world, event, session, 1, s_kinds[one->kind], one->at, one->minutes, one->room < 0 ? NULL : room,
                      people);
        }
        int64_t found = 0, slow = 0;
        settle(world);
        const char *event;
        json_t *conflict;
        json_object_foreach(dash_view_kind(world->view, "conflict"), event, conflict)
        {
            found += dash_int(conflict, "n");
            assert_true(json_array_size(json_object_get(conflict, "broken")) <= DASH_BROKEN_MAX);
        }
        for (int i = 0; i < SESSIONS; i++)
            for (int j = i + 1; j < SESSIONS; j++)
                slow += s_slow(&all[i], &all[j]);
        assert_int_equal(found, slow);
        some += slow > 0;
    }
    assert_true(some > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
        TEST(test_what_came_to_be_wrong),
        TEST(test_more_than_are_listed),
        TEST(test_two_sides_are_one),
        TEST(test_of_a_release),
        TEST(test_as_many_as_are_counted_minute_by_minute),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
