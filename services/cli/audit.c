/* audit: whether what the services say today is all that they ever said.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `convene audit verify` reads every stream from its first kept record and checks with its own arithmetic:
 *
 *   chain          each record's chain is BLAKE2b-256 of the one before and its octets, without a hole, up to the head
 *   remembered     a record that a request caused stands beside the remembered outcome of that request, a decision
 *   once           no request was decided twice
 *   acknowledged   with --acknowledged FILE: each outcome in it (JSON as `convene request --json` prints it, one after
 *                  the other) is remembered to the letter as it was given
 *
 * So after a crash, a power failure or a restore it says whether anything that was acknowledged is missing. What it
 * finds is listed; the exit status is 0 only if nothing was. It reads, and changes nothing. A stream that this key may
 * not follow is named as not verified; it does not count as found.
 *
 * Who was decided is asked for page by page and compared with what the records say: a question for each record would
 * be as many questions as a service lets one principal ask in minutes (limits/questions). Both are kept as 48 octets a
 * request. A service that does not know that question is asked for each.
 *
 * Of a stream whose first records were pruned the first chain is taken as given, so it vouches for what is kept only.
 */
#include "findings.h"

#include "convene/ids.h"

#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100 };

typedef struct {
    uint8_t id[CV_UUID_LEN];
    uint8_t part; /* of an import, from 1; 0: the whole request */
} request_id_t;

/* That a record was caused by a request. */
typedef struct {
    uint8_t id[CV_UUID_LEN];
    bool is_bad;
    cv_outcome_class_t class; /* as remembered; CV_OUTCOME_CLASS_ABSENT: not at all */
    uint64_t seq;
    const char *stream;
} cause_t;

typedef struct {
    cli_t *cli;
    cli_findings_t found;
    size_t records, causes, acknowledged;
    json_t *streams;
    /* of the stream that is read */
    const char *service, *stream;
    uint8_t chain[CV_CHAIN_LEN];
    uint64_t first, last;
    char cause[CV_UUID_TEXT + 1]; /* of the last record */
    request_id_t *decided;
    size_t decided_n, decided_room;
    cause_t *caused; /* of the service that is read; for the look through what it remembers in the order of ids */
    size_t caused_n, caused_room, caused_at;
    int rc;
} audit_t;

/* ---- remembered outcomes ----------------------------------------------------------------------- */

/* The outcome a service remembers, as JSON; CV_ENOTFOUND. */
static int remembered(audit_t *audit, const char *service, const char *id, json_t **ret_outcome)
{
    json_t *found = NULL;
    int rc = cli_query_json(audit->cli, service, "request", id, &found);
    if (rc != CV_OK)
        return rc;
    json_t *outcome = json_array_get(found, 0);
    rc = outcome ? CV_OK : CV_ENOTFOUND;
    if (rc == CV_OK)
        *ret_outcome = json_incref(outcome);
    json_decref(found);
    return rc;
}

static int keep_cause(audit_t *audit, const uint8_t id[CV_UUID_LEN], uint64_t seq)
{
    if (audit->caused_n == audit->caused_room) {
        size_t room = audit->caused_room ? audit->caused_room * 2 : 1024;
        cause_t *grown = realloc(audit->caused, room * sizeof *grown);
        if (!grown)
            return CV_ENOMEM;
        audit->caused = grown;
        audit->caused_room = room;
    }
    cause_t *cause = &audit->caused[audit->caused_n++];
    *cause = (cause_t){.stream = audit->stream, .seq = seq};
    memcpy(cause->id, id, CV_UUID_LEN);
    audit->causes++;
    return CV_OK;
}

static int cause_by_id(const void *a, const void *b)
{
    return memcmp(((const cause_t *)a)->id, ((const cause_t *)b)->id, CV_UUID_LEN);
}

static int cause_by_place(const void *a, const void *b)
{
    const cause_t *x = a, *y = b;
    int by_stream = strcmp(x->stream, y->stream);
    return by_stream ? by_stream : (x->seq > y->seq) - (x->seq < y->seq);
}

static void judge(cause_t *cause, cv_outcome_class_t class)
{
    cause->class = class;
    cause->is_bad = class != CV_OUTCOME_CLASS_OK && class != CV_OUTCOME_CLASS_REJECTED;
}

/* One remembered outcome; they come in the order of their ids, as the causes stand. */
static int on_remembered(void *arg, const cv_msg_t *msg)
{
    audit_t *audit = arg;
    uint8_t id[CV_UUID_LEN];
    cv_outcome_v1_t outcome;
    if (msg->info->number != CV_MSG_OUTCOME_V1 || cv_uuid_parse(msg->id, id))
        return CV_EMALFORMED;
    if (msg->info->decode(msg->data, &outcome, NULL) != CV_OK)
        outcome.cls = CV_OUTCOME_CLASS_INVALID; /* somebody has been at the file */
    for (; audit->caused_at < audit->caused_n; audit->caused_at++) {
        cause_t *cause = &audit->caused[audit->caused_at];
        int order = memcmp(cause->id, id, CV_UUID_LEN);
        if (order > 0)
            break;
        judge(cause, order == 0 ? outcome.cls : CV_OUTCOME_CLASS_ABSENT);
    }
    return CV_OK;
}

/* Of a service that does not know the question: one question each. */
static int ask_for_each(audit_t *audit)
{
    for (size_t i = 0; i < audit->caused_n; i++) {
        char id[CV_UUID_TEXT + 1];
        json_t *outcome = NULL;
        cv_uuid_text(audit->caused[i].id, id);
        int rc = remembered(audit, audit->service, id, &outcome);
        if (rc != CV_OK && rc != CV_ENOTFOUND)
            return rc;
        const char *class = cli_text_of(json_object_get(outcome, "data"), "class");
        judge(&audit->caused[i], rc == CV_ENOTFOUND               ? CV_OUTCOME_CLASS_ABSENT
                                 : strcmp(class, "OK") == 0       ? CV_OUTCOME_CLASS_OK
                                 : strcmp(class, "REJECTED") == 0 ? CV_OUTCOME_CLASS_REJECTED
                                                                  : CV_OUTCOME_CLASS_INVALID);
        json_decref(outcome);
    }
    return CV_OK;
}

/* Whether each record's cause is remembered, as a decision. */
static int check_causes(audit_t *audit)
{
    if (!audit->caused_n)
        return CV_OK;
    qsort(audit->caused, audit->caused_n, sizeof(cause_t), cause_by_id);
    audit->caused_at = 0;
    int rc = cli_query(audit->cli, audit->service, "requests", NULL, on_remembered, audit);
    for (; rc == CV_OK && audit->caused_at < audit->caused_n; audit->caused_at++)
        judge(&audit->caused[audit->caused_at], CV_OUTCOME_CLASS_ABSENT);
    if (rc == CV_ENOTFOUND || rc == CV_EDENIED)
        rc = ask_for_each(audit);
    if (rc != CV_OK)
        return rc;
    qsort(audit->caused, audit->caused_n, sizeof(cause_t), cause_by_place);
    for (size_t i = 0; i < audit->caused_n; i++) {
        const cause_t *cause = &audit->caused[i];
        char id[CV_UUID_TEXT + 1];
        cv_uuid_text(cause->id, id);
        if (cause->is_bad && cause->class == CV_OUTCOME_CLASS_ABSENT)
            cli_find(&audit->found, "%s %llu was caused by request %s, which %s does not remember", cause->stream,
                     (unsigned long long)cause->seq, id, audit->service);
        else if (cause->is_bad)
            cli_find(&audit->found, "request %s caused %s %llu and is remembered as %s, which is no decision", id,
                     cause->stream, (unsigned long long)cause->seq, cv_outcome_class_text(cause->class));
    }
    audit->caused_n = 0;
    return CV_OK;
}

/* ---- streams ----------------------------------------------------------------------------------- */

static int keep_decided(audit_t *audit, const cv_registration_decided_v1_t *decided)
{
    if (audit->decided_n == audit->decided_room) {
        size_t room = audit->decided_room ? audit->decided_room * 2 : 1024;
        request_id_t *grown = realloc(audit->decided, room * sizeof *grown);
        if (!grown)
            return CV_ENOMEM;
        audit->decided = grown;
        audit->decided_room = room;
    }
    request_id_t *kept = &audit->decided[audit->decided_n];
    kept->part = (uint8_t)(decided->has_part ? decided->part + 1 : 0);
    return cv_uuid_parse(decided->request, kept->id) ? CV_OK : (audit->decided_n++, CV_OK);
}

static int on_record(void *arg, const cv_stream_event_t *event)
{
    audit_t *audit = arg;
    uint8_t id[CV_UUID_LEN];
    if (event->what == CV_STREAM_SNAPSHOT_END) { /* the beginning is gone: from here on */
        memcpy(audit->chain, event->position.chain, CV_CHAIN_LEN);
        audit->last = event->position.seq;
    }
    if (event->what != CV_STREAM_RECORD)
        return CV_OK;
    audit->records++;
    cv_chain_next(audit->chain, event->raw, audit->chain);
    if (event->position.seq != audit->last + 1)
        cli_find(&audit->found, "%s %llu follows %llu", audit->stream, (unsigned long long)event->position.seq,
                 (unsigned long long)audit->last);
    if (memcmp(audit->chain, event->position.chain, CV_CHAIN_LEN) != 0) {
        cli_find(&audit->found, "%s %llu does not fit the records before it", audit->stream,
                 (unsigned long long)event->position.seq);
        memcpy(audit->chain, event->position.chain, CV_CHAIN_LEN);
    }
    if (!audit->first)
        audit->first = event->position.seq;
    audit->last = event->position.seq;
    if (event->data && event->msg.info->number == CV_MSG_REGISTRATION_DECIDED_V1)
        audit->rc = keep_decided(audit, event->data);
    if (!audit->rc && event->msg.causationid.ptr && !cv_uuid_parse(event->msg.causationid, id) &&
        !cv_str_is(event->msg.causationid, audit->cause) &&
        cv_str_copy(event->msg.causationid, audit->cause, sizeof audit->cause) == CV_OK)
        audit->rc = keep_cause(audit, id, event->position.seq);
    return audit->rc;
}

/* Reads up to the head that the service named before. */
static int read_stream(audit_t *audit, cv_client_t *client, uint64_t head)
{
    cv_stream_t *stream;
    int rc = cv_client_follow(client, audit->service, audit->stream, NULL, &stream);
    if (rc != CV_OK)
        return rc;
    int64_t heard_ms = cv_clock_mono_ms();
    while (rc >= 0 && audit->last < head) {
        rc = cv_stream_poll(stream, POLL_MS, on_record, audit);
        if (rc > 0)
            heard_ms = cv_clock_mono_ms();
        else if (rc == 0 && cv_clock_mono_ms() - heard_ms > audit->cli->timeout_ms)
            rc = CV_ETIMEOUT;
        if (cv_stream_status(stream).halted) {
            cli_find(&audit->found, "%s cannot be followed: %s", audit->stream, cv_stream_status(stream).error);
            rc = 0;
            break;
        }
    }
    cv_stream_destroy(&stream);
    return rc < 0 ? rc : CV_OK;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(request_id_t));
}

static void check_once(audit_t *audit)
{
    if (audit->decided_n)
        qsort(audit->decided, audit->decided_n, sizeof(request_id_t), by_id);
    for (size_t i = 1; i < audit->decided_n; i++) {
        char text[CV_UUID_TEXT + 1];
        if (by_id(&audit->decided[i - 1], &audit->decided[i]) != 0)
            continue;
        cv_uuid_text(audit->decided[i].id, text);
        cli_find(&audit->found, "request %s was decided more than once", text);
    }
}

static int audit_stream(audit_t *audit, const json_t *stream)
{
    cv_client_t *client = audit->cli->client, *private = NULL;
    audit->stream = cli_text_of(stream, "name");
    memset(audit->chain, 0, sizeof audit->chain);
    audit->first = audit->last = 0;
    audit->cause[0] = '\0';
    const char *verified = "yes";
    if (json_is_true(json_object_get(stream, "private"))) {
        /* Followed with the key of a service; where that is not at hand it stays unread. */
        if (cli_connect_as(audit->cli, "notifications", &private) != CLI_OK)
            verified = "no: needs the key of a service";
        client = private;
    }
    int rc = client ? read_stream(audit, client, (uint64_t)cli_int_of(stream, "head")) : CV_OK;
    if (rc == CV_EDENIED) {
        verified = "no: this key may not follow it";
        rc = CV_OK;
    }
    if (private)
        cv_client_close(&private);
    if (rc != CV_OK)
        return cli_query_failed(audit->cli, rc, "cannot read %s", audit->stream);
    json_t *row = json_pack("{s:s, s:I, s:I, s:s}", "stream", audit->stream, "first", (json_int_t)audit->first, "last",
                            (json_int_t)audit->last, "verified", verified);
    return json_array_append_new(audit->streams, row) == 0 ? CLI_OK : CLI_FAILED;
}

static int audit_services(audit_t *audit)
{
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *status;
        audit->service = cli_services[i];
        int rc = cli_service_status(audit->cli, audit->service, audit->cli->timeout_ms, &status);
        if (rc != CV_OK)
            return cli_query_failed(audit->cli, rc, "%s cannot be asked", audit->service);
        const json_t *streams = json_object_get(status, "streams");
        int failed = CLI_OK;
        for (size_t k = 0; failed == CLI_OK && k < json_array_size(streams); k++)
            failed = audit_stream(audit, json_array_get(streams, k));
        if (failed == CLI_OK && (rc = check_causes(audit)) != CV_OK)
            failed = cli_query_failed(audit->cli, rc, "cannot ask %s what it remembers", audit->service);
        json_decref(status);
        if (failed != CLI_OK)
            return failed;
    }
    check_once(audit);
    return CLI_OK;
}

/* ---- acknowledged outcomes ----------------------------------------------------------------------- */

/* The service that gave an outcome: behind the last '/' of its source. */
static const char *service_of(const json_t *outcome)
{
    const char *source = cli_text_of(outcome, "source"), *slash = strrchr(source, '/');
    return slash ? slash + 1 : source;
}

static int check_acknowledged(audit_t *audit, const json_t *given)
{
    const json_t *outcome = json_object_get(given, "outcome");
    const char *class = cli_text_of(json_object_get(outcome, "data"), "class"), *id = cli_text_of(outcome, "id");
    if (strcmp(class, "OK") != 0 && strcmp(class, "REJECTED") != 0)
        return CV_OK; /* no decision, nothing was promised */
    json_t *now = NULL;
    int rc = remembered(audit, service_of(outcome), id, &now);
    audit->acknowledged++;
    if (rc == CV_ENOTFOUND)
        cli_find(&audit->found, "request %s was acknowledged with %s, and %s does not remember it", id, class,
                 service_of(outcome));
    else if (rc == CV_OK && !json_equal(now, outcome))
        cli_find(&audit->found, "request %s was acknowledged with other words than %s remembers now", id,
                 service_of(outcome));
    json_decref(now);
    return rc == CV_ENOTFOUND ? CV_OK : rc;
}

/* Whether more than white space follows. */
static bool has_more(FILE *file)
{
    int c;
    while ((c = fgetc(file)) == ' ' || c == '\n' || c == '\r' || c == '\t')
        continue;
    return c != EOF && ungetc(c, file) != EOF;
}

static int audit_file(audit_t *audit, const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return cli_fail(audit->cli, CLI_NOTFOUND, "cannot read %s", path);
    int status = CLI_OK;
    for (size_t n = 1; status == CLI_OK && has_more(file); n++) {
        json_error_t error;
        json_t *given = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error);
        if (!given || !json_is_object(json_object_get(given, "outcome"))) {
            status =
                cli_fail(audit->cli, CLI_USAGE,
                         "%s, document %zu: %s; wanted: what `convene request --json` prints, with its member outcome",
                         path, n, given ? "no outcome" : error.text);
        } else {
            int rc = check_acknowledged(audit, given);
            if (rc != CV_OK)
                status = cli_query_failed(audit->cli, rc, "cannot look for what %s holds", path);
        }
        json_decref(given);
    }
    fclose(file);
    return status;
}

/* ---- the command --------------------------------------------------------------------------------- */

static int report(audit_t *audit)
{
    cli_t *cli = audit->cli;
    int status = audit->found.n ? CLI_FAILED : CLI_OK;
    if (cli->json) {
        int failed = cli_document(cli, "convene.cli.audit.v1",
                                  json_pack("{s:b, s:O, s:I, s:I, s:I, s:I, s:O}", "clean", !audit->found.n, "streams",
                                            audit->streams, "records", (json_int_t)audit->records, "causes",
                                            (json_int_t)audit->causes, "acknowledged", (json_int_t)audit->acknowledged,
                                            "found", (json_int_t)audit->found.n, "findings", audit->found.shown));
        return failed != CLI_OK ? failed : status;
    }
    cli_table_t *table = cli_table_new(cli, (const char *const[]){"stream", "#first", "#last", "verified"}, 4);
    for (size_t i = 0; i < json_array_size(audit->streams); i++) {
        const json_t *row = json_array_get(audit->streams, i);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "stream"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "first"));
        cli_table_cell(table, CLI_PLAIN, "%lld", (long long)cli_int_of(row, "last"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(row, "verified"));
    }
    cli_table_print(&table);
    printf("%zu records in %zu streams, caused by %zu requests", audit->records, json_array_size(audit->streams),
           audit->causes);
    if (cli_has(cli, "acknowledged"))
        printf("; %zu acknowledged decisions", audit->acknowledged);
    printf("\n");
    cli_findings_print(cli, &audit->found, "Nothing that was acknowledged is missing.");
    return status;
}

int cli_audit_verify(cli_t *cli)
{
    audit_t audit = {.cli = cli, .found = {.shown = json_array()}, .streams = json_array()};
    int status = cli_connect(cli);
    if (status == CLI_OK)
        status = audit_services(&audit);
    for (size_t i = 0; status == CLI_OK && i < cli->given_n; i++)
        if (!strcmp(cli->given[i].flag, "acknowledged"))
            status = audit_file(&audit, cli->given[i].value);
    if (status == CLI_OK)
        status = report(&audit);
    json_decref(audit.found.shown);
    json_decref(audit.streams);
    free(audit.decided);
    free(audit.caused);
    return status;
}
