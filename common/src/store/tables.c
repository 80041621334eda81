/* tables: the engine's own tables, which every service's database has beside the service's.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   stream    one row per stream of this service: where what is kept begins. epoch is random, made with the row and
 *             again by a restore; oldest is the first record still kept, or the next one to come; chain is that before
 *             it
 *   journal   what the service said, in all its streams and in its answers: see journal.h; with journal_mark
 *   request   the memo: one row per decided request, with the place of its outcome's very bytes in the journal
 *   cursor    one row per followed stream: the position up to which its records have had their effect here
 *   parked    records that could not be applied, set aside with the error
 *   consumer  how far each follower of our streams says it is; for retention, lag and alarms only
 *   timer     what is due when; one row per (kind, key)
 */
#include "store/tables.h"

static const char *const STEPS[] = {
    "CREATE TABLE stream(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch BLOB NOT NULL CHECK(length(epoch)=8),"
    " oldest INTEGER NOT NULL CHECK(oldest >= 1), chain BLOB NOT NULL CHECK(length(chain)=32)) STRICT;"
    "CREATE TABLE journal(n INTEGER PRIMARY KEY, part INTEGER NOT NULL, first INTEGER NOT NULL, chain BLOB, ends BLOB,"
    " bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE journal_mark(part INTEGER NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(part, first)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE request(id BLOB PRIMARY KEY CHECK(length(id)=16), hash BLOB NOT NULL, principal TEXT NOT NULL,"
    " n INTEGER NOT NULL, at INTEGER NOT NULL, len INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE cursor(stream TEXT PRIMARY KEY, epoch BLOB NOT NULL CHECK(length(epoch)=8),"
    " seq INTEGER NOT NULL CHECK(seq >= 0), chain BLOB NOT NULL CHECK(length(chain)=32)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE parked(stream TEXT NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL, error TEXT NOT NULL,"
    " at_ms INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY(stream, epoch, seq)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE consumer(stream TEXT NOT NULL, name TEXT NOT NULL, epoch BLOB NOT NULL, seq INTEGER NOT NULL,"
    " seen_ms INTEGER NOT NULL, PRIMARY KEY(stream, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE timer(kind TEXT NOT NULL, key TEXT NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY(kind, key))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX timer_due ON timer(due_ms, kind, key);",
};

int cv_tables_migrate(cv_db_t *db, char *ret_error, size_t error_size)
{
    return cv_db_migrate(db, "engine", STEPS, sizeof STEPS / sizeof *STEPS, ret_error, error_size);
}
