/* outbox: a folder in which each notice is one file, complete or not there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "notifications/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_ROOM = 256 };

static int s_translate(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return CV_EFULL;
    case EISDIR:
    case ENOTEMPTY:
    case EEXIST:
    case ENAMETOOLONG:
    case ELOOP:
        return CV_EINVAL;
    default:
        return CV_EUNAVAIL;
    }
}

int ntf_outbox_open(const char *path, int *ret_fd)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return s_translate(errno) == CV_EFULL ? CV_EFULL : CV_EUNAVAIL;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return CV_EUNAVAIL;
    *ret_fd = fd;
    return CV_OK;
}

static int s_write_all(int fd, cv_str_t bytes)
{
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? s_translate(errno) : CV_EUNAVAIL;
        at += (size_t)n;
    }
    return CV_OK;
}

int ntf_outbox_put(int folder_fd, const char *name, cv_str_t bytes)
{
    char file[NAME_ROOM], temporary[NAME_ROOM];
    int len = snprintf(file, sizeof(file), "%s.eml", name);
    if (len < 0 || (size_t)len >= sizeof(file) ||
        (size_t)snprintf(temporary, sizeof(temporary), ".%s.tmp", name) >= sizeof(temporary))
        return CV_EINVAL;
    /* A leftover of an attempt that was cut off, whatever it is, must not be written through. */
    if (unlinkat(folder_fd, temporary, 0) && errno != ENOENT)
        return s_translate(errno);
    int fd = openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return s_translate(errno);
    int rc = s_write_all(fd, bytes);
    if (!rc && fsync(fd))
        rc = s_translate(errno);
    if (close(fd) && !rc)
        rc = s_translate(errno);
    if (!rc && renameat(folder_fd, temporary, folder_fd, file))
        rc = s_translate(errno);
    if (rc)
        (void)unlinkat(folder_fd, temporary, 0); /* gives back the room; else the next attempt does it */
    return rc;
}

bool ntf_outbox_has(int folder_fd, const char *name)
{
    char file[NAME_ROOM];
    struct stat info;
    if ((size_t)snprintf(file, sizeof(file), ".%s.tmp", name) < sizeof(file))
        (void)unlinkat(folder_fd, file, 0);
    return (size_t)snprintf(file, sizeof(file), "%s.eml", name) < sizeof(file) &&
           !fstatat(folder_fd, file, &info, AT_SYMLINK_NOFOLLOW);
}

int ntf_outbox_drop(int folder_fd, const char *name)
{
    char file[NAME_ROOM];
    if ((size_t)snprintf(file, sizeof(file), "%s.eml", name) >= sizeof(file))
        return CV_EINVAL;
    return unlinkat(folder_fd, file, 0) && errno != ENOENT ? s_translate(errno) : CV_OK;
}

int ntf_outbox_sync(int folder_fd)
{
    return fsync(folder_fd) ? s_translate(errno) : CV_OK;
}
