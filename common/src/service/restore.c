/* restore: puts a backup in the place of a database.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Happy path (the runner, --restore): copy the backup beside its place; open the copy as any database is opened, which
 * checks and migrates it; begin its new epoch; close it; only then swap. The swap is one rename, before which the old
 * file, folded together with its WAL, has got a second name. Nothing is ever deleted.
 *
 * Failure modes:
 *   a wrong or damaged backup    found while it is only a copy: the old database has not been touched
 *   killed before the rename     the old database is in its place and whole
 *   killed after it              the restored one is, with its new epoch in it
 *   old database unreadable      its WAL gets the ".before-" name first; it was of no use in its place anyway
 */
#include "service/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, COPY_BYTES = 256 * 1024 };

static int fail(char *ret_error, size_t error_size, const char *what, const char *path)
{
    snprintf(ret_error, error_size, "restore: cannot %s %s: %s", what, path, strerror(errno));
    return errno == ENOSPC ? CV_EFULL : errno == ENOENT ? CV_ENOTFOUND : CV_EIO;
}

static int copy_file(const char *from, const char *to, char *ret_error, size_t error_size)
{
    static char block[COPY_BYTES];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return fail(ret_error, error_size, "read", from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = out < 0 ? fail(ret_error, error_size, "write", to) : CV_OK;
    ssize_t n = 0;
    while (!rc && (n = read(in, block, sizeof block)) > 0)
        for (ssize_t at = 0, put; !rc && at<n; at += put> 0 ? put : 0)
            if ((put = write(out, block + at, (size_t)(n - at))) < 0) /* less than all: the next says why */
                rc = fail(ret_error, error_size, "write", to);
    if (!rc && n < 0)
        rc = fail(ret_error, error_size, "read", from);
    if (!rc && fsync(out))
        rc = fail(ret_error, error_size, "sync", to);
    close(in);
    if (out >= 0)
        close(out);
    return rc;
}

static int sync_directory(const char *path, char *ret_error, size_t error_size)
{
    char directory[PATH_ROOM];
    snprintf(directory, sizeof directory, "%s", path);
    char *slash = strrchr(directory, '/');
    if (slash)
        *slash = '\0';
    int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) ? fail(ret_error, error_size, "sync", directory) : CV_OK;
    if (fd >= 0)
        close(fd);
    return rc;
}

static int name_of(const char *path, const char *suffix, char ret_name[PATH_ROOM], char *ret_error, size_t error_size)
{
    if (snprintf(ret_name, PATH_ROOM, "%s%s", path, suffix) < PATH_ROOM)
        return CV_OK;
    snprintf(ret_error, error_size, "restore: the path %.60s... is too long", path);
    return CV_EINVAL;
}

int cv_restore_copy(const char *backup, const char *path, char *ret_error, size_t error_size)
{
    char copy[PATH_ROOM], leftover[PATH_ROOM];
    int rc = name_of(path, ".restoring", copy, ret_error, error_size);
    if (!rc)
        rc = name_of(path, ".restoring-wal", leftover, ret_error, error_size);
    if (rc)
        return rc;
    unlink(leftover); /* of a restore that was killed: it would be taken for a part of this one */
    return copy_file(backup, copy, ret_error, error_size);
}

/* The old file and its WAL get a second name, the WAL by moving: it must not be taken for a part of the restored one.
 */
static int set_aside(const char *path, int64_t wall_ms, char *ret_error, size_t error_size)
{
    char before[PATH_ROOM], wal[PATH_ROOM], before_wal[PATH_ROOM], suffix[64];
    snprintf(suffix, sizeof suffix, ".before-%lld", (long long)wall_ms);
    int rc = name_of(path, suffix, before, ret_error, error_size);
    if (!rc)
        rc = name_of(before, "-wal", before_wal, ret_error, error_size);
    if (!rc)
        rc = name_of(path, "-wal", wal, ret_error, error_size);
    if (rc)
        return rc;
    if (link(path, before) && errno != ENOENT)
        return fail(ret_error, error_size, "give a second name to", path);
    if (rename(wal, before_wal) && errno != ENOENT)
        return fail(ret_error, error_size, "rename", wal);
    return CV_OK;
}

int cv_restore_swap(const char *path, int64_t wall_ms, char *ret_error, size_t error_size)
{
    char lock_path[PATH_ROOM], copy[PATH_ROOM];
    int rc = name_of(path, ".lock", lock_path, ret_error, error_size);
    if (!rc)
        rc = name_of(path, ".restoring", copy, ret_error, error_size);
    if (rc)
        return rc;
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return fail(ret_error, error_size, "open", lock_path);
    if (flock(lock, LOCK_EX | LOCK_NB)) {
        snprintf(ret_error, error_size, "restore: %s is in use; stop its service first", path);
        close(lock);
        return CV_ELOCKED;
    }
    rc = set_aside(path, wall_ms, ret_error, error_size);
    if (!rc && rename(copy, path))
        rc = fail(ret_error, error_size, "rename", copy);
    if (!rc)
        rc = sync_directory(path, ret_error, error_size);
    close(lock);
    return rc;
}
