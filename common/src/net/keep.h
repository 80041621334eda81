/* keep: requests on disk until they are answered, so that a crash of their sender loses none.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One small database: the inbox token under which outcomes come back (it must outlive the process, or the outcomes of
 * the requests found here would go to an inbox nobody reads), and one row per unanswered request with its bytes.
 */
#ifndef CONVENE_NET_KEEP_H
#define CONVENE_NET_KEEP_H

#include "convene/store.h"

#define CV_INBOX_LEN 26 /* octets of an inbox token, without the NUL */

typedef struct cv_keep cv_keep_t;

int cv_keep_open(const char *path, cv_keep_t **ret_keep, char *ret_error, size_t error_size) CV_USE_RESULT;
void cv_keep_close(cv_keep_t **keep);

/* The token of this file; `fresh` is stored and returned if there is none yet. */
int cv_keep_inbox(cv_keep_t *keep, const char *fresh, char ret_inbox[CV_INBOX_LEN + 1]) CV_USE_RESULT;
/* On disk when it returns CV_OK, with everything forgotten before. deadline_ms: wall clock, 0 none. */
int cv_keep_put(cv_keep_t *keep, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message) CV_USE_RESULT;
/* Answered. On disk at the next put or flush: until then a crash brings the request back, which is harmless. */
int cv_keep_drop(cv_keep_t *keep, cv_str_t id);
int cv_keep_flush(cv_keep_t *keep);
/* All requests, in the order they were put; stops when each gives an error and returns it. */
int cv_keep_each(cv_keep_t *keep,
                 int (*each)(void *arg, cv_str_t id, cv_str_t service, int64_t deadline_ms, cv_str_t message),
                 void *arg) CV_USE_RESULT;

#endif
