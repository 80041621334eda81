/* handlers: the parts of the service and what they share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_HANDLERS_H
#define SCHEDULING_HANDLERS_H

#include "convene/service.h"
#include "scheduling/store.h"

enum { SCH_STREAM_EVENTS };           /* index into the service's streams */
#define SCH_TIMER_OPEN "event_open"   /* key: event; registration opens */
#define SCH_TIMER_CLOSE "event_close" /* key: event; registration closes */
#define SCH_TIMER_SILENCE "silence"   /* key: decision; silence ends */
#define SCH_TIMER_WORK "work_due"     /* key: PLAN/ITEM; an item of work becomes overdue */
#define SCH_FOLLOWED "registration.events"

/* The service's object: nothing but statements. All state is in the database, so forget() has nothing to drop. */
typedef struct {
    sch_store_t *store;
} sch_service_t;

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
 * version (change, reason, decision, changed) are set by the caller. */
int sch_write_version(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_event_v1_t *event);
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
/* forms.c */
int sch_put_form(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_form_put_v1_t *request, cv_outcome_t *out);
/* reports.c */
int sch_put_report(sch_service_t *service, cv_tx_t *tx, const cv_report_t *report, cv_outcome_t *out);
int sch_put_review(sch_service_t *service, cv_tx_t *tx, const cv_review_t *review, cv_outcome_t *out);
/* work.c */
int sch_put_workplan(sch_service_t *service, cv_tx_t *tx, const cv_workplan_t *plan, cv_outcome_t *out);
int sch_put_workitem(sch_service_t *service, cv_tx_t *tx, const cv_workitem_t *item, cv_outcome_t *out);
int sch_work_timer(sch_service_t *service, cv_tx_t *tx, cv_str_t key);

/* events.c: what followed records and timers do. */
int sch_record(void *self, cv_tx_t *tx, const char *stream, const cv_msg_t *msg, const void *data);
int sch_snapshot_begin(void *self, cv_tx_t *tx, const char *stream);
int sch_timer(void *self, cv_tx_t *tx, const char *kind, cv_str_t key);

/* queries.c */
int sch_query(void *self, cv_tx_t *tx, const cv_log_query_v1_t *query, cv_collect_t *collect);
int sch_snapshot(void *self, cv_tx_t *tx, unsigned stream, cv_collect_t *collect);

#endif
