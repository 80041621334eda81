/* calendar_entry: one event or session as an entry of a calendar; calendar.h says what stands in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DASHBOARD_CALENDAR_ENTRY_H
#define DASHBOARD_CALENDAR_ENTRY_H

#include "convene/calendar.h"
#include "dashboard/core_view.h"
#include "dashboard/mirror.h"

#include <libical/ical.h>

cv_calendar_status_t dash_entry_status(const json_t *event);
/* NULL: it has no day. at_ms: of this revision. */
icalcomponent *dash_entry_event(const dash_mirror_t *mirror, const json_t *event, int64_t at_ms);
/* NULL: it has no time. */
icalcomponent *dash_entry_session(const dash_mirror_t *mirror, const json_t *session, int64_t at_ms);

#endif
