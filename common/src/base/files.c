/* files: see convene/files.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "convene/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cv_sync_directory_of(const char *path)
{
    char directory[4096];

    if (snprintf(directory, sizeof directory, "%s", path) >= (int)sizeof directory)
        return CV_EINVAL;
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory] = '\0'; /* the root stays */
    int fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) ? CV_EIO : CV_OK;
    if (fd >= 0)
        close(fd);
    return rc;
}
