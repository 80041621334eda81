/* store_decisions: all SQL about decisions and what members stated.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/store_inside.h"

int sch_prepare_decisions(sch_store_t *store)
{
    const cv_sql_t all[] = {
        {&store->decision_get, "SELECT data FROM decision WHERE id = ?1"},
        {&store->decision_put,
         "INSERT INTO decision(id, version, state, subject, about, way, expires_ms, year, number, at_ms, data)"
         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(id) DO UPDATE SET version = ?2, state = ?3,"
         " subject = ?4, about = ?5, way = ?6, expires_ms = ?7, year = ?8, number = ?9, at_ms = ?10, data = ?11"},
        {&store->decision_walk,
         "SELECT id, at_ms, data FROM decision WHERE id > ?1 AND (?2 IS NULL OR state = ?2)"
         " AND (?3 IS NULL OR subject = ?3) AND (?4 IS NULL OR about = ?4) AND (?5 = 0 OR year = ?5) ORDER BY id"},
        {&store->decision_number, "SELECT coalesce(max(number), 0) + 1 FROM decision WHERE year = ?1"},
        {&store->decision_open, "SELECT id FROM decision WHERE state = 'open' AND subject = ?1 AND about = ?2"},
        {&store->statement_put,
         "INSERT INTO statement(decision, number, kind, party, at_ms, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
        {&store->statement_walk,
         "SELECT CAST(number AS TEXT), at_ms, data FROM statement WHERE decision = ?1 AND number > ?2 ORDER BY number"},
        {&store->statement_all, "SELECT decision, at_ms, data FROM statement ORDER BY decision, number"},
    };
    return cv_db_prepare_all(store->db, all, sizeof all / sizeof *all);
}

int sch_decision_get(sch_store_t *store, cv_arena_t *arena, cv_str_t id, sch_decision_t *ret_decision)
{
    cv_str_t data;
    cv_stmt_text(store->decision_get, 1, id);
    int rc = sch_rows_get(store->decision_get, arena, &data);
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_DECISION_V1, data, ret_decision);
}

static void bind_optional(cv_stmt_t *stmt, int index, bool has, int64_t value)
{
    if (has)
        cv_stmt_int(stmt, index, value);
    else
        cv_stmt_null(stmt, index);
}

int sch_decision_put(sch_store_t *store, const sch_decision_t *decision, int64_t at_ms)
{
    cv_stmt_t *put = store->decision_put;
    cv_str_t data;
    int rc = sch_store_pack(store, CV_MSG_SCHEDULING_DECISION_V1, decision, &data);
    if (rc)
        return rc;
    cv_stmt_text(put, 1, decision->decision);
    cv_stmt_int(put, 2, decision->version);
    cv_stmt_text(put, 3, sch_word(cv_decision_state_text(decision->state)));
    cv_stmt_text(put, 4, sch_word(cv_subject_kind_text(decision->resolution.subject)));
    cv_stmt_text(put, 5, decision->resolution.about);
    cv_stmt_text(put, 6, sch_word(cv_decision_way_text(decision->way)));
    bind_optional(put, 7, decision->has_expires_ms, decision->expires_ms);
    bind_optional(put, 8, decision->has_year, decision->year);
    bind_optional(put, 9, decision->has_number, decision->number);
    cv_stmt_int(put, 10, at_ms);
    cv_stmt_blob(put, 11, data.ptr, data.len);
    return cv_stmt_run(put);
}

int sch_decision_number(sch_store_t *store, int64_t year, int64_t *ret_number)
{
    cv_stmt_int(store->decision_number, 1, year);
    int rc = cv_stmt_step(store->decision_number);
    if (rc != 1)
        return rc ? rc : CV_EINTERNAL;
    *ret_number = cv_stmt_get_int(store->decision_number, 0);
    cv_stmt_reset(store->decision_number);
    return CV_OK;
}

int sch_decision_open(sch_store_t *store, cv_arena_t *arena, cv_subject_kind_t subject, cv_str_t about,
                      cv_str_t *ret_id)
{
    cv_stmt_text(store->decision_open, 1, sch_word(cv_subject_kind_text(subject)));
    cv_stmt_text(store->decision_open, 2, about);
    return sch_rows_get(store->decision_open, arena, ret_id);
}

int sch_decision_walk(sch_store_t *store, const sch_decision_filter_t *filter, cv_str_t after, sch_each_t each,
                      void *self)
{
    cv_stmt_t *statement = store->decision_walk;
    cv_stmt_text(statement, 1, sch_from_start(after));
    cv_stmt_text(statement, 2, sch_word(cv_decision_state_text(filter->state)));
    cv_stmt_text(statement, 3, sch_word(cv_subject_kind_text(filter->subject)));
    cv_stmt_text(statement, 4, filter->about);
    cv_stmt_int(statement, 5, filter->year);
    return sch_rows_walk(statement, each, self);
}

int sch_statement_put(sch_store_t *store, const cv_scheduling_statement_v1_t *statement)
{
    cv_stmt_t *put = store->statement_put;
    cv_str_t data;
    int rc = sch_store_pack(store, CV_MSG_SCHEDULING_STATEMENT_V1, statement, &data);
    if (rc)
        return rc;
    cv_stmt_text(put, 1, statement->decision);
    cv_stmt_int(put, 2, statement->number);
    cv_stmt_text(put, 3, sch_word(cv_statement_kind_text(statement->kind)));
    cv_stmt_text(put, 4, statement->party);
    cv_stmt_int(put, 5, statement->at_ms);
    cv_stmt_blob(put, 6, data.ptr, data.len);
    return cv_stmt_run(put);
}

int sch_statement_walk(sch_store_t *store, cv_str_t decision, int64_t after, sch_each_t each, void *self)
{
    cv_stmt_text(store->statement_walk, 1, decision);
    cv_stmt_int(store->statement_walk, 2, after);
    return sch_rows_walk(store->statement_walk, each, self);
}

int sch_statement_all(sch_store_t *store, sch_each_t each, void *self)
{
    return sch_rows_walk(store->statement_all, each, self);
}
