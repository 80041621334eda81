/* crash_vfs: a disk in memory for SQLite that can lose power, run full and fail at the n-th write or sync.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   crash_disk_t *disk = crash_disk_new(seed);
 *   cv_db_options_t options = {.path = crash_disk_path(disk, "toy.db"), .vfs = CRASH_VFS, ...};
 *   ...
 *   crash_disk_off(disk);                       from now on every access fails: the process is as good as dead
 *   cv_db_abandon(&db);
 *   crash_disk_on(disk, CRASH_TEAR);            what was not synced is lost, kept or torn
 */
#ifndef CONVENE_TESTS_CRASH_VFS_H
#define CONVENE_TESTS_CRASH_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_VFS "crash" /* name of the VFS, registered by the first crash_disk_new */

typedef struct crash_disk crash_disk_t;

typedef enum {
    CRASH_KEEP, /* the process died, the system did not: all writes are there */
    CRASH_DROP, /* only what was synced */
    CRASH_TEAR, /* of every write that was not synced any sectors, in any order */
} crash_kind_t;

typedef enum { CRASH_WRITE, CRASH_SYNC, CRASH_ANY } crash_op_t;
typedef enum {
    CRASH_IOERR, /* this one access fails, or all from here on */
    CRASH_FULL,
    CRASH_POWER, /* the disk goes off before this access */
} crash_fault_t;

/* Called before and after the disk takes memory for itself, for tests that let memory run out. NULL: not. */
extern void (*crash_vfs_own_memory)(bool begin);

crash_disk_t *crash_disk_new(uint64_t seed);
void crash_disk_destroy(crash_disk_t **disk);
/* A path on this disk; valid until the next call with the same disk. */
const char *crash_disk_path(crash_disk_t *disk, const char *name);

void crash_disk_off(crash_disk_t *disk);
bool crash_disk_is_off(const crash_disk_t *disk);
/* Files must be closed. Applies the loss if the disk was off. */
void crash_disk_on(crash_disk_t *disk, crash_kind_t kind);

/* The n-th operation of this kind from now on (1: the next) fails. n 0: none. */
void crash_disk_fail(crash_disk_t *disk, crash_op_t op, uint64_t n, crash_fault_t fault, bool for_ever);
bool crash_disk_has_failed(const crash_disk_t *disk); /* the fault set above was met */
/* Octets all files may have together; 0: no limit. */
void crash_disk_limit(crash_disk_t *disk, size_t octets);
size_t crash_disk_used(const crash_disk_t *disk);
uint64_t crash_disk_syncs(const crash_disk_t *disk);

/* A copy of all files as a person makes it with cp while nothing runs; put back later. */
crash_disk_t *crash_disk_copy(const crash_disk_t *disk);
void crash_disk_put_back(crash_disk_t *disk, const crash_disk_t *copy);
/* Direct access to one file, for damage. NULL: no such file. */
uint8_t *crash_disk_bytes(crash_disk_t *disk, const char *name, size_t *ret_len);

#endif
