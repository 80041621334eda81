/* fetch_http: one GET over plain HTTP, for what a dashboard serves.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_FETCH_HTTP_H
#define CLI_FETCH_HTTP_H

#include "cli.h"

enum { CLI_HTTP_MAX = 256 * 1024 * 1024 /* octets of an answer */ };

/* url: "http://127.0.0.1:24180" with or without a '/' at the end; path: "/api/view". The body of an answer 200, as JSON
 * with CLI_OK; else the exit status, and why was said. */
int cli_http_json(cli_t *cli, const char *url, const char *path, json_t **ret_json);

#endif
