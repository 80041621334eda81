/* notice_rules: who is told of what, and when whom is reminded: the rules that notifications keeps, shown and set.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include <string.h>

enum { HOURS_MAX = 8784 };

static void print_audiences(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"news", "audience", "told"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        bool told = json_is_true(json_object_get(row, "told"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "kind"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "audience"));
        cli_table_cell(table, told ? CLI_GREEN : CLI_DIM, "%s", told ? "yes" : "no");
    }
    cli_table_print(&table);
}

static void print_reminders(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"reminder", "before", "#hours", "audience", "told"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        bool off = json_is_true(json_object_get(row, "off"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "rule"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "anchor"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "before_hours"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "audience"));
        cli_table_cell(table, off ? CLI_DIM : CLI_GREEN, "%s", off ? "no" : "yes");
    }
    cli_table_print(&table);
}

static int read_rules(cli_t *cli, const char *what, json_t **ret_rows)
{
    json_t *found = NULL;
    int rc = cli_query_json(cli, "notifications", what, NULL, &found);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show %s", what);
    *ret_rows = cli_datas(found);
    json_decref(found);
    return CLI_OK;
}

int cli_notice_rules(cli_t *cli)
{
    json_t *audiences = NULL, *reminders = NULL;
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status == CLI_OK)
        status = read_rules(cli, "audiences", &audiences);
    if (status == CLI_OK)
        status = read_rules(cli, "reminders", &reminders);
    if (status == CLI_OK && cli->json)
        return cli_document(cli, "convene.cli.notice-rules.v1",
                            json_pack("{s:o, s:o}", "audiences", audiences, "reminders", reminders));
    if (status == CLI_OK) {
        print_audiences(cli, audiences);
        printf("\n");
        print_reminders(cli, reminders);
    }
    json_decref(audiences);
    json_decref(reminders);
    return status;
}

static bool is_audience(cli_t *cli, const char *word)
{
    if (cv_audience_parse(cv_str(word)) != CV_AUDIENCE_ABSENT)
        return true;
    (void)cli_usage(cli,
                    "\"%s\" is no audience: delegation, person, declined, unanswered, members, proposer, coordinators, "
                    "secretariat",
                    word);
    return false;
}

int cli_notice_tell(cli_t *cli)
{
    const char *kind = cli->args[0], *audience = cli->args[1], *told = cli->args[2];
    if (cv_notice_kind_parse(cv_str(kind)) == CV_NOTICE_KIND_ABSENT)
        return cli_usage(
            cli, "\"%s\" is no kind of news: decision, promotion, lapse, event_change, opening, silence, reminder",
            kind);
    if (!is_audience(cli, audience))
        return CLI_USAGE;
    if (strcmp(told, "on") != 0 && strcmp(told, "off") != 0)
        return cli_usage(cli, "\"%s\" is not on or off", told);
    return cli_ask(
        cli, CLI_OK, "convene.notifications.audience.put.v1",
        json_pack("{s:s, s:s, s:b}", "kind", kind, "audience", audience, "told", (int)(strcmp(told, "on") == 0)));
}

int cli_notice_remind(cli_t *cli)
{
    int64_t hours;
    if (cv_reminder_anchor_parse(cv_str(cli->args[1])) == CV_REMINDER_ANCHOR_ABSENT)
        return cli_usage(
            cli, "\"%s\" is nothing to remind of: start, registration, nomination, confirmation, silence, report",
            cli->args[1]);
    if (!cli_number(cli, "HOURS", cli->args[2], 1, HOURS_MAX, &hours))
        return CLI_USAGE;
    if (cli_has(cli, "for") && !is_audience(cli, cli_flag(cli, "for", "")))
        return CLI_USAGE;
    json_t *data = json_pack("{s:s, s:s, s:I, s:b}", "rule", cli->args[0], "anchor", cli->args[1], "before_hours",
                             (json_int_t)hours, "off", (int)cli_has(cli, "off"));
    if (cli_has(cli, "for"))
        json_object_set_new(data, "audience", json_string(cli_flag(cli, "for", "")));
    return cli_ask(cli, CLI_OK, "convene.notifications.reminder.put.v1", data);
}
