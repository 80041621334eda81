/* feeds: calendars over HTTP.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DASHBOARD_FEEDS_H
#define DASHBOARD_FEEDS_H

#include "dashboard/web.h"

/* Looks whether all that scheduling has said was heard once; after each batch. */
void dash_feed_note(dash_web_t *web);
/* rest: the path behind "/calendar". */
void dash_feed_answer(dash_web_t *web, dash_exchange_t *exchange, const dash_request_t *request, const char *rest);

#endif
