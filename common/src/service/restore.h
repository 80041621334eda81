/* restore: puts a backup in the place of a database.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_SERVICE_RESTORE_H
#define CONVENE_SRC_SERVICE_RESTORE_H

#include "convene/error.h"
#include <stddef.h>
#include <stdint.h>

/* Copies the backup to "<path>.restoring" and syncs it. There it can be opened, checked and given its new epoch. */
int cv_restore_copy(const char *backup, const char *path, char *ret_error, size_t error_size) CV_USE_RESULT;
/* Puts "<path>.restoring", closed in good order, in the place of path, at one instant. What was there stays as
 * "<path>.before-<wall_ms>". CV_ELOCKED: another process has the database. */
int cv_restore_swap(const char *path, int64_t wall_ms, char *ret_error, size_t error_size) CV_USE_RESULT;

#endif
