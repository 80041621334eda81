/* place_facts: what a year's plan is counted with: members, their days off, days that concern everybody, and the rules.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "place_facts.h"

#include "convene/zone.h"

#include <string.h>

enum { RAMADAN_LAST = 10, /* its last days weigh more */ ZONE_ROOM = 128 * 1024 };

/* What clocks of a zone are ahead of UTC at noon of a day. */
static bool clock_at(const char *zone, int64_t day, int *ret_minutes)
{
    cv_str_t file;
    int64_t offset_s;
    cv_arena_t *arena = *zone ? cv_arena_new(ZONE_ROOM) : NULL;
    bool good = arena && cv_zone_read(arena, cv_str(zone), &file) == CV_OK &&
                cv_zone_offset(file, day * 86400 + 43200, &offset_s) == CV_OK;
    if (good)
        *ret_minutes = (int)(offset_s / 60);
    cv_arena_destroy(&arena);
    return good;
}

/* ---- members and their days off ---------------------------------------------------------- */

int place_member_of(const cli_place_t *place, const char *code)
{
    for (int m = 0; m < place->annual.members; ++m)
        if (strcmp(place->member[m], code) == 0)
            return m;
    return -1;
}

void place_take_members(cli_place_t *place)
{
    size_t i;
    json_t *message;
    json_array_foreach(place->parties, i, message)
    {
        const json_t *party = json_object_get(message, "data");
        if (strcmp(cli_text_of(party, "kind"), "member") != 0 || place->annual.members == SCH_ANNUAL_MEMBERS_MAX)
            continue;
        int member = place->annual.members++;
        place->member[member] = cli_text_of(party, "code");
        if (!clock_at(cli_text_of(party, "zone"), place->first_day + place->annual.days / 2, &place->minutes[member]))
            place->annual.clockless |= UINT64_C(1) << member;
    }
}

/* Who comes to an event: its bits. Only one that registers, or did, is asked about. */
int place_take_confirmed(cli_t *cli, const cli_place_t *place, const json_t *event, uint64_t *ret_members)
{
    const char *status = cli_text_of(event, "status");
    json_t *list = NULL, *message;
    size_t i;
    *ret_members = 0;
    if (strcmp(status, "open") != 0 && strcmp(status, "closed") != 0 && strcmp(status, "held") != 0)
        return CLI_OK;
    int rc = cli_query_json(cli, "scheduling", "turnout", cli_text_of(event, "event"), &list);
    if (rc)
        return cli_query_failed(cli, rc, "cannot ask who comes to %s", cli_text_of(event, "event"));
    json_array_foreach(list, i, message)
    {
        const json_t *data = json_object_get(message, "data");
        int member = place_member_of(place, cli_text_of(data, "party"));
        if (member >= 0 && (cli_int_of(data, "confirmed") || cli_int_of(data, "online")))
            *ret_members |= UINT64_C(1) << member;
    }
    json_decref(list);
    return CLI_OK;
}

/* A meeting online with a time and a length: its hours by UTC. */
void place_take_hours(const json_t *event, int64_t day, sch_annual_item_t *item)
{
    int64_t minutes, offset_s;
    int ahead = 0;
    if (!item->online || !cli_int_of(event, "minutes") ||
        !cv_wall_time_parse(cv_str(cli_text_of(event, "time_start")), &minutes))
        return;
    if (*cli_text_of(event, "zone")) {
        if (!clock_at(cli_text_of(event, "zone"), day, &ahead))
            return;
    } else if (cv_offset_parse(cv_str(cli_text_of(event, "utc_offset")), &offset_s)) {
        ahead = (int)(offset_s / 60);
    } else {
        return;
    }
    int at = ((int)minutes - ahead + 1440) % 1440;
    item->utc_hour = at / 60;
    item->utc_minute = at % 60;
    item->hours = (int)(cli_int_of(event, "minutes") + 59) / 60;
}

/* Days since Monday. */
static int weekday_of(const char *name)
{
    static const char *const NAMES[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int i = 0; i < 7; ++i)
        if (strcmp(NAMES[i], name) == 0)
            return i;
    return -1;
}

static void take_weekend(cli_place_t *place, int member, int weekday)
{
    for (int day = 0; day < place->annual.days && weekday >= 0; ++day)
        if ((place->annual.first_weekday + day) % 7 == weekday)
            place->off[member * place->annual.days + day] = 1;
}

static void flag(cli_place_t *place, int day, int bits)
{
    if (day >= 0 && day < place->annual.days)
        place->flags[day] |= (uint8_t)bits;
}

static void take_common_day(cli_place_t *place, const json_t *row, int day)
{
    const char *kind = cli_text_of(row, "kind");
    if (strcmp(kind, "summit") == 0) {
        flag(place, day, SCH_DAY_SUMMIT);
    } else if (strcmp(kind, "ramadan") == 0) {
        flag(place, day, SCH_DAY_RAMADAN);
    } else {
        int around = strcmp(cli_text_of(row, "certainty"), "estimated") == 0;
        for (int d = day - around; d <= day + around; ++d)
            flag(place, d, SCH_DAY_FEAST);
    }
}

static void take_calendar(cli_place_t *place, const json_t *calendar, bool *has_calendar)
{
    const char *country = cli_text_of(calendar, "country");
    int member = *country ? place_member_of(place, country) : -1;
    size_t i;
    json_t *row;
    if (cli_int_of(calendar, "year") != place->year || (*country && member < 0))
        return;
    if (member >= 0)
        has_calendar[member] = true;
    json_array_foreach(json_object_get(calendar, "weekend"), i, row) if (member >= 0)
        take_weekend(place, member, weekday_of(json_string_value(row)));
    json_array_foreach(json_object_get(calendar, "days"), i, row)
    {
        int day;
        if (!cli_place_parse(place, cli_text_of(row, "date"), &day))
            continue;
        if (member < 0)
            take_common_day(place, row, day);
        else
            place->off[member * place->annual.days + day] = 1;
    }
}

void place_take_calendars(cli_place_t *place)
{
    bool has_calendar[SCH_ANNUAL_MEMBERS_MAX] = {false};
    size_t i;
    json_t *message;
    json_array_foreach(place->calendars, i, message)
        take_calendar(place, json_object_get(message, "data"), has_calendar);
    for (int m = 0; m < place->annual.members; ++m) {
        if (has_calendar[m])
            continue;
        place->without[place->without_n++] = place->member[m];
        take_weekend(place, m, weekday_of("sat"));
        take_weekend(place, m, weekday_of("sun"));
    }
    int last = -1;
    for (int day = 0; day < place->annual.days; ++day)
        if (place->flags[day] & SCH_DAY_RAMADAN)
            last = day;
    for (int day = last; day >= 0 && day > last - RAMADAN_LAST && place->flags[day] & SCH_DAY_RAMADAN; --day)
        place->flags[day] |= SCH_DAY_RAMADAN_END;
}

/* ---- rules ------------------------------------------------------------------------------- */

void place_take_rules(cli_place_t *place)
{
    size_t i;
    json_t *message;
    memcpy(place->rules, SCH_ANNUAL_RULES_DEFAULT, sizeof place->rules);
    json_array_foreach(place->changed, i, message)
    {
        const json_t *data = json_object_get(message, "data");
        for (int k = 0; k < SCH_ANNUAL_RULES_N; ++k) {
            if (strcmp(cli_text_of(data, "rule"), place->rules[k].id) != 0)
                continue;
            cv_rule_effect_t effect = cv_rule_effect_parse(cv_str(cli_text_of(data, "effect")));
            if (effect)
                place->rules[k].effect = (sch_effect_t)(effect - CV_RULE_EFFECT_FORBID);
            place->rules[k].weight = effect == CV_RULE_EFFECT_IGNORE ? 0 : (int)cli_int_of(data, "weight");
        }
    }
    place->annual.rules = place->rules;
}
