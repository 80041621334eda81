/* test_dashboard_truth: the hash over a view is that of what the streams say, not of how they came here.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_truth.h"
#include "dashboard/mirror.h"

#include "dashboard_world.h"

#include <stdlib.h>

static const char s_rules[] = "'capacity': 10, 'guaranteed': 2, 'maximum': 4, 'waiting': 'strict', 'group': 'each', "
                              "'opens_ms': 1, 'closes_ms': 2, 'release_ms': 1772200000000";
static const char s_two[] = "[{'number': 1, 'state': 'confirmed'}, {'number': 2, 'state': 'confirmed'}]";

/* In a room that is closed, and so broken. */
static void tell_session(world_t *world, const char *session, int version, const char *cancelled)
{
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_SESSION_V1,
             "{'event': 'E1', 'session': '%s', 'version': %d, 'change': 'put', 'cancelled': %s, 'title': 'T%d',"
             " 'kind': 'parallel', 'minutes': 60, 'start': '2026-05-15T10:00', 'begin_ms': 1778839200000,"
             " 'until_ms': 1778842800000, 'venue': 'HALL', 'room': 'A', 'chair': {'person': 'P-1'}}",
             session, version, cancelled, version),
        CV_OK);
}

static void tell_release(world_t *world, int version)
{
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_RELEASE_V1,
             "{'release': 'R1', 'event': 'E1', 'number': 1, 'at_ms': 1, 'items': [{'item': 'S1', 'version': %d}]}",
             version),
        CV_OK);
}

/* What a stream says, the n-th record; false: no more. Each has its own times, as its service stamped them. */
static bool s_scheduling(world_t *world, int n)
{
    world->now_ms = T0 + n * 1000;
    switch (n) {
    case 0:
        tell_party(world, "KZ", "member");
        return true;
    case 1:
        tell_party(world, "AZ", "member");
        return true;
    case 2:
        tell_event(world, 1, "scheduled", ", 'date_start': '2026-05-14', 'city': 'Baku'", s_rules);
        return true;
    case 3:
        tell_event(world, 2, "open", ", 'date_start': '2026-05-15', 'city': 'Ankara'", s_rules);
        return true;
    case 4:
        assert_int_equal(tell(world, CV_MSG_SCHEDULING_ROOM_V1,
                              "{'venue': 'HALL', 'room': 'A', 'name': 'Hall', 'seats': 9, 'closed': true}"),
                         CV_OK);
        return true;
    case 5:
    case 7:
    case 8:
        tell_session(world, "S1", n - 4, "false");
        return true;
    case 6:
        assert_int_equal(tell(world, CV_MSG_SCHEDULING_RULE_V1,
                              "{'rule': 'B6', 'level': 'hard', 'effect': 'forbid', 'weight': 1, 'text': 'T'}"),
                         CV_OK);
        return true;
    case 9:
        tell_release(world, 4);
        return true;
    case 10:
        tell_session(world, "S1", 5, "false");
        return true;
    case 11:
    case 12:
        tell_session(world, "S2", n - 10, n == 12 ? "true" : "false");
        return true;
    default:
        return false;
    }
}

static bool s_registration(world_t *world, int n)
{
    world->now_ms = T0 + n * 1500;
    switch (n) {
    case 0:
        tell_decided(world, "KZ", "registered", s_two, 2, 0);
        return true;
    case 1:
        tell_decided(world, "AZ", "registered", "[{'number': 1, 'state': 'confirmed'}]", 1, 0);
        return true;
    case 2:
        tell_decided(world, "AZ", "registered", "[{'number': 1, 'state': 'withdrawn'}]", 0, 0);
        return true;
    default:
        return false;
    }
}

static bool s_notifications(world_t *world, int n)
{
    world->now_ms = T0 + n * 1700;
    static const char *const states[] = {"queued", "written"};
    for (int i = 0; i < 2; i++)
        if (n == i)
            assert_int_equal(tell(world, CV_MSG_NOTIFICATIONS_NOTICE_V1,
                                  "{'notice': 'N1', 'party': 'KZ', 'state': '%s', 'attempt': 1}", states[i]),
                             CV_OK);
    return n < 2;
}

/* The kinds as a page has them. Borrowed from the view, but for the object around. */
static json_t *s_kinds(const world_t *world)
{
    json_t *kinds = json_object();
    for (size_t i = 0; dash_view_kinds[i]; i++)
        json_object_set(kinds, dash_view_kinds[i], dash_view_kind(world->view, dash_view_kinds[i]));
    return kinds;
}

static void s_hash(const world_t *world, char ret_hex[DASH_TRUTH_HEX])
{
    json_t *kinds = s_kinds(world), *truth = dash_truth_of(kinds, dash_view_kind(world->view, "origin"));
    assert_non_null(truth);
    assert_int_equal(dash_truth_hash(truth, ret_hex), CV_OK);
    json_decref(truth);
    json_decref(kinds);
}

/* All streams, mixed by a seed, settled now and then, perhaps stored and loaded on the way. */
static void s_follow(world_t *world, unsigned seed, bool restarts)
{
    bool (*const streams[])(world_t *, int) = {s_scheduling, s_registration, s_notifications};
    int at[3] = {0}, left = 3;
    bool over[3] = {false};
    dash_view_destroy(&world->view);
    assert_int_equal(dash_view_new(&world->view), CV_OK);
    while (left) {
        seed = seed * 1103515245U + 12345U;
        unsigned which = (seed >> 16) % 3;
        if (over[which])
            continue;
        if (!streams[which](world, at[which]++)) {
            over[which] = true;
            left--;
        }
        if (seed & 0x1000000U)
            settle(world);
        if (!restarts || !(seed & 0x2000000U))
            continue;
        settle(world);
        dash_view_t *loaded;
        assert_int_equal(dash_view_new(&loaded), CV_OK);
        static const char *const hidden[] = {"persons", "origin", "draft", "frozen", "people", NULL};
        for (int i = 0; i < 2; i++)
            for (const char *const *kind = i ? hidden : dash_view_kinds; *kind; kind++) {
                const char *key;
                json_t *value;
                json_object_foreach(dash_view_kind(world->view, *kind), key, value)
                {
                    char *text = json_dumps(value, JSON_COMPACT);
                    assert_int_equal(dash_view_load(loaded, *kind, key, cv_str(text)), CV_OK);
                    free(text);
                }
            }
        dash_view_destroy(&world->view);
        world->view = loaded;
    }
    world->now_ms = T0 + 100000;
    assert_int_equal(dash_view_touch_seats(world->view), CV_OK);
    settle(world);
}

static void test_however_streams_are_mixed(void **state)
{
    world_t *world = *state;
    char first[DASH_TRUTH_HEX], hex[DASH_TRUTH_HEX];
    s_follow(world, 1, false);
    s_hash(world, first);
    assert_int_equal(strlen(first), 64);
    for (unsigned seed = 2; seed < 200; seed++) {
        s_follow(world, seed, seed % 2);
        s_hash(world, hex);
        assert_string_equal(hex, first);
    }
}

/* Everything that is shown is in it: whichever text or number is changed, the hash is another one. */
static void test_each_value_matters(void **state)
{
    world_t *world = *state;
    char first[DASH_TRUTH_HEX], hex[DASH_TRUTH_HEX];
    s_follow(world, 1, false);
    s_hash(world, first);
    json_t *kinds = s_kinds(world), *all, *entity, *value;
    const char *kind, *key, *field;
    size_t n = 0;
    json_object_foreach(kinds, kind, all)
    {
        if (strcmp(kind, "feed") == 0 || strcmp(kind, "tally") == 0)
            continue;
        json_object_foreach(all, key, entity)
        {
            json_t *copy = json_copy(entity);
            json_object_foreach(copy, field, value)
            {
                json_t *changed = json_deep_copy(kinds);
                json_object_set_new(json_object_get(json_object_get(changed, kind), key), field, json_string("other"));
                json_t *truth = dash_truth_of(changed, NULL);
                assert_int_equal(dash_truth_hash(truth, hex), CV_OK);
                assert_string_not_equal(hex, first);
                json_decref(truth);
                json_decref(changed);
                n++;
            }
            json_decref(copy);
        }
    }
    assert_true(n > 40);
    json_decref(kinds);
}

/* Texts that run into each other elsewhere: "a" "bc" is not "ab" "c". */
static void test_borders_matter(void **state)
{
    char one[DASH_TRUTH_HEX], other[DASH_TRUTH_HEX];
    (void)state;
    json_t *a = json_pack("{s:{s:{s:s}}}", "body", "a", "code", "b"),
           *b = json_pack("{s:{s:{s:s}}}", "body", "ab", "code", "");
    assert_int_equal(dash_truth_hash(a, one), CV_OK);
    assert_int_equal(dash_truth_hash(b, other), CV_OK);
    assert_string_not_equal(one, other);
    json_decref(a);
    json_decref(b);
}

/* The documented encoding, so that others can compute it: BLAKE2b-256 as any library does it. */
static void test_the_encoding_is_as_it_is_said(void **state)
{
    char hex[DASH_TRUTH_HEX];
    (void)state;
    json_t *truth = json_pack("{s:{s:{s:s, s:i}, s:{s:s}}, s:{}}", "party", "KZ", "name", "Қазақстан", "code", 1, "AZ",
                              "name", "Azerbaijan", "body");
    assert_int_equal(dash_truth_hash(truth, hex), CV_OK);
    assert_string_equal(hex, "0e548af153659daeeb35b5b3c5790c602237332511d080d546f4fe96eb3b7eed");
    json_decref(truth);
}

/* A stream that came as a snapshot and one that was followed from the beginning say the same of what is. */
static void test_a_snapshot_has_the_same_state(void **state)
{
    world_t *world = *state;
    char one[DASH_TRUTH_HEX], other[DASH_TRUTH_HEX];
    s_follow(world, 1, false);
    json_t *kinds = s_kinds(world), *origins = json_pack("{s:{s:b}}", "registration.events", "snapshot", 1);
    json_t *truth = dash_truth_of(kinds, origins);
    assert_int_equal(dash_truth_hash(truth, one), CV_OK);
    json_decref(truth);
    json_decref(kinds);
    json_decref(origins);
    s_hash(world, other);
    assert_string_not_equal(one, other); /* the whole history says more */
    assert_int_equal(dash_view_drop_stream(world->view, "registration.events"), CV_OK);
    world->in_snapshot = true;
    world->now_ms = T0 + 50000;
    assert_int_equal(
        tell(world, CV_MSG_REGISTRATION_DELEGATION_V1,
             "{'event': 'E1', 'party': 'KZ', 'answer': 'registered', 'confirmed': 2, 'waiting': 0, 'online': 0,"
             " 'withdrawn': 0}"),
        CV_OK);
    assert_int_equal(
        tell(world, CV_MSG_REGISTRATION_DELEGATION_V1,
             "{'event': 'E1', 'party': 'AZ', 'answer': 'registered', 'confirmed': 0, 'waiting': 0, 'online': 0,"
             " 'withdrawn': 1}"),
        CV_OK);
    world->now_ms = T0 + 100000;
    settle(world);
    s_hash(world, other);
    assert_string_equal(other, one);
}

/* The same of a programme: rooms, the release, the session in it; what it is made from is in no hash. */
static void test_a_snapshot_has_the_same_programme(void **state)
{
    world_t *world = *state;
    char one[DASH_TRUTH_HEX], other[DASH_TRUTH_HEX];
    s_follow(world, 1, false);
    assert_int_equal(dash_int(dash_view_get(world->view, "session", "E1/S1"), "version"), 4);
    assert_non_null(dash_view_get(world->view, "conflict", "E1"));
    json_t *kinds = s_kinds(world), *origins = json_pack("{s:{s:b}}", "scheduling.events", "snapshot", 1);
    json_t *truth = dash_truth_of(kinds, origins);
    static const char *const programme[] = {"conflict", "release", "room", "rule", "session"};
    for (size_t i = 0; i < sizeof(programme) / sizeof(programme[0]); i++)
        assert_int_equal(json_object_size(json_object_get(truth, programme[i])), 1);
    assert_int_equal(dash_truth_hash(truth, one), CV_OK);
    json_decref(truth);
    json_decref(kinds);
    json_decref(origins);
    assert_int_equal(dash_view_drop_stream(world->view, "scheduling.events"), CV_OK);
    world->in_snapshot = true;
    tell_release(world, 4);
    for (int n = 0; n < 7; n++)
        if (n != 5)
            (void)s_scheduling(world, n);
    world->now_ms = T0 + 400000;
    tell_session(world, "S1", 4, "false");
    tell_session(world, "S1", 5, "false");
    tell_session(world, "S2", 2, "true");
    world->now_ms = T0 + 100000;
    settle(world);
    s_hash(world, other);
    assert_string_equal(other, one);
}

/* The mirror's proof: of what is there, with the positions that came with it. */
static void test_the_proof_of_a_mirror(void **state)
{
    world_t *world = *state;
    char hex[DASH_TRUTH_HEX];
    dash_mirror_t *mirror;
    const json_t *proof, *again;
    s_follow(world, 1, false);
    s_hash(world, hex);
    assert_int_equal(dash_mirror_new(&mirror), CV_OK);
    dash_batch_t *batch = dash_batch_new(true);
    json_t *kinds = s_kinds(world), *all, *value,
           *position = json_pack("{s:s, s:i, s:s}", "epoch", "00", "seq", 7, "chain", "ff");
    const char *kind, *key;
    json_object_foreach(kinds, kind, all)
    {
        json_object_foreach(all, key, value)
        {
            assert_int_equal(dash_batch_add(batch, kind, key, value), CV_OK);
        }
    }
    assert_int_equal(dash_batch_add(batch, "position", "registration.events", position), CV_OK);
    assert_int_equal(dash_mirror_take(mirror, batch), CV_OK);
    dash_batch_destroy(&batch);
    assert_int_equal(dash_mirror_prove(mirror, &proof), CV_OK);
    assert_string_equal(dash_str(proof, "hash"), hex);
    assert_int_equal(dash_int(proof, "settled_ms"), T0 + 100000);
    assert_int_equal(dash_int(json_object_get(json_object_get(proof, "positions"), "registration.events"), "seq"), 7);
    json_t *shown = dash_mirror_public(mirror);
    assert_null(json_object_get(shown, "position"));
    json_decref(shown);
    /* Nothing that it is about has changed; then something has. */
    assert_int_equal(dash_mirror_derive(mirror, T0), CV_OK);
    assert_int_equal(dash_mirror_prove(mirror, &again), CV_OK);
    assert_ptr_equal(again, proof);
    batch = dash_batch_new(false);
    value = json_pack("{s:s}", "code", "KZ");
    assert_int_equal(dash_batch_add(batch, "party", "KZ", value), CV_OK);
    assert_int_equal(dash_mirror_take(mirror, batch), CV_OK);
    dash_batch_destroy(&batch);
    assert_int_equal(dash_mirror_prove(mirror, &again), CV_OK);
    assert_string_not_equal(dash_str(again, "hash"), hex);
    json_decref(value);
    json_decref(position);
    json_decref(kinds);
    dash_mirror_destroy(&mirror);
}

/* The kinds are hashed in the order of the list: it must be that of their octets. */
static void test_kinds_are_in_order(void **state)
{
    (void)state;
    for (size_t i = 1; dash_view_kinds[i]; i++)
        assert_true(strcmp(dash_view_kinds[i - 1], dash_view_kinds[i]) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
        TEST(test_however_streams_are_mixed),
        TEST(test_each_value_matters),
        TEST(test_borders_matter),
        TEST(test_the_encoding_is_as_it_is_said),
        TEST(test_a_snapshot_has_the_same_state),
        TEST(test_a_snapshot_has_the_same_programme),
        TEST(test_the_proof_of_a_mirror),
        TEST(test_kinds_are_in_order),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
