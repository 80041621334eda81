/* test_notifications_dispatch: lanes keep their order and their one head, whatever is done to them in whatever order.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_retry.h"
#include "notifications/store_dispatch.h"
#include "store/db.h"

#include "notifications_driver.h"

#include <sqlite3.h>

enum { STEPS = 2500, LANES = 5, QUESTIONS_MAX = 32 };

typedef struct {
    char root[64], path[96];
    cv_db_t *db;
    ntf_dispatches_t *store;
    cv_arena_t *arena;
    uint64_t random;
    int64_t now_ms, notices;
    struct {
        const char *sql; /* a constant of this file */
        cv_stmt_t *stmt;
    } asked[QUESTIONS_MAX];
    size_t asked_n;
} world_t;

static uint64_t pick(world_t *world, uint64_t n)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return world->random % n;
}

static void open_world(world_t *world, size_t migrations_n)
{
    char error[512] = "";
    cv_db_options_t options = {.path = world->path,
                               .application_id = ntf_service.application_id,
                               .migrations = ntf_service.migrations,
                               .migrations_n = migrations_n,
                               .cache_kib = 1024};
    if (cv_db_open(&options, &world->db, error, sizeof(error)))
        fail_msg("%s", error);
}

static int setup(void **state)
{
    world_t *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    snprintf(world->root, sizeof(world->root), "/tmp/convene-ntf-XXXXXX");
    assert_non_null(mkdtemp(world->root));
    snprintf(world->path, sizeof(world->path), "%s/notifications.db", world->root);
    world->arena = cv_arena_new(NTF_ARENA_MAX);
    world->random = 88172645463325252u;
    world->now_ms = 1000;
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    world_t *world = *state;
    if (world->store)
        ntf_dispatches_close(&world->store);
    cv_db_close(&world->db);
    cv_arena_destroy(&world->arena);
    drv_remove(world->root);
    free(world);
    return 0;
}

/* Statements live as long as the database, so each question is prepared once. */
static int64_t number_of(world_t *world, const char *sql)
{
    size_t at = 0;
    while (at < world->asked_n && world->asked[at].sql != sql)
        at++;
    if (at == world->asked_n) {
        assert_true(world->asked_n++ < QUESTIONS_MAX);
        world->asked[at].sql = sql;
        assert_int_equal(cv_db_prepare(world->db, sql, &world->asked[at].stmt), CV_OK);
    }
    cv_stmt_t *stmt = world->asked[at].stmt;
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t number = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return number;
}

static void run(world_t *world, const char *sql)
{
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    assert_int_equal(cv_db_exec(world->db, sql), CV_OK);
    assert_int_equal(cv_db_commit(world->db), CV_OK);
}

/* A delivery of a party; its number. */
static int64_t deliver(world_t *world, int lane)
{
    char sql[300];
    int64_t n = ++world->notices;
    snprintf(
        sql, sizeof(sql),
        "INSERT INTO ntf_delivery(n, notice, kind, cause, event, party, time_ms, private_seq, hold) VALUES(%lld, 'n%lld', 1,"
        " 'c%lld', 'E', 'P%d', 5, 0, 0)",
        (long long)n, (long long)n, (long long)n, lane);
    assert_int_equal(cv_db_exec(world->db, sql), CV_OK);
    return n;
}

static void check(world_t *world)
{
    assert_int_equal(number_of(world,
                               "SELECT count(*) FROM ntf_dead AS k WHERE n <> (SELECT count(*) FROM ntf_dispatch AS d"
                               " WHERE d.channel = k.channel AND d.state = 4 AND d.reason <> 15)"),
                     0); /* the dead are counted as they die and rise */
    assert_int_equal(
        number_of(world, "SELECT count(*) FROM (SELECT 1 FROM ntf_dispatch WHERE state = 2 GROUP BY channel, address"
                         " HAVING count(*) > 1)"),
        0); /* one is on its way at most */
    assert_int_equal(
        number_of(
            world,
            "SELECT count(*) FROM ntf_dispatch AS d WHERE state < 3 AND head <> (state = 1 AND NOT EXISTS(SELECT 1 FROM"
            " ntf_dispatch AS e WHERE e.state < 3 AND e.channel = d.channel AND e.address = d.address AND"
            " (e.state = 2 OR (e.state = 1 AND e.number < d.number))))"),
        0); /* heads, and no others */
    assert_int_equal(
        number_of(world, "SELECT count(*) FROM ntf_attempt AS a WHERE (SELECT count(*) FROM ntf_attempt AS b WHERE"
                         " b.dispatch = a.dispatch) > 16"),
        0);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE state = 3 AND body IS NOT NULL"), 0);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE state > 2 AND head"), 0);
    assert_int_equal(
        number_of(
            world,
            "SELECT count(*) FROM ntf_delivery AS v WHERE open <> (SELECT count(*) FROM ntf_dispatch AS d WHERE d.n = v.n"
            " AND d.state IN (1, 2)) OR dead <> coalesce((SELECT min(d.number) FROM ntf_dispatch AS d WHERE d.n = v.n"
            " AND d.state = 4 AND d.reason <> 15), 0)"),
        0); /* what a delivery says of its dispatches */
}

static void add(world_t *world)
{
    int lane = (int)pick(world, LANES);
    char address[32], notice[32];
    int64_t n = deliver(world, lane);
    snprintf(address, sizeof(address), "a%d@x.example", lane);
    snprintf(notice, sizeof(notice), "n%lld", (long long)n);
    ntf_delivery_t delivery = {.n = n, .mail = CV_STR("bytes")};
    assert_int_equal(ntf_dispatch_add_mail(world->store, &delivery, cv_str(address)), CV_OK);
    assert_int_equal(ntf_dispatch_add_mail(world->store, &delivery, cv_str(address)), CV_OK); /* once */
    assert_int_equal(ntf_dispatch_add_webhooks(world->store, cv_str(notice)), CV_OK);
}

/* Leases what is due, as the service does. */
static void lease(world_t *world)
{
    ntf_dispatch_t rows[3];
    size_t n;
    int channel = pick(world, 2) ? NTF_EMAIL : NTF_WEBHOOK;
    assert_int_equal(ntf_dispatch_due(world->store, channel, world->now_ms, -1, 0, world->arena, 3, rows, &n), CV_OK);
    for (size_t i = 0; i < n; i++) {
        if (channel == NTF_EMAIL && !rows[i].body.ptr) { /* made anew, to somebody else */
            rows[i].body = CV_STR("new bytes");
            rows[i].address = pick(world, 2) ? CV_STR("a1@x.example") : CV_STR("new@x.example");
        }
        int rc = ntf_dispatch_lease(world->store, &rows[i], world->now_ms);
        assert_true(rc == CV_OK || rc == CV_ENOTFOUND);
    }
}

static void end(world_t *world)
{
    int64_t number = number_of(world, "SELECT coalesce(min(number), 0) FROM ntf_dispatch WHERE state = 2");
    ntf_dispatch_end_t what = {.number = number, .at_ms = world->now_ms, .code = 250, .text = CV_STR("250 OK")};
    switch (pick(world, 4)) {
    case 0:
        what.state = NTF_WAITS;
        what.result = CV_DELIVERY_RESULT_LATER;
        what.next_ms = world->now_ms + (int64_t)pick(world, 50);
        what.is_failure = true;
        break;
    case 1:
        what.state = NTF_DEAD;
        what.result = CV_DELIVERY_RESULT_REFUSED;
        break;
    default:
        what.state = NTF_DELIVERED;
        what.result = CV_DELIVERY_RESULT_DELIVERED;
    }
    assert_int_equal(ntf_dispatch_end(world->store, &what), number ? CV_OK : CV_ENOTFOUND);
    if (number)
        assert_int_equal(ntf_dispatch_end(world->store, &what), what.state == NTF_WAITS ? CV_OK : CV_ENOTFOUND);
}

static void step(world_t *world)
{
    int64_t redriven;
    char party[8];
    snprintf(party, sizeof(party), "P%d", (int)pick(world, LANES));
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    switch (pick(world, 20)) {
    case 0:
        assert_int_equal(ntf_dispatch_redrive(world->store, NULL, 0, world->db, &redriven), CV_OK);
        break;
    case 1:
        assert_int_equal(ntf_dispatch_forget(world->store, CV_STR("E"), cv_str(party)), CV_OK);
        break;
    case 2:
        assert_int_equal(ntf_dispatches_recover(world->store), CV_OK);
        assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE state = 2"), 0);
        break;
    case 3:
        assert_int_equal(ntf_webhook_set(world->store, cv_str(party), 1,
                                         pick(world, 2) ? CV_STR("https://a/") : CV_STR("https://b/")),
                         CV_OK);
        break;
    case 4:
        if (ntf_webhook_drop(world->store, cv_str(party), 1, world->now_ms) == CV_OK)
            assert_int_equal(ntf_webhook_rotate(world->store, cv_str(party), 1, 5), CV_ENOTFOUND);
        break;
    case 5: {
        int64_t number = number_of(world, "SELECT coalesce(max(number), 0) FROM ntf_webhook");
        assert_int_equal(ntf_webhook_gone(world->store, number, world->now_ms), CV_OK);
        break;
    }
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        add(world);
        break;
    case 11:
    case 12:
    case 13:
    case 14:
        lease(world);
        break;
    default:
        end(world);
    }
    world->now_ms += (int64_t)pick(world, 10);
    if (pick(world, 10) == 0)
        cv_db_rollback(world->db);
    else
        assert_int_equal(cv_db_commit(world->db), CV_OK);
    world->notices = number_of(world, "SELECT coalesce(max(n), 0) FROM ntf_delivery");
    cv_arena_reset(world->arena);
}

static void test_lanes(void **state)
{
    world_t *world = *state;
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    for (int i = 0; i < STEPS; i++) {
        step(world);
        check(world);
    }
    assert_true(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE state = 3") > 100);
    assert_true(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE channel = 3") > 100);
}

/* Steps of all statements since the last call, as SQLite counts them. */
static int64_t steps(world_t *world)
{
    int64_t sum = 0;
    for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(cv_db_raw(world->db), stmt));)
        sum += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
}

/* One more mail for a lane. */
static void add_to_lane(world_t *world)
{
    ntf_delivery_t delivery = {.n = deliver(world, 0), .mail = CV_STR("bytes")};
    assert_int_equal(ntf_dispatch_add_mail(world->store, &delivery, CV_STR("a@x.example")), CV_OK);
}

/* What its first mail costs, from the lease to each end that it can have, and one that comes. */
static int64_t cost_of_lane(world_t *world, int more)
{
    static const int ends[] = {NTF_WAITS, NTF_DEAD, NTF_DELIVERED};
    ntf_dispatch_t rows[3];
    size_t n;
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    for (int i = 0; i < more; i++)
        add_to_lane(world);
    steps(world);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        assert_int_equal(ntf_dispatch_due(world->store, NTF_EMAIL, 1, -1, 0, world->arena, 3, rows, &n), CV_OK);
        assert_int_equal(n, 1);
        assert_int_equal(ntf_dispatch_lease(world->store, &rows[0], 1), CV_OK);
        const ntf_dispatch_end_t end = {
            .number = rows[0].number, .state = ends[i], .at_ms = 1, .result = CV_DELIVERY_RESULT_REFUSED, .code = 550};
        assert_int_equal(ntf_dispatch_end(world->store, &end), CV_OK);
    }
    add_to_lane(world);
    int64_t cost = steps(world);
    assert_int_equal(cv_db_commit(world->db), CV_OK);
    return cost;
}

static void test_backlog_is_not_walked(void **state)
{
    world_t *world = *state;
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    int64_t few = cost_of_lane(world, 50), many = cost_of_lane(world, 2000);
    if (many > few + 200)
        fail_msg("%lld steps beside 50 that wait, %lld beside 2,050", (long long)few, (long long)many);
    check(world);
}

/* Pauses that were counted by a clock that was ahead begin now; others stay as they are. */
static void test_clock_that_steps_back(void **state)
{
    enum { HOUR = 3600000, DAY = 24 * HOUR, LONGEST = 2 * DAY };
    world_t *world = *state;
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    for (int i = 1; i <= 4; i++) {
        char address[32];
        snprintf(address, sizeof(address), "a%d@x.example", i);
        ntf_delivery_t delivery = {.n = deliver(world, i), .mail = CV_STR("bytes")};
        assert_int_equal(ntf_dispatch_add_mail(world->store, &delivery, cv_str(address)), CV_OK);
    }
    assert_int_equal(cv_db_commit(world->db), CV_OK);
    const int64_t now_ms = 10LL * DAY;
    run(world,
        "UPDATE ntf_dispatch SET lease_ms = 950400000, first_ms = 950400000, next_ms = 957600000 WHERE number = 1;" /* in a day */
        "UPDATE ntf_dispatch SET lease_ms = 864000500, first_ms = 5, next_ms = 871200500 WHERE number = 2;" /* by half a second */
        "UPDATE ntf_dispatch SET next_ms = 1296000000 WHERE number = 3;" /* never tried, in five days */
        "UPDATE ntf_dispatch SET lease_ms = 860400000, first_ms = 860400000, next_ms = 946800000 WHERE number = 4;"
        "UPDATE ntf_delivery SET next_ms = 1296000000 WHERE n = 1;"
        "UPDATE ntf_delivery SET next_ms = 864000000 + 3600000 WHERE n = 2");
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    assert_int_equal(ntf_dispatches_set_back(world->store, now_ms, NTF_STEP_MS, LONGEST), CV_OK);
    assert_int_equal(cv_db_commit(world->db), CV_OK);
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_dispatch WHERE number = 1"), now_ms + 2 * HOUR);
    assert_int_equal(number_of(world, "SELECT max(lease_ms, first_ms) FROM ntf_dispatch WHERE number = 1"), now_ms);
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_dispatch WHERE number = 2"), 871200500);
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_dispatch WHERE number = 3"), now_ms);
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_dispatch WHERE number = 4"), 946800000);
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_delivery WHERE n = 1"), now_ms);
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_delivery WHERE n = 2"), now_ms + HOUR);
    check(world);
}

/* What was given up by a clock that was ahead of its last retry waits again; what was for good, or by a clock that was right,
 * stays dead, also at a clock that is years behind. */
static void test_given_up_by_a_clock_ahead(void **state)
{
    enum { HOUR = 3600000, DAY = 24 * HOUR, LONGEST = 2 * DAY };
    world_t *world = *state;
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    for (int i = 1; i <= 5; i++) {
        ntf_delivery_t delivery = {.n = deliver(world, i), .mail = CV_STR("bytes")};
        assert_int_equal(ntf_dispatch_add_mail(world->store, &delivery, CV_STR("a@x.example")), CV_OK);
    }
    assert_int_equal(cv_db_commit(world->db), CV_OK);
    char sql[900];
    snprintf(
        sql, sizeof(sql),
        "UPDATE ntf_dispatch SET state = 4, head = 0, attempts = 3, failures = 3, reason = %d, first_ms = 860000000,"
        " lease_ms = 1300000000, next_ms = 0, done_ms = 1300000000;" /* five days ahead */
        "UPDATE ntf_dispatch SET reason = %d WHERE number = 2;"
        "UPDATE ntf_dispatch SET done_ms = 863000000, lease_ms = 863000000 WHERE number = 3;"
        "UPDATE ntf_dispatch SET reason = %d WHERE number = 4",
        CV_DELIVERY_RESULT_UNREACHABLE, CV_DELIVERY_RESULT_REFUSED, CV_DELIVERY_RESULT_RETURNED);
    run(world, sql);
    check(world);
    for (int round = 0; round < 2; round++) {
        const int64_t now_ms = round ? 10LL * DAY : DAY; /* first a machine whose clock is far behind all that */
        assert_int_equal(cv_db_begin(world->db), CV_OK);
        assert_int_equal(ntf_dispatches_set_back(world->store, now_ms, NTF_STEP_MS, LONGEST), CV_OK);
        assert_int_equal(cv_db_commit(world->db), CV_OK);
        check(world);
        assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE state = 4"), round ? 3 : 5);
    }
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE state = 1 AND next_ms = 864000000"
                                      " AND lease_ms = 864000000 AND first_ms = 860000000 AND done_ms = 0"
                                      " AND number IN (1, 5)"),
                     2);
}

/* Another address is tried at once and as long as any: failures, and the time since the first, were the old one's. */
static void test_webhook_that_moves(void **state)
{
    world_t *world = *state;
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    assert_int_equal(ntf_webhook_set(world->store, CV_STR("P1"), 1, CV_STR("https://a/")), CV_OK);
    for (int i = 1; i <= 4; i++) {
        char notice[32];
        snprintf(notice, sizeof(notice), "n%lld", (long long)deliver(world, 1));
        assert_int_equal(ntf_dispatch_add_webhooks(world->store, cv_str(notice)), CV_OK);
    }
    assert_int_equal(cv_db_commit(world->db), CV_OK);
    run(world, "UPDATE ntf_dispatch SET failures = 9, attempts = 9, first_ms = 5, next_ms = 864000000, lease_ms = 6;"
               "UPDATE ntf_dispatch SET state = 2, head = 0 WHERE number = 1;"
               "UPDATE ntf_dispatch SET state = 3 WHERE number = 3;"
               "UPDATE ntf_dispatch SET state = 4 WHERE number = 4");
    assert_int_equal(cv_db_begin(world->db), CV_OK);
    assert_int_equal(ntf_webhook_set(world->store, CV_STR("P1"), 1, CV_STR("https://a/")), CV_OK);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE failures = 9 AND first_ms = 5"), 4);
    assert_int_equal(ntf_webhook_set(world->store, CV_STR("P1"), 1, CV_STR("https://b/")), CV_OK);
    assert_int_equal(cv_db_commit(world->db), CV_OK);
    assert_int_equal(
        number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE number < 3 AND failures = 0 AND first_ms = 0"),
        2); /* what is on its way, and what waits */
    assert_int_equal(number_of(world, "SELECT next_ms FROM ntf_dispatch WHERE number = 2"), 0);
    assert_int_equal(
        number_of(world, "SELECT count(*) FROM ntf_dispatch WHERE number > 2 AND failures = 9 AND attempts = 9"),
        2); /* what has ended says how */
    check(world);
}

static ntf_webhook_origin_t origin_of(world_t *world, const char *party)
{
    ntf_webhook_t webhook;
    cv_arena_t *arena = cv_arena_new(1024);
    assert_non_null(arena);
    assert_int_equal(ntf_webhook_get(world->store, cv_str(party), 1, arena, &webhook), CV_OK);
    cv_arena_destroy(&arena);
    return webhook.origin;
}

/* A backup knows nothing of the numbers given since it was made, and gives them again. */
static void test_number_that_is_given_twice(void **state)
{
    world_t *world = *state;
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    assert_int_equal(ntf_webhook_set(world->store, CV_STR("P1"), 1, CV_STR("https://a/")), CV_OK);
    ntf_webhook_origin_t first = origin_of(world, "P1");
    assert_int_equal(ntf_webhook_set(world->store, CV_STR("P1"), 1, CV_STR("https://a/")), CV_OK);
    ntf_webhook_origin_t same = origin_of(world, "P1");
    assert_true(first.is_salted && same.is_salted);
    assert_memory_equal(first.salt, same.salt, sizeof(first.salt));
    run(world, "DELETE FROM ntf_webhook; DELETE FROM sqlite_sequence WHERE name = 'ntf_webhook'");
    assert_int_equal(ntf_webhook_set(world->store, CV_STR("P2"), 1, CV_STR("https://b/")), CV_OK);
    ntf_webhook_origin_t second = origin_of(world, "P2");
    assert_int_equal(first.number, second.number);
    assert_memory_not_equal(first.salt, second.salt, sizeof(first.salt));
    run(world, "UPDATE ntf_webhook SET salt = x''"); /* as from before there was one */
    assert_false(origin_of(world, "P2").is_salted);
}

/* From the version before there were dispatches: what is there stays, and is of the outbox. */
static void test_migration(void **state)
{
    world_t *world = *state;
    open_world(world, 4);
    run(world,
        "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, hold, state) VALUES('n', 1, 'c', 'E',"
        " 'KZ', 5, 0, 0, 2)");
    cv_db_close(&world->db);
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_delivery WHERE state = 2 AND channel = 1"), 1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_dispatch"), 0);
}

/* What is dead already is counted, and a recipient can be told of. */
static void test_migration_with_dead(void **state)
{
    world_t *world = *state;
    open_world(world, 7);
    run(world,
        "INSERT INTO ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, hold, state) VALUES('n', 1, 'c', 'E',"
        " 'KZ', 5, 0, 0, 2);"
        "INSERT INTO ntf_dispatch(n, channel, webhook, address, head) VALUES(1, 2, 0, 'a@b', 0), (1, 3, 1, 'https://a/', 0),"
        " (1, 3, 2, 'https://b/', 0), (1, 3, 3, 'https://c/', 0);"
        "UPDATE ntf_dispatch SET state = 4, reason = CASE webhook WHEN 2 THEN 15 ELSE 3 END WHERE webhook < 3;"
        "UPDATE ntf_dispatch SET state = 3 WHERE webhook = 3");
    cv_db_close(&world->db);
    open_world(world, ntf_service.migrations_n);
    assert_int_equal(ntf_dispatches_open(world->db, &world->store), CV_OK);
    check(world);
    assert_int_equal(number_of(world, "SELECT sum(n) FROM ntf_dead"), 2);
    assert_int_equal(number_of(world, "SELECT above FROM ntf_delivery"), -1);
    assert_int_equal(number_of(world, "SELECT count(*) FROM ntf_reach"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lanes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backlog_is_not_walked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_given_up_by_a_clock_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_that_steps_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_webhook_that_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(test_number_that_is_given_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_migration_with_dead, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
