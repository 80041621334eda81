/* metrics: what services have counted and how far they are, as Prometheus reads it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks the status question at the log socket that is there anyway: no service opens a port for it. A timer that runs
 * `convene metrics --output FILE` beside a node exporter with its textfile collector is all there is to set up. The
 * file is replaced as a whole; a service that does not answer is convene_up 0, and has no other numbers.
 *
 * Samples are gathered first and printed by family, as the format asks for.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name, *type, *help;
} family_t;

static const family_t families[] = {
    {"convene_up", "gauge", "Whether the service answered."},
    {"convene_info", "gauge", "The version that runs."},
    {"convene_ready", "gauge", "Whether it decides requests."},
    {"convene_writable", "gauge", "Whether the disk has room: without, new requests are refused."},
    {"convene_start_time_seconds", "gauge", "When it began its work."},
    {"convene_problems", "gauge", "Problems it tells of itself."},
    {"convene_stream_head", "gauge", "Sequence of the newest record of a stream."},
    {"convene_stream_oldest", "gauge", "Sequence of the oldest record that is kept."},
    {"convene_follow_lag_records", "gauge", "Records of a followed stream that are not yet applied."},
    {"convene_follow_parked_records", "gauge", "Records that could not be applied and are set aside."},
    {"convene_follow_live", "gauge", "Whether a followed stream is heard as it comes."},
    {"convene_dispatches_open", "gauge", "Mail and webhook posts that wait or are being sent."},
    {"convene_dispatches_oldest_seconds", "gauge", "How old the notice of the first of them is; 0: none."},
    {"convene_dispatches_dead", "gauge", "Dead letters: those that were given up."},
    {"convene_destinations_left_alone", "gauge", "Destinations that failed several times in a row."},
    {"convene_notices_unseen", "gauge", "Notices with a deadline ahead that nobody of their party has got."},
    {"convene_contacts", "gauge", "Contacts of which there is something to say, by state."},
};

/* Counters of services; others are passed on with a help of their own. */
static const family_t counters[] = {
    {"requests", NULL, "Requests taken."},
    {"decided", NULL, "Requests decided: OK and REJECTED."},
    {"replayed", NULL, "Requests answered again as before."},
    {"invalid", NULL, "Requests that did not fit their description."},
    {"denied", NULL, "Requests that the role or party does not allow."},
    {"notfound", NULL, "Requests about what is not known."},
    {"conflict", NULL, "Requests whose id was used for other content."},
    {"expired", NULL, "Requests that came too late."},
    {"unavailable", NULL, "Requests refused for want of room."},
    {"internal", NULL, "Requests that failed by our own error."},
    {"dropped", NULL, "Messages that were none."},
    {"batches", NULL, "Transactions committed."},
    {"rollbacks", NULL, "Transactions undone."},
    {"limited", NULL, "Requests and questions refused over the limit of their principal."},
    {"ignored", NULL, "Messages of floods, thrown away unread."},
    {"attempts", NULL, "Attempts at mail and webhook posts, by what came of it."},
    {"strangers", NULL, "Messages of connections whose key is nobody's any more."},
};

static void sample(json_t *samples, const char *name, json_t *labels, double value)
{
    json_array_append_new(samples, json_pack("{s:s, s:o, s:f}", "name", name, "labels", labels, "value", value));
}

static bool is_true(const json_t *data, const char *key)
{
    return json_is_true(json_object_get(data, key));
}

static void add_streams(json_t *samples, const char *service, const json_t *data)
{
    json_t *list = json_object_get(data, "streams");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *stream = cli_text_of(one, "name");
        sample(samples, "convene_stream_head", json_pack("{s:s, s:s}", "service", service, "stream", stream),
               (double)cli_int_of(one, "head"));
        sample(samples, "convene_stream_oldest", json_pack("{s:s, s:s}", "service", service, "stream", stream),
               (double)cli_int_of(one, "oldest"));
    }
    list = json_object_get(data, "follows");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *stream = cli_text_of(one, "stream");
        int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor");
        sample(samples, "convene_follow_lag_records", json_pack("{s:s, s:s}", "service", service, "stream", stream),
               lag > 0 ? (double)lag : 0);
        sample(samples, "convene_follow_parked_records", json_pack("{s:s, s:s}", "service", service, "stream", stream),
               (double)cli_int_of(one, "parked"));
        sample(samples, "convene_follow_live", json_pack("{s:s, s:s}", "service", service, "stream", stream),
               strcmp(cli_text_of(one, "state"), "live") == 0);
    }
}

static void add_service(json_t *samples, const char *service, const json_t *data)
{
    sample(samples, "convene_up", json_pack("{s:s}", "service", service), data != NULL);
    if (!data)
        return;
    sample(samples, "convene_info",
           json_pack("{s:s, s:s}", "service", service, "version", cli_text_of(data, "version")), 1);
    sample(samples, "convene_ready", json_pack("{s:s}", "service", service), is_true(data, "ready"));
    sample(samples, "convene_writable", json_pack("{s:s}", "service", service), is_true(data, "writable"));
    sample(samples, "convene_start_time_seconds", json_pack("{s:s}", "service", service),
           (double)cli_int_of(data, "started_ms") / 1000);
    sample(samples, "convene_problems", json_pack("{s:s}", "service", service),
           (double)json_array_size(json_object_get(data, "problems")));
    add_streams(samples, service, data);
    json_t *list = json_object_get(data, "counters");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        char name[96];
        (void)snprintf(name, sizeof name, "convene_%s_total", cli_text_of(one, "name"));
        sample(samples, name, json_pack("{s:s}", "service", service), (double)cli_int_of(one, "value"));
    }
}

static void add_delivery(cli_t *cli, json_t *samples, const char *service)
{
    json_t *delivery = NULL, *one;
    size_t i;
    if (cli_delivery_ask(cli, &delivery) != CV_OK)
        return;
    json_array_foreach(json_object_get(delivery, "channels"), i, one)
    {
        const char *channel = cli_text_of(one, "channel");
        int64_t oldest_ms = cli_int_of(one, "oldest_ms");
        int64_t age_ms = oldest_ms ? cli_now_ms(cli) - oldest_ms : 0;
        sample(samples, "convene_dispatches_open", json_pack("{s:s, s:s}", "service", service, "channel", channel),
               (double)cli_int_of(one, "open"));
        sample(samples, "convene_dispatches_oldest_seconds",
               json_pack("{s:s, s:s}", "service", service, "channel", channel), age_ms > 0 ? (double)age_ms / 1000 : 0);
        sample(samples, "convene_dispatches_dead", json_pack("{s:s, s:s}", "service", service, "channel", channel),
               (double)cli_int_of(one, "dead"));
    }
    json_array_foreach(json_object_get(delivery, "attempts"), i, one)
    {
        sample(samples, "convene_attempts_total",
               json_pack("{s:s, s:s, s:s}", "service", service, "channel", cli_text_of(one, "channel"), "result",
                         cli_text_of(one, "result")),
               (double)cli_int_of(one, "n"));
    }
    sample(samples, "convene_notices_unseen", json_pack("{s:s}", "service", service),
           (double)cli_int_of(delivery, "unseen"));
    json_array_foreach(json_object_get(delivery, "contacts"), i, one)
    {
        sample(samples, "convene_contacts",
               json_pack("{s:s, s:s}", "service", service, "state", cli_text_of(one, "state")),
               (double)cli_int_of(one, "n"));
    }
    json_array_foreach(json_object_get(delivery, "bounces"), i, one)
    {
        sample(samples, "convene_bounces_total",
               json_pack("{s:s, s:s}", "service", service, "what", cli_text_of(one, "what")),
               (double)cli_int_of(one, "n"));
    }
    sample(samples, "convene_destinations_left_alone", json_pack("{s:s}", "service", service),
           (double)cli_int_of(delivery, "left_alone"));
    json_decref(delivery);
}

/* In a label, backslash, quote and line feed are written with a backslash. */
static void print_label(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            fputc('\\', out);
        if (*text == '\n')
            fputs("\\n", out);
        else
            fputc(*text, out);
    }
}

static void print_sample(FILE *out, json_t *one)
{
    const char *label;
    json_t *value;
    const char *separator = "{";
    fputs(cli_text_of(one, "name"), out);
    json_object_foreach(json_object_get(one, "labels"), label, value)
    {
        fprintf(out, "%s%s=\"", separator, label);
        print_label(out, json_string_value(value));
        fputc('"', out);
        separator = ",";
    }
    double number = json_real_value(json_object_get(one, "value"));
    fprintf(out, "} %.*f\n", number == (double)(int64_t)number ? 0 : 3, number);
}

static void print_family(FILE *out, json_t *samples, const char *name, const char *type, const char *help)
{
    bool first = true;
    size_t i;
    json_t *one;
    json_array_foreach(samples, i, one)
    {
        if (strcmp(cli_text_of(one, "name"), name) != 0)
            continue;
        if (first)
            fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
        first = false;
        print_sample(out, one);
    }
}

static const char *help_of(const char *counter, size_t len)
{
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        if (strlen(counters[i].name) == len && strncmp(counters[i].name, counter, len) == 0)
            return counters[i].help;
    return "Counted by the service since it was started.";
}

static void print_all(FILE *out, json_t *samples)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        print_family(out, samples, families[i].name, families[i].type, families[i].help);
    static const char prefix[] = "convene_", suffix[] = "_total";
    for (size_t i = 0; i < json_array_size(samples); i++) {
        const char *name = cli_text_of(json_array_get(samples, i), "name");
        size_t len = strlen(name);
        bool seen = len < sizeof prefix + sizeof suffix || strcmp(name + len + 1 - sizeof suffix, suffix) != 0;
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(name, cli_text_of(json_array_get(samples, k), "name")) == 0;
        if (!seen)
            print_family(out, samples, name, "counter",
                         help_of(name + sizeof prefix - 1, len + 2 - sizeof prefix - sizeof suffix));
    }
}

/* Under its name only when it is whole: whoever reads it at any time reads all of it. */
static int write_file(cli_t *cli, const char *path, json_t *samples)
{
    char part[CLI_PATH_MAX];
    if (snprintf(part, sizeof part, "%s.part", path) >= CLI_PATH_MAX)
        return cli_fail(cli, CLI_USAGE, "the path of --output is too long");
    FILE *out = fopen(part, "we");
    if (!out)
        return cli_fail(cli, CLI_FAILED, "cannot write %s: %m", part);
    print_all(out, samples);
    bool good = !ferror(out);
    good &= fclose(out) == 0;
    if (!good || rename(part, path) != 0) {
        int status = cli_fail(cli, CLI_FAILED, "cannot write %s: %m", path);
        unlink(part);
        return status;
    }
    return CLI_OK;
}

int cli_metrics(cli_t *cli)
{
    cli->as = "observer";
    bool known = cli->args_n == 0;
    for (size_t i = 0; i < CLI_SERVICES_N && !known; i++)
        known = strcmp(cli->args[0], cli_services[i]) == 0;
    if (!known)
        return cli_usage(cli, "there is no service \"%s\"; there are scheduling, registration, notifications",
                         cli->args[0]);
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *samples = json_array();
    int asked = 0, answering = 0;
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        if (cli->args_n && strcmp(cli->args[0], cli_services[i]) != 0)
            continue;
        json_t *data = NULL;
        bool answers = cli_service_status(cli, cli_services[i], cli->timeout_ms, &data) == CV_OK;
        add_service(samples, cli_services[i], answers ? data : NULL);
        json_decref(data);
        if (answers && strcmp(cli_services[i], "notifications") == 0)
            add_delivery(cli, samples, cli_services[i]);
        asked++;
        answering += answers;
    }
    const char *output = cli_flag(cli, "output", NULL);
    if (output)
        status = write_file(cli, output, samples);
    else if (cli->json)
        status = cli_document(cli, "convene.cli.metrics.v1", json_pack("{s:O}", "metrics", samples));
    else
        print_all(stdout, samples);
    json_decref(samples);
    if (status != CLI_OK)
        return status;
    return answering == asked ? CLI_OK : answering ? CLI_PARTIAL : CLI_UNREACHABLE;
}
