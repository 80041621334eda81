/* test_notify: what a supervisor hears, on a real socket, and that without one nothing is said.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/notify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char s_folder[] = "/tmp/convene-notify-XXXXXX";

static int s_setup(void **state)
{
    (void)state;
    return mkdtemp(s_folder) ? 0 : -1;
}

static int s_teardown(void **state)
{
    (void)state;
    return rmdir(s_folder);
}

/* A supervisor: a socket by this name ('@': in no file system). */
static int s_listen(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    assert_true(len < sizeof address.sun_path);
    memcpy(address.sun_path, name, len);
    if (*name == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
    return fd;
}

/* What was said last and not heard yet; a datagram is there when sendto has returned. */
static void s_heard(int fd, const char *expected)
{
    char text[256];
    ssize_t len = recv(fd, text, sizeof text - 1, 0);
    if (!expected) {
        assert_int_equal(len, -1);
        assert_int_equal(errno, EAGAIN);
        return;
    }
    assert_true(len > 0);
    text[len] = '\0';
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail_msg("heard \"%s\", not \"%s\"", text, expected);
}

static void s_environment(const char *where, const char *usec, const char *pid)
{
    const char *const names[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
    const char *const values[] = {where, usec, pid};
    for (int i = 0; i < 3; i++)
        assert_int_equal(values[i] ? setenv(names[i], values[i], 1) : unsetenv(names[i]), 0);
}

static void s_life(const char *name)
{
    cv_notify_t notify;
    int fd = s_listen(name);
    s_environment(name, "4000000", NULL);
    cv_notify_open(&notify);
    assert_null(getenv("NOTIFY_SOCKET")); /* children are not us */
    assert_null(getenv("WATCHDOG_USEC"));
    s_heard(fd, NULL);
    cv_notify_ready(&notify);
    s_heard(fd, "READY=1\n");
    assert_int_equal(cv_notify_beat(&notify, 1000), 2000);
    s_heard(fd, "WATCHDOG=1");
    assert_int_equal(cv_notify_beat(&notify, 2999), 1);
    s_heard(fd, NULL);
    assert_int_equal(cv_notify_beat(&notify, 3000), 2000);
    s_heard(fd, "WATCHDOG=1");
    assert_int_equal(cv_notify_beat(&notify, 99000), 2000); /* late: once, not to make up for it */
    s_heard(fd, "WATCHDOG=1");
    s_heard(fd, NULL);
    cv_notify_stopping(&notify);
    s_heard(fd, "STOPPING=1\n");
    close(fd);
    if (*name == '/')
        unlink(name);
    cv_notify_ready(&notify); /* it is gone: we go on */
    assert_int_equal(cv_notify_beat(&notify, 200000), 2000);
    cv_notify_close(&notify);
    cv_notify_close(&notify);
}

static void test_heard(void **state)
{
    (void)state;
    char name[96];
    snprintf(name, sizeof name, "%s/socket", s_folder);
    s_life(name);
    snprintf(name, sizeof name, "@convene-notify-%ld", (long)getpid());
    s_life(name);
}

static void s_silent(const char *where, const char *usec, const char *pid)
{
    cv_notify_t notify;
    s_environment(where, usec, pid);
    cv_notify_open(&notify);
    cv_notify_ready(&notify);
    assert_true(cv_notify_beat(&notify, 5) == INT64_MAX);
    cv_notify_stopping(&notify);
    cv_notify_close(&notify);
}

static void test_not_asked(void **state)
{
    (void)state;
    char name[96], other[32], mine[32], longer[300];
    snprintf(name, sizeof name, "%s/socket", s_folder);
    snprintf(other, sizeof other, "%ld", (long)getpid() + 1);
    snprintf(mine, sizeof mine, "%ld", (long)getpid());
    memset(longer, 'x', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    s_silent(NULL, "4000000", NULL);
    s_silent("", "4000000", NULL);
    s_silent("/", "4000000", NULL);
    s_silent("relative", "4000000", NULL);
    s_silent(longer, "4000000", NULL);
    int fd = s_listen(name);
    const char *const wrong[] = {NULL, "", "0", "1999", "-4000000", "4s", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s_silent(name, wrong[i], NULL);
        s_heard(fd, "READY=1\n");
        s_heard(fd, "STOPPING=1\n");
    }
    s_silent(name, "4000000", other); /* the watchdog of another process */
    s_heard(fd, "READY=1\n");
    s_heard(fd, "STOPPING=1\n");
    s_heard(fd, NULL);
    cv_notify_t notify;
    s_environment(name, "4000000", mine);
    cv_notify_open(&notify);
    assert_int_equal(cv_notify_beat(&notify, 7), 2000);
    s_heard(fd, "WATCHDOG=1");
    cv_notify_close(&notify);
    close(fd);
    unlink(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_heard), cmocka_unit_test(test_not_asked)};
    return cmocka_run_group_tests(tests, s_setup, s_teardown);
}
