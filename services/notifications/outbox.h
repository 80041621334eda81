/* outbox: a folder in which each notice is one file, complete or not there.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file appears under its name only when its bytes are on the disk: written under a name that begins with a dot,
 * synced, renamed; and after the last rename of a batch the folder is synced. Whoever carries the files on (a mail
 * program, a person) must pass over names that begin with a dot, and may take files away at any time.
 */
#ifndef NOTIFICATIONS_OUTBOX_H
#define NOTIFICATIONS_OUTBOX_H

#include "convene/bytes.h"

enum { NTF_OUTBOX_PATH_MAX = 1024 };

/* Opens the folder, makes it (0700) if it is not there. CV_EFULL, CV_EUNAVAIL. */
int ntf_outbox_open(const char *path, int *ret_fd) CV_USE_RESULT;
/* Puts NAME.eml, in place of one that may be there. Not durable before ntf_outbox_sync. CV_EFULL: no room. CV_EUNAVAIL:
 * the folder takes nothing now. CV_EINVAL: this file cannot be there, others may (something that is no file has its
 * name, or the name is too long). */
int ntf_outbox_put(int folder_fd, const char *name, cv_str_t bytes) CV_USE_RESULT;
/* Whether NAME.eml is there; what an attempt that was cut off has left of it is taken away. */
bool ntf_outbox_has(int folder_fd, const char *name);
int ntf_outbox_drop(int folder_fd, const char *name) CV_USE_RESULT; /* CV_OK also when it is not there */
int ntf_outbox_sync(int folder_fd) CV_USE_RESULT;

#endif
