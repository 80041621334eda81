/* csv: comma-separated values as RFC 4180 has them, with a header line.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "convene/error.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { CSV_COLUMNS_MAX = 256 };

typedef struct csv csv_t;

csv_t *csv_new(FILE *file, size_t row_max);
void csv_destroy(csv_t **csv);
/* First row: the names. CV_EINVAL with csv_error. */
int csv_header(csv_t *csv) CV_USE_RESULT;
/* 1: a row is there; 0: the end; CV_EINVAL: this row is bad, go on; CV_ELIMIT: it is too long, stop. Empty lines are
 * skipped. */
int csv_row(csv_t *csv);
size_t csv_columns(const csv_t *csv);
const char *csv_name(const csv_t *csv, size_t column);
const char *csv_cell(const csv_t *csv, size_t column);
int64_t csv_line(const csv_t *csv);      /* on which the row begins, from 1 */
const char *csv_error(const csv_t *csv); /* "" */

#endif
