/* core_sessions: rooms and sessions, decided from facts alone: no socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sitting is a session as it is now: what was asked for, and the instants that its wall clock means. Times are
 * half-open: a session that ends at 11:00 leaves its room to one that begins at 11:00, whatever midnight or change of
 * clocks lies between. Lengths are minutes that pass, not minutes on a clock.
 */
#ifndef SCHEDULING_CORE_SESSIONS_H
#define SCHEDULING_CORE_SESSIONS_H

#include "scheduling/core_decisions.h"

typedef cv_scheduling_session_v1_t sch_sitting_t;

enum { SCH_SESSION_NAME_MAX = 97 /* octets of EVENT/SESSION */ };

bool sch_is_placed(const sch_sitting_t *sitting);
bool sch_is_sitting(const sch_sitting_t *sitting, cv_str_t event, cv_str_t session);
/* First and last day by the clock of its zone, as days since 1970-01-01. What ends at midnight has not begun the next
 * day. false: it is not placed. */
bool sch_sitting_days(const sch_sitting_t *sitting, int64_t *ret_first, int64_t *ret_last);
/* "2026-05-11 09:30 to 11:00". */
enum { SCH_WHEN_MAX = 40 };
const char *sch_sitting_when(const sch_sitting_t *sitting, char ret_text[SCH_WHEN_MAX]);

/* May sessions of this event be put, placed or cancelled? */
int sch_check_programme_open(const cv_scheduling_event_v1_t *event, sch_no_t *ret_no) CV_USE_RESULT;
/* Spans of a room are times in order, none empty. has_zone: the venue says its zone. */
int sch_check_room(const cv_room_t *room, bool has_zone, sch_no_t *ret_no) CV_USE_RESULT;
/* Pauses of a venue end after they begin. */
int sch_check_venue(const cv_venue_t *venue, sch_no_t *ret_no) CV_USE_RESULT;
/* What a session says fits together. */
int sch_check_session(const cv_session_t *session, sch_no_t *ret_no) CV_USE_RESULT;
int sch_check_sitting_version(const sch_sitting_t *sitting, bool has_expected, int64_t expected,
                              sch_no_t *ret_no) CV_USE_RESULT;
/* Fills in begin and end. venue_zone: CV_STR_NONE when not said. The session's own zone, else the venue's, is the one
 * whose file this is (CV_STR_NONE: there is none). */
cv_str_t sch_session_zone(const cv_session_t *session, cv_str_t venue_zone);
int sch_set_instants(sch_sitting_t *sitting, cv_str_t venue_zone, cv_str_t file, sch_no_t *ret_no) CV_USE_RESULT;
/* Off the programme: without time; the room stays as a wish. */
void sch_take_off(sch_sitting_t *sitting);

#endif
