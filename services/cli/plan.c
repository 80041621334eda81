/* plan: compile, circulate, return and see the plans of a year and line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include <string.h>

int cli_plan_compile(cli_t *cli)
{
    json_t *data = json_object();
    int status = cli_put_plan(cli, data, cli->args[0]);
    cli_put_list(cli, data, "events", "events");
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    return cli_ask(cli, status, "convene.scheduling.plan.compile.v1", data);
}

static int move_to(cli_t *cli, const char *to)
{
    json_t *data = json_pack("{s:s}", "to", to);
    int status = data ? cli_put_plan(cli, data, cli->args[0]) : CLI_FAILED;
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "meeting", "meeting");
    return cli_ask(cli, status, "convene.scheduling.plan.move.v1", data);
}

int cli_plan_circulate(cli_t *cli)
{
    return move_to(cli, "circulated");
}

int cli_plan_return(cli_t *cli)
{
    return move_to(cli, "returned");
}

int cli_plan_abandon(cli_t *cli)
{
    return move_to(cli, "abandoned");
}

int cli_plan_add(cli_t *cli)
{
    return cli_ask(cli, CLI_OK, "convene.scheduling.plan.add.v1",
                   json_pack("{s:s, s:s}", "event", cli->args[0], "decision", cli->args[1]));
}

static cli_style_t state_style(const char *state)
{
    if (strcmp(state, "adopted") == 0)
        return CLI_GREEN;
    return strcmp(state, "superseded") == 0 || strcmp(state, "abandoned") == 0 ? CLI_DIM : CLI_YELLOW;
}

static void print_plan(cli_table_t *table, const json_t *plan)
{
    const char *state = cli_text_of(plan, "state");
    cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(plan, "plan"));
    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(plan, "version"));
    cli_table_cell(table, state_style(state), "%s", state);
    cli_table_cell(table, CLI_PLAIN, "%zu", json_array_size(json_object_get(plan, "items")));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(plan, "decision")));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(plan, "reason"));
}

int cli_plan_list(cli_t *cli)
{
    static const cli_list_t list = {
        .what = "plans",
        .type = "convene.cli.plans.v1",
        .counted = "versions of plans",
        .filters = {"plan", "year", "line", "state"},
        .columns = {"plan", "#version", "state", "#events", "decision", "reason"},
        .print_row = print_plan,
    };
    return cli_list(cli, &list);
}
