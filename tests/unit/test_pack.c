/* test_pack: the same octets as msgpack-c's packer writes, at every boundary, and nothing beyond the buffer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "wire/pack.h"

#include <msgpack.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 70000 };

typedef struct {
    cv_buf_t ours, theirs;
    msgpack_packer packer;
} fixture_t;

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    cv_buf_init(&f->ours, 1 << 20);
    cv_buf_init(&f->theirs, 1 << 20);
    msgpack_packer_init(&f->packer, &f->theirs, cv_buf_pack);
    *state = f;
    return 0;
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_buf_done(&f->ours);
    cv_buf_done(&f->theirs);
    free(f);
    return 0;
}

static void expect_same(fixture_t *f)
{
    assert_int_equal(f->ours.rc, CV_OK);
    assert_int_equal(f->ours.len, f->theirs.len);
    assert_memory_equal(f->ours.ptr, f->theirs.ptr, f->ours.len);
    cv_buf_clear(&f->ours);
    cv_buf_clear(&f->theirs);
}

static void integers(void **state)
{
    fixture_t *f = *state;
    static const int64_t around[] = {0,     -32,      127,       128,       255,       256,       65535,
                                     65536, INT8_MIN, INT16_MIN, INT32_MIN, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++)
        for (int64_t n = around[i] - 2; n <= around[i] + 2; n++) {
            cv_pack_int(&f->ours, n);
            msgpack_pack_int64(&f->packer, n);
            expect_same(f);
        }
    cv_pack_int(&f->ours, INT64_MAX);
    cv_pack_int(&f->ours, INT64_MIN);
    msgpack_pack_int64(&f->packer, INT64_MAX);
    msgpack_pack_int64(&f->packer, INT64_MIN);
    expect_same(f);
    cv_pack_bool(&f->ours, true);
    cv_pack_bool(&f->ours, false);
    msgpack_pack_true(&f->packer);
    msgpack_pack_false(&f->packer);
    expect_same(f);
}

static void lengths(void **state)
{
    fixture_t *f = *state;
    static const size_t around[] = {0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536, MAX};
    char *octets = malloc(MAX);
    memset(octets, 'o', MAX);
    for (size_t i = 0; i < sizeof around / sizeof *around; i++) {
        size_t n = around[i];
        cv_pack_text(&f->ours, octets, n);
        msgpack_pack_str(&f->packer, n);
        msgpack_pack_str_body(&f->packer, octets, n);
        expect_same(f);
        cv_pack_bin(&f->ours, (cv_str_t){octets, n});
        msgpack_pack_bin(&f->packer, n);
        msgpack_pack_bin_body(&f->packer, octets, n);
        expect_same(f);
        cv_pack_array(&f->ours, n);
        cv_pack_map(&f->ours, n);
        msgpack_pack_array(&f->packer, n);
        msgpack_pack_map(&f->packer, n);
        expect_same(f);
    }
    free(octets);
}

/* In a buffer of any size up to what is needed: an error that sticks, or the whole. */
static void no_room(void **state)
{
    fixture_t *f = *state;
    for (size_t max = 0; max <= 100; max++) {
        cv_buf_t small;
        cv_buf_init(&small, max);
        cv_pack_map(&small, 3);
        cv_pack_text(&small, "key", 3);
        cv_pack_int(&small, 1234567890123);
        cv_pack_text(&small, "a text of more than thirty-one octets", 37);
        cv_pack_bin(&small, CV_STR("bin"));
        cv_pack_bool(&small, true);
        size_t needed = 1 + 4 + 9 + 2 + 37 + 2 + 3 + 1;
        assert_int_equal(small.rc, max < needed ? CV_ELIMIT : CV_OK);
        assert_true(small.len <= max);
        if (max >= needed)
            assert_int_equal(small.len, needed);
        cv_buf_done(&small);
    }
    (void)f;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {T(integers), T(lengths), T(no_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
