/* event_edit: one event proposed, changed, and moved on to another status.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Flags are the fields of the requests by their own names, with - for _; what is not said stays as it is.
 */
#include "ask.h"

#include <string.h>

enum { MINUTES_MAX = 1440, TEAMS_MAX = 64 };

/* What both a proposal and a change can say. */
static int put_fields(cli_t *cli, json_t *data)
{
    static const char *const FIELDS[][2] = {
        {"title", "title"},       {"start", "date_start"}, {"end", "date_end"},          {"precision", "precision"},
        {"time", "time_start"},   {"zone", "zone"},        {"utc-offset", "utc_offset"}, {"city", "city"},
        {"country", "country"},   {"venue", "venue"},      {"format", "format"},         {"host", "host_org"},
        {"earliest", "earliest"}, {"latest", "latest"},    {"preferred", "preferred"},   {"officer", "officer"},
        {"note", "note"}};
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && i < sizeof FIELDS / sizeof *FIELDS; ++i)
        status = cli_put_flag(cli, data, FIELDS[i][0], FIELDS[i][1]);
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "minutes", "minutes", 1, MINUTES_MAX);
    return status == CLI_OK ? cli_put_count(cli, data, "teams", "teams", 1, TEAMS_MAX) : status;
}

int cli_event_propose(cli_t *cli)
{
    static const char *const FIELDS[] = {"dimension", "area", "catalogue", "body", "proposer", "group"};
    const char *plan = cli_flag(cli, "plan", NULL);
    json_t *data = json_pack("{s:s}", "event", cli->args[0]);
    int status = plan && cli_has(cli, "title")
                     ? cli_put_plan(cli, data, plan)
                     : cli_usage(cli, "what, and of which plan? --title 'Forum' --plan 2026-cbm, at least");
    if (status == CLI_OK) {
        json_object_set(data, "plan_year", json_object_get(data, "year"));
        json_object_del(data, "year");
        status = put_fields(cli, data);
    }
    for (size_t i = 0; status == CLI_OK && i < sizeof FIELDS / sizeof *FIELDS; ++i)
        status = cli_put_flag(cli, data, FIELDS[i], FIELDS[i]);
    return cli_ask(cli, status, "convene.scheduling.event.propose.v1", data);
}

int cli_event_change(cli_t *cli)
{
    json_t *data = json_object();
    int status = put_fields(cli, data);
    if (status == CLI_OK && !json_object_size(data))
        status = cli_usage(cli, "change what? --start 2026-12-17 --format online, for one");
    json_object_set_new(data, "event", json_string(cli->args[0]));
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    return cli_ask(cli, status, "convene.scheduling.event.change.v1", data);
}

int cli_event_advance(cli_t *cli)
{
    json_t *data = json_pack("{s:s, s:s}", "event", cli->args[0], "to", cli->args[1]);
    int status = CLI_OK;
    if (cv_event_status_parse(cv_str(cli->args[1])) == CV_EVENT_STATUS_ABSENT)
        status = cli_usage(cli, "\"%s\" is no status of an event: scheduled, open, held, postponed, cancelled ...",
                           cli->args[1]);
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "decision", "decision");
    return cli_ask(cli, status, "convene.scheduling.event.advance.v1", data);
}
