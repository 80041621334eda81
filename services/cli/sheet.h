/* sheet: cells of CSV that a spreadsheet shows and does not run.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A spreadsheet takes a cell that begins with = + - @, a tab or a carriage return for a formula, quoted or not. So such
 * a cell gets a ' in front, and one that has it already gets another: what is written can be read back to the octet.
 */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include <stdbool.h>
#include <stdio.h>

/* Whether the cell is '... and then what would be a formula; with none in front: a formula. */
bool sheet_is_formula(const char *cell);
/* The cell without what sheet_put put in front. */
const char *sheet_unguard(const char *cell);
/* One cell, guarded and quoted as needed; first: without a comma before it. */
void sheet_put(FILE *file, const char *cell, bool first);

#endif
