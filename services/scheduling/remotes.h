/* remotes: what clocks show where people are who take part in a session from afar.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_REMOTES_H
#define SCHEDULING_REMOTES_H

#include "scheduling/core_conflicts.h"

enum { SCH_REMOTES_MAX = CV_SESSION_SPEAKERS_MAX + 1 };

/* At the beginning of a session that is placed; none of one that is not. A zone that this machine does not know says
 * nothing. CV_ENOMEM. */
int sch_remotes_gather(const sch_sitting_t *sitting, sch_remote_t ret_remotes[SCH_REMOTES_MAX],
                       size_t *ret_n) CV_USE_RESULT;

#endif
