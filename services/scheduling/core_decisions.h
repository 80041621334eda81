/* core_decisions: decisions by consensus, decided from facts alone: no socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_CORE_DECISIONS_H
#define SCHEDULING_CORE_DECISIONS_H

#include "convene/zone.h"
#include "scheduling/core.h"

typedef cv_scheduling_decision_v1_t sch_decision_t;

enum {
    SCH_SILENCE_DAYS_MAX = 366, /* longest silence, days */
    SCH_STATEMENTS_MAX = 10000, /* of one decision */
};

/* ---- zones ---- */
/* What a clock in a zone shows, as a request says it, and how a refusal calls its parts. */
typedef struct {
    cv_str_t clock, zone, utc_offset;
    const char *code, *clock_field, *zone_field, *offset_field;
    const char *otherwise; /* behind the sentence about an unknown zone */
} sch_wall_t;
/* "+05:00" in seconds, which the schema has seen that it is. */
int64_t sch_offset_of(cv_str_t text);

/* ---- silence ---- */
/* The one instant at which it shows this. file: of its zone; CV_STR_NONE: there is no such zone. */
int sch_wall_ms(const sch_wall_t *wall, cv_str_t file, int64_t *ret_ms, sch_no_t *ret_no) CV_USE_RESULT;
/* The instant that the request means. file: of its zone; CV_STR_NONE: there is no such zone. */
int sch_expiry(const cv_scheduling_decision_open_v1_t *request, cv_str_t file, int64_t now_ms, int64_t *ret_ms,
               sch_no_t *ret_no) CV_USE_RESULT;
/* Does it say what it is about? */
int sch_check_about(const cv_resolution_t *resolution, sch_no_t *ret_no) CV_USE_RESULT;
/* May this party state this now? kind of the party; CV_PARTY_KIND_ABSENT never is a member. */
int sch_check_statement(const sch_decision_t *decision, const cv_scheduling_decision_state_v1_t *request,
                        cv_party_kind_t kind, int64_t now_ms, sch_no_t *ret_no) CV_USE_RESULT;
int sch_check_retract(const sch_decision_t *decision, int64_t now_ms, sch_no_t *ret_no) CV_USE_RESULT;
/* Is silence over and nobody spoke? */
bool sch_silence_over(const sch_decision_t *decision, int64_t now_ms);

/* ---- quorum ---- */
int64_t sch_members(const sch_party_t *parties, size_t parties_n);
int64_t sch_quorum(int64_t members); /* two thirds, rounded up: 19 of 28 */
/* All present are members, and enough of them. CV_ENOTFOUND for a party that is not known. */
int sch_check_present(const cv_str_t *present, size_t present_n, const sch_party_t *parties, size_t parties_n,
                      sch_no_t *ret_no) CV_USE_RESULT;

/* The day a meeting took it, if that was said: one that exists and has come. */
int sch_check_taken(cv_str_t date, int64_t now_ms, int64_t *ret_year, sch_no_t *ret_no) CV_USE_RESULT;

/* ---- steps ---- */
void sch_settle(sch_decision_t *decision, cv_decision_state_t state, cv_decision_step_t step, int64_t now_ms);
/* The year in which an instant falls, in UTC. */
int64_t sch_year_of(int64_t ms);

/* ---- referring to one ---- */
/* A decision that something rests on must have been adopted. */
int sch_check_adopted(const sch_decision_t *decision, const char *field, sch_no_t *ret_no) CV_USE_RESULT;

#endif
