/* test_sim_silence: silence procedures and plans of the real scheduling service under loss, power failures, bad and
 * full disks, kills and restores, by seeds.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 300
 *
 *   SEED=n      only this schedule, and says what happened in it
 *   ROUNDS=n    so many schedules instead of the default
 *
 * After each schedule, in fair weather: no silence is open beyond its instant; what is adopted has a number, none twice
 * and none left out; nothing is adopted that somebody objected to in time, nor broken by what came too late; a plan is
 * in force if and only if its decision is adopted, together with its events.
 */
#include "registration/registration.h"
#include "scheduling/handlers.h"
#include "sim.h"
#include "toy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEFAULT_ROUNDS = 100, DECISIONS = 40, MEMBERS = 4 };
#define SECOND INT64_C(1000)

static const cv_principal_t SECRETARIAT = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
static const char *const PARTY[MEMBERS] = {"KZ", "AZ", "TR", "CN"};

static const sim_weather_t WEATHER[] = {
    {.loss = 30, .repeat = 10, .delay_ms = 80},
    {.loss = 10, .repeat = 5, .delay_ms = 30, .power = 60, .stop = 20},
    {.loss = 5, .delay_ms = 10, .power = 20, .fault = 40, .full = 15, .stop = 5},
    {.loss = 15, .repeat = 5, .delay_ms = 50, .power = 30, .stop = 25, .restore = 40},
};
enum { WEATHERS = sizeof WEATHER / sizeof *WEATHER };

typedef struct {
    sim_t *sim;
    size_t sch;
    uint64_t requests;
} world_t;

static void submit(world_t *w, uint16_t type, const void *data)
{
    char id[CV_UUID_TEXT + 1];
    cv_buf_t message;
    (void)snprintf(id, sizeof id, "%s", toy_id(++w->requests));
    cv_buf_init(&message, CV_MAX_REQUEST);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("inbox-0001"),
                     .time_ms = 1,
                     .info = cv_msg_info_at(type)};
    if (cv_msg_write(&message, &head, data))
        fail_msg("a request of type %s cannot be written", head.info->type);
    sim_submit(w->sim, w->sch, &SECRETARIAT, id, cv_buf_str(&message));
    cv_buf_done(&message);
}

static void prepare(world_t *w)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        const cv_party_t party = {.code = cv_str(PARTY[i]), .name = CV_STR("Party"), .kind = CV_PARTY_KIND_MEMBER};
        submit(w, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party);
    }
    static const char *const EVENTS[] = {"A", "B", "C"};
    for (size_t i = 0; i < 3; i++) {
        const cv_scheduling_event_propose_v1_t event = {
            .event = cv_str(EVENTS[i]),
            .event_details = {.title = CV_STR("T"), .plan_year = 2026, .line = CV_PLAN_LINE_CBM}};
        submit(w, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &event);
    }
    sim_run(w->sim, 1500);
    const cv_scheduling_plan_compile_v1_t compile = {.year = 2026, .line = CV_PLAN_LINE_CBM};
    submit(w, CV_MSG_SCHEDULING_PLAN_COMPILE_V1, &compile);
    sim_run(w->sim, 1500);
    const cv_scheduling_plan_move_v1_t move = {.year = 2026, .line = CV_PLAN_LINE_CBM, .to = CV_PLAN_STATE_CIRCULATED};
    submit(w, CV_MSG_SCHEDULING_PLAN_MOVE_V1, &move);
    sim_run(w->sim, 1500);
}

static void one_request(world_t *w)
{
    char id[16];
    (void)snprintf(id, sizeof id, "D-%d", (int)sim_draw(w->sim, DECISIONS));
    uint64_t what = sim_draw(w->sim, 10);
    if (what < 6) {
        bool plan = sim_draw(w->sim, 8) == 0;
        const cv_scheduling_decision_open_v1_t open = {
            .decision = cv_str(id),
            .has_expires_ms = true,
            .expires_ms = sim_wall_ms(w->sim) + SECOND + (int64_t)sim_draw(w->sim, 12 * 1000),
            .resolution = {.subject = plan ? CV_SUBJECT_KIND_PLAN : CV_SUBJECT_KIND_DOCUMENT,
                           .about = plan ? CV_STR("2026-cbm") : CV_STR_NONE,
                           .title = CV_STR("T"),
                           .text = CV_STR("Text.")}};
        submit(w, CV_MSG_SCHEDULING_DECISION_OPEN_V1, &open);
    } else if (what < 9) {
        const cv_scheduling_decision_state_v1_t state = {
            .decision = cv_str(id),
            .party = cv_str(PARTY[sim_draw(w->sim, MEMBERS)]),
            .text = CV_STR("No."),
            .kind = (cv_statement_kind_t)(1 + sim_draw(w->sim, CV_STATEMENT_KIND_MAX))};
        submit(w, CV_MSG_SCHEDULING_DECISION_STATE_V1, &state);
    } else {
        const cv_scheduling_decision_retract_v1_t retract = {.decision = cv_str(id), .reason = CV_STR("A mistake.")};
        submit(w, CV_MSG_SCHEDULING_DECISION_RETRACT_V1, &retract);
    }
}

/* No row must come. */
static void none(world_t *w, const char *what, const char *sql)
{
    cv_stmt_t *stmt;
    cv_db_t *db = sim_db(w->sim, w->sch);
    if (!db || cv_db_prepare(db, sql, &stmt)) {
        sim_fail(w->sim, "%s: %s", what, db ? cv_db_error(db) : "scheduling is down");
        return;
    }
    if (cv_stmt_step(stmt) == 1) {
        sim_fail(w->sim, "%s: %.*s", what, CV_STR_ARG(cv_stmt_get_text(stmt, 0)));
        cv_stmt_reset(stmt);
    }
}

/* What all schedules together came to: a test in which nothing happens shows nothing. */
static int64_t adopted, broken, plans;

static void tally(world_t *w, const char *sql, int64_t *sum)
{
    cv_stmt_t *stmt;
    if (!sim_db(w->sim, w->sch) || cv_db_prepare(sim_db(w->sim, w->sch), sql, &stmt) || cv_stmt_step(stmt) != 1) {
        sim_fail(w->sim, "cannot count");
        return;
    }
    *sum += cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
}

static void check(world_t *w)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "SELECT id FROM decision WHERE state = 'open' AND expires_ms <= %lld",
                   (long long)(sim_wall_ms(w->sim) - SECOND));
    none(w, "open beyond its instant", sql);
    none(w, "adopted without a number", "SELECT id FROM decision WHERE (state = 'adopted') <> (number IS NOT NULL)");
    none(w, "a number is left out",
         "SELECT max(number) || ' of ' || count(number) FROM decision GROUP BY year HAVING max(number) <> "
         "count(number)");
    none(w, "adopted against an objection",
         "SELECT decision FROM statement JOIN decision ON decision.id = statement.decision"
         " WHERE kind IN ('objection', 'amendment') AND state <> 'broken'");
    none(w, "broken by nobody, or too late",
         "SELECT id FROM decision WHERE state = 'broken' AND NOT EXISTS (SELECT 1 FROM statement WHERE decision = id"
         " AND kind IN ('objection', 'amendment') AND statement.at_ms < expires_ms)");
    none(w, "attached to what is not adopted",
         "SELECT decision FROM statement JOIN decision ON decision.id = statement.decision"
         " WHERE kind IN ('explanation', 'reservation') AND state <> 'adopted'");
    none(w, "a plan without its decision, or the other way",
         "SELECT decision.id FROM decision LEFT JOIN plan ON plan.decision = decision.id WHERE subject = 'plan'"
         " AND (decision.state = 'adopted') <> (plan.state IS 'adopted')");
    none(w, "an event apart from its plan",
         "SELECT event.id FROM plan_item JOIN plan ON plan.id = plan_item.plan AND plan.version = plan_item.version"
         " JOIN event ON event.id = plan_item.event WHERE event.status <> plan.state");
    none(w, "a timer of what is settled",
         "SELECT key FROM timer JOIN decision ON decision.id = key WHERE kind = 'silence' AND state <> 'open'");
    none(w, "a silence without its timer",
         "SELECT id FROM decision WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM timer WHERE kind = 'silence' AND "
         "key = id)");
}

static bool play(uint64_t seed, bool loud)
{
    world_t world = {.sim = sim_new(seed)}, *w = &world;
    w->sch = sim_add(w->sim, &sch_definition, 0);
    (void)sim_add(w->sim, &reg_service, 0);
    prepare(w);
    sim_weather(w->sim, &WEATHER[seed % WEATHERS]);
    for (size_t round = 5 + sim_draw(w->sim, 15); round; round--) {
        for (size_t i = sim_draw(w->sim, 12); i; i--)
            one_request(w);
        sim_run(w->sim, 100 + (int64_t)sim_draw(w->sim, 3000));
    }
    const sim_weather_t fair = {.delay_ms = 5};
    sim_weather(w->sim, &fair);
    sim_run(w->sim, 14 * SECOND); /* until the last one has ended */
    if (sim_settle(w->sim, 120000)) {
        check(w);
        tally(w, "SELECT count(*) FROM decision WHERE state = 'adopted'", &adopted);
        tally(w, "SELECT count(*) FROM decision WHERE state = 'broken'", &broken);
        tally(w, "SELECT count(*) FROM plan WHERE state = 'adopted'", &plans);
        none(w, "still open", "SELECT id FROM decision WHERE state = 'open'");
    }
    bool good = !sim_error(w->sim)[0];
    if (loud || !good) {
        const sim_counts_t *c = sim_counts(w->sim);
        print_message(
            "SEED=%llu: %s (%zu requests, %llu turns, %llu power failures, %llu faults, %llu stops, %llu restores)\n",
            (unsigned long long)seed, good ? "good" : sim_error(w->sim), sim_requests(w->sim),
            (unsigned long long)c->turns, (unsigned long long)c->power_failures, (unsigned long long)c->faults,
            (unsigned long long)c->stops, (unsigned long long)c->restores);
    }
    sim_destroy(&w->sim);
    return good;
}

static void schedules(void **state)
{
    (void)state;
    const char *seed = getenv("SEED"), *rounds = getenv("ROUNDS");
    if (seed) {
        assert_true(play(strtoull(seed, NULL, 10), true));
        return;
    }
    uint64_t n = rounds ? strtoull(rounds, NULL, 10) : DEFAULT_ROUNDS;
    for (uint64_t i = 1; i <= n; i++)
        if (!play(i, false))
            fail_msg("SEED=%llu", (unsigned long long)i);
    print_message("%lld adopted, %lld broken, %lld plans in force\n", (long long)adopted, (long long)broken,
                  (long long)plans);
    assert_true(adopted > (int64_t)n && broken > (int64_t)n && plans > (int64_t)n / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
