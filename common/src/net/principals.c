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
 *       former-key = "..."                                           (in allow/ only: the key before, which is good)
 *       former-until = "2026-11-28T09:00:00.000Z"                    (until then)
 *
 * The directory is taken as a whole or not at all: one damaged file refuses the load, and the service goes on with the
 * set it has. So a file that is half copied locks nobody out, and a certificate that would give somebody another
 * person's role (a key that appears twice, a name that is not its file's) is never in force. Files appear under their
 * final name only when they are complete.
 *
 * But a damaged file must not keep a key in force that was taken out: when a load fails, cv_principals_kept leaves of
 * the set there is only what the directory still says. It gives nobody anything.
 */
#include "net/keys.h"
#include "net/zap.h"

#include "base/zpl.h"
#include "convene/ids.h"
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

#define PRINCIPALS_MAX 4096
#define PATH_ROOM 1024

/* ---- roles and names ---------------------------------------------------------------------- */

static const struct {
    unsigned role;
    const char *name;
} s_roles[] = {
    {CV_ROLE_OPERATOR, "operator"},   {CV_ROLE_SECRETARIAT, "secretariat"}, {CV_ROLE_FOCAL_POINT, "focal_point"},
    {CV_ROLE_PUBLISHER, "publisher"}, {CV_ROLE_SERVICE, "service"},         {CV_ROLE_OBSERVER, "observer"},
    {CV_ROLE_GATE, "gate"},
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

const char *cv_principal_wrong(const cv_principal_t *principal)
{
    if (!s_valid_name(principal->name))
        return "name must be 1 to 48 of a-z 0-9 . _ - and begin with a letter or digit";
    if (!cv_role_name(principal->role))
        return "role must be one of operator, secretariat, focal_point, publisher, service, observer, gate";
    if (principal->role == CV_ROLE_FOCAL_POINT && !s_valid_party(principal->party))
        return "a focal_point needs the party it acts for (2 to 16 of A-Z 0-9 _ -)";
    if (principal->role != CV_ROLE_FOCAL_POINT && *principal->party)
        return "only a focal_point has a party";
    return NULL;
}

/* ---- one certificate ---------------------------------------------------------------------- */

typedef struct {
    cv_identity_t of;
    bool has_name, has_role, has_party, has_public, has_secret, has_former, has_until;
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
bool cv_key_parse(const char *text, uint8_t ret_key[CV_KEY_LEN])
{
    char back[CV_KEY_TEXT + 1];
    bool good = strlen(text) == CV_KEY_TEXT && zmq_z85_decode(ret_key, text) &&
                zmq_z85_encode(back, ret_key, CV_KEY_LEN) && strcmp(back, text) == 0 &&
                !sodium_is_zero(ret_key, CV_KEY_LEN);
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
        good = cv_key_parse(item->value, cert->of.public_key);
    } else if (strcmp(item->path, "curve/secret-key") == 0) {
        has = &cert->has_secret;
        good = cv_key_parse(item->value, cert->of.secret_key);
    } else if (strcmp(item->path, "curve/former-key") == 0) {
        has = &cert->has_former;
        good = cv_key_parse(item->value, cert->of.former_key);
    } else if (strcmp(item->path, "curve/former-until") == 0) {
        has = &cert->has_until;
        good = cv_time_parse(cv_str(item->value), &cert->of.former_until_ms) == CV_OK && cert->of.former_until_ms > 0;
    } else {
        return CV_OK; /* other metadata is the owner's business */
    }
    if (*has)
        return s_wrong(cert, item->line, "is said twice");
    *has = true;
    return good ? CV_OK : s_wrong(cert, item->line, "is not valid");
}

int cv_cert_read(const char *file, const char *name, bool secret, cv_identity_t *ret_identity, char *ret_error,
                 size_t error_size)
{
    cert_t cert = {.error = ret_error, .error_size = error_size, .file = file};
    int rc = cv_zpl_read(file, s_visit, &cert, ret_error, error_size);
    if (!rc) {
        const char *wrong = cv_principal_wrong(&cert.of.principal);
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
        else if (cert.has_former != cert.has_until || (secret && cert.has_former))
            rc = s_wrong(&cert, 0, "a former-key stands in allow/ only, with its former-until");
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
    return cv_cert_read(path, name, true, ret_identity, ret_error, error_size);
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
        rc = cv_cert_read(path, name, false, &identity, ret_error, error_size);
    if (!rc)
        memcpy(ret_key, identity.public_key, CV_KEY_LEN);
    return rc;
}

/* ---- all certificates --------------------------------------------------------------------- */

typedef struct {
    uint8_t key[CV_KEY_LEN];
    int64_t until_ms; /* a former key: the first instant at which it is good no more; 0: it is the key there is */
    cv_principal_t principal;
} entry_t;

struct cv_principals {
    size_t n; /* keys: of each principal one, and its former one */
    size_t names_n;
    entry_t *by_key;         /* sorted */
    const entry_t **by_name; /* sorted; without former keys */
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

/* Room for so many certificates. */
static cv_principals_t *s_new(size_t certificates)
{
    cv_principals_t *all = calloc(1, sizeof *all);
    if (all) {
        all->by_key = calloc(2 * certificates + 1, sizeof *all->by_key);
        all->by_name = calloc(certificates + 1, sizeof *all->by_name);
        if (!all->by_key || !all->by_name)
            cv_principals_destroy(&all);
    }
    return all;
}

static void s_put(cv_principals_t *all, const uint8_t key[CV_KEY_LEN], int64_t until_ms,
                  const cv_principal_t *principal)
{
    entry_t *entry = &all->by_key[all->n++];
    memcpy(entry->key, key, CV_KEY_LEN);
    entry->until_ms = until_ms;
    entry->principal = *principal;
}

static void s_sort(cv_principals_t *all)
{
    qsort(all->by_key, all->n, sizeof *all->by_key, s_compare_keys);
    all->names_n = 0;
    for (size_t i = 0; i < all->n; i++)
        if (!all->by_key[i].until_ms)
            all->by_name[all->names_n++] = &all->by_key[i];
    qsort(all->by_name, all->names_n, sizeof *all->by_name, s_compare_names);
}

static int s_add(cv_principals_t *all, const char *dir, const char *file, char *ret_error, size_t error_size)
{
    char path[PATH_ROOM], name[NAME_MAX + 1];
    int rc = s_path(path, dir, file, "", ret_error, error_size);
    if (rc)
        return rc;
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 5), file);
    cv_identity_t identity;
    rc = cv_cert_read(path, name, false, &identity, ret_error, error_size);
    if (rc)
        return rc == CV_ENOMEM ? rc : CV_EINVAL;
    for (size_t i = 0; i < all->n; i++) {
        if (memcmp(all->by_key[i].key, identity.public_key, CV_KEY_LEN) == 0 ||
            (identity.former_until_ms && memcmp(all->by_key[i].key, identity.former_key, CV_KEY_LEN) == 0)) {
            snprintf(ret_error, error_size, "%s: has the same key as %s.cert", path, all->by_key[i].principal.name);
            return CV_EINVAL;
        }
    }
    if (identity.former_until_ms && memcmp(identity.former_key, identity.public_key, CV_KEY_LEN) == 0) {
        snprintf(ret_error, error_size, "%s: the former key is the one there is", path);
        return CV_EINVAL;
    }
    s_put(all, identity.public_key, 0, &identity.principal);
    if (identity.former_until_ms)
        s_put(all, identity.former_key, identity.former_until_ms, &identity.principal);
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
    cv_principals_t *all = s_new(n);
    if (!all) {
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
    s_sort(all);
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

static const entry_t *s_find(const cv_principals_t *principals, const uint8_t key[CV_KEY_LEN])
{
    entry_t wanted;
    memcpy(wanted.key, key, CV_KEY_LEN);
    return bsearch(&wanted, principals->by_key, principals->n, sizeof *principals->by_key, s_compare_keys);
}

static bool s_is_good(const entry_t *entry, int64_t now_ms)
{
    return entry && (!entry->until_ms || now_ms < entry->until_ms);
}

const cv_principal_t *cv_principals_by_key(const cv_principals_t *principals, const uint8_t key[32], int64_t now_ms)
{
    const entry_t *entry = s_find(principals, key);
    return s_is_good(entry, now_ms) ? &entry->principal : NULL;
}

const cv_principal_t *cv_principals_by_user(const cv_principals_t *principals, const char *user, int64_t now_ms)
{
    uint8_t key[CV_KEY_LEN];
    return cv_key_parse(user, key) ? cv_principals_by_key(principals, key, now_ms) : NULL;
}

int64_t cv_principals_next_end(const cv_principals_t *principals, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < principals->n; i++) {
        int64_t until_ms = principals->by_key[i].until_ms;
        if (until_ms > now_ms && until_ms < next_ms)
            next_ms = until_ms;
    }
    return next_ms;
}

int64_t cv_principals_former_until(const cv_principals_t *principals, cv_str_t name)
{
    for (size_t i = 0; i < principals->n; i++)
        if (principals->by_key[i].until_ms && cv_str_is(name, principals->by_key[i].principal.name))
            return principals->by_key[i].until_ms;
    return 0;
}

bool cv_principals_lost(const cv_principals_t *before, const cv_principals_t *now, int64_t now_ms)
{
    for (size_t i = 0; i < before->n; i++)
        if (s_is_good(&before->by_key[i], now_ms) && !s_is_good(s_find(now, before->by_key[i].key), now_ms))
            return true;
    return false;
}

/* What its certificate says now of this key; what cannot be read says nothing. */
static bool s_is_kept(const char *allow_dir, const entry_t *entry)
{
    char path[PATH_ROOM], error[PATH_ROOM + 64];
    cv_identity_t identity;
    if (s_path(path, allow_dir, entry->principal.name, ".cert", error, sizeof error) || access(path, F_OK) != 0)
        return false;
    if (cv_cert_read(path, entry->principal.name, false, &identity, error, sizeof error))
        return true;
    bool is_key = memcmp(identity.public_key, entry->key, CV_KEY_LEN) == 0,
         is_former = identity.former_until_ms && memcmp(identity.former_key, entry->key, CV_KEY_LEN) == 0;
    return (is_key || is_former) && identity.principal.role == entry->principal.role &&
           strcmp(identity.principal.party, entry->principal.party) == 0;
}

int cv_principals_kept(const cv_principals_t *principals, const char *allow_dir, cv_principals_t **ret_principals)
{
    cv_principals_t *kept = s_new(principals->n);
    if (!kept)
        return CV_ENOMEM;
    for (size_t i = 0; i < principals->n; i++)
        if (s_is_kept(allow_dir, &principals->by_key[i]))
            s_put(kept, principals->by_key[i].key, principals->by_key[i].until_ms, &principals->by_key[i].principal);
    s_sort(kept);
    *ret_principals = kept;
    return CV_OK;
}

static const entry_t *s_by_name(const cv_principals_t *principals, cv_str_t name)
{
    entry_t wanted;
    if (cv_str_copy(name, wanted.principal.name, sizeof wanted.principal.name))
        return NULL;
    const entry_t *pointer = &wanted;
    const entry_t **entry =
        bsearch(&pointer, principals->by_name, principals->names_n, sizeof *principals->by_name, s_compare_names);
    return entry ? *entry : NULL;
}

const cv_principal_t *cv_principals_by_name(const cv_principals_t *principals, cv_str_t name)
{
    const entry_t *entry = s_by_name(principals, name);
    return entry ? &entry->principal : NULL;
}

int cv_principals_key(const cv_principals_t *principals, cv_str_t name, uint8_t ret_key[CV_KEY_LEN])
{
    const entry_t *entry = s_by_name(principals, name);
    if (!entry)
        return CV_ENOTFOUND;
    memcpy(ret_key, entry->key, CV_KEY_LEN);
    return CV_OK;
}

size_t cv_principals_count(const cv_principals_t *principals)
{
    return principals->names_n;
}
