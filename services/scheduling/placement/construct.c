/* construct: the first plan: pinned items where they are, then the least flexible first, each at the place that is best
 * then.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Least flexible: fewest candidates, then most neighbours, then the order in which they were added. A place that breaks
 * something hard is taken only when the item would cost nothing to leave out; otherwise it is left for the search.
 */
#include "scheduling/placement/search.h"

typedef struct {
    int item, candidates, neighbours;
} rank_t;

static int least_flexible(const void *a, const void *b)
{
    const rank_t *x = a, *y = b;
    if (x->candidates != y->candidates)
        return x->candidates < y->candidates ? -1 : 1;
    if (x->neighbours != y->neighbours)
        return x->neighbours > y->neighbours ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

int sch_place_construct(sch_search_t *search)
{
    const sch_place_model_t *m = search->model;
    sch_place_state_t *s = search->state;
    for (int i = 0; i < m->items.n; ++i)
        if (m->items.at[i].pinned && s->place[i] < 0)
            sch_place_put(s, i, m->items.at[i].promised);
    rank_t *order = malloc((size_t)(search->movable_n + 1) * sizeof *order);
    if (!order)
        return CV_ENOMEM;
    for (int k = 0; k < search->movable_n; ++k) {
        int item = search->movable[k], n;
        sch_place_candidates(m, item, &n);
        order[k] = (rank_t){item, n, m->edges_at[item + 1] - m->edges_at[item]};
    }
    qsort(order, (size_t)search->movable_n, sizeof *order, least_flexible);
    for (int k = 0; k < search->movable_n; ++k) {
        int item = order[k].item, n, best = SCH_PLACE_NOWHERE, ties = 0;
        if (s->place[item] >= 0)
            continue;
        const int *candidates = sch_place_candidates(m, item, &n);
        sch_score_t least = {{0, 0, 0}};
        for (int q = 0; q < n; ++q) {
            sch_score_t delta;
            sch_place_delta(s, item, candidates[q], &delta);
            int order_of = best < 0 ? -1 : sch_score_compare(&delta, &least);
            if (order_of > 0)
                continue;
            ties = order_of < 0 ? 1 : ties + 1;
            if (order_of == 0 && sch_random_below(&search->random, ties))
                continue; /* each of the equals alike */
            best = candidates[q];
            least = delta;
        }
        const sch_place_item_t *it = &m->items.at[item];
        bool optional = it->unplaced_rule >= 0 && m->rules.at[it->unplaced_rule].level != SCH_HARD;
        if (best >= 0 && !(optional && least.v[SCH_HARD] > 0))
            sch_place_put(s, item, best);
    }
    free(order);
    return CV_OK;
}
