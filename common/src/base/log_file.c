/* log_file: see log_file.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log_file.h"

#include "convene/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0600, NUMBER = 16 /* octets of ".new" or of a number */ };

/* Set once, before threads; turn is for those that find the file full. */
static struct {
    char path[PATH_MAX];
    int64_t max_bytes;
    int keep;
    pthread_mutex_t turn;
} s_file = {.turn = PTHREAD_MUTEX_INITIALIZER};

static int s_open(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, MODE);
}

/* Under both descriptors, which are there whatever happens. */
static void s_put_under(int fd)
{
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    if (fd > STDERR_FILENO)
        (void)close(fd);
}

int cv_log_file(const char *directory, const char *service, int64_t max_bytes, int keep, char *ret_error,
                size_t error_size)
{
    int len = snprintf(s_file.path, sizeof s_file.path - NUMBER, "%s/%s.log", directory, service);
    int fd = len < (int)(sizeof s_file.path - NUMBER) ? s_open(s_file.path) : -1;
    if (fd < 0) {
        (void)snprintf(ret_error, error_size, "cannot write %s/%s.log: %s", directory, service,
                       strerror(len < (int)(sizeof s_file.path - NUMBER) ? errno : ENAMETOOLONG));
        s_file.path[0] = '\0';
        return CV_EIO;
    }
    s_file.max_bytes = max_bytes;
    s_file.keep = keep;
    s_put_under(fd);
    return CV_OK;
}

static void s_name(char name[PATH_MAX], int number)
{
    (void)snprintf(name, PATH_MAX, number ? "%s.%d" : "%s", s_file.path, number);
}

static void s_turn(void)
{
    char from[PATH_MAX], to[PATH_MAX], fresh[PATH_MAX];
    (void)snprintf(fresh, sizeof fresh, "%s.new", s_file.path);
    (void)unlink(fresh); /* of a turn that was interrupted: nothing was written to it */
    int fd = s_open(fresh);
    if (fd < 0)
        return;
    bool out_of_the_way = false;
    for (int i = s_file.keep; i > 0; i--) {
        s_name(from, i - 1);
        s_name(to, i);
        out_of_the_way = rename(from, to) == 0; /* over the oldest; an older one that is not there leaves a gap */
    }
    s_name(from, 1);
    s_name(to, 0);
    if (out_of_the_way && rename(fresh, to) == 0) {
        s_put_under(fd);
        return;
    }
    if (out_of_the_way)
        (void)rename(from, to); /* back, or the next line would push all of them on by one */
    (void)unlink(fresh);
    (void)close(fd);
}

void cv_log_file_look(void)
{
    struct stat info;
    if (!s_file.path[0] || fstat(STDERR_FILENO, &info) || info.st_size < s_file.max_bytes)
        return;
    (void)pthread_mutex_lock(&s_file.turn); /* who comes meanwhile waits, or would go on filling the old file */
    if (fstat(STDERR_FILENO, &info) == 0 && info.st_size >= s_file.max_bytes) /* not turned meanwhile */
        s_turn();
    (void)pthread_mutex_unlock(&s_file.turn);
}
