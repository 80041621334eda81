/* answer_sheet: see answer_sheet.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "answer_sheet.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_MAX = 64 };
static const char PREFIX[] = "answers.";
static const char *const fields[] = {[ANSWER_VALUE] = "value", [ANSWER_TITLE] = "title", [ANSWER_HASH] = "hash"};

/* ---- names ----------------------------------------------------------------------------------------------------- */

static bool read_suffix(const char *suffix, answer_column_t *column)
{
    if (!*suffix)
        return true;
    for (answer_part_t part = ANSWER_TITLE; part <= ANSWER_HASH; part++) {
        if (strcmp(suffix, fields[part]) == 0) {
            column->part = part;
            return true;
        }
    }
    int64_t place;
    if (*suffix == '0' || cv_str_digits(cv_str(suffix), 2, &place) != CV_OK || place < 2 || place > PLACES_MAX)
        return false;
    column->place = (unsigned)place - 1;
    return true;
}

bool answer_column_read(const char *name, answer_column_t *ret_column)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    const char *question = name + sizeof PREFIX - 1;
    size_t len = strspn(question, letters);
    *ret_column = (answer_column_t){0};
    if (!len || len >= ANSWER_QUESTION_MAX || (question[len] && question[len] != '.') ||
        (question[len] && !question[len + 1]))
        return false;
    memcpy(ret_column->question, question, len);
    return read_suffix(question[len] ? question + len + 1 : "", ret_column);
}

void answer_column_name(const answer_column_t *column, char ret_name[ANSWER_COLUMN_TEXT])
{
    int len = snprintf(ret_name, ANSWER_COLUMN_TEXT, "%s%s", PREFIX, column->question);
    if (column->part != ANSWER_VALUE)
        (void)snprintf(ret_name + len, ANSWER_COLUMN_TEXT - (size_t)len, ".%s", fields[column->part]);
    else if (column->place)
        (void)snprintf(ret_name + len, ANSWER_COLUMN_TEXT - (size_t)len, ".%u", column->place + 1);
}

/* ---- out ------------------------------------------------------------------------------------------------------- */

const char *answer_cell(const json_t *person, const answer_column_t *column)
{
    const json_t *answers = json_object_get(person, "answers");
    unsigned place = 0;
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *answer = json_array_get(answers, i);
        if (strcmp(cli_text_of(answer, "question"), column->question) == 0 && place++ == column->place)
            return cli_text_of(answer, fields[column->part]);
    }
    return "";
}

/* How many answers to one question somebody gave, and what else one of them has. */
typedef struct {
    char question[ANSWER_QUESTION_MAX];
    unsigned places;
    bool has[ANSWER_HASH + 1];
} asked_t;

static asked_t *asked_of(asked_t *asked, size_t *n, const char *question)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(asked[i].question, question) == 0)
            return &asked[i];
    if (*n == ANSWER_COLUMNS_MAX)
        return NULL;
    (void)snprintf(asked[*n].question, sizeof asked[*n].question, "%s", question);
    return &asked[(*n)++];
}

static bool count_answers(const json_t *person, asked_t *asked, size_t *n)
{
    const json_t *answers = json_object_get(person, "answers");
    for (size_t i = 0; i < json_array_size(answers); i++) {
        const json_t *answer = json_array_get(answers, i);
        asked_t *one = asked_of(asked, n, cli_text_of(answer, "question"));
        if (!one)
            return false;
        unsigned places = 0;
        for (size_t k = 0; k <= i; k++)
            places += strcmp(cli_text_of(json_array_get(answers, k), "question"), one->question) == 0;
        one->places = places > one->places ? places : one->places;
        one->has[ANSWER_TITLE] = one->has[ANSWER_TITLE] || *cli_text_of(answer, "title");
        one->has[ANSWER_HASH] = one->has[ANSWER_HASH] || *cli_text_of(answer, "hash");
    }
    return true;
}

static size_t list_columns(const asked_t *asked, size_t asked_n, answer_column_t *ret_columns)
{
    size_t n = 0;
    for (size_t i = 0; i < asked_n; i++) {
        for (unsigned k = 0; k < asked[i].places + ANSWER_HASH; k++) {
            answer_part_t part = k < asked[i].places ? ANSWER_VALUE : (answer_part_t)(k - asked[i].places + 1);
            if (part != ANSWER_VALUE && !asked[i].has[part])
                continue;
            if (n == ANSWER_COLUMNS_MAX)
                return SIZE_MAX;
            ret_columns[n] = (answer_column_t){.place = part == ANSWER_VALUE ? k : 0, .part = part};
            (void)snprintf(ret_columns[n].question, sizeof ret_columns[n].question, "%s", asked[i].question);
            n++;
        }
    }
    return n;
}

size_t answer_columns_of(const json_t *delegations, answer_column_t ret_columns[ANSWER_COLUMNS_MAX])
{
    asked_t *asked = calloc(ANSWER_COLUMNS_MAX, sizeof *asked);
    size_t asked_n = 0;
    bool fits = asked != NULL;
    for (size_t i = 0; i < json_array_size(delegations); i++) {
        const json_t *persons = json_object_get(json_array_get(delegations, i), "persons");
        for (size_t k = 0; fits && k < json_array_size(persons); k++)
            fits = count_answers(json_array_get(persons, k), asked, &asked_n);
    }
    size_t n = fits ? list_columns(asked, asked_n, ret_columns) : SIZE_MAX;
    free(asked);
    return n;
}

/* ---- in -------------------------------------------------------------------------------------------------------- */

/* The answer of this place; its places before have come, or come as empty ones that answer_settle takes out. */
static json_t *answer_at(json_t *answers, const answer_column_t *column)
{
    unsigned place = 0;
    for (size_t i = 0; i < json_array_size(answers); i++) {
        json_t *answer = json_array_get(answers, i);
        if (strcmp(cli_text_of(answer, "question"), column->question) == 0 && place++ == column->place)
            return answer;
    }
    json_t *answer = NULL;
    for (; place <= column->place; place++) {
        answer = json_pack("{s:s}", "question", column->question);
        if (!answer || json_array_append_new(answers, answer) != 0)
            return NULL;
    }
    return answer;
}

bool answer_put(json_t *person, const answer_column_t *column, const char *cell)
{
    json_t *answers = json_object_get(person, "answers");
    if (!answers && json_object_set_new(person, "answers", json_array()) != 0)
        return false;
    answers = json_object_get(person, "answers");
    json_t *answer = answer_at(answers, column), *text = *cell ? json_string(cell) : NULL;
    if (!answer || (*cell && !text)) {
        json_decref(text);
        return false;
    }
    return !text || json_object_set_new(answer, fields[column->part], text) == 0;
}

void answer_settle(json_t *person)
{
    json_t *answers = json_object_get(person, "answers");
    for (size_t i = json_array_size(answers); i-- > 0;)
        if (json_object_size(json_array_get(answers, i)) == 1) /* the question alone */
            json_array_remove(answers, i);
    if (answers && !json_array_size(answers))
        json_object_del(person, "answers");
}
