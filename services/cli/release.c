/* release: programmes and plans under a name that never changes, and what changed from one to another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A release is a list of items and their versions; what the versions say scheduling has for ever. So a change log between
 * two releases is made of facts alone: what came, what went, and each field that is another one.
 */
#include "ask.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>

enum { PLAN_YEAR = 4, ID_MAX = 200, VALUE_MAX = 120 };

/* A year and a planning line: "2026-cbm". */
static bool is_plan(const char *id)
{
    return strspn(id, "0123456789") == PLAN_YEAR && id[PLAN_YEAR] == '-' &&
           cv_plan_line_parse(cv_str(id + PLAN_YEAR + 1)) != CV_PLAN_LINE_ABSENT;
}

int cli_release_make(cli_t *cli)
{
    json_t *data =
        json_pack("{s:s, s:s}", is_plan(cli->args[0]) ? "plan" : "event", cli->args[0], "release", cli->args[1]);
    int status = data ? cli_put_flag(cli, data, "note", "note") : CLI_FAILED;
    return cli_ask(cli, status, "convene.scheduling.release.put.v1", data);
}

static const char *of(const json_t *release)
{
    const char *event = cli_text_of(release, "event");
    return *event ? event : cli_text_of(release, "plan");
}

static void print_release(cli_table_t *table, const json_t *release)
{
    char at[CV_TIME_TEXT + 1];
    cv_time_text(cli_int_of(release, "at_ms"), at);
    cli_table_cell(table, CLI_BOLD, "%s/%s", of(release), cli_text_of(release, "release"));
    cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(release, "number"));
    cli_table_cell(table, CLI_PLAIN, "%.16s", at);
    cli_table_cell(table, CLI_PLAIN, "%zu", json_array_size(json_object_get(release, "items")));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(release, "note"));
}

int cli_release_list(cli_t *cli)
{
    static const cli_list_t list = {
        .what = "releases",
        .type = "convene.cli.releases.v1",
        .counted = "releases",
        .columns = {"release", "#number", "at (UTC)", "#items", "note"},
        .print_row = print_release,
    };
    return cli_list(cli, &list);
}

/* ---- what changed ------------------------------------------------------------------------ */

/* Borrowed from messages, or NULL. */
static const json_t *find_release(const json_t *messages, const char *id)
{
    size_t i;
    json_t *message;
    json_array_foreach(messages, i, message)
    {
        char name[ID_MAX];
        const json_t *release = json_object_get(message, "data");
        snprintf(name, sizeof name, "%s/%s", of(release), cli_text_of(release, "release"));
        if (strcmp(name, id) == 0)
            return release;
    }
    return NULL;
}

/* 0: not in it. */
static int64_t version_in(const json_t *release, const char *item)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(release, "items"), i,
                       row) if (strcmp(cli_text_of(row, "item"), item) == 0) return cli_int_of(row, "version");
    return 0;
}

/* What is of the version and not of the thing, or follows from other fields. */
static bool is_bookkeeping(const char *field)
{
    static const char *const FIELDS[] = {"version",  "change",   "changed",   "reason",       "decision",
                                         "begin_ms", "until_ms", "cancelled", "plan_version", "sources"};
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; ++i)
        if (strcmp(FIELDS[i], field) == 0)
            return true;
    return false;
}

static void compare_field(const char *field, const json_t *before, const json_t *after, json_t *fields)
{
    const json_t *a = json_object_get(before, field), *b = json_object_get(after, field);
    if (is_bookkeeping(field) || (a && b && json_equal(a, b)))
        return;
    json_t *row = json_pack("{s:s}", "field", field);
    if (a)
        json_object_set(row, "before", json_object_get(before, field));
    if (b)
        json_object_set(row, "after", json_object_get(after, field));
    json_array_append_new(fields, row);
}

static json_t *compare(const json_t *before, const json_t *after)
{
    json_t *fields = json_array(), *value;
    const char *field;
    json_object_foreach((json_t *)after, field, value) compare_field(field, before, after, fields);
    json_object_foreach((json_t *)before, field, value) if (!json_object_get(after, field))
        compare_field(field, before, after, fields);
    return fields;
}

static const json_t *version_of(const json_t *history, int64_t version)
{
    size_t i;
    json_t *message;
    json_array_foreach(history, i, message) if (cli_int_of(json_object_get(message, "data"), "version") ==
                                                version) return json_object_get(message, "data");
    return NULL;
}

/* Both versions of one item, and what differs. */
static int compare_item(cli_t *cli, const json_t *release, const char *item, int64_t before, int64_t after,
                        json_t *changed)
{
    char id[ID_MAX];
    json_t *history = NULL;
    bool session = *cli_text_of(release, "event") != '\0';
    if (session)
        snprintf(id, sizeof id, "%s/%s", cli_text_of(release, "event"), item);
    else
        snprintf(id, sizeof id, "%s", item);
    int rc = cli_query_json(cli, "scheduling", session ? "session" : "history", id, &history);
    if (rc)
        return cli_query_failed(cli, rc, "cannot ask for the versions of %s", id);
    const json_t *a = version_of(history, before), *b = version_of(history, after);
    if (a && b)
        json_array_append_new(changed, json_pack("{s:s, s:s, s:o}", "item", item, "title", cli_text_of(b, "title"),
                                                 "fields", compare(a, b)));
    json_decref(history);
    return CLI_OK;
}

static int compare_releases(cli_t *cli, const json_t *from, const json_t *to, json_t *doc)
{
    json_t *added = json_array(), *removed = json_array(), *changed = json_array(), *row;
    size_t i;
    int status = CLI_OK;
    json_array_foreach(json_object_get(to, "items"), i, row)
    {
        const char *item = cli_text_of(row, "item");
        int64_t before = version_in(from, item), after = cli_int_of(row, "version");
        if (!before)
            json_array_append_new(added, json_string(item));
        else if (before != after && status == CLI_OK)
            status = compare_item(cli, to, item, before, after, changed);
    }
    json_array_foreach(json_object_get(from, "items"), i, row) if (!version_in(to, cli_text_of(row, "item")))
        json_array_append_new(removed, json_string(cli_text_of(row, "item")));
    json_object_set_new(doc, "added", added);
    json_object_set_new(doc, "removed", removed);
    json_object_set_new(doc, "changed", changed);
    return status;
}

static const char *value_text(const json_t *value, char ret_text[VALUE_MAX])
{
    char *text = value && !json_is_string(value) ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(ret_text, VALUE_MAX, "%s", text ? text : value ? json_string_value(value) : "-");
    free(text);
    return ret_text;
}

static void print_changes(cli_t *cli, const json_t *doc)
{
    static const char *const COLUMNS[] = {"item", "what", "before", "after"};
    static const char *const ENDS[] = {"added", "removed"};
    cli_table_t *table = cli_table_new(cli, COLUMNS, 4);
    char text[VALUE_MAX];
    size_t i, k;
    json_t *row, *field;
    for (size_t end = 0; end < 2; ++end)
        json_array_foreach(json_object_get(doc, ENDS[end]), i, row)
        {
            cli_table_cell(table, CLI_BOLD, "%s", json_string_value(row));
            cli_table_cell(table, end ? CLI_YELLOW : CLI_GREEN, "%s", ENDS[end]);
            cli_table_cell(table, CLI_PLAIN, "-");
            cli_table_cell(table, CLI_PLAIN, "-");
        }
    json_array_foreach(json_object_get(doc, "changed"), i, row)
    {
        json_array_foreach(json_object_get(row, "fields"), k, field)
        {
            cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "item"));
            cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(field, "field"));
            cli_table_cell(table, CLI_PLAIN, "%s", value_text(json_object_get(field, "before"), text));
            cli_table_cell(table, CLI_PLAIN, "%s", value_text(json_object_get(field, "after"), text));
        }
    }
    cli_table_print(&table);
    cli_say("%zu added, %zu removed, %zu changed\n", json_array_size(json_object_get(doc, "added")),
            json_array_size(json_object_get(doc, "removed")), json_array_size(json_object_get(doc, "changed")));
}

int cli_plan_changes(cli_t *cli)
{
    json_t *messages = NULL;
    const json_t *ends[2] = {NULL, NULL};
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "scheduling", "releases", NULL, &messages);
    if (rc)
        return cli_query_failed(cli, rc, "cannot ask for releases");
    for (int i = 0; i < 2 && status == CLI_OK; ++i) {
        ends[i] = find_release(messages, cli->args[i]);
        if (!ends[i])
            status = cli_fail(cli, CLI_NOTFOUND,
                              "there is no release %s: it is called EVENT/NAME or PLAN/NAME; `convene release list` "
                              "shows all",
                              cli->args[i]);
    }
    if (status == CLI_OK && strcmp(of(ends[0]), of(ends[1])) != 0)
        status = cli_usage(cli, "%s and %s are releases of two things", cli->args[0], cli->args[1]);
    json_t *doc = json_pack("{s:s, s:s}", "from", cli->args[0], "to", cli->args[1]);
    if (status == CLI_OK)
        status = compare_releases(cli, ends[0], ends[1], doc);
    json_decref(messages);
    if (status == CLI_OK && cli->json)
        return cli_document(cli, "convene.cli.changes.v1", doc);
    if (status == CLI_OK)
        print_changes(cli, doc);
    json_decref(doc);
    return status;
}
