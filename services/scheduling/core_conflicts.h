/* core_conflicts: which rules speak against a session where it is: the one evaluator behind edits, `convene why`, the
 * programme and releases. No socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asked is one session among those near it; whoever asks finds these, by an index of a table or of an agenda (below).
 * More than are near does no harm: what is too far away breaks nothing. The answer is a list of conflicts, each with
 * the rule, the other side, and numbers from which a sentence is made only where somebody reads it.
 *
 *   B1   the room is taken (with the minutes it needs afterwards), closed, or lacks what is asked for
 *   B2   a chair or speaker is in another session then, of whatever event; has not come yet, or has left
 *   B3   at some instant of it a delegation is needed in more sessions of the event than it can cover
 *   B4   more languages than the room has booths; more interpreted at once than the event has teams, or longer that day
 *        than they work
 *   B5   in a break; beside a plenary; before the opening, after the closing; outside of the event's days; at a time of the
 *        week at which the venue pauses; before a session is over for which it, or which for it, has to wait
 *   B6   more than a tenth more people than seats
 *   B7   has no time
 *   B8   begins at another time, or is in another room, than in the release in force
 *   B9   a delegation that would like to be in it must be, or would like to be, in another of the event then
 *   B10  another of the event then has a theme of it
 *   B11  in another room than those of its track that day
 *   B12  not within the time, or not in the room, that was asked for
 *   B13  fewer seats than people, or more than twice as many
 *   B14  another of the event then is in the same language
 *   B15  less than a quarter of an hour between two rooms of one person, or more than three hours between two of the
 *        event that day
 *   B16  before 09:30 or after 21:30 where somebody takes part from afar; tenfold before 07:00 or after 23:00
 *
 * Invariants: a conflict of two sessions is found from either side; what is found does not depend on the order of those
 * near; a session that is cancelled is in no conflict, one that is not placed in B7 alone. Two rules are not of two sides: an
 * opening, a closing and a track (B11) name one of many. The tests count minute by minute and agree.
 */
#ifndef SCHEDULING_CORE_CONFLICTS_H
#define SCHEDULING_CORE_CONFLICTS_H

#include "scheduling/core_sessions.h"
#include "scheduling/placement/rules.h"

enum {
    SCH_CONFLICTS_MAX = 128, /* of one session that are told apart; the rest is counted */
    SCH_NEAR_MIN = 15,       /* minutes between two rooms of one person */
    SCH_WAIT_MIN = 180,      /* minutes that a person waits within a day */
    SCH_TEAM_MINUTES = 360,  /* that a team of interpreters works a day: two blocks of three hours */
    SCH_CONFLICT_TEXT_MAX = 240,
};

typedef enum {
    SCH_WHY_ROOM_TAKEN,
    SCH_WHY_ROOM_CLOSED,
    SCH_WHY_ROOM_LACKS,
    SCH_WHY_PERSON,
    SCH_WHY_DELEGATION,
    SCH_WHY_BOOTHS,
    SCH_WHY_BREAK,
    SCH_WHY_PLENARY,
    SCH_WHY_OPENING,
    SCH_WHY_CLOSING,
    SCH_WHY_DAYS,
    SCH_WHY_SEATS,
    SCH_WHY_HALL,
    SCH_WHY_MOVED,
    SCH_WHY_RUSH,
    SCH_WHY_NOWHERE,
    SCH_WHY_TORN,
    SCH_WHY_THEME,
    SCH_WHY_TRACK,
    SCH_WHY_WISH_TIME,
    SCH_WHY_WISH_ROOM,
    SCH_WHY_LANGUAGE,
    SCH_WHY_WAIT,
    SCH_WHY_HOUR,
    SCH_WHY_AWAY,
    SCH_WHY_TEAMS,
    SCH_WHY_TEAM_DAY,
    SCH_WHY_PAUSE,
    SCH_WHY_ORDER,
    SCH_WHYS
} sch_why_t;

typedef struct {
    int rule; /* SCH_B1 ... */
    sch_why_t why;
    const sch_sitting_t *other; /* NULL: none */
    cv_str_t name;              /* person, party, feature */
    int64_t have, need;
    int64_t cost;
} sch_conflict_t;

/* How many sessions a delegation can cover at once. */
typedef struct {
    cv_str_t party;
    int64_t size;
} sch_cover_t;

/* What clocks show when the session begins, where somebody is who takes part from afar. */
typedef struct {
    cv_str_t person;
    int64_t minute; /* of the day */
} sch_remote_t;

/* What is known around one session. */
typedef struct {
    const sch_sitting_t *const *near; /* in any order; may hold the session itself, or what it was before */
    size_t near_n;
    const cv_room_t *room; /* of the session; NULL: it has none */
    const sch_cover_t *covers;
    size_t covers_n;
    const sch_remote_t *remotes;
    size_t remotes_n;
    bool has_days; /* of its event, by the clock there */
    int64_t first_day, last_day;
    const sch_sitting_t *released; /* as it is in the release in force; NULL: in none */
    int64_t teams;                 /* of interpreters, that the event has; 0: as many as are needed */
    const cv_pause_t *pauses;      /* of the session's venue */
    size_t pauses_n;
    const sch_rule_t *rules; /* of a programme, SCH_PROGRAMME_RULES_N */
} sch_around_t;

/* Those that forbid first, then those that block a release; then by level, cost and the other side. Returns how many
 * there are; writes SCH_CONFLICTS_MAX at most. Rules to be ignored are in none. */
size_t sch_conflicts_of(const sch_sitting_t *sitting, const sch_around_t *around,
                        sch_conflict_t ret_conflicts[SCH_CONFLICTS_MAX]);
/* Does anything forbid it, or block a release? */
bool sch_any_effect(const sch_conflict_t *conflicts, size_t n, const sch_rule_t *rules, sch_effect_t effect);
const char *sch_conflict_text(const sch_sitting_t *sitting, const sch_conflict_t *conflict,
                              char ret_text[SCH_CONFLICT_TEXT_MAX + 1]);
/* How bad an hour is: 0, 1 or 10 times the weight of B16. minute: of the day at the beginning, there. */
int64_t sch_bad_hour(int64_t minute, int64_t minutes);
/* Do rules speak of the two although they are hours apart (B4, B11, B15)? Both of one event and begin within SCH_DAY_MS. */
#define SCH_DAY_MS INT64_C(93600000) /* a day on which clocks are put back, and more */
bool sch_is_day_mate(const sch_sitting_t *sitting, const sch_sitting_t *other);
/* Does one of them have to wait for the other (B5), however far apart they are? */
/* Does a have to wait for b? */
bool sch_waits_for(const cv_session_t *a, const cv_session_t *b);
bool sch_is_order_mate(const sch_sitting_t *sitting, const sch_sitting_t *other);
size_t sch_people_of(const cv_session_t *session, cv_str_t ret_people[CV_SESSION_SPEAKERS_MAX + 1]); /* each once */
/* What a session says of one of its people; who chairs and speaks says it as the chair. NULL: not in it. */
const cv_session_person_t *sch_person_in(const cv_session_t *session, cv_str_t person);
/* How far from [begin, until) a session of this room can be and still be in its way. */
int64_t sch_reach_ms(const cv_room_t *room);

/* For whoever gathers (remotes.c, which reads the files of zones; the evaluator does not): those of a session that is
 * placed. A zone that this machine does not know says nothing. CV_ENOMEM. */
enum { SCH_REMOTES_MAX = CV_SESSION_SPEAKERS_MAX + 1 };
int sch_remotes_gather(const sch_sitting_t *sitting, sch_remote_t ret_remotes[SCH_REMOTES_MAX],
                       size_t *ret_n) CV_USE_RESULT;

/* ---- agenda ----
 * Placed sessions in the order of their beginnings, to find those near one. Holds pointers only; what they point to
 * must not change its times while it is in. */
typedef struct {
    const sch_sitting_t **at;
    size_t n, room;
    int64_t longest_ms; /* of all that ever were in it */
} sch_agenda_t;
int sch_agenda_add(sch_agenda_t *agenda,
                   const sch_sitting_t *sitting) CV_USE_RESULT; /* one that is not placed: no effect */
void sch_agenda_remove(sch_agenda_t *agenda, const sch_sitting_t *sitting);
void sch_agenda_done(sch_agenda_t *agenda);
/* Those near, and what frames the event. Returns how many were written, at most max. */
size_t sch_agenda_near(const sch_agenda_t *agenda, const sch_sitting_t *sitting, const cv_room_t *room,
                       const sch_sitting_t **ret_near, size_t max);

#endif
