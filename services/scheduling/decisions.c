/* decisions: what others ask of decisions, and the instant at which a silence ends.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each step is one transaction: the decision's next version, the statement if there is one, the timer, and a record of
 * each on scheduling.events. So whoever follows that stream hears of every step once, in order, and at once.
 *
 * The end of a silence is a durable timer, set in the transaction that opened it and dropped in the one that breaks it.
 *
 *   crash before COMMIT         nothing was adopted; the timer is still there and fires again
 *   crash after COMMIT          adopted; the timer went in the same transaction, so it does not fire twice
 *   stopped over the instant    the timer is due at once after the start, before any request of that turn is looked at
 *   thousands at one instant    the engine takes some hundred timers a turn; meanwhile requests are measured by the
 *                               instant, not by the state, and are refused as too late
 *   clock set back              the timer waits for the clock; one that was taken before the instant all the same sets
 *                               itself again
 *
 * What an adoption brings about (a plan and its events are adopted) happens in the same transaction. It was checked
 * when the decision was brought in, and what could spoil it is refused while the silence runs.
 */
#include "scheduling/handlers.h"

#include "convene/ids.h"

static int unknown(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *what, cv_str_t name)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, code, field, "no %s %.*s", what, CV_STR_ARG(name));
}

static int load(sch_service_t *service, cv_tx_t *tx, cv_str_t id, sch_decision_t *ret_decision, cv_outcome_t *out)
{
    int rc = sch_decision_get(service->store, cv_tx_arena(tx), id, ret_decision);
    return rc == CV_ENOTFOUND ? unknown(tx, out, "unknown_decision", "data.decision", "decision", id) : rc;
}

static int write_step(sch_service_t *service, cv_tx_t *tx, const sch_decision_t *decision)
{
    bool runs = decision->state == CV_DECISION_STATE_OPEN;
    int rc = sch_decision_put(service->store, decision, cv_tx_now_ms(tx));
    if (!rc)
        rc = runs ? cv_tx_timer_set(tx, SCH_TIMER_SILENCE, decision->decision, decision->expires_ms)
                  : cv_tx_timer_cancel(tx, SCH_TIMER_SILENCE, decision->decision);
    return rc ? rc
              : cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_DECISION_V1, decision->decision, decision, NULL);
}

/* The text becomes a decision of its year, with the next number. */
static int adopt(sch_service_t *service, cv_tx_t *tx, sch_decision_t *decision, int64_t year)
{
    int rc = sch_decision_number(service->store, year, &decision->number);
    if (rc)
        return rc;
    decision->has_number = decision->has_year = true;
    decision->year = year;
    rc = write_step(service, tx, decision);
    if (!rc && decision->resolution.subject == CV_SUBJECT_KIND_PLAN)
        rc = sch_plan_decided(service, tx, decision);
    return rc;
}

int sch_rests_on(sch_service_t *service, cv_tx_t *tx, cv_str_t id, const char *field, cv_outcome_t *out)
{
    sch_decision_t decision;
    sch_no_t no;
    if (!id.ptr)
        return CV_OK;
    int rc = sch_decision_get(service->store, cv_tx_arena(tx), id, &decision);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_decision", field, "decision", id);
    if (rc)
        return rc;
    return sch_check_adopted(&decision, field, &no) ? sch_answer_no(tx, out, &no) : CV_OK;
}

/* ---- bringing in ------------------------------------------------------------------------- */

/* What it is about is there, and can be decided about. */
static int check_subject(sch_service_t *service, cv_tx_t *tx, const cv_resolution_t *resolution,
                         int64_t *ret_plan_version, cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event;
    int rc;
    switch (resolution->subject) {
    case CV_SUBJECT_KIND_PLAN:
        return sch_plan_decidable(service, tx, resolution->about, ret_plan_version, out);
    case CV_SUBJECT_KIND_EVENT:
        rc = sch_event_get(service->store, cv_tx_arena(tx), resolution->about, &event);
        return rc == CV_ENOTFOUND ? unknown(tx, out, "unknown_event", "data.about", "event", resolution->about) : rc;
    case CV_SUBJECT_KIND_MEMBERSHIP:
    case CV_SUBJECT_KIND_CHAIRMANSHIP:
        rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, resolution->about, NULL);
        return rc == CV_ENOTFOUND ? unknown(tx, out, "unknown_party", "data.about", "party", resolution->about) : rc;
    case CV_SUBJECT_KIND_ABSENT:
    case CV_SUBJECT_KIND_DOCUMENT:
    case CV_SUBJECT_KIND_CATALOGUE:
        break;
    }
    return CV_OK;
}

/* What a resolution names is there. */
static int check_names(sch_service_t *service, cv_tx_t *tx, const cv_resolution_t *resolution,
                       int64_t *ret_plan_version, cv_outcome_t *out)
{
    sch_no_t no;
    int rc = CV_OK;
    if (sch_check_about(resolution, &no))
        return sch_answer_no(tx, out, &no);
    if (resolution->proposer.ptr) {
        rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, resolution->proposer, NULL);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_party", "data.proposer", "party", resolution->proposer);
    }
    return rc ? rc : check_subject(service, tx, resolution, ret_plan_version, out);
}

/* The meeting that decides or at which it was proposed: known, and one that takes place. */
static int check_meeting(sch_service_t *service, cv_tx_t *tx, const cv_resolution_t *resolution, bool needed,
                         cv_outcome_t *out)
{
    cv_scheduling_event_v1_t event;
    if (!resolution->meeting.ptr)
        return needed ? cv_refuse(tx, out, "meeting_required", "data.meeting",
                                  "a decision taken in session must name the meeting that took it")
                      : CV_OK;
    int rc = sch_event_get(service->store, cv_tx_arena(tx), resolution->meeting, &event);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_event", "data.meeting", "event", resolution->meeting);
    if (rc)
        return rc;
    int64_t first, last;
    const int64_t day_ms = INT64_C(86400000), easternmost_ms = 14 * day_ms / 24;
    bool began = sch_days(&event.event_details, &first, &last) && cv_tx_now_ms(tx) >= first * day_ms - easternmost_ms;
    if (needed && (!sch_dated(event.status) || !began))
        return cv_refuse(tx, out, "meeting_not_held", "data.meeting",
                         "%.*s is %s and its first day is %s: a decision is recorded when its meeting has begun",
                         CV_STR_ARG(event.event), cv_event_status_text(event.status), began ? "past" : "not here yet");
    return CV_OK;
}

/* A new decision, as far as both ways are the same. */
static int start(sch_service_t *service, cv_tx_t *tx, cv_str_t id, const cv_resolution_t *resolution,
                 cv_decision_way_t way, sch_decision_t *ret_decision, cv_outcome_t *out)
{
    sch_decision_t decision;
    sch_party_t *parties;
    size_t parties_n;
    cv_str_t other;
    int64_t plan_version = 0;
    int rc = sch_decision_get(service->store, cv_tx_arena(tx), id, &decision);
    if (!rc)
        return cv_refuse(tx, out, "exists", "data.decision", "there is a decision %.*s already (%s)", CV_STR_ARG(id),
                         cv_decision_state_text(decision.state));
    if (rc != CV_ENOTFOUND)
        return rc;
    rc = check_names(service, tx, resolution, &plan_version, out);
    if (!rc)
        rc = check_meeting(service, tx, resolution, way == CV_DECISION_WAY_SESSION, out);
    if (!rc)
        rc = sch_parties(service->store, cv_tx_arena(tx), &parties, &parties_n);
    if (rc)
        return rc;
    if (resolution->about.ptr) {
        rc = sch_decision_open(service->store, cv_tx_arena(tx), resolution->subject, resolution->about, &other);
        if (!rc)
            return cv_refuse(tx, out, "under_silence", "data.about",
                             "decision %.*s about %s %.*s runs in silence already", CV_STR_ARG(other),
                             cv_subject_kind_text(resolution->subject), CV_STR_ARG(resolution->about));
        if (rc != CV_ENOTFOUND)
            return rc;
    }
    int64_t members = sch_members(parties, parties_n);
    if (!members)
        return cv_refuse(tx, out, "no_members", NULL, "there are no members yet, so there is nobody to agree");
    *ret_decision = (sch_decision_t){
        .decision = id,
        .version = 1,
        .way = way,
        .opened_ms = cv_tx_now_ms(tx),
        .members = members,
        .has_plan_version = plan_version > 0,
        .plan_version = plan_version,
        .resolution = *resolution,
    };
    return CV_OK;
}

int sch_decision_bring(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_open_v1_t *request,
                       cv_outcome_t *out)
{
    sch_decision_t decision;
    sch_no_t no;
    cv_str_t file = CV_STR_NONE;
    int64_t expires_ms;
    char text[CV_TIME_TEXT + 1];
    int rc = start(service, tx, request->decision, &request->resolution, CV_DECISION_WAY_SILENCE, &decision, out);
    if (rc)
        return rc;
    rc = request->zone.ptr ? cv_zone_read(cv_tx_arena(tx), request->zone, &file) : CV_OK;
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    if (sch_expiry(request, file, cv_tx_now_ms(tx), &expires_ms, &no))
        return sch_answer_no(tx, out, &no);
    decision.state = CV_DECISION_STATE_OPEN;
    decision.step = CV_DECISION_STEP_OPENED;
    decision.has_expires_ms = true;
    decision.expires_ms = expires_ms;
    decision.expires_wall = request->expires_wall;
    decision.zone = request->zone;
    decision.utc_offset = request->utc_offset;
    rc = write_step(service, tx, &decision);
    cv_time_text(expires_ms, text);
    return rc ? rc
              : cv_accept(tx, out, "opened", "%.*s is adopted at %s unless a member objects or amends before",
                          CV_STR_ARG(decision.decision), text);
}

int sch_decision_take(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_take_v1_t *request,
                      cv_outcome_t *out)
{
    sch_decision_t decision;
    sch_party_t *parties;
    size_t parties_n;
    sch_no_t no;
    int rc = start(service, tx, request->decision, &request->resolution, CV_DECISION_WAY_SESSION, &decision, out);
    if (!rc)
        rc = sch_parties(service->store, cv_tx_arena(tx), &parties, &parties_n);
    if (rc)
        return rc;
    if (sch_check_present(request->present, request->present_n, parties, parties_n, &no))
        return sch_answer_no(tx, out, &no);
    int64_t now_ms = cv_tx_now_ms(tx), year = sch_year_of(now_ms);
    if (request->date.ptr && sch_check_taken(request->date, now_ms, &year, &no))
        return sch_answer_no(tx, out, &no);
    decision.version = 0; /* settling makes it 1 */
    sch_settle(&decision, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED, now_ms);
    decision.date = request->date;
    decision.has_quorum = true;
    decision.quorum = sch_quorum(decision.members);
    decision.present_n = request->present_n;
    for (size_t i = 0; i < request->present_n; ++i)
        decision.present[i] = request->present[i];
    rc = adopt(service, tx, &decision, year);
    return rc ? rc
              : cv_accept(tx, out, "adopted", "%.*s is decision %lld of %lld, taken by %zu of %lld members",
                          CV_STR_ARG(decision.decision), (long long)decision.number, (long long)decision.year,
                          decision.present_n, (long long)decision.members);
}

/* ---- statements -------------------------------------------------------------------------- */

static int kind_of(sch_service_t *service, cv_tx_t *tx, cv_str_t code, cv_party_kind_t *ret_kind)
{
    cv_str_t data;
    cv_party_t party;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, code, &data);
    if (!rc)
        rc = sch_store_unpack(CV_MSG_SCHEDULING_PARTY_V1, data, &party);
    if (!rc)
        *ret_kind = party.kind;
    return rc;
}

int sch_decision_state(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_state_v1_t *request,
                       cv_outcome_t *out)
{
    sch_decision_t decision;
    cv_party_kind_t kind;
    sch_no_t no;
    int rc = load(service, tx, request->decision, &decision, out);
    if (rc)
        return rc;
    rc = kind_of(service, tx, request->party, &kind);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_party", "data.party", "party", request->party);
    if (rc)
        return rc;
    int64_t now_ms = cv_tx_now_ms(tx);
    if (sch_check_statement(&decision, request, kind, now_ms, &no))
        return sch_answer_no(tx, out, &no);
    const cv_scheduling_statement_v1_t statement = {
        .decision = decision.decision,
        .number = decision.statements + 1,
        .party = request->party,
        .kind = request->kind,
        .text = request->text,
        .at_ms = now_ms,
    };
    ++decision.statements;
    bool breaks = decision.state == CV_DECISION_STATE_OPEN;
    if (breaks) {
        sch_settle(&decision, CV_DECISION_STATE_BROKEN, CV_DECISION_STEP_BROKEN, now_ms);
        decision.by = request->party;
        decision.has_statement = true;
        decision.statement = statement.number;
    } else {
        ++decision.version;
        decision.step = CV_DECISION_STEP_ATTACHED;
    }
    rc = sch_statement_put(service->store, &statement);
    if (!rc)
        rc = cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_STATEMENT_V1, decision.decision, &statement, NULL);
    if (!rc)
        rc = write_step(service, tx, &decision);
    if (rc)
        return rc;
    return breaks ? cv_accept(tx, out, "broken", "%.*s is not adopted: silence was broken by %.*s (%s)",
                              CV_STR_ARG(decision.decision), CV_STR_ARG(request->party),
                              cv_statement_kind_text(request->kind))
                  : cv_accept(tx, out, "attached", "the %s of %.*s is attached to %.*s as statement %lld",
                              cv_statement_kind_text(request->kind), CV_STR_ARG(request->party),
                              CV_STR_ARG(decision.decision), (long long)statement.number);
}

int sch_decision_retract(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_retract_v1_t *request,
                         cv_outcome_t *out)
{
    sch_decision_t decision;
    sch_no_t no;
    int rc = load(service, tx, request->decision, &decision, out);
    if (rc)
        return rc;
    if (sch_check_retract(&decision, cv_tx_now_ms(tx), &no))
        return sch_answer_no(tx, out, &no);
    sch_settle(&decision, CV_DECISION_STATE_WITHDRAWN, CV_DECISION_STEP_WITHDRAWN, cv_tx_now_ms(tx));
    decision.reason = request->reason;
    rc = write_step(service, tx, &decision);
    return rc ? rc : cv_accept(tx, out, "withdrawn", "%.*s is taken back", CV_STR_ARG(decision.decision));
}

/* ---- the instant ------------------------------------------------------------------------- */

int sch_silence_timer(sch_service_t *service, cv_tx_t *tx, cv_str_t id)
{
    sch_decision_t decision;
    int rc = sch_decision_get(service->store, cv_tx_arena(tx), id, &decision);
    if (rc == CV_ENOTFOUND)
        return CV_OK;
    if (rc || decision.state != CV_DECISION_STATE_OPEN)
        return rc;
    if (!sch_silence_over(&decision, cv_tx_now_ms(tx)))
        return cv_tx_timer_set(tx, SCH_TIMER_SILENCE, id, decision.expires_ms);
    sch_settle(&decision, CV_DECISION_STATE_ADOPTED, CV_DECISION_STEP_ADOPTED, cv_tx_now_ms(tx));
    return adopt(service, tx, &decision, sch_year_of(decision.expires_ms));
}
