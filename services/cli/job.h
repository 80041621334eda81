/* job: the main job: a sample's facts and exercise, sent as everybody would send them, and what came of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli.h"

typedef struct cli_job cli_job_t;

/* Reads the sample's files and finds the publishers. CLI_OK or a status, after having said why. */
int cli_job_new(cli_t *cli, cli_job_t **ret_job);
void cli_job_destroy(cli_job_t **job);
int64_t cli_job_clock_ms(const cli_job_t *job); /* the instant at which the sample begins */
/* With the services running. CLI_OK: done, and every check held; CLI_FAILED: one did not. */
int cli_job_run(cli_job_t *job);

#endif
