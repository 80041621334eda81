/* health: whether one service of this machine is alive and ready, for who supervises it (docker, systemd).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asks the service's own status question, with its own key, at the address it listens on. So a container needs no key
 * and no program for its health check but what the service itself needs, and an answer means that turns are going on.
 *
 * Bounded in time whatever hangs: the question has a deadline, and a timer behind it ends the process.
 */
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { HEALTH_MS = 2000, GRACE_MS = 1000, PROCESS_ONE_MAX = 4096 };

static const char too_late[] = "convene: no answer in time\n";

static void on_alarm(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, too_late, sizeof too_late - 1);
    _exit(CLI_UNREACHABLE);
}

static void end_after(int64_t ms)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000}};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static const char *known_service(const char *name)
{
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        if (strcmp(name, cli_services[i]) == 0)
            return cli_services[i];
    return strcmp(name, cli_dashboard) == 0 ? cli_dashboard : NULL;
}

/* The service that is process 1, perhaps behind a small init: what a container runs. */
static const char *service_of_container(void)
{
    char words[PROCESS_ONE_MAX];
    int file = open("/proc/1/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t len = file >= 0 ? read(file, words, sizeof words - 1) : -1;
    if (file >= 0)
        close(file);
    if (len <= 0)
        return NULL;
    words[len] = '\0';
    for (const char *word = words; word < words + len; word += strlen(word) + 1) {
        const char *slash = strrchr(word, '/');
        const char *program = slash ? slash + 1 : word;
        const char *service = strncmp(program, "convene-", 8) == 0 ? known_service(program + 8) : NULL;
        if (service)
            return service;
    }
    return NULL;
}

/* Who listens on all addresses is reached on this machine's own. */
static const char *address_of(const cli_t *cli, const char *service, char *text, size_t size)
{
    static const char *const wildcards[] = {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"};
    const char *bind = cv_config_of(cli->config, service, "bind");
    for (size_t i = 0; i < sizeof wildcards / sizeof *wildcards; i++) {
        size_t len = strlen(wildcards[i]);
        if (strncmp(bind, wildcards[i], len) == 0 && snprintf(text, size, "tcp://127.0.0.1:%s", bind + len) < (int)size)
            return text;
    }
    return bind;
}

int cli_health(cli_t *cli)
{
    const char *service = cli->args_n ? known_service(cli->args[0]) : service_of_container();
    if (!service && cli->args_n)
        return cli_usage(cli,
                         "there is no service \"%s\"; there are scheduling, registration, notifications, dashboard",
                         cli->args[0]);
    if (!service)
        return cli_usage(cli, "process 1 is no service of Convene: say which service");
    if (!cli_has(cli, "timeout"))
        cli->timeout_ms = HEALTH_MS;
    end_after(cli->timeout_ms + GRACE_MS);
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    char endpoint[CV_ENDPOINT_MAX], error[CV_CONFIG_ERROR_MAX];
    const cv_client_service_t one = {service, address_of(cli, service, endpoint, sizeof endpoint)};
    const cv_client_options_t options = {.services = &one,
                                         .services_n = 1,
                                         .keys = cv_config_text(cli->config, "keys"),
                                         .principal = cli_flag(cli, "as", service),
                                         .insecure = strcmp(cv_config_text(cli->config, "security"), "none") == 0};
    int rc = cv_client_open(&options, &cli->client, error, sizeof error);
    if (rc != CV_OK)
        return cli_fail(cli, rc == CV_ENOTFOUND ? CLI_NOTFOUND : cli_status_of(rc), "%s", error);
    json_t *data = NULL;
    rc = cli_service_status(cli, service, cli->timeout_ms, &data);
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "%s does not answer at %s: %s", service, one.endpoint,
                        cv_client_error(cli->client));
    bool ready = cli_healthy(data), live_only = cli_has(cli, "live");
    if (cli->json)
        status = cli_document(
            cli, "convene.cli.health.v1",
            json_pack("{s:s, s:b, s:b, s:O}", "service", service, "live", 1, "ready", ready, "status", data));
    else
        printf("%s is %s\n", service, ready ? "ready" : "alive, and not ready: `convene status` says why");
    json_decref(data);
    return status != CLI_OK ? status : ready || live_only ? CLI_OK : CLI_FAILED;
}
