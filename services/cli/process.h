/* process: child processes, signals and the places of our own files.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_PROCESS_H
#define CLI_PROCESS_H

#include "cli.h"

#include <sys/types.h>

/* SIGINT and SIGTERM only set a flag that cli_stopped reads. */
void cli_catch_signals(void);
bool cli_stopped(void);

/* The directory of this program; "" if it cannot be told. */
const char *cli_own_directory(void);
/* A program beside this one. False: there is none. */
bool cli_beside(const char *name, char ret_path[CLI_PATH_MAX]);

/* Starts a program (argv ends with NULL) that dies with us. out: file descriptor for its standard error and output;
 * -1: ours. CV_OK or CV_EIO. */
int cli_spawn(const char *path, const char *const *argv, int out, pid_t *ret_child);
/* convene-<service> with this command's configuration and extra arguments (ending with NULL; may be NULL). */
int cli_service_start(cli_t *cli, const char *service, const char *const *extra, int out, pid_t *ret_child);

#endif
