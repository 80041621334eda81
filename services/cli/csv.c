/* csv: see csv.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct csv {
    FILE *file;
    size_t row_max;
    char *header, *row; /* cells, each with its NUL */
    size_t row_len;
    size_t names[CSV_COLUMNS_MAX], cells[CSV_COLUMNS_MAX]; /* where each begins */
    size_t columns_n, cells_n;
    int64_t line, next_line;
    char error[128];
};

csv_t *csv_new(FILE *file, size_t row_max)
{
    csv_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->file = file;
    self->row_max = row_max;
    self->next_line = 1;
    self->header = malloc(row_max + 1);
    self->row = malloc(row_max + 1);
    if (!self->header || !self->row)
        csv_destroy(&self);
    return self;
}

void csv_destroy(csv_t **csv)
{
    if (!*csv)
        return;
    free((*csv)->header);
    free((*csv)->row);
    free(*csv);
    *csv = NULL;
}

static int wrong(csv_t *self, int rc, const char *text)
{
    (void)snprintf(self->error, sizeof self->error, "%s", text);
    return rc;
}

enum { EMPTY_LINE = 2 };

/* Reads one row into row and cells. 1, EMPTY_LINE, 0 at the end, or CV_E*; a bad row is read to its end. */
static int read_line(csv_t *self)
{
    bool quoted = false, was_quoted = false, bad = false, any = false;
    self->row_len = self->cells_n = 0;
    self->cells[0] = 0;
    self->line = self->next_line;
    for (;;) {
        int c = getc(self->file);
        if (c == EOF && quoted)
            return wrong(self, CV_ELIMIT, "a quote is not closed");
        if (c == EOF && !any)
            return 0;
        if (c == '\n')
            self->next_line++;
        if (self->row_len >= self->row_max)
            return wrong(self, CV_ELIMIT, "the row is too long");
        if (quoted && c == '"') {
            c = getc(self->file);
            if (c == '"') {
                self->row[self->row_len++] = '"';
                continue;
            }
            quoted = false;
            if (c == '\n')
                self->next_line++;
        } else if (quoted) {
            self->row[self->row_len++] = (char)c;
            continue;
        } else if (c == '"' && self->row_len == self->cells[self->cells_n] && !was_quoted) {
            quoted = was_quoted = any = true;
            continue;
        }
        if (c == '\r')
            continue;
        if (c != ',' && c != '\n' && c != EOF) {
            any = true;
            bad |= was_quoted || c == 0;
            self->row[self->row_len++] = (char)c;
            continue;
        }
        any |= c == ',';
        self->row[self->row_len++] = '\0';
        self->cells_n++;
        if (c != ',')
            break;
        was_quoted = false;
        if (self->cells_n == CSV_COLUMNS_MAX) {
            bad = true;
            self->cells_n--;
        }
        self->cells[self->cells_n] = self->row_len;
    }
    if (!any && self->cells_n == 1)
        return EMPTY_LINE;
    return bad ? wrong(self, CV_EINVAL, "has text behind a closing quote, or too many columns") : 1;
}

static int read_row(csv_t *self)
{
    int rc;
    do
        rc = read_line(self);
    while (rc == EMPTY_LINE);
    return rc;
}

int csv_header(csv_t *self)
{
    int rc = read_row(self);
    if (rc <= 0)
        return rc ? rc : wrong(self, CV_EINVAL, "there is no header line");
    memcpy(self->header, self->row, self->row_len);
    memcpy(self->names, self->cells, sizeof self->names);
    self->columns_n = self->cells_n;
    /* Spreadsheets put a byte order mark in front. */
    if (strncmp(self->header, "\xEF\xBB\xBF", 3) == 0)
        self->names[0] += 3;
    for (size_t i = 0; i < self->columns_n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(csv_name(self, i), csv_name(self, k)) == 0)
                return wrong(self, CV_EINVAL, "the header names a column twice");
    return CV_OK;
}

int csv_row(csv_t *self)
{
    self->error[0] = '\0';
    int rc = read_row(self);
    if (rc == 1 && self->cells_n != self->columns_n) {
        (void)snprintf(self->error, sizeof self->error, "has %zu cells, the header has %zu", self->cells_n,
                       self->columns_n);
        return CV_EINVAL;
    }
    return rc;
}

size_t csv_columns(const csv_t *self)
{
    return self->columns_n;
}

const char *csv_name(const csv_t *self, size_t column)
{
    return self->header + self->names[column];
}

const char *csv_cell(const csv_t *self, size_t column)
{
    return self->row + self->cells[column];
}

int64_t csv_line(const csv_t *self)
{
    return self->line;
}

const char *csv_error(const csv_t *self)
{
    return self->error;
}
