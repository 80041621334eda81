/* session_frame: what bounds the sessions that may move: what is for all, what stays, and why nothing is left.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "session_frame.h"

#include "convene/ids.h"
#include "convene/zone.h"

#include <stdlib.h>
#include <string.h>

enum { DAY = 1440, ARENA_MAX = 256 * 1024, START_MAX = 20 };

/* ---- what is for all --------------------------------------------------------------------- */

/* Which has to be over before which; and of two of the event, neither a side event: may they be at one time, and does one
 * have to be over first? */
int session_model_frame(session_model_t *s)
{
    int n = s->programme_model.sessions_n;
    s->firsts = calloc(2 * (size_t)n * (size_t)n + 1, sizeof *s->firsts);
    s->aparts = calloc((size_t)n * (size_t)n + 1, sizeof *s->aparts);
    if (!s->firsts || !s->aparts)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
            cv_session_kind_t a = s->items[i]->session.kind, b = s->items[j]->session.kind;
            if (i != j && sch_waits_for(&s->items[j]->session, &s->items[i]->session))
                s->firsts[s->programme_model.firsts_n++] = (sch_session_order_t){i, j};
            if (i == j || a == CV_SESSION_KIND_SIDE_EVENT || b == CV_SESSION_KIND_SIDE_EVENT)
                continue;
            if ((a == CV_SESSION_KIND_OPENING && b != a) || (b == CV_SESSION_KIND_CLOSING && a != b))
                s->firsts[s->programme_model.firsts_n++] = (sch_session_order_t){i, j};
            else if (i < j && (session_model_is_for_all(s->items[i]) || session_model_is_for_all(s->items[j])))
                s->aparts[s->programme_model.aparts_n++] = (sch_session_order_t){i, j};
        }
    }
    s->programme_model.firsts = s->firsts;
    s->programme_model.aparts = s->aparts;
    return CLI_OK;
}

/* ---- what stays -------------------------------------------------------------------------- */

/* One session as it would be at one slot; false: clocks show no such time. */
static bool put_at(const session_model_t *s, cv_str_t file, int slot, char start[START_MAX], sch_sitting_t *sitting)
{
    char text[CV_TIME_TEXT + 1];
    cv_instant_t instants[2];
    size_t n = 0;
    int64_t wall_s = (s->first_day * DAY + s->slots[slot].begin) * 60;
    if (cv_zone_instants(file, wall_s, instants, &n) != CV_OK || !n)
        return false;
    cv_time_text(wall_s * 1000, text);
    snprintf(start, START_MAX, "%.16s", text);
    sitting->session.start = cv_str(start);
    sitting->session.room = CV_STR_NONE;
    sitting->has_begin_ms = sitting->has_until_ms = true;
    sitting->begin_ms = instants[0].utc_s * 1000;
    sitting->until_ms = sitting->begin_ms + sitting->session.minutes * 60000;
    return true;
}

/* How often it breaks which rule at each slot, with what stays and by the hour: asked of the evaluator itself. */
static bool count_beside(session_model_t *s, int item, cv_str_t file, const sch_agenda_t *agenda,
                         const sch_rule_t *counting, const sch_sitting_t **near, sch_conflict_t *found)
{
    int slots = s->programme_model.slots_n, *beside = &s->beside[(size_t)item * SCH_PROGRAMME_RULES_N * (size_t)slots];
    for (int t = 0; t < slots; ++t) {
        sch_sitting_t sitting = *s->items[item];
        sch_remote_t remotes[SCH_REMOTES_MAX];
        char start[START_MAX];
        sch_around_t around = {.near = near, .remotes = remotes, .rules = counting};
        if (!put_at(s, file, t, start, &sitting))
            continue;
        sitting.session.venue = s->venue;
        cli_programme_frame(s->programme, s->venue, &around);
        if (sch_remotes_gather(&sitting, remotes, &around.remotes_n) != CV_OK)
            return false;
        around.near_n = sch_agenda_near(agenda, &sitting, NULL, near, agenda->n);
        size_t n = sch_conflicts_of(&sitting, &around, found);
        for (size_t k = 0; k < n && k < SCH_CONFLICTS_MAX; ++k)
            if (found[k].rule != SCH_B2 || found[k].why == SCH_WHY_AWAY) /* who stays elsewhere is `away` already */
                beside[found[k].rule * slots + t] += (int)found[k].cost;
    }
    s->sessions[item].beside = beside;
    return true;
}

int session_model_beside(session_model_t *s)
{
    size_t n = (size_t)s->programme_model.sessions_n, slots = (size_t)s->programme_model.slots_n;
    sch_rule_t counting[SCH_PROGRAMME_RULES_N];
    sch_agenda_t agenda = {0};
    cv_arena_t *arena = cv_arena_new(ARENA_MAX);
    const sch_sitting_t **near = calloc(s->programme->sittings_n + 1, sizeof *near);
    sch_conflict_t *found = calloc(SCH_CONFLICTS_MAX, sizeof *found);
    cv_str_t file;
    s->beside = calloc(n * SCH_PROGRAMME_RULES_N * slots + 1, sizeof *s->beside);
    bool good = arena && near && found && s->beside && cv_zone_read(arena, s->zone, &file) == CV_OK;
    memcpy(counting, SCH_PROGRAMME_RULES_DEFAULT, sizeof counting);
    for (int k = 0; k < SCH_PROGRAMME_RULES_N; ++k) {
        counting[k].weight = 1;
        counting[k].effect = SCH_WARN;
    }
    for (size_t i = 0; good && i < s->programme->sittings_n; ++i) {
        const sch_sitting_t *one = s->programme->sittings[i];
        if (session_model_is_own(s, one) && session_model_stays(s, one))
            good = sch_agenda_add(&agenda, one) == CV_OK;
    }
    for (size_t i = 0; good && i < n; ++i)
        good = count_beside(s, (int)i, file, &agenda, counting, near, found);
    sch_agenda_done(&agenda);
    cv_arena_destroy(&arena);
    free(near);
    free(found);
    return good
               ? CLI_OK
               : cli_fail(s->cli, CLI_FAILED, "out of memory, or this machine knows no zone %.*s", CV_STR_ARG(s->zone));
}

const cv_room_t *session_model_room(const session_model_t *s, int place)
{
    return s->rooms[place % s->programme_model.rooms_n];
}

void session_model_why_nowhere(const session_model_t *s, int item, char *ret_text, size_t size)
{
    const sch_session_t *session = &s->sessions[item];
    bool long_enough = false, fits = false, seats = false;
    int candidates;
    (void)sch_place_candidates(s->model, item, &candidates);
    for (int t = 0; t < s->programme_model.slots_n; ++t)
        long_enough |= s->slots[t].minutes >= session->minutes;
    for (int r = 0; r < s->programme_model.rooms_n; ++r) {
        bool has = (session->features & ~s->halls[r].features) == 0;
        fits |= has;
        seats |= has && (!session->must_seat || 10 * session->expected <= 11 * s->halls[r].seats);
    }
    if (candidates)
        snprintf(ret_text, size, "%s", "");
    else if (!long_enough)
        snprintf(ret_text, size, "no time that is left is %d minutes long", session->minutes);
    else if (!fits)
        snprintf(ret_text, size, "no room of %.*s has the features or booths that it needs", CV_STR_ARG(s->venue));
    else if (!seats)
        snprintf(ret_text, size, "no such room of %.*s has seats for %d", CV_STR_ARG(s->venue), session->expected);
    else
        snprintf(ret_text, size,
                 "at each time its room is closed or taken by what stays, or somebody it needs is there");
}
