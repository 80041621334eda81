/* keys: the key files of one installation.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "cli.h"

/* Makes the directory and whatever key of a first start is missing; *ret_made (may be NULL): how many. */
int cli_keys_ensure(cli_t *cli, int *ret_made);
/* One more key. CV_ECONFLICT: it is there. */
int cli_keys_one(cli_t *cli, const char *name, unsigned role, const char *party);
/* For each directory root/NAME: what the program NAME needs, see share.c. After cli_config. CLI_OK or a status. */
int cli_keys_share_into(cli_t *cli, const char *root, int *ret_programs, int *ret_changed);
int cli_make_directory(cli_t *cli, const char *path); /* with its parents; CLI_OK or a status */

#endif
