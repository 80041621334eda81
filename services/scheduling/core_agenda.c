/* core_agenda: placed sessions in the order of their beginnings; and a conflict as a sentence.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/core_conflicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first that begins at this instant or later. */
static size_t position_of(const sch_agenda_t *agenda, int64_t begin_ms)
{
    size_t low = 0, high = agenda->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (agenda->at[middle]->begin_ms < begin_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int sch_agenda_add(sch_agenda_t *agenda, const sch_sitting_t *sitting)
{
    if (!sch_is_placed(sitting))
        return CV_OK;
    if (agenda->n == agenda->room) {
        size_t room = agenda->room ? 2 * agenda->room : 64;
        const sch_sitting_t **at = realloc(agenda->at, room * sizeof *at);
        if (!at)
            return CV_ENOMEM;
        agenda->at = at;
        agenda->room = room;
    }
    size_t at = position_of(agenda, sitting->begin_ms);
    memmove(&agenda->at[at + 1], &agenda->at[at], (agenda->n - at) * sizeof *agenda->at);
    agenda->at[at] = sitting;
    ++agenda->n;
    if (sitting->until_ms - sitting->begin_ms > agenda->longest_ms)
        agenda->longest_ms = sitting->until_ms - sitting->begin_ms;
    return CV_OK;
}

void sch_agenda_remove(sch_agenda_t *agenda, const sch_sitting_t *sitting)
{
    if (!sch_is_placed(sitting))
        return;
    for (size_t at = position_of(agenda, sitting->begin_ms);
         at < agenda->n && agenda->at[at]->begin_ms == sitting->begin_ms; ++at)
        if (agenda->at[at] == sitting) {
            --agenda->n;
            memmove(&agenda->at[at], &agenda->at[at + 1], (agenda->n - at) * sizeof *agenda->at);
            return;
        }
}

void sch_agenda_done(sch_agenda_t *agenda)
{
    free(agenda->at);
    *agenda = (sch_agenda_t){0};
}

/* Does this one frame the event, or is it framed by the sitting? */
static bool is_frame(const sch_sitting_t *sitting, const sch_sitting_t *other)
{
    cv_session_kind_t mine = sitting->session.kind, theirs = other->session.kind;
    bool ends = mine == CV_SESSION_KIND_OPENING || mine == CV_SESSION_KIND_CLOSING ||
                theirs == CV_SESSION_KIND_OPENING || theirs == CV_SESSION_KIND_CLOSING;
    return ends && cv_str_equal(sitting->session.event, other->session.event);
}

size_t sch_agenda_near(const sch_agenda_t *agenda, const sch_sitting_t *sitting, const cv_room_t *room,
                       const sch_sitting_t **ret_near, size_t max)
{
    size_t n = 0, first = 0, end = 0;
    if (!sch_is_placed(sitting))
        return 0;
    int64_t reach_ms = sch_reach_ms(room);
    first = position_of(agenda, sitting->begin_ms - reach_ms - agenda->longest_ms);
    end = position_of(agenda, sitting->until_ms + reach_ms);
    for (size_t i = first; i < end && n < max; ++i)
        if (agenda->at[i]->until_ms + reach_ms > sitting->begin_ms)
            ret_near[n++] = agenda->at[i];
    for (size_t i = 0; i < agenda->n && n < max; ++i)
        if ((i < first || i >= end || agenda->at[i]->until_ms + reach_ms <= sitting->begin_ms) &&
            (is_frame(sitting, agenda->at[i]) || sch_is_day_mate(sitting, agenda->at[i]) ||
             sch_is_order_mate(sitting, agenda->at[i])))
            ret_near[n++] = agenda->at[i];
    return n;
}

/* ---- words ------------------------------------------------------------------------------- */

const char *sch_conflict_text(const sch_sitting_t *sitting, const sch_conflict_t *conflict,
                              char ret_text[SCH_CONFLICT_TEXT_MAX + 1])
{
    const cv_session_t *session = &sitting->session;
    const cv_session_t *with = conflict->other ? &conflict->other->session : session;
    long long have = (long long)conflict->have, need = (long long)conflict->need;
    char other[SCH_SESSION_NAME_MAX + 1], room[SCH_SESSION_NAME_MAX + 1], when[SCH_WHEN_MAX];
    (void)snprintf(other, sizeof other, "%.*s/%.*s", CV_STR_ARG(with->event), CV_STR_ARG(with->session));
    (void)snprintf(room, sizeof room, "%.*s/%.*s", CV_STR_ARG(session->venue), CV_STR_ARG(session->room));
    sch_sitting_when(sitting, when);
#define SAY(...) (void)snprintf(ret_text, SCH_CONFLICT_TEXT_MAX + 1, __VA_ARGS__)
    switch (conflict->why) {
    case SCH_WHY_ROOM_TAKEN:
        if (have > 0)
            SAY("%s is taken by %s for %lld minutes of %s", room, other, have, when);
        else
            SAY("%s needs %lld minutes between two sessions, and %s is %lld away", room, need, other, -have);
        break;
    case SCH_WHY_ROOM_CLOSED:
        SAY("%s cannot be used %s", room, when);
        break;
    case SCH_WHY_ROOM_LACKS:
        SAY("%s has no %.*s", room, CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_PERSON:
        SAY("%.*s is in %s for %lld minutes of it", CV_STR_ARG(conflict->name), other, have);
        break;
    case SCH_WHY_RUSH:
        SAY("%.*s has %lld minutes between it and %s in another room, not %lld", CV_STR_ARG(conflict->name), have,
            other, need);
        break;
    case SCH_WHY_DELEGATION:
        SAY("%.*s is needed in %lld sessions at once and can cover %lld; one of them is %s", CV_STR_ARG(conflict->name),
            need, have, other);
        break;
    case SCH_WHY_BOOTHS:
        SAY("%lld languages, and %s has %lld booths", need, room, have);
        break;
    case SCH_WHY_BREAK:
        if (session->kind == CV_SESSION_KIND_BREAK)
            SAY("%s takes place in this break", other);
        else
            SAY("it takes place in the break %s", other);
        break;
    case SCH_WHY_PLENARY:
        SAY("%s takes place beside it for %lld minutes, and one of them is for all", other, have);
        break;
    case SCH_WHY_OPENING:
        if (session->kind == CV_SESSION_KIND_OPENING)
            SAY("%s begins before this opening", other);
        else
            SAY("it begins before the opening, %s", other);
        break;
    case SCH_WHY_CLOSING:
        if (session->kind == CV_SESSION_KIND_CLOSING)
            SAY("%s ends after this closing", other);
        else
            SAY("it ends after the closing, %s", other);
        break;
    case SCH_WHY_DAYS:
        SAY("%s is outside of the days of %.*s", when, CV_STR_ARG(session->event));
        break;
    case SCH_WHY_SEATS:
        SAY("%lld people, and %s has %lld seats", need, room, have);
        break;
    case SCH_WHY_HALL:
        SAY("%lld people in %s with %lld seats", need, room, have);
        break;
    case SCH_WHY_MOVED:
        SAY("it was released with another time or room");
        break;
    case SCH_WHY_NOWHERE:
        SAY("it has no time yet");
        break;
    case SCH_WHY_TORN:
        SAY("%lld delegation%s would like to be in it and in %s at once; one of them is %.*s", need,
            need == 1 ? "" : "s", other, CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_THEME:
        SAY("%s at the same time is about %.*s, too", other, CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_TRACK:
        SAY("%s is of track %.*s, too, and that day in another room", other, CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_WISH_TIME:
        SAY("it was asked for %s %.*s", have ? "from" : "until", CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_WISH_ROOM:
        SAY("room %.*s was asked for", CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_LANGUAGE:
        SAY("%s at the same time is in the same language, %.*s", other, CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_WAIT:
        SAY("%.*s waits %lld minutes between it and %s", CV_STR_ARG(conflict->name), have, other);
        break;
    case SCH_WHY_HOUR:
        SAY("it begins at %02lld:%02lld where %.*s is", have / 60, have % 60, CV_STR_ARG(conflict->name));
        break;
    case SCH_WHY_AWAY: {
        const cv_session_person_t *person = sch_person_in(session, conflict->name);
        SAY("%.*s %s %.*s", CV_STR_ARG(conflict->name), have ? "is not there before" : "has left by",
            CV_STR_ARG(have ? person->from : person->until));
        break;
    }
    case SCH_WHY_TEAMS:
        SAY("%lld sessions are interpreted at once, and there are %lld teams; one of them is %s", need, have, other);
        break;
    case SCH_WHY_TEAM_DAY:
        SAY("%lld minutes are interpreted that day, and the teams work %lld", need, have);
        break;
    case SCH_WHY_PAUSE:
        SAY("%.*s pauses on %.*s from %02lld:%02lld to %02lld:%02lld", CV_STR_ARG(session->venue),
            CV_STR_ARG(conflict->name), have / 60, have % 60, need / 60, need % 60);
        break;
    case SCH_WHY_ORDER:
        if (have)
            SAY("it begins before %s is over, for which it has to wait", other);
        else
            SAY("it is not over when %s begins, which has to wait for it", other);
        break;
    case SCH_WHYS:
        SAY("-");
        break;
    }
#undef SAY
    return ret_text;
}
