/* core_plan: see core_plan.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 24 };

/* Of a version, in the change log. */
static const char *const s_told[] = {"title",      "status", "date_start", "date_end", "time_start", "zone",
                                     "utc_offset", "city",   "country",    "venue",    "format",     "host_org",
                                     "dimension",  "area",   "body",       "proposer"};
enum { TOLD_N = sizeof(s_told) / sizeof(s_told[0]) };

static bool s_is_one_of(const char *status, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(status, *list) == 0)
            return true;
    return false;
}

bool dash_plan_is_confirmed(const char *status)
{
    return s_is_one_of(status, (const char *const[]){"scheduled", "open", "closed", "held", "reported", NULL});
}

static bool s_is_put_off(const char *status)
{
    return s_is_one_of(status, (const char *const[]){"postponed", "cancelled", NULL});
}

const char *dash_plan_of(const json_t *event, char ret_plan[DASH_PLAN_MAX])
{
    (void)snprintf(ret_plan, DASH_PLAN_MAX, "%lld-%s", (long long)dash_int(event, "plan_year"),
                   dash_str(event, "line"));
    return ret_plan;
}

/* ---- the newest two ------------------------------------------------------------------------------ */

/* The nth newest, from 0; NULL: there are not so many. */
static json_t *s_release(const json_t *frozen, int nth)
{
    const char *name;
    json_t *release, *first = NULL, *second = NULL;
    long long first_n = 0, second_n = 0;
    json_object_foreach(json_object_get(frozen, "releases"), name, release)
    {
        long long n = strtoll(name, NULL, 10);
        if (n > first_n) {
            second = first;
            second_n = first_n;
            first = release;
            first_n = n;
        } else if (n > second_n) {
            second = release;
            second_n = n;
        }
    }
    return nth == 0 ? first : second;
}

static int64_t s_version_in(const json_t *release, const char *event)
{
    return dash_int(json_object_get(release, "items"), event);
}

/* What is told of a version. A new reference. */
static json_t *s_fields_of(const json_t *event)
{
    json_t *fields = json_object();
    for (size_t i = 0; fields && i < TOLD_N; i++)
        if (json_object_get(event, s_told[i]))
            json_object_set(fields, s_told[i], json_object_get(event, s_told[i]));
    return fields;
}

static bool s_holds(const json_t *release, const json_t *event)
{
    int64_t version = dash_int(event, "version");
    return version && s_version_in(release, dash_str(event, "event")) == version;
}

/* Adds what is told of the event to each release that holds this version. */
static void s_fill(json_t *frozen, const json_t *event)
{
    const char *name;
    json_t *release;
    json_object_foreach(json_object_get(frozen, "releases"), name, release)
    {
        if (s_holds(release, event))
            json_object_set_new(json_object_get(release, "fields"), dash_str(event, "event"), s_fields_of(event));
    }
}

/* ---- what changed ---------------------------------------------------------------------------------- */

static json_t *s_row(json_t *rows, const char *event, const json_t *fields, const char *what)
{
    json_t *row = json_pack("{s:s, s:s, s:s}", "event", event, "title", dash_str(fields, "title"), "what", what);
    return row && json_array_append_new(rows, row) == 0 ? row : NULL;
}

static void s_compare(json_t *rows, const char *event, const json_t *before, const json_t *after)
{
    for (size_t i = 0; i < TOLD_N; i++) {
        const char *was = dash_str(before, s_told[i]), *is = dash_str(after, s_told[i]);
        json_t *row = strcmp(was, is) != 0 ? s_row(rows, event, after, "changed") : NULL;
        if (!row)
            continue;
        json_object_set_new(row, "field", json_string(s_told[i]));
        if (*was)
            json_object_set_new(row, "before", json_string(was));
        if (*is)
            json_object_set_new(row, "after", json_string(is));
    }
}

static int s_put_changes(dash_view_t *view, const char *plan, const json_t *frozen)
{
    const json_t *newest = s_release(frozen, 0), *before = s_release(frozen, 1);
    const char *event;
    json_t *version, *rows = json_array();
    if (!before || !rows) {
        json_decref(rows);
        return before ? CV_ENOMEM : CV_OK;
    }
    json_object_foreach(json_object_get(newest, "items"), event, version)
    {
        const json_t *now = json_object_get(json_object_get(newest, "fields"), event),
                     *was = json_object_get(json_object_get(before, "fields"), event);
        if (!s_version_in(before, event))
            (void)s_row(rows, event, now, "added");
        else if (now && was)
            s_compare(rows, event, was, now);
    }
    json_object_foreach(json_object_get(before, "items"), event, version)
    {
        if (!s_version_in(newest, event))
            (void)s_row(rows, event, json_object_get(json_object_get(before, "fields"), event), "removed");
    }
    json_t *changes = json_pack("{s:s, s:s, s:I, s:s, s:I, s:o}", "plan", plan, "from", dash_str(before, "release"),
                                "from_at", (json_int_t)dash_int(before, "at"), "to", dash_str(newest, "release"), "at",
                                (json_int_t)dash_int(newest, "at"), "rows", rows);
    return changes ? dash_view_put(view, "changes", plan, changes) : CV_ENOMEM;
}

/* ---- events ---------------------------------------------------------------------------------------- */

/* What the releases that hold this version say of it. */
static int s_fill_kept(dash_view_t *view, const char *plan, const json_t *event)
{
    json_t *frozen = json_deep_copy(dash_view_get(view, "plan_release", plan));
    if (!frozen)
        return CV_ENOMEM;
    s_fill(frozen, event);
    int rc = s_put_changes(view, plan, frozen);
    if (!rc)
        return dash_view_put(view, "plan_release", plan, frozen);
    json_decref(frozen);
    return rc;
}

int dash_plan_event(dash_view_t *view, const dash_record_t *record, bool *ret_held)
{
    char plan[DASH_PLAN_MAX];
    const json_t *data = record->data, *frozen = dash_view_get(view, "plan_release", dash_plan_of(data, plan));
    const char *event = dash_str(data, "event"), *status = dash_str(data, "status");
    *ret_held = false;
    if (!frozen)
        return CV_OK;
    bool is_released = s_holds(s_release(frozen, 0), data);
    bool fills = is_released || s_holds(s_release(frozen, 1), data);
    bool known_of = dash_view_get(view, "event", event) || json_object_get(json_object_get(frozen, "ever"), event);
    json_t *working = json_copy(record->data);
    if (!working || json_object_set_new(working, "at", json_integer(record->time_ms))) {
        json_decref(working);
        return CV_ENOMEM;
    }
    int rc = dash_view_put(view, "working", event, working);
    if (!rc && fills)
        rc = s_fill_kept(view, plan, data);
    *ret_held = !(is_released || dash_plan_is_confirmed(status) || (s_is_put_off(status) && known_of));
    return rc;
}

bool dash_plan_waits(const dash_view_t *view, const char *event)
{
    const json_t *working = dash_view_get(view, "working", event);
    return working && dash_int(working, "version") != dash_int(dash_view_get(view, "event", event), "version");
}

/* ---- releases -------------------------------------------------------------------------------------- */

/* With this one among the newest two. A new reference. */
static json_t *s_with(const json_t *before, const json_t *release)
{
    char name[NUMBER_MAX];
    size_t i;
    json_t *item, *items = json_object(),
                  *frozen = before ? json_deep_copy(before) : json_pack("{s:{}, s:{}}", "releases", "ever");
    (void)snprintf(name, sizeof(name), "%lld", (long long)dash_int(release, "number"));
    json_array_foreach(json_object_get(release, "items"), i, item)
    {
        json_object_set(items, dash_str(item, "item"), json_object_get(item, "version"));
        json_object_set_new(json_object_get(frozen, "ever"), dash_str(item, "item"), json_true());
    }
    json_t *one = json_pack("{s:s, s:I, s:o, s:{}}", "release", dash_str(release, "release"), "at",
                            (json_int_t)dash_int(release, "at_ms"), "items", items, "fields");
    json_t *releases = json_object_get(frozen, "releases");
    if (!one || !releases || json_object_set_new(releases, name, one)) {
        json_decref(frozen);
        return NULL;
    }
    while (json_object_size(releases) > 2) {
        const char *key, *lowest = NULL;
        json_t *value;
        json_object_foreach(releases, key, value)
        {
            if (!lowest || strtoll(key, NULL, 10) < strtoll(lowest, NULL, 10))
                lowest = key;
        }
        json_object_del(releases, lowest);
    }
    return frozen;
}

/* Those of a kind that are of the plan. A new reference: what is walked must not change. */
static json_t *s_of_plan(const dash_view_t *view, const char *kind, const char *plan)
{
    const char *key;
    char of[DASH_PLAN_MAX];
    json_t *event, *found = json_object();
    json_object_foreach(dash_view_kind(view, kind), key, event)
    {
        if (found && strcmp(dash_plan_of(event, of), plan) == 0)
            json_object_set(found, key, event);
    }
    return found;
}

/* Before the first release all was public: what is, is the working version. */
static int s_take_working(dash_view_t *view, json_t *public)
{
    const char *key;
    json_t *event;
    int rc = CV_OK;
    json_object_foreach(public, key, event)
    {
        json_t *working = rc ? NULL : json_copy(event);
        json_object_del(working, "history");
        json_object_del(working, "moved");
        if (!rc)
            rc = working ? dash_view_put(view, "working", key, working) : CV_ENOMEM;
    }
    return rc;
}

/* Was it ever told at once? */
static bool s_was_confirmed(const json_t *event)
{
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(event, "history"), i, step)
    {
        if (dash_plan_is_confirmed(dash_str(step, "status")))
            return true;
    }
    return false;
}

/* Takes away what the newest release does not hold and nobody was told. */
static int s_hide(dash_view_t *view, const json_t *newest, json_t *public, bool first)
{
    const char *key;
    json_t *event;
    int rc = CV_OK;
    json_object_foreach(public, key, event)
    {
        const char *status = dash_str(event, "status");
        bool stays = s_version_in(newest, key) || dash_plan_is_confirmed(status) ||
                     (s_is_put_off(status) && (!first || s_was_confirmed(event)));
        if (!rc && !stays)
            rc = dash_event_withdraw(view, key);
    }
    return rc;
}

static int s_show(dash_view_t *view, json_t *frozen, json_t *working)
{
    const char *key;
    json_t *event;
    const json_t *newest = s_release(frozen, 0);
    int rc = CV_OK;
    json_object_foreach(working, key, event)
    {
        s_fill(frozen, event);
        if (rc || s_version_in(newest, key) != dash_int(event, "version") ||
            dash_int(dash_view_get(view, "event", key), "version") == dash_int(event, "version"))
            continue;
        json_t *data = json_copy(event);
        json_object_del(data, "at");
        rc = data ? dash_event_publish(view, data, dash_int(event, "at")) : CV_ENOMEM;
        json_decref(data);
    }
    return rc;
}

/* Versions of the plan itself that were not adopted. */
static int s_hide_versions(dash_view_t *view, const char *plan)
{
    const char *key;
    json_t *version, *all = json_copy(dash_view_kind(view, "plan"));
    int rc = all ? CV_OK : CV_ENOMEM;
    json_object_foreach(all, key, version)
    {
        if (!rc && strcmp(dash_str(version, "plan"), plan) == 0 && dash_plan_is_held(view, version))
            rc = dash_view_put(view, "plan", key, NULL);
    }
    json_decref(all);
    return rc;
}

int dash_plan_release(dash_view_t *view, const json_t *release)
{
    const char *plan = dash_str(release, "plan");
    const json_t *before = dash_view_get(view, "plan_release", plan);
    if (!*plan)
        return CV_OK;
    bool first = !before;
    json_t *frozen = s_with(before, release), *public = s_of_plan(view, "event", plan), *working = NULL;
    bool newest = strcmp(dash_str(s_release(frozen, 0), "release"), dash_str(release, "release")) == 0;
    int rc = frozen && public ? CV_OK : CV_ENOMEM;
    if (!rc && first)
        rc = s_take_working(view, public);
    if (!rc && newest) {
        working = s_of_plan(view, "working", plan);
        rc = working ? s_hide(view, s_release(frozen, 0), public, first) : CV_ENOMEM;
    }
    if (!rc && newest)
        rc = s_show(view, frozen, working);
    if (!rc)
        rc = s_put_changes(view, plan, frozen);
    if (!rc)
        rc = dash_view_put(view, "plan_release", plan, json_incref(frozen));
    if (!rc && first)
        rc = s_hide_versions(view, plan);
    json_decref(frozen);
    json_decref(public);
    json_decref(working);
    return rc;
}

bool dash_plan_is_held(const dash_view_t *view, const json_t *plan)
{
    const char *state = dash_str(plan, "state");
    return dash_view_get(view, "plan_release", dash_str(plan, "plan")) && strcmp(state, "adopted") != 0 &&
           strcmp(state, "superseded") != 0;
}
