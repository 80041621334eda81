/* notice: what became of notices: by which channel, when, what the other side said; dead letters sent again; webhooks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DISPATCHES_MAX = 100 };

/* ---- dispatches ------------------------------------------------------------------------------- */

static const json_t *last_attempt(const json_t *dispatch)
{
    const json_t *log = json_object_get(dispatch, "log");
    size_t n = json_array_size(log);
    return n ? json_array_get(log, n - 1) : NULL;
}

static cli_style_t style_of(const char *state)
{
    return strcmp(state, "delivered") == 0  ? CLI_GREEN
           : strcmp(state, "dead") == 0     ? CLI_RED
           : strcmp(state, "silenced") == 0 ? CLI_DIM
                                            : CLI_YELLOW;
}

/* When it was delivered or given up, else when it is tried next. */
static void print_when(cli_table_t *table, const json_t *dispatch)
{
    char text[CV_TIME_TEXT + 1];
    const char *field = json_object_get(dispatch, "done_ms") ? "done_ms" : "next_ms";
    if (!json_object_get(dispatch, field)) {
        cli_table_cell(table, CLI_DIM, "-");
        return;
    }
    cv_time_text(cli_int_of(dispatch, field), text);
    cli_table_cell(table, CLI_PLAIN, "%s%s", strcmp(field, "next_ms") == 0 ? "next " : "", text);
}

static void print_made(cli_table_t *table, const json_t *dispatch)
{
    char text[CV_TIME_TEXT + 1] = "-";
    if (json_object_get(dispatch, "made_ms"))
        cv_time_text(cli_int_of(dispatch, "made_ms"), text);
    cli_table_cell(table, CLI_PLAIN, "%s", text);
}

static void print_said(cli_table_t *table, const json_t *dispatch)
{
    const json_t *attempt = last_attempt(dispatch);
    const char *text = attempt ? cli_text_of(attempt, "text") : "";
    const json_t *bounces = json_object_get(dispatch, "bounces");
    size_t n = json_array_size(bounces);
    if (n > 0) { /* came back: later than what was said when it was taken */
        const json_t *bounce = json_array_get(bounces, n - 1);
        cli_table_cell(table, CLI_YELLOW, "%s %s", cli_text_of(bounce, "what"), cli_text_of(bounce, "status"));
        return;
    }
    if (*text)
        cli_table_cell(table, CLI_DIM, "%s", text);
    else if (attempt && json_object_get(attempt, "code"))
        cli_table_cell(table, CLI_DIM, "%lld", (long long)cli_int_of(attempt, "code"));
    else
        cli_table_cell(table, CLI_DIM, "-");
}

static void print_dispatches(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"#no.",  "made", "about",  "party",  "kind", "says",      "channel",
                             "state", "when", "#tries", "reason", "to",   "said last", "notice"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    bool delivered = false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *state = cli_text_of(row, "state");
        if (json_object_get(row, "dispatch"))
            cli_table_cell(table, CLI_BOLD, "%lld", (long long)cli_int_of(row, "dispatch"));
        else
            cli_table_cell(table, CLI_DIM, "-");
        print_made(table, row);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "event"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "party"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "kind"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "headline")));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "channel"));
        cli_table_cell(table, style_of(state), "%s", state);
        print_when(table, row);
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "attempts"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "reason")));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "address")));
        print_said(table, row);
        cli_table_cell(table, CLI_DIM, "%s", cli_text_of(row, "notice"));
        delivered = delivered || strcmp(state, "delivered") == 0;
    }
    cli_table_print(&table);
    if (delivered)
        printf(
            "delivered: the mail server or the webhook's receiver took it, or the file is in the outbox; whether somebody "
            "has read it\nis not known here. Mail that came back is under \"said last\".\n");
}

static const char *party_at(const void *parties, size_t i)
{
    return cli_text_of(json_array_get(parties, i), "code");
}

/* The party that was perhaps meant: by its name, else by a code that is near. Empty: none, or scheduling does not answer. */
static void near_party(cli_t *cli, const char *word, char *ret_code, size_t size)
{
    json_t *found = NULL;
    ret_code[0] = '\0';
    if (cli_query_json(cli, "scheduling", "parties", NULL, &found) != CV_OK)
        return;
    json_t *parties = cli_datas(found);
    const char *near = NULL;
    for (size_t i = 0; !near && i < json_array_size(parties); i++) {
        const json_t *party = json_array_get(parties, i);
        if (strcasecmp(cli_text_of(party, "name"), word) == 0 || strcasecmp(party_at(parties, i), word) == 0)
            near = party_at(parties, i);
    }
    if (!near)
        near = cli_nearest(word, party_at, parties, json_array_size(parties));
    if (near)
        (void)snprintf(ret_code, size, "%s", near);
    json_decref(parties);
    json_decref(found);
}

/* key: PARTY or EVENT/PARTY. */
static int nobody(cli_t *cli, const char *key)
{
    char near[32];
    const char *slash = strchr(key, '/');
    near_party(cli, slash ? slash + 1 : key, near, sizeof near);
    if (slash && strcmp(near, slash + 1) == 0) /* the party is right */
        return cli_fail(cli, CLI_NOTFOUND, "there is no event \"%.*s\"; `convene event list` shows them",
                        (int)(slash - key), key);
    if (!slash && strcmp(near, key) == 0)
        return cli_fail(cli, CLI_NOTFOUND, "notifications has not been told of the party \"%s\" yet; ask again", key);
    return cli_fail(cli, CLI_NOTFOUND, "there is no party \"%s\"%s%s%s%s", slash ? slash + 1 : key,
                    slash ? ", or no such event" : "", *near ? "; did you mean \"" : "", near, *near ? "\"?" : "");
}

/* none: what is said where there are no rows: a header alone leaves open whether something is missing. */
static int show(cli_t *cli, const char *what, const char *key, const char *schema, const char *none,
                void (*print)(cli_t *, const json_t *))
{
    json_t *found = NULL;
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "notifications", what, key, &found);
    if (rc == CV_ENOTFOUND && key)
        return nobody(cli, key);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show %s%s%s", what, key ? " of " : "", key ? key : "");
    json_t *rows = cli_datas(found);
    json_decref(found);
    if (cli->json)
        return cli_document(cli, schema, json_pack("{s:o}", what, rows));
    if (json_array_size(rows) > 0)
        print(cli, rows);
    else
        printf("%s%s%s\n", none, key ? " for " : "", key ? key : "");
    json_decref(rows);
    return CLI_OK;
}

int cli_notice_log(cli_t *cli)
{
    const char *key = cli->args_n ? cli->args[0] : NULL, *slash = key ? strchr(key, '/') : NULL;
    if (key && (!*key || slash == key || (slash && (!slash[1] || strchr(slash + 1, '/')))))
        return cli_usage(cli, "\"%s\" must be a party, or EVENT/PARTY: KZ, 2025-SWG-2/KZ", key);
    return show(cli, "dispatches", key, "convene.cli.notice-log.v1", "no notice has been made", print_dispatches);
}

int cli_notice_dead(cli_t *cli)
{
    return show(cli, "dead", NULL, "convene.cli.notice-dead.v1", "no dead letters", print_dispatches);
}

int cli_notice_redrive(cli_t *cli)
{
    bool all = cli_has(cli, "all");
    if (all == (cli->args_n > 0))
        return cli_usage(cli, "name dead letters by their numbers (`convene notice dead`), or say --all");
    json_t *data = json_object(), *numbers = all ? NULL : json_array();
    for (int i = 0; i < cli->args_n; i++) {
        int64_t number;
        if (!cli_number(cli, "NUMBER", cli->args[i], 1, INT64_C(9007199254740991), &number)) {
            json_decref(numbers);
            json_decref(data);
            return CLI_USAGE;
        }
        json_array_append_new(numbers, json_integer(number));
    }
    if (numbers)
        json_object_set_new(data, "dispatches", numbers);
    return cli_ask(cli, data ? CLI_OK : CLI_FAILED, "convene.notifications.redrive.v1", data);
}

/* ---- webhooks --------------------------------------------------------------------------------- */

static void print_webhooks(cli_t *cli, const json_t *rows)
{
    const char *columns[] = {"party", "#order", "state", "#secret", "shown", "to"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        bool is_on = json_is_true(json_object_get(row, "is_on"));
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "party"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "order"));
        cli_table_cell(table, is_on ? CLI_GREEN : CLI_RED, "%s", is_on ? "on" : "off");
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "generation"));
        cli_table_cell(table, CLI_PLAIN, "%s", json_is_true(json_object_get(row, "is_shown")) ? "yes" : "no");
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "url"));
    }
    cli_table_print(&table);
}

int cli_webhook_list(cli_t *cli)
{
    return show(cli, "webhooks", cli->args_n ? cli->args[0] : NULL, "convene.cli.webhooks.v1", "no webhooks",
                print_webhooks);
}

/* The party of the first argument and --order, as data. NULL: said why not. */
static json_t *which(cli_t *cli)
{
    int64_t order;
    if (!cli_number(cli, "--order", cli_flag(cli, "order", "1"), 1, 3, &order))
        return NULL;
    return json_pack("{s:s, s:I}", "party", cli->args[0], "order", (json_int_t)order);
}

int cli_webhook_set(cli_t *cli)
{
    json_t *data = which(cli);
    if (!data)
        return CLI_USAGE;
    json_object_set_new(data, "url", json_string(cli->args[1]));
    return cli_ask(cli, CLI_OK, "convene.notifications.webhook.put.v1", data);
}

int cli_webhook_remove(cli_t *cli)
{
    json_t *data = which(cli);
    return data ? cli_ask(cli, CLI_OK, "convene.notifications.webhook.put.v1", data) : CLI_USAGE;
}

int cli_webhook_rotate(cli_t *cli)
{
    int64_t overlap_ms;
    json_t *data = NULL;
    if (!cli_duration(cli, "--overlap", cli_flag(cli, "overlap", "24h"), &overlap_ms) || !(data = which(cli)))
        return CLI_USAGE;
    json_object_set_new(data, "overlap_s", json_integer(overlap_ms / 1000));
    return cli_ask(cli, CLI_OK, "convene.notifications.webhook.rotate.v1", data);
}

int cli_webhook_secret(cli_t *cli)
{
    json_t *data = which(cli), *found = NULL;
    char key[128];
    if (!data)
        return CLI_USAGE;
    int len = snprintf(key, sizeof key, "%s/%lld", cli->args[0], (long long)cli_int_of(data, "order"));
    json_decref(data);
    if (len >= (int)sizeof key)
        return cli_usage(cli, "PARTY is longer than a party's code");
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "notifications", "webhook_secret", key, &found);
    if (rc == CV_EINVAL)
        return cli_fail(cli, CLI_REFUSED, "%s: the secret was shown already; `convene webhook rotate` makes another",
                        key);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "%s: there is no such webhook", key);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show the secret of %s", key);
    json_t *rows = cli_datas(found), *row = json_array_get(rows, 0);
    json_decref(found);
    if (cli->json)
        status = cli_document(cli, "convene.cli.webhook-secret.v1", json_incref(row));
    else
        printf("%s\n%s\n", cli_text_of(row, "secret"), cli_text_of(row, "public_key"));
    json_decref(rows);
    return status;
}
