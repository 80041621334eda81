/* handlers: the parts of the service and what they share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_HANDLERS_H
#define SCHEDULING_HANDLERS_H

#include "convene/service.h"
#include "convene/zone.h"
#include "scheduling/core_calendar.h"
#include "scheduling/core_conflicts.h"
#include "scheduling/core_year.h"
#include "scheduling/store.h"

enum { SCH_STREAM_EVENTS };           /* index into the service's streams */
#define SCH_TIMER_OPEN "event_open"   /* key: event; registration opens */
#define SCH_TIMER_CLOSE "event_close" /* key: event; registration closes */
#define SCH_TIMER_SILENCE "silence"   /* key: decision; silence ends */
#define SCH_TIMER_WORK "work_due"     /* key: PLAN/ITEM; an item of work becomes overdue */
#define SCH_TIMER_CLOCKS "clocks"     /* key: "" every day, "more" at once; clocks may be set otherwise */
#define SCH_FOLLOWED "registration.events"

/* The service's object: nothing but statements. All state is in the database, so forget() has nothing to drop. */
typedef struct {
    sch_store_t *store;
} sch_service_t;

/* Both tables of rules, with what was changed in them. */
typedef struct {
    sch_rule_t annual[SCH_ANNUAL_RULES_N], programme[SCH_PROGRAMME_RULES_N];
} sch_rules_t;

/* The definition that main() and tests run. */
extern const cv_service_def_t sch_definition;

/* requests.c */
int sch_request(void *self, cv_tx_t *tx, const cv_msg_t *msg, const void *data, cv_outcome_t *out);
/* reference.c: party, body, heading, venue. */
int sch_put_party(sch_service_t *service, cv_tx_t *tx, const cv_party_t *party, cv_outcome_t *out);
int sch_put_body(sch_service_t *service, cv_tx_t *tx, const cv_body_t *body, cv_outcome_t *out);
int sch_put_heading(sch_service_t *service, cv_tx_t *tx, const cv_heading_t *heading, cv_outcome_t *out);
int sch_put_venue(sch_service_t *service, cv_tx_t *tx, const cv_venue_t *venue, cv_outcome_t *out);
/* calendar.c */
int sch_put_calendar(sch_service_t *service, cv_tx_t *tx, const cv_calendar_t *calendar, cv_outcome_t *out);
/* place.c: several events at once. */
int sch_place_events(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_place_v1_t *request,
                     cv_outcome_t *out);
/* Stores and emits a row of reference data unless it is stored like this already. */
int sch_put_ref(sch_service_t *service, cv_tx_t *tx, sch_ref_t ref, uint16_t record, cv_str_t code, cv_str_t detail,
                cv_str_t dimension, const void *data, cv_outcome_t *out);
/* catalogue.c */
int sch_put_catalogue(sch_service_t *service, cv_tx_t *tx, const cv_catalogue_t *catalogue, cv_outcome_t *out);
int sch_put_coordinator(sch_service_t *service, cv_tx_t *tx, const cv_coordinator_t *coordinator, cv_outcome_t *out);
int sch_put_chairmanship(sch_service_t *service, cv_tx_t *tx, const cv_chairmanship_t *chairmanship, cv_outcome_t *out);
/* What an event cites is in the version of the catalogue it names, if it names one. */
int sch_check_cites(sch_service_t *service, cv_tx_t *tx, const cv_event_details_t *details,
                    cv_outcome_t *out) CV_USE_RESULT;

/* The next version of an event: stored, its timers moved, its record written. event->version and what makes the
 * version (change, reason, decision, changed) are set by the caller; start_ms and calendar_sequence are set here. */
int sch_write_version(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event);
/* Is what the event has to itself free on its days: its body, its host's team? before stands before the sentence. */
int sch_alone_free(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event, const char *before,
                   cv_outcome_t *out) CV_USE_RESULT;
/* What the core refused, as the answer to the request. */
int sch_answer_no(cv_tx_t *tx, cv_outcome_t *out, const sch_no_t *no);

/* decisions.c */
int sch_decision_bring(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_open_v1_t *request,
                       cv_outcome_t *out);
int sch_decision_take(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_take_v1_t *request,
                      cv_outcome_t *out);
int sch_decision_state(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_state_v1_t *request,
                       cv_outcome_t *out);
int sch_decision_retract(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_decision_retract_v1_t *request,
                         cv_outcome_t *out);
int sch_silence_timer(sch_service_t *service, cv_tx_t *tx, cv_str_t decision);
/* A decision that something else rests on: known and adopted, or the answer says why not. CV_STR_NONE: nothing to
 * check. */
int sch_rests_on(sch_service_t *service, cv_tx_t *tx, cv_str_t decision, const char *field,
                 cv_outcome_t *out) CV_USE_RESULT;
/* plans.c */
int sch_plan_compile(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_compile_v1_t *request,
                     cv_outcome_t *out);
int sch_plan_move(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_move_v1_t *request, cv_outcome_t *out);
int sch_plan_add(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_plan_add_v1_t *request, cv_outcome_t *out);
/* Can this plan be decided about? Its version that is circulated, or the answer says why not. */
int sch_plan_decidable(sch_service_t *service, cv_tx_t *tx, cv_str_t plan, int64_t *ret_version,
                       cv_outcome_t *out) CV_USE_RESULT;
/* What follows from an adopted decision about a plan. */
int sch_plan_decided(sch_service_t *service, cv_tx_t *tx, const sch_decision_t *decision) CV_USE_RESULT;
/* May this event be changed or moved by itself while its plan is circulated? to: CV_EVENT_STATUS_ABSENT: its fields. */
int sch_plan_lets(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event, cv_event_status_t to,
                  cv_outcome_t *out) CV_USE_RESULT;
/* rooms.c */
int sch_put_room(sch_service_t *service, cv_tx_t *tx, const cv_room_t *room, cv_outcome_t *out);
int sch_put_rule(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_rule_put_v1_t *request, cv_outcome_t *out);
cv_scheduling_rule_v1_t sch_rule_record(const sch_rule_t *rule);
/* The rules as they are now. */
int sch_load_rules(sch_service_t *service, cv_tx_t *tx, sch_rules_t *ret_rules) CV_USE_RESULT;
/* sessions.c */
int sch_session_set(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_put_v1_t *request,
                    cv_outcome_t *out);
int sch_session_place(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_place_v1_t *request,
                      cv_outcome_t *out);
int sch_session_cancel(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_session_cancel_v1_t *request,
                       cv_outcome_t *out);
/* An event that takes up no days any more has no programme either: its sessions are taken off it. */
int sch_sessions_off(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event) CV_USE_RESULT;
/* releases.c */
int sch_put_release(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_release_put_v1_t *request,
                    cv_outcome_t *out);
/* year_facts.c: members around one event, what year->near comes to mean for it, and the day; into year, which has what is
 * near already. */
int sch_year_facts(sch_service_t *service, cv_arena_t *arena, int64_t now_ms, const cv_scheduling_event_v1_t *event,
                   sch_year_t *year) CV_USE_RESULT;
/* conflicts.c */
/* One conflict more in an outcome: kept while there is room, and counted. */
int sch_tell(cv_tx_t *tx, const sch_rule_t *rule, int64_t cost, const char *about, const char *other, const char *text,
             cv_outcome_t *out) CV_USE_RESULT;
/* Events near these days, and calendars of a country and of everybody (NULL: all), as the evaluator wants them. */
int sch_gather_year(sch_service_t *service, cv_arena_t *arena, int64_t first, int64_t last, const cv_str_t *country,
                    sch_year_t *ret_year) CV_USE_RESULT;
int sch_body_kind(sch_service_t *service, cv_tx_t *tx, cv_str_t body, cv_body_kind_t *ret_kind) CV_USE_RESULT;
/* What the session's venue says of its week, in the arena. */
int sch_gather_pauses(sch_service_t *service, cv_arena_t *arena, cv_str_t venue, sch_around_t *around) CV_USE_RESULT;
/* What speaks against the session where it is, into out. A refusal, if something forbids it. room: where it is, or
 * NULL. */
int sch_judge_session(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event,
                      const sch_sitting_t *sitting, const cv_room_t *room, cv_outcome_t *out) CV_USE_RESULT;
/* The same for an event on its days. before: the version that it changes; NULL: it is new. */
int sch_judge_event(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event,
                    const cv_scheduling_event_v1_t *before, cv_outcome_t *out) CV_USE_RESULT;
/* forms.c */
int sch_put_form(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_form_put_v1_t *request, cv_outcome_t *out);
/* reports.c */
int sch_put_report(sch_service_t *service, cv_tx_t *tx, const cv_report_t *report, cv_outcome_t *out);
int sch_put_review(sch_service_t *service, cv_tx_t *tx, const cv_review_t *review, cv_outcome_t *out);
/* work.c */
int sch_put_workplan(sch_service_t *service, cv_tx_t *tx, const cv_workplan_t *plan, cv_outcome_t *out);
int sch_put_workitem(sch_service_t *service, cv_tx_t *tx, const cv_workitem_t *item, cv_outcome_t *out);
int sch_work_timer(sch_service_t *service, cv_tx_t *tx, cv_str_t key);

/* What the tables would refuse: a room, person or venue that another one holds. */
int sch_session_free(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event,
                     const sch_sitting_t *sitting, const cv_room_t *room, cv_outcome_t *out) CV_USE_RESULT;
/* clocks.c */
/* Something was written that begins then: clocks are looked at again while it is ahead. */
int sch_clocks_arm(cv_tx_t *tx, int64_t ahead_ms) CV_USE_RESULT;
int sch_clocks_start(cv_tx_t *tx) CV_USE_RESULT; /* in the first transaction after this one */
int sch_clocks_timer(sch_service_t *service, cv_tx_t *tx) CV_USE_RESULT;

/* events.c: what followed records and timers do. */
int sch_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data);
int sch_snapshot_begin(void *self, cv_tx_t *tx, const char *stream);
int sch_timer(void *self, cv_tx_t *tx, const char *kind, cv_str_t key);

/* queries.c */
int sch_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect);
int sch_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect);

#endif
