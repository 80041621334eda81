/* charges: how much energy a change of one item can free at most, kept while the search goes on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Groups are the dearest to ask, and most changes are dropped after they were asked. But a group cannot give more than
 * it costs: in a plan that is nearly right most groups cost nothing, so a change whose cheap part is already above the
 * limit can be dropped without asking any. What an item can free is, summed over its groups, the smaller of two: what
 * that shape of rule can ever give when one member moves, and what the group costs now.
 *
 * The second changes only when a change is made, which is rare, and only for the groups of who moved. Then the
 * difference goes to all members. Where a group's cost is not known so simply (rewards, products, spans of ticks) the
 * first stands alone.
 *
 * Invariant: gains[item] is never less than what any change of the item alone can free outside its cheap part; so what
 * the search does is the same as without it, only sooner (tests compare).
 */
#include "scheduling/placement/groups.h"
#include "scheduling/placement/search.h"

/* What a rule costs now, or as much as no change can give. */
static int64_t rule_cost(const sch_place_state_t *s, const sch_group_t *g, const sch_group_rule_t *r)
{
    enum { KEYS_MAX = 64 }; /* more are too many to go through at each change */
    bool is_long = r->shape == SCH_LOAD && (g->map < 0 || g->keys > KEYS_MAX);
    int64_t times = r->weight < 0 || is_long ? -1 : sch_rule_times(s, g, r);
    return times < 0 ? SCH_GAIN_MAX : r->weight * times;
}

static int64_t group_cost(const sch_search_t *search, int group)
{
    const sch_place_model_t *m = search->model;
    const sch_group_t *g = &m->groups.at[group];
    sch_score_t cost = {{0}};
    for (int q = g->rules_at; q < g->rules_at + g->rules_n; ++q) {
        const sch_group_rule_t *r = &m->group_rules.at[q];
        cost.v[r->level] += rule_cost(search->state, g, r);
    }
    return sch_energy_of(&search->energy, &cost);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_charge(sch_search_t *search, int group, int64_t charge)
{
    const sch_place_model_t *m = search->model;
    int64_t before = search->charges[group];
    if (charge == before)
        return;
    search->charges[group] = charge;
    for (int k = m->group_at[group]; k < m->group_at[group + 1]; ++k) {
        int64_t most = sch_energy_of(&search->energy, &m->group_gains[k]);
        search->gains[m->group_items[k]] += smaller(most, charge) - smaller(most, before);
    }
}

void sch_charges_begin(sch_search_t *search)
{
    const sch_place_model_t *m = search->model;
    for (int i = 0; i < m->items.n; ++i)
        search->gains[i] = sch_energy_of(&search->energy, &m->gains[i]);
    for (int g = 0; g < m->groups.n; ++g) {
        search->charges[g] = 0;
        set_charge(search, g, group_cost(search, g));
    }
}

void sch_charges_follow(sch_search_t *search)
{
    const sch_place_model_t *m = search->model;
    const sch_place_state_t *s = search->state;
    for (int k = 0; k < s->moved_n; ++k) {
        int item = s->moved[k].item;
        for (int q = m->members_at[item]; q < m->members_at[item + 1]; ++q)
            set_charge(search, m->members.at[q].group, group_cost(search, m->members.at[q].group));
    }
}
