/* desk_door: who is let in to the desk: by a link, then by the cookie of a session; and the orders of who holds the key.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The key is read each time, so that what an old key signed is worth nothing as soon as there is another; certificates
 * are at most DASH_DESK_LOOK_MS old.
 */
#include "dashboard/desk.h"

#include "convene/ids.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int s_look(dash_desk_t *desk, char *ret_why, size_t why_size)
{
    char allow[DASH_DESK_PATH_MAX];
    int64_t mono_ms = cv_clock_mono_ms();
    if (desk->principals && mono_ms - desk->looked_ms < DASH_DESK_LOOK_MS)
        return CV_OK;
    cv_principals_destroy(&desk->principals);
    (void)snprintf(allow, sizeof(allow), "%s/allow", desk->options.client.keys);
    desk->looked_ms = mono_ms;
    return cv_principals_load(allow, &desk->principals, ret_why, why_size) ? CV_EUNAVAIL : CV_OK;
}

static int s_remember(dash_desk_t *desk, char *ret_why, size_t why_size)
{
    if (desk->sessions)
        return CV_OK;
    return dash_sessions_open(desk->options.sessions_file, dash_desk_now(desk), &desk->sessions, ret_why, why_size);
}

void dash_desk_remember(dash_desk_t *desk)
{
    char why[DASH_DESK_WHY_MAX];
    if (s_remember(desk, why, sizeof(why)))
        dash_desk_say_closed(desk, why);
}

/* What is needed to know anybody: the key, the certificates and the file of sessions. Wipe the key after use. */
static int s_open(dash_desk_t *desk, cv_seal_key_t *ret_key, char *ret_why, size_t why_size)
{
    int rc = cv_seal_read(desk->options.key_file, ret_key, ret_why, why_size);
    if (!rc)
        rc = s_look(desk, ret_why, why_size);
    if (!rc)
        rc = s_remember(desk, ret_why, why_size);
    if (!rc)
        return CV_OK;
    sodium_memzero(ret_key, sizeof(*ret_key));
    dash_desk_say_closed(desk, ret_why);
    return CV_EUNAVAIL;
}

/* What the file of sessions answers; what is no answer is a desk that is closed. */
static int s_of_sessions(dash_desk_t *desk, int rc, char *ret_why, size_t why_size)
{
    if (rc == CV_OK || rc == CV_EDENIED || rc == CV_EEXPIRED || rc == CV_ECONFLICT)
        return rc;
    (void)snprintf(ret_why, why_size, "%s: %s", desk->options.sessions_file, cv_error_text(rc));
    dash_desk_say_closed(desk, ret_why);
    return CV_EUNAVAIL;
}

/* Role and party of a name, as of now. */
static int s_greet(const dash_desk_t *desk, const char *name, int64_t until_ms, dash_desk_guest_t *ret_guest)
{
    const cv_principal_t *who = cv_principals_by_name(desk->principals, cv_str(name));
    if (!who || !(who->role == CV_ROLE_SECRETARIAT || (who->role == CV_ROLE_FOCAL_POINT && who->party[0])))
        return CV_ENOTFOUND;
    ret_guest->who = *who;
    ret_guest->until_ms = until_ms;
    return CV_OK;
}

/* cookie NULL: only looks. */
static int s_by_link(dash_desk_t *desk, const char *link, dash_desk_guest_t *ret_guest, char *cookie)
{
    cv_seal_key_t key;
    dash_pass_t pass;
    int rc = s_open(desk, &key, ret_guest->why, sizeof(ret_guest->why));
    if (rc)
        return rc;
    rc = dash_pass_check(&key, DASH_PASS_LINK, link, dash_desk_now(desk), &pass);
    if (!rc)
        rc = s_greet(desk, pass.name, pass.until_ms, ret_guest);
    if (!rc && cookie)
        rc = cv_principals_key(desk->principals, cv_str(pass.name), pass.whose);
    if (!rc && cookie)
        rc = s_of_sessions(desk, dash_sessions_begin(desk->sessions, &key, link, &pass, dash_desk_now(desk), cookie),
                           ret_guest->why, sizeof(ret_guest->why));
    else if (!rc)
        rc = s_of_sessions(desk, dash_sessions_look(desk->sessions, link, &pass), ret_guest->why,
                           sizeof(ret_guest->why));
    sodium_memzero(&key, sizeof(key));
    return rc;
}

int dash_desk_look(dash_desk_t *desk, const char *link, dash_desk_guest_t *ret_guest)
{
    return s_by_link(desk, link, ret_guest, NULL);
}

int dash_desk_enter(dash_desk_t *desk, const char *link, dash_desk_guest_t *ret_guest,
                    char ret_cookie[DASH_COOKIE_TEXT])
{
    return s_by_link(desk, link, ret_guest, ret_cookie);
}

int dash_desk_admit(dash_desk_t *desk, const char *cookie, dash_desk_guest_t *ret_guest)
{
    cv_seal_key_t key;
    dash_pass_t session;
    if (!*cookie) {
        dash_desk_remember(desk); /* a file that is new begins at the first visit, not at the first link */
        return CV_EDENIED;
    }
    int rc = s_open(desk, &key, ret_guest->why, sizeof(ret_guest->why));
    if (rc)
        return rc;
    rc = s_of_sessions(desk, dash_sessions_find(desk->sessions, &key, cookie, dash_desk_now(desk), &session),
                       ret_guest->why, sizeof(ret_guest->why));
    sodium_memzero(&key, sizeof(key));
    if (!rc)
        rc = s_greet(desk, session.name, session.until_ms, ret_guest);
    /* Another key under the same name, after a rotation or for who came after, is somebody else. */
    uint8_t whose[sizeof(session.whose)];
    if (!rc && (cv_principals_key(desk->principals, cv_str(session.name), whose) ||
                memcmp(whose, session.whose, sizeof(whose)) != 0))
        rc = CV_EEXPIRED;
    return rc;
}

int dash_desk_named(dash_desk_t *desk, const char *name, dash_desk_guest_t *ret_guest)
{
    int rc = s_look(desk, ret_guest->why, sizeof(ret_guest->why));
    if (!rc)
        return s_greet(desk, name, 0, ret_guest);
    dash_desk_say_closed(desk, ret_guest->why);
    return rc;
}

int dash_desk_leave(dash_desk_t *desk, const char *cookie)
{
    char why[DASH_DESK_WHY_MAX];
    cv_seal_key_t key;
    int rc = s_open(desk, &key, why, sizeof(why));
    sodium_memzero(&key, sizeof(key));
    return rc ? rc : s_of_sessions(desk, dash_sessions_end(desk->sessions, cookie), why, sizeof(why));
}

static int s_obey(dash_desk_t *desk, const cv_seal_key_t *key, const char *order, json_t **ret_answer)
{
    dash_pass_t pass;
    json_t *list = NULL;
    int64_t now_ms = dash_desk_now(desk);
    int ended = 0, rc = dash_pass_check(key, DASH_PASS_LIST, order, now_ms, &pass);
    if (!rc)
        rc = dash_sessions_list(desk->sessions, key, now_ms, &list);
    if (!rc)
        *ret_answer = json_pack("{s:o}", "sessions", list);
    if (rc != CV_EDENIED)
        return rc || *ret_answer ? rc : CV_ENOMEM;
    rc = dash_pass_check(key, DASH_PASS_END, order, now_ms, &pass);
    if (!rc)
        rc = dash_sessions_end_of(desk->sessions, pass.name, pass.made_ms, now_ms, &ended);
    if (!rc)
        *ret_answer = json_pack("{s:s, s:i}", "name", pass.name, "ended", ended);
    return rc || *ret_answer ? rc : CV_ENOMEM;
}

int dash_desk_order(dash_desk_t *desk, const char *order, json_t **ret_answer)
{
    char why[DASH_DESK_WHY_MAX];
    cv_seal_key_t key;
    int rc = s_open(desk, &key, why, sizeof(why));
    if (!rc)
        rc = s_of_sessions(desk, s_obey(desk, &key, order, ret_answer), why, sizeof(why));
    sodium_memzero(&key, sizeof(key));
    return rc;
}
