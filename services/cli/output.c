/* output: documents for programs, tables for people, errors for both.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MAX = 16, CELL_MAX = 512, WIDTH_DEFAULT = 120, WIDTH_LEAST = 40 };

/* ---- errors ------------------------------------------------------------------------------ */

static int fail(cli_t *cli, int status, const char *hint, const char *format, va_list args)
{
    char text[1024];
    (void)vsnprintf(text, sizeof text, format, args);
    fflush(stdout);
    fprintf(stderr, "convene: %s\n", text);
    if (hint)
        fprintf(stderr, "%s\n", hint);
    if (cli->json && !cli->failed_said) {
        cli->failed_said = true;
        json_t *error = json_pack("{s:i, s:s}", "status", status, "text", text);
        (void)cli_document(cli, "convene.cli.error.v1", json_pack("{s:o}", "error", error ? error : json_null()));
    }
    return status;
}

int cli_fail(cli_t *cli, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int result = fail(cli, status, NULL, format, args);
    va_end(args);
    return result;
}

int cli_usage(cli_t *cli, const char *format, ...)
{
    char hint[128] = "Try: convene help";
    if (cli->command)
        (void)snprintf(hint, sizeof hint, "Try: convene help %s", cli->command->name);
    va_list args;
    va_start(args, format);
    int result = fail(cli, CLI_USAGE, hint, format, args);
    va_end(args);
    return result;
}

int cli_status_of(int rc)
{
    switch (rc) {
    case CV_OK:
        return CLI_OK;
    case CV_EINVAL:
    case CV_EMALFORMED:
    case CV_ELIMIT:
    case CV_EUNKNOWN:
        return CLI_USAGE;
    case CV_ENOTFOUND:
    case CV_EPRUNED:
        return CLI_NOTFOUND;
    case CV_EREJECTED:
    case CV_ECONFLICT:
    case CV_EEXPIRED:
        return CLI_REFUSED;
    case CV_EBUSY:
    case CV_EUNAVAIL:
    case CV_EFULL:
    case CV_EAGAIN:
    case CV_ETIMEOUT:
        return CLI_UNREACHABLE;
    case CV_EDENIED:
        return CLI_DENIED;
    default:
        return CLI_FAILED;
    }
}

int cli_status_of_class(cv_outcome_class_t cls)
{
    switch (cls) {
    case CV_OUTCOME_CLASS_OK:
        return CLI_OK;
    case CV_OUTCOME_CLASS_REJECTED:
    case CV_OUTCOME_CLASS_CONFLICT:
    case CV_OUTCOME_CLASS_EXPIRED:
        return CLI_REFUSED;
    case CV_OUTCOME_CLASS_INVALID:
        return CLI_USAGE;
    case CV_OUTCOME_CLASS_DENIED:
        return CLI_DENIED;
    case CV_OUTCOME_CLASS_NOTFOUND:
        return CLI_NOTFOUND;
    case CV_OUTCOME_CLASS_BUSY:
    case CV_OUTCOME_CLASS_UNAVAILABLE:
        return CLI_UNREACHABLE;
    case CV_OUTCOME_CLASS_ABSENT:
    case CV_OUTCOME_CLASS_INTERNAL:
    default:
        return CLI_FAILED;
    }
}

void cli_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fflush(stdout);
    vfprintf(stderr, format, args);
    va_end(args);
}

/* ---- documents --------------------------------------------------------------------------- */

int cli_document(cli_t *cli, const char *schema, json_t *doc)
{
    (void)cli;
    json_t *whole = json_pack("{s:s}", "schema", schema);
    int rc = whole && doc ? json_object_update(whole, doc) : -1;
    if (rc == 0)
        rc = json_dumpf(whole, stdout, JSON_INDENT(2));
    json_decref(whole);
    json_decref(doc);
    if (rc == 0)
        putchar('\n');
    return rc == 0 ? CLI_OK : CLI_FAILED;
}

int cli_line(json_t *doc)
{
    int rc = doc ? json_dumpf(doc, stdout, JSON_COMPACT) : -1;
    json_decref(doc);
    putchar('\n');
    return rc == 0 && fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}

/* ---- colour and width ---------------------------------------------------------------------- */

const char *cli_style(const cli_t *cli, cli_style_t style)
{
    static const char *const codes[] = {"\033[0m", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"};
    return cli->colour ? codes[style] : "";
}

size_t cli_text_width(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* The octets of the first `width` characters. */
static size_t cut_at(const char *text, size_t width)
{
    size_t i = 0;
    for (size_t n = 0; text[i]; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80 && n++ == width)
            break;
    return i;
}

static size_t terminal_width(const cli_t *cli)
{
    struct winsize size;
    if (cli->tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
        return size.ws_col;
    return cli->tty ? WIDTH_DEFAULT : SIZE_MAX;
}

/* ---- tables ------------------------------------------------------------------------------ */

typedef struct {
    char *text;
    cli_style_t style;
} cell_t;

struct cli_table {
    cli_t *cli;
    const char *names[COLUMNS_MAX];
    bool right[COLUMNS_MAX];
    size_t columns_n;
    cell_t *cells;
    size_t cells_n, cells_room;
};

cli_table_t *cli_table_new(cli_t *cli, const char *const *columns, size_t n)
{
    cli_table_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->cli = cli;
    self->columns_n = n < COLUMNS_MAX ? n : COLUMNS_MAX;
    for (size_t i = 0; i < self->columns_n; i++) {
        self->right[i] = columns[i][0] == '#';
        self->names[i] = columns[i] + self->right[i];
    }
    return self;
}

void cli_table_cell(cli_table_t *self, cli_style_t style, const char *format, ...)
{
    if (!self)
        return;
    if (self->cells_n == self->cells_room) {
        size_t room = self->cells_room ? 2 * self->cells_room : 64;
        cell_t *cells = realloc(self->cells, room * sizeof *cells);
        if (!cells)
            return;
        self->cells = cells;
        self->cells_room = room;
    }
    char text[CELL_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char *copy = strdup(text);
    if (copy)
        self->cells[self->cells_n++] = (cell_t){copy, style};
}

static void print_cell(const cli_table_t *self, const char *text, size_t width, bool right, bool last,
                       cli_style_t style)
{
    size_t have = cli_text_width(text, strlen(text));
    size_t octets = have > width ? cut_at(text, width) : strlen(text);
    size_t pad = have < width ? width - have : 0;
    const char *on = style == CLI_PLAIN ? "" : cli_style(self->cli, style),
               *off = style == CLI_PLAIN ? "" : cli_style(self->cli, CLI_PLAIN);
    if (right)
        printf("%*s", (int)pad, "");
    printf("%s%.*s%s", on, (int)octets, text, off);
    if (!right && !last)
        printf("%*s", (int)pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

/* The widest column gives way until all fit. */
static void fit(const cli_table_t *self, size_t widths[COLUMNS_MAX])
{
    size_t room = terminal_width(self->cli), gaps = 2 * (self->columns_n - 1);
    for (;;) {
        size_t total = gaps, widest = 0;
        for (size_t i = 0; i < self->columns_n; i++) {
            total += widths[i];
            if (widths[i] > widths[widest])
                widest = i;
        }
        if (total <= room || widths[widest] <= 8)
            return;
        widths[widest]--;
    }
}

static void print_table(const cli_table_t *self)
{
    size_t widths[COLUMNS_MAX] = {0};
    for (size_t i = 0; i < self->columns_n; i++)
        widths[i] = strlen(self->names[i]);
    for (size_t i = 0; i < self->cells_n; i++) {
        size_t width = cli_text_width(self->cells[i].text, strlen(self->cells[i].text));
        if (width > widths[i % self->columns_n])
            widths[i % self->columns_n] = width;
    }
    fit(self, widths);
    for (size_t i = 0; i < self->columns_n; i++)
        print_cell(self, self->names[i], widths[i], self->right[i], i + 1 == self->columns_n, CLI_BOLD);
    for (size_t i = 0; i < self->cells_n; i++) {
        size_t column = i % self->columns_n;
        print_cell(self, self->cells[i].text, widths[column], self->right[column], column + 1 == self->columns_n,
                   self->cells[i].style);
    }
}

void cli_table_print(cli_table_t **table)
{
    cli_table_finish(table, true);
}

void cli_table_finish(cli_table_t **table, bool print)
{
    cli_table_t *self = *table;
    if (!self)
        return;
    if (print && self->columns_n)
        print_table(self);
    for (size_t i = 0; i < self->cells_n; i++)
        free(self->cells[i].text);
    free(self->cells);
    free(self);
    *table = NULL;
}
