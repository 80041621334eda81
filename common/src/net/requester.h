/* requester: asks one service until each request has its outcome; no socket, no clock, no disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What happens to a request:
 *
 *   submit -> WAITING -> (window free, service ready) -> SENT -> outcome of its id, final     -> done(outcome)
 *                                                        ^  |
 *                                   again after a delay  +--+ no outcome, or BUSY/UNAVAILABLE,
 *                                                             or NOTFOUND/INTERNAL of a request sent more than once
 *
 *   deadline passes, in whichever state, or the caller gives up -> done(the last that was heard; CV_ETIMEOUT if that
 *                                                                 says nothing of a decision, or if nothing was heard)
 *
 * Failure modes and what covers them:
 *   - request or outcome lost (reconnect, full pipe, slow subscription): the same bytes are sent again after 250 ms,
 *     doubling to 5 s, with jitter so that many clients do not march in step. The service remembers its answer.
 *   - service away: nothing is sent while it is not ready; when it is again everything unanswered is sent at once,
 *     because what was under way may have died with it.
 *   - service overloaded: BUSY and UNAVAILABLE are not outcomes, the request stays and goes out again, not before
 *     retry_after_ms.
 *   - two outcomes that differ: NOTFOUND and INTERNAL are not remembered by the service, so one copy of a request can
 *     get NOTFOUND and the next, a moment later, OK. They are final only while exactly one copy was sent. After that
 *     they may be the answer to any copy, and another may be decided yet: they count as BUSY, the request stays and
 *     goes out again until something else answers it. Without a deadline that can be for ever. Copies that an earlier
 *     process sent count too: what it left behind is submitted with cv_requester_resume and has been sent before, as
 *     far as anybody can know.
 *   - patience ends after such an answer: the last one heard, of whichever class, is what the caller is told.
 *   - outcome twice (it was sent twice): the second finds no request and is counted, nothing else.
 *   - pipe full (send gives CV_EAGAIN): nothing is lost, sending goes on at a later tick.
 *
 * Invariants: done is called exactly once per accepted request (not for those still there at destroy); never more than
 * `window` unanswered requests are on the way; requests are first sent in the order they were submitted. Only a window
 * of 1 keeps that order also over retransmissions.
 *
 * Times are milliseconds of a monotonic clock of the caller's; the same inputs give the same outputs.
 */
#ifndef CONVENE_NET_REQUESTER_H
#define CONVENE_NET_REQUESTER_H

#include "convene/client.h"

enum {
    CV_REQUESTER_WINDOW = 256,       /* unanswered requests on the way, default */
    CV_REQUESTER_WINDOW_MAX = 65536, /* and at most */
    CV_REQUESTER_QUEUE = 65536,      /* accepted and not answered, default */
    CV_REQUESTER_FIRST_MS = 250,     /* first retransmission */
    CV_REQUESTER_LAST_MS = 5000,     /* the delay doubles up to this */
    CV_REQUESTER_FULL_MS = 5,        /* after a full pipe */
};

typedef struct cv_requester cv_requester_t;

typedef struct {
    const char *service;  /* "registration": requests go to topic "request.registration|" */
    size_t window, queue; /* 0: the defaults */
    uint64_t seed;        /* of the jitter */
    /* CV_OK; CV_EAGAIN: the pipe is full, try later; other errors are treated the same and kept for stats. */
    int (*send)(void *arg, cv_str_t topic, cv_str_t message);
    /* One answer; what it points to is valid during the call only. May submit. */
    void (*done)(void *arg, const cv_answer_t *answer);
    void *arg;
} cv_requester_options_t;

typedef struct {
    uint64_t submitted, sent, resent, answered, timeouts, deferred, strays, send_errors;
} cv_requester_stats_t;

cv_requester_t *cv_requester_new(const cv_requester_options_t *options); /* NULL: out of memory */
void cv_requester_destroy(cv_requester_t **requester);

/* Takes a copy of the message, whose id attribute is `id` (a UUID). deadline_ms: 0 none. CV_EBUSY: the queue is full.
 * CV_ECONFLICT: a request with this id is still unanswered. CV_EINVAL: id is no UUID. CV_ELIMIT: over CV_MAX_REQUEST.
 */
int cv_requester_submit(cv_requester_t *requester, int64_t now_ms, cv_str_t id, cv_str_t message,
                        int64_t deadline_ms) CV_USE_RESULT;
/* The same for a request of an earlier process, which may have sent it: no copy of it is the only one. */
int cv_requester_resume(cv_requester_t *requester, int64_t now_ms, cv_str_t id, cv_str_t message,
                        int64_t deadline_ms) CV_USE_RESULT;
/* Ends everything that is unanswered as its deadline would, now. */
void cv_requester_give_up(cv_requester_t *requester, int64_t now_ms);
/* Forgets a request, as if it had not been submitted; done is not called. */
void cv_requester_cancel(cv_requester_t *requester, cv_str_t id);
/* One message of the topic outcome.<principal>.<inbox>|. CV_ENOTFOUND: no request with this id (a repetition).
 * CV_EMALFORMED, CV_EINVAL: not an outcome; ignored. */
int cv_requester_outcome(cv_requester_t *requester, int64_t now_ms, cv_str_t message);
/* The subscription of the service's intake came or went. */
void cv_requester_ready(cv_requester_t *requester, int64_t now_ms, bool ready);
/* Sends what is due. Returns the time of the next tick that has something to do; INT64_MAX: none. */
int64_t cv_requester_tick(cv_requester_t *requester, int64_t now_ms);

bool cv_requester_is_ready(const cv_requester_t *requester);
size_t cv_requester_pending(const cv_requester_t *requester); /* accepted, not answered */
const cv_requester_stats_t *cv_requester_stats(const cv_requester_t *requester);

#endif
