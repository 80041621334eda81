/* send: many requests on their way at once, and what became of each.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   cli_sender_add (checks by the schema, submits) ... cli_sender_wait (until all are answered)
 *
 * Each request belongs to a number of the caller's (a line of a file); each gets exactly one call of done.
 */
#ifndef CLI_SEND_H
#define CLI_SEND_H

#include "cli.h"

typedef struct {
    int64_t number;
    char id[CV_UUID_TEXT + 1];
    const cv_msg_info_t *info;
    int rc; /* CV_OK: there is an outcome; CV_EINVAL: refused here, see fault; CV_ETIMEOUT: none in time, outcome is
               the BUSY or UNAVAILABLE heard last or NULL */
    cv_outcome_class_t cls;
    const cv_outcome_v1_t *outcome;
    cv_str_t raw;
    const cv_fault_t *fault;
    int64_t latency_ms;
} cli_sent_t;

typedef struct cli_sender cli_sender_t;

/* window 1: each is sent when the one before is answered. idle_ms: when nothing was answered for so long, all that is
 * under way ends with the last that was heard of it, and with those of which no outcome was heard the whole. */
cli_sender_t *cli_sender_new(cli_t *cli, cv_client_t *client, size_t window, int64_t idle_ms,
                             void (*done)(void *arg, const cli_sent_t *sent), void *arg);
void cli_sender_destroy(cli_sender_t **sender);
/* texts: scalars may be texts that stand for numbers (flags, CSV). Takes data. CV_OK or what ended it; a request that
 * its schema refuses is reported by done and is no error here. */
int cli_sender_add(cli_sender_t *sender, int64_t number, const cv_msg_info_t *info, json_t *data, bool texts,
                   const char *id);
/* CV_OK: all are answered or timed out. */
int cli_sender_wait(cli_sender_t *sender);

/* The request type that a person means; NULL after having said what is wrong. */
const cv_msg_info_t *cli_request_type(cli_t *cli, const char *text);
/* "EVENT/PARTY", "EVENT", "CODE" or "PARTY": what a request is about. */
void cli_subject_of(const json_t *data, char *ret_text, size_t size);
/* A UUID made from the content and the client's own key, the same each time (RFC 9562, version 8). CV_ENOMEM. */
int cli_id_of(const cv_client_t *client, const char *type, const json_t *data, char ret_id[CV_UUID_TEXT + 1]);

#endif
