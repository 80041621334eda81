/* place_model: a year's plan as the services tell it, made a model for the placement engine.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is a fact of the plan is taken as it is; what the plan leaves open is left open to the search:
 *
 *   unit      events of one group move together and keep their distances; any other event is a unit by itself
 *   length    from the first to the last day; one day where only a month or a year is known
 *   window    with a day: from now on to the year's end; with a month or a year: within it
 *   promise   the status: what was circulated, adopted, scheduled, opened costs more and more to move
 *   pinned    what is over, has begun, or was asked to stay (--pin)
 *   place     a venue holds one unit at a time; a city where no venue is known, any number; an unknown place nobody
 *             else
 *   wishes    earliest and latest bound the window; preferred, officer, minutes are what rules A13, A16 and A17 count with
 *   people    a body is needed by one of its events at a time, and sends the same people to all of them;
 *             events without a body that are of one area are taken to be for the same experts
 *   days off  from the calendars; a member without one has Saturday and Sunday. The feast days of an estimated date
 *             count from the day before to the day after
 *
 *   rules     as they are now (`convene rule set`): an edit, `why` and both searches count with the same numbers; what is
 *             to be ignored weighs nothing
 *
 * Draft, postponed, cancelled and rejected events take no place and are left out.
 */
#ifndef CONVENE_CLI_PLACE_MODEL_H
#define CONVENE_CLI_PLACE_MODEL_H

#include "cli.h"
#include "scheduling/placement/annual.h"
#include "scheduling/placement/place.h"

enum { CLI_PLACE_UNITS_MAX = 2048, CLI_DATE_LEN = 10 };

typedef struct {
    const json_t *event; /* its state; borrowed */
    int unit, offset;    /* days behind the unit's first */
    int length;
    bool dated;         /* to the day */
    uint64_t confirmed; /* members that come */
} cli_place_event_t;

typedef struct {
    sch_annual_t annual;
    sch_place_model_t *model;
    cli_place_event_t *events;
    size_t events_n;
    int64_t year, first_day;                     /* 1 January as days since 1970-01-01 */
    const char *without[SCH_ANNUAL_MEMBERS_MAX]; /* members without a calendar */
    size_t without_n;

    /* What the above points into. */
    json_t *rows, *calendars, *parties, *coordinators, *bodies, *changed;
    sch_rule_t rules[SCH_ANNUAL_RULES_N];
    void *keys; /* names of the venues */
    const char *member[SCH_ANNUAL_MEMBERS_MAX], *body[SCH_PLACE_ROOMS_MAX];
    int bodies_n;
    sch_venue_t *venues;
    sch_annual_item_t *items;
    uint8_t *off, *flags;
    int *months, *minutes;
} cli_place_t;

/* place.c: of a search, for sch_place_options_t: says how far it is, and ends it at a signal. arg: the cli_t. */
bool cli_place_progress(void *arg, const sch_progress_t *progress);
/* Milliseconds of processor that this process has used; arg: nothing. */
int64_t cli_place_cpu_ms(void *arg);
/* Of a plan: {"hard", "medium", "soft"}. */
json_t *cli_place_score(const sch_score_t *score);
/* What no plan can do, in sentences. */
json_t *cli_place_cannot(const sch_place_model_t *model);

/* The plan of a year; pins: ids that stay where they are, separated by commas, or NULL. Gives the exit status, after
 * having said why it is not CLI_OK. */
int cli_place_load(cli_t *cli, int64_t year, const char *pins, cli_place_t **ret_place);
void cli_place_destroy(cli_place_t **place);

/* NULL: no such event in the plan. */
const cli_place_event_t *cli_place_find(const cli_place_t *place, const char *event);
/* The place of the engine at which an event is when its unit begins on this day of the year; and back. */
int cli_place_at(const cli_place_t *place, int unit, int day);
int cli_place_day(const cli_place_t *place, int at);
/* The day of the year of a date; false: not a day of this year. */
bool cli_place_parse(const cli_place_t *place, const char *date, int *ret_day);
const char *cli_place_date(const cli_place_t *place, int day, char ret_text[CLI_DATE_LEN + 1]);

#endif
