/* core_conflicts: see core_conflicts.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_conflicts.h"

#include "dashboard/core_plan.h"
#include "dashboard/core_sittings.h"

#include "scheduling/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A session, with what it is judged by. */
typedef struct {
    const json_t *json;
    const char *event;
    sch_sitting_t sitting;
    bool is_edited; /* shown, and its working version is another one */
} s_session_t;

typedef struct {
    const dash_view_t *view;
    s_session_t *sessions; /* shown and placed, in the order of events, beginnings and codes */
    size_t n;
    s_session_t *edited; /* working versions, of programmes that make releases, that are not shown */
    size_t edited_n;
    const s_session_t **by_time;
    const sch_sitting_t **near; /* of one */
    int64_t longest_ms, reach_ms;
    sch_rule_t rules[SCH_PROGRAMME_RULES_N];
    sch_conflict_t found[SCH_CONFLICTS_MAX];
} s_programmes_t;

/* The sessions of one event. */
typedef struct {
    size_t first, end;
} s_range_t;

static int s_by_code(const s_session_t *one, const s_session_t *other)
{
    int order = strcmp(one->event, other->event);
    return order ? order : strcmp(dash_str(one->json, "session"), dash_str(other->json, "session"));
}

static int s_compare_times(const s_session_t *one, const s_session_t *other)
{
    int64_t apart_ms = one->sitting.begin_ms - other->sitting.begin_ms;
    return apart_ms ? (apart_ms < 0 ? -1 : 1) : s_by_code(one, other);
}

static int s_by_event(const void *a, const void *b)
{
    const s_session_t *one = a, *other = b;
    int order = strcmp(one->event, other->event);
    return order ? order : s_compare_times(one, other);
}

static int s_by_time(const void *a, const void *b)
{
    return s_compare_times(*(const s_session_t *const *)a, *(const s_session_t *const *)b);
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

static int s_take_edited(s_programmes_t *all)
{
    const char *key;
    json_t *json, *drafts = dash_view_kind(all->view, "draft");
    all->edited = calloc(json_object_size(drafts) + 1, sizeof(*all->edited));
    if (!all->edited)
        return CV_ENOMEM;
    json_object_foreach(drafts, key, json)
    {
        if (s_is_seen(all->view, json) && s_is_edited(all->view, key, dash_view_get(all->view, "session", key)))
            all->edited[all->edited_n++] = (s_session_t){
                .json = json, .event = dash_str(json, "event"), .sitting = dash_sitting_of(all->view, key, json)};
    }
    return CV_OK;
}

static int s_take_shown(s_programmes_t *all)
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
        s_session_t one = {
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

static int s_take(s_programmes_t *all)
{
    const char *key;
    json_t *json;
    int rc = s_take_shown(all);
    if (!rc)
        rc = s_take_edited(all);
    all->near = rc ? NULL : calloc(all->n + all->edited_n + 1, sizeof(*all->near));
    if (!rc && !all->near)
        rc = CV_ENOMEM;
    json_object_foreach(dash_view_kind(all->view, "room"), key, json)
    {
        const cv_room_t room = {.turnaround = dash_int(json, "turnaround")};
        all->reach_ms = sch_reach_ms(&room) > all->reach_ms ? sch_reach_ms(&room) : all->reach_ms;
    }
    dash_rules_of(all->view, all->rules);
    return rc;
}

/* ---- one session ----------------------------------------------------------------------------------- */

/* The whole event, and what is at about that time elsewhere: people and rooms are shared. released: an event with its working
 * versions in the place of what is shown; NULL: none. */
static size_t s_near(s_programmes_t *all, const s_range_t *range, const sch_sitting_t *sitting, const char *released)
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
        const s_session_t *other = all->by_time[low];
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

static size_t s_judge(s_programmes_t *all, const sch_sitting_t *sitting, const json_t *room, size_t near_n)
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

/* The first room by code of that venue in which nothing would speak of its room. NULL: none. Leaves `found` changed. */
static const char *s_other_room(s_programmes_t *all, const s_range_t *range, const sch_sitting_t *sitting)
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
            good = good && !(s_is_of_room(&all->found[i]) && s_blocks(all, &all->found[i]));
        best = good ? key : best;
    }
    return best;
}

/* Would a release of this event alone end what speaks so against the session? Leaves `found` changed. */
static bool s_mends(s_programmes_t *all, const s_range_t *range, const s_session_t *one, sch_why_t why,
                    const char *released)
{
    const sch_sitting_t *sitting = &one->sitting;
    bool any = false;
    for (size_t i = 0; i < all->edited_n; i++) {
        const s_session_t *edited = &all->edited[i];
        any = any || strcmp(edited->event, released) == 0;
        if (one->is_edited && strcmp(released, one->event) == 0 && s_by_code(edited, one) == 0)
            sitting = &edited->sitting;
    }
    if (!any || !sch_is_placed(sitting))
        return any;
    size_t n = s_judge(all, sitting, s_room_of(all->view, sitting), s_near(all, range, sitting, released));
    for (size_t i = 0; i < n; i++)
        if (all->found[i].why == why && s_blocks(all, &all->found[i]))
            return false;
    return n < SCH_CONFLICTS_MAX;
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
static bool s_is_too_many(const s_programmes_t *all, const s_range_t *range, const sch_sitting_t *sitting,
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
static bool s_is_last_of_day(const s_programmes_t *all, const s_range_t *range, const sch_sitting_t *sitting,
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
static bool s_is_told(const s_programmes_t *all, const s_range_t *range, const sch_sitting_t *sitting,
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
static void s_set_release(s_programmes_t *all, const s_range_t *range, const s_session_t *one,
                          const sch_conflict_t *conflict, json_t *row)
{
    const char *event = one->event;
    const char *other = conflict->other ? conflict->other->session.event.ptr : event;
    bool mends = s_mends(all, range, one, conflict->why, event);
    if (!mends && strcmp(other, event) != 0 && s_mends(all, range, one, conflict->why, other)) {
        mends = true;
        event = other;
    }
    s_set(row, "release", s_next_release(all->view, event));
    if (mends)
        s_set(row, "mended", json_true());
}

static json_t *s_row(s_programmes_t *all, const s_range_t *range, const s_session_t *one,
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
    if (s_is_of_room(conflict) && !json_object_get(row, "release"))
        room = s_other_room(all, range, sitting);
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
static int s_add(s_programmes_t *all, const s_range_t *range, const s_session_t *one, s_told_t *told)
{
    size_t near_n = s_near(all, range, &one->sitting, NULL);
    size_t found_n = s_judge(all, &one->sitting, s_room_of(all->view, &one->sitting), near_n);
    sch_conflict_t found[SCH_CONFLICTS_MAX];
    memcpy(found, all->found, found_n * sizeof(*found));
    for (size_t i = 0; i < found_n; i++) {
        bool is_days = found[i].why == SCH_WHY_DAYS;
        if (!s_blocks(all, &found[i]) || !s_is_told(all, range, &one->sitting, &found[i]))
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

static int s_event(s_programmes_t *all, dash_view_t *view, const s_range_t *range, json_t *kept)
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
    for (s_range_t of = {0}; !rc && of.first < all->n; of.first = of.end) {
        of.end = of.first + 1;
        while (of.end < all->n && strcmp(all->sessions[of.end].event, all->sessions[of.first].event) == 0)
            of.end++;
        rc = s_event(all, view, &of, kept);
    }
    json_object_foreach_safe(dash_view_kind(view, "conflict"), next, event, value)
    {
        if (!rc && !json_object_get(kept, event))
            rc = dash_view_put(view, "conflict", event, NULL);
    }
    if (all) {
        free(all->sessions);
        free(all->edited);
        free((void *)all->by_time);
        free((void *)all->near);
    }
    free(all);
    json_decref(kept);
    return rc;
}
