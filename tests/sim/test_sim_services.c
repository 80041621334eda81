/* test_sim_services: the real registration, scheduling and notifications under loss, power failures and bad disks, by seeds.
 * SPDX-License-Identifier: Apache-2.0
 * ctest-timeout: 300
 *
 *   SEED=n      only this schedule, and says what happened in it
 *   ROUNDS=n    so many schedules instead of the default
 *
 * After each schedule, in fair weather: every request has one outcome, whose bytes never changed; nobody has a seat
 * that is not there; the sums of registration agree with its persons; scheduling's turnout is what registration has;
 * every decision made exactly one delivery; nobody is halted, nothing is parked.
 */
#include "notifications/notifications.h"
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

enum { DEFAULT_ROUNDS = 100, EVENTS = 2, PARTIES = 9, CAPACITY_MAX = 9 };
#define HOUR INT64_C(3600000)

static const cv_principal_t SECRETARIAT = {.name = "secretariat", .role = CV_ROLE_SECRETARIAT};
static const char *const PARTY[PARTIES] = {"KZ", "AZ", "TR", "UN", "CN", "IN", "EG", "TH", "OIC"};
static const char *const EVENT[EVENTS] = {"E1", "E2"};

static const sim_weather_t WEATHER[] = {
    {.loss = 30, .repeat = 10, .delay_ms = 80},
    {.loss = 10, .repeat = 5, .delay_ms = 30, .power = 60, .stop = 10},
    {.loss = 5, .delay_ms = 10, .power = 20, .fault = 40, .full = 15, .stop = 5},
    {.loss = 30, .repeat = 10, .delay_ms = 80, .power = 30, .fault = 15, .full = 8, .stop = 15},
    {.loss = 15, .repeat = 5, .delay_ms = 50, .power = 30, .stop = 25, .restore = 40},
};
enum { WEATHERS = sizeof WEATHER / sizeof *WEATHER };

typedef struct {
    sim_t *sim;
    size_t sch, reg, ntf;
    uint64_t requests;
    const sim_weather_t *weather;
} world_t;

static void submit(world_t *w, size_t node, uint16_t type, const void *data)
{
    char id[CV_UUID_TEXT + 1];
    cv_buf_t message;
    snprintf(id, sizeof id, "%s", toy_id(++w->requests));
    cv_buf_init(&message, CV_MAX_REQUEST);
    cv_msg_t head = {.id = cv_str(id),
                     .source = CV_STR("/test"),
                     .inbox = CV_STR("inbox-0001"),
                     .time_ms = 1,
                     .info = cv_msg_info_at(type)};
    if (cv_msg_write(&message, &head, data))
        fail_msg("a request of type %s cannot be written", head.info->type);
    sim_submit(w->sim, node, &SECRETARIAT, id, cv_buf_str(&message));
    cv_buf_done(&message);
}

static void set_rules(world_t *w, const char *event, int64_t capacity)
{
    cv_scheduling_event_registration_v1_t rules = {.event = cv_str(event)};
    cv_registration_rules_t *r = &rules.registration_rules;
    *r = (cv_registration_rules_t){
        .capacity = capacity,
        .guaranteed = sim_draw(w->sim, 4) == 0, /* nine parties and nine seats: refused when there are fewer */
        .maximum = 3,
        .waiting = sim_draw(w->sim, 2) ? CV_WAITING_RULE_STRICT : CV_WAITING_RULE_BEST_FILL,
        .group = sim_draw(w->sim, 2) ? CV_GROUP_RULE_EACH : CV_GROUP_RULE_ALL_OR_NONE,
        .opens_ms = sim_wall_ms(w->sim) - HOUR,
        .closes_ms = sim_wall_ms(w->sim) + 20 * 24 * HOUR,
    };
    if (sim_draw(w->sim, 3) == 0) {
        r->has_release_ms = true; /* some timers run while the weather is bad */
        r->release_ms = sim_wall_ms(w->sim) + 1000 + (int64_t)sim_draw(w->sim, 10000);
    }
    submit(w, w->sch, CV_MSG_SCHEDULING_EVENT_REGISTRATION_V1, &rules);
}

static void advance(world_t *w, const char *event, cv_event_status_t to)
{
    cv_scheduling_event_advance_v1_t step = {.event = cv_str(event), .to = to, .decision = CV_STR("D1")};
    submit(w, w->sch, CV_MSG_SCHEDULING_EVENT_ADVANCE_V1, &step);
    sim_run(w->sim, 500);
}

/* In fair weather: four parties, two events that take registrations. */
static void prepare(world_t *w)
{
    char date[CV_TIME_TEXT + 1];
    for (size_t i = 0; i < PARTIES; i++) {
        cv_scheduling_party_put_v1_t party = {.code = cv_str(PARTY[i]),
                                              .name = cv_str(PARTY[i]),
                                              .kind = i % 5 == 3 ? CV_PARTY_KIND_OBSERVER_ORG : CV_PARTY_KIND_MEMBER};
        submit(w, w->sch, CV_MSG_SCHEDULING_PARTY_PUT_V1, &party);
        cv_notifications_recipient_put_v1_t recipient = {
            .party = cv_str(PARTY[i]), .order = 1, .name = CV_STR("A Person"), .email = CV_STR("person@example.org")};
        submit(w, w->ntf, CV_MSG_NOTIFICATIONS_RECIPIENT_PUT_V1, &recipient);
    }
    sim_run(w->sim, 500);
    cv_time_text(sim_wall_ms(w->sim) + 30 * 24 * HOUR, date);
    date[10] = '\0';
    for (size_t i = 0; i < EVENTS; i++) {
        cv_scheduling_event_propose_v1_t event = {.event = cv_str(EVENT[i])};
        event.event_details.title = CV_STR("A meeting");
        event.event_details.plan_year = 2025;
        event.event_details.line = CV_PLAN_LINE_CBM;
        event.event_details.date_start = cv_str(date);
        event.event_details.date_end = cv_str(date);
        event.event_details.precision = CV_DATE_PRECISION_DAY;
        event.event_details.has_verified = event.event_details.verified = true;
        submit(w, w->sch, CV_MSG_SCHEDULING_EVENT_PROPOSE_V1, &event);
        sim_run(w->sim, 500);
        advance(w, EVENT[i], CV_EVENT_STATUS_ADOPTED);
        advance(w, EVENT[i], CV_EVENT_STATUS_SCHEDULED);
        set_rules(w, EVENT[i], 4 + (int64_t)sim_draw(w->sim, 4));
        sim_run(w->sim, 3000);
    }
}

static void one_request(world_t *w)
{
    sim_t *sim = w->sim;
    cv_str_t event = cv_str(EVENT[sim_draw(sim, EVENTS)]), party = cv_str(PARTY[sim_draw(sim, PARTIES)]);
    uint64_t what = sim_draw(sim, 20);
    if (what < 14) {
        cv_registration_register_v1_t r = {.event = event, .party = party, .persons_n = 1 + sim_draw(sim, 4)};
        for (size_t i = 0; i < r.persons_n; i++) {
            r.persons[i].name = CV_STR("Somebody");
            r.persons[i].capacity = sim_draw(sim, 3) ? CV_CAPACITY_DELEGATE : CV_CAPACITY_ADVISER;
            if (sim_draw(sim, 6) == 0)
                r.persons[i].attendance = CV_ATTENDANCE_ONLINE;
        }
        if (sim_draw(sim, 2)) {
            r.has_contact = true;
            r.contact = (cv_contact_t){.name = CV_STR("A Contact"), .email = CV_STR("contact@example.org")};
        }
        submit(w, w->reg, CV_MSG_REGISTRATION_REGISTER_V1, &r);
    } else if (what < 17) {
        cv_registration_withdraw_v1_t r = {.event = event, .party = party};
        if (sim_draw(sim, 2)) {
            r.persons_n = 1;
            r.persons[0] = 1 + (int64_t)sim_draw(sim, 6);
        }
        submit(w, w->reg, CV_MSG_REGISTRATION_WITHDRAW_V1, &r);
    } else if (what < 18) {
        cv_registration_decline_v1_t r = {.event = event, .party = party};
        submit(w, w->reg, CV_MSG_REGISTRATION_DECLINE_V1, &r);
    } else if (what < 19) {
        set_rules(w, EVENT[sim_draw(sim, EVENTS)], 3 + (int64_t)sim_draw(sim, CAPACITY_MAX - 2));
    } else {
        cv_scheduling_event_change_v1_t r = {
            .event = event, .city = sim_draw(sim, 2) ? CV_STR("Almaty") : CV_STR("Baku"), .country = CV_STR("KZ")};
        submit(w, w->sch, CV_MSG_SCHEDULING_EVENT_CHANGE_V1, &r);
    }
}

/* ---- what must hold ----------------------------------------------------------------------- */

/* All rows of a query as text: "a,b;c,d;". */
static void rows(world_t *w, size_t node, const char *sql, char *ret_text, size_t size)
{
    cv_stmt_t *stmt;
    size_t len = 0;
    ret_text[0] = '\0';
    if (!sim_db(w->sim, node))
        return;
    if (cv_db_prepare(sim_db(w->sim, node), sql, &stmt)) {
        sim_fail(w->sim, "%s: %s", sql, cv_db_error(sim_db(w->sim, node)));
        return;
    }
    while (cv_stmt_step(stmt) == 1) {
        len += (size_t)snprintf(ret_text + len, size - len, "%.*s;", CV_STR_ARG(cv_stmt_get_text(stmt, 0)));
        if (len >= size)
            break;
    }
    cv_stmt_reset(stmt);
}

static void none(world_t *w, size_t node, const char *what, const char *sql)
{
    char found[1024];
    rows(w, node, sql, found, sizeof found);
    if (found[0])
        sim_fail(w->sim, "%s: %s", what, found);
}

static void equal(world_t *w, const char *what, size_t a, const char *sql_a, size_t b, const char *sql_b)
{
    static char found_a[8192], found_b[8192];
    rows(w, a, sql_a, found_a, sizeof found_a);
    rows(w, b, sql_b, found_b, sizeof found_b);
    if (strcmp(found_a, found_b) != 0)
        sim_fail(w->sim, "%s: %.180s and %.180s", what, found_a, found_b);
}

static void check(world_t *w)
{
    const size_t nodes[] = {w->sch, w->reg, w->ntf};
    const size_t follows[] = {sch_definition.follows_n, reg_service.follows_n, ntf_service.follows_n};
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < follows[i]; k++)
            if (cv_engine_follow_error(sim_engine(w->sim, nodes[i]), k)[0])
                sim_fail(w->sim, "halted: %s", cv_engine_follow_error(sim_engine(w->sim, nodes[i]), k));
        none(w, nodes[i], "parked", "SELECT stream || '/' || seq || ': ' || error FROM parked");
    }
    /* tally.id: row of the event * 8192, and the row of the party (below 4097) or 0: the event itself */
    char most[160];
    snprintf(most, sizeof most, "SELECT id || ' ' || confirmed FROM tally WHERE id & 8191 = 0 AND confirmed > %d",
             CAPACITY_MAX);
    none(w, w->reg, "more confirmed than there ever were seats", most);
    none(w, w->reg, "confirmed of an event and its persons",
         "SELECT id || ' ' || confirmed FROM tally t WHERE id & 8191 = 0 AND confirmed <> (SELECT count(*) FROM person "
         "p WHERE"
         " p.delegation >> 13 = t.id >> 13 AND p.state = 1)");
    none(w, w->reg, "waiting of an event and its persons",
         "SELECT id || ' ' || waiting FROM tally t WHERE id & 8191 = 0 AND waiting <> (SELECT count(*) FROM person p "
         "WHERE"
         " p.delegation >> 13 = t.id >> 13 AND p.state = 2)");
    none(w, w->reg, "sums of the delegations",
         "SELECT id FROM tally t WHERE id & 8191 = 0 AND (confirmed <> (SELECT coalesce(sum(confirmed), 0) FROM tally "
         "d WHERE"
         " d.id >> 13 = t.id >> 13 AND d.answer IS NOT NULL) OR waiting <> (SELECT coalesce(sum(waiting), 0) FROM "
         "tally d WHERE"
         " d.id >> 13 = t.id >> 13 AND d.answer IS NOT NULL))");
    none(w, w->reg, "sums of a delegation",
         "SELECT id FROM tally d WHERE answer IS NOT NULL AND confirmed <> (SELECT count(*) FROM person p WHERE"
         " p.delegation = d.id AND p.state = 1)");
    equal(
        w, "turnout", w->reg,
        "SELECT e.code || p.code || ' ' || d.confirmed || ' ' || d.waiting || ' ' || d.online || ' ' || d.withdrawn "
        "FROM"
        " tally d JOIN event e ON d.id >> 13 = e.id JOIN party p ON d.id & 8191 = p.id WHERE d.answer IS NOT NULL"
        " ORDER BY e.code, p.code",
        w->sch,
        "SELECT event || party || ' ' || confirmed || ' ' || waiting || ' ' || online || ' ' || withdrawn FROM turnout"
        " ORDER BY event, party");
    if (w->weather->restore)
        return; /* what was told before a restore stays told, also if it is decided anew */
    equal(w, "decisions and their deliveries", w->reg,
          "SELECT coalesce(sum((length(hex(bytes)) - length(replace(hex(bytes), hex(word), ''))) / length(hex(word))), "
          "0) FROM"
          " journal, (SELECT 'convene.registration.decided.v1' AS word) WHERE part = 1",
          w->ntf, "SELECT count(*) FROM ntf_delivery WHERE kind = 1");
    none(w, w->ntf, "two deliveries for one cause",
         "SELECT cause || ' ' || count(*) FROM ntf_delivery GROUP BY cause, party, event HAVING count(*) > 1");
}

static bool play(uint64_t seed, bool loud)
{
    world_t world = {.sim = sim_new(seed)}, *w = &world;
    w->sch = sim_add(w->sim, &sch_definition, 0);
    w->reg = sim_add(w->sim, &reg_service, 0);
    w->ntf = sim_add(w->sim, &ntf_service, 0);
    prepare(w);
    w->weather = &WEATHER[seed % WEATHERS];
    sim_weather(w->sim, w->weather);
    for (size_t round = 3 + sim_draw(w->sim, 8); round; round--) {
        for (size_t i = sim_draw(w->sim, 20); i; i--)
            one_request(w);
        sim_run(w->sim, 100 + (int64_t)sim_draw(w->sim, 3000));
    }
    if (sim_settle(w->sim, 120000))
        check(w);
    bool good = !sim_error(w->sim)[0];
    if (!good || loud) {
        const sim_counts_t *c = sim_counts(w->sim);
        print_message(
            "%s; %zu requests, %llu turns, %llu messages (%llu lost), %llu starts, %llu power failures, %llu faults,"
            " %llu full, %llu stops, %llu decided, %llu replays\n",
            good ? "good" : sim_error(w->sim), sim_requests(w->sim), (unsigned long long)c->turns,
            (unsigned long long)c->messages, (unsigned long long)c->lost, (unsigned long long)c->opens,
            (unsigned long long)c->power_failures, (unsigned long long)c->faults, (unsigned long long)c->fulls,
            (unsigned long long)c->stops, (unsigned long long)c->decided, (unsigned long long)c->replays);
    }
    if (loud) {
        char text[1024];
        rows(w, w->reg,
             "SELECT code || ' stage ' || stage || ' capacity ' || capacity || ' confirmed ' || confirmed || ' waiting "
             "' || waiting FROM event e JOIN tally t ON t.id = e.id << 13",
             text, sizeof text);
        print_message("%s\n", text);
        rows(w, w->ntf, "SELECT kind || ' ' || state || ': ' || count(*) FROM ntf_delivery GROUP BY kind, state", text,
             sizeof text);
        print_message("%s\n", text);
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
    uint64_t n = rounds ? strtoull(rounds, NULL, 10) : DEFAULT_ROUNDS, bad = 0;
    for (uint64_t i = 1; i <= n && bad < 5; i++)
        bad += !play(i, false);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
