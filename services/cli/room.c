/* room: rooms of venues, and the rules of plans and programmes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include <string.h>

enum { SEATS_MAX = 1000000, BOOTHS_MAX = 32, MINUTES_MAX = 1440, WEIGHT_MAX = 1000000 };

int cli_put_count(cli_t *cli, json_t *data, const char *flag, const char *field, int64_t min, int64_t max)
{
    const char *text = cli_flag(cli, flag, NULL);
    int64_t value;
    char what[40];
    if (!text)
        return CLI_OK;
    snprintf(what, sizeof what, "--%s", flag);
    if (!cli_number(cli, what, text, min, max, &value))
        return CLI_USAGE;
    json_object_set_new(data, field, json_integer(value));
    return CLI_OK;
}

int cli_put_pair(cli_t *cli, json_t *data, const char *text, const char *what, const char *first, const char *second)
{
    const char *slash = strchr(text, '/');
    if (!slash || slash == text || !slash[1] || strchr(slash + 1, '/'))
        return cli_usage(cli, "%s is needed, not \"%s\"", what, text);
    json_object_set_new(data, first, json_stringn(text, (size_t)(slash - text)));
    json_object_set_new(data, second, json_string(slash + 1));
    return CLI_OK;
}

/* "2026-05-11T08:00/2026-05-11T18:00,...": times by the clock of the venue. */
static int put_available(cli_t *cli, json_t *data)
{
    const char *at = cli_flag(cli, "available", NULL);
    if (!at)
        return CLI_OK;
    json_t *spans = json_array();
    json_object_set_new(data, "available", spans);
    while (*at) {
        size_t len = strcspn(at, ",");
        const char *slash = memchr(at, '/', len);
        if (!slash)
            return cli_usage(cli, "--available: FROM/UNTIL,... is needed, like 2026-05-11T08:00/2026-05-11T18:00");
        size_t from = (size_t)(slash - at);
        json_array_append_new(spans, json_pack("{s:s%, s:s%}", "from", at, from, "until", slash + 1, len - from - 1));
        at += len + (at[len] == ',');
    }
    return CLI_OK;
}

int cli_room_set(cli_t *cli)
{
    json_t *data = json_object();
    int status = cli_put_pair(cli, data, cli->args[0], "VENUE/ROOM", "venue", "room");
    if (status == CLI_OK && !cli_has(cli, "seats"))
        status = cli_usage(cli, "how many seats? --seats 120");
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "seats", "seats", 0, SEATS_MAX);
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "booths", "booths", 0, BOOTHS_MAX);
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "turnaround", "turnaround", 0, MINUTES_MAX);
    if (status == CLI_OK)
        status = put_available(cli, data);
    cli_put_list(cli, data, "features", "features");
    json_object_set_new(data, "name", json_string(cli_flag(cli, "name", cli->args[0])));
    if (cli_has(cli, "closed"))
        json_object_set_new(data, "closed", json_true());
    return cli_ask(cli, status, "convene.scheduling.room.put.v1", data);
}

static void print_words(cli_table_t *table, const json_t *words)
{
    char text[200] = "";
    size_t len = 0, i;
    json_t *word;
    json_array_foreach(words, i, word)
    {
        int n = snprintf(text + len, sizeof text - len, "%s%s", len ? ", " : "", json_string_value(word));
        if (n < 0 || (size_t)n >= sizeof text - len)
            break;
        len += (size_t)n;
    }
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(text));
}

static void print_room(cli_table_t *table, const json_t *room)
{
    bool closed = json_is_true(json_object_get(room, "closed"));
    size_t spans = json_array_size(json_object_get(room, "available"));
    cli_table_cell(table, CLI_BOLD, "%s/%s", cli_text_of(room, "venue"), cli_text_of(room, "room"));
    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(room, "seats"));
    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(room, "booths"));
    cli_table_cell(table, CLI_PLAIN, "%lld min", (long long)cli_int_of(room, "turnaround"));
    print_words(table, json_object_get(room, "features"));
    if (spans && !closed)
        cli_table_cell(table, CLI_PLAIN, "%zu time%s", spans, spans == 1 ? "" : "s");
    else
        cli_table_cell(table, closed ? CLI_YELLOW : CLI_PLAIN, closed ? "closed" : "always");
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(room, "name"));
}

int cli_room_list(cli_t *cli)
{
    static const cli_list_t list = {
        .what = "rooms",
        .type = "convene.cli.rooms.v1",
        .counted = "rooms",
        .columns = {"room", "#seats", "#booths", "#between", "features", "open", "name"},
        .print_row = print_room,
    };
    return cli_list(cli, &list);
}

/* ---- rules ------------------------------------------------------------------------------- */

int cli_rule_set(cli_t *cli)
{
    json_t *data = json_pack("{s:s}", "rule", cli->args[0]);
    int status = CLI_OK;
    if (!cli_has(cli, "effect") && !cli_has(cli, "weight"))
        status = cli_usage(cli, "what is to change? --effect warn, --weight 20");
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "effect", "effect");
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "weight", "weight", 0, WEIGHT_MAX);
    return cli_ask(cli, status, "convene.scheduling.rule.put.v1", data);
}

static void print_rule(cli_table_t *table, const json_t *rule)
{
    const char *level = cli_text_of(rule, "level");
    cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(rule, "rule"));
    cli_table_cell(table, strcmp(level, "hard") == 0 ? CLI_RED : CLI_PLAIN, "%s", level);
    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(rule, "weight"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(rule, "effect"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(rule, "text"));
}

int cli_rule_list(cli_t *cli)
{
    static const cli_list_t list = {
        .what = "rules",
        .type = "convene.cli.rules.v1",
        .counted = "rules",
        .columns = {"rule", "level", "#weight", "effect", "what breaks it"},
        .print_row = print_rule,
    };
    return cli_list(cli, &list);
}
