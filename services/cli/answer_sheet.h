/* answer_sheet: answers to an event's form as columns of a sheet, out and back in without loss.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   answers.diet                        the answer; of a reference its address
 *   answers.workshop, .2, .3            several choices: a column each, as many as somebody has chosen
 *   answers.paper.title, .hash          what else a reference has
 *
 * The columns of a file are those that its persons need, questions in the order in which they first come up.
 */
#ifndef CLI_ANSWER_SHEET_H
#define CLI_ANSWER_SHEET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { ANSWER_QUESTION_MAX = 49, ANSWER_COLUMNS_MAX = 192, ANSWER_COLUMN_TEXT = 80 };

typedef enum { ANSWER_VALUE, ANSWER_TITLE, ANSWER_HASH } answer_part_t;
typedef struct {
    char question[ANSWER_QUESTION_MAX];
    unsigned place; /* which of the answers to it, from 0 */
    answer_part_t part;
} answer_column_t;

/* "answers.workshop.2" and the like. false: the name is none of these. */
bool answer_column_read(const char *name, answer_column_t *ret_column);
void answer_column_name(const answer_column_t *column, char ret_name[ANSWER_COLUMN_TEXT]);
/* What stands in this column of a person; "": nothing. Borrowed. */
const char *answer_cell(const json_t *person, const answer_column_t *column);
/* The columns that these delegations' persons need; SIZE_MAX: more than ret_columns takes. */
size_t answer_columns_of(const json_t *delegations, answer_column_t ret_columns[ANSWER_COLUMNS_MAX]);
/* Puts a cell of a person, whose columns come in any order. false: out of memory, or no UTF-8. */
bool answer_put(json_t *person, const answer_column_t *column, const char *cell);
/* When all cells of a person are put: a person without answers has no field for them. */
void answer_settle(json_t *person);

#endif
