/* share: gives each program a key directory of its own, with no more in it than that program needs.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   DIR/NAME/NAME.secret   the program's own keys
 *   DIR/registration/registration.master   the key of its personal data, for registration alone
 *   DIR/dashboard/<desk_as>.secret, dashboard.links   once there is a key for the desk (dashboard/desk_as, of role
 *                          service): that, and what signs links to it. Without it neither, and what was there goes
 *   DIR/NAME/allow/        certificates: for a service all of them, it has to judge who may come in; the same for a
 *                          dashboard with a desk; for everybody else those of the services, to know whom they talk to
 *
 * Whoever wants a key makes the directory DIR/NAME; in containers it is a volume that only this program sees. Done
 * again it only writes what has changed, and takes away certificates that are gone. A file appears under its name when
 * it is complete, so a service may read at any time; a run that was interrupted is mended by the next.
 */
#include "keys.h"

#include "convene/seal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 4096 /* octets of a certificate */, FILE_MODE = 0600, SUFFIX_LEN = 5 /* ".cert" */ };

typedef struct {
    cli_t *cli;
    const char *keys;
    cv_principals_t *principals;
    const cv_principal_t *desk; /* NULL: there is no key for it */
    int programs, changed;      /* directories looked at; files written or taken away */
} share_t;

static int read_file(const char *path, char *text, size_t *ret_len)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = file >= 0 ? read(file, text, FILE_MAX) : -1;
    if (file >= 0)
        close(file);
    if (len < 0)
        return errno == ENOENT ? CV_ENOTFOUND : CV_EIO;
    if (len == FILE_MAX)
        return CV_ELIMIT;
    *ret_len = (size_t)len;
    return CV_OK;
}

/* Under its name only when it is whole and on disk. */
static int write_file(const char *directory, const char *name, const char *text, size_t len)
{
    char part[CLI_PATH_MAX], path[CLI_PATH_MAX];
    if (snprintf(part, sizeof part, "%s/.%s.new", directory, name) >= CLI_PATH_MAX ||
        snprintf(path, sizeof path, "%s/%s", directory, name) >= CLI_PATH_MAX)
        return CV_ELIMIT;
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    bool good = file >= 0 && write(file, text, len) == (ssize_t)len && fsync(file) == 0;
    if (file >= 0)
        good &= close(file) == 0;
    return good && rename(part, path) == 0 ? CV_OK : CV_EIO;
}

static int copy(share_t *self, const char *from, const char *directory, const char *name)
{
    char ours[CLI_PATH_MAX], theirs[CLI_PATH_MAX], text[FILE_MAX], there[FILE_MAX];
    size_t len = 0, there_len = 0;
    if (snprintf(ours, sizeof ours, "%s/%s", from, name) >= CLI_PATH_MAX ||
        snprintf(theirs, sizeof theirs, "%s/%s", directory, name) >= CLI_PATH_MAX)
        return cli_fail(self->cli, CLI_USAGE, "the path of a directory is too long");
    int rc = read_file(ours, text, &len);
    if (rc != CV_OK)
        return cli_fail(self->cli, cli_status_of(rc), "cannot read %s: %s", ours, cv_error_text(rc));
    if (read_file(theirs, there, &there_len) != CV_OK || there_len != len || memcmp(there, text, len) != 0) {
        rc = write_file(directory, name, text, len);
        self->changed++;
    }
    sodium_memzero(text, sizeof text);
    sodium_memzero(there, sizeof there);
    return rc == CV_OK ? CLI_OK : cli_fail(self->cli, CLI_FAILED, "cannot write %s: %s", theirs, strerror(errno));
}

static bool is_certificate(const char *file)
{
    size_t len = strlen(file);
    return file[0] != '.' && len > SUFFIX_LEN && strcmp(file + len - SUFFIX_LEN, ".cert") == 0;
}

/* Whether this program gets this certificate. */
static bool is_for(const share_t *self, const cv_principal_t *program, const char *file)
{
    const cv_principal_t *one = cv_principals_by_name(self->principals, (cv_str_t){file, strlen(file) - SUFFIX_LEN});
    bool is_dashboard = strcmp(program->name, cli_dashboard) == 0, with_desk = is_dashboard && self->desk;
    bool own = one == program && is_dashboard; /* it listens, and asks itself how it is */
    return one && (with_desk || program->role == CV_ROLE_SERVICE || one->role == CV_ROLE_SERVICE || own);
}

typedef int each_t(share_t *self, const cv_principal_t *program, const char *directory, const char *file);

static int give(share_t *self, const cv_principal_t *program, const char *directory, const char *file)
{
    char from[CLI_PATH_MAX];
    (void)snprintf(from, sizeof from, "%s/allow", self->keys);
    return is_for(self, program, file) ? copy(self, from, directory, file) : CLI_OK;
}

static int take_away(share_t *self, const cv_principal_t *program, const char *directory, const char *file)
{
    char path[CLI_PATH_MAX];
    if (is_for(self, program, file))
        return CLI_OK;
    (void)snprintf(path, sizeof path, "%s/%s", directory, file);
    self->changed++;
    return unlink(path) == 0 ? CLI_OK : cli_fail(self->cli, CLI_FAILED, "cannot remove %s: %s", path, strerror(errno));
}

static int each_certificate(share_t *self, const cv_principal_t *program, const char *of, const char *directory,
                            each_t *each)
{
    DIR *folder = opendir(of);
    if (!folder)
        return cli_fail(self->cli, CLI_FAILED, "cannot read %s: %s", of, strerror(errno));
    int status = CLI_OK;
    for (struct dirent *entry; status == CLI_OK && (entry = readdir(folder));)
        if (is_certificate(entry->d_name))
            status = each(self, program, directory, entry->d_name);
    closedir(folder);
    return status;
}

/* The key of registration's personal data, never over another one: that may be the only one that opens its database. */
static int give_master(share_t *self, const char *directory)
{
    static const char name[] = "registration.master";
    char ours[CLI_PATH_MAX], theirs[CLI_PATH_MAX], text[FILE_MAX], there[FILE_MAX];
    size_t len = 0, there_len = 0;
    if (snprintf(ours, sizeof ours, "%s/%s", self->keys, name) >= CLI_PATH_MAX ||
        snprintf(theirs, sizeof theirs, "%s/%s", directory, name) >= CLI_PATH_MAX)
        return cli_fail(self->cli, CLI_USAGE, "the path of a directory is too long");
    if (read_file(ours, text, &len) != CV_OK)
        return CLI_OK; /* it is kept elsewhere */
    bool is_other =
        read_file(theirs, there, &there_len) == CV_OK && (there_len != len || memcmp(there, text, len) != 0);
    sodium_memzero(text, sizeof text);
    sodium_memzero(there, sizeof there);
    if (is_other)
        return cli_fail(self->cli, CLI_REFUSED,
                        "%s is another key than %s; the key of personal data is never overwritten", theirs, ours);
    return copy(self, self->keys, directory, name);
}

static int take_file(share_t *self, const char *directory, const char *name)
{
    char path[CLI_PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) >= CLI_PATH_MAX)
        return cli_fail(self->cli, CLI_USAGE, "the path of a directory is too long");
    if (unlink(path) == 0)
        self->changed++;
    else if (errno != ENOENT)
        return cli_fail(self->cli, CLI_FAILED, "cannot remove %s: %s", path, strerror(errno));
    return CLI_OK;
}

/* What the desk asks with, and what its links are signed with; the latter is made when there is none. */
static int give_desk(share_t *self, const char *directory)
{
    static const char links[] = "dashboard.links";
    const char *path = cv_config_text(self->cli->config, "dashboard/link_key");
    char secret[CV_NAME_MAX + 8], error[CV_CONFIG_ERROR_MAX], ours[CLI_PATH_MAX];
    cv_seal_key_t key;
    (void)snprintf(secret, sizeof secret, "%s.secret", cv_config_of(self->cli->config, cli_dashboard, "desk_as"));
    if (!self->desk) {
        int status = take_file(self, directory, secret);
        return status == CLI_OK ? take_file(self, directory, links) : status;
    }
    if (access(path, F_OK) != 0) {
        int rc = cv_seal_make(path, &key, error, sizeof error);
        sodium_memzero(&key, sizeof key);
        if (rc != CV_OK)
            return cli_fail(self->cli, CLI_FAILED, "dashboard/link_key: %s", error);
    }
    if (snprintf(ours, sizeof ours, "%s/%s", self->keys, links) >= CLI_PATH_MAX)
        return cli_fail(self->cli, CLI_USAGE, "the path of the keys is too long");
    int status = access(ours, F_OK) == 0 ? copy(self, self->keys, directory, links) : CLI_OK; /* else kept elsewhere */
    if (snprintf(ours, sizeof ours, "%s/%s", self->keys, secret) >= CLI_PATH_MAX)
        return cli_fail(self->cli, CLI_USAGE, "the path of the keys is too long");
    return status == CLI_OK && access(ours, F_OK) == 0 ? copy(self, self->keys, directory, secret) : status;
}

static int share_with(share_t *self, const char *directory, const cv_principal_t *program)
{
    char ours[CLI_PATH_MAX], allow[CLI_PATH_MAX], secret[CV_NAME_MAX + 8];
    (void)snprintf(secret, sizeof secret, "%s.secret", program->name);
    if (snprintf(ours, sizeof ours, "%s/allow", self->keys) >= CLI_PATH_MAX ||
        snprintf(allow, sizeof allow, "%s/allow", directory) >= CLI_PATH_MAX)
        return cli_fail(self->cli, CLI_USAGE, "the path of a directory is too long");
    int status = cli_make_directory(self->cli, allow);
    if (status == CLI_OK)
        status = each_certificate(self, program, ours, allow, give);
    if (status == CLI_OK)
        status = each_certificate(self, program, allow, allow, take_away);
    if (status == CLI_OK && strcmp(program->name, "registration") == 0)
        status = give_master(self, directory);
    if (status == CLI_OK && strcmp(program->name, cli_dashboard) == 0)
        status = give_desk(self, directory);
    if (status == CLI_OK) /* last: who has its own key has all it needs */
        status = copy(self, self->keys, directory, secret);
    self->programs++;
    return status;
}

static int share_all(share_t *self, const char *root)
{
    struct dirent **entries = NULL;
    int n = scandir(root, &entries, NULL, alphasort), status = CLI_OK;
    if (n < 0)
        return cli_fail(self->cli, CLI_NOTFOUND, "cannot read the directory %s: %s", root, strerror(errno));
    for (int i = 0; i < n; i++) {
        char path[CLI_PATH_MAX];
        struct stat info;
        const char *name = entries[i]->d_name;
        bool is_directory = name[0] != '.' && snprintf(path, sizeof path, "%s/%s", root, name) < CLI_PATH_MAX &&
                            stat(path, &info) == 0 && S_ISDIR(info.st_mode);
        const cv_principal_t *program = is_directory ? cv_principals_by_name(self->principals, cv_str(name)) : NULL;
        if (is_directory && !program && status == CLI_OK)
            status = cli_fail(self->cli, CLI_NOTFOUND,
                              "%s: there is no key with that name; `convene keys add` makes it", path);
        if (program && status == CLI_OK)
            status = share_with(self, path, program);
        free(entries[i]);
    }
    free(entries);
    return status;
}

int cli_keys_share_into(cli_t *cli, const char *root, int *ret_programs, int *ret_changed)
{
    char allow[CLI_PATH_MAX], error[CV_CONFIG_ERROR_MAX];
    share_t self = {.cli = cli, .keys = cv_config_text(cli->config, "keys")};
    if (snprintf(allow, sizeof allow, "%s/allow", self.keys) >= CLI_PATH_MAX)
        return cli_fail(cli, CLI_USAGE, "the path of the keys is too long");
    int rc = cv_principals_load(allow, &self.principals, error, sizeof error);
    if (rc != CV_OK)
        return cli_fail(cli, rc == CV_ENOTFOUND ? CLI_NOTFOUND : CLI_FAILED, "%s", error);
    self.desk = cv_principals_by_name(self.principals, cv_str(cv_config_of(cli->config, cli_dashboard, "desk_as")));
    if (self.desk && self.desk->role != CV_ROLE_SERVICE)
        self.desk = NULL;
    int status = share_all(&self, root);
    cv_principals_destroy(&self.principals);
    *ret_programs = self.programs;
    *ret_changed = self.changed;
    return status;
}

int cli_keys_share(cli_t *cli)
{
    int programs = 0, changed = 0, status = cli_config(cli);
    if (status == CLI_OK)
        status = cli_keys_share_into(cli, cli->args[0], &programs, &changed);
    if (status != CLI_OK)
        return status;
    if (cli->json)
        return cli_document(
            cli, "convene.cli.keys-shared.v1",
            json_pack("{s:s, s:i, s:i}", "directory", cli->args[0], "programs", programs, "changed", changed));
    printf("%d programs have their keys below %s; %d files changed\n", programs, cli->args[0], changed);
    return CLI_OK;
}
