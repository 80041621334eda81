/* enrol: `convene registration import`: a file of persons is registered, or tried.
 * SPDX-License-Identifier: Apache-2.0
 *
 *                 each registration for itself              all or none
 *   in earnest    a registration.register for each, one     one registration.import: one transaction of the service,
 *                 after the other in the file's order       so the file must fit into one request
 *   dry run       registration.import with dry_run, in as   registration.import with dry_run
 *                 many requests as it takes
 *
 * A dry run is decided by the service with the rules, seats and names of that moment, and taken back; nothing is
 * decided here. Where the file is more than one request its parts do not see each other, which is said.
 *
 * Broken off, or done twice: the id of each request is made from what it asks for and the caller's own secret key, like
 * those of a plan import. So whatever of the file was decided is only told again with the same key, and what was not is
 * decided now: nothing is lost, nothing happens twice, however often and wherever the program was killed. A line that
 * stands in the file twice is asked for twice: its second request has an id of its own. A changed line is a new
 * request. Who wants a file decided anew (its persons were withdrawn, say) names another --run, which goes into the ids
 * too.
 *
 * Every row of the file gets one line of the report. A registration of which one row is wrong is not sent at all.
 */
#include "people.h"
#include "send.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    VALUES_MAX = 4096 - 64, /* of the data of one request: a message has 4096, its attributes some */
    OCTETS_MAX = CV_MAX_REQUEST - 2048,
    REGISTRATIONS_MAX = CV_REGISTRATION_IMPORT_V1_REGISTRATIONS_MAX,
};

typedef struct {
    cli_t *cli;
    people_t people;
    bool dry, whole; /* whole: all or none */
    size_t *firsts;  /* import requests: the first registration of each */
    int64_t good, bad;
    int status; /* of the first bad row */
} enrol_t;

/* ---- the report ------------------------------------------------------------------------------------------------ */

typedef struct {
    int64_t line;
    const char *party, *name, *class, *code, *field, *text, *id;
} row_t;

static void report(enrol_t *enrol, const row_t *row, int status)
{
    cli_t *cli = enrol->cli;
    *(status == CLI_OK ? &enrol->good : &enrol->bad) += 1;
    if (enrol->status == CLI_OK)
        enrol->status = status;
    if (cli->json) {
        json_t *doc = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "schema", "convene.cli.import-line.v1", "line",
                                (json_int_t)row->line, "party", row->party, "name", row->name, "class", row->class,
                                "code", row->code, "text", row->text);
        if (*row->field)
            json_object_set_new(doc, "field", json_string(row->field));
        if (*row->id)
            json_object_set_new(doc, "request", json_string(row->id));
        if (enrol->dry)
            json_object_set_new(doc, "dry_run", json_true());
        (void)cli_line(doc);
        return;
    }
    printf("line %lld: ", (long long)row->line);
    if (*row->party)
        printf("%s%s%s: ", row->party, *row->name ? " " : "", row->name);
    printf("%s%s%s %s: %s%s%s\n", cli_style(cli, status == CLI_OK ? CLI_GREEN : CLI_RED), row->class,
           cli_style(cli, CLI_PLAIN), row->code, row->field, *row->field ? ": " : "", row->text);
}

static void on_fault(void *arg, int64_t line, const char *party, const char *name, const char *field, const char *text)
{
    const row_t row = {line, party, name, "INVALID", "bad_row", field, text, ""};
    report(arg, &row, CLI_USAGE);
}

static json_t *registration_at(const enrol_t *enrol, size_t i)
{
    return json_array_get(enrol->people.registrations, i);
}

static int64_t line_of(const json_t *registration, size_t person)
{
    const json_t *lines = json_object_get(registration, "lines");
    size_t n = json_array_size(lines);
    return json_integer_value(json_array_get(lines, person < n ? person : n - 1));
}

/* One row per line of the file: the persons of a CSV; a registration of JSON lines has one line. */
static void report_rows(enrol_t *enrol, size_t i, const row_t *same, const cv_decision_t *decision, int status)
{
    const json_t *registration = registration_at(enrol, i), *data = json_object_get(registration, "data"),
                 *persons = json_object_get(data, "persons");
    size_t rows_n = json_array_size(json_object_get(registration, "lines"));
    for (size_t k = 0; k < rows_n; k++) {
        row_t row = *same;
        int row_status = status;
        char code[CV_MAX_ATTRIBUTE];
        row.line = line_of(registration, k);
        row.party = cli_text_of(data, "party");
        row.name = cli_text_of(json_array_get(persons, k), "name");
        bool own = decision && k < decision->persons_n && decision->persons_n == rows_n;
        if (own) { /* of each person for itself */
            const cv_person_decision_t *person = &decision->persons[k];
            (void)snprintf(code, sizeof code, "%s%s%.*s", cv_person_state_text(person->state),
                           person->rule.len ? ", " : "", CV_STR_ARG(person->rule));
            row.code = code;
            if (person->state == CV_PERSON_STATE_REFUSED) {
                row.class = "REJECTED";
                row_status = CLI_REFUSED;
            }
        }
        report(enrol, &row, row_status);
    }
}

/* A text of a message, with a NUL. */
static const char *copy(cv_str_t text, char *room, size_t size)
{
    (void)snprintf(room, size, "%.*s", CV_STR_ARG(text));
    return room;
}

static void report_outcome(enrol_t *enrol, size_t i, const char *id, cv_outcome_class_t cls, cv_str_t code,
                           cv_str_t field, cv_str_t text, const cv_decision_t *decision)
{
    char codes[64], fields[192], texts[512];
    const row_t row = {.class = cv_outcome_class_text(cls),
                       .code = copy(code, codes, sizeof codes),
                       .field = copy(field, fields, sizeof fields),
                       .text = copy(text, texts, sizeof texts),
                       .id = id};
    report_rows(enrol, i, &row, decision, cli_status_of_class(cls));
}

static void report_nothing(enrol_t *enrol, size_t i, const cli_sent_t *sent)
{
    const row_t row = {.class = sent->fault ? "INVALID" : "TIMEOUT",
                       .code = sent->fault ? "bad_row" : "no_outcome",
                       .field = sent->fault ? sent->fault->path : "",
                       .text = sent->fault ? sent->fault->text : "no outcome in time; the same import again will tell",
                       .id = sent->id};
    report_rows(enrol, i, &row, NULL, cli_status_of(sent->rc));
}

/* ---- each for itself ------------------------------------------------------------------------------------------- */

static void on_registered(void *arg, const cli_sent_t *sent)
{
    enrol_t *enrol = arg;
    const cv_outcome_v1_t *outcome = sent->outcome;
    if (!outcome)
        report_nothing(enrol, (size_t)sent->number, sent);
    else
        report_outcome(enrol, (size_t)sent->number, sent->id, sent->cls, outcome->code, outcome->field, outcome->text,
                       outcome->has_decision ? &outcome->decision : NULL);
}

/* The id of a request: what it asks, how often the file asked it before, and the run. */
static int id_of(enrol_t *enrol, const char *type, const json_t *data, json_t *seen, char ret_id[CV_UUID_TEXT + 1])
{
    const char *run = cli_flag(enrol->cli, "run", "");
    json_t *asked = json_pack("{s:O, s:s}", "data", data, "run", run);
    int rc = asked ? cli_id_of(enrol->cli->client, type, asked, ret_id) : CV_ENOMEM;
    json_int_t before = rc == CV_OK ? json_integer_value(json_object_get(seen, ret_id)) : 0;
    if (rc == CV_OK)
        json_object_set_new(seen, ret_id, json_integer(before + 1));
    if (rc == CV_OK && before > 0) {
        json_object_set_new(asked, "again", json_integer(before));
        rc = cli_id_of(enrol->cli->client, type, asked, ret_id);
    }
    json_decref(asked);
    return rc;
}

static int send_each(enrol_t *enrol)
{
    cli_t *cli = enrol->cli;
    const cv_msg_info_t *info = cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1);
    size_t n = json_array_size(enrol->people.registrations);
    json_t *seen = json_object();
    cli_sender_t *sender =
        cli_sender_new(cli, cli->client, cli_has(cli, "unordered") ? 0 : 1, cli->timeout_ms, on_registered, enrol);
    int rc = sender && seen ? CV_OK : CV_ENOMEM;
    for (size_t i = 0; rc == CV_OK && i < n; i++) {
        json_t *data = json_object_get(registration_at(enrol, i), "data");
        char id[CV_UUID_TEXT + 1];
        rc = id_of(enrol, info->type, data, seen, id);
        if (rc == CV_OK)
            rc = cli_sender_add(sender, (int64_t)i, info, json_incref(data), false, id);
    }
    if (rc == CV_OK)
        rc = cli_sender_wait(sender);
    cli_sender_destroy(&sender);
    json_decref(seen);
    return rc;
}

/* ---- import requests ------------------------------------------------------------------------------------------- */

static size_t values_in(const json_t *json)
{
    size_t n = 1, i;
    const char *key;
    json_t *value;
    if (json_is_array(json))
        json_array_foreach(json, i, value) n += values_in(value);
    else if (json_is_object(json))
        json_object_foreach((json_t *)json, key, value) n += 1 + values_in(value);
    return n;
}

/* About what it is when packed, and never less: JSON's quotes, colons and commas stand for MessagePack's lengths. */
static size_t octets_in(const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    size_t len = text ? strlen(text) : SIZE_MAX / 2;
    free(text);
    return len;
}

/* How many registrations from this one on fit into one request, and of one party only where the first is. */
static size_t fit(const enrol_t *enrol, size_t first, const char **ret_party)
{
    size_t n = json_array_size(enrol->people.registrations), values = 0, octets = 0, i = first;
    *ret_party = cli_text_of(json_object_get(registration_at(enrol, first), "data"), "party");
    for (; i < n && i - first < REGISTRATIONS_MAX; i++) {
        const json_t *data = json_object_get(registration_at(enrol, i), "data");
        values += values_in(data);
        octets += octets_in(data);
        if (i > first && (values > VALUES_MAX || octets > OCTETS_MAX))
            break;
        if (*ret_party && strcmp(*ret_party, cli_text_of(data, "party")) != 0)
            *ret_party = NULL;
    }
    return i - first;
}

static json_t *import_of(const enrol_t *enrol, size_t first, size_t n, const char *party)
{
    json_t *data = json_pack("{s:s, s:s, s:[]}", "event", enrol->people.event, "mode",
                             enrol->whole ? "all_or_none" : "each", "registrations");
    if (party) /* a focal point has to say so; anybody may */
        json_object_set_new(data, "party", json_string(party));
    if (enrol->dry)
        json_object_set_new(data, "dry_run", json_true());
    for (size_t i = first; i < first + n; i++) {
        json_t *entry = json_copy(json_object_get(registration_at(enrol, i), "data"));
        json_object_del(entry, "event");
        json_array_append_new(json_object_get(data, "registrations"), entry);
    }
    return data;
}

static void on_imported(void *arg, const cli_sent_t *sent)
{
    enrol_t *enrol = arg;
    const cv_outcome_v1_t *outcome = sent->outcome;
    size_t first = enrol->firsts[sent->number], n = enrol->firsts[sent->number + 1] - first;
    for (size_t i = 0; i < n; i++) {
        if (!outcome)
            report_nothing(enrol, first + i, sent);
        else if (i < outcome->parts_n)
            report_outcome(enrol, first + i, sent->id, outcome->parts[i].cls, outcome->parts[i].code,
                           outcome->parts[i].field, outcome->parts[i].text, NULL);
        else
            report_outcome(enrol, first + i, sent->id, sent->cls, outcome->code, outcome->field, outcome->text, NULL);
    }
    if (!outcome || sent->cls == CV_OUTCOME_CLASS_OK)
        return;
    cli_say("convene: %s %.*s: %.*s\n", cv_outcome_class_text(sent->cls), CV_STR_ARG(outcome->code),
            CV_STR_ARG(outcome->text));
    if (enrol->status == CLI_OK || enrol->whole)
        enrol->status = cli_status_of_class(sent->cls);
}

static int send_imports(enrol_t *enrol)
{
    cli_t *cli = enrol->cli;
    const cv_msg_info_t *info = cv_msg_info_at(CV_MSG_REGISTRATION_IMPORT_V1);
    size_t n = json_array_size(enrol->people.registrations), requests_n = 0;
    enrol->firsts = calloc(n + 1, sizeof *enrol->firsts);
    cli_sender_t *sender = cli_sender_new(cli, cli->client, 1, cli->timeout_ms, on_imported, enrol);
    json_t *seen = json_object();
    int rc = sender && seen && enrol->firsts ? CV_OK : CV_ENOMEM;
    for (size_t first = 0, took; rc == CV_OK && first < n; first += took) {
        const char *party;
        char id[CV_UUID_TEXT + 1];
        took = fit(enrol, first, &party);
        json_t *data = import_of(enrol, first, took, party);
        rc = data ? CV_OK : CV_ENOMEM;
        enrol->firsts[requests_n + 1] = first + took;
        if (rc == CV_OK && !enrol->dry)
            rc = id_of(enrol, info->type, data, seen, id);
        if (rc == CV_OK)
            rc = cli_sender_add(sender, (int64_t)requests_n++, info, data, false, enrol->dry ? NULL : id);
        else
            json_decref(data);
    }
    if (rc == CV_OK)
        rc = cli_sender_wait(sender);
    cli_sender_destroy(&sender);
    json_decref(seen);
    if (rc == CV_OK && requests_n > 1)
        cli_say("convene: the file took %zu requests, each tried without the others: seats and persons of one are not "
                "counted in the next\n",
                requests_n);
    return rc;
}

/* ---- the command ----------------------------------------------------------------------------------------------- */

/* A name that ends in .jsonl or .ndjson is JSON lines, every other is CSV. */
static bool is_lines(cli_t *cli, const char *path, bool *ret_lines)
{
    const char *format = cli_flag(cli, "format", NULL), *dot = strrchr(path, '.');
    *ret_lines = format ? strcmp(format, "jsonl") == 0 : dot && (!strcmp(dot, ".jsonl") || !strcmp(dot, ".ndjson"));
    if (!format || *ret_lines || strcmp(format, "csv") == 0)
        return true;
    (void)cli_usage(cli, "--format must be csv or jsonl, not \"%s\"", format);
    return false;
}

/* CLI_OK: read, and what is wrong with single rows is told. */
static int read_file(enrol_t *enrol, const char *path, bool lines)
{
    cli_t *cli = enrol->cli;
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!file)
        return cli_fail(cli, errno == ENOENT ? CLI_NOTFOUND : CLI_FAILED, "cannot read %s: %s", path, strerror(errno));
    int rc = lines ? people_read_lines(&enrol->people, file) : people_read_csv(&enrol->people, file);
    if (file != stdin)
        fclose(file);
    if (rc == CV_EINVAL)
        return cli_fail(cli, CLI_USAGE, "%s, %s; nothing was sent", path, enrol->people.error);
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "cannot read %s: %s", path, cv_error_text(rc));
    return CLI_OK;
}

static void report_set_aside(enrol_t *enrol, size_t i)
{
    const json_t *registration = registration_at(enrol, i);
    char text[128];
    (void)snprintf(text, sizeof text, "not sent, because line %lld of the same registration is wrong",
                   (long long)cli_int_of(registration, "wrong"));
    const row_t row = {.class = "INVALID", .code = "not_sent", .field = "", .text = text, .id = ""};
    report_rows(enrol, i, &row, NULL, CLI_USAGE);
}

/* Registrations of which a row is wrong are told and taken out. */
static int set_aside(enrol_t *enrol)
{
    json_t *good = json_array();
    size_t n = json_array_size(enrol->people.registrations);
    for (size_t i = 0; good && i < n; i++) {
        json_t *registration = registration_at(enrol, i);
        if (json_object_get(registration, "wrong"))
            report_set_aside(enrol, i);
        else
            json_array_append(good, registration);
    }
    if (!good)
        return CLI_FAILED;
    json_decref(enrol->people.registrations);
    enrol->people.registrations = good;
    return CLI_OK;
}

static int check(enrol_t *enrol, const char *path)
{
    size_t n = json_array_size(enrol->people.registrations);
    const char *party;
    if (enrol->people.rows == 0)
        return cli_fail(enrol->cli, CLI_USAGE, "%s holds nobody", path);
    if (!enrol->whole)
        return set_aside(enrol);
    if (enrol->people.wrong)
        return cli_fail(enrol->cli, CLI_USAGE, "%lld of %lld rows of %s are wrong; of all or none nothing was sent",
                        (long long)enrol->people.wrong, (long long)enrol->people.rows, path);
    if (n && fit(enrol, 0, &party) < n)
        return cli_fail(enrol->cli, CLI_USAGE,
                        "%s is more than one request can hold, and all or none is one request: at most %d "
                        "registrations, %d octets and %d values (about 400 persons); it has %zu registrations. "
                        "Without --all-or-none, or in parts, it can be imported",
                        path, REGISTRATIONS_MAX, OCTETS_MAX, VALUES_MAX, n);
    return CLI_OK;
}

static int finish(enrol_t *enrol, int rc)
{
    cli_t *cli = enrol->cli;
    const char *done = enrol->dry ? "would be accepted; nothing was changed" : "accepted";
    if (rc == CV_ETIMEOUT) {
        cli_say("convene: registration does not answer; %lld rows were accepted, %lld not; the same command again goes "
                "on from there\n",
                (long long)enrol->good, (long long)enrol->bad);
        return enrol->good ? CLI_PARTIAL : CLI_UNREACHABLE;
    }
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "cannot send: %s",
                        *cv_client_error(cli->client) ? cv_client_error(cli->client) : cv_error_text(rc));
    bool none = enrol->whole && enrol->status != CLI_OK; /* what the rest would have been is not what it is */
    cli_say("%lld rows: %lld %s, %lld not%s\n", (long long)(enrol->good + enrol->bad), (long long)enrol->good,
            none ? "would have been accepted" : done, (long long)enrol->bad, none ? ", so nobody is registered" : "");
    if (enrol->status == CLI_OK)
        return CLI_OK;
    return enrol->good && !enrol->whole ? CLI_PARTIAL : enrol->status;
}

int cli_registration_import(cli_t *cli)
{
    const char *path = cli->args[0], *event = cli_flag(cli, "event", NULL);
    enrol_t enrol = {.cli = cli, .dry = cli_has(cli, "dry-run"), .whole = cli_has(cli, "all-or-none")};
    bool lines;
    if (!event)
        return cli_usage(cli, "--event must say at which event, for instance --event 2025-SWG-2");
    if (!is_lines(cli, path, &lines))
        return CLI_USAGE;
    enrol.people = (people_t){
        .event = event, .each = cli_has(cli, "each"), .fault = on_fault, .arg = &enrol, .registrations = json_array()};
    int status = read_file(&enrol, path, lines);
    if (status == CLI_OK)
        status = check(&enrol, path);
    cli->as = "secretariat";
    if (status == CLI_OK && json_array_size(enrol.people.registrations))
        status = cli_connect(cli);
    if (status == CLI_OK)
        status = finish(&enrol, enrol.dry || enrol.whole ? send_imports(&enrol) : send_each(&enrol));
    json_decref(enrol.people.registrations);
    free(enrol.firsts);
    return status;
}
