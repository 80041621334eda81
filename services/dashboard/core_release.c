/* core_release: see core_release.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_release.h"

#include "dashboard/core_plan.h"

#include <stdio.h>
#include <string.h>

static const json_t *s_past(const json_t *frozen, int64_t number)
{
    char name[24];
    (void)snprintf(name, sizeof(name), "%lld", (long long)number);
    return json_object_get(json_object_get(frozen, "past"), name);
}

static bool s_holds(const json_t *past, const char *session)
{
    return json_object_get(json_object_get(past, "names"), session) != NULL;
}

/* Of one that is cancelled, and by the newest release: did the public know it? The first release after it took it up; what it
 * knew was what the one before that held. shown: it is public now, which decides where that release is not known. */
static bool s_was_known(const json_t *frozen, const json_t *session, bool shown)
{
    const char *name = dash_str(session, "session");
    for (int64_t number = 1; number <= dash_int(frozen, "number"); number++) {
        const json_t *past = s_past(frozen, number);
        if (!past || dash_int(past, "at") < dash_int(session, "at") || s_holds(past, name))
            continue;
        return number == 1 || (s_past(frozen, number - 1) ? s_holds(s_past(frozen, number - 1), name) : shown);
    }
    return shown;
}

static bool s_is_public(const json_t *frozen, const json_t *session, bool shown)
{
    int64_t version = dash_int(json_object_get(frozen, "items"), dash_str(session, "session"));
    if (version)
        return version == dash_int(session, "version");
    return json_is_true(json_object_get(session, "cancelled")) && dash_int(session, "at") <= dash_int(frozen, "at") &&
           s_was_known(frozen, session, shown);
}

int dash_release_session(dash_view_t *view, const char *key, json_t *value)
{
    const json_t *frozen = dash_view_get(view, "frozen", dash_str(value, "event"));
    if (!frozen)
        return dash_view_put(view, dash_plan_waits(view, dash_str(value, "event")) ? "draft" : "session", key, value);
    int64_t known = dash_int(dash_view_get(view, "draft", key), "version");
    bool is_public = s_is_public(frozen, value, dash_view_get(view, "session", key) != NULL);
    int rc = is_public ? dash_view_put(view, "session", key, json_incref(value)) : CV_OK;
    if (!rc && known <= dash_int(value, "version"))
        return dash_view_put(view, "draft", key, value);
    json_decref(value);
    return rc;
}

/* The newest release and all past ones, with this one among them. A new reference. */
static json_t *s_frozen(const json_t *before, const json_t *release)
{
    char name[24];
    size_t i;
    json_t *item, *items = json_object(), *names = json_object(), *past = json_object();
    bool newest = dash_int(before, "number") < dash_int(release, "number");
    (void)snprintf(name, sizeof(name), "%lld", (long long)dash_int(release, "number"));
    json_array_foreach(json_object_get(release, "items"), i, item)
    {
        json_object_set(items, dash_str(item, "item"), json_object_get(item, "version"));
        json_object_set_new(names, dash_str(item, "item"), json_true());
    }
    json_object_update(past, json_object_get(before, "past"));
    json_object_set_new(past, name,
                        json_pack("{s:I, s:o}", "at", (json_int_t)dash_int(release, "at_ms"), "names", names));
    if (newest)
        return json_pack("{s:I, s:I, s:o, s:o}", "number", (json_int_t)dash_int(release, "number"), "at",
                         (json_int_t)dash_int(release, "at_ms"), "items", items, "past", past);
    json_decref(items);
    return json_pack("{s:I, s:I, s:O, s:o}", "number", (json_int_t)dash_int(before, "number"), "at",
                     (json_int_t)dash_int(before, "at"), "items", json_object_get(before, "items"), "past", past);
}

/* Copies those of the event. A new reference: what is walked must not change. */
static json_t *s_of_event(const dash_view_t *view, const char *kind, const char *event)
{
    const char *key;
    json_t *session, *found = json_object();
    json_object_foreach(dash_view_kind(view, kind), key, session)
    {
        if (found && strcmp(dash_str(session, "event"), event) == 0)
            json_object_set(found, key, session);
    }
    return found;
}

/* Puts what was public aside as drafts, when it is the first release; then takes what is not in the release away. */
static int s_hide(dash_view_t *view, const json_t *frozen, const char *event, bool first)
{
    const char *key;
    json_t *session, *shown = s_of_event(view, "session", event);
    int rc = shown ? CV_OK : CV_ENOMEM;
    json_object_foreach(shown, key, session)
    {
        if (!rc && first && dash_int(dash_view_get(view, "draft", key), "version") < dash_int(session, "version"))
            rc = dash_view_put(view, "draft", key, json_incref(session));
        if (!rc && !s_is_public(frozen, session, true))
            rc = dash_view_put(view, "session", key, NULL);
    }
    json_decref(shown);
    return rc;
}

int dash_release_apply(dash_view_t *view, const json_t *release)
{
    const char *event = dash_str(release, "event"), *key;
    const json_t *before = dash_view_get(view, "frozen", event);
    if (!*event)
        return CV_OK;
    bool first = !before, newest = dash_int(before, "number") < dash_int(release, "number");
    json_t *frozen = s_frozen(before, release), *session;
    int rc = frozen ? dash_view_put(view, "frozen", event, frozen) : CV_ENOMEM;
    if (rc || !newest)
        return rc;
    json_t *known = s_of_event(view, "session", event), *drafts = NULL;
    rc = known ? s_hide(view, frozen, event, first) : CV_ENOMEM;
    if (!rc)
        drafts = s_of_event(view, "draft", event);
    if (!rc && !drafts)
        rc = CV_ENOMEM;
    json_object_foreach(drafts, key, session)
    {
        if (!rc && s_is_public(frozen, session, first || json_object_get(known, key)))
            rc = dash_view_put(view, "session", key, json_incref(session));
    }
    json_decref(drafts);
    json_decref(known);
    return rc;
}

int dash_release_over(dash_view_t *view, const char *event, int64_t at_ms)
{
    const json_t *before = dash_view_get(view, "frozen", event);
    if (!before || dash_int(before, "at") > at_ms || !json_object_size(json_object_get(before, "items")))
        return CV_OK;
    json_t *frozen = json_copy((json_t *)before);
    if (!frozen || json_object_set_new(frozen, "items", json_object())) {
        json_decref(frozen);
        return CV_ENOMEM;
    }
    int rc = dash_view_put(view, "frozen", event, frozen);
    return rc ? rc : s_hide(view, frozen, event, false);
}

/* From one kind to the other, of an event whose programme makes no releases. */
static int s_carry(dash_view_t *view, const char *event, const char *from, const char *to)
{
    const char *key;
    json_t *session, *found = dash_view_get(view, "frozen", event) ? json_object() : s_of_event(view, from, event);
    int rc = found ? CV_OK : CV_ENOMEM;
    json_object_foreach(found, key, session)
    {
        if (!rc && dash_int(dash_view_get(view, to, key), "version") < dash_int(session, "version"))
            rc = dash_view_put(view, to, key, json_incref(session));
        if (!rc)
            rc = dash_view_put(view, from, key, NULL);
    }
    json_decref(found);
    return rc;
}

int dash_release_follow(dash_view_t *view, const char *event, bool is_public)
{
    return is_public ? s_carry(view, event, "draft", "session") : s_carry(view, event, "session", "draft");
}
