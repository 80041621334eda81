/* form: what an event asks of the persons who are registered, and what they answered.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const json_t *first_data(const json_t *messages)
{
    return json_object_get(json_array_get(messages, 0), "data");
}

/* ---- the form ------------------------------------------------------------------------------ */

/* Places of a choice as registration counts them, or NULL. */
static const json_t *places_of(const json_t *seats, const char *question, const char *choice)
{
    const json_t *options = json_object_get(seats, "options");
    for (size_t i = 0; i < json_array_size(options); i++) {
        const json_t *option = json_array_get(options, i);
        if (strcmp(cli_text_of(option, "question"), question) == 0 &&
            strcmp(cli_text_of(option, "choice"), choice) == 0)
            return option;
    }
    return NULL;
}

static void put_list(const json_t *words, const char *before)
{
    for (size_t i = 0; i < json_array_size(words); i++)
        printf("%s%s", i ? ", " : before, json_string_value(json_array_get(words, i)));
}

static void print_choices(const json_t *question, const json_t *seats)
{
    const json_t *choices = json_object_get(question, "choices");
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *choice = json_array_get(choices, i);
        const json_t *places = places_of(seats, cli_text_of(question, "id"), cli_text_of(choice, "id"));
        printf("     %s  %s", cli_text_of(choice, "id"), cli_text_of(choice, "label"));
        if (json_object_get(choice, "limit"))
            printf("  (%lld of %lld places taken)", (long long)cli_int_of(places, "taken"),
                   (long long)cli_int_of(choice, "limit"));
        putchar('\n');
    }
}

static void print_question(cli_t *cli, const json_t *question, const json_t *seats)
{
    const json_t *when = json_object_get(question, "when");
    printf("  %s%s%s  %s\n     %s, %s", cli_style(cli, CLI_BOLD), cli_text_of(question, "id"),
           cli_style(cli, CLI_PLAIN), cli_text_of(question, "label"), cli_text_of(question, "type"),
           json_is_true(json_object_get(question, "required")) ? "required" : "optional");
    put_list(json_object_get(question, "capacities"), ", asked of ");
    if (json_object_get(question, "least"))
        printf(", at least %lld", (long long)cli_int_of(question, "least"));
    if (json_object_get(question, "most"))
        printf(", at most %lld", (long long)cli_int_of(question, "most"));
    if (*cli_text_of(question, "earliest"))
        printf(", from %s", cli_text_of(question, "earliest"));
    if (*cli_text_of(question, "latest"))
        printf(", until %s", cli_text_of(question, "latest"));
    if (when) {
        printf(", if %s is", cli_text_of(when, "question"));
        put_list(json_object_get(when, "values"), " ");
    }
    putchar('\n');
    print_choices(question, seats);
}

int cli_form_show(cli_t *cli)
{
    const char *id = cli->args[0];
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *found = NULL, *seats = NULL;
    int rc = cli_query_json(cli, "scheduling", "form", id, &found);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "event %s asks nothing of those who register", id);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show the form of %s", id);
    if (cli_query_json(cli, "registration", "events", id, &seats) != CV_OK)
        seats = json_array(); /* the form is what was asked for; places are not counted then */
    const json_t *form = first_data(found), *questions = json_object_get(form, "questions");
    if (cli->json) {
        json_t *options = json_object_get(first_data(seats), "options");
        status = cli_document(cli, "convene.cli.form.v1", json_pack("{s:O, s:O?}", "form", form, "options", options));
    } else {
        printf("%s asks %zu question%s (version %lld of its form)\n", id, json_array_size(questions),
               json_array_size(questions) == 1 ? "" : "s", (long long)cli_int_of(form, "version"));
        for (size_t i = 0; i < json_array_size(questions); i++)
            print_question(cli, json_array_get(questions, i), first_data(seats));
    }
    json_decref(found);
    json_decref(seats);
    return status;
}

/* ---- the answers --------------------------------------------------------------------------- */

static void print_answers(cli_t *cli, const json_t *records)
{
    const char *columns[] = {"#no.", "name", "capacity", "state", "question", "answer", "title"};
    cli_table_t *table = cli_table_new(cli, columns, sizeof columns / sizeof *columns);
    for (size_t r = 0; r < json_array_size(records); r++) {
        const json_t *persons = json_object_get(json_object_get(json_array_get(records, r), "data"), "persons");
        for (size_t p = 0; p < json_array_size(persons); p++) {
            const json_t *person = json_array_get(persons, p), *answers = json_object_get(person, "answers");
            size_t n = json_array_size(answers);
            for (size_t i = 0; i < (n ? n : 1); i++) {
                const json_t *answer = json_array_get(answers, i);
                cli_table_cell(table, CLI_BOLD, "%lld", (long long)cli_int_of(person, "number"));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(person, "name"));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(person, "capacity"));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(person, "state"));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(answer, "question")));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(answer, "value")));
                cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(answer, "title"));
            }
        }
    }
    cli_table_print(&table);
}

int cli_delegation_answers(cli_t *cli)
{
    const char *key = cli->args[0], *slash = strchr(key, '/');
    if (!slash || slash == key || !slash[1] || strchr(slash + 1, '/'))
        return cli_usage(cli, "\"%s\" must be EVENT/PARTY, for instance 2025-SWG-2/KZ", key);
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *found = NULL;
    int rc = cli_query_json(cli, "registration", "persons", key, &found);
    if (rc == CV_ENOTFOUND || (rc == CV_OK && json_array_size(found) == 0)) {
        json_decref(found);
        return cli_fail(cli, CLI_NOTFOUND, "nobody is registered as %s", key);
    }
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "cannot show the persons of %s", key);
    if (cli->json)
        status = cli_document(cli, "convene.cli.answers.v1", json_pack("{s:o}", "records", cli_datas(found)));
    else
        print_answers(cli, found);
    json_decref(found);
    return status;
}
