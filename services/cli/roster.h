/* roster: a sample's registrations as requests, dealt to two publishers.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_ROSTER_H
#define CLI_ROSTER_H

#include "cli.h"

enum { CLI_PUBLISHERS = 2 };

/* The request of one line of the roster: {"id", "type", "data"}; NULL: a line that says nothing we know. */
json_t *cli_roster_request(const json_t *people, const json_t *line);
/* Which publisher sends it: all of one party go the same way, so that what belongs together stays in order. */
size_t cli_roster_publisher(const json_t *line);
/* Writes each publisher's requests to its file, one JSON object per line. CLI_OK or a status. */
int cli_roster_write(cli_t *cli, const json_t *exercise, const char *const paths[CLI_PUBLISHERS],
                     int64_t ret_counts[CLI_PUBLISHERS]);

#endif
