/* wal: the write-ahead log as a file, and how old octets are got out of it and of the database.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where octets of a row can be after the row is gone, and what takes them away:
 *
 *   the freed cell, freed pages     secure_delete: SQLite overwrites them when it frees them
 *   frames of the WAL               a checkpoint that empties the WAL file; then it is filled with zeros again
 *   the gaps of b-tree pages        a row that is moved to a neighbouring page can leave a copy that is nobody's.
 *                                   Only VACUUM is sure to take it away: it writes every page anew (whole)
 *
 * The last does not arise in a table whose rows only ever go to its end and are overwritten by as many octets: SQLite
 * appends without moving and overwrites in place. Secrets that must be destroyed stand in such tables.
 */
#include "store/wal.h"

#include <stddef.h>

void cv_wal_fill(sqlite3 *raw, int64_t wal_bytes)
{
    static const char zeros[64 * 1024];
    sqlite3_file *wal = NULL;
    sqlite3_int64 size = 0;

    if (sqlite3_file_control(raw, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) || !wal || !wal->pMethods ||
        wal->pMethods->xFileSize(wal, &size))
        return;
    for (; size < wal_bytes; size += (sqlite3_int64)sizeof zeros)
        if (wal->pMethods->xWrite(wal, zeros, sizeof zeros, size))
            return;
    wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
}

int cv_wal_scrub(sqlite3 *raw, bool whole, int64_t wal_bytes)
{
    int rc = whole ? sqlite3_exec(raw, "VACUUM", NULL, NULL, NULL) : SQLITE_OK;

    if (rc == SQLITE_OK)
        rc = sqlite3_wal_checkpoint_v2(raw, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (rc == SQLITE_OK && wal_bytes)
        cv_wal_fill(raw, wal_bytes);
    return rc;
}
