/* keep: backup, restore, and records out of a stream.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "process.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_service(const char *name)
{
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        if (strcmp(cli_services[i], name) == 0)
            return true;
    return false;
}

static int wrong_service(cli_t *cli, const char *name)
{
    return cli_usage(cli, "there is no service \"%s\": registration, scheduling or notifications", name);
}

/* The service writes the file: its own working directory is not ours. */
static bool absolute(const char *path, char ret_path[CLI_PATH_MAX])
{
    char cwd[PATH_MAX];
    if (*path == '/')
        return cv_str_copy(cv_str(path), ret_path, CLI_PATH_MAX) == CV_OK;
    return getcwd(cwd, sizeof cwd) && snprintf(ret_path, CLI_PATH_MAX, "%s/%s", cwd, path) < CLI_PATH_MAX;
}

static int nothing(void *arg, const cv_msg_t *msg)
{
    (void)arg;
    (void)msg;
    return CV_OK;
}

int cli_backup(cli_t *cli)
{
    const char *service = cli->args[0];
    char path[CLI_PATH_MAX];
    if (!is_service(service))
        return wrong_service(cli, service);
    if (!absolute(cli->args[1], path))
        return cli_usage(cli, "the path of the copy is too long");
    if (access(path, F_OK) == 0)
        return cli_fail(cli, CLI_REFUSED, "%s is there already; a backup never replaces a file", path);
    cli->as = "operator";
    if (!cli_has(cli, "timeout"))
        cli->timeout_ms = 120000; /* a large database takes its time */
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    int rc = cli_query(cli, service, "backup", path, nothing, NULL);
    if (rc != CV_OK)
        return cli_query_failed(cli, rc, "no backup of %s at %s", service, path);
    if (cli->json)
        return cli_document(cli, "convene.cli.backup.v1", json_pack("{s:s, s:s}", "service", service, "file", path));
    printf("%s copied to %s\n", service, path);
    return CLI_OK;
}

int cli_restore(cli_t *cli)
{
    const char *service = cli->args[0], *file = cli->args[1];
    if (!is_service(service))
        return wrong_service(cli, service);
    if (access(file, R_OK) != 0)
        return cli_fail(cli, CLI_NOTFOUND, "cannot read %s: %s", file, strerror(errno));
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    const char *const extra[] = {"--restore", file, NULL};
    pid_t child;
    status = cli_service_start(cli, service, extra, -1, &child);
    if (status != CLI_OK)
        return status;
    int result;
    while (waitpid(child, &result, 0) < 0)
        if (errno != EINTR)
            return cli_fail(cli, CLI_FAILED, "lost sight of convene-%s: %s", service, strerror(errno));
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
        return cli_fail(cli, CLI_FAILED, "%s was not restored; convene-%s said why above. It must not be running",
                        service, service);
    if (cli->json)
        return cli_document(cli, "convene.cli.restore.v1", json_pack("{s:s, s:s}", "service", service, "file", file));
    printf("%s restored from %s\n", service, file);
    return CLI_OK;
}

/* ---- fetch ------------------------------------------------------------------------------- */

typedef struct {
    int64_t after, limit, given;
    bool stop;
} fetch_t;

static int print_record(void *arg, const cv_stream_event_t *event)
{
    fetch_t *fetch = arg;
    if (fetch->stop)
        return CV_EAGAIN;
    if (!event->raw.ptr || !event->msg.data ||
        (event->what == CV_STREAM_RECORD && (int64_t)event->position.seq <= fetch->after))
        return CV_OK;
    json_t *doc = json_pack("{s:s, s:s, s:o}", "schema", "convene.cli.record.v1", "stream", event->stream, "record",
                            cli_json_of_message(&event->msg));
    if (event->what == CV_STREAM_RECORD)
        json_object_set_new(doc, "sequence", json_integer((json_int_t)event->position.seq));
    else
        json_object_set_new(doc, "snapshot", json_true());
    if (cli_line(doc) != CLI_OK)
        fetch->stop = true;
    fetch->stop |= ++fetch->given == fetch->limit;
    return CV_OK;
}

int cli_fetch(cli_t *cli)
{
    const char *stream_name = cli->args[0], *dot = strchr(stream_name, '.');
    char service[CV_NAME_MAX + 1];
    fetch_t fetch = {.limit = INT64_MAX};
    if (!dot || cv_str_copy((cv_str_t){stream_name, (size_t)(dot - stream_name)}, service, sizeof service) != CV_OK ||
        !is_service(service))
        return cli_usage(
            cli,
            "\"%s\" is no stream: scheduling.events, registration.events, notifications.events, registration.private",
            stream_name);
    if (cli_has(cli, "after") && !cli_number(cli, "--after", cli_flag(cli, "after", ""), 0, INT64_MAX, &fetch.after))
        return CLI_USAGE;
    if (cli_has(cli, "limit") && !cli_number(cli, "--limit", cli_flag(cli, "limit", ""), 1, INT64_MAX, &fetch.limit))
        return CLI_USAGE;
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    cv_stream_t *stream;
    int rc = cv_client_follow(cli->client, service, stream_name, NULL, &stream);
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "cannot follow %s: %s", stream_name, cv_client_error(cli->client));
    cli_catch_signals();
    bool live = false;
    int64_t heard_ms = cv_clock_mono_ms();
    while (rc >= 0 && !fetch.stop && !cli_stopped() && !(live && !cli_has(cli, "follow"))) {
        rc = cv_stream_poll(stream, 100, print_record, &fetch);
        live = cv_stream_status(stream).live;
        if (rc > 0 || live)
            heard_ms = cv_clock_mono_ms();
        else if (rc == 0 && cv_clock_mono_ms() - heard_ms > cli->timeout_ms)
            rc = CV_ETIMEOUT;
    }
    const char *error = cv_stream_status(stream).error;
    if (fetch.stop)
        status = CLI_OK;
    else if (rc == CV_ETIMEOUT)
        status = cli_fail(cli, CLI_UNREACHABLE, "%s does not give its records (waited %lld ms)", service,
                          (long long)cli->timeout_ms);
    else if (rc < 0)
        status = cli_fail(cli, cli_status_of(rc), "%s: %s", stream_name, *error ? error : cv_error_text(rc));
    else
        status = cli_stopped() ? CLI_INTERRUPTED : CLI_OK;
    cv_stream_destroy(&stream);
    return status;
}
