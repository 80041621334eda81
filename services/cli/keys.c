/* keys: makes and lists keys. Their format and place are those of convene/principal.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "keys.h"

#include "convene/ids.h"
#include "convene/seal.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *name;
    unsigned role;
} first_keys[] = {
    {"registration", CV_ROLE_SERVICE}, {"scheduling", CV_ROLE_SERVICE},      {"notifications", CV_ROLE_SERVICE},
    {"operator", CV_ROLE_OPERATOR},    {"secretariat", CV_ROLE_SECRETARIAT}, {"publisher", CV_ROLE_PUBLISHER},
    {"observer", CV_ROLE_OBSERVER},
};

int cli_make_directory(cli_t *cli, const char *path)
{
    char part[CLI_PATH_MAX];
    if (cv_str_copy(cv_str(path), part, sizeof part) != CV_OK || !*part)
        return cli_fail(cli, CLI_USAGE, "the path of a directory must have 1 to %d octets", CLI_PATH_MAX - 1);
    for (char *slash = strchr(part + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return cli_fail(cli, CLI_FAILED, "cannot make the directory %s: %s", part, strerror(errno));
        if (!slash)
            return CLI_OK;
        *slash = '/';
    }
}

int cli_keys_one(cli_t *cli, const char *name, unsigned role, const char *party)
{
    cv_principal_t principal = {.role = role};
    int rc = cv_str_copy(cv_str(name), principal.name, sizeof principal.name);
    if (rc == CV_OK)
        rc = cv_str_copy(cv_str(party), principal.party, sizeof principal.party);
    return rc == CV_OK ? cv_keys_make(cv_config_text(cli->config, "keys"), &principal) : rc;
}

/* The key of registration's personal data. Not where its database is there already: that has one, which is to be put
 * back and not to be replaced. */
static int ensure_master(cli_t *cli, int *made)
{
    const char *path = cv_config_text(cli->config, "registration/master_key");
    char database[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    cv_seal_key_t master;
    if (access(path, F_OK) == 0 || (snprintf(database, sizeof database, "%s/registration.db",
                                             cv_config_text(cli->config, "data")) < CLI_PATH_MAX &&
                                    access(database, F_OK) == 0))
        return CLI_OK;
    int rc = cv_seal_make(path, &master, error, sizeof error);
    sodium_memzero(&master, sizeof master);
    if (rc != CV_OK)
        return cli_fail(cli, CLI_FAILED, "%s", error);
    ++*made;
    return CLI_OK;
}

int cli_keys_ensure(cli_t *cli, int *ret_made)
{
    int status = cli_config(cli), made = 0;
    if (status == CLI_OK)
        status = cli_make_directory(cli, cv_config_text(cli->config, "keys"));
    for (size_t i = 0; status == CLI_OK && i < sizeof first_keys / sizeof *first_keys; i++) {
        int rc = cli_keys_one(cli, first_keys[i].name, first_keys[i].role, "");
        if (rc == CV_OK)
            made++;
        else if (rc != CV_ECONFLICT)
            status = cli_fail(cli, CLI_FAILED, "cannot make the key of %s in %s: %s", first_keys[i].name,
                              cv_config_text(cli->config, "keys"), cv_error_text(rc));
    }
    if (status == CLI_OK)
        status = ensure_master(cli, &made);
    if (status == CLI_OK && ret_made)
        *ret_made = made;
    return status;
}

int cli_keys_make(cli_t *cli)
{
    int made;
    int status = cli_keys_ensure(cli, &made);
    if (status != CLI_OK)
        return status;
    const char *keys = cv_config_text(cli->config, "keys"), *share = cli_flag(cli, "share", NULL);
    int programs = 0, changed = 0;
    if (share)
        status = cli_keys_share_into(cli, share, &programs, &changed);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(cli, "convene.cli.keys-made.v1", json_pack("{s:s, s:i}", "directory", keys, "made", made));
    printf("%d keys made in %s\n", made, keys);
    if (share)
        printf("%d programs have their keys below %s; %d files changed\n", programs, share, changed);
    return CLI_OK;
}

static const char *party_of_name(const char *name, char ret_party[CV_PARTY_MAX + 1])
{
    const char *rest = strncmp(name, "focal-", 6) == 0 ? name + 6 : "";
    size_t len = strlen(rest);
    if (len == 0 || len > CV_PARTY_MAX)
        return "";
    for (size_t i = 0; i <= len; i++)
        ret_party[i] = (char)toupper((unsigned char)rest[i]);
    return ret_party;
}

int cli_keys_add(cli_t *cli)
{
    const char *name = cli->args[0], *role_name = cli_flag(cli, "role", "focal_point");
    char from_name[CV_PARTY_MAX + 1];
    unsigned role = cv_role_parse(cv_str(role_name));
    if (!role)
        return cli_usage(
            cli,
            "there is no role \"%s\"; roles are operator, secretariat, focal_point, publisher, service, observer, gate",
            role_name);
    const char *party = cli_flag(cli, "party", role == CV_ROLE_FOCAL_POINT ? party_of_name(name, from_name) : "");
    if (role == CV_ROLE_FOCAL_POINT && !*party)
        return cli_usage(cli, "a focal point needs --party CODE, or a name like focal-kz");
    if (role != CV_ROLE_FOCAL_POINT && *party)
        return cli_usage(cli, "only a focal point has a party");
    int status = cli_config(cli);
    if (status == CLI_OK)
        status = cli_make_directory(cli, cv_config_text(cli->config, "keys"));
    if (status != CLI_OK)
        return status;
    int rc = cli_keys_one(cli, name, role, party);
    const char *keys = cv_config_text(cli->config, "keys");
    if (rc == CV_ECONFLICT)
        return cli_fail(cli, CLI_REFUSED,
                        "%s/%s.secret or its certificate is there already; keys are never overwritten", keys, name);
    if (rc == CV_EINVAL || rc == CV_ELIMIT)
        return cli_usage(cli, "a name has 1 to %d of a-z 0-9 . _ -, a party 2 to %d capitals and digits", CV_NAME_MAX,
                         CV_PARTY_MAX);
    if (rc != CV_OK)
        return cli_fail(cli, cli_status_of(rc), "cannot make the key in %s: %s", keys, cv_error_text(rc));
    const char *share = cli_flag(cli, "share", NULL);
    int programs = 0, changed = 0;
    if (share)
        status = cli_keys_share_into(cli, share, &programs, &changed);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(cli, "convene.cli.key.v1",
                            json_pack("{s:s, s:s, s:s}", "name", name, "role", role_name, "party", party));
    printf("%s/%s.secret made: role %s%s%s. Give that file to who shall use it, and nobody else.\n", keys, name,
           role_name, *party ? ", party " : "", party);
    return CLI_OK;
}

enum { SUFFIX_LEN = 5 /* ".cert" */ };

static int is_certificate(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > SUFFIX_LEN && strcmp(entry->d_name + len - SUFFIX_LEN, ".cert") == 0;
}

int cli_keys_list(cli_t *cli)
{
    int status = cli_config(cli);
    if (status != CLI_OK)
        return status;
    char allow[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    if (snprintf(allow, sizeof allow, "%s/allow", cv_config_text(cli->config, "keys")) >= (int)sizeof allow)
        return cli_fail(cli, CLI_USAGE, "the path of the keys is too long");
    cv_principals_t *principals;
    int rc = cv_principals_load(allow, &principals, error, sizeof error);
    if (rc != CV_OK)
        return cli_fail(cli, rc == CV_ENOTFOUND ? CLI_NOTFOUND : CLI_FAILED, "%s", error);
    json_t *list = json_array();
    const char *columns[] = {"name", "role", "party", "former key until"};
    cli_table_t *table = cli_table_new(cli, columns, 4);
    int64_t now_ms = cv_clock_wall_ms();
    struct dirent **files = NULL;
    int files_n = scandir(allow, &files, is_certificate, alphasort);
    for (int i = 0; i < files_n; i++) {
        const cv_principal_t *one =
            cv_principals_by_name(principals, (cv_str_t){files[i]->d_name, strlen(files[i]->d_name) - SUFFIX_LEN});
        free(files[i]);
        if (!one) /* came after the directory was read */
            continue;
        char until[CV_TIME_TEXT + 1] = "";
        int64_t until_ms = cv_principals_former_until(principals, cv_str(one->name));
        if (until_ms > now_ms)
            cv_time_text(until_ms, until);
        json_t *row =
            json_pack("{s:s, s:s, s:s}", "name", one->name, "role", cv_role_name(one->role), "party", one->party);
        if (*until)
            json_object_set_new(row, "former_until", json_string(until));
        json_array_append_new(list, row);
        cli_table_cell(table, CLI_BOLD, "%s", one->name);
        cli_table_cell(table, CLI_PLAIN, "%s", cv_role_name(one->role));
        cli_table_cell(table, CLI_PLAIN, "%s", *one->party ? one->party : "-");
        cli_table_cell(table, CLI_PLAIN, "%s", *until ? until : "-");
    }
    free(files);
    cv_principals_destroy(&principals);
    if (cli->json)
        status = cli_document(cli, "convene.cli.keys.v1", json_pack("{s:o}", "keys", list));
    else
        json_decref(list);
    cli_table_finish(&table, !cli->json);
    return status;
}
