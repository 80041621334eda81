/* follower: keeps one stream of another service flowing in, in order, without holes, whatever the network does.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Deterministic and without I/O: it is told what arrives and what time it is, and says what to ask.
 */
#ifndef CONVENE_SRC_SERVICE_FOLLOWER_H
#define CONVENE_SRC_SERVICE_FOLLOWER_H

#include "convene/messages.h"

typedef struct cv_follower cv_follower_t;

enum {
    CV_FOLLOW_WINDOW = 1024,                      /* records held out of order, count */
    CV_FOLLOW_READY_MAX = 8192,                   /* records in order and not yet applied, count */
    CV_FOLLOW_READY_BYTES = 8 * 1024 * 1024,      /* the same in octets */
    CV_FOLLOW_SNAPSHOT_BYTES = 256 * 1024 * 1024, /* of one snapshot */
    CV_FOLLOW_FETCH_RECORDS = 500,                /* asked for at once, count */
    CV_FOLLOW_HOLE_MS = 20,                       /* how old a hole gets before it is fetched */
    CV_FOLLOW_RETRY_MS = 1000,                    /* an unanswered question is asked again */
    CV_FOLLOW_ACK_MS = 1000,
    CV_FOLLOW_ACK_IDLE_MS = 60000, /* also when nothing is new: we are still here */
    CV_FOLLOW_SILENCE_MS = 3000,   /* nothing heard of the feed for so long: ask the log anyway */
};

/* cursor: what has been applied so far. ask: sends one question (a log message) to the producer. */
cv_follower_t *cv_follower_new(const char *stream, const cv_position_t *cursor,
                               void (*ask)(void *self, cv_str_t message), void *self);
void cv_follower_destroy(cv_follower_t **follower);

/* What the feed brought: a record with its position, or a head (record.ptr NULL). */
void cv_follower_feed(cv_follower_t *follower, const cv_position_t *position, cv_str_t record, int64_t mono_ms);
/* The same for a frame of the feed: one record or several back to back, the first at this position. */
void cv_follower_feed_frame(cv_follower_t *follower, const cv_position_t *position, cv_str_t frame, int64_t mono_ms);
/* An answer of the producer's log. Answers to other questions are ignored. */
void cv_follower_answer(cv_follower_t *follower, const cv_msg_t *answer, const void *data, int64_t mono_ms);
/* Asks what is due. Returns when it wants to be called again (mono_ms). */
int64_t cv_follower_tick(cv_follower_t *follower, int64_t mono_ms);

/* The next record to apply and the position it leads to; false: none. It stays valid until committed(). */
bool cv_follower_next(cv_follower_t *follower, cv_str_t *ret_record, cv_position_t *ret_position);
/* What the one next() gave says, if it is sealed and came with that; else CV_STR_NONE. Valid as long. */
cv_str_t cv_follower_opened(const cv_follower_t *follower);
void cv_follower_applied(cv_follower_t *follower); /* the one next() gave has been applied, in an open transaction */
/* Where applied() has brought us, and where the last committed() was. */
const cv_position_t *cv_follower_position(const cv_follower_t *follower);
const cv_position_t *cv_follower_cursor(const cv_follower_t *follower);
void cv_follower_committed(cv_follower_t *follower);
void cv_follower_rolled_back(cv_follower_t *follower);

/* A complete snapshot waits to be applied: its records, and the position it stands for. */
bool cv_follower_snapshot(cv_follower_t *follower, const cv_str_t **ret_records, size_t *ret_n,
                          cv_position_t *ret_position);
void cv_follower_snapshot_applied(cv_follower_t *follower, int64_t mono_ms); /* committed */

void cv_follower_halt(cv_follower_t *follower, const char *error);
cv_follower_state_t cv_follower_state(const cv_follower_t *follower);
uint64_t cv_follower_head(const cv_follower_t *follower); /* the highest sequence known to exist */
/* Whether all has been applied that the producer's log had when it answered first, or when the last snapshot was made. What
 * was written since does not count: nobody has to wait for the end of a stream that is written all the time. */
bool cv_follower_reached_end(const cv_follower_t *follower);
const char *cv_follower_error(const cv_follower_t *follower); /* "" unless halted */
bool cv_follower_has_work(const cv_follower_t *follower);     /* something to apply */

#endif
