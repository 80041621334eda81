/* store: the view on disk, an entity a row, so that a start needs no replay.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Rows are written in the transaction that moves the cursors of the streams, so the view is always that of the cursors.
 * All of it can be rebuilt: without the file, everything is followed from the beginning. So is it with a file of a program
 * that made other entities of the same records: the row `file/format` says which it was (DASH_FORMAT), and where it is
 * another one, or none, rows and cursors go in one transaction before anything is followed. What a stream has not kept comes
 * as a snapshot then.
 */
#ifndef DASHBOARD_STORE_H
#define DASHBOARD_STORE_H

#include "convene/store.h"
#include "dashboard/core_view.h"

/* Migrations. The second changes no table: a program before `file/format` believes whatever file it finds, so it must not find
 * one. It refuses a file of a newer schema, and what it may have left there before that is gone. */
extern const char dash_tables_1[], dash_tables_2[];

/* 2: sessions, rooms, rules and releases whole, persons as letters. 3: releases of plans, and who is there from when. */
enum { DASH_FORMAT = 3 };

typedef struct dash_store dash_store_t;
/* Before the cursors are read. */
int dash_store_open(cv_db_t *db, dash_store_t **ret_store) CV_USE_RESULT;
void dash_store_close(dash_store_t **store);
int dash_store_load(dash_store_t *store, dash_view_t *view) CV_USE_RESULT;
/* {stream: {"epoch", "seq", "chain"}} of the streams that are followed, as committed: where the engine keeps them. A new
 * reference. */
int dash_store_positions(dash_store_t *store, json_t **ret_positions) CV_USE_RESULT;
/* Writes what is dirty in the view. */
int dash_store_save(dash_store_t *store, const dash_view_t *view) CV_USE_RESULT;

#endif
