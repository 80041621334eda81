/* work: plans of work, their items, and the day on which an item becomes overdue.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An item is put as a whole; that is also how progress is told. When its due day ends and it is open, a durable timer
 * makes the record that says so: overdue is told once, not found out by whoever happens to look. A timer looks at the
 * item as it is when it fires: one that was done, dropped or put off in between is left alone.
 */
#include "scheduling/core_work.h"
#include "scheduling/handlers.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 80 };

static int unknown(cv_tx_t *tx, cv_outcome_t *out, const char *code, const char *field, const char *what, cv_str_t name)
{
    return cv_refuse_as(tx, out, CV_ENOTFOUND, code, field, "no %s %.*s", what, CV_STR_ARG(name));
}

int sch_put_workplan(sch_service_t *service, cv_tx_t *tx, const cv_workplan_t *plan, cv_outcome_t *out)
{
    const sch_term_t term = {plan->from, plan->to};
    sch_no_t no;
    int rc = CV_OK;
    if (sch_check_term(&term, &no))
        return sch_answer_no(tx, out, &no);
    if (plan->body.ptr) {
        rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_BODY, plan->body, NULL);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_body", "data.body", "body", plan->body);
    }
    if (!rc)
        rc = sch_rests_on(service, tx, plan->decision, "data.decision", out);
    return rc ? rc
              : sch_put_ref(service, tx, SCH_WORKPLAN, CV_MSG_SCHEDULING_WORKPLAN_V1, plan->code, plan->body,
                            CV_STR_NONE, plan, out);
}

typedef struct {
    cv_arena_t *arena;
    sch_work_t *items;
    size_t items_n;
} gather_t;

static int gather(void *self, const sch_row_t *row)
{
    gather_t *gather = self;
    cv_scheduling_workitem_v1_t record;
    cv_str_t data = cv_arena_str(gather->arena, row->data);
    if (!data.ptr)
        return CV_ENOMEM;
    if (gather->items_n == SCH_WORK_ITEMS_MAX)
        return CV_EINTERNAL;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_WORKITEM_V1, data, &record);
    if (rc)
        return rc;
    const cv_workitem_t *item = &record.workitem;
    cv_str_t *depends = cv_arena_take(gather->arena, (item->depends_n + 1) * sizeof *depends);
    if (!depends)
        return CV_ENOMEM;
    memcpy(depends, item->depends, item->depends_n * sizeof *depends);
    gather->items[gather->items_n++] = (sch_work_t){item->item, item->state, item->depends_n, depends};
    return CV_OK;
}

static int write_item(sch_service_t *service, cv_tx_t *tx, const cv_scheduling_workitem_v1_t *record, cv_str_t key)
{
    int64_t due_ms = record->overdue ? SCH_NEVER : sch_work_due(&record->workitem);
    int rc = sch_work_put(service->store, record, cv_tx_now_ms(tx));
    if (!rc)
        rc = due_ms != SCH_NEVER ? cv_tx_timer_set(tx, SCH_TIMER_WORK, key, due_ms)
                                 : cv_tx_timer_cancel(tx, SCH_TIMER_WORK, key);
    return rc ? rc : cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_WORKITEM_V1, key, record, NULL);
}

int sch_put_workitem(sch_service_t *service, cv_tx_t *tx, const cv_workitem_t *item, cv_outcome_t *out)
{
    gather_t all = {.arena = cv_tx_arena(tx),
                    .items = cv_arena_take(cv_tx_arena(tx), SCH_WORK_ITEMS_MAX * sizeof(sch_work_t))};
    sch_no_t no;
    char text[KEY_MAX];
    if (!all.items)
        return CV_ENOMEM;
    int rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_WORKPLAN, item->plan, NULL);
    if (rc == CV_ENOTFOUND)
        return unknown(tx, out, "unknown_plan", "data.plan", "plan of work", item->plan);
    if (!rc && item->party.ptr) {
        rc = sch_ref_get(service->store, cv_tx_arena(tx), SCH_PARTY, item->party, NULL);
        if (rc == CV_ENOTFOUND)
            return unknown(tx, out, "unknown_party", "data.party", "party", item->party);
    }
    const sch_work_filter_t filter = {.plan = item->plan};
    if (!rc)
        rc = sch_work_walk(service->store, &filter, CV_STR_NONE, CV_STR_NONE, gather, &all);
    if (rc)
        return rc;
    if (sch_check_work(item, all.items, all.items_n, &no))
        return sch_answer_no(tx, out, &no);
    int64_t due_ms = sch_work_due(item);
    const cv_scheduling_workitem_v1_t record = {.workitem = *item,
                                                .overdue = due_ms != SCH_NEVER && cv_tx_now_ms(tx) >= due_ms};
    (void)snprintf(text, sizeof text, "%.*s/%.*s", CV_STR_ARG(item->plan), CV_STR_ARG(item->item));
    cv_str_t key = cv_arena_str(cv_tx_arena(tx), cv_str(text)), before, bytes;
    if (!key.ptr)
        return CV_ENOMEM;
    rc = sch_work_get(service->store, cv_tx_arena(tx), item->plan, item->item, &before);
    if (rc && rc != CV_ENOTFOUND)
        return rc;
    bool known = rc == CV_OK;
    rc = sch_store_pack(service->store, CV_MSG_SCHEDULING_WORKITEM_V1, &record, &bytes);
    if (rc)
        return rc;
    if (known && cv_str_equal(before, bytes))
        return cv_accept(tx, out, "unchanged", "%s is stored like this already", key.ptr);
    rc = write_item(service, tx, &record, key);
    return rc ? rc
              : cv_accept(tx, out, "stored", "%.*s is %s%s", CV_STR_ARG(key), known ? "replaced" : "new",
                          record.overdue ? " and overdue" : "");
}

int sch_work_timer(sch_service_t *service, cv_tx_t *tx, cv_str_t key)
{
    cv_scheduling_workitem_v1_t record;
    cv_str_t data;
    const char *slash = memchr(key.ptr, '/', key.len);
    if (!slash)
        return CV_OK;
    cv_str_t plan = {key.ptr, (size_t)(slash - key.ptr)}, item = {slash + 1, key.len - plan.len - 1};
    int rc = sch_work_get(service->store, cv_tx_arena(tx), plan, item, &data);
    if (rc)
        return rc == CV_ENOTFOUND ? CV_OK : rc;
    rc = sch_store_unpack(CV_MSG_SCHEDULING_WORKITEM_V1, data, &record);
    if (rc)
        return rc;
    int64_t due_ms = sch_work_due(&record.workitem);
    if (record.overdue || due_ms == SCH_NEVER)
        return CV_OK;
    record.overdue = cv_tx_now_ms(tx) >= due_ms;
    return record.overdue ? write_item(service, tx, &record, key) : cv_tx_timer_set(tx, SCH_TIMER_WORK, key, due_ms);
}
