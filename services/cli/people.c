/* people: see people.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "people.h"

#include "answer_sheet.h"
#include "csv.h"
#include "sheet.h"

#include <stdlib.h>
#include <string.h>

typedef enum { PARTY, NAME, CAPACITY, ATTENDANCE, EMAIL, NUMBER, STATE, COLUMNS } column_t;
static const char *const columns[COLUMNS] = {"party", "name", "capacity", "attendance", "email", "number", "state"};
enum { NEEDED = CAPACITY + 1, TAKEN = EMAIL + 1 };

typedef struct {
    people_t *people;
    csv_t *csv;
    size_t at[COLUMNS]; /* place in the row; SIZE_MAX: not in this file */
    answer_column_t answers[CSV_COLUMNS_MAX];
    size_t answers_at[CSV_COLUMNS_MAX], answers_n;
    json_t *open; /* party -> index of the registration that takes its next row */
} reader_t;

static void tell(people_t *people, int64_t line, const char *party, const char *name, const char *field,
                 const char *text)
{
    people->wrong++;
    people->fault(people->arg, line, party, name, field, text);
}

/* ---- header ---------------------------------------------------------------------------------------------------- */

static const char *column_name(const void *list, size_t i)
{
    return ((const char *const *)list)[i];
}

static int read_header(reader_t *reader)
{
    people_t *people = reader->people;
    int rc = csv_header(reader->csv);
    if (rc != CV_OK) {
        (void)snprintf(people->error, sizeof people->error, "line %lld: %s", (long long)csv_line(reader->csv),
                       *csv_error(reader->csv) ? csv_error(reader->csv) : cv_error_text(rc));
        return CV_EINVAL;
    }
    for (size_t i = 0; i < COLUMNS; i++)
        reader->at[i] = SIZE_MAX;
    for (size_t i = 0; i < csv_columns(reader->csv); i++) {
        const char *name = csv_name(reader->csv, i);
        size_t k = 0;
        while (k < COLUMNS && strcmp(columns[k], name) != 0)
            k++;
        if (k == COLUMNS && answer_column_read(name, &reader->answers[reader->answers_n])) {
            reader->answers_at[reader->answers_n++] = i;
            continue;
        }
        if (k == COLUMNS) {
            const char *near = cli_nearest(name, column_name, columns, TAKEN);
            (void)snprintf(people->error, sizeof people->error,
                           "line 1, column %zu: \"%.60s\" is no column of a registration%s%s; there are party, name, "
                           "capacity, attendance, email and answers.QUESTION",
                           i + 1, name, near ? ", perhaps " : "", near ? near : "");
            return CV_EINVAL;
        }
        reader->at[k] = i;
    }
    for (size_t k = 0; k < NEEDED; k++) {
        if (reader->at[k] != SIZE_MAX)
            continue;
        (void)snprintf(people->error, sizeof people->error,
                       "line 1: there is no column %s; party, name and capacity must be there", columns[k]);
        return CV_EINVAL;
    }
    return CV_OK;
}

/* ---- rows ------------------------------------------------------------------------------------------------------ */

static const char *cell(const reader_t *reader, column_t column)
{
    return reader->at[column] == SIZE_MAX ? "" : sheet_unguard(csv_cell(reader->csv, reader->at[column]));
}

/* "data.persons[0].capacity" is column capacity. */
static const char *column_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

/* NULL after having told what is wrong. */
static json_t *person_of(reader_t *reader)
{
    people_t *people = reader->people;
    const int64_t line = csv_line(reader->csv);
    json_t *person = json_object();
    for (size_t k = NAME; k < TAKEN; k++) {
        const char *text = cell(reader, (column_t)k);
        if (!*text)
            continue;
        json_t *string = json_string(text);
        if (string && json_object_set_new(person, columns[k], string) == 0)
            continue;
        tell(people, line, cell(reader, PARTY), "", columns[k], "is not UTF-8");
        json_decref(person);
        return NULL;
    }
    for (size_t k = 0; k < reader->answers_n; k++) {
        if (answer_put(person, &reader->answers[k], sheet_unguard(csv_cell(reader->csv, reader->answers_at[k]))))
            continue;
        tell(people, line, cell(reader, PARTY), cell(reader, NAME), csv_name(reader->csv, reader->answers_at[k]),
             "is not UTF-8");
        json_decref(person);
        return NULL;
    }
    answer_settle(person);
    json_t *party = json_string(cell(reader, PARTY));
    if (!party) {
        tell(people, line, "", cell(reader, NAME), columns[PARTY], "is not UTF-8");
        json_decref(person);
        return NULL;
    }
    json_t *alone = json_pack("{s:s, s:o, s:[O]}", "event", people->event, "party", party, "persons", person);
    cli_input_t input;
    cv_fault_t fault = {0};
    int rc = cli_input_read(cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1), alone, &input, &fault);
    json_decref(alone);
    if (rc == CV_OK) {
        cli_input_done(&input);
        return person;
    }
    tell(people, line, cell(reader, PARTY), cell(reader, NAME), column_of(fault.path), fault.text);
    json_decref(person);
    return NULL;
}

static json_t *begin(people_t *people, const char *party)
{
    json_t *registration =
        json_pack("{s:{s:s, s:s, s:[]}, s:[]}", "data", "event", people->event, "party", party, "persons", "lines");
    return registration && json_array_append_new(people->registrations, registration) == 0 ? registration : NULL;
}

/* The registration that the next row of this party belongs to. */
static json_t *registration_for(reader_t *reader, const char *party)
{
    people_t *people = reader->people;
    const json_t *at = json_object_get(reader->open, party);
    json_t *found = at ? json_array_get(people->registrations, (size_t)json_integer_value(at)) : NULL;
    if (found && !people->each &&
        json_array_size(cli_json_at(found, "data.persons")) < CV_REGISTRATION_REGISTER_V1_PERSONS_MAX)
        return found;
    found = begin(people, party);
    if (found)
        json_object_set_new(reader->open, party, json_integer((json_int_t)json_array_size(people->registrations) - 1));
    return found;
}

static void set_wrong(json_t *registration, int64_t line)
{
    if (!json_object_get(registration, "wrong"))
        json_object_set_new(registration, "wrong", json_integer(line));
}

static int take_row(reader_t *reader)
{
    const int64_t line = csv_line(reader->csv);
    json_t *person = person_of(reader), *party = json_string(cell(reader, PARTY));
    if (!party || !*json_string_value(party)) { /* told; whose it is nobody knows */
        json_decref(person);
        json_decref(party);
        return CV_OK;
    }
    json_t *registration = registration_for(reader, json_string_value(party));
    json_decref(party);
    if (!registration) {
        json_decref(person);
        return CV_ENOMEM;
    }
    if (!person) {
        set_wrong(registration, line);
        return CV_OK;
    }
    json_array_append_new(cli_json_at(registration, "data.persons"), person);
    return json_array_append_new(json_object_get(registration, "lines"), json_integer(line)) == 0 ? CV_OK : CV_ENOMEM;
}

static int read_rows(reader_t *reader)
{
    people_t *people = reader->people;
    int rc = CV_OK;
    while (rc == CV_OK) {
        int got = csv_row(reader->csv);
        if (got == 0)
            break;
        people->rows++;
        if (got == 1) {
            rc = take_row(reader);
            continue;
        }
        if (got == CV_EINVAL) { /* whose row it is cannot be told, so nothing of the file can be sent */
            tell(people, csv_line(reader->csv), "", "", "", csv_error(reader->csv));
            (void)snprintf(people->error, sizeof people->error, "line %lld: %s", (long long)csv_line(reader->csv),
                           csv_error(reader->csv));
            continue;
        }
        (void)snprintf(people->error, sizeof people->error, "line %lld: %s; what stands behind it was not read",
                       (long long)csv_line(reader->csv),
                       *csv_error(reader->csv) ? csv_error(reader->csv) : cv_error_text(got));
        return CV_EINVAL;
    }
    return rc != CV_OK || !people->error[0] ? rc : CV_EINVAL;
}

int people_read_csv(people_t *people, FILE *file)
{
    reader_t reader = {.people = people, .csv = csv_new(file, CLI_LINE_MAX), .open = json_object()};
    int rc = reader.csv && reader.open ? read_header(&reader) : CV_ENOMEM;
    if (rc == CV_OK)
        rc = read_rows(&reader);
    csv_destroy(&reader.csv);
    json_decref(reader.open);
    return rc;
}

/* ---- JSON lines ------------------------------------------------------------------------------------------------ */

static const char *name_in(const json_t *data)
{
    return cli_text_of(json_array_get(json_object_get(data, "persons"), 0), "name");
}

static int take_line(people_t *people, int64_t line, const char *text, size_t len)
{
    json_error_t error = {0};
    json_t *data = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    char what[PEOPLE_TEXT];
    if (!json_is_object(data)) {
        (void)snprintf(what, sizeof what, "column %d: %.200s", error.column, error.text);
        tell(people, line, "", "", "", data ? "must be a JSON object" : what);
        json_decref(data);
        return CV_OK;
    }
    if (!json_object_get(data, "event"))
        json_object_set_new(data, "event", json_string(people->event));
    cli_input_t input;
    cv_fault_t fault = {0};
    int rc = cli_input_read(cv_msg_info_at(CV_MSG_REGISTRATION_REGISTER_V1), data, &input, &fault);
    if (rc == CV_OK)
        cli_input_done(&input);
    if (rc == CV_OK && strcmp(cli_text_of(data, "event"), people->event) != 0) {
        rc = CV_EINVAL;
        (void)snprintf(fault.path, sizeof fault.path, "event");
        (void)snprintf(fault.text, sizeof fault.text, "is not %.100s, the event of the command", people->event);
    }
    if (rc != CV_OK) {
        tell(people, line, cli_text_of(data, "party"), name_in(data), fault.path, fault.text);
        json_decref(data);
        return CV_OK;
    }
    return json_array_append_new(people->registrations,
                                 json_pack("{s:o, s:[I]}", "data", data, "lines", (json_int_t)line)) == 0
               ? CV_OK
               : CV_ENOMEM;
}

int people_read_lines(people_t *people, FILE *file)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors put a byte order mark in front */
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int rc = CV_OK;
    for (int64_t number = 1; rc == CV_OK && (len = getline(&line, &room, file)) >= 0; number++) {
        size_t skip = number == 1 && strncmp(line, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
        if (skip + strspn(line + skip, " \t\r\n") == (size_t)len)
            continue;
        people->rows++;
        if (len > CLI_LINE_MAX)
            tell(people, number, "", "", "", "is longer than 262144 octets");
        else
            rc = take_line(people, number, line + skip, (size_t)len - skip);
    }
    free(line);
    return rc;
}
