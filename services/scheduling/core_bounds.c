/* core_bounds: rules of a programme that come from outside of it: when people are there, what the interpreters can do, when a
 * venue pauses, and what has to be over before.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Interpreted is what says languages. A team works SCH_TEAM_MINUTES a day, by the day on which a session begins; where the
 * event does not say how many teams it has, only the booths of rooms count.
 */
#include "scheduling/core_find.h"

#include "convene/zone.h"

enum { DAY_MINUTES = 1440, THURSDAY = 3, WEEK = 7 /* of a week that begins on Monday: 1970-01-01 */ };

/* ---- people ------------------------------------------------------------------------------ */

const cv_session_person_t *sch_person_in(const cv_session_t *session, cv_str_t person)
{
    if (session->has_chair && cv_str_equal(session->chair.person, person))
        return &session->chair;
    for (size_t i = 0; i < session->speakers_n; ++i)
        if (cv_str_equal(session->speakers[i].person, person))
            return &session->speakers[i];
    return NULL;
}

/* By the clock of the session, whose start it is. */
static void check_there(sch_find_t *find)
{
    const cv_session_t *session = &find->sitting->session;
    cv_str_t people[CV_SESSION_SPEAKERS_MAX + 1];
    int64_t start, bound;
    if (!cv_wall_parse(session->start, &start))
        return;
    size_t n = sch_people_of(session, people);
    for (size_t i = 0; i < n; ++i) {
        const cv_session_person_t *person = sch_person_in(session, people[i]);
        bool early = person->from.ptr && cv_wall_parse(person->from, &bound) && start < bound;
        bool late = person->until.ptr && cv_wall_parse(person->until, &bound) && start + session->minutes * 60 > bound;
        if (early || late)
            sch_find_add(find, (sch_conflict_t){.rule = SCH_B2,
                                                .why = SCH_WHY_AWAY,
                                                .name = people[i],
                                                .have = early,
                                                .cost = sch_find_weight(find, SCH_B2)});
    }
}

/* ---- interpreters ------------------------------------------------------------------------ */

static bool is_interpreted(const sch_sitting_t *sitting, cv_str_t name)
{
    (void)name;
    return sitting->session.languages_n > 0;
}

static void check_teams(sch_find_t *find)
{
    const sch_sitting_t *sitting = find->sitting, *other = NULL;
    int64_t teams = find->around->teams, minutes = sitting->session.minutes, day, other_day, last;
    if (!teams || !sitting->session.languages_n)
        return;
    int64_t at_once = sch_find_worst(find, is_interpreted, CV_STR_NONE, &other);
    if (at_once > teams)
        sch_find_add(find, (sch_conflict_t){.rule = SCH_B4,
                                            .why = SCH_WHY_TEAMS,
                                            .other = other,
                                            .have = teams,
                                            .need = at_once,
                                            .cost = sch_find_weight(find, SCH_B4) * (at_once - teams)});
    if (!sch_sitting_days(sitting, &day, &last))
        return;
    for (size_t i = 0; i < find->around->near_n; ++i) {
        const sch_sitting_t *near = find->around->near[i];
        if (sch_is_placed(near) && near->session.languages_n &&
            !sch_is_sitting(near, sitting->session.event, sitting->session.session) &&
            cv_str_equal(near->session.event, sitting->session.event) && sch_sitting_days(near, &other_day, &last) &&
            other_day == day)
            minutes += near->session.minutes;
    }
    if (minutes > teams * SCH_TEAM_MINUTES)
        sch_find_add(find,
                     (sch_conflict_t){.rule = SCH_B4,
                                      .why = SCH_WHY_TEAM_DAY,
                                      .have = teams * SCH_TEAM_MINUTES,
                                      .need = minutes,
                                      .cost = sch_find_weight(find, SCH_B4) * (minutes - teams * SCH_TEAM_MINUTES)});
}

/* ---- the venue's week -------------------------------------------------------------------- */

/* Each time that it pauses, on any day of the session. */
static void check_pauses(sch_find_t *find)
{
    const cv_session_t *session = &find->sitting->session;
    int64_t start_s, first, last, from, until;
    if (session->kind == CV_SESSION_KIND_BREAK || !sch_sitting_days(find->sitting, &first, &last) ||
        !cv_wall_parse(session->start, &start_s))
        return;
    int64_t begin = start_s / 60, end = begin + session->minutes;
    for (int64_t day = first; day <= last; ++day) {
        for (size_t i = 0; i < find->around->pauses_n; ++i) {
            const cv_pause_t *pause = &find->around->pauses[i];
            int64_t weekday = (day + THURSDAY) % WEEK;
            if ((int64_t)pause->day - CV_WEEKDAY_MON == weekday && cv_wall_time_parse(pause->from, &from) &&
                cv_wall_time_parse(pause->until, &until) && begin < day * DAY_MINUTES + until &&
                end > day * DAY_MINUTES + from)
                sch_find_add(find, (sch_conflict_t){.rule = SCH_B5,
                                                    .why = SCH_WHY_PAUSE,
                                                    .name = cv_str(cv_weekday_text(pause->day)),
                                                    .have = from,
                                                    .need = until,
                                                    .cost = sch_find_weight(find, SCH_B5)});
        }
    }
}

/* ---- order ------------------------------------------------------------------------------- */

bool sch_waits_for(const cv_session_t *a, const cv_session_t *b)
{
    for (size_t i = 0; i < a->after_n; ++i)
        if (cv_str_equal(a->after[i], b->session))
            return cv_str_equal(a->event, b->event);
    return false;
}

bool sch_is_order_mate(const sch_sitting_t *sitting, const sch_sitting_t *other)
{
    return sch_waits_for(&sitting->session, &other->session) || sch_waits_for(&other->session, &sitting->session);
}

void sch_find_order(sch_find_t *find, const sch_sitting_t *other)
{
    const sch_sitting_t *mine = find->sitting;
    sch_conflict_t conflict = {
        .rule = SCH_B5, .why = SCH_WHY_ORDER, .other = other, .cost = sch_find_weight(find, SCH_B5)};
    conflict.have = 1; /* the other should be over */
    if (sch_waits_for(&mine->session, &other->session) && other->until_ms > mine->begin_ms)
        sch_find_add(find, conflict);
    conflict.have = 0;
    if (sch_waits_for(&other->session, &mine->session) && mine->until_ms > other->begin_ms)
        sch_find_add(find, conflict);
}

void sch_find_bounds(sch_find_t *find)
{
    check_there(find);
    check_teams(find);
    check_pauses(find);
}
