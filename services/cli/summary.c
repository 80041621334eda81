/* summary: see summary.h. Everything is gathered as one JSON document first; --json prints it, else tables are made of
 * it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "summary.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_MS = 100, STATUS_MS = 1000, EMPTY_ROUNDS = 2 };

struct cli_summary {
    cli_t *cli;
    json_t *doc;
    json_t *checks;
    json_t *answers; /* id -> {class, hash} of the first answer */
    int64_t requests, answered, timeouts;
    int64_t again, again_differ, expected, unexpected;
    int64_t decisions; /* registration: distinct ids that were decided (OK or REJECTED) */
};

cli_summary_t *cli_summary_new(cli_t *cli)
{
    cli_summary_t *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    self->cli = cli;
    self->doc = json_object();
    self->checks = json_array();
    self->answers = json_object();
    return self;
}

void cli_summary_destroy(cli_summary_t **summary)
{
    cli_summary_t *self = *summary;
    if (!self)
        return;
    json_decref(self->doc);
    json_decref(self->checks);
    json_decref(self->answers);
    free(self);
    *summary = NULL;
}

void cli_summary_check(cli_summary_t *self, bool held, const char *what, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(self->checks, json_pack("{s:s, s:b, s:s}", "check", what, "ok", held, "text", text));
}

/* doc[section][row][column] += by */
static void add(cli_summary_t *self, const char *section, const char *row, const char *column, int64_t by)
{
    json_t *rows = json_object_get(self->doc, section);
    if (!rows) {
        rows = json_object();
        json_object_set_new(self->doc, section, rows);
    }
    json_t *cells = json_object_get(rows, row);
    if (!cells) {
        cells = json_object();
        json_object_set_new(rows, row, cells);
    }
    json_object_set_new(cells, column, json_integer(json_integer_value(json_object_get(cells, column)) + by));
}

static int64_t total(const cli_summary_t *self, const char *section, const char *row)
{
    int64_t sum = 0;
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(json_object_get(self->doc, section), row), key, value)
    {
        sum += json_integer_value(value);
    }
    return sum;
}

/* ---- answers ----------------------------------------------------------------------------- */

void cli_summary_sent(cli_summary_t *self, int64_t requests)
{
    self->requests += requests;
}

void cli_summary_answer(cli_summary_t *self, const cli_report_t *report)
{
    char row[160];
    (void)snprintf(row, sizeof row, "%s %s", report->cls, report->code);
    add(self, "requests", row, report->service, 1);
    if (strcmp(report->cls, "TIMEOUT") == 0) {
        self->timeouts++;
        return;
    }
    self->answered++;
    const json_t *first = json_object_get(self->answers, report->id);
    if (strcmp(report->expect, "same") == 0) {
        self->again++;
        self->again_differ += !first || strcmp(cli_text_of(first, "hash"), report->hash) != 0;
    } else if (*report->expect) {
        self->expected++;
        self->unexpected += strcmp(report->cls, report->expect) != 0;
    }
    if (first)
        return;
    json_object_set_new(self->answers, report->id, json_pack("{s:s, s:s}", "class", report->cls, "hash", report->hash));
    if (strcmp(report->service, "registration") == 0 &&
        (strcmp(report->cls, "OK") == 0 || strcmp(report->cls, "REJECTED") == 0))
        self->decisions++;
}

/* ---- settling ------------------------------------------------------------------------------ */

static int count_one(void *arg, const cv_msg_t *msg)
{
    (void)msg;
    ++*(int64_t *)arg;
    return CV_OK;
}

static int lag_of(cli_t *cli, int64_t *ret_lag, bool *ret_halted)
{
    int64_t lag = 0;
    bool halted = false;
    json_t *heads = json_object(), *all[CLI_SERVICES_N] = {NULL};
    int rc = CV_OK;
    for (size_t i = 0; rc == CV_OK && i < CLI_SERVICES_N; i++) {
        rc = cli_service_status(cli, cli_services[i], STATUS_MS, &all[i]);
        json_t *streams = json_object_get(all[i], "streams");
        for (size_t k = 0; k < json_array_size(streams); k++)
            json_object_set(heads, cli_text_of(json_array_get(streams, k), "name"),
                            json_object_get(json_array_get(streams, k), "head"));
    }
    for (size_t i = 0; rc == CV_OK && i < CLI_SERVICES_N; i++) {
        json_t *follows = json_object_get(all[i], "follows");
        for (size_t k = 0; k < json_array_size(follows); k++) {
            const json_t *one = json_array_get(follows, k);
            int64_t behind =
                json_integer_value(json_object_get(heads, cli_text_of(one, "stream"))) - cli_int_of(one, "cursor");
            lag += behind > 0 ? behind : 0;
            halted |= strcmp(cli_text_of(one, "state"), "halted") == 0 || cli_int_of(one, "parked") > 0;
        }
    }
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        json_decref(all[i]);
    json_decref(heads);
    if (rc == CV_OK) {
        *ret_lag = lag;
        *ret_halted = halted;
    }
    return rc;
}

/* A follower that has read all may, by that, make the next one behind: so it must be quiet twice in a row. */
bool cli_summary_settled(cli_t *cli, int64_t end_ms, bool with_notices)
{
    int quiet = 0;
    while (cv_clock_mono_ms() < end_ms) {
        int64_t lag = 0, held = 0;
        bool halted = false;
        int rc = lag_of(cli, &lag, &halted);
        if (rc == CV_OK && halted)
            return false;
        if (rc == CV_OK && with_notices)
            rc = cli_query(cli, "notifications", "held", NULL, count_one, &held);
        quiet = rc == CV_OK && lag == 0 && held == 0 ? quiet + 1 : 0;
        if (quiet == EMPTY_ROUNDS)
            return true;
        (void)cv_client_poll(cli->client, LOOK_MS, NULL, NULL);
    }
    return false;
}

/* ---- the services' state --------------------------------------------------------------------- */

static void gather_events(cli_summary_t *self, const json_t *events)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *event = json_object_get(json_array_get(events, i), "data");
        const char *dimension = cli_text_of(event, "dimension");
        add(self, "events", *dimension ? dimension : "(no dimension)", cli_text_of(event, "status"), 1);
    }
}

static void gather_seats(cli_summary_t *self, const json_t *seats)
{
    static const char *const columns[] = {"capacity", "confirmed",  "waiting", "online",
                                          "free",     "registered", "declined"};
    int64_t oversold = 0, differ = 0;
    for (size_t i = 0; i < json_array_size(seats); i++) {
        const json_t *row = json_object_get(json_array_get(seats, i), "data");
        const char *event = cli_text_of(row, "event");
        if (!cli_int_of(row, "capacity") && !cli_int_of(row, "registered"))
            continue;
        for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
            add(self, "seats", event, columns[k], cli_int_of(row, columns[k]));
        oversold += cli_int_of(row, "confirmed") > cli_int_of(row, "capacity");
        json_t *delegations = NULL;
        int64_t confirmed = 0, waiting = 0, online = 0;
        if (cli_query_json(self->cli, "registration", "delegations", event, &delegations) != CV_OK)
            differ++;
        for (size_t k = 0; k < json_array_size(delegations); k++) {
            const json_t *one = json_object_get(json_array_get(delegations, k), "data");
            confirmed += cli_int_of(one, "confirmed");
            waiting += cli_int_of(one, "waiting");
            online += cli_int_of(one, "online");
        }
        json_decref(delegations);
        differ += confirmed != cli_int_of(row, "confirmed") || waiting != cli_int_of(row, "waiting") ||
                  online != cli_int_of(row, "online");
    }
    size_t n = json_object_size(json_object_get(self->doc, "seats"));
    cli_summary_check(self, oversold == 0, "no event has more confirmed than seats", "%zu events with registration", n);
    cli_summary_check(self, differ == 0, "seats agree with the delegations, event by event",
                      "confirmed, waiting and online of %zu events", n);
}

typedef struct {
    cli_summary_t *summary;
    json_t *requests; /* id -> how often decided */
    int64_t decided, promoted, over_maximum, twice;
} records_t;

static int take_record(void *arg, const cv_stream_event_t *event)
{
    records_t *records = arg;
    if (event->what != CV_STREAM_RECORD || !event->data)
        return CV_OK;
    const cv_seats_t *seats = NULL;
    if (event->msg.info->number == CV_MSG_REGISTRATION_DECIDED_V1) {
        const cv_registration_decided_v1_t *decided = event->data;
        char id[CV_MAX_ATTRIBUTE];
        records->decided++;
        if (cv_str_copy(decided->request, id, sizeof id) == CV_OK) {
            records->twice += json_object_get(records->requests, id) != NULL;
            json_object_set_new(records->requests, id, json_true());
        }
        seats = decided->has_seats ? &decided->seats : NULL;
        char row[64];
        (void)snprintf(row, sizeof row, "%s %s", cv_decision_kind_text(decided->kind),
                       cv_outcome_class_text(decided->cls));
        add(records->summary, "decisions", row, "records", 1);
    } else if (event->msg.info->number == CV_MSG_REGISTRATION_PROMOTED_V1) {
        const cv_registration_promoted_v1_t *promoted = event->data;
        records->promoted++;
        add(records->summary, "promotions", cv_promotion_cause_text(promoted->cause), "records", 1);
        add(records->summary, "promotions", cv_promotion_cause_text(promoted->cause), "persons",
            (int64_t)promoted->persons_n);
        seats = &promoted->seats;
    }
    if (seats && seats->party_maximum > 0)
        records->over_maximum += seats->party_confirmed > seats->party_maximum || seats->confirmed > seats->capacity;
    return CV_OK;
}

static int gather_records(cli_summary_t *self, records_t *records)
{
    cv_stream_t *stream = NULL;
    int rc = cv_client_follow(self->cli->client, "registration", "registration.events", NULL, &stream);
    int64_t end_ms = cv_clock_mono_ms() + self->cli->timeout_ms;
    while (rc >= 0 && !cv_stream_status(stream).live && cv_clock_mono_ms() < end_ms) {
        rc = cv_stream_poll(stream, LOOK_MS, take_record, records);
        if (rc > 0)
            end_ms = cv_clock_mono_ms() + self->cli->timeout_ms;
    }
    if (rc >= 0 && !cv_stream_status(stream).live)
        rc = CV_ETIMEOUT;
    cv_stream_destroy(&stream);
    return rc < 0 ? rc : CV_OK;
}

static int64_t files_in(const char *path)
{
    int64_t n = 0;
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        size_t len = strlen(entry->d_name);
        n += entry->d_name[0] != '.' && len > 4 && strcmp(entry->d_name + len - 4, ".eml") == 0;
    }
    if (folder)
        closedir(folder);
    return n;
}

static void gather_notices(cli_summary_t *self, const json_t *notices, const records_t *records)
{
    const char *outbox = cv_config_text(self->cli->config, "notifications/outbox");
    json_t *causes = json_object();
    int64_t unwritten = 0, twice = 0, missing = 0, silenced = 0;
    for (size_t i = 0; i < json_array_size(notices); i++) {
        const json_t *notice = json_object_get(json_array_get(notices, i), "data");
        /* An opening that its party had answered before it left, say: there is nothing to tell, and no file. */
        bool is_silenced = strcmp(cli_text_of(notice, "state"), "silenced") == 0;
        char path[CLI_PATH_MAX];
        if (json_object_get(notice, "person")) /* to a person, beside that to the delegation */
            add(self, "notices", "persons", cli_text_of(notice, "state"), 1);
        else
            add(self, "notices", cli_text_of(notice, "kind"), cli_text_of(notice, "state"), 1);
        unwritten += strcmp(cli_text_of(notice, "state"), "written") != 0 &&
                     strcmp(cli_text_of(notice, "state"), "delivered") != 0 && !is_silenced;
        silenced += is_silenced;
        twice += json_object_get(causes, cli_text_of(notice, "notice")) != NULL;
        json_object_set_new(causes, cli_text_of(notice, "notice"), json_true());
        (void)snprintf(path, sizeof path, "%s/%s.eml", outbox, cli_text_of(notice, "notice"));
        missing += !is_silenced && access(path, R_OK) != 0;
    }
    json_decref(causes);
    int64_t decisions = total(self, "notices", "decision"), promotions = total(self, "notices", "promotion");
    int64_t all = (int64_t)json_array_size(notices), files = files_in(outbox);
    cli_summary_check(self, decisions == records->decided && promotions == records->promoted && twice == 0,
                      "each decision and each promotion has exactly one notice",
                      "%lld decisions, %lld promotions on record; %lld and %lld notices", (long long)records->decided,
                      (long long)records->promoted, (long long)decisions, (long long)promotions);
    cli_summary_check(self, files == all - silenced && missing == 0, "each notice is exactly one file in the outbox",
                      "%lld notices, %lld files, %lld that had nothing to tell any more", (long long)all,
                      (long long)files, (long long)silenced);
    cli_summary_check(self, unwritten == 0, "no notice is pending", "%lld not written", (long long)unwritten);
    json_object_set_new(self->doc, "outbox", json_pack("{s:s, s:I}", "directory", outbox, "files", (json_int_t)files));
}

static void gather_followers(cli_summary_t *self)
{
    int64_t behind = 0, wrong = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *data = NULL;
        if (cli_service_status(self->cli, cli_services[i], self->cli->timeout_ms, &data) != CV_OK) {
            wrong++;
            continue;
        }
        json_t *follows = json_object_get(data, "follows");
        for (size_t k = 0; k < json_array_size(follows); k++) {
            const json_t *one = json_array_get(follows, k);
            int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor");
            behind += lag;
            wrong += strcmp(cli_text_of(one, "state"), "live") != 0 || cli_int_of(one, "parked") > 0;
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "service", cli_services[i], "stream",
                                            cli_text_of(one, "stream"), "state", cli_text_of(one, "state"), "cursor",
                                            (json_int_t)cli_int_of(one, "cursor"), "lag", (json_int_t)lag, "parked",
                                            (json_int_t)cli_int_of(one, "parked")));
        }
        json_decref(data);
    }
    cli_summary_check(self, behind == 0 && wrong == 0, "every follower has read everything", "%zu followers, lag %lld",
                      json_array_size(list), (long long)behind);
    json_object_set_new(self->doc, "followers", list);
}

static int gather(cli_summary_t *self)
{
    cli_t *cli = self->cli;
    json_t *events = NULL, *seats = NULL, *notices = NULL;
    records_t records = {.summary = self, .requests = json_object()};
    cli_summary_check(self, self->answered == self->requests && self->timeouts == 0,
                      "each request has exactly one outcome", "%lld requests, %lld outcomes", (long long)self->requests,
                      (long long)self->answered);
    cli_summary_check(self, self->again > 0 && self->again_differ == 0,
                      "asked again with the same id, the same bytes came back", "%lld asked again",
                      (long long)self->again);
    cli_summary_check(self, self->unexpected == 0, "late requests are refused, an id with other content is a conflict",
                      "%lld such requests", (long long)self->expected);
    int rc = cli_query_json(cli, "scheduling", "events", NULL, &events);
    if (rc == CV_OK)
        rc = cli_query_json(cli, "registration", "events", NULL, &seats);
    if (rc == CV_OK)
        rc = cli_query_json(cli, "notifications", "notices", NULL, &notices);
    if (rc == CV_OK)
        rc = gather_records(self, &records);
    if (rc == CV_OK) {
        gather_events(self, events);
        gather_seats(self, seats);
        cli_summary_check(self, records.over_maximum == 0, "at no decision did a party or event pass its maximum",
                          "%lld records", (long long)(records.decided + records.promoted));
        cli_summary_check(self, records.decided == self->decisions && records.twice == 0,
                          "each decision is on record exactly once", "%lld distinct requests decided, %lld records",
                          (long long)self->decisions, (long long)records.decided);
        gather_notices(self, notices, &records);
        gather_followers(self);
    }
    json_decref(events);
    json_decref(seats);
    json_decref(notices);
    json_decref(records.requests);
    return rc;
}

/* ---- printing ---------------------------------------------------------------------------- */

/* A section as a table: its rows, and the union of their columns. */
static void print_section(const cli_summary_t *self, const char *section, const char *title, const char *first)
{
    enum { MAX = 12 };
    char names[MAX][64];
    const char *columns[MAX + 1] = {first}, *row, *key;
    size_t n = 0;
    json_t *cells, *value, *rows = json_object_get(self->doc, section);
    json_object_foreach(rows, row, cells)
    {
        json_object_foreach(cells, key, value)
        {
            size_t k = 0;
            while (k < n && strcmp(names[k] + 1, key) != 0)
                k++;
            if (k == n && n < MAX - 1)
                (void)snprintf(names[n++], sizeof names[0], "#%s", key);
        }
    }
    for (size_t k = 0; k < n; k++)
        columns[k + 1] = names[k];
    printf("\n%s%s%s\n", cli_style(self->cli, CLI_BOLD), title, cli_style(self->cli, CLI_PLAIN));
    if (n == 0) {
        printf("none\n");
        return;
    }
    cli_table_t *table = cli_table_new(self->cli, columns, n + 1);
    json_object_foreach(rows, row, cells)
    {
        cli_table_cell(table, CLI_PLAIN, "%s", row);
        for (size_t k = 0; k < n; k++)
            cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(cells, names[k] + 1));
    }
    cli_table_print(&table);
}

static void print_followers(const cli_summary_t *self)
{
    const char *columns[] = {"service", "follows", "state", "#at", "#lag", "#parked"};
    cli_table_t *table = cli_table_new(self->cli, columns, 6);
    json_t *list = json_object_get(self->doc, "followers");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(one, "service"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(one, "stream"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(one, "state"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "cursor"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "lag"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(one, "parked"));
    }
    printf("\n%sFollowers%s\n", cli_style(self->cli, CLI_BOLD), cli_style(self->cli, CLI_PLAIN));
    cli_table_print(&table);
}

int cli_summary_print(cli_summary_t *self)
{
    cli_t *cli = self->cli;
    int rc = gather(self);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "the services' state cannot be read");
    int64_t failed = 0;
    for (size_t i = 0; i < json_array_size(self->checks); i++)
        failed += !json_is_true(json_object_get(json_array_get(self->checks, i), "ok"));
    if (cli->json) {
        json_object_set(self->doc, "checks", self->checks);
        json_object_set_new(self->doc, "failed", json_integer(failed));
        int status = cli_document(cli, "convene.cli.sample.v1", json_incref(self->doc));
        return failed ? CLI_FAILED : status;
    }
    print_section(self, "events", "Events by dimension and status", "dimension");
    print_section(self, "requests", "Requests by outcome and service", "outcome");
    print_section(self, "seats", "Seats", "event");
    print_section(self, "decisions", "Decisions on record", "decision");
    print_section(self, "promotions", "Promotions from waiting lists", "cause");
    print_section(self, "notices", "Notices", "about");
    const json_t *outbox = json_object_get(self->doc, "outbox");
    printf("%lld message files in %s\n", (long long)cli_int_of(outbox, "files"), cli_text_of(outbox, "directory"));
    print_followers(self);
    printf("\n%sChecks%s\n", cli_style(cli, CLI_BOLD), cli_style(cli, CLI_PLAIN));
    for (size_t i = 0; i < json_array_size(self->checks); i++) {
        const json_t *check = json_array_get(self->checks, i);
        bool ok = json_is_true(json_object_get(check, "ok"));
        printf("%s%-6s%s %s (%s)\n", cli_style(cli, ok ? CLI_GREEN : CLI_RED), ok ? "ok" : "FAILED",
               cli_style(cli, CLI_PLAIN), cli_text_of(check, "check"), cli_text_of(check, "text"));
    }
    printf("%s\n", failed ? "Some checks FAILED." : "All checks held.");
    return failed ? CLI_FAILED : CLI_OK;
}
