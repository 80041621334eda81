/* session: sessions of an event's programme, one at a time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * set changes what its flags say and leaves the rest of the session as it is: it asks what that is first, and its request
 * is refused if somebody else was faster.
 */
#include "ask.h"

#include <stdlib.h>
#include <string.h>

enum { MINUTES_MAX = 1440, EXPECTED_MAX = 1000000 };

/* The newest version of a session, or NULL if there is none yet. */
static int load(cli_t *cli, const char *id, bool must, json_t **ret_session)
{
    json_t *found = NULL;
    *ret_session = NULL;
    cli->as = "secretariat";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query_json(cli, "scheduling", "session", id, &found);
    if (rc == CV_ENOTFOUND)
        return must ? cli_fail(cli, CLI_NOTFOUND, "there is no session %s; `convene programme EVENT` shows all", id)
                    : CLI_OK;
    if (rc)
        return cli_query_failed(cli, rc, "cannot ask for session %s", id);
    *ret_session = json_deep_copy(json_object_get(json_array_get(found, json_array_size(found) - 1), "data"));
    json_decref(found);
    return *ret_session ? CLI_OK : cli_fail(cli, CLI_FAILED, "out of memory");
}

/* Cuts what follows a mark off the text; NULL: it has no such mark. */
static const char *cut(const char *text, size_t *len, char mark, size_t *ret_len)
{
    const char *at = memchr(text, mark, *len);
    if (!at)
        return NULL;
    *ret_len = *len - (size_t)(at - text) - 1;
    *len = (size_t)(at - text);
    return at + 1;
}

/* "AZ-1", "AZ-1:AZ", "AZ-1:AZ@Asia/Baku", "AZ-1~2026-05-11T12:00~2026-05-12T18:00": a person, whose, where from afar, and
 * from when until when there; either may be left out. */
static json_t *person_of(const char *text, size_t len)
{
    size_t from_len = 0, until_len = 0, zone_len = 0, party_len = 0;
    const char *from = cut(text, &len, '~', &from_len);
    const char *until = from ? cut(from, &from_len, '~', &until_len) : NULL;
    const char *zone = cut(text, &len, '@', &zone_len), *party = cut(text, &len, ':', &party_len);
    json_t *person = json_pack("{s:s%}", "person", text, len);
    if (person && party)
        json_object_set_new(person, "party", json_stringn(party, party_len));
    if (person && zone)
        json_object_set_new(person, "zone", json_stringn(zone, zone_len));
    if (person && from_len)
        json_object_set_new(person, "from", json_stringn(from, from_len));
    if (person && until_len)
        json_object_set_new(person, "until", json_stringn(until, until_len));
    return person;
}

static void put_people(cli_t *cli, json_t *data)
{
    const char *chair = cli_flag(cli, "chair", NULL);
    if (chair)
        json_object_set_new(data, "chair", person_of(chair, strlen(chair)));
    cli_put_each(cli, data, "speakers", "speakers", person_of);
}

static int put_place(cli_t *cli, json_t *data)
{
    const char *room = cli_flag(cli, "room", NULL);
    int status = room ? cli_put_pair(cli, data, room, "--room VENUE/ROOM", "venue", "room") : CLI_OK;
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "zone", "zone");
    return status == CLI_OK ? cli_put_flag(cli, data, "utc-offset", "utc_offset") : status;
}

static int put_switch(cli_t *cli, json_t *data, const char *on, const char *off, const char *field)
{
    if (cli_has(cli, on) && cli_has(cli, off))
        return cli_usage(cli, "--%s and --%s contradict each other", on, off);
    if (cli_has(cli, on))
        json_object_set_new(data, field, json_true());
    if (cli_has(cli, off))
        json_object_del(data, field);
    return CLI_OK;
}

static int overlay(cli_t *cli, json_t *data)
{
    static const char *const TEXTS[] = {"title", "kind", "start", "reason", "track", "language"};
    static const char *const WISHES[][2] = {
        {"wish-from", "wish_from"}, {"wish-until", "wish_until"}, {"wish-room", "wish_room"}};
    static const char *const LISTS[] = {"parties", "welcome", "languages", "features", "themes", "after"};
    int status = CLI_OK;
    for (size_t i = 0; status == CLI_OK && i < sizeof TEXTS / sizeof *TEXTS; ++i)
        status = cli_put_flag(cli, data, TEXTS[i], TEXTS[i]);
    for (size_t i = 0; status == CLI_OK && i < sizeof WISHES / sizeof *WISHES; ++i)
        status = cli_put_flag(cli, data, WISHES[i][0], WISHES[i][1]);
    for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; ++i)
        cli_put_list(cli, data, LISTS[i], LISTS[i]);
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "minutes", "minutes", 1, MINUTES_MAX);
    if (status == CLI_OK)
        status = cli_put_count(cli, data, "expected", "expected", 0, EXPECTED_MAX);
    if (status == CLI_OK)
        status = put_place(cli, data);
    if (status == CLI_OK)
        status = put_switch(cli, data, "tentative", "confirmed", "tentative");
    if (status == CLI_OK)
        status = put_switch(cli, data, "pin", "unpin", "pinned");
    put_people(cli, data);
    return status;
}

int cli_session_set(cli_t *cli)
{
    static const char *const MADE[] = {"version", "change", "cancelled", "begin_ms", "until_ms", "reason"};
    json_t *data = NULL, *id = json_object();
    int status = cli_put_pair(cli, id, cli->args[0], "EVENT/SESSION", "event", "session");
    if (status == CLI_OK)
        status = load(cli, cli->args[0], false, &data);
    if (status == CLI_OK && data) {
        json_object_set(data, "expected_version", json_object_get(data, "version"));
        for (size_t i = 0; i < sizeof MADE / sizeof *MADE; ++i)
            json_object_del(data, MADE[i]);
    } else if (status == CLI_OK) {
        data = json_pack("{s:s}", "kind", "parallel");
        json_object_update(data, id);
    }
    json_decref(id);
    if (status == CLI_OK)
        status = overlay(cli, data);
    if (status == CLI_OK && (!json_object_get(data, "title") || !json_object_get(data, "minutes")))
        status = cli_usage(cli, "%s is new: it needs --title and --minutes", cli->args[0]);
    return cli_ask(cli, status, "convene.scheduling.session.put.v1", data);
}

int cli_session_place(cli_t *cli)
{
    json_t *before = NULL, *id = json_object(), *placed = NULL;
    int status = cli_put_pair(cli, id, cli->args[0], "EVENT/SESSION", "event", "session");
    if (status == CLI_OK && cli->args_n < 2 && !cli_has(cli, "off"))
        status = cli_usage(cli, "when? START is like 2026-05-11T09:30; --off takes the session off the programme");
    if (status == CLI_OK && cli->args_n > 1 && cli_has(cli, "off"))
        status = cli_usage(cli, "START and --off contradict each other");
    if (status == CLI_OK)
        status = load(cli, cli->args[0], true, &before);
    if (status == CLI_OK) {
        placed = json_pack("{s:O, s:O}", "session", json_object_get(id, "session"), "expected_version",
                           json_object_get(before, "version"));
        if (cli->args_n > 1) {
            json_object_set_new(placed, "start", json_string(cli->args[1]));
            if (json_object_get(before, "zone") && !json_object_get(before, "venue"))
                json_object_set(placed, "zone", json_object_get(before, "zone"));
        }
        status = put_place(cli, placed);
    }
    json_t *data = placed ? json_pack("{s:O, s:[o]}", "event", json_object_get(id, "event"), "placed", placed) : NULL;
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    json_decref(before);
    json_decref(id);
    return cli_ask(cli, status, "convene.scheduling.session.place.v1", data);
}

int cli_session_cancel(cli_t *cli)
{
    json_t *data = json_object();
    int status = cli_put_pair(cli, data, cli->args[0], "EVENT/SESSION", "event", "session");
    if (status == CLI_OK && !cli_has(cli, "reason"))
        status = cli_usage(cli, "why? --reason 'The speaker cannot come'");
    if (status == CLI_OK)
        status = cli_put_flag(cli, data, "reason", "reason");
    return cli_ask(cli, status, "convene.scheduling.session.cancel.v1", data);
}
