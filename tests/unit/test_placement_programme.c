/* test_placement_programme: each rule of a conference programme provoked and named, and small programmes placed whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "placement_put.h"
#include "scheduling/placement/place.h"
#include "scheduling/placement/programme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SLOTS = 6, ROOMS = 2, SESSIONS = 4, PEOPLE = 3 };

/* Two days of 9:00, 10:30 and 14:00, ninety minutes each but the last, which has an hour; a hall and a small room that
 * takes a quarter of an hour to clear. */
typedef struct {
    sch_programme_t programme;
    sch_slot_t slots[SLOTS];
    sch_hall_t rooms[ROOMS];
    sch_session_t sessions[SESSIONS];
    sch_session_order_t orders[1];
    uint8_t closed[ROOMS * SLOTS], away[PEOPLE * SLOTS];
    int sizes[2];
    sch_place_model_t *model;
    sch_place_state_t *state;
} small_t;

static void small_init(small_t *s)
{
    static const char *const NAMES[] = {"opening", "plenary", "drafting", "side event"};
    static const int BEGINS[] = {540, 630, 840};
    *s = (small_t){.rooms = {{"hall", 300, 1, 0}, {"small", 40, 2, 15}}, .sizes = {1, 2}};
    for (int t = 0; t < SLOTS; ++t)
        s->slots[t] = (sch_slot_t){.begin = t / 3 * 1440 + BEGINS[t % 3],
                                   .minutes = t % 3 == 2 ? 60 : 90,
                                   .day = t / 3,
                                   .tags = t % 3 ? 2 : 1};
    for (int i = 0; i < SESSIONS; ++i)
        s->sessions[i] = (sch_session_t){.name = NAMES[i],
                                         .minutes = 60,
                                         .track = -1,
                                         .language = -1,
                                         .remote = SCH_HERE,
                                         .priority = 1 + i,
                                         .published_slot = -1,
                                         .published_room = -1};
    s->programme = (sch_programme_t){.slots = s->slots,
                                     .slots_n = SLOTS,
                                     .rooms = s->rooms,
                                     .rooms_n = ROOMS,
                                     .closed = s->closed,
                                     .sessions = s->sessions,
                                     .sessions_n = SESSIONS,
                                     .people = PEOPLE,
                                     .away = s->away,
                                     .delegation_size = s->sizes,
                                     .delegations = 2,
                                     .orders = s->orders};
}

static void small_make(small_t *s)
{
    assert_int_equal(sch_programme_model(&s->programme, &s->model), CV_OK);
    s->state = sch_place_state_new(s->model);
    assert_non_null(s->state);
}

static void small_done(small_t *s)
{
    sch_place_state_destroy(&s->state);
    sch_place_model_destroy(&s->model);
}

static void put(small_t *s, int session, int slot, int room)
{
    full_put(s->model, s->state, session, slot < 0 ? SCH_PLACE_NOWHERE : slot * ROOMS + room);
}

static int64_t charge(small_t *s, int session, int slot, int room, int rule)
{
    return full_charged(s->state, session, slot < 0 ? SCH_PLACE_NOWHERE : slot * ROOMS + room, rule);
}

static void test_hard(void **state)
{
    (void)state;
    small_t s;
    int n;
    small_init(&s);
    s.sessions[0].minutes = 90;
    s.sessions[2].features = 1;
    s.sessions[2].expected = 50;
    s.sessions[2].must_seat = true;
    s.closed[0 * SLOTS + 4] = 1;
    for (int i = 0; i < 2; ++i)
        s.sessions[i].required[s.sessions[i].required_n++] = 1;
    s.away[1 * SLOTS + 5] = 1;
    s.sessions[0].delegations = s.sessions[1].delegations = s.sessions[2].delegations = 3;
    s.sessions[0].interpreted = s.sessions[3].interpreted = true;
    s.programme.teams = 1;
    s.orders[0] = (sch_session_order_t){0, 3};
    s.programme.orders_n = 1;
    small_make(&s);

    put(&s, 0, 0, 0);                                    /* 9:00 to 10:30 in the hall */
    assert_int_equal(charge(&s, 1, 0, 0, SCH_B1), 4000); /* an hour in quarters */
    assert_int_equal(charge(&s, 1, 1, 0, SCH_B1), 0);
    put(&s, 0, 0, 1); /* the small room is cleared until 10:45 */
    assert_int_equal(charge(&s, 1, 1, 1, SCH_B1), 1000);
    assert_int_equal(charge(&s, 1, 4, 0, SCH_B1), 1000); /* closed */
    assert_int_equal(charge(&s, 2, 3, 1, SCH_B1), 1000); /* lacks the feature */
    put(&s, 0, 0, 0);

    assert_int_equal(charge(&s, 1, 0, 1, SCH_B2), 100); /* the speaker of both */
    assert_int_equal(charge(&s, 1, 5, 1, SCH_B2), 100); /* has left */
    assert_int_equal(charge(&s, 1, 3, 1, SCH_B2), 0);
    assert_int_equal(charge(&s, 2, 0, 1, SCH_B3), 400); /* one person for two sessions; the other delegation has two */
    put(&s, 1, 0, 1);
    assert_int_equal(charge(&s, 2, 0, 1, SCH_B3), 800);
    assert_int_equal(charge(&s, 3, 0, 1, SCH_B4), 400);
    assert_int_equal(charge(&s, 3, 3, 1, SCH_B4), 0);
    assert_int_equal(charge(&s, 3, 0, 1, SCH_B5), 50);
    assert_int_equal(charge(&s, 3, 1, 1, SCH_B5), 0);
    assert_int_equal(charge(&s, 2, 3, 1, SCH_B6), 10);
    assert_int_equal(charge(&s, 2, 3, 0, SCH_B6), 0);
    sch_place_candidates(s.model, 0, &n); /* ninety minutes do not fit into the two last slots */
    assert_int_equal(n, 2 * 4 - 1);
    small_done(&s);
}

static void test_medium(void **state)
{
    (void)state;
    small_t s;
    small_init(&s);
    s.sessions[0].published_slot = 3;
    s.sessions[0].published_room = 0;
    s.sessions[1].wanted[s.sessions[1].wanted_n++] = 2;
    s.sessions[2].required[s.sessions[2].required_n++] = 2;
    s.sessions[1].wanted_delegations = 3;
    s.sessions[2].wanted_delegations = 2;
    small_make(&s);
    assert_int_equal(charge(&s, 2, -1, 0, SCH_B7), 300);
    assert_int_equal(charge(&s, 0, 3, 0, SCH_B8), 0);
    assert_int_equal(charge(&s, 0, 2, 0, SCH_B8), 20);
    assert_int_equal(charge(&s, 0, 3, 1, SCH_B8), 10);
    put(&s, 2, 0, 0);
    assert_int_equal(charge(&s, 1, 0, 1, SCH_B9), 10); /* a person and a delegation */
    assert_int_equal(charge(&s, 1, 1, 1, SCH_B9), 0);
    small_done(&s);
}

static void test_soft(void **state)
{
    (void)state;
    small_t s;
    small_init(&s);
    s.sessions[0].minutes = 90; /* by its own length, which fills the slot */
    s.sessions[0].content = s.sessions[1].content = 4;
    s.sessions[0].themes = s.sessions[1].themes = 3;
    s.sessions[0].track = s.sessions[1].track = 0;
    s.sessions[0].language = s.sessions[1].language = 1;
    s.sessions[0].required[s.sessions[0].required_n++] = s.sessions[2].required[s.sessions[2].required_n++] = 0;
    s.sessions[1].disliked = 1;
    s.sessions[1].liked_features = 2;
    s.sessions[1].expected = 45;
    s.sessions[3].remote = -4 * 60;
    s.sessions[2].wish_from = s.programme.slots[1].begin;
    s.sessions[2].wish_until = s.programme.slots[1].begin + 60;
    s.sessions[2].wish_room = 2;
    static int beside[SCH_PROGRAMME_RULES_N * SLOTS];
    beside[SCH_B5 * SLOTS + 2] = 1;
    beside[SCH_B16 * SLOTS + 2] = 11;
    s.sessions[3].beside = beside;
    const sch_session_order_t first = {0, 3}, apart = {1, 2};
    s.programme.firsts = &first;
    s.programme.aparts = &apart;
    s.programme.firsts_n = s.programme.aparts_n = 1;
    small_make(&s);
    put(&s, 0, 0, 0);
    assert_int_equal(charge(&s, 2, 1, 1, SCH_B12), 0);
    assert_int_equal(charge(&s, 2, 1, 0, SCH_B12), 20); /* another room than was asked for */
    assert_int_equal(charge(&s, 2, 2, 0, SCH_B12), 40); /* and another time */
    assert_int_equal(charge(&s, 3, 0, 1, SCH_B5), 50);  /* before the first is over */
    assert_int_equal(charge(&s, 3, 1, 1, SCH_B5), 0);
    assert_int_equal(charge(&s, 3, 2, 1, SCH_B5), 50); /* beside what stays */
    put(&s, 1, 3, 0);
    assert_int_equal(charge(&s, 2, 3, 1, SCH_B5), 50); /* one of them is for all */
    put(&s, 1, -1, 0);
    assert_int_equal(charge(&s, 1, 0, 1, SCH_B10), 10 * (10 + 2));
    assert_int_equal(charge(&s, 1, 1, 1, SCH_B10), 0);
    assert_int_equal(charge(&s, 1, 1, 1, SCH_B11), 10);
    assert_int_equal(charge(&s, 1, 1, 0, SCH_B11), 0);
    assert_int_equal(charge(&s, 1, 4, 1, SCH_B11), 0);  /* another day */
    assert_int_equal(charge(&s, 1, 3, 0, SCH_B12), 40); /* neither its time nor its room */
    assert_int_equal(charge(&s, 1, 4, 1, SCH_B12), 0);
    assert_int_equal(charge(&s, 1, 4, 1, SCH_B13), 5);
    assert_int_equal(charge(&s, 1, 4, 0, SCH_B13), 1); /* far too large */
    assert_int_equal(charge(&s, 1, 0, 1, SCH_B14), 10);
    assert_int_equal(charge(&s, 2, 1, 1, SCH_B15), 5); /* no time to walk */
    assert_int_equal(charge(&s, 2, 1, 0, SCH_B15), 0);
    assert_int_equal(charge(&s, 2, 2, 0, SCH_B15), 5);  /* 210 minutes to wait */
    assert_int_equal(charge(&s, 3, 0, 1, SCH_B16), 10); /* 5 in the morning */
    assert_int_equal(charge(&s, 3, 2, 1, SCH_B16), 11);
    small_done(&s);
}

static void test_refused(void **state)
{
    (void)state;
    small_t s;
    sch_place_model_t *model = NULL;
    small_init(&s);
    s.sessions[0].required[s.sessions[0].required_n++] = PEOPLE;
    assert_int_equal(sch_programme_model(&s.programme, &model), CV_EINVAL);
    small_init(&s);
    s.orders[0] = (sch_session_order_t){1, 1};
    s.programme.orders_n = 1;
    assert_int_equal(sch_programme_model(&s.programme, &model), CV_EINVAL);
    small_init(&s);
    s.sessions[2].published_slot = 1;
    assert_int_equal(sch_programme_model(&s.programme, &model), CV_EINVAL);
    assert_null(model);
}

/* Four sessions of a delegation of one: never two at once, in order, nothing hard left. */
static void test_placed(void **state)
{
    (void)state;
    small_t s;
    sch_place_result_t result;
    small_init(&s);
    for (int i = 0; i < SESSIONS; ++i)
        s.sessions[i].delegations = 1;
    s.orders[0] = (sch_session_order_t){2, 0};
    s.programme.orders_n = 1;
    small_make(&s);
    assert_int_equal(sch_place_solve(s.model, &(sch_place_options_t){.seed = 1, .iterations = 20000}, &result), CV_OK);
    assert_int_equal(result.score.v[SCH_HARD], 0);
    assert_int_equal(result.score.v[SCH_MEDIUM], 0);
    for (int i = 0; i < SESSIONS; ++i)
        for (int j = 0; j < i; ++j)
            assert_int_not_equal(result.places[i] / ROOMS, result.places[j] / ROOMS);
    assert_true(result.places[2] / ROOMS < result.places[0] / ROOMS);
    sch_place_result_done(&result);
    small_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard),    cmocka_unit_test(test_medium), cmocka_unit_test(test_soft),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_placed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
