/* core_conflicts: see core_conflicts.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_conflicts.h"

#include "dashboard/core_judge.h"

#include <stdio.h>
#include <string.h>

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
                                             [SCH_WHY_DAYS] = "days",
                                             [SCH_WHY_AWAY] = "away",
                                             [SCH_WHY_TEAMS] = "teams",
                                             [SCH_WHY_TEAM_DAY] = "team_day",
                                             [SCH_WHY_PAUSE] = "pause",
                                             [SCH_WHY_ORDER] = "order"};
/* A new one, of a rule that blocks, needs a name here, what it needs to be found (s_judge), and a sentence (words.h). */
_Static_assert(SCH_WHYS == 29, "all that the evaluator can say has been looked at");

static bool s_counts(const sch_sitting_t *sitting, const sch_conflict_t *conflict)
{
    if (conflict->why != SCH_WHY_DELEGATION)
        return sitting->session.languages_n > 0;
    for (size_t i = 0; i < sitting->session.parties_n; i++)
        if (cv_str_equal(sitting->session.parties[i], conflict->name))
            return true;
    return false;
}

static bool s_is_before(const sch_sitting_t *one, const sch_sitting_t *other)
{
    return strcmp(one->session.session.ptr, other->session.session.ptr) < 0;
}

/* More at once than a delegation, or the interpreters, can be at: told once for each instant from which it is so, of what
 * begins then; the conflict is made that of this instant. */
static bool s_is_too_many(const dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting,
                          sch_conflict_t *conflict)
{
    int64_t n = 1;
    conflict->other = NULL;
    for (size_t i = range->first; i < range->end; i++) {
        const sch_sitting_t *other = &all->sessions[i].sitting;
        if (other == sitting || other->begin_ms > sitting->begin_ms || other->until_ms <= sitting->begin_ms ||
            !s_counts(other, conflict))
            continue;
        if (other->begin_ms == sitting->begin_ms && s_is_before(other, sitting))
            return false;
        n++;
        if (!conflict->other || s_is_before(other, conflict->other))
            conflict->other = other;
    }
    conflict->need = n;
    return n > conflict->have;
}

/* What is too long for the interpreters of a day is told of the last of them. */
static bool s_is_last_of_day(const dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting,
                             const sch_conflict_t *conflict)
{
    int64_t day, other_day, last;
    if (!sch_sitting_days(sitting, &day, &last))
        return true;
    for (size_t i = range->first; i < range->end; i++) {
        const sch_sitting_t *other = &all->sessions[i].sitting;
        bool later = other->until_ms > sitting->until_ms ||
                     (other->until_ms == sitting->until_ms && s_is_before(sitting, other));
        if (other != sitting && later && s_counts(other, conflict) && sch_sitting_days(other, &other_day, &last) &&
            other_day == day)
            return false;
    }
    return true;
}

/* Of two sides the first tells; before an opening and behind a closing, the one that is. */
static bool s_is_told(const dash_programmes_t *all, const dash_range_t *range, const sch_sitting_t *sitting,
                      sch_conflict_t *conflict)
{
    if (conflict->why == SCH_WHY_DELEGATION || conflict->why == SCH_WHY_TEAMS)
        return s_is_too_many(all, range, sitting, conflict);
    if (conflict->why == SCH_WHY_TEAM_DAY)
        return s_is_last_of_day(all, range, sitting, conflict);
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

/* What releases have to do with it: the one that mends it alone, or shows what has been mended. */
static void s_set_release(dash_programmes_t *all, const dash_range_t *range, const dash_sitting_t *one,
                          const sch_conflict_t *conflict, json_t *row)
{
    const char *event = one->event;
    const char *other = conflict->other ? conflict->other->session.event.ptr : event;
    bool mends = dash_judge_mends(all, range, one, conflict->why, event);
    if (!mends && strcmp(other, event) != 0 && dash_judge_mends(all, range, one, conflict->why, other)) {
        mends = true;
        event = other;
    }
    s_set(row, "release", s_next_release(all->view, event));
    if (mends)
        s_set(row, "mended", json_true());
}

static json_t *s_row(dash_programmes_t *all, const dash_range_t *range, const dash_sitting_t *one,
                     const sch_conflict_t *conflict)
{
    const sch_sitting_t *sitting = &one->sitting, *other = conflict->other;
    const char *why = s_whys[conflict->why] ? s_whys[conflict->why] : "rule";
    json_t *row = json_pack("{s:s, s:O, s:I, s:I, s:I}", "why", why, "session", json_object_get(one->json, "session"),
                            "until", (json_int_t)sitting->until_ms, "have", (json_int_t)conflict->have, "need",
                            (json_int_t)conflict->need);
    if (!row)
        return NULL;
    s_set(row, "start", json_incref(json_object_get(one->json, "start")));
    if (strcmp(why, "rule") == 0)
        s_set(row, "about", json_string(all->rules[conflict->rule].id));
    else if (conflict->name.ptr && conflict->why != SCH_WHY_PERSON && conflict->why != SCH_WHY_AWAY)
        s_set(row, "about", json_stringn(conflict->name.ptr, conflict->name.len));
    bool elsewhere = other && !cv_str_is(other->session.event, one->event);
    if (other)
        s_set(row, "other",
              json_sprintf("%s%s%s", elsewhere ? other->session.event.ptr : "", elsewhere ? "/" : "",
                           other->session.session.ptr));
    if (s_is_for_all(sitting->session.kind) && (!other || s_is_for_all(other->session.kind)))
        s_set(row, "all", json_true());
    s_set_release(all, range, one, conflict, row);
    const char *room = NULL;
    if (dash_judge_is_of_room(conflict) && !json_object_get(row, "release"))
        room = dash_judge_other_room(all, range, sitting);
    if (room)
        s_set(row, "to", json_string(room));
    return row;
}

/* What is told of an event. */
typedef struct {
    json_t *broken, *days, *ends; /* days: NULL: none; ends: of all that are not on the event's days */
    int64_t n;
} s_told_t;

/* How much the command of a session that is not on the event's days mends: of those that are for all, too. */
static int s_reach(const json_t *row)
{
    return !row ? -1 : json_is_true(json_object_get(row, "mended")) ? 0 : 1 + json_is_true(json_object_get(row, "all"));
}

/* Adds what is broken of one session. */
static int s_add(dash_programmes_t *all, const dash_range_t *range, const dash_sitting_t *one, s_told_t *told)
{
    size_t found_n = dash_judge(all, range, &one->sitting, NULL);
    sch_conflict_t found[SCH_CONFLICTS_MAX];
    memcpy(found, all->found, found_n * sizeof(*found));
    for (size_t i = 0; i < found_n; i++) {
        bool is_days = found[i].why == SCH_WHY_DAYS;
        if (!dash_judge_blocks(all, &found[i]) || !s_is_told(all, range, &one->sitting, &found[i]))
            continue;
        told->n++;
        if (!is_days && json_array_size(told->broken) == DASH_BROKEN_MAX)
            continue;
        json_t *row = s_row(all, range, one, &found[i]);
        if (!row)
            return CV_ENOMEM;
        if (!is_days) {
            if (json_array_append_new(told->broken, row))
                return CV_ENOMEM;
            continue;
        }
        bool reaches = s_reach(row) > s_reach(told->days);
        json_t *less = reaches ? told->days : row;
        told->days = reaches ? row : told->days;
        json_decref(less);
        if (json_array_append_new(told->ends, json_integer(one->sitting.until_ms)))
            return CV_ENOMEM;
    }
    return CV_OK;
}

static json_t *s_value(const char *event, const s_told_t *told)
{
    json_t *value = json_pack("{s:s, s:I, s:O}", "event", event, "n", (json_int_t)told->n, "broken", told->broken);
    if (value && told->days &&
        (json_object_set(told->days, "ends", told->ends) || json_object_set(value, "days", told->days))) {
        json_decref(value);
        return NULL;
    }
    return value;
}

static int s_event(dash_programmes_t *all, dash_view_t *view, const dash_range_t *range, json_t *kept)
{
    const char *event = all->sessions[range->first].event;
    s_told_t told = {.broken = json_array(), .ends = json_array()};
    int rc = told.broken && told.ends ? CV_OK : CV_ENOMEM;
    for (size_t at = range->first; !rc && at < range->end; at++)
        rc = s_add(all, range, &all->sessions[at], &told);
    json_t *value = !rc && told.n ? s_value(event, &told) : NULL;
    json_decref(told.broken);
    json_decref(told.days);
    json_decref(told.ends);
    if (rc || !told.n)
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
    static const char *const kinds[] = {"session", "draft", "frozen", "release", "room",
                                        "rule",    "party", "event",  "venue",   "working"};
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
    dash_programmes_t *all = NULL;
    json_t *kept = json_object(), *value;
    const char *event;
    void *next;
    int rc = kept ? dash_programmes_take(view, &all) : CV_ENOMEM;
    for (dash_range_t of = {0}; !rc && dash_programmes_next(all, &of);)
        rc = s_event(all, view, &of, kept);
    json_object_foreach_safe(dash_view_kind(view, "conflict"), next, event, value)
    {
        if (!rc && !json_object_get(kept, event))
            rc = dash_view_put(view, "conflict", event, NULL);
    }
    dash_programmes_free(&all);
    json_decref(kept);
    return rc;
}
