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
    LOGS = 4096,    /* steps of -ln u */
    SAMPLES = 4000, /* changes looked at for the scales */
    CHECK = 2048,   /* changes between two looks at clock, cancel and temperature */
};

typedef struct {
    double start, end;
} heat_t;

/* The budget is spent in cycles. The first begins at the heat that scales() says; each later one with the best plan,
 * and on a scale of orders of magnitude somewhere between that heat and what the best plan would call for: hot enough
 * to leave a dead end, mostly not so hot as to forget. A cycle that has frozen ends at once; one that has not is
 * followed by a longer one. So a problem that freezes early gets many tries, and one that does not gets slow ones. */
typedef struct {
    int number;
    double begin, length; /* shares of the budget */
    double start, end;    /* temperatures */
    int64_t moved;        /* changes of the energy since the last look */
    int quiet;            /* looks without enough of them */
} cycle_t;

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t median(const int64_t *sorted, int n)
{
    return n ? sorted[n / 2] : 0;
}

static int smallest_weight(const sch_place_model_t *m, int level)
{
    int least = 0;
    for (int k = 0; k < m->rules.n; ++k)
        if ((int)m->rules.at[k].level == level && m->rules.at[k].weight > 0 &&
            (!least || m->rules.at[k].weight < least))
            least = m->rules.at[k].weight;
    return least ? least : 1;
}

/* Weights of the levels and the two temperatures.
 *
 * At temperature T each item is worth about T of energy more than it need be. So the search begins at a few times what
 * an item costs in the plan that was built, and ends well below the smallest step there is. */
static double warmth(const sch_search_t *search, const sch_score_t *score)
{
    static const double BEGIN = 2.5;
    const int64_t *weight = search->energy.weight;
    return BEGIN * (double)(weight[SCH_MEDIUM] * llabs(score->v[SCH_MEDIUM]) + llabs(score->v[SCH_SOFT])) /
           (search->movable_n + 1);
}

static heat_t scales(sch_search_t *search)
{
    static const double END = 0.15, HARD_BEGINS = 3, HARD_TYPICAL = 2;
    int64_t soft[SAMPLES];
    int soft_n = 0;
    const sch_place_model_t *m = search->model;
    for (int k = 0; k < SAMPLES && search->movable_n; ++k) {
        int item = search->movable[sch_random_below(&search->random, search->movable_n)], n;
        const int *candidates = sch_candidates(m, item, &n);
        sch_score_t delta;
        sch_place_delta(search->state, item, candidates[sch_random_below(&search->random, n)], &delta);
        if (delta.v[SCH_HARD] <= 0 && delta.v[SCH_SOFT])
            soft[soft_n++] = llabs(delta.v[SCH_SOFT]);
    }
    qsort(soft, (size_t)soft_n, sizeof *soft, by_size);
    int64_t *weight = search->energy.weight, typical = median(soft, soft_n);
    weight[SCH_SOFT] = 1;
    weight[SCH_MEDIUM] = 1 + 2 * typical / smallest_weight(m, SCH_MEDIUM);
    heat_t heat = {warmth(search, &search->state->score), END * (double)m->soft_step};
    if (heat.start < 10 * heat.end)
        heat.start = 10 * heat.end;
    double hard = HARD_BEGINS * heat.start > HARD_TYPICAL * (double)typical ? HARD_BEGINS * heat.start
                                                                            : HARD_TYPICAL * (double)typical;
    weight[SCH_HARD] = 1 + (int64_t)hard / smallest_weight(m, SCH_HARD);
    return heat;
}

static void keep_best(const sch_search_t *search, int *best, sch_score_t *best_score)
{
    if (sch_score_compare(&search->state->score, best_score) >= 0)
        return;
    *best_score = search->state->score;
    memcpy(best, search->state->place, (size_t)search->model->items.n * sizeof *best);
}

static int64_t slack_of(const sch_search_t *search)
{
    int64_t slack = search->model->rewards ? SCH_GAIN_MAX : 0;
    for (int level = 0; level < SCH_LEVELS; ++level)
        slack += search->energy.weight[level] * search->state->dear.v[level];
    return slack > 0 ? slack : 0;
}

typedef struct {
    int item, other, to;
    sch_score_t delta;
} choice_t;

static sch_proposal_t propose(sch_search_t *search, int64_t limit, choice_t *ret_choice)
{
    sch_place_state_t *s = search->state;
    const sch_place_model_t *m = search->model;
    sch_random_t *random = &search->random;
    int dice = sch_random_below(random, 1000), n;
    int item = search->focus_n && dice % 10 < (search->warm ? 8 : 5)
                   ? search->focus[sch_random_below(random, search->focus_n)]
                   : search->movable[sch_random_below(random, search->movable_n)];
    int from = s->place[item];
    if (m->blocks && dice < 60) {
        int block = from < 0 ? -1 : m->block[from];
        return block >= 0 && sch_move_block(search, block, sch_random_below(random, m->blocks)) ? SCH_COMPOUND
                                                                                                : SCH_NOTHING;
    }
    const int *candidates = sch_candidates(m, item, &n);
    int to = candidates[sch_random_below(random, n)];
    if (dice >= 60 && dice < 110)
        return sch_move_chain(search, item, m->time_of[to]) ? SCH_COMPOUND : SCH_NOTHING;
    if (dice >= 110 && dice < 130)
        return sch_move_gather(search, item) ? SCH_COMPOUND : SCH_NOTHING;
    if (dice < 240 && from >= 0 && m->rooms > 1) { /* only the room */
        to = m->time_of[from] * m->rooms + m->room_of[to];
        if (!sch_is_candidate(m, item, to))
            return SCH_NOTHING;
    }
    if (to == from)
        return SCH_NOTHING;
    if (from < 0 && dice >= 500)
        return sch_move_eject(search, item, to) ? SCH_COMPOUND : SCH_NOTHING;
    int occupant = sch_place_occupant(s, to, item);
    ret_choice->item = item;
    ret_choice->to = to;
    ret_choice->other = occupant;
    if (occupant >= 0 && occupant != item && from >= 0)
        return sch_move_swap(search, item, occupant,
                             limit + sch_search_slack(search, item) + sch_search_slack(search, occupant),
                             &ret_choice->delta);
    return sch_place_delta_below(s, item, to, &search->energy, limit + sch_search_slack(search, item),
                                 &ret_choice->delta)
               ? SCH_SINGLE
               : SCH_NOTHING;
}

/* Makes the change if its energy is within the limit. */
static bool take(sch_search_t *search, sch_proposal_t proposal, int64_t limit, const choice_t *choice)
{
    sch_place_state_t *s = search->state;
    if (proposal == SCH_COMPOUND) {
        sch_score_t change;
        for (int level = 0; level < SCH_LEVELS; ++level)
            change.v[level] = s->score.v[level] - s->before.v[level];
        if (sch_energy_of(&search->energy, &change) > limit) {
            sch_place_rollback(s);
            return false;
        }
    } else {
        if (proposal == SCH_NOTHING || sch_energy_of(&search->energy, &choice->delta) > limit)
            return false;
        int from = s->place[choice->item], to = proposal == SCH_SWAP ? s->place[choice->other] : choice->to;
        sch_place_step(s, choice->item, to);
        if (proposal == SCH_SWAP)
            sch_place_step(s, choice->other, from);
    }
    sch_charges_follow(search);
    sch_place_commit(s);
    return true;
}

static bool look_around(const sch_search_t *search, const sch_place_options_t *options, const sch_score_t *best,
                        int64_t done, sch_place_result_t *result, double *ret_share)
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

static void next_cycle(const sch_search_t *search, cycle_t *c, double share, const heat_t *heat,
                       const sch_score_t *best)
{
    static const double GROWTH = 1.5, HEATS[] = {0.5, 0.75, 0.5, 1};
    double cold = fmax(heat->end, warmth(search, best)), mix = HEATS[c->number++ % 4];
    if (share >= c->begin + c->length)
        c->length *= GROWTH;
    c->begin = share;
    if (share + 2 * c->length > 1)
        c->length = 1 - share; /* not a short one at the end */
    c->start = fmax(pow(heat->start, mix) * pow(cold, 1 - mix), 2 * heat->end);
    c->quiet = 0;
}

static bool frozen(cycle_t *c)
{
    enum { FEW = 1, LOOKS = 64 };
    c->quiet = c->moved < FEW ? c->quiet + 1 : 0;
    c->moved = 0;
    return c->quiet >= LOOKS;
}

void sch_place_anneal(sch_search_t *search, const sch_place_options_t *options, int *best, sch_place_result_t *result)
{
    static const double FIRST = 0.12, HEAVY = 3;
    double logs[LOGS], share = 0, temperature;
    sch_place_state_t *s = search->state;
    sch_score_t best_score = s->score;
    int64_t done = 0;
    memcpy(best, s->place, (size_t)search->model->items.n * sizeof *best);
    for (int k = 0; k < LOGS; ++k)
        logs[k] = -log((k + 0.5) / LOGS);
    heat_t heat = scales(search);
    if (options->start)
        heat.start = fmax(heat.start / 8, heat.end);
    cycle_t cycle = {.length = FIRST, .start = heat.start, .end = heat.end};
    temperature = heat.start;
    search->slack = slack_of(search);
    sch_charges_begin(search);
    for (; done < options->iterations && search->movable_n; ++done) {
        if (done % CHECK == 0) {
            static const sch_score_t PERFECT;
            if (!look_around(search, options, &best_score, done, result, &share))
                break;
            if (!memcmp(&best_score, &PERFECT, sizeof PERFECT) && !search->model->rewards)
                break;
            if (frozen(&cycle) || share >= cycle.begin + cycle.length) {
                next_cycle(search, &cycle, share, &heat, &best_score);
                sch_place_put_all(s, best);
                sch_charges_begin(search);
                search->slack = slack_of(search);
                search->warm = false;
            }
            if (!search->warm)
                sch_focus_trouble(search);
            temperature = cycle.start * pow(cycle.end / cycle.start, (share - cycle.begin) / cycle.length);
            search->heavy = (int64_t)(HEAVY * temperature);
        }
        int64_t limit = (int64_t)(temperature * logs[sch_random_next(&search->random) >> 52]);
        choice_t choice;
        int64_t before = sch_energy_of(&search->energy, &s->score);
        if (!take(search, propose(search, limit, &choice), limit, &choice))
            continue;
        cycle.moved += sch_energy_of(&search->energy, &s->score) != before;
        search->slack = slack_of(search);
        keep_best(search, best, &best_score);
    }
    result->iterations = done;
    result->score = best_score;
}
