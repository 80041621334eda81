/* place_facts: parts of place_model.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLI_PLACE_FACTS_H
#define CLI_PLACE_FACTS_H

#include "place_model.h"

void place_take_rules(cli_place_t *place);
void place_take_members(cli_place_t *place);
void place_take_calendars(cli_place_t *place);
/* Exit status; bits of the members that come to an event. */
int place_take_confirmed(cli_t *cli, const cli_place_t *place, const json_t *event, uint64_t *ret_members);
void place_take_hours(const json_t *event, int64_t day, sch_annual_item_t *item); /* day: since 1970-01-01 */
int place_member_of(const cli_place_t *place, const char *code);                  /* -1: none */

#endif
