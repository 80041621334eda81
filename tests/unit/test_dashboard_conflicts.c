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

/* Settles; what is told of the event: "days session xN|why session other|..." in the order told. */
static const char *s_told(world_t *world, const char *event)
{
    static char text[4096];
    const json_t *row, *days;
    size_t i, len = 0;
    settle(world);
    dash_view_clean(world->view);
    text[0] = '\0';
    if ((days = json_object_get(dash_view_get(world->view, "conflict", event), "days")))
        len = (size_t)snprintf(text, sizeof(text), "days %s x%zu", dash_str(days, "session"),
                               json_array_size(json_object_get(days, "ends")));
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
    assert_string_equal(s_told(world, "E1"), "days S1 x2");
    assert_string_not_equal(s_command(world, 0, DAY0), "");
    assert_string_equal(s_command(world, 1, DAY0), ""); /* the two are one need */
    assert_string_equal(s_command(world, 0, DAY0 + 1440 * MINUTE_MS), "");
}

/* What of the programme of E1 needs somebody at that instant: how many needs, and the n of the last. */
static size_t s_needs(world_t *world, int64_t now_ms, int64_t *ret_n)
{
    json_t *derived = dash_derive(dash_view_all(world->view), now_ms), *list = json_object_get(derived, "attention");
    size_t n = json_array_size(list);
    *ret_n = dash_int(json_array_get(list, n - 1), "n");
    if (n > DASH_PROGRAMME_MAX)
        assert_string_equal(dash_str(json_array_get(list, n - 1), "what"), "programme_more");
    json_decref(derived);
    return n;
}

/* An event that moved leaves all of its sessions behind: one need, of those that are ahead. */
static void test_what_was_left_behind(void **state)
{
    world_t *world = *state;
    int64_t n;
    s_event(world, "E1", 1, "2026-05-12");
    for (int i = 0; i < 40; i++) {
        char session[8];
        snprintf(session, sizeof(session), "S%02d", i);
        s_session(world, "E1", session, 1, i == 39 ? "plenary" : "parallel", 500 + i, 1, NULL, "");
    }
    assert_string_equal(s_told(world, "E1"), "days S39 x40"); /* --all takes the others along */
    assert_int_equal(number_of(world, "conflict", "E1", "n"), 40);
    assert_int_equal(s_needs(world, DAY0, &n), 1);
    assert_int_equal(n, 40);
    assert_int_equal(s_needs(world, DAY0 + 520 * MINUTE_MS, &n), 1);
    assert_int_equal(n, 20);
    assert_int_equal(s_needs(world, DAY0 + 540 * MINUTE_MS, &n), 0);
}

/* In the order of their beginnings, whatever they are called; what is over makes room for what is ahead. */
static void test_more_than_are_listed(void **state)
{
    world_t *world = *state;
    enum { ALL = 150 };
    int64_t n;
    s_event(world, "E1", 1, "2026-05-11");
    s_room(world, "A", ", 'closed': true");
    for (int i = 0; i < ALL; i++) {
        char session[8];
        snprintf(session, sizeof(session), "S%03d", ALL - i);
        s_session(world, "E1", session, 1, "parallel", 100 + 2 * i, 1, "A", "");
    }
    settle(world);
    const json_t *conflict = dash_view_get(world->view, "conflict", "E1"),
                 *broken = json_object_get(conflict, "broken");
    assert_int_equal(json_array_size(broken), DASH_BROKEN_MAX);
    assert_string_equal(dash_str(json_array_get(broken, 0), "session"), "S150");
    assert_int_equal(dash_int(conflict, "n"), ALL);
    assert_int_equal(s_needs(world, DAY0, &n), DASH_PROGRAMME_MAX + 1);
    assert_int_equal(n, ALL - DASH_PROGRAMME_MAX);
    /* Fifty are over. */
    assert_int_equal(s_needs(world, DAY0 + 200 * MINUTE_MS, &n), DASH_PROGRAMME_MAX + 1);
    assert_int_equal(n, ALL - 50 - DASH_PROGRAMME_MAX);
}

static void test_two_sides_are_one(void **state)
{
    world_t *world = *state;
    s_event(world, "E1", 1, "2026-05-11");
    s_event(world, "E2", 1, "2026-05-11");
    s_room(world, "A", ", 'turnaround': 15");
    s_session(world, "E1", "S1", 1, "opening", 540, 60, "A", "");
    s_session(world, "E1", "S2", 1, "parallel", 610, 60, "A", ", 'chair': {'person': 'P-1'}");
    s_session(world, "E1", "S3", 1, "parallel", 520, 20, NULL, ", 'speakers': [{'person': 'P-9'}, {'person': 'P-1'}]");
    s_session(world, "E2", "T1", 1, "break", 600, 30, NULL, ", 'speakers': [{'person': 'P-1'}]");
    assert_string_equal(s_told(world, "E1"), "opening S3 S1|room_taken S1 S2|person S2 E2/T1");
    assert_string_equal(s_told(world, "E2"), "");
    assert_string_equal(s_command(world, 0, DAY0),
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

/* What comes from outside of the programme: people who come and go, interpreters, the venue's week, what has to be over. */
static void test_what_bounds_a_programme(void **state)
{
    world_t *world = *state;
    static const char event[] =
        "{'event': 'E1', 'version': %d, 'status': 'scheduled', 'change': 'changed', 'title': 'T',"
        " 'plan_year': 2026, 'line': 'cbm', 'teams': %d}";
    static const char venue[] = "{'code': 'HALL', 'name': 'Hall', 'city': 'Baku', 'country': 'AZ'%s}";
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, event, 1, 2), CV_OK);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_VENUE_V1, venue, ""), CV_OK);
    s_room(world, "A", ", 'booths': 2");
    s_room(world, "B", ", 'booths': 2");
    s_session(world, "E1", "S1", 1, "parallel", 540, 240, "A", ", 'languages': ['en'], 'after': ['S3']");
    s_session(
        world, "E1", "S2", 1, "parallel", 600, 180, "B",
        ", 'languages': ['en'], 'chair': {'person': 'P-1', 'from': '2026-05-11T09:00', 'until': '2026-05-11T13:00'}");
    s_session(world, "E1", "S3", 1, "parallel", 480, 60, NULL, "");
    assert_string_equal(s_told(world, "E1"), "");
    /* The venue pauses at noon, on Mondays. */
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_VENUE_V1, venue,
                          ", 'pauses': [{'day': 'mon', 'from': '12:45', 'until': '13:00'}]"),
                     CV_OK);
    assert_string_equal(s_told(world, "E1"), "pause S1|pause S2");
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_VENUE_V1, venue,
                          ", 'pauses': [{'day': 'tue', 'from': '12:45', 'until': '13:00'}]"),
                     CV_OK);
    assert_string_equal(s_told(world, "E1"), "");
    /* One team falls ill: two are needed at once, and seven hours of that day. */
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, event, 2, 1), CV_OK);
    assert_string_equal(s_told(world, "E1"), "team_day S2|teams S2 S1");
    const json_t *broken = json_object_get(dash_view_get(world->view, "conflict", "E1"), "broken");
    assert_int_equal(dash_int(json_array_get(broken, 0), "have"), 360);
    assert_int_equal(dash_int(json_array_get(broken, 0), "need"), 420);
    assert_int_equal(dash_int(json_array_get(broken, 1), "need"), 2);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, event, 3, 2), CV_OK);
    /* What one waits for is put off, and somebody leaves earlier. */
    s_session(world, "E1", "S3", 2, "parallel", 490, 60, NULL, "");
    s_session(world, "E1", "S2", 2, "parallel", 600, 180, "B",
              ", 'languages': ['en'], 'chair': {'person': 'P-1', 'until': '2026-05-11T12:30'}");
    assert_string_equal(s_told(world, "E1"), "order S1 S3|away S2");
    char *text = json_dumps(dash_view_kind(world->view, "conflict"), 0);
    assert_null(strstr(text, "P-"));
    free(text);
}

/* Of an event that waits for a release of its plan nobody sees anything, in no conflict either. */
static void test_of_a_plan_that_makes_releases(void **state)
{
    world_t *world = *state;
    static const char event[] = "{'event': '%s', 'version': %d, 'status': 'adopted', 'change': 'changed', 'title': 'T',"
                                " 'plan_year': 2026, 'line': 'cbm', 'date_start': '%s', 'date_end': '%s'}";
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, event, "E1", 1, "2026-05-11", "2026-05-11"), CV_OK);
    s_room(world, "A", "");
    s_session(world, "E1", "S1", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
                          "{'release': 'R1', 'plan': '2026-cbm', 'number': 1, 'at_ms': 1, 'items': [{'item': 'E1',"
                          " 'version': 1}]}"),
                     CV_OK);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, event, "E2", 1, "2026-05-11", "2026-05-11"), CV_OK);
    s_session(world, "E2", "T1", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    s_session(world, "E2", "T2", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    assert_null(dash_view_get(world->view, "event", "E2"));
    assert_string_equal(s_told(world, "E1"), "");
    assert_string_equal(s_told(world, "E2"), "");
    /* A page of a view of an older program may know conflicts of what it does not know. */
    json_t *kinds = json_pack("{s:{s:{s:s, s:i, s:[{s:s, s:s, s:I}]}}}", "conflict", "E2", "event", "E2", "n", 1,
                              "broken", "why", "person", "session", "T1", "until", (json_int_t)(DAY0 + DAY0));
    json_t *derived = dash_derive(kinds, DAY0);
    assert_int_equal(json_array_size(json_object_get(derived, "attention")), 0);
    json_decref(derived);
    json_decref(kinds);
    /* It is moved in the working plan, and its programme with it: what is shown is not judged by what is not. */
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, event, "E1", 2, "2026-05-12", "2026-05-12"), CV_OK);
    s_session(world, "E1", "S1", 2, "parallel", 600 + 1440, 60, "A", "");
    assert_string_equal(s_told(world, "E1"), "");
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
                          "{'release': 'R2', 'plan': '2026-cbm', 'number': 2, 'at_ms': 2, 'items': [{'item': 'E1',"
                          " 'version': 2}, {'item': 'E2', 'version': 1}]}"),
                     CV_OK);
    assert_string_equal(s_told(world, "E1"), "");
    assert_string_equal(s_told(world, "E2"), "room_taken T1 T2|person T1 T2");
}

static const char s_search[] = "convene place programme E1 --output placed.json && convene place accept placed.json";

static const json_t *s_row_of(const world_t *world, const char *event, size_t i)
{
    return json_array_get(json_object_get(dash_view_get(world->view, "conflict", event), "broken"), i);
}

/* What one event has released stands beside what another has now. */
static void test_of_a_release(void **state)
{
    world_t *world = *state;
    char with[200];
    s_event(world, "E1", 1, "2026-05-11");
    s_event(world, "E2", 1, "2026-05-11");
    s_room(world, "A", "");
    s_room(world, "B", "");
    s_session(world, "E1", "S1", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    s_release(world, "E1", 1, "[{'item': 'S1', 'version': 1}]");
    assert_string_equal(s_told(world, "E1"), "");
    s_session(world, "E2", "T1", 1, "parallel", 600, 60, "A", ", 'chair': {'person': 'P-1'}");
    assert_string_equal(s_told(world, "E1"), "room_taken S1 E2/T1|person S1 E2/T1");
    (void)snprintf(with, sizeof(with), "%s && convene release make E1 V2", s_search);
    assert_string_equal(s_command(world, 0, DAY0), with);
    /* An edit that mends nothing is nobody's news. */
    json_t *before = json_deep_copy(dash_view_get(world->view, "conflict", "E1"));
    s_session(world, "E1", "S1", 2, "parallel", 620, 60, "A", ", 'chair': {'person': 'P-1'}");
    assert_string_equal(s_told(world, "E1"), "room_taken S1 E2/T1|person S1 E2/T1");
    assert_true(json_equal(before, dash_view_get(world->view, "conflict", "E1")));
    json_decref(before);
    assert_string_equal(s_command(world, 0, DAY0), with);
    /* The room is another one: of that the release alone is enough, and not of who chairs. */
    s_session(world, "E1", "S1", 3, "parallel", 620, 60, "B", ", 'chair': {'person': 'P-1'}");
    (void)s_told(world, "E1");
    assert_string_equal(s_command(world, 0, DAY0), "convene release make E1 V2");
    assert_string_equal(s_command(world, 1, DAY0), with);
    assert_true(json_is_true(json_object_get(s_row_of(world, "E1", 0), "mended")));
    assert_null(json_object_get(s_row_of(world, "E1", 1), "mended"));
    s_session(world, "E1", "S1", 4, "parallel", 700, 60, "A", "");
    (void)s_told(world, "E1");
    assert_string_equal(s_command(world, 1, DAY0), "convene release make E1 V2");
    s_release(world, "E1", 2, "[{'item': 'S1', 'version': 4}]");
    assert_string_equal(s_told(world, "E1"), "");
    /* The other side has released, and has moved away since. */
    s_session(world, "E2", "T1", 2, "parallel", 700, 60, "A", "");
    s_release(world, "E2", 1, "[{'item': 'T1', 'version': 2}]");
    s_session(world, "E2", "T1", 3, "parallel", 800, 60, "A", "");
    assert_string_equal(s_told(world, "E1"), "room_taken S1 E2/T1");
    assert_string_equal(s_command(world, 0, DAY0), "convene release make E2 V2");
    s_release(world, "E2", 2, "[{'item': 'T1', 'version': 3}]");
    assert_string_equal(s_told(world, "E1"), "");
    /* A draft that breaks a rule is nobody's news before it is released. */
    s_session(world, "E1", "S1", 5, "parallel", 800, 60, "A", "");
    assert_string_equal(s_told(world, "E1"), "");
}

/* ---- against counting minute by minute -------------------------------------------------------------- */

enum { SESSIONS = 12, MINUTES = 1440, TURNAROUND = 15 };
typedef struct {
    int event, room, kind, at, minutes, people, parties; /* room: -1: none; people, parties: bits */
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

/* Each minute from which on more sessions of an event are at once than a party can be at: its size is one more than its
 * number. */
static int s_slow_parties(const s_random_t *all, int event, int party)
{
    int n = 0;
    for (int minute = 0; minute < MINUTES; minute++) {
        int at_once = 0;
        bool begins = false;
        for (int i = 0; i < SESSIONS; i++) {
            bool is_of = all[i].event == event && all[i].parties & 1 << party;
            at_once += is_of && s_takes(&all[i], minute, 0);
            begins = begins || (is_of && all[i].at == minute);
        }
        n += begins && at_once > party + 1;
    }
    return n;
}

static void test_as_many_as_are_counted_minute_by_minute(void **state)
{
    world_t *world = *state;
    unsigned seed = 7;
    size_t some = 0, too_many = 0;
    for (int round = 0; round < 60; round++) {
        s_random_t all[SESSIONS];
        assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
        for (int i = 0; i < 3; i++)
            assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1,
                                  "{'event': 'E%d', 'version': 1, 'status': 'scheduled', 'change': 'changed',"
                                  " 'title': 'T', 'plan_year': 2026, 'line': 'cbm'}",
                                  i),
                             CV_OK);
        for (int i = 0; i < 2; i++)
            assert_int_equal(tell(world, CV_MSG_SCHEDULING_PARTY_V1,
                                  "{'code': 'P%d', 'kind': 'member', 'name': 'A', 'delegation_size': %d}", i, i + 1),
                             CV_OK);
        s_room(world, "R0", ", 'turnaround': 15");
        s_room(world, "R1", ", 'turnaround': 15");
        for (int i = 0; i < SESSIONS; i++) {
            char event[8], session[8], room[8], people[200] = "";
            s_random_t *one = &all[i];
            *one = (s_random_t){s_next(&seed) % 3,          s_next(&seed) % 3 - 1,
                                s_next(&seed) % 6,          480 + s_next(&seed) % 48 * 5,
                                5 + s_next(&seed) % 12 * 5, s_next(&seed) % 4 ? 0 : s_next(&seed) % 16,
                                s_next(&seed) % 4};
            for (int person = 0; person < 4; person++)
                if (one->people & 1 << person)
                    snprintf(people + strlen(people), sizeof(people) - strlen(people), "%s{'person': 'P-%d'}",
                             *people ? ", " : ", 'speakers': [", person);
            if (*people)
                strncat(people, "]", 2);
            static const char *const parties[] = {"", ", 'parties': ['P0']", ", 'parties': ['P1']",
                                                  ", 'parties': ['P0', 'P1']"};
            strncat(people, parties[one->parties], sizeof(people) - strlen(people) - 1);
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
        int64_t parties = 0;
        for (int event_n = 0; event_n < 3; event_n++)
            parties += s_slow_parties(all, event_n, 0) + s_slow_parties(all, event_n, 1);
        too_many += parties > 0;
        assert_int_equal(found, slow + parties);
        some += slow > 0;
    }
    assert_true(some > 40);
    assert_true(too_many > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
        TEST(test_what_came_to_be_wrong),
        TEST(test_what_was_left_behind),
        TEST(test_more_than_are_listed),
        TEST(test_what_bounds_a_programme),
        TEST(test_of_a_plan_that_makes_releases),
        TEST(test_two_sides_are_one),
        TEST(test_of_a_release),
        TEST(test_as_many_as_are_counted_minute_by_minute),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
