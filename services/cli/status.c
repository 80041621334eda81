/* status: whether the services run, and how far each follows the others. What is wrong and what to do: doctor.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include <string.h>

static const char *time_since(int64_t ms, char *text, size_t size)
{
    int64_t s = ms / 1000;
    if (s < 120)
        (void)snprintf(text, size, "%lld s", (long long)s);
    else if (s < 7200)
        (void)snprintf(text, size, "%lld min", (long long)(s / 60));
    else
        (void)snprintf(text, size, "%lld h", (long long)(s / 3600));
    return text;
}

bool cli_healthy(const json_t *data)
{
    bool good = json_is_true(json_object_get(data, "ready")) && json_is_true(json_object_get(data, "writable"));
    json_t *follows = json_object_get(data, "follows");
    for (size_t i = 0; i < json_array_size(follows); i++) {
        const json_t *one = json_array_get(follows, i);
        good &= strcmp(cli_text_of(one, "state"), "halted") != 0 && cli_int_of(one, "parked") == 0;
    }
    return good;
}

static void print_service(cli_t *cli, const char *name, const json_t *data)
{
    char up[32];
    if (!data) {
        printf("%s%-14s%s does not answer at %s\n", cli_style(cli, CLI_RED), name, cli_style(cli, CLI_PLAIN),
               cv_config_of(cli->config, name, "endpoint"));
        return;
    }
    bool good = cli_healthy(data);
    printf("%s%-14s%s %s, version %s, up %s%s\n", cli_style(cli, good ? CLI_GREEN : CLI_YELLOW), name,
           cli_style(cli, CLI_PLAIN), json_is_true(json_object_get(data, "ready")) ? "ready" : "not ready",
           cli_text_of(data, "version"),
           time_since(cli_int_of(data, "now_ms") - cli_int_of(data, "started_ms"), up, sizeof up),
           json_is_true(json_object_get(data, "writable")) ? "" : ", DOES NOT WRITE");
    json_t *list = json_object_get(data, "streams");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        printf("    writes  %-22s records %lld to %lld%s\n", cli_text_of(one, "name"),
               (long long)cli_int_of(one, "oldest"), (long long)cli_int_of(one, "head"),
               json_is_true(json_object_get(one, "private")) ? ", private" : "");
    }
    list = json_object_get(data, "follows");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        int64_t lag = cli_int_of(one, "head") - cli_int_of(one, "cursor");
        printf("    follows %-22s %s, at %lld, lag %lld", cli_text_of(one, "stream"), cli_text_of(one, "state"),
               (long long)cli_int_of(one, "cursor"), (long long)lag);
        if (cli_int_of(one, "parked"))
            printf(", %lld PARKED", (long long)cli_int_of(one, "parked"));
        if (*cli_text_of(one, "error"))
            printf(": %s", cli_text_of(one, "error"));
        putchar('\n');
    }
    list = json_object_get(data, "problems");
    for (size_t i = 0; i < json_array_size(list); i++)
        printf("    %sproblem%s %s\n", cli_style(cli, CLI_RED), cli_style(cli, CLI_PLAIN),
               json_string_value(json_array_get(list, i)));
}

int cli_status(cli_t *cli)
{
    cli->as = "observer";
    int status = cli_connect(cli);
    if (status != CLI_OK)
        return status;
    json_t *services = json_object();
    int answering = 0, good = 0;
    for (size_t i = 0; i < CLI_SERVICES_N; i++) {
        json_t *data = NULL;
        int rc = cli_service_status(cli, cli_services[i], cli->timeout_ms, &data);
        answering += rc == CV_OK;
        good += rc == CV_OK && cli_healthy(data);
        if (!cli->json)
            print_service(cli, cli_services[i], data);
        if (rc != CV_OK)
            data = json_pack("{s:s, s:s}", "error", cv_error_name(rc), "text", cv_client_error(cli->client));
        json_object_set_new(services, cli_services[i], data);
    }
    if (cli->json)
        status = cli_document(cli, "convene.cli.status.v1",
                              json_pack("{s:b, s:O}", "healthy", good == CLI_SERVICES_N, "services", services));
    json_decref(services);
    if (status != CLI_OK)
        return status;
    return good == CLI_SERVICES_N ? CLI_OK : answering ? CLI_PARTIAL : CLI_UNREACHABLE;
}
