/* event_import: entries of a calendar file as events of a plan: proposed, changed, cancelled, or left as they are.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An entry is found again by its UID: the event's id is made from it (from the whole id, where the file is one of
 * Convene's own feeds). What the file says is compared with what scheduling has, so the same file once more changes
 * nothing, and one that was changed changes only that. What it does not say stays as it is. An entry whose SEQUENCE
 * is lower than the one that was imported is old, and refused, also one that cancels; so a higher one is kept even where
 * nothing else differs, but not while the event is under a silence: it does not move for a number. A day that an imported
 * series has no more (EXDATE, an earlier UNTIL, even one that leaves none) is cancelled; an entry that is in the file no more
 * says nothing: the file may be a part.
 *
 *   rows of the file and days gone = proposed + changed + cancelled + unchanged + refused
 *
 * A feed of Convene's own changes nothing while nothing is changed in it. It says less than the event (calendar.h of the
 * dashboard), and so is read:
 *   a time     by UTC: the same instant is the same time, on whatever day that is in UTC
 *   days       for what goes on for several, also where the first has a time: the days count, the time stays
 *   POSTPONED  at the days that it had: they are not those it has
 *   a session  has a UID with '/', and is of a programme: it is left alone
 */
#include "ical_read.h"
#include "send.h"

#include "convene/ids.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 32 * 1024 * 1024, LINE_NAME_MAX = 32, HASH_LEN = 16, ID_MAX = 64, DAY_LEN = 10, CHUNK = 65536 };

typedef enum { PROPOSED, CHANGED, CANCELLED, UNCHANGED, REFUSED, WHATS } what_t;
static const char *const WORDS[WHATS] = {"proposed", "changed", "cancelled", "unchanged", "refused"};

typedef struct {
    cli_t *cli;
    const char *path;
    bool dry;
    ical_file_t file;
    json_t *events, *dimensions; /* what scheduling has: id: data; code: true */
    json_t *rows;                /* of the answer */
    int64_t counts[WHATS];
    cli_sender_t *sender;
} work_t;

/* ---- reading ----------------------------------------------------------------------------- */

static int read_file(cli_t *cli, const char *path, char **ret_text, size_t *ret_len)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *text = NULL;
    size_t len = 0, room = 0, got = 1;
    if (!file)
        return cli_fail(cli, errno == ENOENT ? CLI_NOTFOUND : CLI_FAILED, "cannot read %s: %s", path, strerror(errno));
    while (got && len <= FILE_MAX) {
        if (room - len < CHUNK) {
            char *more = realloc(text, room = room ? 2 * room : 2 * (size_t)CHUNK);
            if (!more)
                break;
            text = more;
        }
        len += got = fread(text + len, 1, CHUNK, file);
    }
    bool bad = ferror(file) != 0, out = got != 0;
    if (file != stdin)
        fclose(file);
    *ret_text = text;
    *ret_len = len;
    if (!bad && !out)
        return CLI_OK;
    free(text);
    *ret_text = NULL;
    return bad ? cli_fail(cli, CLI_FAILED, "cannot read %s: %s", path, strerror(errno))
               : cli_fail(cli, CLI_USAGE, "%s is longer than %d MiB", path, FILE_MAX / 1024 / 1024);
}

/* "2026-cbm" */
static int plan_of(cli_t *cli, ical_options_t *options)
{
    const char *plan = cli_flag(cli, "plan", NULL);
    int64_t year;
    const char *dash = plan ? strchr(plan, '-') : NULL;
    if (!dash || cv_str_digits((cv_str_t){plan, (size_t)(dash - plan)}, 4, &year) != CV_OK || dash - plan != 4 ||
        year < 1990 || year > 2200 || cv_plan_line_parse(cv_str(dash + 1)) == CV_PLAN_LINE_ABSENT)
        return cli_usage(cli, "for which plan? --plan is year and line: 2026-cbm, 2026-statutory ...");
    options->plan_year = year;
    options->line = dash + 1;
    options->zone = cli_flag(cli, "zone", NULL);
    return CLI_OK;
}

static int ask(work_t *work)
{
    json_t *list = NULL, *message;
    size_t i;
    work->events = json_object();
    work->dimensions = json_object();
    int status = cli_connect(work->cli);
    int rc = status == CLI_OK ? cli_query_json(work->cli, "scheduling", "events", NULL, &list) : CV_OK;
    json_array_foreach(list, i, message)
    {
        json_t *data = json_object_get(message, "data");
        json_object_set(work->events, cli_text_of(data, "event"), data);
    }
    json_decref(list);
    list = NULL;
    if (status == CLI_OK && !rc)
        rc = cli_query_json(work->cli, "scheduling", "headings", NULL, &list);
    json_array_foreach(list, i, message)
    {
        json_t *data = json_object_get(message, "data");
        if (strcmp(cli_text_of(data, "level"), "dimension") == 0)
            json_object_set_new(work->dimensions, cli_text_of(data, "code"), json_true());
    }
    json_decref(list);
    return rc ? cli_query_failed(work->cli, rc, "cannot ask scheduling what there is") : status;
}

/* ---- one row ----------------------------------------------------------------------------- */

static bool is_own(const char *uid, size_t *ret_len)
{
    return ical_is_own(uid, ret_len) && *ret_len <= ID_MAX;
}

/* EVENT/SESSION: '/' is in no event's id. */
static bool is_session(const char *uid)
{
    size_t len;
    return ical_is_own(uid, &len) && memchr(uid, '/', len);
}

static void id_of(const ical_row_t *row, int64_t year, char ret_id[ID_MAX + 1])
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[2 * sizeof hash + 1];
    size_t len;
    if (is_own(row->uid, &len)) {
        snprintf(ret_id, ID_MAX + 1, "%.*s", (int)len, row->uid);
        return;
    }
    crypto_generichash(hash, sizeof hash, (const unsigned char *)row->uid, strlen(row->uid), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(ret_id, ID_MAX + 1, "%04lld-ICS-%.*s", (long long)year, HASH_LEN, hex);
}

__attribute__((format(printf, 6, 7))) static void tell(work_t *work, const ical_row_t *row, const char *event,
                                                       what_t what, cv_str_t code, const char *format, ...)
{
    char text[ICAL_WRONG_MAX + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ++work->counts[what];
    json_t *one = json_pack("{s:I, s:s, s:s}", "line", (json_int_t)row->line, "uid", row->uid, "what", WORDS[what]);
    if (!one) { /* a UID that is not UTF-8 */
        one = json_pack("{s:I, s:s}", "line", (json_int_t)row->line, "what", WORDS[what]);
    }
    if (*event)
        json_object_set_new(one, "event", json_string(event));
    if (code.len)
        json_object_set_new(one, "code", json_stringn(code.ptr, code.len));
    if (*text)
        json_object_set_new(one, "text", json_string(text));
    json_array_append_new(work->rows, one);
    if (what == REFUSED)
        cli_say("%s:%lld: %s%s%s\n", work->path, (long long)row->line, row->uid, *row->uid ? ": " : "", text);
}

static void on_done(void *arg, const cli_sent_t *sent)
{
    work_t *work = arg;
    const ical_row_t *row = &work->file.rows[sent->number / WHATS];
    what_t what = (what_t)(sent->number % WHATS);
    char event[ID_MAX + 1];
    id_of(row, cli_int_of(row->data, "plan_year"), event);
    if (sent->fault)
        tell(work, row, event, REFUSED, CV_STR("bad_field"), "%s: %s", sent->fault->path, sent->fault->text);
    else if (!sent->outcome)
        tell(work, row, event, REFUSED, CV_STR_NONE, "no answer: %s", cv_error_text(sent->rc));
    else if (row->noted && cv_str_is(sent->outcome->code, "under_silence"))
        tell(work, row, event, UNCHANGED, CV_STR_NONE,
             "nothing differs but SEQUENCE, which is noted when the silence about its plan has ended");
    else if (sent->cls != CV_OUTCOME_CLASS_OK)
        tell(work, row, event, REFUSED, sent->outcome->code, "%.*s: %.*s", CV_STR_ARG(sent->outcome->code),
             CV_STR_ARG(sent->outcome->text));
    else
        tell(work, row, event, what, CV_STR_NONE, "%s", "");
}

/* Takes data. */
static int ask_for(work_t *work, const ical_row_t *row, const char *event, what_t what, const char *type, json_t *data)
{
    const cv_msg_info_t *info = cv_msg_info(cv_str(type));
    cli_input_t input;
    cv_fault_t fault = {0};
    if (!work->dry)
        return cli_sender_add(work->sender, (row - work->file.rows) * WHATS + what, info, data, false, NULL);
    if (cli_input_read(info, data, &input, &fault) == CV_OK) {
        cli_input_done(&input);
        tell(work, row, event, what, CV_STR_NONE, "%s", "");
    } else {
        tell(work, row, event, REFUSED, CV_STR("bad_field"), "%s: %s", fault.path, fault.text);
    }
    json_decref(data);
    return CV_OK;
}

/* Does Convene's own feed give this event as days, though it has a time? (Without an instant, or over several days.) */
static bool is_fed_as_days(const json_t *event)
{
    const char *end = cli_text_of(event, "date_end");
    return !json_object_get(event, "start_ms") || (*end && strcmp(end, cli_text_of(event, "date_start")) != 0);
}

/* What the file says otherwise than scheduling, of what an event can change. A feed of Convene's own says its times by UTC
 * and puts words around the rest: of it the title, the days and the instant count. */
static json_t *differences(const ical_row_t *row, const json_t *event)
{
    static const char *const FIELDS[] = {"title", "date_end", "date_start", "time_start", "zone",   "utc_offset",
                                         "city",  "country",  "format",     "note",       "minutes"};
    enum { OWN = 6, DAYS = 1 };
    size_t len;
    bool own = is_own(row->uid, &len);
    bool same_instant = own && json_object_get(row->data, "time_start") && json_object_get(event, "start_ms") &&
                        cli_int_of(event, "start_ms") == row->start_ms;
    bool same_days = same_instant || (own && row->postponed && strcmp(cli_text_of(event, "status"), "postponed") == 0);
    json_t *change = json_object();
    for (size_t i = 0; i < (same_days ? DAYS : own ? OWN : sizeof FIELDS / sizeof *FIELDS); ++i) {
        json_t *says = json_object_get(row->data, FIELDS[i]), *is = json_object_get(event, FIELDS[i]);
        if (!is && strcmp(FIELDS[i], "date_end") == 0)
            is = json_object_get(event, "date_start"); /* of one day */
        if (says && !json_equal(says, is))
            json_object_set(change, FIELDS[i], says);
    }
    /* Such a word may be the beginning of the title itself. */
    static const char POSTPONED[] = "POSTPONED: ";
    const char *title = cli_text_of(event, "title");
    if (row->postponed && strncmp(title, POSTPONED, sizeof POSTPONED - 1) == 0 &&
        strcmp(title + sizeof POSTPONED - 1, cli_text_of(change, "title")) == 0)
        json_object_del(change, "title");
    /* A file that names no end leaves it; but it cannot stay before the beginning. */
    const char *end = cli_text_of(event, "date_end"), *start = cli_text_of(row->data, "date_start");
    if (!same_days && !row->ends && *end && strcmp(end, start) < 0)
        json_object_set_new(change, "date_end", json_string(start));
    return change;
}

static int take_known(work_t *work, ical_row_t *row, const char *id, const json_t *event)
{
    static const char OLD[] = "the entry is older than what was imported: its SEQUENCE is lower";
    const char *status = cli_text_of(event, "status");
    size_t len;
    bool own = is_own(row->uid, &len), over = strcmp(status, "cancelled") == 0 || strcmp(status, "rejected") == 0;
    int64_t version = cli_int_of(event, "version"), known = cli_int_of(event, "sequence");
    if (own)
        known = json_object_get(event, "calendar_sequence") ? cli_int_of(event, "calendar_sequence") : version - 1;
    bool old = row->sequence < known;
    if (row->cancelled) {
        if (over || old) {
            tell(work, row, id, over ? UNCHANGED : REFUSED, CV_STR_NONE, "%s", over ? "" : OLD);
            return CV_OK;
        }
        return ask_for(work, row, id, CANCELLED, "convene.scheduling.event.advance.v1",
                       json_pack("{s:s, s:s, s:I, s:s}", "event", id, "to", "cancelled", "expected_version",
                                 (json_int_t)version, "reason", "cancelled in a calendar file"));
    }
    json_t *change = differences(row, event);
    bool no_time = *cli_text_of(event, "time_start") && !json_object_get(row->data, "time_start") &&
                   !(own && (row->postponed || is_fed_as_days(event)));
    bool no_zone = (*cli_text_of(event, "zone") && json_object_get(change, "utc_offset")) ||
                   (*cli_text_of(event, "utc_offset") && json_object_get(change, "zone"));
    const char *no = over ? "is over here, and stays so: a new entry with a new UID would be another event"
                     : old && json_object_size(change) ? OLD
                     : no_time ? "the event has a time, the entry only a day: a time is not taken off an event"
                     : no_zone ? "the event's time is in a zone, the entry's at an offset, or the other way round"
                               : NULL;
    bool newer = !own && !over && strcmp(status, "reported") != 0 && row->sequence > known;
    if (no || (!json_object_size(change) && !newer)) {
        tell(work, row, id, no ? REFUSED : UNCHANGED, CV_STR_NONE, "%s", no ? no : "");
        json_decref(change);
        return CV_OK;
    }
    row->noted = !json_object_size(change);
    json_object_set_new(change, "event", json_string(id));
    json_object_set_new(change, "expected_version", json_integer(version));
    json_object_set_new(change, "reason", json_string("changed in a calendar file"));
    if (!own)
        json_object_set_new(change, "sequence", json_integer(row->sequence));
    return ask_for(work, row, id, CHANGED, "convene.scheduling.event.change.v1", change);
}

static int take(work_t *work, ical_row_t *row)
{
    static const char *const DEFAULTS[] = {"dimension", "body", "proposer"};
    char id[ID_MAX + 1];
    if (is_session(row->uid)) {
        tell(work, row, "", UNCHANGED, CV_STR_NONE, "is a session of a programme, and no event");
        return CV_OK;
    }
    if (row->emptied) {
        tell(work, row, "", UNCHANGED, CV_STR_NONE, "has no day in the year any more: those that were imported go");
        return CV_OK;
    }
    if (!row->data) {
        tell(work, row, "", REFUSED, CV_STR("bad_entry"), "%s", row->wrong);
        return CV_OK;
    }
    id_of(row, cli_int_of(row->data, "plan_year"), id);
    const json_t *event = json_object_get(work->events, id);
    if (event)
        return take_known(work, row, id, event);
    if (row->cancelled) {
        tell(work, row, id, UNCHANGED, CV_STR_NONE, "is cancelled, and was never here");
        return CV_OK;
    }
    json_t *data = json_deep_copy(row->data);
    json_object_set_new(data, "event", json_string(id));
    size_t len;
    if (!is_own(row->uid, &len)) {
        json_object_set_new(data, "uid", json_string(row->uid));
        json_object_set_new(data, "sequence", json_integer(row->sequence));
    }
    for (size_t i = 0; i < sizeof DEFAULTS / sizeof *DEFAULTS; ++i)
        if (cli_flag(work->cli, DEFAULTS[i], NULL))
            json_object_set_new(data, DEFAULTS[i], json_string(cli_flag(work->cli, DEFAULTS[i], NULL)));
    if (json_object_get(work->dimensions, row->category))
        json_object_set_new(data, "dimension", json_string(row->category));
    return ask_for(work, row, id, PROPOSED, "convene.scheduling.event.propose.v1", data);
}

/* ---- days that series have no more ------------------------------------------------------- */

static bool has_row(const ical_file_t *file, size_t n, const char *uid)
{
    for (size_t i = 0; i < n; ++i)
        if (strcmp(file->rows[i].uid, uid) == 0)
            return true;
    return false;
}

/* The series that this event was imported as a day of, or NULL. */
static const ical_series_t *series_of(const ical_file_t *file, const char *uid)
{
    size_t len = strlen(uid);
    int64_t ms;
    if (len <= DAY_LEN + 1 || uid[len - DAY_LEN - 1] != ' ' || cv_date_parse(cv_str(uid + len - DAY_LEN), &ms) != CV_OK)
        return NULL;
    for (size_t i = 0; i < file->series_n; ++i)
        if (strlen(file->series[i].uid) == len - DAY_LEN - 1 &&
            memcmp(file->series[i].uid, uid, len - DAY_LEN - 1) == 0)
            return &file->series[i];
    return NULL;
}

/* Over, or its last day is past: whatever a file has no more of that, it has taken place. */
static bool is_history(const json_t *event, const char *today)
{
    static const char *const OVER[] = {"cancelled", "rejected", "held", "reported"};
    const char *status = cli_text_of(event, "status"), *last = cli_text_of(event, "date_end");
    for (size_t i = 0; i < sizeof OVER / sizeof *OVER; ++i)
        if (strcmp(status, OVER[i]) == 0)
            return true;
    if (!*last)
        last = cli_text_of(event, "date_start");
    return strncmp(last, today, DAY_LEN) < 0;
}

/* Gives each such day that is here, and not past, a row that cancels it. */
static int add_gone(work_t *work, int64_t year)
{
    ical_file_t *file = &work->file;
    size_t n = file->n;
    char today[CV_TIME_TEXT + 1];
    cv_time_text(cli_now_ms(work->cli), today);
    const char *key;
    json_t *event;
    json_object_foreach(work->events, key, event)
    {
        const char *uid = cli_text_of(event, "uid");
        const ical_series_t *series = series_of(file, uid);
        if (!series || is_history(event, today) || cli_int_of(event, "plan_year") != year || has_row(file, n, uid))
            continue;
        ical_row_t *row = ical_add_row(file);
        if (!row)
            return CV_ENOMEM;
        if (series->empty)
            file->rows[series->empty - 1].emptied = true;
        row->line = series->line;
        row->sequence = series->sequence;
        row->cancelled = true;
        snprintf(row->uid, sizeof row->uid, "%s", uid);
        row->data = json_pack("{s:I}", "plan_year", (json_int_t)year);
        if (!row->data)
            return CV_ENOMEM;
    }
    return CV_OK;
}

/* ---- all of them ------------------------------------------------------------------------- */

static int send_all(work_t *work)
{
    int rc = CV_OK;
    if (!work->dry &&
        !(work->sender = cli_sender_new(work->cli, work->cli->client, 0, work->cli->timeout_ms, on_done, work)))
        return cli_fail(work->cli, CLI_FAILED, "out of memory");
    for (size_t i = 0; !rc && i < work->file.n; ++i)
        rc = take(work, &work->file.rows[i]);
    if (!rc && work->sender)
        rc = cli_sender_wait(work->sender);
    cli_sender_destroy(&work->sender);
    return rc ? cli_fail(work->cli, cli_status_of(rc), "%s: not all was sent: %s; the same file again goes on with it",
                         work->path, cv_error_text(rc))
              : CLI_OK;
}

static int finish(work_t *work)
{
    int64_t good = work->counts[PROPOSED] + work->counts[CHANGED] + work->counts[CANCELLED] + work->counts[UNCHANGED];
    int status = !work->counts[REFUSED] ? CLI_OK : good ? CLI_PARTIAL : CLI_REFUSED;
    if (work->cli->json) {
        json_t *doc = json_pack("{s:s, s:b, s:I, s:I, s:I}", "file", work->path, "dry_run", work->dry, "entries",
                                (json_int_t)work->file.entries, "passed_over", (json_int_t)work->file.passed_over,
                                "events", (json_int_t)work->file.n);
        for (int i = 0; i < WHATS; ++i)
            json_object_set_new(doc, WORDS[i], json_integer(work->counts[i]));
        json_object_set(doc, "rows", work->rows);
        int written = cli_document(work->cli, "convene.cli.event_import.v1", doc);
        return written == CLI_OK ? status : written;
    }
    printf("%zu entries, %zu events:", work->file.entries, work->file.n);
    for (int i = 0; i < WHATS; ++i)
        printf("%s %lld %s", i ? "," : "", (long long)work->counts[i], WORDS[i]);
    printf("%s\n", work->dry ? "; nothing was sent" : "");
    if (work->file.passed_over)
        cli_say("%zu components that are no events were passed over\n", work->file.passed_over);
    return status;
}

int cli_event_import(cli_t *cli)
{
    work_t work = {.cli = cli, .path = cli->args[0], .dry = cli_has(cli, "dry-run"), .rows = json_array()};
    ical_options_t options;
    char *text = NULL;
    size_t len = 0;
    cli->as = "secretariat";
    int status = plan_of(cli, &options);
    if (status == CLI_OK)
        status = read_file(cli, work.path, &text, &len);
    if (status == CLI_OK && ical_read(text, len, &options, &work.file) != CV_OK)
        status = cli_fail(cli, CLI_FAILED, "out of memory, or more than %d events in the file", ICAL_ROWS_MAX);
    else if (status == CLI_OK && work.file.wrong[0])
        status = cli_fail(cli, CLI_USAGE, "%s: %s", work.path, work.file.wrong);
    if (status == CLI_OK)
        status = ask(&work);
    if (status == CLI_OK && add_gone(&work, options.plan_year) != CV_OK)
        status = cli_fail(cli, CLI_FAILED, "out of memory, or more than %d events in the file", ICAL_ROWS_MAX);
    if (status == CLI_OK)
        status = send_all(&work);
    if (status == CLI_OK)
        status = finish(&work);
    ical_read_done(&work.file);
    json_decref(work.events);
    json_decref(work.dimensions);
    json_decref(work.rows);
    free(text);
    return status;
}
