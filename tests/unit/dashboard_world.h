/* dashboard_world: records for a view, as the services would emit them, written as JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_DASHBOARD_WORLD_H
#define TESTS_UNIT_DASHBOARD_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/core_view.h"

#include <stdio.h>
#include <string.h>

#define T0 1772100000000 /* 2026-02-26T10:00:00Z */

/* The view and the time of the next record. */
typedef struct {
    dash_view_t *view;
    int64_t now_ms;
    bool in_snapshot;
} world_t;

static inline int world_setup(void **state)
{
    static world_t world;
    world = (world_t){.now_ms = T0};
    assert_int_equal(dash_view_new(&world.view), CV_OK);
    *state = &world;
    return 0;
}

static inline int world_teardown(void **state)
{
    world_t *world = *state;
    dash_view_destroy(&world->view);
    return 0;
}

/* text: JSON with ' for ". The result of dash_view_apply. */
static inline int tell(world_t *world, uint16_t number, const char *format, ...) __attribute__((format(printf, 3, 4)));
static inline int tell(world_t *world, uint16_t number, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert_true(len > 0 && len < (int)sizeof(text));
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    world->now_ms += 1000;
    int rc = dash_view_apply(world->view, &(dash_record_t){.number = number,
                                                           .type = cv_msg_info_at(number)->type,
                                                           .time_ms = world->now_ms,
                                                           .in_snapshot = world->in_snapshot,
                                                           .data = data});
    json_decref(data);
    return rc;
}

static inline void settle(world_t *world)
{
    int64_t release_ms;
    assert_int_equal(dash_view_settle(world->view, world->now_ms, &release_ms), CV_OK);
}

static inline void tell_party(world_t *world, const char *code, const char *kind)
{
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_PARTY_V1, "{'code': '%s', 'kind': '%s', 'name': 'Name of %s'}", code, kind, code),
        CV_OK);
}

/* more: ", 'field': value"; rules: what stands in `registration`, or "". */
static inline void tell_event(world_t *world, int version, const char *status, const char *more, const char *rules)
{
    assert_int_equal(
        tell(world, CV_MSG_SCHEDULING_EVENT_V1,
             "{'event': 'E1', 'version': %d, 'status': '%s', 'change': 'changed', 'title': 'Forum', 'plan_year': 2026,"
             " 'line': 'cbm'%s%s%s%s}",
             version, status, more, *rules ? ", 'registration': {" : "", rules, *rules ? "}" : ""),
        CV_OK);
}

/* persons: JSON of the list; confirmed, waiting: of the party, after it. */
static inline void tell_decided(world_t *world, const char *party, const char *answer, const char *persons,
                                int confirmed, int waiting)
{
    assert_int_equal(
        tell(world, CV_MSG_REGISTRATION_DECIDED_V1,
             "{'request': 'R', 'kind': 'register', 'event': 'E1', 'party': '%s', 'class': 'OK', 'code': 'registered',"
             " 'private_seq': 1, 'answer': '%s', 'persons': %s, 'seats': {'capacity': 10, 'confirmed': 0, 'waiting': 0,"
             " 'free': 0, 'party_guaranteed': 0, 'party_maximum': 0, 'party_confirmed': %d, 'party_waiting': %d}}",
             party, answer, persons, confirmed, waiting),
        CV_OK);
}

static inline int64_t number_of(const world_t *world, const char *kind, const char *key, const char *field)
{
    const json_t *entity = dash_view_get(world->view, kind, key);
    assert_non_null(entity);
    assert_true(json_is_integer(json_object_get(entity, field)));
    return dash_int(entity, field);
}

#endif
