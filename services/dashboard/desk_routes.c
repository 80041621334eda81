/* desk_routes: what is at which path of the desk, and who may see it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   /desk/in?t=PASS           a button that signs in                 /desk/out                signs out
 *   /desk/enter?t=PASS        signs in: a cookie, and on to /desk    /desk/order?t=ORDER      of who holds the key: JSON
 *   /desk                     events that take registrations         /desk/event/E            persons of one's own party;
 *   /desk/event/E/P           persons of a party                                              for the secretariat: parties
 *   /desk/plan                the plan as it is worked on, released or not
 *   /desk/style.css, /desk/icon.svg
 *
 * Signing in answers with a page that goes on by itself, not with a redirect: a browser keeps a SameSite=Strict cookie
 * back from a redirect that begins in a mail or on another site.
 */
#include "dashboard/assets.h"
#include "dashboard/desk.h"

#include "convene/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COOKIE_MAX = DASH_COOKIE_TEXT + 128, KEY_MAX = 160 };

static const char s_name[] = "convene_desk=";

typedef struct {
    dash_desk_t *desk;
    dash_exchange_t *exchange;
    const dash_request_t *request;
    dash_desk_page_t page;
    dash_desk_guest_t guest;
} visit_t;

/* Takes body. */
static void s_give(const visit_t *visit, int status, const char *type, const char *cookie, dash_text_t *body)
{
    const char *const headers[] = {"Cache-Control", "no-store", cookie ? "Set-Cookie" : NULL, cookie, NULL};
    dash_http_reply(visit->exchange, body ? status : 503, type, headers, body);
    dash_text_drop(body);
}

static void s_show(const visit_t *visit, int status, dash_text_t *page)
{
    s_give(visit, status, "text/html; charset=utf-8", NULL, page);
}

static void s_say(const visit_t *visit, int status, dash_word_t word)
{
    /* Why is for those who are in: it can name files of this machine. For others it is in the log. */
    s_show(visit, status, dash_desk_page_note(&visit->page, word, visit->page.who ? visit->guest.why : "", false));
}

/* The answer to what went wrong. */
static void s_fail(visit_t *visit, int rc)
{
    switch (rc) {
    case CV_EDENIED:
    case CV_EEXPIRED:
        s_say(visit, 401, rc == CV_EEXPIRED ? DASH_W_desk_over : DASH_W_desk_needs);
        return;
    case CV_ECONFLICT:
        s_say(visit, 401, DASH_W_desk_used);
        return;
    case CV_ENOTFOUND:
    case CV_EINVAL:
        s_say(visit, 404, DASH_W_desk_nothing);
        return;
    default:
        s_say(visit, 503, DASH_W_desk_closed);
    }
}

/* ---- signing in ------------------------------------------------------------------------------------------ */

/* The value of our cookie in "a=b; convene_desk=...; c=d"; "" where there is none, or one that is too long. */
static void s_cookie_of(const char *cookies, char ret_cookie[DASH_COOKIE_TEXT])
{
    ret_cookie[0] = '\0';
    for (const char *at = cookies; *at; at += strcspn(at, ";"), at += strspn(at, "; ")) {
        size_t len = strcspn(at, ";"), name = strlen(s_name);
        if (len > name && strncmp(at, s_name, name) == 0 &&
            cv_str_copy((cv_str_t){at + name, len - name}, ret_cookie, DASH_COOKIE_TEXT))
            ret_cookie[0] = '\0';
    }
}

/* Whether the door let them in; if not it is answered. */
static bool s_is_in(visit_t *visit, int rc)
{
    if (rc == CV_ENOTFOUND)
        s_say(visit, 403, DASH_W_desk_not_yours);
    else if (rc)
        s_fail(visit, rc);
    return !rc;
}

static void s_know(visit_t *visit)
{
    visit->page.who = &visit->guest.who;
    visit->page.until_ms = visit->guest.until_ms;
}

/* Behind a proxy with TLS the cookie must not travel without it. */
static const char *s_secure(const visit_t *visit)
{
    return strcasecmp(visit->request->forwarded_proto, "https") == 0 ? "; Secure" : "";
}

/* Who only looks uses nothing up. */
static void s_show_button(visit_t *visit)
{
    const char *link = dash_target_parameter(visit->request->target, "t");
    if (s_is_in(visit, dash_desk_look(visit->desk, link, &visit->guest)))
        s_show(visit, 200, dash_desk_page_button(&visit->page, visit->guest.who.name, link));
}

static void s_sign_in(visit_t *visit)
{
    char text[COOKIE_MAX], cookie[DASH_COOKIE_TEXT];
    const char *link = dash_target_parameter(visit->request->target, "t");
    if (!s_is_in(visit, dash_desk_enter(visit->desk, link, &visit->guest, cookie)))
        return;
    s_know(visit);
    int64_t left_s = (visit->page.until_ms - dash_desk_now(visit->desk)) / 1000;
    (void)snprintf(text, sizeof(text), "%s%s; Path=/desk; HttpOnly; SameSite=Strict; Max-Age=%" PRId64 "%s", s_name,
                   cookie, left_s > 0 ? left_s : 0, s_secure(visit));
    s_give(visit, 200, "text/html; charset=utf-8", text,
           dash_desk_page_note(&visit->page, DASH_W_desk_welcome, "", true));
}

/* A page of another site can send a browser here, but not with the cookie, so it ends nothing. */
static void s_sign_out(visit_t *visit)
{
    char text[COOKIE_MAX], cookie[DASH_COOKIE_TEXT];
    s_cookie_of(visit->request->cookies, cookie);
    int rc = *cookie ? dash_desk_leave(visit->desk, cookie) : CV_OK;
    if (rc) { /* said, or somebody believes to be out who is in */
        s_fail(visit, rc);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s; Path=/desk; HttpOnly; SameSite=Strict; Max-Age=0%s", s_name,
                   s_secure(visit));
    s_give(visit, 200, "text/html; charset=utf-8", text, dash_desk_page_note(&visit->page, DASH_W_desk_bye, "", false));
}

static void s_order(visit_t *visit)
{
    json_t *answer = NULL;
    int rc = dash_desk_order(visit->desk, dash_target_parameter(visit->request->target, "t"), &answer);
    char *text = rc ? NULL : json_dumps(answer, JSON_COMPACT);
    json_decref(answer);
    if (rc)
        s_fail(visit, rc);
    else
        s_give(visit, 200, "application/json", NULL, text ? dash_text_new(cv_str(text)) : NULL);
    free(text);
}

/* ---- pages ----------------------------------------------------------------------------------------------- */

static int s_ask(visit_t *visit, const char *service, const char *what, const char *key, json_t **ret_list)
{
    return dash_desk_ask(visit->desk, service, what, key, visit->guest.who.name, ret_list, visit->guest.why,
                         sizeof(visit->guest.why));
}

static void s_events(visit_t *visit)
{
    json_t *events = NULL;
    int rc = s_ask(visit, "scheduling", "events", NULL, &events);
    if (rc)
        s_fail(visit, rc == CV_EDENIED ? CV_EUNAVAIL : rc);
    else
        s_show(visit, 200, dash_desk_page_events(&visit->page, events));
    json_decref(events);
}

static void s_plan(visit_t *visit)
{
    json_t *events = NULL, *releases = NULL;
    int rc = s_ask(visit, "scheduling", "events", NULL, &events);
    if (!rc)
        rc = s_ask(visit, "scheduling", "releases", NULL, &releases);
    if (rc)
        s_fail(visit, rc == CV_EDENIED ? CV_EUNAVAIL : rc);
    else
        s_show(visit, 200, dash_desk_page_plan(&visit->page, events, releases));
    json_decref(events);
    json_decref(releases);
}

static void s_parties(visit_t *visit, const char *event)
{
    json_t *delegations = NULL;
    int rc = s_ask(visit, "registration", "delegations", event, &delegations);
    if (rc)
        s_fail(visit, rc == CV_EDENIED ? CV_EUNAVAIL : rc);
    else
        s_show(visit, 200, dash_desk_page_parties(&visit->page, event, delegations));
    json_decref(delegations);
}

static void s_persons(visit_t *visit, const char *event, const char *party)
{
    char key[KEY_MAX];
    json_t *contacts = NULL;
    if (visit->guest.who.role != CV_ROLE_SECRETARIAT && strcmp(party, visit->guest.who.party) != 0) {
        s_say(visit, 403, DASH_W_desk_not_yours);
        return;
    }
    int len = snprintf(key, sizeof(key), "%s/%s", event, party);
    int rc = len < (int)sizeof(key) ? s_ask(visit, "registration", "persons", key, &contacts) : CV_ENOTFOUND;
    if (rc)
        s_fail(visit, rc == CV_EDENIED ? CV_EUNAVAIL : rc); /* the desk's own key may not: no matter of the visitor */
    else
        s_show(visit, 200, dash_desk_page_persons(&visit->page, event, party, contacts));
    json_decref(contacts);
}

static void s_event(visit_t *visit, const char *rest)
{
    char event[KEY_MAX];
    const char *slash = strchr(rest, '/');
    size_t len = slash ? (size_t)(slash - rest) : strlen(rest);
    if (cv_str_copy((cv_str_t){rest, len}, event, sizeof(event)) || !*event || (slash && !slash[1]))
        s_fail(visit, CV_ENOTFOUND);
    else if (slash)
        s_persons(visit, event, slash + 1);
    else if (visit->guest.who.role == CV_ROLE_SECRETARIAT)
        s_parties(visit, event);
    else
        s_persons(visit, event, visit->guest.who.party);
}

static bool s_asset(const visit_t *visit, const char *path)
{
    for (const dash_asset_t *asset = dash_assets; asset->path; asset++)
        if (strncmp(path, "/desk", 5) == 0 && strcmp(path + 5, asset->path) == 0 &&
            (strcmp(asset->path, "/style.css") == 0 || strcmp(asset->path, "/icon.svg") == 0)) {
            s_give(visit, 200, asset->type, NULL, dash_text_new((cv_str_t){(const char *)asset->bytes, asset->len}));
            return true;
        }
    return false;
}

/* changes: not by HEAD, which is for looking. */
static const struct {
    const char *path;
    void (*answer)(visit_t *visit);
    bool changes;
} s_doors[] = {
    {"/desk/in", s_show_button, false},
    {"/desk/enter", s_sign_in, true},
    {"/desk/out", s_sign_out, true},
    {"/desk/order", s_order, true},
};

/* Who asks: whom the proxy names (name not ""), else whose cookie it is. False: answered already. */
static bool s_is_known(visit_t *visit, const char *name)
{
    char cookie[DASH_COOKIE_TEXT];
    s_cookie_of(visit->request->cookies, cookie);
    if (!s_is_in(visit, *name ? dash_desk_named(visit->desk, name, &visit->guest)
                              : dash_desk_admit(visit->desk, cookie, &visit->guest)))
        return false;
    s_know(visit);
    return true;
}

/* The name of who asks by the proxy's word, "" without it. False: it is not believed, and answered already. */
static bool s_believe(const visit_t *visit, char ret_name[CV_NAME_MAX + 1])
{
    const dash_request_t *request = visit->request;
    const dash_proxy_t *proxy = visit->desk->options.proxy;
    const char *why = "";
    ret_name[0] = '\0';
    if (!proxy ||
        dash_proxy_name(proxy, request->peer, request->headers, request->headers_n, ret_name, &why) != CV_EDENIED)
        return true;
    dash_desk_say_refused(visit->desk, request->peer, why);
    s_say(visit, 403, DASH_W_desk_proxy);
    return false;
}

void dash_desk_answer(dash_desk_t *desk, dash_exchange_t *exchange, const dash_request_t *request)
{
    char name[CV_NAME_MAX + 1];
    const char *path = request->target->path;
    visit_t visit = {.desk = desk, .exchange = exchange, .request = request};
    visit.page.language = dash_language_of(dash_target_parameter(request->target, "lang"), request->accept_language);
    if (!s_believe(&visit, name) || s_asset(&visit, path))
        return;
    for (size_t i = 0; i < sizeof(s_doors) / sizeof(s_doors[0]); i++)
        if (strcmp(path, s_doors[i].path) == 0) {
            if (request->is_head && s_doors[i].changes)
                s_say(&visit, 405, DASH_W_desk_nothing);
            else
                s_doors[i].answer(&visit);
            return;
        }
    if (strcmp(path, "/desk") != 0 && strcmp(path, "/desk/plan") != 0 && strncmp(path, "/desk/event/", 12) != 0) {
        s_fail(&visit, CV_ENOTFOUND);
        return;
    }
    if (!s_is_known(&visit, name))
        return;
    if (strcmp(path, "/desk") == 0)
        s_events(&visit);
    else if (strcmp(path, "/desk/plan") == 0)
        s_plan(&visit);
    else
        s_event(&visit, path + 12);
}
