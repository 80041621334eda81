/* db: what the engine needs of a database beyond convene/store.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_STORE_DB_H
#define CONVENE_SRC_STORE_DB_H

#include "convene/store.h"

/* Takes the tables of one component (a fixed name of our own) from their version to steps_n. */
int cv_db_migrate(cv_db_t *db, const char *component, const char *const *steps, size_t steps_n, char *ret_error,
                  size_t error_size) CV_USE_RESULT;
/* Closes without marking the stop as clean: what is on the disk is what a crash would leave. */
void cv_db_abandon(cv_db_t **db);
struct sqlite3 *cv_db_raw(cv_db_t *db); /* for store/ only */
/* What a transaction that asked for it (cv_db_scrub_after) has deleted is in no file any more. Outside of a
 * transaction; nothing is due usually. Not CV_OK: it is due still, and will be when the file is opened again. */
int cv_db_scrub(cv_db_t *db) CV_USE_RESULT;
/* More free space than the reserve it was opened with. */
bool cv_db_has_room(cv_db_t *db);

#endif
