/* principal: who is at the other end of a connection, known by its CURVE key.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A key directory holds one certificate per principal in ZeroMQ's certificate format (zcert, ZPL), whose metadata says
 * name, role and party:
 *
 *   keys/allow/NAME.cert    public key and metadata: who may come in      (read by every service)
 *   keys/NAME.secret        both keys of one principal, mode 0600         (read by that principal only)
 *
 * The ZAP handler answers with the principal's name as User-Id; every message of the connection carries it. A name
 * is made of [a-z0-9._-], at most 48 octets.
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
const cv_principal_t *cv_principals_by_key(const cv_principals_t *principals, const uint8_t key[32]);
size_t cv_principals_count(const cv_principals_t *principals);

/* Makes a key pair and writes both files, never over an existing one (CV_ECONFLICT). */
int cv_keys_make(const char *keys_dir, const cv_principal_t *principal) CV_USE_RESULT;

#endif
