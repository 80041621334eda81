/* connect: configuration, the client of a command, and questions with all their pages.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cli.h"

#include "convene/calendar.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SETS_MAX = 64, SET_MAX = 1100, PAGES_MAX = 1000000, QUERY_LIMIT = 500 };

extern char **environ;

int cli_config(cli_t *cli)
{
    if (cli->config)
        return CLI_OK;
    static char data[SET_MAX];
    const char *sets[SETS_MAX];
    size_t sets_n = 0;
    for (size_t i = 0; i < cli->given_n; i++) {
        if (sets_n == SETS_MAX)
            return cli_usage(cli, "more than %d settings", SETS_MAX);
        if (strcmp(cli->given[i].flag, "conf") == 0) {
            sets[sets_n++] = cli->given[i].value;
        } else if (strcmp(cli->given[i].flag, "data") == 0) {
            if (snprintf(data, sizeof data, "data=%s", cli->given[i].value) >= (int)sizeof data)
                return cli_usage(cli, "--data is longer than %d octets", CV_CONFIG_VALUE_MAX);
            sets[sets_n++] = data;
        }
    }
    char error[CV_CONFIG_ERROR_MAX];
    int rc = cv_config_load(cli_flag(cli, "config", NULL), environ, sets, sets_n, &cli->config, error, sizeof error);
    if (rc)
        return cli_usage(cli, "%s", error);
    const char *domain = cv_config_text(cli->config, "calendar/domain");
    return cv_calendar_set_domain(cv_str(domain)) == CV_OK
               ? CLI_OK
               : cli_usage(cli, "calendar/domain = %s: no name of a domain, like events.example.org", domain);
}

int64_t cli_now_ms(const cli_t *cli)
{
    return cv_clock_wall_ms() + cv_config_int(cli->config, "clock/offset_ms");
}

int cli_connect_as(cli_t *cli, const char *principal, cv_client_t **ret_client)
{
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    cv_client_service_t services[CLI_SERVICES_N];
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        services[i] = (cv_client_service_t){cli_services[i], cv_config_of(cli->config, cli_services[i], "endpoint")};
    const cv_client_options_t options = {.services = services,
                                         .services_n = CLI_SERVICES_N,
                                         .keys = cv_config_text(cli->config, "keys"),
                                         .principal = principal,
                                         .insecure = strcmp(cv_config_text(cli->config, "security"), "none") == 0,
                                         .outbox = cli_flag(cli, "outbox", NULL)};
    char error[CV_CONFIG_ERROR_MAX];
    int rc = cv_client_open(&options, ret_client, error, sizeof error);
    if (rc == CV_ENOTFOUND)
        return cli_fail(cli, CLI_NOTFOUND,
                        "%s (keys are made by `convene up` or `convene keys make`, and looked for in %s)", error,
                        options.keys);
    return rc == CV_OK ? CLI_OK : cli_fail(cli, cli_status_of(rc), "%s", error);
}

int cli_connect(cli_t *cli)
{
    if (cli->client)
        return CLI_OK;
    return cli_connect_as(cli, cli_flag(cli, "as", cli->as ? cli->as : "operator"), &cli->client);
}

/* ---- questions ------------------------------------------------------------------------------ */

static int each_of_page(cli_t *cli, const cv_log_page_v1_t *page, cv_reader_t *reader,
                        int (*each)(void *arg, const cv_msg_t *msg), void *arg)
{
    (void)cli;
    for (size_t i = 0; i < page->records.n; i++) {
        cv_msg_t msg;
        int rc = cv_msg_read(reader, cv_records_at(&page->records, i), &msg, NULL);
        if (rc == CV_OK)
            rc = each(arg, &msg);
        if (rc != CV_OK)
            return rc;
    }
    return CV_OK;
}

int cli_query(cli_t *cli, const char *service, const char *what, const char *key,
              int (*each)(void *arg, const cv_msg_t *msg), void *arg)
{
    char after[CV_MAX_ATTRIBUTE + 1] = "";
    cv_reader_t *reader = cv_reader_new();
    int rc = reader ? CV_OK : CV_ENOMEM;
    bool last = false;
    for (int i = 0; rc == CV_OK && !last && i < PAGES_MAX; i++) {
        cv_log_query_v1_t query = {.what = cv_str(what), .key = cv_str(key)};
        query.after = after[0] ? cv_str(after) : CV_STR_NONE;
        query.has_limit = true;
        query.limit = QUERY_LIMIT;
        cv_reply_t *reply = NULL;
        rc = cv_client_ask(cli->client, service, CV_MSG_LOG_QUERY_V1, &query, cli->timeout_ms, &reply);
        if (rc != CV_OK)
            break;
        if (reply->msg.info->number == CV_MSG_LOG_PAGE_V1) {
            const cv_log_page_v1_t *page = reply->data;
            rc = each_of_page(cli, page, reader, each, arg);
            last = page->last;
            if (rc == CV_OK && !last) /* half an answer is none */
                rc = page->next.ptr ? cv_str_copy(page->next, after, sizeof after) : CV_EMALFORMED;
        } else {
            rc = CV_EMALFORMED;
        }
        cv_reply_destroy(&reply);
    }
    cv_reader_destroy(&reader);
    return rc == CV_OK && !last ? CV_ELIMIT : rc;
}

static int add_to_array(void *arg, const cv_msg_t *msg)
{
    return json_array_append_new(arg, cli_json_of_message(msg)) == 0 ? CV_OK : CV_ENOMEM;
}

int cli_query_json(cli_t *cli, const char *service, const char *what, const char *key, json_t **ret_array)
{
    json_t *array = json_array();
    int rc = cli_query(cli, service, what, key, add_to_array, array);
    if (rc != CV_OK) {
        json_decref(array);
        return rc;
    }
    *ret_array = array;
    return CV_OK;
}

int cli_query_failed(cli_t *cli, int rc, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const char *error = cv_client_error(cli->client);
    if (rc == CV_ETIMEOUT)
        return cli_fail(cli, CLI_UNREACHABLE, "%s: %s (waited %lld ms; is it running? `convene status` shows)", what,
                        error, (long long)cli->timeout_ms);
    return cli_fail(cli, cli_status_of(rc), "%s: %s", what, *error ? error : cv_error_text(rc));
}

int cli_service_status(cli_t *cli, const char *service, int64_t timeout_ms, json_t **ret_data)
{
    int64_t before = cli->timeout_ms;
    cli->timeout_ms = timeout_ms;
    json_t *array = NULL;
    int rc = cli_query_json(cli, service, "status", NULL, &array);
    cli->timeout_ms = before;
    if (rc != CV_OK)
        return rc;
    json_t *data = json_object_get(json_array_get(array, 0), "data");
    rc = data ? CV_OK : CV_EMALFORMED;
    if (rc == CV_OK)
        *ret_data = json_incref(data);
    json_decref(array);
    return rc;
}
