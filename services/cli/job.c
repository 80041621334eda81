/* job: see job.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   facts       cica-plan.json: parties, bodies, headings, events       requests to scheduling, by the secretariat
 *   exercise    exercise.json: a hall, two events, steps, rules, contacts   requests to scheduling and notifications
 *   roster      two publishers, programs of their own, one in C with the library and one in Python with nothing but the
 *               protocol's description, each with its half of the parties; duplicates, late ones and withdrawals among
 *               them
 *   meanwhile   when half of the roster is decided: a meeting moves, its seats change, another is cancelled
 *   settle      until every follower has read everything and every notice is written, or the deadline
 *   summary     summary.c
 *
 * Nothing loads a database behind a service's back: all goes in as requests, and comes out as outcomes and records.
 */
#include "job.h"

#include "import.h"
#include "keys.h"
#include "process.h"
#include "roster.h"
#include "summary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SETTLE_MS = 60000,
    PUBLISHERS_MS = 120000,
    REQUEST_MS = 30000,
    POLL_MS = 20,
    HASH_LEN = 16,
    FILE_MODE = 0600,
};

static const char note[] =
    "Registrations, seats and contacts in this sample are an exercise; facts about events are from public sources.\n"
    "Events named SAMPLE are made up. Nothing is sent to anybody: notices stay as files in the outbox folder.";

typedef struct {
    char program[CLI_PATH_MAX];
    char lines[CLI_PATH_MAX], report[CLI_PATH_MAX]; /* files: what it sends, what it says of the outcomes */
    int64_t requests;
    pid_t pid;
    int result;
} publisher_t;

struct cli_job {
    cli_t *cli;
    char directory[CLI_PATH_MAX];
    json_t *plan, *exercise;
    publisher_t publishers[CLI_PUBLISHERS];
    cli_summary_t *summary;
    cv_client_t *client; /* the secretariat's */
    int64_t decided;     /* records seen */
};

/* ---- reading ----------------------------------------------------------------------------- */

static bool holds_sample(const char *directory)
{
    char path[CLI_PATH_MAX];
    return snprintf(path, sizeof path, "%s/exercise.json", directory) < (int)sizeof path && access(path, R_OK) == 0;
}

/* Beside an installed program, or in the source tree of a build directory. */
static bool find_sample(cli_job_t *job)
{
    static const char *const places[] = {"../share/convene/sample", "../../services/cli/sample",
                                         "../services/cli/sample", "../../../services/cli/sample"};
    const char *given = cli_flag(job->cli, "sample-dir", getenv("CONVENE_SAMPLE"));
    if (given)
        return snprintf(job->directory, sizeof job->directory, "%s", given) < CLI_PATH_MAX &&
               holds_sample(job->directory);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (snprintf(job->directory, sizeof job->directory, "%s/%s", cli_own_directory(), places[i]) < CLI_PATH_MAX &&
            holds_sample(job->directory))
            return true;
    const char *source = getenv("CONVENE_SOURCE"); /* tests say it: their build may be anywhere */
    return source && snprintf(job->directory, sizeof job->directory, "%s/services/cli/sample", source) < CLI_PATH_MAX &&
           holds_sample(job->directory);
}

static int load(cli_job_t *job, const char *name, json_t **ret_doc)
{
    char path[2 * CLI_PATH_MAX];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/%s", job->directory, name);
    json_t *doc = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(doc)) {
        json_decref(doc);
        return cli_fail(job->cli, CLI_FAILED, "%s line %d: %s", path, error.line, error.text);
    }
    *ret_doc = doc;
    return CLI_OK;
}

/* tests/examples/publisher.py, for the second half of the roster; else the C publisher takes that too. */
static void find_publishers(cli_job_t *job)
{
    publisher_t *c = &job->publishers[0], *python = &job->publishers[1];
    static const char *const scripts[] = {"../share/convene/examples/publisher.py", "../../tests/examples/publisher.py",
                                          "../tests/examples/publisher.py"};
    const char *given = cli_flag(job->cli, "publisher", NULL), *given_python = cli_flag(job->cli, "publisher-py", NULL);
    if (!given || snprintf(c->program, sizeof c->program, "%s", given) >= CLI_PATH_MAX)
        if (!cli_beside("convene-example-publisher", c->program))
            c->program[0] = '\0';
    if (given_python && strcmp(given_python, "none") != 0)
        (void)snprintf(python->program, sizeof python->program, "%s", given_python);
    for (size_t i = 0; !given_python && !python->program[0] && i < sizeof scripts / sizeof *scripts; i++)
        if (!cli_beside(scripts[i], python->program))
            python->program[0] = '\0';
    /* From a build directory that is not inside the source: the sample tells where the source is. */
    char path[2 * CLI_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/../../../tests/examples/publisher.py", job->directory);
    char *real = !given_python && !python->program[0] && access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
    if (real && snprintf(python->program, sizeof python->program, "%s", real) >= CLI_PATH_MAX)
        python->program[0] = '\0';
    free(real);
    if (!python->program[0])
        memcpy(python->program, c->program, sizeof python->program);
}

int cli_job_new(cli_t *cli, cli_job_t **ret_job)
{
    cli_job_t *job = calloc(1, sizeof *job);
    if (!job)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    job->cli = cli;
    int status = CLI_OK;
    if (!find_sample(job))
        status =
            cli_fail(cli, CLI_NOTFOUND,
                     "the sample (cica-plan.json, exercise.json) is not found near %s; --sample-dir says where it is",
                     cli_own_directory());
    if (status == CLI_OK)
        status = load(job, "cica-plan.json", &job->plan);
    if (status == CLI_OK)
        status = load(job, "exercise.json", &job->exercise);
    if (status == CLI_OK) {
        find_publishers(job);
        if (!job->publishers[0].program[0])
            status =
                cli_fail(cli, CLI_NOTFOUND, "convene-example-publisher is not beside %s; --publisher says where it is",
                         cli_own_directory());
    }
    if (status != CLI_OK) {
        cli_job_destroy(&job);
        return status;
    }
    *ret_job = job;
    return CLI_OK;
}

void cli_job_destroy(cli_job_t **job)
{
    if (!*job)
        return;
    json_decref((*job)->plan);
    json_decref((*job)->exercise);
    cli_summary_destroy(&(*job)->summary);
    cv_client_close(&(*job)->client);
    free(*job);
    *job = NULL;
}

int64_t cli_job_clock_ms(const cli_job_t *job)
{
    return cli_int_of(json_object_get(job->exercise, "clock"), "ms");
}

/* ---- talking ------------------------------------------------------------------------------- */

static void step(cli_job_t *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void step(cli_job_t *job, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    FILE *to = job->cli->json ? stderr : stdout;
    vfprintf(to, format, args);
    fflush(to);
    va_end(args);
}

static void hash_of(cv_str_t bytes, char ret_text[2 * HASH_LEN + 1])
{
    uint8_t hash[HASH_LEN];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes.ptr, bytes.len, NULL, 0);
    sodium_bin2hex(ret_text, 2 * HASH_LEN + 1, hash, sizeof hash);
}

/* An outcome of a request that this process sent itself. */
static void report_own(void *arg, const char *list, const cli_sent_t *sent)
{
    cli_job_t *job = arg;
    char hash[2 * HASH_LEN + 1] = "", code[64] = "no_outcome";
    (void)list;
    if (sent->outcome) {
        hash_of(sent->raw, hash);
        (void)snprintf(code, sizeof code, "%.*s", CV_STR_ARG(sent->outcome->code));
    }
    cli_report_t report = {.id = sent->id,
                           .service = sent->info->service,
                           .code = code,
                           .hash = hash,
                           .expect = "",
                           .cls = sent->rc == CV_OK ? cv_outcome_class_text(sent->cls)
                                  : sent->fault     ? "INVALID"
                                                    : "TIMEOUT"};
    cli_summary_answer(job->summary, &report);
}

/* ---- facts and exercise --------------------------------------------------------------------- */

static int send_lists(cli_job_t *job, const json_t *doc, const char *what)
{
    cli_import_t import = {.done = report_own, .arg = job};
    int64_t before_ms = cv_clock_mono_ms();
    int status = cli_import(job->cli, job->client, doc, &import);
    cli_summary_sent(job->summary, import.sent);
    cli_summary_check(job->summary, status == CLI_OK && import.bad == 0, what, "%lld requests, %lld OK",
                      (long long)import.sent, (long long)import.good);
    step(job, "%s: %lld requests, %lld OK (%lld ms)\n", what, (long long)import.sent, (long long)import.good,
         (long long)(cv_clock_mono_ms() - before_ms));
    return status;
}

/* ---- publishers --------------------------------------------------------------------------- */

static int start_publisher(cli_job_t *job, publisher_t *publisher)
{
    cli_t *cli = job->cli;
    bool insecure = strcmp(cv_config_text(cli->config, "security"), "none") == 0;
    const char *const argv[] = {publisher->program,
                                cv_config_of(cli->config, "registration", "endpoint"),
                                insecure ? "-" : cv_config_text(cli->config, "keys"),
                                "publisher",
                                publisher->lines,
                                NULL};
    int out = open(publisher->report, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (out < 0)
        return cli_fail(cli, CLI_FAILED, "cannot write %s: %s", publisher->report, strerror(errno));
    int rc = cli_spawn(publisher->program, argv, out, &publisher->pid);
    close(out);
    return rc == CV_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, "cannot start %s: %s", publisher->program, strerror(errno));
}

static int start_publishers(cli_job_t *job)
{
    static const char *const names[CLI_PUBLISHERS] = {"c", "py"};
    cli_t *cli = job->cli;
    char folder[CLI_PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s/sample", cv_config_text(cli->config, "data"));
    int status = cli_make_directory(cli, folder);
    const char *paths[CLI_PUBLISHERS];
    int64_t counts[CLI_PUBLISHERS] = {0};
    for (size_t i = 0; i < CLI_PUBLISHERS; i++) {
        publisher_t *one = &job->publishers[i];
        if (snprintf(one->lines, sizeof one->lines, "%s/roster-%s.jsonl", folder, names[i]) >= CLI_PATH_MAX ||
            snprintf(one->report, sizeof one->report, "%s/outcomes-%s.jsonl", folder, names[i]) >= CLI_PATH_MAX)
            return cli_fail(cli, CLI_USAGE, "the data folder's path is too long");
        paths[i] = one->lines;
    }
    if (status == CLI_OK)
        status = cli_roster_write(cli, job->exercise, paths, counts);
    for (size_t i = 0; status == CLI_OK && i < CLI_PUBLISHERS; i++) {
        job->publishers[i].requests = counts[i];
        cli_summary_sent(job->summary, counts[i]);
        step(job, "publisher %s: %lld requests\n", job->publishers[i].program, (long long)counts[i]);
        status = start_publisher(job, &job->publishers[i]);
    }
    return status;
}

static bool reap_publishers(cli_job_t *job)
{
    bool all = true;
    for (size_t i = 0; i < CLI_PUBLISHERS; i++) {
        publisher_t *one = &job->publishers[i];
        if (one->pid > 0 && waitpid(one->pid, &one->result, WNOHANG) == one->pid)
            one->pid = 0;
        all &= one->pid == 0;
    }
    return all;
}

static void stop_publishers(cli_job_t *job)
{
    for (size_t i = 0; i < CLI_PUBLISHERS; i++)
        if (job->publishers[i].pid > 0) {
            kill(job->publishers[i].pid, SIGKILL);
            while (waitpid(job->publishers[i].pid, &job->publishers[i].result, 0) < 0 && errno == EINTR)
                continue;
            job->publishers[i].pid = 0;
        }
}

/* What an answer must be, from what the roster says of its line: lines and reports are in the same order per request
 * id. */
static const char *expectation(json_t *seen, const json_t *request, const char *note_text)
{
    const char *id = cli_text_of(request, "id");
    json_t *first = json_object_get(seen, id), *data = json_object_get(request, "data");
    if (first)
        return json_equal(first, data) ? "same" : "CONFLICT";
    json_object_set(seen, id, data);
    /* To decline is still possible while changes are. */
    bool registers = strstr(cli_text_of(request, "type"), ".register.") != NULL;
    return registers && strncmp(note_text, "late", 4) == 0 ? "REJECTED" : "";
}

/* The publisher says one line per request, with its line number: {"line", "id", "class", "code", "hash"}. */
static int read_report(cli_job_t *job, size_t which)
{
    publisher_t *publisher = &job->publishers[which];
    const json_t *roster = json_object_get(job->exercise, "roster"), *people = json_object_get(job->exercise, "people");
    FILE *file = fopen(publisher->report, "re");
    json_t *reports = json_object(), *seen = json_object();
    char *line = NULL;
    size_t room = 0;
    while (file && getline(&line, &room, file) >= 0) {
        json_t *report = json_loads(line, 0, NULL);
        char key[32];
        (void)snprintf(key, sizeof key, "%lld", (long long)cli_int_of(report, "line"));
        if (json_is_object(report))
            json_object_set(reports, key, report);
        else
            cli_say("%s: %s", publisher->program, line);
        json_decref(report);
    }
    free(line);
    if (file)
        fclose(file);
    int64_t number = 0;
    for (size_t i = 0; i < json_array_size(roster); i++) {
        const json_t *entry = json_array_get(roster, i);
        if (cli_roster_publisher(entry) != which)
            continue;
        char key[32];
        (void)snprintf(key, sizeof key, "%lld", (long long)++number);
        const json_t *report = json_object_get(reports, key);
        json_t *request = cli_roster_request(people, entry);
        cli_report_t answer = {.id = cli_text_of(request, "id"),
                               .service = "registration",
                               .cls = report ? cli_text_of(report, "class") : "TIMEOUT",
                               .code = report ? cli_text_of(report, "code") : "not_reported",
                               .hash = report ? cli_text_of(report, "hash") : "",
                               .expect = expectation(seen, request, cli_text_of(entry, "note"))};
        cli_summary_answer(job->summary, &answer);
        json_decref(request);
    }
    json_decref(reports);
    json_decref(seen);
    bool ended = WIFEXITED(publisher->result) && WEXITSTATUS(publisher->result) == 0;
    const char *name = strrchr(publisher->program, '/');
    cli_summary_check(job->summary, ended && number == publisher->requests,
                      which ? "the second publisher ended well" : "the first publisher ended well", "%s: %lld requests",
                      name ? name + 1 : publisher->program, (long long)publisher->requests);
    return CLI_OK;
}

/* ---- meanwhile ----------------------------------------------------------------------------- */

static int count_decided(void *arg, const cv_stream_event_t *event)
{
    cli_job_t *job = arg;
    if (event->data && event->msg.info->number == CV_MSG_REGISTRATION_DECIDED_V1)
        job->decided++;
    return CV_OK;
}

static void later_done(void *arg, const cli_sent_t *sent)
{
    report_own(arg, "later", sent);
}

/* What happens to events while registrations come in. */
static int send_later(cli_job_t *job)
{
    const json_t *later = json_object_get(job->exercise, "later");
    cli_sender_t *sender = cli_sender_new(job->cli, job->client, 1, REQUEST_MS, later_done, job);
    int rc = sender ? CV_OK : CV_ENOMEM;
    size_t i = 0;
    for (; rc == CV_OK && i < json_array_size(later); i++) {
        const json_t *one = json_array_get(later, i);
        const cv_msg_info_t *info = cv_msg_info(cv_str(cli_text_of(one, "type")));
        if (!info)
            rc = CV_EUNKNOWN;
        else
            rc = cli_sender_add(sender, (int64_t)i, info, json_deep_copy(json_object_get(one, "data")), false,
                                cli_text_of(one, "id"));
    }
    cli_summary_sent(job->summary, (int64_t)i);
    if (rc == CV_OK)
        rc = cli_sender_wait(sender);
    cli_sender_destroy(&sender);
    step(job, "meanwhile: a meeting moved and one was cancelled, after %lld decisions\n", (long long)job->decided);
    return rc == CV_OK
               ? CLI_OK
               : cli_fail(job->cli, cli_status_of(rc), "the later requests were not sent: %s", cv_error_text(rc));
}

static int publish(cli_job_t *job)
{
    cv_stream_t *stream = NULL;
    int rc = cv_client_follow(job->client, "registration", "registration.events", NULL, &stream);
    if (rc != CV_OK)
        return cli_fail(job->cli, CLI_FAILED, "cannot follow registration: %s", cv_client_error(job->client));
    int64_t begin_ms = cv_clock_mono_ms(),
            half = (int64_t)json_array_size(json_object_get(job->exercise, "roster")) / 2;
    bool sent = false, ended = false;
    while (rc >= 0 && !cv_stream_status(stream).live && cv_clock_mono_ms() - begin_ms < SETTLE_MS)
        rc = cv_stream_poll(stream, POLL_MS, count_decided, job);
    begin_ms = cv_clock_mono_ms();
    int status = start_publishers(job);
    while (status == CLI_OK && !ended && !cli_stopped()) {
        rc = cv_stream_poll(stream, POLL_MS, count_decided, job);
        ended = reap_publishers(job);
        if (!sent && (job->decided >= half || ended)) {
            sent = true;
            status = send_later(job);
        }
        if (rc < 0)
            status = cli_fail(job->cli, CLI_FAILED, "lost registration's records: %s", cv_stream_status(stream).error);
        else if (cv_clock_mono_ms() - begin_ms > PUBLISHERS_MS)
            status = cli_fail(job->cli, CLI_UNREACHABLE, "the publishers did not end in %d s", PUBLISHERS_MS / 1000);
    }
    stop_publishers(job);
    cv_stream_destroy(&stream);
    if (status == CLI_OK && cli_stopped())
        status = CLI_INTERRUPTED;
    step(job, "publishers: ended after %lld ms\n", (long long)(cv_clock_mono_ms() - begin_ms));
    return status;
}

/* ---- run ------------------------------------------------------------------------------- */

int cli_job_run(cli_job_t *job)
{
    cli_t *cli = job->cli;
    step(job, "%s\n\n", note);
    if (!cli_has(cli, "timeout"))
        cli->timeout_ms = REQUEST_MS;
    job->summary = cli_summary_new(cli);
    if (!job->summary)
        return cli_fail(cli, CLI_FAILED, "out of memory");
    int status = cli_connect_as(cli, "secretariat", &job->client);
    if (status == CLI_OK)
        status = send_lists(job, job->plan, "facts of the plan are accepted");
    if (status == CLI_OK)
        status = send_lists(job, job->exercise, "the exercise's settings are accepted");
    /* Registration decides by what it has read of scheduling. */
    if (status == CLI_OK && !cli_summary_settled(cli, cv_clock_mono_ms() + SETTLE_MS, false))
        status = cli_fail(cli, CLI_UNREACHABLE,
                          "registration and notifications did not read scheduling's records in %d s", SETTLE_MS / 1000);
    if (status == CLI_OK)
        status = publish(job);
    for (size_t i = 0; status == CLI_OK && i < CLI_PUBLISHERS; i++)
        status = read_report(job, i);
    if (status != CLI_OK)
        return status;
    bool settled = cli_summary_settled(cli, cv_clock_mono_ms() + SETTLE_MS, true);
    cli_summary_check(job->summary, settled, "nothing is pending", "%s",
                      settled ? "lag 0 everywhere, no notice held" : "not settled in time");
    return cli_summary_print(job->summary);
}
