/* session_model: from an event's programme to the engine's.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Slots are every so many minutes within the hours asked for, and where sessions begin now or in the release in force; a slot
 * ends where the next begins that is for all and stays. Rooms are those of one venue, by whose clock everything is. What stays (session_model.h) closes
 * its room and takes its people away at the slots from which a session would reach into it.
 */
#include "session_frame.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_MAX = 1024,
    DAY = 1440,
    REAL_BIT = 38, /* a room that is one; and no room, for breaks */
    NO_ROOM_BIT = 39,
    BOOTH_BITS = 40, /* features above it: so many booths */
    THEMES_MAX = 64,
    NO_LIMIT = 1000, /* sessions at once of a large delegation */
};

/* ---- time -------------------------------------------------------------------------------- */

bool session_model_is_own(const session_model_t *s, const sch_sitting_t *sitting)
{
    return cv_str_equal(sitting->session.event, s->programme->event->event);
}

/* Minutes from midnight of the event's first day, by the clock of the venue. */
static int begin_of(const sch_sitting_t *sitting, int64_t first_day)
{
    int64_t wall_s = 0;
    return cv_wall_parse(sitting->session.start, &wall_s) ? (int)(wall_s / 60 - first_day * DAY) : -1;
}

/* Nothing but side events may be beside it. */
bool session_model_is_for_all(const sch_sitting_t *sitting)
{
    cv_session_kind_t kind = sitting->session.kind;
    return kind != CV_SESSION_KIND_PARALLEL && kind != CV_SESSION_KIND_NEGOTIATION &&
           kind != CV_SESSION_KIND_SIDE_EVENT;
}

const char *session_model_stays(const session_model_t *s, const sch_sitting_t *sitting)
{
    if (sitting->session.pinned)
        return "is pinned";
    if (session_model_is_for_all(sitting) && sch_is_placed(sitting) && !cli_has(s->cli, "all"))
        return "is for all, and has its time; --all moves it, too";
    return NULL;
}

static bool stays(const session_model_t *s, const sch_sitting_t *sitting)
{
    return session_model_stays(s, sitting) != NULL;
}

/* How long a session that begins then can be, before the evening and the next that is for all. */
static int free_from(const session_model_t *s, int64_t first_day, int at)
{
    int end = at / DAY * DAY + (int)s->until;
    for (size_t i = 0; i < s->programme->sittings_n; ++i) {
        const sch_sitting_t *one = s->programme->sittings[i];
        if (!session_model_is_own(s, one) || !sch_is_placed(one) || !session_model_is_for_all(one) || !stays(s, one))
            continue;
        int begin = begin_of(one, first_day), until = begin + (int)one->session.minutes;
        if (one->session.kind == CV_SESSION_KIND_OPENING && at < until)
            return 0;
        if (one->session.kind == CV_SESSION_KIND_CLOSING && at >= begin)
            return 0;
        if (at < until && end > begin)
            end = begin;
    }
    return end - at;
}

static void add_slot(session_model_t *s, int64_t first_day, int at)
{
    int minutes = free_from(s, first_day, at);
    for (int i = 0; i < s->programme_model.slots_n; ++i)
        if (s->slots[i].begin == at)
            return;
    if (minutes > 0 && s->programme_model.slots_n < SLOTS_MAX)
        s->slots[s->programme_model.slots_n++] = (sch_slot_t){.begin = at, .minutes = minutes, .day = at / DAY};
}

static int lay_slots(session_model_t *s, int64_t first_day, int64_t last_day)
{
    s->slots = calloc(SLOTS_MAX, sizeof *s->slots);
    if (!s->slots)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    for (int64_t day = 0; day <= last_day - first_day; ++day)
        for (int64_t at = s->from; at < s->until; at += s->step)
            add_slot(s, first_day, (int)(day * DAY + at));
    for (size_t i = 0; i < s->programme->sittings_n; ++i) { /* where they are now, whatever the grid */
        const sch_sitting_t *one = s->programme->sittings[i];
        int at = session_model_is_own(s, one) && sch_is_placed(one) ? begin_of(one, first_day) : -1;
        if (at >= 0 && at < (last_day - first_day + 1) * DAY && !stays(s, one))
            add_slot(s, first_day, at);
    }
    for (size_t i = 0; i < s->programme->released_n; ++i) {
        int at = sch_is_placed(s->programme->released[i]) ? begin_of(s->programme->released[i], first_day) : -1;
        if (at >= 0 && at < (last_day - first_day + 1) * DAY)
            add_slot(s, first_day, at);
    }
    s->programme_model.slots = s->slots;
    return s->programme_model.slots_n ? CLI_OK : cli_usage(s->cli, "no time is left between --from and --until");
}

static bool needs_no_room(const sch_sitting_t *sitting)
{
    return sitting->session.kind == CV_SESSION_KIND_BREAK && !sitting->session.room.ptr;
}

/* ---- rooms and people -------------------------------------------------------------------- */

static int take_rooms(session_model_t *s)
{
    const char *venue = cli_flag(s->cli, "venue", NULL);
    s->venue = venue ? cv_str(venue) : s->programme->event->event_details.venue;
    for (size_t i = 0; !s->venue.ptr && i < s->programme->sittings_n; ++i)
        if (session_model_is_own(s, s->programme->sittings[i]))
            s->venue = s->programme->sittings[i]->session.venue;
    s->rooms = calloc(s->programme->rooms_n + 1, sizeof *s->rooms);
    s->halls = calloc(s->programme->rooms_n + 1, sizeof *s->halls);
    if (!s->rooms || !s->halls)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    for (size_t i = 0; s->venue.ptr && i < s->programme->rooms_n; ++i)
        if (cv_str_equal(s->programme->rooms[i]->venue, s->venue))
            s->rooms[s->programme_model.rooms_n++] = s->programme->rooms[i];
    int real = s->programme_model.rooms_n;
    for (size_t i = 0; real && i < s->programme->sittings_n; ++i) /* rooms[rooms_n] is NULL: none */
        if (session_model_is_own(s, s->programme->sittings[i]) && needs_no_room(s->programme->sittings[i]))
            s->programme_model.rooms_n = real + 1;
    s->programme_model.rooms = s->halls;
    s->zone = cli_programme_zone(s->programme, s->venue);
    if (!s->programme_model.rooms_n)
        return cli_usage(s->cli, "in which venue? --venue CODE names one with rooms");
    return s->zone.ptr ? CLI_OK
                       : cli_usage(s->cli, "venue %.*s says no zone: `convene request venue.put` sets it",
                                   CV_STR_ARG(s->venue));
}

static uint64_t feature_bit(cv_str_t *names, int *n, cv_str_t name)
{
    int at = 0;
    while (at < *n && !cv_str_equal(names[at], name))
        ++at;
    if (at == *n && *n < REAL_BIT)
        names[(*n)++] = name;
    return at < REAL_BIT ? UINT64_C(1) << at : 0;
}

static int person_of(session_model_t *s, cv_str_t person)
{
    int at = 0;
    while (at < s->programme_model.people && !cv_str_equal(s->people[at], person))
        ++at;
    if (at == s->programme_model.people)
        s->people[s->programme_model.people++] = person;
    return at;
}

static void take_people(session_model_t *s, const cv_session_t *session, sch_session_t *ret_item)
{
    if (session->has_chair)
        ret_item->required[ret_item->required_n++] = person_of(s, session->chair.person);
    for (size_t i = 0; i < session->speakers_n; ++i) {
        int person = person_of(s, session->speakers[i].person);
        if (!ret_item->required_n || ret_item->required[0] != person || !session->has_chair)
            ret_item->required[ret_item->required_n++] = person;
    }
}

/* The party's bit; those that say no size can be everywhere. 0: there are more than are counted. */
static uint64_t party_bit(session_model_t *s, cv_str_t party)
{
    int at = 0, *n = &s->programme_model.delegations;
    while (at < *n && !cv_str_equal(s->parties[at], party))
        ++at;
    if (at == *n && *n < SCH_PROGRAMME_DELEGATIONS_MAX) {
        s->parties[at] = party;
        s->sizes[(*n)++] = NO_LIMIT;
    }
    return at < SCH_PROGRAMME_DELEGATIONS_MAX ? UINT64_C(1) << at : 0;
}

static void take_delegations(session_model_t *s)
{
    s->programme_model.delegation_size = s->sizes;
    for (size_t k = 0; k < s->programme->covers_n && k < SCH_PROGRAMME_DELEGATIONS_MAX; ++k) {
        (void)party_bit(s, s->programme->covers[k].party);
        s->sizes[k] = s->programme->covers[k].size < NO_LIMIT ? (int)s->programme->covers[k].size : NO_LIMIT;
    }
}

/* Number of a name among those of the sessions before; -1: it has none. */
static int number_of(const session_model_t *s, int items, size_t field)
{
    cv_str_t name, other;
    int n = 0;
    memcpy(&name, (const char *)&s->items[items]->session + field, sizeof name);
    for (int i = 0; name.ptr && i < items; ++i, ++n) {
        memcpy(&other, (const char *)&s->items[i]->session + field, sizeof other);
        if (other.ptr && cv_str_equal(name, other))
            break;
    }
    return name.ptr ? n : -1;
}

static int wall_minutes(cv_str_t clock, int64_t first_day, int otherwise)
{
    int64_t wall_s;
    return clock.ptr && cv_wall_parse(clock, &wall_s) ? (int)(wall_s / 60 - first_day * DAY) : otherwise;
}

static void take_wishes(session_model_t *s, const cv_session_t *session, int64_t first_day, sch_session_t *item)
{
    int last = (int)(DAY * (first_day + 1)); /* later than any */
    for (size_t k = 0; k < session->welcome_n; ++k)
        item->wanted_delegations |= party_bit(s, session->welcome[k]);
    item->wanted_delegations &= ~item->delegations;
    if (session->wish_from.ptr || session->wish_until.ptr) {
        item->wish_from = wall_minutes(session->wish_from, first_day, INT_MIN);
        item->wish_until = wall_minutes(session->wish_until, first_day, last);
        item->wish_until = item->wish_until ? item->wish_until : -1;
    }
    for (int r = 0; session->wish_room.ptr && r < s->programme_model.rooms_n; ++r)
        if (s->rooms[r] && cv_str_equal(s->rooms[r]->room, session->wish_room))
            item->wish_room = r + 1;
}

/* The place of a session as it is, or was released; nowhere: it is none of the model's. */
static int place_of(const session_model_t *s, const sch_sitting_t *sitting, int64_t first_day)
{
    const cv_room_t *room = cli_programme_room(s->programme, &sitting->session);
    for (int t = 0; sch_is_placed(sitting) && t < s->programme_model.slots_n; ++t)
        for (int r = 0; r < s->programme_model.rooms_n; ++r)
            if (s->slots[t].begin == begin_of(sitting, first_day) && s->rooms[r] == room &&
                s->slots[t].minutes >= sitting->session.minutes && (room || needs_no_room(sitting)))
                return t * s->programme_model.rooms_n + r;
    return SCH_PLACE_NOWHERE;
}

static void take_item(session_model_t *s, sch_sitting_t *one, int64_t first_day, cv_str_t *features, int *features_n,
                      cv_str_t *themes, int *themes_n)
{
    const cv_session_t *session = &one->session;
    int at = s->programme_model.sessions_n++;
    sch_session_t *item = &s->sessions[at];
    s->items[at] = one;
    snprintf(s->names[at], sizeof s->names[at], "%.*s", CV_STR_ARG(session->session));
    *item = (sch_session_t){.name = s->names[at],
                            .minutes = (int)session->minutes,
                            .expected = (int)session->expected,
                            .must_seat = session->has_expected,
                            .track = number_of(s, at, offsetof(cv_session_t, track)),
                            .language = number_of(s, at, offsetof(cv_session_t, language)),
                            .remote = SCH_HERE,
                            .priority = 1,
                            .published_slot = -1,
                            .published_room = -1};
    item->interpreted = session->languages_n > 0;
    take_people(s, session, item);
    for (size_t k = 0; k < session->parties_n; ++k)
        item->delegations |= party_bit(s, session->parties[k]);
    take_wishes(s, session, first_day, item);
    for (size_t k = 0; k < session->features_n; ++k)
        item->features |= feature_bit(features, features_n, session->features[k]);
    item->features |= UINT64_C(1) << (needs_no_room(one) ? NO_ROOM_BIT : REAL_BIT);
    if (session->languages_n)
        item->features |= UINT64_C(1) << (BOOTH_BITS + session->languages_n);
    for (size_t k = 0; k < session->themes_n; ++k) {
        int theme = 0;
        while (theme < *themes_n && !cv_str_equal(themes[theme], session->themes[k]))
            ++theme;
        if (theme == *themes_n && theme < THEMES_MAX)
            themes[(*themes_n)++] = session->themes[k];
        item->themes |= theme < THEMES_MAX ? UINT64_C(1) << theme : 0;
    }
    s->start[at] = place_of(s, one, first_day);
    for (size_t k = 0; k < s->programme->released_n; ++k) {
        const sch_sitting_t *released = s->programme->released[k];
        int place = sch_is_sitting(released, session->event, session->session) ? place_of(s, released, first_day)
                                                                               : SCH_PLACE_NOWHERE;
        if (place != SCH_PLACE_NOWHERE) {
            item->published_slot = place / s->programme_model.rooms_n;
            item->published_room = place % s->programme_model.rooms_n;
        }
    }
}

static int take_items(session_model_t *s, int64_t first_day)
{
    size_t n = s->programme->sittings_n + 1;
    cv_str_t features[REAL_BIT], themes[THEMES_MAX];
    int features_n = 0, themes_n = 0;
    s->items = calloc(n, sizeof *s->items);
    s->names = calloc(n, sizeof *s->names);
    s->sessions = calloc(n, sizeof *s->sessions);
    s->people = calloc(n * (CV_SESSION_SPEAKERS_MAX + 1), sizeof *s->people);
    s->start = calloc(n, sizeof *s->start);
    if (!s->items || !s->names || !s->sessions || !s->people || !s->start)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    take_delegations(s);
    s->programme_model.teams = (int)s->programme->event->event_details.teams;
    for (size_t i = 0; i < s->programme->sittings_n; ++i) {
        sch_sitting_t *one = s->programme->sittings[i];
        if (session_model_is_own(s, one) && !one->cancelled && !stays(s, one))
            take_item(s, one, first_day, features, &features_n, themes, &themes_n);
    }
    for (int r = 0; r < s->programme_model.rooms_n; ++r) {
        const cv_room_t *room = s->rooms[r];
        s->halls[r] = (sch_hall_t){.name = "", .features = UINT64_C(1) << (room ? REAL_BIT : NO_ROOM_BIT)};
        if (!room)
            continue;
        s->halls[r].seats = (int)room->seats;
        s->halls[r].turnaround = (int)room->turnaround;
        for (size_t k = 0; k < room->features_n; ++k)
            s->halls[r].features |= feature_bit(features, &features_n, room->features[k]);
        for (int64_t booths = 1; booths <= room->booths && BOOTH_BITS + booths < 64; ++booths)
            s->halls[r].features |= UINT64_C(1) << (BOOTH_BITS + booths);
    }
    s->programme_model.sessions = s->sessions;
    return s->programme_model.sessions_n
               ? CLI_OK
               : cli_fail(s->cli, CLI_NOTFOUND, "%s has no session that may move", s->cli->args[0]);
}

/* Can even the longest session that begins then be in the room, as far as its hours go? */
static bool is_open(const cv_room_t *room, int64_t wall_s, int longest)
{
    int64_t from, until;
    for (size_t i = 0; i < room->available_n; ++i)
        if (cv_wall_parse(room->available[i].from, &from) && cv_wall_parse(room->available[i].until, &until) &&
            from <= wall_s && wall_s + (int64_t)longest * 60 <= until)
            return !room->closed;
    return !room->available_n && !room->closed;
}

static bool is_in(const cv_session_t *session, cv_str_t person)
{
    bool found = session->has_chair && cv_str_equal(session->chair.person, person);
    for (size_t k = 0; k < session->speakers_n; ++k)
        found |= cv_str_equal(session->speakers[k].person, person);
    return found;
}

/* One session that stays, here or at another event: nothing that begins at the slot may reach into it. */
static void close_around(session_model_t *s, const sch_sitting_t *one, int slot, int longest)
{
    size_t slots = (size_t)s->programme_model.slots_n, t = (size_t)slot;
    int at = s->slots[slot].begin, begin = begin_of(one, s->first_day), until = begin + (int)one->session.minutes;
    for (int r = 0; r < s->programme_model.rooms_n; ++r) {
        int between = s->rooms[r] ? (int)s->rooms[r]->turnaround : 0;
        if (s->rooms[r] && s->rooms[r] == cli_programme_room(s->programme, &one->session) && at < until + between &&
            at + longest + between > begin)
            s->closed[(size_t)r * slots + t] = 1;
    }
    for (int p = 0; p < s->programme_model.people && at < until && at + longest > begin; ++p)
        if (is_in(&one->session, s->people[p]))
            s->away[(size_t)p * slots + t] = 1;
}

/* The engine closes a room at a slot for all sessions alike, so the longest decides: what is found fits, and a short one
 * may not be tried where it would. */
static int close_slots(session_model_t *s)
{
    int slots = s->programme_model.slots_n, rooms = s->programme_model.rooms_n, longest = 0;
    s->closed = calloc((size_t)rooms * (size_t)slots, 1);
    s->away = calloc((size_t)(s->programme_model.people + 1) * (size_t)slots, 1);
    if (!s->closed || !s->away)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    for (int i = 0; i < s->programme_model.sessions_n; ++i)
        longest = s->sessions[i].minutes > longest ? s->sessions[i].minutes : longest;
    for (int t = 0; t < slots; ++t) {
        for (int r = 0; r < rooms; ++r)
            s->closed[r * slots + t] =
                s->rooms[r] && !is_open(s->rooms[r], (s->first_day * DAY + s->slots[t].begin) * 60, longest);
        for (size_t i = 0; i < s->programme->sittings_n; ++i) {
            const sch_sitting_t *one = s->programme->sittings[i];
            if (sch_is_placed(one) && !(session_model_is_own(s, one) && !stays(s, one)) &&
                cv_str_equal(one->session.zone, s->zone))
                close_around(s, one, t, longest);
        }
    }
    s->programme_model.closed = s->closed;
    s->programme_model.away = s->away;
    return CLI_OK;
}

static void take_rules(session_model_t *s)
{
    memcpy(s->rules, s->programme->rules, sizeof s->rules);
    for (int k = 0; k < SCH_PROGRAMME_RULES_N; ++k)
        if (s->rules[k].effect == SCH_IGNORE)
            s->rules[k].weight = 0;
    s->programme_model.rules = s->rules;
}

/* ---- all of it --------------------------------------------------------------------------- */

int session_model_load(cli_t *cli, const char *event, int64_t from, int64_t until, int64_t step,
                       session_model_t **ret_model)
{
    session_model_t *s = calloc(1, sizeof *s);
    int64_t first, last;
    if (!s)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    s->cli = cli;
    s->from = from;
    s->until = until;
    s->step = step;
    int status = cli_programme_load(cli, event, &s->programme);
    if (status == CLI_OK && !sch_days(&s->programme->event->event_details, &first, &last))
        status = cli_fail(cli, CLI_REFUSED, "%s has no day yet", event);
    if (status == CLI_OK)
        s->first_day = first;
    if (status == CLI_OK)
        status = take_rooms(s);
    if (status == CLI_OK)
        status = lay_slots(s, first, last);
    if (status == CLI_OK)
        status = take_items(s, first);
    if (status == CLI_OK)
        status = close_slots(s);
    if (status == CLI_OK)
        status = session_model_frame(s);
    if (status == CLI_OK)
        status = session_model_beside(s);
    if (status == CLI_OK)
        take_rules(s);
    if (status == CLI_OK && sch_programme_model(&s->programme_model, &s->model) != CV_OK)
        status = cli_fail(cli, CLI_FAILED, "this programme is too large to be placed");
    if (status == CLI_OK)
        *ret_model = s;
    else
        session_model_destroy(&s);
    return status;
}

void session_model_destroy(session_model_t **model)
{
    session_model_t *s = *model;
    if (!s)
        return;
    sch_place_model_destroy(&s->model);
    cli_programme_destroy(&s->programme);
    free(s->rooms);
    free(s->slots);
    free(s->items);
    free(s->sessions);
    free(s->halls);
    free(s->closed);
    free(s->away);
    free(s->people);
    free(s->start);
    free(s->names);
    free(s->beside);
    free(s->firsts);
    free(s->aparts);
    free(s);
    *model = NULL;
}
