/* test_frames: several messages back to back in one frame: where each ends, and what a follower makes of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/follower.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- where a message ends ------------------------------------------------------------------ */

#define VALUE(text)              \
    {                            \
        "" text, sizeof text - 1 \
    }
static const cv_str_t VALUES[] = {
    VALUE("\x00"),
    VALUE("\x7f"),
    VALUE("\xe0"),
    VALUE("\xff"),
    VALUE("\xc0"),
    VALUE("\xc2"),
    VALUE("\xc3"),
    VALUE("\x80"),
    VALUE("\x81\xa1k\x05"),
    VALUE("\x90"),
    VALUE("\x93\x01\x92\xa1x\xc0\x03"),
    VALUE("\xa0"),
    VALUE("\xa3"
          "abc"),
    VALUE("\xc4\x00"),
    VALUE("\xc4\x02\xc1\xc1"),
    VALUE("\xc5\x00\x01z"),
    VALUE("\xc6\x00\x00\x00\x02zz"),
    VALUE("\xc7\x02\x05zz"),
    VALUE("\xc7\x00\x05"),
    VALUE("\xc8\x00\x01\x05z"),
    VALUE("\xc9\x00\x00\x00\x01\x05z"),
    VALUE("\xca\x01\x02\x03\x04"),
    VALUE("\xcb\x01\x02\x03\x04\x05\x06\x07\x08"),
    VALUE("\xcc\xff"),
    VALUE("\xcd\xff\xff"),
    VALUE("\xce\xff\xff\xff\xff"),
    VALUE("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
    VALUE("\xd0\xff"),
    VALUE("\xd1\xff\xff"),
    VALUE("\xd2\xff\xff\xff\xff"),
    VALUE("\xd3\xff\xff\xff\xff\xff\xff\xff\xff"),
    VALUE("\xd4\x05"
          "1"),
    VALUE("\xd5\x05"
          "12"),
    VALUE("\xd6\x05"
          "1234"),
    VALUE("\xd7\x05"
          "12345678"),
    VALUE("\xd8\x05"
          "1234567890123456"),
    VALUE("\xd9\x01s"),
    VALUE("\xda\x00\x01s"),
    VALUE("\xdb\x00\x00\x00\x01s"),
    VALUE("\xdc\x00\x02\x01\x02"),
    VALUE("\xdd\x00\x00\x00\x01\x90"),
    VALUE("\xde\x00\x01\x01\x81\x02\x03"),
    VALUE("\xdf\x00\x00\x00\x01\x01\x02"),
};
enum { VALUES_N = sizeof VALUES / sizeof *VALUES };

static void every_kind_of_value(void **state)
{
    (void)state;
    char frame[4096];
    size_t len = 0;
    for (size_t i = 0; i < VALUES_N; i++) {
        memcpy(frame + len, VALUES[i].ptr, VALUES[i].len);
        len += VALUES[i].len;
    }
    cv_str_t rest = {frame, len}, message;
    for (size_t i = 0; i < VALUES_N; i++) {
        assert_true(cv_wire_next(&rest, &message));
        assert_true(cv_str_equal(message, VALUES[i]));
    }
    assert_int_equal(rest.len, 0);
    assert_false(cv_wire_next(&rest, &message));
}

/* On memory of exactly that length, so that the sanitizer sees who reads on. */
static bool next_of(const char *octets, size_t len)
{
    char *exact = malloc(len ? len : 1);
    memcpy(exact, octets, len);
    cv_str_t rest = {exact, len}, message = {"untouched", 9};
    bool is = cv_wire_next(&rest, &message);
    if (!is) {
        assert_true(rest.ptr == exact && rest.len == len);
        assert_true(cv_str_is(message, "untouched"));
    }
    free(exact);
    return is;
}

static void what_is_cut_off(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALUES_N; i++)
        for (size_t len = 0; len <= VALUES[i].len; len++)
            assert_int_equal(next_of(VALUES[i].ptr, len), len == VALUES[i].len);
    static const cv_str_t wrong[] = {
        VALUE("\xc1"),
        VALUE("\x92\x01\xc1"),
        VALUE("\xdd\xff\xff\xff\xff\x01"),
        VALUE("\xdf\xff\xff\xff\xff\x01\x02"),
        VALUE("\xdb\xff\xff\xff\xffs"),
        VALUE("\xc6\xff\xff\xff\xff"),
        VALUE("\xc9\xff\xff\xff\xff\x05"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(next_of(wrong[i].ptr, wrong[i].len));
}

/* Nesting takes no memory and each octet is looked at once. */
static void deeply_nested(void **state)
{
    (void)state;
    char *frame = malloc(CV_MAX_FRAME);
    memset(frame, 0x91, CV_MAX_FRAME); /* an array of an array of ... */
    assert_false(next_of(frame, CV_MAX_FRAME));
    frame[CV_MAX_FRAME - 1] = 1;
    assert_true(next_of(frame, CV_MAX_FRAME));
    free(frame);
}

/* ---- a follower ----------------------------------------------------------------------------- */

enum { RECORDS = 12 };

typedef struct {
    cv_follower_t *follower;
    unsigned questions;
    char log[RECORDS + 1][8]; /* log[n]: record n, a MessagePack text */
    cv_position_t at[RECORDS + 1];
    char applied[256];
    int64_t now;
} fixture_t;

static void on_ask(void *self, cv_str_t message)
{
    (void)message;
    ((fixture_t *)self)->questions++;
}

/* A follower that stands at record n, with its first question asked. */
static void stand_at(fixture_t *f, size_t n)
{
    cv_follower_destroy(&f->follower);
    f->follower = cv_follower_new("toy.events", &f->at[n], on_ask, f);
    cv_follower_tick(f->follower, f->now);
    f->questions = 0;
    f->applied[0] = '\0';
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->now = 10000;
    memset(f->at[0].epoch, 0xe1, CV_EPOCH_LEN);
    for (unsigned n = 1; n <= RECORDS; n++) {
        snprintf(f->log[n], sizeof f->log[n], "\xa2%02u", n);
        f->at[n] = f->at[n - 1];
        f->at[n].seq = n;
        cv_chain_next(f->at[n - 1].chain, cv_str(f->log[n]), f->at[n].chain);
    }
    stand_at(f, 0);
    *state = f;
    return 0;
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_follower_destroy(&f->follower);
    free(f);
    return 0;
}

/* Records first to last in one frame, and `more` behind them. */
static void feed_with(fixture_t *f, unsigned first, unsigned last, const char *more)
{
    char frame[256];
    size_t len = 0;
    for (unsigned n = first; n <= last; n++)
        len += (size_t)snprintf(frame + len, sizeof frame - len, "%s", f->log[n]);
    len += (size_t)snprintf(frame + len, sizeof frame - len, "%s", more);
    char *exact = malloc(len);
    memcpy(exact, frame, len);
    cv_follower_feed_frame(f->follower, &f->at[first], (cv_str_t){exact, len}, f->now);
    free(exact);
}

static void feed(fixture_t *f, unsigned first, unsigned last)
{
    feed_with(f, first, last, "");
}

static void expect(fixture_t *f, const char *applied)
{
    cv_str_t record;
    cv_position_t position;
    while (cv_follower_next(f->follower, &record, &position)) {
        size_t len = strlen(f->applied);
        assert_memory_equal(&position, &f->at[position.seq], sizeof position);
        snprintf(f->applied + len, sizeof f->applied - len, "%.*s ", (int)record.len - 1, record.ptr + 1);
        cv_follower_applied(f->follower);
    }
    cv_follower_committed(f->follower);
    assert_string_equal(f->applied, applied);
}

static bool asks(fixture_t *f)
{
    f->now += CV_FOLLOW_RETRY_MS + 1; /* the first question is forgotten by then */
    cv_follower_tick(f->follower, f->now);
    bool yes = f->questions > 0;
    f->questions = 0;
    return yes;
}

static void in_order(void **state)
{
    fixture_t *f = *state;
    feed(f, 1, 3);
    feed(f, 4, 4);
    feed(f, 5, 7);
    expect(f, "01 02 03 04 05 06 07 ");
}

static void overlapping_and_repeated(void **state)
{
    fixture_t *f = *state;
    feed(f, 1, 4);
    feed(f, 2, 6);
    feed(f, 1, 6);
    feed(f, 6, 8);
    feed(f, 8, 8);
    expect(f, "01 02 03 04 05 06 07 08 ");
}

/* Frames that came too early wait as records; what fills the hole brings them all. */
static void out_of_order(void **state)
{
    fixture_t *f = *state;
    feed(f, 8, 10);
    feed(f, 4, 6);
    expect(f, "");
    feed(f, 1, 2);
    expect(f, "01 02 ");
    feed(f, 2, 5); /* meets what waits in the middle */
    expect(f, "01 02 03 04 05 06 ");
    feed(f, 5, 7);
    expect(f, "01 02 03 04 05 06 07 08 09 10 ");
    assert_int_equal(cv_follower_head(f->follower), 10);
}

/* Behind what cannot be told apart there may have been more: the head says so and it is fetched. */
static void rubbish_behind(void **state)
{
    fixture_t *f = *state;
    feed_with(f, 1, 2,
              "\xc1\xa2"
              "03");
    expect(f, "01 02 ");
    cv_follower_feed_frame(f->follower, &f->at[3],
                           CV_STR("\xa5"
                                  "03"),
                           f->now); /* not even one */
    expect(f, "01 02 ");
    assert_int_equal(cv_follower_head(f->follower), 3); /* but it is known to exist */
    assert_true(asks(f));
}

/* One in the middle is another record: none of it is applied as if it were ours, or the chain would never fit again. */
static void another_history(void **state)
{
    fixture_t *f = *state;
    feed(f, 1, 3);
    expect(f, "01 02 03 ");
    assert_true(asks(f));
    char other[] = "\xa2"
                   "02\xa2"
                   "33\xa2"
                   "04\xa2"
                   "05"; /* from 2 on */
    cv_follower_feed_frame(f->follower, &f->at[2], cv_str(other), f->now);
    expect(f, "01 02 03 ");
    assert_true(asks(f));
}

static void longer_than_a_record_may_be(void **state)
{
    fixture_t *f = *state;
    size_t len = CV_MAX_RECORD + 1;
    char *frame = malloc(4 + len);
    memcpy(frame, f->log[1], 3);
    frame[3] = (char)0xc6; /* 5 octets of header */
    const uint8_t octets[4] = {0, (uint8_t)((len - 5) >> 16), (uint8_t)((len - 5) >> 8), (uint8_t)(len - 5)};
    memcpy(frame + 4, octets, 4);
    memset(frame + 8, 'x', len - 5);
    cv_follower_feed_frame(f->follower, &f->at[1], (cv_str_t){frame, 3 + len}, f->now);
    expect(f, "01 ");
    cv_follower_feed_frame(f->follower, &f->at[2], (cv_str_t){frame + 3, len}, f->now);
    expect(f, "01 ");
    free(frame);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_value),
        cmocka_unit_test(what_is_cut_off),
        cmocka_unit_test(deeply_nested),
        T(in_order),
        T(overlapping_and_repeated),
        T(out_of_order),
        T(rubbish_behind),
        T(another_history),
        T(longer_than_a_record_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
