/* recipient: how and when a party's people want to be told.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include "convene/ids.h"

#include <string.h>

static const char *const modes[] = {"at_once", "daily", "weekly", "webhook", "none", "default"};
enum { MODES_N = sizeof modes / sizeof *modes };

static const char *mode_at(const void *list, size_t i)
{
    (void)list;
    return modes[i];
}

static void print_whom(cli_table_t *table, const json_t *row)
{
    cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "party"));
    if (!json_object_get(row, "order"))
        cli_table_cell(table, CLI_DIM, "all");
    else if (cli_int_of(row, "order") == 0)
        cli_table_cell(table, CLI_PLAIN, "contacts");
    else
        cli_table_cell(table, CLI_PLAIN, "recipient %lld", (long long)cli_int_of(row, "order"));
}

static void print_preferences(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"party", "whom", "kind", "messages"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *kind = cli_text_of(row, "kind"), *mode = cli_text_of(row, "mode");
        print_whom(table, row);
        cli_table_cell(table, CLI_PLAIN, "%s", *kind ? kind : "*");
        cli_table_cell(table, strcmp(mode, "none") == 0 ? CLI_YELLOW : CLI_PLAIN, "%s", mode);
    }
    cli_table_print(&table);
}

static void print_hours(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"party", "whom", "quiet", "digests at", "weekly on", "zone"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *from = cli_text_of(row, "quiet_from");
        print_whom(table, row);
        if (*from)
            cli_table_cell(table, CLI_PLAIN, "%s-%s", from, cli_text_of(row, "quiet_to"));
        else
            cli_table_cell(table, CLI_DIM, "never");
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "digest_at"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "digest_day"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "zone"));
    }
    cli_table_print(&table);
}

/* *ret_rows: a new reference. */
static int read_rows(cli_t *cli, const char *what, const char *key, json_t **ret_rows)
{
    json_t *found = NULL;
    int rc = cli_query_json(cli, "notifications", what, key, &found);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show %s%s%s", what, key ? " of " : "", key ? key : "");
    *ret_rows = cli_datas(found);
    json_decref(found);
    return CLI_OK;
}

int cli_recipient_preferences(cli_t *cli)
{
    const char *key = cli->args_n ? cli->args[0] : NULL;
    json_t *preferences = NULL, *hours = NULL;
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status == CLI_OK)
        status = read_rows(cli, "preferences", key, &preferences);
    if (status == CLI_OK)
        status = read_rows(cli, "hours", key, &hours);
    if (status == CLI_OK && cli->json)
        return cli_document(cli, "convene.cli.preferences.v1",
                            json_pack("{s:o, s:o}", "preferences", preferences, "hours", hours));
    if (status == CLI_OK) {
        print_preferences(cli, preferences);
        printf("\n");
        print_hours(cli, hours);
    }
    json_decref(preferences);
    json_decref(hours);
    return status;
}

/* The party of the first argument, and --order, as data. NULL: said why not. */
static json_t *whom(cli_t *cli)
{
    int64_t order;
    json_t *data = json_pack("{s:s}", "party", cli->args[0]);
    if (!cli_has(cli, "order"))
        return data;
    if (cli_number(cli, "--order", cli_flag(cli, "order", ""), 0, 9, &order)) {
        json_object_set_new(data, "order", json_integer(order));
        return data;
    }
    json_decref(data);
    return NULL;
}

static bool is_mode(const char *word)
{
    for (size_t i = 0; i < MODES_N; i++) {
        if (strcmp(word, modes[i]) == 0)
            return true;
    }
    return false;
}

int cli_recipient_prefer(cli_t *cli)
{
    const char *kind = cli->args[1], *mode = cli->args[2];
    if (!is_mode(mode)) {
        const char *near = cli_nearest(mode, mode_at, NULL, MODES_N);
        return cli_usage(cli, "\"%s\" is not at_once, daily, weekly, webhook, none or default%s%s%s", mode,
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    if (strcmp(kind, "*") != 0 && strcmp(kind, "all") != 0 &&
        cv_notice_kind_parse(cv_str(kind)) == CV_NOTICE_KIND_ABSENT)
        return cli_usage(
            cli,
            "\"%s\" is no kind of notice: decision, promotion, lapse, event_change, opening, reminder, silence, "
            "digest, or all",
            kind);
    json_t *data = whom(cli);
    if (!data)
        return CLI_USAGE;
    if (strcmp(kind, "*") != 0 && strcmp(kind, "all") != 0)
        json_object_set_new(data, "kind", json_string(kind));
    if (strcmp(mode, "default") != 0)
        json_object_set_new(data, "mode", json_string(mode));
    return cli_ask(cli, CLI_OK, "convene.notifications.preference.put.v1", data);
}

static void set_flag(cli_t *cli, json_t *data, const char *flag, const char *field)
{
    if (cli_has(cli, flag))
        json_object_set_new(data, field, json_string(cli_flag(cli, flag, "")));
}

int cli_recipient_hours(cli_t *cli)
{
    const char *quiet = cli_flag(cli, "quiet", "never");
    const char *dash = strchr(quiet, '-');
    bool never = strcmp(quiet, "never") == 0, removes = cli_has(cli, "remove");
    if (removes == cli_has(cli, "zone"))
        return cli_usage(cli, "say --zone ZONE, like Asia/Almaty, or --remove");
    if (removes && (cli_has(cli, "quiet") || cli_has(cli, "digest-at") || cli_has(cli, "digest-day")))
        return cli_usage(cli, "--remove takes all hours away: nothing else can be set with it");
    if (!never && (!dash || strchr(dash + 1, '-')))
        return cli_usage(cli, "--quiet is from a time to a time, like 20:00-07:00, or never, not \"%s\"", quiet);
    json_t *data = whom(cli);
    if (!data)
        return CLI_USAGE;
    set_flag(cli, data, "zone", "zone");
    set_flag(cli, data, "digest-at", "digest_at");
    set_flag(cli, data, "digest-day", "digest_day");
    if (!never) {
        json_object_set_new(data, "quiet_from", json_stringn(quiet, (size_t)(dash - quiet)));
        json_object_set_new(data, "quiet_to", json_string(dash + 1));
    }
    return cli_ask(cli, CLI_OK, "convene.notifications.hours.put.v1", data);
}

/* ---- whether they can be reached -------------------------------------------------------------- */

bool cli_contact_is_dead(const json_t *contact)
{
    const char *state = cli_text_of(contact, "state");
    return strcmp(state, "returned") == 0 || strcmp(state, "complained") == 0 || strcmp(state, "unanswered") == 0;
}

static void print_contacts(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"party", "whom", "event", "state", "since", "status"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char since[CV_TIME_TEXT + 1];
        cv_time_text(cli_int_of(row, "since_ms"), since);
        print_whom(table, row);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "event")));
        cli_table_cell(table, cli_contact_is_dead(row) ? CLI_RED : CLI_PLAIN, "%s", cli_text_of(row, "state"));
        cli_table_cell(table, CLI_PLAIN, "%s", since);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "status")));
    }
    cli_table_print(&table);
}

int cli_recipient_contacts(cli_t *cli)
{
    json_t *rows = NULL;
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status == CLI_OK)
        status = read_rows(cli, "contacts", cli->args_n ? cli->args[0] : NULL, &rows);
    if (status == CLI_OK && cli->json)
        return cli_document(cli, "convene.cli.contacts.v1", json_pack("{s:o}", "contacts", rows));
    if (status == CLI_OK)
        print_contacts(cli, rows);
    json_decref(rows);
    return status;
}

int cli_recipient_clear(cli_t *cli)
{
    int64_t order;
    if (!cli_number(cli, "ORDER", cli->args[1], 0, 9, &order))
        return CLI_USAGE;
    return cli_ask(cli, CLI_OK, "convene.notifications.contact.clear.v1",
                   json_pack("{s:s, s:I}", "party", cli->args[0], "order", (json_int_t)order));
}

int cli_recipient_confirm(cli_t *cli)
{
    int64_t order;
    if (!cli_number(cli, "ORDER", cli->args[1], 1, 9, &order))
        return CLI_USAGE;
    return cli_ask(cli, CLI_OK, "convene.notifications.contact.confirm.v1",
                   json_pack("{s:s, s:I}", "party", cli->args[0], "order", (json_int_t)order));
}
