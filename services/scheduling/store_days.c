/* store_days: all SQL about the days of events: what else than a venue an event has to itself, and which events are
 * near. SPDX-License-Identifier: Apache-2.0
 *
 * A body meets once at a time and a host's team carries one event at a time; events of one group share them, as they
 * share a hall. The days are refused by a trigger, whatever the code before it believes.
 *
 * A database that an older version made has neither these days nor the spans. They are filled in at the first start.
 * Should two events of it hold the same, the one that comes first by its id gets it; the other one keeps its date and
 * gets in line when it is changed next.
 */
#include "scheduling/store_inside.h"

#include <stdio.h>

enum { RESOURCES = 2, RESOURCE_MAX = 256 };

int sch_prepare_days(sch_store_t *store)
{
    const cv_sql_t all[] = {
        {&store->event_day_put, "INSERT INTO event_day(resource, day, event, holder) VALUES(?1, ?2, ?3, ?4)"},
        {&store->event_day_drop, "DELETE FROM event_day WHERE event = ?1"},
        {&store->event_day_taken,
         "SELECT event FROM event_day WHERE resource = ?1 AND day BETWEEN ?2 AND ?3 AND event <> ?4 AND holder <> ?5"
         " ORDER BY day, event LIMIT 1"},
        {&store->span_put, "INSERT OR REPLACE INTO event_span(event, first, last) VALUES(?1, ?2, ?3)"},
        {&store->span_drop, "DELETE FROM event_span WHERE event = ?1"},
        {&store->span_near, "SELECT s.event, e.at_ms, e.data FROM event_span s JOIN event e ON e.id = s.event"
                            " WHERE s.first BETWEEN ?1 - ?3 AND ?2 AND s.last >= ?1 ORDER BY s.first, s.event"},
        {&store->calendars_of,
         "SELECT code, at_ms, data FROM calendar WHERE detail IS NULL OR detail = ?1 ORDER BY code"},
        {&store->span_any, "SELECT NOT EXISTS (SELECT 1 FROM event_span) AND EXISTS (SELECT 1 FROM event)"},
    };
    return cv_db_prepare_all(store->db, all, sizeof all / sizeof *all);
}

/* What the event has to itself on its days, as resources. */
static size_t resources_of(const cv_scheduling_event_v1_t *event, char ret_names[RESOURCES][RESOURCE_MAX])
{
    const cv_event_details_t *details = &event->event_details;
    size_t n = 0;
    if (details->body.ptr)
        (void)snprintf(ret_names[n++], RESOURCE_MAX, "body/%.*s", CV_STR_ARG(details->body));
    if (details->host_org.ptr)
        (void)snprintf(ret_names[n++], RESOURCE_MAX, "team/%.*s", CV_STR_ARG(details->host_org));
    return n;
}

static int put_day(sch_store_t *store, const char *resource, int64_t day, cv_str_t event, cv_str_t holder)
{
    cv_stmt_text(store->event_day_put, 1, cv_str(resource));
    cv_stmt_int(store->event_day_put, 2, day);
    cv_stmt_text(store->event_day_put, 3, event);
    cv_stmt_text(store->event_day_put, 4, holder);
    return cv_stmt_run(store->event_day_put);
}

/* lenient: what another one holds is passed over. */
static int put_days(sch_store_t *store, const cv_scheduling_event_v1_t *event, cv_str_t holder, bool lenient)
{
    char names[RESOURCES][RESOURCE_MAX];
    int64_t first, last;
    cv_stmt_text(store->span_drop, 1, event->event);
    int rc = cv_stmt_run(store->span_drop);
    if (rc || !sch_holds_days(event, &first, &last))
        return rc;
    cv_stmt_text(store->span_put, 1, event->event);
    cv_stmt_int(store->span_put, 2, first);
    cv_stmt_int(store->span_put, 3, last);
    rc = cv_stmt_run(store->span_put);
    size_t n = resources_of(event, names);
    for (size_t i = 0; i < n; ++i)
        for (int64_t day = first; !rc && day <= last; ++day) {
            rc = put_day(store, names[i], day, event->event, holder);
            if (rc == CV_ECONFLICT && lenient)
                rc = CV_OK;
        }
    return rc;
}

int sch_days_put(sch_store_t *store, const cv_scheduling_event_v1_t *event, cv_str_t holder)
{
    return put_days(store, event, holder, false);
}

int sch_day_taken(sch_store_t *store, cv_arena_t *arena, const cv_scheduling_event_v1_t *event, cv_str_t *ret_resource,
                  cv_str_t *ret_other)
{
    char names[RESOURCES][RESOURCE_MAX], holder[SCH_HOLDER_MAX];
    int64_t first, last;
    cv_stmt_t *taken = store->event_day_taken;
    if (!sch_holds_days(event, &first, &last))
        return CV_ENOTFOUND;
    cv_str_t who = sch_holder(event, holder), other;
    size_t n = resources_of(event, names);
    for (size_t i = 0; i < n; ++i) {
        cv_stmt_text(taken, 1, cv_str(names[i]));
        cv_stmt_int(taken, 2, first);
        cv_stmt_int(taken, 3, last);
        cv_stmt_text(taken, 4, event->event);
        cv_stmt_text(taken, 5, who);
        int rc = sch_rows_get(taken, arena, &other);
        if (rc == CV_ENOTFOUND)
            continue;
        cv_str_t resource = rc ? CV_STR_NONE : cv_arena_str(arena, cv_str(names[i]));
        if (rc || !resource.ptr)
            return rc ? rc : CV_ENOMEM;
        *ret_resource = resource;
        *ret_other = other;
        return CV_OK;
    }
    return CV_ENOTFOUND;
}

int sch_near_events(sch_store_t *store, int64_t first, int64_t last, sch_each_t each, void *self)
{
    cv_stmt_int(store->span_near, 1, first);
    cv_stmt_int(store->span_near, 2, last);
    cv_stmt_int(store->span_near, 3, SCH_EVENT_DAYS_MAX);
    return sch_rows_walk(store->span_near, each, self);
}

int sch_calendars_of(sch_store_t *store, cv_str_t country, sch_each_t each, void *self)
{
    cv_stmt_text(store->calendars_of, 1, country);
    return sch_rows_walk(store->calendars_of, each, self);
}

typedef struct {
    cv_str_t *events;
    size_t n, room;
    cv_arena_t *arena;
} ids_t;

static int take_id(void *self, const sch_row_t *row)
{
    ids_t *ids = self;
    if (ids->n == ids->room) {
        size_t room = ids->room ? 2 * ids->room : 256;
        cv_str_t *events = cv_arena_take(ids->arena, room * sizeof *events);
        if (!events)
            return CV_ENOMEM;
        for (size_t i = 0; i < ids->n; ++i)
            events[i] = ids->events[i];
        ids->events = events;
        ids->room = room;
    }
    ids->events[ids->n] = cv_arena_str(ids->arena, row->key);
    return ids->events[ids->n++].ptr ? CV_OK : CV_ENOMEM;
}

int sch_days_fill(sch_store_t *store, cv_arena_t *arena)
{
    const sch_filter_t every = {0};
    ids_t ids = {.arena = arena};
    int rc = cv_stmt_step(store->span_any);
    if (rc != 1)
        return rc ? rc : CV_EINTERNAL;
    bool missing = cv_stmt_get_int(store->span_any, 0) != 0;
    cv_stmt_reset(store->span_any);
    if (!missing)
        return CV_OK;
    rc = sch_event_walk(store, &every, CV_STR_NONE, take_id, &ids);
    for (size_t i = 0; !rc && i < ids.n; ++i) {
        cv_scheduling_event_v1_t event;
        char holder[SCH_HOLDER_MAX];
        rc = sch_event_get(store, arena, ids.events[i], &event);
        if (!rc)
            rc = put_days(store, &event, sch_holder(&event, holder), true);
    }
    return rc;
}
