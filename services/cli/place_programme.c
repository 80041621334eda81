/* place_programme: an event's sessions placed into rooms and times by search.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The search works on a grid and knows a room by the beginning of a slot only. So its answer is judged once more, all of it
 * together, by the evaluator that the service asks (core_conflicts.h): a session that this would forbid stays where it was,
 * and is named. Nothing is changed; `place accept` of the file moves all of it or nothing.
 *
 * One request moves MOVED_MAX sessions. Where the search would move more, the answer is a step that can be had by itself: with each
 * session those that are now where it goes to (place_step.h). What is left stays where it is while the step is judged; it is
 * named, and the next search goes on with it. Of too many that change places in a ring some are taken off, and put down by the
 * next.
 */
#include "ask.h"
#include "place_model.h"
#include "place_step.h"
#include "process.h"
#include "session_model.h"

#include "convene/ids.h"
#include "convene/zone.h"

#include <stdlib.h>
#include <string.h>

enum {
    PER_SECOND = 1000000, /* changes that are looked at for each second of --seconds, at most */
    SECONDS_MAX = 3600,
    MOVED_MAX = 100, /* sessions of one request */
    ARENA_MAX = 1024 * 1024,
    START_MAX = 20,
    REASONS_MAX = 64,
    TEXT_MAX = 400,
    MINUTE_MS = 60000,
    DAY_MINUTES = 1440,
};

typedef struct {
    session_model_t *model;
    cv_arena_t *arena;
    sch_sitting_t *proposed; /* of each item */
    bool *moves, *later;     /* later: in another step */
    bool *off;               /* taken off in this one */
    char (*starts)[START_MAX];
} answer_t;

/* The session at its new place. false: it is in none. */
static bool propose(answer_t *answer, int item, int place, cv_str_t file)
{
    const session_model_t *model = answer->model;
    sch_sitting_t *sitting = &answer->proposed[item];
    char text[CV_TIME_TEXT + 1];
    sch_no_t no;
    *sitting = *model->items[item];
    if (place < 0)
        return false;
    const cv_room_t *room = session_model_room(model, place);
    int64_t minutes = model->first_day * DAY_MINUTES + model->slots[place / model->programme_model.rooms_n].begin;
    cv_time_text(minutes * MINUTE_MS, text);
    snprintf(answer->starts[item], START_MAX, "%.16s", text);
    sitting->session.start = cv_str(answer->starts[item]);
    sitting->session.zone = model->zone;
    sitting->session.utc_offset = CV_STR_NONE;
    sitting->session.venue = room ? room->venue : CV_STR_NONE;
    sitting->session.room = room ? room->room : CV_STR_NONE;
    return sch_set_instants(sitting, model->zone, file, &no) == CV_OK;
}

static bool is_elsewhere(const sch_sitting_t *a, const sch_sitting_t *b)
{
    return sch_is_placed(a) != sch_is_placed(b) || a->begin_ms != b->begin_ms ||
           !cv_str_equal(a->session.room, b->session.room) || !cv_str_equal(a->session.venue, b->session.venue);
}

/* Which of those that move are now in the way of one where it would be? */
static void find_waits(const answer_t *answer, int n, int item, const sch_sitting_t **near, sch_conflict_t *found,
                       bool *waits)
{
    cli_programme_t *programme = answer->model->programme;
    const sch_sitting_t *proposed = &answer->proposed[item];
    sch_around_t around = {
        .near = near, .room = cli_programme_room(programme, &proposed->session), .rules = programme->rules};
    for (int j = 0; j < n; ++j)
        if (j != item && answer->moves[j])
            near[around.near_n++] = answer->model->items[j];
    size_t count = sch_conflicts_of(proposed, &around, found);
    for (size_t k = 0; k < count && k < SCH_CONFLICTS_MAX && programme->rules[found[k].rule].effect == SCH_FORBID; ++k)
        for (int j = 0; j < n && found[k].other; ++j)
            waits[j] |= found[k].other == answer->model->items[j];
}

/* Leaves what is more than one request for the next one. false: out of memory. */
static bool bound(answer_t *answer, int n)
{
    size_t all = (size_t)n, moving = 0;
    for (int i = 0; i < n; ++i)
        moving += answer->moves[i];
    if (moving <= MOVED_MAX)
        return true;
    bool *waits = calloc(all * all, sizeof *waits), *has_place = calloc(all, sizeof *has_place);
    cli_step_t *steps = calloc(all, sizeof *steps);
    const sch_sitting_t **near = calloc(all, sizeof *near);
    sch_conflict_t *found = calloc(SCH_CONFLICTS_MAX, sizeof *found);
    bool good = waits && has_place && steps && near && found;
    for (int i = 0; good && i < n; ++i) {
        has_place[i] = sch_is_placed(answer->model->items[i]);
        if (answer->moves[i])
            find_waits(answer, n, i, near, found, &waits[(size_t)i * all]);
    }
    good = good && cli_place_step(all, waits, has_place, answer->moves, MOVED_MAX, steps);
    for (int i = 0; good && i < n; ++i) {
        if (!answer->moves[i] || steps[i] == CLI_STEP_MOVES)
            continue;
        answer->proposed[i] = *answer->model->items[i];
        answer->off[i] = steps[i] == CLI_STEP_OFF;
        answer->moves[i] = answer->off[i];
        answer->later[i] = !answer->off[i];
        if (answer->off[i])
            sch_take_off(&answer->proposed[i]);
    }
    free(waits);
    free(has_place);
    free(steps);
    free(near);
    free(found);
    return good;
}

/* What is forbidden among all as they would be goes back to where it was, until nothing is; that may forbid another. */
static void judge(answer_t *answer, int n, json_t *refused)
{
    cli_programme_t *programme = answer->model->programme;
    sch_conflict_t *found = calloc(SCH_CONFLICTS_MAX, sizeof *found);
    for (int i = 0; i < n; ++i) {
        sch_agenda_remove(&programme->agenda, answer->model->items[i]);
        if (sch_agenda_add(&programme->agenda, &answer->proposed[i]) != CV_OK)
            answer->moves[i] = false;
    }
    for (bool again = found != NULL; again;) {
        again = false;
        for (int i = 0; i < n; ++i) {
            size_t count = answer->moves[i] && !answer->off[i]
                               ? cli_programme_conflicts(programme, &answer->proposed[i], found)
                               : 0;
            if (!sch_any_effect(found, count, programme->rules, SCH_FORBID))
                continue;
            json_t *reason = cli_programme_reason(programme, &answer->proposed[i], &found[0]);
            json_object_set_new(reason, "session",
                                json_sprintf("%.*s", CV_STR_ARG(answer->proposed[i].session.session)));
            json_array_append_new(refused, reason);
            sch_agenda_remove(&programme->agenda, &answer->proposed[i]);
            answer->proposed[i] = *answer->model->items[i];
            answer->moves[i] = false;
            again = sch_agenda_add(&programme->agenda, &answer->proposed[i]) == CV_OK;
        }
    }
    for (int i = 0; found && i < n; ++i) { /* was it taken off for those that stay after all? */
        const sch_sitting_t *now = answer->model->items[i];
        size_t count = answer->off[i] ? cli_programme_conflicts(programme, now, found) : 0;
        if (!answer->off[i] || sch_any_effect(found, count, programme->rules, SCH_FORBID))
            continue;
        answer->proposed[i] = *now;
        answer->off[i] = false;
        answer->moves[i] = sch_agenda_add(&programme->agenda, &answer->proposed[i]) != CV_OK;
        answer->later[i] = !answer->moves[i];
    }
    free(found);
}

static json_t *moved(const answer_t *answer, int n)
{
    json_t *placed = json_array();
    for (int i = 0; i < n; ++i) {
        const sch_sitting_t *now = answer->model->items[i];
        const cv_session_t *session = &answer->proposed[i].session;
        char was[SCH_WHEN_MAX];
        if (!answer->moves[i])
            continue;
        json_t *row = json_pack("{s:s%, s:I, s:s}", "session", session->session.ptr, session->session.len,
                                "expected_version", (json_int_t)now->version, "was", sch_sitting_when(now, was));
        if (session->start.ptr)
            json_object_set_new(row, "start", json_stringn(session->start.ptr, session->start.len));
        if (answer->off[i]) {
            json_object_set_new(row, "off", json_true());
        } else if (session->room.ptr) {
            json_object_set_new(row, "venue", json_stringn(session->venue.ptr, session->venue.len));
            json_object_set_new(row, "room", json_stringn(session->room.ptr, session->room.len));
        } else {
            json_object_set_new(row, "zone", json_stringn(session->zone.ptr, session->zone.len));
        }
        json_array_append_new(placed, row);
    }
    return placed;
}

/* What speaks against the best place that is left, where the others are as the search left them. */
static void why_not(const answer_t *answer, const sch_place_result_t *result, int item, char *ret_text, size_t size)
{
    const sch_place_model_t *model = answer->model->model;
    sch_place_state_t *state = sch_place_state_new(model);
    sch_fit_t fit;
    sch_reason_t reasons[REASONS_MAX];
    snprintf(ret_text, size, "every place that is left breaks a hard rule");
    for (int i = 0; state && i < answer->model->programme_model.sessions_n; ++i)
        if (i != item && result->places[i] >= 0)
            sch_place_put(state, i, result->places[i]);
    if (state && sch_place_best_fits(state, item, &fit, 1) == 1) {
        int n = sch_place_explain(state, item, fit.place, reasons, REASONS_MAX);
        for (int k = 0; k < n && k < REASONS_MAX; ++k) {
            if (reasons[k].level != SCH_HARD || reasons[k].cost <= 0)
                continue;
            const sch_rule_t *rule = sch_place_rule_at(model, reasons[k].rule);
            snprintf(ret_text, size, "even the best place left breaks %s: %s%s%s", rule->id, rule->text,
                     reasons[k].other < 0 ? "" : ", with ",
                     reasons[k].other < 0 ? "" : answer->model->names[reasons[k].other]);
            break;
        }
    }
    sch_place_state_destroy(&state);
}

static json_t *nowhere(const answer_t *answer, const sch_place_result_t *result, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; ++i) {
        char text[TEXT_MAX];
        if (sch_is_placed(&answer->proposed[i]) || answer->later[i] || answer->off[i])
            continue;
        session_model_why_nowhere(answer->model, i, text, sizeof text);
        if (!*text && result->places[i] >= 0)
            snprintf(text, sizeof text, "where the search put it, clocks show no such time, or the service forbids it");
        else if (!*text)
            why_not(answer, result, i, text, sizeof text);
        json_array_append_new(list, json_pack("{s:s, s:s}", "session", answer->model->names[i], "text", text));
    }
    return list;
}

static json_t *later(const answer_t *answer, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; ++i)
        if (answer->later[i])
            json_array_append_new(list, json_string(answer->model->names[i]));
    return list;
}

static json_t *staying(const session_model_t *model)
{
    json_t *list = json_array();
    for (size_t i = 0; i < model->programme->sittings_n; ++i) {
        const sch_sitting_t *one = model->programme->sittings[i];
        const char *why = session_model_stays(model, one);
        if (why && !one->cancelled && cv_str_equal(one->session.event, model->programme->event->event))
            json_array_append_new(list, json_pack("{s:s%, s:s}", "session", one->session.session.ptr,
                                                  one->session.session.len, "text", why));
    }
    return list;
}

static void print(cli_t *cli, const json_t *doc)
{
    static const char *const COLUMNS[] = {"session", "now", "proposed", "room"};
    cli_table_t *table = cli_table_new(cli, COLUMNS, 4);
    const char *path = cli_flag(cli, "output", NULL);
    size_t i, off = 0;
    json_t *row;
    json_array_foreach(json_object_get(doc, "placed"), i, row)
    {
        cli_table_cell(table, CLI_BOLD, "%s", cli_text_of(row, "session"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "was"));
        cli_table_cell(table, CLI_GREEN, "%s", json_object_get(row, "off") ? "taken off" : cli_text_of(row, "start"));
        off += json_is_true(json_object_get(row, "off"));
        bool room = *cli_text_of(row, "room");
        cli_table_cell(table, CLI_PLAIN, "%s%s%s", room ? cli_text_of(row, "venue") : "-", room ? "/" : "",
                       cli_text_of(row, "room"));
    }
    cli_table_print(&table);
    json_array_foreach(json_object_get(doc, "refused"), i, row)
        cli_say("stays: %s: %s\n", cli_text_of(row, "session"), cli_text_of(row, "text"));
    json_array_foreach(json_object_get(doc, "stays"), i, row)
        cli_say("stays: %s: %s\n", cli_text_of(row, "session"), cli_text_of(row, "text"));
    json_array_foreach(json_object_get(doc, "unplaced"), i, row)
        cli_say("nowhere: %s: %s\n", cli_text_of(row, "session"), cli_text_of(row, "text"));
    if (json_array_size(json_object_get(doc, "later")))
        cli_say("%zu more would move, and one request moves %d: accept these, then search again\n",
                json_array_size(json_object_get(doc, "later")), MOVED_MAX);
    json_array_foreach(json_object_get(doc, "cannot"), i, row) cli_say("cannot be: %s\n", json_string_value(row));
    if (off)
        cli_say("%zu are taken off their places first, since too many change places with each other for one request: "
                "the next search puts them down\n",
                off);
    cli_say("%zu sessions would move; %s\n", json_array_size(json_object_get(doc, "placed")),
            path ? "`convene place accept` of that file moves them" : "nothing was changed");
}

static int search(cli_t *cli, answer_t *answer, int64_t seed, int64_t seconds)
{
    session_model_t *model = answer->model;
    int n = model->programme_model.sessions_n;
    const char *path = cli_flag(cli, "output", NULL);
    cv_str_t file = CV_STR_NONE;
    sch_place_result_t result;
    if (cv_zone_read(answer->arena, model->zone, &file) != CV_OK)
        return cli_fail(cli, CLI_FAILED, "this machine knows no zone %.*s", CV_STR_ARG(model->zone));
    const sch_place_options_t options = {.seed = (uint64_t)seed,
                                         .iterations = seconds * PER_SECOND,
                                         .start = model->start,
                                         .progress = cli_place_progress,
                                         .arg = cli,
                                         .cpu_ms = cli_place_cpu_ms,
                                         .cpu_limit_ms = cli_place_cpu_ms(NULL) + seconds * 1000};
    cli_catch_signals();
    int rc = sch_place_solve(model->model, &options, &result);
    if (cli->tty && !cli->json)
        cli_say("\r%60s\r", "");
    if (rc)
        return cli_fail(cli, CLI_FAILED, "cannot place the programme: %s", cv_error_name(rc));
    json_t *refused = json_array();
    for (int i = 0; i < n; ++i)
        answer->moves[i] =
            propose(answer, i, result.places[i], file) && is_elsewhere(&answer->proposed[i], model->items[i]);
    if (!bound(answer, n)) {
        json_decref(refused);
        sch_place_result_done(&result);
        return cli_fail(cli, CLI_FAILED, "out of memory");
    }
    judge(answer, n, refused);
    json_t *doc = json_pack("{s:s, s:I, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "event", cli->args[0],
                            "seed", (json_int_t)seed, "iterations", (json_int_t)result.iterations, "repeatable",
                            result.repeatable, "before", cli_place_score(&result.before), "after",
                            cli_place_score(&result.score), "placed", moved(answer, n), "later", later(answer, n),
                            "refused", refused, "unplaced", nowhere(answer, &result, n), "stays", staying(model),
                            "cancelled", result.cancelled, "cannot", cli_place_cannot(model->model));
    sch_place_result_done(&result);
    if (path && json_dump_file(doc, path, JSON_INDENT(1)) != 0) {
        json_decref(doc);
        return cli_fail(cli, CLI_FAILED, "cannot write %s", path);
    }
    if (cli->json)
        return cli_document(cli, "convene.cli.place_programme.v1", doc);
    print(cli, doc);
    json_decref(doc);
    return CLI_OK;
}

int cli_place_programme(cli_t *cli)
{
    int64_t seed, seconds, step, from, until;
    answer_t answer = {0};
    if (!cli_number(cli, "--seed", cli_flag(cli, "seed", "1"), 0, INT64_MAX, &seed) ||
        !cli_number(cli, "--seconds", cli_flag(cli, "seconds", "10"), 1, SECONDS_MAX, &seconds) ||
        !cli_number(cli, "--step", cli_flag(cli, "step", "30"), 1, DAY_MINUTES, &step))
        return CLI_USAGE;
    if (!cv_wall_time_parse(cv_str(cli_flag(cli, "from", "09:00")), &from) ||
        !cv_wall_time_parse(cv_str(cli_flag(cli, "until", "18:00")), &until) || from >= until)
        return cli_usage(cli, "--from and --until are times of a day, one after the other, like 09:00 and 18:00");
    int status = session_model_load(cli, cli->args[0], from, until, step, &answer.model);
    if (status != CLI_OK)
        return status;
    size_t n = (size_t)answer.model->programme_model.sessions_n;
    answer.arena = cv_arena_new(ARENA_MAX);
    answer.proposed = calloc(n, sizeof *answer.proposed);
    answer.moves = calloc(n, sizeof *answer.moves);
    answer.later = calloc(n, sizeof *answer.later);
    answer.off = calloc(n, sizeof *answer.off);
    answer.starts = calloc(n, sizeof *answer.starts);
    status = answer.arena && answer.proposed && answer.moves && answer.later && answer.off && answer.starts
                 ? search(cli, &answer, seed, seconds)
                 : cli_fail(cli, CLI_FAILED, "out of memory");
    answer.model->programme->agenda.n = 0; /* it points to what goes now */
    free(answer.proposed);
    free(answer.moves);
    free(answer.later);
    free(answer.off);
    free(answer.starts);
    cv_arena_destroy(&answer.arena);
    session_model_destroy(&answer.model);
    return status;
}
