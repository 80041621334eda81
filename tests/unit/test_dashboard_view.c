/* test_dashboard_view: what records make of the view, seats by the domain's arithmetic, a view that was stored.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_derive.h"
#include "dashboard/core_release.h"
#include "dashboard/core_view.h"

#include "dashboard_world.h"

#include <stdlib.h>

static const char s_rules[] = "'capacity': 10, 'guaranteed': 2, 'maximum': 4, 'waiting': 'strict', 'group': 'each', "
                              "'opens_ms': 1, 'closes_ms': 2";

static void assert_seats(const world_t *world, int64_t confirmed, int64_t held, int64_t free, int64_t waiting)
{
    assert_int_equal(number_of(world, "seats", "E1", "confirmed"), confirmed);
    assert_int_equal(number_of(world, "seats", "E1", "guaranteed_held"), held);
    assert_int_equal(number_of(world, "seats", "E1", "free"), free);
    assert_int_equal(number_of(world, "seats", "E1", "waiting"), waiting);
}

static void test_seats_fill(void **state)
{
    world_t *world = *state;
    tell_party(world, "KZ", "member");
    tell_party(world, "AZ", "member");
    tell_party(world, "OSCE", "observer_org");
    tell_event(world, 1, "open", "", s_rules);
    settle(world);
    assert_seats(world, 0, 6, 4, 0);
    assert_int_equal(number_of(world, "seats", "E1", "silent"), 3);
    tell_decided(world, "KZ", "registered",
                 "[{'number': 1, 'state': 'confirmed'}, {'number': 2, 'state': 'confirmed'}, {'number': 3, 'state': "
                 "'confirmed'}]",
                 3, 0);
    settle(world);
    assert_seats(world, 3, 4, 3, 0);
    tell_decided(world, "AZ", "registered",
                 "[{'number': 1, 'state': 'online'}, {'number': 2, 'state': 'waiting', 'position': 1}]", 0, 1);
    settle(world);
    assert_seats(world, 3, 4, 3, 1);
    assert_int_equal(number_of(world, "seats", "E1", "online"), 1);
    assert_int_equal(number_of(world, "seats", "E1", "registered"), 2);
    assert_int_equal(number_of(world, "seats", "E1", "silent"), 1);
    /* The online person leaves: counted once, whatever the record says of the others. */
    tell_decided(world, "AZ", "registered", "[{'number': 1, 'state': 'withdrawn'}]", 0, 1);
    settle(world);
    assert_int_equal(number_of(world, "answer", "E1/AZ", "online"), 0);
    assert_int_equal(number_of(world, "answer", "E1/AZ", "withdrawn"), 1);
}

static void test_rules_change_seats_without_a_decision(void **state)
{
    world_t *world = *state;
    int64_t release_ms;
    tell_party(world, "KZ", "member");
    tell_party(world, "OSCE", "observer_org");
    tell_event(world, 1, "open", "", s_rules);
    tell_event(world, 2, "open", "",
               "'capacity': 20, 'guaranteed': 2, 'maximum': 4, 'audience': ['member'], 'quotas': [{'party': 'KZ',"
               " 'guaranteed': 5, 'maximum': 3}], 'release_ms': 1772200000000, 'closes_ms': 2");
    assert_int_equal(dash_view_settle(world->view, world->now_ms, &release_ms), CV_OK);
    assert_int_equal(release_ms, 1772200000000);
    assert_seats(world, 0, 3, 17, 0); /* at most its maximum; who is not invited is guaranteed nothing */
    assert_int_equal(number_of(world, "seats", "E1", "invited"), 1);
    world->now_ms = release_ms;
    assert_int_equal(dash_view_touch_seats(world->view), CV_OK);
    assert_int_equal(dash_view_settle(world->view, world->now_ms, &release_ms), CV_OK);
    assert_int_equal(release_ms, 0);
    assert_seats(world, 0, 0, 20, 0);
}

static void test_more_is_guaranteed_than_there_is(void **state)
{
    world_t *world = *state;
    tell_party(world, "KZ", "member");
    tell_party(world, "AZ", "member");
    tell_event(world, 1, "open", "", "'capacity': 3, 'guaranteed': 2, 'maximum': 4, 'closes_ms': 2");
    settle(world);
    assert_seats(world, 0, 4, 0, 0);
}

static void test_a_refused_request_changes_no_person(void **state)
{
    world_t *world = *state;
    tell_party(world, "KZ", "member");
    tell_event(world, 1, "open", "", s_rules);
    assert_int_equal(
        tell(world, CV_MSG_REGISTRATION_DECIDED_V1,
             "{'request': 'R', 'kind': 'register', 'event': 'E1', 'party': 'KZ', 'class': 'REJECTED', 'code': 'full',"
             " 'private_seq': 0, 'answer': 'none', 'persons': [{'number': 1, 'state': 'refused'}]}"),
        CV_OK);
    settle(world);
    assert_string_equal(dash_str(dash_view_get(world->view, "answer", "E1/KZ"), "answer"), "none");
    assert_null(dash_view_get(world->view, "persons", "E1/KZ"));
    assert_int_equal(number_of(world, "seats", "E1", "silent"), 1);
}

/* Whatever persons come to be, online, pending and withdrawn are counted as if all states were kept; and an octet each is. */
static void test_persons_by_number(void **state)
{
    static const char *const states[] = {"confirmed",    "online",   "withdrawn", "nominated",
                                         "under_review", "returned", "waiting"};
    enum { PERSONS = 10000, CHANGES = 3000 };
    world_t *world = *state;
    static int of[PERSONS + 1];
    const char *const shown[] = {NULL, "online", "withdrawn", "pending", "pending", "pending", NULL};
    int64_t counts[7] = {PERSONS};
    tell_party(world, "KZ", "member");
    tell_event(world, 1, "open", "", "'capacity': 10000, 'guaranteed': 0, 'maximum': 10000, 'closes_ms': 2");
    unsigned seed = 5;
    for (int i = 0; i < CHANGES; i++) {
        char person[80];
        seed = seed * 1103515245U + 12345U;
        int number = i == 7 ? PERSONS : 1 + (int)(seed >> 8) % (i + 1), state_of = (int)(seed >> 5) % 7;
        snprintf(person, sizeof(person), "[{'number': %d, 'state': '%s'}]", number, states[state_of]);
        tell_decided(world, "KZ", "registered", person, 0, 0);
        counts[of[number]]--;
        counts[of[number] = state_of]++;
        int64_t sums[3] = {counts[1], counts[2], counts[3] + counts[4] + counts[5]};
        for (int k = 0; k < 3; k++)
            assert_int_equal(number_of(world, "answer", "E1/KZ", shown[k + 1]), sums[k]);
    }
    char *text = json_dumps(dash_view_get(world->view, "persons", "E1/KZ"), JSON_COMPACT);
    assert_true(strlen(text) < PERSONS + 20);
    free(text);
}

static void test_moved_and_history(void **state)
{
    world_t *world = *state;
    tell_event(world, 1, "adopted", ", 'date_start': '2026-05', 'city': 'Baku'", "");
    tell_event(world, 2, "scheduled", ", 'date_start': '2026-05-14', 'city': 'Baku'", "");
    assert_null(json_object_get(dash_view_get(world->view, "event", "E1"), "moved")); /* only said more exactly */
    tell_event(world, 3, "open", ", 'date_start': '2026-06-20', 'city': 'Astana'", "");
    tell_event(world, 4, "open", ", 'date_start': '2026-06-20', 'city': 'Astana', 'reason': 'Typing'", "");
    const json_t *event = dash_view_get(world->view, "event", "E1"), *moved = json_object_get(event, "moved");
    assert_string_equal(dash_str(moved, "date_start"), "2026-05-14");
    assert_string_equal(dash_str(moved, "city"), "Baku");
    assert_int_equal(json_array_size(json_object_get(event, "history")), 4);
    assert_string_equal(dash_str(json_array_get(json_object_get(event, "history"), 3), "reason"), "Typing");
    for (int version = 5; version < 100; version++)
        tell_event(world, version, "open", ", 'date_start': '2026-06-20', 'city': 'Astana'", "");
    event = dash_view_get(world->view, "event", "E1");
    assert_int_equal(json_array_size(json_object_get(event, "history")), DASH_HISTORY_MAX);
    assert_int_equal(dash_int(json_array_get(json_object_get(event, "history"), DASH_HISTORY_MAX - 1), "version"), 99);
}

/* Sessions are kept by event and code, and nobody who stands in them. */
static void test_a_programme_without_people(void **state)
{
    world_t *world = *state;
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_ROOM_V1, "{'venue': 'PALACE', 'room': 'A', 'name': 'Hall A', 'seats': 200}"),
        CV_OK);
    for (int version = 1; version < 3; version++)
        assert_int_equal(
            tell(world, CV_MSG_SCHEDULING_SESSION_V1,
                 "{'event': 'E1', 'session': 'S1', 'title': 'Opening', 'kind': 'opening', 'minutes': 60, 'version': %d,"
                 " 'change': 'put', 'cancelled': false, 'chair': {'person': 'chair-1', 'party': 'KZ'},"
                 " 'speakers': [{'person': 'speaker-1'}]}",
                 version),
            CV_OK);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
                          "{'release': 'R1', 'event': 'E1', 'number': 1, 'at_ms': 1, 'items': [{'item': 'S1',"
                          " 'version': 2}]}"),
                     CV_OK);
    const json_t *session = dash_view_get(world->view, "session", "E1/S1");
    assert_int_equal(dash_int(session, "version"), 2);
    assert_null(json_object_get(session, "chair"));
    assert_null(json_object_get(session, "speakers"));
    assert_string_equal(dash_str(dash_view_get(world->view, "room", "PALACE/A"), "name"), "Hall A");
    assert_non_null(dash_view_get(world->view, "release", "E1/R1"));
    assert_null(json_object_get(dash_view_get(world->view, "release", "E1/R1"), "items"));
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_SESSION_V1, "{'event': 'E1', 'title': 'No code'}"), CV_EINVAL);
}

static void tell_session(world_t *world, const char *session, int version, const char *more)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_SESSION_V1,
                          "{'event': 'E1', 'session': '%s', 'title': 'T%d', 'kind': 'parallel', 'minutes': 60,"
                          " 'version': %d, 'change': 'put', 'cancelled': %s}",
                          session, version, version, more),
                     CV_OK);
}

/* items: JSON of the list. at_s: seconds behind T0. */
static void tell_release(world_t *world, int number, int at_s, const char *items)
{
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
                          "{'release': 'R%d', 'event': 'E1', 'number': %d, 'at_ms': %lld, 'items': %s}", number, number,
                          (long long)(T0 + at_s * 1000LL), items),
                     CV_OK);
}

/* 0: it is not public. */
static int64_t shown(const world_t *world, const char *session)
{
    char key[32];
    snprintf(key, sizeof(key), "E1/%s", session);
    return dash_int(dash_view_get(world->view, "session", key), "version");
}

static void tell_at(world_t *world, int at_s, const char *session, int version, const char *cancelled)
{
    world->now_ms = T0 + (at_s - 1) * 1000LL;
    tell_session(world, session, version, cancelled);
}

/* Whatever is edited, the public sees the newest release; and whoever takes a snapshot sees the same. */
static void test_the_public_sees_the_newest_release(void **state)
{
    world_t *world = *state;
    tell_event(world, 1, "scheduled", "", "");
    tell_at(world, 10, "S1", 1, "false");
    tell_at(world, 11, "S2", 1, "false");
    tell_at(world, 12, "S3", 1, "false");
    assert_int_equal(shown(world, "S1"), 1);
    tell_at(world, 13, "S1", 2, "false"); /* never released: as it stands */
    assert_int_equal(shown(world, "S1"), 2);
    tell_release(world, 1, 20, "[{'item': 'S1', 'version': 2}, {'item': 'S2', 'version': 1}]");
    assert_int_equal(shown(world, "S3"), 0); /* without a time, and so in no release */
    tell_at(world, 30, "S1", 3, "false");
    tell_at(world, 31, "S2", 2, "true");
    tell_at(world, 32, "S4", 1, "false");
    const int64_t first[] = {2, 1, 0, 0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(shown(world, (const char *[]){"S1", "S2", "S3", "S4"}[i]), first[i]);
    tell_release(world, 2, 40, "[{'item': 'S1', 'version': 3}, {'item': 'S4', 'version': 1}]");
    tell_at(world, 50, "S4", 2, "false");
    tell_at(world, 51, "S3", 2, "true"); /* after it, so not yet */
    const int64_t second[] = {3, 2, 0, 1};
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(shown(world, (const char *[]){"S1", "S2", "S3", "S4"}[i]), second[i]);
        if (pass)
            break;
        assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
        assert_int_equal(shown(world, "S1"), 0);
        world->in_snapshot = true;
        tell_release(world, 2, 40, "[{'item': 'S1', 'version': 3}, {'item': 'S4', 'version': 1}]");
        tell_release(world, 1, 20, "[{'item': 'S1', 'version': 2}, {'item': 'S2', 'version': 1}]");
        tell_event(world, 1, "scheduled", "", "");
        tell_at(world, 32, "S4", 1, "false"); /* as it was released */
        tell_at(world, 30, "S1", 3, "false");
        tell_at(world, 31, "S2", 2, "true");
        tell_at(world, 51, "S3", 2, "true");
        tell_at(world, 50, "S4", 2, "false");
    }
    assert_false(dash_view_is_public("draft"));
    assert_false(dash_view_is_public("frozen"));
    /* Another release holds what is there now; postponed, there is none any more. */
    world->in_snapshot = false;
    tell_at(world, 55, "S9", 1, "false");
    tell_at(world, 56, "S9", 2, "true");
    tell_release(world, 3, 60, "[{'item': 'S1', 'version': 3}, {'item': 'S4', 'version': 2}]");
    assert_int_equal(shown(world, "S4"), 2);
    assert_int_equal(shown(world, "S3"), 0); /* not known since the first release, nor is its end told */
    assert_int_equal(shown(world, "S9"), 0); /* came and went between two releases */
    /* Nor does a snapshot tell of either, while S2, which the first release held, is known to be off. */
    assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
    world->in_snapshot = true;
    tell_release(world, 1, 20, "[{'item': 'S1', 'version': 2}, {'item': 'S2', 'version': 1}]");
    tell_release(world, 3, 60, "[{'item': 'S1', 'version': 3}, {'item': 'S4', 'version': 2}]");
    tell_release(world, 2, 40, "[{'item': 'S1', 'version': 3}, {'item': 'S4', 'version': 1}]");
    tell_event(world, 1, "scheduled", "", "");
    tell_at(world, 56, "S9", 2, "true");
    tell_at(world, 51, "S3", 2, "true");
    tell_at(world, 31, "S2", 2, "true");
    tell_at(world, 30, "S1", 3, "false");
    tell_at(world, 50, "S4", 2, "false");
    const int64_t third[] = {3, 2, 0, 2, 0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(shown(world, (const char *[]){"S1", "S2", "S3", "S4", "S9"}[i]), third[i]);
    world->in_snapshot = false;
    tell_event(world, 2, "postponed", "", ""); /* some time before that release, and told late */
    assert_int_equal(shown(world, "S1"), 3);
    world->now_ms = T0 + 80 * 1000LL;
    tell_event(world, 3, "postponed", "", "");
    assert_int_equal(shown(world, "S1"), 0);
    assert_int_equal(shown(world, "S4"), 0);
    assert_int_equal(shown(world, "S2"), 2);
    tell_release(world, 4, 90, "[{'item': 'S1', 'version': 3}]");
    assert_int_equal(shown(world, "S1"), 3);
}

/* An older program left a release in force when its event was put off: what it stored is mended when it is loaded. */
static void test_notices_and_feed_are_bounded(void **state)
{
    world_t *world = *state;
    static const char notice[] = "{'notice': '%s', 'kind': 'decision', 'cause': 'C', 'event': 'E1', 'party': 'KZ', "
                                 "'channel': 'outbox', 'state': '%s', 'attempts': 0}";
    tell_party(world, "KZ", "member");
    tell_event(world, 1, "open", "", s_rules);
    int64_t first_ms = world->now_ms + 1000;
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "N1", "queued"), CV_OK);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "N2", "queued"), CV_OK);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "N1", "failed"), CV_OK);
    assert_int_equal(number_of(world, "notice", "N1", "since"), first_ms);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "N2", "written"), CV_OK);
    assert_null(dash_view_get(world->view, "notice", "N2"));
    assert_int_equal(number_of(world, "tally", "notices", "written"), 1);
    static const char *const asked[] = {"deferred", "silenced"}; /* no need of anybody's: it is as they asked */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "N3", "queued"), CV_OK);
        assert_non_null(dash_view_get(world->view, "notice", "N3"));
        assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "N3", asked[i]), CV_OK);
        assert_null(dash_view_get(world->view, "notice", "N3"));
    }
    assert_int_equal(number_of(world, "tally", "notices", "written"), 1);
    for (int i = 0; i < 3 * DASH_FEED_MAX; i++)
        tell_decided(world, "KZ", "registered", "[]", 1, 0);
    assert_int_equal(json_object_size(dash_view_kind(world->view, "feed")), DASH_FEED_MAX);
}

/* What is dead was counted only if it had ended well before: not what was left out or waited as its recipient asked. */
static void test_dead_after_the_end(void **state)
{
    world_t *world = *state;
    static const char notice[] = "{'notice': '%s', 'kind': 'decision', 'cause': 'C', 'event': 'E1', 'party': 'KZ', "
                                 "'channel': '%s', 'state': '%s', 'attempts': 0}";
    static const char dead[] = "{'notice': '%s', 'kind': 'decision', 'cause': 'C', 'event': 'E1', 'party': 'KZ', "
                               "'channel': 'webhook', 'state': 'dead', 'attempts': 3, 'reason': 'timeout'%s}";
    static const struct {
        const char *channel, *state, *was;
        int written, delivered; /* in the end */
    } cases[] = {
        {"outbox", "written", ", 'was': 'written'", 1, 1},
        {"email", "delivered", ", 'was': 'delivered'", 2, 0},
        {"outbox", "deferred", ", 'was': 'deferred'", 2, 1},
        {"outbox", "silenced", ", 'was': 'silenced'", 2, 1},
        {"outbox", "written", "", 1, 1}, /* as those before told it */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(dash_view_put(world->view, "tally", "notices",
                                       json_pack("{s:i, s:i, s:b}", "written", 1, "delivered", 0, "partial", 0)),
                         CV_OK);
        assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "A", "outbox", "written"), CV_OK);
        assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "B", "email", "delivered"), CV_OK);
        const char *name = strcmp(cases[i].state, "delivered") == 0 ? "B"
                           : strcmp(cases[i].state, "written") == 0 ? "A"
                                                                    : "C";
        if (*name == 'C') {
            assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "C", "outbox", "queued"), CV_OK);
            assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, notice, "C", cases[i].channel, cases[i].state),
                             CV_OK);
        }
        assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, dead, name, cases[i].was), CV_OK);
        assert_int_equal(number_of(world, "tally", "notices", "written"), cases[i].written);
        assert_int_equal(number_of(world, "tally", "notices", "delivered"), cases[i].delivered);
        assert_int_equal(dash_view_put(world->view, "notice", name, NULL), CV_OK);
    }
}

/* A person's address that was stopped does not make its party one that has nobody, and another recipient does not mend it. */
static void test_held(void **state)
{
    (void)state;
    json_t *notices = json_pack("[{s:s}, {s:s, s:i}, {s:s, s:i}, {s:s, s:i}]", "party", "KZ", "party", "KZ", "person",
                                2, "party", "UZ", "person", 1, "party", "UZ", "person", 1);
    json_t *held = dash_held(notices), *kinds = json_pack("{s:O}", "held", held);
    assert_int_equal(dash_int(json_object_get(held, "KZ"), "n"), 1);
    assert_int_equal(dash_int(json_object_get(held, "KZ"), "persons"), 1);
    assert_int_equal(dash_int(json_object_get(held, "UZ"), "n"), 0);
    assert_int_equal(dash_int(json_object_get(held, "UZ"), "persons"), 2);
    json_t *derived = dash_derive(kinds, 10), *list = json_object_get(derived, "attention"), *need;
    size_t i, nobody = 0, stopped = 0;
    json_array_foreach(list, i, need)
    {
        bool is_uz = strcmp(dash_str(need, "party"), "UZ") == 0;
        if (strcmp(dash_str(need, "what"), "no_recipient") == 0) {
            assert_string_equal(dash_str(need, "party"), "KZ");
            assert_int_equal(dash_int(need, "n"), 1);
            nobody++;
            continue;
        }
        assert_string_equal(dash_str(need, "what"), "person_stopped");
        assert_string_equal(dash_str(need, "command"),
                            is_uz ? "convene recipient clear UZ 0" : "convene recipient clear KZ 0");
        assert_int_equal(dash_int(need, "n"), is_uz ? 2 : 1);
        stopped++;
    }
    assert_int_equal(nobody, 1);
    assert_int_equal(stopped, 2);
    json_decref(derived);
    json_decref(kinds);
    json_decref(held);
    json_decref(notices);
}

/* Those that cannot be reached are there, and a need each; those that were mended are gone. */
static void test_contacts(void **state)
{
    world_t *world = *state;
    static const char contact[] = "{'party': 'KZ', 'order': %s, 'state': '%s', 'since_ms': 5%s}";
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_CONTACT_V1, contact, "1", "returned", ", 'status': '5.1.1'"),
                     CV_OK);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_CONTACT_V1, contact, "0", "complained", ", 'event': 'E1'"),
                     CV_OK);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_CONTACT_V1, contact, "0", "complained", ", 'event': 'E2'"),
                     CV_OK);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_CONTACT_V1, contact, "2", "reachable", ""), CV_OK);
    assert_int_equal(json_object_size(dash_view_kind(world->view, "contact")), 3);
    json_t *kinds = json_pack("{s:O}", "contact", dash_view_kind(world->view, "contact"));
    json_t *derived = dash_derive(kinds, 10), *list = json_object_get(derived, "attention");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(dash_str(json_array_get(list, 1), "what"), "contact_returned");
    assert_string_equal(dash_str(json_array_get(list, 1), "about"), "1");
    assert_string_equal(dash_str(json_array_get(list, 0), "what"), "contact_complained");
    assert_int_equal(dash_int(json_array_get(list, 0), "n"), 2);
    assert_string_equal(dash_str(json_array_get(list, 0), "command"), "convene recipient contacts KZ");
    json_decref(derived);
    json_decref(kinds);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_CONTACT_V1, contact, "1", "reachable", ""), CV_OK);
    assert_null(dash_view_get(world->view, "contact", "KZ/1"));
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_CONTACT_V1, "{'order': 1, 'state': 'returned'}"), CV_EINVAL);
    assert_int_equal(dash_view_drop_stream(world->view, "notifications.events"), CV_OK);
    assert_int_equal(json_object_size(dash_view_kind(world->view, "contact")), 0);
}

static void test_what_is_refused(void **state)
{
    world_t *world = *state;
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1, "{'version': 1}"), CV_EINVAL);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_PARTY_V1, "{'name': 'Nobody'}"), CV_EINVAL);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_WORKITEM_V1, "{'plan': 'P'}"), CV_EINVAL);
    assert_int_equal(tell(world, CV_MSG_REGISTRATION_DECIDED_V1, "{'event': 'E1'}"), CV_EINVAL);
    assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1, "{'state': 'queued'}"), CV_EINVAL);
    assert_int_equal(json_object_size(dash_view_dirty(world->view)), 0);
    assert_int_equal(dash_view_load(world->view, "event", "E", CV_STR("{\"half\"")), CV_EMALFORMED);
    assert_int_equal(dash_view_load(world->view, "event", "E", CV_STR("[]")), CV_EMALFORMED);
}

/* Every entity through its text, as the store keeps it. */
static void test_a_loaded_view_is_the_same(void **state)
{
    world_t *world = *state;
    dash_view_t *copy;
    const char *kind, *key;
    json_t *keys, *mark;
    tell_party(world, "KZ", "member");
    tell_event(world, 1, "open", ", 'date_start': '2026-05-14', 'city': 'Baku'", s_rules);
    tell_decided(world, "KZ", "registered", "[{'number': 1, 'state': 'online'}]", 0, 0);
    settle(world);
    assert_int_equal(dash_view_new(&copy), CV_OK);
    json_object_foreach(dash_view_dirty(world->view), kind, keys)
    {
        json_object_foreach(keys, key, mark)
        {
            char *text = json_dumps(dash_view_get(world->view, kind, key), JSON_COMPACT);
            assert_int_equal(dash_view_load(copy, kind, key, cv_str(text)), CV_OK);
            free(text);
        }
    }
    dash_view_t *first = world->view;
    for (int i = 0; i < 2; i++) { /* what comes next has the same effect on both */
        world->now_ms = T0 + 900000;
        world->view = i ? copy : first;
        tell_decided(world, "KZ", "registered",
                     "[{'number': 1, 'state': 'withdrawn'}, {'number': 2, 'state': 'confirmed'}]", 1, 0);
        settle(world);
    }
    static const char *const all[] = {"party", "event", "answer", "persons", "seats", "feed", "tally"};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        assert_true(json_equal(dash_view_kind(first, all[i]), dash_view_kind(copy, all[i])));
    assert_int_equal(number_of(world, "answer", "E1/KZ", "online"), 0);
    world->view = first;
    dash_view_destroy(&copy);
}

static void test_a_snapshot_replaces(void **state)
{
    world_t *world = *state;
    tell_party(world, "KZ", "member");
    tell_event(world, 1, "open", "", s_rules);
    tell_decided(world, "KZ", "registered", "[]", 3, 0);
    settle(world);
    size_t feed_n = json_object_size(dash_view_kind(world->view, "feed"));
    dash_view_clean(world->view);
    assert_int_equal(dash_view_drop_stream(world->view, "registration.events"), CV_OK);
    assert_null(dash_view_get(world->view, "answer", "E1/KZ"));
    assert_non_null(json_object_get(json_object_get(dash_view_dirty(world->view), "answer"),
                                    "E1/KZ")); /* stored and told as gone */
    world->in_snapshot = true;
    assert_int_equal(tell(world, CV_MSG_REGISTRATION_DELEGATION_V1,
                          "{'event': 'E1', 'party': 'KZ', 'answer': 'registered', 'confirmed': 1, 'waiting': 2, "
                          "'online': 3, 'withdrawn': 4,"
                          " 'requests': 5, 'private_seq': 6, 'pending': 1}"),
                     CV_OK);
    settle(world);
    assert_seats(world, 1, 1, 8, 2);
    assert_int_equal(number_of(world, "seats", "E1", "pending"), 1);
    assert_int_equal(json_object_size(dash_view_kind(world->view, "feed")), feed_n); /* state, not news */
}

/* ---- what follows ------------------------------------------------------------------------------- */

static json_t *s_all(const world_t *world)
{
    static const char *const kinds[] = {"party",    "event",    "answer", "seats", "notice",
                                        "decision", "workitem", "report", "feed",  "service"};
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        json_object_set(all, kinds[i], dash_view_kind(world->view, kinds[i]));
    return all;
}

static const json_t *s_need(const json_t *derived, const char *what)
{
    const json_t *list = json_object_get(derived, "attention");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(dash_str(json_array_get(list, i), "what"), what) == 0)
            return json_array_get(list, i);
    return NULL;
}

static void test_what_needs_attention(void **state)
{
    world_t *world = *state;
    tell_party(world, "KZ", "member");
    json_t *kinds = s_all(world), *derived = dash_derive(kinds, world->now_ms);
    assert_int_equal(json_array_size(json_object_get(derived, "attention")), 0);
    json_decref(derived);
    tell_event(world, 1, "open", ", 'date_start': '2026-05-14', 'city': 'Baku', 'dimension': 'ECO'",
               "'capacity': 1, 'guaranteed': 0, 'maximum': 1, 'closes_ms': 2");
    tell_decided(world, "KZ", "registered", "[]", 1, 2);
    assert_int_equal(tell(world, CV_MSG_SCHEDULING_EVENT_V1,
                          "{'event': 'E2', 'version': 1, 'status': 'open', 'change': 'changed', 'title': 'Other',"
                          " 'plan_year': 2026, 'line': 'cbm', 'date_start': '2026-05-13', 'date_end': '2026-05-14', "
                          "'city': 'Astana'}"),
                     CV_OK);
    assert_int_equal(tell(world, CV_MSG_REGISTRATION_DECIDED_V1,
                          "{'event': 'E2', 'party': 'KZ', 'class': 'OK', 'answer': 'registered',"
                          " 'code': 'registered', 'seats': {'party_confirmed': 1, 'party_waiting': 0}}"),
                     CV_OK);
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_DECISION_V1,
             "{'decision': 'D1', 'state': 'open', 'step': 'opened', 'expires_ms': %lld, 'title': 'T', 'text': 'long'}",
             (long long)(world->now_ms + 7200000)),
        CV_OK);
    assert_null(json_object_get(dash_view_get(world->view, "decision", "D1"), "text"));
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_WORKITEM_V1,
             "{'plan': 'P', 'item': 'I', 'title': 'Draft', 'state': 'planned', 'progress': 0, 'overdue': true}"),
        CV_OK);
    settle(world);
    derived = dash_derive(kinds, world->now_ms);
    assert_int_equal(dash_int(s_need(derived, "full"), "n"), 2);
    assert_string_equal(dash_str(s_need(derived, "clash"), "command"), "convene delegation show E2/KZ");
    assert_string_equal(dash_str(s_need(derived, "clash"), "event"), "E1");
    assert_int_equal(dash_int(s_need(derived, "silence"), "n"), 1);
    assert_string_equal(dash_str(s_need(derived, "overdue"), "about"), "Draft");
    assert_null(s_need(derived, "service"));
    const json_t *now = json_object_get(derived, "now");
    assert_int_equal(dash_int(now, "events_open"), 2);
    assert_int_equal(dash_int(now, "silences"), 1);
    assert_int_equal(json_array_size(json_object_get(derived, "progress")), 3); /* ECO, no dimension; no proposer */
    json_decref(derived);
    /* What is cancelled clashes with nothing. */
    tell_event(world, 2, "cancelled", ", 'date_start': '2026-05-14', 'city': 'Baku'", "");
    derived = dash_derive(kinds, world->now_ms);
    assert_null(s_need(derived, "clash"));
    json_decref(derived);
    json_decref(kinds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
        TEST(test_seats_fill),
        TEST(test_rules_change_seats_without_a_decision),
        TEST(test_more_is_guaranteed_than_there_is),
        TEST(test_a_refused_request_changes_no_person),
        TEST(test_persons_by_number),
        TEST(test_moved_and_history),
        TEST(test_a_programme_without_people),
        TEST(test_the_public_sees_the_newest_release),
        TEST(test_notices_and_feed_are_bounded),
        TEST(test_dead_after_the_end),
        TEST(test_held),
        TEST(test_contacts),
        TEST(test_what_is_refused),
        TEST(test_a_loaded_view_is_the_same),
        TEST(test_a_snapshot_replaces),
        TEST(test_what_needs_attention),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
