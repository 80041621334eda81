/* store: all SQL of scheduling: reference data, events with their history, venue days, turnout.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Functions return CV_OK, CV_ENOTFOUND where something is looked up, or what the database said. Structs that are read
 * hold views into the arena, or, in the walks, into a row: valid only until the callback returns.
 */
#ifndef SCHEDULING_STORE_H
#define SCHEDULING_STORE_H

#include "convene/store.h"
#include "scheduling/core_plans.h"
#include "scheduling/core_sessions.h"

/* Reference data: kinds with a table each. */
typedef enum {
    SCH_PARTY,
    SCH_BODY,
    SCH_HEADING,
    SCH_VENUE,
    SCH_CATALOGUE,
    SCH_COORDINATOR,
    SCH_CHAIRMANSHIP,
    SCH_REPORT, /* code: its event */
    SCH_REVIEW, /* code: YEAR-DIMENSION */
    SCH_WORKPLAN,
    SCH_CALENDAR,
    SCH_FORM,    /* code: its event */
    SCH_ROOM,    /* code: VENUE/ROOM */
    SCH_RULE,    /* code: its id */
    SCH_RELEASE, /* code: EVENT/NAME or PLAN/NAME */
    SCH_REFS
} sch_ref_t;

/* One row of a walk: key to go on after, when it was written, and its data (the record's map as MessagePack). */
typedef struct {
    cv_str_t key;
    int64_t at_ms;
    cv_str_t data;
} sch_row_t;
/* CV_OK: go on. Anything else ends the walk and is what it returns. */
typedef int (*sch_each_t)(void *self, const sch_row_t *row);

/* What events to list; zero and CV_STR_NONE: any. */
typedef struct {
    int64_t plan_year;
    cv_event_status_t status;
    cv_plan_line_t line;
    cv_event_format_t format;
    cv_str_t dimension, area, body, proposer, country, venue, group;
} sch_filter_t;

/* What decisions to list; zero and CV_STR_NONE: any. */
typedef struct {
    cv_decision_state_t state;
    cv_subject_kind_t subject;
    cv_str_t about;
    int64_t year;
} sch_decision_filter_t;

/* What plans to list; the same. */
typedef struct {
    cv_str_t plan;
    int64_t year, version;
    cv_plan_line_t line;
    cv_plan_state_t state;
} sch_plan_filter_t;

/* What items of work to list; the same. */
typedef struct {
    cv_str_t plan, party;
    cv_work_state_t state;
    bool overdue; /* only those */
} sch_work_filter_t;

typedef cv_registration_delegation_v1_t sch_turnout_t;

enum { SCH_MIGRATIONS_N = 9 };
extern const char *const sch_migrations[SCH_MIGRATIONS_N];

typedef struct sch_store sch_store_t;
int sch_store_open(cv_db_t *db, sch_store_t **ret_store) CV_USE_RESULT;
void sch_store_close(sch_store_t **store); /* statements die with the database */

/* ---- reference data ---- */
/* The record's data as it would be stored, in the store's buffer until the next call of the store. */
int sch_store_pack(sch_store_t *store, uint16_t type, const void *data, cv_str_t *ret_data) CV_USE_RESULT;
/* Decodes what sch_store_pack made. Views point into data. */
int sch_store_unpack(uint16_t type, cv_str_t data, void *ret_struct) CV_USE_RESULT;

/* *ret_data in the arena. ret_data may be NULL: does it exist? */
int sch_ref_get(sch_store_t *store, cv_arena_t *arena, sch_ref_t ref, cv_str_t code, cv_str_t *ret_data) CV_USE_RESULT;
/* detail: party and body kind, heading level, venue city; else what is asked for, or CV_STR_NONE. dimension: of an
 * area; else CV_STR_NONE. What was put before stays as a version. */
int sch_ref_put(sch_store_t *store, sch_ref_t ref, cv_str_t code, cv_str_t detail, cv_str_t dimension, int64_t at_ms,
                cv_str_t data) CV_USE_RESULT;
/* In the order of codes, after a code (CV_STR_NONE: from the first). Dimensions come before areas. */
int sch_ref_walk(sch_store_t *store, sch_ref_t ref, cv_str_t after, sch_each_t each, void *self) CV_USE_RESULT;
/* Every row that was ever put under this code, after a version, oldest first. Keys are version numbers. */
int sch_ref_versions(sch_store_t *store, sch_ref_t ref, cv_str_t code, int64_t after, sch_each_t each,
                     void *self) CV_USE_RESULT;
/* All parties, in the arena. */
int sch_parties(sch_store_t *store, cv_arena_t *arena, sch_party_t **ret_parties, size_t *ret_n) CV_USE_RESULT;

/* ---- events ---- */
int sch_event_get(sch_store_t *store, cv_arena_t *arena, cv_str_t event,
                  cv_scheduling_event_v1_t *ret_event) CV_USE_RESULT;
/* The event that keeps this one out of its venue, in the arena. CV_ENOTFOUND: none does. Events of one group share. */
int sch_venue_taken(sch_store_t *store, cv_arena_t *arena, const cv_scheduling_event_v1_t *event,
                    cv_str_t *ret_other) CV_USE_RESULT;
/* Writes the current state, its version into the history, and the days it holds its venue. CV_ECONFLICT: the venue is
 * taken on one of them. */
int sch_event_put(sch_store_t *store, const cv_scheduling_event_v1_t *event, int64_t at_ms) CV_USE_RESULT;
/* Gives up the days on which an event holds anything; sch_event_put takes those it needs. */
int sch_days_drop(sch_store_t *store, cv_str_t event) CV_USE_RESULT;
/* Who holds for the event: its group if it has one. text has room for it. */
enum { SCH_HOLDER_MAX = 80 };
cv_str_t sch_holder(const cv_scheduling_event_v1_t *event, char text[SCH_HOLDER_MAX]);
int sch_event_walk(sch_store_t *store, const sch_filter_t *filter, cv_str_t after, sch_each_t each,
                   void *self) CV_USE_RESULT;
/* All versions after the given one, oldest first. Keys are version numbers. */
int sch_history_walk(sch_store_t *store, cv_str_t event, int64_t after, sch_each_t each, void *self) CV_USE_RESULT;
/* Events that cite this version of the catalogue. */
int sch_citing_walk(sch_store_t *store, cv_str_t catalogue, sch_each_t each, void *self) CV_USE_RESULT;
/* Events whose registration rules still matter: those that have rules and are still to take place. */
int sch_configured_walk(sch_store_t *store, sch_each_t each, void *self) CV_USE_RESULT;

/* ---- decisions (store_decisions.c) ---- */
int sch_decision_get(sch_store_t *store, cv_arena_t *arena, cv_str_t id, sch_decision_t *ret_decision) CV_USE_RESULT;
/* CV_ECONFLICT: what the tables forbid. */
int sch_decision_put(sch_store_t *store, const sch_decision_t *decision, int64_t at_ms) CV_USE_RESULT;
/* The number the next decision of a year gets. */
int sch_decision_number(sch_store_t *store, int64_t year, int64_t *ret_number) CV_USE_RESULT;
/* The silence that runs about this, its id in the arena. CV_ENOTFOUND: none. */
int sch_decision_open(sch_store_t *store, cv_arena_t *arena, cv_subject_kind_t subject, cv_str_t about,
                      cv_str_t *ret_id) CV_USE_RESULT;
/* In the order of ids. */
int sch_decision_walk(sch_store_t *store, const sch_decision_filter_t *filter, cv_str_t after, sch_each_t each,
                      void *self) CV_USE_RESULT;
int sch_statement_put(sch_store_t *store, const cv_scheduling_statement_v1_t *statement) CV_USE_RESULT;
/* Of one decision after a number; keys are numbers. */
int sch_statement_walk(sch_store_t *store, cv_str_t decision, int64_t after, sch_each_t each, void *self) CV_USE_RESULT;
/* Of all decisions; keys are decisions. */
int sch_statement_all(sch_store_t *store, sch_each_t each, void *self) CV_USE_RESULT;

/* ---- plans (store_plans.c) ---- */
/* The newest version, whatever its state. */
int sch_plan_last(sch_store_t *store, cv_arena_t *arena, cv_str_t plan, sch_plan_t *ret_plan) CV_USE_RESULT;
int sch_plan_in_force(sch_store_t *store, cv_arena_t *arena, cv_str_t plan, sch_plan_t *ret_plan) CV_USE_RESULT;
/* CV_ECONFLICT: what the tables forbid. */
int sch_plan_put(sch_store_t *store, const sch_plan_t *plan, int64_t at_ms) CV_USE_RESULT;
/* In the order of ids and versions; keys are PLAN/VERSION. */
int sch_plan_walk(sch_store_t *store, const sch_plan_filter_t *filter, cv_str_t after, int64_t after_version,
                  sch_each_t each, void *self) CV_USE_RESULT;
/* The plan in whose circulated version this event is, in the arena. CV_ENOTFOUND: in none. */
int sch_circulated_in(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_str_t *ret_plan) CV_USE_RESULT;
/* Events that a plan could take: proposed or circulated. */
int sch_proposed_walk(sch_store_t *store, int64_t year, cv_plan_line_t line, sch_each_t each, void *self) CV_USE_RESULT;

/* ---- items of work (store_work.c) ---- */
int sch_work_get(sch_store_t *store, cv_arena_t *arena, cv_str_t plan, cv_str_t item, cv_str_t *ret_data) CV_USE_RESULT;
int sch_work_put(sch_store_t *store, const cv_scheduling_workitem_v1_t *record, int64_t at_ms) CV_USE_RESULT;
/* In the order of plans and items; keys are PLAN/ITEM. */
int sch_work_walk(sch_store_t *store, const sch_work_filter_t *filter, cv_str_t after_plan, cv_str_t after_item,
                  sch_each_t each, void *self) CV_USE_RESULT;

/* ---- days of events (store_days.c) ---- */
/* Writes the days on which the event has its body and host's team to itself, and its span. CV_ECONFLICT: another holds
 * one of them. Follows sch_event_put, which does it. */
int sch_days_put(sch_store_t *store, const cv_scheduling_event_v1_t *event, cv_str_t holder) CV_USE_RESULT;
/* What an event cannot have because another one has it, both in the arena: "body/SOC" or "team/...". CV_ENOTFOUND: it
 * can have all. */
int sch_day_taken(sch_store_t *store, cv_arena_t *arena, const cv_scheduling_event_v1_t *event, cv_str_t *ret_resource,
                  cv_str_t *ret_other) CV_USE_RESULT;
/* Events with a day between first and last, in the order of their first days. */
int sch_near_events(sch_store_t *store, int64_t first, int64_t last, sch_each_t each, void *self) CV_USE_RESULT;
/* Calendars of a country (CV_STR_NONE: of none) and of everybody. */
int sch_calendars_of(sch_store_t *store, cv_str_t country, sch_each_t each, void *self) CV_USE_RESULT;
/* Writes what an older version of the database did not have. What cannot be held by two is left to who came first. */
int sch_days_fill(sch_store_t *store, cv_arena_t *arena) CV_USE_RESULT;

/* ---- sessions (store_sessions.c) ---- */
int sch_session_get(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_str_t session,
                    sch_sitting_t *ret_sitting) CV_USE_RESULT;
/* Writes the current state, its version into the history, and what it holds. turnaround: of its room. CV_ECONFLICT:
 * what it needs is held by another. */
int sch_session_put(sch_store_t *store, const sch_sitting_t *sitting, int64_t turnaround, cv_str_t holder,
                    int64_t at_ms) CV_USE_RESULT;
/* Takes the session out of all that is near and gives up what it holds, until sch_session_put writes it anew in the
 * same transaction. */
int sch_session_lift(sch_store_t *store, cv_str_t event, cv_str_t session) CV_USE_RESULT;
/* What it cannot have because another session or event has it, both in the arena: "room/...", "person/...",
 * "venue/...". CV_ENOTFOUND: it can have all. */
int sch_session_taken(sch_store_t *store, cv_arena_t *arena, const sch_sitting_t *sitting, int64_t turnaround,
                      cv_str_t holder, cv_str_t *ret_resource, cv_str_t *ret_other) CV_USE_RESULT;
/* In the order of events and sessions; event CV_STR_NONE: of all. Keys are EVENT/SESSION. */
int sch_session_walk(sch_store_t *store, cv_str_t event, cv_str_t after_event, cv_str_t after_session, sch_each_t each,
                     void *self) CV_USE_RESULT;
/* All versions after the given one, oldest first. Keys are version numbers. */
int sch_session_history(sch_store_t *store, cv_str_t event, cv_str_t session, int64_t after, sch_each_t each,
                        void *self) CV_USE_RESULT;
/* Placed sessions that overlap [begin_ms, until_ms). */
int sch_session_near(sch_store_t *store, int64_t begin_ms, int64_t until_ms, sch_each_t each, void *self) CV_USE_RESULT;
/* The event's placed openings and closings. */
int sch_session_ends(sch_store_t *store, cv_str_t event, sch_each_t each, void *self) CV_USE_RESULT;
/* Placed sessions of the event that have to wait for this one; and this one, if it is placed. */
int sch_session_waiting(sch_store_t *store, cv_str_t event, cv_str_t session, sch_each_t each,
                        void *self) CV_USE_RESULT;
int sch_session_placed(sch_store_t *store, cv_str_t event, cv_str_t session, sch_each_t each, void *self) CV_USE_RESULT;
/* The version that the newest release of the event holds. CV_ENOTFOUND: it holds none. */
int sch_session_released(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_str_t session,
                         sch_sitting_t *ret_sitting) CV_USE_RESULT;
/* All that the newest release of the event holds; keys are sessions. */
int sch_released_walk(sch_store_t *store, cv_str_t event, cv_str_t after, sch_each_t each, void *self) CV_USE_RESULT;
/* Makes these the newest release of the event. */
/* Of all events, those that have changed since. */
int sch_released_older(sch_store_t *store, sch_each_t each, void *self) CV_USE_RESULT;
int sch_released_put(sch_store_t *store, cv_str_t event, const cv_release_item_t *items, size_t items_n) CV_USE_RESULT;
/* How many releases an event or plan has. */
int sch_releases_n(sch_store_t *store, cv_str_t of, int64_t *ret_n) CV_USE_RESULT;
/* The first and the last of its sessions that these should frame. */
int sch_session_extremes(sch_store_t *store, cv_str_t event, sch_each_t each, void *self) CV_USE_RESULT;

/* ---- turnout ---- */
/* event and party of *ret_turnout are the arguments. CV_ENOTFOUND: nothing heard yet, and then *ret_turnout says so. */
int sch_turnout_get(sch_store_t *store, cv_str_t event, cv_str_t party, sch_turnout_t *ret_turnout) CV_USE_RESULT;
int sch_turnout_put(sch_store_t *store, const sch_turnout_t *turnout) CV_USE_RESULT;
int sch_turnout_clear(sch_store_t *store) CV_USE_RESULT;
int sch_turnout_walk(sch_store_t *store, cv_str_t event, cv_str_t after,
                     int (*each)(void *self, const sch_turnout_t *turnout), void *self) CV_USE_RESULT;

#endif
