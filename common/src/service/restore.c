/* restore: puts a backup in the place of a database.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The backup is copied beside its place and synced, the old database with its WAL is renamed away, the copy renamed
 * into place, the directory synced. Killed in between, either the old file is still there or it stands under its
 * ".before-" name with the copy beside it; nothing is ever deleted.
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

static int fail(char *ret_error, size_t error_size, const char *what, const char *path) {
    snprintf(ret_error, error_size, "restore: cannot %s %s: %s", what, path, strerror(errno));
    return errno == ENOSPC ? CV_EFULL : errno == ENOENT ? CV_ENOTFOUND : CV_EIO;
}

static int copy_file(const char *from, const char *to, char *ret_error, size_t error_size) {
    static char block[COPY_BYTES];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return fail(ret_error, error_size, "read", from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = out < 0 ? fail(ret_error, error_size, "write", to) : CV_OK;
    ssize_t n = 0;
    while (!rc && (n = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t)n) != n)
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

static int move_away(const char *path, const char *suffix, int64_t wall_ms, char *ret_error, size_t error_size) {
    char from[PATH_ROOM], to[PATH_ROOM + 64];
    snprintf(from, sizeof from, "%s%s", path, suffix);
    snprintf(to, sizeof to, "%s.before-%lld%s", path, (long long)wall_ms, suffix);
    if (rename(from, to) && errno != ENOENT)
        return fail(ret_error, error_size, "rename", from);
    return CV_OK;
}

static int sync_directory(const char *path, char *ret_error, size_t error_size) {
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

int cv_restore_file(const char *backup, const char *path, int64_t wall_ms, char *ret_error, size_t error_size) {
    char lock_path[PATH_ROOM], copy[PATH_ROOM];
    if (snprintf(lock_path, sizeof lock_path, "%s.lock", path) >= PATH_ROOM ||
        snprintf(copy, sizeof copy, "%s.restoring", path) >= PATH_ROOM) {
        snprintf(ret_error, error_size, "restore: the path %.60s... is too long", path);
        return CV_EINVAL;
    }
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return fail(ret_error, error_size, "open", lock_path);
    if (flock(lock, LOCK_EX | LOCK_NB)) {
        snprintf(ret_error, error_size, "restore: %s is in use; stop its service first", path);
        close(lock);
        return CV_ELOCKED;
    }
    int rc = copy_file(backup, copy, ret_error, error_size);
    if (!rc)
        rc = move_away(path, "-wal", wall_ms, ret_error, error_size);
    if (!rc)
        rc = move_away(path, "", wall_ms, ret_error, error_size);
    if (!rc && rename(copy, path))
        rc = fail(ret_error, error_size, "rename", copy);
    if (!rc)
        rc = sync_directory(path, ret_error, error_size);
    close(lock);
    return rc;
}
