/* session_model: from an event's programme to the engine's.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Slots are every so many minutes within the hours asked for, and where sessions begin now; a slot ends where the next
 * that is for all begins. Rooms are those of one venue, by whose clock everything is. What stays (session_model.h) closes
 * its room and takes its people away at the slots from which a session would reach into it.
 */
#include "session_model.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS_MAX = 1024,
    DAY = 1440,
    BOOTH_BITS = 40, /* features above it: so many booths */
    NO_LIMIT = 1000, /* sessions at once of a large delegation */
};

/* ---- time -------------------------------------------------------------------------------- */

static bool is_own(const session_model_t *s, const sch_sitting_t *sitting)
{
    return cv_str_equal(sitting->session.event, s->programme->event->event);
}

/* Minutes from midnight of the event's first day, by the clock of the venue. */
static int begin_of(const sch_sitting_t *sitting, int64_t first_day)
{
    int64_t wall_s = 0;
    return cv_wall_parse(sitting->session.start, &wall_s) ? (int)(wall_s / 60 - first_day * DAY) : -1;
}

static bool stays(const sch_sitting_t *sitting)
{
    cv_session_kind_t kind = sitting->session.kind;
    return sitting->session.pinned || (kind != CV_SESSION_KIND_PARALLEL && kind != CV_SESSION_KIND_NEGOTIATION);
}

/* Nothing that moves may be beside it. */
static bool is_for_all(const sch_sitting_t *sitting)
{
    cv_session_kind_t kind = sitting->session.kind;
    return kind != CV_SESSION_KIND_PARALLEL && kind != CV_SESSION_KIND_NEGOTIATION &&
           kind != CV_SESSION_KIND_SIDE_EVENT;
}

/* How long a session that begins then can be, before the evening and the next that is for all. */
static int free_from(const session_model_t *s, int64_t first_day, int at)
{
    int end = at / DAY * DAY + (int)s->until;
    for (size_t i = 0; i < s->programme->sittings_n; ++i) {
        const sch_sitting_t *one = s->programme->sittings[i];
        if (!is_own(s, one) || !sch_is_placed(one) || !is_for_all(one))
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
        int at = is_own(s, one) && sch_is_placed(one) ? begin_of(one, first_day) : -1;
        if (at >= 0 && at < (last_day - first_day + 1) * DAY && !stays(one))
            add_slot(s, first_day, at);
    }
    s->programme_model.slots = s->slots;
    return s->programme_model.slots_n ? CLI_OK : cli_usage(s->cli, "no time is left between --from and --until");
}

/* ---- rooms and people -------------------------------------------------------------------- */

static int take_rooms(session_model_t *s)
{
    const char *venue = cli_flag(s->cli, "venue", NULL);
    s->venue = venue ? cv_str(venue) : s->programme->event->event_details.venue;
    for (size_t i = 0; !s->venue.ptr && i < s->programme->sittings_n; ++i)
        if (is_own(s, s->programme->sittings[i]))
            s->venue = s->programme->sittings[i]->session.venue;
    s->rooms = calloc(s->programme->rooms_n + 1, sizeof *s->rooms);
    s->halls = calloc(s->programme->rooms_n + 1, sizeof *s->halls);
    if (!s->rooms || !s->halls)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    for (size_t i = 0; s->venue.ptr && i < s->programme->rooms_n; ++i)
        if (cv_str_equal(s->programme->rooms[i]->venue, s->venue))
            s->rooms[s->programme_model.rooms_n++] = s->programme->rooms[i];
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
    if (at == *n && *n < BOOTH_BITS)
        names[(*n)++] = name;
    return at < BOOTH_BITS ? UINT64_C(1) << at : 0;
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

static void take_parties(session_model_t *s, const cv_session_t *session, sch_session_t *ret_item)
{
    for (size_t i = 0; i < session->parties_n; ++i)
        for (size_t k = 0; k < s->programme->covers_n && k < SCH_PROGRAMME_DELEGATIONS_MAX; ++k)
            if (cv_str_equal(s->programme->covers[k].party, session->parties[i]))
                ret_item->delegations |= UINT64_C(1) << k;
}

static int take_items(session_model_t *s, int64_t first_day)
{
    size_t n = s->programme->sittings_n + 1, delegations = s->programme->covers_n;
    cv_str_t features[BOOTH_BITS];
    int features_n = 0;
    s->items = calloc(n, sizeof *s->items);
    s->sessions = calloc(n, sizeof *s->sessions);
    s->people = calloc(n * (CV_SESSION_SPEAKERS_MAX + 1), sizeof *s->people);
    s->start = calloc(n, sizeof *s->start);
    s->sizes = calloc(SCH_PROGRAMME_DELEGATIONS_MAX, sizeof *s->sizes);
    if (!s->items || !s->sessions || !s->people || !s->start || !s->sizes)
        return cli_fail(s->cli, CLI_FAILED, "out of memory");
    for (size_t i = 0; i < s->programme->sittings_n; ++i) {
        sch_sitting_t *one = s->programme->sittings[i];
        const cv_session_t *session = &one->session;
        if (!is_own(s, one) || one->cancelled || stays(one))
            continue;
        int at = s->programme_model.sessions_n++;
        sch_session_t *item = &s->sessions[at];
        s->items[at] = one;
        *item = (sch_session_t){.name = "",
                                .minutes = (int)session->minutes,
                                .expected = (int)session->expected,
                                .must_seat = session->has_expected,
                                .track = -1,
                                .language = -1,
                                .remote = SCH_HERE,
                                .priority = 1,
                                .published_slot = -1,
                                .published_room = -1};
        take_people(s, session, item);
        take_parties(s, session, item);
        for (size_t k = 0; k < session->features_n; ++k)
            item->features |= feature_bit(features, &features_n, session->features[k]);
        if (session->languages_n)
            item->features |= UINT64_C(1) << (BOOTH_BITS + session->languages_n);
        s->start[at] = SCH_PLACE_NOWHERE;
        for (int t = 0; sch_is_placed(one) && t < s->programme_model.slots_n; ++t)
            for (int r = 0; r < s->programme_model.rooms_n; ++r)
                if (s->slots[t].begin == begin_of(one, first_day) &&
                    s->rooms[r] == cli_programme_room(s->programme, session))
                    s->start[at] = t * s->programme_model.rooms_n + r;
    }
    for (int r = 0; r < s->programme_model.rooms_n; ++r) {
        s->halls[r] =
            (sch_hall_t){.name = "", .seats = (int)s->rooms[r]->seats, .turnaround = (int)s->rooms[r]->turnaround};
        for (size_t k = 0; k < s->rooms[r]->features_n; ++k)
            s->halls[r].features |= feature_bit(features, &features_n, s->rooms[r]->features[k]);
        for (int64_t booths = 1; booths <= s->rooms[r]->booths && BOOTH_BITS + booths < 64; ++booths)
            s->halls[r].features |= UINT64_C(1) << (BOOTH_BITS + booths);
    }
    s->programme_model.delegations =
        (int)(delegations < SCH_PROGRAMME_DELEGATIONS_MAX ? delegations : SCH_PROGRAMME_DELEGATIONS_MAX);
    for (int k = 0; k < s->programme_model.delegations; ++k)
        s->sizes[k] = s->programme->covers[k].size < NO_LIMIT ? (int)s->programme->covers[k].size : NO_LIMIT;
    s->programme_model.delegation_size = s->sizes;
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
        int between = (int)s->rooms[r]->turnaround;
        if (s->rooms[r] == cli_programme_room(s->programme, &one->session) && at < until + between &&
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
            s->closed[r * slots + t] = !is_open(s->rooms[r], (s->first_day * DAY + s->slots[t].begin) * 60, longest);
        for (size_t i = 0; i < s->programme->sittings_n; ++i) {
            const sch_sitting_t *one = s->programme->sittings[i];
            if (sch_is_placed(one) && !(is_own(s, one) && !stays(one)) && cv_str_equal(one->session.zone, s->zone))
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
    free(s->sizes);
    free(s);
    *model = NULL;
}
