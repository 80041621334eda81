/* core_view: see core_view.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_view.h"

#include "dashboard/core_answers.h"
#include "dashboard/core_conflicts.h"
#include "dashboard/core_plan.h"
#include "dashboard/core_release.h"
#include "dashboard/core_seats.h"
#include "dashboard/core_sittings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dash_view {
    json_t *kinds; /* {kind: {key: value}} */
    json_t *dirty; /* {kind: {key: true}} */
};

/* Records that are kept as they are, under one or two of their fields. */
static const struct {
    uint16_t number;
    const char *kind, *first, *second; /* fields that make the key; second may be NULL */
    const char *left_out[2];           /* fields that are not shown */
} s_plain[] = {
    {CV_MSG_SCHEDULING_PARTY_V1, "party", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_BODY_V1, "body", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_HEADING_V1, "heading", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_VENUE_V1, "venue", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_CHAIRMANSHIP_V1, "chairmanship", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_COORDINATOR_V1, "coordinator", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_WORKPLAN_V1, "workplan", "code", NULL, {NULL}},
    {CV_MSG_SCHEDULING_WORKITEM_V1, "workitem", "plan", "item", {NULL}},
    {CV_MSG_SCHEDULING_REPORT_V1, "report", "event", NULL, {NULL}},
    {CV_MSG_SCHEDULING_REVIEW_V1, "review", "dimension", "year", {"conclusions"}},
    {CV_MSG_SCHEDULING_PLAN_V1, "plan", "plan", "version", {NULL}},
    {CV_MSG_SCHEDULING_ROOM_V1, "room", "venue", "room", {NULL}},
    {CV_MSG_SCHEDULING_RULE_V1, "rule", "rule", NULL, {NULL}},
    {CV_MSG_SCHEDULING_SESSION_V1, "session", "event", "session", {"chair", "speakers"}},
    {CV_MSG_SCHEDULING_RELEASE_V1, "release", "of", "release", {"items"}},
    {CV_MSG_SCHEDULING_DECISION_V1, "decision", "decision", NULL, {"text"}},
};
enum { PLAIN_N = sizeof(s_plain) / sizeof(s_plain[0]) };

const char *dash_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int64_t dash_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

bool dash_is_off(const json_t *event)
{
    const char *status = dash_str(event, "status");
    return strcmp(status, "cancelled") == 0 || strcmp(status, "rejected") == 0 || strcmp(status, "postponed") == 0;
}

int dash_view_new(dash_view_t **ret_view)
{
    dash_view_t *view = calloc(1, sizeof(*view));
    if (view) {
        view->kinds = json_object();
        view->dirty = json_object();
    }
    if (!view || !view->kinds || !view->dirty) {
        dash_view_destroy(&view);
        return CV_ENOMEM;
    }
    *ret_view = view;
    return CV_OK;
}

void dash_view_destroy(dash_view_t **view)
{
    if (!*view)
        return;
    json_decref((*view)->kinds);
    json_decref((*view)->dirty);
    free(*view);
    *view = NULL;
}

/* The object of that name within another, made when missing; borrowed. */
static json_t *s_inner(json_t *outer, const char *name)
{
    json_t *inner = json_object_get(outer, name);
    if (!inner && json_object_set_new(outer, name, json_object()) == 0)
        inner = json_object_get(outer, name);
    return inner;
}

json_t *dash_view_kind(const dash_view_t *view, const char *kind)
{
    return s_inner(view->kinds, kind);
}

json_t *dash_view_all(const dash_view_t *view)
{
    return view->kinds;
}

json_t *dash_view_get(const dash_view_t *view, const char *kind, const char *key)
{
    return json_object_get(json_object_get(view->kinds, kind), key);
}

const char *const dash_view_kinds[] = {
    "answer", "body",    "chairmanship", "changes", "conflict", "contact",  "coordinator", "decision", "event",
    "feed",   "heading", "notice",       "party",   "plan",     "release",  "report",      "review",   "room",
    "rule",   "seats",   "session",      "tally",   "venue",    "workitem", "workplan",    NULL};

/* Named are those that are shown, so that a kind which is forgotten here is shown to nobody. */
bool dash_view_is_public(const char *kind)
{
    for (const char *const *shown = dash_view_kinds; *shown; shown++)
        if (strcmp(kind, *shown) == 0)
            return true;
    return strcmp(kind, "origin") == 0;
}

json_t *dash_view_dirty(const dash_view_t *view)
{
    return view->dirty;
}

void dash_view_clean(dash_view_t *view)
{
    json_object_clear(view->dirty);
}

static int s_mark(dash_view_t *view, const char *kind, const char *key)
{
    json_t *keys = s_inner(view->dirty, kind);
    return keys && json_object_set_new(keys, key, json_true()) == 0 ? CV_OK : CV_ENOMEM;
}

int dash_view_put(dash_view_t *view, const char *kind, const char *key, json_t *value)
{
    json_t *keys = dash_view_kind(view, kind);
    int rc = keys ? s_mark(view, kind, key) : CV_ENOMEM;
    if (!rc && value)
        return json_object_set_new(keys, key, value) == 0 ? CV_OK : CV_ENOMEM;
    json_decref(value);
    if (!rc)
        json_object_del(keys, key);
    return rc;
}

int dash_view_load(dash_view_t *view, const char *kind, const char *key, cv_str_t text)
{
    json_t *value = json_loadb(text.ptr, text.len, 0, NULL);
    json_t *keys = dash_view_kind(view, kind);
    if (!json_is_object(value) || !keys) {
        json_decref(value);
        return keys ? CV_EMALFORMED : CV_ENOMEM;
    }
    return json_object_set_new(keys, key, value) == 0 ? CV_OK : CV_ENOMEM;
}

int dash_view_drop_stream(dash_view_t *view, const char *stream)
{
    static const char *const of_registration[] = {"answer", "persons", NULL}, *const of_notifications[] = {
                                                                                  "contact", "notice", NULL};
    bool registration = strcmp(stream, "registration.events") == 0,
         scheduling = strcmp(stream, "scheduling.events") == 0;
    const char *const *kinds = registration ? of_registration : of_notifications;
    enum { MADE = 7 };
    const char *plain[PLAIN_N + MADE + 1] = {"event",        "draft",   "frozen", "people",
                                             "plan_release", "working", "changes"};
    for (size_t i = 0; scheduling && i < PLAIN_N; i++)
        plain[i + MADE] = s_plain[i].kind;
    if (scheduling)
        kinds = plain;
    int rc = CV_OK;
    for (size_t i = 0; !rc && kinds[i]; i++) {
        const char *key;
        json_t *value;
        json_object_foreach(dash_view_kind(view, kinds[i]), key, value)
        {
            rc = rc ? rc : s_mark(view, kinds[i], key);
        }
        json_object_clear(dash_view_kind(view, kinds[i]));
    }
    if (!rc)
        rc = dash_view_put(view, "origin", stream, json_pack("{s:b}", "snapshot", 1));
    if (!rc && !registration && !scheduling)
        rc = dash_view_put(view, "tally", "notices",
                           json_pack("{s:i, s:i, s:b}", "written", 0, "delivered", 0, "partial", 1));
    return rc ? rc : dash_view_touch_seats(view);
}

/* ---- seats ---------------------------------------------------------------------------------- */

int dash_view_touch_seats(dash_view_t *view)
{
    const char *key;
    json_t *value;
    int rc = CV_OK;
    json_object_foreach(dash_view_kind(view, "event"), key, value)
    {
        rc = rc ? rc : s_mark(view, "seats", key);
    }
    json_object_foreach(dash_view_kind(view, "seats"), key, value)
    {
        rc = rc ? rc : s_mark(view, "seats", key);
    }
    return rc;
}

int dash_view_settle(dash_view_t *view, int64_t now_ms, int64_t *ret_release_ms)
{
    const char *event;
    json_t *mark, *touched = json_object_get(view->dirty, "seats");
    int64_t next_ms = 0;
    int rc = dash_conflicts_settle(view);
    if (rc)
        return rc;
    json_object_foreach(touched, event, mark)
    {
        json_t *seats = dash_seats_of(dash_view_get(view, "event", event), dash_view_kind(view, "party"),
                                      dash_view_kind(view, "answer"), now_ms);
        json_t *all = dash_view_kind(view, "seats");
        if (!seats)
            json_object_del(all, event);
        else if (json_object_set_new(all, event, seats))
            return CV_ENOMEM;
    }
    /* Whatever ended by time before now has touched its seats: all of them are as of now. */
    if (json_object_size(touched)) {
        rc = dash_view_put(view, "tally", "settled", json_pack("{s:I}", "at", (json_int_t)now_ms));
        if (rc)
            return rc;
    }
    json_t *value;
    json_object_foreach(dash_view_kind(view, "event"), event, value)
    {
        int64_t release_ms = dash_int(json_object_get(value, "registration"), "release_ms");
        if (release_ms > now_ms && (!next_ms || release_ms < next_ms))
            next_ms = release_ms;
    }
    *ret_release_ms = next_ms;
    return CV_OK;
}

/* ---- feed ----------------------------------------------------------------------------------- */

static int s_feed(dash_view_t *view, const dash_record_t *record, const char *word)
{
    char key[24];
    int64_t n = dash_int(dash_view_get(view, "tally", "feed"), "next");
    if (record->in_snapshot)
        return CV_OK;
    (void)snprintf(key, sizeof(key), "%012lld", (long long)n);
    json_t *entry = json_pack("{s:I, s:I, s:s, s:s}", "n", (json_int_t)n, "at", (json_int_t)record->time_ms, "type",
                              record->type, "word", word);
    static const char *const kept[] = {"event", "party",   "kind",  "class", "decision",
                                       "plan",  "version", "title", "change"};
    for (size_t i = 0; entry && i < sizeof(kept) / sizeof(kept[0]); i++)
        if (json_object_get(record->data, kept[i]))
            json_object_set(entry, kept[i], json_object_get(record->data, kept[i]));
    if (!entry)
        return CV_ENOMEM;
    int rc = dash_view_put(view, "feed", key, entry);
    if (!rc)
        rc = dash_view_put(view, "tally", "feed", json_pack("{s:I}", "next", (json_int_t)(n + 1)));
    if (!rc && n >= DASH_FEED_MAX) {
        (void)snprintf(key, sizeof(key), "%012lld", (long long)(n - DASH_FEED_MAX));
        rc = dash_view_put(view, "feed", key, NULL);
    }
    return rc;
}

/* ---- scheduling ------------------------------------------------------------------------------ */

static void s_copy(json_t *to, const json_t *from, const char *const *names)
{
    for (; *names; names++)
        if (json_object_get(from, *names))
            json_object_set(to, *names, json_object_get(from, *names));
}

static bool s_differs(const json_t *a, const json_t *b, const char *name)
{
    const json_t *one = json_object_get(a, name), *other = json_object_get(b, name);
    return one && other ? !json_equal(one, other) : one != other;
}

/* Whether an event was put elsewhere: another place, or another date that does not only say more than the one before
 * ("2026" and then "2026-05-14"). */
static bool s_moved(const json_t *before, const json_t *now)
{
    const char *start = dash_str(before, "date_start"), *end = dash_str(before, "date_end");
    bool refined = strncmp(start, dash_str(now, "date_start"), strlen(start)) == 0 &&
                   strncmp(end, dash_str(now, "date_end"), strlen(end)) == 0;
    return *start && (!refined || (*dash_str(before, "city") && s_differs(before, now, "city")));
}

int dash_event_publish(dash_view_t *view, const json_t *data, int64_t at_ms)
{
    static const char *const shown[] = {"version", "status", "change",  "changed",    "reason",   "title",
                                        "format",  "city",   "country", "date_start", "date_end", NULL};
    static const char *const place[] = {"version", "date_start", "date_end", "city", "country", NULL};
    const char *event = dash_str(data, "event");
    const json_t *before = dash_view_get(view, "event", event);
    json_t *now = json_copy((json_t *)data), *step = json_object(), *history = json_array(), *moved = NULL;
    if (!now || !step || !history) {
        json_decref(now);
        json_decref(step);
        json_decref(history);
        return CV_ENOMEM;
    }
    const json_t *past = json_object_get(before, "history");
    size_t past_n = json_array_size(past);
    for (size_t i = past_n < DASH_HISTORY_MAX ? 0 : past_n + 1 - DASH_HISTORY_MAX; i < past_n; i++)
        json_array_append(history, json_array_get(past, i));
    s_copy(step, data, shown);
    json_object_set_new(step, "at", json_integer(at_ms));
    json_array_append_new(history, step);
    if (before && s_moved(before, now)) {
        moved = json_object();
        s_copy(moved, before, place);
    } else if (json_object_get(before, "moved")) {
        moved = json_incref(json_object_get(before, "moved"));
    }
    json_object_set_new(now, "at", json_integer(at_ms));
    json_object_set_new(now, "history", history);
    if (moved)
        json_object_set_new(now, "moved", moved);
    int rc = dash_view_put(view, "event", event, now);
    if (!rc && dash_is_off(data))
        rc = dash_release_over(view, event, at_ms);
    if (!rc && dash_view_get(view, "working", event) && !dash_plan_waits(view, event))
        rc = dash_release_follow(view, event, true);
    return rc ? rc : s_mark(view, "seats", event);
}

int dash_event_withdraw(dash_view_t *view, const char *event)
{
    int rc = s_mark(view, "seats", event);
    if (!rc)
        rc = dash_view_put(view, "event", event, NULL);
    return rc ? rc : dash_release_follow(view, event, false);
}

static int s_event(dash_view_t *view, const dash_record_t *record)
{
    bool held;
    if (!*dash_str(record->data, "event"))
        return CV_EINVAL;
    int rc = dash_plan_event(view, record, &held);
    if (!rc && held)
        return CV_OK;
    if (!rc)
        rc = dash_event_publish(view, record->data, record->time_ms);
    return rc ? rc : s_feed(view, record, dash_str(record->data, "status"));
}

static int s_key_of(const json_t *data, const char *first, const char *second, char ret_key[DASH_KEY_MAX])
{
    char number[24] = "";
    const char *end = "";
    if (second && json_is_integer(json_object_get(data, second))) {
        (void)snprintf(number, sizeof(number), "%lld", (long long)dash_int(data, second));
        end = number;
    } else if (second) {
        end = dash_str(data, second);
    }
    const char *start = dash_str(data, first);
    if (strcmp(first, "of") == 0) /* of a release */
        start = *dash_str(data, "event") ? dash_str(data, "event") : dash_str(data, "plan");
    int len = snprintf(ret_key, DASH_KEY_MAX, "%s%s%s", start, second ? "/" : "", end);
    return *start && (!second || *end) && len < DASH_KEY_MAX ? CV_OK : CV_EINVAL;
}

static int s_plain_record(dash_view_t *view, const dash_record_t *record, size_t which)
{
    char key[DASH_KEY_MAX];
    int rc = s_key_of(record->data, s_plain[which].first, s_plain[which].second, key);
    json_t *value = rc ? NULL : json_copy(record->data);
    for (size_t i = 0; value && i < sizeof(s_plain[which].left_out) / sizeof(s_plain[which].left_out[0]); i++)
        if (s_plain[which].left_out[i])
            json_object_del(value, s_plain[which].left_out[i]);
    if (value && record->number == CV_MSG_SCHEDULING_SESSION_V1) {
        json_object_set_new(value, "at", json_integer(record->time_ms)); /* of this revision, for calendars */
        rc = dash_release_session(view, key, value);
        return rc ? rc : dash_sitting_keep_people(view, key, record->data);
    }
    if (!rc && record->number == CV_MSG_SCHEDULING_RELEASE_V1)
        rc = dash_release_apply(view, record->data);
    if (!rc && record->number == CV_MSG_SCHEDULING_RELEASE_V1)
        rc = dash_plan_release(view, record->data);
    if (!rc && record->number == CV_MSG_SCHEDULING_PLAN_V1 && dash_plan_is_held(view, record->data)) {
        json_decref(value);
        return dash_view_get(view, "plan", key) ? dash_view_put(view, "plan", key, NULL) : CV_OK;
    }
    if (rc)
        json_decref(value);
    else
        rc = value ? dash_view_put(view, s_plain[which].kind, key, value) : CV_ENOMEM;
    if (!rc && record->number == CV_MSG_SCHEDULING_PARTY_V1)
        return dash_view_touch_seats(view);
    if (!rc && record->number == CV_MSG_SCHEDULING_DECISION_V1)
        return s_feed(view, record, dash_str(record->data, "step"));
    if (!rc && record->number == CV_MSG_SCHEDULING_PLAN_V1)
        return s_feed(view, record, dash_str(record->data, "step"));
    return rc;
}

/* ---- notifications ---------------------------------------------------------------------------- */

/* What has ended well is counted and no entity any more. */
static int s_count_notice(dash_view_t *view, const char *column, int64_t by)
{
    const json_t *before = dash_view_get(view, "tally", "notices");
    json_t *tally = json_pack("{s:I, s:I, s:b}", "written", (json_int_t)dash_int(before, "written"), "delivered",
                              (json_int_t)dash_int(before, "delivered"), "partial",
                              json_is_true(json_object_get(before, "partial")));
    int64_t n = dash_int(before, column) + by;
    if (!tally || json_object_set_new(tally, column, json_integer(n > 0 ? n : 0))) {
        json_decref(tally);
        return CV_ENOMEM;
    }
    return dash_view_put(view, "tally", "notices", tally);
}

/* One that is on its way: there may be very many, of which only numbers are shown. */
static json_t *s_on_its_way(const dash_record_t *record)
{
    return json_pack("{s:s, s:s, s:s}", "party", dash_str(record->data, "party"), "channel",
                     dash_str(record->data, "channel"), "state", dash_str(record->data, "state"));
}

/* What was counted once, and is dead now: a file whose webhook has died since, a mail that came back. Who told of it
 * before there was `was` told so of files alone. NULL: it was not counted. */
static const char *s_counted_as(const dash_record_t *record, const json_t *before)
{
    const char *was = dash_str(record->data, "was");
    if (before || record->in_snapshot || strcmp(dash_str(record->data, "state"), "dead") != 0)
        return NULL;
    if (strcmp(was, "delivered") == 0)
        return "delivered";
    return !*was || strcmp(was, "written") == 0 ? "written" : NULL;
}

static int s_notice(dash_view_t *view, const dash_record_t *record)
{
    const char *notice = dash_str(record->data, "notice"), *state = dash_str(record->data, "state");
    const json_t *before = dash_view_get(view, "notice", notice);
    bool delivered = strcmp(state, "delivered") == 0, written = strcmp(state, "written") == 0;
    bool in_file = written && strcmp(dash_str(record->data, "channel"), "outbox") == 0;
    if (!*notice)
        return CV_EINVAL;
    if (delivered || in_file) {
        int rc = s_count_notice(view, delivered ? "delivered" : "written", 1);
        return rc || !before ? rc : dash_view_put(view, "notice", notice, NULL);
    }
    if (strcmp(state, "silenced") == 0 || strcmp(state, "deferred") == 0) /* as its recipient asked */
        return before ? dash_view_put(view, "notice", notice, NULL) : CV_OK;
    int64_t since_ms = before ? dash_int(before, "since") : record->time_ms;
    json_t *now = written ? s_on_its_way(record) : json_copy(record->data);
    if (!now || json_object_set_new(now, "since", json_integer(since_ms))) {
        json_decref(now);
        return CV_ENOMEM;
    }
    const char *counted = s_counted_as(record, before);
    int rc = dash_view_put(view, "notice", notice, now);
    return rc || !counted ? rc : s_count_notice(view, counted, -1);
}

/* Of contacts only those are kept that somebody must mend. */
static int s_contact(dash_view_t *view, const dash_record_t *record)
{
    static const char *const dead[] = {"returned", "complained", "unanswered"};
    const char *party = dash_str(record->data, "party"), *event = dash_str(record->data, "event");
    char key[DASH_KEY_MAX];
    bool is_dead = false;
    for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++)
        is_dead = is_dead || strcmp(dash_str(record->data, "state"), dead[i]) == 0;
    if (!*party)
        return CV_EINVAL;
    (void)snprintf(key, sizeof(key), "%s/%lld%s%s", party, (long long)dash_int(record->data, "order"),
                   *event ? "/" : "", event);
    json_t *now = is_dead ? json_copy(record->data) : NULL;
    if (is_dead && !now)
        return CV_ENOMEM;
    return is_dead || dash_view_get(view, "contact", key) ? dash_view_put(view, "contact", key, now) : CV_OK;
}

/* ---- all --------------------------------------------------------------------------------------- */

int dash_view_apply(dash_view_t *view, const dash_record_t *record)
{
    for (size_t i = 0; i < PLAIN_N; i++)
        if (record->number == s_plain[i].number)
            return s_plain_record(view, record, i);
    switch (record->number) {
    case CV_MSG_SCHEDULING_EVENT_V1:
    case CV_MSG_SCHEDULING_EVENT_TOLD_V1: /* in a snapshot, and before what is */
        return s_event(view, record);
    case CV_MSG_NOTIFICATIONS_NOTICE_V1:
        return s_notice(view, record);
    case CV_MSG_NOTIFICATIONS_CONTACT_V1:
        return s_contact(view, record);
    case CV_MSG_REGISTRATION_DECIDED_V1:
    case CV_MSG_REGISTRATION_PROMOTED_V1:
    case CV_MSG_REGISTRATION_LAPSED_V1:
    case CV_MSG_REGISTRATION_DELEGATION_V1: {
        const char *word = dash_str(record->data, record->number == CV_MSG_REGISTRATION_DECIDED_V1 ? "code" : "cause");
        int rc = dash_answer_apply(view, record);
        if (!rc)
            rc = s_mark(view, "seats", dash_str(record->data, "event"));
        return rc ? rc : s_feed(view, record, word);
    }
    default:
        return CV_OK; /* says nothing that is shown */
    }
}
