/* sheet: see sheet.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sheet.h"

#include <string.h>

bool sheet_is_formula(const char *cell)
{
    const char c = cell[strspn(cell, "'")];
    return c && strchr("=+-@\t\r", c);
}

const char *sheet_unguard(const char *cell)
{
    return *cell == '\'' && sheet_is_formula(cell) ? cell + 1 : cell;
}

void sheet_put(FILE *file, const char *cell, bool first)
{
    bool guard = sheet_is_formula(cell), quote = strpbrk(cell, ",\"\r\n") != NULL || guard;
    if (!first)
        fputc(',', file);
    if (quote)
        fputc('"', file);
    if (guard)
        fputc('\'', file);
    for (const char *c = cell; *c; c++) {
        if (*c == '"')
            fputc('"', file);
        fputc(*c, file);
    }
    if (quote)
        fputc('"', file);
}
