/* test_scheduling_conflicts: the evaluator of programmes agrees with a slow one after every one of thousands of random
 * moves; and what it says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "programme_full.h"
#include "scheduling/core_conflicts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SESSIONS = 24, ROOMS = 4, MOVES = 2000, DAY = 1440 };
#define ORIGIN_MS INT64_C(1778457600000) /* 2026-05-11T00:00Z */
#define MINUTE INT64_C(60000)

typedef struct {
    uint64_t seed;
    cv_room_t rooms[ROOMS];
    sch_sitting_t all[SESSIONS];
    char codes[SESSIONS][4], starts[SESSIONS][20];
    const cv_room_t *room_of[SESSIONS];
    sch_cover_t covers[3];
    sch_rule_t rules[SCH_PROGRAMME_RULES_N];
    cv_pause_t pauses[3];
    int remote_minutes[SESSIONS]; /* of person A in each, or -1 */
    sch_agenda_t agenda;
    full_t full;
} world_t;

static int pick(world_t *w, int n)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((w->seed >> 33) % (uint64_t)n);
}

static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static cv_str_t letter(int i)
{
    return (cv_str_t){&LETTERS[i], 1};
}

static void make_rooms(world_t *w)
{
    static const char *const NAMES[ROOMS] = {"R0", "R1", "R2", "R3"};
    for (int i = 0; i < ROOMS; ++i)
        w->rooms[i] = (cv_room_t){.venue = CV_STR("HALL"), .room = cv_str(NAMES[i]), .seats = 10 + 30 * i, .booths = i};
    w->rooms[1].turnaround = 20;
    w->rooms[1].features_n = 1;
    w->rooms[1].features[0] = CV_STR("hybrid");
    w->rooms[2].available_n = 2;
    w->rooms[2].available[0] = (cv_room_span_t){CV_STR("2026-05-11T08:00"), CV_STR("2026-05-11T18:00")};
    w->rooms[2].available[1] = (cv_room_span_t){CV_STR("2026-05-11T18:00"), CV_STR("2026-05-12T03:00")};
    w->rooms[3].closed = w->rooms[3].has_closed = true;
}

/* From the second noon on, or only until then. */
static void stay(world_t *w, cv_session_person_t *person)
{
    int when = pick(w, 6);
    person->from = when == 0 ? CV_STR("2026-05-11T12:00") : CV_STR_NONE;
    person->until = when < 2 ? CV_STR("2026-05-12T12:00") : CV_STR_NONE;
}

/* All of a session at random, but its code. */
static void shuffle(world_t *w, int i)
{
    sch_sitting_t *one = &w->all[i];
    static const cv_session_kind_t KINDS[] = {
        CV_SESSION_KIND_PARALLEL,    CV_SESSION_KIND_PARALLEL, CV_SESSION_KIND_PARALLEL,
        CV_SESSION_KIND_NEGOTIATION, CV_SESSION_KIND_BREAK,    CV_SESSION_KIND_PLENARY,
        CV_SESSION_KIND_SIDE_EVENT,  CV_SESSION_KIND_OPENING,  CV_SESSION_KIND_CLOSING};
    *one = (sch_sitting_t){.version = 1,
                           .session = {.event = pick(w, 4) ? CV_STR("E") : CV_STR("F"),
                                       .session = cv_str(w->codes[i]),
                                       .title = CV_STR("T"),
                                       .kind = KINDS[pick(w, 9)]}};
    cv_session_t *s = &one->session;
    int begin = pick(w, 2 * DAY), room = pick(w, ROOMS + 1);
    s->minutes = 1 + pick(w, pick(w, 8) ? 120 : DAY);
    if (pick(w, 2)) { /* on a grid, where ends meet beginnings */
        begin -= begin % 5;
        s->minutes += 5 - s->minutes % 5;
        s->minutes = s->minutes > DAY ? DAY : s->minutes;
    }
    w->room_of[i] = room < ROOMS ? &w->rooms[room] : NULL;
    if (room < ROOMS) {
        s->venue = w->rooms[room].venue;
        s->room = w->rooms[room].room;
    }
    s->has_chair = pick(w, 2);
    s->chair.person = letter(pick(w, 5));
    stay(w, &s->chair);
    for (int n = pick(w, 3), first = pick(w, 5); n > 0; --n)
        s->speakers[s->speakers_n++].person = letter((first + n) % 6);
    for (size_t k = 0; k < s->speakers_n; ++k)
        stay(w, &s->speakers[k]);
    for (int n = pick(w, 3), first = pick(w, SESSIONS); n > 0; --n)
        if ((first + n) % SESSIONS != i)
            s->after[s->after_n++] = cv_str(w->codes[(first + n) % SESSIONS]);
    for (int n = pick(w, 3); n > 0; --n)
        s->parties[s->parties_n++] = letter(10 + n + (n == 2 ? pick(w, 2) : 0));
    for (int n = pick(w, 4); n > 0; --n)
        s->languages[s->languages_n++] = CV_STR("en");
    if (pick(w, 3) == 0)
        s->features[s->features_n++] = CV_STR("hybrid");
    s->has_expected = pick(w, 2);
    s->expected = pick(w, 120);
    for (int n = pick(w, 4), first = pick(w, 5); n > 0; --n)
        s->welcome[s->welcome_n++] = letter(10 + (first + n) % 5);
    static const char *const THEMES[] = {"trade", "water", "youth"};
    for (int n = pick(w, 3), first = pick(w, 3); n > 0; --n)
        s->themes[s->themes_n++] = cv_str(THEMES[(first + n) % 3]);
    if (pick(w, 2))
        s->track = pick(w, 2) ? CV_STR("TA") : CV_STR("TB");
    if (pick(w, 2))
        s->language = pick(w, 2) ? CV_STR("en") : CV_STR("ru");
    if (pick(w, 3) == 0)
        s->wish_from = CV_STR("2026-05-11T09:00");
    if (pick(w, 3) == 0)
        s->wish_until = CV_STR("2026-05-12T12:30");
    if (pick(w, 3) == 0)
        s->wish_room = CV_STR("R1");
    w->remote_minutes[i] = pick(w, 2) ? pick(w, DAY) : -1;
    one->cancelled = pick(w, 20) == 0;
    if (pick(w, 10) == 0)
        return; /* not placed */
    snprintf(w->starts[i], sizeof w->starts[i], "2026-05-%02dT%02d:%02d", 11 + begin / DAY, begin % DAY / 60,
             begin % 60);
    s->start = cv_str(w->starts[i]);
    one->has_begin_ms = one->has_until_ms = true;
    one->begin_ms = ORIGIN_MS + begin * MINUTE;
    one->until_ms = one->begin_ms + s->minutes * MINUTE;
}

static world_t *world_new(uint64_t seed)
{
    world_t *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->seed = seed;
    make_rooms(w);
    memcpy(w->rules, SCH_PROGRAMME_RULES_DEFAULT, sizeof w->rules);
    for (int i = 0; i < 3; ++i)
        w->covers[i] = (sch_cover_t){letter(11 + i), 1 + i / 2};
    w->pauses[0] = (cv_pause_t){CV_WEEKDAY_MON, CV_STR("12:30"), CV_STR("14:00")};
    w->pauses[1] = (cv_pause_t){CV_WEEKDAY_TUE, CV_STR("00:00"), CV_STR("01:00")};
    w->pauses[2] = (cv_pause_t){CV_WEEKDAY_FRI, CV_STR("12:30"), CV_STR("14:00")};
    for (int i = 0; i < SESSIONS; ++i)
        snprintf(w->codes[i], sizeof w->codes[i], "S%02d", i);
    for (int i = 0; i < SESSIONS; ++i) {
        shuffle(w, i);
        assert_int_equal(sch_agenda_add(&w->agenda, &w->all[i]), CV_OK);
    }
    w->full = (full_t){.all = w->all,
                       .n = SESSIONS,
                       .room_of = w->room_of,
                       .covers = w->covers,
                       .covers_n = 3,
                       .origin_ms = ORIGIN_MS,
                       .first_day = ORIGIN_MS / 86400000,
                       .last_day = ORIGIN_MS / 86400000 + 1,
                       .teams = 2,
                       .pauses = w->pauses,
                       .pauses_n = 3,
                       .rules = w->rules,
                       .remote_minutes = w->remote_minutes};
    return w;
}

static sch_around_t around(world_t *w, int i, const sch_sitting_t **near)
{
    static sch_remote_t remote;
    remote = (sch_remote_t){CV_STR("A"), (w->remote_minutes[i] + (w->all[i].begin_ms - ORIGIN_MS) / MINUTE) % DAY};
    return (sch_around_t){.near = near,
                          .near_n = sch_agenda_near(&w->agenda, &w->all[i], w->room_of[i], near, SESSIONS),
                          .room = w->room_of[i],
                          .covers = w->covers,
                          .covers_n = 3,
                          .remotes = &remote,
                          .remotes_n = w->remote_minutes[i] >= 0,
                          .has_days = true,
                          .first_day = w->full.first_day,
                          .last_day = w->full.last_day,
                          .teams = 2,
                          .pauses = w->pauses,
                          .pauses_n = w->room_of[i] ? 3 : 0,
                          .rules = w->rules};
}

static size_t compare(world_t *w, int i)
{
    static sch_conflict_t found[SCH_CONFLICTS_MAX];
    const sch_sitting_t *near[SESSIONS];
    full_row_t rows[SCH_CONFLICTS_MAX];
    const sch_around_t all = around(w, i, near);
    size_t n = sch_conflicts_of(&w->all[i], &all, found);
    full_conflicts(&w->full, i);
    assert_true(n <= SCH_CONFLICTS_MAX);
    assert_int_equal(n, w->full.rows_n);
    for (size_t k = 0; k < n; ++k) {
        int other = found[k].other ? (int)(found[k].other - w->all) : -1;
        rows[k] = (full_row_t){found[k].rule, (int)found[k].why, other, found[k].cost};
        if (k)
            assert_true(w->rules[found[k - 1].rule].effect <= w->rules[found[k].rule].effect);
    }
    qsort(rows, n, sizeof *rows, full_order);
    for (size_t k = 0; k < n; ++k)
        if (full_order(&rows[k], &w->full.rows[k]))
            fail_msg("session %d: rule %d why %d other %d cost %lld, not %d %d %d %lld", i, rows[k].rule, rows[k].why,
                     rows[k].other, (long long)rows[k].cost, w->full.rows[k].rule, w->full.rows[k].why,
                     w->full.rows[k].other, (long long)w->full.rows[k].cost);
    return n;
}

static void test_agrees_after_every_random_move(void **state)
{
    (void)state;
    const char *seed = getenv("SEED");
    world_t *w = world_new(seed ? strtoull(seed, NULL, 10) : 1);
    size_t conflicts = 0, seen[SCH_WHYS] = {0};
    for (int i = 0; i < SESSIONS; ++i)
        conflicts += compare(w, i);
    for (int move = 0; move < MOVES; ++move) {
        int i = pick(w, SESSIONS);
        if (pick(w, 50) == 0) {
            sch_rule_t *rule = &w->rules[pick(w, SCH_PROGRAMME_RULES_N)];
            rule->effect = (sch_effect_t)pick(w, 4);
            rule->weight = pick(w, 100);
        }
        sch_agenda_remove(&w->agenda, &w->all[i]);
        shuffle(w, i);
        assert_int_equal(sch_agenda_add(&w->agenda, &w->all[i]), CV_OK);
        conflicts += compare(w, i);
        for (int k = 0; k < w->full.rows_n; ++k)
            ++seen[w->full.rows[k].why];
        conflicts += compare(w, pick(w, SESSIONS));
    }
    for (int why = 0; why < SCH_WHYS; ++why)
        if (!seen[why] && why != SCH_WHY_MOVED)
            fail_msg("no conflict of kind %d in %d moves: the test does not see it", why, MOVES);
    print_message("%zu conflicts compared\n", conflicts);
    sch_agenda_done(&w->agenda);
    free(w);
}

/* What is found of two sessions from one side is found from the other, whatever is near besides. */
static void test_two_sides(void **state)
{
    (void)state;
    static sch_conflict_t mine[SCH_CONFLICTS_MAX], theirs[SCH_CONFLICTS_MAX];
    const sch_sitting_t *near[SESSIONS], *other_near[SESSIONS];
    for (uint64_t seed = 1; seed <= 40; ++seed) {
        world_t *w = world_new(seed);
        for (int i = 0; i < SESSIONS; ++i) {
            const sch_around_t all = around(w, i, near);
            size_t n = sch_conflicts_of(&w->all[i], &all, mine);
            for (size_t k = 0; k < n; ++k) {
                if (!mine[k].other || mine[k].why == SCH_WHY_OPENING || mine[k].why == SCH_WHY_CLOSING ||
                    mine[k].why == SCH_WHY_TRACK)
                    continue; /* an opening, a track names only one of them */
                const sch_around_t there = around(w, (int)(mine[k].other - w->all), other_near);
                size_t m = sch_conflicts_of(mine[k].other, &there, theirs), found = 0;
                for (size_t j = 0; j < m; ++j)
                    found += theirs[j].rule == mine[k].rule && theirs[j].why == mine[k].why &&
                             cv_str_equal(theirs[j].name, mine[k].name) &&
                             (mine[k].why == SCH_WHY_DELEGATION || mine[k].why == SCH_WHY_TEAMS ||
                              theirs[j].other == &w->all[i]);
                assert_true(found > 0);
            }
        }
        sch_agenda_done(&w->agenda);
        free(w);
    }
}

static void test_words(void **state)
{
    (void)state;
    world_t *w = world_new(3);
    char text[SCH_CONFLICT_TEXT_MAX + 1];
    static sch_conflict_t found[SCH_CONFLICTS_MAX];
    sch_sitting_t *a = &w->all[0], *b = &w->all[1];
    *a = (sch_sitting_t){.has_begin_ms = true,
                         .begin_ms = ORIGIN_MS,
                         .until_ms = ORIGIN_MS + 60 * MINUTE,
                         .session = {.event = CV_STR("E"),
                                     .session = CV_STR("S1"),
                                     .minutes = 60,
                                     .start = CV_STR("2026-05-11T00:00"),
                                     .kind = CV_SESSION_KIND_PARALLEL,
                                     .venue = CV_STR("HALL"),
                                     .room = CV_STR("R0")}};
    *b = *a;
    b->session.session = CV_STR("S2");
    b->begin_ms += 30 * MINUTE;
    b->until_ms += 30 * MINUTE;
    const sch_sitting_t *near[] = {b, a};
    const sch_around_t all = {.near = near, .near_n = 2, .room = &w->rooms[0], .rules = w->rules};
    assert_int_equal(sch_conflicts_of(a, &all, found), 1);
    assert_string_equal(sch_conflict_text(a, &found[0], text),
                        "HALL/R0 is taken by E/S2 for 30 minutes of 2026-05-11 00:00 to 01:00");
    assert_true(sch_any_effect(found, 1, w->rules, SCH_FORBID));
    b->session.room = CV_STR("R1");
    b->session.after[b->session.after_n++] = a->session.session;
    assert_int_equal(sch_conflicts_of(a, &all, found), 1);
    assert_string_equal(sch_conflict_text(a, &found[0], text),
                        "it is not over when E/S2 begins, which has to wait for it");
    assert_int_equal(sch_conflicts_of(b, &all, found), 1);
    assert_string_equal(sch_conflict_text(b, &found[0], text),
                        "it begins before E/S1 is over, for which it has to wait");
    b->session.after_n = 0;
    a->session.has_chair = true;
    a->session.chair = (cv_session_person_t){.person = CV_STR("AZ-1"), .from = CV_STR("2026-05-11T08:00")};
    assert_int_equal(sch_conflicts_of(a, &all, found), 1);
    assert_string_equal(sch_conflict_text(a, &found[0], text), "AZ-1 is not there before 2026-05-11T08:00");
    assert_true(sch_any_effect(found, 1, w->rules, SCH_FORBID));
    a->session.has_chair = false;
    b->cancelled = true;
    assert_int_equal(sch_conflicts_of(a, &all, found), 0);
    assert_int_equal(sch_conflicts_of(b, &all, found), 0);
    sch_agenda_done(&w->agenda);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_after_every_random_move),
        cmocka_unit_test(test_two_sides),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
