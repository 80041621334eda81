/* restore: puts a backup in the place of a database.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_SERVICE_RESTORE_H
#define CONVENE_SRC_SERVICE_RESTORE_H

#include "convene/error.h"
#include <stddef.h>
#include <stdint.h>

/* Copies the backup to path; what was there is renamed to "<path>.before-<wall_ms>". Fails, with nothing changed, if
 * another process has the database or the backup cannot be read. The caller opens it and begins a new epoch. */
int cv_restore_file(const char *backup, const char *path, int64_t wall_ms, char *ret_error, size_t error_size) CV_USE_RESULT;

#endif
