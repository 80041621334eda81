/* zone_file: reads the files of the tz database that this machine has.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who calls this says when: scheduling while a request is decided that names a zone (what was decided is an instant and
 * is stored as one: a newer database later, or none at all, moves no expiry that was announced), notifications when an
 * event is told of and when it starts.
 */
#include "convene/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ZONEINFO "/usr/share/zoneinfo"
enum { ZONE_FILE_MAX = 64 * 1024 };

int cv_zone_read(cv_arena_t *arena, cv_str_t zone, cv_str_t *ret_file)
{
    char path[sizeof ZONEINFO + 80];
    /* The schema lets no dot through, so no name leaves the folder. */
    if (!zone.len || zone.len > 64 || zone.ptr[0] == '/' || memchr(zone.ptr, '.', zone.len))
        return CV_ENOTFOUND;
    (void)snprintf(path, sizeof path, ZONEINFO "/%.*s", CV_STR_ARG(zone));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return CV_ENOTFOUND;
    char *octets = cv_arena_take(arena, ZONE_FILE_MAX);
    ssize_t got, len = 0;
    int rc = octets ? CV_OK : CV_ENOMEM;
    while (!rc && len < ZONE_FILE_MAX && (got = read(fd, octets + len, (size_t)(ZONE_FILE_MAX - len))) != 0) {
        if (got < 0)
            rc = CV_ENOTFOUND; /* a folder, or damaged: no zone */
        else
            len += got;
    }
    close(fd);
    if (!rc)
        *ret_file = (cv_str_t){octets, (size_t)len};
    return rc;
}
