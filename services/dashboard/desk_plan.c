/* desk_plan: the plan as it is worked on, for those who are signed in: each event as it is now, and as it was released.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asked of scheduling at each visit, as it is at that instant.
 */
#include "dashboard/core_plan.h"
#include "dashboard/core_view.h"
#include "dashboard/desk.h"
#include "dashboard/page.h"

#include <stdio.h>
#include <string.h>

/* The newest release of the event's plan; NULL: there is none. */
static const json_t *s_release_of(const json_t *releases, const json_t *event)
{
    char plan[DASH_PLAN_MAX];
    const json_t *newest = NULL;
    size_t i;
    json_t *release;
    (void)dash_plan_of(event, plan);
    json_array_foreach(releases, i, release)
    {
        if (strcmp(dash_str(release, "plan"), plan) == 0 &&
            (!newest || dash_int(release, "number") > dash_int(newest, "number")))
            newest = release;
    }
    return newest;
}

int64_t dash_desk_released(const json_t *releases, const json_t *event, const char **ret_name)
{
    const json_t *release = s_release_of(releases, event);
    size_t i;
    json_t *item;
    *ret_name = release ? dash_str(release, "release") : "";
    json_array_foreach(json_object_get(release, "items"), i, item)
    {
        if (strcmp(dash_str(item, "item"), dash_str(event, "event")) == 0)
            return dash_int(item, "version");
    }
    return 0;
}

void dash_desk_put_released(cv_buf_t *buf, dash_language_t language, const json_t *releases, const json_t *event)
{
    const char *name;
    char text[160];
    int64_t version = dash_desk_released(releases, event, &name);
    if (version && version == dash_int(event, "version"))
        (void)snprintf(text, sizeof(text), "%s", name);
    else if (version)
        (void)snprintf(text, sizeof(text), "%s (%s %lld)", name, dash_word(language, DASH_W_version),
                       (long long)version);
    else
        (void)snprintf(text, sizeof(text), "%s", *name ? dash_word(language, DASH_W_plan_unreleased) : "-");
    dash_put_cell(buf, text);
}
