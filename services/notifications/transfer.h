/* transfer: one attempt as a transfer of libcurl.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Mail is handed to one server (smtp/url) for one recipient, a webhook is one POST. Nothing is followed elsewhere, no
 * proxy of the environment is used, only the scheme that is meant is spoken, and what goes into a command or a header is
 * looked at once more: libcurl would send a line break in an address as it is.
 */
#ifndef NOTIFICATIONS_TRANSFER_H
#define NOTIFICATIONS_TRANSFER_H

#include "notifications/courier.h"

#include <curl/curl.h>
#include <stdatomic.h>

typedef struct ntf_transfer ntf_transfer_t;

/* Of the mail connections of one thread: there is one at a time, and one that was kept. */
enum { NTF_SOCKETS_MAX = 4 };
typedef struct {
    int fds[NTF_SOCKETS_MAX];
    size_t n;
    _Atomic(int64_t)
        stop_ms; /* by the monotonic clock: attempts end then; 0: they have their time. Of another thread too */
} ntf_line_t;
/* Cuts what is open: closing it waits for nobody, and nobody uses it again. */
void ntf_line_cut(const ntf_line_t *line);

/* Makes it, ready for curl_multi_add_handle. NULL: the job cannot be attempted and has its end. line lives as long as its
 * connection. */
ntf_transfer_t *ntf_transfer_new(const ntf_courier_settings_t *settings, ntf_job_t *job, ntf_line_t *line,
                                 int64_t now_s);
CURL *ntf_transfer_handle(const ntf_transfer_t *transfer);
/* The one behind a handle. */
ntf_transfer_t *ntf_transfer_of(CURL *handle);
/* Gives the job its end. */
ntf_job_t *ntf_transfer_end(ntf_transfer_t *transfer, CURLcode result);
void ntf_transfer_destroy(ntf_transfer_t **transfer); /* the job stays */

/* Whether these octets can be an SMTP message: whole lines, each ended by CR LF, neither of them alone, no NUL. */
bool ntf_transfer_mail_usable(cv_str_t mail);

#endif
