/* core: what is told to whom, when, and under which id; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One notice for each of these, to the one delegation it concerns (who else is told of a change: core_audience.h):
 *   a decision    every registration.decided record, also a refusal
 *   a promotion   every registration.promoted record
 *   a lapse       every registration.lapsed record: an offer that nobody took
 *   a change      a scheduling.event record that changes what a traveller needs to know (ntf_changes), once for each
 *                 delegation that is registered (seated or waiting) at that time, and each party that has declined
 *
 *   an opening    a scheduling.event record by which registration opens, once for each party that may register and has
 *                 not answered
 *
 * The two streams are followed independently, so a change may be seen before or after a registration that came first,
 * and either may be seen in a snapshot, which has no times of its own. Clocks do not say what came first: they are of
 * two machines, and step back. What says it is on what the registration rests: registration follows scheduling too,
 * and its records name the version of the event that it went by (registration.decided: version;
 * registration.delegation, in a snapshot: since_version). So
 *
 *   a delegation is told of a change that makes version v of its event if it is registered, or has declined, and became
 *   so under a version below v                                                                        (ntf_concerned)
 *
 * and that gives the same whichever is seen first: when the change is seen, all delegations known as registered are
 * looked through; when a delegation becomes known as registered, by a decision or by a snapshot, the changes seen
 * before are. Both can find the same pair; the notice's id is the same then, and is made once. Answering again does
 * not make a delegation registered later (ntf_answer_since). A withdrawn delegation is told of nothing more.
 *
 * Versions of one event only rise, but for a scheduling that was restored without what had been told of since: its
 * snapshot comes with lower versions, which will be made a second time. Then the changes above are void (they are not
 * told to anybody who registers from now on), and who registered under one of them counts as registered under the
 * restored version; registration does the same to its delegations. A record that names no version (of a
 * registration before there were any) goes by the version known here.
 *
 * A notice's id is made from its record's id and the party: whoever sees the record again makes the same id again.
 */
#ifndef NOTIFICATIONS_CORE_H
#define NOTIFICATIONS_CORE_H

#include "convene/messages.h"

enum {
    NTF_ID_MAX = 120,               /* octets of a notice's id */
    NTF_TRIES_MAX = 84,             /* failures of one notice before it is given up: 72 hours and a little */
    NTF_PAUSE_FIRST_MS = 1000,      /* before the second try; doubled each time */
    NTF_PAUSE_MAX_MS = 3600 * 1000, /* at most between two tries of a notice */
    NTF_PAUSE_OUTBOX_MS = 60 * 1000 /* at most between two tries of an outbox that takes nothing */
};

/* "registration.events/0123456789abcdef/42" and "KZ" give "registration.events.0123456789abcdef.42.KZ": the name of
 * the notice's file and the left part of its Message-ID. CV_EINVAL: the record's id is not STREAM/EPOCH/SEQUENCE or
 * the party's code is none. */
int ntf_notice_id(cv_str_t record_id, cv_str_t party, char ret_id[NTF_ID_MAX + 1]) CV_USE_RESULT;

/* The epoch in a record's id. False: there is none. */
bool ntf_epoch_of(cv_str_t record_id, uint8_t ret_epoch[CV_EPOCH_LEN]);

enum { /* what a new version of an event changes, as bits */
       NTF_CHANGED_TITLE = 1,
       NTF_CHANGED_DATES = 2, /* also the hour, its zone and how exactly they are known */
       NTF_CHANGED_PLACE = 4, /* city or country */
       NTF_CHANGED_VENUE = 8,
       NTF_CHANGED_FORMAT = 16,
       NTF_CANCELLED = 32,
       NTF_POSTPONED = 64,
       NTF_REINSTATED = 128, /* was cancelled or postponed and is so no more */
};
/* 0: nothing that anybody must be told. */
unsigned ntf_changes(const cv_scheduling_event_v1_t *was, const cv_scheduling_event_v1_t *now);

/* Whether a delegation that gave this answer under version `since` is told of a change that made `version`. */
bool ntf_concerned(cv_party_answer_t answer, int64_t since, int64_t version);

/* Under which version an answer was given, after a decision under `version`: the earlier one if it was the same before.
 */
int64_t ntf_answer_since(cv_party_answer_t before, int64_t since, cv_party_answer_t after, int64_t version);

/* How long to wait after this many failures (from 1), at most max_ms. */
int64_t ntf_pause_ms(int64_t failures, int64_t max_ms);

#endif
