/* summary: what came of a sample: counts, seats, notices, and checks that must hold.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli.h"

/* One answer to one request, as its sender reported it. */
typedef struct {
    const char *id, *service, *cls, *code, *hash; /* cls "TIMEOUT": none; hash of the outcome's bytes */
    const char *expect;                           /* "": anything; "same": as the first with this id; or a class */
} cli_report_t;

typedef struct cli_summary cli_summary_t;

cli_summary_t *cli_summary_new(cli_t *cli);
void cli_summary_destroy(cli_summary_t **summary);
void cli_summary_sent(cli_summary_t *summary, int64_t requests); /* so many more were to be sent */
void cli_summary_answer(cli_summary_t *summary, const cli_report_t *report);
/* A check of the job itself. */
void cli_summary_check(cli_summary_t *summary, bool held, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Waits until every follower has read everything and no notice is on its way; false: not before the deadline. */
bool cli_summary_settled(cli_t *cli, int64_t end_ms, bool with_notices);
/* Asks the services for their state, adds the checks on it and prints everything. CLI_OK: all checks held. */
int cli_summary_print(cli_summary_t *summary);

#endif
