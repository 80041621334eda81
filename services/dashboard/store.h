/* store: the view on disk, an entity a row, so that a start needs no replay.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows are written in the transaction that moves the cursors of the streams, so the view is always that of the cursors.
 * All of it can be rebuilt: without the file, everything is followed from the beginning.
 */
#ifndef DASHBOARD_STORE_H
#define DASHBOARD_STORE_H

#include "convene/store.h"
#include "dashboard/core_view.h"

extern const char dash_tables_1[]; /* migration */

typedef struct dash_store dash_store_t;
int dash_store_open(cv_db_t *db, dash_store_t **ret_store) CV_USE_RESULT;
void dash_store_close(dash_store_t **store);
int dash_store_load(dash_store_t *store, dash_view_t *view) CV_USE_RESULT;
/* {stream: {"epoch", "seq", "chain"}} of the streams that are followed, as committed: where the engine keeps them. A new
 * reference. */
int dash_store_positions(dash_store_t *store, json_t **ret_positions) CV_USE_RESULT;
/* Writes what is dirty in the view. */
int dash_store_save(dash_store_t *store, const dash_view_t *view) CV_USE_RESULT;

#endif
