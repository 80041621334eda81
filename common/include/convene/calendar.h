/* calendar: what all calendars that Convene writes say alike of an event: the page's feeds, the invitations in notices.
 * SPDX-License-Identifier: Apache-2.0
 *
 * UID is the event's id at one domain, the same for ever: that of the setting calendar/domain, so that two Convenes with an
 * event of the same id are told apart in one calendar. It is set once, before anything is published: another domain later
 * is another entry for whoever subscribes. SEQUENCE never falls for one reader:
 *
 *   in feeds        scheduling counts it (calendar_sequence of an event's record): one more when the entry must be taken
 *                   anew, the same after a corrected title. Of records without it: version less one, which is never less
 *   in invitations  version less one, and what that reader alone was sent before (an invitation, its withdrawal, a new
 *                   invitation, all under one version): a calendar takes only what has a higher number than what it has.
 *                   Not calendar_sequence: that is less for events of long histories, and would fall for who has an
 *                   invitation already
 */
#ifndef CONVENE_CALENDAR_H
#define CONVENE_CALENDAR_H

#include "convene/bytes.h"

#define CV_CALENDAR_DOMAIN "convene.invalid" /* where none is set: one that cannot be (RFC 2606) */
enum { CV_CALENDAR_DOMAIN_MAX = 63, CV_CALENDAR_UID_MAX = 64 + 1 + CV_CALENDAR_DOMAIN_MAX };

/* Of this process, before it has threads. CV_EINVAL: it is no name of a domain, and nothing was set. */
int cv_calendar_set_domain(cv_str_t domain) CV_USE_RESULT;
const char *cv_calendar_domain(void);

/* What an event's status ("adopted") is to a calendar. Three of these are TENTATIVE there, two CANCELLED. */
typedef enum {
    CV_CALENDAR_UNDECIDED, /* TENTATIVE; not for everybody */
    CV_CALENDAR_REJECTED,  /* CANCELLED; never was for everybody */
    CV_CALENDAR_TENTATIVE,
    CV_CALENDAR_POSTPONED, /* TENTATIVE, and keeps nobody busy */
    CV_CALENDAR_CONFIRMED, /* from scheduled on */
    CV_CALENDAR_CANCELLED,
} cv_calendar_status_t;
cv_calendar_status_t cv_calendar_status(cv_str_t status);

/* CV_ELIMIT: it does not fit. */
int cv_calendar_uid(cv_str_t event, char ret_uid[CV_CALENDAR_UID_MAX + 1]) CV_USE_RESULT;
/* sent: what this reader was sent about the event before; 0 in what is for everybody. */
int cv_calendar_sequence(int64_t version, int64_t sent);

#endif
