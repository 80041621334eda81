/* plans: what others ask of a year's plan, and what a decision about it brings about.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A step of a plan is one transaction: the plan's next revision with its record, then the next version of each event
 * that goes with it, each with a record of its own. Followers see either all of it or nothing: the records of one
 * transaction are published together and stand side by side in the log.
 *
 * While a decision about the plan runs in silence nothing that it would adopt may move: the plan is not returned, its
 * events change no fields and no status. Cancelling or rejecting one event stays possible: a host may have to; the
 * adopted plan still lists it, and its status says that it does not take place.
 *
 * Failure modes: the transaction fails (disk full, crash): nothing of the step happened. More events than one plan can
 * list: refused before anything is written. The decision was adopted but the version is not circulated any more: cannot
 * happen by the rules above; if it does all the same, the adoption fails as a whole and is tried again, visibly.
 */
#include "scheduling/handlers.h"

#include <string.h>

static int unknown(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *what, cv_str_t name)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, code, field, "no %s %.*s", what, CV_STR_ARG(name));
}

/* The subject names the version: what is told of one replaces nothing of another. */
static int write_plan(sch_service_t *service, cv_tx_t *tx, const sch_plan_t *plan)
{
    cv_str_t subject = cv_arena_printf(cv_tx_arena(tx), "%.*s/%lld", CV_STR_ARG(plan->plan), (long long)plan->version);
    if (!subject.ptr)
        return CV_ENOMEM;
    int rc = sch_plan_put(service->store, plan, cv_tx_now_ms(tx));
    return rc ? rc : cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_PLAN_V1, subject, plan, NULL);
}

/* The silence that runs about this plan. CV_OK: none. */
static int not_under_silence(sch_service_t *service, cv_tx_t *tx, cv_str_t plan, const char *field, cv_outcome_t *out)
{
    cv_str_t decision;
    int rc = sch_decision_open(service->store, cv_tx_arena(tx), CV_SUBJECT_KIND_PLAN, plan, &decision);
    if (rc == CV_ENOTFOUND)
        return CV_OK;
    return rc ? rc
              : cv_refuse(
                    tx, out, "under_silence", field,
                    "decision %.*s about plan %.*s runs in silence: what it would adopt does not move until it ends",
                    CV_STR_ARG(decision), CV_STR_ARG(plan));
}

/* ---- events that go with their plan ------------------------------------------------------ */

static int move_event(sch_service_t *service, cv_tx_t *tx, cv_scheduling_event_v1_t *event, cv_event_status_t to,
                      cv_str_t reason, cv_str_t decision)
{
    ++event->version;
    event->change = CV_EVENT_CHANGE_ADVANCED;
    event->status = to;
    event->reason = reason;
    event->decision = decision;
    event->changed_n = 1;
    event->changed[0] = CV_STR("status");
    return sch_write_version(service, tx, event);
}

static int move_events(sch_service_t *service, cv_tx_t *tx, const sch_plan_t *plan)
{
    for (size_t i = 0; i < plan->items_n; ++i) {
        cv_scheduling_event_v1_t event;
        int rc = sch_event_get(service->store, cv_tx_arena(tx), plan->items[i].event, &event);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
        cv_event_status_t to = sch_event_with_plan(event.status, plan->step);
        if (!to)
            continue;
        event.has_plan_version = to != CV_EVENT_STATUS_PROPOSED;
        event.plan_version = event.has_plan_version ? plan->version : 0;
        bool adopted = plan->step == CV_PLAN_STEP_ADOPTED;
        rc = move_event(service, tx, &event, to, adopted ? CV_STR("adopted with its plan") : plan->reason,
                        adopted ? plan->decision : CV_STR_NONE);
        if (rc)
            return rc;
    }
    return CV_OK;
}

/* Events of the version before that the new one did not take over. */
static int drop_events(sch_service_t *service, cv_tx_t *tx, const sch_plan_t *before, const sch_plan_t *after)
{
    for (size_t i = 0; i < before->items_n; ++i) {
        cv_scheduling_event_v1_t event;
        if (sch_in_plan(after, before->items[i].event))
            continue;
        int rc = sch_event_get(service->store, cv_tx_arena(tx), before->items[i].event, &event);
        if (!rc && sch_leaves_plan(event.status))
            rc = move_event(service, tx, &event, CV_EVENT_STATUS_CANCELLED, CV_STR("left out of the plan as amended"),
                            after->decision);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
    }
    return CV_OK;
}

int sch_plan_lets(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event, cv_event_status_t to,
                  cv_outcome_t *out)
{
    cv_str_t plan;
    bool ends = to == CV_EVENT_STATUS_CANCELLED || to == CV_EVENT_STATUS_REJECTED;
    if (event->status != CV_EVENT_STATUS_CIRCULATED || ends)
        return CV_OK;
    int rc = sch_circulated_in(service->store, cv_tx_arena(tx), event->event, &plan);
    if (rc == CV_ENOTFOUND)
        return CV_OK;
    if (rc)
        return rc;
    if (to)
        return cv_refuse(tx, out, "in_plan", "data.to",
                         "%.*s is circulated with plan %.*s: it is adopted or returned with it",
                         CV_STR_ARG(event->event), CV_STR_ARG(plan));
    return not_under_silence(service, tx, plan, "data.event", out);
}

/* ---- compiling --------------------------------------------------------------------------- */

typedef struct {
    sch_plan_t *plan;
    cv_arena_t *arena;
    bool full;
} gather_t;

static int gather(void *self, const sch_row_t *row)
{
    gather_t *gather = self;
    sch_plan_t *plan = gather->plan;
    if (sch_in_plan(plan, row->key))
        return CV_OK;
    gather->full = plan->items_n == SCH_PLAN_EVENTS_MAX;
    if (gather->full)
        return CV_ELIMIT;
    cv_str_t event = cv_arena_str(gather->arena, row->key);
    plan->items[plan->items_n++] = (cv_plan_item_t){.event = event};
    return event.ptr ? CV_OK : CV_ENOMEM;
}

/* The decision on an event that was added to the version in force goes with it. */
static cv_str_t decision_on(const sch_plan_t *force, cv_str_t event)
{
    for (size_t i = 0; i < force->items_n; ++i)
        if (cv_str_equal(force->items[i].event, event))
            return force->items[i].decision;
    return CV_STR_NONE;
}

/* The events that were named, or all that a plan of this year and line would have. */
static int fill(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_compile_v1_t *request,
                const sch_plan_t *force, sch_plan_t *plan, cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event;
    sch_no_t no;
    gather_t all = {.plan = plan, .arena = cv_tx_arena(tx)};
    plan->items_n = 0;
    for (size_t i = 0; i < request->events_n; ++i) {
        int rc = sch_event_get(service->store, cv_tx_arena(tx), request->events[i], &event);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_event", "data.events", "event", request->events[i]);
        if (rc)
            return rc;
        if (sch_check_item(plan, &event, sch_in_plan(force, event.event), &no))
            return sch_answer_no(tx, out, &no);
        plan->items[plan->items_n++] = (cv_plan_item_t){request->events[i], decision_on(force, request->events[i])};
    }
    if (request->events_n)
        return CV_OK;
    for (size_t i = 0; i < force->items_n; ++i) {
        int rc = sch_event_get(service->store, cv_tx_arena(tx), force->items[i].event, &event);
        if (rc)
            return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
        if (!sch_check_item(plan, &event, true, &no))
            plan->items[plan->items_n++] = force->items[i];
    }
    int rc = sch_proposed_walk(service->store, plan->year, plan->line, gather, &all);
    return rc == CV_ELIMIT && all.full
               ? cv_refuse(tx, out, "too_many", "data.events", "a plan has at most %d events: name those it is to have",
                           SCH_PLAN_EVENTS_MAX)
               : rc;
}

int sch_plan_compile(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_compile_v1_t *request,
                     cv_outcome_t *out)
{
    char id[SCH_PLAN_ID_MAX + 1];
    sch_plan_t plan, force = {0};
    sch_plan_id(request->year, request->line, id);
    int rc = sch_plan_in_force(service->store, cv_tx_arena(tx), cv_str(id), &force);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool amends = rc == CV_OK;
    rc = sch_plan_last(service->store, cv_tx_arena(tx), cv_str(id), &plan);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool known = rc == CV_OK, again = known && sch_plan_in_work(plan.state);
    if (again && plan.state == CV_PLAN_STATE_CIRCULATED)
        return cv_refuse(tx, out, "plan_circulated", "data.line",
                         "version %lld of %s is circulated: return it to compile it again", (long long)plan.version,
                         id);
    if (amends && !request->reason.ptr)
        return cv_refuse(tx, out, "reason_required", "data.reason",
                         "version %lld of %s is in force: say why it is amended", (long long)force.version, id);
    if (!again)
        plan = (sch_plan_t){
            .plan = cv_str(id), .year = request->year, .line = request->line, .version = known ? plan.version + 1 : 1};
    ++plan.revision;
    plan.state = CV_PLAN_STATE_DRAFT;
    plan.step = CV_PLAN_STEP_COMPILED;
    plan.reason = request->reason;
    plan.meeting = CV_STR_NONE;
    rc = fill(service, tx, request, &force, &plan, out);
    if (!rc)
        rc = write_plan(service, tx, &plan);
    return rc ? rc
              : cv_accept(tx, out, "compiled", "version %lld of %s has %zu event%s", (long long)plan.version, id,
                          plan.items_n, plan.items_n == 1 ? "" : "s");
}

/* ---- steps ------------------------------------------------------------------------------- */

int sch_plan_move(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_move_v1_t *request, cv_outcome_t *out)
{
    static const cv_plan_step_t STEPS[CV_PLAN_STATE_MAX + 1] = {
        [CV_PLAN_STATE_CIRCULATED] = CV_PLAN_STEP_CIRCULATED,
        [CV_PLAN_STATE_RETURNED] = CV_PLAN_STEP_RETURNED,
        [CV_PLAN_STATE_ABANDONED] = CV_PLAN_STEP_ABANDONED,
    };
    char id[SCH_PLAN_ID_MAX + 1];
    sch_plan_t plan;
    sch_no_t no;
    sch_plan_id(request->year, request->line, id);
    int rc = sch_plan_last(service->store, cv_tx_arena(tx), cv_str(id), &plan);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_plan", "data.line", "plan", cv_str(id));
    if (rc)
        return rc;
    if (sch_check_plan_move(&plan, request->to, request->reason.ptr != NULL, &no))
        return sch_answer_no(tx, out, &no);
    rc = not_under_silence(service, tx, plan.plan, "data.to", out);
    if (!rc && request->meeting.ptr) {
        cv_scheduling_event_v1_t meeting;
        rc = sch_event_get(service->store, cv_tx_arena(tx), request->meeting, &meeting);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_event", "data.meeting", "event", request->meeting);
    }
    if (rc)
        return rc;
    ++plan.revision;
    plan.state = request->to;
    plan.step = STEPS[request->to];
    plan.reason = request->reason;
    plan.meeting = request->meeting;
    rc = write_plan(service, tx, &plan);
    if (!rc)
        rc = move_events(service, tx, &plan);
    return rc ? rc
              : cv_accept(tx, out, "advanced", "version %lld of %s is %s", (long long)plan.version, id,
                          cv_plan_state_text(plan.state));
}

int sch_plan_add(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_add_v1_t *request, cv_outcome_t *out)
{
    char id[SCH_PLAN_ID_MAX + 1];
    cv_scheduling_event_v1_t event;
    sch_decision_t decision;
    sch_plan_t plan;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), request->event, &event);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_event", "data.event", "event", request->event);
    if (!rc)
        rc = sch_rests_on(service, tx, request->decision, "data.decision", out);
    if (!rc)
        rc = sch_decision_get(service->store, cv_tx_arena(tx), request->decision, &decision);
    if (rc)
        return rc;
    if (decision.resolution.subject != CV_SUBJECT_KIND_EVENT || !cv_str_equal(decision.resolution.about, event.event))
        return cv_refuse(tx, out, "decision_about_other", "data.decision",
                         "%.*s is about %s %.*s, not about event %.*s", CV_STR_ARG(decision.decision),
                         cv_subject_kind_text(decision.resolution.subject), CV_STR_ARG(decision.resolution.about),
                         CV_STR_ARG(event.event));
    if (event.status != CV_EVENT_STATUS_PROPOSED)
        return cv_refuse(tx, out, "event_unsuitable", "data.event",
                         "%.*s is %s; only a proposed event is added to a plan", CV_STR_ARG(event.event),
                         cv_event_status_text(event.status));
    sch_plan_id(event.event_details.plan_year, event.event_details.line, id);
    rc = sch_plan_in_force(service->store, cv_tx_arena(tx), cv_str(id), &plan);
    if (rc == CV_ENOTFOUND)
        return cv_refuse(tx, out, "plan_not_in_force", "data.event",
                         "no version of plan %s is in force: compile one with this event", id);
    if (rc)
        return rc;
    if (plan.items_n == SCH_PLAN_EVENTS_MAX)
        return cv_refuse(tx, out, "too_many", "data.event", "plan %s has %d events, the most there can be", id,
                         SCH_PLAN_EVENTS_MAX);
    ++plan.revision;
    plan.step = CV_PLAN_STEP_ADDED;
    plan.items[plan.items_n++] = (cv_plan_item_t){.event = event.event, .decision = request->decision};
    event.has_plan_version = true;
    event.plan_version = plan.version;
    rc = write_plan(service, tx, &plan);
    if (!rc)
        rc = move_event(service, tx, &event, CV_EVENT_STATUS_ADOPTED, CV_STR("added to the plan in force"),
                        request->decision);
    return rc ? rc
              : cv_accept(tx, out, "added", "%.*s is adopted and in version %lld of %s", CV_STR_ARG(event.event),
                          (long long)plan.version, id);
}

/* ---- decided ----------------------------------------------------------------------------- */

int sch_plan_decidable(sch_service_t *service, cv_tx_t *tx, cv_str_t id, int64_t *ret_version, cv_outcome_t *out)
{
    sch_plan_t plan;
    int rc = sch_plan_last(service->store, cv_tx_arena(tx), id, &plan);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_plan", "data.about", "plan", id);
    if (rc)
        return rc;
    if (plan.state != CV_PLAN_STATE_CIRCULATED)
        return cv_refuse(tx, out, "plan_not_circulated", "data.about",
                         "version %lld of %.*s is %s; a circulated one can be decided about", (long long)plan.version,
                         CV_STR_ARG(id), cv_plan_state_text(plan.state));
    *ret_version = plan.version;
    return CV_OK;
}

int sch_plan_decided(sch_service_t *service, cv_tx_t *tx, const sch_decision_t *decision)
{
    sch_plan_t plan, before;
    int rc = sch_plan_last(service->store, cv_tx_arena(tx), decision->resolution.about, &plan);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_EINTERNAL : rc;
    if (plan.version != decision->plan_version || plan.state != CV_PLAN_STATE_CIRCULATED)
        return CV_EINTERNAL;
    rc = sch_plan_in_force(service->store, cv_tx_arena(tx), plan.plan, &before);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool amends = rc == CV_OK;
    if (amends) { /* makes room first: never are two in force */
        ++before.revision;
        before.state = CV_PLAN_STATE_SUPERSEDED;
        before.step = CV_PLAN_STEP_SUPERSEDED;
        rc = write_plan(service, tx, &before);
        if (rc)
            return rc;
    }
    ++plan.revision;
    plan.state = CV_PLAN_STATE_ADOPTED;
    plan.step = CV_PLAN_STEP_ADOPTED;
    plan.decision = decision->decision;
    rc = write_plan(service, tx, &plan);
    if (!rc)
        rc = move_events(service, tx, &plan);
    return rc || !amends ? rc : drop_events(service, tx, &before, &plan);
}
