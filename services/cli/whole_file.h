/* whole_file: a file that is written whole or not at all.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   whole_file_open   PATH.tmp-XXXXXX beside it          ... write ...
 *   whole_file_close  sync, rename; or, after anything went wrong or with keep false, unlink: PATH is what it was
 *
 * Killed in between: a file named PATH.tmp-... stays, and PATH is what it was. PATH "-" or NULL: standard output, which
 * cannot be taken back.
 */
#ifndef CLI_WHOLE_FILE_H
#define CLI_WHOLE_FILE_H

#include "cli.h"

typedef struct {
    const char *path; /* NULL: standard output */
    char temporary[CLI_PATH_MAX];
    FILE *file;
} whole_file_t;

/* CLI_OK or a status, having said why. */
int whole_file_open(cli_t *cli, const char *path, whole_file_t *ret_file);
int whole_file_close(cli_t *cli, whole_file_t *file, bool keep);

#endif
