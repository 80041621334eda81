/* test_dashboard_link: what waits between the threads is bounded in octets, and who was refused hears when there is room.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

static bool s_is_readable(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return poll(&one, 1, 0) == 1;
}

static dash_batch_t *s_batch(size_t bytes)
{
    char *text = calloc(1, bytes + 1);
    dash_batch_t *batch = dash_batch_new(false);
    assert_non_null(text);
    memset(text, 'x', bytes);
    json_t *value = json_pack("{s:s}", "text", text);
    assert_int_equal(dash_batch_add(batch, "event", "E1", value), CV_OK);
    json_decref(value);
    free(text);
    return batch;
}

static void test_bounded_in_octets(void **state)
{
    enum { BYTES = 300 * 1024, ALL = 40 };
    dash_link_t *link;
    size_t waiting = 0, told = 0, refused = 0;
    (void)state;
    assert_int_equal(dash_link_new(&link), CV_OK);
    for (int i = 0; i < ALL; i++) {
        dash_batch_t *batch = s_batch(BYTES);
        int rc = dash_link_post(link, &batch);
        assert_true(rc == CV_OK || rc == CV_EAGAIN);
        refused += rc == CV_EAGAIN;
        waiting += rc == CV_OK;
        assert_true(rc == CV_EAGAIN || !batch);
        dash_batch_destroy(&batch);
    }
    assert_true(refused > ALL / 2);
    assert_true(dash_link_is_full(link));
    assert_true(waiting * BYTES <= DASH_LINK_BYTES + BYTES);
    assert_false(s_is_readable(dash_link_wake_fd(link)));
    /* With room there is a call, once. */
    dash_batch_t *batch = NULL;
    while (!s_is_readable(dash_link_wake_fd(link))) {
        batch = dash_link_take(link);
        assert_non_null(batch);
        dash_batch_destroy(&batch);
        told++;
    }
    assert_true(told < waiting);
    assert_false(dash_link_is_full(link));
    dash_link_woken(link);
    assert_false(s_is_readable(dash_link_wake_fd(link)));
    while ((batch = dash_link_take(link)))
        dash_batch_destroy(&batch);
    assert_false(s_is_readable(dash_link_wake_fd(link)));
    /* One that is larger than all that may wait goes, too: the view whole. */
    batch = s_batch(2 * DASH_LINK_BYTES);
    assert_int_equal(dash_link_post(link, &batch), CV_OK);
    batch = s_batch(1);
    assert_int_equal(dash_link_post(link, &batch), CV_EAGAIN);
    dash_batch_destroy(&batch);
    batch = dash_link_take(link);
    dash_batch_destroy(&batch);
    assert_true(s_is_readable(dash_link_wake_fd(link)));
    dash_link_woken(link);
    /* Who only asked is called, too: it has something to tell, and has made no batch of it. */
    batch = s_batch(2 * DASH_LINK_BYTES);
    assert_int_equal(dash_link_post(link, &batch), CV_OK);
    assert_true(dash_link_is_full(link));
    assert_false(s_is_readable(dash_link_wake_fd(link)));
    batch = dash_link_take(link);
    dash_batch_destroy(&batch);
    assert_true(s_is_readable(dash_link_wake_fd(link)));
    assert_false(dash_link_is_full(link));
    dash_link_destroy(&link);
}

/* Very many small ones fill the pipe before they are so many octets. */
static void test_bounded_in_number(void **state)
{
    dash_link_t *link;
    dash_batch_t *batch = NULL;
    size_t n = 0;
    int rc = CV_OK;
    (void)state;
    assert_int_equal(dash_link_new(&link), CV_OK);
    for (; rc == CV_OK && n < 100000; n++) {
        batch = s_batch(1);
        rc = dash_link_post(link, &batch);
    }
    dash_batch_destroy(&batch);
    assert_int_equal(rc, CV_EAGAIN);
    batch = dash_link_take(link);
    dash_batch_destroy(&batch);
    assert_true(s_is_readable(dash_link_wake_fd(link)));
    dash_link_destroy(&link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bounded_in_octets),
                                       cmocka_unit_test(test_bounded_in_number)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
