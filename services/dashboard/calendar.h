/* calendar: the plan as iCalendar (RFC 5545), for people who live in their calendars.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   UID        the event's id at one domain: the same for ever
 *   SEQUENCE   the event's version less one: grows with each change, so that a calendar takes it
 *   STATUS     CANCELLED, CONFIRMED from adopted on, else TENTATIVE; a postponed event is TENTATIVE where it was
 *   DTSTART    a DATE where only the day is known; else wall time in the event's zone, with its VTIMEZONE. Where not
 *              even the day is known there is no entry: nothing is made up
 *   no ATTENDEE, no ORGANIZER: who comes is not public, and nobody must be mailed by a calendar
 *
 * A cancelled event stays in the feed: what just vanishes stays in many calendars for ever. The ETag of a feed is that
 * of its content, which has no time of its own in it (DTSTAMP is the event's last change).
 */
#ifndef DASHBOARD_CALENDAR_H
#define DASHBOARD_CALENDAR_H

#include "dashboard/mirror.h"

typedef enum { DASH_FEED_ALL, DASH_FEED_DIMENSION, DASH_FEED_BODY, DASH_FEED_PARTY } dash_feed_t;

enum { DASH_REFRESH_MINUTES = 60 };

/* A party's feed has the events it proposes, those in its country and those it is registered for. code: NULL for all.
 * A new reference; NULL: out of memory. */
dash_text_t *dash_calendar(const dash_mirror_t *mirror, dash_feed_t feed, const char *code);

#endif
