/* store_plans: all SQL about plans and which events are in them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/store_inside.h"

int sch_prepare_plans(sch_store_t *store)
{
    const cv_sql_t all[] = {
        {&store->plan_last, "SELECT data FROM plan WHERE id = ?1 ORDER BY version DESC LIMIT 1"},
        {&store->plan_force, "SELECT data FROM plan WHERE id = ?1 AND state = 'adopted'"},
        {&store->plan_put,
         "INSERT INTO plan(id, version, revision, state, year, line, decision, at_ms, data)"
         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(id, version) DO UPDATE SET revision = ?3, state = ?4,"
         " decision = ?7, at_ms = ?8, data = ?9"},
        {&store->plan_walk,
         "SELECT id || '/' || version, at_ms, data FROM plan WHERE (?1 IS NULL OR id = ?1) AND (?2 = 0 OR year = ?2)"
         " AND (?3 IS NULL OR line = ?3) AND (?4 IS NULL OR state = ?4) AND (?5 = 0 OR version = ?5)"
         " AND (id, version) > (?6, ?7) ORDER BY id, version"},
        {&store->item_put, "INSERT INTO plan_item(plan, version, event, decision) VALUES(?1, ?2, ?3, ?4)"},
        {&store->item_drop, "DELETE FROM plan_item WHERE plan = ?1 AND version = ?2"},
        {&store->item_circulated,
         "SELECT plan FROM plan_item JOIN plan ON plan.id = plan_item.plan AND plan.version = plan_item.version"
         " WHERE event = ?1 AND state = 'circulated'"},
        {&store->proposed_walk,
         "SELECT id, at_ms, data FROM event WHERE plan_year = ?1 AND line = ?2 AND status IN ('proposed', 'circulated')"
         " ORDER BY id"},
    };
    return cv_db_prepare_all(store->db, all, sizeof all / sizeof *all);
}

static int get(cv_stmt_t *statement, cv_arena_t *arena, cv_str_t plan, sch_plan_t *ret_plan)
{
    cv_str_t data;
    cv_stmt_text(statement, 1, plan);
    int rc = sch_rows_get(statement, arena, &data);
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_PLAN_V1, data, ret_plan);
}

int sch_plan_last(sch_store_t *store, cv_arena_t *arena, cv_str_t plan, sch_plan_t *ret_plan)
{
    return get(store->plan_last, arena, plan, ret_plan);
}

int sch_plan_in_force(sch_store_t *store, cv_arena_t *arena, cv_str_t plan, sch_plan_t *ret_plan)
{
    return get(store->plan_force, arena, plan, ret_plan);
}

int sch_plan_put(sch_store_t *store, const sch_plan_t *plan, int64_t at_ms)
{
    cv_stmt_t *put = store->plan_put, *item = store->item_put;
    cv_str_t data;
    int rc = sch_store_pack(store, CV_MSG_SCHEDULING_PLAN_V1, plan, &data);
    if (rc)
        return rc;
    cv_stmt_text(put, 1, plan->plan);
    cv_stmt_int(put, 2, plan->version);
    cv_stmt_int(put, 3, plan->revision);
    cv_stmt_text(put, 4, sch_word(cv_plan_state_text(plan->state)));
    cv_stmt_int(put, 5, plan->year);
    cv_stmt_text(put, 6, sch_word(cv_plan_line_text(plan->line)));
    cv_stmt_text(put, 7, plan->decision);
    cv_stmt_int(put, 8, at_ms);
    cv_stmt_blob(put, 9, data.ptr, data.len);
    rc = cv_stmt_run(put);
    if (rc)
        return rc;
    cv_stmt_text(store->item_drop, 1, plan->plan);
    cv_stmt_int(store->item_drop, 2, plan->version);
    rc = cv_stmt_run(store->item_drop);
    for (size_t i = 0; !rc && i < plan->items_n; ++i) {
        cv_stmt_text(item, 1, plan->plan);
        cv_stmt_int(item, 2, plan->version);
        cv_stmt_text(item, 3, plan->items[i].event);
        cv_stmt_text(item, 4, plan->items[i].decision);
        rc = cv_stmt_run(item);
    }
    return rc;
}

int sch_plan_walk(sch_store_t *store, const sch_plan_filter_t *filter, cv_str_t after, int64_t after_version,
                  sch_each_t each, void *self)
{
    cv_stmt_t *statement = store->plan_walk;
    cv_stmt_text(statement, 1, filter->plan);
    cv_stmt_int(statement, 2, filter->year);
    cv_stmt_text(statement, 3, sch_word(cv_plan_line_text(filter->line)));
    cv_stmt_text(statement, 4, sch_word(cv_plan_state_text(filter->state)));
    cv_stmt_int(statement, 5, filter->version);
    cv_stmt_text(statement, 6, sch_from_start(after));
    cv_stmt_int(statement, 7, after_version);
    return sch_rows_walk(statement, each, self);
}

int sch_circulated_in(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_str_t *ret_plan)
{
    cv_stmt_text(store->item_circulated, 1, event);
    return sch_rows_get(store->item_circulated, arena, ret_plan);
}

int sch_proposed_walk(sch_store_t *store, int64_t year, cv_plan_line_t line, sch_each_t each, void *self)
{
    cv_stmt_int(store->proposed_walk, 1, year);
    cv_stmt_text(store->proposed_walk, 2, sch_word(cv_plan_line_text(line)));
    return sch_rows_walk(store->proposed_walk, each, self);
}
