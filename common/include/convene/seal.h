/* seal: personal data at rest: readable with two keys, and by nobody once one of them is gone.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   master key    one per service, in a file outside the database
 *   secret        32 random octets per person, in the database
 *   key           BLAKE2b-256, keyed by the master key, over the number of the secret and the secret: what seals and
 *                 opens
 *   sealed        nonce (24), then what XChaCha20-Poly1305 made of the text: 16 octets longer than that
 *
 * Who has the file or the database alone has nothing. Who overwrites the secret has destroyed what it sealed, in every
 * copy of the sealed octets, wherever these are: a stream that is chained by hash can keep them for ever. The master
 * key cannot bring the secret back, because nothing but chance made it.
 *
 * A nonce is random: 24 octets are so many that none ever comes twice. A purpose is sealed in with the text, so what
 * was sealed for one place cannot be put into another.
 */
#ifndef CONVENE_SEAL_H
#define CONVENE_SEAL_H

#include "convene/bytes.h"

enum {
    CV_SEAL_KEY = 32,
    CV_SEAL_SECRET = 32,
    CV_SEAL_NONCE = 24,
    CV_SEAL_MORE = CV_SEAL_NONCE + 16, /* by which the sealed octets are longer than the text */
};

typedef struct {
    uint8_t bytes[CV_SEAL_KEY];
} cv_seal_key_t;

/* The key of one secret. number: the secret's, so that no two secrets change places. */
void cv_seal_derive(const cv_seal_key_t *master, int64_t number, const uint8_t secret[CV_SEAL_SECRET],
                    cv_seal_key_t *ret_key);
/* ret_sealed has room for text.len + CV_SEAL_MORE. */
void cv_seal(const cv_seal_key_t *key, const uint8_t nonce[CV_SEAL_NONCE], uint8_t purpose, cv_str_t text,
             char *ret_sealed);
/* ret_text has room for sealed.len - CV_SEAL_MORE. CV_ECORRUPT: sealed with another key or for another purpose, or
 * changed since; then nothing is written. */
int cv_seal_open(const cv_seal_key_t *key, uint8_t purpose, cv_str_t sealed, char *ret_text) CV_USE_RESULT;
/* Says of a master key that it is this one, and nothing else about it. */
enum { CV_SEAL_PROOF = 16 };
void cv_seal_proof(const cv_seal_key_t *master, uint8_t ret_proof[CV_SEAL_PROOF]);

/* The file of a master key: one line of text, readable by its owner only. CV_ENOTFOUND: there is none. CV_EINVAL: it is
 * no such file, or others may read it; ret_error says so for people. */
int cv_seal_read(const char *path, cv_seal_key_t *ret_master, char *ret_error, size_t error_size) CV_USE_RESULT;
/* Makes it, random and on the disk, never over one that is there (CV_ECONFLICT). CV_EIO: with the reason. */
int cv_seal_make(const char *path, cv_seal_key_t *ret_master, char *ret_error, size_t error_size) CV_USE_RESULT;

#endif
