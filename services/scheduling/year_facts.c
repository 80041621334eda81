/* year_facts: what the evaluator of the annual plan has to know of members around one event: their days off, who coordinates,
 * who comes, what clocks show.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Calendars of all members are read for each event, but only one of them is held at a time: what is kept is a number of
 * days off for each member.
 */
#include "scheduling/handlers.h"

enum { COORDINATOR = 8, CO_COORDINATOR = 5, CONFIRMED = 3, INVITED = 1, DAY_S = 86400, ZONE_ROOM = 128 * 1024 };

typedef struct {
    cv_arena_t *arena;
    const cv_scheduling_event_v1_t *event;
    sch_member_t *members;
    cv_str_t *zones;  /* of each; CV_STR_NONE: not said */
    bool *calendared; /* there is a calendar of the year */
    size_t n;
    int64_t first, last;
    union {
        cv_party_t party;
        cv_calendar_t calendar;
        cv_coordinator_t coordinator;
    } row; /* decoded one at a time */
} facts_t;

static sch_member_t *member_of(facts_t *facts, cv_str_t code, size_t *ret_at)
{
    for (size_t i = 0; i < facts->n; ++i)
        if (cv_str_equal(facts->members[i].code, code)) {
            *ret_at = i;
            return &facts->members[i];
        }
    return NULL;
}

static int take_party(void *self, const sch_row_t *row)
{
    facts_t *facts = self;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_PARTY_V1, row->data, &facts->row.party);
    if (rc || facts->row.party.kind != CV_PARTY_KIND_MEMBER || facts->n == SCH_YEAR_MEMBERS_MAX)
        return rc;
    cv_str_t zone = facts->row.party.zone;
    facts->members[facts->n] =
        (sch_member_t){.code = cv_arena_str(facts->arena, facts->row.party.code), .weight = INVITED};
    facts->zones[facts->n] = zone.ptr ? cv_arena_str(facts->arena, zone) : CV_STR_NONE;
    return facts->members[facts->n++].code.ptr ? CV_OK : CV_ENOMEM;
}

static int take_calendar(void *self, const sch_row_t *row)
{
    facts_t *facts = self;
    size_t at;
    const cv_calendar_t *calendar = &facts->row.calendar;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_CALENDAR_V1, row->data, &facts->row.calendar);
    sch_member_t *member = !rc && calendar->country.ptr ? member_of(facts, calendar->country, &at) : NULL;
    if (!member)
        return rc;
    member->days_off += sch_days_off(calendar, facts->first, facts->last);
    facts->calendared[at] |= calendar->year == sch_calendar_year(facts->first);
    return CV_OK;
}

static int take_coordinator(void *self, const sch_row_t *row)
{
    facts_t *facts = self;
    size_t at;
    const cv_coordinator_t *one = &facts->row.coordinator;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_COORDINATOR_V1, row->data, &facts->row.coordinator);
    cv_str_t area = facts->event->event_details.area;
    sch_member_t *member = !rc && area.ptr && cv_str_equal(one->area, area) ? member_of(facts, one->party, &at) : NULL;
    int weight = one->role == CV_COORDINATOR_ROLE_COORDINATOR ? COORDINATOR : CO_COORDINATOR;
    if (member && member->weight < weight)
        member->weight = weight;
    return rc;
}

/* ---- who comes --------------------------------------------------------------------------- */

typedef struct {
    cv_arena_t *arena;
    cv_str_t *parties;
    size_t n;
} comers_t;

static int take_turnout(void *self, const sch_turnout_t *turnout)
{
    comers_t *comers = self;
    if (!(turnout->confirmed || turnout->online) || comers->n == SCH_YEAR_MEMBERS_MAX)
        return CV_OK;
    comers->parties[comers->n] = cv_arena_str(comers->arena, turnout->party);
    return comers->parties[comers->n++].ptr ? CV_OK : CV_ENOMEM;
}

static int comers_of(sch_service_t *service, cv_arena_t *arena, cv_str_t event, const cv_str_t **ret_parties,
                     size_t *ret_n)
{
    cv_str_t parties[SCH_YEAR_MEMBERS_MAX];
    comers_t comers = {.arena = arena, .parties = parties};
    int rc = sch_turnout_walk(service->store, event, CV_STR_NONE, take_turnout, &comers);
    cv_str_t *kept = !rc && comers.n ? cv_arena_take(arena, comers.n * sizeof *kept) : NULL;
    for (size_t i = 0; kept && i < comers.n; ++i)
        kept[i] = parties[i];
    *ret_parties = kept;
    *ret_n = kept ? comers.n : 0;
    return rc ? rc : comers.n && !kept ? CV_ENOMEM : CV_OK;
}

/* ---- clocks ------------------------------------------------------------------------------ */

static bool offset_at(cv_arena_t *arena, cv_str_t zone, int64_t utc_s, int64_t *ret_minutes)
{
    cv_str_t file;
    int64_t offset_s;
    cv_arena_reset(arena);
    if (!zone.ptr || cv_zone_read(arena, zone, &file) != CV_OK || cv_zone_offset(file, utc_s, &offset_s) != CV_OK)
        return false;
    *ret_minutes = offset_s / 60;
    return true;
}

/* Only what is online, with a time and a length, is asked of the clocks. */
static int take_clocks(facts_t *facts, sch_year_t *year)
{
    const cv_event_details_t *details = &facts->event->event_details;
    if (details->format != CV_EVENT_FORMAT_ONLINE || !details->time_start.ptr || !details->has_minutes)
        return CV_OK;
    cv_arena_t *arena = cv_arena_new(ZONE_ROOM);
    int64_t noon_s = facts->first * DAY_S + DAY_S / 2;
    if (!arena)
        return CV_ENOMEM;
    if (details->zone.ptr) {
        year->has_clock = offset_at(arena, details->zone, noon_s, &year->utc_minutes);
    } else {
        int64_t offset_s = 0;
        year->has_clock = cv_offset_parse(details->utc_offset, &offset_s);
        year->utc_minutes = offset_s / 60;
    }
    for (size_t i = 0; year->has_clock && i < facts->n; ++i)
        facts->members[i].has_zone = offset_at(arena, facts->zones[i], noon_s, &facts->members[i].utc_minutes);
    cv_arena_destroy(&arena);
    return CV_OK;
}

/* ---- all of it --------------------------------------------------------------------------- */

static int take_members(sch_service_t *service, facts_t *facts, sch_year_t *year)
{
    int rc = sch_ref_walk(service->store, SCH_PARTY, CV_STR_NONE, take_party, facts);
    if (!rc)
        rc = sch_ref_walk(service->store, SCH_CALENDAR, CV_STR_NONE, take_calendar, facts);
    for (size_t i = 0; !rc && i < facts->n; ++i)
        if (!facts->calendared[i])
            facts->members[i].days_off += sch_weekend_days(facts->first, facts->last);
    for (size_t i = 0; !rc && i < year->confirmed_n; ++i) {
        size_t at;
        sch_member_t *member = member_of(facts, year->confirmed[i], &at);
        if (member)
            member->weight = CONFIRMED;
    }
    if (!rc)
        rc = sch_ref_walk(service->store, SCH_COORDINATOR, CV_STR_NONE, take_coordinator, facts);
    return rc ? rc : take_clocks(facts, year);
}

int sch_year_facts(sch_service_t *service, cv_arena_t *arena, int64_t now_ms, const cv_scheduling_event_v1_t *event,
                   sch_year_t *year)
{
    int64_t first, last;
    year->has_today = true;
    year->today = now_ms / 1000 / DAY_S;
    if (!sch_holds_days(event, &first, &last))
        return CV_OK;
    facts_t *facts = cv_arena_take(arena, sizeof *facts);
    if (!facts)
        return CV_ENOMEM;
    *facts = (facts_t){.arena = arena,
                       .event = event,
                       .members = cv_arena_take(arena, SCH_YEAR_MEMBERS_MAX * sizeof *facts->members),
                       .zones = cv_arena_take(arena, SCH_YEAR_MEMBERS_MAX * sizeof *facts->zones),
                       .calendared = cv_arena_take(arena, SCH_YEAR_MEMBERS_MAX * sizeof *facts->calendared),
                       .first = first,
                       .last = last};
    if (!facts->members || !facts->zones || !facts->calendared)
        return CV_ENOMEM;
    for (size_t i = 0; i < SCH_YEAR_MEMBERS_MAX; ++i)
        facts->calendared[i] = false;
    int rc = comers_of(service, arena, event->event, &year->confirmed, &year->confirmed_n);
    for (size_t i = 0; !rc && year->confirmed_n && i < year->near_n; ++i) {
        int64_t from, to;
        if (sch_holds_days(year->near[i].event, &from, &to) && from <= last && to >= first)
            rc = comers_of(service, arena, year->near[i].event->event, &year->near[i].confirmed,
                           &year->near[i].confirmed_n);
    }
    if (!rc)
        rc = take_members(service, facts, year);
    year->members = facts->members;
    year->members_n = facts->n;
    return rc;
}
