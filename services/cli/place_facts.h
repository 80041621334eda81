/* place_facts: parts of place_model.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_PLACE_FACTS_H
#define CLI_PLACE_FACTS_H

#include "place_model.h"

void place_take_rules(cli_place_t *place);
void place_take_members(cli_place_t *place);
void place_take_calendars(cli_place_t *place);
int place_member_of(const cli_place_t *place, const char *code); /* -1: none */

#endif
