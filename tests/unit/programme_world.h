/* programme_world: an event with rooms, people and sessions, for tests of programmes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_PROGRAMME_WORLD_H
#define TESTS_PROGRAMME_WORLD_H

#include "scheduling_driver.h"

#define SEND(type, ...) driver_send(driver, CV_MSG_SCHEDULING_##type##_V1, &__VA_ARGS__)
#define HOUR_MS INT64_C(3600000)

static inline void world_event(driver_t *driver, const char *event, const char *first, const char *last,
                               const char *venue, const char *group)
{
    const cv_scheduling_event_propose_v1_t request = {.event = cv_str(event),
                                                      .event_details = {.title = CV_STR("Conference"),
                                                                        .plan_year = 2026,
                                                                        .line = CV_PLAN_LINE_CBM,
                                                                        .venue = cv_str(venue),
                                                                        .group = cv_str(group),
                                                                        .date_start = cv_str(first),
                                                                        .date_end = cv_str(last)}};
    EXPECT_OK(SEND(EVENT_PROPOSE, request), "proposed");
}

static inline cv_room_t world_room(const char *room, int64_t seats)
{
    return (cv_room_t){.venue = CV_STR("HALL"), .room = cv_str(room), .name = CV_STR("A room"), .seats = seats};
}

/* HALL in `zone` with rooms A (100 seats), B and C (20); parties AZ and KZ; event E, 11 to 13 May 2026. */
static inline driver_t *world_in(const char *zone)
{
    driver_t *driver = driver_new("2026-02-20T06:00:00Z");
    const cv_venue_t hall = {.code = CV_STR("HALL"),
                             .name = CV_STR("Hall"),
                             .city = CV_STR("Baku"),
                             .country = CV_STR("AZ"),
                             .zone = cv_str(zone)};
    EXPECT_OK(SEND(VENUE_PUT, hall), "stored");
    const cv_room_t rooms[] = {world_room("A", 100), world_room("B", 20), world_room("C", 20)};
    for (size_t i = 0; i < 3; ++i)
        EXPECT_OK(SEND(ROOM_PUT, rooms[i]), "stored");
    const char *const parties[] = {"AZ", "KZ"};
    for (size_t i = 0; i < 2; ++i) {
        const cv_party_t party = {.code = cv_str(parties[i]),
                                  .kind = CV_PARTY_KIND_MEMBER,
                                  .name = CV_STR("State"),
                                  .has_delegation_size = true,
                                  .delegation_size = 1};
        EXPECT_OK(SEND(PARTY_PUT, party), "stored");
    }
    world_event(driver, "E", "2026-05-11", "2026-05-13", NULL, NULL);
    return driver;
}

/* A parallel session of E; start NULL: not placed; room NULL: none. */
static inline cv_scheduling_session_put_v1_t world_session(const char *session, const char *start, int64_t minutes,
                                                           const char *room)
{
    return (cv_scheduling_session_put_v1_t){.session = {.event = CV_STR("E"),
                                                        .session = cv_str(session),
                                                        .title = CV_STR("Talks"),
                                                        .kind = CV_SESSION_KIND_PARALLEL,
                                                        .minutes = minutes,
                                                        .start = cv_str(start),
                                                        .venue = room ? CV_STR("HALL") : CV_STR_NONE,
                                                        .room = cv_str(room)}};
}

static inline const cv_outcome_v1_t *world_put(driver_t *driver, const char *session, const char *start,
                                               int64_t minutes, const char *room)
{
    const cv_scheduling_session_put_v1_t request = world_session(session, start, minutes, room);
    return SEND(SESSION_PUT, request);
}

static inline cv_session_placed_t world_placed(const char *session, int64_t version, const char *start,
                                               const char *room)
{
    return (cv_session_placed_t){.session = cv_str(session),
                                 .expected_version = version,
                                 .start = cv_str(start),
                                 .venue = room ? CV_STR("HALL") : CV_STR_NONE,
                                 .room = cv_str(room)};
}

/* A session as it is now, by the question about the programme. */
static inline cv_scheduling_session_v1_t world_sitting(driver_t *driver, const char *session)
{
    static driver_bytes_t rows[64]; /* what the last one points into */
    char next[257];
    for (size_t i = 0; i < 64; ++i)
        free(rows[i].ptr);
    memset(rows, 0, sizeof rows);
    size_t n = driver_query(driver, "programme", "E", NULL, 0, rows, 64, next);
    for (size_t i = 0; i < n; ++i) {
        const cv_any_t *any = driver_read(driver, (cv_str_t){rows[i].ptr, rows[i].len}, CV_MSG_SCHEDULING_SESSION_V1);
        if (cv_str_is(any->scheduling_session_v1.session.session, session))
            return any->scheduling_session_v1;
    }
    fail_msg("no session %s", session);
    return (cv_scheduling_session_v1_t){0};
}

static inline int64_t world_count(driver_t *driver, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(driver->db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t n = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return n;
}

/* Pairs of holds of one resource that share an instant: never any. */
#define WORLD_DOUBLED                                                                                          \
    "SELECT count(*) FROM hold a JOIN hold b ON a.resource = b.resource AND (a.event, a.session) < (b.event, " \
    "b.session)"                                                                                               \
    " AND a.begin_ms < b.until_ms AND b.begin_ms < a.until_ms"

static inline const cv_conflict_t *world_conflict(const cv_outcome_v1_t *outcome, const char *rule)
{
    for (size_t i = 0; i < outcome->conflicts_n; ++i)
        if (cv_str_is(outcome->conflicts[i].rule, rule))
            return &outcome->conflicts[i];
    return NULL;
}

#endif
