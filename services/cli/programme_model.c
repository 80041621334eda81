/* programme_model: an event's programme as scheduling tells it, ready for the evaluator.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asked are the sessions of all events, since a person or a room of this one may be in another; the rooms, what the
 * parties say of their delegations, and the rules as they are now.
 */
#include "programme_model.h"

#include <stdlib.h>
#include <string.h>

/* The data of one message as its struct, which lives as long as the programme. NULL: out of memory, or not ours. */
static void *decode(cli_programme_t *programme, uint16_t type, const json_t *message)
{
    cv_fault_t fault;
    if (programme->inputs_n == programme->inputs_room) {
        size_t room = programme->inputs_room ? 2 * programme->inputs_room : 64;
        cli_input_t *inputs = realloc(programme->inputs, room * sizeof *inputs);
        if (!inputs)
            return NULL;
        programme->inputs = inputs;
        programme->inputs_room = room;
    }
    cli_input_t *input = &programme->inputs[programme->inputs_n];
    if (cli_input_read(cv_msg_info_at(type), json_object_get(message, "data"), input, &fault) != CV_OK)
        return NULL;
    ++programme->inputs_n;
    return input->data;
}

static int ask(cli_t *cli, const char *what, const char *key, json_t **ret_list)
{
    int rc = cli_query_json(cli, "scheduling", what, key, ret_list);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND, "there is no event %s; `convene event list` shows all", key ? key : "");
    return rc ? cli_query_failed(cli, rc, "cannot ask scheduling for its %s", what) : CLI_OK;
}

/* Everything of one kind: take() puts each struct where it belongs. */
static int take_all(cli_t *cli, cli_programme_t *programme, const char *what, const char *key, uint16_t type,
                    bool (*take)(cli_programme_t *programme, void *data, size_t n))
{
    json_t *list = NULL, *message;
    size_t i;
    int status = ask(cli, what, key, &list);
    if (status != CLI_OK)
        return status;
    json_array_foreach(list, i, message)
    {
        void *data = decode(programme, type, message);
        if (!data || !take(programme, data, json_array_size(list))) {
            status = cli_fail(cli, CLI_FAILED, "cannot read the %s of scheduling", what);
            break;
        }
    }
    json_decref(list);
    return status;
}

static bool take_event(cli_programme_t *programme, void *data, size_t n)
{
    (void)n;
    programme->event = data;
    return true;
}

static bool take_sitting(cli_programme_t *programme, void *data, size_t n)
{
    if (!programme->sittings)
        programme->sittings = calloc(n, sizeof *programme->sittings);
    if (!programme->sittings)
        return false;
    programme->sittings[programme->sittings_n++] = data;
    return sch_agenda_add(&programme->agenda, data) == CV_OK;
}

static bool take_room(cli_programme_t *programme, void *data, size_t n)
{
    if (!programme->rooms)
        programme->rooms = calloc(n, sizeof *programme->rooms);
    if (!programme->rooms)
        return false;
    programme->rooms[programme->rooms_n++] = data;
    return true;
}

static bool take_venue(cli_programme_t *programme, void *data, size_t n)
{
    if (!programme->venues)
        programme->venues = calloc(n, sizeof *programme->venues);
    if (!programme->venues)
        return false;
    programme->venues[programme->venues_n++] = data;
    return true;
}

static bool take_released(cli_programme_t *programme, void *data, size_t n)
{
    if (!programme->released)
        programme->released = calloc(n, sizeof *programme->released);
    if (!programme->released)
        return false;
    programme->released[programme->released_n++] = data;
    return true;
}

static bool take_party(cli_programme_t *programme, void *data, size_t n)
{
    const cv_party_t *party = data;
    if (!programme->covers)
        programme->covers = calloc(n, sizeof *programme->covers);
    if (!programme->covers)
        return false;
    if (party->has_delegation_size)
        programme->covers[programme->covers_n++] = (sch_cover_t){party->code, party->delegation_size};
    return true;
}

static bool take_rule(cli_programme_t *programme, void *data, size_t n)
{
    const cv_scheduling_rule_v1_t *rule = data;
    (void)n;
    for (int i = 0; i < SCH_PROGRAMME_RULES_N; ++i)
        if (cv_str_is(rule->rule, programme->rules[i].id)) {
            programme->rules[i].effect = (sch_effect_t)(rule->effect - CV_RULE_EFFECT_FORBID);
            programme->rules[i].weight = (int)rule->weight;
        }
    return true;
}

int cli_programme_by_time(const void *a, const void *b)
{
    const sch_sitting_t *x = *(sch_sitting_t *const *)a, *y = *(sch_sitting_t *const *)b;
    if (sch_is_placed(x) != sch_is_placed(y))
        return sch_is_placed(x) ? -1 : 1;
    if (x->begin_ms != y->begin_ms)
        return x->begin_ms < y->begin_ms ? -1 : 1;
    size_t len = x->session.session.len < y->session.session.len ? x->session.session.len : y->session.session.len;
    int order = memcmp(x->session.session.ptr, y->session.session.ptr, len);
    return order ? order : (x->session.session.len > len) - (y->session.session.len > len);
}

int cli_programme_load(cli_t *cli, const char *event, cli_programme_t **ret_programme)
{
    cli_programme_t *programme = calloc(1, sizeof *programme);
    if (!programme)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    memcpy(programme->rules, SCH_PROGRAMME_RULES_DEFAULT, sizeof programme->rules);
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status == CLI_OK)
        status = take_all(cli, programme, "event", event, CV_MSG_SCHEDULING_EVENT_V1, take_event);
    if (status == CLI_OK)
        status = take_all(cli, programme, "venues", NULL, CV_MSG_SCHEDULING_VENUE_V1, take_venue);
    if (status == CLI_OK)
        status = take_all(cli, programme, "rooms", NULL, CV_MSG_SCHEDULING_ROOM_V1, take_room);
    if (status == CLI_OK)
        status = take_all(cli, programme, "parties", NULL, CV_MSG_SCHEDULING_PARTY_V1, take_party);
    if (status == CLI_OK)
        status = take_all(cli, programme, "rules", NULL, CV_MSG_SCHEDULING_RULE_V1, take_rule);
    if (status == CLI_OK)
        status = take_all(cli, programme, "programme", NULL, CV_MSG_SCHEDULING_SESSION_V1, take_sitting);
    if (status == CLI_OK)
        status = take_all(cli, programme, "released", event, CV_MSG_SCHEDULING_SESSION_V1, take_released);
    if (status == CLI_OK && programme->sittings_n)
        qsort(programme->sittings, programme->sittings_n, sizeof *programme->sittings, cli_programme_by_time);
    if (status == CLI_OK)
        *ret_programme = programme;
    else
        cli_programme_destroy(&programme);
    return status;
}

void cli_programme_destroy(cli_programme_t **programme_p)
{
    cli_programme_t *programme = *programme_p;
    if (!programme)
        return;
    for (size_t i = 0; i < programme->inputs_n; ++i)
        cli_input_done(&programme->inputs[i]);
    sch_agenda_done(&programme->agenda);
    free(programme->inputs);
    free(programme->sittings);
    free(programme->rooms);
    free(programme->venues);
    free(programme->covers);
    free(programme->released);
    free(programme);
    *programme_p = NULL;
}

const cv_room_t *cli_programme_room(const cli_programme_t *programme, const cv_session_t *session)
{
    for (size_t i = 0; session->room.ptr && i < programme->rooms_n; ++i)
        if (cv_str_equal(programme->rooms[i]->room, session->room) &&
            cv_str_equal(programme->rooms[i]->venue, session->venue))
            return programme->rooms[i];
    return NULL;
}

cv_str_t cli_programme_zone(const cli_programme_t *programme, cv_str_t venue)
{
    for (size_t i = 0; venue.ptr && i < programme->venues_n; ++i)
        if (cv_str_equal(programme->venues[i]->code, venue))
            return programme->venues[i]->zone;
    return CV_STR_NONE;
}

void cli_programme_frame(const cli_programme_t *programme, cv_str_t venue, sch_around_t *around)
{
    around->teams = programme->event ? programme->event->event_details.teams : 0;
    for (size_t i = 0; venue.ptr && i < programme->venues_n; ++i)
        if (cv_str_equal(programme->venues[i]->code, venue)) {
            around->pauses = programme->venues[i]->pauses;
            around->pauses_n = programme->venues[i]->pauses_n;
        }
}

size_t cli_programme_conflicts(const cli_programme_t *programme, const sch_sitting_t *sitting,
                               sch_conflict_t ret_conflicts[SCH_CONFLICTS_MAX])
{
    const sch_sitting_t **near = calloc(programme->agenda.n + 1, sizeof *near);
    sch_remote_t remotes[SCH_REMOTES_MAX];
    if (!near)
        return 0;
    sch_around_t around = {.near = near,
                           .room = cli_programme_room(programme, &sitting->session),
                           .covers = programme->covers,
                           .covers_n = programme->covers_n,
                           .rules = programme->rules};
    around.remotes = remotes;
    cli_programme_frame(programme, sitting->session.venue, &around);
    if (sch_remotes_gather(sitting, remotes, &around.remotes_n) != CV_OK)
        around.remotes_n = 0;
    around.near_n = sch_agenda_near(&programme->agenda, sitting, around.room, near, programme->agenda.n);
    around.has_days =
        programme->event && sch_days(&programme->event->event_details, &around.first_day, &around.last_day);
    for (size_t i = 0; i < programme->released_n; ++i)
        if (sch_is_sitting(programme->released[i], sitting->session.event, sitting->session.session))
            around.released = programme->released[i];
    size_t n = sch_conflicts_of(sitting, &around, ret_conflicts);
    free(near);
    return n;
}

json_t *cli_programme_reason(const cli_programme_t *programme, const sch_sitting_t *sitting,
                             const sch_conflict_t *conflict)
{
    static const char *const LEVELS[SCH_LEVELS] = {"hard", "medium", "soft"};
    static const char *const EFFECTS[] = {
        [SCH_FORBID] = "forbid", [SCH_BLOCK_RELEASE] = "block_release", [SCH_WARN] = "warn", [SCH_IGNORE] = "ignore"};
    const sch_rule_t *rule = &programme->rules[conflict->rule];
    char text[SCH_CONFLICT_TEXT_MAX + 1];
    json_t *row = json_pack("{s:s, s:s, s:I, s:s, s:s}", "rule", rule->id, "level", LEVELS[rule->level], "cost",
                            (json_int_t)conflict->cost, "effect", EFFECTS[rule->effect], "text",
                            sch_conflict_text(sitting, conflict, text));
    if (conflict->other)
        json_object_set_new(row, "with",
                            json_sprintf("%.*s/%.*s", CV_STR_ARG(conflict->other->session.event),
                                         CV_STR_ARG(conflict->other->session.session)));
    return row;
}
