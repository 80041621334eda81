/* desk: the page for those who may see names: focal points, of their own party; the secretariat, of all.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   convene dashboard link --as focal-kz          a browser                    desk thread
 *     key file, name, last instant ----URL---->  /desk/in?t=PASS  ---------->  checks; a page with a button
 *                                                /desk/enter?t=PASS  ------->  checks; the link is used up (a row,
 *                                                                               store_sessions.h); a cookie
 *                                                /desk, /desk/event/E  ----->  whose cookie; looks up role and party of
 *                                                                               the name in the certificates; asks
 *                                                                               registration with a key of its own;
 *                                                                               answers; forgets
 *
 * A link signs in once. The button is there because programs look at links before people do: mail filters, previews.
 * They use none up. The cookie is random and says nothing; its session ends with the link's time, at sign-out, by
 * `convene dashboard revoke`, with the certificate or with the key that signed, and outlives a restart.
 *
 * A listener and a thread of its own, on an address of its own: off unless `dashboard/desk` says where. The public page
 * knows nothing of it: no name of a person ever is in the mirror, in the stream, in the dashboard's files or in a log.
 * Nothing is kept between two requests but the connection to the services and who is signed in. What was asked is in registration's list of readings
 * before the answer leaves, under the desk's key, with on whose behalf (`on_behalf_of` of the question).
 *
 * A question to a service is waited for, at most DASH_DESK_WAIT_MS: others at the desk wait meanwhile. It is for some
 * dozens of people; the public page is not behind it.
 *
 * Instead of links a reverse proxy may say who somebody is, if it is believed: core_proxy.h; off by itself.
 *
 * Failure modes, all said on the page and in its status
 *   no key file, or no key of the desk's own    503: closed; why is in the log. Open as soon as they are there
 *   a pass that is forged, cut, of a key before 401; the same words for all of them
 *   a pass that has ended, or was taken back    401
 *   a link that was used                        401, and says that it was, and whom to tell
 *   the file of sessions cannot be used         503: closed, tried again at the next request
 *   its name is revoked, or may not see names   403, also while the pass would still be good
 *   another party than one's own                403
 *   a proxy's header that is not believed       403, whatever else is there
 *   a service does not answer                   503
 *
 * Invariants
 *   role and party are those of the certificates at the moment of the answer, never of the pass
 *   no answer may be kept (no-store), no address is passed on (no-referrer), the cookie is for this path, this site and
 *   no script
 *   no request, name, pass or cookie is logged
 *   one link, one cookie: looking (GET /desk/in, HEAD) uses nothing up
 */
#ifndef DASHBOARD_DESK_H
#define DASHBOARD_DESK_H

#include "convene/client.h"
#include "dashboard/core_pass.h"
#include "dashboard/core_proxy.h"
#include "dashboard/http.h"
#include "dashboard/store_sessions.h"
#include "dashboard/words.h"

#include <jansson.h>

enum {
    DASH_DESK_WAIT_MS = 3000, /* of one answer of a service */
    DASH_DESK_LOOK_MS = 2000, /* so old the certificates may be that are looked at */
    DASH_DESK_CONNECTIONS = 64,
    DASH_DESK_PATH_MAX = 1100, /* octets of the path of a file */
    DASH_DESK_WHY_MAX = 256,
};

typedef struct dash_desk dash_desk_t;
typedef struct {
    int listen_fd; /* taken, also when starting fails */
    int64_t clock_offset_ms;
    cv_client_options_t client; /* its texts must live as long as the desk */
    const char *key_file;       /* what signs passes */
    const char *sessions_file;
    const dash_proxy_t *proxy; /* NULL: there is none that is believed */
} dash_desk_options_t;

int dash_desk_start(const dash_desk_options_t *options, dash_desk_t **ret_desk) CV_USE_RESULT;
void dash_desk_stop(dash_desk_t **desk);

/* ---- between the desk files ---- */
struct dash_desk {
    dash_desk_options_t options;
    struct event_base *base;
    dash_http_t *http;
    cv_client_t *client; /* NULL: not opened yet, or its key is missing */
    cv_reader_t *reader;
    cv_principals_t *principals;
    dash_sessions_t *sessions; /* NULL: not opened yet */
    int64_t looked_ms;         /* mono, when the principals were loaded */
    int64_t said_ms;           /* mono, when it was last logged that the desk is closed */
    int64_t refused_ms;        /* the same, that a proxy's header was refused */
    unsigned long thread;
    int stop_fd;
    struct event *stop;
};
/* desk_door.c. All: CV_EDENIED, CV_EEXPIRED: of the pass or cookie; CV_ECONFLICT: the link was used; CV_ENOTFOUND: the
 * name may not see names (any more); CV_EUNAVAIL: the desk is closed, *ret_why says why. */
typedef struct {
    cv_principal_t who;
    int64_t until_ms; /* 0: as long as the proxy says so */
    char why[DASH_DESK_WHY_MAX];
} dash_desk_guest_t;
/* Opens the file of sessions, which begins then if it is new: before anybody is given a link. */
void dash_desk_remember(dash_desk_t *desk);
/* Whose link this is, as of now; it stays unused. */
int dash_desk_look(dash_desk_t *desk, const char *link, dash_desk_guest_t *ret_guest) CV_USE_RESULT;
/* Signs in by it. */
int dash_desk_enter(dash_desk_t *desk, const char *link, dash_desk_guest_t *ret_guest,
                    char ret_cookie[DASH_COOKIE_TEXT]) CV_USE_RESULT;
/* Whose cookie this is, as of now. */
int dash_desk_admit(dash_desk_t *desk, const char *cookie, dash_desk_guest_t *ret_guest) CV_USE_RESULT;
/* Who this is by name, which a proxy that is believed gave. */
int dash_desk_named(dash_desk_t *desk, const char *name, dash_desk_guest_t *ret_guest) CV_USE_RESULT;
int dash_desk_leave(dash_desk_t *desk, const char *cookie) CV_USE_RESULT;
/* What who holds the key asks for (core_pass.h): the answer as JSON, a new reference. */
int dash_desk_order(dash_desk_t *desk, const char *order, json_t **ret_answer) CV_USE_RESULT;
int64_t dash_desk_now(const dash_desk_t *desk);                /* wall */
void dash_desk_say_closed(dash_desk_t *desk, const char *why); /* in the log, now and then */
void dash_desk_say_refused(dash_desk_t *desk, const char *peer, const char *why);
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
/* To be pressed: signs in as the guest by the link. */
dash_text_t *dash_desk_page_button(const dash_desk_page_t *page, const char *name, const char *link);
dash_text_t *dash_desk_page_events(const dash_desk_page_t *page, const json_t *events);
/* All events as they are now. releases: of plans. */
dash_text_t *dash_desk_page_plan(const dash_desk_page_t *page, const json_t *events, const json_t *releases);
/* desk_plan.c: the version of the event in the newest release of its plan, 0: none; and that release's name. */
int64_t dash_desk_released(const json_t *releases, const json_t *event, const char **ret_name);
void dash_desk_put_released(cv_buf_t *buf, dash_language_t language, const json_t *releases, const json_t *event);
dash_text_t *dash_desk_page_parties(const dash_desk_page_t *page, const char *event, const json_t *delegations);
dash_text_t *dash_desk_page_persons(const dash_desk_page_t *page, const char *event, const char *party,
                                    const json_t *contacts);

#endif
