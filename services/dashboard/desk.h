/* desk: the page for those who may see names: focal points, of their own party; the secretariat, of all.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   convene dashboard link --as focal-kz          a browser                    desk thread
 *     key file, name, last instant ----URL---->  /desk/in?t=PASS  ---------->  checks; a cookie, the pass leaves the URL
 *                                                /desk, /desk/event/E  ----->  checks; looks up role and party of the name
 *                                                                               in the certificates; asks registration
 *                                                                               with a key of its own; answers; forgets
 *
 * A listener and a thread of its own, on an address of its own: off unless `dashboard/desk` says where. The public page
 * knows nothing of it: no name ever is in the mirror, in the stream, in the dashboard's database or in a log. Nothing is
 * kept between two requests but the connection to the services. What was asked is in registration's list of readings
 * before the answer leaves, under the desk's key, with on whose behalf (`on_behalf_of` of the question).
 *
 * A question to a service is waited for, at most DASH_DESK_WAIT_MS: others at the desk wait meanwhile. It is for some
 * dozens of people; the public page is not behind it.
 *
 * Failure modes, all said on the page and in its status
 *   no key file, or no key of the desk's own    503: closed; why is in the log. Open as soon as they are there
 *   a pass that is forged, cut, of a key before 401; the same words for all of them
 *   a pass that has ended                       401
 *   its name is revoked, or may not see names   403, also while the pass would still be good
 *   another party than one's own                403
 *   a service does not answer                   503
 *
 * Invariants
 *   role and party are those of the certificates at the moment of the answer, never of the pass
 *   no answer may be kept (no-store), no address is passed on (no-referrer), the cookie is for this path, this site and
 *   no script
 *   no request, name, pass or cookie is logged
 */
#ifndef DASHBOARD_DESK_H
#define DASHBOARD_DESK_H

#include "convene/client.h"
#include "dashboard/core_pass.h"
#include "dashboard/http.h"
#include "dashboard/words.h"

#include <jansson.h>

enum {
    DASH_DESK_WAIT_MS = 3000, /* of one answer of a service */
    DASH_DESK_LOOK_MS = 2000, /* so old the certificates may be that are looked at */
    DASH_DESK_CONNECTIONS = 64,
    DASH_DESK_PATH_MAX = 1100, /* octets of the path of a file */
};

typedef struct dash_desk dash_desk_t;
typedef struct {
    int listen_fd; /* taken, also when starting fails */
    int64_t clock_offset_ms;
    cv_client_options_t client; /* its texts must live as long as the desk */
    const char *key_file;       /* what signs passes */
} dash_desk_options_t;

int dash_desk_start(const dash_desk_options_t *options, dash_desk_t **ret_desk) CV_USE_RESULT;
void dash_desk_stop(dash_desk_t **desk);

/* ---- between the desk files ---- */
/* desk.c. Who holds this pass, as of now. CV_EDENIED, CV_EEXPIRED: of the pass; CV_ENOTFOUND: the name may not see
 * names (any more); CV_EUNAVAIL: the desk is closed, *ret_why says why. */
int dash_desk_admit(dash_desk_t *desk, const char *pass, cv_principal_t *ret_who, int64_t *ret_until_ms, char *ret_why,
                    size_t why_size) CV_USE_RESULT;
int64_t dash_desk_now(const dash_desk_t *desk); /* wall */
/* All answers to a question, as a list of their data. CV_E* of the service; CV_EUNAVAIL with *ret_why. */
int dash_desk_ask(dash_desk_t *desk, const char *service, const char *what, const char *key, const char *on_behalf_of,
                  json_t **ret_list, char *ret_why, size_t why_size) CV_USE_RESULT;
/* desk_routes.c */
void dash_desk_answer(dash_desk_t *desk, dash_exchange_t *exchange, const dash_request_t *request);
/* desk_page.c: the pages. New references; NULL: out of memory. */
typedef struct {
    dash_language_t language;
    const cv_principal_t *who; /* NULL: nobody is signed in */
    int64_t until_ms;
} dash_desk_page_t;
dash_text_t *dash_desk_page_note(const dash_desk_page_t *page, dash_word_t word, const char *more, bool go_on);
dash_text_t *dash_desk_page_events(const dash_desk_page_t *page, const json_t *events);
dash_text_t *dash_desk_page_parties(const dash_desk_page_t *page, const char *event, const json_t *delegations);
dash_text_t *dash_desk_page_persons(const dash_desk_page_t *page, const char *event, const char *party,
                                    const json_t *contacts);

#endif
