/* findings: see findings.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>

void cli_find(cli_findings_t *findings, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (findings->n++ < CLI_FINDINGS_SHOWN)
        (void)json_array_append_new(findings->shown, json_string(text));
}

void cli_findings_print(cli_t *cli, const cli_findings_t *findings, const char *clean)
{
    const size_t shown = json_array_size(findings->shown);
    for (size_t i = 0; i < shown; i++)
        printf("%sfound%s  %s\n", cli_style(cli, CLI_RED), cli_style(cli, CLI_PLAIN),
               json_string_value(json_array_get(findings->shown, i)));
    if (findings->n > shown)
        printf("and %zu more\n", findings->n - shown);
    if (findings->n)
        printf("%zu things are wrong.\n", findings->n);
    else
        printf("%s\n", clean);
}
