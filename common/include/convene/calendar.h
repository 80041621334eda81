/* calendar: what all calendars that Convene writes say alike of an event: the page's feeds, the invitations in notices.
 * SPDX-License-Identifier: Apache-2.0
 *
 * UID is the event's id at one domain, the same for ever. SEQUENCE is the event's version less one, so that it grows with
 * every change; for one reader it also counts what that reader alone was sent before (an invitation, its withdrawal, a
 * new invitation, all under one version): a calendar takes only what has a higher number than what it has.
 */
#ifndef CONVENE_CALENDAR_H
#define CONVENE_CALENDAR_H

#include "convene/bytes.h"

#define CV_CALENDAR_DOMAIN "convene.invalid"
enum { CV_CALENDAR_UID_MAX = 96 };

/* CV_ELIMIT: it does not fit. */
int cv_calendar_uid(cv_str_t event, char ret_uid[CV_CALENDAR_UID_MAX + 1]) CV_USE_RESULT;
/* sent: what this reader was sent about the event before; 0 in what is for everybody. */
int cv_calendar_sequence(int64_t version, int64_t sent);

#endif
