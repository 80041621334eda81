/* core_remind: when to remind of what; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rule says: so long before an anchor, remind these. An anchor is an instant of an event or of a silence procedure:
 *
 *   start          the event begins                               only while it is adopted, scheduled, open or closed
 *   registration   registration closes; without confirmation      only while it is open
 *   nomination     the same, where persons are nominated first    only while it is open
 *   confirmation   confirmation closes                            only while it is open
 *   silence        a silence procedure ends                       only while it runs
 *   report         so many days after its last day are over       only while it is held: its report ends that; how many is
 *                                                                 a setting (notifications/report_days), and 0: never
 *
 * The start is the wall clock at the place, in the event's zone, as the tz database says it when it is asked: an event
 * keeps its wall time when a country changes its clocks. A time that the clocks skip is the first that they show
 * afterwards; of one that they show twice the first, unless the event gives an offset. Where only the day is known it is
 * that day's first instant, in UTC where there is no zone; where not even the day is known there is nothing to remind of.
 *
 * "Seven days before" is the same wall clock seven days before, where the zone is known: across a change of the clocks
 * that is not 168 hours. Less than a day, and anything without a zone, is counted exactly.
 *
 * A reminder is never early: it leaves in a transaction whose instant is not before it is due. It is not made if its time
 * has passed already when its anchor becomes known (whoever is told of an event that begins tomorrow needs no reminder
 * of last week), and lost if its anchor itself has passed when there is somebody to send it: it would say what is no more.
 */
#ifndef NOTIFICATIONS_CORE_REMIND_H
#define NOTIFICATIONS_CORE_REMIND_H

#include "convene/messages.h"
#include "notifications/core.h"
#include "notifications/core_audience.h"

/* Stored: never renumbered. */
enum {
    NTF_ANCHOR_START,
    NTF_ANCHOR_REGISTRATION,
    NTF_ANCHOR_NOMINATION,
    NTF_ANCHOR_CONFIRMATION,
    NTF_ANCHOR_SILENCE,
    NTF_ANCHOR_REPORT,
    NTF_ANCHORS_N
};
enum { NTF_RULE_MAX = 16 }; /* octets of a rule's name */

typedef struct {
    cv_str_t rule;        /* its name: "start_7d" */
    int anchor, audience; /* NTF_TO_*: core_audience.h */
    int64_t before_ms;
} ntf_rule_t;

/* When the event begins. file: of its zone. false: cannot be said. */
bool ntf_start(const cv_event_details_t *details, cv_str_t file, int64_t *ret_ms);
/* false: the event has no such anchor as it stands. report_days: 0: no report is due. */
bool ntf_anchor(int anchor, const cv_scheduling_event_v1_t *event, cv_str_t file, int report_days, int64_t *ret_ms);
/* The same whatever has become of the event since. */
bool ntf_anchor_at(int anchor, const cv_scheduling_event_v1_t *event, cv_str_t file, int report_days, int64_t *ret_ms);
/* Whether there is an event to come to, or to stay away from: it is decided on, and neither over nor called off. */
bool ntf_takes_place(const cv_scheduling_event_v1_t *event, cv_str_t file, int64_t now_ms);
int64_t ntf_before(int64_t anchor_ms, int64_t before_ms, cv_str_t file);
/* Whether a party of this kind may register. CV_PARTY_KIND_ABSENT: not known, which counts as yes. */
bool ntf_invited(const cv_scheduling_event_v1_t *event, cv_party_kind_t kind);

/* "reminder.start_7d.2025-SOC-2.1764201600.KZ": the same for the same rule, anchor and party, always. CV_EINVAL: it
 * cannot be a name. */
int ntf_reminder_id(cv_str_t rule, cv_str_t about, int64_t anchor_ms, cv_str_t party,
                    char ret_id[NTF_ID_MAX + 1]) CV_USE_RESULT;

#endif
