/* core_conflicts: which rules speak against a session where it is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

int sch_compare_str(cv_str_t a, cv_str_t b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

int sch_compare_sitting(const sch_sitting_t *a, const sch_sitting_t *b)
{
    int order = sch_compare_str(a->session.event, b->session.event);
    return order ? order : sch_compare_str(a->session.session, b->session.session);
}

static int compare(const sch_rule_t *rules, const sch_conflict_t *a, const sch_conflict_t *b)
{
    const sch_rule_t *x = &rules[a->rule], *y = &rules[b->rule];
    if (x->effect != y->effect)
        return x->effect < y->effect ? -1 : 1;
    if (x->level != y->level)
        return x->level < y->level ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->rule != b->rule)
        return a->rule < b->rule ? -1 : 1;
    if (a->why != b->why)
        return a->why < b->why ? -1 : 1;
    int order =
        a->other && b->other ? sch_compare_sitting(a->other, b->other) : (a->other != NULL) - (b->other != NULL);
    return order ? order : sch_compare_str(a->name, b->name);
}

/* Keeps the list in order; of too many the last is let go. */
void sch_find_add(sch_find_t *find, sch_conflict_t conflict)
{
    const sch_rule_t *rules = find->around->rules;
    if (rules[conflict.rule].effect == SCH_IGNORE)
        return;
    ++find->n;
    size_t at = find->kept;
    while (at && compare(rules, &conflict, &find->list[at - 1]) < 0)
        --at;
    if (at == SCH_CONFLICTS_MAX)
        return;
    if (find->kept < SCH_CONFLICTS_MAX)
        ++find->kept;
    memmove(&find->list[at + 1], &find->list[at], (find->kept - 1 - at) * sizeof *find->list);
    find->list[at] = conflict;
}

int64_t sch_find_weight(const sch_find_t *find, int rule)
{
    return find->around->rules[rule].weight;
}

/* ---- two sessions ------------------------------------------------------------------------ */

static bool is_same(const sch_sitting_t *a, const sch_sitting_t *b)
{
    return sch_is_sitting(a, b->session.event, b->session.session);
}

/* Minutes that both take; 0 or less: so many are between them. */
static int64_t common_minutes(const sch_sitting_t *a, const sch_sitting_t *b)
{
    int64_t begin = a->begin_ms > b->begin_ms ? a->begin_ms : b->begin_ms;
    int64_t until = a->until_ms < b->until_ms ? a->until_ms : b->until_ms;
    int64_t ms = until - begin;
    return ms > 0 ? (ms + MINUTE_MS - 1) / MINUTE_MS : ms / MINUTE_MS;
}

bool sch_overlaps(const sch_sitting_t *a, const sch_sitting_t *b)
{
    return a->begin_ms < b->until_ms && b->begin_ms < a->until_ms;
}

bool sch_same_room(const cv_session_t *a, const cv_session_t *b)
{
    return a->room.ptr && b->room.ptr && cv_str_equal(a->room, b->room) && cv_str_equal(a->venue, b->venue);
}

size_t sch_people_of(const cv_session_t *session, cv_str_t ret_people[CV_SESSION_SPEAKERS_MAX + 1])
{
    size_t n = 0;
    if (session->has_chair)
        ret_people[n++] = session->chair.person;
    for (size_t i = 0; i < session->speakers_n; ++i)
        if (!n || !session->has_chair || !cv_str_equal(session->speakers[i].person, session->chair.person))
            ret_people[n++] = session->speakers[i].person;
    return n;
}

static void check_people(sch_find_t *find, const sch_sitting_t *other)
{
    const sch_sitting_t *sitting = find->sitting;
    cv_str_t mine[CV_SESSION_SPEAKERS_MAX + 1], theirs[CV_SESSION_SPEAKERS_MAX + 1];
    int64_t both = common_minutes(sitting, other);
    bool at_once = sch_overlaps(sitting, other);
    bool rush = !at_once && -both < SCH_NEAR_MIN && sitting->session.room.ptr && other->session.room.ptr &&
                !sch_same_room(&sitting->session, &other->session);
    if (!at_once && !rush)
        return;
    size_t n = sch_people_of(&sitting->session, mine), m = sch_people_of(&other->session, theirs);
    for (size_t i = 0; i < n; ++i)
        for (size_t j = 0; j < m; ++j)
            if (cv_str_equal(mine[i], theirs[j]))
                sch_find_add(find, at_once ? (sch_conflict_t){.rule = SCH_B2,
                                                              .why = SCH_WHY_PERSON,
                                                              .other = other,
                                                              .name = mine[i],
                                                              .have = both,
                                                              .cost = sch_find_weight(find, SCH_B2)}
                                           : (sch_conflict_t){.rule = SCH_B15,
                                                              .why = SCH_WHY_RUSH,
                                                              .other = other,
                                                              .name = mine[i],
                                                              .have = -both,
                                                              .need = SCH_NEAR_MIN,
                                                              .cost = sch_find_weight(find, SCH_B15)});
}

static void check_room_shared(sch_find_t *find, const sch_sitting_t *other)
{
    const sch_sitting_t *sitting = find->sitting;
    const cv_room_t *room = find->around->room;
    int64_t after = room ? room->turnaround : 0;
    if (!sch_same_room(&sitting->session, &other->session) ||
        sitting->begin_ms >= other->until_ms + after * MINUTE_MS ||
        other->begin_ms >= sitting->until_ms + after * MINUTE_MS)
        return;
    sch_find_add(find, (sch_conflict_t){.rule = SCH_B1,
                                        .why = SCH_WHY_ROOM_TAKEN,
                                        .other = other,
                                        .have = common_minutes(sitting, other),
                                        .need = after,
                                        .cost = sch_find_weight(find, SCH_B1)});
}

static bool is_for_all(cv_session_kind_t kind)
{
    return kind == CV_SESSION_KIND_PLENARY || kind == CV_SESSION_KIND_OPENING || kind == CV_SESSION_KIND_CLOSING;
}

/* Two sessions of one event at one time: is one a break, or for all? */
static void check_beside(sch_find_t *find, const sch_sitting_t *other)
{
    cv_session_kind_t a = find->sitting->session.kind, b = other->session.kind;
    if (a == CV_SESSION_KIND_SIDE_EVENT || b == CV_SESSION_KIND_SIDE_EVENT || !sch_overlaps(find->sitting, other))
        return;
    bool breaks = a == CV_SESSION_KIND_BREAK || b == CV_SESSION_KIND_BREAK;
    if ((!breaks && (is_for_all(a) || is_for_all(b))) || (breaks && a != b))
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B5,
                                            .why = breaks ? SCH_WHY_BREAK : SCH_WHY_PLENARY,
                                            .other = other,
                                            .have = common_minutes(find->sitting, other),
                                            .cost = sch_find_weight(find, SCH_B5)});
}

/* ---- the event's frame ------------------------------------------------------------------- */

/* Is b before a by its beginning (first), or after it by its end? Equals by their code. */
static bool is_farther(const sch_sitting_t *a, const sch_sitting_t *b, bool first)
{
    if (!a)
        return true;
    int64_t by = first ? a->begin_ms - b->begin_ms : b->until_ms - a->until_ms;
    return by ? by > 0 : sch_compare_str(b->session.session, a->session.session) < 0;
}

/* Nothing but side events begins before the opening or ends after the closing. The opening itself names only the first
 * that does. */
static void check_frame(sch_find_t *find, cv_session_kind_t end)
{
    const sch_sitting_t *sitting = find->sitting, *farthest = NULL;
    bool first = end == CV_SESSION_KIND_OPENING;
    sch_why_t why = first ? SCH_WHY_OPENING : SCH_WHY_CLOSING;
    bool is_end = sitting->session.kind == end;
    if (sitting->session.kind == CV_SESSION_KIND_SIDE_EVENT)
        return;
    for (size_t i = 0; i < find->around->near_n; ++i) {
        const sch_sitting_t *other = find->around->near[i];
        cv_session_kind_t kind = other->session.kind;
        if (!sch_is_placed(other) || is_same(sitting, other) || kind == CV_SESSION_KIND_SIDE_EVENT ||
            (kind == end) == is_end || !cv_str_equal(other->session.event, sitting->session.event))
            continue;
        const sch_sitting_t *edge = is_end ? sitting : other, *inner = is_end ? other : sitting;
        if (first ? inner->begin_ms >= edge->begin_ms : inner->until_ms <= edge->until_ms)
            continue;
        if (!is_end)
            sch_find_add(find, (sch_conflict_t){
                                   .rule = SCH_B5, .why = why, .other = other, .cost = sch_find_weight(find, SCH_B5)});
        else if (is_farther(farthest, other, first))
            farthest = other;
    }
    if (farthest)
        sch_find_add(find, (sch_conflict_t){
                               .rule = SCH_B5, .why = why, .other = farthest, .cost = sch_find_weight(find, SCH_B5)});
}

/* ---- delegations ------------------------------------------------------------------------- */

static bool needs(const sch_sitting_t *sitting, cv_str_t party)
{
    for (size_t i = 0; i < sitting->session.parties_n; ++i)
        if (cv_str_equal(sitting->session.parties[i], party))
            return true;
    return false;
}

/* The number of sessions at once changes only where one begins: the worst instant is the beginning of one. */
int64_t sch_find_worst(const sch_find_t *find, sch_counts_f *counts, cv_str_t name, const sch_sitting_t **ret_other)
{
    const sch_sitting_t *sitting = find->sitting, *beside[SCH_CONFLICTS_MAX];
    size_t n = 0;
    int64_t worst = 1, worst_ms = 0;
    for (size_t i = 0; i < find->around->near_n && n < SCH_CONFLICTS_MAX; ++i) {
        const sch_sitting_t *near = find->around->near[i];
        if (sch_is_placed(near) && !is_same(near, sitting) && sch_overlaps(near, sitting) &&
            cv_str_equal(near->session.event, sitting->session.event) && counts(near, name))
            beside[n++] = near;
    }
    for (size_t i = 0; i <= n; ++i) {
        int64_t at = i < n ? beside[i]->begin_ms : sitting->begin_ms, count = 1;
        if (at < sitting->begin_ms)
            continue;
        for (size_t j = 0; j < n; ++j)
            count += beside[j]->begin_ms <= at && beside[j]->until_ms > at;
        if (count > worst || (count == worst && at < worst_ms)) {
            worst = count;
            worst_ms = at;
        }
    }
    *ret_other = NULL;
    for (size_t j = 0; j < n; ++j)
        if (beside[j]->begin_ms <= worst_ms && beside[j]->until_ms > worst_ms &&
            (!*ret_other || sch_compare_sitting(beside[j], *ret_other) < 0))
            *ret_other = beside[j];
    return worst;
}

static void check_cover(sch_find_t *find, cv_str_t party, int64_t size)
{
    const sch_sitting_t *other;
    int64_t worst = sch_find_worst(find, needs, party, &other);
    if (worst > size)
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B3,
                                            .why = SCH_WHY_DELEGATION,
                                            .other = other,
                                            .name = party,
                                            .have = size,
                                            .need = worst,
                                            .cost = sch_find_weight(find, SCH_B3) * (worst - size)});
}

/* ---- one session ------------------------------------------------------------------------- */

static bool has_feature(const cv_room_t *room, cv_str_t feature)
{
    for (size_t i = 0; i < room->features_n; ++i)
        if (cv_str_equal(room->features[i], feature))
            return true;
    return false;
}

/* By the clock of the venue, which the session's start is in. Spans are in order; what one leaves off the next may take
 * up. */
static bool is_available(const cv_room_t *room, const cv_session_t *session)
{
    int64_t at, from, until;
    if (room->closed)
        return false;
    if (!room->available_n || !cv_wall_parse(session->start, &at))
        return true;
    int64_t end = at + session->minutes * 60;
    for (size_t i = 0; i < room->available_n && at < end; ++i)
        if (cv_wall_parse(room->available[i].from, &from) && cv_wall_parse(room->available[i].until, &until) &&
            from <= at && until > at)
            at = until;
    return at >= end;
}

static void check_seats(sch_find_t *find, const cv_room_t *room, const cv_session_t *session)
{
    sch_conflict_t conflict = {.have = room->seats, .need = session->expected};
    if (!session->has_expected)
        return;
    if (session->expected * 10 > room->seats * 11) {
        conflict.rule = SCH_B6;
        conflict.why = SCH_WHY_SEATS;
        conflict.cost = sch_find_weight(find, SCH_B6);
    } else if (session->expected > room->seats) {
        conflict.rule = SCH_B13;
        conflict.why = SCH_WHY_SEATS;
        conflict.cost = sch_find_weight(find, SCH_B13) * (session->expected - room->seats);
    } else if (session->expected && room->seats > 2 * session->expected) {
        conflict.rule = SCH_B13;
        conflict.why = SCH_WHY_HALL;
        conflict.cost = sch_find_weight(find, SCH_B13);
    } else {
        return;
    }
    sch_find_add(find, conflict);
}

static void check_in_room(sch_find_t *find, const cv_room_t *room)
{
    const cv_session_t *session = &find->sitting->session;
    int64_t languages = (int64_t)session->languages_n;
    if (!is_available(room, session))
        sch_find_add(
            find, (sch_conflict_t){.rule = SCH_B1, .why = SCH_WHY_ROOM_CLOSED, .cost = sch_find_weight(find, SCH_B1)});
    for (size_t i = 0; i < session->features_n; ++i)
        if (!has_feature(room, session->features[i]))
            sch_find_add(find, (sch_conflict_t){.rule = SCH_B1,
                                                .why = SCH_WHY_ROOM_LACKS,
                                                .name = session->features[i],
                                                .cost = sch_find_weight(find, SCH_B1)});
    if (languages > room->booths)
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B4,
                                            .why = SCH_WHY_BOOTHS,
                                            .have = room->booths,
                                            .need = languages,
                                            .cost = sch_find_weight(find, SCH_B4) * (languages - room->booths)});
    check_seats(find, room, session);
}

static void check_alone(sch_find_t *find)
{
    const sch_sitting_t *sitting = find->sitting;
    const sch_around_t *around = find->around;
    int64_t first, last;
    if (around->room && sitting->session.room.ptr)
        check_in_room(find, around->room);
    if (around->has_days && sch_sitting_days(sitting, &first, &last) &&
        (first < around->first_day || last > around->last_day))
        sch_find_add(find,
                     (sch_conflict_t){.rule = SCH_B5, .why = SCH_WHY_DAYS, .cost = sch_find_weight(find, SCH_B5)});
    if (around->released && sch_is_placed(around->released)) {
        const cv_session_t *was = &around->released->session;
        bool moved = around->released->begin_ms != sitting->begin_ms;
        bool room =
            !cv_str_equal(was->room, sitting->session.room) || !cv_str_equal(was->venue, sitting->session.venue);
        if (moved || room)
            sch_find_add(find, (sch_conflict_t){.rule = SCH_B8,
                                                .why = SCH_WHY_MOVED,
                                                .cost = sch_find_weight(find, SCH_B8) * (moved ? 2 : 1)});
    }
    for (size_t i = 0; i < sitting->session.parties_n; ++i)
        for (size_t k = 0; k < around->covers_n; ++k)
            if (cv_str_equal(around->covers[k].party, sitting->session.parties[i]))
                check_cover(find, around->covers[k].party, around->covers[k].size);
}

size_t sch_conflicts_of(const sch_sitting_t *sitting, const sch_around_t *around,
                        sch_conflict_t ret_conflicts[SCH_CONFLICTS_MAX])
{
    sch_find_t find = {.sitting = sitting, .around = around, .list = ret_conflicts};
    if (!sch_is_placed(sitting)) {
        if (!sitting->cancelled)
            sch_find_add(&find, (sch_conflict_t){
                                    .rule = SCH_B7, .why = SCH_WHY_NOWHERE, .cost = sch_find_weight(&find, SCH_B7)});
        return find.n;
    }
    for (size_t i = 0; i < around->near_n; ++i) {
        const sch_sitting_t *other = around->near[i];
        if (!sch_is_placed(other) || is_same(sitting, other))
            continue;
        check_room_shared(&find, other);
        check_people(&find, other);
        if (!cv_str_equal(other->session.event, sitting->session.event))
            continue;
        check_beside(&find, other);
        sch_find_order(&find, other);
        sch_find_wishes_beside(&find, other);
    }
    check_frame(&find, CV_SESSION_KIND_OPENING);
    check_frame(&find, CV_SESSION_KIND_CLOSING);
    check_alone(&find);
    sch_find_bounds(&find);
    sch_find_wishes_alone(&find);
    return find.n;
}

bool sch_any_effect(const sch_conflict_t *conflicts, size_t n, const sch_rule_t *rules, sch_effect_t effect)
{
    for (size_t i = 0; i < n && i < SCH_CONFLICTS_MAX; ++i)
        if (rules[conflicts[i].rule].effect == effect)
            return true;
    return false;
}

int64_t sch_reach_ms(const cv_room_t *room)
{
    int64_t minutes = room && room->turnaround > SCH_NEAR_MIN ? room->turnaround : SCH_NEAR_MIN;
    return minutes * MINUTE_MS;
}
