/* core: what may become of an event, decided from facts alone: no socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every check gives CV_OK, or fills *ret_no and returns its rc: CV_EREJECTED for a rule, which is remembered. Checks
 * change nothing else.
 */
#ifndef SCHEDULING_CORE_H
#define SCHEDULING_CORE_H

#include "convene/messages.h"

enum {
    SCH_TEXT_MAX = 480,       /* octets of a refusal's sentence */
    SCH_PARTIES_MAX = 512,    /* parties of one installation */
    SCH_EVENT_DAYS_MAX = 366, /* days from the first to the last of one event */
    SCH_NEVER = -1,           /* no instant */
};

/* A refusal: which rule, where in the request, and a sentence with the numbers in it. */
typedef struct {
    int rc;
    const char *code;  /* static */
    const char *field; /* static; NULL: the request as a whole */
    char text[SCH_TEXT_MAX];
} sch_no_t;
int sch_no(sch_no_t *ret_no, int rc, const char *code, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* One row per party that could be invited. */
typedef struct {
    cv_str_t code;
    cv_party_kind_t kind;
} sch_party_t;

/* ---- life ---- */
bool sch_allowed(cv_event_status_t from, cv_event_status_t to);
/* "open, held, postponed" or "nothing: it is final". */
void sch_allowed_text(cv_event_status_t from, char *ret_text, size_t size);
bool sch_final(cv_event_status_t status);   /* nothing follows it */
bool sch_dated(cv_event_status_t status);   /* needs at least a first day */
bool sch_planned(cv_event_status_t status); /* still to take place: keeps its venue and takes new rules */
/* May the event go to this status now? */
int sch_check_advance(const cv_scheduling_event_v1_t *event, cv_event_status_t to, bool has_decision, int64_t now_ms,
                      sch_no_t *ret_no) CV_USE_RESULT;
int sch_check_version(const cv_scheduling_event_v1_t *event, bool has_expected, int64_t expected,
                      sch_no_t *ret_no) CV_USE_RESULT;

/* ---- dates ---- */
/* First and last day as days since 1970-01-01. false: no date is known to the day. */
bool sch_days(const cv_event_details_t *details, int64_t *ret_first, int64_t *ret_last);
int sch_check_dates(const cv_event_details_t *details, sch_no_t *ret_no) CV_USE_RESULT;

/* ---- changes ---- */
/* Puts the fields of the request that are given into the details; the others stay. Views stay the request's. */
void sch_apply(const cv_scheduling_event_change_v1_t *change, cv_event_details_t *details);
/* Names of the fields that differ, in the order of the schema. */
size_t sch_diff_details(const cv_event_details_t *before, const cv_event_details_t *after,
                        cv_str_t ret_names[CV_SCHEDULING_EVENT_V1_CHANGED_MAX]);
size_t sch_diff_rules(const cv_registration_rules_t *before, const cv_registration_rules_t *after,
                      cv_str_t ret_names[CV_SCHEDULING_EVENT_V1_CHANGED_MAX]);
/* May `before` become `after`, which has another version, changed and details? */
int sch_check_change(const cv_scheduling_event_v1_t *before, const cv_scheduling_event_v1_t *after,
                     sch_no_t *ret_no) CV_USE_RESULT;
/* What, when or where changed: something that people who answered must know before they travel. */
bool sch_material(const cv_str_t *names, size_t names_n);

/* ---- registration rules ---- */
bool sch_invited(const cv_registration_rules_t *rules, cv_party_kind_t kind);
/* The guaranteed seats of all invited parties must fit in the capacity, whoever comes. */
int sch_check_guarantees(const cv_registration_rules_t *rules, const sch_party_t *parties, size_t parties_n,
                         sch_no_t *ret_no) CV_USE_RESULT;
/* All of it. CV_ENOTFOUND with unknown_party for a quota of a party not known yet. */
int sch_check_rules(const cv_registration_rules_t *rules, const sch_party_t *parties, size_t parties_n,
                    sch_no_t *ret_no) CV_USE_RESULT;

/* ---- what follows from a state ---- */
/* The days it takes up, from its first stage on: what is only proposed holds its days like what is decided. false: none
 * are known, or it does not take place then. */
bool sch_holds_days(const cv_scheduling_event_v1_t *event, int64_t *ret_first, int64_t *ret_last);
/* The venue it keeps others out of, and on which days. false: none. */
bool sch_holds_venue(const cv_scheduling_event_v1_t *event, int64_t *ret_first, int64_t *ret_last);
/* When registration opens and closes by itself; SCH_NEVER: it does not. */
void sch_due(const cv_scheduling_event_v1_t *event, int64_t *ret_open_ms, int64_t *ret_close_ms);

#endif
