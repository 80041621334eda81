/* core_judge: see core_judge.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_judge.h"

#include "dashboard/core_plan.h"

#include "scheduling/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int s_by_code(const dash_sitting_t *one, const dash_sitting_t *other)
{
    int order = strcmp(one->event, other->event);
    return order ? order : strcmp(dash_str(one->json, "session"), dash_str(other->json, "session"));
}

static int s_compare_times(const dash_sitting_t *one, const dash_sitting_t *other)
{
    int64_t apart_ms = one->sitting.begin_ms - other->sitting.begin_ms;
    return apart_ms ? (apart_ms < 0 ? -1 : 1) : s_by_code(one, other);
}

static int s_by_event(const void *a, const void *b)
{
    const dash_sitting_t *one = a, *other = b;
    int order = strcmp(one->event, other->event);
    return order ? order : s_compare_times(one, other);
}

static int s_by_time(const void *a, const void *b)
{
    return s_compare_times(*(const dash_sitting_t *const *)a, *(const dash_sitting_t *const *)b);
}

/* Of an event that nobody sees nothing is said. */
static bool s_is_seen(const dash_view_t *view, const json_t *session)
{
    return dash_view_get(view, "event", dash_str(session, "event")) != NULL;
}

static bool s_is_edited(const dash_view_t *view, const char *key, const json_t *shown)
{
    const json_t *draft = dash_view_get(view, "draft", key);
    return draft && dash_view_get(view, "frozen", dash_str(draft, "event")) &&
           dash_int(draft, "version") != dash_int(shown, "version");
}

static int s_take_edited(dash_programmes_t *all)
{
    const char *key;
    json_t *json, *drafts = dash_view_kind(all->view, "draft");
    all->edited = calloc(json_object_size(drafts) + 1, sizeof(*all->edited));
    if (!all->edited)
        return CV_ENOMEM;
    json_object_foreach(drafts, key, json)
    {
        if (s_is_seen(all->view, json) && s_is_edited(all->view, key, dash_view_get(all->view, "session", key)))
            all->edited[all->edited_n++] = (dash_sitting_t){
                .json = json, .event = dash_str(json, "event"), .sitting = dash_sitting_of(all->view, key, json)};
    }
    return CV_OK;
}

static int s_take_shown(dash_programmes_t *all)
{
    const char *key;
    json_t *json, *sessions = dash_view_kind(all->view, "session");
    size_t size = json_object_size(sessions) + 1;
    all->sessions = calloc(size, sizeof(*all->sessions));
    all->by_time = calloc(size, sizeof(*all->by_time));
    if (!all->sessions || !all->by_time)
        return CV_ENOMEM;
    json_object_foreach(sessions, key, json)
    {
        dash_sitting_t one = {
            .json = json, .event = dash_str(json, "event"), .is_edited = s_is_edited(all->view, key, json)};
        if (!s_is_seen(all->view, json))
            continue;
        one.sitting = dash_sitting_of(all->view, key, json);
        if (!sch_is_placed(&one.sitting) || !one.sitting.has_until_ms)
            continue;
        int64_t long_ms = one.sitting.until_ms - one.sitting.begin_ms;
        all->longest_ms = long_ms > all->longest_ms ? long_ms : all->longest_ms;
        all->sessions[all->n++] = one;
    }
    qsort(all->sessions, all->n, sizeof(*all->sessions), s_by_event);
    for (size_t i = 0; i < all->n; i++)
        all->by_time[i] = &all->sessions[i];
    qsort((void *)all->by_time, all->n, sizeof(*all->by_time), s_by_time);
    return CV_OK;
}

int dash_programmes_take(const dash_view_t *view, dash_programmes_t **ret_all)
{
    const char *key;
    json_t *json;
    dash_programmes_t *all = calloc(1, sizeof(*all));
    if (!all)
        return CV_ENOMEM;
    all->view = view;
    all->reach_ms = sch_reach_ms(NULL);
    int rc = s_take_shown(all);
    if (!rc)
        rc = s_take_edited(all);
    all->near = rc ? NULL : calloc(all->n + all->edited_n + 1, sizeof(*all->near));
    if (!all->near) {
        dash_programmes_free(&all);
        return CV_ENOMEM;
    }
    json_object_foreach(dash_view_kind(view, "room"), key, json)
    {
        const cv_room_t room = {.turnaround = dash_int(json, "turnaround")};
        all->reach_ms = sch_reach_ms(&room) > all->reach_ms ? sch_reach_ms(&room) : all->reach_ms;
    }
    dash_rules_of(view, all->rules);
    *ret_all = all;
    return CV_OK;
}

void dash_programmes_free(dash_programmes_t **all)
{
    if (!*all)
        return;
    free((*all)->sessions);
    free((*all)->edited);
    free((void *)(*all)->by_time);
    free((void *)(*all)->near);
    free(*all);
    *all = NULL;
}

bool dash_programmes_next(const dash_programmes_t *all, dash_range_t *range)
{
    range->first = range->end;
    while (range->end < all->n && strcmp(all->sessions[range->end].event, all->sessions[range->first].event) == 0)
        range->end++;
    return range->first < all->n;
}

/* ---- one session ----------------------------------------------------------------------------------- */

/* The whole event, and what is at about that time elsewhere: people and rooms are shared. released: an event with its working
 * versions in the place of what is shown; NULL: none. */
static size_t s_near(dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting,
                     const char *released)
{
    const char *event = all->sessions[range->first].event;
    size_t n = 0, low = 0, high = all->n;
    int64_t from_ms = sitting->begin_ms - all->reach_ms - all->longest_ms, until_ms = sitting->until_ms + all->reach_ms;
    bool own = released && strcmp(released, event) == 0;
    for (size_t i = range->first; i < range->end; i++)
        if (!own || !all->sessions[i].is_edited)
            all->near[n++] = &all->sessions[i].sitting;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->by_time[middle]->sitting.begin_ms < from_ms)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < all->n && all->by_time[low]->sitting.begin_ms < until_ms; low++) {
        const dash_sitting_t *other = all->by_time[low];
        bool is_replaced = released && other->is_edited && strcmp(other->event, released) == 0;
        if (!is_replaced && strcmp(other->event, event) != 0)
            all->near[n++] = &other->sitting;
    }
    for (size_t i = 0; released && i < all->edited_n; i++)
        if (strcmp(all->edited[i].event, released) == 0)
            all->near[n++] = &all->edited[i].sitting;
    return n;
}

static const json_t *s_room_of(const dash_view_t *view, const sch_sitting_t *sitting)
{
    char key[DASH_KEY_MAX];
    (void)snprintf(key, sizeof(key), "%.*s/%.*s", CV_STR_ARG(sitting->session.venue),
                   CV_STR_ARG(sitting->session.room));
    return dash_view_get(view, "room", key);
}

static size_t s_judge(dash_programmes_t *all, const sch_sitting_t *sitting, const json_t *room, size_t near_n)
{
    sch_cover_t covers[CV_SESSION_PARTIES_MAX];
    cv_pause_t pauses[CV_VENUE_PAUSES_MAX];
    const json_t *event = dash_view_get(all->view, "event", sitting->session.event.ptr),
                 *venue =
                     sitting->session.venue.ptr ? dash_view_get(all->view, "venue", sitting->session.venue.ptr) : NULL;
    cv_room_t made = dash_room_of(room);
    sch_around_t around = {.near = all->near,
                           .near_n = near_n,
                           .room = room ? &made : NULL,
                           .covers = covers,
                           .teams = dash_int(event, "teams"),
                           .pauses = pauses,
                           .pauses_n = dash_pauses_of(venue, pauses),
                           .rules = all->rules};
    for (size_t i = 0; i < sitting->session.parties_n; i++) {
        const json_t *party = dash_view_get(all->view, "party", sitting->session.parties[i].ptr);
        if (json_object_get(party, "delegation_size"))
            covers[around.covers_n++] = (sch_cover_t){sitting->session.parties[i], dash_int(party, "delegation_size")};
    }
    /* The days that are shown are not those that its sessions are for, while the event waits for a release of its plan. */
    const cv_event_details_t details = {.date_start = cv_str(json_string_value(json_object_get(event, "date_start"))),
                                        .date_end = cv_str(json_string_value(json_object_get(event, "date_end")))};
    around.has_days = !dash_plan_waits(all->view, sitting->session.event.ptr) &&
                      sch_days(&details, &around.first_day, &around.last_day);
    size_t n = sch_conflicts_of(sitting, &around, all->found);
    return n < SCH_CONFLICTS_MAX ? n : SCH_CONFLICTS_MAX;
}

size_t dash_judge(dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting, const char *released)
{
    return s_judge(all, sitting, s_room_of(all->view, sitting), s_near(all, range, sitting, released));
}

bool dash_judge_blocks(const dash_programmes_t *all, const sch_conflict_t *conflict)
{
    sch_effect_t effect = all->rules[conflict->rule].effect;
    return effect == SCH_FORBID || effect == SCH_BLOCK_RELEASE;
}

bool dash_judge_is_of_room(const sch_conflict_t *conflict)
{
    return conflict->why == SCH_WHY_ROOM_TAKEN || conflict->why == SCH_WHY_ROOM_CLOSED ||
           conflict->why == SCH_WHY_ROOM_LACKS || conflict->why == SCH_WHY_BOOTHS;
}

const char *dash_judge_other_room(dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting)
{
    const char *key, *best = NULL;
    json_t *room;
    size_t near_n = s_near(all, range, sitting, NULL);
    json_object_foreach(dash_view_kind(all->view, "room"), key, room)
    {
        sch_sitting_t moved = *sitting;
        bool good = cv_str_is(moved.session.venue, dash_str(room, "venue")) && (!best || strcmp(key, best) < 0);
        if (!good)
            continue;
        moved.session.room = cv_str(dash_str(room, "room"));
        size_t n = s_judge(all, &moved, room, near_n);
        for (size_t i = 0; i < n; i++)
            good = good && !(dash_judge_is_of_room(&all->found[i]) && dash_judge_blocks(all, &all->found[i]));
        best = good ? key : best;
    }
    return best;
}

bool dash_judge_mends(dash_programmes_t *all, const dash_range_t *range, const dash_sitting_t *one, sch_why_t why,
                      const char *released)
{
    const sch_sitting_t *sitting = &one->sitting;
    bool any = false;
    for (size_t i = 0; i < all->edited_n; i++) {
        const dash_sitting_t *edited = &all->edited[i];
        any = any || strcmp(edited->event, released) == 0;
        if (one->is_edited && strcmp(released, one->event) == 0 && s_by_code(edited, one) == 0)
            sitting = &edited->sitting;
    }
    if (!any || !sch_is_placed(sitting))
        return any;
    size_t n = dash_judge(all, range, sitting, released);
    for (size_t i = 0; i < n; i++)
        if (all->found[i].why == why && dash_judge_blocks(all, &all->found[i]))
            return false;
    return n < SCH_CONFLICTS_MAX;
}
