/* files: what it takes that a file is there for good.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_FILES_H
#define CONVENE_FILES_H

#include "convene/error.h"

/* The name of a new or renamed file is there for good when its directory is synced. CV_EINVAL: the path is 4096 octets
 * or longer. CV_EIO. */
int cv_sync_directory_of(const char *path) CV_USE_RESULT;

#endif
