/* test_keep: the file of unanswered requests: what was put is there after a crash, what was dropped may be.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEXT_MAX = 256, ERROR_MAX = 256 };

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strncpy(folder, "/tmp/cv-keep-XXXXXX", sizeof folder - 1);
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"out.db", "out.db-wal", "out.db-shm", "out.db.lock"};
    char path[TEXT_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static cv_keep_t *open_keep(void)
{
    char path[TEXT_MAX], error[ERROR_MAX] = "";
    cv_keep_t *keep = NULL;
    snprintf(path, sizeof path, "%s/out.db", folder);
    int rc = cv_keep_open(path, &keep, error, sizeof error);
    if (rc != CV_OK)
        fail_msg("%s: %s", cv_error_name(rc), error);
    return keep;
}

/* "id service deadline message;" of all, in order. */
static int append(void *arg, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message)
{
    char *text = arg;
    size_t at = strlen(text);
    snprintf(text + at, TEXT_MAX - at, "%.*s %.*s %lld %.*s;", CV_STR_ARG(id), CV_STR_ARG(service),
             (long long)deadline_ms, CV_STR_ARG(message));
    return CV_OK;
}

static void expect(cv_keep_t *keep, const char *wanted)
{
    char text[TEXT_MAX] = "";
    assert_int_equal(CV_OK, cv_keep_each(keep, append, text));
    assert_string_equal(wanted, text);
}

static void test_put_drop_open(void **state)
{
    (void)state;
    cv_keep_t *keep = open_keep();
    expect(keep, "");
    assert_int_equal(CV_OK, cv_keep_put(keep, CV_STR("a"), CV_STR("registration"), 5, CV_STR("one")));
    assert_int_equal(CV_OK, cv_keep_put(keep, CV_STR("b"), CV_STR("scheduling"), 0, CV_STR("two")));
    assert_int_equal(CV_ECONFLICT, cv_keep_put(keep, CV_STR("a"), CV_STR("registration"), 5, CV_STR("other")));
    expect(keep, "a registration 5 one;b scheduling 0 two;");
    assert_int_equal(CV_OK, cv_keep_drop(keep, CV_STR("a")));
    assert_int_equal(CV_OK, cv_keep_drop(keep, CV_STR("unknown")));
    cv_keep_close(&keep);
    assert_null(keep);
    keep = open_keep();
    expect(keep, "b scheduling 0 two;");
    assert_int_equal(CV_OK, cv_keep_drop(keep, CV_STR("b")));
    cv_keep_close(&keep);
}

static void test_inbox_stays(void **state)
{
    (void)state;
    char first[CV_INBOX_LEN + 1], second[CV_INBOX_LEN + 1];
    cv_keep_t *keep = open_keep();
    assert_int_equal(CV_OK, cv_keep_inbox(keep, "abcdefghijklmnopqrstuvwxyz", first));
    cv_keep_close(&keep);
    keep = open_keep();
    assert_int_equal(CV_OK, cv_keep_inbox(keep, "zyxwvutsrqponmlkjihgfedcba", second));
    assert_string_equal(first, second);
    cv_keep_close(&keep);
}

/* A process that ends without closing: what put accepted is there; the drop behind it came back or not. */
static void test_crash(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cv_keep_t *keep = open_keep();
        int rc = cv_keep_put(keep, CV_STR("c"), CV_STR("registration"), 0, CV_STR("three"));
        rc |= cv_keep_put(keep, CV_STR("d"), CV_STR("registration"), 0, CV_STR("four"));
        rc |= cv_keep_drop(keep, CV_STR("c"));
        rc |= cv_keep_put(keep, CV_STR("e"), CV_STR("registration"), 0, CV_STR("five"));
        rc |= cv_keep_drop(keep, CV_STR("d"));
        _exit(rc == CV_OK ? 0 : 1); /* the last drop is not flushed */
    }
    int result;
    assert_int_equal(child, waitpid(child, &result, 0));
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    cv_keep_t *keep = open_keep();
    expect(keep, "d registration 0 four;e registration 0 five;");
    cv_keep_close(&keep);
}

static int stop(void *arg, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message)
{
    (void)id, (void)service, (void)deadline_ms, (void)message;
    ++*(int *)arg;
    return CV_EBUSY;
}

static void test_each_stops(void **state)
{
    (void)state;
    int seen = 0;
    cv_keep_t *keep = open_keep();
    assert_int_equal(CV_EBUSY, cv_keep_each(keep, stop, &seen));
    assert_int_equal(1, seen);
    expect(keep, "d registration 0 four;e registration 0 five;");
    cv_keep_close(&keep);
}

static void test_taken(void **state)
{
    (void)state;
    char path[TEXT_MAX], error[ERROR_MAX] = "";
    cv_keep_t *keep = open_keep(), *second = NULL;
    snprintf(path, sizeof path, "%s/out.db", folder);
    assert_int_equal(CV_ELOCKED, cv_keep_open(path, &second, error, sizeof error));
    assert_null(second);
    assert_true(strlen(error) > 0);
    cv_keep_close(&keep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_drop_open), cmocka_unit_test(test_inbox_stays), cmocka_unit_test(test_crash),
        cmocka_unit_test(test_each_stops),    cmocka_unit_test(test_taken),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
