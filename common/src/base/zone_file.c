/* zone_file: reads the files of the tz database that this machine has.
 * SPDX-License-Identifier: Apache-2.0
 *
 * They are below $TZDIR if that is set, as for the C library, else below /usr/share/zoneinfo.
 *
 * Who calls this says when: scheduling while a request is decided that names a zone (what was decided is an instant and
 * is stored as one: a newer database later, or none at all, moves no expiry that was announced), and when it looks
 * whether clocks have changed; notifications when an event is told of and when it starts.
 */
#include "convene/zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONEINFO "/usr/share/zoneinfo"
enum { ZONE_FILE_MAX = 64 * 1024 };

int cv_zone_read(cv_arena_t *arena, cv_str_t zone, cv_str_t *ret_file)
{
    char path[PATH_MAX];
    const char *folder = getenv("TZDIR");
    /* The schema lets no dot through, so no name leaves the folder. */
    if (!zone.len || zone.len > 64 || zone.ptr[0] == '/' || memchr(zone.ptr, '.', zone.len))
        return CV_ENOTFOUND;
    int length = snprintf(path, sizeof path, "%s/%.*s", folder && *folder ? folder : ZONEINFO, CV_STR_ARG(zone));
    if (length < 0 || (size_t)length >= sizeof path)
        return CV_ENOTFOUND;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return CV_ENOTFOUND;
    char octets[ZONE_FILE_MAX]; /* most files are a hundredth of it: the arena gets those */
    ssize_t got, len = 0;
    int rc = CV_OK;
    while (!rc && len < ZONE_FILE_MAX && (got = read(fd, octets + len, (size_t)(ZONE_FILE_MAX - len))) != 0) {
        if (got < 0)
            rc = CV_ENOTFOUND; /* a folder, or damaged: no zone */
        else
            len += got;
    }
    close(fd);
    cv_str_t file = rc ? CV_STR_NONE : cv_arena_str(arena, (cv_str_t){octets, (size_t)len});
    if (!rc && !file.ptr)
        rc = CV_ENOMEM;
    if (!rc)
        *ret_file = file;
    return rc;
}
