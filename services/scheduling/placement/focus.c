/* focus: which items the search looks at more often than others.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plan that is nearly right charges few items for little, and a change of any other only makes it worse. So half of
 * what is looked at begins with an item that is charged, or shares a group with one that is: it may come to the help.
 * The other half begins anywhere, since what mends a plan may well begin with an item that is content.
 *
 * It is a hint. Prices, which are often nobody's to avoid, and the rarer shapes are not asked; a plan they alone charge
 * has nobody in focus, and then all are looked at alike.
 */
#include "scheduling/placement/groups.h"
#include "scheduling/placement/search.h"

#include <string.h>

static void gather_marked(sch_search_t *search)
{
    search->focus_n = 0;
    for (int k = 0; k < search->movable_n; ++k)
        if (search->marks[search->movable[k]])
            search->focus[search->focus_n++] = search->movable[k];
    memset(search->marks, 0, (size_t)search->model->items.n * sizeof *search->marks);
}

void sch_focus_warm(sch_search_t *search)
{
    const sch_place_model_t *m = search->model;
    for (int i = 0; i < m->items.n; ++i) {
        sch_reason_t dearest;
        int at = search->state->place[i];
        if (at >= 0 && (!sch_place_explain(search->state, i, at, &dearest, 1) || dearest.level != SCH_HARD))
            continue;
        search->marks[i] = true;
        for (int k = m->edges_at[i]; k < m->edges_at[i + 1]; ++k)
            search->marks[m->edges[k].other] = true;
    }
    gather_marked(search);
}

void sch_focus_trouble(sch_search_t *search)
{
    const sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    for (int i = 0; i < m->items.n; ++i) {
        const sch_cost_t *pairs =
            s->place[i] < 0 ? NULL : &s->pair[(size_t)i * (size_t)m->times + (size_t)m->time_of[s->place[i]]];
        search->marks[i] = !pairs || pairs->v[SCH_HARD] > 0 || pairs->v[SCH_MEDIUM] > 0 || pairs->v[SCH_SOFT] > 0;
    }
    for (int k = 0; k < m->group_rules.n; ++k) {
        const sch_group_rule_t *r = &m->group_rules.at[k];
        if (r->weight > 0 && sch_rule_times(s, &m->groups.at[r->group], r) > 0)
            for (int q = m->group_at[r->group]; q < m->group_at[r->group + 1]; ++q)
                search->marks[m->group_items[q]] = true;
    }
    gather_marked(search);
}
