/* import: the lists of a plan file as requests.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "send.h"

typedef struct {
    const char *list; /* "parties" */
    int64_t sent, good, bad;
} cli_import_list_t;
enum { CLI_IMPORT_LISTS = 15 };

typedef struct {
    cli_import_list_t lists[CLI_IMPORT_LISTS];
    int64_t sent, good, bad;
    /* Every answer, also the good ones; may be NULL. */
    void (*done)(void *arg, const char *list, const cli_sent_t *sent);
    void *arg;
    bool dry;   /* only check */
    bool quiet; /* do not print what failed */
} cli_import_t;

/* doc: a plan file. CLI_OK when all was sent, whatever the outcomes. client: NULL for a dry run. */
int cli_import(cli_t *cli, cv_client_t *client, const json_t *doc, cli_import_t *import);

#endif
