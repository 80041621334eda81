/* dashboard: links for those who may see names on the dashboard's desk, and the key that signs them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `dashboard link` makes a link for one principal: it signs in once, is printed and kept nowhere. `dashboard rotate`
 * makes the key, or another one in its place: every link and session before is worth nothing from then on. `sessions`
 * and `revoke` are orders to a desk that runs, signed with the same key and good for a minute: who has the key can be
 * anybody there anyway. What a pass is: dashboard/core_pass.h.
 */
#include "cli.h"
#include "dashboard/core_pass.h"
#include "fetch_http.h"

#include "convene/files.h"
#include "convene/ids.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum { HOURS_DEFAULT = 8 };

/* Whether the certificate is there and is one that may see names. */
static int check_principal(cli_t *cli, const char *name, cv_principal_t *ret_who)
{
    char allow[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    cv_principals_t *principals;
    (void)snprintf(allow, sizeof allow, "%s/allow", cv_config_text(cli->config, "keys"));
    int rc = cv_principals_load(allow, &principals, error, sizeof error);
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "%s", error);
    const cv_principal_t *who = cv_principals_by_name(principals, cv_str(name));
    int status = CLI_OK;
    if (!who)
        status = cli_fail(cli, CLI_NOTFOUND, "there is no principal \"%s\" in %s; `convene keys list` shows them", name,
                          allow);
    else if (who->role != CV_ROLE_SECRETARIAT && who->role != CV_ROLE_FOCAL_POINT)
        status = cli_fail(cli, CLI_REFUSED, "%s has the role %s: the desk is for focal points and the secretariat",
                          name, cv_role_name(who->role));
    else
        *ret_who = *who;
    cv_principals_destroy(&principals);
    return status;
}

/* The key; made when there is none yet. */
static int read_key(cli_t *cli, cv_seal_key_t *ret_key)
{
    const char *path = cv_config_text(cli->config, "dashboard/link_key");
    char error[CV_CONFIG_ERROR_MAX];
    int rc = cv_seal_read(path, ret_key, error, sizeof error);
    if (rc == CV_ENOTFOUND)
        rc = cv_seal_make(path, ret_key, error, sizeof error);
    return rc == CV_OK ? CLI_OK : cli_fail(cli, CLI_FAILED, "dashboard/link_key: %s", error);
}

/* Where the desk is, without a '/' at the end. */
static int desk_url(cli_t *cli, char *ret_url, size_t size)
{
    const char *given = cli_flag(cli, "url", NULL), *desk = cv_config_of(cli->config, cli_dashboard, "desk");
    if (!given && strcmp(desk, "none") == 0)
        return cli_fail(cli, CLI_USAGE,
                        "there is no desk: dashboard/desk is none; set it to an address, for instance 127.0.0.1:24181, "
                        "or say with --url where the desk is");
    int len = given ? snprintf(ret_url, size, "%s", given) : snprintf(ret_url, size, "http://%s", desk);
    if (len >= (int)size)
        return cli_usage(cli, "--url is longer than %zu octets", size - 1);
    while (len > 0 && ret_url[len - 1] == '/')
        ret_url[--len] = '\0';
    return CLI_OK;
}

int cli_dashboard_link(cli_t *cli)
{
    const char *name = cli_flag(cli, "as", NULL), *text = cli_flag(cli, "hours", NULL);
    char url[CV_CONFIG_VALUE_MAX], pass[DASH_PASS_TEXT], until[CV_TIME_TEXT + 1], link[CV_CONFIG_VALUE_MAX + 256];
    int64_t hours = HOURS_DEFAULT;
    uint8_t nonce[DASH_PASS_NONCE];
    cv_principal_t who = {0};
    cv_seal_key_t key;
    if (!name)
        return cli_usage(cli, "--as is missing: whose link it is, for instance --as focal-kz");
    if (text && !cli_number(cli, "--hours", text, 1, DASH_PASS_HOURS_MAX, &hours))
        return CLI_USAGE;
    int status = cli_config(cli);
    if (status == CLI_OK)
        status = desk_url(cli, url, sizeof url);
    if (status == CLI_OK)
        status = check_principal(cli, name, &who);
    if (status == CLI_OK)
        status = read_key(cli, &key);
    if (status != CLI_OK)
        return status;
    int64_t now_ms = cli_now_ms(cli);
    int64_t until_ms = (now_ms / 1000 + hours * 3600) * 1000; /* a pass ends at a whole second */
    randombytes_buf(nonce, sizeof nonce);
    int rc = dash_pass_make(&key, DASH_PASS_LINK, name, now_ms, until_ms, nonce, pass);
    sodium_memzero(&key, sizeof key);
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "the link cannot be made: %s", cv_error_text(rc));
    (void)snprintf(link, sizeof link, "%s/desk/in?t=%s", url, pass);
    cv_time_text(until_ms, until);
    if (cli->json)
        return cli_document(cli, "convene.cli.dashboard_link.v1",
                            json_pack("{s:s, s:s, s:s, s:s, s:s}", "url", link, "name", who.name, "role",
                                      cv_role_name(who.role), "party", who.party, "until", until));
    printf("%s\n", link);
    cli_say("convene: signs in once, to a session until %s, whoever has it: give it to %s and nobody else\n", until,
            name);
    return CLI_OK;
}

int cli_dashboard_rotate(cli_t *cli)
{
    char fresh[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    cv_seal_key_t key;
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    const char *path = cv_config_text(cli->config, "dashboard/link_key");
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
        return cli_fail(cli, CLI_USAGE, "dashboard/link_key: the path is longer than %zu octets", sizeof fresh - 5);
    (void)unlink(fresh); /* of a rotation that was interrupted: it has signed nothing */
    int rc = cv_seal_make(fresh, &key, error, sizeof error);
    sodium_memzero(&key, sizeof key);
    if (rc != CV_OK)
        return cli_fail(cli, CLI_FAILED, "dashboard/link_key: %s", error);
    if (rename(fresh, path) != 0 || cv_sync_directory_of(path) != CV_OK)
        return cli_fail(cli, CLI_FAILED, "dashboard/link_key: cannot put the new key in place of %s: %s", path,
                        strerror(errno));
    if (cli->json)
        return cli_document(cli, "convene.cli.dashboard_key.v1", json_pack("{s:s}", "file", path));
    printf("%s is new: links that were made before are worth nothing\n", path);
    return CLI_OK;
}

/* ---- orders to a desk that runs -------------------------------------------------------------------------- */

static int order(cli_t *cli, dash_pass_kind_t kind, const char *name, json_t **ret_answer)
{
    char url[CV_CONFIG_VALUE_MAX], pass[DASH_PASS_TEXT], path[DASH_PASS_TEXT + 32];
    uint8_t nonce[DASH_PASS_NONCE];
    cv_seal_key_t key;
    int status = cli_config(cli);
    if (status == CLI_OK)
        status = desk_url(cli, url, sizeof url);
    if (status == CLI_OK)
        status = read_key(cli, &key);
    if (status != CLI_OK)
        return status;
    int64_t now_ms = cli_now_ms(cli);
    randombytes_buf(nonce, sizeof nonce);
    int rc = dash_pass_make(&key, kind, name, now_ms, now_ms + DASH_ORDER_MS / 2, nonce, pass);
    sodium_memzero(&key, sizeof key);
    if (rc != CV_OK)
        return cli_usage(cli, "\"%s\" is no name of a principal", name);
    (void)snprintf(path, sizeof path, "/desk/order?t=%s", pass);
    return cli_http_json(cli, url, path, ret_answer);
}

int cli_dashboard_sessions(cli_t *cli)
{
    json_t *answer = NULL;
    int status = order(cli, DASH_PASS_LIST, "*", &answer);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(cli, "convene.cli.dashboard_sessions.v1", answer);
    const json_t *sessions = json_object_get(answer, "sessions");
    cli_table_t *table = cli_table_new(cli, (const char *const[]){"name", "since", "until"}, 3);
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        const json_t *session = json_array_get(sessions, i);
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(session, "name"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(session, "begun"));
        cli_table_cell(table, CLI_PLAIN, "%s", cli_text_of(session, "until"));
    }
    cli_table_print(&table);
    json_decref(answer);
    return CLI_OK;
}

int cli_dashboard_revoke(cli_t *cli)
{
    const char *name = cli_has(cli, "all") ? "*" : cli->args_n ? cli->args[0] : NULL;
    json_t *answer = NULL;
    if (!name || (cli_has(cli, "all") && cli->args_n))
        return cli_usage(cli, "whose sessions? `convene dashboard revoke NAME`, or --all");
    int status = order(cli, DASH_PASS_END, name, &answer);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(cli, "convene.cli.dashboard_revoked.v1", answer);
    printf("%lld sessions ended; links of %s that were made until now are worth nothing\n",
           (long long)cli_int_of(answer, "ended"), cli_has(cli, "all") ? "anybody" : name);
    json_decref(answer);
    return CLI_OK;
}
