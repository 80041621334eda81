/* ask: commands that send one request made from their flags.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `convene request` sends every type; these are shorter for what people do by hand. Texts may stand in a file: @FILE.
 */
#include "ask.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 64 * 1024, PLAN_YEAR = 4 };

/* ---- sending ----------------------------------------------------------------------------- */

typedef struct {
    cli_t *cli;
    int status;
} asked_t;

static json_t *message_of(cv_str_t raw)
{
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    json_t *json = reader && cv_msg_read(reader, raw, &msg, NULL) == CV_OK ? cli_json_of_message(&msg) : json_object();
    cv_reader_destroy(&reader);
    return json;
}

/* Rules that speak against what was asked, whether it was refused or not. */
static void print_conflicts(cli_t *cli, const cv_outcome_v1_t *outcome)
{
    for (size_t i = 0; i < outcome->conflicts_n; ++i) {
        const cv_conflict_t *conflict = &outcome->conflicts[i];
        cli_style_t style = conflict->level == CV_RULE_LEVEL_HARD ? CLI_RED : CLI_YELLOW;
        printf("  %s%.*s%s %s, %s: %.*s: %.*s\n", cli_style(cli, style), CV_STR_ARG(conflict->rule),
               cli_style(cli, CLI_PLAIN), cv_rule_level_text(conflict->level), cv_rule_effect_text(conflict->effect),
               CV_STR_ARG(conflict->about), CV_STR_ARG(conflict->text));
    }
    if (outcome->has_conflicts_total)
        printf("  %lld conflicts in all\n", (long long)outcome->conflicts_total);
}

static void on_done(void *arg, const cli_sent_t *sent)
{
    asked_t *asked = arg;
    cli_t *cli = asked->cli;
    asked->status = sent->rc == CV_OK ? cli_status_of_class(sent->cls) : cli_status_of(sent->rc);
    const char *name = sent->rc == CV_OK         ? cv_outcome_class_text(sent->cls)
                       : sent->rc == CV_ETIMEOUT ? "TIMEOUT"
                                                 : "INVALID";
    if (cli->json) {
        json_t *doc = json_pack("{s:s, s:s, s:s}", "type", sent->info->type, "id", sent->id, "class", name);
        if (sent->rc == CV_OK)
            json_object_set_new(doc, "outcome", message_of(sent->raw));
        else if (sent->fault)
            json_object_set_new(doc, "fault",
                                json_pack("{s:s, s:s}", "field", sent->fault->path, "text", sent->fault->text));
        (void)cli_document(cli, "convene.cli.outcome.v1", doc);
        return;
    }
    cli_style_t style = asked->status == CLI_OK ? CLI_GREEN : CLI_RED;
    printf("%s%s%s ", cli_style(cli, style), name, cli_style(cli, CLI_PLAIN));
    if (sent->fault)
        printf("%s: %s\n", sent->fault->path, sent->fault->text);
    else if (!sent->outcome)
        printf("no outcome in time; `convene request show %s` tells whether it was decided\n", sent->id);
    else if (sent->outcome->field.ptr)
        printf("%.*s: %.*s: %.*s  (%s)\n", CV_STR_ARG(sent->outcome->code), CV_STR_ARG(sent->outcome->field),
               CV_STR_ARG(sent->outcome->text), sent->id);
    else
        printf("%.*s: %.*s  (%s)\n", CV_STR_ARG(sent->outcome->code), CV_STR_ARG(sent->outcome->text), sent->id);
    if (sent->outcome)
        print_conflicts(cli, sent->outcome);
}

int cli_ask(cli_t *cli, int status, const char *type, json_t *data)
{
    asked_t asked = {.cli = cli};
    const cv_msg_info_t *info = cv_msg_info(cv_str(type));
    if (status != CLI_OK) {
        json_decref(data);
        return status;
    }
    if (!info || !data) {
        json_decref(data);
        return cli_fail(cli, CLI_FAILED, info ? "out of memory" : "this build does not know %s", type);
    }
    cli->as = "secretariat";
    status = cli_connect(cli);
    if (status != CLI_OK) {
        json_decref(data);
        return status;
    }
    cli_sender_t *sender = cli_sender_new(cli, cli->client, 1, cli->timeout_ms, on_done, &asked);
    if (!sender) {
        json_decref(data);
        return cli_fail(cli, CLI_FAILED, "out of memory");
    }
    int rc = cli_sender_add(sender, 0, info, data, false, NULL);
    if (rc == CV_OK)
        rc = cli_sender_wait(sender);
    cli_sender_destroy(&sender);
    return rc == CV_OK ? asked.status
                       : cli_fail(cli, cli_status_of(rc), "cannot send: %s", cv_client_error(cli->client));
}

/* ---- flags to data ----------------------------------------------------------------------- */

int cli_put_flag(cli_t *cli, json_t *data, const char *flag, const char *field)
{
    const char *value = cli_flag(cli, flag, NULL);
    if (!value)
        return CLI_OK;
    if (*value != '@') {
        json_object_set_new(data, field, json_string(value));
        return CLI_OK;
    }
    FILE *file = fopen(value + 1, "re");
    if (!file)
        return cli_fail(cli, CLI_NOTFOUND, "--%s: there is no file %s", flag, value + 1);
    char *text = malloc(TEXT_MAX + 1);
    size_t len = text ? fread(text, 1, TEXT_MAX + 1, file) : 0;
    bool fits = len <= TEXT_MAX;
    while (len && text[len - 1] == '\n')
        --len;
    json_t *string = fits && len ? json_stringn(text, len) : NULL;
    free(text);
    fclose(file);
    if (!string)
        return cli_usage(cli, "--%s: %s must be a text in UTF-8 of 1 to %d octets", flag, value + 1, TEXT_MAX);
    json_object_set_new(data, field, string);
    return CLI_OK;
}

void cli_put_each(cli_t *cli, json_t *data, const char *flag, const char *field, json_t *(*make)(const char *, size_t))
{
    const char *at = cli_flag(cli, flag, NULL);
    if (!at)
        return;
    json_t *list = json_array();
    while (*at) {
        size_t len = strcspn(at, ",");
        if (len)
            json_array_append_new(list, make(at, len));
        at += len + (at[len] == ',');
    }
    json_object_set_new(data, field, list);
}

void cli_put_list(cli_t *cli, json_t *data, const char *flag, const char *field)
{
    cli_put_each(cli, data, flag, field, json_stringn);
}

int cli_put_plan(cli_t *cli, json_t *data, const char *plan)
{
    int64_t year;
    char digits[PLAN_YEAR + 1] = "";
    if (strlen(plan) > PLAN_YEAR + 1 && plan[PLAN_YEAR] == '-' && cv_plan_line_parse(cv_str(plan + PLAN_YEAR + 1)))
        memcpy(digits, plan, PLAN_YEAR);
    if (!digits[0])
        return cli_usage(cli, "PLAN must be a year and a planning line like 2026-cbm, not \"%s\"", plan);
    if (!cli_number(cli, "the year of PLAN", digits, 1990, 2200, &year))
        return CLI_USAGE;
    json_object_set_new(data, "year", json_integer(year));
    json_object_set_new(data, "line", json_string(plan + PLAN_YEAR + 1));
    return CLI_OK;
}
