/* zone_folder: a tz database of our own ($TZDIR), whose zones change when a test says so.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_ZONE_FOLDER_H
#define TESTS_ZONE_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char zone_folder[64];

static inline void zone_put(FILE *file, uint64_t value, int octets)
{
    for (int i = octets - 1; i >= 0; --i)
        fputc((int)(value >> (8 * i) & 255), file);
}

static inline void zone_block(FILE *file, int time_octets, int64_t at_s, int before_h, int after_h)
{
    const uint32_t counts[] = {0, 0, 0, at_s ? 1 : 0, 2, 4}; /* isut, isstd, leap, time, type, char */
    fwrite("TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 1, 20, file);
    for (size_t i = 0; i < 6; ++i)
        zone_put(file, counts[i], 4);
    if (at_s) {
        zone_put(file, (uint64_t)at_s, time_octets);
        zone_put(file, 1, 1);
    }
    zone_put(file, (uint64_t)(int64_t)(before_h * 3600), 4);
    zone_put(file, 0, 2);
    zone_put(file, (uint64_t)(int64_t)(after_h * 3600), 4);
    zone_put(file, 0, 2);
    fwrite("+00", 1, 4, file);
}

/* "Asia/Almaty": whole hours ahead of UTC before at_s and from then on; at_s 0: always after_h. In one step, so that
 * nobody reads half a file. */
static inline void zone_write(const char *zone, int before_h, int64_t at_s, int after_h)
{
    char path[160], made[192], name[80];
    snprintf(name, sizeof name, "%s", zone);
    if (!zone_folder[0]) {
        snprintf(zone_folder, sizeof zone_folder, "/tmp/test-zones-XXXXXX");
        assert_non_null(mkdtemp(zone_folder));
        assert_int_equal(setenv("TZDIR", zone_folder, 1), 0);
    }
    char *slash = strchr(name, '/');
    if (slash) {
        *slash = '\0';
        snprintf(path, sizeof path, "%s/%s", zone_folder, name);
        (void)mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s/%s", zone_folder, zone);
    snprintf(made, sizeof made, "%s.new", path);
    FILE *file = fopen(made, "wb");
    assert_non_null(file);
    zone_block(file, 4, at_s, before_h, after_h);
    zone_block(file, 8, at_s, before_h, after_h);
    fprintf(file, "\n<+%02d>-%d\n", after_h, after_h);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(rename(made, path), 0);
}

/* There is no such zone any more. */
static inline void zone_drop(const char *zone)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", zone_folder, zone);
    (void)unlink(path);
}

static inline void zone_folder_drop(const char *const *zones, size_t n)
{
    char path[160];
    for (size_t i = 0; i < n; ++i) {
        zone_drop(zones[i]);
        snprintf(path, sizeof path, "%s/%.*s", zone_folder, (int)strcspn(zones[i], "/"), zones[i]);
        (void)rmdir(path);
    }
    (void)rmdir(zone_folder);
    unsetenv("TZDIR");
    zone_folder[0] = '\0';
}

#endif
