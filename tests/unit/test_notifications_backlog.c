/* test_notifications_backlog: what a statement of the service costs does not grow with what waits, nor with what is long done.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   SQLite counts the steps of its virtual machine that each statement takes, and how often it is run. The same things happen
 *   beside a backlog and beside one ten times as long; a statement that takes more steps a run beside the long one walks what it
 *   should not. Counts, not times: the machine may be busy
 *
 * What waits, and for what: contact data that have not come, and persons owed their own; somebody to write to; a digest; an
 * outbox that takes nothing. Behind each are calls of a webhook that nobody makes
 *
 * When it is looked at
 *   behind     beside what waits
 *   coming     what it waits for comes, and what has waited begins to leave
 *   after      all has left, but for the calls of the webhook
 */
#include "notifications/notifications.h"
#include "store/db.h"

#include "notifications_wishes.h"

#include <sqlite3.h>

enum { FEW = 600, MANY = 2400, STATEMENTS_MAX = 1024, SLACK = 400, TOLD = 20, SETTLED_MS = 90000 };
enum { BEHIND, COMING, AFTER, PHASES };

typedef struct {
    char *sql;
    int steps[PHASES]; /* a run, in the mean; 0: it was not run */
} cost_t;

typedef struct {
    cost_t of[STATEMENTS_MAX];
    size_t n;
} costs_t;

static cost_t *cost_of(costs_t *costs, const char *sql)
{
    for (size_t i = 0; i < costs->n; i++) {
        if (strcmp(costs->of[i].sql, sql) == 0)
            return &costs->of[i];
    }
    assert_true(costs->n < STATEMENTS_MAX);
    cost_t *cost = &costs->of[costs->n++];
    cost->sql = (char *)(uintptr_t)drv_copy(cv_str(sql)).ptr;
    return cost;
}

/* What the statements have cost since they were last asked. costs NULL: to be forgotten. */
static void count_steps(drv_t *drv, costs_t *costs, int phase)
{
    for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(cv_db_raw(drv->db), stmt));) {
        int runs = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_RUN, 1);
        int steps = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
        if (costs && runs)
            cost_of(costs, sqlite3_sql(stmt))->steps[phase] = steps / runs;
    }
}

/* All that registration and scheduling say, of a delegation that nothing waits for and of the one that all waits for. */
static void tell_all(drv_t *drv)
{
    static const char *const parties[] = {"UZ", KZ};
    for (int i = 0; i < TOLD; i++) {
        const char *party = parties[i % 2];
        tell_registered(drv, party);
        cv_registration_promoted_v1_t promoted = {.event = CV_STR("FORUM"),
                                                  .party = cv_str(party),
                                                  .cause = CV_PROMOTION_CAUSE_CAPACITY,
                                                  .persons_n = 1,
                                                  .persons = {{.number = 1, .state = CV_PERSON_STATE_CONFIRMED}},
                                                  .private_seq = drv->streams[DRV_PRIVATE].head};
        drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_PROMOTED_V1, &promoted);
        cv_registration_lapsed_v1_t lapsed = {.event = CV_STR("FORUM"),
                                              .party = cv_str(party),
                                              .cause = CV_LAPSE_CAUSE_OFFER,
                                              .persons_n = 1,
                                              .persons = {{.number = 1, .state = CV_PERSON_STATE_WITHDRAWN}},
                                              .expires_ms = drv->ms,
                                              .answer = CV_PARTY_ANSWER_REGISTERED,
                                              .private_seq = drv->streams[DRV_PRIVATE].head};
        drv_record(drv, DRV_EVENTS, CV_MSG_REGISTRATION_LAPSED_V1, &lapsed);
    }
    cv_scheduling_event_v1_t event = forum(drv->version + 1);
    open_registration(drv, &event);
    event.event_details.city = CV_STR("Ganja");
    tell_event(drv, &event);
    drv_run(drv, 3000, true);
}

/* ---- what waits --------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    void (*wait)(drv_t *drv);    /* before there is a backlog */
    void (*release)(drv_t *drv); /* so that it can leave */
    const char *waiting;         /* how many wait */
} scenario_t;

static void hide_contacts(drv_t *drv)
{
    recipient(drv, 1, "ministry@kz.example");
    drv->streams[DRV_PRIVATE].closed = true;
}

static void show_contacts(drv_t *drv)
{
    drv->streams[DRV_PRIVATE].closed = false;
    drv->streams[DRV_PRIVATE].told = UINT64_MAX;
}

static void name_nobody(drv_t *drv)
{
    drv_sql(drv, "DELETE FROM ntf_contact");
}

static void name_somebody(drv_t *drv)
{
    recipient(drv, 1, "ministry@kz.example");
}

static void want_digests(drv_t *drv)
{
    recipient(drv, 1, "ministry@kz.example");
    prefer(drv, CV_NOTICE_KIND_DECISION, CV_NOTICE_MODE_DAILY);
}

static void come_to_the_hour(drv_t *drv)
{
    drv->ms += DAY_MS;
}

static void open_outbox(drv_t *drv)
{
    drv_open_outbox(drv);
    drv->ms += HOUR_MS;
}

static const scenario_t s_scenarios[] = {
    {"contacts", hide_contacts, show_contacts, "SELECT count(*) FROM ntf_owed"},
    {"nobody", name_nobody, name_somebody, "SELECT count(*) FROM ntf_delivery WHERE state = 1"},
    {"digest", want_digests, come_to_the_hour, "SELECT count(*) FROM ntf_delivery WHERE state = 1 AND hold = 4"},
    {"outbox", drv_close_outbox, open_outbox, "SELECT count(*) FROM ntf_delivery WHERE state = 1"},
};

/* ---- the comparison ----------------------------------------------------------------------- */

static void tell_one(drv_t *drv, const scenario_t *scenario)
{
    if (scenario->wait == name_nobody) /* a contact would be somebody */
        tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, tell_contact(drv, KZ, NULL));
    else
        tell_registered(drv, KZ);
}

static void live(const scenario_t *scenario, int backlog, costs_t *costs)
{
    drv_t *drv = drv_new();
    tell_catalogue(drv);
    drv_sql(drv, "INSERT INTO ntf_webhook(party, ord, url) VALUES('KZ', 1, 'https://a.example/')");
    tell_one(drv, scenario);
    drv_run(drv, 1000, true);
    scenario->wait(drv);
    for (int i = 0; i < backlog; i++)
        tell_one(drv, scenario);
    drv_run(drv, SETTLED_MS, true);
    assert_true(drv_number(drv, scenario->waiting) >= backlog);
    count_steps(drv, NULL, 0);
    tell_all(drv);
    count_steps(drv, costs, BEHIND);
    scenario->release(drv);
    drv_run(drv, 100, true);
    count_steps(drv, costs, COMING);
    drv_run(drv, 20000, true);
    assert_int_equal(drv_number(drv, scenario->waiting), 0);
    assert_true(drv_number(drv, "SELECT count(*) FROM ntf_dispatch WHERE state = 1 AND channel = 3") >= backlog);
    count_steps(drv, NULL, 0);
    tell_all(drv);
    count_steps(drv, costs, AFTER);
    drv_destroy(&drv);
}

static void forget(costs_t *costs)
{
    for (size_t i = 0; i < costs->n; i++)
        free(costs->of[i].sql);
    memset(costs, 0, sizeof(*costs));
}

/* Of one delegation and event, where all is in this test; what is counted here is elsewhere shared by many delegations. */
static bool is_known(const char *sql)
{
    static const char *const known[] = {
        "INDEXED BY ntf_delivery_calendar",            /* how many invitations it has had before */
        "INDEXED BY ntf_delivery_ready",               /* what of it is put aside for its digest, of a week at most */
        "LIMIT 256",                                   /* looks at no more */
        "SET next_ms = ?4 WHERE event = ?1 AND party", /* what of it is behind one that failed */
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strstr(sql, known[i]))
            return true;
    }
    return false;
}

static void test_costs(void **state)
{
    static const char *const names[PHASES] = {"behind", "coming", "after"};
    static costs_t few, many;
    const scenario_t *scenario = *state;
    live(scenario, FEW, &few);
    live(scenario, MANY, &many);
    int bad = 0, compared = 0;
    for (size_t i = 0; i < many.n; i++) {
        cost_t *cost = &many.of[i], *before = cost_of(&few, cost->sql);
        for (int phase = 0; phase < PHASES; phase++) {
            compared += before->steps[phase] > 0 && cost->steps[phase] > 0;
            if (cost->steps[phase] <= 2 * before->steps[phase] + SLACK || is_known(cost->sql))
                continue;
            print_error("%s, %s: %d steps a run beside %d that wait, %d beside %d\n    %s\n", scenario->name,
                        names[phase], before->steps[phase], FEW, cost->steps[phase], MANY, cost->sql);
            bad++;
        }
    }
    forget(&few);
    forget(&many);
    assert_true(compared > 100);
    assert_int_equal(bad, 0);
}

int main(void)
{
    enum { N = sizeof(s_scenarios) / sizeof(s_scenarios[0]) };
    struct CMUnitTest tests[N];
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){s_scenarios[i].name, test_costs, NULL, NULL, (void *)(uintptr_t)&s_scenarios[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
