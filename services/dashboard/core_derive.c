/* core_derive: see core_derive.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "dashboard/core_derive.h"

#include "convene/ids.h"
#include "dashboard/core_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000, COMMAND_MAX = 1200, NAMED_MAX = 8 };
#define SILENCE_SOON_MS (2 * (int64_t)DAY_MS)
#define REPORT_DUE_MS (31 * (int64_t)DAY_MS)

static json_t *s_kind(const json_t *kinds, const char *kind)
{
    return json_object_get(kinds, kind);
}

/* ---- attention ------------------------------------------------------------------------------- */

typedef struct {
    const char *what, *event, *party, *about; /* about: a name, a sentence; each may be NULL */
    const char *session, *other;              /* of a programme; may be NULL */
    bool grave, releases;                     /* releases: the command makes a release */
    int64_t n, have;                          /* have: of a programme */
} s_need_t;

static void s_need(json_t *list, const s_need_t *need, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void s_need(json_t *list, const s_need_t *need, const char *format, ...)
{
    char command[COMMAND_MAX];
    va_list args;
    if (json_array_size(list) >= DASH_ATTENTION_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    json_t *entry = json_pack("{s:s, s:b, s:s, s:I}", "what", need->what, "grave", need->grave, "command", command, "n",
                              (json_int_t)need->n);
    if (entry && need->event)
        json_object_set_new(entry, "event", json_string(need->event));
    if (entry && need->party)
        json_object_set_new(entry, "party", json_string(need->party));
    if (entry && need->about)
        json_object_set_new(entry, "about", json_string(need->about));
    if (entry && need->session) {
        json_object_set_new(entry, "session", json_string(need->session));
        json_object_set_new(entry, "have", json_integer(need->have));
    }
    if (entry && need->other)
        json_object_set_new(entry, "other", json_string(need->other));
    if (entry && need->releases)
        json_object_set_new(entry, "releases", json_true());
    if (need->grave)
        json_array_insert_new(list, 0, entry);
    else
        json_array_append_new(list, entry);
}

static void s_services(json_t *list, const json_t *kinds)
{
    const char *name;
    json_t *service, *problem;
    size_t i;
    json_object_foreach(s_kind(kinds, "service"), name, service)
    {
        if (!json_is_true(json_object_get(service, "up")))
            s_need(list, &(s_need_t){.what = "service", .about = name, .grave = true}, "convene doctor");
        json_array_foreach(json_object_get(service, "problems"), i, problem)
        {
            char about[640];
            (void)snprintf(about, sizeof(about), "%s: %s", name, json_string_value(problem));
            s_need(list, &(s_need_t){.what = "service", .about = about, .grave = true}, "convene doctor");
        }
    }
}

/* Dead letters of a party, those of a channel: what they died of first, and the command that sends them again. */
static void s_dead(json_t *list, const json_t *notices, const char *party, const char *channel)
{
    const char *reason = "";
    char numbers[COMMAND_MAX / 2] = "";
    json_t *notice;
    int64_t n = 0, number[NAMED_MAX];
    size_t named = 0, i;
    json_array_foreach(notices, i, notice)
    {
        size_t len = strlen(numbers);
        if (strcmp(dash_str(notice, "channel"), channel) != 0)
            continue;
        if (n++ == 0)
            reason = dash_str(notice, "reason");
        int64_t dispatch = dash_int(notice, "dispatch");
        size_t known = 0;
        while (known < named && number[known] != dispatch)
            known++;
        if (known == named && named < NAMED_MAX && len < sizeof(numbers) - 24) { /* a digest's is that of all in it */
            (void)snprintf(numbers + len, sizeof(numbers) - len, " %lld", (long long)dispatch);
            number[named++] = dispatch;
        }
    }
    if (n > 0)
        s_need(list, &(s_need_t){.what = "dead", .party = party, .n = n, .about = reason, .grave = true},
               "convene notice redrive%s", numbers);
}

static void s_notices(json_t *list, const json_t *kinds)
{
    const char *key;
    json_t *notice, *held, *by_party = json_object(), *dead = json_object();
    json_object_foreach(s_kind(kinds, "notice"), key, notice)
    {
        const char *party = dash_str(notice, "party");
        if (strcmp(dash_str(notice, "state"), "failed") == 0)
            json_object_set_new(by_party, party, json_integer(dash_int(by_party, party) + 1));
        if (strcmp(dash_str(notice, "state"), "dead") == 0) { /* those of each party, in one pass */
            json_t *of_party = json_object_get(dead, party);
            if (!of_party && json_object_set_new(dead, party, of_party = json_array()))
                continue;
            json_array_append(of_party, notice);
        }
    }
    json_t *n;
    json_object_foreach(by_party, key, n)
    {
        s_need(list, &(s_need_t){.what = "failed", .party = key, .n = json_integer_value(n), .grave = true},
               "convene request notifications.recipient.put --set party=%s --set order=1 --set name=NAME --set "
               "email=ADDRESS",
               key);
    }
    json_decref(by_party);
    json_object_foreach(dead, key, n)
    {
        s_dead(list, n, key, "webhook");
        s_dead(list, n, key, "email");
    }
    json_decref(dead);
    json_object_foreach(s_kind(kinds, "held"), key, held)
    {
        int64_t of_persons = dash_int(held, "persons"), of_party = dash_int(held, "n");
        if (of_party > 0)
            s_need(list, &(s_need_t){.what = "no_recipient", .party = key, .n = of_party, .grave = true},
                   "convene request notifications.recipient.put --set party=%s --set order=1 --set name=NAME --set "
                   "email=ADDRESS",
                   key);
        if (of_persons > 0) /* its delegation was told; another address comes with a change of the registration */
            s_need(list, &(s_need_t){.what = "person_stopped", .party = key, .n = of_persons},
                   "convene recipient clear %s 0", key);
    }
}

json_t *dash_held(const json_t *notices)
{
    json_t *held = json_object(), *notice;
    size_t i;
    json_array_foreach((json_t *)notices, i, notice)
    {
        const char *party = dash_str(notice, "party");
        json_t *of_party = json_object_get(held, party);
        if (!of_party &&
            json_object_set_new(held, party,
                                of_party = json_pack("{s:s, s:i, s:i}", "party", party, "n", 0, "persons", 0)))
            continue;
        const char *whose = dash_int(notice, "person") ? "persons" : "n";
        json_object_set_new(of_party, whose, json_integer(dash_int(of_party, whose) + 1));
    }
    return held;
}

/* Contacts that cannot be reached. Whom a party's delegations name is one need: it is often the same address. */
static void s_contacts(json_t *list, const json_t *kinds)
{
    const char *key;
    json_t *contact, *of_events = json_object();
    json_object_foreach(s_kind(kinds, "contact"), key, contact)
    {
        const char *party = dash_str(contact, "party"), *event = dash_str(contact, "event");
        char what[48], about[16];
        (void)snprintf(what, sizeof(what), "contact_%s", dash_str(contact, "state"));
        (void)snprintf(about, sizeof(about), "%lld", (long long)dash_int(contact, "order"));
        if (!*event && strcmp(dash_str(contact, "state"), "unanswered") == 0)
            s_need(list, &(s_need_t){.what = what, .party = party, .about = about, .grave = true, .n = 1},
                   "convene recipient confirm %s %s", party, about);
        else if (!*event)
            s_need(list, &(s_need_t){.what = what, .party = party, .about = about, .grave = true, .n = 1},
                   "convene request notifications.recipient.put --set party=%s --set order=%s --set name=NAME --set "
                   "email=ADDRESS",
                   party, about);
        json_t *first = *event ? json_object_get(of_events, party) : NULL;
        if (first)
            json_object_set_new(first, "n", json_integer(dash_int(first, "n") + 1));
        else if (*event)
            json_object_set_new(of_events, party, json_pack("{s:s, s:s, s:i}", "what", what, "event", event, "n", 1));
    }
    json_object_foreach(of_events, key, contact)
    {
        s_need(list,
               &(s_need_t){.what = dash_str(contact, "what"),
                           .party = key,
                           .event = dash_str(contact, "event"),
                           .about = dash_str(contact, "event"),
                           .grave = true,
                           .n = dash_int(contact, "n")},
               "convene recipient contacts %s", key);
    }
    json_decref(of_events);
    int64_t unseen = dash_int(json_object_get(s_kind(kinds, "delivery"), "all"), "unseen");
    if (unseen > 0)
        s_need(list, &(s_need_t){.what = "unseen", .grave = true, .n = unseen}, "convene notice dead");
}

/* What mends a conflict: nothing but a release where that is enough; else another room, or a search for other times, and the
 * release that shows it. */
static void s_mend(const char *event, const json_t *row, char ret_command[COMMAND_MAX])
{
    const char *release = dash_str(row, "release"), *to = dash_str(row, "to");
    bool mended = json_is_true(json_object_get(row, "mended"));
    int len = 0;
    if (!mended && *to && *dash_str(row, "start"))
        len = snprintf(ret_command, COMMAND_MAX, "convene session place %s/%s %s --room %s", event,
                       dash_str(row, "session"), dash_str(row, "start"), to);
    else if (!mended)
        len = snprintf(ret_command, COMMAND_MAX,
                       "convene place programme %s%s --output placed.json && convene place accept placed.json", event,
                       json_is_true(json_object_get(row, "all")) ? " --all" : "");
    if (*release && len < COMMAND_MAX)
        (void)snprintf(ret_command + len, (size_t)(COMMAND_MAX - len), "%sconvene release make %s", len ? " && " : "",
                       release);
}

static void s_conflict(json_t *list, const char *event, const json_t *row, int64_t n)
{
    char what[48], command[COMMAND_MAX] = "";
    (void)snprintf(what, sizeof(what), "programme_%s", dash_str(row, "why"));
    s_mend(event, row, command);
    s_need(list,
           &(s_need_t){.what = what,
                       .event = event,
                       .about = json_string_value(json_object_get(row, "about")),
                       .session = dash_str(row, "session"),
                       .other = json_string_value(json_object_get(row, "other")),
                       .have = dash_int(row, "have"),
                       .releases = *dash_str(row, "release") != '\0',
                       .n = n},
           "%s", command);
}

/* An event that was moved leaves all of its sessions behind: that is one need. How many they are that are ahead. */
static int64_t s_left_behind(const json_t *days, int64_t now_ms)
{
    const json_t *ends = json_object_get(days, "ends"), *end;
    int64_t n = 0;
    size_t i;
    json_array_foreach(ends, i, end)
    {
        n += json_integer_value(end) > now_ms;
    }
    return n;
}

/* Of one programme: the first that are ahead, and how many more. */
static void s_programme(json_t *list, const char *event, const json_t *conflict, int64_t now_ms)
{
    const json_t *broken = json_object_get(conflict, "broken"), *days = json_object_get(conflict, "days"), *row;
    int64_t behind_n = s_left_behind(days, now_ms), listed = 0;
    int64_t more = dash_int(conflict, "n") - (int64_t)json_array_size(broken) -
                   (int64_t)json_array_size(json_object_get(days, "ends"));
    size_t i;
    if (behind_n)
        s_conflict(list, event, days, behind_n);
    json_array_foreach(broken, i, row)
    {
        if (dash_int(row, "until") <= now_ms)
            continue;
        if (listed++ < DASH_PROGRAMME_MAX)
            s_conflict(list, event, row, dash_int(row, "need"));
        else
            more++;
    }
    if (more)
        s_need(list, &(s_need_t){.what = "programme_more", .event = event, .n = more}, "convene programme %s", event);
}

static void s_conflicts(json_t *list, const json_t *kinds, int64_t now_ms)
{
    const char *event;
    json_t *conflict;
    json_object_foreach(s_kind(kinds, "conflict"), event, conflict)
    {
        const json_t *of = json_object_get(s_kind(kinds, "event"), event);
        if (of && !dash_is_off(of))
            s_programme(list, event, conflict, now_ms);
    }
}

/* The days of an event, if they are known exactly. */
static bool s_days(const json_t *event, int64_t *ret_from_ms, int64_t *ret_to_ms)
{
    const char *start = dash_str(event, "date_start"), *end = dash_str(event, "date_end");
    int64_t from_ms, to_ms;
    if (cv_date_parse(cv_str(start), &from_ms) || cv_date_parse(cv_str(*end ? end : start), &to_ms))
        return false;
    *ret_from_ms = from_ms;
    *ret_to_ms = to_ms + DAY_MS;
    return true;
}

static bool s_is_at(const json_t *kinds, const char *event, const char *party)
{
    char key[DASH_KEY_MAX];
    (void)snprintf(key, sizeof(key), "%s/%s", event, party);
    const json_t *answer = json_object_get(s_kind(kinds, "answer"), key);
    return dash_int(answer, "confirmed") + dash_int(answer, "offered") > 0;
}

static void s_clash(json_t *list, const json_t *kinds, const char *one, const char *other)
{
    const char *party;
    json_t *value;
    json_object_foreach(s_kind(kinds, "party"), party, value)
    {
        if (s_is_at(kinds, one, party) && s_is_at(kinds, other, party))
            s_need(list, &(s_need_t){.what = "clash", .event = one, .party = party, .about = other},
                   "convene delegation show %s/%s", other, party);
    }
}

/* Pairs of events that are still to be held, at the same time in different cities. */
static void s_clashes(json_t *list, const json_t *kinds, int64_t now_ms)
{
    const char *one, *other;
    json_t *a, *b, *events = s_kind(kinds, "event");
    json_object_foreach(events, one, a)
    {
        int64_t a_from, a_to, b_from, b_to;
        if (dash_is_off(a) || !s_days(a, &a_from, &a_to) || a_to < now_ms || !*dash_str(a, "city"))
            continue;
        json_object_foreach(events, other, b)
        {
            if (strcmp(one, other) < 0 && !dash_is_off(b) && s_days(b, &b_from, &b_to) && a_from < b_to &&
                b_from < a_to && *dash_str(b, "city") && strcmp(dash_str(a, "city"), dash_str(b, "city")) != 0)
                s_clash(list, kinds, one, other);
        }
    }
}

/* " --set 'NAME=VALUE'" behind the command; false: there is no room, or the value has a quote. */
static bool s_add_set(char command[COMMAND_MAX], size_t *len, const char *name, const json_t *value)
{
    char *made = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *text = json_is_string(value) ? json_string_value(value) : made;
    bool fits = text && !strchr(text, '\'');
    int n = fits ? snprintf(command + *len, COMMAND_MAX - *len, " --set '%s=%s'", name, text) : 0;
    fits = n > 0 && (size_t)n < COMMAND_MAX - *len;
    *len += fits ? (size_t)n : 0;
    free(made);
    return fits;
}

/* Seats for all who wait: the other rules are said as they are, because a request replaces all of them. */
static void s_full(json_t *list, const char *key, const json_t *event, const json_t *seats)
{
    const json_t *rules = json_object_get(event, "registration");
    int64_t waiting = dash_int(seats, "waiting");
    const s_need_t need = {.what = "full", .event = key, .n = waiting};
    char command[COMMAND_MAX];
    const char *name;
    json_t *value, *capacity = json_integer(dash_int(rules, "capacity") + waiting);
    size_t len = (size_t)snprintf(command, sizeof(command),
                                  "convene request scheduling.event.registration --set event=%s --set "
                                  "expected_version=%lld",
                                  key, (long long)dash_int(event, "version"));
    bool whole = capacity && rules && len < sizeof(command);
    json_object_foreach((json_t *)rules, name, value)
    {
        whole = whole && s_add_set(command, &len, name, strcmp(name, "capacity") == 0 ? capacity : value);
    }
    json_decref(capacity);
    if (whole)
        s_need(list, &need, "%s", command);
    else
        s_need(list, &need, "convene event show %s", key);
}

static void s_events(json_t *list, const json_t *kinds, int64_t now_ms)
{
    const char *key;
    json_t *seats, *event;
    json_object_foreach(s_kind(kinds, "seats"), key, seats)
    {
        bool matters =
            strcmp(dash_str(seats, "status"), "open") == 0 || strcmp(dash_str(seats, "status"), "closed") == 0;
        if (matters && dash_int(seats, "free") == 0 && dash_int(seats, "waiting") > 0)
            s_full(list, key, json_object_get(s_kind(kinds, "event"), key), seats);
    }
    json_object_foreach(s_kind(kinds, "event"), key, event)
    {
        int64_t from_ms, to_ms;
        if (strcmp(dash_str(event, "status"), "held") == 0 && s_days(event, &from_ms, &to_ms) &&
            to_ms + REPORT_DUE_MS < now_ms && !json_object_get(s_kind(kinds, "report"), key))
            s_need(list, &(s_need_t){.what = "unreported", .event = key},
                   "convene request scheduling.report.put --set event=%s --set summary=TEXT", key);
    }
}

static void s_others(json_t *list, const json_t *kinds, int64_t now_ms)
{
    const char *key;
    json_t *decision, *item;
    json_object_foreach(s_kind(kinds, "decision"), key, decision)
    {
        int64_t left_ms = dash_int(decision, "expires_ms") - now_ms;
        if (strcmp(dash_str(decision, "state"), "open") == 0 && dash_int(decision, "expires_ms") &&
            left_ms < SILENCE_SOON_MS)
            s_need(list, &(s_need_t){.what = "silence", .about = key, .n = left_ms > 0 ? left_ms / 3600000 : 0},
                   "convene decision show %s", key);
    }
    json_object_foreach(s_kind(kinds, "workitem"), key, item)
    {
        if (json_is_true(json_object_get(item, "overdue")))
            s_need(list,
                   &(s_need_t){.what = "overdue",
                               .about = dash_str(item, "title"),
                               .party = json_string_value(json_object_get(item, "party"))},
                   "convene request scheduling.workitem.put --set plan=%s --set item=%s --set state=done --set "
                   "progress=100 --set 'title=%s'",
                   dash_str(item, "plan"), dash_str(item, "item"), dash_str(item, "title"));
    }
}

/* ---- progress -------------------------------------------------------------------------------- */

static const char *s_column(const char *status)
{
    static const struct {
        const char *status, *column;
    } columns[] = {{"open", "open"},         {"closed", "open"},         {"held", "held"},
                   {"reported", "held"},     {"postponed", "postponed"}, {"cancelled", "cancelled"},
                   {"rejected", "cancelled"}};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        if (strcmp(status, columns[i].status) == 0)
            return columns[i].column;
    return "planned";
}

static void s_count(json_t *rows, const char *by, const json_t *event)
{
    char key[DASH_KEY_MAX];
    const char *code = dash_str(event, by);
    int64_t year = dash_int(event, "plan_year");
    (void)snprintf(key, sizeof(key), "%s %lld %s", by, (long long)year, code);
    json_t *row = json_object_get(rows, key);
    if (!row) {
        row =
            json_pack("{s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:i, s:i}", "by", by, "code", code, "year", (json_int_t)year,
                      "planned", 0, "open", 0, "held", 0, "postponed", 0, "cancelled", 0, "total", 0);
        json_object_set_new(rows, key, row);
    }
    const char *column = s_column(dash_str(event, "status"));
    json_object_set_new(row, column, json_integer(dash_int(row, column) + 1));
    json_object_set_new(row, "total", json_integer(dash_int(row, "total") + 1));
}

static int s_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *dash_derive_progress(const json_t *events)
{
    json_t *rows = json_object(), *list = json_array(), *event;
    const char *key;
    json_object_foreach((json_t *)events, key, event)
    {
        s_count(rows, "dimension", event);
        s_count(rows, "proposer", event);
    }
    size_t n = 0;
    const char **keys = calloc(json_object_size(rows) + 1, sizeof(*keys));
    json_object_foreach(rows, key, event)
    {
        if (keys)
            keys[n++] = key;
    }
    if (keys)
        qsort(keys, n, sizeof(*keys), s_compare);
    for (size_t i = 0; i < n; i++)
        json_array_append(list, json_object_get(rows, keys[i]));
    if (!keys) {
        json_decref(list);
        list = NULL;
    }
    free(keys);
    json_decref(rows);
    return list;
}

/* ---- now ------------------------------------------------------------------------------------- */

static int64_t s_newest(const json_t *kinds)
{
    static const char *const with_time[] = {"event", "answer", "feed"};
    int64_t newest_ms = 0;
    for (size_t i = 0; i < sizeof(with_time) / sizeof(with_time[0]); i++) {
        const char *key;
        json_t *value;
        json_object_foreach(s_kind(kinds, with_time[i]), key, value)
        {
            if (dash_int(value, "at") > newest_ms)
                newest_ms = dash_int(value, "at");
        }
    }
    return newest_ms;
}

static json_t *s_now(const json_t *kinds)
{
    int64_t services = 0, up = 0, lag = 0, unsent = 0, failed = 0, dead = 0, oldest_ms = 0, open = 0, silences = 0;
    const char *key;
    json_t *value, *follow;
    size_t i;
    json_object_foreach(s_kind(kinds, "service"), key, value)
    {
        services++;
        up += json_is_true(json_object_get(value, "up"));
        if (strcmp(key, "dashboard") == 0) {
            json_array_foreach(json_object_get(value, "follows"), i, follow) lag += dash_int(follow, "lag");
        }
    }
    json_object_foreach(s_kind(kinds, "notice"), key, value)
    {
        bool lost = strcmp(dash_str(value, "state"), "failed") == 0,
             died = strcmp(dash_str(value, "state"), "dead") == 0;
        failed += lost;
        dead += died;
        lost = lost || died;
        unsent += !lost;
        if (!lost && (!oldest_ms || dash_int(value, "since") < oldest_ms))
            oldest_ms = dash_int(value, "since");
    }
    json_object_foreach(s_kind(kinds, "event"), key, value)
    {
        open += strcmp(dash_str(value, "status"), "open") == 0;
    }
    json_object_foreach(s_kind(kinds, "decision"), key, value)
    {
        silences += strcmp(dash_str(value, "state"), "open") == 0;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "services", (json_int_t)services,
                     "services_up", (json_int_t)up, "lag", (json_int_t)lag, "unsent", (json_int_t)unsent,
                     "oldest_unsent_ms", (json_int_t)oldest_ms, "failed", (json_int_t)failed, "dead", (json_int_t)dead,
                     "events_open", (json_int_t)open, "silences", (json_int_t)silences, "newest_ms",
                     (json_int_t)s_newest(kinds));
}

json_t *dash_derive(const json_t *kinds, int64_t now_ms)
{
    json_t *list = json_array();
    s_others(list, kinds, now_ms);
    s_events(list, kinds, now_ms);
    s_clashes(list, kinds, now_ms);
    s_conflicts(list, kinds, now_ms);
    s_notices(list, kinds);
    s_contacts(list, kinds);
    s_services(list, kinds);
    return json_pack("{s:o, s:o, s:o}", "attention", list, "progress", dash_derive_progress(s_kind(kinds, "event")),
                     "now", s_now(kinds));
}
