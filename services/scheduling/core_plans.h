/* core_plans: what may become of a year's plan, decided from facts alone: no socket, no database, no clock.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_CORE_PLANS_H
#define SCHEDULING_CORE_PLANS_H

#include "scheduling/core_decisions.h"

typedef cv_scheduling_plan_v1_t sch_plan_t;

enum { SCH_PLAN_ID_MAX = 64, SCH_PLAN_EVENTS_MAX = CV_SCHEDULING_PLAN_V1_ITEMS_MAX };

/* "2026-cbm" */
void sch_plan_id(int64_t year, cv_plan_line_t line, char ret_id[SCH_PLAN_ID_MAX + 1]);
/* The other way. false: not the id of a plan. */
bool sch_plan_parse(cv_str_t id, int64_t *ret_year, cv_plan_line_t *ret_line);

bool sch_plan_allowed(cv_plan_state_t from, cv_plan_state_t to);
bool sch_plan_in_work(cv_plan_state_t state); /* draft, circulated or returned */
int sch_check_plan_move(const sch_plan_t *plan, cv_plan_state_t to, bool has_reason, sch_no_t *ret_no) CV_USE_RESULT;
/* May this event be put into this version? in_force: it is in the version that is in force. */
int sch_check_item(const sch_plan_t *plan, const cv_scheduling_event_v1_t *event, bool in_force,
                   sch_no_t *ret_no) CV_USE_RESULT;
bool sch_in_plan(const sch_plan_t *plan, cv_str_t event);

/* What a step of its plan makes of an event; CV_EVENT_STATUS_ABSENT: it stays as it is. */
cv_event_status_t sch_event_with_plan(cv_event_status_t status, cv_plan_step_t step);
/* Does it leave with the version that did not take it over? */
bool sch_leaves_plan(cv_event_status_t status);

#endif
