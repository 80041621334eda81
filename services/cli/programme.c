/* programme: an event's sessions as a table, and why a session stands well or badly where it is, or elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What speaks against a session is found here by the evaluator that the service asks at an edit (core_conflicts.h), over
 * the same facts.
 */
#include "ask.h"
#include "convene/zone.h"
#include "programme_model.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1024 * 1024, ID_MAX = 128 };

static json_t *reasons_of(const cli_programme_t *programme, const sch_sitting_t *sitting)
{
    json_t *list = json_array();
    sch_conflict_t *found = calloc(SCH_CONFLICTS_MAX, sizeof *found);
    size_t n = found ? cli_programme_conflicts(programme, sitting, found) : 0;
    for (size_t i = 0; i < n && i < SCH_CONFLICTS_MAX; ++i)
        json_array_append_new(list, cli_programme_reason(programme, sitting, &found[i]));
    free(found);
    return list;
}

static json_t *session_json(const sch_sitting_t *sitting, json_t *reasons)
{
    const cv_session_t *session = &sitting->session;
    char when[SCH_WHEN_MAX];
    json_t *row =
        json_pack("{s:s%, s:s%, s:s, s:I, s:b, s:b, s:s, s:o}", "session", session->session.ptr, session->session.len,
                  "title", session->title.ptr, session->title.len, "kind", cv_session_kind_text(session->kind),
                  "version", (json_int_t)sitting->version, "cancelled", sitting->cancelled, "tentative",
                  session->tentative, "when", sch_sitting_when(sitting, when), "conflicts", reasons);
    if (sch_is_placed(sitting)) {
        json_object_set_new(row, "begin_ms", json_integer(sitting->begin_ms));
        json_object_set_new(row, "until_ms", json_integer(sitting->until_ms));
    }
    if (session->room.ptr)
        json_object_set_new(row, "room",
                            json_sprintf("%.*s/%.*s", CV_STR_ARG(session->venue), CV_STR_ARG(session->room)));
    if (session->has_chair)
        json_object_set_new(row, "chair", json_stringn(session->chair.person.ptr, session->chair.person.len));
    return row;
}

/* "B5 B13", each once. */
static const char *rules_text(const json_t *reasons, char *ret_text, size_t size)
{
    size_t len = 0, i;
    json_t *reason;
    *ret_text = '\0';
    json_array_foreach(reasons, i, reason)
    {
        const char *rule = cli_text_of(reason, "rule");
        if (strstr(ret_text, rule) || len + strlen(rule) + 2 > size)
            continue;
        len += (size_t)snprintf(ret_text + len, size - len, "%s%s", len ? " " : "", rule);
    }
    return ret_text;
}

static void print_session(cli_table_t *table, const json_t *row)
{
    const json_t *reasons = json_object_get(row, "conflicts");
    bool cancelled = json_is_true(json_object_get(row, "cancelled"));
    bool hard = strcmp(cli_text_of(json_array_get(reasons, 0), "level"), "hard") == 0;
    char rules[64];
    cli_table_cell(table, CLI_PLAIN, "%s", cancelled ? "cancelled" : cli_text_of(row, "when"));
    cli_table_cell(table, cancelled ? CLI_DIM : CLI_BOLD, "%s", cli_text_of(row, "session"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "kind"));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "room")));
    cli_table_cell(table, CLI_PLAIN, "%s", cli_or_dash(cli_text_of(row, "chair")));
    cli_table_cell(table, hard ? CLI_RED : CLI_YELLOW, "%s", rules_text(reasons, rules, sizeof rules));
    cli_table_cell(table, CLI_PLAIN, "%s%s", cli_text_of(row, "title"),
                   json_is_true(json_object_get(row, "tentative")) ? " (tentative)" : "");
}

static void print_programme(cli_t *cli, const char *event, const json_t *rows)
{
    static const char *const COLUMNS[] = {"when", "session", "kind", "room", "chair", "rules", "title"};
    cli_table_t *table = cli_table_new(cli, COLUMNS, 7);
    size_t i, blocked = 0, broken = 0;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const json_t *reasons = json_object_get(row, "conflicts");
        const char *effect = cli_text_of(json_array_get(reasons, 0), "effect");
        print_session(table, row);
        broken += json_array_size(reasons) > 0;
        blocked += strcmp(effect, "forbid") == 0 || strcmp(effect, "block_release") == 0;
    }
    cli_table_print(&table);
    cli_say("%zu sessions; rules speak against %zu, and %zu of these stand in the way of a release; `convene why "
            "%s/SESSION` says which\n",
            json_array_size(rows), broken, blocked, event);
}

int cli_programme(cli_t *cli)
{
    cli_programme_t *programme = NULL;
    const char *event = cli->args[0];
    int status = cli_programme_load(cli, event, &programme);
    if (status != CLI_OK)
        return status;
    json_t *rows = json_array();
    for (size_t i = 0; i < programme->sittings_n; ++i)
        if (cv_str_is(programme->sittings[i]->session.event, event))
            json_array_append_new(rows,
                                  session_json(programme->sittings[i], reasons_of(programme, programme->sittings[i])));
    cli_programme_destroy(&programme);
    if (cli->json)
        return cli_document(cli, "convene.cli.programme.v1", json_pack("{s:s, s:o}", "event", event, "sessions", rows));
    print_programme(cli, event, rows);
    json_decref(rows);
    return CLI_OK;
}

/* ---- why --------------------------------------------------------------------------------- */

/* The session as it would be at the time and in the room of the command. */
static int elsewhere(cli_t *cli, const cli_programme_t *programme, cv_arena_t *arena, json_t *room,
                     sch_sitting_t *sitting)
{
    cv_session_t *session = &sitting->session;
    cv_str_t file = CV_STR_NONE;
    sch_no_t no;
    if (cli_has(cli, "room")) {
        int status = cli_put_pair(cli, room, cli_flag(cli, "room", ""), "--room VENUE/ROOM", "venue", "room");
        if (status != CLI_OK)
            return status;
        session->venue = cv_str(cli_text_of(room, "venue"));
        session->room = cv_str(cli_text_of(room, "room"));
        if (!cli_programme_room(programme, session))
            return cli_fail(cli, CLI_NOTFOUND, "there is no room %s; `convene room list` shows all",
                            cli_flag(cli, "room", ""));
    }
    if (cli->args_n > 1) {
        session->start = cv_str(cli->args[1]);
        session->utc_offset = CV_STR_NONE;
    }
    if (!session->start.ptr)
        return cli_usage(cli, "%s has no time yet: say which, `convene why %s 2026-05-11T09:30`", cli->args[0],
                         cli->args[0]);
    cv_str_t venue_zone = cli_programme_zone(programme, session->venue);
    if (venue_zone.ptr)
        session->zone = venue_zone;
    cv_str_t zone = sch_session_zone(session, venue_zone);
    if (zone.ptr && cv_zone_read(arena, zone, &file) != CV_OK)
        file = CV_STR_NONE;
    sitting->cancelled = false;
    return sch_set_instants(sitting, venue_zone, file, &no) ? cli_usage(cli, "%s", no.text) : CLI_OK;
}

static int print_why(cli_t *cli, const sch_sitting_t *sitting, json_t *reasons)
{
    static const char *const COLUMNS[] = {"rule", "level", "#cost", "effect", "why"};
    char when[SCH_WHEN_MAX];
    const char *effect = cli_text_of(json_array_get(reasons, 0), "effect");
    size_t i;
    json_t *row;
    sch_sitting_when(sitting, when);
    if (cli->json)
        return cli_document(cli, "convene.cli.why.v1",
                            json_pack("{s:s, s:s, s:O}", "session", cli->args[0], "when", when, "reasons", reasons));
    cli_table_t *table = cli_table_new(cli, COLUMNS, 5);
    json_array_foreach(reasons, i, row)
    {
        bool hard = strcmp(cli_text_of(row, "level"), "hard") == 0;
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "rule"));
        cli_table_cell(table, hard ? CLI_RED : CLI_PLAIN, "%s", cli_text_of(row, "level"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "cost"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "effect"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "text"));
    }
    cli_table_print(&table);
    cli_say("%s, %s: %s\n", cli->args[0], when,
            !json_array_size(reasons)              ? "no rule speaks against it"
            : strcmp(effect, "forbid") == 0        ? "cannot be there"
            : strcmp(effect, "block_release") == 0 ? "can be there, and cannot be released so"
                                                   : "can be; this is its price");
    return CLI_OK;
}

int cli_why_session(cli_t *cli)
{
    cli_programme_t *programme = NULL;
    char event[ID_MAX], session[ID_MAX];
    json_t *room = json_object(), *id = json_object();
    cv_arena_t *arena = cv_arena_new(ARENA_MAX);
    int status = arena ? cli_put_pair(cli, id, cli->args[0], "EVENT/SESSION", "event", "session") : CLI_FAILED;
    snprintf(event, sizeof event, "%s", cli_text_of(id, "event"));
    snprintf(session, sizeof session, "%s", cli_text_of(id, "session"));
    json_decref(id);
    if (status == CLI_OK)
        status = cli_programme_load(cli, event, &programme);
    const sch_sitting_t *found = NULL;
    for (size_t i = 0; status == CLI_OK && i < programme->sittings_n; ++i)
        if (sch_is_sitting(programme->sittings[i], cv_str(event), cv_str(session)))
            found = programme->sittings[i];
    if (status == CLI_OK && !found)
        status = cli_fail(cli, CLI_NOTFOUND, "there is no session %s; `convene programme %s` shows all", cli->args[0],
                          event);
    if (status == CLI_OK) {
        sch_sitting_t *sitting = malloc(sizeof *sitting);
        if (sitting) {
            *sitting = *found;
            status = elsewhere(cli, programme, arena, room, sitting);
        } else {
            status = cli_fail(cli, CLI_FAILED, "out of memory");
        }
        if (status == CLI_OK) {
            json_t *reasons = reasons_of(programme, sitting);
            status = print_why(cli, sitting, reasons);
            json_decref(reasons);
        }
        free(sitting);
    }
    cli_programme_destroy(&programme);
    cv_arena_destroy(&arena);
    json_decref(room);
    return status;
}
