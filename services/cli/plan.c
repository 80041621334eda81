/* plan: compile, circulate, return and see the plans of a year and line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include <string.h>

enum { KEY_MAX = 256 };

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

int cli_plan_list(cli_t *cli)
{
    static const char *const filters[] = {"plan", "year", "line", "state"};
    char key[KEY_MAX];
    json_t *found = NULL;
    if (!cli_filters(cli, filters, sizeof filters / sizeof *filters, key, sizeof key))
        return CLI_USAGE;
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "scheduling", "plans", *key ? key : NULL, &found);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot list plans");
    if (cli->json) {
        status = cli_document(cli, "convene.cli.plans.v1", json_pack("{s:o}", "plans", cli_datas(found)));
        json_decref(found);
        return status;
    }
    const char *columns[] = {"plan", "#version", "state", "#events", "decision", "reason"};
    cli_table_t *table = cli_table_new(cli, columns, 6);
    for (size_t i = 0; i < json_array_size(found); i++) {
        const json_t *plan = json_object_get(json_array_get(found, i), "data");
        const char *state = cli_text_of(plan, "state"), *decision = cli_text_of(plan, "decision");
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(plan, "plan"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(plan, "version"));
        cli_table_cell(table, state_style(state), "%s", state);
        cli_table_cell(table, CLI_PLAIN, "%zu", json_array_size(json_object_get(plan, "items")));
        cli_table_cell(table, CLI_PLAIN, "%s", *decision ? decision : "-");
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(plan, "reason"));
    }
    cli_table_print(&table);
    cli_say("%zu versions of plans\n", json_array_size(found));
    json_decref(found);
    return CLI_OK;
}
