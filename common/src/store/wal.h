/* wal: what db.c does with the write-ahead log as a file; for store/ only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONVENE_SRC_STORE_WAL_H
#define CONVENE_SRC_STORE_WAL_H

#include <sqlite3.h>

#include <stdbool.h>
#include <stdint.h>

/* Zeros behind what the WAL has: recovery takes them for its end. Not having them costs time only, so no error counts.
 */
void cv_wal_fill(sqlite3 *raw, int64_t wal_bytes);
/* Outside of any transaction: what rows held that were overwritten or deleted before is in no file of the database any
 * more. whole: also what the b-trees left behind when they moved rows about, by writing the file anew. SQLite's code.
 */
int cv_wal_scrub(sqlite3 *raw, bool whole, int64_t wal_bytes);

#endif
