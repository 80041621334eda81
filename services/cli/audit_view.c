/* audit_view: whether what a dashboard shows is what the services' logs say.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `convene audit view` takes the whole view from a running dashboard, with the positions in the streams that it is of
 * (its proof), follows the same streams from their beginning up to those positions, and makes the view again with the
 * dashboard's own pure code (core_view.h, core_truth.h), without its database, its threads and its memory. It looks for
 *
 *   a hash that is not that of the entities beside it
 *   positions that are not in the services' logs: another history, or records that were changed
 *   entities that are shown and do not follow from the records, follow and are not shown, or differ
 *   entries of the feed that no record made
 *
 * Nothing depends on this program being fast enough: what is compared is of the dashboard's positions, not of now. What
 * the page derives from the view and from the clock (what needs attention, progress) is not compared, nor how the
 * services say they are.
 *
 * Failure modes: a service is away, or the dashboard: exit status 6, and nothing is said about the view. The beginning
 * of a stream was pruned: it comes as a snapshot, and what only a whole history tells (core_truth.h) is not compared;
 * is the snapshot newer than the view, the view is taken again. A dashboard that is behind is no finding: how far is in
 * the table.
 */
#include "dashboard/core_truth.h"
#include "dashboard/core_view.h"
#include "dashboard/json.h"
#include "fetch_http.h"
#include "findings.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 100, TRIES_MAX = 5, VALUE_SHOWN = 60 };

static const struct {
    const char *service, *stream;
} streams[] = {{"scheduling", "scheduling.events"},
               {"registration", "registration.events"},
               {"notifications", "notifications.events"}};
enum { STREAMS_N = sizeof streams / sizeof streams[0] };

typedef struct {
    cli_t *cli;
    json_t *shown;     /* {kind: {key: value}} of the dashboard */
    json_t *proof;     /* of the dashboard */
    dash_view_t *view; /* made again */
    json_t *told;      /* {an entry of the feed without its number, as text: true} of all records */
    json_t *origins;   /* {stream: {"snapshot": true}}, theirs and ours */
    json_t *rows;
    cli_findings_t found;
    size_t records;
    bool is_ahead; /* a snapshot was newer than the view */
    char hash[DASH_TRUTH_HEX];
    /* of the stream that is read */
    const char *stream;
    uint64_t wanted, reached;
    uint8_t chain[CV_CHAIN_LEN];
    bool in_snapshot;
} audit_t;

/* ---- made again ------------------------------------------------------------------------------------- */

/* An entry of the feed without its number, which says how the streams came to be mixed; "" when out of memory. */
static char *entry_text(const json_t *entry)
{
    json_t *bare = json_copy((json_t *)entry);
    json_object_del(bare, "n");
    char *text = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(bare);
    return text;
}

static int keep_entry(audit_t *audit, int64_t before)
{
    char key[24];
    int64_t next = dash_int(dash_view_get(audit->view, "tally", "feed"), "next");
    if (next == before)
        return CV_OK; /* this record makes none */
    (void)snprintf(key, sizeof key, "%012lld", (long long)(next - 1));
    char *text = entry_text(dash_view_get(audit->view, "feed", key));
    int rc = text && json_object_set_new(audit->told, text, json_true()) == 0 ? CV_OK : CV_ENOMEM;
    free(text);
    return rc;
}

static int apply(audit_t *audit, const cv_stream_event_t *event)
{
    json_t *data = event->data ? dash_json_of(event->msg.data) : NULL;
    if (!event->data)
        return CV_OK; /* a type that the dashboard does not know either, or what it has set aside */
    int64_t before = dash_int(dash_view_get(audit->view, "tally", "feed"), "next");
    int rc = data ? dash_view_apply(audit->view, &(dash_record_t){.number = event->msg.info->number,
                                                                  .type = event->msg.info->type,
                                                                  .time_ms = event->msg.time_ms,
                                                                  .in_snapshot = audit->in_snapshot,
                                                                  .data = data})
                  : CV_ENOMEM;
    json_decref(data);
    if (rc == CV_EINVAL)
        return CV_OK; /* set aside there, too */
    return rc ? rc : keep_entry(audit, before);
}

static int on_event(void *arg, const cv_stream_event_t *event)
{
    audit_t *audit = arg;
    switch (event->what) {
    case CV_STREAM_SNAPSHOT_BEGIN:
        audit->in_snapshot = true;
        return dash_view_drop_stream(audit->view, event->stream);
    case CV_STREAM_SNAPSHOT_RECORD:
        return apply(audit, event);
    case CV_STREAM_SNAPSHOT_END:
        audit->in_snapshot = false;
        audit->is_ahead |= event->position.seq > audit->wanted;
        break;
    case CV_STREAM_RECORD:
        if (event->position.seq > audit->wanted)
            return CV_ELIMIT; /* there already */
        int rc = apply(audit, event);
        if (rc)
            return rc;
        audit->records++;
        break;
    }
    audit->reached = event->position.seq;
    memcpy(audit->chain, event->position.chain, CV_CHAIN_LEN);
    return CV_OK;
}

static int read_stream(audit_t *audit, const char *service, uint64_t *ret_head)
{
    cv_stream_t *stream;
    int rc = cv_client_follow(audit->cli->client, service, audit->stream, NULL, &stream);
    if (rc != CV_OK)
        return rc;
    int64_t heard_ms = cv_clock_mono_ms();
    while (rc >= 0 && audit->reached < audit->wanted) {
        rc = cv_stream_poll(stream, POLL_MS, on_event, audit);
        cv_stream_status_t status = cv_stream_status(stream);
        if (rc > 0)
            heard_ms = cv_clock_mono_ms();
        else if (rc == 0 && cv_clock_mono_ms() - heard_ms > audit->cli->timeout_ms)
            rc = CV_ETIMEOUT;
        *ret_head = status.head;
    }
    cv_stream_destroy(&stream);
    return rc == CV_ELIMIT || rc > 0 ? CV_OK : rc;
}

/* The head of a stream, as its service says: a view cannot be of more than there is. */
static int head_of(audit_t *audit, const char *service, uint64_t *ret_head)
{
    json_t *status, *one;
    size_t i;
    int rc = cli_service_status(audit->cli, service, audit->cli->timeout_ms, &status);
    if (rc != CV_OK)
        return cli_query_failed(audit->cli, rc, "%s cannot be asked", service);
    json_array_foreach(json_object_get(status, "streams"), i, one)
    {
        if (strcmp(cli_text_of(one, "name"), audit->stream) == 0)
            *ret_head = (uint64_t)cli_int_of(one, "head");
    }
    json_decref(status);
    return CLI_OK;
}

static int audit_stream(audit_t *audit, size_t which)
{
    const char *service = streams[which].service;
    char chain[2 * CV_CHAIN_LEN + 1];
    audit->stream = streams[which].stream;
    const json_t *theirs = json_object_get(json_object_get(audit->proof, "positions"), audit->stream);
    uint64_t head = 0, heard = 0;
    audit->wanted = (uint64_t)cli_int_of(theirs, "seq");
    audit->reached = 0;
    memset(audit->chain, 0, sizeof audit->chain);
    int status = head_of(audit, service, &head);
    if (status != CLI_OK)
        return status;
    if (audit->wanted > head) {
        cli_find(&audit->found, "the view is of %s %llu, and %s has no more than %llu", audit->stream,
                 (unsigned long long)audit->wanted, service, (unsigned long long)head);
        audit->wanted = head;
    }
    int rc = read_stream(audit, service, &heard);
    if (rc != CV_OK)
        return cli_query_failed(audit->cli, rc, "cannot read %s", audit->stream);
    sodium_bin2hex(chain, sizeof chain, audit->chain, sizeof audit->chain);
    if (audit->reached == (uint64_t)cli_int_of(theirs, "seq") && audit->reached &&
        strcmp(chain, cli_text_of(theirs, "chain")) != 0)
        cli_find(&audit->found, "the view is of another %s: the records up to %llu are not those that %s has",
                 audit->stream, (unsigned long long)audit->reached, service);
    bool snapshot =
        json_is_true(json_object_get(theirs, "snapshot")) || dash_view_get(audit->view, "origin", audit->stream);
    json_t *row = json_pack("{s:s, s:I, s:I, s:b}", "stream", audit->stream, "position", (json_int_t)audit->reached,
                            "head", (json_int_t)head, "history", !snapshot);
    return json_array_append_new(audit->rows, row) == 0 &&
                   json_object_set_new(audit->origins, audit->stream, json_pack("{s:b}", "snapshot", snapshot)) == 0
               ? CLI_OK
               : CLI_FAILED;
}

/* ---- compared --------------------------------------------------------------------------------------- */

static const char *value_text(const json_t *value, char ret_text[VALUE_SHOWN + 4])
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
    (void)snprintf(ret_text, VALUE_SHOWN + 4, "%.*s%s", VALUE_SHOWN, text ? text : "nothing",
                   text && strlen(text) > VALUE_SHOWN ? "..." : "");
    free(text);
    return ret_text;
}

static void compare_entity(audit_t *audit, const char *kind, const char *key, json_t *shown, json_t *truth)
{
    char one[VALUE_SHOWN + 4], other[VALUE_SHOWN + 4];
    const char *field;
    json_t *value;
    if (json_equal(shown, truth))
        return;
    if (!truth) {
        cli_find(&audit->found, "%s/%s is shown, and no record says so", kind, key);
        return;
    }
    json_object_foreach(truth, field, value)
    {
        const json_t *theirs = json_object_get(shown, field);
        if (!theirs || !json_equal((json_t *)theirs, value))
            cli_find(&audit->found, "%s/%s: %s is shown as %s, and is %s", kind, key, field, value_text(theirs, one),
                     value_text(value, other));
    }
    json_object_foreach(shown, field, value)
    {
        if (!json_object_get(truth, field))
            cli_find(&audit->found, "%s/%s: %s is shown as %s, and no record says so", kind, key, field,
                     value_text(value, one));
    }
}

static void compare(audit_t *audit, const json_t *shown, const json_t *truth)
{
    for (size_t i = 0; dash_view_kinds[i]; i++) {
        const char *kind = dash_view_kinds[i], *key;
        json_t *theirs = json_object_get(shown, kind), *ours = json_object_get(truth, kind), *value;
        json_object_foreach(theirs, key, value)
        {
            compare_entity(audit, kind, key, value, json_object_get(ours, key));
        }
        json_object_foreach(ours, key, value)
        {
            if (!json_object_get(theirs, key))
                cli_find(&audit->found, "%s/%s is not shown", kind, key);
        }
    }
}

/* A feed from before a snapshot cannot be checked: its records may be gone. */
static void compare_feed(audit_t *audit)
{
    const char *key, *stream;
    json_t *entry, *origin;
    json_object_foreach(audit->origins, stream, origin)
    {
        if (json_is_true(json_object_get(origin, "snapshot")))
            return;
    }
    json_object_foreach(json_object_get(audit->shown, "feed"), key, entry)
    {
        char *text = entry_text(entry);
        if (!text || !json_object_get(audit->told, text))
            cli_find(&audit->found, "feed/%s: no record made this entry", key);
        free(text);
    }
}

static int compare_all(audit_t *audit)
{
    char shown_hash[DASH_TRUTH_HEX] = "";
    int64_t release_ms;
    json_t *theirs = json_object();
    const char *stream;
    json_t *position;
    json_object_foreach(json_object_get(audit->proof, "positions"), stream, position)
    {
        (void)json_object_set_new(theirs, stream,
                                  json_pack("{s:b}", "snapshot", json_is_true(json_object_get(position, "snapshot"))));
    }
    json_t *hashed = dash_truth_of(audit->shown, theirs); /* as the dashboard hashed it */
    json_t *shown = dash_truth_of(audit->shown, audit->origins), *truth = NULL;
    int rc = hashed && shown ? dash_truth_hash(hashed, shown_hash) : CV_ENOMEM;
    if (!rc)
        rc = dash_view_touch_seats(audit->view);
    if (!rc)
        rc = dash_view_settle(audit->view, cli_int_of(audit->proof, "settled_ms"), &release_ms);
    if (!rc) {
        json_t *made = json_object();
        for (size_t i = 0; dash_view_kinds[i]; i++)
            (void)json_object_set(made, dash_view_kinds[i], dash_view_kind(audit->view, dash_view_kinds[i]));
        truth = dash_truth_of(made, audit->origins);
        json_decref(made);
        rc = truth ? dash_truth_hash(truth, audit->hash) : CV_ENOMEM;
    }
    if (!rc) {
        if (strcmp(shown_hash, cli_text_of(audit->proof, "hash")) != 0)
            cli_find(&audit->found, "the hash that is shown is not that of what is shown");
        compare(audit, shown, truth);
        compare_feed(audit);
    }
    json_decref(theirs);
    json_decref(hashed);
    json_decref(shown);
    json_decref(truth);
    return rc == CV_OK ? CLI_OK : cli_fail(audit->cli, CLI_FAILED, "out of memory");
}

/* ---- the command --------------------------------------------------------------------------------------- */

static void forget(audit_t *audit)
{
    dash_view_destroy(&audit->view);
    json_decref(audit->shown);
    json_decref(audit->proof);
    json_decref(audit->told);
    json_decref(audit->origins);
    json_decref(audit->rows);
    json_decref(audit->found.shown);
    *audit = (audit_t){.cli = audit->cli};
}

static int take_view(audit_t *audit, const char *url)
{
    json_t *answer;
    *audit = (audit_t){.cli = audit->cli,
                       .told = json_object(),
                       .origins = json_object(),
                       .rows = json_array(),
                       .found = {.shown = json_array()}};
    int status = cli_http_json(audit->cli, url, "/api/view", &answer);
    if (status != CLI_OK)
        return status;
    audit->shown = json_incref(json_object_get(answer, "kinds"));
    audit->proof = json_incref(json_object_get(answer, "proof"));
    json_decref(answer);
    if (!json_is_object(audit->shown) || !json_is_object(json_object_get(audit->proof, "positions")))
        return cli_fail(audit->cli, CLI_FAILED, "%s gives no view with a proof: not a dashboard, or an older one", url);
    return dash_view_new(&audit->view) == CV_OK ? CLI_OK : cli_fail(audit->cli, CLI_FAILED, "out of memory");
}

static int report(audit_t *audit, const char *url)
{
    cli_t *cli = audit->cli;
    int status = audit->found.n ? CLI_FAILED : CLI_OK;
    const char *hash = cli_text_of(audit->proof, "hash");
    if (cli->json) {
        int failed = cli_document(cli, "convene.cli.audit_view.v1",
                                  json_pack("{s:b, s:s, s:s, s:s, s:O, s:I, s:I, s:O}", "clean", !audit->found.n, "url",
                                            url, "hash_shown", hash, "hash_computed", audit->hash, "streams",
                                            audit->rows, "records", (json_int_t)audit->records, "found",
                                            (json_int_t)audit->found.n, "findings", audit->found.shown));
        return failed != CLI_OK ? failed : status;
    }
    cli_table_t *table = cli_table_new(cli, (const char *const[]){"stream", "#position", "#head", "compared"}, 4);
    for (size_t i = 0; i < json_array_size(audit->rows); i++) {
        const json_t *row = json_array_get(audit->rows, i);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "stream"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "position"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "head"));
        cli_table_cell(table, CLI_PLAIN, "%s",
                       json_is_true(json_object_get(row, "history")) ? "with its history" : "state: once a snapshot");
    }
    cli_table_print(&table);
    printf("shown     %s\ncomputed  %s  from %zu records\n", hash, audit->hash, audit->records);
    cli_findings_print(cli, &audit->found, "What is shown is what the logs say.");
    return status;
}

int cli_audit_view(cli_t *cli)
{
    char of_config[CV_CONFIG_VALUE_MAX + 8];
    const char *url = cli_flag(cli, "url", NULL);
    audit_t audit = {.cli = cli};
    cli->as = "observer";
    int status = cli_config(cli);
    if (status == CLI_OK && !url) {
        const char *http = cv_config_of(cli->config, cli_dashboard, "http");
        if (strcmp(http, "none") == 0)
            return cli_usage(cli, "dashboard/http is none: there is no page here; say where it is with --url");
        (void)snprintf(of_config, sizeof of_config, "http://%s", http);
        url = of_config;
    }
    if (status == CLI_OK)
        status = cli_connect(cli);
    bool again = true;
    for (int i = 0; status == CLI_OK && again && i < TRIES_MAX; i++) {
        const struct timespec pause = {.tv_nsec = i ? 300000000 : 0};
        (void)nanosleep(&pause, NULL); /* a view that was behind a snapshot has to come on */
        forget(&audit);
        status = take_view(&audit, url);
        for (size_t k = 0; status == CLI_OK && k < STREAMS_N; k++)
            status = audit_stream(&audit, k);
        again = audit.is_ahead;
    }
    if (status == CLI_OK && again)
        status = cli_fail(cli, CLI_FAILED, "%s is behind what the services still have; try again", url);
    if (status == CLI_OK)
        status = compare_all(&audit);
    if (status == CLI_OK)
        status = report(&audit, url);
    forget(&audit);
    return status;
}
