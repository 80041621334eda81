/* place: a year's plan placed by search, the search's answer accepted, and why a day is good or bad.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   place plan     asks scheduling for the plan, searches in this process, prints the difference, writes it to a file
 *   place accept   asks scheduling to move the events of that file: all of them, or none if one has changed since
 *   place fit      the best days for one event in the plan as it is
 *   why            which rules speak against an event's day, or against another one
 *
 * The search is never in a service's way: it runs here, on what the service said, and changes nothing. The same plan
 * and seed give the same result as long as --seconds does not cut the search short, which is said then.
 */
#include "scheduling/placement/place.h"
#include "ask.h"
#include "place_model.h"
#include "process.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    YEAR_MIN = 1990,
    YEAR_MAX = 2200,
    PER_SECOND = 1000000, /* changes that are looked at for each second of --seconds, at most */
    SECONDS_MAX = 3600,
    REASONS_MAX = 64,
    FITS_MAX = 366,
    CERTIFICATES_MAX = 16,
};

static const char *const LEVELS[SCH_LEVELS] = {"hard", "medium", "soft"};
static const char *const EFFECTS[] = {
    [SCH_FORBID] = "forbid", [SCH_BLOCK_RELEASE] = "block_release", [SCH_WARN] = "warn", [SCH_IGNORE] = "ignore"};

int64_t cli_place_cpu_ms(void *arg)
{
    struct timespec now;
    (void)arg;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

json_t *cli_place_score(const sch_score_t *score)
{
    json_t *json = json_object();
    for (int level = 0; level < SCH_LEVELS; ++level)
        json_object_set_new(json, LEVELS[level], json_integer(score->v[level]));
    return json;
}

/* The year of the command: --year, or that of the event's plan. */
static int year_of(cli_t *cli, const char *event, int64_t *ret_year)
{
    const char *text = cli_flag(cli, "year", NULL);
    if (text)
        return cli_number(cli, "--year", text, YEAR_MIN, YEAR_MAX, ret_year) ? CLI_OK : CLI_USAGE;
    if (!event)
        return cli_usage(cli, "say which plan: --year 2026");
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *found = NULL;
    int rc = cli_query_json(cli, "scheduling", "event", event, &found);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "there is no event %s; `convene event list` shows all", event);
    if (rc)
        return cli_query_failed(cli, rc, "cannot show event %s", event);
    *ret_year = cli_int_of(json_object_get(json_array_get(found, 0), "data"), "plan_year");
    json_decref(found);
    return CLI_OK;
}

/* Everything where the plan has it; what has no day is nowhere. */
static sch_place_state_t *state_of(const cli_place_t *place)
{
    sch_place_state_t *state = sch_place_state_new(place->model);
    for (int unit = 0; state && unit < place->annual.items_n; ++unit)
        if (place->items[unit].promised_day >= 0)
            sch_place_put(state, unit, cli_place_at(place, unit, place->items[unit].promised_day));
    return state;
}

/* ---- place plan -------------------------------------------------------------------------- */

bool cli_place_progress(void *arg, const sch_progress_t *progress)
{
    cli_t *cli = arg;
    if (cli_stopped())
        return false;
    if (cli->tty && !cli->json)
        cli_say("\r%3d %%  hard %lld, medium %lld, soft %lld   ",
                (int)(100 * progress->iterations / (progress->iterations_max ? progress->iterations_max : 1)),
                (long long)progress->best.v[SCH_HARD], (long long)progress->best.v[SCH_MEDIUM],
                (long long)progress->best.v[SCH_SOFT]);
    return true;
}

static json_t *moved_events(const cli_place_t *place, const sch_place_result_t *result)
{
    json_t *placed = json_array();
    for (int i = 0; i < result->changes_n; ++i) {
        const sch_change_t *change = &result->changes[i];
        int day = cli_place_day(place, change->to);
        if (day < 0)
            continue;
        for (size_t k = 0; k < place->events_n; ++k) {
            const cli_place_event_t *event = &place->events[k];
            char from[CLI_DATE_LEN + 1], to[CLI_DATE_LEN + 1];
            if (event->unit != change->item)
                continue;
            cli_place_date(place, day + event->offset, from);
            cli_place_date(place, day + event->offset + event->length - 1, to);
            json_t *row = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "event", cli_text_of(event->event, "event"),
                                    "expected_version", (json_int_t)cli_int_of(event->event, "version"), "date_start",
                                    from, "date_end", to, "was_start", cli_text_of(event->event, "date_start"),
                                    "was_end", cli_text_of(event->event, "date_end"));
            json_array_append_new(placed, row);
        }
    }
    return placed;
}

static json_t *names_without(const cli_place_t *place)
{
    json_t *list = json_array();
    for (size_t i = 0; i < place->without_n; ++i)
        json_array_append_new(list, json_string(place->without[i]));
    return list;
}

json_t *cli_place_cannot(const sch_place_model_t *model)
{
    sch_certificate_t *found = calloc(CERTIFICATES_MAX, sizeof *found);
    json_t *list = json_array();
    int n = 0;
    if (found && sch_place_check(model, found, CERTIFICATES_MAX, &n) == CV_OK)
        for (int i = 0; i < n; ++i)
            json_array_append_new(list, json_string(found[i].text));
    free(found);
    return list;
}

static void print_plan(cli_t *cli, const json_t *doc)
{
    const char *columns[] = {"event", "now", "proposed"};
    cli_table_t *table = cli_table_new(cli, columns, 3);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(doc, "placed"), i, row)
    {
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "event"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "was_start")));
        bool one = strcmp(cli_text_of(row, "date_start"), cli_text_of(row, "date_end")) == 0;
        cli_table_cell(table, CLI_GREEN, one ? "%s" : "%s to %s", cli_text_of(row, "date_start"),
                       cli_text_of(row, "date_end"));
    }
    cli_table_print(&table);
    json_array_foreach(json_object_get(doc, "cannot"), i, row) cli_say("cannot be: %s\n", json_string_value(row));
    if (json_array_size(json_object_get(doc, "without_calendar")))
        cli_say("%zu members have no calendar for this year; Saturday and Sunday were taken for them\n",
                json_array_size(json_object_get(doc, "without_calendar")));
    for (int k = 0; k < 2; ++k) {
        const json_t *score = json_object_get(doc, k ? "after" : "before");
        cli_say("%s: hard %lld, medium %lld, soft %lld\n", k ? "proposed" : "now", (long long)cli_int_of(score, "hard"),
                (long long)cli_int_of(score, "medium"), (long long)cli_int_of(score, "soft"));
    }
}

static int write_file(cli_t *cli, const char *path, const json_t *doc)
{
    if (json_dump_file(doc, path, JSON_INDENT(1)) == 0)
        return CLI_OK;
    return cli_fail(cli, CLI_FAILED, "cannot write %s", path);
}

static int search(cli_t *cli, cli_place_t *place, int64_t seed, int64_t seconds)
{
    const char *path = cli_flag(cli, "output", NULL);
    sch_place_result_t result;
    int *start = calloc((size_t)place->annual.items_n, sizeof *start);
    if (!start)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    for (int unit = 0; unit < place->annual.items_n; ++unit)
        start[unit] = place->items[unit].promised_day < 0 ? SCH_PLACE_NOWHERE
                                                          : cli_place_at(place, unit, place->items[unit].promised_day);
    cli_catch_signals();
    int rc = sch_place_solve(place->model,
                             &(sch_place_options_t){.seed = (uint64_t)seed,
                                                    .iterations = seconds * PER_SECOND,
                                                    .progress = cli_place_progress,
                                                    .cpu_ms = cli_place_cpu_ms,
                                                    .cpu_limit_ms = seconds * 1000,
                                                    .start = start,
                                                    .arg = cli},
                             &result);
    free(start);
    if (cli->tty && !cli->json)
        cli_say("\r%60s\r", "");
    if (rc)
        return cli_fail(cli, CLI_FAILED, "cannot place the plan: %s", cv_error_name(rc));
    json_t *doc = json_pack("{s:I, s:I, s:I, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "year", (json_int_t)place->year,
                            "seed", (json_int_t)seed, "iterations", (json_int_t)result.iterations, "repeatable",
                            result.repeatable, "cancelled", result.cancelled, "before", cli_place_score(&result.before),
                            "after", cli_place_score(&result.score), "placed", moved_events(place, &result), "cannot",
                            cli_place_cannot(place->model), "without_calendar", names_without(place));
    sch_place_result_done(&result);
    int status = doc ? CLI_OK : cli_fail(cli, CLI_FAILED, "out of memory");
    if (status == CLI_OK && path)
        status = write_file(cli, path, doc);
    if (status == CLI_OK && !cli->json) {
        print_plan(cli, doc);
        cli_say("%zu events would move; %s\n", json_array_size(json_object_get(doc, "placed")),
                path ? "`convene place accept` of that file moves them" : "nothing was changed");
    }
    if (status == CLI_OK && cli->json)
        return cli_document(cli, "convene.cli.place.v1", doc);
    json_decref(doc);
    return status;
}

int cli_place_plan(cli_t *cli)
{
    int64_t year = 0, seed, seconds;
    cli_place_t *place = NULL;
    cli->as = "observer";
    int status = year_of(cli, NULL, &year);
    if (status != CLI_OK)
        return status;
    if (!cli_number(cli, "--seed", cli_flag(cli, "seed", "1"), 0, INT64_MAX, &seed) ||
        !cli_number(cli, "--seconds", cli_flag(cli, "seconds", "10"), 1, SECONDS_MAX, &seconds))
        return CLI_USAGE;
    status = cli_place_load(cli, year, cli_flag(cli, "pin", NULL), &place);
    if (status == CLI_OK)
        status = search(cli, place, seed, seconds);
    cli_place_destroy(&place);
    return status;
}

/* ---- place accept ------------------------------------------------------------------------ */

int cli_place_accept(cli_t *cli)
{
    const char *path = cli->args[0];
    json_error_t error;
    json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *row;
    if (!doc)
        return cli_fail(cli, error.line < 0 ? CLI_NOTFOUND : CLI_USAGE, "%s, line %d: %s", path, error.line,
                        error.text);
    json_t *placed = json_array();
    size_t i;
    json_array_foreach(json_object_get(doc, "placed"), i, row)
    {
        static const char *const FIELDS[] = {
            "event", "expected_version", "date_start", "date_end", "session", "start", "zone", "venue", "room"};
        json_t *one = json_object();
        for (size_t k = 0; k < sizeof FIELDS / sizeof *FIELDS; ++k)
            if (json_object_get(row, FIELDS[k]))
                json_object_set(one, FIELDS[k], json_object_get(row, FIELDS[k]));
        json_array_append_new(placed, one);
    }
    int status = CLI_OK;
    if (!json_array_size(placed))
        status = cli_usage(cli,
                           "%s: \"placed\" has no event: a file of `convene place plan --output` in which "
                           "something moves is wanted",
                           path);
    char reason[200];
    snprintf(reason, sizeof reason, "placed by search: seed %lld, %lld changes looked at",
             (long long)cli_int_of(doc, "seed"), (long long)cli_int_of(doc, "iterations"));
    json_t *data = json_pack("{s:o, s:s}", "placed", placed, "reason", cli_flag(cli, "reason", reason));
    const char *type =
        *cli_text_of(doc, "event") ? "convene.scheduling.session.place.v1" : "convene.scheduling.event.place.v1";
    if (data && *cli_text_of(doc, "event"))
        json_object_set(data, "event", json_object_get(doc, "event"));
    json_decref(doc);
    return cli_ask(cli, status, type, data);
}

/* ---- why, place fit ---------------------------------------------------------------------- */

static const char *name_of_item(const cli_place_t *place, int item)
{
    return item < 0 ? "" : place->items[item].name;
}

static int print_reasons(cli_t *cli, const cli_place_t *place, const sch_reason_t *reasons, int n, const char *event,
                         const char *date)
{
    json_t *list = json_array();
    const char *columns[] = {"rule", "level", "#cost", "effect", "why", "with"};
    cli_table_t *table = cli_table_new(cli, columns, 6);
    int64_t hard = 0;
    for (int i = 0; i < n; ++i) {
        const sch_rule_t *rule = sch_place_rule_at(place->model, reasons[i].rule);
        const char *other = name_of_item(place, reasons[i].other);
        hard += reasons[i].level == SCH_HARD ? reasons[i].cost : 0;
        cli_table_cell(table, CLI_BOLD, "%s", rule->id);
        cli_table_cell(table, reasons[i].level == SCH_HARD ? CLI_RED : CLI_PLAIN, "%s", LEVELS[reasons[i].level]);
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)reasons[i].cost);
        cli_table_cell(table, CLI_PLAIN, "%s", EFFECTS[rule->effect]);
        cli_table_cell(table, CLI_PLAIN, "%s", rule->text);
        cli_table_cell(table, CLI_PLAIN, "%s", other);
        json_t *row =
            json_pack("{s:s, s:s, s:I, s:s, s:s}", "rule", rule->id, "level", LEVELS[reasons[i].level], "cost",
                      (json_int_t)reasons[i].cost, "effect", EFFECTS[rule->effect], "text", rule->text);
        if (*other)
            json_object_set_new(row, "with", json_string(other));
        json_array_append_new(list, row);
    }
    if (cli->json) {
        cli_table_finish(&table, false);
        return cli_document(cli, "convene.cli.why.v1",
                            json_pack("{s:s, s:s, s:o}", "event", event, "date", date, "reasons", list));
    }
    json_decref(list);
    cli_table_print(&table);
    if (n == 0)
        cli_say("%s on %s: no rule speaks against it\n", event, date);
    else
        cli_say("%s on %s: %s\n", event, date, hard > 0 ? "cannot be released as it is" : "can be; this is its price");
    return CLI_OK;
}

/* The event in its plan, and that plan as a state of the engine. */
static int open_event(cli_t *cli, const char *event, cli_place_t **ret_place, sch_place_state_t **ret_state,
                      const cli_place_event_t **ret_found)
{
    int64_t year = 0;
    cli->as = "observer";
    int status = year_of(cli, event, &year);
    if (status == CLI_OK)
        status = cli_place_load(cli, year, NULL, ret_place);
    if (status != CLI_OK)
        return status;
    *ret_found = cli_place_find(*ret_place, event);
    if (!*ret_found)
        return cli_fail(cli, CLI_NOTFOUND,
                        "%s takes no place in the plan of %lld: it is a draft, postponed, cancelled, "
                        "rejected, or over without a known day",
                        event, (long long)year);
    *ret_state = state_of(*ret_place);
    return *ret_state ? CLI_OK : cli_fail(cli, CLI_FAILED, "out of memory");
}

int cli_why(cli_t *cli)
{
    cli_place_t *place = NULL;
    sch_place_state_t *state = NULL;
    const cli_place_event_t *found = NULL;
    int day = -1;
    if (strchr(cli->args[0], '/'))
        return cli_why_session(cli);
    int status = open_event(cli, cli->args[0], &place, &state, &found);
    const char *date = status != CLI_OK ? "" : cli->args_n > 1 ? cli->args[1] : cli_text_of(found->event, "date_start");
    if (status == CLI_OK && !cli_place_parse(place, date, &day))
        status = cli->args_n > 1 ? cli_usage(cli, "DATE must be a day of %lld like %lld-05-12, not \"%s\"",
                                             (long long)place->year, (long long)place->year, date)
                                 : cli_usage(cli, "%s has no day yet (%s): say which, `convene why %s %lld-05-12`",
                                             cli->args[0], cli_or_dash(date), cli->args[0], (long long)place->year);
    day -= status == CLI_OK ? found->offset : 0;
    if (status == CLI_OK && (day < 0 || day + place->items[found->unit].length > place->annual.days))
        status = cli_fail(cli, CLI_REFUSED, "%s would not end within %lld", cli->args[0], (long long)place->year);
    if (status == CLI_OK) {
        sch_reason_t reasons[REASONS_MAX];
        int n = sch_place_explain(state, found->unit, cli_place_at(place, found->unit, day), reasons, REASONS_MAX);
        status = print_reasons(cli, place, reasons, n < REASONS_MAX ? n : REASONS_MAX, cli->args[0], date);
    }
    sch_place_state_destroy(&state);
    cli_place_destroy(&place);
    return status;
}

static int print_fits(cli_t *cli, const cli_place_t *place, const cli_place_event_t *event, const sch_fit_t *fits,
                      int n)
{
    json_t *list = json_array();
    const char *columns[] = {"first day", "#hard", "#medium", "#soft"};
    cli_table_t *table = cli_table_new(cli, columns, 4);
    for (int i = 0; i < n; ++i) {
        char date[CLI_DATE_LEN + 1];
        cli_place_date(place, cli_place_day(place, fits[i].place) + event->offset, date);
        json_t *row = cli_place_score(&fits[i].delta);
        json_object_set_new(row, "date", json_string(date));
        json_array_append_new(list, row);
        cli_table_cell(table, CLI_BOLD, "%s", date);
        for (int level = 0; level < SCH_LEVELS; ++level)
            cli_table_cell(table, CLI_PLAIN, "%+lld", (long long)fits[i].delta.v[level]);
    }
    if (cli->json) {
        cli_table_finish(&table, false);
        return cli_document(cli, "convene.cli.fits.v1",
                            json_pack("{s:s, s:o}", "event", cli_text_of(event->event, "event"), "fits", list));
    }
    json_decref(list);
    cli_table_print(&table);
    cli_say("against the plan as it is; `convene why %s DATE` says which rules\n", cli_text_of(event->event, "event"));
    return CLI_OK;
}

int cli_place_fit(cli_t *cli)
{
    cli_place_t *place = NULL;
    sch_place_state_t *state = NULL;
    const cli_place_event_t *found = NULL;
    int64_t count;
    if (!cli_number(cli, "--count", cli_flag(cli, "count", "10"), 1, FITS_MAX, &count))
        return CLI_USAGE;
    int status = open_event(cli, cli->args[0], &place, &state, &found);
    if (status == CLI_OK) {
        sch_fit_t fits[FITS_MAX];
        int n = sch_place_best_fits(state, found->unit, fits, (int)count);
        status = n ? print_fits(cli, place, found, fits, n)
                   : cli_fail(cli, CLI_REFUSED, "no day of %lld is open to %s: `convene why %s DATE` says which rules",
                              (long long)place->year, cli->args[0], cli->args[0]);
    }
    sch_place_state_destroy(&state);
    cli_place_destroy(&place);
    return status;
}
