/* store_work: all SQL about items of work.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/store_inside.h"

int sch_prepare_work(sch_store_t *store)
{
    const cv_sql_t all[] = {
        {&store->work_get, "SELECT data FROM work_item WHERE plan = ?1 AND item = ?2"},
        {&store->work_put,
         "INSERT INTO work_item(plan, item, state, overdue, party, at_ms, data) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
         " ON CONFLICT(plan, item) DO UPDATE SET state = ?3, overdue = ?4, party = ?5, at_ms = ?6, data = ?7"},
        {&store->work_walk, "SELECT plan || '/' || item, at_ms, data FROM work_item WHERE (?1 IS NULL OR plan = ?1)"
                            " AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR party = ?3) AND (?4 = 0 OR overdue = 1)"
                            " AND (plan, item) > (?5, ?6) ORDER BY plan, item"},
    };
    return cv_db_prepare_all(store->db, all, sizeof all / sizeof *all);
}

int sch_work_get(sch_store_t *store, cv_arena_t *arena, cv_str_t plan, cv_str_t item, cv_str_t *ret_data)
{
    cv_stmt_text(store->work_get, 1, plan);
    cv_stmt_text(store->work_get, 2, item);
    return sch_rows_get(store->work_get, arena, ret_data);
}

int sch_work_put(sch_store_t *store, const cv_scheduling_workitem_v1_t *record, int64_t at_ms)
{
    cv_stmt_t *put = store->work_put;
    const cv_workitem_t *item = &record->workitem;
    cv_str_t data;
    int rc = sch_store_pack(store, CV_MSG_SCHEDULING_WORKITEM_V1, record, &data);
    if (rc)
        return rc;
    cv_stmt_text(put, 1, item->plan);
    cv_stmt_text(put, 2, item->item);
    cv_stmt_text(put, 3, sch_word(cv_work_state_text(item->state)));
    cv_stmt_int(put, 4, record->overdue);
    cv_stmt_text(put, 5, item->party);
    cv_stmt_int(put, 6, at_ms);
    cv_stmt_blob(put, 7, data.ptr, data.len);
    return cv_stmt_run(put);
}

int sch_work_walk(sch_store_t *store, const sch_work_filter_t *filter, cv_str_t after_plan, cv_str_t after_item,
                  sch_each_t each, void *self)
{
    cv_stmt_t *statement = store->work_walk;
    cv_stmt_text(statement, 1, filter->plan);
    cv_stmt_text(statement, 2, sch_word(cv_work_state_text(filter->state)));
    cv_stmt_text(statement, 3, filter->party);
    cv_stmt_int(statement, 4, filter->overdue);
    cv_stmt_text(statement, 5, sch_from_start(after_plan));
    cv_stmt_text(statement, 6, sch_from_start(after_item));
    return sch_rows_walk(statement, each, self);
}
