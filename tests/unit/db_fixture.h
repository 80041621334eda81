/* db_fixture: a database on a disk in memory, or in a folder of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_DB_FIXTURE_H
#define TESTS_DB_FIXTURE_H

#include "crash_vfs.h"
#include "service/restore.h"
#include "store/db.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const STEPS[] = {
    "CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, CHECK(id < 1000000)) STRICT",
    "CREATE TABLE child(id INTEGER PRIMARY KEY, t INTEGER REFERENCES t(id)) STRICT",
    "INSERT INTO t(id, text) VALUES(1, 'from the third step')",
};
enum { APPLICATION = 0x636f6e76 };

typedef struct {
    char directory[64], path[128];
    crash_disk_t *disk;
    char error[512];
} fixture_t;

static inline int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "/tmp/test-db-XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/a.db", f->directory);
    f->disk = crash_disk_new(7);
    *state = f;
    return 0;
}

static inline int end(void **state)
{
    fixture_t *f = *state;
    char command[128];
    crash_disk_destroy(&f->disk);
    snprintf(command, sizeof command, "%s", f->directory);
    pid_t child = fork();
    if (!child) {
        execlp("rm", "rm", "-rf", command, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    free(f);
    return 0;
}

static inline cv_db_options_t options_of(fixture_t *f, bool real, size_t steps_n)
{
    return (cv_db_options_t){
        .path = real ? f->path : crash_disk_path(f->disk, "a.db"),
        .vfs = real ? NULL : CRASH_VFS,
        .application_id = APPLICATION,
        .migrations = STEPS,
        .migrations_n = steps_n,
        .cache_kib = 512,
    };
}

static inline int open_db(fixture_t *f, bool real, size_t steps_n, cv_db_t **ret_db)
{
    cv_db_options_t options = options_of(f, real, steps_n);
    return cv_db_open(&options, ret_db, f->error, sizeof f->error);
}

static inline int64_t count(cv_db_t *db, const char *sql)
{
    cv_stmt_t *stmt;
    assert_int_equal(cv_db_prepare(db, sql, &stmt), CV_OK);
    assert_int_equal(cv_stmt_step(stmt), 1);
    int64_t n = cv_stmt_get_int(stmt, 0);
    cv_stmt_reset(stmt);
    return n;
}

#endif
