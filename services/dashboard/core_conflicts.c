/* core_conflicts: see core_conflicts.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_conflicts.h"

#include "scheduling/core.h"
#include "scheduling/core_conflicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A session that is shown, with what it is judged by. */
typedef struct {
    const json_t *json;
    const char *event;
    sch_sitting_t sitting;
} s_session_t;

typedef struct {
    const dash_view_t *view;
    s_session_t *sessions; /* placed, in the order of events and codes */
    size_t n;
    const s_session_t **by_time;
    const sch_sitting_t **near; /* of one */
    int64_t longest_ms, reach_ms;
    sch_rule_t rules[SCH_PROGRAMME_RULES_N];
    sch_conflict_t found[SCH_CONFLICTS_MAX];
} s_programmes_t;

/* ---- from JSON ------------------------------------------------------------------------------------ */

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
        const cv_session_person_t person = {.person = cv_str(json_string_value(json_array_get(people, i)))};
        if (i == 0)
            ret_session->chair = person;
        else
            ret_session->speakers[ret_session->speakers_n++] = person;
    }
}

static sch_sitting_t s_sitting(const dash_view_t *view, const char *key, const json_t *json)
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
    session->themes_n = s_texts(json, "themes", session->themes, CV_SESSION_THEMES_MAX);
    s_people_of(view, key, json, session);
    return made;
}

static cv_room_t s_room(const json_t *json)
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

static void s_take_rules(s_programmes_t *all)
{
    memcpy(all->rules, SCH_PROGRAMME_RULES_DEFAULT, sizeof(all->rules));
    for (int i = 0; i < SCH_PROGRAMME_RULES_N; i++) {
        const json_t *set = dash_view_get(all->view, "rule", all->rules[i].id);
        cv_rule_effect_t effect = cv_rule_effect_parse(s_text(set, "effect"));
        if (effect != CV_RULE_EFFECT_ABSENT)
            all->rules[i].effect = (sch_effect_t)(effect - CV_RULE_EFFECT_FORBID);
    }
}

static int s_by_code(const void *a, const void *b)
{
    const s_session_t *one = a, *other = b;
    int order = strcmp(one->event, other->event);
    return order ? order : strcmp(dash_str(one->json, "session"), dash_str(other->json, "session"));
}

static int s_by_time(const void *a, const void *b)
{
    const s_session_t *one = *(const s_session_t *const *)a, *other = *(const s_session_t *const *)b;
    int64_t apart_ms = one->sitting.begin_ms - other->sitting.begin_ms;
    return apart_ms ? (apart_ms < 0 ? -1 : 1) : s_by_code(one, other);
}

static int s_take(s_programmes_t *all)
{
    const char *key;
    json_t *json, *sessions = dash_view_kind(all->view, "session");
    all->sessions = calloc(json_object_size(sessions) + 1, sizeof(*all->sessions));
    if (!all->sessions)
        return CV_ENOMEM;
    json_object_foreach(sessions, key, json)
    {
        s_session_t one = {.json = json, .event = dash_str(json, "event"), .sitting = s_sitting(all->view, key, json)};
        if (!sch_is_placed(&one.sitting) || !one.sitting.has_until_ms)
            continue;
        int64_t long_ms = one.sitting.until_ms - one.sitting.begin_ms;
        all->longest_ms = long_ms > all->longest_ms ? long_ms : all->longest_ms;
        all->sessions[all->n++] = one;
    }
    qsort(all->sessions, all->n, sizeof(*all->sessions), s_by_code);
    all->by_time = calloc(all->n + 1, sizeof(*all->by_time));
    all->near = calloc(all->n + 1, sizeof(*all->near));
    if (!all->by_time || !all->near)
        return CV_ENOMEM;
    for (size_t i = 0; i < all->n; i++)
        all->by_time[i] = &all->sessions[i];
    qsort((void *)all->by_time, all->n, sizeof(*all->by_time), s_by_time);
    json_object_foreach(dash_view_kind(all->view, "room"), key, json)
    {
        const cv_room_t room = {.turnaround = dash_int(json, "turnaround")};
        all->reach_ms = sch_reach_ms(&room) > all->reach_ms ? sch_reach_ms(&room) : all->reach_ms;
    }
    s_take_rules(all);
    return CV_OK;
}

/* ---- one session ----------------------------------------------------------------------------------- */

/* The whole event, and what is at about that time elsewhere: people and rooms are shared. */
static size_t s_near(s_programmes_t *all, size_t first, size_t end, const sch_sitting_t *sitting)
{
    size_t n = 0, low = 0, high = all->n;
    int64_t from_ms = sitting->begin_ms - all->reach_ms - all->longest_ms, until_ms = sitting->until_ms + all->reach_ms;
    for (size_t i = first; i < end; i++)
        all->near[n++] = &all->sessions[i].sitting;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->by_time[middle]->sitting.begin_ms < from_ms)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < all->n && all->by_time[low]->sitting.begin_ms < until_ms; low++)
        if (strcmp(all->by_time[low]->event, all->sessions[first].event) != 0)
            all->near[n++] = &all->by_time[low]->sitting;
    return n;
}

static size_t s_judge(s_programmes_t *all, const sch_sitting_t *sitting, const json_t *room, size_t near_n,
                      const json_t *event)
{
    sch_cover_t covers[CV_SESSION_PARTIES_MAX];
    cv_room_t made = s_room(room);
    sch_around_t around = {
        .near = all->near, .near_n = near_n, .room = room ? &made : NULL, .covers = covers, .rules = all->rules};
    for (size_t i = 0; i < sitting->session.parties_n; i++) {
        const json_t *party = dash_view_get(all->view, "party", sitting->session.parties[i].ptr);
        if (json_object_get(party, "delegation_size"))
            covers[around.covers_n++] = (sch_cover_t){sitting->session.parties[i], dash_int(party, "delegation_size")};
    }
    const cv_event_details_t details = {.date_start = s_text(event, "date_start"),
                                        .date_end = s_text(event, "date_end")};
    around.has_days = sch_days(&details, &around.first_day, &around.last_day);
    size_t n = sch_conflicts_of(sitting, &around, all->found);
    return n < SCH_CONFLICTS_MAX ? n : SCH_CONFLICTS_MAX;
}

static bool s_blocks(const s_programmes_t *all, const sch_conflict_t *conflict)
{
    sch_effect_t effect = all->rules[conflict->rule].effect;
    return effect == SCH_FORBID || effect == SCH_BLOCK_RELEASE;
}

static bool s_is_of_room(const sch_conflict_t *conflict)
{
    return conflict->why == SCH_WHY_ROOM_TAKEN || conflict->why == SCH_WHY_ROOM_CLOSED ||
           conflict->why == SCH_WHY_ROOM_LACKS || conflict->why == SCH_WHY_BOOTHS;
}

static const json_t *s_room_of(const dash_view_t *view, const sch_sitting_t *sitting)
{
    char key[DASH_KEY_MAX];
    (void)snprintf(key, sizeof(key), "%.*s/%.*s", CV_STR_ARG(sitting->session.venue),
                   CV_STR_ARG(sitting->session.room));
    return dash_view_get(view, "room", key);
}

/* The first room by code of that venue in which nothing would speak of its room. NULL: none. Leaves `found` changed. */
static const char *s_other_room(s_programmes_t *all, const sch_sitting_t *sitting, size_t near_n, const json_t *event)
{
    const char *key, *best = NULL;
    json_t *room;
    json_object_foreach(dash_view_kind(all->view, "room"), key, room)
    {
        sch_sitting_t moved = *sitting;
        bool good = cv_str_is(moved.session.venue, dash_str(room, "venue")) && (!best || strcmp(key, best) < 0);
        if (!good)
            continue;
        moved.session.room = s_text(room, "room");
        size_t n = s_judge(all, &moved, room, near_n, event);
        for (size_t i = 0; i < n; i++)
            good = good && !(s_is_of_room(&all->found[i]) && s_blocks(all, &all->found[i]));
        best = good ? key : best;
    }
    return best;
}

/* ---- told -------------------------------------------------------------------------------------------- */

static const char *const s_whys[SCH_WHYS] = {[SCH_WHY_ROOM_TAKEN] = "room_taken",
                                             [SCH_WHY_ROOM_CLOSED] = "room_closed",
                                             [SCH_WHY_ROOM_LACKS] = "room_lacks",
                                             [SCH_WHY_PERSON] = "person",
                                             [SCH_WHY_DELEGATION] = "delegation",
                                             [SCH_WHY_BOOTHS] = "booths",
                                             [SCH_WHY_BREAK] = "break",
                                             [SCH_WHY_PLENARY] = "plenary",
                                             [SCH_WHY_OPENING] = "opening",
                                             [SCH_WHY_CLOSING] = "closing",
                                             [SCH_WHY_DAYS] = "days"};

/* Of two sides the first tells; before an opening and behind a closing, the one that is. */
static bool s_is_told(const sch_sitting_t *sitting, const sch_conflict_t *conflict)
{
    if (!conflict->other)
        return true;
    if (conflict->why == SCH_WHY_OPENING || conflict->why == SCH_WHY_CLOSING)
        return sitting->session.kind !=
               (conflict->why == SCH_WHY_OPENING ? CV_SESSION_KIND_OPENING : CV_SESSION_KIND_CLOSING);
    const cv_session_t *one = &sitting->session, *other = &conflict->other->session;
    int order = strcmp(one->event.ptr, other->event.ptr);
    return conflict->why == SCH_WHY_TRACK || (order ? order : strcmp(one->session.ptr, other->session.ptr)) < 0;
}

static bool s_is_for_all(cv_session_kind_t kind)
{
    return kind == CV_SESSION_KIND_OPENING || kind == CV_SESSION_KIND_PLENARY || kind == CV_SESSION_KIND_CLOSING ||
           kind == CV_SESSION_KIND_BREAK;
}

/* Whether the working version of a released session is elsewhere. */
static bool s_has_moved(const dash_view_t *view, const sch_sitting_t *sitting)
{
    char key[DASH_KEY_MAX];
    (void)snprintf(key, sizeof(key), "%s/%s", sitting->session.event.ptr, sitting->session.session.ptr);
    const json_t *shown = dash_view_get(view, "session", key), *draft = dash_view_get(view, "draft", key);
    static const char *const places[] = {"begin_ms", "venue", "room", "cancelled"};
    bool moved = false;
    for (size_t i = 0; draft && i < sizeof(places) / sizeof(places[0]); i++)
        moved = moved || !(json_object_get(shown, places[i]) == json_object_get(draft, places[i]) ||
                           json_equal(json_object_get(shown, places[i]), json_object_get(draft, places[i])));
    return moved;
}

/* "EVENT NAME" of the next release; NULL: it has none, so what is edited is shown. A new reference. */
static json_t *s_next_release(const dash_view_t *view, const char *event)
{
    const json_t *frozen = dash_view_get(view, "frozen", event);
    char key[DASH_KEY_MAX];
    int64_t number = dash_int(frozen, "number");
    if (!frozen)
        return NULL;
    do
        (void)snprintf(key, sizeof(key), "%s/V%lld", event, (long long)++number);
    while (dash_view_get(view, "release", key));
    return json_sprintf("%s V%lld", event, (long long)number);
}

static void s_set(json_t *row, const char *name, json_t *value)
{
    if (value)
        (void)json_object_set_new(row, name, value);
}

static json_t *s_row(s_programmes_t *all, const s_session_t *one, const sch_conflict_t *conflict, const char *room)
{
    const sch_sitting_t *sitting = &one->sitting, *other = conflict->other;
    const char *why = s_whys[conflict->why] ? s_whys[conflict->why] : "rule";
    json_t *row = json_pack("{s:s, s:O, s:I, s:I, s:I}", "why", why, "session", json_object_get(one->json, "session"),
                            "until", (json_int_t)sitting->until_ms, "have", (json_int_t)conflict->have, "need",
                            (json_int_t)conflict->need);
    bool moved = s_has_moved(all->view, sitting);
    if (!row)
        return NULL;
    s_set(row, "start", json_incref(json_object_get(one->json, "start")));
    if (strcmp(why, "rule") == 0)
        s_set(row, "about", json_string(all->rules[conflict->rule].id));
    else if (conflict->name.ptr && conflict->why != SCH_WHY_PERSON)
        s_set(row, "about", json_stringn(conflict->name.ptr, conflict->name.len));
    bool elsewhere = other && !cv_str_is(other->session.event, one->event);
    if (other)
        s_set(row, "other",
              json_sprintf("%s%s%s", elsewhere ? other->session.event.ptr : "", elsewhere ? "/" : "",
                           other->session.session.ptr));
    bool other_moved = other && !moved && s_has_moved(all->view, other);
    if (moved || other_moved)
        s_set(row, "moved", json_true());
    s_set(row, "release", s_next_release(all->view, other_moved ? other->session.event.ptr : one->event));
    if (s_is_for_all(sitting->session.kind) && (!other || s_is_for_all(other->session.kind)))
        s_set(row, "all", json_true());
    if (room)
        s_set(row, "to", json_string(room));
    return row;
}

/* Adds what is broken of one session. */
static int s_add(s_programmes_t *all, size_t first, size_t end, size_t at, json_t *broken, int64_t *n, int64_t *behind)
{
    const s_session_t *one = &all->sessions[at];
    const json_t *event = dash_view_get(all->view, "event", one->event), *room = s_room_of(all->view, &one->sitting);
    size_t near_n = s_near(all, first, end, &one->sitting);
    size_t found_n = s_judge(all, &one->sitting, room, near_n, event);
    sch_conflict_t found[SCH_CONFLICTS_MAX];
    memcpy(found, all->found, found_n * sizeof(*found));
    for (size_t i = 0; i < found_n; i++) {
        if (!s_blocks(all, &found[i]) || !s_is_told(&one->sitting, &found[i]))
            continue;
        ++*n;
        *behind += found[i].why == SCH_WHY_DAYS;
        if (json_array_size(broken) == DASH_BROKEN_MAX)
            continue;
        const char *to = s_is_of_room(&found[i]) ? s_other_room(all, &one->sitting, near_n, event) : NULL;
        json_t *row = s_row(all, one, &found[i], to);
        if (!row || json_array_append_new(broken, row))
            return CV_ENOMEM;
    }
    return CV_OK;
}

static int s_event(s_programmes_t *all, dash_view_t *view, size_t first, size_t end, json_t *kept)
{
    const char *event = all->sessions[first].event;
    json_t *broken = json_array();
    int64_t n = 0, behind = 0;
    int rc = broken ? CV_OK : CV_ENOMEM;
    for (size_t at = first; !rc && at < end; at++)
        rc = s_add(all, first, end, at, broken, &n, &behind);
    json_t *value = !rc && n ? json_pack("{s:s, s:I, s:I, s:O}", "event", event, "n", (json_int_t)n, "behind",
                                         (json_int_t)behind, "broken", broken)
                             : NULL;
    json_decref(broken);
    if (rc || !n)
        return rc;
    if (!value || json_object_set_new(kept, event, json_true())) {
        json_decref(value);
        return CV_ENOMEM;
    }
    if (!json_equal(value, dash_view_get(view, "conflict", event)))
        return dash_view_put(view, "conflict", event, value);
    json_decref(value);
    return CV_OK;
}

/* ---- all ---------------------------------------------------------------------------------------------- */

static bool s_is_dirty(const dash_view_t *view)
{
    static const char *const kinds[] = {"session", "draft", "frozen", "release", "room", "rule", "party", "event"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (json_object_size(json_object_get(dash_view_dirty(view), kinds[i])))
            return json_object_size(dash_view_kind(view, "session")) +
                       json_object_size(dash_view_kind(view, "conflict")) >
                   0;
    return false;
}

int dash_conflicts_settle(dash_view_t *view)
{
    if (!s_is_dirty(view))
        return CV_OK;
    s_programmes_t *all = calloc(1, sizeof(*all));
    json_t *kept = json_object(), *value;
    const char *event;
    void *next;
    int rc = all && kept ? CV_OK : CV_ENOMEM;
    if (!rc) {
        all->view = view;
        all->reach_ms = sch_reach_ms(NULL);
        rc = s_take(all);
    }
    for (size_t first = 0, end; !rc && first < all->n; first = end) {
        for (end = first + 1; end < all->n && strcmp(all->sessions[end].event, all->sessions[first].event) == 0; end++)
            ;
        rc = s_event(all, view, first, end, kept);
    }
    json_object_foreach_safe(dash_view_kind(view, "conflict"), next, event, value)
    {
        if (!rc && !json_object_get(kept, event))
            rc = dash_view_put(view, "conflict", event, NULL);
    }
    if (all) {
        free(all->sessions);
        free((void *)all->by_time);
        free((void *)all->near);
    }
    free(all);
    json_decref(kept);
    return rc;
}

/* ---- people ------------------------------------------------------------------------------------------- */

static json_t *s_codes(const json_t *record)
{
    json_t *codes = json_array(), *person = json_object_get(json_object_get(record, "chair"), "person"), *speaker;
    size_t i;
    if (person)
        json_array_append(codes, person);
    json_array_foreach(json_object_get(record, "speakers"), i, speaker)
    {
        json_array_append(codes, json_object_get(speaker, "person"));
    }
    return codes;
}

int dash_conflicts_people(dash_view_t *view, const char *key, const json_t *record)
{
    static const char *const versions[] = {"session", "draft"};
    const json_t *before = dash_view_get(view, "people", key);
    json_t *people = json_object(), *codes = s_codes(record);
    int rc = people && codes ? CV_OK : CV_ENOMEM;
    for (size_t i = 0; !rc && i < sizeof(versions) / sizeof(versions[0]); i++) {
        char version[24];
        int64_t number = dash_int(dash_view_get(view, versions[i], key), "version");
        (void)snprintf(version, sizeof(version), "%lld", (long long)number);
        json_t *of_it = number == dash_int(record, "version") ? codes : json_object_get(before, version);
        if (json_array_size(of_it) && json_object_set(people, version, of_it))
            rc = CV_ENOMEM;
    }
    json_decref(codes);
    bool any = json_object_size(people) > 0;
    if (!rc && (any || before))
        return dash_view_put(view, "people", key, any ? people : (json_decref(people), NULL));
    json_decref(people);
    return rc;
}
