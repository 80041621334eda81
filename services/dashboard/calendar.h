/* calendar: the plan as iCalendar (RFC 5545, published as RFC 5546 says), for people who live in their calendars.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of an event
 *   UID        its id at one domain: the same for ever
 *   SEQUENCE   as scheduling counts it (convene/calendar.h): never falls, rises with time, place and STATUS. The new name
 *              of a venue or room is a correction, like that of a title: DTSTAMP and SEQUENCE are those of the record
 *   STATUS     TENTATIVE when adopted or postponed, CONFIRMED from scheduled on, CANCELLED. Few programs show it, so that
 *              SUMMARY begins with "POSTPONED: " and "CANCELLED: " as well
 *   DTSTART    the instant of its start in UTC, where that is known and it is over the same day; else its days, as DATEs,
 *              with DESCRIPTION for the hour on the wall. No zones: a reader needs no tz database, and cannot have
 *              another one. Where not even the day is known there is no entry, but one that is postponed, or cancelled then, stays
 *              where it was
 *   DTEND      the first day that is over. Where only the start's time is known there is none: it is not made up
 *   ORGANIZER  nobody, at a domain that cannot be (RFC 2606): there must be one (RFC 5546), and nobody is to be mailed.
 *              No ATTENDEE: who comes is not public
 *
 * Of a session, in its event's feed: a UID of its own (EVENT/SESSION, '/' is in no id), RELATED-TO the event, its room as
 * LOCATION, SEQUENCE by its version; from begin to until. One that is cancelled stays; one that is off the programme has
 * no time, and so no entry.
 *
 * Sessions are those of the newest release of their event, if it has one: an edit after it changes no feed until the next.
 *
 * What is only drafted, proposed, circulated or rejected is not for everybody: it is in the feed of the party that
 * proposes it alone, as TENTATIVE (rejected: CANCELLED). What was cancelled before it was ever decided is the same. All
 * else that is cancelled stays: what just vanishes stays in many calendars for ever.
 *
 * Invariants: entries stand in the order of their UIDs, and there is no time of rendering in them: the same records give
 * the same octets, in whatever process. So the ETag of a feed is that of its content.
 */
#ifndef DASHBOARD_CALENDAR_H
#define DASHBOARD_CALENDAR_H

#include "dashboard/core_view.h"
#include "dashboard/mirror.h"

/* code: of ALL none; PLAN: "2026" or "2026-cbm"; EVENT: an event's, with its sessions; else of what it is called after. */
typedef enum {
    DASH_FEED_ALL,
    DASH_FEED_DIMENSION,
    DASH_FEED_BODY,
    DASH_FEED_PARTY, /* events it proposes, those in its country and those it is registered for */
    DASH_FEED_PLAN,
    DASH_FEED_EVENT,
} dash_feed_t;

/* Is there such a feed? */
bool dash_calendar_known(const dash_mirror_t *mirror, dash_feed_t feed, const char *code);
/* A new reference; NULL: out of memory. *ret_at_ms: of the newest revision in it; 0: there is no entry. */
dash_text_t *dash_calendar(const dash_mirror_t *mirror, dash_feed_t feed, const char *code, int64_t *ret_at_ms);

#endif
