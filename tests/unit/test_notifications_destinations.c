/* test_notifications_destinations: who has room at a host beside others that fail, hang or are new; and for how long one is left alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/destinations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FAR_MS = 1000000 };

static const ntf_ladder_t s_ladder = {.pause_ms = {5000, 300000}, .n = 2, .sum_ms = 305000};
static const ntf_end_t s_good = {.result = CV_DELIVERY_RESULT_DELIVERED, .is_final = true, .is_contact = true},
                       s_fails = {.result = CV_DELIVERY_RESULT_FAILED, .fault = NTF_FAULT_ADDRESS, .is_contact = true},
                       s_hangs = {.result = CV_DELIVERY_RESULT_TIMEOUT, .fault = NTF_FAULT_ADDRESS, .is_contact = true},
                       s_away = {.result = CV_DELIVERY_RESULT_UNREACHABLE, .fault = NTF_FAULT_HOST};

static ntf_destinations_t *made(int64_t mail_rate, int64_t webhook_rate)
{
    ntf_destinations_t *destinations;
    assert_int_equal(ntf_destinations_new(&s_ladder, mail_rate, webhook_rate, &destinations), CV_OK);
    return destinations;
}

static ntf_target_t target(int64_t number, const char *host, const char *address)
{
    return (ntf_target_t){.dispatch = number, .host = host, .address = cv_str(address)};
}

static bool goes(ntf_destinations_t *destinations, ntf_target_t one, int64_t now_ms)
{
    int64_t at_ms;
    if (ntf_destination_ask(destinations, &one, now_ms, &at_ms) != NTF_GO)
        return false;
    ntf_destination_begin(destinations, &one, now_ms);
    return true;
}

static ntf_breakers_t ends(ntf_destinations_t *destinations, ntf_target_t one, ntf_end_t end, int64_t now_ms)
{
    return ntf_destination_end(destinations, &one, &end, now_ms);
}

/* As many paths as one likes hang for ever, new ones and known ones: who has been reached goes at once, each time. */
static void test_living_beside_hanging_paths_of_one_host(void **state)
{
    (void)state;
    enum { PATHS = 200, TIMEOUT_MS = 10000 };
    ntf_destinations_t *destinations = made(0, 0);
    char paths[PATHS][32];
    int64_t since_ms[PATHS] = {0}, due_ms[PATHS] = {0}, attempts[PATHS] = {0};
    ntf_target_t living = target(1, "https://gateway", "https://gateway/living");
    assert_true(goes(destinations, living, 1));
    ends(destinations, living, s_good, 2);
    int hanging = 0, most = 0;
    for (int i = 0; i < PATHS; i++)
        snprintf(paths[i], sizeof(paths[i]), "https://gateway/%d", i);
    for (int64_t now_ms = 1000; now_ms < 300000; now_ms += 50) {
        for (int i = 0; i < PATHS; i++) {
            ntf_target_t one = target(100 + i, "https://gateway", paths[i]);
            if (since_ms[i] && now_ms >= since_ms[i] + TIMEOUT_MS) {
                ends(destinations, one, s_hangs, now_ms);
                since_ms[i] = 0;
                due_ms[i] = now_ms + 5000;
                hanging--;
            }
            if (!since_ms[i] && now_ms >= due_ms[i] && goes(destinations, one, now_ms)) {
                since_ms[i] = now_ms;
                hanging++;
                attempts[i]++;
            }
        }
        most = hanging > most ? hanging : most;
        assert_true(goes(destinations, living, now_ms)); /* asks last */
        ends(destinations, living, s_good, now_ms);
    }
    /* They have some of the room, never its last place, and none of them is forgotten. */
    assert_int_equal(most, NTF_ROOM_HOST - 1);
    for (int i = 0; i < PATHS; i++)
        assert_true(attempts[i] > 0);
    ntf_destinations_free(&destinations);
}

/* Four paths answer 500, three times and more each: theirs are left alone, the fifth of the same host is not. */
static void test_failing_paths_open_no_breaker_of_their_host(void **state)
{
    (void)state;
    ntf_destinations_t *destinations = made(0, 0);
    static const char *const paths[] = {"https://h/a", "https://h/b", "https://h/c", "https://h/d"};
    int64_t now_ms = 1000, at_ms;
    for (int round = 1; round <= NTF_BREAK_AFTER; round++) {
        for (int i = 0; i < 4; i++) {
            ntf_target_t one = target(i, "https://h", paths[i]);
            assert_true(goes(destinations, one, now_ms));
            ntf_breakers_t changed = ends(destinations, one, s_fails, now_ms);
            assert_int_equal(changed.address_opened, round == NTF_BREAK_AFTER);
            assert_false(changed.host_opened);
        }
    }
    assert_int_equal(ntf_destinations_left_alone(destinations), 4);
    ntf_target_t one = target(0, "https://h", paths[0]), living = target(9, "https://h", "https://h/living");
    assert_int_equal(ntf_destination_ask(destinations, &one, now_ms, &at_ms), NTF_LEFT);
    assert_int_equal(at_ms, now_ms + 5000);
    assert_true(goes(destinations, living, now_ms));
    ends(destinations, living, s_good, now_ms);
    /* The clock goes back: it is left alone as long as it would have been. */
    ntf_destinations_set_back(destinations, 900);
    assert_int_equal(ntf_destination_ask(destinations, &one, now_ms - 900, &at_ms), NTF_LEFT);
    assert_int_equal(at_ms, now_ms - 900 + 5000);
    assert_true(goes(destinations, one, now_ms - 900 + 5000));
    assert_true(ends(destinations, one, s_good, now_ms + 5000).address_closed);
    assert_int_equal(ntf_destinations_left_alone(destinations), 3);
    ntf_destinations_free(&destinations);
}

/* A host that is away is left alone with all its paths; another port is another host. */
static void test_host_that_is_away(void **state)
{
    (void)state;
    ntf_destinations_t *destinations = made(0, 0);
    ntf_target_t a = target(1, "https://h", "https://h/a"), b = target(2, "https://h", "https://h/b");
    int64_t at_ms;
    for (int i = 1; i <= NTF_BREAK_AFTER; i++) {
        assert_true(goes(destinations, a, 1000));
        assert_int_equal(ends(destinations, a, s_away, 1000).host_opened, i == NTF_BREAK_AFTER);
    }
    assert_int_equal(ntf_destination_ask(destinations, &b, 1000, &at_ms), NTF_LEFT);
    assert_int_equal(at_ms, 6000);
    assert_true(goes(destinations, target(3, "https://h:8443", "https://h:8443/a"), 1000));
    assert_true(goes(destinations, b, 6000)); /* one is let through, and no second one beside it */
    assert_int_equal(ntf_destination_ask(destinations, &a, 6000, &at_ms), NTF_WAIT);
    assert_true(ends(destinations, b, s_fails, 6100).host_closed); /* it answers, whatever it says */
    assert_true(goes(destinations, a, 6100));
    ntf_destinations_free(&destinations);
}

/* A host comes back, and the first path that is tried has the request and says nothing: the others wait for it no more. */
static void test_host_that_comes_back_with_a_hanging_path(void **state)
{
    (void)state;
    enum { TIMEOUT_MS = 30000 };
    ntf_destinations_t *destinations = made(0, 0);
    ntf_target_t living = target(1, "https://h", "https://h/living"),
                 hanging = target(2, "https://h", "https://h/hangs"),
                 second = target(3, "https://h", "https://h/hangs-too");
    ntf_end_t hangs = ntf_end_of_webhook(NTF_TRANSPORT_TIMEOUT, NTF_PHASE_HELLO, 0, 0),
              breaks = ntf_end_of_webhook(NTF_TRANSPORT_BROKEN, NTF_PHASE_HELLO, 0, 0);
    const ntf_end_t *const silent[] = {&hangs, &breaks};
    int64_t now_ms = 1000;
    for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
        for (int k = 0; k < NTF_BREAK_AFTER; k++) {
            assert_true(goes(destinations, living, now_ms));
            ends(destinations, living, s_away, now_ms);
        }
        now_ms += 5000;
        assert_true(goes(destinations, hanging, now_ms));
        assert_false(goes(destinations, living, now_ms));
        now_ms += TIMEOUT_MS;
        assert_true(ends(destinations, hanging, *silent[i], now_ms).host_closed);
        assert_true(goes(destinations, second, now_ms));
        now_ms += NTF_PROMPT_MS;
        assert_true(goes(destinations, living, now_ms));
        ends(destinations, living, s_good, now_ms);
        ends(destinations, second, s_hangs, now_ms);
    }
    ntf_destinations_free(&destinations);
}

/* Failing ones take every second turn of a rate at most. */
static void test_pace_beside_failing_paths(void **state)
{
    (void)state;
    ntf_destinations_t *destinations = made(0, 60);
    ntf_target_t bad = target(1, "https://h", "https://h/bad"), good = target(2, "https://h", "https://h/good");
    int bads = 0, goods = 0;
    int64_t at_ms;
    bad.has_failed = true;
    for (int64_t now_ms = 100000; now_ms < 220000; now_ms += 100) {
        if (goes(destinations, bad, now_ms)) { /* always asks first */
            ends(destinations, bad, (ntf_end_t){.fault = NTF_FAULT_MESSAGE, .is_contact = true}, now_ms);
            bads++;
        }
        if (goes(destinations, good, now_ms)) {
            ends(destinations, good, s_good, now_ms);
            goods++;
        }
    }
    assert_in_range(goods, 59, 61);
    assert_in_range(bads, 59, 61);
    assert_int_equal(ntf_destination_ask(destinations, &good, 219950, &at_ms), NTF_WAIT);
    assert_in_range(at_ms, 219951, 221000);
    ntf_destinations_free(&destinations);
}

/* Nothing waits for a turn that a clock named before it went back, by a day or by so little that nobody is told. */
static void test_pace_and_a_clock_that_steps_back(void **state)
{
    (void)state;
    enum { EVERY_MS = 1000, DAY_MS = 86400000, LITTLE_MS = 9000 };
    ntf_target_t good = target(1, "https://h", "https://h/good"), bad = target(2, "https://h", "https://h/bad"),
                 mail = {.dispatch = 3, .host = "smtp", .is_mail = true, .address = CV_STR("a@b.example")};
    const ntf_target_t *const all[] = {&good, &bad, &mail};
    bad.has_failed = true;
    for (int told = 0; told <= 1; told++) {
        ntf_destinations_t *destinations = made(60, 60);
        int64_t now_ms = 2 * (int64_t)DAY_MS, back_ms = told ? DAY_MS : LITTLE_MS, at_ms;
        for (size_t i = 0; i < 3; i++) {
            assert_true(goes(destinations, *all[i], now_ms));
            ends(destinations, *all[i], (ntf_end_t){.fault = NTF_FAULT_MESSAGE, .is_contact = true}, now_ms);
            now_ms += i == 0 ? EVERY_MS : 0;
        }
        now_ms -= back_ms;
        if (told)
            ntf_destinations_set_back(destinations, back_ms);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(ntf_destination_ask(destinations, all[i], now_ms, &at_ms), NTF_WAIT);
        assert_int_equal(ntf_destination_ask(destinations, &good, now_ms, &at_ms), NTF_WAIT);
        assert_int_equal(at_ms, now_ms + EVERY_MS);
        assert_false(goes(destinations, good, now_ms + EVERY_MS - 1));
        assert_true(goes(destinations, good, now_ms + EVERY_MS));
        assert_true(goes(destinations, mail, now_ms + EVERY_MS));
        ends(destinations, good, s_good, now_ms + EVERY_MS);
        ends(destinations, mail, s_good, now_ms + EVERY_MS);
        int64_t until_ms = now_ms + 6L * EVERY_MS;
        for (now_ms += EVERY_MS; now_ms < until_ms && !goes(destinations, bad, now_ms); now_ms += 100)
            ;
        assert_true(now_ms < until_ms); /* every second turn */
        ntf_destinations_free(&destinations);
    }
}

/* Many hosts that hang: others have a quarter of the room of all. */
static void test_room_of_all(void **state)
{
    (void)state;
    ntf_destinations_t *destinations = made(0, 0);
    char host[32], path[40];
    int64_t on_way = 0;
    ntf_target_t living = target(1, "https://living", "https://living/a");
    assert_true(goes(destinations, living, 1));
    ends(destinations, living, s_good, 2);
    for (int i = 0; i < 200; i++) {
        snprintf(host, sizeof(host), "https://h%d", i);
        snprintf(path, sizeof(path), "https://h%d/a", i);
        on_way += goes(destinations, target(100 + i, host, path), 1000);
    }
    assert_int_equal(on_way, NTF_ROOM_ALL / 4 * 3);
    assert_true(goes(destinations, living, 1000));
    /* What is abandoned gives its place back. */
    ntf_target_t first = target(100, "https://h0", "https://h0/a");
    ntf_destination_abandon(destinations, &first);
    assert_true(goes(destinations, target(999, "https://h199", "https://h199/a"), 1000));
    ntf_destinations_free(&destinations);
}

static void test_mail_server(void **state)
{
    (void)state;
    ntf_destinations_t *destinations = made(0, 0);
    ntf_target_t mail = {.host = "smtp", .is_mail = true, .address = CV_STR("a@b.example")};
    for (mail.dispatch = 1; mail.dispatch <= NTF_ROOM_MAIL; mail.dispatch++) {
        assert_true(ntf_destinations_mail_has_room(destinations, 1000));
        assert_true(goes(destinations, mail, 1000));
    }
    assert_false(ntf_destinations_mail_has_room(destinations, 1000));
    assert_false(goes(destinations, mail, FAR_MS)); /* mail has no prompt room: so many connections, however long */
    mail.dispatch = 2;
    ends(destinations, mail, s_good, FAR_MS);
    assert_true(ntf_destinations_mail_has_room(destinations, FAR_MS));
    ntf_destinations_free(&destinations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_living_beside_hanging_paths_of_one_host),
        cmocka_unit_test(test_failing_paths_open_no_breaker_of_their_host),
        cmocka_unit_test(test_host_that_is_away),
        cmocka_unit_test(test_host_that_comes_back_with_a_hanging_path),
        cmocka_unit_test(test_pace_beside_failing_paths),
        cmocka_unit_test(test_pace_and_a_clock_that_steps_back),
        cmocka_unit_test(test_room_of_all),
        cmocka_unit_test(test_mail_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
