/* store_inside: what the files of the store share. Nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_STORE_INSIDE_H
#define SCHEDULING_STORE_INSIDE_H

#include "scheduling/store.h"

enum { GET, PUT, WALK, REF_STATEMENTS };

struct sch_store {
    cv_db_t *db;
    cv_buf_t buf; /* one packed record */
    cv_stmt_t *ref[SCH_REFS][REF_STATEMENTS];
    cv_stmt_t *parties_n, *parties;
    cv_stmt_t *event_get, *event_put, *event_walk, *version_put, *history_walk, *configured_walk;
    cv_stmt_t *day_put, *day_drop, *day_taken;
    cv_stmt_t *turnout_get, *turnout_put, *turnout_clear, *turnout_walk;
    cv_stmt_t *decision_get, *decision_put, *decision_walk, *decision_number, *decision_open;
    cv_stmt_t *plan_last, *plan_force, *plan_put, *plan_walk, *item_put, *item_drop, *item_circulated, *proposed_walk;
    cv_stmt_t *ref_version_put, *ref_versions, *citing_walk;
    cv_stmt_t *work_get, *work_put, *work_walk;
    cv_stmt_t *event_day_put, *event_day_drop, *event_day_taken, *span_put, *span_drop, *span_near, *span_any,
        *calendars_of;
    cv_stmt_t *session_get, *session_put, *session_version, *session_walk, *session_history, *session_near;
    cv_stmt_t *session_ends, *session_first, *session_last, *hold_put, *hold_drop, *hold_taken, *session_day_put,
        *session_day_drop, *session_day_taken;
    cv_stmt_t *after_put, *after_drop, *after_walk, *session_placed;
    cv_stmt_t *session_holder, *session_lift, *released_get, *released_put, *released_drop, *released_walk,
        *released_older;
    cv_stmt_t *releases_n;
    cv_stmt_t *statement_put, *statement_walk, *statement_all;
};

int sch_prepare_decisions(sch_store_t *store) CV_USE_RESULT;
int sch_prepare_plans(sch_store_t *store) CV_USE_RESULT;
int sch_prepare_work(sch_store_t *store) CV_USE_RESULT;
int sch_prepare_days(sch_store_t *store) CV_USE_RESULT;
int sch_prepare_sessions(sch_store_t *store) CV_USE_RESULT;
/* The event's sessions hold for another now. CV_ECONFLICT: a venue is held against that. */
int sch_sessions_hold_as(sch_store_t *store, cv_str_t event, cv_str_t holder) CV_USE_RESULT;

/* Text of an enum as a bound value: 0 is NULL. */
cv_str_t sch_word(const char *text);
cv_str_t sch_from_start(cv_str_t after);
/* Rows of (key, at_ms, data) until each() says something else than CV_OK. */
int sch_rows_walk(cv_stmt_t *statement, sch_each_t each, void *self) CV_USE_RESULT;
/* One row with one blob, copied to the arena; ret_data may be NULL. CV_ENOTFOUND. */
int sch_rows_get(cv_stmt_t *statement, cv_arena_t *arena, cv_str_t *ret_data) CV_USE_RESULT;

#endif
