/* plain: reads a placement model from a plain file: words and numbers, one statement after the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each statement is a word and then exactly the numbers that the function of model.h of that name takes, in its order;
 * results (rules, profiles, items, ...) are numbered from 0 in the order in which they are added. The adapters in this
 * folder write it; plain.py has the same list. `base N` is what every plan of the instance costs in addition.
 */
#ifndef TESTS_BENCH_PLACEMENT_PLAIN_H
#define TESTS_BENCH_PLACEMENT_PLAIN_H

#include "scheduling/placement/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_NAME = 64, PLAIN_NAMES_MAX = SCH_PLACE_ITEMS_MAX + SCH_PLACE_RULES_MAX };

typedef struct {
    FILE *file;
    sch_place_model_t *model;
    char (*names)[PLAIN_NAME];
    int names_n, times, rooms, ticks, keys[1 << 12], maps_n, group_keys[1 << 14], groups_n;
    long long base;
} plain_t;

static int plain_int(plain_t *p)
{
    int value = 0;
    if (fscanf(p->file, "%d", &value) != 1) {
        fprintf(stderr, "not a number at octet %ld\n", ftell(p->file));
        exit(2);
    }
    return value;
}

static int *plain_ints(plain_t *p, int n)
{
    int *values = malloc((size_t)(n > 0 ? n : 1) * sizeof *values);
    if (!values)
        exit(2);
    for (int k = 0; k < n; ++k)
        values[k] = plain_int(p);
    return values;
}

static const char *plain_name(plain_t *p)
{
    if (p->names_n == PLAIN_NAMES_MAX || fscanf(p->file, "%63s", p->names[p->names_n]) != 1)
        exit(2);
    return p->names[p->names_n++];
}

static int plain_axes(plain_t *p)
{
    p->times = plain_int(p);
    p->rooms = plain_int(p);
    p->ticks = plain_int(p);
    return sch_place_axes(p->model, p->times, p->rooms, p->ticks);
}

static int plain_rule(plain_t *p)
{
    int rule;
    const char *id = plain_name(p);
    sch_level_t level = (sch_level_t)plain_int(p);
    return sch_place_rule(p->model, &(sch_rule_t){id, level, plain_int(p), SCH_WARN, id}, &rule);
}

static int plain_class(plain_t *p)
{
    int class_, *ends = plain_ints(p, 2 * p->times);
    sch_span_t *spans = calloc((size_t)p->times, sizeof *spans);
    if (!spans)
        exit(2);
    for (int t = 0; t < p->times; ++t)
        spans[t] = (sch_span_t){ends[2 * t], ends[2 * t + 1]};
    int rc = sch_place_class(p->model, spans, &class_);
    free(ends);
    free(spans);
    return rc;
}

static int plain_item(plain_t *p)
{
    int item;
    sch_place_item_t it = {.name = plain_name(p)};
    it.profile = plain_int(p);
    it.unplaced_rule = plain_int(p);
    it.unplaced_factor = plain_int(p);
    it.promised = plain_int(p);
    it.pinned = plain_int(p) != 0;
    it.twin = plain_int(p);
    return sch_place_item(p->model, &it, &item);
}

static int plain_map(plain_t *p)
{
    int map, keys = plain_int(p), *values = plain_ints(p, p->times * p->rooms);
    if (p->maps_n == 1 << 12)
        exit(2);
    p->keys[p->maps_n++] = keys;
    int rc = sch_place_map(p->model, keys, values, &map);
    free(values);
    return rc;
}

/* group MAP STRIDE OUTERS [an outer bucket for each key, when OUTERS is not 0] */
static int plain_group(plain_t *p)
{
    int group, map = plain_int(p), stride = plain_int(p), outers = plain_int(p);
    int keys = map < 0 ? p->ticks : p->keys[map] * stride, *outer = outers ? plain_ints(p, keys) : NULL;
    if (p->groups_n == 1 << 14)
        exit(2);
    p->group_keys[p->groups_n++] = keys;
    int rc = sch_place_group(p->model, map, stride, outer, outers, &group);
    free(outer);
    return rc;
}

static int plain_list(plain_t *p, const char *word)
{
    int a[8], rc = CV_EINVAL, *list = NULL, *more = NULL;
    int head = !strcmp(word, "any") ? 5 : !strcmp(word, "field") ? 4 : !strcmp(word, "rank") ? 4 : 2;
    for (int k = 0; k < head; ++k)
        a[k] = plain_int(p);
    if (head == 5) { /* any RULE ITEM RELATION COND N others */
        list = plain_ints(p, a[4]);
        rc = sch_place_any(p->model, a[0], a[1], list, a[4], a[2], (sch_room_cond_t)a[3]);
    } else if (!strcmp(word, "field")) { /* field RULE FACTOR RELATION N items */
        list = plain_ints(p, a[3]);
        rc = sch_place_field(p->model, a[0], a[1], list, a[3], a[2]);
    } else if (!strcmp(word, "rank")) { /* rank RULE FACTOR MAP N items ranks */
        list = plain_ints(p, a[3]);
        more = plain_ints(p, a[3]);
        rc = sch_place_rank(p->model, a[0], a[1], list, more, a[3], a[2]);
    } else if (a[1] >= 0 && a[1] < p->groups_n) { /* present RULE GROUP factors */
        list = plain_ints(p, p->group_keys[a[1]]);
        rc = sch_place_present(p->model, a[0], a[1], list);
    }
    free(list);
    free(more);
    return rc;
}

/* A statement of numbers alone: its word, how many there are, what follows as a table (by axis). */
static int plain_numbers(plain_t *p, const char *word)
{
    static const struct {
        const char *word;
        int n;
        char table; /* t, r, p: one number per time, room, place; q: times * times; l: lags; b: two tables of places */
    } STATEMENTS[] = {
        {"room", 4, 0},           {"room_rule", 1, 0},        {"profile", 1, 0}, {"price_times", 2, 't'},
        {"price_rooms", 2, 'r'},  {"price_places", 2, 'p'},   {"pair", 6, 0},    {"relation", 0, 'q'},
        {"relation_lag", 0, 'l'}, {"relation_overlap", 3, 0}, {"member", 4, 0},  {"load", 5, 0},
        {"distinct", 5, 0},       {"lonely", 3, 0},           {"gaps", 3, 0},    {"product", 4, 0},
        {"blocks", 1, 'b'},
    };
    int a[8] = {0}, which = 0, made, rc;
    int count = (int)(sizeof STATEMENTS / sizeof *STATEMENTS);
    while (which < count && strcmp(STATEMENTS[which].word, word))
        ++which;
    if (which == count)
        return CV_EUNKNOWN;
    for (int k = 0; k < STATEMENTS[which].n; ++k)
        a[k] = plain_int(p);
    char axis = STATEMENTS[which].table;
    int places = p->times * p->rooms;
    int n = axis == 't'   ? p->times
            : axis == 'r' ? p->rooms
            : axis == 'p' ? places
            : axis == 'q' ? p->times * p->times
            : axis == 'l' ? 2 * p->times - 1
            : axis == 'b' ? 2 * places
                          : 0;
    int *table = plain_ints(p, n);
    sch_place_model_t *m = p->model;
    switch (which) {
    case 0:
        rc = sch_place_room(m, a[0], a[1], a[2], a[3]);
        break;
    case 1:
        rc = sch_place_room_rule(m, a[0]);
        break;
    case 2:
        rc = sch_place_profile(m, a[0], &made);
        break;
    case 3:
        rc = sch_place_price_times(m, a[0], a[1], table);
        break;
    case 4:
        rc = sch_place_price_rooms(m, a[0], a[1], table);
        break;
    case 5:
        rc = sch_place_price_places(m, a[0], a[1], table);
        break;
    case 6:
        rc = sch_place_pair(m, a[0], a[1], a[2], a[3], a[4], (sch_room_cond_t)a[5]);
        break;
    case 7:
        rc = sch_place_relation(m, table, &made);
        break;
    case 8:
        rc = sch_place_relation_lag(m, table, &made);
        break;
    case 9:
        rc = sch_place_relation_overlap(m, a[0], a[1], a[2], &made);
        break;
    case 10:
        rc = sch_place_member(m, a[0], a[1], a[2], a[3]);
        break;
    case 11:
        rc = sch_place_load(m, a[0], a[1], a[2], a[3], a[4] != 0);
        break;
    case 12:
        rc = sch_place_distinct(m, a[0], a[1], a[2], a[3], a[4]);
        break;
    case 13:
        rc = sch_place_lonely(m, a[0], a[1], a[2]);
        break;
    case 14:
        rc = sch_place_gaps(m, a[0], a[1], a[2]);
        break;
    case 15:
        rc = sch_place_product(m, a[0], a[1], a[2], a[3]);
        break;
    default:
        rc = sch_place_blocks(m, a[0], table, table + places);
        break;
    }
    free(table);
    return rc;
}

static int plain_statement(plain_t *p, const char *word)
{
    if (!strcmp(word, "axes"))
        return plain_axes(p);
    if (!strcmp(word, "rule"))
        return plain_rule(p);
    if (!strcmp(word, "class"))
        return plain_class(p);
    if (!strcmp(word, "item"))
        return plain_item(p);
    if (!strcmp(word, "map"))
        return plain_map(p);
    if (!strcmp(word, "group"))
        return plain_group(p);
    if (!strcmp(word, "base")) {
        p->base = plain_int(p);
        return CV_OK;
    }
    if (!strcmp(word, "any") || !strcmp(word, "field") || !strcmp(word, "rank") || !strcmp(word, "present"))
        return plain_list(p, word);
    return plain_numbers(p, word);
}

/* The frozen model; leaves the program with status 2 and a line on standard error when it cannot be read. */
static sch_place_model_t *plain_read(const char *path, long long *ret_base)
{
    plain_t *p = calloc(1, sizeof *p);
    char word[PLAIN_NAME];
    int rc = CV_OK;
    if (!p || !(p->names = malloc(PLAIN_NAMES_MAX * sizeof *p->names)) || !(p->model = sch_place_model_new()))
        exit(2);
    if (!(p->file = fopen(path, "r"))) {
        perror(path);
        exit(2);
    }
    while (!rc && fscanf(p->file, "%63s", word) == 1)
        rc = plain_statement(p, word);
    if (!rc) {
        snprintf(word, sizeof word, "freeze");
        rc = sch_place_freeze(p->model);
    }
    if (rc) {
        fprintf(stderr, "%s: %s: %s at octet %ld\n", path, word, cv_error_name(rc), ftell(p->file));
        exit(2);
    }
    fclose(p->file);
    *ret_base = p->base;
    return p->model; /* the names live as long as the program */
}

#endif
