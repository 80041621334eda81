/* rows: rows that gather in memory and become rows of a table by one statement. See convene/store.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Most of what a small INSERT costs is not the row: opening and closing its cursor, binding, starting and ending the
 * program. So a batch gathers its rows here, and SQLite reads them as a virtual table:
 *
 *   INSERT INTO person SELECT * FROM person_rows
 *
 * The table is eponymous: it exists by its module's name, is in no schema and in no file. Reading it once from front to
 * back is all it can do.
 */
#include "store/db.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 16, FIRST_ROOM = 256 };

typedef struct {
    enum { NOTHING, INTEGER, TEXT, BLOB } kind;
    int len;
    union {
        int64_t number;
        const char *bytes;
    };
} cell_t;

struct cv_rows {
    int columns_n;
    size_t n, room; /* rows */
    cell_t *cells;
};

typedef struct {
    sqlite3_vtab base;
    cv_rows_t *rows;
} table_t;

typedef struct {
    sqlite3_vtab_cursor base;
    size_t at;
} cursor_t;

/* ---- what SQLite calls -------------------------------------------------------------------- */

static int on_connect(sqlite3 *db, void *rows, int argc, const char *const *argv, sqlite3_vtab **ret_table,
                      char **ret_error)
{
    char sql[32 + 5 * COLUMNS_MAX];
    (void)argc;
    (void)argv;
    (void)ret_error;
    size_t len = (size_t)snprintf(sql, sizeof sql, "CREATE TABLE x(c0");
    for (int i = 1; i < ((cv_rows_t *)rows)->columns_n; i++)
        len += (size_t)snprintf(sql + len, sizeof sql - len, ",c%d", i);
    snprintf(sql + len, sizeof sql - len, ")");
    int rc = sqlite3_declare_vtab(db, sql);
    if (rc)
        return rc;
    table_t *table = sqlite3_malloc(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    *table = (table_t){.rows = rows};
    *ret_table = &table->base;
    return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

static int on_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    info->estimatedRows = (sqlite3_int64)((table_t *)table)->rows->n;
    return SQLITE_OK;
}

static int on_open(sqlite3_vtab *table, sqlite3_vtab_cursor **ret_cursor)
{
    (void)table;
    cursor_t *cursor = sqlite3_malloc(sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    memset(cursor, 0, sizeof *cursor);
    *ret_cursor = &cursor->base;
    return SQLITE_OK;
}

static int on_close(sqlite3_vtab_cursor *cursor)
{
    sqlite3_free(cursor);
    return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *cursor, int index, const char *text, int argc, sqlite3_value **argv)
{
    (void)index;
    (void)text;
    (void)argc;
    (void)argv;
    ((cursor_t *)cursor)->at = 0;
    return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *cursor)
{
    ((cursor_t *)cursor)->at++;
    return SQLITE_OK;
}

static const cv_rows_t *rows_of(sqlite3_vtab_cursor *cursor)
{
    return ((table_t *)cursor->pVtab)->rows;
}

static int on_eof(sqlite3_vtab_cursor *cursor)
{
    return ((cursor_t *)cursor)->at >= rows_of(cursor)->n;
}

static int on_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
    const cv_rows_t *rows = rows_of(cursor);
    const cell_t *cell = &rows->cells[((cursor_t *)cursor)->at * (size_t)rows->columns_n + (size_t)column];
    switch (cell->kind) {
    case NOTHING:
        break; /* NULL */
    case INTEGER:
        sqlite3_result_int64(context, cell->number);
        break;
    case TEXT:
        sqlite3_result_text(context, cell->bytes, cell->len, SQLITE_STATIC);
        break;
    case BLOB:
        sqlite3_result_blob(context, cell->bytes, cell->len, SQLITE_STATIC);
        break;
    }
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret_rowid)
{
    *ret_rowid = (sqlite3_int64)((cursor_t *)cursor)->at;
    return SQLITE_OK;
}

static const sqlite3_module MODULE = {
    .xConnect = on_connect, /* no xCreate: eponymous only */
    .xBestIndex = on_best_index,
    .xDisconnect = on_disconnect,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

/* ---- what services call ------------------------------------------------------------------- */

int cv_rows_new(cv_db_t *db, const char *name, int columns_n, cv_rows_t **ret_rows)
{
    if (columns_n < 1 || columns_n > COLUMNS_MAX)
        return CV_EINVAL;
    cv_rows_t *rows = calloc(1, sizeof *rows);
    if (!rows)
        return CV_ENOMEM;
    rows->columns_n = columns_n;
    if (sqlite3_create_module_v2(cv_db_raw(db), name, &MODULE, rows, NULL)) {
        free(rows);
        return CV_ENOMEM;
    }
    *ret_rows = rows;
    return CV_OK;
}

void cv_rows_destroy(cv_rows_t **rows)
{
    if (!*rows)
        return;
    free((*rows)->cells);
    free(*rows);
    *rows = NULL;
}

int cv_rows_add(cv_rows_t *rows)
{
    size_t columns = (size_t)rows->columns_n;
    if (rows->n == rows->room) {
        size_t room = rows->room ? rows->room * 2 : FIRST_ROOM;
        if (room > CV_ROWS_MAX)
            return CV_ELIMIT;
        cell_t *grown = realloc(rows->cells, room * columns * sizeof *grown);
        if (!grown)
            return CV_ENOMEM;
        rows->cells = grown;
        rows->room = room;
    }
    memset(rows->cells + rows->n++ * columns, 0, columns * sizeof *rows->cells);
    return CV_OK;
}

static cell_t *cell_of(cv_rows_t *rows, int column)
{
    return &rows->cells[(rows->n - 1) * (size_t)rows->columns_n + (size_t)column];
}

void cv_rows_int(cv_rows_t *rows, int column, int64_t value)
{
    *cell_of(rows, column) = (cell_t){.kind = INTEGER, .number = value};
}

void cv_rows_text(cv_rows_t *rows, int column, cv_str_t value)
{
    if (value.ptr)
        *cell_of(rows, column) = (cell_t){.kind = TEXT, .len = (int)value.len, .bytes = value.ptr};
}

void cv_rows_blob(cv_rows_t *rows, int column, cv_str_t value)
{
    if (value.ptr)
        *cell_of(rows, column) = (cell_t){.kind = BLOB, .len = (int)value.len, .bytes = value.ptr};
}

size_t cv_rows_n(const cv_rows_t *rows)
{
    return rows->n;
}

void cv_rows_clear(cv_rows_t *rows)
{
    rows->n = 0;
}
