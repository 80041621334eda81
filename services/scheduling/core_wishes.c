/* core_wishes: which rules of a programme that can be kept would be better kept otherwise: wishes, themes, tracks, hours.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_find.h"

enum { TOO_EARLY = 420, EARLY = 570, LATE = 1290, TOO_LATE = 1380, SMALL_HOUR = 10 }; /* minutes of a day */

static bool is_among(cv_str_t name, const cv_str_t *names, size_t n)
{
    for (size_t i = 0; i < n; ++i)
        if (cv_str_equal(names[i], name))
            return true;
    return false;
}

static bool same_track(const cv_session_t *a, const cv_session_t *b)
{
    return a->track.ptr && b->track.ptr && cv_str_equal(a->track, b->track);
}

static bool share_person(const cv_session_t *a, const cv_session_t *b)
{
    cv_str_t mine[CV_SESSION_SPEAKERS_MAX + 1], theirs[CV_SESSION_SPEAKERS_MAX + 1];
    size_t n = sch_people_of(a, mine), m = sch_people_of(b, theirs);
    for (size_t i = 0; i < n; ++i)
        if (is_among(mine[i], theirs, m))
            return true;
    return false;
}

bool sch_is_day_mate(const sch_sitting_t *sitting, const sch_sitting_t *other)
{
    int64_t apart_ms = sitting->begin_ms - other->begin_ms;
    return apart_ms < SCH_DAY_MS && -apart_ms < SCH_DAY_MS &&
           cv_str_equal(sitting->session.event, other->session.event) &&
           (same_track(&sitting->session, &other->session) || share_person(&sitting->session, &other->session) ||
            (sitting->session.languages_n && other->session.languages_n));
}

int64_t sch_bad_hour(int64_t minute, int64_t minutes)
{
    int64_t until = minute + minutes;
    if (minute < TOO_EARLY || until > TOO_LATE)
        return SMALL_HOUR;
    return minute < EARLY || until > LATE;
}

/* ---- two sessions; of several names the first, from whichever side ------------------------ */

/* Parties that would like to be in one of them, and must or would like to be in the other. Each counts once. */
static void check_torn(sch_find_t *find, const sch_sitting_t *other)
{
    const cv_session_t *a = &find->sitting->session, *b = &other->session;
    sch_conflict_t torn = {.rule = SCH_B9, .why = SCH_WHY_TORN, .other = other};
    const struct {
        const cv_str_t *list;
        size_t n;
        bool wanted;
    } MINE[] = {{a->welcome, a->welcome_n, true}, {a->parties, a->parties_n, false}};
    for (size_t k = 0; k < 2; ++k) {
        for (size_t i = 0; i < MINE[k].n; ++i) {
            cv_str_t party = MINE[k].list[i];
            bool wanted = MINE[k].wanted || is_among(party, b->welcome, b->welcome_n);
            bool both = is_among(party, b->welcome, b->welcome_n) || is_among(party, b->parties, b->parties_n);
            if (!wanted || !both || (k == 1 && is_among(party, a->welcome, a->welcome_n)))
                continue;
            if (!torn.need++ || sch_compare_str(party, torn.name) < 0)
                torn.name = party;
        }
    }
    torn.cost = sch_find_weight(find, SCH_B9) * torn.need;
    if (torn.need)
        sch_find_add(find, torn);
}

static void check_themes(sch_find_t *find, const sch_sitting_t *other)
{
    const cv_session_t *a = &find->sitting->session, *b = &other->session;
    sch_conflict_t theme = {.rule = SCH_B10, .why = SCH_WHY_THEME, .other = other};
    for (size_t i = 0; i < a->themes_n; ++i)
        if (is_among(a->themes[i], b->themes, b->themes_n) &&
            (!theme.need++ || sch_compare_str(a->themes[i], theme.name) < 0))
            theme.name = a->themes[i];
    theme.cost = sch_find_weight(find, SCH_B10) * theme.need;
    if (theme.need)
        sch_find_add(find, theme);
}

/* A person's free time between two sessions of a day. */
static void check_wait(sch_find_t *find, const sch_sitting_t *other)
{
    const sch_sitting_t *sitting = find->sitting;
    cv_str_t mine[CV_SESSION_SPEAKERS_MAX + 1], theirs[CV_SESSION_SPEAKERS_MAX + 1];
    int64_t day, other_day, last;
    bool before = sitting->begin_ms < other->begin_ms;
    int64_t gap =
        ((before ? other->begin_ms : sitting->begin_ms) - (before ? sitting->until_ms : other->until_ms)) / 60000;
    if (gap <= SCH_WAIT_MIN || !sch_sitting_days(sitting, &day, &last) || !sch_sitting_days(other, &other_day, &last) ||
        day != other_day)
        return;
    size_t n = sch_people_of(&sitting->session, mine), m = sch_people_of(&other->session, theirs);
    for (size_t i = 0; i < n; ++i)
        if (is_among(mine[i], theirs, m))
            sch_find_add(find, (sch_conflict_t){.rule = SCH_B15,
                                                .why = SCH_WHY_WAIT,
                                                .other = other,
                                                .name = mine[i],
                                                .have = gap,
                                                .need = SCH_WAIT_MIN,
                                                .cost = sch_find_weight(find, SCH_B15)});
}

void sch_find_wishes_beside(sch_find_t *find, const sch_sitting_t *other)
{
    const cv_session_t *a = &find->sitting->session, *b = &other->session;
    check_wait(find, other);
    if (!sch_overlaps(find->sitting, other))
        return;
    check_torn(find, other);
    check_themes(find, other);
    if (a->language.ptr && b->language.ptr && cv_str_equal(a->language, b->language))
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B14,
                                            .why = SCH_WHY_LANGUAGE,
                                            .other = other,
                                            .name = a->language,
                                            .cost = sch_find_weight(find, SCH_B14)});
}

/* ---- one session ------------------------------------------------------------------------- */

/* One of its track that day, in another room, unless another one is in its own. */
static void check_track(sch_find_t *find)
{
    const sch_sitting_t *sitting = find->sitting, *elsewhere = NULL;
    int64_t day, other_day, last;
    if (!sitting->session.track.ptr || !sitting->session.room.ptr || !sch_sitting_days(sitting, &day, &last))
        return;
    for (size_t i = 0; i < find->around->near_n; ++i) {
        const sch_sitting_t *other = find->around->near[i];
        if (!sch_is_placed(other) || sch_is_sitting(other, sitting->session.event, sitting->session.session) ||
            !cv_str_equal(other->session.event, sitting->session.event) ||
            !same_track(&sitting->session, &other->session) || !other->session.room.ptr ||
            !sch_sitting_days(other, &other_day, &last) || other_day != day)
            continue;
        if (sch_same_room(&sitting->session, &other->session))
            return;
        if (!elsewhere || sch_compare_sitting(other, elsewhere) < 0)
            elsewhere = other;
    }
    if (elsewhere)
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B11,
                                            .why = SCH_WHY_TRACK,
                                            .other = elsewhere,
                                            .name = sitting->session.track,
                                            .cost = sch_find_weight(find, SCH_B11)});
}

static void check_wish(sch_find_t *find)
{
    const cv_session_t *session = &find->sitting->session;
    int64_t start, bound;
    if (!cv_wall_parse(session->start, &start))
        return;
    bool early = session->wish_from.ptr && cv_wall_parse(session->wish_from, &bound) && start < bound;
    bool late =
        session->wish_until.ptr && cv_wall_parse(session->wish_until, &bound) && start + session->minutes * 60 > bound;
    if (early || late)
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B12,
                                            .why = SCH_WHY_WISH_TIME,
                                            .name = early ? session->wish_from : session->wish_until,
                                            .have = early,
                                            .cost = sch_find_weight(find, SCH_B12)});
    if (session->wish_room.ptr && session->room.ptr && !cv_str_equal(session->wish_room, session->room))
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B12,
                                            .why = SCH_WHY_WISH_ROOM,
                                            .name = session->wish_room,
                                            .cost = sch_find_weight(find, SCH_B12)});
}

void sch_find_wishes_alone(sch_find_t *find)
{
    check_track(find);
    check_wish(find);
    for (size_t i = 0; i < find->around->remotes_n; ++i) {
        const sch_remote_t *remote = &find->around->remotes[i];
        int64_t times = sch_bad_hour(remote->minute, find->sitting->session.minutes);
        if (times)
            sch_find_add(find, (sch_conflict_t){.rule = SCH_B16,
                                                .why = SCH_WHY_HOUR,
                                                .name = remote->person,
                                                .have = remote->minute,
                                                .cost = sch_find_weight(find, SCH_B16) * times});
    }
}
