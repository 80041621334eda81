/* client: how another program asks Convene for something and follows what it tells.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests.  cv_client_submit accepts a request and gives its id; cv_client_poll sends, repeats, and hands over the one
 * outcome of each. The client waits until the service's intake is there before it first sends, never drops a request in
 * silence, keeps at most `window` on the way, and repeats the same bytes until the outcome comes or the caller's
 * timeout passes. A timeout means that the outcome is not known: ask again with the same id, and the service gives
 * the answer it gave before, in the same bytes.
 *
 * Outbox.  With options.outbox an accepted request is on disk when cv_client_submit returns; after a crash
 * cv_client_open finds it there and goes on asking. An outcome can then be handed over twice (at least once).
 *
 * Questions.  cv_client_ask waits for the answer of a read-only question (status, events, one delegation, ...).
 *
 * Streams.  cv_client_follow hands over the records of one stream in order, without holes, from a position that the
 * caller keeps where it keeps what it made from the records. See "following" below.
 *
 * One client belongs to one thread. Nothing here logs. tests/examples/publisher.c and subscriber.c are whole programs.
 */
#ifndef CONVENE_CLIENT_H
#define CONVENE_CLIENT_H

#include "convene/ids.h"
#include "convene/messages.h"
#include "convene/principal.h"

#define CV_CLIENT_FOREVER INT64_MAX /* of a timeout: until it is answered */

enum { CV_CLIENT_TIMEOUT_MS = 60000 /* of a request that says none */ };
enum { CV_CLIENT_SERVICES_MAX = 8, CV_ENDPOINT_MAX = 200 /* octets of an endpoint with its suffix */ };

typedef struct {
    const char *name;     /* "registration" */
    const char *endpoint; /* "tcp://127.0.0.1:24100" or "ipc:///run/convene/registration" */
} cv_client_service_t;

typedef struct {
    const cv_client_service_t *services;
    size_t services_n;
    const char *keys;      /* directory with allow/ and <principal>.secret; not looked at when insecure */
    const char *principal; /* who we are: name of a key; at most CV_NAME_MAX octets */
    bool insecure;         /* no encryption and no keys: ipc endpoints only, for tests */
    const char *outbox;    /* file of requests not yet answered; NULL: memory only */
    size_t window;         /* unanswered requests on the way per service; 0: 256; 1: strictly one after the other */
    size_t queue;          /* accepted and unanswered per service; 0: 65536 */
} cv_client_options_t;

typedef struct cv_client cv_client_t;

/* Connects to all services (which need not run yet). ret_error says what is wrong for people. CV_EINVAL: options or
 * keys; CV_ENOTFOUND: no such key file; CV_ELOCKED: another process uses this outbox. */
int cv_client_open(const cv_client_options_t *options, cv_client_t **ret_client, char *ret_error,
                   size_t error_size) CV_USE_RESULT;
/* Unanswered requests are forgotten, unless there is an outbox. */
void cv_client_close(cv_client_t **client);
/* A sentence about the last call that failed. Never NULL. */
const char *cv_client_error(const cv_client_t *client);

/* ---- requests ------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *id;                                   /* the request's UUID, to ask the same again; NULL: a new one */
    int64_t timeout_ms;                               /* after this we stop asking, see below; 0: the default */
    int64_t expiry_ms;                                /* wall clock: the service answers EXPIRED after it; 0: none */
    cv_str_t correlationid, causationid, traceparent; /* optional attributes */
} cv_submit_t;

/* One answer. rc CV_OK: an outcome of the service is there (outcome->cls says which). CV_ETIMEOUT: none in time; the
 * outcome is then the BUSY or UNAVAILABLE that was the last we heard, if anything was. NOTFOUND and INTERNAL with sends
 * above 1 also were the last we heard when the time was over, and as with CV_ETIMEOUT another copy of the request may
 * have been decided. */
typedef struct {
    const char *id; /* of the request, 36 octets */
    const char *service;
    int rc;
    const cv_outcome_v1_t *outcome; /* NULL without outcome */
    cv_str_t raw;                   /* the outcome's message as it came: equal bytes for the same id */
    int64_t latency_ms;             /* from submit to answer */
    uint32_t sends;                 /* how often it went out; one more if a process before may have sent it (outbox) */
} cv_answer_t;

/* timeout_ms counts from here, also while the service is away or the window is full, and with an outbox also while no
 * process runs; when it has passed the request gets its cv_answer_t and leaves the outbox. 0: CV_CLIENT_TIMEOUT_MS, so
 * that no request asks for ever because nobody thought of it. CV_CLIENT_FOREVER: until there is a final answer, which
 * may never come (a NOTFOUND of a repeated request is not final); for who ends it with cv_client_give_up, or must know.
 *
 * type: CV_MSG_*; data: the struct of that type. how: may be NULL. CV_EINVAL: not a request, or a service that the
 * client does not know, or data that does not encode, or a timeout below 0; CV_EBUSY: queue full, poll first;
 * CV_ECONFLICT: this id waits for its answer already; CV_EFULL, CV_EIO: the outbox. On any error nothing was accepted.
 */
int cv_client_submit(cv_client_t *client, uint16_t type, cv_str_t subject, const void *data, const cv_submit_t *how,
                     char ret_id[CV_UUID_TEXT + 1]) CV_USE_RESULT;
/* An id made from the type and content of a request (a UUID of version 8) and the client's own secret key: the same
 * each time for the same caller, so that what was sent before is only told again; and nobody else can guess it and use
 * it up for another request. Without keys (insecure) everybody makes the same. */
void cv_client_id_of(const cv_client_t *client, const char *type, cv_str_t content, char ret_id[CV_UUID_TEXT + 1]);
/* Sends, receives and repeats for at most timeout_ms, and returns as soon as something was answered: how many answers
 * were handed over (0: none in time, or a signal came), or an error of the outbox. */
int cv_client_poll(cv_client_t *client, int64_t timeout_ms, void (*each)(void *arg, const cv_answer_t *answer),
                   void *arg);
/* For who ends their own patience: every unanswered request of all services is handed over now as it would be at its
 * timeout, with the last that was heard of it. Those that end with CV_ETIMEOUT stay in the outbox, if there is one, and
 * are asked again by who opens it next. The number handed over, or an error of the outbox. */
int cv_client_give_up(cv_client_t *client, void (*each)(void *arg, const cv_answer_t *answer), void *arg);
size_t cv_client_pending(const cv_client_t *client);                  /* accepted, not answered, all services */
bool cv_client_ready(const cv_client_t *client, const char *service); /* its intake is connected; as of the last poll */

/* ---- questions ------------------------------------------------------------------------------------------------ */

typedef struct {
    cv_msg_t msg;
    const void *data; /* struct of msg.info->type: for instance cv_log_page_v1_t */
    cv_str_t bytes;
} cv_reply_t;

/* type: CV_MSG_LOG_QUERY_V1, CV_MSG_LOG_FETCH_V1, CV_MSG_LOG_SNAPSHOT_V1, CV_MSG_LOG_ACK_V1 with their struct. The
 * question is repeated within the timeout. A refusal of the service becomes the return code (CV_EDENIED, CV_ENOTFOUND,
 * CV_EINVAL, CV_EUNAVAIL, ...) with its sentence in cv_client_error. CV_ETIMEOUT: no answer. */
int cv_client_ask(cv_client_t *client, const char *service, uint16_t type, const void *data, int64_t timeout_ms,
                  cv_reply_t **ret_reply) CV_USE_RESULT;
void cv_reply_destroy(cv_reply_t **reply);

/* ---- following --------------------------------------------------------------------------------------------------
 * The caller keeps the position. It stores it in the same transaction as what it makes from the record, and gives it
 * back at the next start; so each record has its effect exactly once, whatever crashes. Live records are taken as they
 * come; holes, and all that happened before, are fetched. If the service cannot go on from the position (its history
 * is new, or the records are too old) the state comes as a snapshot, between SNAPSHOT_BEGIN and SNAPSHOT_END: drop what
 * was made from the stream at BEGIN, store the position at END. */
typedef enum {
    CV_STREAM_RECORD,          /* one record: news */
    CV_STREAM_SNAPSHOT_BEGIN,  /* no record: forget what was made from this stream */
    CV_STREAM_SNAPSHOT_RECORD, /* one record: state, not news */
    CV_STREAM_SNAPSHOT_END,    /* no record: position is where to go on */
} cv_stream_what_t;

typedef struct {
    cv_stream_what_t what;
    const char *service, *stream;
    cv_position_t position; /* to store with the effects; of RECORD and SNAPSHOT_END */
    cv_str_t raw;           /* the record's message; msg and data are of what it says, where it is sealed */
    cv_msg_t msg;
    const void *data; /* struct of msg.info->type; NULL: a type that this build does not know, or data it cannot read */
} cv_stream_event_t;

typedef struct {
    const char *state; /* "new", "catchup", "live", "snapshot", "halted" */
    bool live, halted;
    uint64_t cursor, head; /* handed over; newest known. Equal when nothing is outstanding */
    uint64_t records;      /* handed over since the start */
    const char *error;     /* why it is halted; "" */
} cv_stream_status_t;

typedef struct cv_stream cv_stream_t;

/* after: where the caller is; NULL: at the start. The stream must be destroyed before its client. */
int cv_client_follow(cv_client_t *client, const char *service, const char *stream, const cv_position_t *after,
                     cv_stream_t **ret_stream) CV_USE_RESULT;
void cv_stream_destroy(cv_stream_t **stream);
/* Hands over what is there, waiting at most timeout_ms for the first: the number of events, or what the callback gave
 * if that is negative (the event counts as not handed over and comes again), or CV_EDIVERGED when halted, CV_EDENIED
 * when this principal may not read the stream, CV_ENOTFOUND when the service has no such stream. */
int cv_stream_poll(cv_stream_t *stream, int64_t timeout_ms, int (*each)(void *arg, const cv_stream_event_t *event),
                   void *arg);
cv_stream_status_t cv_stream_status(const cv_stream_t *stream);

#endif
