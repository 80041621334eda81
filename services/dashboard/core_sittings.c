/* core_sittings: see core_sittings.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_sittings.h"

#include <stdio.h>
#include <string.h>

static cv_str_t s_text(const json_t *object, const char *name)
{
    return cv_str(json_string_value(json_object_get(object, name)));
}

static size_t s_texts(const json_t *object, const char *name, cv_str_t *ret_texts, size_t max)
{
    const json_t *list = json_object_get(object, name);
    size_t n = json_array_size(list) < max ? json_array_size(list) : max;
    for (size_t i = 0; i < n; i++)
        ret_texts[i] = cv_str(json_string_value(json_array_get(list, i)));
    return n;
}

/* The first is as good as a chair: the evaluator asks who is in it, and not as what. */
static void s_people_of(const dash_view_t *view, const char *key, const json_t *json, cv_session_t *ret_session)
{
    char version[24];
    (void)snprintf(version, sizeof(version), "%lld", (long long)dash_int(json, "version"));
    const json_t *people = json_object_get(dash_view_get(view, "people", key), version);
    size_t n = json_array_size(people);
    ret_session->has_chair = n > 0;
    for (size_t i = 0; i < n && i <= CV_SESSION_SPEAKERS_MAX; i++) {
        const json_t *one = json_array_get(people, i);
        const cv_session_person_t person = {
            .person = s_text(one, "person"), .from = s_text(one, "from"), .until = s_text(one, "until")};
        if (i == 0)
            ret_session->chair = person;
        else
            ret_session->speakers[ret_session->speakers_n++] = person;
    }
}

sch_sitting_t dash_sitting_of(const dash_view_t *view, const char *key, const json_t *json)
{
    sch_sitting_t made = {.version = dash_int(json, "version"),
                          .cancelled = json_is_true(json_object_get(json, "cancelled")),
                          .has_begin_ms = json_object_get(json, "begin_ms") != NULL,
                          .begin_ms = dash_int(json, "begin_ms"),
                          .has_until_ms = json_object_get(json, "until_ms") != NULL,
                          .until_ms = dash_int(json, "until_ms")};
    cv_session_t *session = &made.session;
    session->event = s_text(json, "event");
    session->session = s_text(json, "session");
    session->kind = cv_session_kind_parse(s_text(json, "kind"));
    session->minutes = dash_int(json, "minutes");
    session->start = s_text(json, "start");
    session->zone = s_text(json, "zone");
    session->venue = s_text(json, "venue");
    session->room = s_text(json, "room");
    session->has_expected = json_object_get(json, "expected") != NULL;
    session->expected = dash_int(json, "expected");
    session->track = s_text(json, "track");
    session->language = s_text(json, "language");
    session->wish_from = s_text(json, "wish_from");
    session->wish_until = s_text(json, "wish_until");
    session->wish_room = s_text(json, "wish_room");
    session->parties_n = s_texts(json, "parties", session->parties, CV_SESSION_PARTIES_MAX);
    session->languages_n = s_texts(json, "languages", session->languages, CV_SESSION_LANGUAGES_MAX);
    session->features_n = s_texts(json, "features", session->features, CV_SESSION_FEATURES_MAX);
    session->welcome_n = s_texts(json, "welcome", session->welcome, CV_SESSION_WELCOME_MAX);
    session->after_n = s_texts(json, "after", session->after, CV_SESSION_AFTER_MAX);
    session->themes_n = s_texts(json, "themes", session->themes, CV_SESSION_THEMES_MAX);
    s_people_of(view, key, json, session);
    return made;
}

cv_room_t dash_room_of(const json_t *json)
{
    cv_room_t room = {.venue = s_text(json, "venue"),
                      .room = s_text(json, "room"),
                      .seats = dash_int(json, "seats"),
                      .booths = dash_int(json, "booths"),
                      .turnaround = dash_int(json, "turnaround"),
                      .closed = json_is_true(json_object_get(json, "closed"))};
    const json_t *available = json_object_get(json, "available");
    room.features_n = s_texts(json, "features", room.features, CV_ROOM_FEATURES_MAX);
    while (room.available_n < json_array_size(available) && room.available_n < CV_ROOM_AVAILABLE_MAX) {
        const json_t *span = json_array_get(available, room.available_n);
        room.available[room.available_n++] = (cv_room_span_t){s_text(span, "from"), s_text(span, "until")};
    }
    return room;
}

size_t dash_pauses_of(const json_t *venue, cv_pause_t ret_pauses[CV_VENUE_PAUSES_MAX])
{
    const json_t *pauses = json_object_get(venue, "pauses");
    size_t n = 0;
    for (; n < json_array_size(pauses) && n < CV_VENUE_PAUSES_MAX; n++) {
        const json_t *one = json_array_get(pauses, n);
        ret_pauses[n] = (cv_pause_t){cv_weekday_parse(s_text(one, "day")), s_text(one, "from"), s_text(one, "until")};
    }
    return n;
}

void dash_rules_of(const dash_view_t *view, sch_rule_t ret_rules[SCH_PROGRAMME_RULES_N])
{
    memcpy(ret_rules, SCH_PROGRAMME_RULES_DEFAULT, SCH_PROGRAMME_RULES_N * sizeof(*ret_rules));
    for (int i = 0; i < SCH_PROGRAMME_RULES_N; i++) {
        const json_t *set = dash_view_get(view, "rule", ret_rules[i].id);
        cv_rule_effect_t effect = cv_rule_effect_parse(s_text(set, "effect"));
        if (effect != CV_RULE_EFFECT_ABSENT)
            ret_rules[i].effect = (sch_effect_t)(effect - CV_RULE_EFFECT_FORBID);
    }
}

/* ---- people ------------------------------------------------------------------------------------------- */

/* A new reference. */
static json_t *s_person(const json_t *from)
{
    static const char *const kept[] = {"person", "from", "until"};
    json_t *person = json_object();
    for (size_t i = 0; person && i < sizeof(kept) / sizeof(kept[0]); i++)
        if (json_object_get(from, kept[i]))
            json_object_set(person, kept[i], json_object_get(from, kept[i]));
    return person;
}

static json_t *s_people_in(const json_t *record)
{
    json_t *persons = json_array(), *chair = json_object_get(record, "chair"), *speaker;
    size_t i;
    if (chair)
        json_array_append_new(persons, s_person(chair));
    json_array_foreach(json_object_get(record, "speakers"), i, speaker)
    {
        json_array_append_new(persons, s_person(speaker));
    }
    return persons;
}

int dash_sitting_keep_people(dash_view_t *view, const char *key, const json_t *record)
{
    static const char *const versions[] = {"session", "draft"};
    const json_t *before = dash_view_get(view, "people", key);
    json_t *people = json_object(), *persons = s_people_in(record);
    int rc = people && persons ? CV_OK : CV_ENOMEM;
    for (size_t i = 0; !rc && i < sizeof(versions) / sizeof(versions[0]); i++) {
        char version[24];
        int64_t number = dash_int(dash_view_get(view, versions[i], key), "version");
        (void)snprintf(version, sizeof(version), "%lld", (long long)number);
        json_t *of_it = number == dash_int(record, "version") ? persons : json_object_get(before, version);
        if (json_array_size(of_it) && json_object_set(people, version, of_it))
            rc = CV_ENOMEM;
    }
    json_decref(persons);
    bool any = json_object_size(people) > 0;
    if (!rc && (any || before))
        return dash_view_put(view, "people", key, any ? people : (json_decref(people), NULL));
    json_decref(people);
    return rc;
}
