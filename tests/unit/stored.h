/* stored: whether octets lie in the files of a database. For tests of what must not be there.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_STORED_H
#define TESTS_STORED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline bool file_has(const char *path, const char *octets, size_t len)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return false;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    bool found = memmem(bytes, size, octets, len) != NULL;
    free(bytes);
    return found;
}

/* In the database or its WAL. */
static inline bool stored_in(const char *database, const char *octets, size_t len)
{
    char wal[160];
    snprintf(wal, sizeof wal, "%s-wal", database);
    return file_has(database, octets, len) || file_has(wal, octets, len);
}

#endif
