/* zone: the files of the tz database that this machine has.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_ZONE_H
#define SCHEDULING_ZONE_H

#include "convene/bytes.h"

/* A zone's file, in the arena. CV_ENOTFOUND: there is no such zone here. */
int sch_zone_read(cv_arena_t *arena, cv_str_t zone, cv_str_t *ret_file) CV_USE_RESULT;

#endif
