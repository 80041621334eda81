/* calendar: the calendar part of a notice: an invitation, its update or its end (RFC 5545, 5546, 6047).
 * SPDX-License-Identifier: Apache-2.0
 *
 *   METHOD      REQUEST: registered, moved, renamed, another place, postponed, reinstated; CANCEL: the event is cancelled,
 *               or the delegation is not registered any more
 *   UID         of the event (convene/calendar.h): all parts about an event touch the same entry
 *   SEQUENCE    rises with each part that a delegation, or one of its persons, is sent about an event
 *   DTSTAMP     when it was decided, not when it is sent: the same notice gives the same bytes
 *   DTSTART     in UTC where the hour is known; a DATE with its last day where only the days are. Where not even the day is
 *               known, the day that was; if there was none, no part, or an end without a day: nothing is made up
 *   DTEND       so many minutes after it begins on its last day, where they are known; else, of an event of several days, the
 *               end of the last one at the place: who has it in a calendar is busy on all of them. Of one day, and no
 *               minutes: none, nothing is made up
 *   DESCRIPTION what the notice says, without greeting and foot
 *   STATUS      CONFIRMED; TENTATIVE and TRANSPARENT where a postponed event was; CANCELLED
 *
 * Text is escaped by libical, and comes in without control characters: no line can be added.
 */
#ifndef NOTIFICATIONS_CONTENT_CALENDAR_H
#define NOTIFICATIONS_CONTENT_CALENDAR_H

#include "convene/messages.h"

enum { NTF_CALENDAR_NONE = 0, NTF_CALENDAR_REQUEST = 1, NTF_CALENDAR_CANCEL = 2, NTF_CALENDAR_MAX = 64 * 1024 };
enum { NTF_DESCRIPTION_MAX = 4000 }; /* octets of a description */

typedef struct {
    int method;                                  /* NTF_CALENDAR_REQUEST or _CANCEL */
    const cv_scheduling_event_v1_t *event, *was; /* was: the version before; NULL: none */
    cv_str_t venue_name, zone_file;
    cv_str_t to_name, to_address;
    cv_str_t organizer; /* address of the sender */
    cv_str_t description;
    int64_t sent; /* parts that this delegation, or this person, was sent about the event before */
    int64_t time_ms;
} ntf_calendar_t;

/* "REQUEST" */
cv_str_t ntf_calendar_method(int method);
/* CV_ENOTFOUND: there is no day to write it at. */
int ntf_calendar(const ntf_calendar_t *calendar, cv_buf_t *out) CV_USE_RESULT;

#endif
