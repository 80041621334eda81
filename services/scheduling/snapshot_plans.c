/* snapshot_plans: the versions of events that a plan's releases are about, for who starts from a snapshot.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A snapshot holds each event as it is now. What the public sees of a plan that makes releases can be an older version of it, and
 * the change log between its last two releases is about two of them (core_plan.h of the dashboard). So these go before it,
 * oldest first: what the last two releases hold, and the last versions that everybody was told at once, confirmed and
 * postponed. They have a type of their own: whoever keeps what is (seats, answers) must not take them for it.
 *
 * Releases are never deleted, so there are ever more of them, and most are of programmes. Only the newest two of each plan
 * are kept in memory, and what they lie in is taken again for those that come after them.
 */
#include "scheduling/queries.h"

#include "convene/ids.h"

#include <string.h>

enum { PLANS_MAX = 64, EVENTS_MAX = 4096, LAST = 2 /* releases of each plan */ };

/* A release, and the copy of its row that it points into. */
typedef struct {
    cv_scheduling_release_v1_t release;
    char *data;
    size_t max; /* octets at data */
} kept_t;

typedef struct {
    kept_t *newest[LAST]; /* the newest first; NULL: there is none */
} plan_t;

typedef struct {
    sch_service_t *service;
    cv_arena_t *arena;
    sch_page_t *page;
    plan_t plans[PLANS_MAX];
    size_t plans_n;
    cv_str_t *events; /* of one plan */
    size_t events_n;
    const plan_t *plan; /* that is looked at */
    int64_t now;        /* of one event: its version */
    int64_t sure, off;  /* the last before it that was told at once: confirmed, and postponed */
} work_t;

static plan_t *plan_of(work_t *work, cv_str_t plan)
{
    for (size_t i = 0; i < work->plans_n; ++i)
        if (cv_str_equal(work->plans[i].newest[0]->release.plan, plan))
            return &work->plans[i];
    return work->plans_n < PLANS_MAX ? &work->plans[work->plans_n] : NULL;
}

/* Memory that is too small doubles at least, so what is left behind is no more than what is in use. */
static int keep(cv_arena_t *arena, kept_t *kept, cv_str_t data)
{
    if (kept->max < data.len) {
        size_t max = data.len < 2 * kept->max ? 2 * kept->max : data.len;
        kept->data = cv_arena_take(arena, max);
        kept->max = kept->data ? max : 0;
        if (!kept->data)
            return CV_ENOMEM;
    }
    memcpy(kept->data, data.ptr, data.len);
    return sch_store_unpack(CV_MSG_SCHEDULING_RELEASE_V1, (cv_str_t){kept->data, data.len}, &kept->release);
}

static int take_release(void *self, const sch_row_t *row)
{
    work_t *work = self;
    const cv_scheduling_release_v1_t *release = &work->page->room->scheduling_release_v1;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_RELEASE_V1, row->data, &work->page->room->scheduling_release_v1);
    plan_t *plan = !rc && release->plan.ptr ? plan_of(work, release->plan) : NULL;
    if (!plan)
        return rc;
    size_t at = 0;
    while (at < LAST && plan->newest[at] && plan->newest[at]->release.number > release->number)
        ++at;
    if (at == LAST)
        return CV_OK;
    kept_t *kept = plan->newest[LAST - 1]; /* goes, if there is one */
    if (!kept)
        kept = cv_arena_take(work->arena, sizeof *kept);
    rc = kept ? keep(work->arena, kept, row->data) : CV_ENOMEM;
    if (rc)
        return rc;
    for (size_t i = LAST - 1; i > at; --i)
        plan->newest[i] = plan->newest[i - 1];
    plan->newest[at] = kept;
    work->plans_n += plan == &work->plans[work->plans_n];
    return CV_OK;
}

static int take_event(void *self, const sch_row_t *row)
{
    work_t *work = self;
    if (work->events_n == EVENTS_MAX)
        return CV_OK;
    work->events[work->events_n] = cv_arena_str(work->arena, row->key);
    return work->events[work->events_n++].ptr ? CV_OK : CV_ENOMEM;
}

/* Its host has confirmed: each change is told at once. */
static bool is_confirmed(cv_event_status_t status)
{
    return status >= CV_EVENT_STATUS_SCHEDULED && status <= CV_EVENT_STATUS_REPORTED;
}

static int find_told(void *self, const sch_row_t *row)
{
    work_t *work = self;
    cv_scheduling_event_v1_t *event = &work->page->room->scheduling_event_v1;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, row->data, event);
    if (rc)
        return rc;
    work->now = event->version;
    if (is_confirmed(event->status))
        work->sure = event->version;
    else if (event->status == CV_EVENT_STATUS_POSTPONED)
        work->off = event->version;
    return CV_OK;
}

static bool is_held(const work_t *work, const cv_scheduling_event_v1_t *event)
{
    for (size_t i = 0; i < LAST; ++i)
        for (size_t k = 0; work->plan->newest[i] && k < work->plan->newest[i]->release.items_n; ++k) {
            const cv_release_item_t *item = &work->plan->newest[i]->release.items[k];
            if (item->version == event->version && cv_str_equal(item->item, event->event))
                return true;
        }
    return false;
}

static int tell(void *self, const sch_row_t *row)
{
    work_t *work = self;
    cv_scheduling_event_v1_t *event = &work->page->room->scheduling_event_v1;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, row->data, event);
    if (rc || event->version == work->now ||
        !(event->version == work->sure || event->version == work->off || is_held(work, event)))
        return rc;
    cv_scheduling_event_told_v1_t *told = &work->page->room->scheduling_event_told_v1;
    rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_TOLD_V1, row->data, told); /* the same data */
    return rc ? rc
              : cv_collect_put(work->page->collect, CV_MSG_SCHEDULING_EVENT_TOLD_V1, told->event, row->at_ms, told);
}

static int tell_plan(work_t *work)
{
    sch_filter_t filter = {0};
    if (!sch_plan_parse(work->plan->newest[0]->release.plan, &filter.plan_year, &filter.line))
        return CV_OK;
    work->events_n = 0;
    int rc = sch_event_walk(work->service->store, &filter, CV_STR_NONE, take_event, work);
    for (size_t i = 0; !rc && i < work->events_n; ++i) {
        work->now = work->sure = work->off = 0;
        rc = sch_history_walk(work->service->store, work->events[i], 0, find_told, work);
        if (!rc)
            rc = sch_history_walk(work->service->store, work->events[i], 0, tell, work);
    }
    return rc;
}

int sch_snapshot_plans(sch_service_t *service, cv_tx_t *tx, sch_page_t *page)
{
    cv_arena_t *arena = cv_tx_arena(tx);
    work_t *work = cv_arena_take(arena, sizeof *work);
    cv_str_t *events = cv_arena_take(arena, EVENTS_MAX * sizeof *events);
    if (!work || !events)
        return CV_ENOMEM;
    *work = (work_t){.service = service, .arena = arena, .page = page, .events = events};
    int rc = sch_ref_walk(service->store, SCH_RELEASE, CV_STR_NONE, take_release, work);
    for (size_t i = 0; !rc && i < work->plans_n; ++i) {
        work->plan = &work->plans[i];
        rc = tell_plan(work);
    }
    return rc;
}
