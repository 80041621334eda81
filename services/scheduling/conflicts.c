/* conflicts: gathers what the evaluator has to know around one session or event, and answers with what it finds.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything is read in the transaction that writes the edit, so nothing can come between the check and the write; and
 * what must never be is refused by the tables once more (store_schema.h). Near is what an index finds around one time:
 * the cost of an edit does not grow with the programme.
 */
#include "scheduling/handlers.h"

#include <stdio.h>
#include <string.h>

enum {
    NEAR_MAX = 512, /* sessions at one time; those beyond are not compared, and still cannot share a room or person */
    CALENDARS_MAX = 256,
    AROUND_MAX = 16 * 1024 * 1024, /* octets that are known around one event or session */
};

typedef struct {
    cv_arena_t *arena;
    const sch_sitting_t **near;
    size_t n;
    const sch_sitting_t *mate; /* NULL: all; else those alone of which rules speak although they are hours apart */
    bool teams;                /* the event says how many teams of interpreters it has */
    sch_sitting_t *spare;      /* of one that was not kept */
} gather_t;

static bool holds(cv_str_t data, cv_str_t text)
{
    return text.len && memmem(data.ptr, data.len, text.ptr, text.len);
}

/* Texts are in a record as they are: where none of these is, the session need not be read to know that it is no mate of
 * the day. Most are not. */
static bool may_be_mate(const gather_t *gather, cv_str_t data)
{
    const cv_session_t *session = &gather->mate->session;
    cv_str_t people[CV_SESSION_SPEAKERS_MAX + 1];
    if ((gather->teams && session->languages_n && holds(data, CV_STR("languages"))) ||
        (session->track.ptr && holds(data, session->track)))
        return true;
    size_t n = sch_people_of(session, people);
    for (size_t i = 0; i < n; ++i)
        if (holds(data, people[i]))
            return true;
    return false;
}

/* key: EVENT/SESSION. What frames the event may be near as well. */
static bool is_gathered(const gather_t *gather, cv_str_t key)
{
    for (size_t i = 0; i < gather->n; ++i) {
        const cv_session_t *one = &gather->near[i]->session;
        if (key.len == one->event.len + 1 + one->session.len && memcmp(key.ptr, one->event.ptr, one->event.len) == 0 &&
            memcmp(key.ptr + one->event.len + 1, one->session.ptr, one->session.len) == 0)
            return true;
    }
    return false;
}

static int gather(void *self, const sch_row_t *row)
{
    gather_t *gather = self;
    if (gather->n == NEAR_MAX || (gather->mate && !may_be_mate(gather, row->data)) || is_gathered(gather, row->key))
        return CV_OK;
    cv_str_t data = cv_arena_str(gather->arena, row->data);
    sch_sitting_t *sitting = gather->spare ? gather->spare : cv_arena_take(gather->arena, sizeof *sitting);
    if (!data.ptr || !sitting)
        return CV_ENOMEM;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, data, sitting);
    bool keep = !rc && (!gather->mate || sch_is_day_mate(gather->mate, sitting));
    gather->spare = keep ? NULL : sitting;
    if (keep)
        gather->near[gather->n++] = sitting;
    return rc;
}

/* What the parties of a session have said of their delegations. */
static int gather_covers(sch_service_t *service, cv_tx_t *tx, const cv_session_t *session, sch_cover_t *covers,
                         size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < session->parties_n; ++i) {
        cv_str_t data;
        cv_party_t party;
        int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, session->parties[i], &data);
        if (!rc)
            rc = sch_store_unpack(CV_MSG_SCHEDULING_PARTY_V1, data, &party);
        if (rc)
            return rc;
        if (party.has_delegation_size)
            covers[n++] = (sch_cover_t){session->parties[i], party.delegation_size};
    }
    *ret_n = n;
    return CV_OK;
}

/* Those for which it has to wait, or that have to wait for it, whenever they are. */
static int gather_order(sch_service_t *service, const cv_session_t *session, gather_t *all)
{
    int rc = sch_session_waiting(service->store, session->event, session->session, gather, all);
    for (size_t i = 0; !rc && i < session->after_n; ++i)
        rc = sch_session_placed(service->store, session->event, session->after[i], gather, all);
    return rc;
}

int sch_gather_pauses(sch_service_t *service, cv_arena_t *arena, cv_str_t code, sch_around_t *around)
{
    cv_str_t data;
    cv_venue_t *venue = code.ptr ? cv_arena_take(arena, sizeof *venue) : NULL;
    if (!code.ptr)
        return CV_OK;
    int rc = venue ? sch_ref_get(service->store, arena, SCH_VENUE, code, &data) : CV_ENOMEM;
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_VENUE_V1, data, venue);
    if (!rc) {
        around->pauses = venue->pauses;
        around->pauses_n = venue->pauses_n;
    }
    return rc;
}

/* ---- answers ----------------------------------------------------------------------------- */

int sch_tell(cv_tx_t *tx, const sch_rule_t *rule, int64_t cost, const char *about, const char *other, const char *text,
             cv_outcome_t *out)
{
    ++out->conflicts_total;
    if (out->conflicts_n == CV_OUTCOME_V1_CONFLICTS_MAX) {
        out->has_conflicts_total = true;
        return CV_OK;
    }
    cv_conflict_t *told = &out->conflicts[out->conflicts_n];
    *told = (cv_conflict_t){
        .rule = cv_str(rule->id),
        .level = (cv_rule_level_t)(CV_RULE_LEVEL_HARD + (unsigned)rule->level),
        .effect = (cv_rule_effect_t)(CV_RULE_EFFECT_FORBID + (unsigned)rule->effect),
        .cost = cost,
        .about = cv_arena_str(cv_tx_arena(tx), cv_str(about)),
        .other = other ? cv_arena_str(cv_tx_arena(tx), cv_str(other)) : CV_STR_NONE,
        .text = cv_arena_str(cv_tx_arena(tx), cv_str(text)),
    };
    if (!told->about.ptr || !told->text.ptr || (other && !told->other.ptr))
        return CV_ENOMEM;
    ++out->conflicts_n;
    return CV_OK;
}

static int refuse_session(cv_tx_t *tx, const sch_conflict_t *conflict, const char *name, const char *text,
                          cv_outcome_t *out)
{
    if (conflict->why == SCH_WHY_ROOM_TAKEN)
        return cv_refuse(tx, out, "room_taken", "data.room", "%s: %s", name, text);
    if (conflict->why == SCH_WHY_PERSON)
        return cv_refuse(tx, out, "person_taken", "data.speakers", "%s: %s", name, text);
    return cv_refuse(tx, out, "conflict", NULL, "%s: %s", name, text);
}

static int answer(cv_tx_t *tx, const sch_sitting_t *sitting, const sch_rules_t *rules, const sch_conflict_t *found,
                  size_t n, cv_outcome_t *out)
{
    char name[SCH_SESSION_NAME_MAX + 1], other[SCH_SESSION_NAME_MAX + 1], text[SCH_CONFLICT_TEXT_MAX + 1];
    int rc = CV_OK;
    (void)snprintf(name, sizeof name, "%.*s/%.*s", CV_STR_ARG(sitting->session.event),
                   CV_STR_ARG(sitting->session.session));
    for (size_t i = 0; !rc && i < n && i < SCH_CONFLICTS_MAX; ++i) {
        const cv_session_t *with = found[i].other ? &found[i].other->session : NULL;
        if (with)
            (void)snprintf(other, sizeof other, "%.*s/%.*s", CV_STR_ARG(with->event), CV_STR_ARG(with->session));
        rc = sch_tell(tx, &rules->programme[found[i].rule], found[i].cost, name, with ? other : NULL,
                      sch_conflict_text(sitting, &found[i], text), out);
    }
    if (rc || !n || rules->programme[found[0].rule].effect != SCH_FORBID)
        return rc;
    return refuse_session(tx, &found[0], name, sch_conflict_text(sitting, &found[0], text), out);
}

/* What the tables would refuse, where the evaluator found nothing. */
int sch_session_free(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event,
                     const sch_sitting_t *sitting, const cv_room_t *room, cv_outcome_t *out)
{
    char holder[SCH_HOLDER_MAX], when[SCH_WHEN_MAX];
    cv_str_t resource, other;
    int rc = sch_session_taken(service->store, cv_tx_arena(tx), sitting, room ? room->turnaround : 0,
                               sch_holder(event, holder), &resource, &other);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    sch_sitting_when(sitting, when);
    switch (resource.ptr[0]) {
    case 'p':
        return cv_refuse(tx, out, "person_taken", "data.speakers", "%.*s is in %.*s %s", (int)(resource.len - 7),
                         resource.ptr + 7, CV_STR_ARG(other), when);
    case 'v':
        return cv_refuse(tx, out, "venue_taken", "data.venue", "%.*s is taken by %.*s on a day of %s",
                         CV_STR_ARG(sitting->session.venue), CV_STR_ARG(other), when);
    default:
        return cv_refuse(tx, out, "room_taken", "data.room", "%.*s/%.*s is taken by %.*s %s",
                         CV_STR_ARG(sitting->session.venue), CV_STR_ARG(sitting->session.room), CV_STR_ARG(other),
                         when);
    }
}

static int judge_session_in(sch_service_t *service, cv_tx_t *tx, cv_arena_t *arena,
                            const cv_scheduling_event_v1_t *event, const sch_sitting_t *sitting, const cv_room_t *room,
                            cv_outcome_t *out)
{
    sch_conflict_t found[SCH_CONFLICTS_MAX];
    const sch_sitting_t *near[NEAR_MAX];
    sch_cover_t covers[CV_SESSION_PARTIES_MAX];
    gather_t all = {.arena = arena, .near = near};
    sch_around_t around = {.room = room, .covers = covers};
    sch_remote_t remotes[SCH_REMOTES_MAX];
    sch_rules_t rules;
    int64_t reach_ms = sch_reach_ms(room);
    int rc = sch_load_rules(service, tx, &rules);
    if (!rc && !sch_is_placed(sitting)) {
        around.rules = rules.programme;
        size_t n = sch_conflicts_of(sitting, &around, found);
        return answer(tx, sitting, &rules, found, n, out);
    }
    if (!rc)
        rc = sch_session_ends(service->store, event->event, gather, &all);
    bool is_end = sitting->session.kind == CV_SESSION_KIND_OPENING || sitting->session.kind == CV_SESSION_KIND_CLOSING;
    if (!rc && is_end)
        rc = sch_session_extremes(service->store, event->event, gather, &all);
    if (!rc)
        rc = sch_session_near(service->store, sitting->begin_ms - reach_ms, sitting->until_ms + reach_ms, gather, &all);
    if (!rc)
        rc = gather_order(service, &sitting->session, &all);
    all.mate = sitting;
    all.teams = event->event_details.teams > 0;
    around.teams = event->event_details.teams;
    bool has_mates = (around.teams && sitting->session.languages_n) || sitting->session.track.ptr ||
                     sitting->session.has_chair || sitting->session.speakers_n;
    if (!rc && has_mates)
        rc = sch_session_near(service->store, sitting->begin_ms - SCH_DAY_MS, sitting->until_ms + SCH_DAY_MS, gather,
                              &all);
    if (!rc)
        rc = gather_covers(service, tx, &sitting->session, covers, &around.covers_n);
    if (rc)
        return rc;
    rc = sch_gather_pauses(service, arena, sitting->session.venue, &around);
    if (rc)
        return rc;
    sch_sitting_t released;
    rc = sch_session_released(service->store, arena, event->event, sitting->session.session, &released);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    around.released = rc ? NULL : &released;
    rc = sch_remotes_gather(sitting, remotes, &around.remotes_n);
    if (rc)
        return rc;
    around.remotes = remotes;
    around.near = all.near;
    around.near_n = all.n;
    around.rules = rules.programme;
    around.has_days = sch_days(&event->event_details, &around.first_day, &around.last_day);
    size_t n = sch_conflicts_of(sitting, &around, found);
    rc = answer(tx, sitting, &rules, found, n, out);
    return rc ? rc : sch_session_free(service, tx, event, sitting, room, out);
}

int sch_judge_session(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event,
                      const sch_sitting_t *sitting, const cv_room_t *room, cv_outcome_t *out)
{
    cv_arena_t *arena = cv_arena_new(AROUND_MAX); /* of its own: many sessions are judged in one request */
    int rc = arena ? judge_session_in(service, tx, arena, event, sitting, room, out) : CV_ENOMEM;
    cv_arena_destroy(&arena);
    return rc;
}

/* ---- events ------------------------------------------------------------------------------ */

typedef struct {
    cv_arena_t *arena;
    sch_store_t *store;
    sch_near_event_t *near;
    size_t n;
    const cv_calendar_t **calendars;
    size_t calendars_n;
} gather_year_t;

static int kind_of(gather_year_t *all, cv_str_t body, cv_body_kind_t *ret_kind)
{
    cv_str_t data;
    cv_body_t decoded;
    *ret_kind = CV_BODY_KIND_ABSENT;
    if (!body.ptr)
        return CV_OK;
    int rc = sch_ref_get(all->store, all->arena, SCH_BODY, body, &data);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_BODY_V1, data, &decoded);
    if (!rc)
        *ret_kind = decoded.kind;
    return rc;
}

static int gather_event(void *self, const sch_row_t *row)
{
    gather_year_t *all = self;
    if (all->n == NEAR_MAX)
        return CV_OK;
    cv_str_t data = cv_arena_str(all->arena, row->data);
    cv_scheduling_event_v1_t *event = cv_arena_take(all->arena, sizeof *event);
    if (!data.ptr || !event)
        return CV_ENOMEM;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, data, event);
    if (!rc)
        rc = kind_of(all, event->event_details.body, &all->near[all->n].kind);
    if (!rc)
        all->near[all->n++].event = event;
    return rc;
}

static int gather_calendar(void *self, const sch_row_t *row)
{
    gather_year_t *all = self;
    if (all->calendars_n == CALENDARS_MAX)
        return CV_OK;
    cv_str_t data = cv_arena_str(all->arena, row->data);
    cv_calendar_t *calendar = cv_arena_take(all->arena, sizeof *calendar);
    if (!data.ptr || !calendar)
        return CV_ENOMEM;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_CALENDAR_V1, data, calendar);
    if (!rc)
        all->calendars[all->calendars_n++] = calendar;
    return rc;
}

/* Does the edit leave alone what decides where its people have to be? Then whatever was so before stays, and is told. */
static bool leaves_people(const cv_scheduling_event_v1_t *event, const cv_scheduling_event_v1_t *before)
{
    int64_t first, last, was_first, was_last;
    if (!before || !sch_holds_days(event, &first, &last) || !sch_holds_days(before, &was_first, &was_last))
        return false;
    const cv_event_details_t *a = &event->event_details, *b = &before->event_details;
    return first == was_first && last == was_last && a->format == b->format && cv_str_equal(a->city, b->city) &&
           cv_str_equal(a->body, b->body) && cv_str_equal(a->officer, b->officer) && cv_str_equal(a->group, b->group);
}

static int answer_event(cv_tx_t *tx, const cv_scheduling_event_v1_t *event, const cv_scheduling_event_v1_t *before,
                        const sch_rule_t *rules, const sch_clash_t *found, size_t n, cv_outcome_t *out)
{
    char name[SCH_SESSION_NAME_MAX + 1], other[SCH_SESSION_NAME_MAX + 1], text[SCH_CLASH_TEXT_MAX + 1];
    (void)snprintf(name, sizeof name, "%.*s", CV_STR_ARG(event->event));
    for (size_t i = 0; i < n && i < SCH_YEAR_CLASHES_MAX; ++i) {
        if (found[i].other)
            (void)snprintf(other, sizeof other, "%.*s", CV_STR_ARG(found[i].other->event));
        int rc = sch_tell(tx, &rules[found[i].rule], found[i].cost, name, found[i].other ? other : NULL,
                          sch_clash_text(event, &found[i], text), out);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < n && i < SCH_YEAR_CLASHES_MAX; ++i) {
        const sch_rule_t *rule = &rules[found[i].rule];
        bool elsewhere = found[i].rule == SCH_A1 || found[i].why == SCH_CLASH_BODY ||
                         (found[i].rule == SCH_A2 && leaves_people(event, before));
        if (rule->effect == SCH_FORBID && !elsewhere)
            return cv_refuse(tx, out, "conflict", NULL, "%s: %s", name, sch_clash_text(event, &found[i], text));
    }
    return CV_OK; /* what venues, teams and bodies forbid is refused by who asks the tables, with the codes that say so */
}

int sch_gather_year(sch_service_t *service, cv_arena_t *arena, int64_t first, int64_t last, const cv_str_t *country,
                    sch_year_t *ret_year)
{
    gather_year_t all = {.arena = arena,
                         .store = service->store,
                         .near = cv_arena_take(arena, NEAR_MAX * sizeof *all.near),
                         .calendars = cv_arena_take(arena, CALENDARS_MAX * sizeof(cv_calendar_t *))};
    if (!all.near || !all.calendars)
        return CV_ENOMEM;
    int rc =
        sch_near_events(service->store, first - SCH_YEAR_REACH_DAYS, last + SCH_YEAR_REACH_DAYS, gather_event, &all);
    if (!rc)
        rc = country ? sch_calendars_of(service->store, *country, gather_calendar, &all)
                     : sch_ref_walk(service->store, SCH_CALENDAR, CV_STR_NONE, gather_calendar, &all);
    *ret_year =
        (sch_year_t){.near = all.near, .near_n = all.n, .calendars = all.calendars, .calendars_n = all.calendars_n};
    return rc;
}

int sch_body_kind(sch_service_t *service, cv_tx_t *tx, cv_str_t body, cv_body_kind_t *ret_kind)
{
    gather_year_t all = {.arena = cv_tx_arena(tx), .store = service->store};
    return kind_of(&all, body, ret_kind);
}

static int judge_in(sch_service_t *service, cv_tx_t *tx, cv_arena_t *arena, const cv_scheduling_event_v1_t *event,
                    const cv_scheduling_event_v1_t *before, cv_outcome_t *out)
{
    sch_rules_t rules;
    sch_year_t year = {.near = NULL};
    int64_t first, last, was, was_last;
    bool holds = sch_holds_days(event, &first, &last);
    sch_clash_t *found = cv_arena_take(arena, SCH_YEAR_CLASHES_MAX * sizeof *found);
    int rc = found ? sch_load_rules(service, tx, &rules) : CV_ENOMEM;
    if (!rc && holds)
        rc = sch_gather_year(service, arena, first, last, &event->event_details.country, &year);
    if (!rc && holds)
        rc = sch_year_facts(service, arena, cv_tx_now_ms(tx), event, &year);
    if (!rc)
        rc = sch_body_kind(service, tx, event->event_details.body, &year.kind);
    if (rc)
        return rc;
    year.rules = rules.annual;
    year.was = before;
    year.moves = holds && !(before && sch_holds_days(before, &was, &was_last) && was == first);
    size_t n = sch_clashes_of(event, &year, found);
    return answer_event(tx, event, before, rules.annual, found, n, out);
}

int sch_judge_event(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event,
                    const cv_scheduling_event_v1_t *before, cv_outcome_t *out)
{
    cv_arena_t *arena = cv_arena_new(AROUND_MAX); /* of its own: many events are judged in one batch */
    int rc = arena ? judge_in(service, tx, arena, event, before, out) : CV_ENOMEM;
    cv_arena_destroy(&arena);
    return rc;
}
