/* courier: threads that make attempts, so that no peer can keep the service waiting, nor another peer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The service's thread gives jobs and takes them back when they have ended; in between a job is the courier's alone. Both
 * ways are pipes of pointers: whoever reads a pointer owns what it points to, and nothing else is shared.
 *
 *   service   ntf_courier_give --- pipe ---> one thread for all webhooks: curl_multi, each with its own time limit
 *                              `-- pipes --> NTF_ROOM_MAIL threads for mail: one message each at a time
 *   service   ntf_courier_take <-- pipe ---- the job, with its end
 *
 * Mail has threads because libcurl waits within itself for the answer to the end of a message, and for the one to QUIT:
 * whatever else its thread does stands still meanwhile, however long the mail server thinks about a message.
 *
 * Failure modes
 *   a peer that hangs              its job ends by its time limit; the others do not notice
 *   the service stops              the pipes to the threads close; they wait NTF_COURIER_DRAIN_MS for what is on its way, so
 *                                  that ends are known; what has not ended then is dropped. Connections that were kept
 *                                  are cut, because nobody waits for an answer to QUIT then
 *   kill -9                        the service's rows say who was on the way: see dispatch.h
 *   no memory for a job            it ends as NTF_TRANSPORT_BROKEN, and is tried again
 *   more mail than threads         it waits in the pipe of one of them, and its time limit begins later
 *
 * Invariant: every job that was given comes back once, or the courier was stopped.
 */
#ifndef NOTIFICATIONS_COURIER_H
#define NOTIFICATIONS_COURIER_H

#include "notifications/core_retry.h"
#include "notifications/destinations.h"
#include "notifications/mail.h"
#include "notifications/webhook.h"

enum {
    NTF_COURIER_DRAIN_MS = 5000,
    NTF_REPLY_MAX = 200, /* octets of a reply that are kept */
    NTF_SETTING_MAX = 1024,
};

typedef enum { NTF_TLS_REQUIRED, NTF_TLS_OPTIONAL, NTF_TLS_NONE } ntf_tls_t;

/* What attempts go by; does not change while a courier lives. */
typedef struct {
    char smtp_url[NTF_SETTING_MAX]; /* "": no mail server */
    char smtp_user[NTF_SETTING_MAX], smtp_password[NTF_SETTING_MAX];
    char sender[NTF_ADDRESS_MAX + 1], reply_to[NTF_ADDRESS_MAX + 1]; /* reply_to "": the sender */
    ntf_tls_t starttls;
    char ca_file[NTF_SETTING_MAX]; /* for mail instead of the system's, for webhooks beside them; "": the system's */
    int64_t timeout_ms;
    bool anywhere; /* webhooks may go to any address, and by http */
} ntf_courier_settings_t;

typedef struct {
    int64_t dispatch;
    bool is_mail;
    char address[NTF_URL_MAX + 1];
    char host[NTF_HOST_MAX + 1];  /* the destination, for the breaker */
    char id[NTF_MAIL_ID_MAX + 1]; /* webhook-id */
    cv_buf_t body;
    ntf_webhook_secret_t secrets[NTF_WEBHOOK_GENERATIONS];
    size_t secrets_n;
    int64_t attempt, failures, first_ms; /* of the dispatch, with this attempt */
    size_t thread;                       /* the courier's that has it */

    ntf_end_t end;
    int code;                      /* of the reply; 0: none */
    char reply[NTF_REPLY_MAX + 1]; /* its last line in printable ASCII, without the recipient's address */
} ntf_job_t;

ntf_job_t *ntf_job_new(size_t body_max);
void ntf_job_free(ntf_job_t **job); /* wipes what is secret */

typedef struct ntf_courier ntf_courier_t;
/* settings must live as long as it does. CV_EUNAVAIL: no thread, no descriptors. */
int ntf_courier_start(const ntf_courier_settings_t *settings, ntf_courier_t **ret_courier) CV_USE_RESULT;
/* Readable when there is something to take. */
int ntf_courier_fd(const ntf_courier_t *courier);
/* Takes the job over. CV_EUNAVAIL: it does not; at most NTF_JOBS_MAX are with it. */
enum { NTF_JOBS_MAX = 1024 };
int ntf_courier_give(ntf_courier_t *courier, ntf_job_t *job) CV_USE_RESULT;
/* The next one that has ended; NULL: none now. */
ntf_job_t *ntf_courier_take(ntf_courier_t *courier);
/* Waits for what is on its way. Afterwards only ntf_courier_take and _destroy may be called. */
void ntf_courier_stop(ntf_courier_t *courier);
void ntf_courier_destroy(ntf_courier_t **courier);

#endif
