/* core_retry: what an attempt's end means, and when the next one is due; pure.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A failure is whose?
 *
 *   the message's       refused for good (SMTP 5xx after the sender was taken), gone (HTTP 410), later (SMTP 4xx for this
 *                       recipient): only this dispatch waits
 *   the address's       of webhooks: an answer that is neither 2xx nor 410, a connection that broke, or no answer in time to
 *                       a request that the host has: what is for that URL waits, other paths of the host do not
 *   the host's          no connection, no name, no trust, no login, nothing in time; of mail SMTP 421 too, and no answer
 *                       in time however far it came, for there is one mail server
 *
 * After NTF_BREAK_AFTER failures in a row of an address or a host it is left alone for a while (the breaker). Any answer of
 * a host closes the host's, and so does that it took a request, whatever became of it; an answer that is not a failure of
 * the address closes the address's.
 *
 * The ladder is the list of pauses after the first, second ... failure. Each is lengthened by up to a fifth, by a number
 * made from the dispatch and the attempt, so that what failed together does not come back together. What the other side
 * asks for (Retry-After) is kept where it is longer. A dispatch is given up when the ladder has no more rungs, or when
 * its sum and what may be added to it have passed since the first attempt: it may have waited for a breaker.
 *
 * Instants are the wall clock's, because they outlive the process. When it steps back, pauses begin anew from where it is
 * then: nothing waits for a time that a wrong clock named. When it steps forward, what waits is due; and whose ladder
 * seems to be over is dead after the attempt that fails then.
 *
 * A breaker opens for the ladder's first pause, doubled each time up to NTF_BREAK_MAX_MS. When that is over one dispatch
 * is let through; its end closes the breaker or opens it anew. Dispatches that wait for a breaker fail nothing meanwhile.
 * Who has how much room beside the breakers: destinations.h.
 */
#ifndef NOTIFICATIONS_CORE_RETRY_H
#define NOTIFICATIONS_CORE_RETRY_H

#include "convene/messages.h"

enum {
    NTF_RUNGS_MAX = 16,
    NTF_BREAK_AFTER = 3,
    NTF_BREAK_MAX_MS = 5 * 60 * 1000,
    NTF_GRACE_MS = 60 * 1000,            /* for the attempts themselves, beside the pauses */
    NTF_LATER_MAX_MS = 24 * 3600 * 1000, /* at most what a Retry-After is believed */
    NTF_RETRY_TEXT_MAX = 256,
    NTF_STEP_MS = 10 * 1000, /* a clock that goes back by less is only being set right */
};
/* 75.6 hours, ten attempts */
#define NTF_RETRY_DEFAULT "5s 5m 30m 2h 5h 10h 14h 20h 24h"

typedef struct {
    int64_t pause_ms[NTF_RUNGS_MAX];
    size_t n;
    int64_t sum_ms;
} ntf_ladder_t;

/* "5s 5m 2h": numbers with ms, s, m, h or d, 1 to NTF_RUNGS_MAX of them, each from 1 ms to 30 days. CV_EINVAL. */
int ntf_ladder_read(cv_str_t text, ntf_ladder_t *ret_ladder) CV_USE_RESULT;

/* How far an attempt came before it ended. */
typedef enum {
    NTF_PHASE_CONNECT, /* no connection yet */
    NTF_PHASE_HELLO,   /* connected: greeting, TLS, login, sender; a request on its way */
    NTF_PHASE_MESSAGE, /* SMTP: the sender was taken, so an answer is about the recipient or the message */
} ntf_phase_t;

/* What the transport says of it. */
typedef enum {
    NTF_TRANSPORT_OK, /* a whole conversation; code says what came of it */
    NTF_TRANSPORT_REFUSED_BY_REPLY,
    NTF_TRANSPORT_UNREACHABLE,
    NTF_TRANSPORT_TLS,
    NTF_TRANSPORT_LOGIN,
    NTF_TRANSPORT_TIMEOUT,
    NTF_TRANSPORT_FORBIDDEN, /* the address is one that may not be connected to */
    NTF_TRANSPORT_BROKEN,    /* the connection broke on the way */
    NTF_TRANSPORT_UNUSABLE,  /* nothing was sent: what should have been cannot be */
} ntf_transport_t;

/* The later one concerns more. */
typedef enum { NTF_FAULT_NONE, NTF_FAULT_MESSAGE, NTF_FAULT_ADDRESS, NTF_FAULT_HOST } ntf_fault_t;

typedef struct {
    cv_delivery_result_t result;
    bool is_final;     /* no further attempt */
    ntf_fault_t fault; /* whose failure it is */
    bool is_contact;   /* the other side was there: it answered, or has the request */
    int64_t later_ms;  /* at least so long until the next attempt; 0: not said */
} ntf_end_t;

ntf_end_t ntf_end_of_mail(ntf_transport_t transport, ntf_phase_t phase, int code);
ntf_end_t ntf_end_of_webhook(ntf_transport_t transport, ntf_phase_t phase, int code, int64_t retry_after_s);

/* When to try again after this many failures (from 1) of a dispatch; 0: given up. first_ms: of its first attempt. */
int64_t ntf_retry_at(const ntf_ladder_t *ladder, int64_t dispatch, int64_t failures, int64_t first_ms, int64_t now_ms,
                     int64_t later_ms);

/* The longest pause there can be between two attempts at a dispatch. */
int64_t ntf_retry_longest_ms(const ntf_ladder_t *ladder);

typedef struct {
    int64_t failures; /* of an address or a host, in a row */
    int64_t until_ms; /* left alone till then; 0: closed */
} ntf_breaker_t;

/* The breaker of an address or a host, as whose says. */
void ntf_breaker_note(ntf_breaker_t *breaker, const ntf_end_t *end, ntf_fault_t whose, const ntf_ladder_t *ladder,
                      int64_t now_ms);
/* The clock went back by so much: it is left alone as long as it would have been. */
void ntf_breaker_set_back(ntf_breaker_t *breaker, int64_t by_ms);
/* How many dispatches may be on their way at once: 0 while it is open, 1 when it is to be tried, else most. */
int ntf_breaker_room(const ntf_breaker_t *breaker, int most, int64_t now_ms);

/* A destination that takes so many attempts a minute takes one every 60000 / rate ms: *paced_ms is when the next one may
 * begin, and is moved on. rate 0: any number. False: not now. */
bool ntf_pace(int64_t rate, int64_t now_ms, int64_t *paced_ms);

#endif
