/* rotate: gives a principal a new key, with or without a time in which the old one is good too, and takes keys out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Services see within two seconds that the directory has changed. A key that is good no more is nobody's from then on:
 * what comes on its open connections is dropped, and they are closed.
 */
#include "keys.h"

#include "convene/ids.h"

#include <string.h>

enum { OVERLAP_MOST_DAYS = 366 };

static const char *keys_of(const cli_t *cli)
{
    return cv_config_text(cli->config, "keys");
}

static bool is_service(const char *name)
{
    for (size_t i = 0; i < CLI_SERVICES_N; i++)
        if (strcmp(name, cli_services[i]) == 0)
            return true;
    return false;
}

/* What --share asks for, after the change. */
static int share(cli_t *cli)
{
    const char *root = cli_flag(cli, "share", NULL);
    int programs = 0, changed = 0;
    return root ? cli_keys_share_into(cli, root, &programs, &changed) : CLI_OK;
}

int cli_keys_rotate(cli_t *cli)
{
    const char *name = cli->args[0];
    char error[CV_CONFIG_ERROR_MAX], until[CV_TIME_TEXT + 1] = "";
    int64_t overlap_ms, now_ms = cv_clock_wall_ms(), most_ms = INT64_C(86400000) * OVERLAP_MOST_DAYS;
    if (!cli_duration(cli, "--overlap", cli_flag(cli, "overlap", "24h"), &overlap_ms))
        return CLI_USAGE;
    if (overlap_ms > most_ms)
        return cli_usage(cli, "--overlap must be at most %d days", OVERLAP_MOST_DAYS);
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    int rc = cv_keys_rotate(keys_of(cli), name, now_ms, overlap_ms, error, sizeof error);
    if (rc != CV_OK)
        return cli_fail(cli, rc == CV_ECONFLICT ? CLI_REFUSED : cli_status_of(rc), "%s%s", error,
                        rc == CV_ECONFLICT ? "; `convene keys revoke --former` ends it" : "");
    if (overlap_ms)
        cv_time_text(now_ms + overlap_ms, until);
    status = share(cli);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(cli, "convene.cli.key-rotated.v1",
                            overlap_ms ? json_pack("{s:s, s:s}", "name", name, "former_until", until)
                                       : json_pack("{s:s}", "name", name));
    printf("%s/%s.secret is new. Give that file to who uses it, and nobody else.\n", keys_of(cli), name);
    if (overlap_ms)
        printf("The key before is good until %s.\n", until);
    else
        printf("The key before is good no more.\n");
    if (is_service(name))
        printf(
            "%s has to be started again to use it; until then nobody who knows only the new certificate reaches it.\n",
            name);
    return CLI_OK;
}

int cli_keys_revoke(cli_t *cli)
{
    const char *name = cli->args[0];
    bool former = cli_has(cli, "former");
    char error[CV_CONFIG_ERROR_MAX];
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    int rc = former ? cv_keys_end_former(keys_of(cli), name, error, sizeof error)
                    : cv_keys_revoke(keys_of(cli), name, cv_clock_wall_ms(), error, sizeof error);
    if (rc != CV_OK)
        return cli_fail(cli, rc == CV_ENOTFOUND ? CLI_NOTFOUND : cli_status_of(rc), "%s", error);
    status = share(cli);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(cli, "convene.cli.key-revoked.v1", json_pack("{s:s, s:b}", "name", name, "former", former));
    if (former)
        printf("The former key of %s is good no more.\n", name);
    else
        printf("%s may no longer come in. Its files are in %s/revoked; a new key of that name is another one.\n", name,
               keys_of(cli));
    return CLI_OK;
}
