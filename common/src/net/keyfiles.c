/* keyfiles: makes, replaces and takes away the files of a key directory.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   make      NAME.secret, then allow/NAME.cert. Never over what is there
 *   rotate    a new pair: NAME.secret, then the certificate with the new key, and the one before as the former key,
 *             good until the overlap ends. Both hold at once, so programs can be given the new file one after another
 *   revoke    NAME.secret, then the certificate, into revoked/: nobody has that name any more, and making it anew makes
 *             another key
 *
 * Failure modes: each file appears or is replaced under its name only when it is whole and on disk. Stopped between two
 * files, the same command again brings it to its end: make completes the same key; rotate takes the new pair that is
 * there; revoke finds the certificate still there. At no point is a key good that was to be taken out and had been.
 */
#include "net/keys.h"

#include "convene/ids.h"
#include "convene/wire.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#define PATH_ROOM 1024

/* dir/name suffix */
static int s_path(char ret_path[PATH_ROOM], const char *dir, const char *name, const char *suffix)
{
    int len = snprintf(ret_path, PATH_ROOM, "%s/%s%s", dir, name, suffix);
    return len > 0 && len < PATH_ROOM ? CV_OK : CV_EINVAL;
}

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

/* The file appears complete, or not at all; instead of another only if that is meant. */
static int s_publish(const char *dir, const char *name, const char *suffix, mode_t mode, bool instead, cv_str_t text)
{
    char path[PATH_ROOM], hidden[PATH_ROOM];
    if (s_path(path, dir, name, suffix) ||
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
    if (!rc && (instead ? rename(hidden, path) : link(hidden, path)))
        rc = s_errno();
    if (rc || !instead)
        unlink(hidden);
    return rc ? rc : s_sync_dir(dir);
}

/* Public part into allow/, or both keys beside it. */
static int s_publish_cert(const char *dir, const cv_identity_t *identity, bool secret, bool instead)
{
    char key[CV_KEY_TEXT + 1], text[1024];
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
    if (!secret && identity->former_until_ms) {
        char until[CV_TIME_TEXT + 1];
        zmq_z85_encode(key, identity->former_key, CV_KEY_LEN);
        cv_time_text(identity->former_until_ms, until);
        len += snprintf(text + len, sizeof text - (size_t)len, "    former-key = \"%s\"\n    former-until = \"%s\"\n",
                        key, until);
    }
    int rc = s_publish(dir, principal->name, secret ? ".secret" : ".cert", secret ? 0600 : 0644, instead,
                       (cv_str_t){text, (size_t)len});
    sodium_memzero(text, sizeof text);
    sodium_memzero(key, sizeof key);
    return rc;
}

static int s_new_pair(cv_identity_t *identity)
{
    char public_text[CV_KEY_TEXT + 1], secret_text[CV_KEY_TEXT + 1];
    bool made = !zmq_curve_keypair(public_text, secret_text) && cv_key_parse(public_text, identity->public_key) &&
                cv_key_parse(secret_text, identity->secret_key);
    sodium_memzero(secret_text, sizeof secret_text);
    return made ? CV_OK : CV_EINTERNAL;
}

static bool s_same_rights(const cv_principal_t *a, const cv_principal_t *b)
{
    return a->role == b->role && strcmp(a->party, b->party) == 0;
}

/* The secret is written first. If the machine stops before the certificate, making the same keys again completes them.
 */
int cv_keys_make(const char *keys_dir, const cv_principal_t *principal)
{
    char allow[PATH_ROOM], path[PATH_ROOM], error[PATH_ROOM + 64];
    if (cv_principal_wrong(principal) || s_path(allow, keys_dir, "allow", "") ||
        s_path(path, allow, principal->name, ".cert"))
        return CV_EINVAL;
    if ((mkdir(keys_dir, 0700) && errno != EEXIST) || (mkdir(allow, 0755) && errno != EEXIST))
        return s_errno();
    if (access(path, F_OK) == 0)
        return CV_ECONFLICT;
    cv_identity_t identity = {.principal = *principal};
    int rc = s_new_pair(&identity);
    if (!rc)
        rc = s_publish_cert(keys_dir, &identity, true, false);
    if (rc == CV_ECONFLICT && cv_identity_load(keys_dir, principal->name, &identity, error, sizeof error) == CV_OK &&
        s_same_rights(&identity.principal, principal))
        rc = CV_OK;
    if (!rc)
        rc = s_publish_cert(allow, &identity, false, false);
    cv_identity_wipe(&identity);
    return rc;
}

/* ---- rotate, revoke ------------------------------------------------------------------------ */

static int s_read_allowed(const char *keys_dir, const char *name, char ret_allow[PATH_ROOM],
                          cv_identity_t *ret_identity, char *ret_error, size_t error_size)
{
    char path[PATH_ROOM];
    if (s_path(ret_allow, keys_dir, "allow", "") || s_path(path, ret_allow, name, ".cert")) {
        snprintf(ret_error, error_size, "%s: the path is too long", keys_dir);
        return CV_EINVAL;
    }
    if (access(path, F_OK) != 0) {
        snprintf(ret_error, error_size, "%s: there is no such certificate", path);
        return CV_ENOTFOUND;
    }
    return cv_cert_read(path, name, false, ret_identity, ret_error, error_size);
}

/* The pair that an interrupted rotation left, if there is one. */
static bool s_is_left(const char *keys_dir, const cv_identity_t *allowed, cv_identity_t *ret_left)
{
    char error[PATH_ROOM + 64];
    cv_identity_t left;
    if (cv_identity_load(keys_dir, allowed->principal.name, &left, error, sizeof error) != CV_OK)
        return false;
    bool is = memcmp(left.public_key, allowed->public_key, CV_KEY_LEN) != 0 &&
              (!allowed->former_until_ms || memcmp(left.public_key, allowed->former_key, CV_KEY_LEN) != 0) &&
              s_same_rights(&left.principal, &allowed->principal);
    if (is)
        *ret_left = left;
    cv_identity_wipe(&left);
    return is;
}

int cv_keys_rotate(const char *keys_dir, const char *name, int64_t now_ms, int64_t overlap_ms, char *ret_error,
                   size_t error_size)
{
    char allow[PATH_ROOM];
    cv_identity_t before, now;
    int rc = s_read_allowed(keys_dir, name, allow, &before, ret_error, error_size);
    if (rc)
        return rc;
    if (overlap_ms > 0 && before.former_until_ms > now_ms) {
        char until[CV_TIME_TEXT + 1];
        cv_time_text(before.former_until_ms, until);
        snprintf(ret_error, error_size, "%s has a former key that is good until %s already; there are never three",
                 name, until);
        return CV_ECONFLICT;
    }
    if (!s_is_left(keys_dir, &before, &now)) {
        now = (cv_identity_t){.principal = before.principal};
        rc = s_new_pair(&now);
        if (!rc)
            rc = s_publish_cert(keys_dir, &now, true, true);
    }
    if (!rc && overlap_ms > 0) {
        memcpy(now.former_key, before.public_key, CV_KEY_LEN);
        now.former_until_ms = now_ms + overlap_ms;
    }
    if (!rc)
        rc = s_publish_cert(allow, &now, false, true);
    cv_identity_wipe(&now);
    if (rc)
        snprintf(ret_error, error_size, "cannot write the key of %s in %s: %s", name, keys_dir, cv_error_text(rc));
    return rc;
}

int cv_keys_end_former(const char *keys_dir, const char *name, char *ret_error, size_t error_size)
{
    char allow[PATH_ROOM];
    cv_identity_t identity;
    int rc = s_read_allowed(keys_dir, name, allow, &identity, ret_error, error_size);
    if (rc)
        return rc;
    if (!identity.former_until_ms) {
        snprintf(ret_error, error_size, "%s has no former key", name);
        return CV_ENOTFOUND;
    }
    identity.former_until_ms = 0;
    rc = s_publish_cert(allow, &identity, false, true);
    if (rc)
        snprintf(ret_error, error_size, "cannot write the certificate of %s in %s: %s", name, allow, cv_error_text(rc));
    return rc;
}

/* dir/NAME suffix becomes revoked/NAME-TIME suffix. CV_ENOTFOUND: it is not there. */
static int s_put_away(const char *dir, const char *revoked, const char *name, const char *suffix, int64_t now_ms)
{
    char from[PATH_ROOM], to[PATH_ROOM], text[CV_TIME_TEXT + 1];
    cv_time_text(now_ms, text);
    if (s_path(from, dir, name, suffix) ||
        snprintf(to, sizeof to, "%s/%s-%s%s", revoked, name, text, suffix) >= (int)sizeof to)
        return CV_EINVAL;
    if (rename(from, to))
        return errno == ENOENT ? CV_ENOTFOUND : s_errno();
    int rc = s_sync_dir(revoked);
    return rc ? rc : s_sync_dir(dir);
}

int cv_keys_revoke(const char *keys_dir, const char *name, int64_t now_ms, char *ret_error, size_t error_size)
{
    char allow[PATH_ROOM], revoked[PATH_ROOM];
    cv_principal_t principal = {.role = CV_ROLE_OBSERVER};
    if (cv_str_copy(cv_str(name), principal.name, sizeof principal.name) || cv_principal_wrong(&principal) ||
        s_path(allow, keys_dir, "allow", "") || s_path(revoked, keys_dir, "revoked", "")) {
        snprintf(ret_error, error_size, "\"%s\" is no name of a key", name);
        return CV_EINVAL;
    }
    int rc = mkdir(revoked, 0700) && errno != EEXIST ? s_errno() : CV_OK;
    if (!rc) {
        rc = s_put_away(keys_dir, revoked, name, ".secret", now_ms);
        if (rc == CV_ENOTFOUND) /* whoever uses it has it elsewhere */
            rc = CV_OK;
    }
    if (!rc)
        rc = s_put_away(allow, revoked, name, ".cert", now_ms);
    if (rc == CV_ENOTFOUND)
        snprintf(ret_error, error_size, "%s/%s.cert: there is no such certificate", allow, name);
    else if (rc)
        snprintf(ret_error, error_size, "cannot move the key of %s into %s: %s", name, revoked, cv_error_text(rc));
    return rc;
}
