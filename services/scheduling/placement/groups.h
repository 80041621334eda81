/* groups: what the rules of a group count, and what a key that appears or vanishes changes of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SCHEDULING_PLACEMENT_GROUPS_H
#define SCHEDULING_PLACEMENT_GROUPS_H

#include "scheduling/placement/evaluate.h"

static inline int sch_key_of(const sch_member_t *member, int place)
{
    if (place < 0)
        return -1;
    int key = member->key[place];
    return key < 0 ? -1 : key * member->stride + member->offset;
}

/* The keys of two places, remembered for the next member: mostly it asks for the same. */
typedef struct {
    const int *key;
    int stride, offset, x, y;
} sch_keys_t;

static inline void sch_keys_find(sch_keys_t *keys, const sch_member_t *member, int x, int y)
{
    if (keys->key == member->key && keys->stride == member->stride && keys->offset == member->offset)
        return;
    *keys = (sch_keys_t){member->key, member->stride, member->offset, sch_key_of(member, x), sch_key_of(member, y)};
}

static inline int64_t sch_load_cost(const sch_group_rule_t *r, int load)
{
    int64_t excess = load > r->high ? load - r->high : 0;
    return r->squared ? excess * excess : excess;
}

static inline int64_t sch_distinct_cost(const sch_group_rule_t *r, int n)
{
    return n < r->low ? r->low - n : n > r->high ? n - r->high : 0;
}

/* Bits that are set and have no set neighbour; counted without the instruction that not every machine has. */
static inline int sch_lonely_n(uint64_t keys)
{
    uint64_t x = keys & ~(keys << 1) & ~(keys >> 1);
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    return (int)(((x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f)) * UINT64_C(0x0101010101010101) >> 56);
}

static inline int sch_has_gap(uint64_t keys)
{
    if (!keys)
        return 0;
    uint64_t run = keys >> __builtin_ctzll(keys);
    return (run & (run + 1)) != 0;
}

static inline int64_t sch_lonely_change(const uint64_t *mask, int gone, int come)
{
    int64_t change = 0;
    if (gone >= 0 && come >= 0 && gone >> 6 == come >> 6) {
        uint64_t now = mask[gone >> 6];
        return sch_lonely_n(now ^ (UINT64_C(1) << (gone & 63)) ^ (UINT64_C(1) << (come & 63))) - sch_lonely_n(now);
    }
    if (gone >= 0)
        change += sch_lonely_n(mask[gone >> 6] ^ (UINT64_C(1) << (gone & 63))) - sch_lonely_n(mask[gone >> 6]);
    if (come >= 0)
        change += sch_lonely_n(mask[come >> 6] ^ (UINT64_C(1) << (come & 63))) - sch_lonely_n(mask[come >> 6]);
    return change;
}

/* gone and come: the keys that become unused and used, or -1. */
static inline __attribute__((always_inline)) int64_t
sch_presence_change(const sch_place_state_t *s, const sch_group_t *g, const sch_group_rule_t *r, int gone, int come)
{
    const int *distinct = s->distinct + g->distinct_at;
    int a = gone < 0 ? -1 : g->outer ? g->outer[gone] : 0, b = come < 0 ? -1 : g->outer ? g->outer[come] : 0;
    int64_t change = 0;
    switch (r->shape) {
    case SCH_DISTINCT:
        if (a == b)
            return 0;
        if (a >= 0)
            change += sch_distinct_cost(r, distinct[a] - 1) - sch_distinct_cost(r, distinct[a]);
        if (b >= 0)
            change += sch_distinct_cost(r, distinct[b] + 1) - sch_distinct_cost(r, distinct[b]);
        return change;
    case SCH_LONELY:
        return sch_lonely_change(s->mask + g->mask_at, gone, come);
    case SCH_GAPS: {
        uint64_t now = s->mask[g->mask_at], then = now;
        if (gone >= 0)
            then ^= UINT64_C(1) << gone;
        if (come >= 0)
            then ^= UINT64_C(1) << come;
        return sch_has_gap(then) - sch_has_gap(now);
    }
    case SCH_PRESENT:
        return (come >= 0 ? r->factors[come] : 0) - (gone >= 0 ? r->factors[gone] : 0);
    case SCH_PRODUCT: {
        const int *other = s->distinct + s->model->groups.at[r->other].distinct_at;
        return (b >= 0 ? other[b] : 0) - (a >= 0 ? other[a] : 0);
    }
    case SCH_LOAD:
    default:
        return 0;
    }
}

/* How often a rule counts now, times its weight being its cost; -1: its shape is not counted so simply. */
static inline int64_t sch_rule_times(const sch_place_state_t *s, const sch_group_t *g, const sch_group_rule_t *r)
{
    int64_t times = 0;
    switch (r->shape) {
    case SCH_LOAD:
        for (int key = 0; key < g->keys; ++key)
            times += sch_load_cost(r, s->count[g->count_at + key]);
        return times;
    case SCH_DISTINCT:
        for (int outer = 0; outer < g->outers; ++outer)
            times += sch_distinct_cost(r, s->distinct[g->distinct_at + outer]);
        return times;
    case SCH_LONELY:
        for (int word = 0; word < (g->keys + 63) / 64; ++word)
            times += sch_lonely_n(s->mask[g->mask_at + word]);
        return times;
    case SCH_GAPS:
        return sch_has_gap(s->mask[g->mask_at]);
    case SCH_PRESENT:
    case SCH_PRODUCT:
    default:
        return -1;
    }
}

#endif
