/* test_notifications_moved: mail that waits goes where its recipient is now, in the order it was made in, and nothing else moves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * There is no mail server here, so what waits stays, and its row says where it would go and when. Two notices wait in each test,
 * tried in vain and far from their next try; what is made next is the head of its lane only if they are not before it.
 */
#include "notifications/moved.h"
#include "store/db.h"

#include "notifications_offer.h"
#include "notifications_persons.h"

#include <sqlite3.h>

#define FOCAL "focal@KZ.example"
#define DESK "desk@kz.example"
#define SECOND "second@kz.example"
enum { FEW = 50, MANY = 2000, SLACK = 400 };

static int64_t count(drv_t *drv, const char *where)
{
    char sql[400];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM ntf_dispatch WHERE channel = 2 AND (%s)", where);
    return drv_number(drv, sql);
}

static int64_t at(drv_t *drv, const char *address)
{
    char where[100];
    snprintf(where, sizeof(where), "address = '%s'", address);
    return count(drv, where);
}

/* So many wait for this address, due at once and as good as new, and the first of all may go; none for it but these. */
static void assert_moved(drv_t *drv, const char *address, int64_t n)
{
    char sql[200];
    assert_int_equal(at(drv, address), n);
    snprintf(sql, sizeof(sql),
             "address = '%s' AND state = 1 AND failures = 0 AND first_ms = 0 AND next_ms = 0 AND body IS NULL",
             address);
    assert_int_equal(count(drv, sql), n);
    snprintf(sql, sizeof(sql), "address = '%s' AND head AND number = (SELECT min(number) FROM ntf_dispatch)", address);
    assert_int_equal(count(drv, sql), 1);
    snprintf(sql, sizeof(sql), "address = '%s' AND head", address);
    assert_int_equal(count(drv, sql), 1);
}

/* So many wait for it as they did, with their first in front. */
static void assert_stays(drv_t *drv, const char *address, int64_t n)
{
    char sql[200];
    assert_int_equal(at(drv, address), n);
    snprintf(sql, sizeof(sql),
             "address = '%s' AND state = 1 AND failures = 3 AND next_ms > first_ms AND body IS NOT NULL", address);
    assert_int_equal(count(drv, sql), n);
    snprintf(sql, sizeof(sql), "address = '%s' AND head", address);
    assert_int_equal(count(drv, sql), n > 0);
}

/* The mails of all that has none wait for this address. */
static void wait_at(drv_t *drv, const char *where, const char *address)
{
    char sql[600];
    snprintf(sql, sizeof(sql),
             "UPDATE ntf_delivery SET channel = 2 WHERE %s;"
             "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, attempts, failures, first_ms, next_ms)"
             " SELECT n, 2, 0, '%s', x'00', 0, 3, 3, 5, 9000000000000 FROM ntf_delivery WHERE %s AND n NOT IN"
             " (SELECT n FROM ntf_dispatch) ORDER BY n",
             where, address, where);
    drv_sql(drv, sql);
    drv_restart(drv);
    drv_run(drv, 500, true);
}

/* Two notices to KZ wait for its contact. */
static void two_to_the_contact(drv_t *drv)
{
    tell_catalogue(drv);
    tell_registered(drv, KZ);
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    wait_at(drv, "person = 0", FOCAL);
    assert_stays(drv, FOCAL, 2);
}

/* Two notices to KZ wait for its recipient, and it has no contact. */
static void two_to_the_recipient(drv_t *drv)
{
    tell_catalogue(drv);
    recipient(drv, 1, DESK);
    for (int i = 0; i < 2; i++)
        tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, tell_contact(drv, KZ, NULL));
    drv_run(drv, 1000, true);
    wait_at(drv, "person = 0", DESK);
    assert_stays(drv, DESK, 2);
}

static void report(drv_t *drv, int64_t dispatch, cv_bounce_kind_t what)
{
    static int number;
    char id[64];
    cv_notifications_bounce_report_v1_t data = {
        .has_dispatch = true, .dispatch = dispatch, .what = what, .status = CV_STR_NONE};
    snprintf(id, sizeof(id), "0190163d-8694-739b-aea6-%012d", ++number);
    assert_true(cv_str_is(drv_decide(drv, id, CV_MSG_NOTIFICATIONS_BOUNCE_REPORT_V1, &data), "bounce_taken"));
}

static void clear(drv_t *drv)
{
    cv_notifications_contact_clear_v1_t data = {.party = CV_STR(KZ), .order = 0};
    assert_true(
        cv_str_is(drv_decide(drv, "0190163d-8694-739b-aea7-000000000001", CV_MSG_NOTIFICATIONS_CONTACT_CLEAR_V1, &data),
                  "contact_cleared"));
}

/* ---- what moves --------------------------------------------------------------------------- */

static void test_recipient(void **state)
{
    drv_t *drv = *state;
    two_to_the_recipient(drv);
    recipient(drv, 2, SECOND); /* who comes next is not whom it is for */
    recipient(drv, 1, DESK);
    assert_stays(drv, DESK, 2);
    recipient(drv, 1, "new@kz.example");
    assert_moved(drv, "new@kz.example", 2);
    assert_int_equal(at(drv, DESK), 0);
    assert_int_equal(count(drv, "attempts = 3"), 2);
    /* What is made next is behind them. */
    tell_decided(drv, KZ, CV_OUTCOME_CLASS_OK, CV_PARTY_ANSWER_REGISTERED, 0);
    drv_run(drv, 1000, true);
    wait_at(drv, "person = 0", "new@kz.example");
    assert_int_equal(at(drv, "new@kz.example"), 3);
    assert_int_equal(count(drv, "head AND number = 1"), 1);
    assert_int_equal(count(drv, "head"), 1);
}

static void test_contact(void **state)
{
    drv_t *drv = *state;
    two_to_the_contact(drv);
    recipient(drv, 1, FOCAL); /* it is an address of the party, and not whom it is for */
    tell_contact(drv, KZ, FOCAL);
    tell_contact(drv, "UZ", "new@uz.example");
    drv_run(drv, 500, true);
    assert_stays(drv, FOCAL, 2);
    tell_contact(drv, KZ, "new@kz.example");
    drv_run(drv, 500, true);
    assert_moved(drv, "new@kz.example", 2);
    assert_int_equal(at(drv, FOCAL), 0);
}

/* An invitation is delivered, the two behind it wait, and it comes back; then its address is mended. */
static void test_bounce(void **state)
{
    static const cv_bounce_kind_t kinds[] = {CV_BOUNCE_KIND_HARD, CV_BOUNCE_KIND_COMPLAINT};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        drv_t *drv = *state;
        if (i > 0) {
            drv_destroy(&drv);
            *state = drv = drv_new();
        }
        two_to_the_contact(drv);
        recipient(drv, 1, SECOND);
        report(drv, 1, CV_BOUNCE_KIND_SOFT);
        assert_stays(drv, FOCAL, 2);
        report(drv, 1, kinds[i]);
        assert_moved(drv, SECOND, 2);
        clear(drv);
        assert_moved(drv, FOCAL, 2);
    }
}

/* Nobody else is there: it stays, and its lease says why it does not leave. */
static void test_nobody_to_move_to(void **state)
{
    drv_t *drv = *state;
    two_to_the_contact(drv);
    report(drv, 1, CV_BOUNCE_KIND_HARD);
    assert_stays(drv, FOCAL, 2);
    recipient(drv, 1, SECOND);
    assert_moved(drv, SECOND, 2);
}

/* Persons have lanes of their own. */
static void test_person(void **state)
{
    drv_t *drv = *state;
    begin(drv);
    wait_at(drv, "person = 2", DIANA);
    wait_at(drv, "person = 3", ERLAN);
    wait_at(drv, "person = 0", "focal@kz.example");
    tell_persons(drv, "diana@new.example", ERLAN);
    drv_run(drv, 500, true);
    assert_moved(drv, "diana@new.example", 1);
    assert_stays(drv, ERLAN, 1);
    assert_stays(drv, "focal@kz.example", 1);
}

/* What is on its way ends where it went; when it is back in its queue, it goes where it is for now. */
static void test_on_its_way(void **state)
{
    drv_t *drv = *state;
    two_to_the_contact(drv);
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 2, head = 0 WHERE number = 1");
    tell_contact(drv, KZ, "new@kz.example");
    drv_run(drv, 500, true);
    assert_int_equal(count(drv, "number = 1 AND state = 2 AND address = '" FOCAL "' AND body IS NOT NULL"), 1);
    assert_int_equal(count(drv, "number = 2 AND state = 1 AND address = 'new@kz.example' AND head"), 1);
    drv_restart(drv);
    drv_run(drv, 500, true);
    assert_moved(drv, "new@kz.example", 2);
}

/* ---- what does not ------------------------------------------------------------------------ */

/* The second notice is for the next contact on purpose, and the first does not move to who has that. */
static void test_second_notice(void **state)
{
    drv_t *drv = *state;
    offered(drv);
    recipient(drv, 1, SECOND);
    wait_at(drv, "person = 0 AND notice NOT LIKE 'second.%'", FOCAL);
    jump(drv, 36 * HOUR_MS);
    assert_int_equal(seconds(drv), 1);
    wait_at(drv, "notice LIKE 'second.%'", SECOND);
    report(drv, 2, CV_BOUNCE_KIND_HARD); /* the offer's: who has the second gets it no more than once */
    assert_int_equal(count(drv, "number = 2 AND address = '" FOCAL "' AND failures = 3 AND head"), 1);
    assert_int_equal(count(drv, "number = 1 AND address = '" SECOND "' AND failures = 0"), 1);
    assert_int_equal(count(drv, "number = 3 AND address = '" SECOND "' AND failures = 3"), 1);
    tell_contact(drv, KZ, "new@kz.example");
    drv_run(drv, 500, true);
    assert_moved(drv, "new@kz.example", 2);
    assert_stays(drv, SECOND, 1);
    recipient(drv, 1, "other@kz.example");
    assert_int_equal(count(drv, "number = 3 AND address = 'other@kz.example' AND failures = 0 AND head"), 1);
    assert_int_equal(at(drv, "new@kz.example"), 2);
}

/* It cannot be made anew, so it leaves as it is. */
static void test_without_data(void **state)
{
    drv_t *drv = *state;
    two_to_the_contact(drv);
    drv_sql(drv, "UPDATE ntf_delivery SET data = NULL WHERE n = 1");
    tell_contact(drv, KZ, "new@kz.example");
    drv_run(drv, 500, true);
    assert_stays(drv, FOCAL, 1);
    assert_int_equal(at(drv, "new@kz.example"), 1);
}

static void test_what_has_ended(void **state)
{
    drv_t *drv = *state;
    two_to_the_contact(drv);
    drv_sql(drv, "UPDATE ntf_dispatch SET state = 4, head = 0, reason = 3 WHERE number = 1;"
                 "UPDATE ntf_dispatch SET state = 3, head = 0 WHERE number = 2");
    tell_contact(drv, KZ, "new@kz.example");
    recipient(drv, 1, "other@kz.example");
    drv_run(drv, 500, true);
    assert_int_equal(at(drv, FOCAL), 2);
}

/* Bytes and addresses are forgotten with who was erased; what waits for others keeps its lane, and its pause. */
static void test_erased(void **state)
{
    for (int contact = 0; contact < 2; contact++) {
        drv_t *drv = *state;
        if (contact) {
            drv_destroy(&drv);
            *state = drv = drv_new();
        }
        cv_registration_erased_v1_t erased = {.event = CV_STR("FORUM"),
                                              .party = CV_STR(KZ),
                                              .persons_n = 1,
                                              .persons = {1},
                                              .has_contact = contact != 0,
                                              .contact = contact != 0,
                                              .cause = CV_ERASURE_CAUSE_REQUEST};
        two_to_the_contact(drv);
        recipient(drv, 1, SECOND);
        drv_record(drv, DRV_PRIVATE, CV_MSG_REGISTRATION_ERASED_V1, &erased);
        drv_run(drv, 500, true);
        assert_int_equal(count(drv, "body IS NULL"), 2);
        if (contact) {
            assert_moved(drv, SECOND, 2);
            continue;
        }
        assert_int_equal(count(drv, "address = '" FOCAL "' AND failures = 3 AND next_ms > 5"), 2);
        assert_int_equal(count(drv, "head AND number = 1"), 1);
    }
}

/* ---- what it costs ------------------------------------------------------------------------ */

static int64_t steps(drv_t *drv)
{
    int64_t sum = 0;
    for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(cv_db_raw(drv->db), stmt));) {
        int64_t taken = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
        const char *sql = sqlite3_sql(stmt);
        bool is_of_moving = strstr(sql, "ntf_delivery_mailing") || strstr(sql, "ntf_dispatch");
        sum += is_of_moving ? taken : 0;
    }
    return sum;
}

/* Steps that it takes to move two of KZ away, beside so many of another party that wait, and of KZ that are done. */
static int64_t cost(drv_t *drv, int n, bool is_stopped)
{
    char sql[1200];
    two_to_the_contact(drv);
    recipient(drv, 1, SECOND);
    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) INSERT INTO"
             " ntf_delivery(notice, kind, cause, event, party, time_ms, private_seq, hold, state, channel, data)"
             " SELECT 'w' || i, 1, 'c', 'FORUM', 'UZ', 5, 0, 0, 2, 2, x'00' FROM c UNION ALL"
             " SELECT 'd' || i, 1, 'c', 'FORUM', 'KZ', 5, 0, 0, 2, 2, x'00' FROM c;"
             "INSERT INTO ntf_dispatch(n, channel, webhook, address, body, head, next_ms)"
             " SELECT n, 2, 0, party || '@x.example', x'00', 0, 9000000000000 FROM ntf_delivery WHERE cause = 'c';"
             "UPDATE ntf_dispatch SET state = 3 WHERE address = 'KZ@x.example';"
             "UPDATE ntf_delivery SET announced = 4 WHERE cause = 'c' AND party = 'KZ';"
             "UPDATE ntf_delivery SET announced = 2 WHERE cause = 'c' AND party = 'UZ'",
             n);
    drv_sql(drv, sql);
    drv_restart(drv);
    drv_run(drv, 500, true);
    assert_int_equal(at(drv, "UZ@x.example"), n);
    steps(drv);
    if (is_stopped)
        report(drv, 1, CV_BOUNCE_KIND_COMPLAINT);
    else
        recipient(drv, 1, SECOND);
    int64_t taken = steps(drv);
    if (is_stopped)
        assert_moved(drv, SECOND, 2);
    else
        assert_stays(drv, FOCAL, 2);
    return taken;
}

static void test_others_are_not_walked(void **state)
{
    for (int is_stopped = 0; is_stopped < 2; is_stopped++) {
        int64_t taken[2];
        for (int i = 0; i < 2; i++) {
            drv_t *drv = drv_new();
            taken[i] = cost(drv, i ? MANY : FEW, is_stopped != 0);
            drv_destroy(&drv);
        }
        if (taken[1] > taken[0] + SLACK)
            fail_msg("%lld steps beside %d, %lld beside %d", (long long)taken[0], FEW, (long long)taken[1], MANY);
        assert_true(taken[0] > 0);
    }
    (void)state;
}

static int setup(void **state)
{
    *state = drv_new();
    return 0;
}

static int teardown(void **state)
{
    drv_t *drv = *state;
    drv_destroy(&drv);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recipient, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounce, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_to_move_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_person, setup, teardown),
        cmocka_unit_test_setup_teardown(test_on_its_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_notice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_has_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erased, setup, teardown),
        cmocka_unit_test(test_others_are_not_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
