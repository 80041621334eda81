/* anneal: one-stage simulated annealing over plans that may break rules, as one energy with levels far apart.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A change is accepted when it raises the energy by no more than -T ln u. The limit is drawn first, so that a change
 * whose quick part is above it, even if all the rest that can be gained were gained, is dropped before the rest is
 * looked at; most are.
 *
 * Nothing is tuned to an instance: the scales come from a sample of the changes that the model itself allows. T begins
 * near the typical change that breaks nothing hard and ends well below the smallest; medium outweighs the typical soft
 * change, hard outweighs both. The best plan is kept by the true comparison, level by level, not by energy.
 */
#include "scheduling/placement/search.h"

#include <math.h>
#include <string.h>

enum {
    LOGS = 4096,      /* steps of -ln u */
    SAMPLES = 4000,   /* changes looked at for the scales */
    CHECK = 2048,     /* changes between two looks at clock, cancel and temperature */
    LIMIT_MAX = 1 << 30,
};

typedef struct {
    double start, end;
} heat_t;

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t quantile(int64_t *values, int n, double q)
{
    return n ? values[(int)(q * (n - 1))] : 0;
}

static int smallest_weight(const sch_place_model_t *m, int level)
{
    int least = 0;
    for (int k = 0; k < m->rules.n; ++k)
        if ((int)m->rules.at[k].level == level && m->rules.at[k].weight > 0 && (!least || m->rules.at[k].weight < least))
            least = m->rules.at[k].weight;
    return least ? least : 1;
}

/* Weights of the levels and the two temperatures, from what single moves change. */
static heat_t scales(sch_search_t *search)
{
    static const double SMALL = 0.02, TYPICAL = 0.25;
    int64_t soft[SAMPLES], all[SAMPLES];
    int soft_n = 0, all_n = 0;
    const sch_place_model_t *m = search->model;
    sch_score_t deltas[SAMPLES];
    int deltas_n = 0;
    for (int k = 0; k < SAMPLES && search->movable_n; ++k) {
        int item = search->movable[sch_random_below(&search->random, search->movable_n)], n;
        const int *candidates = sch_place_candidates(m, item, &n);
        sch_score_t delta;
        sch_place_delta(search->state, item, candidates[sch_random_below(&search->random, n)], &delta);
        if (delta.v[SCH_HARD] > 0) continue;
        deltas[deltas_n++] = delta;
        if (delta.v[SCH_SOFT]) soft[soft_n++] = llabs(delta.v[SCH_SOFT]);
    }
    qsort(soft, (size_t)soft_n, sizeof *soft, by_size);
    int64_t unit = quantile(soft, soft_n, TYPICAL);
    if (unit < 1) unit = 1;
    search->energy.weight[SCH_SOFT] = 1;
    search->energy.weight[SCH_MEDIUM] = 1 + 2 * quantile(soft, soft_n, 0.5) / smallest_weight(m, SCH_MEDIUM);
    for (int k = 0; k < deltas_n; ++k) {
        int64_t e = llabs(search->energy.weight[SCH_MEDIUM] * deltas[k].v[SCH_MEDIUM] + deltas[k].v[SCH_SOFT]);
        if (e) all[all_n++] = e;
    }
    qsort(all, (size_t)all_n, sizeof *all, by_size);
    heat_t heat = {(double)quantile(all, all_n, TYPICAL), 0.15 * (double)quantile(all, all_n, SMALL)};
    if (heat.start < 1) heat.start = 1;
    if (heat.end < 0.1) heat.end = 0.1;
    if (heat.end > heat.start / 10) heat.end = heat.start / 10;
    search->energy.weight[SCH_HARD] = 1 + (int64_t)(10 * heat.start) / smallest_weight(m, SCH_HARD);
    return heat;
}

static void keep_best(const sch_search_t *search, int *best, sch_score_t *best_score)
{
    if (sch_score_compare(&search->state->score, best_score) >= 0) return;
    *best_score = search->state->score;
    memcpy(best, search->state->place, (size_t)search->model->items.n * sizeof *best);
}

static int64_t slack_of(const sch_search_t *search)
{
    int64_t slack = search->model->rewards;
    for (int level = 0; level < SCH_LEVELS; ++level) slack += search->energy.weight[level] * search->state->dear.v[level];
    return slack > 0 ? slack : 0;
}

/* Proposes a change: pending steps, or a single move that is returned with its delta. */
typedef enum { NOTHING, SINGLE, COMPOUND } proposal_t;

static proposal_t propose(sch_search_t *search, int64_t limit, int *ret_item, int *ret_to, sch_score_t *ret_delta)
{
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    sch_random_t *random = &search->random;
    int dice = sch_random_below(random, 1000), n;
    int item = search->focus_n && dice % 10 < 8 ? search->focus[sch_random_below(random, search->focus_n)]
                                                : search->movable[sch_random_below(random, search->movable_n)];
    int from = s->place[item];
    if (m->blocks && dice < 60) {
        int block = from < 0 ? -1 : m->block[from];
        return block >= 0 && sch_move_block(search, block, sch_random_below(random, m->blocks)) ? COMPOUND : NOTHING;
    }
    const int *candidates = sch_place_candidates(m, item, &n);
    int to = candidates[sch_random_below(random, n)];
    if (dice >= 60 && dice < 70) return sch_move_chain(search, item, m->time_of[to]) ? COMPOUND : NOTHING;
    if (dice < 200 && from >= 0 && m->rooms > 1) { /* only the room */
        to = m->time_of[from] * m->rooms + m->room_of[to];
        if (!sch_is_candidate(m, item, to)) return NOTHING;
    }
    if (to == from) return NOTHING;
    if (from < 0 && dice >= 500) return sch_move_eject(search, item, to) ? COMPOUND : NOTHING;
    int occupant = sch_place_occupant(s, to, item);
    if (occupant >= 0 && occupant != item && from >= 0)
        return sch_move_swap(search, item, occupant, limit + search->slack) ? COMPOUND : NOTHING;
    *ret_item = item;
    *ret_to = to;
    return sch_place_delta_below(s, item, to, &search->energy, limit + search->slack, ret_delta) ? SINGLE : NOTHING;
}

static bool look_around(const sch_search_t *search, const sch_place_options_t *options, const sch_score_t *best, int64_t done,
                        sch_place_result_t *result, double *ret_share)
{
    sch_progress_t progress = {done, options->iterations, search->state->score, *best};
    double share = (double)done / (double)options->iterations;
    if (options->progress && !options->progress(options->arg, &progress)) {
        result->cancelled = true;
        return false;
    }
    if (options->cpu_ms && options->cpu_limit_ms > 0) {
        double spent = (double)options->cpu_ms(options->arg) / (double)options->cpu_limit_ms;
        if (spent > share) { /* the clock is ahead of the budget: from now on it sets the pace */
            share = spent;
            result->repeatable = false;
        }
    }
    *ret_share = share;
    return share < 1;
}

void sch_place_anneal(sch_search_t *search, const sch_place_options_t *options, int *best, sch_place_result_t *result)
{
    double logs[LOGS], share = 0, temperature;
    sch_place_state_t *s = search->state;
    sch_score_t best_score = s->score;
    int64_t done = 0;
    memcpy(best, s->place, (size_t)search->model->items.n * sizeof *best);
    for (int k = 0; k < LOGS; ++k) logs[k] = -log((k + 0.5) / LOGS);
    heat_t heat = scales(search);
    if (options->start) heat.start = heat.start / 8 > heat.end ? heat.start / 8 : heat.end;
    temperature = heat.start;
    search->slack = slack_of(search);
    for (; done < options->iterations && search->movable_n; ++done) {
        if (done % CHECK == 0) {
            static const sch_score_t PERFECT;
            if (!look_around(search, options, &best_score, done, result, &share)) break;
            if (!memcmp(&best_score, &PERFECT, sizeof PERFECT) && !search->model->rewards) break;
            temperature = heat.start * pow(heat.end / heat.start, share);
            if (share > 0.3) search->focus_n = 0;
        }
        int item = -1, to = -1;
        sch_score_t delta;
        int64_t limit = (int64_t)(temperature * logs[sch_random_next(&search->random) >> 52]);
        proposal_t proposal = propose(search, limit, &item, &to, &delta);
        if (proposal == NOTHING) continue;
        if (proposal == SINGLE) {
            if (sch_energy_of(&search->energy, &delta) > limit) continue;
            sch_place_step(s, item, to);
        } else {
            sch_score_t change;
            for (int level = 0; level < SCH_LEVELS; ++level) change.v[level] = s->score.v[level] - s->before.v[level];
            if (sch_energy_of(&search->energy, &change) > limit) {
                sch_place_rollback(s);
                continue;
            }
        }
        sch_place_commit(s);
        search->slack = slack_of(search);
        keep_best(search, best, &best_score);
    }
    result->iterations = done;
    result->score = best_score;
}
