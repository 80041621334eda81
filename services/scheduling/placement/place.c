/* place: a whole run: what is movable, where it begins, the search, and the difference it made.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scheduling/placement/place.h"
#include "scheduling/placement/search.h"

#include <string.h>

static int prepare(sch_search_t *search, const sch_place_model_t *m, uint64_t seed)
{
    size_t n = (size_t)m->items.n + 1;
    *search = (sch_search_t){.model = m, .random = {seed}};
    search->state = sch_place_state_new(m);
    search->movable = malloc(n * sizeof(int));
    search->focus = malloc(n * sizeof(int));
    search->queue = malloc(n * sizeof(int));
    search->gains = calloc(n, sizeof *search->gains);
    search->charges = calloc((size_t)m->groups.n + 1, sizeof *search->charges);
    search->marks = calloc(n, sizeof *search->marks);
    if (!search->state || !search->movable || !search->focus || !search->queue || !search->gains || !search->charges ||
        !search->marks)
        return CV_ENOMEM;
    for (int i = 0; i < m->items.n; ++i) {
        int candidates;
        sch_place_candidates(m, i, &candidates);
        if (!m->items.at[i].pinned && candidates)
            search->movable[search->movable_n++] = i;
    }
    return CV_OK;
}

static void clean(sch_search_t *search)
{
    sch_place_state_destroy(&search->state);
    free(search->movable);
    free(search->focus);
    free(search->queue);
    free(search->gains);
    free(search->charges);
    free(search->marks);
}

static bool is_plan(const sch_place_model_t *m, const int *places)
{
    for (int i = 0; i < m->items.n; ++i)
        if (places[i] < SCH_PLACE_NOWHERE || places[i] >= m->places)
            return false;
    return true;
}

/* What changed against start or promised, in the order of the items. */
static int difference(const sch_place_model_t *m, const int *start, sch_place_result_t *result)
{
    result->changes = malloc((size_t)(m->items.n + 1) * sizeof *result->changes);
    if (!result->changes)
        return CV_ENOMEM;
    for (int i = 0; i < m->items.n; ++i) {
        int from = start ? start[i] : m->items.at[i].promised;
        if (from != result->places[i])
            result->changes[result->changes_n++] = (sch_change_t){i, from, result->places[i]};
    }
    return CV_OK;
}

static int run(sch_search_t *search, const sch_place_options_t *options, sch_place_result_t *result)
{
    const sch_place_model_t *m = search->model;
    sch_place_state_t *s = search->state;
    for (int i = 0; i < m->items.n; ++i)
        sch_place_put(s, i, options->start ? options->start[i] : m->items.at[i].promised);
    result->before = s->score;
    if (!options->start)
        for (int i = 0; i < m->items.n; ++i)
            if (!m->items.at[i].pinned)
                sch_place_put(s, i, SCH_PLACE_NOWHERE);
    search->warm = options->start != NULL;
    if (search->warm)
        sch_focus_warm(search);
    int rc = sch_place_construct(search);
    if (!rc)
        sch_place_anneal(search, options, result->places, result);
    return rc;
}

int sch_place_solve(const sch_place_model_t *m, const sch_place_options_t *options, sch_place_result_t *ret_result)
{
    if (!m->frozen || options->iterations < 0 || (options->start && !is_plan(m, options->start)))
        return CV_EINVAL;
    sch_search_t search;
    sch_place_result_t result = {.repeatable = true};
    result.places = malloc((size_t)(m->items.n + 1) * sizeof *result.places);
    int rc = prepare(&search, m, options->seed);
    if (!rc && !result.places)
        rc = CV_ENOMEM;
    if (!rc)
        rc = run(&search, options, &result);
    if (!rc)
        rc = difference(m, options->start, &result);
    clean(&search);
    if (rc)
        sch_place_result_done(&result);
    else
        *ret_result = result;
    return rc;
}

void sch_place_result_done(sch_place_result_t *result)
{
    free(result->places);
    free(result->changes);
    *result = (sch_place_result_t){0};
}
