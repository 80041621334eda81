/* limits: what the disk and SQLite give at best, in the directory where the databases of the other benchmarks are.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   bench-limits dir=DIR [n=20000] [syncs=300] [ids=ordered|random]
 *
 * Rows: fdatasync of one 4 KiB and one 64 KiB write (appended, and over what is there); the statements of the bare path
 * (unique id, registration, outbox; counters once per commit) without decoding and without network, for commits of
 * several sizes. Prints one JSON object per row.
 */
#include "bench.h"
#include <fcntl.h>
#include <sqlite3.h>

static void measure_sync(const char *dir, size_t size, bool over, int n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/limits.sync", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char *block = malloc(size);
    uint64_t *took = calloc((size_t)n, sizeof *took);
    if (fd < 0 || !block || !took)
        DIE("%s: %s", path, strerror(errno));
    memset(block, 0x5a, size);
    for (int i = 0; over && i < n; i++)
        if (write(fd, block, size) != (ssize_t)size)
            DIE("write: %s", strerror(errno));
    if (fsync(fd) || lseek(fd, 0, SEEK_SET))
        DIE("fsync: %s", strerror(errno));
    uint64_t begin = now_ns();
    for (int i = 0; i < n; i++) {
        uint64_t start = now_ns();
        memcpy(block, &i, sizeof i);
        if (write(fd, block, size) != (ssize_t)size || fdatasync(fd))
            DIE("fdatasync: %s", strerror(errno));
        took[i] = now_ns() - start;
    }
    double seconds = (double)(now_ns() - begin) / 1e9;
    spread_t s = spread_of(took, (size_t)n);
    printf("{\"name\":\"fdatasync %zu KiB %s\",\"per_s\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", size / 1024,
           over ? "over" : "append", n / seconds, s.p50, s.p99);
    close(fd);
    unlink(path);
    free(block);
    free(took);
}

static sqlite3 *s_db;

static void sql(const char *text)
{
    char *error = NULL;
    if (sqlite3_exec(s_db, text, NULL, NULL, &error))
        DIE("%s: %s", text, error);
}

static sqlite3_stmt *prepare(const char *text)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v3(s_db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL))
        DIE("%s: %s", text, sqlite3_errmsg(s_db));
    return stmt;
}

static void run(sqlite3_stmt *stmt)
{
    if (sqlite3_step(stmt) != SQLITE_DONE)
        DIE("%s: %s", sqlite3_sql(stmt), sqlite3_errmsg(s_db));
    sqlite3_reset(stmt);
}

static void measure_sqlite(const char *dir, uint32_t n, uint32_t batch, bool ordered)
{
    static const char *const suffixes[] = {"", "-wal"};
    char path[512], doomed[520], message[320], name[WL_NAME], email[WL_NAME], id[WL_ID + 1];
    uint8_t bytes[16];
    workload_t w = workload(n, ordered, 1);
    snprintf(path, sizeof path, "%s/limits.db", dir);
    if (sqlite3_open_v2(path, &s_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL))
        DIE("%s", path);
    sql("PRAGMA page_size=8192; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000;"
        "CREATE TABLE registration(seq INTEGER PRIMARY KEY, request BLOB NOT NULL UNIQUE, event INTEGER, party INTEGER,"
        " name TEXT, email TEXT, capacity TEXT, state INTEGER, place INTEGER);"
        "CREATE TABLE event(id INTEGER PRIMARY KEY, used INTEGER); CREATE TABLE outbox(seq INTEGER PRIMARY KEY, "
        "message BLOB NOT NULL)");
    sqlite3_stmt *begin = prepare("BEGIN IMMEDIATE"), *commit = prepare("COMMIT"),
                 *add = prepare("INSERT INTO registration VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(request) DO NOTHING"),
                 *out = prepare("INSERT INTO outbox VALUES(?,?)"),
                 *event = prepare("INSERT OR REPLACE INTO event VALUES(?,?)");
    memset(message, 'x', sizeof message);
    uint64_t start = now_ns(), cpu = cpu_ns();
    for (uint32_t i = 0; i < w.distinct;) {
        run(begin);
        for (uint32_t k = 0; k < batch && i < w.distinct; k++, i++) {
            wl_id(&w, i, id);
            wl_id_bytes(id, bytes);
            wl_name(i, name);
            wl_email(i, email);
            sqlite3_bind_int64(add, 1, i + 1);
            sqlite3_bind_blob(add, 2, bytes, sizeof bytes, SQLITE_STATIC);
            sqlite3_bind_int64(add, 3, wl_event(i));
            sqlite3_bind_int64(add, 4, wl_party(i));
            sqlite3_bind_text(add, 5, name, -1, SQLITE_STATIC);
            sqlite3_bind_text(add, 6, email, -1, SQLITE_STATIC);
            sqlite3_bind_text(add, 7, wl_capacity(i), -1, SQLITE_STATIC);
            sqlite3_bind_int(add, 8, 1);
            sqlite3_bind_int64(add, 9, i);
            run(add);
            sqlite3_bind_int64(out, 1, i + 1);
            sqlite3_bind_blob(out, 2, message, sizeof message, SQLITE_STATIC);
            run(out);
        }
        for (int e = 0; e < (batch < WL_EVENTS ? (int)batch : WL_EVENTS); e++) {
            sqlite3_bind_int(event, 1, e);
            sqlite3_bind_int64(event, 2, i);
            run(event);
        }
        run(commit);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    printf("{\"name\":\"sqlite commits of %u\",\"per_s\":%.1f,\"cpu_us\":%.2f,\"batch\":%u}\n", batch,
           w.distinct / seconds, (double)(cpu_ns() - cpu) / 1e3 / w.distinct, batch);
    for (sqlite3_stmt *stmt; (stmt = sqlite3_next_stmt(s_db, NULL));)
        sqlite3_finalize(stmt);
    sqlite3_close(s_db);
    for (int i = 0; i < 2; i++) {
        snprintf(doomed, sizeof doomed, "%s%s", path, suffixes[i]);
        unlink(doomed);
    }
}

int main(int argc, char **argv)
{
    static const uint32_t batches[] = {1, 8, 32, 128, 512, 1024};
    const char *dir = option(argc, argv, "dir", NULL);
    uint32_t n = (uint32_t)option_number(argc, argv, "n", 20000);
    int syncs = (int)option_number(argc, argv, "syncs", 300);
    bool ordered = !strcmp(option(argc, argv, "ids", "ordered"), "ordered");
    if (!dir || n < 1000 || syncs < 1)
        DIE("dir=DIR [n=20000] [syncs=300] [ids=ordered|random]");
    measure_sync(dir, 4096, false, syncs);
    measure_sync(dir, 4096, true, syncs);
    measure_sync(dir, 65536, false, syncs);
    measure_sync(dir, 65536, true, syncs);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        measure_sqlite(dir, batches[i] < 32 ? n / 10 / (batches[i] == 1 ? 2 : 1) : n, batches[i], ordered);
    return 0;
}
