/* keys: reading one's own key pair and a service's public key from the key directory (see convene/principal.h).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_NET_KEYS_H
#define CONVENE_NET_KEYS_H

#include "convene/principal.h"

#define CV_KEY_LEN 32
#define CV_KEY_TEXT 40 /* octets of a key in its text form, Z85 */

typedef struct {
    cv_principal_t principal;
    uint8_t public_key[CV_KEY_LEN];
    uint8_t secret_key[CV_KEY_LEN];
    uint8_t former_key[CV_KEY_LEN]; /* the public key before, and the first instant at which it is good no more */
    int64_t former_until_ms;        /* 0: there is none */
} cv_identity_t;

/* keys_dir/NAME.secret. CV_ENOTFOUND: no such file. CV_EINVAL: damaged, or others may read it. */
int cv_identity_load(const char *keys_dir, const char *name, cv_identity_t *ret_identity, char *ret_error,
                     size_t error_size) CV_USE_RESULT;
void cv_identity_wipe(cv_identity_t *identity);
/* The public key in keys_dir/allow/NAME.cert: what a client needs to know of a service. */
int cv_key_of(const char *keys_dir, const char *name, uint8_t ret_key[CV_KEY_LEN], char *ret_error,
              size_t error_size) CV_USE_RESULT;

/* One certificate, dir/NAME.cert or NAME.secret; the name inside must be the file's. */
int cv_cert_read(const char *file, const char *name, bool secret, cv_identity_t *ret_identity, char *ret_error,
                 size_t error_size) CV_USE_RESULT;
/* NULL, or what is wrong with it. */
const char *cv_principal_wrong(const cv_principal_t *principal);
/* From Z85. False: it is no key. */
bool cv_key_parse(const char *text, uint8_t ret_key[CV_KEY_LEN]);

#endif
