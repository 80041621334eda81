/* parcels: what one turn publishes, in as few frames as it fits into.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A batch of decisions leaves as one frame per inbox and one per stream, not as one per decision: libzmq's work, and
 * that of CURVE and of the receiver, is per frame. Messages of one topic stand back to back in the order they were put;
 * of records only the first has its position in the message, the others follow from it (sequence + 1, next chain).
 *
 * A parcel goes when the next message does not fit, when there are too many open, and when the turn ends. Nothing waits
 * for more to come. Out of memory: what is open goes, then the message by itself.
 */
#ifndef CONVENE_SRC_SERVICE_PARCELS_H
#define CONVENE_SRC_SERVICE_PARCELS_H

#include "convene/wire.h"

enum {
    CV_PARCELS_OPEN = 64, /* topics at once, count */
};

typedef struct cv_parcels cv_parcels_t;
/* send: one message on the feed; position NULL: outcomes. Bytes are valid during the call only. NULL: out of memory. */
cv_parcels_t *cv_parcels_new(void (*send)(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t messages),
                             void *self);
void cv_parcels_destroy(cv_parcels_t **parcels);
/* position: of this record; NULL: an outcome. */
void cv_parcels_put(cv_parcels_t *parcels, cv_str_t topic, const cv_position_t *position, cv_str_t message);
/* Everything that is open: first the outcomes, somebody waits for each, then the records, in the order they were
 * opened. */
void cv_parcels_flush(cv_parcels_t *parcels);

#endif
