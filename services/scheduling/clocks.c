/* clocks: looks whether clocks are set otherwise than they were when the plan was made.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event and a session keep the clock on their wall; what instant that is, a file of this machine says, and others
 * replace it: Kazakhstan went from +06 to +05 on 1 March 2024, with six weeks of notice. Instants that were said before
 * are then wrong by an hour. So all that is ahead is computed again, and what differs is said as a new version, which
 * those who follow, subscribe, are reminded or have answered hear of like of any other change.
 *
 * Happy path
 *   at each start, and every day at three (UTC) while there is anything ahead, the timer "clocks":
 *   events     whose start is ahead: the version with the instant as it is now, and the reason in words
 *   sessions   that are still to begin: all that move are lifted first, since they may move into each other's rooms, and
 *              put down in the order of their new beginnings. Who finds a room, a person or a venue held by another one
 *              is taken off the programme, with a reason that names it: a room is never in two sessions, and nobody's
 *              session is moved to another hour by a program
 *
 * Failure modes
 *   killed in between             a transaction holds BATCH events, or all sessions: they have moved or have not. The start
 *                                 after it looks again, and goes on with those that still differ
 *   looked at again               what moved is stored with its new instant, so nothing differs: nothing is said twice
 *   no file of a zone any more    what was said stays, and the log says how many. A file that is damaged is the same
 *   an older program wrote it     its events have no start_ms: said once, in a version that tells nobody of a change
 *   its days are held twice       which an older database let be: left as it was, and the log says how many. It takes no
 *                                 place in a transaction, or many of them would leave none for the others, for ever
 *   more events than BATCH        the timer "clocks" under the key "more" goes on in the next transaction
 *
 * Not looked at, whatever clocks do: instants that were announced as such (the end of a silence, windows of
 * registration, what items of work are due), what is over, what is cancelled or postponed.
 *
 * Time does not stand still for a service with a plan, and does for one without: the daily timer is set by who writes
 * an event or session that is ahead, and by the look that still finds one.
 */
#include "scheduling/core_clocks.h"
#include "scheduling/handlers.h"

#include "convene/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 64,                   /* events that move in one transaction */
    ZONES_MAX = 1024,             /* files that are kept while it looks */
    KEPT_MAX = 128 * 1024 * 1024, /* octets of all that moves */
    ITEM_MAX = 4 * 1024 * 1024,   /* octets of one */
};
#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define DAILY_AT_MS (3 * HOUR_MS)
#define KEY_DAILY CV_STR("")
#define KEY_MORE CV_STR("more")

typedef struct {
    cv_str_t name, file; /* file CV_STR_NONE: there is none */
} zone_t;

/* A session that moves, by its row. */
typedef struct {
    int64_t begin_ms; /* its new one; of one that is off the programme, 0 */
    size_t place;     /* as they were walked: by event and code */
    cv_str_t data;
} row_t;

typedef struct {
    sch_service_t *service;
    cv_arena_t *kept, *item;
    int64_t now_ms;
    zone_t zones[ZONES_MAX];
    size_t zones_n;
    row_t *rows;
    size_t rows_n, rows_room;
    bool ahead, more;
    int64_t events, sessions, off, said, unknown, stuck; /* counts, for the log */
    /* one of each at a time: they are too large for a stack of several */
    cv_scheduling_event_v1_t event, next;
    sch_sitting_t sitting, moved;
    sch_clock_text_t text;
} look_t;

/* ---- zones ------------------------------------------------------------------------------- */

/* CV_STR_NONE: there is no such zone here. */
static int zone_file(look_t *look, cv_str_t name, cv_str_t *ret_file)
{
    *ret_file = CV_STR_NONE;
    if (!name.ptr)
        return CV_OK;
    for (size_t i = 0; i < look->zones_n; ++i)
        if (cv_str_equal(look->zones[i].name, name)) {
            *ret_file = look->zones[i].file;
            return CV_OK;
        }
    zone_t zone = {.name = cv_arena_str(look->kept, name)};
    int rc = cv_zone_read(look->kept, name, &zone.file);
    if ((rc && rc != CV_ENOTFOUND) || !zone.name.ptr)
        return rc && rc != CV_ENOTFOUND ? rc : CV_ENOMEM;
    if (look->zones_n < ZONES_MAX)
        look->zones[look->zones_n++] = zone;
    *ret_file = zone.file;
    return CV_OK;
}

static int keep(look_t *look, int64_t begin_ms, cv_str_t data)
{
    if (look->rows_n == look->rows_room) {
        size_t room = look->rows_room ? 2 * look->rows_room : 64;
        row_t *rows = cv_arena_take(look->kept, room * sizeof *rows);
        if (!rows)
            return CV_ENOMEM;
        if (look->rows_n)
            memcpy(rows, look->rows, look->rows_n * sizeof *rows);
        look->rows = rows;
        look->rows_room = room;
    }
    look->rows[look->rows_n] = (row_t){begin_ms, look->rows_n, cv_arena_str(look->kept, data)};
    return look->rows[look->rows_n++].data.ptr ? CV_OK : CV_ENOMEM;
}

/* ---- events ------------------------------------------------------------------------------ */

/* Days that an older version of the database let two events hold: such an event cannot be written before it is changed
 * by hand (store_days.c). */
static bool can_hold(look_t *look)
{
    cv_str_t resource, other;
    cv_arena_reset(look->item);
    return sch_venue_taken(look->service->store, look->item, &look->next, &other) == CV_ENOTFOUND &&
           sch_day_taken(look->service->store, look->item, &look->next, &resource, &other) == CV_ENOTFOUND;
}

static int see_event(void *self, const sch_row_t *row)
{
    look_t *look = self;
    cv_str_t file;
    int64_t ms;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, row->data, &look->event);
    if (rc || !sch_clock_concerns(&look->event))
        return rc;
    rc = zone_file(look, look->event.event_details.zone, &file);
    if (rc)
        return rc;
    sch_clock_t clock = sch_clock_event(&look->event, file, &look->text, &look->next, &ms);
    if (ms <= look->now_ms && (!look->event.has_start_ms || look->event.start_ms <= look->now_ms))
        return CV_OK;
    look->ahead = true;
    look->unknown += look->event.event_details.zone.ptr && !file.ptr;
    if (clock == SCH_CLOCK_SAME)
        return CV_OK;
    if (!can_hold(look)) {
        ++look->stuck;
        return CV_OK;
    }
    if (look->rows_n == BATCH) {
        look->more = true;
        return CV_OK;
    }
    return keep(look, ms, row->data);
}

static int move_events(sch_service_t *service, cv_tx_t *tx, look_t *look)
{
    const sch_filter_t every = {0};
    int rc = sch_event_walk(service->store, &every, CV_STR_NONE, see_event, look);
    for (size_t i = 0; !rc && i < look->rows_n; ++i) {
        cv_str_t file;
        int64_t ms;
        rc = sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, look->rows[i].data, &look->event);
        if (!rc)
            rc = zone_file(look, look->event.event_details.zone, &file);
        if (rc)
            break;
        sch_clock_t clock = sch_clock_event(&look->event, file, &look->text, &look->next, &ms);
        if (!can_hold(look)) { /* since one before it in this transaction is down */
            ++look->stuck;
            continue;
        }
        look->events += clock == SCH_CLOCK_MOVED;
        look->said += clock == SCH_CLOCK_SAID;
        rc = sch_write_version(service, tx, &look->next);
    }
    look->rows_n = 0;
    return rc;
}

/* ---- sessions ---------------------------------------------------------------------------- */

static int see_session(void *self, const sch_row_t *row)
{
    look_t *look = self;
    cv_str_t file;
    int rc = sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, row->data, &look->sitting);
    if (rc || !sch_is_placed(&look->sitting) || look->sitting.begin_ms <= look->now_ms)
        return rc;
    look->ahead = true;
    rc = zone_file(look, look->sitting.session.zone, &file);
    if (rc)
        return rc;
    look->unknown += !file.ptr;
    sch_clock_t clock = sch_clock_session(&look->sitting, file, &look->text, &look->moved);
    return clock == SCH_CLOCK_SAME ? CV_OK : keep(look, look->moved.begin_ms, row->data);
}

static int earlier(const void *a, const void *b)
{
    const row_t *p = a, *q = b;
    if (p->begin_ms != q->begin_ms)
        return p->begin_ms < q->begin_ms ? -1 : 1;
    return p->place < q->place ? -1 : p->place > q->place;
}

static int load_room(sch_service_t *service, look_t *look, const cv_session_t *session, cv_room_t *ret_room)
{
    cv_str_t data;
    *ret_room = (cv_room_t){0};
    if (!session->room.ptr)
        return CV_OK;
    cv_str_t code = cv_arena_printf(look->item, "%.*s/%.*s", CV_STR_ARG(session->venue), CV_STR_ARG(session->room));
    int rc = code.ptr ? sch_ref_get(service->store, look->item, SCH_ROOM, code, &data) : CV_ENOMEM;
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_ROOM_V1, data, ret_room);
}

/* Down where it is to be, or off the programme. */
static int put_down(sch_service_t *service, cv_tx_t *tx, look_t *look)
{
    sch_sitting_t *moved = &look->moved;
    cv_outcome_t why = {0};
    cv_room_t room;
    char holder[SCH_HOLDER_MAX], reason[2 * SCH_TEXT_MAX + 64];
    int rc = sch_event_get(service->store, look->item, moved->session.event, &look->event);
    if (!rc)
        rc = load_room(service, look, &moved->session, &room);
    if (!rc && sch_is_placed(moved)) {
        rc = sch_session_free(service, tx, &look->event, moved, &room, &why);
        if (rc == CV_EREJECTED) {
            (void)snprintf(reason, sizeof reason, "%s It needs another time: %.*s.", look->text.reason,
                           CV_STR_ARG(why.text));
            sch_take_off(moved);
            moved->reason = cv_str(reason);
            rc = CV_OK;
        }
    }
    look->off += !sch_is_placed(moved);
    ++look->sessions;
    cv_str_t subject =
        cv_arena_printf(look->item, "%.*s/%.*s", CV_STR_ARG(moved->session.event), CV_STR_ARG(moved->session.session));
    if (!rc && !subject.ptr)
        rc = CV_ENOMEM;
    if (!rc)
        rc = sch_session_put(service->store, moved, room.turnaround, sch_holder(&look->event, holder), look->now_ms);
    return rc ? rc : cv_tx_emit(tx, SCH_STREAM_EVENTS, CV_MSG_SCHEDULING_SESSION_V1, subject, moved, NULL);
}

static int move_sessions(sch_service_t *service, cv_tx_t *tx, look_t *look)
{
    int rc = sch_session_walk(service->store, CV_STR_NONE, CV_STR_NONE, CV_STR_NONE, see_session, look);
    for (size_t i = 0; !rc && i < look->rows_n; ++i) {
        rc = sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, look->rows[i].data, &look->sitting);
        if (!rc)
            rc = sch_session_lift(service->store, look->sitting.session.event, look->sitting.session.session);
    }
    if (!rc && look->rows_n)
        qsort(look->rows, look->rows_n, sizeof *look->rows, earlier);
    for (size_t i = 0; !rc && i < look->rows_n; ++i) {
        cv_str_t file;
        cv_arena_reset(look->item);
        rc = sch_store_unpack(CV_MSG_SCHEDULING_SESSION_V1, look->rows[i].data, &look->sitting);
        if (!rc)
            rc = zone_file(look, look->sitting.session.zone, &file);
        if (!rc && sch_clock_session(&look->sitting, file, &look->text, &look->moved) != SCH_CLOCK_SAME)
            rc = put_down(service, tx, look);
    }
    return rc;
}

/* ---- when -------------------------------------------------------------------------------- */

int sch_clocks_arm(cv_tx_t *tx, int64_t ahead_ms)
{
    int64_t now_ms = cv_tx_now_ms(tx);
    if (ahead_ms <= now_ms)
        return CV_OK;
    /* The same instant for all who set it on one day: setting it again does not put it off. */
    int64_t due_ms = (now_ms - DAILY_AT_MS) / DAY_MS * DAY_MS + DAY_MS + DAILY_AT_MS;
    return cv_tx_timer_set(tx, SCH_TIMER_CLOCKS, KEY_DAILY, due_ms);
}

int sch_clocks_start(cv_tx_t *tx)
{
    return cv_tx_timer_set(tx, SCH_TIMER_CLOCKS, KEY_MORE, 1);
}

static int look_at_all(sch_service_t *service, cv_tx_t *tx, look_t *look)
{
    int rc = move_events(service, tx, look);
    if (!rc && look->more)
        rc = cv_tx_timer_set(tx, SCH_TIMER_CLOCKS, KEY_MORE, look->now_ms + 1);
    else if (!rc)
        rc = move_sessions(service, tx, look);
    if (!rc && look->ahead)
        rc = sch_clocks_arm(tx, INT64_MAX);
    if (!rc && (look->events || look->sessions || look->said))
        cv_log(CV_LOG_INFO, "clocks_moved", cv_kv_int("events", look->events), cv_kv_int("sessions", look->sessions),
               cv_kv_int("taken_off", look->off), cv_kv_int("said_first", look->said), cv_kv_bool("more", look->more));
    if (!rc && (look->unknown || look->stuck))
        cv_log(CV_LOG_WARN, "clocks_unknown", cv_kv_int("without_zone_file", look->unknown),
               cv_kv_int("days_held_twice", look->stuck));
    return rc;
}

int sch_clocks_timer(sch_service_t *service, cv_tx_t *tx)
{
    look_t *look = calloc(1, sizeof *look);
    if (!look)
        return CV_ENOMEM;
    look->service = service;
    look->now_ms = cv_tx_now_ms(tx);
    look->kept = cv_arena_new(KEPT_MAX);
    look->item = cv_arena_new(ITEM_MAX);
    int rc = look->kept && look->item ? look_at_all(service, tx, look) : CV_ENOMEM;
    cv_arena_destroy(&look->kept);
    cv_arena_destroy(&look->item);
    free(look);
    return rc;
}
