/* vault: what registration knows of persons is sealed from the moment on in which a request is decided.
 * SPDX-License-Identifier: Apache-2.0
 *
 *                                                      master key (a file) + secret (a row per person) = key
 *                                                                                                            |
 *   request -> registration.decide -> name, address, answers ------------------------------------------> sealed
 *                                                                                                            |
 *                                             person, change, proposal, contact; registration.private <------+
 *
 * Everywhere below, and in every backup and copy of the stream, there are the same sealed octets. So a person is erased
 * by overwriting 32 octets, the secret, and the stream stays as it is: its chain hashes sealed octets, which nobody can
 * open any more. Followers of the stream get what it says beside it (reveal) as long as there are secrets.
 *
 * Failure modes
 *   the master key's file is missing        a database that has none yet makes it; any other refuses to start: without
 *                                           the key its names are lost, and a new key would hide that
 *   it is another one                       refused to start; nothing is written
 *   killed between the file and COMMIT      the file is there, the database takes it at the next start
 *   killed between COMMIT and the scrub     the database knows that it is due, and does it when it is opened
 *                                           (store/db.c)
 *   rolled back                             the secrets were never there; others are drawn
 *   an older database                       what it holds as plain text is sealed in the first transaction
 *                                           (store_upgrade.c), records of registration.private that hold plain text are
 *                                           forgotten (followers that lag take a snapshot), the file is written anew
 *
 * Invariants
 *   no name, address, answer or reason reaches a table, the journal or the WAL in plain text
 *   a secret is never in a place from which it could come back: not derived from anything, not moved, not copied, but
 *   for backups, which SECURITY.md speaks of
 */
#ifndef CONVENE_REGISTRATION_VAULT_H
#define CONVENE_REGISTRATION_VAULT_H

#include "registration/registration.h"

/* Where the master key is, and after how many days personal data go, from the settings; before reg_service is opened.
 * Tests that leave it out have a key of zeros. */
int reg_configure(const struct cv_config *config, char *ret_error, size_t error_size);
int reg_vault_path(const char *path) CV_USE_RESULT; /* the same for tests; NULL: the key of zeros again */
int reg_purge_days(void);
/* The engine's start: the master key, and what an older version left. */
int reg_start(void *self, cv_tx_t *tx, char *ret_error, size_t error_size);
/* A record of registration.private as what it says: see cv_service_def_t. */
int reg_reveal(void *self, const cv_msg_t *msg, const void *data, uint16_t *ret_type, const void **ret_data);

#endif
