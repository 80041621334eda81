/* link: changed entities on their way from the threads that know them to the thread that serves them.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   service thread --batch--+
 *                           +--> pipe of pointers --> web thread
 *   pulse thread   --batch--+
 *
 * A batch is text, made by one thread and given to the other as a whole: nothing is shared but the number of octets that
 * wait, so nothing is locked. When more than DASH_LINK_BYTES wait the sender keeps what it has and adds to it (CV_EAGAIN):
 * an entity that changes meanwhile is told once, so what waits is bounded by the view and not by how much happens. Once
 * there is room again a sender that was refused is woken (dash_link_wake_fd).
 *
 * Invariant: what waits is at most DASH_LINK_BYTES and one batch of each sender.
 */
#ifndef DASHBOARD_LINK_H
#define DASHBOARD_LINK_H

#include "convene/bytes.h"

#include <jansson.h>

enum { DASH_LINK_BYTES = 2 * 1024 * 1024 };

typedef struct dash_batch dash_batch_t;
dash_batch_t *
dash_batch_new(bool is_whole); /* whole: all entities of the view, nothing else is left. NULL: out of memory */
void dash_batch_destroy(dash_batch_t **batch);
/* value NULL: the entity is gone. */
int dash_batch_add(dash_batch_t *batch, const char *kind, const char *key, const json_t *value) CV_USE_RESULT;
bool dash_batch_is_whole(const dash_batch_t *batch);
size_t dash_batch_n(const dash_batch_t *batch);
void dash_batch_at(const dash_batch_t *batch, size_t i, const char **ret_kind, const char **ret_key,
                   const char **ret_text);

typedef struct dash_link dash_link_t;
int dash_link_new(dash_link_t **ret_link) CV_USE_RESULT;
void dash_link_destroy(dash_link_t **link); /* with the batches that nobody took */
/* Would a batch be refused now? Then its sender is woken later, as one that was refused: ask before the batch is made. */
bool dash_link_is_full(dash_link_t *link);
/* Takes the batch. CV_EAGAIN: full, it stays the caller's. */
int dash_link_post(dash_link_t *link, dash_batch_t **batch) CV_USE_RESULT;
int dash_link_fd(const dash_link_t *link);       /* readable: there is a batch */
dash_batch_t *dash_link_take(dash_link_t *link); /* NULL: none */
int dash_link_wake_fd(const dash_link_t *link);  /* readable: there is room for who was refused */
void dash_link_woken(dash_link_t *link);         /* it has been seen */

#endif
