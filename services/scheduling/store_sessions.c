/* store_sessions: all SQL about sessions, and what they keep others away from.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Resources: "room/VENUE/ROOM" and "person/CODE", each held for [begin_ms, until_ms) by one session; a room also for
 * the minutes it needs afterwards. "venue/VENUE" is no row of hold: its days are in session_day, against venue_day.
 */
#include "scheduling/store_inside.h"

#include <stdio.h>
#include <string.h>

enum { RESOURCE_MAX = 96, HOLDS_MAX = CV_SESSION_SPEAKERS_MAX + 2 /* room, chair */, MINUTE_MS = 60000 };

int sch_prepare_sessions(sch_store_t *store)
{
    const cv_sql_t all[] = {
        {&store->session_get, "SELECT data FROM session WHERE event = ?1 AND session = ?2"},
        {&store->session_put,
         "INSERT INTO session(event, session, version, kind, cancelled, begin_ms, until_ms, at_ms, data)"
         " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT(event, session) DO UPDATE SET version = ?3, kind = "
         "?4,"
         " cancelled = ?5, begin_ms = ?6, until_ms = ?7, at_ms = ?8, data = ?9"},
        {&store->session_lift, "UPDATE session SET begin_ms = NULL, until_ms = NULL WHERE event = ?1 AND session = ?2"},
        {&store->session_version,
         "INSERT INTO session_version(event, session, version, at_ms, data) VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&store->session_walk,
         "SELECT event || '/' || session, at_ms, data FROM session WHERE (?1 IS NULL OR event = ?1)"
         " AND (event, session) > (?2, ?3) ORDER BY event, session"},
        {&store->session_history, "SELECT CAST(version AS TEXT), at_ms, data FROM session_version WHERE event = ?1"
                                  " AND session = ?2 AND version > ?3 ORDER BY version"},
        {&store->session_near, "SELECT event || '/' || session, at_ms, data FROM session WHERE begin_ms > ?1 - 86400001"
                               " AND begin_ms < ?2 AND until_ms > ?1"},
        {&store->session_ends,
         "SELECT event || '/' || session, at_ms, data FROM session INDEXED BY session_ends WHERE event = ?1"
         " AND begin_ms IS NOT NULL AND kind IN ('opening', 'closing')"},
        {&store->session_first,
         "SELECT event || '/' || session, at_ms, data FROM session WHERE event = ?1 AND begin_ms IS NOT NULL AND"
         " kind NOT IN ('opening', 'closing', 'side_event') ORDER BY begin_ms, session LIMIT 1"},
        {&store->session_last,
         "SELECT event || '/' || session, at_ms, data FROM session WHERE event = ?1 AND begin_ms IS NOT NULL AND"
         " kind NOT IN ('opening', 'closing', 'side_event') ORDER BY until_ms DESC, session LIMIT 1"},
        {&store->session_placed, "SELECT event || '/' || session, at_ms, data FROM session WHERE event = ?1"
                                 " AND session = ?2 AND begin_ms IS NOT NULL"},
        {&store->after_put, "INSERT INTO session_after(event, session, earlier) VALUES(?1, ?2, ?3)"},
        {&store->after_drop, "DELETE FROM session_after WHERE event = ?1 AND session = ?2"},
        {&store->after_walk, "SELECT s.event || '/' || s.session, s.at_ms, s.data FROM session_after a JOIN session s"
                             " USING(event, session) WHERE a.event = ?1 AND a.earlier = ?2 AND s.begin_ms IS NOT NULL"
                             " ORDER BY s.session"},
        {&store->hold_put, "INSERT INTO hold(resource, begin_ms, until_ms, event, session) VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&store->hold_drop, "DELETE FROM hold WHERE event = ?1 AND session = ?2"},
        {&store->hold_taken, "SELECT event || '/' || session FROM hold WHERE resource = ?1 AND begin_ms < ?3"
                             " AND begin_ms > ?2 - 172800001 AND until_ms > ?2 AND NOT (event = ?4 AND session = ?5) "
                             "ORDER BY begin_ms DESC LIMIT 1"},
        {&store->session_day_put,
         "INSERT INTO session_day(venue, day, event, session, holder) VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&store->session_day_drop, "DELETE FROM session_day WHERE event = ?1 AND session = ?2"},
        {&store->session_day_taken, "SELECT event FROM venue_day WHERE venue = ?1 AND day BETWEEN ?2 AND ?3"
                                    " AND holder <> ?4 ORDER BY day, event LIMIT 1"},
        {&store->released_get, "SELECT v.data FROM released r JOIN session_version v USING(event, session, version)"
                               " WHERE r.event = ?1 AND r.session = ?2"},
        {&store->released_walk,
         "SELECT r.session, v.at_ms, v.data FROM released r JOIN session_version v"
         " USING(event, session, version) WHERE r.event = ?1 AND r.session > ?2 ORDER BY r.session"},
        {&store->released_older,
         "SELECT r.session, v.at_ms, v.data FROM released r JOIN session_version v USING(event, session, version)"
         " WHERE r.version < (SELECT max(n.version) FROM session_version n WHERE n.event = r.event"
         " AND n.session = r.session) ORDER BY r.event, r.session"},
        {&store->released_put, "INSERT INTO released(event, session, version) VALUES(?1, ?2, ?3)"},
        {&store->released_drop, "DELETE FROM released WHERE event = ?1"},
        {&store->releases_n, "SELECT count(*) FROM release WHERE detail = ?1"},
        {&store->session_holder, "UPDATE session_day SET holder = ?2 WHERE event = ?1 AND holder <> ?2"},
    };
    return cv_db_prepare_all(store->db, all, sizeof all / sizeof *all);
}

static void bind_session(cv_stmt_t *statement, cv_str_t event, cv_str_t session)
{
    cv_stmt_text(statement, 1, event);
    cv_stmt_text(statement, 2, session);
}

int sch_session_get(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_str_t session, sch_sitting_t *ret_sitting)
{
    cv_str_t data;
    bind_session(store->session_get, event, session);
    int rc = sch_rows_get(store->session_get, arena, &data);
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, data, ret_sitting);
}

/* ---- what a session holds --------------------------------------------------------------- */

typedef struct {
    char name[RESOURCE_MAX];
    int64_t until_ms;
} hold_t;

static void add_person(const cv_session_person_t *person, int64_t until_ms, hold_t *holds, size_t *n)
{
    hold_t hold = {.until_ms = until_ms};
    (void)snprintf(hold.name, sizeof hold.name, "person/%.*s", CV_STR_ARG(person->person));
    for (size_t i = 0; i < *n; ++i)
        if (strcmp(holds[i].name, hold.name) == 0)
            return; /* who chairs may speak */
    holds[(*n)++] = hold;
}

static size_t holds_of(const sch_sitting_t *sitting, int64_t turnaround, hold_t ret_holds[HOLDS_MAX])
{
    const cv_session_t *session = &sitting->session;
    size_t n = 0;
    if (!sch_is_placed(sitting))
        return 0;
    if (session->room.ptr) {
        ret_holds[n].until_ms = sitting->until_ms + turnaround * MINUTE_MS;
        (void)snprintf(ret_holds[n++].name, RESOURCE_MAX, "room/%.*s/%.*s", CV_STR_ARG(session->venue),
                       CV_STR_ARG(session->room));
    }
    if (session->has_chair)
        add_person(&session->chair, sitting->until_ms, ret_holds, &n);
    for (size_t i = 0; i < session->speakers_n; ++i)
        add_person(&session->speakers[i], sitting->until_ms, ret_holds, &n);
    return n;
}

static int drop_holds(sch_store_t *store, cv_str_t event, cv_str_t session)
{
    bind_session(store->hold_drop, event, session);
    int rc = cv_stmt_run(store->hold_drop);
    bind_session(store->session_day_drop, event, session);
    return rc ? rc : cv_stmt_run(store->session_day_drop);
}

int sch_session_lift(sch_store_t *store, cv_str_t event, cv_str_t session)
{
    bind_session(store->session_lift, event, session);
    int rc = cv_stmt_run(store->session_lift);
    return rc ? rc : drop_holds(store, event, session);
}

static int put_holds(sch_store_t *store, const sch_sitting_t *sitting, int64_t turnaround, cv_str_t holder)
{
    const cv_session_t *session = &sitting->session;
    hold_t holds[HOLDS_MAX];
    int64_t first, last;
    int rc = drop_holds(store, session->event, session->session);
    size_t n = holds_of(sitting, turnaround, holds);
    for (size_t i = 0; !rc && i < n; ++i) {
        cv_stmt_text(store->hold_put, 1, cv_str(holds[i].name));
        cv_stmt_int(store->hold_put, 2, sitting->begin_ms);
        cv_stmt_int(store->hold_put, 3, holds[i].until_ms);
        cv_stmt_text(store->hold_put, 4, session->event);
        cv_stmt_text(store->hold_put, 5, session->session);
        rc = cv_stmt_run(store->hold_put);
    }
    if (rc || !session->room.ptr || !sch_sitting_days(sitting, &first, &last))
        return rc;
    for (int64_t day = first; !rc && day <= last; ++day) {
        cv_stmt_text(store->session_day_put, 1, session->venue);
        cv_stmt_int(store->session_day_put, 2, day);
        cv_stmt_text(store->session_day_put, 3, session->event);
        cv_stmt_text(store->session_day_put, 4, session->session);
        cv_stmt_text(store->session_day_put, 5, holder);
        rc = cv_stmt_run(store->session_day_put);
    }
    return rc;
}

static int put_after(sch_store_t *store, const sch_sitting_t *sitting)
{
    const cv_session_t *session = &sitting->session;
    bind_session(store->after_drop, session->event, session->session);
    int rc = cv_stmt_run(store->after_drop);
    for (size_t i = 0; !rc && !sitting->cancelled && i < session->after_n; ++i) {
        bind_session(store->after_put, session->event, session->session);
        cv_stmt_text(store->after_put, 3, session->after[i]);
        rc = cv_stmt_run(store->after_put);
    }
    return rc;
}

int sch_sessions_hold_as(sch_store_t *store, cv_str_t event, cv_str_t holder)
{
    bind_session(store->session_holder, event, holder);
    return cv_stmt_run(store->session_holder);
}

int sch_session_put(sch_store_t *store, const sch_sitting_t *sitting, int64_t turnaround, cv_str_t holder,
                    int64_t at_ms)
{
    const cv_session_t *session = &sitting->session;
    cv_stmt_t *put = store->session_put;
    cv_str_t data;
    int rc = sch_store_pack(store, CV_MSG_SCHEDULING_SESSION_V1, sitting, &data);
    if (rc)
        return rc;
    bind_session(put, session->event, session->session);
    cv_stmt_int(put, 3, sitting->version);
    cv_stmt_text(put, 4, sch_word(cv_session_kind_text(session->kind)));
    cv_stmt_int(put, 5, sitting->cancelled);
    if (sch_is_placed(sitting)) {
        cv_stmt_int(put, 6, sitting->begin_ms);
        cv_stmt_int(put, 7, sitting->until_ms);
    } else {
        cv_stmt_text(put, 6, CV_STR_NONE);
        cv_stmt_text(put, 7, CV_STR_NONE);
    }
    cv_stmt_int(put, 8, at_ms);
    cv_stmt_blob(put, 9, data.ptr, data.len);
    rc = cv_stmt_run(put);
    if (rc)
        return rc;
    bind_session(store->session_version, session->event, session->session);
    cv_stmt_int(store->session_version, 3, sitting->version);
    cv_stmt_int(store->session_version, 4, at_ms);
    cv_stmt_blob(store->session_version, 5, data.ptr, data.len);
    rc = cv_stmt_run(store->session_version);
    if (!rc)
        rc = put_after(store, sitting);
    return rc ? rc : put_holds(store, sitting, turnaround, holder);
}

int sch_session_taken(sch_store_t *store, cv_arena_t *arena, const sch_sitting_t *sitting, int64_t turnaround,
                      cv_str_t holder, cv_str_t *ret_resource, cv_str_t *ret_other)
{
    const cv_session_t *session = &sitting->session;
    hold_t holds[HOLDS_MAX];
    int64_t first, last;
    cv_str_t other, resource = CV_STR_NONE;
    size_t n = holds_of(sitting, turnaround, holds);
    int rc = CV_ENOTFOUND;
    for (size_t i = 0; rc == CV_ENOTFOUND && i < n; ++i) {
        cv_stmt_text(store->hold_taken, 1, cv_str(holds[i].name));
        cv_stmt_int(store->hold_taken, 2, sitting->begin_ms);
        cv_stmt_int(store->hold_taken, 3, holds[i].until_ms);
        cv_stmt_text(store->hold_taken, 4, session->event);
        cv_stmt_text(store->hold_taken, 5, session->session);
        rc = sch_rows_get(store->hold_taken, arena, &other);
        if (!rc)
            resource = cv_arena_str(arena, cv_str(holds[i].name));
    }
    if (rc == CV_ENOTFOUND && session->room.ptr && sch_sitting_days(sitting, &first, &last)) {
        cv_stmt_text(store->session_day_taken, 1, session->venue);
        cv_stmt_int(store->session_day_taken, 2, first);
        cv_stmt_int(store->session_day_taken, 3, last);
        cv_stmt_text(store->session_day_taken, 4, holder);
        rc = sch_rows_get(store->session_day_taken, arena, &other);
        if (!rc)
            resource = cv_arena_printf(arena, "venue/%.*s", CV_STR_ARG(session->venue));
    }
    if (rc || !resource.ptr)
        return rc ? rc : CV_ENOMEM;
    *ret_resource = resource;
    *ret_other = other;
    return CV_OK;
}

/* ---- walks ------------------------------------------------------------------------------ */

int sch_session_walk(sch_store_t *store, cv_str_t event, cv_str_t after_event, cv_str_t after_session, sch_each_t each,
                     void *self)
{
    cv_stmt_text(store->session_walk, 1, event);
    cv_stmt_text(store->session_walk, 2, sch_from_start(after_event));
    cv_stmt_text(store->session_walk, 3, sch_from_start(after_session));
    return sch_rows_walk(store->session_walk, each, self);
}

int sch_session_history(sch_store_t *store, cv_str_t event, cv_str_t session, int64_t after, sch_each_t each,
                        void *self)
{
    bind_session(store->session_history, event, session);
    cv_stmt_int(store->session_history, 3, after);
    return sch_rows_walk(store->session_history, each, self);
}

int sch_session_near(sch_store_t *store, int64_t begin_ms, int64_t until_ms, sch_each_t each, void *self)
{
    cv_stmt_int(store->session_near, 1, begin_ms);
    cv_stmt_int(store->session_near, 2, until_ms);
    return sch_rows_walk(store->session_near, each, self);
}

int sch_session_ends(sch_store_t *store, cv_str_t event, sch_each_t each, void *self)
{
    cv_stmt_text(store->session_ends, 1, event);
    return sch_rows_walk(store->session_ends, each, self);
}

int sch_session_waiting(sch_store_t *store, cv_str_t event, cv_str_t session, sch_each_t each, void *self)
{
    bind_session(store->after_walk, event, session);
    return sch_rows_walk(store->after_walk, each, self);
}

int sch_session_placed(sch_store_t *store, cv_str_t event, cv_str_t session, sch_each_t each, void *self)
{
    bind_session(store->session_placed, event, session);
    return sch_rows_walk(store->session_placed, each, self);
}

int sch_session_extremes(sch_store_t *store, cv_str_t event, sch_each_t each, void *self)
{
    cv_stmt_text(store->session_first, 1, event);
    cv_stmt_text(store->session_last, 1, event);
    int rc = sch_rows_walk(store->session_first, each, self);
    return rc ? rc : sch_rows_walk(store->session_last, each, self);
}

/* ---- releases ---------------------------------------------------------------------------- */

int sch_session_released(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_str_t session,
                         sch_sitting_t *ret_sitting)
{
    cv_str_t data;
    bind_session(store->released_get, event, session);
    int rc = sch_rows_get(store->released_get, arena, &data);
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, data, ret_sitting);
}

int sch_released_walk(sch_store_t *store, cv_str_t event, cv_str_t after, sch_each_t each, void *self)
{
    bind_session(store->released_walk, event, sch_from_start(after));
    return sch_rows_walk(store->released_walk, each, self);
}

int sch_released_older(sch_store_t *store, sch_each_t each, void *self)
{
    return sch_rows_walk(store->released_older, each, self);
}

int sch_released_put(sch_store_t *store, cv_str_t event, const cv_release_item_t *items, size_t items_n)
{
    cv_stmt_text(store->released_drop, 1, event);
    int rc = cv_stmt_run(store->released_drop);
    for (size_t i = 0; !rc && i < items_n; ++i) {
        bind_session(store->released_put, event, items[i].item);
        cv_stmt_int(store->released_put, 3, items[i].version);
        rc = cv_stmt_run(store->released_put);
    }
    return rc;
}

int sch_releases_n(sch_store_t *store, cv_str_t of, int64_t *ret_n)
{
    cv_stmt_text(store->releases_n, 1, of);
    int rc = cv_stmt_step(store->releases_n);
    if (rc != 1)
        return rc ? rc : CV_EINTERNAL;
    *ret_n = cv_stmt_get_int(store->releases_n, 0);
    cv_stmt_reset(store->releases_n);
    return CV_OK;
}
