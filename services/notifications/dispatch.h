/* dispatch: notices leave for addresses of others, by e-mail and webhook, however these fare.
 * SPDX-License-Identifier: Apache-2.0
 *
 * How it goes
 *   a notice is made            its webhooks' dispatches are made with it, in the engine's transaction        events.c
 *   its message is composed     its mail's dispatch is made with the bytes, in the lease's transaction        deliver.c
 *   a turn of ntf_post_turn     takes back what has ended, then in one transaction
 *                                 ends      delivered; when to try again; dead. Triggers say it of the notice too
 *                                           (store_arrival.h), which is told NTF_SETTLE_MS later
 *                                 leases    heads of lanes that are due, as far as their destinations have room   COMMIT
 *                               and only then gives the leased ones to the courier (courier.h)
 *   the courier's end           makes ntf_post_fd readable, which brings the next turn; so does the next due time
 *
 * A lease belongs to the process, not to a time: an attempt is on its way as long as the process that began it lives and
 * has not heard its end, which comes, because every attempt has a time limit. So none is begun twice, however long it
 * takes. What is on its way when the process is killed goes back to its queue at the next start, and is sent again with
 * the same bytes and the same id: the one case in which a receiver can get something twice, beside a connection that
 * broke between its answer and us.
 *
 * Failure modes
 *   an address fails or hangs              its lane waits by the ladder; from the third time on its breaker lets one through
 *                                          now and then (core_retry.h). Other addresses of its host go on: it has little of
 *                                          the host's room (destinations.h)
 *   a host is away                         its lanes wait; from the third time on the host's breaker lets one through now
 *                                          and then. It has NTF_ROOM_HOST or NTF_ROOM_MAIL attempts at once at most, so it
 *                                          takes no room from others
 *   host wants no more than so many        its lanes wait for their turn, one every so often (ntf_pace); others do not notice
 *   a minute (settings)
 *   a message that is refused              dead at once, with the reply; the next of the lane goes
 *   a webhook is taken away, or moves,     what was on its way there fails without being counted: the next lease ends it as
 *   while something is on its way          withdrawn, and mails it to who wanted the webhook alone; or sends it to the new address
 *   a webhook moves                        what waits is due at once, with the whole ladder: pauses and failures were the
 *                                          old address's
 *   whom a mail is for changes, or its     what waits is due at once at the address it is for now, made anew, in the order it was
 *   address does                           made in; what is on its way fails without being counted, and follows: moved.h
 *   410                                    the webhook is off, its queue is dead, and what its party wanted there alone is mailed;
 *                                          setting it again turns it on
 *   the disk is full                       ends are kept in memory and committed when there is room; nothing is leased
 *   the clock steps back                   what waits has its pause from now on, also what was given up because the
 *                                          clock was ahead of its last retry; forward: it is due (core_retry.h)
 *   no mail server is set any more         mail waits until there is one
 *   stopped                                waits for what is on its way, at most NTF_COURIER_DRAIN_MS, and commits its end
 *
 * Invariants
 *   nothing is sent before its lease is on the disk
 *   of a lane one at most is on its way
 *   what is given up is dead, with its reason, and stays until it is redriven
 */
#ifndef NOTIFICATIONS_DISPATCH_H
#define NOTIFICATIONS_DISPATCH_H

#include "notifications/courier.h"
#include "notifications/destinations.h"
#include "notifications/notifications.h"
#include "notifications/store_dispatch.h"

struct cv_config;

enum {
    NTF_DUE_PAGE = 128, /* dispatches looked at in one go, and at most so many pages in a turn */
    NTF_DUE_PAGES = 16,
    NTF_PAUSE_STORE_MS = 1000, /* after a transaction that failed */
};

enum { NTF_PARTY_MAX = 16 }; /* octets of a party's code */
enum { NTF_ESCALATE_REMINDER, NTF_ESCALATE_PROMOTION, NTF_ESCALATE_SILENCE, NTF_ESCALATES };
typedef struct {
    ntf_courier_settings_t courier;
    ntf_ladder_t ladder;
    int report_days;                     /* after an event's last day its report is due; 0: never */
    int64_t rate[NTF_CHANNELS];          /* attempts a minute at one destination; 0: any number */
    int64_t escalate_ms[NTF_ESCALATES];  /* before a deadline; 0: never */
    char secretariat[NTF_PARTY_MAX + 1]; /* who is told of what nobody got: unseen.h; "": nobody */
    char key_path[NTF_SETTING_MAX];      /* of the file that webhooks' secrets are made from; "": none */
} ntf_post_settings_t;

/* Settings, once and before ntf_service is opened. CV_EINVAL with the reason. */
int ntf_post_configure(const struct cv_config *config, char *ret_error, size_t error_size);
const ntf_post_settings_t *ntf_post_settings(void);

int ntf_post_open(cv_db_t *db, ntf_post_t **ret_post) CV_USE_RESULT;
/* Waits for what is on its way; nothing leaves after it. */
void ntf_post_drain(ntf_t *ntf);
void ntf_post_close(ntf_post_t **post); /* after that, if anything was sent */
/* The file that secrets are made from: read, or made where no webhook needs one yet. CV_EINVAL with the reason. */
int ntf_post_start(ntf_post_t *post, char *ret_error, size_t error_size);
/* NULL: there is no key file. */
const cv_seal_key_t *ntf_post_key(const ntf_post_t *post);

void ntf_post_stir(ntf_post_t *post); /* there may be something to send */
int ntf_post_fd(const ntf_post_t *post);
ntf_dispatches_t *ntf_post_store(ntf_post_t *post);
int64_t ntf_post_now_ms(const ntf_post_t *post); /* of its last turn; 0: none yet */
bool ntf_post_has_mail(void);                    /* whether mail is handed to a server instead of the outbox */
/* CV_EIO, CV_ECORRUPT; other failures are tried again. */
int ntf_post_turn(ntf_t *ntf, cv_db_t *db, int64_t now_ms) CV_USE_RESULT;

/* What has come of attempts since the service was started, and how many hosts and addresses are left alone now. */
typedef struct {
    int64_t attempts[NTF_CHANNELS][CV_DELIVERY_RESULT_MAX + 1];
    int64_t left_alone;
} ntf_post_counts_t;
ntf_post_counts_t ntf_post_counts(const ntf_post_t *post);

#endif
