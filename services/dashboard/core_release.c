/* core_release: see core_release.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_release.h"

#include <stdio.h>
#include <string.h>

static bool s_is_public(const json_t *frozen, const json_t *session)
{
    int64_t version = dash_int(json_object_get(frozen, "items"), dash_str(session, "session"));
    if (version)
        return version == dash_int(session, "version");
    return json_is_true(json_object_get(session, "cancelled")) && dash_int(session, "at") <= dash_int(frozen, "at");
}

int dash_release_session(dash_view_t *view, const char *key, json_t *value)
{
    const json_t *frozen = dash_view_get(view, "frozen", dash_str(value, "event"));
    if (!frozen)
        return dash_view_put(view, "session", key, value);
    int64_t known = dash_int(dash_view_get(view, "draft", key), "version");
    bool is_public = s_is_public(frozen, value);
    int rc = is_public ? dash_view_put(view, "session", key, json_incref(value)) : CV_OK;
    if (!rc && known <= dash_int(value, "version"))
        return dash_view_put(view, "draft", key, value);
    json_decref(value);
    return rc;
}

static json_t *s_frozen(const json_t *release)
{
    size_t i;
    json_t *item, *items = json_object();
    json_array_foreach(json_object_get(release, "items"), i, item)
    {
        json_object_set(items, dash_str(item, "item"), json_object_get(item, "version"));
    }
    return items ? json_pack("{s:I, s:I, s:o}", "number", (json_int_t)dash_int(release, "number"), "at",
                             (json_int_t)dash_int(release, "at_ms"), "items", items)
                 : NULL;
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
        if (!rc && first)
            rc = dash_view_put(view, "draft", key, json_incref(session));
        if (!rc && !s_is_public(frozen, session))
            rc = dash_view_put(view, "session", key, NULL);
    }
    json_decref(shown);
    return rc;
}

int dash_release_apply(dash_view_t *view, const json_t *release)
{
    const char *event = dash_str(release, "event"), *key;
    const json_t *before = dash_view_get(view, "frozen", event);
    if (!*event || (before && dash_int(before, "number") >= dash_int(release, "number")))
        return CV_OK;
    bool first = !before;
    json_t *frozen = s_frozen(release), *known = s_of_event(view, "session", event), *session;
    int rc = frozen ? dash_view_put(view, "frozen", event, frozen) : CV_ENOMEM;
    if (!rc && !known)
        rc = CV_ENOMEM;
    if (!rc)
        rc = s_hide(view, frozen, event, first);
    json_t *drafts = rc ? NULL : s_of_event(view, "draft", event);
    if (!rc && !drafts)
        rc = CV_ENOMEM;
    json_object_foreach(drafts, key, session)
    {
        /* What came and went between two releases was never told, and its end is nobody's news either. */
        bool unknown = !first && json_is_true(json_object_get(session, "cancelled")) && !json_object_get(known, key);
        if (!rc && s_is_public(frozen, session) && !unknown)
            rc = dash_view_put(view, "session", key, json_incref(session));
    }
    json_decref(drafts);
    json_decref(known);
    return rc;
}

int dash_release_over(dash_view_t *view, const char *event)
{
    const json_t *before = dash_view_get(view, "frozen", event);
    if (!before || !json_object_size(json_object_get(before, "items")))
        return CV_OK;
    json_t *frozen = json_pack("{s:I, s:I, s:{}}", "number", (json_int_t)dash_int(before, "number"), "at",
                               (json_int_t)dash_int(before, "at"), "items");
    int rc = frozen ? dash_view_put(view, "frozen", event, frozen) : CV_ENOMEM;
    return rc ? rc : s_hide(view, frozen, event, false);
}
