/* reply: what the files that answer requests say alike: a sentence, and what content is known by.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DASHBOARD_REPLY_H
#define DASHBOARD_REPLY_H

#include "dashboard/http.h"

enum { DASH_ETAG_HASH = 16, DASH_ETAG_MAX = 2 * DASH_ETAG_HASH + 3 /* with the quotes and the NUL */ };

/* A sentence as plain text. headers: as in dash_http_reply, or NULL. */
void dash_say(dash_exchange_t *exchange, int status, const char *const *headers, const char *text);
/* The ETag of content: a hash of its octets. */
void dash_etag_of(cv_str_t bytes, char ret_etag[DASH_ETAG_MAX]);

/* Is this tag among those of If-None-Match? Either may be weak: tags are compared as GET does (RFC 9110). */
bool dash_etag_matches(const char *list, const char *etag);

#endif
