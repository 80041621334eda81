/* principal: who is at the other end of a connection, known by its CURVE key.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key directory holds one certificate per principal in ZeroMQ's certificate format (zcert, ZPL), whose metadata says
 * name, role and party:
 *
 *   keys/allow/NAME.cert    public key and metadata: who may come in      (read by every service)
 *   keys/NAME.secret        both keys of one principal, mode 0600         (read by that principal only)
 *
 * The ZAP handler answers with the key of the connection as User-Id, in text; every message of the connection carries
 * it, and for each it is looked up whose key that is now. So a key that is taken out or replaced is nobody's at once,
 * also on connections that are open. A name is made of [a-z0-9._-], at most 48 octets.
 */
#ifndef CONVENE_PRINCIPAL_H
#define CONVENE_PRINCIPAL_H

#include "convene/bytes.h"

#define CV_NAME_MAX 48
#define CV_PARTY_MAX 16

typedef struct {
    char name[CV_NAME_MAX + 1];
    unsigned role;                /* one CV_ROLE_* bit; several only for the local user of ipc without keys */
    char party[CV_PARTY_MAX + 1]; /* focal points: the party they act for; else "" */
} cv_principal_t;

/* "focal_point" and the like; NULL for a number that is no role. */
const char *cv_role_name(unsigned role);
unsigned cv_role_parse(cv_str_t name); /* 0: no such role */

/* The directory as it was when loaded. Shared read-only with the ZAP actor; replaced as a whole at reload. */
typedef struct cv_principals cv_principals_t;
/* CV_EINVAL with the file named in ret_error when one certificate is unreadable, names a role twice, or shares a key.
 */
int cv_principals_load(const char *allow_dir, cv_principals_t **ret_principals, char *ret_error,
                       size_t error_size) CV_USE_RESULT;
void cv_principals_destroy(cv_principals_t **principals);
const cv_principal_t *cv_principals_by_name(const cv_principals_t *principals, cv_str_t name);
/* The key it has now: another one after a rotation, or when the name was taken out and given again. CV_ENOTFOUND. */
int cv_principals_key(const cv_principals_t *principals, cv_str_t name, uint8_t ret_key[32]) CV_USE_RESULT;
/* Whose key this is at this time: a former key is good until its overlap ends. */
const cv_principal_t *cv_principals_by_key(const cv_principals_t *principals, const uint8_t key[32], int64_t now_ms);
const cv_principal_t *cv_principals_by_user(const cv_principals_t *principals, const char *user,
                                            int64_t now_ms); /* a User-Id */
size_t cv_principals_count(const cv_principals_t *principals);
/* When the next former key ends after now; INT64_MAX: none does. */
int64_t cv_principals_next_end(const cv_principals_t *principals, int64_t now_ms);
int64_t cv_principals_former_until(const cv_principals_t *principals, cv_str_t name); /* 0: it has none */
/* Whether a key that was good in the set before is not in this one. */
bool cv_principals_lost(const cv_principals_t *before, const cv_principals_t *now, int64_t now_ms);
/* Of a set, what the directory still says: for when it cannot be loaded as a whole. Nobody gains anything by it. */
int cv_principals_kept(const cv_principals_t *principals, const char *allow_dir,
                       cv_principals_t **ret_principals) CV_USE_RESULT;

/* Makes a key pair and writes both files, never over an existing one (CV_ECONFLICT). */
int cv_keys_make(const char *keys_dir, const cv_principal_t *principal) CV_USE_RESULT;
/* A new pair in its place; with an overlap the one before stays good for so long. CV_ECONFLICT: the last overlap runs.
 */
int cv_keys_rotate(const char *keys_dir, const char *name, int64_t now_ms, int64_t overlap_ms, char *ret_error,
                   size_t error_size) CV_USE_RESULT;
/* Ends an overlap now. CV_ENOTFOUND: there is none. */
int cv_keys_end_former(const char *keys_dir, const char *name, char *ret_error, size_t error_size) CV_USE_RESULT;
/* Takes a principal out: its files go to keys_dir/revoked. */
int cv_keys_revoke(const char *keys_dir, const char *name, int64_t now_ms, char *ret_error,
                   size_t error_size) CV_USE_RESULT;

#endif
