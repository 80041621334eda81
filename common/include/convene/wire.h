/* wire: what a message looks like, checked before any memory is spent on it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A message is one MessagePack map with CloudEvents 1.0 names. proto/README.md is the description for everybody; this
 * header is the same for C. Reading is in two steps:
 *
 *   bytes -> cv_msg_read -> cv_msg_t (views into the bytes) -> info->decode -> a typed struct (views into the bytes)
 *
 * cv_msg_read first walks the bytes without allocating (limits below, UTF-8, no ext types, string keys, nothing
 * behind the map), so a hostile header cannot make msgpack-c ask for memory. Nothing here keeps state between calls
 * but the reader's zone, which is reused.
 */
#ifndef CONVENE_WIRE_H
#define CONVENE_WIRE_H

#include "convene/bytes.h"
#include <msgpack.h>

/* Limits on what a peer can send, in octets unless said. */
enum {
    CV_MAX_FRAME = 256 * 1024,   /* one frame, as the socket enforces it */
    CV_PARCEL_BYTES = 64 * 1024, /* of a frame with several messages back to back; a message alone may be longer */
    CV_PARCEL_REQUESTS = 256,    /* in one frame, count */
    CV_MAX_FRAMES = 4,           /* frames of one message, count */
    CV_MAX_REQUEST = 64 * 1024,
    CV_MAX_RECORD = 40 * 1024, /* what proto/schemas allows at most fits: generate.py checks it */
    CV_MAX_BATCH = 256 * 1024, /* one answer on the log socket */
    CV_MAX_DEPTH = 10,   /* nested containers, count: an answer in an import is the 8th, and what is new may go on */
    CV_MAX_NODES = 4096, /* values in one message, count */
    CV_MAX_TOPIC = 128,
    CV_MAX_ATTRIBUTE = 256, /* a CloudEvents attribute */
};

/* What is wrong with an input: where (a path like "data.persons[3].name") and what would be right. */
typedef struct {
    char path[128];
    char text[256];
} cv_fault_t;
/* Fills the fault and returns rc, for `return cv_fault(...)`. fault may be NULL. */
int cv_fault(cv_fault_t *fault, int rc, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- position: 48 octets ------------------------------------------------------------------
 *   0        8                16                                                  48
 *   +--------+----------------+---------------------------------------------------+
 *   | epoch  | sequence, big  | chain: BLAKE2b-256(previous chain || record bytes) |
 *   |        | endian         |                                                   |
 *   +--------+----------------+---------------------------------------------------+
 * Sequence 0 with an all-zero chain is the start of a stream. */
#define CV_POSITION_LEN 48
#define CV_EPOCH_LEN 8
#define CV_CHAIN_LEN 32
#define CV_SEQUENCE_MAX ((UINT64_C(1) << 53) - 1) /* integers of the contract fit into 53 bits */
typedef struct {
    uint8_t epoch[CV_EPOCH_LEN];
    uint64_t seq;
    uint8_t chain[CV_CHAIN_LEN];
} cv_position_t;
void cv_position_write(const cv_position_t *position, uint8_t ret_bytes[CV_POSITION_LEN]);
int cv_position_read(cv_str_t bytes, cv_position_t *ret_position) CV_USE_RESULT;
/* The chain after one more record. */
void cv_chain_next(const uint8_t previous[CV_CHAIN_LEN], cv_str_t record, uint8_t ret_next[CV_CHAIN_LEN]);

/* ---- message types: one row per type, made from proto/ --------------------------------- */
enum { /* roles, as bits; a row of types says which may send it */
       CV_ROLE_OPERATOR = 1,
       CV_ROLE_SECRETARIAT = 2,
       CV_ROLE_FOCAL_POINT = 4, /* bound to one party */
       CV_ROLE_PUBLISHER = 8,   /* another service, trusted to speak for every party */
       CV_ROLE_SERVICE = 16,    /* Convene's own */
       CV_ROLE_OBSERVER = 32,   /* dashboards: public streams only */
       CV_ROLE_GATE = 64,       /* one gate: public streams, and its own scans */
};
typedef enum { CV_KIND_REQUEST, CV_KIND_OUTCOME, CV_KIND_RECORD, CV_KIND_LOG } cv_kind_t;

typedef struct {
    const char *type; /* "convene.registration.register.v1" */
    uint16_t number;  /* CV_MSG_REGISTRATION_REGISTER_V1, ...; stable within one build only */
    cv_kind_t kind;
    const char *service; /* who takes the request or writes the record: "registration" */
    unsigned roles;      /* requests: who may send it */
    size_t size;         /* sizeof the C struct */
    size_t party_at;     /* x-party-field: 1 + offsetof the cv_str_t in the struct that names the party; 0: none. The
                          * engine compares it with a focal point's own party. */
    int (*decode)(const msgpack_object *data, void *ret_struct, cv_fault_t *fault);
    int (*encode)(cv_buf_t *buf, const void *data); /* appends; an error leaves buf as it was */
} cv_msg_info_t;
const cv_msg_info_t *cv_msg_info(cv_str_t type);      /* NULL: unknown */
const cv_msg_info_t *cv_msg_info_at(uint16_t number); /* NULL: no such number */

/* ---- CloudEvents ---------------------------------------------------------------------- */
typedef struct {
    cv_str_t id, source, type, subject, inbox, correlationid, causationid, traceparent; /* absent: ptr NULL */
    int64_t time_ms;
    int64_t expiry_ms;          /* attribute expirytime; 0: none */
    const cv_msg_info_t *info;  /* NULL: the type is not known here */
    const msgpack_object *data; /* a map; valid until the next cv_msg_read with the same reader */
    cv_str_t data_bytes;        /* the same as it stands in the message */
} cv_msg_t;

typedef struct cv_reader cv_reader_t; /* reusable memory for reading, one per thread */
cv_reader_t *cv_reader_new(void);
void cv_reader_destroy(cv_reader_t **reader);
/* Checks and reads one message. CV_EMALFORMED: not even id and type could be trusted. CV_EINVAL: id and type are in
 * *ret_msg, but something else is wrong (see fault). CV_ENOMEM. The result points into bytes and reader. */
int cv_msg_read(cv_reader_t *reader, cv_str_t bytes, cv_msg_t *ret_msg, cv_fault_t *fault) CV_USE_RESULT;

/* Writes a whole message: attributes from head (absent ones left out; head->info gives type and encoder), data from
 * the typed struct. Keys are written in a fixed order and integers in their shortest form: same input, same bytes. */
int cv_msg_write(cv_buf_t *buf, const cv_msg_t *head, const void *data) CV_USE_RESULT;

/* The walk by itself: CV_OK, CV_EMALFORMED or CV_ELIMIT. */
int cv_wire_check(cv_str_t bytes, cv_fault_t *fault) CV_USE_RESULT;

/* Takes the first of several messages that stand back to back in one frame; *rest goes on behind it. False: nothing is
 * left, or what is left does not begin with a whole MessagePack value. Only finds where it ends: cv_msg_read checks. */
bool cv_wire_next(cv_str_t *rest, cv_str_t *ret_message);

#endif
