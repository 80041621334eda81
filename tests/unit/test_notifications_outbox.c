/* test_notifications_outbox: files that are complete or not there, and what goes wrong with a folder.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/outbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    char root[64], folder[80];
    int fd;
} place_t;

static int setup(void **state)
{
    static place_t place;
    snprintf(place.root, sizeof(place.root), "/tmp/convene-outbox-XXXXXX");
    if (!mkdtemp(place.root))
        return -1;
    snprintf(place.folder, sizeof(place.folder), "%s/outbox", place.root);
    place.fd = -1;
    *state = &place;
    return ntf_outbox_open(place.folder, &place.fd);
}

static int remove_all(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return unlink(path);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char child[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        remove_all(child);
    }
    closedir(directory);
    return rmdir(path);
}

static int teardown(void **state)
{
    place_t *place = *state;
    close(place->fd);
    return remove_all(place->root);
}

static void assert_holds(place_t *place, const char *name, const char *expected)
{
    char bytes[256] = "";
    int fd = openat(place->fd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, bytes, sizeof(bytes) - 1);
    close(fd);
    assert_int_equal((size_t)n, strlen(expected));
    assert_string_equal(bytes, expected);
}

static size_t count(place_t *place)
{
    size_t n = 0;
    DIR *directory = opendir(place->folder);
    for (struct dirent *entry; (entry = readdir(directory));)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return n;
}

static void test_put_and_put_again(void **state)
{
    place_t *place = *state;
    assert_int_equal(ntf_outbox_put(place->fd, "a.1.KZ", CV_STR("one\r\n")), CV_OK);
    assert_int_equal(ntf_outbox_sync(place->fd), CV_OK);
    assert_holds(place, "a.1.KZ.eml", "one\r\n");
    assert_int_equal(ntf_outbox_put(place->fd, "a.1.KZ", CV_STR("one\r\n")), CV_OK);
    assert_holds(place, "a.1.KZ.eml", "one\r\n");
    assert_int_equal(count(place), 1);
    struct stat status;
    assert_int_equal(fstatat(place->fd, "a.1.KZ.eml", &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(place->folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

/* What a cut-off attempt left must not be written through, be it a link to something of value. */
static void test_leftovers(void **state)
{
    place_t *place = *state;
    char precious[128];
    snprintf(precious, sizeof(precious), "%s/precious", place->root);
    int fd = open(precious, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "gold", 4), 4);
    close(fd);
    assert_int_equal(symlinkat("../precious", place->fd, ".n.tmp"), 0);
    assert_int_equal(ntf_outbox_put(place->fd, "n", CV_STR("new")), CV_OK);
    assert_holds(place, "n.eml", "new");
    assert_holds(place, "../precious", "gold");
    assert_int_equal(count(place), 1);
}

static void test_one_name_is_taken(void **state)
{
    place_t *place = *state;
    assert_int_equal(mkdirat(place->fd, "n.eml", 0700), 0);
    assert_int_equal(ntf_outbox_put(place->fd, "n", CV_STR("x")), CV_EINVAL);
    assert_int_equal(ntf_outbox_put(place->fd, "m", CV_STR("x")), CV_OK);
    assert_int_equal(count(place), 2); /* no temporary file is left */
    char name[300];
    memset(name, 'a', sizeof(name));
    name[252] = '\0';
    assert_int_equal(ntf_outbox_put(place->fd, name, CV_STR("x")), CV_EINVAL);
    name[251] = '\0'; /* 255 octets with its ending, but not with that of the temporary file */
    assert_int_equal(ntf_outbox_put(place->fd, name, CV_STR("x")), CV_EINVAL);
    assert_int_equal(count(place), 2);
}

/* A file that may not grow stands for a disk that is full: nothing half-written gets its name. */
static void test_no_room(void **state)
{
    place_t *place = *state;
    struct rlimit before, small = {4, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = ntf_outbox_put(place->fd, "n", CV_STR("more than four"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, CV_EFULL);
    assert_int_equal(count(place), 0);
    assert_int_equal(ntf_outbox_put(place->fd, "n", CV_STR("more than four")), CV_OK);
    assert_holds(place, "n.eml", "more than four");
}

static void test_no_folder(void **state)
{
    place_t *place = *state;
    int fd = -7;
    char path[128];
    snprintf(path, sizeof(path), "%s/absent/outbox", place->root);
    assert_int_equal(ntf_outbox_open(path, &fd), CV_EUNAVAIL);
    snprintf(path, sizeof(path), "%s/file", place->root);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(ntf_outbox_open(path, &fd), CV_EUNAVAIL);
    assert_int_equal(fd, -7);
    remove_all(place->folder);
    assert_int_equal(ntf_outbox_put(place->fd, "n", CV_STR("x")), CV_EUNAVAIL);
}

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_put_and_put_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leftovers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_name_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_folder, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
