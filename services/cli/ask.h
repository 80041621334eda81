/* ask: one request made from flags, sent, and its outcome printed.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "send.h"

/* Sends data (taken) as this type with the key of --as, else the secretariat's; gives the exit status. status: what
 * went wrong before with the data, and then nothing is sent and it is given back. */
int cli_ask(cli_t *cli, int status, const char *type, json_t *data);
/* Puts the flag's value, or the text of the file that @FILE names. CLI_OK, or a status after having said why. */
int cli_put_flag(cli_t *cli, json_t *data, const char *flag, const char *field);
void cli_put_list(cli_t *cli, json_t *data, const char *flag, const char *field); /* "AZ,KZ" */
/* The same, and make says what each part is; len: octets of it. */
void cli_put_each(cli_t *cli, json_t *data, const char *flag, const char *field, json_t *(*make)(const char *, size_t));
int cli_put_plan(cli_t *cli, json_t *data, const char *plan); /* "2026-cbm": year and line */
/* Puts the flag's number, if it was given. */
int cli_put_count(cli_t *cli, json_t *data, const char *flag, const char *field, int64_t min, int64_t max);
/* Puts the halves of "A/B"; what names them for the usage error. */
int cli_put_pair(cli_t *cli, json_t *data, const char *text, const char *what, const char *first, const char *second);

#endif
