/* test_requester_answers: which answers end a request, and which do not.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "requester_world.h"

static void test_busy(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    w->retry_after_ms = 3000;
    entry_t *entry = submit(w, 0);
    entry->busy = 2;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 1000 + 2900);
    assert_int_equal(1, w->sends); /* asked to wait, so it waits */
    /* A service that comes back does not cut that short. */
    cv_requester_ready(w->requester, w->now_ms, false);
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, w->now_ms + 50);
    assert_int_equal(1, w->sends);
    run_until(w, 1000 + 20000);
    assert_int_equal(1, entry->done);
    assert_int_equal(3, w->sends);
    assert_int_equal(2, cv_requester_stats(w->requester)->deferred);
    assert_int_equal(CV_OUTCOME_CLASS_REJECTED, entry->done_class);
    world_destroy(w);
}

/* BUSY until the deadline: no outcome, but the caller hears why. */
static void test_busy_until_deadline(void **state)
{
    (void)state;
    world_t *w = world_new(0, 0, 5);
    entry_t *entry = submit(w, 4000);
    entry->busy = 1000;
    cv_requester_ready(w->requester, w->now_ms, true);
    run_until(w, 10000);
    assert_int_equal(1, entry->done);
    assert_int_equal(CV_ETIMEOUT, entry->done_rc);
    assert_true(entry->done_class == CV_OUTCOME_CLASS_BUSY || entry->done_class == CV_OUTCOME_CLASS_UNAVAILABLE);
    assert_int_equal(1, cv_requester_stats(w->requester)->timeouts);
    assert_in_range(w->sends, 3, 8);
    world_destroy(w);
}

/* NOTFOUND and INTERNAL are not remembered: once there are two copies, the other one may be decided. */
static void test_passing_outcomes(void **state)
{
    (void)state;
    static const cv_outcome_class_t passing[] = {CV_OUTCOME_CLASS_NOTFOUND, CV_OUTCOME_CLASS_INTERNAL};
    static const cv_outcome_class_t final[] = {CV_OUTCOME_CLASS_OK,      CV_OUTCOME_CLASS_REJECTED,
                                               CV_OUTCOME_CLASS_DENIED,  CV_OUTCOME_CLASS_INVALID,
                                               CV_OUTCOME_CLASS_EXPIRED, CV_OUTCOME_CLASS_CONFLICT};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        entry_t *entry;
        world_t *w = world_sent(0, 1, &entry); /* one copy: there is no other answer to come */
        hear(w, entry, passing[i]);
        assert_int_equal(1, entry->done);
        assert_int_equal(passing[i], entry->done_class);
        world_destroy(w);

        for (size_t k = 0; k < sizeof final / sizeof *final; k++) {
            w = world_sent(0, 2, &entry);
            hear(w, entry, passing[i]);
            hear(w, entry, passing[1 - i]);
            assert_int_equal(0, entry->done);
            run_until(w, w->now_ms + 1000); /* and it is asked again, also when nothing more comes */
            assert_in_range(w->sends, 3, 5);
            hear(w, entry, final[k]);
            assert_int_equal(1, entry->done);
            assert_int_equal(CV_OK, entry->done_rc);
            assert_int_equal(final[k], entry->done_class);
            assert_int_equal(2, cv_requester_stats(w->requester)->deferred);
            world_destroy(w);
        }

        /* The deadline: the last that was heard, not a timeout. */
        w = world_sent(4000, 2, &entry);
        hear(w, entry, passing[1 - i]);
        hear(w, entry, CV_OUTCOME_CLASS_BUSY);
        hear(w, entry, passing[i]);
        run_until(w, 4999);
        assert_int_equal(0, entry->done);
        run_until(w, 6000);
        assert_int_equal(1, entry->done);
        assert_int_equal(CV_OK, entry->done_rc);
        assert_int_equal(passing[i], entry->done_class);
        assert_in_range(entry->done_ms, 5000, 5001);
        assert_int_equal(0, cv_requester_stats(w->requester)->timeouts);
        assert_int_equal(1, cv_requester_stats(w->requester)->answered);
        world_destroy(w);

        /* Giving up is a deadline now; and BUSY as the last word leaves the rest unknown. */
        w = world_sent(0, 2, &entry);
        hear(w, entry, passing[i]);
        cv_requester_give_up(w->requester, w->now_ms);
        assert_int_equal(passing[i], entry->done_class);
        assert_int_equal(CV_OK, entry->done_rc);
        assert_int_equal(0, cv_requester_pending(w->requester));
        world_destroy(w);
        w = world_sent(0, 2, &entry);
        hear(w, entry, passing[i]);
        hear(w, entry, CV_OUTCOME_CLASS_BUSY);
        cv_requester_give_up(w->requester, w->now_ms);
        assert_int_equal(CV_OUTCOME_CLASS_BUSY, entry->done_class);
        assert_int_equal(CV_ETIMEOUT, entry->done_rc);
        world_destroy(w);

        /* Forgotten and destroyed while one is kept. */
        w = world_sent(0, 2, &entry);
        hear(w, entry, passing[i]);
        cv_requester_cancel(w->requester, cv_str(entry->id));
        entry = submit(w, 0);
        run_until(w, w->now_ms + 2000);
        hear(w, entry, passing[i]);
        assert_int_equal(0, w->done_n);
        world_destroy(w);
    }
}

/* Everything at once: each request gets one answer, equal bytes, one decision; twice the same seed gives the same. */
static void test_storm(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        uint64_t totals[2][3];
        for (int run = 0; run < 2; run++) {
            world_t *w = world_new(32, 0, seed);
            w->loss_percent = 25;
            w->repeat_percent = 20;
            w->delay_max_ms = 700; /* longer than the first delay: repetitions overtake */
            w->retry_after_ms = 400;
            for (int i = 0; i < 300; i++)
                submit(w, 0)->busy = draw(w, 10) == 0 ? 2 : 0;
            cv_requester_ready(w->requester, w->now_ms, true);
            for (int i = 0; i < 300 && w->done_n < 300; i++) {
                run_until(w, w->now_ms + 1000);
                if (i % 7 == 3) {
                    cv_requester_ready(w->requester, w->now_ms, false);
                    run_until(w, w->now_ms + 300);
                    cv_requester_ready(w->requester, w->now_ms, true);
                }
            }
            assert_int_equal(300, w->done_n);
            for (size_t i = 0; i < 300; i++) {
                assert_int_equal(1, w->entries[i].done);
                assert_int_equal(1, w->entries[i].decided);
            }
            const cv_requester_stats_t *stats = cv_requester_stats(w->requester);
            assert_int_equal(300, stats->answered);
            assert_int_equal(stats->sent, 300 + stats->resent);
            totals[run][0] = stats->sent;
            totals[run][1] = stats->strays;
            totals[run][2] = (uint64_t)w->now_ms;
            world_destroy(w);
        }
        assert_memory_equal(totals[0], totals[1], sizeof totals[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_busy_until_deadline),
        cmocka_unit_test(test_passing_outcomes),
        cmocka_unit_test(test_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
