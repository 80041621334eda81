/* principals: the key directory: who may come in, and one's own keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A certificate is a ZPL file in zcert's form:
 *
 *   metadata
 *       name = "PRC"
 *       role = "focal_point"
 *       party = "PRC"
 *   curve
 *       public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
 *       secret-key = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"      (in NAME.secret only)
 *
 * The directory is taken as a whole or not at all: one damaged file refuses the load, and the service goes on with the
 * set it has. So a file that is half copied locks nobody out, and a certificate that would give somebody another
 * person's role (a key that appears twice, a name that is not its file's) is never in force. Files appear under their
 * final name only when they are complete.
 */
#include "net/keys.h"
#include "net/zap.h"

#include "base/zpl.h"
#include "convene/wire.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define Z85_LEN 40 /* octets of a key in its text form */
#define PRINCIPALS_MAX 4096
#define PATH_ROOM 1024

/* ---- roles and names ---------------------------------------------------------------------- */

static const struct {
    unsigned role;
    const char *name;
} s_roles[] = {
    {CV_ROLE_OPERATOR, "operator"},   {CV_ROLE_SECRETARIAT, "secretariat"}, {CV_ROLE_FOCAL_POINT, "focal_point"},
    {CV_ROLE_PUBLISHER, "publisher"}, {CV_ROLE_SERVICE, "service"},         {CV_ROLE_OBSERVER, "observer"},
};

const char *cv_role_name(unsigned role)
{
    for (size_t i = 0; i < sizeof s_roles / sizeof *s_roles; i++)
        if (s_roles[i].role == role)
            return s_roles[i].name;
    return NULL;
}

unsigned cv_role_parse(cv_str_t name)
{
    for (size_t i = 0; i < sizeof s_roles / sizeof *s_roles; i++)
        if (cv_str_is(name, s_roles[i].name))
            return s_roles[i].role;
    return 0;
}

static bool s_made_of(const char *text, const char *allowed)
{
    return *text && text[strspn(text, allowed)] == '\0';
}

static const char LOWER[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char UPPER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Also a file name, so it cannot begin with a dot; "local" is what peers without a key are called. */
static bool s_valid_name(const char *name)
{
    return s_made_of(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") && strchr(LOWER, name[0]) &&
           strlen(name) <= CV_NAME_MAX && strcmp(name, CV_ZAP_LOCAL) != 0;
}

static bool s_valid_party(const char *party)
{
    return s_made_of(party, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") && strchr(UPPER, party[0]) &&
           strlen(party) >= 2 && strlen(party) <= CV_PARTY_MAX;
}

/* NULL, or what is wrong with it. */
static const char *s_wrong_principal(const cv_principal_t *principal)
{
    if (!s_valid_name(principal->name))
        return "name must be 1 to 48 of a-z 0-9 . _ - and begin with a letter or digit";
    if (!cv_role_name(principal->role))
        return "role must be one of operator, secretariat, focal_point, publisher, service, observer";
    if (principal->role == CV_ROLE_FOCAL_POINT && !s_valid_party(principal->party))
        return "a focal_point needs the party it acts for (2 to 16 of A-Z 0-9 _ -)";
    if (principal->role != CV_ROLE_FOCAL_POINT && *principal->party)
        return "only a focal_point has a party";
    return NULL;
}

/* ---- one certificate ---------------------------------------------------------------------- */

typedef struct {
    cv_identity_t of;
    bool has_name, has_role, has_party, has_public, has_secret;
    char *error;
    size_t error_size;
    const char *file;
} cert_t;

static int s_wrong(cert_t *cert, unsigned line, const char *text)
{
    if (line)
        snprintf(cert->error, cert->error_size, "%s:%u: %s", cert->file, line, text);
    else
        snprintf(cert->error, cert->error_size, "%s: %s", cert->file, text);
    return CV_EINVAL;
}

/* zmq_z85_decode is lenient in some versions; only what encodes back to itself is a key. */
static bool s_read_key(const char *text, uint8_t ret_key[CV_KEY_LEN])
{
    char back[Z85_LEN + 1];
    bool good = strlen(text) == Z85_LEN && zmq_z85_decode(ret_key, text) && zmq_z85_encode(back, ret_key, CV_KEY_LEN) &&
                strcmp(back, text) == 0 && !sodium_is_zero(ret_key, CV_KEY_LEN);
    sodium_memzero(back, sizeof back);
    return good;
}

static int s_visit(void *arg, const cv_zpl_item_t *item)
{
    cert_t *cert = arg;
    cv_principal_t *principal = &cert->of.principal;
    bool *has = NULL, good = true;
    if (strcmp(item->path, "metadata/name") == 0) {
        has = &cert->has_name;
        good = cv_str_copy(cv_str(item->value), principal->name, sizeof principal->name) == CV_OK;
    } else if (strcmp(item->path, "metadata/role") == 0) {
        has = &cert->has_role;
        principal->role = cv_role_parse(cv_str(item->value));
    } else if (strcmp(item->path, "metadata/party") == 0) {
        has = &cert->has_party;
        good = cv_str_copy(cv_str(item->value), principal->party, sizeof principal->party) == CV_OK;
    } else if (strcmp(item->path, "curve/public-key") == 0) {
        has = &cert->has_public;
        good = s_read_key(item->value, cert->of.public_key);
    } else if (strcmp(item->path, "curve/secret-key") == 0) {
        has = &cert->has_secret;
        good = s_read_key(item->value, cert->of.secret_key);
    } else {
        return CV_OK; /* other metadata is the owner's business */
    }
    if (*has)
        return s_wrong(cert, item->line, "is said twice");
    *has = true;
    return good ? CV_OK : s_wrong(cert, item->line, "is not valid");
}

/* dir/NAME suffix; the name inside must be the file's. */
static int s_read_cert(const char *file, const char *name, bool secret, cv_identity_t *ret_identity, char *ret_error,
                       size_t error_size)
{
    cert_t cert = {.error = ret_error, .error_size = error_size, .file = file};
    int rc = cv_zpl_read(file, s_visit, &cert, ret_error, error_size);
    if (!rc) {
        const char *wrong = s_wrong_principal(&cert.of.principal);
        uint8_t derived[CV_KEY_LEN];
        if (wrong)
            rc = s_wrong(&cert, 0, wrong);
        else if (strcmp(cert.of.principal.name, name) != 0)
            rc = s_wrong(&cert, 0, "the name in it is not the file's");
        else if (!cert.has_public)
            rc = s_wrong(&cert, 0, "has no public-key");
        else if (secret && !cert.has_secret)
            rc = s_wrong(&cert, 0, "has no secret-key");
        else if (!secret && cert.has_secret)
            rc = s_wrong(&cert, 0, "has a secret-key, which must not be in this directory");
        else if (secret && (crypto_scalarmult_curve25519_base(derived, cert.of.secret_key) != 0 ||
                            memcmp(derived, cert.of.public_key, CV_KEY_LEN) != 0))
            rc = s_wrong(&cert, 0, "the two keys are not a pair");
    }
    if (!rc)
        *ret_identity = cert.of;
    sodium_memzero(&cert, sizeof cert);
    return rc;
}

static int s_path(char ret_path[PATH_ROOM], const char *dir, const char *name, const char *suffix, char *ret_error,
                  size_t error_size)
{
    int len = snprintf(ret_path, PATH_ROOM, "%s/%s%s", dir, name, suffix);
    if (len > 0 && len < PATH_ROOM)
        return CV_OK;
    snprintf(ret_error, error_size, "%s: the path is too long", dir);
    return CV_EINVAL;
}

int cv_identity_load(const char *keys_dir, const char *name, cv_identity_t *ret_identity, char *ret_error,
                     size_t error_size)
{
    char path[PATH_ROOM];
    int rc = s_path(path, keys_dir, name, ".secret", ret_error, error_size);
    if (rc)
        return rc;
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_mode & (S_IWGRP | S_IRWXO))) {
        snprintf(ret_error, error_size, "%s: others may read or change it (chmod 600)", path);
        return CV_EINVAL;
    }
    return s_read_cert(path, name, true, ret_identity, ret_error, error_size);
}

void cv_identity_wipe(cv_identity_t *identity)
{
    sodium_memzero(identity, sizeof *identity);
}

int cv_key_of(const char *keys_dir, const char *name, uint8_t ret_key[CV_KEY_LEN], char *ret_error, size_t error_size)
{
    char path[PATH_ROOM], allow[PATH_ROOM];
    int rc = s_path(allow, keys_dir, "allow", "", ret_error, error_size);
    if (!rc)
        rc = s_path(path, allow, name, ".cert", ret_error, error_size);
    cv_identity_t identity;
    if (!rc)
        rc = s_read_cert(path, name, false, &identity, ret_error, error_size);
    if (!rc)
        memcpy(ret_key, identity.public_key, CV_KEY_LEN);
    return rc;
}

/* ---- all certificates --------------------------------------------------------------------- */

typedef struct {
    uint8_t key[CV_KEY_LEN];
    cv_principal_t principal;
} entry_t;

struct cv_principals {
    size_t n;
    entry_t *by_key;         /* sorted */
    const entry_t **by_name; /* sorted */
};

static int s_compare_keys(const void *a, const void *b)
{
    return memcmp(((const entry_t *)a)->key, ((const entry_t *)b)->key, CV_KEY_LEN);
}

static int s_compare_names(const void *a, const void *b)
{
    return strcmp((*(const entry_t *const *)a)->principal.name, (*(const entry_t *const *)b)->principal.name);
}

static int s_is_cert(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".cert") == 0;
}

static int s_add(cv_principals_t *all, const char *dir, const char *file, char *ret_error, size_t error_size)
{
    char path[PATH_ROOM], name[NAME_MAX + 1];
    int rc = s_path(path, dir, file, "", ret_error, error_size);
    if (rc)
        return rc;
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 5), file);
    cv_identity_t identity;
    rc = s_read_cert(path, name, false, &identity, ret_error, error_size);
    if (rc)
        return rc == CV_ENOMEM ? rc : CV_EINVAL;
    for (size_t i = 0; i < all->n; i++) {
        if (memcmp(all->by_key[i].key, identity.public_key, CV_KEY_LEN) == 0) {
            snprintf(ret_error, error_size, "%s: has the same key as %s.cert", path, all->by_key[i].principal.name);
            return CV_EINVAL;
        }
    }
    entry_t *entry = &all->by_key[all->n++];
    memcpy(entry->key, identity.public_key, CV_KEY_LEN);
    entry->principal = identity.principal;
    return CV_OK;
}

int cv_principals_load(const char *allow_dir, cv_principals_t **ret_principals, char *ret_error, size_t error_size)
{
    struct dirent **files;
    int found = scandir(allow_dir, &files, s_is_cert, alphasort);
    if (found < 0) {
        snprintf(ret_error, error_size, "%s: %s", allow_dir, strerror(errno));
        return CV_EINVAL;
    }
    int rc = CV_OK;
    size_t n = (size_t)found;
    cv_principals_t *all = calloc(1, sizeof *all);
    if (all) {
        all->by_key = calloc(n + 1, sizeof *all->by_key);
        all->by_name = calloc(n + 1, sizeof *all->by_name);
    }
    if (!all || !all->by_key || !all->by_name) {
        rc = CV_ENOMEM;
        snprintf(ret_error, error_size, "%s", cv_error_text(rc));
    } else if (n > PRINCIPALS_MAX) {
        rc = CV_EINVAL;
        snprintf(ret_error, error_size, "%s: more than %d certificates", allow_dir, PRINCIPALS_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        if (!rc)
            rc = s_add(all, allow_dir, files[i]->d_name, ret_error, error_size);
        free(files[i]);
    }
    free(files);
    if (rc) {
        cv_principals_destroy(&all);
        return rc;
    }
    qsort(all->by_key, all->n, sizeof *all->by_key, s_compare_keys);
    for (size_t i = 0; i < all->n; i++)
        all->by_name[i] = &all->by_key[i];
    qsort(all->by_name, all->n, sizeof *all->by_name, s_compare_names);
    *ret_principals = all;
    return CV_OK;
}

void cv_principals_destroy(cv_principals_t **principals)
{
    cv_principals_t *all = *principals;
    if (!all)
        return;
    free(all->by_key);
    free(all->by_name);
    free(all);
    *principals = NULL;
}

const cv_principal_t *cv_principals_by_key(const cv_principals_t *principals, const uint8_t key[32])
{
    entry_t wanted;
    memcpy(wanted.key, key, CV_KEY_LEN);
    const entry_t *entry =
        bsearch(&wanted, principals->by_key, principals->n, sizeof *principals->by_key, s_compare_keys);
    return entry ? &entry->principal : NULL;
}

const cv_principal_t *cv_principals_by_name(const cv_principals_t *principals, cv_str_t name)
{
    entry_t wanted;
    if (cv_str_copy(name, wanted.principal.name, sizeof wanted.principal.name))
        return NULL;
    const entry_t *pointer = &wanted;
    const entry_t **entry =
        bsearch(&pointer, principals->by_name, principals->n, sizeof *principals->by_name, s_compare_names);
    return entry ? &(*entry)->principal : NULL;
}

size_t cv_principals_count(const cv_principals_t *principals)
{
    return principals->n;
}

/* ---- making keys -------------------------------------------------------------------------- */

static int s_errno(void)
{
    return errno == EEXIST ? CV_ECONFLICT : errno == ENOSPC ? CV_EFULL : CV_EIO;
}

static int s_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return CV_EIO;
    int rc = fsync(fd) ? CV_EIO : CV_OK;
    close(fd);
    return rc;
}

/* The file appears complete, or not at all, and never instead of another. */
static int s_publish(const char *dir, const char *name, const char *suffix, mode_t mode, cv_str_t text)
{
    char path[PATH_ROOM], hidden[PATH_ROOM];
    if (snprintf(path, sizeof path, "%s/%s%s", dir, name, suffix) >= (int)sizeof path ||
        snprintf(hidden, sizeof hidden, "%s/.%s%s.XXXXXX", dir, name, suffix) >= (int)sizeof hidden)
        return CV_EINVAL;
    int fd = mkostemp(hidden, O_CLOEXEC);
    if (fd < 0)
        return s_errno();
    int rc = CV_OK;
    if (write(fd, text.ptr, text.len) != (ssize_t)text.len || fchmod(fd, mode) || fsync(fd))
        rc = s_errno();
    if (close(fd) && !rc)
        rc = s_errno();
    if (!rc && link(hidden, path))
        rc = s_errno();
    unlink(hidden);
    return rc ? rc : s_sync_dir(dir);
}

static int s_publish_cert(const char *dir, const char *suffix, mode_t mode, const cv_identity_t *identity, bool secret)
{
    char key[Z85_LEN + 1], text[1024];
    const cv_principal_t *principal = &identity->principal;
    zmq_z85_encode(key, identity->public_key, CV_KEY_LEN);
    int len = snprintf(text, sizeof text,
                       "#   ZeroMQ CURVE %s certificate of a Convene principal\n\nmetadata\n"
                       "    name = \"%s\"\n    role = \"%s\"\n",
                       secret ? "secret" : "public", principal->name, cv_role_name(principal->role));
    if (*principal->party)
        len += snprintf(text + len, sizeof text - (size_t)len, "    party = \"%s\"\n", principal->party);
    len += snprintf(text + len, sizeof text - (size_t)len, "curve\n    public-key = \"%s\"\n", key);
    if (secret) {
        zmq_z85_encode(key, identity->secret_key, CV_KEY_LEN);
        len += snprintf(text + len, sizeof text - (size_t)len, "    secret-key = \"%s\"\n", key);
    }
    int rc = s_publish(dir, principal->name, suffix, mode, (cv_str_t){text, (size_t)len});
    sodium_memzero(text, sizeof text);
    sodium_memzero(key, sizeof key);
    return rc;
}

/* The secret is written first. If the machine stops before the certificate, making the same keys again completes them.
 */
int cv_keys_make(const char *keys_dir, const cv_principal_t *principal)
{
    char allow[PATH_ROOM], path[PATH_ROOM], error[PATH_ROOM + 64];
    if (s_wrong_principal(principal) || s_path(allow, keys_dir, "allow", "", error, sizeof error) ||
        s_path(path, allow, principal->name, ".cert", error, sizeof error))
        return CV_EINVAL;
    if ((mkdir(keys_dir, 0700) && errno != EEXIST) || (mkdir(allow, 0755) && errno != EEXIST))
        return s_errno();
    if (access(path, F_OK) == 0)
        return CV_ECONFLICT;
    cv_identity_t identity = {.principal = *principal};
    char public_text[Z85_LEN + 1], secret_text[Z85_LEN + 1];
    if (zmq_curve_keypair(public_text, secret_text) || !s_read_key(public_text, identity.public_key) ||
        !s_read_key(secret_text, identity.secret_key))
        return CV_EINTERNAL;
    sodium_memzero(secret_text, sizeof secret_text);
    int rc = s_publish_cert(keys_dir, ".secret", 0600, &identity, true);
    if (rc == CV_ECONFLICT && cv_identity_load(keys_dir, principal->name, &identity, error, sizeof error) == CV_OK &&
        identity.principal.role == principal->role && strcmp(identity.principal.party, principal->party) == 0)
        rc = CV_OK;
    if (!rc)
        rc = s_publish_cert(allow, ".cert", 0644, &identity, false);
    cv_identity_wipe(&identity);
    return rc;
}
