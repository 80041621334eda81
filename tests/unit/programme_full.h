/* programme_full: the conflicts of a session counted minute by minute over all sessions: slow, and nothing to get
 * wrong. SPDX-License-Identifier: Apache-2.0
 *
 * Written from the rules' sentences (core_conflicts.h) and not from the evaluator: it knows no window, no index, no
 * order, and looks at each minute of three days for each thing. What it gives is a multiset of (rule, why, other,
 * cost).
 */
#ifndef TESTS_PROGRAMME_FULL_H
#define TESTS_PROGRAMME_FULL_H

#include "convene/zone.h"
#include "scheduling/core_conflicts.h"

#include <stdlib.h>
#include <string.h>

enum { FULL_MINUTES = 3 * 1440, FULL_MAX = 4096 };

typedef struct {
    int rule, why, other; /* other: index, or -1 */
    int64_t cost;
} full_row_t;

typedef struct {
    const sch_sitting_t *all;
    int n;
    const cv_room_t *const *room_of; /* of each, or NULL */
    const sch_cover_t *covers;
    int covers_n;
    int64_t origin_ms; /* the first minute, midnight of a day */
    int64_t first_day, last_day;
    int64_t teams;
    const cv_pause_t *pauses; /* of the venue that all rooms are in */
    int pauses_n;
    const sch_rule_t *rules;
    const int *remote_minutes; /* that the clock of the speaker A, who is far away, is ahead; of each session, or -1 */
    full_row_t rows[FULL_MAX];
    int rows_n;
} full_t;

static inline void full_add(full_t *full, int rule, int why, int other, int64_t times)
{
    if (full->rules[rule].effect != SCH_IGNORE && full->rows_n < FULL_MAX)
        full->rows[full->rows_n++] = (full_row_t){rule, why, other, full->rules[rule].weight * times};
}

static inline int full_begin(const full_t *full, int i)
{
    return (int)((full->all[i].begin_ms - full->origin_ms) / 60000);
}

static inline int full_until(const full_t *full, int i)
{
    return (int)((full->all[i].until_ms - full->origin_ms) / 60000);
}

static inline bool full_at(const full_t *full, int i, int minute)
{
    return sch_is_placed(&full->all[i]) && minute >= full_begin(full, i) && minute < full_until(full, i);
}

static inline bool full_is(const full_t *full, int i, cv_session_kind_t kind)
{
    return full->all[i].session.kind == kind;
}

static inline bool full_person(const full_t *full, int i, cv_str_t person)
{
    const cv_session_t *s = &full->all[i].session;
    bool found = s->has_chair && cv_str_equal(s->chair.person, person);
    for (size_t k = 0; k < s->speakers_n; ++k)
        found |= cv_str_equal(s->speakers[k].person, person);
    return found;
}

static inline bool full_party(const full_t *full, int i, cv_str_t party)
{
    for (size_t k = 0; k < full->all[i].session.parties_n; ++k)
        if (cv_str_equal(full->all[i].session.parties[k], party))
            return true;
    return false;
}

static inline int full_common(const full_t *full, int i, int j)
{
    int n = 0;
    for (int minute = full_begin(full, i); minute < full_until(full, i); ++minute)
        n += full_at(full, i, minute) && full_at(full, j, minute);
    return n;
}

static inline bool full_one_room(const full_t *full, int i, int j)
{
    return full->room_of[i] && full->room_of[i] == full->room_of[j];
}

/* Minutes from the end of the earlier to the beginning of the later. */
static inline int full_gap(const full_t *full, int i, int j)
{
    return full_begin(full, i) < full_begin(full, j) ? full_begin(full, j) - full_until(full, i)
                                                     : full_begin(full, i) - full_until(full, j);
}

static inline void full_pair(full_t *full, int i, int j, int common)
{
    int gap = full_gap(full, i, j);
    if (full_one_room(full, i, j) && (common || gap < full->room_of[i]->turnaround))
        full_add(full, SCH_B1, SCH_WHY_ROOM_TAKEN, j, 1);
    for (int code = 'A'; code <= 'Z'; ++code) { /* people have one letter here */
        char letter = (char)code;
        cv_str_t person = {&letter, 1};
        if (!full_person(full, i, person) || !full_person(full, j, person))
            continue;
        if (common)
            full_add(full, SCH_B2, SCH_WHY_PERSON, j, 1);
        else if (gap < 15 && full->room_of[i] && full->room_of[j] && !full_one_room(full, i, j))
            full_add(full, SCH_B15, SCH_WHY_RUSH, j, 1);
    }
    if (!cv_str_equal(full->all[i].session.event, full->all[j].session.event))
        return;
    bool side = full_is(full, i, CV_SESSION_KIND_SIDE_EVENT) || full_is(full, j, CV_SESSION_KIND_SIDE_EVENT);
    bool break_i = full_is(full, i, CV_SESSION_KIND_BREAK), break_j = full_is(full, j, CV_SESSION_KIND_BREAK);
    bool all = false;
    static const cv_session_kind_t ALL[] = {CV_SESSION_KIND_PLENARY, CV_SESSION_KIND_OPENING, CV_SESSION_KIND_CLOSING};
    for (int k = 0; k < 3; ++k)
        all |= full_is(full, i, ALL[k]) || full_is(full, j, ALL[k]);
    if (side)
        return;
    if (common && break_i != break_j)
        full_add(full, SCH_B5, SCH_WHY_BREAK, j, 1);
    if (common && !break_i && !break_j && all)
        full_add(full, SCH_B5, SCH_WHY_PLENARY, j, 1);
    if (full_is(full, j, CV_SESSION_KIND_OPENING) && !full_is(full, i, CV_SESSION_KIND_OPENING) &&
        full_begin(full, i) < full_begin(full, j))
        full_add(full, SCH_B5, SCH_WHY_OPENING, j, 1);
    if (full_is(full, j, CV_SESSION_KIND_CLOSING) && !full_is(full, i, CV_SESSION_KIND_CLOSING) &&
        full_until(full, i) > full_until(full, j))
        full_add(full, SCH_B5, SCH_WHY_CLOSING, j, 1);
}

/* Of one event: minute by minute what is at the same time, and what is asked of both. */
static inline void full_wishes(full_t *full, int i, int j, int common)
{
    const cv_session_t *a = &full->all[i].session, *b = &full->all[j].session;
    int day_i = full_begin(full, i) / 1440, day_j = full_begin(full, j) / 1440;
    for (int code = 'A'; code <= 'Z'; ++code) {
        char letter = (char)code;
        cv_str_t person = {&letter, 1};
        if (day_i == day_j && full_person(full, i, person) && full_person(full, j, person) &&
            full_gap(full, i, j) > 180)
            full_add(full, SCH_B15, SCH_WHY_WAIT, j, 1);
    }
    if (!common)
        return;
    int torn = 0, themes = 0;
    for (int code = 'A'; code <= 'Z'; ++code) {
        char letter = (char)code;
        bool wants[2] = {false, false};
        const cv_session_t *both[] = {a, b};
        for (int k = 0; k < 2; ++k)
            for (size_t w = 0; w < both[k]->welcome_n; ++w)
                wants[k] |= *both[k]->welcome[w].ptr == letter;
        bool must[] = {full_party(full, i, (cv_str_t){&letter, 1}), full_party(full, j, (cv_str_t){&letter, 1})};
        torn += (wants[0] && (wants[1] || must[1])) || (must[0] && wants[1]);
    }
    for (size_t x = 0; x < a->themes_n; ++x)
        for (size_t y = 0; y < b->themes_n; ++y)
            themes += cv_str_equal(a->themes[x], b->themes[y]);
    if (torn)
        full_add(full, SCH_B9, SCH_WHY_TORN, j, torn);
    if (themes)
        full_add(full, SCH_B10, SCH_WHY_THEME, j, themes);
    if (a->language.ptr && b->language.ptr && cv_str_equal(a->language, b->language))
        full_add(full, SCH_B14, SCH_WHY_LANGUAGE, j, 1);
}

static inline void full_track(full_t *full, int i)
{
    const cv_session_t *s = &full->all[i].session;
    int elsewhere = -1;
    bool beside = false;
    for (int j = 0; j < full->n && s->track.ptr && full->room_of[i]; ++j) {
        const cv_session_t *other = &full->all[j].session;
        if (j == i || !sch_is_placed(&full->all[j]) || !other->track.ptr || !cv_str_equal(other->track, s->track) ||
            !cv_str_equal(other->event, s->event) || !full->room_of[j] ||
            full_begin(full, i) / 1440 != full_begin(full, j) / 1440)
            continue;
        beside |= full_one_room(full, i, j);
        if (elsewhere < 0 || strncmp(other->session.ptr, full->all[elsewhere].session.session.ptr, 4) < 0)
            elsewhere = j;
    }
    if (elsewhere >= 0 && !beside)
        full_add(full, SCH_B11, SCH_WHY_TRACK, elsewhere, 1);
}

static inline void full_wish(full_t *full, int i)
{
    const cv_session_t *s = &full->all[i].session;
    bool outside = false, night = false, bad = false;
    for (int minute = full_begin(full, i); minute < full_until(full, i); ++minute) {
        int64_t from = 0, until = INT64_MAX, wall = full->origin_ms / 1000 + (int64_t)minute * 60;
        (void)(s->wish_from.ptr && cv_wall_parse(s->wish_from, &from));
        (void)(s->wish_until.ptr && cv_wall_parse(s->wish_until, &until));
        outside |= full_at(full, i, minute) && (wall < from || wall >= until);
    }
    if (outside)
        full_add(full, SCH_B12, SCH_WHY_WISH_TIME, -1, 1);
    if (s->wish_room.ptr && full->room_of[i] && !cv_str_equal(full->room_of[i]->room, s->wish_room))
        full_add(full, SCH_B12, SCH_WHY_WISH_ROOM, -1, 1);
    if (!full->remote_minutes || full->remote_minutes[i] < 0)
        return;
    int there = (full_begin(full, i) + full->remote_minutes[i]) % 1440;
    for (int minute = there; minute < there + s->minutes; ++minute) { /* every minute of it, by the clock there */
        night |= minute < 7 * 60 || minute >= 23 * 60;
        bad |= minute < 9 * 60 + 30 || minute >= 21 * 60 + 30;
    }
    if (bad)
        full_add(full, SCH_B16, SCH_WHY_HOUR, -1, night ? 10 : 1);
}

/* An opening or closing names the farthest session on its wrong side; of equals the first by code. */
static inline void full_edge(full_t *full, int i, cv_session_kind_t kind, int why)
{
    int found = -1;
    bool first = kind == CV_SESSION_KIND_OPENING;
    for (int j = 0; j < full->n; ++j) {
        if (j == i || !sch_is_placed(&full->all[j]) || full_is(full, j, kind) ||
            full_is(full, j, CV_SESSION_KIND_SIDE_EVENT) ||
            !cv_str_equal(full->all[i].session.event, full->all[j].session.event))
            continue;
        int over = first ? full_begin(full, i) - full_begin(full, j) : full_until(full, j) - full_until(full, i);
        int most = found < 0 ? 0
                   : first   ? full_begin(full, i) - full_begin(full, found)
                             : full_until(full, found) - full_until(full, i);
        if (over > most || (over > 0 && over == most &&
                            strncmp(full->all[j].session.session.ptr, full->all[found].session.session.ptr, 4) < 0))
            found = j;
    }
    if (found >= 0)
        full_add(full, SCH_B5, why, found, 1);
}

static inline void full_cover(full_t *full, int i, const sch_cover_t *cover)
{
    int64_t worst = 0;
    int worst_at = -1, other = -1;
    if (!full_party(full, i, cover->party))
        return;
    for (int minute = 0; minute < FULL_MINUTES; ++minute) {
        int64_t n = 0;
        for (int j = 0; j < full->n && full_at(full, i, minute); ++j)
            n += full_at(full, j, minute) && full_party(full, j, cover->party) &&
                 cv_str_equal(full->all[i].session.event, full->all[j].session.event);
        if (n > worst) {
            worst = n;
            worst_at = minute;
        }
    }
    if (worst <= cover->size)
        return;
    for (int j = 0; j < full->n; ++j) /* of one event: the first by code */
        if (j != i && full_at(full, j, worst_at) && full_party(full, j, cover->party) &&
            cv_str_equal(full->all[i].session.event, full->all[j].session.event) &&
            (other < 0 || strncmp(full->all[j].session.session.ptr, full->all[other].session.session.ptr, 4) < 0))
            other = j;
    full_add(full, SCH_B3, SCH_WHY_DELEGATION, other, worst - cover->size);
}

/* Somebody is in a minute of it before coming, or after having left; who chairs says it as the chair. */
static inline void full_there(full_t *full, int i)
{
    const cv_session_t *s = &full->all[i].session;
    for (int code = 'A'; code <= 'Z'; ++code) {
        char letter = (char)code;
        const cv_session_person_t *says = NULL;
        bool missing = false;
        for (size_t k = 0; k < s->speakers_n; ++k)
            says = *s->speakers[k].person.ptr == letter ? &s->speakers[k] : says;
        says = s->has_chair && *s->chair.person.ptr == letter ? &s->chair : says;
        for (int minute = full_begin(full, i); says && minute < full_until(full, i); ++minute) {
            int64_t from = 0, until = INT64_MAX, wall = full->origin_ms / 1000 + (int64_t)minute * 60;
            (void)(says->from.ptr && cv_wall_parse(says->from, &from));
            (void)(says->until.ptr && cv_wall_parse(says->until, &until));
            missing |= wall < from || wall >= until;
        }
        if (missing)
            full_add(full, SCH_B2, SCH_WHY_AWAY, -1, 1);
    }
}

static inline bool full_interpreted(const full_t *full, int i, int j)
{
    return full->all[j].session.languages_n && sch_is_placed(&full->all[j]) &&
           cv_str_equal(full->all[i].session.event, full->all[j].session.event);
}

static inline void full_teams(full_t *full, int i)
{
    int64_t worst = 0, minutes = 0;
    int worst_at = -1, other = -1;
    if (!full->teams || !full_interpreted(full, i, i))
        return;
    for (int minute = full_begin(full, i); minute < full_until(full, i); ++minute) {
        int64_t n = 0;
        for (int j = 0; j < full->n; ++j)
            n += full_at(full, j, minute) && full_interpreted(full, i, j);
        if (n > worst) {
            worst = n;
            worst_at = minute;
        }
    }
    for (int j = 0; j < full->n; ++j) {
        if (!full_interpreted(full, i, j))
            continue;
        if (full_begin(full, i) / 1440 == full_begin(full, j) / 1440)
            minutes += full->all[j].session.minutes;
        if (j != i && full_at(full, j, worst_at) &&
            (other < 0 || strncmp(full->all[j].session.session.ptr, full->all[other].session.session.ptr, 4) < 0))
            other = j;
    }
    if (worst > full->teams)
        full_add(full, SCH_B4, SCH_WHY_TEAMS, other, worst - full->teams);
    if (minutes > full->teams * 360)
        full_add(full, SCH_B4, SCH_WHY_TEAM_DAY, -1, minutes - full->teams * 360);
}

/* The first day is a Monday. */
static inline void full_pauses(full_t *full, int i)
{
    for (int day = 0; day < FULL_MINUTES / 1440 && !full_is(full, i, CV_SESSION_KIND_BREAK) && full->room_of[i]; ++day)
        for (int k = 0; k < full->pauses_n; ++k) {
            int64_t from = 0, until = 0;
            bool within = false;
            (void)(cv_wall_time_parse(full->pauses[k].from, &from) &&
                   cv_wall_time_parse(full->pauses[k].until, &until));
            for (int64_t minute = from; minute < until; ++minute)
                within |=
                    (int)full->pauses[k].day - CV_WEEKDAY_MON == day && full_at(full, i, day * 1440 + (int)minute);
            if (within)
                full_add(full, SCH_B5, SCH_WHY_PAUSE, -1, 1);
        }
}

/* One of them has to wait for the other, and does not. */
static inline void full_order_of(full_t *full, int i, int j)
{
    for (int side = 0; side < 2; ++side) {
        int later = side ? j : i, earlier = side ? i : j;
        const cv_session_t *waits = &full->all[later].session;
        for (size_t k = 0; k < waits->after_n; ++k)
            if (cv_str_equal(waits->after[k], full->all[earlier].session.session) &&
                full_until(full, earlier) > full_begin(full, later))
                full_add(full, SCH_B5, SCH_WHY_ORDER, j, 1);
    }
}

static inline bool full_open(const full_t *full, int i, int minute)
{
    const cv_room_t *room = full->room_of[i];
    bool open = room->available_n == 0;
    for (size_t k = 0; k < room->available_n; ++k) {
        int64_t from = 0, until = 0, wall = full->origin_ms / 1000 + (int64_t)minute * 60;
        (void)(cv_wall_parse(room->available[k].from, &from) && cv_wall_parse(room->available[k].until, &until));
        open |= from <= wall && wall < until;
    }
    return open && !room->closed;
}

static inline void full_alone(full_t *full, int i)
{
    const cv_session_t *s = &full->all[i].session;
    const cv_room_t *room = full->room_of[i];
    bool closed = false, outside = false;
    for (int minute = 0; minute < FULL_MINUTES; ++minute) {
        int64_t day = full->origin_ms / 86400000 + minute / 1440;
        closed |= room && full_at(full, i, minute) && !full_open(full, i, minute);
        outside |= full_at(full, i, minute) && (day < full->first_day || day > full->last_day);
    }
    if (outside)
        full_add(full, SCH_B5, SCH_WHY_DAYS, -1, 1);
    if (!room)
        return;
    if (closed)
        full_add(full, SCH_B1, SCH_WHY_ROOM_CLOSED, -1, 1);
    for (size_t k = 0; k < s->features_n; ++k) {
        bool has = false;
        for (size_t r = 0; r < room->features_n; ++r)
            has |= cv_str_equal(room->features[r], s->features[k]);
        if (!has)
            full_add(full, SCH_B1, SCH_WHY_ROOM_LACKS, -1, 1);
    }
    if ((int64_t)s->languages_n > room->booths)
        full_add(full, SCH_B4, SCH_WHY_BOOTHS, -1, (int64_t)s->languages_n - room->booths);
    if (!s->has_expected)
        return;
    if ((double)s->expected > (double)room->seats * 1.1 + 1e-9)
        full_add(full, SCH_B6, SCH_WHY_SEATS, -1, 1);
    else if (s->expected > room->seats)
        full_add(full, SCH_B13, SCH_WHY_SEATS, -1, s->expected - room->seats);
    else if (s->expected && s->expected + s->expected < room->seats)
        full_add(full, SCH_B13, SCH_WHY_HALL, -1, 1);
}

/* All conflicts of one session, sorted so that two lists can be compared. */
static inline int full_order(const void *a, const void *b)
{
    const full_row_t *x = a, *y = b;
    int64_t by[] = {x->rule - y->rule, x->why - y->why, x->other - y->other, x->cost - y->cost};
    for (int i = 0; i < 4; ++i)
        if (by[i])
            return by[i] < 0 ? -1 : 1;
    return 0;
}

static inline void full_conflicts(full_t *full, int i)
{
    full->rows_n = 0;
    if (!sch_is_placed(&full->all[i])) {
        if (!full->all[i].cancelled)
            full_add(full, SCH_B7, SCH_WHY_NOWHERE, -1, 1);
        return;
    }
    for (int j = 0; j < full->n; ++j) {
        if (j == i || !sch_is_placed(&full->all[j]))
            continue;
        int common = full_common(full, i, j);
        full_pair(full, i, j, common);
        if (!cv_str_equal(full->all[i].session.event, full->all[j].session.event))
            continue;
        full_wishes(full, i, j, common);
        full_order_of(full, i, j);
    }
    full_track(full, i);
    full_wish(full, i);
    full_there(full, i);
    full_teams(full, i);
    full_pauses(full, i);
    if (full_is(full, i, CV_SESSION_KIND_OPENING))
        full_edge(full, i, CV_SESSION_KIND_OPENING, SCH_WHY_OPENING);
    if (full_is(full, i, CV_SESSION_KIND_CLOSING))
        full_edge(full, i, CV_SESSION_KIND_CLOSING, SCH_WHY_CLOSING);
    for (int k = 0; k < full->covers_n; ++k)
        full_cover(full, i, &full->covers[k]);
    full_alone(full, i);
    qsort(full->rows, (size_t)full->rows_n, sizeof *full->rows, full_order);
}

#endif
