/* request: one request from flags, or many from a file, each with its outcome.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "send.h"

#include "csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    cli_t *cli;
    const cv_msg_info_t *info;
    bool many, dry;
    int64_t number;           /* line of the input that was taken last */
    int64_t lines, good, bad; /* dry run: good passed the schema */
    int status;               /* of a single one, or the first bad one */
    cli_sender_t *sender;
} work_t;

static json_t *outcome_json(cv_str_t raw)
{
    cv_reader_t *reader = cv_reader_new();
    cv_msg_t msg;
    json_t *json = NULL;
    if (reader && cv_msg_read(reader, raw, &msg, NULL) == CV_OK)
        json = cli_json_of_message(&msg);
    cv_reader_destroy(&reader);
    return json;
}

static void print_persons(const cv_decision_t *decision)
{
    for (size_t i = 0; i < decision->persons_n; i++) {
        const cv_person_decision_t *person = &decision->persons[i];
        printf("  person %lld: %s%s%.*s", (long long)person->number, cv_person_state_text(person->state),
               person->rule.ptr ? ", " : "", CV_STR_ARG(person->rule));
        if (person->has_position)
            printf(", number %lld on the waiting list", (long long)person->position);
        putchar('\n');
    }
}

static void print_one(work_t *work, const cli_sent_t *sent)
{
    cli_t *cli = work->cli;
    const char *name = sent->outcome             ? cv_outcome_class_text(sent->cls)
                       : sent->rc == CV_ETIMEOUT ? "TIMEOUT"
                                                 : "INVALID";
    if (cli->json) {
        json_t *doc = json_pack("{s:s, s:s, s:s}", "type", sent->info->type, "id", sent->id, "class", name);
        if (work->many)
            json_object_set_new(doc, "line", json_integer(sent->number));
        if (sent->outcome)
            json_object_set_new(doc, "outcome", outcome_json(sent->raw));
        else if (sent->fault)
            json_object_set_new(doc, "fault",
                                json_pack("{s:s, s:s}", "field", sent->fault->path, "text", sent->fault->text));
        if (!work->many) {
            (void)cli_document(cli, "convene.cli.outcome.v1", doc);
            return;
        }
        json_object_set_new(doc, "schema", json_string("convene.cli.outcome-line.v1"));
        (void)cli_line(doc);
        return;
    }
    if (work->many)
        printf("line %lld: ", (long long)sent->number);
    cli_style_t style = sent->rc != CV_OK || sent->cls != CV_OUTCOME_CLASS_OK ? CLI_RED : CLI_GREEN;
    printf("%s%s%s", cli_style(cli, style), name, cli_style(cli, CLI_PLAIN));
    if (sent->fault)
        printf(" %s: %s\n", sent->fault->path, sent->fault->text);
    else if (!sent->outcome)
        printf(" no outcome in time; ask again with --id %s to learn it\n", sent->id);
    else if (sent->outcome->field.ptr)
        printf(" %.*s: %.*s: %.*s  (%s)\n", CV_STR_ARG(sent->outcome->code), CV_STR_ARG(sent->outcome->field),
               CV_STR_ARG(sent->outcome->text), sent->id);
    else
        printf(" %.*s: %.*s  (%s)\n", CV_STR_ARG(sent->outcome->code), CV_STR_ARG(sent->outcome->text), sent->id);
    if (sent->outcome && sent->outcome->has_decision && !work->many)
        print_persons(&sent->outcome->decision);
}

static void on_done(void *arg, const cli_sent_t *sent)
{
    work_t *work = arg;
    int status = sent->outcome ? cli_status_of_class(sent->cls) : cli_status_of(sent->rc);
    if (status == CLI_OK)
        work->good++;
    else
        work->bad++;
    if (work->status == CLI_OK)
        work->status = status;
    print_one(work, sent);
}

/* Checks only. */
static void check(work_t *work, int64_t number, json_t *data, bool texts)
{
    cli_input_t input;
    cv_fault_t fault = {0};
    int rc = texts ? cli_input_read_texts(work->info, data, &input, &fault)
                   : cli_input_read(work->info, data, &input, &fault);
    if (rc != CV_OK) {
        cli_sent_t sent = {.number = number, .info = work->info, .rc = CV_EINVAL, .fault = &fault};
        on_done(work, &sent);
        return;
    }
    work->good++;
    if (!work->many) {
        if (work->cli->json)
            (void)cli_document(work->cli, "convene.cli.checked.v1",
                               json_pack("{s:s, s:O}", "type", work->info->type, "data", data));
        else
            printf("%s: fits its schema; nothing was sent\n", work->info->type);
    }
    cli_input_done(&input);
}

static int take(work_t *work, int64_t number, json_t *data, bool texts, const char *id)
{
    work->lines++;
    work->number = number;
    if (!work->dry)
        return cli_sender_add(work->sender, number, work->info, data, texts, id);
    check(work, number, data, texts);
    json_decref(data);
    return CV_OK;
}

static void say_fault(work_t *work, int64_t number, const char *text)
{
    cv_fault_t fault = {.path = "line"};
    (void)snprintf(fault.text, sizeof fault.text, "%s", text);
    cli_sent_t sent = {.number = number, .info = work->info, .rc = CV_EINVAL, .fault = &fault};
    work->lines++;
    on_done(work, &sent);
}

/* {"event":...} is the data; {"id":..., "data":{...}} gives an id with it. */
static int take_line(work_t *work, int64_t number, const char *line)
{
    json_error_t error;
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!json || !json_is_object(json)) {
        json_decref(json);
        say_fault(work, number, json ? "must be a JSON object" : error.text);
        return CV_OK;
    }
    json_t *data = json_object_get(json, "data");
    const char *type = cli_text_of(json, "type"), *id = cli_text_of(json, "id");
    if (!json_is_object(data))
        return take(work, number, json, false, NULL);
    int rc = CV_OK;
    if (*type && strcmp(type, work->info->type) != 0)
        say_fault(work, number, "its type is not the one of the command");
    else
        rc = take(work, number, json_incref(data), false, *id ? id : NULL);
    json_decref(json);
    return rc;
}

static FILE *open_input(cli_t *cli, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        cli_fail(cli, errno == ENOENT ? CLI_NOTFOUND : CLI_FAILED, "cannot read %s: %s", path, strerror(errno));
    return file;
}

static int read_lines(work_t *work, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int rc = CV_OK;
    for (int64_t number = 1; rc == CV_OK && (len = getline(&line, &room, file)) >= 0; number++) {
        if (strspn(line, " \t\r\n") == (size_t)len)
            continue;
        if (len > CLI_LINE_MAX)
            say_fault(work, number, "is longer than 262144 octets");
        else
            rc = take_line(work, number, line);
    }
    free(line);
    return rc;
}

static int read_csv(work_t *work, FILE *file)
{
    csv_t *csv = csv_new(file, CLI_LINE_MAX);
    int rc = csv ? csv_header(csv) : CV_ENOMEM;
    while (rc == CV_OK) {
        int got = csv_row(csv);
        if (got == 0)
            break;
        if (got < 0) {
            say_fault(work, csv_line(csv), csv_error(csv));
            if (got != CV_ELIMIT)
                continue;
            cli_say("convene: what stands from line %lld on was not read\n", (long long)csv_line(csv));
            break;
        }
        json_t *data = json_object();
        bool good = true;
        for (size_t i = 0; i < csv_columns(csv) && good; i++)
            if (*csv_cell(csv, i))
                good = cli_json_put(data, csv_name(csv, i), json_string(csv_cell(csv, i))) == 0;
        if (good) {
            rc = take(work, csv_line(csv), data, true, NULL);
        } else {
            json_decref(data);
            say_fault(work, csv_line(csv), "has a cell that is not UTF-8, or a column name that is no path");
        }
    }
    if (rc != CV_OK && csv && *csv_error(csv))
        rc = (say_fault(work, 1, csv_error(csv)), CV_OK);
    csv_destroy(&csv);
    return rc;
}

/* NULL after having said what is wrong. */
static json_t *data_of_flags(cli_t *cli)
{
    const char *whole = cli_flag(cli, "data-json", NULL);
    json_error_t error = {0};
    json_t *data = json_object();
    if (whole) {
        json_decref(data);
        data = *whole == '@' ? json_load_file(whole + 1, JSON_REJECT_DUPLICATES, &error)
                             : json_loads(whole, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(data)) {
            cli_usage(cli, "--data-json is no JSON object%s%s", error.text[0] ? ": " : "", error.text);
            json_decref(data);
            return NULL;
        }
    }
    for (size_t i = 0; i < cli->given_n; i++) {
        if (strcmp(cli->given[i].flag, "set") != 0)
            continue;
        const char *text = cli->given[i].value, *equals = strchr(text, '=');
        char path[CV_MAX_ATTRIBUTE];
        if (!equals || cv_str_copy((cv_str_t){text, (size_t)(equals - text)}, path, sizeof path) != CV_OK ||
            cli_json_put(data, path, json_string(equals + 1)) != 0) {
            cli_usage(cli, "--set must be FIELD=VALUE, for instance --set event=E1, not \"%s\"", text);
            json_decref(data);
            return NULL;
        }
    }
    return data;
}

static int finish(work_t *work)
{
    if (!work->many)
        return work->status;
    if (work->dry)
        cli_say("%lld of %lld fit %s; nothing was sent\n", (long long)work->good, (long long)work->lines,
                work->info->type);
    else
        cli_say("%lld requests: %lld OK, %lld not\n", (long long)work->lines, (long long)work->good,
                (long long)work->bad);
    if (work->bad == 0)
        return CLI_OK;
    return work->good ? CLI_PARTIAL : work->status;
}

int cli_request(cli_t *cli)
{
    const char *lines = cli_flag(cli, "lines", NULL), *csv = cli_flag(cli, "csv", NULL),
               *id = cli_flag(cli, "id", NULL);
    uint8_t key[CV_UUID_LEN];
    work_t work = {.cli = cli, .many = lines || csv, .dry = cli_has(cli, "dry-run")};
    work.info = cli_request_type(cli, cli->args[0]);
    if (!work.info)
        return CLI_USAGE;
    if (lines && csv)
        return cli_usage(cli, "--lines and --csv exclude each other");
    if (work.many && (id || cli_has(cli, "set") || cli_has(cli, "data-json")))
        return cli_usage(
            cli, "--id, --set and --data-json are for one request; a line can say {\"id\":..., \"data\":{...}}");
    if (id && cv_uuid_parse(cv_str(id), key) != CV_OK)
        return cli_usage(cli, "--id must be a UUID, not \"%s\"", id);
    json_t *data = NULL;
    FILE *file = NULL;
    if (!work.many && !(data = data_of_flags(cli)))
        return CLI_USAGE;
    if (work.many && !(file = open_input(cli, lines ? lines : csv)))
        return CLI_NOTFOUND;
    int status = CLI_OK, rc = CV_OK;
    if (!work.dry) {
        cli->as = "secretariat";
        status = cli_connect(cli);
        if (status == CLI_OK)
            work.sender =
                cli_sender_new(cli, cli->client, cli_has(cli, "in-order") ? 1 : 0, cli->timeout_ms, on_done, &work);
    }
    if (status != CLI_OK) {
        json_decref(data);
    } else if (!work.many) {
        rc = take(&work, 0, data, true, id);
    } else {
        rc = lines ? read_lines(&work, file) : read_csv(&work, file);
    }
    if (file && file != stdin)
        fclose(file);
    if (status == CLI_OK && work.sender && rc == CV_OK)
        rc = cli_sender_wait(work.sender);
    cli_sender_destroy(&work.sender);
    if (status != CLI_OK)
        return status;
    if (rc == CV_ETIMEOUT) { /* of several: said beside their JSON lines, not among them */
        cli_say(
            "convene: %s does not answer; line %lld and those behind it were not sent (before: %lld OK, %lld not)\n",
            work.info->service, (long long)work.number, (long long)work.good, (long long)work.bad);
        return work.good ? CLI_PARTIAL : CLI_UNREACHABLE;
    }
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "cannot send: %s",
                        *cv_client_error(cli->client) ? cv_client_error(cli->client) : cv_error_text(rc));
    return finish(&work);
}
