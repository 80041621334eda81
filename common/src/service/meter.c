/* meter: how much each principal may ask for, and when one that asked for too much may come again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A bucket per principal and name fills with `rate` units a second, up to CV_METER_BURST_S seconds' worth. A unit is
 * taken from it for each message. When it is empty:
 *
 *   refused   a second bucket, filling with CV_METER_ANSWERS a second, still has something: the sender is told, and
 *             when to come again. Each one refused is given a place of its own behind those refused before, as far
 *             apart as the rate allows. So a program that was too fast and keeps to what it is told is spread over
 *             time, and does not come back with everything at once
 *   ignored   that one is empty too: nothing is read and nothing answered. What a flood costs is taking it off the
 *             socket
 *
 * Answers that are large are charged afterwards: the bucket goes below zero, and nothing is granted until it is filled.
 *
 * Names come from certificates, so there are as many as there are files; a table that is nevertheless full (names that
 * came and went for years) is emptied: everybody then begins with a full bucket.
 *
 * Deterministic: time comes in; with the same inputs the same verdicts. Counted in thousandths of a unit, in whole
 * numbers.
 */
#include "service/meter.h"

#include "convene/principal.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 8192, /* a power of 2 */
    USED_MOST = SLOTS / 2,
    UNIT = 1000,
};

typedef struct {
    char name[CV_NAME_MAX + 1]; /* "": the slot is free */
    int64_t at_ms;              /* when both credits were last counted up */
    int64_t credit, answers;    /* thousandths of a unit */
    int64_t place_us;           /* when the last one refused was told to come again */
} bucket_t;

struct cv_meter {
    size_t used;
    bucket_t *last; /* the same principal mostly sends many in a row */
    bucket_t slots[SLOTS];
};

cv_meter_t *cv_meter_new(void)
{
    return calloc(1, sizeof(cv_meter_t));
}

void cv_meter_destroy(cv_meter_t **meter)
{
    free(*meter);
    *meter = NULL;
}

static size_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return hash % SLOTS;
}

/* The bucket of this name, or the free slot where it would be. */
static bucket_t *find(cv_meter_t *meter, const char *name)
{
    if (meter->last && !strcmp(meter->last->name, name))
        return meter->last;
    size_t at = hash_of(name);
    while (meter->slots[at].name[0] && strcmp(meter->slots[at].name, name) != 0)
        at = (at + 1) % SLOTS;
    return &meter->slots[at];
}

static int64_t burst_of(int64_t rate)
{
    int64_t burst = rate * CV_METER_BURST_S;
    return (burst > CV_METER_BURST_LEAST ? burst : CV_METER_BURST_LEAST) * UNIT;
}

/* A pause is counted up to what fills any bucket, debts included, so that no product overflows. */
static int64_t filled(int64_t credit, int64_t rate, int64_t passed_ms)
{
    int64_t most = burst_of(rate), missing_ms = (most - credit) / rate + 1;
    return passed_ms >= missing_ms ? most : credit + passed_ms * rate;
}

static bucket_t *bucket_of(cv_meter_t *meter, const char *name, int64_t rate, int64_t mono_ms)
{
    bucket_t *bucket = find(meter, name);
    if (!bucket->name[0]) {
        if (meter->used == USED_MOST) {
            memset(meter->slots, 0, sizeof meter->slots);
            meter->used = 0;
            bucket = &meter->slots[hash_of(name)];
        }
        meter->used++;
        (void)!cv_str_copy(cv_str(name), bucket->name, sizeof bucket->name);
        bucket->at_ms = mono_ms;
        bucket->credit = burst_of(rate);
        bucket->answers = burst_of(CV_METER_ANSWERS);
        bucket->place_us = 0;
    }
    meter->last = bucket;
    if (mono_ms > bucket->at_ms) {
        bucket->credit = filled(bucket->credit, rate, mono_ms - bucket->at_ms);
        bucket->answers = filled(bucket->answers, CV_METER_ANSWERS, mono_ms - bucket->at_ms);
        bucket->at_ms = mono_ms;
    }
    return bucket;
}

/* A place behind those refused before, not earlier than the bucket has something again. */
static int64_t again_ms(bucket_t *bucket, int64_t rate, int64_t mono_ms)
{
    int64_t now_us = mono_ms * 1000, owed_us = (UNIT - bucket->credit) * 1000 / rate;
    int64_t place_us = bucket->place_us + 1000000 / rate;
    if (place_us < now_us + owed_us)
        place_us = now_us + owed_us;
    if (place_us > now_us + CV_METER_AGAIN_MOST_MS * 1000)
        place_us = now_us + CV_METER_AGAIN_MOST_MS * 1000;
    bucket->place_us = place_us;
    int64_t ms = (place_us - now_us) / 1000 + 1;
    return ms < CV_METER_AGAIN_LEAST_MS  ? CV_METER_AGAIN_LEAST_MS
           : ms > CV_METER_AGAIN_MOST_MS ? CV_METER_AGAIN_MOST_MS
                                         : ms;
}

cv_meter_verdict_t cv_meter_take(cv_meter_t *meter, const char *name, int64_t rate, int64_t mono_ms,
                                 int64_t *ret_again_ms)
{
    if (rate <= 0)
        return CV_METER_GRANTED;
    bucket_t *bucket = bucket_of(meter, name, rate, mono_ms);
    if (bucket->credit >= UNIT) {
        bucket->credit -= UNIT;
        return CV_METER_GRANTED;
    }
    if (bucket->answers < UNIT)
        return CV_METER_IGNORED;
    bucket->answers -= UNIT;
    *ret_again_ms = again_ms(bucket, rate, mono_ms);
    return CV_METER_REFUSED;
}

void cv_meter_charge(cv_meter_t *meter, const char *name, int64_t units)
{
    bucket_t *bucket = find(meter, name);
    if (bucket->name[0])
        bucket->credit -= units * UNIT;
}
