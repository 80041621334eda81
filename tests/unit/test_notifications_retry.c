/* test_notifications_retry: what the end of an attempt means, when the next one is due, and when a destination is left
 * alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/core_retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static ntf_ladder_t ladder_of(const char *text)
{
    ntf_ladder_t ladder = {.n = 99};
    assert_int_equal(ntf_ladder_read(cv_str(text), &ladder), CV_OK);
    return ladder;
}

static void test_ladder(void **state)
{
    (void)state;
    ntf_ladder_t ladder = ladder_of(NTF_RETRY_DEFAULT);
    assert_int_equal(ladder.n, 9);
    assert_int_equal(ladder.pause_ms[0], 5000);
    assert_int_equal(ladder.pause_ms[8], 24 * 3600000);
    assert_true(ladder.sum_ms >= 72 * INT64_C(3600000));
    assert_int_equal(ladder_of(" 250ms  3m ").sum_ms, 180250);
    static const char *const wrong[] = {"",        " ",
                                        "5",       "s",
                                        "-1s",     "1.5s",
                                        "0s",      "5 s",
                                        "5s,6s",   "31d",
                                        "1w",      "99999999999999999999s",
                                        "1s 2s x", "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ladder.n = 99;
        if (ntf_ladder_read(cv_str(wrong[i]), &ladder) != CV_EINVAL || ladder.n != 99)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void test_each_pause_is_kept_and_scattered(void **state)
{
    (void)state;
    ntf_ladder_t ladder = ladder_of("10s 100s");
    int64_t least = INT64_MAX, most = 0, now_ms = 1000000;
    for (int64_t dispatch = 1; dispatch <= 1000; dispatch++) {
        int64_t at_ms = ntf_retry_at(&ladder, dispatch, 1, now_ms, now_ms, 0) - now_ms;
        assert_int_equal(at_ms, ntf_retry_at(&ladder, dispatch, 1, now_ms, now_ms, 0) - now_ms);
        least = at_ms < least ? at_ms : least;
        most = at_ms > most ? at_ms : most;
        int64_t second_ms = ntf_retry_at(&ladder, dispatch, 2, now_ms, now_ms, 0) - now_ms;
        assert_in_range(second_ms, 100000, 120000);
    }
    assert_in_range(least, 10000, 10100);
    assert_in_range(most, 11900, 12000);
    /* What the other side asks for is kept, where it is longer. */
    assert_int_equal(ntf_retry_at(&ladder, 1, 1, now_ms, now_ms, 50000), now_ms + 50000);
    assert_in_range(ntf_retry_at(&ladder, 1, 2, now_ms, now_ms, 50000), now_ms + 100000, now_ms + 120000);
    /* The last rung, and time. */
    assert_int_equal(ntf_retry_at(&ladder, 1, 3, now_ms, now_ms, 0), 0);
    assert_int_equal(ntf_retry_at(&ladder, 1, 1, now_ms - 132000 - NTF_GRACE_MS, now_ms, 0), 0);
    assert_true(ntf_retry_at(&ladder, 1, 1, now_ms - 131000 - NTF_GRACE_MS, now_ms, 0) > 0);
}

static void test_ends_of_mail(void **state)
{
    (void)state;
    static const struct {
        ntf_transport_t transport;
        ntf_phase_t phase;
        int code;
        cv_delivery_result_t result;
        bool is_final;
        ntf_fault_t fault;
    } rows[] = {
        {NTF_TRANSPORT_OK, NTF_PHASE_MESSAGE, 250, CV_DELIVERY_RESULT_DELIVERED, true, NTF_FAULT_NONE},
        {NTF_TRANSPORT_REFUSED_BY_REPLY, NTF_PHASE_MESSAGE, 550, CV_DELIVERY_RESULT_REFUSED, true, NTF_FAULT_MESSAGE},
        {NTF_TRANSPORT_REFUSED_BY_REPLY, NTF_PHASE_MESSAGE, 451, CV_DELIVERY_RESULT_LATER, false, NTF_FAULT_MESSAGE},
        {NTF_TRANSPORT_REFUSED_BY_REPLY, NTF_PHASE_MESSAGE, 421, CV_DELIVERY_RESULT_FAILED, false, NTF_FAULT_HOST},
        /* What is said before the recipient was named is no verdict about the recipient. */
        {NTF_TRANSPORT_REFUSED_BY_REPLY, NTF_PHASE_HELLO, 550, CV_DELIVERY_RESULT_FAILED, false, NTF_FAULT_HOST},
        /* But the size of the message is told with the sender. */
        {NTF_TRANSPORT_REFUSED_BY_REPLY, NTF_PHASE_HELLO, 552, CV_DELIVERY_RESULT_REFUSED, true, NTF_FAULT_MESSAGE},
        {NTF_TRANSPORT_LOGIN, NTF_PHASE_HELLO, 535, CV_DELIVERY_RESULT_LOGIN, false, NTF_FAULT_HOST},
        {NTF_TRANSPORT_TLS, NTF_PHASE_HELLO, 220, CV_DELIVERY_RESULT_TLS, false, NTF_FAULT_HOST},
        {NTF_TRANSPORT_UNREACHABLE, NTF_PHASE_CONNECT, 0, CV_DELIVERY_RESULT_UNREACHABLE, false, NTF_FAULT_HOST},
        {NTF_TRANSPORT_TIMEOUT, NTF_PHASE_MESSAGE, 250, CV_DELIVERY_RESULT_TIMEOUT, false, NTF_FAULT_HOST},
        {NTF_TRANSPORT_BROKEN, NTF_PHASE_MESSAGE, 354, CV_DELIVERY_RESULT_FAILED, false, NTF_FAULT_HOST},
        {NTF_TRANSPORT_UNUSABLE, NTF_PHASE_CONNECT, 0, CV_DELIVERY_RESULT_UNUSABLE, true, NTF_FAULT_MESSAGE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ntf_end_t end = ntf_end_of_mail(rows[i].transport, rows[i].phase, rows[i].code);
        if (end.result != rows[i].result || end.is_final != rows[i].is_final || end.fault != rows[i].fault)
            fail_msg("row %zu: %s", i, cv_delivery_result_text(end.result));
    }
}

static void test_ends_of_webhooks(void **state)
{
    (void)state;
    static const struct {
        int code;
        int64_t retry_after_s;
        cv_delivery_result_t result;
        bool is_final;
        ntf_fault_t fault;
        int64_t later_ms;
    } rows[] = {
        {200, 0, CV_DELIVERY_RESULT_DELIVERED, true, NTF_FAULT_NONE, 0},
        {204, 0, CV_DELIVERY_RESULT_DELIVERED, true, NTF_FAULT_NONE, 0},
        {410, 0, CV_DELIVERY_RESULT_GONE, true, NTF_FAULT_MESSAGE, 0},
        {404, 0, CV_DELIVERY_RESULT_FAILED, false, NTF_FAULT_ADDRESS, 0},
        {302, 0, CV_DELIVERY_RESULT_FAILED, false, NTF_FAULT_ADDRESS, 0},
        {500, 0, CV_DELIVERY_RESULT_FAILED, false, NTF_FAULT_ADDRESS, 0},
        {429, 7, CV_DELIVERY_RESULT_LATER, false, NTF_FAULT_ADDRESS, 7000},
        {503, 0, CV_DELIVERY_RESULT_LATER, false, NTF_FAULT_ADDRESS, 0},
        {503, INT64_MAX, CV_DELIVERY_RESULT_LATER, false, NTF_FAULT_ADDRESS, NTF_LATER_MAX_MS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ntf_end_t end = ntf_end_of_webhook(NTF_TRANSPORT_OK, NTF_PHASE_HELLO, rows[i].code, rows[i].retry_after_s);
        if (end.result != rows[i].result || end.is_final != rows[i].is_final || end.fault != rows[i].fault ||
            end.later_ms != rows[i].later_ms)
            fail_msg("%d: %s", rows[i].code, cv_delivery_result_text(end.result));
    }
    assert_int_equal(ntf_end_of_webhook(NTF_TRANSPORT_FORBIDDEN, NTF_PHASE_CONNECT, 0, 0).result,
                     CV_DELIVERY_RESULT_FORBIDDEN);
}

/* Who has not even taken the request is away for everybody at its host; who has it and says nothing is one path. */
static void test_silence_of_a_host_and_of_an_address(void **state)
{
    (void)state;
    static const struct {
        ntf_transport_t transport;
        ntf_phase_t phase;
        ntf_fault_t fault;
    } rows[] = {
        {NTF_TRANSPORT_UNREACHABLE, NTF_PHASE_CONNECT, NTF_FAULT_HOST},
        {NTF_TRANSPORT_TLS, NTF_PHASE_CONNECT, NTF_FAULT_HOST},
        {NTF_TRANSPORT_TIMEOUT, NTF_PHASE_CONNECT, NTF_FAULT_HOST},
        {NTF_TRANSPORT_BROKEN, NTF_PHASE_CONNECT, NTF_FAULT_HOST},
        {NTF_TRANSPORT_FORBIDDEN, NTF_PHASE_CONNECT, NTF_FAULT_HOST},
        {NTF_TRANSPORT_TIMEOUT, NTF_PHASE_HELLO, NTF_FAULT_ADDRESS},
        {NTF_TRANSPORT_BROKEN, NTF_PHASE_HELLO, NTF_FAULT_ADDRESS},
        {NTF_TRANSPORT_UNUSABLE, NTF_PHASE_CONNECT, NTF_FAULT_MESSAGE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ntf_end_t end = ntf_end_of_webhook(rows[i].transport, rows[i].phase, 0, 0);
        if (end.fault != rows[i].fault || end.is_contact != (end.fault == NTF_FAULT_ADDRESS))
            fail_msg("row %zu: %d", i, (int)end.fault);
    }
}

/* Closed until NTF_BREAK_AFTER failures; then nothing, then one, whose end decides. */
static void test_breaker(void **state)
{
    (void)state;
    ntf_ladder_t ladder = ladder_of("10s 1h");
    ntf_breaker_t breaker = {.failures = 0};
    ntf_end_t fails = ntf_end_of_webhook(NTF_TRANSPORT_UNREACHABLE, NTF_PHASE_CONNECT, 0, 0),
              good = ntf_end_of_webhook(NTF_TRANSPORT_OK, NTF_PHASE_HELLO, 200, 0);
    ntf_end_t refused = ntf_end_of_mail(NTF_TRANSPORT_REFUSED_BY_REPLY, NTF_PHASE_MESSAGE, 550);
    int64_t now_ms = 1000;
    for (int i = 1; i < NTF_BREAK_AFTER; i++)
        ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms), 4);
    ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms), 0);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms + 9999), 0);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms + 10000), 1);
    now_ms += 10000;
    ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms + 19999), 0);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms + 20000), 1);
    for (int i = 0; i < 50; i++)
        ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    assert_int_equal(breaker.until_ms, now_ms + NTF_BREAK_MAX_MS);
    /* A recipient that is refused shows that the destination is there. */
    ntf_breaker_note(&breaker, &refused, NTF_FAULT_HOST, &ladder, now_ms);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms), 4);
    ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    ntf_breaker_note(&breaker, &good, NTF_FAULT_HOST, &ladder, now_ms);
    ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    ntf_breaker_note(&breaker, &fails, NTF_FAULT_HOST, &ladder, now_ms);
    assert_int_equal(ntf_breaker_room(&breaker, 4, now_ms), 4); /* in a row, not in all */
}

/* What a path says shows that its host is there; that its host is away says nothing of the path. */
static void test_breakers_of_host_and_address(void **state)
{
    (void)state;
    ntf_ladder_t ladder = ladder_of("10s 1h");
    ntf_end_t away = ntf_end_of_webhook(NTF_TRANSPORT_UNREACHABLE, NTF_PHASE_CONNECT, 0, 0),
              fails = ntf_end_of_webhook(NTF_TRANSPORT_OK, NTF_PHASE_HELLO, 500, 0),
              hangs = ntf_end_of_webhook(NTF_TRANSPORT_TIMEOUT, NTF_PHASE_HELLO, 0, 0),
              good = ntf_end_of_webhook(NTF_TRANSPORT_OK, NTF_PHASE_HELLO, 204, 0);
    ntf_breaker_t host = {.failures = 2}, address = {.failures = 2};
    ntf_breaker_note(&host, &hangs, NTF_FAULT_HOST, &ladder, 1);
    assert_int_equal(host.failures, 0); /* it has the request */
    host.failures = 2;
    ntf_breaker_note(&host, &fails, NTF_FAULT_HOST, &ladder, 1);
    assert_int_equal(host.failures, 0);
    ntf_breaker_note(&address, &away, NTF_FAULT_ADDRESS, &ladder, 1);
    assert_int_equal(address.failures, 2);
    ntf_breaker_note(&address, &hangs, NTF_FAULT_ADDRESS, &ladder, 1);
    assert_int_equal(ntf_breaker_room(&address, 4, 2), 0);
    ntf_breaker_note(&address, &good, NTF_FAULT_ADDRESS, &ladder, 1);
    assert_int_equal(ntf_breaker_room(&address, 4, 2), 4);
}

/* So many a minute, evenly; none saved up for later, and none waits for an instant that a clock named before it went back. */
static void test_pace(void **state)
{
    (void)state;
    int64_t paced_ms = 0, taken = 0;
    for (int64_t ms = 1000; ms < 61000; ms++)
        taken += ntf_pace(240, ms, &paced_ms);
    assert_int_equal(taken, 240);
    assert_true(ntf_pace(240, 900000, &paced_ms));
    assert_false(ntf_pace(240, 900001, &paced_ms));
    assert_false(ntf_pace(240, 900249, &paced_ms));
    assert_true(ntf_pace(240, 900250, &paced_ms));
    assert_false(ntf_pace(240, 1000, &paced_ms)); /* the clock went back */
    assert_true(ntf_pace(240, 1250, &paced_ms));
    assert_true(ntf_pace(0, 1251, &paced_ms) && ntf_pace(0, 1251, &paced_ms));
    assert_true(ntf_pace(7, 100000, &paced_ms)); /* never more than it says: 60000 / 7 is no whole number */
    assert_false(ntf_pace(7, 100000 + 8571, &paced_ms));
    assert_true(ntf_pace(7, 100000 + 8572, &paced_ms));
}

/* A destination is left alone as long as it would have been. */
static void test_clock_that_steps_back(void **state)
{
    (void)state;
    ntf_ladder_t ladder;
    ntf_breaker_t breaker = {.failures = NTF_BREAK_AFTER, .until_ms = 90000000};
    assert_int_equal(ntf_ladder_read(CV_STR("1s 2h"), &ladder), CV_OK);
    assert_int_equal(ntf_retry_longest_ms(&ladder), (int64_t)NTF_LATER_MAX_MS / 5 * 6);
    assert_int_equal(ntf_ladder_read(CV_STR("1s 3d"), &ladder), CV_OK);
    assert_int_equal(ntf_retry_longest_ms(&ladder), 3 * 86400000LL / 5 * 6);
    ntf_breaker_set_back(&breaker, 86400000);
    assert_int_equal(breaker.until_ms, 3600000);
    assert_int_equal(ntf_breaker_room(&breaker, 4, 3599999), 0);
    assert_int_equal(ntf_breaker_room(&breaker, 4, 3600000), 1);
    breaker = (ntf_breaker_t){.failures = 1};
    ntf_breaker_set_back(&breaker, 86400000);
    assert_int_equal(breaker.until_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_each_pause_is_kept_and_scattered),
        cmocka_unit_test(test_ends_of_mail),
        cmocka_unit_test(test_ends_of_webhooks),
        cmocka_unit_test(test_silence_of_a_host_and_of_an_address),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_breakers_of_host_and_address),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_clock_that_steps_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
