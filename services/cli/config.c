/* config: shows the settings that hold, and asks the services whether they would start with them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * There is one judge of a configuration, the service itself: `config check` runs its program with --check-config and
 * hands on what it says. A check of our own could only differ from it.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 64 * 1024 };

/* ---- show ---------------------------------------------------------------------------------- */

/* Of a file with a secret: whether it is there, never what it holds. */
static const char *state_of(const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? "not there yet" : "cannot be seen by this user";
    return info.st_mode & 077 ? "OTHERS CAN READ IT" : "its owner alone can read it";
}

static const char *type_of(cv_config_type_t type)
{
    switch (type) {
    case CV_CONFIG_INT:
        return "number";
    case CV_CONFIG_CHOICE:
        return "choice";
    case CV_CONFIG_ENDPOINT:
        return "endpoint";
    case CV_CONFIG_DIR:
        return "path";
    case CV_CONFIG_SECRET:
        return "secret";
    case CV_CONFIG_TEXT:
    default:
        return "text";
    }
}

static json_t *document_of(const cli_t *cli, const cv_config_key_t *key)
{
    char range[CV_CONFIG_RANGE_MAX], variable[CV_CONFIG_VARIABLE_MAX];
    const char *value = cv_config_text(cli->config, key->key);
    json_t *doc =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "key", key->key, "value", value, "origin",
                  cv_config_origin(cli->config, key->key), "default", key->value, "type", type_of(key->type), "range",
                  cv_config_range(key, range), "variable", cv_config_variable(key->key, variable), "help", key->help);
    if (doc && key->unit)
        json_object_set_new(doc, "unit", json_string(key->unit));
    if (doc && key->type == CV_CONFIG_SECRET)
        json_object_set_new(doc, "file", json_string(state_of(value)));
    return doc;
}

static void show_one(const cli_t *cli, const cv_config_key_t *key)
{
    char range[CV_CONFIG_RANGE_MAX], variable[CV_CONFIG_VARIABLE_MAX];
    const char *value = cv_config_text(cli->config, key->key);
    printf("%s: %s\n", key->key, key->help);
    printf("  value        %s\n", value);
    if (key->type == CV_CONFIG_SECRET)
        printf("  the file     %s\n", state_of(value));
    printf("  from         %s\n  default      %s\n  may be       %s\n", cv_config_origin(cli->config, key->key),
           key->value, cv_config_range(key, range));
    printf("  set it by    --conf %s=..., %s=... in the environment, or \"%s = ...\" in the file of --config\n",
           key->key, cv_config_variable(key->key, variable), key->key);
}

static const char *key_at(const void *list, size_t i)
{
    return ((const cv_config_key_t *)list)[i].key;
}

static int show_key(cli_t *cli, const cv_config_key_t *keys, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].key, wanted) != 0)
            continue;
        if (cli->json)
            return cli_document(cli, "convene.cli.setting.v1", document_of(cli, &keys[i]));
        show_one(cli, &keys[i]);
        return CLI_OK;
    }
    const char *nearest = cli_nearest(wanted, key_at, keys, n);
    return cli_fail(cli, CLI_NOTFOUND, "there is no setting \"%s\"%s%s%s", wanted, nearest ? "; did you mean \"" : "",
                    nearest ? nearest : "", nearest ? "\"?" : "; `convene config show` lists them");
}

int cli_config_show(cli_t *cli)
{
    static const char *const columns[] = {"SETTING", "VALUE", "FROM"};
    size_t n;
    const cv_config_key_t *keys = cv_config_keys(&n);
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    if (cli->args_n > 0)
        return show_key(cli, keys, n, cli->args[0]);
    json_t *settings = json_array();
    cli_table_t *table = cli->json ? NULL : cli_table_new(cli, columns, 3);
    for (size_t i = 0; i < n; i++) {
        const char *origin = cv_config_origin(cli->config, keys[i].key);
        bool plain = strcmp(origin, "default") == 0;
        if (cli_has(cli, "changed") && plain)
            continue;
        if (cli->json) {
            json_array_append_new(settings, document_of(cli, &keys[i]));
            continue;
        }
        cli_table_cell(table, CLI_PLAIN, "%s", keys[i].key);
        cli_table_cell(table, CLI_PLAIN, "%s%s", cv_config_text(cli->config, keys[i].key),
                       keys[i].type == CV_CONFIG_SECRET ? " (file)" : "");
        cli_table_cell(table, plain ? CLI_DIM : CLI_BOLD, "%s", origin);
    }
    if (cli->json)
        return cli_document(cli, "convene.cli.settings.v1", json_pack("{s:o}", "settings", settings));
    json_decref(settings);
    cli_table_print(&table);
    return CLI_OK;
}

int cli_config_example(cli_t *cli)
{
    int rc = cv_config_example(stdout);
    return rc == CV_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, "%s", cv_error_text(rc));
}

/* ---- check --------------------------------------------------------------------------------- */

/* The settings it prints, and then, if it would not start, the line that says why. */
static const char *last_line(char *said)
{
    size_t len = strlen(said);
    while (len > 0 && said[len - 1] == '\n')
        said[--len] = '\0';
    char *newline = strrchr(said, '\n');
    return newline ? newline + 1 : said;
}

static size_t read_all(int fd, char *ret_said, size_t size)
{
    size_t len = 0;
    char rest[512];
    for (;;) {
        bool room = len + 1 < size;
        ssize_t n = read(fd, room ? ret_said + len : rest, room ? size - 1 - len : sizeof rest);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += room ? (size_t)n : 0;
    }
    ret_said[len] = '\0';
    return len;
}

/* True in ret_good: it would start. Otherwise its reason, in ret_said at *ret_why. */
static int ask(cli_t *cli, const char *service, char ret_said[SAID_MAX], bool *ret_good, const char **ret_why)
{
    static const char *const extra[] = {"--check-config", NULL};
    int ends[2], result = 0;
    pid_t child;
    if (pipe2(ends, O_CLOEXEC))
        return cli_fail(cli, CLI_FAILED, "cannot make a pipe: %s", strerror(errno));
    int status = cli_service_start(cli, service, extra, ends[1], &child);
    close(ends[1]);
    if (status == CLI_OK) {
        read_all(ends[0], ret_said, SAID_MAX);
        while (waitpid(child, &result, 0) < 0)
            if (errno != EINTR) {
                status = cli_fail(cli, CLI_FAILED, "lost sight of convene-%s: %s", service, strerror(errno));
                break;
            }
    }
    close(ends[0]);
    if (status != CLI_OK)
        return status;
    *ret_good = WIFEXITED(result) && WEXITSTATUS(result) == 0;
    *ret_why = *ret_good ? "" : last_line(ret_said);
    return CLI_OK;
}

int cli_config_check(cli_t *cli)
{
    const char *services[CLI_SERVICES_N + 1];
    size_t services_n = 0;
    for (size_t i = 0; i <= CLI_SERVICES_N; i++) {
        const char *name = i < CLI_SERVICES_N ? cli_services[i] : cli_dashboard;
        if (cli->args_n == 0 || strcmp(cli->args[0], name) == 0)
            services[services_n++] = name;
    }
    if (services_n == 0)
        return cli_usage(cli, "there is no service \"%s\": registration, scheduling, notifications or dashboard",
                         cli->args[0]);
    int status = cli_config(cli); /* what is wrong for all is said once, and not by each */
    if (status != CLI_OK)
        return status;
    char *said = malloc(SAID_MAX);
    json_t *found = json_array();
    size_t bad = 0;
    if (!said)
        status = cli_fail(cli, CLI_FAILED, "%s", cv_error_text(CV_ENOMEM));
    for (size_t i = 0; i < services_n && status == CLI_OK; i++) {
        bool good = false;
        const char *why = "";
        status = ask(cli, services[i], said, &good, &why);
        if (status != CLI_OK)
            break;
        bad += !good;
        json_array_append_new(found,
                              json_pack("{s:s, s:b, s:s}", "service", services[i], "starts", good, "reason", why));
        if (!cli->json)
            printf("%s%-14s%s %s\n", cli_style(cli, good ? CLI_GREEN : CLI_RED), services[i], cli_style(cli, CLI_PLAIN),
                   good ? "would start" : why);
    }
    free(said);
    if (status == CLI_OK && cli->json)
        status = cli_document(cli, "convene.cli.config_check.v1", json_pack("{s:O}", "services", found));
    json_decref(found);
    return status == CLI_OK && bad > 0 ? CLI_USAGE : status;
}
