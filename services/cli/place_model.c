/* place_model: from rows of scheduling to the engine's annual plan.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "place_model.h"
#include "place_facts.h"

#include "convene/ids.h"
#include <stdlib.h>
#include <string.h>

enum {
    NOTICE_DAYS = 30, /* that an event needs before it can begin */
    NEAR_DAYS = 14,   /* before its first day people are on their way */
    TRAVEL_DAYS = 1,
    STATUS_MS = 2000,
    KEY_MAX = 64,
    LENGTH_MAX = 31, /* days of one unit */
    YEAR_LEN = 4,
    MONTH_LEN = 7,
};
#define DAY_MS INT64_C(86400000)

/* ---- days -------------------------------------------------------------------------------- */

bool cli_place_parse(const cli_place_t *place, const char *date, int *ret_day)
{
    int64_t ms;
    if (strlen(date) != CLI_DATE_LEN || cv_date_parse(cv_str(date), &ms) != CV_OK)
        return false;
    int64_t day = ms / DAY_MS - place->first_day;
    if (day < 0 || day >= place->annual.days)
        return false;
    *ret_day = (int)day;
    return true;
}

const char *cli_place_date(const cli_place_t *place, int day, char ret_text[CLI_DATE_LEN + 1])
{
    char text[CV_TIME_TEXT + 1];
    cv_time_text((place->first_day + day) * DAY_MS, text);
    memcpy(ret_text, text, CLI_DATE_LEN);
    ret_text[CLI_DATE_LEN] = '\0';
    return ret_text;
}

/* Days of the year that a month or a year may mean, [first, last]. */
static bool window_of(const cli_place_t *place, const char *date, int *ret_first, int *ret_last)
{
    char full[CLI_DATE_LEN + 1] = "0000-01-01";
    size_t len = strlen(date);
    if (len != YEAR_LEN && len != MONTH_LEN)
        return false;
    memcpy(full, date, len);
    if (!cli_place_parse(place, full, ret_first))
        return false;
    *ret_last = *ret_first;
    while (*ret_last + 1 < place->annual.days &&
           (len == YEAR_LEN || place->months[*ret_last + 1] == place->months[*ret_first]))
        ++*ret_last;
    return true;
}

static int lay_year(cli_place_t *place)
{
    char text[CLI_DATE_LEN + 1];
    int64_t from, to;
    snprintf(text, sizeof text, "%04lld-01-01", (long long)place->year);
    if (cv_date_parse(cv_str(text), &from) != CV_OK)
        return CV_EINVAL;
    snprintf(text, sizeof text, "%04lld-01-01", (long long)place->year + 1);
    if (cv_date_parse(cv_str(text), &to) != CV_OK)
        return CV_EINVAL;
    sch_annual_t *annual = &place->annual;
    place->first_day = from / DAY_MS;
    annual->days = (int)((to - from) / DAY_MS);
    annual->first_weekday = (int)((place->first_day + 3) % 7); /* 1970-01-01 was a Thursday */
    place->months = calloc((size_t)annual->days, sizeof *place->months);
    place->flags = calloc((size_t)annual->days, 1);
    place->off = calloc((size_t)annual->days * SCH_ANNUAL_MEMBERS_MAX, 1);
    place->minutes = calloc(SCH_ANNUAL_MEMBERS_MAX, sizeof *place->minutes);
    if (!place->months || !place->flags || !place->off || !place->minutes)
        return CV_ENOMEM;
    for (int day = 0; day < annual->days; ++day)
        place->months[day] = (cli_place_date(place, day, text)[5] - '0') * 10 + text[6] - '0' - 1;
    annual->month_of_day = place->months;
    annual->flags = place->flags;
    annual->off = place->off;
    annual->utc_minutes = place->minutes;
    return CV_OK;
}

/* ---- units ------------------------------------------------------------------------------- */

static bool is_over(const char *status)
{
    return strcmp(status, "held") == 0 || strcmp(status, "reported") == 0;
}

/* What is over and was never dated to the day has no place to keep, and needs none. */
static bool takes_place(const json_t *event)
{
    const char *status = cli_text_of(event, "status");
    if (is_over(status))
        return strlen(cli_text_of(event, "date_start")) == CLI_DATE_LEN;
    static const char *const NOT[] = {"draft", "postponed", "cancelled", "rejected"};
    for (size_t i = 0; i < sizeof NOT / sizeof *NOT; ++i)
        if (strcmp(status, NOT[i]) == 0)
            return false;
    return true;
}

static int unit_of(const cli_place_t *place, const json_t *event)
{
    const char *group = cli_text_of(event, "group");
    for (size_t i = 0; *group && i < place->events_n; ++i)
        if (strcmp(cli_text_of(place->events[i].event, "group"), group) == 0)
            return place->events[i].unit;
    return place->annual.items_n;
}

static int take_events(cli_place_t *place)
{
    size_t n = json_array_size(place->rows), i;
    json_t *message;
    place->events = calloc(n + 1, sizeof *place->events);
    place->items = calloc(n + 1, sizeof *place->items);
    place->venues = calloc(n + 1, sizeof *place->venues);
    if (!place->events || !place->items || !place->venues)
        return CV_ENOMEM;
    json_array_foreach(place->rows, i, message)
    {
        const json_t *event = json_object_get(message, "data");
        if (!takes_place(event))
            continue;
        int unit = unit_of(place, event);
        if (unit == CLI_PLACE_UNITS_MAX)
            return CV_ELIMIT;
        place->annual.items_n += unit == place->annual.items_n;
        place->events[place->events_n++] = (cli_place_event_t){.event = event, .unit = unit, .length = 1};
    }
    place->annual.items = place->items;
    place->annual.venues = place->venues;
    return CV_OK;
}

/* Where a unit's events begin and end: those that are dated to the day keep their distances. */
static int measure(cli_place_t *place, int unit)
{
    int first = place->annual.days, last = -1;
    for (size_t i = 0; i < place->events_n; ++i) {
        cli_place_event_t *event = &place->events[i];
        int from, to;
        if (event->unit != unit || !cli_place_parse(place, cli_text_of(event->event, "date_start"), &from))
            continue;
        if (!cli_place_parse(place, cli_text_of(event->event, "date_end"), &to) || to < from)
            to = from;
        event->dated = true;
        event->offset = from;
        event->length = to - from + 1;
        first = from < first ? from : first;
        last = to > last ? to : last;
    }
    for (size_t i = 0; i < place->events_n; ++i)
        if (place->events[i].unit == unit && place->events[i].dated)
            place->events[i].offset -= first;
    sch_annual_item_t *item = &place->items[unit];
    item->promised_day = last < 0 ? -1 : first;
    item->length = last < 0 ? 1 : last - first + 1;
    return item->length <= LENGTH_MAX ? CV_OK : CV_ELIMIT;
}

static sch_promise_t promise_of(const char *status)
{
    static const struct {
        const char *status;
        sch_promise_t promise;
    } PROMISES[] = {{"circulated", SCH_STATE_CIRCULATED},
                    {"adopted", SCH_STATE_ADOPTED},
                    {"scheduled", SCH_STATE_SCHEDULED},
                    {"open", SCH_STATE_INVITED},
                    {"closed", SCH_STATE_INVITED}};
    for (size_t i = 0; i < sizeof PROMISES / sizeof *PROMISES; ++i)
        if (strcmp(PROMISES[i].status, status) == 0)
            return PROMISES[i].promise;
    return SCH_STATE_PROPOSED;
}

static int body_of(cli_place_t *place, const char *code)
{
    for (int i = 0; i < place->bodies_n; ++i)
        if (strcmp(place->body[i], code) == 0)
            return i;
    if (place->bodies_n == SCH_PLACE_ROOMS_MAX)
        return -1;
    place->body[place->bodies_n] = code;
    return place->bodies_n++;
}

/* Number of an area among those of the events. */
static int area_of(const cli_place_t *place, const char *code)
{
    for (size_t i = 0; i < place->events_n; ++i)
        if (strcmp(cli_text_of(place->events[i].event, "area"), code) == 0)
            return (int)i;
    return 0;
}

static bool is_governing(const cli_place_t *place, const char *code)
{
    size_t i;
    json_t *message;
    json_array_foreach(place->bodies, i, message)
    {
        const json_t *body = json_object_get(message, "data");
        if (strcmp(cli_text_of(body, "code"), code) == 0)
            return strcmp(cli_text_of(body, "kind"), "governing") == 0;
    }
    return false;
}

/* Index of the i-th dimension that was seen; -1: none is said. */
static int dimension_of(const cli_place_t *place, const char *code)
{
    int n = 0;
    for (size_t i = 0; *code && i < place->events_n; ++i, ++n)
        if (strcmp(cli_text_of(place->events[i].event, "dimension"), code) == 0)
            return n;
    return -1;
}

static void take_coordinators(const cli_place_t *place, const char *area, sch_annual_item_t *item)
{
    size_t i;
    json_t *message;
    json_array_foreach(place->coordinators, i, message)
    {
        const json_t *row = json_object_get(message, "data");
        int member = place_member_of(place, cli_text_of(row, "party"));
        if (!*area || member < 0 || strcmp(cli_text_of(row, "area"), area) != 0)
            continue;
        if (strcmp(cli_text_of(row, "role"), "coordinator") == 0)
            item->coordinator = member;
        else
            item->co_coordinators |= UINT64_C(1) << member;
    }
}

/* The venue, city or unknown place of an event as a room of the engine. */
static int venue_of(cli_place_t *place, const json_t *event, char (*keys)[KEY_MAX])
{
    char key[KEY_MAX];
    const char *venue = cli_text_of(event, "venue"), *city = cli_text_of(event, "city");
    bool online = strcmp(cli_text_of(event, "format"), "online") == 0;
    int n = place->annual.venues_n;
    if (online)
        snprintf(key, sizeof key, "online");
    else if (*venue)
        snprintf(key, sizeof key, "venue %s", venue);
    else if (*city)
        snprintf(key, sizeof key, "city %.50s", city);
    else
        snprintf(key, sizeof key, "somewhere %d", n);
    for (int i = 0; i < n; ++i)
        if (strcmp(keys[i], key) == 0)
            return i;
    memcpy(keys[n], key, sizeof key);
    place->venues[n] = (sch_venue_t){.name = keys[n],
                                     .host = online ? -1 : place_member_of(place, cli_text_of(event, "country")),
                                     .holds = *venue && !online ? 1 : 0,
                                     .city = n};
    for (int i = 0; i < n && *city && !online; ++i) /* venues of one city are close to one another */
        for (size_t k = 0; k < place->events_n; ++k)
            if (strcmp(cli_text_of(place->events[k].event, "city"), city) == 0 &&
                place->items[place->events[k].unit].venues_n && place->items[place->events[k].unit].venues[0] == i)
                place->venues[n].city = place->venues[i].city;
    return place->annual.venues_n++;
}

static bool is_listed(const char *list, const char *id)
{
    size_t len = strlen(id);
    for (const char *at = list; at && (at = strstr(at, id)); at += len)
        if ((at == list || at[-1] == ',') && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

static void add_exclusive(sch_annual_item_t *item, int number)
{
    for (int i = 0; i < item->exclusive_n; ++i)
        if (item->exclusive[i] == number)
            return;
    if (number >= 0 && item->exclusive_n < SCH_ANNUAL_PEOPLE_MAX)
        item->exclusive[item->exclusive_n++] = number;
}

/* What one event makes of its unit. */
static void take_event(cli_place_t *place, const cli_place_event_t *event, int today, const char *pins)
{
    sch_annual_item_t *item = &place->items[event->unit];
    const char *status = cli_text_of(event->event, "status"), *body = cli_text_of(event->event, "body");
    sch_promise_t promise = promise_of(status);
    int first, last;
    if (promise > item->promise)
        item->promise = promise;
    if (*body) {
        int number = body_of(place, body);
        add_exclusive(item, number);
        item->circle = number;
        item->ministers |= is_governing(place, body);
    }
    const char *area = cli_text_of(event->event, "area"), *officer = cli_text_of(event->event, "officer");
    if (!*body && *area && item->circle < 0)
        item->circle = SCH_PLACE_ROOMS_MAX + area_of(place, area);
    if (*officer && item->officer < 0)
        item->officer = body_of(place, officer);
    if (*officer && strcmp(cli_text_of(event->event, "format"), "online") != 0)
        add_exclusive(item, body_of(place, officer));
    if (item->dimension < 0)
        item->dimension = dimension_of(place, cli_text_of(event->event, "dimension"));
    take_coordinators(place, cli_text_of(event->event, "area"), item);
    item->online |= strcmp(cli_text_of(event->event, "format"), "online") == 0;
    int day;
    if (cli_place_parse(place, cli_text_of(event->event, "earliest"), &day) && day - event->offset > item->window_first)
        item->window_first = day - event->offset;
    if (cli_place_parse(place, cli_text_of(event->event, "latest"), &day) &&
        day + item->length - event->offset - event->length < item->window_last)
        item->window_last = day + item->length - event->offset - event->length;
    if (cli_place_parse(place, cli_text_of(event->event, "preferred"), &day))
        item->preferred = day - event->offset > 0 ? day - event->offset : 0;
    place_take_hours(event->event,
                     place->first_day + (item->promised_day < 0 ? place->annual.days / 2 : item->promised_day), item);
    item->confirmed |= event->confirmed;
    if (window_of(place, cli_text_of(event->event, "date_start"), &first, &last)) {
        item->window_first = first > item->window_first ? first : item->window_first;
        item->window_last = last < item->window_last ? last : item->window_last;
    }
    if (is_over(status) || is_listed(pins, cli_text_of(event->event, "event")) ||
        (item->promised_day >= 0 && item->promised_day <= today))
        item->pinned = item->promised_day >= 0;
    if (item->promised_day > today && item->promised_day <= today + NEAR_DAYS && promise >= SCH_STATE_SCHEDULED)
        item->promise = SCH_STATE_NEAR;
}

static int make_units(cli_place_t *place, int today, const char *pins)
{
    int earliest = today + NOTICE_DAYS < 0 ? 0 : today + NOTICE_DAYS;
    char(*keys)[KEY_MAX] = calloc(place->events_n + 1, sizeof *keys);
    if (!keys)
        return CV_ENOMEM;
    place->keys = keys;
    int rc = CV_OK;
    for (int unit = 0; !rc && unit < place->annual.items_n; ++unit) {
        sch_annual_item_t *item = &place->items[unit];
        *item = (sch_annual_item_t){.dimension = -1,
                                    .coordinator = -1,
                                    .officer = -1,
                                    .circle = -1,
                                    .preferred = -1,
                                    .promised_venue = -1,
                                    .members = place->annual.members ? ~UINT64_C(0) >> (64 - place->annual.members) : 0,
                                    .priority = 1,
                                    .window_first = earliest,
                                    .window_last = place->annual.days - 1};
        rc = measure(place, unit);
        for (size_t i = 0; !rc && i < place->events_n; ++i) {
            const cli_place_event_t *event = &place->events[i];
            if (event->unit != unit)
                continue;
            if (!item->name) {
                item->name = cli_text_of(event->event, "event");
                item->venues[0] = venue_of(place, event->event, keys);
                item->venues_n = 1;
            }
            take_event(place, event, today, pins);
        }
        if (item->promised_day >= 0)
            item->promised_venue = item->venues[0];
        if (item->pinned)
            item->window_first = 0;
    }
    place->annual.exclusives = place->bodies_n;
    place->annual.travel_days = TRAVEL_DAYS;
    place->annual.summit_city = -1;
    for (int v = 0; v < place->annual.venues_n; ++v)
        if (strcmp(place->venues[v].name, "city New York") == 0)
            place->annual.summit_city = place->venues[v].city;
    return rc;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int fetch(cli_t *cli, const char *what, const char *key, json_t **ret_rows)
{
    int rc = cli_query_json(cli, "scheduling", what, key, ret_rows);
    return rc ? cli_query_failed(cli, rc, "cannot list %s", what) : CLI_OK;
}

static int fetch_all(cli_t *cli, cli_place_t *place, int64_t *ret_now_ms)
{
    char key[KEY_MAX];
    json_t *status = NULL;
    int rc = cli_connect(cli);
    if (rc != CLI_OK)
        return rc;
    rc = cli_service_status(cli, "scheduling", STATUS_MS, &status);
    if (rc)
        return cli_query_failed(cli, rc, "scheduling does not say what time it is");
    *ret_now_ms = cli_int_of(status, "now_ms");
    json_decref(status);
    snprintf(key, sizeof key, "year=%lld", (long long)place->year);
    const struct {
        const char *what, *key;
        json_t **rows;
    } LISTS[] = {{"events", key, &place->rows},          {"parties", NULL, &place->parties},
                 {"bodies", NULL, &place->bodies},       {"coordinators", NULL, &place->coordinators},
                 {"calendars", NULL, &place->calendars}, {"rules", NULL, &place->changed}};
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS && rc == CLI_OK; ++i)
        rc = fetch(cli, LISTS[i].what, LISTS[i].key, LISTS[i].rows);
    return rc;
}

int cli_place_load(cli_t *cli, int64_t year, const char *pins, cli_place_t **ret_place)
{
    int64_t now_ms = 0;
    cli_place_t *place = calloc(1, sizeof *place);
    if (!place)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    place->year = year;
    int status = fetch_all(cli, place, &now_ms);
    int rc = status == CLI_OK ? lay_year(place) : CV_OK;
    if (status == CLI_OK && !rc) {
        place_take_rules(place);
        place_take_members(place);
        place_take_calendars(place);
        rc = take_events(place);
    }
    for (size_t i = 0; status == CLI_OK && !rc && i < place->events_n; ++i)
        status = place_take_confirmed(cli, place, place->events[i].event, &place->events[i].confirmed);
    if (status == CLI_OK && !rc && !place->events_n)
        status = cli_fail(cli, CLI_NOTFOUND, "the plan of %lld has no event that takes place", (long long)year);
    if (status == CLI_OK && !rc)
        rc = make_units(place, (int)(now_ms / DAY_MS - place->first_day), pins);
    if (status == CLI_OK && !rc)
        rc = sch_annual_model(&place->annual, &place->model);
    if (rc)
        status = cli_fail(cli, CLI_FAILED, "cannot make a model of the plan of %lld: %s", (long long)year,
                          cv_error_name(rc));
    if (status != CLI_OK)
        cli_place_destroy(&place);
    else
        *ret_place = place;
    return status;
}

void cli_place_destroy(cli_place_t **ref)
{
    cli_place_t *place = *ref;
    if (!place)
        return;
    sch_place_model_destroy(&place->model);
    json_decref(place->rows);
    json_decref(place->calendars);
    json_decref(place->parties);
    json_decref(place->coordinators);
    json_decref(place->bodies);
    json_decref(place->changed);
    free(place->events);
    free(place->items);
    free(place->venues);
    free(place->off);
    free(place->flags);
    free(place->months);
    free(place->minutes);
    free(place->keys);
    free(place);
    *ref = NULL;
}

const cli_place_event_t *cli_place_find(const cli_place_t *place, const char *event)
{
    for (size_t i = 0; i < place->events_n; ++i)
        if (strcmp(cli_text_of(place->events[i].event, "event"), event) == 0)
            return &place->events[i];
    return NULL;
}

int cli_place_at(const cli_place_t *place, int unit, int day)
{
    return day * place->annual.venues_n + place->items[unit].venues[0];
}

int cli_place_day(const cli_place_t *place, int at)
{
    return at == SCH_PLACE_NOWHERE ? -1 : sch_place_time_of(place->model, at);
}
