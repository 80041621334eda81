/* tables: the engine's own tables, which every service's database has beside the service's.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_STORE_TABLES_H
#define CONVENE_SRC_STORE_TABLES_H

#include "store/db.h"

/* stream, request, cursor, parked, consumer, timer. The outbox tables of streams are made by cv_outbox_open. */
int cv_tables_migrate(cv_db_t *db, char *ret_error, size_t error_size) CV_USE_RESULT;

#endif
