/* findings: what an audit has found wrong: counted, and the first ones in words.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "cli.h"

enum { CLI_FINDINGS_SHOWN = 20 };

typedef struct {
    size_t n;
    json_t *shown; /* an array of texts; whoever audits makes it and lets it go */
} cli_findings_t;

__attribute__((format(printf, 2, 3))) void cli_find(cli_findings_t *findings, const char *format, ...);
/* clean: what is said when there are none. */
void cli_findings_print(cli_t *cli, const cli_findings_t *findings, const char *clean);

#endif
