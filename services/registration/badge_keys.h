/* badge_keys: the secret halves of the keys that sign badges, in a file beside the database.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   registration.badge-keys, mode 0600:    convene badge keys 1
 *                                          <seed of the key in use, 64 hex digits>
 *                                          <seed of the key that comes next>
 *
 * Why a file: whoever has the database, or a backup of it, cannot make badges. Why two seeds: the service decides from
 * its input alone and draws no random number, so the key to rotate to must be there before somebody asks for it. A
 * rotation only records, in its transaction, that the next key is in use; after the turn the file moves on: the old
 * seed is gone, a new one is drawn. If the process dies between the two, the database says at the next start that the
 * second seed is in use, and the file moves on then.
 *
 * If the file is lost, or is another one than the database knows (a backup was restored), a new key comes into use with
 * the next request about badges; badges signed before stay good, their public halves are in the database.
 *
 * The file is written whole under another name, synced, and renamed.
 */
#ifndef CONVENE_REGISTRATION_BADGE_KEYS_H
#define CONVENE_REGISTRATION_BADGE_KEYS_H

#include "convene/badge.h"

enum { REG_KEY_PATH_MAX = 1024 };

typedef struct {
    bool has;
    uint8_t seed[2][CV_BADGE_SEED], public_key[2][CV_BADGE_PUBLIC]; /* in use, next */
} reg_signers_t;

/* Where the file is; before the service is opened. NULL: nowhere, no badge is signed. CV_ELIMIT: too long. */
int reg_signers_configure(const char *path) CV_USE_RESULT;
/* Reads the file, makes it if there is none. CV_EIO, or CV_EINVAL when it is not what it should be or others can read
 * it. */
int reg_signers_load(reg_signers_t *ret_signers) CV_USE_RESULT;
/* The second key is in use now: draws another one. CV_EIO: nothing was changed. */
int reg_signers_move_on(reg_signers_t *signers) CV_USE_RESULT;
void reg_signers_wipe(reg_signers_t *signers);
/* Index of the seed of this public key; -1: not here. */
int reg_signers_find(const reg_signers_t *signers, const uint8_t public_key[CV_BADGE_PUBLIC]);

#endif
