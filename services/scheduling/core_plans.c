/* core_plans: the life of a year's plan.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plan is the events of one year and one planning line. It has versions; each version has a life of its own:
 *
 *   from \ to    draft circul return adopt superse abandon
 *   draft          c      x      .     .      .       x
 *   circulated     .      .      r     D      .       x
 *   returned       c      x      .     .      .       x
 *   adopted        .      .      .     a      v       .
 *   superseded, abandoned: nothing follows
 *
 *   c: compiled (again) from proposed events        r: with reasons, by those who review it
 *   D: only as the effect of a decision about the plan, in silence or in session; no request leads there
 *   a: an event is added outside the yearly round, by a decision of its own
 *   v: when the next version is adopted
 *
 * An amendment is the next version: it is compiled while the version in force stays in force, and takes its place in
 * the transaction that adopts it. At any time at most one version is in force and at most one is in work.
 *
 * The events go with their plan:
 *
 *   circulated   proposed -> circulated
 *   returned     circulated -> proposed                            the same when it is abandoned
 *   adopted      circulated -> adopted, with the decision; what the version before had and this one has not is
 *                cancelled, if it has not been held
 *
 * An event that was cancelled or rejected by itself meanwhile stays what it is.
 */
#include "scheduling/core_plans.h"

#include <stdio.h>
#include <string.h>

#define TO(state) (1u << CV_PLAN_STATE_##state)
static const unsigned NEXT[CV_PLAN_STATE_MAX + 1] = {
    [CV_PLAN_STATE_DRAFT] = TO(DRAFT) | TO(CIRCULATED) | TO(ABANDONED),
    [CV_PLAN_STATE_CIRCULATED] = TO(RETURNED) | TO(ADOPTED) | TO(ABANDONED),
    [CV_PLAN_STATE_RETURNED] = TO(DRAFT) | TO(CIRCULATED) | TO(ABANDONED),
    [CV_PLAN_STATE_ADOPTED] = TO(ADOPTED) | TO(SUPERSEDED),
};

bool sch_plan_allowed(cv_plan_state_t from, cv_plan_state_t to)
{
    return to != CV_PLAN_STATE_ABSENT && to <= CV_PLAN_STATE_MAX && (NEXT[from] & (1u << to)) != 0;
}

bool sch_plan_in_work(cv_plan_state_t state)
{
    return ((TO(DRAFT) | TO(CIRCULATED) | TO(RETURNED)) & (1u << state)) != 0;
}

void sch_plan_id(int64_t year, cv_plan_line_t line, char ret_id[SCH_PLAN_ID_MAX + 1])
{
    (void)snprintf(ret_id, SCH_PLAN_ID_MAX + 1, "%lld-%s", (long long)year, cv_plan_line_text(line));
}

bool sch_plan_parse(cv_str_t id, int64_t *ret_year, cv_plan_line_t *ret_line)
{
    int64_t year = 0;
    if (id.len < 6 || id.ptr[4] != '-')
        return false;
    for (size_t i = 0; i < 4; ++i) {
        if (id.ptr[i] < '0' || id.ptr[i] > '9')
            return false;
        year = year * 10 + (id.ptr[i] - '0');
    }
    cv_plan_line_t line = cv_plan_line_parse((cv_str_t){id.ptr + 5, id.len - 5});
    if (!line)
        return false;
    *ret_year = year;
    *ret_line = line;
    return true;
}

int sch_check_plan_move(const sch_plan_t *plan, cv_plan_state_t to, bool has_reason, sch_no_t *ret_no)
{
    const char *from_text = cv_plan_state_text(plan->state), *to_text = cv_plan_state_text(to);
    if (to == CV_PLAN_STATE_ADOPTED)
        return sch_no(
            ret_no, CV_EREJECTED, "decision_required", "data.to",
            "a plan is adopted by a decision about it: decision.open or decision.take with subject plan and about %.*s",
            CV_STR_ARG(plan->plan));
    if (to == CV_PLAN_STATE_DRAFT || to == CV_PLAN_STATE_SUPERSEDED || !sch_plan_allowed(plan->state, to))
        return sch_no(ret_no, CV_EREJECTED, "transition_not_allowed", "data.to",
                      "version %lld of %.*s is %s and cannot be made %s", (long long)plan->version,
                      CV_STR_ARG(plan->plan), from_text, to_text);
    if (to == CV_PLAN_STATE_RETURNED && !has_reason)
        return sch_no(ret_no, CV_EREJECTED, "reason_required", "data.reason",
                      "a plan is returned with reasons, so that those who compiled it know what to mend");
    if (to == CV_PLAN_STATE_CIRCULATED && plan->items_n == 0)
        return sch_no(ret_no, CV_EREJECTED, "plan_empty", "data.to",
                      "version %lld of %.*s has no events: compile it first", (long long)plan->version,
                      CV_STR_ARG(plan->plan));
    return CV_OK;
}

int sch_check_item(const sch_plan_t *plan, const cv_scheduling_event_v1_t *event, bool in_force, sch_no_t *ret_no)
{
    const cv_event_details_t *details = &event->event_details;
    if (details->plan_year != plan->year || details->line != plan->line)
        return sch_no(ret_no, CV_EREJECTED, "event_unsuitable", "data.events",
                      "%.*s belongs to the plan %lld-%s, not to %.*s", CV_STR_ARG(event->event),
                      (long long)details->plan_year, cv_plan_line_text(details->line), CV_STR_ARG(plan->plan));
    bool proposed = event->status == CV_EVENT_STATUS_PROPOSED || event->status == CV_EVENT_STATUS_CIRCULATED;
    bool goes_on = in_force && event->status != CV_EVENT_STATUS_CANCELLED && event->status != CV_EVENT_STATUS_REJECTED;
    if (!proposed && !goes_on)
        return sch_no(ret_no, CV_EREJECTED, "event_unsuitable", "data.events",
                      "%.*s is %s; a plan takes proposed events, and those of its version in force",
                      CV_STR_ARG(event->event), cv_event_status_text(event->status));
    return CV_OK;
}

bool sch_in_plan(const sch_plan_t *plan, cv_str_t event)
{
    for (size_t i = 0; i < plan->items_n; ++i)
        if (cv_str_equal(plan->items[i].event, event))
            return true;
    return false;
}

cv_event_status_t sch_event_with_plan(cv_event_status_t status, cv_plan_step_t step)
{
    static const struct {
        cv_plan_step_t step;
        cv_event_status_t from, to;
    } MOVES[] = {
        {CV_PLAN_STEP_CIRCULATED, CV_EVENT_STATUS_PROPOSED, CV_EVENT_STATUS_CIRCULATED},
        {CV_PLAN_STEP_RETURNED, CV_EVENT_STATUS_CIRCULATED, CV_EVENT_STATUS_PROPOSED},
        {CV_PLAN_STEP_ABANDONED, CV_EVENT_STATUS_CIRCULATED, CV_EVENT_STATUS_PROPOSED},
        {CV_PLAN_STEP_ADOPTED, CV_EVENT_STATUS_CIRCULATED, CV_EVENT_STATUS_ADOPTED},
    };
    for (size_t i = 0; i < sizeof MOVES / sizeof *MOVES; ++i)
        if (MOVES[i].step == step && MOVES[i].from == status)
            return MOVES[i].to;
    return CV_EVENT_STATUS_ABSENT;
}

bool sch_leaves_plan(cv_event_status_t status)
{
    return sch_allowed(status, CV_EVENT_STATUS_CANCELLED);
}
