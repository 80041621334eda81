/* whole_file: see whole_file.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "whole_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int whole_file_open(cli_t *cli, const char *path, whole_file_t *ret_file)
{
    *ret_file = (whole_file_t){.file = stdout};
    if (!path || strcmp(path, "-") == 0)
        return CLI_OK;
    ret_file->path = path;
    int len = snprintf(ret_file->temporary, sizeof ret_file->temporary, "%s.tmp-XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof ret_file->temporary)
        return cli_usage(cli, "the name of the file is longer than %d octets", CLI_PATH_MAX - 12);
    int fd = mkstemp(ret_file->temporary); /* for its owner only: it holds personal data */
    ret_file->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (ret_file->file)
        return CLI_OK;
    int status =
        cli_fail(cli, errno == ENOENT ? CLI_NOTFOUND : CLI_FAILED, "cannot write %s: %s", path, strerror(errno));
    if (fd >= 0) {
        close(fd);
        unlink(ret_file->temporary);
    }
    return status;
}

int whole_file_close(cli_t *cli, whole_file_t *file, bool keep)
{
    bool bad = fflush(file->file) != 0 || ferror(file->file);
    int error = errno;
    if (!file->path)
        return bad && keep ? cli_fail(cli, CLI_FAILED, "cannot write standard output: %s", strerror(error)) : CLI_OK;
    if (!bad && keep && fsync(fileno(file->file)) != 0) {
        bad = true;
        error = errno;
    }
    if (fclose(file->file) != 0 && !bad) {
        bad = true;
        error = errno;
    }
    if (!bad && keep && rename(file->temporary, file->path) == 0)
        return CLI_OK;
    if (!bad)
        error = errno;
    unlink(file->temporary);
    return keep ? cli_fail(cli, CLI_FAILED, "cannot write %s: %s; what was there is unchanged", file->path,
                           strerror(error))
                : CLI_OK;
}
