/* store_sessions: which links to the desk were used, and who is signed in: a file of the desk's own.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   a link comes          its row is made with a cookie's hash, on the disk before the cookie leaves: signed in
 *   the same link again   the row is there: no
 *   a cookie comes        its row says who and until when
 *   signing out, revoke   the row loses its cookie and stays: the link is still used
 *   the link's time ends  the session's does with it; the row goes a while later
 *
 * The file is beside the dashboard's database, not in it: that one belongs to the service's thread, is written when
 * records come, and may be thrown away. This one is written when somebody signs in or out, by the desk's thread alone.
 * Sessions and used links survive a restart, a kill and a power failure.
 *
 * Who steals the file has names and times. Links and cookies are in it as hashes (BLAKE2b-256) of octets of which 64
 * and 256 bits are random, links signed besides: neither can be made from them.
 *
 * Failure modes
 *   the file is gone or new    every link made before it was is refused, for which of them were used is not known any
 *                              more; all sessions are over
 *   killed after the commit    the link is used and nobody has its cookie: its holder asks for another
 *   no room on the disk        nobody is signed in, nothing is used up
 *   the clock is put back      rows stay a week longer than their link, so it is not new again
 *   it was ahead when the file was new
 *                              links are refused until that instant comes; the file may be taken away to begin anew
 *
 * Invariants
 *   one link, one session, whatever is sent at once or killed in between
 *   a session is of the key that signed its link: with another key it is over
 */
#ifndef DASHBOARD_STORE_SESSIONS_H
#define DASHBOARD_STORE_SESSIONS_H

#include "convene/principal.h"
#include "convene/seal.h"
#include "dashboard/core_pass.h"

#include <jansson.h>

enum { DASH_COOKIE_TEXT = 44 /* octets of a cookie's value, with its NUL */ };

typedef struct dash_sessions dash_sessions_t;

/* now_ms: what a file that is new begins at. ret_error says what is wrong. */
int dash_sessions_open(const char *path, int64_t now_ms, dash_sessions_t **ret_sessions, char *ret_error,
                       size_t error_size) CV_USE_RESULT;
void dash_sessions_close(dash_sessions_t **sessions);

/* Whether this link, which was checked, would sign in. CV_ECONFLICT: it was used. CV_EEXPIRED: made before the file
 * was, or taken back. */
int dash_sessions_look(dash_sessions_t *sessions, const char *link, const dash_pass_t *pass) CV_USE_RESULT;
/* Signs in by it, once. */
int dash_sessions_begin(dash_sessions_t *sessions, const cv_seal_key_t *key, const char *link, const dash_pass_t *pass,
                        int64_t now_ms, char ret_cookie[DASH_COOKIE_TEXT]) CV_USE_RESULT;
/* Whose session this is: name, made_ms (when it began), until_ms and whose. CV_EDENIED: nobody's. CV_EEXPIRED: it is over. */
int dash_sessions_find(dash_sessions_t *sessions, const cv_seal_key_t *key, const char *cookie, int64_t now_ms,
                       dash_pass_t *ret_session) CV_USE_RESULT;
/* Signs out; CV_OK also where there is no such session. */
int dash_sessions_end(dash_sessions_t *sessions, const char *cookie) CV_USE_RESULT;
/* Ends all of this name ("*": of everybody), links that were made until now and were not used included; also until
 * until_made_ms, which is now by the clock of who makes links. */
int dash_sessions_end_of(dash_sessions_t *sessions, const char *name, int64_t until_made_ms, int64_t now_ms,
                         int *ret_ended) CV_USE_RESULT;
/* [{"name", "begun", "until"}] of the sessions that are good now, in order of their names. A new reference. */
int dash_sessions_list(dash_sessions_t *sessions, const cv_seal_key_t *key, int64_t now_ms,
                       json_t **ret_list) CV_USE_RESULT;

#endif
