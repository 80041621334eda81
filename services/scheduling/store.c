/* store: all SQL of scheduling.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   party, body, heading, venue   one row per code; data is the record's map as MessagePack, the other columns repeat
 *                                 of it what is asked for
 *   event                         current state: data, and the columns that lists and timers ask for
 *   event_version                 every state an event ever had; rows are added, never changed
 *   venue_day                     one row per day on which an event holds its venue. A trigger refuses a second holder
 *                                 of the same day, so no path through the code can book a hall twice. The holder is the
 *                                 event, or its group: events held together share the hall
 *   reference_version             every row of reference data that was ever put
 *   rooms, sessions, holds        see store_schema.h
 *   turnout                       how the parties answered, heard from registration; empty it and it can be rebuilt
 *
 * References from an event are foreign keys: what an event names exists. Nothing is ever deleted but venue_day rows of
 * events that moved, and turnout when it is rebuilt.
 */
#include "scheduling/store_inside.h"
#include "scheduling/store_schema.h"
#include <stdlib.h>
#include <string.h>

static const char SCHEMA_1[] =
    "CREATE TABLE party(code TEXT PRIMARY KEY, kind TEXT NOT NULL, at_ms INTEGER NOT NULL, data BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE body(code TEXT PRIMARY KEY, kind TEXT NOT NULL, at_ms INTEGER NOT NULL, data BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE heading(code TEXT PRIMARY KEY, level TEXT NOT NULL CHECK(level IN ('dimension', 'area')),"
    " dimension TEXT REFERENCES heading(code), at_ms INTEGER NOT NULL, data BLOB NOT NULL,"
    " CHECK((level = 'area') = (dimension IS NOT NULL))) STRICT, WITHOUT ROWID;"
    "CREATE TABLE venue(code TEXT PRIMARY KEY, city TEXT NOT NULL, at_ms INTEGER NOT NULL, data BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE event(id TEXT PRIMARY KEY, version INTEGER NOT NULL CHECK(version >= 1), status TEXT NOT NULL,"
    " plan_year INTEGER NOT NULL, line TEXT NOT NULL, format TEXT,"
    " dimension TEXT REFERENCES heading(code), area TEXT REFERENCES heading(code), body TEXT REFERENCES body(code),"
    " proposer TEXT REFERENCES party(code), country TEXT, venue TEXT REFERENCES venue(code), \"group\" TEXT,"
    " configured INTEGER NOT NULL, at_ms INTEGER NOT NULL, data BLOB NOT NULL) STRICT;"
    "CREATE INDEX event_configured ON event(id) WHERE configured = 1;"
    "CREATE TABLE event_version(event TEXT NOT NULL REFERENCES event(id), version INTEGER NOT NULL,"
    " at_ms INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY(event, version)) STRICT;"
    "CREATE TABLE venue_day(venue TEXT NOT NULL REFERENCES venue(code), day INTEGER NOT NULL,"
    " event TEXT NOT NULL REFERENCES event(id), holder TEXT NOT NULL, PRIMARY KEY(venue, day, event)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE INDEX venue_day_event ON venue_day(event);"
    "CREATE TRIGGER venue_day_one_holder BEFORE INSERT ON venue_day"
    " WHEN EXISTS (SELECT 1 FROM venue_day WHERE venue = NEW.venue AND day = NEW.day AND holder <> NEW.holder)"
    " BEGIN SELECT RAISE(ABORT, 'venue_taken'); END;"
    "CREATE TABLE turnout(event TEXT NOT NULL, party TEXT NOT NULL, answer TEXT NOT NULL,"
    " confirmed INTEGER NOT NULL CHECK(confirmed >= 0), waiting INTEGER NOT NULL CHECK(waiting >= 0),"
    " online INTEGER NOT NULL CHECK(online >= 0), withdrawn INTEGER NOT NULL CHECK(withdrawn >= 0),"
    " requests INTEGER NOT NULL CHECK(requests >= 0), private_seq INTEGER NOT NULL,"
    " PRIMARY KEY(event, party)) STRICT, WITHOUT ROWID;";
const char *const sch_migrations[SCH_MIGRATIONS_N] = {
    SCHEMA_1,        SCH_SCHEMA_DECISIONS, SCH_SCHEMA_PLANS, SCH_SCHEMA_CATALOGUE,
    SCH_SCHEMA_WORK, SCH_SCHEMA_CALENDAR,  SCH_SCHEMA_FORMS, SCH_SCHEMA_PROGRAMME,
    SCH_SCHEMA_ORDER};

#define PLAIN(table)                                                                  \
    {                                                                                 \
        "SELECT data FROM " table " WHERE code = ?1",                                 \
            "INSERT INTO " table "(code, detail, at_ms, data) VALUES(?1, ?2, ?3, ?4)" \
            " ON CONFLICT(code) DO UPDATE SET detail = ?2, at_ms = ?3, data = ?4",    \
            "SELECT code, at_ms, data FROM " table " WHERE code > ?1 ORDER BY code"   \
    }
static const char *const REF_NAME[SCH_REFS] = {
    [SCH_PARTY] = "party",
    [SCH_BODY] = "body",
    [SCH_HEADING] = "heading",
    [SCH_VENUE] = "venue",
    [SCH_CATALOGUE] = "catalogue",
    [SCH_COORDINATOR] = "coordinator",
    [SCH_CHAIRMANSHIP] = "chairmanship",
    [SCH_REPORT] = "report",
    [SCH_REVIEW] = "review",
    [SCH_WORKPLAN] = "workplan",
    [SCH_CALENDAR] = "calendar",
    [SCH_FORM] = "form",
    [SCH_ROOM] = "room",
    [SCH_RULE] = "rule",
    [SCH_RELEASE] = "release",
};
static const char *const REF_SQL[SCH_REFS][REF_STATEMENTS] = {
    [SCH_PARTY] = {"SELECT data FROM party WHERE code = ?1",
                   "INSERT INTO party(code, kind, at_ms, data) VALUES(?1, ?2, ?3, ?4)"
                   " ON CONFLICT(code) DO UPDATE SET kind = ?2, at_ms = ?3, data = ?4",
                   "SELECT code, at_ms, data FROM party WHERE code > ?1 ORDER BY code"},
    [SCH_BODY] = {"SELECT data FROM body WHERE code = ?1",
                  "INSERT INTO body(code, kind, at_ms, data) VALUES(?1, ?2, ?3, ?4)"
                  " ON CONFLICT(code) DO UPDATE SET kind = ?2, at_ms = ?3, data = ?4",
                  "SELECT code, at_ms, data FROM body WHERE code > ?1 ORDER BY code"},
    /* Dimensions first: whoever rebuilds from a walk finds what an area refers to. ?1 is a code; its level is looked
       up. */
    [SCH_HEADING] =
        {"SELECT data FROM heading WHERE code = ?1",
         "INSERT INTO heading(code, level, at_ms, data, dimension) VALUES(?1, ?2, ?3, ?4, ?5)"
         " ON CONFLICT(code) DO UPDATE SET level = ?2, at_ms = ?3, data = ?4, dimension = ?5",
         "SELECT code, at_ms, data FROM heading WHERE (level = 'area', code) >"
         " (coalesce((SELECT level = 'area' FROM heading WHERE code = ?1), 0), ?1) ORDER BY level = 'area', code"},
    [SCH_VENUE] = {"SELECT data FROM venue WHERE code = ?1",
                   "INSERT INTO venue(code, city, at_ms, data) VALUES(?1, ?2, ?3, ?4)"
                   " ON CONFLICT(code) DO UPDATE SET city = ?2, at_ms = ?3, data = ?4",
                   "SELECT code, at_ms, data FROM venue WHERE code > ?1 ORDER BY code"},
    [SCH_CATALOGUE] = PLAIN("catalogue"),
    [SCH_COORDINATOR] = PLAIN("coordinator"),
    [SCH_CHAIRMANSHIP] = PLAIN("chairmanship"),
    [SCH_REPORT] = PLAIN("report"),
    [SCH_REVIEW] = PLAIN("review"),
    [SCH_WORKPLAN] = PLAIN("workplan"),
    [SCH_CALENDAR] = PLAIN("calendar"),
    [SCH_FORM] = PLAIN("form"),
    [SCH_ROOM] = PLAIN("room"),
    [SCH_RULE] = PLAIN("rule"),
    [SCH_RELEASE] = PLAIN("release"),
};

int sch_store_open(cv_db_t *db, sch_store_t **ret_store)
{
    sch_store_t *store = calloc(1, sizeof *store);
    if (!store)
        return CV_ENOMEM;
    store->db = db;
    cv_buf_init(&store->buf, CV_MAX_RECORD);
    const cv_sql_t all[] = {
        {&store->parties_n, "SELECT count(*) FROM party"},
        {&store->parties, "SELECT code, kind FROM party ORDER BY code"},
        {&store->event_get, "SELECT data FROM event WHERE id = ?1"},
        {&store->event_put, "INSERT INTO event(id, version, status, plan_year, line, format, dimension, area, body, "
                            "proposer, country, venue,"
                            " \"group\", configured, at_ms, data, catalogue) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                            "?9, ?10, ?11, ?12, ?13, ?14, ?15,"
                            " ?16, ?17)"
                            " ON CONFLICT(id) DO UPDATE SET version = ?2, status = ?3, plan_year = ?4, line = ?5, "
                            "format = ?6, dimension = ?7,"
                            " area = ?8, body = ?9, proposer = ?10, country = ?11, venue = ?12, \"group\" = ?13, "
                            "configured = ?14, at_ms = ?15,"
                            " data = ?16, catalogue = ?17"},
        {&store->event_walk,
         "SELECT id, at_ms, data FROM event WHERE id > ?1 AND (?2 = 0 OR plan_year = ?2) AND (?3 IS NULL OR status = "
         "?3)"
         " AND (?4 IS NULL OR line = ?4) AND (?5 IS NULL OR format = ?5) AND (?6 IS NULL OR dimension = ?6)"
         " AND (?7 IS NULL OR area = ?7) AND (?8 IS NULL OR body = ?8) AND (?9 IS NULL OR proposer = ?9)"
         " AND (?10 IS NULL OR country = ?10) AND (?11 IS NULL OR venue = ?11) AND (?12 IS NULL OR \"group\" = ?12)"
         " ORDER BY id"},
        {&store->version_put, "INSERT INTO event_version(event, version, at_ms, data) VALUES(?1, ?2, ?3, ?4)"},
        {&store->history_walk, "SELECT CAST(version AS TEXT), at_ms, data FROM event_version WHERE event = ?1 AND "
                               "version > ?2 ORDER BY version"},
        {&store->citing_walk, "SELECT id, at_ms, data FROM event WHERE catalogue = ?1 ORDER BY id"},
        {&store->ref_version_put, "INSERT INTO reference_version(kind, code, version, at_ms, data) SELECT ?1, ?2, "
                                  "coalesce(max(version), 0) + 1, ?3, ?4"
                                  " FROM reference_version WHERE kind = ?1 AND code = ?2"},
        {&store->ref_versions, "SELECT CAST(version AS TEXT), at_ms, data FROM reference_version WHERE kind = ?1 AND "
                               "code = ?2 AND version > ?3"
                               " ORDER BY version"},
        {&store->configured_walk, "SELECT id, at_ms, data FROM event WHERE configured = 1 ORDER BY id"},
        {&store->day_put, "INSERT INTO venue_day(venue, day, event, holder) VALUES(?1, ?2, ?3, ?4)"},
        {&store->day_drop, "DELETE FROM venue_day WHERE event = ?1"},
        {&store->day_taken,
         "SELECT event FROM (SELECT day, event FROM venue_day WHERE venue = ?1 AND day BETWEEN ?2 AND ?3 AND event <> "
         "?4"
         " AND holder <> ?5 UNION ALL SELECT day, event || '/' || session FROM session_day WHERE venue = ?1"
         " AND day BETWEEN ?2 AND ?3 AND event <> ?4 AND holder <> ?5) ORDER BY day, event LIMIT 1"},
        {&store->turnout_get,
         "SELECT party, answer, confirmed, waiting, online, withdrawn, requests, private_seq FROM turnout"
         " WHERE event = ?1 AND party = ?2"},
        {&store->turnout_put,
         "INSERT OR REPLACE INTO turnout(event, party, answer, confirmed, waiting, online, withdrawn, requests,"
         " private_seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"},
        {&store->turnout_clear, "DELETE FROM turnout"},
        {&store->turnout_walk,
         "SELECT party, answer, confirmed, waiting, online, withdrawn, requests, private_seq FROM turnout"
         " WHERE event = ?1 AND party > ?2 ORDER BY party"},
    };
    int rc = cv_db_prepare_all(db, all, sizeof all / sizeof *all);
    if (!rc)
        rc = sch_prepare_decisions(store);
    if (!rc)
        rc = sch_prepare_plans(store);
    if (!rc)
        rc = sch_prepare_work(store);
    if (!rc)
        rc = sch_prepare_days(store);
    if (!rc)
        rc = sch_prepare_sessions(store);
    for (size_t i = 0; i < SCH_REFS; ++i)
        for (size_t j = 0; !rc && j < REF_STATEMENTS; ++j)
            rc = cv_db_prepare(db, REF_SQL[i][j], &store->ref[i][j]);
    if (rc)
        sch_store_close(&store);
    else
        *ret_store = store;
    return rc;
}

void sch_store_close(sch_store_t **store)
{
    if (!*store)
        return;
    cv_buf_done(&(*store)->buf);
    free(*store);
    *store = NULL;
}

/* ---- records as bytes ------------------------------------------------------------------- */

int sch_store_pack(sch_store_t *store, uint16_t type, const void *data, cv_str_t *ret_data)
{
    cv_buf_clear(&store->buf);
    int rc = cv_msg_info_at(type)->encode(&store->buf, data);
    if (!rc)
        *ret_data = cv_buf_str(&store->buf);
    return rc;
}

int sch_store_unpack(uint16_t type, cv_str_t data, void *ret_struct)
{
    /* Our own bytes, but from a disk: walked before msgpack-c spends memory on them. */
    if (cv_wire_check(data, NULL))
        return CV_ECORRUPT;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    int rc = CV_ECORRUPT;
    if (msgpack_unpack_next(&unpacked, data.ptr, data.len, NULL) == MSGPACK_UNPACK_SUCCESS &&
        cv_msg_info_at(type)->decode(&unpacked.data, ret_struct, NULL) == CV_OK)
        rc = CV_OK;
    msgpack_unpacked_destroy(&unpacked); /* the struct's views point into data, not into the zone */
    return rc;
}

cv_str_t sch_word(const char *text)
{
    return *text ? cv_str(text) : CV_STR_NONE;
}

cv_str_t sch_from_start(cv_str_t after)
{
    return after.ptr ? after : CV_STR("");
}

int sch_rows_walk(cv_stmt_t *statement, sch_each_t each, void *self)
{
    int rc;
    while ((rc = cv_stmt_step(statement)) == 1) {
        const sch_row_t row = {cv_stmt_get_text(statement, 0), cv_stmt_get_int(statement, 1),
                               cv_stmt_get_blob(statement, 2)};
        rc = each(self, &row);
        if (rc) {
            cv_stmt_reset(statement);
            return rc;
        }
    }
    return rc;
}

int sch_rows_get(cv_stmt_t *statement, cv_arena_t *arena, cv_str_t *ret_data)
{
    int rc = cv_stmt_step(statement);
    if (rc != 1)
        return rc ? rc : CV_ENOTFOUND;
    cv_str_t copy = CV_STR_NONE;
    if (ret_data)
        copy = cv_arena_str(arena, cv_stmt_get_blob(statement, 0));
    cv_stmt_reset(statement);
    if (!ret_data)
        return CV_OK;
    if (!copy.ptr)
        return CV_ENOMEM;
    *ret_data = copy;
    return CV_OK;
}

/* ---- reference data --------------------------------------------------------------------- */

int sch_ref_get(sch_store_t *store, cv_arena_t *arena, sch_ref_t ref, cv_str_t code, cv_str_t *ret_data)
{
    cv_stmt_text(store->ref[ref][GET], 1, code);
    return sch_rows_get(store->ref[ref][GET], arena, ret_data);
}

int sch_ref_put(sch_store_t *store, sch_ref_t ref, cv_str_t code, cv_str_t detail, cv_str_t dimension, int64_t at_ms,
                cv_str_t data)
{
    cv_stmt_t *put = store->ref[ref][PUT];
    cv_stmt_text(put, 1, code);
    cv_stmt_text(put, 2, detail);
    cv_stmt_int(put, 3, at_ms);
    cv_stmt_blob(put, 4, data.ptr, data.len);
    if (ref == SCH_HEADING)
        cv_stmt_text(put, 5, dimension);
    int rc = cv_stmt_run(put);
    if (rc)
        return rc;
    put = store->ref_version_put;
    cv_stmt_text(put, 1, cv_str(REF_NAME[ref]));
    cv_stmt_text(put, 2, code);
    cv_stmt_int(put, 3, at_ms);
    cv_stmt_blob(put, 4, data.ptr, data.len);
    return cv_stmt_run(put);
}

int sch_ref_versions(sch_store_t *store, sch_ref_t ref, cv_str_t code, int64_t after, sch_each_t each, void *self)
{
    cv_stmt_text(store->ref_versions, 1, cv_str(REF_NAME[ref]));
    cv_stmt_text(store->ref_versions, 2, code);
    cv_stmt_int(store->ref_versions, 3, after);
    return sch_rows_walk(store->ref_versions, each, self);
}

int sch_ref_walk(sch_store_t *store, sch_ref_t ref, cv_str_t after, sch_each_t each, void *self)
{
    cv_stmt_text(store->ref[ref][WALK], 1, sch_from_start(after));
    return sch_rows_walk(store->ref[ref][WALK], each, self);
}

int sch_parties(sch_store_t *store, cv_arena_t *arena, sch_party_t **ret_parties, size_t *ret_n)
{
    int rc = cv_stmt_step(store->parties_n);
    if (rc != 1)
        return rc ? rc : CV_EINTERNAL;
    size_t n = (size_t)cv_stmt_get_int(store->parties_n, 0);
    cv_stmt_reset(store->parties_n);
    /* One more than there are: the caller may add the party it is about to write. */
    sch_party_t *parties = cv_arena_take(arena, (n + 1) * sizeof *parties);
    if (!parties)
        return CV_ENOMEM;
    size_t i = 0;
    while ((rc = cv_stmt_step(store->parties)) == 1) {
        if (i < n) {
            parties[i].code = cv_arena_str(arena, cv_stmt_get_text(store->parties, 0));
            parties[i].kind = cv_party_kind_parse(cv_stmt_get_text(store->parties, 1));
        }
        if (i == n || !parties[i].code.ptr) {
            cv_stmt_reset(store->parties);
            return i == n ? CV_EINTERNAL : CV_ENOMEM;
        }
        ++i;
    }
    if (rc < 0)
        return rc;
    *ret_parties = parties;
    *ret_n = i;
    return CV_OK;
}

/* ---- events ----------------------------------------------------------------------------- */

int sch_event_get(sch_store_t *store, cv_arena_t *arena, cv_str_t event, cv_scheduling_event_v1_t *ret_event)
{
    cv_str_t data;
    cv_stmt_text(store->event_get, 1, event);
    int rc = sch_rows_get(store->event_get, arena, &data);
    return rc ? rc : sch_store_unpack(CV_MSG_SCHEDULING_EVENT_V1, data, ret_event);
}

/* Who holds the venue: the event's group if it has one. '/' is in no id, so a group is never taken for an event. */
cv_str_t sch_holder(const cv_scheduling_event_v1_t *event, char text[SCH_HOLDER_MAX])
{
    bool group = event->event_details.group.ptr != NULL;
    cv_str_t name = group ? event->event_details.group : event->event;
    size_t prefix = group ? 6 : 0;
    if (group)
        memcpy(text, "group/", prefix);
    size_t len =
        name.len < SCH_HOLDER_MAX - prefix ? name.len : SCH_HOLDER_MAX - prefix; /* ids end at 64, codes at 32 */
    memcpy(text + prefix, name.ptr, len);
    return (cv_str_t){text, prefix + len};
}

int sch_venue_taken(sch_store_t *store, cv_arena_t *arena, const cv_scheduling_event_v1_t *event, cv_str_t *ret_other)
{
    int64_t first, last;
    char holder[SCH_HOLDER_MAX];
    if (!sch_holds_venue(event, &first, &last))
        return CV_ENOTFOUND;
    cv_stmt_text(store->day_taken, 1, event->event_details.venue);
    cv_stmt_int(store->day_taken, 2, first);
    cv_stmt_int(store->day_taken, 3, last);
    cv_stmt_text(store->day_taken, 4, event->event);
    cv_stmt_text(store->day_taken, 5, sch_holder(event, holder));
    return sch_rows_get(store->day_taken, arena, ret_other);
}

int sch_days_drop(sch_store_t *store, cv_str_t event)
{
    cv_stmt_text(store->day_drop, 1, event);
    cv_stmt_text(store->event_day_drop, 1, event);
    cv_stmt_text(store->span_drop, 1, event);
    int rc = cv_stmt_run(store->day_drop);
    if (!rc)
        rc = cv_stmt_run(store->event_day_drop);
    return rc ? rc : cv_stmt_run(store->span_drop);
}

static int put_days(sch_store_t *store, const cv_scheduling_event_v1_t *event)
{
    int64_t first, last;
    char holder[SCH_HOLDER_MAX];
    cv_str_t who = sch_holder(event, holder);
    int rc = sch_days_drop(store, event->event);
    if (!rc)
        rc = sch_sessions_hold_as(store, event->event, who);
    if (!rc)
        rc = sch_days_put(store, event, who);
    if (rc || !sch_holds_venue(event, &first, &last))
        return rc;
    for (int64_t day = first; !rc && day <= last; ++day) {
        cv_stmt_text(store->day_put, 1, event->event_details.venue);
        cv_stmt_int(store->day_put, 2, day);
        cv_stmt_text(store->day_put, 3, event->event);
        cv_stmt_text(store->day_put, 4, who);
        rc = cv_stmt_run(store->day_put);
    }
    return rc;
}

int sch_event_put(sch_store_t *store, const cv_scheduling_event_v1_t *event, int64_t at_ms)
{
    const cv_event_details_t *details = &event->event_details;
    cv_stmt_t *put = store->event_put;
    cv_str_t data;
    int rc = sch_store_pack(store, CV_MSG_SCHEDULING_EVENT_V1, event, &data);
    if (rc)
        return rc;
    cv_stmt_text(put, 1, event->event);
    cv_stmt_int(put, 2, event->version);
    cv_stmt_text(put, 3, sch_word(cv_event_status_text(event->status)));
    cv_stmt_int(put, 4, details->plan_year);
    cv_stmt_text(put, 5, sch_word(cv_plan_line_text(details->line)));
    cv_stmt_text(put, 6, sch_word(cv_event_format_text(details->format)));
    cv_stmt_text(put, 7, details->dimension);
    cv_stmt_text(put, 8, details->area);
    cv_stmt_text(put, 9, details->body);
    cv_stmt_text(put, 10, details->proposer);
    cv_stmt_text(put, 11, details->country);
    cv_stmt_text(put, 12, details->venue);
    cv_stmt_text(put, 13, details->group);
    cv_stmt_int(put, 14, event->has_registration && sch_planned(event->status));
    cv_stmt_int(put, 15, at_ms);
    cv_stmt_blob(put, 16, data.ptr, data.len);
    cv_stmt_text(put, 17, details->catalogue);
    rc = cv_stmt_run(put);
    if (rc)
        return rc;
    cv_stmt_text(store->version_put, 1, event->event);
    cv_stmt_int(store->version_put, 2, event->version);
    cv_stmt_int(store->version_put, 3, at_ms);
    cv_stmt_blob(store->version_put, 4, data.ptr, data.len);
    rc = cv_stmt_run(store->version_put);
    return rc ? rc : put_days(store, event);
}

int sch_event_walk(sch_store_t *store, const sch_filter_t *filter, cv_str_t after, sch_each_t each, void *self)
{
    cv_stmt_t *statement = store->event_walk;
    cv_stmt_text(statement, 1, sch_from_start(after));
    cv_stmt_int(statement, 2, filter->plan_year);
    cv_stmt_text(statement, 3, sch_word(cv_event_status_text(filter->status)));
    cv_stmt_text(statement, 4, sch_word(cv_plan_line_text(filter->line)));
    cv_stmt_text(statement, 5, sch_word(cv_event_format_text(filter->format)));
    cv_stmt_text(statement, 6, filter->dimension);
    cv_stmt_text(statement, 7, filter->area);
    cv_stmt_text(statement, 8, filter->body);
    cv_stmt_text(statement, 9, filter->proposer);
    cv_stmt_text(statement, 10, filter->country);
    cv_stmt_text(statement, 11, filter->venue);
    cv_stmt_text(statement, 12, filter->group);
    return sch_rows_walk(statement, each, self);
}

int sch_history_walk(sch_store_t *store, cv_str_t event, int64_t after, sch_each_t each, void *self)
{
    cv_stmt_text(store->history_walk, 1, event);
    cv_stmt_int(store->history_walk, 2, after);
    return sch_rows_walk(store->history_walk, each, self);
}

int sch_citing_walk(sch_store_t *store, cv_str_t catalogue, sch_each_t each, void *self)
{
    cv_stmt_text(store->citing_walk, 1, catalogue);
    return sch_rows_walk(store->citing_walk, each, self);
}

int sch_configured_walk(sch_store_t *store, sch_each_t each, void *self)
{
    return sch_rows_walk(store->configured_walk, each, self);
}

/* ---- turnout ---------------------------------------------------------------------------- */

static void turnout_row(cv_stmt_t *row, cv_str_t event, cv_str_t party, sch_turnout_t *ret_turnout)
{
    *ret_turnout = (sch_turnout_t){
        .event = event,
        .party = party,
        .answer = cv_party_answer_parse(cv_stmt_get_text(row, 1)),
        .confirmed = cv_stmt_get_int(row, 2),
        .waiting = cv_stmt_get_int(row, 3),
        .online = cv_stmt_get_int(row, 4),
        .withdrawn = cv_stmt_get_int(row, 5),
        .requests = cv_stmt_get_int(row, 6),
        .private_seq = (uint64_t)cv_stmt_get_int(row, 7),
    };
}

int sch_turnout_get(sch_store_t *store, cv_str_t event, cv_str_t party, sch_turnout_t *ret_turnout)
{
    cv_stmt_text(store->turnout_get, 1, event);
    cv_stmt_text(store->turnout_get, 2, party);
    int rc = cv_stmt_step(store->turnout_get);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        *ret_turnout = (sch_turnout_t){.event = event, .party = party, .answer = CV_PARTY_ANSWER_NONE};
        return CV_ENOTFOUND;
    }
    turnout_row(store->turnout_get, event, party, ret_turnout);
    cv_stmt_reset(store->turnout_get);
    return CV_OK;
}

int sch_turnout_put(sch_store_t *store, const sch_turnout_t *turnout)
{
    cv_stmt_t *put = store->turnout_put;
    cv_stmt_text(put, 1, turnout->event);
    cv_stmt_text(put, 2, turnout->party);
    cv_stmt_text(put, 3, cv_str(cv_party_answer_text(turnout->answer)));
    cv_stmt_int(put, 4, turnout->confirmed);
    cv_stmt_int(put, 5, turnout->waiting);
    cv_stmt_int(put, 6, turnout->online);
    cv_stmt_int(put, 7, turnout->withdrawn);
    cv_stmt_int(put, 8, turnout->requests);
    cv_stmt_int(put, 9, (int64_t)turnout->private_seq);
    return cv_stmt_run(put);
}

int sch_turnout_clear(sch_store_t *store)
{
    return cv_stmt_run(store->turnout_clear);
}

int sch_turnout_walk(sch_store_t *store, cv_str_t event, cv_str_t after,
                     int (*each)(void *self, const sch_turnout_t *turnout), void *self)
{
    int rc;
    sch_turnout_t turnout;
    cv_stmt_text(store->turnout_walk, 1, event);
    cv_stmt_text(store->turnout_walk, 2, sch_from_start(after));
    while ((rc = cv_stmt_step(store->turnout_walk)) == 1) {
        turnout_row(store->turnout_walk, event, cv_stmt_get_text(store->turnout_walk, 0), &turnout);
        rc = each(self, &turnout);
        if (rc) {
            cv_stmt_reset(store->turnout_walk);
            return rc;
        }
    }
    return rc;
}
