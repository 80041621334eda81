/* outbox: the streams a service writes, numbered and chained, in the same transaction as its state.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_STORE_OUTBOX_H
#define CONVENE_SRC_STORE_OUTBOX_H

#include "store/journal.h"

enum { CV_STREAMS_MAX = 8 }; /* of one service */

typedef struct cv_outbox cv_outbox_t;

/* names[i] becomes stream i. A stream seen for the first time starts in the epoch of the others, the first
 * ones in the given one. */
int cv_outbox_open(cv_journal_t *journal, const char *const *names, size_t names_n,
                   const uint8_t new_epoch[CV_EPOCH_LEN], cv_outbox_t **ret_outbox) CV_USE_RESULT;
void cv_outbox_close(cv_outbox_t **outbox);

/* The position of the newest record, this transaction's included. */
const cv_position_t *cv_outbox_head(const cv_outbox_t *outbox, size_t stream);
uint64_t cv_outbox_oldest(const cv_outbox_t *outbox, size_t stream);

/* Inside a transaction: the next record. Its bytes are stored as they are. */
int cv_outbox_append(cv_outbox_t *outbox, size_t stream, cv_str_t record, cv_position_t *ret_position) CV_USE_RESULT;
int cv_outbox_flush(cv_outbox_t *outbox) CV_USE_RESULT; /* before COMMIT: writes the records that gathered */
void cv_outbox_committed(cv_outbox_t *outbox);          /* after COMMIT */
void cv_outbox_forget(cv_outbox_t *outbox);             /* after ROLLBACK: heads as they were */

/* Before a savepoint: what gathered becomes rows, so that all that comes after is behind it. */
int cv_outbox_hold(cv_outbox_t *outbox) CV_USE_RESULT;
void cv_outbox_return(cv_outbox_t *outbox); /* after ROLLBACK TO it: heads as they were then */

/* Can a follower that stands at `from` go on? CV_OK, CV_EEPOCH, CV_EPRUNED, CV_EDIVERGED, CV_EAHEAD. An all-zero
 * epoch with sequence 0 asks for the stream from its beginning, whatever its epoch. */
int cv_outbox_admit(cv_outbox_t *outbox, size_t stream, const cv_position_t *from) CV_USE_RESULT;
/* Records after `after`, in order, until put() says CV_ELIMIT (which ends the walk, not an error) or max are given. */
int cv_outbox_walk(cv_outbox_t *outbox, size_t stream, uint64_t after, size_t max,
                   int (*put)(void *self, cv_str_t record), void *self) CV_USE_RESULT;
/* Inside a transaction: forgets at most max records up to and including `upto`. */
int cv_outbox_prune(cv_outbox_t *outbox, size_t stream, uint64_t upto, size_t max) CV_USE_RESULT;
/* Inside a transaction, after a restore: a new history begins here. */
int cv_outbox_new_epoch(cv_outbox_t *outbox, const uint8_t epoch[CV_EPOCH_LEN]) CV_USE_RESULT;

#endif
