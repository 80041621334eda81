/* test_log_file: a log that is a file stays within its bounds and loses no line, whoever writes while it turns.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each case runs in a process of its own: its standard error becomes the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "convene/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES = 4000, WRITERS = 4, MAX = 64 * 1024 };

static char s_folder[64];

static int s_setup(void **state)
{
    (void)state;
    (void)snprintf(s_folder, sizeof(s_folder), "/tmp/cv-log-XXXXXX");
    return mkdtemp(s_folder) ? 0 : -1;
}

static void s_path(char path[128], int number)
{
    (void)snprintf(path, 128, number ? "%s/toy.log.%d" : "%s/toy.log", s_folder, number);
}

static int s_teardown(void **state)
{
    char path[128];
    (void)state;
    for (int i = 0; i < 200; i++) {
        s_path(path, i);
        (void)unlink(path);
    }
    return rmdir(s_folder); /* fails if anything else was left there */
}

static void *s_write(void *arg)
{
    for (int i = 0; i < LINES; i++)
        cv_log(CV_LOG_INFO, "line", cv_kv_int("writer", *(const int *)arg), cv_kv_int("n", i));
    return NULL;
}

/* In a child: WRITERS threads log LINES each. Its exit status. */
static int s_log_much(int64_t max_bytes, int keep)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        static const int numbers[WRITERS] = {0, 1, 2, 3};
        pthread_t threads[WRITERS];
        char error[256];
        if (cv_log_file(s_folder, "toy", max_bytes, keep, error, sizeof(error)))
            _exit(1);
        cv_log_start("toy", CV_LOG_INFO);
        for (size_t i = 0; i < WRITERS; i++)
            if (pthread_create(&threads[i], NULL, s_write, (void *)(uintptr_t)&numbers[i]))
                _exit(2);
        for (size_t i = 0; i < WRITERS; i++)
            (void)pthread_join(threads[i], NULL);
        _exit(printf("said on standard output\n") > 0 && fflush(stdout) == 0 ? 0 : 3);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Reads the files, the oldest first; how many lines of each writer are there, each above the one before. */
static void s_count(int files, size_t found[WRITERS], size_t *ret_said)
{
    int next[WRITERS] = {0};
    memset(found, 0, WRITERS * sizeof(*found));
    *ret_said = 0;
    for (int i = files; i-- > 0;) {
        char path[128], line[512];
        s_path(path, i);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file)) {
            const char *writer = strstr(line, "\"writer\":"), *n = strstr(line, "\"n\":");
            if (!writer || !n) {
                assert_string_equal(line, "said on standard output\n");
                ++*ret_said;
                continue;
            }
            long who = strtol(writer + 9, NULL, 10), number = strtol(n + 4, NULL, 10);
            assert_true(who >= 0 && who < WRITERS);
            assert_true(number >= next[who]);
            assert_int_equal(line[strlen(line) - 1], '\n');
            next[who] = (int)number + 1;
            found[who]++;
        }
        (void)fclose(file);
    }
}

static int s_files(void)
{
    char path[128];
    int n = 0;
    for (s_path(path, 0); access(path, F_OK) == 0; s_path(path, n))
        n++;
    return n;
}

static void test_no_line_is_lost_while_it_turns(void **state)
{
    size_t found[WRITERS], said;
    (void)state;
    assert_int_equal(s_log_much(MAX, 150), 0);
    int files = s_files();
    assert_true(files > 10);
    s_count(files, found, &said);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(found[i], LINES);
    assert_int_equal(said, 1);
}

static void test_it_stays_within_its_bounds(void **state)
{
    char path[128];
    struct stat info;
    (void)state;
    assert_int_equal(s_log_much(MAX, 2), 0);
    assert_int_equal(s_files(), 3);
    for (int i = 0; i < 3; i++) {
        s_path(path, i);
        assert_int_equal(stat(path, &info), 0);
        assert_true(info.st_size < MAX + WRITERS * CV_LOG_LINE_MAX);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
    /* The next process goes on in the same file. */
    assert_int_equal(s_log_much(INT64_C(1) << 40, 2), 0);
    assert_int_equal(s_files(), 3);
    assert_int_equal(stat(path, &info), 0);
}

/* Something is where the older file would go: the log goes on where it is, and nothing goes over it. */
static void test_the_old_file_cannot_be_moved(void **state)
{
    char path[128];
    size_t found[WRITERS], said;
    (void)state;
    s_path(path, 1);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(s_log_much(MAX, 1), 0);
    s_count(1, found, &said);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(found[i], LINES);
    assert_int_equal(said, 1);
    assert_int_equal(rmdir(path), 0);
}

static void test_a_place_that_cannot_be_written(void **state)
{
    char error[256] = "";
    (void)state;
    assert_int_equal(cv_log_file("/nonexistent", "toy", MAX, 2, error, sizeof(error)), CV_EIO);
    assert_string_equal(error, "cannot write /nonexistent/toy.log: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_line_is_lost_while_it_turns, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_it_stays_within_its_bounds, s_setup, s_teardown),
        cmocka_unit_test_setup_teardown(test_the_old_file_cannot_be_moved, s_setup, s_teardown),
        cmocka_unit_test(test_a_place_that_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
