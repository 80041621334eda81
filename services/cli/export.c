/* export: `convene registration export`: who takes part in an event, as a file.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   scheduling    event, parties      title and dates; the parties' names
 *   registration  delegations         who answered
 *                 persons             of each delegation: only the secretariat's keys and its own focal point's get
 *                                     them
 *
 * All is asked for first, then put in order, then written; a file is written whole or not at all. The answers come one
 * after the other, so the list is of no single instant where people register meanwhile: "as of" is when it was begun.
 *
 *   csv     a row per person: what registration import reads, and number and state, which it passes over; answers to the
 *           event's form as answer_sheet.h has them
 *   jsonl   a line per delegation, or per 64 of its persons: what registration import reads
 *   json    one document: event, delegations with names, answers and persons
 *   pdf     the same to print: see pdf_list.h
 */
#include "cli.h"

#include "answer_sheet.h"
#include "convene/ids.h"
#include "order.h"
#include "pdf_list.h"
#include "sheet.h"
#include "whole_file.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 256 };
typedef enum { CSV, JSON, JSONL, PDF, FORMATS } format_t;
static const char *const formats[FORMATS] = {"csv", "json", "jsonl", "pdf"};

/* ---- asking ---------------------------------------------------------------------------------------------------- */

/* Data of the answers; NULL after having said why not. */
static json_t *ask(cli_t *cli, const char *service, const char *what, const char *key, int *ret_status)
{
    json_t *found = NULL;
    int rc = cli_query_json(cli, service, what, key, &found);
    if (rc == CV_OK) {
        json_t *datas = cli_datas(found);
        json_decref(found);
        return datas;
    }
    if (rc == CV_ENOTFOUND)
        *ret_status =
            cli_fail(cli, CLI_NOTFOUND, "there is no %s%s%s", strcmp(what, "event") == 0 ? "event " : "delegation ",
                     key ? key : "", strcmp(what, "event") == 0 ? "" : " that ever asked for anything");
    else if (rc == CV_EDENIED && strcmp(what, "persons") == 0)
        *ret_status =
            cli_fail(cli, CLI_DENIED,
                     "this key may not see who is in %s; a focal point exports its own delegation: EVENT/PARTY, "
                     "and everybody sees numbers: `convene event show`",
                     key);
    else
        *ret_status = cli_query_failed(cli, rc, "cannot read %s of %s", what, key ? key : service);
    return NULL;
}

/* Persons of one delegation, who come in records of 64, and whom to ask about it. */
static int put_persons(cli_t *cli, const char *event, json_t *delegation)
{
    char key[KEY_MAX];
    int status = CLI_OK;
    (void)snprintf(key, sizeof key, "%s/%s", event, cli_text_of(delegation, "party"));
    json_t *records = ask(cli, "registration", "persons", key, &status), *persons = json_array();
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        json_array_extend(persons, json_object_get(record, "persons"));
        if (json_object_get(record, "contact"))
            json_object_set(delegation, "contact", json_object_get(record, "contact"));
    }
    json_object_set_new(delegation, "persons", persons);
    json_decref(records);
    return status;
}

static const char *name_of(const json_t *parties, const char *code)
{
    for (size_t i = 0; i < json_array_size(parties); i++)
        if (strcmp(cli_text_of(json_array_get(parties, i), "code"), code) == 0)
            return cli_text_of(json_array_get(parties, i), "name");
    return code;
}

/* ---- order ----------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const json_t *const *of_a = a, *const *of_b = b;
    int order = order_english(cli_text_of(*of_a, "name"), cli_text_of(*of_b, "name"));
    return order ? order : strcmp(cli_text_of(*of_a, "party"), cli_text_of(*of_b, "party"));
}

static int by_capacity(const void *a, const void *b)
{
    const json_t *const *of_a = a, *const *of_b = b;
    int capacity_a = (int)cv_capacity_parse(cv_str(cli_text_of(*of_a, "capacity"))),
        capacity_b = (int)cv_capacity_parse(cv_str(cli_text_of(*of_b, "capacity")));
    if (capacity_a != capacity_b) /* in the order of the protocol's list: the head first */
        return capacity_a < capacity_b ? -1 : 1;
    int order = order_english(cli_text_of(*of_a, "name"), cli_text_of(*of_b, "name"));
    int64_t number_a = cli_int_of(*of_a, "number"), number_b = cli_int_of(*of_b, "number");
    return order ? order : number_a < number_b ? -1 : number_a > number_b;
}

static json_t *sorted(const json_t *list, int (*compare)(const void *a, const void *b))
{
    size_t n = json_array_size(list);
    json_t **items = calloc(n + 1, sizeof *items), *result = json_array();
    if (!items || !result) {
        free(items);
        json_decref(result);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        items[i] = json_array_get(list, i);
    qsort(items, n, sizeof *items, compare);
    for (size_t i = 0; i < n; i++)
        json_array_append(result, items[i]);
    free(items);
    return result;
}

/* ---- the list -------------------------------------------------------------------------------------------------- */

static int put_delegations(cli_t *cli, const char *event, const char *party, json_t *list)
{
    char key[KEY_MAX];
    int status = CLI_OK;
    size_t persons_n = 0, delegations_n = 0;
    (void)snprintf(key, sizeof key, "%s%s%s", event, *party ? "/" : "", party);
    json_t *parties = ask(cli, "scheduling", "parties", NULL, &status);
    json_t *found = parties ? ask(cli, "registration", *party ? "delegation" : "delegations", key, &status) : NULL;
    for (size_t i = 0; status == CLI_OK && i < json_array_size(found); i++) {
        json_t *delegation = json_array_get(found, i);
        json_object_set_new(delegation, "name", json_string(name_of(parties, cli_text_of(delegation, "party"))));
        status = put_persons(cli, event, delegation);
        json_t *persons = status == CLI_OK ? sorted(json_object_get(delegation, "persons"), by_capacity) : NULL;
        if (status == CLI_OK && !persons)
            status = cli_fail(cli, CLI_FAILED, "out of memory");
        persons_n += json_array_size(persons);
        delegations_n += json_array_size(persons) > 0;
        if (persons)
            json_object_set_new(delegation, "persons", persons);
    }
    json_object_set_new(list, "delegations_n", json_integer((json_int_t)delegations_n));
    json_object_set_new(list, "persons_n", json_integer((json_int_t)persons_n));
    if (status == CLI_OK)
        json_object_set_new(list, "delegations", sorted(found, by_name));
    json_decref(parties);
    json_decref(found);
    return status;
}

/* What the event asks of persons: the questions that answers refer to. Most events ask nothing. */
static int put_form(cli_t *cli, const char *event, json_t *list)
{
    json_t *found = NULL;
    int rc = cli_query_json(cli, "scheduling", "form", event, &found);
    if (rc != CV_OK)
        return rc == CV_ENOTFOUND ? CLI_OK : cli_query_failed(cli, rc, "cannot read the form of %s", event);
    json_t *datas = cli_datas(found);
    if (json_array_size(datas))
        json_object_set(list, "form", json_array_get(datas, 0));
    json_decref(datas);
    json_decref(found);
    return CLI_OK;
}

/* {"schema", "as_of", "event": {...}, "form" if there is one, "delegations_n", "persons_n", "delegations": [...]} */
static int make_list(cli_t *cli, const char *event, const char *party, json_t *list)
{
    char now[CV_TIME_TEXT + 1];
    int status = CLI_OK;
    cv_time_text(cv_clock_wall_ms(), now);
    (void)snprintf(strchr(now, '.'), sizeof "Z", "Z"); /* seconds will do */
    json_object_set_new(list, "schema", json_string("convene.cli.delegations.v1"));
    json_object_set_new(list, "as_of", json_string(now));
    json_t *events = ask(cli, "scheduling", "event", event, &status);
    if (status == CLI_OK && json_array_size(events) == 0)
        status = cli_fail(cli, CLI_NOTFOUND, "there is no event %s", event);
    if (status == CLI_OK)
        json_object_set(list, "event", json_array_get(events, 0));
    json_decref(events);
    if (status == CLI_OK)
        status = put_form(cli, event, list);
    return status == CLI_OK ? put_delegations(cli, event, party, list) : status;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

enum { PERSON_COLUMNS = 7, NUMBER = 5 };
static const char *const person_columns[PERSON_COLUMNS] = {"party", "name",   "capacity", "attendance",
                                                           "email", "number", "state"};

static void write_row(FILE *file, const char *party, const json_t *person, const answer_column_t *answers, size_t n)
{
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)cli_int_of(person, "number"));
    for (size_t k = 0; k < PERSON_COLUMNS; k++)
        sheet_put(file, k == 0 ? party : k == NUMBER ? number : cli_text_of(person, person_columns[k]), k == 0);
    for (size_t k = 0; k < n; k++)
        sheet_put(file, answer_cell(person, &answers[k]), false);
    fputs("\r\n", file);
}

static int write_csv(cli_t *cli, FILE *file, const json_t *list)
{
    const json_t *delegations = json_object_get(list, "delegations");
    answer_column_t answers[ANSWER_COLUMNS_MAX];
    size_t n = answer_columns_of(delegations, answers);
    if (n == SIZE_MAX)
        return cli_fail(cli, CLI_FAILED,
                        "the answers to the event's form take more than %d columns; --format jsonl has room for all",
                        ANSWER_COLUMNS_MAX);
    for (size_t k = 0; k < PERSON_COLUMNS; k++)
        sheet_put(file, person_columns[k], k == 0);
    for (size_t k = 0; k < n; k++) {
        char name[ANSWER_COLUMN_TEXT];
        answer_column_name(&answers[k], name);
        sheet_put(file, name, false);
    }
    fputs("\r\n", file);
    for (size_t i = 0; i < json_array_size(delegations); i++) {
        const json_t *delegation = json_array_get(delegations, i), *persons = json_object_get(delegation, "persons");
        for (size_t j = 0; j < json_array_size(persons); j++)
            write_row(file, cli_text_of(delegation, "party"), json_array_get(persons, j), answers, n);
    }
    return CLI_OK;
}

static void write_line(FILE *file, json_t *line)
{
    (void)json_dumpf(line, file, JSON_COMPACT);
    fputc('\n', file);
    json_decref(line);
}

/* What a request registration.register takes. */
static void write_jsonl(FILE *file, const json_t *list)
{
    static const char *const kept[] = {"name", "capacity", "attendance", "email", "answers"};
    const json_t *delegations = json_object_get(list, "delegations");
    const char *event = cli_text_of(json_object_get(list, "event"), "event");
    for (size_t i = 0; i < json_array_size(delegations); i++) {
        const json_t *delegation = json_array_get(delegations, i), *persons = json_object_get(delegation, "persons");
        json_t *line = NULL;
        for (size_t j = 0; j < json_array_size(persons); j++) {
            if (line && j % CV_REGISTRATION_REGISTER_V1_PERSONS_MAX == 0) {
                write_line(file, line);
                line = NULL;
            }
            if (!line) {
                line =
                    json_pack("{s:s, s:s, s:[]}", "event", event, "party", cli_text_of(delegation, "party"), "persons");
                if (json_object_get(delegation, "contact"))
                    json_object_set(line, "contact", json_object_get(delegation, "contact"));
            }
            json_t *person = json_object();
            for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
                if (json_object_get(json_array_get(persons, j), kept[k]))
                    json_object_set(person, kept[k], json_object_get(json_array_get(persons, j), kept[k]));
            json_array_append_new(json_object_get(line, "persons"), person);
        }
        if (line)
            write_line(file, line);
    }
}

static int write_list(cli_t *cli, FILE *file, const json_t *list, format_t format)
{
    char error[128];
    switch (format) {
    case CSV:
        return write_csv(cli, file, list);
    case JSONL:
        write_jsonl(file, list);
        return CLI_OK;
    case PDF:
        if (pdf_list_write(file, list, cli_has(cli, "with-contacts"), cli_has(cli, "with-answers"), error,
                           sizeof error) != 0)
            return cli_fail(cli, CLI_FAILED, "cannot make the PDF: %s", error);
        return CLI_OK;
    case JSON:
    case FORMATS:
        break;
    }
    (void)json_dumpf(list, file, JSON_INDENT(2));
    fputc('\n', file);
    return CLI_OK;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

static bool read_format(cli_t *cli, const char *output, format_t *ret_format)
{
    const char *dot = output ? strrchr(output, '.') : NULL;
    const char *word = cli_flag(cli, "format", cli->json ? "json" : dot ? dot + 1 : "csv");
    for (int i = 0; i < FORMATS; i++) {
        if (strcmp(word, formats[i]) != 0)
            continue;
        *ret_format = (format_t)i;
        return true;
    }
    if (cli_has(cli, "format") || !output)
        (void)cli_usage(cli, "--format must be csv, json, jsonl or pdf, not \"%s\"", word);
    else
        (void)cli_usage(cli, "the name %s does not say which format; --format csv, json, jsonl or pdf does", output);
    return false;
}

int cli_registration_export(cli_t *cli)
{
    const char *output = cli_flag(cli, "output", NULL), *key = cli->args[0], *slash = strchr(key, '/');
    char event[KEY_MAX / 2];
    format_t format = CSV;
    whole_file_t file;
    if (output && strcmp(output, "-") == 0)
        output = NULL;
    if (!read_format(cli, output, &format))
        return CLI_USAGE;
    if (cv_str_copy((cv_str_t){key, slash ? (size_t)(slash - key) : strlen(key)}, event, sizeof event) != CV_OK ||
        !*event || (slash && (!slash[1] || strlen(slash + 1) > CV_PARTY_MAX)))
        return cli_usage(cli, "\"%s\" must be EVENT or EVENT/PARTY, for instance 2025-SWG-2/KZ", key);
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *list = json_object();
    status = make_list(cli, event, slash ? slash + 1 : "", list);
    if (status == CLI_OK)
        status = whole_file_open(cli, output, &file);
    if (status == CLI_OK) {
        status = write_list(cli, file.file, list, format);
        int closed = whole_file_close(cli, &file, status == CLI_OK);
        status = status == CLI_OK ? closed : status;
    }
    if (status == CLI_OK)
        cli_say("%lld persons in %lld delegations%s%s\n", (long long)cli_int_of(list, "persons_n"),
                (long long)cli_int_of(list, "delegations_n"), output ? ", in " : "", output ? output : "");
    json_decref(list);
    return status;
}
