/* history: who changed what of the persons of a delegation.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include "convene/ids.h"

#include <string.h>

static void print_steps(cli_t *cli, const json_t *steps)
{
    const char *columns[] = {"#no.", "#step", "at", "what", "by", "state", "capacity", "name", "reason"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_object_get(json_array_get(steps, i), "data");
        char at[CV_TIME_TEXT + 1];
        cv_time_text(cli_int_of(step, "at_ms"), at);
        cli_table_cell(table, CLI_BOLD, "%lld", (long long)cli_int_of(step, "number"));
        cli_table_cell(table, CLI_DIM, "%lld", (long long)cli_int_of(step, "step"));
        cli_table_cell(table, CLI_PLAIN, "%s", at);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(step, "change"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(step, "by")));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(step, "state"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(step, "capacity"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(step, "name"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(step, "reason"));
    }
    cli_table_print(&table);
}

int cli_delegation_history(cli_t *cli)
{
    const char *key = cli->args[0], *slash = strchr(key, '/');
    if (!slash || slash == key || !slash[1])
        return cli_usage(cli, "\"%s\" must be EVENT/PARTY or EVENT/PARTY/NUMBER, for instance 2025-SWG-2/KZ/3", key);
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *found = NULL;
    int rc = cli_query_json(cli, "registration", "history", key, &found);
    if (rc == CV_ENOTFOUND || (rc == CV_OK && json_array_size(found) == 0)) {
        json_decref(found);
        return cli_fail(cli, CLI_NOTFOUND, "nobody was ever registered as %s", key);
    }
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show the history of %s", key);
    if (cli->json) {
        status = cli_document(cli, "convene.cli.history.v1", json_pack("{s:o}", "steps", cli_datas(found)));
    } else {
        print_steps(cli, found);
    }
    json_decref(found);
    return status;
}
