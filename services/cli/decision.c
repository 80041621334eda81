/* decision: bring in, object, take, and see decisions by consensus.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include "convene/ids.h"

#include <string.h>

enum { SPAN_TEXT = 32 };

/* ---- asking ------------------------------------------------------------------------------ */

static int put_flags(cli_t *cli, json_t *data, const char *const *flags, size_t flags_n)
{
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && i < flags_n; i++)
        status = cli_put_flag(cli, data, flags[i], flags[i]);
    return status;
}

/* What both ways of deciding have in common. */
static int put_resolution(cli_t *cli, json_t *data)
{
    static const char *const flags[] = {"subject", "about", "title", "text", "proposer", "meeting"};
    json_object_set_new(data, "decision", json_string(cli->args[0]));
    return put_flags(cli, data, flags, sizeof flags / sizeof *flags);
}

static int put_end(cli_t *cli, json_t *data)
{
    const char *until = cli_flag(cli, "until", NULL), *zone = cli_flag(cli, "zone", NULL);
    int64_t ms;
    if (until && zone)
        json_object_set_new(data, "expires_wall", json_string(until));
    else if (until && cv_time_parse(cv_str(until), &ms) == CV_OK)
        json_object_set_new(data, "expires_ms", json_integer(ms));
    else
        return cli_usage(cli, "--until must say exactly when: 2026-03-06T18:00 with --zone Asia/Almaty, or "
                              "2026-03-06T13:00:00Z");
    int status = cli_put_flag(cli, data, "zone", "zone");
    return status == CLI_OK ? cli_put_flag(cli, data, "utc-offset", "utc_offset") : status;
}

int cli_decision_open(cli_t *cli)
{
    json_t *data = json_object();
    int status = put_resolution(cli, data);
    if (status == CLI_OK)
        status = put_end(cli, data);
    return cli_ask(cli, status, "convene.scheduling.decision.open.v1", data);
}

int cli_decision_take(cli_t *cli)
{
    json_t *data = json_object();
    int status = put_resolution(cli, data);
    cli_put_list(cli, data, "present", "present");
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "date", "date");
    return cli_ask(cli, status, "convene.scheduling.decision.take.v1", data);
}

static int state_as(cli_t *cli, const char *kind)
{
    static const char *const flags[] = {"party", "text"};
    json_t *data = json_pack("{s:s, s:s}", "decision", cli->args[0], "kind", kind);
    int status = data ? put_flags(cli, data, flags, 2) : CLI_FAILED;
    return cli_ask(cli, status, "convene.scheduling.decision.state.v1", data);
}

int cli_decision_object(cli_t *cli)
{
    return state_as(cli, "objection");
}

int cli_decision_amend(cli_t *cli)
{
    return state_as(cli, "amendment");
}

int cli_decision_explain(cli_t *cli)
{
    return state_as(cli, "explanation");
}

int cli_decision_reserve(cli_t *cli)
{
    return state_as(cli, "reservation");
}

int cli_decision_retract(cli_t *cli)
{
    json_t *data = json_pack("{s:s}", "decision", cli->args[0]);
    int status = data ? cli_put_flag(cli, data, "reason", "reason") : CLI_FAILED;
    return cli_ask(cli, status, "convene.scheduling.decision.retract.v1", data);
}

/* ---- looking ----------------------------------------------------------------------------- */

/* "in 3 d 4 h", "in 42 s", "now" */
static void span_text(int64_t ms, char ret_text[SPAN_TEXT])
{
    long long s = ms / 1000;
    if (ms <= 0)
        (void)snprintf(ret_text, SPAN_TEXT, "now");
    else if (s >= 86400)
        (void)snprintf(ret_text, SPAN_TEXT, "in %lld d %lld h", s / 86400, s % 86400 / 3600);
    else if (s >= 3600)
        (void)snprintf(ret_text, SPAN_TEXT, "in %lld h %lld min", s / 3600, s % 3600 / 60);
    else if (s >= 60)
        (void)snprintf(ret_text, SPAN_TEXT, "in %lld min %lld s", s / 60, s % 60);
    else
        (void)snprintf(ret_text, SPAN_TEXT, "in %lld s", s);
}

static cli_style_t state_style(const char *state)
{
    if (strcmp(state, "adopted") == 0)
        return CLI_GREEN;
    return strcmp(state, "open") == 0 ? CLI_YELLOW : CLI_RED;
}

static void print_row(cli_table_t *table, const json_t *decision)
{
    const char *state = cli_text_of(decision, "state"), *about = cli_text_of(decision, "about");
    char when[CV_TIME_TEXT + 1] = "-", span[SPAN_TEXT] = "";
    bool open = strcmp(state, "open") == 0;
    int64_t ms = cli_int_of(decision, open ? "expires_ms" : "settled_ms");
    if (ms)
        cv_time_text(ms, when);
    if (open)
        span_text(ms - cv_clock_wall_ms(), span);
    cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(decision, "decision"));
    cli_table_cell(table, state_style(state), "%s", state);
    if (json_object_get(decision, "number"))
        cli_table_cell(table, CLI_PLAIN, "%lld/%lld", (long long)cli_int_of(decision, "number"),
                       (long long)cli_int_of(decision, "year"));
    else
        cli_table_cell(table, CLI_DIM, "-");
    cli_table_cell(table, CLI_PLAIN, "%s%s%s", cli_text_of(decision, "subject"), *about ? " " : "", about);
    cli_table_cell(table, CLI_PLAIN, "%.16sZ", when);
    cli_table_cell(table, CLI_YELLOW, "%s%s",
                   open                           ? span
                   : *cli_text_of(decision, "by") ? "by "
                                                  : "",
                   open ? "" : cli_text_of(decision, "by"));
    cli_table_cell(table, CLI_DIM, "%lld", (long long)cli_int_of(decision, "statements"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(decision, "title"));
}

int cli_decision_list(cli_t *cli)
{
    static const cli_list_t list = {
        .what = "decisions",
        .type = "convene.cli.decisions.v1",
        .counted = "decisions",
        .filters = {"state", "subject", "about", "year"},
        .columns = {"decision", "state", "number", "about", "when", "", "#statements", "title"},
        .print_row = print_row,
    };
    return cli_list(cli, &list);
}

int cli_decision_show(cli_t *cli)
{
    const char *id = cli->args[0];
    json_t *found = NULL, *statements = NULL;
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "scheduling", "decision", id, &found);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "there is no decision %s; `convene decision list` shows all", id);
    if (rc == CV_OK)
        rc = cli_query_json(cli, "scheduling", "statements", id, &statements);
    if (rc != CV_OK) {
        json_decref(found);
        return cli_query_failed(cli, rc, "cannot show decision %s", id);
    }
    const json_t *decision = json_object_get(json_array_get(found, 0), "data");
    if (cli->json) {
        status = cli_document(cli, "convene.cli.decision.v1",
                              json_pack("{s:O, s:o}", "decision", decision, "statements", cli_datas(statements)));
    } else {
        char span[SPAN_TEXT];
        cli_print_fields(cli, decision, 0);
        if (strcmp(cli_text_of(decision, "state"), "open") == 0) {
            span_text(cli_int_of(decision, "expires_ms") - cv_clock_wall_ms(), span);
            printf("\nprovisional: adopted %s unless a member objects or amends before\n", span);
        }
        for (size_t i = 0; i < json_array_size(statements); i++) {
            putchar('\n');
            cli_print_fields(cli, json_object_get(json_array_get(statements, i), "data"), 0);
        }
    }
    json_decref(found);
    json_decref(statements);
    return status;
}
