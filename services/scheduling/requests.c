/* requests: what others ask of the plan and its events.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each request about an event goes the same way: load, check all of it, make the next version, write it. The version
 * is the unit of everything: one row of history, one record with the full state, one outcome with its number.
 *
 * Two kinds of no. What a rule forbids is REJECTED and remembered: the same request gets the same answer for ever. What
 * names something that is not known (an event, a party, a heading ...) is NOTFOUND and not remembered: requests travel
 * on several connections, and what is named may arrive a moment later.
 */
#include "scheduling/handlers.h"
#include <string.h>

int sch_answer_no(cv_tx_t *tx, cv_outcome_t *out, const sch_no_t *no)
{
    return cv_refuse_as(tx, out, no->rc, no->code, no->field, "%s", no->text);
}

static int unknown(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *what, cv_str_t name)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, code, field, "no %s %.*s", what, CV_STR_ARG(name));
}

static int move_timer(cv_tx_t *tx, const char *kind, cv_str_t event, int64_t due_ms)
{
    return due_ms != SCH_NEVER ? cv_tx_timer_set(tx, kind, event, due_ms) : cv_tx_timer_cancel(tx, kind, event);
}

/* What follows from the details for clocks and calendars. */
static int set_calendar(sch_service_t *service, cv_tx_t *tx, cv_scheduling_event_v1_t *event)
{
    const cv_event_details_t *details = &event->event_details;
    cv_scheduling_event_v1_t before;
    cv_str_t file = CV_STR_NONE;
    int rc = details->time_start.ptr && details->zone.ptr ? cv_zone_read(cv_tx_arena(tx), details->zone, &file) : CV_OK;
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    rc = sch_event_get(service->store, cv_tx_arena(tx), event->event, &before);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    sch_set_calendar(rc ? NULL : &before, file, event);
    return CV_OK;
}

int sch_write_version(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *version)
{
    int64_t open_ms, close_ms;
    cv_scheduling_event_v1_t *event = cv_arena_take(cv_tx_arena(tx), sizeof *event);
    if (!event)
        return CV_ENOMEM;
    *event = *version;
    sch_due(event, &open_ms, &close_ms);
    int rc = set_calendar(service, tx, event);
    if (!rc)
        rc = sch_event_put(service->store, event, cv_tx_now_ms(tx));
    if (!rc)
        rc = move_timer(tx, SCH_TIMER_OPEN, event->event, open_ms);
    if (!rc)
        rc = move_timer(tx, SCH_TIMER_CLOSE, event->event, close_ms);
    if (!rc && event->has_start_ms)
        rc = sch_clocks_arm(tx, event->start_ms);
    if (!rc)
        rc = cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_EVENT_V1, event->event, event, NULL);
    bool off = !sch_planned(event->status) && event->status != CV_EVENT_STATUS_HELD &&
               event->status != CV_EVENT_STATUS_REPORTED;
    if (!rc && (off || event->status == CV_EVENT_STATUS_POSTPONED))
        rc = sch_sessions_off(service, tx, event);
    return rc;
}

/* Which event and version the outcome is about; also in refusals, so that the caller sees what it ran into. */
static void about(cv_outcome_t *out, const cv_scheduling_event_v1_t *event)
{
    out->has_decision = true;
    out->decision.event = event->event;
    out->decision.has_version = true;
    out->decision.version = event->version;
}

int sch_alone_free(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event, const char *before,
                   cv_outcome_t *out)
{
    cv_str_t resource, other;
    int rc = sch_day_taken(service->store, cv_tx_arena(tx), event, &resource, &other);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    const cv_event_details_t *details = &event->event_details;
    cv_str_t last = details->date_end.ptr ? details->date_end : details->date_start;
    if (resource.ptr[0] == 'b')
        return cv_refuse(tx, out, "body_taken", "data.body", "%s%.*s meets as %.*s between %.*s and %.*s", before,
                         CV_STR_ARG(details->body), CV_STR_ARG(other), CV_STR_ARG(details->date_start),
                         CV_STR_ARG(last));
    return cv_refuse(tx, out, "team_taken", "data.host_org", "%s%.*s hosts %.*s between %.*s and %.*s", before,
                     CV_STR_ARG(details->host_org), CV_STR_ARG(other), CV_STR_ARG(details->date_start),
                     CV_STR_ARG(last));
}

static int venue_free(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event, cv_outcome_t *out)
{
    cv_str_t other;
    int rc = sch_venue_taken(service->store, cv_tx_arena(tx), event, &other);
    if (rc == CV_ENOTFOUND)
        return sch_alone_free(service, tx, event, "", out);
    if (rc)
        return rc;
    const cv_event_details_t *details = &event->event_details;
    cv_str_t last = details->date_end.ptr ? details->date_end : details->date_start;
    return cv_refuse(tx, out, "venue_taken", "data.venue", "%.*s is taken by %.*s between %.*s and %.*s",
                     CV_STR_ARG(details->venue), CV_STR_ARG(other), CV_STR_ARG(details->date_start), CV_STR_ARG(last));
}

/* The event as it is, and the start of its next version. */
static int load(sch_service_t *service, cv_tx_t *tx, cv_str_t id, cv_scheduling_event_v1_t *ret_event,
                cv_outcome_t *out)
{
    int rc = sch_event_get(service->store, cv_tx_arena(tx), id, ret_event);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_event", "data.event", "event", id);
    if (!rc)
        about(out, ret_event);
    return rc;
}

static void next_version(cv_scheduling_event_v1_t *event, cv_event_change_t change, cv_str_t reason, cv_str_t decision)
{
    ++event->version;
    event->change = change;
    event->reason = reason;
    event->decision = decision;
    event->changed_n = 0;
}

/* ---- propose ---------------------------------------------------------------------------- */

static int check_reference(sch_service_t *service, cv_tx_t *tx, sch_ref_t ref, cv_str_t code, const char *field,
                           cv_outcome_t *out)
{
    static const struct {
        const char *code, *what;
    } WORDS[SCH_REFS] = {
        [SCH_PARTY] = {"unknown_party", "party"},
        [SCH_BODY] = {"unknown_body", "body"},
        [SCH_HEADING] = {"unknown_heading", "heading"},
        [SCH_VENUE] = {"unknown_venue", "venue"},
        [SCH_CATALOGUE] = {"unknown_catalogue", "catalogue"},
    };
    if (!code.ptr)
        return CV_OK;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), ref, code, NULL);
    return rc == CV_ENOTFOUND ? unknown(tx, out, WORDS[ref].code, field, WORDS[ref].what, code) : rc;
}

/* A dimension is a dimension, an area an area of that dimension. */
static int check_heading(sch_service_t *service, cv_tx_t *tx, cv_str_t code, cv_heading_level_t level,
                         cv_str_t dimension, const char *field, cv_outcome_t *out)
{
    cv_str_t data;
    cv_heading_t heading;
    if (!code.ptr)
        return CV_OK;
    int rc = check_reference(service, tx, SCH_HEADING, code, field, out);
    if (!rc)
        rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_HEADING, code, &data);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_HEADING_V1, data, &heading);
    if (rc)
        return rc;
    if (heading.level != level)
        return cv_refuse(tx, out, "heading_inconsistent", field, "%.*s is of level %s, not %s", CV_STR_ARG(code),
                         cv_heading_level_text(heading.level), cv_heading_level_text(level));
    if (dimension.ptr && !cv_str_equal(dimension, heading.dimension))
        return cv_refuse(tx, out, "heading_inconsistent", field, "%.*s belongs to %.*s, not to %.*s", CV_STR_ARG(code),
                         CV_STR_ARG(heading.dimension), CV_STR_ARG(dimension));
    return CV_OK;
}

static int propose(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_propose_v1_t *request,
                   cv_outcome_t *out)
{
    const cv_event_details_t *details = &request->event_details;
    cv_scheduling_event_v1_t event;
    sch_no_t no;

    int rc = sch_event_get(service->store, cv_tx_arena(tx), request->event, &event);
    if (!rc) {
        about(out, &event);
        return cv_refuse(tx, out, "exists", "data.event", "there is an event %.*s already (%s)",
                         CV_STR_ARG(event.event), cv_event_status_text(event.status));
    }
    if (rc != CV_ENOTFOUND)
        return rc;
    rc = check_reference(service, tx, SCH_PARTY, details->proposer, "data.proposer", out);
    if (!rc)
        rc = check_reference(service, tx, SCH_BODY, details->body, "data.body", out);
    if (!rc)
        rc = check_reference(service, tx, SCH_VENUE, details->venue, "data.venue", out);
    if (!rc)
        rc = check_heading(service, tx, details->dimension, CV_HEADING_LEVEL_DIMENSION, CV_STR_NONE, "data.dimension",
                           out);
    /* In an older version of the catalogue the area may have been in another dimension. */
    cv_str_t dimension = details->catalogue.ptr ? CV_STR_NONE : details->dimension;
    if (!rc)
        rc = check_heading(service, tx, details->area, CV_HEADING_LEVEL_AREA, dimension, "data.area", out);
    if (!rc)
        rc = sch_check_cites(service, tx, details, out);
    if (rc)
        return rc;
    if (sch_check_dates(details, &no))
        return sch_answer_no(tx, out, &no);
    event = (cv_scheduling_event_v1_t){
        .event = request->event,
        .version = 1,
        .status = CV_EVENT_STATUS_PROPOSED,
        .change = CV_EVENT_CHANGE_PROPOSED,
        .event_details = *details,
    };
    rc = sch_judge_event(service, tx, &event, out);
    if (!rc)
        rc = venue_free(service, tx, &event, out);
    if (!rc)
        rc = sch_write_version(service, tx, &event);
    if (rc)
        return rc;
    about(out, &event);
    return cv_accept(tx, out, "proposed", "%.*s is proposed, version 1", CV_STR_ARG(event.event));
}

/* ---- advance ---------------------------------------------------------------------------- */

static int advance(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_advance_v1_t *request,
                   cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event;
    sch_no_t no;
    int rc = load(service, tx, request->event, &event, out);
    if (rc)
        return rc;
    rc = sch_check_version(&event, request->has_expected_version, request->expected_version, &no);
    if (!rc)
        rc = sch_check_advance(&event, request->to, request->decision.ptr != NULL, cv_tx_now_ms(tx), &no);
    if (rc)
        return sch_answer_no(tx, out, &no);
    rc = sch_plan_lets(service, tx, &event, request->to, out);
    if (rc)
        return rc;
    next_version(&event, CV_EVENT_CHANGE_ADVANCED, request->reason, request->decision);
    event.status = request->to;
    event.changed[event.changed_n++] = CV_STR("status");
    rc = venue_free(service, tx, &event, out); /* a postponed event that comes back finds its venue free or not */
    if (!rc)
        rc = sch_write_version(service, tx, &event);
    if (rc)
        return rc;
    about(out, &event);
    return cv_accept(tx, out, "advanced", "%.*s is %s, version %lld", CV_STR_ARG(event.event),
                     cv_event_status_text(event.status), (long long)event.version);
}

/* ---- change ----------------------------------------------------------------------------- */

static int change(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_change_v1_t *request,
                  cv_outcome_t *out)
{
    cv_scheduling_event_v1_t before, event;
    sch_no_t no;
    int rc = load(service, tx, request->event, &before, out);
    if (rc)
        return rc;
    rc = sch_check_version(&before, request->has_expected_version, request->expected_version, &no);
    if (rc)
        return sch_answer_no(tx, out, &no);
    rc = check_reference(service, tx, SCH_VENUE, request->venue, "data.venue", out);
    if (!rc)
        rc = sch_plan_lets(service, tx, &before, CV_EVENT_STATUS_ABSENT, out);
    if (rc)
        return rc;
    event = before;
    next_version(&event, CV_EVENT_CHANGE_CHANGED, request->reason, CV_STR_NONE);
    sch_apply(request, &event.event_details);
    event.changed_n = sch_diff_details(&before.event_details, &event.event_details, event.changed);
    rc = sch_check_change(&before, &event, &no);
    if (rc)
        return sch_answer_no(tx, out, &no);
    rc = sch_judge_event(service, tx, &event, out);
    if (!rc)
        rc = venue_free(service, tx, &event, out);
    if (!rc)
        rc = sch_write_version(service, tx, &event);
    if (rc)
        return rc;
    about(out, &event);
    bool material = sch_material(event.changed, event.changed_n);
    return cv_accept(tx, out, material ? "changed" : "corrected", "%.*s has version %lld: %zu field%s %s",
                     CV_STR_ARG(event.event), (long long)event.version, event.changed_n,
                     event.changed_n == 1 ? "" : "s", material ? "changed, in what people must know" : "corrected");
}

/* ---- registration ----------------------------------------------------------------------- */

static int check_registration(const cv_scheduling_event_v1_t *before, const cv_scheduling_event_v1_t *after,
                              const sch_party_t *parties, size_t parties_n, int64_t now_ms, sch_no_t *ret_no)
{
    if (!sch_planned(before->status))
        return sch_no(ret_no, CV_EREJECTED, "not_changeable", "data.event", "is %s: registration is over",
                      cv_event_status_text(before->status));
    int rc = sch_check_rules(&after->registration, parties, parties_n, ret_no);
    if (rc)
        return rc;
    if (before->has_registration && after->changed_n == 0)
        return sch_no(ret_no, CV_EREJECTED, "nothing_changed", NULL, "version %lld has these values already",
                      (long long)before->version);
    if (before->status == CV_EVENT_STATUS_OPEN && after->registration.opens_ms > now_ms)
        return sch_no(ret_no, CV_EREJECTED, "settings_inconsistent", "data.opens_ms",
                      "registration is open and cannot open later");
    return CV_OK;
}

static int registration(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_registration_v1_t *request,
                        cv_outcome_t *out)
{
    cv_scheduling_event_v1_t before, event;
    sch_party_t *parties;
    size_t parties_n;
    sch_no_t no;
    int rc = load(service, tx, request->event, &before, out);
    if (rc)
        return rc;
    rc = sch_check_version(&before, request->has_expected_version, request->expected_version, &no);
    if (rc)
        return sch_answer_no(tx, out, &no);
    rc = sch_parties(service->store, cv_tx_arena(tx), &parties, &parties_n);
    if (rc)
        return rc;
    event = before;
    next_version(&event, CV_EVENT_CHANGE_REGISTRATION, CV_STR_NONE, CV_STR_NONE);
    event.has_registration = true;
    event.registration = request->registration_rules;
    event.changed_n = sch_diff_rules(&before.registration, &event.registration, event.changed);
    rc = check_registration(&before, &event, parties, parties_n, cv_tx_now_ms(tx), &no);
    if (rc)
        return sch_answer_no(tx, out, &no);
    rc = sch_write_version(service, tx, &event);
    if (rc)
        return rc;
    about(out, &event);
    return cv_accept(tx, out, "configured", "%.*s takes registrations by these rules from version %lld",
                     CV_STR_ARG(event.event), (long long)event.version);
}

int sch_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out)
{
    sch_service_t *service = self;
    switch (msg->info->number) {
    case CV_MSG_SCHEDULING_PARTY_PUT_V1:
        return sch_put_party(service, tx, data, out);
    case CV_MSG_SCHEDULING_BODY_PUT_V1:
        return sch_put_body(service, tx, data, out);
    case CV_MSG_SCHEDULING_HEADING_PUT_V1:
        return sch_put_heading(service, tx, data, out);
    case CV_MSG_SCHEDULING_VENUE_PUT_V1:
        return sch_put_venue(service, tx, data, out);
    case CV_MSG_SCHEDULING_CALENDAR_PUT_V1:
        return sch_put_calendar(service, tx, data, out);
    case CV_MSG_SCHEDULING_EVENT_PLACE_V1:
        return sch_place_events(service, tx, data, out);
    case CV_MSG_SCHEDULING_CATALOGUE_PUT_V1:
        return sch_put_catalogue(service, tx, data, out);
    case CV_MSG_SCHEDULING_COORDINATOR_PUT_V1:
        return sch_put_coordinator(service, tx, data, out);
    case CV_MSG_SCHEDULING_CHAIRMANSHIP_PUT_V1:
        return sch_put_chairmanship(service, tx, data, out);
    case CV_MSG_SCHEDULING_EVENT_PROPOSE_V1:
        return propose(service, tx, data, out);
    case CV_MSG_SCHEDULING_EVENT_ADVANCE_V1:
        return advance(service, tx, data, out);
    case CV_MSG_SCHEDULING_EVENT_CHANGE_V1:
        return change(service, tx, data, out);
    case CV_MSG_SCHEDULING_EVENT_REGISTRATION_V1:
        return registration(service, tx, data, out);
    case CV_MSG_SCHEDULING_FORM_PUT_V1:
        return sch_put_form(service, tx, data, out);
    case CV_MSG_SCHEDULING_ROOM_PUT_V1:
        return sch_put_room(service, tx, data, out);
    case CV_MSG_SCHEDULING_RELEASE_PUT_V1:
        return sch_put_release(service, tx, data, out);
    case CV_MSG_SCHEDULING_RULE_PUT_V1:
        return sch_put_rule(service, tx, data, out);
    case CV_MSG_SCHEDULING_SESSION_PUT_V1:
        return sch_session_set(service, tx, data, out);
    case CV_MSG_SCHEDULING_SESSION_PLACE_V1:
        return sch_session_place(service, tx, data, out);
    case CV_MSG_SCHEDULING_SESSION_CANCEL_V1:
        return sch_session_cancel(service, tx, data, out);
    case CV_MSG_SCHEDULING_REPORT_PUT_V1:
        return sch_put_report(service, tx, data, out);
    case CV_MSG_SCHEDULING_REVIEW_PUT_V1:
        return sch_put_review(service, tx, data, out);
    case CV_MSG_SCHEDULING_WORKPLAN_PUT_V1:
        return sch_put_workplan(service, tx, data, out);
    case CV_MSG_SCHEDULING_WORKITEM_PUT_V1:
        return sch_put_workitem(service, tx, data, out);
    case CV_MSG_SCHEDULING_PLAN_COMPILE_V1:
        return sch_plan_compile(service, tx, data, out);
    case CV_MSG_SCHEDULING_PLAN_MOVE_V1:
        return sch_plan_move(service, tx, data, out);
    case CV_MSG_SCHEDULING_PLAN_ADD_V1:
        return sch_plan_add(service, tx, data, out);
    case CV_MSG_SCHEDULING_DECISION_OPEN_V1:
        return sch_decision_bring(service, tx, data, out);
    case CV_MSG_SCHEDULING_DECISION_TAKE_V1:
        return sch_decision_take(service, tx, data, out);
    case CV_MSG_SCHEDULING_DECISION_STATE_V1:
        return sch_decision_state(service, tx, data, out);
    case CV_MSG_SCHEDULING_DECISION_RETRACT_V1:
        return sch_decision_retract(service, tx, data, out);
    default:
        return cv_refuse_as(tx, out, CV_EINVAL, "unknown_type", "type", "is not a request that scheduling takes");
    }
}
