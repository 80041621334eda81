/* test_parcels: what a turn publishes, in few frames: complete, in order, each record at its place.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "service/parcels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    cv_parcels_t *parcels;
    char sent[8192]; /* "topic@sequence=messages;", "topic=messages;" for outcomes; of long ones their length */
    size_t len, frames_n;
} fixture_t;

static void on_send(void *self, cv_str_t topic, const cv_position_t *position, cv_str_t messages)
{
    fixture_t *f = self;
    char at[32] = "";
    f->frames_n++;
    if (position)
        snprintf(at, sizeof at, "@%llu", (unsigned long long)position->seq);
    int n = messages.len > 100 ? snprintf(f->sent + f->len, sizeof f->sent - f->len, "%.*s%s=%zu;", CV_STR_ARG(topic),
                                          at, messages.len)
                               : snprintf(f->sent + f->len, sizeof f->sent - f->len, "%.*s%s=%.*s;", CV_STR_ARG(topic),
                                          at, CV_STR_ARG(messages));
    f->len += (size_t)n;
}

static int start(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    f->parcels = cv_parcels_new(on_send, f);
    *state = f;
    return f->parcels ? 0 : -1;
}

static int end(void **state)
{
    fixture_t *f = *state;
    cv_parcels_destroy(&f->parcels);
    cv_parcels_destroy(&f->parcels); /* harmless */
    free(f);
    return 0;
}

static void outcome(fixture_t *f, const char *topic, const char *message)
{
    cv_parcels_put(f->parcels, cv_str(topic), NULL, cv_str(message));
}

static void record(fixture_t *f, const char *topic, uint64_t seq, const char *message)
{
    cv_position_t position = {.seq = seq};
    cv_parcels_put(f->parcels, cv_str(topic), &position, cv_str(message));
}

static void expect(fixture_t *f, const char *sent)
{
    assert_string_equal(f->sent, sent);
    f->len = f->frames_n = 0;
    f->sent[0] = '\0';
}

static void one_frame_per_topic(void **state)
{
    fixture_t *f = *state;
    record(f, "events|", 5, "a");
    outcome(f, "outcome.x.1|", "A");
    record(f, "events|", 6, "b");
    outcome(f, "outcome.y.1|", "B");
    outcome(f, "outcome.x.1|", "C");
    record(f, "others|", 1, "c");
    expect(f, "");
    cv_parcels_flush(f->parcels);
    expect(f, "outcome.x.1|=AC;outcome.y.1|=B;events|@5=ab;others|@1=c;");
    cv_parcels_flush(f->parcels);
    expect(f, "");
    record(f, "events|", 7, "d"); /* the next turn */
    cv_parcels_flush(f->parcels);
    expect(f, "events|@7=d;");
}

/* A parcel says only where its first record stands, so what does not follow it begins another. */
static void records_that_do_not_follow(void **state)
{
    fixture_t *f = *state;
    record(f, "events|", 5, "a");
    record(f, "events|", 7, "b");
    record(f, "events|", 8, "c");
    record(f, "events|", 8, "d");
    cv_parcels_flush(f->parcels);
    expect(f, "events|@5=a;events|@7=bc;events|@8=d;");
    cv_position_t old = {.epoch = {1}, .seq = 1}, new = {.epoch = {2}, .seq = 2};
    cv_parcels_put(f->parcels, CV_STR("events|"), &old, CV_STR("a"));
    cv_parcels_put(f->parcels, CV_STR("events|"), &new, CV_STR("b"));
    cv_parcels_flush(f->parcels);
    expect(f, "events|@1=a;events|@2=b;");
}

static void as_long_as_it_may_be(void **state)
{
    fixture_t *f = *state;
    static char half[CV_PARCEL_BYTES / 2 + 1], whole[CV_PARCEL_BYTES + 1], longer[CV_PARCEL_BYTES + 2];
    memset(half, 'h', sizeof half - 1);
    memset(whole, 'w', sizeof whole - 1);
    memset(longer, 'l', sizeof longer - 1);
    record(f, "events|", 1, half);
    record(f, "events|", 2, half);
    expect(f, ""); /* fits exactly */
    record(f, "events|", 3, "x");
    expect(f, "events|@1=65536;");
    record(f, "events|", 4, whole); /* not with the one before it */
    expect(f, "events|@3=x;");
    record(f, "events|", 5, longer); /* by itself, behind what came before it */
    expect(f, "events|@4=65536;events|@5=65537;");
    record(f, "events|", 6, "y");
    outcome(f, "outcome.x.1|", "A");
    outcome(f, "outcome.x.1|", longer);
    outcome(f, "outcome.x.1|", "B");
    cv_parcels_flush(f->parcels);
    expect(f, "outcome.x.1|=A;outcome.x.1|=65537;outcome.x.1|=B;events|@6=y;");
}

static void many_topics(void **state)
{
    fixture_t *f = *state;
    char topic[32], all[8192] = "";
    size_t len = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CV_PARCELS_OPEN; i++) {
            snprintf(topic, sizeof topic, "outcome.%d|", i);
            outcome(f, topic, "A");
            outcome(f, topic, "B");
            len += (size_t)snprintf(all + len, sizeof all - len, "%s=AB;", topic);
        }
    }
    assert_int_equal(f->frames_n, 0); /* as many as can be open, in every round the same */
    cv_parcels_flush(f->parcels);
    assert_int_equal(f->frames_n, CV_PARCELS_OPEN);
    f->len = f->frames_n = 0;

    len = 0;
    for (int i = 0; i < 2 * CV_PARCELS_OPEN + 1; i++) {
        snprintf(topic, sizeof topic, "outcome.%d|", i);
        outcome(f, topic, "A");
        assert_int_equal(f->frames_n, i / CV_PARCELS_OPEN * CV_PARCELS_OPEN); /* one too many: all go */
        len += (size_t)snprintf(all + len, sizeof all - len, "%s=A;", topic);
    }
    cv_parcels_flush(f->parcels);
    expect(f, all);
}

static void topic_that_is_too_long(void **state)
{
    fixture_t *f = *state;
    char topic[CV_MAX_TOPIC + 2];
    memset(topic, 't', sizeof topic);
    cv_parcels_put(f->parcels, (cv_str_t){topic, CV_MAX_TOPIC + 1}, NULL, CV_STR("A"));
    cv_parcels_flush(f->parcels);
    expect(f, "");
    cv_parcels_put(f->parcels, (cv_str_t){topic, CV_MAX_TOPIC}, NULL, CV_STR("A"));
    cv_parcels_flush(f->parcels);
    assert_int_equal(f->frames_n, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        T(one_frame_per_topic), T(records_that_do_not_follow), T(as_long_as_it_may_be),
        T(many_topics),         T(topic_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
