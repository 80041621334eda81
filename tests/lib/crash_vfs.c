/* crash_vfs: a disk in memory for SQLite that can lose power, run full and fail at the n-th write or sync.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every file has two images: `now`, what the running process reads, and `safe`, what the platter has. A write changes
 * `now` and is remembered; a sync applies what is remembered to `safe`. When power fails, each remembered write is cut
 * into sectors of 512 octets and any of them may have reached the platter or not; `now` becomes `safe`.
 *
 * Model: creating, deleting and growing are durable at once as names, but octets never synced read as zero. Octets
 * outside of a write are never harmed (SQLITE_IOCAP_POWERSAFE_OVERWRITE, as the real VFS of Unix says of itself).
 * Locks always succeed: one process, locking_mode = EXCLUSIVE; there is no shared memory.
 */
#include "crash_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 8, NAME_MAX_LEN = 64, SECTOR = 512, DISKS_MAX = 64 };

typedef struct {
    size_t at, len;
    uint8_t *bytes; /* NULL: a truncation to `at` */
} write_t;

typedef struct {
    uint8_t *ptr;
    size_t len, room;
} image_t;

typedef struct {
    char name[NAME_MAX_LEN];
    bool exists;
    image_t now, safe;
    write_t *writes;
    size_t writes_n, writes_room;
} file_t;

struct crash_disk {
    unsigned number;
    uint64_t random;
    bool off;
    file_t files[FILES_MAX];
    size_t limit;
    uint64_t fail_in, syncs;
    crash_op_t fail_op;
    crash_fault_t fault;
    bool for_ever, failed;
    char path[NAME_MAX_LEN + 16];
};

typedef struct {
    sqlite3_file base;
    crash_disk_t *disk; /* NULL: a temporary file of its own */
    file_t *file;
    bool delete_on_close;
} open_file_t;

static crash_disk_t *s_disks[DISKS_MAX];
static sqlite3_vfs s_vfs;

static uint64_t draw(crash_disk_t *disk)
{
    disk->random ^= disk->random << 13;
    disk->random ^= disk->random >> 7;
    disk->random ^= disk->random << 17;
    return disk->random * UINT64_C(2685821657736338717) >> 16;
}

void (*crash_vfs_own_memory)(bool begin);

/* Memory of the test itself: must not fail, and does not count as memory of the code under test. */
static void *grow(void *memory, size_t size)
{
    if (crash_vfs_own_memory)
        crash_vfs_own_memory(true);
    memory = realloc(memory, size);
    if (crash_vfs_own_memory)
        crash_vfs_own_memory(false);
    if (!memory)
        abort();
    return memory;
}

static void *make(size_t size)
{
    return memset(grow(NULL, size), 0, size);
}

static void image_resize(image_t *image, size_t len)
{
    if (len > image->room) {
        image->room = len * 2;
        image->ptr = grow(image->ptr, image->room);
    }
    if (len > image->len)
        memset(image->ptr + image->len, 0, len - image->len);
    image->len = len;
}

static void image_write(image_t *image, size_t at, const uint8_t *bytes, size_t len)
{
    if (!len)
        return;
    if (at + len > image->len)
        image_resize(image, at + len);
    memcpy(image->ptr + at, bytes, len);
}

static void image_copy(image_t *to, const image_t *from)
{
    image_resize(to, 0);
    image_write(to, 0, from->ptr, from->len);
}

static void remember(file_t *file, size_t at, const uint8_t *bytes, size_t len)
{
    if (file->writes_n == file->writes_room) {
        file->writes_room = file->writes_room ? file->writes_room * 2 : 64;
        file->writes = grow(file->writes, file->writes_room * sizeof *file->writes);
    }
    write_t *w = &file->writes[file->writes_n++];
    *w = (write_t){.at = at, .len = len};
    if (bytes) {
        w->bytes = grow(NULL, len ? len : 1);
        memcpy(w->bytes, bytes, len);
    }
}

static void forget_writes(file_t *file)
{
    for (size_t i = 0; i < file->writes_n; i++)
        free(file->writes[i].bytes);
    file->writes_n = 0;
}

static void apply_writes(file_t *file)
{
    for (size_t i = 0; i < file->writes_n; i++) {
        const write_t *w = &file->writes[i];
        if (w->bytes)
            image_write(&file->safe, w->at, w->bytes, w->len);
        else
            image_resize(&file->safe, w->at);
    }
    forget_writes(file);
}

static void tear_writes(crash_disk_t *disk, file_t *file)
{
    unsigned chance = (unsigned)(draw(disk) % 5); /* of 4: how much of it got through */
    for (size_t i = 0; i < file->writes_n; i++) {
        const write_t *w = &file->writes[i];
        if (!w->bytes) {
            if (draw(disk) % 4 < chance)
                image_resize(&file->safe, w->at);
            continue;
        }
        for (size_t done = 0; done < w->len;) {
            size_t piece = SECTOR - (w->at + done) % SECTOR;
            if (piece > w->len - done)
                piece = w->len - done;
            if (draw(disk) % 4 < chance)
                image_write(&file->safe, w->at + done, w->bytes + done, piece);
            done += piece;
        }
    }
    forget_writes(file);
}

/* ---- faults ------------------------------------------------------------------------------- */

/* SQLITE_OK, or what this access gives instead of happening. */
static int met(crash_disk_t *disk, crash_op_t op)
{
    if (!disk)
        return SQLITE_OK;
    int error = op == CRASH_SYNC ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_WRITE;
    if (disk->off)
        return error;
    if (disk->fail_in && (disk->fail_op == CRASH_ANY || disk->fail_op == op)) {
        if (disk->fail_in == 1) {
            disk->failed = true;
            if (!disk->for_ever)
                disk->fail_in = 0;
            if (disk->fault == CRASH_POWER)
                disk->off = true;
            return disk->fault == CRASH_FULL ? SQLITE_FULL : error;
        }
        disk->fail_in--;
    }
    return SQLITE_OK;
}

/* ---- methods of an open file -------------------------------------------------------------- */

static file_t *file_of(sqlite3_file *base)
{
    return ((open_file_t *)base)->file;
}

static void clear_file(file_t *file)
{
    forget_writes(file);
    free(file->now.ptr);
    free(file->safe.ptr);
    free(file->writes);
    memset(file, 0, sizeof *file);
}

static int x_close(sqlite3_file *base)
{
    open_file_t *open = (open_file_t *)base;
    if (!open->disk) {
        clear_file(open->file);
        free(open->file);
    } else if (open->delete_on_close && !open->disk->off) {
        clear_file(open->file);
    }
    return SQLITE_OK;
}

static int x_read(sqlite3_file *base, void *ret_bytes, int len, sqlite3_int64 at)
{
    open_file_t *open = (open_file_t *)base;
    const image_t *image = &open->file->now;
    if (open->disk && open->disk->off)
        return SQLITE_IOERR_READ;
    size_t there = (size_t)at < image->len ? image->len - (size_t)at : 0;
    if (there >= (size_t)len) {
        memcpy(ret_bytes, image->ptr + at, (size_t)len);
        return SQLITE_OK;
    }
    memset(ret_bytes, 0, (size_t)len);
    if (there)
        memcpy(ret_bytes, image->ptr + at, there);
    return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
    open_file_t *open = (open_file_t *)base;
    int rc = met(open->disk, CRASH_WRITE);
    if (rc)
        return rc;
    size_t end = (size_t)at + (size_t)len;
    if (open->disk && open->disk->limit && end > open->file->now.len &&
        crash_disk_used(open->disk) + (end - open->file->now.len) > open->disk->limit)
        return SQLITE_FULL;
    image_write(&open->file->now, (size_t)at, bytes, (size_t)len);
    if (open->disk)
        remember(open->file, (size_t)at, bytes, (size_t)len);
    return SQLITE_OK;
}

static int x_truncate(sqlite3_file *base, sqlite3_int64 len)
{
    open_file_t *open = (open_file_t *)base;
    int rc = met(open->disk, CRASH_WRITE);
    if (rc)
        return rc;
    image_resize(&open->file->now, (size_t)len);
    if (open->disk)
        remember(open->file, (size_t)len, NULL, 0);
    return SQLITE_OK;
}

static int x_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    open_file_t *open = (open_file_t *)base;
    int rc = met(open->disk, CRASH_SYNC);
    if (rc)
        return rc;
    if (open->disk)
        open->disk->syncs++;
    apply_writes(open->file);
    return SQLITE_OK;
}

static int x_file_size(sqlite3_file *base, sqlite3_int64 *ret_len)
{
    *ret_len = (sqlite3_int64)file_of(base)->now.len;
    return SQLITE_OK;
}

static int x_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int x_check_lock(sqlite3_file *base, int *ret_locked)
{
    (void)base;
    *ret_locked = 0;
    return SQLITE_OK;
}

static int x_file_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int x_sector_size(sqlite3_file *base)
{
    (void)base;
    return 4096;
}

static int x_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_file_size,
    .xLock = x_lock,
    .xUnlock = x_lock,
    .xCheckReservedLock = x_check_lock,
    .xFileControl = x_file_control,
    .xSectorSize = x_sector_size,
    .xDeviceCharacteristics = x_characteristics,
};

/* ---- methods of the VFS ------------------------------------------------------------------- */

/* "<number>/<name>" */
static crash_disk_t *disk_of(const char *path, const char **ret_name)
{
    char *slash;
    unsigned long number = strtoul(path, &slash, 10);
    if (*slash != '/' || number >= DISKS_MAX)
        return NULL;
    *ret_name = slash + 1;
    return s_disks[number];
}

static file_t *find(crash_disk_t *disk, const char *name, bool make)
{
    file_t *unused = NULL;
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (disk->files[i].exists && !strcmp(disk->files[i].name, name))
            return &disk->files[i];
        if (!disk->files[i].exists && !unused)
            unused = &disk->files[i];
    }
    if (!make || !unused)
        return NULL;
    snprintf(unused->name, sizeof unused->name, "%s", name);
    unused->exists = true;
    return unused;
}

static int x_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *ret_flags)
{
    (void)vfs;
    open_file_t *open = (open_file_t *)base;
    memset(open, 0, sizeof *open);
    if (ret_flags)
        *ret_flags = flags;
    if (!path) {
        open->file = make(sizeof *open->file);
        open->base.pMethods = &METHODS;
        return SQLITE_OK;
    }
    const char *name;
    crash_disk_t *disk = disk_of(path, &name);
    if (!disk || disk->off)
        return SQLITE_CANTOPEN;
    open->file = find(disk, name, flags & SQLITE_OPEN_CREATE);
    if (!open->file)
        return SQLITE_CANTOPEN;
    open->disk = disk;
    open->delete_on_close = flags & SQLITE_OPEN_DELETEONCLOSE;
    open->base.pMethods = &METHODS;
    return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    (void)vfs;
    (void)sync_directory;
    const char *name;
    crash_disk_t *disk = disk_of(path, &name);
    int rc = met(disk, CRASH_WRITE);
    if (rc)
        return SQLITE_IOERR_DELETE;
    file_t *file = disk ? find(disk, name, false) : NULL;
    if (!file)
        return SQLITE_IOERR_DELETE_NOENT;
    clear_file(file);
    return SQLITE_OK;
}

static int x_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_yes)
{
    (void)vfs;
    (void)flags;
    const char *name;
    crash_disk_t *disk = disk_of(path, &name);
    if (disk && disk->off)
        return SQLITE_IOERR_ACCESS;
    const file_t *file = disk ? find(disk, name, false) : NULL;
    *ret_yes = file && (flags != SQLITE_ACCESS_EXISTS || file->now.len > 0);
    return SQLITE_OK;
}

static int x_full_path(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
    (void)vfs;
    snprintf(ret_path, (size_t)size, "%s", path);
    return SQLITE_OK;
}

static int x_randomness(sqlite3_vfs *vfs, int len, char *ret_bytes)
{
    (void)vfs;
    for (int i = 0; i < len; i++)
        ret_bytes[i] = (char)(i * 37 + 11);
    return len;
}

static int x_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    return us;
}

static int x_time(sqlite3_vfs *vfs, double *ret_julian)
{
    (void)vfs;
    *ret_julian = 2460000.5;
    return SQLITE_OK;
}

static int x_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
    (void)vfs;
    (void)size;
    (void)ret_text;
    return 0;
}

/* ---- the disk ----------------------------------------------------------------------------- */

crash_disk_t *crash_disk_new(uint64_t seed)
{
    if (!s_vfs.zName) {
        s_vfs = (sqlite3_vfs){
            .iVersion = 1,
            .szOsFile = sizeof(open_file_t),
            .mxPathname = 256,
            .zName = CRASH_VFS,
            .xOpen = x_open,
            .xDelete = x_delete,
            .xAccess = x_access,
            .xFullPathname = x_full_path,
            .xRandomness = x_randomness,
            .xSleep = x_sleep,
            .xCurrentTime = x_time,
            .xGetLastError = x_last_error,
        };
        sqlite3_vfs_register(&s_vfs, 0);
    }
    crash_disk_t *disk = make(sizeof *disk);
    disk->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (unsigned i = 0; i < DISKS_MAX; i++) {
        if (s_disks[i])
            continue;
        s_disks[i] = disk;
        disk->number = i;
        return disk;
    }
    abort();
}

void crash_disk_destroy(crash_disk_t **disk_p)
{
    crash_disk_t *disk = *disk_p;
    if (!disk)
        return;
    for (size_t i = 0; i < FILES_MAX; i++)
        clear_file(&disk->files[i]);
    s_disks[disk->number] = NULL;
    free(disk);
    *disk_p = NULL;
}

const char *crash_disk_path(crash_disk_t *disk, const char *name)
{
    snprintf(disk->path, sizeof disk->path, "%u/%s", disk->number, name);
    return disk->path;
}

void crash_disk_off(crash_disk_t *disk)
{
    disk->off = true;
}

bool crash_disk_is_off(const crash_disk_t *disk)
{
    return disk->off;
}

void crash_disk_on(crash_disk_t *disk, crash_kind_t kind)
{
    disk->fail_in = 0;
    if (!disk->off)
        return;
    disk->off = false;
    for (size_t i = 0; i < FILES_MAX; i++) {
        file_t *file = &disk->files[i];
        if (!file->exists)
            continue;
        if (kind == CRASH_KEEP)
            apply_writes(file);
        else if (kind == CRASH_TEAR)
            tear_writes(disk, file);
        else
            forget_writes(file);
        image_copy(&file->now, &file->safe);
    }
}

void crash_disk_fail(crash_disk_t *disk, crash_op_t op, uint64_t n, crash_fault_t fault, bool for_ever)
{
    disk->fail_op = op;
    disk->fail_in = n;
    disk->fault = fault;
    disk->for_ever = for_ever;
    disk->failed = false;
}

bool crash_disk_has_failed(const crash_disk_t *disk)
{
    return disk->failed;
}

void crash_disk_limit(crash_disk_t *disk, size_t octets)
{
    disk->limit = octets;
}

size_t crash_disk_used(const crash_disk_t *disk)
{
    size_t used = 0;
    for (size_t i = 0; i < FILES_MAX; i++)
        used += disk->files[i].now.len;
    return used;
}

uint64_t crash_disk_syncs(const crash_disk_t *disk)
{
    return disk->syncs;
}

crash_disk_t *crash_disk_copy(const crash_disk_t *disk)
{
    crash_disk_t *copy = make(sizeof *copy);
    copy->number = disk->number;
    for (size_t i = 0; i < FILES_MAX; i++) {
        copy->files[i].exists = disk->files[i].exists;
        memcpy(copy->files[i].name, disk->files[i].name, NAME_MAX_LEN);
        image_copy(&copy->files[i].now, &disk->files[i].now);
        image_copy(&copy->files[i].safe, &disk->files[i].now);
    }
    /* Not in the table of disks: it cannot be opened, only put back. */
    for (unsigned i = 0; i < DISKS_MAX; i++)
        if (!s_disks[i]) {
            copy->number = i;
            s_disks[i] = copy;
            return copy;
        }
    abort();
}

void crash_disk_put_back(crash_disk_t *disk, const crash_disk_t *copy)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        clear_file(&disk->files[i]);
        disk->files[i].exists = copy->files[i].exists;
        memcpy(disk->files[i].name, copy->files[i].name, NAME_MAX_LEN);
        image_copy(&disk->files[i].now, &copy->files[i].now);
        image_copy(&disk->files[i].safe, &copy->files[i].now);
    }
}

uint8_t *crash_disk_bytes(crash_disk_t *disk, const char *name, size_t *ret_len)
{
    file_t *file = find(disk, name, false);
    if (!file)
        return NULL;
    image_copy(&file->safe, &file->now);
    *ret_len = file->now.len;
    return file->now.ptr;
}
